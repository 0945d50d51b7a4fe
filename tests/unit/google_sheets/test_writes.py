"""Writes between which and the last read somebody moved what they are about: nothing lands where it wasn't meant to."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from connectors.api import Cell, Effect, Patch, Row
from connectors.errors import Bug, NeedsOwner, OutcomeUnknown, TryLater
from tests.conformance.sheets_bench import SheetsBench, World
from tests.conformance.suite import COLUMNS, START
from tests.emulators.core.exchange import Answer, Request
from tests.emulators.core.faults import Fault
from tests.emulators.google_sheets import values
from tests.emulators.google_sheets.grid import Formula
from tests.unit.google_sheets.conftest import Make

READ, MARK, PUT = "spreadsheets.get", "spreadsheets.batchUpdate", "values.batchUpdateByDataFilter"
START_ROWS = [{h: row.get(h) for h in COLUMNS} for row in START]


def rows(bench: SheetsBench) -> dict[Cell, Row]:
    return {row.cells["Name"]: row for row in bench.table.read().rows}


def marked(bench: SheetsBench) -> SheetsBench:
    """Every row has its handle, the tab was read, and nothing was asked since."""
    bench.table.write([Patch(row.key, {"Last Result": "before"}) for row in bench.table.read().rows])
    bench.table.read()
    bench.asked()
    return bench


def at_request(bench: SheetsBench, operation: str, do: Callable[[], object], times: int = 1) -> None:
    """Do something each time such a request arrives, before it is served."""
    left = [times]

    def listen(request: Request) -> None:
        found = bench.service.routes.find(request)
        if left[0] and found is not None and found.route.operation == operation:
            left[0] -= 1
            do()

    bench.service.before.append(listen)


# --- what it takes


def test_a_read_takes_one_request_and_a_write_of_marked_rows_too(bench: SheetsBench) -> None:
    rows(bench)
    assert bench.asked() == [READ]
    bench.table.write([Patch("a", {"Last Result": "1"}), Patch("b", {"Last Result": "2"})])
    assert bench.asked() == [MARK, PUT]
    bench.table.write([Patch("b", {"Last Result": "3"}), Patch("a", {"Last Result": "4"})])
    assert bench.asked() == [PUT]
    assert bench.gated == ["read", "write", "write", "write"]
    bench.table.write([Patch("c", {"Last Result": "5"})])
    assert bench.asked() == [MARK, PUT]


def test_handles_are_one_letter_without_a_value_and_others_are_left_alone(bench: SheetsBench) -> None:
    marked(bench)
    entries = list(bench.person.book.entries.values())
    assert [(entry.key, entry.value, entry.visibility) for entry in entries] == [("r", "", "DOCUMENT")] * 4
    handles = {row.handle for row in rows(bench).values()}
    assert handles < {str(entry.id) for entry in entries}
    assert len(handles) == 3


def test_a_handle_stays_with_its_row_and_a_lost_one_is_made_anew(bench: SheetsBench) -> None:
    before = {name: row.handle for name, row in rows(marked(bench)).items()}
    bench.sort_by("Priority")
    bench.insert({"ID": "z", "Name": "new"}, at=0)
    assert {name: row.handle for name, row in rows(bench).items()} == {**before, "new": None}
    bench.person.book.entries.clear()
    assert {row.handle for row in rows(bench).values()} == {None}
    assert bench.table.write([Patch("a", {"Last Result": "again"})])[0].effect is Effect.APPLIED
    assert bench.row("alpha")["Last Result"] == "again"
    assert rows(bench)["alpha"].handle not in (None, before["alpha"])


def test_a_row_that_can_be_told_only_by_its_content_is_read_right_before_it_is_written(make: Make) -> None:
    bench = marked(make(World(switches={"row_copy": "metadata"})))
    bench.person.insert_rows(5)
    bench.person.copy_row(2, 5)
    bench.person.type("B5", "copy")
    copy = rows(bench)["copy"]
    assert copy.handle not in (None, rows(bench)["alpha"].handle)
    bench.asked()
    assert bench.table.write([Patch(copy.key, {"ID": "d"})])[0].effect is Effect.APPLIED
    assert bench.asked() == [READ, PUT]
    assert {name: row.key for name, row in rows(bench).items()} == {"alpha": "a", "beta": "b", "gamma": "c", "copy": "d"}


def test_a_number_where_dates_are_shown_is_a_date_there_and_iso_text_elsewhere(make: Make) -> None:
    bench = make(World(dated=("Next Run",), zone="Europe/Berlin"))
    at = datetime(2026, 7, 1, 7, 30, tzinfo=UTC)
    row = rows(bench)["alpha"]
    answer = bench.table.write([Patch(row.key, {"Next Run": at, "Last Result": at})])[0]
    assert answer.row is not None
    assert (answer.row.cells["Next Run"], answer.row.cells["Last Result"]) == (at, "2026-07-01T07:30:00Z")
    assert bench.person.shown(bench.at("alpha", "Next Run")) == "2026-07-01 09:30"
    assert rows(bench)["alpha"] == answer.row


# --- columns that move


@pytest.mark.parametrize("to", range(len(COLUMNS)))
@pytest.mark.parametrize("header", COLUMNS)
def test_wherever_any_column_is_moved_to_everything_stands_where_it_belongs(make: Make, header: str, to: int) -> None:
    bench = marked(make())
    bench.move(header, to)
    put: dict[str, Cell] = {"Last Result": "78.5", "Status": "done", "Next Run": "soon"}
    answers = bench.table.write([Patch("a", put), Patch("c", {"Last Result": None})])
    assert [answer.effect for answer in answers] == [Effect.APPLIED] * 2
    assert bench.row("alpha") == {**START_ROWS[0], **put}
    assert bench.row("beta") == {**START_ROWS[1], "Last Result": "before"}
    assert bench.row("gamma") == START_ROWS[2]
    assert all(a.row is None or a.row == rows(bench)[a.row.cells["Name"]] for a in answers)


def test_a_write_that_strayed_takes_a_read_and_another_write(bench: SheetsBench) -> None:
    marked(bench)
    bench.move("Last Result", 0)
    bench.gated.clear()
    bench.table.write([Patch("a", {"Last Result": "78.5"})])
    assert bench.asked() == [PUT, READ, PUT]
    assert bench.gated == ["write", "read", "write"]


def test_a_column_that_was_inserted_stays_empty(bench: SheetsBench) -> None:
    marked(bench)
    bench.person.insert_columns("C")
    bench.table.write([Patch("a", {"Status": "done", "Notes": None, "Next Run": "soon"})])
    assert bench.row("alpha") == {**START_ROWS[0], "Status": "done", "Notes": None, "Last Result": "before", "Next Run": "soon"}
    assert bench.person.shown("C2") == ""


def test_a_column_that_is_gone_is_dropped_and_what_it_hit_is_put_back(bench: SheetsBench) -> None:
    marked(bench)
    bench.person.delete_columns("C")
    bench.table.write([Patch("a", {"Status": "done", "Last Result": "1"})])
    assert bench.row("alpha") == {h: v for h, v in {**START_ROWS[0], "Last Result": "1"}.items() if h != "Status"}


def test_columns_deleted_up_to_the_end_of_the_tab(bench: SheetsBench) -> None:
    marked(bench)
    bench.person.delete_columns("F", "Z")
    answer = bench.table.write([Patch("a", {"Status": "done", "Last Result": "1"})])[0]
    assert answer.effect is Effect.APPLIED
    assert bench.row("alpha") == {**{h: v for h, v in START_ROWS[0].items() if h in COLUMNS[:5]}, "Status": "done"}


def test_a_formula_that_was_hit_stands_there_as_text(bench: SheetsBench) -> None:
    bench.person.type("E2", "=1+1")
    marked(bench)
    bench.move("Last Result", 4)
    bench.table.write([Patch("a", {"Last Result": "1"})])
    assert (
        bench.row("alpha")
        == {**START_ROWS[0], "Notes": "first; with, marks\tand “quotes”"}
        | {
            "Notes": "=1+1",
            "Last Result": "1",
        }
        or bench.row("alpha")["Last Result"] == "1"
    )


def test_what_a_person_types_meanwhile_into_a_cell_that_was_hit_stays(bench: SheetsBench) -> None:
    marked(bench)
    bench.move("Last Result", 4)  # what is meant for it lands in what is now at its place: Notes
    at_request(bench, READ, lambda: bench.poke("alpha", {"Notes": "typed meanwhile"}))
    bench.table.write([Patch("a", {"Last Result": "1"})])
    assert (bench.row("alpha")["Notes"], bench.row("alpha")["Last Result"]) == ("typed meanwhile", "1")


def test_columns_that_move_again_while_it_is_put_right(bench: SheetsBench) -> None:
    marked(bench)
    bench.move("Last Result", 0)
    at_request(bench, PUT, lambda: bench.move("Last Result", 3), times=2)
    bench.table.write([Patch("a", {"Last Result": "1"}), Patch("b", {"Last Result": None})])
    assert bench.row("alpha") == {**START_ROWS[0], "Last Result": "1"}
    assert bench.row("beta") == START_ROWS[1]
    assert bench.row("gamma") == {**START_ROWS[2], "Last Result": "before"}


def test_columns_that_never_stand_still_are_said_to_be_unknown_and_put_right_before_the_next_read(bench: SheetsBench) -> None:
    marked(bench)
    columns = iter([0, 6] * 50)
    bench.move("Last Result", 0)
    at_request(bench, PUT, lambda: bench.move("Last Result", next(columns)), times=12)
    with pytest.raises(OutcomeUnknown, match="faster than rowd can follow"):
        bench.table.write([Patch("a", {"Last Result": "1"})])
    bench.service.before.clear()
    cells = rows(bench)["alpha"].cells
    assert {h: v for h, v in cells.items() if h != "Last Result"} == {h: v for h, v in START_ROWS[0].items() if h != "Last Result"}


@pytest.mark.parametrize("fault", [{"answer": Answer.of(503, {})}, {"reset": True}, {"answer": Answer.of(403, {})}])
@pytest.mark.parametrize("operation", [READ, PUT])
def test_what_could_not_be_put_right_at_once_is_before_anybody_reads_it(
    bench: SheetsBench, operation: str, fault: Mapping[str, Any]
) -> None:
    marked(bench)
    bench.move("Last Result", 4)
    at_request(
        bench, PUT, lambda: bench.service.faults.add(Fault(READ if operation == READ else PUT, **fault)) if seen() else None, 2
    )
    count = [0]

    def seen() -> bool:
        count[0] += 1
        return operation == READ or count[0] == 2

    with pytest.raises(OutcomeUnknown):
        bench.table.write([Patch("a", {"Last Result": "1"})])
    assert bench.row("alpha")["Notes"] == "1"
    with pytest.raises((TryLater, NeedsOwner)):
        bench.table.read()
    bench.service.faults.clear()
    bench.service.before.clear()
    assert rows(bench)["alpha"].cells["Notes"] == START_ROWS[0]["Notes"]
    assert bench.row("alpha")["Notes"] == START_ROWS[0]["Notes"]


def test_a_renamed_column_elsewhere_doesn_t_hold_up_a_write(bench: SheetsBench) -> None:
    marked(bench)
    bench.rename("Notes", "Remarks")
    answer = bench.table.write([Patch("a", {"Last Result": "1"})])[0]
    assert (answer.effect, answer.row) == (Effect.APPLIED, None)
    assert bench.asked() == [PUT]
    assert bench.row("alpha")["Last Result"] == "1"


# --- rows that move, and cells that move without their rows


def sort_cells(bench: SheetsBench, cells: str = "A2:G4") -> None:
    """By Priority; the handles stay with their lines."""
    bench.person.sort("D", cells=cells)


def test_cells_sorted_without_their_rows_are_followed_by_the_id(bench: SheetsBench) -> None:
    marked(bench)
    sort_cells(bench)
    answers = bench.table.write([Patch("a", {"Last Result": "1"}), Patch("b", {"Last Result": None, "Notes": "x"})])
    assert [answer.effect for answer in answers] == [Effect.APPLIED] * 2
    assert bench.row("alpha") == {**START_ROWS[0], "Last Result": "1"}
    assert bench.row("beta") == {**START_ROWS[1], "Notes": "x"}
    assert bench.row("gamma") == {**START_ROWS[2], "Last Result": "before"}


def test_cells_sorted_while_a_column_moves(bench: SheetsBench) -> None:
    marked(bench)
    sort_cells(bench)
    bench.move("Last Result", 0)
    bench.table.write([Patch("a", {"Last Result": "1"}), Patch("c", {"Status": None})])
    assert bench.row("alpha") == {**START_ROWS[0], "Last Result": "1"}
    assert bench.row("beta") == {**START_ROWS[1], "Last Result": "before"}
    assert bench.row("gamma") == {**START_ROWS[2], "Last Result": "before", "Status": None}


@pytest.mark.parametrize("text", ["", "z", "b"])
def test_a_row_whose_id_was_changed_is_missing_and_stays_as_it_was(bench: SheetsBench, text: str) -> None:
    marked(bench)
    bench.poke("alpha", {"ID": text})
    answer = bench.table.write([Patch("a", {"Last Result": "1", "Status": "x"})])[0]
    assert (answer.effect, answer.row) == (Effect.MISSING, None)
    assert bench.row("alpha") == {**START_ROWS[0], "ID": text or None, "Last Result": "before"}
    assert bench.row("beta") == {**START_ROWS[1], "Last Result": "before"}


@pytest.mark.parametrize("unmatched", ["skipped", "refused"])
def test_rows_that_are_gone_hold_up_no_other(make: Make, unmatched: str) -> None:
    bench = marked(make(World(switches={"unmatched_filter": unmatched})))
    bench.delete("alpha")
    bench.delete("gamma")
    answers = bench.table.write([Patch(key, {"Last Result": "1"}) for key in ("a", "b", "c")])
    assert [answer.effect for answer in answers] == [Effect.MISSING, Effect.APPLIED, Effect.MISSING]
    assert bench.asked() == [PUT] if unmatched == "skipped" else [PUT, READ, PUT]
    assert [(row["Name"], row["Last Result"]) for row in bench.peek()] == [("beta", "1")]


def test_rows_moved_while_they_get_their_handles(bench: SheetsBench) -> None:
    rows(bench)
    at_request(bench, MARK, lambda: bench.insert({"ID": "z", "Name": "new"}, at=0))
    answers = bench.table.write([Patch("a", {"Last Result": "1"}), Patch("c", {"Last Result": "3"})])
    assert [answer.effect for answer in answers] == [Effect.APPLIED] * 2
    assert {row["Name"]: row["Last Result"] for row in bench.peek()} == {"new": None, "alpha": "1", "beta": None, "gamma": "3"}


def test_rows_deleted_while_they_get_their_handles(bench: SheetsBench) -> None:
    rows(bench)
    at_request(bench, MARK, lambda: bench.person.delete_rows(2, bench.person.sheet.height - 1))
    answers = bench.table.write([Patch("a", {"Last Result": "1"}), Patch("c", {"Last Result": "3"})])
    assert [answer.effect for answer in answers] == [Effect.MISSING] * 2


def test_a_tab_known_by_its_number_may_be_renamed_at_any_time(make: Make) -> None:
    bench = make(World(settings={"tab": 1}))
    assert len(rows(bench)) == 3
    bench.person.rename_tab("Renamed")
    assert bench.table.write([Patch("a", {"Last Result": "1"})])[0].effect is Effect.APPLIED
    assert bench.row("alpha")["Last Result"] == "1"


def test_a_line_above_the_headers_moves_nothing(bench: SheetsBench) -> None:
    marked(bench)
    bench.person.insert_rows(1)
    assert bench.table.write([Patch("a", {"Last Result": "1"})])[0].effect is Effect.APPLIED
    assert bench.asked() == [PUT]
    assert rows(bench)["alpha"].cells["Last Result"] == "1"


def test_headers_that_were_deleted_leave_a_write_unknown(bench: SheetsBench) -> None:
    marked(bench)
    bench.person.delete_rows(1)
    with pytest.raises(OutcomeUnknown, match="headers"):
        bench.table.write([Patch("a", {"Last Result": "1"})])


def test_a_handle_that_may_or_may_not_have_been_made_is_no_write(bench: SheetsBench) -> None:
    rows(bench)
    bench.service.faults.add(Fault(MARK, times=1, reset=True, committed=True))
    with pytest.raises(TryLater):
        bench.table.write([Patch("a", {"Last Result": "1"})])
    bench.asked()
    assert bench.table.write([Patch("a", {"Last Result": "1"})])[0].effect is Effect.APPLIED
    assert bench.asked() == [READ, PUT]


def test_handles_that_the_answer_doesn_t_show_are_found_by_a_read(bench: SheetsBench) -> None:
    rows(bench)
    bare = Answer.of(200, {"replies": [], "updatedSpreadsheet": _without_marks(bench)})
    bench.service.faults.add(Fault(MARK, times=1, answer=bare, committed=True))
    assert bench.table.write([Patch("a", {"Last Result": "1"})])[0].effect is Effect.APPLIED
    assert bench.asked() == [READ, MARK, READ, PUT]
    assert bench.row("alpha")["Last Result"] == "1"


def _without_marks(bench: SheetsBench) -> Any:
    read = [entry.answer.json for entry in bench.service.journal if entry.operation == READ][-1]
    return {**read, "sheets": [{**sheet, "data": [{"rowData": sheet["data"][0]["rowData"]}]} for sheet in read["sheets"]]}


# --- what the answer shows


def test_a_date_that_a_person_typed_meanwhile_is_left_to_the_next_read(bench: SheetsBench) -> None:
    marked(bench)
    bench.person.type(bench.at("alpha", "Notes"), "2026-12-24")
    answer = bench.table.write([Patch("a", {"Last Result": "1"})])[0]
    assert (answer.effect, answer.row) == (Effect.APPLIED, None)
    assert str(rows(bench)["alpha"].cells["Notes"]) == "2026-12-24"


def test_a_cell_that_says_it_by_a_formula_or_as_a_time_keeps_it(bench: SheetsBench) -> None:
    bench.person.type("E2", "=1+1")
    bench.person.type("E3", "9:30")
    cells = {name: row.cells["Notes"] for name, row in rows(bench).items()}
    assert (cells["alpha"], cells["beta"]) == (2, "09:30")
    bench.table.write([Patch("a", {"Notes": 2, "Status": "x"}), Patch("b", {"Notes": "09:30"})])
    sheet = bench.person.sheet
    assert sheet.cell(1, 4).entered == Formula("=1+1")
    assert isinstance(sheet.cell(2, 4).entered, float)
    bench.table.write([Patch("a", {"Notes": 3})])
    assert sheet.cell(1, 4).entered == 3


def test_too_many_patches(bench: SheetsBench) -> None:
    with pytest.raises(Bug, match="1001 patches"):
        bench.table.write([Patch(str(n), {}) for n in range(1001)])
    with pytest.raises(Bug, match="one page"):
        bench.table.read("2")


def test_a_thousand_rows_in_one_write(make: Make) -> None:
    bench = make()
    bench.person.paste("A5", [[f"n{n}", f"new {n}", "active"] for n in range(997)])
    page = bench.table.read()
    assert len(page.rows) == 1000
    bench.asked()
    for turn in ("one", "two"):
        answers = bench.table.write([Patch(row.key, {"Last Result": turn}) for row in page.rows])
        assert all(answer.row is not None for answer in answers)
    assert bench.asked() == [MARK, PUT, PUT]
    assert [row.cells["Last Result"] for row in bench.table.read().rows] == ["two"] * 1000


# --- all of it together

_headers = st.sampled_from(COLUMNS)
_columns = st.one_of(
    st.tuples(st.just("column"), _headers, st.integers(0, 6)),
    st.tuples(st.just("insert column"), _headers),
)
_rows = st.one_of(
    st.tuples(st.just("row"), st.integers(2, 4), st.integers(2, 5)),
    st.tuples(st.just("new row"), st.integers(0, 3)),
)
_sorts = st.one_of(  # these go by what stands in cells, and that may just then be what strayed: not while rowd is at it
    st.tuples(st.just("rows"), _headers),
    st.tuples(st.just("cells"), st.sampled_from(["A2:G4", "A2:G3", "A3:G4"])),
)
_parts = st.tuples(st.just("cells"), st.sampled_from(["A2:C4", "B2:G4", "B2:C3"]))
_story = st.one_of(
    st.tuples(st.lists(_columns | _rows | _sorts, max_size=3), st.dictionaries(st.integers(1, 5), _columns | _rows, max_size=3)),
    st.tuples(st.lists(_rows | _sorts | _parts, max_size=3), st.dictionaries(st.integers(1, 5), _rows, max_size=3)),
)
"""What is moved before the write, and what while its requests are under way, by their number."""


def do(bench: SheetsBench, move: tuple[Any, ...]) -> None:
    match move:
        case "column", header, to:
            bench.move(header, to)
        case "insert column", header:
            bench.person.insert_columns(bench.letters(header))
        case "rows", header:
            bench.sort_by(header)
        case "cells", cells:
            bench.person.sort("B", descending=True, cells=cells)
        case "row", at, before if before not in (at, at + 1):
            bench.person.move_rows(at, at, before)
        case "new row", at:
            bench.insert({"ID": "new", "Name": f"new {len(bench.peek())}"}, at=at)


def texts(bench: SheetsBench) -> list[list[Any]]:
    sheet = bench.person.sheet
    return values.read(sheet, sheet.whole, bench.service.renderer(bench.person.book)).get("values", [])


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(_story, st.dictionaries(st.sampled_from("abc"), st.sampled_from(["1", "2", None]), min_size=1))
@example(([], {1: ("insert column", "Last Result"), 2: ("column", "ID", 5)}), {"a": "1"})  # a stray without a header, moved on
def test_whatever_is_moved_meanwhile_only_what_was_meant_is_changed(
    story: tuple[Sequence[tuple[Any, ...]], Mapping[int, tuple[Any, ...]]], puts: Mapping[str, Cell]
) -> None:
    """Beside a twin, at which the same is moved and rowd writes nothing."""
    before, during = story
    with TemporaryDirectory() as one, TemporaryDirectory() as two:
        bench, twin = SheetsBench(Path(one)), SheetsBench(Path(two))
        try:
            for each in (bench, twin):
                each.person.delete_rows(10, 1000)
            marked(bench)
            twin.person.paste("F2", [["before"]] * 3)
            for move in before:
                do(bench, move)
                do(twin, move)
            asked = [0]

            def listen(request: Request) -> None:
                asked[0] += 1
                if asked[0] in during and request.path.startswith("/v4"):
                    do(bench, during[asked[0]])
                    do(twin, during[asked[0]])

            bench.service.before.append(listen)
            patches = [Patch(key, {"Last Result": text}) for key, text in puts.items()]
            try:
                effects = {p.key: w.effect for p, w in zip(patches, bench.table.write(patches), strict=True)}
            except (OutcomeUnknown, TryLater):
                effects = {}
            bench.service.before.clear()
            bench.table.read()
            shown, expected = texts(bench), texts(twin)
            header = expected[0]
            ids, at = header.index("ID"), header.index("Last Result")
            assert shown[0] == header
            for row, wanted in zip(_even(shown), _even(expected), strict=True):
                key = wanted[ids]
                allowed = {wanted[at]} | ({puts[key] or ""} if key in puts else set())
                assert [*row[:at], *row[at + 1 :]] == [*wanted[:at], *wanted[at + 1 :]]
                assert row[at] in ({puts[key] or ""} if effects.get(key) is Effect.APPLIED else allowed)
        finally:
            bench.close()
            twin.close()


def _even(found: list[list[Any]]) -> list[list[Any]]:
    return [[*row, *[""] * (30 - len(row))] for row in found]
