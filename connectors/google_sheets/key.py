"""The key of a service account, and the access tokens that it is good for. The only module that knows google-auth."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from connectors.api import Place
from connectors.errors import NeedsOwner
from connectors.google_sheets.settings import GoogleSheetsSettings

if TYPE_CHECKING:
    from collections.abc import Callable

SHEETS = "https://www.googleapis.com/auth/spreadsheets"
DRIVE = "https://www.googleapis.com/auth/drive.metadata.readonly"
"""Scopes: cells, and how a file's version stands (developers.google.com/workspace/drive/api/guides/api-specific-auth)."""

_HOW = "Make one in the Google Cloud console: IAM & Admin › Service accounts › Keys › Add key › JSON."


class Key:
    """One service account's key.   address: what the spreadsheet is shared with.   project: whose quota it uses, too."""

    def __init__(self, info: Mapping[str, Any], scopes: list[str], what: str) -> None:
        """info: the key as Google gives it.   what: where it comes from, for messages.   Raises NeedsOwner."""
        from google.auth.exceptions import GoogleAuthError
        from google.oauth2.service_account import Credentials

        if info.get("type") != "service_account":
            kind = f"its type is {str(info['type'])[:40]}" if isinstance(info.get("type"), str) else "it has no type"
            raise NeedsOwner(f"{what} is no key of a service account: {kind}. {_HOW}")
        make: Any = Credentials.from_service_account_info
        try:
            self._credentials: Any = make(dict(info), scopes=scopes)
        except (GoogleAuthError, ValueError, TypeError) as exc:
            raise NeedsOwner(f"{what} is no whole key of a service account ({exc}). {_HOW}") from exc
        self.address = str(self._credentials.service_account_email)
        self.project = str(info.get("project_id") or self.address.partition("@")[2].partition(".")[0])
        self._token_uri = str(info.get("token_uri"))

    def token(self, ask: Callable[..., Any]) -> str:
        """An access token, a fresh one where the last has run out.

        ask: a transport of google-auth.   Raises google.auth.exceptions.GoogleAuthError.
        """
        if not self._credentials.valid:
            self._credentials.refresh(self._once(ask))
        return str(self._credentials.token)

    def drop(self) -> None:
        """The last token was not accepted: the next is a fresh one."""
        self._credentials.token = None

    def _once(self, ask: Callable[..., Any]) -> Callable[..., Any]:
        """google-auth sleeps and asks again where it takes a failure for passing; waiting is the engine's."""
        from google.auth import exceptions
        from google.auth.transport import DEFAULT_RETRYABLE_STATUS_CODES

        untyped: Any = exceptions

        def asked(url: str, **said: Any) -> Any:
            if url != self._token_uri:
                raise untyped.TransportError(f"nothing but tokens is asked for here, not {url}")
            answer = ask(url, **said)
            if answer.status in DEFAULT_RETRYABLE_STATUS_CODES or answer.status >= 500:
                raise untyped.RefreshError(f"the token service answered {answer.status}", retryable=True)
            return answer

        return asked


def key_of(settings: GoogleSheetsSettings, place: Place, label: str) -> Key:
    """Read the key that the settings name.   label: what messages call the table.   Raises NeedsOwner."""
    scopes = [SHEETS, DRIVE] if settings.ask_drive else [SHEETS]
    if settings.credentials_secret is not None:
        name = settings.credentials_secret
        try:
            text = place.secret(name)
        except KeyError as exc:
            raise NeedsOwner(
                f"{label}: {name} has no value. Put {name}=… into .env beside rowd.toml, or into the environment."
            ) from exc
        return Key(_info(text, f"{label}: {name}"), scopes, f"{label}: {name}")
    path = place.base / (settings.credentials or Path()).expanduser()
    what = f"{label}: {path}"
    try:
        text = path.read_text("utf-8")
    except OSError as exc:
        raise NeedsOwner(
            f"{what} can't be read ({exc.strerror}). Put the key file of a service account there, readable by the user that rowd"
            f" runs as. {_HOW}"
        ) from exc
    except UnicodeDecodeError as exc:
        raise NeedsOwner(f"{what} is no key file: it is not text. {_HOW}") from exc
    return Key(_info(text, what), scopes, what)


def _info(text: str, what: str) -> Mapping[str, Any]:
    try:
        found = json.loads(text)
    except ValueError as exc:
        raise NeedsOwner(f"{what} is no key of a service account: it is no JSON. {_HOW}") from exc
    if not isinstance(found, dict):
        raise NeedsOwner(f"{what} is no key of a service account. {_HOW}")
    return found
