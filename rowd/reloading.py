"""What a daemon serves, and how that changes while it runs: when rowd.toml is read anew, and when it is to stop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from msgspec.structs import replace

from actions.api import Process
from config.mistakes import ConfigError
from engine.committer import Commits
from engine.events import ConfigRefused, ConfigReloaded, Listener, Trouble
from engine.ledger import LedgerUnwritable
from engine.loop import Daemon
from engine.plan import bare
from engine.trail import Deed
from rowd.auditing import config_taken
from rowd.bound import Bound, Site
from rowd.note import Note, leave
from rowd.wiring import tender


class Reloading:
    """What one daemon serves, and how that changes when rowd.toml is read anew."""

    def __init__(
        self,
        site: Site,
        process: Process,
        made: Daemon,
        committer: Commits,
        reload: Callable[[], Site],
        listener: Listener,
        heed: Callable[[Site], None] = lambda _: None,
    ) -> None:
        """heed: told of the site, each time that rowd.toml was read anew."""
        self._heed = heed
        self._site, self._made, self._committer, self._reload, self._listener = site, made, committer, reload, listener
        self._turn = asyncio.Lock()
        self._opened = dict(site.served)  # as they are; those that are added later are added here, too
        self._note = Note(process, site.config.version, made.clock.now(), tuple(site.served))
        leave(site.state, self._note)

    async def reload(self) -> None:
        """Take over what rowd.toml says now, unless it is wrong: then everything stays as it was. One after the other."""
        async with self._turn:
            await self._read_anew()

    async def _read_anew(self) -> None:
        now = self._made.clock.now()
        try:
            site = await asyncio.to_thread(self._reload)  # programs may be asked for secrets; nothing waits for them meanwhile
        except ConfigError as exc:
            self._note = replace(self._note, refused=str(exc), refused_at=now)
            self._listener(ConfigRefused(at=now, message="; ".join(str(exc).splitlines())))
        else:
            await self._noted(config_taken(site, now))
            restart, reopened = await self._take_over(site)
            served = tuple(name for name in self._serving() if name in site.served)
            self._heed(site)
            taken = {"version": site.config.version, "read_at": now, "tables": served, "restart": restart}
            self._note = replace(self._note, **taken, refused="", refused_at=None)
            self._listener(ConfigReloaded(at=self._made.clock.now(), tables=tuple(site.served), restart=restart, reopened=reopened))
        leave(self._site.state, self._note)

    async def _noted(self, deed: Deed) -> None:
        """In the audit trail, before it is done; a ledger that can't be written now keeps nobody from it."""
        try:
            await self._committer.do(lambda ledger: ledger.note([deed]), point="marks")
        except LedgerUnwritable as exc:
            self._listener(Trouble(at=deed.at, where="the audit trail", message=str(exc)))

    async def stopped(self, stopping: asyncio.Event) -> None:
        """Say so, once the daemon is to stop."""
        await stopping.wait()
        self._note = replace(self._note, stopping_at=self._made.clock.now())
        leave(self._site.state, self._note)

    def notes(self, **said: str) -> None:
        """Say something else of the daemon.   said: fields of its `Note`."""
        self._note = replace(self._note, **said)
        leave(self._site.state, self._note)

    def _serving(self) -> dict[str, Bound]:
        """The tables that the daemon has, as they were opened: also those of which the last work is still to end."""
        return {name: bound for name, bound in self._opened.items() if name in self._made.keepers}

    async def _take_over(self, site: Site) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Answers the tables that only a restart can take over: renamed ones, those that have moved, or whose ID or Name is called
        otherwise now; and those that are opened anew, since their secrets have other values.
        """
        serving = self._serving()
        rules = {n: serving[n].rules_if(bound) if n in serving else bound.rules for n, bound in site.served.items()}
        self._made.reconfigure(site.parts, rules)
        left = {n for n in serving if n in site.served and serving[n].moved(site.served[n])}
        stays = [n for n in serving if n in site.served and n not in left]
        reopened = {n for n in stays if self._reopens(n, serving[n], site.served[n])}
        left |= {n for n in serving.keys() - reopened if n in site.served and serving[n].lent.differ(site.served[n].lent)}
        for name in site.served.keys() - serving.keys():
            if any(bound.settings == site.served[name].settings for bound in serving.values()):
                left.add(name)  # the same store under another name
                continue
            try:
                await self._made.add(await tender(site, name, self._made.governor, self._committer, self._listener))
            except Exception as exc:  # another daemon has it, or it can't be opened: the others are served all the same
                self._listener(Trouble(at=self._made.clock.now(), where=f"table {name}", message=bare(name, str(exc))))
                left.add(name)
            else:
                self._opened[name] = serving[name] = site.served[name]
        return tuple(sorted(left)), tuple(sorted(reopened))

    def _reopens(self, name: str, before: Bound, now: Bound) -> bool:
        """Have the table opened anew where that is wanted. False: it isn't, or can't be without a restart."""
        if not before.renewed(now) or not self._made.reopen(name, now.open):
            return False
        self._opened[name] = now
        return True
