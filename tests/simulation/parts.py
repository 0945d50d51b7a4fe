"""The seeds of `make test`, in parts: each has a file of its own, so that xdist can give them to several workers."""

from __future__ import annotations

import os
from collections.abc import Callable

from tests.conftest import SIMULATED
from tests.simulation.many import many
from tests.simulation.seeds import FOUND

SEEDS = int(os.environ.get("ROWD_SEEDS", "6"))
"""How many are played in all, beside those that found something: what `make test` has time for."""

PARTS = 4


IN_STORES = {"google_sheets": (5, 8), "airtable": (5, 7), "notion": (5, 7)}
"""Which are played with a table of each vendor's in `make test`; `make soak` plays many."""

OCCURRENCES, EDITS = 50_000, 5_000
"""So much is played with each at the least. With tables of this machine all parts together have 560,000 and 6,800."""


def the_laws_hold_in_part(number: int, record_property: Callable[[str, object], None]) -> None:
    """Play every fourth seed, in a process in which sets have one order. Fails where a law is broken.

    number: of the part, 1 to 4.
    """
    seeds = [seed for seed in sorted({*range(1, SEEDS + 1), *FOUND}) if seed % PARTS == number % PARTS]
    said: list[str] = []
    report = many(seeds, 1, said.append)
    record_property(SIMULATED, {"seeds": report.seeds, **report.numbers})
    assert not said, "\n".join(said)
    if len(seeds) >= 4:  # fewer may happen to have little of one thing
        assert report.numbers["kills"] >= len(seeds)
    assert report.numbers["edits"] >= 350 * len(seeds)
    assert report.numbers["occurrences"] >= 1_000 * len(seeds)


def the_laws_hold_with(store: str, record_property: Callable[[str, object], None]) -> None:
    """Play some seeds with a table of this vendor's, behind its real client. Fails where a law is broken."""
    said: list[str] = []
    report = many(IN_STORES[store], 1, said.append, store)
    record_property(f"{SIMULATED} with {store}", {"seeds": report.seeds, **report.numbers})
    assert not said, "\n".join(said)
    assert report.numbers["occurrences"] >= OCCURRENCES
    assert report.numbers["edits"] >= EDITS
