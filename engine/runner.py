"""Makes attempts: lends each its folder, secrets and deadline, and says how it ended."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from pathlib import Path
from types import MappingProxyType

from msgspec import Struct

from actions.api import Adoptable, Lost, Outcome, Request, Result, Unbegun, Uptime
from config.fields import spelled
from engine.answers import judged, masked
from engine.clock import Clock
from engine.deadlines import Deadlines
from engine.model import Occurrence
from engine.parts import Parts

_NO_SECRETS: Mapping[str, str] = MappingProxyType({})


class Ended(Struct, frozen=True):
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

    since: when it began, on the monotonic clock; None where it ended unseen.   left: how long it may still take.
    """

    occurrence: Occurrence
    place: str
    secrets: Mapping[str, str]
    ran_since: Callable[[_Attempt, Uptime], None]
    since: float | None
    left: timedelta
    task: asyncio.Task[object] = field(init=False)
    verdict: Result | None = None

    @property
    def path(self) -> Path:
        return Path(self.place)

    @property
    def folder(self) -> Path:
        _make(self.place)
        return self.path

    def secret(self, name: str) -> str:
        return self.secrets[name]

    def began(self, at: Uptime) -> None:
        self.ran_since(self, at)


NOT_AS_APPROVED = Result(
    Outcome.FAILED,
    "nothing was run: the operator has changed the action since this was let begin; run it again, and approve it as it is now",
)


