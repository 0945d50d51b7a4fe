"""The token endpoint: which may be asked, and that it is asked once.

google-auth sleeps and asks again where it takes a failure for passing, and asks other addresses besides; waiting is the engine's.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol
from urllib.parse import urlsplit

from connectors.reaching import on_this_machine

Ask = Callable[..., Any]
"""A transport of google-auth."""


class Account(Protocol):
    """Who asks.   address: its address, "" where it isn't known.   project: whose quota it uses, too."""

    @property
    def address(self) -> str: ...

    @property
    def project(self) -> str: ...

    def token(self, ask: Ask) -> str:
        """An access token, a fresh one where the last has run out. Raises google.auth.exceptions.GoogleAuthError, NeedsOwner."""

    def drop(self) -> None:
        """The last token was not accepted: the next is a fresh one."""


def once(ask: Ask, token_uri: str) -> Ask:
    """The transport, for this address alone; what fails there for now is a RefreshError that says so."""
    from google.auth import exceptions
    from google.auth.transport import DEFAULT_RETRYABLE_STATUS_CODES

    untyped: Any = exceptions

    def asked(url: str, **said: Any) -> Any:
        if url != token_uri:
            raise untyped.TransportError(f"nothing but tokens is asked for here, not {url}")
        answer = ask(url, **said)
        if answer.status in DEFAULT_RETRYABLE_STATUS_CODES or answer.status >= 500:
            raise untyped.RefreshError(f"the token service answered {answer.status}", retryable=True)
        return answer

    return asked


def private(address: str) -> bool:
    """Whether what is sent there can be read by nobody on the way: by https, or to this machine."""
    parts = urlsplit(address)
    if not parts.hostname:
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and on_this_machine(parts.hostname))
