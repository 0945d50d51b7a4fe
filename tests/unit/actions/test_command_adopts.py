"""A daemon dies while its command waits or runs; the next one takes it over. The rows of the crash table, with real processes."""

from __future__ import annotations

import asyncio
import errno
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from actions.api import Adoptable, Lost, Outcome, Past, Process, Result, Unbegun, Uptime
from actions.boot import boot
from actions.command import KIND, warden
from actions.command.identity import identified, opened
from actions.command.tickets import newest, path_of, read, void
from actions.command.warden import MARK
from actions.command.watch import Adopted
from tests.unit.actions.attempts import RUN, Lent, action, request
from tests.unit.actions.test_command_runs import wait_for_end

ROOT = Path(__file__).parents[3]
NOW = Uptime(boot(), 0)
"""Some time in this run of the machine."""
UNKNOWN = "it left no exit status: its warden was killed, as rowd was, or the disk was full; it may well have finished"


def killed_daemon(folder: Path, moment: str, **settings: Any) -> int:
    """Make an attempt in a daemon that is killed at this moment; answer the pid of its warden."""
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
    if moment == "after":
        until(lambda: read(folder, 1) is not None)
    return int(done.stdout)


def adopted(folder: Path, since: Uptime | None = NOW, **settings: Any) -> Result | Lost:
    return asyncio.run(taken_over(folder, since, **settings))


async def taken_over(folder: Path, since: Uptime | None = NOW, **settings: Any) -> Result | Lost:
    """As the engine does it: what has not begun is begun."""
    made: object = action(folder.parent, "command", **settings)
    assert isinstance(made, Adoptable)
    found = await made.adopt(request(), Lent(folder), since)
    return await made.run(request(), Lent(folder)) if isinstance(found, Unbegun) else found


def lost(folder: Path, since: Uptime | None = NOW, **settings: Any) -> str:
    """Why nobody can know how it ended."""
    found = adopted(folder, since, **settings)
    assert isinstance(found, Lost)
    return found.why


def line(script: str) -> dict[str, Any]:
    return {"argv": ["/bin/sh", "-c", script]}


def test_killed_before_the_release_nothing_ran_and_the_next_daemon_starts_it(folder: Path) -> None:
    settings = line("echo once >>runs; echo ran")
    warden = killed_daemon(folder, "before", **settings)
    wait_for_end(warden)
    assert not (folder.parent / "runs").exists()

    assert adopted(folder, **settings) == Result(Outcome.SUCCEEDED, "ran")
    assert (folder.parent / "runs").read_text() == "once\n"
    assert newest(folder) == read(folder, 2)  # the first is void


def test_still_running_it_is_waited_for(folder: Path) -> None:
    os.mkfifo(folder.parent / "go")
    settings = line("read word <go; echo a=5 >$ROWD_OUTPUT; echo $word; echo once >>runs; exit 3")
    killed_daemon(folder, "after", **settings)

    async def main() -> Result | Lost:
        waiting = asyncio.ensure_future(taken_over(folder, ok_exit_codes=[3], **settings))
        await asyncio.sleep(0)  # it looks
        await asyncio.to_thread((folder.parent / "go").write_text, "well\n")
        return await waiting

    assert asyncio.run(main()) == Result(Outcome.SUCCEEDED, "well", {"a": 5})
    assert (folder.parent / "runs").read_text() == "once\n"


def test_when_it_really_began_is_told(folder: Path) -> None:
    settings = line("sleep 0.1; exit 4")
    killed_daemon(folder, "after", **settings)
    until(lambda: program(folder) is not None)
    lent, made = Lent(folder), action(folder.parent, "command", **settings)
    assert isinstance(made, Adoptable)
    asyncio.run(made.adopt(request(), lent, NOW))
    began = program(folder)
    assert began is not None
    assert lent.told == [Uptime(boot(), began.started / warden.TICKS)]


def test_gone_with_an_exit_file_that_is_its_result(folder: Path) -> None:
    settings = line("echo bad >&2; exit 4")
    warden = killed_daemon(folder, "after", **settings)
    wait_for_end(warden)
    found = adopted(folder, **settings)
    assert isinstance(found, Result)
    assert replace(found, past=None) == Result(Outcome.FAILED, "exit 4: bad")  # `past` where init has reaped it by now


