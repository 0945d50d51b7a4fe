"""The first half of a turn: what came in becomes news, on its way into the ledger; once it is durable it is remembered."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta

from msgspec import Struct
from msgspec.structs import replace

from actions.api import Outcome
from engine import telling
from engine.asked import Request
from engine.asking import Answered
from engine.columns import Column
from engine.decide import back_off
from engine.drafts import expired, is_open, newcomers, recognise
from engine.events import Event, WatchUntold
from engine.findings import Findings
from engine.happened import Looked, asked_by_edits, asked_by_source, marked, masked
from engine.keeper import Keeper
from engine.ledger import TableMark
from engine.ledger.ids import numbered
from engine.made import Announced
from engine.marking import mark_of
from engine.memory import Memory
from engine.merge import active, completed
from engine.model import Cause, Defect, Occurrence, Stage, Task
from engine.news import End, News, Tallies
from engine.outside import Known
from engine.owing import credit
from engine.runner import Ended

TELL_AGE = timedelta(seconds=20)
"""How old the ledger's note of a table's last read may grow while nothing else is to be written."""


class Seen(Struct):
    """Something about a table; `find` holds it against what is known at the time of the turn.

    done: told once it is durable, where a table was read or has answered; None for what is only thought.
    """

    keeper: Keeper
    find: Callable[[datetime], Findings]
    done: asyncio.Future[None] | None = None
    found: Findings | None = None


class Learning:
    """News from what came in; and what becomes of the memory once it is durable."""

    def __init__(self, memory: Memory, emit: Callable[[Event], None]) -> None:
        self._memory = memory
        self._emit = emit
        self._marked: dict[str, datetime] = {}

    def news(self, items: Iterable[Ended | Seen | Looked | Answered], now: datetime) -> News:
        """What these come to. At most one thing seen of each table: the next one builds on it."""
        memory, news = self._memory, News(mask=self._memory.parts.mask)
        for item in items:
            if isinstance(item, Looked):
                self._looked(item, news, now)
            elif isinstance(item, Answered):
                news.told[item.name] = self._known(item)
            elif isinstance(item, Seen):
                if (found := _found(item, now)) is not None:
                    news.found[item.keeper.name] = found
                    news.askings += asked_by_edits(found.edits, item.keeper.understood)
            elif (occurrence := memory.under_way.get(item.run)) is not None:
                news.ends.append(End(occurrence, item, _ended_at(occurrence, item, now), _retry_at(occurrence, item, now)))
        for end in news.ends:
            occurrence = end.occurrence
            keeper = memory.keepers.get(occurrence.table)
            if keeper is not None and end.retry_at is None and _was_one_off(keeper, occurrence):
                state = news.found.get(keeper.name, Findings()).states.get(occurrence.key) or keeper.states[occurrence.key]
                if occurrence.due > state.since and active(state):  # else a person has changed it while it ran
                    news.states[(keeper.name, occurrence.key)] = completed(state)
            if keeper is not None and end.ended.result.outcome is Outcome.SUCCEEDED:
                _credit(news, keeper, end)
        self._expire(news, now)
        news.records = numbered([r for f in news.found.values() for r in f.records], now, memory.parts.draw)
        news.marks = list(self._marks(news, now))
        news.recent = frozenset(name for name, keeper in memory.keepers.items() if _shows_recent(keeper))
        news.anew = frozenset(name for name in news.recent if not memory.keepers[name].recent)
        return news

    def _expire(self, news: News, now: datetime) -> None:
        """Drafts that runs have made, and nobody has activated in time, as far as the table was looked at since."""
        for name, keeper in self._memory.keepers.items():
            known_at = keeper.access.known_at
            for key in keeper.drafts.lapsed(min(known_at, now) if known_at is not None else None):
                found = news.found.get(name, Findings()).states.get(key)
                state = news.states.get((name, key)) or found or keeper.states[key]
                if is_open(state) and keeper.hold(key, now) is None:
                    news.states[name, key] = after = expired(state, now)
                    news.expired.append(after)

    def newcomers(self, news: News) -> dict[str, list[str]]:
        """Table → rows that weren't there before; no table without any."""
        keepers = self._memory.keepers
        return {table: keys for table, found in news.found.items() if (keys := newcomers(found, keepers[table].states))}

    def recognise(self, news: News, keys: Mapping[str, Sequence[str]], announced: Iterable[Announced], now: datetime) -> None:
        """Of these rows, know which runs have made.   announced: by runs, as the ledger has it after the rows were read."""
        by_table: dict[str, list[Announced]] = {}
        for one in announced:
            by_table.setdefault(one.table, []).append(one)
        for table in keys.keys() & by_table.keys():
            news.recognised += recognise(news.found[table], keys[table], by_table[table], now)
            for key in keys[table]:
                if (state := news.states.get((table, key))) is not None:
                    news.states[table, key] = replace(state, made=news.found[table].states[key].made)

    def _looked(self, looked: Looked, news: News, now: datetime) -> None:
        """A watched source was looked at: what it comes to, where that is news."""
        looked = masked(looked, self._memory.parts.mask)
        before = self._memory.watches.get(looked.name)
        after = marked(looked, before, now)
        if before is not None and replace(after, seen_at=before.seen_at) == before:
            return
        news.watches.append(after)
        if looked.look is not None:
            if looked.look.taken:
                news.taken[looked.name] = looked.look.taken
            news.untold += [(looked.name, line) for line in looked.look.untold]
            news.askings += asked_by_source(looked.name, looked.look.happenings, self._memory.keepers.values(), apart=looked.apart)

    def _known(self, answered: Answered) -> Known | None:
        """What is known of a fact since it was asked; None where it is asked otherwise now."""
        memory = self._memory
        asked = memory.parts.facts.get(answered.name)
        if asked is None or asked.definition != answered.definition:
            return None
        before = memory.facts.get(answered.name)
        return answered.masked(memory.parts.mask).known(before)

    def remember(self, news: News, requests: Iterable[Request], tallies: Tallies, now: datetime) -> list[Keeper]:
        """This news is durable, and so is all that stands in requests and tallies.

        Answers the tables that count otherwise since: their marks tell what was known before.
        """
        memory, behind = self._memory, []
        self._marked.update((mark.table, now) for mark in news.marks)
        for table, found in news.found.items():
            keeper = memory.keepers[table]
            before = _kinds(keeper, found.states)
            moved = keeper.apply(found.states, now, found.read, found.told)
            if _kinds(keeper, found.states) != before:
                behind.append(keeper)
            memory.agenda.touch((table, key) for key in moved)
            if found.altered:
                memory.recorded()
            if found.look_again:
                memory.look_again(keeper)
            self._tell(telling.of_findings(keeper, found, now))
        self._tell(telling.of_record(record, now) for record in news.records)
        for table in {table for table, _ in news.states}:
            memory.keepers[table].apply({key: state for (its, key), state in news.states.items() if its == table}, now)
        self._tell(telling.of_expired(state, now) for state in news.expired)
        for end in news.ends:
            self._forget(end, now)
        for mark in news.watches:
            self._tell(telling.of_watch(memory.watches.get(mark.name), mark, now))
            memory.watched(mark)
        self._tell(WatchUntold(at=now, watch=source, summary=line) for source, line in news.untold)
        for name, known in news.told.items():
            if known is not None:
                self._tell(telling.of_fact(memory.facts.get(name), known, now))
            memory.told(name, known)
        for keeper in memory.keepers.values():
            keeper.recent = keeper.name in news.recent
        for keeper in memory.recount(tallies):
            self._tell(telling.of_findings(keeper, Findings(), now))
        memory.ask(requests)
        return behind

    def _forget(self, end: End, now: datetime) -> None:
        """An attempt has ended: the occurrence waits for another one, or is over."""
        memory, occurrence, result = self._memory, end.occurrence, end.ended.result
        if end.retry_at is not None:
            memory.under_way.put(replace(occurrence, stage=Stage.WAITING, retry_at=end.retry_at, reason=result.summary))
        else:
            memory.under_way.drop(occurrence)
        memory.changed(occurrence)
        before, after = memory.breakers.note(occurrence.action, result.outcome, end.at)
        self._emit(telling.of_end(end, now))
        if after is before:
            return
        if before.shut_until(memory.parts.breaker) != after.shut_until(memory.parts.breaker):
            memory.tripped(occurrence.action)
        self._tell(telling.of_breaker(occurrence.action, before, after, memory.parts.breaker, now))

    def _marks(self, news: News, now: datetime) -> Iterator[TableMark]:
        """How the tables stand, where that is news or was not told for a while."""
        for table, found in news.found.items():
            marked = self._marked.get(table)
            if found.states or found.look_again or found.news or marked is None or now - marked >= TELL_AGE:
                yield mark_of(self._memory.keepers[table], now)

    def _tell(self, events: Iterable[Event]) -> None:
        for event in events:
            self._emit(event)


