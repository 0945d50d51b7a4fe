"""How rows and runs are said by the commands that look: words, colours, and their place in `--json`."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime
from functools import partial
from typing import Any

import typer

from actions.api import Outcome
from connectors.api import Lease
from engine.approval import Approval
from engine.cells import text
from engine.columns import Column
from engine.ledger import Reach
from engine.model import Occurrence, Stage, Status, Task, Type
from engine.plan import bare
from engine.watched import REACTS, reacts_to
from engine.wording import LONGEST_RESULT, cut
from rowd.cli.command import code_of
from rowd.cli.deadlines import deadline_json
from rowd.cli.exits import Exit
from rowd.cli.output import warn
from rowd.saying import distance, holder
from rowd.view import RowView, TableView

BAD = frozenset({Outcome.FAILED, Outcome.TIMED_OUT, Outcome.LOST, Outcome.MISSED})
"""Outcomes that somebody should look at."""

_STANDS = {Stage.CLAIMED: "waiting", Stage.WAITING: "retrying"}

STYLES = {
    "OK": "green",
    "RUNNING": "cyan",
    "WAITING": "cyan",
    "RETRYING": "yellow",
    "NOTE": "yellow",
    "ASKED": "cyan",
    "HELD": "yellow",
    "SKIPPED": "yellow",
    "BLOCKED": "red",
    "MISSED": "yellow",
    "OVERDUE": "red",
    "ERROR": "red",
    "FAILED": "red",
    "TIMED": "red",
    "LOST": "red",
    "NEVER": "red",
    "PAUSED": "dim",
    "DRAFT": "dim",
    "EXPIRED": "dim",
    "COMPLETED": "dim",
}
"""The first word of a Health → its colour."""


def health_style(health: str) -> str:
    return STYLES.get(health.split(maxsplit=1)[0].rstrip(":,"), "") if health else ""


def without_next(health: str) -> str:
    """A Health without the next run, which has a column of its own; with it where it says what will keep that from running."""
    return re.sub(r", next [^()]*$", "", health)


def stands(occurrence: Occurrence) -> str:
    """How it ended; where it hasn't, how it stands, in the words of Health."""
    if occurrence.unapproved and occurrence.outcome is None:
        return "unapproved"
    return str(occurrence.outcome or _STANDS.get(occurrence.stage, occurrence.stage))


def next_start(row: RowView) -> datetime | None:
    """When it is to start next: its Next Run."""
    start = row.cells.get(Column.NEXT_RUN)
    return start if isinstance(start, datetime) else None


def until_start(row: RowView, start: datetime, now: datetime) -> str:
    """`in 2h`; of an instant that has come, how the row stands: `running`, or `due 6s ago` where something keeps it waiting."""
    if start > now:
        return distance(start, now)
    return "running" if row.running is not None else f"due {distance(start, now)}"


def outcome_style(outcome: Outcome | None) -> str:
    if outcome is None or outcome is Outcome.SUCCEEDED:
        return ""
    return "red" if outcome in BAD else "yellow"


def run_by(view: TableView, now: datetime) -> str | None:
    """That another daemon runs the table, or the rows of some labels, in one sentence; None for nothing of the kind.

    Who shares the table by labels of their own is left out: their rows are listed as `elsewhere`. A table that shows no leases is
    known to be another's by what a daemon here was told last.
    """
    if (lease := view.taken) is None:
        mark, alone = view.mark, view.bound.rules.rules.remit.alone
        told = mark.message if alone and mark is not None and mark.state is Reach.ELSEWHERE else None
        return f"{view.name} could not be run from here {distance(mark.since, now)}: {told}" if mark is not None and told else None
    both = sorted(view.bound.rules.rules.remit.labels.intersection(lease.labels))
    whose = f"{view.name}: rows of {', '.join(both)} are" if both else f"{view.name} is"
    starts = "starts none of them" if both else "starts nothing of it"
    by = f"{whose} run by {holder(lease, now, view.bound.rules.rules.zone)}"
    return f"{by}; a daemon here {starts} until that one has ended. Where it is dead: `rowd run --take-over`"


def lease_json(lease: Lease) -> dict[str, Any]:
    """What `--json` says of who runs a table."""
    return {"who": lease.who, "until": lease.until, "labels": lease.labels, "primary": lease.primary}


def troubles(tables: Iterable[TableView], now: datetime, behind: str | None = None) -> None:
    """Say on standard error which tables couldn't be read, are held, are run by another machine's daemon, or have a column that was
    meant to be another.

    behind: what the daemon works by, where that is old.
    """
    if behind is not None:
        warn(behind)
    for view in tables:
        if (elsewhere := run_by(view, now)) is not None:
            warn(elsewhere)
        if view.trouble is not None:
            why = "can't be read" if view.unread else "can't be read now"
            if view.trouble.spent:
                why = "isn't read now, its quota is spent"
            rest = "nothing is known of it" if view.unread else "this is what was last read of it"
            warn(f"{view.name} {why}, so {rest}: {bare(view.name, str(view.trouble))}")
        elif view.held is not None:
            warn(f"{view.name} is held, nothing of it starts: {view.held}")
        else:
            for hint in view.hints:
                warn(f"{view.name}: {hint}")


