"""A process that reads the table all the time, as somebody's dashboard might, until its input ends.

`python -m tests.prove.reader FOLDER SECONDS` says, as JSON, how often it looked, and when the file was not a whole table.
"""

from __future__ import annotations

import csv
import io
import json
import select
import sys
import time
from pathlib import Path

from tests.prove.lock import Saving


def wrong(text: str, header: list[str], fewest: int) -> str | None:
    """What is wrong with a table; None for nothing."""
    try:
        first, *rows = csv.reader(io.StringIO(text, newline=""), strict=True)
    except (ValueError, csv.Error) as exc:
        return f"it could not be read: {exc}"
    if first != header:
        return f"its header line is {first[:5]}"
    if ragged := [row[:3] for row in rows if len(row) != len(header)]:
        return f"a row has another number of fields: {ragged[0]}"
    if len(rows) < fewest:
        return f"it has {len(rows)} rows, and should have {fewest} at the least"
    ids = [row[0] for row in rows if row[0]]
    if len(set(ids)) != len(ids):
        return "an id stands in it twice"
    return None


def main(folder: Path, every: float) -> None:
    """every: seconds between two looks."""
    header = json.loads((folder / "plan.json").read_text())["header"]
    saving = Saving(folder / "saving")
    looks, bad = 0, []
    while not select.select([sys.stdin], [], [], every)[0]:
        before, fewest = saving.state
        try:
            with (folder / "tasks.csv").open(newline="") as file:
                found = wrong(file.read(), header, fewest)
        except (OSError, ValueError) as exc:
            found = f"it could not be opened: {exc}"
        after, least = saving.state
        if before % 2 or after != before:  # it was being written in place just then
            continue
        looks += 1
        if found is not None and least == fewest:
            bad.append({"at": time.time(), "wrong": found})
    saving.close()
    print(json.dumps({"looks": looks, "bad": bad}))


if __name__ == "__main__":
    main(Path(sys.argv[1]), float(sys.argv[2]))
