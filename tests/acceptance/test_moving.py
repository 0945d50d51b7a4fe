"""The installed `rowd copy` and `rowd sync`: every store with every other, killed in the middle, beside a daemon, by the guide."""

from __future__ import annotations

import json
import os
import re
import shlex
import signal
from collections.abc import Callable, Iterator
from itertools import combinations_with_replacement
from pathlib import Path
from typing import Any

import pytest

from engine.crash import OF_MOVING
from tests.acceptance.samples import ACTIONS
from tests.acceptance.site import PATIENCE, Daemon, rowd
from tests.acceptance.stores import SAMPLES, SECRETS, STORES, Base, Database, Local, Sheet, Store
from tests.acceptance.test_setup import blocks
from tests.emulators.core.faults import Fault
from tests.prove.commands import Forked

PAIRS = [pair for pair in combinations_with_replacement(STORES, 2) if pair[0] != pair[1] or pair == ("local", "local")]
Make = Callable[..., "Office"]


class Office:
    """A folder with rowd.toml for two tables, `one`, which is served, and `other`."""

    def __init__(self, folder: Path, one: Store, other: Store, forked: Forked) -> None:
        """forked: starts commands in a tenth of the time that the installed one takes to be imported."""
        self.folder, self.one, self.other, self._forked = folder, one, other, forked
        definitions = one.definition("one") + 'poll = "1s"\n' + other.definition("other") + 'poll = "1s"\nserve = false\n'
        (folder / "rowd.toml").write_text(f"{ACTIONS}\n{definitions}")
        (folder / ".env").write_text(SECRETS)
        (folder / ".env").chmod(0o600)

    def told(self, *words: str, code: int = 0) -> Any:
        run = self._forked.run(self.folder, [*words, "--json"])
        assert run.status == code, run.out + run.err
        return json.loads(run.out)

    def sync(self, *more: str, code: int = 0) -> Any:
        return self.told("sync", "one", "other", *more, code=code)

    def killed(self, point: str, *words: str) -> None:
        """Run a command that kills itself there."""
        log = self.folder / "killed.log"
        status = self._forked.start(self.folder, list(words), log, point).ended(PATIENCE)
        assert status == -signal.SIGKILL, f"{point} was not reached: {log.read_text()}"


@pytest.fixture
def office(tmp_path: Path, forked: Forked) -> Iterator[Make]:
    """Makes an office of two stores by name: the first with these rows, the second with those."""
    made: list[Store] = []

    def make(one: str, other: str, rows: list[dict[str, Any]], others: list[dict[str, Any]] | None = None) -> Office:
        made.extend([STORES[one](tmp_path, rows), STORES[other](tmp_path, others or [])])
        return Office(tmp_path, made[-2], made[-1], forked)

    yield make
    for store in made:
        store.close()
        assert 429 not in store.refused()


def same(office: Office, *columns: str) -> None:
    """Both tables say the same in these columns, row by row."""
    one, other = ({name: {c: row.get(c) for c in columns} for name, row in s.rows().items()} for s in (office.one, office.other))
    assert one == other


