"""When messages may go."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from config import settings
from rowd.alerts.pace import FIRST_PAUSE, GATHER, HOUR, LONGEST_PAUSE, opens, pause, recent
from tests.fakes.virtual import NOON

BERLIN = ZoneInfo("Europe/Berlin")
NIGHT = {"quiet_from": "22:00", "quiet_to": "07:00"}
DAY = {"quiet_from": "11:00", "quiet_to": "13:30"}


def its(**said: Any) -> settings.Channel:
    return settings.Channel.model_validate({"secret": "A", **said})


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def test_the_first_waits_for_what_comes_with_it() -> None:
    assert opens(NOON, (), its(), UTC) == NOON + GATHER


@pytest.mark.parametrize(
    ("said", "came", "goes"),
    [  # Berlin is an hour ahead in winter; on 29 March 2026 its clocks go from 02:00 to 03:00
        (NIGHT, "2026-03-02 20:59:50", "2026-03-02 20:59:55"),
        (NIGHT, "2026-03-02 20:59:55", "2026-03-03 06:00:00"),
        (NIGHT, "2026-03-02 23:30:00", "2026-03-03 06:00:00"),
        (NIGHT, "2026-03-03 05:59:54", "2026-03-03 06:00:00"),
        (NIGHT, "2026-03-03 05:59:55", "2026-03-03 06:00:00"),
        (NIGHT, "2026-03-03 06:00:00", "2026-03-03 06:00:05"),
        (NIGHT, "2026-03-28 23:00:00", "2026-03-29 05:00:00"),
        (DAY, "2026-03-02 09:00:00", "2026-03-02 09:00:05"),
        (DAY, "2026-03-02 09:59:55", "2026-03-02 12:30:00"),
        (DAY, "2026-03-02 10:00:00", "2026-03-02 12:30:00"),
        (DAY, "2026-03-02 12:29:59", "2026-03-02 12:30:04"),
    ],
)
def test_quiet_hours_are_those_of_the_channels_zone_and_what_falls_into_them_waits_for_their_end(
    said: dict[str, str], came: str, goes: str
) -> None:
    assert opens(at(came), (), its(**said), BERLIN) == at(goes)


def test_no_more_go_within_an_hour_than_may() -> None:
    sent = tuple(NOON + timedelta(minutes=n) for n in (0, 10, 20))
    late = NOON + timedelta(minutes=30)
    assert opens(late, sent, its(max_per_hour=4), UTC) == late + GATHER
    assert opens(late, sent, its(max_per_hour=3), UTC) == NOON + HOUR
    assert opens(late, sent, its(max_per_hour=2), UTC) == NOON + timedelta(minutes=10) + HOUR


def test_what_is_older_than_an_hour_or_lies_ahead_counts_no_more() -> None:
    sent = (NOON - HOUR, NOON - timedelta(minutes=59), NOON, NOON + timedelta(days=1))
    assert recent(sent, NOON) == sent[1:3]


def test_pauses_grow_to_half_an_hour() -> None:
    assert [pause(n) for n in (1, 2, 3)] == [FIRST_PAUSE, 2 * FIRST_PAUSE, 4 * FIRST_PAUSE]
    assert pause(7) == pause(10_000) == LONGEST_PAUSE
