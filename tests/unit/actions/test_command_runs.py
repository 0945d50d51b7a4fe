"""Commands as real processes: gated, watched, ended, and what they say."""

from __future__ import annotations

import asyncio
import errno
import os
import pwd
import select
import shutil
import signal
import time
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from actions.api import Checkable, Outcome, Refusing, Result
from actions.boot import boot
from actions.command import outputs, wards
from actions.command.environment import PATH
from actions.command.launcher import account_to_become
from actions.command.settings import CommandSettings
from actions.command.tickets import path_of, read, void
from actions.telling import Mask
from tests.unit.actions.attempts import RUN, Lent, action, ran, request

SH = "/bin/sh"


def sh(folder: Path, script: str, **settings: Any) -> Result:
    """The result of a shell line that the operator fixed."""
    return ran(folder, "command", argv=[SH, "-c", script.replace("{", "{{").replace("}", "}}")], **settings)


def status(folder: Path) -> int | None:
    """What the warden has noted."""
    ticket = read(folder, 1)
    return ticket.status if ticket is not None else None


def wait_for_end(pid: int) -> None:
    """Return when the process is gone; fail if that takes longer than a few seconds."""
    try:
        pidfd = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    poll = select.poll()
    poll.register(pidfd, select.POLLIN)
    assert poll.poll(5000), f"process {pid} still lives"
    os.close(pidfd)


def children() -> set[int]:
    return {int(p) for task in Path("/proc/self/task").iterdir() for p in (task / "children").read_text().split()}


# --- what it gives


def test_the_last_line_is_the_summary(folder: Path) -> None:
    result = sh(folder, "echo first; printf '\\033[1mdone, 3 files\\033[0m\\n\\n'")
    assert result == Result(Outcome.SUCCEEDED, "done, 3 files")
    assert (folder / "stdout").read_text().startswith("first\n")
    assert status(folder) == 0


def test_a_json_line_and_the_output_file_give_typed_outputs_and_the_file_wins(folder: Path) -> None:
    script = """
    echo 'coverage=78.5' >>"$ROWD_OUTPUT"
    printf 'files = 3\\nok=true\\nshare=78.5%%\\ncode=007\\nnot a pair\\n9bad=1\\nfiles=4\\n' >>"$ROWD_OUTPUT"
    echo '{"coverage": 1, "name": "x", "deep": {"a": 1}, "none": null, "nan": NaN, "bad name": 1}'
    """
    result = sh(folder, script)
    assert result.outputs == {"coverage": 78.5, "name": "x", "files": 4, "ok": True, "share": "78.5%", "code": "007"}
    assert result.summary == "coverage = 78.5, name = x, files = 4, ok = true, share = 78.5%, code = 007"


def test_outputs_are_bounded_in_number_and_length(folder: Path) -> None:
    result = sh(folder, 'i=0; while [ $i -lt 150 ]; do i=$((i+1)); echo "k$i=$(printf %0600d 0)"; done >"$ROWD_OUTPUT"; echo ok')
    assert len(result.outputs) == 100
    assert {len(str(v)) for v in result.outputs.values()} == {500}


def test_a_failure_names_the_exit_code_and_the_last_line_of_stderr(folder: Path) -> None:
    result = sh(folder, "echo a=1 >$ROWD_OUTPUT; echo out; echo 'no such host' >&2; exit 2")
    assert result == Result(Outcome.FAILED, "exit 2: no such host", {"a": 1})
    assert sh(folder, "echo all I know; exit 3").summary == "exit 3: all I know"
    assert sh(folder, "exit 4").summary == "exit 4"


def test_declared_exit_codes_are_a_success(folder: Path) -> None:
    assert sh(folder, "echo warned; exit 1", ok_exit_codes=[0, 1]) == Result(Outcome.SUCCEEDED, "warned")


