"""Fields, tables and bases as the Meta API writes them down, and new ones from what it is given."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.emulators.airtable import errors
from tests.emulators.airtable.formulas import BadFormula, compiled
from tests.emulators.airtable.formulas.kinds import kind_of
from tests.emulators.airtable.formulas.parse import fields_of, parse
from tests.emulators.airtable.ids import Ids
from tests.emulators.airtable.model import COMPUTED, SELECTS, Base, Field, Table, View
from tests.emulators.airtable.writing import COLORS, WRITABLE

_NEEDED = {
    "number": ("precision",),
    "percent": ("precision",),
    "currency": ("precision", "symbol"),
    "duration": ("durationFormat",),
    "rating": ("icon", "max", "color"),
    "checkbox": ("icon", "color"),
    "date": ("dateFormat",),
    "dateTime": ("dateFormat", "timeFormat", "timeZone"),
    "singleSelect": ("choices",),
    "multipleSelects": ("choices",),
    "multipleRecordLinks": ("linkedTableId",),
}
"""Options without which a field can't be created; airtable.com/developers/web/api/field-model (VENDORS.md B7)."""
_FORMATS = {
    "local": "l",
    "friendly": "LL",
    "us": "M/D/YYYY",
    "european": "D/M/YYYY",
    "iso": "YYYY-MM-DD",
    "12hour": "h:mma",
    "24hour": "HH:mm",
}
_LOCAL = {"name": "local", "format": "l"}
_HIDDEN = {"rollup": ("formula",), "button": ("label", "url")}
"""What a definition has and the Meta API doesn't tell."""
_TIME = {"dateFormat": _LOCAL, "timeFormat": {"name": "12hour", "format": "h:mma"}, "timeZone": "client"}
_CLIENT_TIME = {"type": "dateTime", "options": _TIME}
PRIMARY = frozenset(
    {"singleLineText", "multilineText", "email", "url", "phoneNumber", "number", "currency", "percent", "date", "dateTime"}
)


def field_json(field: Field) -> dict[str, Any]:
    shown: dict[str, Any] = {"type": field.type}
    if field.options is not None:
        shown["options"] = field.options
    shown.update({"id": field.id, "name": field.name})
    if field.description:
        shown["description"] = field.description
    return shown


def table_json(table: Table, *, visible: bool = False) -> dict[str, Any]:
    """visible: with each grid view's visible fields."""
    shown: dict[str, Any] = {"id": table.id, "name": table.name, "primaryFieldId": table.primary.id}
    if table.description:
        shown["description"] = table.description
    shown["fields"] = [field_json(field) for field in table.fields]
    shown["views"] = [_view_json(table, view, visible) for view in table.views]
    return shown


def _view_json(table: Table, view: View, visible: bool) -> dict[str, Any]:
    shown: dict[str, Any] = {"id": view.id, "name": view.name, "type": view.type}
    if visible and view.type == "grid":
        shown["visibleFieldIds"] = [field.id for field in table.fields if field.id not in view.hidden]
    return shown


def new_field(ids: Ids, base: Base, table: Table, given: Any, *, computed: bool) -> Field:
    """A field as create-field or create-table describe it. Raises Refused.   computed: whether those can be created at all."""
    if not isinstance(given, dict) or not isinstance(given.get("name"), str) or not isinstance(given.get("type"), str):
        raise errors.bad_request()
    name, kind = given["name"].strip(), given["type"]
    if not name or any(known.name.lower() == name.lower() for known in table.fields):
        raise errors.refusal(422, "DUPLICATE_OR_EMPTY_FIELD_NAME")
    if kind not in WRITABLE | COMPUTED:
        raise errors.bad_request()
    if kind in COMPUTED and not computed:
        why = f"Creating {kind} fields is not supported at this time"
        raise errors.refusal(422, "UNSUPPORTED_FIELD_TYPE_FOR_CREATE", f"Invalid options for {table.name}.{name}: {why}")
    options = given.get("options")
    _check_options(f"{table.name}.{name}", name, kind, options)
    if kind == "formula":
        check_formula(table, (options or {}).get("formula"))
    shown = {**(options or {})}
    hidden = {part: shown.pop(part) for part in _HIDDEN.get(kind, ()) if part in shown}
    completed = _completed(ids, kind, shown) if kind not in COMPUTED else _computed(base, table, kind, shown)
    made = Field(ids.new("fld"), name, kind, completed or None, given.get("description"), hidden=hidden)
    if kind == "multipleRecordLinks" and base.table(str(made.option("linkedTableId"))) is None:
        raise errors.forbidden()
    return made


def _check_options(where: str, name: str, kind: str, options: Any) -> None:
    """Raises Refused."""
    needed = _NEEDED.get(kind, ())
    if needed and not isinstance(options, dict):
        why = f"{name}.options is missing"
    elif lacking := [each for each in needed if each not in options]:
        why = f"{name}.options.{lacking[0]} is missing"
    elif kind == "multipleRecordLinks" and (more := set(options) - {"linkedTableId", "viewIdForRecordSelection"}):
        why = f"{name}.options.{min(more)} is not allowed"
    else:
        return
    raise errors.refusal(
        422, "INVALID_FIELD_TYPE_OPTIONS_FOR_CREATE", f"Invalid options for {where}: Failed schema validation: {why}"
    )


