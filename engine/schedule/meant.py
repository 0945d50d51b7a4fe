"""What was probably meant by a text that says nothing as it stands: the remedies that the grammar can't see from where it stops.

Each offers only what can be read: `Reads` answers whether a tidy text can.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from engine.cells import zone_called
from engine.schedule.tokens import KNOWN
from engine.schedule.unreadable import either, mended

Reads = Callable[[str], bool]

_WORD = re.compile(r"(?<![0-9a-z])[a-z]+(?![0-9])")
_MOST_WORDS = 3
"""Of the name of a city that stands for a zone."""

_OFFSET = re.compile(
    r"(?P<rest>.*?[^ ,(]),? ?\(?(?P<said>(?:utc|gmt) ?[+-][0-9]{1,2}(?::?[0-9]{2})?|[+-](?:0[0-9]|1[0-4]):[0-9]{2})\)?"
)
_SHORT = re.compile("aedt|aest|bst|cdt|cest|cst|edt|eest|ist|jst|mdt|msk|nzdt|nzst|pdt|pst|sgt|west")
"""Short names of zones that people write, and that aren't IANA's."""

_HOURS = re.compile(r"(?<![0-9.:])([0-9]{1,3}) ?h(?:rs?|ours?)? ?([0-5]?[0-9])(?![0-9.:]| ?m(?:in(?:ute)?s?)?\b)")
_MINUTES = re.compile(r"(?<![0-9.:])([0-9]{1,3}) ?m(?:in(?:ute)?s?)? ?([0-5]?[0-9])(?![0-9.:]| ?s(?:ec(?:ond)?s?)?\b)")
_CLOCK = re.compile(r"(?<![0-9.:])([01]?[0-9]|2[0-3]) ?h(?: ?([0-5][0-9]))?(?![0-9a-z.:])")
_DAYS = re.compile(
    r"(?P<period>monthly|quarterly|every (?:other |[0-9]{1,3} )?(?:month|quarter)s?),?(?: on)?(?: the)?"
    r" (?P<days>[0-9]{1,2}(?:(?:, ?(?:and )?| and )[0-9]{1,2})*)(?![0-9.:])(?P<rest>.*)"
)


def remedy(text: str, reads: Reads) -> str | None:
    """What to write instead, as a clause behind the text; None where that can't be said."""
    return _zone(text, reads) or _numbers(text, reads) or _days(text, reads) or _slip(text, reads)


def _zone(text: str, reads: Reads) -> str | None:
    """`daily 07:00 utc`, `daily 07:00 america/new_york`, `daily 07:00 +01:00`."""
    if (found := _OFFSET.fullmatch(text)) is not None and reads(found["rest"]):
        return _under_time_zone(f'"{found["said"]}" is an offset', 'a name such as "Europe/Berlin"', found["rest"])
    words = text.split(" ")
    for number in range(1, min(_MOST_WORDS, len(words) - 1) + 1):
        name = " ".join(words[-number:]).strip("()").removesuffix(" time")
        rest = " ".join(words[:-number]).rstrip(" ,").removesuffix(" in")
        if _SHORT.fullmatch(name) and reads(rest):
            return _under_time_zone(f'"{name}" is a time zone', 'its full name, such as "Europe/Berlin",', rest)
        if (full := zone_called(name)) is not None and reads(rest):
            return _under_time_zone(f'"{name}" is a time zone', f'"{full}"', rest)
    return None


def _under_time_zone(what: str, it: str, rest: str) -> str:
    return f'{what}; write {it} under Time Zone, and here only "{rest}"'


def _numbers(text: str, reads: Reads) -> str | None:
    """`every 1h30`, `daily 7h30`."""
    spans = _MINUTES.sub(r"\1m \2s", _HOURS.sub(r"\1h \2m", text))
    clocks = _CLOCK.sub(lambda m: f"{int(m[1]):02}:{m[2] or '00'}", text)
    return next((f'did you mean "{better}"?' for better in (spans, clocks) if better != text and reads(better)), None)


def _days(text: str, reads: Reads) -> str | None:
    """`monthly 15`: the day, or the hour."""
    if (found := _DAYS.fullmatch(text)) is None:
        return None
    by_day = f"{found['period']} on day {found['days']}{found['rest']}"
    if not reads(by_day):
        return None
    by_hour = f"{found['period']} at {found['days']:0>2}:00{found['rest']}"
    if found["days"].isdigit() and reads(by_hour):
        return either(f'"{by_day}" for the day', f'"{by_hour}" for the time of day')
    return f'did you mean "{by_day}"?'


def _slip(text: str, reads: Reads) -> str | None:
    """`evry monday`."""
    swaps = mended(_WORD.findall(text), KNOWN)
    if swaps is None:
        return None
    better = _WORD.sub(lambda m: swaps.get(m[0], m[0]), text)
    return f'did you mean "{better}"?' if reads(better) else None
