"""One long-lived daemon that hostile files come and go under: it says each once, touches none, and goes on by itself."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.hostile.case import DRAFT, HEADER, WHOLE, Refused, table
from tests.acceptance.hostile.house import build, unlike, untouched
from tests.acceptance.hostile.odd import ODD
from tests.acceptance.hostile.refused import ENCODINGS, HEADERS, KINDS
from tests.acceptance.hostile.special import SPECIAL
from tests.acceptance.site import Daemon, clean_environment

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


@contextmanager
def running(folder: Path) -> Iterator[Daemon]:
    """A daemon on this site. In the end all that it logged was events, and none was of trouble that nobody had thought of."""
    daemon = Daemon(folder, ["run", "--log", "json"], clean_environment())
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
    folder = build(tmp_path / "site", ["ops"])
    path = folder / "ops.csv"
    path.write_bytes(ASLEEP)
    with running(folder) as daemon:
        daemon.until("table.read")
        for case in GROUPS[group]:
            since = len(daemon.events)
            set_down(path, _named_as(case, path))
            stands = untouched(path)
            bad, good = ("table.held", "table.released") if case.held else ("table.unreachable", "table.recovered")
            said = after(daemon, bad, lambda event, case=case: bool(re.search(case.said, event["message"])), since)
            assert re.search(case.remedy, said["message"]), said["message"]
            assert untouched(path) == stands
            restored(path)
            after(daemon, good, lambda _: True, since)
            again = [e for e in daemon.events[since:] if e["event"] == bad and e["message"] == said["message"]]
            assert again == [said], f"{case.name} was said {len(again)} times"
        set_down(path, lambda beside: beside.write_bytes(ASLEEP.rstrip() + b"\n" + WHOLE.removeprefix(HEADER)) and None)
        assert daemon.until("run.ended")["outcome"] == "succeeded"
        assert _memory(daemon) < MOST_MEMORY
    assert path.read_bytes() == ASLEEP + WHOLE.removeprefix(HEADER).replace(b"active,,", b"completed,,succeeded")


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
