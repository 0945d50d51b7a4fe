"""What columns are to be like, held against what cells may say and what rowd writes into them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from connectors.api import fold
from connectors.preparing import Kind, Writer
from engine.columns import OURS, SHARED, Column
from engine.layout import Layout
from engine.merge import press_of
from engine.model import CatchUp, Overlap, Status, Type
from engine.shapes import USUAL, shape, shapes

PAGE = (Path(__file__).parents[2] / "docs/reference/columns.md").read_text(encoding="utf-8")
HEALTH = "".join((Path(__file__).parents[2] / f"engine/{name}.py").read_text(encoding="utf-8") for name in ("health", "drafts"))


@pytest.mark.parametrize("column", tuple(Column))
def test_every_column_that_is_served_has_a_shape_of_one_sentence_or_two(column: Column) -> None:
    found = shape(column, "Title")
    assert found.header == "Title"
    assert 5 < len(found.about) < 120
    assert found.about.endswith(".") or found.about.endswith('".')
    assert (found.writer is Writer.ROWD, found.writer is Writer.BOTH) == (column in OURS, column in SHARED)


def test_columns_that_this_version_refuses_are_never_made() -> None:
    assert set(USUAL) <= set(Column)


def test_the_options_are_words_that_the_cells_take() -> None:
    assert [Status(option) for option in shape(Column.STATUS, "x").options] == list(Status)
    assert [CatchUp(option) for option in shape(Column.CATCH_UP, "x").options] == list(CatchUp)
    assert [Overlap(option) for option in shape(Column.OVERLAP, "x").options] == list(Overlap)
    assert set(map(Type, shape(Column.TYPE, "x").options)) == {Type(w) for w in re.findall(r"`(\w+)`", _type_row()[0])}
    assert [press_of(option) for option in shape(Column.DO, "x").options]
    assert shape(Column.ACTION, "x", ["b", "a"]).options == ("a", "b")


def _type_row() -> list[str]:
    """The types that the page offers, and those that it refuses."""
    (row,) = re.findall(r"^\| Type \|(.*)$", PAGE, re.MULTILINE)
    return list(row.split(". ", 1))


def test_the_tones_are_of_words_that_rowd_says() -> None:
    said = shape(Column.HEALTH, "x").tones
    assert [word for word in said if not re.search(rf'"{word}\b', HEALTH)] == []
    assert set(shape(Column.STATUS, "x").tones) == set(Status)
    last = shape(Column.LAST_STATUS, "x")
    assert set(last.tones) == set(last.options)


def test_dates_are_dates_and_numbers_numbers() -> None:
    kinds = {column: shape(column, "x").kind for column in Column}
    assert {c for c, kind in kinds.items() if kind is Kind.INSTANT} == {Column.NEXT_RUN, Column.LAST_RUN, Column.LAST_SUCCESS}
    assert kinds[Column.RUNS] is kinds[Column.CURRENT] is Kind.NUMBER
    assert all(shape(c, "x").options for c, kind in kinds.items() if kind is Kind.CHOICE)


def test_known_columns_come_first_in_their_order_then_those_that_are_missing_by_their_names_here() -> None:
    layout = Layout.of(["Mood", "status", "Task", "Action"], {"Name": "Task"})
    found = shapes(layout, [Column.NAME, Column.HEALTH, Column.LAST_RUN], {"Name": "Task", "Last Run": "Ran"}, ())
    assert [one.header for one in found] == ["status", "Task", "Action", "Health", "Ran"]


def test_a_column_is_not_made_beside_a_stranger_that_was_meant_to_be_it() -> None:
    layout = Layout.of(["Name", "Action", "Shedule"], {})
    assert "Schedule" not in {one.header for one in shapes(layout, USUAL, {}, ())}
    assert fold("Schedule") not in map(fold, layout.headers.values())
