"""Cells that their columns are known not to hold: a select without that option, a column that the store works out itself."""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence

from connectors.api import Cell, Effect, Written
from engine.columns import Column
from engine.layout import Layout


class Misfits:
    """One table's: what was last tried in vain, and why."""

    def __init__(self) -> None:
        self._why: dict[tuple[str, str], tuple[Cell, str]] = {}  # key, canonical column → what it can't hold, and why

    @property
    def sentences(self) -> tuple[str, ...]:
        """Why, each with the remedy."""
        return tuple(why for _, why in self._why.values())

    def fitted(self, key: str, put: Mapping[str, Cell], answer: Written, layout: Layout | None) -> Mapping[str, Cell]:
        """Of these canonical cells, those that their columns could hold. Notes which they could not."""
        if answer.effect is not Effect.APPLIED or not (answer.unfit or self._why):
            return put
        stand = dict(put)
        for column, value in put.items():
            header = layout.header(Column(column)) if layout is not None else None
            self._why.pop((key, column), None)
            if header is not None and header in answer.unfit:
                self._why[key, column] = (value, answer.unfit[header])
                del stand[column]
        return stand

    def known(self, key: str, column: str, value: Cell) -> bool:
        """Whether the column is known not to hold this value."""
        known = self._why.get((key, column))
        return known is not None and known[0] == value

    def keep(self, keys: Sequence[Container[str]]) -> None:
        """Of rows in none of these nothing is known any more: such a row has got another key, or is gone."""
        self._why = {place: why for place, why in self._why.items() if any(place[0] in some for some in keys)}

    def forget(self, key: str) -> None:
        """The ledger has forgotten the row."""
        self._why = {place: why for place, why in self._why.items() if place[0] != key}
