"""Cells as `cellFormat=string` gives them: as a person would see them."""

from __future__ import annotations

from typing import Any

from tests.emulators.airtable.formulas import Moment
from tests.emulators.airtable.formulas.dates import formatted
from tests.emulators.airtable.formulas.values import FormulaError, number_text, text_of
from tests.emulators.airtable.model import Field
from tests.emulators.airtable.reading import TableRow

LOCAL = {"en-us": "M/D/YYYY", "en": "M/D/YYYY", "en-gb": "DD/MM/YYYY", "de": "DD.MM.YYYY", "fr": "DD/MM/YYYY", "es": "DD/MM/YYYY"}
"""The date that a locale writes (moment.js, `l`)."""
_DATES = {"friendly": "MMMM D, YYYY", "us": "M/D/YYYY", "european": "D/M/YYYY", "iso": "YYYY-MM-DD"}


class UnknownLocale(Exception):
    """We don't know how dates are written there."""


def text(row: TableRow, field: Field, zone: str, locale: str) -> str | None:
    """None for an empty cell. Raises UnknownLocale.   zone: for date times whose field is of zone `client`."""
    try:
        value = row.value_of(field)
    except FormulaError:
        return "#ERROR!"
    kind = field.option("result", {"type": field.type, "options": field.options}) or {}
    return _written(value, str(kind.get("type", field.type)), kind.get("options") or {}, zone, locale)


def _written(value: Any, kind: str, options: dict[str, Any], zone: str, locale: str) -> str | None:
    match value:
        case None | "" | [] | False:
            return None
        case True:
            return "checked"
        case Moment():
            return _date(value, options, zone, locale)
        case list():
            return ", ".join(each for part in value if (each := _written(part, "", options, zone, locale)) is not None) or None
        case int() | float():
            return _number(value, kind, options)
    return text_of(value)


def _date(value: Moment, options: dict[str, Any], zone: str, locale: str) -> str:
    name = (options.get("dateFormat") or {}).get("name", "local")
    if name == "local" and locale.lower() not in LOCAL:
        raise UnknownLocale
    pattern = LOCAL[locale.lower()] if name == "local" else _DATES[name]
    if value.date_only:
        return formatted(value, pattern)
    own = str(options.get("timeZone", "client"))
    own = zone if own == "client" else own
    clock = "HH:mm" if (options.get("timeFormat") or {}).get("name") == "24hour" else "h:mma"
    return formatted(Moment(value.at, zone="UTC" if own.lower() == "utc" else own), f"{pattern} {clock}")


def _number(value: float, kind: str, options: dict[str, Any]) -> str:
    precision = options.get("precision")
    match kind:
        case "duration":
            minutes, seconds = divmod(int(value), 60)
            long = "ss" in str(options.get("durationFormat", "h:mm"))
            return f"{minutes // 60}:{minutes % 60:02d}" + (f":{seconds:02d}" if long else "")
        case "percent":
            return f"{value * 100:.{precision or 0}f}%"
        case "currency":
            return f"{options.get('symbol', '$')}{value:.{2 if precision is None else precision}f}"
        case "number" if precision is not None:
            return f"{value:.{precision}f}"
    return number_text(value)
