"""What may be written into a cell, by the field's type, and the form in which it is kept.

Kept as it is read, but for what may be renamed or leave: selects keep choice ids, collaborators user ids.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from tests.emulators.airtable import errors
from tests.emulators.airtable.formulas.values import from_iso, iso, text_of
from tests.emulators.airtable.ids import Ids, is_id
from tests.emulators.airtable.model import Base, Field, Table

TEXT_LIMIT = 100_000
"""Characters of a text cell; support.airtable.com, using rich text with Airtable (VENDORS.md B2)."""


@dataclass
class Draft:
    """What a request has been found to write, before any of it is written.

    may_extend: creator rights, so that typecast may add choices.   older: the older wording of refusals.   strict: a time is no
    date.   choices: those that typecast will add, by field id.   created: records that it will make in linked tables: (table, id,
    primary text).
    """

    base: Base
    ids: Ids
    typecast: bool = False
    may_extend: bool = True
    older: bool = False
    strict: bool = False
    choices: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    created: list[tuple[Table, str, str]] = field(default_factory=list)

    def cell(self, column: Field, value: Any) -> Any:
        """The form to keep; None for an empty cell. Raises Refused."""
        if column.computed:
            raise errors.computed(column.name)
        if column.locked:
            raise errors.not_permitted(column.name, column.id)
        if column.type not in _WRITERS:
            raise errors.bad_value(column.name)
        if value is None and column.type != "richText":
            return None
        kept = _WRITERS[column.type](self, column, value)
        return None if kept is False or kept in ("", []) else kept

    def choice(self, column: Field, value: Any, *, creates: bool) -> str:
        """The id of a choice, by name or id."""
        name = value["name"] if isinstance(value, dict) and "name" in value else value
        if not isinstance(name, str):
            raise errors.bad_value(column.name)
        for known in [*column.choices, *self.choices.get(column.id, [])]:
            if name in (known["name"], known["id"]):
                return str(known["id"])
        if not creates or not name.strip() or not self.may_extend:
            raise errors.no_choice(name, self.older)
        added = {"id": self.ids.new("sel"), "name": name.strip(), "color": COLORS[len(column.choices) % len(COLORS)]}
        self.choices.setdefault(column.id, []).append(added)
        return str(added["id"])


COLORS = (
    "blueLight2",
    "cyanLight2",
    "tealLight2",
    "greenLight2",
    "yellowLight2",
    "orangeLight2",
    "redLight2",
    "pinkLight2",
    "purpleLight2",
)


def _text(draft: Draft, column: Field, value: Any) -> str:
    if not isinstance(value, str):
        if not draft.typecast or isinstance(value, dict | list):
            raise errors.bad_value(column.name)
        value = text_of(value)
    if len(value) > TEXT_LIMIT:
        raise errors.bad_value(column.name)
    return str(value)


def _rich(draft: Draft, column: Field, value: Any) -> str:
    """[recorded] It ends with a line break, also when cleared, and bullets are dashes (grouparoo/grouparoo@a453a40b16)."""
    text = re.sub(r"^(\s*)[*+] ", r"\1- ", _text(draft, column, value if value is not None else ""), flags=re.MULTILINE)
    return text if text.endswith("\n") else text + "\n"


def _number(draft: Draft, column: Field, value: Any) -> float:
    if isinstance(value, str) and draft.typecast:
        match = re.search(r"-?\d[\d,]*(?:\.\d+)?|-?\.\d+", value)
        if match is None:
            raise errors.bad_value(column.name)
        value = float(match[0].replace(",", "")) / (100 if column.type == "percent" and "%" in value else 1)
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise errors.bad_value(column.name)
    return int(value) if value == int(value) and abs(value) < 1e15 else value


def _duration(draft: Draft, column: Field, value: Any) -> float:
    if isinstance(value, str) and draft.typecast and ":" in value:
        parts = value.split(":")
        if not all(re.fullmatch(r"\d+(\.\d+)?", part) for part in parts) or len(parts) > 3:
            raise errors.bad_value(column.name)
        seconds = [3600.0, 60.0, 1.0][: len(parts)]
        value = sum(float(part) * each for part, each in zip(parts, seconds, strict=True))
    return _number(draft, column, value)


def _rating(draft: Draft, column: Field, value: Any) -> float:
    number = _number(draft, column, value)
    if not isinstance(number, int) or not 1 <= number <= int(column.option("max", 10)):
        raise errors.bad_value(column.name)
    return number


def _checkbox(draft: Draft, column: Field, value: Any) -> bool:
    if isinstance(value, bool):
        return value
    if draft.typecast and isinstance(value, str | int):
        return str(value).strip().lower() in ("true", "1", "yes", "checked")
    raise errors.bad_value(column.name)


def _single_select(draft: Draft, column: Field, value: Any) -> str:
    if value == "" and draft.typecast:
        return ""
    return draft.choice(column, value, creates=draft.typecast)


def _several(draft: Draft, column: Field, value: Any) -> list[Any]:
    """A list; with typecast also a text with commas between."""
    if isinstance(value, str) and draft.typecast:
        return [part.strip() for part in value.split(",") if part.strip()]
    if not isinstance(value, list):
        raise errors.bad_value(column.name)
    return value


def _multiple_selects(draft: Draft, column: Field, value: Any) -> list[str]:
    return list(dict.fromkeys(draft.choice(column, each, creates=draft.typecast) for each in _several(draft, column, value)))


_AMERICAN = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4})(?:\s+(\d{1,2}):(\d{2})\s*([ap]m)?)?", re.IGNORECASE)


def _moment(draft: Draft, column: Field, value: Any) -> datetime:
    """[recorded] A number is milliseconds of Unix time. A text without a zone is read in the field's zone (VENDORS.md B5)."""
    zone = str(column.option("timeZone", "utc"))
    zone = "UTC" if zone.lower() in ("utc", "client") else zone
    if isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value):
        return datetime.fromtimestamp(value / 1000, UTC)
    if isinstance(value, str):
        text = value
        if draft.typecast and (match := _AMERICAN.fullmatch(value.strip())) is not None:
            hour = int(match[4] or 0) % (12 if match[6] else 24) + (12 if (match[6] or "").lower() == "pm" else 0)
            text = f"{match[3]}-{match[1]}-{match[2]}T{hour}:{match[5] or '00'}"
        if (found := from_iso(text, zone)) is not None:
            return found.at
        if text:
            raise errors.bad_date(column.name, text)
    raise errors.bad_value(column.name)


