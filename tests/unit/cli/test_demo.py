"""The demo's folder and its visitor: a person's files, rows and cells stay as they are."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from engine.columns import Column
from engine.turns import end
from rowd.bound import Bound
from rowd.cli import app
from rowd.cli.demo import SECONDS, earlier, footer
from rowd.cli.site import site_at
from rowd.demo.folder import CONFIG, MADE, STATE, TABLE, InTheWay, Laid, lay, point, port_in
from rowd.demo.server import web_server
from rowd.demo.visitor import PUT_BACK, STAGED, VISITS, Visit, type_in, visit
from rowd.hand import hand
from rowd.lock import AlreadyRunning, locked

OWN = "9,mine,,say,daily 10:00,,,active,,,,,,,,\n"


def table_of(folder: Path) -> Bound:
    return site_at(folder / CONFIG).tables["demo"]


def cell(folder: Path, name: str, column: Column) -> object:
    with hand(table_of(folder)) as held:
        return next(cells[column] for _, cells in held.rows if cells[Column.NAME] == name)


def test_a_new_folder_is_laid_and_understood_but_for_the_row_that_shows_a_defect(tmp_path: Path) -> None:
    assert lay(tmp_path / "demo") == Laid(new=True)
    told = CliRunner().invoke(app, ["check", "--config", str(tmp_path / "demo" / CONFIG)], env={"COLUMNS": "200"})
    assert told.exit_code == 1
    assert "1 error" in told.output
    assert "evry monday" in told.output


@pytest.mark.parametrize("name", [CONFIG, TABLE, "scripts", *MADE])
def test_a_folder_with_files_of_somebody_else_is_refused_and_left_as_it_was(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("mine")
    with pytest.raises(InTheWay, match=name):
        lay(tmp_path)
    with pytest.raises(InTheWay):
        lay(tmp_path, anew=True)
    assert [path.name for path in tmp_path.iterdir()] == [name]
    assert (tmp_path / name).read_text() == "mine"
    assert CliRunner().invoke(app, ["demo", str(tmp_path)]).exit_code == 5


def test_a_demo_goes_on_as_it_was_left_and_begins_anew_only_when_told_to(tmp_path: Path) -> None:
    lay(tmp_path)
    laid = (tmp_path / TABLE).read_text()
    (tmp_path / TABLE).write_text(laid + OWN)
    (tmp_path / CONFIG).write_text((tmp_path / CONFIG).read_text() + "# mine\n")
    assert lay(tmp_path) == Laid(new=False)
    assert (tmp_path / TABLE).read_text() == laid + OWN
    assert "# mine" in (tmp_path / CONFIG).read_text()
    assert lay(tmp_path, anew=True).new
    assert (tmp_path / TABLE).read_text() == laid
    assert not (tmp_path / STATE).exists()


def test_a_demo_that_another_takes_the_place_of_is_kept_whole_and_can_be_gone_on_with(tmp_path: Path) -> None:
    lay(tmp_path)
    laid = (tmp_path / TABLE).read_text()
    for number in ("1", "2"):
        (tmp_path / TABLE).write_text(laid + OWN + number)
        (tmp_path / "reports").mkdir()
        (tmp_path / "reports" / "r").write_text("done")
        kept = tmp_path / "earlier" / number
        assert lay(tmp_path, anew=True) == Laid(new=True, kept=kept)
        assert (kept / TABLE).read_text() == laid + OWN + number
        assert (kept / "reports" / "r").read_text() == "done"
        assert lay(kept) == Laid(new=False)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["earlier", "notes", CONFIG, "scripts", TABLE]


def test_a_move_that_was_broken_off_is_made_by_the_next_try(tmp_path: Path) -> None:
    lay(tmp_path)
    (tmp_path / TABLE).rename(tmp_path / "gone")
    assert lay(tmp_path, anew=True).new
    assert (tmp_path / TABLE).exists()


def test_what_became_of_an_earlier_demo_is_told_in_one_line(tmp_path: Path) -> None:
    assert earlier(tmp_path, lay(tmp_path)) == ""
    assert (
        earlier(tmp_path, lay(tmp_path))
        == f"{tmp_path} is as you and its visitor left it; rowd demo {tmp_path} --fresh begins anew.\n"
    )
    assert earlier(tmp_path, lay(tmp_path, anew=True)) == f"The demo that was here is kept in {tmp_path}/earlier/1.\n"


@pytest.mark.parametrize("anew", [False, True])
def test_a_demo_at_work_is_left_alone(tmp_path: Path, anew: bool) -> None:
    lay(tmp_path)
    with locked(tmp_path / STATE), pytest.raises(AlreadyRunning, match=f"process {os.getpid()}"):
        lay(tmp_path, anew=anew)
    assert (tmp_path / STATE / "lock").exists()


def test_what_cannot_be_a_folder_is_told_without_a_traceback(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    refused = CliRunner().invoke(app, ["demo", str(tmp_path / "file")])
    assert (refused.exit_code, refused.output) == (5, f"{tmp_path / 'file'} is a file. Name a folder.\n")
    refused = CliRunner().invoke(app, ["demo", str(tmp_path / "file" / "below")])
    assert refused.exit_code == 4
    assert "Not a directory" in refused.output
    assert CliRunner().invoke(app, ["demo", "--seconds", "-4"]).exit_code == 2


def test_a_port_that_is_taken_is_changed_and_nothing_else(tmp_path: Path) -> None:
    lay(tmp_path)
    config = tmp_path / CONFIG
    with web_server(0) as taken:
        point(config, taken)
        before = config.read_text()
        with web_server(port_in(config)) as other:
            point(config, other)
    assert other != taken
    assert port_in(config) == other
    assert config.read_text() == before.replace(f":{taken}/", f":{other}/")
    config.write_text("[actions.http_check]\nurl = 3")
    point(config, 1)
    assert config.read_text() == "[actions.http_check]\nurl = 3"


def test_the_visitor_finds_every_cell_as_the_demo_has_it(tmp_path: Path) -> None:
    lay(tmp_path)
    for each in VISITS:
        type_in(table_of(tmp_path), each)
        assert str(cell(tmp_path, each.name, each.column)) == each.typed


def test_the_visitor_leaves_no_limit_that_fails(tmp_path: Path) -> None:
    lay(tmp_path)
    before = cell(tmp_path, STAGED.name, STAGED.column)
    for each in VISITS:
        type_in(table_of(tmp_path), each)
    assert cell(tmp_path, STAGED.name, STAGED.column) == before
    assert VISITS[-1].after < SECONDS


def test_a_visitor_who_is_sent_away_puts_the_limit_back(tmp_path: Path) -> None:
    lay(tmp_path)
    before = cell(tmp_path, STAGED.name, STAGED.column)

    async def sent_away() -> None:
        typed = asyncio.Event()

        def visits() -> Iterator[Visit]:
            yield STAGED._replace(after=0)
            typed.set()
            yield PUT_BACK._replace(after=3600)

        visiting = asyncio.create_task(visit(table_of(tmp_path), visits()))
        await typed.wait()
        assert cell(tmp_path, STAGED.name, STAGED.column) == STAGED.typed
        await end(visiting)

    asyncio.run(sent_away())
    assert cell(tmp_path, STAGED.name, STAGED.column) == before


def test_what_is_staged_is_said_to_be(tmp_path: Path) -> None:
    assert "staged" in footer(tmp_path / TABLE, tmp_path / CONFIG)


def test_the_visitor_types_over_nothing_of_a_persons(tmp_path: Path) -> None:
    lay(tmp_path)
    table = table_of(tmp_path)
    type_in(table, Visit(0, "greeting", Column.DO, None, "snooze 2h"))
    type_in(table, Visit(0, "greeting", Column.DO, None, "run now"))
    assert cell(tmp_path, "greeting", Column.DO) == "snooze 2h"
    (tmp_path / TABLE).write_text("Title\nmine\n")
    type_in(table, VISITS[0])
    (tmp_path / TABLE).unlink()
    type_in(table, VISITS[0])


def test_the_limit_that_the_visitor_types_is_exceeded_on_any_disk_with_something_on_it(tmp_path: Path) -> None:
    lay(tmp_path)
    limit = json.loads(STAGED.typed)["limit"]
    environment = {**os.environ, "ROWD_OUTPUT": str(tmp_path / "outputs")}
    script = [sys.executable, "scripts/disk_usage.py", str(limit)]
    ended = subprocess.run(script, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    used = float(ended.stdout.split()[0])
    assert (ended.returncode, ended.stderr.strip()) == ((1, "more than 0 % used") if used > 0 else (0, ""))
