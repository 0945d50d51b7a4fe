"""One cell: from what the API says of it to a value, and from a value to what is sent. Pure. What was put is what is read.

Everything is sent RAW, so that text is stored as it is: it can never become a formula, a date or a number.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import date, datetime, tzinfo
from typing import Any, NamedTuple

from connectors.api import Cell
from connectors.google_sheets.serials import clock_of, day_of, instant_of, serial_of
from connectors.plain import EXACT, clean, instant

Raw = str | int | float | bool | None
"""What a cell holds, as `UNFORMATTED_VALUE` and `effectiveValue` have it; None for nothing."""

CELL_LIMIT = 50_000  # characters in a cell; support.google.com/drive/answer/37603, and the API's own message, read 2026-11-21
DATED = frozenset({"DATE", "DATE_TIME"})
"""Number formats under which a number is an instant."""

_FAILURES = {
    "NULL_VALUE": "#NULL!",
    "DIVIDE_BY_ZERO": "#DIV/0!",
    "VALUE": "#VALUE!",
    "REF": "#REF!",
    "NAME": "#NAME?",
    "NUM": "#NUM!",
    "N_A": "#N/A",
    "LOADING": "Loading...",
}
"""ErrorValue.type → what the page shows (Sheets discovery document, rev. 20261019)."""


class Stood(NamedTuple):
    """One cell as it stood; a tuple, since a read makes very many.

    raw: what it holds, or what its formula comes to.   kind: its NumberFormat.type; "" for none.   formula: None where it has none.
    """

    raw: Raw = None
    kind: str = ""
    formula: str | None = None


NOTHING = Stood()


def stood(data: Mapping[str, Any]) -> Stood:
    """A CellData of `spreadsheets.get`."""
    value = data.get("effectiveValue", {})
    if len(data) == 1 and value:
        return Stood(_extended(value))
    kind = data.get("effectiveFormat", {}).get("numberFormat", {}).get("type", "")
    formula = data.get("userEnteredValue", {}).get("formulaValue")
    if not value and not kind and formula is None:
        return NOTHING
    return Stood(_extended(value), kind, formula)


def _extended(value: Mapping[str, Any]) -> Raw:
    for name in ("stringValue", "numberValue", "boolValue"):
        if name in value:
            found: Raw = value[name]
            return found if found != "" else None
    return _FAILURES.get(str(value["errorValue"].get("type")), "#ERROR!") if "errorValue" in value else None


def cell_of(raw: Raw, kind: str, zone: tzinfo) -> Cell:
    """The value of a cell: None where a person sees nothing.

    kind: a number under DATE or DATE_TIME is an instant in `zone`, or a day where it has no time of day; under TIME it is a text
    like `09:30`. Any other number is whole where it is.
    """
    match raw:
        case None | bool():
            return raw
        case str():
            return None if not raw or raw.isspace() else raw
        case int() | float():
            if not math.isfinite(raw):
                return str(raw)
            try:
                if kind == "TIME":
                    return clock_of(raw)
                if kind in DATED:
                    return day_of(raw) if kind == "DATE" and float(raw).is_integer() else instant_of(raw, zone)
            except (OverflowError, ValueError):  # a number that no calendar has
                pass
            return int(raw) if float(raw).is_integer() and abs(raw) < EXACT else raw


def raw_of(value: Cell, kind: str, zone: tzinfo) -> Raw:
    """What is sent for a value; "" clears the cell.

    kind: of the cell it goes to: an instant, or a day, is a date there where the cell shows dates, else the text
    `2026-11-21T09:00:00Z`, `2026-11-21`. Text is cut at what a cell holds, with a mark; control characters are dropped.
    Raises Bug for an instant without a zone.
    """
    match value:
        case None:
            return ""
        case bool():
            return value
        case datetime():
            text = instant(value)
            return serial_of(value, zone) if kind in DATED else text
        case date():
            return serial_of(value, zone) if kind in DATED else value.isoformat()
        case int():
            return value if abs(value) < EXACT else str(value)
        case float():
            return value if math.isfinite(value) else str(value)
        case str():
            return _cut(clean(value))


def alike(one: Raw, other: Raw) -> bool:
    """Whether two raw values are the same in a cell: a number is the same whole or not, truth is no number, "" is nothing."""
    one, other = (None if raw == "" else raw for raw in (one, other))
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, int | float) and isinstance(other, int | float):
        return math.isclose(one, other, rel_tol=1e-12, abs_tol=0.0)
    return type(one) is type(other) and one == other


def _cut(text: str) -> str:
    """Counted in UTF-16, lest it be counted so there: nobody says how."""
    encoded = text.encode("utf-16-le")
    if len(encoded) <= 2 * CELL_LIMIT:
        return text
    return encoded[: 2 * (CELL_LIMIT - 1)].decode("utf-16-le", "ignore") + "…"
