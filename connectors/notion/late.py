"""What a query doesn't show yet of what we wrote: then the page itself is asked. Pure.

How long that takes Notion says nowhere (VENDORS.md C3). What we had overwritten would pass for a person's edit, and what we have
made for a deletion.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from datetime import datetime

from msgspec import Struct, field

from connectors.api import Cell

Cells = Mapping[str, Cell]

KEPT = 8
"""So many of a row's former states are known again."""


class _Ours(Struct):
    """A row of which no query has shown yet what we wrote.

    after: its cells since then; None: we have put it into the trash.   edited: when that was, as Notion wrote it.
    made: it is new.   before: what it said before.
    """

    after: Cells | None
    edited: str
    made: bool = False
    before: deque[Cells] = field(default_factory=lambda: deque(maxlen=KEPT))


class Late:
    """Rows that we wrote, until a query shows them so; and which of them the read under way has yet to ask for."""

    def __init__(self) -> None:
        self._ours: dict[str, _Ours] = {}
        self._held: dict[str, Cells] = {}  # rows of the read under way that the query shows late
        self._shown: set[str] = set()
        self._asked: set[str] = set()

    def wrote(self, key: str, before: Cells | None, after: Cells | None, edited: str) -> None:
        """A page was written.   before: as it was known; None where it wasn't, or is new.

        after: as the answer shows it; None where it is in the trash now.
        """
        ours = self._ours.setdefault(key, _Ours(after, edited, made=before is None and after is not None))
        ours.after, ours.edited = after, edited
        if before is not None:
            ours.before.append(before)

    # --- a read

    def begins(self) -> None:
        """A read begins."""
        self._held, self._shown, self._asked = {}, set(), set()

    def holds_back(self, key: str, cells: Cells, edited: str) -> bool:
        """Whether a query shows this row as it was before we wrote it."""
        self._shown.add(key)
        ours = self._ours.get(key)
        if ours is None:
            return False
        old = datetime.fromisoformat(edited) < datetime.fromisoformat(ours.edited)
        if ours.after is None or (cells != ours.after and (old or cells in ours.before)):
            self._held[key] = cells
            return True
        del self._ours[key]
        return False

    def next(self) -> str | None:
        """A page that has to be asked for, once the query is at its end; None: no more."""
        left_out = (key for key, ours in self._ours.items() if ours.made and key not in self._shown)
        return next((key for key in (*self._held, *left_out) if key not in self._asked), None)

    def asked(self, key: str, cells: Cells | None) -> None:
        """What the page itself says; None: it is no row any more. Where the query was right, that is the end of it."""
        self._asked.add(key)
        if (cells is None and key not in self._shown) or (cells is not None and cells == self._held.get(key)):
            self._ours.pop(key, None)

    def ends(self) -> None:
        """The read is complete: what it hasn't shown is gone."""
        self._ours = {key: ours for key, ours in self._ours.items() if key in self._shown or ours.made}
