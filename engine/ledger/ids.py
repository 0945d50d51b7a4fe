"""The ids of runs: short enough to type, sortable by time, unlike any other's."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from datetime import datetime

from msgspec.structs import replace

from engine.ledger.codec import instant, micros
from engine.model import Occurrence

DIGITS = "0123456789abcdefghjkmnpqrstvwxyz"
"""Base 32 without i, l, o and u, which people mistake (Crockford's alphabet); in the order of the letters, so that ids sort."""

TIME_DIGITS = 9
"""Milliseconds since 1970 in 45 bits: enough until the year 3084. Eight digits (40 bits) ended in 2004."""

DRAWN = 5
"""Random bytes, 40 bits. A table's rows come due together, so a thousand ids of one millisecond are an ordinary case: of so many,
two are equal once in two million times; with 20 bits it would be every second time."""

_ID = re.compile(f"[{DIGITS}]{{{TIME_DIGITS}}}-[{DIGITS}]{{8}}")

_PAIRS = [a + b for a in DIGITS for b in DIGITS]


def new_run_id(now: datetime, draw: Callable[[int], bytes]) -> str:
    """An id like `1jd4q8m2x-7xq4k0zc`. Ids of different milliseconds sort as their instants do.

    now: aware.   draw: gives so many random bytes (`secrets.token_bytes`; a seeded source in a simulation).
    """
    return new_run_ids(1, now, draw)[0]


def new_run_ids(number: int, now: datetime, draw: Callable[[int], bytes]) -> list[str]:
    """So many ids of one moment, as by `new_run_id`."""
    if not number:
        return []
    moment, drawn = _spelled(micros(now) // 1000, TIME_DIGITS), draw(DRAWN * number)
    return [f"{moment}-{_spelled(int.from_bytes(drawn[at : at + DRAWN], 'big'), 8)}" for at in range(0, DRAWN * number, DRAWN)]


def made_at(run: str) -> datetime | None:
    """When this id was made; None for what is no run's id."""
    if _ID.fullmatch(run) is None:
        return None
    number = 0
    for digit in run[:TIME_DIGITS]:
        number = number * len(DIGITS) + DIGITS.index(digit)
    return instant(number * 1000)


def numbered(occurrences: Collection[Occurrence], now: datetime, draw: Callable[[int], bytes]) -> list[Occurrence]:
    """The same, each with an id of its own."""
    ids = new_run_ids(len(occurrences), now, draw)
    return [replace(occurrence, id=id_) for occurrence, id_ in zip(occurrences, ids, strict=True)]


def _spelled(number: int, digits: int) -> str:
    """The last `digits` digits: two at a time, for thousands are spelled at once."""
    pairs = [_PAIRS[number >> shift & 1023] for shift in range(10 * ((digits - 1) // 2), -1, -10)]
    return "".join(pairs)[-digits:]
