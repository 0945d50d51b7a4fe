"""Somebody with the base open in a browser: a way to change it that goes through no API and asks no quota."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

from tests.emulators.airtable import schema
from tests.emulators.airtable.changes import Transaction
from tests.emulators.airtable.model import SELECTS, Base, Field, Record, Table, User, View
from tests.emulators.airtable.records import apply_draft
from tests.emulators.airtable.service import DAEMON, OWNER, Airtable
from tests.emulators.airtable.writing import Draft


class Person:
    """One table, as one person sees it in one of its views. What they type is understood as typecast would.

    Rows are named by record id or by the text of their primary field; columns by name.
    """

    def __init__(
        self, emulator: Airtable, base: str, table: str, view: str | None = None, user: User = OWNER, source: str = "client"
    ) -> None:
        """view: else the first one.   source: what webhooks tell: `automation`, `formSubmission`, … for others. Raises KeyError."""
        self._emulator, self._user, self._source = emulator, user, source
        self._base: Base = emulator.bases[base]
        found = self._base.table(table)
        if found is None:
            raise KeyError(table)
        self._table: Table = found
        self._view: View = _known(found.view(view), view) if view is not None else found.views[0]
        self._done: list[Transaction] = []

    def rows(self) -> dict[str, dict[str, Any]]:
        """Record id → filled cells by name, in the order of the view."""
        with self._emulator.lock:
            ids = self._emulator.listing.in_view(self._base, self._table, self._view)
            reader = self._emulator.reader(self._base)
            return {each: reader.fields(self._table, self._table.records[each]) for each in ids}

    def row(self, row: str) -> dict[str, Any]:
        """The filled cells of one."""
        with self._emulator.lock:
            return self._emulator.reader(self._base).fields(self._table, self._table.records[row])

    def type(self, row: str, column: str, text: Any) -> None:
        """Into one cell; "" or None empties it."""
        self.paste(row, [column], [[text]])

    def insert(self, cells: Mapping[str, Any] | None = None, above: str | None = None) -> str:
        """A row, at the end or above another one. Answers its record id."""
        with self._change() as transaction:
            order = self._view.order
            places = {self._view.id: order.index(self._record(above).id)} if above is not None else {}
            return transaction.create(self._table, self._emulator.ids.new("rec"), self._cells(transaction, cells or {}), places).id

    def delete(self, *rows: str) -> None:
        with self._change() as transaction:
            for each in [self._record(row).id for row in rows]:
                transaction.destroy(self._table, each)

    def duplicate(self, row: str) -> str:
        """A copy right below. Answers its record id."""
        with self._change() as transaction:
            record = self._record(row)
            places = {self._view.id: self._view.order.index(record.id) + 1}
            return transaction.create(self._table, self._emulator.ids.new("rec"), dict(record.cells), places).id

    def paste(self, row: str, columns: Sequence[str], block: Sequence[Sequence[Any]]) -> None:
        """A block of cells, its upper left corner in this row and the first of these columns. Rows that are missing are made."""
        with self._change() as transaction:
            shown = self._emulator.listing.in_view(self._base, self._table, self._view)
            begin = shown.index(self._record(row).id)
            lines = [self._cells(transaction, dict(zip(columns, line, strict=True))) for line in block]
            for at, cells in enumerate(lines, begin):
                if at < len(shown):
                    transaction.edit(self._table, self._table.records[shown[at]], cells)
                else:
                    transaction.create(self._table, self._emulator.ids.new("rec"), cells)

    def move(self, row: str, above: str | None = None) -> None:
        """Drag a row above another one, or to the end. No cell changes, and no webhook tells."""
        with self._emulator.lock:
            order, record_id = self._view.order, self._record(row).id
            order.remove(record_id)
            order.insert(order.index(self._record(above).id) if above is not None else len(order), record_id)

    def sort(self, column: str, *, descending: bool = False, keep: bool = False) -> None:
        """Sort the view once; with `keep` it stays sorted."""
        with self._emulator.lock:
            field = self._field(column)
            if keep:
                self._view.sorts = [(field.id, descending)]
            else:
                self._view.order = self._emulator.listing.sorted(self._base, self._table, self._view.order, [(field, descending)])

    def filter(self, formula: str | None) -> None:
        """Which rows the view shows; a formula stands in for the conditions that people click together."""
        with self._emulator.lock:
            self._view.where = formula

    def rename(self, column: str, name: str) -> None:
        with self._change() as transaction:
            transaction.change_field(self._table, self._field(column), name=name)

    def rename_table(self, name: str) -> None:
        with self._change() as transaction:
            transaction.change_table(self._table, name=name)

    def rename_choice(self, column: str, choice: str, name: str) -> None:
        """Cells that hold it show the new name."""
        with self._change() as transaction:
            field = self._field(column)
            choices = [{**each, "name": name} if each["name"] == choice else each for each in field.choices]
            transaction.change_field(self._table, field, options={**(field.options or {}), "choices": choices})

    def add_column(self, name: str, kind: str = "singleLineText", options: Mapping[str, Any] | None = None) -> None:
        with self._change() as transaction:
            given = {"name": name, "type": kind, "options": dict(options) if options is not None else None}
            made = schema.new_field(self._emulator.ids, self._base, self._table, given, computed=True)
            transaction.add_field(self._table, made)
            if kind == "multipleRecordLinks" and (back := schema.back_link(self._emulator.ids, self._base, self._table, made)):
                transaction.add_field(*back)

    def delete_column(self, column: str) -> None:
        """Raises ValueError for the primary field, which can't be deleted."""
        with self._change() as transaction:
            if self._field(column) is self._table.primary:
                raise ValueError(f'"{column}" is the primary field')
            transaction.remove_field(self._table, self._field(column))

    def move_column(self, column: str, before: str) -> None:
        """The primary field stays first. Raises ValueError for it."""
        with self._change() as transaction:
            field, other = self._field(column), self._field(before)
            if self._table.primary in (field, other):
                raise ValueError("the primary field stays first")
            fields = [each for each in self._table.fields if each is not field]
            transaction.move_field(self._table, field, fields.index(other))

    def lock(self, column: str, *, locked: bool = True) -> None:
        """Set the column's editing permission so that the API's users may not write it."""
        with self._emulator.lock:
            self._field(column).locked = locked

    def undo(self) -> None:
        """Take back this person's latest change. Raises IndexError where there is none. What was deleted returns with its id."""
        with self._emulator.lock, self._emulator.change(self._base, self._user, self._source) as transaction:
            for step in reversed(self._done.pop().undo):
                step(transaction)

    def share(self, user: User = DAEMON, level: str = "create") -> None:
        with self._emulator.lock:
            self._base.share(user, level)

    def unshare(self, user: User = DAEMON) -> None:
        """Take the base away from a user. Their webhooks end."""
        with self._emulator.lock:
            self._base.access.pop(user.id, None)
            self._emulator.webhooks.killed(self._base, user)

    @contextmanager
    def _change(self) -> Iterator[Transaction]:
        with self._emulator.lock:
            with self._emulator.change(self._base, self._user, self._source) as transaction:
                yield transaction
            self._done.append(transaction)

    def _cells(self, transaction: Transaction, given: Mapping[str, Any]) -> dict[str, Any]:
        """In the kept form. Raises Refused for what the column can't take: nothing is changed then."""
        draft = Draft(self._base, self._emulator.ids, typecast=True)
        cells = {}
        for name, value in given.items():
            field = self._field(name)
            kept = None if value is None or (value == "" and field.type not in SELECTS) else draft.cell(field, value)
            cells[field.id] = kept
        apply_draft(transaction, draft)
        return cells

    def _field(self, name: str) -> Field:
        return _known(self._table.field(name), name)

    def _record(self, row: str) -> Record:
        if row in self._table.records:
            return self._table.records[row]
        primary = self._table.primary.id
        return _known(next((each for each in self._table.records.values() if each.cells.get(primary) == row), None), row)


T = TypeVar("T")


def _known(found: T | None, name: str | None) -> T:
    if found is None:
        raise KeyError(name)
    return found
