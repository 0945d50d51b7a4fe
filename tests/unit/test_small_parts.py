"""Breaker and blackouts: small pure parts."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from actions.api import Outcome
from engine.blackout import Blackout, covering
from engine.breaker import Breaker, BreakerRules
from tests.fakes.virtual import NOON

SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)
BERLIN = ZoneInfo("Europe/Berlin")


def test_a_breaker_opens_after_so_many_failures_doubles_and_closes_on_success() -> None:
    rules = BreakerRules(failures=2, wait=MINUTE, wait_max=3 * MINUTE)
    one = Breaker().after(Outcome.FAILED, NOON)
    assert one.shut_until(rules) is None
    two = one.after(Outcome.TIMED_OUT, NOON)
    assert two.shut_until(rules) == NOON + MINUTE
    three = two.after(Outcome.FAILED, NOON)
    assert three.shut_until(rules) == NOON + 2 * MINUTE
    assert three.after(Outcome.FAILED, NOON).shut_until(rules) == NOON + 3 * MINUTE
    assert three.after(Outcome.CANCELLED, NOON) == three
    assert three.after(Outcome.LOST, NOON) == three
    assert three.after(Outcome.SUCCEEDED, NOON).shut_until(rules) is None


def test_a_night_reaches_over_midnight_on_the_wall_clock() -> None:
    night = Blackout("night", BERLIN, time(22), time(6))
    assert night.until(datetime(2026, 3, 2, 20, 59, tzinfo=UTC)) is None
    assert night.until(datetime(2026, 3, 2, 21, 0, tzinfo=UTC)) == datetime(2026, 3, 3, 5, tzinfo=UTC)
    assert night.until(datetime(2026, 3, 3, 4, 59, tzinfo=UTC)) == datetime(2026, 3, 3, 5, tzinfo=UTC)
    assert night.until(datetime(2026, 3, 3, 5, 0, tzinfo=UTC)) is None


def test_a_night_is_an_hour_shorter_when_the_clocks_go_forward() -> None:
    # Europe/Berlin, 29 March 2026: 02:00 becomes 03:00
    night = Blackout("night", BERLIN, time(22), time(6))
    assert night.until(datetime(2026, 3, 29, 0, 0, tzinfo=UTC)) == datetime(2026, 3, 29, 4, tzinfo=UTC)


def test_days_and_dates_and_tables() -> None:
    weekend = Blackout("weekend", UTC, days=frozenset({5, 6}))
    holiday = Blackout("holiday", UTC, dates=frozenset({date(2026, 3, 4)}), tables=frozenset({"ops"}))
    saturday = datetime(2026, 3, 7, 12, tzinfo=UTC)
    assert covering([weekend], "ops", saturday) == ("weekend", datetime(2026, 3, 9, tzinfo=UTC))
    assert covering([weekend], "ops", NOON) is None
    wednesday = datetime(2026, 3, 4, 12, tzinfo=UTC)
    assert covering([holiday], "ops", wednesday) == ("holiday", datetime(2026, 3, 5, tzinfo=UTC))
    assert covering([holiday], "other", wednesday) is None


def test_a_blackout_of_every_day_has_an_end_in_our_reckoning() -> None:
    always = Blackout("always", UTC)
    found = covering([always], "ops", NOON)
    assert found is not None
    assert timedelta(days=399) < found[1] - NOON < timedelta(days=403)
