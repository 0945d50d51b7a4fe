"""Cron expressions: five fields, or six with seconds first, and the `@` names. What a field means is Debian's cron's reading."""

from __future__ import annotations

import re
from functools import lru_cache

from msgspec import Struct

from engine.schedule.days import EVERY_DATE, EVERY_MONTH, EVERY_WEEKDAY, Days, InMonths, shared
from engine.schedule.spelling import MONTHS, WEEKDAYS
from engine.schedule.unreadable import Unreadable, refused, two_readings

NICKNAMES = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
}
_MACHINE = (
    "means the start of the machine, which is no time that comes due here;"
    ' give the task a time like "daily 07:00", or let systemd press `rowd run-now`'
)
_LIKE_A_FIELD = re.compile(r"[\d*?/,#~hrlw()-]*[\d*?][\d*?/,#~hrlw()-]*|[hr]")


class Cron(Struct, frozen=True):
    """An expression understood, still without a zone. text: tidied.   The rest: as in `engine.schedule.walk.Calendar`."""

    text: str
    days: Days
    minutes: int
    seconds: int
    real: bool
    fields: tuple[str, ...]


class _Field(Struct, frozen=True):
    """What may stand in one field. size: how many different values it has."""

    name: str
    low: int
    high: int
    size: int
    names: dict[str, int]


_SECOND = _Field("second", 0, 59, 60, {})
_MINUTE = _Field("minute", 0, 59, 60, {})
_HOUR = _Field("hour", 0, 23, 24, {})
_DATE = _Field("day-of-month", 1, 31, 31, {})
_MONTH = _Field("month", 1, 12, 12, {name[:3].lower(): i for i, name in enumerate(MONTHS, 1)})
_WEEKDAY = _Field("weekday", 0, 7, 7, {name[:3].lower(): (i + 1) % 7 for i, name in enumerate(WEEKDAYS)})


def looks_like_cron(text: str) -> bool:
    """Whether this tidy, lower-case text was meant as cron, well-formed or not."""
    parts = text.split()
    if text.startswith("@") or any(p.startswith("*") for p in parts[:6]):
        return True
    return len(parts) >= 5 and all(_LIKE_A_FIELD.fullmatch(p) for p in parts[:2])


@lru_cache(maxsize=4096)
def cron(text: str) -> Cron:
    """Read a tidy, lower-case expression. Raises Unreadable."""
    if text == "@reboot":
        raise refused(text, _MACHINE)
    if text.startswith("@") and text not in NICKNAMES:
        raise refused(text, f"is no name that cron knows; there are {', '.join(NICKNAMES)}")
    fields = NICKNAMES.get(text, text).split()
    _check_shape(text, fields)
    if len(fields) == 5:
        fields.insert(0, "0")
    second, minute, hour, date, month, weekday = fields
    minutes, hours = _mask(text, _MINUTE, minute), _mask(text, _HOUR, hour)
    found = Cron(
        text=text,
        days=_days(text, date, month, weekday),
        minutes=sum(minutes << 60 * h for h in range(24) if hours >> h & 1),
        seconds=_mask(text, _SECOND, second),
        real=minute.startswith("*") or hour.startswith("*"),
        fields=tuple(fields),
    )
    second_opinion(text, fields)
    if found.days.next(0) is None:
        raise refused(text, "never comes due: no such month has such a day")
    return found


def _check_shape(text: str, fields: list[str]) -> None:
    for field in fields[:6]:
        if re.match(r"[hr](\(|/|$)", field):
            raise refused(
                text,
                f'"{field}" leaves the time to chance; write a number, and use Jitter where many tasks should not start together',
            )
    if any(re.search(r"[a-z]{5,}|[./][a-z]|[=\"'$]", f) for f in fields[5:]):
        raise refused(text, "holds more than the time: the Schedule has the five time fields, what to run is the Action")
    if len(fields) not in (5, 6):
        raise refused(text, f"cron has five fields, or six with seconds first, and this has {len(fields)}")


def _mask(text: str, field: _Field, said: str) -> int:
    """Bit v stands for value v."""
    mask = 0
    for part in said.split(","):
        mask |= _part(text, field, part)
    return mask


def _part(text: str, field: _Field, part: str) -> int:
    span, slash, step_said = part.partition("/")
    step = _number(text, field, step_said) if slash else 1
    if not step:
        raise refused(text, f'the step in "{part}" is 0; leave it out, or write how many {field.name}s apart')
    if step > field.size:
        raise refused(
            text,
            f'"{part}" would come back to the same {field.name} each time; for longer intervals write e.g. "every 90 minutes"',
        )
    low, dash, high = span.partition("-")
    if span == "*":
        return _steps(field.low, field.high - (field is _WEEKDAY), step)
    first = _value(text, field, low)
    if not dash:
        return _from(text, field, part, first, step) if slash else 1 << first
    last = _value(text, field, high)
    if first == last:
        raise two_readings(text, f'"{low}" for this one {field.name}', '"*" for all of them')
    if first < last:
        return _steps(first, last, step)
    # croniter, people and calendars read fri-mon and 22-2 alike: over the end and on from the beginning
    top = 6 if field is _WEEKDAY else field.high
    return _around(field, first % 7 if field is _WEEKDAY else first, last, top, step)


