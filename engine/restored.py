"""A ledger that was put back from a copy doesn't know what happened since: nothing from that time is ever started again."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime

from msgspec import Struct, field
from msgspec.structs import replace

from actions.api import Outcome, Result
from engine.committer import Commits
from engine.events import LedgerRestored
from engine.keeper import Keeper
from engine.lateness import left_behind
from engine.ledger import AttemptEnd, Ledger
from engine.ledger.ids import numbered
from engine.model import Occurrence, RowState, Stage, Task
from engine.news import Tallies, tallies_of
from engine.owing import freed
from engine.wording import moment

REASON = "the ledger was put back from a copy of {}: whether it ran since is not known"


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
        ledger.settle_copy()
        return tallies_of(ledger, [*self.records, *ended])


async def settle(
    committer: Commits, keepers: Iterable[Keeper], now: datetime, draw: Callable[[int], bytes]
) -> LedgerRestored | None:
    """Where the ledger is a copy: record what came due since as missed, end what was under way then, and go on from now.

    keepers: of the tables that are served, as the ledger gave them; they know it afterwards. Answers what is to be told of it.
    """
    copied = await committer.read(lambda ledger: ledger.copied_at())
    if copied is None:
        return None
    served = {keeper.name: keeper for keeper in keepers}
    gap = _Gap(REASON.format(moment(copied, UTC)))
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
    return LedgerRestored(at=now, copied_at=copied, missed=sum(record.count for record in gap.records))
