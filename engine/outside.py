"""What is known of the world outside: facts as they were told last. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from types import MappingProxyType

from msgspec import Struct

from facts.api import Tree


class Outside(Struct, frozen=True):
    """What rows may ask for of the world outside, as the operator declares it.

    facts: their names.   variables: name → value, of those of the environment that conditions may read; None of one that has none.
    """

    facts: frozenset[str] = frozenset()
    variables: Mapping[str, str | None] = MappingProxyType({})


NOTHING_OUTSIDE = Outside()


class Known(Struct, frozen=True):
    """What came of asking for a fact last.

    definition: a mark of what `rowd.toml` said of it.   trouble: why it could not be asked; "" where `value` was told.
    asked_at, told_at: when that began, and when it was over.   since: since when it can be asked, or can't.
    """

    name: str
    definition: str
    value: Tree
    trouble: str
    asked_at: datetime
    told_at: datetime
    since: datetime

    def serves(self, max_age: timedelta, now: datetime, waits_since: datetime | None) -> bool:
        """Whether a row that comes due goes by it.

        waits_since: since when it has waited for an answer: then one that came since is one, however it ended and whatever its age.
        """
        if waits_since is not None and self.told_at >= waits_since:
            return True
        return not self.trouble and now - self.asked_at <= max_age


class Told(Struct, frozen=True):
    """A fact of `rowd.toml`, and what is known of it: None for nothing.   max_age: see `facts.api.Definition`."""

    known: Known | None
    max_age: timedelta


Facts = Mapping[str, Told]
"""All that `rowd.toml` has, by name."""


class Wanted(Exception):
    """A condition asks for a fact of which nothing is known, or nothing new enough."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


class Awaiting(Struct, frozen=True):
    """A row that can't be decided on before a fact is told.   since: when it first asked for one."""

    name: str
    since: datetime


def known(name: str, facts: Facts, now: datetime, waits_since: datetime | None) -> Known:
    """What a row goes by that comes due. Raises Wanted."""
    told = facts.get(name)
    if told is None or told.known is None or not told.known.serves(told.max_age, now, waits_since):
        raise Wanted(name)
    return told.known


def newest(facts: Facts, names: Iterable[str]) -> list[Known]:
    """What is known of these, in their order, however old it is."""
    return [told.known for name in names if (told := facts.get(name)) is not None and told.known is not None]
