"""What docs/reference/watches.md says of the kind rowd is what the code says."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import watches
from watches.api import Definition
from watches.itself.settings import SAYS, TOLD, ItselfSettings

PAGE = (Path(__file__).parents[3] / "docs" / "reference" / "watches.md").read_text(encoding="utf-8")
SECTION = re.findall(r'^## kind = "rowd"\n(.*?)(?=^## |\Z)', PAGE, re.DOTALL | re.MULTILINE)[0]


def test_every_setting_is_described() -> None:
    rows = re.findall(r"^\| `(\w+)` \| .*? ?\| (.+) \|$", SECTION.split("| value |")[0], re.MULTILINE)
    fields = {name: field for name, field in ItselfSettings.model_fields.items() if name not in Definition.model_fields}
    assert rows == [(name, field.description) for name, field in fields.items()]


def test_the_definitions_shown_are_accepted() -> None:
    (block,) = re.findall(r"```toml\n(.*?)```", SECTION, re.DOTALL)
    for name, raw in tomllib.loads(block)["watch"].items():
        kind = watches.load(raw["kind"])
        kind.make(name, kind.settings.model_validate(raw), Path(), {})


def test_every_event_and_every_value_stands_there() -> None:
    listed = SECTION.split("These can be named:")[1].split("How runs end")[0]
    assert tuple(re.findall(r"`([a-z.]+)`", listed)) == TOLD
    described = re.findall(r"^\| (`[^|]+) \| .+ \|$", SECTION.split("| value | |")[1], re.MULTILINE)
    assert {name for names in described for name in re.findall(r"`(\w+)`", names)} == SAYS
