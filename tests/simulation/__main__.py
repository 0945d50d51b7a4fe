"""`python -m tests.simulation`: many seeds, or one told in full."""

from __future__ import annotations

import argparse
import sys

from tests.simulation.many import alone, many
from tests.simulation.stores import STORES


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("--seeds", type=int, default=100, help="how many seeds")
    parser.add_argument("--first", type=int, default=1, help="the first of them")
    parser.add_argument("--jobs", type=int, default=2, help="processes at once")
    parser.add_argument("--seed", type=int, help="play this one alone")
    parser.add_argument("--verbose", action="store_true", help="with --seed: tell everything that happens")
    parser.add_argument(
        "--store", choices=tuple(STORES), help="play with a table of this vendor's; else with tables of this machine"
    )
    asked = parser.parse_args()
    if asked.seed is not None:
        report = alone(asked.seed, verbose=asked.verbose, store=asked.store)
    else:
        report = many(range(asked.first, asked.first + asked.seeds), asked.jobs, print, asked.store)
    print(report)
    for seed, broken in report.broken:
        print(f"seed {seed} breaks {broken.law}: {broken.what}")
    return bool(report.broken)


if __name__ == "__main__":
    sys.exit(main())
