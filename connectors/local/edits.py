"""Patches, new rows and deletions carried out on a grid. Pure: a grid in, a document and the answers out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from connectors.api import Cell, Effect, Patch, Written
from connectors.errors import Bug
from connectors.local.cells import from_text, to_text
from connectors.local.document import Document
from connectors.local.grid import Grid

Regrid = Callable[[Document], Grid]
"""Sees an edited document as rows again."""


def patched(grid: Grid, patches: Sequence[Patch], regrid: Regrid) -> tuple[Document, list[Written]]:
    """Carry out patches, but for those whose row is gone or whose `expect` doesn't hold; answers in the same order.

    A cell that already reads as what is put keeps its bytes.
    """
    document = grid.opened.document
    changes: dict[int, dict[int, str]] = {}
    effects = [_effect(grid, patch) for patch in patches]
    for patch, effect in zip(patches, effects, strict=True):
        if effect is not Effect.APPLIED:
            continue
        index = grid.records[patch.key]
        for header, value in patch.put.items():
            position = grid.position(header)
            text = to_text(value, document.delimiter)
            if position is not None and _reads(document.fields[index], position) != from_text(text):
                changes.setdefault(index, {})[position] = text
    after = document.edited(changes) if changes else document
    regridded = regrid(after) if changes else grid
    key_of = {index: key for key, index in regridded.records.items()}
    keys_now = [key_of.get(grid.records.get(patch.key, -1)) for patch in patches]  # None: gone, or blanked to the last cell
    rows = [None if key is None else regridded.row(key) for key in keys_now]
    return after, [Written(effect, row) for effect, row in zip(effects, rows, strict=True)]


def _effect(grid: Grid, patch: Patch) -> Effect:
    """What carrying out the patch would do. An expected cell is compared as it reads, and one whose column is gone reads blank."""
    index = grid.records.get(patch.key)
    if index is None:
        return Effect.MISSING
    fields = grid.opened.document.fields[index]
    for header, value in patch.expect.items():
        position = grid.position(header)
        stands = None if position is None else _reads(fields, position)
        if stands not in (value, from_text(to_text(value, grid.opened.document.delimiter))):  # as it was read, or as it was put
            return Effect.CONFLICT
    return Effect.APPLIED


def _reads(fields: Sequence[str], position: int) -> str | None:
    return from_text(fields[position]) if position < len(fields) else None


def created(grid: Grid, rows: Sequence[Mapping[str, Cell]], regrid: Regrid) -> tuple[Document, list[str]]:
    """Append rows; answer their keys in the same order. Cells under headers that the table doesn't have are dropped."""
    width = len(grid.opened.document.fields[grid.opened.head])
    added = []
    for cells in rows:
        fields = [""] * width
        for header, value in cells.items():
            position = grid.position(header)
            if position is not None:
                fields[position] = to_text(value, grid.opened.document.delimiter)
        if not any(fields):
            raise Bug("a new row needs at least one cell under a header that the table has")
        added.append(fields)
    if not added:
        return grid.opened.document, []
    after = grid.opened.document.edited({}, added=added)
    return after, list(regrid(after).records)[-len(added) :]


def deleted(grid: Grid, keys: Sequence[str]) -> tuple[Document, list[Effect]]:
    """Remove rows; answers in the same order."""
    document = grid.opened.document
    gone = {grid.records[key] for key in keys if key in grid.records}
    effects = [Effect.APPLIED if key in grid.records else Effect.MISSING for key in keys]
    return document.edited({}, gone=gone) if gone else document, effects
