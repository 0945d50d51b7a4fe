"""Counting: what comes of two values by `+`, `-`, `*` and `/`, and what never does."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta, tzinfo
from decimal import Decimal

from engine.condition import operands
from engine.condition.operands import DIGITS, Amount, Operand, Said, Unfit, Unit, amount

_HUNDRED = Decimal(100)


def negated(value: Operand) -> Operand:
    """Raises Unfit."""
    match _number(value):
        case Amount(number, unit, written):
            return Amount(number.copy_negate(), unit, written)
        case timedelta() as length:
            return _in_reach(lambda: -length)
    raise Unfit(f"is {operands.kind(value)}, which has no minus; leave it out")


def added(left: Operand, sign: str, right: Operand, zone: tzinfo) -> Operand:
    """`left + right` or `left - right`. Raises Unfit."""
    left, right = _beside(left, right, zone), _beside(right, left, zone)
    minus = sign == "-"
    match left, right:
        case Amount(), Amount():
            count = DIGITS.subtract if minus else DIGITS.add
            return amount(count(left.number, right.number), _sum_unit(left, right))
        case datetime(), datetime() if minus:
            return left - right
        case (datetime() | timedelta(), timedelta()):
            return _in_reach(lambda: left - right if minus else left + right)
        case timedelta(), datetime() if not minus:
            return _in_reach(lambda: right + left)
    raise Unfit(
        f"one is {operands.kind(left)}, the other {operands.kind(right)}; count with numbers, spans of time and dates that fit"
    )


def multiplied(left: Operand, sign: str, right: Operand) -> Operand:
    """`left * right` or `left / right`. Raises Unfit."""
    left, right = _number(left), _number(right)
    if sign == "/" and (right == timedelta(0) or (isinstance(right, Amount) and not right.number)):
        raise Unfit('divides by zero; ask before whether it is zero, like "total > 0 and used / total * 100 < 80"')
    match left, right:
        case Amount(), Amount():
            return _product(left, right) if sign == "*" else _quotient(left, right)
        case timedelta(), timedelta() if sign == "/":
            return amount(DIGITS.divide(Decimal(repr(left.total_seconds())), Decimal(repr(right.total_seconds()))), Unit.SHARE)
        case timedelta(), Amount():
            factor = float(_factor(right))
            return _in_reach(lambda: left * factor if sign == "*" else left / factor)
        case Amount(), timedelta() if sign == "*":
            factor = float(_factor(left))
            return _in_reach(lambda: right * factor)
    raise Unfit(
        f"one is {operands.kind(left)}, the other {operands.kind(right)}; multiply and divide numbers, and spans of time by them"
    )


def _number(value: Operand) -> Operand:
    """Text from outside that says a number, or a span of time, as that."""
    if not isinstance(value, Said):
        return value
    found = operands.counted(value.text)
    return found if found is not None else operands.span(value.text) or value


def _beside(value: Operand, other: Operand, zone: tzinfo) -> Operand:
    """Text as what it says beside the other: a date or a span beside dates and spans, else a number, a span or a date."""
    if not isinstance(value, Said | str):
        return value
    text = value if isinstance(value, str) else value.text
    found: Operand | None = None
    if isinstance(value, Said):
        found = operands.counted(text) if not isinstance(other, datetime | timedelta) else None
        found = operands.span(text) if found is None else found
    found = operands.instant(text, zone) if found is None and not isinstance(other, Amount) else found
    return value if found is None else found


def _sum_unit(left: Amount, right: Amount) -> Unit:
    units = {left.unit, right.unit}
    if len(units) == 1:
        return left.unit
    if Unit.PERCENT in units:
        raise Unfit(
            'it can\'t be told whether "+ 5%" is meant for five points, or for five in a hundred of it; write "+ 5", or "* 105%"'
        )
    return Unit.SHARE


def _product(left: Amount, right: Amount) -> Amount:
    if left.unit is right.unit is Unit.PERCENT:
        raise Unfit("both are percentages; multiply a percentage by a number")
    unit = Unit.SHARE if Unit.PERCENT in (left.unit, right.unit) or left.unit is right.unit is Unit.SHARE else Unit.PLAIN
    return amount(DIGITS.multiply(_factor(left), _factor(right)), unit)


def _quotient(left: Amount, right: Amount) -> Amount:
    if left.unit is Unit.PERCENT and right.unit is not Unit.PERCENT:
        return amount(DIGITS.divide(left.number, right.number), Unit.PERCENT)
    if left.unit is right.unit:
        return amount(DIGITS.divide(left.number, right.number), Unit.SHARE)
    return amount(DIGITS.divide(_factor(left), _factor(right)), Unit.SHARE)


def _factor(value: Amount) -> Decimal:
    """What multiplying by it means: 20% of something is a fifth of it. Raises Unfit where it may be 20 times as well."""
    if value.unit is Unit.PERCENT and not value.written:
        raise Unfit(
            "it can't be told whether 20 % from outside is 20 or a fifth; write it into the condition, or give it without %"
        )
    return DIGITS.divide(value.number, _HUNDRED) if value.unit is Unit.PERCENT else value.number


def _in_reach(count: Callable[[], Operand]) -> Operand:
    try:
        found = count()
        return operands.length(found) if isinstance(found, timedelta) else found
    except (OverflowError, ZeroDivisionError):
        raise Unfit("comes to a time beyond all calendars; count with shorter spans") from None
