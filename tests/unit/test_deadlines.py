"""Many deadlines by one alarm: each is over at its instant, and none that was cleared."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from engine.deadlines import Deadlines
from tests.fakes.virtual import VirtualClock, run

spans = st.integers(-5, 400).map(lambda n: timedelta(seconds=n + 0.25))
steps = st.tuples(st.integers(1, 60), st.sampled_from("abcdef"), st.none() | spans)
"""Seconds after the step before, of whom, and what it is given; None: it is cleared. Nothing is over at the instant of a step."""


@given(st.lists(steps, max_size=30))
def test_each_is_over_at_its_instant_unless_it_was_cleared_or_set_anew(story: list[tuple[int, str, timedelta | None]]) -> None:
    over: list[tuple[str, float]] = []
    expected: list[tuple[str, float]] = []

    async def play() -> None:
        clock = VirtualClock()
        deadlines = Deadlines(clock, lambda who: over.append((who, clock.monotonic())))
        pending: dict[str, float] = {}

        def passed(until: float) -> None:
            late = [who for who, at in pending.items() if at < until]
            expected.extend((who, pending.pop(who)) for who in late)

        for after, who, span in story:
            await clock.sleep(timedelta(seconds=after))
            passed(clock.monotonic())
            pending.pop(who, None)
            if span is None:
                deadlines.clear(who)
            else:
                deadlines.set(who, span)
                pending[who] = clock.monotonic() + max(span.total_seconds(), 0.0)
        await clock.sleep(timedelta(seconds=1000))
        passed(float("inf"))

    run(play())
    assert len(over) == len(expected)
    for (who, at), (its, meant) in zip(sorted(over), sorted(expected), strict=True):
        assert who == its
        assert abs(at - meant) <= 2e-6


def test_nothing_is_over_while_it_is_being_set() -> None:
    over: list[str] = []

    async def play() -> None:
        deadlines = Deadlines(VirtualClock(), over.append)
        deadlines.set("a", timedelta(0))
        assert over == []
        await asyncio.sleep(0)
        await asyncio.sleep(0)

    run(play())
    assert over == ["a"]


def test_who_is_over_may_be_set_again_at_once() -> None:
    over: list[float] = []

    async def play() -> None:
        clock = VirtualClock()

        def again(who: str) -> None:
            over.append(clock.monotonic())
            if len(over) < 3:
                deadlines.set(who, timedelta(seconds=5))

        deadlines = Deadlines(clock, again)
        deadlines.set("a", timedelta(seconds=5))
        deadlines.set("b", timedelta(seconds=100))
        await clock.sleep(timedelta(seconds=200))

    run(play())
    assert [round(at, 3) for at in over] == [5, 10, 15, 100]
