"""What a program printed, or a server answered, as a value."""

from __future__ import annotations

import json
from typing import NoReturn

from actions.telling import cut, plain
from facts.api import Tree, Unhad

LONGEST_TEXT = 2_000
"""Characters of a value that is text: it is compared as a whole, and shown."""


def read(said: bytes, who: str) -> Tree:
    """JSON where it is JSON, else its text, without blanks around. A number, a percentage or a yes as text is read by what it is
    compared with, as everywhere.

    who: that said it, for a message.   Raises Unhad.
    """
    text = said.decode("utf-8", "replace").strip()
    if not text:
        raise Unhad(f"{who} said nothing; let it tell a value, were it 0")
    try:
        tree: Tree = json.loads(text, parse_constant=_no_json)
    except (ValueError, RecursionError):
        tree = text
    if isinstance(tree, str) and len(tree) > LONGEST_TEXT:
        raise Unhad(f"{who} said a text of {len(tree):,} characters; let it be {LONGEST_TEXT:,} at the most, or JSON")
    return tree


def _no_json(word: str) -> NoReturn:
    """Python's reader knows NaN and Infinity; JSON doesn't (RFC 8259, 6)."""
    raise ValueError(word)


def brief(text: str) -> str:
    """Of what a program or a server complains, what fits into a reason."""
    return cut(plain(text), 200)
