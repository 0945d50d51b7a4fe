"""Whether a condition holds for given values, and why. What can't be told is never taken for false.

From left to right: `and` ends at the first part that is false, `or` at the first that is true, and what stands behind is not asked
for. What stands before has to be known: a missing value on the left is not made good by the right.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, date, timedelta, tzinfo
from typing import TypeAlias

from msgspec import Struct

from actions.api import Value
from engine.cells import did_you_mean
from engine.condition import arithmetic, grounds, matching, operands
from engine.condition.grounds import Ground
from engine.condition.operands import Operand, Said, Unfit
from engine.condition.reading import Condition
from engine.condition.spelling import dotted, spelled
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
from engine.condition.unreadable import cut, shown, undecided

_LONGEST_REASON = 200


class Unknown(Struct, frozen=True):
    """A value that can't be had.   why: a clause for a person with the remedy, like `the task "build" has not run yet; run it`."""

    why: str


Given: TypeAlias = Value | date | timedelta | Unknown | None
"""What a name may stand for. A `datetime` is a `date`; one without a zone is on the row's wall clock. None: it has no value."""

Values: TypeAlias = Mapping[Reference, Given] | Callable[[Reference], Given]
"""Where values come from. Each name is asked for once at the most."""


class Verdict(Struct, frozen=True):
    """Whether a condition holds.   why: the comparisons that decided, with their values: `coverage = 84 %, needs < 80 %`."""

    holds: bool
    why: str


def evaluate(condition: Condition, values: Values, *, zone: tzinfo = UTC) -> Verdict:
    """Raises Undecidable: a value is missing, two can't be compared, or what is counted comes to nothing that can be told.

    zone: of dates that name none, and of those in the reason. Takes time in proportion to the condition and the texts it asks for.
    """
    asked = _Evaluation(condition, values, zone)
    try:
        holds, decided = asked.truth(condition.tree)
    except Unfit as exc:
        raise undecided(condition.text, str(exc)) from None
    return Verdict(holds, grounds.why(decided, holds))


class _Evaluation:
    """One condition, with the values that it has asked for so far. Everything here raises Unfit, with a whole clause."""

    def __init__(self, condition: Condition, values: Values, zone: tzinfo) -> None:
        self._condition = condition
        self._values = values
        self._zone = zone
        self._known: dict[Reference, Operand] = {}

    def truth(self, node: Node) -> tuple[bool, tuple[Ground, ...]]:
        """Whether it holds, and by what that was decided."""
        match node:
            case All(parts) | Any(parts):
                return self._joined(parts, ends=isinstance(node, Any))
            case Denied(of):
                holds, decided = self.truth(of)
                return not holds, decided
            case Compared(left, sign, right):
                pair = self._held(left, self._value(left), sign, right)
                holds = pair.meets(sign)
                return holds, (grounds.of_comparison(node, pair, holds, self._known, self._zone),)
            case Within():
                return self._within(node)
        holds = self._asked(node)
        return holds, (grounds.of_truth(node, holds),)

    def _joined(self, parts: tuple[Node, ...], *, ends: bool) -> tuple[bool, tuple[Ground, ...]]:
        """ends: which truth of a part is that of the whole, so that the others don't matter."""
        all_of_them: list[Ground] = []
        for part in parts:
            holds, decided = self.truth(part)
            if holds is ends:
                return holds, decided
            all_of_them += decided
        return not ends, tuple(all_of_them)

    def _within(self, node: Within) -> tuple[bool, tuple[Ground, ...]]:
        """`x in (a, b)` is `x == a or x == b`, also in what it doesn't ask for."""
        members, found = [], False
        one, value = self._value(node.one), ""
        for member in node.among:
            pair = self._held(node.one, one, "==", member)
            value = operands.shown(pair.left, self._zone, percent=pair.percent)
            members.append(operands.shown(pair.right, self._zone, percent=pair.percent))
            if found := pair.meets("=="):
                break
        members += [spelled(member) for member in node.among[len(members) :]]
        holds = found is node.inside
        return holds, (grounds.of_list(node, value, [cut(m) for m in members], holds, self._known, self._zone),)

    def _held(self, left: Node, one: Operand, sign: str, right: Node) -> matching.Pair:
        """one: what `left` comes to."""
        other = self._value(right)
        try:
            return matching.held(one, other, sign, self._zone)
        except Unfit as exc:
            raise Unfit(f"{self._said(left, one)} can't be compared with {self._said(right, other)}: {exc}") from None

    def _asked(self, node: Node) -> bool:
        """Something that stands alone: it has to be true or false itself. A number isn't, be it 0 or 1."""
        value = self._value(node)
        if isinstance(value, bool):
            return value
        told = operands.truth(value.text) if isinstance(value, Said) and operands.counted(value.text) is None else None
        if told is None:
            name = spelled(node)
            like = f"{name} == {operands.shown(value, self._zone)}" if isinstance(value, Said) else f"{name} > 0"
            raise Unfit(f"{self._said(node, value)} is neither true nor false; compare it with something, like {cut(like)}")
        return told

    def _value(self, node: Node) -> Operand:
        match node:
            case Text(text):
                return text
            case Truth(holds):
                return holds
            case Number(amount, percent):
                return operands.Amount(amount, operands.Unit.PERCENT if percent else operands.Unit.PLAIN, written=True)
            case Span(length):
                return length
            case Name(words):
                return self._named(words)
            case Negative(of):
                value = self._value(of)
                try:
                    return arithmetic.negated(value)
                except Unfit as exc:
                    raise Unfit(f"{self._said(of, value)} {exc}") from None
            case Sum(first, rest) | Product(first, rest):
                return self._counted(node, first, rest)
        return self.truth(node)[0]

    def _counted(self, node: Node, first: Node, rest: tuple[tuple[str, Node], ...]) -> Operand:
        value = self._value(first)
        for sign, part in rest:
            other = self._value(part)
            try:
                if isinstance(node, Sum):
                    value = arithmetic.added(value, sign, other, self._zone)
                else:
                    value = arithmetic.multiplied(value, sign, other)
            except Unfit as exc:
                whole = f"{operands.shown(value, self._zone)} {sign} {operands.shown(other, self._zone)}"
                raise Unfit(f"{shown(spelled(node))} can't be counted, at {whole}: {exc}") from None
        return value

    def _named(self, words: Reference) -> Operand:
        if words in self._known:
            return self._known[words]
        name, given = cut(dotted(words)), self._given(words)
        if isinstance(given, Unknown):
            raise Unfit(f"{name} is not known: {cut(given.why, _LONGEST_REASON)}")
        if given is None:
            raise Unfit(f"{name} has no value; see that it gets one, or ask before for something that decides without it")
        try:
            value = self._known[words] = operands.operand(given, self._zone)
        except Unfit as exc:
            raise Unfit(f"{name} {exc}") from None
        return value

    def _given(self, words: Reference) -> Given:
        if callable(self._values):
            return self._values(words)
        if words in self._values:
            return self._values[words]
        there = [dotted(known) for known in self._values if known]
        quotes = f'; write "{words[0]}", with the quotes, if it is text' if len(words) == 1 else "; check how it is written"
        return Unknown(f"there is no such value{did_you_mean(dotted(words), there) or quotes}")

    def _said(self, node: Node, value: Operand) -> str:
        """`coverage = 84`, or the value alone where it is written out."""
        text = operands.shown(value, self._zone)
        return text if isinstance(node, Text | Truth | Number | Span) else f"{cut(spelled(node))} = {text}"
