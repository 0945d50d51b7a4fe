"""What is wrong or doubtful in a table before anything runs. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from enum import StrEnum
from itertools import islice

from msgspec import Struct

from actions.api import Definition
from connectors.api import fold
from engine.cells import did_you_mean, quoted
from engine.chains import unheard
from engine.columns import Column
from engine.model import Overlap, Schedule, Status, Task
from engine.plan import House, bare
from engine.presses import BadPress, press_of
from engine.recent import lasted
from engine.schedule.walk import Calendar, Once
from engine.schedule.zones import Stretch, instant_of, moment_of, walls
from rowd.coming import coming
from rowd.saying import plural
from rowd.view import RowView, TableView

AHEAD = timedelta(days=366)
"""How far the changes of the clock are looked at."""

CLASHES_WITHIN = timedelta(hours=24)
MOST_CLASHES = 5
"""Clashes are looked for this far ahead, and so many of them are told."""

MOST_LOOKED_AT = 100_000
"""Coming runs that are looked at for clashes: a second's work. A table so busy that this is less than a day clashes at once."""

GAPS = 20
"""So many coming occurrences of a row are looked at to find the smallest distance between two."""

NAMED = 5
"""So many tasks of a clash are named."""


class Level(StrEnum):
    """error: a row or a table that can't run.   warning: it runs, but hardly as meant.   note: worth knowing."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


class Finding(Struct, frozen=True):
    """One thing found.

    kind: which check found it (`defect`, `clock change` …), the same word everywhere.
    key, name: of the row; "" where it is about the whole table, or about several rows.   column: "" where it is none of them.
    place: where a row is that has no ID of its own; "" for any other.
    message: one sentence with the remedy, without a full stop.
    """

    level: Level
    kind: str
    table: str
    message: str
    key: str = ""
    name: str = ""
    column: str = ""
    place: str = ""


def lint(
    tables: Sequence[TableView], now: datetime, house: House, usual: Mapping[tuple[str, str], timedelta], workers: int
) -> list[Finding]:
    """Everything found in these tables: errors first, then by table and row.

    usual: (table, key) → how long its runs usually take.   workers: how many runs there may be at once.
    """
    found: list[Finding] = []
    for view in tables:
        found += _of_table(view)
        for row in view.rows:
            found += _of_row(row)
            if view.served and row.task is not None and row.task.status is Status.ACTIVE:
                found += _of_task(row, row.task, now, usual.get((row.table, row.key)))
    found += _clashes([row for view in tables if view.served for row in view.tasks], now, house, workers)
    order = list(Level)
    return sorted(found, key=lambda f: order.index(f.level))


def users(definitions: Mapping[str, Definition], runner: str) -> Iterator[Finding]:
    """Actions that are to run as another user, which only root can have them do.   runner: the user that rowd runs as."""
    for name, definition in definitions.items():
        user = getattr(definition, "user", None)
        if user not in (None, runner) and runner != "root":
            message = f"runs as {user}, and rowd as {runner}, who can't become another user; leave out user, or run rowd as root"
            yield Finding(Level.WARNING, "user", "", message, name=f"actions.{name}")


def lacks(lacking: Mapping[str, str]) -> Iterator[Finding]:
    """Actions that could not start on this machine.   lacking: name → what it would fail for, with the remedy."""
    for name, what in lacking.items():
        yield Finding(Level.WARNING, "program", "", what, name=f"actions.{name}")


def untold(troubles: Mapping[str, str]) -> Iterator[Finding]:
    """Channels that tell nobody.   troubles: name → why, with the remedy."""
    for name, what in troubles.items():
        yield Finding(Level.ERROR, "channel", "", what, name=f"channel.{name}")


def unusable(state: str, *, certain: bool) -> Finding:
    """That the state folder can't be had.   state: the sentence about it.   certain: it holds for whoever rowd runs as."""
    return Finding(Level.ERROR if certain else Level.WARNING, "state", "", state.rstrip("."), name="daemon.state_dir")


def unwatched(table: str, source: str, named: Iterable[str], headers: Collection[str]) -> Iterator[Finding]:
    """Columns that a source is to tell edits of, and which the table doesn't have.   headers: as rowd calls them."""
    there = {fold(header) for header in headers}
    for column in named:
        if fold(column) not in there:
            hint = did_you_mean(column, headers) or "; add it to the table, or name another"
            message = f"tells edits of {quoted(column)}, and the table {table} has no such column{hint}"
            yield Finding(Level.WARNING, "watch", table, message, name=f"watch.{source}", column=column)


def refuses(refusals: Iterable[tuple[RowView, str]]) -> Iterator[Finding]:
    """Rows whose action would refuse what they give.   refusals: each with what is wrong, and the remedy."""
    for row, what in refusals:
        yield Finding(Level.WARNING, "value", row.table, what, row.key, row.name, "Metadata")


