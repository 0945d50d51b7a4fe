"""What people ask of a task, by a button or a command: each wish is taken, or refused with the reason. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from msgspec.structs import replace

from actions.api import Outcome
from engine.approving import approve, decline
from engine.asked import Request, Wish
from engine.cells import text
from engine.columns import Column
from engine.identity import HELD_FOR
from engine.links import Round
from engine.model import MOST_COUNTED_RUNS, Cause, Occurrence, Overlap, RowState, Stage, Status, Type
from engine.plan import Answer, Stop, cause
from engine.reacting import REACTIONS, batches, together
from engine.weighing import Weighed, too_soon
from engine.wording import whole

NOTHING_RUNS = "nothing is running"


def answer(one: Weighed, request: Request, now: datetime) -> None:
    refusal = _WISHES[request.wish](one, request, now)
    one.answers.append(Answer(request, refusal is None, refusal or "taken"))


def let_go(state: RowState | None, requests: Sequence[Request]) -> tuple[list[Answer], RowState | None]:
    """What becomes of wishes to let go of a row that is missing, and the row as it stands then; None where it stays as it was.

    It counts as missing for so long that nothing is held for its sake: the next read that lacks it deletes it.
    """
    if state is None or state.deleted_at is not None:
        return [Answer(request, True, "taken") for request in requests], None
    if state.absent_since is None:
        return [Answer(request, False, "the row is in the table again") for request in requests], None
    return [Answer(request, True, "taken") for request in requests], replace(state, absent_since=state.absent_since - HELD_FOR)


def without_task(
    requests: Sequence[Request], active: Sequence[Occurrence], why: str, *, mends: bool
) -> tuple[list[Answer], list[Stop]]:
    """What becomes of a row that is no task (any more): what runs can be cancelled, and what waits ends by itself.

    requests: what was asked of it, oldest first, but for what `let_go` answers.   active: its occurrences that have not ended.
    why: it is no task.   mends: a person may mend it, so what events ask of it waits for that.
    """
    answers, stops = without_a_say(requests, active, why, events_wait=mends)
    stopped = {stop.run for stop in stops}
    stops += [Stop(o.id, cause(why), "") for o in active if o.stage is not Stage.RUNNING and o.id not in stopped]
    return answers, stops


def without_a_say(
    requests: Sequence[Request], active: Sequence[Occurrence], why: str, *, events_wait: bool
) -> tuple[list[Answer], list[Stop]]:
    """What becomes of wishes where nothing of the row is ours to decide: what is under way can be cancelled all the same.

    why: it is not ours.   events_wait: what events ask waits until it is. The rest: as `without_task` has it.
    """
    answers: list[Answer] = []
    stops: dict[str, Stop] = {}
    for request in requests:
        if events_wait and request.event:
            continue
        if request.wish is Wish.CANCEL:
            answers.append(Answer(request, bool(active), "taken" if active else NOTHING_RUNS))
            stops |= {o.id: Stop(o.id, "cancelled", request.by) for o in active if o.id not in stops}
        else:
            answers.append(Answer(request, False, why))
    return answers, list(stops.values())


def left_over(state: RowState, requests: Sequence[Request], why: str, now: datetime) -> tuple[list[Answer], list[Occurrence]]:
    """What becomes of what events ask of a row that is no task (any more), and nobody mends. With records of it; where the row is
    gone, and so has no Health that would say it, also of the runs that people asked for.

    requests: what was asked of it, oldest first.   why: it is no task.
    """
    of_events = list(batches([request for request in requests if request.wish in REACTIONS]))
    asked = [(Cause.EVENT, batch) for batch in of_events]
    if state.deleted_at is not None:
        asked += [(_RUNS[request.wish], (request,)) for request in requests if request.wish in _RUNS]
    answers = [Answer(request, True, "taken") for batch in of_events for request in batch]  # its record tells
    return answers, [_left_over(state, cause_, batch, cause(why), now) for cause_, batch in asked]


_RUNS = {Wish.RUN_NOW: Cause.MANUAL, Wish.RETRY: Cause.RETRY}
"""What asks for a run, and what the cause of that run would be."""


def _left_over(state: RowState, cause_: Cause, asked: Sequence[Request], why: str, now: datetime) -> Occurrence:
    newest = asked[-1]
    return Occurrence(
        id="",
        table=state.table,
        key=state.key,
        task=text(state.cells.get(Column.NAME)) or "",
        trigger=f"request:{newest.id}",
        cause=cause_,
        due=newest.asked_at,
        claimed_at=now,
        stage=Stage.ENDED,
        action=text(state.cells.get(Column.ACTION)) or "",
        by=newest.by,
        outcome=Outcome.MISSED,
        reason=why,
        ended_at=now,
        last_due=newest.asked_at,
        event=together(asked),
    )


def _run_now(one: Weighed, request: Request, now: datetime) -> str | None:
    if one.hold is not None:
        return one.hold.reason
    if one.busy and one.task.overlap is not Overlap.PARALLEL:
        return one.busy
    if refusal := too_soon(one, now) or one.wanting(request.asked_at, now):
        return refusal
    one.claim(f"request:{request.id}", Cause.MANUAL, request.asked_at, now, request.by)
    return None


def _retry(one: Weighed, request: Request, now: datetime) -> str | None:
    if one.hold is not None:
        return one.hold.reason
    if one.busy:
        return one.busy
    if one.last is None:
        return "it has not run yet"
    if one.last.outcome is Outcome.SUCCEEDED:
        return "the last run succeeded; use `run now` to run it again"
    event = one.last.event  # it is the same thing that is tried again
    if refusal := too_soon(one, now) or one.wanting(request.asked_at, now, event):
        return refusal
    one.claim(f"request:{request.id}", Cause.RETRY, request.asked_at, now, request.by, event)
    return None


WAITS = (
    "it waits for other rows, and has no run planned that could be skipped; to leave out a round, pause it until they have ended"
)


def _skip_next(one: Weighed, request: Request, _now: datetime) -> str | None:
    if one.task.type is Type.ON_COMPLETION and one.task.status is Status.ACTIVE:
        return WAITS
    if one.task.schedule is None or one.task.status is not Status.ACTIVE:
        return "no run is planned"
    due = one.task.schedule.next(one.state.decided_until)
    if due is None:
        return "no run is planned"
    one.state = replace(one.state, skip_until=due, skip_by=request.by)
    return None


def _cancel(one: Weighed, request: Request, _now: datetime) -> str | None:
    if not one.active:
        return NOTHING_RUNS
    one.stop_all("cancelled", request.by)
    one.withdraw(f"cancelled by {request.by} before it started")
    return None


def _snooze(one: Weighed, request: Request, _now: datetime) -> str | None:
    if request.amount <= 0:
        return 'a snooze of no time changes nothing; say for how long, like "snooze 2h"'
    one.state = replace(one.state, snoozed_until=request.asked_at + timedelta(seconds=request.amount))
    return None


def _tick(one: Weighed, request: Request, now: datetime) -> str | None:
    if one.task.type is not Type.COUNTER:
        return f"only a counter can be ticked, and this is of type {one.task.type}"
    count = one.state.count + request.amount
    if (runs := count // one.task.threshold) > MOST_COUNTED_RUNS:
        why = f"the count would be worth {runs:,.0f} runs in a row, and at most {MOST_COUNTED_RUNS:,} are taken"
        if not request.event:
            return f"{why}; tick less"
        most = MOST_COUNTED_RUNS * one.task.threshold
        reason, trigger = f"{why}; {whole(count - most)} were not counted", f"request:{request.id}"
        one.pass_up(Outcome.MISSED, reason, trigger, Cause.COUNTER, request.asked_at, now, request.by, request.event)
        count = most
    one.state = replace(one.state, count=count, armed=True)
    one.counted.append(request.event)
    return None


def _make_up(one: Weighed, request: Request, _now: datetime) -> str | None:
    """What began after it was asked for is to count, also where a table that was not looked at yet has kept the answer waiting."""
    if not one.prerequisites:
        return "it waits for no other row"
    before = (p.newest for p in one.prerequisites if p.newest is not None and p.newest.claimed_at < request.asked_at)
    taken = frozenset(run.id for run in before)
    one.state = replace(one.state, round=Round(taken, broken=True))
    return None


_WISHES = {
    Wish.RUN_NOW: _run_now,
    Wish.RETRY: _retry,
    Wish.SKIP_NEXT: _skip_next,
    Wish.CANCEL: _cancel,
    Wish.APPROVE: approve,
    Wish.DECLINE: decline,
    Wish.SNOOZE: _snooze,
    Wish.TICK: _tick,
    Wish.MAKE_UP: _make_up,
}
