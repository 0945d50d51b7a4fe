"""A table that says serve = false: commands know it, nothing of it runs."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from engine.committer import InlineCommitter
from engine.crash import CrashPoints
from engine.events import Event
from engine.ledger import Ledger
from engine.trust import SteadyClock
from rowd.cli.site import site_at
from rowd.wiring import daemon
from tests.fakes.virtual import VirtualClock
from tests.unit.cli.desk import Desk

MIRROR = """
[tables.mirror]
connector = "local"
path = "mirror.csv"
serve = false
"""
ROWS = ("1,backup,,daily 09:00,work,active,,,,", "2,report,,evry day,work,active,,,,")


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    found = Desk(tmp_path, *ROWS, more=MIRROR)
    found.table("mirror", *ROWS)
    return found


def test_the_daemon_opens_only_the_tables_that_are_served(desk: Desk) -> None:
    site = site_at(desk.folder / "rowd.toml")
    ledger = Ledger.open(site.ledger)
    events: list[Event] = []

    async def tables() -> set[str]:
        made = await daemon(site, SteadyClock(VirtualClock()), InlineCommitter(ledger, CrashPoints(None)), events.append)
        names = set(made.keepers)
        await made.close()
        return names

    assert set(site.tables) == {"ops", "mirror"}
    assert asyncio.run(tables()) == {"ops"}
    ledger.close()


def test_list_says_of_its_rows_that_they_are_not_served(desk: Desk) -> None:
    health = {(task["table"], task["name"]): task["health"] for task in desk.json("list")["tasks"]}
    assert health["mirror", "backup"].startswith("HELD: not served (serve = false in rowd.toml)")
    assert "ERROR" in health["mirror", "report"]
    assert health["ops", "backup"].startswith("OK")
    assert {task["next_run"] is None for task in desk.json("list", "--table", "mirror")["tasks"]} == {True}


def test_check_notes_it_and_next_leaves_it_out(desk: Desk) -> None:
    notes = [f for f in desk.json("check", code=1)["findings"] if f["kind"] == "not served"]
    assert [(f["table"], f["level"]) for f in notes] == [("mirror", "note")]
    assert {run["table"] for run in desk.json("next", "--hours", "48")["runs"]} == {"ops"}


def test_status_says_so_and_a_mirror_in_trouble_is_none_of_the_daemons(desk: Desk) -> None:
    desk.daemon_reads()
    desk.daemon_runs()
    found = desk.json("status")
    assert {table["table"]: table["served"] for table in found["tables"]} == {"ops": True, "mirror": False}
    assert "mirror not served rowd.toml says serve = false" in desk.said("status")


def test_a_name_that_stands_in_both_means_the_served_row(desk: Desk) -> None:
    assert desk.json("show", "backup")["table"] == "ops"
    assert desk.json("show", "mirror/backup")["table"] == "mirror"
    desk.said("pause", "backup")
    assert "paused" in (desk.folder / "ops.csv").read_text()
    assert "paused" not in (desk.folder / "mirror.csv").read_text()
    desk.said("add", "later", "--action", "work", "--schedule", "daily 10:00")
    assert "later" in (desk.folder / "ops.csv").read_text()


def test_nothing_of_it_can_be_asked_for(desk: Desk) -> None:
    desk.daemon_reads()
    assert "Nothing of mirror runs: it says serve = false" in desk.said("run-now", "mirror/backup", code=5)


def test_the_same_store_twice_stays_a_mistake(desk: Desk) -> None:
    with (desk.folder / "rowd.toml").open("a") as file:
        file.write('[tables.again]\nconnector = "local"\npath = "ops.csv"\nserve = false\n')
    assert "is the same store as tables.ops" in desk.said("list", code=4)


def test_what_is_moved_to_gets_its_columns_and_no_first_rows(desk: Desk) -> None:
    for table, first in (("mirror", []), ("ops", ["my_first_task", "my_first_counter"])):
        desk.table(table)
        (found,) = desk.json("setup", table)["tables"]
        assert (found["ready"], found["rows"]) == (True, first)
