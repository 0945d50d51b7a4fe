"""Values as plain text, alike in every store. Pure."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime

from connectors.api import Cell
from connectors.errors import Bug

EXACT = 1e15
"""Below it a whole float is written without a point, and no digit is lost."""

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
_SURROGATE = re.compile(r"[\ud800-\udfff]")


def clean(text: str) -> str:
    """Text that every store can hold: line ends as `\\n`, without control characters and halves of characters; "" where blank."""
    text = _CONTROL.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))
    return "" if text.isspace() else _SURROGATE.sub("\ufffd", text)


def instant(value: datetime) -> str:
    """`2026-11-21T09:00:00Z`. Raises Bug for an instant without a zone."""
    if value.tzinfo is None:
        raise Bug(f"the instant {value.isoformat()} has no zone")
    return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def text_of(value: Cell) -> str:
    """The text of a value: instants as `instant` has them, truth as yes and no, numbers plain, text as it is. Raises Bug."""
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case datetime():
            return instant(value)
        case date():
            return value.isoformat()
        case float():
            return str(int(value)) if value.is_integer() and abs(value) < EXACT else repr(value)
    return str(value)
