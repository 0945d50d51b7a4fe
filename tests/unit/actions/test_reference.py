"""docs/reference/actions.md says what the code says: every setting, its default and its meaning."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
from pydantic import BaseModel, TypeAdapter

import actions
from actions.api import Definition
from actions.command.settings import CommandSettings, Sandbox
from actions.http.settings import HttpSettings
from actions.parameters import Parameter, ParameterType
from actions.simulate import SimulateSettings

PAGE = (Path(__file__).parents[3] / "docs" / "reference" / "actions.md").read_text()
SECTIONS: dict[str, str] = dict(re.findall(r"^## (.+?)\n(.*?)(?=^## |\Z)", PAGE, re.DOTALL | re.MULTILINE))


def table(section: str) -> dict[str, tuple[str, str]]:
    """Setting → default and meaning, as the section's table has them."""
    rows = re.findall(r"^\| `(\w+)` \| ?(.*?) ?\| (.+?) \|$", SECTIONS[section], re.MULTILINE)
    return {name: (default, meaning) for name, default, meaning in rows}


@pytest.mark.parametrize(
    ("section", "model"),
    [
        ("Every action", Definition),
        ("Parameters", Parameter),
        ("command", CommandSettings),
        ("Sandboxes", Sandbox),
        ("http", HttpSettings),
        ("simulate", SimulateSettings),
    ],
)
def test_every_setting_is_described_with_its_default(section: str, model: type[BaseModel]) -> None:
    common = Definition.model_fields if issubclass(model, Definition) and model is not Definition else {}
    fields = {name: f for name, f in model.model_fields.items() if name not in common}
    shown = {name: row for name, row in table(section).items() if name not in set(ParameterType)}
    assert list(shown) == list(fields)
    for name, field in fields.items():
        default, meaning = shown[name]
        if field.description is not None:
            assert meaning == field.description
        if field.is_required():
            assert default == "needed"
        elif default.startswith("`"):
            given = tomllib.loads(f"x = {default.strip('`')}")["x"]
            whole = TypeAdapter(model).validate_python({**needed(model), name: given})
            assert getattr(whole, name) == field.default
        else:
            assert field.default is None or field.default == ""


def needed(model: type[BaseModel]) -> dict[str, object]:
    some = {"kind": "x", "argv": ["x"], "url": "http://a.example/"}
    return {name: some[name] for name, f in model.model_fields.items() if f.is_required()}


def test_every_type_of_a_parameter_is_described() -> None:
    assert list(re.findall(r"^\| `(\w+)` \| .* \| .* \|$", SECTIONS["Parameters"].split("| type |")[1], re.MULTILINE)) == list(
        ParameterType
    )


def test_the_definitions_shown_are_accepted() -> None:
    blocks = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)
    assert len(blocks) == 3
    for block in blocks:
        for name, raw in tomllib.loads(block)["actions"].items():
            kind = actions.load(raw["kind"])
            kind.make(name, kind.settings.model_validate(raw), Path())
