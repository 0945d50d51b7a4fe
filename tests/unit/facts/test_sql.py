"""Facts that queries tell, on real SQLite files: the value in a row, and what is no answer."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

import facts
from facts.api import Fact, Tree, Unhad

ENDLESS = "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c) SELECT count(*) FROM c"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    with closing(sqlite3.connect(tmp_path / "shop.sqlite", isolation_level=None)) as connection:
        connection.execute("CREATE TABLE orders (id INTEGER PRIMARY KEY, who, total REAL)")
        connection.execute("INSERT INTO orders (who, total) VALUES ('ada', 1.5), ('bob', NULL)")
    return tmp_path


def made(folder: Path, query: str, **settings: object) -> Fact:
    kind = facts.load("sql")
    definition = kind.settings.model_validate({"kind": "sql", "path": "shop.sqlite", "query": query, **settings})
    return kind.make("shop", definition, folder, {"PW": "s3cret"}.__getitem__)


def told(folder: Path, query: str, **settings: object) -> Tree:
    return asyncio.run(made(folder, query, **settings).ask())


@pytest.mark.parametrize(
    ("query", "value"),
    [
        ("SELECT count(*) FROM orders", 2),
        ("SELECT total FROM orders WHERE id = 1", 1.5),
        ("SELECT total FROM orders WHERE id = 2", None),
        ("SELECT who FROM orders WHERE id = 1", "ada"),
        ("SELECT ''", ""),
        ("SELECT '{\"a\": [1, 2]}'", {"a": [1, 2]}),
        ("SELECT '12.50'", 12.5),
        ("SELECT 1e999", "inf"),
        ("SELECT x'00ff'", "00ff"),
        ("SELECT count(*) AS number, max(who) AS last FROM orders", {"number": 2, "last": "bob"}),
    ],
)
def test_the_row_that_a_query_gives_is_the_value(folder: Path, query: str, value: Tree) -> None:
    assert told(folder, query) == value


@pytest.mark.parametrize(
    ("query", "why"),
    [
        ("SELECT who FROM orders", "its query gives more than one row; have it count or sum up, or take one by LIMIT 1"),
        ("SELECT who FROM orders WHERE id = 9", "its query gives no row; have it count, or give one for each case"),
        ("SELECT hex(zeroblob(40000))", "its query gives more than 64 kB; let it give the value alone"),
        ("SELECT nope FROM orders", r"its query fails \(no such column: nope\); correct `query`"),
        ("WITH a AS (SELECT 1) DELETE FROM orders", "its query does more than read .*; write a SELECT of this file alone"),
    ],
)
def test_what_is_no_answer_is_told_with_the_remedy(folder: Path, query: str, why: str) -> None:
    with pytest.raises(Unhad, match=f"^{why}$"):
        told(folder, query)


def test_one_that_nobody_waits_for_any_more_ends_and_can_be_asked_again(folder: Path) -> None:
    async def story() -> None:
        fact = made(folder, ENDLESS, timeout="5m")
        asking = asyncio.create_task(fact.ask())
        await asyncio.sleep(0)
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(fact.ask(), 0.05)

    asyncio.run(story())


@pytest.mark.parametrize(
    ("settings", "why"),
    [
        ({"path": None}, "names no database"),
        ({"dsn": "host=db"}, "names two databases"),
        ({"secrets": ["PW"]}, "a query gets no secrets; remove them, and name that of a server under `password`"),
        ({"query": "DELETE FROM orders"}, "is no question"),
        ({"path": None, "dsn": "host=db", "password": ""}, "at least 1 character"),
    ],
)
def test_definitions_that_are_refused(folder: Path, settings: dict[str, object], why: str) -> None:
    with pytest.raises(ValueError, match=why):
        made(folder, **{"query": "SELECT 1", **settings})  # type: ignore[arg-type]  # settings of any kind


def test_a_secret_without_a_value_is_told(folder: Path) -> None:
    with pytest.raises(KeyError, match="OTHER"):
        made(folder, "SELECT 1", path=None, dsn="host=db", password="OTHER")
