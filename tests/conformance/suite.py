"""Every sentence of the connector contract as a test. Every backend and every wrapper runs it; a bench supplies the store.

A backend leaves a test only through its traits and the abilities that it shows (`isinstance`); there are no skip flags.
"""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from typing import Any, TypeVar

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from connectors.api import (
    PROVISIONAL,
    Cell,
    Editable,
    Effect,
    Exclusive,
    Lease,
    Leased,
    Linked,
    Patch,
    Probeable,
    Request,
    Row,
    Table,
    Typed,
    Watchable,
    Written,
    fold,
)
from connectors.errors import NeedsOwner, TryLater

T = TypeVar("T")

COLUMNS = ("ID", "Name", "Status", "Priority", "Notes", "Last Result", "Next Run")
START: tuple[Mapping[str, Cell], ...] = (
    {"ID": "a", "Name": "alpha", "Status": "active", "Priority": "2", "Notes": "first; with, marks\tand “quotes”"},
    {"ID": "b", "Name": "beta", "Status": "paused", "Priority": "1", "Notes": None},
    {"ID": "c", "Name": "gamma", "Status": "active", "Priority": "3", "Notes": "third"},
)


ALPHA = Lease("4f0c1ce0a1b2", "rowd, process 1 on alpha", datetime(2026, 3, 2, 12, 15, tzinfo=UTC))
BETA = Lease("b7a9", "rowd, process 2 on beta: [the second]", datetime(2026, 3, 3, 12, tzinfo=UTC))

UNORDERED = "traits.ordered is False: the store tells no program how its views are sorted"
OWN_KEYS = "Page.id_column is None: keys are the store's own, nobody can break them"


class Bench(ABC):
    """A store with `COLUMNS` and the rows of `START`, the table under test, and a second road to the same data.

    The second road does what a person does in the store's own program; nothing of it passes through the table. Rows are named by
    what stands under "Name", since ids are what people break. Where the store counts requests, tables are opened with `gate`.
    """

    table: Table
    shut: TryLater | None = None  # what the gate says instead of letting anything out

    @cached_property
    def gated(self) -> list[Request]:
        """Every request that a table of this bench has asked for, in their order."""
        return []

    @contextmanager
    def gate(self, kind: Request) -> Iterator[None]:
        """The `Place.gate` of this bench's tables, where the store counts anything."""
        if self.shut is not None:
            raise self.shut
        self.gated.append(kind)
        yield

    def counted(self) -> int:
        """How many requests have come in that the vendor counts, by its own book."""
        raise NotImplementedError

    @abstractmethod
    def peek(self) -> list[dict[str, Cell]]:
        """Every row as the store shows it, in its order: header → value, blanks as None."""

    @abstractmethod
    def poke(self, name: str, cells: Mapping[str, Cell]) -> None:
        """Type into cells of one row."""

    @abstractmethod
    def insert(self, cells: Mapping[str, Cell], at: int) -> None:
        """Insert a row before the row at that index."""

    @abstractmethod
    def delete(self, name: str) -> None:
        """Delete a row."""

    @abstractmethod
    def sort_by(self, header: str) -> None:
        """Sort the rows by one column."""

    @abstractmethod
    def rename(self, header: str, to: str) -> None:
        """Rename a column."""

    @abstractmethod
    def move(self, header: str, to: int) -> None:
        """Move a column to another place."""

    @abstractmethod
    def formula(self, name: str, header: str) -> bool:
        """Whether the store's own program would compute the cell rather than show it."""

    @abstractmethod
    def reopened(self) -> Table:
        """Another table object on the same store, as another process would open it."""

    def later(self) -> None:  # noqa: B027 (most stores show it at once)
        """Let pass what the store needs until it shows everybody what was written."""

    def row(self, name: str) -> dict[str, Cell]:
        """One row as the store shows it."""
        return next(row for row in self.peek() if row["Name"] == name)


def read_all(table: Table) -> list[Row]:
    """A complete read. Every page says the same columns."""
    page = table.read()
    rows, columns = list(page.rows), page.columns
    while page.next is not None:
        page = table.read(page.next)
        assert page.columns == columns
        rows += page.rows
    return rows


def leases(table: Table) -> set[Lease]:
    """All that a complete read meets."""
    page = table.read()
    found = [*page.leases]
    while page.next is not None:
        page = table.read(page.next)
        found += page.leases
    assert len(set(found)) == len(found)
    return set(found)


def write(table: Table, patches: Sequence[Patch]) -> list[Written]:
    """As whoever writes does: as many at once as the store takes."""
    return [answer for some in _batches(table, patches) for answer in table.write(some)]


def remove(table: Editable, keys: Sequence[str]) -> list[Effect]:
    """The same for rows that are to go."""
    return [effect for some in _batches(table, keys) for effect in table.delete(some)]


def create(table: Editable, rows: Sequence[Mapping[str, Cell]]) -> list[str]:
    """The same for new rows."""
    return [key for some in _batches(table, rows) for key in table.create(some)]


