"""Ids that are blank, doubled or lost, and rows that vanish."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import count
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from connectors.api import Cell, Row
from connectors.identity import keys
from engine.identity import HELD_FOR, Named, Presence, id_of, identify, presence
from engine.layout import Layout
from engine.model import SETTLE, RowState

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
LAYOUT = Layout.of(("ID", "Name", "Action", "Status", "Do", "Health", "Last Run", "Runs", "Understood As", "Done", "Team"), {})


def row(key: str, id_: Cell, name: Cell, *, handle: str | None = None, **cells: Cell) -> Row:
    return Row(key, {"ID": id_, "Name": name, "Action": "work" if name else None, **cells}, handle)


def state(key: str, name: str, *, handle: str | None = None, **cells: Cell) -> RowState:
    known = {"ID": key, "Name": name, "Action": "work", **cells}
    return RowState("t", key, known, NOON, NOON, NOON, NOON, handle=handle)


def draws() -> Callable[[], str]:
    numbers = count(1)
    return lambda: f"new{next(numbers)}"


def named(rows: Sequence[Row], *known: RowState, id_column: str | None = "ID") -> Named:
    return identify(rows, {s.key: s for s in known}, LAYOUT, id_column, draws())


def minted(found: Named) -> list[tuple[str, str, bool]]:
    return [(mint.row.key, mint.id, mint.draft) for mint in found.mint]


def settled(found: Named) -> list[tuple[str, str]]:
    return [(key, row.key) for key, row in found.rows.items()]


# --- ids


def test_rows_with_ids_of_their_own_are_settled_in_table_order() -> None:
    found = named([row("9", "9", "b"), row("7", "7", "a")], state("7", "a"))
    assert settled(found) == [("9", "9"), ("7", "7")]
    assert (found.mint, found.unclear, found.doubtful) == ((), {}, {})


@pytest.mark.parametrize(
    ("id_", "says"),
    [
        ("~x", "can't begin with ~"),
        ("x" * 201, "longer than 200 characters"),
        ("a\nb", "line break or another control"),
        ("\x1b[1m", "control"),
    ],
)
def test_an_id_with_a_flaw_is_told_and_neither_runs_nor_is_written_over(id_: str, says: str) -> None:
    assert keys([id_, "ok"], lambda n: row("", (id_, "ok")[n], "a"))[0].startswith("~")
    found = named([row("~1", id_, "a")])
    assert (found.rows, found.mint) == ({}, ())
    assert says in found.unclear["~1"]
    assert "write another, or clear the cell" in found.unclear["~1"]
    assert says in named([Row("~1", {"Name": id_, "Action": "work"})], id_column=None).unclear["~1"]


def test_a_blank_id_gets_a_fresh_one_and_stays_what_it_is() -> None:
    found = named([row("~a", None, "a"), row("~b", "  ", "b")])
    assert minted(found) == [("~a", "new1", False), ("~b", "new2", False)]
    assert settled(found) == []


def test_a_drawn_id_that_is_in_use_is_drawn_again() -> None:
    rows = [row("new1", "new1", "a"), row("~b", "new2", "b"), row("~c", "new2", "c"), row("~d", None, "d")]
    assert [mint.id for mint in named(rows, state("new3", "gone")).mint] == ["new4"]


def test_a_draw_that_gives_one_id_forever_still_ends_in_distinct_ids() -> None:
    rows = [row(f"~{n}", None, f"task {n}") for n in range(4)]
    ids = [mint.id for mint in identify(rows, {}, LAYOUT, "ID", lambda: "~same").mint]
    assert len(set(ids)) == 4
    assert not any(id_.startswith("~") for id_ in ids)


@pytest.mark.parametrize("cells", [{}, {"Do": False}, {"Done": False}, {"Team": "ops"}, {"Health": "OK"}, {"Status": "  "}])
def test_a_row_in_which_nobody_began_a_task_gets_no_id(cells: Mapping[str, Cell]) -> None:
    found = named([Row("~a", {"ID": None, "Name": None, "Action": None, **cells})])
    assert found == Named({}, (), {}, {})


def test_the_copy_of_a_known_row_gets_an_id_of_its_own_and_becomes_a_draft() -> None:
    found = named([row("~copy", "7", "a changed"), row("~orig", "7.0", "a"), row("~more", 7, "a again")], state("7", "a"))
    assert settled(found) == [("7", "~orig")]
    assert minted(found) == [("~copy", "new1", True), ("~more", "new2", True)]
    assert found.present == {"7", "new1", "new2"}


def test_the_handle_tells_the_original_even_where_both_were_edited() -> None:
    found = named([row("~x", "7", "edited", handle="h9"), row("~y", "7", "edited too", handle="h7")], state("7", "a", handle="h7"))
    assert settled(found) == [("7", "~y")]
    assert minted(found) == [("~x", "new1", True)]


def test_a_handle_that_was_copied_too_leaves_it_to_the_cells() -> None:
    rows = [row("~x", "7", "a", handle="h7"), row("~y", "7", "b", handle="h7"), row("~z", "7", "a", handle="h8")]
    assert settled(named(rows, state("7", "a", handle="h7"))) == [("7", "~x")]


def test_what_rowd_and_both_sides_write_is_no_evidence() -> None:
    found = named(
        [row("~x", "7", "a", Status="paused", Health="new"), row("~y", "7", "b", Status="active", Health="OK")],
        state("7", "a", Status="active", Health="OK"),
    )
    assert settled(found) == [("7", "~x")]


@pytest.mark.parametrize("known", [[], [state("7", "a")], [state("7", "was called otherwise")]])
def test_of_rows_alike_in_every_cell_the_upper_is_the_original(known: list[RowState]) -> None:
    found = named([row("~x", "7", "a"), row("~x-2", "7", "a"), row("~x-3", "7", "a")], *known)
    assert settled(found) == [("7", "~x")]
    assert minted(found) == [("~x-2", "new1", True), ("~x-3", "new2", True)]
    assert (found.unclear, found.doubtful) == ({}, {})


def test_one_of_several_copies_that_was_changed_is_no_original() -> None:
    found = named([row("~z", "7", "changed"), row("~x", "7", "a"), row("~x-2", "7", "a")], state("7", "a"))
    assert settled(found) == [("7", "~x")]
    assert set(named([row("~z", "7", "changed"), row("~x", "7", "a"), row("~x-2", "7", "a")]).unclear) == {"~z", "~x", "~x-2"}


@pytest.mark.parametrize(
    ("one", "other"), [(row("~x", "7", "a", Status="paused"), row("~y", "7", "a")), (row("~x", "7", "b"), row("~y", "7", "c"))]
)
def test_where_the_original_cannot_be_told_neither_runs_and_both_say_so(one: Row, other: Row) -> None:
    found = named([one, other], state("7", "a"))
    assert (settled(found), minted(found)) == ([], [])
    assert set(found.unclear) == {"~x", "~y"}
    assert 'ID "7" stands in 2 rows' in found.unclear["~x"]
    assert "clear it in the copy" in found.unclear["~x"]
    assert set(found.doubtful) == {"7"}
    assert "7" in found.present


def test_doubled_ids_that_were_never_seen_are_unclear_and_nothing_known_is_in_doubt() -> None:
    found = named([row("~x", "7", "a"), row("~y", "7", "b")])
    assert (
        found.unclear["~y"] == 'ID "7" stands in 2 rows ("a" and "b"), so none of them runs; clear it in the copy to get a new one'
    )
    assert found.doubtful == {}
    assert named([row("~x", "7", "b"), row("~y", "7", "c")], replace(state("7", "a"), deleted_at=NOON)).doubtful == {}


def test_an_id_alone_in_an_otherwise_blank_row_counts_as_doubled() -> None:
    found = named([row("~x", "7", "a"), row("~y", "7", None)], state("7", "a"))
    assert settled(found) == [("7", "~x")]
    assert minted(found) == [("~y", "new1", True)]


def test_an_id_that_looks_provisional_is_refused() -> None:
    found = named([row("~x", "~x", "a")])
    assert found.unclear == {"~x": 'ID "~x": an id can\'t begin with ~; write another, or clear the cell to get one'}


def test_a_lost_id_is_put_back_by_content() -> None:
    found = named([row("~x", None, "a", Status="paused"), row("8", "8", "b")], state("7", "a"), state("8", "b"))
    assert minted(found) == [("~x", "7", False)]
    assert found.present == {"7", "8"}


def test_a_lost_id_is_put_back_by_handle_before_content() -> None:
    found = named([row("~x", None, "edited", handle="h7"), row("~y", None, "a")], state("7", "a", handle="h7"))
    assert minted(found) == [("~x", "7", False), ("~y", "new1", False)]


def test_a_row_that_was_edited_and_has_lost_its_id_is_known_by_its_name() -> None:
    """Whoever has had the table open since before the id was written saves without it, edit after edit."""
    found = named([row("~x", None, " A", Team="night"), row("8", "8", "b")], state("7", "a"), state("8", "b"))
    assert minted(found) == [("~x", "7", False)]


@pytest.mark.parametrize(
    ("rows", "known"),
    [
        ([row("~x", None, "a", Team="night"), row("~y", None, "a", Team="day")], [state("7", "a")]),
        ([row("~x", None, "a", Team="night"), row("8", "8", "a")], [state("7", "a"), state("8", "a")]),
        ([row("~x", None, "a", Team="night")], [state("7", "a"), state("8", "a")]),
        ([row("~x", None, "a", Team="night")], [replace(state("7", "a"), deleted_at=NOON)]),
        ([row("~x", None, None, Team="night", Action="work")], [state("7", "")]),
        ([row("~x", None, "c", Team="night")], [state("7", "a")]),
    ],
    ids=["two now", "one beside it", "two then", "deleted before", "blank", "another"],
)
def test_a_name_tells_nothing_where_more_than_one_row_bears_or_bore_it(rows: list[Row], known: list[RowState]) -> None:
    assert {id_[:3] for _, id_, _ in minted(named(rows, *known))} == {"new"}


def test_a_handle_that_two_rows_bear_or_bore_is_no_evidence() -> None:
    two_now = named([row("~x", None, "b", handle="h"), row("~y", None, "a", handle="h")], state("7", "a", handle="h"))
    assert minted(two_now) == [("~y", "7", False), ("~x", "new1", False)]
    two_then = named([row("~x", None, "a", handle="h")], state("7", "a", handle="h"), state("8", "b", handle="h"))
    assert minted(two_then) == [("~x", "7", False)]


def test_a_row_like_one_that_still_stands_there_is_a_new_row() -> None:
    assert minted(named([row("7", "7", "a"), row("~x", None, "a")], state("7", "a"))) == [("~x", "new1", False)]
    assert minted(named([row("~y", "7", "a"), row("~z", "7", "b"), row("~x", None, "a")], state("7", "a")))[-1] == (
        "~x",
        "new2",
        False,
    )


def test_a_deleted_row_that_is_typed_in_again_is_a_new_row() -> None:
    assert minted(named([row("~x", None, "a")], replace(state("7", "a"), deleted_at=NOON))) == [("~x", "new1", False)]


def test_a_lost_id_that_two_rows_could_have_lost_is_given_to_neither() -> None:
    found = named([row("~x", None, "a"), row("~y", None, "a")], state("7", "a"))
    assert minted(found) == []
    assert found.unclear["~x"] == 'ID is blank, and "7" was lost by a row that read the same; write it back where it belongs'
    assert set(found.doubtful) == {"7"}
    assert set(named([row("~x", None, "a")], state("7", "a"), state("8", "a")).doubtful) == {"7", "8"}


def test_a_whole_cleared_id_column_is_put_back() -> None:
    known = [state(str(n), f"task {n}") for n in range(50)]
    found = named([row(f"~{n}", None, f"task {n}") for n in range(50)], *known)
    assert minted(found) == [(f"~{n}", str(n), False) for n in range(50)]
    assert presence({s.key: s for s in known}, found.present, NOON).held is None


def test_without_an_id_column_a_provisional_row_says_what_to_do() -> None:
    found = named([Row("~x", {"Name": "a"}), Row("~y", {"Name": None, "Team": "ops"}), Row("=b", {"Name": "b"})], id_column=None)
    assert found.unclear == {"~x": "Name is blank or doubled, so rows can't be told apart; mend it, or add a column ID"}
    assert settled(found) == [("=b", "=b")]


def test_of_rows_known_by_their_name_the_known_one_is_in_doubt_and_not_gone_while_a_copy_bears_its_name() -> None:
    rows = [Row("~x", {"Name": "a"}), Row("~y", {"Name": "a"}), Row("=b", {"Name": "b"})]
    found = named(rows, state("a", "a"), state("c", "c"), id_column=None)
    assert set(found.unclear) == {"~x", "~y"}
    assert set(found.doubtful) == {"a"}
    assert found.present >= {"a"}
    assert named(rows, replace(state("a", "a"), deleted_at=NOON), id_column=None).doubtful == {}


def test_an_id_is_normalised() -> None:
    assert [id_of(c) for c in ("1", "1.0", 1, 1.0, " 1 ", "01", "1.5", "a1.0", None, " ")] == ["1"] * 5 + [
        "01",
        "1.5",
        "a1.0",
        None,
        None,
    ]


few = st.sampled_from(["1", "2", "3", None])


@settings(max_examples=300, deadline=None)
@given(
    st.lists(st.tuples(few, st.sampled_from(["a", "b", None]), st.sampled_from(["h1", "h2", None])), max_size=6),
    st.lists(
        st.tuples(st.sampled_from(["1", "2", "3"]), st.sampled_from(["a", "b"]), st.sampled_from(["h1", "h2", None])), max_size=3
    ),
)
def test_every_row_is_one_thing_and_no_key_stands_for_two(
    rows: list[tuple[str | None, str | None, str | None]], known: list[tuple[str, str, str | None]]
) -> None:
    ids = [id_ for id_, _, _ in rows]
    table = [
        row(id_ if id_ is not None and ids.count(id_) == 1 else f"~{n}", id_, name, handle=handle)
        for n, (id_, name, handle) in enumerate(rows)
    ]
    found = named(table, *(state(key, name, handle=handle) for key, name, handle in known))
    parts = [[r.key for r in found.rows.values()], [m.row.key for m in found.mint], list(found.unclear)]
    places = [key for part in parts for key in part]
    assert len(places) == len(set(places))
    nothing = {r.key for r in table if r.cells["ID"] is None and r.cells["Name"] is None}
    assert set(places) == {r.key for r in table} - nothing
    keys = [*found.rows] + [m.id for m in found.mint] + list(found.doubtful)
    assert len(keys) == len(set(keys))
    assert named(list(reversed(table)), *(state(k, n, handle=h) for k, n, h in known)).unclear.keys() == found.unclear.keys()


@pytest.mark.parametrize(
    ("said", "name", "draft", "copied"),
    [
        ({"Runs": "3"}, "a", True, True),
        ({"Understood As": "every minute"}, "A ", True, True),
        ({"Runs": 3.0}, "b", False, True),
        ({"Runs": "0", "Health": "ERROR: ...", "Last Run": "2026-11-20 09:00"}, "a", False, False),
        ({}, "a", False, False),
    ],
)
def test_a_row_without_an_id_that_bears_what_rowd_wrote_is_a_copy(
    said: dict[str, Cell], name: str, draft: bool, copied: bool
) -> None:
    rows = [row("7", "7", "a"), row("~x", None, name, **said)]
    (mint,) = named(rows, state("7", "a")).mint
    assert (mint.draft, mint.copied) == (draft, copied)
    (first,) = named(rows).mint
    assert (first.draft, first.copied) == (False, False), "a new ledger knows no row that it could be copied from"
    (old,) = identify(rows, {"7": state("7", "a")}, LAYOUT, "ID", draws(), old={"~x"}).mint
    assert (old.draft, old.copied) == (False, False)


# --- vanishing


def rows_known(number: int) -> dict[str, RowState]:
    return {str(n): state(str(n), f"task {n}") for n in range(number)}


def after(known: Mapping[str, RowState], found: Presence, now: datetime) -> dict[str, RowState]:
    """The ledger's copy once the findings are durable."""
    changed = dict(known)
    changed |= {key: replace(changed[key], absent_since=now) for key in found.absent}
    changed |= {key: replace(changed[key], deleted_at=now) for key in found.gone}
    return changed


