"""Rows taken from CSV and JSON files, and written as CSV, JSON and crontabs."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from rowd.cli import app
from rowd.crontab import read
from tests.unit.cli.desk import HEADER, Desk

BACKUP = "1,backup,,daily 03:00,work,active,,,,OK"
MORE = """
[actions.tidy]
kind = "command"
argv = ["/bin/sh", "-c", "rm -f /tmp/x; date +%F {{now}}"]
environment = { PATH = "/usr/bin:/bin", SHELL = "/bin/sh" }
[actions.greet]
kind = "command"
argv = ["echo", "{who}"]
parameters = { who = { default = "you" } }
[actions.other]
kind = "command"
argv = ["id"]
user = "nobody"
[actions.wait]
kind = "simulate"
"""


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path, BACKUP, more=MORE)


def rows(desk: Desk) -> dict[str, dict[str, str]]:
    with (desk.folder / "ops.csv").open(newline="") as file:
        return {row["Name"]: row for row in csv.DictReader(file)}


def file(desk: Desk, name: str, text: str) -> str:
    (desk.folder / name).write_text(text)
    return str(desk.folder / name)


# --- import


def test_columns_are_matched_by_their_headers_and_rowds_own_left_out(desk: Desk) -> None:
    path = file(desk, "in.csv", "\ufeffschedule;NAME;Colour;action;Health;Do\ndaily 04:00;clean;red;work;OK;run now\n")
    said = desk.said("import", "csv", path)
    assert "1 row added to ops" in said
    assert "no column for Colour, so" in said  # Health and Do are left out without a word
    clean = rows(desk)["clean"]
    assert (clean["Schedule"], clean["Action"], clean["Health"]) == ("daily 04:00", "work", "")
    assert clean["ID"]


def test_rows_that_are_there_are_left_alone_or_brought_up_to_date(desk: Desk) -> None:
    path = file(desk, "in.csv", "ID,Name,Schedule\n1.0,nightly,daily 04:00\n")
    assert "0 rows added to ops, 0 updated, 1 left as they were" in desk.said("import", "csv", path)
    assert rows(desk)["backup"]["Schedule"] == "daily 03:00"
    assert "1 would be updated" in desk.said("import", "csv", path, "--update", "--dry-run")
    assert "backup" in rows(desk)
    assert "1 updated" in desk.said("import", "csv", path, "--update")
    assert (rows(desk)["nightly"]["Schedule"], rows(desk)["nightly"]["Health"]) == ("daily 04:00", "OK")
    assert "1 left as they were" in desk.said("import", "csv", path, "--update")


NARROW = "ID,Name,Action,Schedule"


@pytest.mark.parametrize("dry", [(), ("--dry-run",)])
def test_nothing_is_imported_where_the_table_lacks_a_column_in_which_the_file_says_something(
    tmp_path: Path, dry: tuple[str, ...]
) -> None:
    desk = Desk(tmp_path, header=NARROW)
    lines = [
        "9,stopped,work,every 5 seconds,paused,,red,OK",
        "10,tz,work,daily 07:00,,Asia/Tokyo,,",
        "11,plain,work,daily 08:00,,,,",
    ]
    path = file(desk, "in.csv", "\n".join([f"{NARROW},Status,Time Zone,Colour,Health", *lines]) + "\n")
    said = desk.said("import", "csv", path, *dry, code=4)
    assert said.startswith("nothing was imported:")
    assert "Status (row 1, stopped); Time Zone (row 2, tz). Add Status, Time Zone to the first line of ops, or take" in said
    assert not rows(desk)


def test_columns_in_which_the_file_says_nothing_of_a_new_row_may_be_lacking(tmp_path: Path) -> None:
    desk = Desk(tmp_path, "1,backup,work,daily 03:00", header=NARROW)
    lines = ["1,backup,work,daily 03:00,paused,,,", "2,plain,work,daily 08:00,,red,OK,run now"]
    path = file(desk, "in.csv", "\n".join([f"{NARROW},Status,Colour,Health,Do", *lines]) + "\n")
    said = desk.said("import", "csv", path)
    assert "1 row added to ops, 0 updated, 1 left as they were" in said
    assert "no column for Colour, so" in said
    assert "Status (row 1, backup)" in desk.said("import", "csv", path, "--update", code=4)


def test_a_setting_without_a_column_goes_into_metadata(desk: Desk) -> None:
    path = file(desk, "in.json", '[{"Name": "tz", "Action": "work", "Schedule": "daily 07:00", "Time Zone": "Asia/Tokyo"}]')
    desk.said("import", "json", path)
    assert json.loads(rows(desk)["tz"]["Metadata"]) == {"time_zone": "Asia/Tokyo"}


def test_a_device_or_a_pipe_is_refused_as_the_argument_that_it_is(desk: Desk) -> None:
    said = desk.said("import", "csv", "/dev/null", code=4)
    assert said == "/dev/null is a device or a pipe; name a CSV file"


def test_a_row_without_an_id_is_known_by_its_name(desk: Desk) -> None:
    path = file(desk, "in.json", '[{"name": "Backup", "schedule": "daily 05:00"}]')
    desk.said("import", "json", path, "--update")
    assert [row["Schedule"] for row in rows(desk).values()] == ["daily 05:00"]


def test_rows_that_would_be_defects_are_refused_one_by_one(desk: Desk) -> None:
    path = file(
        desk,
        "in.json",
        json.dumps(
            {
                "rows": [
                    {"Name": "a", "Action": "wrk", "Schedule": "daily 04:00"},
                    {"Name": "b", "Action": "work", "Schedule": "daily 04:00", "Metadata": {"priority": 2}},
                    {"Name": "B", "Action": "work", "Type": "manual"},
                    {"ID": "9", "Name": "backup", "Action": "work", "Type": "manual"},
                    {"Name": "idea", "Action": "work", "Status": "draft"},
                    {"Name": None},
                ]
            }
        ),
    )
    told = desk.json("import", "json", path, code=1)
    assert told["added"] == ["b", "idea"]
    assert [one["row"] for one in told["refused"]] == ["a", "B", "backup"]
    assert 'did you mean "work"' in told["refused"][0]["reason"]
    assert json.loads(rows(desk)["b"]["Metadata"]) == {"priority": 2}


@pytest.mark.parametrize("text", ["{", '{"a": 1}', "[1]", '"x"'])
def test_what_holds_no_rows_is_said_to(desk: Desk, text: str) -> None:
    desk.said("import", "json", file(desk, "in.json", text), code=1)


def test_a_csv_that_is_not_there_or_no_table_is_a_persons_matter(desk: Desk) -> None:
    desk.said("import", "csv", str(desk.folder / "nowhere.csv"), code=4)
    assert 'no column "Name"' in desk.said("import", "csv", file(desk, "in.csv", "a,b\n1,2\n"), code=4)


# --- export


def test_what_is_exported_as_json_is_imported_as_it_was(desk: Desk) -> None:
    exported = desk.run("export", "json").stdout
    assert json.loads(exported)[0]["Name"] == "backup"
    (desk.folder / "ops.csv").write_text(HEADER + "\n")
    words = ["import", "json", "-", "--config", str(desk.folder / "rowd.toml")]
    assert CliRunner().invoke(app, words, input=exported).exit_code == 0
    assert (rows(desk)["backup"]["ID"], rows(desk)["backup"]["Schedule"]) == ("1", "daily 03:00")


def test_json_has_the_cells_as_they_stand_and_list_has_numbers(tmp_path: Path) -> None:
    desk = Desk(tmp_path, "1,backup,counter,,work,active,0,5,,")
    (exported,) = json.loads(desk.run("export", "json").stdout)
    assert (exported["Current"], exported["Threshold"]) == ("0", "5")
    assert desk.json("list")["tasks"][0]["runs"] == 0


def test_csv_has_every_column_and_no_formula(tmp_path: Path) -> None:
    desk = Desk(tmp_path, "1,'=2+3,,daily 03:00,work,active,,,,")
    exported = list(csv.DictReader(io.StringIO(desk.run("export", "csv").stdout)))
    assert list(exported[0]) == HEADER.split(",")
    assert exported[0]["Name"] == "'=2+3"


def test_a_file_that_is_there_is_not_overwritten_unasked(desk: Desk) -> None:
    path = file(desk, "out.csv", "mine")
    assert "is there already" in desk.said("export", "csv", path, code=5)
    assert Path(path).read_text() == "mine"
    desk.said("export", "csv", path, "--force")
    assert Path(path).read_text().startswith(HEADER)


def test_tasks_that_cron_can_say_become_lines_and_the_others_reasons(tmp_path: Path) -> None:
    desk = Desk(
        tmp_path,
        "1,tidy,,daily 03:00,tidy,active,,,,",
        "2,greet,,daily 03:00,greet,active,,,,",
        "3,last,,last day of month 18:00,work,active,,,,",
        "4,paused,,daily 03:00,work,paused,,,,",
        "5,bad,,nonsense,work,active,,,,",
        "6,count,counter,,work,active,0,3,,",
        "7,sim,,daily 03:00,wait,active,,,,",
        "8,other,,every 15 minutes,other,active,,,,",
        '9,tokyo,,daily 03:00,work,active,,,"{""time_zone"": ""Asia/Tokyo""}",',
        more=MORE,
    )
    machine(desk)
    out = desk.run("export", "crontab").stdout
    assert "# tidy\n0 3 * * * cd " in out
    assert "rm -f /tmp/x; date +\\%F {now}" in out
    for reason in (
        "greet: left out: its action greet takes parameters",
        'last: left out: no line of cron says "every month on the last day at 18:00"',
        "paused: left out: it is paused",
        "bad: left out: ERROR",
        "count: left out: cron knows no counter",
        "sim: left out: its action wait is no command",
        "other: left out: it runs as nobody; say --with-user",
        "tokyo: left out: its time zone is Asia/Tokyo",
    ):
        assert f"# {reason}" in out
    found = read(desk.run("export", "crontab", "--with-user").stdout, "tab", with_user=True)
    assert found.refused == ()
    assert [(job.schedule, job.user) for job in found.jobs][1:] == [("*/15 * * * *", "nobody")]


def machine(desk: Desk) -> None:
    """The tables' zone is the machine's."""
    toml = desk.folder / "rowd.toml"
    toml.write_text(toml.read_text().replace('time_zone = "Europe/Berlin"\n', ""))


# --- what isn't there, or isn't what was meant


def test_a_file_that_is_not_there_is_told_as_that(desk: Desk) -> None:
    assert "there is no such file" in desk.said("import", "csv", str(desk.folder / "nosuch.csv"), code=4)
    told = desk.said("import", "csv", str(desk.folder), code=4)
    assert "is a folder" in told
    assert "rowd.toml" not in told


def test_an_element_that_is_no_row_is_named(desk: Desk) -> None:
    path = file(desk, "in.json", '[{"Name": "a", "Action": "work"}, 3]')
    assert "element 2 of 2 is no row but 3" in desk.said("import", "json", path, code=1)


def test_a_row_that_stands_twice_is_told_by_its_number(desk: Desk) -> None:
    path = file(desk, "in.csv", "ID,Name,Action,Type\n,n1,work,manual\n,N1,work,manual\n7,x,work,manual\n7.0,y,work,manual\n")
    said = desk.said("import", "csv", path, code=1)
    assert "row 2 (N1): refused: row 1 of what is imported has this Name already" in said
    assert "row 4 (y): refused: row 3 of what is imported has this ID already" in said
    assert "2 rows added" in said


@pytest.mark.parametrize("form", ["csv", "json", "crontab"])
def test_a_table_is_never_written_over(desk: Desk, form: str) -> None:
    machine(desk)
    before = (desk.folder / "ops.csv").read_bytes()
    (desk.folder / "link.csv").symlink_to(desk.folder / "ops.csv")
    for name in ("ops.csv", "link.csv"):
        assert "is the table ops itself" in desk.said("export", form, str(desk.folder / name), "--force", code=5)
    assert (desk.folder / "ops.csv").read_bytes() == before


def test_a_row_that_says_nothing_in_any_column_of_the_table_is_refused(desk: Desk) -> None:
    path = file(desk, "in.json", '[{"Foo": "1"}, {"ID": "9"}, {"Name": "idea"}]')
    assert "it says nothing in any column of the table" in desk.said("import", "json", path, code=1)
    assert list(rows(desk)) == ["backup", "idea"]


def test_two_keys_that_mean_one_column_are_told_and_nothing_is_imported(desk: Desk) -> None:
    file = desk.folder / "rows.json"
    before = (desk.folder / "ops.csv").read_text()
    file.write_text('[{"Name": "a", "Action": "work"}, {"name": "b", "NAME": "c", "Action": "work"}]')
    said = desk.said("import", "json", str(file), code=1)
    assert said == f'{file}: element 2 of 2 says "name" and "NAME", which are one column: keep one. Nothing was imported.'
    assert (desk.folder / "ops.csv").read_text() == before
    file.write_text(
        '[{"name": "b", "Action": "work", "schedule": "daily 05:00"}, {"NAME": "c", "ACTION": "work", "Type": "manual"}]'
    )
    assert desk.json("import", "json", str(file))["added"] == ["b", "c"]  # each row for itself may write them as it likes
    assert (rows(desk)["b"]["Action"], rows(desk)["c"]["Type"]) == ("work", "manual")


def test_a_crontab_without_a_line_is_not_written_and_why_is_said(desk: Desk) -> None:
    machine(desk)
    (desk.folder / "ops.csv").write_text(f"{HEADER}\n1,count,counter,,work,active,0,3,,\n2,off,,daily 03:00,work,paused,,,,\n")
    for words in ((), (str(desk.folder / "jobs"),)):
        result = desk.run("export", "crontab", *words)
        assert (result.exit_code, result.stdout) == (1, "")
        assert result.stderr == (
            "No crontab was written: cron can be told none of the rows:\n  count: cron knows no counter\n  off: it is paused\n"
        )
    assert not (desk.folder / "jobs").exists()
    (desk.folder / "ops.csv").write_text(f"{HEADER}\n")
    assert desk.said("export", "crontab", code=1) == "No crontab was written: there are no rows"
    (desk.folder / "ops.csv").write_text(f"{HEADER}\n1,on,,daily 03:00,work,active,,,,\n2,off,,daily 03:00,work,paused,,,,\n")
    result = desk.run("export", "crontab")
    assert (result.exit_code, result.stderr) == (0, "note: 1 row left out, each with a comment that says why\n")
