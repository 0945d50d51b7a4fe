"""Rows with numbers, written by many at once: each is told once, in order, whoever ends when."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from actions.databases.api import Snapshot
from watches.sql.settling import Pending, settled


def test_what_follows_without_a_gap_is_told_at_once() -> None:
    assert settled(3, [4, 5], None, Snapshot(7, 9)) == (2, None)
    assert settled(3, [], None, Snapshot(7, 9)) == (0, None)


def test_behind_a_gap_rows_wait_until_all_who_wrote_then_have_ended() -> None:
    assert settled(3, [4, 6, 7], None, Snapshot(10, 12)) == (1, Pending(7))
    assert settled(4, [6, 7, 8], Pending(7), Snapshot(10, 13)) == (0, Pending(7, 13))
    assert settled(4, [6, 7, 8, 10], Pending(7, 13), Snapshot(12, 20)) == (0, Pending(7, 13))
    assert settled(4, [5, 6, 7, 8, 10], Pending(7, 13), Snapshot(12, 20)) == (4, Pending(7, 13))
    assert settled(4, [6, 7, 8, 10], Pending(7, 13), Snapshot(13, 20)) == (3, Pending(10))


def test_where_nobody_writes_a_gap_holds_for_one_look() -> None:
    assert settled(4, [6], Pending(6), Snapshot(13, 13)) == (1, None)


def test_another_server_whose_numbers_are_smaller_holds_nothing_for_ever() -> None:
    assert settled(4, [6], Pending(6, 1_000_000), Snapshot(13, 14)) == (0, Pending(6, 14))
    assert settled(4, [6], Pending(6, 14), Snapshot(14, 15)) == (1, None)


def test_where_writers_come_one_after_the_other_nothing_waits() -> None:
    assert settled(4, [6, 9], None, None) == (2, None)


class Server:
    """Transactions that take numbers of a sequence when they write, and are seen when they commit."""

    def __init__(self) -> None:
        self.next_id = self.next_xid = 1
        self.open: dict[int, list[int]] = {}  # by the number of each transaction
        self.seen: set[int] = set()

    def begin(self) -> None:
        self.open[self.next_xid] = [self.next_id]
        self.next_id += 1
        self.next_xid += 1

    def write(self, which: int) -> None:
        if self.open:
            sorted_ = sorted(self.open)
            self.open[sorted_[which % len(sorted_)]].append(self.next_id)
            self.next_id += 1

    def end(self, which: int, *, commits: bool) -> None:
        if self.open:
            sorted_ = sorted(self.open)
            ids = self.open.pop(sorted_[which % len(sorted_)])
            self.seen |= set(ids) if commits else set()

    @property
    def snapshot(self) -> Snapshot:
        return Snapshot(min(self.open, default=self.next_xid), self.next_xid)


STEPS = st.lists(
    st.tuples(st.sampled_from(["begin", "begin", "write", "commit", "commit", "give up", "look", "lost look"]), st.integers(0, 5))
)


@given(STEPS, st.integers(1, 4))
def test_each_row_that_is_committed_is_told_once_in_order(steps: list[tuple[str, int]], most: int) -> None:
    server, told, last, pending = Server(), list[int](), 0, None

    def look(*, durable: bool) -> None:
        nonlocal last, pending
        new = sorted(id_ for id_ in server.seen if id_ > last)[:most]
        count, after = settled(last, new, pending, server.snapshot)
        if durable:
            told.extend(new[:count])
            last, pending = (new[count - 1] if count else last), after

    for what, which in steps:
        match what:
            case "begin":
                server.begin()
            case "write":
                server.write(which)
            case "look" | "lost look":
                look(durable=what == "look")
            case _:
                server.end(which, commits=what == "commit")
    while server.open:
        server.end(0, commits=True)
    for _ in range(3 * len(server.seen) + 3):
        look(durable=True)
    assert told == sorted(server.seen)
