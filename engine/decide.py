"""What to do next, as a value. Pure: no clock, no I/O, no randomness; the same question always has the same answer."""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from actions.api import Outcome
from config.fields import spelled
from engine.blackout import Blackout, covering
from engine.model import (
    SETTLE,
    CatchUp,
    Cause,
    Occurrence,
    Overlap,
    Request,
    RowState,
    Schedule,
    Stage,
    Status,
    Task,
    Type,
    Wish,
)
from engine.schedule import count, grace

MOST_COUNTED = 100_000
"""Missed occurrences are counted one by one up to here; beyond, the record says "at least"."""

MOST_CAUGHT_UP = 100
"""`Catch Up: all` runs the newest so many; older ones are missed."""

LONGEST_QUEUE = 100
"""`Overlap: queue` lets so many occurrences of one task wait; further ones are skipped."""


@dataclass(frozen=True, slots=True)
class Hold:
    """Why nothing of a row may start now. `record`: what comes due meanwhile is missed at once, not waited with."""

    reason: str
    record: bool = False


@dataclass(frozen=True, slots=True)
class Standing:
    """All that `decide` needs to know of one task.

    active: its occurrences that have not ended, oldest first.   last: the newest that was started and has ended.
    requests: what people asked of it, oldest first.
    """

    task: Task
    state: RowState
    hold: Hold | None = None
    active: tuple[Occurrence, ...] = ()
    requests: tuple[Request, ...] = ()
    last: Occurrence | None = None


@dataclass(frozen=True, slots=True)
class House:
    """What holds for every task.

    awake_since: when this daemon started.   free: idle workers.   running: action → attempts under way.
    limits: action → how many may run at once.   shut: action → the instant before which its circuit breaker lets nothing start.
    """

    awake_since: datetime
    free: int
    running: Mapping[str, int] = field(default_factory=dict)
    limits: Mapping[str, int] = field(default_factory=dict)
    shut: Mapping[str, datetime] = field(default_factory=dict)
    blackouts: tuple[Blackout, ...] = ()


