"""docs/how-to/notion.md says what the code says."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

from config.settings import TableSettings
from connectors.notion import NotionSettings
from connectors.notion.news import SWEEP
from connectors.notion.source import READS
from connectors.notion.table import INSERTS, MOST, PAGE, UPDATES
from tests.emulators.notion.limits import BUDGET

PAGE_TEXT = (Path(__file__).parents[3] / "docs" / "how-to" / "notion.md").read_text(encoding="utf-8")


def rows(header: str) -> list[list[str]]:
    """The cells of the table with this header line."""
    lines = [line.strip() for line in PAGE_TEXT.splitlines()]
    below = lines[lines.index(header) + 2 :]
    table = below[: next(at for at, line in enumerate(below) if not line.startswith("|"))]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in table]


def test_every_setting_stands_on_the_page_with_its_default_and_its_meaning() -> None:
    shown = {name.strip("`"): (default, meaning) for name, default, meaning in rows("| setting | default | meaning |")}
    assert list(shown) == list(NotionSettings.model_fields)
    for name, field in NotionSettings.model_fields.items():
        default, meaning = shown[name]
        assert meaning == field.description
        if field.is_required():
            assert default == "must be given"
        elif default.startswith("`"):
            said = {"database": "0" * 32, **tomllib.loads(f"{name} = {default.strip('`')}")}
            assert getattr(NotionSettings.model_validate(said), name) == field.default
        else:
            assert (default, field.default) == ("the only one", None)


def test_the_table_at_the_top_is_one() -> None:
    text = re.findall(r"```toml\n(.*?)```", PAGE_TEXT, flags=re.DOTALL)[0]
    settings = TableSettings.model_validate(tomllib.loads(text)["tables"]["ops"])
    assert settings.connector == "notion"
    assert NotionSettings.model_validate(settings.rest).id == "0a1b2c3d-4e5f-4071-8293-a4b5c6d7e8f9"


def test_the_capabilities_are_those_that_messages_name() -> None:
    assert [name for name, _ in rows("| capability | what for |")] == [READS.capability, UPDATES, INSERTS]


def test_the_numbers_are_the_codes() -> None:
    assert NotionSettings.model_fields["requests_per_minute"].default == BUDGET
    assert f"{BUDGET} rows a minute" in PAGE_TEXT
    assert f"more than {PAGE} rows" in PAGE_TEXT
    assert f"more than {MOST:,} rows" in PAGE_TEXT
    assert SWEEP == 10
    assert "at the tenth poll" in PAGE_TEXT
