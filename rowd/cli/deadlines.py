"""How deadlines are told by the commands that look."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from engine.model import Task
from engine.recent import lasted
from engine.wording import conjoined
from rowd.cli.calling import command
from rowd.cli.output import Styled
from rowd.saying import distance, plural, when
from rowd.view import RowView

MOST_NAMED = 5
"""Of overdue rows."""


def overdue(row: RowView) -> bool:
    """Whether it has missed a deadline, and nothing has succeeded since."""
    missed = row.state.promises.overdue
    return missed is not None and missed.succeeded is None


def deadline(row: RowView, task: Task, now: datetime) -> Styled:
    """What its Deadline says, what is owed by it, and what was missed; "" where it has none."""
    if task.deadline is None:
        return ""
    open_ = [by for one in row.state.promises.owed if one.succeeded is None and (by := task.deadline.by(one)) is not None]
    parts = [task.deadline.text]
    if open_:
        first = min(open_)
        parts.append(f"the next that counts is {when(first, row.zone, now)} ({distance(first, now)})")
    if (missed := row.state.promises.overdue) is not None:
        after = (
            f", succeeded {lasted(missed.succeeded - missed.by)} after it" if missed.succeeded is not None else f": {missed.why}"
        )
        parts.append(f"missed {when(missed.by, row.zone, now)}{after}")
    return "; ".join(parts), "red" if overdue(row) else ""


def overdue_rows(names: Sequence[str]) -> Styled:
    """How many rows are overdue, and which.   names: as TABLE/NAME."""
    if not names:
        return ""
    return f"{plural(len(names), 'row')}: {conjoined(names, MOST_NAMED)}. {command('list --status overdue')} says why", "red"


def deadline_json(row: RowView) -> dict[str, Any]:
    """What `--json` says of a row's Deadline, and of the last one that it missed: until that is long made good."""
    task, missed = row.task, row.state.promises.overdue
    said = None
    if missed is not None:
        said = {
            "by": missed.by,
            "due": missed.due,
            "reason": missed.why,
            "in_a_row": missed.number,
            "succeeded_at": missed.succeeded,
        }
    return {"deadline": task.deadline.text if task is not None and task.deadline is not None else None, "overdue": said}
