"""Approvals with the installed daemon and command: killed between the word and the start; edited, declined, redefined."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.site import HEADER, Daemon, Site, eventually, rowd

Make = Callable[..., Site]

DEFINITION = """
[actions.deploy]
kind = "command"
argv = ["{python}", "-S", "{witness}", "{{branch}}"]
environment = {{ WITNESS = "{seen}" }}
approval = true
approve_in_table = true
[actions.deploy.parameters.branch]
default = "main"
"""


def deploying(make: Make, *rows: str) -> Site:
    here = make(*rows)
    with (here.folder / "rowd.toml").open("a") as more:
        more.write(DEFINITION.format(python=sys.executable, witness=here.folder / "witness.py", seen=here.seen))
    lines = here.table.read_text().splitlines()
    assert lines[0] == HEADER
    here.table.write_text("\n".join([f"{lines[0]},Metadata", *(f"{line}," for line in lines[1:])]) + "\n")
    return here


def read_anew(daemon: Daemon) -> None:
    """Of one that was installed."""
    assert isinstance(daemon.process, subprocess.Popen)
    daemon.process.send_signal(signal.SIGHUP)


def waiting(here: Site) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(here.rowd("approve", "--json").stdout)["approvals"]
    return found


@pytest.mark.parametrize("point", ["begin.before", "begin.after", "launch.before", "launch.after"])
def test_a_daemon_that_dies_between_the_word_and_the_start_starts_it_once(site: Make, point: str) -> None:
    here = deploying(site, "a,deploy,deploy,now,active,,,,,,,")
    first = here.start(installed=point == "begin.before")
    wanted = first.until("approval.wanted")
    first.kill()
    assert here.witnessed() == []
    asked = here.rowd("approve", "deploy", "--reason", "as agreed", installed=point == "begin.before")
    assert (asked.returncode, "the request is kept" in asked.stdout) == (0, True)
    here.die_at(point)
    last = here.start()
    last.until("run.ended")
    assert last.stop() == 0
    here.laws()
    assert [run for run, _, _ in here.witnessed()] == [wanted["run"]]
    (ran,) = here.history()
    assert (ran["outcome"], ran["approval"]["by"].startswith("cli:"), ran["approval"]["remark"]) == ("succeeded", True, "as agreed")
    assert here.rows()["deploy"]["Status"] == "completed"


def test_edits_buttons_and_other_definitions_under_a_running_daemon(site: Make) -> None:
    here = deploying(site, "a,deploy,deploy,now,active,,,,,,,", "b,left,deploy,now,active,,,,,,,")
    daemon = here.start(installed=True)
    first = daemon.until("approval.wanted", lambda event: event["task"] == "deploy")
    (seen,) = [one for one in waiting(here) if one["task"] == "deploy"]
    assert seen["parameters"] == {"branch": "main"}
    daemon.until("approval.wanted", lambda event: event["task"] == "left")
    declined = here.rowd("approve", "left", "--decline", "--reason", "not today", installed=True)
    assert declined.returncode == 0, declined.stderr
    told = daemon.until("occurrence.recorded")
    assert (told["task"], told["outcome"], told["reason"].endswith(": not today")) == ("left", "skipped", True)

    here.type_in("deploy", "Metadata", '{"branch": "wild"}')
    daemon.until("approval.wanted", lambda event: event["task"] == "deploy" and event["at"] > first["at"])
    refused = here.rowd("approve", "deploy", "--terms", seen["approval"]["terms"])
    assert (refused.returncode, "what waits is not what had this mark" in refused.stderr) == (5, True)

    definitions = here.folder / "rowd.toml"
    definitions.write_text(definitions.read_text().replace("approve_in_table = true\n", ""))
    read_anew(daemon)
    daemon.until("config.reloaded")
    eventually(lambda: here.rows()["deploy"]["Health"].endswith(": rowd approve deploy"))
    here.type_in("deploy", "Do", "approve")
    daemon.until("request.refused", lambda event: "is not approved in the table" in event["reason"])
    assert here.witnessed() == []

    definitions.write_text(definitions.read_text().replace("approval = true\n", "approval = true\napprove_in_table = true\n"))
    read_anew(daemon)
    eventually(lambda: here.rows()["deploy"]["Health"].endswith(": put `approve` into Do"))
    here.type_in("deploy", "Do", "approve")
    given = daemon.until("approval.given")
    assert (given["run"], given["by"]) == (first["run"], "someone with edit access")
    daemon.until("run.ended")
    assert daemon.stop() == 0
    here.laws()
    assert [run for run, _, _ in here.witnessed()] == [first["run"]]
    assert here.rows()["left"]["Health"].startswith("SKIPPED ")


def test_what_is_wrong_is_told_before_anything_waits(tmp_path: Path) -> None:
    action = '[actions.deploy]\nkind = "command"\nargv = ["/bin/true"]\napprove_in_table = true\n'
    (tmp_path / "rowd.toml").write_text(f'{action}[tables.ops]\nconnector = "local"\npath = "tasks.csv"\n')
    (tmp_path / "tasks.csv").write_text("ID,Name,Action,Schedule\n")
    for command in (["check"], ["once"]):
        answer = rowd(*command, cwd=tmp_path, installed=True)
        assert answer.returncode == 4
        assert "approve_in_table says how runs are approved, but they need no approval; add `approval = true`" in answer.stderr


def test_one_pass_says_what_waits_and_a_later_one_runs_it(site: Make) -> None:
    here = deploying(site, "a,deploy,deploy,now,active,,,,,,,")
    first = here.rowd("once", installed=True)
    assert (first.returncode, first.stdout.strip()) == (
        0,
        "0 runs, 0 failed, 0 occurrences not run, 1 to be approved (rowd approve)",
    )
    assert here.rowd("approve", "deploy").returncode == 0
    later = here.rowd("once", installed=True)
    assert later.stdout.strip() == "1 run, 0 failed, 0 occurrences not run"
    assert len(here.witnessed()) == 1
