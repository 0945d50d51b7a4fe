"""`rowd reconcile`: what has run against what the schedules asked for."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Annotated, Any

import typer
from msgspec import Struct

from actions.api import Outcome
from engine.clock import SystemClock
from engine.reckoning import Reckoning, Slot, reckoned
from rowd.bound import Site
from rowd.cli.command import examples
from rowd.cli.exits import Exit
from rowd.cli.options import ConfigOption, JsonOption, TableOption
from rowd.cli.output import Styled, clean, emit_json, fail, print_table, say
from rowd.cli.site import reading, served_of, site_at
from rowd.saying import plural, when
from rowd.view import RowView, remembered

_FAILURES = (Outcome.FAILED, Outcome.TIMED_OUT, Outcome.LOST, Outcome.CANCELLED)


class Reconciled(Struct, frozen=True):
    """One row."""

    row: RowView
    reckoning: Reckoning


@examples("rowd reconcile", "rowd reconcile backup --days 7", "rowd reconcile --json | jq '.rows[] | select(.lacking != 0)'")
def reconcile(
    name: Annotated[str | None, typer.Argument(metavar="NAME", help="Only this row, by its Name or ID.")] = None,
    config: ConfigOption = None,
    table: TableOption = None,
    days: Annotated[int, typer.Option("--days", metavar="N", min=1, max=366, help="How far to look back.")] = 1,
    as_json: JsonOption = False,
) -> None:
    """Hold what has run against what the schedules asked for.

    Each instant at which a row came due has to have exactly one record: a run, or that it was skipped or missed, and why. Both
    sides come out of the ledger: the rows as the daemon last read them, and what it has put down. A row is looked at since it was
    last edited or activated, and no further back than its records are kept. Ends with 1 where anything is lacking.
    """
    site = site_at(config)
    now = SystemClock().now()
    with reading(site) as ledger:
        if ledger is None:
            fail("Nothing has happened yet: no daemon has run here", Exit.USAGE)
        names, since, slots = served_of(site, table), now - timedelta(days=days), defaultdict[tuple[str, str], list[Slot]](list)
        with ledger.snapshot():
            rows = [row for view in remembered(site, ledger, now, names) for row in view.rows]
            for of in names:
                for key, slot in ledger.slots(of, since):
                    slots[of, key].append(slot)
    found = _reconciled(site, [row for row in rows if name is None or name in (row.name, row.key)], slots, since)
    if name is not None and not any(name in (row.name, row.key) for row in rows):
        fail(f'There is no row "{clean(name)}"', Exit.USAGE)
    lacking = sum(one.reckoning.lacking != 0 for one in found)
    if as_json:
        emit_json({"since": since, "now": now, "rows": [_json(one) for one in found]})
    else:
        _print(found, lacking, now)
    if lacking:
        raise typer.Exit(Exit.BAD)


def _reconciled(site: Site, rows: Sequence[RowView], slots: dict[tuple[str, str], list[Slot]], since: datetime) -> list[Reconciled]:
    keep, found = site.config.settings.daemon.keep_runs, []
    for row in rows:
        its = reckoned(row.task, row.state, slots[row.table, row.key], since, keep) if row.task is not None else None
        if its is not None:
            found.append(Reconciled(row, its))
    return found


def _print(found: Sequence[Reconciled], lacking: int, now: datetime) -> None:
    shown = [one for one in found if one.reckoning.expected or one.reckoning.lacking]
    if shown:
        columns = ["Name", "Table", "Since", "Came due", "Succeeded", "Failed", "Skipped", "Missed", "Under way", "Lacking"]
        several = len({one.row.table for one in shown}) > 1
        print_table(columns, [_line(one, now, several=several) for one in shown], keep=(0, 3, 9), spare=(2, 8))
        say()
    total = sum(one.reckoning.expected for one in shown)
    if lacking:
        say(f"{plural(lacking, 'row')} of {len(shown)} can't be accounted for: please report it, with `rowd backup`", "red")
    elif shown:
        say(f"{plural(len(shown), 'row')} came due {plural(total, 'time')} in all, and each has its record")
    else:
        say("Nothing came due.")


def _line(one: Reconciled, now: datetime, *, several: bool) -> list[Styled]:
    its = one.reckoning
    sums = (
        [Outcome.SUCCEEDED],
        _FAILURES,
        [Outcome.SKIPPED],
        [Outcome.MISSED],
    )
    counts = [_number(sum(its.counts.get(outcome, 0) for outcome in those)) for those in sums]
    lacking = (f"{its.lacking:,}", "red") if its.lacking else ""
    return [
        one.row.name,
        one.row.table if several else "",
        when(its.since, one.row.zone, now),
        f"{its.expected:,}",
        *counts,
        _number(its.under_way),
        lacking,
    ]


def _number(count: int) -> str:
    return f"{count:,}" if count else ""


def _json(one: Reconciled) -> dict[str, Any]:
    its = one.reckoning
    return {
        "table": one.row.table,
        "id": one.row.key,
        "name": one.row.name,
        "since": its.since,
        "until": its.until,
        "expected": its.expected,
        "counts": {str(outcome): number for outcome, number in its.counts.items()},
        "under_way": its.under_way,
        "lacking": its.lacking,
    }
