"""How instants, spans and numbers are said to people who read a terminal, and JSON to what prints it. Pure."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, tzinfo

from connectors.api import Lease
from engine.recent import lasted

_NOT_IN_JSON = re.compile(r"[\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
"""What JSON allows in a string as it is, and a terminal or an encoder doesn't take well."""


def harmless(json: str) -> str:
    """A JSON text that says the same, with everything escaped that a terminal might obey."""
    if json.isascii() and "\x7f" not in json:  # as nearly all of it is: the expression would look at each character
        return json
    return _NOT_IN_JSON.sub(lambda found: f"\\u{ord(found[0]):04x}", json)


def when(instant: datetime, zone: tzinfo, now: datetime) -> str:
    """An instant for people, on the wall clock of `zone`: `today 14:00`, `Mon 23 Nov 09:00`, `Fri 1 Jan 2027 09:00`."""
    local, today = instant.astimezone(zone), now.astimezone(zone).date()
    clock = f"{local:%H:%M:%S}" if local.second else f"{local:%H:%M}"
    if local.date() == today:
        return f"today {clock}"
    year = "" if local.year == today.year else f" {local.year}"
    return f"{local:%a} {local.day} {local:%b}{year} {clock}"


def earlier(instant: datetime, zone: tzinfo, now: datetime) -> str:
    """A past instant, without the weekday, which is of use in what is to come: `today 14:00`, `23 Nov 09:00`."""
    return re.sub(r"^[A-Z][a-z]{2} (?=\d)", "", when(instant, zone, now))


def distance(instant: datetime, now: datetime) -> str:
    """How far off: `in 2h 5m`, `3d 4h ago`, `now`. At most two units."""
    ahead = instant - now
    if abs(ahead) < timedelta(seconds=1):
        return "now"
    return f"in {lasted(ahead)}" if ahead > timedelta(0) else f"{lasted(-ahead)} ago"


def holder(lease: Lease, now: datetime, zone: tzinfo) -> str:
    """Who holds it, and until when at least: `rowd, process 17 on alpha, at least until today 14:15 (in 12m)`."""
    until = lease.until.replace(second=0)
    return f"{lease.who}, at least until {when(until, zone, now)} ({distance(until, now)})"


def lasting(since: datetime, now: datetime) -> str:
    """For how long something has been so: `for 2h 5m`; it is `for 1s` at least."""
    return f"for {lasted(max(now - since, timedelta(seconds=1)))}"


def counted(tasks: int, defects: int, drafts: int) -> str:
    """What the rows of a table come to: `5 tasks, 1 defect`; no row counts as two of these."""
    others = [plural(n, noun) for n, noun in ((defects, "defect"), (drafts, "draft")) if n]
    return ", ".join([plural(tasks, "task"), *others])


def plural(number: int, noun: str) -> str:
    """`1 row`, `2 rows`, `1,000 rows`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
