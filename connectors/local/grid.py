"""A document seen as rows: which record is which row, under which key, with which cells."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from connectors.api import Place, Row, fold
from connectors.errors import NeedsOwner
from connectors.identity import keys
from connectors.local.cells import from_text
from connectors.local.dialect import Opened
from connectors.local.showing import listed, shown


@dataclass(frozen=True, slots=True)
class Grid:
    """columns: header → position of its field, in the order of the table; columns without a header are strangers without a name.

    records: key → index of its record, in the order of the table.
    id_column: None where the table has none; the Name is the key then.
    """

    opened: Opened
    columns: Mapping[str, int]
    records: Mapping[str, int]
    id_column: str | None

    def row(self, key: str) -> Row:
        """The row under that key. Raises KeyError."""
        return Row(key, _cells(self.opened.document.fields[self.records[key]], self.columns))

    def rows(self) -> tuple[Row, ...]:
        """Every row, in the order of the table."""
        fields, columns = self.opened.document.fields, self.columns
        return tuple(Row(key, _cells(fields[index], columns)) for key, index in self.records.items())

    def position(self, header: str) -> int | None:
        """Where the cell under a header stands; None where the table has no such header."""
        exact = self.columns.get(header)
        if exact is not None:
            return exact
        folded = fold(header)
        return next((position for name, position in self.columns.items() if fold(name) == folded), None)


def grid(opened: Opened, place: Place, label: str) -> Grid:
    """See an opened file as rows. A record whose cells are all blank is no row.

    Raises NeedsOwner: no Name column, or a header that stands there twice.
    """
    document, head = opened.document, opened.head
    columns = _columns(document.fields[head], label)
    folded = {fold(header): header for header in columns}
    name_column = folded.get(fold(place.name_column))
    if name_column is None:
        raise NeedsOwner(
            f'{label}: the first line has no column "{place.name_column}"; it holds {listed(document.fields[head])}.'
            " Put the line with the column headers back on top, or say in rowd.toml what that column is called."
        )
    id_column = folded.get(fold(place.id_column))
    key_position = columns[name_column if id_column is None else id_column]
    positions = None if len(columns) == len(document.fields[head]) else list(columns.values())
    indices = [i for i in range(head + 1, len(document.fields)) if _holds_something(document.fields[i], positions)]
    fields = document.fields
    ids = [from_text(fields[i][key_position]) if len(fields[i]) > key_position else None for i in indices]
    found = keys(ids, lambda n: Row("", _cells(fields[indices[n]], columns)))
    return Grid(opened, columns, dict(zip(found, indices, strict=True)), id_column)


def _columns(headers: list[str], label: str) -> dict[str, int]:
    columns: dict[str, int] = {}
    seen: dict[str, str] = {}
    for position, header in enumerate(headers):
        name = header.strip()
        folded = fold(name)
        if not folded:
            continue
        if folded in seen:
            other = f" (also written {shown(seen[folded])})" if seen[folded] != name else ""
            raise NeedsOwner(f"{label} has the column {shown(name)} twice{other}. Rename or remove one of them.")
        seen[folded] = name
        columns[name] = position
    return columns


def _holds_something(fields: list[str], positions: list[int] | None) -> bool:
    if positions is None:
        return any(map(str.strip, fields))
    return any(fields[p].strip() for p in positions if p < len(fields))


def _cells(fields: list[str], columns: Mapping[str, int]) -> dict[str, str | None]:
    width = len(fields)
    return {header: from_text(fields[p]) if p < width else None for header, p in columns.items()}
