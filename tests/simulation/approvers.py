"""People who approve what waits for it, with rowd's command: what they had looked at is written down here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random

from engine.asked import Wish
from tests.simulation.disk import SimLedger
from tests.simulation.machine import Machine
from tests.simulation.operator import Operator

Did = tuple[str, str, str]
"""What a run does: its action, the number that it is given, and how that action is defined."""


@dataclass(frozen=True)
class Looked:
    """What somebody has seen to wait for an approval."""

    run: str
    table: str
    key: str
    did: Did
    terms: str


@dataclass
class Approvers:
    """They look, and say yes or no to what they have seen, at once or later.

    desk: a ledger of commands' own; None before there is one.   poke: wakes the daemon.   defined: action → (moment, how it was
    defined from then on).   asked: request → what it is about.
    """

    machine: Machine
    chance: Random
    operator: Operator
    tell: Callable[[str], None]
    desk: Callable[[], SimLedger | None]
    poke: Callable[[], None] = lambda: None
    over: bool = False
    asked: dict[int, Looked] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.defined = {action: [(0, version)] for action, version in self.operator.versions.items()}
        self._seen: list[Looked] = []

    def schedule(self, span: float) -> None:
        """Some of it, within so many seconds."""
        for _ in range(self.chance.randint(10, 40)):
            self.machine.after(self.chance.random() * span, self.act)

    def redefine(self) -> None:
        """The operator changes one of these actions, maybe to what it was before."""
        action, version = self.chance.choice(sorted(self.defined)), self.chance.choice(("v0", "v1"))
        self.operator.versions[action] = version
        self.defined[action].append((self.machine.moment, version))
        self.tell(f"{action} is defined as {version} now")

    def act(self) -> None:
        """Look at what waits, or answer what was seen; mostly both at once."""
        desk, chance = self.desk(), self.chance
        if self.over or desk is None:
            return
        if chance.random() < 0.8:
            self._seen += _waiting(desk)
        if self._seen and chance.random() < 0.8:
            self._ask(chance.choice(self._seen[-6:]), Wish.DECLINE if chance.random() < 0.15 else Wish.APPROVE)

    def clear_up(self) -> None:
        """Decline whatever waits: of a row that is paused, what a person has asked for waits on."""
        desk = self.desk()
        for looked in _waiting(desk) if desk is not None else ():
            self._ask(looked, Wish.DECLINE)

    def _ask(self, looked: Looked, wish: Wish) -> None:
        desk = self.desk()
        assert desk is not None  # who asks has looked
        with desk.transaction():
            about = {"run": looked.run, "terms": looked.terms, "remark": f"said {len(self.asked)}"}
            number = desk.ask(looked.table, looked.key, wish, 0, "cli:bob", self.machine.wall(), about=about)
        self.asked[number] = looked
        self.tell(f"bob asks: {wish} {looked}")
        self.poke()


def _waiting(desk: SimLedger) -> list[Looked]:
    """What waits for an approval now, as `rowd approve` lists it."""
    found = [(one, one.approval) for one in desk.active() if one.unapproved]
    return [
        Looked(one.id, one.table, one.key, (one.action, str(one.parameters["n"]), approval.definition), approval.terms)
        for one, approval in found
        if approval is not None
    ]
