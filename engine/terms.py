"""What a run would do, as marks by which it is known again: somebody approves just that. Pure."""

from __future__ import annotations

import hashlib
import json
from datetime import date, datetime

from engine.approval import Approval, ApprovalRule
from engine.cells import text
from engine.columns import OURS, SHARED
from engine.links import ROW
from engine.model import Occurrence, RowState, Task


def wanted(
    rule: ApprovalRule | None, task: Task, state: RowState, occurrence: Occurrence, now: datetime, void: str = ""
) -> Approval | None:
    """What this occurrence waits for from now on; None where its action needs no approval.   void: see `Approval`."""
    if rule is None:
        return None
    return Approval(
        wanted_at=now,
        definition=rule.definition,
        row=row_mark(task, state),
        terms=_mark(rule.definition, occurrence.action, dict(occurrence.parameters)),
        in_table=rule.in_table,
        until=now + rule.within if rule.within is not None else None,
        void=void,
    )


def row_mark(task: Task, state: RowState) -> str:
    """Of what the row says of what is to be done: its action, its values as they stand there, and the cells that go into these.

    What is filled in from elsewhere is none of it: that is told once, when the row comes due.
    """
    names = {name for blank in task.blanks.values() for name in blank.template.names}
    filled = {name: blank.template.text for name, blank in task.blanks.items()}
    own = {one.name for one in task.sources if one.what == ROW and one.reference in names} - OURS - SHARED
    return _mark(task.action, dict(task.parameters), filled, {name: text(state.cells.get(name)) for name in own})


def _mark(*what: object) -> str:
    """The same for the same, whenever it is made; nothing can be read from it."""
    said = json.dumps(what, sort_keys=True, default=_dated)
    return hashlib.sha256(said.encode()).hexdigest()[:32]


def _dated(value: object) -> str:
    return value.isoformat() if isinstance(value, date) else repr(value)
