"""The live view: the table as it stands, what is under way, and the last events, drawn anew a few times a second."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Iterator, Sequence
from datetime import datetime, timedelta
from textwrap import wrap

from rich.cells import cell_len
from rich.console import Console, Group, JustifyMethod, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from connectors.api import Cell
from engine.columns import Column
from engine.events import AuditSealed, Event, TableRead
from engine.keeper import Keeper
from engine.loop import Daemon
from engine.model import Defect, Task, Type
from engine.wording import conjoined
from rowd.cli.output import clean
from rowd.cli.rows import without_next
from rowd.fitting import GAP, fitted
from rowd.log import brief, level
from rowd.saying import counted, distance, plural, when
from rowd.scribe import Scribe

FRAMES = 4
"""A second."""

WIDE = 110
"""Columns of a terminal from which on Health is told in full."""

COLUMNS = ("Name", "When", "Next", "Runs", "Last result", "Health")
NAME, WHEN, NEXT, RUNS, RESULT, HEALTH = range(len(COLUMNS))
NUMBERS = (NEXT, RUNS)

LEAST = {NAME: 16, WHEN: 18, NEXT: 8, RESULT: 14, HEALTH: 20}
"""What each can be read in."""

LONGEST_RESULT = 30
"""Characters of a result that are shown; Health needs the rest."""

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
    "ASKED": "cyan",
    "PAUSED": "dim",
    "DRAFT": "dim",
    "EXPIRED": "dim",
    "COMPLETED": "dim",
}

UNSHOWN = (TableRead, AuditSealed)
"""Events that come again and again, and tell whoever looks on nothing."""

WAITS_FOR_A_PERSON = ("ERROR", "HELD", "DRAFT", "EXPIRED")
"""First words of a Health that stands until somebody does something."""


class LiveView:
    """Listens to events, and draws a daemon on a terminal for as long as it lives."""

    def __init__(self, console: Console, footer: str, lines: int = 6) -> None:
        """footer: what the person may do now.   lines: how many events are shown, where there is room.

        read: False once the last picture could not be drawn, because nobody reads what is written to the terminal.
        """
        self._console = console
        self._footer = footer
        self._events: deque[Event] = deque(maxlen=lines)
        self.read = True

    def listen(self, event: Event) -> None:
        """Remember an event for the next frame."""
        if not isinstance(event, UNSHOWN):
            self._events.append(event)

    async def beside(self, daemon: Daemon) -> AsyncIterator[None]:
        """Draw until cancelled; the last picture stays. On a screen of its own, so that no part of a picture is left when the
        terminal changes its size."""
        live = Live(console=self._console, auto_refresh=False, screen=True)

        def draw(frames: Sequence[RenderableType], _left_out: int) -> None:
            live.start()
            live.update(frames[-1], refresh=True)

        def leave(frames: Sequence[RenderableType], _left_out: int) -> None:
            live.stop()
            self._console.print(frames[-1])

        scribe = Scribe(draw, most=1)
        try:
            while True:
                scribe.put(self.frame(daemon, daemon.clock.now()))
                await asyncio.sleep(1 / FRAMES)
                yield
        finally:
            self.read = scribe.close()
            if self.read:
                last = Scribe(leave, most=1)  # nobody may have read since
                last.put(self.frame(daemon, daemon.clock.now()))
                self.read = last.close()

    def frame(self, daemon: Daemon, now: datetime) -> RenderableType:
        """One picture of every table, no higher and no wider than the terminal."""
        width, height = self._console.size
        footer = Text(self._footer, style="bold").wrap(self._console, width)
        keepers = daemon.keepers.values()
        room = height - 1 - len(footer) - 1 - 3 * len(keepers)  # a title, a header and a blank line each
        wanted = sum(_number(keeper) for keeper in keepers)
        events = list(self._events)[-max(1, min(len(self._events), room - wanted)) :]
        room = max(len(keepers), room - len(events))
        spare = max(0, room - wanted)
        parts: list[RenderableType] = []
        for left, keeper in zip(range(len(keepers), 0, -1), keepers, strict=True):
            most = max(1, room - (left - 1))  # each table that is still to come gets a line
            table, spare = rows(keeper, now, width, most, spare)
            parts += [_title(keeper), *table, Text()]
            room -= min(most, _number(keeper))
        for event in events:
            style = "yellow" if level(event) == "warning" else "dim"
            parts.append(Text(brief(event), style=style, no_wrap=True, overflow="ellipsis"))
        return Group(*parts, Text(), *footer)


def _number(keeper: Keeper) -> int:
    return sum(key in keeper.understood for key in keeper.sight.order or list(keeper.states)) + len(keeper.sight.unclear)


def _title(keeper: Keeper) -> Text:
    title = f"{keeper.name}: {counted(*keeper.counts())}"
    if keeper.access.trouble is not None:
        title += f"  ({clean(str(keeper.access.trouble.error))})"
    return Text(title, style="bold", no_wrap=True, overflow="ellipsis")


def rows(keeper: Keeper, now: datetime, width: int, most: int, spare: int) -> tuple[list[RenderableType], int]:
    """One table as rowd sees it: what people wrote, and what rowd writes beside it.

    most: lines of rows.   spare: lines more, in which what waits for a person is told in full; answered is what is left of them.
    """
    lines = list(_lines(keeper, now))
    shown = lines if len(lines) <= most else lines[: most - 1]
    widths = _widths(lines, width)
    table = Table(box=None, header_style="dim", padding=(0, 0, 0, GAP), pad_edge=False)
    for n, needed in widths.items():
        justify: JustifyMethod = "right" if n in NUMBERS else "left"
        table.add_column(COLUMNS[n], justify=justify, width=needed)
    for line in shown:
        health = line[HEALTH] if width >= WIDE else without_next(line[HEALTH])
        cells = [*line[:HEALTH], health]
        table.add_row(*(Text(cells[n], no_wrap=True, overflow="ellipsis") for n in widths if n != HEALTH), told := _health(health))
        if 0 < (more := _lines_more(health, widths[HEALTH])) <= spare:
            told.no_wrap, spare = False, spare - more
    if len(shown) == len(lines):
        return [table], spare
    return [table, Text(f" … and {plural(len(lines) - len(shown), 'more row')}", style="dim")], spare


def _health(health: str) -> Text:
    return Text(health, style=COLOURS.get(_first_word(health), ""), no_wrap=True, overflow="ellipsis")


def _lines_more(health: str, width: int) -> int:
    """How many lines more than one it takes in full, where it stands until a person mends it: what comes and goes by itself would
    make all below it jump."""
    return len(wrap(health, width)) - 1 if _first_word(health) in WAITS_FOR_A_PERSON else 0


def _first_word(health: str) -> str:
    return health.split()[0].rstrip(":,")


def _widths(lines: Sequence[Sequence[str]], width: int) -> dict[int, int]:
    """Column → its width. What changes while one looks has its room whatever it says, so that nothing jumps."""
    wide = {n: max(map(cell_len, (COLUMNS[n], *(line[n] for line in lines)))) for n in range(HEALTH)}
    wide[NEXT] = max(wide[NEXT], LEAST[NEXT])
    return fitted({**wide, RESULT: LONGEST_RESULT, HEALTH: width}, LEAST, (RUNS, RESULT, WHEN), width)


def _lines(keeper: Keeper, now: datetime) -> Iterator[tuple[str, str, str, str, str, str]]:
    for key in keeper.sight.order or list(keeper.states):
        if (cells := keeper.wanted(key, now)) is None:
            continue
        state, understood = keeper.states[key], keeper.understood[key]
        yield (
            clean(state.cells.get(Column.NAME) or key),
            clean(_when(understood, state.count)),
            _next(understood, cells.get(Column.NEXT_RUN), now),
            str(cells.get(Column.RUNS) or ""),
            clean(cells.get(Column.LAST_RESULT) or ""),
            clean(cells[Column.HEALTH]),
        )
    for message, raw in keeper.sight.unclear.values():
        yield clean(raw.get(Column.NAME) or "?"), "", "", "", "", clean(f"ERROR: {message}")


def _when(understood: Task | Defect, count: float) -> str:
    if isinstance(understood, Defect):
        return ""
    if understood.type is Type.COUNTER:
        return f"counter {count:g} of {understood.threshold:g}"
    if understood.depends_on:
        return f"after {conjoined([d.name for d in understood.depends_on], 3)}"
    return understood.schedule.text if understood.schedule is not None else "when asked"


def _next(understood: Task | Defect, start: Cell, now: datetime) -> str:
    """When it is to start; what is farther off than a day on the row's own clock, as its Health has it."""
    if not isinstance(start, datetime) or isinstance(understood, Defect) or understood.schedule is None:
        return ""
    if start <= now:
        return "due"
    if start - now < timedelta(hours=24):
        return distance(start, now).removeprefix("in ")
    return when(start, understood.schedule.zone, now)
