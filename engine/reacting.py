"""What a row does once something has happened that it watches. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from actions.api import Outcome, Value
from engine.asked import Request, Wish
from engine.lateness import crowded
from engine.model import Cause, Overlap, Status
from engine.plan import Answer, House
from engine.weighing import Weighed, later
from watches.api import LONGEST_VALUE, THROUGH

NUMBER = "number"
"""For how many things an event stands, among what it says of itself."""

PATHS, OLD = "paths", "old"
"""What an event may say of many things, a line each; and what stood in a cell before a person edited it."""

_CELL = ("id", "column")
"""What an event says of the cell that was edited; the row only where it isn't the one that reacts."""

REACTIONS = frozenset({Wish.REACT, Wish.REACT_APART})
"""What events ask of rows that watch something."""


def react(one: Weighed, happened: Sequence[Request], now: datetime, house: House) -> None:
    """Claim a run for what has happened until it can start, or record why there is none. What is in the way is waited for.

    One run is for all of it, but for what is to be reacted to apart: that is a run each.
    happened: the open requests of events, oldest first.
    """
    for batch in batches(happened):
        if not _react(one, batch, now, house):
            return


def batches(happened: Sequence[Request]) -> list[Sequence[Request]]:
    """What is one run each, by the oldest of each."""
    together_: list[Request] = []
    found: list[Sequence[Request]] = []
    for request in happened:
        if request.wish is Wish.REACT_APART:
            found.append((request,))
            continue
        if not together_:
            found.append(together_)
        together_.append(request)
    return found


def _react(one: Weighed, happened: Sequence[Request], now: datetime, house: House) -> bool:
    """One run, or none. False: it has to wait, and so has all that came after it."""
    if one.task.status is not Status.ACTIVE:
        _leave_out(one, happened, Outcome.MISSED, f"the row was {one.task.status} before it could start", now)
        return True
    if one.hold is not None and not one.hold.record:
        return False
    if one.hold is None and one.task.overlap is Overlap.QUEUE and one.active:
        return False  # decided on again when that has ended
    if one.task.overlap is not Overlap.PARALLEL and any(claim.cause is Cause.EVENT for claim in one.claims):
        return False  # decided on again when that has begun
    if one.hold is None and (until := later(one, now, house)) is not None:
        one.wakes.append(until)
        return False
    one.answers += [Answer(request, True, "taken") for request in happened]
    reason = crowded(one) if one.hold is None else None
    taken = _wanted(one, happened, now) if one.hold is None and reason is None else happened
    newest, event = taken[-1], together(taken)
    trigger, due = f"request:{newest.id}", newest.asked_at
    if one.hold is not None:
        unmet: tuple[Outcome, str] | None = (Outcome.MISSED, one.hold.reason)
    else:
        unmet = (Outcome.SKIPPED, reason) if reason is not None else one.unmet(due, now, event)
    if unmet is not None:
        one.pass_up(*unmet, trigger, Cause.EVENT, due, now, newest.by, event)
        return True
    if one.task.overlap is Overlap.RESTART:
        one.make_way("restarted by what has happened since")
    one.claim(trigger, Cause.EVENT, due, now, newest.by, event)
    return True


def call_off(one: Weighed, happened: Sequence[Request], by: str, now: datetime) -> None:
    """Record that somebody doesn't want what waits to start."""
    for batch in batches(happened):
        _leave_out(one, batch, Outcome.SKIPPED, f"cancelled by {by} before it started", now)


def _leave_out(one: Weighed, happened: Sequence[Request], outcome: Outcome, why: str, now: datetime) -> None:
    newest = happened[-1]
    one.answers += [Answer(request, True, "taken") for request in happened]
    one.pass_up(outcome, why, f"request:{newest.id}", Cause.EVENT, newest.asked_at, now, newest.by, together(happened))


def _wanted(one: Weighed, happened: Sequence[Request], now: datetime) -> Sequence[Request]:
    """Of several things those that the row's condition is for, each by itself; all where it is for none of them alone."""
    if one.task.condition is None or len(happened) == 1:
        return happened
    return [request for request in happened if one.unmet(request.asked_at, now, request.event) is None] or happened


def together(happened: Sequence[Request]) -> dict[str, Value]:
    """What all of them say: whole numbers added, the paths of all, the first old value; of all else what the newest says.

    See `watches.api.Happening`.
    """
    first, newest = happened[0].event, happened[-1].event
    if len(happened) == 1:
        return dict(newest)
    said = dict(newest)
    for name, value in newest.items():
        each = [request.event.get(name) for request in happened]
        if isinstance(value, int) and not isinstance(value, bool):
            said[name] = sum(n for n in each if isinstance(n, int))
        elif name == PATHS:
            lines = dict.fromkeys(line for text in each if isinstance(text, str) for line in text.splitlines())
            said[name] = _cut("\n".join(lines))
    said |= brought_about(request.event for request in happened)
    if OLD in first and all(first.get(name) == newest.get(name) for name in _CELL):
        said[OLD] = first[OLD]
    before = sum(number for request in happened[:-1] if isinstance(number := request.event.get(NUMBER, 1), int))
    said["summary"] = f"{newest.get('summary', '')}, and {before} more before"
    return said


def brought_about(events: Iterable[Mapping[str, Value]], also: Iterable[str] = ()) -> dict[str, Value]:
    """What is to be said of a run that these events have led to, and perhaps these sources of outcomes, so that none of them asks
    rows for its end again.
    """
    through = dict.fromkeys(line for event in events for line in str(event.get(THROUGH, "")).splitlines() if line)
    return {THROUGH: _cut("\n".join([*through, *(name for name in also if name not in through)]))} if through or also else {}


def _cut(lines: str) -> str:
    """As many lines as may stand in one value."""
    if len(lines) <= LONGEST_VALUE:
        return lines
    return lines[: LONGEST_VALUE - 2].rpartition("\n")[0] + "\n…"
