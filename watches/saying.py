"""What strangers wrote, made fit to be told. Pure."""

from __future__ import annotations

import re

from watches.api import LONGEST_VALUE

_OBEYED = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]")
"""What a terminal or an editor obeys, but for tabs and ends of lines; and NUL, which no variable of a command can hold."""


def cleaned(text: str, longest: int = LONGEST_VALUE) -> str:
    """Without what can't be shown, and cut with a mark where it is too long."""
    shown = _OBEYED.sub(" ", text.replace("\r\n", "\n"))
    return shown if len(shown) <= longest else shown[: longest - 1] + "…"


def one_line(text: str, longest: int) -> str:
    """The same on one line."""
    return cleaned(" ".join(text.split()), longest)
