"""Where `values.append` puts rows: after the last table in the range, below its first column."""

from __future__ import annotations

from tests.emulators.google_sheets.grid import Area, Sheet


def table(sheet: Sheet, area: Area) -> Area | None:
    """The table that the range is about; None for none: then rows go where the range begins.

    It is the one with the range's last filled cell: of a row `x`, empty, `y` the table is `y` alone (gspread's recording of
    test_append_row_with_empty_value), of two below each other it is the lower (Google's guide to appending values).
    """
    for row in reversed(range(area.top, min(area.bottom, sheet.height))):
        for column in reversed(range(area.left, min(area.right, sheet.filled_width(row)))):
            if sheet.filled(row, column):
                return _around(sheet, row, column)
    return None


def _around(sheet: Sheet, row: int, column: int) -> Area:
    """The rectangle that grows from a cell as long as a filled one touches it, at a corner too."""
    box = Area(row, row + 1, column, column + 1)
    while True:
        wider = box
        rows = range(max(box.top - 1, 0), min(box.bottom + 1, sheet.height))
        columns = range(max(box.left - 1, 0), min(box.right + 1, sheet.width))
        if box.top > 0 and any(sheet.filled(box.top - 1, c) for c in columns):
            wider = wider._replace(top=box.top - 1)
        if box.bottom < sheet.height and any(sheet.filled(box.bottom, c) for c in columns):
            wider = wider._replace(bottom=box.bottom + 1)
        if box.left > 0 and any(sheet.filled(r, box.left - 1) for r in rows):
            wider = wider._replace(left=box.left - 1)
        if box.right < sheet.width and any(sheet.filled(r, box.right) for r in rows):
            wider = wider._replace(right=box.right + 1)
        if wider == box:
            return box
        box = wider
