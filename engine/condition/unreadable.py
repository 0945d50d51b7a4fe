"""What is said of a condition that can't be read, or can't be decided: the condition, what is wrong, where, the remedy."""

from __future__ import annotations

LONGEST_SHOWN = 60
"""Characters of a condition, or of a part of it, that a message repeats."""


class Unreadable(ValueError):
    """A condition that says nothing rowd can follow. The text is one sentence for the Health cell."""


class Undecidable(ValueError):
    """A condition that is neither true nor false as things stand. The text is one sentence for the Health cell."""


def refused(text: str, why: str) -> Unreadable:
    """The error for a cell that says `text`; `why` holds what is wrong and the remedy."""
    return Unreadable(f"Condition {shown(text)}: {why}")


def two_readings(text: str, one: str, other: str) -> Unreadable:
    """The error for a cell that can be read in two ways, with both shown."""
    return refused(text, f"can be read in two ways: write {one}, or {other}")


def undecided(text: str, why: str) -> Undecidable:
    """The error for a condition that can't be decided; `why` holds what is wrong and the remedy."""
    return Undecidable(f"Condition {shown(text)}: {why}")


def shown(text: str) -> str:
    """The text in quotes, on one line, without anything unprintable, cut where it is long."""
    return whole(cut(text))


def whole(text: str) -> str:
    """The text in quotes that it doesn't hold, as far as there are such."""
    return f"'{text}'" if '"' in text and "'" not in text else f'"{text}"'


def cut(text: str, most: int = LONGEST_SHOWN) -> str:
    """The same without quotes."""
    line = " ".join("".join(c if c.isprintable() else " " for c in text[: most * 4]).split())
    return line if len(line) <= most else f"{line[:most]}…"
