"""What formulas count with: texts, numbers, truths, moments, lists, blanks; and how one is taken for another."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from tests.emulators.core.exchange import NotEmulated

Value = Any
"""None (blank), str, bool, int, float, Moment, or a list of these."""


class FormulaError(Exception):
    """#ERROR! in the cell."""


@dataclass(frozen=True, order=False)
class Moment:
    """at: aware, UTC.   date_only: of a date field or TODAY().   zone: that it is formatted in."""

    at: datetime
    date_only: bool = False
    zone: str = "UTC"

    def local(self) -> datetime:
        return self.at.astimezone(ZoneInfo(self.zone))

    def but(self, at: datetime, **changes: Any) -> Moment:
        """at: aware."""
        return replace(self, at=at.astimezone(UTC), **changes)

    @property
    def iso(self) -> str:
        return self.at.strftime("%Y-%m-%d") if self.date_only else iso(self.at)


_ISO = re.compile(
    r"(\d{4})-(\d{1,2})-(\d{1,2})(?:[T ](\d{1,2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,9}))?)?\s*(Z|[+-]\d{2}:?\d{2})?)?", re.IGNORECASE
)


def iso(at: datetime) -> str:
    """`2026-11-26T09:30:00.000Z`.   at: aware."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03d}Z"


def from_iso(text: str, zone: str = "UTC") -> Moment | None:
    """zone: that of a text which names none. None where it is no ISO date."""
    match = _ISO.fullmatch(text.strip())
    if match is None:
        return None
    year, month, day, hour, minute, second, fraction, offset = match.groups()
    try:
        plain = datetime(int(year), int(month), int(day), int(hour or 0), int(minute or 0), int(second or 0))  # noqa: DTZ001 (its zone comes)
        if fraction:
            plain = plain.replace(microsecond=int(fraction.ljust(9, "0")[:6]))
        if offset is None or hour is None:
            return Moment(plain.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC), date_only=hour is None)
        sign = offset.upper().replace("Z", "+00:00")
        return Moment(datetime.fromisoformat(f"{plain.isoformat()}{sign}").astimezone(UTC))
    except ValueError:
        return None


def text_of(value: Value) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "1" if value else "0"
        case int() | float():
            return number_text(value)
        case Moment():
            return value.iso
        case list():
            return ", ".join(text_of(each) for each in value if each is not None)
    return str(value)


def number_text(value: float) -> str:
    """As JavaScript writes it."""
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    return str(int(value)) if value == int(value) and abs(value) < 1e21 else repr(float(value))


def number_of(value: Value) -> float:
    """NaN for what is none."""
    match value:
        case None | "":
            return 0
        case bool():
            return int(value)
        case int() | float():
            return value
        case Moment():
            return value.at.timestamp() * 1000
        case [one]:
            return number_of(one)
        case str():
            try:
                return float(value)
            except ValueError:
                return math.nan
    return math.nan


def true_of(value: Value) -> bool:
    match value:
        case None | "" | []:
            return False
        case int() | float():
            return value != 0 and not math.isnan(value)
    return True


def moment_of(value: Value) -> Moment:
    """Raises FormulaError for what is no date."""
    match value:
        case Moment():
            return value
        case [one]:
            return moment_of(one)
        case str() if (found := from_iso(value)) is not None:
            return found
    raise FormulaError


def flat(values: tuple[Value, ...] | list[Value]) -> list[Value]:
    """Lists unfolded."""
    return [leaf for value in values for leaf in (flat(value) if isinstance(value, list) else [value])]


def compared(left: Value, right: Value) -> int | None:
    """-1, 0 or 1; None where nothing can be said. A blank is the empty text, zero and no date, whichever it is held against."""
    left, right = (value[0] if isinstance(value, list) and len(value) == 1 else value for value in (left, right))
    if isinstance(left, Moment) or isinstance(right, Moment):
        return _dates(left, right)
    numbers = sum(isinstance(value, int | float) for value in (left, right))
    if numbers == 2 or (numbers == 1 and (left is None or right is None)):
        a, b = number_of(left), number_of(right)
        return None if math.isnan(a) or math.isnan(b) else (a > b) - (a < b)
    one, other = text_of(left), text_of(right)
    return (one > other) - (one < other)


def same(left: Value, right: Value) -> bool:
    """Whether `=` holds. A date is never the same as a text, though both can be ordered: {Due}='2022-04-02' finds nothing.

    Seen in eugenezadorin/airtable-php#2, TappNetwork/laravel-airtable#81, where >= works, and gtalarico/pyairtable#22 and #304.
    Raises NotEmulated for the text of that very moment.
    """
    sides = [value[0] if isinstance(value, list) and len(value) == 1 else value for value in (left, right)]
    moment = next((value for value in sides if isinstance(value, Moment)), None)
    text = next((value for value in sides if isinstance(value, str) and value), None)
    if moment is None or text is None:
        return compared(left, right) == 0
    if text == iso(moment.at):
        raise NotEmulated("a date that is held against the text of its moment")
    return False


def _dates(left: Value, right: Value) -> int | None:
    try:
        one, other = moment_of(left).at, moment_of(right).at
    except FormulaError:
        return None
    return (one > other) - (one < other)
