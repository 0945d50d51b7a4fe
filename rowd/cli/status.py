"""`rowd status`: how the daemon and its tables stand, out of the ledger alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import typer

from actions.api import Outcome
from engine.clock import SystemClock
from engine.ledger import DaemonMark, Reach
from engine.model import Stage
from engine.plan import House
from rowd import __version__
from rowd.cli.calling import command
from rowd.cli.command import examples
from rowd.cli.exits import Exit
from rowd.cli.options import ConfigOption, JsonOption
from rowd.cli.output import Styled, emit_json, print_pairs, print_table, say
from rowd.cli.rows import outcome_style
from rowd.cli.site import behind, ledger_site, reading
from rowd.coming import coming
from rowd.heartbeat import Sign, heard, trouble_of
from rowd.note import Note, left
from rowd.saying import distance, plural
from rowd.view import TableView, house, living, remembered
from rowd.wiring import Site

SOON = timedelta(hours=1)
DAY = timedelta(hours=24)
MOST_DUE = 10_000
"""Runs of the next hour are counted up to here."""


@dataclass(frozen=True, slots=True)
class _Standing:
    """All that the command tells.

    stale: a mark of a daemon that no longer runs.   due: capped at MOST_DUE.   note: what the daemon says of itself.
    behind: what it works by, where that is not what rowd.toml says now.   sign: its last sign of life.
    """

    site: Site
    now: datetime
    daemon: DaemonMark | None
    note: Note | None
    behind: str | None
    sign: Sign | None
    stale: DaemonMark | None
    tables: list[TableView]
    house: House
    due: int
    day: dict[Outcome, int]

    @property
    def trouble(self) -> str | None:
        """What keeps the daemon as a whole from its work; None for nothing."""
        return trouble_of(self.sign, self.now) if self.daemon is not None else None

    @property
    def fine(self) -> bool:
        well = all(t.mark is None or t.mark.state is Reach.OK for t in self.tables)
        return self.daemon is not None and self.trouble is None and well


@examples(
    "rowd status",
    "rowd status --json | jq .running",
    "rowd status >/dev/null || echo look after rowd",
)
def status(config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Say how the daemon and its tables stand.

    No table is read: this is what the daemon last wrote down. Ends with 1 where no daemon runs, where it does
    not work, or where a table is in trouble.
    """
    found = _standing(ledger_site(config))
    if as_json:
        emit_json(_json(found))
    else:
        _print(found)
    if not found.fine:
        raise typer.Exit(int(Exit.BAD))


def _standing(site: Site) -> _Standing:
    now = SystemClock().now()
    with reading(site) as ledger:
        tables = remembered(site, ledger, now)
        holds = house(site, ledger, now)
        rows = [row for view in tables for row in view.rows]
        runs = (run for run in coming(rows, now, holds, until=now + SOON) if not run.skipped)
        due = sum(1 for _ in zip(range(MOST_DUE), runs, strict=False))
        daemon, mark = living(ledger), ledger.daemon() if ledger is not None else None
        note, old = left(site.state, daemon.process) if daemon is not None else None, behind(site, ledger)
        day = dict(ledger.digest(now - DAY, now + SOON).counts) if ledger is not None else {}
    sign = heard(site.state) if daemon is not None else None
    return _Standing(site, now, daemon, note, old, sign, mark if daemon is None else None, tables, holds, due, day)


def _print(found: _Standing) -> None:
    print_pairs(_pairs(found))
    say()
    columns = ["Table", "State", "Read", "Rows", "Tasks", "Defects", "Drafts", "Running", "Waiting", "Message"]
    print_table(columns, [_line(view, found) for view in found.tables], keep=(0, 1, 2), spare=(3, 6, 8, 7, 4))