@pytest.mark.parametrize(("number", "name"), [(9, "SIGKILL (out of memory?)"), (11, "SIGSEGV"), (15, "SIGTERM")])
def test_a_signal_is_named(folder: Path, number: int, name: str) -> None:
    assert sh(folder, f"kill -{number} $$").summary == f"exit {128 + number}, killed by {name}"


def test_a_warden_that_is_killed_takes_its_program_with_it(folder: Path) -> None:
    result = sh(folder, "echo $$; kill -9 $PPID; exec sleep 1000")
    said, _, pid = result.summary.rpartition(": ")
    assert (result.outcome, said) == (Outcome.FAILED, "its warden was killed by SIGKILL (out of memory?)")
    wait_for_end(int(pid))
    assert sh(folder, "echo well").summary == "well"  # by another warden


def test_an_argument_stays_one_argument_whatever_is_in_it(folder: Path) -> None:
    made = action(folder, "command", argv=["printf", "[%s]", "{x}", "a {x}"], parameters={"x": {}})
    for value in ("a  b", "$(touch pwned); `id`", "'\"\\", "*", "ü"):
        result = asyncio.run(made.run(request(x=value), Lent.anew(folder)))
        assert (folder / "stdout").read_text() == f"[{value}][a {value}]", result
    assert not (folder / "pwned").exists()


def test_the_words_of_sh_are_not_programs(folder: Path) -> None:
    for word in ("exit", "eval", "."):
        assert "there is no program" in ran(folder, "command", argv=[word, "x"]).summary
    assert not list(folder.iterdir())


def test_a_program_that_can_not_be_executed_says_so_and_a_script_without_an_interpreter_is_for_sh(folder: Path) -> None:
    script = folder.parent / "script"
    script.write_text('echo "$1, $0"')
    script.chmod(0o755)
    assert ran(folder, "command", argv=["./script", "hi"]).summary == f"hi, {script}"
    assert ran(folder, "command", argv=["./script", "hi"], nice=1).summary == f"hi, {script}"
    odd = folder.parent / "odd"  # a program whose loader isn't there
    odd.write_bytes(Path("/bin/true").read_bytes().replace(b"/ld-linux", b"/no-linux"))
    odd.chmod(0o755)
    missing = f"exit 127: rowd: {odd}: No such file or directory"
    assert ran(folder, "command", argv=["./odd"]).summary == missing
    assert ran(folder, "command", argv=["./odd"], nice=1).summary == missing


@pytest.mark.parametrize(
    ("line", "missing"),
    [
        ("#!/no/such/interp\n", '"/no/such/interp"'),
        ("#! /no/such/interp -x y\n", '"/no/such/interp"'),
        ("#!/no/such/interp", '"/no/such/interp"'),
        ("#!/tmp\n", '"/tmp"'),
        ("#!/usr/bin/env no-such-word\n", '"no-such-word"'),
        ("#!/usr/bin/env sh -u\n", '"sh -u"'),
        ("#!/bin/sh\r\n", "'/bin/sh\\r' isn't there; save it with plain LF"),
        ("#!/usr/bin/env sh\r\n", "'sh\\r' isn't there; save it with plain LF"),
        ("#!/bin/sh\n", None),
        ("#!\tsh-of-mine -u\n", None),
        ("#!/usr/bin/env sh\n", None),
        ("#!/usr/bin/env -S sh -u\n", None),
        ("", None),
    ],
)
def test_a_script_whose_interpreter_is_missing_names_it_before_and_when_it_runs(
    folder: Path, tmp_path: Path, line: str, missing: str | None
) -> None:
    (tmp_path / "sh-of-mine").symlink_to(SH)
    script = tmp_path / "script"
    script.write_bytes(f"{line}echo hi\n".encode() if line.endswith("\n") or not line else line.encode())
    script.chmod(0o755)
    made = action(tmp_path, "command", argv=["./script"])
    assert isinstance(made, Checkable)
    said, result = made.lacking(), asyncio.run(made.run(request(), Lent.anew(folder)))
    if missing is None:
        assert (said, result.summary) == (None, "hi")
    else:
        assert missing in (said or "")
        assert '"./script"' in (said or "")
        assert result == Result(Outcome.FAILED, f"it could not be started: {said}")


