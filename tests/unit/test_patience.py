"""The patience wrapper: reads that must begin again, writes that take several requests, probes that count."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest

from connectors.api import Effect, Page, Patch, Row, Traits, Window, Written
from connectors.errors import Expired, NeedsOwner, OutcomeUnknown, TableError, TryLater
from engine.patience import BEGINNINGS, PatientTable
from tests.fakes.memory_table import InlineWorker
from tests.fakes.virtual import NOON, VirtualClock, run

SECOND, HOUR = timedelta(seconds=1), timedelta(hours=1)
Patches = [Patch("a", {"Name": "x"}), Patch("b", {"Name": "y"})]


class Paged:
    """Two pages of one row each. `faults`: raised by the next calls, None for none.   calls: what was asked, and when."""

    def __init__(self, *faults: TableError | None, windows: Sequence[Window] = ()) -> None:
        self.clock = VirtualClock()
        self.faults = list(faults)
        self.calls: list[tuple[object, datetime]] = []
        self.again: list[int] = []
        self.traits = Traits(atomic_expect=False, batch=10, windows=tuple(windows))

    def read(self, cursor: str | None = None) -> Page:
        self._called(cursor)
        return Page((Row(cursor or "1", {"Name": None}),), ("Name",), None if cursor else "2")

    def write(self, patches: Sequence[Patch]) -> list[Written]:
        """What `again` says of the first, the second, … is answered with AGAIN as often."""
        self._called([patch.key for patch in patches])
        left = self.again.pop(0) if self.again else 0
        return [Written(Effect.AGAIN if at < left else Effect.APPLIED) for at in range(len(patches))]

    def probe(self) -> str:
        self._called("probe")
        return "mark"

    def close(self) -> None: ...

    def _called(self, what: object) -> None:
        self.calls.append((what, self.clock.now()))
        if self.faults and (fault := self.faults.pop(0)) is not None:
            raise fault

    @property
    def asked(self) -> list[object]:
        return [what for what, _ in self.calls]


def through(table: Paged, call: Callable[[PatientTable], Any]) -> Any:
    async def called() -> Any:
        return await call(PatientTable(table, table.clock, InlineWorker()))  # type: ignore[arg-type]  # as typed as its own tests

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


def test_what_a_write_has_left_is_sent_again_each_request_counted() -> None:
    table = Paged(windows=[Window("any", 1, 10 * SECOND, "base")])
    table.again = [2, 1]
    answers = through(table, lambda patient: patient.write(Patches))
    assert [answer.effect for answer in answers] == [Effect.APPLIED] * 2
    assert table.calls == [(["a", "b"], NOON), (["a", "b"], NOON + 10 * SECOND), (["a"], NOON + 20 * SECOND)]


@pytest.mark.parametrize(("fault", "raised"), [(TryLater("away", wait=HOUR), OutcomeUnknown), (NeedsOwner("no"), NeedsOwner)])
def test_after_a_first_request_nobody_knows_that_nothing_was_written(fault: TableError, raised: type[TableError]) -> None:
    table = Paged(None, fault)
    table.again = [1]
    with pytest.raises(raised):
        through(table, lambda patient: patient.write(Patches))
    assert len(table.calls) == 2


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
        with pytest.raises(TryLater, match=r"spent until 2026-04-02 12:00:00 UTC") as error:
            await patient.read()
        assert error.value.wait == 31 * 24 * HOUR

    through(table, twice)
    assert table.asked == [None, "2"]
