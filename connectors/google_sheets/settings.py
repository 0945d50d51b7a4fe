"""What the operator may say of a table in Google Sheets."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Self
from urllib.parse import parse_qs, urlsplit

from pydantic import AfterValidator, BaseModel, BeforeValidator, Field, model_validator

from connectors.reaching import Endpoint, Patience

_ID = re.compile(r"[A-Za-z0-9_-]{1,200}")
WAYS = ("credentials", "credentials_secret", "oauth_client", "oauth_client_secret")
"""Settings that say who rowd is to Google; exactly one is given."""
_IN_URL = re.compile(r"/spreadsheets/(?:u/\d+/)?d/([A-Za-z0-9_-]+)")


def _names_one(text: str) -> str:
    if not _ID.fullmatch(text) and not _IN_URL.search(text):
        raise ValueError(f'"{text}" is no spreadsheet: copy the address that the browser shows while it is open, or the id in it')
    return text


def _tab(value: object) -> object:
    if isinstance(value, bool) or (isinstance(value, int) and value < 0):
        raise ValueError("is neither the title of a tab, in quotes, nor the number after #gid= in its address")
    return value


class GoogleSheetsSettings(BaseModel, extra="forbid", frozen=True):
    """A tab of a spreadsheet in Google Sheets."""

    spreadsheet: Annotated[
        Annotated[str, AfterValidator(_names_one)], Field(description="The spreadsheet: its address in the browser, or its id.")
    ]
    tab: Annotated[
        Annotated[int | str, BeforeValidator(_tab)] | None,
        Field(
            description="The tab: its title in quotes, or the number after #gid= in its address, which stays when it is renamed."
            " Left out: the one that the address of the spreadsheet names."
        ),
    ] = None
    credentials: Annotated[
        Path | None,
        Field(description="The key file (JSON) of a service account; a relative path starts from the folder of rowd.toml."),
    ] = None
    credentials_secret: Annotated[
        str | None,
        Field(min_length=1, description="The secret that holds the key of a service account (its JSON), in place of a file."),
    ] = None
    oauth_client: Annotated[
        Path | None,
        Field(
            description="The file (JSON) of an OAuth client of the type Desktop app, where a person signs in with rowd login and"
            " no service account is used; a relative path starts from the folder of rowd.toml."
        ),
    ] = None
    oauth_client_secret: Annotated[
        str | None,
        Field(min_length=1, description="The secret that holds the file of an OAuth client (its JSON), in place of the file."),
    ] = None
    token: Annotated[
        Path,
        Field(
            description="Where rowd login keeps what a sign-in came to, for rowd's user alone; a relative path starts from the"
            " folder of rowd.toml. Tables that name the same file are read as the same person."
        ),
    ] = Path("google-token.json")
    ask_drive: Annotated[
        bool,
        Field(
            description="Ask Drive first whether the spreadsheet has changed, which costs nothing of the quota of Sheets."
            " Needs the Drive API switched on."
        ),
    ] = True
    history: Annotated[
        str | None,
        Field(
            description="The tab of the same spreadsheet in which each run that has ended gets a line: its title."
            " `rowd setup` makes it. Left out: no history is kept in the spreadsheet."
        ),
    ] = None
    history_size: Annotated[
        int,
        Field(ge=10, le=10_000, description="How many lines the history keeps; then each new one takes the place of the oldest."),
    ] = 1000
    connect_timeout: Annotated[Patience, Field(description="How long one request may take to reach Google.")] = timedelta(
        seconds=10
    )
    read_timeout: Annotated[
        Patience,
        Field(
            description="How long Google may take to answer one request, or go on with its answer. In all it may take four times as"
            " long."
        ),
    ] = timedelta(seconds=60)
    endpoint: Annotated[
        Endpoint | None,
        Field(
            description="Where Sheets and Drive are asked in place of Google's own addresses: a proxy, or an emulator."
            " Tokens come from the token_uri in the key, or in the file of the OAuth client."
        ),
    ] = None

    @model_validator(mode="after")
    def _whole(self) -> Self:
        ways = [name for name in WAYS if getattr(self, name) is not None]
        if len(ways) != 1:
            two = f", and not both {ways[0]} and {ways[1]}" if ways else ""
            raise ValueError(
                "needs one of credentials (the key file of a service account), credentials_secret, oauth_client (the file of an"
                f" OAuth client, for a person who signs in) and oauth_client_secret{two}"
            )
        if "token" in self.model_fields_set and not self.by_person:
            raise ValueError("token is where a person's sign-in is kept: it goes with oauth_client; remove it, or name that")
        if self.tab is None and self._gid_in_url is None:
            raise ValueError('doesn\'t say which tab: add tab = "its title", or the #gid=… to the address of the spreadsheet')
        if self.tab == "":
            raise ValueError('tab is empty; write the title of the tab, like tab = "Tasks"')
        if self.history is not None and not self.history.strip():
            raise ValueError('history is empty; write the title of a tab, like history = "Runs", or take it out')
        if self.history is not None and isinstance(self.tab, str) and self.history.casefold() == self.tab.casefold():
            raise ValueError(f'history is the tab with the tasks; write the title of another one, like history = "{self.tab} Runs"')
        return self

    def secrets(self) -> list[str]:
        """The names of the secrets that it asks for."""
        return [name for name in (self.credentials_secret, self.oauth_client_secret) if name is not None]

    def private(self) -> list[Path]:
        """The file that holds a key or a sign-in. Of the client of an app that people install, Google calls nothing secret."""
        named = self.token if self.by_person else self.credentials
        return [named] if named is not None else []

    @property
    def by_person(self) -> bool:
        """Whether a person signs in; else it is a service account."""
        return self.oauth_client is not None or self.oauth_client_secret is not None

    @property
    def id(self) -> str:
        """The spreadsheet's id."""
        found = _IN_URL.search(self.spreadsheet)
        return found[1] if found is not None else self.spreadsheet

    @property
    def which(self) -> int | str:
        """The tab: its number (gid), or its title."""
        return self.tab if self.tab is not None else self._gid_in_url or 0

    @property
    def _gid_in_url(self) -> int | None:
        parts = urlsplit(self.spreadsheet)
        said = [*parse_qs(parts.fragment).get("gid", ()), *parse_qs(parts.query).get("gid", ())]
        return int(said[0]) if said and said[0].isascii() and said[0].isdigit() else None
