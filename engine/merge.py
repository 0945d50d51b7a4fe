"""What a read row says, held against what rowd knew: edits, presses, and the shared cells merged three ways. Pure.

A person's program may save an *old copy* of the table. So the base of the merge is the display that the row's own rowd cells bear
witness to, not simply the newest one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from msgspec import Struct
from msgspec.structs import replace

from connectors.api import Cell, fold
from engine.cells import BadCell, number, same
from engine.columns import HOLDS_ON, OURS, RESTARTS, SHARED, Column
from engine.drafts import kept
from engine.metadata import restarts, setting
from engine.model import RowState, Status
from engine.owing import freed, held_anew
from engine.presses import BadPress, Press, press_of, shortened
from engine.witness import Base, among, displayed, displays, fingerprint, remembered
from engine.witness import base as base_of

OLDER_COPY = "the last edit came in a copy that is older than the row's Status, which stands; to run the row, set it to active"
"""What Health says where a row was given something else to do in a copy in which it was still active."""

TAKEN_BACK = "a copy of the row came back that is too old to tell what was typed in it: Status and Current stand; type them anew"
"""What Health says where the shared cells of such a copy would have changed something."""

TORN = "it was saved in a copy that reads like an older one, so {} stands as it was; if you typed it just now, type it again"
"""What Health says where such a copy leaves open whether a shared cell was typed anew."""

MOST_PRESSES = 20
"""So many consumed presses of a row are remembered, to recognise one that comes back with an old copy."""

_ACTIVE = frozenset({"", "active"})

_ROWDS = OURS | SHARED
_MERGED = (Column.STATUS, Column.CURRENT)
_KNOWN = frozenset(map(str, Column))


class Change(Struct, frozen=True):
    """One cell that a person changed."""

    column: str
    old: Cell
    new: Cell


class Observation(Struct, frozen=True):
    """What one read of one row came to."""

    state: RowState
    changes: tuple[Change, ...] = ()
    press: Press | None = None


def first_sight(
    table: str,
    key: str,
    cells: Mapping[str, Cell],
    now: datetime,
    *,
    new_ledger: bool,
    anchor: datetime | None,
    handle: str | None = None,
) -> Observation:
    """A row that the ledger doesn't know.

    cells: under canonical headers.   new_ledger: nothing of this table was ever read before, so the row may be old: its buttons
    need a fresh press and one-offs that ran are over.   anchor: its Last Run as an instant, where it has one.
    """
    stood = displayed(cells)
    since = now.replace(microsecond=0)  # nothing comes due within a second
    state = RowState(
        table=table,
        key=key,
        cells={c: v for c, v in cells.items() if c not in OURS},
        first_seen=now,
        changed_at=now,
        since=since,
        settled_until=since,
        anchor=anchor,
        count=_number(cells.get(Column.CURRENT)) or 0,
        handle=handle,
        stood=stood,
        shown=remembered((), stood),
        marked=new_ledger and _ran_before(cells),
    )
    if cells.get(Column.DO) is None:
        return Observation(state)
    if new_ledger:
        note = f'Do "{cells[Column.DO]}" was there before rowd: clear it and press again'
        return Observation(replace(state, note=note))
    return _pressed(state, cells[Column.DO], stood, live=True)


def _ran_before(cells: Mapping[str, Cell]) -> bool:
    """Whether a row bears marks of a run. That it ran no time is none."""
    ran = cells.get(Column.LAST_RUN) is not None or cells.get(Column.LAST_STATUS) is not None
    return ran or (cells.get(Column.RUNS) is not None and _number(cells[Column.RUNS]) != 0)


def unchanged(state: RowState, cells: Mapping[str, Cell], handle: str | None = None) -> bool:
    """Whether `observe` would find nothing new in these cells: true only where that is plain, as of most rows of most reads."""
    theirs = {c: v for c, v in state.cells.items() if c not in _ROWDS and (c in cells or c not in HOLDS_ON)}
    return handle in (None, state.handle) and cells == {**theirs, **state.stood}


def observe(state: RowState, cells: Mapping[str, Cell], now: datetime, handle: str | None = None) -> Observation:
    """Merge a row as read (`cells`, under canonical headers) into what is known of it.

    The result's state equals `state` where nothing changed, so that an unchanged row costs no write.
    """
    stood = displayed(cells)
    cells = {**{c: v for c, v in state.cells.items() if c in HOLDS_ON and c not in cells}, **cells}
    changes = _typed(state, cells)
    edited = bool(changes)
    started, landed = _started(state, stood, edited=edited)
    base = dict(started.shared)
    taken_back = started.older and any(c in stood and stood[c] != base.get(c) for c in _MERGED)
    if taken_back:
        base |= {c: stood[c] for c in _MERGED if c in stood}
    merged = {c: v for c, v in cells.items() if c not in _ROWDS or c == Column.ID}
    after = replace(state, handle=handle or state.handle, meant={} if landed else state.meant)

    after, status_changes = _merge_status(after, merged, base, cells)
    after, count_changes = _merge_count(after, merged, base, cells, sure=started.sure)
    changes += status_changes + count_changes
    _merge_button(state, merged, base, cells, landed=landed and bool(state.meant))

    anew = any(c.column in RESTARTS for c in changes) or restarts(state.cells) != restarts(merged)
    if Column.STATUS not in cells and merged.get(Column.STATUS) == Status.COMPLETED and _rescheduled(changes):
        merged[Column.STATUS] = None  # where no cell could be set to active, to give it another time is enough
    if anew or _activated(state, merged):
        since = now.replace(microsecond=0)
        armed = after.armed and not anew and _paused(state.cells)  # a paused counter counts: what was counted is not from before
        after = replace(
            after, since=since, settled_until=since, armed=armed, marked=False, snoozed_until=None, skip_until=None, skip_by=""
        )
        after = freed(after)
    elif setting(state.cells, Column.DEADLINE) != setting(merged, Column.DEADLINE):
        after = held_anew(after, now)
    if any(c.column in _KNOWN for c in changes):  # what a person writes elsewhere is no business of ours
        older = Column.STATUS in cells and _in_service(cells) and not _in_service(merged)
        stands = state.note if state.cells.get(Column.DO) is not None and merged.get(Column.DO) == state.cells[Column.DO] else None
        after = replace(after, changed_at=now, note=OLDER_COPY if anew and older else stands)
    if taken_back or (torn := [c for c in started.torn if _overruled(c, after, merged, cells)]):
        after = replace(after, note=TAKEN_BACK if taken_back else TORN.format(" and ".join(torn)))
    if merged != state.cells:
        after = replace(after, cells=merged)
    if stood != state.stood:
        after = replace(after, stood=stood, sent=_kept(state, stood))
    if stood != state.stood or edited:
        after = replace(after, shown=remembered(state.shown, stood, edited=edited))

    after = kept(after, now)

    press = merged.get(Column.DO)
    if press is None and state.cells.get(Column.DO) is not None:  # a word that was no button was taken out again
        after = replace(after, note=None)
    if press is None or press == state.cells.get(Column.DO):
        return Observation(after, tuple(changes))
    found = _pressed(replace(after, changed_at=now), press, stood, live=started.live)
    return Observation(found.state, (*changes, Change(Column.DO, state.stood.get(Column.DO), press)), found.press)


def _typed(state: RowState, cells: Mapping[str, Cell]) -> list[Change]:
    """What a person changed in cells that rowd never writes."""
    theirs = [c for c in {**state.cells, **cells} if c not in OURS and c not in SHARED]
    return [Change(c, state.cells.get(c), cells.get(c)) for c in theirs if cells.get(c) != state.cells.get(c)]


def _overruled(column: Column, after: RowState, merged: Mapping[str, Cell], cells: Mapping[str, Cell]) -> bool:
    """Whether another value stands than the read row says."""
    if column is Column.CURRENT:
        return _number(cells[column]) != after.count
    return merged.get(column) != cells[column]


def _started(state: RowState, stood: Mapping[str, Cell], *, edited: bool) -> tuple[Base, bool]:
    """Where a person started from who left these cells; and whether our last write has landed, although its answer never came.

    A row is written in one step: where none of our own cells that were to change has changed, the shared ones are not as we meant
    them either, though they may read so: a person may want them as they were some time ago. Nor does it bear witness to our write
    that one of them reads as meant in a row that is an older copy: it may have said so then, too.
    """
    started = base_of(state.shown, state.stood, stood, edited=edited)
    shared = {c: stood[c] if same(stood[c], v) else v for c, v in state.meant.items() if c not in OURS and c in stood}
    ours = {c: v for c, v in state.meant.items() if c in OURS and c in stood}
    moved = [c for c in ours if stood[c] != state.stood.get(c)]
    looks_older = started.older or (started.sure and not started.live)
    if any(same(stood[c], ours[c]) for c in moved) and (not looks_older or _as_meant(state, stood)):
        return Base({**started.shared, **shared}, live=True, sure=True), True
    if ours and (looks_older or not moved):
        return started, False
    landed = {c: stood[c] for c, v in shared.items() if same(stood[c], v)}
    return replace(started, shared={**started.shared, **landed}), len(landed) == len(shared)


def _as_meant(state: RowState, stood: Mapping[str, Cell]) -> bool:
    """Whether all of rowd's own cells read as after our last write."""
    meant = {**state.stood, **state.meant}
    return all(same(stood[c], meant.get(c)) for c in OURS if c in stood)


