"""Rows that runs are about to make, put down before they are made, until the daemon has seen them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

import msgspec

from engine import deeds
from engine.ledger.codec import micros, prose
from engine.ledger.store import Store
from engine.made import Announced, Made

KEEP_ANNOUNCED = timedelta(days=1)
"""What was announced so long before a read of its table that doesn't show it was never made."""

KEEP_UNREAD = timedelta(days=31)
"""The same where nobody reads the table any more."""

_MADE = msgspec.json.Decoder(Made)


class Announcements(Store):
    """Commands insert, name and withdraw; the daemon takes them out in the commit in which it knows the row."""

    def announce(self, table: str, rows: Iterable[tuple[str | None, str]], made: Made) -> list[int]:
        """Rows that are about to be made: (key, Name). Their numbers, in this order."""
        of = {"table": table, "made": msgspec.json.encode(made).decode(), "at": micros(made.at)}
        named = list(rows)
        self.note(deeds.announced(table, named, made))
        return [int(self._write_answering(_ANNOUNCE, of | {"key": key, "name": prose(name)})[0][0]) for key, name in named]

    def announced(self, table: str | None = None) -> list[Announced]:
        """What no daemon has seen yet, in the order in which it was put down.   table: of this one alone."""
        found = self._rows(_ANNOUNCED, {"table": table})
        return [Announced(n, its, key, name, _MADE.decode(made)) for n, its, key, name, made in found]

    def name_announced(self, keys: Mapping[int, str]) -> None:
        """Number → the key that its row got. What was seen meanwhile is known by then."""
        self._write(_NAME, [{"n": n, "key": key} for n, key in keys.items()])

    def forget_announced(self, numbers: Sequence[int]) -> None:
        """The rows are known, or were not made."""
        self._write(_FORGET, {"numbers": json.dumps(list(numbers))})

    def forget_unmade(self, now: datetime) -> None:
        """Forget what was announced and never made, as by a command that was killed in between."""
        self._write(_UNMADE, {"apart": KEEP_ANNOUNCED // _MICROSECOND, "before": micros(now - KEEP_UNREAD)})

    def open_drafts(self, table: str) -> int:
        """How many rows of this table runs have made, or are about to, that may still be activated and were not."""
        return int(self._rows(_OPEN, {"table": table})[0][0])


_MICROSECOND = timedelta(microseconds=1)

_ANNOUNCE = """
    INSERT INTO announced ("table", "key", name, made, at)
    VALUES (:table, :key, :name, :made, :at)
    RETURNING n
"""
_ANNOUNCED = """
    SELECT n, "table", "key", name, made
    FROM announced
    WHERE :table IS NULL OR "table" = :table
    ORDER BY n
"""
_NAME = 'UPDATE announced SET "key" = :key WHERE n = :n'
_FORGET = "DELETE FROM announced WHERE n IN (SELECT value FROM json_each(:numbers))"
_UNMADE = """
    DELETE FROM announced
    WHERE at < :before
        OR at + :apart < (SELECT last_read FROM tables WHERE tables."table" = announced."table")
"""
_OPEN = """
    SELECT
        (SELECT count(*) FROM announced WHERE "table" = :table)
        + (
            SELECT count(*)
            FROM rows
            WHERE made IS NOT NULL
                AND "table" = :table
                AND deleted_at IS NULL
                AND json_extract(made, '$.kept_at') IS NULL
                AND json_extract(made, '$.expired_at') IS NULL
        )
"""
