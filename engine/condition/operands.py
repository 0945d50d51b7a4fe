"""What a condition counts and compares with: values from outside made fit for it, and how each is shown."""

from __future__ import annotations

import unicodedata
from datetime import date, datetime, timedelta, tzinfo
from decimal import Context, Decimal
from enum import Enum
from typing import TypeAlias

from msgspec import Struct

from config.fields import spelled as spelled_span
from engine import cells
from engine.cells import BadCell
from engine.condition.spelling import plain

DIGITS = Context(prec=28)
"""Numbers are counted with as people do: 0.1 + 0.2 is 0.3."""

TOLD_APART = Context(prec=20)
"""Compared by so many digits: 1 / 3 * 3 is 1."""

_SHOWN = Context(prec=12)
_LARGEST = Decimal(int(cells.LARGEST))

_LONGEST = timedelta(days=10_000 * 366)

LONGEST_ALIKE = 2000
"""Characters of a text whose accents are put in order before it is compared."""


class Unfit(ValueError):
    """Values that can't be used so: what is wrong, and the remedy. Whoever catches it knows which values they are."""


class Unit(Enum):
    """What a number is a number of."""

    PLAIN = "plain"
    PERCENT = "percent"
    SHARE = "share"  # what one thing is of another, or so much percent of it: 0.8 may mean 0.8 of something, or 80 %


class Amount(Struct, frozen=True):
    """A number within ±1e15.   written: it stands in the condition itself, where `* 20%` can mean one thing only."""

    number: Decimal
    unit: Unit = Unit.PLAIN
    written: bool = False


class Said(Struct, frozen=True):
    """Text from outside. Beside a number, a date or a truth value it is read as one, as a cell would be."""

    text: str


Operand: TypeAlias = Amount | Said | str | bool | datetime | timedelta
"""`str` is text in quotes in the condition itself. Every instant is aware UTC."""


def amount(number: Decimal, unit: Unit = Unit.PLAIN) -> Amount:
    """Raises Unfit for a number that is no number, or too large."""
    if not number.is_finite() or abs(number) > _LARGEST:
        raise Unfit(f"comes to a number beyond ±{int(_LARGEST):,}; count in larger units")
    return Amount(number, unit)


def length(span: timedelta) -> timedelta:
    """Raises Unfit for a span that is longer than all calendars."""
    if not -_LONGEST <= span <= _LONGEST:
        raise Unfit("comes to a time beyond all calendars; count with shorter spans")
    return span


def operand(given: object, zone: tzinfo) -> Operand:
    """A value from outside. Raises Unfit where it is none that a condition knows."""
    match given:
        case bool():
            return given
        case timedelta():
            return length(given)
        case str():
            return Said(given)
        case int() | float():
            if not abs(given) <= cells.LARGEST:  # also where it is no number at all
                raise Unfit(f"is not a number within ±{int(_LARGEST):,}; have the action give back a smaller one")
            return amount(Decimal(given) if isinstance(given, int) else Decimal(repr(given)))
        case date():
            try:
                return cells.instant(given, zone)
            except BadCell as exc:
                raise Unfit(f"is no date that can be counted with: {exc}") from None
    raise Unfit("is neither text, a number, a date nor true or false; name a single value")


# --- text read as something else


def counted(text: str) -> Amount | None:
    """`84.2 %`, `84%`, `-3`, `1,5` as an amount; None for other text. Raises Unfit for what can be read in two ways."""
    said = text.strip()
    bare = said.removesuffix("%")
    try:
        return Amount(Decimal(repr(cells.number(bare.rstrip()))), Unit.PERCENT if bare != said else Unit.PLAIN)
    except BadCell as exc:
        if str(exc).startswith("either"):
            raise Unfit(f'"{cells.brief(said)}" is {exc}') from None
        return None


def instant(text: str, zone: tzinfo) -> datetime | None:
    """A date as text; None for other text. Raises Unfit for what can be read in two ways."""
    try:
        return cells.instant(text, zone)
    except BadCell as exc:
        if str(exc).startswith("either"):
            raise Unfit(f'"{cells.brief(text)}" is {exc}') from None
        return None


def span(text: str) -> timedelta | None:
    """A span of time as text; None for other text."""
    try:
        return cells.span(text)
    except BadCell:
        return None


def truth(text: str) -> bool | None:
    """Yes or no as text, as everywhere in a table; None for other text."""
    try:
        return cells.truth(text)
    except BadCell:
        return None


def alike(text: str) -> str:
    """Text as it is compared: letter by letter, whichever way its accents are encoded."""
    return text if text.isascii() or len(text) > LONGEST_ALIKE else unicodedata.normalize("NFC", text)


# --- how they are shown


def kind(value: Operand) -> str:
    """What it is, for a message."""
    match value:
        case Amount(_, unit):
            return "a number" if unit is not Unit.PERCENT else "a percentage"
        case bool():
            return "true or false"
        case datetime():
            return "an instant"
        case timedelta():
            return "a span of time"
    return "text"


def shown(value: Operand, zone: tzinfo, *, percent: bool = False) -> str:
    """`84 %`, `"main"`, `2026-12-01 09:00`.   percent: a plain number is shown as one, since it is compared with one."""
    match value:
        case Amount(number, unit):
            rounded = plain(_SHOWN.plus(number))
            return f"{rounded} %" if percent or unit is Unit.PERCENT else rounded
        case bool():
            return "true" if value else "false"
        case datetime():
            return cells.text(value, zone) or ""
        case timedelta():
            return _length(value)
        case Said(text):
            return cells.quoted(text)
    return cells.quoted(value)


def _length(value: timedelta) -> str:
    """Whole seconds, milliseconds of what is shorter than a minute. What is shorter than they are is shown as it is."""
    size = abs(value)
    size = timedelta(seconds=round(size.total_seconds(), 0 if size > timedelta(minutes=1) else 3)) or size
    return "-" * (value < timedelta(0)) + spelled_span(size)
