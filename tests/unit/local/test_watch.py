"""Edits are noticed, whatever becomes of the file, the link to it, or its folder."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from connectors.local.beside import Beside
from connectors.local.watch import watched

Steps = Callable[[Callable[[Callable[[], object]], Awaitable[None]]], Awaitable[None]]


def noticed(path: Path, steps: Steps) -> None:
    """Run `steps`, which does things by `await tell(thing)`; each must be noticed."""

    async def run() -> None:
        changes: AsyncIterator[None] = watched(path)

        async def tell(change: Callable[[], object]) -> None:
            waiting = asyncio.ensure_future(anext(changes))
            await asyncio.wait([waiting], timeout=0.15)  # let the watch stand, and older changes be told
            if waiting.done():
                waiting = asyncio.ensure_future(anext(changes))
            change()
            await asyncio.wait_for(waiting, 8)

        await steps(tell)
        await changes.aclose()  # type: ignore[attr-defined]

    asyncio.run(run())


def test_a_file_saved_deleted_and_put_back(file: Path) -> None:
    async def steps(tell: Callable[[Callable[[], object]], Awaitable[None]]) -> None:
        await tell(lambda: file.write_text("in place"))
        await tell(file.unlink)
        await tell(lambda: file.write_text("again"))
        beside = file.with_name("new.tmp")
        beside.write_text("by rename")
        await tell(lambda: beside.replace(file))

    noticed(file, steps)


def test_a_late_save_into_a_displaced_file(file: Path) -> None:
    beside = Beside(file)
    with beside.here(make=True):
        pass
    swap = beside.swap("a", "b").path
    swap.write_text("old")

    async def steps(tell: Callable[[Callable[[], object]], Awaitable[None]]) -> None:
        await tell(lambda: swap.write_text("late"))

    noticed(file, steps)


def test_the_file_behind_a_symlink(file: Path) -> None:
    target = file.parent / "elsewhere" / "real.csv"
    target.parent.mkdir()
    file.rename(target)
    file.symlink_to(target)

    async def steps(tell: Callable[[Callable[[], object]], Awaitable[None]]) -> None:
        await tell(lambda: target.write_text("saved"))

    noticed(file, steps)


def test_a_folder_that_goes_and_comes_back(tmp_path: Path) -> None:
    file = tmp_path / "sub" / "tasks.csv"
    file.parent.mkdir()
    file.write_text("x")

    def back() -> None:
        file.parent.mkdir()
        file.write_text("again")

    async def steps(tell: Callable[[Callable[[], object]], Awaitable[None]]) -> None:
        await tell(lambda: shutil.rmtree(file.parent))
        await tell(back)
        await tell(lambda: file.write_text("and again"))

    noticed(file, steps)


def test_a_loop_of_symlinks_raises_nothing(tmp_path: Path) -> None:
    file = tmp_path / "tasks.csv"
    file.symlink_to(file)

    def mend() -> None:
        file.unlink()
        file.write_text("x")

    async def steps(tell: Callable[[Callable[[], object]], Awaitable[None]]) -> None:
        await tell(mend)

    noticed(file, steps)


def test_a_stranger_in_the_folder_is_nobody_s_business(file: Path) -> None:
    async def run() -> None:
        changes = watched(file)
        waiting = asyncio.ensure_future(anext(changes))
        await asyncio.wait([waiting], timeout=0.15)
        (file.parent / "other.csv").write_text("x")
        (file.parent / "tasks.csv.bak").write_text("x")
        await asyncio.wait([waiting], timeout=0.3)
        assert not waiting.done()
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting

    asyncio.run(run())


@pytest.mark.parametrize("turns", range(8))
def test_watching_ends_when_it_is_to_end_also_at_the_moment_of_a_change(file: Path, turns: int) -> None:
    change = file.write_text

    async def watch() -> None:
        async for _ in watched(file):
            pass

    async def scene() -> bool:
        watching = asyncio.create_task(watch())
        await asyncio.sleep(0.05)  # until it waits for the kernel
        change("changed")
        for _ in range(turns):
            await asyncio.sleep(0)
        watching.cancel()
        ended, _ = await asyncio.wait([watching], timeout=5)
        return bool(ended)

    assert asyncio.run(asyncio.wait_for(scene(), 10))
