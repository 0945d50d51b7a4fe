"""What the emulator begins with: the sample tables, or what a seed file says.

A seed file is JSON: {"bases": [{"id"?, "name", "tables": [{"name", "fields": [{"name", "type", "options"?}],
"rows"?: [{field: cell}]}]}]}. Fields and cells are as the Meta API and create-records take them; computed fields may be among them,
and links may name their table.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from tests.emulators.airtable import schema
from tests.emulators.airtable.model import Base, Table
from tests.emulators.airtable.records import apply_draft
from tests.emulators.airtable.service import OWNER, Airtable
from tests.emulators.airtable.writing import Draft
from tests.emulators.core.seeds import reading

SAMPLE_BASE = "appRowdSamples001"
TASKS, THOUSAND = "Tasks", "Thousand"
_TIME = {"dateFormat": {"name": "iso"}, "timeFormat": {"name": "24hour"}, "timeZone": "utc"}


def _select(*names: str) -> dict[str, Any]:
    return {"choices": [{"name": name} for name in names]}


TASK_FIELDS: list[dict[str, Any]] = [
    {"name": "Name", "type": "singleLineText"},
    {"name": "ID", "type": "autoNumber"},
    {"name": "Type", "type": "singleSelect", "options": _select("counter", "daily", "weekly", "on_change", "on_commit")},
    {"name": "Description", "type": "multilineText"},
    {"name": "Action", "type": "singleLineText"},
    {"name": "Current", "type": "number", "options": {"precision": 0}},
    {"name": "Threshold", "type": "number", "options": {"precision": 0}},
    {"name": "Last Run", "type": "dateTime", "options": _TIME},
    {"name": "Status", "type": "singleSelect", "options": _select("active", "paused", "completed")},
    {"name": "Metadata", "type": "multilineText"},
]
TASK_ROWS: list[dict[str, Any]] = [
    {
        "Name": name,
        "Type": kind,
        "Description": description,
        "Action": action,
        "Current": current,
        "Threshold": threshold,
        "Last Run": last,
        "Status": "active",
        "Metadata": "{}",
    }
    for name, kind, description, action, current, threshold, last in (
        ("guidelines_refresh", "counter", "Refresh AI guidelines", "read_guidelines", 3, 5, "2024-12-17T19:45:00Z"),
        ("vitest_rerun", "counter", "Run test suite", "run_vitest", 2, 7, "2024-12-17T18:30:00Z"),
        ("coverage_check", "daily", "Check coverage", "check_coverage", 0, 1, "2024-12-16T09:00:00Z"),
    )
]


def many_rows(count: int) -> list[dict[str, Any]]:
    """Tasks like those of the sample, each with a name of its own."""
    return [
        {
            **TASK_ROWS[at % len(TASK_ROWS)],
            "Name": f"task {at + 1:04d}",
            "Current": at % 7,
            "Status": "paused" if at % 10 == 9 else "active",
        }
        for at in range(count)
    ]


def fill(emulator: Airtable, path: Path | None = None) -> None:
    """Add what the file says, or the sample base where there is none. Raises BadSeed, also for cells that Airtable would refuse."""
    if path is not None:
        with reading(path) as seed:
            for each in seed["bases"]:
                base = emulator.add_base(Base(each.get("id") or emulator.ids.new("app"), each["name"], emulator.workspace))
                for table in each["tables"]:
                    add_table(emulator, base, table["name"], table["fields"], table.get("rows", []))
        return
    add_samples(emulator)
    add_table(emulator, emulator.bases[SAMPLE_BASE], THOUSAND, TASK_FIELDS, many_rows(1_000))


def add_samples(emulator: Airtable) -> None:
    """The sample base, with the sample table alone."""
    base = emulator.add_base(Base(SAMPLE_BASE, "Rowd samples", emulator.workspace))
    add_table(emulator, base, TASKS, TASK_FIELDS, TASK_ROWS)


def add_table(
    emulator: Airtable, base: Base, name: str, fields: Iterable[Mapping[str, Any]], rows: Iterable[Mapping[str, Any]] = ()
) -> Table:
    """As if the owner had made it by hand."""
    with emulator.lock, emulator.change(base, OWNER, "client") as transaction:
        described = {"name": name, "fields": [_linked(base, each) for each in fields]}
        table = schema.new_table(emulator.ids, base, described, computed=True)
        transaction.add_table(table)
        for link in list(table.fields):
            if link.type == "multipleRecordLinks" and (back := schema.back_link(emulator.ids, base, table, link)) is not None:
                transaction.add_field(*back)
        for row in rows:
            draft = Draft(base, emulator.ids, typecast=True)
            cells = {column.id: draft.cell(column, row[column.name]) for column in table.fields if column.name in row}
            apply_draft(transaction, draft)
            transaction.create(table, emulator.ids.new("rec"), cells)
    return table


def _linked(base: Base, field: Mapping[str, Any]) -> dict[str, Any]:
    """A link may name its table, for ids are not known beforehand."""
    options = dict(field.get("options") or {})
    if (other := base.table(str(options.get("linkedTableId")))) is not None:
        options["linkedTableId"] = other.id
    return {**field, "options": options or None}
