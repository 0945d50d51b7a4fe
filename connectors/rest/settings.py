"""What the operator may say of a table that a JSON service holds."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, Field, model_validator

from connectors.reaching import Endpoint, Patience, Said
from connectors.rest.asks import Create, Delete, Get, ListPath, Update
from connectors.rest.auth import Auth, header
from connectors.rest.paging import Paging
from connectors.rest.pointers import TOP, Spot, pointer


def _header_value(text: str) -> str:
    if not text.isascii() or not text.isprintable():
        raise ValueError("holds a character that no header can")
    return text


HeaderName = Annotated[str, AfterValidator(header)]
HeaderValue = Annotated[str, Field(max_length=1000), AfterValidator(_header_value)]
Limit = Annotated[int, Field(ge=1, le=1_000_000)]


class RestSettings(BaseModel, extra="forbid", frozen=True):
    """One list of a service, and how its rows are written."""

    url: Endpoint = Field(description="Where the service is. All paths begin there, and credentials go nowhere else.")
    list: ListPath = Field(description="The path at which the rows are listed, with its query.")
    rows: Spot = Field(
        default=TOP,
        description="Where the list of rows stands in the answer: a name or a JSON pointer. Left out: it is the answer.",
    )
    key: Spot = Field(
        default=pointer("id"), description="Where a row's key stands in the row. The service keeps it unique, and nobody edits it."
    )
    cells: Spot = Field(default=TOP, description="Where the object of a row's fields stands in the row. Left out: the row is it.")
    fields: tuple[Said, ...] = Field(
        default=(), description="Fields that are columns although no row may have them yet. All that rows have are, too."
    )
    automatic: tuple[Said, ...] = Field(
        default=(), description="Fields that the service sets by itself, as ids and times: they are no columns, and never sent."
    )
    nested: tuple[Said, ...] = Field(
        default=(), description="Fields in which a list or an object may be written over, from text that is JSON."
    )
    blank: Literal["null", "empty"] = Field(
        default="null",
        description='What a cell is emptied with: `"null"`, or `"empty"` for a service that takes only an empty text.',
    )
    get: Get | None = Field(
        default=None, description="How one row is read: `/tasks/{key}`. With it, and an ETag there, no edit is written over unseen."
    )
    update: Update = Field(description="How a row is written: `PATCH /tasks/{key}`.")
    create: Create | None = Field(default=None, description="How a row is made: `POST /tasks`.")
    delete: Delete | None = Field(default=None, description="How a row is removed: `DELETE /tasks/{key}`.")
    lease: bool = Field(
        default=True,
        description="Leave a row that says who runs the list, so that a second daemon is told of the first; where rows can be made"
        " and removed, and are written by PATCH or POST.",
    )
    paging: Paging | None = Field(default=None, description="How the list goes on, where one answer doesn't hold all of it.")
    auth: Auth | None = Field(default=None, description="What requests show, so that they are let in.")
    headers: Mapping[HeaderName, HeaderValue] = Field(default={}, description="Further headers of every request. No secrets.")
    requests_per_second: Limit | None = Field(default=None, description="How many requests the service allows in a second.")
    requests_per_minute: Limit | None = Field(default=None, description="How many requests the service allows in a minute.")
    requests_per_month: Annotated[int, Field(ge=1)] | None = Field(
        default=None, description="How many requests the service allows in a month; rowd spreads them over it."
    )
    cell_limit: int = Field(default=32_767, ge=500, le=10_000_000, description="How many characters a cell takes.")
    connect_timeout: Patience = Field(default=timedelta(seconds=5), description="How long a connection may take to come about.")
    timeout: Patience = Field(
        default=timedelta(seconds=30), description="How long an answer may keep silent. In all it may take four times as long."
    )

    @model_validator(mode="after")
    def _can_put_whole_rows(self) -> Self:
        if self.update.method == "PUT" and self.get is None:
            raise ValueError(
                "PUT replaces a row as a whole, so it has to be read right before: say how by `get`, or update by PATCH or POST"
            )
        return self

    def secrets(self) -> tuple[str, ...]:
        """The names of the secrets that it asks for."""
        return (self.auth.secret,) if self.auth is not None else ()

    @property
    def counts(self) -> bool:
        """Whether the operator has said of a window."""
        return self.requests_per_second is not None or self.requests_per_minute is not None

    @property
    def scope(self) -> str:
        """Whose requests the service counts, as `Window` names it."""
        return f"{urlsplit(self.url).netloc} {f'with {self.auth.secret}' if self.auth is not None else 'without a secret'}"
