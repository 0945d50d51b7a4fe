"""The road of one daemon's life to one table: slow, faulty, watched over. What must never be written is refused here, at once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from random import Random
from typing import Any, TypeVar

from connectors.api import Effect, Page, Patch, Table, Traits, Written
from connectors.errors import Bug, NeedsOwner, OutcomeUnknown, TableError, TryLater
from engine.columns import OURS, SHARED
from tests.fakes.memory_table import at_once
from tests.simulation.machine import MICRO, Life, Machine
from tests.simulation.sheets import FileSheet, Sheet, canonical
from tests.simulation.spans import Spans, rows_of
from tests.simulation.stretches import Kept

T = TypeVar("T")

HANDED_IN = 0.5
"""Seconds within which an answer of the store is durable, unless the disk stalls or refuses."""


@dataclass
class Weather:
    """How well a table can be reached, for all lives.

    failing: share of calls that fail.   slow: share that take time, up to `longest` seconds.   away: an error that every call meets
    until the moment `away_until`.   deaf: share of edits that no watch tells of.
    """

    chance: Random
    failing: float = 0
    slow: float = 0
    longest: float = 2
    deaf: float = 0.1
    away: TableError | None = None
    away_until: int = 0
    failed: int = 0
    calm: bool = False

    def lag(self) -> tuple[float, float]:
        """Seconds until the store does what it is asked for, and until its answer is here."""
        if self.calm or self.chance.random() >= self.slow:
            return 0, 0
        return self.chance.random() ** 2 * self.longest, self.chance.random() ** 2 * self.longest

    def trouble(self, moment: int) -> TableError | None:
        """What this call fails with, before anything was done."""
        if self.calm:
            return None
        if moment < self.away_until:
            self.failed += 1
            return self.away
        if self.chance.random() >= self.failing:
            return None
        self.failed += 1
        wait = self.chance.choice((None, None, timedelta(seconds=3), timedelta(seconds=40)))
        return self.chance.choice((TryLater("503", wait=wait), TryLater("429", wait=wait), NeedsOwner("403"), Bug("400")))

    def unknown(self) -> bool | None:
        """Whether a write's answer is lost: False where nothing was written, True where it was; None where all is well."""
        if self.calm or self.chance.random() >= self.failing / 2:
            return None
        self.failed += 1
        return self.chance.random() < 0.5


