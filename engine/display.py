"""What a row's own rowd cells should say: a display of the ledger, so it can always be written again. Pure.

The outbox is no queue: it is the difference between this display and what the table is known to hold.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, tzinfo
from functools import lru_cache, partial

from actions.api import Outcome
from connectors.api import Cell
from engine.blackout import Blackout
from engine.cells import same, text
from engine.columns import OURS, SHARED, Column
from engine.model import Defect, Occurrence, Overlap, Request, RowState, Stage, Status, Tally, Task, Type
from engine.plan import Hold, in_row
from engine.recent import last_runs
from engine.schedule import as_counted, in_words, listed, zone_name
from engine.upcoming import Barrier, Upcoming, first_start, may_be_barred, next_starts

LONGEST_RESULT = 500
"""Characters of a result in a cell; the whole stands in the log."""

_TWICE = re.compile(r"(?<=[.?!])\. ")  # a sentence that ends a sentence

Said = Callable[[datetime], str]
"""How instants are said in one row."""


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
) -> dict[str, Cell]:
    """Every cell that rowd would write into this row, canonical header → value; only columns that the table has are sent.

    zone: the table's; a task's own zone wins. Nothing here depends on the present instant, so a quiet row is never rewritten.
    asked: what people asked of it and has no answer yet. Health tells it at once: an old copy in which the button is still pressed
    then shows that it is one.   shut: action → until when its circuit breaker lets nothing start.
    slips: what the row seems to say in columns that are none of rowd's.
    """
    task = understood if isinstance(understood, Task) else None
    if task is not None:
        zone = task.zone
    clocked = task is not None and hold is None and _by_the_clock(task, state)
    ahead, barrier, started = None, None, _last_start(tally, active)
    if task is not None and clocked:
        ahead, barrier = first_start(task, state, started, blackouts, (shut or {}).get(task.action))
    said = partial(moment, zone=zone, year=_year(state, ahead.at if ahead is not None else None, zone))
    then = _then(task, state, ahead, barrier, said) or _anew(task, state, tally, said)
    last = tally.last
    running = next((o for o in active if o.stage is Stage.RUNNING), None)
    cells: dict[str, Cell] = {
        Column.HEALTH: _with_count(
            _asked(asked) + _health(understood, state, tally, said, active, hold, then, shut or {}) + _noted(slips), task, state
        ),
        Column.UNDERSTOOD_AS: _understood(task, state, started, blackouts, clocked=clocked),
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
        cells[Column.LAST_RUN] = _second(newest.started_at)
    if tally.last_success is not None:
        cells[Column.LAST_SUCCESS] = _second(tally.last_success)
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


def whole(value: float) -> int | float:
    """A count without a needless `.0`."""
    return int(value) if float(value).is_integer() else value


def cut(text: str, limit: int) -> str:
    """The text on one line, with a mark where it was cut."""
    line = " ".join(text.split())
    return line if len(line) <= limit else line[: limit - 1] + "…"


@lru_cache(maxsize=1024)
def moment(instant: datetime, zone: tzinfo, year: int | None = None) -> str:
    """An instant (UTC) for people, in the zone that they think in: `Mon 23 Nov 2026 09:00 Berlin`.

    year: the one that need not be said; None where each must.
    """
    local = instant.astimezone(zone)
    clock = f"{local:%H:%M:%S}" if local.second else f"{local:%H:%M}"
    day = f"{local:%a} {local.day} {local:%b}" + (f" {local.year}" if local.year != year else "")
    return f"{day} {clock} {place(zone)}"


def _year(state: RowState, ahead: datetime | None, zone: tzinfo) -> int | None:
    """The year in which this display is read, as far as that is certain without asking a clock; None where it isn't.

    It stands from the last occurrence that has its record to the next one: where both lie in one year, so does whoever reads it.
    """
    if ahead is None:
        return None
    year = ahead.astimezone(zone).year
    return year if state.settled_until.astimezone(zone).year == year else None


def left_alone(action: str, until: str) -> str:
    """Why nothing of an action starts whose circuit breaker is open."""
    return f"{action} keeps failing and is left alone until {until}"


def place(zone: tzinfo) -> str:
    """The zone's last word: `Europe/Berlin` is Berlin."""
    return zone_name(zone).rpartition("/")[2].replace("_", " ")


def _second(instant: datetime) -> datetime:
    return instant.astimezone(UTC).replace(microsecond=0)


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
    start = _second(ahead.at) if ahead is not None else None
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
        return f"when Current reaches {whole(task.threshold)}"
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


def _asked(requests: Sequence[Request]) -> str:
    return f"ASKED: {', '.join(dict.fromkeys(str(request.wish) for request in requests))}. " if requests else ""


def _noted(slips: Sequence[str]) -> str:
    return f". NOTE: {'; '.join(slips)}" if slips else ""


def _health(
    understood: Task | Defect,
    state: RowState,
    tally: Tally,
    said: Said,
    active: Sequence[Occurrence],
    hold: Hold | None,
    then: str,
    shut: Mapping[str, datetime],
) -> str:
    if isinstance(understood, Defect) and understood.elsewhere:  # shown by commands alone
        return f"ELSEWHERE: {understood.message}"
    if isinstance(understood, Defect):
        return (
            f"DRAFT: {state.note or understood.message}"
            if understood.draft
            else f"ERROR: {understood.message}{_newer(understood, state)}"
        )
    if hold is not None:
        return f"HELD: {hold.reason}"
    note = f"NOTE: {state.note}. " if state.note else ""
    return note + _standing(understood, state, tally, said, active, then, shut)


