"""Lines of a crontab from tasks: which schedules cron can say, and how a command is written there. Pure."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import product
from pathlib import Path

from engine.model import Schedule
from engine.schedule import Unreadable, parse
from engine.schedule.days import EVERY_DATE, EVERY_MONTH, EVERY_WEEKDAY, EveryDays, EveryWeeks, InMonths
from engine.schedule.walk import Calendar, Span
from rowd import crontab
from rowd.migration import FED

STARTS = tuple(timedelta(days=30 * n) for n in range(25))
"""From these points after now a line and a schedule are held against each other: two years, with their changes of the clock."""

COMPARED = 40
"""So many occurrences from each point on."""


def expression(schedule: Schedule, now: datetime) -> str | None:
    """Five fields, or a nickname, that come due whenever this schedule does from `now` on; None where cron can't say it."""
    for said in _candidates(schedule):
        try:
            crontab.checked(said)
            same = parse(said, type=None, zone=schedule.zone, since=now).schedule
        except (crontab.Wrong, Unreadable):
            continue
        if _moves(schedule) == _moves(same) and _agree(schedule, same, now):
            return said
    return None


def shell_command(argv: Sequence[str], environment: Mapping[str, str], folder: Path) -> tuple[str, str | None]:
    """What a shell is to be given to run a definition that takes no parameters, and its input; None for none.

    argv: as in `rowd.toml`.   folder: absolute, where it runs. What cron gives a job by itself is left out.
    """
    plain = [element.replace("{{", "{").replace("}}", "}") for element in argv]
    stdin = None
    if plain[:4] == ["/bin/sh", "-c", FED, "sh"] and len(plain) == 7:
        stdin, plain = plain[4], [plain[5], "-c", plain[6]]
    variables = [f"{k}={shlex.quote(v)}" for k, v in environment.items() if (k, v) not in _GIVEN]
    if len(plain) == 3 and plain[:2] == [crontab.SHELL, "-c"] and not variables:
        command = plain[2]
    else:
        command = shlex.join(plain)
        if variables:
            command = " ".join(["env", *variables, command])
    home = environment.get("HOME") or str(Path.home())
    return (command if str(folder) == home else f"cd {shlex.quote(str(folder))} && {command}"), stdin


_GIVEN = frozenset({("PATH", crontab.PATH), ("SHELL", crontab.SHELL)})


def written(schedule: str, command: str, user: str | None = None, stdin: str | None = None) -> str:
    """A line of a crontab. user: only in a system's crontab.   stdin: what the command reads; None for nothing.

    Raises crontab.Wrong for what no line can hold.
    """
    if re.search(r"[\n\r\0]", command) or (stdin is not None and re.search(r"[\r\0]", stdin)):
        raise crontab.Wrong("its command goes over several lines")
    # cron undoes `\\\\` and `\\%`, and leaves a backslash before anything else alone
    escaped = re.sub(r"\\{2,}|\\(?=%|$)|%", lambda found: r"\%" if found[0] == "%" else found[0] * 2, command)
    if stdin is not None:
        escaped += "%" + _fed(stdin)
    return " ".join(filter(None, (schedule, user, escaped)))


def _moves(schedule: Schedule) -> bool:
    """Whether it runs on real time where the clock is changed, a difference that shows on two nights a year."""
    return schedule.real if isinstance(schedule, Calendar) else True


def _fed(stdin: str) -> str:
    """What stands behind the first %: there only `\\%` is undone, and cron ends the last line where it isn't ended."""
    if stdin and not stdin.endswith("\n"):
        raise crontab.Wrong("its input doesn't end with a whole line, and cron would end it")
    left = stdin[:-1] if re.search(r"[^\n]\n\Z", stdin) else stdin
    if "\\\n" in left:
        raise crontab.Wrong("a line of its input ends with a backslash, which cron can't say")
    return left.replace("%", r"\%").replace("\n", "%")


def _agree(one: Schedule, other: Schedule, now: datetime) -> bool:
    for start in STARTS:
        at: datetime | None = now + start
        for _ in range(COMPARED):
            if at is None:
                break
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
    yield f"{_listed(minutes)} {_stepped(hours, 24)} {days}"
    yield f"{_stepped(minutes, 60)} {_stepped(hours, 24)} {days}"
    yield f"{_stepped(minutes, 60)} {_listed(hours)} {days}"


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
