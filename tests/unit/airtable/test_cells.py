"""What each field type reads and writes (VENDORS.md B5)."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.airtable.cells import TEXT_LIMIT, Unfit, json_of, text_of, value_of
from connectors.airtable.fields import COMPUTED, Field
from connectors.api import Cell
from connectors.errors import Bug

NINE = datetime(2026, 11, 21, 9, tzinfo=UTC)
CHOICES = ("active", "paused", "Timed Out", "red, green", "red")
TEXTS = ("singleLineText", "multilineText", "richText", "email", "url", "phoneNumber")


def field(kind: str, result: str | None = None) -> Field:
    return Field("fldX", "Col", kind, CHOICES if "elect" in kind else (), 5, result)


@pytest.mark.parametrize(
    ("kind", "raw", "expected"),
    [
        ("singleLineText", "x", "x"),
        ("singleLineText", None, None),
        ("singleLineText", " ", None),
        ("richText", "**bold**\n", "**bold**"),
        ("richText", "\n", None),
        ("checkbox", True, True),
        ("checkbox", None, None),
        ("number", 0, 0),
        ("number", 78.5, 78.5),
        ("percent", 0.5, 0.5),
        ("duration", 90, 90),
        ("rating", 3, 3),
        ("number", {"specialValue": "NaN"}, "NaN"),
        ("date", "2026-11-21", date(2026, 11, 21)),
        ("dateTime", "2026-11-21T09:00:00.000Z", NINE),
        ("createdTime", "2026-11-21T09:00:00.000Z", NINE),
        ("dateTime", "+012026-11-21T09:00:00.000Z", "+012026-11-21T09:00:00.000Z"),
        ("singleSelect", "active", "active"),
        ("singleSelect", {"id": "selX", "name": "active", "color": "red"}, "active"),
        ("multipleSelects", ["active", "paused"], "active, paused"),
        ("multipleSelects", [{"id": "selX", "name": "active"}], "active"),
        ("singleCollaborator", {"id": "usrX", "email": "o@example.com", "name": "Olive"}, "o@example.com"),
        ("singleCollaborator", {"id": "usrX", "email": "", "name": "Olive"}, "Olive"),
        ("multipleCollaborators", [{"id": "usrX", "email": "o@example.com"}, {"id": "usrY"}], "o@example.com, usrY"),
        ("multipleRecordLinks", ["recA", "recB"], "recA, recB"),
        ("multipleAttachments", [{"id": "attX", "url": "https://x", "filename": "a.pdf"}], "a.pdf"),
        ("barcode", {"text": "123", "type": "ean8"}, "123"),
        ("button", {"label": "Open", "url": None}, "Open"),
        ("aiText", {"state": "generated", "value": "summary", "isStale": False}, "summary"),
        ("formula", 3, 3),
        ("formula", "2026-11-21T09:00:00.000Z", "2026-11-21T09:00:00.000Z"),
        ("formula", {"error": "#ERROR!"}, "#ERROR!"),
        ("rollup", {"specialValue": "NaN"}, "NaN"),
        ("multipleLookupValues", ["a", None, 2], "a, 2"),
        ("multipleLookupValues", [], None),
        ("somethingNew", {"odd": [1]}, '{"odd": [1]}'),
    ],
)
def test_what_is_read(kind: str, raw: Any, expected: Cell) -> None:
    found = value_of(field(kind), raw)
    assert (found, type(found)) == (expected, type(expected))


@pytest.mark.parametrize(("result", "expected"), [("dateTime", NINE), ("singleLineText", "2026-11-21T09:00:00.000Z"), (None, None)])
def test_a_formula_is_a_time_where_airtable_says_so(result: str | None, expected: Cell) -> None:
    raw = None if result is None else "2026-11-21T09:00:00.000Z"
    assert value_of(field("formula", result), raw) == expected


BERLIN = timezone(timedelta(hours=1))


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        ("singleLineText", "x", "x"),
        ("singleLineText", None, None),
        ("singleLineText", " ", None),
        ("singleLineText", 0, "0"),
        ("singleLineText", 2.0, "2"),
        ("singleLineText", True, "yes"),
        ("singleLineText", NINE, "2026-11-21T09:00:00Z"),
        ("multilineText", "a\r\nb\x00\ud800", "a\nb\ufffd"),
        ("url", "https://x.example/", "https://x.example/"),
        ("checkbox", True, True),
        ("checkbox", None, False),
        ("checkbox", "no", False),
        ("checkbox", "Checked", True),
        ("number", 0, 0),
        ("number", 2.0, 2),
        ("number", "-7.5", -7.5),
        ("number", " 12 ", 12),
        ("number", None, None),
        ("duration", 1.25, 1.25),
        ("rating", 0, None),
        ("rating", 5, 5),
        ("date", date(2026, 11, 21), "2026-11-21"),
        ("date", datetime(2026, 11, 22, 0, 30, tzinfo=BERLIN), "2026-11-21"),
        ("date", "2026-11-21 09:00", "2026-11-21"),
        ("dateTime", NINE, "2026-11-21T09:00:00.000Z"),
        ("dateTime", NINE.astimezone(BERLIN).replace(microsecond=123_456), "2026-11-21T09:00:00.123Z"),
        ("dateTime", date(2026, 11, 21), "2026-11-21"),
        ("dateTime", "2026-11-21 09:00", "2026-11-21T09:00:00.000"),
        ("dateTime", "2026-11-21T09:00+01:00", "2026-11-21T08:00:00.000Z"),
        ("singleSelect", "active", "active"),
        ("singleSelect", "timed out", "Timed Out"),
        ("singleSelect", None, None),
        ("multipleSelects", "paused, active, paused", ["paused", "active"]),
        ("multipleSelects", "red, green, red", ["red, green", "red"]),
        ("singleCollaborator", "o@example.com", {"email": "o@example.com"}),
        ("singleCollaborator", "usrAbCdEfGhIjKlMn", {"id": "usrAbCdEfGhIjKlMn"}),
        ("multipleCollaborators", "o@example.com, p@example.com", [{"email": "o@example.com"}, {"email": "p@example.com"}]),
        ("multipleRecordLinks", "recAbCdEfGhIjKlMn", ["recAbCdEfGhIjKlMn"]),
        ("barcode", "123", {"text": "123"}),
    ],
)
def test_what_is_written(kind: str, value: Cell, expected: Any) -> None:
    found = json_of(field(kind), value)
    assert (found, type(found)) == (expected, type(expected))


@pytest.mark.parametrize(
    ("kind", "value", "words"),
    [
        ("number", "78.5 %", "change its type to Single line text"),
        ("number", "1,5", "can't hold"),
        ("number", "٣", "can't hold"),
        ("number", "nan", "can't hold"),
        ("number", float("inf"), "can't hold"),
        ("number", True, "change its type to Checkbox"),
        ("number", NINE, "can't hold"),
        ("rating", 6, "change its type to Number"),
        ("rating", 2.5, "change its type to Number"),
        ("checkbox", "perhaps", "can't hold"),
        ("date", "tomorrow", "can't hold"),
        ("date", 5, "can't hold"),
        ("dateTime", "soon", "can't hold"),
        ("dateTime", False, "can't hold"),
        ("singleSelect", "sleeping", 'has no option "sleeping"; add it'),
        ("multipleSelects", "active, sleeping", 'has no option "sleeping"; add it'),
        ("singleCollaborator", "Olive", "no e-mail address"),
        ("multipleRecordLinks", "another task", "takes record ids"),
        ("multipleAttachments", "a.pdf", "is of a type that rowd can't write"),
        ("somethingNew", "x", "is of a type that rowd can't write"),
        ("singleLineText", "x" * (TEXT_LIMIT + 1), "Airtable takes 100,000"),
    ],
)
def test_what_a_column_can_not_hold_is_told_with_the_remedy(kind: str, value: Cell, words: str) -> None:
    with pytest.raises(Unfit) as raised:
        json_of(field(kind), value)
    assert words in str(raised.value)
    assert 'column "Col"' in str(raised.value)


@pytest.mark.parametrize("kind", sorted(COMPUTED))
def test_what_airtable_works_out_is_never_written(kind: str) -> None:
    for value in ("x", 1, None):
        with pytest.raises(Unfit, match="is worked out by Airtable; give it another name"):
            json_of(field(kind), value)


def test_an_instant_without_a_zone_is_a_mistake_of_ours() -> None:
    with pytest.raises(Bug, match="has no zone"):
        json_of(field("dateTime"), datetime(2026, 11, 21, 9))  # noqa: DTZ001 (the mistake)


_texts = st.text(st.characters(exclude_categories=("Cc", "Cs")), min_size=1).filter(lambda t: bool(t.strip()))
_instants = st.datetimes(datetime(1000, 1, 1), datetime(9999, 1, 1), timezones=st.just(UTC)).map(  # noqa: DTZ001 (bounds, of hypothesis)
    lambda at: at.replace(microsecond=at.microsecond // 1000 * 1000)
)
_numbers = st.one_of(st.integers(-(10**14), 10**14), st.floats(allow_nan=False, allow_infinity=False))
_values: dict[str, st.SearchStrategy[Any]] = {
    **dict.fromkeys(TEXTS, _texts.filter(lambda t: not t.endswith("\n"))),
    **dict.fromkeys(("number", "currency", "percent", "duration"), _numbers),
    "rating": st.integers(1, 5),
    "checkbox": st.just(True),
    "date": st.dates(),
    "dateTime": _instants,
    "singleSelect": st.sampled_from(CHOICES),
    "multipleSelects": st.lists(st.sampled_from(CHOICES), min_size=1, unique=True).map(", ".join).filter(
        lambda said: "red, red, green" not in said  # which can be read in one way only, and is another set
    ),
    "multipleRecordLinks": st.just("recAbCdEfGhIjKlMn, recAbCdEfGhIjKlMo"),
}  # fmt: skip


@given(st.data())
def test_what_was_read_and_is_put_back_says_the_same(data: st.DataObject) -> None:
    kind = data.draw(st.sampled_from(sorted(_values)))
    value = data.draw(_values[kind])
    again = value_of(field(kind), json_of(field(kind), value))
    assert again == value
    assert text_of(again) == text_of(value)
