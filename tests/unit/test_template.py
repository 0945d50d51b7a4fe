"""Values with braces: what can stand there, what it comes to, and what is refused before anything runs."""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.condition import Given, Reference, Unknown
from engine.filling import INSTANTS
from engine.template import FILTERS, LONGEST, Unfilled, Unreadable, filled, read
from tests.fakes.virtual import NOON

BERLIN = ZoneInfo("Europe/Berlin")
VALUES: dict[Reference, Given] = {
    ("date",): date(2026, 3, 2),
    ("due",): NOON,
    ("row", "Due Date"): "  Übermorgen  früh ",
    ("tasks", "run_tests", "outputs", "coverage"): 78.5,
    ("tasks", "1", "runs"): 12,
    ("tasks", "a", "outputs", "items"): "not a method",
    ("event", "subject"): "Mend it\nand more",
    ("event", "whole"): 5.0,
    ("last_success",): Unknown("it has not succeeded yet"),
    ("task", "duration"): timedelta(seconds=90),
    ("task", "running"): False,
    ("nothing",): None,
}


def said(text: str) -> str:
    return filled(read(text), VALUES, BERLIN)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("report-{{ date }}.csv", "report-2026-03-02.csv"),
        ("{{due}}", "2026-03-02T13:00:00+01:00"),
        ("{{ due | format('%d.%m.%Y %H:%M') }}", "02.03.2026 13:00"),
        ("{{ date | format('%-d %B') }}", "2 March"),
        ('{{ row["Due Date"] }}', "  Übermorgen  früh "),
        ('{{ row["Due Date"] | trim | upper }}', "ÜBERMORGEN  FRÜH"),
        ('{{ row["Due Date"] | slug }}', "Übermorgen-früh"),
        ("{{ tasks.run_tests.outputs.coverage }} %", "78.5 %"),
        ('{{ tasks["run_tests"].outputs["coverage"] | round }}', "78"),
        ("{{ tasks.run_tests.outputs.coverage | round(2) }}", "78.5"),
        ("{{ tasks[1].runs }}", "12"),
        ("{{ tasks.a.outputs.items }}", "not a method"),
        ("{{ event.subject | first_line }}", "Mend it"),
        ("{{ event.whole }}", "5"),
        ("{{ last_success | default('never') }}", "never"),
        ("{{ date | default('never') }}", "2026-03-02"),
        ("{{ last_success | format('%d') | default('never') }}", "never"),
        ("{{ last_success | upper | round | default(7) }}", "7"),
        ("{{ tasks[1].runs | round }}", "12"),
        ("{{ task.duration }} {{ task.running }}", "1m 30s false"),
        ('{{ "{{" }} stays', "{{ stays"),
        ("no braces } {", "no braces } {"),
        ("a\n", "a\n"),
        ("{% for x in y %} {# #} ${#x}", "{% for x in y %} {# #} ${#x}"),
    ],
)
def test_what_it_comes_to(text: str, expected: str) -> None:
    assert said(text) == expected


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("{{ last_success }}", "last_success is not known: it has not succeeded yet"),
        ("{{ last_success | upper }}", "last_success is not known: it has not succeeded yet"),
        ("{{ nothing }}", "nothing has no value"),
        ("{{ event.subject | format('%Y') }}", "format is for instants"),
        ("{{ due | format('%9999999999d') }}", "can't be used; write one like %Y-%m-%d"),
        ("{{ event.subject | round }}", "round is for numbers, and this is"),
        ("{{ last_success | format('%d') }}", "last_success is not known: it has not succeeded yet"),
    ],
)
def test_what_can_not_be_filled_in_now(text: str, why: str) -> None:
    with pytest.raises(Unfilled) as caught:
        said(text)
    assert why in str(caught.value)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("{{ date", "can't be read"),
        ("{{ }}", "can't be read"),
        ("\0blockstart for x in y \0blockend", "no program can be given"),
        ("{{ 'x' * 10**9 }}", "only names, texts in quotes and filters"),
        ("{{ date + 1 }}", "only names"),
        ("{{ range(10) }}", "only names"),
        ("{{ date.replace(year=1) }}", "only names"),
        ("{{ ''.__class__ }}", "only names"),
        ("{{ [1, 2] }}", "only names"),
        ("{{ row[date] }}", "only names"),
        ("{{ date if date else due }}", "only names"),
        ("{{ date | pprint }}", 'the filter "pprint", which isn\'t known'),
        ("{{ date | formt('%Y') }}", 'did you mean "format"?'),
        ("{{ date | format(due) }}", "more than constants"),
        ("{{ date | format(pattern='%Y') }}", "more than constants"),
        ("{{ date | default(*row) }}", "more than constants"),
        ("{{ date | upper(1) }}", "gives the filter upper more than it takes"),
        ("{{ date | round(1, 2) }}", "gives the filter round more than it takes"),
        ("{{ row.__class__ }}", 'write ["__class__"]'),
        ("{{ a }}" * 60, "asks for 60 values"),
        ("{{ a }}" + "x" * LONGEST, "with {{ }} in it, it may have 10,000"),
    ],
)
def test_what_is_refused_before_anything_runs(text: str, why: str) -> None:
    with pytest.raises(Unreadable) as caught:
        read(text)
    assert why in str(caught.value)


def test_the_names_are_those_of_conditions() -> None:
    text = '{{ date }} {{ tasks["Run tests"].outputs.x | default("?") }} {{ "text" }} {{ tasks[1].runs }}'
    assert read(text).names == {("date",), ("tasks", "Run tests", "outputs", "x"), ("tasks", "1", "runs")}


PIECES = ("{{", "}}", "{%", "%}", " ", "date", "row", ".", "[", "]", "'", '"', "|", "(", ")", "__class__", "format", "*", "1")


@given(st.lists(st.sampled_from(PIECES), max_size=14).map("".join) | st.text(max_size=30))
@settings(max_examples=400)
def test_any_text_is_read_or_refused_and_what_is_read_is_filled_in_or_told(text: str) -> None:
    with suppress(Unreadable, Unfilled):
        template = read(text)
        values: dict[Reference, Given] = dict.fromkeys(template.names, "v")
        assert len(filled(template, values, UTC)) <= 10 * len(text) + 100


def test_a_day_without_a_zone_and_an_instant_of_another_zone_are_told_apart() -> None:
    moment = datetime(2026, 3, 1, 23, 30, tzinfo=UTC)
    assert filled(read("{{ due }}"), {("due",): moment}, BERLIN) == "2026-03-02T00:30:00+01:00"
    assert filled(read("{{ d }}"), {("d",): moment.date()}, BERLIN) == "2026-03-01"


def test_the_page_lists_every_filter_and_every_name_of_an_instant() -> None:
    page = (Path(__file__).parents[2] / "docs" / "reference" / "templates.md").read_text(encoding="utf-8")
    rows = [line.split("|")[1] for line in page.splitlines() if line.startswith("| `")]
    said = {re.split(r"\W", name)[0] for row in rows for name in re.findall(r"`([^`]+)`", row)}
    assert set(FILTERS) | {name for (name,) in INSTANTS} <= said
