"""The Health cell: one sentence on how a row stands, or what is wrong with it and the remedy. Pure."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime

from msgspec import Struct

from actions.api import Outcome
from engine.approval import Approval
from engine.asked import Request
from engine.cells import text
from engine.columns import Column
from engine.drafts import of_draft
from engine.links import OnFailure
from engine.model import Defect, Occurrence, RowState, Stage, Status, Task, Type
from engine.plan import Hold, in_row
from engine.recent import lasted
from engine.rounds import Prerequisite, ended, failed, how
from engine.schedule import as_counted
from engine.tally import Tally
from engine.upcoming import Barrier, Upcoming, again_from
from engine.watched import REACTS, reacts_to
from engine.wording import LONGEST_RESULT, conjoined, cut, left_alone, second, whole

_TWICE = re.compile(r"(?<=[.?!])\. ")  # a sentence that ends a sentence

Said = Callable[[datetime], str]
"""How instants are said in one row."""


class Then(Struct, frozen=True):
    """What is to come of a row.   clause: behind what Health says of its past.   alone: where it says nothing of that.

    instead: it is said whatever the past was.
    """

    clause: str
    alone: str
    instead: bool = False


def health(
    understood: Task | Defect,
    state: RowState,
    tally: Tally,
    said: Said,
    *,
    ahead: Upcoming | None,
    barrier: Barrier | None,
    active: Sequence[Occurrence],
    asked: Sequence[Request],
    hold: Hold | None,
    shut: Mapping[str, datetime],
    slips: Sequence[str],
    prerequisites: Sequence[Prerequisite],
) -> str:
    """What the cell says. ahead: the next start by the clock.   barrier: what is in the way of one before it, or of itself.

    The rest: as `display` has it.
    """
    task = understood if isinstance(understood, Task) else None
    if task is not None and task.type is Type.ON_COMPLETION:
        then = _behind(task, state, prerequisites, said)
    else:
        clause = _then(task, state, ahead, barrier, said) or _anew(task, state, tally, said)
        then = Then(clause, f"OK{clause}")
    whole_of_it = (
        _asked(asked)
        + _overdue(state, said)
        + _health(understood, state, tally, said, active, asked, hold, then, shut)
        + _noted(slips)
    )
    return _with_count(whole_of_it, task, state)


def _asked(requests: Sequence[Request]) -> str:
    wishes = dict.fromkeys(str(request.wish) for request in requests if not request.event)
    return f"ASKED: {', '.join(wishes)}. " if wishes else ""


def _overdue(state: RowState, said: Said) -> str:
    """That a deadline was missed, and nothing has succeeded since."""
    overdue = state.promises.overdue
    if overdue is None or overdue.succeeded is not None:
        return ""
    often = f" ({overdue.number} in a row)" if overdue.number > 1 else ""
    return f"OVERDUE: not succeeded by {said(overdue.by)}{often}: {overdue.why}. "


def made_good(state: RowState, said: Said) -> str | None:
    """That the last deadline was missed, and when a run succeeded after all; None where none was, or nothing has."""
    overdue = state.promises.overdue
    if overdue is None or overdue.succeeded is None:
        return None
    return f"succeeded {said(overdue.succeeded)}, {lasted(overdue.succeeded - overdue.by)} after its deadline"


def _noted(slips: Sequence[str]) -> str:
    return f". NOTE: {'; '.join(slips)}" if slips else ""


def _health(
    understood: Task | Defect,
    state: RowState,
    tally: Tally,
    said: Said,
    active: Sequence[Occurrence],
    asked: Sequence[Request],
    hold: Hold | None,
    then: Then,
    shut: Mapping[str, datetime],
) -> str:
    if isinstance(understood, Defect) and understood.elsewhere:  # shown by commands alone
        return f"ELSEWHERE: {understood.message}"
    if isinstance(understood, Defect):
        return of_draft(state, understood, said) if understood.draft else f"ERROR: {understood.message}{_newer(understood, state)}"
    if hold is not None:
        return f"HELD: {hold.reason}"
    note = f"NOTE: {state.note}. " if state.note else ""
    happened = [request for request in asked if request.event]
    return note + _standing(understood, state, tally, said, active, happened, then, shut)


def _newer(defect: Defect, state: RowState) -> str:
    """Of an action that isn't known: it may stand in rowd.toml since the daemon read that."""
    if defect.column != Column.ACTION or text(state.cells.get(Column.ACTION)) is None:
        return ""
    return ". If rowd.toml defines it by now, the daemon has yet to read that: systemctl reload rowd, or kill -HUP"


