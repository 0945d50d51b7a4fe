"""A tab made ready, and what a person finds there afterwards: what they had put there, and what is new."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest

from connectors.api import Preparable
from connectors.errors import NeedsOwner, NoHeader, OutcomeUnknown
from connectors.google_sheets.prepare import AHEAD
from connectors.preparing import Preparation, Shape
from engine.columns import Column
from engine.layout import Layout
from engine.shapes import USUAL, shapes
from tests.conformance.sheets_bench import SheetsBench
from tests.emulators.core.exchange import Answer
from tests.emulators.core.faults import Fault
from tests.emulators.google_sheets import OWNER, ROBOT
from tests.emulators.google_sheets.batch import HANDLERS
from tests.emulators.google_sheets.call import Call
from tests.emulators.google_sheets.grid import Cell

Make = Callable[..., SheetsBench]

OPTIONS = ["active", "paused", "draft", "completed"]


def wanted(headers: Sequence[str]) -> list[Shape]:
    return shapes(Layout.of(headers, {}), [c for c in USUAL if headers == () or c is not Column.ID], {}, ["greet", "report"])


def plan(bench: SheetsBench) -> Preparation:
    assert isinstance(bench.table, Preparable)
    return bench.table.prepare(wanted)


def carry_out(bench: SheetsBench) -> list[str]:
    """What was changed, by one request."""
    steps = plan(bench).steps
    assert len(steps) <= 1
    for step in steps:
        assert step.take()
    return [clause for step in steps for clause in step.says]


def by_the_owner(bench: SheetsBench, **request: Any) -> None:
    """Something that the page's menus do."""
    ((name, given),) = request.items()
    assert bench.file.book is not None
    HANDLERS[name](Call(bench.service, bench.file, bench.file.book, OWNER, given))


def rule(*options: str, strict: bool = False) -> Mapping[str, Any]:
    values = [{"userEnteredValue": option} for option in options]
    return {"condition": {"type": "ONE_OF_LIST", "values": values}, "strict": strict, "showCustomUi": True}


def column(bench: SheetsBench, header: str) -> list[Cell]:
    """The cells below a header, as far down as cells get a look of their own."""
    sheet, at = bench.person.sheet, bench._headers().index(header)
    rows = [line for line in range(1, sheet.height) if sheet.filled_width(line)]
    return [sheet.cell(line, at) for line in range(1, min(sheet.height, max(rows, default=0) + 1 + AHEAD))]


def ranged(bench: SheetsBench, header: str, top: int = 1, bottom: int | None = None) -> dict[str, int]:
    at = bench._headers().index(header)
    ends = {} if bottom is None else {"endRowIndex": bottom}
    return {"sheetId": bench.person.sheet.id, "startRowIndex": top, "startColumnIndex": at, "endColumnIndex": at + 1, **ends}


# --- what is made


def test_an_empty_tab_gets_all_of_it_by_one_request(bench: SheetsBench) -> None:
    bench.person.clear("A1:Z1000")
    bench.asked()
    says = carry_out(bench)
    assert bench.asked() == ["spreadsheets.get", "spreadsheets.batchUpdate"]
    assert bench.person.seen() == [list(map(str, USUAL))]
    assert "freeze the line with the headers" in says
    sheet = bench.person.sheet
    assert sheet.properties["gridProperties"]["frozenRowCount"] == 1
    assert {bool(cell.format["textFormat"]["bold"]) for cell in sheet.rows[0].cells} == {True}
    assert "rowd fills it in" in sheet.cell(0, 0).note
    assert {cell.format["numberFormat"]["type"] for cell in column(bench, "Next Run")} == {"DATE_TIME"}
    (status,) = {tuple(v["userEnteredValue"] for v in cell.rule["condition"]["values"]) for cell in column(bench, "Status")}
    assert list(status) == OPTIONS
    (action,) = {tuple(v["userEnteredValue"] for v in cell.rule["condition"]["values"]) for cell in column(bench, "Action")}
    assert action == ("greet", "report")
    assert not any(cell.rule["strict"] for cell in column(bench, "Status"))
    assert all(cell.rule is None for cell in column(bench, "Health"))
    said = [one["booleanRule"]["condition"]["values"][0]["userEnteredValue"] for one in sheet.parts["conditionalFormats"]]
    assert {"active", "paused", "OK", "ERROR", "succeeded"} <= set(said)
    warned = [(one["range"]["startColumnIndex"], one["range"]["endColumnIndex"]) for one in sheet.parts["protectedRanges"]]
    assert warned == [(bench._headers().index("Health"), bench._headers().index("Failures") + 1)]
    assert all(one["warningOnly"] for one in sheet.parts["protectedRanges"])
    assert carry_out(bench) == []


