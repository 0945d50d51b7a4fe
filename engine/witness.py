"""Which display of a row a person started from: rowd's own cells, as they stand in what was read, bear witness. Pure.

A spreadsheet that was opened an hour ago and is saved now brings back rowd's cells as they stood then, and the shared cells with
them. Nobody typed those. docs/decisions/0006 tells why the witness is believed, and where it ends.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from operator import eq

from msgspec import Struct

from connectors.api import Cell
from engine.cells import BadCell, number
from engine.columns import OURS, SHARED, Column

Shown = tuple[tuple[str, Mapping[str, Cell]], ...]
"""Displays, newest last: (fingerprint of rowd's own cells as they stood, the shared cells as they stood).

One without a fingerprint is none: there a person last changed other cells of the row. Whoever brings these as they are now can't
have started from a display before it.
"""

_EDITED: tuple[str, Mapping[str, Cell]] = ("", {})

MOST_SHOWN = 12
"""So many older displays of a row are remembered, to recognise an old copy by."""

_OURS, _SHARED = tuple(sorted(map(str, OURS))), tuple(sorted(map(str, SHARED)))

_LASTING = (
    *(Column.HEALTH, Column.UNDERSTOOD_AS, Column.LAST_STATUS),
    *(Column.RUNS, Column.FAILURES, Column.MISSED),
)
"""Of rowd's own columns those that no spreadsheet program writes otherwise when it saves what it has read: words and whole numbers.
Instants and fractions come back as they are written where its user lives."""

_GROWING = (Column.RUNS, Column.FAILURES, Column.MISSED)
_ADVANCING = (Column.LAST_RUN, Column.LAST_SUCCESS)


class Base(Struct, frozen=True):
    """Where a person started from.

    shared: the shared cells as they stood there.   live: whether that is the newest display.   sure: whether it surely is that one.
    older: it surely is an older one, but nobody remembers which: what its shared cells say, nobody typed.
    torn: shared cells of which that can't be told: they read as in one display, and otherwise in a newer one that looks alike.
    """

    shared: Mapping[str, Cell]
    live: bool
    sure: bool
    older: bool = False
    torn: tuple[Column, ...] = ()


def displayed(cells: Mapping[str, Cell]) -> dict[str, Cell]:
    """The cells that rowd writes, of those that there are."""
    return {c: cells[c] for c in (*_OURS, *_SHARED) if c in cells}


def shared_of(stood: Mapping[str, Cell]) -> dict[str, Cell]:
    """Of these, those that a person writes as well."""
    return {c: stood[c] for c in _SHARED if c in stood}


def fingerprint(stood: Mapping[str, Cell], word: str = "") -> str:
    """A short mark of rowd's own cells as they stand; equal for equal displays.   word: what else is to be the same.

    Two parts, with a dot between: of all these cells, and of the lasting ones; "" for the second where none of those says anything.
    """
    every = _digest(word, [f"{c}\1{stood[c]!r}" for c in _OURS if stood.get(c) is not None])
    lasting = [f"{c}\1{stood[c]}" for c in _LASTING if stood.get(c) is not None]
    return f"{every}.{_digest(word, lasting) if lasting else ''}"


def among(mark: str, marks: Iterable[str]) -> bool:
    """Whether one of these marks is of the same display, however its instants and fractions are written."""
    return any(_alike(mark, other) for other in marks)


def remembered(shown: Shown, stood: Mapping[str, Cell], *, edited: bool = False) -> Shown:
    """`shown` with this display as the newest. Of a column that the table lacks now, what it last said goes on with it.

    edited: a person has changed other cells of the row.
    """
    entry = (fingerprint(stood), {**(shown[-1][1] if shown else {}), **shared_of(stood)})
    before = [s for s in shown if s != entry and not (edited and s == _EDITED)]
    return (*before, *([_EDITED] if edited else []), entry)[-MOST_SHOWN:]


def displays(shown: Shown) -> list[Mapping[str, Cell]]:
    """The shared cells as they stood in each, newest last."""
    return [shared for mark, shared in shown if mark]


def base(shown: Shown, before: Mapping[str, Cell], stood: Mapping[str, Cell], *, edited: bool) -> Base:
    """Where a person started from who left these cells.

    shown: what is remembered; its last is the newest display.   before, stood: the cells that rowd writes, as last read and as now.
    edited: other cells of the row are not as last read.
    """
    mark, newest = shown[-1]
    if all(stood.get(c) == before.get(c) for c in _OURS):
        return Base(newest, live=True, sure=True)
    now = fingerprint(stood)
    if now == _BLANK:  # rowd's cells were cleared, or their columns taken away: that they were blank once is no witness
        first = [shared for known, shared in shown if known == _BLANK and shared.get(Column.CURRENT) == stood.get(Column.CURRENT)]
        return Base(first[-1], live=False, sure=True) if first else Base(newest, live=False, sure=False)
    likely = shown if edited else _since_edited(shown)
    if same := _seen(likely, now, eq) or _seen(shown, now, eq):
        return _as_stood(same, stood)
    if _alike(mark, now):
        return Base(newest, live=True, sure=True)
    if same := _seen(likely, now, _alike) or _seen(shown, now, _alike):
        return _as_stood(same, stood)
    return Base(newest, live=False, sure=False, older=_is_older(before, stood))


def _since_edited(shown: Shown) -> Shown:
    return shown[shown.index(_EDITED) + 1 :] if _EDITED in shown else shown


def _seen(shown: Shown, now: str, like: Callable[[str, str], bool]) -> list[Mapping[str, Cell]]:
    return [shared for mark, shared in shown if mark and like(mark, now)]


def _as_stood(alike: list[Mapping[str, Cell]], stood: Mapping[str, Cell]) -> Base:
    """By displays that look alike. Where they differ, a person typed meanwhile: what stands is nobody's news, for all we know."""
    typed = [c for c in (Column.STATUS, Column.CURRENT) if c in stood and any(d.get(c) == stood[c] for d in alike)]
    torn = tuple(c for c in typed if alike[-1].get(c) != stood[c])
    return Base({**alike[-1], **{c: stood[c] for c in typed}}, live=False, sure=True, torn=torn)


def _is_older(before: Mapping[str, Cell], stood: Mapping[str, Cell]) -> bool:
    """Whether a display that nobody remembers surely comes before the newest one: what only grows is smaller in it.

    Not where Health is the newest one's, or says nothing: there a person has written into rowd's cells.
    """
    if stood.get(Column.HEALTH) in (None, before.get(Column.HEALTH)):
        return False
    grown = any(_less(_count(stood.get(c)), _count(before.get(c))) for c in _GROWING)
    return grown or any(_less(_moment(stood.get(c)), _moment(before.get(c))) for c in _ADVANCING)


def _less(one: float | None, other: float | None) -> bool:
    return one is not None and other is not None and one < other


def _count(cell: Cell) -> float | None:
    try:
        return number(cell) if cell is not None else None
    except BadCell:
        return None


def _moment(cell: Cell) -> float | None:
    """As a number, where it is written as rowd writes it: in any other form nobody knows in which zone it is."""
    try:
        found = datetime.fromisoformat(cell) if isinstance(cell, str) else cell
    except ValueError:
        return None
    return found.timestamp() if isinstance(found, datetime) and found.tzinfo is not None else None


def _alike(one: str, other: str) -> bool:
    first, second = one.partition("."), other.partition(".")
    return first[0] == second[0] or (bool(first[2]) and first[2] == second[2])


def _digest(word: str, said: list[str]) -> str:
    text = "\0".join([word, *said])
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=9).hexdigest()


_BLANK = fingerprint({})