@dataclass(frozen=True, slots=True)
class Stop:
    """End an occurrence that has not ended: cancel it where it runs."""

    run: str
    reason: str
    by: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What becomes of a request. `text` is for the person who asked."""

    request: Request
    taken: bool
    text: str


@dataclass(frozen=True, slots=True)
class Plan:
    """The next moves.

    claims: occurrences to claim; they have no id yet.   records: occurrences that end without having run (skipped, missed).
    starts: triggers (table, key, trigger) of claimed occurrences whose next attempt begins now, best first, at most `free`.
    states: rows whose state moves on, to be made durable together with claims and records.
    wakes: (table, key) → when that task's plan next changes by time alone; absent where only an event can change it.
    """

    claims: tuple[Occurrence, ...] = ()
    records: tuple[Occurrence, ...] = ()
    starts: tuple[tuple[str, str, str], ...] = ()
    stops: tuple[Stop, ...] = ()
    answers: tuple[Answer, ...] = ()
    states: tuple[RowState, ...] = ()
    wakes: Mapping[tuple[str, str], datetime] = field(default_factory=dict)

    @property
    def wake(self) -> datetime | None:
        """When the plan next changes by time alone."""
        return min(self.wakes.values(), default=None)


def decide(standings: Iterable[Standing], now: datetime, house: House) -> Plan:
    """Choose the next moves for these tasks as they stand at `now` (aware UTC).

    standings: any order, one per (table, key). Raises nothing: a row that can't become a task never gets this far.
    """
    weighed = [_weigh(standing, now, house) for standing in standings]
    starts, waits = _starts(weighed, now, house)
    wakes = {}
    for one in weighed:
        times = [*one.wakes, *waits.get(one.place, ())]
        if times:
            wakes[one.place] = min(times)
    return Plan(
        claims=tuple(c for one in weighed for c in one.claims),
        records=tuple(r for one in weighed for r in one.records),
        starts=starts,
        stops=tuple(s for one in weighed for s in one.stops),
        answers=tuple(a for one in weighed for a in one.answers),
        states=tuple(one.state for one in weighed if one.state is not one.before),
        wakes=wakes,
    )


def jitter(task: Task, due: datetime) -> timedelta:
    """How much later than due this occurrence starts: a fixed draw from [0, task.jitter) by the occurrence itself."""
    if not task.jitter:
        return timedelta(0)
    drawn = hashlib.blake2b(f"{task.table}\0{task.key}\0{due.isoformat()}".encode(), digest_size=4).digest()
    return task.jitter * (int.from_bytes(drawn, "big") / 2**32)


def back_off(occurrence: Occurrence, failed: int) -> timedelta:
    """How long to wait after the n-th failed attempt: doubling from `retry_wait` up to an hour, plus up to a quarter by lot."""
    wait = min(occurrence.retry_wait * (1 << min(failed - 1, 20)), max(timedelta(hours=1), occurrence.retry_wait))
    drawn = hashlib.blake2b(f"{occurrence.id}\0{failed}".encode(), digest_size=4).digest()
    return wait * (1 + 0.25 * int.from_bytes(drawn, "big") / 2**32)


class _Weighed:
    """One task's moves while they are being found."""

    def __init__(self, standing: Standing) -> None:
        self.task = standing.task
        self.before = self.state = standing.state
        self.place = (standing.task.table, standing.task.key)
        self.last = standing.last
        self.active = list(standing.active)
        self.claims: list[Occurrence] = []
        self.records: list[Occurrence] = []
        self.stops: list[Stop] = []
        self.answers: list[Answer] = []
        self.wakes: list[datetime] = []
        self.quiet = False  # nothing of this row starts now

    def claim(self, trigger: str, cause: Cause, due: datetime, now: datetime, by: str = "schedule") -> None:
        occurrence = _occurrence(self.task, trigger, cause, due, now, by)
        self.claims.append(occurrence)
        self.active.append(occurrence)

    def record(self, outcome: Outcome, reason: str, due: datetime, last: datetime, number: int, now: datetime) -> None:
        base = _occurrence(self.task, f"at:{last.isoformat()}", Cause.SCHEDULE, due, now, "schedule")
        self.records.append(
            replace(base, stage=Stage.ENDED, outcome=outcome, reason=reason, ended_at=now, count=number, last_due=last)
        )

    def stop_all(self, reason: str, by: str) -> None:
        self.stops += [Stop(o.id, reason, by) for o in self.active if o.id]

    def settle(self, until: datetime) -> None:
        self.state = replace(self.state, settled_until=max(until, self.state.settled_until))

    @property
    def busy(self) -> str | None:
        """Why another occurrence would overlap; None where the task is idle."""
        for occurrence in self.active:
            if occurrence.stage is Stage.RUNNING and occurrence.started_at:
                return f"still running since {occurrence.started_at:%Y-%m-%d %H:%M:%S} UTC"
            if occurrence.stage is Stage.WAITING:
                return "another attempt of the last run is to follow"
            return "the last run is still waiting to start"
        return None


def _weigh(standing: Standing, now: datetime, house: House) -> _Weighed:
    one = _Weighed(standing)
    settled = standing.state.changed_at + SETTLE
    if now < settled:
        one.quiet = True
        one.wakes.append(settled)
        return one
    for request in standing.requests:
        _answer(one, request, now)
    if standing.hold is not None:
        one.quiet = True
        if not standing.hold.record:
            return one
    if one.task.status is Status.ACTIVE:
        if one.task.type is Type.COUNTER:
            _count_up(one, standing.hold, now, house)
        elif one.task.schedule is not None:
            _come_due(one, one.task.schedule, standing.hold, now, house)
    return one


# --- people's wishes


def _answer(one: _Weighed, request: Request, now: datetime) -> None:
    refusal = _WISHES[request.wish](one, request, now)
    one.answers.append(Answer(request, refusal is None, refusal or "taken"))


