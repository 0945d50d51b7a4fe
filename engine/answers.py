"""What an attempt came to, whatever its action answered or raised: other packages' actions may not keep their contract."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import TypeGuard

from msgspec.structs import replace

from actions.api import Outcome, Past, Result
from actions.telling import Mask

LONGEST = 500
"""Characters of an exception, or of nonsense, that a record repeats."""

_GIVEN = frozenset({Outcome.SUCCEEDED, Outcome.FAILED})
"""The others are the engine's to say."""


def masked(result: Result, mask: Mask) -> Result:
    """With nothing in it that `mask` hides: an action knows only the secrets that it declares."""
    if mask.idle:
        return result
    summary, links = mask.text(result.summary), tuple(map(mask.text, result.links))
    outputs = {mask.text(name): mask.value(value) for name, value in result.outputs.items()}
    return replace(result, summary=summary, outputs=outputs, links=links)


def judged(done: asyncio.Task[object]) -> Result:
    """The result of an attempt that has ended."""
    if done.cancelled():
        return Result(Outcome.FAILED, "CancelledError: it gave up, though nobody stopped it")
    if (error := done.exception()) is not None:
        return Result(Outcome.FAILED, f"{type(error).__name__}: {_told(str, error)}"[:LONGEST])
    answer = done.result()
    if _sound(answer):
        return answer
    return Result(Outcome.FAILED, f"the action answered nonsense: {_told(repr, answer)}"[:LONGEST])


def _sound(answer: object) -> TypeGuard[Result]:
    """Whether it is all that a result has to be, so that it can be recorded, shown and handed on."""
    try:
        return (
            isinstance(answer, Result)
            and isinstance(answer.outcome, Outcome)
            and answer.outcome in _GIVEN
            and isinstance(answer.summary, str)
            and isinstance(answer.outputs, Mapping)
            and all(isinstance(name, str) and _is_value(value) for name, value in answer.outputs.items())
            and isinstance(answer.links, tuple)
            and all(isinstance(link, str) for link in answer.links)
            and (answer.past is None or _is_past(answer.past))
            and isinstance(answer.final, bool)
        )
    except Exception:  # what can't even be looked at is nonsense, too
        return False


def _is_past(past: object) -> bool:
    if not isinstance(past, Past) or not isinstance(past.ended_at, datetime) or not isinstance(past.took, timedelta):
        return False
    return past.ended_at.tzinfo is not None


def _is_value(value: object) -> bool:
    return isinstance(value, str | bool | float) or (isinstance(value, int) and abs(value) < 2**63)


def _told(say: Callable[[object], str], of: object) -> str:
    """What it says of itself, if it can."""
    try:
        return say(of)
    except Exception:  # its own way to say it may be what is wrong with it
        return "it can't be told what"
