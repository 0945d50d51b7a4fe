"""All of it together, beside the loop: what is wrong is noticed, and carried to the channels that `rowd.toml` has now."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import timedelta

from engine.committer import RETRY_LEDGER, Commits
from engine.events import Listener, Trouble
from engine.ledger import ChannelMark, LedgerUnwritable
from engine.loop import Daemon
from rowd.alerts.carrying import Carrier, carry
from rowd.alerts.channels import Channel, Channels
from rowd.alerts.courier import Courier
from rowd.alerts.noticing import Ear, Noticing, Where
from rowd.waiting import until_stirred

LOOK = timedelta(seconds=30)
"""So often it is looked at how tables stand though nothing was heard: some of it changes by time alone."""

AFTER_TROUBLE = timedelta(minutes=1)


class Alerting:
    """Of one daemon."""

    def __init__(
        self, made: Daemon, committer: Commits, listener: Listener, ear: Ear, channels: Channels, carrier: Carrier = carry
    ) -> None:
        """ear: hears all that the daemon tells."""
        self._made, self._committer, self._listener, self._ear, self._carrier = made, committer, listener, ear, carrier
        self._noticing = Noticing(made, committer, channels)
        self._couriers: dict[str, Courier] = {}
        self._carrying: dict[str, asyncio.Task[None]] = {}
        self._wanted: Channels | None = None  # what rowd.toml says, until that is taken up
        self._whole = False  # all was looked at, since each table was read and the channels are these

    def go_by(self, channels: Channels) -> None:
        """Tell these channels from now on."""
        self._wanted = channels
        self._ear.stirred.set()

    async def begin(self) -> None:
        """Before anything starts: what failed under an earlier daemon is put down before it can succeed, so that it is told."""
        try:
            await self._noticing.recall()
            await self._noticing.look_everywhere()
        except Exception as exc:  # whatever it is, it must not keep the daemon from its work: all is looked at again
            self._trouble("what people are told", exc)

    async def run(self) -> None:
        """Until cancelled."""
        looked, self._wanted = asyncio.ensure_future(self._made.looked_everywhere()), self._wanted or self._noticing.channels
        try:
            while True:
                where = self._ear.heard()
                try:
                    await self._step(where, read=looked.done())
                except LedgerUnwritable:  # the daemon says so; nothing is lost
                    self._ear.again(where)
                    await self._made.clock.sleep(RETRY_LEDGER)
                except Exception as exc:  # a mistake of ours: all is looked at again, later
                    self._whole = False
                    self._trouble("what people are told", exc)
                    await self._made.clock.sleep(AFTER_TROUBLE)
                else:
                    await self._pause()
        finally:
            looked.cancel()
            await self._end(self._carrying)

    async def _step(self, where: set[Where], *, read: bool) -> None:
        """read: whether each table was looked at; until then nobody knows what its rows mean now."""
        if (wanted := self._wanted) is not None:
            self._whole = False
            await self._take_up(wanted)
            self._wanted = None if self._wanted is wanted else self._wanted
        if read and not self._whole:
            await self._noticing.look_everywhere()
            self._whole = True
        else:
            await self._noticing.look(where | self._noticing.by_time())
        for courier in self._couriers.values():
            courier.stir()

    def _trouble(self, where: str, exc: Exception) -> None:
        self._listener(Trouble(at=self._made.clock.now(), where=where, message=f"{type(exc).__name__}: {exc}"))

    async def once(self) -> None:
        """For a single pass: look at how all stands after it, and tell what may be told now. Raises LedgerUnwritable."""
        await self._noticing.recall()
        await self._noticing.look_everywhere()
        marks = await self._committer.read(lambda ledger: ledger.channel_marks())
        couriers = [self._courier(channel, marks.get(name)) for name, channel in self._noticing.channels.items()]
        await asyncio.gather(*(courier.once() for courier in couriers))

    async def _take_up(self, channels: Channels) -> None:
        """One courier for each channel; those that stay as they are go on."""
        self._noticing.channels = channels
        left = {name: task for name, task in self._carrying.items() if self._couriers[name].channel != channels.get(name)}
        await self._end(left)
        for name in left:
            del self._carrying[name], self._couriers[name]
        await self._committer.do(lambda ledger: ledger.forget_channels(channels), point="marks")
        marks = await self._committer.read(lambda ledger: ledger.channel_marks())
        for name, channel in channels.items():
            if name not in self._couriers:
                its = self._courier(channel, marks.get(name))
                self._couriers[name], self._carrying[name] = its, asyncio.create_task(self._contained(its))

    def _courier(self, channel: Channel, mark: ChannelMark | None) -> Courier:
        return Courier(channel, mark, self._made.clock, self._committer, self._listener, self._carrier, self._made.link)

    async def _contained(self, courier: Courier) -> None:
        """Whatever fails there is said, and keeps no other channel from its work."""
        while True:
            try:
                await courier.run()
            except Exception as exc:  # a mistake of ours: it is tried again, later
                self._trouble(f"channel {courier.channel.name}", exc)
            await self._made.clock.sleep(AFTER_TROUBLE)

    async def _pause(self) -> None:
        """Until something is heard, or it is time to look."""
        await until_stirred(self._ear.stirred, self._made.clock, LOOK)

    async def _end(self, carrying: Mapping[str, asyncio.Task[None]]) -> None:
        for task in carrying.values():
            task.cancel()
        await asyncio.gather(*carrying.values(), return_exceptions=True)
