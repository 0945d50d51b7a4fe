"""Two tables held against each other, three ways. The stores here keep values each with its own precision, as real ones do."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from connectors.api import Cell
from engine.likeness import identical, nearly, says_the_same
from engine.pairing import Pair, Side, common, made_of, paired
from engine.syncing import SIDES, SyncPlan, Torn, Which, met, planned, told

COLUMNS = ("ID", "Name", "Schedule", "Status", "Current", "Note", "Health")
Keep = Callable[[Cell], Cell]


def as_text(value: Cell) -> Cell:
    """A file."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%dT%H:%M:%SZ")
    return None if value is None else str(value).removesuffix(".0")


def as_number(value: Cell) -> Cell:
    """A number column without decimals."""
    try:
        return None if value is None else int(float(str(value)))
    except ValueError:
        return None


def as_day(value: Cell) -> Cell:
    """A date column: no time. Text that is no date leaves it blank."""
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, str):
        try:
            return datetime.fromisoformat(value).date()
        except ValueError:
            return None
    return value if isinstance(value, date) else None


def as_tick(value: Cell) -> Cell:
    """A checkbox, which is never blank."""
    return value is True or str(value) in ("yes", "true", "1")


def as_it_is(value: Cell) -> Cell:
    return value


@dataclass
class Store:
    """A table that keeps values in its own way.   keeps: how each column does."""

    name: str
    keeps: Mapping[str, Keep] = field(default_factory=dict)
    rows: dict[str, dict[str, Cell]] = field(default_factory=dict)
    writes: int = 0

    def kept(self, column: str, value: Cell) -> Cell:
        return self.keeps.get(column, as_it_is)(value)

    def put(self, key: str, cells: Mapping[str, Cell]) -> None:
        self.rows.setdefault(key, {c: self.kept(c, None) for c in COLUMNS})
        self.rows[key] |= {c: self.kept(c, v) for c, v in cells.items()}

    def side(self, rng: random.Random | None = None) -> Side:
        keys = list(self.rows)
        if rng is not None:
            rng.shuffle(keys)
        return Side(self.name, {c: c for c in COLUMNS}, {key: dict(self.rows[key]) for key in keys}, ids=False, mints=False)


class Twins:
    """Two stores, and what is remembered of them."""

    def __init__(self, one: Store, other: Store, served: Which | None = None) -> None:
        self.stores, self.served = (one, other), served
        self.known: list[Pair] = []
        self._keys = 0

    def plan(self, rng: random.Random | None = None, prefer: Which | None = None) -> SyncPlan:
        one, other = (store.side(rng) for store in self.stores)
        return planned(one, other, paired(one, other, self.known), served=self.served, prefer=prefer)

    def sync(self, *, prefer: Which | None = None, remove: bool = False, rng: random.Random | None = None) -> SyncPlan:
        """As the shell does it, without anything in between."""
        plan = self.plan(rng, prefer)
        before = (self.stores[0].side(), self.stores[1].side())
        pairs = {(pair.one, pair.other): pair for pair in (*self.known, *plan.settled)}
        for pair in plan.forgotten:
            pairs.pop((pair.one, pair.other), None)
        for put in plan.puts:
            store = self.stores[put.side]
            store.put(put.key, put.cells)
            store.writes += 1
            key = (put.pair.one, put.pair.other)
            pairs[key] = told(pairs[key], put, store.rows[put.key])
        for side, source in plan.creates:
            here, there = before[1 - side], before[side]
            ((_, cells),) = made_of([source], here, there, rowds=self.served == 1 - side, draw=lambda: "x")
            self._keys += 1
            new = f"new{self._keys}"
            self.stores[side].put(new, cells)
            self.stores[side].writes += 1
            one, other = (source, new) if side == 1 else (new, source)
            rows = (self.stores[0].rows[one], self.stores[1].rows[other])
            pairs[one, other] = met(one, other, *rows, common(*before))
        if remove:
            for removal in plan.removals:
                key = removal.pair.one if removal.side == 0 else removal.pair.other
                del self.stores[removal.side].rows[key]
                pairs.pop((removal.pair.one, removal.pair.other))
        self.known = list(pairs.values())
        return plan


def busy(plan: SyncPlan) -> bool:
    return bool(plan.puts or plan.creates or plan.removals)


