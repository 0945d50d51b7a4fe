"""A row's Type and Schedule held together: what they come to, or why they contradict each other."""

from __future__ import annotations

from datetime import datetime, time, tzinfo
from functools import lru_cache

from msgspec import Struct

from engine.model import Schedule, Type
from engine.schedule.build import PERIODS, Setting, at_next, calendar, once, span
from engine.schedule.cron import Cron, cron, looks_like_cron
from engine.schedule.cron_words import cron_words
from engine.schedule.said import Every, Recurring, Said
from engine.schedule.tokens import tidy
from engine.schedule.unreadable import Unreadable, as_written, shown, two_readings
from engine.schedule.walk import Calendar
from engine.schedule.words import FORMS, sentence

_TIMED = frozenset({Type.INTERVAL, Type.DAILY, Type.WEEKLY, Type.MONTHLY, Type.CRON, Type.ONCE})
_NICKNAMES = {
    "@hourly": Type.INTERVAL,
    "@daily": Type.DAILY,
    "@midnight": Type.DAILY,
    "@weekly": Type.WEEKLY,
    "@monthly": Type.MONTHLY,
}
_EXAMPLES = {Type.INTERVAL: '"every 15 minutes"', Type.CRON: '"0 7 * * mon-fri"', Type.ONCE: '"2026-12-24 10:00" or "now"'}
_WORKDAYS, _ALL_WEEK = 0b1_1111, 0b111_1111


class Parsed(Struct, frozen=True):
    """A schedule understood. type: the row's own, or told from the schedule where that is blank."""

    schedule: Schedule
    type: Type


def parse(
    text: str | None,
    *,
    type: Type | None,  # noqa: A002 (the column is called Type)
    zone: tzinfo,
    since: datetime,
    threshold: int = 1,
    anchor: datetime | None = None,
    daily_at: time = time(9),
) -> Parsed:
    """Read a Schedule cell together with its row's Type.

    text: as a person wrote it; None or blank where they wrote nothing.   zone: of its wall-clock times.
    since: when the row was first seen, activated or restarted (aware): `now` and `in 2 hours` count from it.
    threshold: daily, weekly and monthly come due every so many periods.
    anchor: an earlier Last Run (aware): gives a daily, weekly or monthly row without a Schedule its time of day (whole minutes),
    weekday and day of the month.   daily_at: the time of day where nothing else says one.
    Raises Unreadable.
    """
    written = text or ""
    try:
        if threshold < 1:
            too_small = f"Threshold {threshold} is too small: daily, weekly and monthly rows run every so many periods, 1 or more"
            raise Unreadable(too_small)
        return _read(Setting(tidy(written), zone, since, threshold, anchor, daily_at), type)
    except Unreadable as exc:
        raise Unreadable(as_written(str(exc), written)) from None


@lru_cache(maxsize=4096)
def _read(setting: Setting, type_: Type | None) -> Parsed:
    """Many rows of a table say the same; what they share is read once, and kept once."""
    plain = setting.text
    if type_ is not None and type_ not in _TIMED:
        raise _untimed(type_, plain)
    if not plain:
        return _unsaid(setting, type_)
    if looks_like_cron(plain):
        return _cron(setting, type_)
    return _said(setting, type_, sentence(plain))


def _untimed(type_: Type, plain: str) -> Unreadable:
    if not plain:
        times = ", ".join(t for t in Type if t in _TIMED)
        return Unreadable(f"Type {type_} comes due by no schedule; where time should start the task, write one of {times}")
    return Unreadable(
        f"Type {type_} and Schedule {shown(plain)} contradict each other: {type_} takes no Schedule; clear one of the two"
    )


def _unsaid(setting: Setting, type_: Type | None) -> Parsed:
    if type_ is None:
        raise Unreadable(f"Type and Schedule are both empty: {FORMS}")
    if type_ not in PERIODS:
        raise Unreadable(f"Type {type_} needs a Schedule: write e.g. {_EXAMPLES[type_]}")
    return Parsed(calendar(setting, Recurring(unit=PERIODS[type_]), type_), type_)


def _cron(setting: Setting, type_: Type | None) -> Parsed:
    known = cron(setting.text)
    nickname = _NICKNAMES.get(setting.text)
    found = _agreed(setting, type_, (Type.CRON,) if nickname is None else (Type.CRON, nickname), "a cron expression")
    if found in PERIODS and setting.threshold != 1:
        raise setting.refused(f"leaves no room for Threshold {setting.threshold}; set Threshold to 1, or write words")
    return Parsed(cron_calendar(known, setting.zone), found)


def cron_calendar(known: Cron, zone: tzinfo) -> Calendar:
    """A cron expression in a zone."""
    words = f"{known.text}: {cron_words(known)}"
    return Calendar(known.text, zone, known.days, known.minutes, known.seconds, known.real, words=words)


def _said(setting: Setting, type_: Type | None, said: Said) -> Parsed:
    if isinstance(said, Every):
        return Parsed(span(setting, said), _agreed(setting, type_, (Type.INTERVAL,), "an interval"))
    if not isinstance(said, Recurring):
        return Parsed(once(setting, said), _agreed(setting, type_, (Type.ONCE,), "a single time"))
    if said.unit is not None:
        found = _agreed(setting, type_, _fitting(said), _kind(said))
        return Parsed(calendar(setting, said, found), found)
    if type_ is None:
        raise two_readings(
            setting.text, f'"daily {setting.text}" for every day', 'the date as well, like "2026-12-24 10:00", for one time'
        )
    found = _agreed(setting, type_, (*PERIODS, Type.ONCE), "a time of day")
    if found is Type.ONCE:
        return Parsed(at_next(setting, said.times), found)
    return Parsed(calendar(setting, said, found), found)


def _fitting(said: Recurring) -> tuple[Type, ...]:
    """The Types that such a sentence agrees with; the first is told from it."""
    first = next(t for t, unit in PERIODS.items() if unit == said.unit)
    counted = (Type.INTERVAL,) if said.every is not None and said.months is None else ()
    each_day = (Type.DAILY,) if said.weekdays in (_WORKDAYS, _ALL_WEEK) and said.every is None else ()
    return (first, *counted, *each_day)


def _kind(said: Recurring) -> str:
    return {"day": "a daily time", "week": "a weekly time", "month": "a monthly time"}[said.unit or "day"]


def _agreed(setting: Setting, type_: Type | None, fitting: tuple[Type, ...], kind: str) -> Type:
    if type_ is None or type_ in fitting:
        return type_ or fitting[0]
    raise Unreadable(
        f"Type {type_} and Schedule {shown(setting.text)} contradict each other: the Schedule is {kind};"
        f" set Type to {fitting[0]} or leave it blank, or change the Schedule"
    )
