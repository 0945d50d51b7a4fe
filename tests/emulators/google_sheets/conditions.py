"""Which conditions data validation and conditional formats take, and with how many values: the discovery document says so."""

from __future__ import annotations

import re
from functools import cache

from tests.emulators.core.exchange import Json
from tests.emulators.google_sheets import schema
from tests.emulators.google_sheets.errors import invalid

COUNTS = (("no ", 0, 0), ("exactly two", 2, 2), ("a single", 1, 1))
"""How the document words them; where it says nothing, any number will do."""


@cache
def _told() -> dict[str, str]:
    kinds = schema.schemas()["BooleanCondition"]["properties"]["type"]
    return dict(zip(kinds["enum"], kinds["enumDescriptions"], strict=True))


def check_rule(rule: Json) -> None:
    """Of data validation. Raises Refused; that BLANK, NOT_BLANK and TEXT_STARTS_WITH are refused was seen by users
    (taylorwilsdon/google_workspace_mcp#892), the wording is a guess."""
    if "condition" not in rule:
        raise invalid("A data validation rule needs a condition.")
    _check(rule["condition"], "data validation")


def check_format(condition: Json) -> None:
    """Of a conditional format. Raises Refused."""
    _check(condition, "conditional formatting")


def _check(condition: Json, use: str) -> None:
    kind = condition.get("type", "CONDITION_TYPE_UNSPECIFIED")
    told = _told()[kind]
    supported = re.search(r"Supported by ([^.]*)\.", told)
    if supported is None or use not in supported[1]:
        raise invalid(f"Condition type {kind} is not supported for {use}.")
    count = len(condition.get("values", []))
    least, most = _count(told)
    if count < least or (most is not None and count > most):
        raise invalid(f"Condition type {kind} has the wrong number of values: {count}.")


def _count(told: str) -> tuple[int, int | None]:
    if "zero, one or two" in told:
        return 0, 2
    needs = told.partition("Requires ")[2]
    return next(((least, most) for words, least, most in COUNTS if needs.startswith(words)), (0, None))
