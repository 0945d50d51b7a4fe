"""How cells are read: as JSON, and as what formulas count with. Computed fields are computed here, whenever somebody looks."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

from tests.emulators.airtable.formulas import BadFormula, Formula, FormulaError, Moment, compiled
from tests.emulators.airtable.formulas.values import Value, from_iso, iso, text_of
from tests.emulators.airtable.model import Base, Field, Record, Table
from tests.emulators.core.clock import Clock
from tests.emulators.core.switches import Switches

DEPTH = 20
Column = tuple[Field, bool, dict[Any, str] | None]
"""A field; whether its cells are shown as they are kept; the names of a single select's choices by id."""
FORMULAS = 1_000
"""So many are kept; a poll's formula names a moment, so each is another one."""
COARSE = timedelta(minutes=5)
BEHIND = timedelta(seconds=2)


class Reader:
    """Reads the tables of one base."""

    def __init__(self, base: Base, clock: Clock, switches: Switches) -> None:
        self.base = base
        self.clock = clock
        self.switches = switches
        self._formulas: dict[tuple[str, int, str], Formula] = {}
        self._plans: dict[str, tuple[int, list[Column]]] = {}

    def formula(self, table: Table, text: str) -> Formula:
        """Raises BadFormula, NotEmulated."""
        key = (table.id, table.version, text)
        if key not in self._formulas:
            if len(self._formulas) >= FORMULAS:
                self._formulas.clear()
            self._formulas[key] = compiled(text, lambda name: found.id if (found := table.field(name)) is not None else None)
        return self._formulas[key]

    def row(self, table: Table, record: Record, depth: int = 0) -> TableRow:
        return TableRow(self, table, record, depth)

    def fields(self, table: Table, record: Record, only: Sequence[Field] | None = None, *, by_id: bool = False) -> dict[str, Any]:
        """As the API shows them: empty cells are absent."""
        row, cells, given = self.row(table, record), record.cells, record.given
        shown: dict[str, Any] = {}
        for field, plain, choices in self._plan(table) if only is None else _plan(only):
            value = cells.get(field.id)
            if choices is not None:
                value = choices.get(value)
            elif not plain or field.id in given:
                value = row.shown(field)
            if value is not None:
                shown[field.id if by_id else field.name] = value
        return shown

    def _plan(self, table: Table) -> list[Column]:
        if (held := self._plans.get(table.id)) is None or held[0] != table.version:
            held = self._plans[table.id] = (table.version, _plan(table.fields))
        return held[1]

    def primary_text(self, table: Table, record: Record, depth: int) -> str | None:
        value = self.row(table, record, depth).value_of(table.primary)
        return None if value is None else text_of(value)

    def linked(self, field: Field, record: Record) -> list[tuple[Table, Record]]:
        """The records that a link cell names and that are here."""
        table = self.base.table(str(field.option("linkedTableId")))
        if table is None:
            return []
        return [(table, table.records[each]) for each in record.cells.get(field.id, []) if each in table.records]