def _run_now(one: _Weighed, request: Request, now: datetime) -> str | None:
    if one.busy and one.task.overlap is not Overlap.PARALLEL:
        return one.busy
    if too_soon := _too_soon(one, now):
        return too_soon
    one.claim(f"request:{request.id}", Cause.MANUAL, request.asked_at, now, request.by)
    return None


def _retry(one: _Weighed, request: Request, now: datetime) -> str | None:
    if one.busy:
        return one.busy
    if one.last is None:
        return "it has not run yet"
    if one.last.outcome is Outcome.SUCCEEDED:
        return "the last run succeeded; use `run now` to run it again"
    if too_soon := _too_soon(one, now):
        return too_soon
    one.claim(f"request:{request.id}", Cause.RETRY, request.asked_at, now, request.by)
    return None


def _skip_next(one: _Weighed, request: Request, now: datetime) -> str | None:
    if one.task.schedule is None or one.task.status is not Status.ACTIVE:
        return "no run is planned"
    due = one.task.schedule.next(max(now, one.state.settled_until))
    if due is None:
        return "no run is planned"
    one.record(Outcome.SKIPPED, f"asked by {request.by}", due, due, 1, now)
    one.settle(due)
    return None


def _cancel(one: _Weighed, request: Request, _now: datetime) -> str | None:
    if not one.active:
        return "nothing is running"
    one.stop_all("cancelled", request.by)
    return None


def _snooze(one: _Weighed, request: Request, _now: datetime) -> str | None:
    one.state = replace(one.state, snoozed_until=request.asked_at + timedelta(seconds=request.amount))
    return None


def _tick(one: _Weighed, request: Request, _now: datetime) -> str | None:
    if one.task.type is not Type.COUNTER:
        return f"only a counter can be ticked, and this is of type {one.task.type}"
    one.state = replace(one.state, count=one.state.count + request.amount, armed=True)
    return None


_WISHES = {
    Wish.RUN_NOW: _run_now,
    Wish.RETRY: _retry,
    Wish.SKIP_NEXT: _skip_next,
    Wish.CANCEL: _cancel,
    Wish.SNOOZE: _snooze,
    Wish.TICK: _tick,
}


# --- counters


def _count_up(one: _Weighed, hold: Hold | None, now: datetime, house: House) -> None:
    if not one.state.armed or one.state.count < one.task.threshold:
        return
    if hold is not None or (one.busy and one.task.overlap is not Overlap.PARALLEL):
        return
    if (later := _later(one, now, house)) is not None:
        one.wakes.append(later)
        return
    number = one.state.fires + 1
    one.claim(f"counter:{number}", Cause.COUNTER, now, now, "counter")
    one.state = replace(one.state, count=one.state.count - one.task.threshold, fires=number)


def _later(one: _Weighed, now: datetime, house: House) -> datetime | None:
    """When a snooze, a blackout or the operator's frequency lets something that can wait start; None for now."""
    ends = []
    if one.state.snoozed_until and one.state.snoozed_until > now:
        ends.append(one.state.snoozed_until)
    if window := covering(house.blackouts, one.task.table, now):
        ends.append(window[1])
    if one.task.every and one.last and one.last.started_at and one.last.started_at + one.task.every > now:
        ends.append(one.last.started_at + one.task.every)
    return max(ends, default=None)


def _too_soon(one: _Weighed, now: datetime) -> str | None:
    if one.task.every and one.last and one.last.started_at and one.last.started_at + one.task.every > now:
        return f"too soon: the action {one.task.action} allows a task one run in {spelled(one.task.every)}"
    return None


# --- time


