"""Processes that share the windows of vendors by a file: together they keep to what is allowed."""

from __future__ import annotations

import asyncio
import fcntl
import json
import os
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.api import Traits, Window
from connectors.errors import Limited
from engine.gate import TableGate
from engine.governor import Governor, NotYet
from engine.quota import ARRIVES, Asked, Purpose
from engine.windows import BUSY, TRIES, WindowFile
from tests.fakes.memory_table import MemoryTable, at_once
from tests.fakes.virtual import NOON, VirtualClock, run

SECOND = timedelta(seconds=1)
WINDOWS = (Window("any", 3, SECOND, "base"), Window("write", 4, 10 * SECOND, "user"))
ASKED = Asked("ops", "write", Purpose.TELL, WINDOWS)
requests = st.tuples(st.floats(0, 8), st.integers(0, 2))
"""Seconds after which it is made, and by which process."""


@given(st.lists(requests, min_size=1, max_size=25))
def test_processes_together_send_no_more_than_is_allowed(schedule: list[tuple[float, int]]) -> None:
    went: list[float] = []

    async def one(governor: Governor, after: float) -> None:
        await governor.clock.sleep(timedelta(seconds=after))
        while True:
            try:
                await governor.admit(ASKED)
                break
            except NotYet as exc:
                await governor.clock.sleep(exc.wait or SECOND)
        went.append(governor.clock.uptime().seconds)

    async def story(path: Path) -> None:
        governors = [Governor(VirtualClock(), windows=WindowFile(path)) for _ in range(3)]
        await asyncio.gather(*(one(governors[process], after) for after, process in schedule))

    with TemporaryDirectory() as folder:
        run(story(Path(folder, "windows")))
    assert len(went) == len(schedule)
    for window in WINDOWS:
        late = zip(went, went[window.size :], strict=False)
        assert all(later - earlier >= window.span.total_seconds() - 1e-9 for earlier, later in late)


def waits(path: Path, clock: VirtualClock | None = None) -> timedelta:
    """How long a process that begins now has to wait for its first request."""
    at = clock or VirtualClock()

    async def asking() -> timedelta:
        began = at.now()
        await Governor(at, windows=WindowFile(path)).admit(ASKED)
        return at.now() - began

    return run(asking())


def spent(path: Path, *, answered: bool = True) -> None:
    """The three of a second, at the first instant of the uptime; without answers, since the process died then."""

    async def asking() -> None:
        governor = Governor(VirtualClock(), windows=WindowFile(path))
        for sent in [await governor.admit(ASKED) for _ in range(3)]:
            if answered:
                await governor.ended(ASKED, sent)

    run(asking())


def test_a_process_that_begins_knows_what_the_one_before_has_spent(tmp_path: Path) -> None:
    spent(tmp_path / "windows")
    assert waits(tmp_path / "windows") == SECOND
    assert waits(tmp_path / "other") == timedelta(0)


def test_what_a_process_had_sent_when_it_was_killed_may_arrive_after_the_next_has_begun(tmp_path: Path) -> None:
    spent(tmp_path / "windows", answered=False)
    assert waits(tmp_path / "windows") == timedelta(seconds=ARRIVES) + SECOND


def test_a_lock_out_is_heard_of_by_all_with_the_next_request(tmp_path: Path) -> None:
    path = tmp_path / "windows"

    async def story() -> float:
        clock = VirtualClock()
        ours, theirs = (Governor(clock, windows=WindowFile(path)) for _ in range(2))
        ours.refused(ASKED, Limited("slow down", wait=7 * SECOND, scope="base"))
        other = Asked("ops", "read", Purpose.TELL, (Window("any", 9, SECOND, "elsewhere"),))
        await ours.admit(other)
        await theirs.admit(ASKED)
        return clock.monotonic()

    assert run(story()) == 7


