"""How the daemon and its tables stand, out of the ledger alone: what `rowd status` finds."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta

from msgspec import Struct

from actions.api import Outcome
from config.load import version_of
from config.mistakes import Mistake
from engine.clock import SystemClock
from engine.ledger import DaemonMark, Ledger, Reach, TableMark, WatchMark
from engine.model import Stage
from engine.plan import House
from engine.quota import Allowance
from engine.reacting import REACTIONS
from rowd.allowances import allowances
from rowd.bound import Site
from rowd.cli.endpoint_list import Standing as Endpoint
from rowd.cli.endpoint_list import standings
from rowd.cli.seen import Outlets, outlets
from rowd.cli.site import Gone, behind, ledger_gone, ledger_tables, reading
from rowd.coming import coming
from rowd.heartbeat import Sign, heard, trouble_of
from rowd.house import house
from rowd.note import Note, left
from rowd.view import living, remembered

SOON, DAY = timedelta(hours=1), timedelta(hours=24)
MOST_DUE = 10_000
"""Runs of the next hour are counted up to here."""

_STARTS_NOTHING = frozenset({Reach.HELD, Reach.NO_ACCESS, Reach.ELSEWHERE})


class Table(Struct, frozen=True):
    """One table.

    mark: how it stood when the daemon last said so; None before that.   stages: how many runs are where.
    asked: how many times events have asked rows to run that have not answered yet.
    looked: when the daemon last asked it whether it has changed: it is read only where it has. None where it never was.
    served: whether rowd.toml wants it run.
    """

    name: str
    mark: TableMark | None
    stages: Counter[Stage]
    asked: int
    looked: datetime | None
    served: bool = True

    @property
    def waiting(self) -> int:
        """What has come due, or was asked by events, and has not started."""
        return self.stages[Stage.CLAIMED] + self.stages[Stage.WAITING] + self.asked


class Standing(Struct, frozen=True):
    """All that the command tells.

    mistakes: why rowd.toml can't be used as it is now.   stale: a mark of a daemon that no longer runs.
    note: what the daemon says of itself.   behind: what it works by, where that is not what rowd.toml says now.
    sign: its last sign of life.   gone: the daemon whose ledger was taken away under it.
    due: capped at MOST_DUE; None where it can't be told.   quota: what vendors allow, as far as it matters.
    watches: of rowd.toml's sources those that were looked at.   outlets: its listeners and pings.   overdue: rows, as TABLE/NAME.
    unapproved: how many runs wait for an approval.   endpoints: how each of rowd.toml's stands.
    """

    site: Site
    mistakes: list[Mistake]
    now: datetime
    daemon: DaemonMark | None
    note: Note | None
    behind: str | None
    sign: Sign | None
    stale: DaemonMark | None
    gone: Gone | None
    tables: list[Table]
    house: House
    due: int | None
    day: dict[Outcome, int]
    quota: list[Allowance]
    watches: list[WatchMark]
    outlets: Outlets
    overdue: list[str]
    unapproved: int
    endpoints: list[Endpoint]

    @property
    def trouble(self) -> str | None:
        """What keeps the daemon as a whole from its work; None for nothing."""
        if self.gone is not None:
            return self.gone.message
        return trouble_of(self.site.state, self.sign, self.now) if self.daemon is not None else None

    @property
    def idle(self) -> str | None:
        """Why nothing starts now, in a clause; None where it does."""
        if self.gone is not None:
            return "the daemon has no ledger" if self.gone.process is not None else "the ledger is gone"
        if self.daemon is None:
            return "no daemon is running"
        if self.trouble is not None:
            return "the daemon does not work"
        return "the daemon is stopping" if self.note is not None and self.note.stopping_at is not None else None

    @property
    def refused(self) -> bool:
        """Whether no daemon can take rowd.toml over as it is. What one has taken over is mistaken only where this command runs."""
        return bool(self.mistakes) and (self.note is None or self.note.version != version_of(self.site.config.file))

    @property
    def fine(self) -> bool:
        well = all(t.mark is None or t.mark.state is Reach.OK for t in self.tables if t.served)
        well = well and not any(mark.trouble for mark in self.watches) and not self.outlets.troubled
        return self.daemon is not None and self.trouble is None and well and not self.refused


def standing(site: Site, mistakes: list[Mistake]) -> Standing:
    """mistakes: why rowd.toml can't be used as it is now. Raises ledger errors."""
    clock = SystemClock()
    now = clock.now()
    gone = ledger_gone(site)
    with reading(site, quiet=True) as ledger:
        sign = heard(site.state)
        names = ledger_tables(site) if mistakes else site.tables
        tables = [_table(name, ledger, sign, served=name in site.served or name not in site.tables) for name in names]
        holds = house(site, ledger, now)
        known = not mistakes and any(table.mark is not None for table in tables if table.served)
        due = _due(site, ledger, now, holds, tables) if known else None
        daemon, mark = living(ledger), ledger.daemon() if ledger is not None else None
        note = left(site.state, daemon.process) if daemon is not None else None
        old = behind(site, ledger) if not mistakes else None
        day = dict(ledger.digest(now - DAY, now + SOON).counts) if ledger is not None else {}
        quota = allowances(site.tables, ledger, site.windows, clock)
        marks = ledger.watch_marks() if ledger is not None else {}
        watches = [marks[name] for name in site.parts.sources if name in marks]
        overdue = [f"{of}/{name}" for of, name in ledger.overdue() if of in names] if ledger is not None else []
        unapproved = sum(o.unapproved and o.table in names for o in ledger.active()) if ledger is not None else 0
    stale, sign = (mark, None) if daemon is None else (None, sign)
    return Standing(
        site,
        mistakes,
        now,
        daemon,
        note,
        old,
        sign,
        stale,
        gone,
        tables,
        holds,
        due,
        day,
        quota,
        watches,
        outlets(site, daemon, note),
        overdue,
        unapproved,
        list(standings(site)),
    )


def _table(name: str, ledger: Ledger | None, sign: Sign | None, *, served: bool) -> Table:
    if ledger is None:
        return Table(name, None, Counter(), 0, None, served)
    mark = ledger.table_mark(name)
    looks = [sign.looked.get(name) if sign is not None else None, mark.last_read if mark is not None else None]
    looked = max((at for at in looks if at is not None), default=None)
    stages = Counter(occurrence.stage for occurrence in ledger.active(name))
    asked = sum(request.table == name and request.wish in REACTIONS for request in ledger.requests())
    return Table(name, mark, stages, asked, looked, served)


def _due(site: Site, ledger: Ledger | None, now: datetime, holds: House, tables: list[Table]) -> int:
    """Of tables of which anything starts."""
    stand = {table.name for table in tables if table.mark is not None and table.mark.state in _STARTS_NOTHING}
    rows = [row for view in remembered(site, ledger, now, [n for n in site.served if n not in stand]) for row in view.rows]
    runs = (run for run in coming(rows, now, holds, until=now + SOON) if not run.skipped)
    return sum(1 for _ in zip(range(MOST_DUE), runs, strict=False))