def test_what_a_program_leaves_behind_goes_with_it_and_its_warden_too_also_without_a_daemon(folder: Path) -> None:
    warden = killed_daemon(folder, "after", **line("sleep 1000 & echo $!"))
    wait_for_end(warden)
    assert noted(folder) == 0
    wait_for_end(int((folder / "stdout").read_text()))


def test_gone_without_an_exit_status_nobody_can_know(folder: Path) -> None:
    settings = line("echo $$ $PPID; kill -9 $PPID; exec sleep 1000")
    warden = killed_daemon(folder, "after", **settings)
    wait_for_end(warden)
    leader, parent = map(int, (folder / "stdout").read_text().split())
    assert parent == warden
    assert "its warden was killed, as rowd was, so that nobody could see it to its end" in lost(folder, **settings)
    wait_for_end(leader)  # lost, so another attempt may follow: this one must not go on


def test_sent_but_not_read_it_never_runs_but_by_the_next_daemon(folder: Path) -> None:
    settings = line("echo once >>runs; echo ran")
    warden = killed_daemon(folder, "unread", **settings)
    assert adopted(folder, **settings) == Result(Outcome.SUCCEEDED, "ran")
    os.kill(warden, signal.SIGCONT)  # only now the warden of the dead one reads its order
    wait_for_end(warden)
    assert (folder.parent / "runs").read_text() == "once\n"
    assert (folder / "stdout").read_text() == "ran\n"


def test_sent_in_part_it_never_runs_but_by_the_next_daemon(folder: Path) -> None:
    settings: dict[str, Any] = {"argv": ["/bin/sh", "-c", "echo once >>runs; echo ran", *["y" * 100_000] * 12]}
    warden = killed_daemon(folder, "unread", **settings)
    os.kill(warden, signal.SIGCONT)
    wait_for_end(warden)  # its order had no end
    assert not (folder / "stdout").exists()
    assert adopted(folder, **settings) == Result(Outcome.SUCCEEDED, "ran")
    assert (folder.parent / "runs").read_text() == "once\n"


@pytest.mark.parametrize("killed", [False, True])
def test_read_but_not_yet_begun_the_next_daemon_waits_for_it_or_for_its_warden_to_be_gone(folder: Path, *, killed: bool) -> None:
    settings = line("echo once >>runs; echo ran")
    os.mkfifo(folder / "stderr")  # the warden opens it after it has taken the ticket, and waits there until somebody reads
    warden = killed_daemon(folder, "after", **settings)

    async def main() -> Result | Lost:
        waiting = asyncio.ensure_future(taken_over(folder, **settings))
        await asyncio.sleep(0)
        assert not waiting.done()
        if killed:
            (folder / "stderr").rename(folder / "pipe")  # for the second launch
            os.kill(warden, signal.SIGKILL)
        else:
            await asyncio.to_thread((folder / "stderr").read_text)
        return await waiting

    assert asyncio.run(main()) == Result(Outcome.SUCCEEDED, "ran")
    assert newest(folder) == read(folder, 3 if killed else 1)  # the second is made void: an order for it might still come
    assert (folder.parent / "runs").read_text() == "once\n"
    wait_for_end(warden)


def test_begun_and_not_yet_told_it_is_found_by_its_marks_and_killed_where_its_warden_is_dead(folder: Path) -> None:
    settings = line("echo $$; exec sleep 1000")
    warden = killed_daemon(folder, "after", **settings)
    until(lambda: program(folder) is not None and (folder / "stdout").read_text() != "")
    os.kill(warden, signal.SIGKILL)
    wait_for_end(warden)
    told = path_of(folder, 1).read_text().splitlines(keepends=True)[0]
    path_of(folder, 1).write_text(told)  # as if it had been killed before
    unborn = subprocess.Popen(["sleep", "1000"], env={MARK: told.split()[1]})
    bystander = subprocess.Popen(["sleep", "1000"], env={MARK: "another", "ROWD_RUN_ID": RUN, "ROWD_ATTEMPT": "2"})
    try:
        assert "what still ran of it was killed, too" in lost(folder, **settings)
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
    warden = killed_daemon(folder, "after", **settings)
    until(lambda: program(folder) is not None and (folder / "stdout").read_text() != "")
    os.kill(warden, signal.SIGSTOP)
    (folder.parent / "go").write_text("well\n")
    wait_for_end(int((folder / "stdout").read_text()))

    async def main() -> Result | Lost:
        waiting = asyncio.ensure_future(taken_over(folder, **settings))
        await asyncio.sleep(0)
        assert not waiting.done()
        os.kill(warden, signal.SIGKILL if killed else signal.SIGCONT)
        return await waiting

    found = asyncio.run(main())
    if killed:
        assert isinstance(found, Lost)
        assert found.why == UNKNOWN
    else:
        assert isinstance(found, Result)
        assert found.outcome is Outcome.FAILED
    wait_for_end(warden)


