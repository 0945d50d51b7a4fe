"""Someone at the page: what they do is read through the API, and the other way."""

from __future__ import annotations

import pytest

from tests.emulators.core.exchange import Refused
from tests.emulators.google_sheets import GoogleSheets
from tests.emulators.google_sheets.calls import Calls
from tests.emulators.google_sheets.person import Person
from tests.emulators.google_sheets.test_metadata import entry, rows


@pytest.fixture
def someone(calls: Calls, service: GoogleSheets) -> Person:
    """At three tasks, each of which has an entry with its name."""
    return at_three_tasks(calls)


def at_three_tasks(calls: Calls) -> Person:
    calls.put("A1", [["Name", "Runs"], ["a", 3], ["b", 1], ["c", 2]])
    calls.batch(*(entry(row, name) for row, name in enumerate(("a", "b", "c"), 1)))
    return Person(calls.service, calls.id, "Sheet1")


def names(calls: Calls) -> list[str]:
    return [row[0] if row else "" for row in calls.get("Sheet1!A1:A20")]


def test_typing_and_pasting(calls: Calls, someone: Person) -> None:
    someone.type("C1", "1/2/2024")
    someone.paste("D1", [["=B2*2", "TRUE"], ["5%"]])
    someone.type("A2", "")
    assert calls.get("C1:E2", valueRenderOption="UNFORMATTED_VALUE") == [[45293, 6, True], ["", 0.05]]
    assert calls.get("A2") is None
    assert someone.shown("C1") == "1/2/2024"
    someone.paste("A1001", [["below the grid"]])
    assert calls.get("A1001") == [["below the grid"]]


def test_rows_take_their_entries_along(calls: Calls, someone: Person) -> None:
    someone.insert_rows(2, 2)
    assert rows(calls) == {"a": 4, "b": 5, "c": 6}
    someone.delete_rows(2, 3)
    someone.move_rows(4, 4, before=2)
    assert (names(calls), rows(calls)) == (["Name", "c", "a", "b"], {"c": 2, "a": 3, "b": 4})
    someone.sort("B", descending=True)
    assert (names(calls), rows(calls)) == (["Name", "a", "c", "b"], {"a": 2, "c": 3, "b": 4})
    someone.delete_rows(3)
    assert (names(calls), rows(calls)) == (["Name", "a", "b"], {"a": 2, "b": 3})


def test_columns(calls: Calls, someone: Person) -> None:
    someone.insert_columns("A")
    someone.rename_column("Runs", "Count")
    someone.move_columns("C", "C", before="A")
    assert calls.get("A1:C2") == [["Count", "", "Name"], ["3", "", "a"]]
    someone.delete_columns("B")
    assert someone.seen()[0] == ["Count", "Name"]
    with pytest.raises(KeyError):
        someone.rename_column("Runs", "x")


def test_undo_takes_back_one_thing_and_leaves_what_others_did(calls: Calls, someone: Person) -> None:
    someone.delete_rows(2)
    calls.put("A2", [["written since"]])
    calls.batch({"insertDimension": {"range": {"dimension": "ROWS", "startIndex": 0, "endIndex": 1}}})
    someone.undo()
    assert names(calls) == ["", "a", "Name", "written since", "c"]
    assert rows(calls) == {"a": 2, "b": 4, "c": 5}


def test_undo_of_each_thing(calls: Calls, someone: Person) -> None:
    calls.typed("D1", "=SUM(B2:B4)", "=A3")
    before = calls.sheets("GET", "/values/Sheet1", valueRenderOption="FORMULA"), rows(calls)
    someone.sort("B")
    someone.insert_rows(2)
    someone.move_rows(5, 5, before=3)
    someone.delete_rows(4)
    someone.insert_columns("B")
    someone.move_columns("A", "A", before="D")
    someone.delete_columns("A")
    someone.type("A1", "x")
    someone.clear("A1:B9")
    someone.copy("A1:B2", "C5")
    someone.cut("A1:B2", "C9")
    someone.copy_row(1, 2)
    someone.rename_tab("Other")
    for _ in range(13):
        someone.undo()
    assert (calls.sheets("GET", "/values/Sheet1", valueRenderOption="FORMULA"), rows(calls)) == before
    with pytest.raises(IndexError):
        someone.undo()


def test_a_new_row_looks_like_the_one_above(calls: Calls, someone: Person) -> None:
    rule = {"condition": {"type": "BOOLEAN"}}
    place = {"startRowIndex": 1, "endRowIndex": 4, "startColumnIndex": 2, "endColumnIndex": 3}
    calls.batch({"setDataValidation": {"range": place, "rule": rule}})
    someone.insert_rows(3)
    data = calls.sheets("GET", ranges="C3", fields="sheets.data.rowData.values(dataValidation,formattedValue)")
    assert data["sheets"][0]["data"][0]["rowData"] == [{"values": [{"dataValidation": rule}]}]


def test_a_strict_list_stops_people(calls: Calls, someone: Person) -> None:
    condition = {"type": "ONE_OF_LIST", "values": [{"userEnteredValue": "active"}]}
    place = {"startRowIndex": 1, "endRowIndex": 4, "startColumnIndex": 2, "endColumnIndex": 3}
    calls.batch({"setDataValidation": {"range": place, "rule": {"condition": condition, "strict": True}}})
    with pytest.raises(Refused, match="violates the data validation rules"):
        someone.type("C2", "nonsense")
    someone.type("C2", "active")
    assert calls.get("C2") == [["active"]]


def test_sharing_and_the_bin(calls: Calls, service: GoogleSheets, someone: Person) -> None:
    other = Calls(service, calls.id, service.accounts.token("other@example.com"))
    someone.share("other@example.com", "reader")
    assert other.get("A1") == [["Name"]]
    someone.unshare("other@example.com")
    assert other.refused("GET", "/values/A1")[0] == 403
    someone.share(None, "writer")
    other.put("A1", [["anyone"]])
    someone.trash()
    assert calls.drive("GET", f"/{calls.id}", fields="trashed").json == {"trashed": True}
    assert calls.get("A1") == [["anyone"]]
