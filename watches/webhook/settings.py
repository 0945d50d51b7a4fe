"""What the operator may say of deliveries."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Self

from msgspec import Struct
from pydantic import AfterValidator, Field, model_validator

from config.fields import Count, Span, secret_name
from watches.api import Definition
from watches.webhook.schemes import SCHEMES

OURS = frozenset({"delivery", "event", "source", "summary", "number", "column", "old", "new"})
"""Values that have a meaning of their own."""

_RATE = re.compile(r"([1-9][0-9]{0,5})/(s|min|h)")
_SPANS = {"s": 1, "min": 60, "h": 3600}
_NAME = re.compile(r"[a-z][a-z0-9_]{0,63}")


class Rate(Struct, frozen=True):
    """So many in so many seconds."""

    number: int
    span_s: int


def rate_of(said: str) -> Rate:
    """Raises ValueError."""
    read = _RATE.fullmatch(said.replace(" ", ""))
    if read is None:
        raise ValueError(f'"{said}" is no rate; write one like "60/min", with s, min or h')
    return Rate(int(read[1]), _SPANS[read[2]])


def _rate(said: str) -> str:
    rate_of(said)
    return said


def _scheme(name: str) -> str:
    if name not in SCHEMES:
        raise ValueError(f'"{name}" is no scheme; write one of {", ".join(SCHEMES)}')
    return name


def _picked(values: Mapping[str, str]) -> Mapping[str, str]:
    for name, pointer in values.items():
        if not _NAME.fullmatch(name):
            raise ValueError(f'"{name}" can\'t be the name of a value; use a-z, 0-9 and _, beginning with a letter')
        if name in OURS:
            raise ValueError(f'"{name}" is a value that each delivery has by itself; call yours otherwise')
        if (pointer and not pointer.startswith("/")) or re.search("~(?![01])", pointer):
            raise ValueError(f'"{pointer}" is no JSON pointer; write one like "/pusher/name"')
    return values


def _at_once(span: timedelta) -> timedelta:
    if span:
        raise ValueError("a delivery is taken at once; remove it")
    return span


class WebhookSettings(Definition, frozen=True):
    """`kind = "webhook"`: deliveries that other services bring over HTTP."""

    scheme: Annotated[str, AfterValidator(_scheme)] = Field(
        description="How a sender proves who it is: " + ", ".join(f"`{name}`" for name in SCHEMES) + "."
    )
    secret: Annotated[str, secret_name("FORGE_SECRET")] | None = Field(
        default=None, description="The name of the secret that is shared with the sender; its value stands in .env."
    )
    only: tuple[str, ...] = Field(default=(), description="The events that count; others are answered, and nothing else.")
    values: Annotated[Mapping[str, str], AfterValidator(_picked)] = Field(
        default={}, description="What an event says besides: a name = where it stands in the body, as a JSON pointer."
    )
    max_bytes: Count = Field(default=1_048_576, ge=1, le=26_214_400, description="A longer body is refused.")
    rate: Annotated[str, AfterValidator(_rate)] = Field(
        default="600/min",
        description="So many deliveries are taken in a second, a minute or an hour; more are to be sent again later.",
    )
    debounce: Annotated[Span, AfterValidator(_at_once)] = Field(
        default=timedelta(0), description="Doesn't apply: a delivery is taken at once."
    )

    @model_validator(mode="after")
    def _proves(self) -> Self:
        if self.scheme == "none" and self.secret is not None:
            raise ValueError('scheme "none" asks for no secret; remove `secret`, or write scheme = "token"')
        if self.scheme != "none" and self.secret is None:
            raise ValueError(f'scheme "{self.scheme}" needs a secret; name it as `secret`, and put its value into .env')
        if self.only and not SCHEMES[self.scheme].names_events:
            raise ValueError(f'`only` goes by the names of events, and scheme "{self.scheme}" has none; remove it')
        return self