def _kept(state: RowState, stood: Mapping[str, Cell]) -> dict[str, Cell]:
    """What rowd sent and what still stands; the rest is to be sent again, also what was put into a column that isn't there."""
    return {c: v for c, v in state.sent.items() if c in stood and stood[c] == state.stood.get(c)}


def _merge_button(
    state: RowState, merged: dict[str, Cell], base: Mapping[str, Cell], cells: Mapping[str, Cell], *, landed: bool
) -> None:
    """landed: our last write did, although its answer never came. Else what stands as it stood is the same press still, though a
    person has written into rowd's cells, so that the row looks like one of before."""
    if Column.DO in cells or Column.DO in state.cells:
        now = cells.get(Column.DO, base.get(Column.DO))
        same_word = now == base.get(Column.DO) or (not landed and Column.DO in cells and now == state.stood.get(Column.DO))
        merged[Column.DO] = state.cells.get(Column.DO) if same_word else cells[Column.DO]


def _merge_status(
    after: RowState, merged: dict[str, Cell], base: Mapping[str, Cell], cells: Mapping[str, Cell]
) -> tuple[RowState, list[Change]]:
    if Column.STATUS not in cells:  # the column was taken away: what it last said holds on
        if after.cells.get(Column.STATUS) is not None:
            merged[Column.STATUS] = after.cells[Column.STATUS]
        return after, []
    theirs, ours = cells[Column.STATUS], after.cells.get(Column.STATUS)
    if theirs == base.get(Column.STATUS):
        merged[Column.STATUS] = ours
        return after, []
    merged[Column.STATUS] = theirs
    return after, [Change(Column.STATUS, ours, theirs)] if theirs != ours else []


