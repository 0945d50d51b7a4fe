"""Rows that a command makes inside a run: as drafts, so many at most, and announced in the ledger before they are made.

What a run's environment says tells that this is one. It is a seat belt against loops and floods, no wall: whoever can take the
variables away, or write the table's file, passes by.
"""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta, tzinfo

from msgspec import Struct, field

from connectors.api import PROVISIONAL, Cell
from connectors.errors import NeedsOwner, OutcomeUnknown, TableError, TryLater
from engine.cells import LONGEST_NAME, text
from engine.clock import Clock
from engine.columns import Column
from engine.crash import VARIABLE, CrashPoints
from engine.drafts import is_open
from engine.identity import id_of
from engine.ledger import Ledger, LedgerMissing
from engine.made import Made
from engine.model import RowState, Status
from engine.wording import cut, moment
from rowd.bound import Bound
from rowd.saying import plural, when

_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f]+")


class TooMany(Exception):
    """Runs have made as many rows of a table as they may: what that comes to, and the remedy."""


class Run(Struct, frozen=True):
    """In which run a command was called.   id: the run's.   table, task: where its row stands, and the row's Name."""

    id: str
    table: str
    task: str

    def called(self, table: str) -> str:
        """Its row, for whoever looks at this table."""
        return self.task if self.table in ("", table) else f"{self.table}/{self.task}"


def run_around(environment: Mapping[str, str] = os.environ) -> Run | None:
    """The run in which this is called; None outside of any. Its names are as its environment has them, cut to what is usual."""
    if not (id_ := _plain(environment.get("ROWD_RUN_ID", ""), 64)):
        return None
    return Run(id_, _plain(environment.get("ROWD_TABLE", ""), 64), _plain(environment.get("ROWD_TASK", ""), LONGEST_NAME))


def _plain(said: str, most: int) -> str:
    return cut(_UNPRINTABLE.sub(" ", said), most)


class Making(Struct):
    """Rows about to be made.

    rows: their canonical cells, as they are to be made.   made: of what run they are; None outside of any.
    keys: of those that were made, in their order: whoever makes them adds them.
    """

    rows: list[dict[str, Cell]]
    made: Made | None = None
    keys: list[str] = field(default_factory=list)


@contextmanager
def making(
    bound: Bound, rows: Sequence[Mapping[str, Cell]], *, columns: Sequence[str], keyed: bool, clock: Clock
) -> Iterator[Making]:
    """Make these rows of a table in the block.   columns: the canonical names of those that the table has.
    keyed: whether it knows a row by what stands under ID.

    Inside a run, and where a daemon runs the table's rows, they become drafts, and the ledger knows of them before they are there.
    What was surely not made is taken out again.
    Raises: TooMany, NeedsOwner for a table that has no Status, TryLater where there is no ledger yet, ledger errors.
    """
    run = run_around() if bound.served else None
    if run is None or not rows:
        yield Making([dict(cells) for cells in rows])
        return
    name, crash = bound.rules.rules.table, CrashPoints(os.environ.get(VARIABLE))
    if Column.STATUS not in columns:
        raise NeedsOwner(
            f"{name}: rows that a run makes are drafts, and the table has no column Status to say so. Add it, or set"
            " columns.Status in rowd.toml. Nothing was made."
        )
    made = Made(run.id, run.called(name), now := clock.now(), _until(now, bound.drafts_expire))
    ready = Making([{**cells, str(Column.STATUS): str(Status.DRAFT)} for cells in rows], made)
    with _ledger(bound) as ledger:
        crash.at("announce.before")
        with ledger.transaction():
            _room(ledger, bound, len(rows))
            numbers = ledger.announce(name, [_announced(cells, keyed=keyed) for cells in rows], made)
        crash.at("announce.after")
        try:
            yield ready
        except OutcomeUnknown:  # what may have been made stays announced
            _name(ledger, numbers, ready.keys)
            raise
        except TableError:
            _name(ledger, numbers, ready.keys)
            with ledger.transaction():
                ledger.forget_announced(numbers[len(ready.keys) :])
            raise
        crash.at("announce.made")
        _name(ledger, numbers, ready.keys)


