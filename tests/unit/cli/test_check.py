"""`rowd check`, and what it finds."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from msgspec.structs import replace

from actions.api import Definition
from actions.command.settings import CommandSettings
from rowd.cli.site import site_at
from rowd.lint import Finding, Level, clock_changes, lint, users
from rowd.lock import obstacle
from rowd.view import RowView, TableView
from tests.unit.cli.desk import Desk
from tests.unit.cli.sights import HOUSE, NOON, seen, with_last

LORD_HOWE = ZoneInfo("Australia/Lord_Howe")


def found(*rows: RowView, usual: dict[str, timedelta] | None = None, workers: int = 8) -> list[Finding]:
    view = TableView("ops", None, rows, (), None, None)  # type: ignore[arg-type]  # lint asks nothing of how it is bound
    spans = {("ops", key): span for key, span in (usual or {}).items()}
    return lint([view], NOON, HOUSE, spans, workers)


def kinds(*rows: RowView, **more: Any) -> list[str]:
    return [f.kind for f in found(*rows, **more)]


# --- changes of the clock. Berlin: 2026-03-29 02:00 → 03:00, 2026-10-25 03:00 → 02:00. Lord Howe moves by half an hour.


def test_a_fixed_time_in_the_skipped_and_in_the_repeated_hour_is_told_with_both_nights() -> None:
    messages = [f.message for f in found(seen("daily 02:30"))]
    assert messages == [
        "on Sun 29 Mar 2026 the clock skips 02:00 to 03:00 (Europe/Berlin): 02:30 comes right after it, at 03:00",
        "on Sun 25 Oct 2026 the clock shows 02:00 to 03:00 twice (Europe/Berlin): 02:30 runs the first time only",
    ]


@pytest.mark.parametrize(
    "schedule", ["daily 01:59", "daily 03:00", "every 15 minutes", "*/5 * * * *", "30 * * * *", "mondays 02:30", "2026-03-29 04:00"]
)
def test_what_no_clock_change_touches_is_not_told(schedule: str) -> None:
    assert "clock change" not in kinds(seen(schedule))


def test_cron_that_runs_on_real_time_in_some_hours_only_is_told_what_becomes_of_them() -> None:
    """A person sees two runs a night; cron's rule gives none, and four."""
    assert [f.message.partition("(Europe/Berlin): ")[2] for f in found(seen("*/30 2 * * *"))] == [
        "02:00, 02:30 don't come that day",
        "02:00, 02:30 run both times",
    ]
    assert kinds(seen("*/30 3 * * *")) == []


@pytest.mark.parametrize(("schedule", "number"), [("daily 02:00", 2), ("30 2 * 3 *", 1), ("sundays 02:59", 2), ("0 2 25 10 *", 1)])
def test_the_edges_of_the_hour_belong_to_the_right_side(schedule: str, number: int) -> None:
    assert kinds(seen(schedule)).count("clock change") == number


@pytest.mark.parametrize(
    ("schedule", "told"),
    [
        ("2026-03-29 02:30", "the clock skips 02:00 to 03:00 (Europe/Berlin): 02:30 comes right after it, at 03:00"),
        (
            "2026-10-25 02:30",
            "the clock shows 02:00 to 03:00 twice (Europe/Berlin): 02:30 runs the first time only;"
            " for the second time write 2026-10-25 02:30+01:00",
        ),
    ],
)
def test_a_one_off_in_such_an_hour_is_told_too(schedule: str, told: str) -> None:
    assert [f.message.partition(" 2026 ")[2] for f in found(seen(schedule))] == [told]


@pytest.mark.parametrize("schedule", ["2026-03-29 03:00", "2026-10-25 02:30+01:00", "2026-10-25 02:30+02:00", "2026-10-25 00:30Z"])
def test_a_one_off_that_names_an_instant_or_an_hour_beside_is_not_told(schedule: str) -> None:
    assert kinds(seen(schedule)) == []


def test_a_one_off_that_had_its_time_is_not_told_of_the_repeated_hour() -> None:
    half_past_two_the_first_time = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    task = seen("2026-10-25 02:30").task
    assert task is not None
    assert list(clock_changes(task, half_past_two_the_first_time)) == []
    assert len(list(clock_changes(task, half_past_two_the_first_time - timedelta(seconds=1)))) == 1