def _merge_count(
    after: RowState, merged: dict[str, Cell], base: Mapping[str, Cell], cells: Mapping[str, Cell], *, sure: bool
) -> tuple[RowState, list[Change]]:
    if Column.CURRENT not in cells:
        return after, []
    theirs = merged[Column.CURRENT] = cells[Column.CURRENT]
    if theirs == base.get(Column.CURRENT):
        return after, []
    change = Change(Column.CURRENT, base.get(Column.CURRENT), theirs)
    typed, was = _number(theirs), _number(base.get(Column.CURRENT))
    if typed is None:  # no number: the row is a defect until it is mended
        return after, [change]
    count = after.count + typed - was if sure and was is not None else typed
    return replace(after, count=count, armed=True), [change]


def _in_service(cells: Mapping[str, Cell]) -> bool:
    return fold(str(cells.get(Column.STATUS) or "")) in _ACTIVE


def _paused(cells: Mapping[str, Cell]) -> bool:
    return fold(str(cells.get(Column.STATUS) or "")) == Status.PAUSED


def _rescheduled(changes: Sequence[Change]) -> bool:
    """Whether one schedule was replaced by another: not where the column only went, or came back."""
    return any(c.column == Column.SCHEDULE and c.old is not None and c.new is not None for c in changes)


