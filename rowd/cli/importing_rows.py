"""`rowd import csv` and `rowd import json`: rows of another table, or of a file-based system of tasks."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from msgspec import Struct, field

import connectors
from connectors.api import Cell, Place, fold
from engine.cells import text
from engine.clock import SystemClock
from engine.columns import OURS, Column
from engine.identity import id_of
from engine.layout import COLUMNS, Layout
from engine.model import Defect, RowState
from engine.wording import cut
from rowd.bound import Site
from rowd.cli.assigning import one_table
from rowd.cli.command import examples
from rowd.cli.exits import Exit
from rowd.cli.options import ConfigOption, JsonOption, TableOption
from rowd.cli.output import clean, emit_json, fail, plural, say, warn
from rowd.cli.site import reading, site_at
from rowd.hand import Hand, Unfit, hand
from rowd.making import drafted, run_around, unmoved
from rowd.view import look

NOT_TAKEN = OURS | {Column.DO}
"""Columns that say what happened elsewhere, or press a button."""

NAMED = 5
"""So many rows are named that say something in a column that the table lacks."""

Rows = Sequence[Mapping[str, Cell]]
"""Header → cell, in order."""

UpdateOption = Annotated[bool, typer.Option("--update", help="Put the cells of rows that are there already into those.")]
DryOption = Annotated[bool, typer.Option("--dry-run", help="Only say what would be done.")]


@examples("rowd import csv old-tasks.csv --dry-run", "rowd import csv export.csv --table ops --update")
def import_csv(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A CSV file with a header line.")],
    update: UpdateOption = False,
    dry_run: DryOption = False,
    config: ConfigOption = None,
    table: TableOption = None,
    as_json: JsonOption = False,
) -> None:
    """Take the rows of a CSV file.

    Its columns are matched by their headers, in any order; rowd's own (Health, Last Run …) are left out. A row with an ID, or
    without one a Name, that the table has already is left alone, or with --update brought up to date.
    """
    _import(_csv(file), config, table, update=update, dry_run=dry_run, as_json=as_json)


@examples("rowd import json tasks.json", "rowd export json --table a | rowd import json - --table b")
def import_json(
    file: Annotated[str, typer.Argument(metavar="FILE", help='A list of objects, or {"rows": [...]}; - for standard input.')],
    update: UpdateOption = False,
    dry_run: DryOption = False,
    config: ConfigOption = None,
    table: TableOption = None,
    as_json: JsonOption = False,
) -> None:
    """Take the rows of a JSON file: one object a row, with the columns' headers as keys.

    A row with an ID, or without one a Name, that the table has already is left alone, or with --update brought up to date.
    """
    _import(_json(file), config, table, update=update, dry_run=dry_run, as_json=as_json)


# --- what is read


def _csv(file: Path) -> Rows:
    """As a local table reads it: any delimiter, with or without a byte order mark."""
    if not file.exists():
        fail(f"{file} can't be read: there is no such file", Exit.OWNER)
    if file.is_dir():
        fail(f"{file} is a folder; name a CSV file in it", Exit.OWNER)
    if not file.is_file():
        fail(f"{file} is a device or a pipe; name a CSV file", Exit.OWNER)
    backend = connectors.load("local")
    place = Place(file.name, Path.cwd(), str(Column.ID), str(Column.NAME), secret=lambda name: name)
    source = backend.open(backend.settings.model_validate({"path": str(file.absolute())}), place)
    try:
        return [row.cells for row in source.read().rows]
    finally:
        source.close()


def _json(file: str) -> Rows:
    try:
        raw = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
        found = json.loads(raw.decode("utf-8-sig"))
    except OSError as exc:
        fail(f"{file} can't be read: {exc.strerror}", Exit.OWNER)
    except (ValueError, RecursionError) as exc:
        fail(f"{file} is not JSON: {exc}", Exit.BAD)
    if isinstance(found, dict):
        found = found.get("rows", found.get("tasks"))
    if not isinstance(found, list):
        fail(f"{file} holds no rows: {LIKE}", Exit.BAD)
    for number, one in enumerate(found, 1):
        if not isinstance(one, dict):
            said = cut(json.dumps(one, ensure_ascii=False), 60)
            fail(f"{file}: element {number} of {len(found)} is no row but {clean(said)}: {LIKE}", Exit.BAD)
        if (doubled := _one_column(one)) is not None:
            both = " and ".join(f'"{clean(key)}"' for key in doubled)
            where = f"{file}: element {number} of {len(found)}"
            fail(f"{where} says {both}, which are one column: keep one. Nothing was imported.", Exit.BAD)
    return [{str(key): _cell(value) for key, value in one.items()} for one in found]


def _one_column(row: Mapping[str, Any]) -> tuple[str, str] | None:
    """Two keys of a row that mean the same column, as "name" and "NAME" do; None where none do."""
    first: dict[str, str] = {}
    return next(((one, key) for key in row if (one := first.setdefault(fold(key), key)) != key), None)


LIKE = 'write a list of objects, like [{"Name": "backup", "Action": "backup"}]'


def _cell(value: Any) -> Cell:
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False)
    return value if isinstance(value, int | float | bool) else text(value)


# --- what is done


class _Plan(Struct):
    """create: canonical cells of new rows.   update: key → cells that differ.   refused: number, name, why.

    strangers: columns that are left out.   lacking: column of rowd's that the table has no place for → the rows that need it.
    places: key of a row that is there → its number in what is imported, and its name.
    """

    create: list[dict[str, Cell]] = field(default_factory=list)
    update: dict[str, dict[str, Cell]] = field(default_factory=dict)
    same: list[str] = field(default_factory=list)
    refused: list[tuple[int, str, str]] = field(default_factory=list)
    strangers: list[str] = field(default_factory=list)
    lacking: dict[str, list[str]] = field(default_factory=dict)
    places: dict[str, tuple[int, str]] = field(default_factory=dict)


def _import(rows: Rows, config: Path | None, table: str | None, *, update: bool, dry_run: bool, as_json: bool) -> None:
    site, made = site_at(config), None
    with hand(one_table(site, table)) as held:
        plan = _planned(held, rows, SystemClock().now(), update=update)
        if run_around() is not None:
            _leave_made(plan, _states(site, held.name))
        if plan.lacking:
            fail(_lacks(held, plan.lacking), Exit.OWNER)
        if plan.create:
            _ = held.editable
        if not dry_run:
            held.put(plan.update)
            made = held.create(plan.create).made if plan.create else None
    if as_json:
        emit_json(
            {
                "table": held.name,
                "dry_run": dry_run,
                "added": [_said(cells) for cells in plan.create],
                "updated": plan.update,
                "same": plan.same,
                "refused": [{"row": row, "number": number, "reason": reason} for number, row, reason in plan.refused],
                "columns_left_out": plan.strangers,
                "made_by_run": made.run if made is not None else None,
            }
        )
    else:
        would = "would be " if dry_run else ""
        parts = [f"{plural(len(plan.create), 'row')} {would}added to {held.name}", f"{len(plan.update)} {would}updated"]
        say(", ".join([*parts, f"{len(plan.same)} left as they were", f"{len(plan.refused)} refused"]))
    for number, row, reason in plan.refused:
        name = "" if row == f"row {number}" else f" ({clean(row)})"
        warn(f"row {number}{name}: refused: {clean(reason)}")
    if made is not None:
        warn(drafted(held.name, len(plan.create)))
    if plan.strangers:
        warn(f"note: {held.name} has no column for {', '.join(map(clean, plan.strangers))}, so these were left out")
    if plan.refused:
        raise typer.Exit(int(Exit.BAD))


def _states(site: Site, table: str) -> dict[str, RowState]:
    """The table's rows, by key."""
    with reading(site) as ledger:
        (view,) = look(site, ledger, SystemClock(), [table])
    return {row.key: row.state for row in view.rows}