def test_what_no_program_can_be_given_is_said_and_what_is_long_arrives(folder: Path) -> None:
    assert ran(folder, "command", argv=["printf", "%s", *["y" * 100_000] * 12]).outcome is Outcome.SUCCEEDED
    assert (folder / "stdout").read_text() == "y" * 1_200_000
    too_long = ran(folder, "command", argv=["printf", "%s", "y" * 140_000]).summary  # MAX_ARG_STRLEN: execve(2)
    assert too_long == f"exit 126: rowd: {shutil.which('printf', path=PATH)}: Argument list too long"
    made = action(folder, "command", argv=["echo", "{x}"], parameters={"x": {}})
    assert "NUL" in asyncio.run(made.run(request(x="a\0b"), Lent.anew(folder))).summary


def test_what_it_would_fail_for_is_known_before(folder: Path) -> None:
    (folder / "plain").write_text("echo hi")
    (folder / "own").mkdir()
    shutil.copy("/bin/true", folder / "own" / "tool")

    def lacking(**settings: Any) -> str | None:
        made = action(folder, "command", **settings)
        assert isinstance(made, Checkable)
        said = made.lacking()
        assert said is None or asyncio.run(made.run(request(), Lent.anew(folder))).summary.endswith(said)
        return said

    assert lacking(argv=["true"]) is lacking(argv=["own/tool"]) is lacking(argv=["./own/tool"]) is None
    assert lacking(argv=["tool"], environment={"PATH": str(folder / "own")}) is None
    assert lacking(argv=["tool"]) == f'there is no program "tool" in {PATH}; install it, or write its full path'
    assert lacking(argv=["own/other"]) == 'there is no program "own/other"; install it, or correct its argv'
    assert (lacking(argv=["./plain"]) or "").startswith('the file "./plain" may not be executed; chmod +x it')
    assert lacking(argv=["true"], cwd="gone") == f"there is no folder {folder}/gone; create it, or correct its cwd"
    nobody = lacking(argv=["true"], user="nobody-at-all")
    assert nobody == 'this machine has no user "nobody-at-all"; correct `user` in its definition'


def test_naming_its_own_user_needs_no_root() -> None:
    me = os.geteuid() or pwd.getpwnam("nobody").pw_uid
    was = os.geteuid()
    os.seteuid(me)
    try:
        assert account_to_become(pwd.getpwuid(me).pw_name) is None
        with pytest.raises(ValueError, match="only where rowd runs as root"):
            account_to_become("root")
    finally:
        os.seteuid(was)


def test_a_path_that_leads_out_is_known_before_and_final_and_a_program_that_is_not_there_is_not(
    folder: Path, tmp_path: Path
) -> None:
    (folder / "out").symlink_to("/etc")
    parameters = {"file": {"type": "path", "under": str(folder)}}
    made = action(tmp_path, "command", argv=["/bin/ls", "{file}"], parameters=parameters)
    assert isinstance(made, Refusing)
    values = {"file": f"{folder}/out/passwd"}
    said = made.refusal(values)
    assert "by a symbolic link" in (said or "")
    refused = Result(Outcome.FAILED, f"it could not be started: {said}", final=True)
    assert asyncio.run(made.run(request(**values), Lent.anew(folder))) == refused
    assert made.refusal({"file": f"{folder}/in"}) is None
    assert not ran(folder, "command", argv=["no-such-program"]).final
    assert not ran(folder, "command", argv=["true"], cwd="gone").final


# --- what it is started with


