"""What the daemon tells a table that says by itself whether it changed: each thing once, and nothing that can't arrive."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from connectors.api import Cell, Patch, Traits, Written
from connectors.errors import TryLater
from engine.clock import Timer
from engine.display import display
from engine.model import Task
from engine.outgoing import patches
from tests.fakes.house import House, rules
from tests.fakes.memory_table import MemoryTable
from tests.fakes.virtual import NOON, VirtualClock, run
from tests.unit.test_loop import COLUMNS, row


class Probed(MemoryTable):
    """A store whose marker tells of everything but of our own writes, as the local one's does."""

    def __init__(self, rows: tuple[dict[str, str], ...]) -> None:
        super().__init__(rows, COLUMNS)
        self._ours: tuple[str, str] | None = None  # what stands there after our write → what stood there before

    def probe(self) -> str:
        """What a person left there last."""
        stands = repr((self.columns, self.rows))
        return self._ours[1] if self._ours is not None and self._ours[0] == stands else stands

    def write(self, patches: list[Patch]) -> list[Written]:
        """As the base's."""
        marker = self.probe()
        answers = super().write(patches)
        self._ours = (repr((self.columns, self.rows)), marker)
        return answers


def probed(*rows: dict[str, str]) -> Probed:
    return Probed(rows)


def others() -> tuple[dict[str, str], ...]:
    """So many that one row more or less is no reason to hold the table."""
    return tuple(row(f"x{n}", Type="manual") for n in range(6))


class Napping(VirtualClock):
    """A clock that counts how often somebody waits."""

    naps = 0

    async def sleep(self, span: timedelta) -> None:
        self.naps += 1
        await super().sleep(span)

    def call_after(self, span: timedelta, call: Callable[[], object]) -> Timer:
        self.naps += 1
        return super().call_after(span, call)


def test_a_row_that_can_not_be_told_from_its_copy_is_not_written_four_times_a_second(tmp_path: Path) -> None:
    async def story() -> None:
        house = House(tmp_path)
        sheet = probed(row("a", "every hour"), *others())
        async with house.open(sheet):
            await house.after(seconds=30)
            sheet.person("a")["Schedule"] = "every 2 hours"
            sheet.rows.append({**sheet.person("a"), "Name": "b"})
            await house.after(seconds=30)
            before = sheet.writes
            await house.after(minutes=10)
            number = sheet.writes - before
            copy = sheet.person("b")
            assert 'ID "a" stands in 2 rows' in copy["Health"]
            copy["ID"] = ""
            await house.after(seconds=30)
        assert number == 0
        assert sheet.person("a")["Health"].startswith("OK, next")
        assert copy["ID"] not in ("", "a")

    run(story())


def test_what_happened_while_a_row_had_lost_its_id_is_told_once_it_has_it_again(tmp_path: Path) -> None:
    async def story() -> None:
        house, sheet = House(tmp_path), probed(row("a", "every minute"), *others())
        async with house.open(sheet):
            await house.after(seconds=55)
            sheet.hook = lambda: sheet.person("a").update(ID="")  # cleared again just before our write, so that it misses
            await house.after(seconds=30)
            sheet.hook = None
            await house.after(seconds=20)
            assert sheet.person("a")["ID"] == "a"
            assert sheet.person("a")["Runs"] == "1"

    run(story())


def test_what_rowd_wrote_itself_is_not_read_again(tmp_path: Path) -> None:
    async def story() -> None:
        house, sheet = House(tmp_path), probed(row("a", "every minute"), row("", "every minute"), *others())
        sheet.rows[1]["Name"] = "b"
        async with house.open(sheet):
            await house.after(seconds=30)
            before = sheet.reads, sheet.writes
            await house.after(minutes=10)
            after = sheet.reads, sheet.writes
            assert sheet.person("b")["Runs"] == sheet.person("a")["Runs"] == "10"
        assert after[0] == before[0]
        assert after[1] >= before[1] + 10

    run(story())


