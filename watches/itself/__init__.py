"""What rowd tells of itself, in its log, as something that rows can react to."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from watches.api import Kind
from watches.itself.settings import SAYS, ItselfSettings
from watches.itself.watch import ItselfWatch


def make(name: str, settings: ItselfSettings, base: Path, lent: Mapping[str, str]) -> ItselfWatch:  # noqa: ARG001 (a Kind's signature)
    """Raises nothing."""
    return ItselfWatch(settings)


KIND = Kind(settings=ItselfSettings, make=make, limits=frozenset({"only", "tables"}), says=SAYS, tables=frozenset({"tables"}))
