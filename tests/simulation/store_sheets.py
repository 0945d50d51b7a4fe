"""Tables of the vendors as people have them before their eyes: each hand that is laid on one goes through the emulator's person."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import cache
from operator import itemgetter
from typing import Any

from engine.columns import OURS, SHARED
from tests.emulators.airtable.person import Person as AirtablePerson
from tests.emulators.airtable.service import Airtable
from tests.emulators.core.exchange import Refused
from tests.emulators.google_sheets import a1
from tests.emulators.google_sheets.grid import Cell, Row
from tests.emulators.google_sheets.person import Person as SheetsPerson
from tests.emulators.google_sheets.service import GoogleSheets
from tests.emulators.notion import texts
from tests.emulators.notion.person import Person as NotionPerson
from tests.emulators.notion.world import Page, Source
from tests.simulation.sheets import Grid, Sheet, canonical

ROW = "\0row"
"""Under which a row in a hand bears who it is. No column is called so."""


@cache
def _theirs(columns: tuple[str, ...]) -> Callable[[Mapping[str, str]], tuple[str, ...]]:
    """A row's cells that are people's alone."""
    return itemgetter(*(h for h in columns if canonical(h) not in OURS and canonical(h) not in SHARED))


class ByRecord(Grid):
    """Of a store whose rows have ids of their own."""

    def keys(self) -> list[str]:
        return [row.get(ROW, "") for row in self.rows]

    def copy(self) -> ByRecord:
        return ByRecord(list(self.columns), [dict(row) for row in self.rows])


class StoreSheet(Sheet):
    """hands: how often people have laid a hand on it.   touched: when they last did, by `moment`; None before they have.

    tell_broken: hears of what stands otherwise in people's cells than they left it.
    """

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.hands = 0
        self.touched: int | None = None
        self.moment: Callable[[], int] = lambda: 0
        self.tell_broken: Callable[[str], None] = lambda _: None
        self._known: Grid | None = None
        self._shown: dict[str, tuple[str, ...]] = {}  # the same as rowd's last read showed them
        self._changed: dict[str, int] = {}  # row → the moment at which people last changed such cells of it
        self._left: dict[str, tuple[str, ...]] = {}  # people's cells as their last hand left them, by row

    def look(self) -> Grid:
        if self._known is None:
            self._known = self._seen()
        return self._known

    def stale(self) -> None:
        """It may have changed by another road."""
        self._known = None

    @contextmanager
    def hand(self) -> Iterator[Grid]:
        before, after = self.look(), self.look().copy()
        for wrong in self.trampled():
            self.tell_broken(wrong)
        yield after
        self._save(before, after)
        self.hands, self.touched = self.hands + 1, self.moment()
        was, self._left = self._left, self._peoples()
        self._changed.update((row, self.moment()) for row, cells in self._left.items() if cells != was.get(row))
        self.tell()

    def trampled(self) -> list[str]:
        """What is otherwise than people left it: their rows are to be there, no others, and in each all that is theirs alone."""
        now, left = self._peoples(), self._left
        if now == left or not self.hands:
            return []
        self._left = now
        return [
            f"a person left {left.get(row)}, and there is {now.get(row)}" for row in now | left if now.get(row) != left.get(row)
        ]

    def shown(self, read: Mapping[str, Mapping[str, Any]]) -> None:
        """rowd has read all of it.   read: who each row is → its cells, as it was shown them."""
        theirs = _theirs(tuple(self.look().columns))
        self._shown = {row: theirs(defaultdict(str, {h: _plain(cell) for h, cell in cells.items()})) for row, cells in read.items()}

    def news(self, after: int, before: int) -> str:
        """What a row says that was changed between these moments, and that rowd's last read didn't show; "" for nothing.

        One that is gone is not told of.
        """
        now = ((row, cells) for row, cells in self._peoples().items() if after < self._changed.get(row, after) <= before)
        return next((f"{row} says {cells}, not {self._shown.get(row)}" for row, cells in now if cells != self._shown.get(row)), "")

    def _peoples(self) -> dict[str, tuple[str, ...]]:
        grid = self.look()
        theirs = _theirs(tuple(grid.columns))
        return {row[ROW]: theirs(row) for row in grid.rows}

    def _save(self, before: Grid, after: Grid) -> None:
        """Do, cell by cell and row by row, what leads from one to the other."""
        was = {row[ROW]: row for row in before.rows}
        stay = [row[ROW] for row in after.rows if ROW in row]
        if gone := was.keys() - set(stay):
            self._delete(gone)
        for row in after.rows:
            if ROW in row and row != (old := was[row[ROW]]):
                self._type(row[ROW], {h: row[h] for h in after.columns if row.get(h, "") != old.get(h, "")})
                row.update(self._seen_row(row[ROW]))  # as the store shows what was typed
        if moved := stay != [name for name in was if name in set(stay)]:
            self._order(stay)
        new = [(index, row) for index, row in enumerate(after.rows) if ROW not in row]
        for index, row in new:
            self._insert({h: row[h] for h in after.columns if row.get(h)}, index)
        self._known = None if gone or moved or new else after

    def _seen(self) -> Grid:
        raise NotImplementedError

    def _seen_row(self, row: str) -> dict[str, str]:
        """One of them as it stands."""
        raise NotImplementedError

    def _delete(self, rows: Collection[str]) -> None:
        raise NotImplementedError

    def _type(self, row: str, cells: Mapping[str, str]) -> None:
        raise NotImplementedError

    def _insert(self, cells: Mapping[str, str], index: int) -> None:
        raise NotImplementedError

    def _order(self, rows: Sequence[str]) -> None:
        """Only what the store's own sort can bring about."""
        raise NotImplementedError


