"""When something is sent, or tried again. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

PAUSES = (
    timedelta(seconds=5),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=5),
    timedelta(hours=10),
)
"""After the first attempt, the second and so on; then always the last: the schedule that Standard Webhooks and Svix have."""

JITTER = 0.1
"""A part of a pause, by which it is shorter or longer."""

FIRST_REST, LONGEST_REST = timedelta(seconds=5), timedelta(minutes=5)
"""For which nothing at all is sent to an endpoint that has taken nothing; it doubles with each failure in a row."""

MINUTE = 60.0
"""Seconds."""


def again(attempts: int, expires_at: datetime, now: datetime, lot: float) -> datetime:
    """When that is tried again which has failed so often, one time or more: at the latest when it expires.   lot: from 0 to 1."""
    pause = PAUSES[min(attempts, len(PAUSES)) - 1] * (1 + JITTER * (2 * lot - 1))
    return max(min(now + pause, expires_at), now)


def left(due_at: datetime, now: datetime) -> timedelta:
    """How long to wait until then. What lies farther ahead than any pause was put there before the clock was set back."""
    ahead = due_at - now
    return max(ahead, timedelta(0)) if ahead <= PAUSES[-1] * (1 + JITTER) else timedelta(0)


def rest(failures: int) -> timedelta:
    """For how long nothing is sent after so many failures in a row, one or more."""
    return min(FIRST_REST * (1 << min(failures - 1, 20)), LONGEST_REST)


def opens(sent: Sequence[float], most: int) -> float:
    """When the next may be sent, in seconds on the monotonic clock.   sent: when others were, oldest first."""
    return sent[-most] + MINUTE if len(sent) >= most else 0.0
