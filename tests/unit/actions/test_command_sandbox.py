"""Sandboxed commands, with bubblewrap itself: what they see and may change, how they end, and what is said where none can be."""

from __future__ import annotations

import asyncio
import os
import pwd
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from actions.api import Checkable, Lost, Outcome, Result
from actions.command import bwrap, wards
from actions.command.environment import PATH
from actions.command.sandbox import Account, Profile, profile
from actions.command.settings import Sandbox
from tests.unit.actions.attempts import Lent, action, ran, request
from tests.unit.actions.test_command_adopts import ROOT, adopted, killed_daemon
from tests.unit.actions.test_command_runs import wait_for_end

SH = "/bin/sh"
NO_NAMESPACES = 'echo 0 >/proc/sys/user/max_user_namespaces && exec "$@"'
"""Run by `unshare --user`: from then on this is a machine on which nobody can make a namespace."""


def line(script: str) -> list[str]:
    return [SH, "-c", script.replace("{", "{{").replace("}", "}}")]


def boxed(folder: Path, script: str, sandbox: dict[str, Any] | None = None, **settings: Any) -> Result:
    """The result of a shell line in a sandbox."""
    return ran(folder, "command", argv=line(script), sandbox=sandbox or {}, **settings)


def said(folder: Path) -> list[str]:
    return (folder / "stdout").read_text().splitlines()


def lacking(base: Path, **settings: Any) -> str | None:
    made = action(base, "command", **settings)
    assert isinstance(made, Checkable)
    return made.lacking()


@pytest.fixture
def work(tmp_path: Path) -> Path:
    """A folder beside rowd.toml that a command may be shown."""
    made = tmp_path / "work"
    made.mkdir()
    return made


# --- what it sees


