"""Faults planted in evidence, to see whether the judge notices: `python -m tests.prove.plant FOLDER` plants them one by one.

Each works on what a folder holds, as read; the folder itself stays as it is. Shares no code with rowd.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Callable, Iterator
from copy import copy
from dataclasses import replace
from pathlib import Path

from tests.prove.check import broken
from tests.prove.evidence import Evidence, Record
from tests.prove.lots import seeded

EACH = 200
"""So many faults of a kind, by lot, where there are more."""

OTHERWISE = {"succeeded": "failed", "failed": "succeeded", "timed out": "lost", "lost": "succeeded", "skipped": "missed"}

Fault = tuple[str, Evidence]
"""What was done; and the evidence with it."""


def lost_records(e: Evidence) -> Iterator[Fault]:
    """An occurrence that history forgot."""
    for record in _past(e):
        yield f"{record.task}: {record.run} left out", _with(e, records=[r for r in e.records if r is not record])


def doubled_records(e: Evidence) -> Iterator[Fault]:
    """An occurrence that history has twice, under two names."""
    for record in _past(e):
        yield f"{record.task}: {record.run} doubled", _with(e, records=[*e.records, replace(record, run=f"{record.run}-again")])


def changed_outcomes(e: Evidence) -> Iterator[Fault]:
    for record in _past(e):
        other = OTHERWISE.get(record.outcome or "", "skipped")
        changed = [replace(r, outcome=other) if r is record else r for r in e.records]
        yield f"{record.task}: {record.run} {record.outcome} → {other}", _with(e, records=changed)


def open_ends(e: Evidence) -> Iterator[Fault]:
    """An occurrence whose outcome was never recorded."""
    for record in _past(e):
        changed = [replace(r, outcome=None) if r is record else r for r in e.records]
        yield f"{record.task}: {record.run} without an outcome", _with(e, records=changed)


def doubled_starts(e: Evidence) -> Iterator[Fault]:
    """An attempt that the witness saw twice."""
    for start in e.starts:
        yield f"attempt {start.attempt} of {start.run} seen twice", _with(e, starts=[*e.starts, start])


def unknown_starts(e: Evidence) -> Iterator[Fault]:
    """A start that the ledger never knew of."""
    for start in e.starts:
        yield f"{start.task}: a start of nobody's", _with(e, starts=[*e.starts, replace(start, run="nobodys")])


def lost_edits(e: Evidence) -> Iterator[Fault]:
    """A cell of a person's that stands in the table as it was before she wrote it."""
    last = {(name, column): text for save in e.saves for name, column, text in save.get("cells", ()) if column != "Do"}
    for (name, column), text in last.items():
        before = e.rows[name]["cells"].get(column, "") if name in e.rows else ""
        if name in e.table and before != text:
            yield f"{name}: {column} {text!r} → {before!r}", _with(e, table=e.table | {name: e.table[name] | {column: before}})


def lost_rows(e: Evidence) -> Iterator[Fault]:
    for name in e.table:
        yield f"{name} left out of the table", _with(e, table={n: row for n, row in e.table.items() if n != name})


FAULTS: dict[str, Callable[[Evidence], Iterator[Fault]]] = {
    "a record lost": lost_records,
    "a record doubled": doubled_records,
    "an outcome changed": changed_outcomes,
    "an outcome missing": open_ends,
    "a line of the witness doubled": doubled_starts,
    "a start that history doesn't know": unknown_starts,
    "an edit lost": lost_edits,
    "a row lost": lost_rows,
}


def unnoticed(e: Evidence, kind: str, rng: random.Random, most: int = EACH) -> tuple[int, list[str]]:
    """How many faults of this kind were planted, one at a time; and those by which no law was broken."""
    faults = list(FAULTS[kind](e))
    faults = rng.sample(faults, min(most, len(faults)))
    return len(faults), [what for what, evidence in faults if not any(broken(evidence).values())]


def _past(e: Evidence) -> Iterator[Record]:
    """Records of what must be over: what came due after the cut was promised nothing."""
    return (record for record in e.records if record.due <= e.end["cut"])


def _with(e: Evidence, **fields: object) -> Evidence:
    changed = copy(e)
    for name, value in fields.items():
        setattr(changed, name, value)
    return changed


def main(folder: Path) -> int:
    evidence, passed = Evidence(folder), 0
    for kind in FAULTS:
        planted, missed = unnoticed(evidence, kind, seeded(evidence.seed))
        passed += len(missed)
        print(f"{planted - len(missed):4} of {planted:4} noticed: {kind}")
        for what in missed[:10]:
            print(f"          not noticed: {what}")
    return int(passed > 0)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
