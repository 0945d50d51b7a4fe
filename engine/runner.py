"""Makes attempts: lends each its folder, secrets and deadline, and says how it ended."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from actions.api import Action, Adoptable, Outcome, Process, Request, Result
from engine.clock import Clock
from engine.committer import Commits
from engine.crash import Crash
from engine.model import Occurrence


@dataclass(frozen=True, slots=True)
class Ended:
    """How an attempt ended. `duration` is monotonic, except after an adoption, where only the wall clock knows the start."""

    run: str
    attempt: int
    result: Result
    duration: timedelta


@dataclass(frozen=True, slots=True)
class _Lent:
    """The context of one attempt."""

    folder: Path
    secrets: Mapping[str, str]
    commit: Callable[[Process], Awaitable[None]]

    def secret(self, name: str) -> str:
        return self.secrets[name]

    async def launched(self, process: Process) -> None:
        await self.commit(process)


class Runner:
    """Attempts under way, by run id. One occurrence has one attempt at a time."""

    def __init__(
        self,
        actions: Mapping[str, Action],
        secrets: Mapping[str, Mapping[str, str]],
        clock: Clock,
        committer: Commits,
        runs: Path,
        crash: Crash,
        ended: Callable[[Ended], None],
    ) -> None:
        """secrets: action's name → what it may see.   runs: where attempts' folders go.   ended: told once for each attempt."""
        self._actions = actions
        self._secrets = secrets
        self._clock = clock
        self._committer = committer
        self._runs = runs
        self._crash = crash
        self._ended = ended
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._verdicts: dict[str, tuple[Outcome, str]] = {}

    def replace(self, actions: Mapping[str, Action], secrets: Mapping[str, Mapping[str, str]]) -> None:
        """Use other definitions for attempts that begin from now on."""
        self._actions, self._secrets = actions, secrets

    def folder(self, run: str, attempt: int) -> Path:
        """Where this attempt's files are."""
        return self._runs / run / str(attempt)

    @property
    def under_way(self) -> int:
        return len(self._tasks)

    def start(self, occurrence: Occurrence) -> None:
        """Begin the attempt `occurrence.attempt`, which the ledger already knows."""
        self._spawn(occurrence, self._attempt(occurrence))

    def adopt(self, occurrence: Occurrence) -> None:
        """Take over an attempt that another daemon released."""
        self._spawn(occurrence, self._adoption(occurrence))

    def stop(self, run: str, outcome: Outcome, reason: str) -> bool:
        """End an attempt with this outcome. False where none is under way."""
        task = self._tasks.get(run)
        if task is None:
            return False
        self._verdicts.setdefault(run, (outcome, reason))
        task.cancel()
        return True

    async def wait(self) -> None:
        """Return when nothing is under way."""
        while self._tasks:
            await asyncio.wait(list(self._tasks.values()))

    def _spawn(self, occurrence: Occurrence, work: Coroutine[None, None, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks[occurrence.id] = task
        task.add_done_callback(lambda done: self._finish(occurrence, done))

    def _finish(self, occurrence: Occurrence, done: asyncio.Task[None]) -> None:
        del self._tasks[occurrence.id]
        if done.cancelled():  # stopped before its first step
            outcome, reason = self._verdicts.get(occurrence.id, (Outcome.CANCELLED, "cancelled"))
            self._say(occurrence, Result(outcome, reason), self._clock.monotonic())
        elif (error := done.exception()) is not None:
            self._say(occurrence, Result(Outcome.FAILED, f"{type(error).__name__}: {error}"[:500]), self._clock.monotonic())

    async def _attempt(self, occurrence: Occurrence) -> None:
        began = self._clock.monotonic()
        action = self._actions.get(occurrence.action)
        if action is None:
            self._say(
                occurrence, Result(Outcome.FAILED, f"the action {occurrence.action} is no longer defined in rowd.toml"), began
            )
            return
        context = self._context(occurrence)
        context.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for left in context.folder.iterdir():  # an earlier daemon's gated launcher may have left its files; it never ran
            left.unlink(missing_ok=True)
        await self._bounded(occurrence, action.run(self._request(occurrence), context), occurrence.timeout, began)

    async def _adoption(self, occurrence: Occurrence) -> None:
        began = self._clock.monotonic()
        action: object = self._actions.get(occurrence.action)
        if not isinstance(action, Adoptable) or occurrence.process is None:
            self._say(occurrence, Result(Outcome.LOST, "rowd stopped while it ran; its effect is unknown"), began)
            return
        spent = self._clock.now() - (occurrence.started_at or self._clock.now())
        left = max(occurrence.timeout - spent, timedelta(0))
        work = self._known(action.adopt(self._request(occurrence), self._context(occurrence), occurrence.process))
        await self._bounded(occurrence, work, left, began - spent.total_seconds())

    @staticmethod
    async def _known(adoption: Awaitable[Result | None]) -> Result:
        return await adoption or Result(Outcome.LOST, "it ended while rowd was not running, and left no exit status")

    async def _bounded(self, occurrence: Occurrence, work: Coroutine[None, None, Result], within: timedelta, began: float) -> None:
        """Wait for the action, but not longer than it may take; whatever happens, say how it ended."""
        doing = asyncio.ensure_future(work)
        bell = asyncio.ensure_future(self._clock.sleep(within))
        try:
            await asyncio.wait({doing, bell}, return_when=asyncio.FIRST_COMPLETED)
            if not doing.done():
                self._verdicts.setdefault(occurrence.id, (Outcome.TIMED_OUT, f"stopped after {occurrence.timeout}"))
        except asyncio.CancelledError:
            pass  # `stop` left its verdict
        finally:
            bell.cancel()
        if not doing.done():
            doing.cancel()
        while not doing.done():
            with contextlib.suppress(asyncio.CancelledError):  # asked to stop once more: it is stopping
                await asyncio.wait({doing})
        self._say(occurrence, self._result(occurrence, doing), began)

    def _result(self, occurrence: Occurrence, doing: asyncio.Future[Result]) -> Result:
        """How it ended. What was stopped and says that it failed was stopped: that is why."""
        verdict = self._verdicts.get(occurrence.id)
        result = _answer(doing) or Result(*(verdict or (Outcome.CANCELLED, "cancelled")))
        return Result(*verdict) if verdict is not None and result.outcome is Outcome.FAILED else result

    def _say(self, occurrence: Occurrence, result: Result, began: float) -> None:
        self._verdicts.pop(occurrence.id, None)
        spent = timedelta(seconds=max(0.0, self._clock.monotonic() - began))
        self._ended(Ended(occurrence.id, occurrence.attempt, result, spent))

    def _context(self, occurrence: Occurrence) -> _Lent:
        folder = self.folder(occurrence.id, occurrence.attempt)

        async def commit(process: Process) -> None:
            self._crash.at("launch.spawned")
            run, attempt = occurrence.id, occurrence.attempt
            await self._committer.do(lambda ledger: ledger.launched(run, attempt, process, str(folder)), point="launched")
            asyncio.get_running_loop().call_soon(self._crash.at, "launch.released")  # the action releases it first

        return _Lent(folder, self._secrets.get(occurrence.action, {}), commit)

    @staticmethod
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


def _answer(doing: asyncio.Future[Result]) -> Result | None:
    """What the action says of itself; None where it was cancelled and says nothing."""
    if doing.cancelled():
        return None
    if (error := doing.exception()) is not None:
        return Result(Outcome.FAILED, f"{type(error).__name__}: {error}"[:500])
    result = doing.result()
    return result if _sound(result) else Result(Outcome.FAILED, f"the action answered nonsense: {result!r}"[:500])


def _sound(result: object) -> bool:
    """Whether an action kept its contract: other packages' actions may not."""
    return isinstance(result, Result) and all(isinstance(value, str | int | float | bool) for value in result.outputs.values())
