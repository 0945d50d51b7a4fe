"""What a counter stands at when rowd and a person write the same number at the same time, and answers get lost."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from connectors.api import Patch, Traits, Written
from connectors.errors import OutcomeUnknown, TableError, TryLater
from engine.asked import Wish
from engine.findings import Reading
from engine.governor import Governor
from engine.patience import PatientTable
from engine.quota import Purpose
from engine.rules import TableRules
from tests.fakes.house import House
from tests.fakes.memory_table import InlineWorker, MemoryTable
from tests.fakes.virtual import run
from tests.unit.test_loop import COLUMNS, row
from tests.unit.test_loop_corners import start


class Hasty(MemoryTable):
    """Just before the first write of a count a person types that very number.

    refusal: what the store answers to that write; None for a conflict, since it tests what it replaces.
    lands: nobody types; the store does what it is asked for, and its answer is lost.
    """

    refusal: TableError | None = None
    lands = False
    typed = False

    def write(self, patches: Sequence[Patch]) -> list[Written]:
        """As the base's."""
        counts = [p.put["Current"] for p in patches if p.put.get("Current") is not None]
        if not counts or self.typed:
            return super().write(patches)
        self.typed = True
        if self.lands:
            super().write(patches)
            raise OutcomeUnknown("cut off")
        self.rows[0]["Current"] = str(counts[0])
        if self.refusal is not None:
            raise self.refusal
        return super().write(patches)


@pytest.mark.parametrize(
    ("refusal", "lands", "count"),
    [(None, False, "2"), (TryLater("503"), False, "2"), (OutcomeUnknown("cut off"), False, "2"), (None, True, "1")],
)
def test_the_number_that_rowd_was_about_to_write_counts_where_a_person_surely_typed_it(
    tmp_path: Path, refusal: TableError | None, lands: bool, count: str
) -> None:
    async def story() -> None:
        house, sheet = House(tmp_path), Hasty([row("fifth", Type="counter", Current="0", Threshold="5")], COLUMNS)
        sheet.refusal, sheet.lands = refusal, lands
        alive = await start(house, sheet)
        await house.after(seconds=15)
        await alive.ask("fifth", Wish.TICK, 1)
        await house.after(seconds=60)
        await alive.stop()
        assert sheet.typed
        assert sheet.person("fifth")["Current"] == count

    run(story())


def test_a_number_of_rowds_whose_answer_was_lost_is_no_persons_though_it_lands_late(tmp_path: Path) -> None:
    class Late(MemoryTable):
        """The first count lands only when it is written again."""

        landing: Sequence[Patch] | None = None

        def write(self, patches: Sequence[Patch]) -> list[Written]:
            """As the base's."""
            counts = [p.put["Current"] for p in patches if p.put.get("Current") is not None]
            if counts and self.landing is None:
                self.landing = patches
                raise OutcomeUnknown("cut off")
            if counts and self.landing:
                super().write(self.landing)
                self.landing = ()
            return super().write(patches)

    async def story() -> None:
        house, sheet = House(tmp_path), Late([row("fifth", Type="counter", Current="0", Threshold="5")], COLUMNS)
        alive = await start(house, sheet)
        await house.after(seconds=15)
        await alive.ask("fifth", Wish.TICK, 1)
        await house.after(seconds=60)
        await alive.stop()
        assert sheet.landing == ()
        assert sheet.person("fifth")["Current"] == "1"

    run(story())


def test_a_write_whose_answer_was_lost_does_not_look_like_an_older_display_that_somebody_typed_beside(tmp_path: Path) -> None:
    class Cut(MemoryTable):
        """It does what it is asked for; while `cut`, its answers are lost."""

        cut = False

        def write(self, patches: Sequence[Patch]) -> list[Written]:
            """As the base's."""
            answers = super().write(patches)
            if self.cut:
                self.cut = False
                raise OutcomeUnknown("cut off")
            return answers

    async def story() -> None:
        house, sheet = House(tmp_path), Cut([row("fourth", Type="counter", Current="3", Threshold="4")], COLUMNS)
        fourth, alive = sheet.person("fourth"), await start(house, sheet)
        await house.after(seconds=15)
        assert fourth["Health"] == "OK, 3 of 4"
        fourth["Current"] = "2"  # beside the display of three
        await house.after(seconds=15)
        fourth["Status"] = "paused"
        await house.after(seconds=15)
        await alive.ask("fourth", Wish.TICK, 1)
        await house.after(seconds=45)
        assert (fourth["Health"], fourth["Current"]) == ("PAUSED (3 of 4)", "3")
        fourth["Status"], sheet.cut = "active", True  # now the display of three is written, and nobody is told
        await house.after(seconds=60)
        await alive.stop()
        assert not sheet.cut
        assert sheet.person("fourth")["Current"] == "3"

    run(story())


def test_a_counter_that_reached_its_threshold_while_it_was_paused_runs_once_it_is_active(tmp_path: Path) -> None:
    async def story() -> None:
        house = House(tmp_path)
        names = ("ticked", "typed", "together", "older", "anew")
        sheet = MemoryTable([row(name, Type="counter", Threshold="3", Status="paused") for name in names], COLUMNS)
        sheet.person("older")["Current"] = "4"
        alive = await start(house, sheet)
        await house.after(seconds=15)
        await alive.ask("ticked", Wish.TICK, 7)
        await alive.ask("anew", Wish.TICK, 4)
        sheet.person("typed")["Current"] = "3"
        await house.after(minutes=1)
        assert sheet.person("ticked")["Health"] == "PAUSED (7 of 3)"
        assert house.witness.seen == []
        sheet.person("together")["Current"] = "3"
        sheet.person("anew")["Threshold"] = "2"
        for name in names:
            sheet.person(name)["Status"] = "active"
        await house.after(minutes=1)
        assert sorted(request.task for request in house.witness.seen) == ["ticked", "ticked", "together", "typed"]
        assert [sheet.person(name)["Current"] for name in names] == ["1", "0", "0", "4", "4"]
        assert sheet.person("older")["Health"] == "OK, 4 of 3: was there before; it runs at the next tick or edit"
        await alive.stop()

    run(story())


def test_a_read_that_a_write_needs_may_use_what_is_kept_for_telling(tmp_path: Path) -> None:
    """The others are looks, which leave a reserve."""

    class Plain(MemoryTable):
        traits = Traits(atomic_expect=False, batch=50)

    class Overheard(PatientTable):
        async def read(self, purpose: Purpose = Purpose.LOOK) -> Reading:
            heard.append(purpose)
            return await super().read(purpose)

    class Listening(House):
        def patient(self, table: MemoryTable, its: TableRules, governor: Governor) -> PatientTable:
            return Overheard(table, governor.clock, InlineWorker())

    heard: list[Purpose] = []

    async def story() -> None:
        house, sheet = Listening(tmp_path), Plain([row("fifth", Type="counter", Current="0", Threshold="5")], COLUMNS)
        alive = await start(house, sheet)
        await house.after(seconds=15)
        assert set(heard) == {Purpose.LOOK}
        heard.clear()
        await alive.ask("fifth", Wish.TICK, 1)
        await house.after(seconds=3)
        assert Purpose.TELL in heard
        await alive.stop()
        assert sheet.person("fifth")["Current"] == "1"

    run(story())
