"""The daemon as a process, mostly as it was installed: signals, edits, a table that comes and goes."""

from __future__ import annotations

import fcntl
import json
import os
import signal
import struct
import subprocess
import termios
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from rowd.lock import locked
from tests.acceptance.site import PATIENCE, ROWD, Site, clean_environment, eventually

Make = Callable[..., Site]
GATED = "a,once,gated,now,active,,,,,,,"
IDLE = "a,idle,work,daily 03:00,active,,,,,,,"

ROOT = Path(__file__).parents[2]


def test_sigterm_lets_running_work_end_and_tells_the_table(site: Make) -> None:
    here = site(GATED)
    daemon = here.start(installed=True)
    daemon.until("run.started")
    here.at_the_gate()
    daemon.process.send_signal(signal.SIGTERM)
    here.open_gate()
    assert daemon.ended() == 0
    assert here.rows()["once"]["Last Status"] == "succeeded"
    assert here.rows()["once"]["Status"] == "completed"


def test_work_that_takes_longer_than_the_limit_is_ended_and_recorded_as_cancelled(site: Make) -> None:
    here = site(GATED)
    config = here.folder / "rowd.toml"
    config.write_text(config.read_text().replace('stop_within = "5s"', 'stop_within = "0s"'))
    daemon = here.start(installed=True)
    daemon.until("run.started")
    pid = here.at_the_gate()
    assert daemon.stop() == 0
    assert daemon.until("run.ended")["outcome"] == "cancelled"
    assert here.history()[0]["outcome"] == "cancelled"
    assert not os.path.exists(f"/proc/{pid}")  # noqa: PTH110 (a path of the kernel's)


def test_a_second_signal_ends_at_once_and_the_next_daemon_takes_the_work_over(site: Make) -> None:
    here = site(GATED)
    daemon = here.start(installed=True)
    daemon.until("run.started")
    here.at_the_gate()
    daemon.process.send_signal(signal.SIGINT)
    while daemon.process.poll() is None:  # the first may still be on its way when the second comes
        daemon.process.send_signal(signal.SIGINT)
        daemon._more(time.monotonic() + 0.05)  # without a pause there would be so many that it does nothing but count them
    assert daemon.process.returncode == 130
    again = here.start(installed=True)
    again.until("table.read")
    here.open_gate()
    assert again.until("run.ended")["outcome"] == "succeeded"
    assert again.stop() == 0
    here.laws()


def test_sighup_reads_the_configuration_anew_and_keeps_the_old_one_when_it_is_wrong(site: Make) -> None:
    here = site("a,new,fresh,now,active,,,,,,,")
    daemon = here.start(installed=True)
    assert "fresh" in daemon.until("row.defective")["message"]
    config = here.folder / "rowd.toml"
    good = config.read_text()
    config.write_text(good + "\n[actions.fresh]\nkind = 'nonsense'\n")
    daemon.process.send_signal(signal.SIGHUP)
    assert "actions.fresh.kind" in daemon.until("config.refused")["message"]
    config.write_text(good + "\n[actions.fresh]\nkind = 'simulate'\n")
    daemon.process.send_signal(signal.SIGHUP)
    assert daemon.until("config.reloaded")["restart"] == []
    assert daemon.until("run.ended")["outcome"] == "succeeded"
    (here.folder / "more.csv").write_text("ID,Name,Action,Schedule,Health\n1,added,fresh,now,\n")
    config.write_text(config.read_text() + '\n[tables.more]\nconnector = "local"\npath = "more.csv"\n')
    daemon.process.send_signal(signal.SIGHUP)
    assert daemon.until("run.ended", lambda event: event["table"] == "more")["outcome"] == "succeeded"
    config.write_text(good + "\n[actions.fresh]\nkind = 'simulate'\n")
    daemon.process.send_signal(signal.SIGHUP)
    daemon.until("table.dropped", lambda event: event["table"] == "more")
    assert daemon.stop() == 0
    assert not any(event.get("restart") for event in daemon.events)


def test_an_edit_is_noticed_at_once_and_a_press_runs_the_row(site: Make) -> None:
    here = site(IDLE)
    daemon = here.start(installed=True)
    daemon.until("table.read")
    here.type_in("idle", "Do", "run now")
    assert daemon.until("row.edited")["column"] == "Do"
    assert daemon.until("run.started")["cause"] == "manual"
    daemon.until("run.ended")
    assert daemon.stop() == 0
    assert (here.rows()["idle"]["Do"], here.rows()["idle"]["Runs"]) == ("", "1")


