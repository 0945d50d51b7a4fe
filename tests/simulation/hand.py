"""One person's hand on a table, and what it leaves behind: what was typed, pressed and counted, and what can't be told any more."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random

from tests.simulation.copies import Copies
from tests.simulation.machine import Machine
from tests.simulation.presses import Presses
from tests.simulation.rows import Writer
from tests.simulation.sheets import Grid, Sheet, canonical
from tests.simulation.spans import Spans

Tell = Callable[[str], None]


@dataclass
class Count:
    """What a counter ought to come to, by what people did to it.   sure: False once something blurred it.   taken: away from it."""

    sum: float
    sure: bool = True
    taken: float = 0


@dataclass
class Hand:
    """Types into cells and puts rows in, and keeps the accounts that the laws go by.

    typed: what was ever typed into Status and Do.   said: (key, column, text) → how often Status and Current may be taken for typed
    so; key "" where it couldn't be told.   typed_at: the moments at which they were.   edits: changes of cells, rows and columns.
    over: nothing is done to the table any more.   daring: share of what makes rows ambiguous: copies saved over newer ones, columns
    dropped, ids cleared.
    """

    sheet: Sheet
    spans: Spans
    machine: Machine
    chance: Random
    writer: Writer
    tell: Tell
    daring: float
    copies: Copies
    edits: int = 0
    over: bool = False
    done: dict[str, int] = field(default_factory=dict)
    presses: Presses = field(default_factory=Presses)
    counts: dict[str, Count] = field(default_factory=dict)
    said: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    typed_at: dict[tuple[str, str, str], list[int]] = field(default_factory=dict)
    typed: set[str] = field(default_factory=lambda: {"active", "paused", "draft", "completed"})
    snoozed: Tell = lambda _key: None

    def note(self, grid: Grid) -> None:
        column = self.chance.choice(("Notes", "Description", "Notes"))
        self._type(grid, self._row(grid), column, f"note {self.edits}")

    # --- inside

    def _row(self, grid: Grid) -> dict[str, str] | None:
        return self.chance.choice(grid.rows) if grid.rows else None

    def _type(self, grid: Grid, row: dict[str, str] | None, column: str, text: str) -> str:
        """Answers the row's key; "" where it can't be told, or there is no such cell."""
        if row is None or grid.header(column) is None:
            return ""
        was, key = grid.get(row, column), self._key(grid, row)
        if column == "Name" and grid.header("ID") is None and key:
            self._blur(grid, row)
        grid.put(row, column, text)
        self._touched(grid, row)
        if column == "Name" and (now := self._key(grid, row)) != key and (pressed := grid.get(row, "Do")):
            self.presses.returned.append((now, pressed))  # where the name is the key, this is another row, and its button is new
        if key and column in ("Status", "Do", "Current") and text != was:
            self.sheet.typed(key, column, was, text)
        if column in ("Status", "Do"):
            self.typed.add(text)
        if column in ("Status", "Current"):
            self.said[key, column, text] += 1
            self.typed_at.setdefault((key, column, text), []).append(self.machine.moment)
            self.spans.pasted.discard(key)
        if key in self.counts and (column in ("Threshold", "Type") or (column == "Current" and not text.lstrip("-").isdigit())):
            self.counts[key].sure = False
        self.edits += 1
        self.tell(f"types {text!r} into {column} of {self._called(grid, row)} (was {was!r})")
        return key

    def _touched(self, grid: Grid, row: dict[str, str]) -> None:
        if key := self._key(grid, row):
            self.spans.touch(key)
            self.sheet.changes[key] += 1
            self.copies.look(key, row)

    def _key(self, grid: Grid, row: dict[str, str]) -> str:
        return next((k for k, r in zip(grid.keys(), grid.rows, strict=True) if r is row), "")

    def _insert(self, grid: Grid, cells: dict[str, str], *, again: bool = False) -> None:
        if grid.header("ID") is not None and not again and not cells.get("ID") and self.chance.random() < 0.5:
            cells["ID"] = ""
        row = {h: cells.get(canonical(h), cells.get(h, "")) for h in grid.columns}
        grid.rows.insert(self.chance.randint(0, len(grid.rows)), row)
        key = self._key(grid, row)
        if again:
            self._blur(grid, row)
        elif key and cells.get("Type") == "counter" and grid.header("Current") is not None and key not in self.counts:
            self.counts[key] = Count(float(cells.get("Current") or 0))
        self._touched(grid, row)
        self.edits += 1
        self.tell(f"{'puts back' if again else 'inserts'} {self._called(grid, row)} {[v for v in row.values() if v][:6]}")

    def _blur(self, grid: Grid, row: dict[str, str]) -> None:
        """What this row's counter and button come to can't be told from here any more."""
        key = self._key(grid, row)
        said = grid.get(row, "ID") or grid.get(row, "Name")
        for one in {key, said, *(k for k in self.counts if k == said)}:
            self.presses.muddied(one)
            self.copies.spoil(one)
            if one in self.counts:
                self.counts[one].sure = False
            for press in self.presses.all:
                if press.key == one and not press.seen:
                    press.ready = False
            self.spans.touch(one)

    def _blur_all(self, grid: Grid) -> None:
        for row in grid.rows:
            self._blur(grid, row)

    def _called(self, grid: Grid, row: dict[str, str]) -> str:
        return f"{grid.get(row, 'Name')!r} [{grid.get(row, 'ID')}]"
