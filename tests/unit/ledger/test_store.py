"""The file: who may read it, what a transaction keeps, and every age and state in which it can be found."""

from __future__ import annotations

import errno
import os
import re
import resource
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from engine.asked import Wish
from engine.ledger import (
    Ledger,
    LedgerCorrupt,
    LedgerFull,
    LedgerMissing,
    LedgerTooNew,
    LedgerUnwritable,
)
from engine.ledger.errors import translated
from engine.ledger.store import PATIENCE
from tests.unit.ledger.making import NOON, claimed, mode, occurrence, ran, raw, row


@contextmanager
def files_limited_to(size: int) -> Iterator[None]:
    """No file of this process may grow beyond `size` bytes: to the ledger, a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_nobody_else_can_read_it(ledger: Ledger, path: Path) -> None:
    claimed(ledger, occurrence())
    assert mode(path.parent) == 0o700
    assert {p.name: mode(p) for p in path.parent.iterdir()} == {
        "ledger.db": 0o600,
        "ledger.db-wal": 0o600,
        "ledger.db-shm": 0o600,
    }


def test_a_ledger_that_others_could_read_is_closed_to_them(ledger: Ledger, path: Path) -> None:
    ledger.close()
    path.chmod(0o644)
    Ledger.open(path).close()
    assert mode(path) == 0o600


def test_every_commit_is_synced_and_references_hold(ledger: Ledger) -> None:
    settings = {name: ledger._connection.execute(f"PRAGMA {name}").fetchone()[0] for name in SETTINGS}
    assert settings == SETTINGS


SETTINGS = {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "busy_timeout": PATIENCE.total_seconds() * 1000}


def test_a_ledger_keeps_its_id(ledger: Ledger, path: Path, tmp_path: Path) -> None:
    ledger.close()
    again, other = Ledger.open(path), Ledger.open(tmp_path / "other.db")
    assert again.id == ledger.id != other.id
    assert re.fullmatch(r"[0-9a-f]{16}", again.id)
    again.close()
    other.close()


def test_a_transaction_is_kept_or_undone_as_a_whole(ledger: Ledger, path: Path) -> None:
    def fails() -> None:
        ledger.claim([occurrence()])
        with ledger.transaction():
            ledger.claim([occurrence()])
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError), ledger.transaction():
        fails()
    assert ledger.active() == []
    with ledger.transaction(), ledger.transaction():
        ledger.claim([occurrence()])
    assert raw(path, "SELECT count(*) FROM occurrences") == [(1,)]


def test_nothing_is_seen_outside_before_the_commit(ledger: Ledger, path: Path) -> None:
    with ledger.transaction():
        with ledger.transaction():
            ledger.claim([occurrence()])
        assert raw(path, "SELECT count(*) FROM occurrences") == [(0,)]


def test_a_write_outside_of_a_transaction_is_refused(ledger: Ledger) -> None:
    with pytest.raises(RuntimeError, match=re.escape("inside transaction()")):
        ledger.claim([occurrence()])
    with pytest.raises(RuntimeError, match=re.escape("inside transaction()")):
        ledger.save_rows([row()])


def test_a_savepoint_undoes_only_itself(ledger: Ledger) -> None:
    first, second = occurrence(), occurrence()

    def fails() -> None:
        ledger.claim([second])
        raise ZeroDivisionError

    with ledger.transaction():
        with ledger.savepoint():
            ledger.claim([first])
        with pytest.raises(ZeroDivisionError), ledger.savepoint():
            fails()
    assert ledger.active() == [first]


def test_closing_undoes_what_is_open_even_where_someone_still_reads(ledger: Ledger, path: Path) -> None:
    claimed(ledger, *(occurrence(f"k{n}") for n in range(5)))
    reading = ledger._connection.execute("SELECT count FROM occurrences")
    assert reading.fetchone() == (1,)
    ledger._drive("BEGIN IMMEDIATE")
    ledger._drive("DELETE FROM occurrences")
    ledger.close()
    ledger.close()
    with closing(sqlite3.connect(path, timeout=0)) as other:
        assert other.execute("DELETE FROM occurrences").rowcount == 5


def test_a_large_transaction_opens_no_file(ledger: Ledger) -> None:
    claimed(ledger, *(occurrence(f"k{n}", parameters={"text": "x" * 500}) for n in range(500)))
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, before[1]))
    try:
        with ledger.transaction(), ledger.savepoint():
            assert ledger._write("UPDATE occurrences SET reason = 'another'") == 500
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)


def test_a_full_disk_keeps_nothing_and_says_so(ledger: Ledger, path: Path) -> None:
    claimed(ledger, occurrence("before"))
    with (
        pytest.raises(LedgerUnwritable, match=r"ledger\.db can't be written: .*look at the disk"),
        files_limited_to(200_000),
        ledger.transaction(),
    ):
        ledger.claim([occurrence(parameters={"much": "x" * 300_000})])
    claimed(ledger, occurrence("after"))
    assert [o.key for o in ledger.active()] == ["before", "after"]
    assert raw(path, "PRAGMA integrity_check") == [("ok",)]


@pytest.mark.parametrize("killed", [False, True])
def test_on_a_full_disk_it_can_still_be_read(ledger: Ledger, path: Path, *, killed: bool) -> None:
    claimed(ledger, occurrence("before"))
    if killed:  # what was written last stands in the write-ahead log alone; what connections share went with the machine
        left = path.with_name("left.db")
        for end in ("", "-wal"):
            shutil.copy(f"{path}{end}", f"{left}{end}")
        path = left
    ledger.close()
    with files_limited_to(1000):
        opened = Ledger.open(path, migrate=False)
        assert [o.key for o in opened.active()] == ["before"]
        with pytest.raises(LedgerUnwritable), opened.transaction():
            opened.ask("ops", "a", Wish.RUN_NOW, 0, "cli:me", NOON)
        opened.close()
        with pytest.raises(LedgerFull, match="the disk is full"):
            Ledger.open(path)
    assert [o.key for o in Ledger.open(path).active()] == ["before"]


def test_a_ledger_at_its_largest_size_keeps_nothing_and_says_so(ledger: Ledger) -> None:
    pages = ledger._connection.execute("PRAGMA page_count").fetchone()[0]
    ledger._connection.execute(f"PRAGMA max_page_count = {pages + 1}")
    with pytest.raises(LedgerFull, match=r"ledger\.db can't be written: the disk is full; make room\."), ledger.transaction():
        ledger.claim([occurrence(parameters={"much": "x" * 300_000})])
    assert ledger.active() == []


def python(script: str, *arguments: object) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", script, *map(str, arguments)]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


ASKER = """
import sys
from datetime import datetime, UTC
from pathlib import Path
from engine.ledger import Ledger
from engine.asked import Wish
ledger = Ledger.open(Path(sys.argv[1]), migrate=False)
print("ready", flush=True)
sys.stdin.readline()
for n in range(int(sys.argv[2])):
    with ledger.transaction():
        ledger.ask("ops", "a", Wish.TICK, n, "cli:me", datetime.now(UTC))
