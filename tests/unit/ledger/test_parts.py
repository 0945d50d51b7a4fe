"""Rows, edits, requests, marks, history, digests and pruning."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace

from actions.api import Outcome, Process, Result
from engine.asked import Request, Wish
from engine.budget import Spent
from engine.ledger import DaemonMark, IllegalMove, Ledger, Reach, TableMark
from engine.model import Edit
from engine.pairing import Pair
from tests.unit.ledger.making import DAY, MINUTE, NOON, claimed, missed, occurrence, ran, raw, row

HOUR = timedelta(hours=1)


def prune(ledger: Ledger, days: float, keep_runs: int = 20, keep_finished: timedelta = 30 * DAY) -> tuple[str, ...]:
    with ledger.transaction():
        return ledger.prune(NOON + days * DAY, keep_runs, keep_finished).folders


# --- pairs


def test_pairs_are_the_same_whichever_table_is_named_first(ledger: Ledger) -> None:
    one = Pair("a1", "b1", {"Name": "n", "Due": NOON}, {"Name": "n", "Due": NOON.date(), "Done": False})
    with ledger.transaction():
        ledger.pair("zoo", "ark", [one, Pair("a2", "b2", {}, {})])
        ledger.pair("zoo", "third", [Pair("a1", "c1", {}, {})])
    assert ledger.pairs("zoo", "ark")[0] == one
    assert ledger.pairs("ark", "zoo")[0] == Pair("b1", "a1", one.base_other, one.base_one)
    assert [pair.other for pair in ledger.pairs("zoo", "third")] == ["c1"]


def test_a_pair_takes_the_place_of_whatever_had_one_of_its_rows(ledger: Ledger) -> None:
    with ledger.transaction():
        ledger.pair("a", "b", [Pair("1", "x", {}, {}), Pair("2", "y", {}, {})])
        ledger.pair("a", "b", [Pair("1", "y", {}, {})])
    assert [(pair.one, pair.other) for pair in ledger.pairs("a", "b")] == [("1", "y")]
    with ledger.transaction():
        ledger.part("b", "a", [Pair("y", "1", {}, {})])
    assert ledger.pairs("a", "b") == []


# --- rows and edits


def test_rows_come_in_the_order_in_which_they_were_first_saved_and_the_newest_state_stands(ledger: Ledger) -> None:
    with ledger.transaction():
        ledger.save_rows([row("b"), row("a"), row("c", table="other")])
        ledger.save_rows([row("b", count=2)])
    assert ledger.rows("ops") == [row("b", count=2), row("a")]


def test_a_dropped_row_is_new_when_it_comes_back(ledger: Ledger) -> None:
    ran(ledger, "a", trigger="counter:1", folder="/logs/1")
    ran(ledger, "b", folder="/logs/2")
    with ledger.transaction():
        ledger.save_rows([row("a"), row("b")])
        assert ledger.drop_rows("ops", ["a"]) == ["/logs/1"]
        assert ledger.claim([occurrence("a", "counter:1")]) == [True]
    assert [r.key for r in ledger.rows("ops")] == ["b"]
    assert list(ledger.tallies("ops")) == ["b"]


def test_a_row_of_the_same_key_in_another_table_is_not_dropped(ledger: Ledger) -> None:
    kept = ran(ledger, "a", table="other", folder="/logs/other")
    with ledger.transaction():
        ledger.save_rows([row("a"), row("a", table="other")])
        assert ledger.drop_rows("ops", ["a"]) == []
    assert ledger.rows("other") == [row("a", table="other")]
    assert ledger.tallies("other")["a"].last == kept
    assert len(ledger.attempts(kept.id)) == 1


def test_a_row_that_still_runs_is_not_dropped(ledger: Ledger) -> None:
    claimed(ledger, occurrence("a"))
    with pytest.raises(IllegalMove, match="rows a of ops"), ledger.transaction():
        ledger.drop_rows("ops", ["a", "b"])
    assert len(ledger.active()) == 1


def test_edits_come_newest_first(ledger: Ledger) -> None:
    first = Edit("ops", "a", "task a", "Schedule", "daily 07:00", "daily 08:00", NOON, "person")
    second = Edit("ops", "b", "task b", "Name", None, "x", NOON, "cli:me")
    third = Edit("other", "a", "task", "Name", "x", None, NOON - DAY, "person")
    with ledger.transaction():
        ledger.record_edits([first, second])
        ledger.record_edits([third])
    assert ledger.edits() == [third, second, first]
    assert ledger.edits("ops") == [second, first]
    assert ledger.edits("ops", "a") == [first]
    assert ledger.edits(limit=1) == [third]


# --- requests


def test_a_request_is_answered_once(ledger: Ledger) -> None:
    with ledger.transaction():
        first = ledger.ask("ops", "a", Wish.SNOOZE, 7200, "cli:me", NOON)
        second = ledger.ask("ops", "a", Wish.TICK, 2.5, "cell", NOON + MINUTE)
    assert ledger.requests() == [
        Request(first, "ops", "a", Wish.SNOOZE, 7200, "cli:me", NOON),
        Request(second, "ops", "a", Wish.TICK, 2.5, "cell", NOON + MINUTE),
    ]
    assert ledger.answer_to(first) is None
    with ledger.transaction():
        ledger.answer(first, False, "still running", NOON)
    assert ledger.answer_to(first) == (False, "still running")
    assert [r.id for r in ledger.requests()] == [second]
    for again in (first, 999):
        with pytest.raises(IllegalMove), ledger.transaction():
            ledger.answer(again, True, "taken", NOON)
    assert ledger.answer_to(first) == (False, "still running")


def test_the_id_of_a_request_never_comes_again(ledger: Ledger) -> None:
    with ledger.transaction():
        first = ledger.ask("ops", "a", Wish.RUN_NOW, 0, "cell", NOON)
        ledger.answer(first, True, "taken", NOON)
    prune(ledger, 31)
    assert ledger.answer_to(first) is None
    with ledger.transaction():
        assert ledger.ask("ops", "a", Wish.RUN_NOW, 0, "cell", NOON) > first


# --- marks


def test_a_table_bears_its_newest_mark(ledger: Ledger) -> None:
    assert ledger.table_mark("ops") is None
    mark = TableMark("ops", Reach.HELD, NOON, "no header row", NOON, NOON + DAY, ("Name", "Action"), 3, 2, 1)
    with ledger.transaction():
        ledger.mark_table(TableMark("ops", Reach.OK, NOON))
        ledger.mark_table(mark)
        ledger.mark_table(TableMark("other", Reach.OK, NOON))
    assert ledger.table_mark("ops") == mark
    assert ledger.table_mark("other") == TableMark("other", Reach.OK, NOON)


def test_a_mark_of_a_later_version_is_read_whatever_its_word_is(ledger: Ledger, path: Path) -> None:
    with ledger.transaction():
        ledger.mark_table(TableMark("ops", Reach.HELD, NOON, "sleeps until spring"))
    raw(path, "UPDATE tables SET state = 'hibernating'")
    mark = ledger.table_mark("ops")
    assert mark is not None
    assert (mark.state, str(mark.state), mark.message) == (Reach.UNKNOWN, "unknown", "sleeps until spring")


def test_there_is_one_daemon_or_none(ledger: Ledger) -> None:
    assert ledger.daemon() is None
    mark = DaemonMark(Process(4711, 99), "here", NOON, "0.1", ("ops", "other"))
    with ledger.transaction():
        ledger.mark_daemon(replace(mark, host="there"))
        ledger.mark_daemon(mark)
    assert ledger.daemon() == mark
    with ledger.transaction():
        ledger.mark_daemon(None)
    assert ledger.daemon() is None


# --- history


def test_history_is_newest_first_and_narrowed_by_each_word(ledger: Ledger) -> None:
    old = ran(ledger, "a", summary="Größe ok")
    bad = ran(ledger, "a", Outcome.TIMED_OUT, at=NOON + DAY, summary="took too long")
    other = ran(ledger, "b", at=NOON + DAY, table="other", task="backup", summary="100% done_now")
    (active,) = claimed(ledger, occurrence("a", due=NOON + DAY + MINUTE))
    assert ledger.history() == [active, other, bad, old]
    assert ledger.history(limit=2) == [active, other]
    assert ledger.history(table="ops") == [active, bad, old]
    assert ledger.history(table="ops", key="a", failed=True) == [bad]
    assert ledger.history(since=NOON + DAY) == [active, other, bad]
    assert ledger.history(grep="GRÖSSE") == [old]
    assert ledger.history(grep="% DONE_") == [other]
    assert ledger.history(grep="back") == [other]
    assert ledger.history(grep="nothing of this") == []


def test_history_is_in_the_order_of_starts_and_due_instants_however_much_was_recorded_since(ledger: Ledger) -> None:
    run = ran(ledger, "a", at=NOON + DAY)
    with ledger.transaction():
        ledger.record([missed(f"r{n}", n % 60, claimed_at=NOON + 2 * DAY, ended_at=NOON + 2 * DAY) for n in range(3000)])
    found = ledger.history(limit=3001)
    assert found[0] == run
    assert ledger.history(limit=5) == found[:5]
    assert [o.told_at for o in found] == sorted((o.told_at for o in found), reverse=True)


def test_grep_looks_into_outputs(ledger: Ledger) -> None:
    (made,) = claimed(ledger, occurrence())
    with ledger.transaction():
        ledger.begin([(made.id, 1)], NOON)
        ended = ledger.end_attempt(made.id, 1, NOON, Result(Outcome.SUCCEEDED, "", {"größe": "5 MB"}), MINUTE)
    assert ledger.history(grep="Größe") == [ended]


def test_an_occurrence_is_found_by_the_beginning_of_its_id(ledger: Ledger) -> None:
    one, longer, _ = claimed(ledger, occurrence(id="ab1"), occurrence(id="ab12"), occurrence(id="zz"))
    assert ledger.occurrence("ab1") == one
    assert ledger.occurrence("ab12") == longer
    assert ledger.occurrence("z") is not None
    assert ledger.occurrence("y") is None
    assert ledger.occurrence("") is None
    with pytest.raises(ValueError, match='"ab" could be ab1, ab12'):
        ledger.occurrence("ab")


def test_a_streak_counts_failures_of_an_action_across_tasks(ledger: Ledger) -> None:
    assert ledger.streak("work") == (0, None)
    ran(ledger, "a", Outcome.FAILED)
    ran(ledger, "b", Outcome.SUCCEEDED, at=NOON + MINUTE)
    ran(ledger, "b", Outcome.FAILED, at=NOON + 2 * MINUTE)
    ran(ledger, "a", Outcome.TIMED_OUT, at=NOON + 3 * MINUTE)
    ran(ledger, "c", Outcome.CANCELLED, at=NOON + 4 * MINUTE)
    ran(ledger, "c", Outcome.LOST, at=NOON + 5 * MINUTE)
    ran(ledger, "c", Outcome.FAILED, at=NOON + 6 * MINUTE, action="other")
    claimed(ledger, occurrence("d"))
    assert ledger.streak("work") == (2, NOON + 4 * MINUTE)
    ran(ledger, "a", at=NOON + 7 * MINUTE)
    assert ledger.streak("work") == (0, None)


def test_a_usual_duration_is_the_median_of_the_last_twenty(ledger: Ledger) -> None:
    ran(ledger, took=HOUR)
    for n in range(20):
        ran(ledger, at=NOON + n * MINUTE, took=timedelta(seconds=n))
    ran(ledger, "other table", table="other")
    (again,) = claimed(ledger, occurrence())
    with ledger.transaction():
        ledger.record([missed(minute=99)])
        ledger.begin([(again.id, 1)], NOON)
        ledger.end_attempt(again.id, 1, NOON, Result(Outcome.FAILED, ""), HOUR, NOON)
    assert ledger.durations("ops") == {"a": timedelta(seconds=9.5)}


def test_a_digest_counts_whole_hours_and_names_the_troubled(ledger: Ledger) -> None:
    ran(ledger, at=NOON - 2 * MINUTE)  # ends before noon
    ran(ledger, "a", Outcome.FAILED, at=NOON, summary="first")
    ran(ledger, "a", Outcome.FAILED, at=NOON + 30 * MINUTE, summary="second")
    ran(ledger, "b", at=NOON)
    ran(ledger, "b", at=NOON + HOUR)  # ends in the next hour
    with ledger.transaction():
        ledger.record([missed("c", 5, count=7)])
        ledger.record_edits([Edit("ops", "a", "a", "Name", "x", "y", NOON, by) for by in ("person", "rowd")])
    digest = ledger.digest(NOON + 10 * MINUTE, NOON + HOUR + 10 * MINUTE)
    assert (digest.since, digest.until) == (NOON, NOON + HOUR)
    assert digest.counts == {Outcome.FAILED: 2, Outcome.SUCCEEDED: 1, Outcome.MISSED: 7}
    assert [(t.key, t.failures, t.missed, t.reason) for t in digest.troubled] == [("a", 2, 0, "second"), ("c", 0, 7, "asleep")]
    assert digest.troubled[0].last == NOON + 31 * MINUTE
    assert digest.edits == 1
    prune(ledger, 1, keep_runs=1)
    assert ledger.digest(NOON, NOON + HOUR).counts == digest.counts


# --- pruning


def test_the_newest_runs_stay_and_older_ones_go_with_their_logs(ledger: Ledger) -> None:
    for n in range(5):
        ran(ledger, at=NOON + n * MINUTE, folder=f"/logs/{n}")
    ran(ledger, "b", folder="/logs/b")
    (active,) = claimed(ledger, occurrence("a", due=NOON + 5 * MINUTE))
    before = ledger.tallies("ops")
    assert prune(ledger, 0, keep_runs=2) == ("/logs/2", "/logs/1", "/logs/0")
    assert raw(ledger.path, "SELECT kept_runs, kept_idle FROM tallies WHERE key = 'a'") == [(2, 0)]
    assert [o.due for o in ledger.history(key="a")][1:] == [NOON + 4 * MINUTE, NOON + 3 * MINUTE]
    assert ledger.active() == [active]
    assert ledger.tallies("ops") == before
    assert prune(ledger, 0, keep_runs=2) == ()
    ran(ledger, at=NOON + 5 * MINUTE)
    assert prune(ledger, 0, keep_runs=2) == ("/logs/3",)


def test_what_a_row_shows_stays_even_if_it_was_claimed_long_ago(ledger: Ledger) -> None:
    (slow,) = claimed(ledger, occurrence("a"))
    with ledger.transaction():
        ledger.begin([(slow.id, 1)], NOON)
    for n in range(3):
        ran(ledger, at=NOON + n * MINUTE)
    with ledger.transaction():
        ended = ledger.end_attempt(slow.id, 1, NOON + DAY, Result(Outcome.SUCCEEDED, ""), MINUTE)
    before = ledger.tallies("ops")
    prune(ledger, 0, keep_runs=1)
    assert ledger.occurrence(slow.id) == ended
    assert ledger.tallies("ops") == before


def test_attempts_are_forgotten_with_their_occurrence(ledger: Ledger, path: Path) -> None:
    gone = ran(ledger)
    ran(ledger, at=NOON + MINUTE)
    prune(ledger, 0, keep_runs=1)
    assert ledger.attempts(gone.id) == []
    assert raw(path, "SELECT count(*) FROM attempts") == [(1,)]


def test_skipped_ones_do_not_push_out_runs(ledger: Ledger) -> None:
    runs = [ran(ledger, at=NOON + 10 * n * MINUTE) for n in range(2)]
    for n in range(6):
        with ledger.transaction():
            ledger.record([missed(minute=50 + n, outcome=Outcome.SKIPPED, reason=f"busy {n}")])
    prune(ledger, 0, keep_runs=3)
    assert [o.started_at is not None for o in ledger.history()] == [False] * 3 + [True] * 2
    assert ledger.history()[3:] == runs[::-1]


def test_an_active_occurrence_is_never_pruned(ledger: Ledger) -> None:
    old = claimed(ledger, *(occurrence() for _ in range(3)))
    for n in range(3):
        ran(ledger, at=NOON + n * MINUTE)
    prune(ledger, 1000, keep_runs=1, keep_finished=timedelta(0))
    assert ledger.active() == old


@pytest.mark.parametrize(("status", "kept"), [("completed", 1), (" Completed", 1), ("active", 3), (None, 3)])
def test_a_finished_one_off_keeps_only_what_its_row_shows(ledger: Ledger, status: str | None, kept: int) -> None:
    with ledger.transaction():
        ledger.save_rows([row("a", cells={"Name": "x", "Status": status})])
    for n in range(3):
        ran(ledger, at=NOON + n * MINUTE, folder=f"/logs/{n}")
    before = ledger.tallies("ops")
    assert prune(ledger, 29) == ()
    assert sorted(prune(ledger, 31)) == (["/logs/0", "/logs/1", "/logs/2"] if kept == 1 else [])
    assert len(ledger.history()) == kept
    assert ledger.tallies("ops") == before
    assert prune(ledger, 31) == ()


def test_what_is_finished_and_pruned_is_not_looked_at_again(ledger: Ledger) -> None:
    many = [occurrence(f"k{n}") for n in range(200)]
    with ledger.transaction():
        ledger.save_rows([row(o.key, cells={"Status": "completed"}) for o in many])
        ledger.claim(many)
        for made in many:
            ledger.end(made.id, Outcome.CANCELLED, "", NOON)
        assert [ledger.prune(NOON + 2 * DAY, 1, DAY).more for _ in range(2)] == [True, False]


def test_a_row_deleted_long_ago_is_forgotten_once_nothing_of_it_runs(ledger: Ledger) -> None:
    with ledger.transaction():
        ledger.save_rows([row("a", deleted_at=NOON), row("b", deleted_at=NOON), row("c")])
    ran(ledger, "a", folder="/logs/a")
    claimed(ledger, occurrence("b"))
    assert prune(ledger, 29) == ()
    assert prune(ledger, 31) == ("/logs/a",)
    assert [r.key for r in ledger.rows("ops", deleted=True)] == ["b", "c"]
    assert ledger.tallies("ops") == {}


def test_a_deleted_row_goes_even_while_others_crowd(ledger: Ledger) -> None:
    with ledger.transaction():
        ledger.save_rows([row("a", deleted_at=NOON, cells={"Status": "completed"})])
    for n in range(4):
        ran(ledger, "a", at=NOON + n * MINUTE, folder=f"/logs/{n}")
    assert sorted(prune(ledger, 40, keep_runs=1)) == [f"/logs/{n}" for n in range(4)]
    assert ledger.history() == []


def test_old_edits_and_answers_go(ledger: Ledger) -> None:
    with ledger.transaction():
        ledger.record_edits([Edit("ops", "a", "a", "Name", "x", "y", NOON, "person")])
        open_, answered = (ledger.ask("ops", "a", Wish.RUN_NOW, 0, "cell", NOON) for _ in range(2))
        ledger.answer(answered, True, "taken", NOON)
    prune(ledger, 29)
    assert ledger.answer_to(answered) == (True, "taken")
    prune(ledger, 31)
    assert ledger.answer_to(answered) is None
    assert [r.id for r in ledger.requests()] == [open_]
    assert len(ledger.edits()) == 1
    prune(ledger, 401)
    assert ledger.edits() == []
    assert [r.id for r in ledger.requests()] == [open_]


def test_pruning_goes_in_rounds(ledger: Ledger) -> None:
    many = [occurrence(f"k{n % 250}") for n in range(500)]
    with ledger.transaction():
        ledger.claim(many)
        for made in many:
            ledger.end(made.id, Outcome.CANCELLED, "", NOON)
    rounds = []
    while True:
        with ledger.transaction():
            pruned = ledger.prune(NOON, 1, DAY)
        rounds.append(pruned.occurrences)
        if not pruned.more:
            break
    assert rounds == [200, 50]
    assert len(ledger.history(limit=1000)) == 250


def test_what_was_spent_adds_up_by_day_for_two_months(ledger: Ledger) -> None:
    long_ago, today = date(2026, 1, 1), date(2026, 3, 1)
    with ledger.transaction():
        ledger.spend("base", long_ago, Spent(1, 1))
        for _ in range(2):
            ledger.spend("base", today, Spent(3, 5))
        ledger.spend("other", today, Spent(0, 1))
    assert ledger.spent() == {"base": {long_ago: Spent(1, 1), today: Spent(6, 10)}, "other": {today: Spent(0, 1)}}
    with ledger.transaction():
        ledger.spend("other", today + 4 * DAY, Spent(1, 0))
    assert long_ago not in ledger.spent()["base"]


# --- a million occurrences: none of these may walk through the whole table

LARGE = ("occurrences", "attempts", "edits", "requests", "tallies", "newest_run", "newest_record", "newest", "run", "known")


def test_no_common_question_walks_through_a_whole_table(ledger: Ledger) -> None:
    plans: dict[str, list[str]] = {}
    connection = ledger._connection
    seen: list[str] = []
    connection.set_trace_callback(lambda sql: None if sql.startswith(("EXPLAIN", "--")) else seen.append(sql))
    with ledger.transaction():
        ledger.claim([made := occurrence()])
        ledger.begin([(made.id, 1)], NOON)
        ledger.end_attempt(made.id, 1, NOON, Result(Outcome.FAILED, ""), MINUTE, NOON)
        ledger.end(made.id, Outcome.FAILED, "", NOON)
        ledger.record([missed("b", 1), missed("b", 2)])
        ledger.answer(ledger.ask("ops", "a", Wish.RUN_NOW, 0, "cell", NOON), True, "", NOON)
        ledger.prune(NOON, 20, DAY)
    for question in (
        ledger.active,
        lambda: ledger.active("ops"),
        ledger.unfinished_attempts,
        ledger.requests,
        lambda: ledger.answer_to(1),
        lambda: ledger.tallies("ops", ["a"]),
        lambda: ledger.history(table="ops", key="a"),
        lambda: ledger.occurrence(made.id),
        lambda: ledger.attempts("run"),
        lambda: ledger.streak("work"),
        lambda: ledger.edits("ops", "a"),
        lambda: ledger.digest(NOON, NOON),
    ):
        question()
    connection.set_trace_callback(None)
    for sql in seen:
        if sql.split()[0] in ("SELECT", "UPDATE", "DELETE", "WITH"):
            plans[sql] = [r[3] for r in connection.cursor().execute(f"EXPLAIN QUERY PLAN {sql}").fetchall()]
    walks = {
        sql: plan
        for sql, plan in plans.items()
        if any(step.split()[:2] == ["SCAN", name] and "INDEX" not in step for step in plan for name in LARGE)
    }
    assert len(plans) > 25
    assert walks == {}
