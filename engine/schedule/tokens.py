"""The words of a Schedule cell, one by one: what each is, before anything is made of them."""

from __future__ import annotations

import re
import unicodedata
from enum import Enum

from msgspec import Struct

from engine.schedule.spelling import MONTHS, WEEKDAYS
from engine.schedule.unreadable import refused

LONGEST = 200
"""Characters that a Schedule may have."""

_TOKEN = re.compile(
    r"""(?P<date>[0-9]{4}[-/][0-9]{1,2}[-/][0-9]{1,2}(?:t(?=[0-9]))?|[0-9]{1,2}[./][0-9]{1,2}[./][0-9]{4})
      | (?P<time>[0-9]{1,2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,6})?)?(?:[ ]?[ap]\.?m\b\.?)?|[0-9]{1,2}[ ]?[ap]\.?m\b\.?)
      | (?P<offset>(?<=[0-9])[ ]?[+-][0-9]{2}:?[0-9]{2}\b|(?<=[0-9])[ ]?z\b)
      | (?P<ordinal>[0-9]{1,2}(?:st|nd|rd|th)\b)
      | (?P<number>[0-9]{1,9}(?:\.[0-9]{1,6})?(?![0-9.:]))
      | (?P<word>[a-z]+)
      | (?P<mark>[,&;()-])
      | (?P<gap>[ ]+)""",
    re.VERBOSE,
)

UNITS = {
    **dict.fromkeys(("s", "sec", "secs", "second", "seconds"), "second"),
    **dict.fromkeys(("m", "min", "mins", "minute", "minutes"), "minute"),
    **dict.fromkeys(("h", "hr", "hrs", "hour", "hours"), "hour"),
    **dict.fromkeys(("d", "day", "days"), "day"),
    **dict.fromkeys(("w", "week", "weeks"), "week"),
    **dict.fromkeys(("month", "months"), "month"),
    **dict.fromkeys(("quarter", "quarters"), "quarter"),
    **dict.fromkeys(("year", "years"), "year"),
}
WEEKDAY = {
    **{form: i for i, name in enumerate(WEEKDAYS) for form in (name[:3].lower(), name.lower(), f"{name.lower()}s")},
    "tues": 1,
    "weds": 2,
    "thur": 3,
    "thurs": 3,
}
MONTH = {**{form: i for i, name in enumerate(MONTHS, 1) for form in (name[:3].lower(), name.lower())}, "sept": 9}
ORDINAL = {"first": 1, "second": 2, "third": 3, "fourth": 4, "fifth": 5}
WORKING = {"weekday": "day", "workday": "day", "working": "day", "business": "day"}
ADVERBS = {
    "hourly": "hour",
    "daily": "day",
    "weekly": "week",
    "fortnightly": "week",
    "monthly": "month",
    "quarterly": "quarter",
    "yearly": "year",
    "annually": "year",
}
NAMED_TIMES = {"noon": 12 * 3600, "midday": 12 * 3600, "midnight": 0}
_SMALL = (
    "every each other on at the of in from starting start and or to through until last once now immediately today tomorrow"
    " weekdays weekend weekends workdays days utc am pm nearest"
)
KNOWN = frozenset({*UNITS, *WEEKDAY, *MONTH, *ORDINAL, *WORKING, *ADVERBS, *NAMED_TIMES, *_SMALL.split()})
"""Every word that has a meaning somewhere in a schedule."""


class Kind(Enum):
    """What a token looks like."""

    DATE = "date"
    TIME = "time"
    OFFSET = "offset"
    ORDINAL = "ordinal"
    NUMBER = "number"
    WORD = "word"
    MARK = "mark"


class Token(Struct, frozen=True):
    """One token. start, end: where it stands in the tidy text."""

    kind: Kind
    text: str
    start: int
    end: int


def tidy(said: str) -> str:
    """Lower case, single spaces, plain dashes. Raises Unreadable where it is too long or holds what no schedule holds."""
    if len(said) > LONGEST:
        raise refused(said, f"is longer than {LONGEST} characters; a Schedule is a few words or a cron expression")
    plain = unicodedata.normalize("NFC", said)
    for dash in "‐‑–—−":
        plain = plain.replace(dash, "-")
    plain = " ".join(plain.lower().split())
    strange = next((c for c in plain if not " " <= c <= "~"), None)
    if strange is not None:
        name = unicodedata.name(strange, f"U+{ord(strange):04X}").lower()
        raise refused(said, f"holds a character that no schedule has ({name}); write it in plain letters and digits")
    return plain


def tokens(text: str) -> list[Token]:
    """Cut a tidy text into tokens. Raises Unreadable at the first thing that is none."""
    found, at = [], 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None or match.lastgroup is None:
            raise refused(
                text,
                f'"{text[at : at + 20]}" is neither words, a time nor a date; write e.g. "every 15 minutes", "daily 07:00" or cron',
            )
        if match.lastgroup != "gap":
            found.append(Token(Kind(match.lastgroup), match[0].strip(), at, match.end()))
        at = match.end()
    return found
