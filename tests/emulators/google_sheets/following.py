"""What goes along when rows or columns of a tab go elsewhere: formulas that name cells, and everything that has a range."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

from tests.emulators.core.exchange import Json, NotEmulated
from tests.emulators.google_sheets import a1
from tests.emulators.google_sheets.book import Book
from tests.emulators.google_sheets.formula_text import Reference, followed, renamed
from tests.emulators.google_sheets.grid import Formula, Sheet, moved

Where = Callable[[int], int | None]
"""Old index → new one; None for what is gone."""


def inserted(at: int, count: int) -> Where:
    return lambda index: index if index < at else index + count


def deleted(start: int, end: int) -> Where:
    return lambda index: index if index < start else None if index < end else index - (end - start)


def carried(size: int, start: int, end: int, to: int) -> Where:
    """As `grid.moved` has it."""
    order = moved(range(size), start, end, to)
    new = {old: index for index, old in enumerate(order)}
    return lambda index: new.get(index, index)


def follow(book: Book, sheet: Sheet, rows: bool, where: Where) -> None:
    """After the grid itself has changed."""
    for other in book.sheets:
        rewritten(other, partial(followed, own=other is sheet, title=sheet.title, rows=rows, where=where))
    book.names = {
        key: {**name, "range": new}
        for key, name in book.names.items()
        if (new := _range(name["range"], rows, where) if name["range"].get("sheetId", 0) == sheet.id else name["range"])
    }
    for name in list(sheet.parts):
        sheet.parts[name] = _part(name, sheet.parts[name], rows, where)
        if not sheet.parts[name]:
            del sheet.parts[name]


def retitled(book: Book, old: str, new: str | None) -> None:
    """A tab has another title, or is gone: what names it names it anew, or nothing."""

    def how(given: Reference) -> Reference | None:
        if given.sheet is None or given.sheet.lower() != old.lower():
            return given
        return None if new is None else given._replace(title=f"{a1.quoted(new)}!")

    for sheet in book.sheets:
        rewritten(sheet, lambda text: renamed(text, how))


def rewritten(sheet: Sheet, how: Callable[[str], str]) -> None:
    """All formulas of a tab anew: in cells, in rules, in conditional formats. Raises NotEmulated."""
    known: dict[int, Json] = {}
    for row in sheet.rows:
        for column, cell in enumerate(row.cells):
            if isinstance(cell.entered, Formula):
                cell = row.cells[column] = replace(cell, entered=Formula(how(cell.entered.text)))
            if cell.rule is not None:
                if id(cell.rule) not in known:
                    known[id(cell.rule)] = _rule(cell.rule, how)
                if known[id(cell.rule)] is not cell.rule:
                    row.cells[column] = replace(cell, rule=known[id(cell.rule)])
    if "conditionalFormats" in sheet.parts:
        sheet.parts["conditionalFormats"] = [_conditional(one, how) for one in sheet.parts["conditionalFormats"]]


def _rule(rule: Json, how: Callable[[str], str]) -> Json:
    """The same one where nothing is new."""
    new = _condition(rule["condition"], how)
    if new == rule["condition"]:
        return rule
    if rule["condition"]["type"] != "ONE_OF_RANGE":
        raise NotEmulated("a formula of a data validation rule whose cells go elsewhere")
    return {**rule, "condition": new}


def _conditional(one: Json, how: Callable[[str], str]) -> Json:
    if "booleanRule" not in one:
        return one
    return {**one, "booleanRule": {**one["booleanRule"], "condition": _condition(one["booleanRule"]["condition"], how)}}


def _condition(condition: Json, how: Callable[[str], str]) -> Json:
    values = [
        {**value, "userEnteredValue": how(text)} if (text := value.get("userEnteredValue", "")).startswith("=") else value
        for value in condition.get("values", [])
    ]
    return {**condition, "values": values} if values else condition


def _part(name: str, part: Any, rows: bool, where: Where) -> Any:
    if name == "merges":
        return [new for one in part if (new := _range(one, rows, where)) and not _single(new)]
    if name in ("rowGroups", "columnGroups"):
        if (name == "rowGroups") != rows:
            return part
        return [{**one, "range": new} for one in part if (new := _span(one["range"], "startIndex", "endIndex", where))]
    if name == "conditionalFormats":
        kept = [{**one, "ranges": [new for given in one["ranges"] if (new := _range(given, rows, where))]} for one in part]
        return [one for one in kept if one["ranges"]]
    if name == "basicFilter":
        new = _range(part["range"], rows, where)
        return {**part, "range": new} if new else None
    if name == "protectedRanges":
        return [new for one in part if (new := _protection(one, rows, where))]
    if name == "tables":
        if not rows:
            raise NotEmulated("columns that move in a tab with tables")
        return [{**one, "range": new} for one in part if (new := _range(one["range"], rows, where))]
    raise NotEmulated(f"rows or columns that move in a tab with {name}")


def _single(given: Json) -> bool:
    """One cell alone is no merge."""
    height, width = given["endRowIndex"] - given["startRowIndex"], given["endColumnIndex"] - given["startColumnIndex"]
    return bool(height == width == 1)


def _protection(one: Json, rows: bool, where: Where) -> Json:
    new = _range(one["range"], rows, where)
    if not new and set(one["range"]) - {"sheetId"}:
        return None
    if "unprotectedRanges" not in one:
        return {**one, "range": new or one["range"]}
    free = [given for old in one["unprotectedRanges"] if (given := _range(old, rows, where))]
    return {**one, "range": new or one["range"], "unprotectedRanges": free}


def _range(given: Json, rows: bool, where: Where) -> Json:
    names = ("startRowIndex", "endRowIndex") if rows else ("startColumnIndex", "endColumnIndex")
    return _span(given, *names, where)


def _span(given: Json, first: str, last: str, where: Where) -> Json:
    """None for one of which nothing is left."""
    if first not in given or last not in given:
        return given
    left = [new for old in range(given[first], given[last]) if (new := where(old)) is not None]
    return {**given, first: min(left), last: max(left) + 1} if left else None