def test_a_table_held_for_its_headers_is_not_looked_at_four_times_a_second(tmp_path: Path) -> None:
    async def story() -> None:
        house, sheet = House(tmp_path, clock=Napping()), probed(row("tick", "every minute"))
        async with house.open(sheet, table_rules=replace(rules(), poll=timedelta(minutes=1))):
            await house.after(seconds=30)
            sheet.columns[sheet.columns.index("Action")] = "Aktion"
            for cells in sheet.rows:
                cells["Aktion"] = cells.pop("Action")
            await house.after(minutes=2)
            before = house.clock.naps
            await house.after(minutes=10)
            naps = house.clock.naps - before
        assert naps < 400  # a held table is read every two seconds, in case it was mended

    run(story())


def test_a_table_that_did_not_change_is_looked_at_and_not_read(tmp_path: Path) -> None:
    async def story() -> None:
        house, sheet = House(tmp_path), probed(row("a", Type="manual"))
        async with house.open(sheet) as daemon:
            await house.after(minutes=30)
            (looked,) = daemon.looked_at.values()
            assert looked > NOON + timedelta(minutes=28)
            assert daemon.keepers["ops"].access.last_read < NOON + timedelta(minutes=1)

    run(story())


class Narrow(Probed):
    """Takes one row at a time, and never the row whose id is `refuses`."""

    traits = Traits(atomic_expect=True, batch=1)
    refuses = ""

    def write(self, patches: list[Patch]) -> list[Written]:
        """As the base's."""
        if patches[0].key == self.refuses:
            raise TryLater("this row is locked")
        return super().write(patches)


def test_rows_that_change_all_the_time_do_not_keep_the_others_from_being_told(tmp_path: Path) -> None:
    async def story() -> None:
        house, sheet = House(tmp_path), Narrow(tuple(row(name, "every second") for name in "abcdefghi"))
        async with house.open(sheet):
            await house.after(seconds=60)
            runs = [int(sheet.person(name)["Runs"] or 0) for name in "abcdefghi"]
        assert min(runs) > 45

    run(story())


def test_a_row_that_a_store_refuses_does_not_keep_the_others_from_being_told(tmp_path: Path) -> None:
    async def story() -> None:
        house, sheet = House(tmp_path), Narrow((row("a", "every minute"), *others(), row("z", "every minute")))
        sheet.refuses = "a"
        async with house.open(sheet):
            await house.after(minutes=10)
            assert int(sheet.person("z")["Runs"]) >= 9
            assert sheet.person("a")["Runs"] == ""

    run(story())


def test_a_row_is_looked_at_once_for_each_time_it_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    looks: list[str] = []

    def looked(understood: Task, *rest: Any, **more: Any) -> dict[str, Cell]:
        looks.append(understood.key)
        return display(understood, *rest, **more)

    async def story() -> None:
        house, sheet = House(tmp_path), probed(row("a", "every minute"))
        async with house.open(sheet):
            await house.after(seconds=30)
            looks.clear()
            before = sheet.writes
            await house.after(minutes=10)
            assert len(looks) == sheet.writes - before == 10
            assert sheet.person("a")["Runs"] == "10"

    monkeypatch.setattr("engine.keeper.display", looked)
    run(story())


def test_news_of_a_row_while_it_is_on_its_way_is_told_after_it(tmp_path: Path) -> None:
    async def story() -> None:
        house, sheet = House(tmp_path), probed(row("a", "every hour"))
        async with house.open(sheet) as daemon:
            await house.after(seconds=30)
            keeper = daemon.keepers["ops"]
            keeper.states["a"] = replace(keeper.states["a"], note="one")
            keeper.unsent.add(["a"])
            (going,) = await patches(keeper, house.clock.now(), 10)
            keeper.unsent.add(["a"])  # a run ended, say, while what goes out is put down in the ledger
            keeper.unsent.goes_out({going.key: going.news})
            assert "a" in keeper.unsent
            (going,) = await patches(keeper, house.clock.now(), 10)
            keeper.unsent.goes_out({going.key: going.news})
            assert "a" not in keeper.unsent

    run(story())
