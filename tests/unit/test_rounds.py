"""Calling a table again with what it left."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.api import Effect
from connectors.errors import Bug
from connectors.rounds import MOST, settled


@given(st.lists(st.integers(0, 5), max_size=12))
def test_every_item_gets_its_own_answer_however_often_it_was_left(times: list[int]) -> None:
    """times: how often each item is left before it is settled."""
    left = dict(enumerate(times))
    asked: list[list[int]] = []

    def call(items: Sequence[int]) -> list[Effect]:
        asked.append(list(items))
        answers = []
        for item in items:
            answers.append(Effect.AGAIN if left[item] else (Effect.MISSING, Effect.APPLIED)[item % 2])
            left[item] -= 1
        return answers

    assert settled(call, range(len(times))) == [(Effect.MISSING, Effect.APPLIED)[item % 2] for item in range(len(times))]
    assert asked == [[i for i, t in enumerate(times) if t >= n] for n in range(max(times, default=0) + 1)]


def test_a_store_that_settles_nothing_is_given_up() -> None:
    calls = []

    def call(items: Sequence[str]) -> list[Effect]:
        calls.append(items)
        return [Effect.AGAIN] * len(items)

    with pytest.raises(Bug, match="has left 2 patches"):
        settled(call, ["a", "b"])
    assert len(calls) == MOST


def test_a_store_that_settles_one_each_time_is_not() -> None:
    assert settled(lambda keys: [Effect.APPLIED] + [Effect.AGAIN] * (len(keys) - 1), "abcdefghijklmnop") == [Effect.APPLIED] * 16


def test_too_few_answers_are_the_stores_fault() -> None:
    with pytest.raises(Bug, match="answered 1 of 2"):
        settled(lambda _: [Effect.APPLIED], ["a", "b"])
