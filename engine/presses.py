"""What a word in `Do` asks for. Pure."""

from __future__ import annotations

import re

from msgspec import Struct

from config.fields import TooLong, span
from connectors.api import Cell, fold
from engine.asked import Wish
from engine.cells import guess


class Press(Struct, frozen=True):
    """A button cell used once. `amount`: the span of a snooze in seconds, else 0."""

    wish: Wish
    amount: float = 0


class BadPress(ValueError):
    """A `Do` cell that says nothing we know, with the remedy."""


_SNOOZE = re.compile(r"snooze[\s_:]*(.*)", re.IGNORECASE | re.DOTALL)
"""A hyphen before the number belongs to it: then it is no span of time."""


_WORDS = (Wish.RUN_NOW, Wish.RETRY, Wish.SKIP_NEXT, Wish.CANCEL, Wish.APPROVE)
_A_SNOOZE = "snooze 2h"

_MEANT: dict[str, str] = {
    **dict.fromkeys(("run", "start", "go", "now", "rerun", "again"), Wish.RUN_NOW),
    **dict.fromkeys(("stop", "abort", "kill", "decline", "reject", "deny", "no"), Wish.CANCEL),
    **dict.fromkeys(("approved", "ok", "yes", "accept", "release"), Wish.APPROVE),
    "try again": Wish.RETRY,
    "skip": Wish.SKIP_NEXT,
}
"""What people write for a button that is called otherwise."""


def press_of(value: Cell) -> Press:
    """Read a button. Raises BadPress with a sentence for the person."""
    said = fold(str(value))
    for wish in _WORDS:
        if said == fold(wish):
            return Press(wish)
    if (snooze := _SNOOZE.fullmatch(str(value).strip())) is not None:
        try:
            return Press(Wish.SNOOZE, span(snooze[1]).total_seconds())
        except TooLong:
            raise BadPress(f'Do "{shortened(value)}": a snooze is ten years at the most; set Status to paused instead') from None
        except ValueError:
            raise BadPress(f'Do "{shortened(value)}": say for how long, like "snooze 2h"') from None
    if (meant := _MEANT.get(said) or _guessed(str(value))) is not None:
        raise BadPress(f'Do "{shortened(value)}" is no button; did you mean "{meant}"?')
    raise BadPress(f'Do "{shortened(value)}" is no button: use run now, retry, skip next, cancel, approve or snooze 2h')


def _guessed(value: str) -> str | None:
    """The button that was probably meant; None where none is near."""
    near = guess(value, (*_WORDS, _A_SNOOZE, *_MEANT))
    return _MEANT.get(near, near) if near is not None else None


def shortened(value: Cell) -> str:
    """A word for a message: what can be printed of it, 60 characters at the most."""
    text = "".join(c for c in str(value) if c.isprintable())
    return text if len(text) <= 60 else text[:59] + "…"
