"""What `rowd init` writes."""

from __future__ import annotations

import csv
import json
import resource
import stat
from pathlib import Path

import pytest
from typer.testing import CliRunner

import actions
import connectors
from config.load import load
from rowd.cli import app
from rowd.starter import templates, write_starter

SAMPLE = """\
ID,Name,Type,Description,Action,Current,Threshold,Last Run,Status,Metadata
1,guidelines_refresh,counter,Refresh AI guidelines,read_guidelines,3,5,2024-12-17T19:45:00Z,active,{}
2,vitest_rerun,counter,Run test suite,run_vitest,2,7,2024-12-17T18:30:00Z,active,{}
3,coverage_check,daily,Check coverage,check_coverage,0,1,2024-12-16T09:00:00Z,active,{}
"""


def table(folder: Path) -> list[dict[str, str]]:
    with (folder / "tasks.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_there_is_a_starter_and_one_for_development() -> None:
    assert templates() == ["dev", "starter"]


@pytest.mark.parametrize("template", ["dev", "starter"])
def test_a_template_is_a_configuration_that_works(tmp_path: Path, template: str) -> None:
    folder = tmp_path / "new" / "folder"
    written = write_starter(folder, template)
    assert {folder / "rowd.toml", folder / "tasks.csv", folder / ".env"} <= set(written)
    assert sorted(written) == sorted(p for p in folder.rglob("*") if p.is_file())
    config = load(None, {}, folder)
    assert config.warnings == ()
    assert {row["Action"] for row in table(folder)} <= set(config.settings.actions)
    assert all(isinstance(json.loads(row["Metadata"] or "{}"), dict) for row in table(folder))


@pytest.mark.parametrize("template", ["dev", "starter"])
def test_its_actions_and_its_table_satisfy_those_who_run_them(tmp_path: Path, template: str) -> None:
    write_starter(tmp_path, template)
    settings = load(None, {}, tmp_path).settings
    for name, definition in settings.actions.items():
        kind = actions.load(definition["kind"])
        kind.make(name, kind.settings.model_validate(definition), tmp_path)
    for each in settings.tables.values():
        connectors.load(each.connector).settings.model_validate(dict(each.rest))


def test_the_starter_table_has_three_rows_one_of_them_a_draft(tmp_path: Path) -> None:
    write_starter(tmp_path, "starter")
    assert [row["Status"] for row in table(tmp_path)] == ["active", "active", "draft"]
    assert {"ID", "Name", "Action", "Schedule", "Status", "Do", "Health", "Next Run", "Last Result"} <= set(table(tmp_path)[0])
    assert all(None not in row and None not in row.values() for row in table(tmp_path))


def test_the_development_table_is_the_ten_column_one(tmp_path: Path) -> None:
    write_starter(tmp_path, "dev")
    assert (tmp_path / "tasks.csv").read_text(encoding="utf-8") == SAMPLE


def test_a_template_brings_its_own_files_and_nothing_that_tools_left_beside_them(tmp_path: Path) -> None:
    scripts = {f"scripts/{name}.py" for name in ("check_coverage", "read_guidelines", "result", "run_vitest", "suite")}
    written = write_starter(tmp_path, "dev")
    assert {str(p.relative_to(tmp_path)) for p in written} == {"rowd.toml", "tasks.csv", ".env", *scripts}


def test_the_file_for_secrets_is_for_its_owner_only(tmp_path: Path) -> None:
    write_starter(tmp_path, "starter")
    assert stat.S_IMODE((tmp_path / ".env").stat().st_mode) == 0o600


def test_nothing_is_overwritten_and_everything_in_the_way_is_named(tmp_path: Path) -> None:
    (tmp_path / "tasks.csv").write_text("mine")
    (tmp_path / "rowd.toml").symlink_to("nowhere")
    with pytest.raises(FileExistsError) as caught:
        write_starter(tmp_path, "dev")
    assert "tasks.csv" in str(caught.value)
    assert "rowd.toml" in str(caught.value)
    assert (tmp_path / "tasks.csv").read_text() == "mine"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["rowd.toml", "tasks.csv"]


def test_a_file_of_secrets_that_is_there_is_kept(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("TOKEN=1\n")
    written = write_starter(tmp_path, "starter")
    assert tmp_path / ".env" not in written
    assert (tmp_path / ".env").read_text() == "TOKEN=1\n"


def test_an_unknown_template_is_refused(tmp_path: Path) -> None:
    for name in ("other", "..", ""):
        with pytest.raises(KeyError):
            write_starter(tmp_path, name)
    assert not list(tmp_path.iterdir())


def test_a_file_in_the_place_of_the_folder_is_told_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "tasks.csv").write_text("mine")
    told = CliRunner().invoke(app, ["init", str(tmp_path / "tasks.csv")])
    assert (told.exit_code, told.output) == (5, f"{tmp_path / 'tasks.csv'}: is a file, not a folder. Choose another folder.\n")


def test_a_full_disk_is_told_and_leaves_no_file(tmp_path: Path) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (700, hard))  # no file may grow beyond it: a full disk
    try:
        told = CliRunner().invoke(app, ["init", str(tmp_path / "new")])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert (told.exit_code, told.stderr) == (4, f"{tmp_path / 'new'} can't be written: the disk is full; make room.\n")
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]
    assert CliRunner().invoke(app, ["init", str(tmp_path / "new")]).exit_code == 0
