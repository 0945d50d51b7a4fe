"""What is emitted, and what has ended, as the ledger keeps it."""

from __future__ import annotations

import pytest

from actions.api import Outcome, Result
from engine.ledger import Ledger, ends
from tests.unit.ledger.making import DAY, MINUTE, NOON, claimed, missed, occurrence, ran
from watches.api import Happening


def emit(ledger: Ledger, what: str, source: str = "ci", number: int = 1) -> int:
    with ledger.transaction():
        return ledger.emit(source, Happening(what, {"build": what, "ok": True}, number), NOON)


def test_what_is_emitted_comes_back_as_it_was_in_its_order_until_it_is_taken_up(ledger: Ledger) -> None:
    numbers = [emit(ledger, "1"), emit(ledger, "x", "other"), emit(ledger, "2 \udcff", number=3)]
    found = ledger.emitted("ci")
    assert [one.n for one in found] == [numbers[0], numbers[2]]
    assert found[0].happening == Happening("1", {"build": "1", "ok": True}, 1)
    assert (found[1].happening.number, found[1].happening.values["build"]) == (3, "2 \udcff")
    assert [one.n for one in ledger.emitted("ci", numbers[0])] == [numbers[2]]
    assert ledger.waiting("ci") == 2
    with ledger.transaction():
        ledger.forget_emitted("ci", numbers[0])
    assert (ledger.waiting("ci"), ledger.waiting("other")) == (1, 1)


def test_a_number_is_never_used_twice(ledger: Ledger) -> None:
    first = emit(ledger, "1")
    with ledger.transaction():
        ledger.forget_emitted("ci", first)
    assert emit(ledger, "2") > first


def test_of_the_ids_of_each_source_the_newest_are_known(ledger: Ledger) -> None:
    with ledger.transaction():
        assert all(ledger.first_time("ci", f"b{n}", 3) for n in range(4))
        assert ledger.first_time("other", "b3", 3)
        assert not ledger.first_time("ci", "b3", 3)
        assert not ledger.first_time("ci", "b1", 3)
        assert ledger.first_time("ci", "b0", 3)
        assert ledger.first_time("ci", "b1", 3)  # b0 has taken its place


def test_each_end_is_noted_once_in_the_order_in_which_they_ended(ledger: Ledger) -> None:
    first = ran(ledger, "a", Outcome.FAILED, summary="exit code 3", event={"through": "x\ny"})
    second = ran(ledger, "b", at=NOON - DAY)  # the clock was set back
    one, two = ledger.ends(0)
    assert (one.run, two.run) == (first.id, second.id)
    assert (one.table, one.row, one.outcome, one.reason, one.number) == ("ops", "task a", "failed", "exit code 3", 1)
    assert (one.duration_s, one.through, two.through) == (60.0, ("x", "y"), ())
    assert [end.run for end in ledger.ends(one.n)] == [second.id]
    assert ledger.last_end() == two.n


def test_an_attempt_that_another_follows_is_no_end(ledger: Ledger) -> None:
    (made,) = claimed(ledger, occurrence())
    with ledger.transaction():
        ledger.begin([(made.id, 1)], NOON)
        ledger.end_attempt(made.id, 1, NOON, Result(Outcome.FAILED, "no"), MINUTE, NOON + MINUTE)
    assert list(ledger.ends(0)) == []
    with ledger.transaction():
        ledger.end(made.id, Outcome.CANCELLED, "cancelled", NOON)
    assert [end.outcome for end in ledger.ends(0)] == ["cancelled"]


def test_of_a_record_that_grows_what_came_to_it_is_noted_with_what_brought_that_about(ledger: Ledger) -> None:
    with ledger.transaction():
        ledger.record([missed(minute=1)])
    with ledger.transaction():
        ledger.record([missed(minute=2, event={"through": "x"}), missed(minute=3)])
    found = list(ledger.ends(0))
    assert len({end.run for end in found}) == 1
    assert [(end.number, end.through) for end in found] == [(1, ()), (1, ("x",)), (1, ())]


def test_only_the_order_of_the_newest_is_remembered(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ends, "KEPT", 2)
    runs = [ran(ledger, at=NOON + n * MINUTE) for n in range(4)]
    last = ledger.last_end()
    with ledger.transaction():
        ledger.prune(NOON, 100, DAY)
    assert [end.run for end in ledger.ends(0)] == [run.id for run in runs[2:]]
    assert ledger.last_end() == last


def test_what_was_pruned_is_left_out_and_no_number_comes_back(ledger: Ledger) -> None:
    ran(ledger)
    ran(ledger, at=NOON + MINUTE)
    with ledger.transaction():
        ledger.prune(NOON, 1, DAY)
    (left,) = ledger.ends(0)
    assert left.n == ledger.last_end() == 2
