"""The page about columns says what the code knows."""

from __future__ import annotations

import json
import re
from datetime import UTC
from pathlib import Path

import pytest

from connectors.api import fold
from engine import cells
from engine.cells import LONGEST_NAME
from engine.columns import OURS, Column
from engine.metadata import DEEPEST, LONGEST, SETTINGS, read
from engine.model import CatchUp, Overlap, Status, Type
from engine.settings import HIGHEST, MOST_PERIODS, PRIORITIES

PAGE = (Path(__file__).parents[2] / "docs/reference/columns.md").read_text(encoding="utf-8")
PEOPLE, REST = PAGE.split("## What rowd writes")
ROWD, REST = REST.split("## How cells are read")


def rows(part: str) -> dict[str, str]:
    return {line.split("|")[1].strip(): line for line in part.splitlines() if line.startswith("| ")}


@pytest.mark.parametrize("column", list(Column))
def test_every_column_has_its_row_on_the_side_of_its_owner(column: Column) -> None:
    assert (column in rows(ROWD), column in rows(PEOPLE)) == (column in OURS, column not in OURS)


def test_no_row_is_about_a_column_that_does_not_exist() -> None:
    assert {*rows(PEOPLE), *rows(ROWD)} - {str(c) for c in Column} == {"column"}


@pytest.mark.parametrize(
    ("column", "words"), [("Type", Type), ("Status", Status), ("Catch Up", CatchUp), ("Overlap", Overlap), ("Priority", PRIORITIES)]
)
def test_every_word_that_a_cell_takes_is_listed(column: str, words: list[str]) -> None:
    assert [word for word in words if f"`{word}`" not in rows(PEOPLE)[column]] == []


def test_missed_counts_what_the_tally_counts() -> None:
    """`Tally.missed`: outcome `missed` alone."""
    (words,) = re.findall(r"How many .*?\.", rows(ROWD)["Missed"])
    assert re.findall(r"`(\w+)`", words) == ["missed"]
    assert "(`skipped`" in rows(ROWD)["Missed"].partition(words)[2]


def test_every_setting_of_metadata_is_listed() -> None:
    listed = {fold(word) for word in re.findall(r"`(\w+)`", PAGE.split("## Metadata")[1])}
    assert set(SETTINGS) <= listed


def test_the_bounds_are_those_of_the_code() -> None:
    assert f"Up to {LONGEST_NAME} characters" in PAGE
    assert f"1 to {MOST_PERIODS}" in PAGE
    assert f"from -{HIGHEST} to {HIGHEST}" in PAGE
    assert f"up to {LONGEST:,} characters" in PAGE
    assert f"more than {DEEPEST} levels" in PAGE


def test_the_examples_are_read_as_the_page_says() -> None:
    number, dates, spans = (rows(REST)[kind].split("|")[2:4] for kind in ("number", "date and time", "span"))
    for reader, (good, bad) in ((cells.number, number), (lambda c: cells.instant(c, UTC), dates), (cells.span, spans)):
        for example in re.findall(r"`([^`]+)`", good):
            reader(example)
        for example in re.findall(r"`([^`]+)`", bad):
            with pytest.raises(cells.BadCell):
                reader(example)
    for example in re.findall(r"```json\n(.+)\n```", PAGE) + re.findall(r"`(\{\".+?\})`", PAGE):
        assert read(example, {"folder"} & set(json.loads(example)), "act").parameters
