"""What stood in a table once comes back: old copies of all of it that are saved again, and rows that are pasted."""

from __future__ import annotations

from dataclasses import dataclass, field

from tests.simulation.copies import Kept
from tests.simulation.hand import Hand
from tests.simulation.sheets import Grid, canonical

REMEMBERED = 18
"""So many later presses of a row surely leave an older one remembered."""


@dataclass
class Pasting(Hand):
    """A hand that keeps copies, and puts them back some time later."""

    _old: list[Grid] = field(default_factory=list)

    # --- of the whole table

    def open_copy(self, grid: Grid) -> None:
        """Open the table in a program, to save it some time later."""
        self._old = [*self._old[-1:], grid.copy()]

    def save_old_copy(self, grid: Grid) -> None:
        if not self._old:
            return
        self._blur_all(grid)
        old = self.chance.choice(self._old).copy()
        self._old.clear()
        nameless = {old.get(row, "Name") for row in old.rows if not old.get(row, "ID")}
        named = ((key, grid.get(row, "Name")) for key, row in zip(grid.keys(), grid.rows, strict=True))
        self.spans.astray.update(key for key, name in named if key and name in nameless)  # they had no id yet, and get it again
        stood = {key: grid.get(row, "Status") for key, row in zip(grid.keys(), grid.rows, strict=True)}
        grid.columns[:], grid.rows[:] = old.columns, old.rows
        back = {key: grid.get(row, "Status") for key, row in zip(grid.keys(), grid.rows, strict=True)}
        self.spans.pasted.update(key for key, status in back.items() if key and stood.get(key, status) != status)
        self._blur_all(grid)
        self.presses.returned += [
            (key, grid.get(row, "Do")) for key, row in zip(grid.keys(), grid.rows, strict=True) if grid.get(row, "Do")
        ]
        self.sheet.replaced()
        self.edits += 1
        self.tell("saves an old copy of the whole table")
        if self.chance.random() < 0.5:
            self.note(grid)

    # --- of rows

    def keep_row(self, grid: Grid) -> None:
        """Copy a row into another window, rather one in which something happens."""
        row = max(self.chance.choices(grid.rows, k=3), key=lambda r: self.sheet.changes[self._key(grid, r)]) if grid.rows else None
        if row is not None and (key := self._key(grid, row)):
            self._keep(key, row)
            self.tell(f"keeps a copy of {self._called(grid, row)}")

    def _keep(self, key: str, row: dict[str, str]) -> None:
        kept = self.copies.keep(key, row)
        kept.press = self.presses.standing(key, next((text for header, text in row.items() if canonical(header) == "Do"), ""))
        self.machine.after(self.chance.random() * self.chance.choice((20, 60, 180)), lambda: self._paste(kept))

    def _paste(self, kept: Kept) -> None:
        self.copies.kept.remove(kept)
        if not self.over:
            with self.sheet.hand() as grid:
                self.put_row_back(grid, kept)

    def put_row_back(self, grid: Grid, kept: Kept) -> None:
        """Put a row back as it stood when it was kept; sometimes with an edit of one's own."""
        row = next((r for k, r in zip(grid.keys(), grid.rows, strict=True) if k == kept.key), None)
        if row is None or row.keys() != kept.row.keys():
            return
        shown = kept.key not in self.sheet.unshown  # else rowd takes it for how the store shows what it wrote
        read = kept.key not in {
            *self.sheet.pasted,
            *self.sheet.reading,
        }  # else what stands there now is not what rowd knows of the row
        old, told = read and self.copies.old(kept, row), self.copies.told(kept) and shown
        if old and told and not (kept.torn and kept.fresh):
            self.sheet.pasted[kept.key] = lambda: self._mistaken(kept)
        elif old and shown and self._consumed(kept):
            self._mistaken(kept, press=False)
            self.sheet.pasted[kept.key] = lambda: self._may_press(kept)
        else:
            self._mistaken(kept)
            self.sheet.pasted.setdefault(kept.key, lambda: None)
        if kept.torn:
            self._may_press(kept)
        self._put_back(grid, row, kept)
        self.tell(f"pastes an old copy of {self._called(grid, row)}: old {old}, told {told}")
        if self.chance.random() < 0.3:
            self._type(grid, row, "Notes", f"note {self.edits}")
        elif self.chance.random() < 0.3:
            text, was = self.chance.choice(("paused", "active")), grid.get(row, "Status")
            self._type(grid, row, "Status", text)
            if not (old and told) or text == was:  # of a copy that it can't tell, rowd may take nothing for typed
                self.spans.pasted.add(kept.key)

    def _put_back(self, grid: Grid, row: dict[str, str], kept: Kept) -> None:
        key = kept.key
        other = any(grid.get(row, c) != grid.get(kept.row, c) for c in ("Type", "Threshold"))
        if key in self.counts and (
            other or (key, "Current") in self.sheet.unread
        ):  # what was typed there is gone, and rowd never read it
            self.counts[key].sure = False
        if grid.get(row, "Status") != grid.get(kept.row, "Status"):
            self.spans.pasted.add(key)
        for column in ("Status", "Do", "Current"):
            self.sheet.unread.pop((key, column), None)
        self.presses.overwritten(key, self.machine.moment)
        self.sheet.overtyped(key)
        row.update({header: kept.row[header] for header in grid.columns})  # what else it bears is who it is, and that stays
        self._touched(grid, row)
        self.edits += 1

    def _may_press(self, kept: Kept) -> None:
        """rowd may take the press in this copy for a new one."""
        if text := next((text for header, text in kept.row.items() if canonical(header) == "Do" and text), ""):
            self.presses.returned.append((kept.key, text))

    def _consumed(self, kept: Kept) -> bool:
        """Whether rowd surely knows the press in this copy for one that was used, however long ago the row looked like that."""
        press = kept.press
        return press is not None and press.seen and not kept.torn and self.presses.since(press) < REMEMBERED

    def _mistaken(self, kept: Kept, *, press: bool = True) -> None:
        """rowd may take what came back with this copy for typed just now.   press: its button, too."""
        cells = {canonical(header): text for header, text in kept.row.items()}
        for column in ("Status", "Current"):
            self.said[kept.key, column, cells.get(column, "")] += 1
        if kept.key in self.counts:
            self.counts[kept.key].sure = False
        if press:
            self._may_press(kept)

    def _kept_row(self, grid: Grid) -> dict[str, str] | None:
        """A row of which a copy is kept, mostly."""
        kept = {k.key for k in self.copies.kept}
        rows = [row for key, row in zip(grid.keys(), grid.rows, strict=True) if key in kept]
        return self.chance.choice(rows) if rows and self.chance.random() < 0.6 else self._row(grid)
