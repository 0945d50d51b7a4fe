"""`rowd status`: how the daemon and its tables stand, out of the ledger alone."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import typer

from actions.api import Outcome
from config.mistakes import ConfigError
from engine.ledger import Reach, bytes_of
from engine.model import Stage
from engine.recent import lasted
from rowd import __version__
from rowd.allowances import as_json, said
from rowd.cli.calling import command, spelled
from rowd.cli.command import examples
from rowd.cli.deadlines import overdue_rows
from rowd.cli.endpoint_list import stands
from rowd.cli.exits import Exit
from rowd.cli.options import ConfigOption, JsonOption
from rowd.cli.output import Styled, emit_json, print_pairs, print_table, say
from rowd.cli.rows import outcome_style
from rowd.cli.seen import seen, seen_json
from rowd.cli.site import ended_silently, salvaged
from rowd.cli.standing import MOST_DUE, Standing, Table, standing
from rowd.saying import distance, lasting, plural


@examples(
    "rowd status",
    "rowd status --json | jq .running",
    "rowd status >/dev/null || echo look after rowd",
)
def status(config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Say how the daemon and its tables stand.

    No table is read: this is what the daemon last wrote down. Ends with 1 where no daemon runs, where it does
    not work, or where a table, a watched source, a listener or its pings are in trouble; with 4 where rowd.toml is wrong,
    also while a daemon goes on by what it read before.
    """
    found = standing(*salvaged(config))
    if as_json:
        emit_json(_json(found))
    else:
        _print(found)
    if not found.fine:
        raise typer.Exit(int(Exit.OWNER if found.refused else Exit.BAD))


def _print(found: Standing) -> None:
    print_pairs(_pairs(found))
    say()
    columns = ["Table", "State", "Last look", "Last read", "Rows", "Tasks", "Defects", "Drafts", "Running", "Waiting", "Message"]
    print_table(columns, [_line(table, found) for table in found.tables], keep=range(1, 10), cut={0: 12}, spare=(3, 4, 7, 9, 8, 5))


def _pairs(found: Standing) -> Iterator[tuple[str, Styled]]:
    yield from _daemon_pairs(found)
    yield from _config_pairs(found)
    yield "Next hour", _next_hour(found)
    counts = ", ".join(f"{number:,} {outcome}" for outcome, number in found.day.items())
    worst = next((outcome_style(o) for o in Outcome if o in found.day and outcome_style(o) == "red"), "")
    yield "Last 24 hours", (counts or ("nothing ran" if found.gone is None else "not known without the ledger"), worst)
    yield "Overdue", overdue_rows(found.overdue)
    if found.unapproved:
        waits = "waits" if found.unapproved == 1 else "wait"
        yield "Approvals", (f"{plural(found.unapproved, 'run')} {waits} for one: {command('approve')}", "yellow")
    for action, until in sorted(found.house.shut.items()):
        shut = f"{action} failed too often in a row: nothing of it starts for {lasted(until - found.now)}"
        yield "Breaker", (shut, "red")
    for table, until in sorted(found.house.full.items()):
        begun = f"as many runs of {table} have begun within the hour as may (max_per_hour)"
        yield "Brake", (f"{begun}: the next one that comes due begins in {lasted(until - found.now)}", "yellow")
    its = found.outlets
    for what, outlet, well in (("Listener", its.listener, "on"), ("Health", its.health, "on"), ("Ping", its.ping, "taken by")):
        yield what, (outlet.trouble, "red") if outlet.trouble else f"{well} {outlet.on}" if outlet.on else ""
    for nth, endpoint in enumerate(found.endpoints):
        says, style = stands(endpoint, found.now)
        yield "" if nth else "Endpoint", (f"{endpoint.endpoint} {says}", style)
    for nth, mark in enumerate(found.watches):
        yield "" if nth else "Watch", seen(mark, found.now)
    for nth, one in enumerate(found.quota):
        closed = one.span is not None and one.until is not None
        yield "" if nth else "Quota", (said(one, found.now), "yellow" if one.low or closed or one.crowded_at is not None else "")
    yield "Ledger", str(found.site.ledger)


def _daemon_pairs(found: Standing) -> Iterator[tuple[str, Styled]]:
    daemon, now = found.daemon, found.now
    if found.gone is not None:
        process = found.gone.process
        yield "Daemon", (f"running, process {process.pid}, without its ledger" if process is not None else "not running", "red")
        yield "", (found.gone.message, "red")
    elif daemon is not None:
        running = f"running {lasting(daemon.since, now)}, process {daemon.process.pid}, version {daemon.version}"
        yield "Daemon", (running, "green")
        if found.trouble is not None:
            yield "", (found.trouble, "red")
        if daemon.version != __version__:
            yield "", (f"this command is version {__version__}: restart the daemon to have them alike", "yellow")
        if found.note is not None and found.note.stopping_at is not None:
            yield "", (f"stopping {lasting(found.note.stopping_at, now)}: what runs may end, nothing starts", "yellow")
    elif found.stale is not None:
        yield "Daemon", (f"not running; {ended_silently(found.stale, now, found.site.state)}. Start it: {command('run')}", "red")
    else:
        yield "Daemon", (f"not running. Start it: {command('run')}", "red")
    shared = [name for name, bound in found.site.served.items() if not bound.rules.rules.remit.alone]
    if found.gone is None and daemon is None and shared:
        yield "", f"whether another machine's daemon runs {', '.join(shared)}, {command('list')} tells"


