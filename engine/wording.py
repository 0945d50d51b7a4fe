"""How instants, numbers and long texts are said to people. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, tzinfo
from functools import lru_cache

from engine.schedule import zone_name

LONGEST_RESULT = 500
"""Characters of a result in a cell; the whole stands in the log."""


def whole(value: float) -> int | float:
    """A count without a needless `.0`."""
    return int(value) if float(value).is_integer() else value


def conjoined(words: Sequence[str], most: int = 100) -> str:
    """`a, b and c`.   most: so many are said one by one, the rest by their number."""
    if len(words) > most:
        words = [*words[:most], f"{len(words) - most} more"]
    return " and ".join(filter(None, (", ".join(words[:-1]), *words[-1:])))


def cut(text: str, limit: int) -> str:
    """The text on one line, with a mark where it was cut."""
    line = " ".join(text.split())
    return line if len(line) <= limit else line[: limit - 1] + "…"


def second(instant: datetime) -> datetime:
    """Without its fraction, in UTC."""
    return instant.astimezone(UTC).replace(microsecond=0)


@lru_cache(maxsize=1024)
def moment(instant: datetime, zone: tzinfo, year: int | None = None) -> str:
    """An instant (UTC) for people, in the zone that they think in: `Mon 23 Nov 2026 09:00 Berlin`.

    year: the one that need not be said; None where each must.
    """
    local = instant.astimezone(zone)
    clock = f"{local:%H:%M:%S}" if local.second else f"{local:%H:%M}"
    day = f"{local:%a} {local.day} {local:%b}" + (f" {local.year}" if local.year != year else "")
    return f"{day} {clock} {place(zone)}"


def left_alone(action: str, until: str) -> str:
    """Why nothing of an action starts whose circuit breaker is open."""
    return f"{action} keeps failing and is left alone until {until}"


def place(zone: tzinfo) -> str:
    """The zone's last word: `Europe/Berlin` is Berlin."""
    return zone_name(zone).rpartition("/")[2].replace("_", " ")
