"""What a history beside a table has yet to be told: each end once, from when it was begun, whatever is pruned or grows."""

from __future__ import annotations

from actions.api import Outcome, Result
from engine.ledger import AttemptEnd, Ledger
from tests.unit.ledger.making import DAY, MINUTE, NOON, claimed, missed, occurrence, ran


def begin(ledger: Ledger, table: str = "ops") -> None:
    with ledger.transaction():
        ledger.begin_journal(table)


def told(ledger: Ledger, until: int, *again: str) -> None:
    with ledger.transaction():
        ledger.told("ops", until, again)


def untold(ledger: Ledger, most: int = 100) -> list[tuple[str, int]]:
    return [(occurrence.id, occurrence.count) for _, occurrence in ledger.untold("ops", most)]


def test_what_ended_before_a_history_was_begun_and_in_other_tables_is_not_entered(ledger: Ledger) -> None:
    ran(ledger)
    begin(ledger)
    begin(ledger)
    assert ledger.journals() == {"ops"}
    first, _ = ran(ledger), ran(ledger, table="other")
    second = ran(ledger, "b", Outcome.FAILED)
    (waiting,) = claimed(ledger, occurrence())
    assert [each for _, each in ledger.untold("ops", 100)] == [first, second]
    assert ledger.untold("other", 100) == []
    with ledger.transaction():
        cancelled = ledger.end(waiting.id, Outcome.CANCELLED, "by a person", NOON)
    assert [each for _, each in ledger.untold("ops", 100)][2:] == [cancelled]


def test_of_many_ends_at_once_those_of_its_table_are_entered_as_they_ended(ledger: Ledger) -> None:
    begin(ledger)
    begun = claimed(ledger, *(occurrence(f"k{n}", table=table) for n, table in enumerate(("ops", "other", "ops", "ops"))))
    ends = [AttemptEnd(o.id, 1, NOON - n * MINUTE, Result(Outcome.SUCCEEDED, "done"), MINUTE) for n, o in enumerate(begun)]
    with ledger.transaction():
        ledger.begin([(o.id, 1) for o in begun], NOON)
        ledger.end_attempts(ends)
    assert [each.key for _, each in ledger.untold("ops", 100)] == ["k3", "k2", "k0"]
    begin(ledger, "other")
    assert ledger.untold("other", 100) == []


def test_what_the_store_has_is_told_no_more_and_what_it_has_lost_once_more(ledger: Ledger) -> None:
    begin(ledger)
    runs = [ran(ledger, at=NOON + n * MINUTE).id for n in range(4)]
    versions = [version for version, _ in ledger.untold("ops", 3)]
    assert versions == sorted(set(versions))
    told(ledger, versions[2])
    assert untold(ledger) == [(runs[3], 1)]
    told(ledger, versions[2], runs[0], "of another ledger")
    assert untold(ledger) == [(runs[3], 1), (runs[0], 1)]


def test_a_record_that_grows_while_it_is_told_is_told_anew(ledger: Ledger) -> None:
    begin(ledger)
    with ledger.transaction():
        ledger.record([missed(minute=1)])
    ((version, record),) = ledger.untold("ops", 9)
    with ledger.transaction():
        ledger.record([missed(minute=2)])
    assert untold(ledger) == [(record.id, 2)]
    told(ledger, version)
    assert untold(ledger) == [(record.id, 2)]
    told(ledger, ledger.untold("ops", 9)[0][0])
    assert untold(ledger) == []
    with ledger.transaction():
        ledger.record([missed(minute=3)])
    ((later, _),) = ledger.untold("ops", 9)
    assert later > version


def test_what_is_pruned_is_told_to_nobody_and_an_end_takes_all_with_it(ledger: Ledger) -> None:
    begin(ledger)
    for n in range(4):
        ran(ledger, at=NOON + n * MINUTE)
    with ledger.transaction():
        ledger.prune(NOON, 2, DAY)
    assert len(untold(ledger)) == 2
    with ledger.transaction():
        ledger.end_journal("ops")
    ran(ledger)
    assert (untold(ledger), ledger.journals()) == ([], frozenset())
    begin(ledger)
    assert untold(ledger) == []
