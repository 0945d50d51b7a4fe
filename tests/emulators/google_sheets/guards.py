"""What keeps a cell from being written: protected ranges, and strict rules where the switch says that the API heeds them."""

from __future__ import annotations

from tests.emulators.core.exchange import Json, NotEmulated
from tests.emulators.google_sheets.book import from_json
from tests.emulators.google_sheets.errors import invalid
from tests.emulators.google_sheets.grid import Area, Entered, Formula, Sheet

MOST_LETTERS = 50_000
PROTECTED = (
    "You are trying to edit a protected cell or object. Please contact the spreadsheet owner "
    "to remove protection if you need to edit."
)


def check(sheet: Sheet, area: Area, email: str) -> None:
    """Raises Refused where someone writes who may not. A warning alone keeps nobody from it."""
    for protection in sheet.parts.get("protectedRanges", []):
        if protection.get("warningOnly") or email in protection["editors"].get("users", []):
            continue
        if area.meets(from_json(protection["range"], sheet)) and not _left_open(protection, sheet, area):
            raise invalid(PROTECTED)


def check_lines(sheet: Sheet, rows: bool, start: int, end: int, email: str) -> None:
    """The same for whole rows or columns, which are deleted or moved."""
    whole = sheet.whole
    check(sheet, whole._replace(top=start, bottom=end) if rows else whole._replace(left=start, right=end), email)


def check_insert(sheet: Sheet, rows: bool, at: int, email: str) -> None:
    """Raises Refused where new rows or columns would stand within what is protected."""
    whole = sheet.whole
    for protection in sheet.parts.get("protectedRanges", []):
        area = from_json(protection["range"], sheet)
        within = area.top < at < area.bottom if rows else area.left < at < area.right
        if within or area == whole:
            check(sheet, area, email)


def fits(text: str) -> None:
    """Raises Refused for what is too long for a cell, by whichever request it comes."""
    if len(text) > MOST_LETTERS:
        raise invalid(f"Your input contains more than the maximum of {MOST_LETTERS} characters in a single cell.")


def covered(sheet: Sheet, row: int, column: int) -> None:
    """Raises NotEmulated for a cell that a merge hides: what becomes of a value that is written into it, nobody here knows."""
    for one in sheet.parts.get("merges", []):
        area = from_json(one, sheet)
        if area.holds(row, column) and (row, column) != (area.top, area.left):
            raise NotEmulated("a value for a cell that a merge hides")


def _left_open(protection: Json, sheet: Sheet, area: Area) -> bool:
    return any(area.within(from_json(given, sheet)) for given in protection.get("unprotectedRanges", []))


def allows(rule: Json, entered: Entered | None) -> bool:
    """Whether a strict rule lets it in. Only lists and checkboxes are looked at."""
    if not rule or not rule.get("strict") or entered is None or isinstance(entered, Formula):
        return True
    condition = rule["condition"]
    if condition["type"] == "ONE_OF_LIST":
        words = [value.get("userEnteredValue") for value in condition.get("values", [])]
        shown = f"{entered:g}" if isinstance(entered, float) else str(entered)
        return shown in words
    if condition["type"] == "BOOLEAN" and not condition.get("values"):
        return isinstance(entered, bool)
    return True
