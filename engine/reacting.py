"""What a row does once something has happened that it watches. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from actions.api import Outcome, Value
from engine.lateness import crowded
from engine.model import Cause, Overlap, Request, Status
from engine.plan import Answer, House
from engine.weighing import Weighed, later

NUMBER = "number"
"""For how many things an event stands, among what it says of itself."""


def react(one: Weighed, happened: Sequence[Request], now: datetime, house: House) -> None:
    """Claim one run for all that has happened until it can start, or record why there is none. What is in the way is waited for.

    happened: the open requests of events, oldest first.
    """
    if not happened:
        return
    if one.task.status is not Status.ACTIVE:
        one.answers += [Answer(request, False, f"the row is {one.task.status}") for request in happened]
        return
    if one.hold is not None and not one.hold.record:
        return
    if one.hold is None and one.task.overlap is Overlap.QUEUE and one.active:
        return  # decided on again when that has ended
    if one.hold is None and (until := later(one, now, house)) is not None:
        one.wakes.append(until)
        return
    newest, event = happened[-1], together(happened)
    trigger, due = f"request:{newest.id}", newest.asked_at
    one.answers += [Answer(request, True, "taken") for request in happened]
    if one.hold is not None:
        unmet: tuple[Outcome, str] | None = (Outcome.MISSED, one.hold.reason)
    else:
        reason = crowded(one)
        unmet = (Outcome.SKIPPED, reason) if reason is not None else one.unmet(due, now, event)
    if unmet is not None:
        one.pass_up(*unmet, trigger, Cause.EVENT, due, now, newest.by, event)
        return
    if one.task.overlap is Overlap.RESTART:
        one.stop_all("restarted by what has happened since", "")
    one.claim(trigger, Cause.EVENT, due, now, newest.by, event)


def together(happened: Sequence[Request]) -> dict[str, Value]:
    """What the newest says, and for how many things all of them stand."""
    numbers = (request.event.get(NUMBER, 1) for request in happened)
    return {**happened[-1].event, NUMBER: sum(n if isinstance(n, int) else 1 for n in numbers)}