class Link:
    """A table as the daemon of one life sees it."""

    def __init__(
        self, life: Life, machine: Machine, sheet: Sheet, table: Table, weather: Weather, spans: Spans, guard: Guard
    ) -> None:
        self.life, self.machine, self.sheet, self.inner, self.weather, self.spans = life, machine, sheet, table, weather, spans
        self._guard = guard
        self._seen: int | None = None  # the moment of a read that is not known to be durable yet
        self._reads = 0  # which read that was
        self.looked: int | None = None  # the moment at which the first read was surely durable
        self.noted: Callable[[int, dict[str, str]], None] = lambda _seen, _cells: None
        self._buttons: dict[str, str] = {}
        self._unanswered: set[str] = set()  # keys of rows that were written, and whose answer is not durable yet
        self._answered: set[str] = set()  # those of them which the answer shows
        self._hint = asyncio.Event()

    @property
    def traits(self) -> Traits:
        return self.inner.traits

    def read(self, cursor: str | None = None) -> Page:
        self._called()
        page, self._seen = self.inner.read(cursor), None
        self.spans.kept.end(Kept.MISSING)
        self.spans.kept.end(Kept.UNCLEAR)
        self._was_read()
        return page

    def _was_read(self) -> None:
        """rowd has read the table as it stands."""
        self.sheet.was_read()
        grid = self.sheet.look()
        if grid.header("Name") is None or grid.header("Action") is None:
            return  # no table of tasks: no row of it counts
        self._seen, self._reads = self.machine.moment, self.sheet.reads
        self.machine.after(HANDED_IN + (self.weather.longest if self.weather.slow else 0), partial(self._handed_in, self._reads))
        header = grid.header("Do")
        self._buttons = {k: r.get(header, "") for k, r in rows_of(grid).items()} if header is not None else {}

    def _handed_in(self, read: int) -> None:
        """Some time after a read: if all is well, rowd has learnt of it."""
        if self.life.alive and self.sheet.reads == read:
            self._guard.noted(self)

    def write(self, patches: Sequence[Patch]) -> list[Written]:
        self._called(writes=True)
        fate = self.weather.unknown()
        if fate is False:
            raise OutcomeUnknown("the connection broke before the request was through")
        self._guard.before(patches)
        self._unanswered = {patch.key for patch in patches}
        answers = self.inner.write(patches)
        self._guard.after(patches, answers, atomic=self.traits.atomic_expect)
        written = [(patch.key, canonical(header)) for patch in patches for header in patch.put]
        if any(column in ("ID", "Status") for _, column in written):
            self.spans.rewritten(key for key, column in written if column == "Status")
        if fate is True:
            self._guard.gap_keys |= self._unanswered
            raise OutcomeUnknown("the connection broke before the answer came")
        for answer in answers:
            if answer.row is not None:
                for place in [p for p in self.sheet.unread if p[0] == answer.row.key]:
                    del self.sheet.unread[place]
                self.sheet.pasted.pop(answer.row.key, None)
                self._answered.add(answer.row.key)
        return answers

    def close(self) -> None:
        self.spans.kept.close()
        for void in self.sheet.reading.values():  # it may have died before it had learnt of them
            void()
        self.sheet.reading.clear()
        self._guard.gap_keys |= self._unanswered  # rowd died, or was never told: what stands in these rows, it can't be sure of
        self.inner.close()

    def changed(self) -> None:
        """A person has saved the table; a watch tells of it a little later, if at all."""
        if self.life.alive and self.weather.chance.random() >= self.weather.deaf:
            self.machine.after(self.weather.chance.random() * 0.3, self._tell)

    def _tell(self) -> None:
        if self.life.alive:
            self._hint.set()

    def _called(self, *, writes: bool = False) -> None:
        """Each call shows that the last read was dealt with: the tender hands one in before it does anything else.

        writes: what may only not be written is read on, and runs on.
        """
        self.life.check()
        if self.life.stopping:  # the tender was broken off wherever it was: it may have handed nothing in
            self._seen = None
        else:
            self.sheet.unshown -= self._answered
            self._unanswered = set()
        self._answered = set()
        trouble = self.weather.trouble(self.machine.moment)
        if isinstance(trouble, NeedsOwner) and not writes:
            self.spans.kept.begin(Kept.LOCKED)
        elif trouble is None or not writes:
            self.spans.kept.end(Kept.LOCKED)
        if trouble is not None:
            raise trouble
        if self._seen is not None:
            self.spans.taken_note(self._reads)
            self.sheet.noted.append(self._seen)
            self.noted(self._seen, self._buttons)
            self.sheet.reading.clear()
            self.looked = self.looked or self.machine.moment
            self._seen = None
        if self.looked is not None and self.machine.moment - self.looked > 40 * MICRO:
            self._guard.well(self)


class Probed(Link):
    """It can be asked whether it may have changed."""

    def probe(self) -> str:
        self._called()
        return self.inner.probe()  # type: ignore[attr-defined]  # those that are linked so have one


class Watched(Probed):
    """It tells by itself, sometimes."""

    async def watch(self) -> AsyncIterator[None]:
        while True:
            await self._hint.wait()
            self._hint.clear()
            yield


class Owned(Watched):
    """It keeps a second daemon away."""

    def own(self, who: str) -> None:
        self.life.check()
        self.inner.own(who)  # type: ignore[attr-defined]


