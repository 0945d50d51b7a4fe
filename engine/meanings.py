"""What the rows of one table mean: each a task or a defect, parsed anew where it changed; and which defects are news."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from connectors.api import Cell
from engine.cells import alike, text
from engine.chains import Speaking
from engine.columns import Column
from engine.links import Place
from engine.model import Defect, NoRow, RowState, Task
from engine.naming import Extent
from engine.neighbours import Neighbours
from engine.parse import Rules, Said, doubled_names, name_taken, parse, parse_like, said_by
from engine.workflows import Workflows


class Meanings:
    """Key → what the row means. Rows that share a name are one matter: a change of one can change what the others mean.

    followers: place of a row → the rows of this table that wait for it.   neighbours: the tables that it is joined to.
    """

    def __init__(self, rules: Rules, neighbours: Neighbours | None = None) -> None:
        """neighbours: None for a table that is looked at alone."""
        self.rules = rules
        self.understood: dict[str, Task | Defect] = {}
        self.followers: dict[Place, set[str]] = {}
        self._states: Mapping[str, RowState] = {}
        self._extent = Extent.WHOLE
        self._names: dict[str, Defect] = {}  # rows whose name another row had first
        self._waiting: dict[str, Task] = {}  # rows that speak of others, as parsed
        self._watching: dict[str, frozenset[str]] = {}  # row → the sources that it names
        self._watchers: dict[str, set[str]] = {}  # source → the rows that name it
        self._named: dict[str, Cell] = {}
        self._before: dict[str, str] = {}  # names that rows bore before, while others waited → key
        self.workflows = Workflows()
        self._untold: set[str] = set()
        self._told: dict[str, str] = {}
        self.join(neighbours or Neighbours())

    def join(self, neighbours: Neighbours) -> None:
        """Be one of these tables. What the rows mean beside theirs is told by `Neighbours.meet`."""
        self.neighbours = neighbours
        neighbours.join(self.rules.table, self)

    def read(self, states: Mapping[str, RowState], keys: Iterable[str]) -> set[str]:
        """Parse these rows again, and those whose meaning hangs on theirs: they share or shared a name, or depend on others that
        are different now. Answer which those were.

        states: every row of the table that is known.
        """
        self._states = states
        touched, named = set(keys), False
        spoken_of = bool(self._waiting) or self.neighbours.speak_of(self.rules.table)
        if any(self._named.get(k) != _name_of(states, k) for k in touched):
            names = doubled_names(states.values())
            touched |= {k for k in names.keys() | self._names.keys() if names.get(k) != self._names.get(k)}
            self._names = names
            if spoken_of:
                self._renamed(states, touched)
            self._named.update({k: _name_of(states, k) for k in touched})
            named = True
        known: dict[Said, Task] = {}
        relink = named and spoken_of
        for key in touched:
            state, before = states.get(key), self.understood.get(key)
            if state is None or state.deleted_at is not None:
                self.understood.pop(key, None)
            else:
                taken = self._names.get(key)
                self.understood[key] = name_taken(state, taken, self.rules) if taken is not None else self._parsed(state, known)
            self._watches(key)
            relink |= self._waits(key) or (spoken_of and _kind(before) != _kind(self.understood.get(key)))
        if relink:
            touched |= self.neighbours.relink(self.rules.table)
        self.workflows.read(states, touched)
        self._untold |= touched
        return touched

    def reach(self, extent: Extent) -> set[str]:
        """So far its rows are known now; answer which mean something else for it."""
        if extent is self._extent:
            return set()
        self._extent = extent
        return self.neighbours.relink(self.rules.table) if self.neighbours.speak_of(self.rules.table) else set()

    @property
    def extent(self) -> Extent:
        """How far its rows are known to others'."""
        return self._extent

    def _watches(self, key: str) -> None:
        """Keep which sources the row names."""
        task = self.understood.get(key)
        named = frozenset((*task.watches, *task.counts)) if isinstance(task, Task) else frozenset()
        before = self._watching.get(key, frozenset())
        if named == before:
            return
        for source in before - named:
            self._watchers[source].discard(key)
        for source in named - before:
            self._watchers.setdefault(source, set()).add(key)
        self._watching[key] = named

    def watchers(self, source: str) -> frozenset[str]:
        """The rows that name this source under Watch or Counts, as parsed."""
        return frozenset(self._watchers.get(source, ()))

    def _renamed(self, states: Mapping[str, RowState], keys: Iterable[str]) -> None:
        """Keep what these rows were called until now, for those that wait for them by that name."""
        for key in keys:
            was, now = text(self._named.get(key)), text(_name_of(states, key))
            if was is not None and (now is None or alike(was) != alike(now)):
                self._before[alike(was)] = key

    @property
    def unknown(self) -> frozenset[str]:
        """Names, as they look, that rows wait for and none has."""
        return frozenset(one.said for one in self.understood.values() if isinstance(one, NoRow))

    def recall(self, states: Mapping[str, RowState], before: Iterable[tuple[str, str]]) -> None:
        """Tell what became of rows that are waited for by names which they have no longer.

        before: (name, key), oldest first.
        """
        self._states, self._before = states, {alike(name): key for name, key in before} | self._before
        self.neighbours.relink(self.rules.table)

    def _waits(self, key: str) -> bool:
        """Keep what the row says of other rows. False where it said and says nothing of any."""
        task = self.understood.get(key)
        if isinstance(task, Task) and (task.depends_on or task.condition is not None or task.blanks):
            self._waiting[key] = task
            return True
        return self._waiting.pop(key, None) is not None

    @property
    def speaking(self) -> Speaking:
        """Its rows, as far as they speak of others."""
        others = frozenset(key for key, one in self.understood.items() if isinstance(one, Defect) and one.elsewhere)
        rules = self.rules
        return Speaking(self._waiting, self._states, others, self._before, rules.outside, rules.tables, self._extent)

    def hear(self, found: Mapping[str, Task | Defect]) -> set[str]:
        """These rows mean this, in the light of the others that they speak of. Answers which mean something else than before."""
        changed = {key for key, one in found.items() if self.understood.get(key) != one}
        self.understood.update(found)
        self._untold |= changed
        self.followers = {}
        for key, one in found.items():
            for dependency in one.depends_on if isinstance(one, Task) else ():
                self.followers.setdefault(dependency.place, set()).add(key)
        return changed

    def follow(self, keys: Collection[str]) -> set[str]:
        """The rows of this table that wait for one of these; those of others hear of it, too."""
        return self.neighbours.follow(self.rules.table, keys)

    def _parsed(self, state: RowState, known: dict[Said, Task]) -> Task | Defect:
        """known: what rows said → a task that says it. Most rows of a large table say what others do."""
        try:
            said = said_by(state)
            if said is not None and (like := known.get(said)) is not None:
                return parse_like(like, state)
            found = parse(state, self.rules)
            if said is not None and isinstance(found, Task):
                known[said] = found
            return found
        except Exception as exc:  # cells of a kind that we never thought of are this row's trouble alone
            message = f"rowd fails on this row ({type(exc).__name__}: {exc}); write it otherwise"
            return Defect(self.rules.table, state.key, str(state.cells.get(Column.NAME) or ""), str(Column.NAME), message)

    def forget(self, key: str) -> None:
        """The ledger has forgotten the row."""
        for known in (self.understood, self._named, self._names, self._told, self._waiting):
            known.pop(key, None)

    def news(self) -> tuple[list[Defect], list[str]]:
        """Since the last call: defects that are new or say something else now, and the keys of rows that were mended."""
        fresh, mended = [], []
        for key in sorted(self._untold):
            now = self.understood.get(key)
            defect = now if isinstance(now, Defect) and now.wrong else None
            before = self._told.get(key)
            if defect is None and before is not None:
                del self._told[key]
                if isinstance(now, Task):  # a row that is gone, a draft or another daemon's now, is mended by nobody
                    mended.append(key)
            elif defect is not None and defect.message != before:
                self._told[key] = defect.message
                fresh.append(defect)
        self._untold.clear()
        return fresh, mended

    def counts(self) -> tuple[int, int, int]:
        """Tasks, defects, drafts; what another daemon runs is none of them."""
        defects = [d for d in self.understood.values() if isinstance(d, Defect)]
        return len(self.understood) - len(defects), sum(d.wrong for d in defects), sum(d.draft for d in defects)


def _kind(one: Task | Defect | None) -> tuple[bool, bool]:
    """Whether the row is there, and another daemon's: it is all that others who wait for it look at, but for its name."""
    return one is not None, isinstance(one, Defect) and one.elsewhere


def _name_of(states: Mapping[str, RowState], key: str) -> Cell:
    state = states.get(key)
    return state.cells.get(Column.NAME) if state is not None and state.deleted_at is None else None