def test_a_row_that_is_added_looks_like_the_others(bench: SheetsBench) -> None:
    carry_out(bench)
    bench.table.read()
    bench.table.create([{"ID": "n", "Name": "new"}])  # type: ignore[attr-defined]  # a bench knows only the contract
    at = bench._row("new")
    assert bench.person.sheet.cell(at, bench._headers().index("Status")).rule is not None
    assert carry_out(bench) == []


def test_new_columns_stand_to_the_right_of_everything_and_take_nobodys_place(bench: SheetsBench) -> None:
    bench.person.type("K2", "a note beside the table")
    headers = bench._headers()[:7]
    carry_out(bench)
    assert bench.person.shown("K2") == "a note beside the table"
    shown = bench.person.seen()[0]
    assert shown[:7] == headers
    assert shown.index("Description") > 10


def test_a_new_header_looks_like_the_last_one(bench: SheetsBench) -> None:
    sheet, last = bench.person.sheet, len(bench._headers()) - 1
    look = {"textFormat": {"italic": True}}
    sheet.put(0, last, Cell(sheet.cell(0, last).entered, look, "", None))
    carry_out(bench)
    assert sheet.cell(0, bench._headers().index("Health")).format == look


def test_new_columns_take_no_look_over_from_their_neighbours(bench: SheetsBench) -> None:
    """What is inserted looks like what stands there: a person has painted blank columns, and given them a rule."""
    sheet, at = bench.person.sheet, len(bench._headers())
    for line in range(20):
        sheet.put(line, at, Cell(None, {"backgroundColor": {"red": 1}}, "", dict(rule("x"))))
    carry_out(bench)
    assert all(not column(bench, "Health")[line].format for line in range(15))
    assert column(bench, "Health")[5].rule is None
    painted = [c for c in range(sheet.width) if sheet.cell(5, c).format.get("backgroundColor") == {"red": 1}]
    assert painted == [len(bench._headers())]


def test_a_tab_that_has_no_line_below_its_headers_gets_some(bench: SheetsBench) -> None:
    bench.person.delete_rows(2, 1000)
    carry_out(bench)
    assert bench.person.sheet.height > 50
    assert {cell.format["numberFormat"]["type"] for cell in column(bench, "Next Run")} == {"DATE_TIME"}


# --- what stays


def test_a_persons_formats_stay(bench: SheetsBench) -> None:
    sheet, at = bench.person.sheet, bench._headers().index("Next Run")
    mine = {"numberFormat": {"type": "DATE", "pattern": "d. mmm"}, "backgroundColor": {"red": 1}}
    plain = {"backgroundColor": {"green": 1}}
    sheet.put(1, at, Cell(None, mine, "", None))
    sheet.put(2, at, Cell(None, plain, "", None))
    carry_out(bench)
    assert sheet.cell(1, at).format == mine
    assert sheet.cell(2, at).format["backgroundColor"] == {"green": 1}
    assert sheet.cell(2, at).format["numberFormat"]["type"] == "DATE_TIME"


