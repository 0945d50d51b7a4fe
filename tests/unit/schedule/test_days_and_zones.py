"""The rules for days against plain arithmetic on dates, and a zone that does what no real one has done yet."""

from __future__ import annotations

from calendar import monthrange
from datetime import UTC, date, datetime, timedelta, tzinfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.schedule.days import Days, EveryDays, EveryWeeks, InMonths, week_of
from engine.schedule.walk import Calendar
from engine.schedule.zones import instant_of, moment_of, walls

START = date(1970, 1, 1)
days = st.integers(-2_000, 40_000)


def naive(rule: Days, day: date) -> bool:
    number = (day - START).days
    match rule:
        case EveryDays():
            return (number - rule.first) % rule.every == 0
        case EveryWeeks():
            monday = number - day.weekday()
            return bool(rule.weekdays >> day.weekday() & 1) and (monday - rule.first) % (7 * rule.every) == 0
        case InMonths():
            length = monthrange(day.year, day.month)[1]
            index = (day.year - 1970) * 12 + day.month - 1
            dated = bool(rule.dates >> day.day & 1) or (rule.last and day.day == length)
            dated = dated or (rule.clamped and day.day == length and rule.dates.bit_length() - 1 > length)
            weekly = bool(rule.weekdays >> day.weekday() & 1 or rule.nth >> 5 * day.weekday() + (day.day - 1) // 7 & 1)
            weekly = weekly or bool(rule.last_weekdays >> day.weekday() & 1 and day.day + 7 > length)
            agrees = (dated and weekly) if rule.both else (dated or weekly)
            return agrees and bool(rule.months >> day.month & 1) and (index - rule.first) % rule.every == 0
    raise TypeError(rule)


rules = st.one_of(
    st.builds(EveryDays, st.integers(1, 40), st.integers(0, 50)),
    st.builds(
        lambda every, weekdays, week: EveryWeeks(every, weekdays, 4 + 7 * week),
        st.integers(1, 9),
        st.integers(1, 127),
        st.integers(0, 9),
    ),
    st.builds(
        InMonths,
        dates=st.one_of(st.just(0xFFFFFFFE), st.integers(1, 31).map(lambda d: 1 << d)),
        clamped=st.booleans(),
        last=st.booleans(),
        weekdays=st.sampled_from([127, 1, 64, 0]),
        nth=st.sampled_from([0, 1, 1 << 34, 1 << 12]),
        last_weekdays=st.sampled_from([0, 16, 64]),
        both=st.booleans(),
        months=st.sampled_from([0x1FFE, 4, 0x1554]),
        every=st.sampled_from([1, 1, 3]),
        first=st.integers(0, 2),
    ),
)


@settings(max_examples=150, deadline=None)
@given(rule=rules, begin=days)
def test_the_next_day_is_the_first_one_that_plain_arithmetic_finds(rule: Days, begin: int) -> None:
    found = rule.next(begin)
    last = begin + 1_500 if found is None else found
    assert not any(naive(rule, START + timedelta(days=d)) for d in range(begin, min(last, begin + 1_500)))
    if found is not None:
        assert naive(rule, START + timedelta(days=found))


@pytest.mark.parametrize("year", range(2020, 2032))
def test_the_nearest_working_day_stays_in_its_month(year: int) -> None:
    for month in range(1, 13):
        length = monthrange(year, month)[1]
        opening = (date(year, month, 1) - START).days
        workdays = [d for d in range(1, length + 1) if date(year, month, d).weekday() < 5]
        for day in (1, 15, length):
            nearest = min(workdays, key=lambda d: (abs(d - day), date(year, month, d).weekday() == 0))
            assert InMonths(dates=0, nearest=1 << day).next(opening) == opening + nearest - 1
        assert InMonths(dates=0, last_working=True).next(opening) == opening + workdays[-1] - 1


def test_weeks_begin_on_monday() -> None:
    for number in range(-20, 20):
        monday = START + timedelta(days=week_of(number))
        assert monday.weekday() == 0
        assert 0 <= number - week_of(number) < 7


class SetBack(tzinfo):
    """A clock that is set back by an hour at one instant."""

    def __init__(self, change: datetime) -> None:
        self._change = change.replace(tzinfo=None)

    def fromutc(self, dt: datetime) -> datetime:
        plain = dt.replace(tzinfo=None)
        early = plain < self._change
        repeats = not early and plain - self._change < timedelta(hours=1)
        return (plain + timedelta(hours=1 if early else 0)).replace(tzinfo=self, fold=1 if repeats else 0)

    def utcoffset(self, dt: datetime | None) -> timedelta:
        assert dt is not None
        late = dt.replace(tzinfo=None, fold=0) >= self._change + (timedelta(0) if dt.fold else timedelta(hours=1))
        return timedelta(0) if late else timedelta(hours=1)

    def tzname(self, dt: datetime | None) -> str:
        return "set back"

    def dst(self, dt: datetime | None) -> timedelta:
        return timedelta(0)


@pytest.mark.parametrize("before_s", [0, 1, 600, 3599, 86_400])
def test_an_hour_that_repeats_over_the_seam_of_what_is_known_runs_once(before_s: int) -> None:
    seam = moment_of(5 << 28)
    zone = SetBack(seam - timedelta(seconds=before_s))
    clock = walls(zone)
    change = instant_of(seam) - before_s
    shown = change + 1800  # half past the hour that is shown twice
    fixed = Calendar("", zone, EveryDays(), 1 << shown % 86_400 // 60, 1 << shown % 60)
    again = moment_of(shown - 60)
    assert clock.instant(shown) == shown - 3600
    assert fixed.next(moment_of(shown - 3601)) == moment_of(shown - 3600)
    assert fixed.next(again) == moment_of(shown + 86_400)
    real = Calendar("", zone, EveryDays(), fixed.minutes, fixed.seconds, real=True)
    assert real.next(again) == moment_of(shown)
    assert fixed.next(again).tzinfo is UTC  # type: ignore[union-attr]  # it has a next
