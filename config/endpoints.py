"""Web services that are told of events: their settings."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

from pydantic import Field

from config.fields import Count, Interval, Section, secret_name


class Endpoint(Section):
    """`[endpoint.NAME]`: a web service that is told of events, by outbound webhooks."""

    url: str = Field(description="Where, in full: `https://…`.")
    secret: Annotated[str, secret_name("OPS_HOOK")] = Field(
        description="The name of the secret by which what is sent is signed: `whsec_…`, base64 of 24 to 64 bytes."
    )
    previous_secret: Annotated[str, secret_name("OPS_HOOK_OLD")] | None = Field(
        default=None, description="The secret before it: while it is being changed, all is signed by both."
    )
    events: tuple[str, ...] = Field(description='What it is told of, by name: "run.ended", "table.*", "*".', min_length=1)
    outcomes: tuple[str, ...] = Field(default=(), description="Of what has ended, the only outcomes that it is told.")
    tables: tuple[str, ...] = Field(default=(), description="Of events of tables and rows, the only tables that count.")
    allow_private: bool | tuple[str, ...] = Field(
        default=False, description="Private and loopback addresses that it may lead to: true, or a list of hosts and networks."
    )
    timeout: Interval = Field(default=timedelta(seconds=15), description="How long one attempt may take.")
    give_up_after: Interval = Field(
        default=timedelta(days=1), description="What could not be told for so long is a dead letter after one last attempt."
    )
    max_per_minute: Count = Field(default=300, ge=1, le=10_000, description="How much is sent within any minute; the rest waits.")
    max_waiting: Count = Field(
        default=10_000, ge=1, le=100_000, description="How much may wait; what comes then is dropped, which is told and counted."
    )
