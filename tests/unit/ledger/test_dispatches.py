"""Dispatches, dead letters and how endpoints stand, as the ledger keeps them."""

from __future__ import annotations

from datetime import timedelta

import pytest

from engine.ledger import Dispatch, Ledger
from engine.ledger.dispatches import KEEP_DEAD, KEPT_DEAD
from tests.unit.ledger.making import DAY, MINUTE, NOON, missed
from watches.api import Alteration


def dispatch(id_: str, due: int = 0, endpoint: str = "ops", expires: timedelta = DAY) -> Dispatch:
    """Due so many minutes after noon."""
    return Dispatch(0, id_, endpoint, "run.ended", "ops/näme \udcff", "{}", NOON, 0, NOON + due * MINUTE, NOON + expires)


def put(ledger: Ledger, *those: Dispatch) -> None:
    with ledger.transaction():
        for name in {one.endpoint for one in those}:
            ledger.begin_endpoint(name, "here", NOON)
        ledger.put_dispatches(those)


def ids(ledger: Ledger) -> list[str]:
    return [one.id for one in ledger.dead_letters("ops")]


def test_the_one_that_is_due_first_comes_first_and_of_two_the_older(ledger: Ledger) -> None:
    put(ledger, dispatch("late", 5), dispatch("one"), dispatch("two"), dispatch("other", endpoint="up"))
    order = []
    while (one := ledger.next_dispatch("ops")) is not None:
        order.append(one.id)
        with ledger.transaction():
            ledger.take_dispatch(one, NOON)
    assert order == ["one", "two", "late"]
    assert ledger.endpoint_marks()["ops"].taken == 3
    assert ledger.endpoint_marks()["up"].waiting == 1


def test_an_id_is_put_down_once(ledger: Ledger) -> None:
    put(ledger, dispatch("one"))
    with pytest.raises(Exception, match="UNIQUE"):
        put(ledger, dispatch("one"))


def test_a_new_endpoint_has_gone_by_all_that_was_before_and_an_old_one_stays_where_it_is(ledger: Ledger) -> None:
    with ledger.transaction():
        ledger.record([missed("a", 0)])
        ledger.note_alterations([Alteration("ops", "a", "1", "added")])
        ledger.begin_endpoint("ops", "here", NOON)
    mark = ledger.endpoint_marks()["ops"]
    assert (mark.ended, mark.altered) == (ledger.last_end(), ledger.last_altered()) == (1, 1)
    with ledger.transaction():
        ledger.record([missed("b", 1)])
        ledger.begin_endpoint("ops", "here", NOON)
    assert ledger.endpoint_marks()["ops"].ended == 1
    [ended] = ledger.ended_after(1, 10)
    assert (ended.occurrence.key, ended.number) == ("b", 1)


def test_trouble_keeps_when_it_began_and_ends_with_what_is_taken(ledger: Ledger) -> None:
    put(ledger, dispatch("one"))
    with ledger.transaction():
        ledger.trouble_endpoint("ops", "away", NOON)
        ledger.trouble_endpoint("ops", "still away", NOON + MINUTE)
    mark = ledger.endpoint_marks()["ops"]
    assert (mark.trouble, mark.since, mark.gone_at) == ("still away", NOON, None)
    one = ledger.next_dispatch("ops")
    assert one is not None
    with ledger.transaction():
        ledger.take_dispatch(one, NOON + 2 * MINUTE)
    mark = ledger.endpoint_marks()["ops"]
    assert (mark.trouble, mark.since) == ("", NOON + 2 * MINUTE)


def test_one_that_is_gone_has_nothing_to_send_until_it_is_there_again_or_elsewhere(ledger: Ledger) -> None:
    put(ledger, dispatch("one"))
    with ledger.transaction():
        assert not ledger.enable_endpoint("ops", NOON)
        ledger.trouble_endpoint("ops", "410", NOON, gone=True)
    assert ledger.next_dispatch("ops") is None
    with ledger.transaction():
        ledger.begin_endpoint("ops", "here", NOON)
    assert ledger.next_dispatch("ops") is None
    with ledger.transaction():
        ledger.begin_endpoint("ops", "elsewhere", NOON)
    assert ledger.next_dispatch("ops") is not None
    assert ledger.endpoint_marks()["ops"].trouble == ""


def test_only_what_has_expired_is_given_up_and_can_be_tried_again(ledger: Ledger) -> None:
    put(ledger, dispatch("old", expires=MINUTE), dispatch("new"))
    with ledger.transaction():
        assert ledger.bury("ops", "away", NOON + MINUTE) == 1
        assert ledger.bury("ops", "away", NOON + MINUTE) == 0
    assert [(one.id, one.why, one.dead_at) for one in ledger.dead_letters("ops")] == [("old", "away", NOON + MINUTE)]
    with ledger.transaction():
        assert ledger.revive("ops", ["old", "new", "none"], NOON + DAY, NOON + 2 * DAY) == 1
    one = ledger.next_dispatch("ops")
    assert one is not None
    assert (one.id, ids(ledger)) == ("new", [])
    with ledger.transaction():
        assert ledger.bury("ops", "gone", NOON + DAY, everything=True) == 2
        assert ledger.drop_dead("ops", ["old"]) == 1
    assert ids(ledger) == ["new"]


def test_dead_letters_are_kept_up_to_a_number_and_for_a_while(ledger: Ledger) -> None:
    put(ledger, *(dispatch(f"m{n}", expires=MINUTE) for n in range(KEPT_DEAD + 5)))
    with ledger.transaction():
        ledger.bury("ops", "away", NOON + MINUTE)
    assert len(ids(ledger)) == KEPT_DEAD
    assert ids(ledger)[0] == "m5"
    with ledger.transaction():
        ledger.prune(NOON + KEEP_DEAD, 10, DAY)
    assert len(ids(ledger)) == KEPT_DEAD
    with ledger.transaction():
        ledger.prune(NOON + KEEP_DEAD + 2 * MINUTE, 10, DAY)
    assert ids(ledger) == []


def test_endpoints_that_are_no_longer_there_are_forgotten_with_all_they_had(ledger: Ledger) -> None:
    put(ledger, dispatch("one"), dispatch("two", endpoint="up"))
    with ledger.transaction():
        ledger.bury("ops", "away", NOON, everything=True)
        ledger.forget_endpoints(["up"])
    assert (set(ledger.endpoint_marks()), ids(ledger)) == ({"up"}, [])
    assert ledger.next_dispatch("up") is not None
