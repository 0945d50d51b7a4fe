"""Rows that runs have made, in a whole daemon on virtual time: drafts until somebody activates them, or it is too late."""

from __future__ import annotations

from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from connectors.errors import TryLater
from engine.crash import CrashPoints
from engine.drafts import Drafts, expired
from engine.events import DraftExpired, RowDefective, RunStarted
from engine.ledger import Ledger
from engine.made import Made
from engine.model import RowState
from engine.news import News
from engine.parse import said_by
from tests.fakes.house import House
from tests.fakes.memory_table import MemoryTable, ProbedTable
from tests.fakes.virtual import NOON, run
from tests.unit.test_loop import COLUMNS, row

SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)
MADE = "DRAFT made by build (run r1), expires Mon 2 Mar 2026 13:00 UTC unless somebody activates it"


def table(*rows: dict[str, str]) -> MemoryTable:
    return MemoryTable(rows, (*COLUMNS, "Understood As"))


def announce(path: Path, key: str | None, name: str, *, at: datetime = NOON, until: datetime | None = NOON + HOUR) -> None:
    """As a command does that is called in a run, before it makes the row."""
    with closing(Ledger.open(path / "ledger.sqlite")) as ledger, ledger.transaction():
        ledger.announce("ops", [(key, name)], Made("r1", "build", at, until))


def make(path: Path, sheet: MemoryTable, name: str = "idea", **cells: str) -> None:
    announce(path, name, name)
    sheet.rows.append(dict.fromkeys(sheet.columns, "") | row(name, "every minute", Status="draft") | cells)


def known(path: Path, key: str = "idea") -> RowState:
    with closing(Ledger.open(path / "ledger.sqlite")) as ledger:
        assert ledger.announced() == []
        return next(state for state in ledger.rows("ops") if state.key == key)


def open_drafts(path: Path) -> int:
    with closing(Ledger.open(path / "ledger.sqlite")) as ledger:
        return ledger.open_drafts("ops")


def expirations(*houses: House) -> list[tuple[str, str, str]]:
    return [(e.task, e.run, e.by) for house in houses for e in house.of(DraftExpired)]


def test_a_draft_that_a_run_has_made_expires_once_and_can_not_be_activated_any_more(tmp_path: Path) -> None:
    async def story() -> None:
        house, sheet = House(tmp_path), table(row("other", Type="manual"))
        async with house.open(sheet):
            await house.until(NOON + 20 * SECOND)
            make(tmp_path, sheet)
            await house.until(NOON + MINUTE)
            assert sheet.person("idea")["Health"] == MADE
            assert open_drafts(tmp_path) == 1
            await house.until(NOON + HOUR - 5 * SECOND)
            assert (sheet.person("idea")["Health"], expirations(house)) == (MADE, [])
            await house.until(NOON + HOUR + 15 * SECOND)
            assert expirations(house) == [("idea", "r1", "build")]
            told = sheet.person("idea")["Health"]
            assert told.startswith("EXPIRED: made by build (run r1), and nobody activated it until Mon 2 Mar 2026 13:00 UTC, so it")
            assert told.endswith("duplicate it under another Name, or delete it and add it anew")
            assert open_drafts(tmp_path) == 0
            sheet.person("idea")["Status"] = "active"
            await house.until(NOON + 2 * HOUR)
            assert sheet.person("idea")["Health"].startswith("ERROR: made by build (run r1), and nobody activated it until")
            assert len(house.of(RowDefective)) == 1
            sheet.rows.append({**sheet.person("idea"), "ID": "", "Name": "a person's", "Health": ""})
            await house.until(NOON + 3 * HOUR)
        assert {e.task for e in house.of(RunStarted)} == {"a person's"}
        assert len(expirations(house)) == 1

    run(story())


def test_a_draft_that_is_activated_in_time_is_a_row_like_any_other(tmp_path: Path) -> None:
    async def story() -> None:
        house, sheet = House(tmp_path), table()
        async with house.open(sheet):
            await house.until(NOON + 20 * SECOND)
            make(tmp_path, sheet)
            await house.until(NOON + HOUR - MINUTE)
            sheet.person("idea")["Status"] = "active"
            await house.until(NOON + HOUR + 5 * MINUTE)
            assert house.of(RunStarted)
            assert open_drafts(tmp_path) == 0
            sheet.person("idea")["Status"] = "draft"
            await house.until(NOON + 3 * HOUR)
            assert sheet.person("idea")["Health"] == "DRAFT: Status is draft; set it to active when the row is ready"
        assert expirations(house) == []
        made = known(tmp_path).made
        assert made is not None
        assert made.run == "r1"
        assert made.kept_at is not None

    run(story())


