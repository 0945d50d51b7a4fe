"""The live view: the table as it stands, what is under way, and the last events, drawn anew a few times a second."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from datetime import datetime, timedelta

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from connectors.api import Cell
from engine.events import Event, TableRead
from engine.keeper import Keeper
from engine.loop import Daemon
from engine.model import Column, Defect, Task, Type
from rowd.cli.output import clean
from rowd.log import level, readable
from rowd.saying import distance, plural

FRAMES = 4
"""A second."""

COLOURS = {
    "OK": "green",
    "RUNNING": "cyan",
    "RETRYING": "yellow",
    "WAITING": "cyan",
    "ERROR": "red",
    "FAILED": "red",
    "TIMED": "red",
    "LOST": "red",
    "HELD": "yellow",
    "MISSED": "yellow",
    "NOTE": "yellow",
    "PAUSED": "dim",
    "DRAFT": "dim",
    "COMPLETED": "dim",
}


class LiveView:
    """Listens to events, and draws a daemon on a terminal for as long as it lives."""

    def __init__(self, console: Console, footer: str, lines: int = 6) -> None:
        """footer: what the person may do now.   lines: how many events are shown."""
        self._console = console
        self._footer = footer
        self._events: deque[Event] = deque(maxlen=lines)

    def listen(self, event: Event) -> None:
        """Remember an event for the next frame."""
        if not isinstance(event, TableRead):
            self._events.append(event)

    async def beside(self, daemon: Daemon) -> AsyncIterator[None]:
        """Draw until cancelled."""
        with Live(console=self._console, auto_refresh=False, transient=False) as live:
            while True:
                live.update(self.frame(daemon, daemon.clock.now()), refresh=True)
                await asyncio.sleep(1 / FRAMES)
                yield

    def frame(self, daemon: Daemon, now: datetime) -> RenderableType:
        """One picture of every table."""
        parts: list[RenderableType] = []
        for keeper in daemon.keepers.values():
            parts += [rows(keeper, now), Text()]
        for event in self._events:
            parts.append(
                Text(readable(event), style="yellow" if level(event) == "warning" else "dim", no_wrap=True, overflow="ellipsis")
            )
        parts += [Text(), Text(self._footer, style="bold")]
        return Group(*parts)


def rows(keeper: Keeper, now: datetime) -> Table:
    """One table as rowd sees it: what people wrote, and what rowd writes beside it."""
    tasks, defects, drafts = keeper.counts()
    parts = [
        plural(tasks, "task"),
        *([plural(defects, "defect")] if defects else []),
        *([plural(drafts, "draft")] if drafts else []),
    ]
    title = f"{keeper.name}: {', '.join(parts)}"
    if keeper.trouble is not None:
        title += f"  ({clean(str(keeper.trouble[1]))})"
    table = Table(title=title, title_justify="left", title_style="bold", expand=True, box=None, header_style="dim", padding=(0, 1))
    table.add_column("Name", no_wrap=True, overflow="ellipsis", ratio=3)
    table.add_column("When", no_wrap=True, overflow="ellipsis", ratio=3)
    table.add_column("Next", no_wrap=True, justify="right", min_width=8)
    table.add_column("Runs", no_wrap=True, justify="right")
    table.add_column("Last result", no_wrap=True, overflow="ellipsis", ratio=4)
    table.add_column("Health", no_wrap=True, overflow="ellipsis", ratio=6)
    for key in keeper.order or list(keeper.states):
        if (cells := keeper.wanted(key, now)) is None:
            continue
        state, understood = keeper.states[key], keeper.understood[key]
        health = str(cells[Column.HEALTH])
        table.add_row(
            clean(state.cells.get(Column.NAME) or key),
            clean(_when(understood, state.count)),
            _next(cells.get(Column.NEXT_RUN), now),
            str(cells[Column.RUNS] or ""),
            clean(cells.get(Column.LAST_RESULT) or ""),
            Text(clean(health), style=COLOURS.get(health.split()[0].rstrip(":,"), "")),
        )
    for message, raw in keeper.unclear.values():
        table.add_row(clean(raw.get(Column.NAME) or "?"), "", "", "", "", Text(clean(f"ERROR: {message}"), style="red"))
    return table


def _when(understood: Task | Defect, count: float) -> str:
    if isinstance(understood, Defect):
        return ""
    if understood.type is Type.COUNTER:
        return f"counter {count:g} of {understood.threshold:g}"
    return understood.schedule.text if understood.schedule is not None else "when asked"


def _next(cell: Cell, now: datetime) -> str:
    if not isinstance(cell, datetime):
        return ""
    if cell - now < timedelta(hours=24):
        return distance(cell, now).removeprefix("in ")
    local = cell.astimezone()
    return f"{local:%a} {local.day} {local:%b} {local:%H:%M}"
