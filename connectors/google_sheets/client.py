"""The OAuth client: what rowd is to Google while a person signs in, and when it asks for their tokens."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from connectors.errors import NeedsOwner
from connectors.google_sheets.tokens import private

HOW = "Make one in the Google Cloud console: APIs & Services › Credentials › Create credentials › OAuth client ID › Desktop app."


@dataclass(frozen=True, slots=True)
class Client:
    """Of the type Desktop app. Its secret is none to speak of (Google's own words), and is kept like one all the same.

    project: whose quota is used, and whose consent screen the person sees.   login, tokens: where to sign in, and to get tokens.
    """

    id: str
    secret: str = field(repr=False)
    project: str
    login: str
    tokens: str


def client_of(info: Mapping[str, Any], what: str) -> Client:
    """The client in the file that Google gives.   what: where it comes from, for messages.   Raises NeedsOwner."""
    if info.get("type") == "service_account":
        raise NeedsOwner(f"{what} is the key of a service account: name it with credentials in rowd.toml. Nobody signs in then.")
    if "web" in info:
        raise NeedsOwner(
            f"{what} is an OAuth client of the type Web application, to which Google leads nobody back on this machine. {HOW}"
        )
    said = info.get("installed")
    if not isinstance(said, dict):
        raise NeedsOwner(f"{what} is no OAuth client. {HOW}")
    lacking = [name for name in ("client_id", "client_secret", "auth_uri", "token_uri") if not isinstance(said.get(name), str)]
    if lacking:
        raise NeedsOwner(f"{what} is no whole OAuth client: it has no {', '.join(lacking)}. {HOW}")
    for name in ("auth_uri", "token_uri"):
        if not private(said[name]):
            raise NeedsOwner(f"{what}: its {name} is no https address, so whoever is on the way could read what goes there. {HOW}")
    return Client(
        said["client_id"],
        said["client_secret"],
        str(said.get("project_id") or said["client_id"]),
        said["auth_uri"],
        said["token_uri"],
    )
