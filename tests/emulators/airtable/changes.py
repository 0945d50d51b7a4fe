"""Changes of a base, one transaction at a time: what was changed, for webhooks, and how to take it back, for undo."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from copy import copy
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from tests.emulators.airtable.model import Base, Comment, Field, Record, Table, User
from tests.emulators.airtable.reading import Reader

Undo = Callable[["Transaction"], None]


@dataclass
class TableNotes:
    """What happened to one table. fields: by id, (before, after), each {"name", "type"}; None where it wasn't there."""

    created: dict[str, Record] = field(default_factory=dict)
    before: dict[str, dict[str, Any]] = field(default_factory=dict)
    destroyed: list[str] = field(default_factory=list)
    fields: dict[str, tuple[dict[str, Any] | None, dict[str, Any] | None]] = field(default_factory=dict)
    meta: tuple[dict[str, Any], dict[str, Any]] | None = None


@dataclass
class Transaction:
    """source: `publicApi`, `client`, … (webhooks).   undo: in the order of what it takes back.

    kept: what was changed, and how it was: to go back to where not all of it can be done.
    """

    base: Base
    reader: Reader
    at: datetime
    user: User
    source: str
    tables: dict[str, TableNotes] = field(default_factory=dict)
    created_tables: list[Table] = field(default_factory=list)
    destroyed_tables: list[str] = field(default_factory=list)
    undo: list[Undo] = field(default_factory=list)
    kept: dict[int, tuple[object, dict[str, Any]]] = field(default_factory=dict)

    def take_back(self) -> None:
        """Everything is again as it was before, as if it had never been tried: no webhook is told, no time moves."""
        for changed, before in self.kept.values():
            vars(changed).update(before)
            if isinstance(changed, Table):
                changed.version += 1  # what was made of its fields meanwhile is of no use

    def _keep(self, changed: object, *names: str) -> None:
        """To be called before something changes.   names: of its attributes; lists and dictionaries are copied."""
        if id(changed) not in self.kept:
            self.kept[id(changed)] = changed, {name: copy(getattr(changed, name)) for name in names}

    def _keep_table(self, table: Table) -> None:
        self._keep(table, "name", "description", "fields", "records", "comments", "next_number")
        for view in table.views:
            self._keep(view, "order")

    def _keep_record(self, record: Record) -> None:
        self._keep(record, "cells", "modified")

    @property
    def empty(self) -> bool:
        return not (self.tables or self.created_tables or self.destroyed_tables)

    def notes(self, table: Table) -> TableNotes:
        return self.tables.setdefault(table.id, TableNotes())

    def create(self, table: Table, record_id: str, cells: Mapping[str, Any], places: Mapping[str, int] | None = None) -> Record:
        """cells: in the kept form, None for empty ones.   places: where it goes, by view id; else at the end."""
        self._keep_table(table)
        record = Record(record_id, self.at, self.user, table.next_number)
        table.next_number += 1
        self._put_in(table, record, places or {})
        filled = {name: value for name, value in cells.items() if value is not None}
        if filled:
            self._fill(table, record, filled)
        self.undo.append(lambda later: later.destroy(table, record_id))
        return record

    def edit(self, table: Table, record: Record, cells: Mapping[str, Any]) -> None:
        """cells: in the kept form; None empties. A cell that already is so is no change."""
        changed = {name: value for name, value in cells.items() if record.cells.get(name) != value}
        if not changed:
            return
        before = {name: record.cells.get(name) for name in changed}
        self._keep_record(record)
        self._remember(table, record)
        self._fill(table, record, changed)
        self.undo.append(lambda later: later.edit(table, record, before))

    def destroy(self, table: Table, record_id: str) -> None:
        record = table.records[record_id]
        self._keep_table(table)
        self._keep_record(record)
        cells = dict(record.cells)
        for link in table.fields:
            if link.type == "multipleRecordLinks":
                self._link_back(link, record, [])
        del table.records[record_id]
        places = {}
        for view in table.views:
            places[view.id] = view.order.index(record_id)
            view.order.remove(record_id)
        comments = table.comments.pop(record_id, [])
        notes = self.notes(table)
        if record_id in notes.created:
            del notes.created[record_id]
        else:
            notes.destroyed.append(record_id)
        notes.before.pop(record_id, None)
        self.undo.append(lambda later: later.restore(table, record, cells, places, comments))

    def restore(
        self, table: Table, record: Record, cells: dict[str, Any], places: Mapping[str, int], comments: list[Comment]
    ) -> None:
        """A destroyed record comes back as the one that it was."""
        self._keep_table(table)
        self._keep_record(record)
        record.cells = {}
        self._put_in(table, record, places)
        times = dict(record.modified)
        self._fill(table, record, cells)
        record.modified = times
        if comments:
            table.comments[record.id] = comments
        self.undo.append(lambda later: later.destroy(table, record.id))

    def add_field(self, table: Table, added: Field, at: int | None = None, cells: Mapping[str, Any] | None = None) -> None:
        """cells: by record id, for one that comes back."""
        self._keep_table(table)
        table.fields.insert(len(table.fields) if at is None else at, added)
        table.version += 1
        self.notes(table).fields[added.id] = (None, _definition(added))
        for record_id, value in (cells or {}).items():
            if record_id in table.records:
                self._keep_record(table.records[record_id])
                table.records[record_id].cells[added.id] = value
        self.undo.append(lambda later: later.remove_field(table, added))

    def remove_field(self, table: Table, gone: Field) -> None:
        at = table.fields.index(gone)
        self._keep_table(table)
        for record in table.records.values():
            if gone.id in record.cells:
                self._keep_record(record)
        cells = {record.id: record.cells.pop(gone.id) for record in table.records.values() if gone.id in record.cells}
        del table.fields[at]
        table.version += 1
        self.notes(table).fields[gone.id] = (_definition(gone), None)
        self.undo.append(lambda later: later.add_field(table, gone, at, cells))

    def change_field(self, table: Table, changed: Field, **attributes: Any) -> None:
        """attributes: of `Field`; `name`, `description`, `options`, `type`."""
        before, old = _definition(changed), {name: getattr(changed, name) for name in attributes}
        self._keep_table(table)
        self._keep(changed, *vars(changed))
        for name, value in attributes.items():
            setattr(changed, name, value)
        table.version += 1
        first = self.notes(table).fields.get(changed.id, (before, None))[0]
        self.notes(table).fields[changed.id] = (first, _definition(changed))
        self.undo.append(lambda later: later.change_field(table, changed, **old))

    def move_field(self, table: Table, moved: Field, to: int) -> None:
        """Nothing that a webhook tells."""
        self._keep_table(table)
        at = table.fields.index(moved)
        table.fields.insert(to, table.fields.pop(at))
        self.undo.append(lambda later: later.move_field(table, moved, at))

    def add_table(self, table: Table) -> None:
        self._keep(self.base, "tables")
        self.base.tables.append(table)
        self.created_tables.append(table)
        self.undo.append(lambda later: later.remove_table(table))

    def remove_table(self, table: Table) -> None:
        self._keep(self.base, "tables")
        self.base.tables.remove(table)
        self.destroyed_tables.append(table.id)
        self.undo.append(lambda later: later.add_table(table))

    def change_table(self, table: Table, **attributes: Any) -> None:
        """attributes: `name`, `description`."""
        self._keep_table(table)
        before = {"name": table.name, "description": table.description}
        old = {name: getattr(table, name) for name in attributes}
        for name, value in attributes.items():
            setattr(table, name, value)
        self.notes(table).meta = (before, {"name": table.name, "description": table.description})
        self.undo.append(lambda later: later.change_table(table, **old))

    def _put_in(self, table: Table, record: Record, places: Mapping[str, int]) -> None:
        table.records[record.id] = record
        for view in table.views:
            view.order.insert(places.get(view.id, len(view.order)), record.id)
        notes = self.notes(table)
        if record.id in notes.destroyed:
            notes.destroyed.remove(record.id)
        notes.created[record.id] = record

    def _fill(self, table: Table, record: Record, cells: Mapping[str, Any]) -> None:
        for name, value in cells.items():
            column = table.field(name)
            if column is not None and column.type == "multipleRecordLinks":
                self._link_back(column, record, value or [])
            if value is None:
                record.cells.pop(name, None)
            else:
                record.cells[name] = value
            record.modified[name] = (self.at, self.user)

    def _link_back(self, column: Field, record: Record, linked: list[str]) -> None:
        """Keep the other side of a link: its inverse field in the linked table."""
        other = self.base.table(str(column.option("linkedTableId")))
        back = other.field(str(column.option("inverseLinkFieldId"))) if other is not None else None
        if other is None or back is None:
            return
        held = record.cells.get(column.id, [])
        for far_id in [
            each for each in dict.fromkeys([*held, *linked]) if (each in held) != (each in linked) and each in other.records
        ]:
            far = other.records[far_id]
            self._keep_record(far)
            self._remember(other, far)
            rest = [each for each in far.cells.get(back.id, []) if each != record.id]
            cell = [*rest, record.id] if far_id in linked else rest
            if cell:
                far.cells[back.id] = cell
            else:
                far.cells.pop(back.id, None)
            far.modified[back.id] = (self.at, self.user)

    def _remember(self, table: Table, record: Record) -> None:
        """How the row looked before this transaction: told once."""
        notes = self.notes(table)
        if record.id not in notes.created and record.id not in notes.before:
            notes.before[record.id] = self.reader.fields(table, record, by_id=True)


def _definition(of: Field) -> dict[str, Any]:
    return {"name": of.name, "type": of.type}
