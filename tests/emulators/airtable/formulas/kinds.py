"""Of what type a formula's result is, told from its text alone, as a field's `options.result` says it."""

from __future__ import annotations

from collections.abc import Callable

from tests.emulators.airtable.formulas.parse import Binary, Call, FieldRef, Literal, Negative, Node, parse

DATES = frozenset({"CREATED_TIME", "DATEADD", "DATETIME_PARSE", "LAST_MODIFIED_TIME", "NOW", "SET_TIMEZONE"})
"""Those that give a date with its time."""
TEXTS = frozenset(
    {"ARRAYJOIN", "CONCATENATE", "DATESTR", "DATETIME_FORMAT", "ENCODE_URL_COMPONENT", "LEFT", "LOWER", "MID", "RECORD_ID"}
    | {"REGEX_EXTRACT", "REGEX_REPLACE", "REPLACE", "REPT", "RIGHT", "SUBSTITUTE", "T", "TIMESTR", "TRIM", "UPPER"}
    | {"ARRAYCOMPACT", "ARRAYFLATTEN", "ARRAYUNIQUE", "BLANK", "ERROR"}
)


def kind_of(text: str, type_of: Callable[[str], str | None]) -> str:
    """`number`, `dateTime`, `date` or `singleLineText`.   type_of: the type of a field by its name or id. Raises BadFormula."""
    return _kind(parse(text), type_of)


def _kind(node: Node, type_of: Callable[[str], str | None]) -> str:
    match node:
        case Literal(value):
            return "singleLineText" if isinstance(value, str) else "number"
        case FieldRef(name):
            return _of_field(type_of(name))
        case Negative():
            return "number"
        case Binary("&", _, _):
            return "singleLineText"
        case Binary("+", left, right):
            texts = {_kind(left, type_of), _kind(right, type_of)} == {"singleLineText"}
            return "singleLineText" if texts else "number"
        case Binary():
            return "number"
        case Call("IF", (_, then, *rest)):
            return _same([then, *rest], type_of)
        case Call("SWITCH", (_, *rest)):
            return _same(rest[1::2] + (rest[-1:] if len(rest) % 2 else []), type_of)
        case Call("TODAY"):
            return "date"
        case Call(name):
            return "dateTime" if name in DATES else "singleLineText" if name in TEXTS else "number"


def _same(nodes: list[Node], type_of: Callable[[str], str | None]) -> str:
    """That of all branches but blank ones; texts where they differ."""
    kinds = {_kind(node, type_of) for node in nodes if not isinstance(node, Call) or node.name != "BLANK"}
    return kinds.pop() if len(kinds) == 1 else "singleLineText"


def _of_field(kind: str | None) -> str:
    if kind in ("number", "currency", "percent", "rating", "duration", "count", "autoNumber", "checkbox"):
        return "number"
    if kind in ("date", "dateTime", "createdTime", "lastModifiedTime"):
        return "date" if kind == "date" else "dateTime"
    return "singleLineText"