def _come_due(one: _Weighed, schedule: Schedule, hold: Hold | None, now: datetime, house: House) -> None:
    due = _come(one, schedule, now)
    if due is not None and not (schedule.one_off and _waits(one, hold, now, house)):
        number, first, newest = due
        if hold is not None:
            one.record(Outcome.MISSED, hold.reason, first, newest, number, now)
            one.settle(newest)
        elif schedule.one_off and one.state.marked:
            one.record(Outcome.MISSED, "new ledger: the row bears marks of an earlier run", first, newest, number, now)
            one.settle(newest)
        else:
            _late(one, schedule, number, first, newest, now, house)
    ahead = schedule.next(one.state.settled_until)
    if ahead is not None and (at := ahead + jitter(one.task, ahead)) > now:
        one.wakes.append(at)


def _waits(one: _Weighed, hold: Hold | None, now: datetime, house: House) -> bool:
    """A one-off isn't skipped by a snooze, a blackout or the operator's frequency: it waits for their end."""
    if hold is None and (later := _later(one, now, house)) is not None:
        one.wakes.append(later)
        return True
    return False


def _come(one: _Weighed, schedule: Schedule, now: datetime) -> tuple[int, datetime, datetime] | None:
    """How many occurrences have come due and have no record yet, the first and the newest of them; None for none."""
    after = one.state.settled_until
    first = schedule.next(after)
    if first is None or first + jitter(one.task, first) > now:
        return None
    if not one.task.jitter:
        number, newest = count(schedule, after, now, MOST_COUNTED)
        if number >= MOST_COUNTED:  # jump to where lateness is still forgiven: there every occurrence matters
            _, recent = count(schedule, max(after, now - timedelta(minutes=10)), now, MOST_COUNTED)
            newest = recent or newest
        assert newest is not None  # noqa: S101 (`first` is at or before now, so at least one was counted)
        return number, first, newest
    number, newest = 1, first
    while number < MOST_COUNTED and (due := schedule.next(newest)) is not None and due + jitter(one.task, due) <= now:
        number, newest = number + 1, due
    return number, first, newest


def _late(one: _Weighed, schedule: Schedule, number: int, first: datetime, newest: datetime, now: datetime, house: House) -> None:
    """Part what has come due into what still runs and what is missed, then give the former to `_overlap`."""
    forgiven = now - newest - jitter(one.task, newest) <= grace(schedule, newest)
    catch_up = one.task.catch_up
    why = "rowd was not running" if newest < house.awake_since else "too late to start"
    if number >= MOST_COUNTED:
        why += f" (counted up to {MOST_COUNTED:,})"
    if catch_up is CatchUp.ALL and number > 1:
        dues = _newest(schedule, one.state.settled_until, newest, number)
    elif forgiven or catch_up is not CatchUp.SKIP:
        dues = [newest]
    else:
        dues = []
    if not dues:
        one.record(Outcome.MISSED, why, first, newest, number, now)
    elif (older := number - len(dues)) > 0:
        last = _before(schedule, one.state.settled_until, dues[0]) or first
        one.record(Outcome.MISSED, "superseded by a newer one", first, last, older, now)
    for due in dues:
        _overlap(one, schedule, due, now, house)
    one.settle(newest)


def _before(schedule: Schedule, after: datetime, due: datetime) -> datetime | None:
    """The newest occurrence in (after, due), looked for over growing spans; None for none."""
    just = due - timedelta(microseconds=1)
    span = timedelta(minutes=10)
    while due - span > after:
        _, newest = count(schedule, due - span, just, MOST_COUNTED)
        if newest is not None:
            return newest
        span *= 8
    return count(schedule, after, just, MOST_COUNTED)[1]


def _newest(schedule: Schedule, after: datetime, until: datetime, number: int) -> list[datetime]:
    """The newest MOST_CAUGHT_UP of the `number` occurrences in (after, until], oldest first."""
    dues: deque[datetime] = deque(maxlen=MOST_CAUGHT_UP)
    cursor = after
    if number >= MOST_COUNTED:  # too many to walk through: the last ten minutes of them will do
        cursor = max(after, until - timedelta(minutes=10))
    while (due := schedule.next(cursor)) is not None and due <= until:
        cursor = due
        dues.append(due)
    return list(dues)


