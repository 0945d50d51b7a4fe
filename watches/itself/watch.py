"""What rowd has told since the last look, as far as the operator wants it."""

from __future__ import annotations

from watches.itself.settings import ItselfSettings
from watches.letterbox import Letterbox


class ItselfWatch(Letterbox):
    """`kind = "rowd"`. It is told while it happens: what was told before the source was declared, it never hears of."""

    def __init__(self, settings: ItselfSettings) -> None:
        super().__init__()
        self._events = frozenset(settings.only)
        self._tables = frozenset(settings.tables) if settings.tables is not None else None

    def heeds(self, event: str, table: str) -> bool:
        """See `Overhearing`."""
        return event in self._events and (not table or self._tables is None or table in self._tables)
