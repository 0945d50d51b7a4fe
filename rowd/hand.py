"""A table under a person's hand: what commands read from it and put into it, through its connector, as a person would.

Nothing here knows the ledger, but for what its requests take of a month, rows that are made in a run, and the audit trail. The
daemon sees such edits as it sees any other, when it next reads the table.
"""

from __future__ import annotations

import asyncio
import json
import shlex
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime

from msgspec import Struct
from msgspec.structs import replace

from config.mistakes import nearest_first
from connectors.api import PROVISIONAL, Cell, Editable, Effect, Patch, Row, Table, fold
from connectors.errors import NeedsOwner, TableError, TryLater
from engine.cells import guess, quoted, text
from engine.clock import SystemClock
from engine.columns import OURS, Column
from engine.gate import TableGate
from engine.identity import id_of
from engine.layout import COLUMNS, Layout
from engine.made import Made
from engine.meanings import Meanings
from engine.merge import first_sight
from engine.metadata import SETTINGS
from engine.model import Defect, RowState, Task
from engine.parse import Rules, parse
from rowd import auditing
from rowd.allowances import commands_governor
from rowd.bound import Bound
from rowd.making import making
from rowd.wiring import new_id

UNSETTABLE = "is written by rowd alone"


class Unfit(ValueError):
    """A cell that can't be put: why, and the remedy."""


class Created(Struct, frozen=True):
    """Rows that were made.   keys: in their order.   made: of what run they are drafts; None outside of any."""

    keys: tuple[str, ...]
    made: Made | None = None


