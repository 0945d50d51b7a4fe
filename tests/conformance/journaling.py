"""Every sentence of `Journal` as a test, with the benches of the other suite and somebody who also works in the journal's table."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from actions.api import Outcome
from connectors.api import Cell, Effect, Entry, Examinable, Journal, Journaling, Patch, Preparable, Recorded, Table
from connectors.errors import NotThere
from connectors.preparing import Check
from engine.journal import COLUMNS, entry_of
from engine.model import Cause, Occurrence, Stage
from tests.conformance.suite import FORMULAS, Bench, by_name, same

AT = datetime(2026, 11, 23, 8, tzinfo=UTC)


class Recording(ABC):
    """A bench, whose table keeps a journal that has already been made.

    size: lines that it keeps at the most; None where it keeps all.
    """

    bench: Bench
    table: Table
    size: int | None

    @abstractmethod
    def opened(self) -> Table:
        """Another table object, with the same journal, as another process would open it."""

    @abstractmethod
    def lines(self) -> list[dict[str, Cell]]:
        """Every line as the store shows it, in its order: header → value, blanks as None."""

    @abstractmethod
    def height(self) -> int:
        """How large the journal's table is: what must not grow where lines give way."""

    @abstractmethod
    def sort(self, header: str, *, descending: bool = False) -> None:
        """A person sorts it by one column."""

    @abstractmethod
    def insert_column(self) -> None:
        """A person makes a column before all others."""

    @abstractmethod
    def formula(self, run: str, header: str) -> bool:
        """Whether the store's own program would compute the cell."""

    @abstractmethod
    def drop(self) -> None:
        """A person deletes the journal's table."""


def run(number: int, **fields: Any) -> Entry:
    """An entry; a higher number is a later end."""
    ended = AT + timedelta(minutes=number)
    occurrence = Occurrence(
        id=f"1jd4q8m2x-{number:08}",
        table="ops",
        key="a",
        task="alpha",
        trigger=f"at:{number}",
        cause=Cause.SCHEDULE,
        due=ended - timedelta(seconds=3),
        claimed_at=ended,
        stage=Stage.ENDED,
        action="work",
        attempt=1,
        started_at=ended - timedelta(seconds=2),
        outcome=Outcome.SUCCEEDED,
        reason=f"number {number}",
        ended_at=ended,
        duration=timedelta(seconds=2.5),
        links=("https://example.com/1",),
    )
    return entry_of(replace(occurrence, **fields))


def record(table: Table, entries: Sequence[Entry], patches: Sequence[Patch] = ()) -> list[Recorded]:
    """As the engine does: patches and entries in one call only where they go together, and no more entries than may."""
    assert isinstance(table, Journal)
    journal = journal_of(table)
    found = []
    if patches and not journal.together:
        found.append(table.record(patches, ()))
        patches = ()
    for at in range(0, max(len(entries), 1), journal.entries):
        found.append(table.record(patches, entries[at : at + journal.entries]))
        patches = ()
    return found


def journal_of(table: Table) -> Journaling:
    assert table.traits.journal is not None
    return table.traits.journal


def told(table: Table, entries: Sequence[Entry]) -> list[str]:
    """Record entries, and again what is lost on the way, as the engine does. What was lost."""
    lost: list[str] = []
    known = {entry.id: entry for entry in entries}
    again = list(entries)
    while again:
        found = record(table, again)
        assert [str(one.trouble) for one in found if one.trouble is not None] == []
        gone = [id_ for one in found for id_ in one.lost]
        lost += gone
        again = [known[id_] if id_ in known else run(int(id_.rpartition("-")[2])) for id_ in gone]
    return lost


def ids(recording: Recording) -> list[str]:
    return [str(line["Run"]) for line in recording.lines()]


