"""Rows and columns are moved about: what may leave it open which row is which, or what a cell means."""

from __future__ import annotations

from dataclasses import dataclass, field

from tests.simulation.hand import Hand
from tests.simulation.rows import OURS, PEOPLES
from tests.simulation.sheets import Grid, canonical

NEARLY = {column[:-1]: column for column in (*PEOPLES, *OURS)}
"""What a column is called once somebody has lost its last letter → what it was."""


def rightly(header: str) -> str:
    """What a renamed column was called before."""
    return NEARLY.get(header, header.removesuffix(" x"))


@dataclass
class Rearranging(Hand):
    """A hand that takes rows and columns away, puts them back, copies, sorts and renames them.   most: rows that the table gets."""

    most: int = 80
    _deleted: list[dict[str, str]] = field(default_factory=list)
    _dropped: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    _renamed: list[tuple[str, str]] = field(default_factory=list)

    # --- rows

    def delete(self, grid: Grid) -> None:
        if len(grid.rows) > 3:
            number = self.chance.choices((1, 1, 1, len(grid.rows) // 2), (4, 3, 3, 0.5))[0]
            for _ in range(number):
                row = grid.rows.pop(self.chance.randrange(len(grid.rows)))
                self._deleted.append(row)
                self.edits += 1
                self.tell(f"deletes {self._called(grid, row)}")

    def put_back(self, grid: Grid) -> None:
        for _ in range(self.chance.choice((1, 1, 30))):
            if self._deleted:
                row = self._deleted.pop()
                self._insert(grid, {canonical(h): v for h, v in row.items()}, again=True)

    def copy_row(self, grid: Grid) -> None:
        row = self._row(grid)
        if row is not None and len(grid.rows) < self.most:
            self._blur(grid, row)
            made = grid.twin(row)
            grid.rows.insert(self.chance.randint(0, len(grid.rows)), made)
            if self.chance.random() < 0.7:
                grid.put(made, "Name", self.writer.name())
            self.edits += 1
            self.tell(f"copies {self._called(grid, row)}")

    def clear_id(self, grid: Grid) -> None:
        row = self._row(grid)
        header = grid.header("ID")
        if row is None or header is None:
            return
        self._blur(grid, row)
        key = self._key(grid, row)
        if key:
            self.spans.astray.add(key)
        self.tell(f"clears the id of {self._called(grid, row)}")
        row[header] = ""
        self.edits += 1

    def double(self, grid: Grid) -> None:
        """Give a row the name of another."""
        row, other = self._row(grid), self._row(grid)
        if other is not None:
            self._type(grid, row, "Name", grid.get(other, "Name"))

    def sort(self, grid: Grid) -> None:
        header = self.chance.choice(grid.columns)
        grid.rows.sort(key=lambda row: row.get(header, ""), reverse=self.chance.random() < 0.5)
        self.edits += 1
        self.tell(f"sorts by {header}")

    # --- columns

    def move_column(self, grid: Grid) -> None:
        column = grid.columns.pop(self.chance.randrange(len(grid.columns)))
        grid.columns.insert(self.chance.randint(0, len(grid.columns)), column)
        self.edits += 1

    def add_column(self, grid: Grid) -> None:
        missing = [c for c in OURS if grid.header(c) is None]
        name = self.chance.choice((f"extra {self.edits}", *missing[:1]))
        if name not in grid.columns and len(grid.columns) < 36:
            grid.columns.insert(self.chance.randint(0, len(grid.columns)), name)
            for row in grid.rows:
                row[name] = ""
            self.edits += 1
            self.tell(f"adds the column {name}")

    def drop_column(self, grid: Grid) -> None:
        droppable = [h for h in grid.columns if canonical(h) not in ("ID", "Name", "Action", "Type")]
        header = self.chance.choice(droppable)
        if len(self._dropped) < 2:
            self._blur_all(grid)
            self._dropped.append((header, dict(zip(grid.keys(), (row.get(header, "") for row in grid.rows), strict=True))))
            grid.columns.remove(header)
            for row in grid.rows:
                row.pop(header, None)
            self.edits += 1
            self.tell(f"drops the column {header}")

    def put_column_back(self, grid: Grid) -> None:
        if self._dropped:
            header, cells = self._dropped.pop()
            if header in grid.columns or grid.header(canonical(header)) is not None:
                return
            self._blur_all(grid)
            grid.columns.append(header)
            for key, row in zip(grid.keys(), grid.rows, strict=True):
                row[header] = cells.get(key, "") if key else ""
            self.edits += 1
            self.tell(f"puts the column {header} back")

    def rename_column(self, grid: Grid) -> None:
        """Rename one, to what is nearly its name, or only to another spelling; later it is called what it was again."""
        if self._renamed:
            now, was = self._renamed.pop()
        else:
            was = self.chance.choice([h for h in grid.columns if canonical(h) not in ("ID", "Name")])
            near = was[:-1] if was in NEARLY.values() else f"{was} x"
            now, was = was, self.chance.choice((f"{was} x", near, near, was.lower().replace(" ", "_"), was.upper()))
            self._renamed.append((was, now))
        if now not in grid.columns or was in grid.columns or grid.header(canonical(was)) not in (None, now):
            return
        self._blur_all(grid)
        grid.columns[grid.columns.index(now)] = was
        for row in grid.rows:
            row[was] = row.pop(now, "")
        self.edits += 1
        self.tell(f"renames the column {now} to {was}")
