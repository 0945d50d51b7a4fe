"""What vendors allow: never more than a window's size in any span, whoever asks, whatever happens to the clock."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.api import Window
from connectors.errors import Limited, TryLater
from engine.governor import LONGEST_WAIT, Governor
from engine.quota import Asked, Purpose, Quota, reserve_of
from engine.trust import SteadyClock
from tests.fakes.virtual import NOON, VirtualClock, run

SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)
LOOK, TELL = Purpose.LOOK, Purpose.TELL
KINDS: tuple[Literal["read", "write"], ...] = ("read", "write")
TABLES = {
    "a": (Window("any", 5, SECOND, "base 1"), Window("any", 7, 10 * SECOND, "token")),
    "b": (Window("any", 5, SECOND, "base 1"), Window("any", 7, 10 * SECOND, "token")),
    "c": (Window("any", 2, 3 * SECOND, "base 2"), Window("any", 7, 10 * SECOND, "token"), Window("write", 3, 9 * SECOND, "user")),
}
"""Two of one base, one of another, all of one token."""


def asked(
    table: str = "a", kind: Literal["read", "write"] = "write", purpose: Purpose = TELL, share: float = 1.0, *windows: Window
) -> Asked:
    return Asked(table, kind, purpose, windows or TABLES[table], share)


def answered(quota: Quota, one: Asked, at: float) -> None:
    """It goes out, and has its answer at once."""
    quota.spend(one, at)
    quota.ended(one, at, at)


Request = tuple[float, str, Literal["read", "write"], Purpose, float]
requests = st.tuples(
    st.floats(0, 8), st.sampled_from(sorted(TABLES)), st.sampled_from(KINDS), st.sampled_from(Purpose), st.sampled_from([1.0, 0.5])
)
"""Seconds after which it is made, and whose, what, what for, and within what share."""
jumps = st.tuples(st.floats(0, 30), st.integers(-200_000, 200_000))


@given(st.lists(requests, min_size=1, max_size=50), st.lists(jumps, max_size=4))
def test_no_window_ever_sees_more_than_it_allows(schedule: list[Request], set_to: list[tuple[float, int]]) -> None:
    """schedule: seconds from the start at which each asks.   set_to: when the wall clock is set, and by how many seconds."""
    went: list[tuple[float, Asked]] = []
    put_off: list[timedelta | None] = []

    async def one(governor: Governor, after: float, wanted: Asked) -> None:
        await governor.clock.sleep(timedelta(seconds=after))
        while True:
            try:
                await governor.admit(wanted)
            except TryLater as exc:
                put_off.append(exc.wait)
                await governor.clock.sleep(exc.wait or LONGEST_WAIT)
            else:
                break
        went.append((governor.clock.uptime().seconds, wanted))

    async def story() -> None:
        wall = VirtualClock()
        governor = Governor(SteadyClock(wall))

        async def sets(after: float, by: int) -> None:
            await wall.sleep(timedelta(seconds=after))
            wall.set_wall(timedelta(seconds=by))

        asking = (one(governor, after, asked(*rest)) for after, *rest in schedule)
        await asyncio.gather(*asking, *(sets(*jump) for jump in set_to))

    run(story())
    assert len(went) == len(schedule)
    assert all(wait is not None and wait > LONGEST_WAIT for wait in put_off)
    for window in {window for windows in TABLES.values() for window in windows}:
        at = [when for when, wanted in went if window in wanted.windows and window.kind in (wanted.kind, "any")]
        span = window.span.total_seconds()
        assert all(later - earlier >= span - 1e-9 for earlier, later in zip(at, at[window.size :], strict=False))


@given(st.lists(st.tuples(requests, st.floats(0, 0.9), st.floats(0, 1)), min_size=1, max_size=40))
def test_no_window_sees_more_whenever_on_its_way_a_request_is_counted(schedule: list[tuple[Request, float, float]]) -> None:
    """schedule: requests, with the seconds that each takes, and the part of them after which the vendor counts it."""
    counted: list[tuple[float, Asked]] = []

    async def one(governor: Governor, after: float, wanted: Asked, takes: float, part: float) -> None:
        clock = governor.clock
        await clock.sleep(timedelta(seconds=after))
        while True:
            try:
                sent = await governor.admit(wanted)
                break
            except TryLater as exc:
                await clock.sleep(exc.wait or LONGEST_WAIT)
        await clock.sleep(timedelta(seconds=takes * part))
        counted.append((clock.uptime().seconds, wanted))
        await clock.sleep(timedelta(seconds=takes * (1 - part)))
        await governor.ended(wanted, sent)

    async def story() -> None:
        governor = Governor(VirtualClock())
        await asyncio.gather(*(one(governor, after, asked(*rest), takes, part) for (after, *rest), takes, part in schedule))

    run(story())
    for window in {window for windows in TABLES.values() for window in windows}:
        at = sorted(when for when, wanted in counted if window in wanted.windows and window.kind in (wanted.kind, "any"))
        span = window.span.total_seconds()
        assert all(later - earlier >= span - 1e-5 for earlier, later in zip(at, at[window.size :], strict=False))


@given(st.lists(requests, min_size=1, max_size=30))
def test_what_waits_goes_out_as_soon_as_there_is_room(
    schedule: list[Request],
) -> None:
    """Just before the instant that `free_at` names, it would be one too many; at the instant it isn't."""
    quota, now = Quota(), 0.0
    for after, *rest in schedule:
        wanted = asked(*rest)
        free = quota.free_at(wanted, now := now + after)
        if free > now:
            assert quota.free_at(wanted, (now + free) / 2) == free
        assert quota.free_at(wanted, free) == free
        quota.spend(wanted, now := free)


