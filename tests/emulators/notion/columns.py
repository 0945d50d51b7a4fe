"""Types of columns, and what comes with each."""

from __future__ import annotations

from tests.emulators.core.exchange import Json
from tests.emulators.notion.errors import UNDEFINED, bad, invalid

PLAIN = (
    *(
        "title",
        "rich_text",
        "checkbox",
        "date",
        "url",
        "email",
        "phone_number",
        "people",
        "files",
        "button",
        "place",
        "verification",
    ),
    *("created_time", "last_edited_time", "created_by", "last_edited_by"),
)
WITH_OPTIONS = ("select", "multi_select", "status")
TYPES = (*PLAIN, *WITH_OPTIONS, "number", "formula", "relation", "rollup", "unique_id")

OPTIONS = 100
"""In one request."""

FORMATS = frozenset(
    {
        "number",
        "number_with_commas",
        "percent",
        "dollar",
        "australian_dollar",
        "canadian_dollar",
        "singapore_dollar",
        "euro",
        "pound",
        "yen",
        "ruble",
        "rupee",
        "won",
        "yuan",
        "real",
        "lira",
        "rupiah",
        "franc",
        "hong_kong_dollar",
        "new_zealand_dollar",
        "krona",
        "norwegian_krone",
        "mexican_peso",
        "rand",
        "new_taiwan_dollar",
        "danish_krone",
        "zloty",
        "baht",
        "forint",
        "koruna",
        "shekel",
        "chilean_peso",
        "philippine_peso",
        "dirham",
        "colombian_peso",
        "riyal",
        "ringgit",
        "leu",
        "argentine_peso",
        "uruguayan_peso",
        "peruvian_sol",
    }
)

GROUPS = (("To-do", "gray", "todo"), ("In progress", "blue", "in_progress"), ("Complete", "green", "complete"))
"""Of a status, as the app names and colours them."""

STARTING = (("Not started", "default", "todo"), ("In progress", "blue", "in_progress"), ("Done", "green", "complete"))
"""What a status has where nothing was said (VENDORS.md C7)."""


def checked_name(name: Json, path: str) -> str:
    """Of a new option. Raises Refused."""
    if not isinstance(name, str) or not name:
        raise bad(f"{path}.name", "defined", UNDEFINED if name is None else name)
    if len(name) > 100:
        raise bad(f"{path}.name.length", "≤ `100`", len(name))
    if "," in name:
        raise invalid(f"Invalid select option, commas not allowed: {name}")
    return name
