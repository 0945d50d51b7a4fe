"""What a sentence says, before a zone, a Type or a default has made a schedule of it."""

from __future__ import annotations

from datetime import date, timedelta

from msgspec import Struct

from engine.schedule.days import InMonths


class When(Struct, frozen=True):
    """A point on a wall clock, or in real time where an offset was written.

    second: since midnight, None where no time was said.   micro: microseconds beside it.   offset: None for the zone's own clock.
    """

    day: date
    second: int | None = None
    micro: int = 0
    offset: timedelta | None = None


class Ahead(Struct, frozen=True):
    """So long after the row was first seen: `days` on the wall clock, then `span` of real time. settle: `now`."""

    days: int = 0
    span: timedelta = timedelta(0)
    settle: bool = False


class OnDay(Struct, frozen=True):
    """Today (0) or tomorrow (1), at a time of day in seconds; None for the usual time."""

    days: int
    second: int | None


class Every(Struct, frozen=True):
    """Real time: every so many seconds."""

    every_s: int
    begins: When | None = None


class Recurring(Struct, frozen=True):
    """Times of days.

    unit: `day`, `week`, `month`, or None where only times were said.   every: the number of units where one was said.
    weekdays: bit 0 is Monday.   months: bits 1 to 12.   rule: the days of the month. Each None where not said.
    times: seconds since midnight, in the order said; empty where not said.
    """

    unit: str | None = None
    every: int | None = None
    weekdays: int | None = None
    months: int | None = None
    rule: InMonths | None = None
    times: tuple[int, ...] = ()
    begins: When | None = None


Said = When | Ahead | OnDay | Every | Recurring
