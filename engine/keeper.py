"""What the daemon knows of one table, in memory: its rows, what they mean, where they stand. `engine.turns` makes it durable."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from connectors.api import Cell, Written
from engine import notes, ties
from engine.access import UNSERVED, Access
from engine.anew import begin_anew
from engine.asked import Request
from engine.bylaws import Bylaws
from engine.display import display
from engine.drafts import Drafts
from engine.findings import Findings, Reading
from engine.ledger import TableMark
from engine.meanings import Meanings
from engine.merge import reads_differently, stands_differently
from engine.misfits import Misfits
from engine.model import SETTLE, Defect, Occurrence, RowState, Task
from engine.naming import Extent
from engine.plan import Answer, Hold, Released, Standing, bare, cause, public
from engine.rounds import Prerequisite
from engine.rules import TableRules
from engine.set_back import taken_back
from engine.sight import Sight
from engine.tally import Tally
from engine.unsent import Unsent
from engine.writes import Writes

if TYPE_CHECKING:
    from engine.condition import Given, Reference

SECOND_LOOK = SETTLE  # how soon a suspicious read is followed by another
_UNREAD: Mapping[str, Mapping[str, Cell]] = {}


class Keeper:
    """One table.

    states: every row that the ledger remembers.   tallies: what their pasts add up to.   requests: open wishes.
    sight: how the table was last read.   access: how it stands with us.   recent: whether the tallies hold the newest outcomes.
    bylaws: which rules hold.   writes: what is about to be put into it.   unsent: rows that have yet to be told.
    drafts: those that runs have made and that expire.
    active, shut, full, awaited, unseen: as its daemon knows what is under way, which circuit breakers are open, in which tables no
    more may begin for now, for which fact a row waits, why a source can't be looked at.   others: the daemon's tables, by name.
    """

    def __init__(self, rules: TableRules, states: Iterable[RowState], tallies: Mapping[str, Tally], mark: TableMark | None) -> None:
        """rules: as the operator has them.   states, tallies, mark: the ledger's copy; None for a mark where the ledger never read
        this table.
        """
        self.bylaws = Bylaws(rules, mark.time_zone if mark is not None else "")
        rules = self.rules
        self.name = rules.rules.table
        self.states: dict[str, RowState] = {s.key: s for s in states}
        self.tallies: dict[str, Tally] = dict(tallies)
        self.requests: dict[str, tuple[Request, ...]] = {}
        self.unsent = Unsent()
        self.recent = False
        self.meanings = Meanings(rules.rules)
        self.meanings.reach(Extent.UNREAD)
        self.sight = Sight(rules, self.states, self.meanings, mark.columns if mark is not None else ())
        self.access = Access(rules.offline_limit, mark, rules.rules.zone, self.name)
        self.active: Callable[[str, str], tuple[Occurrence, ...]] = lambda _table, _key: ()
        self.shut: Callable[[datetime], Mapping[str, datetime]] = lambda _now: {}
        self.full: Callable[[datetime], Collection[str]] = lambda _now: ()
        self.awaited: Callable[[str, str], str] = lambda _table, _key: ""
        self.unseen: Callable[[str], str] = lambda _source: ""
        self.others: Callable[[str], Keeper | None] = lambda table: self if table == self.name else None
        self._mended: dict[str, Released] = {}  # rows that were defective until then
        self._misfits = Misfits()
        self.writes = Writes(self.states)
        self.drafts = Drafts(self.states.values())
        self.unsent.add(sorted(self.meanings.read(self.states, self.states)))

    @property
    def rules(self) -> TableRules:
        """As they hold now."""
        return self.bylaws.rules

    # --- what came of a look at the table

    def take(self, reading: Reading, now: datetime, draw: Callable[[], str]) -> Findings:
        """Hold a complete read against what is known. Changes nothing but how the table stands, and how rows are addressed."""
        new_ledger = self.access.first_read is None
        waited, hints = [mint.id for mint in self.sight.mints.values()], self.hints
        turned, joined = self.bylaws.turned(reading), self.bylaws.joined(reading, now)
        if turned or joined:
            self._adopt()
        found = self.sight.take(reading, now, draw, new_ledger=new_ledger)
        self._misfits.keep((self.states.keys(), self.sight.unclear.keys()))
        if turned:
            self._anew(found, now, "put into another time zone")
        elif joined:
            self.understand([key for key, one in self.understood.items() if isinstance(one, Defect)], now)
        self.unsent.add(waited if self.hints == hints else self.states)  # what waited for its id is to be told now
        found.news |= self.access.trouble is not None or self.hints != hints
        found.look_again |= self.access.was_read(self.sight.held, now) or new_ledger
        if self.sight.layout is not None:
            self.access.first_read = self.access.first_read or now
        for key in self.sight.long_gone(now):
            self._forget(key)
        return found

    def delivered(self, patches: Sequence[tuple[str, Mapping[str, Cell]]], answers: Sequence[Written], now: datetime) -> Findings:
        """Hold the answer to a write against what is known. patches: (key, canonical cells put)."""
        hints = self.hints
        layout = self.sight.layout
        stand = [(key, self._misfits.fitted(key, put, answer, layout)) for (key, put), answer in zip(patches, answers, strict=True)]
        found = self.sight.delivered(stand, answers, now, self.writes.doubted)
        self.unsent.add(key for key, _ in patches if key not in found.told)
        found.news, self.access.unwritable = self.access.unwritable is not None or self.hints != hints, None
        return found

    def unfit(self, key: str, column: str, value: Cell) -> bool:
        """Whether the column is known not to hold this value: alone, it is no reason to write the row again."""
        return self._misfits.known(key, column, value)

    def set_back(self, now: datetime) -> Findings:
        """The wall clock was set back to `now`: what lies ahead of it was never reached."""
        return Findings(states=taken_back(self.states, self.understood, now))

    def reconfigure(self, rules: TableRules | None, now: datetime) -> Findings:
        """Go on with other rules; None: the table is no longer served. A schedule that now means something else starts anew."""
        found = Findings()
        self.access.served = rules is not None
        if rules is not None:
            self.bylaws.replace(rules)
        self._adopt()
        self._anew(found, now, "changed by rowd.toml")
        return found

    def _anew(self, found: Findings, now: datetime, why: str) -> None:
        """Parse every row by the rules of now."""
        before = dict(self.understood)
        self.understand(self.states, now)
        begin_anew(found, self.states, before, self.understood, now, why, self.rules.poll)

    def _adopt(self) -> None:
        """Go by the rules of now from the next parsing on."""
        self.access.offline_limit, self.access.zone = self.rules.offline_limit, self.rules.rules.zone
        self.meanings.rules = self.rules.rules
        self.sight.reconfigure(self.rules)

    def apply(
        self,
        states: Mapping[str, RowState],
        now: datetime,
        read: Mapping[str, Mapping[str, Cell]] = _UNREAD,
        told: Collection[str] = (),
    ) -> list[str]:
        """Take over rows that are durable now; answer those of which something else may be to do than before.

        read: those of them that were read, as the store gave them.   told: those that show just what they were to.
        """
        changed = [key for key, state in states.items() if reads_differently(self.states.get(key), state)]
        moved = [key for key, state in states.items() if stands_differently(self.states.get(key), state)]
        self.states.update(states)
        self.drafts.note(states.values())
        self.sight.durable(states, read)
        self.unsent.add(key for key in states if key not in told)
        understood = self.understand(changed, now) | self.reach(self._extent())
        return [*moved, *understood.difference(moved, changed)]

    def reach(self, extent: Extent) -> set[str]:
        """So far its rows are known now; answer which mean something else for it."""
        touched = self.meanings.reach(extent)
        self.unsent.add(sorted(touched | self.meanings.follow(touched)))
        return touched

    def _extent(self) -> Extent:
        if self.access.elsewhere is not None:
            return Extent.ELSEWHERE
        return Extent.UNREAD if self.sight.layout is None and self.meanings.extent is not Extent.WHOLE else Extent.WHOLE

    def _forget(self, key: str) -> None:
        """A row that was deleted so long ago that the ledger forgets it, too."""
        self.meanings.forget(key)
        self._mended.pop(key, None)
        self._misfits.forget(key)
        self.sight.forget(key)
        self.states.pop(key, None)
        self.tallies.pop(key, None)

    # --- what the rows mean

    @property
    def understood(self) -> Mapping[str, Task | Defect]:
        """Key → what the row means."""
        return self.meanings.understood

    def understand(self, keys: Iterable[str], now: datetime) -> set[str]:
        """Parse these rows again, and those whose meaning hangs on theirs; answer which those were."""
        keys = list(keys)
        defects = {k: d for k in keys if isinstance(d := self.understood.get(k), Defect) and d.wrong}
        touched = self.meanings.read(self.states, keys)
        self.unsent.add(sorted(touched | self.meanings.follow(touched)))
        for key, defect in defects.items():
            if isinstance(self.understood.get(key), Task):
                self._mended[key] = Released(now, f"the row could not be understood: {cause(defect.message)}")
        return touched

    def ended(self, tallies: Mapping[str, Tally]) -> set[str]:
        """What these rows' pasts add up to now; answer the rows of this table that wait for one of them."""
        self.tallies.update(tallies)
        self.meanings.workflows.ended(tallies)
        followers = self.meanings.follow(tallies)
        self.unsent.add((*tallies, *followers))
        return followers

    def heed(self, keys: Collection[str]) -> None:
        """Rows of other tables, of which these speak, mean something else now, or have ended."""
        self.unsent.add(keys)
        self.meanings.workflows.read(self.states, keys)

    def defects_changed(self) -> tuple[list[Defect], list[str]]:
        """Since the last call: defects that are new or say something else now, and the keys of rows that were mended."""
        news, mended = self.meanings.news()
        return news + self.sight.unclear_news(), mended

    def counts(self) -> tuple[int, int, int]:
        """Tasks, defects, drafts."""
        tasks, defects, drafts = self.meanings.counts()
        unclear = sum(isinstance(self.understood.get(key), Task) for key in self.sight.doubtful)  # known, but not which row it is
        return tasks - unclear, defects + len(self.sight.unclear), drafts

    @property
    def hints(self) -> tuple[str, ...]:
        """A sentence on each column that was probably meant to be another one, is gone, or can't hold what rowd would put there."""
        if self.sight.layout is None:
            return ()
        own = (*self.sight.layout.hints, *self.sight.missing(), *self._misfits.sentences)
        return tuple(dict.fromkeys((*own, *self.bylaws.zone_doubt, *self.access.unrecorded)))

    def no_task(self, key: str) -> str:
        """Why this row can't run at all."""
        if not self.access.served:
            return UNSERVED
        if self.access.elsewhere is not None:
            return public(self.access.elsewhere)
        state, understood = self.states.get(key), self.understood.get(key)
        if self.access.last_read is None:
            why = f": {public(bare(self.name, str(self.access.trouble.error)))}" if self.access.trouble is not None else ""
            return f"the table has not been read yet{why}"
        if state is None or state.deleted_at is not None or not isinstance(understood, Defect):
            return "the row is gone from the table"
        return understood.message

    @property
    def over(self) -> bool:
        """Whether nothing of the table is to be done any more: it is served no longer, and nothing of it is under way."""
        return not self.access.served and not any(self.active(self.name, key) for key in self.states)

    def watchers(self, source: str) -> frozenset[str]:
        """The rows that name this source under Watch or Counts; none of a table that is not served."""
        return self.meanings.watchers(source) if self.access.served else frozenset()

    # --- where tasks stand

    def standing(self, key: str, now: datetime) -> Standing | None:
        """Where a task stands; None where the row is no task, or none of ours, for now or for good."""
        task = self.understood.get(key)
        if not self.access.served or self.access.elsewhere is not None or not isinstance(task, Task):
            return None
        return Standing(
            task=task,
            state=self.states[key],
            hold=self.hold(key, now),
            active=self.active(self.name, key),
            requests=self.requests.get(key, ()),
            last=self.tallies.get(key, Tally()).last,
            newest=self.tallies.get(key, Tally()).record,
            released=self._released(key),
            prerequisites=self.prerequisites(key),
            values=self.values(key),
        )

    def values(self, key: str) -> Mapping[Reference, Given]:
        """What the names in this row's condition stand for, but for the present instant, and facts."""
        return ties.values(self.understood.get(key), self.states[key], self.others, self.active, self.rules.rules.outside)

    def prerequisites(self, key: str) -> tuple[Prerequisite, ...]:
        """The rows that this one waits for, as they stand."""
        return ties.prerequisites(self.understood.get(key), self.others, self.active)

    def _slips(self, key: str, understood: Task | Defect, now: datetime) -> list[str]:
        """What the row seems to say in columns that are none of rowd's; what it names, or wants, and can't have for now."""
        layout, cells = self.sight.layout, self.states[key].cells
        slips = [*layout.slips(cells), *self.sight.missing(cells)] if layout is not None else []
        slips += [*notes.of_sources(understood, self.unseen), *notes.of_fact(self.awaited(self.name, key))]
        return [*slips, *notes.of_brake(self.active(self.name, key), full=self.name in self.full(now))]

    def _released(self, key: str) -> Released | None:
        """What kept this row from starting last."""
        return max(filter(None, (self.access.released, self._mended.get(key))), key=lambda end: end.until, default=None)

    def hold(self, key: str, now: datetime) -> Hold | None:
        """Why nothing of this row may start; None where it may."""
        if (hold := self.access.hold(now)) is not None:
            return hold
        if (why := self.sight.doubtful.get(key) or self.sight.baffling.get(key)) is not None:
            return Hold(why)
        if self.states[key].absent_since is not None:
            return Hold("the row is missing from the table; waiting for the next read to be sure")
        return None

    def suspects(self) -> bool:
        """Whether a second read soon should settle what the last one left open."""
        return self.access.held is not None or any(s.absent_since and not s.deleted_at for s in self.states.values())

    def answered(self, answer: Answer) -> None:
        """A request was answered: see `notes.of_answer`."""
        key = answer.request.key
        if left := tuple(request for request in self.requests.pop(key, ()) if request.id != answer.request.id):
            self.requests[key] = left
        self.unsent.add((key,))
        if (state := self.states.get(key)) is not None:
            self.states[key] = notes.of_answer(state, answer)

    def begins(self, key: str, now: datetime) -> None:
        """A run of this row begins: see `notes.of_start`."""
        if (state := self.states.get(key)) is not None:
            self.states[key] = notes.of_start(state, self.access.known_at, self.rules.poll, now)

    # --- what the table is told

    def wanted(self, key: str, now: datetime) -> dict[str, Cell] | None:
        """What rowd would have stand in this row, canonical header → value; None for a row that isn't there (any more),
        or isn't ours.
        """
        state, understood = self.states.get(key), self.understood.get(key)
        if state is None or understood is None or (isinstance(understood, Defect) and understood.elsewhere):
            return None
        return display(
            understood,
            state,
            self.tallies.get(key, Tally()),
            self.rules.rules.zone,
            active=self.active(self.name, key),
            asked=self.requests.get(key, ()),
            hold=self.hold(key, now),
            blackouts=self.rules.blackouts,
            shut=self.shut(now),
            slips=self._slips(key, understood, now),
            prerequisites=self.prerequisites(key),
        )