def _standing(
    understood: Task,
    state: RowState,
    tally: Tally,
    said: Said,
    active: Sequence[Occurrence],
    happened: Sequence[Request],
    then: Then,
    shut: Mapping[str, datetime],
) -> str:
    """happened: what it has yet to react to."""
    if active:
        first = next((one for one in active if not one.unapproved), active[0])
        under_way = _under_way(first, understood.name, said, shut.get(first.action))
        return under_way + _unapproved(one for one in active if one is not first)
    if then.instead:
        return then.alone
    failed = tally.last is not None and tally.last.outcome not in (None, Outcome.SUCCEEDED)
    if understood.status is Status.COMPLETED and not failed:
        return f"{_completed(tally, said)}{then.clause}"
    if understood.status is Status.PAUSED:
        return "PAUSED"
    if happened and understood.type in REACTS:
        return _has_yet_to_react(understood, state, tally, said, happened)
    if (record := tally.record) is not None and record.outcome is Outcome.SKIPPED and _tells_skip(understood, record):
        again = state.round is not None and state.round.broken
        return f"SKIPPED: {record.reason}" + ("; to make up for it, run again what did not succeed" if again else then.clause)
    if tally.missed_now and tally.missed_since is not None:
        why = tally.record.reason if tally.record and tally.record.outcome is Outcome.MISSED else ""
        return f"MISSED {tally.missed_now} since {said(tally.missed_since)}{f': {why}' if why else ''}{then.clause}"
    if failed and tally.last is not None:
        return f"{str(tally.last.outcome).upper()}{_ended(tally.last, said)}{then.clause}"
    return _at_rest(understood, state, said, then)


def _at_rest(understood: Task, state: RowState, said: Said, then: Then) -> str:
    """Where nothing is wrong and nothing waits: when it runs next."""
    if understood.type is Type.ON_COMPLETION:
        return then.alone
    if understood.type is Type.COUNTER:
        return f"OK, {whole(state.count)} of {whole(understood.threshold)}{_full(state, understood.threshold)}"
    if understood.type in REACTS:
        snoozed = f"; snoozed until {said(state.snoozed_until)}" if state.snoozed_until is not None else ""
        return f"OK, waits until {reacts_to(understood)}{snoozed}"
    if understood.schedule is None:
        return "OK, runs when asked"
    past = "it ran before this ledger began" if state.marked else f"{understood.schedule.text} is past"
    return then.alone if then.clause else f"NEVER: {past}; give a time to come"


def _has_yet_to_react(task: Task, state: RowState, tally: Tally, said: Said, happened: Sequence[Request]) -> str:
    """Of a row that something has happened to, and that may not start yet."""
    since, last = min(request.asked_at for request in happened), tally.last.started_at if tally.last is not None else None
    spaced = again_from(last, task.every) if last is not None and task.every else None
    until = max(filter(None, (state.snoozed_until, spaced)), default=None)
    number = f"{len(happened)} things have" if len(happened) > 1 else "something has"
    return f"WAITING to start: {number} happened since {said(since)}{f'; not before {said(until)}' if until is not None else ''}"


def _completed(tally: Tally, said: Said) -> str:
    """How a one-off is over that has not failed."""
    record = tally.record
    if record is not None and record.outcome is Outcome.CANCELLED:
        return f"CANCELLED{_ended(record, said)}"
    if record is not None and record.outcome is Outcome.SKIPPED and record.approval is not None:
        return f"SKIPPED{_ended(record, said)}"
    return f"COMPLETED{_ended(tally.last, said)}"


def _tells_skip(task: Task, record: Occurrence) -> bool:
    """Whether Health says why it was skipped last: of what other rows, a condition or people who approve keep from running."""
    if record.approval is not None:
        return True
    return task.type is Type.ON_COMPLETION or task.type in REACTS or task.condition is not None


def _behind(task: Task, state: RowState, prerequisites: Sequence[Prerequisite], said: Said) -> Then:
    """What a row waits for that waits for others."""
    if task.status is not Status.ACTIVE:
        return Then("", "")
    runs = ended(state, prerequisites)
    if task.on_failure is OnFailure.BLOCK and (broken := failed(runs)):
        they = "that has" if len(broken) == 1 else "they have"
        return Then("", f"BLOCKED: {how(broken.values(), task.table, said)}; it runs once {they} succeeded", instead=True)
    snoozed = f"snoozed until {said(state.snoozed_until)}" if state.snoozed_until is not None else ""
    waits = sorted((one for one in prerequisites if one.place not in runs), key=lambda one: not one.stays)
    if not waits:
        what = f"{snoozed}, then runs" if snoozed else "runs once nothing is in its way"
        return Then(_sentence(what), f"OK, {what}")
    what = f"for {conjoined([one.said for one in waits], MOST_NAMED)}"
    if runs:
        what += f"; {len(runs)} of {len(prerequisites)} {'has' if len(runs) == 1 else 'have'} ended"
    what += f"; {snoozed}" if snoozed else ""
    stuck = any(one.stays for one in waits)
    return Then(_sentence(f"waits {what}"), f"WAITING {what}" if stuck else f"OK, waits {what}")


