"""A person who has signed in, and the access tokens that this is good for."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from connectors.errors import NeedsOwner
from connectors.google_sheets.client import Client
from connectors.google_sheets.kept import Store
from connectors.google_sheets.tokens import Ask, once


class Person:
    """Whoever the token store tells of now: it is read again whenever it has changed, so a new sign-in needs no restart."""

    def __init__(self, client: Client, store: Store, scopes: Collection[str], label: str, login: str) -> None:
        """scopes: that are needed.   label: what messages call the table.   login: the command that signs in.

        Raises NeedsOwner: nobody has signed in, or not for this.
        """
        self.address, self.project = "", client.project
        self._client, self._store, self._scopes = client, store, frozenset(scopes)
        self._label, self._login = label, login
        self._take()

    def token(self, ask: Ask) -> str:
        from google.auth.exceptions import RefreshError

        if self._store.stamp() != self._stamp:
            self._take()
        if not self._credentials.valid:
            try:
                self._refresh(ask)
            except RefreshError:
                if self._store.stamp() == self._stamp:
                    raise
                self._take()  # somebody signed in at this very moment
                self._refresh(ask)
        return str(self._credentials.token)

    def drop(self) -> None:
        self._credentials.token = None

    def _refresh(self, ask: Ask) -> None:
        self._credentials.refresh(once(ask, self._client.tokens))

    def _take(self) -> None:
        from google.oauth2.credentials import Credentials

        stamp = self._store.stamp()
        found = self._store.read()
        if found.client != self._client.id:
            raise NeedsOwner(
                f"{self._label}: the sign-in in {self._store.path} was made with another OAuth client than rowd.toml names now."
                f" Sign in anew: `{self._login}`."
            )
        if lacking := self._scopes - found.scopes:
            raise NeedsOwner(
                f"{self._label}: the sign-in in {self._store.path} lacks {', '.join(sorted(lacking))}. Sign in anew, and tick every"
                f" box: `{self._login}`."
            )
        make: Any = Credentials
        self._credentials: Any = make(
            None,
            refresh_token=found.refresh_token,
            token_uri=self._client.tokens,
            client_id=self._client.id,
            client_secret=self._client.secret,
        )
        self.address, self._stamp = found.account, stamp
