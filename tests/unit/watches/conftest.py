"""Repositories and folders on this disk, for tests of kinds of watched source."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.watches.repository import Repository


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home without any configuration of git, ours for as long as the test lasts."""
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    return home


@pytest.fixture
def repository(tmp_path: Path, home: Path) -> Repository:
    """A working tree at `app` with no commit yet, on the unborn branch main."""
    return Repository.new(tmp_path / "app")


@pytest.fixture
def inbox(tmp_path: Path) -> Path:
    folder = tmp_path / "inbox"
    folder.mkdir()
    return folder
