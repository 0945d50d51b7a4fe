"""What broke on the way to a store, in a few words that people can act on, instead of a client library's."""

from __future__ import annotations

import os
import socket
import ssl
from collections.abc import Iterator
from urllib.parse import urlsplit

_LONGEST = 200
_PORTS = {"https": 443, "http": 80}


def cause(exc: BaseException) -> str:
    """`the connection was refused`; where nothing is known, the error's kind and words, on one line."""
    for one in _chain(exc):
        if isinstance(one, ssl.SSLCertVerificationError):
            return f"the certificate of the other side is not trusted: {getattr(one, 'verify_message', '') or one}"
        if isinstance(one, socket.gaierror):
            return "its name can't be looked up: is this machine connected to the network?"
        if isinstance(one, TimeoutError) or "Timeout" in type(one).__name__:
            return "no answer in time"
        if isinstance(one, ConnectionRefusedError):
            return "the connection was refused"
        if isinstance(one, OSError) and one.errno is not None and (words := os.strerror(one.errno)):
            return words[0].lower() + words[1:]
    text = " ".join(str(exc).split())
    return f"{type(exc).__name__}: {text[:_LONGEST]}" if text else type(exc).__name__


def unreachable(who: str, exc: BaseException) -> str:
    """`Notion can't be reached at api.notion.com:443 (no answer in time)`.

    Host and port alone: paths hold ids, and addresses may hold secrets.   Where they aren't known, they are left out.
    """
    place = next((found for one in _chain(exc) if (found := _asked(one))), "")
    return f"{who} can't be reached{place and f' at {place}'} ({cause(exc)})"


def _asked(exc: BaseException) -> str:
    """Whom the request was for, as `host:port`; "" where the error doesn't say. httpx and requests have the request at theirs."""
    try:
        parts = urlsplit(str(exc.request.url))  # type: ignore[attr-defined]  # of no base in common
        port = parts.port or _PORTS.get(parts.scheme)
    except (AttributeError, RuntimeError, ValueError):  # none, none yet (httpx), or no address
        return ""
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    return f"{host}:{port}" if host and port else host or ""


def _chain(exc: BaseException) -> Iterator[BaseException]:
    """The error, and those that it came of, each once: as its causes, as its arguments, as its `reason`."""
    seen: list[BaseException] = []
    ahead: list[object] = [exc]
    while ahead:
        one = ahead.pop(0)
        if isinstance(one, BaseException) and one not in seen:
            seen.append(one)
            yield one
            ahead += [one.__cause__, one.__context__, *one.args, getattr(one, "reason", None)]
