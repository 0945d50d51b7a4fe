"""A row's Deadline: by when what came due must have succeeded. How it is read, what it comes to, how it is said. Pure."""

from __future__ import annotations

import re
from datetime import UTC, datetime, time, timedelta, tzinfo

from msgspec import Struct

from config.fields import TooLong, span, spelled
from engine import schedule
from engine.cells import BadCell
from engine.model import Schedule
from engine.promises import Owed
from engine.schedule import Unreadable, as_counted, clocked, in_words, newest_before

FORMS = 'write a time of day such as "18:00" or "weekdays 18:00", a span after it comes due such as "2h", or a date with a time'

TICK = timedelta(microseconds=1)
_MORNING, _NOON = time(9), time(12)
_LAST_HOUR, _LAST_MINUTE = 23, 59
_BARE = re.compile(r"(\d{1,2})(?:[.h](\d\d))?", re.ASCII)


class Within(Struct, frozen=True):
    """So long after it came due: real time."""

    span: timedelta

    def by(self, owed: Owed) -> datetime | None:
        """The deadline of this; None where there is none: it lay in the past when it was written."""
        at = owed.due + self.span
        return at if at > owed.since or owed.since == owed.due else None

    def behind(self, now: datetime, since: datetime) -> datetime | None:
        """The newest instant, from `since` on, of which what came due then has its deadline no later than now; None for none."""
        at = now - self.span
        return at if at >= since else None

    @property
    def text(self) -> str:
        return f"{spelled(self.span)} after it comes due"


class By(Struct, frozen=True):
    """The next of these instants: of all that came due before it, one has to have succeeded."""

    clock: Schedule

    def by(self, owed: Owed) -> datetime | None:
        """The deadline of this; None where there is none."""
        return self.clock.next(max(owed.due, owed.since))

    def behind(self, now: datetime, since: datetime) -> datetime | None:
        """As of `Within`."""
        newest = newest_before(self.clock, since, now + TICK)
        return newest - TICK if newest is not None else None

    @property
    def text(self) -> str:
        return in_words(self.clock, _EPOCH, runs=0).removeprefix("once, ").rstrip(".")


Deadline = Within | By

_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)


def read(said: str, zone: tzinfo, since: datetime) -> Deadline:
    """What the cell says.   zone: of its times of day.   since: when the row's schedule began. Raises BadCell."""
    try:
        length = span(said)
    except TooLong:
        raise BadCell("longer than ten years; write a shorter span") from None
    except ValueError:
        return By(_clock(said, zone, since))
    if not length:
        raise BadCell(f"no time at all; {FORMS}")
    return Within(length)


def _clock(said: str, zone: tzinfo, since: datetime) -> Schedule:
    if bare := _BARE.fullmatch(said.strip()):
        if int(bare[1]) > _LAST_HOUR or int(bare[2] or 0) > _LAST_MINUTE:
            raise BadCell(f'has no unit; write "{bare[1]} min" or "{bare[1]}h" for a span after it comes due')
        of_day = f"{bare[1]}:{bare[2] or '00'}"
        span_of = f', or "{bare[1]} min" or "{bare[1]}h" for a span' if int(bare[1]) else ""
        raise BadCell(f'can be read in two ways: write "{of_day}" for the time of day{span_of}')
    try:
        found = _timed(said, f"daily {said}", zone, since)
    except Unreadable:
        found = _read(said, zone, since)
    if as_counted(found) is not None:
        raise BadCell(f"counts from when the row was edited, not from when it comes due; {FORMS}")
    if not (found.one_off or clocked(found)):
        raise BadCell(f"says how often, not by when; {FORMS}")
    return found


def _read(said: str, zone: tzinfo, since: datetime) -> Schedule:
    try:
        return _timed(said, said, zone, since)
    except Unreadable as exc:
        why = str(exc).partition('": ')[2]
        raise BadCell(why if why.startswith("can be read in two ways") else f"not understood; {FORMS}") from None


def _timed(said: str, sentence: str, zone: tzinfo, since: datetime) -> Schedule:
    """The sentence as a schedule, of which the time of day doesn't hang on a default. Raises Unreadable, BadCell."""
    found, other = (schedule.parse(sentence, type=None, zone=zone, since=since, daily_at=at).schedule for at in (_MORNING, _NOON))
    if found != other:
        raise BadCell(f'says no time of day; add it, like "{said} 18:00"')
    return found


def useless(deadline: Deadline, its: Schedule) -> str | None:
    """Why this deadline says nothing to a row of such a schedule, with the remedy; None where it does.

    That of a row which comes due at just the instants of its deadline would be the next time that it comes due.
    """
    if isinstance(deadline, Within):
        return None
    due = its.next(_EPOCH)
    if due is None:
        return None
    by, then = deadline.by(Owed(due, due)), its.next(due)
    if its.one_off and by is None:
        return "the row comes due only then, or later; write a later one, or a span such as 2h"
    if by is not None and by == then and deadline.clock.next(due - TICK) == due:
        return "the row comes due at just that time, so nothing can have succeeded by then; write a later one, or a span such as 2h"
    return None
