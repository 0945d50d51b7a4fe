"""What docs/reference/watches.md says of the kind git is what the code says."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import watches
from tests.unit.watches.repository import Repository, looks
from watches.api import LONGEST_VALUE, Definition
from watches.git import history, program
from watches.git.settings import GitSettings

PAGE = (Path(__file__).parents[3] / "docs" / "reference" / "watches.md").read_text(encoding="utf-8")
SECTION = re.findall(r'^## kind = "git"\n(.*?)(?=^## |\Z)', PAGE, re.DOTALL | re.MULTILINE)[0]


def test_every_setting_is_described_with_its_default() -> None:
    rows = re.findall(r"^\| `(\w+)` \| (.+?) \| (.+) \|$", SECTION, re.MULTILINE)
    fields = {name: field for name, field in GitSettings.model_fields.items() if name not in Definition.model_fields}
    assert [(name, meaning) for name, _, meaning in rows] == [(name, field.description) for name, field in fields.items()]
    given = {name: tomllib.loads(f"x = {default.strip('`')}")["x"] for name, default, _ in rows if default != "needed"}
    assert GitSettings(kind="git", path=Path("x"), **given) == GitSettings(kind="git", path=Path("x"))
    assert set(given) == {name for name, field in fields.items() if not field.is_required()}


def test_the_definition_shown_is_accepted() -> None:
    (block,) = re.findall(r"```toml\n(.*?)```", SECTION, re.DOTALL)
    for name, raw in tomllib.loads(block)["watch"].items():
        kind = watches.load(raw["kind"])
        kind.make(name, kind.settings.model_validate(raw), Path(), {})


def test_every_value_is_described(repository: Repository) -> None:
    seen = looks(repository.path)
    repository.commit()
    described = re.findall(r"^\| (`[^|]+) \| .+ \|$", SECTION.split("| value | |")[1], re.MULTILINE)
    assert [name for names in described for name in re.findall(r"`(\w+)`", names)] == list(seen.happenings()[0].values)


def test_the_numbers_are_those_of_the_code() -> None:
    for number in (f"last {history.LEFT} commits", f"newest {history.FURTHEST:,} commits", f"{program.PATIENCE:g} seconds"):
        assert number in SECTION
    assert f"longer than {LONGEST_VALUE:,} characters" in SECTION
