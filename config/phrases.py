"""What pydantic says, in our words: from one of its errors to what is wrong, and what to do."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from pydantic_core import ErrorDetails

_SECRETIVE = re.compile(r"secret|token|passw|credential|auth|(^|_)key$", re.IGNORECASE)
_REMEDY = re.compile(r"; |: (?=write )")
LONGEST_SHOWN = 60

_KINDS = {
    "string": ("text", 'write it in quotes, like "this"'),
    "int": ("a whole number", "write digits without quotes, like 8"),
    "float": ("a number", "write a number without quotes, like 2.5"),
    "decimal": ("a number", "write a number without quotes, like 2.5"),
    "bool": ("yes or no", "write true or false, without quotes"),
    "list": ("a list", 'write it in brackets, like ["a", "b"]'),
    "tuple": ("a list", 'write it in brackets, like ["a", "b"]'),
    "set": ("a list", 'write it in brackets, like ["a", "b"]'),
    "frozen_set": ("a list", 'write it in brackets, like ["a", "b"]'),
    "dict": ("a group of settings", "write its settings as `key = value` lines under a [heading] of their own"),
    "mapping": ("a group of settings", "write its settings as `key = value` lines under a [heading] of their own"),
    "model": ("a group of settings", "write its settings as `key = value` lines under a [heading] of their own"),
    "model_attributes": ("a group of settings", "write its settings as `key = value` lines under a [heading] of their own"),
    "path": ("a path", 'write it in quotes, like "tables/tasks.csv"'),
    "url": ("a URL", 'write it in full, like "https://example.org/path"'),
    "date": ("a date", 'write it like "2026-12-24"'),
    "time": ("a time of day", 'write it like "09:00"'),
    "datetime": ("a date and time", 'write it like "2026-12-24T10:00:00Z"'),
    "time_delta": ("a span of time", 'write a number and a unit, like "90s" or "5 min"'),
    "uuid": ("a UUID", 'write it like "123e4567-e89b-12d3-a456-426614174000"'),
    "bytes": ("text", 'write it in quotes, like "this"'),
}
"""Beginning of pydantic's error type (before `_type`, `_parsing`, `_from_…`) → what is wanted, how it is written."""

_BOUNDS = {
    "greater_than": ("gt", "more than"),
    "greater_than_equal": ("ge", "at least"),
    "less_than": ("lt", "less than"),
    "less_than_equal": ("le", "at most"),
}


def phrase(error: ErrorDetails) -> tuple[str, str]:
    """What is wrong, and the remedy, for any error of pydantic's. Unknown keys are not its business: they need the model."""
    kind, context = error["type"], error.get("ctx", {})
    if kind == "missing":
        return "is needed and not there", f"add `{error['loc'][-1]} = …`"
    if kind in ("value_error", "assertion_error"):
        return _ours(str(context.get("error", error["msg"])))
    if kind in _BOUNDS:
        name, words = _BOUNDS[kind]
        bound = context[name]
        whole = int(bound) if isinstance(bound, float) and bound.is_integer() else bound
        return f"must be {words} {whole}{_given(error)}", "choose a number within that bound"
    if kind in ("literal_error", "enum"):
        return f"must be {context['expected']}{_given(error)}", "choose one of these"
    if kind == "string_pattern_mismatch":
        return f"must match the pattern {context['pattern']}{_given(error)}", "write it so that it does"
    if kind in ("too_short", "too_long", "string_too_short", "string_too_long"):
        return _length(kind, context), "make it longer" if kind.endswith("short") else "make it shorter"
    for start in sorted(_KINDS, key=len, reverse=True):
        if kind.startswith((f"{start}_type", f"{start}_pars", f"{start}_from")) or kind in (start, f"finite_{start}"):
            wanted, remedy = _KINDS[start]
            return f"must be {wanted}{_given(error)}", remedy
    return f"{_trimmed(error['msg'])}{_given(error)}", "correct the value"


def _ours(text: str) -> tuple[str, str]:
    """A sentence of our own validators: what is wrong; what to do."""
    message, *remedy = _REMEDY.split(text.rstrip("."), maxsplit=1)
    return message, remedy[0] if remedy else "correct the value"


def _length(kind: str, context: Mapping[str, Any]) -> str:
    what = "characters" if kind.startswith("string") else "items"
    if kind.endswith("short"):
        return f"must have at least {context['min_length']} {what}"
    return f"must have at most {context['max_length']} {what}"


def _given(error: ErrorDetails) -> str:
    """The value as it was given, where it is short and can't be a secret."""
    value = error["input"]
    if any(isinstance(part, str) and _SECRETIVE.search(part) for part in error["loc"]):
        return ""
    if isinstance(value, bool):
        return f", not {str(value).lower()}"
    if isinstance(value, str | int | float) and len(str(value)) <= LONGEST_SHOWN:
        return f', not "{value}"' if isinstance(value, str) else f", not {value}"
    return ""


def _trimmed(message: str) -> str:
    """pydantic's sentence in the middle of ours."""
    text = message.removeprefix("Input ").removeprefix("Value error, ").removeprefix("String ").rstrip(".")
    return text[:1].lower() + text[1:]
