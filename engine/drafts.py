"""Rows that runs have made: which they are, when somebody has activated one, and when it is too late for that. Pure."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime

from msgspec.structs import replace

from connectors.api import Cell, fold
from engine.cells import alike, text
from engine.columns import Column
from engine.findings import Findings
from engine.made import Announced
from engine.model import Defect, RowState, Status
from engine.set_back import made_by

STANDARD = "Status is draft; set it to active when the row is ready"
"""What is said of a draft of which nothing else is to be said."""


def is_draft(cells: Mapping[str, Cell]) -> bool:
    """Whether its Status says so."""
    return fold(str(cells.get(Column.STATUS) or "")) == Status.DRAFT


def is_open(state: RowState) -> bool:
    """Whether a run has made this draft, and it may still be activated."""
    return state.made is not None and state.made.open and state.deleted_at is None


def kept(state: RowState, now: datetime) -> RowState:
    """The row as it was read: where a run had made it, and it is a draft no longer, it is a row like any other."""
    if state.made is None or not state.made.open or is_draft(state.cells):
        return state
    return replace(state, made=replace(state.made, kept_at=now))


def expired(state: RowState, now: datetime) -> RowState:
    """An open one that nobody has activated in time."""
    assert state.made is not None  # noqa: S101 (only what a run has made expires)
    return replace(state, made=replace(state.made, expired_at=now))


def too_late(state: RowState, said: Callable[[datetime], str]) -> str | None:
    """Why this row can't be activated, and the remedy; None where it can.   said: how instants are said in it."""
    if (made := state.made) is None or made.expired_at is None:
        return None
    until = f" until {said(made.until)}" if made.until is not None else ""
    return (
        f"made by {made.maker}, and nobody activated it{until}, so it stays a draft; to have it all the same, duplicate it under"
        f" another Name, or delete it and add it anew"
    )


def of_draft(state: RowState, defect: Defect, said: Callable[[datetime], str]) -> str:
    """What Health says of a draft."""
    more, made = state.note or defect.message, state.made
    if made is not None and made.expired_at is not None:
        return f"EXPIRED: {more}"
    if made is None or not made.open or not is_draft(state.cells):
        return f"DRAFT: {more}"
    until = f"expires {said(made.until)} unless" if made.until is not None else "until"
    return f"DRAFT made by {made.maker}, {until} somebody activates it" + (f". {more}" if more != STANDARD else "")


class Drafts:
    """Of one table: the open ones that expire."""

    def __init__(self, states: Iterable[RowState]) -> None:
        self._until: dict[str, datetime] = {}
        self.note(states)

    def note(self, states: Iterable[RowState]) -> None:
        """These rows stand so now."""
        for state in states:
            if state.made is not None and state.made.until is not None and is_open(state):
                self._until[state.key] = state.made.until
            else:
                self._until.pop(state.key, None)

    def lapsed(self, known_at: datetime | None) -> list[str]:
        """The keys of those whose time is past.   known_at: when the table was last sure to be what is known of it: somebody may
        have activated one since.
        """
        return [key for key, until in self._until.items() if known_at is not None and until <= known_at]


# --- which they are


def newcomers(found: Findings, states: Mapping[str, RowState]) -> list[str]:
    """The rows of a read that weren't there before: those, and only those, may be what a run has announced.

    states: the table's, as known before.
    """
    back = [k for k, s in found.states.items() if s.deleted_at is None and k in states and states[k].deleted_at is not None]
    return [*found.added, *back]


def recognise(found: Findings, keys: Collection[str], announced: Sequence[Announced], now: datetime) -> list[int]:
    """Put to these rows that a run has made them; the numbers of what was announced so.

    By the key; else by the Name, if the row is a draft, as those are: the table may give its own keys, or a person another ID.
    """
    left = dict.fromkeys(key for key in keys if key in found.states)
    told = []
    for meant in (_by_key, _by_name):
        for one in announced:
            if one.n in told or (key := meant(one, found, left)) is None:
                continue
            del left[key]
            made = made_by(one.made, now)  # its command has a clock of its own
            found.states[key] = kept(replace(found.states[key], made=made), now)
            told.append(one.n)
    return told


def _by_key(one: Announced, _: Findings, keys: Collection[str]) -> str | None:
    return one.key if one.key is not None and one.key in keys else None


def _by_name(one: Announced, found: Findings, keys: Collection[str]) -> str | None:
    name = alike(one.name)
    return next((key for key in keys if is_draft(found.states[key].cells) and _name(found.states[key]) == name), None)


def _name(state: RowState) -> str:
    return alike(text(state.cells.get(Column.NAME)) or "")