def back_link(ids: Ids, base: Base, table: Table, link: Field) -> tuple[Table, Field] | None:
    """The field that a new link gets in the linked table; None for one within its own table."""
    other = base.table(str(link.option("linkedTableId")))
    if other is None or other is table:
        return None
    name, count = table.name, 2
    while other.field(name) is not None:
        name, count = f"{table.name} {count}", count + 1
    back = Field(
        ids.new("fld"),
        name,
        "multipleRecordLinks",
        {"linkedTableId": table.id, "isReversed": True, "prefersSingleRecordLink": False},
    )
    assert back.options is not None
    assert link.options is not None
    back.options["inverseLinkFieldId"] = link.id
    link.options["inverseLinkFieldId"] = back.id
    return other, back


def new_table(ids: Ids, base: Base, given: Any, *, computed: bool) -> Table:
    """Raises Refused. Its first field is the primary one."""
    if not isinstance(given, dict) or not isinstance(given.get("name"), str) or not isinstance(given.get("fields"), list):
        raise errors.bad_request()
    if base.table(given["name"]) is not None or not given["name"].strip():
        raise errors.refusal(422, "DUPLICATE_TABLE_NAME", f'Table name "{given["name"]}" is empty or already in use')
    table = Table(ids.new("tbl"), given["name"], description=given.get("description"))
    for each in given["fields"]:
        table.fields.append(new_field(ids, base, table, each, computed=computed))
    if not table.fields or table.primary.type not in PRIMARY:
        raise errors.refusal(422, "INVALID_PRIMARY_FIELD_TYPE", "The first field can't be a primary field")
    table.views.append(View(ids.new("viw"), "Grid view"))
    return table


def check_formula(table: Table, text: Any) -> None:
    """Raises Refused and NotEmulated."""
    try:
        compiled(str(text), lambda name: found.id if (found := table.field(name)) is not None else None)
    except BadFormula as exc:
        raise errors.refusal(422, "INVALID_FORMULA", str(exc)) from exc


def merged_choices(ids: Ids, held: list[dict[str, Any]], given: list[Any]) -> list[dict[str, Any]]:
    """Choices as a PATCH gives them: those with an id are kept, and may be renamed; the others are new."""
    known = {choice["id"]: choice for choice in held}
    merged = []
    for each in given:
        if not isinstance(each, dict):
            raise errors.bad_request()
        merged.append({**known.get(str(each.get("id")), {}), **each})
    return _choices(ids, merged)


def _completed(ids: Ids, kind: str, options: dict[str, Any]) -> dict[str, Any]:
    """What Airtable adds to options: ids and colours of choices, the pattern of a date format."""
    if kind in SELECTS:
        options["choices"] = _choices(ids, options["choices"])
    for name in ("dateFormat", "timeFormat"):
        if isinstance(shape := options.get(name), dict):
            if shape.get("name") not in _FORMATS:
                raise errors.bad_request()
            options[name] = {"name": shape["name"], "format": _FORMATS[shape["name"]]}
    if kind == "multipleRecordLinks":
        options = {"isReversed": False, "prefersSingleRecordLink": False, **options}
    if kind == "multipleAttachments":
        options = {"isReversed": False, **options}
    return options


def _computed(base: Base, table: Table, kind: str, options: dict[str, Any]) -> dict[str, Any]:
    """What Airtable adds to the options of computed fields, as in pyairtable's sample schemas."""
    match kind:
        case "formula":
            text = str(options["formula"])
            named = [known.id for name in fields_of(parse(text)) if (known := table.field(name)) is not None]
            types = {key: known.type for known in reversed(table.fields) for key in (known.name, known.id)}
            result = _result(kind_of(text, types.get))
            return {**options, "isValid": True, "referencedFieldIds": named, "result": result}
        case "createdTime":
            return {"result": _CLIENT_TIME, **options}
        case "lastModifiedTime":
            return {"isValid": True, "referencedFieldIds": [], "result": _CLIENT_TIME, **options}
        case "count":
            return {"isValid": True, **options}
        case "rollup":
            return {"isValid": True, "referencedFieldIds": [], "result": _result("number"), **options}
        case "multipleLookupValues":
            link = table.field(str(options.get("recordLinkFieldId")))
            other = base.table(str(link.option("linkedTableId"))) if link is not None else None
            far = other.field(str(options.get("fieldIdInLinkedTable"))) if other is not None else None
            return {"isValid": far is not None, "result": _far_result(far), **options}
    return options


def _far_result(far: Field | None) -> dict[str, Any] | None:
    """Of a field that is looked up: its own type, or that of what it computes."""
    if far is None:
        return None
    own: dict[str, Any] | None = far.option("result")
    return own or _result(far.type, far.options)


def _result(kind: str, options: dict[str, Any] | None = None) -> dict[str, Any]:
    plain: dict[str, dict[str, Any]] = {"number": {"precision": 0}, "dateTime": _TIME, "date": {"dateFormat": _LOCAL}}
    options = options or plain.get(kind)
    return {"type": kind, "options": options} if options else {"type": kind}


def _choices(ids: Ids, given: Any) -> list[dict[str, Any]]:
    if not isinstance(given, list) or not all(isinstance(each, dict) and isinstance(each.get("name"), str) for each in given):
        raise errors.bad_request()
    return [
        {"id": each.get("id") or ids.new("sel"), "name": each["name"], "color": each.get("color") or COLORS[at % len(COLORS)]}
        for at, each in enumerate(given)
    ]


def field_of(given: Mapping[str, Any]) -> Field:
    """A field from its JSON, ids and all."""
    return Field(given["id"], given["name"], given["type"], given.get("options"), given.get("description"))


def table_of(given: Mapping[str, Any]) -> Table:
    """A table from its JSON, ids and all."""
    fields = [field_of(each) for each in given["fields"]]
    views = [View(each["id"], each["name"], each["type"]) for each in given.get("views", [])]
    primary = given.get("primaryFieldId")
    return Table(given["id"], given["name"], fields, views, description=given.get("description"), primary_id=primary)