def test_what_was_activated_while_no_daemon_ran_was_so_in_time_and_what_was_not_expires_once(tmp_path: Path) -> None:
    async def story() -> None:
        sheet, first = table(), House(tmp_path)
        async with first.open(sheet):
            await first.until(NOON + 20 * SECOND)
            make(tmp_path, sheet)
            make(tmp_path, sheet, "forgotten")
            await first.until(NOON + MINUTE)
        sheet.person("idea")["Status"] = "active"
        await first.until(NOON + 5 * HOUR)
        second = House(tmp_path, first.clock)
        async with second.open(sheet):
            await second.until(NOON + 5 * HOUR + 5 * MINUTE)
        third = House(tmp_path, first.clock)
        async with third.open(sheet):
            await third.until(NOON + 6 * HOUR)
        assert {e.task for e in second.of(RunStarted)} == {"idea"}
        assert expirations(first, second, third) == [("forgotten", "r1", "build")]
        assert sheet.person("forgotten")["Health"].startswith("EXPIRED: ")

    run(story())


def test_nothing_expires_while_the_table_can_not_be_read(tmp_path: Path) -> None:
    """Somebody may have activated it meanwhile."""

    async def story() -> None:
        house, sheet = House(tmp_path), table()
        async with house.open(sheet):
            await house.until(NOON + 20 * SECOND)
            make(tmp_path, sheet)
            await house.until(NOON + 59 * MINUTE)
            sheet.fail = [TryLater("away")] * 10_000
            await house.until(NOON + 90 * MINUTE)
            assert expirations(house) == []
            sheet.person("idea")["Status"] = "active"
            sheet.fail = []
            await house.until(NOON + 2 * HOUR)
        assert expirations(house) == []
        assert house.of(RunStarted)

    run(story())


def test_an_expiry_that_lies_ahead_of_the_clock_was_never_reached(tmp_path: Path) -> None:
    async def story() -> None:
        house, sheet = House(tmp_path), table()
        async with house.open(sheet):
            await house.until(NOON + 20 * SECOND)
            make(tmp_path, sheet)
            await house.until(NOON + MINUTE)
            house.clock.set_wall(timedelta(hours=5))
            await house.after(minutes=1)
            assert len(expirations(house)) == 1
            house.clock.set_wall(timedelta(hours=-5))
            await house.after(minutes=1)
            assert sheet.person("idea")["Health"] == MADE
            await house.after(minutes=50)
            assert len(expirations(house)) == 1
            await house.after(minutes=15)
        assert len(expirations(house)) == 2

    run(story())


def test_what_was_made_by_a_clock_that_was_ahead_waits_no_longer_than_it_was_to(tmp_path: Path) -> None:
    async def story() -> None:
        house, sheet = House(tmp_path), table()
        async with house.open(sheet):
            await house.until(NOON + 20 * SECOND)
            house.clock.set_wall(timedelta(hours=5))
            at = house.clock.now()
            announce(tmp_path, "idea", "idea", at=at, until=at + HOUR)
            sheet.rows.append(dict.fromkeys(sheet.columns, "") | row("idea", "every minute", Status="draft"))
            await house.after(minutes=1)
            house.clock.set_wall(timedelta(hours=-5))
            await house.after(minutes=59)
            assert expirations(house) == []
            await house.after(minutes=3)
        assert len(expirations(house)) == 1

    run(story())


def test_what_a_command_made_whose_clock_is_ahead_of_the_daemons_waits_no_longer(tmp_path: Path) -> None:
    async def story() -> None:
        house, sheet = House(tmp_path), table()
        async with house.open(sheet):
            await house.until(NOON + 20 * SECOND)
            announce(tmp_path, "idea", "idea", at=NOON + timedelta(days=300), until=NOON + timedelta(days=300, hours=1))
            sheet.rows.append(dict.fromkeys(sheet.columns, "") | row("idea", "every minute", Status="draft"))
            await house.after(minutes=59)
            assert expirations(house) == []
            await house.after(minutes=3)
        assert len(expirations(house)) == 1

    run(story())


def test_a_row_whose_key_nobody_knew_is_found_by_its_name_if_it_is_a_draft(tmp_path: Path) -> None:
    async def story() -> None:
        house, sheet = House(tmp_path), table()
        async with house.open(sheet):
            await house.until(NOON + 20 * SECOND)
            announce(tmp_path, None, "Idea")
            sheet.rows.append(dict.fromkeys(sheet.columns, "") | row("7", "every minute") | {"Name": "idea"})
            await house.until(NOON + MINUTE)
            assert sheet.person("idea")["Health"].startswith("OK")
            sheet.person("idea")["Name"] = "another"
            sheet.rows.append(dict.fromkeys(sheet.columns, "") | row("8", Status="draft") | {"Name": "idea"})
            await house.until(NOON + 2 * MINUTE)
            assert sheet.person("idea")["Health"].startswith(MADE)
        assert known(tmp_path, "8").made is not None
        assert known(tmp_path, "7").made is None

    run(story())


