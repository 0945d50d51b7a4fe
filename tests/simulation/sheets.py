"""Tables as people have them before their eyes: in memory, or a CSV file. Every hand that is laid on one goes through `hand`."""

from __future__ import annotations

import csv
import io
import os
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from functools import lru_cache
from pathlib import Path

from connectors.api import Cell, Effect, Page, Patch, Row, Traits, Written, fold
from connectors.identity import keys, normalised
from engine.columns import Column

CANONICAL = {fold(column): str(column) for column in Column}


@lru_cache(10_000)
def canonical(header: str) -> str:
    """A known column by its own name; a stranger as it is."""
    return CANONICAL.get(fold(header), header)


@lru_cache(10_000)
def _key(text: str) -> str:
    return normalised(text)


@lru_cache(100)
def _keys(texts: tuple[str, ...]) -> Sequence[str]:
    plain = [_key(text) for text in texts]
    bearers = Counter(plain)
    return tuple(k if k and not k.startswith("~") and bearers[k] == 1 else "" for k in plain)


@lru_cache(1_000)
def _headers(columns: tuple[str, ...]) -> Mapping[str, str]:
    """Canonical column → what it is called; the first of those that mean the same."""
    return {canonical(header): header for header in reversed(columns)}


@dataclass
class Grid:
    """Columns and rows as they stand: header → text, "" for blank."""

    columns: list[str]
    rows: list[dict[str, str]]

    def header(self, column: str) -> str | None:
        """What a column is called here; None where it isn't."""
        return _headers(tuple(self.columns)).get(column)

    def get(self, row: Mapping[str, str], column: str) -> str:
        header = self.header(column)
        return row.get(header, "") if header is not None else ""

    def put(self, row: dict[str, str], column: str, text: str) -> bool:
        """False where there is no such column."""
        header = self.header(column)
        if header is not None:
            row[header] = text
        return header is not None

    def keys(self) -> Sequence[str]:
        """The key of each row; "" for one that can't be told by it."""
        header = self.header("ID") or self.header("Name")
        return _keys(tuple([row.get(header or "", "") for row in self.rows]))

    def twin(self, row: Mapping[str, str]) -> dict[str, str]:
        """Another row that says the same."""
        return {header: row.get(header, "") for header in self.columns}

    def copy(self) -> Grid:
        return Grid(list(self.columns), [dict(row) for row in self.rows])


@dataclass
class Sheet:
    """A table under people's hands.

    changed: told after each hand, and after each write of rowd's.   unread: (key, column) of a shared cell that a person typed and
    rowd has not read yet → the text.   pasted: keys of rows that a person put back as they once stood, and that rowd has not read
    yet → what to do should it write there before.   reading: those of them that it has read and may not have learnt of.
    changes: key → how often its row changed, by whatever hand.
    reads: how often rowd read it.   unshown: keys of rows that rowd has written since, without being shown how they stand.
    misread: keys of rows in which a person then typed over rowd's cells: it takes that for how the store shows what it wrote.
    noted: moments of reads that rowd has surely learnt of, one after the other.
    zone: its own time zone, as the store names it; "" where it has none.
    """

    name: str
    changed: list[Callable[[], None]] = field(default_factory=list)
    unread: dict[tuple[str, str], str] = field(default_factory=dict)
    pasted: dict[str, Callable[[], None]] = field(default_factory=dict)
    reading: dict[str, Callable[[], None]] = field(default_factory=dict)
    changes: Counter[str] = field(default_factory=Counter)
    reads: int = 0
    unshown: set[str] = field(default_factory=set)
    misread: set[str] = field(default_factory=set)
    written: list[Callable[[str], None]] = field(default_factory=list)
    noted: list[int] = field(default_factory=list)
    zone: str = ""
    _replaced: bool = False
    _stood: dict[tuple[str, str], str] = field(default_factory=dict)  # where something is unread: what stood there before

    def look(self) -> Grid:
        """The table as it stands. Not to be changed."""
        raise NotImplementedError

    def save(self, grid: Grid) -> None:
        raise NotImplementedError

    def row(self, key: str) -> dict[str, str] | None:
        """The one row of this key. Not to be changed."""
        grid = self.look()
        return next((row for k, row in zip(grid.keys(), grid.rows, strict=True) if k == key), None)

    def was_read(self) -> None:
        """rowd has read all of it."""
        self.reads += 1
        self.unread.clear()
        self._replaced = False
        self.reading |= self.pasted
        self.pasted.clear()
        self.unshown.clear()

    def typed(self, key: str, column: str, was: str, text: str) -> None:
        """A person has typed into a shared cell. Who puts back what stood there has changed nothing that could get lost; once the
        whole table was replaced, that isn't known before it is read again."""
        if self._replaced:
            return
        if (key, column) not in self.unread:
            self._stood[key, column] = was
        self.unread[key, column] = text
        if text == self._stood[key, column]:
            del self.unread[key, column]

    def replaced(self) -> None:
        """An old copy stands in its place."""
        self.unread.clear()
        self._replaced = True

    def overtyped(self, key: str) -> None:
        """A person has put something into rowd's own cells."""
        if key in self.unshown:
            self.misread.add(key)

    def changed_in(self, key: str) -> None:
        """This row reads otherwise now."""
        self.changes[key] += 1
        for listener in self.written:
            listener(key)

    @contextmanager
    def hand(self) -> Iterator[Grid]:
        """Change the table; it is saved at the end."""
        grid = self.look()
        yield grid
        self.save(grid)
        self.tell()

    def tell(self) -> None:
        for listener in self.changed:
            listener()


