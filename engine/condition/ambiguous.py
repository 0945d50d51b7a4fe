"""What people write that can be read in two ways: each with both readings."""

from __future__ import annotations

import re

from engine.condition.tidy import masked
from engine.condition.unreadable import Unreadable, shown, two_readings

_COMMA = re.compile(r"(?<![\w.,])([0-9]{1,15}(?:,[0-9]{3})*),([0-9]{1,15})(?![\w,.])")
_DATE = re.compile(
    r"(?<![\w.-])([0-9]{4}-[0-9]{1,2}-[0-9]{1,2})(?:[t ][0-9]{1,2}:[0-9]{2}(?::[0-9]{2})?)?(?![\w.-])", re.IGNORECASE
)


def refuse_ambiguous(text: str) -> None:
    """Raises Unreadable for a tidy text that can be read in two ways."""
    plain = masked(text)
    if found := _DATE.search(plain):
        other = found[1].replace("-", " - ")
        raise two_readings(text, f'"{found[0]}", with the quotes, for the date', f"{other} for the difference")
    if found := _COMMA.search(plain):
        raise _comma(text, found, plain)


def _comma(text: str, found: re.Match[str], plain: str) -> Unreadable:
    """`78,5`, `1,500`: decimals, thousands, or one number after another."""
    digits = found[1].replace(",", "")
    decimal = found[0] if "," in found[1] else f"{found[1]}.{found[2]}"
    whole = f"{digits}{found[2]}"
    if plain[: found.start()].count("(") > plain[: found.start()].count(")"):
        apart = found[0].replace(",", ", ")
        one = decimal if "," not in found[1] else whole
        return two_readings(text, f"{shown(apart)} for numbers of a list", f"{shown(one)} for one number")
    if len(found[2]) == 3:
        other = f"{shown(f'{digits}.{found[2]}')} for a part of one"
        return two_readings(text, f"{shown(whole)} for thousands", other)
    return two_readings(text, f"{shown(decimal)}, with a point, for a part of one", f"{shown(whole)} for a whole number")
