"""Which row of one table is which of another."""

from __future__ import annotations

import random
from collections.abc import Mapping
from itertools import count

from hypothesis import given
from hypothesis import strategies as st

from connectors.api import BEYOND, Cell, Row
from engine.layout import Layout
from engine.pairing import Pair, Side, common, lacking, made_of, paired


def side(table: str, rows: Mapping[str, Mapping[str, Cell]], *, ids: bool = True, mints: bool = True) -> Side:
    names = dict.fromkeys([name for cells in rows.values() for name in cells] or ["ID", "Name", "Action"])
    return Side(table, {name: name for name in names}, rows, ids, mints)


def named(**names: str) -> dict[str, dict[str, Cell]]:
    """key → Name, with the key as its ID."""
    return {key: {"ID": key, "Name": name} for key, name in names.items()}


def found(one: Side, other: Side, *known: Pair) -> list[tuple[str, str]]:
    return [(pair.one, pair.other) for pair in paired(one, other, known).pairs]


# --- rows


def test_an_id_that_both_keep_tells_a_row_whatever_it_is_called() -> None:
    assert found(side("a", named(x="first", y="second")), side("b", named(y="renamed", x="first"))) == [("x", "x"), ("y", "y")]


def test_where_one_store_works_ids_out_by_itself_they_mean_nothing() -> None:
    base = side("b", {"rec1": {"ID": 1, "Name": "second"}, "rec2": {"ID": 2, "Name": "first"}}, ids=False, mints=False)
    assert found(side("a", {"1": {"ID": "1", "Name": "first"}, "2": {"ID": "2", "Name": "second"}}), base) == [
        ("1", "rec2"),
        ("2", "rec1"),
    ]


def test_a_name_tells_a_row_as_far_as_people_see_it() -> None:
    assert found(side("a", named(x="Daily  Report ")), side("b", named(y="daily report"))) == [("x", "y")]


def test_a_name_that_two_rows_bear_tells_neither_and_both_are_told() -> None:
    pairing = paired(side("a", named(x="same", y="same")), side("b", named(z="same")))
    assert pairing.pairs == ()
    assert (pairing.ones, pairing.others) == ((), ())
    both = "2 rows of a have this Name: row 1 (ID x), row 2 (ID y), and row 1 (ID z) of b; give each another"
    assert [alone.why for alone in pairing.unclear[0]] == [both] * 2
    assert [alone.why for alone in pairing.unclear[1]] == [
        "a has another row of this Name, row 1 (ID x), row 2 (ID y), than row 1 (ID z) of b; rename one of them"
    ]


def test_a_row_without_a_name_is_told_and_one_without_anything_is_none() -> None:
    rows: dict[str, dict[str, Cell]] = {"x": {"Name": None, "Action": "work"}, "y": {"Name": None, "Done": False}}
    pairing = paired(side("a", rows), side("b", {}))
    assert [(alone.key, alone.why) for alone in pairing.unclear[0]] == [("x", "it has no Name; give it one")]
    assert pairing.ones == ()


def test_a_known_pair_stays_one_whatever_is_renamed() -> None:
    known = Pair("x", "y", {"Name": "old"}, {"Name": "old"})
    pairing = paired(side("a", named(x="new")), side("b", named(y="newer")), [known])
    assert pairing.pairs == (known,)


def test_a_row_whose_key_was_changed_is_the_row_that_it_was() -> None:
    known = Pair("x", "y", {"Name": "n", "Type": "daily"}, {"Name": "n"})
    pairing = paired(side("a", {"x2": {"ID": "x2", "Name": "n"}}), side("b", named(y="n")), [known])
    assert pairing.pairs == (Pair("x2", "y", known.base_one, known.base_other),)
    assert pairing.halves == ()


def test_a_pair_of_which_one_row_is_gone_is_a_half_and_its_other_row_is_not_new() -> None:
    known = [Pair("x", "x", {}, {}), Pair("y", "y", {}, {})]
    pairing = paired(side("a", named(x="first")), side("b", named(x="first", y="second")), known)
    assert pairing.halves == (known[1],)
    assert (pairing.ones, pairing.others, pairing.gone) == ((), (), ())
    assert paired(side("a", {}), side("b", {}), known).gone == tuple(known)


