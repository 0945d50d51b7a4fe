"""The Metadata cell: a JSON object with values for the action's parameters and settings that have no column of their own. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping
from typing import Any, NoReturn

from msgspec import Struct, field

from connectors.api import Cell, fold
from engine.cells import SHOWN, did_you_mean, listed, quoted, text
from engine.columns import RESTARTS, Column
from engine.layout import COLUMNS

LONGEST = 32_768
"""Characters."""

DEEPEST = 8
"""Objects and lists within each other."""

REMARKS = (Column.ASSIGNEE, Column.PROJECT, Column.WORKFLOW)
"""Settings that change nothing of when or how a row runs."""

SETTINGS: Mapping[str, Column] = {
    fold(column): column
    for column in (
        Column.SCHEDULE,
        Column.TIME_ZONE,
        Column.CATCH_UP,
        Column.OVERLAP,
        Column.TIMEOUT,
        Column.ATTEMPTS,
        Column.PRIORITY,
        Column.JITTER,
        Column.RUNS_ON,
        Column.DEPENDS_ON,
        Column.ON_FAILURE,
        Column.CONDITION,
        Column.WATCH,
        Column.COUNTS,
        Column.DEADLINE,
        Column.NOTIFY,
        *REMARKS,
    )
}
"""What Metadata may set, by its folded key."""

LISTS = frozenset({Column.DEPENDS_ON, Column.WATCH, Column.COUNTS, Column.NOTIFY})
"""Settings that name several things: in Metadata a list of them will do, too."""

NESTED = "parameters"
"""Under this key, everything is a parameter, whatever it is called."""


class BadMetadata(ValueError):
    """A Metadata cell that can't be used: which part of it, what is wrong, and the remedy."""


class Metadata(Struct, frozen=True):
    """A Metadata cell understood. settings: column → value, blank ones left out.   parameters: name → JSON value."""

    settings: Mapping[Column, Cell] = field(default_factory=dict)
    parameters: Mapping[str, object] = field(default_factory=dict)


def read(cell: Cell, declared: Collection[str], action: str) -> Metadata:
    """Part the cell into settings and parameters.

    declared: the names of the action's parameters. A key that could be either is refused, unless the setting is only a remark.
    Raises BadMetadata.
    """
    found: dict[Column, Cell] = {}
    parameters: dict[str, object] = {}
    for key, value in _object(cell).items():
        column = SETTINGS.get(fold(key))
        if key == NESTED:
            _nest(parameters, value)
        elif key in declared and column not in REMARKS and column is not None:
            raise BadMetadata(
                f"{quoted(key)} is both a setting and a parameter of {action}; "
                f'write the parameter as {{"parameters": {{{quoted(key)}: …}}}}, and the setting in a column {column}'
            )
        elif key in declared:
            _put(parameters, key, value)
        elif column is not None:
            _set(found, column, key, value)
        else:
            _unknown(key, declared, action)
    return Metadata(found, parameters)


def settings(cell: Cell) -> Mapping[Column, Cell]:
    """Only what the cell sets, whatever else stands in it. Metadata that can't be read sets nothing. Raises nothing."""
    found: dict[Column, Cell] = {}
    try:
        for key, value in _object(cell).items() if cell is not None else ():
            if (column := SETTINGS.get(fold(key))) is not None:
                _set(found, column, key, value)
    except BadMetadata:
        return {}
    return found


def setting(cells: Mapping[str, Cell], column: Column) -> Cell:
    """What a row says in one of these columns, by Metadata where it is blank.   cells: under canonical headers."""
    own = cells.get(column)
    return own if text(own) is not None else settings(cells.get(Column.METADATA)).get(column)


def restarts(cells: Mapping[str, Cell]) -> tuple[Cell, ...]:
    """What the row says in the columns of `RESTARTS`, by Metadata where the column is blank. Equal answers restart nothing.

    cells: under canonical headers.
    """
    inner = settings(cells.get(Column.METADATA))
    return tuple(cells[c] if text(cells.get(c)) is not None else inner.get(c) for c in _RESTARTS)


_RESTARTS = tuple(sorted(RESTARTS))


