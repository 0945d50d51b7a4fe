"""The grammar of recurring sentences: how often, on which days, at what times, from when."""

from __future__ import annotations

from datetime import timedelta

from msgspec.structs import replace

from engine.schedule.in_month import month_day_of_year, month_days
from engine.schedule.moments import SECONDS, span, when
from engine.schedule.reader import Reader
from engine.schedule.said import Every, Recurring, Said, When
from engine.schedule.tokens import ADVERBS, ORDINAL, UNITS, WEEKDAY, WORKING, Kind

MOST = {"day": 3660, "week": 522, "month": 120}
"""Ten years: a longer period is taken for a slip."""

_COUNTABLE = frozenset({*WEEKDAY, *WORKING})


def read_recurring(reader: Reader) -> Said | None:
    """Read a recurring sentence as far as it goes; None where it doesn't even begin. Raises Unreadable."""
    return _Sentence(reader).read()


class _Sentence:
    """A recurring schedule while it is being read. Each clause may come once, in any order behind the first."""

    def __init__(self, reader: Reader) -> None:
        self.reader = reader
        self.said = Recurring()

    def read(self) -> Said | None:
        reader = self.reader
        self._at()
        reader.word("on")
        if reader.word("every", "each"):
            if (every_s := self._real_time()) is not None:
                return self._interval(every_s)
            self._every()
        elif adverb := reader.one_of(ADVERBS):
            if adverb == "hourly":
                return self._interval(3600)
            self._period(ADVERBS[adverb], 2 if adverb == "fortnightly" else None)
        elif (token := reader.peek()) is not None and token.kind is Kind.NUMBER:
            if (every_s := self._real_time()) is not None:  # "15m", "4 hours": as if "every" stood before it
                return self._interval(every_s)
            self._counted(reader.whole())
        elif not self._on() and not self.said.times:
            return None
        while self._clause():
            pass
        return self.said

    def _interval(self, every_s: int) -> Every:
        if self.said.times:
            raise self.reader.refused('an interval has no time of day; begin it with a date, like "from 2026-03-01 06:00"')
        return Every(every_s, self._from())

    def _clause(self) -> bool:
        start = self.reader.at
        self.reader.word(",")
        if self._at() or self._begin() or self._on():
            return True
        self.reader.at = start
        return False

    # --- how often

    def _real_time(self) -> int | None:
        """`15 minutes`, `hour`, `other hour`, `1h 30m` in seconds; None for something else."""
        reader, start = self.reader, self.reader.at
        number = self._multiple() or 1
        if (unit := self._unit()) in SECONDS:
            return number * SECONDS[unit]
        reader.at = start
        length = span(reader)
        if length is None or not length[1]:
            reader.at = start
            return None
        days, real = length
        if days:
            raise reader.refused(
                'mixes days of the calendar with hours of real time; write it in hours alone, like "every 36 hours"'
            )
        if real < timedelta(seconds=1) or real.microseconds:
            raise reader.refused("an interval has whole seconds, one at the least")
        return int(real.total_seconds())

    def _every(self) -> None:
        reader = self.reader
        number = self._multiple()
        if number is not None and (weekdays := reader.weekdays()) is not None:
            self.said = replace(self.said, unit="week", every=number, weekdays=weekdays)
        elif number is not None or (number := reader.whole()) is not None:
            self._counted(number)
        elif reader.word(*WORKING):
            reader.word("day") or reader.word("days")
            self.said = replace(self.said, unit="week", weekdays=0b1_1111)
        elif unit := self._unit():
            self._period(unit, None)
        elif months := reader.months():
            self.said = replace(self.said, unit="month", months=months)
        elif not self._on():
            raise reader.refused(
                'after "every" comes a number with its unit, a unit, or a day, like "every 15 minutes" or "every monday"'
            )

    def _multiple(self) -> int | None:
        """`other`; `second`, `3rd` where a unit follows. None for something else."""
        reader = self.reader
        if reader.word("other"):
            return 2
        following = reader.peek(1)
        if following is not None and following.text in UNITS:
            return reader.ordinal()
        return None

    def _counted(self, number: int | None) -> None:
        reader = self.reader
        if reader.weekdays() is not None:
            raise reader.refused(f'can be read in more than one way; write e.g. "every {number} weeks on monday"')
        unit = self._unit()
        if number is None or unit is None:
            raise reader.refused("a unit is missing behind the number; write minutes, hours, days, weeks or months")
        self._period(unit, number)

    def _unit(self) -> str | None:
        here, behind = self.reader.peek(), self.reader.peek(1)
        if here and behind and here.text in ORDINAL and behind.text in _COUNTABLE:
            return None  # "second monday", where "second" counts
        word = self.reader.one_of(UNITS)
        return UNITS[word] if word else None

    def _period(self, unit: str, number: int | None) -> None:
        months = {"quarter": 3, "year": 12}.get(unit)
        if months is not None:
            unit, number = "month", months * (1 if number is None else number)
        if number == 0:
            raise self.reader.refused("every 0 of something is never; write 1 or more")
        if number is not None and number > MOST[unit]:
            raise self.reader.refused(f"{number} {unit}s are longer than ten years")
        self.said = replace(self.said, unit=unit, every=number)

    # --- clauses

    def _at(self) -> bool:
        reader, start = self.reader, self.reader.at
        if self.said.times:
            return False
        times = reader.times(at=reader.word("at") is not None)
        if not times:
            reader.at = start
            return False
        self.said = replace(self.said, times=times)
        return True

    def _begin(self) -> bool:
        if self.said.begins is not None or (begins := self._from()) is None:
            return False
        self.said = replace(self.said, begins=begins)
        return True

    def _from(self) -> When | None:
        if self.reader.word("from", "starting", "start") is None:
            return None
        self.reader.word("on", "from")
        begins = when(self.reader)
        if begins is None:
            raise self.reader.refused('after "from" comes a date, like "from 2026-03-03" or "from 2026-03-03 09:00"')
        return begins

    def _on(self) -> bool:
        """Weekdays, days of the month, or a day of the year; False where none of them comes, or it has been said."""
        reader, said, start = self.reader, self.said, self.reader.at
        reader.word("on")
        if said.weekdays is None and said.rule is None:
            if said.unit in (None, "day", "week") and (weekdays := reader.weekdays()) is not None:
                self.said = replace(said, unit="week", weekdays=weekdays, every=self._weeks())
                return True
            if said.unit in (None, "month") and self._days_of_month():
                return True
        reader.at = start
        return False

    def _weeks(self) -> int | None:
        if self.said.unit == "day" and self.said.every is not None:
            raise self.reader.refused('counts days and names weekdays; write "every 2 weeks on …", or leave the weekdays out')
        return self.said.every

    def _days_of_month(self) -> bool:
        said = self.said
        if said.every == 12 and (of_year := month_day_of_year(self.reader)) is not None:
            months, rule = of_year
            self.said = replace(said, unit="month", every=None, months=months, rule=rule)
            return True
        if (found := month_days(self.reader)) is None:
            return False
        named, rule = found
        if named is not None and (said.months is not None or said.every not in (None, 12)):
            raise self.reader.refused("names months beside a number of months; leave one of them out")
        every = None if named is not None else said.every
        self.said = replace(said, unit="month", every=every, months=named or said.months, rule=rule)
        return True