def _newer(defect: Defect, state: RowState) -> str:
    """Of an action that isn't known: it may stand in rowd.toml since the daemon read that."""
    if defect.column != Column.ACTION or text(state.cells.get(Column.ACTION)) is None:
        return ""
    return ". If rowd.toml defines it by now, the daemon has yet to read that: systemctl reload rowd, or kill -HUP"


def _standing(
    understood: Task,
    state: RowState,
    tally: Tally,
    said: Said,
    active: Sequence[Occurrence],
    then: str,
    shut: Mapping[str, datetime],
) -> str:
    if active:
        return _under_way(active[0], said, shut.get(active[0].action))
    failed = tally.last is not None and tally.last.outcome not in (None, Outcome.SUCCEEDED)
    if understood.status is Status.COMPLETED and not failed:
        cancelled = tally.record is not None and tally.record.outcome is Outcome.CANCELLED
        return f"CANCELLED{_ended(tally.record, said)}{then}" if cancelled else f"COMPLETED{_ended(tally.last, said)}{then}"
    if understood.status is Status.PAUSED:
        return "PAUSED"
    if tally.missed_now and tally.missed_since is not None:
        why = tally.record.reason if tally.record and tally.record.outcome is Outcome.MISSED else ""
        return f"MISSED {tally.missed_now} since {said(tally.missed_since)}{f': {why}' if why else ''}{then}"
    if failed and tally.last is not None:
        return f"{str(tally.last.outcome).upper()}{_ended(tally.last, said)}{then}"
    if understood.type is Type.COUNTER:
        return f"OK, {whole(state.count)} of {whole(understood.threshold)}{_full(state, understood.threshold)}"
    if understood.schedule is None:
        return "OK, runs when asked"
    past = "it ran before this ledger began" if state.marked else f"{understood.schedule.text} is past"
    return f"OK{then}" if then else f"NEVER: {past}; give a time to come"


def _full(state: RowState, threshold: float) -> str:
    """Why a count that has reached its threshold has not run yet."""
    if state.count < threshold:
        return ""
    return ": runs once nothing is in its way" if state.armed else ": was there before; it runs at the next tick or edit"


def _with_count(health: str, task: Task | None, state: RowState) -> str:
    """A counter's Health always tells its count: so every tick changes a cell of rowd's, and an old copy shows that it is one."""
    health = _TWICE.sub(" ", health)
    if task is None or task.type is not Type.COUNTER or health.startswith("OK"):
        return cut(health, LONGEST_RESULT)
    numbers = f"{whole(state.count)} of {whole(task.threshold)}"
    if f" OK, {numbers}" in health:  # behind a note
        return cut(health, LONGEST_RESULT)
    count = f" ({numbers})"
    return cut(health, LONGEST_RESULT - len(count)) + count


def _then(task: Task | None, state: RowState, ahead: Upcoming | None, barrier: Barrier | None, said: Said) -> str:
    """When the next run starts, and what is in the way of an earlier one: what recurs is skipped, what happens once waits."""
    if ahead is None:
        return f", but all that comes is skipped: {barrier.what}" if barrier is not None else ""
    held = [f"skipped: up to {said(state.skip_until)}"] if state.skip_until is not None else []
    if barrier is not None and task is not None and task.schedule is not None and task.schedule.one_off:
        held.append(f"due {said(ahead.due)}, waits: {barrier.what}")
    elif barrier is not None:
        held.append(f"{barrier.what} until {said(barrier.until)}")
    elif state.snoozed_until is not None and state.snoozed_until > state.settled_until:
        held.append(f"snoozed until {said(state.snoozed_until)}")
    return f", next {said(_second(ahead.at))}" + (f" ({'; '.join(held)})" if held else "")


def _anew(task: Task | None, state: RowState, tally: Tally, said: Said) -> str:
    """How a one-off that is over comes to run by a Schedule that it was given since; "" where it has none.

    An instant without a record may be past by the time that this is read: so it is said until when the remedy helps.
    """
    if task is None or task.status is not Status.COMPLETED or task.schedule is None or not task.schedule.one_off:
        return ""
    if Column.STATUS not in state.stood:
        return ""
    if (relative := as_counted(task.schedule)) is not None:
        ended = [one.ended_at for one in (tally.last, tally.record) if one is not None and one.ended_at is not None]
        return f"; to run it {relative}, set Status to active" if ended and state.since > max(ended) else ""
    due = task.schedule.next(state.settled_until)
    return f"; to run it {said(due)}, set Status to active by then" if due is not None else ""


def _under_way(occurrence: Occurrence, said: Said, shut: datetime | None) -> str:
    if occurrence.stage is Stage.RUNNING and occurrence.started_at is not None:
        again = f" (attempt {occurrence.attempt} of {occurrence.attempts})" if occurrence.attempt > 1 else ""
        return f"RUNNING since {said(occurrence.started_at)}{again}"
    if occurrence.stage is Stage.WAITING and occurrence.retry_at is not None:
        alone = f" ({left_alone(occurrence.action, 'then')})" if shut is not None and shut > occurrence.retry_at else ""
        when = said(shut if shut is not None and alone else occurrence.retry_at)
        why = in_row(occurrence.reason)
        return f"RETRYING: attempt {occurrence.attempt + 1} of {occurrence.attempts} at {when}{alone}, after: {why}"
    if shut is not None:
        return f"WAITING: {left_alone(occurrence.action, said(shut))}"
    return "WAITING to start"


def _ended(occurrence: Occurrence | None, said: Said) -> str:
    if occurrence is None or occurrence.ended_at is None:
        return ""
    return f" {said(occurrence.ended_at)}{f': {in_row(occurrence.reason)}' if occurrence.reason else ''}"


WRITTEN = OURS | SHARED
"""The columns that a patch may name."""
