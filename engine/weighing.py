"""One task's moves while they are being found, and the questions that every kind of trigger asks. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING

from msgspec.structs import replace

from actions.api import Outcome, Value
from config.fields import spelled
from engine.approval import ApprovalRule
from engine.blackout import covering
from engine.filling import Unfilled, instants, parameters
from engine.links import EVENT, FACT
from engine.merge import active
from engine.model import NO_EVENT, Cause, Occurrence, Stage, Task, Type
from engine.outside import Facts, Known, Wanted, known
from engine.owing import let_off, owe, owe_all
from engine.plan import Answer, House, Missed, Released, Standing, Stop
from engine.terms import wanted
from engine.upcoming import again_from
from engine.wording import left_alone, moment

if TYPE_CHECKING:
    from engine.condition import Given, Reference

_OPEN: Mapping[str, datetime] = {}
_NO_FACTS: Facts = {}
_NO_RULES: Mapping[str, ApprovalRule] = {}

WAITED = "it waited for a fact"
"""Why what came due was not claimed in time."""

BY_ITSELF = frozenset({Cause.SCHEDULE, Cause.COUNTER, Cause.COMPLETION, Cause.EVENT})
"""Causes of what comes due without a person's asking for it."""


class Weighed:
    """One task's moves while they are being found."""

    def __init__(
        self,
        standing: Standing,
        shut: Mapping[str, datetime] = _OPEN,
        facts: Facts = _NO_FACTS,
        approvals: Mapping[str, ApprovalRule] = _NO_RULES,
    ) -> None:
        """shut: action → until when its circuit breaker lets nothing start.   facts, approvals: see `House`."""
        self.task = standing.task
        self.shut = shut
        self.facts = facts
        self.approvals = approvals
        self.waits_since = standing.waits_since
        self.wanted = ""  # the fact that it waits for
        self.before = self.state = standing.state
        self.place = (standing.task.table, standing.task.key)
        self.last = standing.last
        self.newest = standing.newest
        self.hold = standing.hold
        self.released = standing.released
        self.values = standing.values
        self.prerequisites = standing.prerequisites
        self.active = list(standing.active)
        self.claims: list[Occurrence] = []
        self.records: list[Occurrence] = []
        self.stops: list[Stop] = []
        self.revised: list[Occurrence] = []
        self.answers: list[Answer] = []
        self.missed: list[Missed] = []
        self.wakes: list[datetime] = []
        self.counted: list[Mapping[str, Value]] = []  # what the events said that have counted it up here
        self.quiet = False  # nothing of this row starts now
        self._of_facts = {one.reference: one for one in self.task.sources if one.what == FACT}

    def claim(
        self,
        trigger: str,
        cause: Cause,
        due: datetime,
        now: datetime,
        by: str = "schedule",
        event: Mapping[str, Value] = NO_EVENT,
    ) -> None:
        """It may run: `unmet` has nothing against it. Raises Unfilled where that was not asked and a value is wanting."""
        filled = self.filled(due, now, event)
        occurrence = replace(_occurrence(self.task, trigger, cause, due, now, by, event), parameters=filled)
        if (rule := self.approvals.get(self.task.action)) is not None:
            occurrence = replace(occurrence, approval=wanted(rule, self.task, self.state, occurrence, now))
        self.claims.append(occurrence)
        self.active.append(occurrence)
        if cause in BY_ITSELF:
            self._owe(due, now)

    def _owe(self, due: datetime, now: datetime) -> None:
        """What comes due is put down as owed, but for what a run has kept already that was claimed before it and ended.

        Several things may happen at one instant, and be claimed one after the other.
        """
        last = self.last
        if last is not None and last.due == due and last.cause in BY_ITSELF:
            return  # it was put down with that one, and has been made good or told
        kept = last is not None and last.outcome is Outcome.SUCCEEDED and last.due >= due
        self.state = owe(self.task, self.state, due, now, last.ended_at if last is not None and kept else None)

    def anew(self, occurrence: Occurrence, now: datetime) -> Occurrence:
        """One that has not begun, as it would be claimed by the row as it is now. Raises Unfilled."""
        was, filled = occurrence, self.filled(occurrence.due, now, occurrence.event)
        made = _occurrence(self.task, was.trigger, was.cause, was.due, now, was.by, was.event)
        return replace(made, id=was.id, claimed_at=was.claimed_at, parameters=filled)

    def revise(self, occurrence: Occurrence) -> None:
        """One that waits stands otherwise from now on."""
        self.revised = [o for o in self.revised if o.id != occurrence.id] + [occurrence]
        self.active = [occurrence if o.id == occurrence.id else o for o in self.active]

    def record(self, outcome: Outcome, reason: str, due: datetime, last: datetime, number: int, now: datetime) -> None:
        """Of occurrences of its schedule, from `due` to `last`."""
        base = _occurrence(self.task, f"at:{last.isoformat()}", Cause.SCHEDULE, due, now, "schedule")
        self.records.append(
            replace(base, stage=Stage.ENDED, outcome=outcome, reason=reason, ended_at=now, count=number, last_due=last)
        )
        if outcome is Outcome.MISSED and self.task.schedule is not None:
            self.state = owe_all(self.task, self.state, self.task.schedule, due, last, now)

    def pass_up(
        self,
        outcome: Outcome,
        reason: str,
        trigger: str,
        cause: Cause,
        due: datetime,
        now: datetime,
        by: str = "",
        event: Mapping[str, Value] = NO_EVENT,
    ) -> None:
        """Record one occurrence that doesn't run, of a trigger that is no instant."""
        base = _occurrence(self.task, trigger, cause, due, now, by or str(cause), event)
        self.records.append(replace(base, stage=Stage.ENDED, outcome=outcome, reason=reason, ended_at=now, last_due=due))
        broken = self.task.type is Type.ON_COMPLETION and self.state.round is not None and self.state.round.broken
        if outcome is Outcome.MISSED or broken:
            self.state = owe(self.task, self.state, due, now)
        else:
            self.state = let_off(self.task, self.state, now)

    def unmet(self, due: datetime, now: datetime, event: Mapping[str, Value] = NO_EVENT) -> tuple[Outcome, str] | None:
        """What becomes of what came due then, by the row's condition and its values, and why; None where it may run.

        event: what the event says that made it due.

        What can't be told is never taken for false, nor for blank: it is missed, as everything is that a row's defect keeps from
        running. Raises Wanted where it can't be told yet.
        """
        if self.task.condition is not None:
            from engine import condition

            asked: dict[str, Known] = {}
            given = self._given(due, now, event)
            try:
                verdict = condition.evaluate(
                    self.task.condition, self._asking(given, now, asked) if self._of_facts else given, zone=self.task.zone
                )
            except condition.Undecidable as exc:
                return Outcome.MISSED, str(exc)
            if not verdict.holds:
                return Outcome.SKIPPED, verdict.why + self._asked_when(asked, now)
        wanting = self.wanting(due, now, event)
        return (Outcome.MISSED, wanting) if wanting is not None else None

    def wanting(self, due: datetime, now: datetime, event: Mapping[str, Value] = NO_EVENT) -> str | None:
        """Which of its values can't be filled in now, and why; None where all can."""
        try:
            self.filled(due, now, event)
        except Unfilled as exc:
            return str(exc)
        return None

    def filled(self, due: datetime, now: datetime, event: Mapping[str, Value] = NO_EVENT) -> Mapping[str, Value]:
        """Its parameters, with those that are filled in. Raises Unfilled."""
        return parameters(self.task, self._given(due, now, event))

    def _given(self, due: datetime, now: datetime, event: Mapping[str, Value]) -> Mapping[Reference, Given]:
        """What the names in its condition and its values stand for."""
        if self.task.condition is None and not self.task.blanks:
            return self.values
        said = {one.reference: event[one.name] for one in self.task.sources if one.what == EVENT and one.name in event}
        return {**self.values, **said, **instants(due, now, self.task.zone)}

    def _asking(self, given: Mapping[Reference, Given], now: datetime, asked: dict[str, Known]) -> Callable[[Reference], Given]:
        """The same, with facts as the condition comes to them.   asked: takes those that it has come to."""
        from engine.sources import told

        def value(reference: Reference) -> Given:
            if (one := self._of_facts.get(reference)) is None:
                return given[reference]
            asked[one.name] = known(one.name, self.facts, now, self.waits_since)
            return told(one, asked[one.name])

        return value

    def _asked_when(self, asked: Mapping[str, Known], now: datetime) -> str:
        """When these facts were asked, for the end of a reason: at which time of day, where that is today's."""
        zone, said = self.task.zone, []
        for name, one in asked.items():
            at = one.asked_at.astimezone(zone)
            same_day = at.date() == now.astimezone(zone).date()
            when = f"{at:%H:%M:%S}" if same_day else moment(one.asked_at, zone)
            said.append(f"{name} asked {when}" if len(asked) > 1 else f"asked {when}")
        return f" ({', '.join(said)})" if said else ""

    def unless_wanted(self, move: Callable[[], None], now: datetime) -> None:
        """Make these moves; none of them where one hangs on a fact that is to be asked first: then `wanted` is its name."""
        if not self._of_facts:
            move()
            return
        if self.waits_since is not None:
            self.released = Released(now, WAITED)
        before = {name: list(value) if isinstance(value, list) else value for name, value in vars(self).items()}
        try:
            move()
        except Wanted as wanted:
            vars(self).update(before)
            self.wanted = wanted.name

    def withdraw(self, reason: str) -> None:
        """Take back what people asked for in this very decision: those requests are refused."""
        taken_back = {c.trigger for c in self.claims}
        self.active = [o for o in self.active if o.trigger not in taken_back]
        self.answers = [
            replace(a, taken=False, text=reason) if f"request:{a.request.id}" in taken_back else a for a in self.answers
        ]
        self.claims = []

    def stop_all(self, reason: str, by: str) -> None:
        already = {s.run for s in self.stops}
        self.stops += [Stop(o.id, reason, by) for o in self.active if o.id and o.id not in already]

    def make_way(self, reason: str) -> None:
        """For one that restarts the task. What runs, or may begin, goes on where that one is to be approved first."""
        already, waits = {s.run for s in self.stops}, self.task.action in self.approvals
        ended = [o for o in self.active if not waits or o.unapproved]
        self.stops += [Stop(o.id, reason, "") for o in ended if o.id and o.id not in already]

    def stop_waiting(self, reason: str) -> None:
        """End what would start by itself later; what runs, and what a person asked for, goes on."""
        already = {s.run for s in self.stops}
        for o in self.active:
            if o.id and o.id not in already and o.stage is not Stage.RUNNING and o.cause in BY_ITSELF:
                self.stops.append(Stop(o.id, reason, ""))

    @property
    def over(self) -> bool:
        """Whether what the task was to do once is taken back here, before it started or between two attempts."""
        if self.task.schedule is None or not self.task.schedule.one_off or not active(self.state):
            return False
        stopped = {s.run for s in self.stops}
        waits = [o for o in self.active if o.cause is Cause.SCHEDULE and o.stage is not Stage.RUNNING and o.due > self.state.since]
        return any(o.id in stopped for o in waits)

    def settle(self, until: datetime) -> None:
        self.state = replace(self.state, settled_until=max(until, self.state.settled_until))

    @property
    def busy(self) -> str | None:
        """Why another occurrence would overlap; None where the task is idle."""
        for occurrence in self.active:
            if occurrence.stage is Stage.RUNNING and occurrence.started_at:
                return f"still running since {moment(occurrence.started_at, self.task.zone)}"
            if occurrence.unapproved:
                return f"the run that came due {moment(occurrence.due, self.task.zone)} waits for approval"
            if occurrence.stage is Stage.WAITING:
                return "another attempt of the last run is to follow"
            if (until := self.shut.get(occurrence.action)) is not None:
                return left_alone(occurrence.action, moment(until, self.task.zone))
            return "the last run is still waiting to start"
        return None