def until(so: Callable[[], bool]) -> None:
    """Return when it is so; only files and /proc tell."""
    late = time.monotonic() + 20
    while not so():
        assert time.monotonic() < late


def test_how_it_ended_is_known_before_any_time_out_even_where_nobody_has_reaped_it(folder: Path) -> None:
    gone = subprocess.Popen(["true"])
    try:
        os.waitid(os.P_PID, gone.pid, os.WEXITED | os.WNOWAIT)  # a zombie from now on
        made: object = action(folder.parent, "command", **line("exit 0"))
        assert isinstance(made, Adoptable)
        ticket(folder, warden=gone.pid, program=gone.pid, end="exit 0 100\n")
        adoption = made.adopt(request(), Lent(folder), NOW)

        async def first_step() -> Result | Lost | Unbegun:
            with pytest.raises(StopIteration) as end:  # it never waits
                adoption.send(None)
            known: Result | Lost | Unbegun = end.value.value
            return known

        found = asyncio.run(first_step())
        assert isinstance(found, Result)
        assert replace(found, past=None) == Result(Outcome.SUCCEEDED, "done")
    finally:
        gone.wait()


@pytest.mark.parametrize("end", ["", "exit 0", "exit zero 100\n", "exit 1234 100\n", "exit 0 \n"])
def test_half_of_an_exit_status_is_as_good_as_none(folder: Path, end: str) -> None:
    gone = subprocess.Popen(["/bin/true"])
    now = warden.now()
    gone.wait()
    (folder / "stdout").touch()
    ticket(folder, warden=gone.pid, program=gone.pid, there=now, end=end)
    assert lost(folder, **line("exit 0")) == UNKNOWN


def test_as_long_as_its_warden_lives_an_exit_status_is_waited_for(folder: Path) -> None:
    gone = subprocess.Popen(["/bin/true"])
    now = warden.now()
    gone.wait()
    ticket(folder, warden=os.getpid(), program=gone.pid, there=now)
    made = read(folder, 1)
    assert made is not None
    held = Adopted(folder, made, request())
    assert not held.is_over()
    ticket(folder, warden=os.getpid(), program=gone.pid, there=now, end="exit 0 100\n")
    assert held.is_over()
    held.close()


def test_a_ticket_that_its_warden_gave_up_is_as_good_as_void(folder: Path) -> None:
    ticket(folder, warden=os.getpid())
    made = read(folder, 1)
    assert made is not None
    held = Adopted(folder, made, request())
    assert not held.is_over()
    path_of(folder, 1).unlink()
    assert held.is_over()
    assert not held.close()


def ticket(folder: Path, *, warden: int, program: int | None = None, there: int | None = None, end: str = "") -> None:
    """What a warden has written."""
    now = identified(os.getpid()).started + 10**6 if there is None else there
    begun = "" if program is None else f"{program} {now}\n"
    path_of(folder, 1).write_text(f"{boot()} nonce {warden} {now}\n{begun}{end}")


def program(folder: Path) -> Process | None:
    made = read(folder, 1)
    return made.program if made is not None else None


def noted(folder: Path) -> int | None:
    made = read(folder, 1)
    return made.status if made is not None else None


def test_an_adopted_attempt_can_be_cancelled(folder: Path) -> None:
    os.mkfifo(folder.parent / "ready")
    settings = line("trap '' TERM; (trap '' TERM; exec sleep 1000) & echo $$ $! >ready; wait; exec sleep 1000")
    killed_daemon(folder, "after", **settings)
    pids = [int(word) for word in (folder.parent / "ready").read_text().split()]

    async def main() -> None:
        made: object = action(folder.parent, "command", kill_after="0.05s", **settings)
        assert isinstance(made, Adoptable)
        waiting = asyncio.ensure_future(made.adopt(request(), Lent(folder), NOW))
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
        (folder / "stdout").touch()
        mine = identified(other.pid)
        ticket(folder, warden=other.pid, program=other.pid, there=mine.started - 1)  # who has this pid came later
        assert lost(folder, **settings) == UNKNOWN
        assert other.poll() is None
        found = opened(mine)
        assert found is not None
        os.close(found)
    finally:
        other.kill()
        other.wait()
    assert opened(mine) is None


