"""A crowd that comes due at one instant is decided on before: when the instant comes, only what has changed is decided anew.

To decide is pure, and most of the work; so the same question has the same answer, whenever it is asked. Nothing is written, nor
started, nor remembered as done before its time.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from msgspec import Struct, field
from msgspec.structs import replace

from engine.agenda import Place
from engine.brakes import counted
from engine.deciding import Deciding, Question
from engine.memory import Memory
from engine.model import Occurrence
from engine.news import Moves
from engine.plan import House

TOGETHER = 500
"""So many tasks are decided on in one plan."""

CROWD = 100
"""So many tasks at one instant are worth deciding on before."""

MOST = 10_000
"""Of a crowd, so many are decided on before it comes due."""

EACH = timedelta(microseconds=100)
"""What it may take to decide on one task."""

BEFORE = timedelta(milliseconds=20)
"""A crowd has been decided on by so long before it comes due."""

FRESH = timedelta(milliseconds=50)
"""An answer is for its instant; when we come to it later than this, lateness itself may count."""


class _Crowd(Struct):
    """What comes due at `at`. ahead: those not decided on yet.   starting: all that start.   known: by first task, the answers."""

    at: datetime
    ahead: list[Place]
    starting: list[Occurrence] = field(default_factory=list)
    known: dict[Place, tuple[Question, Moves]] = field(default_factory=dict)


class Foresight:
    """What to do about tasks, known before or decided now."""

    def __init__(self, memory: Memory, deciding: Deciding) -> None:
        self._agenda = memory.agenda
        self._deciding = deciding
        self._crowd: _Crowd | None = None

    def begins_at(self) -> datetime | None:
        """When to look ahead; None while there is nothing to see."""
        at = self._agenda.next_wake()
        if at is None:
            return None
        if self._crowd is None or self._crowd.at != at:
            number = min(len(self._agenda.coming(at)), MOST)
            return at - BEFORE - number * EACH if number >= CROWD else None
        return at - BEFORE - len(self._crowd.ahead) * EACH if self._crowd.ahead else None

    def look_ahead(self, now: datetime) -> None:
        """Decide on the next part of the crowd that comes due soon, if one does."""
        begins, at = self.begins_at(), self._agenda.next_wake()
        if begins is None or at is None or not begins <= now < at:
            return
        if self._crowd is None or self._crowd.at != at:
            self._crowd = _Crowd(at, self._deciding.in_order(self._agenda.coming(at))[:MOST])
        crowd = self._crowd
        part, crowd.ahead = crowd.ahead[:TOGETHER], crowd.ahead[TOGETHER:]
        question = self._deciding.question(part, at, crowd.starting)
        if question.of_tasks_only:
            moves = self._deciding.moves(question, at, at)
            crowd.known[part[0]] = question, moves
            crowd.starting += moves.starting

    def moves(self, places: Sequence[Place], now: datetime, starting: Sequence[Occurrence], begins: datetime) -> Moves:
        """What to do about these at `now`.   starting: attempts that are about to begin, and take their workers.   begins: see
        `Deciding.moves`.
        """
        question = self._deciding.question(places, now, starting)
        if (crowd := self._crowd) is not None:
            known = crowd.known.pop(places[0], None)
            if known is not None and crowd.at <= now < crowd.at + FRESH and _same(*known, question):
                return known[1]
        return self._deciding.moves(question, now, begins)


def _same(asked: Question, moves: Moves, now: Question) -> bool:
    """Whether the answer to what was asked is the answer now."""
    return (
        asked.parts is now.parts
        and now.of_tasks_only
        and asked.standings == now.standings
        and (asked.house == now.house or (not moves.plan.left and _has_room(asked.house, moves.starting, now.house)))
    )


def _has_room(asked: House, starting: Sequence[Occurrence], now: House) -> bool:
    """Whether all these can start, although other attempts are under way than had been thought, and nothing else is different."""
    if replace(asked, free=now.free, running=now.running) != now or len(starting) > now.free:
        return False
    more = counted(starting)
    return all(now.running.get(lane, 0) + n <= limit for lane, limit in now.limits.items() if (n := more[lane]))
