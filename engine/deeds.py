"""Deeds for the audit trail, of what people, requests and runs did. Nothing of a run's parameters: only a mark of them. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime

from actions.telling import Mask
from actions.values import Value
from connectors.api import Cell
from engine.altered import ADDED, DELETED
from engine.approval import SOMEONE
from engine.asked import BY_CELL, Wish
from engine.columns import OURS
from engine.findings import Findings
from engine.made import Made
from engine.model import BY_PERSON, Occurrence
from engine.trail import Deed, Kind, Said
from engine.wording import cut

LONGEST = 2_000
"""Characters of a cell."""

LONGEST_REASON = 300

MARK = 16
"""Hexadecimal digits of the mark of a run's parameters."""


def of_findings(found: Findings, mask: Mask, now: datetime) -> Iterator[Deed]:
    """What one look at a table came to, as far as it is about rows that people make, change and remove."""
    for one in found.altered:
        if one.change == ADDED:
            state = found.states.get(one.id)
            cells = _cells(state.cells, mask) if state is not None else {}
            by = state.made.maker if state is not None and state.made is not None else SOMEONE
            yield Deed(now, Kind.ROW_ADDED, one.table, one.id, _told(one.row, mask), by, "", cells)
        elif one.change == DELETED:
            yield Deed(now, Kind.ROW_DELETED, one.table, one.id, _told(one.row, mask), SOMEONE)
    for edit in found.edits:
        what = {"column": edit.column, "old": _told_or_none(edit.old, mask), "new": _told_or_none(edit.new, mask)}
        by = SOMEONE if edit.by == BY_PERSON else edit.by
        yield Deed(edit.at, Kind.ROW_EDITED, edit.table, edit.key, _told(edit.task, mask), by, "", what)


def announced(table: str, rows: Iterable[tuple[str | None, str]], made: Made) -> Iterator[Deed]:
    """That a run is about to make rows."""
    for key, name in rows:
        yield Deed(made.at, Kind.ROW_ANNOUNCED, table, key or "", name, made.task, made.run)


def asked(request: int, table: str, key: str, wish: Wish, amount: float, by: str, at: datetime, about: Mapping[str, Value]) -> Deed:
    """A request, by whichever road it came."""
    what: dict[str, Said] = {"request": request, "wish": wish.value}
    if amount:
        what["amount"] = amount
    said = {name: value for name, value in about.items() if name != "run"}
    return Deed(at, Kind.REQUEST_MADE, table, key, "", _who(by), str(about.get("run", "")), {**what, **said})


def answered(request: int, table: str, key: str, taken: bool, text: str, at: datetime) -> Deed:
    """What rowd said to it."""
    what: dict[str, Said] = {"request": request, "taken": taken}
    if not taken:
        what["reason"] = cut(text, LONGEST_REASON)
    return Deed(at, Kind.REQUEST_ANSWERED, table, key, "", "rowd", "", what)


def approved(run: Occurrence) -> Deed | None:
    """That a run was approved; None where it wasn't, or isn't any more."""
    given = run.approval
    if given is None or not given.by or given.given_at is None:
        return None
    what: dict[str, Said] = {"action": run.action, "terms": given.terms}
    if given.remark:
        what["remark"] = given.remark
    return Deed(given.given_at, Kind.RUN_APPROVED, run.table, run.key, run.task, given.by, run.id, what)


def begun(
    run: str, table: str, key: str, task: str, by: str, at: datetime, action: str, attempt: int, cause: str, parameters: str
) -> Deed:
    """An attempt.   parameters: of the run, as the ledger has them."""
    what: dict[str, Said] = {"action": action, "cause": cause}
    if attempt > 1:
        what["attempt"] = attempt
    if parameters != "{}":
        what["parameters"] = hashlib.sha256(parameters.encode("utf-8", "surrogatepass")).hexdigest()[:MARK]
    return Deed(at, Kind.RUN_BEGUN, table, key, task, _who(by), run, what)


def stopped(run: str, table: str, key: str, task: str, why: str, at: datetime) -> Deed:
    """That an attempt is to be the last one, and to end.   why: with who wanted it."""
    return Deed(at, Kind.RUN_STOPPED, table, key, task, "rowd", run, {"reason": cut(why, LONGEST_REASON)})


def ended(run: Occurrence, at: datetime) -> Deed:
    """A claim has come to its outcome, or one of its attempts to one that another follows on."""
    outcome = run.outcome.value if run.outcome is not None else "to be tried again"
    what: dict[str, Said] = {"outcome": outcome, "attempt": run.attempt}
    if run.reason:
        what["reason"] = cut(run.reason, LONGEST_REASON)
    return Deed(at, Kind.RUN_ENDED, run.table, run.key, run.task, "rowd", run.id, what)


def _who(by: str) -> str:
    """Who asked, and by which road; a table doesn't say who pressed its buttons."""
    return f"{SOMEONE}, by {BY_CELL}" if by == BY_CELL else by


def _cells(cells: Mapping[str, Cell], mask: Mask) -> dict[str, Said]:
    return {name: _told(str(cell), mask) for name, cell in cells.items() if cell is not None and name not in OURS}


def _told_or_none(said: str | None, mask: Mask) -> str | None:
    return None if said is None else _told(said, mask)


def _told(said: str, mask: Mask) -> str:
    """As it was written, line breaks and all."""
    masked = mask.text(said)
    return masked if len(masked) <= LONGEST else f"{masked[: LONGEST - 1]}…"
