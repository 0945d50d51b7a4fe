"""A table as it was last read, and what a new look at it comes to when it is held against what is known of its rows."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from msgspec.structs import replace

from connectors.api import PROVISIONAL, Cell, Effect, Row, Written
from engine.altered import altered, deleted
from engine.cells import instant_or_none, quoted, same
from engine.columns import OURS, Column
from engine.findings import Findings, Reading
from engine.handover import handed_over
from engine.identity import Mint, Named, Presence, identify, presence
from engine.lateness import left_behind
from engine.layout import Layout
from engine.meanings import Meanings
from engine.merge import Observation, active, delivered, first_sight, observe, shows, unchanged
from engine.metadata import setting
from engine.model import BY_PERSON, Defect, Edit, Occurrence, RowState, Task
from engine.remit import come_over
from engine.rules import TableRules

FORGOTTEN_AFTER = timedelta(days=31)
"""How long a deleted row is remembered; the ledger forgets it after 30 days."""

UNMARKED = timedelta(minutes=10)
"""A cell that took no id is tried again so much later: whatever kept it from that may have been mended."""

LEFT = "the row was {} before it could start"
"""Why what had come due is not decided on any more."""


class Sight:
    """One table's. It reads what is known of the rows and never changes it: that is for whoever makes the findings durable.

    layout: None before the first read, and while the headers can't be understood.   held: why the rows can't be trusted.
    order: keys in table order.   mints: provisional key → the id that its row is to be given.
    unclear: provisional key → what a person must do about a row that can't be told, and the row's cells.
    doubtful: known keys that unclear rows bear → the same.   baffling: key → how we failed on what its row says now.
    gone: columns that were taken away, and in which rows had said something: it holds on.
    """

    def __init__(self, rules: TableRules, states: Mapping[str, RowState], meanings: Meanings, columns: tuple[str, ...]) -> None:
        """columns: the headers as last read."""
        self.rules = rules
        self.layout: Layout | None = None
        self.columns = columns
        self.id_column: str | None = None
        self.held: str | None = None
        self.order: list[str] = []
        self.mints: dict[str, Mint] = {}
        self.unclear: dict[str, tuple[str, Mapping[str, Cell]]] = {}
        self.doubtful: dict[str, str] = {}
        self.baffling: dict[str, str] = {}
        self.gone: tuple[Column, ...] = ()
        self._states = states
        self._meanings = meanings
        self._raw: dict[str, Mapping[str, Cell]] = {}  # cells as the store gave them, of rows with nothing new in them
        self._found: set[str] = set()  # provisional keys of rows without an id, of a new ledger's first read
        self._found_ids: set[str] = set()  # what these were given
        self._put: dict[str, dict[str, Cell]] = {}  # cells written, but not yet shown by the store
        self._unanswered: dict[str, Mapping[str, Cell]] = {}  # cells that may have been written: no answer came
        self._unmarked: dict[str, tuple[str, datetime]] = {}  # rows whose cell took no id: why, and when it is tried again
        self._given: dict[str, str] = {}  # ids given to copied rows → what their Health is to say at first
        self._laid: tuple[tuple[str, ...], Mapping[str, str], Layout] | None = None  # the headers, the renames, what they came to
        self._lost: frozenset[str] = frozenset()
        self._renamed = self._handed_over = False
        self._told_unclear: set[str] = set()

    @property
    def _table(self) -> str:
        return self.rules.rules.table

    # --- a complete read

    def _laid_out(self, columns: tuple[str, ...]) -> Layout:
        """These headers, understood: once, for they seldom change."""
        if self._laid is None or self._laid[:2] != (columns, self.rules.renames):
            self._laid = columns, self.rules.renames, Layout.of(columns, self.rules.renames)
        return self._laid[2]

    def take(self, reading: Reading, now: datetime, draw: Callable[[], str], *, new_ledger: bool) -> Findings:
        """Hold a complete read against what is known.

        draw: makes a fresh id.   new_ledger: nothing of this table was ever read before.
        """
        found = Findings()
        if reading.headless is not None:
            self.held, self.layout = reading.headless, None
            return found
        layout = self._laid_out(tuple(reading.columns))
        if reading.columns != self.columns:
            self._raw.clear()  # a write may have answered with a column that nobody had read yet
        self.columns = reading.columns
        if layout.trouble is not None:  # no row of such a table can be trusted: nothing starts until it is mended
            self.held, self.layout = layout.trouble, None
            return found
        if (lost := layout.lost(state.cells for state in self._states.values() if state.deleted_at is None)) is not None:
            self.held, self.layout = lost, None
            return found
        if self.layout is None or self.layout.headers != layout.headers:
            self.gone = layout.gone(state.cells for state in self._states.values() if state.deleted_at is None)
        self.layout, self.id_column = layout, reading.id_column
        named = identify(reading.rows, self._states, layout, reading.id_column, draw, self._found)
        present = presence(self._states, named.present, now, self.rules.rules.zone)
        found.look_again = self.doubtful != named.doubtful
        self.held = present.held
        given = self._addressed(reading.rows, named, layout, now)
        self._found_without_id(named, new_ledger=new_ledger)
        baffling: dict[str, str] = {}
        self._handed_over = reading.handed_over
        for key, row in named.rows.items():
            was = self._raw.get(key)
            if key not in self._put and (was is row.cells or was == row.cells):  # a store may give the last read's very cells again
                continue
            old = new_ledger or key in self._found_ids
            try:
                self._row(found, key, row, now, note=given.get(key), new_ledger=old)
            except Exception as exc:  # cells of a kind that we never thought of are this row's trouble alone
                baffling[key] = f"what the row says can't be taken up ({type(exc).__name__}: {exc}); write it otherwise"
        found.look_again |= self.baffling != baffling
        self.baffling, self._renamed = baffling, False
        self._missing(found, present, now)
        return found

    def _addressed(self, rows: Iterable[Row], named: Named, layout: Layout, now: datetime) -> Mapping[str, str]:
        """Remember who is who; answer key → the note of a copied row that has got its id since the last read."""
        unclear = [row for row in rows if row.key in named.unclear] if named.unclear else []
        primary = self.rules.rules.remit.primary  # no other daemon gives ids, or says what is wrong with rows that have none
        self.unclear = {row.key: (named.unclear[row.key], layout.canonical(row.cells)) for row in unclear if primary}
        self.doubtful = dict(named.doubtful)
        self.order = list(named.rows)
        self.mints = {mint.row.key: mint for mint in named.mint if primary}
        self._unmarked = {key: told for key, told in self._unmarked.items() if key in self.mints and told[1] > now}
        for key, (why, _) in self._unmarked.items():
            self.unclear[key] = (why, layout.canonical(self.mints.pop(key).row.cells))
        self._lost = frozenset(mint.id for mint in named.mint)
        given, self._given = self._given, {mint.id: mint.why for mint in named.mint if mint.draft}
        return given

    def _found_without_id(self, named: Named, *, new_ledger: bool) -> None:
        """A row that stood there without an id before this ledger read anything is no newer than the others, once it has its id."""
        if new_ledger:
            self._found = {mint.row.key for mint in named.mint}
        self._found_ids |= {mint.id for mint in named.mint if mint.row.key in self._found}

    def _row(self, found: Findings, key: str, row: Row, now: datetime, *, note: str | None, new_ledger: bool) -> None:
        """Hold one row that reads otherwise than last time against what is known of it.

        note: what its Health is to say at first, should it be new; None for nothing.
        """
        assert self.layout is not None  # noqa: S101 (a row is only taken after the headers were)
        cells, known = self.layout.canonical(row.cells), self._states.get(key)
        if known is None:
            anchor = instant_or_none(cells.get(Column.LAST_RUN), self.rules.rules.zone)
            seen = first_sight(self._table, key, cells, now, new_ledger=new_ledger, anchor=anchor, handle=row.handle)
            seen = replace(seen, state=replace(seen.state, note=note)) if note is not None else seen
        else:
            seen = self._again(known, cells, now, row.handle)
            if self._handed_over:
                understood, last_run = self._meanings.understood.get(key), cells.get(Column.LAST_RUN)
                state, records = handed_over(known, seen.state, last_run, understood, self.rules.rules.zone, now)
                seen, found.records = replace(seen, state=state), found.records + records
            if self._comes_over(known, seen.state):
                seen = replace(seen, state=come_over(seen.state, now, self.rules.poll))
        self._note(found, seen, now, old=known is None and new_ledger)
        self._put.pop(key, None)
        self._unanswered.pop(key, None)
        if key in found.states:
            found.read[key] = row.cells
        else:  # came to nothing, so nothing of it has to be durable first
            self._raw[key] = row.cells
        if known is None:
            found.added.append(key)

    def _comes_over(self, before: RowState, after: RowState) -> bool:
        """Whether a person has made another daemon's row one of ours."""
        ours = [self.rules.rules.remit.elsewhere(setting(one.cells, Column.RUNS_ON)) is None for one in (before, after)]
        return before.cells is not after.cells and ours == [False, True]

    def _again(self, known: RowState, cells: Mapping[str, Cell], now: datetime, handle: str | None) -> Observation:
        """A known row as read. What a write put there unseen is no edit, in whatever form the store gives it back.

        Where nothing stands, nothing was put: the column was called otherwise just then, or a person has emptied the cell.
        """
        there = known.absent_since is None and known.deleted_at is None
        if there and known.key not in self._put and unchanged(known, cells, handle):
            return Observation(known)
        back = replace(known, absent_since=None, deleted_at=None)
        if known.deleted_at is not None:  # put back after it was deleted: nothing from meanwhile runs
            since = now.replace(microsecond=0)
            back = replace(back, since=since, settled_until=since, armed=False)
        put, perhaps = self.unshown(known.key), self._unanswered.get(known.key, {})
        if perhaps and all(c in cells and same(cells[c], v) for c, v in perhaps.items()):
            put = {**put, **perhaps}  # it landed; else the row could pass for an older one that looked the same
        stands = {c: v for c, v in put.items() if c in cells and (cells[c] is not None or v is None)}
        # A store may give it back in another form; but what stood there before was brought back, by an old copy.
        ours = {c: v for c, v in stands.items() if same(cells[c], v) or (c in OURS and cells[c] != known.stood.get(c))}
        return delivered(back, ours, cells, now) if ours else observe(back, cells, now, handle)

    def _missing(self, found: Findings, present: Presence, now: datetime) -> None:
        for key in present.back:
            if key in self.doubtful and self._states[key].deleted_at is None:
                # Which of the rows it is can't be told, so none was taken up; but it is there, and a hold isn't for its sake.
                found.states[key] = replace(self._states[key], absent_since=None)
        for key in present.absent:
            found.states[key] = replace(self._states[key], absent_since=now)
        for key in present.gone:
            found.records += self._left_behind(self._states[key], now, "deleted")
            found.states[key] = replace(self._states[key], deleted_at=now)
            found.gone.append(key)
            found.altered.append(deleted(self._states[key]))

    def long_gone(self, now: datetime) -> list[str]:
        """Rows that were deleted so long ago that the ledger forgets them, too."""
        return [k for k, s in self._states.items() if s.deleted_at is not None and now - s.deleted_at > FORGOTTEN_AFTER]

    # --- an answered write

    def delivered(
        self,
        patches: Sequence[tuple[str, Mapping[str, Cell]]],
        answers: Sequence[Written],
        now: datetime,
        doubted: Collection[str] = (),
    ) -> Findings:
        """Hold the answer to a write against what is known. patches: (key, canonical cells put).

        doubted: keys of rows of which the answer to an earlier write never came; in others, what was not put now stands nowhere.
        """
        found = Findings()
        assert self.layout is not None  # noqa: S101 (nothing is written before the first read)
        for (key, put), answer in zip(patches, answers, strict=True):
            known, row, done = self._states.get(key), answer.row, answer.effect is Effect.APPLIED
            if row is not None and not self.shows(row):
                row = None
            if known is not None and known.meant and not done and key not in doubted:
                known = replace(known, meant={})
            try:
                if known is not None and row is None and not done:
                    self._note(found, Observation(known), now)
                if known is not None and row is not None:
                    cells = self.layout.canonical(row.cells)
                    seen = delivered(known, put, cells, now) if done else observe(known, cells, now)
                    self._note(found, seen, now)
                    found.read[key] = row.cells
                    if done and seen.press is None and shows(known, put, seen.state):
                        found.told.add(key)
            except Exception:  # what fails here fails at the next read, too, and is told then
                row = None
            if done and answer.unfit:
                self._without_id(key, answer.unfit, now)
            if row is None and done and not key.startswith(PROVISIONAL):
                self._put[key] = {**self.unshown(key), **put}
        return found

    def _without_id(self, id_: str, unfit: Mapping[str, str], now: datetime) -> None:
        """Where a row's cell takes no id, a person must do something about it: to try again at once would be in vain."""
        assert self.layout is not None  # noqa: S101 (something was written)
        why = unfit.get(self.layout.header(Column.ID) or "")
        key = next((key for key, mint in self.mints.items() if mint.id == id_), None)
        if why is not None and key is not None:
            said = f"this row can't be given an id: {why}"
            self._unmarked[key] = said, now + UNMARKED
            self.unclear[key] = (said, self.layout.canonical(self.mints.pop(key).row.cells))

    def shows(self, row: Row) -> bool:
        """Whether a row that a write answered with has the columns that were read last: a renamed one looks like emptied cells."""
        return self.layout is not None and all(header in row.cells for header in self.columns)

    def unanswered(self, patches: Iterable[tuple[str, Mapping[str, Cell]]]) -> None:
        """Nobody knows whether these canonical cells were put: the next read tells."""
        self._unanswered.update(patches)

    def unshown(self, key: str) -> Mapping[str, Cell]:
        """Canonical cells that were put into this row, and how they stand there was not seen yet."""
        return self._put.get(key, {})

    def unclear_news(self) -> list[Defect]:
        """Rows that can't be told apart, each sentence once while it holds: their keys change with every cell."""
        said = dict(self.unclear.values())
        fresh = [message for message in said if message not in self._told_unclear]
        self._told_unclear = set(said)
        return [Defect(self._table, "", str(said[m].get(Column.NAME) or "?"), str(Column.ID), m) for m in fresh]

    def missing(self, cells: Mapping[str, Cell] | None = None) -> tuple[str, ...]:
        """A sentence on each column that was taken away and still holds; where cells (canonical) are given, in that row alone."""
        told = (c for c in self.gone if cells is None or cells.get(c) is not None)
        return tuple(
            f"the column {quoted(self.rules.renames.get(c, c))} is gone, and what it last said holds on; put it back" for c in told
        )

    def waits_for_id(self, key: str) -> bool:
        """Whether this known row has lost its id, and is to be given it again."""
        return key in self._lost

    # --- what became of it

    def durable(self, states: Mapping[str, RowState], read: Mapping[str, Mapping[str, Cell]]) -> None:
        """These findings are known now.   read: those rows of them that were read, as the store gave them."""
        self._raw.update(read)
        for key in [key for key, state in states.items() if state.absent_since is not None or state.deleted_at is not None]:
            self._raw.pop(key, None)  # should it come back, that is news, though it says the same

    def reconfigure(self, rules: TableRules) -> None:
        """Go on with other rules. A column that is called otherwise now makes every row read otherwise, though nobody edited it."""
        self._renamed |= self.rules.renames != rules.renames
        self.rules = rules
        self._raw.clear()

    def forget(self, key: str) -> None:
        """The ledger has forgotten the row."""
        self._put.pop(key, None)
        self._unanswered.pop(key, None)

    def _note(self, found: Findings, seen: Observation, now: datetime, *, old: bool = False) -> None:
        """Add what was seen of one row. Where that fails half-way, nothing of it is added.   old: it was there before rowd was."""
        state, before = seen.state, self._states.get(seen.state.key)
        if state is before and seen.press is None:
            return
        records: list[Occurrence] = []
        if before is not None and state.since != before.since:
            records = self._left_behind(before, now, "changed")
        elif before is not None and active(before) and not active(state):
            records = self._left_behind(before, now, "paused")
        name, by = str(state.cells.get(Column.NAME) or ""), "rowd.toml" if self._renamed else BY_PERSON
        edits = [
            Edit(self._table, state.key, name, change.column, _said(change.old), _said(change.new), now, by)
            for change in seen.changes
        ]
        alterations = [] if old else list(altered(before, state, edits))
        found.records += records
        found.edits += edits
        found.altered += alterations
        if state != before:
            found.states[state.key] = state
        if seen.press is not None:
            found.presses.append((state, seen.press))

    def _left_behind(self, before: RowState, now: datetime, what: str) -> list[Occurrence]:
        """What has come due of a row as it was, and is not decided on any more."""
        task = self._meanings.understood.get(before.key)
        return left_behind(task, before, now, LEFT.format(what)) if isinstance(task, Task) else []


def _said(cell: Cell) -> str | None:
    return None if cell is None else str(cell)
