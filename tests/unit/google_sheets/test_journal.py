"""The journal's tab as a ring: where lines go, what a write shows afterwards, and what people do to the tab."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.api import Patch
from connectors.errors import NeedsOwner, NotThere, OutcomeUnknown
from connectors.google_sheets.ring import Ring, ring
from engine.journal import COLUMNS
from tests.conformance.journaling import made, preparable, record, run, told
from tests.conformance.sheets_bench import TAB, SheetsBench
from tests.conformance.suite import by_name
from tests.conformance.test_journals import TAB as RUNS
from tests.conformance.test_journals import SheetsRecording
from tests.emulators.core.faults import Fault
from tests.emulators.google_sheets.grid import Cell as SheetCell


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[SheetsBench]:
    bench = SheetsBench(tmp_path)
    yield bench
    bench.close()
    assert bench.service.unserved == []


@pytest.fixture
def recording(bench: SheetsBench) -> SheetsRecording:
    return SheetsRecording(bench)


def seen(*ids: str, ends: tuple[Any, ...] | None = None) -> Ring:
    return Ring(7, UTC, 0, ("Run", "Ended"), {}, 0, 1, ids, ends or tuple(float(n) for n in range(len(ids))))


def test_a_line_goes_to_its_own_slot_else_to_a_blank_one_else_to_that_of_the_oldest() -> None:
    found = seen("a", "", "c", "d", ends=(3.0, None, 1.0, 2.0)).slots([run(1), run(2), run(3)])
    assert {slot: entry.id for slot, entry in found.items()} == {1: run(1).id, 2: run(2).id, 3: run(3).id}
    own = seen("x", run(1).id, "y").slots([run(1)])
    assert list(own) == [1]
    assert list(seen("x", "y", ends=("2026-11-21T09:00:00Z", "2026-11-20T09:00:00Z")).slots([run(1)])) == [1]
    assert list(seen("x", "y", "z", ends=(5.0, None, 4.0)).slots([run(1)])) == [1]


def test_of_more_than_there_are_slots_the_newest_are_put_down_and_a_copied_line_gives_way_first() -> None:
    entries = [run(n) for n in range(5)]
    assert [entry.id for _, entry in sorted(seen("", "").slots(entries).items())] == [run(3).id, run(4).id]
    assert list(seen("a", "b", "a").slots([run(1)])) == [2]


@given(st.lists(st.integers(0, 6), max_size=6), st.lists(st.integers(0, 8), unique=True, max_size=8))
def test_no_two_lines_get_one_slot_and_none_that_is_told_is_left_out(stand: list[int], new: list[int]) -> None:
    found = Ring(7, UTC, 0, ("Run",), {}, 0, None, tuple(run(n).id for n in stand) or ("",), (None,) * max(len(stand), 1))
    slots = found.slots([run(n) for n in new])
    kept = new[-len(found.ids) :]
    assert sorted(entry.id for entry in slots.values()) == sorted(run(n).id for n in kept)
    after = list(found.ids)
    for slot, entry in slots.items():
        after[slot] = entry.id
    assert all(after.count(run(n).id) == 1 or stand.count(n) > 1 for n in kept)


def test_an_answer_that_shows_less_than_was_asked_for_has_the_tab_read_anew() -> None:
    known = seen("a", "b")
    slots = known.slots([run(1)])
    assert known.after(slots, ()) == (None, ())
    assert known.after({}, [{"dataFilter": {"gridRange": {"sheetId": 7, "endRowIndex": 1, "endColumnIndex": 2}}}]) == (None, ())


def test_a_tab_that_is_none_says_why() -> None:
    tab = {"properties": {"sheetId": 7, "gridProperties": {"rowCount": 1, "columnCount": 2}}}
    zone = {"timeZone": "Etc/GMT"}
    assert ring({"properties": zone, "sheets": []}, 10, COLUMNS, UTC) == "there is no such tab"
    assert ring({"properties": zone, "sheets": [tab]}, 10, COLUMNS, UTC) == 'it has no column "Run"'
    head = [{"rowData": [{"values": [{"effectiveValue": {"stringValue": "run"}}]}]}]
    assert ring({"properties": zone, "sheets": [tab | {"data": head}]}, 10, COLUMNS, UTC) == "it has no line below its headers"


def test_a_line_that_was_overwritten_because_the_tab_was_sorted_is_told_to_be_lost(recording: SheetsRecording) -> None:
    told(recording.table, [run(n) for n in range(10)])
    recording.sort("Run", descending=True)
    (first,) = record(recording.table, [run(10)])
    assert first.lost == (run(9).id,)
    assert told(recording.table, [run(9)]) == []
    assert sorted(str(line["Run"]) for line in recording.lines()) == [run(n).id for n in range(1, 11)]


def test_lines_that_a_person_clears_are_not_put_back(recording: SheetsRecording) -> None:
    told(recording.table, [run(n) for n in range(10)])
    recording.person.clear("A2:N9")
    (found,) = record(recording.table, [run(10)])
    assert found.lost == ()
    assert sorted(str(line["Run"]) for line in recording.lines()) == [run(8).id, run(9).id, run(10).id][-len(recording.lines()) :]


def test_a_tab_that_is_renamed_meanwhile_is_told_on_and_one_that_is_protected_holds_up_no_row(
    bench: SheetsBench, recording: SheetsRecording
) -> None:
    table = recording.table
    key = by_name(table)["beta"].key
    told(table, [run(1)])
    sheet = recording.person.sheet
    sheet.title = "Renamed"
    (found,) = record(table, [run(2)], [Patch(key, {"Last Result": "x"})])
    assert found.trouble is None
    sheet.parts["protectedRanges"] = [{"protectedRangeId": 1, "range": {"sheetId": sheet.id}, "editors": {"users": []}}]
    (found,) = record(table, [run(3)], [Patch(key, {"Last Result": "y"})])
    assert type(found.trouble) is NeedsOwner
    assert f'in the tab "{RUNS}"' in str(found.trouble)
    assert bench.row("beta")["Last Result"] == "y"


def test_an_answer_that_never_comes_is_the_rows_doubt_and_the_lines_are_told_again(
    bench: SheetsBench, recording: SheetsRecording
) -> None:
    table = recording.table
    key = by_name(table)["beta"].key
    told(table, [run(1)])
    bench.service.faults.add(Fault("values.batchUpdateByDataFilter", times=1, reset=True, committed=True))
    with pytest.raises(OutcomeUnknown):
        record(table, [run(2)], [Patch(key, {"Last Result": "x"})])
    by_name(table)
    told(table, [run(2), run(3)])
    assert sorted(str(line["Run"]) for line in recording.lines()) == [run(n).id for n in (1, 2, 3)]


def test_a_row_that_is_gone_takes_no_line_with_it(bench: SheetsBench, recording: SheetsRecording) -> None:
    table = recording.table
    key = by_name(table)["beta"].key
    told(table, [run(1)])
    record(table, [], [Patch(key, {"Last Result": "marked"})])
    bench.delete("beta")
    (found,) = record(table, [run(2)], [Patch(key, {"Last Result": "x"})])
    assert [w.effect.value for w in found.written] == ["missing"]
    if found.trouble is not None:
        told(table, [run(2)])
    assert sorted(str(line["Run"]) for line in recording.lines()) == [run(1).id, run(2).id]


def test_the_tab_of_the_tasks_is_no_journal(bench: SheetsBench) -> None:
    table = bench.opened(tab=1, history=TAB)
    (found,) = record(table, [run(1)])
    assert isinstance(found.trouble, NotThere)
    assert bench.peek() == bench.peek()


def test_setup_adds_the_columns_and_lines_that_a_tab_lacks_and_moves_nothing(
    bench: SheetsBench, recording: SheetsRecording
) -> None:
    sheet = recording.person.sheet
    told(recording.table, [run(1)])
    recording.person.delete_columns("D")
    recording.person.delete_rows(10, 11)
    sheet.properties["gridProperties"] = {}
    sheet.put(0, 12, SheetCell("My notes", {}, "", None))
    table = recording.opened()
    says = [clause for step in preparable(table).prepare(lambda _: []).steps for clause in step.says]
    assert says == [
        f'add 2 lines to the tab "{RUNS}"',
        *(f'add the column "{header}" to the tab "{RUNS}"' for header in ("Outcome", "Link")),
        f'freeze the line with the headers of the tab "{RUNS}"',
    ]
    made(table)
    assert preparable(recording.opened()).prepare(lambda _: []).steps == ()
    told(recording.opened(), [run(2)])
    lines = {str(line["Run"]): line for line in recording.lines()}
    assert lines[run(2).id]["Outcome"] == "succeeded"
    assert lines[run(1).id]["Outcome"] is None
    assert "My notes" in lines[run(1).id]
