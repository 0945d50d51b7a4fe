"""What becomes of a text that is typed into a cell: USER_ENTERED, as the page itself does it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, time
from typing import NamedTuple

from tests.emulators.core.exchange import Json, NotEmulated
from tests.emulators.google_sheets import serials
from tests.emulators.google_sheets.grid import Entered, Formula
from tests.emulators.google_sheets.locales import Locale
from tests.emulators.google_sheets.showing import MONTHS

TIME = re.compile(r"(\d{1,2}):(\d{2})(?::(\d{2})(\.\d{1,3})?)?(?:(\s*)([AaPp][Mm]))?")
ISO = re.compile(r"(\d{4})([-/.])(\d{1,2})\2(\d{1,2})")
SHORT = re.compile(r"(\d{1,2})([-/.])(\d{1,2})(?:\2(\d{4}|\d{2}))?")
NAMED_FIRST = re.compile(r"([A-Za-z]{3,9})\.? (\d{1,2})(?:,? (\d{4}))?")
NAMED_SECOND = re.compile(r"(\d{1,2})[ -]([A-Za-z]{3,9})(?:[ -](\d{4}))?")
UNSURE = re.compile(
    r"\+.+"  # a formula, if anything
    r"|\(.*\d.*\)"  # in brackets: a negative number, as accountants write it
    r"|\d{1,2} ?[ap]m|\d{2,}:\d{2}(:\d{2})?"  # an hour alone, a duration
    r"|\d{4}[-/.]\d{1,2}|\d{1,2}[-/.]\d{4}|\d+ \d+/\d+",  # a month, a fraction
    re.IGNORECASE,
)
"""What the page may make something of, nobody here knows what: answered with 501 rather than a guess."""
CENTURY = 30
"""Two-digit years below are 20xx."""


class Typed(NamedTuple):
    """value: None clears the cell.   format: the NumberFormat that comes with it, where the cell has none; None for none."""

    value: Entered | None
    format: Json = None


def raw(given: Json) -> Typed:
    """RAW: stored as it is."""
    if isinstance(given, str):
        return Typed(given or None)
    return Typed(given if isinstance(given, bool) else float(given))


def typed(given: Json, locale: Locale, today: date, number_format: Mapping[str, Json]) -> Typed:
    """USER_ENTERED.   number_format: what the cell has: in a cell of plain text all is text. Raises NotEmulated."""
    if not isinstance(given, str) or number_format.get("type") == "TEXT":
        return raw(given)
    if given.startswith("'"):
        return Typed(given[1:] or None)
    text = given.strip()
    if text.startswith("=") and len(text) > 1:
        return Typed(Formula(given.lstrip()))
    if text.upper() in (locale.yes, locale.no, "TRUE", "FALSE"):
        return Typed(text.upper() in (locale.yes, "TRUE"))
    found = _number(text, locale) or _dated(text, locale, today)
    if found is not None:
        return found
    if UNSURE.fullmatch(text) or (_month(text.partition(" ")[0]) and re.fullmatch(r"[A-Za-z]+ \d{4}", text)):
        raise NotEmulated(f"typing {text}")
    return Typed(given or None)


def _number(text: str, locale: Locale) -> Typed | None:
    group, decimal = re.escape(locale.group), re.escape(locale.decimal)
    symbol = re.escape(locale.currency)
    match = re.fullmatch(
        rf"(?P<sign>[-+]?)(?P<before>{symbol}\s?)?(?P<sign2>-?)(?P<whole>\d{{1,3}}(?:{group}\d{{3}})+|\d*)"
        rf"(?:{decimal}(?P<part>\d*))?(?P<power>[eE][-+]?\d+)?(?P<after>\s?{symbol}|\s?%)?",
        text,
    )
    if match is None or not (match["whole"] or match["part"]):
        return None
    grouped = bool(match["whole"]) and not match["whole"].isdigit()
    digits = re.sub(r"\D", "", match["whole"]) or "0"
    value = float(f"{digits}.{match['part'] or '0'}{match['power'] or ''}")
    if "-" in match["sign"] + match["sign2"]:
        value = -value
    decimals = match["part"] or ""
    after = (match["after"] or "").strip()
    if after == "%":
        return Typed(float(f"{value / 100:.15g}"), {"type": "PERCENT", "pattern": "0.00%" if decimals else "0%"})
    if match["before"] or after:
        places = ".00" if decimals else ""
        mark = f'"{locale.currency}"'
        pattern = f"{mark}#,##0{places}" if match["before"] else f"#,##0{places}\\ {mark}"
        return Typed(value, {"type": "CURRENCY", "pattern": pattern})
    if match["power"]:
        return Typed(value, {"type": "SCIENTIFIC", "pattern": "0.00E+00"})
    if grouped:
        return Typed(value, {"type": "NUMBER", "pattern": "#,##0.00" if decimals else "#,##0"})
    return Typed(value)


def _dated(text: str, locale: Locale, today: date) -> Typed | None:
    if (match := TIME.fullmatch(text)) is not None:
        at, pattern = _time(match)
        return Typed(serials.serial(None, at), {"type": "TIME", "pattern": pattern}) if at is not None else None
    day_text, _, time_text = text.rpartition(" ")
    time_match = TIME.fullmatch(time_text)
    if time_match is None and day_text and time_text.upper() in ("AM", "PM"):
        day_text, _, clock = day_text.rpartition(" ")
        time_match = TIME.fullmatch(f"{clock} {time_text}")
    if time_match is not None and (found := _day(day_text, locale, today)) is not None:
        at, pattern = _time(time_match)
        if at is None:
            return None
        return Typed(serials.serial(found[0], at), {"type": "DATE_TIME", "pattern": f"{found[1]} {pattern}"})
    if (found := _day(text, locale, today)) is not None:
        return Typed(serials.serial(found[0]), {"type": "DATE", "pattern": found[1]})
    return None


def _time(match: re.Match[str]) -> tuple[time | None, str]:
    hour, minute, second = int(match[1]), int(match[2]), int(match[3] or 0)
    pattern = ("hh" if match[1].startswith("0") else "h") + ":mm" + (":ss" if match[3] else "")
    if match[4]:
        pattern += ".000"[: len(match[4])]
    if match[6]:
        pattern += " am/pm"
        if not 1 <= hour <= 12:
            return None, ""
        hour = hour % 12 + (12 if match[6].upper() == "PM" else 0)
    if hour > 23 or minute > 59 or second > 59:
        return None, ""
    return time(hour, minute, second, round(float(match[4] or 0) * 1e6)), pattern


def _day(text: str, locale: Locale, today: date) -> tuple[date, str] | None:
    """The day, and the pattern that shows it as it was typed."""
    if (match := ISO.fullmatch(text)) is not None:
        mark = match[2]
        pattern = mark.join(("yyyy", "MM" if len(match[3]) == 2 else "M", "dd" if len(match[4]) == 2 else "d"))
        return _date(int(match[1]), int(match[3]), int(match[4]), pattern)
    if (match := SHORT.fullmatch(text)) is not None:
        return _short(match, locale, today)
    if (match := NAMED_FIRST.fullmatch(text)) is not None and (month := _month(match[1])):
        pattern = ("MMM" if len(match[1]) == 3 else "MMMM") + " d" + (", yyyy" if match[3] else "")
        return _date(int(match[3] or today.year), month, int(match[2]), pattern)
    if (match := NAMED_SECOND.fullmatch(text)) is not None and (month := _month(match[2])):
        mark = "-" if "-" in text else " "
        pattern = f"d{mark}" + ("MMM" if len(match[2]) == 3 else "MMMM") + (f"{mark}yyyy" if match[3] else "")
        return _date(int(match[3] or today.year), month, int(match[1]), pattern)
    return None


def _short(match: re.Match[str], locale: Locale, today: date) -> tuple[date, str] | None:
    mark = match[2]
    if mark == "." and locale.between != ".":
        return None  # a number, or none, where dates have no dots
    month_first = locale.order != "dMy"
    month, day = (match[1], match[3]) if month_first else (match[3], match[1])
    words = ["MM" if len(month) == 2 and month[0] == "0" else "M", "dd" if len(day) == 2 and day[0] == "0" else "d"]
    parts = words if month_first else words[::-1]
    year = today.year
    if match[4]:
        parts.append("yy" if len(match[4]) == 2 else "yyyy")
        year = int(match[4]) if len(match[4]) == 4 else int(match[4]) + (2000 if int(match[4]) < CENTURY else 1900)
    return _date(year, int(month), int(day), mark.join(parts))


def _date(year: int, month: int, day: int, pattern: str) -> tuple[date, str] | None:
    try:
        return date(year, month, day), pattern
    except ValueError:
        return None


def _month(name: str) -> int:
    """From 1; 0 for none."""
    for index, month in enumerate(MONTHS):
        if name.lower() in (month.lower(), month[:3].lower()):
            return index + 1
    return 0
