"""What happens outside: files come in, services call, scripts emit. Twice, late, out of order, or while rowd is down."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from random import Random

from actions.api import Request
from engine.watching import Source
from tests.simulation.disk import SimLedger
from tests.simulation.link import Weather
from tests.simulation.machine import MICRO, Life, Machine
from watches.api import THROUGH, Box, Delivery, Happening, Look, Unseen
from watches.events.values import KEPT_IDS, event
from watches.events.watch import Events
from watches.letterbox import Letterbox
from watches.outcomes import SAYS
from watches.outcomes.settings import FAILURES, OutcomesSettings
from watches.outcomes.watch import Outcomes
from watches.table import KIND
from watches.table import SAYS as DONE
from watches.table.settings import TableSettings
from watches.table.watch import TableWatch

EVERY, DEBOUNCE = timedelta(seconds=30), timedelta(seconds=2)
"""Of the folder: how often it is looked at where nobody tells, and how long it must have been at rest."""

LONGEST_REST = 10 * DEBOUNCE
"""What doesn't come to rest is looked at all the same."""

OUTCOMES = {"failures": (FAILURES, ""), "wins": (("succeeded",), "5")}
"""Source of outcomes → those that it tells of, and how the names of its rows end."""

ALTERATIONS = {
    "remarks": TableSettings(kind="table", table="ops", changes=("edited",), columns=("Notes", "Description"), runs="each"),
    "edits": TableSettings(kind="table", table="ops"),
}
"""Source of what is done in a table → what it tells of."""

SAID = {
    "inbox": frozenset({"paths"}),
    "told": None,
    "hook": frozenset({"paths"}),
    "failures": SAYS,
    "wins": SAYS,
    **dict.fromkeys(ALTERATIONS, DONE),
}
"""Source → what its events may say."""

PATIENCE = 10
"""Seconds after which a sender sends again what nobody has taken, and so many more each time."""

LEAST_OFTEN = 100
"""Times as long it waits at the most."""


@dataclass
class Happened:
    """One thing that has happened.   name: no other's; its event says it as `paths`.   number: for how many it stands.

    since, until: moments: it was asked of rows no sooner than that, and no later; `until` None where that isn't known.
    known_by: what others bear that were told for the same thing.   origin: the run in which it was emitted; "" outside of one.
    sent: how often a service has sent it.
    """

    source: str
    name: str
    number: int
    since: int
    until: int | None = None
    known_by: str = ""
    origin: str = ""
    sent: int = 0

    def happening(self) -> Happening:
        return Happening(f"{self.name} came", {"paths": self.name}, self.number)


class Late(Weather):
    """What was looked at is seen at once, but told late."""

    def lag(self) -> tuple[float, float]:
        return 0, super().lag()[1]


class Folder:
    """Files come in. Who watches it is told a little later, much later, twice, or never."""

    def __init__(self, machine: Machine, chance: Random, broke: Callable[[str, str], None]) -> None:
        self.came: list[Happened] = []
        self.unseen = 0  # so many came before anybody had surely looked
        self.away_until = 0
        self.known = False  # somebody has gone by what was there before
        self.watch: FolderWatch | None = None
        self.machine, self._chance, self.broke = machine, chance, broke

    def come(self) -> None:
        """A file comes in."""
        self.came.append(Happened("inbox", f"i{len(self.came)}", self._chance.choice((1, 1, 1, 3)), self.machine.moment))
        for _ in range(self._chance.choice((1, 1, 2, 0))):
            self.machine.after(self._chance.choice((0, 0.1, 0.4, 7)) * self._chance.random(), self._tell)

    def _tell(self) -> None:
        if self.watch is not None:
            self.watch.stir()


