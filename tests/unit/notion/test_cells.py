"""What each type of property reads and writes (VENDORS.md C2, C5)."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.api import Cell
from connectors.errors import Bug
from connectors.notion.cells import PIECE, TEXT_LIMIT, Unfit, json_of, value_of
from connectors.notion.fields import COMPUTED, Field
from connectors.plain import clean
from tests.emulators.notion import texts

NINE = datetime(2026, 11, 21, 9, tzinfo=UTC)
OPTIONS = {"active": "id-a", "paused": "id-p", "Timed Out": "id-t"}
ONE, OTHER = "0a1b2c3d-4e5f-4071-8293-a4b5c6d7e8f9", "1f2e3d4c-5b6a-4978-8796-a5b4c3d2e1f0"


def field(kind: str) -> Field:
    return Field("%3Ab", "Col", kind, OPTIONS if kind in ("select", "status", "multi_select") else {})


def pieces(*parts: str) -> list[dict[str, Any]]:
    return [{"type": "text", "text": {"content": part}, "plain_text": part} for part in parts]


@pytest.mark.parametrize(
    ("kind", "raw", "expected"),
    [
        ("title", pieces("x"), "x"),
        ("rich_text", pieces("one ", "two"), "one two"),
        ("rich_text", [{"type": "mention", "mention": {}, "plain_text": "@Ada"}, {"type": "text"}], "@Ada"),
        ("rich_text", [], None),
        ("rich_text", pieces(" "), None),
        ("number", 0, 0),
        ("number", 78.5, 78.5),
        ("number", None, None),
        ("checkbox", False, False),
        ("select", {"id": "1", "name": "active", "color": "red"}, "active"),
        ("select", None, None),
        ("status", {"id": "1", "name": "In progress", "color": "blue"}, "In progress"),
        ("multi_select", [{"id": "1", "name": "red"}, {"id": "2", "name": "blue"}], "red, blue"),
        ("multi_select", [], None),
        ("date", {"start": "2026-11-21", "end": None, "time_zone": None}, date(2026, 11, 21)),
        ("date", {"start": "2026-11-21T10:00:00.000+01:00", "end": None, "time_zone": None}, NINE),
        ("date", {"start": "2026-11-21T10:00:00", "end": None, "time_zone": "Europe/Berlin"}, NINE),
        ("date", {"start": "2026-11-21T09:00:00", "end": "2026-11-22", "time_zone": None}, NINE),
        ("date", {"start": "2026-11-21T10:00:00", "time_zone": "Nowhere/Else"}, "2026-11-21T10:00:00"),
        ("date", {"start": "0001-01-01T00:00:00+05:00"}, "0001-01-01T00:00:00+05:00"),
        ("date", {"start": None}, None),
        ("created_time", "2026-11-21T09:00:00.000Z", NINE),
        ("last_edited_time", "2026-11-21T09:00:00.000Z", NINE),
        ("created_by", {"object": "user", "id": "1", "name": "Ada", "person": {"email": "a@example.org"}}, "a@example.org"),
        ("last_edited_by", {"object": "user", "id": "1", "name": "rowd", "bot": {}}, "rowd"),
        ("people", [{"object": "user", "id": "1"}, {"id": "2", "name": "Bo", "person": {}}], "1, Bo"),
        ("relation", [{"id": "1"}, {"id": "2"}], "1, 2"),
        ("files", [{"name": "a.pdf", "type": "external", "external": {"url": "https://x"}}], "a.pdf"),
        ("url", "https://x", "https://x"),
        ("email", None, None),
        ("unique_id", {"prefix": "TASK", "number": 42}, "TASK-42"),
        ("unique_id", {"prefix": None, "number": 42}, 42),
        ("formula", {"type": "number", "number": 3}, 3),
        ("formula", {"type": "string", "string": ""}, None),
        ("formula", {"type": "date", "date": {"start": "2026-11-21"}}, date(2026, 11, 21)),
        ("formula", {"type": "unsupported", "unsupported": {}}, "{}"),
        ("rollup", {"type": "number", "number": 3, "function": "sum"}, 3),
        ("rollup", {"type": "array", "array": [{"type": "title", "title": pieces("a")}, {"type": "number", "number": 2}]}, "a, 2"),
        ("rollup", {"type": "array", "array": []}, None),
        ("button", {}, None),
        ("verification", {"state": "unverified", "verified_by": None, "date": None}, "unverified"),
        ("place", {"lat": 1.0, "lon": 2.0, "name": "Here", "address": "1 Road"}, "Here"),
        ("something_new", {"odd": [1]}, '{"odd": [1]}'),
        ("number", float("inf"), "inf"),
    ],
)
def test_what_is_read(kind: str, raw: Any, expected: Cell) -> None:
    found = value_of({"id": "x", "type": kind, kind: raw})
    assert (found, type(found)) == (expected, type(expected))


def test_a_property_that_a_page_does_not_list_is_blank() -> None:
    assert value_of(None) is None


BERLIN = timezone(timedelta(hours=1))


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        ("number", 3.0, 3),
        ("number", "78.5", 78.5),
        ("number", " 7 ", 7),
        ("number", None, None),
        ("number", "", None),
        ("checkbox", True, True),
        ("checkbox", "no", False),
        ("checkbox", None, False),
        ("date", NINE, {"start": "2026-11-21T09:00:00.000+00:00"}),
        ("date", NINE.astimezone(BERLIN), {"start": "2026-11-21T09:00:00.000+00:00"}),
        ("date", date(2026, 11, 21), {"start": "2026-11-21"}),
        ("date", "2026-11-21", {"start": "2026-11-21"}),
        ("date", "2026-11-21 10:00+01:00", {"start": "2026-11-21T09:00:00.000+00:00"}),
        ("date", "2026-11-21T09:00", {"start": "2026-11-21T09:00:00.000+00:00"}),
        ("date", None, None),
        ("select", "active", {"id": "id-a"}),
        ("select", " timed_out ", {"id": "id-t"}),
        ("select", None, None),
        ("status", "Paused", {"id": "id-p"}),
        ("multi_select", "paused, active,paused", [{"id": "id-p"}, {"id": "id-a"}]),
        ("multi_select", None, []),
        ("url", " https://x ", "https://x"),
        ("url", "", None),
        ("email", None, None),
        ("phone_number", 5, "5"),
        ("relation", f"{ONE}, {OTHER.replace('-', '')}", [{"id": ONE}, {"id": OTHER}]),
        ("relation", None, []),
        ("people", ONE, [{"object": "user", "id": ONE}]),
    ],
)
def test_what_is_written(kind: str, value: Cell, expected: Any) -> None:
    assert json_of(field(kind), value) == {kind: expected}


@pytest.mark.parametrize("kind", ["title", "rich_text"])
@pytest.mark.parametrize(
    ("value", "said"), [("x", "x"), (True, "yes"), (3.0, "3"), (NINE, "2026-11-21T09:00:00Z"), (None, ""), ("", "")]
)
def test_text_is_written_as_plain_text(kind: str, value: Cell, said: str) -> None:
    assert json_of(field(kind), value) == {kind: [{"type": "text", "text": {"content": said}}] if said else []}


@pytest.mark.parametrize(
    ("kind", "value", "words"),
    [
        ("number", "many", 'can\'t hold "many"; change its type to Text'),
        ("number", True, "change its type to Checkbox"),
        ("number", float("nan"), "can't hold"),
        ("number", NINE, "change its type to Text"),
        ("checkbox", "maybe", "change its type to Text"),
        ("date", "tomorrow", 'can\'t hold "tomorrow"'),
        ("date", 5, 'can\'t hold "5"'),
        ("select", "draft", 'has no option "draft"; add it under Edit property, or make it Text'),
        ("status", "draft", 'has no option "draft"'),
        ("status", None, "can't be empty; make it Select"),
        ("status", " ", "can't be empty"),
        ("multi_select", "active, draft", 'has no option "draft"'),
        ("multi_select", ",".join(["active"] * 101), "101 of them, and Notion takes 100 at once"),
        ("url", "x" * 2001, "2,001 characters, and it takes 2,000"),
        ("email", "😀" * 101, "it takes 200"),
        ("relation", "run_tests", "takes their ids"),
        ("people", "ada@example.org", "takes the ids of users"),
        ("rich_text", "x" * (TEXT_LIMIT + 1), "100,001 characters"),
        ("files", "a.pdf", "is of a type that rowd can't write (files)"),
        ("place", "here", "can't write (place)"),
        *[(kind, "x", "is worked out by Notion") for kind in sorted(COMPUTED)],
    ],
)
def test_what_a_column_can_not_hold_is_told(kind: str, value: Cell, words: str) -> None:
    with pytest.raises(Unfit) as raised:
        json_of(field(kind), value)
    assert words in str(raised.value)
    assert str(raised.value).startswith('column "Col"')


def test_two_options_that_are_nearly_alike_are_not_guessed_between() -> None:
    with pytest.raises(Unfit):
        json_of(Field("x", "Col", "select", {"on-hold": "1", "On Hold": "2"}), "onhold")


def test_an_instant_without_a_zone_is_our_mistake() -> None:
    with pytest.raises(Bug):
        json_of(field("date"), NINE.replace(tzinfo=None))


@given(st.text(st.characters(exclude_categories=("Cs",)), max_size=40), st.integers(1, 3_000))
def test_a_text_goes_over_in_pieces_that_notion_takes_and_reads_back_as_it_was(text: str, times: int) -> None:
    """VENDORS.md C2: 2,000 UTF-16 units a piece, 100 pieces."""
    whole = (text * times)[:TEXT_LIMIT]
    written = json_of(field("rich_text"), whole)["rich_text"]
    assert len(written) <= 100
    assert all(0 < texts.length(piece["text"]["content"]) <= PIECE for piece in written)
    assert "".join(piece["text"]["content"] for piece in written) == clean(whole)


@pytest.mark.parametrize("character", ["a", "日", "😀"])
def test_the_longest_text_fits_whatever_it_is_made_of(character: str) -> None:
    written = json_of(field("rich_text"), character * TEXT_LIMIT)["rich_text"]
    assert len(written) <= 100
    assert sum(len(piece["text"]["content"].encode()) + 60 for piece in written) < 500_000
