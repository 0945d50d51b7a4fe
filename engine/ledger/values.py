"""Occurrences and attempts, from the engine's values to the ledger's columns and back."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import msgspec
from msgspec.structs import replace

from actions.api import Outcome, Uptime
from engine.approval import Approval
from engine.ledger.codec import instant, instant_or_none, micros, micros_or_none, packed, prose, span, unpacked
from engine.ledger.records import Attempt
from engine.model import Cause, Occurrence, Stage

MICROS = 10**6
"""In a second: of an uptime as the ledger holds it."""

_OUTCOMES = {o.value: o for o in Outcome}
_STAGES = {s.value: s for s in Stage}
_CAUSES = {c.value: c for c in Cause}
_APPROVALS, _APPROVALS_OUT = msgspec.json.Decoder(Approval), msgspec.json.Encoder()

OCCURRENCE_COLUMNS = Occurrence.__struct_fields__
"""What `occurrence_of` reads, in its order: all columns but `seq` bear the names of the fields."""

ATTEMPT_COLUMNS = ("run", "n", "started_at", "ended_at", "outcome", "summary", "duration", "folder", "kind", "boot", "uptime")
"""What `attempt_of` reads, in its order."""


def values_of(occurrence: Occurrence) -> dict[str, Any]:
    """All columns but `seq`."""
    return {
        "id": occurrence.id,
        "table": occurrence.table,
        "key": occurrence.key,
        "task": occurrence.task,
        "trigger": occurrence.trigger,
        "cause": occurrence.cause.value,
        "due": micros(occurrence.due),
        "claimed_at": micros(occurrence.claimed_at),
        "stage": occurrence.stage.value,
        "action": occurrence.action,
        "parameters": packed(occurrence.parameters) if occurrence.parameters else "{}",
        "timeout": span(occurrence.timeout),
        "attempts": occurrence.attempts,
        "repeatable": int(occurrence.repeatable),
        "retry_wait": span(occurrence.retry_wait),
        "priority": occurrence.priority,
        "by": prose(occurrence.by),
        "attempt": occurrence.attempt,
        "started_at": micros_or_none(occurrence.started_at),
        "retry_at": micros_or_none(occurrence.retry_at),
        "outcome": occurrence.outcome.value if occurrence.outcome else None,
        "reason": prose(occurrence.reason),
        "outputs": packed(occurrence.outputs) if occurrence.outputs else "{}",
        "links": packed(occurrence.links) if occurrence.links else "[]",
        "ended_at": micros_or_none(occurrence.ended_at),
        "duration": span(occurrence.duration) if occurrence.duration is not None else None,
        "count": occurrence.count,
        "last_due": micros_or_none(occurrence.last_due),
        "stopping": prose(occurrence.stopping),
        "event": packed(occurrence.event) if occurrence.event else "{}",
        "approval": approval_text(occurrence.approval),
    }


def approval_text(approval: Approval | None) -> str | None:
    """As the ledger holds it: JSON; NULL for none."""
    if approval is None:
        return None
    stored = replace(approval, by=prose(approval.by), remark=prose(approval.remark), void=prose(approval.void))
    return _APPROVALS_OUT.encode(stored).decode()


def occurrence_of(row: Sequence[Any]) -> Occurrence:
    """From the values of OCCURRENCE_COLUMNS. By position: a daemon reads these by the hundred thousand when it starts."""
    outcome, links, duration = row[20], row[23], row[25]
    return Occurrence(
        row[0],
        row[1],
        row[2],
        row[3],
        row[4],
        _CAUSES[row[5]],
        instant(row[6]),
        instant(row[7]),
        _STAGES[row[8]],
        row[9],
        unpacked(row[10]),
        timedelta(microseconds=row[11]),
        row[12],
        bool(row[13]),
        timedelta(microseconds=row[14]),
        row[15],
        row[16],
        row[17],
        instant_or_none(row[18]),
        instant_or_none(row[19]),
        _OUTCOMES[outcome] if outcome is not None else None,
        row[21],
        unpacked(row[22]),
        () if links == "[]" else tuple(json.loads(links)),
        instant_or_none(row[24]),
        timedelta(microseconds=duration) if duration is not None else None,
        row[26],
        instant_or_none(row[27]),
        row[28],
        unpacked(row[29]),
        _APPROVALS.decode(row[30]) if row[30] is not None else None,
    )


def attempt_of(row: Sequence[Any]) -> Attempt:
    """From the values of ATTEMPT_COLUMNS."""
    run, n, started, ended, outcome, summary, duration, folder, kind, boot, uptime = row
    return Attempt(
        run=run,
        n=n,
        started_at=instant(started),
        ended_at=instant_or_none(ended),
        outcome=_OUTCOMES[outcome] if outcome is not None else None,
        summary=summary,
        duration=timedelta(microseconds=duration) if duration is not None else None,
        folder=folder,
        kind=kind,
        since=Uptime(boot, uptime / MICROS) if boot is not None else None,
    )