class JournalConformance:
    """`recording` is given by whoever extends this."""

    def test_entries_stand_there_typed_and_the_patches_beside_them_are_carried_out(self, recording: Recording) -> None:
        table = recording.table
        key = by_name(table)["beta"].key
        entry = run(1)
        found = record(table, [entry, run(2, started_at=None, duration=None, links=())], [Patch(key, {"Last Result": "done"})])
        assert [w.effect for one in found for w in one.written] == [Effect.APPLIED]
        assert recording.bench.row("beta")["Last Result"] == "done"
        first, second = sorted(recording.lines(), key=lambda line: str(line["Run"]))
        assert {header: value for header, value in first.items() if not same(entry.cells[header], value)} == {}
        assert {type(first[header]) for header in ("Duration", "Attempts")} <= {int, float}
        assert isinstance(first["Ended"], datetime)
        assert (second["Started"], second["Duration"], second["Link"]) == (None, None, None)

    def test_every_entry_stands_there_once_however_often_it_is_told(self, recording: Recording) -> None:
        entries = [run(number) for number in range(5)]
        told(recording.table, entries)
        told(recording.table, entries[2:])
        told(recording.opened(), entries)
        assert sorted(ids(recording)) == [entry.id for entry in entries]

    def test_what_is_told_under_the_same_id_takes_the_place_of_what_was_told(self, recording: Recording) -> None:
        told(recording.table, [run(1), run(2)])
        told(recording.table, [run(1, count=3, reason="three times")])
        assert sorted((line["Run"], line["Result"]) for line in recording.lines()) == [
            (run(1).id, "three times"),
            (run(2).id, "number 2"),
        ]

    def test_it_grows_no_further_than_it_may_and_the_oldest_give_way(self, recording: Recording) -> None:
        before, number = recording.height(), 3 * (recording.size or 10)
        for first in range(0, number, 4):
            told(recording.table, [run(n) for n in range(first, min(first + 4, number))])
        kept = recording.size or number
        assert sorted(ids(recording)) == [run(n).id for n in range(number - kept, number)]
        if recording.size is not None:
            assert recording.height() == before

    @pytest.mark.parametrize("header", ["Result", "Run"])
    def test_a_person_who_sorts_it_loses_no_line_and_doubles_none(self, recording: Recording, header: str) -> None:
        size, table = recording.size or 10, recording.table
        told(table, [run(n) for n in range(size)])
        for n in range(size, 2 * size):
            recording.sort(header, descending=n % 2 == 0)
            table = table if n % 3 else recording.opened()  # a daemon that was restarted
            told(table, [run(n)])
        found = ids(recording)
        assert len(set(found)) == len(found)
        assert {run(n).id for n in range(size, 2 * size)} <= set(found)

    def test_a_column_that_a_person_makes_meanwhile_doubles_no_line(self, recording: Recording) -> None:
        told(recording.table, [run(1)])
        recording.insert_column()
        told(recording.table, [run(2)])
        told(recording.table, [run(3)])
        found = [str(line["Run"]) for line in recording.lines() if str(line["Run"]).startswith("1jd")]
        assert sorted(found) == [run(n).id for n in (1, 2, 3)]

    @pytest.mark.parametrize("text", FORMULAS)
    def test_text_never_becomes_a_formula(self, recording: Recording, text: str) -> None:
        told(recording.table, [run(1, reason=text, task=text)])
        assert not recording.formula(run(1).id, "Result")
        assert not recording.formula(run(1).id, "Task")
        assert recording.lines()[0]["Task"] == text

    def test_a_journal_that_is_gone_keeps_no_patch_from_being_carried_out(self, recording: Recording) -> None:
        table = recording.table
        key = by_name(table)["beta"].key
        told(table, [run(1)])
        recording.drop()
        for turn in ("first", "second"):
            found = record(table, [run(2)], [Patch(key, {"Last Result": turn})])
            assert isinstance(found[-1].trouble, NotThere)
            assert "`rowd setup` makes it" in str(found[-1].trouble)
            assert recording.bench.row("beta")["Last Result"] == turn
        made(recording.opened())  # by `rowd setup`, while the daemon goes on
        told(table, [run(2)])
        assert ids(recording) == [run(2).id]

    def test_it_is_made_anew_by_setup_and_then_told(self, recording: Recording) -> None:
        recording.drop()
        table = recording.opened()
        made(table)
        assert preparable(table).prepare(lambda _: []).steps == ()
        told(table, [run(1)])
        assert ids(recording) == [run(1).id]

    def test_an_examination_says_whether_it_is_there(self, recording: Recording) -> None:
        def looked_at() -> Check:
            table = recording.opened()
            assert isinstance(table, Examinable)
            return next(check for check in table.examine() if check.what == "history")

        assert looked_at().good is True
        recording.drop()
        assert isinstance(looked_at().trouble, NotThere)

    def test_no_request_goes_out_without_having_been_asked_for(self, recording: Recording) -> None:
        bench, table = recording.bench, recording.table
        key = by_name(table)["beta"].key
        for number in range(3):
            record(table, [run(number)], [Patch(key, {"Last Result": str(number)})])
        assert len(bench.gated) == bench.counted() > 0

    def test_entries_and_patches_together_take_one_request(self, recording: Recording) -> None:
        bench, table = recording.bench, recording.table
        if not journal_of(table).together:
            pytest.skip("traits.journal.together is False: entries take requests of their own")
        key = by_name(table)["beta"].key
        record(table, [run(1)], [Patch(key, {"Last Result": "x"})])
        before = len(bench.gated)
        record(table, [run(2)], [Patch(key, {"Last Result": "y"})])
        assert bench.gated[before:] == ["write"]


def preparable(table: Table) -> Preparable:
    assert isinstance(table, Preparable)
    return table


def made(table: Table) -> None:
    """Make what the journal lacks, and nothing of the table itself."""
    for step in preparable(table).prepare(lambda _: []).steps:
        assert step.take()


HEADERS = tuple(shape.header for shape in COLUMNS)
