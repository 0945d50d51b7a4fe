"""Cells that mean harm, or are mere rubbish, are refused at once."""

from __future__ import annotations

from datetime import UTC, datetime
from time import perf_counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.model import Type
from engine.schedule import Unreadable, in_words, parse
from engine.schedule.cron import second_opinion

SINCE = datetime(2026, 1, 1, tzinfo=UTC)
LONGEST_MESSAGE = 450

HOSTILE = [
    "*" * 1_000_000,
    "every " * 200_000,
    "\0" * 1_000_000,
    "*/0 * * * *",
    "0 0 */0 * *",
    "1-999999999 * * * *",
    "1-9999/1 * * * *",
    "0/99999 * * * *",
    "0 0 99999999999999999999 * *",
    ",,,,, * * * *",
    "*/*/* * * * *",
    "*-* * * * *",
    "- - - - -",
    "1-2-3 * * * *",
    "((((((((((((((((((((" * 9,
    "every " + "9" * 190 + " years",
    "every " + "1 h " * 48,
    "in 999999999 weeks 999999999 weeks",
    "1,2,3,4,5,6,7,8,9 " * 11,
    "every monday " * 15,
    "mon," * 49,
    "from from from from",
    "٣ ٣ * * *",
    "０ ７ * * *",
    "²² * * * *",
    "daily 07:00\u202e",
    "daily \u0000 07:00",
    "=HYPERLINK(1)",
    "; rm -rf /",
    "* * * * * ; reboot",
    "a" * 200,
    "a " * 100,
    "aaaaaaaaaa " * 18,
    "every " + "between " * 24,
    "0000000000000000000 * * * *",
    "0x10 * * * *",
    "1e3 * * * *",
    "+1 * * * *",
    "1_0 * * * *",
    "R * * * *",
    "H(0-5) * * * *",
    "h/5 * * * *",
    "@reboot",
    "@" + "a" * 150,
    "nan",
    "None",
    "{}",
    "'; DROP TABLE rows; --",
    "-1 * * * *",
    "99:99:99",
    "0000-00-00 00:00",
    "9999-12-31 23:59",
    "every 1.000000001 s",
]


@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: repr(text[:24]))
def test_a_hostile_cell_is_refused_quickly_with_a_short_sentence(text: str) -> None:
    begun = perf_counter()
    with pytest.raises(Unreadable) as caught:
        parse(text, type=None, zone=UTC, since=SINCE)
    assert perf_counter() - begun < 0.5
    assert len(str(caught.value)) < LONGEST_MESSAGE
    assert str(caught.value).isprintable()


alphabet = st.sampled_from(
    [*"0123456789*/,-#?LWRH@:. ", "every ", "mon", "day ", "of ", "last ", "from ", "2026-01-01", "at ", "\n", "é"]
)


@settings(max_examples=500, deadline=None)
@given(text=st.one_of(st.lists(alphabet, max_size=30).map("".join), st.text(max_size=60)), type_=st.sampled_from([None, *Type]))
def test_any_text_is_either_read_or_refused(text: str, type_: Type | None) -> None:
    try:
        parsed = parse(text, type=type_, zone=UTC, since=SINCE)
    except Unreadable:
        return
    assert in_words(parsed.schedule, SINCE)
    assert parse(parsed.schedule.text, type=None, zone=UTC, since=SINCE).schedule == parsed.schedule


def test_what_croniter_refuses_is_a_defect_and_what_it_does_not_know_is_not() -> None:
    for text in ("0 0 LW * *", "0 0 * * 5L", "0 0 * * friL", "0 0 * * mon#2,wed"):
        parse(text, type=None, zone=UTC, since=SINCE)
        second_opinion(text, ["0", *text.lower().split()])
    for fields in ("0 ? 0 * * *", "0 0 0 1w,15w * *", "0 0 0 * * mon#6", "0 */0 * * * *"):
        with pytest.raises(Unreadable, match="croniter does not take it"):
            second_opinion(fields, fields.split())


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("* * *", "this has 3"),
        ("* * * * * * *", "this has 7"),
        ("60 * * * *", "60 is no minute; those go from 0 to 59"),
        ("* 24 * * *", "24 is no hour"),
        ("* * 0 * *", "0 is no day-of-month"),
        ("* * * 13 *", "13 is no month"),
        ("* * * * 8", "8 is no weekday"),
        ("* * * * monday", '"monday" is no weekday'),
        ("*/90 * * * *", '"every 90 minutes"'),
        ("0 0 * * 1/3", "list the weekdays"),
        ("0 0 * * mon#6", "from 1 to 5"),
        ("0 0 l-3 * *", "LW (the last working day)"),
        ("0 0 30 2 *", "never comes due"),
        ("0 0 31 4,6,9,11 *", "never comes due"),
        ("1,,2 * * * *", "something is missing in the minute field"),
        ("*/5 * * * * /usr/bin/backup", "what to run is the Action"),
        ("h 7 * * *", "leaves the time to chance"),
        ("r 7 * * *", "leaves the time to chance"),
        ("0 0 1w,15w * *", "stands alone"),
        ("@reboot", "the start of the machine"),
        ("@never", "@hourly, @daily"),
    ],
)
def test_a_wrong_expression_is_told_what_is_wrong(text: str, said: str) -> None:
    with pytest.raises(Unreadable) as caught:
        parse(text, type=None, zone=UTC, since=SINCE)
    assert said in str(caught.value)
