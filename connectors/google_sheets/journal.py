"""The journal of a table: a tab of the same spreadsheet, told in the very requests that tell rows. Its troubles are its own.

One read when it is told for the first time, and after each trouble; else none.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import tzinfo
from typing import Any

from msgspec import Struct

from connectors.api import Entry, Journaling
from connectors.errors import Bug, NeedsOwner, NotThere, TableError
from connectors.google_sheets.errors import NoTab
from connectors.google_sheets.journal_tab import made, mended
from connectors.google_sheets.ring import Ring, ring
from connectors.google_sheets.sheet import Sheet
from connectors.preparing import Check, Shape, Step

Json = dict[str, Any]

ENTRIES = 200
"""Of one request: some 100 kB."""


class Riding(Struct):
    """Entries on their way with a write.

    ring: the tab as it is known.   slots: where each entry is to go.   answers: what stands there since; None while they have not
    gone out.   refused: why they were taken out of the request again.
    """

    ring: Ring
    slots: Mapping[int, Entry]
    answers: Sequence[Json] | None = None
    refused: TableError | None = None

    @property
    def waits(self) -> bool:
        """Whether they are still to go out."""
        return self.answers is None and self.refused is None

    @property
    def data(self) -> list[Json]:
        """The value ranges that put them down."""
        return self.ring.data(self.slots)


class TabJournal:
    """One tab."""

    def __init__(self, sheet: Sheet, title: str, size: int, shapes: Sequence[Shape], zone: tzinfo) -> None:
        """title: of the tab.   size: how many lines it keeps.   shapes: of its columns.   zone: see `ring`."""
        self._sheet, self._title, self._size, self._shapes = sheet, title, size, shapes
        self._zone = zone
        self._ring: Ring | None = None  # None: to be looked at before it is told anything

    @property
    def traits(self) -> Journaling:
        return Journaling(min(ENTRIES, self._size), together=True)

    def boarding(self, entries: Sequence[Entry]) -> Riding:
        """Entries as they are to go out. Raises TryLater, NeedsOwner, Bug."""
        seen, self._ring = self._ring or self._look(), None
        return Riding(seen, seen.slots(entries))

    def alone(self, riding: Riding) -> None:
        """Send them by themselves. One write."""
        try:
            riding.answers = self._sheet.put_beside(riding.data)
        except TableError as exc:
            riding.refused = exc

    def landed(self, riding: Riding) -> tuple[str, ...]:
        """They have gone out: which lines are to be told again."""
        self._ring, lost = riding.ring.after(riding.slots, riding.answers or ())
        return lost

    def told(self, exc: TableError) -> TableError:
        """A trouble, as one of this tab."""
        if isinstance(exc, NoTab):
            return self._missing("there is no such tab")
        if isinstance(exc, NeedsOwner | Bug) and not isinstance(exc, NotThere):
            return NeedsOwner(f'The history can\'t be kept in the tab "{self._title}": {exc}')
        return exc

    def check(self, tabs: Sequence[str]) -> Check:
        """Whether its tab is there.   tabs: the titles of all."""
        if self._title.casefold() not in map(str.casefold, tabs):
            return Check.failed("history", self._missing("there is no such tab"))
        return Check("history", f'the tab "{self._title}" is there; it keeps {self._size:,} lines')

    def prepared(self) -> list[Step]:
        """What its tab lacks: nothing, or one step, all of it or nothing. One read, or two. Raises TryLater, NeedsOwner, Bug."""
        found = self._sheet.look_beside(self._title)
        if found is None:
            taken = [one.get("properties", {}).get("sheetId", 0) for one in self._sheet.overview().get("sheets", ())]
            requests, says = made(self._title, self._size, self._shapes, taken)
        else:
            requests, says = mended(found, self._size, self._shapes)

        def take() -> bool:
            self._sheet.alter(requests)
            return True

        return [Step(tuple(says), take)] if requests else []

    def _look(self) -> Ring:
        found = ring(self._sheet.beside(self._title), self._size, self._shapes, self._zone)
        if isinstance(found, str):
            raise self._missing(found)
        if found.sheet_id == self._sheet.tab:
            raise self._missing("it is the tab with the tasks")
        return found

    def _missing(self, what: str) -> NotThere:
        return NotThere(
            f'The history of {self._sheet.label} can\'t be kept in the tab "{self._title}": {what}. `rowd setup` makes it; or'
            " correct history in rowd.toml, or take it out."
        )
