"""Names of files as they are told: whatever bytes they are of, what comes out can be kept, and read on one line."""

from __future__ import annotations

import re

MARK = "\ufffd"
"""Stands for what can't be told."""

_UNKEPT = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
"""Control characters, line breaks, and bytes that are no text (which Python has as lone surrogates)."""

_MISLEADING = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
"""What makes the text after it be read from the other side."""

_LONGEST = 100
"""Characters of a name in a sentence."""


def kept(name: str) -> str:
    """The name as text that any store takes."""
    return _UNKEPT.sub(MARK, name)


def shown(name: str) -> str:
    """The name in a sentence: where it is long, its end."""
    name = _MISLEADING.sub(MARK, kept(name))
    return name if len(name) <= _LONGEST else "…" + name[1 - _LONGEST :]


def quoted(path: str) -> str:
    """A path in a sentence, whole."""
    return f'"{_MISLEADING.sub(MARK, kept(path))}"'


def listed(items: list[str]) -> str:
    """`a, b and c`."""
    return " and ".join(filter(None, (", ".join(items[:-1]), items[-1])))