class Guard:
    """What must hold of every write to a table, whoever asks for it."""

    def __init__(
        self,
        sheet: Sheet,
        broken: Callable[[str, str], None],
        well: Callable[[Any], None],
        noted: Callable[[Any], None],
        typed: Callable[[], set[str]],
        gap_keys: set[str],
    ) -> None:
        """well: told by a link that all is well.   noted: told that rowd has had the time to learn what it read last.

        typed: what people ever typed into Status and Do.

        gap_keys: gets the keys of rows of which rowd can't be sure how they stand, or in which it overwrote what it had not read.
        """
        self.well, self.noted, self.gaps = well, noted, 0
        self.age: Callable[[], float] = lambda: 0  # seconds since the read that a write goes by was begun
        self.ages: list[float] = []  # what that was, where a write overwrote what had not been read
        self.gap_keys = gap_keys
        self.overwrote: set[str] = set()  # of those, the keys of rows in which it overwrote what it had not read
        self._sheet, self._broken, self._typed = sheet, broken, typed
        self._before: tuple[list[str], list[tuple[str, ...]]] | None = None

    def before(self, patches: Sequence[Patch]) -> None:
        """Only rowd's own cells and the shared ones are written, and those only as agreed."""
        for patch in patches:
            for header, value in patch.put.items():
                column, text = canonical(header), "" if value is None else str(value)
                if column not in OURS and column not in SHARED:
                    self._broken("trampled", f"rowd writes {text!r} into {header}, which is a person's: {patch.key}")
                if column == "ID" and not patch.key.startswith("~"):
                    self._broken("trampled", f"rowd gives the id {text!r} to a row that has one: {patch.key}")
                if column == "Status" and text not in {"completed", "draft", "", *self._typed()}:
                    self._broken("trampled", f"rowd writes {text!r} into Status of {patch.key}")
                if column == "Do" and text and text not in self._typed():
                    self._broken("trampled", f"rowd writes {text!r} into Do of {patch.key}")
        self._before = self._persons() if isinstance(self._sheet, FileSheet) else None

    def after(self, patches: Sequence[Patch], answers: Sequence[Written], *, atomic: bool) -> None:
        """No shared cell that a person typed was overwritten unread, and nothing else has moved."""
        for patch, answer in zip(patches, answers, strict=True):
            if answer.effect is Effect.APPLIED:
                self._written(patch, atomic=atomic)
        if self._before is not None and (now := self._persons()) != self._before:
            moved = [(a, b) for a, b in zip(self._before[1], now[1], strict=False) if a != b][:2]
            self._broken("trampled", f"a write of rowd's changed what is a person's: {self._before[0]} {now[0]} {moved}")
        self._before = None

    def doubted(self, patches: Sequence[Patch]) -> None:
        """Nobody told rowd whether it wrote these."""
        for patch in patches:
            self._written(patch, atomic=False)
        self._before = None

    def _written(self, patch: Patch, *, atomic: bool) -> None:
        self._sheet.changed_in(patch.key)
        self._sheet.unshown.add(patch.key)
        if (void := self._sheet.pasted.pop(patch.key, None)) is not None:
            void()
        for header in patch.put:
            typed = self._sheet.unread.get((patch.key, canonical(header)))
            if typed is None or self._stands(patch.key, header) == typed:
                continue
            self.gaps += 1
            self.ages.append(self.age())
            self.gap_keys.add(patch.key)
            self.overwrote.add(patch.key)
            del self._sheet.unread[patch.key, canonical(header)]
            if atomic:
                self._broken("trampled", f"{header} of {patch.key} said {typed!r}, which rowd had not read when it overwrote it")

    def overlooked(self, what: str) -> None:
        """A table was said to be as it was, and isn't."""
        self._broken("overlooked", what)

    @property
    def watching(self) -> bool:
        """A write is under way, and nobody has saved meanwhile."""
        return self._before is not None

    def interrupted(self) -> None:
        """A person saved in the middle of a write: what stood before it says nothing."""
        self._before = None

    def _persons(self) -> tuple[list[str], list[tuple[str, ...]]]:
        grid = self._sheet.look()
        theirs = [h for h in grid.columns if canonical(h) not in OURS and canonical(h) not in SHARED]
        return list(grid.columns), [tuple(row.get(h, "") for h in theirs) for row in grid.rows]

    def _stands(self, key: str, header: str) -> str | None:
        row = self._sheet.row(key)
        return None if row is None else row.get(header, "")


class Worker:
    """Where a table's calls run: as a thread would, it goes on when its caller is cancelled, and ends with the process."""

    def __init__(self, life: Life, machine: Machine, weather: Weather) -> None:
        self._life, self._machine, self._weather = life, machine, weather

    async def __call__(self, call: Callable[[], T]) -> T:
        self._life.check()
        before, after = self._weather.lag()
        if not before and not after:
            return call()
        done: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._machine.after(before, partial(self._carry_out, call, after, done))
        return await done

    def wait(self, what: Coroutine[Any, Any, None]) -> None:
        at_once(what)  # these tables count nothing

    def close(self) -> None:
        pass

    def _carry_out(self, call: Callable[[], T], after: float, done: asyncio.Future[T]) -> None:
        if not self._life.alive:
            return
        try:
            result, error = call(), None
        except Exception as exc:
            result, error = None, exc
        self._machine.after(after, partial(self._answer, done, result, error))

    def _answer(self, done: asyncio.Future[Any], result: Any, error: Exception | None) -> None:
        if not self._life.alive or done.done():
            return
        if error is None:
            done.set_result(result)
        else:
            done.set_exception(error)
