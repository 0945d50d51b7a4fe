"""One tab, asked and told request by request: each answer as a `Grid`."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from connectors.api import Lease, Place, Window
from connectors.errors import NeedsOwner, OutcomeUnknown, TableError, TryLater
from connectors.google_sheets.credentials import Credentials
from connectors.google_sheets.edge import Edge
from connectors.google_sheets.errors import NoTab, Outdated, Subject
from connectors.google_sheets.grid import LEASE, Grid, Line, grid
from connectors.google_sheets.limits import windows
from connectors.google_sheets.ring import SHOWS
from connectors.google_sheets.settings import GoogleSheetsSettings
from connectors.google_sheets.standing import LOOKS, Standing, standing
from connectors.google_sheets.writing import Answer, Puts, answer, data, marks, width_of
from connectors.leases import line_of
from connectors.showing import offered

Json = dict[str, Any]


class Sheet:
    """One table's.   label: what messages call it."""

    def __init__(self, settings: GoogleSheetsSettings, place: Place) -> None:
        tab = settings.which
        named = f'the tab "{tab}"' if isinstance(tab, str) else f"the tab with gid={tab}"
        self.label = f'{named} (table "{place.name}")'
        self._tab, self._place = tab, place
        self._edge = Edge(settings, place, self.label)

    @property
    def windows(self) -> tuple[Window, ...]:
        """What Google counts; whose it is, is known once the credentials were read, which is before the first request."""
        return windows(self._edge.subject.user, self._edge.subject.project)

    @property
    def tab(self) -> int | str:
        """Its number, or its title."""
        return self._tab

    @property
    def subject(self) -> Subject:
        """What messages call the things in question."""
        return self._edge.subject

    def read(self) -> Grid:
        """The tab as it stands. One read, two where it isn't there. Raises TryLater, NeedsOwner, Bug."""
        try:
            return self._seen(self._edge.spreadsheet(self._tab))
        except NoTab as exc:
            raise self._told_which(exc) from exc

    def _told_which(self, missing: NoTab) -> NoTab:
        """The same with the tabs that there are. One read more; where that fails, without them."""
        try:
            found = self._edge.overview()
        except TableError:
            return missing
        return self.no_tab([one.get("properties", {}) for one in found.get("sheets", ())])

    def put(self, seen: Grid, puts: Puts, beside: Sequence[Json] = ()) -> tuple[Answer, list[Json]]:
        """Put cells into rows by their handles; all of it or nothing. One write. Also what the answer says of the rest.

        beside: value ranges of other tabs, by data filters with a gridRange.
        Raises Outdated where a row or a column isn't there any more, and what `Table.write` does.
        """
        found = self._edge.put([*data(seen, puts), *beside])
        rest = [one for one in found if "gridRange" in one.get("dataFilter", {})]
        return answer(seen, width_of(seen, puts), [one for one in found if one not in rest]), rest

    def put_beside(self, beside: Sequence[Json]) -> list[Json]:
        """Put cells into other tabs alone: what the answer says. One write. Raises what `Table.write` does."""
        return self._edge.put(beside)

    def beside(self, title: str) -> Json:
        """Another tab of the spreadsheet, as `ring` wants it. One read. Raises TryLater, NeedsOwner (NoTab), Bug."""
        return self._edge.spreadsheet(title, SHOWS)

    def look_beside(self, title: str) -> Json | None:
        """The same with its looks; None where there is no such tab. One read. Raises TryLater, NeedsOwner, Bug."""
        try:
            return self._edge.spreadsheet(title, LOOKS)
        except NoTab:
            return None

    def mark(self, seen: Grid, lines: Sequence[Line]) -> Grid:
        """Give these lines a handle each; the tab as it stands then. One write.

        A line is named by where it stood: should rows be moved meanwhile, another line gets the handle. So who bears which is only
        taken from the answer.
        """
        return self.change(seen, marks(lines, seen.sheet_id))[0]

    def change(self, seen: Grid, requests: Sequence[dict[str, Any]]) -> tuple[Grid, list[dict[str, Any]]]:
        """Change the tab, all or nothing: as it stands then, and the replies. One write."""
        try:
            answered = self._edge.change(requests, seen.title)
        except NoTab as exc:
            raise Outdated(f"{self.label} has been renamed since it was read. Nothing was written") from exc
        try:
            return self._seen(answered.get("updatedSpreadsheet", {})), answered.get("replies", [])
        except (TryLater, NeedsOwner) as exc:
            raise OutcomeUnknown(f"{self.label} was changed, and can't be understood since: {exc}") from exc

    @property
    def credentials(self) -> Credentials:
        """Who asks, by the settings."""
        return self._edge.credentials

    def overview(self) -> dict[str, Any]:
        """The spreadsheet's title, and its tabs with their sizes. One read. Raises TryLater, NeedsOwner, Bug."""
        return self._edge.overview()

    def rights(self) -> dict[str, Any]:
        """What Drive says we may do with the file. Counts against no quota of Sheets. Raises TryLater, NeedsOwner, Bug."""
        return self._edge.rights()

    def look(self) -> Standing:
        """The tab with its looks, also an empty one. One read. Raises TryLater, NeedsOwner, Bug."""
        found = standing(self._edge.spreadsheet(self._tab, LOOKS), self._tab, self._place, self.label)
        if found is None:
            raise self.no_tab()
        return found

    def alter(self, requests: Sequence[dict[str, Any]]) -> None:
        """Change the tab, all or nothing. One write. Raises what `Table.write` does."""
        self._edge.alter(requests)

    def lease(self, seen: Grid, lease: Lease) -> None:
        """Leave a lease beside the tab, in the place of its holder's. One write. Raises what `Table.write` does."""
        number = next((number for number, one in seen.leases.items() if one.holder == lease.holder), None)
        said = {"metadataKey": LEASE, "metadataValue": line_of(lease), "visibility": "DOCUMENT"}
        if number is None:
            entry = said | {"location": {"sheetId": seen.sheet_id}}
            self.alter([{"createDeveloperMetadata": {"developerMetadata": entry}}])
            return
        with suppress(Outdated):  # another daemon has taken it away
            asked = {"dataFilters": [_by(number)], "developerMetadata": said, "fields": "metadataValue"}
            self.alter([{"updateDeveloperMetadata": asked}])

    def release(self, seen: Grid, holder: str) -> None:
        """Take its leases away. One write, none where it has none. Raises what `Table.write` does."""
        numbers = [number for number, one in seen.leases.items() if one.holder == holder]
        if numbers:
            with suppress(Outdated):
                self.alter([{"deleteDeveloperMetadata": {"dataFilter": _by(number)}} for number in numbers])

    def version(self) -> str:
        """How the file's version stands with Drive: it grows with every change. Counts against no quota of Sheets.

        Raises NeedsOwner where the file is in the bin.
        """
        found = self._edge.file()
        if found.get("trashed"):
            raise self.in_the_bin()
        return str(found.get("version", ""))

    def in_the_bin(self) -> NeedsOwner:
        """That the file was deleted, and can still be had back."""
        return NeedsOwner(f"{self.label}: the spreadsheet is in the bin of Google Drive. Restore it there: {self.subject.url}")

    def no_tab(self, tabs: Sequence[Json] = ()) -> NoTab:
        """That the spreadsheet is there, and the tab isn't.   tabs: properties of those that are, as far as that is known."""
        number = isinstance(self._tab, int)
        names = [f"{one.get('title', '')} (gid={one.get('sheetId', 0)})" if number else str(one.get("title", "")) for one in tabs]
        there = f"; it has {offered(str(self._tab), names)}" if tabs else ""
        return NoTab(f"{self.label}: the spreadsheet has no such tab{there}. Make it, or say in rowd.toml which it is.")

    def close(self) -> None:
        self._edge.close()

    def _seen(self, said: dict[str, Any]) -> Grid:
        found = grid(said, self._tab, self._place, self.label)
        if found is None:
            raise self.no_tab()
        return found


def _by(number: int) -> dict[str, Any]:
    return {"developerMetadataLookup": {"metadataId": number}}