def test_a_row_that_a_person_gave_another_id_before_any_daemon_saw_it_is_known_by_its_name(tmp_path: Path) -> None:
    async def story() -> None:
        house, sheet = House(tmp_path), table()
        async with house.open(sheet):
            await house.until(NOON + 20 * SECOND)
            announce(tmp_path, "x1", "idea")
            sheet.rows.append(dict.fromkeys(sheet.columns, "") | row("mine", Status="draft") | {"Name": "idea"})
            await house.until(NOON + MINUTE)
            assert sheet.person("idea")["Health"].startswith(MADE)

    run(story())


def test_a_row_that_was_there_is_none_that_a_run_has_made(tmp_path: Path) -> None:
    """A command was killed before it made the row of an id that a person has given."""

    async def story() -> None:
        house, sheet = House(tmp_path), table(row("idea", Status="draft"))
        async with house.open(sheet):
            await house.until(NOON + 20 * SECOND)
            announce(tmp_path, "idea", "idea")
            sheet.person("idea")["Schedule"] = "every hour"
            await house.until(NOON + 2 * HOUR)
            assert sheet.person("idea")["Health"] == "DRAFT: Status is draft; set it to active when the row is ready"

    run(story())


def test_a_row_that_comes_back_from_the_deleted_is_known_as_the_runs(tmp_path: Path) -> None:
    async def story() -> None:
        house, sheet = House(tmp_path), table(row("idea", "daily 9:00"), row("other", Type="manual"), row("third", Type="manual"))
        async with house.open(sheet):
            await house.until(NOON + 20 * SECOND)
            sheet.rows.remove(sheet.person("idea"))
            await house.until(NOON + 2 * MINUTE)
            make(tmp_path, sheet)
            await house.until(NOON + 3 * MINUTE)
            assert sheet.person("idea")["Health"] == MADE

    run(story())


def test_what_never_expires_says_so(tmp_path: Path) -> None:
    async def story() -> None:
        house, sheet = House(tmp_path), table()
        async with house.open(sheet):
            await house.until(NOON + 20 * SECOND)
            announce(tmp_path, "idea", "idea", until=None)
            sheet.rows.append(dict.fromkeys(sheet.columns, "") | row("idea", Type="manual", Action="nothing", Status="draft"))
            await house.until(NOON + 5 * HOUR)
            health = sheet.person("idea")["Health"]
        assert health.startswith("DRAFT made by build (run r1), until somebody activates it. Status is draft; before you set it to")
        assert expirations(house) == []

    run(story())


def test_it_expires_though_the_store_says_that_nothing_has_changed(tmp_path: Path) -> None:
    async def story() -> None:
        house, sheet = House(tmp_path), ProbedTable((), COLUMNS)
        async with house.open(sheet):
            await house.until(NOON + 20 * SECOND)
            make(tmp_path, sheet, Schedule="", Type="manual")
            await house.until(NOON + HOUR - MINUTE)
            reads = sheet.reads
            assert reads < 10
            await house.until(NOON + HOUR + 15 * SECOND)
            assert sheet.person("idea")["Health"].startswith("EXPIRED: ")
            assert sheet.reads <= reads + 1
        assert len(expirations(house)) == 1

    run(story())


def test_the_smallest_parts_are_exact() -> None:
    cells = {"Name": "idea", "Status": "draft"}
    state = RowState("ops", "idea", cells, NOON, NOON, NOON, NOON, made=Made("r1", "build", NOON, NOON + HOUR))
    drafts = Drafts([state])
    assert drafts.lapsed(NOON + HOUR) == ["idea"]
    assert drafts.lapsed(NOON + HOUR - timedelta(microseconds=1)) == drafts.lapsed(None) == []
    over = expired(state, NOON + HOUR)
    drafts.note([over])
    assert drafts.lapsed(NOON + 2 * HOUR) == []
    assert said_by(state) is not None
    assert said_by(over) is None  # else it would be taken for a row that says the same, and may run
    assert not News(expired=[over]).empty


class Dead(Exception):
    """The daemon is gone at a crash point."""


class Killing(CrashPoints):
    """Instead of the process, the daemon alone."""

    def __init__(self, name: str) -> None:
        super().__init__(None)
        self.name, self.armed = name, False

    def at(self, name: str) -> None:
        if self.armed and name == self.name:
            raise Dead


@pytest.mark.parametrize("point", ["rows.before", "rows.after"])
def test_a_daemon_that_dies_as_it_takes_the_row_up_knows_it_all_the_same(tmp_path: Path, point: str) -> None:
    async def story() -> None:
        crash, sheet = Killing(point), table()
        first = House(tmp_path, crash=crash)
        daemon_died = False
        try:
            async with first.open(sheet):
                await first.until(NOON + 20 * SECOND)
                make(tmp_path, sheet)
                crash.armed = True
                await first.until(NOON + MINUTE)
        except Dead:
            daemon_died = True
        assert daemon_died
        crash.armed = False
        second = House(tmp_path, first.clock)
        async with second.open(sheet):
            await second.after(minutes=1)
            assert sheet.person("idea")["Health"] == MADE
        assert known(tmp_path).made is not None

    run(story())