def test_a_drop_down_of_a_persons_stays_with_its_options_and_goes_on_below(bench: SheetsBench) -> None:
    """The colours of its options are no part of what the API tells: who sets it anew takes them away."""
    theirs = rule("active", "paused", "someday")
    by_the_owner(bench, setDataValidation={"range": ranged(bench, "Status", 1, 4), "rule": theirs})
    preparation = plan(bench)
    assert [text for text in preparation.by_hand if '"Status"' in text] == [
        'The drop-down of "Status" lacks "draft", "completed": add what you want to use. Click on one of its cells, then'
        " Data › Data validation. rowd leaves it alone: to set it anew could take away the colours of its options."
    ]
    sent = [r["setDataValidation"]["range"] for r in _requests(bench) if "setDataValidation" in r]
    at = bench._headers().index("Status")
    assert [r["startRowIndex"] for r in sent if r["startColumnIndex"] == at] == [4]
    assert {str(cell.rule) for cell in column(bench, "Status")} == {str(theirs)}


def _requests(bench: SheetsBench) -> list[Any]:
    """Of the one batch, which is sent."""
    bench.service.journal.clear()
    carry_out(bench)
    (sent,) = [entry for entry in bench.service.journal if entry.operation == "spreadsheets.batchUpdate"]
    found: list[Any] = sent.request.json["requests"]
    return found


def test_a_strict_rule_of_another_kind_is_told(bench: SheetsBench) -> None:
    other = {"condition": {"type": "TEXT_CONTAINS", "values": [{"userEnteredValue": "a"}]}, "strict": True}
    by_the_owner(bench, setDataValidation={"range": ranged(bench, "Status"), "rule": other})
    assert any("rejects what isn't on its list" in text for text in plan(bench).by_hand)
    by_the_owner(bench, setDataValidation={"range": ranged(bench, "Status"), "rule": {**other, "strict": False}})
    assert not any('"Status"' in text for text in plan(bench).by_hand)


def test_a_persons_colour_for_a_word_stays_and_comes_first(bench: SheetsBench) -> None:
    condition = {"type": "TEXT_EQ", "values": [{"userEnteredValue": "paused"}]}
    mine = {"condition": condition, "format": {"backgroundColor": {"blue": 1}}}
    for given in (mine, {"condition": {"type": "NOT_BLANK"}, "format": {"textFormat": {"bold": True}}}):
        by_the_owner(
            bench, addConditionalFormatRule={"rule": {"ranges": [ranged(bench, "Status")], "booleanRule": given}, "index": 0}
        )
    before = list(bench.person.sheet.parts["conditionalFormats"])
    carry_out(bench)
    after = bench.person.sheet.parts["conditionalFormats"]
    assert after[:2] == before
    assert [one["booleanRule"]["condition"] for one in after].count(condition) == 1


def test_a_frozen_line_and_column_stay(bench: SheetsBench) -> None:
    bench.person.sheet.properties["gridProperties"] = {"frozenRowCount": 3, "frozenColumnCount": 2}
    assert "freeze the line with the headers" not in carry_out(bench)
    assert bench.person.sheet.properties["gridProperties"] == {"frozenRowCount": 3, "frozenColumnCount": 2}


def test_a_second_table_below_is_left_alone(bench: SheetsBench) -> None:
    sheet = bench.person.sheet
    bench.person.paste(
        "A8", [["Name", "Status", "Phone", "a", "b", "c", "d", "e", "f"], ["Ada", "x", "1", "2", "3", "4", "5", "6", "7"]]
    )
    by_the_owner(bench, setDataValidation={"range": ranged(bench, "Status", 8, 9), "rule": rule("x", "y")})
    below = [[sheet.cell(line, at) for at in range(9)] for line in range(7, 30)]
    carry_out(bench)
    assert [[sheet.cell(line, at) for at in range(9)] for line in range(7, 30)] == below
    assert sheet.cell(5, bench._headers().index("Status")).rule is not None
    tops = [r["endRowIndex"] for one in sheet.parts["conditionalFormats"] for r in one["ranges"]]
    assert set(tops) == {7}
    assert {one["range"]["endRowIndex"] for one in sheet.parts["protectedRanges"]} == {7}
    assert sheet.cell(8, bench._headers().index("Next Run")).format == {}
    assert carry_out(bench) == []


