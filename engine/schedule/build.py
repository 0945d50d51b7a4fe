"""From what a sentence says, together with the row's zone, Threshold and the defaults, to a schedule."""

from __future__ import annotations

from datetime import datetime, time, timedelta, tzinfo

from msgspec import Struct
from msgspec.structs import replace

from engine.model import SETTLE, Type
from engine.schedule.days import EVERY_MONTH, FIRST_MONDAY, Days, EveryDays, EveryWeeks, InMonths, shared, week_of
from engine.schedule.recurring import MOST
from engine.schedule.said import Ahead, Every, OnDay, Recurring, When
from engine.schedule.spelling import begins_text, days_text, span_text, times_text, wall_text
from engine.schedule.tokens import LONGEST
from engine.schedule.unreadable import Unreadable, refused
from engine.schedule.walk import Calendar, Once, Span
from engine.schedule.zones import DAY, instant_of, moment_of, wall_of, walls

PERIODS = {Type.DAILY: "day", Type.WEEKLY: "week", Type.MONTHLY: "month"}
_SHORTEST = (0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)  # days of each month in the shortest year


class Setting(Struct, frozen=True):
    """What a Schedule cell is read against; as the arguments of `engine.schedule.parse`. text: the tidy cell, "" for none."""

    text: str
    zone: tzinfo
    since: datetime
    threshold: int
    anchor: datetime | None
    daily_at: time

    def refused(self, why: str) -> Unreadable:
        return refused(self.text, why)

    @property
    def usual(self) -> int:
        """`daily_at` in seconds since midnight."""
        return self.daily_at.hour * 3600 + self.daily_at.minute * 60 + self.daily_at.second

    @property
    def anchored(self) -> datetime | None:
        """The anchor on the zone's clock."""
        return None if self.anchor is None else self.anchor.astimezone(self.zone)

    @property
    def today(self) -> int:
        """The day of `since` on the zone's clock, as a number."""
        return self.wall(instant_of(self.since)) // DAY

    def wall(self, instant: int) -> int:
        return instant + walls(self.zone).stretch(instant).offset

    def instant(self, wall: int) -> int:
        return walls(self.zone).instant(wall)


# --- once


def once(setting: Setting, said: When | Ahead | OnDay) -> Once:
    """The one-off. A time in a skipped hour comes due right after it, in a repeated one the first time."""
    match said:
        case When():
            wall = _wall(said, setting.usual)
            due = _moment(setting, said, wall) + timedelta(microseconds=said.micro)
            return _once(setting, due, wall if said.offset is None else None)
        case Ahead(settle=True):
            return _once(setting, setting.since + SETTLE, counted=True)
        case Ahead():
            return _once(setting, _days_later(setting, said.days) + said.span, counted=True)
        case OnDay():
            second = setting.usual if said.second is None else said.second
            wall = (setting.today + said.days) * DAY + second
            return _once(setting, moment_of(setting.instant(wall)), wall, counted=True)


