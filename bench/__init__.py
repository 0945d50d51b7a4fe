"""Side-by-side measurements: ours beside what people would use instead, in one run, as ratios. `make bench`."""

MEASURES = (
    "next_time",
    "emulators",
    "files",
    "claims",
    "alone",
    "chains",
    "webhooks",
    "lateness",
    "throughput",
    "commands",
    "idle",
    "large",
    "clouds",
)
"""Modules of this package: each has `measure(folder)`, which yields its comparisons. The quick ones come first."""
