"""`rowd copy` and `rowd sync` as a person calls them, between CSV files."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
import typer

from connectors.errors import TryLater
from engine.ledger import Ledger
from rowd.cli.moving import resumable
from rowd.moving import alone
from tests.unit.cli.desk import Desk

OTHER = """
[tables.other]
connector = "local"
path = "other.csv"
serve = false
"""
ROWS = ("1,backup,,daily 09:00,work,active,,,,OK", "2,report,,daily 10:00,work,paused,3,5,,OK", "3,mail,,daily 11:00,work,,,,,")


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    found = Desk(tmp_path, *ROWS, more=OTHER)
    found.table("other")
    return found


def rows(desk: Desk, name: str) -> dict[str, dict[str, str]]:
    text = (desk.folder / f"{name}.csv").read_text()
    return {row["Name"]: row for row in csv.DictReader(io.StringIO(text, newline=""))}


def put(desk: Desk, name: str, old: str, new: str) -> None:
    file = desk.folder / f"{name}.csv"
    assert old in file.read_text()
    file.write_text(file.read_text().replace(old, new, 1))


# --- copy


def test_a_dry_run_says_what_would_be_made_and_makes_nothing(desk: Desk) -> None:
    assert (
        desk.said("copy", "ops", "other", "--dry-run") == "+ backup + report + mail 3 rows would be made in other, 0 there already"
    )
    assert rows(desk, "other") == {}


def test_rows_are_made_with_their_ids_and_what_rowd_showed_and_a_second_time_none_is(desk: Desk) -> None:
    assert desk.said("copy", "ops", "other") == "3 rows made in other, 0 there already"
    assert rows(desk, "other") == rows(desk, "ops")
    put(desk, "other", "daily 09:00", "daily 12:00")
    assert desk.said("copy", "ops", "other") == "0 rows made in other, 3 there already"
    assert rows(desk, "other")["backup"]["Schedule"] == "daily 12:00"


def test_a_table_that_lacks_a_column_is_told_which_and_nothing_is_made(desk: Desk) -> None:
    desk.table("other", header="ID,Name,Action,Status,Health")
    said = desk.said("copy", "ops", "other", code=4)
    assert "other has no column Schedule, in which rows say something (backup, report, mail)" in said
    assert 'rowd setup other --column "Schedule" --column "Current" --column "Threshold"' in said
    assert rows(desk, "other") == {}


def test_columns_called_otherwise_and_strangers_are_matched(tmp_path: Path) -> None:
    desk = Desk(tmp_path, "1,backup,work,mine", header="ID,Name,Action,my note", more=OTHER + 'columns = { Name = "Task" }\n')
    desk.table("other", header="Task,Action,ID,My Note,Name")
    desk.run("copy", "ops", "other")
    (row,) = rows_of(desk.folder / "other.csv")
    assert row == {"Task": "backup", "Action": "work", "ID": "1", "My Note": "mine", "Name": ""}


def rows_of(file: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(file.read_text(), newline="")))


def test_what_a_cell_says_is_text_in_the_other_table_and_no_formula_or_name_of_anything(desk: Desk) -> None:
    put(desk, "ops", "mail,,daily 11:00", '"=HYPERLINK(""http://evil/"")",,"../../etc/passwd"')
    desk.run("copy", "ops", "other")
    (name,) = [name for name in rows(desk, "other") if "HYPERLINK" in name]
    assert name == '\'=HYPERLINK("http://evil/")'
    assert desk.said("sync", "ops", "other") == "ops and other say the same"


def test_a_row_that_cannot_be_told_is_not_copied_and_said(desk: Desk) -> None:
    put(desk, "ops", "3,mail", ",backup")
    said = desk.said("copy", "ops", "other", code=1)
    assert "1 row made in other" in said
    assert said.count("backup: not copied: 2 rows of ops have this Name: row 1 (ID 1), row 3; give each another") == 2
    assert list(rows(desk, "other")) == ["report"]


def test_what_a_dry_run_says_is_what_would_be(desk: Desk) -> None:
    desk.table("other", header="ID,Name,Action")
    said = desk.said("copy", "ops", "other", "--dry-run", code=4)
    assert said.startswith("0 rows would be made in other as it is now, 3 once it can hold them, 0 there already ")
    assert "Nothing would be made: without these columns" in said
    assert "Nothing was made: without these columns" in desk.said("copy", "ops", "other", code=4)
    desk.table("other", "1,old,,,work,,,,,")
    put(desk, "ops", "3,mail", ",backup")
    said = desk.said("copy", "ops", "other", "--dry-run", code=1)
    assert "2 rows would be made" not in said
    assert "ops: backup: would not be copied: " in said
    assert "was left alone" not in said
    assert list(rows(desk, "other")) == ["old"]


@pytest.mark.parametrize("command", ["copy", "sync"])
def test_two_tables_are_named_that_there_are(desk: Desk, command: str) -> None:
    assert 'There is no table "othr"' in desk.said(command, "ops", "othr", code=2)
    assert 'did you mean "other"' in desk.said(command, "othr", "ops", code=2)
    assert "name two" in desk.said(command, "ops", "ops", code=2)


@pytest.mark.parametrize("command", ["copy", "sync"])
def test_two_tables_that_both_run_are_refused(desk: Desk, command: str) -> None:
    file = desk.folder / "rowd.toml"
    file.write_text(file.read_text().replace("serve = false", ""))
    assert "ops and other are both served, so every task would run twice" in desk.said(command, "ops", "other", code=5)
    assert rows(desk, "other") == {}


def test_only_one_command_moves_rows_at_a_time(desk: Desk) -> None:
    with alone(desk.folder / ".rowd"):
        assert "Another rowd copy or rowd sync is at work" in desk.said("copy", "ops", "other", code=3)


def test_what_cannot_go_on_now_ends_with_a_status_of_its_own_and_says_that_it_can_be_repeated(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(KeyboardInterrupt), resumable():
        raise KeyboardInterrupt
    assert "Broken off. What is done stays; repeat the command" in capsys.readouterr().err
    with pytest.raises(typer.Exit) as ended, resumable():
        raise TryLater("the store is busy.")
    assert ended.value.exit_code == 3
    assert capsys.readouterr().err == "the store is busy. Repeat the command later: it goes on from where it is.\n"


# --- sync


def test_what_was_edited_since_the_copy_is_brought_over_in_both_directions(desk: Desk) -> None:
    desk.run("copy", "ops", "other")
    put(desk, "ops", "daily 09:00", "daily 08:00")
    put(desk, "other", "report,,daily 10:00,work,paused", "report,,daily 10:00,work,active")
    dry = desk.said("sync", "ops", "other", "--dry-run")
    assert '~ backup: Schedule: "daily 09:00" → "daily 08:00" in other' in dry
    assert "2 cells would be put" in dry
    assert rows(desk, "other")["backup"]["Schedule"] == "daily 09:00"
    assert "2 cells put" in desk.said("sync", "ops", "other")
    assert rows(desk, "other") == rows(desk, "ops")
    assert desk.said("sync", "other", "ops") == "other and ops say the same"


def test_a_conflict_of_what_was_never_synced_is_said_to_be_one_and_of_what_was_blank_before_not(desk: Desk) -> None:
    desk.table("other", *(one.replace("daily 09:00", "daily 07:00") for one in ROWS))
    told = 'conflict: backup: Schedule: ops says "daily 09:00", other says "daily 07:00"; '
    said = desk.said("sync", "ops", "other", code=1)
    assert f"{told}the two were never in step, so neither is the newer one" in said
    assert "before" not in said
    (conflict,) = desk.json("sync", "ops", "other", code=1)["conflicts"]
    assert (conflict["base"], conflict["synced_before"]) == (None, False)
    put(desk, "other", "daily 07:00", "daily 09:00")
    desk.said("sync", "ops", "other")
    put(desk, "ops", "3,mail,,daily 11:00,work,,", "3,mail,,daily 11:00,work,,8")
    put(desk, "other", "3,mail,,daily 11:00,work,,", "3,mail,,daily 11:00,work,,9")
    assert 'Current: ops says "8", other says "9"; before: nothing' in desk.said("sync", "ops", "other", code=1)


def test_a_conflict_is_told_with_both_values_and_what_stood_there_before(desk: Desk) -> None:
    desk.run("copy", "ops", "other")
    put(desk, "ops", "daily 09:00", "daily 08:00")
    put(desk, "other", "daily 09:00", "daily 07:00")
    said = desk.said("sync", "ops", "other", code=1)
    assert 'conflict: backup: Schedule: ops says "daily 08:00", other says "daily 07:00"; before: "daily 09:00"' in said
    assert "--prefer ops, --prefer other" in said
    assert desk.json("sync", "ops", "other", code=1)["conflicts"] == [
        {
            "row": "backup",
            "column": "Schedule",
            "values": ["daily 08:00", "daily 07:00"],
            "base": "daily 09:00",
            "removed_from": "",
            "synced_before": True,
        }
    ]
    assert "say ops or other" in desk.said("sync", "ops", "other", "--prefer", "mine", code=2)
    desk.said("sync", "ops", "other", "--prefer", "other")
    assert rows(desk, "ops")["backup"]["Schedule"] == "daily 07:00"


def test_a_removed_row_waits_for_delete(desk: Desk) -> None:
    desk.run("copy", "ops", "other")
    put(desk, "other", "3,mail,,daily 11:00,work,,,,,\n", "")
    assert "mail was removed from other; --delete removes it from ops, too" in desk.said("sync", "ops", "other")
    assert "mail" in rows(desk, "ops")
    assert "- mail from ops" in desk.said("sync", "ops", "other", "--delete")
    assert "mail" not in rows(desk, "ops")


def test_where_most_rows_are_gone_nothing_is_done_and_anew_begins_as_at_first(desk: Desk) -> None:
    desk.run("copy", "ops", "other")
    desk.table("other")
    said = desk.said("sync", "ops", "other", "--delete", code=4)
    assert "other: 3 of the 3 rows that were synced last are gone at once, so nothing is done" in said
    assert len(rows(desk, "ops")) == 3
    assert "3 rows made" in desk.said("sync", "ops", "other", "--anew")
    assert len(rows(desk, "other")) == 3


def test_a_table_without_headers_stops_it(desk: Desk) -> None:
    desk.run("copy", "ops", "other")
    (desk.folder / "other.csv").write_text("")
    assert desk.run("sync", "ops", "other", "--delete").exit_code in (3, 4)
    assert len(rows(desk, "ops")) == 3


def test_what_only_rowd_writes_is_carried_from_the_table_that_runs(desk: Desk) -> None:
    desk.run("copy", "ops", "other")
    put(desk, "ops", ",OK", ",FAILED: 1")
    put(desk, "other", "3,5,,OK", "3,5,,typed")
    found = desk.json("sync", "ops", "other")
    assert (found["put"], found["carried"]) == ([], 2)
    assert [row["Health"] for row in rows(desk, "other").values()] == ["FAILED: 1", "OK", ""]


def test_a_new_row_is_not_made_in_the_table_that_runs_while_that_lacks_what_it_says(tmp_path: Path) -> None:
    desk = Desk(tmp_path, "1,backup,work", header="ID,Name,Action", more=OTHER)
    desk.table("other", "2,report,work,Europe/Berlin,note", header="ID,Name,Action,Time Zone,Mine")
    said = desk.said("sync", "ops", "other", code=4)
    assert "ops: report: it says something in Time Zone, which ops lacks" in said
    assert "note: ops has no column for Time Zone, Mine" in said
    assert set(rows(desk, "ops")) == {"backup"}
    assert set(rows(desk, "other")) == {"backup", "report"}


def test_pairs_are_kept_in_the_ledger_under_the_keys_of_both(desk: Desk) -> None:
    desk.run("copy", "ops", "other")
    ledger = Ledger.open(desk.folder / ".rowd" / "ledger.sqlite")
    assert [(pair.one, pair.other) for pair in ledger.pairs("ops", "other")] == [("1", "1"), ("2", "2"), ("3", "3")]
    ledger.close()


def test_rows_without_an_id_stay_the_same_rows_through_edits(tmp_path: Path) -> None:
    desk = Desk(tmp_path, ",backup,,daily 09:00,work,,,,,", more=OTHER)
    desk.table("other")
    for schedule in ("daily 08:00", "daily 07:00"):
        desk.said("sync", "ops", "other")
        old = rows(desk, "other")["backup"]["Schedule"]
        put(desk, "other", old, schedule)
        assert '"' + schedule + '" in ops' in desk.said("sync", "ops", "other")
    assert len(rows(desk, "ops")) == len(rows(desk, "other")) == 1
