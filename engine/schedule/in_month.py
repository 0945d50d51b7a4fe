"""The grammar of days within a month: `day 15`, `1st and 15th`, `last friday`, `2nd tuesday of march`, `24 december`."""

from __future__ import annotations

from engine.schedule.days import EVERY_DATE, InMonths
from engine.schedule.reader import Reader
from engine.schedule.tokens import MONTH, WEEKDAY, WORKING

_LAST = -1
"""Stands for "last" among ordinals."""


def month_days(reader: Reader) -> tuple[int | None, InMonths] | None:
    """The months named with it (bits 1 to 12, None for none) and the days; None for something else. Raises Unreadable."""
    start = reader.at
    reader.word("the")
    if reader.words("each day"):
        rule: InMonths | None = InMonths()
    elif reader.word("day", "days"):
        which = _list(reader)
        rule = _dates(reader, which) if which else None
    else:
        which = _list(reader, bare=False)
        rule = _counted(reader, which) if which else None
    if rule is None:
        reader.at = start
        return None
    return _of(reader), rule


def month_day_of_year(reader: Reader) -> tuple[int, InMonths] | None:
    """`24 december`, `december 24`: the month's bit and the day; None for something else. Raises Unreadable."""
    start = reader.at
    reader.word("the")
    day = reader.ordinal() or reader.whole()
    reader.word("of")
    month = reader.one_of(MONTH)
    if month is not None and day is None:
        day = reader.ordinal() or reader.whole()
    if month is None or day is None:
        reader.at = start
        return None
    return 1 << MONTH[month], _dates(reader, [day])


def _list(reader: Reader, *, bare: bool = True) -> list[int]:
    """`1st, 15th and last`; with `bare`, `1 and 15` too. Empty for something else."""
    found: list[int] = []
    start = reader.at
    while True:
        reader.word("the")
        number = reader.ordinal()
        if number is None and reader.word("last"):
            number = _LAST
        if number is None and bare:
            number = reader.whole()
        if number is None:
            break
        found.append(number)
        start = reader.at
        if not reader.separator():
            break
    reader.at = start
    return found


def _counted(reader: Reader, which: list[int]) -> InMonths:
    following = reader.peek()
    if following is not None and following.text in WEEKDAY and (weekdays := reader.weekdays()) is not None:
        return _nth(reader, which, weekdays)
    if reader.word(*WORKING):
        reader.word("day")
        if not set(which) <= {1, _LAST}:
            raise reader.refused("only the first and the last working day of a month can be named")
        return InMonths(dates=0, nearest=(1 in which) << 1, last_working=_LAST in which)
    if not reader.word("day", "days") and _LAST in which:
        raise reader.refused('after "last" comes a day, like "last day of month" or "last friday of month"')
    return _dates(reader, which)


def _nth(reader: Reader, which: list[int], weekdays: int) -> InMonths:
    if not set(which) <= {_LAST, 1, 2, 3, 4, 5}:
        raise reader.refused("no month has more than five of a weekday; write 1st to 5th, or last")
    bits = sum(1 << n - 1 for n in set(which) if n != _LAST)
    nth = sum(bits << 5 * day for day in range(7) if weekdays >> day & 1)
    return InMonths(weekdays=0, nth=nth, last_weekdays=weekdays if _LAST in which else 0)


def _dates(reader: Reader, which: list[int]) -> InMonths:
    wrong = next((d for d in which if d == 0 or d > 31), None)
    if wrong is not None:
        raise reader.refused(f"no month has a day {wrong}; days go from 1 to 31")
    reader.words("( or the last day )") or reader.words("or the last day")
    dates = sum(1 << d for d in set(which) if d != _LAST)
    return InMonths() if dates == EVERY_DATE else InMonths(dates=dates, last=_LAST in which)


def _of(reader: Reader) -> int | None:
    """`of the month`, `of march and september`; None where no months are named."""
    start = reader.at
    if reader.word("of", "in") is None:
        return None
    reader.word("the", "every", "each", "a")
    if reader.word("month", "months"):
        return None
    months = reader.months()
    if months is None:
        reader.at = start
    return months
