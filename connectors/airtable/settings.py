"""What the operator may say of a table in Airtable, and where that is."""

from __future__ import annotations

import re
from datetime import timedelta
from functools import cached_property
from typing import Annotated, Literal, Self
from urllib.parse import unquote, urlsplit

from msgspec import Struct
from pydantic import AfterValidator, BaseModel, Field, model_validator

from connectors.reaching import Endpoint, Patience, Said, token_named

ENDPOINT = "https://api.airtable.com"

CALLS: dict[str, int | None] = {"free": 1_000, "team": 100_000, "business": None, "enterprise": None}
"""Calls of the API in a month by plan, of all bases and programs of a workspace together; None: not limited.
support.airtable.com, "Managing API call limits in Airtable", updated 2026-08-10."""

_ID = r"[A-Za-z0-9]{14}"
_BASE, _TABLE, _VIEW = (re.compile(prefix + _ID) for prefix in ("app", "tbl", "viw"))
_TOKEN = re.compile(r"pat[A-Za-z0-9]+\.\w+|key[A-Za-z0-9]{14}")


def is_base(text: str) -> bool:
    """Whether it is the id of a base, rather than its name."""
    return _BASE.fullmatch(text) is not None


class Address(Struct, frozen=True):
    """Where the rows are.   base: id or name.   table: id or name.   view: id or name; None where there is none to keep to."""

    base: str
    table: str
    view: str | None


class AirtableSettings(BaseModel, extra="forbid", frozen=True):
    """One table of a base."""

    base: Said = Field(
        description="The base: its id (`app…`), its name, or the address that the browser shows when the table is open."
    )
    table: Said | None = Field(
        default=None, description="The table: its id (`tbl…`) or its name. Left out: the one in the browser's address."
    )
    view: Said | None = Field(
        default=None,
        description="The view whose rows are the tasks, in its order: its id (`viw…`) or its name."
        " Left out: the one in the browser's address; without any, all rows, ordered by record id.",
    )
    token: Annotated[Said, AfterValidator(token_named("AIRTABLE_TOKEN", _TOKEN))] = Field(
        default="AIRTABLE_TOKEN", description="The name of the secret that holds the personal access token."
    )
    plan: Literal["free", "team", "business", "enterprise"] = Field(
        description="The workspace's plan; it says how many calls a month has."
    )
    calls_per_month: int | None = Field(
        default=None, ge=1, description="How many calls this table may use in a month. Left out: all of the plan's."
    )
    workspace: Said | None = Field(
        default=None,
        description="A name of yours for the workspace, where tables of one token lie in several: each has a month of its own."
        " Left out: all tables of the token and the plan share one.",
    )
    webhook: bool = Field(
        default=True,
        description="Ask a webhook's list of changes whether anything changed, instead of reading all rows,"
        " where the token may make one. No address of yours has to be public.",
    )
    history: Said | None = Field(
        default=None,
        description="The table of the same base in which each run that has ended gets a record: its id (`tbl…`) or its name."
        " `rowd setup` makes it. Left out: no history is kept in the base. On the free plan a base holds 1,000 records in all.",
    )
    connect_timeout: Patience = Field(default=timedelta(seconds=5), description="How long a connection may take to come about.")
    timeout: Patience = Field(
        default=timedelta(seconds=30), description="How long an answer may keep silent. In all it may take four times as long."
    )
    endpoint: Endpoint = Field(default=ENDPOINT, description="Where the API is: another address only for a proxy or a test.")

    @model_validator(mode="after")
    def _leads_to_a_table(self) -> Self:
        table = self.address.table  # raises ValueError where it can't be told
        if self.history == table:
            raise ValueError('history is the table with the tasks; name another one, like history = "Runs"')
        return self

    @cached_property
    def address(self) -> Address:
        """Raises ValueError, with a sentence for a person."""
        base, table, view = _from_browser(self.base) if "/" in self.base else (self.base, None, None)
        table, view = self.table or table, self.view or (view if self.table in (None, table) else None)
        if table is None:
            raise ValueError("which table of the base? Add `table`, or open the table and copy the browser's address into `base`")
        return Address(base, table, view)


def _from_browser(address: str) -> tuple[str, str | None, str | None]:
    """Base, table and view of `https://airtable.com/app…/tbl…/viw…?…`. A name with a slash in it is a name.

    The shape of ids, and that they outlive renaming: VENDORS.md B4.
    """
    parts = urlsplit(address if "://" in address else f"https://{address}")
    if not f".{parts.hostname}".endswith(".airtable.com"):
        if "://" in address:
            raise ValueError(
                f'"{address}" is no address of Airtable\'s; copy the one that the browser shows when the table is open'
            )
        return address, None, None
    steps = [unquote(step) for step in parts.path.split("/") if step]
    if any(step.startswith("shr") for step in steps):
        raise ValueError("is a share link, which no program can write through; open the base itself, and copy that address")
    base = next((step for step in steps if _BASE.fullmatch(step)), None)
    if base is None:
        raise ValueError(f'"{address}" names no base (app…); open the table in the browser, and copy that address')
    found = {pattern: next((s for s in steps if pattern.fullmatch(s)), None) for pattern in (_TABLE, _VIEW)}
    return base, found[_TABLE], found[_VIEW]