def _leave_made(plan: _Plan, states: Mapping[str, RowState]) -> None:
    """Take changes out of the plan that no run may make."""
    for key, cells in list(plan.update.items()):
        if key in states and (why := unmoved(states[key], cells)) is not None:
            plan.refused.append((*plan.places[key], why))
            del plan.update[key]


def _planned(held: Hand, rows: Rows, now: datetime, *, update: bool) -> _Plan:
    plan = _Plan()
    headers = list(dict.fromkeys(header for cells in rows for header in cells))
    layout = Layout.of(headers, {})
    by_id = {row.key: row.key for row, _ in held.rows}
    names = {_said(cells).casefold(): row.key for row, cells in held.rows}
    seen: dict[str, int] = {}
    for number, raw in enumerate(rows, 1):
        cells = {c: v for c, v in layout.canonical(raw).items() if c not in NOT_TAKEN and text(v) is not None}
        if not cells:
            continue
        label = _said(cells) or f"row {number}"
        id_ = id_of(cells.get(Column.ID))
        key = by_id.get(id_) if id_ is not None else None
        key = key or (names.get(label.casefold()) if id_ is None else None)
        if (doubled := _doubled(held, label, id_, key, names, seen)) is not None:
            plan.refused.append((number, label, doubled))
            continue
        seen |= dict.fromkeys([f"name {label.casefold()}", *([f"id {id_}"] if id_ else [])], number)
        kept, lacking = _kept(held, cells, plan)
        if key is None or update:
            for column in lacking:
                plan.lacking.setdefault(column, []).append(
                    f"row {number}" if label == f"row {number}" else f"row {number}, {label}"
                )
        if key is not None:
            plan.places[key] = number, label
        if (refused := _place(held, plan, label, key, kept, now, update=update)) is not None:
            plan.refused.append((number, label, refused))
    return plan


