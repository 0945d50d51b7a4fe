"""A real PostgreSQL server as a watched source and as a fact: what is told, what is refused, what its troubles look like; and the
installed daemon with both. All of it here, so that one cluster does.
"""

from __future__ import annotations

import asyncio
import json
import signal
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import facts
from actions.databases import api
from actions.databases.postgresql import PostgreSQL
from facts.api import Tree, Unhad
from tests.acceptance.site import Site, eventually
from tests.postgresql import PASSWORD, Cluster, cluster
from tests.unit.watches.asking import Asking, made
from watches.api import Endable

READER, SECRET, WRONG = "reader", "read-pass-word", "not-this-one"
OPEN = "SELECT pid FROM pg_stat_activity WHERE usename = 'reader'"


@pytest.fixture(scope="session")
def server() -> Iterator[Cluster]:
    with cluster() as running:
        with running.connect() as owner:
            owner.execute(f"CREATE ROLE {READER} LOGIN PASSWORD '{SECRET}'")
        yield running


class Shop:
    """A database of one test, that others write.   connection: theirs."""

    def __init__(self, server: Cluster, name: str) -> None:
        self.server, self.name = server, name
        with server.connect() as owner:
            owner.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
            owner.execute(f"CREATE DATABASE {name} TEMPLATE template0")
        self.connection = server.connect(name)
        self("CREATE TABLE orders (id SERIAL PRIMARY KEY, who TEXT, total NUMERIC, secret TEXT)")
        self(f"GRANT SELECT (id, who, total) ON orders TO {READER}")

    def __call__(self, statement: str) -> None:
        self.connection.execute(statement)

    def order(self, *names: str) -> None:
        for name in names:
            self.connection.execute("INSERT INTO orders (who) VALUES (%s)", [name])

    def dsn(self, **more: object) -> str:
        return self.server.dsn(READER, self.name, **more)

    def asking(self, query: str, **more: Any) -> Asking:
        its = {"dsn": self.dsn(), "password": "PW", "query": query, **more}
        return Asking(made("sql", Path("/"), {"PW": SECRET}, **its))

    def new(self, query: str = "SELECT id, who FROM orders", **more: Any) -> Asking:
        return self.asking(query, **{"new_rows": "ID", **more})

    def told(self, query: str, **more: Any) -> Tree:
        kind = facts.load("sql")
        its = kind.settings.model_validate({"kind": "sql", "dsn": self.dsn(), "password": "PW", "query": query, **more})
        return asyncio.run(kind.make("shop", its, Path("/"), {"PW": SECRET}.__getitem__).ask())


@pytest.fixture(scope="module")
def template(server: Cluster) -> Iterator[Shop]:
    made_ = Shop(server, "shop")
    yield made_
    made_.connection.close()


@pytest.fixture
def shop(template: Shop) -> Shop:
    template("TRUNCATE orders RESTART IDENTITY")
    return template


def ids(one: Asking) -> list[object]:
    return [told.values["id"] for told in one.look()]


# --- another result


def test_another_result_is_a_change_and_first_sight_is_none(shop: Shop) -> None:
    one = shop.asking("SELECT count(*) FROM orders WHERE who LIKE 'a%' AND who <> '$1 %s'")
    one.look()
    assert one.sees == 'it gives "0"'
    shop.order("ada", "bob")
    told = one.one()
    assert (told.summary, told.values) == ('it was "0", is "1"', {"old": "0", "new": "1", "rows": "1"})
    assert one.look() == ()


def test_what_values_are_told_as(shop: Shop) -> None:
    query = """SELECT 1::int2 AS a, 2::int8 AS b, 0.5::float4 AS c, 'NaN'::float8 AS d, true AS e, NULL AS f, 1.50::numeric AS g,
        '\\x00ff'::bytea AS h, '{"k": [1]}'::jsonb AS i, '2026-03-02'::date AS j, interval '1 day' AS k, '{1,2}'::int[] AS l"""
    answer = PostgreSQL(shop.dsn(), SECRET, 10).rows(query, 1)
    first, rest = answer.rows[0][:3], answer.rows[0][4:]
    assert answer.columns == tuple("abcdefghijkl")
    assert first == (1, 2, 0.5)
    assert rest == (True, None, "1.50", b"\x00\xff", '{"k": [1]}', "2026-03-02", "P1D", "{1,2}")
    assert shop.told(query) == {
        "a": 1,
        "b": 2,
        "c": 0.5,
        "d": "nan",
        "e": True,
        "f": None,
        "g": 1.5,
        "h": "00ff",
        "i": {"k": [1]},
        "j": "2026-03-02",
        "k": "P1D",
        "l": "{1,2}",
    }


