"""Rows that wait for others, or ask for their values, in one table or in several: which those are, and what is wrong with what is
said of them.

Pure.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from msgspec import Struct
from msgspec.structs import replace

from connectors.api import Cell
from engine.cells import alike, listed, quoted, text
from engine.circles import circles, path
from engine.columns import Column
from engine.filling import INSTANTS
from engine.links import Dependency, OnFailure, Openness, Place, Source
from engine.model import Defect, InCircle, NoRow, RowState, Task
from engine.naming import MOST_HINTED, Extent, Listed, Reader, bearers, hints, parted
from engine.outside import NOTHING_OUTSIDE, Outside

SHOWN = 8
"""So many rows of a circle are named."""

_NOTHING: Mapping[str, str] = {}
_ALONE: Mapping[str, Openness] = {}


class Speaking(Struct, frozen=True):
    """One table, as far as its rows speak of others, and others of them.

    waiting: tasks that depend on others or ask for values, as parsed, by key.   states: every row that is known.
    elsewhere: keys of the rows that another daemon runs.   before: see `Listed`.   outside: what else they may ask for.
    tables: the other tables of `rowd.toml`.
    """

    waiting: Mapping[str, Task]
    states: Mapping[str, RowState]
    elsewhere: Collection[str] = ()
    before: Mapping[str, str] = _NOTHING
    outside: Outside = NOTHING_OUTSIDE
    tables: Mapping[str, Openness] = _ALONE
    extent: Extent = Extent.WHOLE

    @property
    def spoken_of(self) -> frozenset[str]:
        """The other tables whose rows these may mean."""
        if Openness.OPEN not in self.tables.values():
            return frozenset()
        named = {parted(name)[0] for task in self.waiting.values() for name in _names(task)}
        return frozenset(table for table in named if self.tables.get(table) is Openness.OPEN)


def linked(tables: Mapping[str, Speaking]) -> dict[str, dict[str, Task | Defect]]:
    """The tasks of these tables that speak of others, with the rows that those are, by table and key; or what is wrong with what
    one says.

    tables: all that speak of each other, in an order that is the same each time: so a circle is told alike each time.
    """
    readers = _readers(tables)
    tasks = {(table, key): its.waiting[key] for table, its in tables.items() for key in its.states if key in its.waiting}
    found = {place: _understood(task, readers[place[0]], tables[place[0]]) for place, task in tasks.items()}
    graph = {place: tuple(d.place for d in one.depends_on) for place, one in found.items() if isinstance(one, Task)}
    for circle in circles(graph):
        shared = path(graph, circle)[:-1]
        places = {place: at for at, place in enumerate(shared)}
        for place in circle:
            own, at = (shared, places[place]) if place in places else (_own(graph, circle, place) or shared, 0)
            around = _Around(readers[place[0]], tables)
            found[place] = _in_circle(tasks[place], around, shared if place in places else own, own, at)
    by_table: dict[str, dict[str, Task | Defect]] = {table: {} for table in tables}
    for (table, key), one in found.items():
        by_table[table][key] = one
    return by_table


def _readers(tables: Mapping[str, Speaking]) -> dict[str, Reader]:
    """Table → what its rows can speak of."""
    wanted: dict[str, list[str]] = {table: [] for table in tables}
    for table, its in tables.items():
        for task in its.waiting.values():
            for name in _names(task):
                wanted[table].append(name)
                there, rest = parted(name)
                if there == table or (there in wanted and its.tables.get(there) is Openness.OPEN):
                    wanted[there].append(rest)
    known = {table: _listed(its, wanted[table]) for table, its in tables.items()}
    unhinted = {table: replace(rows, hints=(), before=_NOTHING) for table, rows in known.items()}
    readers = {}
    for table, its in tables.items():
        listed_ = known if len(its.waiting) <= MOST_HINTED else unhinted
        read = {one: rows for one, rows in listed_.items() if one == table or its.tables.get(one) is Openness.OPEN}
        readers[table] = Reader(table, read, its.tables)
    return readers


def _listed(its: Speaking, wanted: Iterable[str]) -> Listed:
    return Listed(its.states, bearers(wanted, its.states), its.elsewhere, hints(its.states), its.before, its.extent)


def _own(graph: Mapping[Place, Sequence[Place]], circle: list[Place], place: Place) -> list[Place]:
    """A circle through a row that the shared one leaves out, from it on; none where the rows are very many."""
    return path(graph, [place, *circle])[:-1] if len(circle) <= MOST_HINTED else []


class _Around(Struct, frozen=True):
    """How rows are called in the table of one."""

    reader: Reader
    tables: Mapping[str, Speaking]

    def way(self, places: Sequence[Place], at: int) -> str:
        """Once around these, from this place on."""
        shown = len(places) if len(places) < SHOWN else SHOWN - 2
        names = [self._called(places[(at + n) % len(places)]) for n in range(shown)]
        more = [f"{len(places) - shown} more"] if shown < len(places) else []
        return " → ".join([*names, *more, names[0]])

    def _called(self, place: Place) -> str:
        table, key = place
        return self.reader.called(place, self.tables[table].states[key])


def _in_circle(task: Task, around: _Around, told: Sequence[Place], own: Sequence[Place], at: int) -> InCircle:
    """told: the circle as its own rows tell it, each the same.   own: as others do, that begin at this row, in this place of it."""
    if len(own) == 1:
        why, circle = "the row waits for itself; take it out", "waits for itself"
    else:
        why = f"a circle, {around.way(told, 0)}; take one of these out of another's Depends On"
        circle = f"in a circle: {around.way(own, at)}"
    defect = _defect(task, why)
    return InCircle(defect.table, defect.key, defect.name, defect.column, defect.message, circle=circle)


def _names(task: Task) -> Iterator[str]:
    """Every name of another row that it may mean."""
    yield from (dependency.name for dependency in task.depends_on)
    if len(task.depends_on) > 1:
        yield _whole(task)
    yield from (word for _, _, names in _asked(task) for name in names for word in name[:2])


def _whole(task: Task) -> str:
    """What it depends on as one name, which may hold commas."""
    return ", ".join(dependency.name for dependency in task.depends_on)


def _understood(task: Task, reader: Reader, its: Speaking) -> Task | Defect:
    return _asking(_resolved(task, reader), reader, its)


def _resolved(task: Task, reader: Reader) -> Task | Defect:
    found: dict[tuple[str, str], Dependency] = {}
    for dependency in task.depends_on:
        place = reader.find(dependency.name)
        if place is None:
            if (whole := reader.find(_whole(task))) is not None and whole[1]:
                return _defect(task, "a Name that holds a comma stands in double quotes; put it in quotes")
            defect = _defect(task, reader.missing(dependency.name, task.name))
            return NoRow(defect.table, defect.key, defect.name, defect.column, defect.message, said=alike(dependency.name))
        table, key = place
        if (there := reader.listed.get(table)) is not None and not there.ran_here(key):
            why = f"{quoted(dependency.name)} is run by another daemon; a row can only wait for rows that its own daemon runs"
            return _defect(task, why)
        found.setdefault((table, key or alike(dependency.name)), replace(dependency, table=table, key=key))
    return replace(task, depends_on=tuple(found.values()))


def unheard(task: Task, cells: Mapping[str, Cell]) -> str | None:
    """What to tell of a row that says what is to follow where one fails that it waits for, and waits for none.

    cells: canonical.
    """
    said = text(cells.get(Column.ON_FAILURE)) is not None or task.on_failure is not OnFailure.SKIP
    return _UNHEARD if said and not task.depends_on else None


_UNHEARD = (
    f"{Column.ON_FAILURE} says nothing of a row that waits for no other; fill in {Column.DEPENDS_ON}, or clear {Column.ON_FAILURE}"
)


def _asking(task: Task | Defect, reader: Reader, its: Speaking) -> Task | Defect:
    """With the values that its condition and its parameters ask for."""
    if isinstance(task, Defect) or (task.condition is None and not task.blanks):
        return task
    from engine import never, sources

    state = its.states[task.key]
    headers, found = state.cells.keys() | state.stood.keys(), dict[tuple[str, ...], Source | None]()
    for column, said, names in _asked(task):
        try:
            found |= {name: sources.source(name, task, reader, headers, its.outside) for name in sorted(names)}
            if column != Column.CONDITION:
                sources.refuse_facts(names)
        except sources.NoSource as exc:
            return Defect(task.table, task.key, task.name, column, f"{said}: {exc}")
    there = tuple(one for one in found.values() if one is not None)
    if task.condition is not None:
        why = never.met(task.condition.tree, {one.reference: one.what for one in there})
        if why is not None:
            said = f"{Column.CONDITION} {quoted(task.condition.text)}: {why}"
            return Defect(task.table, task.key, task.name, str(Column.CONDITION), said)
    return replace(task, sources=there)


def _asked(task: Task) -> Iterator[tuple[str, str, frozenset[tuple[str, ...]]]]:
    """What asks for values: in which column, as a message says it, and for which names."""
    if task.condition is not None:
        yield str(Column.CONDITION), f"{Column.CONDITION} {quoted(task.condition.text)}", frozenset(task.condition.names)
    for name, blank in task.blanks.items():
        said = f"{Column.METADATA}, parameter {quoted(name)}: {quoted(blank.template.text)}"
        yield str(Column.METADATA), said, blank.template.names - INSTANTS


def _defect(task: Task, why: str) -> Defect:
    said = listed(dependency.name for dependency in task.depends_on)
    return Defect(task.table, task.key, task.name, str(Column.DEPENDS_ON), f"{Column.DEPENDS_ON} {quoted(said)}: {why}")
