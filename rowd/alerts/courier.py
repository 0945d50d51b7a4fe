"""Carries to one channel what it has yet to be told: at least once, whatever is killed; in order; no faster than it may."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta

from msgspec import Struct
from msgspec.structs import replace

from engine.clock import Clock
from engine.committer import RETRY_LEDGER, Commits
from engine.events import ChannelFailed, ChannelRecovered, ChannelTold, Event, Listener, NoticesDropped
from engine.ledger import ChannelMark, Ledger, LedgerUnwritable, Notice
from rowd.alerts.carrying import Carrier
from rowd.alerts.channels import Channel
from rowd.alerts.digest import following, hour_of, newest, summed_up
from rowd.alerts.pace import GATHER, KEPT, opens, pause, recent
from rowd.alerts.wording import Link, Message, message
from rowd.waiting import seen_through, until_stirred

MOST = 5000
"""Notices that are told together at most."""


class _Letter(Struct):
    """What is sent at once.   notices: those that it tells.   digested: up to when it says what all came to; None: it doesn't."""

    message: Message
    notices: Sequence[Notice] = ()
    digested: datetime | None = None


class Courier:
    """Of one channel.

    What was sent and could not be put down is remembered, and nothing more is sent before it is: so a ledger that can't be written
    leads to no second message.
    """

    def __init__(
        self,
        channel: Channel,
        mark: ChannelMark | None,
        clock: Clock,
        committer: Commits,
        listener: Listener,
        carry: Carrier,
        link: Link,
    ) -> None:
        """mark: how the ledger says that it stands; None where nothing was ever sent."""
        self.channel = channel
        self._clock, self._committer, self._listener, self._carry, self._link = clock, committer, listener, carry, link
        self._written = mark or ChannelMark(channel.name, (), "", clock.now())
        digested = (self._written.digested or clock.now()) if channel.settings.digest else None
        self._mark = replace(self._written, digested=digested)
        self._done: set[int] = set()  # notices that need be told no more, and stand in the ledger yet
        self._news: list[Event] = []  # to be told once the ledger has it
        self._stirred = asyncio.Event()
        self._failures = 0
        self._again = 0.0  # on the monotonic clock: not before that, after a failure

    def stir(self) -> None:
        """There may be something to tell."""
        self._stirred.set()

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            self._stirred.clear()
            try:
                await self._step()
            except LedgerUnwritable:  # the daemon says so; nothing is lost
                await self._clock.sleep(RETRY_LEDGER)

    async def once(self) -> None:
        """Tell what there is, without waiting for more; nothing where that may not be told now. Raises LedgerUnwritable."""
        await self._settle()
        for what in (await self._waiting(), None):
            now = self._clock.now()
            due = self._digest_due(now) if what is None else None
            if (what or due) and self._opens(now - GATHER, now) <= now and not self._failures:
                await self._send(await self._letter(what or (), due, now))

    async def _step(self) -> None:
        await self._settle()
        notices, now = await self._waiting(), self._clock.now()
        due = self._digest_due(now) if not notices else None
        if notices:
            opens: datetime | None = self._opens(notices[0].at, now)
        else:
            opens = self._opens(due, now) if due is not None else following(self.channel.settings, self.channel.zone, now)
        if opens is None:
            await self._stirred.wait()
            return
        left = max(opens - now, timedelta(seconds=self._again - self._clock.monotonic()))
        if left > timedelta(0):
            await until_stirred(self._stirred, self._clock, left)
            return
        letter = await self._letter(notices, due, now)
        await seen_through(self._send(letter))

    async def _waiting(self) -> list[Notice]:
        name = self.channel.name
        return await self._committer.read(lambda ledger: ledger.notices(name, MOST))

    def _digest_due(self, now: datetime) -> datetime | None:
        """Up to when it is to be told what all came to; None where it knows, or doesn't want to."""
        due, known = newest(self.channel.settings, self.channel.zone, now), self._mark.digested
        return due if due is not None and known is not None and hour_of(due) > hour_of(known) else None

    async def _letter(self, notices: Sequence[Notice], due: datetime | None, now: datetime) -> _Letter:
        """What is sent now.   due: where there are no notices, up to when it tells what all came to."""
        name, zone, since, tables = self.channel.name, self.channel.zone, self._mark.digested, self.channel.settings.tables
        if notices or due is None or since is None:
            return _Letter(message(notices, zone, self._link, self._last_for_now(now)), notices)
        digest, problems = await self._committer.read(lambda ledger: (ledger.digest(since, due, tables), ledger.problems()))
        return _Letter(summed_up(digest, [one for one in problems if name in one.channels], zone), digested=due)

    def _last_for_now(self, now: datetime) -> datetime | None:
        """Until when nothing more may be sent after what is sent now; None where it may."""
        sent = (*recent(self._mark.sent, now), now)
        return self._after(sent) if len(sent) >= self.channel.settings.max_per_hour else None

    def _opens(self, oldest: datetime, now: datetime) -> datetime:
        """oldest: what lies ahead was put down before the clock was set back."""
        return opens(min(oldest, now), recent(self._mark.sent, now), self.channel.settings, self.channel.zone)

    async def _send(self, letter: _Letter) -> None:
        now = self._clock.now()
        sent = (*recent(self._mark.sent, now), now)
        why = await self._carry(self.channel.address, letter.message)
        now = self._clock.now()
        if why:
            await self._failed(why, letter.notices, now)
        else:
            await self._told(letter, sent, now)

    def _after(self, sent: Sequence[datetime]) -> datetime:
        return opens(sent[-1] - GATHER, sent, self.channel.settings, self.channel.zone)

    async def _told(self, letter: _Letter, sent: tuple[datetime, ...], now: datetime) -> None:
        before, name = self._mark, self.channel.name
        self._failures = 0
        self._done |= {notice.number for notice in letter.notices}
        digested = letter.digested or before.digested
        self._mark = ChannelMark(name, sent, "", now if before.trouble else before.since, digested)
        self._news.append(ChannelTold(at=now, channel=name, notices=len(letter.notices)))
        if before.trouble:
            seconds = round((now - before.since).total_seconds(), 3)
            self._news.append(ChannelRecovered(at=now, channel=name, seconds=seconds))
        await self._settle()

    async def _failed(self, why: str, notices: Sequence[Notice], now: datetime) -> None:
        before, name = self._mark, self.channel.name
        self._failures += 1
        self._again = self._clock.monotonic() + pause(self._failures).total_seconds()
        self._mark = ChannelMark(name, before.sent, why, before.since if before.trouble else now, before.digested)
        if not before.trouble:
            self._news.append(ChannelFailed(at=now, channel=name, message=why))
        old = {notice.number for notice in notices if now - notice.at >= KEPT}
        if old:
            self._done |= old
            self._news.append(NoticesDropped(at=now, channel=name, notices=len(old)))
        await self._settle()

    async def _settle(self) -> None:
        """Have the ledger know what was told, and how the channel stands; then say so."""
        done, mark = tuple(self._done), self._mark

        def write(ledger: Ledger) -> None:
            ledger.forget_notices(done)
            ledger.mark_channel(mark)

        if done or mark != self._written:
            await self._committer.do(write, point="marks")
            self._done.difference_update(done)
            self._written = mark
        news, self._news = self._news, []
        for event in news:
            self._listener(event)
