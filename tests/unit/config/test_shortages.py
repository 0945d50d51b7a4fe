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


def refuse(monkeypatch: pytest.MonkeyPatch, call: str, number: int) -> None:
    """From now on this call of the system fails so."""

    def refused(*_: object) -> int:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, call, refused)


def test_what_a_disk_denies_is_found_and_nothing_left_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = len(list(Path("/proc/self/fd").iterdir()))
    assert found(tmp_path) is None
    refuse(monkeypatch, "write", errno.ENOSPC)
    assert found(tmp_path) == FULL
    refuse(monkeypatch, "write", errno.EIO)
    assert found(tmp_path) is None
    assert list(tmp_path.iterdir()) == []
    assert len(list(Path("/proc/self/fd").iterdir())) == before
    refuse(monkeypatch, "open", errno.EROFS)
    assert found(tmp_path) == READ_ONLY
    refuse(monkeypatch, "open", errno.EOPNOTSUPP)  # a file system where each file has a name
    assert found(tmp_path) is None


def test_where_there_is_nothing_nothing_is_denied(tmp_path: Path) -> None:
    assert found(tmp_path / "not there") is None


def test_errors_of_the_machine_are_told_from_others() -> None:
    assert said(OSError(errno.ENFILE, "x")) == TOO_MANY_FILES
    assert said(OSError(errno.EDQUOT, "x")) == FULL
    assert said(OSError(errno.ENOENT, "x")) is None
    assert said(OSError("without a number")) is None


@pytest.mark.parametrize(("call", "number", "says"), [("write", errno.ENOSPC, FULL), ("open", errno.EROFS, READ_ONLY)])
def test_a_disk_that_takes_nothing_is_an_obstacle_to_a_daemon_and_told_with_the_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str, number: int, says: str
) -> None:
    assert obstacle(tmp_path / "state") is None
    refuse(monkeypatch, call, number)
    why = obstacle(tmp_path / "state")
    assert isinstance(why, OSError)
    assert str(StateUnusable(tmp_path, why)) == f"The state folder {tmp_path} can't be written: {says}, or set daemon.state_dir."


def test_a_daemon_that_gives_no_sign_on_a_read_only_disk_does_not_hang(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    silent = NOON + timedelta(seconds=13)
    assert trouble_of(tmp_path, Sign(NOON), silent) is None
    refuse(monkeypatch, "open", errno.EROFS)
    assert trouble_of(tmp_path, Sign(NOON), silent) == f"starts nothing: its state folder {tmp_path} can't be written: {READ_ONLY}"
    assert trouble_of(tmp_path, Sign(NOON), NOON + timedelta(seconds=11)) is None  # it may write there, though we may not
