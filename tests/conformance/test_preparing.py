"""Tables are examined and made ready as the contract says, in every store that can be."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conformance.airtable_bench import AirtableBench
from tests.conformance.local_bench import Flavour, LocalBench
from tests.conformance.notion_bench import NotionBench
from tests.conformance.notion_bench import World as NotionWorld
from tests.conformance.preparing import PreparableConformance
from tests.conformance.sheets_bench import SheetsBench, World
from tests.conformance.suite import Bench


class TestPreparingLocal(PreparableConformance):
    flavours = (Flavour(),)

    @pytest.fixture
    def bench(self, tmp_path: Path) -> Iterator[Bench]:
        bench = LocalBench(tmp_path, self.flavours[0])
        yield bench
        bench.table.close()

    def writes(self, bench: Bench) -> int:
        assert isinstance(bench, LocalBench)
        return bench.path.stat().st_mtime_ns


class TestPreparingLocalWithSemicolons(TestPreparingLocal):
    flavours = (Flavour(delimiter=";", bom=True, line_end="\r\n"),)


class TestPreparingSheets(PreparableConformance):
    world = World()

    @pytest.fixture
    def bench(self, tmp_path: Path) -> Iterator[Bench]:
        bench = SheetsBench(tmp_path, self.world)
        yield bench
        bench.close()
        assert bench.service.unserved == []

    def writes(self, bench: Bench) -> int:
        assert isinstance(bench, SheetsBench)
        return sum(
            entry.operation in ("spreadsheets.batchUpdate", "values.batchUpdateByDataFilter") for entry in bench.service.journal
        )


class TestPreparingSheetsTheOtherWay(TestPreparingSheets):
    world = World(
        switches={"unmatched_filter": "refused", "strict_dropdown": "refused"},
        dated=("Next Run",),
        height=120,
        settings={"ask_drive": False, "tab": 1},
    )


class TestPreparingAirtable(PreparableConformance):
    patch_choices = "refused"

    @pytest.fixture
    def bench(self) -> Iterator[Bench]:
        bench = AirtableBench({"patch_choices": self.patch_choices})
        yield bench
        bench.close()

    def writes(self, bench: Bench) -> int:
        assert isinstance(bench, AirtableBench)
        return sum(entry.request.method != "GET" for entry in bench.emulator.journal)


class TestPreparingAirtableOtherwise(TestPreparingAirtable):
    patch_choices = "accepted"


class TestPreparingNotion(PreparableConformance):
    notion = NotionWorld()

    @pytest.fixture
    def bench(self) -> Iterator[Bench]:
        bench = NotionBench(self.notion)
        yield bench
        bench.close()

    def writes(self, bench: Bench) -> int:
        assert isinstance(bench, NotionBench)
        return sum(entry.request.method != "GET" and entry.operation != "data_sources.query" for entry in bench.emulator.journal)


class TestPreparingNotionOtherwise(TestPreparingNotion):
    notion = NotionWorld(switches={"options_update": "added", "option_rename": "done"}, kind="personal")
