"""Copies of rows that people keep in other windows and paste back later: nobody typed what comes back with one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tests.simulation.presses import Press
from tests.simulation.rows import OURS
from tests.simulation.sheets import Sheet, canonical

RECENT = 9
"""rowd remembers a dozen displays of a row: a copy is surely told for one while the row has changed no oftener than this since."""

SHARED = ("Status", "Current", "Do")


@dataclass(eq=False)
class Kept:
    """One row as it stood once.

    changes: how often it had changed by then.   reads: how often the table was read.   plain: the display tells which one it is.
    torn: rowd wrote other cells of it before it had read what was typed in it, so it read that under another display.
    fresh: what was typed in it of Status and Current was not read yet then.   press: the button that was pressed in it.
    """

    key: str
    row: dict[str, str]
    changes: int
    reads: int
    plain: bool = True
    torn: bool = False
    fresh: bool = False
    press: Press | None = None

    def display(self, row: dict[str, str]) -> tuple[str, ...]:
        """rowd's own cells of a row, in the columns of this one."""
        return tuple(row.get(header, "") for header in self.row if canonical(header) in OURS)

    def shared(self, row: dict[str, str]) -> tuple[str, ...]:
        return tuple(row.get(header, "") for header in self.row if canonical(header) in SHARED)


class Copies:
    """The rows that one person keeps, and whether rowd can tell for sure when one of them is put back.

    doubted: keys that rowd may have written to without knowing.
    """

    def __init__(self, sheet: Sheet, doubted: Callable[[], set[str]]) -> None:
        self.kept: list[Kept] = []
        self.spoiled: set[str] = set()  # keys of rows in which people typed over rowd's cells, or that were confused with others
        self._sheet, self._doubted = sheet, doubted
        sheet.written.append(self._written)

    def keep(self, key: str, row: dict[str, str]) -> Kept:
        """Keep a row as it stands."""
        fresh = any((key, column) in self._sheet.unread for column in ("Status", "Current"))
        self.kept.append(Kept(key, dict(row), self._sheet.changes[key], self._sheet.reads, fresh=fresh))
        return self.kept[-1]

    def _written(self, key: str) -> None:
        """rowd has written to this row."""
        those = [kept for kept in self.kept if kept.key == key]
        for kept in those:
            kept.torn |= kept.reads == self._sheet.reads
        if those:
            self.look(key, self._sheet.row(key))

    def look(self, key: str, row: dict[str, str] | None) -> None:
        """This row has changed. Where its display is that of a kept copy once more, but the shared cells aren't, neither tells."""
        for kept in [k for k in self.kept if k.key == key and k.plain]:
            kept.plain = row is not None and (
                kept.display(row) != kept.display(kept.row) or kept.shared(row) == kept.shared(kept.row)
            )

    def spoil(self, key: str) -> None:
        """What this row bears is no display of rowd's any more; nor is what was pasted there, where it wasn't read yet."""
        self.spoiled.add(key)
        if (void := self._sheet.pasted.pop(key, None)) is not None:
            void()

    def old(self, kept: Kept, row: dict[str, str]) -> bool:
        """Whether this copy, put in the place of `row` as it stands, bears another display, which rowd surely had seen."""
        health = next((header for header in kept.row if canonical(header) == "Health"), None)
        known = health is not None and bool(kept.row[health]) and kept.key not in self.spoiled | self._doubted()
        return known and kept.display(kept.row) != kept.display(row)

    def told(self, kept: Kept) -> bool:
        """Whether rowd surely remembers the display that this copy bears, and what the shared cells said then."""
        return kept.plain and self._sheet.changes[kept.key] - kept.changes <= RECENT
