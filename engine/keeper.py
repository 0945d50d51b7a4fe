"""What the daemon knows of one table, in memory: rows, tasks, where they stand. `engine.loop` makes it durable."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from connectors.api import Cell, Effect, Written
from connectors.errors import NeedsOwner, TableError
from engine.blackout import Blackout
from engine.cells import BadCell, instant, same
from engine.display import display
from engine.identity import Mint, Vanishing, identify, presence
from engine.lateness import left_behind
from engine.layout import Layout
from engine.ledger import Reach, TableMark
from engine.meanings import Meanings
from engine.merge import Observation, Press, active, delivered, first_sight, observe
from engine.model import OURS, SETTLE, Column, Defect, Edit, Occurrence, Request, RowState, Tally, Task
from engine.parse import Rules
from engine.patience import Reading
from engine.plan import Answer, Hold, Standing

NO_ACCESS_AFTER = timedelta(minutes=15)
"""A table that needs its owner holds its starts after this long; until then it runs on from the ledger's copy."""


SET_BACK = timedelta(minutes=1)
"""A clock that was set back by less is waited for; by more, and instants that now lie ahead are taken for never reached."""

UNSERVED = "the table is no longer in rowd.toml"
"""Why nothing of it starts any more, and what waited has ended."""

FORGOTTEN_AFTER = timedelta(days=31)
"""How long a deleted row is remembered here; the ledger forgets it after 30 days."""


@dataclass(frozen=True, slots=True)
class TableRules:
    """What the operator says about one table, beside how its rows are understood."""

    rules: Rules
    renames: Mapping[str, str]
    poll: timedelta
    offline_limit: timedelta
    blackouts: tuple[Blackout, ...] = ()


@dataclass(slots=True)
class Findings:
    """What one reading or one answered write came to; nothing of it counts before it is durable.

    read: key → the row's cells as the store gave them, of rows that changed.
    look_again: something about the whole table changed (held, unreachable), so every row is to be decided on again.
    news: how the table stands with us changed, so its mark is to be written.
    """

    states: dict[str, RowState] = field(default_factory=dict)
    edits: list[Edit] = field(default_factory=list)
    presses: list[tuple[RowState, Press]] = field(default_factory=list)
    records: list[Occurrence] = field(default_factory=list)
    added: list[str] = field(default_factory=list)
    gone: list[str] = field(default_factory=list)
    read: dict[str, Mapping[str, Cell]] = field(default_factory=dict)
    look_again: bool = False
    news: bool = False


_UNREAD: Mapping[str, Mapping[str, Cell]] = {}