def _sentence(clause: str) -> str:
    """Behind another sentence."""
    return f". {clause[:1].upper()}{clause[1:]}"


MOST_NAMED = 5
"""Of rows that are waited for, so many are named; Understood As names all."""


def _full(state: RowState, threshold: float) -> str:
    """Why a count that has reached its threshold has not run yet."""
    if state.count < threshold:
        return ""
    return ": runs once nothing is in its way" if state.armed else ": was there before; it runs at the next tick or edit"


def _with_count(health: str, task: Task | None, state: RowState) -> str:
    """A counter's Health always tells its count: so every tick changes a cell of rowd's, and an old copy shows that it is one."""
    health = _TWICE.sub(" ", health)
    if task is None or task.type is not Type.COUNTER or health.startswith("OK"):
        return cut(health, LONGEST_RESULT)
    numbers = f"{whole(state.count)} of {whole(task.threshold)}"
    if f" OK, {numbers}" in health:  # behind a note
        return cut(health, LONGEST_RESULT)
    count = f" ({numbers})"
    return cut(health, LONGEST_RESULT - len(count)) + count


def _then(task: Task | None, state: RowState, ahead: Upcoming | None, barrier: Barrier | None, said: Said) -> str:
    """When the next run starts, and what is in the way of an earlier one: what recurs is skipped, what happens once waits."""
    if ahead is None:
        return f", but all that comes is skipped: {barrier.what}" if barrier is not None else ""
    held = [f"skipped: up to {said(state.skip_until)}"] if state.skip_until is not None else []
    if barrier is not None and task is not None and task.schedule is not None and task.schedule.one_off:
        held.append(f"due {said(ahead.due)}, waits: {barrier.what}")
    elif barrier is not None:
        held.append(f"{barrier.what} until {said(barrier.until)}")
    elif state.snoozed_until is not None and state.snoozed_until > state.settled_until:
        held.append(f"snoozed until {said(state.snoozed_until)}")
    return f", next {said(second(ahead.at))}" + (f" ({'; '.join(held)})" if held else "")


def _anew(task: Task | None, state: RowState, tally: Tally, said: Said) -> str:
    """How a one-off that is over comes to run by a Schedule that it was given since; "" where it has none.

    An instant without a record may be past by the time that this is read: so it is said until when the remedy helps.
    """
    if task is None or task.status is not Status.COMPLETED or task.schedule is None or not task.schedule.one_off:
        return ""
    if Column.STATUS not in state.stood:
        return ""
    if (relative := as_counted(task.schedule)) is not None:
        ended = [one.ended_at for one in (tally.last, tally.record) if one is not None and one.ended_at is not None]
        return f"; to run it {relative}, set Status to active" if ended and state.since > max(ended) else ""
    due = task.schedule.next(state.settled_until)
    return f"; to run it {said(due)}, set Status to active by then" if due is not None else ""


def _unapproved(others: Iterable[Occurrence]) -> str:
    """Of a row of which several have come due: that others wait for an approval, beside what is said of the first."""
    waits = sum(one.unapproved for one in others)
    return f"; {waits} more {'waits' if waits == 1 else 'wait'} for approval" if waits else ""


def _wants_approval(approval: Approval, name: str, said: Said) -> str:
    void = f" ({approval.void})" if approval.void else ""
    until = f"; else skipped {said(approval.until)}" if approval.until is not None else ""
    how = "put `approve` into Do" if approval.in_table else f"rowd approve {shlex.quote(name)}"
    return f"WAITING for approval since {said(approval.wanted_at)}{void}: {how}{until}"


def _under_way(occurrence: Occurrence, name: str, said: Said, shut: datetime | None) -> str:
    if (approval := occurrence.approval) is not None and occurrence.unapproved and occurrence.stage is not Stage.RUNNING:
        return _wants_approval(approval, name, said)
    if occurrence.stage is Stage.RUNNING and occurrence.started_at is not None:
        again = f" (attempt {occurrence.attempt} of {occurrence.attempts})" if occurrence.attempt > 1 else ""
        return f"RUNNING since {said(occurrence.started_at)}{again}"
    if occurrence.stage is Stage.WAITING and occurrence.retry_at is not None:
        alone = f" ({left_alone(occurrence.action, 'then')})" if shut is not None and shut > occurrence.retry_at else ""
        when = said(shut if shut is not None and alone else occurrence.retry_at)
        why = in_row(occurrence.reason)
        return f"RETRYING: attempt {occurrence.attempt + 1} of {occurrence.attempts} at {when}{alone}, after: {why}"
    if shut is not None:
        return f"WAITING: {left_alone(occurrence.action, said(shut))}"
    return "WAITING to start"


def _ended(occurrence: Occurrence | None, said: Said) -> str:
    if occurrence is None or occurrence.ended_at is None:
        return ""
    return f" {said(occurrence.ended_at)}{f': {in_row(occurrence.reason)}' if occurrence.reason else ''}"
