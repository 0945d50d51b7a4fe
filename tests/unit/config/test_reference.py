"""What is written about settings is compared with the models: the example file and the reference page."""

from __future__ import annotations

import re
import tomllib
from datetime import time
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

import config
from config.endpoints import Endpoint
from config.load import load
from config.outside import Health, Listen, Ping
from config.settings import (
    Audit,
    Blackout,
    BreakerSettings,
    Channel,
    Conditions,
    Daemon,
    Defaults,
    SecretCommand,
    Settings,
    TableSettings,
)

ROOT = Path(__file__).parents[3]
EXAMPLE = Path(config.__file__).parent / "rowd.example.toml"
PAGE = (ROOT / "docs" / "reference" / "settings.md").read_text(encoding="utf-8")

SECTIONS: dict[str, type[BaseModel]] = {
    "[daemon]": Daemon,
    "[defaults]": Defaults,
    "[breaker]": BreakerSettings,
    "[audit]": Audit,
    "[tables.NAME]": TableSettings,
    "[listen]": Listen,
    "[health]": Health,
    "[ping]": Ping,
    "[conditions]": Conditions,
    "[channel.NAME]": Channel,
    "[secret.NAME]": SecretCommand,
    "[endpoint.NAME]": Endpoint,
    "[[blackout]]": Blackout,
}
ENDPOINT = {"url": "https://example.org", "secret": "HOOK", "events": ["*"]}
DEPENDS = {"state_dir", "time_zone"}
"""Settings whose default is another's value, or the machine's: the page says it in words."""


def keys(model: type[BaseModel]) -> dict[str, Any]:
    """Key in the file → default; None where it must be given."""
    return {field.alias or name: field.get_default(call_default_factory=True) for name, field in model.model_fields.items()}


def uncommented(text: str) -> str:
    """The example with every setting taken out of its comment: those lines have no space after the `#`."""
    return re.sub(r"^#(?=[a-z\[])", "", text, flags=re.MULTILINE)


def rows(heading: str) -> dict[str, str]:
    """Setting → default, as the page's table under this heading has it."""
    part = PAGE.split(f"\n## `{heading}`\n")[1].split("\n## ")[0]
    return dict(re.findall(r"^\| `(\w+)` \| (.*?) \|", part, flags=re.MULTILINE))


def read(tmp_path: Path, text: str, **environ: str) -> Settings:
    file = tmp_path / "rowd.toml"
    file.write_text(text, encoding="utf-8")
    return load(file, environ, tmp_path).settings


def test_the_example_is_right_as_it_is(tmp_path: Path) -> None:
    settings = read(tmp_path, EXAMPLE.read_text(encoding="utf-8"))
    assert set(settings.tables) == {"tasks"}
    assert settings.daemon == Daemon()


def test_the_example_is_right_with_every_setting_taken_out_of_its_comment(tmp_path: Path) -> None:
    text = uncommented(EXAMPLE.read_text(encoding="utf-8"))
    settings = read(tmp_path, text, BACKUP_PASSWORD="set, so that its program isn't asked")
    raw = tomllib.loads(text)
    assert settings.daemon == Daemon(state_dir=Path(".rowd"))
    assert settings.breaker == BreakerSettings()
    assert (settings.listen, settings.health, settings.ping) == (Listen(), Health(), Ping())
    assert settings.defaults.daily_at == time(9)
    assert settings.audit == Audit()
    whole = {"daemon": Daemon, "defaults": Defaults, "breaker": BreakerSettings, "listen": Listen, "health": Health, "ping": Ping}
    whole |= {"audit": Audit}
    for section, model in whole.items():
        assert set(raw[section]) == set(keys(model)), f"every setting of [{section}] stands in the example"
    assert set(keys(TableSettings)) < set(raw["tables"]["tasks"])
    assert set(raw["channel"]["mail"]) == set(keys(Channel))
    assert set(raw["secret"]["BACKUP_PASSWORD"]) == set(keys(SecretCommand))
    assert set(raw["endpoint"]["ops"]) == set(keys(Endpoint))
    assert {key for blackout in raw["blackout"] for key in blackout} == set(keys(Blackout))


def test_every_heading_of_the_file_has_one_on_the_page() -> None:
    named = {heading.strip("[]").split(".")[0] for heading in SECTIONS} | {"actions", "watch", "fact"}
    assert named == set(keys(Settings))
    assert "\n## `[actions.NAME]`\n" in PAGE
    assert "\n## `[watch.NAME]`\n" in PAGE
    assert "\n## `[fact.NAME]`\n" in PAGE


@pytest.mark.parametrize("heading", SECTIONS)
def test_every_setting_has_a_row_with_its_default_on_the_page(heading: str) -> None:
    model = SECTIONS[heading]
    written = rows(heading)
    assert list(written) == list(keys(model))
    for name, field in model.model_fields.items():
        key = field.alias or name
        cell = written[key]
        if field.is_required():
            assert cell == "must be given"
        elif key not in DEPENDS and (default := keys(model)[key]) is not None and cell != "all":
            assert cell.startswith("`"), f"{key}: the default is a value"
            value = tomllib.loads(f"{key} = {cell.strip('`')}")
            given = (
                {"name": "n", "days": ["sat"]} if model is Blackout and key != "days" else {"name": "n", "dates": ["2026-01-01"]}
            )
            others = {
                TableSettings: {"connector": "local"},
                Blackout: given,
                Channel: {"secret": "MAIL"},
                SecretCommand: {"command": ["x"]},
                Endpoint: ENDPOINT,
            }.get(model, {})
            assert getattr(model.model_validate({**others, **value}), name) == default


@pytest.mark.parametrize("model", [*SECTIONS.values()])
def test_every_setting_says_what_it_means(model: type[BaseModel]) -> None:
    assert all(field.description and field.description.endswith(".") for field in model.model_fields.values())


@pytest.mark.parametrize("key", ["backup_at", "digest_at"])
def test_page_example_and_model_agree_on_whose_clock_the_chores_go_by(key: str) -> None:
    page = next(line for line in PAGE.splitlines() if line.startswith(f"| `{key}` |"))
    comment = EXAMPLE.read_text(encoding="utf-8").split(f"\n#{key} = ")[0].rpartition("\n")[2]
    for said in (page, comment, Daemon.model_fields[key].description or ""):
        assert "by the machine's own clock" in said


def test_the_examples_on_the_page_are_right() -> None:
    for text in re.findall(r"```toml\n(.*?)```", PAGE, flags=re.DOTALL):
        Settings.model_validate(tomllib.loads(text))


def test_the_env_example_is_the_one_that_is_installed() -> None:
    assert (ROOT / ".env.example").read_text() == (ROOT / "config" / "templates" / "env.example").read_text()


def test_the_env_example_is_right_with_every_variable_taken_out_of_its_comment(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text(re.sub(r"^#(?=[A-Z])", "", (ROOT / ".env.example").read_text(), flags=re.MULTILINE))
    settings = read(tmp_path, '[tables.tasks]\nconnector = "local"\n')
    assert settings.daemon.max_parallel == 8
    assert settings.defaults.time_zone.key == "Europe/Berlin"
