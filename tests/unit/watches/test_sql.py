"""Watched queries, on real SQLite files: what is a change, which rows are new, and what is refused."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from actions.databases.api import Unanswered
from actions.databases.sqlite import SQLite
from tests.unit.watches.asking import Asking, made
from watches.api import Endable
from watches.sql import SqlSettings

ORDERS = "CREATE TABLE orders (id INTEGER PRIMARY KEY AUTOINCREMENT, who, total REAL, note)"


class Shop:
    """A database that somebody else writes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.connection = sqlite3.connect(folder / "shop.sqlite", isolation_level=None)

    def __call__(self, statement: str, *values: object) -> None:
        self.connection.execute(statement, values)

    def order(self, *names: str) -> None:
        self.connection.executemany("INSERT INTO orders (who) VALUES (?)", [(name,) for name in names])

    def asking(self, query: str, **more: Any) -> Asking:
        return Asking(made("sql", self.folder, path="shop.sqlite", query=query, **more))

    def new(self, query: str = "SELECT * FROM orders", **more: Any) -> Asking:
        return self.asking(query, **{"new_rows": "id", **more})


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    made_ = Shop(tmp_path)
    made_(ORDERS)
    with closing(made_.connection):
        yield made_


def ids(one: Asking) -> list[object]:
    return [told.values["id"] for told in one.look()]


# --- another result


def test_another_result_is_a_change_and_first_sight_is_none(shop: Shop) -> None:
    one = shop.asking("SELECT id, who FROM orders ORDER BY id;")
    assert one.look() == ()
    assert one.sees == "it gives 0 rows"
    shop.order("ada", "bob")
    told = one.one()
    assert (told.summary, told.values) == ("it gave 0 rows, now 2", {"old": "", "new": "", "rows": "2"})
    shop("UPDATE orders SET total = 5")
    assert one.look() == ()
    shop("UPDATE orders SET who = 'eve' WHERE id = 2")
    assert one.one().summary == "it gave 2 rows, now others"
    assert "eve" not in (one.state or "")
    assert len(one.state or "") < 200


def test_a_single_value_is_told(shop: Shop) -> None:
    one = shop.asking("-- how many\nSELECT count(*) AS n FROM orders")
    one.look()
    assert one.sees == 'it gives "0"'
    shop.order("ada")
    told = one.one()
    assert (told.summary, told.values) == ('it was "0", is "1"', {"old": "0", "new": "1", "rows": "1"})


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("1 AS a", "'1' AS a"),
        ("1 AS a", "1.0 AS a"),
        ("NULL AS a", "'None' AS a"),
        ("'' AS a", "NULL AS a"),
        ("x'31' AS a", "'31' AS a"),
        ("1 AS a", "1 AS b"),
    ],
)
def test_what_only_looks_alike_is_another_result(shop: Shop, before: str, after: str) -> None:
    states = []
    for values in (before, after):
        one = shop.asking(f"SELECT {values}")
        one.look()
        states.append(one.state)
    assert states[0] != states[1]


# --- new rows


def test_each_new_row_is_told_once_and_none_that_was_there(shop: Shop) -> None:
    shop.order("old")
    one = shop.new()
    assert one.look() == ()
    assert one.sees == "its newest row is 1"
    shop.order("ada", "bob")
    first, second = one.look()
    assert (first.summary, first.values) == ("row 2", {"id": 2, "who": "ada", "total": "", "note": ""})
    assert (second.values["who"], second.number) == ("bob", 1)
    assert one.look() == ()
    shop("DELETE FROM orders")
    assert one.look() == ()
    shop.order("cyd")
    assert ids(one) == [4]


def test_a_table_without_rows_at_first_sight_tells_the_first(shop: Shop) -> None:
    one = shop.new()
    assert one.look() == ()
    assert one.sees == "it has no rows yet"
    shop("INSERT INTO orders (id) VALUES (-5)")
    assert ids(one) == [-5]


def test_of_many_new_rows_the_oldest_are_told_first_and_the_rest_by_the_next_looks(shop: Shop) -> None:
    one = shop.new("SELECT * FROM orders ORDER BY id DESC", max_rows=2)
    one.look()
    shop.order(*"abcde")
    assert [ids(one) for _ in range(4)] == [[1, 2], [3, 4], [5], []]


