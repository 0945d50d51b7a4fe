"""Rows made, changed and removed from the shell: init, add, edit, delete, pause, resume."""

from __future__ import annotations

import csv
import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from connectors.errors import TryLater
from rowd.cli import app
from rowd.cli.site import site_at
from rowd.hand import hand
from tests.unit.cli.desk import HEADER, Desk

BACKUP = "1,backup,,daily 03:00,work,active,,,,"
REPORT = "2,report,,weekdays 08:00,work,paused,,,,"
TWO = '\n[tables.dev]\nconnector = "local"\npath = "dev.csv"\n'


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path, BACKUP, REPORT)


def rows(desk: Desk, table: str = "ops") -> dict[str, dict[str, str]]:
    """Name → header → text, as a person would see them in the file."""
    with (desk.folder / f"{table}.csv").open(newline="") as file:
        return {row["Name"]: row for row in csv.DictReader(file)}


def untouched(desk: Desk) -> bool:
    return (desk.folder / "ops.csv").read_text() == "\n".join([HEADER, BACKUP, REPORT]) + "\n"


# --- init


def test_init_writes_a_site_that_has_no_mistakes(tmp_path: Path) -> None:
    folder = tmp_path / "new"
    result = CliRunner().invoke(app, ["init", str(folder)])
    assert result.exit_code == 0, result.output
    assert f"rowd run --config {folder}/rowd.toml" in "".join(result.output.split("\n"))
    assert (folder / ".env").stat().st_mode & 0o777 == 0o600
    checked = CliRunner().invoke(app, ["check", "--config", str(folder / "rowd.toml")])
    assert checked.exit_code == 0, checked.output


def test_init_overwrites_nothing_and_names_what_is_in_the_way(tmp_path: Path) -> None:
    (tmp_path / "tasks.csv").write_text("mine")
    result = CliRunner().invoke(app, ["init", str(tmp_path)])
    assert result.exit_code == 5
    assert "tasks.csv" in result.output
    assert [p.name for p in tmp_path.iterdir()] == ["tasks.csv"]


def test_init_knows_its_templates(tmp_path: Path) -> None:
    assert CliRunner().invoke(app, ["init", str(tmp_path / "a"), "--template", "dev", "--json"]).exit_code == 0
    result = CliRunner().invoke(app, ["init", str(tmp_path / "b"), "--template", "nope"])
    assert (result.exit_code, (tmp_path / "b").exists()) == (2, False)


def test_init_says_which_columns_to_add_where_the_table_has_none_for_what_rowd_says(tmp_path: Path) -> None:
    def said(template: str) -> str:
        result = CliRunner().invoke(app, ["init", str(tmp_path / template), "--template", template])
        return "".join(result.output.split("\n"))

    assert "To see" not in said("starter")
    told = said("dev")
    table = tmp_path / "dev" / "tasks.csv"
    assert f"To see Health and Next Run in {table}, put these words at the end of its first line: ,Health,Next Run" in told
    table.write_text(table.read_text().replace("Metadata\n", "Metadata,Health,Next Run\n"))
    checked = CliRunner().invoke(app, ["check", "--config", str(tmp_path / "dev" / "rowd.toml")])
    assert "3 tasks in 1 table: nothing found" in checked.output


# --- add


def test_add_appends_a_row_with_an_id_and_a_status(desk: Desk) -> None:
    added = desk.json("add", "clean", "--action", "work", "--schedule", "every 4 hours")
    row = rows(desk)["clean"]
    assert (row["ID"], row["Schedule"], row["Status"]) == (added["id"], "every 4 hours", "active")
    assert added["id"] not in ("", "1", "2")


def test_a_setting_without_a_column_goes_into_metadata(desk: Desk) -> None:
    words = ("add", "clean", "--action", "work", "--schedule", "daily 05:00", "--set")
    near = desk.said(*words, "Tresholds=3", code=2)
    assert near.startswith('ops has no column "Tresholds"; did you mean "Threshold"? its columns are Threshold, ')
    assert desk.said(*words, "time zone=Asia/Tokyo", code=2).startswith("ops has no column Time Zone; its columns are ")
    assert untouched(desk)
    told = desk.said(*words, "time zone=Asia/Tokyo", code=2)
    assert told.endswith("Add it to the table, or put it into Metadata: --set Metadata.time_zone=Asia/Tokyo")
    desk.said(*words, "Metadata.time_zone=Asia/Tokyo")
    assert rows(desk)["clean"]["Metadata"] == '{"time_zone": "Asia/Tokyo"}'
    assert "Asia/Tokyo" in desk.said("show", "clean")


