"""What the machine denies, as a clause with the remedy."""

from __future__ import annotations

import errno
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from config.shortages import FULL, READ_ONLY, TOO_MANY_FILES, found, said
from rowd.heartbeat import Sign, trouble_of
from rowd.lock import StateUnusable, obstacle

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


@pytest.fixture
def look(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder whose disk is as `disk_is` says."""
    disk_is(monkeypatch, blocks=100, free=1, available=1)
    return tmp_path


def disk_is(monkeypatch: pytest.MonkeyPatch, *, blocks: int, free: int, available: int, flag: int = 0) -> None:
    told = os.statvfs_result((4096, 4096, blocks, free, available, 9, 9, 9, flag, 255))
    monkeypatch.setattr(os, "statvfs", lambda _: told)


def test_what_a_disk_denies_is_found_without_writing(look: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert found(look) is None
    disk_is(monkeypatch, blocks=100, free=0, available=0)
    assert found(look) == FULL
    disk_is(monkeypatch, blocks=100, free=50, available=0)  # what is left is root's
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert found(look) == FULL
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert found(look) is None
    disk_is(monkeypatch, blocks=0, free=0, available=0)  # one that counts none
    assert found(look) is None
    disk_is(monkeypatch, blocks=100, free=0, available=0, flag=os.ST_RDONLY)
    assert found(look) == READ_ONLY
    assert found(look / "not there") is None


def test_errors_of_the_machine_are_told_from_others() -> None:
    assert said(OSError(errno.ENFILE, "x")) == TOO_MANY_FILES
    assert said(OSError(errno.EDQUOT, "x")) == FULL
    assert said(OSError(errno.ENOENT, "x")) is None
    assert said(OSError("without a number")) is None


def test_a_full_disk_is_an_obstacle_to_a_daemon_and_told_with_the_remedy(look: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert obstacle(look / "state") is None
    disk_is(monkeypatch, blocks=100, free=0, available=0)
    why = obstacle(look / "state")
    assert isinstance(why, OSError)
    assert str(StateUnusable(look, why)) == f"The state folder {look} can't be written: {FULL}, or set daemon.state_dir."


def test_a_daemon_that_gives_no_sign_on_a_read_only_disk_does_not_hang(look: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    silent = NOON + timedelta(seconds=13)
    assert trouble_of(look, Sign(NOON), silent) is None
    disk_is(monkeypatch, blocks=100, free=9, available=9, flag=os.ST_RDONLY)
    assert trouble_of(look, Sign(NOON), silent) == f"starts nothing: its state folder {look} can't be written: {READ_ONLY}"
    assert trouble_of(look, Sign(NOON), NOON + timedelta(seconds=11)) is None  # it may write there, though we may not
