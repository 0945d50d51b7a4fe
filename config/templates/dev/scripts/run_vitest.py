"""Run a project's tests, and say how many passed and failed.

Usage: run_vitest.py [--project FOLDER] [-- COMMAND…]
Without a command: `npm test`, `npx vitest run` or pytest, whichever the project has.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from result import finish
from suite import NoTests, command, run, tally


def main(arguments: Sequence[str]) -> int:
    """The tests' own exit status, or 2 where there are none to run."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--project", type=Path, default=Path(), help="the project's folder")
    parser.add_argument("command", nargs="*", help="what to run instead of what is found")
    given = parser.parse_args(arguments)
    try:
        argv = given.command or command(given.project)
        ran = run(argv, given.project)
    except NoTests as exc:
        return finish(2, str(exc))
    name = " ".join([Path(argv[0]).name, *argv[1:]])
    counted = tally(ran.lines)
    if counted is None:
        return finish(ran.code, f"{name}: {'succeeded' if ran.code == 0 else f'ended with {ran.code}'}")
    return finish(ran.code, f"{counted} ({name})", passed=counted.passed, failed=counted.failed, skipped=counted.skipped)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
