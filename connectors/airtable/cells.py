"""One cell: from Airtable's JSON to a value, and back. What a column can't hold is told, never forced with typecast.

Forms by field type: airtable.com/developers/web/api/field-model (VENDORS.md B5). A webhook's payload has selects and links as
objects with a `name`; they are the same values here.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from typing import Any

from connectors.airtable.fields import COMPUTED, Field, Fields
from connectors.api import Cell, fold
from connectors.errors import Bug
from connectors.plain import EXACT, clean, text_of

TEXT_LIMIT = 100_000
"""Characters of a text cell; support.airtable.com, "Using rich text with Airtable" (VENDORS.md B2)."""

_NUMBER = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:e[+-]?\d{1,3})?", re.ASCII | re.IGNORECASE)
_RECORD = re.compile(r"rec[A-Za-z0-9]{14}")
_SAYS = ("error", "specialValue", "email", "name", "text", "filename", "label", "value", "id")
"""What an object of a cell is known by, the best first."""


class Unfit(ValueError):
    """A value that a column can't hold: one sentence with the remedy, without the table."""


# --- reading


def value_of(field: Field, raw: Any) -> Cell:
    """The value of a cell as the API shows it. raw: None where it left the field out, as it does with empty ones.

    A checkbox that isn't ticked is left out as well, so it is blank. Instants are aware, in UTC. Collaborators are their e-mail
    addresses.
    """
    if raw is None:
        return None
    shown = field.result or field.type
    if isinstance(raw, str):
        if shown in ("date", "dateTime", "createdTime", "lastModifiedTime"):
            return _instant(raw)
        if field.type == "richText":
            raw = raw.removesuffix("\n")  # it always ends with one
        return _text(raw)
    return _plain(raw)


def _text(text: str) -> str | None:
    return None if not text or text.isspace() else text


def _instant(text: str) -> Cell:
    """`2026-03-02` or `2026-03-02T12:00:00.000Z`. A year of more than four digits stays text."""
    try:
        if len(text) == len("2026-03-02"):
            return date.fromisoformat(text)
        found = datetime.fromisoformat(text)
    except ValueError:
        return _text(text)
    return found.astimezone(UTC) if found.tzinfo is not None else _text(text)


def _plain(raw: Any) -> Cell:
    """By its shape alone: formulas, lookups and types that nobody knew when this was written."""
    match raw:
        case bool() | int():
            return raw
        case float():
            return raw if math.isfinite(raw) else str(raw)
        case str():
            return _text(raw)
        case list():
            return _text(", ".join(str(said) for each in raw if (said := _plain(each)) is not None))
        case dict():
            found = next((raw[name] for name in _SAYS if isinstance(raw.get(name), str) and raw[name]), None)
            return _text(found if found is not None else json.dumps(raw, ensure_ascii=False))
    return None


# --- writing


def fitted(fields: Fields, put: Mapping[str, Cell]) -> tuple[dict[str, Any], dict[str, str]]:
    """Header → JSON of what can be put, and header → why of what can't. A header that the table doesn't have is dropped."""
    cells, unfit = {}, {}
    for header, value in put.items():
        if (field := fields.by_name.get(header)) is None:
            continue
        try:
            cells[header] = json_of(field, value)
        except Unfit as exc:
            unfit[header] = str(exc)
    return cells, unfit


def json_of(field: Field, value: Cell) -> Any:
    """What to write so that the cell says this value; None empties it. Raises Unfit; Bug for an instant without a zone."""
    if isinstance(value, datetime) and value.tzinfo is None:
        raise Bug(f"the instant {value.isoformat()} has no zone")
    write = _WRITERS.get(field.type)
    if field.type in COMPUTED or write is None:
        why = "is worked out by Airtable" if field.type in COMPUTED else f"is of a type that rowd can't write ({field.type})"
        raise Unfit(f'column "{field.name}" {why}; give it another name, or make it Single line text')
    if isinstance(value, str):
        value = clean(value) or None
    if value is None:
        return False if field.type == "checkbox" else None
    return write(field, value)


def _write_text(field: Field, value: Cell) -> str:
    text = text_of(value)
    if len(text) > TEXT_LIMIT:
        raise Unfit(f'column "{field.name}": {len(text):,} characters, and Airtable takes {TEXT_LIMIT:,}')
    return text


def _write_number(field: Field, value: Cell) -> int | float:
    found: int | float
    match value:
        case bool():
            raise _misfit(field, value, "Checkbox")
        case int() | float():
            found = value
        case str() if _NUMBER.fullmatch(value.strip()):
            found = float(value)
        case _:
            raise _misfit(field, value, "Single line text")
    if not math.isfinite(found):
        raise _misfit(field, value, "Single line text")
    return int(found) if float(found).is_integer() and abs(found) < EXACT else found


