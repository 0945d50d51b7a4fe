"""How a ledger of any age becomes one of the newest version: forward only, by itself, with a copy kept first."""

from __future__ import annotations

import secrets
import sqlite3
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path

from engine.ledger.copying import copy
from engine.ledger.errors import LedgerTooNew, LedgerTooOld, damaged
from engine.ledger.schema import SCHEMA

Step = Callable[[sqlite3.Connection], None]


def _version_2(connection: sqlite3.Connection) -> None:
    connection.execute("ALTER TABLE rows ADD COLUMN meant TEXT DEFAULT '{}' NOT NULL")
    connection.execute("ALTER TABLE rows ADD COLUMN skip_until INTEGER")
    connection.execute("ALTER TABLE rows ADD COLUMN skip_by TEXT DEFAULT '' NOT NULL")
    connection.execute("ALTER TABLE occurrences ADD COLUMN stopping TEXT DEFAULT '' NOT NULL")
    connection.execute("ALTER TABLE attempts ADD COLUMN kind TEXT")
    connection.execute("UPDATE attempts SET kind = 'command' WHERE pid IS NOT NULL AND ended_at IS NULL")


def _version_3(connection: sqlite3.Connection) -> None:
    """A claim pays for each index: `one_claim` finds a row's occurrences too, and nobody asks for a task by its name."""
    for index in ("occurrences_of_row", "occurrences_of_task", "occurrences_by_end"):
        connection.execute(f"DROP INDEX {index}")
    connection.execute("CREATE INDEX occurrences_by_end ON occurrences (ended_at) WHERE ended_at IS NOT NULL")


def _version_4(connection: sqlite3.Connection) -> None:
    """A ticket tells which process an attempt is; the ledger only when it came to know of the attempt."""
    for table in ("occurrences", "attempts"):
        for column in ("pid", "pid_started"):
            connection.execute(f"ALTER TABLE {table} DROP COLUMN {column}")
    connection.execute("ALTER TABLE attempts ADD COLUMN boot TEXT")
    connection.execute("ALTER TABLE attempts ADD COLUMN uptime INTEGER")


def _version_5(connection: sqlite3.Connection) -> None:
    columns = "scope TEXT NOT NULL, day INTEGER NOT NULL, looks INTEGER NOT NULL, tells INTEGER NOT NULL"
    connection.execute(f"CREATE TABLE spent ( {columns}, PRIMARY KEY (scope, day) ) WITHOUT ROWID, STRICT")


def _version_6(connection: sqlite3.Connection) -> None:
    texts = ", ".join(f"{name} TEXT NOT NULL" for name in ("one", "other", "key_one", "key_other", "base_one", "base_other"))
    connection.execute(f"CREATE TABLE pairs ( {texts}, PRIMARY KEY (one, other, key_one) ) WITHOUT ROWID, STRICT")
    connection.execute("CREATE UNIQUE INDEX pairs_by_other ON pairs (one, other, key_other)")


def _version_7(connection: sqlite3.Connection) -> None:
    connection.execute("ALTER TABLE tables ADD COLUMN time_zone TEXT DEFAULT '' NOT NULL")


def _version_8(connection: sqlite3.Connection) -> None:
    connection.execute("ALTER TABLE tallies ADD COLUMN recent TEXT DEFAULT '[]' NOT NULL")
    connection.execute(
        "UPDATE tallies SET recent = (SELECT json_group_array(seq) FROM (SELECT seq FROM occurrences o"
        ' WHERE o."table" = tallies."table" AND o."key" = tallies."key" AND o.ended_at IS NOT NULL ORDER BY seq DESC LIMIT 5))'
    )
    connection.execute('CREATE TABLE journals ( "table" TEXT NOT NULL, PRIMARY KEY ("table") ) WITHOUT ROWID, STRICT')
    columns = 'version INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, "table" TEXT NOT NULL, occurrence INTEGER NOT NULL'
    tied = "FOREIGN KEY(occurrence) REFERENCES occurrences (seq) ON DELETE CASCADE"
    connection.execute(f"CREATE TABLE journal ( {columns}, UNIQUE (occurrence), {tied} ) STRICT")
    connection.execute('CREATE INDEX journal_of_table ON journal ("table", version)')


def _version_9(connection: sqlite3.Connection) -> None:
    connection.execute("ALTER TABLE rows ADD COLUMN round TEXT")


