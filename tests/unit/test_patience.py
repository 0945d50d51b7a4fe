"""The patience wrapper: reads that must begin again, calls that take several requests, lock-outs."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from threading import Event
from typing import Any

import pytest

from connectors.api import Effect, Gate, Page, Patch, Request, Row, Traits, Window, Written, open_gate
from connectors.errors import Bug, Expired, GivenUp, Limited, NoHeader, TableError, TryLater
from engine import patience
from engine.clock import SystemClock
from engine.gate import TableGate
from engine.governor import Governor, NotYet
from engine.patience import ABOUT_TO_END, BEGINNINGS, WAITS, PatientTable, ThreadWorker
from tests.fakes.memory_table import InlineWorker, SteppedWorker
from tests.fakes.virtual import NOON, VirtualClock, run

SECOND, HOUR = timedelta(seconds=1), timedelta(hours=1)
Patches = [Patch("a", {"Name": "x"}), Patch("b", {"Name": "y"})]


class Paged:
    """Two pages of one row each. `faults`: raised by the next requests, None for none.   calls: what was asked, and when.

    takes: requests of the next writes; one where it says nothing.
    """

    def __init__(self, *faults: TableError | None, windows: Sequence[Window] = ()) -> None:
        self.clock = VirtualClock()
        self.faults = list(faults)
        self.calls: list[tuple[object, datetime]] = []
        self.takes: list[int] = []
        self.gate: Gate = open_gate
        self.traits = Traits(atomic_expect=False, batch=10, windows=tuple(windows))

    def read(self, cursor: str | None = None) -> Page:
        self._asks("read", cursor)
        return Page((Row(cursor or "1", {"Name": None}),), ("Name",), None if cursor else "2")

    def write(self, patches: Sequence[Patch]) -> list[Written]:
        for nth in range(self.takes.pop(0) if self.takes else 1):
            self._asks("write", f"write {nth}")
        return [Written(Effect.APPLIED) for _ in patches]

    def probe(self) -> str:
        self._asks("read", "probe")
        return "mark"

    def close(self) -> None: ...

    def _asks(self, kind: Request, what: object) -> None:
        with self.gate(kind):
            self.calls.append((what, self.clock.now()))
            if self.faults and (fault := self.faults.pop(0)) is not None:
                raise fault

    @property
    def asked(self) -> list[object]:
        return [what for what, _ in self.calls]


def patient(table: Paged, governor: Governor | None = None, name: str = "ops") -> PatientTable:
    """The table behind a gate of its own, on its own clock."""
    worker = SteppedWorker()
    gate = TableGate(name, governor or Governor(table.clock), worker.wait)
    table.gate = gate.request
    return PatientTable(table, table.clock, worker, gate)


def through(table: Paged, call: Callable[[PatientTable], Any]) -> Any:
    async def called() -> Any:
        return await call(patient(table))

    return run(called())


def test_a_read_whose_cursor_has_expired_begins_again_and_shows_every_row_once() -> None:
    table = Paged(None, Expired("gone"))
    reading = through(table, lambda patient: patient.read())
    assert [row.key for row in reading.rows] == ["1", "2"]
    assert table.asked == [None, "2", None, "2"]
    assert {at for _, at in table.calls} == {NOON}  # at once: to wait makes no cursor good again


def test_a_cursor_that_goes_bad_each_time_makes_the_store_unreachable() -> None:
    table = Paged(*[None, Expired("gone")] * BEGINNINGS)
    with pytest.raises(TryLater, match="gone"):
        through(table, lambda patient: patient.read())
    assert len(table.calls) == 2 * BEGINNINGS


def test_headers_that_stay_away_are_waited_for_once() -> None:
    table = Paged(*[NoHeader("empty")] * 6, None, None, NoHeader("empty"))

    async def looks(patient: PatientTable) -> list[tuple[str | None, int]]:
        found = []
        for _ in range(5):
            before = len(table.calls)
            found.append(((await patient.read()).headless, len(table.calls) - before))
        return found

    after_all, at_once, there = ("empty", 1 + len(WAITS)), ("empty", 1), (None, 2)
    assert through(table, looks) == [after_all, at_once, at_once, there, (None, 3)]


def test_each_request_of_a_call_waits_for_its_own_room() -> None:
    table = Paged(windows=[Window("any", 1, 10 * SECOND, "base")])
    table.takes = [3]
    answers = through(table, lambda patient: patient.write(Patches))
    assert [answer.effect for answer in answers] == [Effect.APPLIED] * 2
    assert table.calls == [("write 0", NOON), ("write 1", NOON + 10 * SECOND), ("write 2", NOON + 20 * SECOND)]


def test_a_store_that_answers_too_few_patches_has_a_bug() -> None:
    class Short(Paged):
        def write(self, patches: Sequence[Patch]) -> list[Written]:
            return super().write(patches)[1:]

    with pytest.raises(Bug, match="answered 1 of 2"):
        through(Short(), lambda patient: patient.write(Patches))


def test_a_first_request_that_wrote_nothing_may_be_made_later() -> None:
    with pytest.raises(TryLater):
        through(Paged(TryLater("away", wait=HOUR)), lambda patient: patient.write(Patches))


def test_a_probe_counts_as_a_read() -> None:
    table = Paged(windows=[Window("any", 1, 10 * SECOND, "base")])

    async def probed(patient: PatientTable) -> None:
        assert await patient.probe() == "mark"
        await patient.read()

    through(table, probed)
    assert table.calls == [("probe", NOON), (None, NOON + 10 * SECOND), ("2", NOON + 20 * SECOND)]


def test_a_probe_is_not_tried_again_and_its_lock_out_holds_for_all() -> None:
    table = Paged(TryLater("slow down", wait=30 * SECOND))

    async def probed(patient: PatientTable) -> None:
        with pytest.raises(TryLater):
            await patient.probe()
        await patient.read()

    through(table, probed)
    assert table.calls == [("probe", NOON), (None, NOON + 30 * SECOND), ("2", NOON + 30 * SECOND)]


def test_a_limit_that_was_broken_keeps_back_all_tables_of_its_scope_and_no_others() -> None:
    """To the instant, and without a second refusal: other than a pause that one table alone was asked for."""
    base = [Window("any", 5, SECOND, "base 1")]

    async def story() -> list[list[tuple[object, datetime]]]:
        clock = VirtualClock()
        governor = Governor(clock)
        first = Paged(Limited("429", wait=25 * SECOND, scope="base 1"), windows=base)
        second, other = Paged(windows=base), Paged(TryLater("503", wait=7 * SECOND), windows=[Window("any", 5, SECOND, "base 2")])
        tables = [first, second, other]
        for table in tables:
            table.clock = clock
        behind = [patient(table, governor, f"t{n}") for n, table in enumerate(tables)]

        async def later(one: PatientTable) -> None:
            await clock.sleep(SECOND)
            await one.write(Patches)

        await asyncio.gather(behind[0].write(Patches), *map(later, behind[1:]))
        return [table.calls for table in tables]

    first, second, other = run(story())
    assert [at - NOON for _, at in first] == [0 * SECOND, 25 * SECOND]
    assert [at - NOON for _, at in second] == [25 * SECOND]
    assert [at - NOON for _, at in other] == [1 * SECOND, 8 * SECOND]


def test_what_was_asked_too_often_is_told_as_that_with_until_when_and_what_one_can_do() -> None:
    async def story() -> None:
        table = Paged(
            Limited("table ops: too many requests", wait=40 * SECOND, scope="base 1"), windows=[Window("any", 5, SECOND, "base 1")]
        )
        behind = patient(table)
        with pytest.raises(Limited) as first:
            await behind.probe()
        assert str(first.value) == (
            "table ops: too many requests; nothing more is asked before 2026-03-02 12:00:40 UTC."
            " A longer `poll` makes it last, and `quota_share` leaves their part to others"
        )
        assert (first.value.wait, first.value.scope) == (40 * SECOND, "base 1")
        with pytest.raises(
            NotYet, match=r"^what the store allows is spent until .*:40 UTC: the base 1 was asked too often"
        ) as then:
            await behind.probe()
        assert first.value.spent
        assert then.value.spent

    run(story())


def test_a_store_without_a_gate_gets_the_pause_that_it_asks_for_too() -> None:
    """Also where that is longer than anybody waits: then nothing is asked until it is over."""

    async def story() -> list[datetime]:
        table = Paged(TryLater("later", wait=40 * SECOND))
        behind = PatientTable(table, table.clock, InlineWorker())  # type: ignore[arg-type]  # as typed as its own tests
        with pytest.raises(TryLater, match="later"):
            await behind.read()
        await table.clock.sleep(5 * SECOND)
        with pytest.raises(NotYet, match="asked for a pause, until 2026-03-02 12:00:40 UTC") as pause:
            await behind.write(Patches)
        assert not pause.value.spent
        await table.clock.sleep(10 * SECOND)
        await behind.write(Patches)
        return [at for _, at in table.calls]

    assert run(story()) == [NOON, NOON + 40 * SECOND]


def test_a_call_that_waits_is_broken_off_when_the_table_is_closed() -> None:
    """In real threads: a daemon that stops waits for nobody's minute."""

    async def story() -> None:
        table = Paged(windows=[Window("any", 1, 20 * SECOND, "base")])
        clock, worker = SystemClock(), ThreadWorker("test")
        gate = TableGate("ops", Governor(clock), worker.wait)
        table.gate = gate.request
        table.clock = clock  # type: ignore[assignment]  # the machine's, once
        behind = PatientTable(table, clock, worker, gate)
        await behind.write(Patches)
        waiting = asyncio.create_task(behind.probe())
        while not gate.waited_for:  # noqa: ASYNC110 (what is awaited is another thread)
            await asyncio.sleep(0)
        await behind.close()
        with pytest.raises(TryLater, match="lets go of the table"):
            await waiting
        assert table.asked == ["write 0"]

    asyncio.run(story())