def _shows_recent(keeper: Keeper) -> bool:
    """Whether rows show their newest outcomes: as the table was read last."""
    layout = keeper.sight.layout
    return keeper.recent if layout is None else layout.has(Column.LAST_RUNS)


def _kinds(keeper: Keeper, keys: Iterable[str]) -> list[tuple[bool, bool]]:
    """Of each row, whether it is a task, and whether it is a defect: what a table's mark counts."""
    means = [keeper.understood.get(key) for key in keys]
    return [(isinstance(one, Task), isinstance(one, Defect) and one.wrong) for one in means]


def _found(item: Seen, now: datetime) -> Findings | None:
    """What it comes to, found out once: a commit that failed is tried again with the same. None: its sender is told why."""
    try:
        item.found = item.found or item.find(now)
    except Exception as exc:  # a table that answers in a way we never thought of is its tender's trouble
        if item.done is None:
            raise
        if not item.done.done():
            item.done.set_exception(exc)
    return item.found


def _ended_at(occurrence: Occurrence, ended: Ended, now: datetime) -> datetime:
    """Now, but for what ended while nobody looked: never before it began, whatever was done to the clock meanwhile."""
    past = ended.result.past
    return now if past is None else min(now, max(past.ended_at, occurrence.started_at or past.ended_at))


def _retry_at(occurrence: Occurrence, ended: Ended, now: datetime) -> datetime | None:
    if occurrence.stopping or ended.result.final:
        return None
    outcome = ended.result.outcome
    repeats = outcome in (Outcome.FAILED, Outcome.TIMED_OUT) or (outcome is Outcome.LOST and occurrence.repeatable)
    return now + back_off(occurrence, ended.attempt) if repeats and ended.attempt < occurrence.attempts else None


def _credit(news: News, keeper: Keeper, end: End) -> None:
    """What the row owes by its Deadline is made good in the commit that holds the success."""
    key = end.occurrence.key
    known = news.found.get(keeper.name, Findings()).states.get(key) or keeper.states.get(key)
    state = news.states.get((keeper.name, key)) or known
    if state is not None and (after := credit(state, end.occurrence.due, end.at)) is not state:
        news.states[(keeper.name, key)] = after


def _was_one_off(keeper: Keeper, occurrence: Occurrence) -> bool:
    task = keeper.understood.get(occurrence.key)
    if not isinstance(task, Task) or task.schedule is None:
        return False
    return task.schedule.one_off and occurrence.cause is Cause.SCHEDULE
