"""`spreadsheets.batchUpdate`: its requests one after the other, all of them or none."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from tests.emulators.core.exchange import Json, NotEmulated, Refused
from tests.emulators.google_sheets import on_cells, on_lines, on_metadata, on_parts, on_sheets, on_tables, pasting
from tests.emulators.google_sheets.call import Call
from tests.emulators.google_sheets.errors import invalid

if TYPE_CHECKING:
    from tests.emulators.google_sheets.service import GoogleSheets, Opened

HANDLERS: Mapping[str, Callable[[Call], Json]] = {
    **on_sheets.HANDLERS,
    **on_lines.HANDLERS,
    **on_cells.HANDLERS,
    **pasting.HANDLERS,
    **on_metadata.HANDLERS,
    **on_parts.HANDLERS,
    **on_tables.HANDLERS,
}
"""Each answers with its reply, or None for an empty one. What the discovery document has besides answers 501."""


def apply(service: GoogleSheets, opened: Opened, requests: list[Json]) -> list[Json]:
    """The replies. Raises Refused and NotEmulated; then the caller puts everything back."""
    replies = []
    for index, request in enumerate(requests):
        if len(request) != 1:
            raise invalid(f"Invalid requests[{index}]: No request set.")
        (name, given), *_ = request.items()
        if name not in HANDLERS:
            raise NotEmulated(f"the request {name}")
        try:
            reply = HANDLERS[name](Call(service, opened.file, opened.book, opened.grant.account.email, given))
        except Refused as refused:
            raise _placed(refused, f"requests[{index}].{name}") from refused
        opened.book.sweep()
        replies.append({} if reply is None else {name: reply})
    return replies


def _placed(refused: Refused, where: str) -> Refused:
    message = refused.answer.json["error"]["message"]
    return refused if message.startswith("Invalid ") else invalid(f"Invalid {where}: {message}")
