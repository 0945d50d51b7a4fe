"""A daemon's sign of life: a small file that it writes over again and again, also when the disk is full and the ledger can't be.

Whoever looks (`rowd status`) sees when it last turned, when it looked at its tables, and whether its ledger refuses to be written.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

from msgspec import Struct, field

from config.shortages import READ_ONLY, found
from engine.clock import Clock
from engine.events import Event, LedgerRecovered, LedgerRefused, Listener

NAME = "alive"

EVERY = timedelta(seconds=10)

LATE = timedelta(seconds=35)
"""A daemon that has given no sign for so long hangs, was stopped, or its machine sleeps."""

OVERDUE = timedelta(seconds=12)
"""By then it has given its next sign, unless it couldn't: others may not write there, though it may."""

_SIZE = 16384
"""Bytes, all of them written at the start: what is written over needs no room on a full disk."""


class Sign(Struct, frozen=True):
    """at: when it was given, UTC.   refused: why the ledger can't be written, "" where it can.

    looked: table → when it was last asked whether it has changed; none where there are too many to be told.
    """

    at: datetime
    refused: str = ""
    looked: Mapping[str, datetime] = field(default_factory=dict)


class Heartbeat:
    """One daemon's. A file that can't be written gives no sign, and stops nothing."""

    def __init__(self, state: Path, clock: Clock, listener: Listener) -> None:
        self._clock = clock
        self._listener = listener
        self._refused = ""
        self._looked: Callable[[], Mapping[str, datetime]] = dict
        self._file = -1
        with suppress(OSError):
            self._file = os.open(state / NAME, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)

    def tell_of(self, looked: Callable[[], Mapping[str, datetime]]) -> None:
        """looked: table → when it was last asked whether it has changed."""
        self._looked = looked

    def hear(self, event: Event) -> None:
        """A listener that passes everything on."""
        if isinstance(event, LedgerRefused):
            self._refused = event.message
            self._give()
        elif isinstance(event, LedgerRecovered):
            self._refused = ""
            self._give()
        self._listener(event)

    async def beat(self) -> None:
        """Give a sign now and then, until cancelled; then no more."""
        try:
            while True:
                self._give()
                await self._clock.sleep(EVERY)
        finally:
            if self._file >= 0:
                os.close(self._file)
                self._file = -1

    def _give(self) -> None:
        sign = {"at": _iso(self._clock.now()), "refused": self._refused[:1000]}
        looked = {table: _iso(at) for table, at in self._looked().items()}
        said = json.dumps(sign | {"looked": looked})
        if len(said) > _SIZE:
            said = json.dumps(sign)
        with suppress(OSError):
            os.pwrite(self._file, said.encode().ljust(_SIZE), 0)


def heard(state: Path) -> Sign | None:
    """The last sign of whoever runs on this state folder; None where there is none that can be read."""
    try:
        said = json.loads((state / NAME).read_bytes())
        looked = {table: datetime.fromisoformat(at) for table, at in said.get("looked", {}).items()}
        return Sign(datetime.fromisoformat(said["at"]), str(said["refused"]), looked)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def _iso(instant: datetime) -> str:
    return instant.astimezone(UTC).isoformat()


def trouble_of(state: Path, sign: Sign | None, now: datetime) -> str | None:
    """What keeps a daemon that lives from its work, as far as its last sign tells; None for nothing, and without a sign."""
    if sign is None:
        return None
    if now - sign.at > OVERDUE and found(state) == READ_ONLY:
        return f"starts nothing: its state folder {state} can't be written: {READ_ONLY}"
    if now - sign.at > LATE:
        return f"gives no sign of life since {sign.at.astimezone():%H:%M:%S}: it hangs, was stopped, or the machine slept"
    why = f"the {sign.refused[4:]}" if sign.refused.startswith("The ") else sign.refused
    return f"starts nothing: {why}" if why else None
