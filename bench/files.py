"""A table's own work: reading and writing a CSV of 100,000 rows and 12 columns, beside Python's csv module.

Ours keeps every byte that it isn't asked to change, tests each patch against what a person saved meanwhile, and swaps the files so
that nothing saved in between is lost; the csv module writes everything anew, synced, and renames.
"""

from __future__ import annotations

import csv
import os
from collections.abc import Callable, Iterator
from pathlib import Path

from bench.measure import OURS, Comparison, rounds_of
from connectors.api import Patch, Place
from connectors.local import BACKEND
from connectors.local.settings import LocalSettings

ROWS = 100_000
COLUMNS = (
    "ID",
    "Name",
    "Action",
    "Schedule",
    "Status",
    "Description",
    "Health",
    "Next Run",
    "Last Run",
    "Last Status",
    "Runs",
    "Notes",
)
PATCHES = 10_000
ROUNDS = 3
CSV = "the csv module"


def measure(folder: Path) -> Iterator[Comparison]:
    """Each side on a file of its own, the same to begin with."""
    ours, plain = folder / "ours.csv", folder / "plain.csv"
    for file in (ours, plain):
        _fill(file)
    place = Place(name="ops", base=folder, id_column="ID", name_column="Name", secret=lambda _: "")
    table = BACKEND.open(LocalSettings(path=ours), place)

    def read() -> int:
        assert len(table.read().rows) == ROWS, "a row is missing"
        return 1

    def written(patches: int) -> Callable[[], int]:
        count = iter(range(10**9))

        def work() -> int:
            word = f"ran {next(count)}"
            answers = table.write([Patch(f"t{n}", {"Health": word, "Last Status": "succeeded"}) for n in range(patches)])
            assert len(answers) == patches, "a patch has no answer"
            return 1

        return work

    def rewritten(cells: int) -> Callable[[], int]:
        count = iter(range(10**9))
        return lambda: _rewrite(plain, cells, f"ran {next(count)}")

    found = rounds_of({OURS: read, CSV: lambda: len(_read(plain)) // ROWS}, ROUNDS)
    yield Comparison("read 100,000 x 12", "s", found)
    for patches in (1, PATCHES):
        found = rounds_of({OURS: written(patches), CSV: rewritten(patches)}, ROUNDS)
        yield Comparison(f"put two cells into {patches:,} of 100,000 rows", "s", found)
    table.close()


def _fill(file: Path) -> None:
    with file.open("w", encoding="utf-8", newline="") as out:
        lines = csv.writer(out, lineterminator="\n")
        lines.writerow(COLUMNS)
        for n in range(ROWS):
            about = "what it is for, in a few words" if n % 7 else 'with a comma, and a "quote"'
            known = ("OK, next Mon 09:00", "2026-11-30 09:00", "2026-11-23 09:00", "succeeded", n % 97, "")
            lines.writerow((f"t{n}", f"task {n}", "noop", f"daily {n % 24:02}:{n % 60:02}", "active", about, *known))


def _read(file: Path) -> list[dict[str, str]]:
    with file.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def _rewrite(file: Path, cells: int, word: str) -> int:
    rows = _read(file)
    for row in rows[:cells]:
        row["Health"], row["Last Status"] = word, "succeeded"
    beside = file.with_suffix(".new")
    with beside.open("w", encoding="utf-8", newline="") as out:
        lines = csv.DictWriter(out, COLUMNS, lineterminator="\n")
        lines.writeheader()
        lines.writerows(rows)
        out.flush()
        os.fsync(out.fileno())
    beside.replace(file)
    return 1
