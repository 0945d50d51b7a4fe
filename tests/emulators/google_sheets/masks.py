"""Field masks: `sheets(properties,data(rowData/values.note))`, what of an answer is wanted, or what of a body is meant."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from tests.emulators.core.exchange import Json
from tests.emulators.google_sheets import schema
from tests.emulators.google_sheets.errors import BAD_REQUEST, sheets

Tree = dict[str, Any]
"""Name → Tree; an empty one stands for all that is below."""
PARTS = re.compile(r"[^.,/()\s]+|[.,/()]")


class Unread(Exception):
    """No mask at all. Its text is the path that can't be read."""


def parsed(text: str) -> Tree:
    """Raises Unread."""
    parts = PARTS.findall(text)
    tree, at = _list(parts, 0)
    if at != len(parts):
        raise Unread(text)
    return tree


def _list(parts: list[str], at: int) -> tuple[Tree, int]:
    tree: Tree = {}
    while at < len(parts):
        at = _path(parts, at, tree)
        if at >= len(parts) or parts[at] != ",":
            break
        at += 1
    return tree, at


def _path(parts: list[str], at: int, tree: Tree) -> int:
    here = tree
    while True:
        if at >= len(parts) or parts[at] in ".,/()":
            raise Unread("".join(parts))
        name, at = parts[at], at + 1
        known = name in here
        below = here.setdefault(name, {})
        if at < len(parts) and parts[at] in "./":
            if known and not below:
                below = {}  # all of it is wanted already
            here, at = below, at + 1
            continue
        if at < len(parts) and parts[at] == "(":
            inner, at = _list(parts, at + 1)
            if at >= len(parts) or parts[at] != ")":
                raise Unread("".join(parts))
            if not known or below:
                _join(below, inner)
            return at + 1
        below.clear()
        return at


def _join(tree: Tree, other: Tree) -> None:
    for name, below in other.items():
        if name not in tree:
            tree[name] = below
        elif tree[name] and below:
            _join(tree[name], below)
        else:
            tree[name] = {}


def answer_mask(text: str | None, name: str) -> Tree:
    """What of an answer of that schema is wanted; empty for all. Raises Refused."""
    if not text:
        return {}
    try:
        tree = parsed(text)
    except Unread as exc:
        raise _refused(str(exc)) from exc
    if "*" in tree:
        return {}
    _check(tree, name, "")
    return tree


def _check(tree: Tree, name: str, path: str) -> None:
    known = schema.schemas()[name].get("properties", {})
    for field, below in tree.items():
        if field == "*":
            continue
        here = f"{path}.{field}" if path else field
        if field not in known:
            raise _refused(here)
        kind = known[field].get("items", known[field])
        if below and "$ref" in kind:
            _check(below, kind["$ref"], here)


def _refused(path: str) -> Exception:
    violation = {
        "field": path,
        "description": f"Error expanding 'fields' parameter. Cannot find matching fields for path '{path}'.",
    }
    return sheets(400, "Request contains an invalid argument.", [{"@type": BAD_REQUEST, "fieldViolations": [violation]}])


def wants(tree: Tree, *path: str) -> bool:
    """Whether anything of what is at `path` is wanted."""
    for name in path:
        if not tree:
            return True
        if name in tree:
            tree = tree[name]
        elif "*" in tree:
            tree = tree["*"]
        else:
            return False
    return True


def below(tree: Tree, name: str) -> Tree:
    """The mask of what is in there."""
    found: Tree = tree[name] if name in tree else tree.get("*", {})
    return found


def kept(value: Json, tree: Tree) -> Json:
    """What of `value` is wanted. An object of which nothing is left stays, empty."""
    if not tree:
        return value
    if isinstance(value, list):
        return [kept(item, tree) for item in value]
    if not isinstance(value, dict):
        return value
    return {name: kept(inner, below(tree, name)) for name, inner in value.items() if name in tree or "*" in tree}


def leaves(text: str, name: str, root: str = "") -> list[tuple[str, ...]]:
    """The paths that an update's `fields` means: `*` for all there are. Raises Refused through `answer_mask`.

    root: what paths may begin with, though it need not be said.
    """
    tree = answer_mask(text, name) or {key: {} for key in schema.schemas()[name]["properties"]}
    if root and root in tree:
        tree = tree[root]
    return list(_leaves(tree, ()))


def _leaves(tree: Tree, path: tuple[str, ...]) -> list[tuple[str, ...]]:
    return [leaf for name, inner in tree.items() for leaf in (_leaves(inner, (*path, name)) if inner else [(*path, name)])]


def put(target: dict[str, Json], source: Mapping[str, Json], path: tuple[str, ...]) -> None:
    """Carry one path over; what `source` hasn't is taken away."""
    *way, last = path
    here: Json = source
    for name in way:
        here = here.get(name) or {}
    if last in here:
        for name in way:
            target = target.setdefault(name, {})
        target[last] = here[last]
        return
    for name in way:
        target = target.get(name) or {}
    target.pop(last, None)