def test_a_row_missing_once_is_suspect_and_missing_twice_is_gone() -> None:
    known = rows_known(10)
    first = presence(known, set(known) - {"3"}, NOON)
    assert first == Presence(absent=("3",))
    known = after(known, first, NOON)
    too_soon = presence(known, set(known) - {"3"}, NOON + SETTLE - timedelta(microseconds=1))
    assert too_soon == Presence()
    second = presence(known, set(known) - {"3"}, NOON + SETTLE)
    assert second == Presence(gone=("3",))
    known = after(known, second, NOON + SETTLE)
    assert presence(known, set(known) - {"3"}, NOON + 9 * SETTLE) == Presence()


def test_a_row_that_is_there_again_is_back() -> None:
    known = after(rows_known(10), Presence(absent=("3",), gone=("4",)), NOON)
    assert presence(known, rows_known(10), NOON + SETTLE) == Presence(back=("3", "4"))


@pytest.mark.parametrize(
    ("number", "gone", "held"), [(10, 4, True), (10, 3, False), (9, 3, True), (2, 2, False), (3, 3, True), (100, 30, False)]
)
def test_a_table_is_held_from_three_rows_and_thirty_percent(number: int, gone: int, held: bool) -> None:
    known = rows_known(number)
    found = presence(known, list(known)[gone:], NOON)
    assert (found.held is not None) is held
    assert len(found.absent) == gone