def test_secrets_that_others_can_read_are_told_once_at_the_start_and_stop_nothing(site: Make) -> None:
    here = site(IDLE)
    (here.folder / ".env").write_text("TOKEN=x\n")
    (here.folder / ".env").chmod(0o644)
    daemon = here.start()
    daemon.until("table.read")
    told = [event["message"] for event in daemon.events if event["event"] == "config.doubted"]
    assert [message.rpartition(": ")[2] for message in told] == [f"chmod 600 {here.folder / '.env'}"]
    assert daemon.stop() == 0


def test_rows_that_vanish_at_once_hold_the_table_until_somebody_says_that_it_was_meant(site: Make) -> None:
    here = site(IDLE, *(f"m{n},mass{n},work,daily 03:00,active,,,,,,," for n in range(4)))
    daemon = here.start()
    daemon.until("table.read")
    here.table.write_text("".join(line for line in here.table.read_text().splitlines(keepends=True) if "mass" not in line))
    assert "`rowd delete --gone`: at once" in daemon.until("table.held")["message"]
    unsure = here.rowd("delete", "--gone")
    assert unsure.returncode == 2
    assert "--yes" in unsure.stderr
    said = here.rowd("delete", "--gone", "--yes", "--json")
    assert said.returncode == 0, said.stderr
    assert [(r["id"], r["name"], r["taken"]) for r in json.loads(said.stdout)["rows"]] == [
        (f"m{n}", f"mass{n}", True) for n in range(4)
    ]
    daemon.until("table.released")
    assert {event["task"] for event in daemon.events if event["event"] == "row.vanished"} == {f"mass{n}" for n in range(4)}
    nothing = here.rowd("delete", "--gone", "--yes")
    assert (nothing.returncode, nothing.stdout) == (5, "")
    assert daemon.stop() == 0


def test_a_deleted_table_is_never_made_anew_and_goes_on_when_it_is_back(site: Make) -> None:
    here = site(IDLE)
    daemon = here.start()
    daemon.until("table.read")
    away = here.folder / "away.csv"
    here.table.rename(away)
    gone = daemon.until("table.unreachable")
    assert gone["needs_owner"]
    assert not here.table.exists()
    away.rename(here.table)
    daemon.until("table.recovered")
    assert daemon.stop() == 0


def test_a_table_made_read_only_runs_on_and_is_told_what_waits_when_it_is_given_back(site: Make) -> None:
    here = site("a,once,gated,now,active,,,,,,,")
    daemon = here.start()
    daemon.until("run.started")
    here.at_the_gate()
    eventually(lambda: here.rows()["once"]["Last Status"] == "running")
    here.table.chmod(0o444)
    here.open_gate()
    assert "chmod u+w" in daemon.until("table.unwritable")["message"]
    status = here.rowd("status", "--json")
    assert (status.returncode, json.loads(status.stdout)["tables"][0]["state"]) == (1, "unwritable")
    assert here.rows()["once"]["Last Status"] == "running"
    here.table.chmod(0o644)
    daemon.until("table.writable")
    assert here.rows()["once"]["Last Status"] == "succeeded"
    assert daemon.stop() == 0
    assert not any(event["event"] == "table.unreachable" for event in daemon.events)


def test_commands_reach_the_running_daemon_through_the_ledger(site: Make) -> None:
    here = site(IDLE, "b,count,work,,active,,,,,,,")
    here.type_in("count", "Action", "gated")
    here.table.write_text(here.table.read_text().replace("b,count,gated,", "b,count,gated,now"))
    daemon = here.start()
    daemon.until("run.started", lambda e: e["task"] == "count")
    here.at_the_gate()
    refused = here.rowd("run-now", "count", installed=True)
    assert refused.returncode == 5
    assert "still running since" in refused.stdout + refused.stderr
    taken = here.rowd("run-now", "idle", "--wait", installed=True)
    assert taken.returncode == 0, taken.stderr
    cancelled = here.rowd("cancel", "count", installed=True)
    assert cancelled.returncode == 0, cancelled.stderr
    assert daemon.until("run.ended", lambda e: e["task"] == "count")["outcome"] == "cancelled"
    assert daemon.stop() == 0
    by = {record["task"]: record["by"] for record in here.history()}
    assert by["idle"].startswith("cli:")