def _config_pairs(found: Standing) -> Iterator[tuple[str, Styled]]:
    """What is to be said of rowd.toml, one mistake to a line."""
    if found.mistakes:
        style = "red" if found.refused else "yellow"
        told = [*str(ConfigError(found.mistakes)).splitlines(), _in_force(found)]
    elif found.note is not None and found.note.refused_at is not None and found.behind is not None:
        style = "red"
        told = [f"could not be taken over {distance(found.note.refused_at, found.now)}", *found.note.refused.splitlines()]
    else:
        style, told = "yellow", []
    if found.behind is not None and found.trouble is None:
        told.append(found.behind)
    yield from zip(["rowd.toml", *[""] * len(told)], [(spelled(line), style) for line in told], strict=False)


def _in_force(found: Standing) -> str:
    """What becomes of the mistakes in rowd.toml."""
    if found.daemon is None:
        return f"No daemon can start before that is mended; {command('check')} tells when it is."
    if not found.refused:
        if found.note is not None and found.note.refused_at is not None:
            when = distance(found.note.refused_at, found.now)
            return f"The daemon could not take these files over {when}, and goes on by what it took over before."
        return "The daemon has taken these files over, so its environment has what is missing in that of this command."
    pid = found.daemon.process.pid
    read = f" {distance(found.note.read_at, found.now)}" if found.note is not None else ""
    return f"The daemon goes on by what it read{read}. Mend the file, then: kill -HUP {pid}"


def _next_hour(found: Standing) -> Styled:
    if found.mistakes:
        return "not known: what comes due can't be told without the whole of rowd.toml", "yellow"
    if found.gone is not None:
        return "not known without the ledger", "yellow"
    if found.due is None:
        return f"not known: no daemon has read a table yet; {command('next')} reads them now", "yellow"
    unread = ", ".join(table.name for table in found.tables if table.mark is None and table.served)
    without = f", not counting what is not read yet: {unread}" if unread else ""
    due = f"{'at least ' if found.due >= MOST_DUE else ''}{plural(found.due, 'run')} due{without}"
    return (f"{due}; none starts while {found.idle}", "yellow") if found.idle is not None and found.due else due


def _line(table: Table, found: Standing) -> list[Styled]:
    mark = table.mark
    if not table.served and not table.stages.total():
        return [table.name, ("not served", "dim"), *[""] * 8, "rowd.toml says serve = false: commands know it, nothing of it runs"]
    if found.note is not None and table.name not in found.note.tables:
        return [table.name, ("not served", "yellow"), *[""] * 8, "the daemon doesn't know this table yet"]
    if mark is None:
        return [table.name, ("not read yet" if found.gone is None else "not known", "yellow"), *[""] * 9]
    defects: Styled = (str(mark.defects), "red") if mark.defects else "0"
    return [
        table.name,
        (str(mark.state), "green" if mark.state is Reach.OK else "red"),
        distance(table.looked, found.now) if table.looked is not None else "never",
        distance(mark.last_read, found.now) if mark.last_read is not None else "never",
        str(mark.tasks + mark.defects + mark.drafts),
        str(mark.tasks),
        defects,
        str(mark.drafts),
        str(table.stages[Stage.RUNNING]),
        str(table.waiting),
        mark.message,
    ]


def _json(found: Standing) -> dict[str, Any]:
    daemon = found.daemon
    process = found.gone.process if found.gone is not None else daemon.process if daemon is not None else None
    return {
        "running": process is not None,
        "alive_at": found.sign.at if found.sign is not None else None,
        "trouble": found.trouble,
        "fine": found.fine,
        "pid": process.pid if process is not None else None,
        "since": daemon.since if daemon is not None else None,
        "version": daemon.version if daemon is not None else None,
        "stopping_since": found.note.stopping_at if found.note is not None else None,
        "config_read": found.note.read_at if found.note is not None else None,
        "config_refused": found.note.refused or None if found.note is not None else None,
        "config_mistakes": found.mistakes,
        "behind": found.behind,
        "ledger": found.site.ledger,
        "ledger_bytes": bytes_of(found.site.ledger),
        "due_next_hour": found.due,
        "last_24_hours": {str(outcome): number for outcome, number in found.day.items()},
        "overdue": found.overdue,
        "unapproved": found.unapproved,
        "quota": [as_json(one) for one in found.quota],
        "brakes": [{"table": table, "full_until": until} for table, until in sorted(found.house.full.items())],
        "breakers": [{"action": action, "shut_until": until} for action, until in sorted(found.house.shut.items())],
        "listener": found.outlets.listener.json(),
        "health": found.outlets.health.json(),
        "ping": found.outlets.ping.json(),
        "endpoints": found.endpoints,
        "watches": [seen_json(mark) for mark in found.watches],
        "tables": [_table_json(table, found) for table in found.tables],
    }


def _served(table: Table, found: Standing) -> bool | None:
    """Whether the daemon that runs has it; None where none runs."""
    if not table.served:
        return False
    return found.note is None or table.name in found.note.tables if found.daemon is not None else None


def _table_json(table: Table, found: Standing) -> dict[str, Any]:
    now, mark = found.now, table.mark
    return {
        "table": table.name,
        "served": _served(table, found),
        "state": mark.state if mark is not None else None,
        "since": mark.since if mark is not None else None,
        "message": mark.message if mark is not None else None,
        "last_look": table.looked,
        "last_read": mark.last_read if mark is not None else None,
        "age_s": now - mark.last_read if mark is not None and mark.last_read is not None else None,
        "tasks": mark.tasks if mark is not None else 0,
        "defects": mark.defects if mark is not None else 0,
        "drafts": mark.drafts if mark is not None else 0,
        "running": table.stages[Stage.RUNNING],
        "waiting": table.waiting,
    }
