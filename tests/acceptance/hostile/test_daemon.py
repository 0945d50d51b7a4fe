"""One long-lived daemon that hostile files come and go under: it says each once, touches none, and goes on by itself."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.hostile.case import DRAFT, HEADER, WHOLE, Refused, table
from tests.acceptance.hostile.house import build, unlike, untouched
from tests.acceptance.hostile.odd import ODD
from tests.acceptance.hostile.refused import ENCODINGS, HEADERS, KINDS
from tests.acceptance.hostile.special import SPECIAL
from tests.acceptance.site import Daemon

pytestmark = pytest.mark.timeout(300)

ASLEEP = table("s,sleeper,work,daily 03:00,active,,")
"""A table in which nothing is due."""

MOST_MEMORY = 250 * 1024 * 1024

PASSING = {"empty", "blanks", "bom-only", "delimiters-only"}
"""Perhaps just being saved, so that the daemon waits some seconds before it says anything; one is enough."""

GROUPS = {
    "kinds": KINDS,
    "encodings": ENCODINGS,
    "headers": [case for case in HEADERS if case.name not in PASSING or case.name == "delimiters-only"],
    "special": SPECIAL,
}


LANES = ("ops", "dev", "lab", "shop")
"""Tables of one daemon. Each has its share of the cases, one after the other: for most of the time a file is looked at again."""

GOES_AND_COMES = {True: ("table.held", "table.released"), False: ("table.unreachable", "table.recovered")}
"""By whether a case is held."""


@contextmanager
def running(folder: Path) -> Iterator[Daemon]:
    """A daemon on this site. In the end all that it logged was events, and none was of trouble that nobody had thought of."""
    daemon = Daemon(folder, ["run", "--log", "json"], installed=True)
    try:
        yield daemon
        assert daemon.stop() == 0
        assert daemon.other == []
        assert [event["message"] for event in daemon.events if event["event"] == "trouble"] == []
    finally:
        daemon.kill()


def after(daemon: Daemon, name: str, when: Callable[[dict[str, Any]], bool], since: int) -> dict[str, Any]:
    """The first event of this name that came after so many others, and that `when` says yes to."""
    return daemon.until(name, lambda event: any(event is one for one in daemon.events[since:]) and when(event))


def set_down(path: Path, put: Callable[[Path], None]) -> None:
    """Let what `put` makes take the place of what stands there, in one step where that is possible."""
    beside = path.with_name("beside")
    put(beside)
    if beside.is_dir() and not beside.is_symlink():
        path.unlink()
    elif not beside.is_symlink() and not beside.exists():
        path.unlink()  # the case is that nothing stands there
        return
    beside.rename(path)


def restored(path: Path) -> None:
    """Put the good table back, as a person would who found the mistake."""
    if path.is_dir() and not path.is_symlink():
        path.rmdir()
    set_down(path, lambda beside: beside.write_bytes(ASLEEP) and None)


@pytest.mark.parametrize("group", GROUPS)
def test_a_daemon_survives_one_after_the_other_and_goes_on_by_itself(tmp_path: Path, group: str) -> None:
    folder = build(tmp_path / "site", LANES)
    paths = {lane: folder / f"{lane}.csv" for lane in LANES}
    for path in paths.values():
        path.write_bytes(ASLEEP)
    with running(folder) as daemon:
        for lane in LANES:
            daemon.until("table.read", lambda event, lane=lane: event["table"] == lane)
        for cases in batched(GROUPS[group], len(LANES)):
            at_once = dict(zip(LANES, cases, strict=False))
            since = len(daemon.events)
            for lane, case in at_once.items():
                set_down(paths[lane], _named_as(case, paths[lane]))
            stands = {lane: untouched(paths[lane]) for lane in at_once}
            said = {lane: _said(daemon, lane, case, since) for lane, case in at_once.items()}
            assert {lane: untouched(paths[lane]) for lane in at_once} == stands
            for lane in at_once:
                restored(paths[lane])
            for lane, case in at_once.items():
                bad, good = GOES_AND_COMES[bool(case.held)]
                after(daemon, good, lambda event, lane=lane: event["table"] == lane, since)
                heard = [(e["event"], e["table"], e["message"]) for e in daemon.events[since:] if "message" in e]
                times = heard.count((bad, lane, said[lane]))
                assert times == 1, f"{case.name} was said {times} times"
        for path in paths.values():
            set_down(path, lambda beside: beside.write_bytes(ASLEEP.rstrip() + b"\n" + WHOLE.removeprefix(HEADER)) and None)
        for lane in LANES:
            ended = daemon.until("run.ended", lambda event, lane=lane: event["table"] == lane)
            assert ended["outcome"] == "succeeded"
        assert _memory(daemon) < MOST_MEMORY
    for path in paths.values():
        assert path.read_bytes() == ASLEEP + WHOLE.removeprefix(HEADER).replace(b"active,,", b"completed,,succeeded")


def batched(cases: Sequence[Refused], size: int) -> Iterator[Sequence[Refused]]:
    """In their order, so many at a time."""
    return (cases[at : at + size] for at in range(0, len(cases), size))


def _said(daemon: Daemon, lane: str, case: Refused, since: int) -> str:
    """What it said of this case, once it did."""
    bad, _ = GOES_AND_COMES[bool(case.held)]
    found = after(daemon, bad, lambda event: event["table"] == lane and bool(re.search(case.said, event["message"])), since)
    message = str(found["message"])
    assert re.search(case.remedy, message), message
    return message


def _named_as(case: Refused, path: Path) -> Callable[[Path], None]:
    """Links of a case that lead back to it by name must have the name of the table."""

    def put(beside: Path) -> None:
        if case.name == "link-to-itself":
            beside.symlink_to(path.name)
        elif case.name == "link-loop":
            other = path.with_suffix(".loop")
            other.symlink_to(path.name)
            beside.symlink_to(other.name)
        else:
            case.put(beside)

    return put


def test_odd_tables_that_come_while_the_daemon_runs_are_run_and_kept_to_the_byte(tmp_path: Path) -> None:
    folder = build(tmp_path / "site", [case.name for case in ODD])
    for case in ODD:
        (folder / f"{case.name}.csv").write_bytes(HEADER)
    with running(folder) as daemon:
        for case in ODD:
            daemon.until("table.read", lambda event, case=case: event["table"] == case.name)
        for case in ODD:
            set_down(folder / f"{case.name}.csv", lambda beside, case=case: beside.write_bytes(case.content) and None)
        for case in ODD:
            if case.runs:
                ended = daemon.until("run.ended", lambda event, case=case: event["table"] == case.name)
                assert ended["outcome"] == "succeeded", case.name
        assert _memory(daemon) < MOST_MEMORY
    for case in ODD:
        said = [e["message"] for e in daemon.events if e["event"] == "row.defective" and e["table"] == case.name]
        assert unlike(said, [pattern for pattern in case.said if pattern != DRAFT]) == [], case.name
        assert (folder / f"{case.name}.csv").read_bytes() == case.after(), case.name
    told = Counter((e["table"], e["key"], e["message"]) for e in daemon.events if e["event"] == "row.defective")
    assert max(told.values()) == 1
    assert len([e for e in daemon.events if e["event"] == "run.ended"]) == sum(len(case.runs) for case in ODD)


def _memory(daemon: Daemon) -> int:
    """Bytes of the most memory that it ever had."""
    status = Path(f"/proc/{daemon.process.pid}/status").read_text()
    return int(re.findall(r"VmHWM:\s*(\d+) kB", status)[0]) * 1024