class Hand:
    """One table, as it was read a moment ago. See `hand`.

    rows: (canonical cells by row), in the order of the table, with the key that the store knows each by.
    """

    def __init__(self, bound: Bound, table: Table) -> None:
        """Reads the whole table. Raises what `Table.read` raises, and NeedsOwner where its columns can't be told."""
        self.bound = bound
        self.name = bound.rules.rules.table
        self._table = table
        page = table.read()
        found = list(page.rows)
        while page.next is not None:
            page = table.read(page.next)
            found += page.rows
        self.columns = page.columns
        self._clock = page.time_zone
        self.layout = Layout.of(page.columns, bound.rules.renames)
        self._id_column = page.id_column
        self._wrote = False
        if self.layout.trouble is not None:
            raise NeedsOwner(f"{self.name}: {self.layout.trouble}")
        self.rows: list[tuple[Row, dict[str, Cell]]] = [(row, self.layout.canonical(row.cells)) for row in found]

    @property
    def rules(self) -> Rules:
        """How rows are understood, by the table's own clock where that counts."""
        return self.bound.rules.by_clock_of(self._clock).rules

    @property
    def editable(self) -> Editable:
        """The table, where rows can be made and removed by a program. Raises NeedsOwner where they can't."""
        if isinstance(self._table, Editable):
            return self._table
        raise NeedsOwner(f"{self.name}: rows of this kind of table are made and removed by hand, in the table itself")

    # --- what rows mean

    def understood(self, cells: Mapping[str, Cell], now: datetime) -> Task | Defect:
        """What a new row of these canonical cells would mean. That others bear its Name is not looked at: see `bearer`."""
        key = id_of(cells.get(Column.ID)) or PROVISIONAL
        cells = {**dict.fromkeys(key for _, key in self.layout.keys), **cells}
        seen = first_sight(self.name, key, cells, now, new_ledger=False, anchor=None, handle=None)
        return self._among_others(seen.state)

    def reread(self, state: RowState, cells: Mapping[str, Cell]) -> Task | Defect:
        """What a known row would mean with these canonical cells."""
        return self._among_others(replace(state, cells=cells))

    def _among_others(self, state: RowState) -> Task | Defect:
        """What a row means; where it speaks of others, in the light of those."""
        alone = parse(state, self.rules)
        if not isinstance(alone, Task) or not (alone.depends_on or alone.condition is not None or alone.blanks):
            return alone
        others = (
            first_sight(self.name, row.key, cells, state.first_seen, new_ledger=False, anchor=None).state
            for row, cells in self.rows
            if row.key != state.key
        )
        states = {other.key: other for other in others} | {state.key: state}
        meanings = Meanings(self.rules)
        meanings.read(states, states)
        return meanings.understood[state.key]

    def bearer(self, name: str, but: str | None = None) -> str | None:
        """The key of a row that has this Name; None where none has.   but: a row that doesn't count."""
        wanted = name.strip().casefold()
        return next((row.key for row, cells in self.rows if row.key != but and _name(cells).casefold() == wanted), None)

    def place(self, key: str) -> str:
        """How a person finds a row in the table: `ID 17`; where it has none of its own, `row 3`, counted below the headers."""
        if not key.startswith(PROVISIONAL):
            return f"ID {key}"
        return next((f"row {number}" for number, (row, _) in enumerate(self.rows, 1) if row.key == key), "a row without an ID")

    def cells_of(self, key: str) -> dict[str, Cell]:
        """The canonical cells of a row. Raises NeedsOwner where several lines bear its id, TryLater where it is no longer there."""
        found = next((dict(cells) for row, cells in self.rows if row.key == key), None)
        if found is None:
            raise self._moved(key)
        return found

    # --- cells

    def put_by_hand(self, cells: Mapping[str, Cell], said: Mapping[str, Cell]) -> dict[str, Cell]:
        """The same where a person has named each column: what isn't there is no place, and `Metadata.KEY` is a key of Metadata.

        Raises Unfit.
        """
        inner = {key.strip(): v for word, v in said.items() if (key := _key_of(word)) is not None}
        for word in said:
            if _key_of(word) is None and not self._has(column := self._column(word)) and column not in OURS:
                key = column.lower().replace(" ", "_")
                instead = (
                    f"Add it to the table, or put it into Metadata: --set {shlex.quote(f'Metadata.{key}={said[word] or str()}')}"
                )
                raise Unfit(f"{self.name} has no column {column}; its columns are {nearest_first(word, self.columns)}. {instead}")
        found = self.assigned(cells, {word: v for word, v in said.items() if _key_of(word) is None})
        if inner and not self._has(Column.METADATA):
            raise Unfit(f"{self.name} has no column Metadata; its columns are {nearest_first('Metadata', self.columns)}")
        return {**found, Column.METADATA: _merged(found.get(Column.METADATA), inner)} if inner else found

    def assigned(self, cells: Mapping[str, Cell], said: Mapping[str, Cell]) -> dict[str, Cell]:
        """A row's canonical cells after these assignments: header or canonical name → value, None to clear.

        A setting that has no column of its own here goes into Metadata. Raises Unfit.
        """
        found = dict(cells)
        inner: dict[str, Cell] = {}
        for word, value in said.items():
            column = self._column(word)
            if column in OURS:
                raise Unfit(f"{column} {UNSETTABLE}")
            if column in found or self._has(column):
                found[column] = value
            else:
                inner[column] = value
        if inner:
            found[Column.METADATA] = _merged(found.get(Column.METADATA), inner)
        return found

    def _column(self, word: str) -> str:
        """A canonical name, or a stranger's own header. Raises Unfit."""
        folded = fold(word)
        own = {fold(header): key for header, key in self.layout.keys}
        if folded in own:
            return own[folded]
        if (known := COLUMNS.get(folded)) is not None:
            if self._has(known) or (folded in SETTINGS and self._has(Column.METADATA)):
                return str(known)
            renamed = f", or set columns.{known} in rowd.toml" if known in OURS or known in SETTINGS.values() else ""
            there = f"Its columns are {nearest_first(word, self.columns)}"
            raise Unfit(f"{self.name} has no column {known}; add it to the table{renamed}. {there}")
        near = guess(word, [*self.columns, *(str(c) for c in SETTINGS.values())])
        hint = f'; did you mean "{near}"?' if near else ";"
        how = ". A parameter of its action is put so: --set Metadata.KEY=VALUE" if self._has(Column.METADATA) and not near else ""
        raise Unfit(f"{self.name} has no column {quoted(word)}{hint} its columns are {nearest_first(word, self.columns)}{how}")

    def _has(self, column: str) -> bool:
        return any(key == column for _, key in self.layout.keys)

    # --- changes

    def fresh_id(self, also: Sequence[str] = ()) -> str | None:
        """An id that no row has; None where the table gives ids itself, or has no column for them."""
        if self._id_column is None:
            return None
        taken = {row.key for row, _ in self.rows} | {id_of(cells.get(Column.ID)) for _, cells in self.rows} | set(also)
        while (drawn := new_id()) in taken:
            pass
        return drawn

    def create(self, rows: Sequence[Mapping[str, Cell]]) -> Created:
        """Append rows of canonical cells, each with an id where the table has a column for it; inside a run as drafts.

        Raises what `Editable.create` raises, and `making` does.
        """
        editable = self.editable
        given: list[str] = []
        whole = [dict(cells) for cells in rows]
        for cells in whole:
            if text(cells.get(Column.ID)) is None and (drawn := self.fresh_id(given)) is not None:
                cells[Column.ID] = drawn
                given.append(drawn)
        columns = [key for _, key in self.layout.keys]
        with making(self.bound, whole, columns=columns, keyed=self._id_column is not None, clock=SystemClock()) as their:
            ready = [self._headers(cells) for cells in their.rows]
            for start in range(0, len(ready), size := self._table.traits.batch):
                with self._written():
                    made = editable.create(ready[start : start + size])
                their.keys += made
                self._noted("added", dict(zip(made, their.rows[start : start + size], strict=True)))
        return Created(tuple(their.keys), their.made)

    def put(self, changes: Mapping[str, Mapping[str, Cell]]) -> None:
        """Put canonical cells into rows, by key. Raises what `cells_of` raises, and what `Table.write` does."""
        patches = [Patch(key, self._headers(cells)) for key, cells in changes.items() if cells]
        size = self._table.traits.batch
        for start in range(0, len(patches), size):
            some = patches[start : start + size]
            with self._written():
                answers = self._table.write(some)
            applied = [p.key for p, answer in zip(some, answers, strict=True) if answer.effect is Effect.APPLIED]
            self._noted("edited", {key: changes[key] for key in applied})
            for patch, answer in zip(some, answers, strict=True):
                if answer.effect is not Effect.APPLIED:
                    raise self._moved(patch.key)
                if answer.unfit:
                    raise NeedsOwner(f"{self.name}: {'; '.join(answer.unfit.values())}. What else was to be put was put.")

    def delete(self, key: str) -> None:
        """Remove a row. Raises what `cells_of` raises, and what `Editable.delete` does."""
        with self._written():
            answers = self.editable.delete([key])
        if answers != [Effect.APPLIED]:
            raise self._moved(key)
        self._noted("deleted", {key: {}})

    def _noted(self, change: str, rows: Mapping[str, Mapping[str, Cell]]) -> None:
        """In the audit trail, as far as whoever calls the command may write it.   rows: key → the cells that were put."""
        now, names = SystemClock().now(), {row.key: _name(cells) for row, cells in self.rows}
        told = (auditing.put(self.name, key, _name(cells) or names.get(key, ""), change, cells, now) for key, cells in rows.items())
        auditing.noted(self.bound.ledger, told)

    @contextmanager
    def _written(self) -> Iterator[None]:
        """One write. Of one that can't be made now it is said that nothing of it was, or will be: only the person tries again."""
        try:
            yield
        except TryLater as exc:
            if self._wrote:
                raise
            why = f"Nothing was changed in {self.name}, and nothing waits to be: {exc}"
            raise type(exc)(f"{why.rstrip('.')}. Then repeat the command.", wait=exc.wait) from exc
        self._wrote = True

    def _moved(self, key: str) -> TableError:
        if sum(id_of(cells.get(Column.ID)) == key for _, cells in self.rows) > 1:
            remedy = "Clear the ID of the copies, or give them others; then repeat it."
            return NeedsOwner(f"{self.name}: several lines bear the ID {quoted(key)}, so it can't be told which is meant. {remedy}")
        which = self.place(key) if key.startswith(PROVISIONAL) else f"row {quoted(key)}"
        return TryLater(f"{self.name}: {which} was changed or removed meanwhile. Look again, then repeat it.")

    def _headers(self, cells: Mapping[str, Cell]) -> dict[str, Cell]:
        own = {key: header for header, key in self.layout.keys}
        return {own[key]: value for key, value in cells.items() if key in own}


