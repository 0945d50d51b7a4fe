"""Every sentence of `Preparable` and `Examinable` as a test, with the benches of the other suite."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from connectors.api import Examinable, Patch, Preparable, Table
from connectors.preparing import Shape
from engine.columns import Column
from engine.layout import Layout
from engine.shapes import USUAL, shapes
from tests.conformance.suite import COLUMNS, Bench, by_name, read_all, write

NEW = ("Action", "Health", "Do")
"""Columns that the bench's store lacks."""


def usual(headers: Sequence[str]) -> list[Shape]:
    return shapes(Layout.of(headers, {}), [c for c in USUAL if c is not Column.ID], {}, ["greet"])


def every(headers: Sequence[str]) -> list[Shape]:
    return shapes(Layout.of(headers, {}), [c for c in Column if c is not Column.ID], {}, ["greet"])


def preparable(table: Table) -> Preparable:
    assert isinstance(table, Preparable)
    return table


def carry_out(table: Table) -> list[str]:
    """What was done, once nothing is left to be done but what the store refuses."""
    done: list[str] = []
    refused: set[tuple[str, ...]] = set()
    while steps := [step for step in preparable(table).prepare(usual).steps if step.says not in refused]:
        for step in steps:
            if step.take():
                done += step.says
            else:
                assert step.by_hand
                refused.add(step.says)
    return done


class PreparableConformance:
    """`bench` is given by whoever extends this."""

    def writes(self, bench: Bench) -> int:
        """Requests that may change something, since the store was made. A file: how it stands."""
        raise NotImplementedError

    def test_looking_and_planning_change_nothing(self, bench: Bench) -> None:
        before, stood = self.writes(bench), bench.peek()
        assert isinstance(bench.table, Examinable)
        checks = [*bench.table.examine()]
        assert [check for check in checks if check.good is False] == []
        preparation = preparable(bench.table).prepare(usual)
        assert preparation.headers == bench.table.read().columns
        assert sorted(preparation.headers) == sorted(COLUMNS)
        assert preparation.steps
        assert (self.writes(bench), bench.peek()) == (before, stood)

    def test_no_request_goes_out_without_having_been_asked_for(self, bench: Bench) -> None:
        if not bench.table.traits.windows:
            pytest.skip("traits.windows is empty: the store counts nothing")
        assert isinstance(bench.table, Examinable)
        checks = [*bench.table.examine()]
        preparable(bench.table).prepare(usual)
        assert set(bench.gated) == {"read"}
        assert [check.proof().good for check in checks if check.proof is not None] in ([], [True])
        carry_out(bench.table)
        assert "write" in bench.gated
        assert len(bench.gated) == bench.counted() > 0

    def test_what_is_planned_is_what_is_done(self, bench: Bench) -> None:
        preparation = preparable(bench.table).prepare(usual)
        planned = [clause for step in preparation.steps for clause in step.says]
        done = carry_out(bench.table)
        assert set(done) <= set(planned)
        assert {f'add the column "{header}"' for header in NEW} <= {clause.partition(" (")[0] for clause in done}

    def test_a_second_time_there_is_nothing_to_do(self, bench: Bench) -> None:
        done = carry_out(bench.table)
        assert done
        assert carry_out(bench.table) == []
        assert carry_out(bench.reopened()) == []

    def test_columns_are_added_behind_those_that_there_are_and_no_cell_changes(self, bench: Bench) -> None:
        before = bench.peek()
        carry_out(bench.table)
        after = bench.peek()
        if bench.table.traits.ordered:
            assert bench.reopened().read().columns[: len(COLUMNS)] == COLUMNS
        assert {*COLUMNS} < {*bench.reopened().read().columns}
        assert [{header: row[header] for header in COLUMNS} for row in after] == before
        assert all(row[header] is None for row in after for header in NEW)

    def test_a_column_that_a_person_made_meanwhile_is_not_made_again(self, bench: Bench) -> None:
        carry_out(bench.table)
        bench.rename("Notes", "Remarks")
        bench.move("Remarks", len(COLUMNS))
        assert carry_out(bench.reopened()) == []
        assert "Remarks" in bench.reopened().read().columns

    def test_new_columns_can_be_written_and_read_at_once(self, bench: Bench) -> None:
        key = by_name(bench.table)["beta"].key
        carry_out(bench.table)
        read_all(bench.table)
        (written,) = write(bench.table, [Patch(key, {"Health": "OK, next Mon 09:00", "Runs": 3})])
        assert written.unfit == {}
        assert bench.row("beta")["Health"] == "OK, next Mon 09:00"
        assert str(bench.row("beta")["Runs"]) == "3"

    def test_a_table_that_was_read_before_is_written_rightly_after(self, bench: Bench) -> None:
        """A daemon that knows nothing of it: columns appear between its read and its write."""
        rows = by_name(bench.table)
        carry_out(bench.reopened())
        write(bench.table, [Patch(rows["gamma"].key, {"Last Result": "all well"})])
        assert bench.row("gamma")["Last Result"] == "all well"
        assert [row["Last Result"] for row in bench.peek()].count("all well") == 1

    @pytest.mark.parametrize("name", ["Time Zone", "Priority", "Jitter"])
    def test_every_column_can_be_had(self, bench: Bench, name: str) -> None:
        for step in preparable(bench.table).prepare(every).steps:
            step.take()
        assert name in bench.reopened().read().columns