def _from(text: str, field: _Field, part: str, first: int, step: int) -> int:
    found = _steps(first, field.high, step)
    if field is _WEEKDAY and found >> 7 & 1 and not found & 1 and first < 7:
        raise refused(text, f'"{part}" ends with Sunday for some and before it for others; list the weekdays, like "1,3,5"')
    return found


def _around(field: _Field, first: int, last: int, top: int, step: int) -> int:
    if first <= last:
        return _steps(first, last, step)
    line = [*range(first, top + 1), *range(field.low, last + 1)][::step]
    return sum(1 << v for v in line)


def _steps(first: int, last: int, step: int) -> int:
    return sum(1 << v for v in range(first, last + 1, step))


def _value(text: str, field: _Field, said: str) -> int:
    if said in field.names:
        return field.names[said]
    value = _number(text, field, said)
    if not field.low <= value <= field.high:
        raise refused(text, f"{value} is no {field.name}; those go from {field.low} to {field.high}")
    return value


def _number(text: str, field: _Field, said: str) -> int:
    if not re.fullmatch(r"[0-9]{1,4}", said):
        what = f'"{said}" is no {field.name}' if said else f"something is missing in the {field.name} field"
        names = f" or {', '.join(field.names)}" if field.names else ""
        raise refused(text, f"{what}; write a number{names}")
    return int(said)


def _days(text: str, date: str, month: str, weekday: str) -> Days:
    dates, by_date = _dates(text, "*" if date == "?" else date)
    weekdays, by_weekday = _weekdays(text, "*" if weekday == "?" else weekday)
    starred = date[0] in "*?" or weekday[0] in "*?"
    return shared(
        InMonths(
            dates=dates,
            last="l" in by_date,
            last_working="lw" in by_date,
            nearest=sum(1 << d for d in by_date.values() if d),
            weekdays=weekdays,
            nth=sum(1 << v for kind, v in by_weekday if kind == "#"),
            last_weekdays=sum(1 << v for kind, v in by_weekday if kind == "l"),
            both=starred,
            months=EVERY_MONTH if month == "*" else _mask(text, _MONTH, month),
        )
    )


def _dates(text: str, said: str) -> tuple[int, dict[str, int]]:
    """The dates as a mask; and what else was said: `l`, `lw` (0 each), `15w` (15)."""
    mask, others = 0, {}
    for part in said.split(","):
        if part in ("l", "lw"):
            others[part] = 0
        elif near := re.fullmatch(r"([0-9]{1,2})w", part):
            if said != part:
                raise refused(text, f'"{part}" stands alone in its field; write words, like "first and last working day of month"')
            others[part] = _value(text, _DATE, near[1])
        elif re.match(r"l-|[^,]*[lw]", part):
            raise refused(
                text,
                f'"{part}" is no day; there are L (the last), LW (the last working day) and 15W (the one nearest to the 15th)',
            )
        else:
            mask |= _part(text, _DATE, part)
    return mask & EVERY_DATE, others


def _weekdays(text: str, said: str) -> tuple[int, set[tuple[str, int]]]:
    """The weekdays as a mask with bit 0 for Monday; and what else was said: ("#", bit of nth), ("l", weekday)."""
    mask, others = 0, set()
    for part in said.split(","):
        if part == "l":
            raise two_readings(text, '"sat" for each Saturday', '"5L" for the last Friday of the month')
        if counted := re.fullmatch(r"([0-9a-z]+)#(.+)", part):
            if counted[2] not in ("1", "2", "3", "4", "5"):
                raise refused(text, f'"{part}": no month has such a weekday; the number after # goes from 1 to 5')
            others.add(("#", 5 * _monday_first(_value(text, _WEEKDAY, counted[1])) + int(counted[2]) - 1))
        elif final := re.fullmatch(r"([0-7]|sun|mon|tue|wed|thu|fri|sat)l|l([0-7])", part):
            others.add(("l", _monday_first(_value(text, _WEEKDAY, final[1] or final[2]))))
        else:
            mask |= _part(text, _WEEKDAY, part)
    weekdays = sum(1 << _monday_first(v) for v in range(7) if mask >> v & 1 or (v == 0 and mask >> 7 & 1))
    return weekdays & EVERY_WEEKDAY, others


def _monday_first(weekday: int) -> int:
    return (weekday + 6) % 7


def second_opinion(text: str, fields: list[str]) -> None:
    """A second opinion. Where we know more than croniter (LW, 5L, # beside plain weekdays), it is shown what it knows.

    Raises Unreadable where it refuses the rest.
    """
    # late: it costs 20 ms, and a table without cron has no need of it
    from croniter import CroniterError, CroniterUnsupportedSyntaxError, croniter

    date = ",".join("l" if p == "lw" else p for p in fields[3].split(","))
    weekday = ",".join(f"l{_value(text, _WEEKDAY, p[:-1])}" if p.endswith("l") else p for p in fields[5].split(","))
    try:
        croniter.expand(" ".join((*fields[:3], date, fields[4], weekday)), second_at_beginning=True)
    except CroniterUnsupportedSyntaxError:
        return
    except CroniterError as exc:
        raise Unreadable(f'Schedule "{text}": croniter does not take it as cron: {str(exc)[:120]}') from exc
