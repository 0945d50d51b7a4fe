"""A condition's text before it is read: what stands in quotes is kept as it is, the rest gets one form."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable

from actions.values import has_control
from engine.condition.unreadable import refused

LONGEST = 1000
"""Characters that a condition may have."""

_QUOTED = re.compile(r""""[^"]*"|'[^']*'""")
_DASHES = str.maketrans(dict.fromkeys("‐‑–—−", "-"))


def tidy(said: str) -> str:
    """Single blanks and plain dashes, but in quotes. Raises Unreadable for one too long, blank, or with a line break in quotes."""
    if len(said) > LONGEST:
        raise refused(
            said, f"is longer than {LONGEST} characters; leave a part of it to the action, and look at what that gives back"
        )
    text = outside(unicodedata.normalize("NFC", said), lambda part: re.sub(r"\s+", " ", part.translate(_DASHES))).strip()
    if not text:
        raise refused(said, 'says nothing; write one such as "coverage < 80%", or leave the cell blank')
    if len(text) > LONGEST:  # a few characters come apart when they are put in order
        raise refused(said, f"is longer than {LONGEST} characters")
    if (found := next((part for part in _QUOTED.findall(text) if has_control(part)), None)) is not None:
        raise refused(said, f"the text {found[:20]!a} holds a line break, a tab or what can't be seen; type it anew")
    return text


def outside(text: str, change: Callable[[str], str]) -> str:
    """The text with what doesn't stand in quotes changed. A quote without its other half is outside."""
    found, at = [], 0
    for part in _QUOTED.finditer(text):
        found += [change(text[at : part.start()]), part[0]]
        at = part.end()
    return "".join((*found, change(text[at:])))


def masked(text: str) -> str:
    """The text with every character in quotes made a blank, the quotes kept: what stands where stays."""
    return _QUOTED.sub(lambda part: part[0][0] + " " * (len(part[0]) - 2) + part[0][-1], text)
