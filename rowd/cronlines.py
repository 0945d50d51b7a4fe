"""Lines of a crontab from tasks: which schedules cron can say, and how a command is written there. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from itertools import product

from engine.model import Schedule
from engine.schedule import Unreadable, parse
from engine.schedule.days import EVERY_DATE, EVERY_MONTH, EVERY_WEEKDAY, EveryDays, EveryWeeks, InMonths
from engine.schedule.walk import Calendar, Span
from rowd import crontab

COMPARED = 1000
"""So many occurrences, or those of two years, must agree before a line is believed to say the same."""

AHEAD = timedelta(days=731)


def expression(schedule: Schedule, now: datetime) -> str | None:
    """Five fields, or a nickname, that come due whenever this schedule does from `now` on; None where cron can't say it."""
    for said in _candidates(schedule):
        try:
            crontab.checked(said)
            same = parse(said, type=None, zone=schedule.zone, since=now).schedule
        except (crontab.Wrong, Unreadable):
            continue
        if _agree(schedule, same, now):
            return said
    return None


def written(schedule: str, command: str, user: str | None = None) -> str:
    """A line of a crontab. user: only in a system's crontab. Raises crontab.Wrong for a command that no line can hold."""
    if re.search(r"[\n\r\0]", command):
        raise crontab.Wrong("its command goes over several lines")
    # cron undoes `\\\\` and `\\%`, and leaves a backslash before anything else alone
    escaped = re.sub(r"\\{2,}|\\(?=%|$)|%", lambda found: r"\%" if found[0] == "%" else found[0] * 2, command)
    return " ".join(filter(None, (schedule, user, escaped)))


def _agree(one: Schedule, other: Schedule, now: datetime) -> bool:
    at: datetime | None = now
    for _ in range(COMPARED):
        if at is None or at > now + AHEAD:
            return True
        due, at = one.next(at), other.next(at)
        if due != at:
            return False
    return True


def _candidates(schedule: Schedule) -> Iterator[str]:
    """Lines that may say the schedule. Which one does, is found out by walking."""
    yield schedule.text  # cron already, perhaps
    match schedule:
        case Span(every_s=every) if every % 60 == 0:
            if 60 % (every // 60) == 0:
                yield f"{_stepped(range(0, 60, every // 60), 60)} * * * *"
            elif every % 3600 == 0 and 24 % (every // 3600) == 0:
                yield f"0 {_stepped(range(0, 24, every // 3600), 24)} * * *"
        case Calendar(days=EveryDays(every=1)):
            yield from _daily(schedule, "* * *")
        case Calendar(days=EveryWeeks(every=1, weekdays=weekdays)):
            yield from _daily(schedule, f"* * {_weekdays(weekdays)}")
        case Calendar(days=InMonths() as rule):
            dates = "*" if rule.dates == EVERY_DATE else _listed(_bits(rule.dates, 32))
            months = "*" if rule.months == EVERY_MONTH else _listed(_bits(rule.months, 13))
            yield from _daily(schedule, f"{dates} {months} {_weekdays(rule.weekdays)}")


def _daily(schedule: Calendar, days: str) -> Iterator[str]:
    times = {divmod(m, 60) for m in _bits(schedule.minutes, 1440)}
    hours, minutes = sorted({h for h, _ in times}), sorted({m for _, m in times})
    if set(product(hours, minutes)) != times:
        return
    yield f"{_listed(minutes)} {_listed(hours)} {days}"
    yield f"{_stepped(minutes, 60)} {_stepped(hours, 24)} {days}"


def _weekdays(mask: int) -> str:
    """mask: bit 0 is Monday."""
    return "*" if mask in (0, EVERY_WEEKDAY) else _listed([n + 1 for n in _bits(mask, 7)])


def _bits(mask: int, size: int) -> list[int]:
    return [n for n in range(size) if mask >> n & 1]


def _stepped(values: Sequence[int], size: int) -> str:
    """As `*/5` where they are all of such steps."""
    for step in range(1, size):
        if list(values) == list(range(0, size, step)):
            return "*" if step == 1 else f"*/{step}"
    return _listed(values)


def _listed(values: Sequence[int]) -> str:
    """`1-5,8`: numbers in rising order as a field."""
    runs: list[list[int]] = []
    for value in values:
        if runs and runs[-1][-1] + 1 == value:
            runs[-1].append(value)
        else:
            runs.append([value])
    return ",".join(f"{run[0]}-{run[-1]}" if len(run) > 2 else ",".join(map(str, run)) for run in runs)
