"""`rowd show NAME`: all about one task."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

import typer

from config.fields import spelled
from engine.cells import text
from engine.clock import SystemClock
from engine.columns import Column
from engine.ledger import Attempt, Ledger
from engine.metadata import setting
from engine.model import Edit, Occurrence, Stage, Task, Type
from engine.plan import House
from engine.recent import lasted
from engine.wording import cut, whole
from rowd.bound import Site
from rowd.cli.calling import command
from rowd.cli.calling import spelled as typed
from rowd.cli.command import examples
from rowd.cli.deadlines import deadline
from rowd.cli.options import ConfigOption, JsonOption, TableOption, TaskArgument
from rowd.cli.output import Styled, emit_json, print_pairs, print_table, say
from rowd.cli.pending import action_of, ahead, breaker, next_lines, waiting
from rowd.cli.rows import health_style, outcome_style, result_of, row_json, run_json, stands, status_of, troubles
from rowd.cli.site import behind, pick, reading, site_at, tables_of
from rowd.cli.told import facts_json, facts_of
from rowd.coming import Coming, coming
from rowd.house import house
from rowd.making import made_by
from rowd.saying import distance, earlier, plural, when
from rowd.view import RowView, living, look
from rowd.why import filled_now, holds_now, why

RUNS = 5
LONGEST = 500
"""Characters of a Description that are shown; the cell has the rest, and `--json`."""

YEARS = timedelta(days=3660)


@examples(
    "rowd show backup",
    "rowd show ops/backup",
    "rowd show 17 --json",
)
def show(
    name: TaskArgument,
    config: ConfigOption = None,
    table: TableOption = None,
    runs: Annotated[
        int, typer.Option("--runs", metavar="N", min=0, max=1000, help="So many of its last runs, and of its last edits.")
    ] = RUNS,
    as_json: JsonOption = False,
) -> None:
    """Show one task: schedule, settings, last runs, and why it does not run now."""
    site = site_at(config)
    with reading(site) as ledger:
        clock = SystemClock()
        tables = look(site, ledger, clock, tables_of(site, table))
        row = pick(tables, name)
        now = clock.now()
        holds = house(site, ledger, now)
        reason = why(row, now, holds, daemon=living(ledger) is not None)
        to_come = coming([row], now, holds, until=now + YEARS)
        runs_ahead = ahead(to_come if as_json else (run for run in to_come if not run.claimed))
        tripped = _breaker(site, ledger, row, holds, now)
        old = behind(site, ledger)
        reason = f"{reason}; but {old}" if old is not None and row.running is None else reason
        past, edits = _past(ledger, row, runs)
    if as_json:
        emit_json(_json(row, reason, runs_ahead, past, edits, holds))
        return
    troubles([view for view in tables if view.name == row.table], now, old)
    print_pairs(_pairs(row, typed(reason), tripped, now, runs_ahead, holds))
    if past:
        say()
        columns = ["Run", "When", "", "Outcome", "Took", "Result"]
        print_table(columns, _runs(row, past, now), keep=(0, 1, 2, 3, 4), cut={5: 16}, spare=(2, 4, 5))
    if row.requests:
        say()
        print_table(
            ["Asked for", "When", "By"], [[str(r.wish), distance(r.asked_at, now), r.by] for r in row.requests], keep=(0, 1)
        )
    if edits:
        say()
        changes = [[e.column, f"{_cell(e.old)} → {_cell(e.new)}", distance(e.at, now), e.by] for e in edits]
        print_table(["Edited", "Change", "When", "By"], changes, keep=(0, 2))


def _breaker(site: Site, ledger: Ledger | None, row: RowView, holds: House, now: datetime) -> str:
    action = action_of(row)
    if ledger is None or action is None:
        return ""
    return breaker(row, ledger.streak(action), site.parts.breaker, holds, now)


def _past(ledger: Ledger | None, row: RowView, most: int) -> tuple[list[tuple[Occurrence, list[Attempt]]], list[Edit]]:
    if ledger is None or most == 0:
        return [], []
    newest = ledger.history(table=row.table, key=row.key, limit=most + len(row.active))
    past = [o for o in newest if o.stage is not Stage.CLAIMED][:most]  # what waits to start is told as a whole
    return [(o, ledger.attempts(o.id)) for o in past], ledger.edits(row.table, row.key, limit=most)


def _pairs(
    row: RowView, reason: str, tripped: str, now: datetime, runs: list[Coming], holds: House
) -> Iterator[tuple[str, Styled]]:
    """tripped: what there is to say of its action's circuit breaker."""
    task, cells = row.task, row.state.cells
    health = row.health
    yield "Name", (row.name, "bold")
    told = row.key if row.place == row.key else f"none yet: {row.place}"
    yield "ID", f"{told} in the table {row.table}" + (", not yet seen by the daemon" if row.new else "")
    yield "Description", cut(str(cells.get(Column.DESCRIPTION) or ""), LONGEST)
    yield "Health", (health, health_style(health))
    yield "Why not now" if row.running is None else "Now", reason
    yield "Waiting", waiting(row, now)
    yield "Breaker", tripped
    yield "Status", status_of(row)
    yield "Made by", made_by(row.state.made, row.zone, now)
    if task is not None:
        yield "Schedule", str(row.cells[Column.UNDERSTOOD_AS] or "")
        for number, line in enumerate(next_lines(row, runs, now)):
            yield "" if number else "Next", line
        yield from _settings(row, task, now, holds)
    else:
        yield "Schedule", str(cells.get(Column.SCHEDULE) or "")
        yield "Action", str(cells.get(Column.ACTION) or "")
    tally = row.tally
    yield "Counts", f"{plural(tally.runs, 'run')}, {tally.failures} failed, {tally.missed} missed"
    if tally.last_success is not None:
        yield "Last success", f"{when(tally.last_success, row.zone, now)} ({distance(tally.last_success, now)})"