def _doubled(
    held: Hand, label: str, id_: str | None, key: str | None, names: Mapping[str, str], seen: Mapping[str, int]
) -> str | None:
    for what, said in (("Name", f"name {label.casefold()}"), ("ID", f"id {id_}")):
        if said in seen:
            return f"row {seen[said]} of what is imported has this {what} already"
    bearer = names.get(label.casefold())
    if bearer is not None and bearer != key:
        return f"another row of the table has this Name ({held.place(bearer)})"
    return None


def _kept(held: Hand, cells: Mapping[str, Cell], plan: _Plan) -> tuple[dict[str, Cell], list[str]]:
    """The cells that the table has a place for, and the columns of rowd's that it has none for. Strangers are noted in the plan."""
    kept: dict[str, Cell] = {}
    lacking: list[str] = []
    for column, value in cells.items():
        try:
            kept = held.assigned(kept, {column: value})
        except Unfit:
            if fold(column) not in COLUMNS:
                plan.strangers += [column] if column not in plan.strangers else []
            elif column != Column.ID:
                lacking.append(column)
    return kept, lacking


def _lacks(held: Hand, lacking: Mapping[str, Sequence[str]]) -> str:
    """Why nothing is imported.   lacking: column → the rows that say something in it."""
    told = "; ".join(f"{column} ({_some(rows)})" for column, rows in lacking.items())
    return (
        f"nothing was imported: the file says something in columns that {held.name} lacks, and without it the rows would mean"
        f" something else: {told}. Add {', '.join(lacking)} to the first line of {held.name}, or take these cells out of the file."
    )


def _some(rows: Sequence[str]) -> str:
    shown = "; ".join(map(clean, rows[:NAMED]))
    return f"{shown} and {len(rows) - NAMED} more" if len(rows) > NAMED else shown


def _place(
    held: Hand, plan: _Plan, label: str, key: str | None, cells: dict[str, Cell], now: datetime, *, update: bool
) -> str | None:
    """Among the rows to make, to change, or to leave; or why it is refused."""
    before = held.cells_of(key) if key is not None else {}
    differing = {c: v for c, v in cells.items() if text(v) != text(before.get(c)) and c != Column.ID}
    if key is not None and not (update and differing):
        plan.same.append(label)
        return None
    if key is None and not any(text(v) for c, v in cells.items() if c != Column.ID):
        return "it says nothing in any column of the table"
    understood = held.understood({**before, **cells}, now)
    if isinstance(understood, Defect) and understood.wrong:
        return understood.message
    if key is not None:
        plan.update[key] = differing
    else:
        plan.create.append(cells)
    return None


def _said(cells: Mapping[str, Cell]) -> str:
    return text(cells.get(Column.NAME)) or ""
