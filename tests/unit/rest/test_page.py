"""docs/how-to/rest.md says what the code says."""

from __future__ import annotations

import json
import re
import tomllib
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from config.settings import TableSettings
from connectors.rest import RestSettings
from connectors.rest.asks import Create, Delete, Get, Update
from connectors.rest.auth import Basic, Bearer, Header
from connectors.rest.client import MOST
from connectors.rest.listing import MOST_BYTES, MOST_CELLS, MOST_ROWS
from connectors.rest.news import SWEEP
from connectors.rest.paging import ByCursor, ByLink, ByOffset, ByPage
from connectors.rest.pointers import Pointer
from connectors.rest.sending import TRIES

DOCS = Path(__file__).parents[3] / "docs"
PAGE = (DOCS / "how-to" / "rest.md").read_text(encoding="utf-8")


def rows(header: str, number: int = 0) -> list[list[str]]:
    """The cells of the table with this header line; of several, the one with that number."""
    lines = [line.strip() for line in PAGE.splitlines()]
    at = [index for index, line in enumerate(lines) if line == header][number]
    below = lines[at + 2 :]
    table = below[: next(at for at, line in enumerate(below) if not line.startswith("|"))]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in table]


def default(field: FieldInfo) -> str:
    said: Any = field.default
    match said:
        case _ if field.is_required():
            return "must be given"
        case None:
            return "none"
        case Pointer():
            return f'`"{said.text}"`'
        case timedelta():
            return f'`"{said.seconds}s"`'
        case ():
            return "`[]`"
    return f"`{json.dumps(said)}`"


def told(model: type[BaseModel]) -> list[list[str]]:
    return [[f"`{name}`", default(field), str(field.description)] for name, field in model.model_fields.items()]


def test_every_setting_stands_on_the_page_with_its_default_and_its_meaning() -> None:
    assert rows("| setting | default | meaning |") == told(RestSettings)


def test_every_part_of_a_request_stands_there() -> None:
    table = rows("| part | default | meaning |")
    assert sorted(table) == sorted(told(Update)) == sorted(told(Create))
    for model in (Get, Delete):
        assert all(row in table for row in told(model))


@pytest.mark.parametrize(("number", "models"), [(0, (Bearer, Basic, Header)), (1, (ByPage, ByOffset, ByCursor, ByLink))])
def test_every_kind_of_credentials_and_of_pages_stands_there(number: int, models: tuple[type[BaseModel], ...]) -> None:
    expected = []
    for model in models:
        (by,) = model.model_fields["by"].annotation.__args__  # type: ignore[union-attr]  # a Literal of one word
        expected += [[f'`"{by}"`', *row] for row in told(model) if row[0] != "`by`"]
    assert rows("| `by` | part | default | meaning |", number) == expected


@pytest.mark.parametrize("text", re.findall(r"```toml\n(.*?)```", PAGE, flags=re.DOTALL))
def test_the_examples_are_tables(text: str) -> None:
    settings = TableSettings.model_validate(tomllib.loads(text)["tables"]["ops"])
    assert settings.connector == "rest"
    RestSettings.model_validate(settings.rest)


def test_the_numbers_are_the_codes() -> None:
    assert f"is longer than {MOST // 1024**2} MB" in PAGE
    assert f"at most {MOST_ROWS:,} rows, {MOST_CELLS // 10**6} million cells and {MOST_BYTES // 1024**2} MB" in PAGE
    decision = (DOCS / "decisions" / "0022-any-service.md").read_text(encoding="utf-8")
    assert (SWEEP, TRIES) == (20, 4)
    assert "at the twentieth poll" in PAGE
    assert "Every twentieth time" in decision
    assert "up to four times" in decision
