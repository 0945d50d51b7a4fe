"""What has ended since the last look, as far as the operator wants it told, and nobody is asked by it for ever."""

from __future__ import annotations

from collections.abc import Sequence

from watches.api import THROUGH, End, Happening, Inward, Look, Record, Value
from watches.numbered import gone_by
from watches.outcomes.settings import OutcomesSettings
from watches.saying import cleaned, one_line

MOST_LINKS = 20
"""What so many sources have brought about, one after the other, is told by none."""

_SHOWN = 200


class Outcomes(Inward):
    """`kind = "outcomes"`. The state is the number of the newest end that it has gone by."""

    def __init__(self, name: str, settings: OutcomesSettings) -> None:
        self.name = name
        self._outcomes = frozenset(settings.outcomes)
        self._tables = frozenset(settings.tables) if settings.tables is not None else None
        self._rows = [one.strip().casefold().split("*") for one in settings.rows]

    def look_into(self, record: Record, before: str | None) -> Look:
        """What ended before the first look is no news."""
        if before is None:
            return Look(str(record.last_end()))
        return gone_by(before, record.ends(int(before)), self._told)

    def _told(self, end: End) -> Happening | str | None:
        if not self._counts(end):
            return None
        if self.name in end.through or len(end.through) >= MOST_LINKS:
            return f"{_summary(end)}; it came about through {', '.join(end.through)}"
        return self._happening(end)

    def _counts(self, end: End) -> bool:
        if end.outcome not in self._outcomes or (self._tables is not None and end.table not in self._tables):
            return False
        name = end.row.casefold().strip()
        return any(_fits(parts, name) for parts in self._rows)

    def _happening(self, end: End) -> Happening:
        values: dict[str, Value] = {
            "table": end.table,
            "row": cleaned(end.row),
            "outcome": end.outcome,
            "reason": cleaned(end.reason),
            "run": end.run,
            THROUGH: "\n".join((*end.through, self.name)),
        }
        if end.duration_s is not None:
            values["duration"] = end.duration_s
        return Happening(_summary(end), values, end.number)


def _fits(parts: Sequence[str], name: str) -> bool:
    """Whether the name is these parts, in this order, with any text between them."""
    first, *rest = parts
    if not rest:
        return name == first
    *between, last = rest
    if len(name) < len(first) + len(last) or not (name.startswith(first) and name.endswith(last)):
        return False
    at, until = len(first), len(name) - len(last)
    for part in between:
        found = name.find(part, at, until)
        if found < 0:
            return False
        at = found + len(part)
    return True


def _summary(end: End) -> str:
    reason = one_line(end.reason, _SHOWN)
    often = f" {end.number} times" if end.number > 1 else ""
    return f"{one_line(end.row, _SHOWN)} {_WORDS.get(end.outcome, end.outcome)}{often}{f': {reason}' if reason else ''}"


_WORDS = {
    "cancelled": "was cancelled",
    "lost": "was lost",
    "skipped": "was skipped",
    "missed": "was missed",
}
