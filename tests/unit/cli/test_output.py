"""How commands print."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.recent import lasted
from rowd.cli.exits import Exit
from rowd.cli.output import LONGEST, clean, clean_lines, emit_json, jsonable, print_pairs, print_table
from rowd.fitting import TINY, fitted, taken
from rowd.saying import distance, earlier, plural, when

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("plain", "plain"),
        ("\x1b[31mred\x1b[0m", "red"),
        ("\x1b]0;title\x07after", "after"),
        ("\x1b]8;;http://x\x1b\\link", "link"),
        ("\x9b31mred", "red"),
        ("a\r\nb\tc\x00d", "a b c d"),
        ("\u202eevil", "evil"),
        ("\x1b", ""),
        ("größe ✓", "größe ✓"),
    ],
)
def test_clean_leaves_nothing_that_a_terminal_obeys(text: str, plain: str) -> None:
    assert clean(text) == plain


@settings(max_examples=100)
@given(st.text())
def test_whatever_stands_in_a_cell_becomes_one_printable_line(text: str) -> None:
    assert clean(text) == "" or clean(text).isprintable()
    assert all(c.isprintable() or c in "\n\t" for c in clean_lines(text))


@settings(max_examples=100)
@given(st.dictionaries(st.text(st.characters()), st.one_of(st.text(st.characters()), st.floats(), st.integers(), st.none())))
def test_json_is_always_valid_printable_and_says_the_same(value: dict[str, object]) -> None:
    import contextlib
    import io

    written = io.StringIO()
    with contextlib.redirect_stdout(written):
        emit_json(value)
    text = written.getvalue()
    text.encode()
    assert all(c.isprintable() or c == "\n" for c in text if not c.isprintable() and ord(c) < 0xA0)
    read = json.loads(text)
    assert read.keys() == value.keys()
    assert all(read[k] == v for k, v in value.items() if isinstance(v, str | int))


def test_values_become_json_in_one_way() -> None:
    @dataclass
    class Thing:
        at: datetime
        code: Exit

    east = datetime(2026, 3, 2, 13, tzinfo=ZoneInfo("Europe/Berlin"))
    value = {
        "thing": Thing(east, Exit.LATER),
        "took": timedelta(minutes=1),
        "day": date(2026, 3, 2),
        "no": float("nan"),
        "p": Path("/x"),
    }
    assert jsonable(value) == {
        "thing": {"at": "2026-03-02T12:00:00Z", "code": 3},
        "took": 60.0,
        "day": "2026-03-02",
        "no": None,
        "p": "/x",
    }


def test_tables_fit_the_width_and_leave_out_blank_columns(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    print_table(["Name", "Empty", "Text"], [["one", "", "word " * 40], ["two", "", ("[bold]as it is[/]", "red")]])
    text = capsys.readouterr().out
    assert max(map(len, text.splitlines())) <= 60
    assert "Empty" not in text
    assert "[bold]as it is[/]" in text
    assert "\x1b" not in text


@pytest.mark.parametrize(
    ("span", "words"),
    [
        (timedelta(milliseconds=350), "350ms"),
        (timedelta(seconds=4.25), "4.2s"),
        (timedelta(seconds=9), "9s"),
        (timedelta(seconds=9.98), "10s"),
        (timedelta(seconds=59.7), "1m"),
        (timedelta(seconds=80), "1m 20s"),
        (timedelta(hours=3, seconds=5), "3h"),
        (timedelta(days=3, hours=4, minutes=59), "3d 4h"),
    ],
)
def test_spans_are_said_in_two_units_at_most(span: timedelta, words: str) -> None:
    assert lasted(span) == words


def test_instants_are_said_by_how_far_they_are() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    assert when(NOON, berlin, NOON) == "today 13:00"
    assert when(NOON + timedelta(days=1, seconds=5), berlin, NOON) == "Tue 3 Mar 13:00:05"
    assert when(NOON + timedelta(days=400), berlin, NOON) == "Tue 6 Apr 2027 14:00"
    eve = datetime(2026, 12, 31, 22, 30, tzinfo=UTC)  # 23:30 in Berlin
    assert when(eve + timedelta(hours=1), berlin, eve) == "Fri 1 Jan 2027 00:30"
    assert when(eve - timedelta(days=364), berlin, eve) == "Thu 1 Jan 23:30"
    assert earlier(eve - timedelta(days=365), berlin, eve) == "31 Dec 2025 23:30"
    assert distance(NOON + timedelta(hours=2), NOON) == "in 2h"
    assert distance(NOON - timedelta(minutes=5), NOON) == "5m ago"
    assert distance(NOON, NOON) == "now"
    assert (plural(1, "row"), plural(1000, "row")) == ("1 row", "1,000 rows")


@pytest.mark.parametrize("width", [50, 60, 80, 100, 140])
def test_a_long_name_takes_no_room_from_what_must_be_read(
    width: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    row = ["a name " * 8, "some table", "Fri 27 Nov 07:00", "succeeded 4m ago", "FAILED because nothing was there"]
    print_table(["Name", "Table", "Next", "Last", "Health"], [row], keep=(1, 2), cut={0: 12, 3: 12, 4: 12}, spare=(3, 1))
    header, _, line = capsys.readouterr().out.splitlines()
    assert len(line) <= width
    assert "Fri 27 Nov 07:00" in line
    assert re.search("a name a .*FAILED beca", line)
    assert ("…" in line) == (width < 140)
    assert ("Last" in header, "Table" in header) == (width >= 80, width >= 60)


def test_where_there_is_no_screen_nothing_is_cut(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)
    print_table(["Name", "Note", "Health"], [["one", "word " * 60, "health " * 50]], cut={2: 10}, spare=(1,))
    _, _, line = capsys.readouterr().out.splitlines()
    assert (line.count("word"), line.count("health")) == (60, 50)


@pytest.mark.parametrize("columns", ["0", "", "wide", "-3"])
def test_columns_that_are_no_width_count_for_nothing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], columns: str
) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    print_table(["Name", "Note"], [["one", "word " * 60]])
    print_pairs([("Name", "two")])
    text = capsys.readouterr().out
    assert (text.count("word"), text.count("two")) == (60, 1)


def test_in_a_pipe_one_long_cell_makes_no_other_line_long(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)
    print_table(["Run", "Result"], [["a", "x" * 217], ["b", "done"], ["c", ""]])
    heading, rule, *lines = capsys.readouterr().out.splitlines()
    assert (heading, lines) == ("Run  Result", [f"a    {'x' * 217}", "b    done", "c"])
    assert rule == "─" * 160


def test_in_a_pipe_a_book_in_a_cell_is_cut(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)
    print_table(["Name", "Health"], [["name " * 9999, "health"]], cut={0: 10})
    _, _, line = capsys.readouterr().out.splitlines()
    assert len(line) == LONGEST + 8
    assert line.endswith("…  health")


widths = st.dictionaries(st.integers(0, 6), st.integers(1, 60), min_size=1)


@given(widths, widths, st.lists(st.integers(0, 6), unique=True, max_size=3), st.integers(20, 200))
def test_columns_fill_a_screen_as_far_as_they_need_it(
    wide: dict[int, int], least: dict[int, int], spare: list[int], width: int
) -> None:
    shown = fitted(wide, least, spare, width)
    assert taken(shown) <= max(width, taken(dict.fromkeys(shown, TINY)))
    assert all(shown[n] <= wide[n] for n in shown)
    assert list(shown) == [n for n in wide if n in shown]
    gone = [n for n in spare if n in wide and n not in shown]
    assert wide.keys() - shown.keys() == set(gone) == set([n for n in spare if n in wide][: len(gone)])
    if any(shown[n] < min(least.get(n, wide[n]), wide[n]) for n in shown):  # even the least had no room
        assert not set(spare) & shown.keys()
    if taken(shown) < width:
        assert shown == {n: wide[n] for n in shown}
