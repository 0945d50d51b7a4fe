"""Rich text: how it is written, checked and read."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.emulators.core.exchange import Json
from tests.emulators.notion.errors import UNDEFINED, bad, complaint, none_of

CONTENT = 2000
"""Characters of one text object, counted as JavaScript does (VENDORS.md C2)."""

OBJECTS = 100
"""In one array (VENDORS.md C2)."""

URL = 2000

Mention = Callable[[Json, str], tuple[Json, str, str | None]]
"""Checks what a mention names: its form in answers, the text that stands for it, where it leads.   The second: the path."""

_KEYS = {"type", "text", "mention", "equation", "annotations", "plain_text", "href"}
_FLAGS = ("bold", "italic", "strikethrough", "underline", "code")


def length(text: str) -> int:
    """Units of UTF-16."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def plain(rich: list[Json]) -> str:
    return "".join([item["plain_text"] for item in rich])


def simple(text: str, *, link: str | None = None) -> list[Json]:
    """What a person has typed, however long it is: one object; none for no text."""
    return [_text(text, link, {})] if text else []


def read(value: Json, path: str, mention: Mention, *, keep_empty: bool, merge: bool) -> list[Json]:
    """Rich text as stored and answered. Raises Refused.   path: where it stands, for messages."""
    if not isinstance(value, list):
        raise bad(path, "an array", UNDEFINED if value is None else value)
    if len(value) > OBJECTS:
        raise _long(f"{path}.length", OBJECTS, len(value))
    items = [_item(item, f"{path}[{at}]", mention) for at, item in enumerate(value)]
    items = [item for item in items if keep_empty or item["type"] != "text" or item["text"]["content"]]
    return merged(items) if merge else items


def merged(items: list[Json]) -> list[Json]:
    """Neighbours that look the same become one, longer than may be written: 2,000 and 1 characters read back as 2,001.

    Recorded by ultimate-notion, test_long_code_block; in no recorded answer are there two such neighbours.
    """
    kept: list[Json] = []
    for item in items:
        last = kept[-1] if kept else None
        if last is not None and item["type"] == last["type"] == "text" and _look(item) == _look(last):
            kept[-1] = _text(last["text"]["content"] + item["text"]["content"], item["href"], item["annotations"])
        else:
            kept.append(item)
    return kept


def _look(item: Json) -> Json:
    return item["annotations"], item["href"]


def _item(item: Json, path: str, mention: Mention) -> Json:
    if not isinstance(item, dict):
        raise bad(path, "an object", item)
    for key in item:
        if key not in _KEYS:
            raise bad(f"{path}.{key}", "not present", item[key])
    kind = item.get("type") or next((kind for kind in ("text", "mention", "equation") if kind in item), None)
    if kind not in ("text", "mention", "equation") or not isinstance(item.get(kind), dict):
        raise none_of([complaint(f"{path}.{kind}", "defined", UNDEFINED) for kind in ("text", "mention", "equation")])
    notes = _annotations(item.get("annotations"), f"{path}.annotations")
    if kind == "text":
        return _checked_text(item["text"], f"{path}.text", notes)
    if kind == "equation":
        expression = _string(item["equation"].get("expression"), f"{path}.equation.expression", 1000)
        return _object("equation", {"expression": expression}, notes, expression, None)
    form, text, href = mention(item["mention"], f"{path}.mention")
    return _object("mention", form, notes, text, href)


def _checked_text(text: Json, path: str, notes: dict[str, Any]) -> Json:
    content = _string(text.get("content"), f"{path}.content", CONTENT)
    link = text.get("link")
    url = None if link is None else _string(link.get("url"), f"{path}.link.url", URL)
    return _text(content, url, notes)


def _string(value: Json, path: str, most: int) -> str:
    if not isinstance(value, str):
        raise bad(path, "a string" if value is not None else "defined", UNDEFINED if value is None else value)
    if length(value) > most:
        raise _long(f"{path}.length", most, length(value))
    return value


def _long(path: str, most: int, found: int) -> Exception:
    return bad(path, f"≤ `{most}`", found)


def _annotations(given: Json, path: str) -> dict[str, Any]:
    if given is None:
        return {}
    for key, value in given.items():
        if key == "color":
            if not isinstance(value, str):
                raise bad(f"{path}.color", "a string", value)
        elif key not in _FLAGS:
            raise bad(f"{path}.{key}", "not present", value)
        elif not isinstance(value, bool):
            raise bad(f"{path}.{key}", "a boolean", value)
    return dict(given)


def _text(content: str, url: str | None, notes: dict[str, Any]) -> Json:
    return _object("text", {"content": content, "link": None if url is None else {"url": url}}, notes, content, url)


def _object(kind: str, form: Json, notes: dict[str, Any], text: str, href: str | None) -> Json:
    annotations = {**dict.fromkeys(_FLAGS, False), "color": "default", **notes}
    return {"type": kind, kind: form, "annotations": annotations, "plain_text": text, "href": href}
