"""One daemon process: its ledger, its signals, its chores, around `engine.loop.Daemon`."""

from __future__ import annotations

import asyncio
import errno
import gc
import os
import signal
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

from actions.api import Process
from engine.clock import Clock, SystemClock
from engine.committer import Committer
from engine.events import ConfigDoubted, Event, Listener, Trouble
from engine.housekeeping import Chores, Housekeeping
from engine.ledger import DaemonMark, Ledger
from engine.ledger.backups import FOLDER
from engine.loop import Daemon
from engine.trail import Deed
from engine.trust import SteadyClock
from rowd import __version__
from rowd.alerts.alerting import Alerting
from rowd.alerts.channels import mute
from rowd.alerts.noticing import Ear
from rowd.auditing import daemon_ended, daemon_started
from rowd.bound import Site
from rowd.counting import Counts
from rowd.endpoints.gathering import Hearing
from rowd.endpoints.relay import Relay
from rowd.endpoints.sending import Sending
from rowd.heartbeat import Heartbeat
from rowd.hooks import Hooks
from rowd.lock import locked
from rowd.manager import NOBODY, Attendance, Manager
from rowd.measuring import Watched
from rowd.note import Note, leave
from rowd.outlets import Outlets
from rowd.overhearing import Overhearing
from rowd.reloading import Reloading
from rowd.terminal import Terminal
from rowd.vitals import Vitals
from rowd.wiring import daemon

NO_WATCHES = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOSPC})
"""inotify_init(2), inotify_add_watch(2): too many instances or watches."""

WITHOUT_WATCH = 2.0
"""Seconds."""

COLLECT = (10_000, 20, 50)
"""Python's own (700, 10, 10) look for cycles all the time among a hundred thousand rows, where there are none. While they are read
for the first time nobody looks at all, and what is known by then is left out for good: a third of a start's CPU (measured). But few
enough for what errors leave behind, which holds on to all that was read when they came: 50,000 were 20 MB more (`make soak`).
"""


@asynccontextmanager
async def opened(
    site: Site, listener: Listener, clock: Clock | None = None, *, take_over: bool = False
) -> AsyncIterator[tuple[Daemon, Committer]]:
    """A daemon with its ledger and its tables; both are let go of at the end.

    take_over: run also tables that another daemon is said to run.
    Raises: AlreadyRunning, StateUnusable, Taken (another daemon has a table), NeedsOwner, ledger errors.
    """
    with locked(site.state):
        own_clock = SteadyClock(clock or SystemClock())
        heartbeat = Heartbeat(site.state, own_clock, listener)
        committer = Committer(Ledger.open(site.ledger), site.parts.crash)
        beating = asyncio.create_task(heartbeat.beat())
        try:
            made = await daemon(site, own_clock, committer, heartbeat.hear, take_over=take_over)
            heartbeat.tell_of(lambda: made.looked_at)
            mark = DaemonMark(_myself(), os.uname().nodename, own_clock.now(), __version__, tuple(site.served))
            await committer.do(lambda ledger: _mark(ledger, mark, daemon_started(site, mark)), point="marks")
            try:
                yield made, committer
            finally:
                await made.close()
                ends = daemon_ended(mark, own_clock.now())
                await committer.do(lambda ledger: _mark(ledger, None, ends), point="marks")
        finally:
            beating.cancel()
            await committer.close()


def _mark(ledger: Ledger, mark: DaemonMark | None, deed: Deed) -> None:
    ledger.mark_daemon(mark)
    ledger.note([deed])


async def serve(
    site: Site,
    listener: Listener,
    reload: Callable[[], Site],
    beside: Callable[[Daemon], AsyncIterator[None]] | None = None,
    manager: Manager = NOBODY,
    *,
    take_over: bool = False,
) -> None:
    """Run until SIGTERM or SIGINT, or until the terminal is closed that it was started on. A second SIGTERM or SIGINT ends the
    process at once. Any other SIGHUP reads the configuration anew.

    beside: something that lives as long as the daemon does and may end it by ending (the live view).   manager: is told how it gets
    on.   take_over: see `opened`.
    """
    own, hearing = Overhearing(listener), Hearing(site.endpoints)
    listener = heard_by(hearing.hear, own.hear)
    terminal, ear, counts = Terminal(), Ear(), Counts(listener)
    gc.disable()
    async with opened(site, heard_by(ear.hear, counts.hear), take_over=take_over) as (made, committer):
        own.begin(made)
        for warning in (*site.warnings, *mute(site.channels)):
            listener(ConfigDoubted(at=made.clock.now(), message=warning))
        stopping, loop = _stoppable(), asyncio.get_running_loop()
        hooks = Hooks(made, site.state, stopping.is_set, listener)
        vitals = Vitals(made, stopping.is_set, manager.watchdog)
        outlets = Outlets(Watched(made, vitals, counts, hooks.answered, made.clock.now()), hooks, site, listener)
        alerting = Alerting(made, committer, listener, ear, site.channels)
        relay = Relay(made, committer, listener, hearing, site.endpoints, Sending().send)

        def heed(now: Site) -> None:
            outlets.heed(now)
            alerting.go_by(now.channels)
            relay.go_by(now.endpoints)

        reloading = Reloading(site, _myself(), made, committer, reload, listener, heed)
        chores = Housekeeping(_chores(site), SystemClock(), committer, listener, lambda: made.keepers)
        attendance = Attendance(manager, made, vitals)
        companions: list[asyncio.Task[None]] = []

        def accompany(what: str, work: Coroutine[Any, Any, None]) -> None:
            companions.append(loop.create_task(_contained(what, work, made.clock, listener)))

        def hung_up() -> None:
            if terminal.closed:
                stopping.set()
            else:
                accompany("the reading of rowd.toml", read_anew())

        async def read_anew() -> None:
            with attendance.reading_anew():
                await reloading.reload()

        loop.add_signal_handler(signal.SIGHUP, hung_up)
        accompany("the collector", _collecting(made))
        accompany("the look for requests", made.listen(_also(relay.look, touched(site.wake))))
        accompany("housekeeping", chores.tend())
        for what, work in outlets.work(reloading.notes):
            accompany(what, work)
        accompany("the note of a stop", reloading.stopped(stopping))
        accompany("what the service manager is told", attendance.attend(stopping))
        await alerting.begin()
        await relay.begin()
        accompany("what people are told", alerting.run())
        accompany("what endpoints are told", relay.run())
        shown = loop.create_task(_beside(beside(made), stopping)) if beside is not None else None
        try:
            await made.run(stopping)
        except Exception as exc:  # whatever it is, who watches from outside hears of it before the process ends with it
            await outlets.failed(exc)
            raise
        finally:
            for companion in [*companions, *([shown] if shown is not None else [])]:
                companion.cancel()
            await asyncio.gather(*companions, return_exceptions=True)
        if shown is not None:
            with suppress(asyncio.CancelledError):
                await shown


