"""How values are written in the ledger: instants and spans as microseconds, cells and outputs as JSON that keeps their types."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Any

import msgspec

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def micros(instant: datetime) -> int:
    """Microseconds since 1970-01-01 UTC. Raises TypeError for an instant without a zone."""
    return (instant - EPOCH) // _MICROSECOND


@lru_cache(maxsize=4096)
def instant(stored: int) -> datetime:
    """The instant, aware, UTC. Many rows have theirs in common."""
    return EPOCH + timedelta(microseconds=stored)


def micros_or_none(instant: datetime | None) -> int | None:
    return None if instant is None else (instant - EPOCH) // _MICROSECOND


def instant_or_none(stored: int | None) -> datetime | None:
    return None if stored is None else instant(stored)


def span(length: timedelta) -> int:
    """Microseconds."""
    return length // _MICROSECOND


def span_or_none(stored: int | None) -> timedelta | None:
    return None if stored is None else timedelta(microseconds=stored)


def prose(text: str) -> str:
    """Text for people in a form that can be stored: half a surrogate pair, as in the name of an odd file, is spelled out."""
    return text if text.isascii() else text.encode("utf-8", "backslashreplace").decode()


def packed(value: Any) -> str:
    """JSON of cells, values, or lists of them. A cell is a single value, so a list in a cell's place is a tagged one."""
    text = _PLAIN.encode(value)
    if text.isascii():
        return text
    try:
        text.encode()
    except UnicodeEncodeError:  # half a surrogate pair: only the escaped form can be stored and comes back unchanged
        return _ESCAPED.encode(value)
    return text


def unpacked(text: str) -> dict[str, Any]:
    """A mapping of cells or values, as it was packed."""
    if text == "{}":
        return {}
    cells: dict[str, Any] = _loaded(text)
    return untagged(cells) if dated(text) else cells


def all_unpacked(*texts: str) -> list[Any]:
    """What was packed in these: mappings, or lists as they stand in the JSON.

    In one go, with dates made dates again only where there are any: a hundred thousand rows have half a million texts.
    """
    found: list[Any] = _loaded(f"[{','.join(texts)}]")
    for n, text in enumerate(texts):
        if dated(text) and isinstance(found[n], dict):
            found[n] = untagged(found[n])
    return found


def _loaded(text: str) -> Any:
    """In less than half of the time that Python's own reader takes. That one takes what is JSON only in Python's eyes."""
    try:
        return _READER.decode(text)
    except msgspec.DecodeError:  # infinite, no number, or half a surrogate pair
        return json.loads(text)


def dated(text: str) -> bool:
    """Whether there may be a date in what was packed."""
    return '["date' in text


def untagged(cells: dict[str, Any]) -> dict[str, Any]:
    """Cells as they stand in the JSON, with dates made dates again."""
    return {name: _untagged(value) if type(value) is list else value for name, value in cells.items()}


def _tagged(value: object) -> list[str]:
    if isinstance(value, datetime):
        return ["datetime", value.isoformat()]
    if isinstance(value, date):
        return ["date", value.isoformat()]
    raise TypeError(f"a cell can't hold {type(value).__name__}: {value!r}")


def _untagged(tagged: list[str]) -> datetime | date:
    kind, text = tagged
    return datetime.fromisoformat(text) if kind == "datetime" else date.fromisoformat(text)


_READER = msgspec.json.Decoder()
_PLAIN = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), default=_tagged)
_ESCAPED = json.JSONEncoder(separators=(",", ":"), default=_tagged)
