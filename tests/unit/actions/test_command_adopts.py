"""A daemon dies while its command waits or runs; the next one takes it over. The rows of the crash table, with real processes."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from actions.api import Adoptable, Lost, Outcome, Past, Process, Result
from actions.command import KIND, warden
from actions.command.folder import taken
from actions.command.identity import MARK, boot, identified, opened
from actions.command.watch import Adopted
from tests.unit.actions.attempts import RUN, Lent, action, request
from tests.unit.actions.test_command_runs import wait_for_end

ROOT = Path(__file__).parents[3]


def killed_daemon(folder: Path, moment: str, **settings: Any) -> Process:
    """Make an attempt in a daemon that is killed at this moment; answer the process that it had made known."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.unit.actions.dying_daemon", str(folder), moment],
        input=json.dumps(settings),
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.returncode == -signal.SIGKILL, done.stderr
    pid, started = done.stdout.split()
    if moment == "after":
        until(lambda: taken(folder) is not None)
    return Process(int(pid), int(started))


def adopted(folder: Path, process: Process, lent: Lent | None = None, **settings: Any) -> Result | Lost | None:
    made: object = action(folder.parent, "command", **settings)
    assert isinstance(made, Adoptable)
    return asyncio.run(made.adopt(request(), lent or Lent(folder), process))


def lost(folder: Path, process: Process, lent: Lent | None = None, **settings: Any) -> str:
    """Why nobody can know how it ended."""
    found = adopted(folder, process, lent, **settings)
    assert isinstance(found, Lost)
    return found.why


def line(script: str) -> dict[str, Any]:
    return {"argv": ["/bin/sh", "-c", script]}


def test_killed_before_the_release_nothing_ran_and_the_next_daemon_starts_it(folder: Path) -> None:
    settings = line("echo once >>runs; echo ran")
    process = killed_daemon(folder, "before", **settings)
    wait_for_end(process.pid)
    assert not (folder.parent / "runs").exists()

    lent = Lent(folder)
    assert adopted(folder, process, lent, **settings) == Result(Outcome.SUCCEEDED, "ran")
    assert (folder.parent / "runs").read_text() == "once\n"
    assert len(lent.launches) == 1  # made known anew


def test_still_running_it_is_waited_for(folder: Path) -> None:
    os.mkfifo(folder.parent / "go")
    settings = line("read word <go; echo a=5 >$ROWD_OUTPUT; echo $word; echo once >>runs; exit 3")
    process = killed_daemon(folder, "after", **settings)

    async def main() -> Result | Lost | None:
        made: object = action(folder.parent, "command", ok_exit_codes=[3], **settings)
        assert isinstance(made, Adoptable)
        waiting = asyncio.ensure_future(made.adopt(request(), Lent(folder), process))
        await asyncio.sleep(0)  # it looks
        await asyncio.to_thread((folder.parent / "go").write_text, "well\n")
        return await waiting

    assert asyncio.run(main()) == Result(Outcome.SUCCEEDED, "well", {"a": 5})
    assert (folder.parent / "runs").read_text() == "once\n"


def test_gone_with_an_exit_file_that_is_its_result(folder: Path) -> None:
    settings = line("echo bad >&2; exit 4")
    process = killed_daemon(folder, "after", **settings)
    wait_for_end(process.pid)
    found = adopted(folder, process, **settings)
    assert found is not None
    assert replace(found, past=None) == Result(Outcome.FAILED, "exit 4: bad")  # `past` where init has reaped it by now


def test_what_a_program_leaves_behind_goes_with_it_and_its_warden_too_also_without_a_daemon(folder: Path) -> None:
    process = killed_daemon(folder, "after", **line("sleep 1000 & echo $!"))
    wait_for_end(process.pid)
    assert (folder / "exit").read_text() == "0\n"
    wait_for_end(int((folder / "stdout").read_text()))


