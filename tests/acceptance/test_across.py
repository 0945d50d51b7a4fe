"""A chain through two tables, with the installed daemon: killed half-way, failed, and run again."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.site import Daemon, eventually, rowd

CONFIG = """
[daemon]
stop_within = "5s"
[defaults]
time_zone = "UTC"
[tables.ops]
connector = "local"
path = "ops.csv"
poll = "1s"
readable_by = ["web"]
[tables.web]
connector = "local"
path = "web.csv"
poll = "1s"
[tables.hr]
connector = "local"
path = "hr.csv"
poll = "1s"
[actions.ok]
kind = "command"
argv = ["/bin/true"]
[actions.gated]
kind = "command"
argv = ["/bin/sh", "-c", "while ! test -e go; do sleep 0.05; done; test -e good || exit 3"]
"""
HEADER = "ID,Name,Type,Action,Depends On,Condition,Health,Runs"
OPS = ["1,run_tests,manual,gated,,", "2,build,manual,ok,,"]
WEB = [
    '1,deploy,,ok,"ops/run_tests, OPS/build",',
    "2,tell,,ok,deploy,",
    '3,report,,ok,ops/build,"tasks[""ops/build""].runs > 0"',
    "4,pry,,ok,hr/pay,",
]
HR = ["1,pay,manual,ok,,"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "rowd.toml").write_text(CONFIG)
    for name, rows in (("ops", OPS), ("web", WEB), ("hr", HR)):
        (tmp_path / f"{name}.csv").write_text("\n".join([HEADER, *rows]) + "\n")
    return tmp_path


@pytest.fixture
def daemons(folder: Path) -> Iterator[list[Daemon]]:
    started: list[Daemon] = []
    yield started
    for daemon in started:
        daemon.kill()


def run(folder: Path, daemons: list[Daemon]) -> Daemon:
    daemons.append(Daemon(folder, ["run", "--log", "json"], installed=True))
    daemons[-1].until("daemon.started")
    return daemons[-1]


def row(folder: Path, table: str, name: str) -> dict[str, str]:
    rows = csv.DictReader(io.StringIO((folder / f"{table}.csv").read_text(), newline=""))
    return next(row for row in rows if row["Name"] == name)


def test_a_chain_through_two_tables_is_kept_through_a_kill_a_failure_and_a_rerun(folder: Path, daemons: list[Daemon]) -> None:
    daemon = run(folder, daemons)
    daemon.until("row.added", lambda event: event["task"] == "tell")
    for name in ("ops/build", "ops/run_tests"):
        assert rowd("run-now", name, cwd=folder).returncode == 0
    daemon.until("run.ended", lambda event: event["task"] == "report")
    daemon.until("run.started", lambda event: event["task"] == "run_tests")
    daemon.kill()
    (folder / "go").touch()  # it goes on, and fails while nobody looks

    daemon = run(folder, daemons)
    skipped = daemon.until("occurrence.recorded", lambda event: event["task"] == "tell")
    assert skipped["reason"].startswith("deploy was skipped (ops/run_tests failed ")
    eventually(lambda: row(folder, "web", "deploy")["Health"].startswith("SKIPPED: ops/run_tests failed "))
    assert row(folder, "web", "pry")["Health"].endswith('by "web" in readable_by under [tables.hr] in rowd.toml')

    (folder / "good").touch()
    again = rowd("rerun", "ops/run_tests", "--downstream", cwd=folder)
    assert "Behind it, once it has succeeded: web/deploy and web/tell" in again.stdout, again
    daemon.until("run.ended", lambda event: event["task"] == "tell")
    daemon.kill()

    daemon = run(folder, daemons)
    eventually(lambda: row(folder, "web", "deploy")["Health"] == "OK, waits for ops/run_tests and OPS/build")
    assert daemon.stop() == 0
    assert [
        row(folder, *place.split("/"))["Runs"] for place in ("ops/run_tests", "ops/build", "web/deploy", "web/tell", "web/report")
    ] == [*("2", "1", "1", "1", "1")]
    graph = rowd("graph", "deploy", cwd=folder).stdout.splitlines()
    assert [line.partition("  ")[0] for line in graph if line[:1].isalpha()] == ["ops/run_tests", "ops/build"]
    assert [line.partition("  O")[0] for line in graph] == [
        *("ops/run_tests", "└─ web/deploy", "   └─ tell", "ops/build", "└─ web/deploy (above)")
    ]