def test_a_call_that_nobody_waits_for_any_more_does_not_hold_up_the_next() -> None:
    """In real threads: a daemon that stops has still to tell its tables what has ended."""

    async def story() -> None:
        table = Paged(windows=[Window("read", 1, 20 * SECOND, "user")])
        clock, worker = SystemClock(), ThreadWorker("test")
        gate = TableGate("ops", Governor(clock), worker.wait)
        table.gate = gate.request
        table.clock = clock  # type: ignore[assignment]  # the machine's, once
        behind = PatientTable(table, clock, worker, gate)
        await behind.probe()
        looking = asyncio.create_task(behind.read())
        while not gate.waited_for:  # noqa: ASYNC110 (what is awaited is another thread)
            await asyncio.sleep(0)
        looking.cancel()
        await behind.write(Patches)
        assert table.asked == ["probe", "write 0"]
        await behind.close()

    asyncio.run(story())


def test_an_answer_that_was_given_up_is_not_asked_for_again_before_the_next_poll() -> None:
    table = Paged(GivenUp("it dripped"))
    with pytest.raises(GivenUp, match="it dripped"):
        through(table, lambda behind: behind.read())
    assert table.asked == [None]


def test_a_call_that_hangs_keeps_nobody_who_closes_the_table(monkeypatch: pytest.MonkeyPatch) -> None:
    """In real threads: what hangs ends when it likes, and then the table is closed all the same."""
    monkeypatch.setattr(patience, "CLOSED_WITHIN", timedelta(milliseconds=10))
    hangs, goes_on, closed = Event(), Event(), Event()

    class Hanging(Paged):
        def probe(self) -> str:
            hangs.set()
            goes_on.wait()
            return "mark"

        def close(self) -> None:
            closed.set()

    async def story() -> None:
        behind = PatientTable(Hanging(), SystemClock(), ThreadWorker("test"))
        looking = asyncio.create_task(behind.probe())
        while not hangs.is_set():  # noqa: ASYNC110 (what is awaited is another thread)
            await asyncio.sleep(0)
        await behind.close()
        assert not closed.is_set()
        goes_on.set()
        assert await looking == "mark"
        assert await asyncio.to_thread(closed.wait, 30)  # before the loop ends, and with it whatever still waits for its turn

    asyncio.run(story())


