"""What a row says of watched sources: found among those that the operator declares, and among its own columns. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from msgspec import Struct

from connectors.api import BEYOND, fold
from engine.cells import did_you_mean, quoted
from engine.columns import OURS, SHARED, Column
from engine.model import Task, Type
from engine.settings import Settings
from engine.wording import conjoined
from watches.api import THROUGH

_NOT_WATCHED = OURS | SHARED | {Column.ID, Column.NAME, Column.WATCH, Column.COUNTS, Column.METADATA, BEYOND}
"""Columns that rowd writes, or by which a row is told apart, or in which the watching itself stands."""

OF_ALL = frozenset({"source", "summary", "number"})
"""What every event says."""

OF_EDITS = frozenset({"column", "old", "new"})
"""What an edit says besides."""

REACTS = frozenset({Type.ON_CHANGE, Type.ON_COMMIT, Type.WEBHOOK})
"""Types of rows that nothing but what they watch makes run."""

_ONLY = {Type.ON_COMMIT: "repository", Type.WEBHOOK: "webhook"}
"""What rows of these types watch, and nothing else."""

_HAPPENS = {Type.ON_COMMIT: "there are new commits", Type.WEBHOOK: "something is delivered"}

Sources = Mapping[str, Type]
"""Name of a watched source → the Type of rows that nothing else makes run: ON_COMMIT, WEBHOOK, or else ON_CHANGE."""


class Watched(Struct, frozen=True):
    """What a row watches.   sources: as the operator calls them.   columns: as the table calls them."""

    sources: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.sources or self.columns)


Closed = Mapping[str, str]
"""Name of a watched source that these rows may not name → why, with the remedy."""


def watched(row: Settings, sources: Sources, closed: Closed, headers: Collection[str]) -> Watched:
    """What stands under Watch.   headers: of the table, canonical ones as rowd calls them.   Raises Wrong."""
    named = row.names(Column.WATCH, "names nothing; write a watched source, or a column of this table, with commas between them")
    if not named:
        return Watched()
    columns = {fold(header): header for header in headers}
    found, own = [], []
    for name in named:
        source, column = _source(name, sources), columns.get(fold(name))
        if source is not None and column is not None and column not in _NOT_WATCHED:
            row.refuse(Column.WATCH, f"{quoted(name)} is a watched source, and a column of this table; call one of them otherwise")
        if source is not None:
            found.append(source)
        elif column is not None:
            if column in _NOT_WATCHED:
                row.refuse(Column.WATCH, f"the column {column} can't be watched; name one that people alone write")
            own.append(column)
        elif (shut := _source(name, closed)) is not None:
            row.refuse(Column.WATCH, f"{quoted(name)} tells of another table, and {closed[shut]}")
        else:
            among = [*sources, *(header for header in headers if header not in _NOT_WATCHED)]
            row.refuse(Column.WATCH, _unknown(name, among, "no watched source, and no column of this table, is"))
    return Watched(tuple(dict.fromkeys(found)), tuple(dict.fromkeys(own)))


def said_by_events(what: Watched, says: Mapping[str, frozenset[str] | None]) -> frozenset[str] | None:
    """The names of all that events of these may say; None where that may be anything."""
    each = [says.get(name) for name in what.sources] + [OF_EDITS for _ in what.columns]
    if any(names is None for names in each):
        return None
    return OF_ALL.union(*(names for names in each if names is not None))


def counted(row: Settings, sources: Sources, closed: Closed, type_: Type) -> tuple[str, ...]:
    """The sources under Counts. Raises Wrong."""
    named = row.names(Column.COUNTS, "names nothing; write watched sources, with commas between them, or clear it")
    if named and type_ is not Type.COUNTER:
        row.refuse(
            Column.COUNTS, f"only a counter counts, and this is of type {type_}; clear it, or write what it runs on under Watch"
        )
    found = []
    for name in named:
        if (source := _source(name, sources)) is None:
            if (shut := _source(name, closed)) is not None:
                row.refuse(Column.COUNTS, f"{quoted(name)} tells of another table, and {closed[shut]}")
            row.refuse(Column.COUNTS, _unknown(name, sources, "no watched source is"))
        found.append(source)
    return tuple(dict.fromkeys(found))


def of_outcomes(counts: Iterable[str], says: Mapping[str, frozenset[str] | None]) -> tuple[str, ...]:
    """Those of these sources that are about outcomes: they say what has brought each about."""
    return tuple(name for name in counts if THROUGH in (says.get(name) or ()))


def reacting(row: Settings, what: Watched, sources: Sources) -> tuple[Type, Watched]:
    """The Type of a row that nothing else makes run, and what it watches: the only repository, or webhook, where it names none.

    Raises Wrong.
    """
    type_ = row.type()
    only = _ONLY.get(type_) if type_ is not None else None
    fit = [name for name, makes in sources.items() if only is None or makes is type_]
    if row.value(Column.SCHEDULE) is not None:
        row.refuse(Column.SCHEDULE, f"a task of Type {type_} runs when what it watches changes; clear Schedule, or Type")
    if not what and type_ is not None and only is not None and len(fit) == 1:
        return type_, Watched((fit[0],))
    if not what:
        there = conjoined(fit, 5)
        some = f", such as {there}" if there else "; its operator has yet to define one in rowd.toml, as [watch.NAME]"
        row.tell(Column.WATCH, f"Watch is blank; write the name of a watched source{some}")
    if only is not None and (other := [*(name for name in what.sources if sources[name] is not type_), *what.columns]):
        row.refuse(Column.WATCH, f"{quoted(other[0])} is no {only}; a row of Type {type_} watches those alone: write on_change")
    makes = {*(sources[name] for name in what.sources), *(Type.ON_CHANGE for _ in what.columns)}
    return type_ or (makes.pop() if len(makes) == 1 else Type.ON_CHANGE), what


def reacts_to(task: Task) -> str:
    """What makes it run, beside its schedule, in words: `something changes in inbox, or in its column Stage`."""
    what = [f"in {conjoined(task.watches)}"] if task.watches else []
    if task.columns:
        what.append(f"in its {'column' if len(task.columns) == 1 else 'columns'} {conjoined(task.columns)}")
    happens = _HAPPENS.get(task.type, "something changes")
    return f"{happens} {', or '.join(what)}"


def _source(name: str, sources: Iterable[str]) -> str | None:
    return next((source for source in sources if fold(source) == fold(name)), None)


def _unknown(name: str, among: Iterable[str], none: str) -> str:
    hint = did_you_mean(name, among) or "; the operator defines watched sources in rowd.toml, as [watch.NAME]"
    return f"{none} called {quoted(name)}{hint}"
