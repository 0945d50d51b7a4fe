"""rowd.toml read anew while the last reading is still being taken over."""

from __future__ import annotations

import asyncio
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from actions.api import Process
from engine.clock import SystemClock
from engine.events import ConfigReloaded, Event
from engine.governor import Governor
from rowd import reloading
from rowd.cli.site import site_at
from rowd.reloading import Reloading
from tests.unit.cli.desk import Desk


def test_a_second_reading_waits_until_the_first_is_taken_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    site = site_at(Desk(tmp_path).folder / "rowd.toml")
    happened: list[str] = []

    async def story() -> None:
        opening, may_open = asyncio.Event(), asyncio.Event()

        async def tender(_site: object, name: str, *_: object) -> str:
            opening.set()
            await may_open.wait()
            return name

        async def add(name: str) -> None:
            happened.append(f"serves {name}")
            made.keepers[name] = object()

        def read() -> Any:
            happened.append("reads")
            return site

        def told(event: Event) -> None:
            assert isinstance(event, ConfigReloaded), event
            happened.append("says so")

        monkeypatch.setattr(reloading, "tender", tender)
        clock = SystemClock()
        made = SimpleNamespace(clock=clock, governor=Governor(clock), keepers={}, reconfigure=lambda *_: None, add=add)
        anew = Reloading(site, Process(1, 1), cast("Any", made), cast("Any", None), read, told)
        first = asyncio.create_task(anew.reload())
        await opening.wait()
        second = asyncio.create_task(anew.reload())
        await asyncio.wait({second}, timeout=0)  # it may begin now
        may_open.set()
        await asyncio.gather(first, second)

    asyncio.run(story())
    assert happened == ["reads", "serves ops", "says so", "reads", "says so"]