def test_several_times_in_a_skipped_hour_come_as_one_run() -> None:
    assert "02:05, 02:25, 02:45 come together as one run at 03:00" in found(seen("daily 02:05, 02:25, 02:45"))[0].message


def test_a_change_of_half_an_hour_is_a_change_too() -> None:
    # Lord Howe: 2026-04-05 02:00 → 01:30, 2026-10-04 02:00 → 02:30
    nights = [f.message.partition(" (")[0] for f in found(seen("daily 01:45, 02:15", zone=LORD_HOWE))]
    assert nights == ["on Sun 5 Apr 2026 the clock shows 01:30 to 02:00 twice", "on Sun 4 Oct 2026 the clock skips 02:00 to 02:30"]


def test_a_paused_row_is_not_looked_at() -> None:
    assert kinds(seen("daily 02:30", Status="paused")) == []


# --- rows that get in their own way


def test_runs_longer_than_their_interval_are_told_and_what_becomes_of_them() -> None:
    (one,) = found(seen("every 10 minutes"), usual={"1": timedelta(minutes=12)})
    assert one.message.startswith(
        "its runs take 12m as a rule, and one comes due every 10m, so what comes due meanwhile is skipped"
    )
    assert kinds(seen("every 10 minutes"), usual={"1": timedelta(minutes=9)}) == []
    assert kinds(seen("every 10 minutes", Metadata='{"overlap": "parallel"}'), usual={"1": timedelta(minutes=12)}) == []


def test_the_smallest_distance_counts_not_the_first() -> None:
    assert kinds(seen("daily 13:05, 18:00, 18:10"), usual={"1": timedelta(minutes=11)}) == ["longer than its interval"]


def test_what_is_to_follow_a_failure_of_no_row_is_told() -> None:
    (one,) = found(seen("daily 13:05", On_Failure="run"))
    assert (one.kind, one.column) == ("unheard", "On Failure")
    assert one.message.endswith("fill in Depends On, or clear On Failure")


def test_a_word_under_do_that_is_no_button_is_told() -> None:
    (one,) = found(seen("daily 13:05", Do="runn"))
    assert (one.level, one.kind, one.column) == (Level.WARNING, "button", "Do")
    assert one.message == 'Do "runn" is no button; did you mean "run now"?'
    (defect, slip) = found(seen("evry day", Do="go on"))
    assert (defect.kind, slip.kind) == ("defect", "button")
    assert kinds(seen("daily 13:05", Do="run now")) == []


def test_a_schedule_denser_than_its_action_allows_is_told() -> None:
    often = {"at_most_every": "1h"}
    assert kinds(seen("every 30 minutes", definition=often)) == ["too dense"]
    assert kinds(seen("hourly", definition=often)) == []


def test_a_one_off_in_the_past_is_told() -> None:
    assert kinds(seen("2026-01-05 10:00")) == ["past"]
    assert kinds(seen("2027-01-05 10:00")) == []


# --- clashes


def test_more_tasks_in_one_minute_than_may_run_are_a_clash_told_once() -> None:
    rows = [seen("hourly", key=str(n), name=f"t{n}") for n in range(7)]
    assert kinds(*rows, workers=7) == []
    (one,) = found(*rows, workers=6)
    assert one.message.startswith("7 tasks come due at Mon 14:00 (Europe/Berlin), and 6 may run at once")
    assert "t0, t1, t2, t3, t4 and 2 more" in one.message


def test_what_is_skipped_clashes_with_nothing() -> None:
    often = {"at_most_every": "2 days"}
    rows = [with_last(seen("hourly", key=str(n), name=f"t{n}", definition=often), timedelta(minutes=1)) for n in range(3)]
    assert "clash" not in kinds(*rows, workers=2)


# --- the order, and the command


def test_errors_come_before_warnings_and_notes() -> None:
    rows = [seen("daily 02:30", Status="draft"), seen("daily 02:30", key="2", name="b"), seen("evry day", key="3", name="c")]
    assert [f.level for f in found(*rows)] == [Level.ERROR, Level.WARNING, Level.WARNING, Level.NOTE]
    assert [f.column for f in found(rows[2])] == ["Schedule"]