def _batches(table: Any, items: Sequence[T]) -> list[Sequence[T]]:
    """At least one, also of nothing."""
    size = table.traits.batch
    return [items[at : at + size] for at in range(0, max(len(items), 1), size)]


def by_name(table: Table) -> dict[Cell, Row]:
    return {row.cells["Name"]: row for row in read_all(table)}


def same(put: Cell, got: Cell) -> bool:
    """Whether a store gave back what was put; one that holds only text gives text."""
    if put == got and type(put) is type(got):
        return True
    match put, got:
        case bool(), str():
            return fold(got) in ({"yes", "true", "checked", "1"} if put else {"no", "false", "unchecked", "0"})
        case bool(), _:
            return False
        case int() | float(), str():
            return float(got.replace(",", ".")) == put  # as people write it where they have a decimal comma
        case int() | float(), int() | float():
            return put == got
        case datetime(), str():
            return datetime.fromisoformat(got) == put
        case date(), str():
            return date.fromisoformat(got[:10]) == put
    return False


def only(written: list[Written]) -> Written:
    assert len(written) == 1
    return written[0]


TEXTS = [
    "plain",
    "zwölf Boxkämpfer – 日本語 🛠 \u202eabc",
    "two\nlines",
    'a "quoted" word',
    "semi;colon, comma\ttab",
    " blanks around ",
    "'apostrophe",
    "''two",
    "123",
    "001",
    "-5",
    "yes",
    "#N/A",
    "\ufeffmark",
    '{"a": [1, "b;c"]}',
]
FORMULAS = [
    "=1+1",
    "=cmd|' /C calc'!A0",
    "+1+1",
    "-2+3",
    "@SUM(A1)",
    " =1+1",
    "\t=1+1",
    "\n=1+1",
    "＝1+1",
    "＋1",
    "－x",
    "＠x",
    "'=1+1",
    "- a list",
    '=HYPERLINK("http://x";"y")',
]