ledger.close()
"""


def test_another_process_asks_while_the_daemon_writes(ledger: Ledger, path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", ASKER, path, "50"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as asker:
        assert asker.stdin is not None
        assert asker.stdout is not None
        assert asker.stdout.readline() == "ready\n"
        asker.stdin.write("go\n")
        asker.stdin.close()
        claims = 0
        while asker.poll() is None:
            claimed(ledger, occurrence(f"k{claims}"))
            claims += 1
    assert asker.returncode == 0
    assert [r.amount for r in ledger.requests()] == list(range(50))
    assert len(ledger.active()) == claims > 0


OPENER = """
import sys
from pathlib import Path
from engine.ledger import Ledger
sys.stdin.readline()
print(Ledger.open(Path(sys.argv[1])).id)
"""


def test_several_processes_may_make_the_ledger_at_once(path: Path) -> None:
    all_ = [python(OPENER, path) for _ in range(3)]
    for one in all_:
        assert one.stdin is not None
        one.stdin.write("go\n")
        one.stdin.flush()
    ids = {one.communicate()[0].strip() for one in all_}
    assert [one.returncode for one in all_] == [0, 0, 0]
    assert len(ids) == 1


def test_a_command_makes_no_ledger(path: Path) -> None:
    with pytest.raises(LedgerMissing, match="rowd run"):
        Ledger.open(path, migrate=False)
    assert not path.parent.exists()


def test_a_place_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(LedgerUnwritable, match=r"file/ledger\.db"):
        Ledger.open(tmp_path / "file" / "ledger.db")


@pytest.mark.parametrize("content", [b"a text, no database" * 90, b"SQLite format 3\0" + b"\xff" * 5000])
def test_a_file_that_is_no_database_is_named_with_the_remedy(path: Path, content: bytes) -> None:
    path.parent.mkdir()
    path.write_bytes(content)
    backups = path.parent / "backups"
    with pytest.raises(
        LedgerCorrupt, match=r"(?s)ledger\.db is damaged.*There is no backup in .*backups: start rowd with no ledger"
    ):
        Ledger.open(path)
    backups.mkdir()
    with pytest.raises(LedgerCorrupt, match=r"There is no backup in .*nothing from before runs again"):
        Ledger.open(path)
    for day in ("02", "03", "01"):
        (backups / f"ledger-202611{day}-030000.sqlite").touch()
    told = r"(?s)ledger\.db is damaged.*newest backup .*`rowd restore ledger-20261103-030000\.sqlite`"
    with pytest.raises(LedgerCorrupt, match=told):
        Ledger.open(path)
    assert path.read_bytes() == content


def test_damage_in_the_middle_is_told_when_it_is_met(ledger: Ledger, path: Path) -> None:
    claimed(ledger, *(occurrence(f"k{n}", parameters={"text": "x" * 500}) for n in range(500)))
    ledger.close()
    data = bytearray(path.read_bytes())
    data[len(data) // 4 :] = b"\xff" * (len(data) - len(data) // 4)
    path.write_bytes(data)
    with pytest.raises(LedgerCorrupt, match="damaged"), closing(Ledger.open(path)) as broken:
        broken.history(limit=1000)


def test_a_ledger_that_was_taken_away_is_written_no_more_until_it_is_back(ledger: Ledger, path: Path) -> None:
    claimed(ledger, occurrence("before"))
    path.rename(path.with_name("elsewhere"))
    with (
        pytest.raises(LedgerUnwritable, match=r"is gone \(No such file.*nothing starts. Put it back .*no backup"),
        ledger.transaction(),
    ):
        pass
    path.touch()
    with pytest.raises(LedgerUnwritable, match="another file stands in its place while rowd works"), ledger.transaction():
        pass
    path.with_name("elsewhere").replace(path)
    claimed(ledger, occurrence("after"))
    assert [o.key for o in ledger.active()] == ["before", "after"]


@pytest.mark.parametrize("left", [0, 4096])
def test_a_ledger_that_was_cut_short_is_damaged_whatever_sqlite_still_knows_of_it(ledger: Ledger, path: Path, left: int) -> None:
    raw(path, "PRAGMA wal_checkpoint")
    claimed(ledger, occurrence("before"))
    os.truncate(path, left)
    with pytest.raises(LedgerCorrupt, match=rf"was cut from \d+ to {left} bytes"), ledger.transaction():
        pass


@pytest.mark.parametrize(
    ("number", "says"), [(errno.EMFILE, "as many files open as it may"), (errno.ENOENT, "unable to open database file; look at")]
)
def test_what_keeps_it_from_being_written_is_named_where_it_is_the_machine(
    ledger: Ledger, path: Path, monkeypatch: pytest.MonkeyPatch, number: int, says: str
) -> None:
    def refused(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    failed = sqlite3.OperationalError("unable to open database file")
    failed.sqlite_errorcode = sqlite3.SQLITE_CANTOPEN
    monkeypatch.setattr(os, "open", refused)
    assert says in str(translated(failed, path))


def test_a_database_of_another_program_is_left_alone(path: Path) -> None:
    path.parent.mkdir()
    raw(path, "CREATE TABLE theirs (x)")
    before = path.read_bytes()
    with pytest.raises(LedgerCorrupt, match="another program"):
        Ledger.open(path)
    assert path.read_bytes() == before


def test_a_newer_ledger_is_refused_and_left_alone(ledger: Ledger, path: Path) -> None:
    ledger.close()
    raw(path, "PRAGMA user_version = 99")
    with pytest.raises(LedgerTooNew, match="version 99"):
        Ledger.open(path)
    assert raw(path, "PRAGMA user_version") == [(99,)]


def test_a_backup_is_a_whole_ledger_in_one_file(ledger: Ledger, tmp_path: Path) -> None:
    kept = ran(ledger)
    target = tmp_path / "backup.db"
    target.write_text("the backup of yesterday")
    with ledger.transaction():
        ledger.claim([occurrence("not committed yet")])
        ledger.backup(target, NOON)
    assert mode(target) == 0o600
    assert target.read_bytes()[18:20] == b"\x01\x01"  # no write-ahead log belongs to it (sqlite.org/fileformat.html, 1.3.3)
    with closing(Ledger.open(target)) as copy:
        assert copy.history() == [kept]
        assert copy.id == ledger.id
    assert sorted(p.name for p in tmp_path.iterdir()) == ["backup.db", "state"]


def test_a_backup_that_fails_leaves_the_last_one(ledger: Ledger, tmp_path: Path) -> None:
    claimed(ledger, occurrence(parameters={"much": "x" * 300_000}))
    target = tmp_path / "backup.db"
    target.write_text("the backup of yesterday")
    with pytest.raises(LedgerUnwritable), files_limited_to(100_000):
        ledger.backup(target, NOON)
    assert target.read_text() == "the backup of yesterday"
    with pytest.raises(LedgerUnwritable, match="nowhere"):
        ledger.backup(tmp_path / "nowhere" / "backup.db", NOON)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["backup.db", "state"]


def test_a_snapshot_sees_one_moment(ledger: Ledger, path: Path) -> None:
    with closing(Ledger.open(path)) as other, ledger.snapshot():
        assert ledger.requests() == []
        with other.transaction():
            other.ask("ops", "a", Wish.RUN_NOW, 0, "cli:me", NOON)
        assert ledger.requests() == []
    assert len(ledger.requests()) == 1
