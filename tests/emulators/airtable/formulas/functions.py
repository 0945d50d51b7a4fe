"""The functions of formulas that look only at what they are given."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from urllib.parse import quote

from tests.emulators.airtable.formulas import dates
from tests.emulators.airtable.formulas.values import FormulaError, Value, flat, moment_of, number_of, text_of, true_of


@dataclass(frozen=True)
class Function:
    """least, most: how many arguments; most None: any number."""

    call: Callable[..., Value]
    least: int
    most: int | None


def _numbers(args: tuple[Value, ...]) -> list[float]:
    return [number_of(value) for value in flat(args) if isinstance(value, int | float) and not isinstance(value, bool)]


def _find(needle: Value, text: Value, start: Value = 1) -> int:
    return text_of(text).find(text_of(needle), max(int(number_of(start)) - 1, 0)) + 1


def _search(needle: Value, text: Value, start: Value = 1) -> int | None:
    at = text_of(text).lower().find(text_of(needle).lower(), max(int(number_of(start)) - 1, 0))
    return at + 1 if at >= 0 else None


def _mid(text: Value, start: Value, count: Value) -> str:
    begin = max(int(number_of(start)) - 1, 0)
    return text_of(text)[begin : begin + max(int(number_of(count)), 0)]


def _right(text: Value, count: Value) -> str:
    keep = int(number_of(count))
    return text_of(text)[-keep:] if keep > 0 else ""


def _substitute(text: Value, old: Value, new: Value, index: Value = None) -> str:
    whole, what, instead = text_of(text), text_of(old), text_of(new)
    if not what:
        return whole
    if index is None:
        return whole.replace(what, instead)
    parts, at = whole.split(what), int(number_of(index))
    return whole if not 0 < at < len(parts) else what.join(parts[:at]) + instead + what.join(parts[at:])


def _replace(text: Value, start: Value, count: Value, new: Value) -> str:
    begin = max(int(number_of(start)) - 1, 0)
    return text_of(text)[:begin] + text_of(new) + text_of(text)[begin + int(number_of(count)) :]


def _value(text: Value) -> float:
    match = re.search(r"-?\d[\d,]*(?:\.\d+)?|-?\.\d+", text_of(text))
    if match is None:
        raise FormulaError
    return float(match[0].replace(",", ""))


def _round(value: Value, places: Value = 0) -> float:
    number = number_of(value)
    if not math.isfinite(number):
        return number
    step = Decimal(1).scaleb(-int(number_of(places)))
    return float(
        Decimal(repr(float(number))).quantize(step, ROUND_HALF_UP)
        if number >= 0
        else -Decimal(repr(-float(number))).quantize(step, ROUND_HALF_UP)
    )


def _rounding(how: Callable[[float], float]) -> Callable[..., float]:
    def rounded(value: Value, places: Value = 0) -> float:
        power = 10.0 ** int(number_of(places))
        number = number_of(value)
        return math.copysign(how(abs(number) * power) / power, number)

    return rounded


def _stepping(how: Callable[[float], float]) -> Callable[..., float]:
    def stepped(value: Value, step: Value = 1) -> float:
        size = number_of(step) or math.nan
        return how(number_of(value) / size) * size if not math.isnan(size) else math.nan

    return stepped


def divided(a: float, b: float) -> float:
    """As JavaScript does: a division by zero is no error."""
    if b == 0:
        return math.nan if a == 0 or math.isnan(a) else math.copysign(math.inf, a)
    return a / b


def _mod(value: Value, by: Value) -> float:
    a, b = number_of(value), number_of(by)
    return math.nan if b == 0 or math.isnan(b) else a % b


def _average(*args: Value) -> float:
    numbers = _numbers(args)
    return divided(sum(numbers), len(numbers))


def _power(base: Value, exponent: Value) -> float:
    try:
        found = number_of(base) ** number_of(exponent)
    except (OverflowError, ZeroDivisionError):
        return math.inf
    return math.nan if isinstance(found, complex) else float(found)


def _safe(how: Callable[[float], float]) -> Callable[[Value], float]:
    def safe(value: Value) -> float:
        try:
            return how(number_of(value))
        except (ValueError, OverflowError):
            return math.nan

    return safe


def _log(value: Value, base: Value = 10) -> float:
    try:
        return math.log(number_of(value), number_of(base))
    except (ValueError, ZeroDivisionError):
        return math.nan


def _parity(odd: bool) -> Callable[[Value], float]:
    def away(value: Value) -> float:
        number = number_of(value)
        size = math.ceil(abs(number))
        return math.copysign(size + (size % 2 != odd), number)

    return away


def _pattern(regex: Value) -> re.Pattern[str]:
    try:
        return re.compile(text_of(regex))
    except re.error as exc:
        raise FormulaError from exc


def _extract(text: Value, regex: Value) -> str:
    match = _pattern(regex).search(text_of(text))
    if match is None:
        raise FormulaError
    return match[0]


def _regex_replace(text: Value, regex: Value, new: Value) -> str:
    return _pattern(regex).sub(re.sub(r"\$(\d)", r"\\\1", text_of(new)), text_of(text))


def _weekday(date: Value, first: Value = None) -> int:
    day = moment_of(date).local().isoweekday() % 7
    return (day - 1) % 7 if text_of(first).lower() == "monday" else day


def _part(name: str) -> Callable[[Value], int]:
    def part(date: Value) -> int:
        found: int = getattr(moment_of(date).local(), name)
        return found

    return part


def _unique(*args: Value) -> list[Value]:
    found: list[Value] = []
    for value in flat(args):
        if value not in found:
            found.append(value)
    return found


def _xor(*args: Value) -> bool:
    return sum(true_of(value) for value in args) % 2 == 1


def _raise() -> Value:
    raise FormulaError


FUNCTIONS: dict[str, Function] = {
    "NOT": Function(lambda value: not true_of(value), 1, 1),
    "XOR": Function(_xor, 1, None),
    "TRUE": Function(lambda: True, 0, 0),
    "FALSE": Function(lambda: False, 0, 0),
    "BLANK": Function(lambda: None, 0, 0),
    "ERROR": Function(_raise, 0, 0),
    "LEN": Function(lambda text: len(text_of(text)), 1, 1),
    "LOWER": Function(lambda text: text_of(text).lower(), 1, 1),
    "UPPER": Function(lambda text: text_of(text).upper(), 1, 1),
    "TRIM": Function(lambda text: text_of(text).strip(), 1, 1),
    "T": Function(lambda value: value if isinstance(value, str) else None, 1, 1),
    "LEFT": Function(lambda text, count: text_of(text)[: max(int(number_of(count)), 0)], 2, 2),
    "RIGHT": Function(_right, 2, 2),
    "MID": Function(_mid, 3, 3),
    "REPT": Function(lambda text, count: text_of(text) * int(number_of(count)), 2, 2),
    "CONCATENATE": Function(lambda *texts: "".join(text_of(text) for text in texts), 1, None),
    "SUBSTITUTE": Function(_substitute, 3, 4),
    "REPLACE": Function(_replace, 4, 4),
    "FIND": Function(_find, 2, 3),
    "SEARCH": Function(_search, 2, 3),
    "VALUE": Function(_value, 1, 1),
    "ENCODE_URL_COMPONENT": Function(lambda text: quote(text_of(text), safe="!'()*~-._"), 1, 1),
    "REGEX_MATCH": Function(lambda text, regex: _pattern(regex).search(text_of(text)) is not None, 2, 2),
    "REGEX_EXTRACT": Function(_extract, 2, 2),
    "REGEX_REPLACE": Function(_regex_replace, 3, 3),
    "ABS": Function(lambda value: abs(number_of(value)), 1, 1),
    "SUM": Function(lambda *args: sum(_numbers(args)), 1, None),
    "AVERAGE": Function(_average, 1, None),
    "MIN": Function(lambda *args: min(_numbers(args), default=0), 1, None),
    "MAX": Function(lambda *args: max(_numbers(args), default=0), 1, None),
    "COUNT": Function(lambda *args: len(_numbers(args)), 1, None),
    "COUNTA": Function(lambda *args: sum(value not in (None, "") for value in flat(args)), 1, None),
    "COUNTALL": Function(lambda *args: len(flat(args)), 1, None),
    "ROUND": Function(_round, 1, 2),
    "ROUNDUP": Function(_rounding(math.ceil), 1, 2),
    "ROUNDDOWN": Function(_rounding(math.floor), 1, 2),
    "CEILING": Function(_stepping(math.ceil), 1, 2),
    "FLOOR": Function(_stepping(math.floor), 1, 2),
    "INT": Function(lambda value: math.floor(number_of(value)), 1, 1),
    "MOD": Function(_mod, 2, 2),
    "POWER": Function(_power, 2, 2),
    "SQRT": Function(_safe(math.sqrt), 1, 1),
    "EXP": Function(_safe(math.exp), 1, 1),
    "LOG": Function(_log, 1, 2),
    "EVEN": Function(_parity(odd=False), 1, 1),
    "ODD": Function(_parity(odd=True), 1, 1),
    "ARRAYJOIN": Function(lambda values, sign=", ": text_of(sign).join(text_of(value) for value in flat([values])), 1, 2),
    "ARRAYUNIQUE": Function(_unique, 1, 1),
    "ARRAYCOMPACT": Function(lambda values: [value for value in flat([values]) if value not in (None, "")], 1, 1),
    "ARRAYFLATTEN": Function(lambda *values: flat(values), 1, None),
    "IS_AFTER": Function(lambda one, other: dates.order(one, other) == 1, 2, 2),
    "IS_BEFORE": Function(lambda one, other: dates.order(one, other) == -1, 2, 2),
    "IS_SAME": Function(dates.is_same, 2, 3),
    "DATEADD": Function(dates.added, 3, 3),
    "DATETIME_DIFF": Function(dates.difference, 2, 3),
    "DATETIME_PARSE": Function(dates.date_parse, 1, 3),
    "DATETIME_FORMAT": Function(dates.date_format, 1, 2),
    "SET_TIMEZONE": Function(dates.in_zone, 2, 2),
    "DATESTR": Function(dates.date_text, 1, 1),
    "TIMESTR": Function(dates.time_text, 1, 1),
    "YEAR": Function(_part("year"), 1, 1),
    "MONTH": Function(_part("month"), 1, 1),
    "DAY": Function(_part("day"), 1, 1),
    "HOUR": Function(_part("hour"), 1, 1),
    "MINUTE": Function(_part("minute"), 1, 1),
    "SECOND": Function(_part("second"), 1, 1),
    "WEEKDAY": Function(_weekday, 1, 2),
}

MOST: dict[str, tuple[int, int | None]] = {
    "AND": (1, None),
    "OR": (1, None),
    "IF": (2, 3),
    "SWITCH": (2, None),
    "ISERROR": (1, 1),
    "IS_ERROR": (1, 1),
    "NOW": (0, 0),
    "TODAY": (0, 0),
    "RECORD_ID": (0, 0),
    "CREATED_TIME": (0, 0),
    "LAST_MODIFIED_TIME": (0, None),
}
"""How many arguments those take that look at the row, at the clock, or not at all of their arguments: `evaluate` has them."""

ELSEWHERE = frozenset(
    {"FROMNOW", "TONOW", "WORKDAY", "WORKDAY_DIFF", "WEEKNUM", "SET_LOCALE", "ARRAYSLICE", "LAST_MODIFIED_BY", "CREATED_BY"}
)
"""Functions that Airtable has and we don't."""
