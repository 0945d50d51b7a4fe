"""What an emulator holds that was started by hand: the sample table of tasks, and one of a thousand rows."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

from tests.emulators.core.exchange import Json
from tests.emulators.core.seeds import reading
from tests.emulators.notion.emulator import Notion
from tests.emulators.notion.person import Person
from tests.emulators.notion.world import Source

COLUMNS: dict[str, Json] = {
    "Name": {"title": {}},
    "Type": {"select": {"options": [{"name": name} for name in ("counter", "daily", "weekly", "on_change", "on_commit")]}},
    "Description": {"rich_text": {}},
    "Action": {"rich_text": {}},
    "Current": {"number": {"format": "number"}},
    "Threshold": {"number": {"format": "number"}},
    "Last Run": {"date": {}},
    "Status": {"select": {"options": [{"name": name} for name in ("active", "paused", "completed")]}},
    "Metadata": {"rich_text": {}},
}

ROWS: tuple[tuple[Any, ...], ...] = (
    ("guidelines_refresh", "counter", "Refresh AI guidelines", "read_guidelines", 3, 5, "2024-12-17T19:45:00Z", "active", "{}"),
    ("vitest_rerun", "counter", "Run test suite", "run_vitest", 2, 7, "2024-12-17T18:30:00Z", "active", "{}"),
    ("coverage_check", "daily", "Check coverage", "check_coverage", 0, 1, "2024-12-16T09:00:00Z", "active", "{}"),
)

MANY = 1000

OLD = timedelta(days=1)
"""So long ago what was put in could be found already: longer than any lag."""


def fill(emulator: Notion, path: Path | None = None, many: int = MANY) -> None:
    """Put in what a seed file says, or the samples; all of it is shared with every connection that there is, and no lag hides it.

    path: JSON: `{"databases": [{"title": "Tasks", "properties": {…}, "rows": [{"Name": "x", …}]}]}`, properties as the API takes
    them, cells as a person would type them.   many: rows of the second sample. Raises BadSeed.
    """
    nodes = emulator.api.world.nodes
    known = set(nodes)
    _put_in(emulator, path, many)
    for name in nodes.keys() - known:
        nodes[name].indexed = nodes[name].created - OLD


def _put_in(emulator: Notion, path: Path | None, many: int) -> None:
    ada = Person(emulator)
    home = ada.page("Home")
    for connection in emulator.api.connections.values():
        ada.share(home, connection)
    if path is None:
        _table(ada, ada.database("Tasks", COLUMNS, home), [dict(zip(COLUMNS, row, strict=True)) for row in ROWS])
        rows = [dict(zip(COLUMNS, (f"task {number}", *ROWS[number % 3][1:]), strict=True)) for number in range(1, many + 1)]
        _table(ada, ada.database("Many tasks", COLUMNS, home), rows)
        return
    with reading(path) as seed:
        for given in seed["databases"]:
            _table(ada, ada.database(given["title"], given["properties"], home), given.get("rows", []))


def _table(ada: Person, source: Source, rows: list[Mapping[str, Any]] | list[dict[str, Any]]) -> None:
    for row in rows:
        ada.insert(source, row)


def source_called(emulator: Notion, title: str) -> Source:
    """The data source of that title. Raises StopIteration where there is none."""
    sources = (node for node in emulator.api.world.nodes.values() if isinstance(node, Source))
    return next(source for source in sources if "".join(item["plain_text"] for item in source.title) == title)
