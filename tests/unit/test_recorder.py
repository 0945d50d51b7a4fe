"""What has ended is told to the history beside its table: once, in nobody's way, and whatever becomes of the history."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path

import pytest

from connectors.api import Entry, Journaling, Patch, Recorded, Traits
from connectors.errors import NeedsOwner, OutcomeUnknown, TableError, TryLater
from engine.events import TableDoubted, TableUnwritable
from engine.journal import COLUMNS
from engine.ledger import Reach, Untold
from engine.recorder import SELDOM, Recorder
from tests.conformance.journaling import run as line
from tests.fakes.house import House
from tests.fakes.memory_table import ProbedTable
from tests.fakes.virtual import VirtualClock, run
from tests.unit.test_loop import COLUMNS as HEADERS
from tests.unit.test_loop import row
from tests.unit.test_loop_corners import start


class Historied(ProbedTable):
    """A table with a journal.

    lines: id → entry.   calls: (patches, entries) of each `record`.   spoilt: raised, or answered, instead of taking entries.
    """

    def __init__(self, *, together: bool = True, entries: int = 50) -> None:
        super().__init__([row("a", "every minute"), row("b", "every 5 minutes")], HEADERS)
        self.traits = Traits(atomic_expect=True, batch=50, journal=Journaling(entries, together))
        self.lines: dict[str, Entry] = {}
        self.calls: list[tuple[int, int]] = []
        self.spoilt: TableError | None = None
        self.lost: list[str] = []
        self.told: Callable[[], None] = lambda: None

    def record(self, patches: Sequence[Patch], entries: Sequence[Entry]) -> Recorded:
        self.calls.append((len(patches), len(entries)))
        written = self.write(patches) if patches else []
        if self.spoilt is not None:
            return Recorded(written, self.spoilt)
        self.lines |= {entry.id: entry for entry in entries}
        self.told()
        lost, self.lost = tuple(self.lost), []
        for id_ in lost:
            del self.lines[id_]
        return Recorded(written, lost=lost)

    def results(self) -> list[str]:
        return [f"{entry.cells['Task']} {entry.cells['Due']:%H:%M} {entry.cells['Outcome']}" for entry in self.lines.values()]


FIVE_MINUTES = ["a 12:01", "a 12:02", "a 12:03", "a 12:04", "a 12:05", "b 12:05"]


@pytest.mark.parametrize("together", [True, False])
def test_each_run_is_told_once_together_with_its_row_or_by_itself(tmp_path: Path, together: bool) -> None:
    async def story() -> None:
        house, sheet = House(tmp_path), Historied(together=together)
        alive = await start(house, sheet)
        await house.after(minutes=5, seconds=30)
        assert sorted(sheet.results()) == [f"{which} succeeded" for which in FIVE_MINUTES]
        assert len(sheet.calls) == 5
        assert all((patches > 0) == together and entries > 0 for patches, entries in sheet.calls)
        assert await alive.committer.read(lambda ledger: ledger.untold("ops", 9)) == []
        before = len(sheet.calls)
        await house.after(seconds=20)
        assert len(sheet.calls) == before
        await alive.stop()

    run(story())


def test_what_ended_before_the_history_was_wanted_is_not_told_and_the_rest_waits_for_the_next_daemon(tmp_path: Path) -> None:
    async def story() -> None:
        house, sheet = House(tmp_path), Historied()
        wanted, sheet.traits = sheet.traits, Traits(atomic_expect=True, batch=50)
        alive = await start(house, sheet)
        await house.after(minutes=2, seconds=30)
        await alive.stop()
        sheet.traits, sheet.spoilt = wanted, TryLater("busy")
        alive = await start(house, sheet)
        await house.after(minutes=1)
        assert sheet.lines == {}
        await alive.stop()
        sheet.spoilt = None
        alive = await start(house, sheet)
        await house.after(seconds=20)
        assert sheet.results() == ["a 12:03 succeeded"]
        await alive.stop()

    run(story())


def test_a_history_that_can_not_be_kept_is_said_once_stops_no_row_and_is_made_up_for_later(tmp_path: Path) -> None:
    async def story() -> None:
        house, sheet = House(tmp_path), Historied()
        alive = await start(house, sheet)
        sheet.spoilt = NeedsOwner('there is no tab "Runs". `rowd setup` makes it')
        await house.after(minutes=10, seconds=30)
        assert sheet.person("a")["Runs"] == "10"
        assert [event.message for event in house.of(TableDoubted)] == ['there is no tab "Runs". `rowd setup` makes it']
        assert house.of(TableUnwritable) == []
        assert len(sheet.calls) == 1
        mark = await alive.committer.read(lambda ledger: ledger.table_mark("ops"))
        assert (mark.state, mark.message) == (Reach.OK, 'there is no tab "Runs". `rowd setup` makes it')
        sheet.spoilt = None
        await house.after(seconds=SELDOM.total_seconds())
        assert len([one for one in sheet.results() if one.startswith("a ")]) == int(sheet.person("a")["Runs"])
        mark = await alive.committer.read(lambda ledger: ledger.table_mark("ops"))
        assert (mark.state, mark.message) == (Reach.OK, "")
        await alive.stop()

    run(story())


def test_what_may_have_landed_is_told_again_and_what_was_lost_too(tmp_path: Path) -> None:
    async def story() -> None:
        house, sheet = House(tmp_path), Historied()

        def torn() -> None:
            sheet.told = lambda: None
            raise OutcomeUnknown("the answer was torn")

        sheet.told = torn
        alive = await start(house, sheet)
        await house.after(minutes=1, seconds=30)
        assert sheet.results() == ["a 12:01 succeeded"]
        assert len(sheet.calls) == 2
        sheet.lost = list(sheet.lines)
        await house.after(minutes=1)
        assert sorted(sheet.results()) == ["a 12:01 succeeded", "a 12:02 succeeded"]
        await alive.stop()

    run(story())


def test_a_long_backlog_is_told_batch_by_batch_oldest_first_and_at_the_end_of_a_pass(tmp_path: Path) -> None:
    async def story() -> None:
        house, sheet = House(tmp_path), Historied(together=False, entries=2)
        sheet.spoilt = TryLater("busy", wait=timedelta(minutes=5, seconds=20))
        alive = await start(house, sheet)
        await house.after(minutes=5)
        assert len(sheet.calls) == 1
        sheet.spoilt = None
        await house.after(minutes=1, seconds=40)
        assert sheet.results()[:4] == [f"a 12:0{n} succeeded" for n in (1, 2, 3, 4)]
        assert len(sheet.lines) == 7
        await house.after(seconds=21)  # the next has just ended
        await alive.stop()
        assert len(sheet.lines) == 8

    run(story())


class Slow:
    """Commits of which the first look is never answered."""

    def __init__(self, owed: list[Untold]) -> None:
        self._owed: list[Untold] | None = None
        self._later = owed

    async def read(self, _: object) -> list[Untold]:
        if self._owed is None:
            self._owed = self._later
            await asyncio.Event().wait()
        return self._owed

    async def do(self, _: object, *, point: str) -> None:
        """What was told is owed no longer."""


class Told:
    """What stands behind a table that keeps a history. The first request is never answered."""

    def __init__(self) -> None:
        self.asked: list[list[str]] = []

    async def record(self, patches: Sequence[Patch], entries: Sequence[Entry]) -> Recorded:
        self.asked.append([entry.id for entry in entries])
        if len(self.asked) == 1:
            await asyncio.Event().wait()
        return Recorded([])


def test_a_stop_in_the_middle_of_a_look_or_a_request_is_made_up_for_at_once(tmp_path: Path) -> None:
    async def story() -> None:
        house, sheet = House(tmp_path), Historied()
        sheet.spoilt = TryLater("busy")
        alive = await start(house, sheet)
        await house.after(minutes=1, seconds=1)
        owed = await alive.committer.read(lambda ledger: ledger.untold("ops", 9))
        await alive.stop()
        assert owed != []
        told = Told()
        recorder = Recorder("ops", told, VirtualClock(), Journaling(9, together=True), Slow(owed))  # type: ignore[arg-type]  # fakes
        for _ in ("the look", "the request"):
            trying = asyncio.create_task(recorder.carry(()))
            await asyncio.sleep(0)
            trying.cancel()
            with pytest.raises(asyncio.CancelledError):
                await trying
            assert recorder.due() is not None
            assert not recorder.waits()
        await recorder.carry(())
        await recorder.settle()
        assert told.asked == [[occurrence.id for _, occurrence in owed]] * 2
        assert recorder.due() is None

    run(story())


def test_an_occurrence_as_a_line_has_a_cell_for_each_column_and_no_fraction_of_a_second() -> None:
    entry = line(1)
    assert tuple(entry.cells) == tuple(shape.header for shape in COLUMNS)
    assert entry.cells[COLUMNS[0].header] == entry.id
    assert len(str(line(1, reason="x" * 1000).cells["Result"])) == 500
