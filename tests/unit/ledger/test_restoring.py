"""A backup is put in the ledger's place whole or not at all, and nothing of what stood there is lost."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from engine.ledger import Ledger, LedgerCorrupt, LedgerMissing, LedgerTooNew, LedgerUnwritable, backups, restore
from tests.unit.ledger.making import claimed, occurrence

NOW = datetime(2026, 11, 3, 3, 15, tzinfo=UTC)


def runs(path: Path) -> list[str]:
    with closing(Ledger.open(path)) as ledger:
        return [one.key for one in ledger.active()]


@pytest.fixture
def copied(ledger: Ledger, path: Path) -> Path:
    """A ledger that has gone on since this copy was made."""
    claimed(ledger, occurrence("before"))
    copy = path.parent / "backups" / "ledger-20261103-031500.sqlite"
    copy.parent.mkdir()
    ledger.backup(copy, NOW)
    claimed(ledger, occurrence("after"))
    return copy


def test_a_backup_takes_the_ledgers_place_and_that_one_is_kept(ledger: Ledger, path: Path, copied: Path) -> None:
    at = NOW + timedelta(days=1)
    found, kept = restore(copied, path, at)  # its write-ahead log is still there
    ledger.close()
    assert (found.path, found.made_at, found.size) == (copied, NOW, copied.stat().st_size)
    assert runs(path) == ["before"]
    with closing(Ledger.open(path)) as opened:
        assert opened.copied_at() == NOW
    assert kept is not None
    assert runs(kept) == ["before", "after"]
    assert path.stat().st_mode & 0o777 == 0o600
    assert kept.parent.stat().st_mode & 0o777 == 0o700
    assert [one.path for one in backups(path)] == [copied]
    assert not list(path.parent.glob(".*restored"))


def test_where_there_is_no_ledger_nothing_is_kept(tmp_path: Path, copied: Path) -> None:
    other = tmp_path / "other" / "ledger.db"
    other.parent.mkdir()
    assert restore(copied, other, NOW)[1] is None
    assert runs(other) == ["before"]


def test_backups_are_listed_the_newest_first_and_what_is_none_is_left_out(ledger: Ledger, path: Path, copied: Path) -> None:
    newer = copied.with_name("ledger-20261102-000000.sqlite")  # by the name it is older
    ledger.backup(newer, NOW + timedelta(hours=1))
    copied.with_name("ledger-20261101-000000.sqlite").write_bytes(b"no database at all" * 100)
    assert [one.path for one in backups(path)] == [newer, copied]
    assert backups(path.parent / "elsewhere" / "ledger.db") == []


def test_what_can_not_be_trusted_changes_nothing(ledger: Ledger, path: Path, copied: Path, tmp_path: Path) -> None:
    ledger.close()
    before = path.read_bytes()
    plain, damaged, newer = tmp_path / "plain.sqlite", tmp_path / "damaged.sqlite", tmp_path / "newer.sqlite"
    plain.write_bytes(before)
    damaged.write_bytes(copied.read_bytes()[:6000] + b"\xff" * (copied.stat().st_size - 6000))
    newer.write_bytes(copied.read_bytes())
    with closing(sqlite3.connect(newer)) as later:
        later.execute("PRAGMA user_version = 9999")
    for file, error, told in (
        (plain, LedgerCorrupt, "is no backup by rowd: it doesn't say when it was made"),
        (damaged, LedgerCorrupt, "is damaged .*`rowd restore` lists"),
        (newer, LedgerTooNew, "was written by a newer rowd"),
        (tmp_path / "gone", LedgerMissing, "There is no backup at"),
    ):
        with pytest.raises(error, match=told):
            restore(file, path, NOW)
        assert path.read_bytes() == before
    assert not list(path.parent.glob("backups/replaced-*"))


def test_killed_in_the_middle_there_is_no_ledger_and_the_old_one_is_kept(
    ledger: Ledger, path: Path, copied: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def dies(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", dies)
    with pytest.raises(LedgerUnwritable, match="can't be replaced"):
        restore(copied, path, NOW)
    ledger.close()
    monkeypatch.undo()
    assert not path.exists()
    (kept,) = path.parent.glob("backups/replaced-*/ledger.db")
    assert runs(kept) == ["before", "after"]
    assert restore(copied, path, NOW + timedelta(seconds=1))[1] is None
    assert runs(path) == ["before"]
