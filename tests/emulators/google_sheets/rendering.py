"""How a cell's value is given back: FORMATTED_VALUE, UNFORMATTED_VALUE, FORMULA."""

from __future__ import annotations

from datetime import datetime

from tests.emulators.core.exchange import Json
from tests.emulators.google_sheets import serials
from tests.emulators.google_sheets.book import Book
from tests.emulators.google_sheets.formulas import Reckoner, Result
from tests.emulators.google_sheets.grid import Cell, Failure, Formula, Sheet, Value
from tests.emulators.google_sheets.locales import locale
from tests.emulators.google_sheets.showing import LARGE, TIMES, shown

FORMATTED, UNFORMATTED, FORMULA = "FORMATTED_VALUE", "UNFORMATTED_VALUE", "FORMULA"


class Renderer:
    """One reading of one spreadsheet."""

    def __init__(self, book: Book, at: datetime, option: str = FORMATTED, times: str = "SERIAL_NUMBER") -> None:
        """option: ValueRenderOption.   times: DateTimeRenderOption; it says nothing where values are formatted."""
        self._reckoner = Reckoner(book, serials.now(at, str(book.properties["timeZone"])))
        self._locale = locale(book.locale)
        self._option, self._times = option, times

    def given(self, sheet: Sheet, row: int, column: int) -> Json:
        """What `values.get` has for the cell; "" for an empty one. Raises NotEmulated."""
        return self.one(sheet, row, column, sheet.cell(row, column))

    def line(self, sheet: Sheet, row: int, left: int, right: int) -> list[Json]:
        """The same for some cells of a row, without what is empty at its end."""
        cells = sheet.rows[row].cells[left:right]
        while cells and cells[-1].entered is None:
            cells.pop()
        return [
            cell.entered if cell.entered.__class__ is str else self.one(sheet, row, column, cell)
            for column, cell in enumerate(cells, left)
        ]

    def one(self, sheet: Sheet, row: int, column: int, cell: Cell) -> Json:
        entered = cell.entered
        if entered is None or isinstance(entered, str):
            return entered or ""
        if self._option == FORMATTED:
            if entered.__class__ is float and not cell.format and entered == int(entered) and abs(entered) < LARGE:
                return str(int(entered))
            return self.text(self._reckoner.value(sheet, row, column))
        if self._option == FORMULA and isinstance(entered, Formula):
            return entered.text
        if not isinstance(entered, Formula) and not cell.format:
            return plain(entered)
        result = self._reckoner.value(sheet, row, column)
        if self._times == "FORMATTED_STRING" and result.format.get("type") in TIMES and isinstance(result.value, float):
            return self.text(result)
        return plain(result.value)

    def text(self, result: Result) -> str:
        """What is shown."""
        return "" if result.value is None else shown(result.value, result.format, self._locale)

    def result(self, sheet: Sheet, row: int, column: int) -> Result:
        return self._reckoner.value(sheet, row, column)


def plain(value: Value | None) -> Json:
    """As JSON has it: whole numbers without a fraction (gspread's recordings: =4/2 is 2)."""
    if isinstance(value, Failure):  # seen in several projects that read them: #DIV/0! (Function DIVIDE parameter 2 cannot be zero.)
        return f"{value.text} ({value.message})" if value.message else value.text
    if isinstance(value, float) and value == int(value) and abs(value) < 1e15:
        return int(value)
    return "" if value is None else value
