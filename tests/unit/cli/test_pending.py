"""What `rowd show` tells of what waits, of an open circuit breaker, and of the next runs."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace

from actions.api import Outcome
from engine.breaker import BreakerRules
from engine.model import Stage
from rowd.cli.pending import breaker, next_lines, waiting
from rowd.coming import Coming
from rowd.view import RowView
from tests.unit.cli.desk import Desk
from tests.unit.cli.sights import HOUSE, NOON, claimed, seen, with_last

MINUTE = timedelta(minutes=1)
SHUT = replace(HOUSE, shut={"work": NOON + 10 * MINUTE})
RULES = BreakerRules()


def queue(number: int, overlap: str = "queue") -> RowView:
    """So many occurrences wait, a minute apart, the newest due a minute ago."""
    row = seen("every minute", Overlap=overlap)
    return replace(row, active=tuple(claimed(row, id=f"r{n}", due=NOON - n * MINUTE) for n in range(number, 0, -1)))


def test_of_what_waits_the_number_the_oldest_and_the_newest_are_told_with_the_remedy() -> None:
    assert waiting(queue(3), NOON) == (
        "3 occurrences, the oldest due today 12:57 (3m ago), the newest today 12:59; one after another, the oldest first."
        " What comes due next waits behind them. `rowd cancel backup` ends what waits and what runs"
    )
    assert waiting(queue(1), NOON) == "1 occurrence, due today 12:59 (1m ago)"
    assert waiting(queue(0), NOON) == ""


@pytest.mark.parametrize(
    ("overlap", "words"),
    [("skip", "What comes due meanwhile is skipped."), ("restart", "the oldest first. `rowd"), ("parallel", "today 12:59. `rowd")],
)
def test_what_becomes_of_the_next_ones_hangs_on_overlap(overlap: str, words: str) -> None:
    assert words in waiting(queue(2, overlap), NOON)


def test_what_waits_says_what_it_waits_behind() -> None:
    row = queue(2)
    running = claimed(row, stage=Stage.RUNNING, started_at=NOON)
    assert "12:59, behind the one that runs; one" in waiting(replace(row, active=(running, *row.active)), NOON)
    retrying = claimed(row, stage=Stage.WAITING, attempt=1, attempts=3, retry_at=NOON)
    assert "12:59, behind attempt 2 of 3 of an earlier one; one" in waiting(replace(row, active=(retrying, *row.active)), NOON)


def test_an_open_breaker_is_told_with_its_end_and_where_to_look() -> None:
    row = with_last(seen("hourly"), MINUTE, Outcome.FAILED)
    assert breaker(row, (5, NOON - MINUTE), RULES, SHUT, NOON) == (
        "open: 5 attempts of work failed in a row, the last today 12:59. Nothing of work starts before today 13:10 (in 10m); then"
        " one attempt is made. If that succeeds the breaker closes, else it waits again, up to 1h. Mend what goes wrong:"
        " `rowd logs run1` shows it"
    )
    assert "`rowd history --failed` shows it" in breaker(seen("hourly"), (5, NOON), RULES, SHUT, NOON)
    assert breaker(row, (4, NOON), RULES, HOUSE, NOON) == ""


def test_the_next_runs_stand_in_one_line_and_those_that_are_skipped_for_one_reason_share_one() -> None:
    row = seen("hourly")

    def one(minutes: int, at: int | None = None, skipped: str = "") -> Coming:
        return Coming(NOON + (minutes if at is None else at) * MINUTE, NOON + minutes * MINUTE, row, skipped)

    assert next_lines(row, [one(5), one(10)], NOON) == ["today 13:05 (in 5m) · today 13:10"]
    assert next_lines(row, [one(5, at=30), one(10, at=30)], NOON) == ["today 13:30 ×2 (in 30m)"]
    dark = [one(5, skipped="blackout lunch"), one(10, skipped="blackout lunch"), one(30)]
    assert next_lines(row, dark, NOON) == ["from today 13:05 (in 5m) on skipped: blackout lunch", "today 13:30"]
    assert next_lines(row, dark[1:], NOON) == ["today 13:10 (in 10m) skipped: blackout lunch", "today 13:30"]
    assert next_lines(row, [], NOON) == []


def test_show_tells_of_a_queue_once_and_of_the_breaker(tmp_path: Path) -> None:
    row = '1,backup,,* * * * *,work,active,,,"{""overlap"": ""queue""}",'
    desk = Desk(tmp_path, row, more='[breaker]\nfailures = 1\nwait = "30m"\n')
    desk.daemon_reads()
    failed = desk.began(ago=timedelta(hours=1))
    desk.ended(failed, Outcome.FAILED, "no space left")
    with desk.ledger() as ledger:
        fresh = [
            replace(failed, id=f"wait{n}", trigger=f"at:{n}", stage=Stage.CLAIMED, attempt=0, started_at=None) for n in range(9)
        ]
        assert all(ledger.claim(fresh))
    text = desk.said("show", "backup", "--runs", "2")
    for words in ("Waiting 9 occurrences", "Breaker open: 1 attempt of work failed in a row", f"rowd logs {failed.id}"):
        assert words in text
    assert "waits to start" not in text
    runs = desk.json("show", "backup", "--runs", "2")["last_runs"]
    assert [run["run"] for run in runs] == [failed.id]
