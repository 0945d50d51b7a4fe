"""One value as it goes into an action or comes out of it: how a person's writing of it is read, and how it is written out."""

from __future__ import annotations

import difflib
import math
import re
import unicodedata
from collections.abc import Iterable
from datetime import date

from config.fields import span

Value = str | int | float | bool
"""A parameter or an output. Text, a number or a truth value; nothing nested."""

LARGEST = 10**15
"""Beyond, a float no longer tells two whole numbers apart."""

SHOWN = 60
"""Characters of a value that a message repeats."""

_NUMBER = re.compile(r"[+-]?(?:\d{1,20}(?:\.\d{0,20})?|\.\d{1,20})(?:[eE][+-]?\d{1,3})?", re.ASCII)
_TRUTHS = {
    **dict.fromkeys(("yes", "true", "on", "1", "y", "x", "✓", "✔", "☑"), True),
    **dict.fromkeys(("no", "false", "off", "0", "n"), False),
}
_REFUSED = frozenset({"Cc", "Cs", "Zl", "Zp"})


class BadValue(ValueError):
    """A value that can't be used, however often it is tried: the value, what is wrong, and the remedy."""


def written(value: Value) -> str:
    """The value as a program reads it: `true`, `5`, `2.5`, text as it is."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else repr(value)


def quoted(given: object) -> str:
    """A value for a message: one line, at most SHOWN characters, nothing that a terminal would obey."""
    said = given if isinstance(given, str) else "a huge number" if _huge(given) else str(given)
    clean = "".join(c if c.isprintable() else "�" for c in " ".join(said[: 4 * SHOWN].split()))
    return f'"{clean if len(clean) <= SHOWN else clean[: SHOWN - 1] + "…"}"'


def did_you_mean(word: str, among: Iterable[str]) -> str:
    """`; did you mean "daily"?`, or nothing."""
    folded = {known.casefold(): known for known in among}
    near = difflib.get_close_matches(word[:SHOWN].casefold(), folded, n=1)
    return f'; did you mean "{folded[near[0]]}"?' if near else ""


def is_blank(given: object) -> bool:
    """Nothing was given: an empty cell, JSON's null."""
    return given is None or given == ""


def has_control(text: str) -> bool:
    """The text holds a character that isn't to be seen and that terminals, shells or files may obey: line breaks, NUL, escapes."""
    return not text.isprintable() and any(unicodedata.category(c) in _REFUSED for c in text)


def read_text(given: object) -> str:
    """Any single value as text; `5.0` from a store that knows only floats is `5`. Raises BadValue for lists and objects."""
    match given:
        case str():
            return given
        case bool():
            return written(given)
        case int() | float():
            return written(read_number(given))
        case date():
            return given.isoformat()
    raise BadValue(f"{quoted(given)} is not a single value; write text in quotes")


def read_number(given: object) -> int | float:
    """A finite number, also written as text; a whole one as int. A point is always the decimal point. Raises BadValue."""
    value: int | float
    match given:
        case bool():
            raise BadValue(f"{quoted(written(given))} is not a number; write one such as 5 or 2.5")
        case int() | float():
            value = given
        case str() if _NUMBER.fullmatch(given.strip()):
            value = float(given)
        case str() if "," in given:
            raise BadValue(f"{quoted(given)} is not a number; write a point for the decimals and no other separators, like 1500.5")
        case _:
            raise BadValue(f"{quoted(given)} is not a number; write one such as 5 or 2.5")
    if _huge(value) or not math.isfinite(value):
        raise BadValue(f"{quoted(value)} is too large; write a number within ±{LARGEST:,}")
    return int(value) if value == int(value) else value


def read_whole(given: object) -> int:
    """A whole number, also as `3.0`, also written as text. Raises BadValue."""
    value = read_number(given)
    if isinstance(value, float):
        raise BadValue(f"{quoted(given)} is not a whole number; write one such as {round(value)}")
    return value


def read_truth(given: object) -> bool:
    """Yes or no: a checkbox, `true`, `no`, `on`, 1. Raises BadValue."""
    if isinstance(given, bool):
        return given
    word = written(read_number(given)) if isinstance(given, int | float) else given
    known = _TRUTHS.get(word.strip().casefold()) if isinstance(word, str) else None
    if known is None:
        raise BadValue(f"{quoted(given)} is neither yes nor no; write true or false")
    return known


def read_seconds(given: object) -> int | float:
    """A span of time with its unit (`90s`, `5 min`), in seconds. Raises BadValue."""
    if not isinstance(given, str):
        raise BadValue(f'{quoted(given)} has no unit; write a span of time such as "90s" or "5 min"')
    try:
        return read_number(span(given).total_seconds())
    except ValueError:
        raise BadValue(f'{quoted(given)} is not a span of time; write one such as "90s", "5 min" or "2h"') from None


def _huge(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) > LARGEST
