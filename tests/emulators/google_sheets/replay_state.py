"""What recorded sessions need before they begin: a token, no quotas, and the files that were there already."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING

from tests.emulators.core.exchange import Json
from tests.emulators.google_sheets.errors import DRIVE

if TYPE_CHECKING:
    from tests.emulators.google_sheets.service import GoogleSheets

SCRUBBED = "user1@example.com"
"""What whoever recorded is called in recordings of which addresses were taken out."""
STRANGER = "stranger@example.com"
SHEETS = "/v4/spreadsheets/"


def begin(service: GoogleSheets, session: Json) -> None:
    """With the files that the session finds and doesn't make, and no others."""
    for file in list(service.files):
        service.files.delete(file)
    for file_id, (owner, name, created) in found_files(session).items():
        file = service.new_spreadsheet(name, owner, file_id=file_id)
        file.created = created or file.created


def found_files(session: Json) -> dict[str, tuple[str, str, datetime | None]]:
    """Id → owner, name, and when it was made; None where nothing tells."""
    made: set[str] = set()
    found: dict[str, tuple[str, str, datetime | None]] = {}
    for step in session["steps"]:
        answer = step.get("response") or {}
        file_id = _addressed(step["path"])
        if file_id and file_id not in made and (step["status"] < 400 or step["status"] == 403):
            found.setdefault(file_id, (STRANGER if step["status"] == 403 else SCRUBBED, *_named(session, file_id)))
        for listed in answer.get("files", []):
            if listed["id"] not in made:
                found.setdefault(listed["id"], (SCRUBBED, *_named(session, listed["id"])))
        if step["method"] == "POST" and step["status"] < 400 and ("id" in answer or step["path"] == SHEETS.rstrip("/")):
            made.add(answer.get("id") or answer.get("spreadsheetId", ""))
    return found


def _addressed(path: str) -> str:
    for base in (SHEETS, DRIVE + "v3/files/"):
        if path.startswith(base):
            return path[len(base) :].partition("/")[0].partition(":")[0]
    return ""


def _named(session: Json, file_id: str) -> tuple[str, datetime | None]:
    for one in _objects([step.get("response") for step in session["steps"]]):
        if one.get("id") == file_id and "name" in one:
            return one["name"], datetime.fromisoformat(one["createdTime"]) if "createdTime" in one else None
        if one.get("spreadsheetId") == file_id and "properties" in one:
            return one["properties"]["title"], None
    return "Untitled spreadsheet", None


def _objects(value: Json) -> Iterator[dict[str, Json]]:
    if isinstance(value, dict):
        yield value
        value = list(value.values())
    if isinstance(value, list):
        for inner in value:
            yield from _objects(inner)
