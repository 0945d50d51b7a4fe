"""Whether everything is there that a tab needs: the credentials, the spreadsheet, the tab, the right to write, room."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from connectors.errors import NeedsOwner, TableError
from connectors.google_sheets.errors import Outdated
from connectors.google_sheets.journal import TabJournal
from connectors.google_sheets.sheet import Sheet
from connectors.preparing import Check

MOST_CELLS = 10_000_000
"""Of a spreadsheet; support.google.com/drive/answer/37603, read 2026-11-21."""

NOTHING = {"deleteDeveloperMetadata": {"dataFilter": {"developerMetadataLookup": {"metadataKey": "rowd.nothing"}}}}
"""A request that changes nothing, since there is no such metadata, and that only who may write may send."""


def examined(sheet: Sheet, journal: TabJournal | None, *, drive: bool) -> Iterator[Check]:
    """As `Examinable.examine` has it.   journal: None where none is wanted.   drive: whether Drive may be asked."""
    for check in sheet.credentials.examined():
        yield check
        if check.trouble is not None:
            return
    try:
        found = sheet.overview()
    except TableError as exc:
        yield Check.failed("connection", exc)
        return
    yield Check("connection", f'the spreadsheet "{found.get("properties", {}).get("title", "")}" can be opened')
    tabs = [one.get("properties", {}) for one in found.get("sheets", ())]
    tab = next((one for one in tabs if sheet.tab in (one.get("sheetId", 0), one.get("title"))), None)
    if tab is None:
        yield Check.failed("tab", sheet.no_tab(tabs))
        return
    yield Check("tab", f'the tab "{tab.get("title", "")}" is there')
    if journal is not None:
        yield journal.check([str(one.get("title", "")) for one in tabs])
    yield _may_write(sheet) if drive else _untold(sheet)
    yield _room(sheet, tabs)


def _may_write(sheet: Sheet) -> Check:
    """As Drive has it. Where Drive itself refuses, Sheets has answered already: so it is Drive alone that lacks something."""
    try:
        found = sheet.rights()
    except NeedsOwner as exc:
        remedy = "Or set ask_drive = false in rowd.toml: Drive is asked only to save requests."
        return Check.failed("permission", NeedsOwner(f"{exc} {remedy}"))
    except TableError as exc:
        return Check.failed("permission", exc)
    if found.get("trashed"):
        return Check.failed("permission", sheet.in_the_bin())
    if not found.get("capabilities", {}).get("canEdit"):
        return Check.failed("permission", _viewer(sheet))
    return Check("permission", "it is shared as an Editor, so rowd may write")


def _untold(sheet: Sheet) -> Check:
    return Check("permission", "whether rowd may write can't be told by reading", open=True, proof=lambda: _proved(sheet))


def _proved(sheet: Sheet) -> Check:
    try:
        sheet.alter([NOTHING])
    except Outdated:  # so a filter that matches nothing may be answered, by whom it lets in
        pass
    except TableError as exc:
        return Check.failed("permission", exc)
    return Check("permission", "rowd may write")


def _viewer(sheet: Sheet) -> NeedsOwner:
    subject = sheet.subject
    return NeedsOwner(
        f"{sheet.label} is shared with rowd for reading only. Open {subject.url}, press Share, and make"
        f" {subject.address or 'the account that signed in'} an Editor."
    )


def _room(sheet: Sheet, tabs: list[Mapping[str, Any]]) -> Check:
    sizes = [one.get("gridProperties", {}) for one in tabs]
    cells = sum(size.get("rowCount", 0) * size.get("columnCount", 0) for size in sizes)
    if cells >= MOST_CELLS:
        return Check.failed(
            "room", NeedsOwner(f"{sheet.label}: the spreadsheet has {cells:,} cells, the most there can be. Delete rows or tabs.")
        )
    return Check("room", f"the spreadsheet has {cells:,} of {MOST_CELLS:,} cells")
