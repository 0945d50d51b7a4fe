"""Every example of docs/reference/conditions.md does what the page says."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from config.fields import span
from engine.condition import Given, Reference, Undecidable, Unreadable, evaluate, parse
from engine.condition.spelling import dotted

PAGE = (Path(__file__).parents[3] / "docs" / "reference" / "conditions.md").read_text(encoding="utf-8")


def rows(*header: str) -> Iterator[list[str]]:
    """The rows of all tables with this header; marks of code are dropped."""
    inside = False
    for line in PAGE.splitlines():
        cells = [c.strip().replace("\\|", "|") for c in re.split(r"(?<!\\)\|", line)[1:-1]] if line.startswith("|") else []
        if cells == list(header):
            inside = True
        elif not cells:
            inside = False
        elif inside and not set(line) <= set("|-"):
            yield [re.sub(r"^`(.*)`$", r"\1", c) for c in cells]


def value(said: str) -> Given:
    """As a value is written on the page: JSON, a date or a span without quotes, `nothing`."""
    if said == "nothing":
        return None
    if re.match(r"\d{4}-", said):
        return datetime.fromisoformat(said).replace(tzinfo=UTC)
    if re.fullmatch(r"\d+m", said):
        return span(said)
    found: Given = json.loads(said)
    return found


def values(said: str) -> dict[Reference, Given]:
    pairs = (part.split(" = ", 1) for part in said.split("; ") if part)
    return {tuple(name.split(".")): value(what) for name, what in pairs}


READ = list(rows("you write", "is read as", "asks for"))
DECIDED = list(rows("condition", "values", "holds", "why"))
UNDECIDED = list(rows("condition", "values", "because"))
REFUSED = list(rows("you write", "because"))


def test_the_page_has_its_tables() -> None:
    assert (len(READ), len(DECIDED), len(UNDECIDED), len(REFUSED)) == (15, 23, 15, 35)


@pytest.mark.parametrize(("text", "plain", "asks"), READ)
def test_an_example_is_read_as_the_page_says(text: str, plain: str, asks: str) -> None:
    condition = parse(text)
    assert condition.text == plain
    assert ", ".join(f"`{name}`" for name in sorted(map(dotted, condition.names))).strip("`") == asks
    assert parse(plain) == condition


@pytest.mark.parametrize(("text", "given", "holds", "why"), DECIDED)
def test_an_example_comes_to_what_the_page_says(text: str, given: str, holds: str, why: str) -> None:
    verdict = evaluate(parse(text), values(given))
    assert (verdict.holds, verdict.why) == (holds == "yes", why)


@pytest.mark.parametrize(("text", "given", "because"), UNDECIDED)
def test_what_the_page_says_can_not_be_told_can_not(text: str, given: str, because: str) -> None:
    with pytest.raises(Undecidable) as caught:
        evaluate(parse(text), values(given))
    assert str(caught.value) == f'Condition "{text}": {because}' or str(caught.value) == f"Condition '{text}': {because}"


@pytest.mark.parametrize(("text", "because"), REFUSED)
def test_what_the_page_calls_refused_is_refused_with_this_remedy(text: str, because: str) -> None:
    with pytest.raises(Unreadable) as caught:
        parse(text)
    assert str(caught.value).partition(": ")[2].removeprefix(f'{text}": ') == because