def _of_table(view: TableView) -> Iterator[Finding]:
    if view.trouble is not None:
        yield Finding(Level.ERROR, "table", view.name, f"the table can't be read: {bare(view.name, str(view.trouble))}")
    if view.held is not None:
        yield Finding(Level.ERROR, "table", view.name, f"the table is held, nothing of it starts: {view.held}")
    for hint in view.hints:
        yield Finding(Level.WARNING, "header", view.name, hint)
    if not view.served:
        yield Finding(Level.NOTE, "not served", view.name, "nothing of it runs: it says serve = false in rowd.toml")


def _of_row(row: RowView) -> Iterator[Finding]:
    if (defect := row.defect) is not None:
        level, kind = (Level.ERROR, "defect") if defect.wrong else (Level.NOTE, "elsewhere" if defect.elsewhere else "draft")
        yield Finding(level, kind, row.table, defect.message, row.key, row.name, defect.column, _place(row))
    if (slip := _no_button(row)) is not None:
        yield Finding(Level.WARNING, "button", row.table, slip, row.key, row.name, str(Column.DO), _place(row))
    if row.task is not None and (said := unheard(row.task, row.state.cells)) is not None:
        yield Finding(Level.WARNING, "unheard", row.table, said, row.key, row.name, str(Column.ON_FAILURE), _place(row))


def _no_button(row: RowView) -> str | None:
    """What is wrong with the word under its Do; None where nothing stands there, or a button does."""
    if (word := row.state.cells.get(Column.DO)) is None:
        return None
    try:
        press_of(word)
    except BadPress as exc:
        return str(exc)
    return None


def _place(row: RowView) -> str:
    return row.place if row.place != row.key else ""


def never(schedule: Schedule) -> str:
    """What is to be said of a task whose schedule has no instant to come."""
    return f"{schedule.text} is past, so it never comes due; give it a time to come"


def _of_task(row: RowView, task: Task, now: datetime, usual: timedelta | None) -> Iterator[Finding]:
    schedule = task.schedule
    if schedule is None:
        return

    def finding(level: Level, kind: str, message: str) -> Finding:
        return Finding(level, kind, row.table, message, row.key, row.name, "Schedule", _place(row))

    if schedule.next(row.state.decided_until) is None or (schedule.one_off and row.state.marked):
        yield finding(Level.WARNING, "past", never(schedule))
    for message in clock_changes(task, now):
        yield finding(Level.WARNING, "clock change", message)
    gap = _smallest_gap(task, now)
    if gap is None:
        return
    if usual is not None and usual > gap and task.overlap is not Overlap.PARALLEL:
        then = {
            Overlap.SKIP: "what comes due meanwhile is skipped",
            Overlap.QUEUE: "the queue grows",
            Overlap.RESTART: "each one is stopped by the next",
        }[task.overlap]
        message = (
            f"its runs take {lasted(usual)} as a rule, and one comes due every {lasted(gap)}, so {then}; give it more time between"
        )
        yield finding(Level.WARNING, "longer than its interval", message)
    if task.every is not None and gap < task.every:
        message = (
            f"it comes due every {lasted(gap)}, and its action {task.action} allows one run in {lasted(task.every)},"
            " so the others are skipped; make the schedule wider"
        )
        yield finding(Level.WARNING, "too dense", message)


def _smallest_gap(task: Task, now: datetime) -> timedelta | None:
    """Between two occurrences, among the next ones; None where there are no two."""
    assert task.schedule is not None  # noqa: S101 (the caller has looked)
    gaps, before = [], task.schedule.next(now)
    for _ in range(GAPS):
        after = None if before is None else task.schedule.next(before)
        if before is None or after is None:
            break
        gaps.append(after - before)
        before = after
    return min(gaps, default=None)


# --- changes of the clock


def clock_changes(task: Task, now: datetime) -> Iterator[str]:
    """What will be otherwise than the row says, because the clock skips or repeats an hour: one sentence for each change.

    Fixed times are concerned, and what runs on real time only in some hours of the day (`*/30 2 * * *`); what runs on real time
    around the clock (`*/5 * * * *`, `every 2 hours`) is not.
    """
    schedule = task.schedule
    if schedule is None:
        return
    for before, after in _changes(schedule.zone, now):
        first, last = sorted((before.end + before.offset, before.end + after.offset))
        times = list(_between(schedule, first, last))
        if not times or not _begun(schedule, before.end, last - first, now):
            continue
        hour = f"{moment_of(first):%H:%M} to {moment_of(last):%H:%M}"
        day = f"{moment_of(first):%a} {moment_of(first).day} {moment_of(first):%b %Y}"
        which = ", ".join(f"{t:%H:%M}" for t in times[:3]) + (", …" if len(times) > 3 else "")
        real = isinstance(schedule, Calendar) and schedule.real
        if after.offset > before.offset:
            then = _in_a_gap(len(times), f"{moment_of(last):%H:%M}", real=real)
            yield f"on {day} the clock skips {hour} ({schedule.zone}): {which} {then}"
        else:
            then = f"{'runs' if len(times) == 1 else 'run'} {'both times' if real else 'the first time only'}"
            second = f"; for the second time write {_with_offset(times[0], after.offset)}" if schedule.one_off else ""
            yield f"on {day} the clock shows {hour} twice ({schedule.zone}): {which} {then}{second}"


