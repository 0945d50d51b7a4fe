"""From the bytes of a file to a document and back: encoding, byte order mark, delimiter.

Says what is wrong with a file that is no table, and the remedy.
"""

from __future__ import annotations

import codecs
import csv
import re
from contextlib import suppress

from msgspec import Struct

from connectors.api import fold
from connectors.errors import NeedsOwner, NoHeader
from connectors.local.again import parsed_again
from connectors.local.document import Document, Unclosed, line_of, parse
from connectors.local.foreign import foreign

_SEP = re.compile(r"sep=([^\"\r\n\w])(?:\r\n|\n|\r)", re.IGNORECASE)
"""A first line by which a file names its delimiter to Excel."""
_LINE = re.compile(r"[^\r\n]++")


LONGEST_HEADER = 100_000
"""Characters of the header line that are looked at to tell the delimiter."""


class Opened(Struct, frozen=True):
    """A file understood as a document. boms: how many byte order marks it begins with; some programs add one at each save.

    head: the index of the record that holds the headers.
    """

    document: Document
    boms: int
    head: int

    def raw(self, document: Document) -> bytes:
        """The bytes of a document, marked as this file was."""
        return codecs.BOM_UTF8 * self.boms + document.text.encode()


def opened(
    raw: bytes, label: str, name_column: str, delimiter: str | None, max_cells: int, before: Document | None = None
) -> Opened:
    """Understand the bytes of a file.

    label: what messages call the file.   name_column: the header that must be there; the delimiter that shows it is the right one.
    delimiter: None to find out.   max_cells: the most delimiters and line ends, those within cells included: a count beforehand.
    before: what the file held last, if it was understood: only what has changed is parsed.
    Raises NoHeader for an empty file, NeedsOwner for one that is no CSV in UTF-8, or has too many cells.
    """
    marked = _decoded(raw, label)
    text = marked.lstrip("\ufeff")
    if not text.strip():
        raise NoHeader(f"{label} is empty. If it is being saved just now, this passes; if not, restore its header line and rows.")
    sep = _SEP.match(text)
    given = delimiter or (sep[1] if sep else None) or _likeliest(text, name_column)
    if (cells := text.count(given) + text.count("\n") + text.count("\r")) > max_cells:
        raise NeedsOwner(
            f"{label} has about {cells:,} cells, more than max_cells ({max_cells:,}) allows."
            " Make it smaller, or raise max_cells in rowd.toml."
        )
    try:
        document = _parsed(text, given, before)
    except Unclosed as exc:
        raise NeedsOwner(
            f'{label}: the quote (") that opens a cell in line {exc.args[0]} or after it is never closed. Close it.'
        ) from exc
    first = 1 if sep else 0
    head = next((i for i in range(first, len(document.fields)) if any(v.strip() for v in document.fields[i])), None)
    if head is None:
        raise NoHeader(f"{label} has no header line. If it is being saved just now, this passes; if not, restore the header line.")
    return Opened(document, len(marked) - len(text), head)


def _parsed(text: str, delimiter: str, before: Document | None) -> Document:
    if before is not None and before.delimiter == delimiter:
        with suppress(csv.Error):
            return parsed_again(text, before)
    return parse(text, delimiter)


def _decoded(raw: bytes, label: str) -> str:
    if (what := foreign(raw)) is not None:
        raise NeedsOwner(f"{label} {what}")
    if (zero := raw.find(b"\0")) >= 0:
        raise NeedsOwner(
            f"{label} holds binary data (a zero byte), in line {_line(raw, zero)}, so it is no CSV."
            " Restore it, or save it as CSV in UTF-8."
        )
    try:
        return raw.decode()
    except UnicodeDecodeError as exc:
        where = _line(raw, exc.start)
        raise NeedsOwner(f'{label} is not in UTF-8 (line {where}). Save it as CSV in UTF-8 (Excel: "CSV UTF-8").') from exc


def _line(raw: bytes, at: int) -> int:
    return line_of(raw[:at].decode("latin-1"), at)


def _likeliest(text: str, name_column: str) -> str:
    """The delimiter under which the header line shows the Name column, then the one that makes the most columns of it."""
    line = next((found[0] for found in _LINE.finditer(text) if not found[0].isspace()), "")[:LONGEST_HEADER]

    def evidence(delimiter: str) -> tuple[bool, int]:
        try:
            headers = parse(line, delimiter).fields[0]
        except Unclosed:  # a header that goes over several lines
            return False, line.count(delimiter)
        return fold(name_column) in map(fold, headers), len(headers)

    return max((",", ";", "\t"), key=evidence)
