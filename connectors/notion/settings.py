"""What the operator may say of a table in Notion, and where that is."""

from __future__ import annotations

import re
from datetime import timedelta
from functools import cached_property
from typing import Annotated, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, Field, model_validator

from config.fields import Span
from connectors.reaching import Endpoint, Patience, Said, token_named

ENDPOINT = "https://api.notion.com"

PER_MINUTE = 180
"""Requests of a connection in 60 seconds; on Business and Enterprise plans 600.
developers.notion.com/reference/request-limits (VENDORS.md C1)."""

LAG = timedelta(seconds=60)
"""Notion says nowhere how late a query may be (VENDORS.md C3): longer than anybody has seen."""

_SITES = ("notion.so", "notion.com", "notion.site")
_ID = re.compile(r"[0-9a-f]{32}")
_AT_THE_END = re.compile(r"(?:^|[^0-9a-f])([0-9a-f]{32})$")
_TOKEN = re.compile(r"(?:ntn|secret)_\w+")


def dashed(text: str) -> str | None:
    """An id as Notion answers it, from one with dashes or without; None for anything else."""
    plain = text.strip().lower().replace("-", "")
    return "-".join((plain[:8], plain[8:12], plain[12:16], plain[16:20], plain[20:])) if _ID.fullmatch(plain) else None


class NotionSettings(BaseModel, extra="forbid", frozen=True):
    """One data source of a database."""

    database: Said = Field(
        description="The database: the address that the browser shows when it is open as a full page, or the id in it."
    )
    data_source: Said | None = Field(
        default=None, description="Which of the database's data sources, where it has several: its name or its id."
    )
    token: Annotated[Said, AfterValidator(token_named("NOTION_TOKEN", _TOKEN))] = Field(
        default="NOTION_TOKEN",
        description="The name of the secret that holds the token of a connection, or a personal access token.",
    )
    requests_per_minute: int = Field(
        default=PER_MINUTE,
        ge=1,
        le=600,
        description="How many requests the table may use in 60 seconds. Notion allows 600 to each connection on Business and"
        " Enterprise plans, 180 on all others.",
    )
    lag: Span = Field(
        default=LAG, description="For how long a query may still show a row as it was before it was written; copies and syncs wait."
    )
    connect_timeout: Patience = Field(default=timedelta(seconds=5), description="How long a connection may take to come about.")
    timeout: Patience = Field(
        default=timedelta(seconds=60), description="How long an answer may keep silent. In all it may take four times as long."
    )
    endpoint: Endpoint = Field(default=ENDPOINT, description="Where the API is: another address only for a proxy or a test.")

    @model_validator(mode="after")
    def _leads_to_a_database(self) -> Self:
        self.id  # noqa: B018 (raises ValueError where it can't be told)
        return self

    @cached_property
    def id(self) -> str:
        """The id in `database`: of a database, rarely of a data source. Raises ValueError, with a sentence for a person."""
        if (found := dashed(self.database)) is not None:
            return found
        if "/" not in self.database:
            raise ValueError(
                f'"{self.database}" is no database: open it as a full page, and copy the address that the browser shows'
            )
        return _from_browser(self.database)


def _from_browser(address: str) -> str:
    """The id in `https://www.notion.so/team/Tasks-0123…ef?v=…`: the path ends with it. What follows `v=` is a view's."""
    parts = urlsplit(address if "://" in address else f"https://{address}")
    if not any(f".{parts.hostname}".endswith(f".{site}") for site in _SITES):
        raise ValueError(f'"{address}" is no address of Notion\'s; copy the one that the browser shows when the database is open')
    last = parts.path.rstrip("/").rpartition("/")[2].lower()
    found = dashed(last) or ((at_end := _AT_THE_END.search(last)) and dashed(at_end[1])) or dashed(last[-36:])
    if not found:
        raise ValueError(f'"{address}" names no database; open it as a full page (••• beside it), and copy the address then')
    return found
