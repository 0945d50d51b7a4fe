"""Every example of docs/reference/schedules.md does what the page says."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from engine.model import Type
from engine.schedule import Parsed, Unreadable, parse

PAGE = (Path(__file__).parents[3] / "docs" / "reference" / "schedules.md").read_text(encoding="utf-8")


def rows(*header: str) -> Iterator[list[str]]:
    """The rows of all tables with this header; code marks are dropped."""
    inside = False
    for line in PAGE.splitlines():
        cells = [c.strip() for c in line.strip().strip("|").split("|")] if line.startswith("|") else []
        if cells == list(header):
            inside = True
        elif not cells:
            inside = False
        elif inside and not set(line) <= set("|-"):
            yield [re.sub(r"^`(.*)`$", r"\1", c) for c in cells]


def read(text: str, type_: str = "") -> Parsed:
    return parse(text, type=Type(type_) if type_ else None, zone=ZoneInfo("Europe/Berlin"), since=datetime(2026, 2, 1, tzinfo=UTC))


UNDERSTOOD = list(rows("you write", "is understood as", "Type"))
RELATIVE = list(rows("you write", "comes due"))
TYPED = list(rows("Type", "Schedule", "is understood as"))
REFUSED = list(rows("you write", "Type", "because"))


def test_the_page_has_its_tables() -> None:
    assert (len(UNDERSTOOD) > 60, len(RELATIVE), len(TYPED), len(REFUSED) > 25) == (True, 6, 10, True)


@pytest.mark.parametrize(("text", "understood", "type_"), UNDERSTOOD)
def test_an_example_is_understood_as_the_page_says(text: str, understood: str, type_: str) -> None:
    parsed = read(text)
    assert (parsed.schedule.text, parsed.type) == (understood, type_)
    assert read(understood).schedule == parsed.schedule


@pytest.mark.parametrize("text", [row[0] for row in RELATIVE])
def test_a_relative_example_is_a_one_off(text: str) -> None:
    assert read(text).schedule.one_off


@pytest.mark.parametrize(("type_", "text", "understood"), TYPED)
def test_a_type_with_its_schedule_is_understood_as_the_page_says(type_: str, text: str, understood: str) -> None:
    assert read(text, type_).schedule.text == understood


@pytest.mark.parametrize(("text", "type_", "_because"), REFUSED)
def test_what_the_page_calls_refused_is_refused(text: str, type_: str, _because: str) -> None:
    with pytest.raises(Unreadable):
        read(text, type_)
