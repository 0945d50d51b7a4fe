"""When a row comes due, worked out without rowd: arithmetic for intervals, croniter for cron."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from croniter import croniter

ALIASES = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
}
"""cron's names (crontab(5))."""


def instants(schedule: Mapping[str, Any], after: float, until: float) -> list[int]:
    """The instants in (after, until], in whole seconds since 1970.

    schedule: {"every": seconds}, {"cron": text, "zone": name} with five fields or six (seconds first), {"at": seconds since 1970}.
    """
    if not after < until:
        return []
    if "every" in schedule:
        every = int(schedule["every"])
        return [n * every for n in range(math.floor(after / every) + 1, math.floor(until / every) + 1)]
    if "at" in schedule:
        return [int(schedule["at"])] if after < schedule["at"] <= until else []
    text = ALIASES.get(schedule["cron"], schedule["cron"])
    zone = ZoneInfo(schedule.get("zone", "UTC"))
    walk = croniter(text, datetime.fromtimestamp(math.floor(after), zone), second_at_beginning=True)
    found = []
    while (at := walk.get_next(datetime).astimezone(UTC).timestamp()) <= until:
        if at > after:
            found.append(int(at))
    return found
