"""What a day or a week came to, for a channel that wants to know: when it is told, and what. Pure."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, tzinfo

from actions.api import Outcome
from actions.telling import cut
from config.settings import Channel
from engine.ledger import Digest, Problem
from rowd.alerts.wording import HEADS, LONGEST_NAME, LONGEST_TITLE, LONGEST_WHY, Message, Tone, instant_of, tamed, whose
from rowd.saying import plural

MOST = 10
"""Tasks, and problems, that one digest names; of the others it says how many they are."""

MONDAY = 0

_DAY = timedelta(days=1)
_FAILURES = (Outcome.FAILED, Outcome.TIMED_OUT, Outcome.LOST)


def newest(its: Channel, zone: tzinfo, now: datetime) -> datetime | None:
    """When the newest digest was to be told, `now` at the latest; UTC. None where the channel wants none."""
    if its.digest is None:
        return None
    day = now.astimezone(zone).date()
    while (at := datetime.combine(day, its.digest_at, zone).astimezone(UTC)) > now or not _told_on(its, day.weekday()):
        day -= _DAY
    return at


def following(its: Channel, zone: tzinfo, now: datetime) -> datetime | None:
    """When the next one is, later than `now`; UTC. None where the channel wants none."""
    if its.digest is None:
        return None
    day = now.astimezone(zone).date()
    while (at := datetime.combine(day, its.digest_at, zone).astimezone(UTC)) <= now or not _told_on(its, day.weekday()):
        day += _DAY
    return at


def hour_of(instant: datetime) -> datetime:
    """When its hour began: a digest goes by whole hours, and one of less than one would say nothing."""
    return instant.replace(minute=0, second=0, microsecond=0)


def _told_on(its: Channel, weekday: int) -> bool:
    return its.digest == "daily" or weekday == MONDAY


def summed_up(digest: Digest, problems: Sequence[Problem], zone: tzinfo) -> Message:
    """One message.   problems: those that stand, of which the channel was told."""
    counts = [f"{digest.counts[one]:,} {one}" for one in Outcome if digest.counts.get(one)]
    failed = sum(digest.counts.get(one, 0) for one in _FAILURES)
    came_to, stands = ", ".join(counts) or "nothing was due", f"; {plural(len(problems), 'problem')}" if problems else ""
    when = f"From {instant_of(digest.since, zone)} to {instant_of(digest.until, zone)}"
    entries = [f"{when}: {came_to}; {plural(digest.edits, 'edit')} by people."]
    if digest.troubled:
        lines = [_troubled(one.table, one.task, one.failures, one.missed, one.reason) for one in digest.troubled[:MOST]]
        entries.append("\n".join(["Not as it should be in that time:", *lines, *_more(len(digest.troubled))]))
    stand = [
        f"{whose(one)}: {HEADS[one.matter]} since {instant_of(one.since, zone)}" for one in sorted(problems, key=_since)[:MOST]
    ]
    entries.append("\n".join(["Wrong now:", *stand, *_more(len(problems))]) if problems else "Nothing is wrong now.")
    tone = Tone.FAILURE if problems else Tone.WARNING if failed or digest.counts.get(Outcome.MISSED) else Tone.SUCCESS
    return Message(cut(f"rowd: {came_to}{stands}", LONGEST_TITLE), "\n\n".join(entries), tone)


def _since(problem: Problem) -> datetime:
    return problem.since


def _troubled(table: str, task: str, failures: int, missed: int, reason: str) -> str:
    often = [f"failed {_times(failures)}"] if failures else []
    often += [f"missed {_times(missed)}"] if missed else []
    name = tamed(f"{table}/{task}", LONGEST_NAME)
    return f"{name}: {' and '.join(often)}, at last: {tamed(reason, LONGEST_WHY)}\n  rowd history {shlex.quote(name)}"


def _times(number: int) -> str:
    return "once" if number == 1 else f"{number:,} times"


def _more(number: int) -> list[str]:
    return [f"and {number - MOST:,} more: `rowd list` says how all stands"] if number > MOST else []
