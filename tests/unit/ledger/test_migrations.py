"""Ledgers of every age become one of the newest version, which is the same whatever it came from; or nothing changes."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from engine.ledger import Ledger, LedgerTooNew, LedgerTooOld
from engine.ledger.migrations import STEPS, bring_up
from engine.ledger.tallies import Count
from engine.model import Occurrence, RowState
from tests.unit.ledger.making import NOON, mode, raw

V1 = (Path(__file__).parent / "v1.sql").read_text()
NEXT = max(STEPS) + 1
"""The version of a ledger that is yet to come."""


def old_ledger(path: Path) -> None:
    path.parent.mkdir(exist_ok=True)
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(V1)
        connection.execute("INSERT INTO ledger VALUES ('00112233aabbccdd')")
        connection.execute(
            "INSERT INTO occurrences VALUES (1, 'r1', 'ops', 'a', 'task a', 'at:1', 'schedule', 1772366400000000, 1772366400000000,"
            " 'claimed', 'work', '{\"p\":1}', 300000000, 1, 0, 10000000, 0, 'schedule', 0, NULL, NULL, NULL, NULL, NULL, '', '{}',"
            " '[]', NULL, NULL, 1, NULL)"
        )
        connection.commit()


def shape(path: Path) -> list[tuple[str, str]]:
    return [
        (name, " ".join(sql.split()).replace(" ,", ",").replace(" )", ")"))  # SQLite adds a last column without line breaks
        for name, sql in raw(path, "SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY name")
    ]


def test_a_ledger_of_version_one_is_brought_up_to_what_a_new_one_is(path: Path, tmp_path: Path) -> None:
    old_ledger(path)
    with closing(Ledger.open(path)) as old:
        assert old.id == "00112233aabbccdd"
        assert [(o.id, o.due, o.parameters) for o in old.active()] == [("r1", NOON, {"p": 1})]
    Ledger.open(tmp_path / "new.db").close()
    assert shape(path) == shape(tmp_path / "new.db")


@pytest.mark.parametrize("age", range(1, NEXT - 1))
def test_a_ledger_of_any_age_is_brought_up_to_what_a_new_one_is(path: Path, tmp_path: Path, age: int) -> None:
    old_ledger(path)
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        bring_up(connection, path, migrate=True, steps={n: step for n, step in STEPS.items() if n <= age})
    assert raw(path, "PRAGMA user_version") == [(age,)]
    Ledger.open(path).close()
    Ledger.open(tmp_path / "new.db").close()
    assert shape(path) == shape(tmp_path / "new.db")
    assert columns(path) == columns(tmp_path / "new.db")


def columns(path: Path) -> list[tuple[Any, ...]]:
    """As SQLite understands them: of each table and index in turn, with types, defaults and keys."""
    tables = "FROM sqlite_master AS t, pragma_table_xinfo(t.name) AS c ORDER BY t.name, c.cid"
    indexes = "FROM sqlite_master AS t, pragma_index_xinfo(t.name) AS c ORDER BY t.name, c.seqno"
    return raw(path, f"SELECT t.name, c.* {tables}") + raw(path, f"SELECT t.name, c.* {indexes}")


def test_what_is_written_and_read_are_the_columns_of_the_tables(ledger: Ledger, path: Path) -> None:
    def names(table: str) -> list[str]:
        return [column[1] for column in raw(path, f"PRAGMA table_info({table})")]

    assert names("occurrences") == ["seq", *Occurrence.__struct_fields__]
    assert sorted(names("rows")) == sorted(("completed", *RowState.__struct_fields__))
    assert names("tallies") == list(Count.__struct_fields__)


def add_colour(connection: sqlite3.Connection) -> None:
    connection.execute("ALTER TABLE tables ADD COLUMN colour TEXT")


def fail_halfway(connection: sqlite3.Connection) -> None:
    add_colour(connection)
    raise ZeroDivisionError


def test_a_migration_keeps_a_copy_of_what_was_before(path: Path) -> None:
    old_ledger(path)
    with closing(Ledger.open(path)) as ledger:
        bring_up(ledger._connection, path, migrate=True, steps={NEXT: add_colour})
    assert raw(path, "PRAGMA user_version") == [(NEXT,)]
    assert raw(path, "SELECT colour FROM tables") == []
    copy = path.with_name(f"ledger.db.before-v{NEXT}")
    assert mode(copy) == 0o600
    with pytest.raises(LedgerTooNew, match=rf"ledger\.db\.before-v{NEXT}"):
        Ledger.open(path)
    with closing(Ledger.open(copy)) as before:
        assert [o.id for o in before.active()] == ["r1"]
    assert {p.name for p in path.parent.iterdir()} == {
        "ledger.db",
        f"ledger.db.before-v{NEXT - 1}",
        f"ledger.db.before-v{NEXT}",
    }


def test_a_migration_that_fails_leaves_everything_as_it_was(path: Path) -> None:
    old_ledger(path)
    Ledger.open(path).close()
    before = shape(path)
    with closing(Ledger.open(path)) as ledger:
        with pytest.raises(ZeroDivisionError):
            bring_up(ledger._connection, path, migrate=True, steps={NEXT: fail_halfway})
        assert not ledger.in_transaction
    assert shape(path) == before
    assert raw(path, "PRAGMA user_version") == [(NEXT - 1,)]
    Ledger.open(path).close()


def test_a_command_does_not_migrate(path: Path) -> None:
    old_ledger(path)
    with closing(Ledger.open(path)) as ledger, pytest.raises(LedgerTooOld, match="rowd run"):
        bring_up(ledger._connection, path, migrate=False, steps={NEXT: add_colour})
    assert raw(path, "PRAGMA user_version") == [(NEXT - 1,)]