@pytest.mark.parametrize("pair", PAIRS, ids=" ".join)
def test_the_sample_table_is_moved_kept_in_step_and_merged(office: Make, pair: tuple[str, str]) -> None:
    here = office(*pair, SAMPLES)
    every = ("Name", "Type", "Description", "Action", "Current", "Threshold", "Status", "Metadata", "Due", "Done")
    assert len(here.told("copy", "one", "other", "--dry-run")["to_make"]) == len(SAMPLES)
    assert here.other.rows() == {}
    assert here.told("copy", "one", "other")["made"] == [row["Name"] for row in SAMPLES]
    same(here, *every)
    again = here.told("copy", "one", "other")
    assert (again["made"], len(again["there"])) == ([], len(SAMPLES))

    for _ in range(2):  # neither the copy nor the sync leaves anything to do
        found = here.sync()
        assert (found["made"], found["put"], found["conflicts"], found["carried"]) == ([], [], [], 0)

    here.one.type("vitest_rerun", "Description", "mostly; “all” of them")
    here.other.type("vitest_rerun", "Status", "paused")
    here.other.type("coverage_check", "Due", "2026-04-01")
    here.other.type("coverage_check", "Current", 4)
    here.one.insert({"Name": "from_one", "Type": "daily", "Action": "run_vitest", "Status": "active", "Current": 2})
    here.other.insert({"Name": "from_other", "Type": "daily", "Action": "run_vitest", "Status": "paused", "Due": "2026-05-06"})
    found = here.sync()
    assert {(each["table"], each["row"]) for each in found["made"]} == {("other", "from_one"), ("one", "from_other")}
    assert {(each["table"], each["column"]) for each in found["put"]} == {
        ("other", "Description"),
        ("one", "Status"),
        ("one", "Due"),
        ("one", "Current"),
    }
    same(here, *every)
    assert len(here.one.rows()) == len(SAMPLES) + 2
    found = here.sync()
    assert (found["made"], found["put"], found["conflicts"]) == ([], [], [])

    here.one.type("guidelines_refresh", "Description", "mine")
    here.other.type("guidelines_refresh", "Description", "yours")
    here.one.delete("from_other")
    found = here.sync(code=1)
    (conflict,) = found["conflicts"]
    assert (conflict["values"], conflict["base"]) == (["mine", "yours"], "Refresh AI guidelines")
    assert [each["row"] for each in found["waiting"]] == ["from_other"]
    assert "from_other" in here.other.rows()
    here.sync("--prefer", "other", "--delete")
    same(here, *every)
    assert here.one.rows()["guidelines_refresh"]["Description"] == "yours"
    assert "from_other" not in here.other.rows()
    found = here.sync("--delete")
    assert (found["made"], found["put"], found["removed"], found["conflicts"]) == ([], [], [], [])


def test_what_a_store_cannot_hold_is_told_before_anything_is_made(office: Make) -> None:
    odd = [*SAMPLES, {"Name": "odd", "Type": "cron", "Action": "run_vitest", "Status": "draft", "Current": "many"}]
    here = office("local", "airtable", odd)
    found = here.told("copy", "one", "other", code=4)
    assert here.other.rows() == {}
    whys = " ".join(each["reason"] for each in found["unfit"])
    assert 'has no option "cron"; add it' in whys
    assert 'has no option "draft"; add it' in whys
    assert 'can\'t hold "many"' in whys
    found = here.sync(code=4)
    assert {each["row"] for each in found["made"]} == {row["Name"] for row in SAMPLES}
    assert [each["row"] for each in found["refused"]] == ["odd"]


def test_two_tables_that_both_run_are_refused(office: Make) -> None:
    here = office("local", "local", SAMPLES)
    file = here.folder / "rowd.toml"
    file.write_text(file.read_text().replace("serve = false\n", ""))
    for command in ("copy", "sync"):
        run = rowd(command, "one", "other", cwd=here.folder)
        assert run.returncode == 5
        assert "are both served, so every task would run twice. Say serve = false in rowd.toml" in run.stderr
    assert here.other.rows() == {}


def test_what_notion_shows_late_is_no_edit_and_no_removal(tmp_path: Path, forked: Forked) -> None:
    one, other = Local(tmp_path, SAMPLES), Database(tmp_path, [], lag_s=5)
    here = Office(tmp_path, one, other, forked)
    try:
        assert len(here.told("copy", "one", "other")["made"]) == len(SAMPLES)
        assert here.told("copy", "one", "other")["made"] == []
        one.type("vitest_rerun", "Description", "all of them")
        assert [each["table"] for each in here.sync()["put"]] == ["other"]
        found = here.sync("--delete")
        assert (found["made"], found["put"], found["removed"]) == ([], [], [])
        assert one.rows()["vitest_rerun"]["Description"] == "all of them"
    finally:
        other.close()


