"""What a request for records may ask for, from the query of a GET or the body of a POST to listRecords."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from tests.emulators.airtable import errors
from tests.emulators.airtable.model import Field, Table
from tests.emulators.core.exchange import Request

PAGE = 100
"""Records of one page at most; airtable.com/developers/web/api/list-records (VENDORS.md B2)."""
_SORT = re.compile(r"sort\[(\d+)\]\[(field|direction)\]")
_ARRAY = re.compile(r"(fields|recordMetadata)\[\d*\]")


@dataclass(frozen=True)
class Form:
    """How cells come back.   only: these fields, else all.   zone, locale: of the string format; None for JSON."""

    by_id: bool = False
    only: tuple[Field, ...] | None = None
    strings: bool = False
    zone: str = "utc"
    locale: str = "en-us"


@dataclass(frozen=True)
class Asked:
    """sorts: (field, descending).   at_most: over all pages; None for no limit."""

    form: Form
    page: int
    at_most: int | None
    offset: str | None
    view: str | None
    formula: str | None
    sorts: tuple[tuple[Field, bool], ...]
    comment_count: bool


def form_of(request: Request, table: Table, *, older: bool) -> Form:
    """Of a single record. Raises Refused."""
    return _form(_query(request), table, older)


def asked(request: Request, table: Table, *, older: bool) -> Asked:
    """Raises Refused.   older: the older wording of an unknown field's name."""
    given = _query(request)
    if request.method == "POST":
        body = request.json if request.json is not None else {}
        if not isinstance(body, dict):
            raise errors.bad_request()
        given = {**given, **body}
    sorts = [_sort(table, each, older) for each in _list(given, "sort")]
    metadata = _list(given, "recordMetadata")
    if any(each != "commentCount" for each in metadata):
        raise errors.bad_request()
    return Asked(
        form=_form(given, table, older),
        page=_number(given, "pageSize", PAGE) or PAGE,
        at_most=_number(given, "maxRecords", None),
        offset=_text(given, "offset"),
        view=_text(given, "view"),
        formula=_text(given, "filterByFormula"),
        sorts=tuple(sorts),
        comment_count=bool(metadata),
    )


def truth(value: Any) -> bool:
    """A flag as queries and bodies give it."""
    return value in (True, 1, "1", "true")


def _query(request: Request) -> dict[str, Any]:
    given: dict[str, Any] = {}
    sorts: dict[int, dict[str, str]] = {}
    for name, value in request.query:
        if match := _SORT.fullmatch(name):
            sorts.setdefault(int(match[1]), {})[match[2]] = value
        elif match := _ARRAY.fullmatch(name):
            given.setdefault(match[1], []).append(value)
        else:
            given[name] = value
    if sorts:
        given["sort"] = [sorts[index] for index in sorted(sorts)]
    return given


def _form(given: dict[str, Any], table: Table, older: bool) -> Form:
    only = None
    if "fields" in given:
        only = tuple(_field(table, each, older) for each in _list(given, "fields"))
    form = _text(given, "cellFormat") or "json"
    zone, locale = _text(given, "timeZone"), _text(given, "userLocale")
    if form not in ("json", "string") or (form == "string" and (zone is None or locale is None)):
        raise errors.bad_request()
    return Form(truth(given.get("returnFieldsByFieldId")), only, form == "string", zone or "utc", locale or "en-us")


def _field(table: Table, name: Any, older: bool) -> Field:
    found = table.field(name) if isinstance(name, str) else None
    if found is None:
        raise errors.unknown_field(str(name), older)
    return found


def _sort(table: Table, each: Any, older: bool) -> tuple[Field, bool]:
    if not isinstance(each, dict) or "field" not in each or each.get("direction", "asc") not in ("asc", "desc"):
        raise errors.bad_request()
    return _field(table, each["field"], older), each.get("direction") == "desc"


def _list(given: dict[str, Any], name: str) -> list[Any]:
    value = given.get(name, [])
    if isinstance(value, str):
        return [value]
    if not isinstance(value, list):
        raise errors.bad_request()
    return value


def _text(given: dict[str, Any], name: str) -> str | None:
    value = given.get(name)
    if value is not None and not isinstance(value, str):
        raise errors.bad_request()
    return value or None


def _number(given: dict[str, Any], name: str, most: int | None) -> int | None:
    value = given.get(name)
    if value is None:
        return None
    if isinstance(value, str) and value.isdigit():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or value < 1 or (most is not None and value > most):
        raise errors.bad_request()
    return value
