"""One cell: from its text in the file to a value, and back. What was put is what is read."""

from __future__ import annotations

import re

from connectors.api import Cell
from connectors.plain import clean, text_of

# Spreadsheet programs take text that begins so for a formula (OWASP, "CSV Injection"), also after blanks. A plain number is none.
# Nothing is given back once it is taken (`*+`), so that no cell, however long, takes longer than to read it once.
_NUMBER = r" *+[+-]?(?:[0-9]++(?:[.,][0-9]++)?|[.,][0-9]++)(?:[eE][+-]?[0-9]{1,3}+)? *+%? *+\Z"
_FORMULA = rf"(?!{_NUMBER})(?:[\t\r\n]|[\s\ufeff\u200b]*+[=+\-@\uff1d\uff0b\uff0d\uff20])"
_TO_ESCAPE = re.compile(rf"'*+{_FORMULA}")
_ESCAPED = re.compile(rf"''*+{_FORMULA}")


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
        case str():
            return _escaped(clean(value))
        case float():
            return _escaped(_with_comma(text_of(value)) if delimiter == ";" else text_of(value))
    return text_of(value)


def _with_comma(plain: str) -> str:
    """`2,5`; `1,2340` with a zero, for `1,234` could be a thousand and more."""
    return f"{plain.replace('.', ',')}0" if re.fullmatch(r"-?[0-9]{1,3}\.[0-9]{3}", plain) else plain.replace(".", ",")


def _escaped(text: str) -> str:
    return "'" + text if _TO_ESCAPE.match(text) else text
