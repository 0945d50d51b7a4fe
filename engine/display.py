"""What a row's own rowd cells should say: a display of the ledger, so it can always be written again. Pure.

The outbox is no queue: it is the difference between this display and what the table is known to hold.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, tzinfo
from functools import partial

from connectors.api import Cell
from engine.asked import Request
from engine.blackout import Blackout
from engine.cells import same
from engine.chains import unheard
from engine.columns import OURS, SHARED, Column
from engine.health import health, made_good
from engine.links import OnFailure
from engine.model import Defect, Occurrence, Overlap, RowState, Stage, Status, Task, Type
from engine.plan import Hold, in_row
from engine.recent import last_runs
from engine.rounds import Prerequisite
from engine.schedule import in_words, listed
from engine.tally import Tally
from engine.upcoming import Upcoming, first_start, may_be_barred, next_starts
from engine.watched import REACTS, reacts_to
from engine.wording import LONGEST_RESULT, conjoined, cut, moment, second, whole


def display(
    understood: Task | Defect,
    state: RowState,
    tally: Tally,
    zone: tzinfo,
    *,
    active: Sequence[Occurrence] = (),
    asked: Sequence[Request] = (),
    hold: Hold | None = None,
    blackouts: Sequence[Blackout] = (),
    shut: Mapping[str, datetime] | None = None,
    slips: Sequence[str] = (),
    prerequisites: Sequence[Prerequisite] = (),
) -> dict[str, Cell]:
    """Every cell that rowd would write into this row, canonical header → value; only columns that the table has are sent.

    zone: the table's; a task's own zone wins. Nothing here depends on the present instant, so a quiet row is never rewritten.
    asked: what people asked of it and has no answer yet. Health tells it at once: an old copy in which the button is still pressed
    then shows that it is one.   shut: action → until when its circuit breaker lets nothing start.
    slips: what the row seems to say in columns that are none of rowd's.   prerequisites: the rows that it waits for.
    """
    task = understood if isinstance(understood, Task) else None
    if task is not None:
        zone = task.zone
    clocked = task is not None and hold is None and _by_the_clock(task, state)
    ahead, barrier, started = None, None, _last_start(tally, active)
    if task is not None and clocked:
        ahead, barrier = first_start(task, state, started, blackouts, (shut or {}).get(task.action))
    said = partial(moment, zone=zone, year=_year(state, ahead.at if ahead is not None else None, zone))
    last = tally.last
    unsaid = unheard(task, state.cells) if task is not None else None
    running = next((o for o in active if o.stage is Stage.RUNNING), None)
    cells: dict[str, Cell] = {
        Column.HEALTH: health(
            understood,
            state,
            tally,
            said,
            ahead=ahead,
            barrier=barrier,
            active=active,
            asked=asked,
            hold=hold,
            shut=shut or {},
            slips=(*slips, *filter(None, (unsaid, made_good(state, said)))),
            prerequisites=prerequisites,
        ),
        Column.UNDERSTOOD_AS: _with_others(_understood(task, state, started, blackouts, clocked=clocked), task),
        Column.NEXT_RUN: _next_run(task, active, shut or {}, ahead) if hold is None else None,
        Column.LAST_STATUS: "running" if running else (str(last.outcome) if last and last.outcome else None),
        Column.RUNS: tally.runs,
        Column.FAILURES: tally.failures,
        Column.MISSED: tally.missed,
        Column.LAST_RUNS: last_runs(tally.recent, zone) or None,
    }
    newest = running or last
    if (
        newest is not None and newest.started_at is not None
    ):  # before the first run the person's own Last Run stands: it gives a daily row its time
        cells[Column.LAST_RUN] = second(newest.started_at)
    if tally.last_success is not None:
        cells[Column.LAST_SUCCESS] = second(tally.last_success)
    if last is not None:
        cells[Column.LAST_RESULT] = cut(in_row(last.reason), LONGEST_RESULT) or None
        cells[Column.DURATION] = round(last.duration.total_seconds(), 3) if last.duration is not None else None
        cells[Column.RESULT_LINK] = last.links[0] if last.links else None
    if task is not None and task.type is Type.COUNTER:
        cells[Column.CURRENT] = whole(state.count)
    if isinstance(understood, Defect) and understood.column == Column.RUNS_ON:  # what stands of its runs, another daemon knew
        cells = {column: cells[column] for column in (Column.HEALTH, Column.UNDERSTOOD_AS, Column.NEXT_RUN)}
    for column in (Column.STATUS, Column.DO):
        if column in state.stood:
            cells[column] = state.cells.get(column)
    return cells


def differing(wanted: Mapping[str, Cell], state: RowState) -> dict[str, Cell]:
    """Of the wanted cells, those that the table does not hold as far as we know."""
    put = {}
    for column, value in wanted.items():
        if column not in state.stood:
            continue  # the table has no such column
        if column in state.sent and state.sent[column] == value:
            continue  # delivered, and nobody has changed it since
        if column not in state.sent and same(state.stood[column], value):
            continue
        put[column] = value
    return put


def _year(state: RowState, ahead: datetime | None, zone: tzinfo) -> int | None:
    """The year in which this display is read, as far as that is certain without asking a clock; None where it isn't.

    It stands from the last occurrence that has its record to the next one: where both lie in one year, so does whoever reads it.
    """
    if ahead is None:
        return None
    year = ahead.astimezone(zone).year
    return year if state.settled_until.astimezone(zone).year == year else None


def _by_the_clock(task: Task, state: RowState) -> bool:
    """Whether instants make it run now. Of a row that waits for a person none is told: they would pass, and stand there still."""
    return task.schedule is not None and task.status is Status.ACTIVE and not (task.schedule.one_off and state.marked)


def _last_start(tally: Tally, active: Sequence[Occurrence]) -> datetime | None:
    """When the newest run of the task started."""
    starts = [o.started_at for o in (*active, tally.last) if o is not None and o.started_at is not None]
    return max(starts, default=None)


def _next_run(
    task: Task | None, active: Sequence[Occurrence], shut: Mapping[str, datetime], ahead: Upcoming | None
) -> datetime | None:
    """When the next run begins: what waits for its instant comes before what is due by the schedule, or is in its way."""
    start = second(ahead.at) if ahead is not None else None
    if task is None or not active or any(o.stage is Stage.RUNNING for o in active):
        return start
    alone = shut.get(active[0].action)
    waits = [at for at in (active[0].retry_at, alone) if at is not None]
    if not waits:
        return start
    if start is not None and alone is None and task.overlap in (Overlap.PARALLEL, Overlap.RESTART):
        return min(*waits, start)
    return max(waits)


def _understood(
    task: Task | None, state: RowState, started: datetime | None, blackouts: Sequence[Blackout], *, clocked: bool
) -> Cell:
    """The schedule in words, and the next runs that it will come to: what is sure to be skipped is none of them.

    started: when its newest run did.   clocked: whether instants make it run now.
    """
    if task is None:
        return None
    if task.type is Type.COUNTER:
        return f"when Current reaches {whole(task.threshold)}" + (
            f", counted up by {conjoined(task.counts)}" if task.counts else ""
        )
    if task.type is Type.ON_COMPLETION:
        return f"after {conjoined([d.name for d in task.depends_on])}, {_IF[task.on_failure]}"
    if task.type in REACTS:
        return f"when {reacts_to(task)}"
    if task.schedule is None:
        return "only when asked: `run now` in Do, or `rowd run-now`"
    if clocked and not may_be_barred(task, state, blackouts):
        return in_words(task.schedule, state.decided_until)
    words = in_words(task.schedule, state.decided_until, runs=0)
    if not clocked:
        return words
    ahead, barrier = next_starts(task, state, started, blackouts, 3)
    if barrier is not None:
        return f"{words} All that comes is skipped: {barrier.what}."
    return f"{words} {listed(ahead, task.schedule.zone)}"


def _beside(words: Cell, task: Task | None) -> Cell:
    """With what else makes it run."""
    if task is None or task.type in REACTS or not (task.watches or task.columns):
        return words
    return f"{str(words).rstrip('.')}. Also when {reacts_to(task)}"


def _with_others(words: Cell, task: Task | None) -> Cell:
    """With what else makes it run, what has to hold then, and its deadline."""
    words = _with_condition(_beside(words, task), task)
    if task is None or task.deadline is None:
        return words
    return f"{str(words).rstrip('.')}. Deadline: {task.deadline.text}"


def _with_condition(words: Cell, task: Task | None) -> Cell:
    if task is None or task.condition is None:
        return words
    return f"{str(words).rstrip('.')}. Only if {task.condition.text}"


_IF = {
    OnFailure.SKIP: "if all of them succeed",
    OnFailure.BLOCK: "once all of them have succeeded",
    OnFailure.RUN: "however they end",
}

WRITTEN = OURS | SHARED
"""The columns that a patch may name."""
