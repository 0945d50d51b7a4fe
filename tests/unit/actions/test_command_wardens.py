"""A warden is killed, or stopped, while its daemon lives: what it had begun ends with it, what it hadn't is begun by another."""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path

import pytest

from actions.api import Outcome, Process, Result
from actions.command import tickets, wards
from actions.command.tickets import newest, read, void
from tests.unit.actions.attempts import Lent, action, request
from tests.unit.actions.dying_daemon import stop
from tests.unit.actions.test_command_adopts import full
from tests.unit.actions.test_command_runs import STUBBORN, wait_for_end


def killed(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)
    wait_for_end(pid)


def one() -> int:
    """The pid of the warden that the next order goes to."""
    return wards.current().pid


async def noted(folder: Path) -> Process:
    """The program of an attempt, once its ticket tells which it is."""
    while (ticket := read(folder, 1)) is None or ticket.program is None:  # noqa: ASYNC110 (only the file tells)
        await asyncio.sleep(0)
    return ticket.program


def test_killed_before_the_order_is_sent_another_warden_begins_it(folder: Path) -> None:
    first = one()
    killed(first)
    made = action(folder.parent, "command", argv=["/bin/sh", "-c", "echo once >>runs; echo ran"])
    assert asyncio.run(made.run(request(), Lent(folder))) == Result(Outcome.SUCCEEDED, "ran")
    assert (folder.parent / "runs").read_text() == "once\n"
    assert one() != first


def test_killed_each_time_before_it_has_begun_anything_the_attempt_fails(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    current = wards.current

    def dead() -> wards.Warden:
        found = current()
        killed(found.pid)
        return found

    monkeypatch.setattr(wards, "current", dead)
    made = action(folder.parent, "command", argv=["/usr/bin/touch", "ran"])
    result = asyncio.run(made.run(request(), Lent(folder)))
    assert result == Result(Outcome.FAILED, "it could not be started: its warden was gone each time, before it began")
    assert not (folder.parent / "ran").exists()
    assert [void(folder, nth) for nth in (1, 2, 3, 4)] == [False, False, False, True]


def test_killed_with_the_order_unread_another_warden_begins_it(folder: Path) -> None:
    async def main() -> Result:
        first = one()
        stop(first)
        made = action(folder.parent, "command", argv=["/bin/sh", "-c", "echo once >>runs; echo ran"])
        running = asyncio.ensure_future(made.run(request(), Lent(folder)))
        await asyncio.sleep(0)  # it sends its order
        killed(first)
        return await running

    assert asyncio.run(main()) == Result(Outcome.SUCCEEDED, "ran")
    assert (folder.parent / "runs").read_text() == "once\n"
    assert newest(folder) == read(folder, 2)


def test_killed_before_it_has_begun_what_it_has_read_the_attempt_fails_and_nothing_runs(folder: Path) -> None:
    os.mkfifo(folder / "stderr")  # it waits there, with the ticket made, until somebody reads

    async def main() -> Result:
        running = asyncio.ensure_future(
            action(folder.parent, "command", argv=["/usr/bin/touch", "ran"]).run(request(), Lent(folder))
        )
        while read(folder, 1) is None:  # noqa: ASYNC110 (only the file tells)
            await asyncio.sleep(0)
        killed(one())
        return await running

    assert asyncio.run(main()) == Result(Outcome.FAILED, "its warden was killed by SIGKILL (out of memory?)")
    assert not (folder.parent / "ran").exists()


def test_killed_while_programs_run_they_end_with_it_and_the_next_command_has_another(tmp_path: Path) -> None:
    async def main() -> None:
        made = action(tmp_path, "command", argv=["/bin/sh", "-c", "sleep 1000 & exec sleep 1000"])
        lents = [Lent(tmp_path / name) for name in ("a", "b", "c")]
        running = [asyncio.ensure_future(made.run(request(), lent)) for lent in lents]
        pids = [(await noted(lent.path)).pid for lent in lents]
        killed(one())
        for result in await asyncio.gather(*running):
            assert result == Result(Outcome.FAILED, "its warden was killed by SIGKILL (out of memory?)")
        for pid in pids:
            wait_for_end(pid)

    asyncio.run(main())


async def given_up(running: asyncio.Future[Result]) -> None:
    for _ in range(3):  # it doesn't wait for a warden that doesn't answer
        running.cancel()
        for _ in range(5):
            await asyncio.sleep(0)
    with pytest.raises(asyncio.CancelledError):
        await running


@pytest.mark.parametrize("begins", [False, True])
def test_stopped_it_can_not_keep_a_cancelled_program_alive(folder: Path, *, begins: bool) -> None:
    os.mkfifo(folder / "ready")

    async def main() -> tuple[int, list[int]]:
        warden = one()
        if not begins:
            stop(warden)
        argv = ["/bin/sh", "-c", f"touch {folder}/began;" + STUBBORN.replace("READY", str(folder / "ready"))]
        running = asyncio.ensure_future(action(folder, "command", argv=argv, kill_after="0s").run(request(), Lent(folder)))
        pids = []
        if begins:
            pids = [int(pid) for pid in (await asyncio.to_thread((folder / "ready").read_text)).split()]
            await noted(folder)
            stop(warden)
        await asyncio.sleep(0)
        await given_up(running)
        return warden, pids

    warden, pids = asyncio.run(main())
    for pid in pids:
        wait_for_end(pid)
    os.kill(warden, signal.SIGCONT)
    result = asyncio.run(action(folder, "command", argv=["echo", "well"]).run(request(), Lent(folder / "other")))
    assert result.summary == "well"  # and by then it has done with all that was sent before
    assert begins or not (folder / "output").exists()
    assert (folder / "began").exists() is begins


def test_stopped_before_it_has_noted_which_program_it_began_it_is_killed_and_the_program_too(folder: Path) -> None:
    os.mkfifo(folder / "ready")

    async def main() -> tuple[int, list[int]]:
        warden = one()
        argv = ["/bin/sh", "-c", STUBBORN.replace("READY", str(folder / "ready"))]
        running = asyncio.ensure_future(action(folder, "command", argv=argv, kill_after="0s").run(request(), Lent(folder)))
        pids = [int(pid) for pid in (await asyncio.to_thread((folder / "ready").read_text)).split()]
        await noted(folder)
        stop(warden)
        ticket = tickets.path_of(folder, 1)
        ticket.write_text(ticket.read_text().splitlines(keepends=True)[0])  # as it was between the two
        await given_up(running)
        return warden, pids

    warden, pids = asyncio.run(main())
    for pid in (warden, *pids):
        wait_for_end(pid)


def test_stopped_on_a_full_disk_it_is_killed_since_it_may_begin_yet(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def main() -> int:
        warden = one()
        stop(warden)
        made = action(folder.parent, "command", argv=["/usr/bin/touch", "ran"], kill_after="0s")
        running = asyncio.ensure_future(made.run(request(), Lent(folder)))
        await asyncio.sleep(0)  # it sends its order
        monkeypatch.setattr("actions.command.launcher.void", full)
        while not running.done():
            running.cancel()
            await asyncio.sleep(0)
        return warden

    wait_for_end(asyncio.run(main()))
    assert not (folder.parent / "ran").exists()