def test_what_is_not_named_is_not_there(folder: Path, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("TOKEN=x")
    boxed(folder, f"echo $(ls -A /); ls -A /tmp /run /run/rowd; test -e {tmp_path} || echo gone; ls /etc; ls /etc/ssl")
    top, *rest = said(folder)
    here = set(top.split())
    assert {"dev", "etc", "proc", "run", "tmp", "usr"} <= here
    assert here <= {"bin", "dev", "etc", "lib", "lib32", "lib64", "libx32", "proc", "run", "sbin", "tmp", "usr"}
    assert rest[: rest.index("gone")] == ["/run:", "rowd", "", "/run/rowd:", "output", "stderr", "stdout", "", "/tmp:"]
    assert not {"shadow", "sudoers", "ssh", "rowd", "private"} & set(rest[rest.index("gone") :])


def test_what_is_shown_can_be_read_and_only_where_it_says_so_changed(folder: Path, tmp_path: Path, work: Path) -> None:
    (work / "in").write_text("words\n")
    out = tmp_path / "out"
    out.mkdir()
    script = f"""
        cat {work}/in; cp {work}/in {out}/copy
        for at in {work} / /usr /etc /dev /proc/sys/kernel /bin; do touch $at/new; done; true
    """
    result = boxed(folder, script, {"read": ["work"], "write": [str(out)]})
    assert result == Result(Outcome.SUCCEEDED, "words")
    assert (out / "copy").read_text() == "words\n"
    refused = (folder / "stderr").read_text().splitlines()
    assert len(refused) == 7
    assert [file.name for file in work.iterdir()] == ["in"]


def test_what_stands_in_what_is_shown_can_be_opened_more_or_less(folder: Path, work: Path) -> None:
    (work / "out").mkdir()
    boxed(folder, f"touch {work}/out/new; touch {work}/new; ls {work}", {"read": ["work"], "write": ["work/out"]})
    assert said(folder) == ["out"]
    assert [file.name for file in (work / "out").iterdir()] == ["new"]


def test_its_tmp_is_its_own_and_holds_so_much(folder: Path) -> None:
    script = """
        pwd; echo $HOME; ls -A
        for big in /tmp/big /dev/shm/big; do head -c 2000000 /dev/zero >$big; wc -c <$big; done
    """
    boxed(folder, script, {"tmp": "1 MiB"})
    assert said(folder) == ["/tmp", "/tmp", *[str(2**20)] * 2]


def test_without_a_network_it_reaches_nobody_and_with_one_what_we_reach(folder: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        script = f"readlink /proc/self/ns/net; bash -c 'exec 3<>/dev/tcp/127.0.0.1/{port}' && echo heard"
        ours = str(Path("/proc/self/ns/net").readlink())
        assert boxed(folder, script).outcome is Outcome.FAILED
        assert len(said(folder)) == 1
        assert said(folder) != [ours]
        boxed(folder, script, {"network": True})
        assert said(folder) == [ours, "heard"]


def test_it_has_no_rights_no_other_processes_no_descriptor_and_no_signal_ignored(folder: Path) -> None:
    kept = os.open("/dev/null", os.O_RDONLY)
    os.set_inheritable(kept, True)
    script = """
        echo $(ls /proc/self/fd); readlink /proc/self/fd/0; echo $(ls -d /proc/[0-9]* | wc -l); unshare --user true || echo closed
        exec grep -E '^(Cap...|NoNewPrivs|SigBlk|SigIgn|Uid):' /proc/self/status
    """
    boxed(folder, script)
    os.close(kept)
    fds, stdin, processes, closed, *lines = said(folder)
    assert (fds, stdin, closed) == ("0 1 2 3", "/dev/null", "closed")
    assert int(processes) < 6  # its own
    status = {name: value.split() for name, value in (line.split(":") for line in lines)}
    assert status.pop("Uid") == [str(os.geteuid())] * 4
    assert status.pop("NoNewPrivs") == ["1"]
    of_libc = 0b11 << 31  # as in test_command_runs
    assert {name: int(value, 16) & ~of_libc for name, (value,) in status.items()} == dict.fromkeys(status, 0)
    assert len(status) == 7


def test_its_variables_are_those_of_any_command_but_for_its_folders(folder: Path) -> None:
    given = {"A": "{", "LD_LIBRARY_PATH": "/usr/lib/mine"}
    ran(folder, "command", secrets={"TOKEN": "s3cret-token"}, argv=["/usr/bin/env"], environment=given, sandbox={})
    inside = dict(line.split("=", 1) for line in said(folder))
    ran(folder, "command", secrets={"TOKEN": "s3cret-token"}, argv=["/usr/bin/env"], environment=given)
    usual = dict(line.split("=", 1) for line in said(folder))
    assert inside["TOKEN"] == "***"
    assert inside == {**usual, "HOME": "/tmp", "PWD": "/tmp", "ROWD_OUTPUT": "/run/rowd/output"}


def test_no_variable_makes_bubblewrap_itself_load_what_a_command_may_have_written(folder: Path, work: Path) -> None:
    (work / "evil.so").write_text("")  # ld.so says on stderr that it can't be loaded, once for each program that was to load it
    boxed(folder, "true", {"write": ["work"]}, environment={"LD_PRELOAD": str(work / "evil.so")})
    told = (folder / "stderr").read_text().splitlines()
    assert 2 <= len(told) <= 3  # of env, sh, and what is run: all within
    assert not any(program in line for line in told for program in ("bwrap", "chown"))
    account = Account(1000, 1000, [])
    outside_it = Profile({}, Path("/tmp"), work, network=False, tmp=1).wrapped("bwrap", ["x"], folder, account, {"LD_AUDIT": "y"})
    assert outside_it[outside_it.index("LD_AUDIT") - 1 :][:3] == ["--setenv", "LD_AUDIT", "y"]


# --- what it gives, and how it ends


def test_outputs_statuses_signals_secrets_and_limits_are_those_of_any_command(folder: Path) -> None:
    result = boxed(folder, "echo a=5 >$ROWD_OUTPUT; echo $TOKEN; exit 3", ok_exit_codes=[3], secrets={"TOKEN": "hunter2-hunter2"})
    assert result == Result(Outcome.SUCCEEDED, "***", {"a": 5})
    assert boxed(folder, "echo no >&2; exit 1").summary == "exit 1: no"
    assert boxed(folder, "kill -SEGV $$").summary == "exit 139, killed by SIGSEGV"
    limits = boxed(folder, "ulimit -v; ulimit -t; nice", memory="64 MiB", cpu="7s", nice=5)
    assert said(folder) == ["65536", "7", str(min(19, os.getpriority(os.PRIO_PROCESS, 0) + 5))], limits
    assert boxed(folder, "echo small", memory="16 MiB").summary == "small"
    much = boxed(folder, "exec yes", output_limit="1 kB")
    assert "wrote more than 1 kB to stdout" in much.summary


def alive(work: Path) -> Path:
    """A pipe that ends once all who write into it are gone: their pids mean nothing out here."""
    pipe = work / "alive"
    os.mkfifo(pipe)
    return pipe


TREE = """
exec 9>ALIVE
trap 'sleep 0.3; echo tidied; exit 0' TERM
setsid sh -c 'trap "" TERM; echo begun >&9; while :; do sleep 1000; done' &
while :; do sleep 1000 & wait $!; done
"""


LEFT_BEHIND = """
exec 9>ALIVE
setsid sh -c 'while :; do sleep 1000; done' &
echo begun >&9
exit 4
"""


async def begun(folder: Path, pipe: Path, script: str = TREE, **settings: Any) -> tuple[asyncio.Future[Result], Any]:
    """An attempt whose processes have begun, and the open pipe."""
    made = action(
        pipe.parent.parent, "command", argv=line(script.replace("ALIVE", str(pipe))), sandbox={"write": ["work"]}, **settings
    )
    running = asyncio.ensure_future(made.run(request(), Lent.anew(folder)))
    opened = await asyncio.to_thread(pipe.open)
    assert await asyncio.to_thread(opened.readline) == "begun\n"
    return running, opened


def test_cancelled_the_program_is_asked_to_end_and_what_left_its_group_ends_too(folder: Path, work: Path) -> None:
    async def main() -> None:
        running, opened = await begun(folder, alive(work))
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        assert await asyncio.to_thread(opened.read) == ""
        opened.close()

    asyncio.run(main())
    assert said(folder) == ["tidied"]


def test_what_ignores_sigterm_is_killed(folder: Path, work: Path) -> None:
    async def main() -> None:
        running, opened = await begun(
            folder, alive(work), TREE.replace("'sleep 0.3; echo tidied; exit 0'", "''"), kill_after="0.05s"
        )
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        assert await asyncio.to_thread(opened.read) == ""
        opened.close()

    asyncio.run(main())


def test_what_the_program_leaves_behind_ends_with_it(folder: Path, work: Path) -> None:
    async def main() -> None:
        running, opened = await begun(folder, alive(work), LEFT_BEHIND)
        assert (await running).summary == "exit 4"
        assert await asyncio.to_thread(opened.read) == ""
        opened.close()

    asyncio.run(main())


def test_killed_its_warden_takes_all_of_it_along(folder: Path, work: Path) -> None:
    async def main() -> None:
        running, opened = await begun(folder, alive(work))
        pid = wards.current().pid
        os.kill(pid, signal.SIGKILL)
        wait_for_end(pid)
        assert "its warden was killed by SIGKILL" in (await running).summary
        assert await asyncio.to_thread(opened.read) == ""
        opened.close()

    asyncio.run(main())


def test_it_outlives_its_daemon_and_the_next_one_takes_its_result(folder: Path, work: Path) -> None:
    os.mkfifo(work / "go")
    settings: dict[str, Any] = {"argv": line(f"read word <{work}/go; echo a=5 >$ROWD_OUTPUT; echo $word; exit 3")}
    settings |= {"sandbox": {"read": ["work"]}, "ok_exit_codes": [3]}
    killed_daemon(folder, "after", **settings)
    (work / "go").write_text("well\n")
    found = adopted(folder, **settings)
    assert isinstance(found, Result)
    assert replace(found, past=None) == Result(Outcome.SUCCEEDED, "well", {"a": 5})  # `past` where it had ended by then


def test_an_adopted_one_that_is_killed_with_its_warden_is_lost_and_runs_on_nowhere(folder: Path, work: Path) -> None:
    pipe = alive(work)
    settings: dict[str, Any] = {"argv": line(TREE.replace("ALIVE", str(pipe))), "sandbox": {"write": ["work"]}}
    warden = killed_daemon(folder, "after", **settings)
    with pipe.open() as opened:
        assert opened.readline() == "begun\n"
        os.kill(warden, signal.SIGKILL)
        assert isinstance(adopted(folder, **settings), Lost)
        assert opened.read() == ""


def test_as_another_user_it_is_his_and_has_no_way_back(folder: Path, work: Path) -> None:
    work.chmod(0o755)
    (work / "in").write_text("words\n")
    script = """
        id -u; echo a=5 >$ROWD_OUTPUT; echo $(id -G); cat WORK/in; touch WORK/in || echo kept
        grep -E '^Cap(Prm|Eff|Amb)' /proc/self/status; ln -sf /etc/passwd /run/rowd/link; exit 3
    """
    settings: dict[str, Any] = {"sandbox": {"write": ["work"]}, "user": "nobody", "ok_exit_codes": [3]}
    result = boxed(folder, script.replace("WORK", str(work)), **settings)
    if os.geteuid() != 0:
        assert "only where rowd runs as root" in result.summary
        return
    nobody = pwd.getpwnam("nobody")
    assert (result.outcome, result.outputs) == (Outcome.SUCCEEDED, {"a": 5})
    uid, groups, words, kept, *capabilities = said(folder)
    assert (uid, words, kept) == (str(nobody.pw_uid), "words", "kept")
    assert {int(group) for group in groups.split()} == set(os.getgrouplist("nobody", nobody.pw_gid))
    assert [int(line.split()[1], 16) for line in capabilities] == [0, 0, 0]
    assert folder.stat().st_uid == 0
    assert lacking(folder.parent, argv=line("true"), **settings) is None


def test_rowd_need_not_be_root(work: Path) -> None:
    """The profile as another user would run it; the rest is the same for all."""
    nobody = pwd.getpwnam("nobody")
    who: dict[str, Any] = {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []} if os.geteuid() == 0 else {}
    argv = profile(Sandbox(), work, None).wrapped(bwrap.bwrap(), [SH, "-c", "id -u; exit 3"], None, None, {})
    environment = {"PATH": PATH, "ROWD_OUTPUT": "/run/rowd/output"}
    done = subprocess.run(argv, cwd="/", env=environment, capture_output=True, text=True, check=False, timeout=30, **who)
    assert (done.returncode, done.stdout.strip()) == (3, str(who.get("user", os.geteuid()))), done.stderr


# --- where none can be made


def test_without_bubblewrap_nothing_runs_and_it_is_known_before(folder: Path, work: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bwrap, "PATH", str(work))  # a machine where it isn't
    sandbox = {"write": ["work"]}
    result = boxed(folder, f"touch {work}/ran", sandbox)
    why = "its sandbox needs the program bwrap; install it (Debian: apt install bubblewrap)"
    assert result == Result(Outcome.FAILED, f"it could not be started: {why}")
    assert lacking(folder.parent, argv=["true"], sandbox=sandbox) == why
    assert not list(work.iterdir())


def test_where_no_namespace_can_be_made_nothing_runs_and_it_says_what_to_switch_on(folder: Path, work: Path) -> None:
    program = f"""
from pathlib import Path
from tests.unit.actions.test_command_sandbox import boxed, lacking
folder = Path({str(folder)!r})
print(boxed(folder, "touch {work}/ran", {{"write": ["work"]}}, ok_exit_codes=[0, 1]))
print(lacking(folder.parent, argv=["true"], sandbox={{}}))
"""
    argv = ["unshare", "--user", "--map-root-user", SH, "-c", NO_NAMESPACES, "x", sys.executable, "-c", program]
    done = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    result, known = done.stdout.splitlines()
    switch = "switch them on: sysctl -w user.max_user_namespaces=10000"
    assert result.startswith(
        "Result(outcome=<Outcome.FAILED: 'failed'>, summary=\"it could not be started: its sandbox can't be made"
    )
    assert switch in result
    assert known.startswith("its sandbox can't be made (bwrap: ")
    assert known.endswith(switch)
    assert not list(work.iterdir())


def test_a_sandbox_that_could_not_be_made_is_no_success_whatever_exit_codes_are_and_whoever_asks(
    folder: Path, work: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake = work / "bwrap"
    fake.write_text(f"#!{SH}\necho 'bwrap: setting up uid map: Permission denied' >&2\nexit 1\n")
    fake.chmod(0o755)
    monkeypatch.setattr(bwrap, "PATH", str(work))
    result = boxed(folder, "true", ok_exit_codes=[0, 1])
    assert result.outcome is Outcome.FAILED
    assert "its sandbox can't be made (bwrap: setting up uid map: Permission denied)" in result.summary
    after = adopted(folder, argv=line("true"), ok_exit_codes=[0, 1], sandbox={})
    assert isinstance(after, Result)
    assert (after.outcome, after.summary) == (result.outcome, result.summary)
    without = adopted(folder, argv=line("true"), ok_exit_codes=[0, 1])
    assert isinstance(without, Result)
    assert without.outcome is Outcome.SUCCEEDED


def test_one_that_was_begun_before_its_definition_had_a_sandbox_is_what_it_came_to(folder: Path) -> None:
    settings: dict[str, Any] = {"argv": line("exit 3"), "ok_exit_codes": [3]}
    killed_daemon(folder, "after", **settings)
    found = adopted(folder, sandbox={}, **settings)
    assert isinstance(found, Result)
    assert found.outcome is Outcome.SUCCEEDED


@pytest.mark.parametrize(
    ("file", "value", "remedy"),
    [
        ("kernel/unprivileged_userns_clone", "0", "sysctl -w kernel.unprivileged_userns_clone=1"),
        ("user/max_user_namespaces", "0", "sysctl -w user.max_user_namespaces=10000"),
        ("kernel/apparmor_restrict_unprivileged_userns", "1", "profile that says `userns,`"),
        ("kernel/unprivileged_userns_clone", "1", "docs/how-to/systemd.md"),
    ],
)
def test_what_closes_namespaces_is_named(tmp_path: Path, file: str, value: str, remedy: str) -> None:
    (tmp_path / file).parent.mkdir()
    (tmp_path / file).write_text(f"{value}\n")
    assert remedy in bwrap.unmade("bwrap: No permissions to create a new namespace", tmp_path)


def test_another_user_sees_names_of_users_and_hosts_too(folder: Path) -> None:
    result = boxed(folder, "id -un; stat -c %a /etc; cat /etc/hosts > /run/rowd/hosts && echo read", user="nobody")
    if os.geteuid() != 0:
        assert "only where rowd runs as root" in result.summary
        return
    assert said(folder) == ["nobody", "755", "read"]


# --- what is refused


@pytest.mark.parametrize(
    ("settings", "why"),
    [
        ({"sandbox": {"read": ["."]}}, "would show BASE by BASE"),
        ({"sandbox": {"read": ["/"]}}, "would show BASE by /"),
        ({"sandbox": {"write": ["work/.."]}}, "would show BASE by BASE"),
        ({"sandbox": {"read": [".env"]}}, "would show BASE/.env by BASE/.env"),
        ({"sandbox": {"write": ["rowd.toml"]}}, "would show BASE/rowd.toml by BASE/rowd.toml"),
        ({"sandbox": {"write": [".rowd/ledger.sqlite"]}}, "would show BASE/.rowd by BASE/.rowd/ledger.sqlite"),
        ({"sandbox": {"read": ["/run"]}}, "/run/rowd is made for each run"),
        ({"sandbox": {"read": ["/proc/sys"]}}, "/proc is made for each run"),
        ({"sandbox": {"write": ["/tmp"]}}, "/tmp"),
        ({"sandbox": {"write": ["room"], "read": ["room/in"]}}, "BASE/room/in lies within BASE/room, which its command may change"),
        ({"sandbox": {"write": ["work", "work/deep/out"]}}, "lies within BASE/work"),
        ({"sandbox": {"write": ["work"], "read": ["./work"]}}, "BASE/work stands in sandbox.read and in sandbox.write"),
        ({"sandbox": {}, "cwd": "work"}, "its cwd BASE/work isn't shown by its sandbox"),
    ],
)
def test_a_definition_whose_sandbox_would_be_none_is_refused(tmp_path: Path, settings: dict[str, Any], why: str) -> None:
    base = Path("/srv/rowd")
    with pytest.raises(ValueError, match="sandbox") as refused:
        action(base, "command", argv=["true"], **settings)
    assert why.replace("BASE", str(base)) in str(refused.value)


def test_one_is_refused_whose_rowd_toml_stands_in_what_every_sandbox_shows() -> None:
    with pytest.raises(ValueError, match="would show /usr/local/etc/rowd by /usr"):
        action(Path("/usr/local/etc/rowd"), "command", argv=["true"], sandbox={})


def test_what_is_not_there_or_leads_to_what_rowd_keeps_is_known_before_and_nothing_runs(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path)
    for sandbox, why in (
        ({"read": ["gone"]}, f"there is no {tmp_path}/gone; create it, or correct sandbox.read"),
        ({"write": ["link"]}, f"its sandbox would show {tmp_path} by {tmp_path}/link"),
    ):
        result = boxed(folder, "true", sandbox)
        assert result.summary.startswith(f"it could not be started: {why}")
        assert (lacking(tmp_path, argv=["true"], sandbox=sandbox) or "").startswith(why)
    (tmp_path / "real").mkdir()
    (tmp_path / "alias").symlink_to("real")
    assert f"would show {tmp_path}/alias by {tmp_path}/real" in (
        lacking(tmp_path / "alias", argv=["true"], sandbox={"read": ["../real"]}) or ""
    )
    (tmp_path / ".env").write_text("TOKEN=x")
    (tmp_path / "named").symlink_to(".env")
    assert f"would show {tmp_path}/.env by {tmp_path}/named" in (
        lacking(tmp_path, argv=["true"], sandbox={"read": ["named"]}) or ""
    )
    runs = tmp_path / "state" / "runs"
    attempt = runs / "01RUN" / "1"
    attempt.parent.mkdir(parents=True)
    made = action(tmp_path, "command", argv=["true"], sandbox={"read": ["state"]})
    result = asyncio.run(made.run(request(), Lent(attempt)))
    assert result.summary.startswith(f"it could not be started: its sandbox would show {runs} by {tmp_path}/state")


def test_a_program_that_is_not_shown_is_known_before_and_told_when_it_runs(folder: Path, tmp_path: Path, work: Path) -> None:
    script = work / "script"
    script.write_text(f"#!{SH}\necho ran\n")
    script.chmod(0o755)
    (work / "link").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "elsewhere").write_text("")
    (tmp_path / "elsewhere").chmod(0o755)
    why = f"its sandbox doesn't show {work}/script; add that, or its folder, to sandbox.read"
    assert lacking(tmp_path, argv=["work/script"], sandbox={}) == why
    assert ran(folder, "command", argv=["work/script"], sandbox={}).summary == f"it could not be started: {why}"
    assert lacking(tmp_path, argv=["work/script"], sandbox={"read": ["work"]}) is None
    assert ran(folder, "command", argv=["./script"], sandbox={"read": ["work"]}, cwd="work").summary == "ran"
    assert "doesn't show" in (lacking(tmp_path, argv=["work/link"], sandbox={"read": ["work"]}) or "")


# --- what is run


def test_what_is_run_in_place_of_the_program(tmp_path: Path) -> None:
    made = profile(Sandbox(read=(Path("/srv/data"),), write=(Path("/srv/out"),), tmp=4096), tmp_path, Path("/srv/data"))
    argv = made.wrapped("/usr/bin/bwrap", ["/usr/bin/du", "-s"], Path("/state/runs/01/1"), None, {})
    deaf = "HUP,INT,QUIT,USR1,USR2,ALRM,PIPE,TERM"
    assert argv[:3] == ["/usr/bin/env", f"--ignore-signal={deaf}", "/usr/bin/bwrap"]
    at = argv.index("--")
    assert argv[at + 1 :] == [
        *("/usr/bin/env", f"--default-signal={deaf}", "/bin/sh", "-c", ': >>"$ROWD_OUTPUT" && exec "$@"', "rowd"),
        *("/usr/bin/du", "-s"),
    ]
    options = argv[3:at]
    assert options[:10] == [
        *("--unshare-user", "--disable-userns", "--unshare-ipc", "--unshare-pid", "--unshare-uts", "--unshare-cgroup-try"),
        *("--unshare-net", "--die-with-parent", "--cap-drop", "ALL"),
    ]
    own = options.index("--proc")
    assert options[own:] == [
        *("--proc", "/proc", "--dev", "/dev", "--size", "4096", "--tmpfs", "/dev/shm", "--remount-ro", "/dev"),
        *("--perms", "1777", "--size", "4096", "--tmpfs", "/tmp", "--dir", "/run", "--dir", "/srv"),
        *("--ro-bind", "/srv/data", "/srv/data", "--bind", "/srv/out", "/srv/out", "--bind", "/state/runs/01/1", "/run/rowd"),
        *("--remount-ro", "/", "--chdir", "/srv/data"),
    ]
    system, at = options[10:own], options.index("--dir") - 10
    assert system[at : at + 2] == ["--dir", "/etc"]
    del system[at : at + 2]
    assert set(system[::3]) <= {"--ro-bind", "--symlink"}
    top = {path for path in system[2::3] if not path.startswith("/etc/")}
    assert {"/usr"} <= top <= {"/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32"}
