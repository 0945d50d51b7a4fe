"""Stand-ins for the vendors' services on 127.0.0.1, for tests and benchmarks: what a vendor's own client can't tell from the real.

`core` knows no vendor; each vendor's folder knows only its own API. An operation that isn't emulated answers 501 and is remembered
in `Emulator.unserved`: never a plausible lie. Start one by hand with `python -m tests.emulators VENDOR`.
"""

from __future__ import annotations

VENDORS = ("google_sheets", "airtable", "notion")
"""Each is a package beside this one, with `make(clock, switches, seed) -> Emulator`, `SWITCHES` (see `core.switches`), and
`fill(emulator, path)`, which puts in what a seed file says, or the sample tables where there is none.
"""
