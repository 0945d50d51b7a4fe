"""What broke on the way to a store, in a few words that people can act on, instead of a client library's."""

from __future__ import annotations

import os
import socket
import ssl
from collections.abc import Iterator

_LONGEST = 200


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
