"""What a webhook's payload tells of a transaction, by its specification.

The forms are those of airtable.com/developers/web/api/model/webhooks-payload, as in pyairtable's sample objects. Cells are told
by field id; selects as {id, name, color}, linked records as {id, name}.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

from tests.emulators.airtable.changes import TableNotes, Transaction
from tests.emulators.airtable.formulas.values import iso
from tests.emulators.airtable.model import Base, Field, Table

TYPES = frozenset({"tableData", "tableFields", "tableMetadata"})
CHANGES = frozenset({"add", "remove", "update"})


@dataclass(frozen=True)
class Spec:
    """given: as it came.   scope: a table's or view's id.   sources, data_fields, schema_fields: None for all.

    with_values: fields told though they didn't change; None for all.
    """

    given: dict[str, Any]
    types: frozenset[str]
    changes: frozenset[str]
    scope: str | None
    sources: frozenset[str] | None
    data_fields: frozenset[str] | None
    schema_fields: frozenset[str] | None
    with_values: frozenset[str] | None
    previous_cells: bool
    previous_fields: bool

    @classmethod
    def of(cls, given: Any) -> Self | None:
        """None for what is no specification."""
        try:
            filters = given["options"]["filters"]
            includes = given["options"].get("includes") or {}
            values = includes.get("includeCellValuesInFieldIds") or []
            return cls(
                given=given,
                types=frozenset(filters["dataTypes"]),
                changes=frozenset(filters.get("changeTypes") or CHANGES),
                scope=filters.get("recordChangeScope"),
                sources=_some(filters.get("fromSources")),
                data_fields=_some(filters.get("watchDataInFieldIds")),
                schema_fields=_some(filters.get("watchSchemasOfFieldIds")),
                with_values=None if values == "all" else frozenset(values),
                previous_cells=bool(includes.get("includePreviousCellValues")),
                previous_fields=bool(includes.get("includePreviousFieldDefinitions")),
            )._checked()
        except (TypeError, KeyError, AttributeError):
            return None

    def _checked(self) -> Self | None:
        return self if self.types and self.types <= TYPES and self.changes <= CHANGES else None


def changes_of(spec: Spec, base: Base, transaction: Transaction) -> dict[str, Any] | None:
    """None where it tells nothing that the hook watches."""
    if spec.sources is not None and transaction.source not in spec.sources:
        return None
    found: dict[str, Any] = {}
    changed = {}
    for table_id, notes in transaction.tables.items():
        table = base.table(table_id)
        if table is not None and table not in transaction.created_tables and spec.scope in (None, table_id):
            told = _table(spec, transaction, table, notes)
            if told:
                changed[table_id] = told
    if changed:
        found["changedTablesById"] = changed
    if spec.scope is None and "tableMetadata" in spec.types:
        if "add" in spec.changes and transaction.created_tables:
            found["createdTablesById"] = {
                table.id: _created_table(spec, transaction, table) for table in transaction.created_tables
            }
        if "remove" in spec.changes and transaction.destroyed_tables:
            found["destroyedTableIds"] = list(transaction.destroyed_tables)
    return found or None


def _created_table(spec: Spec, transaction: Transaction, table: Table) -> dict[str, Any]:
    fields = {field.id: {"name": field.name, "type": field.type} for field in table.fields}
    shown: dict[str, Any] = {"metadata": {"name": table.name, "description": table.description}, "fieldsById": fields}
    notes = transaction.tables.get(table.id, TableNotes())
    return {**shown, "recordsById": _created(spec, transaction, table, notes)}


def _table(spec: Spec, transaction: Transaction, table: Table, notes: TableNotes) -> dict[str, Any]:
    told: dict[str, Any] = {}
    if "tableData" in spec.types:
        if "add" in spec.changes and (created := _created(spec, transaction, table, notes)):
            told["createdRecordsById"] = created
        if "update" in spec.changes and (changed := _changed(spec, transaction, table, notes)):
            told["changedRecordsById"] = changed
        if "remove" in spec.changes and notes.destroyed:
            told["destroyedRecordIds"] = list(notes.destroyed)
    if "tableFields" in spec.types:
        told.update(_fields(spec, notes))
    if "tableMetadata" in spec.types and "update" in spec.changes and notes.meta is not None:
        told["changedMetadata"] = {"current": notes.meta[1], "previous": notes.meta[0]}
    return told


def _created(spec: Spec, transaction: Transaction, table: Table, notes: TableNotes) -> dict[str, Any]:
    shown = {}
    for record in notes.created.values():
        cells = transaction.reader.fields(table, record, by_id=True)
        kept = {name: value for name, value in cells.items() if spec.data_fields is None or name in spec.data_fields}
        shown[record.id] = {"cellValuesByFieldId": _values(transaction, table, kept), "createdTime": iso(record.created)}
    return shown


def _changed(spec: Spec, transaction: Transaction, table: Table, notes: TableNotes) -> dict[str, Any]:
    """Computed cells of the same row count as well; those of other rows don't."""
    shown: dict[str, Any] = {}
    for record_id, before in notes.before.items():
        if record_id not in table.records:
            continue
        after = transaction.reader.fields(table, table.records[record_id], by_id=True)
        watched = [field.id for field in table.fields if spec.data_fields is None or field.id in spec.data_fields]
        names = [name for name in watched if before.get(name) != after.get(name)]
        if not names:
            continue
        told = {"current": {"cellValuesByFieldId": _values(transaction, table, {name: after.get(name) for name in names})}}
        if spec.previous_cells:
            told["previous"] = {"cellValuesByFieldId": _values(transaction, table, {name: before.get(name) for name in names})}
        rest = {
            name: value
            for name, value in after.items()
            if name not in names and (spec.with_values is None or name in spec.with_values)
        }
        if rest:
            told["unchanged"] = {"cellValuesByFieldId": _values(transaction, table, rest)}
        shown[record_id] = told
    return shown


def _fields(spec: Spec, notes: TableNotes) -> dict[str, Any]:
    told: dict[str, Any] = {}
    for field_id, (before, after) in notes.fields.items():
        if spec.schema_fields is not None and field_id not in spec.schema_fields:
            continue
        if before is None and after is not None and "add" in spec.changes:
            told.setdefault("createdFieldsById", {})[field_id] = after
        elif after is None and "remove" in spec.changes:
            told.setdefault("destroyedFieldIds", []).append(field_id)
        elif before is not None and after is not None and before != after and "update" in spec.changes:
            new = {name: value for name, value in after.items() if before[name] != value}
            change: dict[str, Any] = {"current": new}
            if spec.previous_fields:
                change["previous"] = {name: before[name] for name in new}
            told.setdefault("changedFieldsById", {})[field_id] = change
    return told


def _values(transaction: Transaction, table: Table, cells: dict[str, Any]) -> dict[str, Any]:
    shown = {}
    for name, value in cells.items():
        column = table.field(name)
        shown[name] = value if column is None or value is None else _value(transaction, column, value)
    return shown


def _value(transaction: Transaction, column: Field, value: Any) -> Any:
    if column.type == "singleSelect":
        return column.choice(value) or value
    if column.type == "multipleSelects":
        return [column.choice(each) or each for each in value]
    if column.type == "multipleRecordLinks":
        other = transaction.base.table(str(column.option("linkedTableId")))
        if other is None:
            return value
        names = {each: transaction.reader.primary_text(other, other.records[each], 0) for each in value if each in other.records}
        return [{"id": each, "name": names.get(each) or ""} for each in value]
    return value


def _some(given: Any) -> frozenset[str] | None:
    return frozenset(given) if given else None
