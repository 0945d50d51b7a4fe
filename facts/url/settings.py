"""What the operator may say of a web service that tells a fact."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from actions.http.addresses import Allowed
from actions.http.page import valid_selector
from actions.http.settings import Expected, Headers, Pointer, Private
from facts.api import Definition


class UrlSettings(Definition, frozen=True):
    """`kind = "url"`: what a web service answers to a GET, or the status of that answer."""

    url: str = Field(description="Where, in full.")
    headers: Headers = Field(default={}, description="Headers; {secret.NAME} is the value of a secret.")
    value: Literal["answer", "status"] = Field(
        default="answer",
        description="What the fact is: what is answered, where its status is expected; or that status, whatever it is.",
    )
    expect: Expected = Field(
        default=((200, 299),), description='The statuses of an answer that tells the value: numbers, and ranges like "200-299".'
    )
    pointer: Pointer = Field(
        default="", description="Where in the answer the value stands: a JSON pointer (RFC 6901), like /data/0/price."
    )
    select: Annotated[str, AfterValidator(valid_selector)] | None = Field(
        default=None, description='On a web page, the one element whose text is the value: a CSS selector, like "#price".'
    )
    allow_private: Private = Field(
        default=Allowed(),
        description="Private and loopback addresses that a name or a redirect may lead to: true, or a list of hosts and networks.",
    )
    follow_redirects: bool = Field(default=False, description="Follow up to 5 redirects; each is checked.")
    verify: bool | Path = Field(
        default=True, description="Check the server's certificate; or a file with the authorities to trust."
    )

    @model_validator(mode="after")
    def _asks_for_one(self) -> Self:
        if self.value == "status" and (self.pointer or self.select or "expect" in self.model_fields_set):
            raise ValueError(
                'its value is the status alone, so pointer, select and expect say nothing; remove them, or value = "status"'
            )
        if self.pointer and self.select is not None:
            raise ValueError("`pointer` is for answers in JSON, and `select` for web pages; remove one of them")
        return self
