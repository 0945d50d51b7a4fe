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
    said = desk.said("backup", "--to", str(desk.folder / "no" / "copy.sqlite"), code=2)
    assert f"There is no folder {desk.folder / 'no'}; make it" in " ".join(said.split())


def test_nothing_is_put_back_under_a_daemon(desk: Desk) -> None:
    copy = Path(desk.json("backup")["path"])
    with locked(desk.folder / ".rowd"):
        said = desk.said("restore", copy.name, code=5)
    assert "works with the ledger: stop it first. Nothing was changed." in said
    assert not list((desk.folder / ".rowd").glob("backups/replaced-*"))


def test_before_the_first_run_there_is_nothing_to_copy(tmp_path: Path) -> None:
    desk = Desk(tmp_path, "1,backup,,daily 02:30,work,,,,,")
    assert desk.said("backup", code=4).startswith("There is no ledger yet")
    said = " ".join(desk.said("restore", "nothing.sqlite", code=4).split())
    assert said.startswith(f'There is no backup "nothing.sqlite" in {tmp_path / ".rowd" / "backups"}, and no file ')
    assert said.endswith("`rowd restore` lists them")


@pytest.mark.parametrize("left", ["nothing", "an empty file"])
def test_a_ledger_that_is_gone_while_nothing_runs_is_told_and_nothing_begins_anew(desk: Desk, left: str) -> None:
    desk.began("1", "backup", id="before1")
    copy, ledger = Path(desk.json("backup")["path"]), desk.folder / ".rowd" / "ledger.sqlite"
    for file in ledger.parent.glob("ledger.sqlite*"):
        file.unlink()
    if left != "nothing":
        ledger.touch()
    remedy = f"`rowd restore {copy.name}`"
    for words, code in (
        (["history"], 0),
        (["list"], 0),
        (["status"], 1),
        (["doctor"], 1),
        (["once"], 4),
        (["backup"], 4),
    ):
        said = "".join(desk.said(*words, code=code).split())  # paths are broken over lines
        assert f"Theledger{ledger}isgone,anditsbackupsarethere." in said, words
        assert remedy.replace(" ", "") in said, words
    assert not ledger.exists() or not ledger.stat().st_size
    assert remedy in desk.json("status", code=1)["trouble"]
    desk.said("restore", "newest")
    assert [run["run"] for run in desk.json("history")["runs"]] == ["before1"]


def test_whoever_moves_the_backups_away_begins_anew(desk: Desk) -> None:
    desk.json("backup")
    state = desk.folder / ".rowd"
    for file in state.glob("ledger.sqlite*"):
        file.unlink()
    (state / "backups").rename(state / "kept")
    desk.said("once")
    assert (state / "ledger.sqlite").stat().st_size
