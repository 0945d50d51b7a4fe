"""What is to be decided on, what is asked about it, and the answer as moves that can be written down."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from msgspec import Struct
from msgspec.structs import replace

from engine.access import UNSERVED
from engine.agenda import Place
from engine.asked import Wish
from engine.decide import decide
from engine.ledger.ids import new_run_ids, numbered
from engine.memory import Memory
from engine.model import Defect, Occurrence, RowState, Stage
from engine.news import Moves
from engine.parts import Parts
from engine.plan import Answer, House, Plan, Standing, Stop
from engine.reacting import REACTIONS
from engine.runner import Runner
from engine.wishes import left_over, let_go, without_a_say, without_task


class Question(Struct, frozen=True):
    """What is asked: of tasks as they stand, and of rows that are no tasks (any more), whose wishes and waiting occurrences end;
    the wishes alone where another daemon has the table.

    records: what of those wishes is told nowhere else.   parts: the definitions by which moves are made of the answer.
    parted: missing rows that a person lets go of.
    """

    standings: list[Standing]
    house: House
    parts: Parts
    answers: list[Answer]
    stops: list[Stop]
    records: list[Occurrence]
    parted: list[RowState]

    @property
    def of_tasks_only(self) -> bool:
        return not (self.answers or self.stops)


class Deciding:
    """Changes nothing but the agenda, from which it takes what is decided on."""

    def __init__(self, memory: Memory, runner: Runner) -> None:
        self._memory = memory
        self._runner = runner

    def pressing(self, now: datetime) -> bool:
        """Whether `take` would answer anything."""
        memory = self._memory
        return memory.agenda.pressing(now, self._free, memory.waits, lambda queue: memory.room(queue, now))

    def take(self, now: datetime) -> list[Place]:
        """Which tasks to decide on, best first; those of a table that was not looked at yet since the start come once it is."""
        memory = self._memory
        places = memory.agenda.take(now, self._free, memory.waits, lambda queue: memory.room(queue, now))
        return self.in_order(place for place in places if (t := memory.tenders.get(place[0])) is None or t.looked.is_set())

    def in_order(self, places: Iterable[Place]) -> list[Place]:
        """By priority; where it is the same, as they come."""
        return sorted(places, key=lambda place: -self._memory.priority(place))

    def question(self, places: Iterable[Place], now: datetime, starting: Iterable[Occurrence]) -> Question:
        """What to ask about these.   starting: attempts that are about to begin, and take their workers."""
        memory = self._memory
        standings: list[Standing] = []
        answers: list[Answer] = []
        stops: list[Stop] = []
        records: list[Occurrence] = []
        parted: list[RowState] = []
        for table, key in places:
            keeper, active = memory.keepers.get(table), memory.under_way.of(table, key)
            asked = keeper.requests.get(key, ()) if keeper is not None else ()
            requests = tuple(request for request in asked if request.wish is not Wish.LET_GO)
            if keeper is not None and requests != asked:
                told, gone = let_go(keeper.states.get(key), [request for request in asked if request.wish is Wish.LET_GO])
                answers += told
                parted += [gone] if gone is not None else []
            standing = keeper.standing(key, now) if keeper is not None else None
            if standing is not None:
                standing = replace(standing, requests=requests) if requests != asked else standing
                awaiting = memory.awaiting.get((table, key))
                standings.append(replace(standing, waits_since=awaiting.since) if awaiting is not None else standing)
                continue
            why = keeper.no_task(key) if keeper is not None else UNSERVED
            if keeper is not None and keeper.access.served and keeper.access.elsewhere is not None:
                answered, ended = without_a_say(requests, active, why, events_wait=True)
            else:
                mends = keeper is not None and isinstance(one := keeper.understood.get(key), Defect) and one.wrong
                if keeper is not None and not mends and (state := keeper.states.get(key)) is not None:
                    told, left = left_over(state, requests, why, now)
                    answers, records = answers + told, records + left
                    requests = tuple(request for request in requests if request.wish not in REACTIONS)
                answered, ended = without_task(requests, active, why, mends=mends)
            answers += answered
            stops += ended
        house = memory.house(now, self._free, list(starting))
        return Question(standings, house, memory.parts, answers, stops, records, parted)

    def moves(self, question: Question, now: datetime, begins: datetime) -> Moves:
        """The answer, with ids, and with the attempts that begin: those of new claims stand in the claims themselves.

        begins: when they do; later than `now` where nothing is looked at that has come due since.
        """
        plan, draw = decide(question.standings, now, question.house), question.parts.draw
        records = tuple(numbered((*plan.records, *question.records), now, draw))
        plan = replace(plan, records=records, answers=(*plan.answers, *question.answers), stops=(*plan.stops, *question.stops))
        starts = set(plan.starts)
        ids = new_run_ids(len(plan.claims), now, draw)
        claims = [
            replace(claim, id=id_, stage=Stage.RUNNING, attempt=1, started_at=begins)
            if _trigger(claim) in starts
            else replace(claim, id=id_)
            for claim, id_ in zip(plan.claims, ids, strict=True)
        ]
        new = set(map(_trigger, claims))
        revised = {o.id: o for o in plan.revised}
        waiting = self._waiting([t for t in plan.starts if t not in new])
        begun = [_begun(revised.get(occurrence.id, occurrence), begins) for occurrence in waiting]
        moved = {(state.table, state.key): state for state in (*plan.states, *plan.completed)}
        parted = [replace(moved.get((state.table, state.key), state), absent_since=state.absent_since) for state in question.parted]
        return replace(self._moves(plan, claims, begun), parted=parted)

    def _moves(self, plan: Plan, claims: list[Occurrence], begun: list[Occurrence]) -> Moves:
        starting = [occurrence for occurrence in (*claims, *begun) if occurrence.stage is Stage.RUNNING]
        folders = {o.id: self._runner.folder(o.id, o.attempt) for o in starting}
        kinds = {o.id: kind for o in starting if (kind := self._runner.kind(o.action)) is not None}
        quiet = [stop for stop in plan.stops if not self._memory.runs(stop.run)]
        recent = frozenset(name for name, keeper in self._memory.keepers.items() if keeper.recent)
        return Moves(plan, claims, begun, quiet, folders, kinds, recent)

    @property
    def _free(self) -> int:
        """Idle workers. One that becomes idle while a turn decides waits for the next turn: what stands first in line gets it."""
        return max(0, self._memory.parts.max_parallel - self._memory.under_way.attempts)

    def _waiting(self, triggers: Sequence[tuple[str, str, str]]) -> list[Occurrence]:
        """What was claimed before, and bears these triggers; in their order."""
        places = dict.fromkeys((table, key) for table, key, _ in triggers)
        waiting = {_trigger(o): o for place in places for o in self._memory.under_way.of(*place)}
        return [waiting[trigger] for trigger in triggers]


def _trigger(occurrence: Occurrence) -> tuple[str, str, str]:
    return occurrence.table, occurrence.key, occurrence.trigger


def _begun(occurrence: Occurrence, now: datetime) -> Occurrence:
    """As it stands once its next attempt has begun."""
    begun = replace(occurrence, stage=Stage.RUNNING, attempt=occurrence.attempt + 1, started_at=now)
    return replace(begun, retry_at=None, reason="", duration=None)
