"""The audit trail in the ledger: what stands there stands in the commit of the thing itself, and outlives pruning and restoring."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace

from actions.api import Outcome, Result
from engine.approval import Approval
from engine.asked import BY_CELL, Wish
from engine.ledger import AttemptEnd, Ledger, restore
from engine.ledger.sealing import LARGEST
from engine.made import Made
from engine.model import Stage
from engine.trail import Deed, Head, Kind, deeds_of
from tests.unit.ledger.making import DAY, MINUTE, NOON, occurrence, ran, raw
from tests.unit.ledger.test_migrations import old_ledger


def deeds(ledger: Ledger) -> list[Deed]:
    return [deed for record in ledger.trail() for deed in deeds_of(record)]


def said(ledger: Ledger, kind: Kind) -> list[tuple[str, str, object]]:
    """Of the deeds of one kind: the row's key, who, and what."""
    return [(deed.key, deed.by, dict(deed.what)) for deed in deeds(ledger) if deed.kind == kind]


def holds(ledger: Ledger) -> bool:
    return ledger.examine_trail().broken is None


def do(ledger: Ledger, number: int, at: datetime = NOON) -> None:
    """So many commits of one deed each."""
    for n in range(number):
        with ledger.transaction():
            ledger.note([Deed(at, Kind.DAEMON_STARTED, by=f"one {n}")])


def test_a_run_stands_there_with_its_beginning_and_its_end(ledger: Ledger) -> None:
    run = ran(ledger, outcome=Outcome.FAILED, summary="disk full", by="cli:ann", parameters={"to": "nas"})
    begun, ended = deeds(ledger)
    assert (begun.kind, begun.table, begun.key, begun.row, begun.by, begun.run) == (
        *("run.begun", "ops", "a", "task a", "cli:ann"),
        run.id,
    )
    assert begun.what["action"] == "work"
    assert len(str(begun.what["parameters"])) == 16
    assert "nas" not in next(iter(ledger.trail())).deeds
    assert (ended.kind, ended.run, ended.at) == ("run.ended", run.id, NOON + MINUTE)
    assert dict(ended.what) == {"outcome": "failed", "attempt": 1, "reason": "disk full"}
    assert holds(ledger)


def test_what_starts_as_it_is_claimed_stands_there_once_and_another_daemons_claim_not_at_all(ledger: Ledger) -> None:
    one = occurrence(stage=Stage.RUNNING, attempt=1, started_at=NOON)
    with ledger.transaction():
        ledger.claim([one])
        assert ledger.claim([replace(one, id="another")]) == [False]
    assert [(deed.kind, deed.run) for deed in deeds(ledger)] == [("run.begun", one.id)]


def test_an_attempt_that_another_follows_on_is_told_too(ledger: Ledger) -> None:
    one = occurrence()
    with ledger.transaction():
        ledger.claim([one])
        ledger.begin([(one.id, 1)], NOON)
        ledger.end_attempts([AttemptEnd(one.id, 1, NOON, Result(Outcome.FAILED, "no"), MINUTE, NOON + MINUTE)])
        ledger.begin([(one.id, 2)], NOON + MINUTE)
        ledger.end_attempts([AttemptEnd(one.id, 2, NOON + 2 * MINUTE, Result(Outcome.SUCCEEDED, "yes"), MINUTE)])
    assert [what for _, _, what in said(ledger, Kind.RUN_BEGUN)] == [
        {"action": "work", "cause": "schedule"},
        {"action": "work", "cause": "schedule", "attempt": 2},
    ]
    assert [what for _, _, what in said(ledger, Kind.RUN_ENDED)] == [
        {"outcome": "to be tried again", "attempt": 1, "reason": "no"},
        {"outcome": "succeeded", "attempt": 2, "reason": "yes"},
    ]
    assert len(list(ledger.trail())) == 1  # one commit, one record


def test_requests_stand_there_with_who_asked_by_which_road_and_the_answer(ledger: Ledger) -> None:
    with ledger.transaction():
        about = {"run": "run1", "terms": "3f9c", "remark": "on Ann's word"}
        ledger.ask("ops", "a", Wish.APPROVE, 0, "cli:ann", NOON, about=about)
        cell = ledger.ask("ops", "b", Wish.SNOOZE, 60, BY_CELL, NOON)
        hook = ledger.ask("ops", "c", Wish.REACT, 0, "watch:ci", NOON, {"summary": "pushed"})
        ledger.answer(cell, False, "it is paused", NOON)
        ledger.answer(hook, True, "taken", NOON)
    assert said(ledger, Kind.REQUEST_MADE) == [
        ("a", "cli:ann", {"request": 1, "wish": "approve", "terms": "3f9c", "remark": "on Ann's word"}),
        ("b", "someone with edit access, by the Do cell", {"request": 2, "wish": "snooze", "amount": 60.0}),
        ("c", "watch:ci", {"request": 3, "wish": "react"}),
    ]
    assert said(ledger, Kind.REQUEST_ANSWERED) == [
        ("b", "rowd", {"request": 2, "taken": False, "reason": "it is paused"}),
        ("c", "rowd", {"request": 3, "taken": True}),
    ]
    assert deeds(ledger)[0].run == "run1"


