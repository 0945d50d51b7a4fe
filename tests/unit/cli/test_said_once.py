"""Where it is clear which table is meant, a message doesn't call it by its name again."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.conformance.sheets_bench import SheetsBench
from tests.unit.cli.desk import Desk

NAMES = ("aardvark", "bongo", "caracal", "dingo", "egret")
"""One of each store. None of them stands in a path or an address."""

MORE = """
[tables.aardvark]
connector = "local"
path = "gone.csv"
[tables.bongo]
connector = "airtable"
base = "appRowdSamples001"
table = "Tasks"
plan = "team"
endpoint = "http://127.0.0.1:1"
[tables.caracal]
connector = "notion"
database = "1f2e3d4c5b6a79880123456789abcdef"
endpoint = "http://127.0.0.1:1"
[tables.dingo]
connector = "rest"
url = "http://127.0.0.1:1/api"
list = "/tasks"
update = "PATCH /tasks/{{key}}"
[tables.egret]
connector = "google_sheets"
spreadsheet = "{spreadsheet}"
tab = "Tasks"
credentials = "{key}"
endpoint = "{endpoint}"
"""


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """Its tables can't be reached, each in its store's own way."""
    monkeypatch.setenv("AIRTABLE_TOKEN", "patEmulated")
    monkeypatch.setenv("NOTION_TOKEN", "ntn_emulated")
    sheets = tmp_path / "sheets"
    sheets.mkdir()
    bench = SheetsBench(sheets)
    more = MORE.format(spreadsheet=bench.file.id, key=sheets / "key.json", endpoint=bench.server.base)
    bench.close()
    return Desk(tmp_path, "1,backup,,daily 03:00,work,active,,,,", more=more)


def spoken(message: str) -> str:
    """The message without the commands in it, which have to name the table."""
    return re.sub(r"`[^`]*`", "", message)


@pytest.mark.parametrize("command", ["list", "check"])
def test_a_line_about_a_table_names_it_once(desk: Desk, command: str) -> None:
    lines = desk.run(command, columns=400).output.splitlines()
    for name in NAMES:
        about = [line for line in lines if "can't be read" in line and name in line]
        assert about, (name, lines)
        assert [spoken(line).count(name) for line in about] == [1] * len(about), about


def test_under_the_name_of_a_table_the_doctor_does_not_say_it_again(desk: Desk) -> None:
    told = [one for one in desk.json("doctor", code=1)["checks"] if one["table"] in NAMES and one["good"] is False]
    assert {one["table"] for one in told} == set(NAMES)
    assert [one for one in told if one["table"] in spoken(one["says"])] == []
