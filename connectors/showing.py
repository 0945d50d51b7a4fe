"""Text out of a store, made fit for a message. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from config.mistakes import by_likeness, first_of

SHOWN = 60
"""Characters of one text that a message repeats."""

LISTED = 5
"""So many texts that it lists."""


def shown(text: str) -> str:
    """The text as `said` has it, in quotes."""
    return f'"{said(text)}"'


def said(text: str, most: int = SHOWN) -> str:
    """One line, at most so many characters, nothing that a terminal would obey, and what can't be seen made visible."""
    line = " ".join(text[: 4 * most].split())
    clean = "".join(c if c.isprintable() else "�" for c in line)
    return clean if len(clean) <= most else clean[: most - 1] + "…"


def offered(word: str, texts: Sequence[str]) -> str:
    """What there is, for whoever has named what isn't there: those first that look most like the word; `none` for nothing."""
    return first_of([shown(text) for text in by_likeness(word, texts) if text.strip()]) or "none"


def listed(texts: Sequence[str]) -> str:
    """The first of several; blank ones are left out."""
    found = [shown(text) for text in texts if text.strip()]
    return ", ".join(found[:LISTED]) + (" …" if len(found) > LISTED else "")
