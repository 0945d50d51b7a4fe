"""On which days: rules that know every day of the calendar, asked as bit masks. A *day* is a number, 0 is 1970-01-01."""

from __future__ import annotations

from calendar import monthrange
from datetime import date
from functools import cached_property, lru_cache

from msgspec import Struct

_BITS = 9
_BLOCK = 1 << _BITS  # days in one mask: a jump over a year and a half costs one look
_FULL = (1 << _BLOCK) - 1
_ORDINAL = date(1970, 1, 1).toordinal()
FIRST_MONDAY = 4
"""1970-01-05, from which every other day, week and so on is counted."""

EVERY_WEEKDAY = 0b111_1111
EVERY_DATE = 0xFFFF_FFFE
EVERY_MONTH = 0b1_1111_1111_1110
FARTHEST = 50 * 366
"""Days: nothing is looked for further ahead."""


class Days(Struct, frozen=True, dict=True):
    """A rule for days. Equal rules are one object where they come from `shared`, so that what one learns serves all."""

    @cached_property
    def _masks(self) -> dict[int, int]:
        return {}

    def next(self, day: int) -> int | None:
        """The first day at or after this one; None when there is none within 50 years."""
        block = day >> _BITS
        rest = self.mask(block) >> (day & (_BLOCK - 1))
        if rest:
            return day + (rest & -rest).bit_length() - 1
        for later in range(block + 1, ((day + FARTHEST) >> _BITS) + 1):
            if mask := self.mask(later):
                return (later << _BITS) + (mask & -mask).bit_length() - 1
        return None

    def mask(self, block: int) -> int:
        """Bit i stands for day `block * 512 + i`."""
        found = self._masks.get(block)
        if found is None:
            found = self._masks[block] = self._mask(block << _BITS)
        return found

    def _mask(self, base: int) -> int:
        raise NotImplementedError


class EveryDays(Days, frozen=True):
    """Each `every`-th day. `first`: any day of them."""

    every: int = 1
    first: int = FIRST_MONDAY

    def _mask(self, base: int) -> int:
        if self.every == 1:
            return _FULL
        return sum(1 << i for i in range((self.first - base) % self.every, _BLOCK, self.every))


class EveryWeeks(Days, frozen=True):
    """Some weekdays of each `every`-th week, weeks beginning on Monday.

    weekdays: bit 0 is Monday.   first: the Monday of any such week.
    """

    every: int = 1
    weekdays: int = EVERY_WEEKDAY
    first: int = FIRST_MONDAY

    def _mask(self, base: int) -> int:
        mask, length = 0, 7 * self.every
        for i in range((self.first - base) % length - length, _BLOCK, length):
            mask |= self.weekdays << i if i >= 0 else self.weekdays >> -i
        return mask & _FULL


class InMonths(Days, frozen=True):
    """Some days of some months, told by date, by weekday, or by both.

    dates: bits 1 to 31.   clamped: a date that a month lacks is its last day.   last: the last day.
    nearest: dates (bits 1 to 31) that stand for the nearest Monday to Friday of their month.   last_working: the last of those.
    weekdays: bit 0 is Monday.   nth: bit 5 * weekday + n - 1.   last_weekdays: the last such weekday of the month.
    both: a day must agree with date and weekday; otherwise with one of them.
    months: bits 1 to 12.   every, first: each `every`-th month; months are counted from 0, January 1970.
    """

    dates: int = EVERY_DATE
    clamped: bool = False
    last: bool = False
    nearest: int = 0
    last_working: bool = False
    weekdays: int = EVERY_WEEKDAY
    nth: int = 0
    last_weekdays: int = 0
    both: bool = True
    months: int = EVERY_MONTH
    every: int = 1
    first: int = 0

    def _mask(self, base: int) -> int:
        start = date.fromordinal(base + _ORDINAL)
        year, month, mask = start.year, start.month, 0
        while (at := date(year, month, 1).toordinal() - _ORDINAL - base) < _BLOCK:
            if self.months >> month & 1 and ((year - 1970) * 12 + month - 1 - self.first) % self.every == 0:
                days = self._month(year, month)
                mask |= days << at if at >= 0 else days >> -at
            year, month = (year, month + 1) if month < 12 else (year + 1, 1)
        return mask & _FULL

    def _month(self, year: int, month: int) -> int:
        """Bit 0 is the first of the month."""
        opening, length = monthrange(year, month)
        whole = (1 << length) - 1
        by_date, by_weekday = self._by_date(opening, length), self._by_weekday(opening, length)
        return (by_date & by_weekday if self.both else by_date | by_weekday) & whole

    def _by_date(self, opening: int, length: int) -> int:
        found = self.dates >> 1
        if self.last or (self.clamped and found >> length):
            found |= 1 << length - 1
        if self.last_working:
            closing = (opening + length - 1) % 7
            found |= 1 << length - 1 - max(0, closing - 4)
        for day in range(1, length + 1) if self.nearest else ():
            if self.nearest >> day & 1:
                found |= 1 << _working(day, opening, length) - 1
        return found

    def _by_weekday(self, opening: int, length: int) -> int:
        if self.weekdays == EVERY_WEEKDAY:
            return (1 << length) - 1
        found = 0
        for weekday in range(7):
            first = (weekday - opening) % 7
            if self.weekdays >> weekday & 1:
                found |= sum(1 << i for i in range(first, length, 7))
                continue
            if self.last_weekdays >> weekday & 1:
                found |= 1 << first + (length - 1 - first) // 7 * 7
            for n in range(5):
                if self.nth >> 5 * weekday + n & 1:
                    found |= 1 << first + 7 * n
        return found


def _working(day: int, opening: int, length: int) -> int:
    """The Monday to Friday nearest to this date, never in another month."""
    weekday = (opening + day - 1) % 7
    if weekday == 5:
        return day - 1 if day > 1 else day + 2
    if weekday == 6:
        return day + 1 if day < length else day - 2
    return day


@lru_cache(maxsize=4096)
def shared(rule: Days) -> Days:
    """The one object for all rules equal to this one, as long as it is in use often enough."""
    return rule


def week_of(day: int) -> int:
    """The Monday of the week that holds this day."""
    return day - (day + 3) % 7
