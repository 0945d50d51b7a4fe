"""What happened to watched sources, and to columns that rows watch: which rows are asked for what. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from msgspec import Struct
from msgspec.structs import replace

from actions.api import Value
from actions.telling import Mask
from engine.asked import Wish
from engine.ledger import WatchMark
from engine.model import Defect, Edit, Status, Task
from engine.reacting import NUMBER, OLD, brought_about
from watches.api import LONGEST_VALUE, Happening, Look

BY_EDIT = "edit"
"""By whom a row is asked to run where a person has changed one of its columns that it watches."""


class Looked(Struct, frozen=True):
    """A look at a watched source that has come back.

    definition: a mark of what `rowd.toml` says of it.   look: None where it could not be looked at; then `trouble` says why.
    apart: each thing that has happened is one for itself: a row that watches it runs once for each.
    """

    name: str
    definition: str
    look: Look | None
    trouble: str = ""
    apart: bool = False


def masked(looked: Looked, mask: Mask) -> Looked:
    """Without secrets, whoever wrote them into what has happened, or into what is the trouble."""
    if mask.idle:
        return looked
    if looked.look is None:
        return replace(looked, trouble=mask.text(looked.trouble))
    happenings = tuple(
        replace(one, summary=mask.text(one.summary), values={name: mask.value(value) for name, value in one.values.items()})
        for one in looked.look.happenings
    )
    return replace(looked, look=replace(looked.look, happenings=happenings, untold=tuple(map(mask.text, looked.look.untold))))


class Asking(Struct, frozen=True):
    """What an event asks of a row, on its way into the ledger; as in `Request`."""

    table: str
    key: str
    wish: Wish
    amount: float
    by: str
    event: Mapping[str, Value]


class Watchers(Protocol):
    """A table, as far as its rows watch something."""

    @property
    def understood(self) -> Mapping[str, Task | Defect]: ...

    def watchers(self, source: str) -> Iterable[str]:
        """The rows that name this source under Watch or Counts."""


def marked(seen: Looked, before: WatchMark | None, now: datetime) -> WatchMark:
    """How the source stands now.   before: how it stood."""
    known = before if before is not None and before.definition == seen.definition else None
    since = before.since if before is not None and bool(before.trouble) == (seen.look is None) else now
    if seen.look is None:
        base = known or WatchMark(seen.name, seen.definition, None, None, now)
        return replace(base, trouble=seen.trouble, since=since)
    happened = seen.look.happenings
    return WatchMark(
        name=seen.name,
        definition=seen.definition,
        state=seen.look.state,
        seen_at=now,
        since=since,
        changed_at=now if happened else known.changed_at if known is not None else None,
        summary=_summary(happened) if happened else known.summary if known is not None else "",
    )


def asked_by_source(
    source: str, happened: Sequence[Happening], tables: Iterable[Watchers], *, apart: bool = False
) -> Iterator[Asking]:
    """What one look asks of the rows that watch the source: each is asked for each thing that it found.

    apart: a row is to run once for each. What counts, counts all of them together.
    """
    if not happened:
        return
    by, event = f"watch:{source}", _event(source, happened)
    each, wish = [_event(source, (one,)) for one in happened], Wish.REACT_APART if apart else Wish.REACT
    for table in tables:
        for key in sorted(table.watchers(source)):
            task = table.understood.get(key)
            if not isinstance(task, Task):
                continue
            if source in task.counts:
                yield Asking(task.table, key, Wish.TICK, sum(one.number for one in happened), by, event)
            if source in task.watches and task.status is Status.ACTIVE:
                for its in each:
                    yield Asking(task.table, key, wish, 0, by, its)


def asked_by_edits(edits: Iterable[Edit], understood: Mapping[str, Task | Defect]) -> Iterator[Asking]:
    """What a person's edits of one read ask of their own rows.   understood: what those meant before."""
    for edit in edits:
        task = understood.get(edit.key)
        if not isinstance(task, Task) or edit.column not in task.columns or task.status is not Status.ACTIVE:
            continue
        event: dict[str, Value] = {
            "source": BY_EDIT,
            "summary": f"{edit.column} changed",
            "column": edit.column,
            OLD: (edit.old or "")[:LONGEST_VALUE],
            "new": (edit.new or "")[:LONGEST_VALUE],
            NUMBER: 1,
        }
        yield Asking(edit.table, edit.key, Wish.REACT, 0, BY_EDIT, event)


def _event(source: str, happened: Sequence[Happening]) -> dict[str, Value]:
    """What the newest says, and that it stands for all of them."""
    newest = {name: value[:LONGEST_VALUE] if isinstance(value, str) else value for name, value in happened[-1].values.items()}
    number, led = sum(one.number for one in happened), brought_about(one.values for one in happened)
    return {**newest, **led, "source": source, "summary": _summary(happened), NUMBER: number}


def _summary(happened: Sequence[Happening]) -> str:
    """In one line."""
    more = sum(one.number for one in happened[:-1])
    return happened[-1].summary[:LONGEST_VALUE] + (f", and {more} more before" if more else "")
