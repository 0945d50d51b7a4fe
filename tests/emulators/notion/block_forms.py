"""Blocks: how their content is written, checked and read, by type."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from tests.emulators.core.exchange import Json, NotEmulated
from tests.emulators.notion.errors import UNDEFINED, bad, complaint, none_of

CHILDREN = 100
"""In one array."""

BLOCKS = 1000
"""In one request (VENDORS.md C2)."""

NESTED = 2
"""Levels below the outermost in one request."""

TEXT = ("rich_text", "color")
FORMS: dict[str, tuple[str, ...]] = {
    "paragraph": (*TEXT, "icon"),
    "heading_1": ("rich_text", "is_toggleable", "color"),
    "heading_2": ("rich_text", "is_toggleable", "color"),
    "heading_3": ("rich_text", "is_toggleable", "color"),
    "bulleted_list_item": TEXT,
    "numbered_list_item": TEXT,
    "quote": TEXT,
    "toggle": TEXT,
    "to_do": ("rich_text", "checked", "color"),
    "callout": ("rich_text", "icon", "color"),
    "code": ("caption", "rich_text", "language"),
    "equation": ("expression",),
    "divider": (),
    "breadcrumb": (),
    "table_of_contents": ("color",),
    "embed": ("caption", "url"),
    "bookmark": ("caption", "url"),
    "image": ("caption", "type", "external"),
    "video": ("caption", "type", "external"),
    "pdf": ("caption", "type", "external"),
    "audio": ("caption", "type", "external"),
    "file": ("caption", "type", "external", "name"),
    "table": ("table_width", "has_column_header", "has_row_header"),
    "table_row": ("cells",),
    "column_list": (),
    "column": (),
    "tab": (),
}
"""What an answer has under the type, in order. Children come beside it in requests, and by themselves in answers."""

ABSENT: dict[str, Any] = {
    "rich_text": [],
    "color": "default",
    "icon": None,
    "is_toggleable": False,
    "checked": False,
    "caption": [],
    "language": "plain text",
    "has_column_header": False,
    "has_row_header": False,
    "type": "external",
}

ELSEWHERE = (
    "synced_block",
    "template",
    "link_to_page",
    "link_preview",
    "ai_block",
    "meeting_notes",
    "child_page",
    "child_database",
)
"""Types that the real service has too."""

Rich = Callable[[Json, str], list[Json]]


class Draft(NamedTuple):
    """A block that was checked and isn't there yet."""

    type: str
    content: dict[str, Any]
    children: list[Draft]


def counted(drafts: list[Draft]) -> int:
    return sum(1 + counted(draft.children) for draft in drafts)


def drafts(given: Json, path: str, rich: Rich, depth: int = 0) -> list[Draft]:
    """Blocks to be made. Raises Refused."""
    if not isinstance(given, list):
        raise bad(path, "an array", UNDEFINED if given is None else given)
    if len(given) > CHILDREN:
        raise bad(f"{path}.length", f"≤ `{CHILDREN}`", len(given))
    return [_draft(one, f"{path}[{at}]", rich, depth) for at, one in enumerate(given)]


def _draft(given: Json, path: str, rich: Rich, depth: int) -> Draft:
    if not isinstance(given, dict):
        raise bad(path, "an object", given)
    kind = next((kind for kind in (*FORMS, *ELSEWHERE) if kind in given), None)
    if kind in ELSEWHERE or (kind is None and given.get("type") in ELSEWHERE):
        raise NotEmulated(f"{path}: a block of that type")
    if kind is None:
        raise none_of([complaint(f"{path}.{kind}", "defined", UNDEFINED) for kind in FORMS])
    for key in given:
        if key not in (kind, "type", "object"):
            raise bad(f"{path}.{key}", "not present", given[key])
    inner = dict(given[kind]) if isinstance(given[kind], dict) else {}
    below = inner.pop("children", None)
    if below and depth == NESTED:
        raise bad(f"{path}.{kind}.children", "not present", below)
    children = [] if below is None else drafts(below, f"{path}.{kind}.children", rich, depth + 1)
    return Draft(kind, content(kind, inner, f"{path}.{kind}", rich), children)


def content(kind: str, given: dict[str, Any], path: str, rich: Rich, old: dict[str, Any] | None = None) -> dict[str, Any]:
    """What stands under the type.   old: what stays where the request says nothing. Raises Refused."""
    form = FORMS[kind]
    for key in given:
        if key not in form:
            raise bad(f"{path}.{key}", "not present", given[key])
    made: dict[str, Any] = {}
    for key in form:
        if key not in given:
            made[key] = _absent(kind, key, given, path) if old is None else old.get(key)
        elif key in ("rich_text", "caption"):
            made[key] = rich(given[key], f"{path}.{key}")
        elif key == "cells":
            made[key] = [rich(cell, f"{path}.cells[{at}]") for at, cell in enumerate(given[key])]
        else:
            made[key] = given[key]
    if kind == "file":
        made["name"] = _with_ending(made["name"], made["external"])
    return made


def _with_ending(name: str, external: Json) -> str:
    """A file keeps its address's ending, whatever it is called (recorded by ultimate-notion, test_modify_file_blocks)."""
    ending = str((external or {}).get("url", "")).rsplit("/", 1)[-1].rpartition(".")[2]
    return name if "." in name or not ending else f"{name}.{ending}"


def _absent(kind: str, key: str, given: dict[str, Any], path: str) -> Json:
    if key == "name":
        return str(given.get("external", {}).get("url", "")).rsplit("/", 1)[-1]
    if key in ABSENT and not (key == "rich_text" and kind != "code"):
        return ABSENT[key]
    raise bad(f"{path}.{key}", "defined", UNDEFINED)
