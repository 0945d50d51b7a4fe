"""Why a condition holds or doesn't: the comparisons that decided, each with the values that made it so."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import tzinfo
from typing import TypeAlias

from msgspec import Struct

from engine.condition.matching import Pair
from engine.condition.operands import Operand, shown
from engine.condition.spelling import spelled
from engine.condition.tree import (
    MIRRORED,
    OPPOSITE,
    Compared,
    Name,
    Negative,
    Node,
    Number,
    Reference,
    Span,
    Text,
    Truth,
    Within,
    names,
)
from engine.condition.unreadable import cut

Known: TypeAlias = Mapping[Reference, Operand]
"""The values that were asked for."""

LONGEST = 300
"""Characters of the whole reason."""

MOST_LISTED = 4
"""Members of a list, and values that something was counted from, that are shown."""


class Ground(Struct, frozen=True):
    """One part that decided.

    what: `coverage = 84 %`.   asked: what it is to be by the condition, `< 80 %`.   contrary: what for the opposite, `>= 80 %`.
    behind: what was counted to come to that, `used = 465`.
    """

    what: str
    asked: str
    contrary: str
    holds: bool
    behind: tuple[str, ...] = ()


def of_comparison(node: Compared, pair: Pair, holds: bool, known: Known, zone: tzinfo) -> Ground:
    """The side that isn't written out in the condition comes first."""
    one, value, sign, other, beside = node.left, pair.left, node.sign, node.right, pair.right
    if _written(one) and not _written(other):
        one, value, sign, other, beside = other, beside, MIRRORED[sign], one, value
    said = shown(beside, zone, percent=pair.percent)
    behind = [] if _written(other) else [f"{said} is {_brief(other)}"]
    behind += _values(known, zone, *(side for side in (one, other) if not isinstance(side, Name)))
    what = f"{_brief(one)} = {shown(value, zone, percent=pair.percent)}"
    return Ground(what, f"{_needed(sign)}{said}", f"{_needed(OPPOSITE[sign])}{said}", holds, tuple(behind))


def of_list(node: Within, value: str, members: Sequence[str], holds: bool, known: Known, zone: tzinfo) -> Ground:
    """value, members: what is looked for and the list, each as it is shown."""
    listed = list(members[:MOST_LISTED]) + [f"one of {len(members) - MOST_LISTED} others"] * (len(members) > MOST_LISTED)
    inside = " or ".join(filter(None, (", ".join(listed[:-1]), listed[-1])))
    outside = f"anything but {inside}"
    behind = () if isinstance(node.one, Name) else tuple(_values(known, zone, node.one))
    asked, contrary = (inside, outside) if node.inside else (outside, inside)
    return Ground(f"{_brief(node.one)} = {value}", asked, contrary, holds, behind)


def of_truth(node: Node, holds: bool) -> Ground:
    """A name alone, or the word itself."""
    said = "true" if holds else "false"
    return Ground(f"it says {said}" if isinstance(node, Truth) else f"{_brief(node)} = {said}", "true", "false", holds)


def why(grounds: Sequence[Ground], holds: bool) -> str:
    """The reason in one line, for a record: `coverage = 84 %, needs < 80 %`."""
    clauses = [_clause(ground, holds) for ground in grounds]
    said = cut(clauses[0], LONGEST)
    for number, clause in enumerate(clauses[1:], 1):
        if len(said) + len(clause) > LONGEST:
            return f"{said}; and {len(clauses) - number} more"
        said = f"{said}; {clause}"
    return said


def _clause(ground: Ground, holds: bool) -> str:
    needs = f"needs {ground.asked if ground.holds is holds else ground.contrary}"
    if holds:
        return f"{ground.what} ({', '.join((needs, *ground.behind))})"
    return f"{ground.what}, {needs}" + (f" ({', '.join(ground.behind)})" if ground.behind else "")


def _needed(sign: str) -> str:
    return {"==": "", "!=": "anything but "}.get(sign, f"{sign} ")


def _written(node: Node) -> bool:
    """It is written out in the condition, so that its text says its value."""
    return isinstance(node.of if isinstance(node, Negative) else node, Text | Truth | Number | Span)


def _brief(node: Node) -> str:
    return cut(spelled(node))


def _values(known: Known, zone: tzinfo, *nodes: Node) -> list[str]:
    """The values that something was counted from: `used = 465`, `total = 500`."""
    found = dict.fromkeys(words for node in nodes for words in names(node) if words in known)
    listed = [f"{_brief(Name(words))} = {shown(known[words], zone)}" for words in found]
    return listed[:MOST_LISTED] + ["…"] * (len(listed) > MOST_LISTED)