def _date(draft: Draft, column: Field, value: Any) -> str:
    """A time is cut off (VENDORS.md H)."""
    if value == "" and draft.typecast:
        return ""
    if draft.strict and isinstance(value, str) and "T" in value:
        raise errors.bad_value(column.name)
    return _moment(draft, column, value).strftime("%Y-%m-%d")


def _date_time(draft: Draft, column: Field, value: Any) -> str:
    if value == "" and draft.typecast:
        return ""
    return iso(_moment(draft, column, value))


def _user(draft: Draft, column: Field, value: Any) -> str:
    wanted = value.get("id") or value.get("email") if isinstance(value, dict) else value if draft.typecast else None
    for user in draft.base.users.values():
        if wanted is not None and wanted in (user.id, user.email, user.name if draft.typecast else None):
            return user.id
    raise errors.bad_value(column.name)


def _users(draft: Draft, column: Field, value: Any) -> list[str]:
    return list(dict.fromkeys(_user(draft, column, each) for each in _several(draft, column, value)))


def _barcode(draft: Draft, column: Field, value: Any) -> dict[str, str] | str:
    if isinstance(value, str) and draft.typecast:
        return {"text": value} if value else ""
    if not isinstance(value, dict) or not isinstance(value.get("text"), str):
        raise errors.bad_value(column.name)
    return {name: value[name] for name in ("text", "type") if value.get(name) is not None}


def _attachments(draft: Draft, column: Field, value: Any) -> list[dict[str, Any]]:
    """Kept by their address: nothing is fetched, so size, type and thumbnails stay away."""
    known = {
        each["id"]: each
        for table in draft.base.tables
        for record in table.records.values()
        for each in record.cells.get(column.id, [])
    }
    kept = []
    for each in _several(draft, column, value):
        if isinstance(each, dict) and each.get("id") in known:
            kept.append(known[each["id"]])
        elif isinstance(each, dict) and isinstance(each.get("url"), str):
            name = each.get("filename") or each["url"].rpartition("/")[2]
            kept.append({"id": draft.ids.new("att"), "url": each["url"], "filename": name})
        else:
            raise errors.refusal(422, "INVALID_ATTACHMENT_OBJECT", f"Invalid attachment object for field {column.name}.")
    return kept


def _links(draft: Draft, column: Field, value: Any) -> list[str]:
    table = draft.base.table(str(column.option("linkedTableId")))
    if table is None:
        raise errors.bad_value(column.name)
    found = [_link(draft, column, table, each) for each in _several(draft, column, value)]
    return list(dict.fromkeys(found))


def _link(draft: Draft, column: Field, table: Table, value: Any) -> str:
    if isinstance(value, dict):
        value = value.get("id")
    if not isinstance(value, str):
        raise errors.bad_value(column.name)
    if value in table.records:
        return value
    if is_id(value, "rec"):
        raise errors.no_row(value)
    if not draft.typecast or table.primary.computed:
        raise errors.bad_value(column.name)
    for record in table.records.values():
        if record.cells.get(table.primary.id) == value:
            return record.id
    for known, record_id, text in draft.created:
        if known is table and text == value:
            return record_id
    draft.created.append((table, draft.ids.new("rec"), value))
    return draft.created[-1][1]


_WRITERS: dict[str, Callable[[Draft, Field, Any], Any]] = {
    "singleLineText": _text,
    "multilineText": _text,
    "richText": _rich,
    "email": _text,
    "url": _text,
    "phoneNumber": _text,
    "number": _number,
    "currency": _number,
    "percent": _number,
    "rating": _rating,
    "duration": _duration,
    "checkbox": _checkbox,
    "singleSelect": _single_select,
    "multipleSelects": _multiple_selects,
    "date": _date,
    "dateTime": _date_time,
    "singleCollaborator": _user,
    "multipleCollaborators": _users,
    "barcode": _barcode,
    "multipleAttachments": _attachments,
    "multipleRecordLinks": _links,
}

WRITABLE = frozenset(_WRITERS)