@pytest.mark.parametrize("reaped", [False, True])
def test_gone_without_an_exit_file_nobody_can_know(folder: Path, *, reaped: bool) -> None:
    settings = line("echo $$ $PPID; kill -9 $PPID; exec sleep 1000")
    process = killed_daemon(folder, "after", **settings)
    wait_for_end(process.pid)
    leader, warden = map(int, (folder / "stdout").read_text().split())
    assert warden == process.pid
    known = Process(process.pid, 1 if reaped else process.started)  # of another moment: as if its parent had reaped it
    assert "its warden was killed, as rowd was, so that nobody could see it to its end" in lost(folder, known, **settings)
    wait_for_end(leader)  # lost, so another attempt may follow: this one must not go on


def test_sent_but_not_read_it_never_runs_but_by_the_next_daemon(folder: Path) -> None:
    settings = line("echo once >>runs; echo ran")
    process = killed_daemon(folder, "unread", **settings)
    lent = Lent(folder)
    assert adopted(folder, process, lent, **settings) == Result(Outcome.SUCCEEDED, "ran")
    os.kill(process.pid, signal.SIGCONT)  # only now the warden of the dead one reads its order
    wait_for_end(process.pid)
    assert (folder.parent / "runs").read_text() == "once\n"
    assert (folder / "stdout").read_text() == "ran\n"
    assert len(lent.launches) == 1


def test_sent_in_part_it_never_runs_but_by_the_next_daemon(folder: Path) -> None:
    settings: dict[str, Any] = {"argv": ["/bin/sh", "-c", "echo once >>runs; echo ran", *["y" * 100_000] * 12]}
    process = killed_daemon(folder, "unread", **settings)
    os.kill(process.pid, signal.SIGCONT)
    wait_for_end(process.pid)  # its order had no end
    assert not (folder / "stdout").exists()
    assert adopted(folder, process, **settings) == Result(Outcome.SUCCEEDED, "ran")
    assert (folder.parent / "runs").read_text() == "once\n"


@pytest.mark.parametrize("killed", [False, True])
def test_read_but_not_yet_begun_the_next_daemon_waits_for_it_or_for_its_warden_to_be_gone(folder: Path, *, killed: bool) -> None:
    settings = line("echo once >>runs; echo ran")
    os.mkfifo(folder / "stderr")  # the warden opens it after it has taken the ticket, and waits there until somebody reads
    process = killed_daemon(folder, "after", **settings)
    until(lambda: taken(folder) is not None)

    async def main() -> Result | Lost | None:
        made: object = action(folder.parent, "command", **settings)
        assert isinstance(made, Adoptable)
        lent = Lent(folder)
        waiting = asyncio.ensure_future(made.adopt(request(), lent, process))
        await asyncio.sleep(0)
        assert not waiting.done()
        if killed:
            (folder / "stderr").rename(folder / "pipe")  # for the second launch
            os.kill(process.pid, signal.SIGKILL)
        else:
            await asyncio.to_thread((folder / "stderr").read_text)
        found = await waiting
        assert len(lent.launches) == killed
        return found

    assert asyncio.run(main()) == Result(Outcome.SUCCEEDED, "ran")
    assert (folder.parent / "runs").read_text() == "once\n"
    wait_for_end(process.pid)


def test_begun_and_not_yet_told_it_is_found_by_its_marks_and_killed_where_its_warden_is_dead(folder: Path) -> None:
    settings = line("echo $$; exec sleep 1000")
    process = killed_daemon(folder, "after", **settings)
    until(lambda: (ticket := taken(folder)) is not None and ticket.program is not None and (folder / "stdout").read_text() != "")
    os.kill(process.pid, signal.SIGKILL)
    wait_for_end(process.pid)
    (folder / "boot").write_text((folder / "boot").read_text().splitlines(keepends=True)[0])  # as if it had been killed before
    unborn = subprocess.Popen(["sleep", "1000"], env={MARK: (folder / "boot").read_text().split()[1]})
    bystander = subprocess.Popen(["sleep", "1000"], env={MARK: "another", "ROWD_RUN_ID": RUN, "ROWD_ATTEMPT": "2"})
    try:
        assert "what still ran of it was killed, too" in lost(folder, process, **settings)
        wait_for_end(int((folder / "stdout").read_text()))
        assert unborn.wait(5) == -signal.SIGKILL  # what the warden had forked, and what hadn't become its program yet
        assert bystander.poll() is None
    finally:
        bystander.kill()
        bystander.wait()