def at_next(setting: Setting, times: tuple[int, ...]) -> Once:
    """The one-off at the next such time of day."""
    if len(times) != 1:
        raise setting.refused("names several times, and Type once has one; write the date and the time")
    due = Calendar("", setting.zone, shared(EveryDays()), *_masks(setting, times)).next(setting.since)
    if due is None:
        raise setting.refused("never comes due")
    return _once(setting, due, setting.wall(instant_of(due)) // DAY * DAY + times[0], counted=True)


def _once(setting: Setting, due: datetime, wall: int | None = None, *, counted: bool = False) -> Once:
    """wall: what the clock was to show; None where that was not said.   counted: whether `since` makes the instant."""
    text = wall_text(due, setting.zone)
    skipped = wall is not None and setting.wall(instant_of(due)) != wall
    remark = " (the clock skips the time that was given)" if skipped else ""
    said = setting.text.removeprefix("once").lstrip(" ,") if counted else ""
    return Once(text, setting.zone, due, f"once, {text}{remark}", wall, said)


def _days_later(setting: Setting, days: int) -> datetime:
    if not days:
        return setting.since
    later = setting.instant(setting.wall(instant_of(setting.since)) + days * DAY)
    return moment_of(later) + timedelta(microseconds=setting.since.microsecond)


def _wall(said: When, usual: int) -> int:
    return wall_of(said.day.year, said.day.month, said.day.day, usual if said.second is None else said.second)


def _moment(setting: Setting, said: When, wall: int) -> datetime:
    if said.offset is not None:
        return moment_of(wall) - said.offset
    return moment_of(setting.instant(wall))


# --- recurring


def span(setting: Setting, said: Every) -> Span:
    """Real time, anchored at 1970-01-01 00:00 UTC, or where it begins."""
    if said.begins is None:
        return Span(span_text(said.every_s), setting.zone, said.every_s)
    first = _begins(setting, said.begins)
    text = span_text(said.every_s) + begins_text(first, setting.zone)
    return Span(text, setting.zone, said.every_s, first, bounded=True)


def calendar(setting: Setting, said: Recurring, type_: Type) -> Calendar:
    """Times of days on the zone's clock."""
    if said.every == 12 and said.rule is not None and said.months is None and said.begins is None:
        raise setting.refused('doesn\'t say in which month; write e.g. "yearly on 15 january" or "last friday of november"')
    every = _periods(setting, said, type_)
    begins = None if said.begins is None else _begins(setting, said.begins)
    minutes, seconds = _masks(setting, _times(setting, said))
    begin_day = None
    if begins is not None:
        begin_day, second = divmod(setting.wall(begins), DAY)
        opening = (minutes & -minutes).bit_length() * 60 - 60 + seconds.bit_length() - 1
        if second <= opening:  # no time of that day lies before it, so the day says it all
            begins = setting.instant(begin_day * DAY)
    days = shared(_days(setting, replace(said, every=every), type_, begin_day))
    text = f"{days_text(days)} at {times_text(minutes, seconds.bit_length() - 1)}"
    if begins is not None:
        text += begins_text(begins, setting.zone)
    if len(text) > LONGEST:
        raise setting.refused("says too much for one row; split it into two rows")
    found = Calendar(text, setting.zone, days, minutes, seconds, begins=begins, words=text)
    if found.next(setting.since) is None:
        raise setting.refused("never comes due within 50 years")
    return found


def _periods(setting: Setting, said: Recurring, type_: Type) -> int | None:
    """How many days, weeks or months lie between two, by the sentence or by Threshold; None where neither says."""
    threshold = setting.threshold
    if type_ not in PERIODS or threshold == 1:
        return said.every
    unit = PERIODS[type_]
    if said.every is not None and said.every != threshold:
        raise setting.refused(
            f"says every {said.every} and Threshold {threshold}; leave Threshold at 1, or the number out of the Schedule"
        )
    if said.unit not in (None, unit) or said.months is not None:
        raise setting.refused(
            f"is not counted in {unit}s, so Threshold {threshold} (every {threshold} {unit}s) can't be followed; set Threshold to 1"
        )
    if threshold > MOST[unit]:
        raise setting.refused(f"Threshold {threshold} means every {threshold} {unit}s, which is longer than ten years")
    return threshold


def _begins(setting: Setting, said: When) -> int:
    if said.micro:
        raise setting.refused("begins at a part of a second; write whole seconds")
    return instant_of(_moment(setting, said, _wall(said, 0)))


def _times(setting: Setting, said: Recurring) -> tuple[int, ...]:
    if said.times:
        return said.times
    if said.begins is not None and said.begins.second is not None:
        return (setting.wall(_begins(setting, said.begins)) % DAY,)
    nothing_said = said.every is None and said.weekdays is None and said.rule is None and said.months is None
    if nothing_said and (anchored := setting.anchored) is not None:
        return (anchored.hour * 3600 + anchored.minute * 60,)
    return (setting.usual,)


def _masks(setting: Setting, times: tuple[int, ...]) -> tuple[int, int]:
    """The minutes of the day and the second in them, as `Calendar` has them."""
    seconds = {t % 60 for t in times}
    if len(seconds) > 1:
        raise setting.refused("names times with different seconds; give them the same, or split it into rows")
    return sum(1 << m for m in {t // 60 for t in times}), 1 << seconds.pop()


def _days(setting: Setting, said: Recurring, type_: Type, begin: int | None) -> Days:
    unit = said.unit or PERIODS[type_]
    every = said.every or 1
    if unit == "day":
        return EveryDays(every, (FIRST_MONDAY if begin is None else begin) % every)
    if unit == "week":
        weekdays = said.weekdays or 1 << _weekday(setting, begin)
        first = FIRST_MONDAY if begin is None else week_of(_first(EveryWeeks(1, weekdays), begin))
        return EveryWeeks(every, weekdays, first % (7 * every))
    rule = said.rule or InMonths(dates=1 << _date(setting, begin))
    rule = replace(rule, months=EVERY_MONTH if said.months is None else said.months)
    first = 0 if begin is None else _month(_first(_clamped(rule), begin))
    if every == 12:
        return _clamped(replace(rule, months=1 << first % 12 + 1))
    return _clamped(replace(rule, every=every, first=first % every))


def _clamped(rule: InMonths) -> InMonths:
    """A date that one of the months lacks in some year is that month's last day."""
    shortest = min(_SHORTEST[m] for m in range(1, 13) if rule.months >> m & 1)
    numbered = rule.weekdays != 0 and bool(rule.dates)
    return replace(rule, clamped=numbered and rule.dates.bit_length() - 1 > shortest)


def _first(rule: Days, begin: int) -> int:
    found = rule.next(begin)
    return begin if found is None else found


def _weekday(setting: Setting, begin: int | None) -> int:
    if begin is not None:
        return (begin + 3) % 7
    return 0 if setting.anchored is None else setting.anchored.weekday()


def _date(setting: Setting, begin: int | None) -> int:
    if begin is not None:
        return moment_of(begin * DAY).day
    return 1 if setting.anchored is None else setting.anchored.day


def _month(day: int) -> int:
    at = moment_of(day * DAY)
    return (at.year - 1970) * 12 + at.month - 1
