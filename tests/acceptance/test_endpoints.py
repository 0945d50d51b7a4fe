"""Endpoints told by the installed daemon, over real HTTP, killed in between: at least once, under the same id."""

from __future__ import annotations

import base64
import json
import signal
import time
from pathlib import Path

from tests.acceptance.site import Daemon, eventually, rowd
from tests.fakes.receiver import receiving

SECRET = "whsec_" + base64.b64encode(b"grape77!" * 4).decode()
CONFIG = """
[daemon]
stop_within = "5s"
[defaults]
time_zone = "UTC"
[actions.work]
kind = "command"
argv = ["/bin/sh", "-c", "echo says $(cat .env); exit 3"]
[tables.ops]
connector = "local"
path = "tasks.csv"
poll = "1s"
[endpoint.hook]
url = "http://127.0.0.1:{port}/"
secret = "HOOK"
events = ["{events}"]
allow_private = ["127.0.0.1"]
{more}
"""
TASKS = """\
ID,Name,Action,Schedule,Attempts
1,one,work,now,1
"""


def test_what_was_not_heard_to_be_taken_before_a_kill_comes_again_under_its_id(tmp_path: Path) -> None:
    (tmp_path / "tasks.csv").write_text(TASKS)
    (tmp_path / ".env").write_text(f"HOOK={SECRET}\n")
    (tmp_path / ".env").chmod(0o600)
    command = ["run", "--log", "json"]
    with receiving() as receiver:
        (tmp_path / "rowd.toml").write_text(CONFIG.format(port=receiver.server_port, events="run.ended", more=""))
        receiver.held.clear()  # what is sent has no answer yet
        first = Daemon(tmp_path, command, installed=True)
        eventually(lambda: bool(receiver.bodies))
        first.kill()
        receiver.held.set()
        second = Daemon(tmp_path, command, installed=True)
        try:
            eventually(lambda: len(receiver.bodies) == 2)
            eventually(lambda: standing(tmp_path)["taken"] == 1)
            more = 'outcomes = ["succeeded"]'
            (tmp_path / "rowd.toml").write_text(CONFIG.format(port=receiver.server_port, events="run.*", more=more))
            second.process.send_signal(signal.SIGHUP)
            second.until("config.reloaded")
            assert rowd("run-now", "one", "--wait", cwd=tmp_path).returncode == 1
            eventually(lambda: len(receiver.bodies) == 3)
            assert second.stop() == 0
        finally:
            second.kill()
        rowd("once", cwd=tmp_path)  # whatever is left to tell
        one, again, started = receiver.bodies
        assert one == again
        assert started["type"] == "run.started"  # and not that it has failed
        assert [h["webhook-id"] for h in receiver.headers[:2]] == [receiver.headers[0]["webhook-id"]] * 2
        assert (one["type"], one["data"]["task"], one["data"]["outcome"]) == ("run.ended", "one", "failed")
        assert one["data"]["reason"] == "exit 3: says HOOK=***"
        assert standing(tmp_path)["waiting"] == 0
    for daemon in (first, second):
        assert not [line for line in map(str, [*daemon.events, *daemon.other]) if SECRET[6:] in line]


def test_wherever_a_pass_is_killed_there_is_one_id_for_one_end(tmp_path: Path) -> None:
    (tmp_path / "tasks.csv").write_text(TASKS)
    (tmp_path / ".env").write_text(f"HOOK={SECRET}\n")
    (tmp_path / ".env").chmod(0o600)
    with receiving() as receiver:
        (tmp_path / "rowd.toml").write_text(CONFIG.format(port=receiver.server_port, events="run.ended", more=""))
        deaths = 0
        for hit in range(1, 6):
            die_at = {"ROWD_DIE_AT": f"marks.before:{hit}"}
            deaths += Daemon(tmp_path, ["once"], die_at, installed=True).ended() == -signal.SIGKILL
        rowd("once", cwd=tmp_path)
        assert deaths >= 4
        assert len({headers["webhook-id"] for headers in receiver.headers}) == 1
        assert {body["data"]["outcome"] for body in receiver.bodies} == {"failed"}
        assert (standing(tmp_path)["taken"], standing(tmp_path)["waiting"]) == (1, 0)


def test_what_a_person_has_sent_again_is_sent_at_once(tmp_path: Path) -> None:
    (tmp_path / "tasks.csv").write_text(TASKS)
    (tmp_path / ".env").write_text(f"HOOK={SECRET}\n")
    (tmp_path / ".env").chmod(0o600)
    with receiving() as receiver:
        receiver.status = 410
        (tmp_path / "rowd.toml").write_text(CONFIG.format(port=receiver.server_port, events="run.ended", more=""))
        daemon = Daemon(tmp_path, ["run", "--log", "json"], installed=True)
        try:
            daemon.until("endpoint.gone")
            [dead] = json.loads(rowd("endpoint", "dead", "--json", cwd=tmp_path).stdout)["dead"]
            assert (dead["about"], dead["why"]) == ("ops/one", "it answered 410 Gone; give it another url, or take it out")
            assert rowd("status", cwd=tmp_path).stdout.count("hook gone since") == 1
            receiver.status = 200
            began = time.monotonic()
            assert rowd("endpoint", "resend", "hook", dead["id"], cwd=tmp_path).returncode == 0
            eventually(lambda: standing(tmp_path)["taken"] == 1)
            assert time.monotonic() - began < 15  # it looks every half minute besides
            assert daemon.stop() == 0
        finally:
            daemon.kill()
        assert [headers["webhook-id"] for headers in receiver.headers] == [dead["id"]] * 2


def standing(folder: Path) -> dict[str, object]:
    found = json.loads(rowd("endpoint", "list", "--json", cwd=folder).stdout)
    hook: dict[str, object] = found["endpoints"][0]
    return hook
