"""Seeds that once broke a law, each with what was wrong; they are played in every test run.

A seed's story changes when the simulation does, so what it found also stands in `test_found`, as the smallest test of its own.
"""

from __future__ import annotations

FOUND: dict[int, str] = {
    25: "one record of skipped instants reached across an instant that was claimed in the same plan",
    54: "a worker that became idle within a long turn went to a low priority, while a higher one waited",
    69: "a clock set back put another attempt off anew whenever it came due",
    95: "skip next left out several, since the clock was set back after it was asked",
    164: "a column renamed to another spelling while rowd wrote looked emptied, and what waited was cancelled",
    186: "skip next was spent on an instant long past, in a table without access",
}