def test_a_held_table_is_an_error() -> None:
    view = TableView("ops", None, (), (), None, None, held='no column "Name"')  # type: ignore[arg-type]  # as above
    (one,) = lint([view], NOON, HOUSE, {}, 8)
    assert (one.level, one.kind) == (Level.ERROR, "table")


def test_a_defect_ends_the_command_with_one_a_warning_does_not(tmp_path: Path) -> None:
    desk = Desk(tmp_path, "1,backup,,daily 02:30,work,,,,,")
    assert "2 warnings" in desk.said("check")
    desk.table("ops", "1,backup,,daily 02:30,work,,,,,", "2,backup,,hourly,work,,,,,")
    assert "give this row another" in desk.said("check", code=1)


def test_json_has_every_finding_with_row_and_column(tmp_path: Path) -> None:
    told = Desk(tmp_path, "7,bad,,evry monday,work,,,,,").json("check", code=1)
    assert told["errors"] == 1
    (finding,) = told["findings"]
    assert (finding["level"], finding["kind"], finding["key"], finding["column"]) == ("error", "defect", "7", "Schedule")


def test_a_header_that_is_nearly_a_column_is_told(tmp_path: Path) -> None:
    desk = Desk(tmp_path, "1,backup,manual,hourly,work", header="ID,Name,Type,Shedule,Action")
    assert 'did you mean "Schedule"?' in desk.said("check")


def test_a_table_without_a_name_column_is_held_and_said(tmp_path: Path) -> None:
    desk = Desk(tmp_path, "1,manual,work", header="ID,Type,Action")
    assert 'no column "Name"' in desk.said("check", code=1)


def test_a_table_that_is_gone_is_an_error(tmp_path: Path) -> None:
    desk = Desk(tmp_path, "1,backup,manual,,work,,,,,")
    (tmp_path / "ops.csv").unlink()
    assert "can't be read" in desk.said("check", code=1)


def test_usual_durations_come_from_the_ledger(tmp_path: Path) -> None:
    desk = Desk(tmp_path, "1,backup,,every 10 minutes,work,,,,,")
    desk.daemon_reads()
    for minutes in (11, 12, 13):
        desk.ended(desk.began(), minutes=minutes)
    assert "its runs take 12m as a rule" in desk.said("check")


def test_nothing_found_is_said() -> None:
    assert found(seen("daily 15:00"), replace(seen("hourly", key="2"))) == []


def test_a_header_that_is_nearly_a_column_is_told_also_where_the_table_is_held_for_it(tmp_path: Path) -> None:
    desk = Desk(tmp_path, "1,backup,daily 02:30,work", header="ID,Name,Schedule,Acton")
    assert 'the column "Acton" is none of rowd\'s; did you mean "Action"?' in desk.said("check", code=1)


def test_an_action_that_can_not_become_its_user_is_told(tmp_path: Path) -> None:
    definitions = {"a": Definition(kind="http"), "b": CommandSettings(kind="command", argv=("x",), user="ada")}
    (found,) = users(definitions, "rowd")
    assert (found.name, found.kind, found.level) == ("actions.b", "user", Level.WARNING)
    assert list(users(definitions, "root")) == list(users(definitions, "ada")) == []


def test_an_action_whose_program_is_not_there_is_told_with_its_name(tmp_path: Path) -> None:
    gone = '[actions.gone]\nkind = "command"\nargv = ["no-such-program-here", "x"]\n[actions.web]\nkind = "http"\nurl = "https://x.org"\n'
    desk = Desk(tmp_path, "1,backup,manual,,work,,,,,", more=gone)
    assert desk.run("check").exit_code == 0
    (finding,) = desk.json("check")["findings"]
    assert (finding["level"], finding["kind"], finding["name"]) == ("warning", "program", "actions.gone")
    assert finding["message"].startswith('there is no program "no-such-program-here" in /usr/local/sbin:')


