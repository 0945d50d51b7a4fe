"""What people and programs have done to a row, as sources of tables tell it; what rowd writes there is none of it. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from engine.columns import OURS, SHARED
from engine.model import BY_PERSON, Edit, RowState
from engine.naming import name_of
from watches.api import Alteration

ADDED, EDITED, DELETED = "added", "edited", "deleted"
"""As `rowd.toml` has them, too."""

_ROWDS = OURS | SHARED
"""Columns that rowd writes as well: an edit of one of them is no news to anybody else."""


def altered(before: RowState | None, after: RowState, edits: Iterable[Edit]) -> Iterator[Alteration]:
    """What one look at a row comes to.

    before: as it was known; None for one that nobody knew.   edits: what was found changed in its cells.
    One that is put back after it was deleted is added anew, whatever it says by then.
    """
    if before is None or (before.deleted_at is not None and after.deleted_at is None):
        yield _of(after, ADDED)
        return
    for edit in edits:
        if edit.by == BY_PERSON and edit.column not in _ROWDS:
            yield _of(after, EDITED, edit.column, edit.old or "", edit.new or "")


def deleted(state: RowState) -> Alteration:
    """The row is gone for good."""
    return _of(state, DELETED)


def _of(state: RowState, *what: str) -> Alteration:
    return Alteration(state.table, name_of(state), state.key, *what)
