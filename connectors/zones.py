"""A time zone by the name that a store gives it. Pure."""

from __future__ import annotations

import re
from datetime import UTC, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

_OFFSET = re.compile(r"(?:GMT|UTC)?([+-])(\d{1,2})(?::?(\d{2}))?", re.ASCII)


def zone_of(name: str) -> tzinfo | None:
    """By a CLDR name like `America/New_York`, or one like `GMT-07:00`. None where it is neither."""
    if name == "UTC":
        return UTC
    try:
        if found := _OFFSET.fullmatch(name):
            east = timedelta(hours=int(found[2]), minutes=int(found[3] or 0))
            return timezone(-east if found[1] == "-" else east)
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None
