"""Google's own description of what goes in and out: bodies and field masks are checked against it, as the real service does."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from tests.emulators.core.emulator import Lacking
from tests.emulators.core.exchange import Json, NotEmulated
from tests.emulators.google_sheets.errors import bad_fields, unknown_name

LACKING = "the emulator goes by google-api-python-client, which isn't installed; run, in a checkout: pip install -e '.[dev]'"

INTEGER = re.compile(r"-?\d+(\.0+)?")
KINDS = {"boolean": "TYPE_BOOL", "string": "TYPE_STRING", "number": "TYPE_DOUBLE"}

ANSWERS = {
    "spreadsheets.create": "Spreadsheet",
    "spreadsheets.get": "Spreadsheet",
    "spreadsheets.getByDataFilter": "Spreadsheet",
    "sheets.copyTo": "SheetProperties",
    "spreadsheets.batchUpdate": "BatchUpdateSpreadsheetResponse",
    "values.get": "ValueRange",
    "values.batchGet": "BatchGetValuesResponse",
    "values.update": "UpdateValuesResponse",
    "values.batchUpdate": "BatchUpdateValuesResponse",
    "values.append": "AppendValuesResponse",
    "values.clear": "ClearValuesResponse",
    "values.batchClear": "BatchClearValuesResponse",
    "values.batchGetByDataFilter": "BatchGetValuesByDataFilterResponse",
    "values.batchUpdateByDataFilter": "BatchUpdateValuesByDataFilterResponse",
    "values.batchClearByDataFilter": "BatchClearValuesByDataFilterResponse",
    "developerMetadata.get": "DeveloperMetadata",
    "developerMetadata.search": "SearchDeveloperMetadataResponse",
}
"""Operation → what it answers with."""


@cache
def document(api: str) -> Mapping[str, Any]:
    """`sheets.v4` or `drive.v3`: the discovery document that google-api-python-client ships. Raises Lacking."""
    try:
        place = files("googleapiclient") / "discovery_cache" / "documents" / f"{api}.json"
    except ModuleNotFoundError:
        raise Lacking(LACKING) from None
    found: Mapping[str, Any] = json.loads(place.read_text("utf-8"))
    return found


def schemas() -> Mapping[str, Any]:
    found: Mapping[str, Any] = document("sheets.v4")["schemas"]
    return found


@cache
def parameters(operation: str) -> frozenset[str]:
    """What may stand in the query of one of ANSWERS."""
    part, name = operation.split(".")
    found = document("sheets.v4")["resources"]["spreadsheets"]
    method = (found if part == "spreadsheets" else found["resources"][part])["methods"][name]
    return frozenset(document("sheets.v4")["parameters"]) | frozenset(method.get("parameters", ()))


def check_query(names: Iterable[str], operation: str) -> None:
    """Raises Refused for a name that the method doesn't have, and NotEmulated for one that it has in another spelling.

    Worded as quoted from several of Google's services of the same make.
    """
    known = parameters(operation)
    for name in dict.fromkeys(names):
        if name in known:
            continue
        if name in {_snake(other) for other in known}:
            raise NotEmulated(f"the parameter {name}, written so,")
        text = (
            f'Invalid JSON payload received. Unknown name "{name}": Cannot bind query parameter. '
            f"Field '{name}' could not be found in request message."
        )
        raise bad_fields([("", text)])


Faults = list[tuple[str, str]]
WRAPPED = ("GridRange", "DimensionRange")
"""Their indexes may be left out, and so are messages of their own (brekkylab/backlot#340: start_row_index.value)."""


def body(given: Json, name: str, prefix: str = "") -> dict[str, Json]:
    """A request's body as the method takes it: without nulls, numbers as numbers. Raises Refused.

    prefix: how the service calls the body itself: `data` where a value range is all of it.
    """
    faults: Faults = []
    found = _object(given if isinstance(given, dict) else {}, name, prefix, faults)
    if faults:
        raise bad_fields(faults)
    return found


ONE_OF: Mapping[str, tuple[str, frozenset[str] | None]] = {
    "Request": ("kind", None),
    "ExtendedValue": ("value", None),
    "DataFilter": ("filter", None),
    "ColorStyle": ("kind", None),
    "ConditionValue": ("value", None),
    "DeveloperMetadataLocation": ("location", frozenset(["spreadsheet", "sheetId", "dimensionRange"])),
    "ConditionalFormatRule": ("rule", frozenset(["booleanRule", "gradientRule"])),
}
"""Messages of whose fields one may be set: the oneof's name, and which fields; None for all. Their descriptions say so in words."""


def _object(given: Mapping[str, Json], name: str, path: str, faults: Faults) -> dict[str, Json]:
    known = schemas()[name].get("properties", {})
    out: dict[str, Json] = {}
    oneof, alternatives = ONE_OF.get(name, ("", frozenset()))
    for key, value in given.items():
        alternative = alternatives is None or key in alternatives
        if key not in known:
            faults.append(unknown_name(key, path))
        elif value is not None and alternative and any(alternatives is None or other in alternatives for other in out):
            text = f"Invalid value at '{path}' (oneof), oneof field '{oneof}' is already set. Cannot set '{key}'"
            faults.append((path, text))
        elif value is not None:
            here = f"{path}.{_snake(key)}" if path else _snake(key)
            if name in WRAPPED and key.endswith("Index"):
                here += ".value"
            out[key] = _value(value, known[key], here, faults)
    return out


def _value(given: Json, schema: Mapping[str, Any], path: str, faults: Faults) -> Json:
    if "$ref" in schema:
        if not isinstance(given, dict):
            return _bad(path, f"type.googleapis.com/google.apps.sheets.v4.{schema['$ref']}", given, faults)
        return _object(given, schema["$ref"], path, faults)
    kind = schema["type"]
    if kind == "array":
        if not isinstance(given, list):  # taken for the only one (gspread's recordings: values "X")
            return [_item(given, schema["items"], path, faults)]
        if schema["items"].get("type") not in ("array", "any"):
            given = _flat(given)
        return [_item(item, schema["items"], f"{path}[{index}]", faults) for index, item in enumerate(given)]
    return given if kind in ("any", "object") else _scalar(given, schema, path, faults)


def _flat(given: list[Json]) -> list[Json]:
    """Lists within a list of messages count as their contents: pygsheets lives by it (adjust_column_width)."""
    return [inner for item in given for inner in (_flat(item) if isinstance(item, list) else [item])]


def _item(given: Json, schema: Mapping[str, Any], path: str, faults: Faults) -> Json:
    """Rows of values are lists of whatever there is."""
    if schema.get("type") != "array":
        return _value(given, schema, path, faults)
    return given if isinstance(given, list) else _bad(path, "type.googleapis.com/google.protobuf.ListValue", given, faults)


def _scalar(given: Json, schema: Mapping[str, Any], path: str, faults: Faults) -> Json:
    kind = schema["type"]
    number = isinstance(given, int | float) and not isinstance(given, bool)
    if kind == "integer":
        whole = (number and given == int(given)) or (isinstance(given, str) and INTEGER.fullmatch(given))
        return int(float(given)) if whole else _bad(path, "TYPE_INT32", given, faults)
    if kind == "string" and isinstance(given, str) and "enum" in schema and given not in schema["enum"]:
        return _bad(path, "type.googleapis.com/google.apps.sheets.v4", given, faults)
    fits = number if kind == "number" else isinstance(given, bool if kind == "boolean" else str)
    return given if fits else _bad(path, KINDS[kind], given, faults)


def _bad(path: str, kind: str, given: Json, faults: Faults) -> None:
    faults.append((path, f"Invalid value at '{path}' ({kind}), {json.dumps(given, ensure_ascii=False)}"))


def _snake(name: str) -> str:
    return re.sub(r"([A-Z])", lambda match: "_" + match[1].lower(), name)


def answer_faults(given: Json, name: str, path: str = "$", api: str = "sheets.v4") -> list[str]:
    """What in an answer is not as the discovery document has it: unknown names, other types, words that aren't in an enum."""
    return _faults(given, {"$ref": name}, path, document(api)["schemas"])


def _faults(given: Json, schema: Mapping[str, Any], path: str, all_: Mapping[str, Any]) -> list[str]:
    if "$ref" in schema:
        schema = all_[schema["$ref"]]
    kind = schema["type"]
    if kind == "object" and isinstance(given, dict):
        known = schema.get("properties")
        if known is None:
            return []
        found = [f"{path}.{key}: not in the schema" for key in given if key not in known]
        return found + [text for key in given if key in known for text in _faults(given[key], known[key], f"{path}.{key}", all_)]
    if kind == "array" and isinstance(given, list):
        return [text for index, item in enumerate(given) for text in _faults(item, schema["items"], f"{path}[{index}]", all_)]
    types: Mapping[str, tuple[type, ...]] = {
        "any": (object,),
        "string": (str,),
        "boolean": (bool,),
        "integer": (int,),
        "number": (int, float),
    }
    if not isinstance(given, types.get(kind, ())) or (isinstance(given, bool) and kind in ("integer", "number")):
        return [f"{path}: {kind} expected, got {given!r:.40}"]
    if "enum" in schema and given not in schema["enum"]:
        return [f"{path}: {given!r} is not in the enum"]
    return []
