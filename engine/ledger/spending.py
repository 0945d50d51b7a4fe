"""What was spent of what vendors allow in a month: by scope and day, so that neither a restart nor another daemon forgets it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from datetime import date, timedelta

from engine.budget import Spent
from engine.ledger.store import Store

KEEP_SPENT = timedelta(days=62)
"""This month and the last, whichever they are."""

_EPOCH = date(1970, 1, 1)


class Spending(Store):
    """Requests that count against a month."""

    def spend(self, scope: str, day: date, more: Spent) -> None:
        """Add so many requests. What is older than KEEP_SPENT is forgotten."""
        number = (day - _EPOCH).days
        self._write(_SPEND, {"scope": scope, "day": number, "looks": more.looks, "tells": more.tells})
        self._write(_FORGET, {"before": number - KEEP_SPENT.days})

    def spent(self) -> Mapping[str, Mapping[date, Spent]]:
        """Scope → day (UTC) → requests."""
        found: defaultdict[str, dict[date, Spent]] = defaultdict(dict)
        for scope, day, looks, tells in self._rows(_SPENT):
            found[scope][_EPOCH + timedelta(days=day)] = Spent(looks, tells)
        return found


_SPEND = """
    INSERT INTO spent (scope, day, looks, tells)
    VALUES (:scope, :day, :looks, :tells)
    ON CONFLICT (scope, day) DO UPDATE SET looks = spent.looks + excluded.looks, tells = spent.tells + excluded.tells
"""
_FORGET = "DELETE FROM spent WHERE day < :before"
_SPENT = "SELECT scope, day, looks, tells FROM spent"
