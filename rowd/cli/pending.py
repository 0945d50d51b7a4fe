"""What `rowd show` tells of what is to come of one task: what waits, what keeps its action from starting, its next runs."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import groupby, islice

from config.fields import spelled
from engine.breaker import BreakerRules
from engine.model import Overlap, Stage
from engine.plan import House
from rowd.cli.calling import spelled as typed
from rowd.cli.output import clean
from rowd.cli.rows import BAD
from rowd.coming import LOOKED_FOR, Coming
from rowd.saying import distance, plural, when
from rowd.view import RowView

FIVE = 5

_LATER = {Overlap.QUEUE: "What comes due next waits behind them", Overlap.SKIP: "What comes due meanwhile is skipped"}
"""What becomes of the next occurrences while some wait."""


def waiting(row: RowView, now: datetime) -> str:
    """What was claimed and has not started: how many, since when, behind what; "" for none."""
    waits = [o for o in row.active if o.stage is Stage.CLAIMED]
    if not waits:
        return ""
    oldest, newest = min(o.due for o in waits), max(o.due for o in waits)
    since = f"due {when(oldest, row.zone, now)} ({distance(oldest, now)})"
    one_by_one = row.task is None or row.task.overlap is not Overlap.PARALLEL
    behind = _behind(row) if one_by_one else ""
    if len(waits) == 1:
        return f"1 occurrence, {since}{behind}"
    last = f", the newest {when(newest, row.zone, now)}" if newest > oldest else ""
    order = "; one after another, the oldest first" if one_by_one else ""
    later = f". {_LATER[row.task.overlap]}" if row.task is not None and row.task.overlap in _LATER else ""
    back = typed(f"`rowd cancel {shlex.quote(clean(row.name))}`")
    return f"{len(waits)} occurrences, the oldest {since}{last}{behind}{order}{later}. {back} ends what waits and what runs"


def _behind(row: RowView) -> str:
    """What has to end before."""
    if row.running is not None:
        return ", behind the one that runs"
    retried = next((o for o in row.active if o.stage is Stage.WAITING), None)
    return f", behind attempt {retried.attempt + 1} of {retried.attempts} of an earlier one" if retried is not None else ""


def action_of(row: RowView) -> str | None:
    """The action that its next start is of: what waits was claimed with the one that the row named then."""
    if row.active:
        return row.active[0].action
    return row.task.action if row.task is not None else None


def breaker(row: RowView, streak: tuple[int, datetime | None], rules: BreakerRules, house: House, now: datetime) -> str:
    """That the circuit breaker of its action is open, until when, what then, and the remedy; "" where it isn't.

    streak: how many attempts of the action failed in a row, and when the last did.
    """
    action = action_of(row)
    until = house.shut.get(action) if action is not None else None
    number, failed_at = streak
    if until is None or failed_at is None:
        return ""
    failed = f"{plural(number, 'attempt')} of {action} failed in a row, the last {when(failed_at, row.zone, now)}"
    start = f"Nothing of {action} starts before {when(until, row.zone, now)} ({distance(until, now)}); then one attempt is made"
    after = f"If that succeeds the breaker closes, else it waits again, up to {spelled(rules.wait_max)}"
    failing = [o for o in (*row.active, row.tally.last) if o is not None and (o.stage is Stage.WAITING or o.outcome in BAD)]
    look = f"`rowd logs {failing[0].id}`" if failing else "`rowd history --failed`"
    return f"open: {failed}. {start}. {after}. Mend what goes wrong: {typed(look)} shows it"


def ahead(runs: Iterator[Coming]) -> list[Coming]:
    """The next five; where all of them are skipped, the first that isn't in the place of the fifth."""
    found = list(islice(runs, FIVE))
    if len(found) == FIVE and all(run.skipped for run in found):
        found[-1] = next((run for run in islice(runs, LOOKED_FOR) if not run.skipped), found[-1])
    return found


def next_lines(row: RowView, runs: Iterable[Coming], now: datetime) -> list[str]:
    """The runs to come, in one line while there is nothing else to say of them; those that are skipped for one reason share one."""
    lines: list[str] = []
    for (skipped, note), group in groupby(runs, key=lambda run: (run.skipped, run.note)):
        those = list(group)
        starts = [when(run.due if skipped else run.at, row.zone, now) for run in those]
        off = "" if lines else f" ({distance(those[0].due if skipped else those[0].at, now)})"
        if skipped:
            lines.append(
                f"from {starts[0]}{off} on skipped: {skipped}" if len(those) > 1 else f"{starts[0]}{off} skipped: {skipped}"
            )
            continue
        counted = [start + (f" ×{number}" if (number := len(list(same))) > 1 else "") for start, same in groupby(starts)]
        counted[0] += off
        lines.append(" · ".join(counted) + (f" ({note})" if note else ""))
    return lines
