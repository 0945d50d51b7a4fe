"""`rowd show`, and finding a row by what a person calls it."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from actions.api import Outcome, Result
from engine.asked import Wish
from engine.model import Edit
from tests.unit.cli.desk import Desk

BACKUP = '1,backup,,daily 02:30,work,active,,,"{""attempts"": 3, ""timeout"": ""90s""}",'
DEV = '[tables.dev]\nconnector = "local"\npath = "dev.csv"\n'


def test_it_tells_schedule_settings_and_why_it_does_not_run(tmp_path: Path) -> None:
    text = Desk(tmp_path, BACKUP).said("show", "backup")
    for words in ("every day at 02:30 (Europe/Berlin)", "It waits for", "No daemon is running", "attempts 3", "time-out 1m 30s"):
        assert words in text


def test_with_a_daemon_nobody_is_told_to_start_one(tmp_path: Path) -> None:
    desk = Desk(tmp_path, BACKUP)
    desk.daemon_runs()
    assert "No daemon" not in desk.said("show", "backup")


def test_the_next_five_runs_follow_one_another(tmp_path: Path) -> None:
    runs = Desk(tmp_path, BACKUP).json("show", "backup")["next_runs"]
    instants = [datetime.fromisoformat(run["at"]) for run in runs]
    assert len(instants) == 5
    assert instants == sorted(instants)
    assert instants[0] > datetime.now(UTC)


def test_past_runs_edits_and_open_requests_are_shown(tmp_path: Path) -> None:
    desk = Desk(tmp_path, BACKUP)
    desk.daemon_reads()
    run = desk.began()
    desk.ended(run, Outcome.FAILED, "exit 2: no space left")
    with desk.ledger() as ledger:
        ledger.record_edits([Edit("ops", "1", "backup", "Schedule", "daily 02:00", "daily 02:30", datetime.now(UTC), "person")])
        ledger.ask("ops", "1", Wish.RUN_NOW, 0, "cli:ann", datetime.now(UTC))
    text = desk.said("show", "backup")
    for words in (run.id, "failed", "no space left", '"daily 02:00" → "daily 02:30"', "run now", "cli:ann"):
        assert words in text
    told = desk.json("show", "backup")
    assert told["last_runs"][0]["outcome"] == "failed"
    assert told["requests"][0]["wish"] == "run now"
    assert "no space left" not in desk.said("show", "backup", "--runs", "0").partition("Why not now")[2]


def test_every_attempt_of_a_repeated_run_is_shown(tmp_path: Path) -> None:
    desk = Desk(tmp_path, BACKUP)
    desk.daemon_reads()
    run = desk.began(attempts=3)
    now = datetime.now(UTC)
    with desk.ledger() as ledger:
        ledger.end_attempt(run.id, 1, now, Result(Outcome.FAILED, "first went wrong"), now - now, now)
        ledger.begin([(run.id, 2)], now)
    text = desk.said("show", "backup")
    assert "attempt 1" in text
    assert "first went wrong" in text
    assert "It has been running since" in text


def test_a_defective_row_can_be_shown(tmp_path: Path) -> None:
    told = Desk(tmp_path, "2,bad,,evry monday,work,,,,,").json("show", "bad")
    assert told["defect"]["column"] == "Schedule"
    assert told["why_not_now"].startswith("The row has a defect")


@pytest.mark.parametrize("called", ["backup", "BACKUP", " backup ", "1", "1.0", "ops/backup", "ops/1"])
def test_a_row_is_found_by_name_or_id(tmp_path: Path, called: str) -> None:
    assert Desk(tmp_path, BACKUP).json("show", called)["name"] == "backup"


def test_an_unknown_name_gets_a_hint(tmp_path: Path) -> None:
    assert 'did you mean "backup"?' in Desk(tmp_path, BACKUP).said("show", "bakcup", code=2)


def test_a_name_in_two_tables_is_not_guessed(tmp_path: Path) -> None:
    desk = Desk(tmp_path, BACKUP, more=DEV)
    desk.table("dev", "4,backup,manual,,work,,,,,")
    assert "ops/1, dev/4" in desk.said("show", "backup", code=2)
    for words in (["dev/backup"], ["backup", "--table", "dev"], ["dev/4"]):
        assert desk.json("show", *words)["table"] == "dev"


def test_a_doubled_name_means_the_row_that_has_it_by_right(tmp_path: Path) -> None:
    desk = Desk(tmp_path, BACKUP, "9,backup,manual,,work,,,,,")
    assert desk.json("show", "backup")["id"] == "1"
    assert desk.json("show", "9")["defect"]["column"] == "Name"


def test_a_name_wins_over_another_rows_id_and_may_hold_a_slash(tmp_path: Path) -> None:
    desk = Desk(tmp_path, BACKUP, "7,1,manual,,work,,,,,", "8,a/b,manual,,work,,,,,")
    assert desk.json("show", "1")["id"] == "7"
    assert desk.json("show", "a/b")["id"] == "8"


def test_a_description_that_is_a_book_is_cut(tmp_path: Path) -> None:
    desk = Desk(tmp_path, "1,backup,daily 02:30,work,{}".format("word " * 9000), header="ID,Name,Schedule,Action,Description")
    assert len(desk.said("show", "backup")) < 2000
    assert len(desk.json("show", "backup")["cells"]["Description"]) > 40_000
