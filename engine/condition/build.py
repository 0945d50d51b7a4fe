"""From the words of a condition, as they belong together, to what it says. Here are the limits."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from decimal import Decimal
from typing import TYPE_CHECKING

from actions.values import LARGEST
from config.fields import span
from engine.condition.spelling import spelled
from engine.condition.tree import (
    ORDER,
    All,
    Any,
    Compared,
    Denied,
    Name,
    Negative,
    Node,
    Number,
    Product,
    Span,
    Sum,
    Text,
    Truth,
    Within,
    parts,
)
from engine.condition.unreadable import refused, shown

if TYPE_CHECKING:
    from lark import Token, Tree

DEEPEST = 20
"""So many brackets, `not` and minus signs may stand within each other."""

MOST = 200
"""Values, comparisons and what joins them, in one condition."""

DECIMALS = 15
"""Digits behind the point."""

_TOO_MUCH = "leave a part of it to the action, and look at what that gives back"


class Builder:
    """Builds one condition. Raises Unreadable where it goes beyond a limit."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._nodes = 0

    def whole(self, said: Tree[Token] | Token) -> Node:
        """All of it. What it comes to keeps within the limits, too: of `1 < x < 3` that is twice the x."""
        node = self._node(said)
        self._within_limits(*_size(node))
        return node

    def _within_limits(self, nodes: int, depth: int) -> None:
        if nodes > MOST:
            raise refused(self._text, f"has more than {MOST} parts; {_TOO_MUCH}")
        if depth > DEEPEST:
            raise refused(self._text, f"is nested more than {DEEPEST} deep; {_TOO_MUCH}")

    def _node(self, said: Tree[Token] | Token, depth: int = 0) -> Node:
        self._nodes += 1
        self._within_limits(self._nodes, depth)
        if isinstance(said, str):
            return self._literal(said)
        below = said.children
        match str(said.data):
            case "name":
                return Name(tuple(_word(part) for part in below if isinstance(part, str)))
            case "signed":
                of = self._node(below[1], depth + 1)
                return Negative(of) if below[0] == "-" else of
            case "denied":
                return Denied(self._node(below[0], depth + 1))
            case "within":
                one, how, *among = below
                listed = tuple(self._node(part, depth + 1) for part in among)
                return Within(self._node(one, depth + 1), listed, str(how).lower() == "in")
            case "compared":
                return self._compared([self._node(part, depth + 1) for part in below[::2]], [str(sign) for sign in below[1::2]])
            case "sum" | "product" as kind:
                first, *others = (self._node(part, depth + 1) for part in below[::2])
                rest = tuple(zip(map(str, below[1::2]), others, strict=True))
                return Sum(first, rest) if kind == "sum" else Product(first, rest)
            case kind:
                joined = All if kind == "both" else Any
                found = [self._node(part, depth + 1) for part in below]
                return joined(tuple(itertools.chain.from_iterable(p.parts if isinstance(p, joined) else (p,) for p in found)))

    def _compared(self, values: Sequence[Node], signs: Sequence[str]) -> Node:
        """One comparison; `1 < x < 3` is two, where both look the same way."""
        found = tuple(Compared(a, sign, b) for (a, b), sign in zip(itertools.pairwise(values), signs, strict=True))
        if len(found) == 1:
            return found[0]
        if not set(signs) <= ORDER or len({sign[0] for sign in signs}) > 1:
            whole = " ".join((spelled(values[0]), *(f"{sign} {spelled(v)}" for v, sign in zip(values[1:], signs, strict=True))))
            raise refused(self._text, f"{shown(whole)} compares more than two values; write {shown(spelled(All(found)))}")
        return All(found)

    def _literal(self, word: Token) -> Node:
        match word.type:
            case "TEXT":
                return Text(word[1:-1])
            case "TRUTH":
                return Truth(word.lower() in ("true", "yes"))
            case "SPAN":
                try:
                    return Span(span(word))
                except ValueError as exc:
                    raise refused(self._text, str(exc)) from None
        amount = word.rstrip("% ")
        if len(amount.partition(".")[0].lstrip("0")) > len(str(LARGEST)) or Decimal(amount) > LARGEST:
            raise refused(self._text, f"{shown(amount)} is too large; write a number within {LARGEST:,}")
        if len(amount.partition(".")[2]) > DECIMALS:
            raise refused(self._text, f"{shown(amount)} has more than {DECIMALS} decimals; write fewer")
        return Number(Decimal(amount), percent=word.type == "PERCENT")


def _size(node: Node) -> tuple[int, int]:
    """How many there are in it, itself included, and how deep it goes."""
    sizes = [_size(part) for part in parts(node)]
    return 1 + sum(count for count, _ in sizes), max((depth + 1 for _, depth in sizes), default=0)


def _word(part: Token) -> str:
    """`.outcome`, `"Run tests"` as the word itself."""
    return str(part[1:-1] if part.type == "TEXT" else part.removeprefix("."))
