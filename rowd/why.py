"""Why a task does not run now, in one sentence. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from msgspec.structs import replace

from actions.api import Outcome
from engine.blackout import covering
from engine.brakes import ACTION, lane_of_action, lane_of_table
from engine.cells import quoted
from engine.decide import decide
from engine.filling import Unfilled
from engine.links import EVENT, OnFailure
from engine.model import SETTLE, Occurrence, Stage, Status, Task, Type
from engine.outside import Wanted
from engine.plan import House, cause
from engine.rounds import ended, failed, how
from engine.upcoming import again_from
from engine.watched import REACTS, reacts_to
from engine.weighing import Weighed, later
from engine.wording import conjoined, moment, whole
from rowd.saying import distance, holder, when
from rowd.view import RowView

HOLDS = "it holds now"
UNASKED = "it is told when it comes due: the fact"

LONG_AGO = datetime.min.replace(tzinfo=UTC)


def why(row: RowView, now: datetime, house: House, *, daemon: bool) -> str:
    """One sentence, with its full stop. daemon: whether one is running; without one nothing starts, whatever else is said, unless
    another machine's daemon runs the row.
    """
    reason = "; ".join(filter(None, (_reason(row, now, house).rstrip("."), _condition(row, now, house))))
    if row.lease is not None:
        alone = f". The daemon that runs it is {holder(row.lease, now, row.zone)}"
    else:
        alone = "" if daemon else ". No daemon is running, though: `rowd run` starts one"
    return f"{reason[:1].upper()}{reason[1:]}{alone}."


def _reason(row: RowView, now: datetime, house: House) -> str:
    if row.defect is not None:
        return row.defect.message if not row.defect.wrong else f"the row has a defect: {row.defect.message}"
    task = row.task
    assert task is not None  # noqa: S101 (a row is a task or a defect)
    if (running := row.running) is not None and running.started_at is not None:
        again = f", attempt {running.attempt} of {running.attempts}" if running.attempt > 1 else ""
        number = sum(o.stage is Stage.RUNNING for o in row.active)
        if number > 1:
            return f"{number} of its runs are under way, the oldest since {when(running.started_at, row.zone, now)}"
        return f"it has been running since {when(running.started_at, row.zone, now)}{again}"
    if row.held is not None:
        return f"it is held: {row.held.reason}"
    if row.active:
        return _waiting(row, row.active[0], now, house)
    if task.status is Status.COMPLETED:
        return "it is completed; set its Status to active to begin anew"
    if task.status is Status.PAUSED:
        return "it is paused; `rowd resume` or the Status active lets it run"
    if now < row.state.changed_at + SETTLE and not row.new:
        return "it was edited just now, and starts only when it has stood for two seconds"
    if task.type is Type.COUNTER:
        return _counter(row, task, now, house)
    if task.type is Type.ON_COMPLETION:
        return _behind(row, task, now, house)
    return _timed(row, task, now, house) if task.schedule is not None else _untimed(row, task, now, house)


def _untimed(row: RowView, task: Task, now: datetime, house: House) -> str:
    """Of a row without times of its own."""
    if task.type not in REACTS:
        return "it runs only when asked: `rowd run-now`, or `run now` in its Do cell"
    if not any(request.event for request in row.requests):
        return f"it waits until {reacts_to(task)}; `rowd run-now` runs it as it is"
    until = later(Weighed(row.standing), now, house) if row.standing is not None else None
    when = f"it may start from {moment(until, row.zone)}" if until is not None else "it starts as soon as it can"
    return f"something has happened that it watches; {when}"


def _condition(row: RowView, now: datetime, house: House) -> str:
    """That the condition of a row would keep it from starting; "" where it wouldn't, or what comes due has begun."""
    said = holds_now(row, now, house) if not row.active else ""
    return f"by its condition it would be left out: {said}" if said and said != HOLDS and not said.startswith(UNASKED) else ""


def _asks_what_happens(task: Task) -> bool:
    """Whether its condition can hold only when something has happened."""
    return task.condition is not None and any(name[0] == EVENT for name in task.condition.names)


def filled_now(row: RowView, now: datetime) -> Mapping[str, str]:
    """Parameter → what it would be if the row ran now, or why it can't be told; of those that are filled in."""
    standing, found = row.standing, dict[str, str]()
    if standing is None:
        return found
    for name, blank in standing.task.blanks.items():
        alone = replace(standing, task=replace(standing.task, parameters={}, blanks={name: blank}))
        try:
            found[name] = f"now {quoted(Weighed(alone).filled(now, now)[name])}"
        except Unfilled as exc:
            found[name] = f"can't be told now: {str(exc).partition(': ')[2]}"
    return found


def holds_now(row: RowView, now: datetime, house: House) -> str:
    """Whether the condition of a row would let it start now, and why; "" where it has none. Facts are as they were told last."""
    standing = row.standing
    if standing is None or standing.task.condition is None or _asks_what_happens(standing.task):
        return ""
    try:
        unmet = Weighed(replace(standing, waits_since=LONG_AGO), facts=house.facts).unmet(now, now)
    except Wanted as wanted:
        return f"{UNASKED} {wanted.name} is yet to be asked"
    if unmet is None:
        return HOLDS
    return f"it does not hold now ({unmet[1]})" if unmet[0] is Outcome.SKIPPED else f"it can't be told now ({cause(unmet[1])})"