@contextmanager
def hand(bound: Bound) -> Iterator[Hand]:
    """Open a table, read it, and close it at the end. Its requests keep to what the store allows, as far as this command alone can
    know: it waits here for its turn. Raises TableError.
    """
    with commands_governor([bound], SystemClock()) as governor:
        gate = TableGate(bound.rules.rules.table, governor, asyncio.run, lambda: bound.rules.quota_share)
        table = bound.open(gate.request)
        gate.serve(table)
        try:
            yield Hand(bound, table)
        finally:
            table.close()


def _key_of(word: str) -> str | None:
    """The key of Metadata that `Metadata.KEY` names; None for a column."""
    column, point, key = word.partition(".")
    return key if point and key.strip() and fold(column) == fold(Column.METADATA) else None


def _name(cells: Mapping[str, Cell]) -> str:
    return text(cells.get(Column.NAME)) or ""


def _merged(cell: Cell, inner: Mapping[str, Cell]) -> str | None:
    """Metadata with these settings in it; None where nothing is left. Raises Unfit."""
    said = text(cell)
    try:
        found = json.loads(said) if said else {}
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise Unfit("Metadata is no JSON object, so nothing can be put into it; mend it first")
    for column, value in inner.items():
        for key in [k for k in found if fold(k) == fold(column)]:
            del found[key]
        if value is not None:
            found[column.lower().replace(" ", "_") if fold(column) in SETTINGS else column] = value
    return json.dumps(found, ensure_ascii=False) if found else None
