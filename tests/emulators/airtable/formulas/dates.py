"""The functions of formulas that know dates, and the letters in which dates are written there (those of moment.js)."""

from __future__ import annotations

import calendar
import math
import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from tests.emulators.airtable.formulas.values import FormulaError, Moment, Value, from_iso, moment_of, number_of, text_of

_TOKEN = re.compile(
    r"\[([^\]]*)\]|YYYY|YY|MMMM|MMM|MM|M|DD|Do|D|dddd|ddd|HH|H|hh|h|mm|m|ss|s|SSS|ZZ|Z|A|a|LLLL|LLL|LL|LT|L|l|X|x|.", re.DOTALL
)
_LONG = {"L": "MM/DD/YYYY", "l": "M/D/YYYY", "LL": "MMMM D, YYYY", "LLL": "MMMM D, YYYY h:mm A", "LT": "h:mm A"}
_READ = {
    "YYYY": r"(?P<Y>\d{4})", "YY": r"(?P<y>\d{2})", "MM": r"(?P<M>\d{1,2})", "M": r"(?P<M>\d{1,2})", "DD": r"(?P<D>\d{1,2})",
    "D": r"(?P<D>\d{1,2})", "HH": r"(?P<H>\d{1,2})", "H": r"(?P<H>\d{1,2})", "hh": r"(?P<H>\d{1,2})", "h": r"(?P<H>\d{1,2})",
    "mm": r"(?P<m>\d{1,2})", "m": r"(?P<m>\d{1,2})", "ss": r"(?P<s>\d{1,2})", "s": r"(?P<s>\d{1,2})", "SSS": r"(?P<S>\d{1,3})",
    "A": r"(?P<A>[AaPp][Mm])", "a": r"(?P<A>[AaPp][Mm])", "Z": r"(?P<Z>Z|[+-]\d{2}:?\d{2})", "ZZ": r"(?P<Z>Z|[+-]\d{2}:?\d{2})",
    "MMMM": r"(?P<N>[A-Za-z]+)", "MMM": r"(?P<N>[A-Za-z]+)",
}  # fmt: skip
_SPANS = {"millisecond": 1, "second": 1000, "minute": 60_000, "hour": 3_600_000, "day": 86_400_000, "week": 604_800_000}
_SHORT = {
    "ms": "millisecond",
    "s": "second",
    "m": "minute",
    "h": "hour",
    "d": "day",
    "w": "week",
    "M": "month",
    "Q": "quarter",
    "y": "year",
}
_MONTHS = {"month": 1, "quarter": 3, "year": 12}


def formatted(moment: Moment, pattern: str) -> str:
    """In the moment's own zone."""
    at = moment.local()
    return "".join(_written(match, at) for match in _TOKEN.finditer(pattern))


def _written(match: re.Match[str], at: datetime) -> str:
    token = match[0]
    if match[1] is not None:
        return match[1]
    if token in _LONG:
        return "".join(_written(inner, at) for inner in _TOKEN.finditer(_LONG[token]))
    hour, offset = at.hour % 12 or 12, at.strftime("%z")
    return {
        "YYYY": f"{at.year:04d}", "YY": f"{at.year % 100:02d}", "MMMM": calendar.month_name[at.month],
        "MMM": calendar.month_abbr[at.month], "MM": f"{at.month:02d}", "M": str(at.month), "DD": f"{at.day:02d}", "D": str(at.day),
        "Do": f"{at.day}{_ordinal(at.day)}", "dddd": calendar.day_name[at.weekday()], "ddd": calendar.day_abbr[at.weekday()],
        "HH": f"{at.hour:02d}", "H": str(at.hour), "hh": f"{hour:02d}", "h": str(hour),
        "mm": f"{at.minute:02d}",
        "m": str(at.minute),
        "ss": f"{at.second:02d}", "s": str(at.second), "SSS": f"{at.microsecond // 1000:03d}", "A": "PM" if at.hour >= 12 else "AM",
        "a": "pm" if at.hour >= 12 else "am", "Z": f"{offset[:3]}:{offset[3:]}", "ZZ": offset, "X": str(int(at.timestamp())),
        "x": str(int(at.timestamp() * 1000)),
    }.get(token, token)  # fmt: skip


def _ordinal(day: int) -> str:
    return "th" if 10 < day < 14 else {1: "st", 2: "nd", 3: "rd"}.get(day % 10, "th")


def parsed(text: str, pattern: str) -> Moment:
    """Raises FormulaError."""
    body = "".join(
        re.escape(match[1]) if match[1] is not None else _READ.get(match[0], re.escape(match[0]))
        for match in _TOKEN.finditer(pattern)
    )
    try:
        found = re.fullmatch(body, text.strip())
    except re.error as exc:
        raise FormulaError from exc
    if found is None:
        raise FormulaError
    parts = {name: value for name, value in found.groupdict().items() if value is not None}
    year = int(parts["Y"]) if "Y" in parts else 2000 + int(parts["y"]) if "y" in parts else None
    month = _named(parts["N"]) if "N" in parts else int(parts.get("M", 1))
    if year is None:
        raise FormulaError
    hour = int(parts.get("H", 0))
    if "A" in parts:
        hour = hour % 12 + (12 if parts["A"].lower() == "pm" else 0)
    plain = (
        f"{year:04d}-{month:02d}-{int(parts.get('D', 1)):02d}T{hour:02d}:{int(parts.get('m', 0)):02d}:{int(parts.get('s', 0)):02d}"
    )
    moment = from_iso(f"{plain}.{parts.get('S', '0')}{parts.get('Z', 'Z')}")
    if moment is None:
        raise FormulaError
    return moment


