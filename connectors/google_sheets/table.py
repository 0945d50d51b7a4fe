"""A tab of Google Sheets as the contract wants a table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from msgspec.structs import replace

from connectors.api import Cell, Effect, Entry, Lease, Page, Patch, Place, Recorded, Table, Traits, Written
from connectors.errors import Bug, TableError, TryLater
from connectors.google_sheets.cells import CELL_LIMIT
from connectors.google_sheets.checks import examined
from connectors.google_sheets.errors import Unasked
from connectors.google_sheets.grid import Grid
from connectors.google_sheets.journal import Riding, TabJournal
from connectors.google_sheets.login import begun
from connectors.google_sheets.prepare import prepared
from connectors.google_sheets.rows import created, deleted
from connectors.google_sheets.sending import Sending
from connectors.google_sheets.settings import GoogleSheetsSettings
from connectors.google_sheets.sheet import Sheet
from connectors.google_sheets.told import Told
from connectors.preparing import Check, Preparation, Wanted
from connectors.signing_in import SigningIn

BATCH = 1000
"""Patches in one write: about two megabytes, the most that is advised (developers.google.com/workspace/sheets/api/limits)."""


class GoogleSheetsTable:
    """Reads and writes one tab. Rows are known by their ID cell, without an ID column by their Name; they are written by a handle,
    developer metadata that follows the row, which they get when they are first written."""

    def __init__(self, settings: GoogleSheetsSettings, place: Place) -> None:
        self._sheet = Sheet(settings, place)
        self._drive = settings.ask_drive
        self._sending = Sending(self._sheet)
        self._grid: Grid | None = None  # as the tab is known; None: to be read before anything is written
        self._told: Told | None = None
        self._wrote = False  # since the version of the file was last looked at
        size, shapes = settings.history_size, place.journal
        self._journal = TabJournal(self._sheet, settings.history, size, shapes, place.zone) if settings.history else None

    @property
    def traits(self) -> Traits:
        journal = self._journal.traits if self._journal is not None else None
        return Traits(atomic_expect=False, batch=BATCH, windows=self._sheet.windows, cell_limit=CELL_LIMIT, journal=journal)

    def read(self, cursor: str | None = None) -> Page:
        """Every row, on one page: one request. Three, where a write strayed and could not be put right at once."""
        if cursor is not None:
            raise Bug(f"{self._sheet.label} is read on one page, so there is none at {cursor!r}")
        self._sending.put_back()
        self._grid = seen = self._sheet.read()
        self._told = Told(seen)
        return seen.page

    def write(self, patches: Sequence[Patch]) -> list[Written]:
        """Patches carried out in one request, with what stands there afterwards.

        More than one where a row is written for the first time (it gets its handle), can be told only by its content (it is looked
        at right before), is gone, or where columns or cells were moved since they were read: what landed elsewhere is put right.
        What a person typed into such a cell, between the read and the write, is lost then; so is nothing else.
        """
        return self._written(patches, None)

    def record(self, patches: Sequence[Patch], entries: Sequence[Entry]) -> Recorded:
        """In the very request that carries out patches; in one of its own where there is nothing else to be sent. Also a read of
        the journal's tab, at first and after each trouble. Where it is refused, patches take one request more.
        """
        journal = self._journal
        if journal is None:
            raise Bug(f"{self._sheet.label} has no journal")
        try:
            riding = journal.boarding(entries)
        except TableError as exc:
            return Recorded(self.write(patches), journal.told(exc))
        answers = self._written(patches, riding)
        if riding.waits:
            self._wrote = True
            journal.alone(riding)
        if riding.refused is not None:
            return Recorded(answers, journal.told(riding.refused))
        return Recorded(answers, lost=journal.landed(riding))

    def _written(self, patches: Sequence[Patch], riding: Riding | None) -> list[Written]:
        if len(patches) > BATCH:
            raise Bug(f"{len(patches)} patches, more than {BATCH} at once")
        if not patches:
            return []
        with self._changing() as seen:
            answers, self._grid = self._sending.write(seen, patches, riding)
        for patch, answer in zip(patches, answers, strict=True):
            if self._told is not None:
                self._told.row(patch.key, patch.put.keys(), answer.row if answer.effect is Effect.APPLIED else None)
        return answers

    def create(self, rows: Sequence[Mapping[str, Cell]]) -> list[str]:
        """Rows in new lines below the last row, in its formats; the tab grows. One request, beside a read where there was none."""
        if not rows:
            return []
        with self._changing() as seen:
            self._grid, keys = created(self._sheet, seen, rows)
        self._untold()
        return keys

    def delete(self, keys: Sequence[str]) -> list[Effect]:
        """Lines removed: a read, then one request. They are named by where they stood in that read: nothing else can name them.

        Should somebody move rows in between, another row may go; then NeedsOwner says which, and that it can be undone.
        """
        if not keys:
            return []
        with self._changing():
            self._grid, effects = deleted(self._sheet, self._sheet.read(), keys)
        self._untold()
        return effects

    def lease(self, lease: Lease) -> None:
        """As developer metadata of the tab, which nobody sees; see `Leased.lease`."""
        with self._changing() as seen:
            self._sheet.lease(seen, lease)
            self._grid = seen
        if self._told is not None:
            self._told.holders.add(lease.holder)

    def release(self, holder: str) -> None:
        """See `Leased.release`."""
        with self._changing() as seen:
            self._sheet.release(seen, holder)
            self._grid = seen
        if self._told is not None:
            self._told.holders.discard(holder)

    def link(self, key: str) -> str | None:
        """The tab, at the line on which the row stood: a link leads to cells, which another row may have taken since."""
        grid = self._grid
        if grid is None or (key and key not in grid.lines):
            return None
        at = f"&range=A{grid.lines[key].index + 1}" if key else ""
        return f"{self._sheet.subject.url}#gid={grid.sheet_id}{at}"

    def sign_in(self, back: str) -> SigningIn:
        """Where an OAuth client is named in rowd.toml; a service account needs nobody."""
        return begun(self._sheet.credentials, back)

    def examine(self) -> Iterator[Check]:
        """The credentials, the spreadsheet, the tab, that of the journal, the right to write, room."""
        return examined(self._sheet, self._journal, drive=self._drive)

    def prepare(self, wanted: Wanted) -> Preparation:
        """One read, and one of the journal's tab; a step at most for each, which changes all or nothing. Afterwards the tab is to
        be read again."""
        self._grid = None
        self._untold()
        preparation = prepared(self._sheet, wanted)
        if self._journal is None:
            return preparation
        return replace(preparation, steps=(*preparation.steps, *self._journal.prepared()))

    def close(self) -> None:
        self._sheet.close()

    @contextmanager
    def _changing(self) -> Iterator[Grid]:
        """With the tab as it is known; whatever goes wrong, it is read anew before the next change."""
        self._sending.put_back()
        seen = self._grid if self._grid is not None else self._sheet.read()
        self._grid, self._wrote = None, True
        yield seen

    def _untold(self) -> None:
        if self._told is not None:
            self._told.met = True


class ProbedGoogleSheetsTable(GoogleSheetsTable):
    """One that asks Drive whether the spreadsheet may have changed."""

    def __init__(self, settings: GoogleSheetsSettings, place: Place) -> None:
        super().__init__(settings, place)
        self._version: str | None = None  # as Drive said last
        self._marker = ""
        self._news = 0

    def probe(self) -> str:
        """By the file's version, which costs nothing of the quota of Sheets.

        Our own writes raise it like everybody's. So after one the tab is read (one request) and held against what the engine
        knows: versions don't tell whose they are, and come late. Where Drive refuses to answer, everything may have changed.
        """
        try:
            version = self._sheet.version()
        except Unasked:
            return self._changed(None)
        told = self._told
        if told is not None and (told.met or self._sending.strays):
            return self._changed(version)
        if version == self._version:
            return self._marker
        if told is not None and self._wrote and self._version is not None and self._reads_as(told):
            self._version, self._wrote = version, False
            return self._marker
        return self._changed(version)

    def _reads_as(self, told: Told) -> bool:
        try:
            self._grid = self._sheet.read()
        except TryLater:  # the engine's own read is patient
            return False
        return told.reads_as(self._grid)

    def _changed(self, version: str | None) -> str:
        self._version, self._wrote = version, False
        self._news += 1
        self._marker = f"{version or 'unknown'}.{self._news}"
        return self._marker


def opened(settings: GoogleSheetsSettings, place: Place) -> Table:
    """A table that can be probed, unless the operator doesn't want Drive to be asked."""
    return ProbedGoogleSheetsTable(settings, place) if settings.ask_drive else GoogleSheetsTable(settings, place)
