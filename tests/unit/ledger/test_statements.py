"""Statements for many rows at once, held against the same rows one by one."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.dialects.sqlite import insert

from actions.api import Outcome, Result
from engine.ledger import AttemptEnd, IllegalMove, Ledger
from engine.ledger.statements import LARGEST_STEP, Compiled, Statements, table_of
from engine.model import Edit, Stage
from tests.unit.ledger.making import MINUTE, NOON, claimed, missed, occurrence, row

NUMBERS = sa.Table(
    "numbers", sa.MetaData(), sa.Column("n", sa.Integer, primary_key=True), sa.Column("twice", sa.Integer), sa.Column("by", sa.Text)
)
_given = table_of("of", "now")
DOUBLE = sa.update(NUMBERS).where(NUMBERS.c.n == _given.c.of, NUMBERS.c.by != "nobody").values(twice=_given.c.now, by="all")


@given(st.integers(1, 3 * LARGEST_STEP))
def test_each_row_is_written_once_whatever_their_number(number: int) -> None:
    base = sqlite3.connect(":memory:")
    base.execute("CREATE TABLE numbers (n INTEGER PRIMARY KEY, twice INTEGER, by TEXT)")
    statements = Statements()
    for statement, values in (
        (insert(NUMBERS).on_conflict_do_nothing(index_elements=["n"]), [{"n": n, "twice": 0, "by": "one"} for n in range(number)]),
        (DOUBLE, [{"of": n, "now": 2 * n} for n in range(number)]),
    ):
        steps = list(statements.compiled(statement, values[0]).steps(values))
        assert len(steps) <= number // LARGEST_STEP + 8
        for sql, each in steps:
            base.execute(sql, each)
    assert base.execute("SELECT * FROM numbers ORDER BY n").fetchall() == [(n, 2 * n, "all") for n in range(number)]
    base.close()


@pytest.mark.parametrize("number", [1, 255, 256, 257, 600])
def test_of_many_claims_each_is_answered_for_itself(ledger: Ledger, number: int) -> None:
    claimed(ledger, *(occurrence(f"k{n}", trigger="at:1") for n in range(0, number, 7)))
    wanted = [occurrence(f"k{n}", trigger="at:1") for n in range(number)]
    with ledger.transaction():
        taken = ledger.claim(wanted)
    assert taken == [n % 7 != 0 for n in range(number)]


def test_of_many_attempts_one_that_may_not_begin_is_noticed(ledger: Ledger) -> None:
    those = [occurrence(f"k{n}") for n in range(300)]
    claimed(ledger, *those)
    with ledger.transaction():
        ledger.begin([(o.id, 1) for o in those[:299]], NOON)
    assert sum(o.stage is Stage.RUNNING for o in ledger.active()) == 299
    with pytest.raises(IllegalMove), ledger.transaction():
        ledger.begin([(those[299].id, 1), (those[0].id, 1)], NOON)


def test_many_rows_move_and_no_other(ledger: Ledger, path: Path) -> None:
    states = [row(f"k{n}") for n in range(700)]
    with ledger.transaction():
        ledger.save_rows(states)
        ledger.move_rows(s._replace(settled_until=NOON + timedelta(seconds=n), fires=n) for n, s in enumerate(states[:600]))
    moved = {s.key: (s.settled_until, s.fires) for s in ledger.rows("ops")}
    assert all(moved[f"k{n}"] == (NOON + timedelta(seconds=n), n) for n in range(600))
    assert all(moved[f"k{n}"] == (states[n].settled_until, 0) for n in range(600, 700))


def test_what_every_turn_asks_and_writes_is_compiled_once(ledger: Ledger) -> None:
    class Asked(Statements):
        """Keeps every statement that it is given, so that none takes the place of another."""

        def __init__(self) -> None:
            super().__init__()
            self.kept: dict[int, sa.Executable] = {}

        def compiled(self, statement: sa.Executable, values: Mapping[str, Any]) -> Compiled:
            self.kept[id(statement)] = statement
            return super().compiled(statement, values)

    ledger._statements = asked = Asked()

    def turn(number: int) -> None:
        run = occurrence(trigger=f"at:{number}")
        with ledger.transaction():
            ledger.save_rows([row("a")])
            ledger.record_edits([Edit("ops", "a", "task a", "Notes", None, f"note {number}", NOON, "person")])
            ledger.record([missed(minute=number)])
            ledger.claim([run])
            ledger.begin([(run.id, 1)], NOON)
        with ledger.transaction():
            ledger.end_attempts([AttemptEnd(run.id, 1, NOON, Result(Outcome.SUCCEEDED, "ok"), MINUTE)])
        assert ledger.tallies("ops", ["a"]).keys() == {"a"}
        assert len(ledger.attempts(run.id)) == 1

    turn(1)
    known = set(asked.kept)
    turn(2)
    assert asked.kept.keys() == known
