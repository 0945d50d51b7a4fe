"""The cell that shows a person how their schedule was understood: in words, with its zone and the next runs."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, tzinfo
from functools import lru_cache
from itertools import pairwise

from engine.model import Schedule
from engine.schedule.spelling import MONTHS, WEEKDAYS
from engine.schedule.walk import Calendar, Once

_UTC = frozenset({"UTC", "UCT", "Universal", "Zulu", "Etc/UTC", "Etc/UCT", "Etc/Universal", "Etc/Zulu"})


def in_words(schedule: Schedule, now: datetime, *, runs: int = 3) -> str:
    """`every Monday at 09:00 (Europe/Berlin). Next: Mon 23 Nov 2026 09:00, Mon 30 Nov 09:00, Mon 7 Dec 09:00`.

    now: aware; the runs shown come after it.   runs: how many.
    """
    words = (schedule.words if isinstance(schedule, Calendar | Once) else "") or schedule.text
    said = f"{words} ({zone_name(schedule.zone)})."
    return f"{said} {_coming(schedule, now.astimezone(UTC), runs)}" if runs else said


@lru_cache(maxsize=1024)
def _coming(schedule: Schedule, after: datetime, runs: int) -> str:
    """The next runs. Many rows of a table share them.   after: UTC, for in another zone two instants can be equal."""
    ahead: list[datetime] = []
    while len(ahead) < runs and (due := schedule.next(ahead[-1] if ahead else after)) is not None:
        ahead.append(due)
    return listed(ahead, schedule.zone)


def listed(ahead: Sequence[datetime], zone: tzinfo) -> str:
    """These instants as the next runs: `Next: Mon 23 Nov 2026 09:00, Mon 30 Nov 09:00`."""
    if not ahead:
        return "No run is to come."
    local = [at.astimezone(zone) for at in ahead]
    shown = [_shown(local[0], None), *(_shown(late, early) for early, late in pairwise(local))]
    return f"Next: {', '.join(shown)}"


def zone_name(zone: tzinfo) -> str:
    """`Europe/Berlin`; `UTC` under whichever of its names."""
    name = str(getattr(zone, "key", zone))
    return "UTC" if name in _UTC else name


def _shown(local: datetime, before: datetime | None) -> str:
    """The time; the day and the year only where they are not the ones before's; the zone's short name in a repeated hour."""
    clock = f"{local:%H:%M:%S}" if local.second else f"{local:%H:%M}"
    if local.replace(fold=0).utcoffset() != local.replace(fold=1).utcoffset():
        clock += f" {local.tzname()}"
    if before is not None and before.date() == local.date():
        return clock
    day = f"{WEEKDAYS[local.weekday()][:3]} {local.day} {MONTHS[local.month - 1][:3]}"
    year = "" if before is not None and before.year == local.year else f" {local.year}"
    return f"{day}{year} {clock}"
