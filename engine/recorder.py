"""Tells the history beside one table what has ended. What it owes it stands in the ledger; here is only when it is told.

It never stands in the way of rows: what keeps a history from being told is said once, and tried again seldom.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import timedelta

from connectors.api import Journaling, Patch, Recorded, Written
from connectors.errors import Bug, NeedsOwner, NoRoom, TableError, TryLater
from engine.clock import Clock
from engine.committer import Commits
from engine.journal import entry_of
from engine.ledger import LedgerError, Untold
from engine.patience import PatientTable
from engine.quota import Purpose

GATHERED = 5.0
"""Seconds for which ends are gathered into one request, or wait to go out with what rows are told."""

AGAIN, SELDOM = timedelta(minutes=1), timedelta(minutes=15)
"""How soon a history that could not be told is tried again; and one that waits for a person."""

LONGEST = timedelta(hours=1)
"""So far apart, at the most, is it told, so that a month lasts."""


class Recorder:
    """One table's. Instants are seconds on the monotonic clock.

    trouble: why the history can't be told, for the person who must do something about it; none or one sentence.
    """

    def __init__(
        self, name: str, table: PatientTable, clock: Clock, journal: Journaling | None = None, commits: Commits | None = None
    ) -> None:
        """journal, commits: None where no history is kept: then nothing is owed."""
        self.trouble: tuple[str, ...] = ()
        self._name, self._table, self._clock = name, table, clock
        self._journal = journal or Journaling(1, together=False)
        self._commits = commits
        self._owes = commits is not None  # an earlier daemon may have left something
        self._since: float | None = None
        self._earliest = 0.0
        self._out: tuple[Sequence[Untold], Recorded] | None = None  # told, and not yet settled

    def ended(self) -> None:
        """Something of the table has ended."""
        self._owes = self._commits is not None

    def due(self) -> float | None:
        """When to tell it, by itself; None while nothing is owed. Asked again and again while something is."""
        if not self._owes:
            return None
        if self._since is None:
            self._since = self._clock.monotonic()
        return max(self._earliest, self._since + GATHERED)

    def waits(self) -> bool:
        """Whether it is not to be tried yet."""
        return self._clock.monotonic() < self._earliest

    async def carry(self, patches: Sequence[Patch]) -> list[Written]:
        """Carry out patches; the history is told along where that takes no request of its own. Without patches it alone is.

        Raises as `PatientTable.write` does: then what it is told may have landed, and is told again.
        """
        owed = [] if patches and not self._journal.together else await self._owed()
        if not owed:
            return await self._table.write(patches) if patches else []
        try:
            recorded = await self._table.record(patches, [entry_of(occurrence) for _, occurrence in owed])
        except asyncio.CancelledError:  # as above
            self._postponed(timedelta(0))
            raise
        except BaseException:  # whatever it is, nobody knows that it was told
            self._postponed(AGAIN if not patches else timedelta(0))
            raise
        self._out = owed, recorded
        return recorded.written

    async def _owed(self) -> list[Untold]:
        """What is to be told now, the oldest first."""
        if self._commits is None or not self._owes or self.waits():
            return []
        self._owes, self._since = False, None  # before the look: what ends meanwhile counts
        try:
            return await self._commits.read(lambda ledger: ledger.untold(self._name, self._journal.entries))
        except LedgerError:  # rows don't wait for it
            self._postponed(AGAIN)
            return []
        except asyncio.CancelledError:  # rowd stops, and tries it once more
            self._postponed(timedelta(0))
            raise

    async def settle(self) -> None:
        """What the store has by now is owed no longer."""
        out, self._out = self._out, None
        if out is None or self._commits is None:
            return
        owed, recorded = out
        apart = timedelta(0) if self._journal.together else self._table.done(Purpose.RECORD)
        if recorded.trouble is not None:
            self._failed(recorded.trouble)
            return
        self.trouble = ()
        more = len(owed) == self._journal.entries
        self._owes |= more or bool(recorded.lost)
        if more and not self._journal.together:
            self._since = 0.0  # nothing need be gathered; else it is not to take the requests that rows need
        else:
            self._earliest = self._clock.monotonic() + min(apart, LONGEST).total_seconds()
        until = max(version for version, _ in owed)
        try:
            await self._commits.do(lambda ledger: ledger.told(self._name, until, recorded.lost), point="marks")
        except LedgerError:  # it is told again then, which changes nothing
            self._owes = True

    def _failed(self, exc: TableError) -> None:
        wait = exc.wait if isinstance(exc, TryLater) and exc.wait is not None else AGAIN
        if isinstance(exc, NeedsOwner | NoRoom | Bug):
            self.trouble, wait = (str(exc),), max(wait, SELDOM)
        self._postponed(wait)

    def _postponed(self, wait: timedelta) -> None:
        self._owes = True
        self._earliest = self._clock.monotonic() + wait.total_seconds()


async def recorder_of(name: str, table: PatientTable, clock: Clock, commits: Commits) -> Recorder | None:
    """What tells the history beside this table, which begins now where none was kept before. None where none is wanted: one that
    was kept ends.
    """
    journal = table.traits.journal
    kept = name in await commits.read(lambda ledger: ledger.journals())
    if kept and journal is None:
        await commits.do(lambda ledger: ledger.end_journal(name), point="marks")
    if journal is None:
        return None
    if not kept:
        await commits.do(lambda ledger: ledger.begin_journal(name), point="marks")
    return Recorder(name, table, clock, journal, commits)
