"""Programs at their worst: two hundred that hang and ignore SIGTERM, some that write without end, some that are killed."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.acceptance.site import Site, eventually

Make = Callable[..., Site]

TICK = "t,tick,work,every 1 second,active,,,,,,,"
MANY = 200
SEEN = """\
import os
log = os.open(os.environ["WITNESS"], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
os.write(log, f"{os.environ['ROWD_RUN_ID']} {os.environ['ROWD_ATTEMPT']} {os.getpid()}\\n".encode())
os.fsync(log)
"""
DEAF = "import signal\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\nwhile True:\n    signal.pause()\n"
ENDLESS = "while True:\n    os.write(1, bytes(1 << 20))\n"
GIVES_BACK = (
    "out = os.open(os.environ['ROWD_OUTPUT'], os.O_WRONLY | os.O_CREAT)\nwhile True:\n    os.write(out, b'a=1\\n' * 100_000)\n"
)
SPARSE = """\
big = os.open(os.path.join(os.path.dirname(os.environ["ROWD_OUTPUT"]), "big"), os.O_WRONLY | os.O_CREAT)
os.truncate(big, 10 << 30)
print("made")
"""
SPARSE_OUTPUT = "os.truncate(os.open(os.environ['ROWD_OUTPUT'], os.O_WRONLY | os.O_CREAT), 10 << 30)\n"


def define(here: Site, name: str, program: str, more: str = "") -> None:
    """An action that runs this program once it has witnessed itself."""
    file = here.folder / f"{name}.witness.py"
    file.write_text(SEEN + program)
    with (here.folder / "rowd.toml").open("a") as config:
        config.write(f'[actions.{name}]\nkind = "command"\nargv = ["{sys.executable}", "-S", "{file}"]\n')
        config.write(f'environment = {{ WITNESS = "{here.seen}" }}\n{more}')


def of(task: str) -> Callable[[dict[str, Any]], bool]:
    return lambda event: event["task"] == task


def state_of(pid: int) -> tuple[str, int]:
    """Its state and its parent; ("", 0) where there is none."""
    try:
        state, parent, *_ = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return "", 0
    return state, int(parent)


def zombies_of(parents: set[int]) -> list[int]:
    found = [int(one.name) for one in Path("/proc").iterdir() if one.name.isdigit()]
    return [pid for pid in found if state_of(pid)[0] == "Z" and state_of(pid)[1] in parents]


def test_two_hundred_that_hang_are_ended_in_time_and_nobody_waits_for_them(site: Make) -> None:
    here = site(TICK, *(f"{n},h{n},hang,now,active,,,,,,," for n in range(MANY)), parallel=256)
    define(here, "hang", DEAF, 'timeout = "5s"\nkill_after = "1s"\n')
    daemon = here.start()
    eventually(lambda: len({run for run, _, _ in here.witnessed()}) > MANY)
    warden = state_of(here.witnessed()[0][2])[1] or state_of(here.witnessed()[-1][2])[1]
    before = time.monotonic()
    told = here.rowd("status")
    assert (told.returncode, time.monotonic() - before < 2.0) == (0, True)

    hung: list[dict[str, Any]] = []
    daemon.until("run.ended", lambda event: event["outcome"] == "timed out" and (hung.append(event) or len(hung) == MANY))  # type: ignore[func-returns-value]  # append gives None
    assert {event["reason"] for event in hung} == {"stopped after 5s"}
    assert max(event["duration_s"] for event in hung) < 5 + 1 + 4
    assert zombies_of({daemon.process.pid, warden}) == []
    assert [pid for _, _, pid in here.witnessed() if state_of(pid)[0] not in ("", "Z") and state_of(pid)[1] == warden] == []
    assert max(e["late_s"] for e in daemon.events if e["event"] == "run.started" and e["task"] == "tick") < 5
    assert daemon.stop() == 0
    here.laws()


def test_two_hundred_that_hang_keep_no_daemon_from_stopping_in_time(site: Make) -> None:
    here = site(*(f"{n},h{n},hang,now,active,,,,,,," for n in range(MANY)), parallel=256)
    config = here.folder / "rowd.toml"
    config.write_text(config.read_text().replace('stop_within = "5s"', 'stop_within = "1s"'))
    define(here, "hang", DEAF, 'kill_after = "1s"\n')
    daemon = here.start()
    eventually(lambda: len({run for run, _, _ in here.witnessed()}) == MANY)
    before = time.monotonic()
    assert daemon.stop() == 0
    assert time.monotonic() - before < 1 + 1 + 5
    assert [pid for _, _, pid in here.witnessed() if state_of(pid)[0] not in ("", "Z")] == []
    here.laws()
    assert {record["outcome"] for record in here.history()} == {"cancelled"}


def test_what_writes_without_end_is_stopped_and_the_others_run_on(site: Make) -> None:
    names = ("endless", "output", "sparse", "holes")
    here = site(TICK, *(f"{name},{name},{name},now,active,,,,,,," for name in names))
    for name, program in zip(names, (ENDLESS, GIVES_BACK, SPARSE, SPARSE_OUTPUT), strict=True):
        define(here, name, program, 'output_limit = "1 MB"\n')
    daemon = here.start()
    ends = {name: daemon.until("run.ended", of(name)) for name in names}
    much = "it wrote more than 1 MB to {}; make it say less, or raise its output_limit"
    assert ends["endless"]["reason"] == much.format("stdout")
    assert ends["output"]["reason"] == ends["holes"]["reason"] == much.format("$ROWD_OUTPUT")
    assert (ends["sparse"]["outcome"], ends["sparse"]["reason"]) == ("succeeded", "made")
    runs = here.folder / ".rowd" / "runs"
    taken = sum(file.stat().st_blocks * 512 for file in runs.rglob("*") if file.is_file())
    assert taken < 5_000_000
    assert max(e["late_s"] for e in daemon.events if e["event"] == "run.started" and e["task"] == "tick") < 5
    assert daemon.stop() == 0
    here.laws()


def test_what_the_system_kills_for_want_of_memory_has_failed_and_says_so(site: Make) -> None:
    here = site(TICK, "1,first,hang,now,active,,,,,,,", "2,second,hang,now,active,,,,,,,")
    define(here, "hang", DEAF)
    daemon = here.start()
    runs = {name: daemon.until("run.started", of(name))["run"] for name in ("first", "second")}
    eventually(lambda: set(runs.values()) <= {run for run, _, _ in here.witnessed()})
    pids = {name: next(pid for run, _, pid in here.witnessed() if run == runs[name]) for name in runs}
    warden = state_of(pids["first"])[1]
    os.kill(pids["first"], signal.SIGKILL)
    first = daemon.until("run.ended", of("first"))
    assert (first["outcome"], first["reason"]) == ("failed", "exit 137, killed by SIGKILL (out of memory?)")
    os.kill(warden, signal.SIGKILL)
    second = daemon.until("run.ended", of("second"))
    assert (second["outcome"], second["reason"]) == ("failed", "its warden was killed by SIGKILL (out of memory?)")
    eventually(lambda: state_of(pids["second"])[0] in ("", "Z"))
    started = len(here.witnessed())
    eventually(lambda: len(here.witnessed()) > started + 1)  # by another warden
    assert daemon.stop() == 0
    here.laws()
