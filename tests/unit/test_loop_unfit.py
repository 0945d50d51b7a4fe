"""Cells that their column can't hold: told, tried again beside other news, and in nobody's way."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace

from connectors.api import Patch, Written
from engine.events import RowDefective, TableDoubted
from engine.ledger import Reach
from tests.fakes.house import House, rules
from tests.fakes.memory_table import MemoryTable
from tests.fakes.virtual import run
from tests.unit.test_loop import COLUMNS, row
from tests.unit.test_loop_corners import start
from tests.unit.test_loop_telling import Probed, others


class Choosy(Probed):
    """A store whose Last Status is a select: it holds `options`, and is left as it stood for all else."""

    options = frozenset({"running"})

    def write(self, patches: list[Patch]) -> list[Written]:
        """As the base's, but for what the column can't hold."""
        fit = [
            replace(p, put={h: v for h, v in p.put.items() if h != "Last Status" or v is None or v in self.options})
            for p in patches
        ]
        told = [
            dict.fromkeys(p.put.keys() - f.put.keys(), 'no option "succeeded"; add it') for p, f in zip(patches, fit, strict=True)
        ]
        return [replace(answer, unfit=unfit) for answer, unfit in zip(super().write(fit), told, strict=True)]


def test_what_a_column_can_not_hold_is_told_once_until_it_can_and_keeps_nothing_else_from_being_written(tmp_path: Path) -> None:
    async def story() -> None:
        house, sheet = House(tmp_path), Choosy((row("a", "every minute"), row("b", "every minute"), *others()))
        alive = await start(house, sheet)
        await house.after(minutes=3, seconds=5)
        assert sheet.person("a")["Last Status"] == ""
        assert sheet.person("a")["Runs"] == "3"
        assert [event.message for event in house.of(TableDoubted)] == ['no option "succeeded"; add it']
        before = sheet.writes
        await house.after(seconds=40)
        assert sheet.writes == before
        mark = await alive.committer.read(lambda ledger: ledger.table_mark("ops"))
        assert (mark.state, mark.message) == (Reach.OK, 'no option "succeeded"; add it')
        sheet.options = frozenset({"running", "succeeded"})
        await house.after(minutes=1)
        assert {sheet.person(name)["Last Status"] for name in "ab"} == {"succeeded"}
        mark = await alive.committer.read(lambda ledger: ledger.table_mark("ops"))
        assert (mark.state, mark.message) == (Reach.OK, "")
        await alive.stop()

    run(story())


class Merged(MemoryTable):
    """A store in which cells of some rows hold nothing, whatever is put there. A marker would hide how often it is read."""

    hidden: Mapping[str, frozenset[str]] = {}

    def write(self, patches: Sequence[Patch]) -> list[Written]:
        """As the base's, but for what is hidden."""
        names = {self._key(n): row["Name"] for n, row in enumerate(self.rows)}
        lost = [self.hidden.get(names.get(p.key, ""), frozenset()) & p.put.keys() for p in patches]
        fit = [replace(p, put={h: v for h, v in p.put.items() if h not in one}) for p, one in zip(patches, lost, strict=True)]
        answers = super().write(fit)
        return [replace(answer, unfit=dict.fromkeys(one, "merged; unmerge it")) for answer, one in zip(answers, lost, strict=True)]


@pytest.mark.parametrize("hidden", [{"ID"}, {"ID", "Health"}])
def test_a_row_that_takes_no_id_says_so_and_costs_neither_a_read_nor_a_write_until_it_is_tried_again(
    tmp_path: Path, hidden: set[str]
) -> None:
    async def story() -> None:
        house, sheet = House(tmp_path), Merged((row("a", "every hour", ID=""), *others()), COLUMNS)
        sheet.hidden = {"a": frozenset(hidden)}
        alive = await start(house, sheet)
        await house.after(seconds=30)
        said = "ERROR: this row can't be given an id: merged; unmerge it"
        assert (sheet.person("a")["ID"], sheet.person("a")["Health"]) == ("", "" if "Health" in hidden else said)
        assert [event.message for event in house.of(RowDefective)] == [said.removeprefix("ERROR: ")]
        reads, writes = sheet.reads, sheet.writes
        await house.after(minutes=5)
        assert sheet.reads - reads <= timedelta(minutes=5) / rules().poll
        assert sheet.writes == writes
        sheet.hidden = {}
        await house.after(minutes=6)
        assert sheet.person("a")["ID"]
        assert sheet.person("a")["Health"].startswith("OK")
        assert alive.daemon.keepers["ops"].hints == (), "what is mended is said no more"
        await alive.stop()

    run(story())
