"""What a body says at the places that the operator named. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from math import isfinite
from typing import Any

import msgspec

from watches.api import LONGEST_VALUE, Value
from watches.saying import cleaned

_MARK = b"\xef\xbb\xbf"
"""What some programs put before UTF-8."""

LARGEST = 2**63
"""A whole number as large as this is told as text."""


def content(body: bytes) -> Any:
    """The body as JSON; None where it isn't."""
    try:
        return msgspec.json.decode(body.removeprefix(_MARK))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def picked(what: Any, pointers: Mapping[str, str]) -> dict[str, Value]:
    """Name → the text, number or truth value that the pointer (RFC 6901) leads to; names of anything else are left out."""
    found: dict[str, Value] = {}
    for name, pointer in pointers.items():
        value = _at(what, pointer)
        if isinstance(value, str):
            found[name] = cleaned(value)
        elif isinstance(value, bool) or (isinstance(value, float) and isfinite(value)):
            found[name] = value
        elif isinstance(value, int):
            found[name] = value if abs(value) < LARGEST else str(value)[:LONGEST_VALUE]
    return found


def _at(what: Any, pointer: str) -> Any:
    for step in pointer.split("/")[1:]:
        name = step.replace("~1", "/").replace("~0", "~")
        if isinstance(what, dict):
            what = what.get(name)
        elif isinstance(what, list) and re.fullmatch("0|[1-9][0-9]{0,8}", name) and int(name) < len(what):
            what = what[int(name)]
        else:
            return None
    return what
