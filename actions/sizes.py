"""Sizes in settings, so that a number of bytes is written in one way by every kind of action."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import BeforeValidator

_UNITS = {"b": 1, "kb": 10**3, "mb": 10**6, "gb": 10**9, "tb": 10**12, "kib": 2**10, "mib": 2**20, "gib": 2**30, "tib": 2**40}
_SIZE = re.compile(r"(\d{1,9}(?:\.\d{1,9})?)\s*([a-z]+)", re.IGNORECASE | re.ASCII)


def size(text: str) -> int:
    """Read `10 MB`, `512 KiB`, in bytes. Raises ValueError, with a sentence for the operator."""
    parts = _SIZE.fullmatch(text.strip())
    if parts is None or parts[2].lower() not in _UNITS:
        raise ValueError(f'"{text}" is not a size; write a number and a unit, like "10 MB" or "512 KiB"')
    return round(float(parts[1]) * _UNITS[parts[2].lower()])


def _size(value: object) -> object:
    if isinstance(value, str):
        return size(value)
    if isinstance(value, bool | float):
        raise ValueError('is not a size; write a number and a unit, like "10 MB"')
    return value


Size = Annotated[int, BeforeValidator(_size)]
"""A number of bytes, or text with a unit."""


def spelled(count: int) -> str:
    """A number of bytes for people: `340 B`, `1.2 MB`."""
    amount, unit = float(count), "B"
    for name in ("kB", "MB", "GB", "TB"):
        if amount < 1000:
            break
        amount, unit = amount / 1000, name
    return f"{amount:.0f} {unit}" if unit == "B" or amount >= 100 else f"{amount:.1f} {unit}".replace(".0 ", " ")
