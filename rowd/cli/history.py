"""`rowd history`: what happened, newest first, out of the ledger alone."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, tzinfo
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from actions.telling import Mask
from engine.clock import SystemClock
from engine.ledger import Ledger
from engine.model import Occurrence
from engine.recent import lasted
from engine.wording import moment
from rowd.bound import Site
from rowd.cli.command import examples
from rowd.cli.exits import Exit
from rowd.cli.options import ConfigOption, JsonOption, TableOption
from rowd.cli.output import Styled, clean, emit_json, fail, print_table, say
from rowd.cli.past import beginning, rows_meant
from rowd.cli.rows import outcome_style, result_of, run_json, stands
from rowd.cli.site import ledger_site, ledger_tables, reading
from rowd.files import files_of
from rowd.hiding import mask_of
from rowd.saying import earlier

LIMIT = 30
SEARCHED = 2000
"""With --in-logs, so many of the newest runs that fit otherwise are looked into."""

LONGEST_LOG = 10_000_000
"""Bytes of a file that --in-logs looks into; what an action may print is limited to about that."""


@examples(
    "rowd history --failed --since 2d",
    "rowd history backup --limit 100",
    'rowd history --grep "disk full" --in-logs --json',
)
def history(
    name: Annotated[
        str | None, typer.Argument(metavar="NAME", help="Only this task, by its Name or ID; also one that was deleted.")
    ] = None,
    config: ConfigOption = None,
    table: TableOption = None,
    failed: Annotated[bool, typer.Option("--failed", help="Only runs that failed, timed out or were lost.")] = False,
    since: Annotated[
        str | None,
        typer.Option(
            "--since",
            metavar="SPAN|DATE",
            help="Only what ended, or was found skipped or missed, since then; like 2d, 90 min, 2026-11-20 or 2026-11-20 14:00.",
        ),
    ] = None,
    grep: Annotated[
        str | None, typer.Option("--grep", metavar="TEXT", help="Only with this text in task, result or outputs.")
    ] = None,
    in_logs: Annotated[bool, typer.Option("--in-logs", help="With --grep: look into what the runs printed, too.")] = False,
    limit: Annotated[int, typer.Option("--limit", metavar="N", min=1, max=1_000_000, help="At most so many.")] = LIMIT,
    as_json: JsonOption = False,
) -> None:
    """List what happened, newest first.

    What counts is when a run started; for what never started, when it was due. Equal skipped or missed occurrences in a row are one
    line with their number, at the newest of them. What has not ended is waiting, running or retrying. Of each task the newest are
    there, `keep_runs` of them (20 unless rowd.toml says otherwise).
    """
    if in_logs and not grep:
        fail("--in-logs needs the text to look for: --grep TEXT", Exit.USAGE)
    site = ledger_site(config)
    names = ledger_tables(site, table)
    now = SystemClock().now()
    start = beginning(since, now, site) if since is not None else None
    with reading(site) as ledger:
        found: list[Occurrence] = []
        if ledger is None and name is not None:
            fail(f'The ledger knows no task "{clean(name)}": no daemon has run here yet', Exit.USAGE)
        if ledger is not None:
            rows = rows_meant(ledger, name, names, every=table is None)
            asks = [partial(ledger.history, table=within, key=key, failed=failed, since=start) for within, key in rows]
            fitting = _found(site, asks, grep, ledger if in_logs else None, limit)
            found = sorted(fitting, key=lambda o: (o.told_at, o.claimed_at, o.id), reverse=True)[:limit]
        zones = _zones(site, ledger)
    if as_json:
        emit_json({"runs": [run_json(o) for o in found]})
    elif not found:
        asked = any((name, table, failed, since, grep))
        nothing = "Nothing like that has happened." if asked else "Nothing has happened yet."
        say(nothing if ledger is not None else "Nothing has happened yet: no daemon has run here.")
    else:
        columns = ["Run", "When", "Task", "Table", "Outcome", "Took", "Result"]
        usual = site.config.settings.defaults.time_zone
        dated = [(o, zones.get(o.table, usual)) for o in found]
        zoned = len({str(zone) for _, zone in dated}) > 1
        print_table(
            columns,
            [_line(o, now, zone, zoned=zoned, many=len(zones) > 1) for o, zone in dated],
            keep=(0, 1, 4, 5),
            cut={2: 8, 3: 8, 6: 16},
            spare=(5, 3, 6),
        )


def _found(
    site: Site, asks: Sequence[Callable[..., list[Occurrence]]], grep: str | None, ledger: Ledger | None, limit: int
) -> list[Occurrence]:
    """asks: `Ledger.history` with all but these, `limit` to be had from each.   ledger: to look into what the runs printed;
    None to leave that.
    """
    told = [o for ask in asks for o in ask(grep=grep, limit=limit)]
    if ledger is None or grep is None:
        return told
    seen, mask = {o.id for o in told}, mask_of(site.config)
    others = (o for ask in asks for o in ask(limit=SEARCHED) if o.id not in seen)
    return told + [o for o in others if _printed(files_of(ledger, site, o.id), grep, mask, over=o.outcome is not None)]


def _printed(files: Iterable[Path], text: str, mask: Mask, *, over: bool) -> bool:
    """Whether the text stands in one of the files, secrets masked.   over: nothing more is written into them."""
    wanted = text.casefold()
    for file in files:
        try:
            with file.open("rb") as opened:
                content = opened.read(LONGEST_LOG)
        except OSError:
            continue  # pruned, or another user's
        masked = mask.content(content, whole=over and len(content) < LONGEST_LOG)
        if wanted in masked.decode("utf-8", "replace").casefold():
            return True
    return False


def _zones(site: Site, ledger: Ledger | None) -> Mapping[str, tzinfo]:
    """Table → its zone, by its own clock as that was last read."""
    zones = {}
    for name, bound in site.tables.items():
        mark = ledger.table_mark(name) if ledger is not None else None
        zones[name] = bound.rules.by_clock_of(mark.time_zone if mark is not None else "").rules.zone
    return zones


def _line(occurrence: Occurrence, now: datetime, zone: tzinfo, *, zoned: bool, many: bool) -> list[Styled]:
    """zoned: clocks of several zones stand among each other, where one's `today` could be another's tomorrow.   many: tables."""
    number = f" ×{occurrence.count:,}" if occurrence.count > 1 else ""
    first = f" (the first: {earlier(occurrence.due, zone, now)})" if occurrence.count > 1 else ""
    return [
        occurrence.id,
        moment(occurrence.told_at, zone, now.year) if zoned else earlier(occurrence.told_at, zone, now),
        occurrence.task,
        occurrence.table if many else "",
        (f"{stands(occurrence)}{number}", outcome_style(occurrence.outcome)),
        lasted(occurrence.duration) if occurrence.duration is not None else "",
        f"{result_of(occurrence)}{first}",
    ]
