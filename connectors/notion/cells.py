"""One cell: from Notion's JSON to a value, and back. What a column can't hold is told; no option is ever made by a write.

Forms by type: developers.notion.com/reference/page-property-values and /property-object (VENDORS.md C2, C5).
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from connectors.api import Cell, fold
from connectors.errors import Bug
from connectors.notion.fields import COMPUTED, Field
from connectors.notion.settings import dashed
from connectors.plain import EXACT, clean, text_of
from connectors.showing import said, shown

PIECE = 2_000
"""UTF-16 units of one piece of text; 100 pieces are one cell: developers.notion.com/reference/request-limits (VENDORS.md C2)."""
TEXT_LIMIT = 100_000
"""Characters that always fit: no piece takes fewer than 1,000, nor all of them more than the 500 KB of a request."""
LINE_LIMIT = {"url": 2_000, "email": 200, "phone_number": 200}
LISTED = 100
"""Options, people or pages of one cell in one write (VENDORS.md C2)."""

_NUMBER = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:e[+-]?\d{1,3})?", re.ASCII | re.IGNORECASE)


class Unfit(ValueError):
    """A value that a column can't hold: one sentence with the remedy, without the table."""


# --- reading


def value_of(told: Mapping[str, Any] | None) -> Cell:
    """The value of a property of a page. told: as the API has it, with `type`; None where the page doesn't list it.

    Instants are aware, in UTC. Of a span of dates it is the first. People are their e-mail addresses, where the connection may see
    those; related pages their ids.
    """
    if told is None:
        return None
    return _value(told["type"], told.get(told["type"]))


def _value(kind: str, raw: Any) -> Cell:
    match kind, raw:
        case _, None:
            return None
        case (("title" | "rich_text"), list()):
            return _text("".join(str(piece.get("plain_text") or "") for piece in raw))
        case "date", dict():
            return _date(raw)
        case (("created_time" | "last_edited_time"), str()):
            return _moment(raw, None)
        case "unique_id", dict():
            return _unique(raw)
        case "formula", dict():
            return _value(str(raw.get("type")), raw.get(str(raw.get("type"))))
        case "rollup", dict():
            return _rollup(raw)
        case "button", _:
            return None
    return _plain(raw)


def _text(text: str) -> str | None:
    return None if not text or text.isspace() else text


def _date(raw: Mapping[str, Any]) -> Cell:
    start = raw.get("start")
    return _moment(start, raw.get("time_zone")) if isinstance(start, str) else None


def _moment(text: str, zone: str | None) -> Cell:
    """`2026-03-02`, or an instant with an offset or beside the name of a zone. What is neither stays text."""
    try:
        if len(text) == len("2026-03-02"):
            return date.fromisoformat(text)
        found = datetime.fromisoformat(text)
        if found.tzinfo is None:
            found = found.replace(tzinfo=ZoneInfo(zone) if zone else UTC)
        return found.astimezone(UTC)
    except (ValueError, LookupError, OverflowError):  # no date, no such zone, or before the year 1 in UTC
        return _text(text)


def _unique(raw: Mapping[str, Any]) -> Cell:
    """`TASK-42`, as people see it; the number alone where it has no prefix."""
    number, prefix = raw.get("number"), raw.get("prefix")
    return f"{prefix}-{number}" if prefix and number is not None else number


def _rollup(raw: Mapping[str, Any]) -> Cell:
    kind = str(raw.get("type"))
    if kind != "array":
        return _value(kind, raw.get(kind))
    return _joined([_value(str(each.get("type")), each.get(str(each.get("type")))) for each in raw.get("array") or ()])


def _joined(values: list[Cell]) -> str | None:
    return _text(", ".join(text_of(value) for value in values if value is not None))


def _plain(raw: Any) -> Cell:
    """By its shape alone: options, people, files, places, and types that nobody knew when this was written."""
    match raw:
        case bool() | int():
            return raw
        case float():
            return raw if math.isfinite(raw) else str(raw)
        case str():
            return _text(raw)
        case list():
            return _joined([_plain(each) for each in raw])
        case dict():
            mail = raw["person"].get("email") if isinstance(raw.get("person"), dict) else None
            names = (mail, raw.get("name"), raw.get("state"), raw.get("address"), raw.get("id"))
            found = next((name for name in names if isinstance(name, str) and name), None)
            return _text(found if found is not None else json.dumps(raw, ensure_ascii=False))
    return None


# --- writing


def json_of(field: Field, value: Cell) -> Any:
    """What to write so that the cell says this value. Raises Unfit; Bug for an instant without a zone."""
    if isinstance(value, datetime) and value.tzinfo is None:
        raise Bug(f"the instant {value.isoformat()} has no zone")
    write = _WRITERS.get(field.type)
    if field.type in COMPUTED or write is None:
        why = "is worked out by Notion" if field.type in COMPUTED else f"is of a type that rowd can't write ({field.type})"
        raise Unfit(f"column {shown(field.name)} {why}; give it another name, or make it Text")
    if isinstance(value, str):
        value = clean(value) or None
    return {field.type: write(field, value)}


def _write_text(field: Field, value: Cell) -> list[dict[str, Any]]:
    text = text_of(value)
    if len(text) > TEXT_LIMIT:
        raise Unfit(f"column {shown(field.name)}: {len(text):,} characters, and rowd puts {TEXT_LIMIT:,} into a cell of Notion's")
    return [{"type": "text", "text": {"content": piece}} for piece in _pieces(text)]


