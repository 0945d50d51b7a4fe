"""How conditions are written: the one form in which each is shown, which the parser reads back."""

from __future__ import annotations

import re
from decimal import Decimal
from itertools import chain

from config.fields import spelled as spelled_span
from engine.condition.tree import (
    All,
    Any,
    Compared,
    Denied,
    Name,
    Negative,
    Node,
    Number,
    Product,
    Reference,
    Span,
    Sum,
    Text,
    Truth,
    Within,
)

_WORD = re.compile(r"[^\W\d]\w*")
"""What may stand behind a point."""

_BINDS = {Any: 1, All: 2, Denied: 3, Compared: 4, Within: 4, Sum: 5, Product: 6, Negative: 7}
"""How closely each holds its parts together; what isn't listed has none."""
_CLOSEST = 8


def spelled(node: Node) -> str:
    """The condition in plain form: one blank between words, small keywords, no bracket that isn't needed."""
    match node:
        case Text() | Truth() | Number() | Span() | Name():
            return _alone(node)
        case Negative(of):
            return f"-{_part(of, 7)}"
        case Sum(first, rest):
            return " ".join((_part(first, 6), *chain.from_iterable((sign, _part(other, 6)) for sign, other in rest)))
        case Product(first, rest):
            return " ".join((_part(first, 7), *chain.from_iterable((sign, _part(other, 7)) for sign, other in rest)))
        case Compared(left, sign, right):
            return f"{_part(left, 5)} {sign} {_part(right, 5)}"
        case Within(one, among, inside):
            return f"{_part(one, 5)} {'in' if inside else 'not in'} ({', '.join(map(spelled, among))})"
        case Denied(of):
            return f"not {_part(of, 3)}"
        case All(parts):
            return " and ".join(_part(part, 3) for part in parts)
        case Any(parts):
            return " or ".join(_part(part, 2) for part in parts)


def _alone(node: Text | Truth | Number | Span | Name) -> str:
    match node:
        case Text(text):
            return quoted(text)
        case Truth(holds):
            return "true" if holds else "false"
        case Number(amount, percent):
            return plain(amount) + "%" * percent
        case Span(length):
            return spelled_span(length)
        case Name(words):
            return dotted(words)


def _part(node: Node, closely: int) -> str:
    """A part, in brackets where it would fall apart otherwise."""
    said = spelled(node)
    return said if _BINDS.get(type(node), _CLOSEST) >= closely else f"({said})"


def quoted(text: str) -> str:
    """In the quotes that the text doesn't hold; no text of a condition holds both."""
    return f"'{text}'" if '"' in text else f'"{text}"'


def dotted(words: Reference) -> str:
    """`tasks["Run tests"].outcome`."""
    return words[0] + "".join(f".{word}" if _WORD.fullmatch(word) else f"[{quoted(word)}]" for word in words[1:])


def plain(amount: Decimal) -> str:
    """`1500`, `2.5`, without an exponent and without zeros that say nothing."""
    said = f"{amount:f}"
    return said.rstrip("0").rstrip(".") if "." in said else said
