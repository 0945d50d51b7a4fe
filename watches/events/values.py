"""What an event says that somebody emits: read from words like `branch=main`. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from watches.api import LONGEST_VALUE, THROUGH, Happening, Value
from watches.saying import cleaned, one_line

MOST_VALUES = 30
"""Of one event."""

LONGEST_IN_ALL = 10_000
"""Characters of all values of one event."""

LONGEST_ID = 200
"""Characters."""

MOST_COUNTED = 1_000_000
"""What one event may stand for."""

KEPT_IDS = 1_000
"""Of each source the newest are remembered."""

MOST_WAITING = 1_000
"""Events of one source that have yet to be taken up."""

_NAME = re.compile(r"[a-z][a-z0-9_]{0,63}")
_TAKEN = {
    "source": "every event says it by itself: it is the source's name",
    "number": "say it with --count",
    THROUGH: "rowd says by it what has brought an event about",
    **dict.fromkeys(("column", "old", "new"), "it is of edits of a row's cells"),
}
_SHOWN = 120


def event(source: str, words: Sequence[str], number: int, through: str = "") -> Happening:
    """What is emitted.

    words: as on a command line, `NAME=VALUE` each.   number: for how many things it stands.
    through: of the run in which it is emitted, the sources of outcomes that have brought that about.
    Raises ValueError, with a sentence.
    """
    if not 1 <= number <= MOST_COUNTED:
        raise ValueError(f"{number} can't be counted; give a whole number from 1 to {MOST_COUNTED:,}")
    if len(words) > MOST_VALUES:
        raise ValueError(f"an event says {MOST_VALUES} values at the most, and these are {len(words)}; leave some out")
    values: dict[str, Value] = {}
    for word in words:
        name, value = _value(word)
        if name in values:
            raise ValueError(f"{name} is said twice; say each value once")
        values[name] = value
    if (length := sum(len(str(value)) for value in values.values())) > LONGEST_IN_ALL:
        raise ValueError(f"the values are {length:,} characters together, and at most {LONGEST_IN_ALL:,} are kept; say less")
    summary = values.pop("summary", None) or _shown(source, values)
    return Happening(one_line(str(summary), LONGEST_VALUE), {**values, THROUGH: through} if through else values, number)


def identity(said: str) -> str:
    """By what it is known when it comes again. Raises ValueError."""
    if not said.strip():
        raise ValueError("the id is blank; give one that is the same each time, or leave it out")
    if len(said) > LONGEST_ID:
        raise ValueError(f"the id is {len(said)} characters long, and at most {LONGEST_ID} are kept; give a shorter one")
    if not _writable(said):
        raise ValueError("the id is no UTF-8; give another one")
    return said


def _value(word: str) -> tuple[str, str]:
    name, equals, value = word.partition("=")
    shown = one_line(name, _SHOWN)
    if not equals:
        raise ValueError(f'"{shown}" is no value; write NAME=VALUE, like branch=main')
    if not _NAME.fullmatch(name):
        raise ValueError(f'"{shown}" can\'t be the name of a value; use a-z, 0-9 and _, up to 64, beginning with a letter')
    if (why := _TAKEN.get(name)) is not None:
        raise ValueError(f'"{name}" can\'t be given: {why}')
    if not _writable(value):
        raise ValueError(f"the value of {name} is no UTF-8; write it otherwise")
    if len(value) > LONGEST_VALUE:
        long = f"the value of {name} is {len(value):,} characters long, and at most {LONGEST_VALUE:,} are kept"
        raise ValueError(f"{long}; say where it stands instead, by a path or an address")
    return name, cleaned(value)


def _writable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:  # what a shell handed over was no UTF-8
        return False
    return True


def _shown(source: str, values: Mapping[str, Value]) -> str:
    """In one line, where nothing else is said."""
    return one_line(", ".join(f"{name} {value}" for name, value in values.items()), _SHOWN) or f"{source} was emitted"