def test_the_environment_is_clean(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "inherited")
    monkeypatch.setenv("TZ", "Europe/Berlin")
    ran(
        folder, "command", secrets={"TOKEN": "s3cret-token"}, argv=["/usr/bin/env"], environment={"PATH": "/bin:/usr/bin", "A": "{"}
    )
    seen = dict(line.split("=", 1) for line in (folder / "stdout").read_text().splitlines())
    account = pwd.getpwuid(os.geteuid())
    assert seen == {
        "PATH": "/bin:/usr/bin",
        "HOME": account.pw_dir,
        "USER": account.pw_name,
        "LOGNAME": account.pw_name,
        "LANG": "C.UTF-8",
        "TZ": "Europe/Berlin",
        "PWD": str(folder.parent),
        "A": "{",
        "TOKEN": "***",  # it was there, and is masked in the log
        "ROWD_RUN_ID": RUN,
        "ROWD_ATTEMPT": "1",
        "ROWD_TABLE": "ops",
        "ROWD_TASK": "Nightly report",
        "ROWD_DUE": "2026-03-02T12:00:00Z",
        "ROWD_OUTPUT": str(folder / "output"),
    }


def test_a_variable_of_any_name_reaches_the_program_as_it_is(folder: Path) -> None:
    given = dict.fromkeys(("told", "go", "dir", "status", "ENV", "PS4"), "x")
    assert ran(folder, "command", argv=["/usr/bin/env"], environment=given).outcome is Outcome.SUCCEEDED
    assert {f"{name}=x" for name in given} <= set((folder / "stdout").read_text().splitlines())


def test_no_descriptor_and_no_standard_input_is_passed_on(folder: Path) -> None:
    kept = os.open("/dev/null", os.O_RDONLY)
    os.set_inheritable(kept, True)
    sh(folder, "ls /proc/self/fd | tr '\\n' ' '; readlink /proc/self/fd/0")
    os.close(kept)
    assert (folder / "stdout").read_text() == "0 1 2 3 /dev/null\n"  # 3: ls reads the folder


@pytest.mark.parametrize("nice", [0, 1])
def test_it_has_a_session_of_its_own_no_signal_ignored_or_held_back_and_files_that_others_may_read(folder: Path, nice: int) -> None:
    # the shell itself holds all signals back while it begins something, so it becomes what looks
    script = "echo $(cut -d' ' -f6 /proc/$$/stat) $$ $(umask); exec grep -E 'Sig(Blk|Ign)' /proc/self/status"
    sh(folder, script, nice=nice)
    (session, pid, umask), *signals = map(str.split, (folder / "stdout").read_text().splitlines())
    assert (session, umask) == (pid, "0022")
    of_libc = 0b11 << 31  # 32 and 33, which posix_spawn(3) leaves ignored; libc sets them itself where it uses them
    assert [int(held, 16) & ~of_libc for _, held in signals] == [0, 0]


def test_it_runs_in_its_folder_and_a_relative_program_starts_from_there(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "jobs").mkdir()
    script = tmp_path / "jobs" / "here.sh"
    script.write_text("#!/bin/sh\npwd\n")
    script.chmod(0o755)
    assert ran(folder, "command", argv=["./here.sh"], cwd="jobs").summary == str(tmp_path / "jobs")
    assert "there is no folder" in ran(folder, "command", argv=["./here.sh"], cwd="gone").summary


def test_limits_hold_for_the_program(folder: Path) -> None:
    result = sh(folder, "ulimit -v; ulimit -t; nice", memory="64 MiB", cpu="7s", nice=5)
    inherited = os.getpriority(os.PRIO_PROCESS, 0)
    assert (folder / "stdout").read_text().split() == ["65536", "7", str(min(19, inherited + 5))], result


