"""Lots: everything that is drawn is drawn from a seed."""

from __future__ import annotations

import random


def seeded(seed: object) -> random.Random:
    """seed: anything that has a text; another source of lots, for one that goes its own way."""
    text = repr(seed.random()) if isinstance(seed, random.Random) else str(seed)
    return random.Random(text)  # noqa: S311 (lots of a test, no secrets)


def fresh() -> int:
    """A seed that nobody has chosen."""
    return random.SystemRandom().randrange(1_000_000)
