"""What one action has changed in a tab, and how it is taken back later, when others have been at work since."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple, TypeVar

from tests.emulators.google_sheets.book import Book, Entry
from tests.emulators.google_sheets.following import follow, retitled
from tests.emulators.google_sheets.grid import EMPTY, Cell, Column, Row, Sheet

Line = TypeVar("Line", Row, Column)


class State(NamedTuple):
    """A tab as it stood."""

    title: str
    rows: list[Row]
    columns: list[Column]
    cells: dict[Row, list[Cell]]
    entries: dict[int, Entry]


def state(book: Book, sheet: Sheet) -> State:
    cells = {row: list(row.cells) for row in sheet.rows}
    return State(sheet.title, list(sheet.rows), list(sheet.columns), cells, dict(book.entries))


def _by_column(columns: Sequence[Column], cells: Sequence[Cell]) -> dict[Column, Cell]:
    return dict(zip(columns, cells, strict=False))


def undo(book: Book, sheet: Sheet, before: State, after: State, sorted_: bool) -> None:
    """Back goes what was changed between the two; rows and columns that are gone since are left alone.

    sorted_: it was a sort, after which formulas elsewhere name the cells that they named before.
    """
    if sheet.title == after.title != before.title:
        sheet.title = before.title
        retitled(book, after.title, before.title)
    _put_rows(book, sheet, _restored(sheet.rows, before.rows, after.rows), sorted_)
    _put_columns(book, sheet, _restored(sheet.columns, before.columns, after.columns))
    for row in sheet.rows:
        _put_cells(sheet, row, before, after)
    for number in before.entries.keys() - after.entries.keys():
        book.entries.setdefault(number, before.entries[number])
    for number in after.entries.keys() - before.entries.keys():
        book.entries.pop(number, None)
    book.sweep()


def _restored(now: Sequence[Line], before: Sequence[Line], after: Sequence[Line]) -> list[Line]:
    """The lines as they stand once the change is taken back."""
    old, new, here = set(before), set(after), set(now)
    lines = [line for line in now if line in old or line not in new]
    both = [line for line in before if line in new]
    if both != [line for line in after if line in old]:
        order, among = iter([line for line in both if line in here]), set(both)
        lines = [next(order) if line in among else line for line in lines]
    for index, line in enumerate(before):
        if line not in new:
            lines.insert(min(index, len(lines)), line)
    return lines


def _put_rows(book: Book, sheet: Sheet, rows: list[Row], sorted_: bool) -> None:
    if rows == sheet.rows:
        return
    where = _moves(sheet.rows, rows)
    sheet.rows[:] = rows
    if not sorted_:
        follow(book, sheet, True, where)


def _put_columns(book: Book, sheet: Sheet, columns: list[Column]) -> None:
    if columns == sheet.columns:
        return
    where = _moves(sheet.columns, columns)
    for row in sheet.rows:
        kept = _by_column(sheet.columns, row.cells)
        row.cells[:] = [kept.get(column, EMPTY) for column in columns]
    sheet.columns[:] = columns
    follow(book, sheet, False, where)


def _moves(old: Sequence[Line], new: Sequence[Line]) -> Callable[[int], int | None]:
    places = {line: index for index, line in enumerate(new)}
    where = {index: places.get(line) for index, line in enumerate(old)}
    return lambda index: where.get(index, index)


def _put_cells(sheet: Sheet, row: Row, before: State, after: State) -> None:
    if row not in before.cells:
        return  # it has come since
    were, are = before.cells[row], after.cells.get(row, [])
    if were == are and before.columns == after.columns:
        return
    old, new = _by_column(before.columns, were), _by_column(after.columns, are)
    index = sheet.rows.index(row)
    for place, column in enumerate(sheet.columns):
        if old.get(column, EMPTY) != new.get(column, EMPTY):
            sheet.put(index, place, old.get(column, EMPTY))
