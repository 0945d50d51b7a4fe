"""Makes attempts: lends each its folder, secrets and deadline, and says how it ended."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from pathlib import Path
from types import MappingProxyType

from actions.api import Adoptable, Lost, Outcome, Process, Request, Result
from config.fields import spelled
from engine.answers import judged, masked
from engine.clock import Clock, Timer
from engine.committer import RETRY_LEDGER, Commits
from engine.ledger import LedgerUnwritable
from engine.model import Occurrence
from engine.parts import Parts

_NO_SECRETS: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Ended:
    """How an attempt ended.

    duration: monotonic; of one that ended while no daemon was there, what its action can tell; None where nobody can.
    """

    run: str
    attempt: int
    result: Result
    duration: timedelta | None


@dataclass(slots=True, eq=False)
class _Attempt:
    """One attempt under way, as its action sees it (`actions.api.Context`), and how it is to end where it is stopped.

    began: on the monotonic clock; None where it ended unseen.   left: how long it may still take.
    made: whether its folder is there as it should be.
    gated: its process waits for the ledger, and has run nothing.   given_up: it is left to the next daemon, which starts it.
    """

    occurrence: Occurrence
    path: str
    secrets: Mapping[str, str]
    commit: Callable[[_Attempt, Process], Awaitable[None]]
    began: float | None
    left: timedelta
    made: bool
    task: asyncio.Task[object] = field(init=False)
    timer: Timer | None = None
    verdict: Result | None = None
    gated: bool = False
    given_up: bool = False

    @property
    def folder(self) -> Path:
        folder = Path(self.path)
        if not self.made:
            if not _made(self.path):
                for left in folder.iterdir():  # an earlier daemon's gated launcher may have left its files; it never ran
                    left.unlink(missing_ok=True)
            self.made = True
        return folder

    def secret(self, name: str) -> str:
        return self.secrets[name]

    async def launched(self, process: Process) -> None:
        await self.commit(self, process)


class Runner:
    """Attempts under way, by run id. One occurrence has one attempt at a time."""

    def __init__(self, parts: Parts, clock: Clock, committer: Commits, ended: Callable[[Ended], None]) -> None:
        """ended: told once for each attempt."""
        self._clock = clock
        self._committer = committer
        self._runs = str(parts.runs)
        self._crash = parts.crash
        self._ended = ended
        self._attempts: dict[str, _Attempt] = {}
        self.replace(parts)

    def replace(self, parts: Parts) -> None:
        """Use other definitions for attempts that begin from now on."""
        self._actions, self._secrets, self._heir, self._mask = parts.actions, parts.secrets, parts.heir, parts.mask
        self._kinds = {name: action.kind for name, action in _adoptable(parts.actions)}

    def kind(self, action: str) -> str | None:
        """By what a later daemon finds who takes over an attempt of this action; None where attempts end with this one."""
        return self._kinds.get(action)

    def folder(self, run: str, attempt: int) -> str:
        """Where this attempt's files are, if it leaves any."""
        return os.path.join(self._runs, run, str(attempt))  # noqa: PTH118 (a Path costs ten times as much, at each start)

    @property
    def under_way(self) -> int:
        return len(self._attempts)

    def start(self, occurrence: Occurrence) -> None:
        """Begin the attempt `occurrence.attempt`, which the ledger already knows."""
        action = self._actions.get(occurrence.action)
        attempt = self._attempt(occurrence, age=0.0, made=False)
        if action is None:
            gone = Result(Outcome.FAILED, f"the action {occurrence.action} is no longer defined in rowd.toml")
            self._begin(attempt, partial(_known, gone))
        else:
            self._begin(attempt, partial(action.run, _request(occurrence), attempt))

    def adopt(self, occurrence: Occurrence, kind: str | None) -> None:
        """Take over an attempt that another daemon began.   kind: what `kind` said of its action then.

        It goes by what the attempt was, not by what its action is called now: that may have been changed or removed since.
        """
        process = occurrence.process
        if kind is not None and process is None and self.kind(occurrence.action) == kind:
            self.start(occurrence)  # its gate was never opened, so it never ran
            if occurrence.stopping:  # before its first step: it never will
                self.stop(occurrence.id, Outcome.CANCELLED, occurrence.stopping)
        elif kind is not None and (heir := self._taking_over(occurrence.action, kind)) is not None and process is not None:
            attempt = self._attempt(occurrence, age=max(0.0, self._clock.uptime() - process.since_boot), made=True)
            self._begin(attempt, partial(_adopted, heir, _request(occurrence), attempt, process))
            if occurrence.stopping:  # in the loop's next step, when it is really taken over
                asyncio.get_running_loop().call_soon(self.stop, occurrence.id, Outcome.CANCELLED, occurrence.stopping)
        elif kind is not None and process is None:
            why = f"it had not begun when rowd stopped, and the action {occurrence.action} is no {kind} any more"
            self._begin(self._attempt(occurrence, age=0.0, made=True), partial(_known, Result(Outcome.FAILED, why)))
        else:
            attempt = self._attempt(occurrence, age=0.0, made=True)
            self._begin(attempt, partial(_lost, attempt, "rowd stopped while it ran; its effect is unknown"))

    def _taking_over(self, name: str, kind: str) -> Adoptable | None:
        action: object = self._actions.get(name)
        return action if isinstance(action, Adoptable) and action.kind == kind else self._heir(kind)

    def stop(self, run: str, outcome: Outcome, reason: str) -> bool:
        """End an attempt with this outcome, unless it succeeds all the same. False where none is under way.

        Once is enough: a second time neither changes the outcome nor presses the action.
        """
        attempt = self._attempts.get(run)
        if attempt is None or attempt.task.done():
            return False
        if attempt.verdict is None:
            attempt.verdict = Result(outcome, reason)
            attempt.task.cancel()
        return True

    def give_up_gated(self) -> None:
        """Leave to the next daemon what still waits for a ledger that can't be written: nothing of it ran, so nothing is told."""
        for attempt in self._attempts.values():
            if attempt.gated and not attempt.given_up:
                attempt.given_up = True
                attempt.task.cancel()

    async def wait(self) -> None:
        """Return when nothing is under way."""
        while self._attempts:
            await asyncio.wait([attempt.task for attempt in self._attempts.values()])

    def _attempt(self, occurrence: Occurrence, *, age: float, made: bool) -> _Attempt:
        """age: seconds that it has run already."""
        return _Attempt(
            occurrence=occurrence,
            path=self.folder(occurrence.id, occurrence.attempt),
            secrets=self._secrets.get(occurrence.action, _NO_SECRETS),
            commit=self._launched,
            began=self._clock.monotonic() - age,
            left=occurrence.timeout - timedelta(seconds=age) if age else occurrence.timeout,
            made=made,
        )

    def _begin(self, attempt: _Attempt, work: Callable[[], Awaitable[object]]) -> None:
        run = attempt.occurrence.id
        attempt.task = asyncio.get_running_loop().create_task(self._bounded(attempt, work), name=run)
        attempt.task.add_done_callback(partial(self._finish, attempt))
        self._attempts[run] = attempt

    async def _bounded(self, attempt: _Attempt, work: Callable[[], Awaitable[object]]) -> object:
        """What the action answers. It is stopped when its time is over; but a first look comes before that."""
        self._ring(attempt)
        try:
            return await work()
        except SystemExit as exc:  # of an action that runs inside the daemon: it ends the attempt, not the daemon
            return Result(Outcome.FAILED, f"SystemExit: {exc}")
        finally:
            if attempt.timer is not None:
                attempt.timer.cancel()

    def _ring(self, attempt: _Attempt) -> None:
        attempt.timer = self._clock.call_after(max(attempt.left, timedelta(0)), partial(self._late, attempt.occurrence))

    def _late(self, occurrence: Occurrence) -> None:
        self.stop(occurrence.id, Outcome.TIMED_OUT, f"stopped after {spelled(occurrence.timeout)}")

    async def _launched(self, attempt: _Attempt, process: Process) -> None:
        """Nothing runs before the ledger knows the process, so it can wait for a ledger that can't be written; no time is lost."""
        self._crash.at("launch.spawned")
        if attempt.timer is not None:
            attempt.timer.cancel()
        run, number, folder = attempt.occurrence.id, attempt.occurrence.attempt, attempt.path
        attempt.gated = True
        while attempt.gated:
            try:
                await self._committer.do(lambda ledger: ledger.launched(run, number, process, folder), point="launched")
                attempt.gated = False
            except LedgerUnwritable:
                await self._clock.sleep(RETRY_LEDGER)
        attempt.began, attempt.left = self._clock.monotonic(), attempt.occurrence.timeout
        self._ring(attempt)
        asyncio.get_running_loop().call_soon(self._crash.at, "launch.released")  # the action releases it first

    def _finish(self, attempt: _Attempt, done: asyncio.Task[object]) -> None:
        occurrence = attempt.occurrence
        del self._attempts[occurrence.id]
        result = masked(judged(done), self._mask)
        if attempt.given_up:
            return
        if attempt.verdict is not None and result.outcome is not Outcome.SUCCEEDED:
            result = attempt.verdict
        spent = self._spent(attempt) if result.past is None else result.past.took
        self._ended(Ended(occurrence.id, occurrence.attempt, result, spent))

    def _spent(self, attempt: _Attempt) -> timedelta | None:
        return None if attempt.began is None else timedelta(seconds=max(0.0, self._clock.monotonic() - attempt.began))


