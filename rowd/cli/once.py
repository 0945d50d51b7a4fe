"""`rowd once`: one pass, for cron and CI."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Annotated

import typer

from engine.events import (
    ApprovalGiven,
    ApprovalWanted,
    DeadlineMissed,
    Event,
    OccurrenceRecorded,
    QuotaSpent,
    RunEnded,
    TableUnreachable,
)
from rowd.cli.command import examples
from rowd.cli.exits import Exit
from rowd.cli.options import ConfigOption, JsonOption
from rowd.cli.output import emit_json, say, warn
from rowd.cli.site import site_at
from rowd.log import listener
from rowd.saying import plural
from rowd.service import pass_once


@examples(
    "rowd once",
    "rowd once --quiet && echo all well",
    "rowd once --json | jq .failed",
)
def once(
    config: ConfigOption = None,
    as_json: JsonOption = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Print nothing but errors.")] = False,
) -> None:
    """Make one pass: read the tables, run what is due, write back, end.

    Ends with 1 where a run failed, or an occurrence or a deadline was missed, with 3 or 4 where a table could not be read.
    Rows that come due while it works are left for the next pass.
    """
    site = site_at(config)
    told: list[Event] = []
    log = None if as_json or quiet else listener(site.config.settings.daemon.log)

    def listen(event: Event) -> None:
        told.append(event)
        if log is not None:
            log(event)

    asyncio.run(pass_once(site, listen))
    ended = [e for e in told if isinstance(e, RunEnded)]
    runs = last_attempts(ended)
    failed = [e for e in runs if e.outcome != "succeeded"]
    unrun = [e for e in told if isinstance(e, OccurrenceRecorded)]
    late = [e for e in told if isinstance(e, DeadlineMissed)]
    unapproved = {e.run for e in told if isinstance(e, ApprovalWanted)} - {e.run for e in told if isinstance(e, ApprovalGiven)}
    if as_json:
        emit_json(
            {
                "runs": [{**e.fields(), "ended_at": e.ended_at or e.at} for e in ended],
                "not_run": [e.fields() for e in unrun],
                "deadlines": [e.fields() for e in late],
                "failed": len(failed),
                "unapproved": len(unapproved),
            }
        )
    elif not quiet:
        missed = f", {plural(sum(e.count for e in late), 'deadline')} missed" if late else ""
        missed += f", {len(unapproved)} to be approved (rowd approve)" if unapproved else ""
        say(
            f"{plural(len(runs), 'run')}, {len(failed)} failed, {plural(sum(e.count for e in unrun), 'occurrence')} not run{missed}"
        )
    away = [e for e in told if isinstance(e, TableUnreachable | QuotaSpent)]
    for event in away:
        warn(f"table {event.table}: {event.message}")
    if away:
        raise typer.Exit(int(Exit.OWNER if any(e.needs_owner for e in away) else Exit.LATER))
    if failed or late or any(e.outcome == "missed" for e in unrun):
        raise typer.Exit(int(Exit.BAD))


def last_attempts(ended: Iterable[RunEnded]) -> list[RunEnded]:
    """Of each run the last attempt that was made. One that failed may be followed by another in the same pass."""
    return list({attempt.run: attempt for attempt in ended}.values())