@pytest.mark.parametrize(
    ("words", "said", "code"),
    [
        (["x", "--action", "wrk", "--schedule", "daily 05:00"], 'did you mean "work"', 1),
        (["x", "--action", "work", "--schedule", "evry day 05:00"], 'did you mean "every day 05:00"', 1),
        (["x", "--action", "work"], "Type and Schedule are blank", 1),
        (["Backup", "--action", "work", "--schedule", "daily 05:00"], "already (ID 1)", 5),
        (["x", "--action", "work", "--schedule", "daily 05:00", "--set", "ID=2.0"], 'the ID "2" already', 5),
        (["x", "--action", "work", "--schedule", "daily 05:00", "--set", "Shedule=now"], 'did you mean "Schedule"', 2),
        (["x", "--action", "work", "--schedule", "daily 05:00", "--set", "Health=OK"], "written by rowd alone", 2),
        (["x", "--action", "work", "--schedule", "daily 05:00", "--set", "Last Run=now"], "no column Last Run", 2),
        (["x", "--action", "work", "--set", "Schedule"], "is no assignment", 2),
        (["x", "--action", "work", "--set", "Type=a", "--set", "type=b"], "twice", 2),
        (["x", "--action", "work", "--schedule", "daily 05:00", "--table", "opps"], 'did you mean "ops"', 2),
    ],
)
def test_what_would_be_a_defect_is_not_added(desk: Desk, words: list[str], said: str, code: int) -> None:
    assert said in desk.said("add", *words, code=code)
    assert untouched(desk)


def test_what_is_wrong_with_time_and_action_is_told_together(desk: Desk) -> None:
    said = desk.said("add", "x", "--action", "wrok", "--schedule", "evry day", code=1)
    assert 'Action "wrok"' in said
    assert 'Schedule "evry day": did you mean "every day"?' in said


def test_a_type_in_the_place_of_a_time_is_told_as_that(desk: Desk) -> None:
    assert "write --type manual" in desk.said("add", "x", "--action", "work", "--schedule", "Manual", code=2)


def test_a_time_that_is_past_is_warned_of(desk: Desk) -> None:
    assert "old: 2020-01-01 10:00 is past, so it never comes due" in desk.said(
        "add", "old", "--action", "work", "--schedule", "2020-01-01 10:00"
    )
    desk.daemon_reads()
    assert "old: 2020-01-02 10:00 is past" in desk.said("edit", "old", "--set", "Schedule=2020-01-02 10:00")
    for n, coming in enumerate(("now", "in 2 hours", "2199-01-01 10:00", "daily 07:00")):
        assert "past" not in desk.said("add", f"new {n}", "--action", "work", "--schedule", coming)
        assert "past" not in desk.said("edit", "old", "--set", f"Schedule={coming}")


def test_a_draft_is_added_whatever_is_missing(desk: Desk) -> None:
    desk.said("add", "idea", "--action", "nothing yet", "--draft")
    assert rows(desk)["idea"]["Status"] == "draft"


def test_without_an_action_those_that_there_are_are_named(desk: Desk) -> None:
    said = desk.said("add", "x", "--schedule", "daily 08:00", code=2)
    assert said == "Which action is to run? Say it with --action. The table ops may use: work"
    assert untouched(desk)
    desk.said("add", "x", "--schedule", "daily 08:00", "--set", "Action=work")
    desk.said("add", "idea", "--draft")
    assert (rows(desk)["x"]["Action"], rows(desk)["idea"]["Action"]) == ("work", "")


def test_of_several_tables_one_must_be_named(tmp_path: Path) -> None:
    desk = Desk(tmp_path, more=TWO)
    desk.table("dev")
    assert "Say which with --table" in desk.said("add", "x", "--action", "work", "--type", "manual", code=2)
    desk.said("add", "x", "--action", "work", "--type", "manual", "--table", "dev")
    assert list(rows(desk, "dev")) == ["x"]