def test_an_action_whose_user_is_not_there_is_told(tmp_path: Path) -> None:
    desk = Desk(
        tmp_path, "1,backup,manual,,work,,,,,", more='[actions.as]\nkind = "command"\nargv = ["true"]\nuser = "nobody-at-all"\n'
    )
    found = {f["kind"]: (f["name"], f["message"]) for f in desk.json("check")["findings"]}
    assert found["program"] == ("actions.as", 'this machine has no user "nobody-at-all"; correct `user` in its definition')


@pytest.mark.parametrize("state", ["rowd.toml", "rowd.toml/below/it", "/proc/nowhere", "/dev/null/x"])
def test_a_state_folder_that_can_not_be_made_is_an_error(tmp_path: Path, state: str) -> None:
    desk = Desk(tmp_path, "1,backup,manual,,work,,,,,", more=f'[daemon]\nstate_dir = "{state}"\n')
    (finding,) = desk.json("check", code=1)["findings"]
    assert (finding["level"], finding["kind"], finding["name"]) == ("error", "state", "daemon.state_dir")
    assert finding["message"].startswith(f"The state folder {tmp_path / state} can't be written (")
    assert not desk.said("once", "--quiet", code=4).startswith("Traceback")


def test_of_a_state_folder_that_is_there_or_can_be_made_nothing_is_told(tmp_path: Path) -> None:
    desk = Desk(tmp_path, "1,backup,manual,,work,,,,,", more='[daemon]\nstate_dir = "deep/below"\n')
    assert desk.json("check")["findings"] == []
    assert not (tmp_path / "deep").exists()
    desk.said("once", "--quiet")
    assert desk.json("check")["findings"] == []


def test_a_state_folder_of_other_rights_is_an_obstacle(tmp_path: Path) -> None:
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / "lock").touch(mode=0o400)
    tmp_path.chmod(0o755)
    if os.geteuid() != 0:
        assert isinstance(obstacle(tmp_path / "state"), PermissionError)
        return
    os.seteuid(65534)
    try:
        for state in ("/root/state", "/usr/state"):
            assert isinstance(obstacle(Path(state)), PermissionError)
    finally:
        os.seteuid(0)


def test_an_address_that_an_action_may_not_reach_is_told(tmp_path: Path) -> None:
    near = '[actions.near]\nkind = "http"\nurl = "http://10.0.0.1/x"\n'
    (finding,) = Desk(tmp_path, "1,backup,manual,,work,,,,,", more=near).json("check")["findings"]
    assert (finding["level"], finding["name"]) == ("warning", "actions.near")
    assert finding["message"] == "10.0.0.1 is a private address: not asked; if it is meant, name it in allow_private"


def test_values_that_only_a_run_refuses_are_told_with_their_row(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "out").symlink_to("/etc")
    more = f'''
    [actions.size]
    kind = "command"
    argv = ["/usr/bin/du", "{{file}}"]
    parameters = {{ file = {{ type = "path", under = "{tmp_path}/data" }} }}
    [actions.item]
    kind = "http"
    url = "https://a.example/{{name}}/x"
    parameters = {{ name = {{}} }}
    '''
    rows = [
        '1,leads out,manual,,size,active,,,"{""file"": ""out/passwd""}",',
        '2,stays,manual,,size,active,,,"{""file"": ""in""}",',
        '3,above,manual,,item,active,,,"{""name"": ""..""}",',
        '4,paused,manual,,item,paused,,,"{""name"": ""..""}",',
    ]
    findings = Desk(tmp_path, *rows, more=more).json("check")["findings"]
    assert [(f["level"], f["kind"], f["key"], f["column"]) for f in findings] == [
        ("warning", "value", "1", "Metadata"),
        ("warning", "value", "3", "Metadata"),
    ]
    assert "by a symbolic link" in findings[0]["message"]
    assert "part of a url's path" in findings[1]["message"]


def test_rows_that_rowd_has_yet_to_see_are_held_against_each_others_names(tmp_path: Path) -> None:
    rows = [f",{name},,every {n} minutes,work,,,,," for n, name in enumerate(("dup", "DUP", "Dup"), 5)]
    desk = Desk(tmp_path, *rows)
    findings = desk.json("check", code=1)["findings"]
    assert [(f["name"], f["column"], f["message"]) for f in findings if f["level"] == "error"] == [
        (name, "Name", f'Name "{name}": another row has this name; give this row another') for name in ("DUP", "Dup")
    ]
    desk.daemon_reads()
    assert [row["name"] for row in desk.json("list", "--status", "defect")["tasks"]] == ["DUP", "Dup"]


