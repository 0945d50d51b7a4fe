"""What to do next, as a value. Pure: no clock, no I/O, no randomness; the same question always has the same answer."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from msgspec.structs import replace

from engine.approving import expire, review
from engine.asked import Request, Wish
from engine.brakes import lanes
from engine.following import follow
from engine.judging import judge
from engine.lateness import LONGEST_QUEUE, come_due, let_go
from engine.merge import completed
from engine.model import SETTLE, Cause, Occurrence, Overlap, Stage, Status, Type
from engine.plan import Answer, Hold, House, Plan, Standing
from engine.reacting import REACTIONS, brought_about, call_off, react
from engine.weighing import Weighed, later, snoozes
from engine.wishes import answer


def decide(standings: Iterable[Standing], now: datetime, house: House) -> Plan:
    """Choose the next moves for these tasks as they stand at `now` (aware UTC).

    standings: any order, one per (table, key). Raises nothing: a row that can't become a task never gets this far.
    """
    weighed = [_weigh(standing, now, house) for standing in standings]
    starts, waits, left = _starts(weighed, now, house)
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
        states=tuple(one.state for one in weighed if one.state is not one.before and not one.over),
        completed=tuple(completed(one.state) for one in weighed if one.over),
        wakes=wakes,
        left=left,
        wanted={one.place: one.wanted for one in weighed if one.wanted},
        missed=tuple(m for one in weighed for m in one.missed),
        revised=tuple(r for one in weighed for r in one.revised),
    )


def back_off(occurrence: Occurrence, failed: int) -> timedelta:
    """How long to wait after the n-th failed attempt: doubling from `retry_wait` up to an hour, plus up to a quarter by lot."""
    wait = min(occurrence.retry_wait * (1 << min(failed - 1, 20)), max(timedelta(hours=1), occurrence.retry_wait))
    drawn = hashlib.blake2b(f"{occurrence.id}\0{failed}".encode(), digest_size=4).digest()
    return wait * (1 + 0.25 * int.from_bytes(drawn, "big") / 2**32)


def _retry_at(occurrence: Occurrence, now: datetime) -> datetime:
    """No later than if the last attempt had failed just now: else the clock was set back since."""
    return min(occurrence.retry_at, now + back_off(occurrence, occurrence.attempt)) if occurrence.retry_at is not None else now


def _weigh(standing: Standing, now: datetime, house: House) -> Weighed:
    one = Weighed(standing, house.shut, house.facts, house.approvals)
    settled = standing.state.changed_at + SETTLE
    if standing.state.changed_at <= now < settled:  # a change that lies ahead was seen before the clock was set back
        one.quiet = True
        one.wakes.append(settled)
        return one
    _moves(one, standing, now, house)
    judge(one, now, house)
    expire(one)
    return one


def _moves(one: Weighed, standing: Standing, now: datetime, house: House) -> None:
    """What is asked of the task, and what comes due."""
    review(one, now)
    happened = [request for request in standing.requests if request.wish in REACTIONS]
    for request in standing.requests:
        if request.wish in REACTIONS:
            continue
        if request.wish is Wish.SKIP_NEXT:
            _pass_over(one, now, house)
        if request.wish is Wish.CANCEL and (waits := [asked for asked in happened if asked.id < request.id]):
            happened = [asked for asked in happened if asked.id > request.id]
            call_off(one, waits, request.by, now)
            if not one.active:
                one.answers.append(Answer(request, True, "taken"))
                continue
        answer(one, request, now)
    if one.task.status is not Status.ACTIVE:
        one.stop_waiting(f"the row is {one.task.status}")
    one.unless_wanted(lambda: _by_itself(one, standing, happened, now, house), now)


def _by_itself(one: Weighed, standing: Standing, happened: Sequence[Request], now: datetime, house: House) -> None:
    """What nobody asks of it.   happened: the open requests of events."""
    react(one, happened, now, house)
    if standing.hold is not None:
        one.quiet = True
        if not standing.hold.record:
            return
    if one.task.status is Status.ACTIVE:
        _of_its_own(one, standing, now, house)


def _of_its_own(one: Weighed, standing: Standing, now: datetime, house: House) -> None:
    """What comes due by the row's type."""
    if one.task.type is Type.COUNTER:
        _count_up(one, standing.hold, now, house)
    elif one.task.type is Type.ON_COMPLETION:
        if standing.hold is None:
            follow(one, standing.prerequisites, now, house)
    elif one.task.schedule is not None:
        come_due(one, one.task.schedule, standing.hold, now, house)
    else:
        snoozes(one, now)


def _pass_over(one: Weighed, now: datetime, house: House) -> None:
    """What is past is not what comes next."""
    schedule = one.task.schedule
    if schedule is None or schedule.one_off or one.task.status is not Status.ACTIVE:
        return
    if one.hold is None:
        let_go(one, schedule, now, house)
    elif one.hold.record:
        come_due(one, schedule, one.hold, now, house)


def _count_up(one: Weighed, hold: Hold | None, now: datetime, house: House) -> None:
    """Fire as often as the count has reached the threshold; what finds no room stays in the count."""
    most = LONGEST_QUEUE if one.task.overlap is Overlap.PARALLEL else 1
    while hold is None and one.state.armed and one.state.count >= one.task.threshold and len(one.active) < most:
        if (until := later(one, now, house)) is not None:
            one.wakes.append(until)
            return
        number = one.state.fires + 1
        trigger, led = f"counter:{number}", brought_about(one.counted, one.task.counts_outcomes)
        if (unmet := one.unmet(now, now)) is not None:
            one.pass_up(*unmet, trigger, Cause.COUNTER, now, now, event=led)
        else:
            one.claim(trigger, Cause.COUNTER, now, now, "counter", led)
        one.state = replace(one.state, count=one.state.count - one.task.threshold, fires=number)


def _starts(
    weighed: Sequence[Weighed], now: datetime, house: House
) -> tuple[tuple[tuple[str, str, str], ...], dict[tuple[str, str], list[datetime]], tuple[Occurrence, ...]]:
    """Of all that could start, the best `free`; and when those become startable that only wait for time."""
    ready: list[Occurrence] = []
    waits: dict[tuple[str, str], list[datetime]] = {}
    for one in weighed:
        for occurrence in _startable(one):
            at = max(_retry_at(occurrence, now), house.shut.get(occurrence.action, now))
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
        taken = lanes(occurrence)
        if any(under_way.get(lane, 0) >= house.limits[lane] for lane in taken if lane in house.limits):
            continue
        under_way.update({lane: under_way.get(lane, 0) + 1 for lane in taken})
        chosen.append((occurrence.table, occurrence.key, occurrence.trigger))
    begun = set(chosen)
    return tuple(chosen), waits, tuple(o for o in ready if (o.table, o.key, o.trigger) not in begun)


def _startable(one: Weighed) -> list[Occurrence]:
    """What of this task could start now, as far as the task itself is concerned."""
    if one.quiet:
        return []
    stopped = {s.run for s in one.stops}
    pending = [o for o in one.active if o.stage in (Stage.CLAIMED, Stage.WAITING) and o.id not in stopped and not o.unapproved]
    if one.task.overlap is Overlap.PARALLEL:
        return pending
    if any(o.stage is Stage.RUNNING for o in one.active):
        return []
    return pending[:1]