@pytest.mark.parametrize("killed", [False, True])
def test_ended_and_its_status_not_yet_written_it_is_waited_for_or_lost_with_its_warden(folder: Path, *, killed: bool) -> None:
    os.mkfifo(folder.parent / "go")
    settings = line("echo $$; read word <go; exit 3")
    process = killed_daemon(folder, "after", **settings)
    until(lambda: (ticket := taken(folder)) is not None and ticket.program is not None and (folder / "stdout").read_text() != "")
    os.kill(process.pid, signal.SIGSTOP)
    (folder.parent / "go").write_text("well\n")
    wait_for_end(int((folder / "stdout").read_text()))

    async def main() -> Result | Lost | None:
        made: object = action(folder.parent, "command", **settings)
        assert isinstance(made, Adoptable)
        waiting = asyncio.ensure_future(made.adopt(request(), Lent(folder), process))
        await asyncio.sleep(0)
        assert not waiting.done()
        os.kill(process.pid, signal.SIGKILL if killed else signal.SIGCONT)
        return await waiting

    found = asyncio.run(main())
    if killed:
        assert isinstance(found, Lost)
        assert found.why.endswith("its warden was killed, as rowd was, most likely before it ended; it may well have finished")
    else:
        assert isinstance(found, Result)
        assert found.outcome is Outcome.FAILED
    wait_for_end(process.pid)


def until(so: Callable[[], bool]) -> None:
    """Return when it is so; only files and /proc tell."""
    late = time.monotonic() + 20
    while not so():
        assert time.monotonic() < late


def test_how_it_ended_is_known_before_any_time_out_even_where_nobody_has_reaped_it(folder: Path) -> None:
    (folder / "boot").write_text(f"{boot()}\n")
    (folder / "stdout").touch()
    (folder / "exit").write_text("0\n")
    gone = subprocess.Popen(["true"])
    try:
        os.waitid(os.P_PID, gone.pid, os.WEXITED | os.WNOWAIT)  # a zombie from now on
        made: object = action(folder.parent, "command", **line("exit 0"))
        assert isinstance(made, Adoptable)
        adoption = made.adopt(request(), Lent(folder), identified(gone.pid))

        async def first_step() -> Result | Lost | None:
            with pytest.raises(StopIteration) as end:  # it never waits
                adoption.send(None)
            known: Result | None = end.value.value
            return known

        found = asyncio.run(first_step())
        assert found is not None
        assert replace(found, past=None) == Result(Outcome.SUCCEEDED, "done")
    finally:
        gone.wait()


@pytest.mark.parametrize("text", ["", "0", "zero\n", "1234\n"])
def test_half_an_exit_file_is_as_good_as_none(folder: Path, text: str) -> None:
    settings = line("exit 0")
    process = killed_daemon(folder, "after", **settings)
    wait_for_end(process.pid)
    (folder / "exit").write_text(text)
    assert lost(folder, process, **settings).endswith("that could not be written, as on a full disk")


def test_an_exit_file_that_was_just_made_says_nothing_yet(folder: Path) -> None:
    gone = subprocess.Popen(["/bin/true"])
    now = warden.now()
    gone.wait()
    warden_of_ours = Process(os.getpid(), now)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "boot").write_text(f"{boot()} nonce\n{gone.pid} {now}\n")
    (folder / "exit").touch()
    held = Adopted(warden_of_ours, folder, request())
    assert not held.is_over()
    (folder / "exit").write_text("0\n")
    assert held.is_over()
    held.close()