class TabOfSheets(StoreSheet):
    """A tab of Google Sheets. Its key is the text under ID; who a row is, its line knows."""

    def __init__(self, name: str, service: GoogleSheets, person: SheetsPerson, columns: Sequence[str]) -> None:
        super().__init__(name)
        self._service, self._person, self._columns = service, person, list(columns)
        self._lines: dict[int, tuple[Row, str]] = {}
        self._by_name: dict[str, Row] = {}

    def _seen(self) -> Grid:
        found = (self._of_line(at, line) for at, line in enumerate(self._person.sheet.rows[1:], 1))
        return Grid(list(self._columns), [row for row in found if row is not None])

    def _seen_row(self, row: str) -> dict[str, str]:
        return self._of_line(self._at(row), self._by_name[row]) or {**dict.fromkeys(self._columns, ""), ROW: row}

    def _of_line(self, at: int, line: Row) -> dict[str, str] | None:
        """None where nothing stands in it."""
        if all(cell.entered is None for cell in line.cells):
            return None
        shown = {h: self._text(at, c, cell) for c, (h, cell) in enumerate(zip(self._columns, line.cells, strict=False))}
        return {**dict.fromkeys(self._columns, ""), **shown, ROW: self._named(line)} if any(shown.values()) else None

    def _text(self, row: int, column: int, cell: Cell) -> str:
        match cell.entered:
            case None:
                return ""
            case str():
                return cell.entered
            case float() if cell.entered.is_integer() and not cell.format:
                return str(int(cell.entered))
        return str(self._service.renderer(self._person.book).given(self._person.sheet, row, column))

    def _named(self, line: Row) -> str:
        if id(line) not in self._lines:
            name = f"line {len(self._lines)}"
            self._lines[id(line)] = (line, name)
            self._by_name[name] = line
        return self._lines[id(line)][1]

    def _at(self, row: str) -> int:
        return self._person.sheet.rows.index(self._by_name[row])

    def _delete(self, rows: Collection[str]) -> None:
        for at in sorted((self._at(row) for row in rows), reverse=True):
            self._person.delete_rows(at + 1)

    def _type(self, row: str, cells: Mapping[str, str]) -> None:
        at = self._at(row)
        for header, text in cells.items():
            self._person.type(a1.corner(at, self._columns.index(header)), text)

    def _insert(self, cells: Mapping[str, str], index: int) -> None:
        """Above the row that stands there, or below the last."""
        self._person.insert_rows(index + 2)
        self._person.paste(f"A{index + 2}", [[cells.get(header, "") for header in self._columns]])

    def _order(self, rows: Sequence[str]) -> None:
        """As `Person.sort` leaves it, by an order that isn't the page's own."""
        sheet = self._person.sheet
        with self._service.lock:
            lines = [self._by_name[row] for row in rows]
            places = sorted(sheet.rows.index(line) for line in lines)
            for at, line in zip(places, lines, strict=True):
                sheet.rows[at] = line
            self._person.file.changed(self._service.clock.now())


class TableOfAirtable(StoreSheet):
    def __init__(self, name: str, service: Airtable, person: AirtablePerson, columns: Sequence[str]) -> None:
        super().__init__(name)
        self._service, self._person, self._columns = service, person, list(columns)

    def _seen(self) -> Grid:
        return ByRecord(list(self._columns), [self._of_record(key, cells) for key, cells in self._person.rows().items()])

    def _seen_row(self, row: str) -> dict[str, str]:
        return self._of_record(row, self._person.row(row))

    def _of_record(self, key: str, cells: Mapping[str, Any]) -> dict[str, str]:
        return {**{header: _plain(cells.get(header)) for header in self._columns}, ROW: key}

    def _delete(self, rows: Collection[str]) -> None:
        self._person.delete(*sorted(rows))

    def _type(self, row: str, cells: Mapping[str, str]) -> None:
        for header, text in cells.items():
            with suppress(Refused):  # a number's cell takes no text: the page puts back what stood there
                self._person.type(row, header, text)

    def _insert(self, cells: Mapping[str, str], index: int) -> None:
        shown = list(self._person.rows())
        self._person.insert(cells, above=shown[index] if index < len(shown) else None)

    def _order(self, rows: Sequence[str]) -> None:
        for row in rows:
            self._person.move(row)


class DatabaseOfNotion(StoreSheet):
    """In the order in which rows were made: no API tells how a view sorts them."""

    def __init__(self, name: str, person: NotionPerson, source: Source) -> None:
        super().__init__(name)
        self._person, self._source = person, source

    def _seen(self) -> Grid:
        rows = [self._of_page(page) for page in self._person.rows(self._source)]
        return ByRecord([each.name for each in self._source.properties.values()], rows)

    def _seen_row(self, row: str) -> dict[str, str]:
        return self._of_page(self._row(row))

    def _of_page(self, page: Page) -> dict[str, str]:
        cells = {each.name: _of_notion(page.values.get(each.id)) for each in self._source.properties.values()}
        return {**cells, ROW: page.id}

    def _row(self, row: str) -> Page:
        return self._source.rows[row]

    def _delete(self, rows: Collection[str]) -> None:
        for row in sorted(rows):
            self._person.delete(self._row(row))

    def _type(self, row: str, cells: Mapping[str, str]) -> None:
        for header, text in cells.items():
            self._person.type(self._row(row), header, text)

    def _insert(self, cells: Mapping[str, str], index: int) -> None:
        self._person.insert(self._source, cells)

    def _order(self, rows: Sequence[str]) -> None:
        """A view may be sorted; no row moves by that."""


def _plain(value: Any) -> str:
    if value is None:
        return ""
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def _of_notion(value: Any) -> str:
    return texts.plain(value) if isinstance(value, list) else _plain(value)
