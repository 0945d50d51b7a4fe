"""One cell: from its text in the file to a value, and back. What was put is what is read."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime

from connectors.api import Cell
from connectors.errors import Bug

# Spreadsheet programs take text that begins so for a formula (OWASP, "CSV Injection"), also after blanks. A plain number is none.
# Nothing is given back once it is taken (`*+`), so that no cell, however long, takes longer than to read it once.
_NUMBER = r" *+[+-]?(?:[0-9]++(?:[.,][0-9]++)?|[.,][0-9]++)(?:[eE][+-]?[0-9]{1,3}+)? *+%? *+\Z"
_FORMULA = rf"(?!{_NUMBER})(?:[\t\r\n]|[\s\ufeff\u200b]*+[=+\-@\uff1d\uff0b\uff0d\uff20])"
_TO_ESCAPE = re.compile(rf"'*+{_FORMULA}")
_ESCAPED = re.compile(rf"''*+{_FORMULA}")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
_SURROGATE = re.compile(r"[\ud800-\udfff]")
_EXACT = 1e15  # below it a whole float is written without a point and no digit is lost


def from_text(text: str) -> str | None:
    """The value of a cell: None where a person sees nothing; without the apostrophe that `to_text` put before a formula."""
    if not text or text.isspace():
        return None
    if text[0] == "'" and _ESCAPED.match(text):
        return text[1:]
    return text


def to_text(value: Cell, delimiter: str = ",") -> str:
    """The text of a value: instants as `2026-11-21T09:00:00Z`, truth as yes and no, numbers plain, line ends as `\\n`.

    delimiter: of the file. Programs that write semicolons have a decimal comma, and take `2.5` for the second of May: so `2,5`.
    Text that a spreadsheet program would take for a formula gets a leading apostrophe. Control characters are dropped.
    Raises Bug for an instant without a zone.
    """
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case datetime():
            if value.tzinfo is None:
                raise Bug(f"the instant {value.isoformat()} has no zone")
            return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        case date():
            return value.isoformat()
        case int():
            return str(value)
        case float():
            plain = str(int(value)) if value.is_integer() and abs(value) < _EXACT else repr(value)
            return _escaped(_with_comma(plain) if delimiter == ";" else plain)
        case str():
            return _escaped(_clean(value))


def _with_comma(plain: str) -> str:
    """`2,5`; `1,2340` with a zero, for `1,234` could be a thousand and more."""
    return f"{plain.replace('.', ',')}0" if re.fullmatch(r"-?[0-9]{1,3}\.[0-9]{3}", plain) else plain.replace(".", ",")


def _clean(text: str) -> str:
    text = _CONTROL.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))
    text = _SURROGATE.sub("\ufffd", text)
    return "" if text.isspace() else text


def _escaped(text: str) -> str:
    return "'" + text if _TO_ESCAPE.match(text) else text
