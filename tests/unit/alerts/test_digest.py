"""What a day or a week came to: when it is told, what it says, and that it is told once whatever is killed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from pydantic import ValidationError

from actions.api import Outcome
from config.matters import Matter
from engine.events import ChannelTold
from engine.ledger import Digest, Problem, Troubled
from rowd.alerts.alerting import Alerting
from rowd.alerts.digest import MOST, following, newest, summed_up
from rowd.alerts.noticing import Ear
from rowd.alerts.wording import Tone
from tests.fakes.virtual import NOON, run
from tests.unit.alerts.office import Office, channel
from tests.unit.alerts.test_telling import Moody, table
from tests.unit.test_loop import row

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
BERLIN = ZoneInfo("Europe/Berlin")
DIGEST = Digest(
    since=NOON, until=NOON + DAY, counts={Outcome.SUCCEEDED: 1480, Outcome.FAILED: 2, Outcome.MISSED: 1}, troubled=(), edits=1
)


def its(**said: Any) -> Any:
    return channel(**said).settings


def problem(name: str = "backup", **more: Any) -> Problem:
    return replace(Problem("ops", name, Matter.FAILED, name, NOON, "disk full", ("ops-mail",)), **more)


def test_daily_is_each_day_and_weekly_each_monday_on_the_clock_of_its_zone() -> None:
    daily, weekly = its(digest="daily", digest_at="08:00"), its(digest="weekly", digest_at="08:00")
    monday = datetime(2026, 3, 2, 7, tzinfo=UTC)  # 08:00 in Berlin
    assert newest(daily, BERLIN, monday) == monday
    assert newest(daily, BERLIN, monday - HOUR) == monday - DAY
    assert newest(weekly, BERLIN, monday - HOUR) == monday - 7 * DAY
    assert following(daily, BERLIN, monday) == monday + DAY
    assert following(weekly, BERLIN, monday) == monday + 7 * DAY
    summer = datetime(2026, 3, 30, 6, tzinfo=UTC)  # 08:00 there, an hour sooner than the Monday before
    assert newest(weekly, BERLIN, summer) == summer
    assert (newest(its(), BERLIN, monday), following(its(), BERLIN, monday)) == (None, None)


@given(
    st.integers(0, 10 * 366 * 24 * 3600).map(lambda s: datetime(2020, 1, 1, tzinfo=UTC) + timedelta(seconds=s)),
    st.times(),
    st.sampled_from(["daily", "weekly"]),
    st.sampled_from(["Europe/Berlin", "America/New_York", "Asia/Kathmandu", "Pacific/Apia", "Australia/Lord_Howe", "UTC"]),
)
def test_now_lies_between_the_newest_and_the_next_and_none_is_between_them(now: datetime, at: Any, kind: str, name: str) -> None:
    said, zone = its(digest=kind, digest_at=f"{at:%H:%M}"), ZoneInfo(name)
    before, after = newest(said, zone, now), following(said, zone, now)
    assert before is not None
    assert after is not None
    assert before <= now < after
    assert newest(said, zone, after - timedelta(microseconds=1)) == before
    assert following(said, zone, before) == after
    assert after - before <= (8 if kind == "weekly" else 2) * DAY + HOUR


def test_it_says_how_all_ended_what_was_in_trouble_and_what_is_wrong_now() -> None:
    troubled = (Troubled("ops", "1", "backup", 2, 0, NOON, "disk full"), Troubled("ops", "2", "a <b>", 1, 3, NOON, "@all"))
    said = summed_up(replace(DIGEST, troubled=troubled), [problem()], UTC)
    assert said.title == "rowd: 1,480 succeeded, 2 failed, 1 missed; 1 problem"
    assert said.tone is Tone.FAILURE
    assert said.body == (
        "From Mon 2 Mar 2026 12:00 UTC to Tue 3 Mar 2026 12:00 UTC: 1,480 succeeded, 2 failed, 1 missed; 1 edit by people.\n\n"
        "Not as it should be in that time:\n"
        "ops/backup: failed 2 times, at last: disk full\n  rowd history ops/backup\n"
        "ops/a ‹b›: failed once and missed 3 times, at last: @\u2060all\n  rowd history 'ops/a ‹b›'\n\n"
        "Wrong now:\nops/backup: FAILED since Mon 2 Mar 2026 12:00 UTC"
    )


def test_a_quiet_day_says_so_and_many_are_counted() -> None:
    quiet = summed_up(replace(DIGEST, counts={}, edits=0), [], UTC)
    assert (quiet.title, quiet.tone) == ("rowd: nothing was due", Tone.SUCCESS)
    assert quiet.body.endswith("nothing was due; 0 edits by people.\n\nNothing is wrong now.")
    assert summed_up(DIGEST, [], UTC).tone is Tone.WARNING
    many = tuple(Troubled("ops", str(n), f"t{n}", 1, 0, NOON, "x") for n in range(MOST + 3))
    said = summed_up(replace(DIGEST, troubled=many), [problem(str(n)) for n in range(MOST + 2)], UTC).body
    assert "and 3 more: `rowd list` says how all stands" in said
    assert "and 2 more: `rowd list` says how all stands" in said


def test_it_is_told_at_its_time_and_what_it_says_begins_where_the_last_one_ended(tmp_path: Path) -> None:
    async def story() -> None:
        office, moody = Office(tmp_path, channel(digest="daily", digest_at="14:00", about=["deadline"])), Moody("")
        office.witness.behaviour = moody
        async with office.watched(table(row("backup", "10 * * * *"))):
            await office.until(NOON + 2 * HOUR - timedelta(seconds=1))
            assert office.sent == []
            await office.until(NOON + 3 * HOUR)
            assert office.titles == ["rowd: 2 succeeded"]
            assert office.bodies[0].startswith("From Mon 2 Mar 2026 12:00 UTC to Mon 2 Mar 2026 14:00 UTC: 2 succeeded;")
            moody.why = "disk full"
            await office.until(NOON + 3.5 * HOUR)
            moody.why = ""
            await office.until(NOON + 27 * HOUR)
        assert office.titles[1:] == ["rowd: 23 succeeded, 1 failed"]
        assert "ops/backup: failed once, at last: disk full" in office.bodies[1]
        assert [e.notices for e in office.of(ChannelTold)] == [0, 0]

    run(story())


def test_what_was_due_while_no_daemon_ran_is_told_by_the_next_one_in_one(tmp_path: Path) -> None:
    async def story() -> None:
        its = channel(digest="daily", digest_at="14:00")
        office, sheet = Office(tmp_path, its), table(row("backup", "10 * * * *"))
        async with office.watched(sheet):
            await office.until(NOON + HOUR)
        told = []
        for hours in (1, 72, 73):
            office = Office(tmp_path, its, clock=office.clock)
            await office.until(NOON + timedelta(hours=hours, minutes=5))
            async with office.watched(sheet):
                await office.until(NOON + timedelta(hours=hours, minutes=9))
            told.append([body for body in office.bodies if body.startswith("From ")])
        assert [len(bodies) for bodies in told] == [0, 1, 0]
        assert told[1][0].startswith("From Mon 2 Mar 2026 12:00 UTC to Wed 4 Mar 2026 14:00 UTC: 1 succeeded; ")

    run(story())


def test_one_that_can_not_be_sent_is_tried_again_and_waits_for_the_end_of_quiet_hours(tmp_path: Path) -> None:
    async def story() -> None:
        its = channel(digest="daily", digest_at="14:00", quiet_from="13:00", quiet_to="15:00")
        office = Office(tmp_path, its)
        office.away = "nobody there"
        async with office.watched(table(row("backup", "10 * * * *"))):
            await office.until(NOON + 3 * HOUR - timedelta(seconds=1))
            assert office.tries == 0
            await office.until(NOON + 3 * HOUR + timedelta(minutes=20))
            assert office.tries > 3
            office.away = ""
            await office.until(NOON + 4 * HOUR)
        assert office.titles == ["rowd: 2 succeeded"]

    run(story())


def test_of_less_than_an_hour_nothing_is_told_and_the_next_one_has_it(tmp_path: Path) -> None:
    async def story() -> None:
        office = Office(tmp_path, channel(digest="daily", digest_at="12:30"))
        async with office.watched(table(row("backup", "10 * * * *"))):
            await office.until(NOON + 23 * HOUR)
            assert office.sent == []
            await office.until(NOON + 25 * HOUR)
        assert office.titles == ["rowd: 24 succeeded"]

    run(story())


def test_only_its_tables_count(tmp_path: Path) -> None:
    async def story() -> None:
        office = Office(tmp_path, channel(digest="daily", digest_at="14:00", tables=["web"]))
        async with office.watched(table(row("backup", "10 * * * *"))):
            await office.until(NOON + 3 * HOUR)
        assert office.titles == ["rowd: nothing was due"]

    run(story())


def test_a_single_pass_tells_it_too_and_once(tmp_path: Path) -> None:
    async def story() -> None:
        its, told = channel(digest="daily", digest_at="14:00"), []
        office = Office(tmp_path, its)
        async with office.watched(table(row("backup", "10 * * * *"))):
            await office.until(NOON + HOUR)
        await office.until(NOON + 2.05 * HOUR)
        for _ in range(2):
            again = Office(tmp_path, its, clock=office.clock)
            daemon, committer = await again.daemon(table())
            await Alerting(daemon, committer, again.events.append, Ear(), again.channels, again.carry).once()
            await daemon.close()
            await committer.close()
            told.append(again.titles)
        assert told == [["rowd: 1 succeeded"], []]

    run(story())


def test_a_time_without_a_rhythm_is_none(tmp_path: Path) -> None:
    with pytest.raises(ValidationError):
        its(digest="hourly")
