"""A warden is killed, or stopped, while its daemon lives: what it had begun ends with it, what it hadn't is begun by another."""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path

import pytest

from actions.api import Outcome, Process, Result
from actions.command.folder import taken
from tests.unit.actions.attempts import Lent, action, request
from tests.unit.actions.dying_daemon import stop
from tests.unit.actions.test_command_runs import STUBBORN, wait_for_end


def killed(process: Process) -> None:
    os.kill(process.pid, signal.SIGKILL)
    wait_for_end(process.pid)


def test_killed_before_the_order_is_sent_another_warden_begins_it(folder: Path) -> None:
    async def once(process: Process) -> None:
        if len(lent.launches) == 1:
            killed(process)

    lent = Lent(folder, on_launched=once)
    made = action(folder.parent, "command", argv=["/bin/sh", "-c", "echo once >>runs; echo ran"])
    assert asyncio.run(made.run(request(), lent)) == Result(Outcome.SUCCEEDED, "ran")
    assert (folder.parent / "runs").read_text() == "once\n"
    assert len({process.pid for process in lent.launches}) == 2  # made known anew


def test_killed_each_time_before_it_has_begun_anything_the_attempt_fails(folder: Path) -> None:
    async def each(process: Process) -> None:
        killed(process)

    made = action(folder.parent, "command", argv=["/usr/bin/touch", "ran"])
    result = asyncio.run(made.run(request(), Lent(folder, on_launched=each)))
    assert result == Result(Outcome.FAILED, "it could not be started: its warden was gone each time, before it began")
    assert not (folder.parent / "ran").exists()


def test_killed_with_the_order_unread_another_warden_begins_it(folder: Path) -> None:
    async def once(process: Process) -> None:
        if len(lent.launches) == 1:
            stop(process.pid)
            asyncio.get_running_loop().call_soon(killed, process)  # after it is sent

    lent = Lent(folder, on_launched=once)
    made = action(folder.parent, "command", argv=["/bin/sh", "-c", "echo once >>runs; echo ran"])
    assert asyncio.run(made.run(request(), lent)) == Result(Outcome.SUCCEEDED, "ran")
    assert (folder.parent / "runs").read_text() == "once\n"


def test_killed_before_it_has_begun_what_it_has_read_the_attempt_fails_and_nothing_runs(folder: Path) -> None:
    os.mkfifo(folder / "stderr")  # it waits there, with the ticket taken, until somebody reads

    async def main() -> Result:
        lent = Lent(folder)
        running = asyncio.ensure_future(action(folder.parent, "command", argv=["/usr/bin/touch", "ran"]).run(request(), lent))
        while not (folder / "boot").exists():  # noqa: ASYNC110 (only the file tells)
            await asyncio.sleep(0)
        killed(lent.launches[0])
        return await running

    assert asyncio.run(main()) == Result(Outcome.FAILED, "its warden was killed by SIGKILL (out of memory?)")
    assert not (folder.parent / "ran").exists()


def test_killed_while_programs_run_they_end_with_it_and_the_next_command_has_another(tmp_path: Path) -> None:
    async def main() -> None:
        made = action(tmp_path, "command", argv=["/bin/sh", "-c", "sleep 1000 & exec sleep 1000"])
        lents = []
        for name in ("a", "b", "c"):
            (tmp_path / name).mkdir()
            lents.append(Lent(tmp_path / name))
        running = [asyncio.ensure_future(made.run(request(), lent)) for lent in lents]
        pids = []
        for lent in lents:
            while (ticket := taken(lent.folder)) is None or ticket.program is None:  # noqa: ASYNC110 (only the file tells)
                await asyncio.sleep(0)
            pids.append(ticket.program.pid)
        assert len({lent.launches[0].pid for lent in lents}) == 1
        killed(lents[0].launches[0])
        for result in await asyncio.gather(*running):
            assert result == Result(Outcome.FAILED, "its warden was killed by SIGKILL (out of memory?)")
        for pid in pids:
            wait_for_end(pid)

    asyncio.run(main())


@pytest.mark.parametrize("begun", [False, True])
def test_stopped_it_can_not_keep_a_cancelled_program_alive(folder: Path, *, begun: bool) -> None:
    os.mkfifo(folder / "ready")

    async def main() -> tuple[Process, list[int]]:
        async def unread(process: Process) -> None:
            if not begun:
                stop(process.pid)

        lent = Lent(folder, on_launched=unread)
        argv = ["/bin/sh", "-c", f"touch {folder}/began;" + STUBBORN.replace("READY", str(folder / "ready"))]
        running = asyncio.ensure_future(action(folder, "command", argv=argv, kill_after="0s").run(request(), lent))
        pids = []
        if begun:
            pids = [int(pid) for pid in (await asyncio.to_thread((folder / "ready").read_text)).split()]
            stop(lent.launches[0].pid)
        while not lent.launches:  # noqa: ASYNC110
            await asyncio.sleep(0)
        await asyncio.sleep(0)
        for _ in range(3):  # it doesn't wait for a warden that doesn't answer
            running.cancel()
            for _ in range(5):
                await asyncio.sleep(0)
        with pytest.raises(asyncio.CancelledError):
            await running
        return lent.launches[0], pids

    warden, pids = asyncio.run(main())
    for pid in pids:
        wait_for_end(pid)
    os.kill(warden.pid, signal.SIGCONT)
    result = asyncio.run(action(folder, "command", argv=["echo", "well"]).run(request(), Lent(folder)))
    assert result.summary == "well"  # and by then it has done with all that was sent before
    assert begun or not (folder / "output").exists()
    assert (folder / "began").exists() is begun