def test_it_runs_as_another_user_only_as_root(folder: Path) -> None:
    script = 'id -un; echo "where=$(id -u)" >"$ROWD_OUTPUT"; ln -sf /etc/hostname link; echo end'
    result = sh(folder, script, user="nobody", cwd="/")
    if os.geteuid() == 0:
        assert result == Result(Outcome.SUCCEEDED, "end", {"where": pwd.getpwnam("nobody").pw_uid})
        assert folder.stat().st_uid == 0
        assert status(folder) == 0
        (folder / "output").unlink()
        stolen = sh(folder, "cd /proc/$PPID/cwd; rm stdout; ln -s /etc/passwd stdout; mkfifo output", user="nobody", cwd="/")
        assert stolen == Result(Outcome.SUCCEEDED, "done")
        assert not (folder / "stdout").exists()
    else:
        assert "only where rowd runs as root" in result.summary
    assert os.geteuid() != 0 or "no user" in sh(folder, "true", user="nobody-at-all").summary


def test_secrets_are_masked_in_summary_outputs_and_logs(folder: Path) -> None:
    script = 'echo "token=$TOKEN" >>"$ROWD_OUTPUT"; echo "it is $TOKEN"; echo "$TOKEN" >&2; exit 1'
    result = sh(folder, script, secrets={"TOKEN": "hunter2-hunter2"})
    assert result == Result(Outcome.FAILED, "exit 1: ***", {"token": "***"})
    assert not any(b"hunter2" in file.read_bytes() for file in folder.iterdir())


# --- the ticket


def test_nothing_runs_whose_ticket_is_void(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert void(folder, 1)
    monkeypatch.setattr("actions.command.action.unmade", lambda _: 1)  # as if it were made only now
    result = asyncio.run(action(folder, "command", argv=["/usr/bin/touch", "ran"]).run(request(), Lent(folder)))
    assert (result.outcome, result.summary[:37]) == (Outcome.FAILED, "it could not be started: File exists:")
    assert not (folder / "stdout").exists()
    assert not (folder / "ran").exists()
    assert read(folder, 1) is None


def test_an_attempt_has_one_ticket_that_tells_of_its_warden_its_program_and_its_end(folder: Path) -> None:
    result = sh(folder, "echo $$ $PPID; exit 3", ok_exit_codes=[3])
    ticket = read(folder, 1)
    assert ticket is not None
    assert ticket.program is not None
    assert ticket.past is not None
    assert result.summary == f"{ticket.program.pid} {ticket.warden.pid}"
    assert (ticket.boot, ticket.warden.pid, ticket.status) == (boot(), wards.current().pid, 3)
    assert ticket.past.ended_at.timestamp() == pytest.approx(path_of(folder, 1).stat().st_mtime)
    assert sorted(file.name for file in folder.parent.glob(f"{folder.name}*")) == [folder.name, f"{folder.name}.ticket-1"]
    assert not void(folder, 1)


def test_what_could_not_be_begun_leaves_no_ticket(folder: Path) -> None:
    (folder / "stderr").mkdir()
    assert sh(folder, "touch ran").summary == f"it could not be started: Is a directory: {folder}/stderr"
    assert not (folder.parent / "ran").exists()
    assert void(folder, 1)


def test_the_warden_is_one_for_all_holds_nothing_of_ours_and_is_deaf_to_signals_that_are_meant_for_others(folder: Path) -> None:
    kept = os.open("/dev/zero", os.O_RDONLY)
    os.set_inheritable(kept, True)
    assert ran(folder, "command", argv=["echo", "one"]).summary == "one"
    pid = wards.current().pid
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT):
        assert ignores(pid, number)
        os.kill(pid, number)
    held = [os.readlink(fd) for fd in Path(f"/proc/{pid}/fd").iterdir()]  # noqa: PTH115 (a Path has no words for sockets)
    assert {what.partition(":")[0] for what in held} == {"/dev/null", "socket", "pipe"}
    assert len(held) == 6
    assert os.readlink(f"/proc/{pid}/cwd") == "/"  # noqa: PTH115 (as above)
    assert os.getsid(pid) == pid
    assert pid in children()
    assert ran(folder, "command", argv=["echo", "two"]).summary == "two"
    os.close(kept)
    assert wards.current().pid == pid


