"""When which schedule of a row was in force, as far as it can be told from outside. Shares no code with rowd."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tests.prove.evidence import Evidence, Json, Record
from tests.prove.oracle import instants


@dataclass(frozen=True, slots=True)
class Window:
    """schedule: None where nothing comes due.   sure: (after, until) within which it certainly held; possible: at the most."""

    schedule: Json | None
    sure: tuple[float, float]
    possible: tuple[float, float]


def windows(evidence: Evidence, name: str) -> list[Window]:
    """Of a row that recurs, oldest first. A person's edits take force when they are read; when exactly, only rowd knows.

    What came due until she saved has its record all the same: rowd records as missed what a change leaves behind.
    """
    row = evidence.rows[name]
    first = min(evidence.first_ready, evidence.end["stopped"])
    schedule: Json | None = row["schedule"]
    active = row["cells"]["Status"] == "active"
    sure_from, possible_from = first, evidence.lives[0].since - 1
    status_known = first
    found = []
    for save in evidence.saves:
        cells = {column: text for task, column, text in save.get("cells", ()) if task == name}
        if not cells.keys() & {"Status", "Schedule"} and save.get("deleted") != name:
            continue
        known = min(evidence.known(save, name), evidence.end["stopped"] + 1)
        now = schedule if active else None
        found.append(Window(now, (sure_from, save["since"]), (possible_from, known)))
        if "Schedule" in cells:
            schedule = {"every": int(cells["Schedule"].split()[1])}
        if "Status" in cells:
            active, status_known = cells["Status"] == "active", known
        if save.get("deleted") == name:
            schedule = None
        sure_from, possible_from = max(known, status_known), save["since"] - 1
    end = evidence.end
    found.append(Window(schedule if active else None, (sure_from, end["cut"]), (possible_from, end["stopped"] + 1)))
    return found


def certain(found: Iterable[Window]) -> set[int]:
    """Instants that came due, without any doubt."""
    return {at for window in found if window.schedule is not None for at in instants(window.schedule, *window.sure)}


def possible(found: Iterable[Window]) -> set[int]:
    """Instants that may have come due."""
    return {at for window in found if window.schedule is not None for at in instants(window.schedule, *window.possible)}


def covered(records: Iterable[Record], found: Sequence[Window]) -> tuple[Counter[float], list[str]]:
    """How many records each instant has; and records that stand for another number of instants than they say.

    Equal neighbours may share a record across a change of the Schedule; then only what was certain is looked for in it.
    """
    number: Counter[float] = Counter()
    wrong = []
    sure, may = certain(found), possible(found)
    for record in records:
        if record.count == 1:
            number[record.due] += 1
            continue
        least, most = ([at for at in instants if record.due <= at <= record.last_due] for instants in (sure, may))
        if not len(least) <= record.count <= len(most) or not {record.due, record.last_due} <= set(most):
            wrong.append(f"{record.task}: {record.run} says ×{record.count}, but {len(most)} came due in its span")
        number.update(least if len(found) > 1 else most)
    return number, wrong
