"""A line of headers as columns: which header stands where. For stores whose headers are cells that people type. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from connectors.api import fold
from connectors.errors import NoHeader
from connectors.showing import listed, shown


def columns_of(headers: Sequence[str], label: str) -> dict[str, int]:
    """Header → position, in the order of the table. A cell without text is the head of a stranger without a name: left out.

    label: what messages call the table.   Raises NoHeader for a header that stands there twice, however it is written.
    """
    columns: dict[str, int] = {}
    seen: dict[str, str] = {}
    for position, header in enumerate(headers):
        name = header.strip()
        folded = fold(name)
        if not folded:
            continue
        if folded in seen:
            other = f" (also written {shown(seen[folded])})" if seen[folded] != name else ""
            raise NoHeader(f"{label} has the column {shown(name)} twice{other}. Rename or remove one of them.")
        seen[folded] = name
        columns[name] = position
    return columns


def key_columns(
    columns: Mapping[str, int], headers: Sequence[str], label: str, *, name_column: str, id_column: str
) -> tuple[str, str | None]:
    """The headers of the columns that rows are known by, as they are written here: Name, and ID or None where there is none.

    headers: the whole line, for the message.   name_column, id_column: as `Place` has them.   Raises NoHeader without a Name.
    """
    folded = {fold(header): header for header in columns}
    name = folded.get(fold(name_column))
    if name is None:
        raise NoHeader(
            f'{label}: the first line has no column "{name_column}"; it holds {listed(headers)}.'
            " Put the line with the column headers back on top, or say in rowd.toml what that column is called."
        )
    return name, folded.get(fold(id_column))


def position_of(columns: Mapping[str, int], header: str) -> int | None:
    """Where the cell under a header stands, matched with `fold`; None where the table has no such header."""
    exact = columns.get(header)
    if exact is not None:
        return exact
    folded = fold(header)
    return next((position for name, position in columns.items() if fold(name) == folded), None)
