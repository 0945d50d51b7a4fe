"""What is wrong with rows and tables that people are told of: it begins, stands, and is over. Pure.

It is told from how things stand, never from what has just happened: so whatever is killed meanwhile, the next look finds what the
last one would have.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from datetime import datetime, timedelta

from actions.api import Outcome
from config.matters import Matter
from engine.columns import Column
from engine.keeper import Keeper
from engine.ledger import Problem, Reach
from engine.model import Defect, RowState, Status, Task
from engine.naming import Extent
from engine.tally import Tally
from engine.wording import cut

BEARS = timedelta(minutes=5)
"""So long a table may be away, or take no writes, before people are told: most of that passes by itself."""

LONGEST_WHY = 500
"""Characters."""

BADLY: Mapping[Outcome | None, str] = {
    Outcome.FAILED: "",
    Outcome.TIMED_OUT: "timed out: ",
    Outcome.LOST: "lost: ",
}
"""Outcomes that are a failure → what is said before their reason."""

OF_REACH: Mapping[Reach, Matter] = {
    Reach.UNREACHABLE: Matter.UNREACHABLE,
    Reach.NO_ACCESS: Matter.OWNER,
    Reach.HELD: Matter.HELD,
    Reach.UNWRITABLE: Matter.UNWRITABLE,
    Reach.SPENT: Matter.QUOTA,
    Reach.ELSEWHERE: Matter.OWNER,
}
PASSING = frozenset({Reach.UNREACHABLE, Reach.UNWRITABLE, Reach.SPENT})
"""What is told only once it has lasted for BEARS."""

Known = Mapping[Matter, Problem]
"""The problems of one row, or one table, that stood so far."""

OVER: Mapping[Matter, str] = {
    Matter.FAILED: "it has succeeded",
    Matter.MISSED: "it has run again",
    Matter.DEADLINE: "nothing is overdue any more",
    Matter.DEFECT: "it is understood again",
    Matter.UNREACHABLE: "it can be read again",
    Matter.OWNER: "it can be read again",
    Matter.HELD: "its starts go on",
    Matter.UNWRITABLE: "it can be written again",
    Matter.QUOTA: "the quota lasts again",
}
"""How a problem ends, where its row or table is still there."""


def of_row(keeper: Keeper, key: str, known: Known, now: datetime) -> dict[Matter, Problem]:
    """What stands of one row now. A problem that stood already is answered as it was."""
    state, understood = keeper.states.get(key), keeper.understood.get(key)
    if state is None or gone(state, understood):
        return {}
    begins = isinstance(understood, Task) and understood.status is not Status.PAUSED
    stands = {matter: one for matter, one in known.items() if _stays(matter, keeper, key)}
    fresh = [*(_of_runs(keeper, state) if begins else ()), *_of_meaning(keeper, understood, state, now)]
    return {one.matter: known.get(one.matter, one) for one in fresh} | stands


def gone(state: RowState | None, understood: Task | Defect | None) -> bool:
    """Whether the row is none of ours, or no more."""
    elsewhere = isinstance(understood, Defect) and understood.elsewhere
    return state is None or state.deleted_at is not None or understood is None or elsewhere


def _stays(matter: Matter, keeper: Keeper, key: str) -> bool:
    """Whether a problem that stood goes on to, whether or not the row may have a new one."""
    tally, state, understood = keeper.tallies.get(key, Tally()), keeper.states[key], keeper.understood.get(key)
    match matter:
        case Matter.FAILED:  # what a person cancels has not succeeded
            return tally.last is not None and tally.last.outcome is not Outcome.SUCCEEDED
        case Matter.MISSED:
            return tally.missed_now > 0
        case Matter.DEADLINE:
            return state.promises.overdue is not None and state.promises.overdue.succeeded is None
        case Matter.DEFECT:
            return keeper.meanings.extent is not Extent.WHOLE or (isinstance(understood, Defect) and understood.wrong)
    return False


def _of_runs(keeper: Keeper, state: RowState) -> Iterator[Problem]:
    tally, promises = keeper.tallies.get(state.key, Tally()), state.promises
    if (last := tally.last) is not None and last.outcome in BADLY:
        yield _row(state, Matter.FAILED, last.ended_at or last.due, f"{BADLY[last.outcome]}{last.reason}")
    if tally.missed_now and tally.missed_since is not None:
        why = tally.record.reason if tally.record is not None and tally.record.outcome is Outcome.MISSED else ""
        number = f"{tally.missed_now} were missed" if tally.missed_now > 1 else "one was missed"
        yield _row(state, Matter.MISSED, tally.missed_since, f"{number}{f': {why}' if why else ''}")
    if promises.overdue is not None and promises.overdue.succeeded is None:
        yield _row(state, Matter.DEADLINE, promises.overdue.by, f"nothing had succeeded by then: {promises.overdue.why}")


def _of_meaning(keeper: Keeper, understood: Task | Defect | None, state: RowState, now: datetime) -> Iterator[Problem]:
    if keeper.meanings.extent is Extent.WHOLE and isinstance(understood, Defect) and understood.wrong:
        yield _row(state, Matter.DEFECT, now, understood.message)


def _row(state: RowState, matter: Matter, since: datetime, why: str) -> Problem:
    name = str(state.cells.get(Column.NAME) or state.key)
    return Problem(state.table, state.key, matter, cut(name, LONGEST_WHY), since, cut(why, LONGEST_WHY))


def of_table(keeper: Keeper, known: Known, now: datetime) -> dict[Matter, Problem]:
    """What stands of a table as a whole."""
    stands: dict[Matter, Problem] = {}
    reach, since, why = keeper.access.reach(now)
    matter = OF_REACH.get(reach)
    if matter is not None and (matter in known or reach not in PASSING or now - since >= BEARS):
        stands[matter] = Problem(keeper.name, "", matter, keeper.name, since, cut(why, LONGEST_WHY))
    if keeper.sight.unclear:  # rows that can't be told apart: their keys change with every cell
        sentences = sorted({said for said, _ in keeper.sight.unclear.values()})
        stands[Matter.DEFECT] = Problem(keeper.name, "", Matter.DEFECT, keeper.name, now, cut(" ".join(sentences), LONGEST_WHY))
    return {matter: known.get(matter, one) for matter, one in stands.items()}


def of_quota(scope: str, low: Collection[str], known: Known, now: datetime) -> dict[Matter, Problem]:
    """What stands of a month's calls.   low: the scopes of which too few are left."""
    if scope not in low:
        return {}
    why = "what is left of this month's calls would not last: tables are looked at, and told, more seldom"
    return {Matter.QUOTA: known.get(Matter.QUOTA, Problem("", scope, Matter.QUOTA, scope, now, why))}


def how_over(problem: Problem, keeper: Keeper | None) -> str:
    """How a problem ended that stands no more, a clause.   keeper: of its table; None where that is served no more."""
    if problem.table and keeper is None:
        return "its table is no longer in rowd.toml"
    if keeper is not None and problem.key and gone(keeper.states.get(problem.key), keeper.understood.get(problem.key)):
        return "its row is gone"
    return OVER[problem.matter]