def ignores(pid: int, number: signal.Signals) -> bool:
    ignored = next(li for li in Path(f"/proc/{pid}/status").read_text().splitlines() if li.startswith("SigIgn:"))
    return bool(int(ignored.split()[1], 16) >> (number - 1) & 1)


# --- the end


async def cancelled(folder: Path, script: str, cancels: int = 1, state: str = "", **settings: Any) -> list[int]:
    """Cancel a running script once it wrote its pids into the pipe `ready`, and the first is in `state` (proc(5)). Answers them."""
    os.mkfifo(folder / "ready")
    argv = [SH, "-c", script.replace("READY", str(folder / "ready"))]
    running = asyncio.ensure_future(action(folder, "command", argv=argv, **settings).run(request(), Lent.anew(folder)))
    lines = await asyncio.to_thread((folder / "ready").read_text)
    while state and Path(f"/proc/{lines.split()[0]}/stat").read_text().rpartition(")")[2].split()[0] != state:  # noqa: ASYNC110, ASYNC240
        await asyncio.sleep(0)
    for _ in range(cancels):
        running.cancel()
        await asyncio.sleep(0)
        await asyncio.sleep(0)
    with pytest.raises(asyncio.CancelledError):
        await running
    return [int(line) for line in lines.split()]


STUBBORN = """
trap '' TERM
(trap '' TERM; while :; do sleep 1000; done) &
echo "$$ $!" >READY
while :; do sleep 1000; done
"""


def test_a_tree_that_ignores_sigterm_is_killed(folder: Path) -> None:
    for pid in asyncio.run(cancelled(folder, STUBBORN, kill_after="0.05s")):
        wait_for_end(pid)


def test_cancelled_again_it_is_killed_at_once(folder: Path) -> None:
    began = time.monotonic()
    for pid in asyncio.run(cancelled(folder, STUBBORN, cancels=2, kill_after="1h")):
        wait_for_end(pid)
    assert time.monotonic() - began < 4  # seconds; watch._DYING is longer


def test_on_sigterm_a_program_may_tidy_up_and_its_status_is_kept(folder: Path) -> None:
    script = "trap 'echo tidied; exit 7' TERM; echo $$ >READY; while :; do sleep 1000 & wait; done"
    (pid,) = asyncio.run(cancelled(folder, script, kill_after="1h"))
    wait_for_end(pid)
    assert (folder / "stdout").read_text() == "tidied\n"
    assert status(folder) == 7


def test_a_stopped_program_can_be_cancelled(folder: Path) -> None:
    (pid,) = asyncio.run(cancelled(folder, "echo $$ >READY; kill -STOP $$; exec sleep 1000", state="T", kill_after="1h"))
    wait_for_end(pid)


def test_what_a_program_leaves_behind_is_killed(folder: Path) -> None:
    result = sh(folder, "sleep 1000 & echo $!; exit 3")
    assert result.summary.startswith("exit 3")
    wait_for_end(int((folder / "stdout").read_text()))


def test_a_program_that_writes_too_much_is_stopped_and_the_rest_cut_off(folder: Path) -> None:
    result = sh(folder, 'head -c 200000 /dev/zero | tr "\\0" x; exec sleep 1000', output_limit="100 kB", kill_after="1h")
    assert result == Result(Outcome.FAILED, "it wrote more than 100 kB to stdout; make it say less, or raise its output_limit", {})
    assert (folder / "stdout").stat().st_size < 100_100
    assert "wrote more than" in sh(folder, "yes | head -c 200000 >&2", output_limit="100 kB").summary


