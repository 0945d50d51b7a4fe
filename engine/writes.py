"""What is about to be put into one table: remembered before it is sent, in case no answer comes."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

from msgspec.structs import replace

from connectors.api import Cell
from engine.findings import Findings
from engine.merge import meant_by
from engine.model import RowState


class Writes:
    """The writes of one table."""

    def __init__(self, states: Mapping[str, RowState]) -> None:
        """states: its rows, as they are known at any time."""
        self._states = states
        self._doubted: Collection[str] = ()

    @property
    def doubted(self) -> Collection[str]:
        """Rows of the last write of which an earlier answer is still out: it may land any time."""
        return self._doubted

    def intend(self, patches: Sequence[tuple[str, Mapping[str, Cell]]]) -> Findings:
        """These canonical cells are about to be put: how the shared cells stand then is remembered, in case no answer comes."""
        found, states = Findings(), self._states
        self._doubted = {key for key, _ in patches if key in states and states[key].meant}
        for key, put in patches:
            if (state := states.get(key)) is not None and (meant := meant_by(state, put)) and state.meant != meant:
                found.states[key] = replace(state, meant=meant)
                found.told.add(key)  # it shows what it did
        return found

    def refused(self, keys: Iterable[str]) -> Findings:
        """What was about to be put into these rows was not: a person who types the same means it."""
        found = Findings()
        for key in keys:
            if key in self._states and self._states[key].meant and key not in self._doubted:
                found.states[key] = replace(self._states[key], meant={})
        return found