class FolderWatch:
    """The folder, as the daemon of one life watches it."""

    def __init__(self, folder: Folder, life: Life) -> None:
        self._folder, self._life = folder, life
        self._event: asyncio.Event | None = None
        self._stirs: list[int] = []  # moments of those since the last look
        self._looked: int | None = None

    def stir(self) -> None:
        if self._life.alive and self._event is not None:
            self._stirs.append(self._folder.machine.moment)
            self._event.set()

    def look(self, before: str | None) -> Look:
        self._life.check()
        folder = self._folder
        self._was_at_rest()
        if folder.machine.moment < folder.away_until:
            raise Unseen("it isn't mounted")
        number = len(folder.came)
        if before is None:
            if folder.known:
                folder.broke("forgotten", f"the folder is looked at as if for the first time, with {number} files in it")
            folder.unseen = number
            return Look(str(number))
        folder.known = True
        for one in folder.came[: int(before)]:
            one.until = one.until or folder.machine.moment
        return Look(str(number), tuple(one.happening() for one in folder.came[int(before) :]))

    def _was_at_rest(self) -> None:
        """A look comes once nothing has stirred for `debounce`, or for all of LONGEST_REST; or because it is time."""
        now, stirs, before = self._folder.machine.moment, self._stirs, self._looked
        self._looked, self._stirs = now, []
        if before is None:
            return
        early = now - before < EVERY // timedelta(microseconds=1)
        rested = stirs and now - stirs[-1] >= DEBOUNCE // timedelta(microseconds=1)
        long = stirs and now - stirs[0] >= LONGEST_REST // timedelta(microseconds=1)
        if early and not rested and not long:
            since = (now - stirs[-1]) / MICRO if stirs else None
            self._folder.broke(
                "rest", f"the folder was looked at {since} s after it stirred, {(now - before) / MICRO} s after a look"
            )

    async def stirs(self) -> AsyncIterator[None]:
        self._event = asyncio.Event()
        while True:
            await self._event.wait()
            self._event.clear()
            yield


