"""Whether anything changed, by the ETag of the list (RFC 9110, 13.1.2): a list that is as it was costs an answer without a body.

Our own writes change the list like everybody's, so after one it is held against what the engine knows.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from connectors.api import Cell, Row
from connectors.rest.listing import Listed, Listing
from connectors.rest.rows import Form

SWEEP = 20
"""Every so many probes the list is read all the same: some services' ETags stay while rows change."""


class News:
    """What the engine knows of the table, and whether the list shows anything else.

    possible: whether the list was seen to bear an ETag, on one page.
    """

    def __init__(self, listing: Listing, form: Form) -> None:
        self.possible = False
        self._listing = listing
        self._form = form
        self._known: dict[str, Mapping[str, Cell]] = {}
        self._columns: frozenset[str] = frozenset()
        self._etag: str | None = None  # of the list that showed what is known; None: it has to be looked at
        self._met = False  # the store holds something that the engine doesn't know
        self._lies = False
        self._quiet = 0
        self._changes = 0

    def read(self, listed: Listed, rows: Iterable[Row]) -> None:
        """A complete read goes to the engine, as these rows."""
        self._known, self._columns, self._etag = {row.key: row.cells for row in rows}, frozenset(listed.columns), listed.etag
        self._met, self._quiet = False, 0
        self.possible |= listed.etag is not None

    def wrote(self, row: Row | None, key: str, ours: Collection[str]) -> None:
        """A write was carried out.   row: as it stands now; None where the answer didn't show it.   ours: headers that were put."""
        before = self._known.get(key)
        self._etag = None
        if row is None or before is None or row.cells.keys() != before.keys():
            self._met = True
            return
        self._met |= any(row.cells[header] != value for header, value in before.items() if header not in ours)
        self._known[key] = row.cells

    def lost(self, key: str) -> None:
        """The engine is told that this row is gone."""
        self._known.pop(key, None)
        self._etag = None

    def meets(self) -> None:
        """Something isn't as the engine knows it."""
        self._met = True

    def probe(self) -> str:
        """As `Probeable.probe` has it: one request, none where it is known already that the table is to be read."""
        self._quiet += 1
        if self._met or self._lies or not self._as_known():
            self._changes += 1
        return str(self._changes)

    def _as_known(self) -> bool:
        etag = self._etag if self._quiet < SWEEP else None
        listed = self._listing.unless(etag) if etag is not None else self._listing.all()
        if listed is None:
            return True
        self._quiet = 0
        same = set(listed.columns) == self._columns and self._cells(listed) == self._known
        self._lies |= not same and etag is None and listed.etag is not None and listed.etag == self._etag
        self._etag = listed.etag if same else None
        self._met |= not same
        return same

    def _cells(self, listed: Listed) -> dict[str, Mapping[str, Cell]]:
        return {record.key: self._form.cells(record, listed.columns) for record in listed.records.values()}
