"""`rowd backup` and `rowd restore`."""

from __future__ import annotations

from pathlib import Path

import pytest

from rowd.lock import locked
from tests.unit.cli.desk import Desk


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    desk = Desk(tmp_path, "1,backup,,daily 02:30,work,,,,,")
    desk.daemon_reads()
    return desk


def test_a_copy_is_made_listed_and_put_back(desk: Desk) -> None:
    assert "There is no backup in" in desk.said("restore")
    assert "There is no backup in" in desk.said("restore", "newest", code=4)
    desk.began("1", "backup", id="before1")
    made = desk.json("backup")
    copy = Path(made["path"])
    assert copy.parent == desk.folder / ".rowd" / "backups"
    assert copy.stat().st_size == made["size"]
    desk.began("1", "backup", id="after1")
    assert [one["path"] for one in desk.json("restore")["backups"]] == [str(copy)]
    assert f"rowd restore {copy.name}" in " ".join(desk.said("restore").split())
    told = desk.said("restore", copy.name)
    assert told.startswith(f"Put back: {copy.name}, of today ")
    assert "What stood there is kept as" in told
    assert [run["run"] for run in desk.json("history")["runs"]] == ["before1"]
    told = desk.json("restore", "newest")
    assert (told["restored"], Path(told["kept"]).name) == (str(copy), "ledger.sqlite")


def test_a_copy_goes_where_it_is_wanted_and_takes_no_files_place(desk: Desk) -> None:
    there = desk.folder / "elsewhere.sqlite"
    assert desk.said("backup", "--to", str(there)).startswith(f"Copied to {there} (")
    assert "is there already; name a new file" in desk.said("backup", "--to", str(there), code=2)
    assert desk.said("restore", str(there)).startswith("Put back: elsewhere.sqlite")
    assert "can't be written" in desk.said("backup", "--to", str(desk.folder / "no" / "folder"), code=4)


def test_nothing_is_put_back_under_a_daemon(desk: Desk) -> None:
    copy = Path(desk.json("backup")["path"])
    with locked(desk.folder / ".rowd"):
        said = desk.said("restore", copy.name, code=5)
    assert "works with the ledger: stop it first. Nothing was changed." in said
    assert not list((desk.folder / ".rowd").glob("backups/replaced-*"))


def test_before_the_first_run_there_is_nothing_to_copy(tmp_path: Path) -> None:
    desk = Desk(tmp_path, "1,backup,,daily 02:30,work,,,,,")
    assert desk.said("backup", code=4).startswith("There is no ledger yet")
    assert "There is no backup at" in desk.said("restore", "nothing.sqlite", code=4)