def _pairs(found: _Standing) -> Iterator[tuple[str, Styled]]:
    daemon, now = found.daemon, found.now
    if daemon is not None:
        yield (
            "Daemon",
            (f"running, process {daemon.process.pid}, since {distance(daemon.since, now)}, version {daemon.version}", "green"),
        )
        if found.trouble is not None:
            yield "", (found.trouble, "red")
        if daemon.version != __version__:
            yield "", (f"this command is version {__version__}: restart the daemon to have them alike", "yellow")
        if found.note is not None and found.note.stopping_at is not None:
            yield "", (f"stopping since {distance(found.note.stopping_at, now)}: what runs may end, nothing starts", "yellow")
        if found.note is not None and found.note.refused_at is not None:
            refused = f"rowd.toml could not be taken over {distance(found.note.refused_at, now)}: {found.note.refused}"
            yield "", (refused, "red")
        if found.behind is not None and found.trouble is None:
            yield "", (found.behind, "yellow")
    elif found.stale is not None:
        died = f"process {found.stale.process.pid} on {found.stale.host}, started {distance(found.stale.since, now)}"
        yield "Daemon", (f"not running; {died}, ended without a word. Start it: {command('run')}", "red")
    else:
        yield "Daemon", (f"not running. Start it: {command('run')}", "red")
    more = "at least " if found.due >= MOST_DUE else ""
    yield "Next hour", f"{more}{plural(found.due, 'run')} due"
    counts = ", ".join(f"{number:,} {outcome}" for outcome, number in found.day.items())
    worst = next((outcome_style(o) for o in Outcome if o in found.day and outcome_style(o) == "red"), "")
    yield "Last 24 hours", (counts or "nothing ran", worst)
    for action, until in sorted(found.house.shut.items()):
        yield "Breaker", (f"{action} failed too often in a row: nothing of it starts before {distance(until, now)}", "red")
    yield "Ledger", str(found.site.ledger)


def _line(view: TableView, found: _Standing) -> list[Styled]:
    mark, stages = view.mark, _stages(view)
    if found.note is not None and view.name not in found.note.tables:
        return [view.name, ("not served", "yellow"), *[""] * 7, "the daemon doesn't know this table yet"]
    if mark is None:
        return [view.name, ("not read yet", "yellow"), *[""] * 8]
    defects: Styled = (str(mark.defects), "red") if mark.defects else "0"
    return [
        view.name,
        (str(mark.state), "green" if mark.state is Reach.OK else "red"),
        distance(mark.last_read, found.now) if mark.last_read is not None else "never",
        str(mark.tasks + mark.defects + mark.drafts),
        str(mark.tasks),
        defects,
        str(mark.drafts),
        str(stages[Stage.RUNNING]),
        str(stages[Stage.CLAIMED] + stages[Stage.WAITING]),
        mark.message,
    ]


def _stages(view: TableView) -> Counter[Stage]:
    return Counter(occurrence.stage for row in (*view.rows, *view.doubted) for occurrence in row.active)


def _json(found: _Standing) -> dict[str, Any]:
    daemon = found.daemon
    return {
        "running": daemon is not None,
        "alive_at": found.sign.at if found.sign is not None else None,
        "trouble": found.trouble,
        "fine": found.fine,
        "pid": daemon.process.pid if daemon is not None else None,
        "since": daemon.since if daemon is not None else None,
        "version": daemon.version if daemon is not None else None,
        "stopping_since": found.note.stopping_at if found.note is not None else None,
        "config_read": found.note.read_at if found.note is not None else None,
        "config_refused": found.note.refused or None if found.note is not None else None,
        "behind": found.behind,
        "ledger": found.site.ledger,
        "due_next_hour": found.due,
        "last_24_hours": {str(outcome).replace(" ", "_"): number for outcome, number in found.day.items()},
        "breakers": [{"action": action, "shut_until": until} for action, until in sorted(found.house.shut.items())],
        "tables": [_table_json(view, found) for view in found.tables],
    }


def _table_json(view: TableView, found: _Standing) -> dict[str, Any]:
    now, note = found.now, found.note
    mark, stages = view.mark, _stages(view)
    return {
        "table": view.name,
        "served": note is None or view.name in note.tables if found.daemon is not None else None,
        "state": mark.state if mark is not None else None,
        "since": mark.since if mark is not None else None,
        "message": mark.message if mark is not None else None,
        "last_read": mark.last_read if mark is not None else None,
        "age_s": now - mark.last_read if mark is not None and mark.last_read is not None else None,
        "tasks": mark.tasks if mark is not None else 0,
        "defects": mark.defects if mark is not None else 0,
        "drafts": mark.drafts if mark is not None else 0,
        "running": stages[Stage.RUNNING],
        "waiting": stages[Stage.CLAIMED] + stages[Stage.WAITING],
    }
