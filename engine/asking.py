"""Asks facts of the world outside, each once at a time, beside all else. What comes of it is handed in, to become durable."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from actions.telling import Mask
from config.fields import spelled
from engine.clock import Clock
from engine.outside import Facts, Known, Told
from facts.api import Fact, Tree, Unhad

AT_ONCE = 8
"""So many facts are asked at the same time; others wait for their turn, which is part of their time-out."""


ENDS_WITHIN = timedelta(seconds=2)
"""What a question began has so long to end where rowd stops; then nobody waits for it."""


class Question(Struct, frozen=True):
    """A fact, ready to be asked.   definition: a mark of what `rowd.toml` says of it.   timeout, max_age: see `facts.api`."""

    name: str
    definition: str
    fact: Fact
    timeout: timedelta
    max_age: timedelta


class Answered(Struct, frozen=True):
    """What came of asking for a fact.   trouble: why it could not be asked; "" where it was told: then `value` is it.

    definition: a mark of what `rowd.toml` said of it.   asked_at, told_at: when that began, and when it was over.
    """

    name: str
    definition: str
    value: Tree
    trouble: str
    asked_at: datetime
    told_at: datetime

    def masked(self, mask: Mask) -> Answered:
        """Without secrets, whoever put them there."""
        if mask.idle:
            return self
        return replace(self, value=_masked(self.value, mask), trouble=mask.text(self.trouble))

    def known(self, before: Known | None) -> Known:
        """What is known since.   before: what was."""
        same = before is not None and bool(before.trouble) == bool(self.trouble)
        since = before.since if same and before is not None else self.told_at
        return Known(self.name, self.definition, self.value, self.trouble, self.asked_at, self.told_at, since)


class _Ask:
    """One question on its way.   begun_at: None while it waits for its turn."""

    def __init__(self, question: Question, clock: Clock, turns: tuple[asyncio.Lock, asyncio.Semaphore]) -> None:
        """turns: what it waits for: that no other one is under way for the same fact, nor too many at all."""
        self.question = question
        self.begun_at: datetime | None = None
        self._clock = clock
        self._turns = turns
        self.task = asyncio.create_task(self._run())
        self.task.add_done_callback(lambda task: task.cancelled() or task.exception())  # where nobody waits for it any more

    async def _run(self) -> Tree:
        alone, turn = self._turns
        async with alone, turn:
            self.begun_at = self._clock.now()
            return await self.question.fact.ask()

    async def answer(self) -> Answered:
        """Within its time-out, whatever the fact does: it is told to end then, and may take longer for that."""
        asked_at, over = self._clock.now(), asyncio.Event()
        self.task.add_done_callback(lambda _: over.set())
        timer = self._clock.call_after(self.question.timeout, over.set)
        try:
            await over.wait()
        finally:
            timer.cancel()
            trouble = self._trouble()
            self.task.cancel()
        value = None if trouble else self.task.result()
        told_at = self._clock.now()
        return Answered(self.question.name, self.question.definition, value, trouble, self.begun_at or asked_at, told_at)

    def _trouble(self) -> str:
        """Why there is no answer now; "" where there is."""
        if not self.task.done():
            after = f"timed out after {spelled(self.question.timeout)}"
            if self.begun_at is None:
                return f"{after}, waiting for its turn; see what holds up the others, or raise `timeout`"
            return f"{after}; make it quicker, or raise `timeout`"
        if self.task.cancelled():
            return "it was broken off; it is asked again when a row needs it"
        match self.task.exception():
            case None:
                return ""
            case Unhad() as exc:
                return str(exc)
            case exc:  # another package's kind may fail in any way: its fact is in trouble, and nothing else
                return f"rowd fails on it ({type(exc).__name__}: {exc}); mend, or replace, its kind"


def of_now(questions: Mapping[str, Question], known: Mapping[str, Known]) -> Facts:
    """What is known of these, as far as it was asked as it is now.   known: by name, also of others."""
    return {name: Told(_as_asked(one, known.get(name)), one.max_age) for name, one in questions.items()}


def _as_asked(question: Question, known: Known | None) -> Known | None:
    return known if known is not None and known.definition == question.definition else None


async def asked(questions: Iterable[Question], clock: Clock) -> list[Answered]:
    """Ask each once, in no daemon, and return once what that began has ended. Raises nothing."""
    turn = asyncio.Semaphore(AT_ONCE)
    asks = [_Ask(question, clock, (asyncio.Lock(), turn)) for question in questions]
    answers = await asyncio.gather(*(ask.answer() for ask in asks))
    await asyncio.gather(*(ask.task for ask in asks), return_exceptions=True)
    return answers


class Asking:
    """The questions of one daemon."""

    def __init__(self, questions: Callable[[], Mapping[str, Question]], clock: Clock, hand_in: Callable[[Answered], None]) -> None:
        """questions: those of now.   hand_in: takes each answer; `settled` says when it is durable."""
        self._questions = questions
        self._clock = clock
        self._hand_in = hand_in
        self._turn = asyncio.Semaphore(AT_ONCE)
        self._alone: dict[str, asyncio.Lock] = {}
        self._open: dict[str, asyncio.Task[None]] = {}  # asked, and the answer is not durable yet
        self._asks: set[asyncio.Task[Tree]] = set()  # under way, also where nobody waits for them any more

    @property
    def busy(self) -> bool:
        """Whether rows wait for an answer."""
        return bool(self._open)

    def want(self, name: str) -> None:
        """Rows wait for this fact: ask for it, unless that is under way."""
        if name not in self._open:
            self._open[name] = asyncio.create_task(self._ask(name))

    def settled(self, name: str) -> None:
        """The answer is durable: whoever wants the fact from now on asks anew."""
        self._open.pop(name, None)

    async def end(self) -> None:
        """Ask no more; what is under way ends, and counts for nothing."""
        tasks: list[asyncio.Task[Any]] = [*self._open.values(), *self._asks]
        self._open.clear()
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks, timeout=ENDS_WITHIN.total_seconds())

    async def _ask(self, name: str) -> None:
        question, now = self._questions().get(name), self._clock.now()
        if question is None:  # rowd.toml has it no more: the rows that name it are defects by now
            gone = "it is not declared any more; declare it, or take it out of the condition"
            self._hand_in(Answered(name, "", None, gone, now, now))
            return
        ask = _Ask(question, self._clock, (self._alone.setdefault(name, asyncio.Lock()), self._turn))
        self._asks.add(ask.task)
        ask.task.add_done_callback(self._asks.discard)
        self._hand_in(await ask.answer())


def _masked(tree: Tree, mask: Mask) -> Tree:
    match tree:
        case None:
            return None
        case dict():
            return {mask.text(name): _masked(inner, mask) for name, inner in tree.items()}
        case list():
            return [_masked(inner, mask) for inner in tree]
    return mask.value(tree)