def _overlap(one: _Weighed, schedule: Schedule, due: datetime, now: datetime, house: House) -> None:
    """Claim one occurrence, unless something forbids it: then record why it is skipped."""
    reason = (None if schedule.one_off else _skipped(one, due, now, house)) or _crowded(one)
    if reason is not None:
        one.record(Outcome.SKIPPED, reason, due, due, 1, now)
        return
    if one.task.overlap is Overlap.RESTART:
        one.stop_all("restarted by the next occurrence", "schedule")
    one.claim(f"at:{due.isoformat()}", Cause.SCHEDULE, due, now)


def _skipped(one: _Weighed, due: datetime, now: datetime, house: House) -> str | None:
    """Why an occurrence of a task that recurs is left out. One that happens only once has waited for the end of all this."""
    if one.state.snoozed_until and due < one.state.snoozed_until:
        return f"snoozed until {one.state.snoozed_until:%Y-%m-%d %H:%M} UTC"
    if window := covering(house.blackouts, one.task.table, due):
        return f"blackout {window[0]}"
    return _too_soon(one, now)


def _crowded(one: _Weighed) -> str | None:
    """Why the task's earlier occurrences leave no room for another."""
    earlier = [o for o in one.active if o not in one.claims]
    if earlier and one.task.overlap is Overlap.SKIP:
        return one.busy
    if len(one.active) >= LONGEST_QUEUE and one.task.overlap in (Overlap.QUEUE, Overlap.PARALLEL):
        return f"{LONGEST_QUEUE} earlier ones still wait"
    return None


def _occurrence(task: Task, trigger: str, cause: Cause, due: datetime, now: datetime, by: str) -> Occurrence:
    return Occurrence(
        id="",
        table=task.table,
        key=task.key,
        task=task.name,
        trigger=trigger,
        cause=cause,
        due=due,
        claimed_at=now,
        stage=Stage.CLAIMED,
        action=task.action,
        parameters=task.parameters,
        timeout=task.timeout,
        attempts=task.attempts,
        repeatable=task.repeatable,
        retry_wait=task.retry_wait,
        priority=task.priority,
        by=by,
    )


# --- who starts


def _starts(
    weighed: Sequence[_Weighed], now: datetime, house: House
) -> tuple[tuple[tuple[str, str, str], ...], dict[tuple[str, str], list[datetime]]]:
    """Of all that could start, the best `free`; and when those become startable that only wait for time."""
    ready: list[Occurrence] = []
    waits: dict[tuple[str, str], list[datetime]] = {}
    for one in weighed:
        for occurrence in _startable(one):
            at = max(occurrence.retry_at or now, house.shut.get(occurrence.action, now))
            if at > now:
                waits.setdefault(one.place, []).append(at)
            else:
                ready.append(occurrence)
    ready.sort(key=lambda o: (-o.priority, o.due, o.table, o.key, o.trigger))
    chosen: list[tuple[str, str, str]] = []
    under_way = dict(house.running)
    for occurrence in ready:
        if len(chosen) >= house.free:
            break
        if under_way.get(occurrence.action, 0) >= house.limits.get(occurrence.action, house.free + len(under_way) + 1_000_000):
            continue
        under_way[occurrence.action] = under_way.get(occurrence.action, 0) + 1
        chosen.append((occurrence.table, occurrence.key, occurrence.trigger))
    return tuple(chosen), waits


def _startable(one: _Weighed) -> list[Occurrence]:
    """What of this task could start now, as far as the task itself is concerned."""
    if one.quiet:
        return []
    stopped = {s.run for s in one.stops}
    pending = [o for o in one.active if o.stage in (Stage.CLAIMED, Stage.WAITING) and o.id not in stopped]
    if one.task.overlap is Overlap.PARALLEL:
        return pending
    if any(o.stage is Stage.RUNNING for o in one.active):
        return []
    return pending[:1]