def test_one_pass_runs_what_is_due_and_says_how_it_went(site: Make) -> None:
    here = site("a,once,work,now,active,,,,,,,", "b,bad,nothing,daily,active,,,,,,,")
    first = here.rowd("once", installed=True)
    assert first.returncode == 0, first.stderr
    assert "1 run, 0 failed" in first.stdout
    assert here.rows()["once"]["Status"] == "completed"
    assert here.rows()["bad"]["Health"].startswith('ERROR: Action "nothing"')
    second = here.rowd("once", "--json", installed=True)
    assert second.returncode == 0, second.stderr
    assert '"runs": []' in second.stdout
    here.laws()


def test_after_passes_alone_status_and_history_know_the_table_whatever_becomes_of_the_configuration(site: Make) -> None:
    here = site("a,once,work,now,active,,,,,,,")
    assert here.rowd("once", "--quiet").returncode == 0
    config = here.folder / "rowd.toml"
    config.write_text(config.read_text().replace('connector = "local"', 'connector = "locl"'))
    (told,) = json.loads(here.rowd("status", "--json").stdout)["tables"]
    assert (told["table"], told["state"], told["tasks"]) == ("ops", "ok", 1)
    assert [run["task"] for run in json.loads(here.rowd("history", "--table", "ops", "--json").stdout)["runs"]] == ["once"]


def test_one_pass_ends_with_one_where_a_run_failed(site: Make) -> None:
    here = site("a,once,broken,now,active,,,,,,,")
    config = here.folder / "rowd.toml"
    config.write_text(config.read_text() + "\n[actions.broken]\nkind = 'simulate'\nfail = true\nrepeatable = false\n")
    assert here.rowd("once", "--quiet").returncode == 1
    assert here.rows()["once"]["Last Status"] == "failed"


def test_a_mistake_in_the_configuration_is_told_with_file_key_and_remedy(site: Make) -> None:
    here = site(IDLE)
    config = here.folder / "rowd.toml"
    same = '[tables.same]\nconnector = "local"\npath = "tasks.csv"\n'
    config.write_text(config.read_text() + f'\n{same}[tables.more]\nconnector = "locl"\n[daemn]\n')
    answer = here.rowd("run", installed=True)
    assert "tables.same: is the same store as tables.ops" in answer.stderr
    assert answer.returncode == 4
    assert "tables.more.connector" in answer.stderr
    assert '"local"' in answer.stderr or "local" in answer.stderr
    assert "daemn" in answer.stderr
    assert "Traceback" not in answer.stderr


@contextmanager
def on_a_terminal(here: Site, *command: str) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """The command of rowd on a terminal of its own, and that terminal's other end; both are gone at the end."""
    with terminal_of(here.folder, str(ROWD), *command) as opened:
        yield opened


@contextmanager
def terminal_of(folder: Path, *command: str) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    ours, its = os.openpty()
    process = subprocess.Popen(
        ["setsid", "--ctty", "--wait", *command],
        cwd=folder, env={**clean_environment(), "TERM": "xterm"}, stdin=its, stdout=its, stderr=its,
    )  # fmt: skip
    os.close(its)
    try:
        yield process, ours
        process.wait(PATIENCE)
    finally:
        with suppress(OSError):
            os.close(ours)
        process.kill()
        process.wait()


def shown_until(terminal: int, text: bytes) -> None:
    seen = b""
    while text not in seen:
        try:
            seen += os.read(terminal, 65536)
        except OSError:  # nobody has it open any more
            raise AssertionError(f"it ended without showing {text!r}:\n{seen.decode(errors='replace')}") from None


@pytest.mark.parametrize("command", [(str(ROWD), "demo", "demo"), ("make", "--file", str(ROOT / "Makefile"), "demo")])
def test_ctrl_c_ends_the_demo_and_that_is_no_failure(tmp_path: Path, command: tuple[str, ...]) -> None:
    for name in (".venv", "requirements.txt", "pyproject.toml"):
        (tmp_path / name).symlink_to(ROOT / name)
    with terminal_of(tmp_path, *command) as (process, terminal):
        shown_until(terminal, b"Ctrl-C ends the demo")
        os.write(terminal, b"\x03")
        shown_until(terminal, b"folder stays")
    assert process.returncode == 0


def test_the_demo_ends_with_what_started_it(tmp_path: Path) -> None:
    with subprocess.Popen(
        ["sh", "-c", f"{ROWD} demo demo --seconds 3600 & exec cat"],
        cwd=tmp_path, env=clean_environment(), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    ) as process:  # fmt: skip
        assert process.stdout is not None
        while b"added" not in process.stdout.readline():
            assert process.poll() is None
        process.kill()
        assert b"daemon.stopped" in process.stdout.read()  # to its end: nobody has it open any more


