"""`rowd list`."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from msgspec.structs import replace

from actions.api import Outcome
from engine.ledger import Reach, TableMark
from engine.model import Stage
from rowd.cli.rows import next_start, until_start
from tests.unit.cli.desk import Desk
from tests.unit.cli.sights import NOON, claimed, seen

BACKUP = "1,backup,,daily 02:30,work,,,,,"
BAD = "2,bad,,evry monday,work,active,,,,"
PAUSED = "3,sleepy,,hourly,work,paused,,,,"


def test_a_row_that_no_daemon_has_seen_is_listed_as_new(tmp_path: Path) -> None:
    desk = Desk(tmp_path, BACKUP)
    assert "backup every day at 02:30" in desk.said("list")
    assert "NEW: OK" in desk.said("list")
    desk.daemon_reads()
    assert "NEW" not in desk.said("list")


def test_looking_changes_neither_table_nor_ledger(tmp_path: Path) -> None:
    desk = Desk(tmp_path, BACKUP, ",noid,,hourly,work,,,,,")
    desk.daemon_reads()
    before = (tmp_path / "ops.csv").read_bytes()
    desk.table("ops", "1,backup,,daily 03:00,work,,,,,", "7,fresh,manual,,work,,,,,")
    after = (tmp_path / "ops.csv").read_bytes()
    for words in (["list"], ["show", "backup"], ["check"], ["next"], ["status"], ["history"]):
        desk.run(*words)
    assert (tmp_path / "ops.csv").read_bytes() == after != before
    with desk.ledger() as ledger:
        assert [s.key for s in ledger.rows("ops")] == ["1"]
        assert ledger.rows("ops")[0].cells["Schedule"] == "daily 02:30"
    assert not (tmp_path / ".ops.csv.rowd" / "draft").exists()


def test_an_edit_since_the_daemon_looked_is_shown_at_once(tmp_path: Path) -> None:
    desk = Desk(tmp_path, BACKUP)
    desk.daemon_reads()
    desk.table("ops", "1,backup,,daily 03:15,work,,,,,")
    assert "every day at 03:15" in desk.said("list")


def test_a_row_without_an_id_is_listed_too(tmp_path: Path) -> None:
    found = Desk(tmp_path, ",noid,,hourly,work,,,,,").json("list")["tasks"]
    assert [(row["name"], row["id"][0], row["new"]) for row in found] == [("noid", "~", True)]


def test_a_defect_says_what_to_mend(tmp_path: Path) -> None:
    assert 'did you mean "every monday"?' in Desk(tmp_path, BAD).said("list")


def test_a_table_that_cannot_be_read_is_shown_from_the_ledger_and_said(tmp_path: Path) -> None:
    desk = Desk(tmp_path, BACKUP)
    desk.daemon_reads()
    (tmp_path / "ops.csv").unlink()
    result = desk.run("list")
    assert result.exit_code == 0
    assert "backup" in result.stdout
    assert "can't be read now" in result.stderr
    assert "not there" in result.stderr


def test_the_ledgers_copy_stands_in_the_order_of_the_table(tmp_path: Path) -> None:
    desk = Desk(tmp_path, *(f"{key},{name},,daily 07:00,work,,,,," for key, name in (("10", "zeta"), ("9", "alpha"), ("1", "mid"))))
    desk.daemon_reads()
    (tmp_path / "ops.csv").unlink()
    assert [task["name"] for task in desk.json("list")["tasks"]] == ["zeta", "alpha", "mid"]


@pytest.mark.parametrize(
    ("status", "names"),
    [("paused", ["sleepy"]), ("defect", ["bad"]), ("active", ["backup"]), ("failing", []), ("new", ["backup", "bad", "sleepy"])],
)
def test_status_chooses_rows(tmp_path: Path, status: str, names: list[str]) -> None:
    found = Desk(tmp_path, BACKUP, BAD, PAUSED).json("list", "--status", status)
    assert [row["name"] for row in found["tasks"]] == names


def test_a_failed_last_run_is_failing_and_a_run_under_way_is_running(tmp_path: Path) -> None:
    desk = Desk(tmp_path, BACKUP, PAUSED)
    desk.daemon_reads()
    desk.ended(desk.began(), Outcome.FAILED, "exit 2: no space left")
    desk.began("3", "sleepy")
    assert [r["name"] for r in desk.json("list", "--status", "failing")["tasks"]] == ["backup"]
    assert [r["name"] for r in desk.json("list", "--status", "running")["tasks"]] == ["sleepy"]
    assert "FAILED" in desk.said("list")


def test_drafts_and_completed_rows_are_counted_below(tmp_path: Path) -> None:
    desk = Desk(tmp_path, BACKUP, "4,idea,,,work,,,,,", "5,done,,2020-01-01 10:00,work,completed,,,,")
    assert "idea" not in desk.said("list")
    assert "1 draft, 1 completed row" in desk.said("list")
    assert "idea" in desk.said("list", "--status", "draft")
    assert len(desk.json("list")["tasks"]) == 3


def test_a_completed_row_that_runs_again_is_listed(tmp_path: Path) -> None:
    desk = Desk(tmp_path, "5,done,,2020-01-01 10:00,work,completed,,,,")
    desk.daemon_reads()
    desk.began("5", "done")
    assert "done" in desk.said("list")


def test_json_gives_instants_in_utc(tmp_path: Path) -> None:
    row = Desk(tmp_path, BACKUP).json("list")["tasks"][0]
    assert row["next_run"].endswith("Z")
    local = datetime.fromisoformat(row["next_run"]).astimezone(ZoneInfo("Europe/Berlin"))
    assert (local.hour, local.minute) == (2, 30)
    assert row["zone"] == "Europe/Berlin"


def test_a_cell_with_terminal_escapes_cannot_reach_the_terminal(tmp_path: Path) -> None:
    desk = Desk(tmp_path, "1,good\x1b[2Jbad\x9b31m,,evry\x07,work,,,,,")
    for words in (["list"], ["check"], ["list", "--json"], ["check", "--json"], ["show", "1"]):
        output = desk.run(*words).output
        assert not set(output) & {"\x1b", "\x9b", "\x07"}, words


def test_an_unknown_status_or_table_is_a_usage_error_with_a_hint(tmp_path: Path) -> None:
    desk = Desk(tmp_path, BACKUP)
    assert "use one of active" in desk.said("list", "--status", "broken", code=2)
    assert 'did you mean "ops"?' in desk.said("list", "--table", "opss", code=2)


def test_two_tables_are_told_apart(tmp_path: Path) -> None:
    desk = Desk(tmp_path, BACKUP, more='[tables.dev]\nconnector = "local"\npath = "dev.csv"\n')
    desk.table("dev", "1,backup,manual,,work,,,,,")
    assert [(r["table"], r["name"]) for r in desk.json("list")["tasks"]] == [("ops", "backup"), ("dev", "backup")]
    assert [r["table"] for r in desk.json("list", "--table", "dev")["tasks"]] == ["dev"]


def test_it_fits_eighty_columns(tmp_path: Path) -> None:
    desk = Desk(tmp_path, BACKUP, BAD, PAUSED)
    assert max(map(len, desk.run("list", columns=80).stdout.splitlines())) <= 80


def test_mistakes_in_the_configuration_are_listed_together_without_a_traceback(tmp_path: Path) -> None:
    desk = Desk(tmp_path, BACKUP, more='[tables.x]\nconnector = "locla"\n[actions.y]\nkind = "comand"\n')
    result = desk.run("list")
    assert result.exit_code == 4
    assert "tables.x.connector" in result.stderr
    assert "actions.y.kind" in result.stderr
    assert "Traceback" not in result.output


def test_config_before_and_after_the_command_name_the_file(tmp_path: Path) -> None:
    (there := tmp_path / "there").mkdir()
    Desk(there, BACKUP)
    desk = Desk(tmp_path, PAUSED)
    path = str(there / "rowd.toml")
    assert [r["name"] for r in desk.json("--config", path, "list")["tasks"]] == ["backup"]
    assert [r["name"] for r in desk.json("list", "--config", path)["tasks"]] == ["backup"]
    assert [r["name"] for r in desk.json("list")["tasks"]] == ["sleepy"]


def test_a_damaged_ledger_needs_a_person(tmp_path: Path) -> None:
    desk = Desk(tmp_path, BACKUP)
    (tmp_path / ".rowd").mkdir()
    (tmp_path / ".rowd" / "ledger.sqlite").write_bytes(b"not a database, certainly not one" * 100)
    assert "damaged" in desk.said("list", code=4)


def test_hidden_ledger_folder_is_not_made_by_looking(tmp_path: Path) -> None:
    desk = Desk(tmp_path, BACKUP)
    desk.run("list")
    assert not (tmp_path / ".rowd").exists()


def test_each_line_of_the_table_is_listed_once_also_where_an_id_stands_twice(tmp_path: Path) -> None:
    desk = Desk(tmp_path, BACKUP, PAUSED)
    desk.daemon_reads()
    number = BACKUP.split(",")[0]
    desk.table("ops", BACKUP.replace("backup", "one"), BACKUP.replace("backup", "two"), PAUSED)
    found = desk.json("list")
    assert [row["name"] for row in found["tasks"]] == ["sleepy", "one", "two"]
    assert found["tables"][0]["rows"] == 3
    assert "NEW" not in desk.said("list")
    assert "several" in desk.json("show", number)["why_not_now"] or "ID" in desk.json("show", number)["why_not_now"]


def test_health_is_what_the_daemon_would_write(tmp_path: Path) -> None:
    window = '[[blackout]]\nname = "always"\nfrom = "00:00"\nto = "23:59"\n'
    desk = Desk(tmp_path, BACKUP, more=f"{window}[breaker]\nfailures = 1\nwait = '10m'\n")
    desk.daemon_reads()
    desk.ended(desk.began(), Outcome.FAILED, "no")
    assert "but all that comes is skipped: blackout always" in desk.json("list")["tasks"][0]["health"]
    desk.began(attempts=2)
    waiting = desk.json("show", "backup")["active"][0]
    assert waiting["stage"] == "running"


def test_nothing_to_list_is_said(tmp_path: Path) -> None:
    desk = Desk(tmp_path, BACKUP)
    assert desk.said("list", "--status", "running") == "No row is running."
    assert desk.said("list", "--status", "running", "--status", "paused") == "No row is running or paused."
    desk.table("ops")
    assert desk.said("list") == "There are no rows."


def test_zones_are_named_where_they_differ(tmp_path: Path) -> None:
    header = "ID,Name,Schedule,Action,Time Zone,Health"
    desk = Desk(tmp_path, "1,here,daily 02:30,work,,", "2,there,daily 02:30,work,Asia/Tokyo,", header=header)
    for words in (["list"], ["next"]):
        said = desk.said(*words)
        assert "02:30 Berlin" in said
        assert "02:30 Tokyo" in said
    desk.table("ops", "1,here,daily 02:30,work,,", header=header)
    assert "Berlin" not in desk.said("list")


@pytest.mark.parametrize("columns", [50, 60, 80, 100])
def test_where_it_is_narrow_columns_are_left_out_rather_than_broken_into_pieces(tmp_path: Path, columns: int) -> None:
    desk = Desk(tmp_path, BACKUP, BAD, PAUSED)
    desk.daemon_reads()
    desk.daemon_runs()
    desk.ended(desk.began(), Outcome.FAILED, "exit 2: no space left on the device")
    for words in (["list"], ["next"], ["history"], ["status"], ["show", "backup"]):
        lines = desk.run(*words, columns=columns).stdout.splitlines()
        assert max(map(len, lines)) <= columns
        assert len(lines) < (50 if "show" in words else 20), words


def test_an_empty_ledger_is_told_and_where_its_backups_are(tmp_path: Path) -> None:
    desk = Desk(tmp_path, BACKUP)
    (tmp_path / ".rowd" / "backups").mkdir(parents=True)
    (tmp_path / ".rowd" / "ledger.sqlite").touch()
    result = desk.run("list")
    assert result.exit_code == 0
    assert "is empty" in result.stderr
    assert "backup" not in result.stderr  # there is none
    (backup := tmp_path / ".rowd" / "backups" / "ledger-20261126-030000.sqlite").touch()
    assert (
        f"is gone, and its backups are there. Put the newest in its place: `rowd restore {backup.name}`" in desk.run("list").stderr
    )


@pytest.mark.parametrize("width", [60, 80, 120])
def test_name_next_and_health_stay_however_narrow_it_is(tmp_path: Path, width: int) -> None:
    desk = Desk(tmp_path, "1,nightly backup of the customer database,,daily 02:30,work,active,,,,")
    desk.daemon_reads()
    desk.ended(desk.began(), Outcome.FAILED, "exit 23: rsync: connection unexpectedly closed (0 bytes received so far)")
    desk.daemon_runs()
    header, _, line = desk.run("list", columns=width).stdout.splitlines()
    assert len(line) <= width
    assert [title in header for title in ("Name", "Next", "Health")] == [True] * 3
    assert re.search(r"^nightly .*02:30.*  FAILED ", line)
    assert ("Schedule" in header) == (width >= 120)


def test_a_draft_whose_name_is_taken_is_a_draft_everywhere_until_it_is_activated(tmp_path: Path) -> None:
    copy = "2,backup,,daily 02:30,work,{},,,,"
    desk = Desk(tmp_path, "1,backup,,daily 02:30,work,active,,,,", copy.format("draft"))
    for _ in range(2):  # before and after the daemon has read it
        (row,) = desk.json("list", "--status", "draft")["tasks"]
        assert (row["id"], row["status"]) == ("2", "draft")
        assert "before you set it to active, see to this: Name" in row["health"]
        assert desk.json("list", "--status", "defect")["tasks"] == []
        assert "1 task, 1 draft in 1 table" in desk.said("check")
        desk.daemon_reads()
    assert [desk.json("status", code=1)["tables"][0][n] for n in ("tasks", "defects", "drafts")] == [1, 0, 1]
    desk.table("ops", "1,backup,,daily 02:30,work,active,,,,", copy.format("active"))
    (row,) = desk.json("list", "--status", "defect")["tasks"]
    assert row["health"].startswith('ERROR: Name "backup"')
    assert "1 task, 1 defect in 1 table" in desk.said("check", code=1)


def test_of_a_table_that_nobody_could_ever_read_nothing_is_claimed(tmp_path: Path) -> None:
    desk = Desk(tmp_path, BACKUP)
    (tmp_path / "ops.csv").unlink()
    for words in (["list"], ["list", "--status", "active"], ["next"]):
        result = desk.run(*words)
        assert (result.exit_code, result.stdout) == (4, "")
        assert result.stderr.startswith("ops can't be read, so nothing is known of it: ")
    (told,) = desk.json("list", code=4)["tables"]
    assert (told["rows"], told["tasks"], told["defects"], told["drafts"]) == (None, None, None, None)
    assert desk.json("next", code=4)["unread"] == ["ops"]
    assert "ops can't be read now" in desk.said("show", "backup", code=4)
    assert desk.run("export", "crontab").exit_code == 4
    with desk.ledger() as ledger:  # a daemon had no luck either
        ledger.mark_table(TableMark("ops", Reach.NO_ACCESS, datetime.now(UTC), "it is gone"))
    assert desk.run("list").exit_code == 4


# --- what Next says of an instant that has come


def test_next_is_when_it_starts_jitter_included() -> None:
    row = seen("daily 14:00", Jitter="1h")
    start, due = next_start(row), NOON + timedelta(hours=1)
    assert start is not None
    assert due < start < due + timedelta(hours=1)
    assert until_start(row, start, due + timedelta(seconds=1)).startswith("in ")
    assert (next_start(seen(Type="manual")), next_start(seen("evry day"))) == (None, None)


def test_what_has_come_due_is_due_or_runs() -> None:
    row = seen("daily 14:00")
    assert until_start(row, NOON - timedelta(seconds=6), NOON) == "due 6s ago"
    assert until_start(row, NOON, NOON) == "due now"
    begun = claimed(row, stage=Stage.RUNNING, started_at=NOON)
    assert until_start(replace(row, active=(begun,)), NOON - timedelta(seconds=6), NOON) == "running"


def test_a_row_that_nobody_started_in_time_is_listed_as_due(tmp_path: Path) -> None:
    desk = Desk(tmp_path, "3,often,,hourly,work,active,,,,")
    desk.daemon_reads()
    with desk.ledger() as ledger:
        ledger.save_rows(
            replace(s, settled_until=s.settled_until - timedelta(hours=1), since=s.since - timedelta(hours=1))
            for s in ledger.rows("ops")
        )
    assert re.search(r" due (now|.+ ago) ", desk.said("list"))


def test_a_header_that_is_nearly_a_column_is_told_where_all_rows_are_drafts_for_it(tmp_path: Path) -> None:
    desk = Desk(tmp_path, "1,backup,,hourly,work", header="ID,Name,Type,Shedule,Action")
    assert 'ops: the column "Shedule" is none of rowd\'s; did you mean "Schedule"?' in desk.said("list")