def test_approvals_cancels_and_announced_rows_stand_there(ledger: Ledger) -> None:
    waits = occurrence(approval=Approval(NOON, "definition", "row", "3f9c"))
    other, third = occurrence("b"), occurrence("c")
    with ledger.transaction():
        ledger.claim([waits, other, third])
        ledger.revise([waits])
        given = Approval(NOON, "definition", "row", "3f9c", by="cli:ann", given_at=NOON + MINUTE, remark="go")
        ledger.revise([replace(waits, approval=given)])
        ledger.end(other.id, Outcome.CANCELLED, "cancelled by cli:bob", NOON)
        ledger.begin([(third.id, 1)], NOON)
        ledger.ask_to_stop([(third.id, "cancelled by cli:bob"), (waits.id, "of what doesn't run")], NOON)
        ledger.announce("ops", [("17", "new one"), (None, "another")], Made("run9", "importer", NOON))
    assert said(ledger, Kind.RUN_APPROVED) == [("a", "cli:ann", {"action": "work", "terms": "3f9c", "remark": "go"})]
    assert said(ledger, Kind.RUN_ENDED) == [("b", "rowd", {"outcome": "cancelled", "attempt": 0, "reason": "cancelled by cli:bob"})]
    assert said(ledger, Kind.RUN_STOPPED) == [("c", "rowd", {"reason": "cancelled by cli:bob"})]
    announced = [(deed.key, deed.row, deed.by, deed.run) for deed in deeds(ledger) if deed.kind == Kind.ROW_ANNOUNCED]
    assert announced == [("17", "new one", "importer", "run9"), ("", "another", "importer", "run9")]


def fail(ledger: Ledger) -> None:
    ledger.note([Deed(NOON, Kind.DAEMON_STARTED, by="undone")])
    raise ZeroDivisionError


def test_what_is_undone_was_never_done(ledger: Ledger) -> None:
    with pytest.raises(ZeroDivisionError), ledger.transaction():
        fail(ledger)
    with ledger.transaction():
        ledger.note([Deed(NOON, Kind.DAEMON_STARTED, by="kept")])
        with pytest.raises(ZeroDivisionError), ledger.savepoint():
            fail(ledger)
        with ledger.savepoint():
            ledger.note([Deed(NOON, Kind.DAEMON_STARTED, by="kept, too")])
    assert [deed.by for deed in deeds(ledger)] == ["kept", "kept, too"]
    with pytest.raises(RuntimeError, match="only inside"):
        ledger.note([Deed(NOON, Kind.DAEMON_STARTED)])
    assert holds(ledger)


def test_a_large_commit_is_several_records_and_deeds_are_counted_through(ledger: Ledger) -> None:
    with ledger.transaction():
        ledger.note(Deed(NOON, Kind.DAEMON_STARTED, by=str(n)) for n in range(2 * LARGEST + 1))
    assert [record.n for record in ledger.trail()] == [LARGEST, 2 * LARGEST, 2 * LARGEST + 1]
    assert [deed.by for deed in deeds(ledger)] == [str(n) for n in range(2 * LARGEST + 1)]
    assert holds(ledger)


def test_two_processes_that_write_in_turn_make_one_trail(ledger: Ledger, path: Path) -> None:
    with closing(Ledger.open(path, migrate=False)) as other:
        for one in (ledger, other, other, ledger):
            do(one, 1)
    assert [record.n for record in ledger.trail()] == [1, 2, 3, 4]
    assert holds(ledger)


KILLED = """
import os, sys
from datetime import UTC, datetime
from pathlib import Path
from engine.ledger import Ledger
from engine.model import Stage
from tests.unit.ledger.making import occurrence, NOON
ledger = Ledger.open(Path(sys.argv[1]))
for n in range(int(sys.argv[2])):
    with ledger.transaction():
        ledger.claim([occurrence(f"k{n}", stage=Stage.RUNNING, attempt=1, started_at=NOON)])
        if n == int(sys.argv[2]) - 1 and sys.argv[3] == "within":
            os.kill(os.getpid(), 9)
os.kill(os.getpid(), 9)
"""