def test_an_adopted_attempt_can_be_cancelled(folder: Path) -> None:
    os.mkfifo(folder.parent / "ready")
    settings = line("trap '' TERM; (trap '' TERM; exec sleep 1000) & echo $$ $! >ready; wait; exec sleep 1000")
    process = killed_daemon(folder, "after", **settings)
    pids = [int(word) for word in (folder.parent / "ready").read_text().split()]

    async def main() -> None:
        made: object = action(folder.parent, "command", kill_after="0.05s", **settings)
        assert isinstance(made, Adoptable)
        waiting = asyncio.ensure_future(made.adopt(request(), Lent(folder), process))
        await asyncio.sleep(0)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting

    asyncio.run(main())
    for pid in pids:
        wait_for_end(pid)


def test_another_process_with_the_same_pid_is_left_alone(folder: Path) -> None:
    settings = line("exit 0")
    other = subprocess.Popen(["sleep", "1000"])
    try:
        (folder / "boot").write_text(f"{boot()} 1\n{other.pid} {identified(other.pid).started - 1}\n")
        (folder / "stdout").touch()
        mine = identified(other.pid)
        assert "no exit status" in lost(folder, Process(other.pid, mine.started - 1), **settings)  # who has this pid came later
        assert other.poll() is None
        found = opened(mine)
        assert found is not None
        os.close(found)
    finally:
        other.kill()
        other.wait()
    assert opened(mine) is None


def test_after_a_restart_of_the_machine_a_missing_file_proves_nothing(folder: Path) -> None:
    (folder / "boot").write_text("another-boot\n")
    lent = Lent(folder)
    myself = Process(os.getpid(), identified(os.getpid()).started)
    assert lost(folder, myself, lent, **line("touch ran")).endswith("the machine went down, most likely while it ran")
    assert not lent.launches
    assert not (folder.parent / "ran").exists()
    (folder / "exit").write_text("0\n")
    os.utime(folder / "boot", (100, 100))
    os.utime(folder / "exit", (107, 107))
    assert adopted(folder, Process(1, 1), **line("true")) == Result(
        Outcome.SUCCEEDED, "done", past=Past(datetime.fromtimestamp(107, UTC), timedelta(seconds=7))
    )
    assert adopted(folder / "pruned", Process(1, 1), **line("true")) is None


def test_an_heir_waits_for_a_command_whose_definition_is_gone_and_repeats_nothing_that_it_printed(folder: Path) -> None:
    heir = KIND.heir
    assert heir is not None
    process = killed_daemon(folder, "after", **line("sleep 0.3; echo secret; exit 4"))
    found = asyncio.run(heir.adopt(request(), Lent(folder), process))
    assert found is not None
    assert (found.outcome, found.outputs) == (Outcome.FAILED, {})
    assert found.summary == "exit 4; what it printed is in its log, since its action is no longer in rowd.toml"
    assert (folder / "stdout").read_text() == "secret\n"


def test_an_heir_begins_nothing_that_was_never_released(folder: Path) -> None:
    heir = KIND.heir
    assert heir is not None
    lent = Lent(folder)
    process = killed_daemon(folder, "before", **line("touch ran"))
    found = asyncio.run(heir.adopt(request(), lent, process))
    assert found is not None
    assert (found.outcome, found.summary) == (Outcome.FAILED, "the action it is no longer defined in rowd.toml")
    assert not lent.launches
    assert not (folder / "stdout").exists()


def test_a_process_is_told_by_its_start_time_even_with_brackets_in_its_name(tmp_path: Path) -> None:
    odd = tmp_path / "a) R 1 (b"
    odd.symlink_to("/bin/sleep")
    running = subprocess.Popen([odd, "1000"])
    try:
        assert identified(running.pid).started == int(Path(f"/proc/{running.pid}/stat").read_text().rsplit(")", 1)[1].split()[19])
        assert identified(running.pid).started >= identified(os.getpid()).started
    finally:
        running.kill()
        running.wait()
