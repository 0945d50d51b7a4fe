"""Events as log lines: readable for people, JSON for machines."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Protocol

import msgspec

from engine.events import (
    ApprovalWanted,
    BreakerOpened,
    ChannelFailed,
    ClockJumped,
    ConfigDoubted,
    ConfigRefused,
    DeadlineMissed,
    DispatchesDropped,
    DispatchesFailed,
    EndpointFailed,
    EndpointGone,
    Event,
    FactUntold,
    LedgerBehind,
    LedgerRefused,
    Listener,
    NoticesDropped,
    OccurrenceRecorded,
    PingFailed,
    QuotaLow,
    QuotaSpent,
    RequestRefused,
    RowDefective,
    RowUnaccounted,
    RunEnded,
    TableBraked,
    TableDoubted,
    TableHeld,
    TableRead,
    TableUnreachable,
    TableUnwritable,
    Trouble,
    WatchUnseen,
    WorkflowEnded,
)
from engine.wording import cut
from rowd.saying import harmless

QUIET: tuple[type[Event], ...] = (TableRead,)
"""Facts that come with every poll: in the JSON log, not in the readable one."""

FIRST = ("outcome", "reason", "message", "column", "cause", "late_s", "wish", "by")
LAST = ("run", "due", "attempt")
"""Fields of a readable line that come first, in this order, and those that come last."""

LONGEST = 2000
"""Characters of one field."""

WARNINGS = frozenset(
    (
        ApprovalWanted,
        BreakerOpened,
        ChannelFailed,
        ClockJumped,
        ConfigDoubted,
        ConfigRefused,
        DeadlineMissed,
        DispatchesDropped,
        DispatchesFailed,
        EndpointFailed,
        EndpointGone,
        LedgerBehind,
        LedgerRefused,
        NoticesDropped,
        OccurrenceRecorded,
        PingFailed,
        QuotaLow,
        QuotaSpent,
        RequestRefused,
        RowDefective,
        RowUnaccounted,
        TableBraked,
        TableDoubted,
        TableHeld,
        TableUnreachable,
        TableUnwritable,
        Trouble,
        WatchUnseen,
        FactUntold,
    )
)


class Stream(Protocol):
    """What lines are written to."""

    def write(self, text: str, /) -> object:
        """Raises OSError or ValueError where it can't be written."""

    def flush(self) -> object:
        """The same."""


PRIORITIES: Mapping[str, str] = {"warning": "<4>", "info": "<6>"}
"""Level → what the journal takes for the line's priority, before it: sd-daemon(3)."""

_NO_PRIORITIES: Mapping[str, str] = {"warning": "", "info": ""}


def priorities(environment: Mapping[str, str], number: int) -> Mapping[str, str]:
    """Those of this open file: the journal's where it is that one (`$JOURNAL_STREAM`, systemd.exec(5)), else blank."""
    try:
        found = os.fstat(number)
    except OSError:
        return _NO_PRIORITIES
    return PRIORITIES if environment.get("JOURNAL_STREAM") == f"{found.st_dev}:{found.st_ino}" else _NO_PRIORITIES


def listener(form: str, stream: Stream | None = None, before: Mapping[str, str] = _NO_PRIORITIES) -> Listener:
    """A listener that writes each event as one line. A line that can't be written is left out.

    form: `readable` or `json`.   before: level → what goes before a line of it.
    """
    out = stream or sys.stderr

    def tell(event: Event) -> None:
        if form != "json" and isinstance(event, QUIET):
            return
        with suppress(OSError, ValueError):  # a full disk, a closed pipe or terminal: the work goes on
            line = as_json(event) if form == "json" else readable(event)
            out.write(f"{before[level(event)]}{line}\n")
            out.flush()

    return tell


def as_json(event: Event) -> str:
    """One line: `at`, `event`, `level`, then the event's own fields."""
    line = {"at": event.at, "event": event.name, "level": level(event), **event.fields()}
    for name, value in line.items():
        if isinstance(value, datetime):
            line[name] = _iso(value)
        elif isinstance(value, str) and len(value) > LONGEST:
            line[name] = _short(value)
    try:
        said = _JSON.encode(line).decode()
    except UnicodeEncodeError:  # half a surrogate pair, as in the name of an odd file: `harmless` spells it out
        said = json.dumps(line, default=str, ensure_ascii=False, separators=(",", ":"))
    return harmless(said)


def readable(event: Event) -> str:
    """One line: the local time, what happened, and the fields that have something to say."""
    fields = {k: v for k, v in event.fields().items() if v not in (None, "", ())}
    table, task = fields.pop("table", None), fields.pop("task", None)
    fields.pop("key", None)
    if fields.get("attempt") == 1:
        del fields["attempt"]
    fields = {name: fields[name] for name in sorted(fields, key=_rank)}
    subject = "/".join(_short(p) for p in (table, task) if p)
    rest = " ".join(f"{k}={_text(v)}" for k, v in fields.items())
    mark = "!" if level(event) == "warning" else " "
    return printable(f"{event.at.astimezone():%Y-%m-%d %H:%M:%S} {mark} {event.name:22} {subject:24} {rest}").rstrip()


def _short(text: str) -> str:
    """What is too long for a line, cut: a cell may hold a book."""
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


def brief(event: Event) -> str:
    """The same for a narrow place: the time of day, the task, and what happened, without names of fields."""
    fields = {k: v for k, v in event.fields().items() if v not in (None, "", ())}
    subject = str(fields.get("task") or fields.get("action") or fields.get("table") or fields.get("where") or "rowd")
    of_what, _, happened = event.name.partition(".")
    if not {"task", "outcome"} & fields.keys() and of_what not in ("daemon", "trouble"):
        happened = f"{of_what} {happened}"
    if isinstance(until := fields.get("until"), datetime):
        happened = f"{happened} until {until.astimezone():%H:%M:%S}"
    if "outcome" in fields:
        happened = str(fields["outcome"])
    if "wish" in fields:
        happened = f"{fields['wish']}: {happened}"
    if "column" in fields and "new" in fields:
        happened = f"{fields['column']}: {fields['new']}"
    why = fields.get("reason") or fields.get("message")
    mark = "!" if level(event) == "warning" else " "
    return printable(
        f"{event.at.astimezone():%H:%M:%S} {mark} {cut(subject, 20):20} {happened}{f': {why}' if why else ''}"
    ).rstrip()


def _rank(name: str) -> int:
    """What a person looks for first comes first; ids and instants come last."""
    return -FIRST[::-1].index(name) - 1 if name in FIRST else (name in LAST)


def level(event: Event) -> str:
    """`warning` for what a person may want to look at."""
    failed = isinstance(event, RunEnded) and event.outcome != "succeeded"
    failed |= isinstance(event, WorkflowEnded) and event.outcome == "failed"
    return "warning" if failed or type(event) in WARNINGS else "info"


def printable(text: str) -> str:
    """Text from a cell or a program, harmless to a terminal."""
    return "".join(c if c.isprintable() else " " for c in text)


def _text(value: Any) -> str:
    if isinstance(value, datetime):
        return f"{value.astimezone():%Y-%m-%dT%H:%M:%S%z}"
    if isinstance(value, tuple):
        return ",".join(map(str, value))
    text = _short(str(value))
    return json.dumps(text, ensure_ascii=False) if " " in text or not text else text


@lru_cache(maxsize=64)
def _iso(instant: datetime) -> str:
    """What one turn tells, and what came due together, is of one instant."""
    return instant.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


_JSON = msgspec.json.Encoder(enc_hook=str)
