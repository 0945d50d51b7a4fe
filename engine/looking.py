"""When a table is looked at next: as often as wanted, and rather just before something of it comes due. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

BEFORE = timedelta(seconds=3)
"""So long before a task comes due: what was edited by then has settled when it starts, also where the read takes a moment."""

WORTH = timedelta(seconds=10)
"""Looks that are no further apart are not moved: the copy is fresh anyway."""


def placed(now: datetime, wait: timedelta, dues: Iterable[datetime], stale: timedelta | None) -> timedelta:
    """How long until the next look.

    now: the last one.   wait: as long as it would be, were nothing to come due; moved by half of it at most, so that there are no
    more looks than wanted.   dues: when tasks of the table come due; any order.   stale: how old the copy may be when a task
    starts, at the price of looks that come sooner; None where that doesn't matter.
    """
    at = now + wait
    looks = [due - BEFORE for due in dues if due - BEFORE > now]
    near = [look for look in looks if abs(look - at) <= wait / 2] if wait > WORTH else []
    if near:
        at = min(near, key=lambda look: (abs(look - now - wait), look))
    if stale is not None:
        at = min([at, *(look for look in looks if look + BEFORE - now > stale)])
    return at - now