def _version_10(connection: sqlite3.Connection) -> None:
    connection.execute("ALTER TABLE requests ADD COLUMN event TEXT DEFAULT '{}' NOT NULL")
    connection.execute("ALTER TABLE occurrences ADD COLUMN event TEXT DEFAULT '{}' NOT NULL")
    columns = "name TEXT NOT NULL, definition TEXT NOT NULL, state TEXT, seen_at INTEGER, changed_at INTEGER"
    told = "summary TEXT NOT NULL, trouble TEXT NOT NULL, since INTEGER NOT NULL"
    connection.execute(f"CREATE TABLE watches ( {columns}, {told}, PRIMARY KEY (name) ) STRICT")


def _version_11(connection: sqlite3.Connection) -> None:
    number = "n INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT"
    told = "source TEXT NOT NULL, summary TEXT NOT NULL, number INTEGER NOT NULL, event TEXT NOT NULL, at INTEGER NOT NULL"
    connection.execute(f"CREATE TABLE emitted ( {number}, {told} ) STRICT")
    connection.execute(f"CREATE TABLE emitted_ids ( {number}, source TEXT NOT NULL, id TEXT NOT NULL, UNIQUE (source, id) ) STRICT")
    columns = "run TEXT NOT NULL, number INTEGER NOT NULL, through TEXT NOT NULL"
    connection.execute(f"CREATE TABLE ends ( {number}, {columns} ) STRICT")


def _version_12(connection: sqlite3.Connection) -> None:
    texts = ", ".join(f"{name} TEXT NOT NULL" for name in ("name", "definition", "value", "trouble"))
    instants = ", ".join(f"{name} INTEGER NOT NULL" for name in ("asked_at", "told_at", "since"))
    connection.execute(f"CREATE TABLE facts ( {texts}, {instants}, PRIMARY KEY (name) ) STRICT")


def _version_13(connection: sqlite3.Connection) -> None:
    connection.execute("ALTER TABLE rows ADD COLUMN promises TEXT")


def _version_14(connection: sqlite3.Connection) -> None:
    numbers = ", ".join(f"{name} INTEGER NOT NULL" for name in ("number", "since", "began_at", "ended_at"))
    columns = f'"table" TEXT NOT NULL, name TEXT NOT NULL, {numbers}, outcome TEXT, reason TEXT NOT NULL, taken TEXT NOT NULL'
    connection.execute(f'CREATE TABLE workflows ( {columns}, PRIMARY KEY ("table", name, number) ) WITHOUT ROWID, STRICT')


def _version_15(connection: sqlite3.Connection) -> None:
    connection.execute("ALTER TABLE occurrences ADD COLUMN approval TEXT")
    connection.execute("ALTER TABLE requests ADD COLUMN about TEXT DEFAULT '{}' NOT NULL")


def _version_16(connection: sqlite3.Connection) -> None:
    texts = ", ".join(f"{name} TEXT NOT NULL" for name in ('"table"', '"row"', "id", '"change"', '"column"', "old", "new"))
    connection.execute(f"CREATE TABLE alterations ( n INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, {texts} ) STRICT")


def _version_17(connection: sqlite3.Connection) -> None:
    connection.execute("ALTER TABLE rows ADD COLUMN made TEXT")
    connection.execute('CREATE INDEX rows_made ON rows ("table") WHERE made IS NOT NULL')
    columns = '"table" TEXT NOT NULL, "key" TEXT, name TEXT NOT NULL, made TEXT NOT NULL, at INTEGER NOT NULL'
    connection.execute(f"CREATE TABLE announced ( n INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, {columns} ) STRICT")


def _version_18(connection: sqlite3.Connection) -> None:
    place = '"table" TEXT NOT NULL, "key" TEXT NOT NULL, matter TEXT NOT NULL'
    told = "name TEXT NOT NULL, since INTEGER NOT NULL, why TEXT NOT NULL"
    key = 'PRIMARY KEY ("table", "key", matter)'
    connection.execute(f"CREATE TABLE problems ( {place}, {told}, channels TEXT NOT NULL, {key} ) WITHOUT ROWID, STRICT")
    number = "n INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, channel TEXT NOT NULL, at INTEGER NOT NULL"
    connection.execute(f"CREATE TABLE notices ( {number}, {place}, {told}, over TEXT NOT NULL ) STRICT")
    connection.execute("CREATE INDEX notices_of_channel ON notices (channel, n)")
    columns = "name TEXT NOT NULL, sent TEXT NOT NULL, trouble TEXT NOT NULL, since INTEGER NOT NULL"
    connection.execute(f"CREATE TABLE channels ( {columns}, PRIMARY KEY (name) ) STRICT")


def _version_19(connection: sqlite3.Connection) -> None:
    connection.execute("ALTER TABLE channels ADD COLUMN digested INTEGER")


