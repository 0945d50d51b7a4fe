"""`python -m tests.soak`: see `tests.soak.steady`."""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from tests.prove.lots import fresh
from tests.soak.steady import course, report


def main() -> int:
    """0 where all laws held."""
    reader = argparse.ArgumentParser(prog="python -m tests.soak", description="One daemon, a table in every store, for a while.")
    reader.add_argument("--minutes", type=float, default=30)
    reader.add_argument("--seed", type=int, default=fresh())
    said = reader.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="rowd-soak-"))
    print(f"--seed {said.seed}; evidence in {folder}", flush=True)
    found = course(folder, said.minutes, said.seed, lambda line: print(line, flush=True))
    broken = list(found.broken())
    print(report(found, broken))
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
