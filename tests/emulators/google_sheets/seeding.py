"""What an emulator has in it to begin with, and how rowd is told of it."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from tests.emulators.core.exchange import Json
from tests.emulators.core.seeds import reading
from tests.emulators.google_sheets.files import File
from tests.emulators.google_sheets.grid import ROWS, Sheet
from tests.emulators.google_sheets.values import Writer

if TYPE_CHECKING:
    from tests.emulators.google_sheets.service import GoogleSheets

HEADER = ("ID", "Name", "Type", "Description", "Action", "Current", "Threshold", "Last Run", "Status", "Metadata")
TASKS: Sequence[Sequence[Json]] = (
    (1, "guidelines_refresh", "counter", "Refresh AI guidelines", "read_guidelines", 3, 5, "2024-12-17T19:45:00Z", "active", "{}"),
    (2, "vitest_rerun", "counter", "Run test suite", "run_vitest", 2, 7, "2024-12-17T18:30:00Z", "active", "{}"),
    (3, "coverage_check", "daily", "Check coverage", "check_coverage", 0, 1, "2024-12-16T09:00:00Z", "active", "{}"),
)
MANY = 1000


def many(count: int = MANY) -> list[list[Json]]:
    """Rows of as many tasks."""
    return [
        [n, f"task_{n}", ("counter", "daily", "weekly")[n % 3], f"Task number {n}", f"action_{n % 7}", n % 5, 5, "", "active", "{}"]
        for n in range(1, count + 1)
    ]


def put_in(
    service: GoogleSheets, title: str, tabs: Mapping[str, Sequence[Sequence[Json]]], owner: str, robot: str, height: int = ROWS
) -> File:
    """A spreadsheet of `owner`, shared with `robot`, with these tabs; the first row of each is its header.

    height: rows of each tab, those in which nothing stands among them; more where that is too few.
    """
    sheets = []
    for index, (name, rows) in enumerate(tabs.items()):
        width = max((len(row) for row in rows), default=0)
        sheets.append(Sheet.blank(index, name, max(height, len(rows) + 100), max(26, width)))
    file = service.new_spreadsheet(title, owner, sheets)
    assert file.book is not None
    for sheet, rows in zip(sheets, tabs.values(), strict=True):
        writer = Writer(file.book, service.clock.now(), "RAW", owner, False)
        for r, row in enumerate(rows):
            for c, value in enumerate(row):
                if value is not None:
                    writer.put(sheet, r, c, value, name)
    service.files.share(file, robot, "writer")
    file.changed(service.clock.now())
    return file


def fill(service: GoogleSheets, path: Path | None, owner: str, robot: str) -> None:
    """path: JSON, title → tab → rows; None for the sample tables. Raises BadSeed."""
    if path is None:
        put_in(service, "Tasks", {"Tasks": [HEADER, *TASKS]}, owner, robot)
        put_in(service, "Many tasks", {"Tasks": [HEADER, *many()]}, owner, robot)
        return
    with reading(path) as seed:
        for title, tabs in seed.items():
            for name, rows in tabs.items():
                if not all(isinstance(row, list) for row in rows):
                    raise TypeError(f"{title} / {name} isn't a list of rows, each a list of cells")
            put_in(service, title, tabs, owner, robot)


def snippet(service: GoogleSheets, base: str, robot: str) -> str:
    """A table of `rowd.toml` for the first spreadsheet. The key of the service account and an OAuth client are written into a new
    folder."""
    files = [file for file in reversed(list(service.files)) if file.book is not None]
    folder = Path(tempfile.mkdtemp(prefix="rowd-emulator-"))
    service.folders.append(folder)
    key = folder / "service-account.json"
    key.write_text(json.dumps(service.accounts.service_account(robot, base), indent=1), "utf-8")
    key.chmod(0o600)
    (folder / "client.json").write_text(json.dumps(service.accounts.oauth_client(base), indent=1), "utf-8")
    named = files[0] if files else None
    tab = named.book.sheets[0].title if named is not None and named.book is not None else "Tasks"
    return (
        '[tables.tasks]\nconnector = "google_sheets"\n'
        f'spreadsheet = "{named.id if named is not None else ""}"\ntab = "{tab}"\n'
        f'credentials = "{key}"  # or, for a person who signs in: oauth_client = "{folder / "client.json"}"\n'
        f'endpoint = "{base}"\n'
    )