def end_of_unread(tables: Iterable[TableView]) -> None:
    """End the command, with the status that belongs to it, where nothing is known of one of these tables."""
    codes = [code_of(view.trouble) for view in tables if view.unread and view.trouble is not None]
    if codes:
        raise typer.Exit(int(max(code or Exit.BAD for code in codes)))


def row_json(row: RowView) -> dict[str, Any]:
    """What every command's `--json` says of a row."""
    task, cells, last = row.task, row.cells, row.tally.last
    typed = partial(_typed, row)
    return {
        "table": row.table,
        "id": row.key,
        "name": row.name,
        "status": status_of(row),
        "type": task.type if task else typed(Column.TYPE),
        "action": task.action if task else typed(Column.ACTION),
        "schedule": (task.schedule.text if task.schedule else None) if task else typed(Column.SCHEDULE),
        "zone": str(row.zone),
        "health": cells[Column.HEALTH],
        "next_run": cells.get(Column.NEXT_RUN),
        "last_run": last.started_at if last else None,
        "last_outcome": last.outcome if last else None,
        "last_result": last.reason if last else None,
        "runs": row.tally.runs,
        "failures": row.tally.failures,
        "missed": row.tally.missed,
        **deadline_json(row),
        "running_since": row.running.started_at if row.running else None,
        "new": row.new,
        "run_by": row.lease.who if row.lease is not None else None,
    }


def _typed(row: RowView, column: Column) -> str | None:
    """What the cell of a row says that isn't understood, in one line of a bearable length."""
    said = text(row.state.cells.get(column))
    return None if said is None else cut(said, LONGEST_RESULT)


def status_of(row: RowView) -> str:
    """The row's Status; `defect` where it isn't understood, `elsewhere` where another daemon runs it."""
    if row.task is not None:
        return str(row.task.status)
    if row.defect is not None and row.defect.elsewhere:
        return "elsewhere"
    return str(Status.DRAFT) if row.defect is not None and row.defect.draft else "defect"


def schedule_of(row: RowView) -> str:
    """When it comes due, in words; the cell as it stands where the row isn't understood."""
    task = row.task
    if task is None:
        return str(row.state.cells.get(Column.SCHEDULE) or row.state.cells.get(Column.TYPE) or "")
    if task.schedule is not None:
        return schedule_in_words(task)
    if task.type in (Type.COUNTER, Type.ON_COMPLETION, *REACTS):
        return str(row.cells[Column.UNDERSTOOD_AS])
    return "when asked"


def schedule_in_words(task: Task) -> str:
    """The schedule of a task that has one, with what else makes it run."""
    beside = f", and when {reacts_to(task)}" if task.watches or task.columns else ""
    return f"{task.schedule.text}{beside}" if task.schedule is not None else ""


def run_json(occurrence: Occurrence) -> dict[str, Any]:
    """What every command's `--json` says of a run, or of an occurrence that was skipped or missed."""
    return {
        "run": occurrence.id,
        "table": occurrence.table,
        "id": occurrence.key,
        "task": occurrence.task,
        "action": occurrence.action,
        "cause": occurrence.cause,
        "by": occurrence.by,
        "due": occurrence.due,
        "stage": occurrence.stage,
        "outcome": occurrence.outcome,
        "reason": occurrence.reason,
        "attempt": occurrence.attempt,
        "attempts": occurrence.attempts,
        "started_at": occurrence.started_at,
        "ended_at": occurrence.ended_at,
        "retry_at": occurrence.retry_at,
        "duration_s": occurrence.duration,
        "outputs": occurrence.outputs,
        "links": occurrence.links,
        "count": occurrence.count,
        "last_due": occurrence.last_due,
        "event": dict(occurrence.event) or None,
        "approval": approval_json(occurrence.approval),
    }


def approval_json(approval: Approval | None) -> dict[str, Any] | None:
    """What `--json` says of a run's approval."""
    if approval is None:
        return None
    return {
        "wanted_at": approval.wanted_at,
        "terms": approval.terms,
        "in_table": approval.in_table,
        "until": approval.until,
        "by": approval.by or None,
        "given_at": approval.given_at,
        "remark": approval.remark or None,
        "void": approval.void or None,
    }


def result_of(occurrence: Occurrence) -> str:
    """What came of it, and who approved it."""
    approval = occurrence.approval
    by = f"approved by {approval.by}{f': {approval.remark}' if approval.remark else ''}" if approval and approval.by else ""
    return f"{occurrence.reason} ({by})" if by and occurrence.reason else occurrence.reason or by
