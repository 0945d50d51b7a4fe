"""A ledger that was put back from a copy, or has lost its newest records, doesn't know what happened since: nothing from that time
is ever started again."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from msgspec import Struct, field
from msgspec.structs import replace

from actions.api import Outcome, Result
from engine.committer import Commits
from engine.events import LedgerBehind, LedgerRestored
from engine.keeper import Keeper
from engine.lateness import left_behind
from engine.ledger import AttemptEnd, Ledger
from engine.ledger.ids import made_at, numbered
from engine.model import Occurrence, RowState, Stage, Task
from engine.news import Tallies, tallies_of
from engine.owing import freed
from engine.wording import moment

REASON = "the ledger was put back from a copy of {}: whether it ran since is not known"
BEHIND = "the ledger has lost what it was told after {}: whether it ran since is not known"

ASIDE = ".unknown"
"""What is added to the name of a run's folder that the ledger doesn't know, so that its being there tells nothing any more."""


class _Gap(Struct):
    """What is settled without being run.   why: the reason in every record."""

    why: str
    records: list[Occurrence] = field(default_factory=list)
    states: list[RowState] = field(default_factory=list)

    def write(self, ledger: Ledger, now: datetime) -> Tallies:
        """All of it in one commit, after which the ledger is no copy any more."""
        ended = []
        for occurrence in ledger.active():
            if occurrence.stage is Stage.RUNNING:
                lost = AttemptEnd(occurrence.id, occurrence.attempt, now, Result(Outcome.LOST, self.why), None)
                ended += ledger.end_attempts([lost])
            else:
                ended.append(ledger.end(occurrence.id, Outcome.LOST, self.why, now))
        for request in ledger.requests():
            ledger.answer(request.id, False, self.why, now)
        ledger.record(self.records)
        ledger.save_rows(self.states)
        ledger.settle_copy(now)
        return tallies_of(ledger, [*self.records, *ended])


async def settle(
    committer: Commits, keepers: Iterable[Keeper], runs: Path, now: datetime, draw: Callable[[int], bytes]
) -> LedgerRestored | LedgerBehind | None:
    """Where the ledger is a copy, or knows less than the folder of the runs: record what came due since as missed, end what was
    under way then, and go on from now.

    keepers: of the tables that are served, as the ledger gave them; they know it afterwards. Answers what is to be told of it.
    """
    copied, newest = await committer.read(lambda ledger: (ledger.copied_at(), ledger.newest_run()))
    unknown = _unknown(runs, newest)
    known_until = copied or (made_at(newest) if newest is not None and unknown else None)
    if known_until is None:
        return None
    served = {keeper.name: keeper for keeper in keepers}
    gap = _Gap((BEHIND if copied is None else REASON).format(moment(known_until, UTC)))
    for keeper in served.values():
        for key, state in keeper.states.items():
            task = keeper.understood.get(key)
            gap.records += left_behind(task, state, now, gap.why) if isinstance(task, Task) else []
            until = max(now, state.settled_until)
            since = max(now, state.since) if isinstance(task, Task) and task.depends_on else state.since
            gone_on = replace(state, since=since, settled_until=until, armed=False, skip_until=None, skip_by="")
            gap.states.append(freed(gone_on))
    gap.records = list(numbered(gap.records, now, draw))
    tallies = await committer.do(lambda ledger: gap.write(ledger, now), point="rows")
    for state in gap.states:
        served[state.table].apply({state.key: state}, now)
    for name, changed in tallies.items():
        if name in served:
            served[name].tallies.update(changed)
    for folder in unknown:
        with suppress(OSError):  # then it is found again by the next daemon, which is on the safe side
            folder.rename(folder.with_name(f"{folder.name}{ASIDE}"))
    missed = sum(record.count for record in gap.records)
    if copied is None:
        return LedgerBehind(at=now, known_until=known_until, runs=len(unknown), missed=missed)
    return LedgerRestored(at=now, copied_at=copied, missed=missed)


def _unknown(runs: Path, newest: str | None) -> list[Path]:
    """The folders of runs that are newer than all that the ledger knows. It knows of a run before that has a folder: so it has
    forgotten them."""
    try:
        return [run for run in runs.iterdir() if run.name > (newest or "") and made_at(run.name) is not None]
    except OSError:
        return []