# --- killed


MANY = [{"Name": f"task {n:03}", "Type": "daily", "Action": "run_vitest", "Status": "active", "Current": n} for n in range(25)]


@pytest.mark.parametrize("point", ["move.before-write:2", "move.after-write:1", "move.after-write:2"])
@pytest.mark.parametrize("store", ["airtable", "notion"])
def test_a_copy_killed_in_the_middle_is_taken_up_and_makes_nothing_twice(office: Make, store: str, point: str) -> None:
    here = office("local", store, MANY)
    here.killed(point, "copy", "one", "other")
    assert 0 < len(here.other.rows()) < len(MANY)
    made = here.told("copy", "one", "other")["made"]
    assert 0 < len(made) < len(MANY)
    same(here, "Name", "Type", "Action", "Status", "Current")
    assert here.told("copy", "one", "other")["made"] == []


@pytest.mark.parametrize(
    ("store", "point"),
    [*(("local", point) for point in (*OF_MOVING, "move.after-write:2", "pairs.after:2")), ("airtable", "move.after-write:2")],
)
def test_a_sync_killed_in_the_middle_is_taken_up_and_loses_and_doubles_nothing(office: Make, store: str, point: str) -> None:
    here = office("local", store, MANY[:12])
    if not point.startswith("move"):
        here.killed("move.after-write", "sync", "one", "other")
    here.sync()
    here.one.type("task 001", "Description", "mine")
    here.other.type("task 002", "Description", "yours")
    here.one.insert({"Name": "from_one", "Action": "run_vitest", "Status": "active"})
    here.other.insert({"Name": "from_other", "Action": "run_vitest", "Status": "active"})
    here.killed(point, "sync", "one", "other")
    here.sync()
    same(here, "Name", "Type", "Action", "Status", "Current", "Description")
    assert len(here.one.rows()) == 14
    assert (here.one.rows()["task 001"]["Description"], here.one.rows()["task 002"]["Description"]) == ("mine", "yours")
    found = here.sync()
    assert (found["made"], found["put"], found["conflicts"]) == ([], [], [])


def test_a_write_whose_answer_never_came_makes_no_row_twice(office: Make) -> None:
    here = office("local", "airtable", MANY)
    base = here.other
    assert isinstance(base, Base)
    base.service.faults.add(Fault("records.create", times=2, reset=True, committed=True))
    assert len(here.told("copy", "one", "other")["made"]) == len(MANY)
    same(here, "Name", "Type", "Action", "Status", "Current")
    here.one.insert({"Name": "from_one", "Action": "run_vitest", "Status": "active"})
    here.one.type("task 001", "Description", "mine")
    base.service.faults.add(Fault("records.create", times=1, reset=True, committed=True))
    base.service.faults.add(Fault("records.update", times=1, reset=True, committed=True))
    here.sync()
    same(here, "Name", "Type", "Action", "Status", "Current", "Description")
    assert len(here.other.rows()) == len(base.service.bases["appOpsOpsOpsOps01"].tables[0].records) == len(MANY) + 1
    found = here.sync()
    assert (found["made"], found["put"], found["conflicts"]) == ([], [], [])


# --- beside a daemon


def test_a_daemon_runs_the_served_table_meanwhile_and_what_only_rowd_writes_is_carried(office: Make) -> None:
    here = office("local", "sheets", SAMPLES)
    daemon = Daemon(here.folder, ["run", "--log", "json"])
    try:
        daemon.until("table.read")
        here.sync()
        here.other.type("guidelines_refresh", "Current", 5)  # its Threshold: it runs where it is served, and once
        here.sync()
        daemon.until("run.ended")
        for _ in range(5):  # the daemon may be writing into the very cells
            if (found := here.told("sync", "one", "other"))["carried"] == 0 and not found["put"]:
                break
        rows = here.one.rows()["guidelines_refresh"], here.other.rows()["guidelines_refresh"]
        assert [row["Current"] for row in rows] == ["0", "0"]
        assert rows[0]["Last Run"] == rows[1]["Last Run"] != "2024-12-17T19:45:00Z"
        assert daemon.stop() == 0
    finally:
        daemon.kill()
    runs = here.told("history")["runs"]
    assert [(run["table"], run["task"]) for run in runs] == [("one", "guidelines_refresh")]
    assert not [event for event in daemon.events if event["event"].startswith(("table.un", "trouble"))]


