"""Hints that something may have changed: what becomes of them, and of their absence."""

from __future__ import annotations

import asyncio
import errno
from collections.abc import AsyncIterator
from contextlib import aclosing
from datetime import timedelta
from pathlib import Path

import asyncinotify
import pytest
from msgspec.structs import replace

from engine.events import Trouble
from rowd import service
from tests.fakes.house import House, rules
from tests.fakes.memory_table import MemoryTable
from tests.fakes.virtual import NOON, run
from tests.unit.test_loop import COLUMNS, MINUTE, row

SELDOM = replace(rules(), poll=timedelta(hours=5))


class Telling(MemoryTable):
    """A store that tells of changes, or breaks its word in telling."""

    def __init__(self) -> None:
        super().__init__((row("a", "every hour"),), COLUMNS)
        self.saved = asyncio.Event()
        self.broken = False
        self.watched = 0

    async def watch(self) -> AsyncIterator[None]:
        self.watched += 1
        while True:
            await self.saved.wait()
            self.saved.clear()
            if self.broken:
                raise ZeroDivisionError("?")
            yield


def test_a_change_that_is_told_is_read_at_once_and_one_that_is_not_at_the_next_poll(tmp_path: Path) -> None:
    async def story() -> None:
        house, sheet = House(tmp_path), Telling()
        async with house.open(sheet, table_rules=SELDOM):
            await house.after(seconds=30)
            sheet.person("a")["Schedule"] = "every minute"
            sheet.saved.set()
            await house.until(NOON + 3 * MINUTE + timedelta(seconds=5))
            assert house.witness.times() == [NOON + n * MINUTE for n in (1, 2, 3)]
            sheet.broken = True
            sheet.saved.set()
            await house.after(minutes=1)
            assert [(e.where, e.message) for e in house.of(Trouble)] == [("table ops", "ZeroDivisionError: ?")]
            sheet.person("a")["Status"] = "paused"
            await house.after(hours=5)
        assert sheet.person("a")["Health"] == "PAUSED"

    run(story())


def test_one_pass_watches_nothing(tmp_path: Path) -> None:
    async def story() -> None:
        house, sheet = House(tmp_path), Telling()
        daemon, committer = await house.daemon(sheet)
        await daemon.run_once(asyncio.Event())
        await daemon.close()
        await committer.close()
        assert (sheet.watched, sheet.person("a")["Runs"]) == (0, "0")

    run(story())


def test_requests_are_looked_for_though_the_machine_has_no_watches_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def none_left() -> asyncinotify.Inotify:
        raise OSError(errno.EMFILE, "Too many open files")

    async def story() -> None:
        async with aclosing(service.touched(tmp_path / "wake")) as pokes:
            with monkeypatch.context() as full:
                full.setattr(asyncinotify, "Inotify", none_left)
                full.setattr(service, "WITHOUT_WATCH", 0)
                await anext(pokes)
                await anext(pokes)
            told = asyncio.create_task(anext(pokes))
            while not told.done():
                await asyncio.sleep(0)
                (tmp_path / "wake").touch()
            await told

    asyncio.run(story())
