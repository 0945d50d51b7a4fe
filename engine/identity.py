"""Which row is which: ids that are blank, doubled or lost, and rows that vanish. Pure.

Where a store's keys are cells that people can clear and copy, a row's identity is a judgement. Where the evidence doesn't
suffice, nothing is guessed: the rows in question say so and wait.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import UTC, datetime, timedelta, tzinfo

from msgspec import Struct, field

from connectors.api import PROVISIONAL, Cell, Row
from connectors.identity import flaw
from engine.cells import alike, quoted, text
from engine.columns import OURS, SHARED, Column
from engine.layout import Layout
from engine.model import SETTLE, RowState
from engine.wording import moment

HELD_FROM = 3
"""So many rows must be gone at once, and more than HELD_SHARE of all, for the table to be held."""

HELD_SHARE = 0.3

HELD_FOR = timedelta(minutes=5)
"""A hold ends when the very same rows have been gone for this long: whoever meant it only has to wait."""


class Mint(Struct, frozen=True):
    """An id to be put into a row's id column.

    row: under its provisional key.   id: a fresh one, or the known one that the row had lost.
    draft: a copy, whose Status becomes draft, lest what was copied runs twice.   why: one sentence for the record.
    copied: it bears what rowd wrote into another row: none of that is its own.
    """

    row: Row
    id: str
    draft: bool
    why: str
    copied: bool = False


class Named(Struct, frozen=True):
    """The rows of one complete read, told apart.

    rows: key → row of the rows whose identity is settled, in table order; the original of a doubled id still has its
        provisional `Row.key`.   mint: rows that are to be given an id.
    unclear: provisional key → what a person must do about a row that can't be told.
    doubtful: known keys that unclear rows bear → the same: they are not gone, and nothing of them may start.
    """

    rows: Mapping[str, Row]
    mint: tuple[Mint, ...]
    unclear: Mapping[str, str]
    doubtful: Mapping[str, str] = field(default_factory=dict)

    @property
    def present(self) -> frozenset[str]:
        """Every key that stands in the table, whether or not it can be told which row is meant."""
        return frozenset([*self.rows, *(mint.id for mint in self.mint), *self.doubtful])


def identify(
    rows: Sequence[Row],
    known: Mapping[str, RowState],
    layout: Layout,
    id_column: str | None,
    draw: Callable[[], str],
    old: Collection[str] = (),
) -> Named:
    """Settle who is who among the rows of one complete read.

    rows: in table order, keys unique.   known: key → the row as the ledger knows it, deleted ones included.
    id_column: as the page gave it; None where there is none to put an id into.   draw: a short random id, at each call another.
    old: provisional keys of rows without an id that were there before the ledger was: what rowd wrote into them may be their own.
    """
    return _Census(rows, known, layout, id_column, draw, old).take()


def id_of(cell: Cell) -> str | None:
    """The id that a cell holds, normalised (`1.0` is `1`); None where it is blank."""
    said = text(cell)
    return re.sub(r"^(-?\d+)\.0+$", r"\1", said, flags=re.ASCII) if said is not None else None


class _Census:
    """One read while it is being told apart."""

    def __init__(
        self,
        rows: Sequence[Row],
        known: Mapping[str, RowState],
        layout: Layout,
        id_column: str | None,
        draw: Callable[[], str],
        old: Collection[str],
    ) -> None:
        self._rows, self._known, self._layout, self._id_column, self._draw, self._old = rows, known, layout, id_column, draw, old
        self._loose = [row for row in rows if row.key.startswith(PROVISIONAL)]
        loose = {row.key for row in self._loose}
        self._good = {row.key: row for row in rows if row.key not in loose}
        self._originals: dict[str, str] = {}  # Row.key → id of loose rows of which it is known who they are
        self._mint: list[Mint] = []
        self._unclear: dict[str, str] = {}
        self._doubtful: dict[str, str] = {}
        self._taken: set[str] = set()

    def take(self) -> Named:
        if not self._loose:
            return Named(self._good, (), {})
        self._taken = {*self._known, *self._good}
        bearers: defaultdict[str, list[Row]] = defaultdict(list)
        blank: list[Row] = []
        for row in self._loose:
            if (id_ := self._id(row)) is not None:
                bearers[id_].append(row)
            elif self._has_content(row):
                blank.append(row)
        self._taken |= set(bearers)
        for id_, group in bearers.items():
            self._borne(id_, group)
        if self._id_column is not None:
            self._without(blank, set(bearers))
        else:
            for row in blank:
                self._called_alike(row, self._nameless(row))
        named = ((row.key if row.key in self._good else self._originals.get(row.key), row) for row in self._rows)
        settled = {key: row for key, row in named if key is not None}
        return Named(settled, tuple(self._mint), self._unclear, self._doubtful)

    def _called_alike(self, row: Row, message: str) -> None:
        """A row without an id that can't be told by its Name. A known row of that name isn't gone, be it this one or not."""
        self._unclear[row.key] = message
        key = id_of(self._layout.canonical(row.cells).get(Column.NAME))
        if key is not None and (state := self._known.get(key)) is not None and state.deleted_at is None:
            self._doubtful[key] = message

    def _nameless(self, row: Row) -> str:
        """Why a row of a table without ids can't be told from others by its Name."""
        name = self._layout.canonical(row.cells).get(Column.NAME)
        what = flaw(said) if (said := text(name)) is not None else None
        if what is not None:
            return f"Name {quoted(name)}: {what}, so rows can't be told apart; mend it, or add a column ID"
        return "Name is blank or doubled, so rows can't be told apart; mend it, or add a column ID"

    def _id(self, row: Row) -> str | None:
        return id_of(row.cells.get(self._id_column)) if self._id_column is not None else None

    def _has_content(self, row: Row) -> bool:
        """Whether a person began a task here. Strangers don't count: formulas and boxes often reach far below the last row."""
        cells = self._layout.canonical(row.cells)
        return any(text(cells.get(c)) is not None and cells.get(c) is not False for c in _TYPED)

    # --- rows that bear an id, and yet are not told by it

    def _borne(self, id_: str, group: list[Row]) -> None:
        if (what := flaw(id_)) is not None:
            message = f"ID {quoted(id_)}: {what}; write another, or clear the cell to get one"
            self._unclear.update({row.key: message for row in group})
            return
        original = None
        if id_ not in self._good:
            original = group[0] if len(group) == 1 else self._original(id_, group)
            if original is None:
                self._doubt(id_, group)
                return
            self._originals[original.key] = id_
        for row in group:
            if row is not original:
                self._give(row, draft=True, why=_COPY.format(f"the row with the ID {id_}"), copied=True)

    def _original(self, id_: str, group: Sequence[Row]) -> Row | None:
        """The one row of several that the ledger knows by this id; None where that can't be told.

        Of rows that are the same in every cell it is the uppermost: which one was copied makes no difference to anybody.
        """
        likely = group
        if (state := self._known.get(id_)) is not None:
            marked = [row for row in group if row.handle is not None and row.handle == state.handle]
            if len(marked) == 1:
                return marked[0]
            likely = marked or group
            likely = [row for row in likely if self._content(row) == _content(state.cells)] or likely
        return likely[0] if all(row.cells == likely[0].cells for row in likely) else None

    def _doubt(self, id_: str, group: Sequence[Row]) -> None:
        names = [self._layout.canonical(row.cells).get(Column.NAME) for row in group]
        listed = " and ".join(dict.fromkeys(quoted(name) for name in names[:5]))
        message = (
            f"ID {quoted(id_)} stands in {len(group)} rows ({listed}), so none of them runs; clear it in the copy to get a new one"
        )
        self._unclear.update({row.key: message for row in group})
        if (state := self._known.get(id_)) is not None and state.deleted_at is None:
            self._doubtful[id_] = message

    # --- rows without an id

    def _without(self, rows: Sequence[Row], borne: Collection[str]) -> None:
        """Put lost ids back, by handle, content or Name; what is left are new rows.   borne: ids that other rows bear."""
        if not rows:
            return
        present = {*self._good, *self._originals.values(), *borne}
        lost = {key: state for key, state in self._known.items() if key not in present}
        seen = Counter(row.handle for row in rows)
        had = Counter(state.handle for state in lost.values())
        marked = {s.handle: key for key, s in lost.items() if s.handle is not None and seen[s.handle] == had[s.handle] == 1}
        new: defaultdict[_Content, list[Row]] = defaultdict(list)
        for row in rows:
            if row.handle is not None and (key := marked.get(row.handle)) is not None:
                del lost[key]
                self._restore(row, key)
            else:
                new[self._content(row)].append(row)
        lost = {key: state for key, state in lost.items() if state.deleted_at is None}  # one that is typed in again is a new one
        by_content: defaultdict[_Content, list[str]] = defaultdict(list)
        for key, state in lost.items():
            by_content[_content(state.cells)].append(key)
        strange: list[Row] = []
        for content, group in new.items():
            if content and (keys := by_content.get(content)):
                self._match(group, keys)
                for key in keys:
                    del lost[key]
            else:
                strange += group
        self._by_name(strange, lost)

    def _match(self, group: Sequence[Row], keys: Sequence[str]) -> None:
        """group: rows of equal content without an id.   keys: lost ids whose rows had this content."""
        if len(keys) == len(group) == 1:
            self._restore(group[0], keys[0])
        else:
            listed = " or ".join(quoted(key) for key in sorted(keys)[:5])
            message = f"ID is blank, and {listed} was lost by a row that read the same; write it back where it belongs"
            self._unclear.update({row.key: message for row in group})
            self._doubtful.update(dict.fromkeys(keys, message))

    def _by_name(self, rows: Sequence[Row], lost: Mapping[str, RowState]) -> None:
        """Rows that read as none did that lost its id: who has the table open since before rowd wrote one saves without it, again
        and again. Where a Name stands once and was lost once, it is the same row, edited; all others are new.
        """
        had: defaultdict[str, list[str]] = defaultdict(list)
        for key, state in lost.items():
            if (name := _name(state.cells)) is not None:
                had[name].append(key)
        ours = [row.key for row in rows if _written(self._layout.canonical(row.cells))] if self._known else []
        copied = {key for key in ours if key not in self._old}
        names = Counter(map(self._name, self._rows)) if had or copied else Counter()
        for row in rows:
            name = self._name(row)
            keys = had.get(name, []) if name is not None and names[name] == 1 else []
            if len(keys) == 1:
                self._restore(row, keys[0])
            elif row.key in copied and name is not None and names[name] > 1:
                called = quoted(self._layout.canonical(row.cells)[Column.NAME])
                self._give(row, draft=True, why=_COPY.format(f"another row that is called {called}"), copied=True)
            else:
                self._give(row, draft=False, why="a new row", copied=row.key in copied)

    def _restore(self, row: Row, key: str) -> None:
        self._mint.append(Mint(row, key, draft=False, why=f"the row lost its ID {key}: it was put back"))

    def _give(self, row: Row, *, draft: bool, why: str, copied: bool) -> None:
        drawn = id_ = self._draw()
        number = 1
        while id_ in self._taken or id_.startswith(PROVISIONAL):
            number += 1
            id_ = self._draw() if number < 10 else f"{drawn.lstrip(PROVISIONAL)}-{number}"
        self._taken.add(id_)
        self._mint.append(Mint(row, id_, draft=draft, why=why, copied=copied))

    def _content(self, row: Row) -> _Content:
        return _content(self._layout.canonical(row.cells))

    def _name(self, row: Row) -> str | None:
        return _name(self._layout.canonical(row.cells))


