"""Rows of one table that wait for others, or ask for their values: which those are, and what is wrong with what is said of them.

Pure.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from math import inf

from msgspec import Struct
from msgspec.structs import replace

from connectors.api import Cell
from engine.cells import alike, did_you_mean, listed, quoted, text
from engine.columns import Column
from engine.filling import INSTANTS
from engine.links import Dependency, OnFailure, Source
from engine.model import Defect, RowState, Task
from engine.outside import NOTHING_OUTSIDE, Outside

SHOWN = 8
"""So many rows of a circle are named."""

MOST_HINTED = 200
"""Where no more rows than these wait for others, a name that no row has is held against so many that rows do have, and against
those that they had.
"""

_NOTHING: Mapping[str, str] = {}

_JOINTS = (re.compile(r"\s*(?:[;|&+/]|->|→|\band\b|\bthen\b)\s*", re.IGNORECASE), re.compile(r"\s+"))
"""What people put between names instead of commas."""

Graph = Mapping[str, tuple[str, ...]]
"""Key → the keys of the rows that it waits for."""


class InCircle(Defect, frozen=True):
    """A row that waits for itself, straight or around others.   circle: as those are told that wait for it."""

    circle: str = ""


class NoRow(Defect, frozen=True):
    """A row that waits for one that isn't there.   said: the Name or ID, as it looks."""

    said: str = ""


class Known(Struct, frozen=True):
    """The rows of a table, as far as they can be waited for.   named: name, as it looks → key.   hints: some of their names.

    before: name, as it looked → the key of the row that bore it last, before it was given another.   outside: what else they may
    ask for.
    """

    states: Mapping[str, RowState]
    named: Mapping[str, str]
    elsewhere: Collection[str]
    hints: tuple[str, ...]
    before: Mapping[str, str]
    outside: Outside

    def key(self, said: str) -> str | None:
        """Which row this Name or ID is of; None for none."""
        if (named := self.named.get(alike(said))) is not None:
            return named
        state = self.states.get(said)
        return said if state is not None and state.deleted_at is None else None

    def became(self, said: str) -> str:
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
        gone = any(one.deleted_at is not None and alike(_name(one)) == alike(said) for one in self.states.values())
        return " any more; it was deleted" if gone or bearer is not None else ""


def linked(
    waiting: Mapping[str, Task],
    states: Mapping[str, RowState],
    elsewhere: Collection[str],
    before: Mapping[str, str] = _NOTHING,
    outside: Outside = NOTHING_OUTSIDE,
) -> dict[str, Task | Defect]:
    """These tasks with the keys of the rows that they wait for and ask for values of, by key; or what is wrong with what one says.

    waiting: tasks that depend on others or have a condition, as parsed.   states: every row of the table that is known.
    elsewhere: keys of the rows that another daemon runs.   before, outside: see `Known`.
    """
    hints = _hints(states) if len(waiting) <= MOST_HINTED else ()
    named = _named((name for task in waiting.values() for name in _names(task)), states)
    known = Known(states, named, elsewhere, hints, before if hints else _NOTHING, outside)
    in_order = [waiting[key] for key in states if key in waiting]  # so that a circle is told alike each time
    found = {task.key: _asking(_resolved(task, known), known) for task in in_order}
    graph = {key: tuple(d.key for d in one.depends_on) for key, one in found.items() if isinstance(one, Task)}
    for circle in circles(graph):
        shared = path(graph, circle)[:-1]
        places = {key: at for at, key in enumerate(shared)}
        for key in circle:
            own, at = (shared, places[key]) if key in places else (_own(graph, circle, key) or shared, 0)
            found[key] = _in_circle(waiting[key], states, shared if key in places else own, own, at)
    return found


def _own(graph: Graph, circle: list[str], key: str) -> list[str]:
    """A circle through a row that the shared one leaves out, from it on; none where the rows are very many."""
    return path(graph, [key, *circle])[:-1] if len(circle) <= MOST_HINTED else []


def _in_circle(task: Task, states: Mapping[str, RowState], told: Sequence[str], own: Sequence[str], at: int) -> InCircle:
    """told: the circle as its own rows tell it, each the same.   own: as others do, that begin at this row, in this place of it."""
    if own == [task.key]:
        why, circle = "the row waits for itself; take it out", "waits for itself"
    else:
        why = f"a circle, {_way(states, told, 0)}; take one of these out of another's Depends On"
        circle = f"in a circle: {_way(states, own, at)}"
    defect = _defect(task, why)
    return InCircle(defect.table, defect.key, defect.name, defect.column, defect.message, circle=circle)


def _way(states: Mapping[str, RowState], keys: Sequence[str], at: int) -> str:
    """Once around, from this place on."""
    shown = len(keys) if len(keys) < SHOWN else SHOWN - 2
    names = [_name(states[keys[(at + n) % len(keys)]]) for n in range(shown)]
    more = [f"{len(keys) - shown} more"] if shown < len(keys) else []
    return " → ".join([*names, *more, names[0]])


def _named(names: Iterable[str], states: Mapping[str, RowState]) -> dict[str, str]:
    """Name, as it looks → the key of the row that bears it, of these names. Of several rows, the one seen first."""
    wanted = set(map(alike, names))
    bearers: dict[str, RowState] = {}
    for state in states.values():
        name = text(state.cells.get(Column.NAME)) if state.deleted_at is None else None
        if name is None or (said := alike(name)) not in wanted:
            continue
        if said not in bearers or state.first_seen < bearers[said].first_seen:
            bearers[said] = state
    return {said: state.key for said, state in bearers.items()}


