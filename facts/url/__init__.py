"""What a web service answers, or with which status."""

from __future__ import annotations

from pathlib import Path

from facts.api import Kind, Lend
from facts.url.fact import Url
from facts.url.settings import UrlSettings


def make(name: str, settings: UrlSettings, base: Path, lend: Lend) -> Url:  # noqa: ARG001 (a Kind's signature)
    """Raises ValueError for an address that is none, and KeyError for a secret without a value."""
    return Url(settings, base, {secret: lend(secret) for secret in settings.secrets})


KIND = Kind(settings=UrlSettings, make=make)