def test_a_refusal_through_a_gate_is_heard_of_by_all_at_once(tmp_path: Path) -> None:
    path, clock = tmp_path / "windows", VirtualClock()

    async def story() -> None:
        gate = TableGate("ops", Governor(clock, windows=WindowFile(path)), at_once)
        table = MemoryTable(())
        table.traits = Traits(atomic_expect=True, batch=1, windows=WINDOWS)
        gate.serve(table)
        with pytest.raises(Limited), gate.request("write"):
            raise Limited("slow down", wait=7 * SECOND, scope="base")
        (one,) = [one for one in WindowFile(path).standing(clock) if one.crowded_at is not None]
        assert (one.scope, one.ours, one.until) == ("base", 1, NOON + 7 * SECOND)

    run(story())


class Rebooted(VirtualClock):
    """A clock in another run of the machine."""

    def uptime(self):  # type: ignore[no-untyped-def]  # as in the class above
        return super().uptime()._replace(boot="another")


def test_what_an_earlier_run_of_the_machine_spent_counts_no_more(tmp_path: Path) -> None:
    spent(tmp_path / "windows")
    assert waits(tmp_path / "windows", Rebooted()) == timedelta(0)


@pytest.mark.parametrize("torn", [b"", b'{"boot": "', b"[]", b'{"boot": 1}', b"\xff\xfe", b'"boot"'])
def test_a_file_that_is_torn_or_none_of_ours_is_begun_anew(tmp_path: Path, torn: bytes) -> None:
    path = tmp_path / "windows"
    path.write_bytes(torn)
    spent(path)
    assert waits(path) == SECOND


@pytest.mark.parametrize("torn", [[["base"]], [["base", "any", "x", 3, 3, []]], 7, [["base", "any", 1, 3, 3, ["x"]]]])
def test_entries_that_are_none_of_ours_count_nothing(tmp_path: Path, torn: object) -> None:
    path = tmp_path / "windows"
    spent(path)
    path.write_text(json.dumps(json.loads(path.read_text()) | {"windows": torn}))
    assert waits(path) == timedelta(0)


def test_spent_times_that_lie_ahead_were_never_spent(tmp_path: Path) -> None:
    path = tmp_path / "windows"
    spent(path)
    said = json.loads(path.read_text())
    said["windows"] = [[*entry[:5], [9_999.0] * 3] for entry in said["windows"]]
    path.write_text(json.dumps(said))
    assert waits(path) == timedelta(0)


def test_a_process_that_was_stopped_while_it_had_the_file_holds_up_nobody_for_long(tmp_path: Path) -> None:
    path = tmp_path / "windows"
    spent(path)
    with path.open("r+b") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        assert waits(path) == BUSY * TRIES  # then it counts alone


def test_nothing_is_made_where_more_than_the_folder_is_missing(tmp_path: Path) -> None:
    assert waits(tmp_path / "no" / "state" / "windows") == timedelta(0)
    assert not (tmp_path / "no").exists()
    spent(tmp_path / "state" / "windows")
    assert waits(tmp_path / "state" / "windows") == SECOND
    assert (tmp_path / "state").stat().st_mode & 0o777 == 0o700
    assert (tmp_path / "state" / "windows").stat().st_mode & 0o777 == 0o600


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_what_root_makes_belongs_to_who_has_the_folder_above(tmp_path: Path) -> None:
    os.chown(tmp_path, 65534, 65534)
    spent(tmp_path / "state" / "windows")
    assert [path.stat().st_uid for path in (tmp_path / "state", tmp_path / "state" / "windows")] == [65534, 65534]


def test_a_link_in_its_place_is_not_written_through(tmp_path: Path) -> None:
    (tmp_path / "precious").write_text("kept")
    (tmp_path / "windows").symlink_to(tmp_path / "precious")
    spent(tmp_path / "windows")
    assert (tmp_path / "precious").read_text() == "kept"


def test_people_see_what_is_half_spent_or_shut_whoever_spent_it(tmp_path: Path) -> None:
    path = tmp_path / "windows"
    spent(path)

    async def look(after: int) -> list[tuple[str, int, int]]:
        clock = VirtualClock(NOON)
        await clock.sleep(after * SECOND)
        return [(one.scope, one.spent, one.size) for one in WindowFile(path).standing(clock)]

    assert run(look(0)) == [("base", 3, 3), ("user", 3, 4)]
    assert run(look(2)) == [("user", 3, 4)]
    assert run(look(20)) == []
