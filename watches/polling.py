"""What sources have in common that nothing tells of: they are asked again and again, and whether they changed shows by then."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from typing import Annotated

from pydantic import AfterValidator, Field

from config.fields import Span, spelled
from watches.api import Definition


def at_least(least: timedelta) -> Callable[[timedelta], timedelta]:
    """Refuses a shorter span."""

    def checked(span: timedelta) -> timedelta:
        if span < least:
            raise ValueError(f"{spelled(span)} is too short; write {spelled(least)} or more")
        return span

    return checked


def at_most(most: timedelta) -> Callable[[timedelta], timedelta]:
    """Refuses none, and a longer span."""

    def checked(span: timedelta) -> timedelta:
        if not timedelta(0) < span <= most:
            raise ValueError(f"{spelled(span)} can't be a limit; write up to {spelled(most)}, and more than 0s")
        return span

    return checked


def _at_once(span: timedelta) -> timedelta:
    if span:
        raise ValueError("nothing tells of a change here before it is looked for; remove it, and write how often as `every`")
    return span


class Polled(Definition, frozen=True):
    """What the operator may say of every source that is asked again and again."""

    debounce: Annotated[Span, AfterValidator(_at_once)] = Field(
        default=timedelta(0), description="Doesn't apply: nothing tells of a change before it is looked for."
    )


async def never() -> AsyncIterator[None]:
    """Stirs of a source that nothing tells of."""
    none: tuple[None, ...] = ()
    for stir in none:
        yield stir
