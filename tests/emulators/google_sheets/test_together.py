"""Whatever happens to rows, by whichever road: an entry stays with its row, and undo takes everything back."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.emulators.core.clock import SetClock
from tests.emulators.core.exchange import Json
from tests.emulators.google_sheets import make
from tests.emulators.google_sheets.calls import Calls
from tests.emulators.google_sheets.conftest import NOON
from tests.emulators.google_sheets.person import Person
from tests.emulators.google_sheets.test_metadata import entry, rows

SIZE = 8
NAMES = ("d", "a", "c", "b", "e")
lines = st.integers(0, SIZE - 1)
steps = st.lists(st.tuples(st.sampled_from(["insert", "delete", "move", "sort", "type"]), lines, lines, st.booleans()), max_size=8)


def start() -> tuple[Calls, Person]:
    service = make(SetClock(NOON))
    service.quotas.on = False
    calls = Calls(service)
    size = {
        "properties": {"gridProperties": {"rowCount": SIZE, "columnCount": 3}},
        "fields": "gridProperties(rowCount,columnCount)",
    }
    calls.batch({"updateSheetProperties": size})
    calls.put("A1", [[name, n] for n, name in enumerate(NAMES)])
    calls.batch(*(entry(row, name) for row, name in enumerate(NAMES)))
    return calls, Person(service, calls.id, "Sheet1")


def by_api(calls: Calls, what: str, first: int, second: int) -> None:
    height = calls.sheets("GET", fields="sheets.properties.gridProperties.rowCount")
    size = height["sheets"][0]["properties"]["gridProperties"]["rowCount"]
    first, second = first % size, second % size
    line: Json = {"dimension": "ROWS", "startIndex": first, "endIndex": first + 1}
    match what:
        case "insert":
            calls.batch({"insertDimension": {"range": line}})
        case "delete" if size > 1:
            calls.batch({"deleteDimension": {"range": line}})
        case "move":
            calls.batch({"moveDimension": {"source": line, "destinationIndex": second}})
        case "sort":
            whole = {"sheetId": 0}
            calls.batch({"sortRange": {"range": whole, "sortSpecs": [{"dimensionIndex": second % 2}]}})
        case "type":
            calls.put(f"C{first + 1}", [["x"]])


def by_hand(someone: Person, what: str, first: int, second: int) -> None:
    size = someone.sheet.height
    first, second = first % size + 1, second % size + 1
    match what:
        case "insert":
            someone.insert_rows(first)
        case "delete" if size > 1:
            someone.delete_rows(first)
        case "move" if not first < second <= first:
            someone.move_rows(first, first, before=second)
        case "sort":
            someone.sort("AB"[second % 2])
        case "type":
            someone.type(f"C{first}", "=A1")


@settings(max_examples=60, deadline=None)
@given(steps)
def test_an_entry_stays_with_its_row(course: list[tuple[str, int, int, bool]]) -> None:
    calls, someone = start()
    for what, first, second, hand in course:
        if hand:
            by_hand(someone, what, first, second)
        else:
            by_api(calls, what, first, second)
        names = calls.get("A1:A50") or []
        assert {row[0]: index for index, row in enumerate(names, 1) if row} == rows(calls)


@settings(max_examples=60, deadline=None)
@given(steps)
def test_undo_takes_everything_back(course: list[tuple[str, int, int, bool]]) -> None:
    calls, someone = start()
    before = someone.seen(), rows(calls)
    done = 0
    for what, first, second, _ in course:
        if what != "delete" or someone.sheet.height > 1:
            by_hand(someone, what, first, second)
            done += 1
    for _ in range(done):
        someone.undo()
    assert (someone.seen(), rows(calls)) == before
