"""Which row is meant by a name that another row says: one of its own table, or `TABLE/ROW`; and what to say where none is. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from enum import StrEnum
from itertools import islice

from msgspec import Struct
from msgspec.structs import replace

from engine.cells import alike, did_you_mean, listed, quoted, text
from engine.columns import Column
from engine.links import Openness, Place
from engine.model import RowState

MOST_HINTED = 200
"""Where no more rows than these speak of others, a name that no row has is held against so many that rows do have, and against
those that they had.
"""

_JOINTS = (
    re.compile(r"\s*(?:[;|&+]|->|→|\band\b|\bthen\b)\s*", re.IGNORECASE),
    re.compile(r"\s*/\s*"),
    re.compile(r"\s+"),
)
"""What people put between names instead of commas."""

THIS = "this table"


class Extent(StrEnum):
    """How far the rows of a table are known to those of others."""

    WHOLE = "whole"
    UNREAD = "unread"  # the ledger's copy alone: others may have come since
    ELSEWHERE = "elsewhere"  # another daemon runs the table


class Listed(Struct, frozen=True):
    """The rows of one table, as far as they can be spoken of.   named: name, as it looks → key.   hints: some of their names.

    elsewhere: keys of rows that another daemon runs.   before: name, as it looked → the key of the row that bore it last, before it
    was given another.
    """

    states: Mapping[str, RowState]
    named: Mapping[str, str]
    elsewhere: Collection[str]
    hints: tuple[str, ...]
    before: Mapping[str, str]
    extent: Extent

    def key(self, said: str) -> str | None:
        """Which row this Name or ID is of; None for none."""
        if (named := self.named.get(alike(said))) is not None:
            return named
        state = self.states.get(said)
        return said if state is not None and state.deleted_at is None else None

    def ran_here(self, key: str) -> bool:
        """Whether this daemon knows of the row's runs.   key: "" for a row that isn't known."""
        return key not in self.elsewhere and self.extent is not Extent.ELSEWHERE

    def missing(self, said: str, of: str, but: str = "", hint: str = "") -> str:
        """That no row has this Name or ID, with what became of the one that had it, or the nearest.   of: how the table is called.

        but: a Name that is no hint.   hint: told before the nearest.
        """
        hint = (self._became(said) if self.hints else "") or hint
        return f"no row of {of} has the Name or ID {quoted(said)}{hint or self.nearest(said, but)}"

    def nearest(self, said: str, but: str) -> str:
        """The row that was probably meant, for the end of a sentence; "" for none."""
        return did_you_mean(said, [name for name in self.hints if name != but])

    def _became(self, said: str) -> str:
        """What became of the row that had this Name or ID, for the end of a sentence; "" where none is known to have had it."""
        bearer = self.states.get(self.before.get(alike(said), said))
        if bearer is not None and bearer.deleted_at is None:
            now = text(bearer.cells.get(Column.NAME))
            was = (
                f"it was renamed to {quoted(now)}"
                if now is not None
                else f"the Name of the row with the ID {bearer.key} is blank now"
            )
            return f" any more; {was}"
        gone = any(one.deleted_at is not None and alike(name_of(one)) == alike(said) for one in self.states.values())
        return " any more; it was deleted" if gone or bearer is not None else ""

    def looked_up(self, names: Iterable[str]) -> Listed:
        """The same with these names looked up."""
        return replace(self, named=bearers(names, self.states))


class Reader(Struct, frozen=True):
    """What the rows of one table can speak of.

    listed: its own rows, and those of the tables that it may read, as far as those are served.   tables: all others of `rowd.toml`.
    """

    table: str
    listed: Mapping[str, Listed]
    tables: Mapping[str, Openness]

    def find(self, said: str) -> Place | None:
        """Which row is meant; None for none. Its key is "" while it isn't known whether there is one."""
        if (key := self.listed[self.table].key(said)) is not None:
            return self.table, key
        table, rest = parted(said)
        if not self.may_read(table):
            return None
        there = self.listed.get(table)
        if there is None:
            return table, ""
        if (key := there.key(rest)) is not None:
            return table, key
        return (table, "") if there.extent is not Extent.WHOLE and table != self.table else None

    def may_read(self, table: str) -> bool:
        """Whether rows of this table can be spoken of."""
        return table == self.table or self.tables.get(table) is Openness.OPEN

    def missing(self, said: str, but: str = "") -> str:
        """Why `find` answers None, with the remedy.   but: the Name of the row that says it."""
        own, (table, rest) = self.listed[self.table], parted(said)
        if table == self.table:
            return own.missing(rest, THIS, but)
        match self.tables.get(table):
            case Openness.CLOSED:
                return unreadable(table, self.table)
            case Openness.UNSERVED:
                return (
                    f"nothing of the table {table} runs, since it says serve = false in rowd.toml; name a row of one that is served"
                )
            case Openness.OPEN if not rest:
                return f"{quoted(said)} names no row; after {table}/ write the Name of one"
            case Openness.OPEN:
                return self.listed[table].missing(rest, f"the table {table}")
        hint = self._several(said) or self._elsewhere(said)
        if table and not hint:
            near = did_you_mean(table, [name for name, openness in self.tables.items() if openness is Openness.OPEN])
            if near or not own.nearest(said, but):
                hint = f", and there is no table {quoted(table)}{near}"
        return own.missing(said, THIS, but, hint)

    def _several(self, said: str) -> str:
        """What to write for one name that is several, none of which is joined to the next by a comma; "" where it isn't."""
        several = list(_apart(said)) if self.listed[self.table].hints else []
        if several:
            words = [word for names in several for name in names for word in (name, parted(name)[1])]
            looked_up = replace(self, listed={table: one.looked_up(words) for table, one in self.listed.items()})
            names = next((names for names in several if all(map(looked_up.find, names))), None)
            return f"; with commas between the names, it is {listed(names)}" if names is not None else ""
        return ""

    def _elsewhere(self, said: str) -> str:
        """What to write for a row that only other tables have; "" where none has it."""
        others = [name for name in self.listed if name != self.table and self.may_read(name)]
        if not others or not self.listed[self.table].hints:
            return ""
        found = [f"{name}/{said}" for name in others if self.listed[name].looked_up([said]).key(said) is not None]
        return f"; of another table, it is {' or '.join(found)}" if found else ""

    def called(self, place: Place, state: RowState) -> str:
        """What a row is called here: a row of a table that these may not read is not named."""
        table, _ = place
        if table == self.table:
            return name_of(state)
        return f"{table}/{name_of(state)}" if self.may_read(table) else f"a row of {table}"


