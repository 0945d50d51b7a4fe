"""`rowd setup` on a file, which has columns and nothing else that could be made; and what it says, and ends with, in any store."""

from __future__ import annotations

import csv
import os
from pathlib import Path

import pytest

from engine.shapes import USUAL
from tests.unit.cli.desk import Desk
from tests.unit.test_docs import examples_installed

__all__ = ("examples_installed",)

NAMES = list(map(str, USUAL))


def header(desk: Desk) -> list[str]:
    return (desk.folder / "ops.csv").read_text().splitlines()[0].split(",")


def test_columns_are_added_and_a_second_run_says_that_there_is_nothing_to_change(tmp_path: Path) -> None:
    desk = Desk(tmp_path, "1,backup,,daily 03:00,work,active,,,,")
    before = header(desk)
    said = desk.said("setup", "ops")
    assert '+ add the column "Next Run"' in said
    assert header(desk) == before + [name for name in NAMES if name not in before]
    assert "Ready: there is nothing to change." in desk.said("setup", "ops")
    assert "backup" in desk.said("list")


def test_a_dry_run_changes_nothing_and_says_what_would_be(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    stood = (tmp_path / "ops.csv").read_bytes()
    said = desk.said("setup", "--dry-run")
    assert '+ would add the column "Next Run"' in said
    assert '+ would add the row "my_first_task", a draft' in said
    assert said.endswith("Nothing was changed: this was a dry run.")
    assert (tmp_path / "ops.csv").read_bytes() == stood


def test_a_file_that_has_never_been_there_is_made_with_two_drafts(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    (tmp_path / "ops.csv").unlink()
    assert "make the file" in desk.said("setup", "--dry-run")
    assert not (tmp_path / "ops.csv").exists()
    told = desk.json("setup")["tables"][0]
    assert (told["ready"], told["rows"]) == (True, ["my_first_task", "my_first_counter"])
    with (tmp_path / "ops.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == NAMES
    assert [(row["Action"], row["Status"]) for row in rows] == [("work", "draft")] * 2
    assert all(row["ID"] for row in rows)
    assert "0 tasks, 2 drafts" in desk.said("check")


def test_a_file_that_rowd_has_held_and_that_is_gone_is_not_made_again(tmp_path: Path) -> None:
    desk = Desk(tmp_path, "1,backup,,daily 03:00,work,active,,,,")
    desk.said("edit", "backup", "--set", "Schedule=daily 04:00")
    (tmp_path / "ops.csv").unlink()
    assert "is gone. Put it back" in desk.said("setup", code=4)
    assert not (tmp_path / "ops.csv").exists()


def test_an_empty_file_gets_its_headers(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    (tmp_path / "ops.csv").write_bytes(b"\xef\xbb\xbf\r\n")
    desk.said("setup")
    raw = (tmp_path / "ops.csv").read_bytes()
    assert raw.startswith(b"\xef\xbb\xbfID,Name,")
    assert raw.splitlines(keepends=True)[0].endswith(b"\r\n")


def test_a_folder_that_isnt_there_is_told(tmp_path: Path) -> None:
    desk = Desk(tmp_path, more='\n[tables.far]\nconnector = "local"\npath = "no/far.csv"\n')
    assert f"the folder {tmp_path}/no is not there" in desk.said("setup", "far", code=4)


def test_a_line_that_is_torn_keeps_columns_from_being_added(tmp_path: Path) -> None:
    desk = Desk(tmp_path, "1,backup,,daily 03:00,work,active,,,,,torn, off")
    assert "a line has more cells than there are columns (torn, off)" in desk.said("setup", code=4)
    assert "Next Run" not in header(desk)


def test_without_a_name_no_column_is_made(tmp_path: Path) -> None:
    desk = Desk(tmp_path, header="ID,Task,Action")
    assert 'no column "Name"' in desk.said("setup", code=4)
    assert header(desk) == ["ID", "Task", "Action"]


def test_a_header_that_is_nearly_a_columns_is_told_and_none_is_made_beside_it(tmp_path: Path) -> None:
    desk = Desk(tmp_path, header="ID,Name,Shedule,Action")
    said = desk.said("setup", code=4)
    assert '! the column "Shedule" is none of rowd\'s; did you mean "Schedule"? Rename it, then repeat this.' in said
    assert "Schedule" not in header(desk)
    assert "Health" in header(desk)


def test_columns_keep_the_names_that_they_have_here(tmp_path: Path) -> None:
    desk = Desk(tmp_path, header="ID,Task,Action", more='[tables.ops.columns]\nName = "Task"\n"Last Run" = "Ran"\n')
    desk.said("setup")
    assert {"Task", "Ran"} <= set(header(desk))
    assert not {"Name", "Last Run"} & set(header(desk))


def test_a_table_whose_rows_are_known_by_their_names_gets_no_id(tmp_path: Path) -> None:
    """With one, all its rows would be new to the daemon."""
    desk = Desk(tmp_path, "backup,work", header="Name,Action")
    desk.said("setup")
    assert "ID" not in header(desk)


def test_other_columns_are_had_by_name_or_all_of_them(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk.said("setup", "--column", "time zone", "--column", "Priority")
    assert {"Time Zone", "Priority"} <= set(header(desk))
    assert "Jitter" not in header(desk)
    desk.said("setup", "--all")
    assert {"Jitter", "Depends On", "Result Link"} <= set(header(desk))
    assert 'rowd has no column "Prioritty"; did you mean "Priority"?' in desk.said("setup", "--column", "Prioritty", code=2)


def test_a_file_that_may_not_be_written_is_told_before_anything(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    (tmp_path / "ops.csv").chmod(0o444)
    said = desk.said("setup", code=4)
    assert "✗ permission:" in said
    assert "chmod u+w" in said
    assert "would" not in said


def test_a_table_that_is_open_elsewhere_can_be_made_ready_later(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    (tmp_path / ".~lock.ops.csv#").write_text(f",ada,{os.uname().nodename},1.1.2026 12:00,file:///x;")
    assert "open in LibreOffice" in desk.said("setup", code=3)


def test_the_document_for_programs(tmp_path: Path) -> None:
    desk = Desk(tmp_path, "1,backup,,daily 03:00,work,active,,,,")
    told = desk.json("setup", "--dry-run")
    assert told["dry_run"] is True
    (ops,) = told["tables"]
    assert [(check["check"], check["good"]) for check in ops["checks"]] == [("file", True), ("permission", True), ("limits", True)]
    assert 'add the column "Next Run"' in ops["changes"]
    assert (ops["table"], ops["ready"], ops["by_hand"], ops["rows"], ops["troubles"]) == ("ops", False, [], [], [])
    desk.said("setup")
    assert desk.json("setup")["tables"][0]["changes"] == []


@pytest.mark.usefixtures("examples_installed")
def test_a_store_that_can_neither_be_examined_nor_prepared_is_read_and_says_so(tmp_path: Path) -> None:
    desk = Desk(tmp_path, more='\n[tables.toy]\nconnector = "toy"\npath = "toy.jsonl"\n')
    (tmp_path / "toy.jsonl").write_text('["ID", "Name", "Action"]\n')
    (toy,) = desk.json("setup", "toy")["tables"]
    assert [(check["check"], check["good"]) for check in toy["checks"]] == [
        ("connection", True),
        ("limits", True),
        ("columns", None),
    ]
    assert "it has none for Description, Type, Schedule," in toy["checks"][-1]["says"]
    assert (toy["ready"], toy["by_hand"]) == (True, [])
    (tmp_path / "toy.jsonl").write_text('["ID", "Name"]\n')
    (needed,) = desk.json("setup", "toy", code=4)["tables"][0]["by_hand"]
    assert "Action" in needed
    (tmp_path / "toy.jsonl").unlink()
    assert desk.json("setup", "toy", code=4)["tables"][0]["checks"][0]["good"] is False