@pytest.mark.parametrize(
    "words",
    [
        ["add", "x", "--action", "work", "--type", "manual"],
        ["edit", "backup", "--set", "Schedule=daily 04:00"],
        ["delete", "backup", "--yes"],
        ["pause", "backup"],
    ],
    ids=lambda words: words[0],
)
def test_while_a_spreadsheet_program_has_the_table_nothing_is_changed_and_that_is_said(desk: Desk, words: list[str]) -> None:
    lock = desk.folder / ".~lock.ops.csv#"
    lock.write_text(",ada,host,21.11.2026 10:00,file:///x;")
    said = desk.said(*words, code=3)
    assert said.startswith("Nothing was changed in ops, and nothing waits to be:")
    assert "is open in LibreOffice (ada)" in said
    assert said.endswith(
        f"If nobody has it open any more, remove its lock file (rm {shlex.quote(str(lock))}). Then repeat the command."
    )
    assert untouched(desk)


def test_after_a_first_write_nobody_says_that_nothing_was_changed(desk: Desk) -> None:
    with hand(site_at(desk.folder / "rowd.toml").tables["ops"]) as held:
        held.put({"1": {"Priority": "1"}, "2": {"Status": "active"}})
        (desk.folder / ".~lock.ops.csv#").write_text(",ada,host,21.11.2026 10:00,file:///x;")
        with pytest.raises(TryLater, match=r"^(?!Nothing was changed).* is open in LibreOffice"):
            held.create([{"Name": "x", "Action": "work"}])


# --- edit


def test_edit_shows_the_old_and_the_new(desk: Desk) -> None:
    said = desk.said("edit", "backup", "--set", "Schedule=daily 04:00", "--set", "metadata.priority=high")
    assert 'backup: Schedule: "daily 03:00" → "daily 04:00"' in said
    assert 'Metadata: nothing → "{"priority": "high"}"' in said
    assert rows(desk)["backup"]["Schedule"] == "daily 04:00"


def test_an_empty_value_clears_the_cell(desk: Desk) -> None:
    desk.said("edit", "backup", "--set", "Schedule=", "--set", "Type=manual")
    assert (rows(desk)["backup"]["Schedule"], rows(desk)["backup"]["Type"]) == ("", "manual")


def test_a_setting_is_taken_out_of_metadata_again(tmp_path: Path) -> None:
    desk = Desk(tmp_path, '1,backup,,daily 03:00,work,active,,,"{""Time Zone"": ""Asia/Tokyo"", ""priority"": 3}",')
    assert "--set Metadata.time_zone=" in desk.said("edit", "backup", "--set", "time_zone=", code=2)
    desk.said("edit", "backup", "--set", "Metadata.time_zone=")
    assert rows(desk)["backup"]["Metadata"] == '{"priority": 3}'


@pytest.mark.parametrize(
    ("words", "said", "code"),
    [
        (["backup", "--set", "Schedule=nonsense"], "not changed: Schedule", 1),
        (["backup", "--set", "Name=REPORT"], "already (ID 2)", 5),
        (["backup", "--set", "ID=7"], "can't be edited", 5),
        (["backup", "--set", "Colour=red"], "is put so: --set Metadata.KEY=VALUE", 2),
        (["backup"], "Nothing to change", 2),
        (["bakup", "--set", "Type=manual"], 'did you mean "backup"', 2),
    ],
)
def test_a_change_that_does_not_fit_is_refused(desk: Desk, words: list[str], said: str, code: int) -> None:
    assert said in desk.said("edit", *words, code=code)
    assert untouched(desk)


def test_a_person_may_insist(desk: Desk) -> None:
    desk.said("edit", "backup", "--set", "Schedule=nonsense", "--anyway")
    assert rows(desk)["backup"]["Schedule"] == "nonsense"


def test_what_the_cell_says_already_is_not_written(desk: Desk) -> None:
    assert "says so already" in desk.said("edit", "backup", "--set", "Schedule=daily 03:00")
    assert untouched(desk)
    assert desk.json("edit", "backup", "--set", "Name=backup")["changes"] == []


def test_a_renamed_column_is_put_under_its_own_header(tmp_path: Path) -> None:
    desk = Desk(tmp_path, "1,backup,daily 03:00,work", header="ID,Name,When,Action")
    (tmp_path / "rowd.toml").write_text(
        (tmp_path / "rowd.toml").read_text().replace("[actions", 'columns = { Schedule = "When" }\n[actions')
    )
    desk.said("edit", "backup", "--set", "Schedule=daily 04:00")
    assert rows(desk)["backup"]["When"] == "daily 04:00"


def test_a_row_may_keep_its_own_name(desk: Desk) -> None:
    desk.said("edit", "backup", "--set", "Name=Backup")
    assert "Backup" in rows(desk)


