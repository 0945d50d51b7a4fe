"""What goes into the ledger comes out as it was."""

from __future__ import annotations

import random
import sqlite3
from contextlib import closing
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from actions.api import Outcome
from engine.approval import Approval
from engine.columns import Column
from engine.ledger import Ledger, new_run_id
from engine.ledger.codec import all_unpacked, instant, micros, packed, prose, unpacked
from engine.ledger.ids import new_run_ids
from engine.ledger.values import occurrence_of, values_of
from engine.links import Round
from engine.made import Made
from engine.model import Cause, Occurrence, RowState, Stage
from engine.promises import Overdue, Owed, Promises
from tests.unit.ledger.making import DAY, NOON, claimed, occurrence, row

instants = st.datetimes(datetime(1700, 1, 1), datetime(2400, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 (the zone comes beside)
cells = st.one_of(
    st.text(st.characters(), max_size=8),
    st.integers(),
    st.floats(allow_nan=False),
    st.booleans(),
    st.none(),
    st.dates(),
    st.datetimes(timezones=st.sampled_from([UTC, timezone(timedelta(hours=5, minutes=30))])),
)


@given(st.dictionaries(st.text(max_size=5), cells, max_size=4))
@settings(max_examples=150)
def test_cells_come_back_with_their_types(row_cells: dict[str, object]) -> None:
    stored = packed(row_cells).encode().decode()
    back = unpacked(stored)
    assert back == row_cells
    assert [type(v) for v in back.values()] == [type(v) for v in row_cells.values()]


@pytest.mark.parametrize("odd", [float("inf"), float("-inf"), "caf\udce9", 2**70, -(2**70), "\u2028\x00", 1e-320])
def test_what_is_json_only_in_the_eyes_of_some_comes_back(odd: object) -> None:
    assert unpacked(packed({"Odd": odd})) == {"Odd": odd}
    assert all_unpacked(packed({"Odd": odd}), packed([odd])) == [{"Odd": odd}, [odd]]


def test_a_stranger_column_called_datetime_is_only_text() -> None:
    assert unpacked(packed({"datetime": "2026-01-01", "date": "x"})) == {"datetime": "2026-01-01", "date": "x"}


def test_a_date_is_no_datetime_when_it_comes_back() -> None:
    back = unpacked(packed({"d": date(2026, 3, 1), "t": NOON}))
    assert type(back["d"]) is date
    assert type(back["t"]) is datetime


@given(instants)
def test_an_instant_comes_back_to_the_microsecond(moment: datetime) -> None:
    assert instant(micros(moment)) == moment


def test_half_a_surrogate_pair_in_a_message_does_not_stop_the_record() -> None:
    assert prose("caf\udce9 ü") == "caf\\udce9 ü"


def test_every_field_of_an_occurrence_survives() -> None:
    full = Occurrence(
        id="r1",
        table="ops",
        key="k",
        task="t",
        trigger="at:x",
        cause=Cause.RETRY,
        due=NOON - DAY,
        claimed_at=NOON + DAY,
        stage=Stage.ENDED,
        action="a",
        parameters={"p": 1, "q": 1.0, "r": True, "s": "ü"},
        timeout=timedelta(seconds=7),
        attempts=4,
        repeatable=True,
        retry_wait=timedelta(microseconds=3),
        priority=-2,
        by="cli:me",
        attempt=2,
        started_at=NOON + 2 * DAY,
        retry_at=NOON + 3 * DAY,
        outcome=Outcome.TIMED_OUT,
        reason="why",
        outputs={"coverage": 78.5},
        links=("x", "y"),
        ended_at=NOON + 4 * DAY,
        duration=timedelta(0),
        count=5,
        last_due=NOON + 5 * DAY,
        stopping="cancelled by ann",
        event={"source": "inbox", "number": 2},
        approval=Approval(NOON, "d", "r", "t", True, NOON + DAY, "cli:ann", NOON, "looks good", "the row was edited"),
    )
    plain = occurrence()
    assert all(getattr(full, f) != getattr(plain, f) for f in Occurrence.__struct_fields__ if f != "table")
    assert occurrence_of(list(values_of(full).values())) == full
    assert occurrence_of(list(values_of(plain).values())) == plain


def test_every_field_of_a_row_survives(ledger: Ledger) -> None:
    full = row(
        "k",
        cells={Column.NAME: "n", "Stranger": NOON, "n": 3},
        first_seen=NOON + DAY,
        changed_at=NOON + 2 * DAY,
        since=NOON + 3 * DAY,
        settled_until=NOON + 4 * DAY,
        anchor=NOON + 5 * DAY,
        count=2.5,
        armed=True,
        fires=3,
        absent_since=NOON + 6 * DAY,
        deleted_at=NOON + 7 * DAY,
        snoozed_until=NOON + 8 * DAY,
        handle="h",
        sent={Column.HEALTH: "OK", "d": date(2026, 1, 2)},
        stood={Column.HEALTH: "ok"},
        shown=(("f1", {"Current": 3}), ("f2", {"Current": None, "Do": NOON})),
        pressed=("p1", "p2"),
        marked=True,
        note="a note",
        meant={Column.CURRENT: 4},
        skip_until=NOON + 9 * DAY,
        skip_by="cli:ann",
        round=Round(frozenset({"r1", "r2"}), broken=True),
        promises=Promises((Owed(NOON, NOON, NOON + DAY), Owed(NOON + DAY, NOON)), Overdue(NOON, NOON + DAY, "why", 2)),
        made=Made("r1", "build", NOON, NOON + DAY, None, NOON + 2 * DAY),
    )
    plain = row("a")
    assert all(getattr(full, f) != getattr(plain, f) for f in RowState.__struct_fields__ if f != "table")
    with ledger.transaction():
        ledger.save_rows([plain, replace(full, count=1)])
        ledger.save_rows([full])
    assert ledger.rows("ops", deleted=True) == [plain, full]
    assert ledger.rows("ops") == [plain]
    assert ledger.rows("other") == []


def test_a_round_of_before_rows_could_wait_for_other_tables_is_still_read(tmp_path: Path) -> None:
    ledger = Ledger.open(tmp_path / "old.sqlite")
    with ledger.transaction():
        ledger.save_rows([row("k", round=Round(frozenset({"r1"}), broken=True))])
    ledger.close()
    with closing(sqlite3.connect(tmp_path / "old.sqlite")) as plain:
        plain.execute("UPDATE rows SET round = ?", ('{"taken":{"p":"r1","q":"r2"},"broken":false}',))
        plain.commit()
    with closing(Ledger.open(tmp_path / "old.sqlite")) as ledger:
        assert [one.round for one in ledger.rows("ops")] == [Round(frozenset({"r1", "r2"}))]


def test_a_claimed_occurrence_stands_in_the_file_as_it_was(ledger: Ledger) -> None:
    (made,) = claimed(ledger, occurrence(parameters={"threshold": 80, "ratio": 1.0, "loud": False}))
    assert ledger.occurrence(made.id) == made
    assert type(ledger.active()[0].parameters["ratio"]) is float


@given(st.lists(instants, min_size=2, max_size=6), st.integers())
def test_ids_of_runs_sort_by_time(moments: list[datetime], seed: int) -> None:
    moments = [m.replace(year=max(1970, m.year)) for m in moments if (m.month, m.day) != (2, 29)]
    draw = random.Random(seed).randbytes  # noqa: S311 (a test's lot, not a secret)
    ids = [(micros(m) // 1000, new_run_id(m, draw)) for m in moments]
    assert [i for _, i in sorted(ids)] == [i for _, i in sorted(ids, key=lambda pair: pair[1])]


def test_an_id_is_the_same_for_the_same_instant_and_lot() -> None:
    assert new_run_id(NOON, lambda n: bytes(range(n))) == "1kjmma2g0-000g40r4"


def test_a_thousand_ids_of_one_millisecond_differ() -> None:
    draw = random.Random(7).randbytes  # noqa: S311 (a test's lot, not a secret)
    assert len({new_run_id(NOON, draw) for _ in range(1000)} | set(new_run_ids(1000, NOON, draw))) == 2000


def test_ids_drawn_together_are_those_drawn_one_by_one() -> None:
    one, many = random.Random(7).randbytes, random.Random(7).randbytes  # noqa: S311 (a test's lot, not a secret)
    drawn = one(5 * 40)
    single = [new_run_id(NOON, lambda n, at=at: drawn[5 * at : 5 * at + n]) for at in range(40)]
    assert new_run_ids(40, NOON, many) == single
    assert new_run_ids(0, NOON, many) == []
