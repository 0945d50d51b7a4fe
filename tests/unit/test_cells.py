"""What one cell says, from stores with types and stores with text alone."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from connectors.api import Cell
from engine import cells
from engine.cells import BadCell
from engine.model import Status, Type

BERLIN = ZoneInfo("Europe/Berlin")

anything = st.one_of(
    st.none(),
    st.text(max_size=40),
    st.sampled_from(
        ["03/04/2026", "1,500", "²", "٣", "2026-02-30", "24:00", "+", "1e5", "\ud800", "999999999w", "9999-12-31 23:59 -12"]
    ),
    st.integers(),
    st.floats(),
    st.booleans(),
    st.dates(),
    st.datetimes(),
    st.datetimes(timezones=st.just(UTC)),
)


def refusal(read: Callable[..., object], *given: object) -> str:
    with pytest.raises(BadCell) as caught:
        read(*given)
    return str(caught.value)


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        (3, 3),
        (3.5, 3.5),
        ("3", 3),
        (" 3.0 ", 3),
        ("-2.5", -2.5),
        ("+4", 4),
        ("1,5", 1.5),
        ("0,25", 0.25),
        ("1.125", 1.125),
        ("1,2345", 1.2345),
        ("1234,567", 1234.567),
    ],
)
def test_a_number_is_read_from_types_and_from_text(cell: Cell, value: float) -> None:
    assert cells.number(cell) == value


@pytest.mark.parametrize(
    "cell", ["", "abc", "5 %", "1 000", "1.2.3", "１", "٣", "²", "1e5", "0x10", "inf", "nan", "--1", True, date(2026, 1, 1)]
)
def test_what_is_no_plain_number_is_refused(cell: Cell) -> None:
    assert "not a number" in refusal(cells.number, cell)


@pytest.mark.parametrize("cell", [10**400, -(10**400), float("inf"), float("-inf"), float("nan"), "9" * 20, 2e15])
def test_a_number_that_cannot_be_counted_with_is_refused(cell: Cell) -> None:
    assert "write a smaller one" in refusal(cells.number, cell)


def test_a_comma_before_three_digits_is_refused_with_both_readings() -> None:
    assert refusal(cells.number, "1,500") == "either 1500 or 1.500; write the one that you mean"


@given(st.integers(-(10**9), 10**9).map(lambda n: n / 1000))
def test_every_number_that_rowd_writes_is_read_back(value: float) -> None:
    assert cells.number(str(value)) == value


def test_a_whole_number_may_come_as_a_float_but_not_with_a_fraction() -> None:
    assert [cells.whole(c) for c in (3, 3.0, "3", "3.0", "3,0")] == [3] * 5
    assert "not a whole number" in refusal(cells.whole, "2.5")


def test_truth_is_read_in_words_marks_and_types() -> None:
    assert all(cells.truth(c) for c in (True, 1, 1.0, "yes", "TRUE", " On ", "1", "x", "✓"))
    assert not any(cells.truth(c) for c in (False, 0, "no", "False", "off", "0"))
    assert "neither yes nor no" in refusal(cells.truth, "maybe")


def test_a_choice_is_matched_as_headers_are_and_a_near_miss_is_told() -> None:
    assert cells.choice("On Change", Type) is Type.ON_CHANGE
    assert cells.choice(" ACTIVE", Status) is Status.ACTIVE
    assert refusal(cells.choice, "actve", Status) == 'not one of active, paused, draft, completed; did you mean "active"?'
    assert refusal(cells.choice, "zzz", Status) == "not one of active, paused, draft, completed"


@pytest.mark.parametrize(("cell", "seconds"), [("90s", 90), ("5 min", 300), ("1h 30m", 5400), ("0s", 0)])
def test_a_span_is_a_number_with_a_unit(cell: str, seconds: int) -> None:
    assert cells.span(cell) == timedelta(seconds=seconds)


def test_a_span_that_cannot_be_read_says_how_to_write_it() -> None:
    assert refusal(cells.span, 5) == 'a span of time needs a unit; write "5s" or "5 min"'
    assert refusal(cells.span, "5 moons").startswith("not a span of time: write a number and a unit")
    assert refusal(cells.span, "999999999 weeks") == "longer than ten years"


@pytest.mark.parametrize("name", ["Europe/Berlin", "europe/berlin", " Europe/Berlin "])
def test_a_zone_is_an_iana_name_in_any_case(name: str) -> None:
    assert cells.zone(name) == BERLIN
    assert cells.zone("america/new york") == ZoneInfo("America/New_York")
    assert cells.zone("utc") is UTC


@pytest.mark.parametrize(
    ("name", "hint"), [("Berlin", "Europe/Berlin"), ("Europ/Berlin", "Europe/Berlin"), ("new york", "America/New_York")]
)
def test_a_wrong_zone_is_answered_with_the_right_one(name: str, hint: str) -> None:
    assert refusal(cells.zone, name) == f'not a time zone; did you mean "{hint}"?'


@pytest.mark.parametrize("name", ["+02:00", "UTC+2", "CEST", "../../etc/passwd", "x" * 10_000, "Etc/GMT 1"])
def test_what_is_no_zone_is_refused(name: str) -> None:
    assert "not a time zone" in refusal(cells.zone, name)


@pytest.mark.parametrize(
    ("cell", "iso"),
    [
        ("2026-11-21T09:00:00Z", "2026-11-21T09:00:00+00:00"),
        ("2026-11-21T09:00:00.250Z", "2026-11-21T09:00:00.250000+00:00"),
        ("2026-11-21 09:00 +02:00", "2026-11-21T07:00:00+00:00"),
        ("2026-11-21T09:00-0530", "2026-11-21T14:30:00+00:00"),
        ("2026-11-21 09:00 UTC", "2026-11-21T09:00:00+00:00"),
        ("2026-11-21 09:00", "2026-11-21T08:00:00+00:00"),  # Berlin is one hour ahead in winter
        ("2026-07-21 09:00", "2026-07-21T07:00:00+00:00"),  # and two in summer
        ("2026/11/21 9:05", "2026-11-21T08:05:00+00:00"),
        ("21.11.2026 09:00", "2026-11-21T08:00:00+00:00"),
        ("3.4.2026", "2026-04-02T22:00:00+00:00"),
        ("2026-11-21", "2026-11-20T23:00:00+00:00"),
        ("11/21/2026 9:00:00 AM", "2026-11-21T08:00:00+00:00"),
        ("21/11/2026, 12:30 am", "2026-11-20T23:30:00+00:00"),
        ("03/03/2026 12:00 pm", "2026-03-03T11:00:00+00:00"),
        ("21 Nov 2026 09:00", "2026-11-21T08:00:00+00:00"),
        ("Sept 1st, 2026", "2026-08-31T22:00:00+00:00"),
        ("2026-03-29 02:30", "2026-03-29T01:30:00+00:00"),  # skipped in Berlin: 02:00 became 03:00
        ("2026-10-25 02:30", "2026-10-25T00:30:00+00:00"),  # twice in Berlin: the first, still summer time
        (datetime(2026, 11, 21, 9, tzinfo=timezone(timedelta(hours=2))), "2026-11-21T07:00:00+00:00"),
        (datetime(2026, 11, 21, 9), "2026-11-21T08:00:00+00:00"),  # noqa: DTZ001 (a store that forgot the zone)
        (date(2026, 11, 21), "2026-11-20T23:00:00+00:00"),
    ],
)
def test_an_instant_is_read_in_common_forms(cell: Cell, iso: str) -> None:
    assert cells.instant(cell, BERLIN).isoformat() == iso


def test_a_date_whose_day_and_month_could_be_exchanged_is_refused_with_both_readings() -> None:
    assert refusal(cells.instant, "03/04/2026 10:00", UTC) == (
        "either 2026-04-03 10:00 or 2026-03-04 10:00; write the one that you mean"
    )
    assert refusal(cells.instant, "3-4-2026", UTC).startswith("either")


@pytest.mark.parametrize(
    "cell", ["2026-02-30", "2026-13-01 09:00", "2026-11-21 24:00", "2026-11-21 13:00 pm", "0001-01-01 +14:00", "0000-01-01"]
)
def test_a_date_that_does_not_exist_is_refused(cell: str) -> None:
    refusal(cells.instant, cell, UTC)


@pytest.mark.parametrize(
    "cell", ["soon", "", 45617, 45617.5, True, "2026-11-21 09:00 or so", "21.11.26", "1 Ju 2026", "2026-11-21T"]
)
def test_what_is_no_date_is_refused(cell: Cell) -> None:
    assert "2026-11-21 09:00" in refusal(cells.instant, cell, UTC)


def test_text_is_what_a_person_would_have_typed() -> None:
    typed = [" a ", "  ", None, 5, 5.0, 2.5, True, date(2026, 1, 2), datetime(2026, 1, 2, 8, tzinfo=UTC), 10**400]
    said = ["a", None, None, "5", "5", "2.5", "true", "2026-01-02", "2026-01-02 09:00", "a huge number"]
    assert [cells.text(c, BERLIN) for c in typed] == said


def test_no_reader_is_content_with_the_beginning_of_a_long_cell() -> None:
    for read, word in ((cells.truth, "yes"), (cells.span, "5s"), (cells.zone, "UTC"), (cells.number, "5")):
        refusal(read, word + " " * 500 + "not")
    refusal(cells.choice, "active" + " " * 500 + "not", Status)
    refusal(cells.instant, "2026-11-21 " + " " * 500 + "not", UTC)


def test_a_quoted_value_is_short_and_on_one_line_and_obeyed_by_no_terminal() -> None:
    assert cells.quoted("a\n\x1b[31mb\u202ec") == '"a �[31mb�c"'
    assert cells.quoted("x" * 1_000_000) == f'"{"x" * 59}…"'
    assert cells.quoted(None) == '""'


@settings(max_examples=300, deadline=None)
@given(anything)
@example("1" * 100_000)
@example("2026-11-21 " * 10_000)
def test_a_reader_answers_or_refuses_whatever_the_cell_holds(cell: Cell) -> None:
    readers: list[Callable[[Cell], object]] = [
        cells.number,
        cells.whole,
        cells.truth,
        cells.span,
        lambda c: cells.instant(c, BERLIN),
        lambda c: cells.choice(c, Type),
        lambda c: cells.zone(str(c)),
    ]
    cells.text(cell, BERLIN), cells.quoted(cell)
    for read in readers:
        try:
            read(cell)
        except BadCell as refused:
            assert len(str(refused)) < 300  # noqa: PT017 (both ends are fine; only an endless message is not)


@pytest.mark.parametrize(
    ("stands", "wanted", "said"),
    [
        ("2,5", 2.5, True),
        ("2.50", 2.5, True),
        (3.0, 3, True),
        ("+3", 3, True),
        ("2,5", 2, False),
        ("1,500", 1.5, False),  # 1500 or 1.5
        ("soon", 0, False),
        (True, 1, False),
        (None, 0, False),
        ("2,5", "2.5", False),
        ("yes", True, False),
        ("2026-11-21T09:00:00Z", datetime(2026, 11, 21, 9, tzinfo=UTC), True),
    ],
)
def test_a_cell_says_already_what_is_wanted_where_it_means_the_same(stands: Cell, wanted: Cell, said: bool) -> None:
    assert cells.same(stands, wanted) is said
