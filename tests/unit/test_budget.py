"""A month's budget: spread over the days that are left, told before it is looked, remembered over restarts."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from connectors.api import Budget, Window
from connectors.errors import TryLater
from engine.budget import Spent, outlook
from engine.committer import InlineCommitter
from engine.crash import CrashPoints
from engine.events import Event, QuotaEased, QuotaLow
from engine.governor import Governor
from engine.ledger import Ledger, LedgerUnwritable
from engine.quota import Asked, Purpose, room_in
from tests.fakes.virtual import VirtualClock, run

LOOK, TELL = Purpose.LOOK, Purpose.TELL
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
BEGIN = datetime(2026, 3, 1, tzinfo=UTC)
FREE = Budget(1_000, "workspace")


def asked(purpose: Purpose = TELL, table: str = "ops", share: float = 1.0, *budgets: Budget) -> Asked:
    return Asked(table, "read", purpose, (), share, budgets or (FREE,))


def test_a_month_is_that_of_utc_and_turns_with_it() -> None:
    days = {date(2026, 2, 28): Spent(500, 400), date(2026, 3, 1): Spent(3, 4), date(2026, 3, 2): Spent(1, 1)}
    stands = outlook(1_000, days, datetime(2026, 3, 2, 12, tzinfo=UTC))
    assert (stands.spent, stands.left, stands.until) == (9, 991, datetime(2026, 4, 1, tzinfo=UTC))
    assert stands.ahead == 29.5 * DAY
    assert outlook(1_000, days, stands.until).left == 1_000
    december = outlook(1_000, {}, datetime(2026, 12, 31, 23, tzinfo=UTC))
    assert (december.until, december.ahead) == (datetime(2027, 1, 1, tzinfo=UTC), HOUR)


def test_looks_are_spread_over_what_telling_is_expected_to_leave() -> None:
    quiet = outlook(1_000, {}, BEGIN)
    assert quiet.look_every(1) == 31 * DAY / 880
    telling = outlook(1_000, {BEGIN.date(): Spent(0, 20)}, BEGIN + DAY)
    assert (telling.left, telling.kept) == (980, 620)
    assert telling.look_every(2) == 30 * DAY * (2 / 360)
    swamped = outlook(1_000, {BEGIN.date(): Spent(0, 200)}, BEGIN + DAY)
    assert (swamped.left, swamped.kept) == (800, 600)
    assert outlook(10, {BEGIN.date(): Spent(0, 10)}, BEGIN + DAY).look_every(1) == 30 * DAY


def test_what_is_told_waits_only_where_the_month_runs_short() -> None:
    on_time = outlook(1_000, {BEGIN.date(): Spent(0, 200)}, BEGIN + 7 * DAY)
    assert on_time.tell_every(3) == timedelta(0)
    short = outlook(1_000, {BEGIN.date(): Spent(0, 400)}, BEGIN + DAY)
    assert short.tell_every(1) == 30 * DAY * (1 / (0.75 * 600))


def test_looks_leave_a_reserve_that_melts_with_the_month() -> None:
    for now in (BEGIN + DAY, BEGIN + 20 * DAY):
        even = 1_000 * ((BEGIN + 31 * DAY - now) / (31 * DAY))
        spent = {BEGIN.date(): Spent(1_000 - int(even / 10), 0)}
        stands = outlook(1_000, spent, now)
        assert stands.wait(TELL) == timedelta(0)
        assert timedelta(0) < (wait := stands.wait(LOOK)) < 4 * DAY
        assert outlook(1_000, spent, now + wait + timedelta(seconds=1)).wait(LOOK) == timedelta(0)
    spent_up = outlook(1_000, {BEGIN.date(): Spent(0, 1_000)}, BEGIN + DAY)
    assert spent_up.wait(TELL) == spent_up.wait(LOOK) == 30 * DAY


@settings(max_examples=50, deadline=None)  # a month of many small steps
@given(
    st.integers(1, 31),
    st.integers(60, 2_000),
    st.lists(st.integers(5, 40_000), min_size=1, max_size=8),
    st.integers(1, 3),
    st.integers(1, 3),
)
def test_who_keeps_to_the_distances_is_never_refused(day: int, size: int, news: list[int], looking: int, telling: int) -> None:
    """day: of the month on which it begins.   news: seconds until there is something to tell again, round and round.

    looking, telling: requests that each takes.
    """
    now = BEGIN + (day - 1) * DAY
    spent: defaultdict[date, Spent] = defaultdict(Spent)
    look_at = tell_at = now
    news_at, nth = now, 0
    while now < BEGIN + 31 * DAY:
        for purpose, at, cost in ((LOOK, look_at, looking), (TELL, max(tell_at, news_at), telling)):
            if at > now:
                continue
            for _ in range(cost):
                stands = outlook(size, spent, now)
                assert stands.wait(purpose) == timedelta(0) or stands.left < cost
                if stands.wait(purpose) == timedelta(0):
                    spent[now.date()] = spent[now.date()].plus(Spent(1, 0) if purpose is LOOK else Spent(0, 1))
            stands = outlook(size, spent, now)
            if purpose is LOOK:
                look_at = now + max(timedelta(seconds=60), stands.look_every(cost))
            else:
                tell_at = now + stands.tell_every(cost)
                news_at, nth = now + timedelta(seconds=news[nth % len(news)]), nth + 1
        now = min(look_at, max(tell_at, news_at))
    assert sum(each.total for each in spent.values()) <= size


def test_what_was_spent_is_remembered_over_restarts_before_a_request_goes_out(tmp_path: Path) -> None:
    async def life() -> list[int]:
        ledger = Ledger.open(tmp_path / "ledger.sqlite")
        committer = InlineCommitter(ledger, CrashPoints(None))
        governor = Governor(VirtualClock(BEGIN), committer)
        await governor.admit(asked(LOOK))
        await governor.admit(asked(TELL))
        (days,) = ledger.spent().values()
        await committer.close()  # or killed: what went out was written down before
        return [days[BEGIN.date()].looks, days[BEGIN.date()].tells]

    assert [run(life()) for _ in range(3)] == [[1, 1], [2, 2], [3, 3]]


def test_a_ledger_that_cannot_be_written_holds_up_no_request_and_gets_it_later(tmp_path: Path) -> None:
    class Full(InlineCommitter):
        full = True

        async def do(self, work, *, point):  # type: ignore[no-untyped-def]  # as its base
            if self.full:
                raise LedgerUnwritable("disk full")
            return await super().do(work, point=point)

    async def story() -> None:
        ledger = Ledger.open(tmp_path / "ledger.sqlite")
        committer = Full(ledger, CrashPoints(None))
        governor = Governor(VirtualClock(BEGIN), committer)
        await governor.admit(asked())
        await governor.admit(asked())
        assert ledger.spent() == {}
        committer.full = False
        await governor.admit(asked())
        assert ledger.spent() == {"workspace": {BEGIN.date(): Spent(0, 3)}}
        await committer.close()

    run(story())


def test_two_tables_of_one_workspace_share_its_month_and_its_looks() -> None:
    async def story() -> None:
        governor = Governor(VirtualClock(BEGIN))
        alone = governor.done(asked(LOOK, "a"), 1)
        assert alone == 31 * DAY / 880
        together = governor.done(asked(LOOK, "b"), 2)
        assert together == 31 * DAY * (3 / 880)
        assert governor.done(Asked("c", "read", LOOK, ()), 1) == timedelta(0)
        other = Budget(1_000, "another workspace")
        assert governor.done(asked(LOOK, "d", 1.0, other), 1) == alone
        half = governor.done(asked(LOOK, "e", 0.5, Budget(1_000, "a third")), 1)
        assert half == 31 * DAY / 440

    run(story())


def test_a_month_that_runs_short_is_told_once_and_its_end_too() -> None:
    told: list[Event] = []

    async def story() -> None:
        clock = VirtualClock(BEGIN + DAY)
        governor = Governor(clock, listener=told.append)
        for _ in range(300):
            await governor.admit(asked())
        assert [type(event) for event in told] == [QuotaLow]
        await clock.sleep(7 * DAY)
        governor.done(asked(), 1)
        assert [type(event) for event in told] == [QuotaLow, QuotaEased]

    run(story())
    low, eased = told
    assert isinstance(low, QuotaLow)
    assert (low.scope, low.left, low.until) == ("workspace", 1_000 - low.spent, BEGIN + 31 * DAY)
    assert low.left - 20 < 0.8 * 1_000 * 30 / 31 <= low.left - 19
    assert isinstance(eased, QuotaEased)
    assert (eased.spent, eased.left) == (300, 700)


def test_what_is_spent_up_is_told_at_once_and_comes_back_when_the_month_turns() -> None:
    async def story() -> None:
        clock = VirtualClock(BEGIN)
        governor = Governor(clock)
        few = asked(TELL, "ops", 1.0, Budget(2, "workspace"))
        await governor.admit(few)
        await governor.admit(few)
        with pytest.raises(TryLater, match="spent until 2026-04-01 00:00:00 UTC") as raised:
            await governor.admit(few)
        assert raised.value.wait == 31 * DAY
        await clock.sleep(31 * DAY)
        await governor.admit(few)

    run(story())


def test_histories_take_what_is_left_over_and_never_what_looks_and_tells_may_need() -> None:
    quiet = outlook(1_000, {}, BEGIN)
    assert quiet.wait(Purpose.RECORD) == timedelta(0)
    assert quiet.record_every(1) == 31 * DAY / (980 - 900)
    spent = outlook(1_000, {BEGIN.date(): Spent(80, 0)}, BEGIN)
    assert spent.wait(Purpose.RECORD) == timedelta(0)
    over = outlook(1_000, {BEGIN.date(): Spent(85, 0)}, BEGIN)
    assert over.wait(Purpose.RECORD) == 31 * DAY * (1 - 895 / 900)
    assert (over.wait(LOOK), over.wait(TELL)) == (timedelta(0), timedelta(0))
    assert outlook(1_000, {BEGIN.date(): Spent(85, 0)}, BEGIN + over.wait(Purpose.RECORD)).wait(Purpose.RECORD) <= timedelta(
        seconds=1
    )
    gone = outlook(1_000, {BEGIN.date(): Spent(0, 1_000)}, BEGIN + DAY)
    assert gone.wait(Purpose.RECORD) == 30 * DAY


def test_what_a_history_takes_is_not_foreseen_as_telling_and_leaves_the_reserve_of_a_window() -> None:
    async def story() -> None:
        governor = Governor(VirtualClock(BEGIN))
        await governor.admit(asked(Purpose.RECORD))
        assert governor.spent_of("workspace", BEGIN.date()) == Spent(looks=1)

    run(story())
    window = Window("any", 10, timedelta(minutes=1), "base")
    counted = [room_in(window, Asked("ops", "write", purpose, (window,))) for purpose in (LOOK, TELL, Purpose.RECORD)]
    assert counted == [9, 10, 9]
    writes = replace(window, kind="write")
    assert [room_in(writes, Asked("ops", "write", purpose, (writes,))) for purpose in (TELL, Purpose.RECORD)] == [10, 9]