def _waiting(row: RowView, occurrence: Occurrence, now: datetime, house: House) -> str:
    """Of an occurrence that was claimed and does not run."""
    if (approval := occurrence.approval) is not None and occurrence.unapproved:
        since = when(approval.wanted_at, row.zone, now) + (f" ({approval.void})" if approval.void else "")
        lets = f"`rowd approve {occurrence.id}` lets it"
        return f"it waits for approval since {since}: `rowd approve` shows what it would run, {lets}"
    shut = house.shut.get(occurrence.action)
    if occurrence.stage is Stage.WAITING and occurrence.retry_at is not None and occurrence.retry_at > max(now, shut or now):
        at = f"{when(occurrence.retry_at, row.zone, now)}, {distance(occurrence.retry_at, now)}"
        return f"attempt {occurrence.attempt + 1} of {occurrence.attempts} follows {at}, after: {occurrence.reason}"
    if shut is not None:
        return _broken(row, occurrence.action, shut, now)
    if (crowded := _crowded(row, occurrence, now, house)) is not None:
        return crowded
    return f"it has been due since {when(occurrence.due, row.zone, now)} and about to start"


def _crowded(row: RowView, occurrence: Occurrence, now: datetime, house: House) -> str | None:
    """Which limit lets no more begin now; None for none."""
    action, table = occurrence.action, occurrence.table
    if (until := house.full.get(table)) is not None:
        at = f"{when(until, row.zone, now)}, {distance(until, now)}"
        return f"as many runs of {table} have begun within the hour as may (tables.{table}.max_per_hour); the next begins {at}"
    for lane, name in (
        (lane_of_action(action), f"actions.{action}.parallel"),
        (lane_of_table(table), f"tables.{table}.max_parallel"),
    ):
        limit = house.limits.get(lane)
        if limit is not None and house.running.get(lane, 0) >= limit:
            return f"it waits for its {lane[0]}: no more than {limit} of {lane[1]} may run at once ({name}), and so many do"
    if house.free <= 0:
        busy = sum(number for (kind, _), number in house.running.items() if kind == ACTION)
        return f"it waits for a free worker: all {busy} are busy (daemon.max_parallel)"
    return None


def _broken(row: RowView, action: str, shut: datetime, now: datetime) -> str:
    at = f"{when(shut, row.zone, now)}, {distance(shut, now)}"
    return f"its action {action} failed too often in a row: the circuit breaker lets nothing start before {at}"


def _counter(row: RowView, task: Task, now: datetime, house: House) -> str:
    state = row.state
    if state.count < task.threshold:
        return f"it waits for Current to reach {whole(task.threshold)}: it stands at {whole(state.count)}"
    if not state.armed:
        return "Current was at its Threshold before rowd looked; it runs at the next tick, or edit of Current"
    return _barred(row, task, now, now, house) or "it has reached its Threshold and is about to start"


def _behind(row: RowView, task: Task, now: datetime, house: House) -> str:
    """Of a row that waits for others."""
    prerequisites = row.standing.prerequisites if row.standing is not None else ()
    runs = ended(row.state, prerequisites)
    if task.on_failure is OnFailure.BLOCK and (broken := failed(runs)):
        return (
            f"it is blocked: {how(broken.values(), row.table, lambda at: when(at, row.zone, now))}; it runs once that has succeeded"
        )
    if waits := [one.said + (" (under way)" if one.busy else "") for one in prerequisites if one.place not in runs]:
        done = f"; {conjoined([one.name for one in prerequisites if one.place in runs])} ended already" if runs else ""
        return f"it waits for {conjoined(waits)} to end{done}"
    return _barred(row, task, now, now, house) or "all that it waits for has ended, and it is about to start"


def _timed(row: RowView, task: Task, now: datetime, house: House) -> str:
    schedule, standing = task.schedule, row.standing
    assert schedule is not None  # noqa: S101 (the caller has looked)
    assert standing is not None  # noqa: S101
    plan = decide([replace(standing, requests=())], now, replace(house, free=max(1, house.free)))
    if plan.claims:
        if (shut := house.shut.get(task.action)) is not None:
            return _broken(row, task.action, shut, now)
        return (
            f"it has been due since {when(plan.claims[-1].due, row.zone, now)}, and starts as soon as the daemon has read the row"
        )
    if (fact := plan.wanted.get((task.table, task.key))) is not None:
        return f"it has come due, and waits for the fact {fact} to be told"
    if schedule.one_off and row.state.marked:
        return "it ran before this ledger began; give it a time to come"
    due = schedule.next(max([row.state.decided_until, *(s.decided_until for s in plan.states)]))
    if due is None:
        return f"its time ({schedule.text}) is past; give it one to come"
    if due <= now:  # a one-off that a blackout or a snooze keeps waiting
        return _barred(row, task, now, now, house) or f"it has been due since {when(due, row.zone, now)}"
    barred = _barred(row, task, due, now, house)
    then = f", but then {barred}" if barred else ""
    return f"it waits for {when(due, row.zone, now)}, {distance(due, now)}{then}"


def _barred(row: RowView, task: Task, at: datetime, now: datetime, house: House) -> str | None:
    """What else would keep the task from starting at that instant."""
    snoozed = row.state.snoozed_until
    if snoozed is not None and at < snoozed:
        return f"it is snoozed until {when(snoozed, row.zone, now)}"
    if (window := covering(house.blackouts, task.table, at)) is not None:
        return f"the blackout {window[0]} lets nothing start until {when(window[1], row.zone, now)}"
    if (shut := house.shut.get(task.action)) is not None and shut > at:
        return _broken(row, task.action, shut, now)
    last = row.tally.last
    if task.every is not None and last is not None and last.started_at is not None:
        again = again_from(last.started_at, task.every)
        if again > at:
            return f"its action {task.action} allows no run before {when(again, row.zone, now)}"
    return None