class MemorySheet(Sheet):
    """Rows as dicts. `version` grows with each change of a person's: a marker says nothing of rowd's own writes."""

    def __init__(self, name: str, grid: Grid) -> None:
        super().__init__(name)
        self.grid, self.version = grid, 0

    def look(self) -> Grid:
        return self.grid

    def save(self, grid: Grid) -> None:
        self.grid = grid
        self.version += 1


class FileSheet(Sheet):
    """A CSV file under a spreadsheet program.

    in_place: the program saves into the file; otherwise it puts a new file in its place.
    Each save gets a later time stamp, although no time passes.
    """

    def __init__(self, name: str, path: Path, grid: Grid, *, in_place: bool) -> None:
        super().__init__(name)
        self.path, self._in_place, self._stamp = path, in_place, 1_000_000_000_000_000_000
        self.save(grid)

    def look(self) -> Grid:
        header, *rows = csv.reader(io.StringIO(self.path.read_bytes().decode("utf-8"), newline=""))
        return Grid(list(header), [dict(zip(header, row, strict=True)) for row in rows])

    def save(self, grid: Grid) -> None:
        text = io.StringIO(newline="")
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(grid.columns)
        writer.writerows([row.get(h, "") for h in grid.columns] for row in grid.rows)
        path = self.path if self._in_place else self.path.with_name("saving.tmp")
        path.write_bytes(text.getvalue().encode())
        self._stamp += 1_000_000_000
        os.utime(path, ns=(self._stamp, self._stamp))
        if not self._in_place:
            path.replace(self.path)


class MemoryTable:
    """A `MemorySheet` as the contract wants a table.

    atomic: it tests `Patch.expect`.   answers: 2 it shows rows after a write, 1 only on conflicts, 0 never.
    typed: it gives back numbers and instants as such, whatever was typed.
    """

    def __init__(self, sheet: MemorySheet, *, atomic: bool, batch: int, answers: int = 2, typed: bool = False) -> None:
        self.sheet = sheet
        self.traits = Traits(atomic_expect=atomic, batch=batch)
        self._answers, self._typed = answers, typed
        self._made: dict[int, tuple[tuple[str, ...], dict[str, str], dict[str, Cell]]] = {}  # of each row: as it was read last

    def read(self, cursor: str | None = None) -> Page:
        grid = self.sheet.look()
        return Page(tuple(self._rows(grid)), tuple(grid.columns), None, grid.header("ID"), time_zone=self.sheet.zone)

    def probe(self) -> str:
        return str(self.sheet.version)

    def write(self, patches: Sequence[Patch]) -> list[Written]:
        grid = self.sheet.look()
        keys_now = grid.keys()
        if any(patch.key.startswith("~") for patch in patches):
            keys_now = [row.key for row in self._rows(grid)]
        at = {key: index for index, key in enumerate(keys_now)}
        written = [self._patch(grid, at.get(patch.key), patch) for patch in patches]
        shown = {2: (Effect.APPLIED, Effect.CONFLICT), 1: (Effect.CONFLICT,), 0: ()}[self._answers]
        stands = grid.keys() if shown else []
        return [
            Written(effect, self._shown(grid, i, stands[i]) if i is not None and effect in shown else None) for effect, i in written
        ]

    def close(self) -> None:
        pass

    def _shown(self, grid: Grid, index: int, key: str) -> Row:
        if not key:
            return self._rows(grid)[index]
        return Row(key, {c: self._cell(grid.rows[index].get(c, "")) for c in grid.columns})

    def _patch(self, grid: Grid, index: int | None, patch: Patch) -> tuple[Effect, int | None]:
        if index is None:
            return Effect.MISSING, None
        row = grid.rows[index]
        if self.traits.atomic_expect and any(self._cell(row.get(c, "")) != v for c, v in patch.expect.items()):
            return Effect.CONFLICT, index
        row.update({c: _text(v) for c, v in patch.put.items() if c in grid.columns})
        return Effect.APPLIED, index

    def _rows(self, grid: Grid) -> list[Row]:
        columns, before = tuple(grid.columns), self._made
        self._made = {id(row): self._read(row, columns, before.get(id(row))) for row in grid.rows}
        made = [self._made[id(row)][2] for row in grid.rows]
        header = grid.header("ID") or grid.header("Name")
        found = keys([cells.get(header or "") for cells in made], lambda n: Row("", made[n]))
        return [Row(key, cells) for key, cells in zip(found, made, strict=True)]

    def _read(
        self, row: dict[str, str], columns: tuple[str, ...], last: tuple[tuple[str, ...], dict[str, str], dict[str, Cell]] | None
    ) -> tuple[tuple[str, ...], dict[str, str], dict[str, Cell]]:
        """Under which columns, the row, its cells.   last: the same of what may have been this row."""
        if last is not None and last[:2] == (columns, row):
            return last
        return columns, dict(row), {c: self._cell(row.get(c, "")) for c in columns}

    def _cell(self, text: str) -> Cell:
        return _typed(text) if self._typed else text or None


def _text(value: Cell) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case datetime():
            return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        case date():
            return value.isoformat()
    return "".join(c for c in str(value) if c >= " " or c in "\t\n\r").encode("utf-8", "replace").decode()


def _typed(text: str) -> Cell:
    if not text:
        return None
    if len(text) < 16 and text.isascii() and text.isdigit() and (text == "0" or text[0] != "0"):
        return int(text)
    if len(text) == 20 and text[10:11] == "T" and text[-1] == "Z":
        try:
            return datetime.fromisoformat(text)
        except ValueError:
            return text
    return text