def test_a_process_ends_though_a_call_hangs() -> None:
    """Python itself waits at its end for the threads of pools."""
    said = (
        "import asyncio, threading; from engine.patience import ThreadWorker\n"
        "async def story():\n"
        "    begun = threading.Event()\n"
        "    asyncio.ensure_future(ThreadWorker('test')(lambda: (begun.set(), threading.Event().wait())))\n"
        "    await asyncio.sleep(0)\n"
        "    begun.wait()\n"
        "asyncio.run(story())"
    )
    assert subprocess.run([sys.executable, "-c", said], check=False, timeout=30).returncode == 0


def test_a_call_that_outlives_its_loop_leaves_nothing_behind() -> None:
    """In real threads: Ctrl-C ends the loop of a command, and not what its thread is about."""
    worker, held, asked, ended = ThreadWorker("test"), Event(), Event(), Event()
    came_to: list[str] = []

    async def never() -> None:
        raise AssertionError

    def call() -> None:
        asked.set()
        held.wait()
        try:
            worker.wait(never())
        except TryLater as exc:
            came_to.append(str(exc))
        ended.set()

    async def story() -> None:
        broken_off = asyncio.ensure_future(worker(call))
        while not asked.is_set():  # noqa: ASYNC110 (what is awaited is another thread)
            await asyncio.sleep(0)
        assert not broken_off.done()

    asyncio.run(story())
    held.set()
    worker.close()
    assert ended.wait(30)
    assert came_to == [ABOUT_TO_END]


def test_a_table_without_a_probe_has_no_marker() -> None:
    class Blind:
        traits = Traits(atomic_expect=False, batch=1)

        def read(self, cursor: str | None = None) -> Page:
            raise AssertionError

        def write(self, patches: Sequence[Patch]) -> list[Written]:
            raise AssertionError

        def close(self) -> None: ...

    async def probed() -> str | None:
        return await PatientTable(Blind(), VirtualClock(), InlineWorker()).probe()  # type: ignore[arg-type]  # as above

    assert run(probed()) is None


def test_a_month_that_is_spent_is_told_at_once_and_nothing_is_asked() -> None:
    table = Paged(windows=[Window("any", 2, 31 * 24 * HOUR, "workspace")])

    async def twice(patient: PatientTable) -> None:
        await patient.read()
        with pytest.raises(TryLater) as error:
            await patient.read()
        assert str(error.value).startswith(
            "what the store allows is spent until 2026-04-02 12:00:00 UTC: the workspace has had as many requests as rowd may make"
            " in 31d (2). A longer `poll` makes it last"
        )
        assert (error.value.wait, error.value.spent) == (31 * 24 * HOUR, True)

    through(table, twice)
    assert table.asked == [None, "2"]
