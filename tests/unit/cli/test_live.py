"""The live view: one picture, as large as the terminal at most."""

from __future__ import annotations

import asyncio
import io
import re
import threading
from collections.abc import AsyncGenerator
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest
from rich.console import Console

from actions.api import Outcome
from engine.clock import SystemClock
from engine.events import BreakerOpened, DaemonStarted, RowEdited, RunEnded, TableRead
from engine.loop import Daemon
from rowd.cli.site import site_at
from rowd.live import LiveView, rows
from rowd.log import brief
from rowd.wiring import keeper_of
from tests.fakes.virtual import NOON
from tests.unit.cli.desk import Desk

FOOTER = "Edit the table in any program.\nCtrl-C stops rowd."
NOW = SystemClock().now()


def ended(n: int) -> RunEnded:
    return RunEnded(
        at=NOW, table="ops", key="1", task=f"task number {n}", run="r1", attempt=1,
        outcome="failed", reason="exit 2: no room left on the device at all", ended_at=NOW, duration_s=1,
        retry_at=None,
    )  # fmt: skip


def picture(folder: Path, width: int, height: int, rows: int, tables: int = 1) -> list[str]:
    more = "".join(f'[tables.t{n}]\nconnector = "local"\npath = "t{n}.csv"\n' for n in range(1, tables))
    lines = [f"{n},task number {n},,daily 0{n % 10}:30,work,active,,,," for n in range(1, rows + 1)]
    desk = Desk(folder, *lines, more=more)
    for n in range(1, tables):
        desk.table(f"t{n}", *lines)
    desk.daemon_reads()
    site = site_at(folder / "rowd.toml")
    with desk.ledger() as ledger:
        keepers = {name: keeper_of(bound, ledger) for name, bound in site.tables.items()}
    console = Console(file=io.StringIO(), width=width, height=height, force_terminal=True, color_system=None, record=True)
    view = LiveView(console, FOOTER)
    for n in range(9):
        view.listen(ended(n))
        view.listen(TableRead(at=NOW, table="ops", rows=1, tasks=1, defects=0, drafts=0))
    console.print(view.frame(cast("Daemon", SimpleNamespace(keepers=keepers)), NOW + timedelta(seconds=1)))
    return console.export_text().splitlines()


class Unread(io.StringIO):
    """A terminal that takes pictures, and nothing more from when the view is to leave its screen."""

    def write(self, text: str) -> int:
        if "\x1b[?1049l" in text:
            threading.Event().wait()
        return super().write(text)


def test_a_last_picture_that_nobody_reads_is_not_waited_for() -> None:
    view = LiveView(Console(file=Unread(), width=80, height=24, force_terminal=True, color_system=None), FOOTER)

    async def story() -> None:
        pictures = view.beside(cast("Daemon", SimpleNamespace(keepers={}, clock=SystemClock())))
        await anext(pictures)
        await cast("AsyncGenerator[None]", pictures).aclose()

    asyncio.run(story())
    assert not view.read


@pytest.mark.parametrize(
    ("width", "titles"),
    [
        (60, ["Name", "Next", "Health"]),
        (80, ["Name", "When", "Next", "Health"]),
        (120, ["Name", "When", "Next", "Runs", "Last result", "Health"]),
    ],
)
def test_where_it_is_narrow_what_is_least_needed_goes_first(tmp_path: Path, width: int, titles: list[str]) -> None:
    _, header, *lines = picture(tmp_path, width, 24, 2)
    assert re.split(r"\s{2,}", header.strip()) == titles
    assert lines[0].startswith("task number 1")
    assert "OK" in lines[0]
    assert ("every day at" in lines[0]) == ("When" in titles)


def test_no_column_moves_when_a_health_changes(tmp_path: Path) -> None:
    desk = Desk(tmp_path, "1,backup,,daily 02:30,work,active,,,,", "2,other,,daily 03:30,work,active,,,,")
    desk.daemon_reads()
    (bound,) = site_at(tmp_path / "rowd.toml").tables.values()

    def columns() -> list[int]:
        with desk.ledger() as ledger:
            keeper = keeper_of(bound, ledger)
        (table,), _ = rows(keeper, NOW, 80, 9, 0)
        console = Console(file=io.StringIO(), width=80, record=True)
        console.print(table)
        header, *_ = console.export_text().splitlines()
        return [header.index(title) for title in ("Name", "When", "Next", "Health")]

    before = columns()
    desk.ended(desk.began(), Outcome.FAILED, "exit 2: no room left on the device at all")
    assert columns() == before


