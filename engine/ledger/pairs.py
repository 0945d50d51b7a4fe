"""Which row of one table is which of another, and what both said after the last `rowd sync`. No daemon reads or writes this."""

from __future__ import annotations

from collections.abc import Sequence

from engine.ledger.codec import packed, unpacked
from engine.ledger.statements import insert
from engine.ledger.store import Store
from engine.pairing import Pair


class Pairs(Store):
    """Pairs of two tables, in either order of their names: a pair's `one` is the row of the table that is named first."""

    def pairs(self, one: str, other: str) -> list[Pair]:
        """All that are known, by the keys of the table whose name sorts first."""
        found = [
            Pair(r[0], r[1], unpacked(r[2]), unpacked(r[3]))
            for r in self._rows(_PAIRS, dict(zip(_TABLES, sorted((one, other)), strict=True)))
        ]
        return found if one <= other else [_turned(pair) for pair in found]

    def pair(self, one: str, other: str, pairs: Sequence[Pair]) -> None:
        """Remember these, each in the place of whatever pair had one of its rows."""
        straight = [pair if one <= other else _turned(pair) for pair in pairs]
        tables = dict(zip(_TABLES, sorted((one, other)), strict=True))
        self.part(one, other, pairs)
        self._write(
            _PAIR,
            [
                {
                    **tables,
                    "key_one": pair.one,
                    "key_other": pair.other,
                    "base_one": packed(dict(pair.base_one)),
                    "base_other": packed(dict(pair.base_other)),
                }
                for pair in straight
            ],
        )

    def part(self, one: str, other: str, pairs: Sequence[Pair]) -> None:
        """Forget every pair that has a row of one of these."""
        tables = dict(zip(_TABLES, sorted((one, other)), strict=True))
        straight = [pair if one <= other else _turned(pair) for pair in pairs]
        self._write(_PART, [{**tables, "key_one": pair.one, "key_other": pair.other} for pair in straight])


_TABLES = ("one", "other")
_PAIRS = "SELECT key_one, key_other, base_one, base_other FROM pairs WHERE one = :one AND other = :other ORDER BY key_one"
_PAIR = insert("pairs", (*_TABLES, "key_one", "key_other", "base_one", "base_other"))
_PART = """
    DELETE FROM pairs
    WHERE one = :one AND other = :other AND (key_one = :key_one OR key_other = :key_other)
"""


def _turned(pair: Pair) -> Pair:
    return Pair(pair.other, pair.one, pair.base_other, pair.base_one)
