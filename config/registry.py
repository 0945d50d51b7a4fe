"""Kinds of one thing by their names: our own, each imported on first use, and those that other packages add."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from importlib.metadata import entry_points
from typing import Generic, TypeVar

T = TypeVar("T")


class Registry(Generic[T]):
    """group: of entry points, by which other packages add theirs.   ours: name → where it is, `module:attribute`."""

    def __init__(self, group: str, ours: Mapping[str, str]) -> None:
        self._group = group
        self._ours = ours

    def known(self) -> list[str]:
        """Names of all that could be loaded, ours first."""
        return [*self._ours, *sorted(e.name for e in entry_points(group=self._group) if e.name not in self._ours)]

    def load(self, name: str) -> T:
        """The one of that name. Raises KeyError for an unknown name."""
        if name in self._ours:
            module, _, attribute = self._ours[name].partition(":")
            ours: T = getattr(import_module(module), attribute)
            return ours
        for entry in entry_points(group=self._group):
            if entry.name == name:
                found: T = entry.load()
                return found
        raise KeyError(name)
