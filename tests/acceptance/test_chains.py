"""The sources' own examples of rows that wait for others, and of rows that commits make run or count up, with the installed
daemon: on a CSV file, and on a spreadsheet."""

from __future__ import annotations

import csv
import io
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.site import Daemon, rowd
from tests.acceptance.test_google_sheets import Sheet
from tests.emulators.core.clock import RealClock
from tests.emulators.core.server import Server
from tests.emulators.google_sheets import make
from tests.prove.repository import Repository

ROOT = Path(__file__).parents[2]

COVERED = """\
import io, os, subprocess, sys
import coverage
data = os.environ["ROWD_OUTPUT"] + ".covered"
measured = coverage.Coverage(data_file=data, source=["engine.recent"], config_file=False)
measured.start()
import pytest
own = "--basetemp=" + os.environ["ROWD_OUTPUT"] + ".scratch"
status = pytest.main(["-q", "-p", "no:cacheprovider", "-p", "no:randomly", own, "tests/unit/test_recent.py"])
measured.stop()
total = measured.report(file=io.StringIO())
with open(os.environ["ROWD_OUTPUT"], "w") as given:
    given.write(f"coverage={total:.1f}\\n")
sys.exit(status)
"""
"""Runs tests of this project, and tells how much of what they are about they cover."""

ACTIONS = f"""
[daemon]
stop_within = "5s"
[defaults]
time_zone = "UTC"
[actions.tests]
kind = "command"
argv = ["{sys.executable}", "FOLDER/covered.py"]
cwd = "{ROOT}"
[actions.ok]
kind = "command"
argv = ["/bin/echo", "fine"]
[actions.told]
kind = "command"
argv = ["/bin/sh", "-c", "echo $ROWD_EVENT_NUMBER: \\"$ROWD_EVENT_SUBJECT\\""]
[watch.app]
kind = "git"
path = "FOLDER/app"
debounce = "0.5s"
[actions.docs]
kind = "command"
argv = ["/bin/sh", "-c", "test -e mended || (echo no docs >&2; exit 3)"]
"""

HEADER = ["ID", "Name", "Type", "Action", "Schedule", "Depends On", "On Failure", "Condition", "Status", "Do"]
HEADER += ["Counts", "Current", "Threshold", "Health", "Understood As", "Last Status", "Last Result", "Runs"]
ROWS = [
    ["1", "run_tests", "manual", "tests"],
    ["2", "build_assets", "manual", "ok"],
    ["3", "update_docs", "manual", "docs"],
    ["4", "deploy_to_prod", "on_completion", "ok", "", "run_tests, build_assets, update_docs"],
    ["5", "send_notification", "", "ok", "", "run_tests", "", "coverage < 80%"],
    ["6", "praise", "", "ok", "", "run_tests", "", "coverage >= 80%"],
    ["7", "tidy", "", "ok", "", "deploy_to_prod", "run"],
    ["8", "vitest_rerun", "counter", "ok", *[""] * 6, "app", "0", "7"],
    ["9", "build", "on_commit", "told"],
]


