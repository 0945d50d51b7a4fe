"""Where a PostgreSQL server is, as libpq reads it: `host=… dbname=…`, or `postgresql://…`. Pure: the driver is not needed for it.

https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNSTRING, read 2026-11-29.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import parse_qsl, urlsplit

SECRET = frozenset({"password", "sslpassword", "oauth_client_secret"})
"""What stands in no file that people read."""

_SCHEMES = ("postgresql://", "postgres://")
_PAIR = re.compile(r"\s*(\w+)\s*=\s*(?:'(?:[^'\\]|\\.)*'|(?:[^\s'\\]|\\.)(?:[^\s\\]|\\.)*|(?=\s|\Z))\s*", re.ASCII | re.DOTALL)


def valid_dsn(dsn: str) -> str:
    """The text itself. Raises ValueError, with a sentence that repeats nothing of it, where it can't be read, or holds a secret."""
    try:
        keys = [*_keys(dsn)]
    except ValueError:
        keys = []
    if not keys or "\0" in dsn:
        raise ValueError('says no server; write it like "host=db.example.org dbname=shop user=rowd sslmode=verify-full"')
    for key in keys:
        if key == "password":
            raise ValueError("holds a password; take it out, put it into .env, and say under `password` by which name")
        if key in SECRET:
            raise ValueError(
                f"holds a secret, {key}; take it out: only a password can be had, from .env, by its name under `password`"
            )
    return dsn


def _keys(dsn: str) -> Iterator[str]:
    """What it says something of. Raises ValueError."""
    if dsn.startswith(_SCHEMES):
        parts = urlsplit(dsn)
        user, colon, password = parts.netloc.rpartition("@")[0].partition(":")
        yield from ["host", *(["user"] if user else []), *(["password"] if colon and password else [])]
        yield from (key for key, _ in parse_qsl(parts.query, keep_blank_values=True))
        return
    at = 0
    while at < len(dsn):
        pair = _PAIR.match(dsn, at)
        if pair is None:
            raise ValueError(at)
        yield pair[1]
        at = pair.end()