class Runner:
    """Attempts under way, by run id. One occurrence has one attempt at a time."""

    def __init__(self, parts: Parts, clock: Clock, ended: Callable[[Ended], None]) -> None:
        """ended: told once for each attempt."""
        self._clock = clock
        self._runs = str(parts.runs)
        self._crash = parts.crash
        self._ended = ended
        self._attempts: dict[str, _Attempt] = {}
        self._deadlines = Deadlines(clock, self._late)
        self.replace(parts)

    def replace(self, parts: Parts) -> None:
        """Use other definitions for attempts that begin from now on."""
        self._actions, self._secrets, self._heir, self._mask = parts.actions, parts.secrets, parts.heir, parts.mask
        self._approvals = parts.approvals
        self._kinds = {name: action.kind for name, action in _adoptable(parts.actions)}

    def kind(self, action: str) -> str | None:
        """By what a later daemon finds who takes over an attempt of this action; None where attempts end with this one."""
        return self._kinds.get(action)

    def folder(self, run: str, attempt: int) -> str:
        """Where this attempt's files are, if it leaves any."""
        return f"{self._runs}/{run}/{attempt}"  # a Path costs ten times as much, at each start

    @property
    def under_way(self) -> int:
        return len(self._attempts)

    def start(self, occurrence: Occurrence) -> None:
        """Begin the attempt `occurrence.attempt`, which the ledger already knows."""
        self._crash.at("launch.before")
        action = self._actions.get(occurrence.action)
        attempt = self._attempt(occurrence)
        if action is None:
            gone = Result(Outcome.FAILED, f"the action {occurrence.action} is no longer defined in rowd.toml")
            self._begin(attempt, partial(_known, gone))
        elif self._changed(occurrence):
            self._begin(attempt, partial(_known, NOT_AS_APPROVED))
        else:
            self._begin(attempt, partial(action.run, _request(occurrence), attempt))

    def adopt(self, occurrence: Occurrence, kind: str | None, since: Uptime | None) -> None:
        """Take over an attempt that another daemon began, or was about to.

        It goes by what the attempt was, not by what its action is called now: that may have been changed or removed since.
        kind: what `kind` said of its action then.   since: when the ledger came to know of it.
        """
        if kind is not None and (heir := self._taking_over(occurrence.action, kind)) is not None:
            attempt = self._attempt(occurrence, 0.0 if since is None else self._age(since))
            self._begin(attempt, partial(self._adopted, heir, _request(occurrence), attempt, since))
            if occurrence.stopping:  # in the loop's next step, when it is really taken over
                asyncio.get_running_loop().call_soon(self.stop, occurrence.id, Outcome.CANCELLED, occurrence.stopping)
        else:
            attempt = self._attempt(occurrence)
            self._begin(attempt, partial(_lost, attempt, "rowd stopped while it ran; its effect is unknown"))

    def _changed(self, occurrence: Occurrence) -> bool:
        """Whether its action needs an approval, and what was approved is not the action as it is defined now: `rowd.toml` may have
        been changed after the attempt was let begin, while that was made durable, or while no daemon ran."""
        rule, approval = self._approvals.get(occurrence.action), occurrence.approval
        return rule is not None and (approval is None or approval.definition != rule.definition)

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

    async def wait(self) -> None:
        """Return when nothing is under way."""
        while self._attempts:
            await asyncio.wait([attempt.task for attempt in self._attempts.values()])

    def _attempt(self, occurrence: Occurrence, age: float = 0.0) -> _Attempt:
        """age: seconds that it has run already."""
        return _Attempt(
            occurrence=occurrence,
            place=self.folder(occurrence.id, occurrence.attempt),
            secrets=self._secrets.get(occurrence.action, _NO_SECRETS),
            ran_since=self._ran_since,
            since=self._clock.monotonic() - age,
            left=occurrence.timeout - timedelta(seconds=age) if age else occurrence.timeout,
        )

    def _begin(self, attempt: _Attempt, work: Callable[[], Awaitable[object]]) -> None:
        run = attempt.occurrence.id
        attempt.task = asyncio.get_running_loop().create_task(self._bounded(attempt, work), name=run)
        attempt.task.add_done_callback(partial(self._finish, attempt))
        self._attempts[run] = attempt

    async def _bounded(self, attempt: _Attempt, work: Callable[[], Awaitable[object]]) -> object:
        """What the action answers. It is stopped when its time is over; but a first look comes before that."""
        self._deadlines.set(attempt.occurrence.id, attempt.left)
        try:
            return await work()
        except SystemExit as exc:  # of an action that runs inside the daemon: it ends the attempt, not the daemon
            return Result(Outcome.FAILED, f"SystemExit: {exc}")
        finally:
            self._deadlines.clear(attempt.occurrence.id)

    async def _adopted(self, action: Adoptable, request: Request, attempt: _Attempt, since: Uptime | None) -> object:
        answer = await action.adopt(request, attempt, since)
        if isinstance(answer, Lost):
            await _lost(attempt, answer.why)
        if not isinstance(answer, Unbegun):
            return answer
        stopping = attempt.occurrence.stopping
        if stopping:
            attempt.verdict = attempt.verdict or Result(Outcome.CANCELLED, stopping)
        if attempt.verdict is not None:
            return answer
        if self._changed(attempt.occurrence):
            return NOT_AS_APPROVED
        self._ran_since(attempt, self._clock.uptime())
        return await action.run(request, attempt)

    def _ran_since(self, attempt: _Attempt, at: Uptime) -> None:
        """Its time counts from there."""
        age = self._age(at)
        attempt.since, attempt.left = self._clock.monotonic() - age, attempt.occurrence.timeout - timedelta(seconds=age)
        self._deadlines.set(attempt.occurrence.id, attempt.left)

    def _age(self, since: Uptime) -> float:
        return max(0.0, self._clock.uptime().seconds - since.seconds)

    def _late(self, run: str) -> None:
        attempt = self._attempts.get(run)
        if attempt is not None:  # an action may have said when it began once it had ended
            self.stop(run, Outcome.TIMED_OUT, f"stopped after {spelled(attempt.occurrence.timeout)}")

    def _finish(self, attempt: _Attempt, done: asyncio.Task[object]) -> None:
        occurrence = attempt.occurrence
        del self._attempts[occurrence.id]
        result = masked(judged(done), self._mask)
        if attempt.verdict is not None and result.outcome is not Outcome.SUCCEEDED:
            result = attempt.verdict
        spent = self._spent(attempt) if result.past is None else result.past.took
        self._ended(Ended(occurrence.id, occurrence.attempt, result, spent))

    def _spent(self, attempt: _Attempt) -> timedelta | None:
        return None if attempt.since is None else timedelta(seconds=max(0.0, self._clock.monotonic() - attempt.since))


def _make(path: str) -> None:
    """Make an attempt's folder, and those above it, where they aren't there. Few calls: one is made at each start."""
    try:
        os.mkdir(path, 0o700)  # noqa: PTH102 (a Path costs ten times as much, at each start)
    except FileExistsError:
        pass
    except FileNotFoundError:
        os.makedirs(os.path.dirname(path), exist_ok=True)  # noqa: PTH103, PTH120 (as above)
        os.mkdir(path, 0o700)  # noqa: PTH102 (as above)


def _adoptable(actions: Mapping[str, object]) -> Iterator[tuple[str, Adoptable]]:
    for name, action in actions.items():
        if isinstance(action, Adoptable):
            yield name, action


async def _known(result: Result) -> Result:
    return result


async def _lost(attempt: _Attempt, why: str) -> None:
    """Nobody can know how it ended. That is the engine's verdict: an action may not say so."""
    attempt.verdict = attempt.verdict or Result(Outcome.LOST, why)
    attempt.since = None


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
        event=occurrence.event,
    )