_Content = frozenset[tuple[str, Cell]]

_TYPED = tuple(c for c in Column if c not in OURS and c is not Column.ID)


def _content(cells: Mapping[str, Cell]) -> _Content:
    """The person's own cells, strangers included, blank ones left out."""
    return frozenset((str(c), v) for c, v in cells.items() if v is not None and c not in OURS and c not in SHARED)


_COPY = "a copy of {}: it got an id of its own and became a draft"

_PEOPLES_TOO = frozenset({Column.LAST_RUN, Column.HEALTH})
"""Of rowd's own columns, what a person may have written into a new row, and what rowd writes into rows that have no id yet."""


def _written(cells: Mapping[str, Cell]) -> bool:
    """Whether a row bears what only rowd writes, and only into rows that it knows. That it counted nothing is no mark of that."""
    return any(text(cells.get(c)) not in (None, "0") for c in OURS - _PEOPLES_TOO)


def _name(cells: Mapping[str, Cell]) -> str | None:
    """The Name as far as a person sees it; None where it is blank."""
    return alike(said) if (said := text(cells.get(Column.NAME))) is not None else None


# --- rows that vanish


class Presence(Struct, frozen=True):
    """Who is there.

    absent: missing as of this read, and so under suspicion; in a held table that some rows came back to, all that still are.
    gone: missing in two complete reads, SETTLE apart: deleted.   back: there again, after they were absent or deleted.
    held: why the whole table is held; None where it isn't.
    """

    absent: tuple[str, ...] = ()
    gone: tuple[str, ...] = ()
    back: tuple[str, ...] = ()
    held: str | None = None