class TableRow:
    """One row as formulas see it (see `formulas.Row`), and as the API shows it."""

    def __init__(self, reader: Reader, table: Table, record: Record, depth: int) -> None:
        self._reader, self._table, self._record, self._depth = reader, table, record, depth

    @property
    def id(self) -> str:
        return self._record.id

    @property
    def created(self) -> datetime:
        return self._record.created

    def now(self) -> datetime:
        now = self._reader.clock.now()
        if self._reader.switches["now"] == "exact":
            return now
        return now - (now - datetime.fromtimestamp(0, now.tzinfo)) % COARSE

    def modified(self, fields: Sequence[str]) -> datetime | None:
        times = [at for field, (at, _) in self._record.modified.items() if not fields or field in fields]
        last = max(times, default=None)
        if last is not None and self._reader.switches["new_record_modified"] == "blank" and last <= self._record.created:
            return None
        if last is not None and self._reader.switches["modified_clock"] == "behind":
            last -= BEHIND
        if last is not None and self._reader.switches["modified_resolution"] == "second":
            return last.replace(microsecond=0)
        return last

    def value(self, field: str) -> Value:
        found = self._table.field(field)
        return self.value_of(found) if found is not None else None

    def value_of(self, field: Field) -> Value:
        """What formulas count with. Raises FormulaError."""
        if field.id in self._record.given:
            return self._record.given[field.id]
        if field.type in _COMPUTED:
            if self._depth > DEPTH:
                raise FormulaError
            return _COMPUTED[field.type](self, field)
        cell = self._record.cells.get(field.id)
        return _VALUES.get(field.type, _as_is)(self, field, cell) if cell is not None else None

    def shown(self, field: Field) -> Any:
        """The JSON of the cell; None for an empty one."""
        record = self._record
        if field.id in record.given:
            return record.given[field.id]
        if field.type in _SHOWN_COMPUTED:
            return _SHOWN_COMPUTED[field.type](self, field)
        if field.type in _COMPUTED:
            try:
                return in_json(_COMPUTED[field.type](self, field))
            except FormulaError:
                told = self._reader.switches["formula_error"] == "error"
                return {"error": "#ERROR!"} if told else {"specialValue": "NaN"}
        cell = record.cells.get(field.id)
        return _SHOWN[field.type](self, field, cell) if cell is not None and field.type in _SHOWN else cell

    def _formula(self, field: Field) -> Value:
        text = field.option("formula")
        if not isinstance(text, str):
            return None
        try:
            formula = self._reader.formula(self._table, text)
        except BadFormula as exc:
            raise FormulaError from exc
        return formula(self._reader.row(self._table, self._record, self._depth + 1))

    def _links(self, field: Field) -> list[tuple[Table, Record]]:
        link = self._table.field(str(field.option("recordLinkFieldId")))
        return self._reader.linked(link, self._record) if link is not None else []

    def _count(self, field: Field) -> int:
        link = self._table.field(str(field.option("recordLinkFieldId")))
        return len(self._record.cells.get(link.id, [])) if link is not None else 0

    def _far_values(self, field: Field) -> list[Value]:
        values = []
        for table, record in self._links(field):
            far = table.field(str(field.option("fieldIdInLinkedTable")))
            if far is not None:
                value = self._reader.row(table, record, self._depth + 1).value_of(far)
                values.extend(value if isinstance(value, list) else [value])
        return values

    def _rollup(self, field: Field) -> Value:
        """`options.formula` speaks of `values`; the Meta API doesn't show it, so seeds give it."""
        text = str(field.option("formula", "ARRAYJOIN(values)"))
        values = self._far_values(field)
        return compiled(text, lambda name: name if name == "values" else None)(_Rolled(self, values))

    def _lookup(self, field: Field) -> Value:
        return self._far_values(field) or None

    def _lookup_shown(self, field: Field) -> Any:
        found: list[Any] = []
        for table, record in self._links(field):
            far = table.field(str(field.option("fieldIdInLinkedTable")))
            shown = self._reader.row(table, record, self._depth + 1).shown(far) if far is not None else None
            found.extend(shown if isinstance(shown, list) else [] if shown is None else [shown])
        return found or None

    def _modifier(self, field: Field) -> Any:
        watched = field.option("referencedFieldIds") or []
        changes = [change for name, change in self._record.modified.items() if not watched or name in watched]
        return max(changes, key=lambda change: change[0])[1].cell if changes else None

    def _modified_value(self, field: Field) -> Value:
        at = self.modified(field.option("referencedFieldIds") or [])
        return Moment(at) if at is not None else None

    def _button(self, field: Field) -> dict[str, Any]:
        return {"label": field.option("label", "Open URL"), "url": field.option("url")}

    def _link_texts(self, field: Field) -> list[Value]:
        return [
            self._reader.primary_text(table, record, self._depth + 1) for table, record in self._reader.linked(field, self._record)
        ]

    def _user(self, user_id: str) -> dict[str, str]:
        user = self._reader.base.users.get(user_id)
        return user.cell if user is not None else {"id": user_id, "email": "", "name": ""}


