"""Where something stands in a JSON document, as the operator writes it: a member's name, or a pointer (RFC 6901). Pure."""

from __future__ import annotations

from typing import Annotated, Any

from msgspec import Struct
from pydantic import PlainValidator


class Pointer(Struct, frozen=True):
    """text: as it was written.   steps: names and indices, the outermost first; none: the document itself."""

    text: str
    steps: tuple[str, ...]

    def of(self, document: Any) -> Any:
        """What stands there; None where nothing does."""
        for step in self.steps:
            if isinstance(document, dict):
                document = document.get(step)
            elif isinstance(document, list) and step.isdecimal() and step.isascii() and int(step) < len(document):
                document = document[int(step)]
            else:
                return None
        return document

    def __str__(self) -> str:
        return f'"{self.text}"' if self.text else "the whole answer"


def pointer(text: str) -> Pointer:
    """`""`, `data`, or `/data/0/rows`. Raises ValueError."""
    if not text.startswith("/"):
        return Pointer(text, (text,) if text else ())
    if len(text) > 500 or any(step.isdecimal() and len(step) > 6 for step in text.split("/")):
        raise ValueError(f'"{text[:40]}…" is too long for a place in an answer')
    return Pointer(text, tuple(step.replace("~1", "/").replace("~0", "~") for step in text[1:].split("/")))


def _spot(said: object) -> Pointer:
    if isinstance(said, Pointer):
        return said
    if not isinstance(said, str):
        raise ValueError('is no place in an answer; write a name such as "data", or a JSON pointer such as "/data/0"')
    return pointer(said)


TOP = Pointer("", ())

Spot = Annotated[Pointer, PlainValidator(_spot)]
"""The same as a setting's type."""
