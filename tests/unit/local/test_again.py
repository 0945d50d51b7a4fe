"""A text parsed again after an edit is what it is when parsed anew, and what did not change is the very same."""

from __future__ import annotations

import csv
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from connectors.api import Patch
from connectors.errors import TableError
from connectors.local.again import parsed_again
from connectors.local.document import Document, Unclosed, parse
from connectors.local.table import LocalTable

Opener = Callable[..., LocalTable]

pieces = st.sampled_from(["a", "b", ",", '"', "\n", "\r", "\r\n", '"x\ny"', '""', "é", "😀", ",,", "\n\n", "a,b\n"])
texts = st.lists(pieces, max_size=14).map("".join)


def outcome(read: Callable[[], Document]) -> object:
    try:
        document = read()
    except Unclosed:
        return "unclosed"
    return document.text, document.fields, document.starts


@settings(max_examples=400, deadline=None)
@given(texts, texts, texts, texts)
@example("a\r", "", "\n", "b")  # the line end grows: it is no record of its own
@example("a", "b", "", "\n")
@example('x\n"a\nb"\n', "", '"', "y\n")  # what was a cell over two lines falls apart, and the other way round
@example("a\nb", "", "c", "")  # the last line, unended, goes on
@example("", "a", "", "")
def test_an_edit_anywhere_comes_to_what_a_new_look_would(head: str, was: str, now: str, tail: str) -> None:
    old, new = head + was + tail, head + now + tail
    before = None
    with suppress(Unclosed):
        before = parse(old, ",")
    if before is not None:
        assert outcome(lambda: parsed_again(new, before)) == outcome(lambda: parse(new, ","))
        assert outcome(lambda: before) == outcome(lambda: parse(old, ","))  # and the one before is as it was


LINES = [f'{n},task {n},"over\ntwo lines, {n}"\n' for n in range(30_000)]


@pytest.mark.parametrize("edited", [[0], [15_000], [29_999], [3, 29_000]])
def test_only_what_was_edited_is_another_record(edited: list[int]) -> None:
    before = parse("".join(LINES), ",")
    lines = list(LINES)
    for n in edited:
        lines[n] = f"{n},edited,x\n"
    after = parsed_again("".join(lines), before)
    assert [n for n, (one, other) in enumerate(zip(before.fields, after.fields, strict=True)) if one is not other] == edited
    assert (after.fields, after.starts) == (parse(after.text, ",").fields, parse(after.text, ",").starts)


def test_a_line_that_comes_or_goes_moves_the_others_and_changes_none() -> None:
    before = parse("".join(LINES), ",")
    for lines in ([*LINES[:9], "new,,\n", *LINES[9:]], LINES[:9] + LINES[10:], LINES[1:], LINES[:-1], [*LINES, "new"]):
        after = parsed_again("".join(lines), before)
        fresh = parse(after.text, ",")
        assert (after.fields, after.starts) == (fresh.fields, fresh.starts)
        known = set(map(id, before.fields))
        assert sum(id(fields) not in known for fields in after.fields) <= 2  # it, and the one before it


def test_a_text_that_is_the_same_is_the_same_document() -> None:
    before = parse("a\nb\n", ",")
    assert parsed_again("a\nb\n", before) is before


def test_a_field_too_long_for_the_reader_is_left_to_a_new_look() -> None:
    with pytest.raises(csv.Error):
        parsed_again("a\n" + "x" * 200_000 + "\n", parse("a\nb\n", ","))


rows = st.lists(st.tuples(st.sampled_from(["1", "2", "1.0", "", "~x"]), st.sampled_from(["a", "b", '"c\nd"', ""])), max_size=5)


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.tuples(st.sampled_from(["ID,Name,Do", "Name,ID,Do", "Name,Do", "ID;Name;Do", ""]), rows), min_size=2, max_size=5)
)
def test_a_table_that_was_read_before_is_read_and_written_as_if_it_never_was(
    file: Path, table: Opener, versions: list[tuple[str, list[tuple[str, str]]]]
) -> None:
    old = table()
    for header, cells in versions:
        file.write_text(header + "\n" + "".join(f"{one},{other},\n" for one, other in cells), newline="")
        for step in (_read, _written, _read):
            fresh = step(table())
            assert step(old) == fresh


def _read(table: LocalTable) -> object:
    try:
        return table.read()
    except TableError as exc:
        return str(exc)


def _written(table: LocalTable) -> object:
    try:
        return [answer.row for answer in table.write([Patch("1", {"Do": "x"}), Patch("2", {"Do": None, "Nowhere": "b"})])]
    except TableError as exc:
        return str(exc)


def test_rows_that_nobody_edited_are_the_very_same(file: Path, table: Opener) -> None:
    file.write_text("ID,Name,Do\n" + "".join(f"{n},task {n},\n" for n in range(50)))
    here = table()
    before = here.read().rows
    file.write_text(file.read_text().replace("task 7,", "task seven,"))
    after = here.read().rows
    assert [n for n, (one, other) in enumerate(zip(before, after, strict=True)) if one is not other] == [7]
    here.write([Patch("9", {"Do": "x"})])
    again = here.read().rows
    assert [n for n, (one, other) in enumerate(zip(after, again, strict=True)) if one is not other] == [9]
