"""Lets requests out to the vendors: each waits until there is room for it, on the engine's clock. One for all tables."""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from math import ceil

from connectors.api import Budget, Request
from connectors.errors import Limited, TryLater
from engine.budget import Outlook, Spent, outlook
from engine.clock import Clock
from engine.committer import Commits
from engine.events import Listener, QuotaEased, QuotaLow
from engine.ledger import Ledger, LedgerError
from engine.quota import Allowance, Asked, Purpose, Quota, part_of
from engine.windows import Alone, Windows

LONGEST_WAIT = timedelta(seconds=30)
"""What has to wait longer doesn't wait here: whoever asked hears for how long, and comes again."""

SECOND = timedelta(seconds=1)

LEARNS = 0.25
"""How much the newest look, or the newest write, counts in what one is expected to take."""


REMEDY = "A longer `poll` makes it last, and `quota_share` leaves their part to others"
"""What people can do where too much was asked."""


class NotYet(TryLater):
    """Nothing was asked: there is no room for it before `wait` is over."""

    def __init__(self, message: str, *, wait: timedelta, spent: bool) -> None:
        super().__init__(message, wait=wait)
        self.spent = spent


class Governor:
    """Of one process. All of it happens on the event loop, so nothing comes between a look for room and its taking."""

    def __init__(
        self,
        clock: Clock,
        committer: Commits | None = None,
        listener: Listener = lambda _: None,
        windows: Windows | None = None,
    ) -> None:
        """committer: of the ledger that remembers what was spent of a month; None where nothing is remembered.

        windows: where other processes tell what they spend; None where no other counts.
        """
        self.clock = clock
        self.quota = Quota()
        self._windows = windows or Alone()
        self._committer = committer
        self._listener = listener
        self._spent: defaultdict[str, defaultdict[date, Spent]] = defaultdict(lambda: defaultdict(Spent))
        self._unwritten: defaultdict[tuple[str, date], Spent] = defaultdict(Spent)
        self._writing = asyncio.Lock()
        self._remembers = False
        self._low: set[str] = set()
        self.requests: Counter[tuple[str, Request]] = Counter()  # those that were let out and have ended, by table and kind
        self._costs: dict[tuple[str, Purpose], tuple[float, frozenset[str]]] = {}

    @property
    def low(self) -> frozenset[str]:
        """The scopes whose month would not last if it went on so."""
        return frozenset(self._low)

    async def admit(self, asked: Asked) -> float:
        """Return when it may go out, counted: what counts for a month durably, before. Answers that instant, in seconds of uptime.

        Raises NotYet, counting nothing, where that is further off than LONGEST_WAIT.
        """
        if asked.budgets and not self._remembers:
            await self._remember()
        while (sent := await self._taken(asked)) is None:
            wait = self._wait(asked)
            if wait > LONGEST_WAIT:
                raise self._not_yet(asked, wait)
            await self.clock.sleep(wait)
        if asked.budgets:
            self._count(asked)
            await self._write_down()
        return sent

    async def ended(self, asked: Asked, sent: float) -> None:
        """It has its answer, whatever that says.   sent: as `admit` answered."""
        self.requests[asked.table, asked.kind] += 1
        if asked.windows:
            async with self._windows.held(self.quota, self.clock):
                self.quota.ended(asked, sent, self.clock.uptime().seconds)

    def refused(self, asked: Asked, exc: TryLater) -> None:
        """A request, or the call that it was part of, ended so. What asks for a pause gets it, from all whom it concerns; other
        processes hear of it once this one has ended, or with our next.
        """
        if exc.wait is None or isinstance(exc, NotYet):
            return
        now, pause = self.clock.uptime().seconds, exc.wait.total_seconds()
        until = now + pause
        if isinstance(exc, Limited):
            self.quota.refused(asked, exc.scope, now)
            self.quota.learn(asked, pause, now)
            self.quota.lock(exc.scope, exc.kind, until)
        else:
            self.quota.lock(f"table {asked.table}", "any", until)

    def dated(self, exc: Limited) -> Limited:
        """The same, with the instant before which nothing more is asked, and what people can do."""
        what = f"{str(exc).rstrip('.')}; nothing more is asked before {self._until(exc.wait)}. {REMEDY}"
        return Limited(what, wait=exc.wait, scope=exc.scope, kind=exc.kind)

    def _not_yet(self, asked: Asked, wait: timedelta) -> NotYet:
        until = f"what the store allows is spent until {self._until(wait)}"
        for budget, stands in self._outlooks(asked):
            if stands.wait(asked.purpose) + SECOND >= wait:
                left = f"; {stands.left:,} are left for results" if stands.left else ""
                clause = f"rowd has made {stands.spent:,} of its {stands.size:,} calls of this month of the {budget.scope}{left}"
                return NotYet(f"{until}: {clause}. {REMEDY}; a larger plan has more", wait=wait, spent=True)
        clause, spent = self.quota.bar(asked, self.clock.uptime().seconds)
        if not spent:
            return NotYet(f"{clause}, until {self._until(wait)}", wait=wait, spent=False)
        return NotYet(f"{until}: {clause}. {REMEDY}", wait=wait, spent=True)

    def _until(self, wait: timedelta) -> str:
        return f"{self.clock.now() + wait:%Y-%m-%d %H:%M:%S} UTC"

    def done(self, asked: Asked, requests: int) -> timedelta:
        """A look at a table, or a write of it, has ended, and took so many requests: how long the next is to keep away, so that
        the month lasts. Nothing where months don't count.

        asked: one of its requests, of whatever kind.
        """
        if not asked.budgets:
            return timedelta(0)
        before, _ = self._costs.get((asked.table, asked.purpose), (float(requests), frozenset()))
        scopes = frozenset(budget.scope for budget in asked.budgets)
        self._costs[asked.table, asked.purpose] = (before + LEARNS * (max(requests, 1) - before), scopes)
        return max(self._apart(budget, stands, asked.purpose) for budget, stands in self._outlooks(asked))

    def allowances(self, asked: Asked) -> list[Allowance]:
        """How all that counts such a request stands, whatever its kind: windows, and months once they are remembered."""
        now = self.clock.now()
        found = self.quota.counted(asked, now, self.clock.uptime().seconds)
        for budget in asked.budgets if self._remembers else ():
            stands = outlook(part_of(budget.size, asked.share), self._spent[budget.scope], now)
            found.append(Allowance(budget.scope, "any", None, stands.size, stands.spent, stands.until, low=stands.low))
        return found

    def spent_of(self, scope: str, day: date) -> Spent:
        """What is known to be spent on that day (UTC), by whomever."""
        return self._spent[scope][day]

    def _apart(self, budget: Budget, stands: Outlook, purpose: Purpose) -> timedelta:
        costs = (cost for (_, what), (cost, scopes) in self._costs.items() if what is purpose and budget.scope in scopes)
        every = {Purpose.LOOK: stands.look_every, Purpose.TELL: stands.tell_every, Purpose.RECORD: stands.record_every}
        return every[purpose](sum(costs))

    async def _taken(self, asked: Asked) -> float | None:
        """Count it now, if there is room, and say when that was."""
        if not asked.windows:
            return self._room(asked)
        async with self._windows.held(self.quota, self.clock):
            if (now := self._room(asked)) is not None:
                self.quota.spend(asked, now)
        return now

    def _room(self, asked: Asked) -> float | None:
        """This instant, if it may go out now."""
        return None if self._wait(asked) else self.clock.uptime().seconds

    def _wait(self, asked: Asked) -> timedelta:
        now = self.clock.uptime().seconds
        wait = timedelta(microseconds=ceil(round((self.quota.free_at(asked, now) - now) * 1e6, 3)))
        return max([wait, *(stands.wait(asked.purpose) for _, stands in self._outlooks(asked))])

    def _outlooks(self, asked: Asked) -> Iterator[tuple[Budget, Outlook]]:
        """How its budgets stand, each told of where that is news."""
        for budget in asked.budgets:
            stands = outlook(part_of(budget.size, asked.share), self._spent[budget.scope], self.clock.now())
            self._tell(budget.scope, stands)
            yield budget, stands

    def _tell(self, scope: str, stands: Outlook) -> None:
        if stands.low and scope not in self._low:
            self._low.add(scope)
            at, left = self.clock.now(), stands.left
            self._listener(QuotaLow(at=at, scope=scope, spent=stands.spent, left=left, until=stands.until))
        elif stands.ample and scope in self._low:
            self._low.discard(scope)
            self._listener(QuotaEased(at=self.clock.now(), scope=scope, spent=stands.spent, left=stands.left))

    def _count(self, asked: Asked) -> None:
        one = Spent(tells=1) if asked.purpose is Purpose.TELL else Spent(looks=1)  # of tells it is expected that they go on so
        today = self.clock.now().date()
        for budget in asked.budgets:
            days = self._spent[budget.scope]
            days[today] = days[today].plus(one)
            self._unwritten[budget.scope, today] = self._unwritten[budget.scope, today].plus(one)

    async def _write_down(self) -> None:
        """What can't be written now is, with the next: a full disk holds up no request. Others spend, too: that is learnt by it."""
        if self._committer is None:
            return
        async with self._writing:
            if not self._unwritten:  # whoever was before has written it
                return
            taken, self._unwritten = self._unwritten, defaultdict(Spent)

            def spend(ledger: Ledger) -> Mapping[str, Mapping[date, Spent]]:
                for of, more in taken.items():
                    ledger.spend(*of, more)
                return ledger.spent()

            try:
                self._learn(await self._committer.do(spend, point="marks"))
            except LedgerError:
                for of, more in taken.items():
                    self._unwritten[of] = self._unwritten[of].plus(more)

    async def _remember(self) -> None:
        """Take up what the ledger knows to be spent, before anything else is counted."""
        async with self._writing:
            if self._committer is not None and not self._remembers:
                self._learn(await self._committer.read(lambda ledger: ledger.spent()))
            self._remembers = True

    def _learn(self, spent: Mapping[str, Mapping[date, Spent]]) -> None:
        for scope, days in spent.items():
            self._spent[scope] = defaultdict(Spent, days)
        for (scope, day), more in self._unwritten.items():
            self._spent[scope][day] = self._spent[scope][day].plus(more)