def test_reads_and_writes_are_counted_apart_where_the_vendor_does() -> None:
    quota, user = Quota(), Window("read", 1, MINUTE, "user")
    read, write = (asked("a", kind, LOOK, 1.0, user) for kind in KINDS)
    answered(quota, read, 0)
    assert quota.free_at(write, 0) == 0
    assert quota.free_at(read, 0) == 60
    assert [(one.window, one.spent) for one in quota.used(1)] == [(user, 1)]
    assert quota.used(60) == []


def test_two_tables_of_one_scope_share_one_count_and_a_third_does_not() -> None:
    quota = Quota()
    for _ in range(5):
        answered(quota, asked("a"), 0)
    assert quota.free_at(asked("b"), 0) == 1
    assert quota.free_at(asked("c"), 0) == 0
    answered(quota, asked("c"), 0)
    answered(quota, asked("c"), 0)
    assert quota.free_at(asked("a"), 1) == 10  # the token is that of all three


def test_a_lock_out_is_obeyed_to_the_instant_by_all_of_the_scope() -> None:
    quota = Quota()
    quota.lock("base 1", "any", 30)
    quota.lock("base 1", "any", 10)
    for table in "ab":
        assert quota.free_at(asked(table), 0) == 30
    assert quota.free_at(asked("c"), 0) == 0
    quota.lock("user", "read", 60)
    assert quota.free_at(asked("c", "write"), 0) == 0
    quota.lock("table c", "any", 5)
    assert quota.free_at(asked("c", "write"), 0) == 5
    assert quota.free_at(asked("a"), 31) == 31


def test_a_limit_that_is_not_published_is_learnt_from_the_pause_that_the_vendor_wants() -> None:
    quota, window = Quota(), Window("any", 180, MINUTE, "connection")
    ask = asked("a", "write", TELL, 1.0, window)
    for n in range(60):
        answered(quota, ask, n / 4)
    quota.learn(ask, 600, 15)
    at, sent = 615.0, 0
    while (at := quota.free_at(ask, at)) < 615 + 60:
        answered(quota, ask, at)
        sent += 1
    assert sent == 42  # seven tenths of what was too much, evenly
    assert quota.free_at(ask, at) - at <= 60 / 42
    quota.learn(ask, 600, at)
    assert [used.size for used in quota.used(at)] == [28]
    for _ in range(30):
        answered(quota, ask, at + 7 * 3600)
    assert quota.free_at(ask, at + 7 * 3600) - (at + 7 * 3600) == pytest.approx(60 / int(28 * 1.25**7))
    assert [used.size for used in quota.used(at + 99 * 3600)] == []
    answered(quota, ask, at + 99 * 3600)
    assert [used.size for used in quota.used(at + 99 * 3600)] == [180]


def test_a_limit_that_others_have_spent_leaves_us_a_part_of_ours() -> None:
    quota, window = Quota(), Window("any", 180, MINUTE, "connection")
    ask = asked("a", "write", TELL, 1.0, window)
    for n in range(3):
        answered(quota, ask, 700 * n)
        quota.learn(ask, 600, 700 * n)
        assert [used.size for used in quota.used(700 * n)] == [9]
    assert quota.free_at(ask, 1400) == pytest.approx(1400 + 60 / 9)


def test_a_pause_of_a_minute_is_learnt_from_too() -> None:
    quota, window = Quota(), Window("any", 180, MINUTE, "connection")
    ask = asked("a", "write", TELL, 1.0, window)
    for n in range(60):
        answered(quota, ask, n / 4)
    quota.learn(ask, 60, 15)
    assert [used.size for used in quota.used(15)] == [42]


def test_a_short_pause_teaches_nothing() -> None:
    quota = Quota()
    for _ in range(5):
        answered(quota, asked("a"), 0)
    quota.learn(asked("a"), 30, 0)
    assert quota.free_at(asked("a"), 40) == 40
    assert quota.noted()[2] == []


