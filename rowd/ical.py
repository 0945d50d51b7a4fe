"""Coming runs as an iCalendar file (RFC 5545), for any calendar program. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta

from rowd.coming import Coming

LINE = 75
"""Octets of a line, its end not counted (RFC 5545, 3.1)."""

SHORTEST = timedelta(minutes=1)
"""Of an event whose task has not run yet, or takes less: calendars hide what has no length."""


def calendar(runs: Iterable[Coming], usual: dict[tuple[str, str], timedelta], now: datetime, site: str, about: str = "") -> str:
    """The file's text, lines ended by CR LF. Skipped runs are left out.

    usual: (table, key) → how long its runs usually take.   now: becomes DTSTAMP.
    about: a sentence on what is in it, "" for none.
    site: what tells this installation from others, so that two calendars in one program don't take each other's events.
    """
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//rowd//coming runs//EN", "CALSCALE:GREGORIAN", "X-WR-CALNAME:rowd"]
    if about:
        lines.append(f"X-WR-CALDESC:{escaped(about)}")
    for run in runs:
        if not run.skipped:
            lines += _event(run, usual.get((run.row.table, run.row.key), SHORTEST), now, site)
    lines.append("END:VCALENDAR")
    return "".join(f"{part}\r\n" for line in lines for part in folded(line))


def escaped(text: str) -> str:
    """A TEXT value (RFC 5545, 3.3.11). Control characters other than line ends aren't allowed in one, and are left out."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    text = text.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,").replace("\n", "\\n")
    return "".join(c for c in text if c.isprintable())


def folded(line: str) -> Iterator[str]:
    """A content line in parts of at most 75 octets, each but the first with a blank before it; no character is split."""
    part, size = "", 0
    for character in line:
        width = len(character.encode("utf-8"))
        if size + width > LINE:
            yield part
            part, size = " ", 1
        part, size = part + character, size + width
    yield part


def _event(run: Coming, length: timedelta, now: datetime, site: str) -> Iterator[str]:
    row = run.row
    schedule = row.task.schedule if row.task is not None else None
    told = [
        f"{row.table}/{row.key}",
        schedule.text if schedule is not None else "",
        run.note,
        f"Action: {row.task.action}" if row.task else "",
    ]
    yield "BEGIN:VEVENT"
    yield f"UID:{_uid(run, site)}"
    yield f"DTSTAMP:{_utc(now)}"
    yield f"DTSTART:{_utc(run.at)}"
    yield f"DURATION:{_duration(max(length, SHORTEST))}"
    yield f"SUMMARY:{escaped(row.name)}"
    yield f"DESCRIPTION:{escaped(chr(10).join(line for line in told if line))}"
    yield f"CATEGORIES:{escaped(row.table)}"
    yield "TRANSP:TRANSPARENT"
    yield "END:VEVENT"


def _uid(run: Coming, site: str) -> str:
    """The same whenever the same occurrence is written again, so that a calendar updates its event."""
    text = f"{site}\0{run.row.table}\0{run.row.key}\0{run.due.isoformat()}"
    return f"{hashlib.blake2b(text.encode('utf-8', 'surrogatepass'), digest_size=12).hexdigest()}@rowd"


def _utc(instant: datetime) -> str:
    return f"{instant.astimezone(UTC):%Y%m%dT%H%M%SZ}"


def _duration(length: timedelta) -> str:
    """Days and seconds (RFC 5545, 3.3.6), rounded to a whole second."""
    seconds = round(length.total_seconds())
    days, rest = divmod(seconds, 86400)
    hours, rest = divmod(rest, 3600)
    minutes, rest = divmod(rest, 60)
    time = "".join(f"{n}{unit}" for n, unit in ((hours, "H"), (minutes, "M"), (rest, "S")) if n)
    # dur-time may not have hours and seconds without minutes between them
    if hours and rest and not minutes:
        time = f"{hours}H0M{rest}S"
    return "P" + (f"{days}D" if days else "") + (f"T{time}" if time else "" if days else "T0S")
