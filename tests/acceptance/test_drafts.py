"""Rows that runs make, with the installed daemon and command: drafts, so many at most, known as such whoever is killed when."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.site import ROWD, Daemon, eventually, rowd

CONFIG = f"""
[daemon]
stop_within = "5s"
[defaults]
time_zone = "UTC"
[actions.ok]
kind = "command"
argv = ["/bin/echo", "fine"]
[actions.make]
kind = "command"
argv = ["/bin/sh", "FOLDER/make.sh"]
cwd = "FOLDER"
environment = {{ PATH = "{ROWD.parent}:/usr/bin:/bin" }}
[tables.ops]
connector = "local"
path = "tasks.csv"
poll = "1s"
"""
ADD = "--action ok --schedule now --set Status=active"
COMMAND = ["run", "--log", "json"]


def laid_out(folder: Path, script: Sequence[str], settings: str = "") -> None:
    (folder / "rowd.toml").write_text(CONFIG.replace("FOLDER", str(folder)) + settings)
    (folder / "tasks.csv").write_text("ID,Name,Type,Action,Schedule,Status,Health,Last Status\n1,build,manual,make,,active,,\n")
    (folder / "make.sh").write_text("\n".join(script))


def rows(folder: Path) -> dict[str, dict[str, str]]:
    text = (folder / "tasks.csv").read_text()
    return {row["Name"]: row for row in csv.DictReader(io.StringIO(text, newline=""))}


def health(folder: Path, name: str) -> str:
    return rows(folder)[name]["Health"]


def built(folder: Path, daemon: Daemon) -> dict[str, Any]:
    """Let the row that makes rows run once, and answer what it gave back."""
    daemon.until("daemon.started")
    rowd("run-now", "build", "--wait", cwd=folder)
    newest: dict[str, Any] = json.loads(rowd("history", "build", "--json", cwd=folder).stdout)["runs"][0]
    assert newest["outcome"] == "succeeded", newest
    return newest


def test_a_run_makes_drafts_up_to_the_cap_and_a_person_activates_them(tmp_path: Path) -> None:
    script = [f"rowd add first {ADD}; echo first=$? >>$ROWD_OUTPUT", f"rowd add second {ADD}; echo second=$? >>$ROWD_OUTPUT"]
    script += ["rowd resume first; echo resume=$? >>$ROWD_OUTPUT"]
    laid_out(tmp_path, script, "max_made_by_runs = 1\n")
    first = Daemon(tmp_path, COMMAND, installed=True)
    try:
        run = built(tmp_path, first)
        assert run["outputs"] == {"first": 0, "second": 5, "resume": 5}
        eventually(lambda: health(tmp_path, "first").startswith(f"DRAFT made by build (run {run['run']}), expires "))
        assert rows(tmp_path).keys() == {"build", "first"}
    finally:
        first.kill()
    second = Daemon(tmp_path, COMMAND, installed=True)
    try:
        second.until("daemon.started")
        (listed,) = json.loads(rowd("list", "--status", "draft", "--json", cwd=tmp_path).stdout)["tasks"]
        assert listed["health"] == health(tmp_path, "first")
        assert rowd("resume", "first", cwd=tmp_path).returncode == 0
        assert second.until("run.ended")["task"] == "first"
        assert built(tmp_path, second)["outputs"] == {"first": 5, "second": 0, "resume": 0}
        assert second.stop() == 0
    finally:
        second.kill()
    assert rows(tmp_path)["second"]["Status"] == "draft"
    assert rows(tmp_path)["first"]["Last Status"] == "succeeded"


@pytest.mark.parametrize(("point", "there"), [("announce.before", False), ("announce.after", False), ("announce.made", True)])
def test_whatever_dies_in_between_a_row_of_a_run_is_known_as_such(tmp_path: Path, point: str, there: bool) -> None:
    laid_out(tmp_path, [f"ROWD_DIE_AT={point} rowd add first {ADD}; echo first=$? >>$ROWD_OUTPUT"], "max_made_by_runs = 1\n")
    first = Daemon(tmp_path, COMMAND, installed=True)
    run = built(tmp_path, first)
    first.kill()
    assert run["outputs"] == {"first": 137}
    (tmp_path / "make.sh").write_text(f"rowd add again {ADD}; echo again=$? >>$ROWD_OUTPUT")
    second = Daemon(tmp_path, COMMAND, installed=True)
    try:
        again = built(tmp_path, second)
        assert again["outputs"] == {"again": 0 if point == "announce.before" else 5}
        assert ("first" in rows(tmp_path)) is there
        if there:
            eventually(lambda: health(tmp_path, "first").startswith(f"DRAFT made by build (run {run['run']})"))
    finally:
        second.kill()


def test_a_draft_expires_once_over_kills_and_is_refused_with_the_remedy(tmp_path: Path) -> None:
    laid_out(tmp_path, [f"rowd add first {ADD}"], 'drafts_expire = "5s"\n')
    first = Daemon(tmp_path, COMMAND, installed=True)
    built(tmp_path, first)
    first.kill()
    second = Daemon(tmp_path, COMMAND, installed=True)
    try:
        assert second.until("draft.expired")["task"] == "first"
        eventually(lambda: health(tmp_path, "first").startswith("EXPIRED: made by build (run "))
    finally:
        second.kill()
    third = Daemon(tmp_path, COMMAND, installed=True)
    try:
        third.until("daemon.started")
        refused = rowd("resume", "first", cwd=tmp_path)
        assert refused.returncode == 1
        assert "duplicate it under another Name, or delete it and add it anew" in refused.stderr
        assert rowd("delete", "first", "--yes", cwd=tmp_path).returncode == 0
        assert rowd("add", "first", "--action", "ok", "--schedule", "now", cwd=tmp_path).returncode == 0
        assert third.until("run.ended")["task"] == "first"
        assert third.stop() == 0
    finally:
        third.kill()
    assert [e["task"] for one in (first, second, third) for e in one.events if e["event"] == "draft.expired"] == ["first"]
