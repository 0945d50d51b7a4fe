"""Two values held against each other: what is compared with what, and what never is."""

from __future__ import annotations

from datetime import datetime, timedelta, tzinfo

from msgspec import Struct

from engine.condition import operands
from engine.condition.operands import TOLD_APART, Amount, Operand, Said, Unfit, Unit
from engine.condition.tree import ORDER


class Pair(Struct, frozen=True):
    """Two values that can be compared.   order: -1, 0 or 1; of texts and truth values only 0 and other than 0 have a meaning.

    left, right: as they were read.   percent: as percentages.
    """

    left: Operand
    right: Operand
    order: int
    percent: bool = False

    def meets(self, sign: str) -> bool:
        match sign:
            case "==":
                return self.order == 0
            case "!=":
                return self.order != 0
            case "<":
                return self.order < 0
            case "<=":
                return self.order <= 0
            case ">":
                return self.order > 0
        return self.order >= 0


def held(left: Operand, right: Operand, sign: str, zone: tzinfo) -> Pair:
    """The two, read as one kind. Raises Unfit where they are of two kinds, or have no order and `sign` asks for one."""
    left, right = _read(left, right, zone), _read(right, left, zone)
    ordered = sign in ORDER
    if ordered and isinstance(left, str | Said) and isinstance(right, str | Said):
        left, right = _dates(left, right, zone)
    match left, right:
        case Amount(), Amount():
            return _numbers(left, right)
        case (datetime(), datetime()) | (timedelta(), timedelta()):
            return Pair(left, right, (left > right) - (left < right))  # type: ignore[operator]  # both are of one kind here
        case bool(), bool() if not ordered:
            return Pair(left, right, int(left is not right))
        case (str() | Said(), str() | Said()):
            return Pair(left, right, int(operands.alike(_text(left)) != operands.alike(_text(right))))
        case bool(), bool():
            raise Unfit('both are true or false, which is neither less nor more; use "==", "and" or "or"')
    raise Unfit(_apart(left, right))


def _read(value: Operand, beside: Operand, zone: tzinfo) -> Operand:
    """The value as the other wants it, where it is text that says such a thing; else as it is."""
    found: Operand | None = None
    if isinstance(value, Said | str) and isinstance(beside, datetime):
        found = operands.instant(_text(value), zone)
    elif isinstance(value, Said):
        match beside:
            case bool():
                found = operands.truth(value.text)
            case Amount():
                found = operands.counted(value.text)
            case timedelta():
                found = operands.span(value.text)
    return value if found is None else found


def _dates(left: str | Said, right: str | Said, zone: tzinfo) -> tuple[Operand, Operand]:
    """Two texts that are to have an order: both have to be dates."""
    one, other = operands.instant(_text(left), zone), operands.instant(_text(right), zone)
    if one is None or other is None:
        raise Unfit("both are text, which has no order; where they are numbers, compare their difference with 0")
    return one, other


def _numbers(left: Amount, right: Amount) -> Pair:
    units = {left.unit, right.unit}
    if units == {Unit.PERCENT, Unit.SHARE}:
        raise Unfit("it can't be told whether 0.8 is meant for 80 % or for 0.8 %; multiply by 100, or leave out the %")
    one, other = TOLD_APART.plus(left.number), TOLD_APART.plus(right.number)
    return Pair(left, right, (one > other) - (one < other), percent=Unit.PERCENT in units)


def _apart(left: Operand, right: Operand) -> str:
    """Why they can't be compared, and what to do."""
    pair = (left, right)
    why = f"one is {operands.kind(left)}, the other {operands.kind(right)}"
    text = next((value for value in pair if isinstance(value, str)), None)
    other = next((value for value in pair if not isinstance(value, str | Said)), None)
    if text is not None and other is not None:
        fits = operands.truth(text) if isinstance(other, bool) else operands.counted(text) or operands.span(text)
        return f"{why}; {f'write {text.strip()} without quotes' if fits is not None else 'compare it with a value of its own kind'}"
    if any(isinstance(value, timedelta) for value in pair) and any(isinstance(value, Amount) for value in pair):
        return f"{why}; write the unit of time behind the number, like 30 min"
    return f"{why}; compare values of one kind"


def _text(value: str | Said) -> str:
    return value if isinstance(value, str) else value.text
