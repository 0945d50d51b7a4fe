"""The road of one life to a vendor's table. What goes wrong on it, the emulator and the wire decide; here it is only watched."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from connectors.api import Cell, Page, Patch, Written
from connectors.errors import OutcomeUnknown
from tests.simulation.link import Link, Probed
from tests.simulation.machine import MICRO
from tests.simulation.sheets import canonical
from tests.simulation.store_sheets import ROW, StoreSheet
from tests.simulation.store_worker import StoreWorker
from tests.simulation.stretches import Kept


class StoreLink(Link):
    """lag: seconds for which a read may still show what stood there before."""

    worker: StoreWorker
    lag = 0.0

    def __init__(self, *given: object) -> None:
        super().__init__(*given)  # type: ignore[arg-type]  # whatever a link is made of
        assert isinstance(self.sheet, StoreSheet)
        self._store = self.sheet
        self._hands = 0
        self._since = 0
        self._guard.age = lambda: (self.machine.moment - self._since) / MICRO

    def read(self, cursor: str | None = None) -> Page:
        self._called()
        if cursor is None:
            self._met: dict[str, Mapping[str, Cell]] = {}
            self._hands, self._since = self._store.hands, self.machine.moment
        page, self._seen = self.inner.read(cursor), None
        self.spans.kept.end(Kept.MISSING)
        self.spans.kept.end(Kept.UNCLEAR)
        lagging = self._store.touched is not None and self._since - self._store.touched <= self.lag * MICRO
        if page.next is None and self._hands == self._store.hands and not lagging:
            self._was_read()
        self._met |= {row.key: row.cells for row in page.rows}
        if page.next is None:
            self._store.shown(self._met)
        return page

    def write(self, patches: Sequence[Patch]) -> list[Written]:
        try:
            return super().write(patches)
        except OutcomeUnknown:
            self._guard.doubted(patches)
            self._guard.gap_keys |= self._unanswered
            self.spans.rewritten(patch.key for patch in patches if any(canonical(h) == "Status" for h in patch.put))
            raise

    def close(self) -> None:
        self.worker.end()
        super().close()


class ProbedStore(StoreLink, Probed):
    """It can be asked whether it may have changed."""

    _marker: str | None = None

    def probe(self) -> str:
        marker = super().probe()
        by_keys = self.sheet.look().keys() == [row[ROW] for row in self.sheet.look().rows]  # Google's Drive tells of a file, no row
        late = int((self.lag + 1) * MICRO)
        before = self.machine.moment - late
        if marker == self._marker and by_keys and (wrong := self._store.news(self._since - late, before)):
            self._guard.overlooked(wrong)
        self._marker = marker
        return marker