def test_a_protected_column_that_rowd_writes_is_told_and_the_others_are_made_ready(bench: SheetsBench) -> None:
    protected = {"range": ranged(bench, "Last Result", 0), "editors": {"users": [OWNER]}}
    by_the_owner(bench, addProtectedRange={"protectedRange": protected})
    preparation = plan(bench)
    assert preparation.by_hand == (
        'The column "Last Result" is protected, so that rowd can\'t write it. In Data › Protect sheets and ranges, let'
        f" {ROBOT} edit it, or leave the column out.",
    )
    assert any('"Health"' in clause for clause in carry_out(bench))
    (theirs, *ours) = bench.person.sheet.parts["protectedRanges"]
    assert theirs["editors"]["users"] == [OWNER]
    assert all(one["warningOnly"] for one in ours)
    bench.person.sheet.parts["protectedRanges"][0]["editors"]["users"].append(ROBOT)
    assert plan(bench).by_hand == ()


def test_a_column_that_a_person_protected_is_no_matter_of_ours(bench: SheetsBench) -> None:
    by_the_owner(bench, addProtectedRange={"protectedRange": {"range": ranged(bench, "Notes"), "editors": {"users": [OWNER]}}})
    assert plan(bench).by_hand == ()


def test_blank_lines_have_a_look_as_far_as_rows_will_soon_reach(bench: SheetsBench) -> None:
    carry_out(bench)
    sheet, at = bench.person.sheet, bench._headers().index("Next Run")
    dated = [line for line in range(sheet.height) if sheet.cell(line, at).format]
    assert dated == list(range(1, 4 + AHEAD))
    bench.person.paste("B60", [["late"]])
    assert carry_out(bench) == []
    bench.person.paste("B150", [["later"]])
    assert set(carry_out(bench)) == {
        *(f'offer the words of "{header}" in a drop-down' for header in ("Status", "Type", "Action", "Do", "Priority")),
        *(f'show "{header}" as date and time' for header in ("Next Run", "Last Run")),
    }
    assert carry_out(bench) == []


# --- what is no table, and what goes wrong


def test_a_tab_with_other_headers_is_none_that_could_be_made_ready(bench: SheetsBench) -> None:
    bench.person.rename_column("Name", "Title")
    with pytest.raises(NoHeader, match='no column "Name"'):
        plan(bench)


def test_what_a_protected_line_of_headers_refuses_is_said_and_nothing_is_changed(bench: SheetsBench) -> None:
    sheet = bench.person.sheet
    whole = {"range": {"sheetId": sheet.id, "startRowIndex": 0, "endRowIndex": 1}, "editors": {"users": [OWNER]}}
    by_the_owner(bench, addProtectedRange={"protectedRange": whole})
    before = bench.person.seen()
    with pytest.raises(NeedsOwner, match="Protect sheets and ranges"):
        carry_out(bench)
    assert bench.person.seen() == before
    assert len(sheet.parts["protectedRanges"]) == 1


def test_an_answer_that_is_lost_is_found_to_be_done(bench: SheetsBench) -> None:
    bench.service.faults.add(Fault("spreadsheets.batchUpdate", times=1, answer=Answer.html(502, "x"), committed=True))
    with pytest.raises(OutcomeUnknown):
        carry_out(bench)
    assert plan(bench).steps == ()


def test_the_tab_is_read_anew_before_the_next_write(bench: SheetsBench) -> None:
    bench.table.read()
    carry_out(bench)
    assert bench.table.create([{"ID": "n", "Name": "new", "Health": "OK"}]) == ["n"]  # type: ignore[attr-defined]  # a bench knows only the contract
    assert bench.row("new")["Health"] == "OK"
