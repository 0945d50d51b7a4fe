"""What one cell says. A store may give a typed value or only text; both are read alike here. Pure.

Every reader takes a cell that is not blank, and raises BadCell with what is wrong and the remedy, without the column and the
value: the caller knows those. What can be read two ways is refused with both readings.
"""

from __future__ import annotations

import csv
import difflib
import re
import unicodedata
from collections.abc import Collection, Iterable
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from enum import StrEnum
from functools import lru_cache
from typing import TypeVar
from zoneinfo import ZoneInfo, available_timezones

from config import fields
from connectors.api import Cell, fold

LARGEST = 1e15
"""Beyond, a float no longer tells two whole numbers apart."""

LONGEST_NAME = 200
"""Characters of a task's name."""

SHOWN = 60
"""Characters of a value that a message repeats."""

Word = TypeVar("Word", bound=StrEnum)


class BadCell(ValueError):
    """A cell that says nothing we can use: what is wrong, and the remedy."""


def text(cell: Cell, zone: tzinfo = UTC) -> str | None:
    """The cell as text without outer blanks; None where it is blank. A typed instant is given on the wall clock of `zone`."""
    if cell is None:
        return None
    if isinstance(cell, str):
        return cell.strip() or None
    match cell:
        case bool():
            return "true" if cell else "false"
        case float() if cell.is_integer() and abs(cell) < LARGEST:
            return str(int(cell))
        case int() if abs(cell) >= LARGEST:  # a huge number is slow to spell, and no use
            return "a huge number"
        case datetime():
            return _wall(cell, zone)
        case date():
            return cell.isoformat()
    return str(cell)


def _wall(instant: datetime, zone: tzinfo) -> str:
    try:
        wall = instant.astimezone(zone) if instant.tzinfo else instant
    except OverflowError:  # the first or last day of all time
        wall = instant
    return f"{wall:%Y-%m-%d %H:%M:%S}" if wall.second else f"{wall:%Y-%m-%d %H:%M}"


def brief(cell: Cell) -> str:
    """The text of a cell that can hold only a few words; "" where it holds nothing, or far more than that."""
    said = text(cell) or ""
    return said if len(said) <= 2 * SHOWN else ""


def quoted(cell: Cell) -> str:
    """The value for a message: one line, at most SHOWN characters, nothing that a terminal would obey."""
    said = " ".join((text(cell) or "")[: 4 * SHOWN].split())
    clean = "".join(c if c.isprintable() else "�" for c in said)
    return f'"{clean if len(clean) <= SHOWN else clean[: SHOWN - 1] + "…"}"'


def alike(name: str) -> str:
    """A name as far as a person sees it: case, blanks, the encoding of accents and what can't be seen don't tell names apart."""
    if not name.isascii() and len(name) <= LONGEST_NAME:  # a pile of accents is slow to put in order
        name = unicodedata.normalize("NFC", "".join(c for c in name if unicodedata.category(c) != "Cf"))
    return " ".join(name.casefold().split())


def guess(word: str, among: Iterable[str], closest: float = 0.6) -> str | None:
    """The one of `among` that was probably meant; None where nothing is near. closest: 1 for the same, 0 for anything."""
    return _nearest(word[:SHOWN], tuple(among), closest)


@lru_cache(4096)
def _nearest(word: str, among: tuple[str, ...], closest: float) -> str | None:
    folded = {fold(known): known for known in among}
    near = difflib.get_close_matches(fold(word), folded, n=1, cutoff=closest)
    return folded[near[0]] if near else None


def did_you_mean(word: str, among: Iterable[str]) -> str:
    """`; did you mean "daily"?`, or nothing."""
    near = guess(word, among)
    return f'; did you mean "{near}"?' if near else ""


# --- numbers and truth

_NUMBER = re.compile(r"[+-]?\d{1,20}(?:\.\d{0,20})?", re.ASCII)
_COMMA = re.compile(r"([+-]?\d{1,20}),(\d{1,20})", re.ASCII)


def number(cell: Cell) -> float:
    """`3`, `3.0`, `-2.5`, also as text, also `1,5`. A point is always the decimal point. Raises BadCell."""
    match cell:
        case bool() | datetime() | date() | None:
            raise BadCell("not a number; write one such as 5 or 2.5")
        case int() | float():
            value = cell
        case str():
            value = _number(cell.strip())
    if not abs(value) <= LARGEST:  # also where it is no number at all
        raise BadCell("not a number that can be counted with; write a smaller one")
    return float(value)


def _number(said: str) -> float:
    if _NUMBER.fullmatch(said):
        return float(said)
    if parts := _COMMA.fullmatch(said):
        if len(parts[2]) == 3 and len(parts[1].lstrip("+-")) <= 3:
            raise BadCell(f"either {parts[1]}{parts[2]} or {parts[1]}.{parts[2]}; write the one that you mean")
        return float(f"{parts[1]}.{parts[2]}")
    raise BadCell("not a number; write one such as 5 or 2.5, without separators and units")


