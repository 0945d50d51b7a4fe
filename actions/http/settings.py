"""What the operator may say of an HTTP request."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, JsonValue, StringConstraints

from actions.api import Definition
from actions.http.addresses import Allowed, allowed
from actions.http.pointer import checked
from actions.sizes import Size

REPEATABLE = frozenset({"GET", "HEAD", "PUT", "DELETE", "OPTIONS"})
"""Methods that do the same however often they are sent (RFC 9110, 9.2.2)."""

_FORBIDDEN = frozenset({"host", "content-length", "transfer-encoding", "connection", "accept-encoding", "te", "upgrade", "trailer"})
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+", re.ASCII)
_RANGE = re.compile(r"\s*([1-5]\d\d)\s*(?:-\s*([1-5]\d\d)\s*)?", re.ASCII)

Statuses = tuple[tuple[int, int], ...]
"""Ranges of status codes, both ends included."""


def _header(name: str) -> str:
    if not _TOKEN.fullmatch(name):
        raise ValueError(f'"{name}" can\'t be the name of a header; write one such as "Authorization"')
    if name.lower() in _FORBIDDEN:
        raise ValueError(f"{name} is rowd's own affair; remove it")
    return name


def _statuses(value: object) -> object:
    """One or several of 200, "200-299"."""
    given = value if isinstance(value, list | tuple) else [value]
    found = []
    for item in given:
        if isinstance(item, tuple):
            found.append(item)
            continue
        parts = None if isinstance(item, bool) else _RANGE.fullmatch(str(item))
        if parts is None or int(parts[1]) > int(parts[2] or parts[1]):
            raise ValueError(f'"{item}" is no status; write numbers from 100 to 599, or ranges like "200-299"')
        found.append((int(parts[1]), int(parts[2] or parts[1])))
    if not found:
        raise ValueError('no answer would do; write a status, like expect = ["200-299"]')
    return tuple(found)


Headers = Mapping[Annotated[str, AfterValidator(_header)], str]
Expected = Annotated[Statuses, BeforeValidator(_statuses)]
Private = Annotated[Allowed, BeforeValidator(allowed)]
Pointer = Annotated[str, AfterValidator(checked)]


class HttpSettings(Definition, frozen=True):
    """`kind = "http"`: one request to a web service."""

    method: Literal["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"] = Field(default="GET", description="What is asked.")
    url: str = Field(description="Where, in full. {name} is the value of a parameter, percent-encoded; never in the host.")
    headers: Headers = Field(default={}, description="Headers; {name} is the value of a parameter, {secret.NAME} a secret's.")
    body: JsonValue = Field(
        default=None, description='Sent as JSON where it is a table or a list ("{name}" alone keeps its type), else as text.'
    )
    expect: Expected = Field(
        default=((200, 299),), description='The statuses that mean success: numbers, and ranges like "200-299".'
    )
    outputs: Mapping[Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_.]{0,99}$")], Pointer] = Field(
        default={}, description="Output = JSON pointer (RFC 6901) into the answer, like /data/0/price."
    )
    allow_private: Private = Field(
        default=Allowed(), description="Private and loopback addresses that it may reach: true, or a list of hosts and networks."
    )
    follow_redirects: bool = Field(default=False, description="Follow up to 5 redirects; each is checked like the first address.")
    max_response: Size = Field(default=10**6, ge=1, description="How much of the answer is read and kept.")
    verify: bool | Path = Field(
        default=True, description="Check the server's certificate; or a file with the authorities to trust."
    )
