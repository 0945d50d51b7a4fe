"""Tells one table what it has yet to be told: its rows, and the history beside it. Each write is held against its answer."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime, timedelta

from connectors.api import PROVISIONAL, Cell, Effect, Patch, Written
from connectors.errors import NeedsOwner, OutcomeUnknown, TableError, TryLater
from engine.clock import Clock
from engine.columns import SHARED
from engine.crash import Crash
from engine.events import Listener, TableDoubted, TableUnwritable, TableWritable
from engine.findings import Findings
from engine.keeper import Keeper
from engine.outgoing import Outgoing, patches, something_to_tell
from engine.pace import Pace
from engine.patience import PatientTable
from engine.plan import bare
from engine.recorder import Recorder

AFTER_TROUBLE = timedelta(seconds=5)
"""How soon a table that failed is tried again, unless its own poll is slower and it needs its owner."""

Deliver = Callable[[Keeper, Callable[[datetime], Findings]], Awaitable[None]]
"""Hand in what was read or written, to be looked at in a turn; returns once it is durable."""

WorkWaits = Callable[[], bool]
"""Whether something waits for a turn, or for a worker."""


class Teller:
    """One table's. Its tender says when."""

    def __init__(
        self,
        keeper: Keeper,
        table: PatientTable,
        clock: Clock,
        listener: Listener,
        crash: Crash,
        recorder: Recorder,
        look: Callable[[Deliver], Awaitable[None]],
        reread: Callable[[], None],
    ) -> None:
        """look: read the table, right before cells are written that people write, too.   reread: have it read again soon."""
        self.pace = Pace()
        self._keeper = keeper
        self._table = table
        self._clock = clock
        self._listener = listener
        self._crash = crash
        self._recorder = recorder
        self._look = look
        self._reread = reread

    def write_at(self, work_waits: WorkWaits) -> float | None:
        """The monotonic instant at which the table is to be written; None while there is nothing to tell, or no way to."""
        if self._keeper.access.trouble is not None or not something_to_tell(self._keeper):
            return None
        rows = min(len(self._keeper.unsent), self._table.traits.batch)
        return self.pace.due(self._clock.monotonic(), rows, work_waits=work_waits())

    def record_at(self) -> float | None:
        """The same for the history beside it."""
        return self._recorder.due() if self._keeper.access.trouble is None else None

    async def write(self, deliver: Deliver) -> None:
        """Tell the rows that have waited longest, as many as one write takes."""
        keeper = self._keeper
        self.pace.begins(began := self._clock.monotonic())
        batch = await patches(keeper, self._clock.now(), self._table.traits.batch)
        compared = self._clock.monotonic() - began
        if not batch:
            return
        if not self._table.traits.atomic_expect and any(c in SHARED for one in batch for c in one.put):
            await self._look(deliver)  # cells that both sides write are sent only straight after a read
            if keeper.access.trouble is not None:
                return
            batch = await patches(keeper, self._clock.now(), self._table.traits.batch)
            if not batch:  # the read has settled it, or the table is held now
                return
        if keeper.writes.intend(meant := [(one.key, one.put) for one in batch]).states:
            await deliver(
                keeper, lambda _: keeper.writes.intend(meant)
            )  # should the answer never come, this tells ours from a person's
        keeper.unsent.goes_out({one.key: one.news for one in batch})
        keys = [one.key for one in batch]
        try:
            answers = await self._answers(batch, deliver)
            if answers is not None:
                hints = keeper.hints
                await deliver(keeper, lambda now: self._delivered(meant, answers, now, compared))
                self.doubt(hints)
                keys = []
                await self._settled(deliver)
        finally:
            keeper.unsent.add(keys)
        if answers is not None and not all(map(self._shows_its_row, batch, answers)):
            self._reread()

    def _delivered(
        self, meant: Sequence[tuple[str, Mapping[str, Cell]]], answers: Sequence[Written], now: datetime, compared: float
    ) -> Findings:
        """Hold the answer against what is known.   compared: the seconds that it took to find out what to write."""
        began = self._clock.monotonic()
        found = self._keeper.delivered(meant, answers, now)
        self.pace.took(compared + self._clock.monotonic() - began, len(meant))
        return found

    async def _answers(self, batch: Sequence[Outgoing], deliver: Deliver) -> list[Written] | None:
        """None where it wasn't carried out, or where nobody knows."""
        keeper = self._keeper
        self._crash.at("table.before-write")
        try:
            answers = await self._recorder.carry([self._expecting(one.patch) for one in batch])
        except OutcomeUnknown:
            keeper.sight.unanswered((one.key, one.put) for one in batch)
            self._reread()  # it may have landed: read, compare, and write what still differs
            return None
        except TableError as exc:
            await self._delayed(exc, deliver)
            if keeper.writes.refused(keys := [one.key for one in batch]).states:
                await deliver(keeper, lambda _: keeper.writes.refused(keys))
            return None
        self._crash.at("table.after-write")
        if keeper.access.unwritable is not None:
            self._listener(TableWritable(at=self._clock.now(), table=keeper.name, rows=len(batch)))
        return answers

    async def record(self, deliver: Deliver) -> None:
        """Tell the history what has ended, by itself."""
        self._crash.at("table.before-write")
        await self._recorder.carry(())
        self._crash.at("table.after-write")
        await self._settled(deliver)

    async def _settled(self, deliver: Deliver) -> None:
        """What the history was told is owed no longer; what keeps it from being told is known to people."""
        await self._recorder.settle()
        access, hints = self._keeper.access, self._keeper.hints
        if access.unrecorded != self._recorder.trouble:
            access.unrecorded = self._recorder.trouble
            await deliver(self._keeper, lambda _: Findings(news=True))
            self.doubt(hints)

    def _shows_its_row(self, one: Outgoing, answer: Written) -> bool:
        """Whether the answer leaves nothing to be read: it was done, to a row known by an id, and shows how that stands now."""
        patch = one.patch
        done, row = answer.effect is Effect.APPLIED, answer.row
        return done and row is not None and self._keeper.sight.shows(row) and not patch.key.startswith(PROVISIONAL)

    def _expecting(self, patch: Patch) -> Patch:
        return patch if self._table.traits.atomic_expect else Patch(patch.key, patch.put)

    async def _delayed(self, exc: TableError, deliver: Deliver) -> None:
        keeper, now = self._keeper, self._clock.now()
        wait = exc.wait if isinstance(exc, TryLater) and exc.wait is not None else AFTER_TROUBLE
        if isinstance(exc, NeedsOwner):  # as often as it is read: what is tried in vain is counted all the same
            wait = max(wait, keeper.rules.poll)
        self.pace.not_before(self._clock.monotonic() + wait.total_seconds())
        if keeper.access.unwritable is None:
            self._listener(TableUnwritable(at=now, table=keeper.name, message=bare(keeper.name, str(exc))))
        if keeper.access.delayed(exc, now):
            await deliver(keeper, lambda _: Findings(news=True))

    def doubt(self, before: tuple[str, ...]) -> None:
        """Tell what is odd about the columns, where that is news."""
        if (hints := self._keeper.hints) and hints != before:
            self._listener(TableDoubted(at=self._clock.now(), table=self._keeper.name, message="; ".join(hints)))