@pytest.mark.parametrize("size", [(60, 20), (80, 12), (80, 24), (100, 30), (140, 24)])
@pytest.mark.parametrize(("rows", "tables"), [(1, 1), (8, 1), (200, 1), (3, 3)])
def test_a_picture_fits_the_terminal_and_ends_with_what_the_person_may_do(
    tmp_path: Path, size: tuple[int, int], rows: int, tables: int
) -> None:
    shown = picture(tmp_path, *size, rows, tables)
    if size[1] >= 4 * tables + 5:
        assert len(shown) < size[1]
    assert max(map(len, shown)) <= size[0]
    assert [line.rstrip() for line in shown[-2:]] == FOOTER.splitlines()
    assert any("task number 8" in line for line in shown)


def test_rows_that_have_no_room_are_counted_and_events_have_a_line_at_least(tmp_path: Path) -> None:
    shown = picture(tmp_path, 80, 12, 40)
    left = sum(line.startswith("task number") for line in shown)
    assert f" … and {40 - left} more rows" in [line.rstrip() for line in shown]
    assert sum("failed: exit 2" in line for line in shown) == 1


@pytest.mark.parametrize(("spare", "full"), [(0, False), (1, False), (3, True)])
def test_what_waits_for_a_person_is_told_in_full_where_lines_are_free(tmp_path: Path, spare: int, *, full: bool) -> None:
    desk = Desk(tmp_path, "1,backup,,daily 02:30,work,active,,,,", "2,other,,evry monday 9:30,work,active,,,,")
    desk.daemon_reads()
    desk.ended(desk.began(), Outcome.FAILED, "exit 2: no room left on the device at all, so nothing more can be written to it")
    (bound,) = site_at(tmp_path / "rowd.toml").tables.values()
    with desk.ledger() as ledger:
        (table,), left = rows(keeper_of(bound, ledger), NOW, 100, 9, spare)
    console = Console(file=io.StringIO(), width=100, record=True)
    console.print(table)
    lines = console.export_text().splitlines()
    assert ('"every monday 9:30"' in " ".join(" ".join(lines).split())) == full
    assert len(lines) == 3 + spare - left
    assert lines[1].startswith("backup")
    assert lines[2].startswith("other"), "what comes and goes by itself has one line"


def test_where_it_is_narrow_an_event_says_outcome_and_reason_first(tmp_path: Path) -> None:
    line = [line for line in picture(tmp_path, 80, 24, 1) if "failed" in line][-1]
    assert line.partition(" ! ")[2].startswith("task number 8        failed: exit 2: no room left on the device at")
    assert f"{NOW:%Y}" not in line


def test_what_is_brief_says_an_edit_too() -> None:
    edited = RowEdited(at=NOW, table="ops", key="1", task="a\x1b[2J", column="Do", old="", new="run now")
    assert brief(edited).split(maxsplit=1)[1] == "a [2J                Do: run now"


def test_what_is_brief_names_what_is_not_of_a_task() -> None:
    opened = BreakerOpened(at=NOON, action="web", until=NOON, failures=5)
    until = f"{NOON.astimezone():%H:%M:%S}"
    assert brief(opened).split(maxsplit=2)[2].split(maxsplit=1) == ["web", f"breaker opened until {until}"]
    assert brief(DaemonStarted(at=NOON, tables=("ops",), pid=1)).split(maxsplit=1)[1].split() == ["rowd", "started"]


@pytest.mark.parametrize(
    ("schedule", "later", "said"), [("hourly", 2, "due"), ("yearly on 1 march 09:00", -400 * 24, r"\S+ 1 Mar \d{4} 09:00")]
)
def test_next_says_of_what_has_come_that_it_is_due_and_has_its_year(tmp_path: Path, schedule: str, later: int, said: str) -> None:
    desk = Desk(tmp_path, f"1,backup,,{schedule},work,active,,,,")
    desk.daemon_reads()
    (bound,) = site_at(tmp_path / "rowd.toml").tables.values()
    with desk.ledger() as ledger:
        (table,), _ = rows(keeper_of(bound, ledger), NOW + timedelta(hours=later), 140, 9, 0)
    console = Console(file=io.StringIO(), width=140, record=True)
    console.print(table)
    assert re.search(rf"  {said} ", console.export_text()), console.export_text()
