"""`rowd doctor`: each thing that can be wrong with an installation is told on its own line, and nothing is changed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from config.readers import readers
from engine.ledger import Reach
from tests.unit.cli.desk import HEADER, Desk
from tests.unit.cli.test_behind import left_by_the_daemon

ROW = "1,backup,,daily 03:00,work,active,,,,"


def wrong(told: Any) -> list[tuple[str, str]]:
    return [(line["table"], line["check"]) for line in told["checks"] if line["good"] is False]


def line(told: Any, check: str, table: str = "") -> Any:
    return next(one for one in told["checks"] if (one["table"], one["check"]) == (table, check))


def files(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def test_nothing_is_wrong_and_nothing_is_changed(tmp_path: Path) -> None:
    desk = Desk(tmp_path, ROW)
    desk.daemon_reads()
    desk.daemon_runs()
    before = files(tmp_path)
    told = desk.json("doctor")
    assert (wrong(told), told["wrong"]) == ([], 0)
    assert [one["check"] for one in told["checks"] if not one["table"]] == ["config", "state folder", "ledger", "daemon", "actions"]
    assert [one["check"] for one in told["checks"] if one["table"] == "ops"] == ["file", "permission", "limits", "headers", "rows"]
    assert {path: raw for path, raw in files(tmp_path).items() if "ledger" not in path} == {
        path: raw for path, raw in before.items() if "ledger" not in path
    }
    said = desk.said("doctor")
    assert said.startswith("installation ✓ config:")
    assert said.endswith("Nothing is wrong.")


def test_before_anything_has_run_there_is_no_ledger_and_no_daemon_and_that_is_nothing_wrong(tmp_path: Path) -> None:
    told = Desk(tmp_path, ROW).json("doctor")
    assert told["wrong"] == 0
    assert line(told, "ledger")["says"] == "there is none yet, since nothing has run"
    assert line(told, "daemon")["good"] is None
    assert not (tmp_path / ".rowd").exists()


def test_mistakes_in_rowd_toml_are_told_and_what_is_right_is_looked_at(tmp_path: Path) -> None:
    desk = Desk(tmp_path, ROW, more='\n[tables.bad]\nconnector = "nope"\n')
    told = desk.json("doctor", code=1)
    assert wrong(told) == [("", "config")]
    assert '"nope" is no connector' in line(told, "config")["says"]
    assert line(told, "rows", "ops")["good"] is True


@pytest.mark.parametrize(
    ("more", "table", "named"),
    [
        ('\n[tables.bad]\nconnector = "local"\npahth = "bad.csv"\n', "bad", "[tables.bad] in rowd.toml has mistakes"),
        ('\n[tables.bad\nconnector = "local"\n', "ops", "rowd.toml has mistakes"),
    ],
)
def test_a_table_is_asked_for_that_has_mistakes_in_rowd_toml(tmp_path: Path, more: str, table: str, named: str) -> None:
    desk = Desk(tmp_path, ROW, more=more)
    told = desk.json("doctor", "--table", table, code=1)
    assert wrong(told)[0] == ("", "config")
    assert line(told, "config", table)["says"].startswith(named)
    assert line(told, "config", table)["good"] is None
    assert "to mend: see the lines with" in desk.said("doctor", "--table", table, code=1)


def test_a_table_is_asked_for_that_nobody_has_and_another_has_mistakes(tmp_path: Path) -> None:
    desk = Desk(tmp_path, ROW, more='\n[tables.bad]\nconnector = "nope"\n')
    assert 'There is no table "ba"' in desk.said("doctor", "--table", "ba", code=2)


def test_no_rowd_toml_at_all(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    (tmp_path / "rowd.toml").unlink()
    assert "1 thing to mend" in desk.said("doctor", code=1)


def test_a_state_folder_that_can_not_be(tmp_path: Path) -> None:
    desk = Desk(tmp_path, ROW, more='\n[daemon]\nstate_dir = "ops.csv/state"\n')
    told = desk.json("doctor", code=1)
    assert ("", "state folder") in wrong(told)


def test_a_ledger_that_is_damaged(tmp_path: Path) -> None:
    desk = Desk(tmp_path, ROW)
    desk.daemon_reads()
    ledger = tmp_path / ".rowd" / "ledger.sqlite"
    ledger.write_bytes(b"no ledger at all, but text" * 500)
    told = desk.json("doctor", code=1)
    assert wrong(told) == [("", "ledger")]
    assert "is damaged" in line(told, "ledger")["says"]


def test_a_page_of_the_ledger_that_is_damaged_is_found_by_reading_all_of_it(tmp_path: Path) -> None:
    desk = Desk(tmp_path, *(ROW.replace("1,backup", f"{n},task{n}") for n in range(300)))
    desk.daemon_reads()
    ledger = tmp_path / ".rowd" / "ledger.sqlite"
    raw = bytearray(ledger.read_bytes())
    for page in range(len(raw) // 4096 // 2, len(raw) // 4096):
        raw[page * 4096 : page * 4096 + 64] = b"\xff" * 64
    ledger.write_bytes(raw)
    told = desk.json("doctor", code=1)
    assert wrong(told) == [("", "ledger")]


def test_an_action_whose_program_is_not_there(tmp_path: Path) -> None:
    desk = Desk(tmp_path, ROW, more='\n[actions.gone]\nkind = "command"\nargv = ["/no/such/program"]\n')
    told = desk.json("doctor", code=1)
    assert wrong(told) == [("", "actions")]
    assert "actions.gone" in line(told, "actions")["says"]


def test_a_daemon_that_works_by_an_older_rowd_toml(tmp_path: Path) -> None:
    desk = Desk(tmp_path, ROW)
    left_by_the_daemon(desk, version="another")
    told = desk.json("doctor", code=1)
    assert wrong(told) == [("", "daemon")]
    assert "kill -HUP" in line(told, "daemon")["says"]


def test_a_daemon_that_was_killed_is_no_fault_of_the_installation(tmp_path: Path) -> None:
    desk = Desk(tmp_path, ROW)
    desk.daemon_reads()
    desk.daemon_runs(pid=1, started=1)
    assert line(desk.json("doctor"), "daemon")["good"] is None


def test_a_table_that_can_not_be_read_or_is_not_understood(tmp_path: Path) -> None:
    desk = Desk(tmp_path, ROW, more='\n[tables.far]\nconnector = "local"\npath = "far.csv"\n')
    told = desk.json("doctor", code=1)
    assert wrong(told) == [("far", "file")]
    assert "`rowd setup far` make it" in line(told, "file", "far")["says"].replace(f"{tmp_path}", "")
    desk.table("far", "a,b", header="Name,Notes")
    told = desk.json("doctor", code=1)
    assert wrong(told) == [("far", "headers")]
    says = line(told, "headers", "far")["says"]
    assert 'no column "Action"' in says
    assert says.endswith("(`rowd setup far` makes what is missing)")
    assert "far" not in {one["table"] for one in desk.json("doctor", "--table", "ops")["checks"]}


def test_a_row_that_is_to_be_mended_is_no_fault_of_the_installation(tmp_path: Path) -> None:
    desk = Desk(tmp_path, ROW.replace("daily 03:00", "evry day"))
    told = desk.json("doctor")
    assert line(told, "rows", "ops")["good"] is None
    assert "0 tasks, 1 defect; `rowd check` tells" in line(told, "rows", "ops")["says"]


def test_a_table_that_may_not_be_written_is_still_read(tmp_path: Path) -> None:
    desk = Desk(tmp_path, ROW)
    (tmp_path / "ops.csv").chmod(0o444)
    told = desk.json("doctor", code=1)
    assert wrong(told) == [("ops", "permission")]
    assert line(told, "rows", "ops")["good"] is True


@pytest.mark.parametrize(("mode", "can"), [(0o755, "be looked into"), (0o701, "be looked into"), (0o777, "be changed")])
def test_a_state_folder_that_others_may_look_into_is_told_with_the_remedy(tmp_path: Path, mode: int, can: str) -> None:
    desk = Desk(tmp_path, ROW)
    desk.daemon_reads()
    state = tmp_path / ".rowd"
    state.chmod(mode)
    told = desk.json("doctor", code=1)
    assert wrong(told) == [("", "state folder")]
    assert f"can {can} by every user of this machine: chmod 700 {state}" in line(told, "state folder")["says"]
    state.chmod(0o700)
    assert desk.json("doctor")["wrong"] == 0


def test_a_group_of_nobody_else_opens_no_state_folder(tmp_path: Path) -> None:
    desk = Desk(tmp_path, ROW)
    desk.daemon_reads()
    state = tmp_path / ".rowd"
    state.chmod(0o750)
    them = readers(state.stat())
    assert desk.json("doctor", code=len(them) > 1)["wrong"] == (len(them) > 1)


def test_a_held_table_is_told_with_its_own_remedy_alone(tmp_path: Path) -> None:
    rows = [f"{n},r{n},,daily 03:00,work,active,,,," for n in range(10)]
    desk = Desk(tmp_path, *rows)
    desk.daemon_reads()
    desk.table("ops", *rows[:2])
    desk.daemon_reads()
    told = desk.json("doctor", code=1)
    assert wrong(told) == [("ops", "rows")]
    says = line(told, "rows", "ops")["says"]
    assert says.startswith("nothing of it starts: 8 of 10 rows are gone at once; put them back, or leave it so until ")
    assert "rowd setup" not in says
    desk.table("ops", *(row.partition(",")[2] for row in rows), header=HEADER.partition(",")[2])
    told = desk.json("doctor", code=1)
    assert wrong(told) == [("ops", "headers")]
    says = line(told, "headers", "ops")["says"]
    assert 'the column "ID" is gone, by which rows are known; put it back' in says
    assert "rowd setup" not in says  # another ID column would know none of them


def test_without_a_ledger_that_can_be_read_the_table_is_looked_at_all_the_same(tmp_path: Path) -> None:
    desk = Desk(tmp_path, ROW)
    desk.daemon_reads()
    (tmp_path / ".rowd" / "ledger.sqlite").write_bytes(b"no ledger at all, but text" * 500)
    assert line(desk.json("doctor", code=1), "rows", "ops")["good"] is True


def test_a_file_that_another_daemon_had_when_one_was_started_here_last(tmp_path: Path) -> None:
    desk = Desk(tmp_path, ROW)
    desk.daemon_reads()
    with desk.ledger() as ledger:
        mark = ledger.table_mark("ops")
        assert mark is not None
        ledger.mark_table(replace(mark, state=Reach.ELSEWHERE, message="ops.csv is held by rowd, process 7. Stop that one first"))
    said = line(desk.json("doctor"), "daemon", "ops")
    assert said["good"] is None
    assert said["says"].startswith("ops could not be run from here ")
    assert said["says"].endswith(": ops.csv is held by rowd, process 7. Stop that one first")
