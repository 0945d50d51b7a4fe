"""What a row does that waits for others, once all of them have ended anew. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from msgspec.structs import replace

from actions.api import Outcome
from engine.lateness import crowded
from engine.links import OnFailure, Round
from engine.model import Cause, Overlap
from engine.plan import House
from engine.reacting import brought_about
from engine.rounds import MADE_UP, Prerequisite, ended, failed, how, makes_up
from engine.weighing import Weighed, later, snoozes
from engine.wording import moment


def follow(one: Weighed, prerequisites: Sequence[Prerequisite], now: datetime, house: House) -> None:
    """Claim what a complete round releases, or record why it is skipped. What is in the way of a start is waited for."""
    snoozes(one, now)
    runs = ended(one.state, prerequisites)
    broken = failed(runs)
    if len(runs) < len(prerequisites) or (broken and one.task.on_failure is OnFailure.BLOCK):
        return
    if (until := later(one, now, house)) is not None:
        one.wakes.append(until)
        return
    by = MADE_UP if makes_up(one.state, prerequisites) else str(Cause.COMPLETION)
    last = max(runs.values(), key=lambda run: (run.ended_at or now, run.id))
    trigger, due = f"after:{last.id}", last.ended_at or now
    skipped = bool(broken) and one.task.on_failure is OnFailure.SKIP
    reason = how(broken.values(), one.task.table, lambda at: moment(at, one.task.zone)) if skipped else crowded(one)
    unmet = (Outcome.SKIPPED, reason) if reason is not None else one.unmet(due, now)
    led = brought_about(run.event for run in runs.values())
    one.state = replace(one.state, round=Round(frozenset(run.id for run in runs.values()), broken=skipped))
    if unmet is not None:
        one.pass_up(*unmet, trigger, Cause.COMPLETION, due, now, event=led)
        return
    if one.task.overlap is Overlap.RESTART:
        one.make_way("restarted by the next round")
    one.claim(trigger, Cause.COMPLETION, due, now, by, led)
