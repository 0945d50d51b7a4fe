"""Requests about developer metadata: create, update, delete."""

from __future__ import annotations

from tests.emulators.core.exchange import Json
from tests.emulators.google_sheets import masks, metadata
from tests.emulators.google_sheets.book import Entry
from tests.emulators.google_sheets.call import Call
from tests.emulators.google_sheets.errors import invalid


def create(call: Call) -> Json:
    given = call.given.get("developerMetadata", {})
    if not given.get("metadataKey"):
        raise invalid("Developer metadata must have a key.")
    if given.get("visibility") not in ("DOCUMENT", "PROJECT"):
        raise invalid("Developer metadata must have a visibility.")
    number = given.get("metadataId")
    if number is None:
        number = call.service.new_number(call.book.entries)
    elif number < 1:
        raise invalid("A metadataId must be positive.")
    elif number in call.book.entries:
        raise invalid(f"Developer metadata with id {number} already exists.")
    sheet, line = metadata.at(call.book, given.get("location", {}))
    key, value = given["metadataKey"], given.get("metadataValue", "")
    metadata.room(call.book, sheet, len(key) + len(value))
    entry = Entry(number, key, value, given["visibility"], call.service.project, sheet, line)
    call.book.entries[number] = entry
    where = metadata.Places.of(sheet, line, given["location"]["dimensionRange"]["startIndex"]) if sheet and line else None
    return {"developerMetadata": metadata.to_json(call.book, entry, where)}


def update(call: Call) -> Json:
    given = call.given.get("developerMetadata", {})
    paths = {path[0] for path in masks.leaves(call.fields(), "DeveloperMetadata", "developerMetadata")}
    chosen = _chosen(call, call.given.get("dataFilters", []))
    for entry in chosen:
        new = entry
        if "metadataKey" in paths:
            if not given.get("metadataKey"):
                raise invalid("Developer metadata must have a key.")
            new = new._replace(key=given["metadataKey"])
        if "metadataValue" in paths:
            new = new._replace(value=given.get("metadataValue", ""))
        if "visibility" in paths:
            new = new._replace(visibility=given.get("visibility", new.visibility))
        if "location" in paths and "location" in given:
            sheet, line = metadata.at(call.book, given["location"])
            new = new._replace(sheet=sheet, line=line)
        metadata.room(call.book, new.sheet, len(new.key) + len(new.value) - len(entry.key) - len(entry.value))
        call.book.entries[entry.id] = new
    found = [metadata.to_json(call.book, call.book.entries[entry.id]) for entry in chosen]
    return {"developerMetadata": found} if found else {}


def delete(call: Call) -> Json:
    chosen = _chosen(call, [call.given.get("dataFilter", {})])
    gone = [metadata.to_json(call.book, entry) for entry in chosen]
    for entry in chosen:
        del call.book.entries[entry.id]
    return {"deletedDeveloperMetadata": gone} if gone else {}


def _chosen(call: Call, filters: list[Json]) -> list[Entry]:
    found: dict[int, Entry] = {}
    for wanted in filters:
        found.update((entry.id, entry) for entry in metadata.entries(call.book, wanted, call.service.project))
    if not found and call.service.switches["unmatched_filter"] == "refused":
        raise invalid("No data matched the data filter.")
    return list(found.values())


HANDLERS = {
    "createDeveloperMetadata": create,
    "updateDeveloperMetadata": update,
    "deleteDeveloperMetadata": delete,
}
