"""A CSV file made ready: its line of headers, and the file itself where there has never been one. Pure, but for `made`."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from connectors.api import BEYOND
from connectors.errors import NeedsOwner
from connectors.local.document import Document, written
from connectors.local.grid import Grid
from connectors.preparing import Shape


def lacking(headers: Sequence[str], shapes: Sequence[Shape]) -> list[str]:
    """The headers of the columns that are to be added. A file has no types, options or colours, so there is nothing else."""
    return [shape.header for shape in shapes if shape.header not in headers]


def added(header: str) -> str:
    """The clause about a column that is added."""
    return f'add the column "{header}"'


def widened(grid: Grid, headers: Sequence[str], label: str) -> Document:
    """With more columns at the right end. Lines that were as long as the one with the headers grow along with it.

    Raises NeedsOwner where something stands in a line beyond the last column: it would come to stand under a new header.
    """
    torn = next((row for row in grid.rows() if BEYOND in row.cells), None)
    if torn is not None:
        raise NeedsOwner(
            f"{label}: a line has more cells than there are columns ({torn.cells[BEYOND]}), so no column can be added. Most often a"
            " comma without quotes has torn a cell in two: put quotes around it."
        )
    document, head = grid.opened.document, grid.opened.head
    new = [header for header in headers if grid.position(header) is None]
    if not new:
        return document
    longer = {grid.width + len(new) - 1: ""}
    rows = {index: longer for index in grid.records.values() if len(document.fields[index]) == grid.width}
    return document.edited({**rows, head: {grid.width + n: header for n, header in enumerate(new)}})


def begun(raw: bytes, headers: Sequence[str], delimiter: str | None) -> bytes:
    """A file that holds nothing but blanks, with its line of headers."""
    mark = b"\xef\xbb\xbf" if raw.startswith(b"\xef\xbb\xbf") else b""
    end = "\r\n" if b"\r\n" in raw else "\n"
    between = delimiter or ","
    return mark + (between.join(written(header, between, quoted=False) for header in headers) + end).encode()


def made(path: Path, content: bytes) -> None:
    """Make the file. Raises FileExistsError where there is one, and OSError: then none of ours is left."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
    except OSError:
        path.unlink()
        raise
