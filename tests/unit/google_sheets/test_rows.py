"""New rows and removed ones; the grid grows, and nothing is written over."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from connectors.api import Effect
from connectors.errors import Bug, NeedsOwner, OutcomeUnknown
from tests.conformance.sheets_bench import SheetsBench, World
from tests.unit.google_sheets.conftest import Make
from tests.unit.google_sheets.test_writes import MARK, READ, at_request


def editable(bench: SheetsBench) -> Any:
    return bench.table


def test_new_rows_take_one_request_and_are_marked_at_once(bench: SheetsBench) -> None:
    bench.table.read()
    bench.asked()
    assert editable(bench).create([{"ID": "d", "Name": "delta"}, {"Name": "epsilon"}])[0] == "d"
    assert bench.asked() == [MARK]
    assert all(row.handle is not None for row in bench.table.read().rows[3:])


def test_the_tab_grows_where_it_is_full(bench: SheetsBench) -> None:
    bench.person.delete_rows(5, bench.person.sheet.height)
    bench.table.read()
    assert editable(bench).create([{"ID": "d", "Name": "delta"}, {"ID": "e", "Name": "epsilon"}]) == ["d", "e"]
    assert [row["Name"] for row in bench.peek()] == ["alpha", "beta", "gamma", "delta", "epsilon"]
    assert bench.person.sheet.height == 6


def test_the_first_row_of_an_empty_table(bench: SheetsBench) -> None:
    bench.person.clear("A2:G4")
    bench.table.read()
    assert editable(bench).create([{"ID": "d", "Name": "delta"}]) == ["d"]
    assert [row.key for row in bench.table.read().rows] == ["d"]


def test_values_take_the_form_of_the_row_above(make: Make) -> None:
    bench = make(World(dated=("Next Run",)))
    bench.table.read()
    at = datetime(2026, 7, 1, 7, 30, tzinfo=UTC)
    editable(bench).create([{"ID": "d", "Name": "delta", "Next Run": at, "Notes": at, "Priority": 2, "Status": True}])
    cells = bench.table.read().rows[-1].cells
    assert (cells["Next Run"], cells["Notes"], cells["Priority"], cells["Status"]) == (at, "2026-07-01T07:30:00Z", 2, True)


def test_a_row_without_anything_is_a_bug(bench: SheetsBench) -> None:
    bench.table.read()
    for cells in ({}, {"No Such Column": "x"}, {"Name": None}):
        with pytest.raises(Bug, match="at least one cell"):
            editable(bench).create([cells])


def test_rows_inserted_meanwhile_are_not_written_over(bench: SheetsBench) -> None:
    bench.table.read()
    at_request(bench, MARK, lambda: bench.insert({"ID": "z", "Name": "new"}, at=3))
    assert editable(bench).create([{"ID": "d", "Name": "delta"}]) == ["d"]
    assert {row["Name"] for row in bench.peek()} == {"alpha", "beta", "gamma", "new", "delta"}


def test_columns_moved_meanwhile_are_told(bench: SheetsBench) -> None:
    bench.table.read()
    at_request(bench, MARK, lambda: bench.move("Status", 0))
    with pytest.raises(OutcomeUnknown, match="wrong headers"):
        editable(bench).create([{"ID": "d", "Name": "delta"}])


def test_removing_rows_takes_a_read_and_a_write(bench: SheetsBench) -> None:
    bench.table.read()
    bench.sort_by("Priority")
    bench.asked()
    assert editable(bench).delete(["a", "nobody", "c", "a"]) == [Effect.APPLIED, Effect.MISSING, Effect.APPLIED, Effect.APPLIED]
    assert bench.asked() == [READ, MARK]
    assert [row["Name"] for row in bench.peek()] == ["beta"]


def test_removing_another_row_than_was_meant_is_told(bench: SheetsBench) -> None:
    bench.table.read()
    at_request(bench, MARK, lambda: bench.person.move_rows(2, 2, 5))
    with pytest.raises(NeedsOwner, match="Version history"):
        editable(bench).delete(["a"])