def test_a_row_that_went_away_between_look_and_write_is_told(desk: Desk) -> None:
    with hand(site_at(desk.folder / "rowd.toml").tables["ops"]) as held:
        desk.table("ops", REPORT)
        with pytest.raises(TryLater, match='row "1" was changed or removed meanwhile'):
            held.put({"1": {"Schedule": "daily 04:00"}})
        with pytest.raises(TryLater, match="meanwhile"):
            held.delete("1")


# --- delete


def test_delete_takes_the_line_out(desk: Desk) -> None:
    desk.said("delete", "backup", "--yes")
    assert (desk.folder / "ops.csv").read_text() == "\n".join([HEADER, REPORT]) + "\n"


def test_without_a_terminal_delete_must_be_told_yes(desk: Desk) -> None:
    assert "--yes" in desk.said("delete", "backup", code=2)
    assert untouched(desk)


@pytest.mark.parametrize(("answer", "code", "left"), [("y", 0, ["report"]), ("n", 5, ["backup", "report"])])
def test_on_a_terminal_delete_asks(desk: Desk, answer: str, code: int, left: list[str]) -> None:
    person, terminal = os.openpty()
    words = [sys.executable, "-m", "rowd", "delete", "backup", "--config", str(desk.folder / "rowd.toml")]
    with subprocess.Popen(words, stdin=terminal, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as command:
        os.write(person, f"{answer}\n".encode())
        _, told = command.communicate(timeout=30)
    os.close(person)
    os.close(terminal)
    assert b"Delete backup (ID 1) from ops?" in told
    assert (command.returncode, list(rows(desk))) == (code, left)


def test_delete_tells_that_a_run_goes_on(desk: Desk) -> None:
    desk.daemon_reads()
    desk.began()
    assert "that run goes on" in desk.said("delete", "backup", "--yes")


# --- pause and resume


def test_pause_and_resume_put_the_status(desk: Desk) -> None:
    assert "backup: Status: active → paused" in desk.said("pause", "backup", "report")
    assert {row["Status"] for row in rows(desk).values()} == {"paused"}
    desk.said("resume", "1", "2")
    assert {row["Status"] for row in rows(desk).values()} == {"active"}


def test_pausing_what_is_paused_writes_nothing(tmp_path: Path) -> None:
    desk = Desk(tmp_path, REPORT.replace("paused", "Paused"))
    assert "report is paused already" in desk.said("pause", "report")
    assert rows(desk)["report"]["Status"] == "Paused"


def test_what_would_be_a_defect_is_not_resumed_and_the_others_are(tmp_path: Path) -> None:
    desk = Desk(tmp_path, "1,bad,,nonsense,work,draft,,,,", "2,report,,weekdays 08:00,work,paused,,,,")
    assert "bad was left as it is: Schedule" in desk.said("resume", "bad", "report", code=1)
    assert {name: row["Status"] for name, row in rows(desk).items()} == {"bad": "draft", "report": "active"}


def test_a_table_without_a_status_can_be_helped(tmp_path: Path) -> None:
    desk = Desk(tmp_path, "1,backup,daily 03:00,work", header="ID,Name,Schedule,Action")
    assert "no column Status" in desk.said("pause", "backup", code=4)


def test_rows_of_several_tables_are_paused_at_once(tmp_path: Path) -> None:
    desk = Desk(tmp_path, BACKUP, more=TWO)
    desk.table("dev", BACKUP)
    assert "ops/1, dev/1" in desk.said("pause", "backup", code=2)
    told = desk.json("pause", "ops/backup", "dev/backup")["tasks"]
    assert [(t["table"], t["old"], t["new"]) for t in told] == [("ops", "active", "paused"), ("dev", "active", "paused")]


# --- an id that stands twice


@pytest.mark.parametrize(
    "words",
    [
        ("edit", "backup", "--set", "Schedule=daily 04:00"),
        ("pause", "backup"),
        ("delete", "backup", "--yes"),
        ("edit", "1", "--set", "Name=x"),
    ],
)
def test_a_row_whose_id_stands_twice_is_a_matter_for_a_person(desk: Desk, words: tuple[str, ...]) -> None:
    desk.daemon_reads()
    table = desk.folder / "ops.csv"
    lines = table.read_text().splitlines()
    first = next(line for line in lines if line.startswith("1,"))
    table.write_text("\n".join([*lines, first.replace("backup", "one more")]).replace(",backup,", ",another,", 1) + "\n")
    before = table.read_text()
    assert 'several lines bear the ID "1"' in desk.said(*words, code=4)
    assert table.read_text() == before
