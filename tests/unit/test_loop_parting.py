"""Tables that a reload took out of rowd.toml: what becomes of their work, and when they are let go of. On virtual time."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest

from connectors.errors import NeedsOwner
from engine.events import TableDropped
from engine.pace import BETWEEN_WRITES
from tests.fakes.house import House, rules, slow
from tests.fakes.virtual import NOON, run
from tests.unit.test_loop import MINUTE, row, table
from tests.unit.test_loop_corners import start, taking


def test_a_table_that_was_taken_out_is_let_go_of_when_its_work_has_ended(tmp_path: Path) -> None:
    async def story() -> None:
        house, sheet = House(tmp_path), table(row("long", "2026-03-02 12:01"), row("tick", "every minute"))
        other = table(row("stays", "every minute"))
        house.witness.behaviour = slow(timedelta(seconds=30))
        async with house.open(sheet, other) as daemon:
            await house.until(NOON + MINUTE + timedelta(seconds=5))
            daemon.reconfigure(daemon.parts, {"ops1": rules("ops1")})
            await house.after(seconds=20)
            assert (sheet.closed, house.of(TableDropped)) == (False, [])
            await house.after(seconds=10)
            assert sheet.closed
            assert [(e.table, e.message) for e in house.of(TableDropped)] == [("ops", "")]
            assert set(daemon.keepers) == {"ops1"}
            assert sheet.person("long")["Last Status"] == "succeeded"
            assert sheet.person("tick")["Health"] == "HELD: the table is no longer in rowd.toml"
            reads = sheet.reads
            await house.after(minutes=3)
            assert sheet.reads == reads
        assert len(house.witness.times("tick")) == 1
        assert len(house.witness.times("stays")) == 4

    run(story())


@pytest.mark.parametrize("seconds", [0, 2])
def test_a_table_that_is_put_back_before_it_was_let_go_of_goes_on(tmp_path: Path, seconds: int) -> None:
    async def story() -> None:
        house, sheet = House(tmp_path), table(row("tick", "every minute"))
        house.witness.behaviour = slow(timedelta(seconds=30))
        async with house.open(sheet) as daemon:
            await house.until(NOON + MINUTE + timedelta(seconds=5 if seconds else 45))  # with work under way, or without
            daemon.reconfigure(daemon.parts, {})
            await house.after(seconds=seconds)
            daemon.reconfigure(daemon.parts, {"ops": rules()})
            await house.until(NOON + 2 * MINUTE + timedelta(seconds=5))
            assert not sheet.closed
        assert house.witness.times() == [NOON + MINUTE, NOON + 2 * MINUTE]
        assert house.of(TableDropped) == []

    run(story())


@pytest.mark.parametrize("beat", range(24))
def test_at_whatever_moment_it_is_put_back_it_is_served_or_let_go_of(tmp_path: Path, beat: int) -> None:
    async def story() -> None:
        house, sheet = House(tmp_path), table(row("tick", "every minute"))
        async with house.open(sheet) as daemon:
            await house.after(seconds=5)
            daemon.reconfigure(daemon.parts, {})
            await asyncio.sleep(BETWEEN_WRITES)  # that its rows are held is told by then, and it can be let go of
            for _ in range(beat):
                await asyncio.sleep(0)
            kept = "ops" in daemon.keepers
            daemon.reconfigure(daemon.parts, {"ops": rules()})
            await house.until(NOON + MINUTE + timedelta(seconds=5))
            assert sheet.closed != kept
            assert ("ops" in daemon.keepers) == kept
        assert len(house.witness.seen) == kept

    run(story())


@pytest.mark.parametrize("moment", range(12))  # the tenths of a second, in which a turn takes a third
def test_put_back_while_a_turn_is_being_made_durable_it_is_served_or_let_go_of(tmp_path: Path, moment: int) -> None:
    async def story() -> None:
        house, sheet, other = House(tmp_path), table(row("tick", "every minute")), table(row("busy", "every second"))
        alive = await start(house, sheet, other, commits=taking(timedelta(seconds=1 / 3)))
        daemon = alive.daemon
        await house.until(NOON + timedelta(seconds=30))
        daemon.reconfigure(daemon.parts, {"ops1": rules("ops1")})
        await house.after(seconds=0.1 * moment)
        kept = "ops" in daemon.keepers
        daemon.reconfigure(daemon.parts, {"ops": rules(), "ops1": rules("ops1")})
        await house.until(NOON + MINUTE + timedelta(seconds=10))
        assert ("ops" in daemon.keepers) == kept
        assert len(house.witness.times("tick")) == kept
        await alive.stop()

    run(story())


def test_a_table_that_can_not_be_told_is_let_go_of_and_that_is_said(tmp_path: Path) -> None:
    async def story() -> None:
        house, sheet = House(tmp_path), table(row("tick", "every minute"))
        async with house.open(sheet) as daemon:
            await house.until(NOON + MINUTE + timedelta(seconds=5))
            sheet.fail = [NeedsOwner("it is gone")] * 100
            daemon.reconfigure(daemon.parts, {})
            await house.after(seconds=30)
            assert sheet.closed
        assert [e.message for e in house.of(TableDropped)] == ["its rows don't show how all ended: it is gone"]

    run(story())


def test_a_daemon_that_stops_meanwhile_ends_and_tells_it_what_is_left(tmp_path: Path) -> None:
    async def story() -> None:
        house, sheet = House(tmp_path), table(row("long", "every minute"))
        house.witness.behaviour = slow(timedelta(seconds=20))
        async with house.open(sheet) as daemon:
            await house.until(NOON + MINUTE + timedelta(seconds=5))
            daemon.reconfigure(daemon.parts, {})
            await house.after(seconds=1)
        assert sheet.closed
        assert sheet.person("long")["Last Status"] == "succeeded"

    run(story())


def test_a_table_is_taken_up_again_after_it_was_let_go_of(tmp_path: Path) -> None:
    async def story() -> None:
        house, sheet = House(tmp_path), table(row("tick", "every minute"))
        alive = await start(house, sheet)
        daemon = alive.daemon
        await house.until(NOON + MINUTE + timedelta(seconds=5))
        daemon.reconfigure(daemon.parts, {})
        await house.after(seconds=30)
        assert not daemon.keepers
        await daemon.add(await house.tender(sheet, rules(), daemon.governor, alive.committer))
        await house.until(NOON + 2 * MINUTE + timedelta(seconds=5))
        await alive.stop()
        assert sheet.person("tick")["Runs"] == "2"
        assert house.witness.times() == [NOON + MINUTE, NOON + 2 * MINUTE]

    run(story())
