"""Seeds that once broke a law, each with what was wrong; they are played in every test run.

A seed's story changes when the simulation does, so what it found also stands in `test_found`, as the smallest test of its own.
"""

from __future__ import annotations

FOUND: dict[int, str] = {
    25: "one record of skipped instants reached across an instant that was claimed in the same plan",
}
