"""The forms of ids, and new ones: the same each time with the same seed."""

from __future__ import annotations

import re
from random import Random

_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
_FORM = re.compile(r"[a-z]{3}[A-Za-z0-9]{14}")


class Ids:
    """Draws ids: three letters for the kind, fourteen more."""

    def __init__(self, seed: int = 0) -> None:
        self._random = Random(f"ids {seed}")  # noqa: S311 (a story that can be told again, no secret)

    def new(self, kind: str) -> str:
        """kind: `rec`, `fld`, `tbl`, `viw`, `app`, `sel`, `com`, `ach`, `att`, `itr`, `usr`."""
        return kind + "".join(self._random.choices(_LETTERS, k=14))

    def secret(self) -> bytes:
        return self._random.randbytes(32)


def is_id(text: object, kind: str) -> bool:
    """Whether it has the form of an id of this kind."""
    return isinstance(text, str) and text.startswith(kind) and _FORM.fullmatch(text) is not None
