"""Tables whose rows speak of each other's: what those mean together, and who is to hear of a change in another table."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Protocol

from msgspec import Struct

from engine.chains import Speaking, linked
from engine.links import Place
from engine.model import Defect, Task


class Neighbour(Protocol):
    """One of them."""

    @property
    def speaking(self) -> Speaking:
        """Its rows, as far as they speak of others."""

    @property
    def followers(self) -> Mapping[Place, Collection[str]]:
        """Row of any table → keys of its rows that wait for that one."""

    def hear(self, found: Mapping[str, Task | Defect], /) -> set[str]:
        """These rows of it mean this, in the light of all. Answers which mean something else than before."""


class Neighbours:
    """The tables of one daemon, or of one look at them. What changes in one is heard at once in all that speak of it."""

    def __init__(self) -> None:
        self._tables: dict[str, Neighbour] = {}
        self._spoken: dict[str, frozenset[str]] = {}  # table → the others that its rows speak of
        self._stirred: set[Place] = set()

    def join(self, table: str, neighbour: Neighbour) -> None:
        """Know one more table. What its rows mean beside the others is told by `meet`."""
        self._tables[table] = neighbour

    def leave(self, table: str) -> None:
        """Know a table no more. No row speaks of it: it has long been out of `rowd.toml`."""
        self._tables.pop(table, None)
        self._spoken.pop(table, None)

    def meet(self) -> None:
        """Find anew what the rows of all tables mean."""
        self._stir(self._link(self._tables))

    def relink(self, table: str) -> set[str]:
        """The rows of this table say something else of others now, or others can be found in it: find anew what they mean, and
        those of tables that speak of it. Answers the keys of its own that mean something else; others' are stirred.
        """
        changed = self._link([table])
        own = changed.pop(table, set())
        self._stir(changed)
        return own

    def speak_of(self, table: str) -> bool:
        """Whether rows of other tables speak of some of this one."""
        return any(table in spoken for spoken in self._spoken.values())

    def follow(self, table: str, keys: Collection[str]) -> set[str]:
        """The rows of this table that wait for one of these of it; those of other tables are stirred."""
        own: set[str] = set()
        for other, neighbour in self._tables.items():
            if followers := neighbour.followers:
                found = {follower for key in keys for follower in followers.get((table, key), ())}
                if other == table:
                    own = found
                else:
                    self._stirred.update((other, key) for key in found)
        return own

    def stirred(self) -> set[Place]:
        """Since the last call: rows that mean something else, or for which something has ended, since another table changed."""
        stirred, self._stirred = self._stirred, set()
        return stirred

    def beside(self, table: str) -> Neighbours:
        """The others alone, as they are: what is said to them goes no further."""
        alone = Neighbours()
        for other, neighbour in self._tables.items():
            if other != table:
                alone.join(other, _Deaf(neighbour.speaking))
                alone._spoken[other] = neighbour.speaking.spoken_of
        return alone

    def _stir(self, changed: Mapping[str, Collection[str]]) -> None:
        """These rows mean something else, by table: that shows in them, and in those that wait for them."""
        for table, keys in changed.items():
            self._stirred.update((table, key) for key in (*keys, *self.follow(table, keys)))

    def _link(self, tables: Iterable[str]) -> dict[str, set[str]]:
        """Table → keys of rows that mean something else, of these tables and all that speak of them, or of which they speak."""
        for table in tables:
            self._spoken[table] = self._tables[table].speaking.spoken_of
        together = sorted(self._joined(tables))
        found = linked({table: self._tables[table].speaking for table in together})
        return {table: self._tables[table].hear(found[table]) for table in together}

    def _joined(self, tables: Iterable[str]) -> set[str]:
        """With all that they are joined to, over any number of steps."""
        joined: set[str] = set()
        ahead = list(tables)
        while ahead:
            if (one := ahead.pop()) in joined:
                continue
            joined.add(one)
            ahead += [other for other, spoken in self._spoken.items() if one in spoken]
            ahead += [other for other in self._spoken.get(one, ()) if other in self._tables]
        return joined


class _Deaf(Struct, frozen=True):
    """A table that takes no part in what is found out."""

    speaking: Speaking
    followers: Mapping[Place, Collection[str]] = {}

    def hear(self, _found: Mapping[str, Task | Defect], /) -> set[str]:
        return set()