def test_a_look_that_came_to_nothing_is_made_again_from_where_it_was(shop: Shop) -> None:
    one = shop.new()
    one.look()
    shop.order("ada")
    state = one.state
    assert ids(one) == [1]
    assert ids(Asking(one.watch, state)) == [1]


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.integers(0, 5), st.booleans(), st.booleans()), max_size=12), st.integers(1, 4))
def test_whatever_is_lost_of_looks_each_row_is_told_once(tmp_path: Path, steps: list[tuple[int, bool, bool]], most: int) -> None:
    """Each step: so many rows are written, a look is made, and is durable or not; maybe old rows are deleted."""
    (tmp_path / "shop.sqlite").unlink(missing_ok=True)
    shop = Shop(tmp_path)
    with closing(shop.connection):
        shop(ORDERS)
        shop.order("old")
        one = shop.new(max_rows=most)
        one.look()
        told: list[object] = []
        written = 1
        for number, durable, pruned in steps:
            shop.order(*["x"] * number)
            written += number
            before = one.state
            found = ids(one)
            if durable:
                told += found
            else:
                one.state = before
            if pruned and told:
                shop("DELETE FROM orders WHERE id <= ?", told[-1])
        while found := ids(one):
            told += found
        assert told == list(range(2, written + 1))


def test_values_are_fit_to_be_told(shop: Shop) -> None:
    one = shop.new("SELECT id, who, 1e999 AS endless, x'00ff' AS bytes, note AS Note FROM orders")
    one.look()
    shop("INSERT INTO orders (who, note) VALUES (?, CAST(x'61ff1b' AS TEXT))", "line\r\nnext" + "x" * 3000)
    told = one.one().values
    assert told["endless"] == "inf"
    assert told["bytes"] == "00ff"
    assert told["note"] == "a\ufffd "
    assert str(told["who"]).startswith("line\nnextxxx")
    assert len(str(told["who"])) == 2000


# --- trouble


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("SELECT id, who AS number FROM orders", "each event has a value number of its own; give the column another name by AS"),
        ("SELECT id, count(*) FROM orders", "the column count(*) can't be the name of a value; give it one by AS in the query"),
        (
            "SELECT id, who, total AS WHO FROM orders",
            "the column WHO:1 can't be the name of a value; give it one by AS",
        ),
        ("SELECT who FROM orders", "its query fails (no such column: id); correct `query`"),
        ("SELECT who AS id FROM orders", "id isn't a whole number in each row; name a column under `new_rows` that is"),
        ("SELECT id + 0.5 AS id FROM orders", "id isn't a whole number in each row"),
    ],
)
def test_rows_that_cannot_be_told_are_trouble_before_any_is_to_be(shop: Shop, query: str, said: str) -> None:
    shop.order("ada")
    assert said in shop.new(query).trouble()


def test_rows_that_share_a_number_are_trouble(shop: Shop) -> None:
    one = shop.new("SELECT total AS t, CAST(total AS INTEGER) AS id FROM orders")
    one.look()
    shop("INSERT INTO orders (total) VALUES (1), (2), (2)")
    assert one.trouble() == "two rows have 2 as id; name a column under `new_rows` that is another in each row"


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("SELECT * FROM none", "its query fails (no such table: none); correct `query`"),
        ("SELECT 1; SELECT 2", "its query fails (You can only execute one statement at a time); correct `query`"),
        ("WITH a AS (SELECT 1) DELETE FROM orders", "does more than read"),
        ("WITH a AS (SELECT 1) INSERT INTO orders (who) VALUES (1)", "does more than read"),
        ("SELECT zeroblob(2000000)", "a value of its query is larger than 1,000,000 bytes; leave it out, or take a part of it"),
        ("SELECT load_extension('x')", "its query fails (not authorized)"),
    ],
)
def test_a_query_that_cannot_be_asked_is_trouble(shop: Shop, query: str, said: str) -> None:
    assert said in shop.asking(query).trouble()


def test_nothing_is_written_and_no_other_file_opened(shop: Shop, tmp_path: Path) -> None:
    there = {entry.name for entry in tmp_path.iterdir()}
    for statement in (f"VACUUM INTO '{tmp_path}/copy'", f"ATTACH '{tmp_path}/other' AS other", "CREATE TABLE t (a)"):
        one = shop.asking("SELECT 1")
        with pytest.raises(Unanswered, match="does more than read"):
            SQLite(tmp_path / "shop.sqlite", 5).rows(statement, 1)
        one.look()
    assert {entry.name for entry in tmp_path.iterdir()} == there


def test_json_and_other_tables_of_functions_can_be_asked(shop: Shop) -> None:
    one = shop.asking("""SELECT sum(value) FROM json_each('[1, 2, 3]')""")
    one.look()
    assert one.sees == 'it gives "6"'


def test_what_takes_too_long_or_gives_too_much_is_broken_off(shop: Shop) -> None:
    endless = "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c) SELECT count(*) FROM c"
    assert shop.asking(endless, timeout="0.2s").trouble() == (
        "its query took longer than 0.2s; give it an index, or raise `timeout`"
    )
    shop.order(*"abc")
    assert shop.asking("SELECT * FROM orders", max_rows=2).trouble() == (
        "its query gives more than 2 rows; have it count or sum up, or raise `max_rows`"
    )
    assert shop.asking("SELECT * FROM orders", max_rows=3).look() == ()


