"""The runs to come, of many tasks in one line of time. Pure: what would happen if nothing changed from now on."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from itertools import chain, islice, takewhile

from msgspec import Struct
from msgspec.structs import replace

from engine.decide import decide
from engine.model import Overlap, Stage, Status, Task
from engine.plan import House
from engine.upcoming import upcoming
from engine.wording import left_alone, moment
from rowd.view import RowView

DENSE = timedelta(hours=1)
LOOKED_FOR = 5000
"""Runs of a dense row that are looked at for the first that isn't skipped."""

ON = "and so on"
"""The note of the one run that stands for those to follow."""


class Coming(Struct, frozen=True):
    """One run to come.

    at: when it starts: `due` and the task's jitter, or later where something makes it wait.
    skipped: why it will not run; "" where it will.   note: what else there is to say ("attempt 2 of 3", "late"); "" mostly.
    """

    at: datetime
    due: datetime
    row: RowView
    skipped: str = ""
    note: str = ""
    claimed: bool = False


def coming(
    rows: Iterable[RowView], now: datetime, house: House, *, until: datetime, most_each: int | None = None
) -> Iterator[Coming]:
    """Every run in (now, until] of all these tasks, by time; what is due already comes first, at `now`. Lazy: take what you need.

    most_each: at most so many of one task.
    """
    lines = (_line(row, now, house, until, most_each) for row in rows)
    return heapq.merge(*lines, key=lambda c: (c.at, c.row.table, c.row.name))


def gathered(rows: Iterable[RowView], now: datetime, house: House, *, until: datetime) -> Iterator[Coming]:
    """As `coming`, but of a row that comes due again within DENSE only the next run, and what is skipped before it."""
    lines = (_thinned(_line(row, now, house, until, None)) for row in rows)
    return heapq.merge(*lines, key=lambda c: (c.at, c.row.table, c.row.name))


def _thinned(runs: Iterator[Coming]) -> Iterator[Coming]:
    first, second = next(runs, None), next(runs, None)
    if first is None:
        return
    if second is None or second.at - first.at > DENSE:
        yield from chain([first], [second] if second is not None else [], runs)
        return
    yield replace(first, note=first.note or ("" if first.skipped else ON))
    if first.skipped:
        later = next((run for run in islice(chain([second], runs), LOOKED_FOR) if not run.skipped), None)
        if later is not None:
            yield replace(later, note=later.note or ON)


def _line(row: RowView, now: datetime, house: House, until: datetime, most: int | None) -> Iterator[Coming]:
    if row.task is None:
        return
    runs = heapq.merge(sorted(_under_way(row, now, house), key=_start), _scheduled(row, row.task, now, house), key=_start)
    yield from islice(takewhile(lambda one: one.at <= until, runs), most)


def _start(one: Coming) -> datetime:
    return one.at


def _scheduled(row: RowView, task: Task, now: datetime, house: House) -> Iterator[Coming]:
    """By start, which jitter can make another order than that of the due instants. No run starts before it is due."""
    ahead: list[tuple[datetime, int, Coming]] = []
    for number, one in enumerate(_by_due(row, task, now, house)):
        while ahead and ahead[0][0] <= one.due:
            yield heapq.heappop(ahead)[2]
        heapq.heappush(ahead, (one.at, number, one))
    while ahead:
        yield heapq.heappop(ahead)[2]


def _by_due(row: RowView, task: Task, now: datetime, house: House) -> Iterator[Coming]:
    """The task's runs to come by its schedule, without an end where that has none."""
    schedule, standing = task.schedule, row.standing
    if schedule is None or standing is None or task.status is not Status.ACTIVE or (schedule.one_off and row.state.marked):
        return
    plan = decide([replace(standing, requests=())], now, replace(house, free=1))
    for claim in plan.claims:
        yield Coming(now, claim.due, row, note="due already")
    after = max([row.state.decided_until, *(s.decided_until for s in plan.states)])
    if not schedule.one_off:  # what happens once may wait for the end of what is in its way
        after = max(now, after)
    last = row.tally.last.started_at if row.tally.last is not None else None
    alone, waits = house.shut.get(task.action, now), bool(row.active) and task.overlap is Overlap.SKIP
    while (due := schedule.next(after)) is not None:
        after = due
        one = _one(row, task, due, house, last)
        if not one.skipped and waits and due < alone:
            one = replace(one, skipped=left_alone(task.action, moment(alone, task.zone)))
        yield one
        if not one.skipped:
            last, waits = one.at, task.overlap is Overlap.SKIP


def _under_way(row: RowView, now: datetime, house: House) -> Iterator[Coming]:
    for occurrence in row.active:
        first = max(now, house.shut.get(occurrence.action, now))
        if occurrence.stage is Stage.CLAIMED:
            note = "waits for approval" if occurrence.unapproved else "waits to start"
            yield Coming(first, occurrence.due, row, note=note, claimed=True)
        elif occurrence.stage is Stage.WAITING and occurrence.retry_at is not None:
            note = f"attempt {occurrence.attempt + 1} of {occurrence.attempts}"
            yield Coming(max(first, occurrence.retry_at), occurrence.due, row, note=note, claimed=True)


def _one(row: RowView, task: Task, due: datetime, house: House, last: datetime | None) -> Coming:
    one = upcoming(task, row.state, due, last, house.blackouts, house.shut.get(task.action))
    if row.held is not None:
        return Coming(one.at, due, row, skipped=f"held: {row.held.reason}")
    skipped = f"{one.barrier.what} until {moment(one.barrier.until, task.zone)}" if one.skipped and one.barrier is not None else ""
    return Coming(one.at, due, row, skipped)
