"""A condition's text held together: what it says, or what is wrong with it."""

from __future__ import annotations

from functools import lru_cache

from msgspec import Struct

from engine.condition.ambiguous import refuse_ambiguous
from engine.condition.build import Builder
from engine.condition.grammar import Stop, words
from engine.condition.meant import meant
from engine.condition.sense import check
from engine.condition.spelling import spelled
from engine.condition.stopped import stopped
from engine.condition.tidy import LONGEST, tidy
from engine.condition.tree import Node, Reference, names
from engine.condition.unreadable import Unreadable, refused, whole


class Condition(Struct, frozen=True):
    """What has to hold. Two that say the same in the same order are equal, however they were typed.

    text: in plain form; `parse` reads it back.   names: every value that it may ask for.
    """

    text: str
    tree: Node
    names: frozenset[Reference]


@lru_cache(maxsize=4096)
def parse(text: str) -> Condition:
    """Read a Condition cell. Raises Unreadable: with both readings, with what was probably meant, or with what belongs there."""
    said = tidy(text)
    refuse_ambiguous(said)  # outside: what is ambiguous is no slip of the finger
    try:
        return _condition(said)
    except Stop as exc:
        better = meant(said, _reads)
        told = better is not None and better.isprintable()
        raise refused(said, f"did you mean {whole(better)}?" if better is not None and told else stopped(said, exc)) from None


def _condition(text: str) -> Condition:
    """Raises Stop, Unreadable."""
    tree = Builder(text).whole(words(text))
    check(text, tree)
    plain = spelled(tree)
    if len(plain) > LONGEST:
        raise refused(text, f"is longer than {LONGEST} characters where it is written out; leave a part of it to the action")
    return Condition(plain, tree, frozenset(names(tree)))


def _reads(text: str) -> bool:
    """Whether this says something, in one way only."""
    try:
        refuse_ambiguous(text)
        _condition(text)
    except (Unreadable, Stop):
        return False
    return True
