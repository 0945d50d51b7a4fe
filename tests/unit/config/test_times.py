"""Calendar values as people write them."""

from __future__ import annotations

from datetime import date, time
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from config.times import dates, system_zone, time_of_day, weekdays, zone


@pytest.mark.parametrize(
    ("text", "read"), [("09:00", time(9)), ("9:05", time(9, 5)), ("23:59:30", time(23, 59, 30)), (time(3), time(3))]
)
def test_a_time_of_day_is_hours_and_minutes(text: object, read: time) -> None:
    assert time_of_day(text) == read


@pytest.mark.parametrize("text", ["24:00", "9", "9am", "09:60", "", 900, None, "09:00Z", "²3:00"])
def test_what_is_no_time_of_day_is_refused_with_the_remedy(text: object) -> None:
    with pytest.raises(ValueError, match=r'write hours and minutes like "09:00"'):
        time_of_day(text)


def test_weekdays_are_names_and_ranges_which_may_go_over_the_weekend() -> None:
    assert weekdays(["sat", "Sunday"]) == {5, 6}
    assert weekdays(["mon-fri"]) == {0, 1, 2, 3, 4}
    assert weekdays(["fri-mon"]) == {4, 5, 6, 0}
    assert weekdays(["wed-wed"]) == {2}
    assert weekdays(weekdays(["tue"])) == {1}


@pytest.mark.parametrize("value", [["sa"], ["mon-"], ["someday"], [7], "sat"])
def test_what_is_no_weekday_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match="write"):
        weekdays(value)


def test_a_range_of_dates_has_both_its_ends() -> None:
    assert dates(["2026-12-24", "2026-12-31..2027-01-01"]) == {date(2026, 12, 24), date(2026, 12, 31), date(2027, 1, 1)}
    assert dates([date(2026, 5, 1)]) == {date(2026, 5, 1)}


@pytest.mark.parametrize(
    "item", ["24.12.2026", "2026-02-30", "2027-01-01..2026-12-31", "2026-01-01..2030-01-01", "2026-01-01..", 5]
)
def test_what_is_no_date_or_a_range_of_nonsense_is_refused(item: object) -> None:
    with pytest.raises(ValueError, match="write"):
        dates([item])


@pytest.mark.parametrize(
    ("text", "remedy"),
    [
        ("Europe/Berln", 'did you mean "Europe/Berlin"?'),
        ("europe/berlin", 'did you mean "Europe/Berlin"?'),
        ("+02:00", "IANA name"),
        ("Europe", ""),
        ("../../etc/passwd", ""),
        ("", "IANA name"),
        (3, "IANA name"),
        ("a\0b", ""),
    ],
)
def test_an_unknown_zone_is_refused_with_the_one_that_was_meant(text: object, remedy: str) -> None:
    with pytest.raises(ValueError, match="is not a time zone") as caught:
        zone(text)
    assert remedy in str(caught.value)


def test_the_systems_zone_is_the_name_that_localtime_links_to(tmp_path: Path) -> None:
    link = tmp_path / "localtime"
    link.symlink_to("/usr/share/zoneinfo/Asia/Tokyo")
    assert system_zone(link) == ZoneInfo("Asia/Tokyo")


def test_a_system_zone_without_a_name_is_utc(tmp_path: Path) -> None:
    copied = tmp_path / "copied"
    copied.write_bytes(b"TZif2")
    strange = tmp_path / "strange"
    strange.symlink_to("/usr/share/zoneinfo/No/Where")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.symlink_to("/tmp/x")
    assert {system_zone(p).key for p in (copied, strange, elsewhere, tmp_path / "missing")} == {"UTC"}
