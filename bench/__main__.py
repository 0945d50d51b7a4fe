"""`python -m bench [NAME …] [--json FILE]`: the measurements, one after the other, each in a folder of its own on this disk."""

from __future__ import annotations

import argparse
import json
import signal
import sys
import tempfile
import time
from importlib import import_module
from pathlib import Path

from bench import MEASURES
from bench.machine import machine


def main() -> None:
    """Measure, print as it goes, and keep the figures."""
    arguments = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    arguments.add_argument("names", nargs="*", metavar="NAME", help=f"default: all of {', '.join(MEASURES)}")
    arguments.add_argument("--json", type=Path, metavar="FILE", help="write the figures of every round there, too")
    arguments.add_argument("--folder", type=Path, help="measure on the disk of this folder; default: the system's temporary one")
    given = arguments.parse_args()
    if unknown := sorted(set(given.names) - set(MEASURES)):
        arguments.error(f"there is no {', '.join(unknown)}; there are {', '.join(MEASURES)}")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that every side is ended with us
    figures: dict[str, object] = {"machine": machine(), "measures": {}}
    print("\n".join(f"{key}: {value}" for key, value in machine().items()), flush=True)
    found: dict[str, object] = {}
    for name in given.names or MEASURES:
        module = import_module(f"bench.{name}")
        print(f"\n=== {name}: {(module.__doc__ or '').splitlines()[0]}\n", flush=True)
        began, comparisons = time.monotonic(), []
        with tempfile.TemporaryDirectory(prefix="bench-", dir=given.folder, ignore_cleanup_errors=True) as folder:
            for comparison in module.measure(Path(folder)):
                comparisons.append(comparison)
                print(comparison.told() + "\n", flush=True)
        found[name] = {"seconds": round(time.monotonic() - began), "comparisons": [one.plain() for one in comparisons]}
        if given.json:  # after each, so that an interrupted run leaves what it has
            given.json.write_text(json.dumps({**figures, "measures": found}, indent=1, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