def _pieces(text: str) -> list[str]:
    """The text in parts of at most PIECE units; no character is torn in two."""
    if len(text) * 2 <= PIECE:
        return [text] if text else []
    pieces, begun, units = [], 0, 0
    for at, character in enumerate(text):
        size = 2 if ord(character) > 0xFFFF else 1
        if units + size > PIECE:
            pieces.append(text[begun:at])
            begun, units = at, 0
        units += size
    return [*pieces, text[begun:]]


def _write_line(field: Field, value: Cell) -> str | None:
    """A URL, an address or a number: never an empty text."""
    text, most = text_of(value).strip(), LINE_LIMIT[field.type]
    if len(text.encode("utf-16-le")) // 2 > most:
        raise Unfit(f"column {shown(field.name)} ({field.type}): {len(text):,} characters, and it takes {most:,}; make it Text")
    return text or None


def _write_number(field: Field, value: Cell) -> int | float | None:
    found: int | float
    match value:
        case None:
            return None
        case bool():
            raise _misfit(field, value, "Checkbox")
        case int() | float():
            found = value
        case str() if _NUMBER.fullmatch(value.strip()):
            found = float(value)
        case _:
            raise _misfit(field, value, "Text")
    if not math.isfinite(found):
        raise _misfit(field, value, "Text")
    return int(found) if float(found).is_integer() and abs(found) < EXACT else found


_TRUE, _FALSE = frozenset({"yes", "true", "checked", "1"}), frozenset({"no", "false", "unchecked", "0", ""})


def _write_checkbox(field: Field, value: Cell) -> bool:
    word = fold(text_of(value))
    if word in _TRUE or word in _FALSE:
        return word in _TRUE
    raise _misfit(field, value, "Text")


def _write_date(field: Field, value: Cell) -> dict[str, str] | None:
    """An instant always with its offset. Of one in text that has none, it is UTC's."""
    if isinstance(value, str):
        value = _moment(value.strip(), None)
    match value:
        case None:
            return None
        case datetime():
            return {"start": value.astimezone(UTC).isoformat(timespec="milliseconds")}
        case date():
            return {"start": value.isoformat()}
    raise _misfit(field, value, "Text")


def _write_select(field: Field, value: Cell) -> dict[str, str] | None:
    """By the option's id: a name that nobody has any more would be made an option (VENDORS.md C5)."""
    return None if value is None else {"id": _option(field, text_of(value))}


def _write_status(field: Field, value: Cell) -> dict[str, str]:
    """Emptied, it would say its first option (VENDORS.md C5)."""
    if value is None:
        raise Unfit(f"column {shown(field.name)} (Status) can't be empty; make it Select")
    return {"id": _option(field, text_of(value))}


def _write_selects(field: Field, value: Cell) -> list[dict[str, str]]:
    """Names with commas between; none can have one in it (VENDORS.md C5)."""
    return [{"id": each} for each in dict.fromkeys(_option(field, part) for part in _parts(field, value))]


def _option(field: Field, text: str) -> str:
    """The id of the option of this name, in people's own spelling."""
    text = text.strip()
    if (found := field.options.get(text)) is not None:
        return found
    alike = [found for name, found in field.options.items() if fold(name) == fold(text)]
    if len(alike) == 1:
        return alike[0]
    raise Unfit(f"column {shown(field.name)} has no option {shown(text)}; add it under Edit property, or make it Text")


def _write_pages(field: Field, value: Cell) -> list[dict[str, str]]:
    return [{"id": each} for each in _ids(field, value, "relates pages, and takes their ids")]


def _write_people(field: Field, value: Cell) -> list[dict[str, str]]:
    return [{"object": "user", "id": each} for each in _ids(field, value, "names people, and takes the ids of users")]


def _ids(field: Field, value: Cell, what: str) -> list[str]:
    parts = _parts(field, value)
    found = [known for part in parts if (known := dashed(part)) is not None]
    if len(found) < len(parts):
        raise Unfit(f"column {shown(field.name)} {what}, not {shown(text_of(value))}; make it Text for anything else")
    return found


def _parts(field: Field, value: Cell) -> list[str]:
    parts = [part.strip() for part in text_of(value).split(",") if part.strip()]
    if len(parts) > LISTED:
        raise Unfit(f"column {shown(field.name)}: {len(parts):,} of them, and Notion takes {LISTED} at once; make it Text")
    return parts


def _misfit(field: Field, value: Cell, better: str) -> Unfit:
    return Unfit(f'column {shown(field.name)} ({field.type}) can\'t hold "{said(text_of(value))}"; change its type to {better}')


_WRITERS: dict[str, Callable[[Field, Cell], Any]] = {
    "title": _write_text,
    "rich_text": _write_text,
    "number": _write_number,
    "checkbox": _write_checkbox,
    "date": _write_date,
    "select": _write_select,
    "status": _write_status,
    "multi_select": _write_selects,
    "url": _write_line,
    "email": _write_line,
    "phone_number": _write_line,
    "relation": _write_pages,
    "people": _write_people,
}
"""Files and places are not among them: what is read of them is not enough to write it back."""
