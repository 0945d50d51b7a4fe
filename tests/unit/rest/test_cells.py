"""From JSON to a cell and back."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import httpx
import pytest

from connectors.rest import EditableRestTable
from connectors.rest.cells import DEEPEST, Odd, Values
from tests.unit.rest.conftest import Shop, rows, table_of, write

PLAIN = Values(1000)


@pytest.mark.parametrize(
    ("raw", "value"),
    [
        (None, None),
        ("", None),
        (" \n", None),
        (" x ", " x "),
        (True, True),
        (0, 0),
        (2.5, 2.5),
        (float("inf"), "inf"),
        (Odd("12345678901234567890"), "12345678901234567890"),
        ([], "[]"),
        ({"a": ["ä", None]}, '{"a": ["ä", null]}'),
        ("2026-03-02T12:00:00Z", "2026-03-02T12:00:00Z"),
    ],
)
def test_a_field_is_read_as_what_it_says(raw: Any, value: Any) -> None:
    found = PLAIN.value_of(raw)
    assert found == value
    assert type(found) is type(value)


def test_what_is_nested_is_cut_to_what_a_cell_holds() -> None:
    shown = Values(500).value_of(["x" * 1000])
    assert isinstance(shown, str)
    assert (len(shown), shown[-1]) == (500, "…")


@pytest.mark.parametrize(
    ("value", "raw"),
    [
        (None, None),
        ("", None),
        ("a\x00b\r\nc", "ab\nc"),
        (datetime(2026, 3, 2, 12, tzinfo=UTC), "2026-03-02T12:00:00Z"),
        (date(2026, 3, 2), "2026-03-02"),
        (float("nan"), "nan"),
        (True, True),
        (3, 3),
        ("[1]", "[1]"),
    ],
)
def test_a_value_is_written_as_what_it_says(value: Any, raw: Any) -> None:
    found = PLAIN.json_of("A", value)
    assert found == raw
    assert type(found) is type(raw)


def test_a_service_that_takes_no_null_gets_an_empty_text() -> None:
    assert Values(1000, blank="empty").json_of("A", None) == ""


def test_text_that_is_json_is_written_as_such_only_where_the_operator_says_so() -> None:
    values = Values(1000, nested={"A"})
    assert values.json_of("A", '{"a": 1}') == {"a": 1}
    assert values.json_of("B", '{"a": 1}') == '{"a": 1}'
    assert values.json_of("A", "{a}") == "{a}"
    assert values.json_of("A", "12") == "12"
    assert values.json_of("A", "[" * 100_000) == "[" * 100_000


@pytest.mark.parametrize(
    ("text", "others", "typed"),
    [
        ("3", [1, None, 2.5], 3),
        ("2.5", [1], 2.5),
        ("-4", [1], -4),
        ("3", [1, "x"], "3"),
        ("3", [None], "3"),
        ("007", [1], "007"),
        ("1e3", [1], "1e3"),
        ("inf", [1.5], "inf"),
        ("3", [True], "3"),
        ("Yes", [True, False], True),
        ("false", [True], False),
        ("yes", [1], "yes"),
        ("9" * 20, [1], "9" * 20),
        (" 3", [1], " 3"),
        (7, ["x"], 7),
    ],
)
def test_a_text_is_a_number_where_all_rows_have_numbers(text: Any, others: list[Any], typed: Any) -> None:
    found = PLAIN.typed(text, others)
    assert (found, type(found)) == (typed, type(typed))


def test_what_a_command_gives_as_text_is_written_as_what_the_others_are(shop: Shop, table: EditableRestTable) -> None:
    write(table, "1", {"Current": "5", "Status": "5"})
    assert (shop.rows["1"]["Current"], shop.rows["1"]["Status"]) == (5, "5")
    table.create([{"Name": "new", "Current": "7"}])
    assert shop.rows["3"]["Current"] == 7


def test_a_list_or_an_object_is_not_written_over_and_says_why(shop: Shop) -> None:
    shop.edit("1", Metadata={"a": 1}, Tags=[1])
    table = table_of(shop)
    assert rows(table)["1"].cells["Metadata"] == '{"a": 1}'
    written = write(table, "1", {"Metadata": "x", "Tags": "[1]", "Status": "paused"})
    assert list(written.unfit) == ["Metadata"]  # of Tags nothing was to be changed
    assert 'field "Metadata" holds an object, which rowd leaves as it is; add the field to `nested`' in written.unfit["Metadata"]
    assert (shop.rows["1"]["Metadata"], shop.rows["1"]["Tags"], shop.rows["1"]["Status"]) == ({"a": 1}, [1], "paused")
    asked = table_of(shop, nested=["Metadata"])
    rows(asked)
    assert write(asked, "1", {"Metadata": '{"a": 2}'}).unfit == {}
    assert shop.rows["1"]["Metadata"] == {"a": 2}


def test_what_would_be_spoilt_by_writing_it_back_is_left(shop: Shop) -> None:
    shop.edit("1", Status="", Notes="  ")
    table = table_of(shop)
    rows(table)
    shop.said.clear()
    assert write(table, "1", {"Status": None, "Notes": None}).unfit == {}
    assert [said for said in shop.said if not said.startswith("GET")] == []
    write(table, "1", {"Status": 0})
    assert shop.rows["1"]["Status"] == 0


@pytest.mark.parametrize("levels", [DEEPEST + 1, 900])
def test_lists_in_lists_without_end_are_one_cell_s_trouble(shop: Shop, levels: int) -> None:
    deep: list[Any] = []
    for _ in range(levels):
        deep = [deep]
    shop.edit("1", Notes=deep)
    table = table_of(shop)
    for _ in range(2):
        assert rows(table)["1"].cells["Notes"] == '["more than 64 lists and objects in each other"]'
    assert write(table, "1", {"Status": "paused", "Notes": "x"}).unfit.keys() == {"Notes"}
    assert shop.rows["1"]["Notes"] == deep
    whole = table_of(shop, update="PUT /tasks/{key}")
    rows(whole)
    assert "can't be sent back whole" in write(whole, "1", {"Status": "active"}).unfit["Status"]
    assert shop.rows["1"]["Status"] == "paused"
    assert write(whole, "2", {"Status": "active"}).unfit == {}


def test_as_many_levels_as_may_be_are_shown(shop: Shop) -> None:
    deep: Any = 1
    for _ in range(DEEPEST):
        deep = [deep]
    shop.edit("1", Notes=deep)
    assert rows(table_of(shop))["1"].cells["Notes"] == "[" * DEEPEST + "1" + "]" * DEEPEST


def test_numbers_beyond_measure_break_nothing() -> None:
    body = b'[{"id": 1, "Big": 12345678901234567890, "Long": ' + b"9" * 6000 + b', "Not": NaN, "Far": 1e999, "Half": "\\ud800"}]'
    cells = rows(table_of(lambda _: httpx.Response(200, content=body)))["1"].cells
    assert (cells["Big"], cells["Not"], cells["Far"]) == ("12345678901234567890", "NaN", "inf")
    assert cells["Long"] == "9" * 6000