LOSSY: Mapping[str, Keep] = {"Current": as_number, "Schedule": as_day, "Note": as_tick}
TEXT: Mapping[str, Keep] = dict.fromkeys(COLUMNS, as_text)
values = st.one_of(
    st.none(),
    st.sampled_from(["active", "paused", "yes", "no", "7", "7.5", "2026-03-02", "2026-03-02T09:00:00Z", "=1+1", " x "]),
    st.integers(-5, 5),
    st.booleans(),
    st.sampled_from([date(2026, 3, 2), datetime(2026, 3, 2, 9, tzinfo=UTC), datetime(2026, 3, 3, 10, tzinfo=UTC)]),
)
EDITED = ("Schedule", "Status", "Current", "Note")
keepers = st.sampled_from([{}, TEXT, LOSSY])
edits = st.lists(st.tuples(st.sampled_from(SIDES), st.integers(0, 3), st.sampled_from(EDITED), values), max_size=8)


def twins(keeps: tuple[Mapping[str, Keep], Mapping[str, Keep]], rows: int = 4, served: Which | None = None) -> Twins:
    """Rows in the one, brought over to the other."""
    made = Twins(Store("a", keeps[0]), Store("b", keeps[1]), served)
    for n in range(rows):
        made.stores[0].put(f"k{n}", {"Name": f"task {n}", "Status": "active", "Current": n, "Health": "OK"})
    made.sync()
    assert len(made.stores[1].rows) == rows
    return made


def edit(made: Twins, side: int, row: int, column: str, value: Cell) -> None:
    pair = sorted(made.known, key=lambda pair: str(made.stores[0].rows[pair.one]["Name"]))[row]
    made.stores[side].put(pair.one if side == 0 else pair.other, {column: value})


@settings(max_examples=300)
@given(keepers, keepers, edits, st.sampled_from([None, 0, 1]))
def test_a_sync_right_after_a_sync_writes_nothing(
    one: Mapping[str, Keep], other: Mapping[str, Keep], typed: list[tuple[Which, int, str, Cell]], prefer: Which | None
) -> None:
    made = twins((one, other))
    assert not busy(made.plan())
    for which in typed:
        edit(made, *which)
    first = made.sync(prefer=prefer)
    again = made.plan(prefer=prefer)
    assert not busy(again)
    assert [(c.pair.one, c.column) for c in again.conflicts] == [(c.pair.one, c.column) for c in first.conflicts]
    assert prefer is None or not first.conflicts


@settings(max_examples=300)
@given(keepers, keepers, edits)
def test_no_edit_that_only_one_side_made_is_lost_and_no_other_cell_is_touched(
    one: Mapping[str, Keep], other: Mapping[str, Keep], typed: list[tuple[Which, int, str, Cell]]
) -> None:
    made = twins((one, other))
    before = [{key: dict(row) for key, row in store.rows.items()} for store in made.stores]
    for which in typed:
        edit(made, *which)
    now = [{key: dict(row) for key, row in store.rows.items()} for store in made.stores]
    pairs = [(pair.one, pair.other) for pair in made.known]
    made.sync()
    for keys in pairs:
        for column in EDITED:
            was, is_, after = (
                [rows[side][keys[side]][column] for side in SIDES] for rows in (before, now, [s.rows for s in made.stores])
            )
            changed = [not identical(was[side], is_[side]) for side in SIDES]
            if sum(changed) == 1:
                here = changed.index(True)
                there = 1 - here
                assert identical(after[here], is_[here])
                wanted = made.stores[there].kept(column, is_[here])
                assert identical(after[there], wanted) or says_the_same(after[there], is_[here])
            else:
                assert all(identical(after[side], is_[side]) for side in SIDES)


@settings(max_examples=100)
@given(keepers, keepers, edits, st.randoms())
def test_the_order_of_rows_does_not_matter(
    one: Mapping[str, Keep], other: Mapping[str, Keep], typed: list[tuple[Which, int, str, Cell]], rng: random.Random
) -> None:
    made = twins((one, other))
    for which in typed:
        edit(made, *which)
    straight, turned = made.plan(), made.plan(rng)

    def said(plan: SyncPlan) -> set[str]:
        return {f"{put.side} {put.key} {sorted(put.cells)}" for put in plan.puts} | {
            f"{c.pair.one} {c.column}" for c in plan.conflicts
        }

    assert said(straight) == said(turned)