def test_a_program_that_gives_back_too_much_is_stopped_too_and_its_first_outputs_count(folder: Path) -> None:
    script = 'echo a=1 >"$ROWD_OUTPUT"; yes b=2 | head -c 200000 >>"$ROWD_OUTPUT"; exec sleep 1000'
    result = sh(folder, script, output_limit="100 kB", kill_after="1h")
    told = "it wrote more than 100 kB to $ROWD_OUTPUT; make it say less, or raise its output_limit"
    assert result == Result(Outcome.FAILED, told, {"a": 1, "b": 2})
    assert (folder / "output").stat().st_size < 100_100


def test_what_is_far_too_much_is_cut_before_it_is_searched_for_secrets(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sizes: list[int] = []
    monkeypatch.setattr(Mask, "file", lambda _, file: sizes.append(file.stat().st_size))
    assert "wrote more than" in sh(folder, 'truncate -s 10G "$ROWD_OUTPUT"').summary
    assert max(sizes) < 20_000_000


@pytest.mark.parametrize(("code", "outcome", "says"), [(0, Outcome.SUCCEEDED, "done"), (3, Outcome.FAILED, "exit 3")])
def test_what_it_printed_can_not_be_read_but_how_it_ended_is_known(
    folder: Path, monkeypatch: pytest.MonkeyPatch, code: int, outcome: Outcome, says: str
) -> None:
    monkeypatch.setattr(outputs, "last_line", too_many_files)
    assert sh(folder, f"echo said; exit {code}") == Result(outcome, f"{says}; what it printed can't be read: Too many open files")


def test_what_can_not_be_masked_is_removed_and_the_outcome_stands(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Mask, "_pieces", too_many_files)
    result = ran(folder, "command", {"TOKEN": "sesame-street"}, argv=[SH, "-c", "echo $TOKEN; exit 0"])
    assert result == Result(Outcome.SUCCEEDED, "done; what it printed can't be read: Too many open files")
    assert not (folder / "stdout").exists()


def too_many_files(*_: object) -> Any:
    raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))


def test_a_status_that_could_not_be_noted_is_no_mystery_while_we_are_there(folder: Path) -> None:
    assert sh(folder, f"rm {path_of(folder, 1)}; mkdir {path_of(folder, 1)}; echo x; exit 5").summary == "exit 5: x"
    path_of(folder, 1).rmdir()


def test_many_run_at_once_without_touching_each_other(tmp_path: Path) -> None:
    async def main() -> list[Result]:
        made = action(tmp_path, "command", argv=["echo", "{n}"], parameters={"n": {"type": "integer"}})
        lent = []
        for n in range(20):
            (tmp_path / str(n)).mkdir()
            lent.append(made.run(request(n=n), Lent(tmp_path / str(n))))
        return await asyncio.gather(*lent)

    wards.current()  # its descriptor stays
    before = len(list(Path("/proc/self/fd").iterdir()))
    assert [r.summary for r in asyncio.run(main())] == [str(n) for n in range(20)]
    assert len(list(Path("/proc/self/fd").iterdir())) == before  # every descriptor was given back


# --- the definition


@pytest.mark.parametrize(
    "settings",
    [
        {"argv": []},
        {"argv": ["a\0b"]},
        {"argv": ["a"], "shell": True},
        {"argv": ["a"], "environment": {"ROWD_RUN_ID": "x"}},
        {"argv": ["a"], "environment": {"A=B": "x"}},
        {"argv": ["a"], "environment": {"A": "x"}, "secrets": ["A"]},
        {"argv": ["a"], "secrets": ["ROWD_X"]},
        {"argv": ["a"], "memory": "1 MB"},
        {"argv": ["a"], "output_limit": "lots"},
        {"argv": ["a"], "ok_exit_codes": [256]},
        {"argv": ["a"], "cpu": "0.1s"},
        {"argv": ["a"], "parameters": {"1x": {}}},
    ],
)
def test_a_definition_that_makes_no_sense_is_refused(settings: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        CommandSettings.model_validate({"kind": "command", **settings})
