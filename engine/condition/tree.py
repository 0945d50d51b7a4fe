"""What a condition says, as values: literals, names, arithmetic, comparisons, and what joins them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from typing import TypeAlias

from msgspec import Struct

Reference: TypeAlias = tuple[str, ...]
"""A dotted name in its words: `tasks["Run tests"].outcome` is ("tasks", "Run tests", "outcome").

Case is kept, accents are in NFC. `outputs.a.b` has three words, `outputs["a.b"]` two.
"""


class Text(Struct, frozen=True):
    """A text in quotes."""

    text: str


class Truth(Struct, frozen=True):
    """`true`, `false`, `yes`, `no`."""

    holds: bool


class Number(Struct, frozen=True):
    """A number as it is written, never negative.   percent: it was written with %; 80% is 80 here."""

    amount: Decimal
    percent: bool = False


class Span(Struct, frozen=True):
    """A span of time."""

    length: timedelta


class Name(Struct, frozen=True):
    """What stands for a value."""

    words: Reference


class Negative(Struct, frozen=True):
    """A minus before something."""

    of: Node


class Sum(Struct, frozen=True):
    """rest: `+` or `-`, and to what; from left to right; never empty."""

    first: Node
    rest: tuple[tuple[str, Node], ...]


class Product(Struct, frozen=True):
    """rest: `*` or `/`, and by what; from left to right; never empty."""

    first: Node
    rest: tuple[tuple[str, Node], ...]


class Compared(Struct, frozen=True):
    """sign: one of `==`, `!=`, `<`, `<=`, `>`, `>=`."""

    left: Node
    sign: str
    right: Node


class Within(Struct, frozen=True):
    """`in` a list, or `not in` it.   among: not empty."""

    one: Node
    among: tuple[Node, ...]
    inside: bool


class Denied(Struct, frozen=True):
    """`not`."""

    of: Node


class All(Struct, frozen=True):
    """`and`, of two parts or more, in the order in which they are asked."""

    parts: tuple[Node, ...]


class Any(Struct, frozen=True):
    """`or`, of two parts or more, in the order in which they are asked."""

    parts: tuple[Node, ...]


Node: TypeAlias = Text | Truth | Number | Span | Name | Negative | Sum | Product | Compared | Within | Denied | All | Any

OPPOSITE = {"==": "!=", "!=": "==", "<": ">=", ">=": "<", ">": "<=", "<=": ">"}
"""What holds where the other doesn't."""

MIRRORED = {"==": "==", "!=": "!=", "<": ">", ">": "<", "<=": ">=", ">=": "<="}
"""The same, with the sides changed."""

ORDER = frozenset({"<", "<=", ">", ">="})


def parts(node: Node) -> tuple[Node, ...]:
    """What the node is made of, one level down, from left to right."""
    match node:
        case Negative(of) | Denied(of):
            return (of,)
        case Sum(first, rest) | Product(first, rest):
            return (first, *(other for _, other in rest))
        case Compared(left, _, right):
            return (left, right)
        case Within(one, among):
            return (one, *among)
        case All(found) | Any(found):
            return found
    return ()


def names(node: Node) -> Iterator[Reference]:
    """Every name in it, from left to right, as often as it stands there."""
    if isinstance(node, Name):
        yield node.words
    for part in parts(node):
        yield from names(part)