def _version_20(connection: sqlite3.Connection) -> None:
    gone_by = "ended INTEGER NOT NULL, altered INTEGER NOT NULL, taken INTEGER NOT NULL, taken_at INTEGER"
    stands = "trouble TEXT NOT NULL, since INTEGER NOT NULL, gone_at INTEGER, dropped INTEGER NOT NULL"
    columns = f"name TEXT NOT NULL, url TEXT NOT NULL, {gone_by}, {stands}"
    connection.execute(f"CREATE TABLE endpoints ( {columns}, PRIMARY KEY (name) ) STRICT")
    told = ", ".join(f"{name} TEXT NOT NULL" for name in ("id", "endpoint", "type", "about", "body"))
    instants = ", ".join(f"{name} INTEGER NOT NULL" for name in ("at", "attempts", "due_at", "expires_at"))
    number = "n INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT"
    connection.execute(
        f"CREATE TABLE dispatches ( {number}, {told}, {instants}, dead_at INTEGER, why TEXT NOT NULL, UNIQUE (id) ) STRICT"
    )
    connection.execute("CREATE INDEX dispatches_waiting ON dispatches (endpoint, due_at, n) WHERE dead_at IS NULL")
    connection.execute("CREATE INDEX dispatches_dead ON dispatches (endpoint, n) WHERE dead_at IS NOT NULL")


def _version_21(connection: sqlite3.Connection) -> None:
    number = "n INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, at INTEGER NOT NULL"
    connection.execute(f'CREATE TABLE trail ( {number}, deeds TEXT NOT NULL, "before" TEXT NOT NULL, seal TEXT NOT NULL ) STRICT')


STEPS: Mapping[int, Step] = dict(
    enumerate(
        (
            *(_version_2, _version_3, _version_4, _version_5, _version_6, _version_7),
            *(_version_8, _version_9, _version_10, _version_11, _version_12, _version_13, _version_14),
            *(_version_15, _version_16, _version_17, _version_18, _version_19, _version_20, _version_21),
        ),
        2,
    )
)
"""Version → what leads to it from the one before, in SQL of its own, never edited later. The schema module has only the newest."""

FIRST = 1
MARK = 0x726F7764
"""SQLite's application_id of our files: "rowd"."""

_VERSION = (
    "SELECT (SELECT user_version FROM pragma_user_version), (SELECT application_id FROM pragma_application_id), "
    "(SELECT count(*) FROM sqlite_master)"
)


def bring_up(connection: sqlite3.Connection, path: Path, *, migrate: bool, steps: Mapping[int, Step] = STEPS) -> None:
    """Create the schema in an empty file, or bring an older one to the newest version. All of it or nothing.

    The copy is `NAME.before-vN`, N the new version: the ledger as it stood just before.
    Raises: LedgerTooNew, LedgerTooOld (only without `migrate`), LedgerCorrupt.
    """
    newest = max(steps, default=FIRST)
    if _version(connection, path, newest) == newest:
        return
    if not migrate:
        raise LedgerTooOld(
            f"The ledger {path} is of an older version. Start the daemon once (`rowd run`): it brings it up to date."
        )
    connection.execute("BEGIN IMMEDIATE")
    try:
        version = _version(connection, path, newest)  # again: another process may have been first
        if version == 0:
            for statement in SCHEMA:
                connection.execute(statement)
            connection.execute("INSERT INTO ledger (id) VALUES (:id)", {"id": secrets.token_hex(8)})
        elif version < newest:
            written = datetime.fromtimestamp(path.stat().st_mtime, UTC)  # by the last daemon: this one has yet to begin
            copy(path, path.with_name(f"{path.name}.before-v{newest}"), written)
            for number in range(version + 1, newest + 1):
                steps[number](connection)
        connection.execute(f"PRAGMA application_id = {MARK}")
        connection.execute(f"PRAGMA user_version = {newest}")
        connection.execute("COMMIT")
    except BaseException:
        connection.rollback()
        raise


def refuse_newer(connection: sqlite3.Connection, path: Path) -> None:
    """Raises LedgerTooNew for a ledger that this rowd doesn't understand, LedgerCorrupt for what is none."""
    _version(connection, path, max(STEPS, default=FIRST))


def _version(connection: sqlite3.Connection, path: Path, newest: int) -> int:
    """0 for a file that nothing was written to yet."""
    version, mark, tables = connection.execute(_VERSION).fetchone()  # one statement, so that all three are of one moment
    if mark != MARK and (tables or version):
        raise damaged(path, "it is a database of another program")
    if version > newest:
        raise LedgerTooNew(
            f"The ledger {path} was written by a newer rowd (version {version}; this one knows {newest}). Install that rowd again, "
            f"or go back to the ledger as it stood before: {path.name}.before-v{version}, if it is there."
        )
    return int(version)