def test_a_mistake_in_rowd_toml_hides_no_other_that_has_nothing_to_do_with_it(tmp_path: Path) -> None:
    more = (
        '[actions.web]\nkind = "http"\nurl = "ftp://x"\ntimeout = 5\n'
        '[actions.say]\nkind = "command"\nargv = ["echo", "{x}"]\nattempts = "many"\nparameters = { x = {} }\n'
        '[actions.tell]\nkind = "command"\nargv = ["echo", "{x}"]\nparameters = { x = { type = "txt" } }\n'
        '[tables.T1]\nconnector = "locl"\n[tables.T2]\nconnector = "local"\n'
    )
    said = Desk(tmp_path, more=more).said("check", code=4)
    for key in ("actions.web.timeout:", "actions.web:", "actions.say.attempts:", "tables.T1.connector:", "tables.T2.path:"):
        assert f" {key} " in said, key
    assert " actions.say: " not in said
    assert "actions.tell.parameters.x.type:" in said
    assert " actions.tell: " not in said
    assert "unnamed" not in said
    assert "8 mistakes" in said


def test_a_row_without_a_name_or_an_id_is_called_by_its_place(tmp_path: Path) -> None:
    header = "Name,Action,Schedule,Health"
    desk = Desk(tmp_path, "a,work,hourly,", "", ",work,hourly,", "dup,work,hourly,", "dup,work,daily,", header=header)
    said = desk.said("check", code=1)
    for row in (" row 2 ", " dup (row 3) ", " dup (row 4) "):
        assert row in said
    assert "~" not in said + desk.said("list") + desk.said("show", "row 2")
    findings = desk.json("check", code=1)["findings"]
    assert [(f["name"], f["place"]) for f in findings] == [("row 2", "row 2"), ("dup", "row 3"), ("dup", "row 4")]
    assert "write one of these" in desk.said("show", "dup", code=2)
    assert "'ops/row 3', 'ops/row 4'" in desk.said("show", "dup", code=2)
    assert "every day" in desk.said("show", "ops/row 4") or "daily" in desk.said("show", "ops/row 4")


def test_a_row_that_is_called_by_its_place_can_be_changed_so(tmp_path: Path) -> None:
    desk = Desk(tmp_path, "1,a,work,hourly,", ",,work,hourly,", header="ID,Name,Action,Schedule,Health")
    desk.said("edit", "row 2", "--set", "Name=named")
    assert "named" in desk.said("list")
    assert "already (row 2)" in desk.said("add", "named", "--action", "work", "--schedule", "daily", code=5)
    assert "deleted named (row 2) from ops" in desk.said("delete", "named", "--yes")


@pytest.mark.parametrize(
    ("by", "file"),
    [('credentials = "key.json"', "key.json"), ('oauth_client = "c.json"\ntoken = "sign-in.json"', "sign-in.json")],
)
def test_a_key_or_a_sign_in_that_others_can_read_is_told_with_the_chmod(tmp_path: Path, by: str, file: str) -> None:
    cloud = 'connector = "google_sheets"\nspreadsheet = "1abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"\ntab = "Tasks"\n'
    both = f"[tables.one]\n{cloud}{by}\n"
    desk = Desk(tmp_path, "1,backup,,hourly,work,active,,,,", more=both)
    (tmp_path / file).write_text("{}")
    (tmp_path / file).chmod(0o600)
    assert site_at(tmp_path / "rowd.toml").warnings == ()
    (tmp_path / file).chmod(0o644)
    (warning,) = site_at(tmp_path / "rowd.toml").warnings
    assert warning == f"{tmp_path / file} holds secrets and is open to every user of this machine: chmod 600 {tmp_path / file}"
    assert desk.json("check", "--table", "ops")["config_warnings"] == [warning]  # and it ends as if nothing were wrong
    doctor = desk.json("doctor", "--table", "ops", code=1)["checks"]
    assert [one["says"] for one in doctor if one["check"] == "config"] == [warning]