def test_after_a_restart_of_the_machine_a_missing_file_proves_nothing(folder: Path) -> None:
    before = Uptime("another boot", 5)
    assert lost(folder, before, **line("touch ran")).endswith("the machine went down, most likely while it ran")
    assert not (folder.parent / "ran").exists()
    path_of(folder, 1).write_text(f"another-boot nonce 1 100\n{os.getpid()} 1000\n")
    assert lost(folder, before, **line("touch ran")).endswith("the machine went down, most likely while it ran")
    path_of(folder, 1).write_text(f"another-boot nonce 1 100\n1 1000\nexit 0 {1000 + 7 * warden.TICKS}\n")
    os.utime(path_of(folder, 1), (107, 107))
    assert adopted(folder, before, **line("true")) == Result(
        Outcome.SUCCEEDED, "done", past=Past(datetime.fromtimestamp(107, UTC), timedelta(seconds=7))
    )


def test_what_an_older_version_has_begun_is_killed_and_lost(folder: Path) -> None:
    left = subprocess.Popen(["sleep", "1000"], env={"ROWD_RUN_ID": RUN, "ROWD_ATTEMPT": "1"})
    try:
        assert lost(folder, None, **line("touch ran")) == "it left no exit status: it was begun by an older version of rowd"
        assert left.wait(5) == -signal.SIGKILL
    finally:
        left.kill()
    assert not (folder.parent / "ran").exists()


def test_what_has_not_begun_is_told_at_once_and_can_not_any_more(folder: Path) -> None:
    made: object = action(folder.parent, "command", **line("touch ran"))
    assert isinstance(made, Adoptable)
    for nth in (1, 2):  # a daemon that is killed straight after
        with pytest.raises(StopIteration) as end:
            made.adopt(request(), Lent(folder), NOW).send(None)
        assert end.value.value == Unbegun()
        assert not void(folder, nth)
    assert void(folder, 3)
    assert not (folder.parent / "ran").exists()


def test_where_no_ticket_can_be_made_void_nobody_knows_whether_it_began(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("actions.command.tickets.void", full)
    assert lost(folder, **line("touch ran")) == "whether it had begun can't be told: No space left on device"
    assert not (folder.parent / "ran").exists()


def full(_attempt: Path, _nth: int) -> bool:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_an_heir_waits_for_a_command_whose_definition_is_gone_and_repeats_nothing_that_it_printed(folder: Path) -> None:
    heir = KIND.heir
    assert heir is not None
    killed_daemon(folder, "after", **line("sleep 0.3; echo secret; exit 4"))
    found = asyncio.run(heir.adopt(request(), Lent(folder), NOW))
    assert isinstance(found, Result)
    assert (found.outcome, found.outputs) == (Outcome.FAILED, {})
    assert found.summary == "exit 4; what it printed is in its log, since its action is no longer in rowd.toml"
    assert (folder / "stdout").read_text() == "secret\n"


def test_an_heir_begins_nothing_that_has_not_begun(folder: Path) -> None:
    heir = KIND.heir
    assert heir is not None
    killed_daemon(folder, "before", **line("touch ran"))
    assert asyncio.run(heir.adopt(request(), Lent(folder), NOW)) == Unbegun()
    gone = Result(Outcome.FAILED, "the action it is no longer defined in rowd.toml")
    assert asyncio.run(heir.run(request(), Lent(folder))) == gone
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


def test_of_several_tickets_the_one_by_which_something_was_begun_counts(folder: Path) -> None:
    ticket(folder, warden=os.getpid(), there=1)  # of a warden that is gone, and had begun nothing
    gone = subprocess.Popen(["/bin/true"])
    now = warden.now()
    gone.wait()
    (folder / "stdout").touch()
    path_of(folder, 2).write_text(f"{boot()} nonce {gone.pid} {now}\n{gone.pid} {now}\nexit 3 {now}\n")
    found = adopted(folder, **line("touch ran"))
    assert isinstance(found, Result)
    assert found.summary == "exit 3"


def test_an_order_that_is_still_on_its_way_for_the_next_ticket_comes_to_nothing_either(folder: Path) -> None:
    assert void(folder, 1)
    assert adopted(folder, **line("echo ran")) == Result(Outcome.SUCCEEDED, "ran")
    assert [read(folder, nth) is None for nth in (1, 2, 3)] == [True, True, False]