def oracle(base: Cell, one: Cell, other: Cell) -> str:
    """What is to become of a cell, in words, where both stores keep everything."""
    if one == other:
        return "nothing"
    if one == base:
        return "put into one"
    return "put into other" if other == base else "conflict"


plain = st.sampled_from([None, "a", "b", "c"])


@given(plain, plain, plain)
def test_each_cell_is_merged_as_the_table_of_all_cases_says(base: Cell, one: Cell, other: Cell) -> None:
    made = twins(({}, {}), rows=1)
    edit(made, 0, 0, "Schedule", base)
    made.sync()
    edit(made, 0, 0, "Schedule", one)
    edit(made, 1, 0, "Schedule", other)
    plan = made.plan()
    words = ["put into one" if put.side == 0 else "put into other" for put in plan.puts] + ["conflict" for _ in plan.conflicts]
    assert words == [word for word in [oracle(base, one, other)] if word != "nothing"]


def test_a_conflict_says_both_values_and_the_base_and_settles_once_they_agree() -> None:
    made = twins(({}, {}), rows=1)
    edit(made, 0, 0, "Status", "paused")
    edit(made, 1, 0, "Status", "draft")
    (conflict,) = made.sync().conflicts
    assert (conflict.column, conflict.values, conflict.base) == ("Status", ("paused", "draft"), "active")
    edit(made, 1, 0, "Status", "paused")
    assert not busy(made.sync())
    edit(made, 1, 0, "Status", "active")
    (put,) = made.sync().puts
    assert (put.side, dict(put.cells)) == (0, {"Status": "active"})


@pytest.mark.parametrize("prefer", SIDES)
def test_the_side_that_is_preferred_is_right_only_where_both_changed(prefer: Which) -> None:
    made = twins(({}, {}), rows=1)
    edit(made, 0, 0, "Status", "paused")
    edit(made, 1, 0, "Status", "draft")
    edit(made, 1 - prefer, 0, "Schedule", "daily 09:00")
    made.sync(prefer=prefer)
    rows = [next(iter(store.rows.values())) for store in made.stores]
    assert {row["Status"] for row in rows} == {("paused", "draft")[prefer]}
    assert {row["Schedule"] for row in rows} == {"daily 09:00"}


# --- rows that come and go


def test_rows_new_on_either_side_are_made_on_the_other() -> None:
    made = twins(({}, TEXT))
    made.stores[0].put("p", {"Name": "from one"})
    made.stores[1].put("q", {"Name": "from other", "Current": 3})
    made.sync()
    assert {"from one", "from other"} <= {row["Name"] for store in made.stores for row in store.rows.values()}
    assert len(made.stores[0].rows) == len(made.stores[1].rows) == 6
    assert not busy(made.plan())


@pytest.mark.parametrize("gone", SIDES)
def test_a_row_removed_on_one_side_waits_until_its_removal_is_wanted(gone: Which) -> None:
    made = twins(({}, {}))
    key = next(iter(made.stores[gone].rows))
    del made.stores[gone].rows[key]
    for _ in range(2):
        (removal,) = made.sync().removals
        assert removal.side == 1 - gone
    assert len(made.stores[1 - gone].rows) == 4
    made.sync(remove=True)
    assert len(made.stores[1 - gone].rows) == 3
    assert not busy(made.plan())


def test_a_row_removed_here_and_changed_there_is_a_conflict_that_either_side_can_settle() -> None:
    for prefer in SIDES:
        made = twins(({}, {}))
        del made.stores[0].rows["k0"]
        key = next(key for key, row in made.stores[1].rows.items() if row["Name"] == "task 0")
        made.stores[1].put(key, {"Status": "paused"})
        (conflict,) = made.sync().conflicts
        assert conflict.column is None
        made.sync(prefer=prefer, remove=True)
        assert [len(store.rows) for store in made.stores] == ([3, 3] if prefer == 0 else [4, 4])
        assert not busy(made.plan())


def test_a_row_removed_on_both_sides_is_forgotten() -> None:
    made = twins(({}, {}))
    for store in made.stores:
        del store.rows[next(key for key, row in store.rows.items() if row["Name"] == "task 0")]
    assert len(made.sync().forgotten) == 1
    assert len(made.known) == 3