# --- new rows


def test_each_new_row_is_told_once_and_none_that_was_there(shop: Shop) -> None:
    shop.order("older", "old")
    one = shop.new("SELECT id, who FROM orders UNION ALL SELECT NULL, 'no number'")
    assert one.look() == ()
    assert one.sees == "its newest row is 2"
    shop.order("ada", "bob")
    first, second = one.look()
    assert (first.summary, first.values, second.values["who"]) == ("row 3", {"id": 3, "who": "ada"}, "bob")
    assert one.look() == ()
    shop.order(*"cde")
    few = Asking(shop.new(max_rows=2).watch, one.state)
    assert [ids(few) for _ in range(3)] == [[5, 6], [7], []]


def test_a_row_whose_writer_ends_late_is_not_lost(shop: Shop) -> None:
    shop.order("old")
    one = shop.new()
    one.look()
    with shop.server.connect(shop.name) as late, late.transaction():
        late.execute("INSERT INTO orders (who) VALUES ('late')")
        shop.order("early")
        assert [ids(one) for _ in range(3)] == [[], [], []]
        assert one.sees == "no rows are new, and 1 from 3 on can be told once nothing older can come"
    assert ids(one) == [2, 3]


def test_a_number_that_nobody_will_write_holds_up_nothing_for_long(shop: Shop) -> None:
    shop.order("old")
    one = shop.new()
    one.look()
    with shop.server.connect(shop.name) as gives_up, gives_up.transaction(force_rollback=True):
        gives_up.execute("INSERT INTO orders (who) VALUES ('never')")
    shop.order("ada")
    assert [ids(one) for _ in range(3)] == [[], [3], []]


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("SELECT who FROM orders", "its query has no column ID; correct `new_rows`, or `query`"),
        ("SELECT total AS id FROM orders", "ID isn't a whole number in each row"),
        ("SELECT true AS id FROM orders", "ID isn't a whole number in each row"),
        ("SELECT id, who, total AS who FROM orders", "two columns are called who; give one another name by AS in the query"),
        ("SELECT id, total * 2 FROM orders", "the column ?column? can't be the name of a value; give it one by AS"),
    ],
)
def test_rows_that_cannot_be_told_are_trouble_before_any_is_to_be(shop: Shop, query: str, said: str) -> None:
    shop("INSERT INTO orders (who, total) VALUES ('ada', 1)")
    assert said in shop.new(query).trouble()


# --- what is refused


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("SELECT nope FROM orders", 'its query fails (column "nope" does not exist); correct `query`'),
        ("SELECT 1; SELECT 2", "its query fails (syntax error"),
        ("SELECT 1) AS a; DROP TABLE orders; SELECT * FROM (SELECT 1", "its query fails (cannot insert multiple commands"),
        ("WITH a AS (DELETE FROM orders RETURNING 1) SELECT * FROM a", "data-modifying statement"),
        ("SELECT nextval('orders_id_seq')", "its query does more than read (cannot execute nextval() in a read-only transaction)"),
        ("SELECT id FROM orders FOR UPDATE", "does more than read (cannot execute SELECT FOR UPDATE in a read-only transaction)"),
        ("SELECT set_config('transaction_read_only', 'off', false)", "transaction read-write mode must be set before any query"),
        ("SELECT secret FROM orders", "its role may not ask that (permission denied for table orders); have it granted"),
        ("SELECT repeat('x', 2000000)", "a value of its query is larger than 1,000,000 bytes; leave it out"),
        ("SELECT decode(repeat('00', 1000001), 'hex')", "a value of its query is larger than 1,000,000 bytes"),
        ("SELECT repeat('x', 900000) FROM generate_series(1, 100)", "its query gives more than 16 MB; have it count or sum up"),
        ("SELECT FROM orders", "its query gives no columns; have it SELECT some"),
        ("SELECT pg_terminate_backend(pg_backend_pid())", "its server broke off the connection ("),
    ],
)
def test_a_query_that_cannot_be_answered_is_trouble(shop: Shop, query: str, said: str) -> None:
    shop.order("ada")
    powers = "SUPERUSER" if "nextval" in query or "FOR UPDATE" in query else "NOSUPERUSER"
    with shop.server.connect() as owner:
        owner.execute(f"ALTER ROLE {READER} {powers}")
    assert said in shop.asking(query, max_rows=100).trouble()
    with pytest.raises(Unhad) as why:
        shop.told(query)
    assert said in str(why.value) or "more than one row" in str(why.value)
    assert shop.connection.execute("SELECT count(*), max(id) FROM orders").fetchall() == [(1, 1)]