def _write_rating(field: Field, value: Cell) -> int | None:
    found = _write_number(field, value)
    if not isinstance(found, int) or not 0 <= found <= field.most:
        raise _misfit(field, value, "Number")
    return found or None  # no stars is an empty cell


_TRUE, _FALSE = frozenset({"yes", "true", "checked", "1"}), frozenset({"no", "false", "unchecked", "0"})


def _write_checkbox(field: Field, value: Cell) -> bool:
    word = fold(text_of(value))
    if word in _TRUE or word in _FALSE:
        return word in _TRUE
    raise _misfit(field, value, "Single line text")


def _write_date(field: Field, value: Cell) -> str:
    """The day of an instant is that in UTC: the field has no zone."""
    if isinstance(value, str):
        value = _read_iso(value)
    if isinstance(value, datetime):
        return (value.astimezone(UTC) if value.tzinfo is not None else value).date().isoformat()
    if isinstance(value, date):
        return value.isoformat()
    raise _misfit(field, value, "Single line text")


def _write_date_time(field: Field, value: Cell) -> str:
    """With a zone always, but for what says none: Airtable reads that in the field's own, as a person there would."""
    if isinstance(value, str):
        value = _read_iso(value)
    if isinstance(value, datetime):
        if value.tzinfo is None:
            return value.isoformat(timespec="milliseconds")
        return value.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    if isinstance(value, date):
        return value.isoformat()
    raise _misfit(field, value, "Single line text")


def _read_iso(text: str) -> Cell:
    """A date, or an instant whose zone may be missing; the text itself where it is neither."""
    try:
        return date.fromisoformat(text.strip()) if len(text.strip()) == len("2026-03-02") else datetime.fromisoformat(text.strip())
    except ValueError:
        return text


def _write_select(field: Field, value: Cell) -> str:
    return _choice(field, text_of(value))


def _write_selects(field: Field, value: Cell) -> list[str]:
    """Names with commas between. An option may have commas in its name, so the longest that fits is taken."""
    parts = text_of(value).split(",")
    found = []
    while parts:
        for size in range(len(parts), 0, -1):
            text = ",".join(parts[:size]).strip()
            if size == 1 or text in field.choices:
                if text:
                    found.append(_choice(field, text))
                del parts[:size]
                break
    return list(dict.fromkeys(found))


def _choice(field: Field, text: str) -> str:
    """The option of this name; people's own spelling of it."""
    if text in field.choices:
        return text
    alike = [choice for choice in field.choices if fold(choice) == fold(text)]
    if len(alike) == 1:
        return alike[0]
    raise Unfit(f'column "{field.name}" has no option "{_cut(text)}"; add it in the field\'s menu, or make it Single line text')


def _write_user(field: Field, value: Cell) -> dict[str, str]:
    text = text_of(value).strip()
    if "@" in text:
        return {"email": text}
    if re.fullmatch(r"usr[A-Za-z0-9]{14}", text):
        return {"id": text}
    raise Unfit(f'column "{field.name}": "{_cut(text)}" is no e-mail address of a collaborator; write that')


def _write_users(field: Field, value: Cell) -> list[dict[str, str]]:
    return [_write_user(field, part) for part in text_of(value).split(",") if part.strip()]


def _write_links(field: Field, value: Cell) -> list[str]:
    ids = [part.strip() for part in text_of(value).split(",") if part.strip()]
    if not all(_RECORD.fullmatch(each) for each in ids):
        raise Unfit(f'column "{field.name}" links records, and takes record ids (rec…); make it Single line text for anything else')
    return ids


def _write_barcode(field: Field, value: Cell) -> dict[str, str]:
    return {"text": _write_text(field, value)}


def _misfit(field: Field, value: Cell, better: str) -> Unfit:
    return Unfit(f'column "{field.name}" ({field.type}) can\'t hold "{_cut(text_of(value))}"; change its type to {better}')


def _cut(text: str) -> str:
    return text if len(text) <= 60 else text[:59] + "…"


_WRITERS: dict[str, Callable[[Field, Cell], Any]] = {
    "singleLineText": _write_text,
    "multilineText": _write_text,
    "richText": _write_text,
    "email": _write_text,
    "url": _write_text,
    "phoneNumber": _write_text,
    "number": _write_number,
    "currency": _write_number,
    "percent": _write_number,
    "duration": _write_number,
    "rating": _write_rating,
    "checkbox": _write_checkbox,
    "date": _write_date,
    "dateTime": _write_date_time,
    "singleSelect": _write_select,
    "multipleSelects": _write_selects,
    "singleCollaborator": _write_user,
    "multipleCollaborators": _write_users,
    "multipleRecordLinks": _write_links,
    "barcode": _write_barcode,
}
"""Attachments are not among them: what is read of one, its file's name, is not enough to write it back."""
