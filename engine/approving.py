"""What waits for an approval: which runs, since when, and what becomes of it as people, rows and `rowd.toml` change. Pure."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from datetime import datetime

from msgspec.structs import replace

from actions.api import Outcome
from config.fields import spelled
from engine.approval import SOMEONE, Approval
from engine.asked import BY_CELL, Request
from engine.filling import Unfilled
from engine.model import Occurrence, Overlap, Stage
from engine.plan import Stop
from engine.terms import row_mark, wanted
from engine.weighing import Weighed

NOTHING_WAITS = "nothing of it waits for an approval"
CHANGED = "what waits has changed since: look at it again, then approve it as it is now"
OVER = "the run that was looked at waits no longer, and another one does; look at that"
EDITED, REDEFINED = "the row was edited", "the operator changed the action"


def review(one: Weighed, now: datetime) -> None:
    """Hold what has yet to begin, or to go on, against the row and `rowd.toml` as they are: it may be for another approval now."""
    for occurrence in one.active:
        if occurrence.stage is not Stage.RUNNING and (occurrence.approval is not None or occurrence.action in one.approvals):
            _review(one, occurrence, now)


def _review(one: Weighed, occurrence: Occurrence, now: datetime) -> None:
    """What has begun keeps its values, as ever; but it goes on only by the action that was approved."""
    rule, approval = one.approvals.get(occurrence.action), occurrence.approval
    fresh = occurrence.attempt == 0
    if fresh and (approval is None or occurrence.action != one.task.action or approval.row != row_mark(one.task, one.state)):
        try:
            again = one.anew(occurrence, now)
        except Unfilled as exc:
            one.stops.append(Stop(occurrence.id, str(exc), ""))
            return
        redefined = rule is not None and approval is not None and approval.definition != rule.definition
        void = _void(approval, REDEFINED if redefined else EDITED)
        one.revise(replace(again, approval=wanted(one.approvals.get(again.action), one.task, one.state, again, now, void)))
    elif rule is None:
        if occurrence.unapproved:
            one.revise(replace(occurrence, approval=None))
    elif approval is None or approval.definition != rule.definition:
        void = _void(approval, REDEFINED)
        one.revise(replace(occurrence, approval=wanted(rule, one.task, one.state, occurrence, now, void)))
    elif occurrence.unapproved and approval.until is not None and approval.until <= now:
        within = spelled(approval.until - approval.wanted_at)
        one.stops.append(_left_out(occurrence, f"nobody approved it within {within}"))


def expire(one: Weighed) -> None:
    """Wake when what waits is not to wait any longer. Comes after all else that is decided on a row."""
    stopped = {stop.run for stop in one.stops}
    for occurrence in one.active:
        approval = occurrence.approval
        if approval is not None and occurrence.unapproved and approval.until is not None and occurrence.id not in stopped:
            one.wakes.append(approval.until)


def _void(approval: Approval | None, why: str) -> str:
    """What is to be said of an approval that was given before."""
    if approval is None:
        return ""
    return f"the approval by {approval.by} is void: {why}" if approval.given_at is not None else approval.void


def approve(one: Weighed, request: Request, now: datetime) -> str | None:
    """An approval; why it is refused, None where it is taken."""
    found = _meant(one, request, now)
    if isinstance(found, str):
        return found
    approval = found.approval
    assert approval is not None  # noqa: S101 (only what waits for one is meant)
    by = SOMEONE if request.by == BY_CELL else request.by
    given = replace(approval, by=by, given_at=now, remark=str(request.about.get("remark", "")), void="")
    one.revise(replace(found, approval=given))
    if one.task.overlap is Overlap.RESTART:
        runs = [o for o in _unended(one) if o.stage is Stage.RUNNING]
        one.stops += [Stop(o.id, "restarted by the next occurrence", "") for o in runs]
    return None


def decline(one: Weighed, request: Request, now: datetime) -> str | None:
    """The opposite: what waits is skipped."""
    found = _meant(one, request, now)
    if isinstance(found, str):
        return found
    remark = str(request.about.get("remark", ""))
    one.stops.append(_left_out(found, f"declined by {request.by}{f': {remark}' if remark else ''}"))
    return None


def _meant(one: Weighed, request: Request, now: datetime) -> Occurrence | str:
    """Which run, of those that wait for it; or why none."""
    waits, pressed, looked_at = _unended(one), request.by == BY_CELL, request.about.get("run")
    if not pressed:
        waits = [o for o in waits if o.id == looked_at]  # no other one, though it would do the same: a word is for one run
    if not (open_ := [o for o in waits if o.unapproved]):
        given = next((o.approval for o in waits if o.approval is not None), None)
        if given is not None:
            return f"it is approved already, by {given.by}"
        return NOTHING_WAITS if not any(o.unapproved for o in _unended(one)) else OVER
    if pressed:
        return _pressed(one, open_[0], request, now)
    approval = open_[0].approval
    return open_[0] if approval is not None and approval.terms == request.about.get("terms") else CHANGED


def _pressed(one: Weighed, oldest: Occurrence, request: Request, now: datetime) -> Occurrence | str:
    """A button is for what the row has shown before it was pressed. What waits since later than now does so since the clock was set
    back.
    """
    approval = oldest.approval
    assert approval is not None  # noqa: S101 (only what waits for one is meant)
    if not approval.in_table:
        how = f"`rowd approve {shlex.quote(one.task.name)}`"
        return (
            f"the action {oldest.action} is not approved in the table; the operator does that: {how},"
            f" or approve_in_table = true for it in rowd.toml"
        )
    return CHANGED if request.asked_at <= approval.wanted_at <= now else oldest


def _left_out(occurrence: Occurrence, why: str) -> Stop:
    """What has begun before was a run: it is cancelled."""
    return Stop(occurrence.id, why, "", Outcome.SKIPPED if occurrence.attempt == 0 else Outcome.CANCELLED)


def _unended(one: Weighed) -> Sequence[Occurrence]:
    """What was claimed before, and is not ended by this very decision."""
    stopped = {stop.run for stop in one.stops}
    return [o for o in one.active if o.id and o.id not in stopped]
