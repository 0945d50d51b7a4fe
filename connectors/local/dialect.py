"""From the bytes of a file to a document and back: encoding, byte order mark, delimiter.

Says what is wrong with a file that is no table, and the remedy.
"""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass

from connectors.api import fold
from connectors.errors import NeedsOwner, TryLater
from connectors.local.document import Document, Unclosed, parse

_SEP = re.compile(r"sep=([^\"\r\n\w])(?:\r\n|\n|\r)", re.IGNORECASE)
"""A first line by which a file names its delimiter to Excel."""
_LINE = re.compile(r"[^\r\n]*\S[^\r\n]*")


@dataclass(frozen=True, slots=True)
class Opened:
    """A file understood as a document. head: the index of the record that holds the headers."""

    document: Document
    bom: bool
    head: int

    def raw(self, document: Document) -> bytes:
        """The bytes of a document, marked as this file was."""
        return (codecs.BOM_UTF8 if self.bom else b"") + document.text.encode()


def opened(raw: bytes, label: str, name_column: str, delimiter: str | None) -> Opened:
    """Understand the bytes of a file.

    label: what messages call the file.   name_column: the header that must be there; the delimiter that shows it is the right one.
    delimiter: None to find out.
    Raises TryLater for an empty file (someone is saving it), NeedsOwner for one that is no CSV in UTF-8.
    """
    bom = raw.startswith(codecs.BOM_UTF8)
    text = _decoded(raw[len(codecs.BOM_UTF8) :] if bom else raw, label)
    if not text.strip():
        raise TryLater(f"{label} is empty. If it is being saved just now, this passes; if not, restore its header line and rows.")
    sep = _SEP.match(text)
    given = delimiter or (sep[1] if sep else None) or _likeliest(text, name_column)
    try:
        document = parse(text, given)
    except Unclosed as exc:
        raise NeedsOwner(
            f'{label}: the quote (") that opens a cell in line {exc.args[0]} or after it is never closed. Close it.'
        ) from exc
    first = 1 if sep else 0
    head = next((i for i in range(first, len(document.fields)) if any(v.strip() for v in document.fields[i])), None)
    if head is None:
        raise TryLater(f"{label} has no header line. If it is being saved just now, this passes; if not, restore the header line.")
    return Opened(document, bom, head)


def _decoded(raw: bytes, label: str) -> str:
    if raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise NeedsOwner(f'{label} is in UTF-16. Save it as CSV in UTF-8 (Excel: "CSV UTF-8").')
    if raw.startswith(b"PK\x03\x04"):
        raise NeedsOwner(f"{label} is a workbook or a zip file, not a CSV. Save it as CSV in UTF-8.")
    if b"\0" in raw:
        raise NeedsOwner(f"{label} holds binary data (a zero byte), so it is no CSV. Restore it, or save it as CSV in UTF-8.")
    try:
        return raw.decode()
    except UnicodeDecodeError as exc:
        line = raw.count(b"\n", 0, exc.start) + 1
        raise NeedsOwner(f'{label} is not in UTF-8 (line {line}). Save it as CSV in UTF-8 (Excel: "CSV UTF-8").') from exc


def _likeliest(text: str, name_column: str) -> str:
    """The delimiter under which the header line shows the Name column, then the one that makes the most columns of it."""
    found = _LINE.search(text)
    line = found[0] if found else ""

    def evidence(delimiter: str) -> tuple[bool, int]:
        try:
            headers = parse(line, delimiter).fields[0]
        except Unclosed:  # a header that goes over several lines
            return False, line.count(delimiter)
        return fold(name_column) in map(fold, headers), len(headers)

    return max((",", ";", "\t"), key=evidence)