def test_a_long_result_is_refused_and_the_rest_never_asked_for(shop: Shop) -> None:
    one = shop.asking("SELECT * FROM generate_series(1, 3)", max_rows=2)
    assert one.trouble() == "its query gives more than 2 rows; have it count or sum up, or raise `max_rows`"
    assert shop.asking("SELECT * FROM generate_series(1, 3)", max_rows=3).look() == ()


# --- time


def test_the_server_itself_is_told_the_limits(shop: Shop) -> None:
    """So they hold where rowd is killed as well."""
    names = ("statement_timeout", "idle_in_transaction_session_timeout", "lock_timeout", "transaction_read_only")
    one = shop.asking("SELECT " + " || ' ' || ".join(f"current_setting('{name}')" for name in names), timeout="7s")
    one.look()
    assert one.sees == 'it gives "7s 7s 5s on"'


def test_what_takes_too_long_is_broken_off_by_the_server_and_where_that_hangs_by_us(shop: Shop) -> None:
    slow = "its query took longer than 0.3s; give it an index, or raise `timeout`"
    assert shop.asking("SELECT pg_sleep(60)", timeout="0.3s").trouble() == slow
    with shop.server.connect() as owner:
        assert owner.execute(f"{OPEN} AND state = 'active'").rowcount == 0
    shop.server.server.send_signal(signal.SIGSTOP)  # the one that takes connections; a connection waits for ever
    try:
        away = "its server has not answered within 0.3s; see whether it runs, or correct `dsn`"
        assert shop.asking("SELECT 1", timeout="0.3s").trouble() == away
    finally:
        shop.server.server.send_signal(signal.SIGCONT)
    assert shop.asking("SELECT 1").look() == ()


def test_a_server_that_falls_silent_in_the_middle_is_waited_for_no_longer(shop: Shop) -> None:
    """Where its own time-out can't help: between it and us there is somebody who lets nothing through any more."""
    with socket.create_server(("127.0.0.1", 0)) as between:
        taken: list[socket.socket] = []

        def carry() -> None:
            client, _ = between.accept()
            behind = socket.create_connection(("127.0.0.1", shop.server.port))
            taken.extend((client, behind))
            threading.Thread(target=_carried, args=(behind, client), daemon=True).start()
            while (piece := client.recv(65536)) and b"pg_sleep" not in piece:
                behind.sendall(piece)

        threading.Thread(target=carry, daemon=True).start()
        one = shop.asking("SELECT pg_sleep(60)", timeout="1s", dsn=shop.dsn(port=between.getsockname()[1]))
        assert one.trouble() == "its query took longer than 1s; give it an index, or raise `timeout`"
        for end in taken:
            end.shutdown(socket.SHUT_RDWR)
            end.close()


def _carried(source: socket.socket, target: socket.socket) -> None:
    try:
        while piece := source.recv(65536):
            target.sendall(piece)
    except OSError:  # who asked has let go of it
        pass


def test_a_look_under_way_ends_when_nobody_looks_any_more(shop: Shop) -> None:
    one = shop.asking("SELECT pg_sleep(60)", timeout="10m")
    assert isinstance(one.watch, Endable)
    told: list[str] = []
    looking = threading.Thread(target=lambda: told.append(one.trouble()), daemon=True)
    looking.start()
    with shop.server.connect() as owner:
        eventually(lambda: owner.execute(f"{OPEN} AND query LIKE '%pg_sleep%'").rowcount > 0)
    one.watch.shut()
    looking.join(30)
    assert told == ["rowd asks it no more; nothing is to be done"]
    assert one.trouble() == told[0]
    with shop.server.connect() as owner:
        eventually(lambda: owner.execute(OPEN).rowcount == 0)  # the server was told


