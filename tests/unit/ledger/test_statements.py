"""Statements put together, and what many rows at once come to: the same as these rows one by one."""

from __future__ import annotations

import importlib
import pkgutil
import re
import sqlite3
from collections import defaultdict
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

import engine.ledger
from actions.api import Outcome, Result
from engine.ledger import AttemptEnd, IllegalMove, Ledger
from engine.ledger.statements import insert, upsert, where, with_columns
from engine.ledger.steps import LARGEST_STEP, steps
from engine.links import Round
from engine.model import Edit, RowState, Stage
from tests.unit.ledger.making import MINUTE, NOON, claimed, missed, occurrence, row

PUT = insert("numbers", ("n", "twice", "by")) + " ON CONFLICT (n) DO NOTHING"
DOUBLE = """
    WITH given (n, twice) AS (VALUES (:n, :twice))
    UPDATE numbers
    SET twice = given.twice, "by" = 'all'
    FROM given
    WHERE numbers.n = given.n
"""


@given(st.integers(1, 3 * LARGEST_STEP))
def test_each_row_is_written_once_whatever_their_number(number: int) -> None:
    base = sqlite3.connect(":memory:")
    base.execute('CREATE TABLE numbers (n INTEGER PRIMARY KEY, twice INTEGER, "by" TEXT)')
    for statement, values in (
        (PUT, [{"n": n, "twice": 0, "by": "one"} for n in range(number)]),
        (DOUBLE, [{"n": n, "twice": 2 * n} for n in range(number)]),
    ):
        together = steps(statement)
        assert together is not None
        sent = list(together.of(values))
        assert len(sent) <= number // LARGEST_STEP + 8
        for sql, each in sent:
            base.execute(sql, each)
    assert base.execute("SELECT * FROM numbers ORDER BY n").fetchall() == [(n, 2 * n, "all") for n in range(number)]
    base.close()


def test_a_row_of_one_value_is_a_row() -> None:
    together = steps(insert("numbers", ("n",)))
    assert together is not None
    assert list(together.of([{"n": 1}, {"n": 2}])) == [('INSERT INTO numbers ("n") VALUES (?), (?)', (1, 2))]


@pytest.mark.parametrize(
    "sql",
    [
        "DELETE FROM numbers WHERE n = :n",
        "WITH given (n) AS (VALUES (:n)) UPDATE numbers SET twice = :twice FROM given WHERE numbers.n = given.n",
        "INSERT INTO numbers (n, twice) VALUES (:n, 0)",
    ],
)
def test_what_has_values_elsewhere_takes_its_rows_one_by_one(sql: str) -> None:
    assert steps(sql) is None


def test_a_row_takes_the_place_of_the_one_with_its_key() -> None:
    base = sqlite3.connect(":memory:")
    base.execute('CREATE TABLE numbers (n INTEGER PRIMARY KEY, twice INTEGER, "by" TEXT)')
    put = upsert("numbers", ("n", "twice", "by"), ("n",))
    for n, by in ((1, "one"), (2, "one"), (1, "two")):
        base.execute(put, {"n": n, "twice": 2 * n, "by": by})
    known = with_columns("SELECT {these} FROM numbers AS these", these=("by", "n"))
    assert base.execute(known + where({}) + " ORDER BY n").fetchall() == [("two", 1), ("one", 2)]
    for wanted, found in ((True, []), (False, [("one", 2)])):
        asked = where({"n > :least": True, "twice < :most": wanted})
        assert base.execute(known + asked, {"least": 1, "most": 3}).fetchall() == found
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


def test_many_rows_move_and_no_other(ledger: Ledger) -> None:
    states = [row(f"k{n}") for n in range(700)]

    def moved(n: int) -> RowState:
        at = NOON + timedelta(seconds=n)
        step = {"settled_until": at, "snoozed_until": at + MINUTE, "skip_until": at + 2 * MINUTE}
        step |= {"round": Round(frozenset({f"r{n}"}), broken=bool(n % 2))}
        return replace(states[n], **step, count=n + 0.5, armed=True, fires=n, skip_by=f"cli:{n}")

    with ledger.transaction():
        ledger.save_rows(states)
        ledger.move_rows(replace(moved(n), cells={"Name": "not of a move"}, note="neither") for n in range(600))
    assert ledger.rows("ops") == [*map(moved, range(600)), *states[600:]]


def statements() -> dict[str, str]:
    """All that stand in the ledger's modules, by their names there."""
    found: dict[str, str] = {}
    for module in pkgutil.iter_modules(engine.ledger.__path__):
        for name, value in vars(importlib.import_module(f"engine.ledger.{module.name}")).items():
            for n, text in enumerate(value if isinstance(value, tuple) else (value,)):
                if isinstance(text, str) and re.match(r"\s*(WITH|SELECT|INSERT|UPDATE|DELETE)\b", text):
                    found[f"{module.name}.{name}.{n}"] = text
    return found


def test_no_name_in_a_statement_is_taken_for_a_text(ledger: Ledger) -> None:
    """SQLite takes a word in double quotes that is no column's name for a text; one in brackets never."""
    found = statements()
    assert len(found) > 60
    for sql in found.values():
        plain = re.sub(r'"(\w+)"', r"[\1]", sql)
        assert ledger._connection.execute(f"EXPLAIN {plain}", defaultdict(lambda: None)).fetchall(), sql


def test_what_every_turn_asks_and_writes_is_prepared_once(ledger: Ledger) -> None:
    prepared: list[object] = []

    def told(*what: object) -> int:  # SQLite asks this while it prepares a statement, never while it runs one
        prepared.append(what)
        return sqlite3.SQLITE_OK

    ledger._connection.set_authorizer(told)

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
    assert prepared
    prepared.clear()
    turn(2)
    assert prepared == []
