"""Leases as lines of text, and as rows of a store that has no better place for them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.api import Cell, Effect, Lease, Page, Patch, Row, Written
from connectors.leases import LeaseRows, lease_of, line_of

LEASE = Lease("4f0c1ce0a1b2", "rowd, process 1 on alpha", datetime(2026, 3, 2, 12, 15, tzinfo=UTC))
instants = st.integers(0, 32_000_000_000).map(lambda seconds: datetime.fromtimestamp(seconds, UTC))
names = st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=60)


@given(st.from_regex(r"[a-z0-9]{1,40}", fullmatch=True), names, instants)
def test_a_lease_is_read_as_it_was_written(holder: str, who: str, until: datetime) -> None:
    assert lease_of(line_of(Lease(holder, who, until))) == Lease(holder, who, until)


@pytest.mark.parametrize(
    "cell",
    [
        None,
        7,
        "",
        "rowd runs this table",
        line_of(LEASE)[:-1],
        f" {line_of(LEASE)}",
        line_of(LEASE).replace("-03-", "-13-"),
        "rowd",
    ],
)
def test_everything_else_is_none(cell: Cell) -> None:
    assert lease_of(cell) is None


class Shelf:
    """Rows by key.   hides: a view that shows none of ours."""

    def __init__(self, *, hides: bool = False) -> None:
        self.rows: dict[str, Cell] = {"a": "alpha"}
        self.hides = hides
        self.asked: list[str] = []

    def page(self) -> Page:
        rows = [Row(key, {"Name": name}) for key, name in self.rows.items() if not (self.hides and key != "a")]
        return Page(tuple(rows), ("Name",))

    def write(self, patches: Sequence[Patch]) -> list[Written]:
        self.asked.append("write")
        for patch in patches:
            if patch.key in self.rows:
                self.rows[patch.key] = patch.put["Name"]
        return [Written(Effect.APPLIED if patch.key in self.rows else Effect.MISSING) for patch in patches]

    def create(self, rows: Sequence[Mapping[str, Cell]]) -> list[str]:
        self.asked.append("create")
        keys = [f"made{len(self.rows) + n}" for n, _ in enumerate(rows)]
        self.rows.update(zip(keys, (row["Name"] for row in rows), strict=True))
        return keys

    def delete(self, keys: Sequence[str]) -> list[Effect]:
        self.asked.append("delete")
        return [Effect.MISSING if self.rows.pop(key, None) is None else Effect.APPLIED for key in keys]


def read(shelf: Shelf, leases: LeaseRows) -> Page:
    leases.begins()
    return leases.apart(shelf.page())


def test_a_lease_that_no_read_shows_is_made_once_and_taken_away_again() -> None:
    """As where the view that is read filters it away."""
    shelf, leases = Shelf(hides=True), LeaseRows("Name")
    read(shelf, leases)
    for _ in range(3):
        leases.lease(shelf, LEASE)
        assert read(shelf, leases).leases == ()
    assert shelf.asked == ["create", "write", "write"]
    leases.release(shelf, LEASE.holder)
    assert shelf.rows == {"a": "alpha"}


def test_one_that_somebody_took_away_is_not_made_again_before_the_next_read() -> None:
    shelf, leases = Shelf(), LeaseRows("Name")
    read(shelf, leases)
    leases.lease(shelf, LEASE)
    assert read(shelf, leases).leases == (LEASE,)
    shelf.rows = {"a": "alpha"}
    leases.lease(shelf, LEASE)
    assert shelf.rows == {"a": "alpha"}
    read(shelf, leases)
    leases.lease(shelf, LEASE)
    assert line_of(LEASE) in shelf.rows.values()


def test_without_a_name_there_is_no_place_for_one() -> None:
    shelf, leases = Shelf(), LeaseRows("Task")
    read(shelf, leases)
    leases.lease(shelf, LEASE)
    assert shelf.asked == []


def test_a_read_that_breaks_off_forgets_no_lease() -> None:
    shelf, leases = Shelf(), LeaseRows("Name")
    read(shelf, leases)
    leases.lease(shelf, LEASE)
    again = LeaseRows("Name")  # a daemon that began after a crash, and met its lease
    read(shelf, again)
    for _ in range(2):
        again.begins()  # and no page came
    again.lease(shelf, LEASE)
    assert shelf.asked == ["create", "write"]
    again.release(shelf, LEASE.holder)
    assert shelf.rows == {"a": "alpha"}


def test_what_the_next_complete_read_does_not_meet_is_gone() -> None:
    shelf, leases = Shelf(), LeaseRows("Name")
    shelf.rows["b"] = line_of(LEASE)
    read(shelf, leases)
    leases.begins()
    del shelf.rows["b"]
    read(shelf, leases)
    leases.lease(shelf, LEASE)
    assert shelf.asked == ["create"]
