"""What a formula says of a row: its tree made into functions once, then called for each row."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Protocol

from tests.emulators.airtable.formulas import dates
from tests.emulators.airtable.formulas.functions import ELSEWHERE, FUNCTIONS, MOST, divided
from tests.emulators.airtable.formulas.parse import (
    INVALID,
    BadFormula,
    Binary,
    Call,
    FieldRef,
    Literal,
    Negative,
    Node,
    fields_of,
    parse,
)
from tests.emulators.airtable.formulas.values import FormulaError, Moment, Value, compared, number_of, same, text_of, true_of
from tests.emulators.core.exchange import NotEmulated


class Row(Protocol):
    """What a formula may ask of the row that it is for."""

    @property
    def id(self) -> str: ...
    @property
    def created(self) -> datetime: ...
    def modified(self, fields: Sequence[str]) -> datetime | None:
        """The last change of one of these fields, by id; of any where there are none."""

    def now(self) -> datetime: ...
    def value(self, field: str) -> Value:
        """field: an id. Raises FormulaError."""


Formula = Callable[[Row], Value]
"""Raises FormulaError."""


def compiled(text: str, known: Callable[[str], str | None]) -> Formula:
    """known: the id of a field that is written so.   Raises BadFormula, whose names are in small letters, NotEmulated."""
    tree = parse(text)
    ids = {name: known(name) for name in fields_of(tree)}
    if unknown := [name for name, found in ids.items() if found is None]:
        raise BadFormula(f"Unknown field names: {', '.join(unknown).lower()}")
    return _made(tree, {name: found for name, found in ids.items() if found is not None})


def _made(node: Node, ids: dict[str, str]) -> Formula:
    match node:
        case Literal(value):
            return lambda _row: value
        case FieldRef(name):
            field = ids[name]
            return lambda row: row.value(field)
        case Negative(of):
            inner = _made(of, ids)
            return lambda row: -number_of(inner(row))
        case Binary(sign, left, right):
            how, one, other = _SIGNS[sign], _made(left, ids), _made(right, ids)
            return lambda row: how(one(row), other(row))
        case Call(name, args):
            return _call(name, args, ids)


def _call(name: str, args: tuple[Node, ...], ids: dict[str, str]) -> Formula:
    if name in ELSEWHERE:
        raise NotEmulated(f"the function {name}")
    function = FUNCTIONS.get(name)
    if function is None and name not in MOST:
        raise BadFormula(f"Unknown function names: {name.lower()}")
    least, most = (function.least, function.most) if function is not None else MOST[name]
    if len(args) < least or (most is not None and len(args) > most):
        raise BadFormula(INVALID)
    made = [_made(arg, ids) for arg in args]
    if function is not None:
        call = function.call
        return lambda row: call(*(each(row) for each in made))
    if name == "LAST_MODIFIED_TIME":
        if not all(isinstance(arg, FieldRef) for arg in args):
            raise BadFormula(INVALID)
        return _modified([ids[arg.name] for arg in args if isinstance(arg, FieldRef)])
    return _SPECIAL[name](made)


def _modified(fields: list[str]) -> Formula:
    def last(row: Row) -> Value:
        at = row.modified(fields)
        return Moment(at) if at is not None else None

    return last


def _truths(made: list[Formula], row: Row) -> list[bool]:
    """Of every argument, so that an error anywhere is one of the whole."""
    return [true_of(each(row)) for each in made]


def _if(made: list[Formula]) -> Formula:
    def chosen(row: Row) -> Value:
        if true_of(made[0](row)):
            return made[1](row)
        return made[2](row) if len(made) > 2 else None

    return chosen


def _switch(made: list[Formula]) -> Formula:
    def chosen(row: Row) -> Value:
        value = made[0](row)
        pairs, rest = made[1:], len(made) % 2 == 0
        for at in range(0, len(pairs) - rest, 2):
            if same(value, pairs[at](row)):
                return pairs[at + 1](row)
        return pairs[-1](row) if rest else None

    return chosen


def _is_error(made: list[Formula]) -> Formula:
    def tried(row: Row) -> Value:
        try:
            value = made[0](row)
        except FormulaError:
            return True
        return isinstance(value, float) and not math.isfinite(value)

    return tried


def _plus(a: Value, b: Value) -> Value:
    if isinstance(a, str) and isinstance(b, str):
        return a + b
    return number_of(a) + number_of(b)


_SIGNS: dict[str, Callable[[Value, Value], Value]] = {
    "=": same,
    "!=": lambda a, b: not same(a, b),
    "<": lambda a, b: compared(a, b) == -1,
    "<=": lambda a, b: compared(a, b) in (-1, 0),
    ">": lambda a, b: compared(a, b) == 1,
    ">=": lambda a, b: compared(a, b) in (0, 1),
    "&": lambda a, b: text_of(a) + text_of(b),
    "+": _plus,
    "-": lambda a, b: number_of(a) - number_of(b),
    "*": lambda a, b: number_of(a) * number_of(b),
    "/": lambda a, b: divided(number_of(a), number_of(b)),
}

_SPECIAL: dict[str, Callable[[list[Formula]], Formula]] = {
    "AND": lambda made: lambda row: all(_truths(made, row)),
    "OR": lambda made: lambda row: any(_truths(made, row)),
    "IF": _if,
    "SWITCH": _switch,
    "ISERROR": _is_error,
    "IS_ERROR": _is_error,
    "NOW": lambda _made: lambda row: Moment(row.now()),
    "TODAY": lambda _made: lambda row: dates.today(row.now()),
    "RECORD_ID": lambda _made: lambda row: row.id,
    "CREATED_TIME": lambda _made: lambda row: Moment(row.created),
}