def presence(known: Mapping[str, RowState], seen: Collection[str], now: datetime, zone: tzinfo = UTC) -> Presence:
    """Compare a complete read at `now` (aware UTC) with what is known. Keys are answered in the order of `known`.

    seen: every key that stands in the table; membership should be cheap.   zone: the table's, in which people are told its times.
    A hold is counted from the newest `absent_since`, so whoever has the same states knows the same end of it.
    """
    away = [(k, s) for k, s in known.items() if s.absent_since is not None or s.deleted_at is not None]
    alive = len(known) - sum(state.deleted_at is not None for _, state in away)
    unseen = known.keys() - seen
    missing = [key for key in known if key in unseen and known[key].deleted_at is None] if unseen else []
    absent = tuple(key for key in missing if known[key].absent_since is None)
    back = tuple(key for key, _ in away if key in seen)
    if len(missing) >= HELD_FROM and len(missing) > HELD_SHARE * alive:
        if any(known[key].deleted_at is None for key in back):
            absent = tuple(missing)  # someone is at it: the wait begins anew
        since = now if absent else max(known[key].absent_since or now for key in missing)
        until = since + HELD_FOR
        if now < until:
            remedy = f"put them back, or leave it so until {moment(until, zone)} if you mean it (`rowd delete --gone`: at once)"
            return Presence(absent, (), back, f"{len(missing)} of {alive} rows are gone at once; {remedy}")
    gone = tuple(key for key in missing if (missed := known[key].absent_since) is not None and now - missed >= SETTLE)
    return Presence(absent, gone, back)