def test_what_was_learnt_is_known_to_the_next_process() -> None:
    quota, after, window = Quota(), Quota(), Window("any", 180, MINUTE, "connection")
    ask = asked("a", "write", TELL, 1.0, window)
    for n in range(20):
        answered(quota, ask, n)
    quota.learn(ask, 600, 20)
    after.take_up(*quota.noted(), 700)
    answered(after, ask, 700)
    assert after.free_at(ask, 700) == 700 + 60 / 14


def crowded(quota: Quota, now: float) -> dict[str, tuple[int, timedelta]]:
    """Scope → how many of ours there were when others were found to use it, and how long ago."""
    found = quota.standing(NOON, now)
    return {one.scope: (one.ours, NOON - one.crowded_at) for one in found if one.crowded_at is not None}


def test_where_fewer_of_ours_went_out_than_are_allowed_a_refusal_tells_of_others() -> None:
    quota = Quota()
    for _ in range(4):
        answered(quota, asked("a"), 0)
    quota.refused(asked("a"), "base 1", 0.5)
    assert crowded(quota, 60) == {"base 1": (4, 59.5 * SECOND)}, "of the token nothing was said"
    assert crowded(quota, 3600.4)
    assert crowded(quota, 3600.5) == {}, "that is long ago"


def test_where_ours_alone_may_have_been_too_many_nothing_is_said_of_others() -> None:
    quota = Quota()
    for _ in range(5):
        answered(quota, asked("a"), 0)
    quota.refused(asked("a"), "base 1", 0.5)
    quota.refused(asked("a"), "another base", 0.5)
    assert crowded(quota, 1) == {}


def test_that_others_use_it_is_known_to_the_next_process_and_the_newest_counts() -> None:
    quota, after = Quota(), Quota()
    answered(quota, asked("a", share=0.5), 10)
    quota.refused(asked("a", share=0.5), "base 1", 10)
    assert [one.size for one in quota.standing(NOON, 10) if one.crowded_at is not None] == [2], "of our part, as ever"
    after.take_up(*quota.noted(), 100)
    assert crowded(after, 100) == {"base 1": (1, 90 * SECOND)}
    answered(after, asked("b"), 110)
    after.refused(asked("b"), "base 1", 110)
    after.take_up(*quota.noted(), 120)
    assert crowded(after, 120) == {"base 1": (1, 10 * SECOND)}
    early = Quota()
    early.take_up(*quota.noted(), 5)
    assert crowded(early, 120) == {}, "what lies ahead never was"


def test_looks_leave_a_reserve_for_what_is_to_be_told() -> None:
    quota, window = Quota(), Window("any", 20, MINUTE, "connection")
    look, tell = (asked("a", "read", purpose, 1.0, window) for purpose in (LOOK, TELL))
    for _ in range(18):
        assert quota.free_at(look, 0) == 0
        answered(quota, look, 0)
    assert quota.free_at(look, 0) == 60
    for _ in range(2):
        assert quota.free_at(tell, 0) == 0
        answered(quota, tell, 0)
    assert quota.free_at(tell, 0) == 60


@pytest.mark.parametrize(("size", "kept"), [(1, 0), (2, 0), (3, 1), (5, 1), (50, 5), (180, 18)])
def test_the_reserve_leaves_room_for_looks(size: int, kept: int) -> None:
    assert reserve_of(size) == kept


def test_of_a_key_that_others_use_rowd_takes_its_share() -> None:
    quota, window = Quota(), Window("write", 10, MINUTE, "connection")
    half = asked("a", "write", TELL, 0.5, window)
    for _ in range(5):
        answered(quota, half, 0)
    assert quota.free_at(half, 0) == 60
    assert quota.free_at(asked("b", "write", TELL, 1.0, window), 0) == 0
    assert Quota().free_at(asked("a", "write", TELL, 0.01, window), 0) == 0  # one at least


def test_what_waits_too_long_is_told_when_to_come_again_and_is_not_counted() -> None:
    window = Window("any", 1, HOUR, "connection")

    async def story() -> None:
        governor = Governor(VirtualClock())
        wanted = asked("a", "write", TELL, 1.0, window)
        await governor.ended(wanted, await governor.admit(wanted))
        with pytest.raises(TryLater, match=r"spent until 2026-03-02 13:00:00 UTC") as raised:
            await governor.admit(wanted)
        assert raised.value.wait == HOUR
        assert [one.spent for one in governor.quota.used(0)] == [1]

    run(story())


def test_another_programs_burst_is_waited_out_by_every_table_and_refused_once() -> None:
    """The store refuses whatever comes before 12:00:30, and would lock anew for it."""

    async def story() -> Sequence[float]:
        governor = Governor(VirtualClock())
        await governor.admit(asked("a"))
        governor.refused(asked("a"), Limited("429", wait=30 * SECOND, scope="base 1"))
        went: list[float] = []

        async def one(table: str) -> None:
            await governor.admit(asked(table))
            went.append(governor.clock.uptime().seconds)

        await asyncio.gather(one("a"), one("b"), one("b"))
        return went

    assert run(story()) == [30, 30, 30]