def _names(task: Task) -> Iterator[str]:
    """Every name of another row that it may mean."""
    yield from (dependency.name for dependency in task.depends_on)
    yield _whole(task)
    yield from (word for _, _, names in _asked(task) for name in names for word in name[:2])


def _whole(task: Task) -> str:
    """What it depends on as one name, which may hold commas."""
    return ", ".join(dependency.name for dependency in task.depends_on)


def _resolved(task: Task, known: Known) -> Task | Defect:
    found: dict[str, Dependency] = {}
    for dependency in task.depends_on:
        key = known.key(dependency.name)
        if key is None:
            if known.key(_whole(task)) is not None:
                return _defect(task, "a Name that holds a comma stands in double quotes; put it in quotes")
            hint = known.became(dependency.name) if known.hints else ""
            hint = hint or _several(dependency.name, known)
            hint = hint or did_you_mean(dependency.name, [name for name in known.hints if name != task.name])
            defect = _defect(task, f"no row of this table has the Name or ID {quoted(dependency.name)}{hint}")
            return NoRow(defect.table, defect.key, defect.name, defect.column, defect.message, said=alike(dependency.name))
        if key in known.elsewhere:
            why = f"{quoted(dependency.name)} is run by another daemon; a row can only wait for rows that its own daemon runs"
            return _defect(task, why)
        found.setdefault(key, replace(dependency, key=key))
    return replace(task, depends_on=tuple(found.values()))


def _several(said: str, known: Known) -> str:
    """What to write for one name that is several, none of which is joined to the next by a comma; "" where it isn't."""
    several = list(_apart(said)) if known.hints else []
    if several:
        known = replace(known, named=_named((name for names in several for name in names), known.states))
    names = next((names for names in several if all(known.key(name) is not None for name in names)), None)
    return f"; with commas between the names, it is {listed(names)}" if names is not None else ""


def _apart(said: str) -> Iterator[list[str]]:
    """The names that this may be of several rows, by what people put between them."""
    for joint in _JOINTS:
        names = [name for name in joint.split(said) if name]
        if len(names) > 1:
            yield names


def unheard(task: Task, cells: Mapping[str, Cell]) -> str | None:
    """What to tell of a row that says what is to follow where one fails that it waits for, and waits for none.

    cells: canonical.
    """
    said = text(cells.get(Column.ON_FAILURE)) is not None or task.on_failure is not OnFailure.SKIP
    return _UNHEARD if said and not task.depends_on else None


_UNHEARD = (
    f"{Column.ON_FAILURE} says nothing of a row that waits for no other; fill in {Column.DEPENDS_ON}, or clear {Column.ON_FAILURE}"
)


def _asking(task: Task | Defect, known: Known) -> Task | Defect:
    """With the values that its condition and its parameters ask for."""
    if isinstance(task, Defect) or (task.condition is None and not task.blanks):
        return task
    from engine import never, sources

    state = known.states[task.key]
    headers, found = state.cells.keys() | state.stood.keys(), dict[tuple[str, ...], Source | None]()
    for column, said, names in _asked(task):
        try:
            found |= {name: sources.source(name, task, known.key, headers, known.outside) for name in sorted(names)}
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


def _hints(states: Mapping[str, RowState]) -> tuple[str, ...]:
    return tuple(islice((_name(state) for state in states.values() if state.deleted_at is None), MOST_HINTED))


def _name(state: RowState) -> str:
    return text(state.cells.get(Column.NAME)) or state.key


def _defect(task: Task, why: str) -> Defect:
    said = listed(dependency.name for dependency in task.depends_on)
    return Defect(task.table, task.key, task.name, str(Column.DEPENDS_ON), f"{Column.DEPENDS_ON} {quoted(said)}: {why}")


def circles(graph: Graph) -> Iterator[list[str]]:
    """The rows that wait for each other, straight or around others, together; in the order of the graph. Takes time by its size.

    Tarjan's strongly connected components, without recursion.
    """
    place = {key: n for n, key in enumerate(graph)}
    numbers: dict[str, float] = {}  # in the order of the walk; infinite once it is known with which others a row is together
    lowest: dict[str, float] = {}
    stack: list[str] = []
    for root in graph:
        walk = [(root, iter(graph[root]))] if root not in numbers else []
        while walk:
            key, ahead = walk[-1]
            if key not in numbers:
                numbers[key] = lowest[key] = len(numbers)
                stack.append(key)
            for after in ahead:
                if after in graph and after not in numbers:
                    walk.append((after, iter(graph[after])))
                    break
                lowest[key] = min(lowest[key], numbers.get(after, inf))
            else:
                walk.pop()
                if walk:
                    lowest[walk[-1][0]] = min(lowest[walk[-1][0]], lowest[key])
                if lowest[key] == numbers[key]:
                    together = _popped(stack, key)
                    numbers.update(dict.fromkeys(together, inf))
                    if len(together) > 1 or key in graph[key]:
                        yield sorted(together, key=place.__getitem__)


def _popped(stack: list[str], until: str) -> list[str]:
    popped = [stack.pop()]
    while popped[-1] != until:
        popped.append(stack.pop())
    return popped


def path(graph: Graph, circle: list[str]) -> list[str]:
    """A shortest way from the first of these rows that wait for each other back to it: the first and the last are the same."""
    within, start = set(circle), circle[0]
    came: dict[str, str] = {}
    ahead = deque([start])
    while ahead:
        key = ahead.popleft()
        for after in graph[key]:
            if after == start:
                way = [start]
                while key != start:
                    way.append(key)
                    key = came[key]
                return [start, *reversed(way)]
            if after in within and after not in came:
                came[after] = key
                ahead.append(after)
    raise ValueError(f"{start} does not wait for itself")
