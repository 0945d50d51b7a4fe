"""What one daemon knows: its tables, what is under way, what to decide on next. Only a turn changes it, and only after a commit."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from datetime import datetime
from functools import partial

from msgspec.structs import replace

from engine.agenda import Agenda, Place, Queue, Rank, ranked
from engine.asked import Request
from engine.asking import of_now
from engine.brakes import Brakes, counted, lane_of_action, lane_of_table
from engine.breaker import Breakers
from engine.decide import back_off
from engine.keeper import Keeper
from engine.ledger import WatchMark
from engine.links import WorkflowRound
from engine.model import Occurrence, Overlap, Stage, Task
from engine.neighbours import Neighbours
from engine.news import Tallies
from engine.outside import Awaiting, Known
from engine.parts import Parts
from engine.plan import House
from engine.tender import Tender
from engine.underway import UnderWay
from engine.workflows import Member, members_of


def _nobody() -> None:
    """Nobody waits for it."""


class Memory:
    """A mirror of the ledger, beside what the tables said last."""

    def __init__(self, parts: Parts, now: datetime) -> None:
        self.parts = parts
        self.keepers: dict[str, Keeper] = {}
        self.tenders: dict[str, Tender] = {}
        self.under_way = UnderWay()
        self.agenda = Agenda()
        self.breakers = Breakers(parts.breaker, parts.limits, parts.max_parallel)
        self.brakes = Brakes(parts.brakes)
        self.awake_since = now
        self.unwritten_since: datetime | None = None
        self.watches: dict[str, WatchMark] = {}
        self.recorded: Callable[[], None] = _nobody  # told that something has ended, or was done to rows, once that is durable
        self.facts: dict[str, Known] = {}
        self.awaiting: dict[Place, Awaiting] = {}
        self.neighbours = Neighbours()

    def take_up(self, tender: Tender) -> None:
        """Know one more table. What its rows mean beside the others' is told by `meet`."""
        keeper = tender.keeper
        self.keepers[keeper.name], self.tenders[keeper.name] = keeper, tender
        keeper.active = self.under_way.of
        keeper.shut = self.breakers.shut
        keeper.full = self.brakes.full
        keeper.awaited = self.awaited
        keeper.unseen = self.unseen
        keeper.others = self.keepers.get
        keeper.meanings.join(self.neighbours)

    def meet(self) -> None:
        """The tables that were taken up are known to each other now."""
        self.neighbours.meet()
        self.heed()

    def heed(self) -> list[Keeper]:
        """Rows that mean something else, or may go on, since another table changed: they are told so, and decided on. Answers the
        tables that those are of.
        """
        stirred: dict[str, list[str]] = {}
        for table, key in sorted(self.neighbours.stirred()):
            stirred.setdefault(table, []).append(key)
        heeding = [keeper for table, keeper in self.keepers.items() if table in stirred]
        for keeper in heeding:
            keeper.heed(stirred[keeper.name])
            self.agenda.touch((keeper.name, key) for key in stirred[keeper.name])
        return heeding

    def unseen(self, source: str) -> str:
        """Why this watched source can't be looked at; "" where it can, as far as is known."""
        mark = self.watches.get(source)
        return mark.trouble if mark is not None else ""

    def watched(self, mark: WatchMark) -> None:
        """A source stands so now: the rows that name it show where it can't be looked at."""
        troubled = self.unseen(mark.name)
        self.watches[mark.name] = mark
        if mark.trouble != troubled:
            for keeper in self.keepers.values():
                keeper.unsent.add(keeper.watchers(mark.name))

    def told(self, name: str, known: Known | None) -> None:
        """A fact was asked: the rows that wait for it are decided on.   known: None where it is asked otherwise now."""
        if known is not None:
            self.facts[name] = known
        self.agenda.touch(place for place, awaiting in self.awaiting.items() if awaiting.name == name)

    def awaits(self, places: Iterable[Place], wanted: Mapping[Place, str], now: datetime) -> None:
        """These were decided on; those that want a fact wait for it.   now: when that was."""
        for place in places if wanted or self.awaiting else ():
            before = self.awaiting.pop(place, None)
            if place in wanted:
                self.awaiting[place] = Awaiting(wanted[place], before.since if before is not None else now)
            if (before is None) == (place in wanted) and (keeper := self.keepers.get(place[0])) is not None:
                keeper.unsent.add((place[1],))

    def awaited(self, table: str, key: str) -> str:
        """The fact that this row waits for, having come due; "" for none."""
        awaiting = self.awaiting.get((table, key))
        return awaiting.name if awaiting is not None else ""

    def drop(self, table: str) -> None:
        """Know a table no more of which nothing is to be done."""
        del self.keepers[table], self.tenders[table]
        self.neighbours.leave(table)

    def replace(self, parts: Parts) -> None:
        """Go on with other parts."""
        self.parts = parts
        self.breakers.rules, self.breakers.limits, self.breakers.usual = parts.breaker, parts.limits, parts.max_parallel
        self.brakes.rules = parts.brakes

    def recall(self, facts: Mapping[str, Known], now: datetime) -> None:
        """What the ledger knows of facts. What lies ahead was told before the clock was set back."""
        self.facts = {name: known for name, known in facts.items() if known.told_at <= now}

    def set_back(self, now: datetime) -> None:
        """The wall clock was set back to `now`: what waits for another attempt waits no longer than if the last had ended just now.

        The ledger need not know: a daemon that starts later looks at the clock again.
        """
        for waiting in self.under_way:
            if waiting.retry_at is not None and waiting.retry_at > (latest := now + back_off(waiting, waiting.attempt)):
                self.under_way.put(replace(waiting, retry_at=latest))
                self.changed(waiting)
        self.recall(self.facts, now)
        self.awaiting = {place: replace(one, since=min(one.since, now)) for place, one in self.awaiting.items()}

    # --- what a turn remembers

    def changed(self, occurrence: Occurrence) -> None:
        """Something about an occurrence is different now: its row shows it, and what may follow is to be decided on."""
        if (keeper := self.keepers.get(occurrence.table)) is not None:
            keeper.unsent.add((occurrence.key,))
        self.agenda.touch([(occurrence.table, occurrence.key)])

    def tripped(self, action: str) -> None:
        """The action's circuit breaker stands otherwise now: so do what waits for it, and when its rows start next."""
        for waiting in self.under_way:
            if waiting.action == action:
                self.changed(waiting)
        for keeper in self.keepers.values():
            keeper.unsent.add(k for k, task in keeper.understood.items() if isinstance(task, Task) and task.action == action)

    def looked(self, table: str) -> None:
        """The table was looked at: from the first time on its tasks are decided on, also if it could not be read."""
        tender = self.tenders[table]
        if not tender.looked.is_set():
            tender.looked.set()
            self.agenda.touch((table, key) for key in (*tender.keeper.states, *tender.keeper.requests))

    def look_again(self, keeper: Keeper) -> None:
        """Something about a whole table is different now."""
        keeper.unsent.add(keeper.states)
        self.agenda.touch((keeper.name, key) for key in keeper.states)

    def recount(self, tallies: Tallies) -> list[Keeper]:
        """What these rows' pasts add up to now. Answers the tables of which rows mean something else since others changed."""
        for table, changed in tallies.items():
            if (keeper := self.keepers.get(table)) is not None:
                self.agenda.touch((table, key) for key in keeper.ended(changed))
                self.tenders[table].recorder.ended()
        if tallies:
            self.recorded()
        return self.heed()

    def ask(self, requests: Iterable[Request]) -> None:
        """These wishes are open, all that are."""
        asked: dict[Place, list[Request]] = {}
        for request in requests:
            asked.setdefault((request.table, request.key), []).append(request)
        for keeper in self.keepers.values():
            keeper.unsent.add(key for table, key in asked if table == keeper.name)
            keeper.requests = {key: tuple(those) for (table, key), those in asked.items() if table == keeper.name}
        self.agenda.touch(place for place in asked if place[0] in self.keepers)

    def rounds(self, now: datetime) -> list[WorkflowRound]:
        """Rounds of workflows that have come to their end, of the tables that were looked at; again, until they are taken up."""
        looked = (keeper for name, keeper in self.keepers.items() if self.tenders[name].looked.is_set())
        return [one for keeper in looked for one in self._complete(keeper, now)]

    def _complete(self, keeper: Keeper, now: datetime) -> list[WorkflowRound]:
        def members(keys: Collection[str]) -> list[Member]:
            busy = partial(self._busy, keeper.name)
            return members_of(keeper.name, keys, keeper.states, keeper.tallies, busy, keeper.understood)

        return keeper.meanings.workflows.complete(keeper.name, members, keeper.rules.rules.zone, now)

    def _busy(self, table: str, key: str) -> bool:
        return bool(self.under_way.of(table, key))

    # --- what a turn asks

    def runs(self, run: str) -> bool:
        """Whether an attempt of this occurrence is under way."""
        occurrence = self.under_way.get(run)
        return occurrence is not None and occurrence.stage is Stage.RUNNING

    def waits(self, place: Place, action: str) -> Rank | None:
        """Of what waits of this task to start, and is this action, the first in turn; None where nothing does."""
        active = self.under_way.of(*place)
        waiting = [o for o in active if o.stage is not Stage.RUNNING and not o.unapproved]
        if not self._in_parallel(place):  # behind what runs, and behind each other; when that ends they are decided on again
            waiting = waiting[:1] if not any(o.stage is Stage.RUNNING for o in active) else []
        return min((ranked(o) for o in waiting if o.action == action), default=None)

    def _in_parallel(self, place: Place) -> bool:
        keeper = self.keepers.get(place[0])
        task = keeper.understood.get(place[1]) if keeper is not None else None
        return isinstance(task, Task) and task.overlap is Overlap.PARALLEL

    def house(self, now: datetime, free: int, starting: Collection[Occurrence] = ()) -> House:
        """What holds for every task. free: idle workers.   starting: attempts that are about to begin."""
        running = self.under_way.running + counted(starting)
        actions = {lane_of_action(action): limit for action, limit in self.breakers.limited(now).items()}
        return House(
            awake_since=self.awake_since,
            free=max(0, free - len(starting)),
            running=running,
            limits=actions | self.brakes.limits(running, now, Counter(o.table for o in starting)),
            shut=self.breakers.shut(now),
            full=self.brakes.full(now),
            blackouts=self.parts.blackouts,
            unwritten_since=self.unwritten_since,
            facts=of_now(self.parts.facts, self.facts),
            approvals=self.parts.approvals,
        )

    def room(self, queue: Queue, now: datetime) -> bool:
        """Whether the limits of this action, and of this table, let one more start."""
        action, table = queue
        running = self.under_way.running
        limit = self.brakes.limits(running, now, {}).get(lane_of_table(table)) if self.parts.brakes else None
        return running[lane_of_action(action)] < self.breakers.limit(action, now) and (
            limit is None or running[lane_of_table(table)] < limit
        )

    def priority(self, place: Place) -> int:
        """Whose turn is first when many come due at once."""
        keeper = self.keepers.get(place[0])
        return getattr(keeper.understood.get(place[1]), "priority", 0) if keeper is not None else 0

    def wakes(self, now: datetime, frozen: datetime | None) -> Iterator[datetime]:
        """When time alone gives us something to do.   frozen: what comes due after it doesn't count."""
        ahead = self.agenda.next_wake()
        if ahead is not None and (frozen is None or ahead <= frozen):
            yield ahead
        for keeper in self.keepers.values():
            if (at := keeper.access.changes_at()) is not None:
                yield at
        yield from self.breakers.shut(now).values()
        yield from self.brakes.opens(now)

    def streaks(self, streaks: Mapping[str, tuple[int, datetime | None]]) -> None:
        """What the ledger remembers of the actions' last attempts."""
        self.breakers.take_up(streaks)