def test_deleted_rows_count_neither_as_missing_nor_as_rows() -> None:
    known = after(rows_known(100), Presence(gone=tuple(map(str, range(91)))), NOON)
    assert presence(known, [str(n) for n in range(94, 100)], NOON).held is not None


def test_while_a_table_is_held_nothing_is_gone_and_the_message_stands() -> None:
    known = rows_known(10)
    left = set(list(known)[7:])
    found = presence(known, left, NOON)
    meant = "if you mean it (`rowd delete --gone`: at once)"
    until = "until Sat 21 Nov 2026 12:05 UTC"
    assert found.held == f"7 of 10 rows are gone at once; put them back, or leave it so {until} {meant}"
    in_berlin = presence(known, left, NOON + timedelta(seconds=41), ZoneInfo("Europe/Berlin"))
    assert str(in_berlin.held).endswith(f"leave it so until Sat 21 Nov 2026 13:05:41 Berlin {meant}")
    known = after(known, found, NOON)
    later = presence(known, left, NOON + HELD_FOR - timedelta(microseconds=1))
    assert (later.absent, later.gone, later.held) == ((), (), found.held)


def test_a_hold_ends_when_the_rows_are_back() -> None:
    known = rows_known(10)
    found = presence(known, [], NOON)
    known = after(known, found, NOON)
    back = presence(known, rows_known(10), NOON + SETTLE)
    assert (back.held, back.gone, len(back.back)) == (None, (), 10)


