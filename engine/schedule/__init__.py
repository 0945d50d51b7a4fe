"""When a task comes due: schedules in words or cron, and the walk from one occurrence to the next. Pure.

The way of a cell: `tokens`, `reader`, `moments` (small things) → `words`, `recurring`, `in_month` (the grammar), or `cron` →
`reading` (with the Type) → `build` (with the zone) → a schedule of `walk`, which asks `days` and `zones`. `spelling` and
`in_words` say it back.
"""

from engine.schedule.in_words import in_words, listed, zone_name
from engine.schedule.reading import Parsed, parse
from engine.schedule.unreadable import Unreadable
from engine.schedule.walk import Counted, as_counted, clocked, count, grace, newest_before, uncounted

__all__ = [
    "Counted",
    "Parsed",
    "Unreadable",
    "as_counted",
    "clocked",
    "count",
    "grace",
    "in_words",
    "listed",
    "newest_before",
    "parse",
    "uncounted",
    "zone_name",
]