def test_a_table_that_the_daemon_still_runs_is_refused_until_it_has_read_rowd_toml_anew(office: Make) -> None:
    here = office("local", "local", SAMPLES)
    file = here.folder / "rowd.toml"
    served = file.read_text().replace("serve = false\n", "")
    unserved, _ = file.read_text(), file.write_text(served)
    daemon = Daemon(here.folder, ["run", "--log", "json"])
    try:
        daemon.until("table.read", lambda event: event["table"] == "other")
        file.write_text(unserved)
        run = rowd("copy", "one", "other", cwd=here.folder)
        assert (run.returncode, "kill -HUP" in run.stderr) == (5, True)
        os.kill(daemon.process.pid, signal.SIGHUP)
        daemon.until("config.reloaded")
        daemon.until("table.dropped")
        here.told("copy", "one", "other")
        assert daemon.stop() == 0
    finally:
        daemon.kill()


# --- the guide


def test_the_guide_works_as_it_stands_while_a_daemon_runs(tmp_path: Path) -> None:
    sheet = Sheet(tmp_path, [], tab="Empty")
    own = re.search(r'endpoint = "(.*)"', sheet.definition("sheet"))
    assert own is not None
    (definition,) = blocks("move-between-stores.md", "toml")
    definition = re.sub(r'spreadsheet = ".*"', f'spreadsheet = "{sheet.id}"', definition).replace('tab = "Tasks"', 'tab = "Empty"')
    config = tmp_path / "rowd.toml"
    config.write_text(f'{ACTIONS}\n{definition}endpoint = "{own[1]}"\n')
    (tmp_path / "tasks.csv").write_text(
        "ID,Name,Action,Schedule,Status,My own\na1,nightly,run_vitest,daily 03:00,active,x\na2,later,run_vitest,in 2 days,active,\n"
        "a3,at_once,run_vitest,now,active,\n"
    )
    daemon = Daemon(tmp_path, ["run", "--log", "json"])
    try:
        daemon.until("table.read", lambda event: event["table"] == "tasks")
        daemon.until("run.ended")
        for _ in range(60):
            if "now,completed" in (tmp_path / "tasks.csv").read_text():
                break
            rowd("status", cwd=tmp_path)
        lines = [line for block in blocks("move-between-stores.md", "sh") for line in block.splitlines()]
        assert "rowd copy tasks sheet" in lines
        for line in lines:
            run = rowd(*shlex.split(line)[1:], cwd=tmp_path, installed=True)
            assert run.returncode == 0, f"{line}\n{run.stdout}{run.stderr}"
        assert {name: row["Schedule"] for name, row in sheet.rows().items() if not name.startswith("my_first")} == {
            "nightly": "daily 03:00",
            "later": "in 2 days",
            "at_once": "now",
        }
        moved = config.read_text().replace("serve = false\n", "").replace('path = "tasks.csv"', 'path = "tasks.csv"\nserve = false')
        config.write_text(moved)
        os.kill(daemon.process.pid, signal.SIGHUP)
        daemon.until("table.read", lambda event: event["table"] == "sheet")
        daemon.until("table.dropped")
        assert daemon.stop() == 0
    finally:
        daemon.kill()
        sheet.close()
    assert not [event for event in daemon.events if event["event"].startswith(("table.un", "trouble"))]
    assert [event["task"] for event in daemon.events if event["event"] == "run.started"] == ["at_once"]