def whole(cell: Cell) -> int:
    """A whole number, also as `3.0`. Raises BadCell."""
    value = number(cell)
    if not value.is_integer():
        raise BadCell("not a whole number; write one such as 3")
    return int(value)


_TRUTHS = {
    **dict.fromkeys(("yes", "true", "on", "1", "x", "✓", "✔", "☑"), True),
    **dict.fromkeys(("no", "false", "off", "0"), False),
}


def truth(cell: Cell) -> bool:
    """A checkbox, or yes and no in words. Raises BadCell."""
    if isinstance(cell, bool):
        return cell
    known = _TRUTHS.get(fold(brief(cell)))
    if known is None:
        raise BadCell("neither yes nor no; write one of them")
    return known


# --- words


def choice(cell: Cell, words: type[Word], unserved: Collection[Word] = ()) -> Word:
    """One of a fixed list of words, matched as headers are. Raises BadCell.   unserved: those that are known, but not offered."""
    said = brief(cell)
    found = _chosen(said, words)
    if found is None:
        offered = [word for word in words if word not in unserved]
        hint = did_you_mean(said, offered) if guess(said, words) not in unserved else ""
        raise BadCell(f"not one of {', '.join(offered)}{hint}")
    return words(found)


@lru_cache(4096)
def _chosen(said: str, words: type[StrEnum]) -> str | None:
    folded = fold(said)
    return next((str(word) for word in words if fold(word) == folded), None)


def names(cell: Cell) -> list[str]:
    """Names with commas or line breaks between them; one that holds a comma stands in quotes. Raises BadCell."""
    try:
        found = [name.strip() for line in csv.reader((text(cell) or "").splitlines(), skipinitialspace=True) for name in line]
    except csv.Error:
        raise BadCell("not a list of names; write them with commas between them") from None
    return [name for name in found if name]


def listed(words: Iterable[str]) -> str:
    """As `names` reads it."""
    return ", ".join('"{}"'.format(word.replace('"', '""')) if "," in word or '"' in word else word for word in words)


# --- time


def span(cell: Cell) -> timedelta:
    """`90s`, `5 min`, `1h 30m`. Raises BadCell."""
    said = brief(cell)
    if re.fullmatch(r"[\d.]{1,20}", said):
        raise BadCell(f'a span of time needs a unit; write "{said}s" or "{said} min"')
    try:
        return fields.span(said)
    except ValueError as exc:
        raise BadCell(str(exc).removeprefix(f'"{said}" is ')) from None


def zone(name: str) -> tzinfo:
    """A zone by its IANA name, in any case, blanks for underscores. Raises BadCell."""
    found = _zone(brief(name).casefold().replace(" ", "_"))
    if isinstance(found, str):
        raise BadCell(f"not a time zone; {found}")
    return found


def zone_called(name: str) -> str | None:
    """The full name of the zone that is called so, or lies around this city (`berlin`: Europe/Berlin); None where there is none."""
    return _zones()[1].get(name.casefold().replace(" ", "_"))


@lru_cache(4096)
def _zone(said: str) -> tzinfo | str:
    """The zone, or the hint where there is none of this name."""
    exact, named = _zones()
    if (full := exact.get(said)) is not None:
        return UTC if full == "UTC" else ZoneInfo(full)
    if (full := named.get(said)) is None and len(said) > 3:  # looking for the nearest of all would be slow
        near = guess(said, [n for n in named if n[0] == said[0] and abs(len(n) - len(said)) <= 2], closest=0.8)
        full = named[near] if near else None
    return f'did you mean "{full}"?' if full else 'write an IANA name such as "Europe/Berlin", or "UTC"'


@lru_cache(1)
def _zones() -> tuple[dict[str, str], dict[str, str]]:
    """Folded name → name; and the same with the cities alone besides."""
    exact = {full.casefold(): full for full in sorted(available_timezones())}
    cities = {name.rpartition("/")[2]: full for name, full in exact.items() if "/" in name and not name.startswith("etc/")}
    return exact, {**cities, **exact}


_MONTHS = ("january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november", "december")
_YEAR_FIRST = re.compile(r"(\d{4})([-/.])(\d{1,2})\2(\d{1,2})", re.ASCII)
_POINTS = re.compile(r"(\d{1,2})\.\s?(\d{1,2})\.\s?(\d{4})", re.ASCII)
_EITHER = re.compile(r"(\d{1,2})([-/])(\d{1,2})\2(\d{4})", re.ASCII)
_DAY_MONTH = re.compile(r"(\d{1,2})(?:\.|st|nd|rd|th)? ([a-z]{3,9})\.?,? (\d{4})", re.ASCII)
_MONTH_DAY = re.compile(r"([a-z]{3,9})\.? (\d{1,2})(?:st|nd|rd|th)?,? (\d{4})", re.ASCII)
_TIME = re.compile(r"[t ,]\s*(\d{1,2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,9}))?)?(?: ?([ap])\.?m\.?)?", re.ASCII)
_OFFSET = re.compile(r"\s*(?:(z|utc|gmt)|([+-])(\d{2}):?(\d{2})?)", re.ASCII)


