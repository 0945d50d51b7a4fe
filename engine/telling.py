"""Events for what a turn has made durable."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from engine.breaker import Breaker, BreakerRules
from engine.columns import Column
from engine.events import (
    ApprovalGiven,
    ApprovalWanted,
    BreakerClosed,
    BreakerOpened,
    DeadlineMissed,
    DraftExpired,
    Event,
    FactRecovered,
    FactUntold,
    OccurrenceRecorded,
    RequestRefused,
    RequestTaken,
    RowAdded,
    RowDefective,
    RowEdited,
    RowMended,
    RowVanished,
    RunEnded,
    RunStarted,
    WatchChanged,
    WatchRecovered,
    WatchSeen,
    WatchUnseen,
    WorkflowEnded,
)
from engine.findings import Findings
from engine.keeper import Keeper
from engine.ledger import WatchMark
from engine.links import WorkflowRound
from engine.model import Occurrence, RowState
from engine.news import End
from engine.outside import Known
from engine.plan import Answer, Missed


def of_findings(keeper: Keeper, found: Findings, now: datetime) -> Iterator[Event]:
    """Rows that came, went or were edited, and defects that began or ended. Each defect is told once, not at every poll."""
    table = keeper.name
    for key in found.added:
        yield RowAdded(at=now, table=table, key=key, task=name_of(keeper, key))
    for key in found.gone:
        yield RowVanished(at=now, table=table, key=key, task=name_of(keeper, key))
    for edit in found.edits:
        yield RowEdited(
            at=now, table=table, key=edit.key, task=edit.task, column=edit.column, old=edit.old or "", new=edit.new or ""
        )
    defects, mended = keeper.defects_changed()
    for defect in defects:
        yield RowDefective(at=now, table=table, key=defect.key, task=defect.name, column=defect.column, message=defect.message)
    for key in mended:
        yield RowMended(at=now, table=table, key=key, task=name_of(keeper, key))


def of_start(occurrence: Occurrence, now: datetime) -> Event:
    """An attempt begins."""
    return RunStarted(
        at=now,
        table=occurrence.table,
        key=occurrence.key,
        task=occurrence.task,
        run=occurrence.id,
        attempt=occurrence.attempt,
        due=occurrence.due,
        late_s=round((now - occurrence.due).total_seconds(), 3),
        cause=str(occurrence.cause),
    )


def of_end(end: End, now: datetime) -> Event:
    """An attempt has ended."""
    occurrence, result = end.occurrence, end.ended.result
    return RunEnded(
        at=now,
        table=occurrence.table,
        key=occurrence.key,
        task=occurrence.task,
        run=occurrence.id,
        attempt=end.ended.attempt,
        outcome=str(result.outcome),
        reason=result.summary,
        ended_at=end.at if end.at < now else None,
        duration_s=None if end.ended.duration is None else round(end.ended.duration.total_seconds(), 3),
        retry_at=end.retry_at,
    )


def of_record(record: Occurrence, now: datetime) -> Event:
    """Occurrences that were skipped or missed."""
    return OccurrenceRecorded(
        at=now,
        table=record.table,
        key=record.key,
        task=record.task,
        outcome=str(record.outcome),
        reason=record.reason,
        count=record.count,
        due=record.due,
    )


def of_approval(occurrence: Occurrence, now: datetime) -> Iterator[Event]:
    """A run waits for an approval from now on, or has it. Nothing of one that needs none."""
    if (approval := occurrence.approval) is None:
        return
    table, key, task, run = occurrence.table, occurrence.key, occurrence.task, occurrence.id
    if approval.given_at is None:
        what, due, void = occurrence.action, occurrence.due, approval.void
        yield ApprovalWanted(at=now, table=table, key=key, task=task, run=run, action=what, due=due, void=void)
    else:
        yield ApprovalGiven(at=now, table=table, key=key, task=task, run=run, by=approval.by, remark=approval.remark)


def of_missed(missed: Missed, now: datetime) -> Event:
    """A deadline has passed, and nothing had succeeded."""
    return DeadlineMissed(
        at=now,
        table=missed.table,
        key=missed.key,
        task=missed.task,
        due=missed.due,
        by=missed.by,
        reason=missed.reason,
        count=missed.count,
    )


def of_expired(state: RowState, now: datetime) -> Event:
    """A draft that a run has made was activated by nobody in time."""
    assert state.made is not None  # noqa: S101 (else it doesn't expire)
    made, name = state.made, str(state.cells.get(Column.NAME) or state.key)
    return DraftExpired(at=now, table=state.table, key=state.key, task=name, run=made.run, by=made.task, made_at=made.at)


def of_round(keeper: Keeper, one: WorkflowRound, now: datetime) -> Event:
    """All rows of a workflow have ended, once more."""
    return WorkflowEnded(
        at=now,
        table=one.table,
        workflow=keeper.meanings.workflows.said(one.name),
        number=one.number,
        outcome=str(one.outcome),
        reason=one.reason,
        began_at=one.began_at,
        ended_at=one.ended_at,
    )


def of_answer(keeper: Keeper, answer: Answer, now: datetime) -> Event:
    """A wish was taken or refused."""
    asked = answer.request
    name = name_of(keeper, asked.key)
    if answer.taken:
        return RequestTaken(at=now, table=asked.table, key=asked.key, task=name, wish=str(asked.wish), by=asked.by)
    return RequestRefused(
        at=now, table=asked.table, key=asked.key, task=name, wish=str(asked.wish), by=asked.by, reason=answer.text
    )


def of_breaker(action: str, before: Breaker, after: Breaker, rules: BreakerRules, now: datetime) -> Iterator[Event]:
    """An action is left alone for a while (longer than before), or is trusted again."""
    if after == before:
        return
    if (until := after.shut_until(rules)) is not None:
        yield BreakerOpened(at=now, action=action, until=until, failures=after.streak)
    elif before.shut_until(rules) is not None:
        yield BreakerClosed(at=now, action=action)


def of_watch(before: WatchMark | None, after: WatchMark, now: datetime) -> Iterator[Event]:
    """Something has happened to a watched source, or it can't be looked at, or can again."""
    troubled = before.trouble if before is not None else ""
    if after.state is not None and (before is None or before.state is None or before.definition != after.definition):
        yield WatchSeen(at=now, watch=after.name)
    if after.trouble and after.trouble != troubled:
        yield WatchUnseen(at=now, watch=after.name, message=after.trouble)
    elif troubled and before is not None and not after.trouble:
        yield WatchRecovered(at=now, watch=after.name, seconds=round((now - before.since).total_seconds(), 3))
    if after.changed_at == now:
        yield WatchChanged(at=now, watch=after.name, summary=after.summary)


def of_fact(before: Known | None, after: Known, now: datetime) -> Iterator[Event]:
    """A fact could not be asked, or can be again."""
    troubled = before.trouble if before is not None else ""
    if after.trouble and after.trouble != troubled:
        yield FactUntold(at=now, fact=after.name, message=after.trouble)
    elif troubled and before is not None and not after.trouble:
        yield FactRecovered(at=now, fact=after.name, seconds=round((now - before.since).total_seconds(), 3))


def name_of(keeper: Keeper, key: str) -> str:
    """The row's name, else its key."""
    state = keeper.states.get(key)
    return str(state.cells.get(Column.NAME) or key) if state is not None else key
