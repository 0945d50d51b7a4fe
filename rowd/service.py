"""One daemon process: its lock, its ledger, its signals, its chores, around `engine.loop.Daemon`."""

from __future__ import annotations

import asyncio
import fcntl
import os
import signal
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

from actions.api import Process
from config.mistakes import ConfigError
from connectors.errors import NeedsOwner
from engine.clock import Clock, SystemClock
from engine.committer import Commits, Committer
from engine.events import ConfigRefused, ConfigReloaded, Listener
from engine.housekeeping import Chores, Housekeeping
from engine.ledger import DaemonMark, Ledger
from engine.loop import Daemon
from rowd import __version__
from rowd.wiring import Bound, Site, daemon, tender


class AlreadyRunning(Exception):
    """Another daemon has this state folder. The text names it."""


@contextmanager
def locked(site: Site) -> Iterator[None]:
    """Have the state folder for ourselves until the end of this process, however it ends. Raises AlreadyRunning."""
    site.state.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (site.state / "lock").open("a+", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            holder = file.read().strip() or "another rowd"
            remedy = "Stop it first (`rowd status` tells more), or give this one a state_dir of its own."
            raise AlreadyRunning(f"{holder} already runs on {site.state}. {remedy}") from None
        file.truncate(0)
        file.write(f"rowd, process {os.getpid()}")
        file.flush()
        yield


@asynccontextmanager
async def opened(site: Site, listener: Listener, clock: Clock | None = None) -> AsyncIterator[tuple[Daemon, Committer]]:
    """A daemon with its ledger and its tables; both are let go of at the end.

    Raises: AlreadyRunning, NeedsOwner (another daemon has a table), ledger errors.
    """
    with locked(site):
        own_clock = clock or SystemClock()
        committer = Committer(Ledger.open(site.ledger), site.parts.crash)
        try:
            made = await daemon(site, own_clock, committer, listener)
            mark = DaemonMark(_myself(), os.uname().nodename, own_clock.now(), __version__, tuple(site.tables))
            await committer.do(lambda ledger: ledger.mark_daemon(mark), point="marks")
            try:
                yield made, committer
            finally:
                await made.close()
                await committer.do(lambda ledger: ledger.mark_daemon(None), point="marks")
        finally:
            await committer.close()


async def serve(
    site: Site, listener: Listener, reload: Callable[[], Site], beside: Callable[[Daemon], AsyncIterator[None]] | None = None
) -> None:
    """Run until SIGTERM or SIGINT; SIGHUP reads the configuration anew. A second SIGTERM or SIGINT ends the process at once.

    beside: something that lives as long as the daemon does and may end it by ending (the live view).
    """
    async with opened(site, listener) as (made, committer):
        stopping, loop, serving = _stoppable(), asyncio.get_running_loop(), dict(site.tables)
        loop.add_signal_handler(signal.SIGHUP, lambda: loop.create_task(_reload(serving, made, committer, reload, listener)))
        chores = Housekeeping(_chores(site), SystemClock(), committer, listener)
        companions = [
            asyncio.create_task(made.listen(touched(site.wake))),
            asyncio.create_task(chores.tend()),
        ]
        if beside is not None:
            companions.append(asyncio.create_task(_beside(beside(made), stopping)))
        try:
            await made.run(stopping)
        finally:
            for companion in companions:
                companion.cancel()
            await asyncio.gather(*companions, return_exceptions=True)


async def pass_once(site: Site, listener: Listener) -> None:
    """One pass over every table. Ctrl-C or SIGTERM ends it as it ends a daemon."""
    async with opened(site, listener) as (made, _):
        await made.run_once(_stoppable())


async def _beside(companion: AsyncIterator[None], stopping: asyncio.Event) -> None:
    try:
        async for _ in companion:
            pass
    finally:
        stopping.set()


def _stoppable() -> asyncio.Event:
    """An event that SIGTERM and SIGINT set; the second one ends the process at once."""
    stopping = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, _stop, stopping)
    return stopping


def _stop(stopping: asyncio.Event) -> None:
    if stopping.is_set():  # asked twice: whatever still runs goes on alone, and the next daemon takes it over
        os._exit(130)
    stopping.set()


async def _reload(
    serving: dict[str, Bound], made: Daemon, committer: Commits, reload: Callable[[], Site], listener: Listener
) -> None:
    """Take over what rowd.toml says now, unless it is wrong: then everything stays as it was.

    serving: the tables as they were opened; those that are added now are added here, too.
    """
    try:
        site = reload()
        made.reconfigure(site.parts, {name: bound.rules for name, bound in site.tables.items()})
        for name in site.tables.keys() - serving.keys():
            await made.add(await tender(site, name, made.clock, committer, listener))
            serving[name] = site.tables[name]
    except (ConfigError, NeedsOwner) as exc:
        listener(ConfigRefused(at=made.clock.now(), message=str(exc)))
        return
    gone = serving.keys() - site.tables.keys()
    moved = {n for n in serving.keys() & site.tables.keys() if serving[n].settings != site.tables[n].settings}
    listener(ConfigReloaded(at=made.clock.now(), tables=tuple(site.tables), restart=tuple(sorted(gone | moved))))


async def touched(path: Path) -> AsyncIterator[None]:
    """Yield each time the file is touched."""
    from watchfiles import awatch

    await asyncio.to_thread(path.touch, 0o600)
    async for _ in awatch(path, debounce=50, step=10):
        yield


def _chores(site: Site) -> Chores:
    settings = site.config.settings.daemon
    return Chores(
        ledger=site.ledger,
        backups_dir=site.state / "backups",
        keep_runs=settings.keep_runs,
        keep_finished=settings.keep_finished,
        backup_at=settings.backup_at,
        backups=settings.backups,
        digest_at=settings.digest_at,
    )


def _myself() -> Process:
    stat = Path("/proc/self/stat").read_text(encoding="utf-8")
    return Process(os.getpid(), int(stat.rpartition(")")[2].split()[19]))


def alive(mark: DaemonMark) -> bool:
    """Whether the daemon of this mark still runs, here: its pid, with the very start time it had, and not only as a zombie."""
    try:
        stat = Path(f"/proc/{mark.process.pid}/stat").read_text(encoding="utf-8")
    except OSError:
        return False
    state, *fields = stat.rpartition(")")[2].split()
    return mark.host == os.uname().nodename and state != "Z" and int(fields[18]) == mark.process.started
