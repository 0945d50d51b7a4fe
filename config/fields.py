"""Field types that every settings model shares, so that a span of time is written in one way everywhere."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Annotated

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict

_UNITS = {
    **dict.fromkeys(("s", "sec", "secs", "second", "seconds"), timedelta(seconds=1)),
    **dict.fromkeys(("m", "min", "mins", "minute", "minutes"), timedelta(minutes=1)),
    **dict.fromkeys(("h", "hr", "hrs", "hour", "hours"), timedelta(hours=1)),
    **dict.fromkeys(("d", "day", "days"), timedelta(days=1)),
    **dict.fromkeys(("w", "week", "weeks"), timedelta(weeks=1)),
}
_PART = re.compile(r"(\d+(?:\.\d+)?)\s*([a-z]+)[\s,]*", re.IGNORECASE)
_PERCENT = re.compile(r"(\d+(?:\.\d+)?)\s*%", re.ASCII)
LONGEST = timedelta(days=3660)


class TooLong(ValueError):
    """A span of time beyond LONGEST."""


def span(text: str) -> timedelta:
    """Read `90s`, `5 min`, `1h 30m`, `2 days`. Raises ValueError, with a sentence for a person; TooLong beyond LONGEST."""
    rest, total = text.strip(), timedelta()
    while rest and (part := _PART.match(rest)):
        unit = _UNITS.get(part[2].lower())
        if unit is None or len(part[1]) > 9:
            break
        try:
            total += float(part[1]) * unit
        except OverflowError:
            raise TooLong(f'"{text}" is longer than ten years') from None
        rest = rest[part.end() :]
    if rest or not text.strip():
        raise ValueError(f'"{text}" is not a span of time: write a number and a unit, like "90s", "5 min", "2h" or "1 day"')
    if total > LONGEST:
        raise TooLong(f'"{text}" is longer than ten years')
    return total


def _span(value: object) -> object:
    if isinstance(value, str):
        return span(value)
    if isinstance(value, int | float) and not isinstance(value, bool):
        raise ValueError(f'{value} has no unit: write "{value}s" or "{value} min"')
    return value


def _percent(value: object) -> object:
    if isinstance(value, str) and (said := _PERCENT.fullmatch(value.strip())):
        return float(said[1]) / 100
    if isinstance(value, str) or (isinstance(value, int | float) and not isinstance(value, bool)):
        raise ValueError(f'{value} is no part of a whole: write it with %, like "50%"')
    return value


Percent = Annotated[float, BeforeValidator(_percent)]
"""A part of a whole, from 0 to 1, written as `50%`."""

Span = Annotated[timedelta, BeforeValidator(_span)]
"""A span of time, written with its unit."""


def spelled(length: timedelta) -> str:
    """The span in words that `span` reads back: `1h 30m`, `45s`. Parts of a second are kept."""
    left = length.total_seconds()
    parts = []
    for name, size in (("d", 86400), ("h", 3600), ("m", 60)):
        count, left = divmod(left, size)
        if count:
            parts.append(f"{count:.0f}{name}")
    if left or not parts:
        parts.append(f"{left:.6f}".rstrip("0").rstrip(".") + "s")
    return " ".join(parts)


VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,99}", re.ASCII)
"""What a variable of the environment may be called that a setting names."""


ITSELF = ("whsec_",)
"""What secrets themselves begin with that could be names, by their letters: those of Standard Webhooks."""


def secret_name(example: str) -> AfterValidator:
    """For a field that names a secret, such as `example`. What is refused may be the secret itself, so it isn't repeated."""

    def named(name: str) -> str:
        if not VARIABLE.fullmatch(name) or name.startswith(ITSELF):
            raise ValueError(f'is no name of a secret; put the secret into .env as {example}=…, and write secret = "{example}"')
        return name

    return AfterValidator(named)


def some(those: tuple[str, ...]) -> tuple[str, ...]:
    """For names that may be left out, but not be none. Raises ValueError."""
    if not those:
        raise ValueError("names none, so nothing would ever be told; remove it, or name some")
    return those


def _counted(value: object) -> object:
    if isinstance(value, bool):
        raise ValueError(f"must be a whole number, not {str(value).lower()}; write digits without quotes, like 8")
    return value


def _positive(length: timedelta) -> timedelta:
    if length <= timedelta(0):
        raise ValueError("must be longer than nothing; write a span like 30s")
    return length


def _a_second_at_least(length: timedelta) -> timedelta:
    if length < timedelta(seconds=1):
        raise ValueError(f"{spelled(length)} is too short; write 1s or more")
    return length


Count = Annotated[int, BeforeValidator(_counted)]
Positive = Annotated[Span, AfterValidator(_positive)]
Interval = Annotated[Span, AfterValidator(_a_second_at_least)]


class Section(BaseModel):
    """A group of settings in which every key is known."""

    model_config = ConfigDict(extra="forbid", frozen=True)
