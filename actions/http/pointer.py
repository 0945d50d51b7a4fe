"""JSON pointers (RFC 6901): where in an answer an output stands."""

from __future__ import annotations

import re

_INDEX = re.compile(r"0|[1-9]\d{0,8}", re.ASCII)


def checked(pointer: str) -> str:
    """The pointer itself. Raises ValueError, with a sentence, where it is none."""
    if (pointer and not pointer.startswith("/")) or re.search(r"~(?![01])", pointer):
        raise ValueError(f'"{pointer}" is no JSON pointer; write one such as "/data/0/price"')
    return pointer


def found(document: object, pointer: str) -> object:
    """What stands there. Raises LookupError where nothing does."""
    place = document
    for part in pointer.split("/")[1:]:
        name = part.replace("~1", "/").replace("~0", "~")
        match place:
            case dict() if name in place:
                place = place[name]
            case list() if _INDEX.fullmatch(name) and int(name) < len(place):
                place = place[int(name)]
            case _:
                raise LookupError(pointer)
    return place
