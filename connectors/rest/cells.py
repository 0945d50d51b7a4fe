"""One cell: from the service's JSON to a value, and back. Pure.

Numbers, truth and text are themselves; a list or an object is shown as its JSON, and not written over unless the operator says so.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Collection, Iterable
from datetime import date, datetime
from typing import Any

from msgspec import Struct

from connectors.api import Cell, fold
from connectors.plain import clean, instant


class Odd(str):
    """A number of JSON, or what passes for one, that is kept as its text."""

    __slots__ = ()


class Deep(list[Any]):
    """In the place of a value that holds more lists and objects in each other than anything here is to walk through."""


DEEPEST = 64
"""Lists and objects in each other."""


def shallow(raw: Any) -> Any:
    """The value itself, or a Deep."""
    level = [raw]
    for _ in range(DEEPEST):
        level = [
            each for one in level for each in (one.values() if isinstance(one, dict) else one) if isinstance(each, dict | list)
        ]
        if not level:
            return raw
    return Deep([f"more than {DEEPEST} lists and objects in each other"])


class Unfit(ValueError):
    """A value that a field isn't given: one sentence with the remedy, without the table."""


class Values(Struct, frozen=True):
    """How this service's cells are.   limit: characters of one.   nested, blank: as the settings have them."""

    limit: int
    nested: Collection[str] = ()
    blank: str = "null"

    def value_of(self, raw: Any) -> Cell:
        """The value of a field. Nothing, an empty text and one of blanks are None."""
        match raw:
            case None | bool() | int():
                return raw
            case float():
                return raw if math.isfinite(raw) else str(raw)
            case str():
                return None if not raw or raw.isspace() else str(raw)
        text = json.dumps(raw, ensure_ascii=False)
        return text if len(text) <= self.limit else text[: self.limit - 1] + "…"

    def json_of(self, header: str, value: Cell) -> Any:
        """What to write so that the field says this value."""
        match value:
            case datetime():
                return instant(value)
            case date():
                return value.isoformat()
            case float() if not math.isfinite(value):
                return str(value)
            case str():
                value = clean(value)
        if value is None or value == "":
            return None if self.blank == "null" else ""
        if header in self.nested and isinstance(value, str) and (found := _structure(value)) is not None:
            return found
        return value

    def typed(self, value: Cell, others: Iterable[Any]) -> Cell:
        """The number or truth that a text says, where nothing else stands in its field.   others: the field's JSON in all rows.

        A command gives text for everything; JSON has no column that would know better.
        """
        if not isinstance(value, str) or (meant := _plainly(value)) is None:
            return value
        kinds = {type(raw) for raw in others if raw is not None}
        fits = kinds == {bool} if isinstance(meant, bool) else bool(kinds) and kinds <= {int, float}
        return meant if fits else value

    def stands(self, raw: Any, value: Cell) -> bool:
        """Whether the field shows this already, by something that writing it would spoil."""
        return (
            isinstance(raw, str | list | dict | float)
            and not self._plain(raw)
            and self.value_of(raw) == (None if value == "" else value)
        )

    def spoilt(self, header: str, raw: Any) -> Unfit | None:
        """Why the field is not to be written over; None where it may be."""
        if isinstance(raw, list | dict) and header not in self.nested:
            what = "a list" if isinstance(raw, list) else "an object"
            return Unfit(
                f'field "{header}" holds {what}, which rowd leaves as it is; add the field to `nested` to have it written over'
            )
        return None

    @staticmethod
    def _plain(raw: Any) -> bool:
        """Whether it is itself when it is written back as it was read."""
        match raw:
            case Odd() | list() | dict():
                return False
            case float():
                return math.isfinite(raw)
            case str():
                return bool(raw) and not raw.isspace()
        return True


_NUMBER = re.compile(r"-?(?:0|[1-9]\d{0,14})(\.\d{1,9})?", re.ASCII)


def _plainly(text: str) -> int | float | bool | None:
    """The number or truth of a text that is written as such; 007 and 1e3 are neither."""
    if number := _NUMBER.fullmatch(text):
        return float(text) if number[1] else int(text)
    return {"yes": True, "true": True, "no": False, "false": False}.get(fold(text))


def _structure(text: str) -> Any:
    """A list or an object from its JSON; None for anything else."""
    if text.lstrip()[:1] not in ("[", "{"):
        return None
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None