@given(st.lists(st.sampled_from("abcdef"), unique=True), st.lists(st.sampled_from("abcdef"), unique=True), st.randoms())
def test_the_order_of_rows_does_not_matter(one: list[str], other: list[str], rng: random.Random) -> None:
    def shuffled(keys: list[str]) -> list[str]:
        keys = list(keys)
        rng.shuffle(keys)
        return keys

    def of(keys: list[str]) -> dict[str, dict[str, Cell]]:
        return named(**{key: f"name {key}" for key in keys})

    straight = paired(side("a", of(one)), side("b", of(other)))
    turned = paired(side("a", of(shuffled(one))), side("b", of(shuffled(other))))
    assert set(straight.ones) == set(turned.ones) == set(one) - set(other)
    assert set(straight.others) == set(turned.others) == set(other) - set(one)
    assert {pair.one for pair in straight.pairs} == {pair.one for pair in turned.pairs} == set(one) & set(other)


# --- columns


def read(*columns: str, renames: Mapping[str, str] | None = None, **cells: Cell) -> Side:
    headers = (*columns, *cells)
    row = Row("k", {**dict.fromkeys(columns), **cells, BEYOND: "torn"})
    return Side.of("t", Layout.of(headers, renames or {}), [row], ids=True, mints=True)


def test_columns_have_one_name_in_both_tables_however_they_are_called_there() -> None:
    one = read("ID", "Name", "Action", "my note", "last_run")
    other = read("ID", "Task", "Action", "Name", "My Note", "Last Run", renames={"Name": "Task"})
    assert common(one, other) == ["Name", "Action", "(mynote)", "Last Run"]
    assert other.under_headers({"Name": "n", "(mynote)": 1, "Type": "x"}) == {"Task": "n", "My Note": 1}
    assert BEYOND not in one.headers


def test_a_stranger_called_as_a_renamed_column_is_a_stranger() -> None:
    other = read("Task", "Action", "Name", renames={"Name": "Task"})
    assert (other.headers["Name"], other.headers["(name)"]) == ("Task", "Name")


def test_strangers_that_would_have_one_name_have_none() -> None:
    assert "(a)" not in read("Name", "Action", "a", "A").headers


def test_ids_buttons_and_columns_of_rowd_alone_are_not_missed_where_they_lack() -> None:
    one = read("Action", "Do", "Health", Name="n", Schedule="daily", Mine="x")
    other = read("Name", "Action")
    assert lacking(one.rows.values(), one, other) == {"Schedule": ["n"], "(mine)": ["n"]}


# --- new rows


def test_a_new_row_keeps_its_id_where_that_is_free_and_gets_another_where_not() -> None:
    drawn = (f"new{n}" for n in count())
    one = side("a", {**named(x="first", y="second"), "z": {"ID": None, "Name": "third"}})
    other = side("b", named(x="taken"))
    made = made_of(["x", "y", "z"], one, other, rowds=True, draw=lambda: next(drawn))
    assert [cells["ID"] for _, cells in made] == ["new0", "y", "new1"]


def test_a_store_that_gives_ids_itself_is_given_none() -> None:
    one, other = side("a", named(x="first")), side("b", {"rec": {"ID": 1, "Name": "n"}}, ids=False, mints=False)
    assert made_of(["x"], one, other, rowds=True, draw=lambda: "never") == [("x", {"Name": "first"})]


def test_a_button_is_never_made_and_a_display_only_where_it_is_wanted() -> None:
    row: dict[str, Cell] = {"Name": "n", "Do": "run now", "Health": "OK"}
    one, other = side("a", {"x": row}), side("b", {"y": {**row, "Name": "other"}})
    assert made_of(["x"], one, other, rowds=True, draw=lambda: "i") == [("x", {"Name": "n", "Health": "OK"})]
    assert made_of(["x"], one, other, rowds=False, draw=lambda: "i") == [("x", {"Name": "n"})]
