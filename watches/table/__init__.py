"""What people and programs do to rows of a table, as something that rows of other tables can react to."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from watches.api import About, Kind
from watches.table.settings import TableSettings
from watches.table.watch import TableWatch

SAYS = frozenset({"table", "row", "id", "change", "column", "old", "new"})


def make(name: str, settings: TableSettings, base: Path, lent: Mapping[str, str]) -> TableWatch:  # noqa: ARG001 (a Kind's signature)
    """Raises nothing."""
    return TableWatch(settings)


KIND = Kind(
    settings=TableSettings,
    make=make,
    limits=frozenset({"changes", "columns", "runs"}),
    says=SAYS,
    apart=lambda settings: settings.runs == "each",
    about=lambda settings: About(settings.table, settings.columns or ()),
)
