"""The key of a service account, and the access tokens that it is good for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from connectors.errors import NeedsOwner
from connectors.google_sheets.tokens import Ask, once

HOW = "Make one in the Google Cloud console: IAM & Admin › Service accounts › Keys › Add key › JSON."


class Key:
    """One service account's key.   address: what the spreadsheet is shared with.   project: whose quota it uses, too."""

    def __init__(self, info: Mapping[str, Any], scopes: list[str], what: str) -> None:
        """info: the key as Google gives it.   what: where it comes from, for messages.   Raises NeedsOwner."""
        from google.auth.exceptions import GoogleAuthError
        from google.oauth2.service_account import Credentials

        if "installed" in info or "web" in info:
            raise NeedsOwner(f"{what} is an OAuth client and no key of a service account: name it with oauth_client in rowd.toml.")
        if info.get("type") != "service_account":
            kind = f"its type is {str(info['type'])[:40]}" if isinstance(info.get("type"), str) else "it has no type"
            raise NeedsOwner(f"{what} is no key of a service account: {kind}. {HOW}")
        make: Any = Credentials.from_service_account_info
        try:
            self._credentials: Any = make(dict(info), scopes=scopes)
        except (GoogleAuthError, ValueError, TypeError) as exc:
            raise NeedsOwner(f"{what} is no whole key of a service account ({exc}). {HOW}") from exc
        self.address = str(self._credentials.service_account_email)
        self.project = str(info.get("project_id") or self.address.partition("@")[2].partition(".")[0])
        self._token_uri = str(info.get("token_uri"))

    def token(self, ask: Ask) -> str:
        if not self._credentials.valid:
            self._credentials.refresh(once(ask, self._token_uri))
        return str(self._credentials.token)

    def drop(self) -> None:
        self._credentials.token = None
