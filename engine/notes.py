"""What Health says beside how a row stands: of its last request or run, until the next one; of what it can't have for now. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime, timedelta

from msgspec.structs import replace

from config.fields import spelled
from engine.asked import Wish
from engine.columns import Column
from engine.model import Defect, Occurrence, RowState, Stage, Task
from engine.plan import Answer, cause, public

_REFUSED = "{} refused: "

OLD_COPY = timedelta(minutes=5)
"""A run that begins by what the table said longer ago than this, and than polls are apart, bears a note of it."""


def of_answer(state: RowState, answer: Answer) -> RowState:
    """A refusal is noted, until something else is taken. What is noted of a word that still stands in Do comes first."""
    if answer.request.event or _about_the_button(state):  # what an event asks, nobody waits to hear of
        return state
    if answer.taken:
        return replace(state, note=None) if _about(state, Wish) else state
    return replace(state, note=_REFUSED.format(answer.request.wish) + answer.text)


def of_approval(state: RowState) -> RowState:
    """What waits for an approval of this row is another matter now: why one was refused holds no more."""
    return replace(state, note=None) if _about(state, (Wish.APPROVE, Wish.DECLINE)) else state


def of_start(state: RowState, known_at: datetime | None, poll: timedelta, now: datetime) -> RowState:
    """A run begins: an earlier note holds no more, unless it is about a word that still stands in Do. That it begins by an old copy
    of the row is noted.

    known_at: when the table was last known to say what it said; None where it has not been read.   poll: how far apart looks are.
    """
    if _about_the_button(state):
        return state
    age = now - known_at if known_at is not None else timedelta(0)
    note = None
    if age > max(OLD_COPY, poll * 1.5):
        note = f"the last run began by what the row said {spelled(timedelta(minutes=age // timedelta(minutes=1)))} before"
    return state if note == state.note else replace(state, note=note)


def of_sources(understood: Task | Defect, unseen: Callable[[str], str]) -> Iterator[str]:
    """Which of the sources that a row names can't be looked at.   unseen: why; "" of those that can."""
    named = (*understood.watches, *understood.counts) if isinstance(understood, Task) else ()
    for name in dict.fromkeys(named):
        if why := unseen(name):
            yield f"the watched source {name} can't be looked at: {public(cause(why))}"


def of_fact(awaited: str) -> Iterator[str]:
    """awaited: the fact that a row waits for; "" for none."""
    if awaited:
        yield f"it has come due, and waits for the fact {awaited} to be told"


def of_brake(active: Sequence[Occurrence], *, full: bool) -> Iterator[str]:
    """Why what has come due of a row waits, though there are workers. No instant: each start of the table's would move it.

    full: as many of its table's runs have begun within the hour as may.
    """
    if full and any(one.stage is not Stage.RUNNING for one in active):
        yield "as many runs of this table have begun within the hour as may (max_per_hour)"


def _about(state: RowState, wishes: Iterable[Wish]) -> bool:
    """Whether its note is that one of these was refused."""
    return state.note is not None and state.note.startswith(tuple(_REFUSED.format(wish) for wish in wishes))


def _about_the_button(state: RowState) -> bool:
    """Whether its note is about a word that still stands in Do."""
    return state.note is not None and state.cells.get(Column.DO) is not None
