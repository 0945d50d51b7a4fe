"""What was put is what is read, and none of it is a formula."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.errors import Bug
from connectors.local.cells import from_text, to_text
from engine.cells import number

_texts = st.text(st.sampled_from(list("'=+-@\t\n\r 1a.,%eE\u3000＝＠\ufeff\x00\x85")), max_size=8)
_tidy = st.one_of(_texts, st.text(max_size=20))


@given(_tidy)
def test_text_put_is_text_read(text: str) -> None:
    stored = to_text(text)
    read = from_text(stored)
    assert to_text(read) == stored
    if not set(text) & set("\r\x00\x85") and text.isprintable() and text.strip():
        assert read == text


@given(_texts)
def test_no_stored_text_begins_as_a_formula_does(text: str) -> None:
    stored = to_text(text)
    first = stored.lstrip("\ufeff\u3000 \t\n\x0b")[:1]
    assert stored[:1] not in {"\t", "\n", "\r"}
    if first in set("=@＝＠"):
        pytest.fail(stored)
    if first in {"+", "-"}:
        assert set(stored) <= set("+-0123456789., eE%")
        assert any(c.isdigit() for c in stored)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, ""),
        (True, "yes"),
        (False, "no"),
        (12, "12"),
        (-3, "-3"),
        (3.0, "3"),
        (78.5, "78.5"),
        (-0.25, "-0.25"),
        (1e22, "1e+22"),
        (float("-inf"), "'-inf"),
        (datetime(2026, 11, 21, 9, tzinfo=UTC), "2026-11-21T09:00:00Z"),
        (datetime(2026, 11, 21, 9, 0, 0, 999_999, tzinfo=timezone(timedelta(hours=2))), "2026-11-21T07:00:00Z"),
        (date(2026, 11, 21), "2026-11-21"),
        ("=1+1", "'=1+1"),
        ("'=1+1", "''=1+1"),
        ("  @x", "'  @x"),
        ("-5", "-5"),
        ("+49,5 %", "+49,5 %"),
        ("-5-3", "'-5-3"),
        ("- milk", "'- milk"),
        ("a\r\nb\rc", "a\nb\nc"),
        ("a\x00\x1b[31mb", "a[31mb"),
        ("   ", ""),
        ("'quoted'", "'quoted'"),
    ],
)
def test_a_value_is_written_as(value: str, text: str) -> None:
    assert to_text(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (2.5, "2,5"),
        (3.0, "3"),
        (7, "7"),
        (-0.25, "-0,25"),
        (1.234, "1,2340"),
        (-12.345, "-12,3450"),
        (1234.567, "1234,567"),
        (1e-7, "1e-07"),
    ],
)
def test_a_file_with_semicolons_gets_numbers_with_a_decimal_comma_that_are_read_as_they_were(value: float, text: str) -> None:
    assert to_text(value, ";") == text
    assert to_text(value, "\t") == to_text(value)
    if "e" not in text:
        assert number(text) == value


@pytest.mark.parametrize(
    ("text", "value"),
    [("", None), ("  \t", None), ("'=x", "=x"), ("''=x", "'=x"), ("=x", "=x"), ("'x", "'x"), ("'-5", "'-5"), (" x ", " x ")],
)
def test_a_text_is_read_as(text: str, value: str | None) -> None:
    assert from_text(text) == value


def test_an_instant_without_a_zone_is_refused() -> None:
    with pytest.raises(Bug, match="no zone"):
        to_text(datetime(2026, 11, 21, 9))  # noqa: DTZ001 (that is the case)


def test_a_name_of_crons_may_stand_behind_an_apostrophe() -> None:
    """As README.md and docs/how-to/local-table.md say."""
    assert (from_text("'@daily"), from_text("@daily"), to_text("@daily")) == ("@daily", "@daily", "'@daily")