def _plan(fields: Sequence[Field]) -> list[Column]:
    plan: list[Column] = []
    for field in fields:
        plain = field.type not in _SHOWN and field.type not in _COMPUTED
        plan.append((field, plain, {each["id"]: each["name"] for each in field.choices} if field.type == "singleSelect" else None))
    return plan


class _Rolled(TableRow):
    """The row of a rollup's formula, whose only field is `values`."""

    def __init__(self, row: TableRow, values: list[Value]) -> None:
        super().__init__(row._reader, row._table, row._record, row._depth)
        self._values = values

    def value(self, field: str) -> Value:
        return self._values


def in_json(value: Value) -> Any:
    """A computed value as the API shows it; None for a blank one."""
    match value:
        case bool():
            return int(value)
        case float():
            return number(value)
        case Moment():
            return value.iso
        case "" | []:
            return None
        case list():
            return [in_json(each) for each in value if each is not None]
    return value


def number(value: float) -> Any:
    """[recorded] A rollup of nothing is `{"specialValue": "NaN"}` (grouparoo/grouparoo@a453a40b16)."""
    if math.isnan(value):
        return {"specialValue": "NaN"}
    if math.isinf(value):
        return {"specialValue": "Infinity" if value > 0 else "-Infinity"}
    return int(value) if value == int(value) and abs(value) < 1e15 else value


def _as_is(_row: TableRow, _field: Field, cell: Any) -> Any:
    return cell


def _choice_name(field: Field, choice_id: str) -> str | None:
    return next((str(choice["name"]) for choice in field.choices if choice["id"] == choice_id), None)


def _names(_row: TableRow, field: Field, cell: list[str]) -> list[str] | None:
    return [name for each in cell if (name := _choice_name(field, each)) is not None] or None


_VALUES: dict[str, Callable[[TableRow, Field, Any], Value]] = {
    "singleSelect": lambda _row, field, cell: _choice_name(field, cell),
    "multipleSelects": _names,
    "date": lambda _row, _field, cell: from_iso(cell),
    "dateTime": lambda _row, _field, cell: from_iso(cell),
    "barcode": lambda _row, _field, cell: cell["text"],
    "singleCollaborator": lambda row, _field, cell: row._user(cell)["name"],
    "multipleCollaborators": lambda row, _field, cell: [row._user(each)["name"] for each in cell],
    "multipleAttachments": lambda _row, _field, cell: [each["filename"] for each in cell],
    "multipleRecordLinks": lambda row, field, _cell: row._link_texts(field),
}

_SHOWN: dict[str, Callable[[TableRow, Field, Any], Any]] = {
    "singleSelect": lambda _row, field, cell: _choice_name(field, cell),
    "multipleSelects": _names,
    "singleCollaborator": lambda row, _field, cell: row._user(cell),
    "multipleCollaborators": lambda row, _field, cell: [row._user(each) for each in cell],
}

_COMPUTED: dict[str, Callable[[TableRow, Field], Value]] = {
    "autoNumber": lambda row, _field: row._record.number,
    "createdTime": lambda row, _field: Moment(row.created),
    "createdBy": lambda row, _field: row._record.creator.name,
    "lastModifiedTime": TableRow._modified_value,
    "lastModifiedBy": lambda row, field: (found := row._modifier(field)) and found["name"],
    "formula": TableRow._formula,
    "rollup": TableRow._rollup,
    "count": TableRow._count,
    "multipleLookupValues": TableRow._lookup,
    "button": lambda row, field: row._button(field)["label"],
    "externalSyncSource": lambda _row, _field: None,
    "aiText": lambda _row, _field: None,
}

_SHOWN_COMPUTED: dict[str, Callable[[TableRow, Field], Any]] = {
    "createdTime": lambda row, _field: iso(row.created.replace(microsecond=0)),
    "createdBy": lambda row, _field: row._record.creator.cell,
    "lastModifiedBy": TableRow._modifier,
    "multipleLookupValues": TableRow._lookup_shown,
    "button": TableRow._button,
}
