"""What web services answer."""

from __future__ import annotations

from watches.api import Kind
from watches.url.settings import UrlSettings
from watches.url.watch import UrlWatch, make

__all__ = ["KIND", "UrlSettings", "UrlWatch"]

LIMITS = frozenset({"secrets", "expect", "timeout", "max_response", "allow_private", "verify"})
"""Settings that don't say what is watched."""

SAYS = frozenset({"url", "status", "etag", "old", "new"})
"""The names of all that an event says of an answer."""

KIND = Kind(settings=UrlSettings, make=make, limits=LIMITS, says=SAYS, secrets=lambda settings: settings.secrets)
