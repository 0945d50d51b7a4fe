"""How a cell's value is given back: FORMATTED_VALUE, UNFORMATTED_VALUE, FORMULA."""

from __future__ import annotations

from datetime import datetime

from tests.emulators.core.exchange import Json
from tests.emulators.google_sheets import serials
from tests.emulators.google_sheets.book import Book
from tests.emulators.google_sheets.formulas import Reckoner, Result
from tests.emulators.google_sheets.grid import Failure, Formula, Sheet, Value
from tests.emulators.google_sheets.locales import locale
from tests.emulators.google_sheets.showing import TIMES, shown

FORMATTED, UNFORMATTED, FORMULA = "FORMATTED_VALUE", "UNFORMATTED_VALUE", "FORMULA"


class Renderer:
    """One reading of one spreadsheet."""

    def __init__(self, book: Book, at: datetime, option: str = FORMATTED, times: str = "SERIAL_NUMBER") -> None:
        """option: ValueRenderOption.   times: DateTimeRenderOption; it says nothing where values are formatted."""
        self._reckoner = Reckoner(book, serials.now(at, str(book.properties["timeZone"])))
        self._locale = locale(book.locale)
        self._option, self._times = option, times

    def given(self, sheet: Sheet, row: int, column: int) -> Json:
        """What `values.get` has for the cell; "" for an empty one. Raises Missing."""
        entered = sheet.cell(row, column).entered
        if entered is None:
            return ""
        if self._option == FORMATTED:
            return entered if isinstance(entered, str) else self.text(self._reckoner.value(sheet, row, column))
        if self._option == FORMULA and isinstance(entered, Formula):
            return entered.text
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
    if isinstance(value, Failure):
        return value.text
    if isinstance(value, float) and value == int(value) and abs(value) < 1e15:
        return int(value)
    return "" if value is None else value
