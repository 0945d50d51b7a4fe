"""Deadlines with the installed daemon, killed in between: said once, seen by the commands, made good by a later run."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

from tests.acceptance.site import Daemon, rowd

CONFIG = """
[daemon]
stop_within = "5s"
[defaults]
time_zone = "UTC"
[actions.docs]
kind = "command"
argv = ["/bin/sh", "-c", "test -e mended || (echo no docs >&2; exit 3)"]
[actions.ok]
kind = "command"
argv = ["/bin/echo", "fine"]
[tables.ops]
connector = "local"
path = "tasks.csv"
poll = "1s"
"""
TASKS = """\
ID,Name,Action,Schedule,Deadline,Status,Health,Understood As
1,docs,docs,now,4s,active,,
2,fine,ok,now,4s,active,,
3,typo,ok,daily 9:00,18,active,,
"""


def _row(folder: Path, name: str) -> dict[str, str]:
    rows = csv.DictReader(io.StringIO((folder / "tasks.csv").read_text(), newline=""))
    return next(row for row in rows if row["Name"] == name)


def test_a_deadline_is_said_once_over_kills_and_made_good_by_a_later_run(tmp_path: Path) -> None:
    (tmp_path / "rowd.toml").write_text(CONFIG)
    (tmp_path / "tasks.csv").write_text(TASKS)
    (wrong,) = json.loads(rowd("check", "--json", cwd=tmp_path).stdout)["findings"]
    assert wrong["message"].startswith('Deadline "18": can be read in two ways: write "18:00" for the time of day')
    command = ["run", "--log", "json"]
    first = Daemon(tmp_path, command, installed=True)
    first.until("run.ended", lambda event: event["task"] == "docs")
    first.kill()
    second = Daemon(tmp_path, command, installed=True)
    try:
        told = second.until("deadline.missed")
        assert (told["task"], told["count"]) == ("docs", 1)
        assert told["reason"].endswith("exit 3: no docs")
    finally:
        second.kill()
    assert json.loads(rowd("status", "--json", cwd=tmp_path).stdout)["overdue"] == ["ops/docs"]
    (late,) = json.loads(rowd("list", "--status", "overdue", "--json", cwd=tmp_path).stdout)["tasks"]
    assert (late["name"], late["deadline"], late["overdue"]["succeeded_at"]) == ("docs", "4s after it comes due", None)
    (tmp_path / "mended").touch()
    third = Daemon(tmp_path, command, installed=True)
    try:
        third.until("daemon.started")
        assert rowd("run-now", "docs", cwd=tmp_path).returncode == 0
        assert third.until("run.ended")["outcome"] == "succeeded"
        assert third.stop() == 0
    finally:
        third.kill()
    events = [event for one in (first, second, third) for event in one.events]
    assert [event["task"] for event in events if event["event"] == "deadline.missed"] == ["docs"]
    assert " after its deadline" in _row(tmp_path, "docs")["Health"]
    assert _row(tmp_path, "fine")["Health"].startswith("COMPLETED")
    assert "NOTE" not in _row(tmp_path, "fine")["Health"]
    assert json.loads(rowd("status", "--json", cwd=tmp_path).stdout)["overdue"] == []
