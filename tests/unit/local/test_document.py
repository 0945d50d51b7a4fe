"""Bytes are kept, values are read as the standard library reads them."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from connectors.local.document import Document, Unclosed, parse, scan

_PIECES = [*'ab ;,\t"\n\r=é', "\r\n", '""', '","', "\u2028", "\x0b"]
_texts = st.lists(st.sampled_from(_PIECES), max_size=30).map("".join)
_values = st.lists(st.sampled_from([*'ab ;,"\n\ré', "\r\n"]), max_size=6).map("".join)
_tables = st.lists(st.lists(_values, min_size=2, max_size=4), min_size=1, max_size=5)


def whole(text: str, delimiter: str = ",") -> Document | None:
    try:
        return parse(text, delimiter)
    except Unclosed:
        return None


@given(_texts, st.sampled_from(",;\t"))
@example('"a""b', ",")
@example('"a"b"c,d\r\re', ",")
def test_any_text_is_read_as_the_standard_library_reads_it(text: str, delimiter: str) -> None:
    document = whole(text, delimiter)
    if document is not None:
        assert document.fields == list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))
        assert document.starts[0] == 0
        assert document.starts[-1] == len(text)


@given(
    _tables,
    st.sampled_from(",;\t"),
    st.sampled_from(["\n", "\r\n"]),
    st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC]),
)
def test_what_a_csv_writer_makes_is_read_back(rows: list[list[str]], delimiter: str, line_end: str, quoting: int) -> None:
    if quoting == csv.QUOTE_MINIMAL and line_end == "\n":  # the writer forgets to quote a lone CR then
        rows = [[value.replace("\r", "") for value in row] for row in rows]
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=delimiter, lineterminator=line_end, quoting=quoting).writerows(rows)  # type: ignore[arg-type]
    assert parse(text.getvalue(), delimiter).fields == rows


@given(_texts)
def test_an_edit_of_nothing_gives_the_text_back(text: str) -> None:
    document = whole(text)
    if document is not None:
        assert document.edited({}) == document


@given(_texts, st.data())
@settings(max_examples=200)
def test_every_record_but_the_changed_one_keeps_its_bytes(text: str, data: st.DataObject) -> None:
    document = whole(text)
    if document is None or not document.fields:
        return
    index = data.draw(st.integers(0, len(document.fields) - 1))
    position = data.draw(st.integers(0, 3))
    value = data.draw(_values.filter(bool))
    edited = document.edited({index: {position: value}})
    first, last = document.starts[index], document.starts[index + 1]
    assert edited.text.startswith(text[:first])
    assert edited.text.endswith(text[last:])
    assert parse(edited.text, ",") == edited
    was = document.fields[index]
    expected = [*was, *[""] * (position + 1 - len(was))]
    expected[position] = value
    assert edited.fields[index] == expected
    raws, _, _ = scan(text, first, ",")
    after, _, _ = scan(edited.text, first, ",")
    assert all(after[i] == raw for i, raw in enumerate(raws) if i != position)


@given(_texts, st.lists(st.lists(_values.filter(lambda v: bool(v.strip())), min_size=2, max_size=3), min_size=1, max_size=2))
@example("\ra\n\n", [["a", "a"]])
def test_records_added_and_taken_away_again_leave_the_bytes_as_they_were(text: str, rows: list[list[str]]) -> None:
    document = whole(text)
    if document is None:
        return
    added = document.edited({}, added=rows)
    assert parse(added.text, ",") == added
    at = next(i for i in range(len(added.fields)) if added.fields[i : i + len(rows)] == rows)
    again = added.edited({}, gone=range(at, at + len(rows)))
    assert again.text == text or again.text in (text + "\n", text + "\r\n", text + "\r")


@given(_texts)
def test_our_own_reading_equals_the_fast_one(text: str) -> None:
    document = whole(text)
    if document is None:
        return
    before = csv.field_size_limit(0)  # every field is too large for the fast reader
    try:
        assert whole(text) == document
    finally:
        csv.field_size_limit(before)


def test_a_field_larger_than_the_standard_reader_takes_is_read() -> None:
    large = "x" * (csv.field_size_limit() + 1)
    assert parse(f'a,b\n"{large}",1\n', ",").fields == [["a", "b"], [large, "1"]]


def test_quotes_stay_where_they_were_and_come_where_they_are_needed() -> None:
    document = parse('a;"b";c\n1;"2";3\n', ";")
    assert document.edited({1: {0: "x;y", 1: "z", 2: "w"}}).text == 'a;"b";c\n"x;y";"z";w\n'


def test_a_short_record_gets_the_delimiters_it_needs_and_a_long_one_keeps_its_rest() -> None:
    document = parse("a,b,c\r\n1\r\n1,2,3,4,5\n", ",")
    assert document.edited({1: {2: "x"}, 2: {1: "y"}}).text == "a,b,c\r\n1,,x\r\n1,y,3,4,5\n"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("a,b\n1,2\n", "a,b\n1,2\nx,y\n"),
        ("a,b\r\n1,2", "a,b\r\n1,2\r\nx,y"),
        ("a,b", "a,b\nx,y"),
        ('"a","b"\n1,2\n\n\n', '"a","b"\n1,2\n"x","y"\n\n\n'),
        ("a,b\n1,2\n,\n", "a,b\n1,2\nx,y\n,\n"),
        ("a,b\r1,2\r", "a,b\r1,2\rx,y\r"),
        ("a,b\n1,2\r\n\n", "a,b\n1,2\r\nx,y\r\n\n"),
    ],
)
def test_a_record_is_added_in_the_style_of_the_table(before: str, after: str) -> None:
    assert parse(before, ",").edited({}, added=[["x", "y"]]).text == after


@pytest.mark.parametrize(("text", "line"), [('a,b\n"1,2\n3,4\n', 2), ('"', 1), ('a\n"x""y', 2)])
def test_a_quote_that_is_never_closed_is_told_with_its_line(text: str, line: int) -> None:
    with pytest.raises(Unclosed) as caught:
        parse(text, ",")
    assert caught.value.args == (line,)
