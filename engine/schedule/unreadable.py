"""What is said to a person whose Schedule can't be read: the value, what is wrong, the remedy."""

from __future__ import annotations

import re
from collections.abc import Iterable
from difflib import get_close_matches

LONGEST_SHOWN = 60
"""Characters of a cell that a message repeats."""

MOST_UNKNOWN = 8
"""A text with more unknown words is no slip of the finger; nothing is guessed about it."""


class Unreadable(ValueError):
    """A Schedule, alone or with its Type, says nothing that rowd can follow. The text is one sentence for the Health cell."""


def refused(text: str, why: str) -> Unreadable:
    """The error for a cell that says `text`; `why` holds what is wrong and the remedy."""
    return Unreadable(f"Schedule {shown(text)}: {why}")


def two_readings(text: str, one: str, other: str) -> Unreadable:
    """The error for a cell that can be read in two ways, with both shown."""
    return refused(text, either(one, other))


def either(one: str, other: str) -> str:
    """Why, where both readings are to be shown."""
    return f"can be read in two ways: write {one}, or {other}"


def shown(text: str) -> str:
    """The cell in quotes, on one line, without anything unprintable, cut where it is long."""
    line = " ".join("".join(c if c.isprintable() else " " for c in text[: LONGEST_SHOWN * 4]).split())
    return f'"{line}"' if len(line) <= LONGEST_SHOWN else f'"{line[:LONGEST_SHOWN]}…"'


def as_written(message: str, text: str) -> str:
    """The message with what it quotes of the cell as it was written there: schedules are read in lower case."""
    own = " ".join(text.split())
    if len(own.lower()) != len(own):
        return message

    def spelled(quoted: re.Match[str]) -> str:
        at = own.lower().find(quoted[1])
        return f'"{own[at : at + len(quoted[1])]}{quoted[2]}"' if at >= 0 else quoted[0]

    return re.sub('"([^"]+?)(…?)"', spelled, message)


def mended(words: Iterable[str], known: frozenset[str]) -> dict[str, str] | None:
    """Unknown word → the known one it was probably meant to be; None where that can't be said of each, or none is unknown."""
    unknown = {w for w in words if w not in known}
    if not 0 < len(unknown) <= MOST_UNKNOWN:
        return None
    found = {}
    for word in unknown:
        close = get_close_matches(word, known, n=1, cutoff=0.7) if 2 < len(word) <= 20 else []
        if not close:
            return None
        found[word] = close[0]
    return found
