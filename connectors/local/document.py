"""A CSV text as records and fields, changed field by field with every other byte kept.

Values are read by the standard library's reader, which is fast; where fields lie is looked up only in records that change.
Nothing here knows what a header or a cell means.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import accumulate

from msgspec import Struct

_LINE_END = re.compile(r"\r\n|\n|\r")


class Unclosed(ValueError):
    """A quote opens a field and nothing closes it. `args[0]` is the line, from 1, in which its record begins."""


class Document(Struct, frozen=True):
    """fields: the values of every record, blank lines (no fields) included.

    starts: where each record begins in `text`, and, last, where the text ends: record i is `text[starts[i]:starts[i + 1]]`.
    """

    text: str
    delimiter: str
    fields: list[list[str]]
    starts: list[int]

    def edited(
        self, changes: Mapping[int, Mapping[int, str]], gone: Collection[int] = (), added: Sequence[Sequence[str]] = ()
    ) -> Document:
        """The document with some fields changed (record → field → value), some records gone, and some added.

        A changed field keeps its quotes. A field beyond the end of a short record gets the delimiters it needs. Records are
        added after the last one that holds anything, in quotes where all headers are; a missing line end at the end stays missing.
        """
        fields: list[list[str]] = []
        texts: list[str] = []
        start = 0  # of the untouched stretch that is under way
        for index in sorted({*changes, *gone}):
            self._keep(start, index, fields, texts)
            if index not in gone:
                raw, values = self._rewritten(index, changes[index])
                texts.append(raw)
                fields.append(values)
            start = index + 1
        self._keep(start, len(self.fields), fields, texts)
        if added:
            self._append(added, fields, texts)
        return Document("".join(texts), self.delimiter, fields, [0, *accumulate(map(len, texts))])

    def _keep(self, first: int, last: int, fields: list[list[str]], texts: list[str]) -> None:
        text, starts = self.text, self.starts
        fields += self.fields[first:last]
        texts += [text[a:b] for a, b in zip(starts[first:last], starts[first + 1 : last + 1], strict=True)]

    def _rewritten(self, index: int, changes: Mapping[int, str]) -> tuple[str, list[str]]:
        raws, end, following = scan(self.text, self.starts[index], self.delimiter)
        if not self.fields[index]:
            raws = []  # a blank line has no field, not one empty field
        values = list(self.fields[index])
        for position, value in sorted(changes.items()):
            while len(raws) <= position:
                raws.append("")
                values.append("")
            values[position] = value
            raws[position] = written(value, self.delimiter, quoted=raws[position].startswith('"'))
        return self.delimiter.join(raws) + self.text[end:following], values

    def _append(self, added: Sequence[Sequence[str]], fields: list[list[str]], texts: list[str]) -> None:
        quoted = self._quotes_everything()
        lines = [self.delimiter.join(written(v, self.delimiter, quoted=quoted) for v in values) for values in added]
        at = max((i + 1 for i, values in enumerate(fields) if any(v.strip() for v in values)), default=len(fields))
        line_end = _line_end(texts[at - 1] if at else "") or _line_end(texts[0] if texts else "") or "\n"
        unended = bool(at) and not texts[at - 1].endswith(("\n", "\r"))
        if unended:
            texts[at - 1] += line_end
        tails = [line_end] * (len(lines) - 1) + ["" if unended else line_end]
        texts[at:at] = [line + tail for line, tail in zip(lines, tails, strict=True)]
        fields[at:at] = [list(values) for values in added]

    def _quotes_everything(self) -> bool:
        first = next((i for i, values in enumerate(self.fields) if values), None)
        if first is None:
            return False
        return all(raw.startswith('"') for raw in scan(self.text, self.starts[first], self.delimiter)[0])


def _line_end(record: str) -> str:
    """How a record ends; "" for one at the end of a text without a line end."""
    return next((end for end in ("\r\n", "\n", "\r") if record.endswith(end)), "")


def parse(text: str, delimiter: str) -> Document:
    """Read a CSV text: `"` quotes, doubled inside; lines end in LF, CRLF or CR, also mixed. Raises Unclosed."""
    fields: list[list[str]] = []
    starts = [0]
    at = 0

    def lines() -> Iterator[str]:
        nonlocal at
        for line in io.TextIOWrapper(io.BytesIO(text.encode(errors="surrogatepass")), "utf-8", "surrogatepass", newline=""):
            at += len(line)
            yield line

    try:
        for values in csv.reader(lines(), delimiter=delimiter):
            fields.append(values)
            starts.append(at)
    except csv.Error:  # a field of more characters than the reader takes (a process-wide limit that is not ours to change)
        return _scanned(text, delimiter)
    if fields:
        scan(text, starts[-2], delimiter)  # only the last record can be unclosed; the reader wouldn't say
    return Document(text, delimiter, fields, starts)


def _scanned(text: str, delimiter: str) -> Document:
    fields: list[list[str]] = []
    starts = [0]
    while starts[-1] < len(text):
        raws, end, following = scan(text, starts[-1], delimiter)
        fields.append([_value(raw) for raw in raws] if end > starts[-1] else [])
        starts.append(following)
    return Document(text, delimiter, fields, starts)


def line_of(text: str, at: int) -> int:
    """In which line, from 1, the character at `at` stands, however lines end."""
    return text.count("\n", 0, at) + text.count("\r", 0, at) - text.count("\r\n", 0, at) + 1


@lru_cache
def _field(delimiter: str) -> re.Pattern[str]:
    rest = f"[^{re.escape(delimiter)}\r\n]*"
    return re.compile(rf'"(?:[^"]*+(?:""[^"]*+)*+)(?:"{rest}|(?P<open>\Z))|{rest}')


def scan(text: str, start: int, delimiter: str) -> tuple[list[str], int, int]:
    """The raw fields of the record that begins at `start`, where its last one ends, and where the next record begins.

    Raises Unclosed.
    """
    field = _field(delimiter)
    raws: list[str] = []
    at = start
    while True:
        found = field.match(text, at)
        if found is None or found["open"] is not None:
            raise Unclosed(line_of(text, start))
        raws.append(found[0])
        at = found.end()
        if not text.startswith(delimiter, at):
            break
        at += 1
    line_end = _LINE_END.match(text, at)
    return raws, at, line_end.end() if line_end else at


_QUOTED = re.compile(r'"([^"]*+(?:""[^"]*+)*+)"(.*)', re.DOTALL)


def _value(raw: str) -> str:
    """The value of a raw field, as the standard library's reader sees it: what follows a closing quote belongs to it."""
    found = _QUOTED.fullmatch(raw)
    return found[1].replace('""', '"') + found[2] if found else raw


def written(value: str, delimiter: str, *, quoted: bool) -> str:
    """A value as a raw field; in quotes where asked for or needed."""
    if quoted or any(c in value for c in (delimiter, '"', "\n", "\r")):
        return '"' + value.replace('"', '""') + '"'
    return value