@pytest.mark.parametrize(("where", "durable"), [("within", 2), ("after", 3)])
def test_killed_within_or_after_a_commit_the_trail_holds_what_the_ledger_holds(path: Path, where: str, durable: int) -> None:
    ended = subprocess.run([sys.executable, "-c", KILLED, str(path), "3", where], check=False, cwd=Path(__file__).parents[3])
    assert ended.returncode == -9
    with closing(Ledger.open(path)) as ledger:
        assert [deed.key for deed in deeds(ledger)] == [one.key for one in ledger.active()] == [f"k{n}" for n in range(durable)]
        assert holds(ledger)
        do(ledger, 1)
        assert holds(ledger)


@pytest.mark.parametrize(
    ("forgery", "n", "why"),
    [
        ("UPDATE trail SET at = at + 1 WHERE n = 3", 3, "it was changed"),
        ("UPDATE trail SET deeds = replace(deeds, 'one 2', 'two 2') WHERE n = 3", 3, "it was changed"),
        ('UPDATE trail SET "before" = seal WHERE n = 3', 3, "it was changed"),
        ("UPDATE trail SET seal = lower(hex(randomblob(32))) WHERE n = 3", 3, "it was changed"),
        ("UPDATE trail SET n = 9 WHERE n = 5", 9, "it was changed"),
        ("DELETE FROM trail WHERE n = 3", 4, "deeds 3 to 3 are gone"),
        ("DELETE FROM trail WHERE n = 1", 2, "what came before it is gone"),
        ("DELETE FROM trail WHERE n > 3", None, "the newest deeds are gone"),
        ("DELETE FROM trail", None, "the newest deeds are gone"),
        ("INSERT INTO trail SELECT 6, at, deeds, seal, seal FROM trail WHERE n = 5", 6, "it was changed"),
        ("UPDATE ledger SET id = 'another'", 1, "what came before it is gone"),
    ],
)
def test_what_is_forged_by_a_second_road_is_named(ledger: Ledger, path: Path, forgery: str, n: int | None, why: str) -> None:
    do(ledger, 5)
    raw(path, forgery)
    with closing(Ledger.open(path)) as again:
        broken = again.examine_trail().broken
    assert broken is not None
    assert broken.n == n
    assert broken.why.startswith(why)


def test_after_the_newest_were_cut_off_what_is_added_still_shows_it(ledger: Ledger, path: Path) -> None:
    do(ledger, 5)
    raw(path, "DELETE FROM trail WHERE n > 3")
    do(ledger, 1)
    broken = ledger.examine_trail().broken
    assert broken is not None
    assert (broken.n, broken.why) == (6, "deeds 4 to 5 are gone: what stood before it was removed")


def prune(ledger: Ledger, now: datetime, keep: timedelta = timedelta(days=10), most: int = 10**6) -> None:
    more = True
    while more:
        with ledger.transaction():
            more = ledger.prune_trail(now, keep, most)


def test_pruned_of_what_is_old_the_trail_holds_and_says_so(ledger: Ledger) -> None:
    for day in range(20):
        do(ledger, 2, NOON + day * DAY)
    before = ledger.examine_trail()
    heads = [Head(record.n, record.seal) for record in ledger.trail()]
    prune(ledger, NOON + 20 * DAY)
    verdict = ledger.examine_trail()
    assert (verdict.broken, verdict.first, verdict.holds) == (None, 21, 21)  # of ten days, and that it was pruned
    (_, by, what), *_ = said(ledger, Kind.TRAIL_PRUNED)
    assert (by, what) == ("rowd", {"until": 20, "seal": heads[19].seal})
    assert ledger.examine_trail(before.head).known is True
    assert ledger.examine_trail(heads[19]).known is True
    assert ledger.examine_trail(heads[3]).known is None
    prune(ledger, NOON + 20 * DAY + timedelta(hours=11))  # the same day: nothing more is old, so nothing more is said
    assert len(said(ledger, Kind.TRAIL_PRUNED)) == 1
    prune(ledger, NOON + 25 * DAY)
    assert ledger.examine_trail().first == 31
    assert holds(ledger)


def test_pruned_by_hand_the_trail_is_broken(ledger: Ledger, path: Path) -> None:
    for day in range(20):
        do(ledger, 1, NOON + day * DAY)
    prune(ledger, NOON + 20 * DAY)
    raw(path, "DELETE FROM trail WHERE n = (SELECT min(n) FROM trail)")
    broken = ledger.examine_trail().broken
    assert broken is not None
    assert (broken.n, broken.why) == (12, "what came before it is gone, and no record says that it was pruned")