class Keeper:
    """One table."""

    def __init__(self, rules: TableRules, states: Iterable[RowState], tallies: Mapping[str, Tally], mark: TableMark | None) -> None:
        """states, tallies, mark: the ledger's copy; None for a mark where the ledger never read this table."""
        self.rules = rules
        self.name = rules.rules.table
        self.states: dict[str, RowState] = {s.key: s for s in states}
        self.tallies: dict[str, Tally] = dict(tallies)
        self.meanings = Meanings(rules.rules)
        self.active: Callable[[str, str], tuple[Occurrence, ...]] = _idle
        self.shut: Callable[[datetime], Mapping[str, datetime]] = _closed
        self.requests: dict[str, tuple[Request, ...]] = {}
        self.order: list[str] = []
        self.layout: Layout | None = None
        self.columns: tuple[str, ...] = mark.columns if mark is not None else ()
        self.id_column: str | None = None
        self.unclear: dict[str, tuple[str, Mapping[str, Cell]]] = {}  # provisional key → what to do about it, the row's cells
        self.doubtful: dict[str, str] = {}
        self.baffling: dict[str, str] = {}  # key → how we failed on what its row says now
        self.mints: dict[str, Mint] = {}
        self.vanishing = Vanishing()
        self.held: str | None = None
        self.unwritable: tuple[datetime, TableError] | None = None  # since when and why results wait, though it can be read
        self.served = True  # False once the operator has taken the table out of rowd.toml
        self.trouble: tuple[datetime, TableError] | None = None
        self.since: datetime | None = None  # since when it is as it is: reachable, held
        self.first_read = mark.first_read if mark is not None else None
        self.read_at = mark.last_read if mark is not None else None
        self.unsent: set[str] = set()
        self._raw: dict[str, Mapping[str, Cell]] = {}
        self._put: dict[str, dict[str, Cell]] = {}  # cells written, but not yet shown by the store
        self._given: dict[str, str] = {}  # ids given to copied rows → what their Health is to say at first
        self._told_unclear: set[str] = set()
        self._lapsed = False
        self.understand(self.states)

    # --- reading

    def take(self, reading: Reading, now: datetime, draw: Callable[[], str]) -> Findings:
        """Hold a complete read against what is known. Changes nothing but how the table stands, and how rows are addressed."""
        found = self._held_against(reading, now, draw)
        found.news |= self.trouble is not None
        self.trouble = None
        return found

    def _held_against(self, reading: Reading, now: datetime, draw: Callable[[], str]) -> Findings:
        found = Findings()
        new_ledger = self.first_read is None
        layout = Layout.of(reading.columns, self.rules.renames)
        self.columns = reading.columns
        if layout.trouble is not None:  # no row of such a table can be trusted: nothing starts until it is mended
            found.look_again, self.held, self.layout = self.held != layout.trouble, layout.trouble, None
            return found
        named = identify(reading.rows, self.states, layout, reading.id_column, draw)
        self.layout, self.id_column = layout, reading.id_column
        unclear = [row for row in reading.rows if row.key in named.unclear] if named.unclear else []
        self.unclear = {row.key: (named.unclear[row.key], layout.canonical(row.cells)) for row in unclear}
        found.look_again = self.doubtful != named.doubtful
        self.doubtful = dict(named.doubtful)
        self.unsent |= {mint.id for mint in self.mints.values()}  # what waited for its id is to be told now
        self.mints = {mint.row.key: mint for mint in named.mint}
        given, self._given = self._given, {mint.id: mint.why for mint in named.mint if mint.draft}
        self.order = list(named.rows)
        present = presence(self.states, named.present, now, self.vanishing)
        found.look_again |= self.held != present.held or new_ledger or self._lapsed
        if self.since is None or found.look_again:
            self.since = now
        self.vanishing, self.held = present.next, present.held
        self.first_read, self._lapsed, self.read_at = self.first_read or now, False, now
        baffling, raw = {}, self._raw
        for key, row in named.rows.items():
            if (was := raw.get(key)) is row.cells or was == row.cells:  # a store may give the very cells of the last read again
                continue
            try:
                cells, known = layout.canonical(row.cells), self.states.get(key)
                if known is None:
                    seen = self._first_seen(key, cells, now, row.handle, given.get(key), new_ledger=new_ledger)
                else:
                    seen = self._seen(known, cells, now, row.handle)
                self._note(found, seen, now)
            except Exception as exc:  # cells of a kind that we never thought of are this row's trouble alone
                baffling[key] = f"what the row says can't be taken up ({type(exc).__name__}: {exc}); write it otherwise"
                continue
            self._put.pop(key, None)
            if key in found.states:
                found.read[key] = row.cells
            else:  # came to nothing, so nothing of it has to be durable first
                self._raw[key] = row.cells
            if known is None:
                found.added.append(key)
        found.look_again |= self.baffling != baffling
        self.baffling = baffling
        for key in present.absent:
            found.states[key] = self.states[key]._replace(absent_since=now)
        for key in [k for k, s in self.states.items() if s.deleted_at is not None and now - s.deleted_at > FORGOTTEN_AFTER]:
            self._forget(key)
        for key in present.gone:
            found.records += self._left_behind(self.states[key], now, "deleted")
            found.states[key] = self.states[key]._replace(deleted_at=now)
            found.gone.append(key)
        return found

    def _forget(self, key: str) -> None:
        """A row that was deleted so long ago that the ledger forgets it, too."""
        self.meanings.forget(key)
        for known in (self.states, self.tallies, self._put):
            known.pop(key, None)

    def _first_seen(
        self, key: str, cells: Mapping[str, Cell], now: datetime, handle: str | None, note: str | None, *, new_ledger: bool
    ) -> Observation:
        """A row that the ledger doesn't know.   note: what its Health is to say at first; None for nothing."""
        anchor = self._anchor(cells.get(Column.LAST_RUN))
        seen = first_sight(self.name, key, cells, now, new_ledger=new_ledger, anchor=anchor, handle=handle)
        return replace(seen, state=seen.state._replace(note=note)) if note is not None else seen

    def _seen(self, known: RowState, cells: Mapping[str, Cell], now: datetime, handle: str | None) -> Observation:
        """A row as read. What a write put there without being shown it is no edit, in whatever form the store gives it back."""
        back = known._replace(absent_since=None, deleted_at=None)
        if known.deleted_at is not None:  # put back after it was deleted: nothing from meanwhile runs
            since = now.replace(microsecond=0)
            back = back._replace(since=since, settled_until=since, armed=False)
        put = self.unshown(known.key)
        ours = {c: v for c, v in put.items() if c in cells and (c in OURS or same(cells[c], v))}
        return delivered(back, ours, cells, now) if ours else observe(back, cells, now, handle)

    def delivered(self, patches: Sequence[tuple[str, Mapping[str, Cell]]], answers: Sequence[Written], now: datetime) -> Findings:
        """Hold the answer to a write against what is known. patches: (key, canonical cells put)."""
        found = Findings(news=self.unwritable is not None)
        self.unwritable = None
        assert self.layout is not None  # noqa: S101 (nothing is written before the first read)
        for (key, put), answer in zip(patches, answers, strict=True):
            known, row, done = self.states.get(key), answer.row, answer.effect is Effect.APPLIED
            try:
                if known is not None and row is not None:
                    cells = self.layout.canonical(row.cells)
                    self._note(found, delivered(known, put, cells, now) if done else observe(known, cells, now), now)
                    found.read[key] = row.cells
            except Exception:  # what fails here fails at the next read, too, and is told then
                row = None
            if row is None and done:
                self._put[key] = {**self.unshown(key), **put}
        return found

    def unshown(self, key: str) -> Mapping[str, Cell]:
        """Canonical cells that were put into this row, and how they stand there was not seen yet."""
        return self._put.get(key, {})

    def intend(self, patches: Iterable[tuple[str, Mapping[str, Cell]]]) -> Findings:
        """These canonical cells are about to be put: what both sides count in is remembered, in case no answer comes."""
        found = Findings()
        for key, put in patches:
            meant = {c: v for c, v in put.items() if c == Column.CURRENT}
            if meant and key in self.states and self.states[key].meant != meant:
                found.states[key] = self.states[key]._replace(meant=meant)
        return found

    def set_back(self, now: datetime) -> Findings:
        """The wall clock was set back to `now`: what lies ahead of it was never reached."""
        found = Findings()
        for key, state in self.states.items():
            if state.settled_until - now > SET_BACK:
                found.states[key] = state._replace(since=min(state.since, now), settled_until=now)
        return found

    def reconfigure(self, rules: TableRules | None, now: datetime) -> Findings:
        """Go on with other rules; None: the table is no longer served. A schedule that now means something else starts anew."""
        found = Findings(look_again=True)
        self._raw.clear()  # a column may be called otherwise now
        before = dict(self.understood)
        self.served, self.rules = rules is not None, rules or self.rules
        self.meanings.rules = self.rules.rules
        self.understand(self.states)
        since = now.replace(microsecond=0)
        for key, task in self.understood.items():
            was = before.get(key)
            if isinstance(task, Task) and isinstance(was, Task) and task.schedule != was.schedule:
                found.records += left_behind(was, self.states[key], now, _LEFT.format("changed by rowd.toml"))
                found.states[key] = self.states[key]._replace(since=since, settled_until=since, armed=False)
        return found

    def _note(self, found: Findings, seen: Observation, now: datetime) -> None:
        """Add what was seen of one row. Where that fails half-way, nothing of it is added."""
        state, before = seen.state, self.states.get(seen.state.key)
        records: list[Occurrence] = []
        if before is not None and state.since != before.since:
            records = self._left_behind(before, now, "changed")
        elif before is not None and active(before) and not active(state):
            records = self._left_behind(before, now, "paused")
        name = str(state.cells.get(Column.NAME) or "")
        edits = [
            Edit(self.name, state.key, name, change.column, _said(change.old), _said(change.new), now, "person")
            for change in seen.changes
        ]
        found.records += records
        found.edits += edits
        if state != before:
            found.states[state.key] = state
        if seen.press is not None:
            found.presses.append((state, seen.press))

    def _left_behind(self, before: RowState, now: datetime, what: str) -> list[Occurrence]:
        """What has come due of a row as it was, and is not decided on any more."""
        task = self.understood.get(before.key)
        return left_behind(task, before, now, _LEFT.format(what)) if isinstance(task, Task) else []

    def _anchor(self, cell: Cell) -> datetime | None:
        try:
            return instant(cell, self.rules.rules.zone) if cell is not None else None
        except BadCell:
            return None

    # --- what the rows mean

    def apply(self, states: Mapping[str, RowState], read: Mapping[str, Mapping[str, Cell]] = _UNREAD) -> None:
        """Take over rows that are durable now.   read: those of them that were read, as the store gave them."""
        before = {key: self.states.get(key) for key in states}
        self.states.update(states)
        self._raw.update(read)
        for key in [key for key, state in states.items() if state.absent_since is not None or state.deleted_at is not None]:
            self._raw.pop(key, None)  # should it come back, that is news, though it says the same
        self.unsent |= states.keys()
        self.understand(key for key, state in states.items() if _reads_differently(before[key], state))

    @property
    def understood(self) -> Mapping[str, Task | Defect]:
        """Key → what the row means."""
        return self.meanings.understood

    def understand(self, keys: Iterable[str]) -> None:
        """Parse these rows again, and those whose meaning hangs on theirs."""
        self.unsent |= self.meanings.read(self.states, keys)

    def defects_changed(self) -> tuple[list[Defect], list[str]]:
        """Since the last call: defects that are new or say something else now, and the keys of rows that were mended."""
        news, mended = self.meanings.news()
        return news + self._unclear_news(), mended

    def _unclear_news(self) -> list[Defect]:
        """Rows that can't be told apart, each sentence once while it holds: their keys change with every cell."""
        said = dict(self.unclear.values())
        fresh = [message for message in said if message not in self._told_unclear]
        self._told_unclear = set(said)
        return [Defect(self.name, "", str(said[m].get(Column.NAME) or "?"), str(Column.ID), m) for m in fresh]

    def no_task(self, key: str) -> str:
        """Why this row can't run at all."""
        if not self.served:
            return UNSERVED
        state, understood = self.states.get(key), self.understood.get(key)
        if state is None or state.deleted_at is not None or not isinstance(understood, Defect):
            return "the row is gone from the table"
        return understood.message

    def answered(self, answer: Answer) -> None:
        """A request was answered; a refusal stands in Health until the next edit or run."""
        key = answer.request.key
        self.requests.pop(key, None)
        self.unsent.add(key)
        if not answer.taken and (state := self.states.get(key)) is not None:
            self.states[key] = state._replace(note=f"{answer.request.wish} refused: {answer.text}")

    # --- where tasks stand

    def standing(self, key: str, now: datetime) -> Standing | None:
        """Where a task stands; None where the row is no task, or no longer ours."""
        task = self.understood.get(key)
        if not self.served or not isinstance(task, Task):
            return None
        return Standing(
            task=task,
            state=self.states[key],
            hold=self.hold(key, now),
            active=self.active(self.name, key),
            requests=self.requests.get(key, ()),
            last=self.tallies.get(key, Tally()).last,
        )

    def hold(self, key: str, now: datetime) -> Hold | None:
        """Why nothing of this row may start; None where it may."""
        if self.trouble is not None:
            since, error = self.trouble
            needs_owner = isinstance(error, NeedsOwner)
            if now - since >= (NO_ACCESS_AFTER if needs_owner else self.rules.offline_limit):
                return Hold(f"no access: {error}" if needs_owner else f"offline too long: {error}", record=True)
        if not self.served:
            return Hold(UNSERVED)
        if self.held is not None:
            return Hold(self.held)
        if key in self.doubtful:
            return Hold(self.doubtful[key])
        if key in self.baffling:
            return Hold(self.baffling[key])
        if self.states[key].absent_since is not None:
            return Hold("the row is missing from the table; waiting for the next read to be sure")
        return None

    def changes_at(self) -> datetime | None:
        """When time alone changes what `hold` says."""
        if self.trouble is None or self._lapsed:
            return None
        since, error = self.trouble
        return since + (NO_ACCESS_AFTER if isinstance(error, NeedsOwner) else self.rules.offline_limit)

    def lapsed(self, now: datetime) -> bool:
        """True once, when the table has been away for so long that its starts are held from now on."""
        at = self.changes_at()
        if at is None or now < at or self._lapsed:
            return False
        self._lapsed = True
        return True

    def mark(self, now: datetime) -> TableMark:
        """What the ledger should say of this table."""
        tasks, defects, drafts = self.counts()
        state, since, message = Reach.OK, self.since or now, ""
        if self.trouble is not None:
            since, error = self.trouble
            state, message = (Reach.NO_ACCESS if isinstance(error, NeedsOwner) else Reach.UNREACHABLE), str(error)
        elif self.held is not None:
            state, message = Reach.HELD, self.held
        elif self.unwritable is not None:
            since, error = self.unwritable
            state, message = Reach.UNWRITABLE, str(error)
        return TableMark(
            table=self.name,
            state=state,
            since=since,
            message=message,
            first_read=self.first_read,
            last_read=self.read_at,
            columns=self.columns,
            tasks=tasks,
            defects=defects,
            drafts=drafts,
        )

    def note_is_over(self, key: str) -> None:
        """A run of this row has begun or ended: its note holds no more, unless it is about a word that still stands in Do."""
        if (state := self.states.get(key)) is not None and state.note is not None and state.cells.get(Column.DO) is None:
            self.states[key] = state._replace(note=None)

    def suspects(self) -> bool:
        """Whether a second read soon should settle what the last one left open."""
        return self.held is not None or any(s.absent_since and not s.deleted_at for s in self.states.values())

    def wanted(self, key: str, now: datetime) -> dict[str, Cell] | None:
        """What rowd would have stand in this row, canonical header → value; None for a row that isn't there (any more)."""
        state, understood = self.states.get(key), self.understood.get(key)
        if state is None or understood is None:
            return None
        return display(
            understood,
            state,
            self.tallies.get(key, Tally()),
            self.rules.rules.zone,
            active=self.active(self.name, key),
            hold=self.hold(key, now),
            blackouts=self.rules.blackouts,
            shut=self.shut(now),
        )

    def counts(self) -> tuple[int, int, int]:
        """Tasks, defects, drafts."""
        tasks, defects, drafts = self.meanings.counts()
        unclear = sum(isinstance(self.understood.get(key), Task) for key in self.doubtful)  # known, but not which row it is
        return tasks - unclear, defects + len(self.unclear), drafts


def _closed(_now: datetime) -> Mapping[str, datetime]:
    """No circuit breaker is open: where no daemon told otherwise."""
    return {}


def _idle(_table: str, _key: str) -> tuple[Occurrence, ...]:
    """Nothing is under way: where no daemon told otherwise."""
    return ()


def _said(cell: Cell) -> str | None:
    return None if cell is None else str(cell)


_LEFT = "the row was {} before it could start"

SECOND_LOOK = SETTLE
"""How soon a suspicious read is followed by another."""


def _reads_differently(before: RowState | None, after: RowState) -> bool:
    """Whether the row could mean something else now. Most states move on without any cell of a person's changing."""
    return before is None or before.cells != after.cells or before.since != after.since or before.deleted_at != after.deleted_at