def _object(cell: Cell) -> dict[str, object]:
    said = cell.strip() if isinstance(cell, str) else text(cell) or ""
    if said in ("", "{}"):
        return {}
    if len(said) > LONGEST:
        raise BadMetadata(f"longer than {LONGEST:,} characters; keep what is big in a file and give its name")
    try:
        value = _JSON.decode(said)
    except json.JSONDecodeError as exc:
        where = f"line {exc.lineno}, character {exc.colno}" if exc.lineno > 1 else f"character {exc.colno}"
        raise BadMetadata(f"not JSON at {where}{_advice(said) or f': {exc.msg}'}") from None
    except RecursionError:
        raise BadMetadata(f"nested deeper than {DEEPEST} levels; make it flat") from None
    except BadMetadata:
        raise
    except ValueError:  # a number of thousands of digits
        raise BadMetadata("holds a number that is too long; write it as text") from None
    if not isinstance(value, dict):
        raise BadMetadata('not a JSON object; write it like {"name": "value"}')
    if _depth(value, 1) > DEEPEST:
        raise BadMetadata(f"nested deeper than {DEEPEST} levels; make it flat")
    return value


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        _put(found, key, value)
    return found


def _constant(word: str) -> NoReturn:
    raise BadMetadata(f"{word} is not JSON; write a number")


_JSON = json.JSONDecoder(object_pairs_hook=_pairs, parse_constant=_constant)


def _advice(said: str) -> str:
    if any(mark in said for mark in "“”„‟«»"):
        return '; use straight double quotes ("), not typographic ones'
    if said.startswith("{'") or ("'" in said and '"' not in said):
        return "; use double quotes (\"), not single ones (')"
    if (meant := _meant(said)) is not None:
        return f"; write it like {meant}"
    if not said.startswith("{"):
        return '; write it like {"name": "value"}'
    return ""


_NAMED = re.compile(r"""\s*(["']?)([^\W\d][\w.-]*)\1\s*[:=]\s*(?:(["'])([^"']*)\3|([^"'{}\[\]]+))\s*""")
"""One `name: value`, with or without quotes around either."""


def _meant(said: str) -> str | None:
    """What somebody meant who wrote names and values plainly (`{words: hi}`, `folder=/srv`), as JSON; None where it is long, or
    not that plain.
    """
    if len(said) > 2 * SHOWN or said.startswith("{") != said.endswith("}"):
        return None
    found: dict[str, object] = {}
    for part in said.removeprefix("{").removesuffix("}").strip().removesuffix(",").split(","):
        named = _NAMED.fullmatch(part)
        if named is None or named[2] in found:
            return None
        found[named[2]] = named[4] if named[3] else _plain(named[5].strip())
    return json.dumps(found, ensure_ascii=False)


def _plain(value: str) -> object:
    """A number, a truth value or null where it is one, else text."""
    try:
        return _JSON.decode(value)
    except ValueError:
        return value


def _depth(value: object, level: int) -> int:
    if level > DEEPEST:  # deep enough to know
        return level
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return max((_depth(v, level + 1) for v in inner if isinstance(v, dict | list)), default=level)


def _nest(parameters: dict[str, object], value: object) -> None:
    if not isinstance(value, dict):
        raise BadMetadata(f'"{NESTED}" must hold an object; write it like {{"{NESTED}": {{"name": "value"}}}}')
    for name, inner in value.items():
        _put(parameters, name, inner)


def _put(into: dict[str, Any], key: str, value: object) -> None:
    if key in into:
        raise BadMetadata(f"{quoted(key)} stands there twice; keep one")
    into[key] = value


def _set(into: dict[Column, Cell], column: Column, key: str, value: object) -> None:
    if column in into:
        raise BadMetadata(f"{quoted(key)} says the same as another key, {column}; keep one")
    if column in LISTS and isinstance(value, list) and all(isinstance(name, str) for name in value):
        value = listed(value)
    elif isinstance(value, dict | list):
        raise BadMetadata(f"{quoted(key)} must be text or a number, not a list or an object")
    if isinstance(value, str | int | float | bool) and text(value) is not None:
        into[column] = value


def _unknown(key: str, declared: Collection[str], action: str) -> NoReturn:
    column = COLUMNS.get(fold(key))
    if column is not None:
        raise BadMetadata(f"{quoted(key)} is no parameter of {action}; if you mean the column {column}, write it there")
    among = [*declared, *(column.lower().replace(" ", "_") for column in SETTINGS.values())]
    raise BadMetadata(f"{quoted(key)} is neither a setting nor a parameter of {action}{did_you_mean(key, among)}")