@pytest.mark.parametrize("command", [("run",), ("run", "--live"), ("demo", "demo")])
def test_a_closed_terminal_is_the_end_of_what_runs_in_it(site: Make, command: tuple[str, ...]) -> None:
    here = site(IDLE)
    with on_a_terminal(here, *command) as (_, terminal):
        shown_until(terminal, b"added")  # by then it listens to signals
        os.close(terminal)
    state = here.folder / ("demo/.rowd" if "demo" in command else ".rowd")
    with locked(state):  # nobody has it any more
        pass


def test_a_live_view_that_nobody_reads_stops_no_work(site: Make) -> None:
    here = site(IDLE, *(f"r{n},row {n},work,daily 03:00,active,,,,,,," for n in range(300)))
    with on_a_terminal(here, "run", "--live") as (process, terminal):
        fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 400, 400, 0, 0))  # one picture is more than a terminal holds
        shown_until(terminal, b"added")
        for _ in range(3):
            taken = here.rowd("run-now", "idle", "--wait")
            assert taken.returncode == 0, taken.stderr
        os.kill(json.loads(here.rowd("status", "--json").stdout)["pid"], signal.SIGTERM)
    assert process.returncode == 0
    assert len(here.history()) == 3


def test_on_a_terminal_that_stays_sighup_reads_the_configuration_anew(site: Make) -> None:
    here = site(IDLE)
    with on_a_terminal(here, "run") as (process, terminal):
        shown_until(terminal, b"added")
        pid = json.loads(here.rowd("status", "--json").stdout)["pid"]
        os.kill(pid, signal.SIGHUP)
        shown_until(terminal, b"config.reloaded")
        os.kill(pid, signal.SIGTERM)
        shown_until(terminal, b"daemon.stopped")
    assert process.returncode == 0


def test_a_log_that_cannot_be_written_stops_no_work(site: Make) -> None:
    here = site(IDLE)
    with Path("/dev/full").open("w") as full:
        daemon = subprocess.Popen([ROWD, "run"], cwd=here.folder, env=clean_environment(), stdout=full, stderr=full)
        try:
            while (asked := here.rowd("run-now", "idle", "--wait")).returncode == 3 and daemon.poll() is None:  # until it is there
                pass
            assert asked.returncode == 0, asked.stderr
        finally:
            daemon.terminate()
            assert daemon.wait(PATIENCE) == 0


def test_a_renamed_table_waits_for_a_restart_and_the_others_are_served(site: Make) -> None:
    here = site(IDLE)
    daemon = here.start()
    daemon.until("table.read")
    config = here.folder / "rowd.toml"
    (here.folder / "more.csv").write_text("ID,Name,Action,Schedule,Health\n1,added,work,now,\n")
    more = '\n[tables.more]\nconnector = "local"\npath = "more.csv"\n'
    config.write_text(config.read_text().replace("[tables.ops]", "[tables.renamed]") + more)
    daemon.process.send_signal(signal.SIGHUP)
    assert daemon.until("config.reloaded")["restart"] == ["renamed"]
    assert daemon.until("run.ended", lambda event: event["table"] == "more")["outcome"] == "succeeded"
    told = here.rowd("status")
    assert "restart the daemon" in " ".join(told.stdout.split())
    assert daemon.stop() == 0


def test_a_second_daemon_on_the_state_or_on_the_table_is_refused_alike(site: Make) -> None:
    here = site(IDLE)
    daemon = here.start()
    daemon.until("table.read")
    assert here.rowd("run").returncode == 5
    (here.folder / "other.toml").write_text(
        (here.folder / "rowd.toml").read_text().replace("[daemon]", '[daemon]\nstate_dir = "x"')
    )
    second = here.rowd("run", "--config", "other.toml")
    assert "is held by" in second.stderr
    assert second.returncode == 5
    assert daemon.stop() == 0


def test_an_editor_that_saves_twice_has_pressed_once(site: Make) -> None:
    here = site(IDLE)
    daemon = here.start()
    eventually(lambda: here.rows()["idle"]["Health"].startswith("OK"))
    pressed = here.table.read_text().replace(",active,,", ",active,run now,")
    here.table.write_text(pressed)
    eventually(lambda: not here.rows()["idle"]["Do"])
    here.table.write_text(pressed)  # the editor still shows what it opened
    daemon.until("run.ended")
    assert daemon.stop() == 0
    assert [event["event"] for event in daemon.events if event["event"].startswith("request.")] == ["request.taken"]