def test_where_more_than_a_third_is_gone_at_once_nothing_is_done() -> None:
    for which in SIDES:
        made = twins(({}, {}), rows=9)
        for key in list(made.stores[which].rows)[:3]:
            del made.stores[which].rows[key]
        with pytest.raises(Torn, match="3 of the 9 rows that were synced last are gone at once"):
            made.plan()
        made.known = []
        assert len(made.plan().creates) == 3


# --- without a base


def test_what_only_one_side_says_is_taken_over_the_first_time_and_what_they_say_otherwise_is_a_conflict() -> None:
    made = Twins(Store("a"), Store("b"))
    made.stores[0].put("x", {"Name": "n", "Schedule": "daily 09:00", "Note": "mine", "Status": "paused"})
    made.stores[1].put("y", {"Name": "n", "Note": "yours", "Current": 3})
    plan = made.sync()
    assert [(put.side, dict(put.cells)) for put in plan.puts] == [(1, {"Schedule": "daily 09:00"})]
    assert {c.column for c in plan.conflicts} == {"Note", "Status", "Current"}  # a blank Status is active, a blank Current 0


def test_a_column_that_was_away_clears_nothing_when_it_comes_back() -> None:
    made = twins(({}, {}), rows=1)
    edit(made, 0, 0, "Schedule", "daily 09:00")
    made.sync()
    one, other = (store.side() for store in made.stores)
    without = replace(other, headers={c: c for c in COLUMNS if c != "Schedule"})
    made.known = list(planned(one, without, paired(one, without, made.known)).settled)
    edit(made, 1, 0, "Schedule", None)
    (put,) = made.sync().puts
    assert (put.side, dict(put.cells)) == (1, {"Schedule": "daily 09:00"})


# --- columns of rowd's alone


def test_what_only_rowd_writes_flows_from_the_table_that_is_served_and_nowhere_else() -> None:
    for served in SIDES:
        made = twins(({}, {}), rows=1, served=served)
        edit(made, served, 0, "Health", "FAILED: 1")
        made.sync()
        edit(made, 1 - served, 0, "Health", "typed by a person")
        made.sync()
        assert {row["Health"] for store in made.stores for row in store.rows.values()} == {"FAILED: 1"}
        assert not busy(made.plan())
    made = twins(({}, {}), rows=1)
    edit(made, 0, 0, "Health", "FAILED: 1")
    assert not busy(made.sync())


# --- likeness


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("7", 7),
        ("7.0", 7),
        ("2,5", 2.5),
        ("yes", True),
        ("off", False),
        ("2026-03-02", date(2026, 3, 2)),
        ("2026-03-02T09:00:00Z", datetime(2026, 3, 2, 9, tzinfo=UTC)),
        ("two\r\nlines\n", "two\nlines"),
        (7, 7.0),
    ],
)
def test_stores_say_the_same_each_in_its_way(one: Cell, other: Cell) -> None:
    assert says_the_same(one, other)
    assert says_the_same(other, one)


@pytest.mark.parametrize(
    ("one", "other"),
    [("7", 8), (True, 1), ("1", None), (None, False), ("2026-03-02", datetime(2026, 3, 2, 9, tzinfo=UTC)), ("a", "A")],
)
def test_what_differs_is_not_the_same(one: Cell, other: Cell) -> None:
    assert not says_the_same(one, other)
    assert not says_the_same(other, one)


def test_nearly_the_same_is_what_a_coarser_store_makes_of_it() -> None:
    noon = datetime(2026, 3, 2, 12, tzinfo=UTC)
    assert nearly("Deadline", noon, date(2026, 3, 2))
    assert nearly("Deadline", "2026-03-02 09:00", date(2026, 3, 2))
    assert not nearly("Deadline", noon, datetime(2026, 3, 2, 13, tzinfo=UTC))
    assert nearly("Note", None, False)
    assert not nearly("Note", None, 0)
    assert nearly("Status", "Active", "active")
    assert not nearly("Description", "Active", "active")


def test_one_store_says_the_same_twice_only_in_the_same_type() -> None:
    assert identical(7, 7.0)
    assert not identical(True, 1)
    assert not identical(date(2026, 3, 2), datetime(2026, 3, 2, tzinfo=UTC))
