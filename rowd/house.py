"""What holds for every task now: workers, limits, breakers, brakes, blackouts, as the daemon would see them."""

from __future__ import annotations

from datetime import datetime

from engine.asking import of_now
from engine.brakes import counted, lane_of_action
from engine.ledger import Ledger
from engine.model import Occurrence, Stage
from engine.plan import House
from rowd.bound import Site
from rowd.known import braked, shut, tripped
from rowd.view import living


def house(site: Site, ledger: Ledger | None, now: datetime) -> House:
    """What holds for every task now: workers, limits, breakers, blackouts, as the daemon of this site would see them."""
    attempts: list[Occurrence] = []
    mark, brakes = None, braked(site, ledger, now)
    if ledger is not None:
        attempts = [o for o in ledger.active() if o.stage is Stage.RUNNING]
        mark = living(ledger)
    running = counted(attempts)
    actions = {lane_of_action(action): limit for action, limit in site.parts.limits.items()}
    return House(
        awake_since=mark.since if mark is not None else now,
        free=max(0, site.parts.max_parallel - len(attempts)),
        running=running,
        limits=actions | brakes.limits(running, now, {}),
        shut=shut(tripped(site, ledger), now),
        full=brakes.full(now),
        blackouts=site.parts.blackouts,
        facts=of_now(site.parts.facts, ledger.facts() if ledger is not None else {}),
        approvals=site.parts.approvals,
    )
