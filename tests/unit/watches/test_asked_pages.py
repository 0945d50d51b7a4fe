"""What docs/reference/watches.md says of the kinds url, command and sql is what the code says."""

from __future__ import annotations

import re
import sqlite3
import tomllib
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

import watches
from actions.databases.api import LOCKED_S, LONGEST_CELL
from actions.sizes import spelled as sized
from actions.telling import LONGEST
from tests.unit.watches.asking import Asking, made, served
from watches.api import LONGEST_VALUE, Definition, Kind
from watches.command.settings import LEAST as LEAST_COMMAND
from watches.sql.settings import LEAST as LEAST_SQL
from watches.sql.watch import OURS
from watches.url.answers import LONGEST_WAIT
from watches.url.settings import LEAST as LEAST_URL

PAGE = (Path(__file__).parents[3] / "docs" / "reference" / "watches.md").read_text(encoding="utf-8")
PLAIN: dict[str, dict[str, Any]] = {
    "url": {"kind": "url", "url": "https://example.org/"},
    "command": {"kind": "command", "argv": ["true"]},
    "sql": {"kind": "sql", "path": "a", "query": "SELECT 1"},
}


def section(kind: str) -> str:
    (found,) = re.findall(rf'^## kind = "{kind}"\n(.*?)(?=^## |\Z)', PAGE, re.DOTALL | re.MULTILINE)
    return str(found)


def flat(kind: str) -> str:
    return " ".join(section(kind).split())


@pytest.mark.parametrize("kind", PLAIN)
def test_every_setting_is_described_with_its_default(kind: str) -> None:
    model = watches.load(kind).settings
    table = section(kind).split("| setting |")[1].split("\n\n")[0]
    rows = re.findall(r"^\| `(\w+)` \| (.*?) ?\| (.+) \|$", table, re.MULTILINE)
    fields = {name: field for name, field in model.model_fields.items() if name not in Definition.model_fields or name == "every"}
    assert [(name, meaning) for name, _, meaning in rows] == [(name, field.description) for name, field in fields.items()]
    given = {name: tomllib.loads(f"x = {default.strip('`')}")["x"] for name, default, _ in rows if default not in ("needed", "")}
    assert model.model_validate({**PLAIN[kind], **given}) == model.model_validate(PLAIN[kind])
    assert {name for name, default, _ in rows if default == "needed"} == {n for n, f in fields.items() if f.is_required()}


@pytest.mark.parametrize("kind", PLAIN)
def test_the_definitions_shown_are_accepted(kind: str) -> None:
    (block,) = re.findall(r"```toml\n(.*?)```", section(kind), re.DOTALL)
    for name, raw in tomllib.loads(block)["watch"].items():
        its = watches.load(raw["kind"])
        settings = its.settings.model_validate(raw)
        its.make(name, settings, Path("/"), dict.fromkeys(its.secrets(settings), "x"))


def described(text: str) -> set[str]:
    rows = re.findall(r"^\| (`[^|]+) \| .+ \|$", text, re.MULTILINE)
    return {name for names in rows for name in re.findall(r"`(\w+)`", names)}


def test_every_value_is_described(tmp_path: Path) -> None:
    with served() as service:
        url = Asking(made("url", tmp_path, url=service.url, allow_private=True))
        url.look()
        service.body = b"two"
        assert set(url.one().values) == described(section("url").split("### Values")[1]) == says("url")
    (tmp_path / "said").write_text("1")
    command = Asking(made("command", tmp_path, argv=["cat", "said"]))
    command.look()
    (tmp_path / "said").write_text("2")
    table = section("command").split("| setting |")[1].split("\n\n", 2)[2]
    assert set(command.one().values) == described(table) == says("command")
    with closing(sqlite3.connect(tmp_path / "a", isolation_level=None)) as connection:
        connection.execute("CREATE TABLE t (a)")
        sql = Asking(made("sql", tmp_path, path="a", query="SELECT * FROM t"))
        sql.look()
        connection.execute("INSERT INTO t VALUES (1)")
        assert set(sql.one().values) == described(section("sql").split("### Another result")[1].split("###")[0])
    assert watches.load("sql").says is None


def says(kind: str) -> frozenset[str] | None:
    its: Kind = watches.load(kind)
    return its.says


def test_the_numbers_on_the_page_are_those_of_the_code() -> None:
    for kind in ("url", "command"):
        assert f"up to {LONGEST} characters" in flat(kind)
    assert LONGEST_WAIT.days == 1
    assert "not before that is over, up to a day" in flat("url")
    assert f"longer than {LONGEST_VALUE:,} characters" in flat("sql")
    assert f"larger than {LONGEST_CELL:,} bytes" in flat("sql")
    assert f"up to {LOCKED_S:.0f} seconds" in flat("sql")
    assert ", ".join(f"`{name}`" for name in ("source", "summary")) + " or `number`" in flat("sql")
    assert {"source", "summary", "number"} == OURS
    for kind, least in (("url", LEAST_URL), ("command", LEAST_COMMAND), ("sql", LEAST_SQL)):
        description = watches.load(kind).settings.model_fields["every"].description or ""
        assert f"; {least.total_seconds():.0f}s or more." in description
    assert sized(10**6) == "1 MB"