def test_a_table_that_is_locked_is_waited_for_a_while(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("actions.databases.postgresql.LOCKED_S", 0.2)
    with shop.server.connect(shop.name) as writer, writer.transaction():
        writer.execute("LOCK TABLE orders IN ACCESS EXCLUSIVE MODE")
        assert (
            "is locked by who writes it (canceling statement due to lock timeout)" in shop.asking("SELECT id FROM orders").trouble()
        )


# --- no connection


def test_no_connection_is_trouble_told_with_the_remedy_and_never_the_password(shop: Shop) -> None:
    def trouble(password: str | None = WRONG, **more: object) -> str:
        with pytest.raises(api.Unanswered) as why:
            PostgreSQL(shop.dsn(**more), password, 10).rows("SELECT 1", 1)
        assert WRONG not in str(why.value)
        return str(why.value)

    refused = trouble()
    assert refused.startswith("its server refuses the connection (")
    assert 'password authentication failed for user "reader"); correct `dsn`, or the password, or what' in refused
    assert 'database "gone" does not exist); correct `dsn`' in trouble(SECRET, dbname="gone")
    wants = trouble(None, passfile="/dev/null/none")
    assert wants.startswith("its server wants a password (")
    assert wants.endswith("; put it into .env, and say under `password` by which name")
    with socket.create_server(("127.0.0.1", 0)) as probe:
        free = probe.getsockname()[1]
    away = trouble(port=free)
    assert away.startswith("its server can't be reached (")
    assert "Connection refused" in away
    assert "server does not support SSL, but SSL was required); see whether it runs, or correct `dsn`" in trouble(sslmode="require")
    assert trouble(host="a" * 70 + ".example").startswith("its server can't be reached (")
    assert 'its dsn can\'t be used (invalid connection option "hots"); correct `dsn`' in trouble(hots="x")


def test_nothing_is_held_open_between_two_looks(shop: Shop) -> None:
    shop.asking("SELECT 1").look()
    shop.told("SELECT 1")
    with shop.server.connect() as owner:
        eventually(lambda: owner.execute(OPEN).rowcount == 0)


# --- the installed daemon

CONFIG = """
[watch.orders]
kind = "sql"
dsn = "{dsn}"
password = "SHOP_PASSWORD"
query = "SELECT id, who FROM orders"
new_rows = "id"
every = "1s"
[fact.waiting]
kind = "sql"
dsn = "{dsn}"
password = "SHOP_PASSWORD"
query = "SELECT count(*) FROM orders WHERE total IS NULL"
max_age = "0s"
"""


def test_a_row_runs_for_each_new_row_and_asks_the_server_for_a_fact(site: Any, shop: Shop) -> None:
    its: Site = site("1,welcome,work,,,,,,,,,")
    with (its.folder / "rowd.toml").open("a") as config:
        config.write(CONFIG.format(dsn=shop.dsn()))
    its.table.write_text("ID,Name,Type,Action,Watch,Condition,Health\n1,welcome,on_change,work,orders,fact.waiting < 3,\n")
    (its.folder / ".env").write_text("SHOP_PASSWORD=wrong-pass-word\n")
    (its.folder / ".env").chmod(0o600)
    doctor = its.rowd("doctor")
    assert "✗ watch: orders can't be looked at: its server refuses the connection (" in doctor.stdout
    assert "✗ fact: waiting could not be asked: its server refuses the connection (" in doctor.stdout
    (its.folder / ".env").write_text(f"SHOP_PASSWORD={SECRET}\n")
    doctor = its.rowd("doctor")
    assert "✓ watch: orders can be looked at: it has no rows yet" in doctor.stdout
    assert "✓ fact: waiting = 0, told in " in doctor.stdout
    shop.order("old")
    daemon = its.start(installed=True)
    daemon.until("watch.seen", lambda event: event["watch"] == "orders")
    shop.order("ada")
    assert daemon.until("run.ended")["outcome"] == "succeeded"
    daemon.kill()
    shop.order("bob")
    daemon = its.start()
    assert daemon.until("occurrence.recorded")["reason"].startswith("fact.waiting = 3, needs < 3 (asked ")
    with shop.server.connect() as owner:
        owner.execute(f"ALTER ROLE {READER} NOLOGIN")
        try:
            trouble = daemon.until("watch.unseen")["message"]
            eventually(lambda: "orders" in its.rows()["welcome"]["Health"] and "refuses" in its.rows()["welcome"]["Health"])
        finally:
            owner.execute(f"ALTER ROLE {READER} LOGIN")
    assert 'role "reader" is not permitted to log in); correct `dsn`' in trouble
    daemon.until("watch.recovered")
    assert daemon.stop() == 0
    its.laws()
    events = [json.loads(json.dumps(run["event"])) for run in its.history() if run["event"]]
    assert [(event["id"], event["who"]) for event in reversed(events)] == [(2, "ada"), (3, "bob")]
    kept = "".join(file.read_text(errors="replace") for file in its.folder.rglob("*") if file.is_file() and file.name != ".env")
    assert SECRET not in kept
    assert "wrong-pass-word" not in kept
    assert PASSWORD not in kept
