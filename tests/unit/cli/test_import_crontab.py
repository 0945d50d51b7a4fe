"""Crontabs taken over: lines as rows, commands as definitions in rowd.toml, and what becomes of both."""

from __future__ import annotations

import csv
import getpass
import os
import subprocess
import sys
import tomllib
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from config.mistakes import ConfigError
from config.times import system_zone
from rowd import definitions
from rowd.cli import app
from rowd.cli.importing_crontab import other_clock
from rowd.cli.site import site_at
from rowd.crontab import Job
from rowd.migration import Known, Migration, migrate, rows_known
from tests.unit.cli.desk import Desk

LINES = """\
PATH=/opt/bin:/bin
# clean up
17 *\t* * *\tcd / && /opt/bin/clean.sh {old}   # a note
@daily mail -s "50\\% done" ada%Hello,%%bye
@reboot /opt/bin/start
99 * * * * /opt/bin/never
"""
HEADER = "ID,Name,Type,Description,Action,Schedule,Status,Metadata,Health"


@pytest.fixture
def desk(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Desk:
    program = tmp_path_factory.mktemp("bin") / "mail"  # Debian has a user of this name; the program isn't on every machine
    program.touch(0o755)
    monkeypatch.setenv("PATH", str(program.parent), prepend=os.pathsep)
    desk = Desk(tmp_path, "1,backup,,mine,work,daily 03:00,active,,", header=HEADER, more="# the end, kept\n")
    (tmp_path / "tab").write_text(LINES)
    return desk


def rows(desk: Desk) -> dict[str, dict[str, str]]:
    with (desk.folder / "ops.csv").open(newline="") as file:
        return {row["Name"]: row for row in csv.DictReader(file)}


def actions(desk: Desk) -> dict[str, Any]:
    return tomllib.loads((desk.folder / "rowd.toml").read_text())["actions"]  # type: ignore[no-any-return]


def tab(desk: Desk) -> str:
    return str(desk.folder / "tab")


# --- the command


def test_each_line_becomes_a_row_and_an_action(desk: Desk) -> None:
    before = (desk.folder / "rowd.toml").read_text()
    desk.said("import", "crontab", tab(desk), code=1)
    assert list(rows(desk)) == ["backup", "clean", "mail"]
    clean = rows(desk)["clean"]
    assert (clean["Type"], clean["Schedule"], clean["Action"], clean["Status"]) == ("cron", "17 * * * *", "clean", "active")
    assert clean["Description"] == f"cd / && /opt/bin/clean.sh {{old}}   # a note ({tab(desk)}:3)"
    assert clean["ID"]
    made = actions(desk)["clean"]
    assert made["argv"] == ["/bin/sh", "-c", "cd / && /opt/bin/clean.sh {{old}}   # a note"]
    assert made["environment"] == {"PATH": "/opt/bin:/bin", "SHELL": "/bin/sh"}
    assert "user" not in made
    after = (desk.folder / "rowd.toml").read_text()
    assert after.startswith(before)
    assert f"# From {tab(desk)}:3, by `rowd import crontab`.\n[actions.clean]\n" in after


def test_what_was_imported_is_understood_by_every_command(desk: Desk) -> None:
    desk.said("import", "crontab", tab(desk), code=1)
    assert "17 * * * *" in desk.said("show", "clean")
    desk.said("check")


def test_lines_that_cannot_be_taken_are_listed_with_their_place(desk: Desk) -> None:
    said = desk.said("import", "crontab", tab(desk), code=1)
    assert f"{tab(desk)}:5: not taken: runs when the machine starts" in said
    assert f'{tab(desk)}:6: not taken: "99" is no minute' in said
    assert "2 rows added to ops, 0 there already, 2 lines not taken" in said


@pytest.mark.parametrize("more", [(), ("--dry-run",)])
def test_lines_that_leave_work_in_the_background_are_told_with_the_remedy(desk: Desk, more: tuple[str, ...]) -> None:
    (desk.folder / "tab").write_text("1 * * * * /opt/a && /opt/b\n2 * * * * (sleep 3; touch x) &\n3 * * * * /opt/c & wait\n")
    words = ("import", "crontab", tab(desk), "--user-field", "no", *more)
    told = desk.json(*words, "--dry-run")["notes"]
    assert [note.split(": ")[0] for note in told if "began with &" in note] == [f"{tab(desk)}:2"]
    said = " ".join(desk.said(*words).split())
    assert f"note: {tab(desk)}:2: its command ends while work that it began with & goes on" in said
    assert "Drop the &" in said
    assert said.count("began with &") == 1


def test_it_is_told_by_which_clock_the_rows_go(desk: Desk) -> None:
    words = ("import", "crontab", tab(desk), "--user-field", "no", "--dry-run")
    assert "Times are on the clock of Europe/Berlin" in desk.said(*words, code=1)
    assert desk.json(*words, code=1)["zone"] == "Europe/Berlin"


@pytest.mark.parametrize(("machine", "same"), [("Europe/Madrid", True), ("Europe/Lisbon", False), ("Africa/Lagos", False)])
def test_where_the_rows_go_by_another_clock_than_cron_that_is_said(desk: Desk, machine: str, *, same: bool) -> None:
    (bound,) = site_at(desk.folder / "rowd.toml").tables.values()  # Berlin's; Lagos is like it only in winter
    notes = list(other_clock(bound.rules.rules, ZoneInfo(machine), datetime(2026, 11, 26, tzinfo=UTC)))
    assert [f'other instants than the lines did; with time_zone = "{machine}"' in note for note in notes] == [True] * (not same)


def test_a_second_import_of_the_same_lines_changes_nothing(desk: Desk) -> None:
    desk.said("import", "crontab", tab(desk), code=1)
    before = [(desk.folder / name).read_bytes() for name in ("rowd.toml", "ops.csv")]
    assert "0 rows added to ops, 2 there already" in desk.said("import", "crontab", tab(desk), code=1)
    assert [(desk.folder / name).read_bytes() for name in ("rowd.toml", "ops.csv")] == before


def test_a_dry_run_shows_everything_and_writes_nothing(desk: Desk) -> None:
    before = [(desk.folder / name).read_bytes() for name in ("rowd.toml", "ops.csv")]
    said = desk.said("import", "crontab", tab(desk), "--dry-run", code=1)
    assert "[actions.clean]" in said
    assert "2 rows would be added to ops" in said
    told = desk.json("import", "crontab", tab(desk), "--dry-run", code=1)
    assert [one["name"] for one in told["added"]] == ["clean", "mail"]
    assert [one["line"] for one in told["refused"]] == [5, 6]
    assert [(desk.folder / name).read_bytes() for name in ("rowd.toml", "ops.csv")] == before
    assert sorted(p.name for p in desk.folder.iterdir()) == ["ops.csv", "rowd.toml", "tab"]


def test_a_folder_is_read_as_cron_reads_it(desk: Desk) -> None:
    folder = desk.folder / "cron.d"
    folder.mkdir()
    me = getpass.getuser()
    (folder / "php").write_text(f"@daily {me} /opt/php\n")
    (folder / "php.dpkg-old").write_text(f"@daily {me} /opt/old\n")
    (folder / ".placeholder").write_text("# nothing\n")
    (folder / "open").write_text(f"@daily {me} /opt/open\n")
    (folder / "open").chmod(0o664)
    said = desk.said("import", "crontab", str(folder))
    assert "php.dpkg-old: cron ignores it" in said
    assert "open: cron refuses it, since others than its owner may write it" in said
    assert list(rows(desk)) == ["backup", "php"]


def test_standard_input_is_a_crontab_too(desk: Desk) -> None:
    words = ["import", "crontab", "-", "--config", str(desk.folder / "rowd.toml")]
    result = CliRunner().invoke(app, words, input="@hourly /opt/tick\n")
    assert result.exit_code == 0, result.output
    assert "tick" in rows(desk)


def test_where_it_is_unclear_whether_lines_name_users_a_person_must_say(desk: Desk) -> None:
    me = getpass.getuser()
    Path(tab(desk)).write_text(f"@daily {me} /opt/a\n@daily /opt/b\n")
    said = desk.said("import", "crontab", tab(desk), code=1)
    assert "--user-field yes or no" in said
    assert f'in line 1 "{me}" is a user, in line 2 "/opt/b" is none' in said
    desk.said("import", "crontab", tab(desk), "--user-field", "no")
    assert len(rows(desk)) == 3


def test_a_file_that_cannot_be_read_is_told_and_the_others_are_taken(desk: Desk) -> None:
    said = desk.said("import", "crontab", str(desk.folder / "nowhere"), tab(desk), code=1)
    assert "nowhere: not taken: can't be read" in said
    assert "1 whole file not taken, 2 lines not taken" in said
    assert len(rows(desk)) == 3


def test_a_table_that_lists_its_actions_gets_the_new_ones_into_the_list(desk: Desk) -> None:
    toml = desk.folder / "rowd.toml"
    toml.write_text(toml.read_text().replace('path = "ops.csv"', 'path = "ops.csv" # here\nactions = [ "work" ] # only these'))
    desk.said("import", "crontab", tab(desk), code=1)
    assert tomllib.loads(toml.read_text())["tables"]["ops"]["actions"] == ["work", "clean", "mail"]
    assert "# only these" in toml.read_text()


def test_columns_that_the_table_lacks_are_done_without(tmp_path: Path) -> None:
    desk = Desk(tmp_path, header="Name,Action,Metadata")
    (tmp_path / "tab").write_text("CRON_TZ=asia/tokyo\n@daily /opt/a\n")
    desk.said("import", "crontab", tab(desk))
    assert rows(desk)["a"] == {"Name": "a", "Action": "a", "Metadata": '{"schedule": "@daily", "time_zone": "Asia/Tokyo"}'}


def test_a_table_that_cannot_hold_a_schedule_gets_nothing(tmp_path: Path) -> None:
    desk = Desk(tmp_path, header="Name,Action")
    (tmp_path / "tab").write_text("@daily /opt/a\n")
    before = (tmp_path / "rowd.toml").read_text()
    assert "no column Schedule" in desk.said("import", "crontab", tab(desk), code=4)
    assert (tmp_path / "rowd.toml").read_text() == before


def test_a_running_daemon_is_said_to_need_a_reload(desk: Desk) -> None:
    desk.daemon_reads()
    desk.daemon_runs()
    said = desk.said("import", "crontab", tab(desk), code=1)
    assert "doesn't know the new actions yet: these rows are defects for it until it has read rowd.toml anew" in said
    assert f"kill -HUP {os.getpid()} (or: systemctl reload rowd)" in said


def test_what_is_not_taken_is_told_in_the_order_of_the_lines(desk: Desk) -> None:
    (desk.folder / "one").write_text("CRON_TZ=Mars/Base\n1 * * * * /opt/a\n99 * * * * /opt/b\n2 * * * * /opt/c\n")
    (desk.folder / "two").write_text("@reboot /opt/d\nCRON_TZ=Mars/Base\n3 * * * * /opt/e\n")
    told = desk.json("import", "crontab", str(desk.folder / "two"), str(desk.folder / "one"), "--dry-run", code=1)
    places = [(Path(refused["file"]).name, refused["line"]) for refused in told["refused"]]
    assert places == [("two", 1), ("two", 3), ("one", 2), ("one", 3), ("one", 4)]


def test_rows_of_an_exported_crontab_get_their_names_again_and_those_of_others_do_not(desk: Desk) -> None:
    zone = str(system_zone())
    (desk.folder / "rowd.toml").write_text((desk.folder / "rowd.toml").read_text().replace("Europe/Berlin", zone))
    desk.table("ops", "1,nightly backup,,mine,work,daily 03:00,active,,", "2,Report,,mine,work,hourly,active,,", header=HEADER)
    exported = desk.run("export", "crontab").stdout
    assert exported.startswith(
        "# Written by `rowd export crontab`.\n# cron knows no Overlap: it starts a command again while it still"
    )
    (desk.folder / "out").write_text(exported)
    desk.table("ops", header=HEADER)
    told = desk.json("import", "crontab", str(desk.folder / "out"))
    assert [(row["name"], row["line"] > 0) for row in told["added"]] == [("nightly backup", True), ("Report", True)]
    desk.table("ops", header=HEADER)
    (desk.folder / "out").write_text(exported.partition("\n")[2])
    assert [row["name"] for row in desk.json("import", "crontab", str(desk.folder / "out"))["added"]] != [
        "nightly backup",
        "Report",
    ]


def test_rows_that_could_not_be_written_come_with_the_next_import(desk: Desk) -> None:
    lock = desk.folder / ".~lock.ops.csv#"
    lock.write_text(",ada,host,21.11.2026 10:00,file:///x;")
    assert "repeat the import" in desk.said("import", "crontab", tab(desk), code=3)
    lock.unlink()
    assert "2 rows added" in desk.said("import", "crontab", tab(desk), code=1)
    assert list(actions(desk)) == ["work", "clean", "mail"]


def test_imported_commands_do_what_cron_would_have_done(desk: Desk, tmp_path: Path) -> None:
    """Input, percent signs, braces and the environment, through the real daemon."""
    (tmp_path / "tab").write_text("WHO=ada\n@yearly cat; echo \\% {a,b} $WHO $SHELL%one%%two\n@yearly pwd; echo $PATH; exit 3\n")
    desk.said("import", "crontab", tab(desk))
    words = [sys.executable, "-m", "rowd", "run", "--config", str(tmp_path / "rowd.toml"), "--log", "json"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as daemon:
        try:
            assert daemon.stdout is not None
            assert any("row.added" in line for line in daemon.stdout)
            runs = {name: desk.json("run-now", name, "--wait", code=code) for name, code in (("cat", 0), ("pwd", 1))}
        finally:
            daemon.terminate()
    assert (runs["cat"]["outcome"], runs["pwd"]["outcome"]) == ("succeeded", "failed")
    out = {name: (tmp_path / ".rowd/runs" / runs[name]["run"] / "1/stdout").read_text().splitlines() for name in runs}
    assert out["cat"] == ["one", "", "two", "% {a,b} ada /bin/sh"]
    assert out["pwd"] == [str(Path.home()), "/usr/bin:/bin"]


def test_whom_rowd_runs_as_decides_whose_lines_can_be_taken(desk: Desk) -> None:
    Path(tab(desk)).write_text("@daily root /opt/a\n@daily nobody /opt/b\n")
    said = desk.said("import", "crontab", tab(desk), "--runs-as", "nobody", code=1)
    assert "it runs as root, and rowd as nobody" in said
    assert list(actions(desk)) == ["work", "b"]
    assert "user" not in actions(desk)["b"]


# --- which definitions, pure


def job(command: str = "/opt/x", **fields: Any) -> Job:
    return Job("tab", 1, fields.pop("schedule", "@daily"), fields.pop("user", None), command, **fields)


def moved(*jobs: Job, me: str = "root", known: Known | None = None) -> Migration:
    homes = {"root": ("/root", True), "ada": ("/home/ada", True), "www": ("/var/www", False)}
    return migrate(jobs, known or Known({}, (), ()), me, homes.get)


def test_equal_commands_share_an_action_and_have_rows_of_their_own() -> None:
    found = moved(job(), job(schedule="@weekly"), job())
    assert [(m.cells["Name"], m.action, m.settings is not None) for m in found.moved] == [("x", "x", True), ("x-2", "x", False)]
    assert (len(found.same), len(found.again)) == (0, 1)


def test_another_environment_makes_another_action() -> None:
    found = moved(job(), job(environment={"A": "1"}))
    assert [m.action for m in found.moved] == ["x", "x-2"]


def test_names_of_rows_and_actions_that_are_there_are_left_to_them() -> None:
    known = Known({"x": {"kind": "command", "argv": ["/bin/other"]}}, (), ("X-2",))
    assert [m.action for m in moved(job(), known=known).moved] == ["x-3"]


def test_an_action_that_is_there_is_used_again() -> None:
    settings = moved(job()).moved[0].settings
    assert settings is not None
    found = moved(job(), known=Known({"mine": settings}, (), ()))
    assert [(m.action, m.settings) for m in found.moved] == [("mine", None)]
    cells = [{"Action": "mine", "Schedule": "@Daily "}]
    assert len(moved(job(), known=Known({"mine": settings}, rows_known(cells), ())).same) == 1


def test_a_job_runs_as_its_user_where_rowd_can_become_one() -> None:
    settings = moved(job(user="ada")).moved[0].settings
    assert settings is not None
    assert (settings["user"], settings["cwd"]) == ("ada", "/home/ada")
    refused = moved(job(user="ada"), me="www").refused
    assert "can't become another user" in refused[0].reason
    assert "user" not in (moved(job(user="ada"), me="ada").moved[0].settings or {})


def test_a_user_that_is_not_there_is_refused() -> None:
    assert 'no user "bob"' in moved(job(user="bob")).refused[0].reason


def test_a_job_starts_at_home_or_at_the_root() -> None:
    assert (moved(job(user="www")).moved[0].settings or {})["cwd"] == "/"
    assert (moved(job(environment={"HOME": "/srv"})).moved[0].settings or {})["cwd"] == "/srv"


def test_a_time_that_rowd_refuses_is_refused_with_its_sentence() -> None:
    assert "come back to the same minute" in moved(job(schedule="*/90 * * * *")).refused[0].reason
    assert 'CRON_TZ "Mars"' in moved(job(zone="Mars")).refused[0].reason


# --- rowd.toml

TEXT = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0\r"), max_size=40)


@given(TEXT, st.dictionaries(st.from_regex(r"[A-Z]{1,8}", fullmatch=True), TEXT, max_size=3))
def test_a_definition_is_spelled_so_that_it_reads_back(command: str, environment: dict[str, str]) -> None:
    settings = {"kind": "command", "argv": ["/bin/sh", "-c", command], "environment": environment, "timeout": "1d"}
    text = definitions.spelled("a-b", settings, "From here.\nSecond line.")
    assert tomllib.loads(text) == {"actions": {"a-b": settings}}


def test_a_file_that_somebody_else_changed_is_left_to_them(tmp_path: Path) -> None:
    file = tmp_path / "rowd.toml"
    file.write_text("a = 1\n")
    with pytest.raises(ConfigError, match="changed by someone else"):
        definitions.replace(file, b"a = 1\n", "a = 2\n", lambda _: file.write_text("a = 3\n"))
    assert [p.name for p in tmp_path.iterdir()] == ["rowd.toml"]
    assert file.read_text() == "a = 3\n"


def test_a_file_that_the_check_refuses_stays_as_it_was(tmp_path: Path) -> None:
    file = tmp_path / "rowd.toml"
    file.write_text("a = 1\n")

    def refuse(draft: Path) -> None:
        assert draft.read_text() == "a = 2\n"
        raise ConfigError([])

    with pytest.raises(ConfigError):
        definitions.replace(file, b"a = 1\n", "a = 2\n", refuse)
    assert [(p.name, p.read_text()) for p in tmp_path.iterdir()] == [("rowd.toml", "a = 1\n")]


def test_a_link_and_the_rights_of_the_file_are_kept(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    real, link = tmp_path / "real" / "it.toml", tmp_path / "rowd.toml"
    real.write_text("a = 1\n")
    real.chmod(0o640)
    link.symlink_to(real)
    seen: list[Path] = []
    definitions.replace(link, b"a = 1\n", "a = 2\n", lambda draft: seen.append(draft.parent))
    assert (link.is_symlink(), real.read_text(), real.stat().st_mode & 0o777) == (True, "a = 2\n", 0o640)
    assert seen == [tmp_path]


def test_a_row_whose_schedule_nobody_can_read_does_not_stand_in_the_way() -> None:
    assert rows_known([{"Action": "mine", "Schedule": "täglich 7 Uhr"}]) == {("mine", "täglich 7 Uhr", "")}


def test_a_zone_kept_in_metadata_is_compared_too(desk: Desk) -> None:
    (desk.folder / "tab").write_text("CRON_TZ=America/New_York\n5 4 * * * /opt/bin/away\n")
    desk.said("import", "crontab", tab(desk), "--user-field", "no")
    before = rows(desk)
    assert "0 rows added to ops, 1 there already" in desk.said("import", "crontab", tab(desk), "--user-field", "no")
    assert rows(desk) == before


def test_a_line_that_stands_twice_is_said_to_stand_twice(desk: Desk) -> None:
    (desk.folder / "tab").write_text("5 4 * * * /opt/bin/one\n" * 2)
    said = desk.said("import", "crontab", tab(desk), "--user-field", "no")
    assert "1 row added to ops, 0 there already, 1 left out that earlier lines say already, 0 lines not taken" in said


def test_what_is_not_text_is_told_once(desk: Desk) -> None:
    (desk.folder / "tab").write_bytes(bytes(range(256)) * 20)
    result = desk.run("import", "crontab", tab(desk))
    assert result.exit_code == 1
    assert result.stderr == f"{tab(desk)}: not taken: is not text, so it is no crontab\n"


def test_a_comment_in_another_encoding_makes_no_crontab_unreadable(desk: Desk) -> None:
    (desk.folder / "tab").write_bytes("# Läuft täglich, für alle\n5 4 * * * /opt/bin/one\n".encode("latin-1"))
    assert "1 row added" in desk.said("import", "crontab", tab(desk), "--user-field", "no")


def test_nothing_is_imported_where_a_zone_has_no_place_in_the_table(tmp_path: Path) -> None:
    desk = Desk(tmp_path, header="ID,Name,Action,Schedule")
    (tmp_path / "tab").write_text("CRON_TZ=Asia/Tokyo\n0 7 * * * /bin/true\n")
    said = desk.said("import", "crontab", str(tmp_path / "tab"), "--user-field", "no", code=4)
    assert "nothing was imported: ops has no column Time Zone" in said
    assert (tmp_path / "ops.csv").read_text() == "ID,Name,Action,Schedule\n"