def test_a_hold_ends_when_the_same_rows_have_been_gone_for_five_minutes() -> None:
    known = rows_known(10)
    found = presence(known, ["9"], NOON)
    known = after(known, found, NOON)
    done = presence(known, ["9"], NOON + HELD_FOR)
    assert (done.held, done.gone) == (None, tuple(map(str, range(9))))


def test_a_hold_whose_rows_change_begins_anew() -> None:
    known = rows_known(10)
    first = presence(known, ["8", "9"], NOON)
    known = after(known, first, NOON)
    second = presence(known, ["9"], NOON + timedelta(minutes=4))
    known = after(known, second, NOON + timedelta(minutes=4))
    assert second.held is not None
    assert "12:09 UTC" in second.held
    assert presence(known, ["9"], NOON + timedelta(minutes=8)).gone == ()
    assert len(presence(known, ["9"], NOON + timedelta(minutes=9)).gone) == 9


def test_a_hold_that_some_rows_came_back_to_begins_anew() -> None:
    known = rows_known(10)
    known = after(known, presence(known, ["8", "9"], NOON), NOON)
    at = NOON + timedelta(minutes=4)
    found = presence(known, ["7", "8", "9"], at)
    known = after(known, found, at) | {"7": replace(known["7"], absent_since=None)}
    assert presence(known, ["7", "8", "9"], NOON + HELD_FOR).gone == ()
    assert len(presence(known, ["7", "8", "9"], at + HELD_FOR).gone) == 7


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(st.sets(st.sampled_from("abcdef")), st.integers(0, 400)), max_size=12))
def test_no_row_is_gone_that_was_not_missing_in_two_reads_apart(reads: list[tuple[set[str], int]]) -> None:
    known = {key: state(key, key) for key in "abcdef"}
    now, last_seen = NOON, dict.fromkeys(known, NOON)
    for seen, seconds in reads:
        now += timedelta(seconds=seconds)
        last_seen |= dict.fromkeys(seen, now)
        found = presence(known, seen, now)
        assert not (found.held and found.gone)
        for key in found.gone:
            assert known[key].absent_since is not None
            assert now - last_seen[key] >= SETTLE
        known = after(known, found, now)
        known |= {key: replace(known[key], absent_since=None, deleted_at=None) for key in found.back}