def instant(cell: Cell, zone: tzinfo) -> datetime:
    """An instant, in UTC: ISO 8601, `2026-11-21 09:00`, `21.11.2026 09:00`, `21 Nov 2026`, `11/21/2026 9:00 AM`.

    zone: of what names no zone itself. A date alone is its first minute. Of a repeated hour it is the first. Raises BadCell.
    """
    try:
        match cell:
            case datetime():
                return (cell if cell.tzinfo else cell.replace(tzinfo=zone)).astimezone(UTC)
            case date():
                return datetime(cell.year, cell.month, cell.day, tzinfo=zone).astimezone(UTC)
            case str():
                return _instant(" ".join(brief(cell).casefold().split()), zone)
    except BadCell:
        raise
    except (ValueError, OverflowError):  # 30 February, 25:00, the year 0
        raise BadCell("there is no such date or time; write it like 2026-11-21 09:00") from None
    raise BadCell("not a date; write it like 2026-11-21 09:00")


def instant_or_none(cell: Cell, zone: tzinfo) -> datetime | None:
    """The same; None where nothing stands there, or no instant."""
    try:
        return instant(cell, zone) if cell is not None else None
    except BadCell:
        return None


def _instant(said: str, zone: tzinfo) -> datetime:
    day, rest = _date(said)
    hour = minute = second = micro = 0
    if clock := _TIME.match(rest):
        hour, minute, second = int(clock[1]), int(clock[2]), int(clock[3] or 0)
        micro = int((clock[4] or "0")[:6].ljust(6, "0"))
        if clock[5]:
            if not 1 <= hour <= 12:
                raise BadCell("there is no such time of day; write it like 2026-11-21 09:00")
            hour = hour % 12 + (12 if clock[5] == "p" else 0)
        rest = rest[clock.end() :]
        if offset := _OFFSET.fullmatch(rest):
            rest, zone = "", UTC if offset[1] else _fixed(offset)
    if rest.strip():
        raise BadCell("not a date and time; write it like 2026-11-21 09:00")
    return datetime(day.year, day.month, day.day, hour, minute, second, micro, tzinfo=zone).astimezone(UTC)


def _fixed(offset: re.Match[str]) -> tzinfo:
    east = timedelta(hours=int(offset[3]), minutes=int(offset[4] or 0))
    return timezone(-east if offset[2] == "-" else east)


def _date(said: str) -> tuple[date, str]:
    """The date that the text begins with, and what follows it."""
    if found := _YEAR_FIRST.match(said):
        return date(int(found[1]), int(found[3]), int(found[4])), said[found.end() :]
    if found := _POINTS.match(said):
        return date(int(found[3]), int(found[2]), int(found[1])), said[found.end() :]
    if found := _EITHER.match(said):
        return _either(int(found[1]), int(found[3]), int(found[4]), said[found.end() :]), said[found.end() :]
    if found := _DAY_MONTH.match(said):
        return date(int(found[3]), _month(found[2]), int(found[1])), said[found.end() :]
    if found := _MONTH_DAY.match(said):
        return date(int(found[3]), _month(found[1]), int(found[2])), said[found.end() :]
    raise BadCell("not a date; write it like 2026-11-21 09:00")


def _either(first: int, second: int, year: int, rest: str) -> date:
    """Day and month in an order that the text doesn't tell.   rest: what follows them."""
    if first <= 12 and second <= 12 and first != second:
        readings = f"either {date(year, second, first)}{rest} or {date(year, first, second)}{rest}"
        raise BadCell(f"{readings}; write the one that you mean")
    return date(year, second, first) if second <= 12 else date(year, first, second)


def _month(word: str) -> int:
    known = [n for n, full in enumerate(_MONTHS, 1) if full.startswith(word)]
    if len(known) != 1:
        raise BadCell("not a month; write the date like 2026-11-21 09:00")
    return known[0]


def same(stands: Cell, wanted: Cell) -> bool:
    """Whether a cell that we didn't write already says this, also where the store holds only text: `2,5` is 2.5."""
    if stands is None or wanted is None:
        return stands is wanted
    if isinstance(wanted, int | float) and not isinstance(wanted, bool):
        with suppress(BadCell):
            return number(stands) == wanted
    if isinstance(wanted, datetime):
        return str(stands) in (wanted.strftime("%Y-%m-%dT%H:%M:%SZ"), str(wanted))
    return str(stands) == str(wanted)
