"""Someone at the page: the second road to the cells, through no API, no token and no quota.

Rows are numbered as the page does, from 1. Columns are letters. Nothing here is refused but what the page refuses too.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from tests.emulators.google_sheets import a1, following, guards, merging, pasting, sorting, undoing, values
from tests.emulators.google_sheets.book import Book
from tests.emulators.google_sheets.files import File
from tests.emulators.google_sheets.grid import EMPTY, Area, Cell, Sheet
from tests.emulators.google_sheets.service import OWNER, GoogleSheets
from tests.emulators.google_sheets.values import Writer


class Person:
    """Works on one tab of one spreadsheet.   email: as whom.   undoes: may take back what was done, which is kept for that."""

    def __init__(self, service: GoogleSheets, file_id: str, tab: str, email: str = OWNER, *, undoes: bool = True) -> None:
        """Raises KeyError where there is no such spreadsheet or tab."""
        file = service.files.get(file_id)
        if file is None or file.book is None:
            raise KeyError(file_id)
        self._service, self._file, self._email = service, file, email
        self.book: Book = file.book
        self._sheet = self.book.titled(tab)
        self._undoes = undoes
        self._done: list[tuple[undoing.State, undoing.State, bool]] = []

    @property
    def file(self) -> File:
        return self._file

    @property
    def sheet(self) -> Sheet:
        return self._sheet

    def seen(self) -> list[list[str]]:
        """What the tab shows, without what is empty at its ends."""
        with self._service.lock:
            found = values.read(self._sheet, self._sheet.whole, self._service.renderer(self.book))
        rows: list[list[str]] = found.get("values", [])
        return rows

    def shown(self, cell: str) -> str:
        with self._service.lock:
            area = self._area(cell)
            return str(self._service.renderer(self.book).given(self._sheet, area.top, area.left))

    # cells

    def type(self, cell: str, text: str) -> None:
        """As at the keyboard: `1/2` is a date, `=1+1` a formula, nothing clears. Raises NotEmulated for what isn't emulated."""
        self.paste(cell, [[text]])

    def paste(self, cell: str, rows: Sequence[Sequence[str]]) -> None:
        """Texts from elsewhere, each taken as if typed. The grid grows where they don't fit."""
        with self._doing():
            area = self._area(cell)
            width = max((len(row) for row in rows), default=0)
            bottom, right = area.top + len(rows), area.left + width
            self._sheet.resize(max(self._sheet.height, bottom), max(self._sheet.width, right))
            guards.check(self._sheet, Area(area.top, bottom, area.left, right), self._email)
            writer = Writer(self.book, self._service.clock.now(), "USER_ENTERED", self._email, strict=True)
            for r, row in enumerate(rows):
                for c, text in enumerate(row):
                    writer.put(self._sheet, area.top + r, area.left + c, text, cell)

    def clear(self, cells: str) -> None:
        """The delete key."""
        with self._doing():
            values.clear(self._sheet, self._area(cells), self._email)

    def copy(self, cells: str, to: str) -> None:
        """Copied and pasted, within the tab."""
        with self._doing():
            area, target = self._area(cells), self._area(to)
            for r, row in enumerate(pasting.lifted(self._sheet, area)):
                for c, cell in enumerate(row):
                    self._sheet.put(
                        target.top + r, target.left + c, pasting.moved(cell, target.top - area.top, target.left - area.left)
                    )

    def cut(self, cells: str, to: str) -> None:
        """Cut and pasted, within the tab. Whether a whole row takes its metadata along is the switch `cut_paste`."""
        with self._doing():
            area, start = self._area(cells), self._area(to)
            wanted = Area(start.top, start.top + area.height, start.left, start.left + area.width)
            follows = self._service.switches["cut_paste"] == "follows"
            pasting.cut(self._sheet, area, self._sheet, wanted, "PASTE_NORMAL", follows)

    def merge(self, cells: str) -> None:
        """Into one, by the menu."""
        with self._doing():
            merging.merge(self._sheet, self._area(cells))

    def unmerge(self, cells: str) -> None:
        """By the menu, too."""
        with self._doing():
            merging.unmerge(self._sheet, self._area(cells))

    # rows

    def insert_rows(self, before: int, count: int = 1) -> None:
        self._insert(True, before - 1, count)

    def delete_rows(self, first: int, last: int | None = None) -> None:
        self._delete(True, first - 1, last or first)

    def move_rows(self, first: int, last: int, before: int) -> None:
        """Dragged to where `before` stands now."""
        self._move(True, first - 1, last, before - 1)

    def copy_row(self, row: int, to: int) -> None:
        """A whole row over another. Whether its metadata is copied too is the switch `row_copy`."""
        with self._doing():
            source, target = self._sheet.rows[row - 1], self._sheet.rows[to - 1]
            target.cells[:] = [pasting.moved(cell, to - row, 0) for cell in source.cells]
            if self._service.switches["row_copy"] == "metadata":
                for entry in [entry for entry in self.book.entries.values() if entry.line is source]:
                    number = self._service.new_number(self.book.entries)
                    self.book.entries[number] = entry._replace(id=number, line=target)

    def sort(self, column: str, *, descending: bool = False, cells: str | None = None) -> None:
        """By the menu. The first row stays, as a header that is frozen does.   cells: only these; None for the whole tab."""
        with self._doing(sorting_=True):
            area = self._area(cells) if cells is not None else self._sheet.whole._replace(top=1)
            spec = {"dimensionIndex": a1.number(column), "sortOrder": "DESCENDING" if descending else "ASCENDING"}
            rows = sorting.order(self._sheet, area, [spec], self._service.renderer(self.book))
            follow = sorting.covers(self._sheet, area) or self._service.switches["partial_sort"] == "rows"
            sorting.sort(self._sheet, area, rows, follow)

    def sort_view(self, column: str, *, descending: bool = False) -> None:
        """In a filter view. Whether the rows themselves move is the switch `view_sort`."""
        if self._service.switches["view_sort"] == "rows":
            self.sort(column, descending=descending)

    # columns

    def insert_columns(self, before: str, count: int = 1) -> None:
        self._insert(False, a1.number(before), count)

    def delete_columns(self, first: str, last: str | None = None) -> None:
        self._delete(False, a1.number(first), a1.number(last or first) + 1)

    def move_columns(self, first: str, last: str, before: str) -> None:
        self._move(False, a1.number(first), a1.number(last) + 1, a1.number(before))

    def rename_column(self, old: str, new: str) -> None:
        """Types over a header. Raises KeyError."""
        for column in range(self._sheet.filled_width(0)):
            if self._sheet.cell(0, column).entered == old:
                self.type(a1.corner(0, column), new)
                return
        raise KeyError(old)

    # the tab and the file

    def rename_tab(self, title: str) -> None:
        with self._doing():
            old, self._sheet.title = self._sheet.title, title
            following.retitled(self.book, old, title)

    def share(self, email: str | None, role: str = "writer") -> None:
        """email: None for anyone with the link."""
        with self._service.lock:
            self._service.files.share(self._file, email, role)
            self._file.changed(self._service.clock.now())

    def unshare(self, email: str | None) -> None:
        with self._service.lock:
            self._service.files.unshare(self._file, email)
            self._file.changed(self._service.clock.now())

    def trash(self, trashed: bool = True) -> None:
        with self._service.lock:
            self._file.trashed = trashed
            self._file.changed(self._service.clock.now())

    def undo(self) -> None:
        """Takes back the last thing that this person did to the tab; what others did since stays. Raises IndexError."""
        with self._service.lock:
            undoing.undo(self.book, self._sheet, *self._done.pop())
            self._file.changed(self._service.clock.now())

    def _insert(self, rows: bool, at: int, count: int) -> None:
        with self._doing():
            self._sheet.insert(rows, at, count)
            if rows and at:
                above = self._sheet.rows[at - 1].cells
                for row in self._sheet.rows[at : at + count]:
                    row.cells[:] = [_look(cell) for cell in above] if not all(_look(cell).bare for cell in above) else []
            following.follow(self.book, self._sheet, rows, following.inserted(at, count))

    def _delete(self, rows: bool, start: int, end: int) -> None:
        with self._doing():
            self._sheet.delete(rows, start, end)
            following.follow(self.book, self._sheet, rows, following.deleted(start, end))

    def _move(self, rows: bool, start: int, end: int, to: int) -> None:
        with self._doing():
            self._sheet.move(rows, start, end, to)
            size = self._sheet.height if rows else self._sheet.width
            following.follow(self.book, self._sheet, rows, following.carried(size, start, end, to))

    @contextmanager
    def _doing(self, *, sorting_: bool = False) -> Iterator[None]:
        with self._service.lock:
            back, before = self.book.keep(), undoing.state(self.book, self._sheet) if self._undoes else None
            try:
                yield
            except Exception:
                back()
                raise
            self.book.sweep()
            if before is not None:
                self._done.append((before, undoing.state(self.book, self._sheet), sorting_))
            self._file.changed(self._service.clock.now())

    def _area(self, cells: str) -> Area:
        return self.book.place(f"{a1.quoted(self._sheet.title)}!{cells}").area


def _look(cell: Cell) -> Cell:
    """What a new row takes from the one above."""
    return Cell(None, cell.format, "", cell.rule) if cell is not EMPTY else EMPTY


def person(service: GoogleSheets, title: str, tab: str = "Tasks", email: str = OWNER) -> Person:
    """At the newest spreadsheet of that name. Raises KeyError."""
    for file in service.files:
        if file.name == title:
            return Person(service, file.id, tab, email)
    raise KeyError(title)
