"""What each side's task does, ours and the rivals': write down when it was due and when it really began.

One record is one `write` to a file opened for appending, so tasks in threads and other processes need no lock, and what was written
outlives whoever is killed. rowd gets it as a kind of action of another package, found by its entry point, as anybody's would be.
"""

from __future__ import annotations

import os
import struct
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

from actions.api import Context, Definition, Kind, Outcome, Request, Result

VARIABLE = "BENCH_WITNESS"
"""Names the file, for every process of a side."""

_RECORD = struct.Struct("<qq")
_MICROSECOND = timedelta(microseconds=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DONE = Result(Outcome.SUCCEEDED, "done")


@dataclass(frozen=True, slots=True)
class Seen:
    """One start of a task. Both in nanoseconds since 1970."""

    due: int
    began: int

    @property
    def late_s(self) -> float:
        return (self.began - self.due) / 1e9


def saw(due: int) -> None:
    """The task that was due then (nanoseconds since 1970) begins now."""
    os.write(_opened(), _RECORD.pack(due, time.time_ns()))


@cache
def _opened() -> int:
    return os.open(os.environ[VARIABLE], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)


def saw_tick(period_s: int) -> None:
    """The same for a task that comes every so many seconds, and isn't told which time this is: the last one."""
    span = period_s * 1_000_000_000
    saw(time.time_ns() // span * span)


def read(path: Path) -> list[Seen]:
    """All starts so far, in the order of their writing."""
    raw = path.read_bytes() if path.exists() else b""
    whole = len(raw) - len(raw) % _RECORD.size
    return [Seen(due, began) for due, began in _RECORD.iter_unpack(raw[:whole])]


def by_due(seen: Sequence[Seen]) -> dict[int, list[float]]:
    """Instant (nanoseconds since 1970) → lateness in seconds of everything that was due then, sorted."""
    found: dict[int, list[float]] = {}
    for one in seen:
        found.setdefault(one.due, []).append(one.late_s)
    return {due: sorted(late) for due, late in sorted(found.items())}


class _Witness:
    """The action: one record, nothing else."""

    async def run(self, request: Request, context: Context) -> Result:  # noqa: ARG002 (an Action's signature)
        saw((request.due - _EPOCH) // _MICROSECOND * 1000)
        return _DONE


KIND = Kind(settings=Definition, make=lambda name, settings, base: _Witness(), repeatable=lambda _: True)  # noqa: ARG005


def registered(folder: Path) -> Path:
    """A folder which, on PYTHONPATH, makes this module an installed package's kind of action called `witness`."""
    info = folder / "packages" / "bench_witness-1.dist-info"
    info.mkdir(parents=True, exist_ok=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: bench-witness\nVersion: 1\n")
    (info / "entry_points.txt").write_text("[rowd.actions]\nwitness = bench.witness:KIND\n")
    return info.parent
