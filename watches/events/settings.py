"""What the operator may say of what is emitted."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

from pydantic import AfterValidator, Field

from config.fields import Span
from watches.api import Definition


def _at_once(span: timedelta) -> timedelta:
    if span:
        raise ValueError("what is emitted is taken up at once; remove it")
    return span


class EventsSettings(Definition, frozen=True):
    """`kind = "events"`: what people and programs emit, by `rowd emit NAME`."""

    debounce: Annotated[Span, AfterValidator(_at_once)] = Field(
        default=timedelta(0), description="Doesn't apply: what is emitted is taken up at once."
    )
