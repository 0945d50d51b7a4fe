"""When a channel's next message may go: quiet hours, how many there may be within an hour, pauses after a failure. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, time, timedelta, tzinfo

from config.settings import Channel

HOUR = timedelta(hours=1)
GATHER = timedelta(seconds=5)
"""So long the first notice waits for others, which go with it."""

KEPT = timedelta(days=1)
"""What could not be told for so long is told no more."""

FIRST_PAUSE, LONGEST_PAUSE = timedelta(seconds=30), timedelta(minutes=30)
"""Before a message that failed is tried again: it doubles with each."""


def opens(oldest: datetime, sent: Sequence[datetime], its: Channel, zone: tzinfo) -> datetime:
    """When the next message may go, at the soonest; aware, UTC where `oldest` is.

    oldest: when the first of its notices came about.   sent: when messages were sent, oldest first.   zone: of its quiet hours.
    """
    at = oldest + GATHER
    if len(sent) >= its.max_per_hour:
        at = max(at, sent[-its.max_per_hour] + HOUR)
    return _loud(at, its.quiet_from, its.quiet_to, zone)


def _loud(at: datetime, begin: time | None, end: time | None, zone: tzinfo) -> datetime:
    """That instant, else the end of the quiet hours that it falls into."""
    local = at.astimezone(zone)
    clock = local.time()
    if begin is None or end is None or not (begin <= clock < end if begin < end else (clock >= begin or clock < end)):
        return at
    day = local.date() + timedelta(days=1 if clock >= end else 0)
    return datetime.combine(day, end, zone).astimezone(at.tzinfo)


def recent(sent: Sequence[datetime], now: datetime) -> tuple[datetime, ...]:
    """Those within the last hour. What lies ahead was sent before the clock was set back, and counts no more."""
    return tuple(at for at in sent if now - HOUR < at <= now)


def pause(failures: int) -> timedelta:
    """How long to wait after so many in a row, one or more."""
    return min(FIRST_PAUSE * (1 << min(failures - 1, 20)), LONGEST_PAUSE)
