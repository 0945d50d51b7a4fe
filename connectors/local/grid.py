"""A document seen as rows: which record is which row, under which key, with which cells."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice

from msgspec import Struct

from connectors.api import BEYOND, Place, Row
from connectors.headers import columns_of, key_columns, position_of
from connectors.identity import flawless, told_apart
from connectors.local.cells import from_text
from connectors.local.dialect import Opened


class _Record(Struct):
    """What one record came to. It is the same for as long as its fields are the same list, under the same headers.

    fields: kept here, so that no other list can come to be taken for it.   id: "" where it has none that is good.
    row: under the key that it had last; None where nothing stands in the record.
    """

    fields: list[str]
    id: str
    row: Row | None


class Grid(Struct, frozen=True):
    """columns: header → position of its field, in the order of the table; columns without a header are strangers without a name.

    width: how many fields the line with the headers has.
    records: key → index of its record, in the order of the table.   found: the rows, in the same order.
    id_column: None where the table has none; the Name is the key then.
    known: what each record came to, by the identity of its fields, for the grid that is made after this one.
    """

    opened: Opened
    columns: Mapping[str, int]
    width: int
    records: Mapping[str, int]
    found: tuple[Row, ...]
    id_column: str | None
    known: Mapping[int, _Record]

    def row(self, key: str) -> Row:
        """The row under that key. Raises KeyError."""
        row = self.known[id(self.opened.document.fields[self.records[key]])].row
        assert row is not None  # noqa: S101 (only records with a row have a key)
        return row

    def rows(self) -> tuple[Row, ...]:
        """Every row, in the order of the table. A row of which nothing has changed is the very same as in the grid before."""
        return self.found

    def position(self, header: str) -> int | None:
        """Where the cell under a header stands; None where the table has no such header."""
        return position_of(self.columns, header)


def grid(opened: Opened, place: Place, label: str, before: Grid | None = None) -> Grid:
    """See an opened file as rows. A record whose cells are all blank is no row.

    before: how the same table was seen last; records that have been kept since are not looked at again.
    Raises NoHeader: no Name column, or a header that stands there twice.
    """
    document, head = opened.document, opened.head
    headers = document.fields[head]
    columns = columns_of(headers, label)
    name_column, id_column = key_columns(columns, headers, label, name_column=place.name_column, id_column=place.id_column)
    width = len(document.fields[head])
    same = before is not None and (before.columns, before.width, before.id_column) == (columns, width, id_column)
    key_position = columns[name_column if id_column is None else id_column]
    seen = _Seen(columns, width, key_position, before.known if before is not None and same else {})
    records = [seen.record(fields) for fields in islice(document.fields, head + 1, None)]
    held = [record for record in records if record.row is not None]
    indices = [index for index, record in enumerate(records, head + 1) if record.row is not None]
    rows = [record.row for record in held if record.row is not None]
    keys = told_apart([record.id for record in held], rows.__getitem__)
    for n, key in enumerate(keys):
        if rows[n].key != key:
            rows[n] = held[n].row = Row(key, rows[n].cells)
    known = dict(zip(map(id, islice(document.fields, head + 1, None)), records, strict=True))
    return Grid(opened, columns, width, dict(zip(keys, indices, strict=True)), tuple(rows), id_column, known)


class _Seen:
    """Records, as they come to be rows; those that are known are taken as they are."""

    def __init__(self, columns: Mapping[str, int], width: int, key_position: int, known: Mapping[int, _Record]) -> None:
        """width: fields of the line with the headers, those without a header included."""
        self._columns, self._width, self._key_position, self._known = columns, width, key_position, known
        self._positions = list(columns.values())

    def record(self, fields: list[str]) -> _Record:
        known = self._known.get(id(fields))
        if known is not None and known.fields is fields:
            return known
        if not any(fields[p].strip() for p in self._positions if p < len(fields)):
            return _Record(fields, "", None)
        key = from_text(fields[self._key_position]) if len(fields) > self._key_position else None
        cells, beyond = _cells(fields, self._columns), [field for field in fields[self._width :] if field.strip()]
        return _Record(fields, flawless(key), Row("", {**cells, BEYOND: ", ".join(beyond)} if beyond else cells))


def _cells(fields: list[str], columns: Mapping[str, int]) -> dict[str, str | None]:
    width = len(fields)
    return {header: from_text(fields[p]) if p < width else None for header, p in columns.items()}