def test_a_look_under_way_ends_when_nobody_looks_any_more(shop: Shop) -> None:
    endless = "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c) SELECT count(*) FROM c"
    one = shop.asking(endless, timeout="10m")
    assert isinstance(one.watch, Endable)
    told: list[str] = []
    looking = threading.Thread(target=lambda: told.append(one.trouble()), daemon=True)
    looking.start()
    one.watch.shut()
    looking.join(30)
    assert told == ["rowd asks it no more; nothing is to be done"]


def test_a_database_that_is_locked_missing_or_none_is_trouble_and_may_come_back(shop: Shop, tmp_path: Path) -> None:
    one = shop.asking("SELECT count(*) FROM orders", timeout="0.1s")
    one.look()
    shop("BEGIN EXCLUSIVE")
    assert "shop.sqlite is locked by who writes it (database is locked); let them end their transaction" in one.trouble()
    shop("ROLLBACK")
    file = tmp_path / "shop.sqlite"
    file.rename(tmp_path / "aside")
    assert one.trouble() == f"there is no file {file}; correct `path`, or make it"
    assert not file.exists()
    file.write_bytes(b"no database, but long enough to be read as one" * 100)
    assert f"{file} can't be read (file is not a database)" in one.trouble()
    assert "file is not a database" in Asking(made("sql", tmp_path, path=file, query="SELECT 1")).trouble()
    (tmp_path / "aside").replace(file)
    assert one.look() == ()
    shop.order("ada")
    assert one.one().values["new"] == "1"


def test_a_file_with_an_odd_name_is_opened_and_what_stands_in_a_log_of_writes_is_seen(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "a?mode=rwc&b#c%20.db", isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode = wal")
        connection.execute("CREATE TABLE t (a)")
        one = Asking(made("sql", tmp_path, path="a?mode=rwc&b#c%20.db", query="SELECT count(*) FROM t"))
        one.look()
        connection.execute("INSERT INTO t VALUES (1)")
        assert one.one().values["new"] == "1"


@pytest.mark.parametrize("state", ["", "{}", '{"type":"newest","version":99,"id":1}', "\ud800", '{"type":"result"}'])
def test_a_state_that_nobody_understands_is_first_sight(shop: Shop, state: str) -> None:
    shop.order("ada")
    assert Asking(shop.new().watch, state).look() == ()
    assert Asking(shop.asking("SELECT 1").watch, state).look() == ()


@pytest.mark.parametrize(
    ("given_", "said"),
    [
        ({"query": "DELETE FROM orders"}, "is no question; write one like"),
        ({"query": ""}, "is no question"),
        ({"query": "/* a */ -- SELECT"}, "is no question"),
        ({"query": "SELECTED"}, "is no question"),
        (
            {"query": "SELECT id FROM orders LIMIT 3", "new_rows": "id"},
            "`query` has a LIMIT, so rows would never be told; take it out",
        ),
        ({"path": "~/shop"}, "means nothing to a daemon"),
        ({"path": ""}, "is no path"),
        ({"path": None}, "names no database; write `path`"),
        ({"dsn": "host=db"}, "names two databases"),
        ({"password": "SHOP"}, "an SQLite file has no password; remove it, or name a server under `dsn`"),
        ({"path": None, "dsn": "host=db password=x"}, "holds a password; take it out, put it into .env"),
        ({"new_rows": "a]b"}, "can't be the name of a column here"),
        ({"every": "0.5s"}, "0.5s is too short; write 1s or more"),
        ({"max_rows": 0}, "greater than or equal to 1"),
    ],
)
def test_settings_that_make_no_sense_are_refused_with_the_remedy(given_: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        SqlSettings.model_validate({"kind": "sql", "path": "shop.sqlite", "query": "SELECT 1", **given_})


def test_what_only_reads_like_a_limit_is_none() -> None:
    query = "SELECT id, \"limit\", 'no limit', [limit] /* limit */ FROM limits -- limit"
    SqlSettings.model_validate({"kind": "sql", "path": "a", "query": query, "new_rows": "id"})
    SqlSettings.model_validate({"kind": "sql", "path": "a", "query": "SELECT id FROM orders LIMIT 3"})


def test_a_query_may_begin_with_comments_and_end_with_a_semicolon() -> None:
    made_ = SqlSettings.model_validate(
        {"kind": "sql", "path": "a", "query": " /* a\n */ -- b\n with c AS (SELECT 1) SELECT * FROM c ;\n"}
    )
    assert made_.query.endswith("FROM c ")