class Local:
    """A CSV file, and the folder of a daemon that has it as a table."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._file = folder / "tasks.csv"
        (folder / "rowd.toml").write_text(
            f'{_actions(folder)}\n[tables.ops]\nconnector = "local"\npath = "tasks.csv"\npoll = "1s"\n'
        )
        lines = io.StringIO()
        csv.writer(lines, lineterminator="\n").writerows(_filled())
        self._file.write_text(lines.getvalue())

    def row(self, name: str) -> Mapping[str, str]:
        rows = csv.DictReader(io.StringIO(self._file.read_text(), newline=""))
        return next(row for row in rows if row["Name"] == name)


def _actions(folder: Path) -> str:
    return ACTIONS.replace("FOLDER", str(folder))


def _filled() -> Sequence[Sequence[str]]:
    return [HEADER, *([*row, *[""] * len(HEADER)][: len(HEADER)] for row in ROWS)]


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository(tmp_path / "app")


@pytest.fixture(params=["local", "google_sheets"])
def table(
    request: pytest.FixtureRequest, repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Local | Sheet]:
    script = tmp_path / "covered.py"
    script.write_text(COVERED)
    if request.param == "local":
        yield Local(tmp_path)
        return
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))  # the emulator's snippet leaves the key in a folder there
    service = make(RealClock())
    with Server(service) as server:
        yield Sheet(service, server.base, tmp_path, [[cell or None for cell in row] for row in _filled()], _actions(tmp_path))
    assert service.unserved == []


@pytest.fixture
def daemon(table: Local | Sheet) -> Iterator[Daemon]:
    one = Daemon(table.folder, ["run", "--log", "json"], installed=True)
    yield one
    one.kill()


def test_deploy_to_prod_and_send_notification(table: Local | Sheet, daemon: Daemon) -> None:
    def run_now(*names: str) -> None:
        for name in names:
            asked = rowd("run-now", name, cwd=table.folder)
            assert asked.returncode == 0, asked.stderr

    def ended(name: str) -> str:
        return str(daemon.until("run.ended", lambda event: event["task"] == name)["outcome"])

    def passed_over(name: str) -> tuple[str, str]:
        event = daemon.until("occurrence.recorded", lambda event: event["task"] == name)
        return event["outcome"], event["reason"]

    daemon.until("row.added", lambda event: event["task"] == "tidy")
    run_now("build_assets", "update_docs", "run_tests")
    assert (ended("run_tests"), ended("praise"), ended("tidy")) == ("succeeded", "succeeded", "succeeded")
    assert passed_over("send_notification") == ("skipped", "coverage = 100 %, needs < 80 %")
    outcome, reason = passed_over("deploy_to_prod")
    assert (outcome, reason.startswith("update_docs failed ")) == ("skipped", True)
    assert "run_tests" not in reason

    (table.folder / "mended").touch()
    run_now("update_docs")  # those that had succeeded need not run again
    assert ended("deploy_to_prod") == "succeeded"
    daemon.until("run.ended", lambda event: event["task"] == "tidy" and event["run"] != _first(daemon, "tidy")["run"])
    assert daemon.stop() == 0
    assert [table.row(name)["Runs"] for name in ("run_tests", "update_docs", "deploy_to_prod", "send_notification", "tidy")] == [
        *("1", "2", "1", "0", "2")
    ]
    assert table.row("send_notification")["Health"] == "SKIPPED: coverage = 100 %, needs < 80 %. Waits for run_tests"
    assert table.row("praise")["Understood As"] == "after run_tests, if all of them succeed. Only if coverage >= 80%"
    graph = rowd("graph", "deploy_to_prod", cwd=table.folder)
    assert "└─ deploy_to_prod  OK, waits for run_tests, build_assets and update_docs" in graph.stdout


def _first(daemon: Daemon, name: str) -> dict[str, Any]:
    return next(event for event in daemon.events if event["event"] == "run.ended" and event["task"] == name)


def test_what_waits_for_a_row_runs_again_with_it(table: Local | Sheet, daemon: Daemon) -> None:
    daemon.until("row.added", lambda event: event["task"] == "tidy")
    (table.folder / "mended").touch()
    for name in ("build_assets", "update_docs", "run_tests"):
        rowd("run-now", name, cwd=table.folder)
    daemon.until("run.ended", lambda event: event["task"] == "tidy")
    again = rowd("rerun", "update_docs", "--downstream", cwd=table.folder)
    assert "Behind it, once it has succeeded: deploy_to_prod and tidy" in again.stdout
    daemon.until("run.ended", lambda event: event["task"] == "tidy" and event["run"] != _first(daemon, "tidy")["run"])
    assert daemon.stop() == 0
    assert [table.row(name)["Runs"] for name in ("build_assets", "update_docs", "deploy_to_prod", "praise", "tidy")] == [
        *("1", "2", "2", "1", "2")
    ]


def test_commits_count_up_vitest_rerun_and_start_a_build(table: Local | Sheet, repository: Repository, daemon: Daemon) -> None:
    def commit(number: int) -> None:
        for _ in range(number):
            repository.commit()

    daemon.until("watch.seen")
    commit(9)
    daemon.until("run.ended", lambda event: event["task"] == "vitest_rerun")
    assert daemon.stop() == 0
    commit(5)  # nobody watches
    again = Daemon(table.folder, ["run", "--log", "json"], installed=True)
    try:
        again.until("run.ended", lambda event: event["task"] == "vitest_rerun")
        told = again.until("run.ended", lambda event: event["task"] == "build")
        assert told["reason"] == "5: number 14"
        assert again.stop() == 0
    finally:
        again.kill()
    row = table.row("vitest_rerun")
    assert (row["Runs"], float(row["Current"]), row["Understood As"]) == ("2", 0, "when Current reaches 7, counted up by app")
    build = table.row("build")
    assert (build["Health"], build["Last Result"]) == ("OK, waits until there are new commits in app", "5: number 14")
