"""`make bench`: every measurement, one after the other."""

from __future__ import annotations

from bench import claims, next_time

if __name__ == "__main__":
    for measurement in (next_time, claims):
        print(measurement.main(), flush=True)
