"""What a cell shows: number formats, by the API's patterns, in the spreadsheet's locale."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import ROUND_HALF_UP, Decimal

from tests.emulators.core.exchange import Json, NotEmulated
from tests.emulators.google_sheets import serials
from tests.emulators.google_sheets.grid import Failure, Value
from tests.emulators.google_sheets.locales import Locale

MONTHS = ["January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"]
DAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]
TIMES = ("DATE", "TIME", "DATE_TIME")
DATE_PARTS = re.compile(r'"[^"]*"|\\.|y+|M+|m+|d+|h+|H+|s+|\.0+|a/p|A/P|am/pm|AM/PM|.', re.DOTALL)
NUMBER_PARTS = re.compile(r'^((?:"[^"]*"|\\.|[^0#?.,%"\\])*)([#,0?]*)(?:\.([0#?]+))?(E\+0+)?((?:"[^"]*"|\\.|[^0#?"\\])*)$')
DEFAULTS = {
    "NUMBER": "#,##0.00",
    "PERCENT": "0.00%",
    "SCIENTIFIC": "0.00E+00",
}
DIGITS = 10
"""An automatic format shows so many significant ones: =1/3 is 0.3333333333, =PI() 3.141592654."""
LARGE = 1e15


def shown(value: Value, number_format: Mapping[str, Json], locale: Locale) -> str:
    """number_format: the API's NumberFormat; empty for automatic. Raises NotEmulated for what isn't emulated."""
    if isinstance(value, Failure):
        return value.text
    if isinstance(value, bool):
        return locale.yes if value else locale.no
    if isinstance(value, str):
        return value
    kind = number_format.get("type", "")
    if kind in ("", "TEXT", "NUMBER_FORMAT_TYPE_UNSPECIFIED") and not number_format.get("pattern"):
        return general(value, locale)
    pattern = pattern_of(number_format, locale)
    if kind == "TEXT" or pattern == "@":
        return general(value, locale)
    if pattern.lower() == "general":
        return general(value, locale)
    if kind in TIMES:
        return dated(value, pattern)
    return numbered(value, pattern, locale)


def pattern_of(number_format: Mapping[str, Json], locale: Locale) -> str:
    """The pattern, or the one that the locale has for the type."""
    if pattern := number_format.get("pattern"):
        return str(pattern)
    kind = number_format.get("type", "")
    if kind == "DATE":
        return locale.date
    if kind == "TIME":
        return "h:mm:ss am/pm" if locale.order == "Mdy" else "HH:mm:ss"
    if kind == "DATE_TIME":
        return f"{locale.date} {'H' if locale.order == 'Mdy' else 'HH'}:mm:ss"
    if kind == "CURRENCY":
        return '"$"#,##0.00' if locale.currency == "$" else f'#,##0.00\\ "{locale.currency}"'
    if kind in DEFAULTS:
        return DEFAULTS[kind]
    raise NotEmulated(f"the number format {kind}")


def general(value: float, locale: Locale) -> str:
    """As the automatic format shows a number."""
    if value == int(value) and abs(value) < LARGE:
        return str(int(value))
    if abs(value) >= LARGE or 0 < abs(value) < 1e-9:
        mantissa, _, exponent = f"{value:.5E}".partition("E")
        mantissa = mantissa.rstrip("0").rstrip(".")
        return f"{mantissa}E{exponent[0]}{exponent[1:].lstrip('0').rjust(2, '0')}".replace(".", locale.decimal)
    return f"{Decimal(f'{value:.{DIGITS}g}'):f}".rstrip("0").rstrip(".").replace(".", locale.decimal)


def numbered(value: float, pattern: str, locale: Locale) -> str:
    """`0`, `#,##0.00`, `0.00%`, `"$"#,##0.00`, `0.00E+00`, with sections for negatives and zero."""
    sections = pattern.split(";")
    if len(sections) > 1 and value < 0:
        return _section(-value, sections[1], locale, minus=False)
    if len(sections) > 2 and value == 0:
        return _section(value, sections[2], locale, minus=False)
    return _section(value, sections[0], locale, minus=True)


def _section(value: float, pattern: str, locale: Locale, minus: bool) -> str:
    match = NUMBER_PARTS.fullmatch(re.sub(r"\[\$([^-\]]*)[^\]]*\]", r'"\1"', pattern))
    if match is None or "?" in pattern:
        raise NotEmulated(f"the number pattern {pattern}")
    before, whole, decimals, exponent, after = (part or "" for part in match.groups())
    if exponent:
        digits = f"{abs(value):.{len(decimals)}E}"
        mantissa, _, power = digits.partition("E")
        body = f"{mantissa}E{power[0]}{power[1:].lstrip('0').rjust(exponent.count('0'), '0')}".replace(".", locale.decimal)
    else:
        body = _digits(abs(value) * (100 if "%" in after or "%" in before else 1), whole, decimals, locale)
    sign = "-" if minus and value < 0 and body.strip("0.,") else ""
    return sign + _literal(before) + body + _literal(after)


def _digits(value: float, whole: str, decimals: str, locale: Locale) -> str:
    step = Decimal(1).scaleb(-len(decimals))
    rounded = Decimal(repr(value)).quantize(step, rounding=ROUND_HALF_UP)
    integer, _, fraction = f"{rounded:f}".partition(".")
    least = whole.count("0")
    integer = integer.lstrip("0").rjust(least, "0")
    if "," in whole:
        integer = f"{int(integer or 0):,}".rjust(least, "0").replace(",", locale.group)
    kept = decimals.rindex("0") + 1 if "0" in decimals else 0
    while len(fraction) > kept and fraction.endswith("0"):
        fraction = fraction[:-1]
    return integer + (locale.decimal + fraction if decimals and fraction else "")


def _literal(text: str) -> str:
    return re.sub(r'"([^"]*)"|\\(.)', lambda match: match[1] if match[1] is not None else match[2], text)


def dated(value: float, pattern: str) -> str:
    """Dates and times. A small `m` is minutes beside hours or seconds, else the month. Raises NotEmulated."""
    if pattern.startswith("["):
        raise NotEmulated(f"the duration pattern {pattern}")
    at = serials.moment(value)
    parts = DATE_PARTS.findall(pattern)
    half = any(part.lower() in ("am/pm", "a/p") for part in parts)
    out = []
    for index, part in enumerate(parts):
        letter = part[0]
        if letter == "m" and not _minutes(parts, index):
            letter = "M"
        if letter in "hH":
            out.append(f"{(at.hour % 12 or 12) if half else at.hour:0{len(part)}d}")
        elif part.lower() == "am/pm":
            out.append("AM" if at.hour < 12 else "PM")
        elif part.lower() == "a/p":
            out.append("A" if at.hour < 12 else "P")
        elif letter == "." and len(part) > 1:
            out.append(f".{at.microsecond:06d}"[: len(part)])
        elif letter in "yMdms":
            out.append(_calendar(letter, len(part), at.year, at.month, at.day, at.weekday(), at.minute, at.second))
        else:
            out.append(_literal(part))
    return "".join(out)


def _minutes(parts: list[str], index: int) -> bool:
    before = [part[0] for part in parts[:index] if part[0] in "yMdhHsm"]
    after = [part[0] for part in parts[index + 1 :] if part[0] in "yMdhHsm"]
    return before[-1:] in (["h"], ["H"]) or after[:1] == ["s"]


def _calendar(letter: str, count: int, year: int, month: int, day: int, weekday: int, minute: int, second: int) -> str:
    if letter == "y":
        return f"{year % 100:02d}" if count <= 2 else f"{year:04d}"
    if letter == "M" and count > 2:
        return (MONTHS[month - 1][:3], MONTHS[month - 1], MONTHS[month - 1][:1])[count - 3]
    if letter == "d" and count > 2:
        return DAYS[weekday][:3] if count == 3 else DAYS[weekday]
    return f"{ {'M': month, 'd': day, 'm': minute, 's': second}[letter]:0{count}d}"