def _named(word: str) -> int:
    for month in range(1, 13):
        if word.lower() in (calendar.month_name[month].lower(), calendar.month_abbr[month].lower()):
            return month
    raise FormulaError


def unit_of(value: Value) -> str:
    """`day` for `d`, `day`, `days`."""
    text = text_of(value)
    unit = _SHORT.get(text) or text.lower().removesuffix("s")
    if unit not in _SPANS and unit not in _MONTHS:
        raise FormulaError
    return unit


def begun(moment: Moment, unit: str) -> datetime:
    """The beginning of the unit that it lies in; weeks begin on Sunday."""
    at = moment.local()
    if unit in _MONTHS:
        return at.replace(
            month=1 + (at.month - 1) // _MONTHS[unit] * _MONTHS[unit], day=1, hour=0, minute=0, second=0, microsecond=0
        )
    if unit in ("day", "week"):
        back = timedelta(days=at.isoweekday() % 7 if unit == "week" else 0)
        return at.replace(hour=0, minute=0, second=0, microsecond=0) - back
    drop = {
        "hour": {"minute": 0, "second": 0, "microsecond": 0},
        "minute": {"second": 0, "microsecond": 0},
        "second": {"microsecond": 0},
    }
    return at.replace(**drop[unit]) if unit in drop else at  # type: ignore[arg-type]  # names of datetime's parts


def order(one: Value, other: Value) -> int | None:
    """-1, 0 or 1; None where one of them is blank, which is neither before nor after anything. Raises FormulaError."""
    if one in (None, "") or other in (None, ""):
        return None
    a, b = moment_of(one).at, moment_of(other).at
    return (a > b) - (a < b)


def is_same(one: Value, other: Value, unit: Value = None) -> bool:
    if one in (None, "") or other in (None, ""):
        return False
    a, b = moment_of(one), moment_of(other)
    return a.at == b.at if unit is None else begun(a, unit_of(unit)) == begun(b, unit_of(unit))


def added(date: Value, count: Value, unit: Value) -> Moment:
    moment, number, name = moment_of(date), number_of(count), unit_of(unit)
    if math.isnan(number):
        raise FormulaError
    try:
        if name not in _MONTHS:
            return moment.but(moment.at + timedelta(milliseconds=number * _SPANS[name]))
        months = moment.at.year * 12 + moment.at.month - 1 + int(number) * _MONTHS[name]
        year, month = months // 12, months % 12 + 1
        day = min(moment.at.day, calendar.monthrange(year, month)[1])
        return moment.but(moment.at.replace(year=year, month=month, day=day))
    except (ValueError, OverflowError) as exc:
        raise FormulaError from exc


def difference(one: Value, other: Value, unit: Value = "second") -> float:
    """Whole units from the second date to the first, cut towards zero."""
    a, b, name = moment_of(one).at, moment_of(other).at, unit_of(unit)
    if name not in _MONTHS:
        return math.trunc((a - b) / timedelta(milliseconds=1) / _SPANS[name])
    low, high = min(a, b), max(a, b)
    months = (high.year - low.year) * 12 + high.month - low.month
    months -= (high.day, high.time()) < (low.day, low.time())
    return math.trunc((months if a >= b else -months) / _MONTHS[name])


def date_parse(text: Value, pattern: Value = None, _locale: Value = None) -> Moment | None:
    if text is None or text == "":
        return None
    if isinstance(text, Moment):
        return Moment(text.at, zone=text.zone)
    if pattern is not None:
        return parsed(text_of(text), text_of(pattern))
    found = moment_of(text_of(text))
    return Moment(found.at)


def date_format(date: Value, pattern: Value = None) -> str:
    moment = moment_of(date)
    return formatted(moment, text_of(pattern)) if pattern is not None else (formatted(moment, "YYYY-MM-DDTHH:mm:ssZ"))


def in_zone(date: Value, zone: Value) -> Moment:
    moment = moment_of(date)
    try:
        ZoneInfo(text_of(zone))
    except (KeyError, ValueError, OSError) as exc:
        raise FormulaError from exc
    return Moment(moment.at, moment.date_only, text_of(zone))


def today(now: datetime) -> Moment:
    return Moment(now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0), date_only=True)


def date_text(date: Value) -> str:
    return formatted(moment_of(date), "YYYY-MM-DD")


def time_text(date: Value) -> str:
    return formatted(moment_of(date), "HH:mm:ss")
