"""Workflows: rows of one table that bear the same name under Workflow, and how all of them together have ended.

A workflow goes in rounds by the rules of rows that wait for others (`engine.rounds`), as if one more row waited for all of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime, tzinfo

from msgspec import Struct

from actions.api import Outcome
from engine.cells import LONGEST_NAME, alike, text
from engine.columns import Column
from engine.links import Round, WorkflowRound
from engine.metadata import setting
from engine.model import Defect, Occurrence, RowState, Task, Type
from engine.rounds import LONGEST_REASON, Prerequisite, ended, how, standing_of
from engine.tally import Tally
from engine.wording import conjoined, cut, moment

MOST_NAMED = 5
"""Of rows that took no part."""

WENT_WRONG = frozenset({Outcome.FAILED, Outcome.TIMED_OUT, Outcome.LOST, Outcome.CANCELLED})
"""Of a row, with which its workflow has failed. What was skipped was left out on purpose, or for the sake of one of these."""

BY_HAND, ELSEWHERE = "manual", "run by another daemon"


class Member(Struct, frozen=True):
    """A row of a workflow, as it stands.   apart: why nobody waits for it ("paused", "manual"); "" where it counts."""

    row: Prerequisite
    apart: str = ""

    @property
    def said(self) -> str:
        """`import (paused)`"""
        return f"{self.row.name} ({self.apart})" if self.apart else self.row.name


Members = Sequence[Member]

_BLANK = Tally()


class _Waits(Struct, frozen=True):
    """The row that a workflow would be, if it waited for all of its own."""

    since: datetime
    round: Round | None


class Workflows:
    """Those of one table: which rows they have, how their last rounds ended, and of which another one may be complete."""

    def __init__(self) -> None:
        self._said: dict[str, str] = {}  # row → its workflow, as it has it
        self._rows: dict[str, set[str]] = {}
        self._last: dict[str, WorkflowRound] = {}
        self._pending: dict[str, set[str]] = {}  # rows without whose end the round is not complete
        self._restless: dict[str, None] = {}

    @property
    def names(self) -> Collection[str]:
        """Of all that have a row, as they look: see `engine.cells.alike`."""
        return self._rows.keys()

    def rows_of(self, workflow: str) -> list[str]:
        """Keys."""
        return sorted(self._rows.get(workflow, ()))

    def said(self, workflow: str) -> str:
        """As its first row has it."""
        return cut(min((key, self._said[key]) for key in self._rows[workflow])[1], LONGEST_NAME)

    def last(self, workflow: str) -> WorkflowRound | None:
        """The newest round that has ended; None where the workflow was not yet seen."""
        return self._last.get(workflow)

    def recall(self, rounds: Iterable[WorkflowRound]) -> None:
        """What the ledger knows: the newest of each workflow."""
        self._last = {one.name: one for one in rounds}

    def take_up(self, one: WorkflowRound) -> None:
        """This one is durable."""
        self._last[one.name] = one
        self._restless.pop(one.name, None)

    def read(self, states: Mapping[str, RowState], keys: Iterable[str]) -> None:
        """These rows say, or mean, something else now."""
        for key in keys:
            state = states.get(key)
            there = state is not None and state.deleted_at is None
            said = (text(setting(state.cells, Column.WORKFLOW)) or "") if state is not None and there else ""
            before, after = alike(self._said.get(key, "")), alike(said)
            for workflow in filter(None, {before, after}):
                self._stirs(workflow, key)
            if before and before != after:
                del self._said[key]
                self._rows[before].discard(key)
                if not self._rows[before]:
                    del self._rows[before]
            if after:
                self._said[key] = said
                self._rows.setdefault(after, set()).add(key)

    def ended(self, keys: Iterable[str]) -> None:
        """Something of these rows has come to its end."""
        for key in keys:
            if (said := self._said.get(key)) is not None:
                self._stirs(alike(said), key)

    def _stirs(self, workflow: str, key: str) -> None:
        """The round may be complete once the last row stirs that it waits for; then all of them are looked at."""
        pending = self._pending.get(workflow)
        if pending is not None:
            pending.discard(key)
        if not pending:
            self._restless[workflow] = None

    def complete(
        self, table: str, members: Callable[[Collection[str]], Members], zone: tzinfo, now: datetime
    ) -> list[WorkflowRound]:
        """Rounds that have come to their end since the last call, and beginnings of workflows that are new; they come again until
        they are taken up.

        members: rows by their keys, as they stand.   zone: in which their times are told.
        """
        found: list[WorkflowRound] = []
        for workflow in [one for one in self._restless if one in self._rows]:
            rows, last = members(self.rows_of(workflow)), self._last.get(workflow)
            if last is None:
                found.append(_beginning(table, workflow, now))
                continue
            pending = waited_for(last, rows)
            if not pending and (one := _round(last, rows, zone)) is not None:
                found.append(one)
                continue
            self._pending[workflow] = {member.row.key for member in pending}
            del self._restless[workflow]
        return found


def members_of(
    table: str,
    keys: Iterable[str],
    states: Mapping[str, RowState],
    tallies: Mapping[str, Tally],
    busy: Callable[[str], bool],
    understood: Mapping[str, Task | Defect],
) -> list[Member]:
    """These rows as they stand.   busy: whether something of a row is under way."""

    def member(key: str, means: Task | Defect) -> Member:
        tally = tallies.get(key, _BLANK)
        row = standing_of(means.name or key, (table, key), states.get(key), tally, means, busy=busy(key))
        return Member(row, _apart(means, row))

    return [member(key, understood[key]) for key in keys if key in understood]


def _apart(one: Task | Defect, row: Prerequisite) -> str:
    if row.busy:
        return ""
    if isinstance(one, Defect) and one.elsewhere:
        return ELSEWHERE
    return row.stays or (BY_HAND if isinstance(one, Task) and one.type is Type.MANUAL else "")


def waited_for(last: WorkflowRound, members: Members) -> list[Member]:
    """Those without which the round that is under way is not complete."""
    runs = _runs(last, members)
    return [member for member in members if not member.apart and member.row.key not in runs]


def taken_part(last: WorkflowRound, members: Members) -> list[Occurrence]:
    """The runs of the round that is under way which have ended, oldest first."""
    return sorted(_runs(last, members).values(), key=lambda run: (run.ended_at or run.due, run.id))


def _runs(last: WorkflowRound, members: Members) -> Mapping[str, Occurrence]:
    waits = _Waits(last.since, Round(frozenset(last.taken.values()), broken=last.outcome is Outcome.FAILED))
    return {key: run for (_, key), run in ended(waits, [member.row for member in members]).items()}


def _beginning(table: str, workflow: str, now: datetime) -> WorkflowRound:
    """Of a workflow that is seen for the first time: what its rows did before is none of it."""
    return WorkflowRound(table=table, name=workflow, number=0, since=now, began_at=now, ended_at=now, taken={})


def _round(last: WorkflowRound, members: Members, zone: tzinfo) -> WorkflowRound | None:
    """The one that follows; None where nothing of it has run."""
    runs = _runs(last, members)
    if not runs:
        return None
    outcomes = [run.outcome for run in runs.values()]
    wrong = [run for run in runs.values() if run.outcome in WENT_WRONG]
    outcome = Outcome.FAILED if wrong else Outcome.SUCCEEDED if Outcome.SUCCEEDED in outcomes else Outcome.SKIPPED
    ways = f"{outcomes.count(Outcome.SUCCEEDED)} of {len(runs)} succeeded"
    said = how(wrong, last.table, lambda at: moment(at, zone)) if wrong else ways
    if apart := [member.said for member in members if member.apart and member.row.key not in runs]:
        said += f"; without {conjoined(apart, MOST_NAMED)}"
    return WorkflowRound(
        table=last.table,
        name=last.name,
        number=last.number + 1,
        since=last.since,
        began_at=min(run.told_at for run in runs.values()),
        ended_at=max(run.ended_at or run.due for run in runs.values()),
        outcome=outcome,
        reason=cut(said, LONGEST_REASON),
        taken={
            **{k: id_ for k, id_ in last.taken.items() if k in {m.row.key for m in members}},
            **{k: r.id for k, r in runs.items()},
        },
    )
