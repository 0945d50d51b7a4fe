"""People told by the installed daemon, over real HTTP, killed in between: once when something goes wrong, once when it is over."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

from tests.acceptance.site import Daemon, eventually, rowd
from tests.fakes.receiver import receiving

CONFIG = """
[daemon]
stop_within = "5s"
[defaults]
time_zone = "UTC"
[actions.docs]
kind = "command"
argv = ["/bin/sh", "-c", "test -e mended || (echo no docs, says $(cat .env) >&2; exit 3)"]
[tables.ops]
connector = "local"
path = "tasks.csv"
poll = "1s"
[channel.hook]
secret = "HOOK"
"""
TASKS = """\
ID,Name,Action,Schedule,Notify,Health
1,docs,docs,now,,
2,silent,docs,now,none,
3,typo,docs,now,hok,
"""


def test_a_failure_is_told_once_over_kills_and_its_end_once(tmp_path: Path) -> None:
    (tmp_path / "rowd.toml").write_text(CONFIG)
    (tmp_path / "tasks.csv").write_text(TASKS)
    command = ["run", "--log", "json"]
    with receiving() as receiver:
        receiver.held.clear()  # what is sent has no answer yet
        address = f"json://sesame99@127.0.0.1:{receiver.server_port}/grape77"
        (tmp_path / ".env").write_text(f"HOOK={address}\n")
        (tmp_path / ".env").chmod(0o600)
        first = Daemon(tmp_path, command, installed=True)
        eventually(lambda: bool(receiver.bodies))
        first.kill()  # before it hears that the message was taken
        receiver.held.set()
        second = Daemon(tmp_path, command, installed=True)
        try:
            second.until("channel.told")
            one, again = (body["message"] for body in receiver.bodies)
            assert one == again  # at least once
            assert "ops/docs: FAILED since" in one
            assert "no docs, says HOOK=***" in one
            assert "ops/typo: ERROR since" in one
            assert "silent" not in one
        finally:
            second.kill()
        third = Daemon(tmp_path, command, installed=True)
        try:
            third.until("table.read")
            (tmp_path / "mended").touch()
            assert rowd("run-now", "docs", "--wait", cwd=tmp_path).returncode == 0
            third.until("channel.told")
            assert [body["title"] for body in receiver.bodies[2:]] == ["rowd: docs: it has succeeded"]
            standing = json.loads(rowd("channel", "list", "--json", cwd=tmp_path).stdout)
            stands = {p["task"]: (p["problem"], p["channels"]) for p in standing["problems"]}
            assert stands == {"typo": ("defect", ["hook"]), "silent": ("failed", [])}
            assert third.stop() == 0
        finally:
            third.kill()
        for daemon in (first, second, third):
            assert not [line for line in map(str, [*daemon.events, *daemon.other]) if "sesame99" in line or "grape77" in line]
    rows = csv.DictReader(io.StringIO((tmp_path / "tasks.csv").read_text(), newline=""))
    assert 'did you mean "hook"?' in {row["Name"]: row for row in rows}["typo"]["Health"]
    kept = [path for path in (tmp_path / ".rowd").iterdir() if path.is_file() and b"grape77" in path.read_bytes()]
    assert kept == []
