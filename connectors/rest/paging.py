"""How a list goes on after its first answer. Pure.

Pages that are counted go on until one brings nothing new: a service may give fewer rows than were asked for, and rows that are left
out would look like rows that somebody has deleted.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal, Protocol
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from msgspec import Struct
from pydantic import BaseModel, Field

from connectors.rest.pointers import Pointer, Spot

Parameter = Annotated[str, Field(min_length=1, max_length=100)]

_LINK = re.compile(r"<([^<>]*)>((?:\s*;\s*[\w-]+(?:\s*=\s*(?:\"[^\"]*\"|[^\s\",;]+))?)*)", re.ASCII)
_REL = re.compile(r";\s*rel\s*=\s*(?:\"([^\"]*)\"|([^\s\",;]+))", re.ASCII | re.IGNORECASE)


class Sofar(Struct, frozen=True):
    """What a read has got.   pages: answers.   rows: rows of all of them.   new: rows of the last that no earlier one had."""

    pages: int
    rows: int
    new: int


class Told(Protocol):
    """An answer, as far as it matters here."""

    @property
    def document(self) -> Any: ...

    @property
    def headers(self) -> Mapping[str, str]: ...


class ByPage(BaseModel, extra="forbid", frozen=True):
    """Pages with numbers."""

    by: Literal["page"]
    parameter: Parameter = Field(default="page", description="The parameter that holds the number.")
    first: int = Field(default=1, ge=0, le=1, description="The number of the first page.")
    total: Spot | None = Field(default=None, description="Where the answer says how many rows there are: it spares a last request.")

    def begin(self, target: str) -> str:
        return with_parameter(target, self.parameter, str(self.first))

    def after(self, target: str, told: Told, sofar: Sofar) -> str | None:
        if not sofar.new or _all(self.total, told, sofar):
            return None
        return with_parameter(target, self.parameter, str(self.first + sofar.pages))


class ByOffset(BaseModel, extra="forbid", frozen=True):
    """So many rows on."""

    by: Literal["offset"]
    parameter: Parameter = Field(default="offset", description="The parameter that says how many rows to leave out.")
    total: Spot | None = Field(default=None, description="Where the answer says how many rows there are: it spares a last request.")

    def begin(self, target: str) -> str:
        return with_parameter(target, self.parameter, "0")

    def after(self, target: str, told: Told, sofar: Sofar) -> str | None:
        if not sofar.new or _all(self.total, told, sofar):
            return None
        return with_parameter(target, self.parameter, str(sofar.rows))


class ByCursor(BaseModel, extra="forbid", frozen=True):
    """A word of the service's own, in each answer for the next."""

    by: Literal["cursor"]
    parameter: Parameter = Field(description="The parameter that takes it.")
    next: Spot = Field(description="Where it stands in the answer; nothing, or a blank one, there ends the list.")

    def begin(self, target: str) -> str:
        return target

    def after(self, target: str, told: Told, _sofar: Sofar) -> str | None:
        cursor = self.next.of(told.document)
        if isinstance(cursor, bool) or not isinstance(cursor, str | int) or cursor == "":
            return None
        return with_parameter(target, self.parameter, str(cursor))


class ByLink(BaseModel, extra="forbid", frozen=True):
    """An address, in each answer for the next: in the header Link (RFC 8288), in another header, or in the body."""

    by: Literal["link"]
    header: Parameter | None = Field(default=None, description="A header that holds nothing but the address.")
    next: Spot | None = Field(default=None, description="Where the address stands in the body.")

    def begin(self, target: str) -> str:
        return target

    def after(self, _target: str, told: Told, _sofar: Sofar) -> str | None:
        if self.header is not None:
            return told.headers.get(self.header) or None
        if self.next is not None:
            address = self.next.of(told.document)
            return address if isinstance(address, str) and address else None
        return linked(told.headers.get("Link") or "")


Paging = Annotated[ByPage | ByOffset | ByCursor | ByLink, Field(discriminator="by")]


def linked(header: str) -> str | None:
    """The address that a Link header calls `next`; None without one."""
    for address, parameters in _LINK.findall(header[:20_000]):
        if any("next" in (quoted or bare).lower().split() for quoted, bare in _REL.findall(parameters)):
            return str(address)
    return None


def with_parameter(target: str, name: str, value: str) -> str:
    """The target with this parameter in its query, instead of any that it has of this name."""
    parts = urlsplit(target)
    query = [(n, v) for n, v in parse_qsl(parts.query, keep_blank_values=True) if n != name]
    return urlunsplit(("", "", parts.path, urlencode([*query, (name, value)]), ""))


def _all(total: Pointer | None, told: Told, sofar: Sofar) -> bool:
    number = total.of(told.document) if total is not None else None
    return isinstance(number, int) and not isinstance(number, bool) and sofar.rows >= number
