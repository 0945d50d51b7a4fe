"""How schedules are written: the one form in which each is shown, which the parser reads back."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, tzinfo

from engine.schedule.days import EVERY_DATE, EVERY_MONTH, EVERY_WEEKDAY, Days, EveryDays, EveryWeeks, InMonths
from engine.schedule.zones import moment_of

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)
ORDINALS = ("1st", "2nd", "3rd", "4th", "5th")
CLAMPED = "(or the last day)"
_UNITS = (("hour", 3600), ("minute", 60), ("second", 1))


def span_text(every_s: int) -> str:
    """`every 15 minutes`, `every hour`: in the greatest unit that leaves no rest."""
    name, size = next((n, s) for n, s in _UNITS if every_s % s == 0)
    return _every(every_s // size, name)


def days_text(rule: Days) -> str:
    """`every day`, `every Monday`, `every 2 weeks on Monday`, `every month on day 15`, `every November on the last Friday`."""
    match rule:
        case EveryDays():
            return _every(rule.every, "day")
        case EveryWeeks(every=1):
            return f"every {weekdays_text(rule.weekdays)}"
        case EveryWeeks():
            return f"every {rule.every} weeks on {weekdays_text(rule.weekdays)}"
        case InMonths():
            period = f"every {months_text(rule.months)}" if rule.months != EVERY_MONTH else _every(rule.every, "month")
            return f"{period} on {in_month_text(rule)}"
    raise TypeError(f"no words for {rule!r}")


def weekdays_text(mask: int) -> str:
    """`Monday`, `Monday to Friday`, `Monday and Thursday`. Bit 0 is Monday."""
    return _spelled([i for i in range(7) if mask >> i & 1], WEEKDAYS)


def months_text(mask: int) -> str:
    """`January and July`, `April to October`. Bits 1 to 12."""
    return _spelled([i - 1 for i in range(1, 13) if mask >> i & 1], MONTHS)


def in_month_text(rule: InMonths) -> str:
    """`day 1 and 15`, `the last day`, `the 2nd Tuesday`, `the last working day`; both kinds for a cron expression that has both."""
    by_date, by_weekday = _date_text(rule), _weekday_text(rule)
    if rule.both and by_date and by_weekday:
        return f"{listed(by_date, 'or')} where it is {listed((w.removeprefix('each ') for w in by_weekday), 'or')}"
    return listed([*by_date, *by_weekday] or ["each day"], "or")


def _date_text(rule: InMonths) -> list[str]:
    dates = [str(d) for d in range(1, 32) if rule.dates >> d & 1]
    said = []
    if rule.dates == EVERY_DATE:
        return []
    if dates:
        said.append(f"day {listed([*dates, *(['last'] if rule.last else [])])}" + (f" {CLAMPED}" if rule.clamped else ""))
    elif rule.last:
        said.append("the last day")
    said += [f"the working day nearest to day {d}" for d in range(2, 32) if rule.nearest >> d & 1]
    working = [*(["first"] if rule.nearest >> 1 & 1 else []), *(["last"] if rule.last_working else [])]
    if working:
        said.append(f"the {listed(working)} working day")
    return said


def _weekday_text(rule: InMonths) -> list[str]:
    if rule.weekdays == EVERY_WEEKDAY:
        return []
    plain = [f"each {weekdays_text(rule.weekdays)}"] if rule.weekdays else []
    return [*_nth_text(rule), *plain]


def _nth_text(rule: InMonths) -> list[str]:
    by_which: dict[tuple[str, ...], list[str]] = {}
    for weekday, name in enumerate(WEEKDAYS):
        which = tuple(o for n, o in enumerate(ORDINALS) if rule.nth >> 5 * weekday + n & 1)
        if rule.last_weekdays >> weekday & 1:
            which = (*which, "last")
        if which:
            by_which.setdefault(which, []).append(name)
    return [f"the {listed(which)} {listed(names)}" for which, names in by_which.items()]


def times_text(minutes: int, second: int) -> str:
    """`07:00, 12:00 and 18:30`; with the second where it isn't 0."""
    tail = f":{second:02}" if second else ""
    return listed(f"{m // 60:02}:{m % 60:02}{tail}" for m in _set_bits(minutes))


def wall_text(instant: datetime, zone: tzinfo) -> str:
    """`2026-12-24 10:00`, in the zone; with the offset where the clock shows it a second time."""
    local = instant.astimezone(zone)
    clock = (
        f"{local:%H:%M:%S.%f}".rstrip("0").rstrip(".")
        if local.microsecond
        else f"{local:%H:%M:%S}"
        if local.second
        else f"{local:%H:%M}"
    )
    offset = local.isoformat()[-6:] if local.fold else ""
    return f"{local:%Y-%m-%d} {clock}{offset}"


def begins_text(instant: int, zone: tzinfo) -> str:
    """` from 2026-03-03 09:00`; without the time where it is midnight."""
    return f" from {wall_text(moment_of(instant), zone).removesuffix(' 00:00')}"


def listed(items: Iterable[str], last: str = "and") -> str:
    """`a`, `a and b`, `a, b and c`."""
    *most, final = items
    return f"{', '.join(most)} {last} {final}" if most else final


def _set_bits(mask: int) -> Iterator[int]:
    while mask:
        low = mask & -mask
        yield low.bit_length() - 1
        mask ^= low


def _every(number: int, unit: str) -> str:
    return f"every {unit}" if number == 1 else f"every {number} {unit}s"


def _spelled(positions: Sequence[int], names: Sequence[str]) -> str:
    """A list of names, a run of three or more of them as `first to last`."""
    if len(positions) > 2 and positions[-1] - positions[0] == len(positions) - 1:
        return f"{names[positions[0]]} to {names[positions[-1]]}"
    return listed(names[i] for i in positions)