KEPT_FROM_RUNS = frozenset({Column.STATUS, Column.NAME})
"""What no run changes of a draft that one has made: Status would activate it; a table without IDs knows a row by its Name."""


def unmoved(state: RowState, columns: Collection[str]) -> str | None:
    """Why a command that is called in a run may not put something else into these columns of the row; None where it may."""
    if KEPT_FROM_RUNS.isdisjoint(columns) or state.made is None or not is_open(state) or run_around() is None:
        return None
    return (
        f"it was made by {state.made.maker}, and no run activates or renames what a run has made: a person does, who puts `active`"
        " into its Status, or calls `rowd resume` outside of a run"
    )


def _until(now: datetime, expire: timedelta | None) -> datetime | None:
    """The instant, as people say such: where the span is no short one, the next full minute."""
    if expire is None or expire < timedelta(hours=1):
        return now + expire if expire is not None else None
    return (now + expire + timedelta(minutes=1)).replace(second=0, microsecond=0)


@contextmanager
def _ledger(bound: Bound) -> Iterator[Ledger]:
    try:
        ledger = Ledger.open(bound.ledger, migrate=False)
    except LedgerMissing as exc:
        raise TryLater(
            f"No daemon has run here yet, so nobody could know that a run has made rows of {bound.rules.rules.table}. Start it once"
            " (`rowd run`), then repeat the command. Nothing was made."
        ) from exc
    try:
        yield ledger
    finally:
        ledger.close()


def _room(ledger: Ledger, bound: Bound, number: int) -> None:
    """Raises TooMany where no room is left for so many."""
    there, most, table = ledger.open_drafts(bound.rules.rules.table), bound.max_made_by_runs, bound.rules.rules.table
    if there + number <= most:
        return
    more = "another one" if number == 1 else f"{number:,} more"
    raise TooMany(
        f"{table} has {plural(there, 'draft')} that runs have made, and {more} would be beyond tables.{table}.max_made_by_runs ="
        f" {most}: nothing was made. Activate or delete some (`rowd list --status draft`), or raise max_made_by_runs in rowd.toml."
    )


def _announced(cells: Mapping[str, Cell], *, keyed: bool) -> tuple[str | None, str]:
    """What the row will be known by, where that is settled, and its Name."""
    return id_of(cells.get(Column.ID)) if keyed else None, text(cells.get(Column.NAME)) or ""


def _name(ledger: Ledger, numbers: Sequence[int], keys: Sequence[str]) -> None:
    """Of those that were made, the keys. One that says where the row stands for now is none."""
    lasting = {n: key for n, key in zip(numbers, keys, strict=False) if not key.startswith(PROVISIONAL)}
    with ledger.transaction():
        ledger.name_announced(lasting)


def activated_by(name: str, made: Made, zone: tzinfo) -> str:
    """What is said of one new draft."""
    until = f"; else it expires {moment(made.until, zone)}" if made.until is not None else ""
    return (
        f"a draft, for a run has made it ({made.maker}). It runs once a person puts `active` into its Status, or calls"
        f" `rowd resume {shlex.quote(name)}` outside of a run{until}"
    )


def made_by(made: Made | None, zone: tzinfo, now: datetime) -> str:
    """Which run has made a row, when, and what became of that; "" for none."""
    if made is None:
        return ""
    said = f"{made.maker}, {when(made.at, zone, now)}"
    if made.kept_at is not None:
        return f"{said}; activated by {when(made.kept_at, zone, now)}"
    if made.expired_at is not None:
        return f"{said}; expired"
    return f"{said}; expires {when(made.until, zone, now)}" if made.until is not None else said


def drafted(table: str, number: int) -> str:
    """What is said of many."""
    they = "The row that was made there is a draft" if number == 1 else f"The {number} rows that were made there are drafts"
    return f"{table}: {they}, for this was called in a run: a person activates them (Status, or `rowd resume` outside of a run)"
