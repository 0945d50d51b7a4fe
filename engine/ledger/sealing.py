"""Deeds on their way into the audit trail: put into records, each sealed together with the seal before it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

from engine.ledger.codec import instant, micros, prose
from engine.ledger.statements import insert
from engine.trail import Deed, Head, Kind, Record, Said, seal, written

LARGEST = 256
"""Deeds of one record: of a commit with more there are several."""


def sealed(deeds: Sequence[Deed], head: Head) -> list[dict[str, Any]]:
    """Their records, as the ledger writes them.   head: where the trail has come to."""
    records, before, n = [], head.seal, head.n
    for part in _parts(deeds):
        n += len(part)
        at, text = max(micros(deed.at) for deed in part), written(part)
        own = seal(before, n, at, text)
        records.append({"n": n, "at": at, "deeds": text, "before": before, "seal": own})
        before = own
    return records


def restored(copied: datetime, now: datetime, put_back: Sequence[Any] | None) -> Deed:
    """That a copy has taken the ledger's place.

    copied: when it was made.   put_back: by `rowd restore`, as that has told: when, by whom, and the head of the trail that it
    replaced (NULL where there was none); None where it was put there by other means.
    """
    what: dict[str, Said] = {"copied_at": copied.isoformat()}
    if put_back is None:
        return Deed(now, Kind.LEDGER_RESTORED, by="not known", what=what)
    at, by, n, seal_ = put_back
    what["put_back_at"] = instant(at).isoformat()
    if n is not None:
        what["replaced"] = str(Head(n, seal_))
    return Deed(now, Kind.LEDGER_RESTORED, by=by, what=what)


def tell_restored(draft: sqlite3.Connection, now: datetime, by: str, replaced: Head | None) -> None:
    """Have the copy itself say who has put it back, until the daemon knows."""
    with draft:
        draft.execute("DROP TABLE IF EXISTS restored")
        draft.execute('CREATE TABLE restored (at INTEGER NOT NULL, "by" TEXT NOT NULL, n INTEGER, seal TEXT) STRICT')
        n, own = (replaced.n, replaced.seal) if replaced is not None else (None, None)
        draft.execute("INSERT INTO restored VALUES (?, ?, ?, ?)", (micros(now), prose(by), n, own))


def head_of(ledger: Path) -> Head | None:
    """Where the trail of a ledger has come to that nobody has open; None where that can't be told."""
    try:
        with closing(sqlite3.connect(f"file:{quote(str(ledger.absolute()))}?mode=ro", uri=True)) as connection:
            rows = connection.execute("SELECT n, seal FROM trail ORDER BY n DESC LIMIT 1").fetchall()
    except sqlite3.Error:  # damaged, or of before there was a trail
        return None
    return Head(*rows[0]) if rows else None


def _parts(deeds: Sequence[Deed]) -> Iterator[Sequence[Deed]]:
    for first in range(0, len(deeds), LARGEST):
        yield deeds[first : first + LARGEST]


SEALED = insert("trail", Record.__struct_fields__)

COUNTED = """
    SELECT
        coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'trail'), 0),
        (SELECT seal FROM trail ORDER BY n DESC LIMIT 1)
"""