def test_the_newest_record_stays_and_what_is_beyond_the_most_goes_a_part_at_a_time(ledger: Ledger) -> None:
    do(ledger, 3)
    prune(ledger, NOON + 400 * DAY)
    assert [record.n for record in ledger.trail()] == [3, 4]
    do(ledger, 1200, NOON + 400 * DAY)
    prune(ledger, NOON + 400 * DAY, most=1195)  # a hundredth of it too many is borne with
    verdict = ledger.examine_trail()
    assert (verdict.first, verdict.number) == (4, 1202)
    prune(ledger, NOON + 400 * DAY, most=600)
    verdict = ledger.examine_trail()
    assert (verdict.broken, verdict.first) == (None, 1206 - 600 + 1)  # one deed for each round of it


def test_what_is_newer_before_what_is_older_is_kept_when_the_clock_was_set_back(ledger: Ledger) -> None:
    do(ledger, 1, NOON + 100 * DAY)
    do(ledger, 3, NOON)
    prune(ledger, NOON + 50 * DAY)
    assert [record.n for record in ledger.trail()] == [1, 2, 3, 4]


def copied(ledger: Ledger, path: Path) -> Path:
    copy = path.parent / "backups" / "ledger-20260301-120000.sqlite"
    copy.parent.mkdir(exist_ok=True)
    ledger.backup(copy, NOON)
    return copy


def settle(path: Path) -> Sequence[Deed]:
    """What the next daemon does; the deeds that tell of a copy."""
    with closing(Ledger.open(path)) as ledger:
        assert ledger.copied_at() == NOON
        with ledger.transaction():
            ledger.settle_copy(NOON + DAY)
        with ledger.transaction():
            ledger.settle_copy(NOON + DAY)  # there is nothing more to say
        assert holds(ledger)
        assert raw(path, "SELECT name FROM sqlite_master WHERE name IN ('copied', 'restored')") == []
        return [fork.deed for fork in ledger.examine_trail().forks]


def test_a_backup_that_is_put_back_is_told_as_a_fork_with_what_it_replaced(ledger: Ledger, path: Path) -> None:
    do(ledger, 3)
    kept = ledger.trail_head()
    copy = copied(ledger, path)
    do(ledger, 2)
    later = ledger.trail_head()
    ledger.close()
    restore(copy, path, NOON + MINUTE, "cli:ann")
    (deed,) = settle(path)
    assert (deed.by, deed.at) == ("cli:ann", NOON + DAY)
    assert dict(deed.what) == {
        "copied_at": "2026-03-01T12:00:00+00:00",
        "put_back_at": "2026-03-01T12:01:00+00:00",
        "replaced": str(later),
    }
    with closing(Ledger.open(path)) as again:
        do(again, 3)
        assert again.examine_trail(kept).known is True
        assert again.examine_trail(later).known is False


def test_a_copy_that_was_put_there_by_hand_is_told_as_well(ledger: Ledger, path: Path) -> None:
    do(ledger, 1)
    copy = copied(ledger, path)
    ledger.close()
    for file in path.parent.glob("ledger.db*"):
        file.unlink()
    copy.rename(path)
    (deed,) = settle(path)
    assert (deed.by, dict(deed.what)) == ("not known", {"copied_at": "2026-03-01T12:00:00+00:00"})


def test_of_a_ledger_of_before_there_was_a_trail_nothing_is_said_of_what_was_replaced(ledger: Ledger, path: Path) -> None:
    copy = copied(ledger, path)
    ledger.close()
    raw(path, "DROP TABLE trail")
    restore(copy, path, NOON + MINUTE, "cli:ann")
    (deed,) = settle(path)
    assert "replaced" not in deed.what


def test_the_head_of_an_empty_trail_is_its_root(ledger: Ledger) -> None:
    head = ledger.trail_head()
    assert head.n == 0
    do(ledger, 1)
    assert next(iter(ledger.trail())).before == head.seal
    assert [record.n for record in ledger.trail(newest_first=True, since=NOON)] == [1]
    assert list(ledger.trail(since=NOON + MINUTE)) == []


def test_a_ledger_of_before_there_was_a_trail_begins_one(path: Path) -> None:
    old_ledger(path)
    with closing(Ledger.open(path)) as migrated:
        verdict = migrated.examine_trail()
        assert (verdict.broken, verdict.holds, verdict.head) == (None, 0, None)
        with migrated.transaction():
            migrated.begin([("r1", 1)], NOON)
        assert [(deed.kind, deed.run, deed.row) for deed in deeds(migrated)] == [("run.begun", "r1", "task a")]
        assert holds(migrated)


def test_pruning_leaves_the_newest_that_there_is_also_where_newer_ones_were_cut_off(ledger: Ledger, path: Path) -> None:
    do(ledger, 5)
    raw(path, "DELETE FROM trail WHERE n > 3")
    prune(ledger, NOON, most=1)
    assert [record.n for record in ledger.trail()] == [3, 6]