@dataclass
class Outside:
    """All of it.   tell: hears the story.   desk: a ledger of commands' own; None before there is one.   poke: wakes the daemon.

    box: where deliveries to this source go; None where nobody takes any.   over: nothing happens any more.
    """

    machine: Machine
    chance: Random
    tell: Callable[[str], None]
    broke: Callable[[str, str], None]
    desk: Callable[[], SimLedger | None]
    poke: Callable[[], None] = lambda: None
    box: Callable[[str], Box | None] = lambda _: None
    over: bool = False
    emitted: list[Happened] = field(default_factory=list)
    delivered: list[Happened] = field(default_factory=list)
    ids: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.folder = Folder(self.machine, self.chance, self.broke)
        self.weather = Late(self.chance, slow=0.2, longest=4)

    @property
    def all(self) -> list[Happened]:
        return [*self.folder.came, *self.emitted, *self.delivered]

    def sources(self, life: Life) -> dict[str, Source]:
        """As a daemon of this life watches them."""
        self.folder.watch = watch = self.folder.watch if _of(self.folder.watch, life) else FolderWatch(self.folder, life)
        none, minute = timedelta(0), timedelta(minutes=1)
        settings = {
            name: OutcomesSettings(kind="outcomes", outcomes=outcomes, rows=(f"*{ends}",))
            for name, (outcomes, ends) in OUTCOMES.items()
        }
        made = (
            Source("inbox", "a", watch, EVERY, DEBOUNCE),
            Source("told", "a", Events("told"), minute, none),
            Source("hook", "a", Letterbox(), minute, none, apart=True),
            *(Source(name, "a", Outcomes(name, its), minute, none) for name, its in settings.items()),
            *(
                Source(name, "a", TableWatch(its), minute, none, apart=KIND.apart(its), about=KIND.about(its))
                for name, its in ALTERATIONS.items()
            ),
        )
        return {one.name: one for one in made}

    # --- what happens

    def schedule(self, span: float) -> None:
        """Some of it, within so many seconds."""
        chance, after = self.chance, self.machine.after
        for what, most in ((self._files, 6), (self._emit, 5), (self._deliver, 5)):
            for _ in range(chance.randint(0, most)):
                after(chance.random() * span, what)
        if chance.random() < 0.2:
            after(chance.random() * span, self._goes_away)

    def _goes_away(self) -> None:
        self.folder.away_until = self.machine.moment + round(self.chance.choice((5, 40)) * MICRO)
        self.tell("the folder is away")

    def _files(self) -> None:
        """One, several at once, or one after the other for some time."""
        apart = self.chance.choice((0, 0, 0.5, 1.5))
        number = self.chance.choice((1, 1, 2, 4)) if apart < 1 else self.chance.choice((4, 20))
        for n in range(number):
            self.machine.after(n * apart, self._file)

    def _file(self) -> None:
        if not self.over:
            self.folder.come()
            self.tell(f"a file comes: {self.folder.came[-1].name}")

    def _emit(self) -> None:
        """A script emits; some do so again, later, though they have."""
        known_by = f"id{len(self.emitted)}" if self.chance.random() < 0.6 else ""
        self.emit(known_by)
        while known_by and self.chance.random() < 0.5:
            self.machine.after(self.chance.random() * self.chance.choice((0, 3, 90)), partial(self.emit, known_by))

    def emit(self, known_by: str = "", origin: Request | None = None) -> None:
        """As `rowd emit told`, maybe with --id; within a run where `origin` is its attempt."""
        desk = self.desk()
        if self.over or desk is None:
            return
        through = str(origin.event.get(THROUGH, "")) if origin is not None else ""
        run = origin.run if origin is not None else ""
        name, number = f"t{len(self.emitted)}", self.chance.choice((1, 1, 2))
        with desk.transaction():
            fresh = not known_by or desk.first_time("told", known_by, KEPT_IDS)
            if fresh:
                desk.emit("told", event("told", [f"paths={name}"], number, through), self.machine.wall())
        if fresh:
            self.emitted.append(Happened("told", name, number, self.machine.moment, None, known_by, run))
        self.tell(f"emitted at told: {name} {known_by}{'' if fresh else ', which is known'}")
        if self.chance.random() < 0.9:
            self.poke()

    def emitted_in(self, attempt: Request) -> None:
        """What runs emits something itself, mostly."""
        if self.chance.random() < 0.7:
            self.emit(origin=attempt)

    def _deliver(self) -> None:
        """A service calls, and again until it was taken; now and then once more, all the same."""
        name = f"h{len(self.delivered)}"
        one = Happened("hook", name, 1, self.machine.moment, None, name if self.chance.random() < 0.8 else "")
        self.delivered.append(one)
        self._send(one)

    def _send(self, one: Happened, *, again: bool = False) -> None:
        """again: though it was taken."""
        box = None if self.over else self.box(one.source)
        if box is not None:
            self.tell(f"{'again, ' if again else ''}a service calls: {one.name} {one.known_by}")
            told = asyncio.ensure_future(box.put(Delivery(one.known_by, one.happening())))
            told.add_done_callback(partial(self._answered, one))
        if not again and not self.over:
            one.sent += 1
            wait = PATIENCE * min(one.sent, LEAST_OFTEN) * (1 + 5 * self.chance.random())
            self.machine.after(wait, partial(self._unanswered, one))

    def _answered(self, one: Happened, told: asyncio.Future[bool]) -> None:
        if told.cancelled() or not told.result():
            return
        if one.until is None:
            one.until = self.machine.moment
        if one.known_by and self.chance.random() < 0.3:
            self.machine.after(self.chance.random() * 30, partial(self._send, one, again=True))

    def _unanswered(self, one: Happened) -> None:
        if one.until is None and one.known_by:  # what bears no id would count twice
            self._send(one)


def _of(watch: FolderWatch | None, life: Life) -> bool:
    return watch is not None and watch._life is life