def _made(path: str) -> bool:
    """Make an attempt's folder, and those above it; False where it was there. Few calls: one is made at each start."""
    run = os.path.dirname(path)  # noqa: PTH120 (as above)
    try:
        with contextlib.suppress(FileExistsError):
            os.mkdir(run)  # noqa: PTH102 (as above)
        os.mkdir(path, 0o700)  # noqa: PTH102 (as above)
    except FileExistsError:
        return False
    except FileNotFoundError:
        os.makedirs(run, exist_ok=True)  # noqa: PTH103 (as above)
        os.mkdir(path, 0o700)  # noqa: PTH102 (as above)
    return True


def _adoptable(actions: Mapping[str, object]) -> Iterator[tuple[str, Adoptable]]:
    for name, action in actions.items():
        if isinstance(action, Adoptable):
            yield name, action


async def _known(result: Result) -> Result:
    return result


async def _adopted(action: Adoptable, request: Request, attempt: _Attempt, process: Process) -> object:
    answer = await action.adopt(request, attempt, process)
    if answer is None or isinstance(answer, Lost):
        known = answer.why if answer is not None else "it ended while rowd was not running, and left no exit status"
        await _lost(attempt, known)
    return answer


async def _lost(attempt: _Attempt, why: str) -> None:
    """Nobody can know how it ended. That is the engine's verdict: an action may not say so."""
    attempt.verdict = attempt.verdict or Result(Outcome.LOST, why)
    attempt.began = None


def _request(occurrence: Occurrence) -> Request:
    return Request(
        run=occurrence.id,
        attempt=occurrence.attempt,
        table=occurrence.table,
        task=occurrence.task,
        action=occurrence.action,
        parameters=occurrence.parameters,
        due=occurrence.due,
        trigger=occurrence.trigger,
        timeout=occurrence.timeout,
    )
