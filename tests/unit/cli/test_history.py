"""`rowd history` and `rowd logs`."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace

from actions.api import Outcome, Result
from actions.telling import Mask
from engine.model import Stage
from rowd.cli.logs import PIECE, RESTART, Printer
from tests.unit.cli.desk import Desk

BACKUP = "1,backup,,daily 02:30,work,active,,,,"
OTHER = "2,other,,hourly,work,active,,,,"


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    made = Desk(tmp_path, BACKUP, OTHER)
    made.daemon_reads()
    return made


def runs(desk: Desk, *words: str) -> list[str]:
    return [run["run"] for run in desk.json("history", *words)["runs"]]


def test_before_any_daemon_nothing_has_happened(tmp_path: Path) -> None:
    assert "no daemon has run here" in Desk(tmp_path, BACKUP).said("history")
    assert Desk(tmp_path, BACKUP).json("history") == {"runs": []}


def test_a_task_that_the_ledger_does_not_know_is_none_before_any_daemon_too(tmp_path: Path) -> None:
    desk = Desk(tmp_path, BACKUP)
    assert 'The ledger knows no task "nope"' in desk.said("history", "nope", code=2)
    desk.daemon_reads()
    assert 'The ledger knows no task "nope"' in desk.said("history", "nope", code=2)


def test_newest_first_and_no_more_than_asked_for(desk: Desk) -> None:
    made = [desk.began(ago=timedelta(hours=n)) for n in (3, 2, 1)]
    assert runs(desk) == [r.id for r in reversed(made)]
    assert runs(desk, "--limit", "1") == [made[2].id]


def test_what_was_missed_stands_where_it_was_due_and_not_where_it_was_found(desk: Desk) -> None:
    old, new = desk.began(ago=timedelta(hours=5)), desk.began("2", "other", ago=timedelta(hours=1))
    missed = desk.missed(hours=3)  # recorded last
    again = desk.missed("2", "other", hours=4, count=3, last=2)
    assert runs(desk) == [new.id, again.id, missed.id, old.id]
    assert runs(desk, "--limit", "2") == [new.id, again.id]
    assert runs(desk, "--grep", "not running", "--limit", "1") == [again.id]
    assert runs(desk, "other") == [new.id, again.id]
    (line,) = [line for line in desk.run("history", columns=160).stdout.splitlines() if again.id in line]
    assert "missed ×3" in line
    assert "(the first: " in line
    assert [run["run"] for run in desk.json("show", "other", "--runs", "1")["last_runs"]] == [new.id]


def test_a_run_that_began_late_stands_at_its_start(desk: Desk) -> None:
    waited, other = desk.began(due=datetime.now(UTC) - timedelta(days=2)), desk.missed(hours=20)
    assert runs(desk) == [waited.id, other.id]


def test_what_has_not_ended_is_said_in_the_words_of_health(desk: Desk) -> None:
    run = desk.began(attempts=2)
    assert "running" in desk.said("history")
    now = datetime.now(UTC)
    with desk.ledger() as ledger:
        ledger.end_attempt(run.id, 1, now, Result(Outcome.FAILED, "exit 1"), timedelta(seconds=2), now)
    assert "retrying 2s exit 1" in desk.said("history")
    with desk.ledger() as ledger:
        ledger.claim([replace(run, id="waits", trigger="at:later", stage=Stage.CLAIMED, attempt=0, started_at=None)])
    assert "backup waiting" in desk.said("history")
    assert "it is waiting" in desk.said("logs", "waits", code=1)
    assert [r["stage"] for r in desk.json("history")["runs"]] == ["claimed", "waiting"]


def test_it_is_narrowed_by_task_table_failure_text_and_time(desk: Desk) -> None:
    good, bad = desk.began(), desk.began("2", "other")
    desk.ended(good)
    desk.ended(bad, Outcome.FAILED, "exit 1: Disk FULL")
    assert runs(desk, "backup") == runs(desk, "ops/1") == [good.id]
    assert runs(desk, "--failed") == [bad.id]
    assert runs(desk, "--grep", "disk full") == [bad.id]
    assert runs(desk, "--since", "1h") == [bad.id, good.id]
    assert runs(desk, "--since", (datetime.now(UTC) + timedelta(days=2)).strftime("%Y-%m-%d")) == []


def test_the_past_of_a_deleted_row_can_still_be_asked_for(desk: Desk) -> None:
    run = desk.began()
    with desk.ledger() as ledger:
        ledger.save_rows([replace(s, deleted_at=datetime.now(UTC)) for s in ledger.rows("ops") if s.key == "1"])
    desk.table("ops", OTHER)
    assert runs(desk, "backup") == [run.id]


def test_no_table_is_read_for_it(desk: Desk) -> None:
    run = desk.began()
    (desk.folder / "ops.csv").unlink()
    result = desk.run("history")
    assert run.id in result.stdout
    assert result.stderr == ""


def test_what_runs_printed_can_be_searched_too(desk: Desk) -> None:
    run, other = desk.began(), desk.began("2", "other")
    desk.printed(run, stdout="one\nTwo Needles\n")
    desk.printed(other, stdout="hay\n")
    assert runs(desk, "--grep", "two needles") == []
    assert runs(desk, "--grep", "two needles", "--in-logs") == [run.id]
    desk.ended(run, Outcome.SUCCEEDED, "two needles")
    assert runs(desk, "--grep", "two needles", "--in-logs") == [run.id]  # found by both ways, told once


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (["--since", "yesterdayish"], "neither a span like 2d nor a date"),
        (["--since", "03/04/2026"], "either"),
        (["bakcup"], 'did you mean "backup"?'),
        (["--in-logs"], "--grep TEXT"),
    ],
)
def test_wrong_input_gets_a_sentence(desk: Desk, words: list[str], hint: str) -> None:
    assert hint in desk.said("history", *words, code=2)


def test_logs_gives_both_streams_to_where_they_belong(desk: Desk) -> None:
    run = desk.began()
    desk.printed(run, stdout="out\n", stderr="err\n", output="a=1")
    result = desk.run("logs", run.id)
    assert (result.stdout, result.stderr) == ("out\n", "err\n")
    assert desk.run("logs", run.id[:8]).stdout == "out\n"
    assert desk.run("logs", run.id, "--stderr").stdout == "err\n"
    assert desk.run("logs", run.id, "--stdout").stderr == ""


def test_logs_keeps_bytes_for_a_pipe(desk: Desk) -> None:
    run = desk.began()
    (desk.printed(run) / "stdout").write_bytes(b"\x1b[31m\xff\r\n")
    assert desk.run("logs", run.id).stdout_bytes == b"\x1b[31m\xff\r\n"


def test_logs_of_the_newest_attempt_or_of_the_one_asked_for(desk: Desk) -> None:
    run = desk.began(attempts=2)
    now = datetime.now(UTC)
    with desk.ledger() as ledger:
        ledger.end_attempt(run.id, 1, now, Result(Outcome.FAILED, "x"), timedelta(1), now)
        ledger.begin([(run.id, 2)], now)
    desk.printed(run, 1, stdout="first\n")
    desk.printed(run, 2, stdout="second\n")
    assert desk.run("logs", run.id).stdout == "second\n"
    assert desk.run("logs", run.id, "--attempt", "1").stdout == "first\n"
    assert "it has 1, 2" in desk.said("logs", run.id, "--attempt", "3", code=2)


def test_logs_shows_what_else_an_attempt_left(desk: Desk) -> None:
    run = desk.began()
    desk.printed(run, response="<html>")
    result = desk.run("logs", run.id)
    assert result.stdout == "<html>"
    assert "--- response" in result.stderr


def test_following_a_run_that_has_ended_ends(desk: Desk) -> None:
    run = desk.began()
    desk.printed(run, stdout="all\n")
    desk.ended(run)
    assert desk.run("logs", run.id, "--follow").stdout == "all\n"


def test_following_a_run_that_no_daemon_looks_after_ends(desk: Desk) -> None:
    run = desk.began()
    desk.printed(run, stdout="so far\n")
    desk.daemon_runs(started=1)  # one that was killed
    result = desk.run("logs", run.id, "--follow")
    assert (result.exit_code, result.stdout) == (3, "so far\n")
    assert result.stderr.startswith("no daemon is running, so how it ends isn't known yet;")


def test_following_goes_on_while_a_daemon_looks_after_it(desk: Desk) -> None:
    run = desk.began()
    desk.daemon_runs()
    with ThreadPoolExecutor(1) as pool:
        following = pool.submit(desk.run, "logs", run.id, "--follow")
        with pytest.raises(TimeoutError):
            following.result(RESTART.total_seconds() + 0.5)
        desk.printed(run, stdout="all\n")
        desk.ended(run)
        assert following.result().stdout == "all\n"


def test_following_prints_only_what_is_new(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    printer = Printer(tmp_path, set(), Mask(()))
    printer.more()
    assert not printer.found
    for text in ("one\n", "two\n", ""):
        with (tmp_path / "stdout").open("a") as file:
            file.write(text)
        printer.more()
        assert capfd.readouterr().out == text


@pytest.fixture
def keeping(tmp_path: Path) -> Desk:
    """Its action has two secrets; a third one stands in .env, and so does a setting."""
    made = Desk(tmp_path, BACKUP, more='secrets = ["TOK", "PIN"]\n')
    env = "TOK=hunter2-hunter2\nPIN=42\nOLD=swordfish-1\nSHORT=abc\nROWD_DAEMON__BACKUPS=00000012\n"
    (tmp_path / ".env").write_text(env)
    (tmp_path / ".env").chmod(0o600)
    made.daemon_reads()
    return made


def test_a_run_under_way_shows_no_secret(keeping: Desk) -> None:
    run = keeping.began()
    text = "it is hunter2-hunter2, 42, swordfish-1; abc 00000012\nhunter2-hun"
    told = "it is ***, ***, ***; abc 00000012\n"
    keeping.printed(run, stdout=text, stderr="hunter2-hunter2\n", moved=f"{text}\n")
    result = keeping.run("logs", run.id)
    assert result.stdout == f"{told}{told}hunter2-hun\n"
    assert result.stderr == "***\n--- moved\n"
    assert keeping.json("logs", run.id)["files"] == {"stdout": told, "stderr": "***\n", "moved": f"{told}hunter2-hun\n"}
    keeping.ended(run)  # then nothing more comes
    assert keeping.run("logs", run.id, "--stdout").stdout == f"{told}hunter2-hun"


def test_a_secret_across_a_border_of_what_is_read_is_not_shown(keeping: Desk) -> None:
    run = keeping.began()
    keeping.printed(run, stdout="x" * (PIECE - 5) + "hunter2-hunter2\n")
    assert keeping.run("logs", run.id).stdout == "x" * (PIECE - 5) + "***\n"


def test_a_run_under_way_is_not_found_by_a_secret(keeping: Desk) -> None:
    run = keeping.began()
    keeping.printed(run, stdout="it is hunter2-hunter2, well\nhunter2-h")
    assert runs(keeping, "--grep", "hunter2", "--in-logs") == []
    assert runs(keeping, "--grep", "it is ***, well", "--in-logs") == [run.id]


def test_with_a_rowd_toml_that_can_not_be_read_secrets_of_env_are_masked_all_the_same(keeping: Desk) -> None:
    run = keeping.began()
    keeping.printed(run, stdout="hunter2-hunter2\n")
    for wrong in ((keeping.folder / "rowd.toml").read_text() + "no_such = 1\n", "[["):
        (keeping.folder / "rowd.toml").write_text(wrong)
        assert keeping.run("logs", run.id).stdout == "***\n"


def test_a_secret_that_nobody_here_knows_is_told_while_it_can_not_be_masked(keeping: Desk) -> None:
    run = keeping.began()
    keeping.printed(run, stdout="x\n")
    (keeping.folder / ".env").write_text("PIN=42\n")
    assert "TOK: no value is known here, so until this attempt has ended it can't be masked" in keeping.said("logs", run.id)
    keeping.ended(run)
    assert "can't be masked" not in keeping.said("logs", run.id)


def test_following_masks_and_goes_on_where_it_was_when_the_masked_file_takes_the_place(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    mask = Mask(["hunter2-hunter2"])
    printer = Printer(tmp_path, set(), mask)
    log = tmp_path / "stdout"
    for text, told in (("a hunter2-", "a "), ("hunter2, b h", "***, b "), ("unter2-hunter2 c\n", "*** c\n")):
        with log.open("a") as file:
            file.write(text)
        printer.more()
        assert capfd.readouterr().out == told
    with log.open("a") as file:
        file.write("the end, hunter2-")
    mask.file(log)
    printer.more()
    assert capfd.readouterr().out == "the end, "
    printer.rest()
    assert capfd.readouterr().out == "hunter2-"


def test_a_link_in_an_attempts_folder_leads_nowhere(desk: Desk) -> None:
    run = desk.began()
    secret = desk.folder / "secret"
    secret.write_text("secret\n")
    (desk.printed(run, stdout="out\n") / "response").symlink_to(secret)
    assert desk.run("logs", run.id).output == "out\n"


def test_logs_in_json(desk: Desk) -> None:
    run = desk.began()
    desk.printed(run, stdout="out\n")
    told = desk.json("logs", run.id)
    assert told["files"] == {"stdout": "out\n"}
    assert (told["run"], told["shown_attempt"]) == (run.id, 1)


def test_logs_that_are_gone_ambiguous_or_unknown_are_said(desk: Desk) -> None:
    run = desk.began(id="abc1")
    desk.began("2", "other", id="abc2")
    assert "gone" in desk.said("logs", run.id, code=1)
    assert "abc1, abc2" in desk.said("logs", "abc", code=2)
    assert "There is no run" in desk.said("logs", "zzz", code=2)


@pytest.mark.parametrize("width", [60, 80, 120])
def test_the_run_and_its_instant_are_whole_however_narrow_it_is(tmp_path: Path, width: int) -> None:
    name = "nightly backup of the customer database"
    desk = Desk(tmp_path, f"1,{name},,daily 02:30,work,active,,,,")
    desk.daemon_reads()
    run = desk.began(task=name, ago=timedelta(days=2))
    desk.ended(run, Outcome.FAILED, "exit 23: rsync: connection unexpectedly closed (0 bytes received so far)")
    header, _, line = desk.run("history", columns=width).stdout.splitlines()
    assert len(line) <= width
    assert line.startswith(f"{run.id}  ")
    assert re.search(r"\d \w{3} \d\d:\d\d.*  nightly .*failed", line)
    assert ("Result" in header) == (width >= 80)


def test_among_tables_of_several_zones_each_instant_has_its_day_and_its_zone(tmp_path: Path) -> None:
    more = '[tables.far]\nconnector = "local"\npath = "far.csv"\ntime_zone = "Asia/Tokyo"\n'
    desk = Desk(tmp_path, BACKUP, more=more)
    desk.table("far", BACKUP)
    desk.daemon_reads()
    run = desk.began()
    assert re.search(r"today \d\d:\d\d", desk.said("history"))
    with desk.ledger() as ledger:
        assert ledger.claim([replace(run, id="another", table="far", stage=Stage.CLAIMED, attempt=0, started_at=None)]) == [True]
    said = desk.said("history")
    assert "today" not in said
    assert len(re.findall(r"\w{3} \d+ \w{3} \d\d:\d\d(?::\d\d)? (?:Berlin|Tokyo)", said)) == 2