def unreadable(table: str, reader: str) -> str:
    """Why rows of `reader` can't speak of those of this table, with the remedy."""
    remedy = f"the operator can let them, by {quoted(reader)} in readable_by under [tables.{table}] in rowd.toml"
    return f"rows of this table may not speak of those of the table {table}; {remedy}"


def parted(said: str) -> tuple[str, str]:
    """Table and row of `TABLE/ROW`; "" for the table where none is named."""
    table, slash, rest = said.partition("/")
    return (table.strip().lower(), rest.strip()) if slash else ("", said)


def name_of(state: RowState) -> str:
    """The row's Name; where that is blank, its ID."""
    return text(state.cells.get(Column.NAME)) or state.key


def hints(states: Mapping[str, RowState]) -> tuple[str, ...]:
    """Some names of these rows."""
    return tuple(islice((name_of(state) for state in states.values() if state.deleted_at is None), MOST_HINTED))


def bearers(names: Iterable[str], states: Mapping[str, RowState]) -> dict[str, str]:
    """Name, as it looks → the key of the row that bears it, of these names. Of several rows, the one seen first."""
    wanted = set(map(alike, names))
    found: dict[str, RowState] = {}
    for state in states.values() if wanted else ():
        name = text(state.cells.get(Column.NAME)) if state.deleted_at is None else None
        if name is None or (said := alike(name)) not in wanted:
            continue
        if said not in found or state.first_seen < found[said].first_seen:
            found[said] = state
    return {said: state.key for said, state in found.items()}


def _apart(said: str) -> Iterator[list[str]]:
    """The names that this may be of several rows, by what people put between them."""
    for joint in _JOINTS:
        names = [name for name in joint.split(said) if name]
        if len(names) > 1:
            yield names
