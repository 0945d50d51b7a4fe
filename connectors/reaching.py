"""Settings that every store has that is reached over a network, as their models' types."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from ipaddress import ip_address
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator

from config.fields import Span

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


RELOAD = "a daemon that runs takes it over at a reload (kill -HUP, or systemctl reload rowd)"
"""What follows on telling a person to put a secret into .env."""


def endpoint(text: str) -> str:
    """Where an API is, without a slash at the end. A secret goes there with every request. Raises ValueError."""
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
        raise ValueError(f'"{text}" is no address; write one like "https://proxy.example.com"')
    if parts.username is not None or parts.password is not None:
        raise ValueError("holds a user or a password; leave it out")
    if parts.scheme == "http" and not on_this_machine(parts.hostname):
        raise ValueError(f'"{text}": the token would go over the network unencrypted; write https://')
    return text.rstrip("/")


def on_this_machine(host: str) -> bool:
    """Whether it is this machine's own address, so that nothing goes over a network, nor may go through a proxy."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def token_named(usual: str, looks: re.Pattern[str]) -> Callable[[str], str]:
    """A check that it is the name of a secret, and not the secret.   looks: as the token itself begins. It raises ValueError."""

    def checked(name: str) -> str:
        if looks.match(name):
            raise ValueError(f'is the token itself; put it into .env as {usual}=…, and write token = "{usual}"')
        if not _NAME.fullmatch(name):
            raise ValueError(f'"{name}" is no name of a variable; write one like "{usual}"')
        return name

    return checked


def _some_time(length: timedelta) -> timedelta:
    if not timedelta(seconds=1) <= length <= timedelta(minutes=10):
        raise ValueError('must be from 1s to 10 min; write a span like "30s"')
    return length


def _something(text: str) -> str:
    if not text.strip():
        raise ValueError("is blank")
    return text.strip()


Said = Annotated[str, AfterValidator(_something)]
"""Text that is not blank."""

Patience = Annotated[Span, AfterValidator(_some_time)]
"""How long to wait for a store."""

Endpoint = Annotated[str, AfterValidator(endpoint)]