def _settings(row: RowView, task: Task, now: datetime, holds: House) -> Iterator[tuple[str, Styled]]:
    """What holds for it, by the row or by default."""
    yield "Type", str(task.type)
    if task.type is Type.COUNTER:
        yield "Count", f"{whole(row.state.count)} of {whole(task.threshold)}"
    yield "Deadline", deadline(row, task, now)
    if (workflow := text(setting(row.state.cells, Column.WORKFLOW))) is not None:
        yield "Workflow", f"{workflow}; {command(f'workflows {shlex.quote(workflow)}')} says how all of it stands"
    if task.condition is not None:
        yield "Condition", ": ".join(filter(None, (task.condition.text, holds_now(row, now, holds))))
        yield from facts_of(row, task, now, holds)
    yield "Action", task.action
    parameters = [", ".join(f"{name} = {value}" for name, value in task.parameters.items())] if task.parameters else []
    parameters += [f"{name} = {task.blanks[name].template.text} ({said})" for name, said in filled_now(row, now).items()]
    for number, line in enumerate(parameters):
        yield "" if number else "Parameters", line
    settings = {
        "attempts": str(task.attempts) + (f", {spelled(task.retry_wait)} apart and growing" if task.attempts > 1 else ""),
        "time-out": spelled(task.timeout),
        "on failure": str(task.on_failure) if task.depends_on else "",
        "overlap": str(task.overlap),
        "catch up": str(task.catch_up),
        "priority": str(task.priority) if task.priority else "",
        "jitter": spelled(task.jitter) if task.jitter else "",
        "at most every": spelled(task.every) if task.every else "",
    }
    yield "Settings", "; ".join(f"{name} {value}" for name, value in settings.items() if value)


def _runs(row: RowView, past: list[tuple[Occurrence, list[Attempt]]], now: datetime) -> Iterator[list[Styled]]:
    for occurrence, attempts in past:
        at = occurrence.told_at
        how = stands(occurrence) + (f" ×{occurrence.count}" if occurrence.count > 1 else "")
        took = lasted(occurrence.duration) if occurrence.duration is not None else ""
        yield [
            occurrence.id,
            earlier(at, row.zone, now),
            distance(at, now),
            (how, outcome_style(occurrence.outcome)),
            took,
            result_of(occurrence),
        ]
        if len(attempts) > 1:
            for attempt in attempts:
                spent = lasted(attempt.duration) if attempt.duration is not None else ""
                how = str(attempt.outcome or "running")
                yield [
                    f"  attempt {attempt.n}",
                    earlier(attempt.started_at, row.zone, now),
                    "",
                    (how, "dim"),
                    spent,
                    (attempt.summary, "dim"),
                ]


def _cell(text: str | None) -> str:
    return f'"{text}"' if text is not None else "blank"


def _json(
    row: RowView, reason: str, runs: list[Coming], past: list[tuple[Occurrence, list[Attempt]]], edits: list[Edit], holds: House
) -> dict[str, Any]:
    task = row.task
    return {
        **row_json(row),
        "why_not_now": reason,
        "made_by": row.state.made,
        "defect": {"column": row.defect.column, "message": row.defect.message} if row.defect is not None else None,
        "settings": _settings_json(task) if task is not None else None,
        "count": row.state.count if task is not None and task.type is Type.COUNTER else None,
        "facts": facts_json(task, holds) if task is not None else [],
        "cells": row.state.cells,
        "next_runs": [{"at": run.at, "due": run.due, "skipped": run.skipped or None} for run in runs],
        "active": [run_json(o) for o in row.active],
        "last_runs": [{**run_json(o), "attempts_made": [_attempt_json(a) for a in attempts]} for o, attempts in past],
        "requests": row.requests,
        "edits": edits,
    }


def _settings_json(task: Task) -> Mapping[str, Any]:
    return {
        "parameters": task.parameters,
        "filled_in": {name: blank.template.text for name, blank in task.blanks.items()},
        "attempts": task.attempts,
        "timeout_s": task.timeout,
        "retry_wait_s": task.retry_wait,
        "depends_on": [d.name for d in task.depends_on],
        "on_failure": task.on_failure if task.depends_on else None,
        "condition": task.condition.text if task.condition is not None else None,
        "overlap": task.overlap,
        "catch_up": task.catch_up,
        "priority": task.priority,
        "jitter_s": task.jitter,
        "at_most_every_s": task.every,
        "threshold": task.threshold,
        "repeatable": task.repeatable,
    }


def _attempt_json(attempt: Attempt) -> dict[str, Any]:
    return {
        "attempt": attempt.n,
        "started_at": attempt.started_at,
        "ended_at": attempt.ended_at,
        "outcome": attempt.outcome,
        "summary": attempt.summary,
        "duration_s": attempt.duration,
        "folder": Path(attempt.folder) if attempt.folder else None,
    }
