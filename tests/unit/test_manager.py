"""What a service manager is told, over a real socket; and when a daemon passes for one that hangs."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from engine.loop import Daemon
from rowd.manager import BEAT, Attendance, Manager, manager_of
from rowd.vitals import Vitals
from tests.fakes.house import House
from tests.fakes.memory_table import MemoryTable
from tests.fakes.virtual import NOON, run
from tests.unit.test_loop import COLUMNS, MINUTE, row
from tests.unit.test_loop_corners import Disk, start

SPAN = timedelta(seconds=30)


class Ear:
    """A socket as a manager has it."""

    def __init__(self, place: str) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        self._socket.bind(f"\0{place[1:]}" if place.startswith("@") else place)
        self.place = place

    def heard(self) -> list[str]:
        """Lines since the last call."""
        lines: list[str] = []
        while True:
            try:
                lines += self._socket.recv(10_000).decode().split("\n")
            except BlockingIOError:
                return lines

    def close(self) -> None:
        self._socket.close()


def attended(manager: Manager, made: Daemon, stopping: asyncio.Event | None = None) -> Attendance:
    """How this daemon gets on, told to this manager."""
    return Attendance(manager, made, Vitals(made, (stopping or asyncio.Event()).is_set, manager.watchdog))


@pytest.fixture(params=["path", "abstract"])
def ear(request: Any, tmp_path: Path) -> Iterator[Ear]:
    found = Ear(str(tmp_path / "notify") if request.param == "path" else f"@{tmp_path.name}")
    yield found
    found.close()


def test_the_environment_names_it_and_is_left_without_it() -> None:
    environment = {"NOTIFY_SOCKET": "/run/x", "WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "7", "PATH": "/bin"}
    assert manager_of(environment, 7) == Manager("/run/x", SPAN)
    assert environment == {"PATH": "/bin"}


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ({}, Manager()),
        ({"NOTIFY_SOCKET": ""}, Manager()),
        ({"NOTIFY_SOCKET": "vsock:2:1"}, Manager()),
        ({"NOTIFY_SOCKET": "@x"}, Manager("@x")),
        ({"NOTIFY_SOCKET": "@x", "WATCHDOG_USEC": "5000000"}, Manager("@x", timedelta(seconds=5))),
        ({"NOTIFY_SOCKET": "@x", "WATCHDOG_USEC": "5000000", "WATCHDOG_PID": "8"}, Manager("@x")),
        ({"NOTIFY_SOCKET": "@x", "WATCHDOG_USEC": "0"}, Manager("@x")),
        ({"NOTIFY_SOCKET": "@x", "WATCHDOG_USEC": "soon"}, Manager("@x")),
        ({"WATCHDOG_USEC": "5000000"}, Manager()),
    ],
)
def test_what_is_meant_for_another_or_for_nobody_is_passed_over(said: dict[str, str], meant: Manager) -> None:
    assert manager_of(dict(said), 7) == meant


def test_a_watchdog_is_told_well_before_it_bites() -> None:
    assert Manager("@x").beat == BEAT
    assert Manager("@x", timedelta(seconds=6)).beat == timedelta(seconds=2)
    assert Manager("@x", timedelta(hours=1)).beat == BEAT


def test_nobody_listening_is_no_trouble(tmp_path: Path) -> None:
    Manager(str(tmp_path / "gone")).tell("READY=1")
    Manager("@" + "x" * 500).tell("READY=1")
    Manager().tell("READY=1")


def test_it_is_ready_once_each_table_was_looked_at_says_how_it_stands_and_that_it_stops(tmp_path: Path, ear: Ear) -> None:
    async def story() -> None:
        house = House(tmp_path)
        sheet = MemoryTable([row("tick", "every minute"), row("wrong", "dayly")], COLUMNS)
        alive = await start(house, sheet)
        stopping = asyncio.Event()
        attendance = attended(Manager(ear.place, SPAN), alive.daemon, stopping)
        attending = asyncio.create_task(attendance.attend(stopping))
        await asyncio.sleep(0)
        assert ear.heard() == ["STATUS=starts: looks at 1 table", "WATCHDOG=1", "EXTEND_TIMEOUT_USEC=40000000"]
        await house.after(seconds=1)
        said = "STATUS=1 table, 1 task, 0 running; 1 row can't be understood"
        assert ear.heard() == ["READY=1", said, "WATCHDOG=1"]
        await house.after(seconds=10)
        assert ear.heard() == [said, "WATCHDOG=1"]
        with attendance.reading_anew():
            first, second = ear.heard()
            assert (first, second.partition("=")[0]) == ("RELOADING=1", "MONOTONIC_USEC")
        assert ear.heard() == ["READY=1"]
        stopping.set()
        await house.after(seconds=0.1)
        assert ear.heard() == ["STOPPING=1", "STATUS=stops", "WATCHDOG=1", "EXTEND_TIMEOUT_USEC=60000000"]
        attending.cancel()
        await alive.stop()

    run(story())


def test_a_table_that_can_not_be_read_keeps_it_from_nothing(tmp_path: Path, ear: Ear) -> None:
    async def story() -> None:
        house, sheet = House(tmp_path), MemoryTable([row("tick", "every minute")], COLUMNS)
        sheet.fail = [OSError("away")] * 1000
        alive = await start(house, sheet)
        attending = asyncio.create_task(attended(Manager(ear.place), alive.daemon).attend(asyncio.Event()))
        await house.after(seconds=15)
        heard = ear.heard()
        assert "READY=1" in heard
        assert heard[-1] == "STATUS=1 table, 0 tasks, 0 running; ops can't be read"
        assert not [line for line in heard if line.startswith("WATCHDOG")]  # none has asked for it
        attending.cancel()
        await alive.stop()

    run(story())


def test_a_turn_that_does_not_end_passes_for_a_hang_and_the_ledgers_refusals_do_not(tmp_path: Path, ear: Ear) -> None:
    stuck, full = asyncio.Event(), Disk(full=False)

    def commits(do: Any) -> Any:
        async def commit(work: Any, *, point: str) -> Any:
            if stuck.is_set():
                await asyncio.sleep(1000)
            return await full.commits(do)(work, point=point)

        return commit

    async def story() -> None:
        house, sheet = House(tmp_path), MemoryTable([row("tick", "every minute")], COLUMNS)
        alive = await start(house, sheet, commits=commits)
        attending = asyncio.create_task(attended(Manager(ear.place, SPAN), alive.daemon).attend(asyncio.Event()))
        await house.until(NOON + MINUTE - timedelta(seconds=2))
        full.full = True
        await house.until(NOON + 3 * MINUTE)
        assert ear.heard()[-2:] == [
            "STATUS=1 table, 1 task, 0 running; the ledger can't be written, so nothing starts",
            "WATCHDOG=1",
        ]
        full.full = False
        await house.until(NOON + 4 * MINUTE - timedelta(seconds=2))
        stuck.set()
        await house.until(NOON + 4 * MINUTE + timedelta(seconds=25))
        assert ear.heard()[-1] == "WATCHDOG=1"
        await house.until(NOON + 4 * MINUTE + timedelta(seconds=35))
        ear.heard()
        await house.until(NOON + 6 * MINUTE)
        assert set(ear.heard()) == {"STATUS=1 table, 1 task, 0 running"}
        attending.cancel()
        stuck.clear()
        await alive.stop()

    run(story())
