"""What the simulation has found, each as the smallest story that shows it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

from actions.api import Definition, Outcome, Result
from connectors.api import Patch, Written
from tests.fakes.house import House, rules
from tests.fakes.memory_table import MemoryTable
from tests.fakes.virtual import NOON, run
from tests.unit.test_loop import COLUMNS, MINUTE, row


def test_a_run_that_was_given_up_between_two_attempts_is_counted_at_once(tmp_path: Path) -> None:
    async def story() -> None:
        house, sheet = House(tmp_path), MemoryTable([row("flaky", "every hour", Attempts="3")], (*COLUMNS, "Attempts"))
        house.witness.behaviour = lambda _: Result(Outcome.FAILED, "no")
        async with house.open(sheet):
            await house.until(NOON + timedelta(hours=1, seconds=1))
            sheet.person("flaky")["Status"] = "paused"
            await house.after(minutes=2)
            assert len(house.witness.seen) < 3
            assert (sheet.person("flaky")["Runs"], sheet.person("flaky")["Last Status"]) == ("1", "cancelled")

    run(story())


class Silent(MemoryTable):
    """It shows no rows after a write."""

    def write(self, patches: Sequence[Patch]) -> list[Written]:
        return [Written(answer.effect) for answer in super().write(patches)]


def test_what_was_put_into_a_column_that_was_being_renamed_is_written_again(tmp_path: Path) -> None:
    async def story() -> None:
        house, sheet = House(tmp_path), Silent([row("tick", "every hour", missed="")], (*COLUMNS, "missed"))

        def renamed() -> None:
            if "missed" in sheet.columns:
                sheet.columns[sheet.columns.index("missed")] = "Missed"
                sheet.rows[0]["Missed"] = sheet.rows[0].pop("missed")

        sheet.hook = renamed
        async with house.open(sheet):
            await house.after(minutes=3)
            assert sheet.person("tick")["Missed"] == "0"

    run(story())


def test_runs_that_are_caught_up_keep_the_distance_that_the_operator_asks_for(tmp_path: Path) -> None:
    async def story() -> None:
        seldom = {"act": Definition(kind="witness", at_most_every=timedelta(minutes=30))}
        house = House(tmp_path)
        sheet = MemoryTable([row("tick", "every minute", **{"Catch Up": "all"})], (*COLUMNS, "Catch Up"))
        async with house.open(sheet, table_rules=rules(actions=seldom)):
            await house.until(NOON + timedelta(seconds=30))
        await house.until(NOON + 20 * MINUTE)
        async with house.open(sheet, table_rules=rules(actions=seldom)):
            await house.after(minutes=5)
        assert len(house.witness.seen) == 1

    run(story())


def test_what_is_typed_over_an_old_copy_that_is_being_put_right_is_an_edit(tmp_path: Path) -> None:
    async def story() -> None:
        house, sheet = House(tmp_path), MemoryTable([row("tick", "every hour")], COLUMNS)
        async with house.open(sheet):
            await house.after(minutes=1)
            old = sheet.copy()
            sheet.person("tick")["Status"] = "paused"
            await house.after(minutes=1)
            new = sheet.copy()

            def active_again() -> None:  # in the newest copy: the cell reads as in the old one, and this time it was typed
                if sheet.person("tick")["Health"] == old[0]["Health"]:
                    sheet.rows = [{**new[0], "Status": "active"}]

            sheet.hook, sheet.rows = active_again, old
            await house.after(minutes=1)
            assert sheet.person("tick")["Status"] == "active"
            await house.until(NOON + timedelta(hours=1, seconds=1))
            assert len(house.witness.seen) == 1

    run(story())
