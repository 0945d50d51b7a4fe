"""A text parsed again after an edit: only the records that changed, the others are those of the document before. Pure.

Between two records the reader of a CSV knows nothing of what it has read. So where it comes to the beginning of a record, and
from there on the text is as it was behind the beginning of a record before, the records are as they were.
"""

from __future__ import annotations

import csv
import re
from bisect import bisect_left
from collections.abc import Iterator

from connectors.local.document import Document, scan

_BLOCK = 1 << 16
_LINE = re.compile(r"[^\r\n]*+(?:\r\n?|\n)|[^\r\n]++")


def parsed_again(text: str, before: Document) -> Document:
    """What `parse` makes of the text, with the records of the document before wherever they stand unchanged: the very same lists.

    Raises Unclosed; csv.Error for a field that is too long for the reader.
    """
    old, starts = before.text, before.starts
    alike = _common(old, text, min(len(old), len(text)))
    if alike == len(old) == len(text):
        return before
    # The record in which the first difference stands, or behind which it stands: what follows a line end can be part of it.
    first = max(bisect_left(starts, alike) - 1, 0)
    at = starts[first]
    behind = len(old) - _common_end(old, text, min(len(old), len(text)))
    shift = len(text) - len(old)
    fields: list[list[str]] = []
    ends: list[int] = []
    last = len(before.fields)  # the first record behind the edit; there are none until one is found
    for values, end in _records(text, at, before.delimiter):
        fields.append(values)
        ends.append(end)
        if end - shift >= behind and starts[found := bisect_left(starts, end - shift)] == end - shift:
            last = found
            break
    if last == len(before.fields) and fields:
        scan(text, ends[-2] if len(ends) > 1 else at, before.delimiter)  # the last one can be unclosed; the reader wouldn't say
    if len(fields) == last - first:  # edits far apart: between them every record is where it was
        fields = [was if was == now else now for was, now in zip(before.fields[first:last], fields, strict=True)]
    return Document(
        text,
        before.delimiter,
        before.fields[:first] + fields + before.fields[last:],
        starts[: first + 1] + ends + [start + shift for start in starts[last + 1 :]],
    )


def _records(text: str, at: int, delimiter: str) -> Iterator[tuple[list[str], int]]:
    """The records from the one on that begins at `at`, each with where it ends; no further is read than is asked for."""
    end = at

    def lines() -> Iterator[str]:
        nonlocal end
        for line in _LINE.finditer(text, at):
            end = line.end()
            yield line[0]

    for values in csv.reader(lines(), delimiter=delimiter):
        yield values, end


def _common(one: str, other: str, most: int) -> int:
    """How many characters the two have in common at the beginning, `most` at the most."""
    at, step = 0, _BLOCK
    while step:
        while at + step <= most and one[at : at + step] == other[at : at + step]:
            at += step
        step //= 2
    return at


def _common_end(one: str, other: str, most: int) -> int:
    """The same at the end."""
    at, step = 0, _BLOCK
    while step:
        while at + step <= most and one[len(one) - at - step : len(one) - at] == other[len(other) - at - step : len(other) - at]:
            at += step
        step //= 2
    return at
