"""What the operator may say of a watched address."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Annotated, Self

from pydantic import AfterValidator, Field, model_validator

from actions.http.addresses import Allowed
from actions.http.page import valid_selector
from actions.http.settings import Expected, Headers, Private
from actions.sizes import Size
from config.fields import Span
from watches.holding import valid_pointer
from watches.polling import Polled, at_least, at_most

LEAST = timedelta(seconds=5)
"""Between two requests."""


class UrlSettings(Polled, frozen=True):
    """`kind = "url"`: what a web service answers."""

    url: str = Field(description="What is asked for, in full; without a user name.")
    pointer: Annotated[str, AfterValidator(valid_pointer)] | None = Field(
        default=None, description='What counts of an answer in JSON, as a JSON pointer: "/version". Left out: all of it.'
    )
    select: Annotated[str, AfterValidator(valid_selector)] | None = Field(
        default=None, description='What counts of a web page: the text of what a CSS selector finds: "#price". Left out: all of it.'
    )
    headers: Headers = Field(default={}, description="Headers; {secret.NAME} is the value of a secret.")
    secrets: tuple[str, ...] = Field(
        default=(), description="The names of the secrets that headers need; their values stand in .env."
    )
    expect: Expected = Field(
        default=((200, 299),), description='The statuses whose answers count: numbers, and ranges like "200-299".'
    )
    every: Annotated[Span, AfterValidator(at_least(LEAST))] = Field(
        default=timedelta(minutes=5), description="How often it is asked; 5s or more."
    )
    timeout: Annotated[Span, AfterValidator(at_most(timedelta(minutes=10)))] = Field(
        default=timedelta(seconds=30), description="How long it has to answer in whole."
    )
    max_response: Size = Field(default=10**6, ge=1, le=10**8, description="A longer answer is not taken.")
    allow_private: Private = Field(
        default=Allowed(),
        description="Private and loopback addresses that a name may lead to: true, or a list of hosts and networks. An address in "
        "numbers, or localhost, is asked as it is written.",
    )
    verify: bool | Path = Field(
        default=True, description="Check the server's certificate; or a file with the authorities to trust."
    )

    @model_validator(mode="after")
    def _one_part(self) -> Self:
        if self.pointer is not None and self.select is not None:
            raise ValueError("`pointer` is for answers in JSON, and `select` for web pages; remove one of them")
        return self