class TableConformance:
    """Subclass it, and give a fixture `bench`. Names of test classes that must run stand in `conftest.py`."""

    # reading

    def test_a_read_shows_what_stands_in_the_store(self, bench: Bench) -> None:
        rows = read_all(bench.table)
        assert [dict(row.cells) for row in rows] == [{h: row.get(h) for h in COLUMNS} for row in START]

    def test_columns_come_in_the_order_of_the_table(self, bench: Bench) -> None:
        assert sorted(bench.table.read().columns) == sorted(COLUMNS)
        if not bench.table.traits.ordered:
            pytest.skip(UNORDERED)
        assert bench.table.read().columns == COLUMNS
        bench.move("Notes", 0)
        assert bench.table.read().columns == ("Notes", *(c for c in COLUMNS if c != "Notes"))

    def test_rows_come_in_the_order_a_person_sees(self, bench: Bench) -> None:
        if not bench.table.traits.ordered:
            pytest.skip(UNORDERED)
        bench.insert({"ID": "d", "Name": "delta"}, at=1)
        assert [row.cells["Name"] for row in read_all(bench.table)] == [row["Name"] for row in bench.peek()]

    def test_every_row_has_every_column_and_blank_is_none(self, bench: Bench) -> None:
        columns = bench.table.read().columns
        assert sorted(columns) == sorted(COLUMNS)
        for row in read_all(bench.table):
            assert tuple(row.cells) == columns
            assert "" not in row.cells.values()

    def test_keys_are_unique_within_a_read(self, bench: Bench) -> None:
        for at in range(3):
            bench.insert({"ID": "a", "Name": "alpha"}, at=at)
            bench.insert({"Name": "noid"}, at=at)
        keys = [row.key for row in read_all(bench.table)]
        assert len(set(keys)) == len(keys) == len(START) + 6

    def test_a_second_read_of_the_same_table_is_equal(self, bench: Bench) -> None:
        bench.insert({"Name": "noid"}, at=1)
        assert read_all(bench.table) == read_all(bench.table)

    def test_a_column_that_a_person_renamed_is_read_under_its_new_name(self, bench: Bench) -> None:
        bench.rename("Notes", "Remarks")
        row = by_name(bench.table)["gamma"]
        assert row.cells["Remarks"] == "third"
        assert "Notes" not in row.cells

    # keys

    def test_keys_stay_when_people_sort(self, bench: Bench) -> None:
        bench.insert({"Name": "noid", "Priority": "0"}, at=3)
        before = {row.cells["Name"]: row.key for row in read_all(bench.table)}
        bench.sort_by("Priority")
        after = read_all(bench.table)
        assert {row.cells["Name"]: row.key for row in after} == before
        if bench.table.traits.ordered:
            assert [row.cells["Name"] for row in after] == ["noid", "beta", "alpha", "gamma"]

    def test_keys_stay_when_columns_move_and_cells_change(self, bench: Bench) -> None:
        before = {row.cells["Name"]: row.key for row in read_all(bench.table)}
        bench.move("ID", 4)
        bench.poke("beta", {"Notes": "changed"})
        assert {row.cells["Name"]: row.key for row in read_all(bench.table)} == before

    def test_a_key_from_a_column_is_told_as_such(self, bench: Bench) -> None:
        page = bench.table.read()
        if page.id_column is None:
            assert not any(row.key.startswith(PROVISIONAL) for row in page.rows)
        else:
            assert {row.key for row in page.rows} == {row.cells[page.id_column] for row in page.rows}

    def test_rows_without_an_id_have_provisional_keys(self, bench: Bench) -> None:
        page = bench.table.read()
        bench.insert({"Name": "noid"}, at=0)
        key = by_name(bench.table)["noid"].key
        assert key.startswith(PROVISIONAL) == (page.id_column is not None)

    def test_rows_that_share_an_id_have_provisional_keys_until_one_is_mended(self, bench: Bench) -> None:
        id_column = bench.table.read().id_column
        if id_column is None:
            pytest.skip(OWN_KEYS)
        bench.insert({"ID": "a", "Name": "copy"}, at=3)
        rows = by_name(bench.table)
        assert rows["alpha"].key.startswith(PROVISIONAL)
        assert rows["copy"].key.startswith(PROVISIONAL)
        written = only(write(bench.table, [Patch(rows["copy"].key, {id_column: "z"})]))
        assert written.effect is Effect.APPLIED
        rows = by_name(bench.table)
        assert (rows["alpha"].key, rows["copy"].key) == ("a", "z")

    def test_an_id_that_a_spreadsheet_made_a_number_of_is_the_same_key(self, bench: Bench) -> None:
        if bench.table.read().id_column is None:
            pytest.skip(OWN_KEYS)
        bench.poke("alpha", {"ID": "7.0"})
        bench.poke("beta", {"ID": " 8 "})
        rows = by_name(bench.table)
        assert (rows["alpha"].key, rows["beta"].key) == ("7", "8")
        assert only(write(bench.table, [Patch("7", {"Status": "x"})])).effect is Effect.APPLIED

    def test_a_provisional_row_is_found_after_a_sort_and_gets_its_id(self, bench: Bench) -> None:
        id_column = bench.table.read().id_column
        if id_column is None:
            pytest.skip(OWN_KEYS)
        bench.insert({"Name": "noid", "Priority": "0"}, at=3)
        key = by_name(bench.table)["noid"].key
        bench.sort_by("Priority")
        written = only(write(bench.table, [Patch(key, {id_column: "n1", "Status": "draft"})]))
        assert written.effect is Effect.APPLIED
        if written.row is not None:
            assert written.row.key == "n1"
            assert written.row.cells["Name"] == "noid"
        assert bench.row("noid")["ID"] == "n1"
        assert by_name(bench.table)["noid"].key == "n1"

    def test_a_provisional_key_is_good_only_until_the_row_changes(self, bench: Bench) -> None:
        if bench.table.read().id_column is None:
            pytest.skip(OWN_KEYS)
        bench.insert({"Name": "noid"}, at=0)
        key = by_name(bench.table)["noid"].key
        bench.poke("noid", {"Notes": "a person went on typing"})
        before = bench.peek()
        assert only(write(bench.table, [Patch(key, {"ID": "n1"})])).effect is Effect.MISSING
        assert bench.peek() == before

    # writing

    @pytest.mark.parametrize("text", TEXTS)
    def test_text_is_read_as_it_was_put(self, bench: Bench, text: str) -> None:
        key = by_name(bench.table)["alpha"].key
        written = only(write(bench.table, [Patch(key, {"Last Result": text})]))
        assert written.effect is Effect.APPLIED
        assert by_name(bench.table)["alpha"].cells["Last Result"] == text

    @pytest.mark.parametrize("text", FORMULAS)
    def test_text_never_becomes_a_formula(self, bench: Bench, text: str) -> None:
        key = by_name(bench.table)["alpha"].key
        write(bench.table, [Patch(key, {"Last Result": text})])
        assert not bench.formula("alpha", "Last Result")
        assert by_name(bench.table)["alpha"].cells["Last Result"] == text

    @pytest.mark.parametrize(
        "value",
        [0, 3, -4, 78.5, 1e-7, 2.0, True, False, datetime(2026, 11, 21, 9, tzinfo=UTC), date(2026, 11, 21)],
        ids=repr,
    )
    def test_a_typed_value_is_read_as_what_it_means(self, bench: Bench, value: Cell) -> None:
        key = by_name(bench.table)["alpha"].key
        write(bench.table, [Patch(key, {"Last Result": value})])
        assert same(value, by_name(bench.table)["alpha"].cells["Last Result"])
        assert same(value, bench.row("alpha")["Last Result"])
        assert not bench.formula("alpha", "Last Result")

    def test_blank_is_none_on_both_roads(self, bench: Bench) -> None:
        key = by_name(bench.table)["alpha"].key
        write(bench.table, [Patch(key, {"Notes": None, "Status": ""})])
        cells = by_name(bench.table)["alpha"].cells
        assert (cells["Notes"], cells["Status"]) == (None, None)
        assert (bench.row("alpha")["Notes"], bench.row("alpha")["Status"]) == (None, None)

    def test_a_cell_holds_as_many_characters_as_the_traits_say(self, bench: Bench) -> None:
        key = by_name(bench.table)["alpha"].key
        text = "0123456789 ä" * (bench.table.traits.cell_limit // 12)
        write(bench.table, [Patch(key, {"Last Result": text})])
        assert by_name(bench.table)["alpha"].cells["Last Result"] == text

    def test_characters_that_no_cell_can_hold_spoil_nothing(self, bench: Bench) -> None:
        key = by_name(bench.table)["alpha"].key
        write(bench.table, [Patch(key, {"Last Result": "a\x00b\x07c\ud800d"})])
        got = by_name(bench.table)["alpha"].cells["Last Result"]
        assert isinstance(got, str)
        assert got.startswith("abc")
        assert got.endswith("d")

    def test_cells_not_named_stay_as_they_are(self, bench: Bench) -> None:
        before = bench.peek()
        key = by_name(bench.table)["beta"].key
        write(bench.table, [Patch(key, {"Last Result": "78.5"})])
        expected = [{**row, "Last Result": "78.5"} if row["Name"] == "beta" else row for row in before]
        assert bench.peek() == expected

    def test_an_edit_between_read_and_write_is_not_trampled(self, bench: Bench) -> None:
        key = by_name(bench.table)["alpha"].key
        bench.poke("alpha", {"Notes": "typed meanwhile"})
        bench.poke("beta", {"Status": "active"})
        bench.insert({"ID": "d", "Name": "delta"}, at=0)
        write(bench.table, [Patch(key, {"Last Result": "ok"})])
        assert bench.row("alpha") == {**bench.row("alpha"), "Notes": "typed meanwhile", "Last Result": "ok"}
        assert bench.row("beta")["Status"] == "active"
        names = [row["Name"] for row in bench.peek()]
        assert "delta" in (names[:1] if bench.table.traits.ordered else names)

    def test_a_sort_between_read_and_write_moves_no_cell(self, bench: Bench) -> None:
        key = by_name(bench.table)["alpha"].key
        bench.sort_by("Priority")
        write(bench.table, [Patch(key, {"Last Result": "78.5"})])
        assert {row["Name"]: row["Last Result"] for row in bench.peek()} == {"alpha": "78.5", "beta": None, "gamma": None}

    def test_a_column_moved_between_read_and_write_moves_no_cell(self, bench: Bench) -> None:
        key = by_name(bench.table)["alpha"].key
        bench.move("Last Result", 0)
        write(bench.table, [Patch(key, {"Last Result": "78.5"})])
        assert bench.row("alpha") == {**START[0], "Last Result": "78.5", "Next Run": None}

    def test_a_put_on_a_header_that_is_not_there_is_dropped(self, bench: Bench) -> None:
        key = by_name(bench.table)["alpha"].key
        written = only(write(bench.table, [Patch(key, {"No Such Column": "x", "Last Result": "ok"})]))
        assert written.effect is Effect.APPLIED
        assert bench.row("alpha")["Last Result"] == "ok"
        assert all("No Such Column" not in row for row in bench.peek())
        assert sorted(bench.table.read().columns) == sorted(COLUMNS)

    def test_a_put_on_a_header_renamed_since_is_dropped(self, bench: Bench) -> None:
        key = by_name(bench.table)["alpha"].key
        bench.rename("Last Result", "Mine Now")
        assert only(write(bench.table, [Patch(key, {"Last Result": "ok"})])).effect is Effect.APPLIED
        assert bench.row("alpha")["Mine Now"] is None

    def test_a_row_that_is_gone_is_missing_and_is_not_made_again(self, bench: Bench) -> None:
        rows = by_name(bench.table)
        bench.delete("alpha")
        written = write(bench.table, [Patch(rows["alpha"].key, {"Status": "x"}), Patch(rows["beta"].key, {"Status": "y"})])
        assert [w.effect for w in written] == [Effect.MISSING, Effect.APPLIED]
        assert written[0].row is None
        assert [(row["Name"], row["Status"]) for row in bench.peek()] == [("beta", "y"), ("gamma", "active")]

    def test_patches_are_answered_in_their_order(self, bench: Bench) -> None:
        rows = by_name(bench.table)
        patches = [
            Patch(rows["gamma"].key, {"Last Result": "3"}),
            Patch(_unknown(rows["alpha"].key), {"Last Result": "?"}),
            Patch(rows["alpha"].key, {"Last Result": "1"}),
        ]
        written = write(bench.table, patches)
        assert [w.effect for w in written] == [Effect.APPLIED, Effect.MISSING, Effect.APPLIED]
        for answer, name in ((written[0], "gamma"), (written[2], "alpha")):
            assert answer.row is None or answer.row.cells["Name"] == name
        assert {row["Name"]: row["Last Result"] for row in bench.peek()} == {"alpha": "1", "beta": None, "gamma": "3"}

    def test_the_row_that_is_answered_is_the_row_that_is_read(self, bench: Bench) -> None:
        key = by_name(bench.table)["alpha"].key
        bench.poke("alpha", {"Notes": "typed meanwhile"})
        written = only(write(bench.table, [Patch(key, {"Last Result": 5, "Next Run": datetime(2026, 11, 21, 9, tzinfo=UTC)})]))
        if written.row is not None:
            assert written.row == by_name(bench.table)["alpha"]

    def test_a_write_of_nothing_changes_nothing(self, bench: Bench) -> None:
        key = by_name(bench.table)["alpha"].key
        before = bench.peek()
        assert write(bench.table, []) == []
        assert only(write(bench.table, [Patch(key, {})])).effect is Effect.APPLIED
        assert bench.peek() == before

    def test_what_was_read_can_be_put_back_and_nothing_changes(self, bench: Bench) -> None:
        before = bench.peek()
        for row in read_all(bench.table):
            write(bench.table, [Patch(row.key, row.cells)])
        assert bench.peek() == before

    def test_an_expectation_that_holds_lets_the_patch_through(self, bench: Bench) -> None:
        _skip_without_expect(bench)
        key = by_name(bench.table)["alpha"].key
        patch = Patch(key, {"Status": "completed"}, expect={"Status": "active"})
        assert only(write(bench.table, [patch])).effect is Effect.APPLIED
        assert bench.row("alpha")["Status"] == "completed"

    def test_a_stale_expectation_changes_nothing(self, bench: Bench) -> None:
        _skip_without_expect(bench)
        key = by_name(bench.table)["alpha"].key
        bench.poke("alpha", {"Status": "paused"})
        before = bench.peek()
        patch = Patch(key, {"Status": "completed", "Last Result": "ok"}, expect={"Status": "active"})
        written = only(write(bench.table, [patch]))
        assert written.effect is Effect.CONFLICT
        assert written.row is None or written.row == by_name(bench.table)["alpha"]
        assert bench.peek() == before

    def test_a_stale_expectation_holds_up_no_other_patch(self, bench: Bench) -> None:
        _skip_without_expect(bench)
        if bench.table.traits.batch < 2:
            pytest.skip("traits.batch is 1")
        rows = by_name(bench.table)
        stale = Patch(rows["alpha"].key, {"Status": "completed"}, expect={"Status": "paused"})
        holds = Patch(rows["gamma"].key, {"Status": "completed"}, expect={"Status": "active", "Next Run": None})
        assert [w.effect for w in write(bench.table, [stale, holds])] == [Effect.CONFLICT, Effect.APPLIED]
        assert {row["Name"]: row["Status"] for row in bench.peek()} == {"alpha": "active", "beta": "paused", "gamma": "completed"}

    @pytest.mark.parametrize("text", [*TEXTS, *FORMULAS])
    def test_whatever_was_read_can_be_expected(self, bench: Bench, text: str) -> None:
        _skip_without_expect(bench)
        row = by_name(bench.table)["alpha"]
        write(bench.table, [Patch(row.key, {"Notes": text})])
        for wanted in ("one", "two"):
            row = by_name(bench.table)["alpha"]
            assert only(write(bench.table, [Patch(row.key, {"Status": wanted}, expect=row.cells)])).effect is Effect.APPLIED
            assert bench.row("alpha")["Status"] == wanted

    def test_traits_can_be_planned_with(self, bench: Bench) -> None:
        traits = bench.table.traits
        assert traits.batch >= 1
        assert traits.cell_limit >= 500
        assert all(window.size > 0 and window.span.total_seconds() > 0 for window in traits.windows)

    def test_what_a_column_cannot_hold_is_told_beforehand_as_a_write_tells_it(self, bench: Bench) -> None:
        if not isinstance(bench.table, Typed):
            pytest.skip("not Typed: its columns hold everything, or it can't say")
        key = by_name(bench.table)["alpha"].key
        cells = {"Notes": "x" * (bench.table.traits.cell_limit + 1), "Last Result": "fits", "No such column": "x"}
        asked = len(bench.gated)
        told = bench.table.unfit(cells)
        assert (set(told), len(bench.gated)) == ({"Notes"}, asked)
        assert write(bench.table, [Patch(key, cells)])[0].unfit == told

    def test_rows_have_addresses_of_their_own_below_that_of_the_table(self, bench: Bench) -> None:
        table = bench.table
        if not isinstance(table, Linked):
            pytest.skip("not Linked: nobody opens it in a browser")
        rows = by_name(table)
        asked = len(bench.gated)
        whole, links = table.link(""), [table.link(row.key) for row in rows.values()]
        assert whole is not None
        assert whole.startswith("https://")
        assert len({*links, whole, None}) == len(rows) + 2
        assert table.link(f"{PROVISIONAL}x") is None
        assert len(bench.gated) == asked

    def test_no_request_goes_out_without_having_been_asked_for(self, bench: Bench) -> None:
        if not bench.table.traits.windows:
            pytest.skip("traits.windows is empty: the store counts nothing")
        rows = by_name(bench.table)
        assert len(bench.gated) == bench.counted() > 0
        assert set(bench.gated) == {"read"}
        bench.delete("beta")
        write(bench.table, [Patch(rows[name].key, {"Last Result": name}) for name in ("alpha", "beta", "gamma")])
        assert len(bench.gated) == bench.counted()
        assert "write" in bench.gated
        if isinstance(bench.table, Editable):
            remove(bench.table, [rows["beta"].key, *create(bench.table, [{"ID": "n1", "Name": "new one"}])])
        if isinstance(bench.table, Probeable):
            bench.table.probe()
            bench.table.read()
        assert len(bench.gated) == bench.counted()

    def test_a_request_that_may_not_go_out_is_not_sent(self, bench: Bench) -> None:
        if not bench.table.traits.windows:
            pytest.skip("traits.windows is empty: the store counts nothing")
        key, before = by_name(bench.table)["alpha"].key, bench.peek()
        bench.shut = TryLater("not before noon")
        counted = bench.counted()
        for call in (bench.table.read, lambda: write(bench.table, [Patch(key, {"Last Result": "x"})])):
            with pytest.raises(TryLater, match="not before noon"):
                call()
        assert (bench.counted(), bench.peek()) == (counted, before)
        bench.shut = None
        assert only(write(bench.table, [Patch(key, {"Last Result": "x"})])).effect is Effect.APPLIED

    def test_a_full_batch_is_taken(self, bench: Bench) -> None:
        keys = [row.key for row in read_all(bench.table)]
        size = min(bench.table.traits.batch, len(keys))
        written = write(bench.table, [Patch(key, {"Last Result": key}) for key in keys[:size]])
        assert [w.effect for w in written] == [Effect.APPLIED] * size

    def test_another_table_object_sees_what_was_written(self, bench: Bench) -> None:
        key = by_name(bench.table)["alpha"].key
        write(bench.table, [Patch(key, {"Last Result": "ok"})])
        other = bench.reopened()
        try:
            assert read_all(other) == read_all(bench.table)
        finally:
            other.close()

    def test_close_may_come_twice_and_unused(self, bench: Bench) -> None:
        other = bench.reopened()
        other.close()
        other.close()

    # rarer abilities

    def test_a_row_that_was_created_stands_last_and_is_found_by_its_key(self, bench: Bench) -> None:
        if not isinstance(bench.table, Editable):
            pytest.skip("not Editable")
        new: Sequence[Mapping[str, Cell]] = [
            {"ID": "n1", "Name": "new one", "Notes": "=1+1", "No Such Column": "x"},
            {"ID": "n2", "Name": "new two", "Priority": 9},
        ]
        keys = create(bench.table, new)
        rows = read_all(bench.table)
        assert [row.key for row in rows[-2:]] == keys
        assert [row.cells["Name"] for row in rows[-2:]] == ["new one", "new two"]
        assert rows[-2].cells["Notes"] == "=1+1"
        assert not bench.formula("new one", "Notes")
        assert [row["Name"] for row in bench.peek()] == ["alpha", "beta", "gamma", "new one", "new two"]
        assert only(write(bench.table, [Patch(keys[1], {"Status": "active"})])).effect is Effect.APPLIED
        assert bench.row("new two")["Status"] == "active"

    def test_creating_and_deleting_nothing_changes_nothing(self, bench: Bench) -> None:
        if not isinstance(bench.table, Editable):
            pytest.skip("not Editable")
        before = bench.peek()
        assert create(bench.table, []) == []
        assert remove(bench.table, []) == []
        assert bench.peek() == before

    def test_rows_are_deleted_by_key_and_others_stay(self, bench: Bench) -> None:
        if not isinstance(bench.table, Editable):
            pytest.skip("not Editable")
        rows, before = by_name(bench.table), bench.peek()
        effects = remove(bench.table, [rows["gamma"].key, _unknown(rows["beta"].key), rows["alpha"].key])
        assert effects == [Effect.APPLIED, Effect.MISSING, Effect.APPLIED]
        assert bench.peek() == [row for row in before if row["Name"] == "beta"]

    def test_the_marker_changes_with_the_table_and_stays_without(self, bench: Bench) -> None:
        if not isinstance(bench.table, Probeable):
            pytest.skip("not Probeable")
        read_all(bench.table)
        first = bench.table.probe()
        read_all(bench.table)
        assert bench.table.probe() == first
        bench.poke("alpha", {"Status": "something else"})
        second = bench.table.probe()
        assert second != first
        bench.insert({"ID": "d", "Name": "delta"}, at=0)
        assert bench.table.probe() != second

    def test_our_own_write_is_no_change_of_the_marker_unless_it_met_a_persons(self, bench: Bench) -> None:
        if not isinstance(bench.table, Probeable):
            pytest.skip("not Probeable")
        alpha, beta = (by_name(bench.table)[name].key for name in ("alpha", "beta"))
        first = bench.table.probe()
        write(bench.table, [Patch(alpha, {"Last Result": "one"})])
        write(bench.table, [Patch(beta, {"Last Result": "two"})])
        assert bench.table.probe() == first
        read_all(bench.table)
        assert bench.table.probe() == first
        bench.poke("alpha", {"Status": "something else"})
        write(bench.table, [Patch(beta, {"Last Result": "three"})])
        second = bench.table.probe()
        assert second != first
        write(bench.table, [Patch(beta, {"Last Result": "four"})])
        assert bench.table.probe() != first
        read_all(bench.table)
        third = bench.table.probe()
        write(bench.table, [Patch(beta, {"Last Result": "five"})])
        assert bench.table.probe() == third
        bench.poke("alpha", {"Status": "and else again"})
        assert bench.table.probe() != third

    def test_a_second_owner_is_refused_by_name_until_the_first_is_closed(self, bench: Bench) -> None:
        if not isinstance(bench.table, Exclusive):
            pytest.skip("not Exclusive")
        other = bench.reopened()
        assert isinstance(other, Exclusive)
        bench.table.own("rowd on alpha, pid 1")
        bench.table.own("rowd on alpha, pid 1")
        with pytest.raises(NeedsOwner, match="rowd on alpha, pid 1"):
            other.own("rowd on beta, pid 2")
        assert len(read_all(other)) == len(START)
        bench.table.close()
        other.own("rowd on beta, pid 2")
        other.close()

    def test_leases_are_told_by_another_objects_reads_and_are_no_rows(self, bench: Bench) -> None:
        if not isinstance(bench.table, Leased):
            pytest.skip("not Leased")
        assert leases(bench.table) == set()
        before = read_all(bench.table)
        bench.table.lease(ALPHA)
        bench.later()
        other = bench.reopened()
        assert isinstance(other, Leased)
        assert leases(other) == {ALPHA}
        other.lease(BETA)
        bench.later()
        assert leases(bench.table) == {ALPHA, BETA} == leases(other)
        assert read_all(bench.table) == before == read_all(other)
        other.close()

    def test_a_lease_takes_the_place_of_its_holders_earlier_one_by_one_write(self, bench: Bench) -> None:
        if not isinstance(bench.table, Leased):
            pytest.skip("not Leased")
        longer = replace(ALPHA, until=ALPHA.until + timedelta(hours=1), who="rowd, process 2 on alpha (née “α”)")
        leases(bench.table)
        bench.table.lease(ALPHA)
        leases(bench.table)
        before = len(bench.gated)
        bench.table.lease(longer)
        assert bench.gated[before:] == ["write"]
        bench.later()
        assert leases(bench.table) == {longer} == leases(bench.reopened())

    def test_a_lease_is_taken_away_and_one_that_is_not_there_is_no_matter(self, bench: Bench) -> None:
        if not isinstance(bench.table, Leased):
            pytest.skip("not Leased")
        leases(bench.table)
        bench.table.lease(ALPHA)
        bench.later()
        other = bench.reopened()
        assert isinstance(other, Leased)
        leases(other)
        other.release(BETA.holder)
        other.lease(BETA)
        bench.later()
        leases(other)
        other.release(ALPHA.holder)
        bench.later()
        assert leases(other) == {BETA} == leases(bench.table)
        other.close()

    def test_a_lease_that_another_has_taken_away_is_not_made_again(self, bench: Bench) -> None:
        if not isinstance(bench.table, Leased):
            pytest.skip("not Leased")
        leases(bench.table)
        bench.table.lease(ALPHA)
        leases(bench.table)
        other = bench.reopened()
        assert isinstance(other, Leased)
        leases(other)
        other.release(ALPHA.holder)
        bench.later()
        bench.table.lease(ALPHA)
        bench.table.release(ALPHA.holder)
        bench.later()
        assert leases(other) == set() == leases(bench.table)
        other.close()

    def test_the_marker_tells_of_anothers_lease(self, bench: Bench) -> None:
        if not (isinstance(bench.table, Leased) and isinstance(bench.table, Probeable)):
            pytest.skip("not Leased and Probeable")
        leases(bench.table)
        bench.table.lease(ALPHA)
        leases(bench.table)
        first = bench.table.probe()
        other = bench.reopened()
        assert isinstance(other, Leased)
        leases(other)
        bench.table.lease(replace(ALPHA, until=ALPHA.until + timedelta(hours=1)))
        other.lease(BETA)
        bench.later()
        assert bench.table.probe() != first
        other.close()

    def test_a_watch_tells_of_an_edit(self, bench: Bench) -> None:
        table = bench.table
        if not isinstance(table, Watchable):
            pytest.skip("not Watchable")

        async def noticed() -> None:
            changes = table.watch()
            waiting = asyncio.ensure_future(anext(changes))
            try:
                for turn in range(100):  # the watch may not stand yet when the first edits are made
                    bench.poke("alpha", {"Notes": f"edit {turn}"})
                    done, _ = await asyncio.wait([waiting], timeout=0.1)
                    if done:
                        return
                pytest.fail("no edit was noticed")
            finally:
                waiting.cancel()
                with suppress(asyncio.CancelledError):
                    await waiting
                await changes.aclose()  # type: ignore[attr-defined]

        asyncio.run(noticed())

    # and all together

    def test_beside_a_plain_dict_the_same_random_edits_give_the_same(self, fresh_bench: Any) -> None:
        """fresh_bench: a context manager that gives a new bench."""

        @settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
        @given(st.lists(_steps, max_size=12))
        def check(steps: list[tuple[Any, ...]]) -> None:
            with fresh_bench() as bench:
                model = _Model()
                for step in steps:
                    model.do(bench, step)
                    rows = [dict(row.cells) for row in read_all(bench.table)]
                    if bench.table.traits.ordered:
                        assert rows == model.rows
                    else:
                        assert sorted(rows, key=_by_name) == sorted(model.rows, key=_by_name)

        check()


def _skip_without_expect(bench: Bench) -> None:
    """A store may learn only from a first write whether it can test an expectation."""
    write(bench.table, [Patch(read_all(bench.table)[0].key, {"Last Result": "first"})])
    if not bench.table.traits.atomic_expect:
        pytest.skip("traits.atomic_expect is False: the engine merges after a read")


def _by_name(row: Mapping[str, Cell]) -> str:
    return str(row["Name"])


def _unknown(key: str) -> str:
    """A key of the same shape that no row bears."""
    return key[:-1] + ("0" if key[-1] != "0" else "1") if len(key) > 1 else "nobody"


_names = st.sampled_from(["alpha", "beta", "gamma", "delta", "epsilon"])
_texts = st.one_of(
    st.none(),
    st.text(st.characters(exclude_categories=("Cc", "Cs")), min_size=1, max_size=12).filter(lambda t: bool(t.strip())),
    st.sampled_from([*TEXTS, *FORMULAS]),
)
_cells = st.dictionaries(st.sampled_from(["Status", "Notes", "Last Result"]), _texts, min_size=1)
_plain = st.dictionaries(st.sampled_from(["Status", "Notes"]), st.sampled_from(["x", "two words", "a;b,c", None]), min_size=1)
_steps = st.one_of(
    st.tuples(st.just("write"), st.dictionaries(_names, _cells, min_size=1)),
    st.tuples(st.just("write"), st.dictionaries(st.sampled_from(["alpha", "beta", "gamma"]), _cells, min_size=1)),
    st.tuples(st.just("poke"), _names, _plain),
    st.tuples(st.just("insert"), _names, st.integers(0, 4)),
    st.tuples(st.just("delete"), _names),
    st.tuples(st.just("sort"), st.sampled_from(["Name", "ID"])),
    st.tuples(st.just("create"), _names, _plain),
    st.tuples(st.just("remove"), _names),
)


class _Model:
    """What a table should show: a list of dicts."""

    def __init__(self) -> None:
        self.rows: list[dict[str, Cell]] = [{h: row.get(h) for h in COLUMNS} for row in START]

    def find(self, name: str) -> dict[str, Cell] | None:
        return next((row for row in self.rows if row["Name"] == name), None)

    def do(self, bench: Bench, step: tuple[Any, ...]) -> None:
        getattr(self, "_" + step[0])(bench, *step[1:])

    def _write(self, bench: Bench, puts: dict[str, dict[str, Cell]]) -> None:
        rows = by_name(bench.table)
        patches = [Patch(rows[n].key if n in rows else "nobody", put) for n, put in puts.items() if n in rows]
        assert all(w.effect is Effect.APPLIED for w in write(bench.table, patches))
        for name, put in puts.items():
            if (row := self.find(name)) is not None:
                row.update(put)

    def _poke(self, bench: Bench, name: str, cells: dict[str, Cell]) -> None:
        if (row := self.find(name)) is not None:
            bench.poke(name, cells)
            row.update(cells)

    def _insert(self, bench: Bench, name: str, at: int) -> None:
        if self.find(name) is None:
            cells: dict[str, Cell] = {"ID": f"i-{name}", "Name": name}
            bench.insert(cells, at=min(at, len(self.rows)))
            self.rows.insert(min(at, len(self.rows)), {h: cells.get(h) for h in COLUMNS})

    def _delete(self, bench: Bench, name: str) -> None:
        if (row := self.find(name)) is not None:
            bench.delete(name)
            self.rows.remove(row)

    def _sort(self, bench: Bench, header: str) -> None:
        bench.sort_by(header)
        self.rows.sort(key=lambda row: str(row[header] or ""))

    def _create(self, bench: Bench, name: str, cells: dict[str, Cell]) -> None:
        if isinstance(bench.table, Editable) and self.find(name) is None:
            new: dict[str, Cell] = {"ID": f"c-{name}", "Name": name, **cells}
            create(bench.table, [new])
            self.rows.append({h: new.get(h) for h in COLUMNS})

    def _remove(self, bench: Bench, name: str) -> None:
        row = self.find(name)
        if isinstance(bench.table, Editable) and row is not None:
            assert remove(bench.table, [by_name(bench.table)[name].key]) == [Effect.APPLIED]
            self.rows.remove(row)
