"""Keys of rows, for stores that know a row only by a cell that people can see and break: files, sheets.

Pure. An id is good when it is there, borne by one row only, and has no flaw.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import date, datetime
from hashlib import blake2b

from connectors.api import PROVISIONAL, Cell, Row, fold

LONGEST = 200
"""Characters of an id. Beyond, it is a cell that slipped."""

_WHOLE = re.compile(r"(-?\d+)\.0+", re.ASCII)


def normalised(value: Cell) -> str:
    """An id as a key: without blanks around it, and `1.0` (a spreadsheet's idea of 1) is `1`. "" where there is none."""
    if value is None:
        return ""
    text = value.isoformat() if isinstance(value, date | datetime) else str(value)
    text = text.strip()
    whole = _WHOLE.fullmatch(text)
    return whole[1] if whole else text


def flaw(id_: str) -> str | None:
    """What is wrong with a normalised id that isn't blank, as the end of a sentence; None where it can be a key."""
    if id_.startswith(PROVISIONAL):
        return f"an id can't begin with {PROVISIONAL}"
    if len(id_) > LONGEST:
        return f"longer than {LONGEST} characters"
    if not id_.isprintable() and any(unicodedata.category(c) in ("Cc", "Cs", "Zl", "Zp") for c in id_):
        return "holds a line break or another control character"
    return None


def flawless(value: Cell) -> str:
    """An id as a key; "" where there is none, or one with a flaw."""
    id_ = normalised(value)
    return id_ if id_ and flaw(id_) is None else ""


def keys(ids: Sequence[Cell], row: Callable[[int], Row]) -> list[str]:
    """A key for each row, unique, in the same order.

    ids: the id cell of each row.   row: the row at an index, asked only where its id is no good (its own key is not looked at).
    A row without a good id gets a provisional key from its content, whatever the order of columns; equal rows are numbered.
    """
    return told_apart([flawless(value) for value in ids], row)


def told_apart(ids: Sequence[str], row: Callable[[int], Row]) -> list[str]:
    """The same from ids that have been through `flawless`."""
    borne = Counter(ids)
    taken: Counter[str] = Counter()
    found = []
    for index, key in enumerate(ids):
        if not key or borne[key] > 1:
            key = PROVISIONAL + _fingerprint(row(index))
            taken[key] += 1
            if taken[key] > 1:
                key = f"{key}-{taken[key]}"
        found.append(key)
    return found


def _fingerprint(row: Row) -> str:
    content = sorted((fold(header), repr(value)) for header, value in row.cells.items() if value is not None)
    return blake2b(repr(content).encode("utf-8", "backslashreplace"), digest_size=6).hexdigest()
