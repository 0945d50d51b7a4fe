"""A cron expression said in words, for the cell that shows how a row was understood."""

from __future__ import annotations

from engine.schedule.cron import Cron
from engine.schedule.days import EVERY_DATE, EVERY_MONTH, EVERY_WEEKDAY, InMonths
from engine.schedule.spelling import days_text, listed, times_text, weekdays_text

_FEW = 6
"""So many times of a day are listed one by one."""

_HOUR = (1 << 60) - 1
_ORDINALS = {2: "2nd", 3: "3rd", 4: "4th", 6: "6th", 8: "8th", 12: "12th"}


def cron_words(cron: Cron) -> str:
    """`every 5 minutes of the hours 9 to 17, every Monday to Friday`, `at 07:00, every day`."""
    return f"{_times(cron)}, {_days(cron.days)}"


def _times(cron: Cron) -> str:
    second, minute, hour = cron.fields[:3]
    every_minute = minute.startswith("*")
    single = cron.seconds.bit_count() == 1
    if single and cron.minutes.bit_count() <= _FEW:
        return f"at {times_text(cron.minutes, cron.seconds.bit_length() - 1)}"
    by_hour = [cron.minutes >> 60 * h & _HOUR for h in range(24)]
    minutes = max(by_hour)  # the same in each hour that has any
    hours = _hours(hour, sum(1 << h for h, mask in enumerate(by_hour) if mask))
    said = []
    if not single or cron.seconds != 1:
        said.append(_each(second, "second", cron.seconds))
    if single or minute != "*":
        said.append(_each(minute, "minute", minutes))
    if hour != "*":
        said.append(hours)
    elif not every_minute:
        said.append("every hour")
    return " of ".join(said)


def _hours(field: str, mask: int) -> str:
    step = field.removeprefix("*/")
    if step != field and int(step) in _ORDINALS:
        return f"every {_ORDINALS[int(step)]} hour"
    return f"the hour{'' if mask.bit_count() == 1 else 's'} {_values(mask, 24)}"


def _each(field: str, unit: str, mask: int) -> str:
    """`every 5 minutes` where that is what it comes to; else which ones."""
    if field in ("*", "*/1"):
        return f"every {unit}"
    step = field.removeprefix("*/")
    if step != field and 60 % int(step) == 0:
        return f"every {int(step)} {unit}s"
    which = _values(mask, 60)
    return f"{unit}{'' if mask.bit_count() == 1 else 's'} {which}"


def _values(mask: int, size: int) -> str:
    values = [v for v in range(size) if mask >> v & 1]
    if len(values) > 2 and values[-1] - values[0] == len(values) - 1:
        return f"{values[0]} to {values[-1]}"
    return listed(str(v) for v in values)


def _days(rule: object) -> str:
    if not isinstance(rule, InMonths):
        raise TypeError(f"no days of a cron expression: {rule!r}")
    plain = rule.dates == EVERY_DATE and rule.months == EVERY_MONTH and not rule.nth and not rule.last_weekdays
    if plain and rule.weekdays == EVERY_WEEKDAY:
        return "every day"
    if plain:
        return f"every {weekdays_text(rule.weekdays)}"
    return days_text(rule)
