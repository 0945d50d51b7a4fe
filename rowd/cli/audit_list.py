"""`rowd audit list`: deeds out of the trail, newest first."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import datetime, tzinfo
from itertools import islice
from typing import Annotated, Any

import typer
from msgspec import Struct

from engine.cells import did_you_mean
from engine.clock import SystemClock
from engine.columns import Column
from engine.ledger import Ledger
from engine.trail import Deed, Kind, deeds_of
from rowd.cli.command import examples
from rowd.cli.exits import Exit
from rowd.cli.options import ConfigOption, JsonOption, TableOption
from rowd.cli.output import Styled, clean, emit_json, fail, print_table, say
from rowd.cli.past import beginning, rows_meant
from rowd.cli.site import ledger_site, ledger_tables, reading
from rowd.saying import earlier

LIMIT = 50

KINDS = tuple(dict.fromkeys([*(kind.value.partition(".")[0] for kind in Kind), *(kind.value for kind in Kind)]))
"""What `--kind` takes: a kind, or its first word for all of these."""

Place = tuple[str, str]


@examples(
    "rowd audit list --since 7d --kind row",
    "rowd audit list --task backup",
    'rowd audit list --by "cli:" --json',
    "rowd audit list --run 0hq3k2m8",
)
def audit_list(
    config: ConfigOption = None,
    table: TableOption = None,
    task: Annotated[
        str | None, typer.Option("--task", metavar="NAME", help="Only of this task, by its Name or ID; also one that was deleted.")
    ] = None,
    run: Annotated[str, typer.Option("--run", metavar="RUN", help="Only of this run, or of those whose ids begin so.")] = "",
    kind: Annotated[
        str | None, typer.Option("--kind", metavar="KIND", help="Only of this kind, like row.edited; row for all about rows.")
    ] = None,
    by: Annotated[str, typer.Option("--by", metavar="TEXT", help="Only by whom this is said, or a part of it.")] = "",
    since: Annotated[
        str | None, typer.Option("--since", metavar="SPAN|DATE", help="Only since then; like 2d, 90 min or 2026-11-20 14:00.")
    ] = None,
    limit: Annotated[int, typer.Option("--limit", metavar="N", min=1, max=1_000_000, help="At most so many.")] = LIMIT,
    as_json: JsonOption = False,
) -> None:
    """List who did what, newest first.

    Edits as they were seen, requests with who asked and by which road, what was approved, runs as they began and ended,
    configurations that were taken up, tables made ready, copies put back. A table doesn't say who typed: that is `someone with
    edit access`.
    """
    if kind is not None and kind not in KINDS:
        hint = did_you_mean(kind, KINDS) or f"; there are {', '.join(KINDS)}"
        fail(f'--kind "{clean(kind)}"{hint}', Exit.USAGE)
    site, now = ledger_site(config), SystemClock().now()
    names = ledger_tables(site, table)
    start = beginning(since, now, site) if since is not None else None
    found: list[tuple[int, Deed]] = []
    called: Mapping[Place, str] = {}
    with reading(site) as ledger:
        if ledger is not None:
            rows = frozenset(rows_meant(ledger, task, names, every=False)) if task is not None else None
            wanted = _Wanted(table, rows, kind, start, by.casefold(), run)
            found = list(islice((one for one in _deeds(ledger, start) if wanted.fits(one[1])), limit))
            called = _names(ledger, {deed.table for _, deed in found if not deed.row and deed.key})
    if as_json:
        emit_json({"deeds": [_json(n, deed, called) for n, deed in found]})
    elif not found:
        asked = any((table, task, run, kind, by, since))
        say("Nothing like that is in the trail." if asked else "Nothing is in the trail yet.")
    else:
        zone = site.config.settings.defaults.time_zone
        many = len({deed.table for _, deed in found} - {""}) > 1
        print_table(
            ["Deed", "When", "What", "Row", "By", "Run", "Said"],
            [_line(n, deed, called, zone, now, many=many) for n, deed in found],
            keep=(0, 1, 2),
            cut={3: 8, 4: 8, 6: 16},
            spare=(5, 4),
        )


class _Wanted(Struct, frozen=True):
    """What is asked for; None, or "", for anything.   rows: (table, key)."""

    table: str | None
    rows: frozenset[tuple[str | None, str | None]] | None
    kind: str | None
    since: datetime | None
    by: str
    run: str

    def fits(self, deed: Deed) -> bool:
        """Whether the deed is wanted."""
        return (
            (self.table is None or deed.table == self.table)
            and (self.rows is None or (deed.table, deed.key) in self.rows)
            and (self.kind is None or self.kind in (deed.kind, deed.kind.partition(".")[0]))
            and (self.since is None or deed.at >= self.since)
            and self.by in deed.by.casefold()
            and deed.run.startswith(self.run)
        )


def _deeds(ledger: Ledger, since: datetime | None) -> Iterator[tuple[int, Deed]]:
    """With their numbers, newest first. A record that can't be read is `rowd audit verify`'s matter."""
    for record in ledger.trail(newest_first=True, since=since):
        try:
            deeds = deeds_of(record)
        except ValueError:
            continue
        yield from ((record.n - place, deed) for place, deed in enumerate(reversed(deeds)))


def _names(ledger: Ledger, tables: set[str]) -> Mapping[Place, str]:
    """What rows are called now."""
    return {
        (state.table, state.key): str(state.cells.get(Column.NAME) or "")
        for table in tables
        for state in ledger.rows(table, deleted=True)
    }


def _line(n: int, deed: Deed, called: Mapping[Place, str], zone: tzinfo, now: datetime, *, many: bool) -> list[Styled]:
    row = deed.row or called.get((deed.table, deed.key)) or deed.key
    place = f"{deed.table}/{row}" if row and many else row or deed.table
    return [str(n), earlier(deed.at, zone, now), deed.kind, place, deed.by, deed.run, _said(deed)]


def _said(deed: Deed) -> str:
    """What the deed says besides, on one line."""
    if deed.kind == Kind.ROW_EDITED:
        what = deed.what
        return f"{what.get('column')}: {_value(what.get('old'))} → {_value(what.get('new'))}"
    return ", ".join(f"{name} {_value(value)}" for name, value in deed.what.items())


def _value(value: object) -> str:
    return "blank" if value is None else value if isinstance(value, str) else json.dumps(value)


def _json(n: int, deed: Deed, called: Mapping[Place, str]) -> dict[str, Any]:
    return {
        "deed": n,
        "at": deed.at,
        "kind": deed.kind,
        "table": deed.table or None,
        "id": deed.key or None,
        "name": deed.row or called.get((deed.table, deed.key)) or None,
        "by": deed.by,
        "run": deed.run or None,
        "what": dict(deed.what),
    }