def _activated(state: RowState, merged: Mapping[str, Cell]) -> bool:
    return _in_service(merged) and not _in_service(state.cells)


def _pressed(state: RowState, value: Cell, stood: Mapping[str, Cell], *, live: bool) -> Observation:
    """Consume a press, unless it is an old one that came back with an old copy of the row."""
    mark = fingerprint(stood, fold(str(value)))
    cleared = replace(state, cells={**state.cells, Column.DO: None})
    if not live and among(mark, state.pressed):
        return Observation(
            replace(cleared, note=f'Do "{shortened(value)}" came back with an old copy of the table: press again if you mean it')
        )
    try:
        press = press_of(value)
    except BadPress as exc:
        return Observation(replace(state, note=str(exc)))
    return Observation(replace(cleared, pressed=(*state.pressed, mark)[-MOST_PRESSES:], note=None), press=press)


def _number(value: Cell) -> float | None:
    try:
        return number(value) if value is not None else 0
    except BadCell:
        return None


def delivered(state: RowState, put: Mapping[str, Cell], cells: Mapping[str, Cell], now: datetime) -> Observation:
    """Merge the row that a write of `put` answered with: what we put is no edit, whatever form the store gave it.

    put and cells are under canonical headers. What else stands there is looked at as in `observe`.
    """
    stood = {**state.stood, **{c: cells[c] for c in put if c in cells}}
    sent = {**state.sent, **put}
    ours = replace(state, stood=stood, sent=sent, shown=remembered(state.shown, stood), meant={})
    return observe(ours, cells, now)


def meant_by(state: RowState, put: Mapping[str, Cell]) -> dict[str, Cell]:
    """How the shared cells stand once `put` is written, and what it puts into our own; none where the shared ones never stood
    otherwise: then nothing can be mistaken."""
    then: dict[str, Cell] = {c: put.get(c, state.stood[c]) for c in (*_MERGED, Column.DO) if c in state.stood}
    if not any(shared.get(c) != v for shared in displays(state.shown) for c, v in then.items()):
        return {}
    return then | {c: v for c, v in put.items() if c in OURS}


def shows(before: RowState, put: Mapping[str, Cell], after: RowState) -> bool:
    """Whether a row that was written with `put` shows that and is as before in all else, so that it is to say nothing new."""
    elsewhere = all(v == before.stood.get(c) for c, v in after.stood.items() if c not in put)
    return elsewhere and put.keys() <= after.sent.keys() and after.note == before.note and not stands_differently(before, after)


def stands_differently(before: RowState | None, after: RowState) -> bool:
    """Whether anything else may be to do now. How rowd's own cells stand, and what Health notes, changes no plan."""
    if before is None:
        return True
    same = replace(
        before, **{name: getattr(after, name) for name in ("sent", "meant", "stood", "shown", "pressed", "note", "handle")}
    )
    return same != after


def active(state: RowState) -> bool:
    """Whether its Status lets the row run."""
    return _in_service(state.cells)


def completed(state: RowState) -> RowState:
    """The row of a one-off that has run."""
    return replace(state, cells={**state.cells, Column.STATUS: str(Status.COMPLETED)})


def reads_differently(before: RowState | None, after: RowState) -> bool:
    """Whether the row could mean something else now. Most states move on without any cell of a person's changing."""
    if before is None or before.cells != after.cells:
        return True
    return before.since != after.since or before.deleted_at != after.deleted_at or before.made != after.made
