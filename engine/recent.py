"""A row's newest outcomes as the lines of one cell. Pure: they hang on the ledger and the row's zone alone."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta, tzinfo

from engine.plan import in_row
from engine.tally import Recent

LONGEST = 160
"""Characters of a line: five of them fit into a cell of every store."""


def last_runs(recent: Sequence[Recent], zone: tzinfo) -> str:
    """A line each, in the order in which they are given: `2026-11-23 09:00 succeeded in 3.2s: 48 tests passed`.

    Times are the row's; it is said elsewhere in the row which zone that is. The year always stands there, since a line that left
    it out would have to be written anew at the turn of the year.
    """
    return "\n".join(_line(one, zone) for one in recent)


def _line(one: Recent, zone: tzinfo) -> str:
    local = one.at.astimezone(zone)
    when = f"{local:%Y-%m-%d %H:%M:%S}".removesuffix(":00")
    took = f" in {lasted(one.duration)}" if one.duration is not None else ""
    often = f" {one.count} times" if one.count > 1 else ""
    said = f": {in_row(one.reason)}" if one.reason not in ("", one.outcome) else ""
    line = " ".join(f"{when} {one.outcome}{often}{took}{said}".split())
    return line if len(line) <= LONGEST else line[: LONGEST - 1] + "…"


def lasted(span: timedelta) -> str:
    """A span in at most two units: `350ms`, `4.2s`, `1m 20s`, `3d 4h`."""
    seconds = span.total_seconds()
    if seconds < 1:
        return f"{seconds * 1000:.0f}ms"
    if seconds < 10:
        return f"{seconds:.1f}".removesuffix(".0") + "s"
    left = round(seconds)
    parts = []
    for unit, size in (("d", 86400), ("h", 3600), ("m", 60), ("s", 1)):
        number, left = divmod(left, size)
        if number:
            parts.append(f"{number}{unit}")
        elif parts:
            break
    return " ".join(parts[:2])
