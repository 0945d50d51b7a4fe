"""Identifiers: what Notion takes for one, how it writes it, and new ones."""

from __future__ import annotations

import re
from functools import lru_cache
from random import Random
from urllib.parse import quote, unquote

from tests.emulators.notion.errors import bad

_UUID = re.compile(r"(?:0{32}|f{32}|[0-9a-f]{12}[1-8][0-9a-f]{3}[89ab][0-9a-f]{15})")
"""Version and variant count: 12345678-1234-1234-1234-… is no valid uuid, all zeros is (recorded by both sources)."""

_PROPERTY = "".join(chr(code) for code in range(0x3A, 0x7F))
"""Of such characters the four of a property's id are, as seen in recordings: `@J[U`, `U`;C`."""


def dashed(text: object) -> str | None:
    """An id in the form of answers; None where it is none.   text: with dashes or without, in any case."""
    if not isinstance(text, str):
        return None
    plain = text.lower()
    if len(plain) == 36 and [plain[at] for at in (8, 13, 18, 23)] == ["-"] * 4:
        plain = plain.replace("-", "")
    if not _UUID.fullmatch(plain):
        return None
    return f"{plain[:8]}-{plain[8:12]}-{plain[12:16]}-{plain[16:20]}-{plain[20:]}"


LINK = "https://app.notion.com/p/"


def wanted(text: object, path: str) -> str:
    """The id that a request gives at `path`. Raises Refused."""
    found = dashed(text)
    if found is None:
        raise bad(path, "a valid uuid", text)
    return found


def plain(identifier: str) -> str:
    """As in links."""
    return identifier.replace("-", "")


@lru_cache(maxsize=4096)
def in_link(property_id: str) -> str:
    """A property's id as answers give it: percent-encoded."""
    return quote(property_id, safe="~")


def property_forms(text: str) -> tuple[str, str]:
    """What a request may mean by a property's id: it comes encoded or not."""
    return text, unquote(text)


class Ids:
    """New ones, the same each time with the same seed."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self.partners: list[str] = []  # what a relation's other side is called next, before any is drawn
        self._workspace = f"{random.getrandbits(32):08x}-{random.getrandbits(16):04x}"

    def any(self) -> str:
        """Version 4: databases, the data source made with one, options, users, requests."""
        bits = f"{self._random.getrandbits(128):032x}"
        variant = "89ab"[self._random.getrandbits(2)]
        return f"{bits[:8]}-{bits[8:12]}-4{bits[13:16]}-{variant}{bits[17:20]}-{bits[20:]}"

    def page(self) -> str:
        """Pages and blocks: one workspace's begin alike."""
        bits = f"{self._random.getrandbits(72):018x}"
        return f"{self._workspace}-81{bits[:2]}-{'89ab'[self._random.getrandbits(2)]}{bits[2:5]}-{bits[5:17]}"

    def partner(self, taken: set[str]) -> str:
        """Of the column that a relation makes in the other data source."""
        return self.partners.pop(0) if self.partners else self.property(taken)

    def property(self, taken: set[str]) -> str:
        """Four characters; new in its data source."""
        while True:
            made = "".join(self._random.choice(_PROPERTY) for _ in range(4))
            if made not in taken:
                return made
