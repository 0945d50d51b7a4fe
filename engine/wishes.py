"""What people ask of a task, by a button or a command: each wish is taken, or refused with the reason. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta

from actions.api import Outcome
from engine.model import Cause, Overlap, Request, Status, Type, Wish
from engine.plan import Answer
from engine.weighing import Weighed, too_soon


def answer(one: Weighed, request: Request, now: datetime) -> None:
    refusal = _WISHES[request.wish](one, request, now)
    one.answers.append(Answer(request, refusal is None, refusal or "taken"))


def _run_now(one: Weighed, request: Request, now: datetime) -> str | None:
    if one.busy and one.task.overlap is not Overlap.PARALLEL:
        return one.busy
    if refusal := too_soon(one, now):
        return refusal
    one.claim(f"request:{request.id}", Cause.MANUAL, request.asked_at, now, request.by)
    return None


def _retry(one: Weighed, request: Request, now: datetime) -> str | None:
    if one.busy:
        return one.busy
    if one.last is None:
        return "it has not run yet"
    if one.last.outcome is Outcome.SUCCEEDED:
        return "the last run succeeded; use `run now` to run it again"
    if refusal := too_soon(one, now):
        return refusal
    one.claim(f"request:{request.id}", Cause.RETRY, request.asked_at, now, request.by)
    return None


def _skip_next(one: Weighed, request: Request, _now: datetime) -> str | None:
    if one.task.schedule is None or one.task.status is not Status.ACTIVE:
        return "no run is planned"
    due = one.task.schedule.next(one.state.decided_until)
    if due is None:
        return "no run is planned"
    one.state = one.state._replace(skip_until=due, skip_by=request.by)
    return None


def _cancel(one: Weighed, request: Request, _now: datetime) -> str | None:
    if not one.active:
        return "nothing is running"
    one.stop_all("cancelled", request.by)
    one.withdraw(f"cancelled by {request.by} before it started")
    return None


def _snooze(one: Weighed, request: Request, _now: datetime) -> str | None:
    one.state = one.state._replace(snoozed_until=request.asked_at + timedelta(seconds=request.amount))
    return None


def _tick(one: Weighed, request: Request, _now: datetime) -> str | None:
    if one.task.type is not Type.COUNTER:
        return f"only a counter can be ticked, and this is of type {one.task.type}"
    one.state = one.state._replace(count=one.state.count + request.amount, armed=True)
    return None


_WISHES = {
    Wish.RUN_NOW: _run_now,
    Wish.RETRY: _retry,
    Wish.SKIP_NEXT: _skip_next,
    Wish.CANCEL: _cancel,
    Wish.SNOOZE: _snooze,
    Wish.TICK: _tick,
}