def _begun(schedule: Schedule, change: int, width: int, now: datetime) -> bool:
    """Whether the schedule has begun when the clock changes, and a one-off of it is still to come."""
    if isinstance(schedule, Calendar) and schedule.real:
        return schedule.begins is None or schedule.begins <= change
    due = schedule.next(moment_of(change - width - 1))
    if due is None or not moment_of(change - width) <= due <= moment_of(change + width):
        return False
    return not schedule.one_off or due > now


def _in_a_gap(times: int, end: str, *, real: bool) -> str:
    """What becomes of so many times of a day that its clock skips."""
    if real:
        return "doesn't come that day" if times == 1 else "don't come that day"
    return f"comes right after it, at {end}" if times == 1 else f"come together as one run at {end}"


def _changes(zone: tzinfo, now: datetime) -> Iterator[tuple[Stretch, Stretch]]:
    clock = walls(zone)
    end = instant_of(now + AHEAD)
    stretch = clock.stretch(instant_of(now))
    while stretch.end < end:
        after = clock.stretch(stretch.end)
        if after.offset != stretch.offset:
            yield stretch, after
        stretch = after


def _between(schedule: Schedule, first: int, last: int) -> Iterator[datetime]:
    """Its times in [first, last), as walls; none of what runs around the clock."""
    match schedule:
        case Once(wall=int(wall)) if first <= wall < last:
            yield moment_of(wall)
        case Calendar() if not schedule.real or not _around_the_clock(schedule):
            by_the_wall = replace(schedule, zone=UTC, begins=None)
            cursor, end = moment_of(first - 1), moment_of(last)
            while (due := by_the_wall.next(cursor)) is not None and due < end:
                yield due
                cursor = due


def _around_the_clock(schedule: Calendar) -> bool:
    """Whether it has a time in each hour of the day."""
    return all(schedule.minutes >> 60 * hour & (1 << 60) - 1 for hour in range(24))


def _with_offset(wall: datetime, offset: int) -> str:
    """As a Schedule names an instant: `2026-10-25 02:30+01:00`."""
    return wall.replace(tzinfo=timezone(timedelta(seconds=offset))).isoformat(" ", "seconds" if wall.second else "minutes")


# --- clashes


def _clashes(rows: Sequence[RowView], now: datetime, house: House, workers: int) -> Iterator[Finding]:
    """Minutes of the next day in which more tasks come due than may run at once. Of equal sets of tasks only the first is told."""
    minutes: defaultdict[datetime, dict[tuple[str, str], RowView]] = defaultdict(dict)
    for run in islice(coming(rows, now, house, until=now + CLASHES_WITHIN), MOST_LOOKED_AT):
        if not run.skipped:
            minutes[run.at.replace(second=0, microsecond=0)][run.row.table, run.row.key] = run.row
    seen: set[frozenset[tuple[str, str]]] = set()
    told = 0
    for minute, together in sorted(minutes.items(), key=lambda one: (-len(one[1]), one[0])):
        if len(together) <= workers or told >= MOST_CLASHES:
            return
        if frozenset(together) in seen:
            continue
        seen.add(frozenset(together))
        told += 1
        yield _clash(minute, list(together.values()), workers)


def _clash(minute: datetime, rows: Sequence[RowView], workers: int) -> Finding:
    zone = rows[0].zone
    tables = list(dict.fromkeys(row.table for row in rows))
    others = f" and {len(rows) - NAMED} more" if len(rows) > NAMED else ""
    message = (
        f"{plural(len(rows), 'task')} come due at {minute.astimezone(zone):%a %H:%M} ({zone}), and {workers} may run at once"
        f" (daemon.max_parallel), so the others wait: {_listed(row.name for row in rows[:NAMED])}{others};"
        " spread them, or give them a Jitter"
    )
    return Finding(Level.WARNING, "clash", ", ".join(tables), message)


def _listed(names: Iterable[str]) -> str:
    return ", ".join(names)
