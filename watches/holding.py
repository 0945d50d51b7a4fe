"""What an answer or an output holds, as far as it counts: a mark to tell a change by, and a short text of it. Pure."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Sequence

from msgspec import Struct

from actions.http.pointer import checked, found
from actions.telling import Mask, cut, plain


class Held(Struct, frozen=True):
    """mark: the same for the same content, whatever secrets stand in it.   shown: on one line, cut, secrets masked."""

    mark: str
    shown: str


def valid_pointer(said: str) -> str:
    """A JSON pointer (RFC 6901) itself. Raises ValueError, with a sentence, where it is none, or means all there is."""
    if not said:
        raise ValueError('an empty pointer means the whole; remove it, or write one such as "/version"')
    return checked(said)


def whole(content: bytes, mask: Mask) -> Held:
    """All of it, to the byte."""
    masked = mask.content(content)
    return Held(_digest(masked), cut(plain(masked.decode("utf-8", "replace"))))


def pointed(content: bytes, at: str, mask: Mask) -> Held:
    """What stands there in it. Raises ValueError, with half a sentence and the remedy, where nothing does, or it is no JSON."""
    try:
        document = json.loads(content)
    except (ValueError, RecursionError):
        raise ValueError("is no JSON; remove `pointer`, or have it say JSON") from None
    try:
        value = found(document, at)
    except LookupError:
        raise ValueError(f"has nothing at {at}; correct `pointer`") from None
    text = mask.text(value if isinstance(value, str) else json.dumps(value, sort_keys=True, ensure_ascii=False))
    return Held(_digest(f"{type(value).__name__} {text}".encode("utf-8", "surrogatepass")), cut(plain(text)))


def picked(texts: Sequence[str], mask: Mask) -> Held:
    """What was picked, in that order."""
    masked = [mask.text(text) for text in texts]
    return Held(_digest(json.dumps(masked).encode()), cut(plain(", ".join(masked))))


def sayable(text: str, mask: Mask) -> str:
    """What is wrong, as others say it, in a sentence: on one line, not long, without its full stop, secrets masked."""
    return re.sub(r"\.+$", "", cut(plain(mask.text(text)), 200))


def _digest(content: bytes) -> str:
    return hashlib.blake2b(content, digest_size=18).hexdigest()
