"""What a request shows so that the service lets it in. Only names of secrets stand in settings, never their values."""

from __future__ import annotations

import re
from base64 import b64encode
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, Field

from config.fields import secret_name

_HEADER = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}", re.ASCII)

OURS = frozenset(
    {
        "accept",
        "accept-encoding",
        "authorization",
        "connection",
        "content-length",
        "content-type",
        "cookie",
        "host",
        "if-match",
        "if-none-match",
        "proxy-authorization",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)
"""Headers that no setting may say: they are rowd's, or a secret's."""


def header(name: str) -> str:
    """A header that a setting may say. Raises ValueError."""
    if not _HEADER.fullmatch(name):
        raise ValueError(f'"{name}" is no name of a header')
    if name.lower() in OURS - {"accept"}:
        raise ValueError(f'"{name}" is not for settings: rowd sends it, or `auth` says it')
    return name


def _custom(name: str) -> str:
    return name if name.lower() == "authorization" else header(name)


def _word(text: str) -> str:
    if not re.fullmatch(r"[\x21-\x7e]{1,40}", text, re.ASCII):
        raise ValueError(f'"{text}" is no scheme; write one word, such as "Bearer" or "Token"')
    return text


Secret = Annotated[str, secret_name("OPS_TOKEN")]


class Bearer(BaseModel, extra="forbid", frozen=True):
    """`Authorization: Bearer …`"""

    by: Literal["bearer"]
    secret: Secret = Field(description="The name of the secret that holds the token.")
    scheme: Annotated[str, AfterValidator(_word)] = Field(default="Bearer", description="The word before the token.")

    def headers(self, secret: str) -> dict[str, str]:
        return {"Authorization": f"{self.scheme} {secret}"}


class Basic(BaseModel, extra="forbid", frozen=True):
    """A user and a password (RFC 7617)."""

    by: Literal["basic"]
    user: str = Field(pattern=r"^[^:\x00-\x1f\x7f]+$", description="The user.")
    secret: Secret = Field(description="The name of the secret that holds the password.")

    def headers(self, secret: str) -> dict[str, str]:
        return {"Authorization": "Basic " + b64encode(f"{self.user}:{secret}".encode()).decode("ascii")}


class Header(BaseModel, extra="forbid", frozen=True):
    """A header of the service's own."""

    by: Literal["header"]
    name: Annotated[str, AfterValidator(_custom)] = Field(description="The header's name.")
    secret: Secret = Field(description="The name of the secret that is its value.")

    def headers(self, secret: str) -> dict[str, str]:
        return {self.name: secret}


Auth = Annotated[Bearer | Basic | Header, Field(discriminator="by")]