def snoozes(one: Weighed, now: datetime) -> None:
    """Of a row that no instants make run: its Health tells of a snooze until that is over."""
    if (snoozed := one.state.snoozed_until) is None:
        return
    if snoozed > now:
        one.wakes.append(snoozed)
    else:
        one.state = replace(one.state, snoozed_until=None)


def later(one: Weighed, now: datetime, house: House) -> datetime | None:
    """When a snooze, a blackout or the operator's frequency lets something that can wait start; None for now."""
    ends = []
    if one.state.snoozed_until and one.state.snoozed_until > now:
        ends.append(one.state.snoozed_until)
    if window := covering(house.blackouts, one.task.table, now):
        ends.append(window[1])
    if (again := _again(one, now)) is not None:
        ends.append(again)
    return max(ends, default=None)


def too_soon(one: Weighed, now: datetime) -> str | None:
    if one.task.every and _again(one, now) is not None:
        return f"too soon: the action {one.task.action} allows a task one run in {spelled(one.task.every)}"
    return None


def _again(one: Weighed, now: datetime) -> datetime | None:
    """When the operator's frequency lets the task start once more; None for now.

    What has not started yet will, now at the earliest. A start that lies ahead was made before the clock was set back.
    """
    if one.task.every is None:
        return None
    starts = [occurrence.started_at or now for occurrence in one.active]
    if one.last is not None and one.last.started_at is not None:
        starts.append(one.last.started_at)
    newest = max((at for at in starts if at <= now), default=None)
    until = again_from(newest, one.task.every) if newest is not None else now
    return until if until > now else None


def _occurrence(
    task: Task, trigger: str, cause: Cause, due: datetime, now: datetime, by: str, event: Mapping[str, Value] = NO_EVENT
) -> Occurrence:
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
        event=event,
    )
