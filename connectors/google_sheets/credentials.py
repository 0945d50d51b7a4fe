"""Who rowd is to Google, by the settings of a table: a service account with its key, or a person who has signed in."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from msgspec import Struct

from connectors.api import Place
from connectors.errors import NeedsOwner, TableError
from connectors.google_sheets import client, key
from connectors.google_sheets.client import Client, client_of
from connectors.google_sheets.kept import Store
from connectors.google_sheets.key import Key
from connectors.google_sheets.person import Person
from connectors.google_sheets.settings import GoogleSheetsSettings
from connectors.google_sheets.tokens import Account
from connectors.preparing import Check
from connectors.reaching import RELOAD

SHEETS = "https://www.googleapis.com/auth/spreadsheets"
DRIVE = "https://www.googleapis.com/auth/drive.metadata.readonly"
"""Scopes: cells, and how a file's version stands (developers.google.com/workspace/drive/api/guides/api-specific-auth)."""


class Credentials(Struct, frozen=True):
    """What a table's settings say of them. Nothing is read before it is asked for.

    label: what messages call the table.
    """

    settings: GoogleSheetsSettings
    place: Place
    label: str

    @property
    def scopes(self) -> list[str]:
        return [SHEETS, DRIVE] if self.settings.ask_drive else [SHEETS]

    @property
    def login(self) -> str:
        """The command with which a person signs in; "" for a service account."""
        return f"rowd login {self.place.name}" if self.settings.by_person else ""

    @property
    def store(self) -> Store:
        return Store(self.place.base / self.settings.token.expanduser(), self.label, self.login)

    def account(self) -> Account:
        """Raises NeedsOwner."""
        if self.settings.by_person:
            return Person(self.client(), self.store, self.scopes, self.label, self.login)
        what, info = self._given(self.settings.credentials, self.settings.credentials_secret, "key of a service account", key.HOW)
        return Key(info, self.scopes, what)

    def client(self) -> Client:
        """The OAuth client with which a person signs in. Raises NeedsOwner."""
        what, info = self._given(self.settings.oauth_client, self.settings.oauth_client_secret, "OAuth client", client.HOW)
        return client_of(info, what)

    def examined(self) -> Iterator[Check]:
        """Piece by piece, as far as no request is needed; ends with the first that is bad."""
        what = "client" if self.settings.by_person else "credentials"
        try:
            if self.settings.by_person:
                found = self.client()
                yield Check(what, f"the OAuth client is one of the project {found.project}")
                what = "credentials"
                signed_in = self.account().address or "somebody"
                yield Check(what, f"{signed_in} has signed in, as {self.store.path} has it")
            else:
                yield Check(what, f"the key is that of the service account {self.account().address}")
        except TableError as exc:
            yield Check.failed(what, exc)

    def _given(self, path: Path | None, secret: str | None, kind: str, how: str) -> tuple[str, Mapping[str, Any]]:
        """What a file or a secret holds, and what messages call it. Raises NeedsOwner.   kind: what it is to hold."""
        if secret is not None:
            what = f"{self.label}: {secret}"
            try:
                return what, _object(self.place.secret(secret), what, kind, how)
            except KeyError as exc:
                raise NeedsOwner(f"{what} has no value. Put {secret}=… into .env beside rowd.toml; {RELOAD}.") from exc
        file = self.place.base / (path or Path()).expanduser()
        what = f"{self.label}: {file}"
        try:
            text = file.read_text("utf-8")
        except OSError as exc:
            raise NeedsOwner(
                f"{what} can't be read ({exc.strerror}). Put the file (JSON) of the {kind} there, readable by the user that rowd"
                f" runs as. {how}"
            ) from exc
        except UnicodeDecodeError as exc:
            raise NeedsOwner(f"{what} is no {kind}: it is not text. {how}") from exc
        return what, _object(text, what, kind, how)


def _object(text: str, what: str, kind: str, how: str) -> Mapping[str, Any]:
    try:
        found = json.loads(text)
    except ValueError as exc:
        raise NeedsOwner(f"{what} is no {kind}: it is no JSON. {how}") from exc
    if not isinstance(found, dict):
        raise NeedsOwner(f"{what} is no {kind}. {how}")
    return found
