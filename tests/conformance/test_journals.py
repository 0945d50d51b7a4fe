"""Journals are kept as the contract says, in every store that keeps one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from connectors.api import Cell, Journal, Table
from connectors.local import BACKEND as LOCAL
from connectors.local.settings import LocalSettings
from tests.conformance.airtable_bench import BASE, AirtableBench
from tests.conformance.journaling import HEADERS, JournalConformance, Recording, made
from tests.conformance.notion_bench import NotionBench
from tests.conformance.notion_bench import World as NotionWorld
from tests.conformance.sheets_bench import SheetsBench, World, place
from tests.emulators.airtable import Person as AirtablePerson
from tests.emulators.google_sheets import a1
from tests.emulators.google_sheets.grid import Formula
from tests.emulators.google_sheets.person import Person

TAB = "What it's done"


class SheetsRecording(Recording):
    size = 10

    def __init__(self, bench: SheetsBench) -> None:
        self.bench = self._bench = bench
        self.table = self.opened()
        made(self.table)
        bench.service.journal.clear()
        bench.gated.clear()

    def opened(self) -> Table:
        return self._bench.opened(**{**self._bench._settings, "history": TAB, "history_size": self.size})

    @property
    def person(self) -> Person:
        return Person(self._bench.service, self._bench.file.id, TAB)

    def lines(self) -> list[dict[str, Cell]]:
        sheet = self.person.sheet
        headers = [str(sheet.cell(0, c).entered or "") for c in range(sheet.filled_width(0))]
        rows = ({h: self._bench._shown(sheet.cell(r, c)) for c, h in enumerate(headers) if h} for r in range(1, sheet.height))
        return [row for row in rows if any(value is not None for value in row.values())]

    def height(self) -> int:
        return self.person.sheet.height

    def sort(self, header: str, *, descending: bool = False) -> None:
        self.person.sort(self._letters(header), descending=descending)

    def insert_column(self) -> None:
        self.person.insert_columns("A")

    def formula(self, run: str, header: str) -> bool:
        sheet = self.person.sheet
        return any(isinstance(sheet.cell(r, HEADERS.index(header)).entered, Formula) for r in range(1, sheet.height))

    def drop(self) -> None:
        book = self._bench.file.book
        assert book is not None
        book.sheets.remove(self.person.sheet)

    def _letters(self, header: str) -> str:
        return a1.letters(HEADERS.index(header))


class AirtableRecording(Recording):
    size = None

    def __init__(self, bench: AirtableBench) -> None:
        self.bench = self._bench = bench
        self.table = self.opened()
        made(self.table)
        bench.emulator.journal.clear()
        bench.gated.clear()

    def opened(self) -> Table:
        return self._bench.opened(history=TAB)

    @property
    def person(self) -> AirtablePerson:
        return AirtablePerson(self._bench.emulator, BASE, TAB)

    def lines(self) -> list[dict[str, Cell]]:
        from connectors.airtable.cells import value_of
        from connectors.airtable.fields import Field

        found = self._bench._base.table(TAB)
        assert found is not None
        kinds = {field.name: Field(field.id, field.name, field.type) for field in found.fields}
        return [{h: value_of(kinds[h], cells.get(h)) for h in HEADERS} for cells in self.person.rows().values()]

    def height(self) -> int:
        return len(self.person.rows())

    def sort(self, header: str, *, descending: bool = False) -> None:
        self.person.sort(header)

    def insert_column(self) -> None:
        self.person.add_column("Mine")

    def formula(self, run: str, header: str) -> bool:
        found = self._bench._base.table(TAB)
        field = found.field(header) if found is not None else None
        return field is not None and field.computed

    def drop(self) -> None:
        found = self._bench._base.table(TAB)
        assert found is not None
        self._bench._base.tables.remove(found)


class TestJournalSheets(JournalConformance):
    world = World()

    @pytest.fixture
    def recording(self, tmp_path: Path) -> Iterator[Recording]:
        bench = SheetsBench(tmp_path, self.world)
        yield SheetsRecording(bench)
        bench.close()
        assert bench.service.unserved == []


class TestJournalSheetsTheOtherWay(TestJournalSheets):
    world = World(
        switches={"unmatched_filter": "refused", "row_copy": "metadata", "cut_paste": "follows", "view_sort": "rows"},
        zone="America/New_York",
        settings={"ask_drive": False, "tab": 1},
    )


class TestJournalAirtable(JournalConformance):
    switches: dict[str, str] = {}  # noqa: RUF012 (read only)

    @pytest.fixture
    def recording(self) -> Iterator[Recording]:
        bench = AirtableBench(self.switches)
        yield AirtableRecording(bench)
        bench.close()


class TestJournalAirtableOtherwise(TestJournalAirtable):
    switches = {"batch": "until_error", "wording": "older", "new_record_modified": "blank"}  # noqa: RUF012 (read only)


def test_a_line_that_a_person_has_copied_in_airtable_holds_up_no_other() -> None:
    from tests.conformance.journaling import run, told

    bench = AirtableBench({})
    recording = AirtableRecording(bench)
    told(recording.table, [run(1), run(2)])
    recording.person.duplicate(run(1).id)
    told(recording.table, [run(1, reason="once more"), run(2), run(3)])
    assert sorted(str(line["Run"]) for line in recording.lines()) == [run(1).id, run(1).id, run(2).id, run(3).id]
    assert [line["Result"] for line in recording.lines() if line["Run"] == run(1).id].count("once more") == 1
    bench.close()


def test_a_store_without_a_journal_says_so(tmp_path: Path) -> None:
    (tmp_path / "tasks.csv").write_text("ID,Name,Action\n")
    local = LOCAL.open(LocalSettings.model_validate({"path": "tasks.csv"}), place(tmp_path))
    notion = NotionBench(NotionWorld())
    for table in (local, notion.table, SheetsBench(tmp_path).table):
        assert table.traits.journal is None
    assert not isinstance(local, Journal)
    assert not isinstance(notion.table, Journal)
    notion.close()
