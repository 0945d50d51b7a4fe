"""How rows' own occurrences end, as something that other rows can react to."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from watches.api import THROUGH, Kind
from watches.outcomes.settings import OutcomesSettings
from watches.outcomes.watch import Outcomes

SAYS = frozenset({"table", "row", "outcome", "reason", "run", "duration", THROUGH})


def make(name: str, settings: OutcomesSettings, base: Path, lent: Mapping[str, str]) -> Outcomes:  # noqa: ARG001 (a Kind's signature)
    """Raises nothing."""
    return Outcomes(name, settings)


KIND = Kind(
    settings=OutcomesSettings,
    make=make,
    limits=frozenset({"outcomes", "tables", "rows"}),
    says=SAYS,
    tables=frozenset({"tables"}),
)
