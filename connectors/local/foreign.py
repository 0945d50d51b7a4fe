"""Files of another kind that come to stand in the place of a CSV: told by their first bytes, with what to do. Pure."""

from __future__ import annotations

import codecs
import re

_EXPORT = "Save it as CSV in UTF-8."
_PACKED = "is a compressed file, not a CSV. Unpack it."
_BOOK = f"is a workbook or a zip file, not a CSV. {_EXPORT}"

_BEGINNINGS = (
    (codecs.BOM_UTF32_LE, f"is in UTF-32. {_EXPORT}"),  # before UTF-16, whose mark it begins with
    (codecs.BOM_UTF32_BE, f"is in UTF-32. {_EXPORT}"),
    (codecs.BOM_UTF16_LE, 'is in UTF-16. Save it as CSV in UTF-8 (Excel: "CSV UTF-8").'),
    (codecs.BOM_UTF16_BE, 'is in UTF-16. Save it as CSV in UTF-8 (Excel: "CSV UTF-8").'),
    (b"PK\x03\x04", _BOOK),
    (b"PK\x05\x06", _BOOK),  # a zip file with nothing in it
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", _BOOK),  # the container of Excel's older files
    (b"SQLite format 3\0", f"is an SQLite database, not a CSV. {_EXPORT}"),
    (b"%PDF-", f"is a PDF, not a CSV. {_EXPORT}"),
    (b"{\\rtf", f"is an RTF document, not a CSV. {_EXPORT}"),
    (b"\x1f\x8b", _PACKED),
    (b"BZh", _PACKED),
    (b"\xfd7zXZ\0", _PACKED),
    (b"\x28\xb5\x2f\xfd", _PACKED),
)
"""How a file begins → what it is, and the remedy."""

_TEXTS = (
    (
        re.compile(rb"<!doctype html|<html", re.IGNORECASE),
        f"is a web page, perhaps of a site that wants one to be signed in. {_EXPORT}",
    ),
    (re.compile(rb"<\?xml"), f"is XML, not a CSV. {_EXPORT}"),
    (re.compile(rb'[{\[]\s*["{\[\]}]'), f"is JSON, not a CSV. {_EXPORT} JSON can be imported, too."),
)
"""The same for kinds of text, after their mark and blanks. No line of headers begins so."""

_LOOKED_AT = 1024
"""Bytes from the beginning."""


def foreign(raw: bytes) -> str | None:
    """What the file is and what to do, as the end of a sentence about it; None where it may well be a CSV in UTF-8."""
    for beginning, what in _BEGINNINGS:
        if raw.startswith(beginning):
            return what
    text = raw[:_LOOKED_AT].removeprefix(codecs.BOM_UTF8).lstrip()
    for pattern, what in _TEXTS:
        if pattern.match(text):
            return what
    return _unmarked_utf16(raw[: _LOOKED_AT // 2 * 2])


def _unmarked_utf16(raw: bytes) -> str | None:
    """Every other byte of Western text in UTF-16 is zero."""
    empty, full = sorted((raw[::2], raw[1::2]), key=any)
    if empty and not any(empty) and all(full):
        return 'is in UTF-16. Save it as CSV in UTF-8 (Excel: "CSV UTF-8").'
    return None
