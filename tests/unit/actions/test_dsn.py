"""How a PostgreSQL server is named: as libpq reads it, and never with a secret."""

from __future__ import annotations

from importlib.machinery import PathFinder
from pathlib import Path

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from actions.databases.dsn import valid_dsn
from actions.databases.settings import database


@pytest.mark.parametrize(
    "dsn",
    [
        "host=db dbname=shop user=rowd sslmode=verify-full sslrootcert=/etc/ssl/root.pem",
        " host = db  user = 'a b\\' c' ",
        "host=a,b port=5432,5433 target_session_attrs=any",
        r"user=a\ b",
        "options='-c search_path=shop'",
        "host=",
        "postgresql://db",
        "postgres://rowd@db:5432/shop?sslmode=require",
        "postgresql://rowd:@db/shop",
        "postgresql:///shop?host=/run/postgresql",
        "postgresql://a,b:5433/shop?user=x",
    ],
)
def test_what_libpq_reads_is_taken(dsn: str) -> None:
    psycopg.conninfo.conninfo_to_dict(dsn)
    assert valid_dsn(dsn) == dsn


@pytest.mark.parametrize(
    "dsn",
    [
        "host=db password=pa55word",
        "password='pa55word'",
        " password\t= pa55word",
        "postgresql://rowd:pa55word@db/shop",
        "postgresql://db/shop?password=pa55word",
        "postgresql://db/shop?sslmode=require&p%61ssword=pa55word",
        "postgres://rowd:pa55word@a,b/shop",
    ],
)
def test_one_that_holds_a_password_is_refused_without_repeating_it(dsn: str) -> None:
    assert psycopg.conninfo.conninfo_to_dict(dsn)["password"] == "pa55word"
    with pytest.raises(ValueError, match=r"holds a password; take it out, put it into \.env, and say under `password`") as told:
        valid_dsn(dsn)
    assert "pa55word" not in str(told.value)


@pytest.mark.parametrize("dsn", ["", " ", "db.example.org", "host", "host=db 'x", "host=db\0", "mysql://db", "=x"])
def test_what_names_no_server_is_refused(dsn: str) -> None:
    with pytest.raises(ValueError, match='says no server; write it like "host=db'):
        valid_dsn(dsn)


def test_another_secret_is_refused() -> None:
    with pytest.raises(ValueError, match="holds a secret, sslpassword; take it out"):
        valid_dsn("host=db sslpassword=x")


@given(st.text(alphabet="pas word=\\'\t,@:/%61", max_size=30).map(lambda more: f"host=db {more} password=pa55word"))
def test_nothing_that_libpq_takes_hides_a_password(dsn: str) -> None:
    try:
        known = psycopg.conninfo.conninfo_to_dict(dsn)
    except psycopg.Error:
        return
    if "password" in known:
        with pytest.raises(ValueError, match=r"holds a password|says no server"):
            valid_dsn(dsn)


def test_without_the_driver_the_remedy_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(PathFinder, "find_spec", lambda *_: None)
    monkeypatch.delitem(__import__("sys").modules, "psycopg")
    with pytest.raises(ValueError, match=r"by psycopg, which isn't installed; run: pip install 'rowd\[postgresql\]'"):
        database(Path("/"), "host=db", lambda: None, 1)