async def _collecting(made: Daemon) -> None:
    """See COLLECT."""
    try:
        await made.looked_everywhere()
        gc.freeze()
    finally:
        gc.set_threshold(*COLLECT)
        gc.enable()


async def pass_once(site: Site, listener: Listener) -> None:
    """One pass over every table. Ctrl-C or SIGTERM ends it as it ends a daemon."""
    own, hearing = Overhearing(listener), Hearing(site.endpoints)
    listener = heard_by(hearing.hear, own.hear)
    async with opened(site, listener) as (made, committer):
        own.begin(made)
        relay = Relay(made, committer, listener, hearing, site.endpoints, Sending().send)
        await relay.begin()
        await made.run_once(_stoppable())
        await Alerting(made, committer, listener, Ear(), site.channels).once()
        await relay.once()
        # Only now: who reads of a daemon that still runs would tell people to send it SIGHUP, and a pass has no ear for it.
        leave(site.state, Note(_myself(), site.config.version, made.clock.now(), tuple(site.served)))


def heard_by(*listeners: Listener) -> Listener:
    """A listener that all of them are told by, one after the other."""

    def tell(event: Event) -> None:
        for listener in listeners:
            listener(event)

    return tell


async def _also(call: Callable[[], None], pokes: AsyncIterator[None]) -> AsyncIterator[None]:
    """The same, with this called each time."""
    async for _ in pokes:
        call()
        yield


async def _contained(what: str, work: Coroutine[Any, Any, None], clock: Clock, listener: Listener) -> None:
    """Whatever fails there is said, and stops nothing else."""
    try:
        await work
    except Exception as exc:
        listener(Trouble(at=clock.now(), where=what, message=f"{type(exc).__name__}: {exc}"))


async def _beside(companion: AsyncIterator[None], stopping: asyncio.Event) -> None:
    try:
        async for _ in companion:
            pass
    except OSError:
        pass  # the terminal that it draws on is gone
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


async def touched(path: Path) -> AsyncIterator[None]:
    """Yield each time the file is touched. One that was deleted is made again.

    Where the machine has no watches left (Linux gives a user 128 unless told otherwise), yield every WITHOUT_WATCH until it has.
    """
    from asyncinotify import Inotify, Mask

    while True:
        await asyncio.to_thread(path.touch, 0o600)
        try:
            with Inotify() as inotify:
                inotify.add_watch(path, Mask.ATTRIB | Mask.CLOSE_WRITE | Mask.DELETE_SELF | Mask.MOVE_SELF)
                async for _ in inotify:
                    yield
                    if not await asyncio.to_thread(path.exists):
                        break
        except OSError as exc:
            if exc.errno not in NO_WATCHES:
                raise
            await asyncio.sleep(WITHOUT_WATCH)
            yield


def _chores(site: Site) -> Chores:
    settings, audit = site.config.settings.daemon, site.config.settings.audit
    return Chores(
        ledger=site.ledger,
        runs=site.parts.runs,
        backups_dir=site.state / FOLDER,
        keep_runs=settings.keep_runs,
        keep_finished=settings.keep_finished,
        backup_at=settings.backup_at,
        backups=settings.backups,
        digest_at=settings.digest_at,
        keep_deeds=audit.keep,
        most_deeds=audit.most,
        tell_head=audit.tell_head,
    )


def _myself() -> Process:
    stat = Path("/proc/self/stat").read_text(encoding="utf-8")
    return Process(os.getpid(), int(stat.rpartition(")")[2].split()[19]))


def alive(mark: DaemonMark) -> bool:
    """Whether the daemon of this mark still runs, here."""
    return mark.host == os.uname().nodename and runs(mark.process)


def runs(process: Process) -> bool:
    """Whether this very process is there on this machine: its pid, with the start time it had, and not only as a zombie."""
    try:
        stat = Path(f"/proc/{process.pid}/stat").read_text(encoding="utf-8")
    except OSError:
        return False
    state, *fields = stat.rpartition(")")[2].split()
    return state != "Z" and int(fields[18]) == process.started
