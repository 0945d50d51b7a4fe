"""What people write that can be read in two ways: each with both readings. Nothing here is guessed, everything is refused."""

from __future__ import annotations

import re

from engine.schedule.tokens import MONTH, WEEKDAY
from engine.schedule.unreadable import refused, two_readings

_DAY = "|".join(sorted(WEEKDAY, key=len, reverse=True))
_MONTH = "|".join(sorted(MONTH, key=len, reverse=True))
_CLOCK = r"[0-9]{1,2}:[0-9]{2}"

_ANY_DAY = rf"(?P<day>{_DAY})\b(?!.*\bof\b).*"
_DAY_OF_YEAR = rf"(?P<date>[0-9]{{1,2}}(?:st|nd|rd|th)?\.?(?: of)? (?:{_MONTH})|(?:{_MONTH}) [0-9]{{1,2}}(?:st|nd|rd|th)?)"
_TWICE = (
    (
        rf"every (?:second|2nd) {_ANY_DAY}",
        '"2nd {day} of month" for one in a month',
        '"every other {day}" for one in two weeks',
    ),
    (
        rf"every (?P<nth>third|fourth|fifth|3rd|4th|5th) {_ANY_DAY}",
        '"{nth} {day} of month" for one in a month',
        '"every 3 weeks on {day}" (or 4, or 5) for one in so many weeks',
    ),
    (
        r"every (?P<nth>second|third|fourth|fifth|[0-9]{1,2}(?:st|nd|rd|th)) days?\b(?!.*\bof\b).*",
        '"every 2 days" (or 3 …)',
        '"{nth} day of month"',
    ),
    (r"every (?P<n>[0-9]{1,3})(?: times)?", '"every {n} minutes"', '"every {n} hours" (or another unit)'),
    (
        r"bi-? ?weekly\b.*",
        '"mon,thu 09:00" for two times a week',
        '"every 2 weeks on monday 09:00" for one time in two weeks',
    ),
    (
        r"bi-? ?monthly\b.*",
        '"1st and 15th 09:00" for two times a month',
        '"every 2 months on day 1 09:00" for one time in two months',
    ),
    (
        r"bi-? ?(?:yearly|annual(?:ly)?|ennial(?:ly)?)\b.*",
        '"day 1 of january and july 09:00" for two times a year',
        '"every 24 months on day 1 09:00" for one time in two years',
    ),
    (r"bi-? ?(?:daily|hourly)\b.*", "the two times of the day", '"every 2 days" or "every 2 hours"'),
    (rf"next (?P<day>{_DAY})\b.*", '"{day} 09:00" for every week', 'the date, like "2026-12-24 09:00", for one time'),
    (
        rf"every (?P<span>[0-9]+ ?[a-z]+) from (?P<time>{_CLOCK})",
        '"every {span} from 2026-03-01 {time}" with the date it begins on',
        "cron for hours of each day",
    ),
    (
        rf"(?:on )?(?:the )?{_DAY_OF_YEAR}(?: (?:at )?{_CLOCK})?",
        'the year as well ("{date} 2026") for one time',
        '"yearly on {date}" for every year',
    ),
)
_TWO_READINGS = tuple((re.compile(pattern), one, other) for pattern, one, other in _TWICE)

_TIMES_A = r"(?:once|twice|thrice|[0-9]+ times|two times|three times)"
_INSTEAD = (
    (
        re.compile(rf"{_TIMES_A} (?:a|an|per|every|each|daily|weekly|monthly)\b.*|semi-? ?\w+.*"),
        'name the times, like "daily 08:00 and 20:00" or "mon,thu 09:00"',
    ),
    (
        re.compile(
            rf".*\b(?:between|except|unless|not)\b.*|.*{_CLOCK} ?(?:-|to|until) ?{_CLOCK}.*"
            rf"|every .*(?:minutes?|min|hours?) (?:on )?(?:{_DAY}|weekdays)\b.*"
        ),
        "hours and days for an interval are written as cron,"
        ' like "*/15 9-16 * * mon-fri" for every 15 minutes from 9:00 to 16:45 on Monday to Friday',
    ),
    (re.compile(r"(?:.* )?(?:sunrise|sunset|dawn|dusk)\b.*"), "rowd doesn't know where the sun stands; write a time"),
)


def refuse_ambiguous(text: str) -> None:
    """Raises Unreadable where a tidy text can be read in two ways (with both), or says a known thing that rowd says otherwise."""
    for pattern, one, other in _TWO_READINGS:
        if match := pattern.fullmatch(text):
            said = match.groupdict()
            raise two_readings(text, one.format(**said), other.format(**said))
    for pattern, remedy in _INSTEAD:
        if pattern.fullmatch(text):
            raise refused(text, remedy)
