"""Which tests a project has, how they are run, and what their own summary says."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

KEPT = 2000
"""Lines of a test run's end that are looked at for its summary."""

_COLOURS = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]")
_COUNT = re.compile(
    r"(\d+) (passed|failed|skipped|todo|pending|passing|failing|errors?|total|xfailed|xpassed|deselected|warnings?)\b"
)
_NO_MODULE = re.compile(r"No module named '?(pytest|coverage)\b")
_NODE = re.compile(r"^(?:#|ℹ) (pass|fail|cancelled|skipped|todo) (\d+)$")


class NoTests(Exception):
    """The project has no tests that could be found; the text says what to do."""


@dataclass(frozen=True)
class Tally:
    """How many tests ended how."""

    passed: int
    failed: int
    skipped: int = 0

    def __str__(self) -> str:
        words = [f"{self.passed} passed", f"{self.failed} failed"]
        return ", ".join(words + ([f"{self.skipped} skipped"] if self.skipped else []))


@dataclass(frozen=True)
class Ran:
    """A command that ended: its exit status, and the last lines of what it wrote, without colours."""

    code: int
    lines: tuple[str, ...]


def package(project: Path) -> Mapping[str, object] | None:
    """What package.json says; None where there is none. Raises NoTests where it can't be read."""
    try:
        read = json.loads((project / "package.json").read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as exc:
        raise NoTests(f"package.json can't be read ({exc}); mend it, or give a test command after --") from None
    return read if isinstance(read, dict) else {}


def scripts(described: Mapping[str, object]) -> Mapping[str, str]:
    """The scripts of package.json, without the one that `npm init` leaves behind, which only fails."""
    found = described.get("scripts")
    if not isinstance(found, dict):
        return {}
    return {name: line for name, line in found.items() if isinstance(line, str) and "no test specified" not in line}


def depends_on(described: Mapping[str, object], name: str) -> bool:
    """The project's own package.json asks for this package."""
    groups = (described.get("dependencies"), described.get("devDependencies"))
    return any(isinstance(group, dict) and name in group for group in groups)


def python(project: Path) -> str:
    """The project's own interpreter where it has an environment, else the one that runs this script."""
    for folder in (".venv", "venv"):
        own = project / folder / "bin" / "python"
        if own.exists():
            return str(own.absolute())  # not resolved: the link is what makes it the environment's
    return sys.executable


def tested_by_pytest(project: Path) -> bool:
    """There is a sign of Python tests."""
    signs = ("pytest.ini", "pyproject.toml", "setup.cfg", "setup.py", "tox.ini", "conftest.py", "tests", "test")
    return any((project / sign).exists() for sign in signs) or any(project.glob("test_*.py"))


def command(project: Path) -> list[str]:
    """How this project's tests are run. Raises NoTests."""
    described = package(project)
    if described is not None:
        if "test" in scripts(described):
            return ["npm", "test"]
        if depends_on(described, "vitest"):
            return ["npx", "vitest", "run"]
    if tested_by_pytest(project):
        return [python(project), "-m", "pytest"]
    raise NoTests(
        f"no tests found in {project.absolute()}: no test script in package.json, no sign of pytest; give a command after --"
    )


def run(argv: Sequence[str], project: Path, environment: Mapping[str, str] | None = None) -> Ran:
    """Run a command in the project, without anything to read, and pass on what it writes. Raises NoTests where it isn't there."""
    merged = {**os.environ, "CI": "1", **(environment or {})}  # CI keeps test runners from waiting for changes or keys
    lines: deque[str] = deque(maxlen=KEPT)
    try:
        with subprocess.Popen(
            argv, cwd=project, env=merged, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            encoding="utf-8", errors="replace",
        ) as process:  # fmt: skip
            for line in process.stdout or ():
                sys.stdout.write(line)
                lines.append(_COLOURS.sub("", line).rstrip())
    except FileNotFoundError:
        raise NoTests(f"{argv[0]} isn't on the PATH; install it, or set PATH in the action's environment") from None
    code = process.returncode
    if code and lines and (missing := _NO_MODULE.search(lines[-1])):
        raise NoTests(f"{argv[0]} has no {missing[1]}; install it there, or give the project a .venv that has it")
    return Ran(code if code >= 0 else 128 - code, tuple(lines))  # killed by a signal: as a shell would say it


def tally(lines: Sequence[str]) -> Tally | None:
    """What the test runner's own summary says: vitest, jest, mocha, node --test or pytest. None where there is none of theirs.

    Several summaries, as of the packages of one repository, are added up.
    """
    readers = (_vitest, _jest, _node, _mocha, _pytest)
    return next((found for read in readers if (found := read(lines)) is not None), None)


def _vitest(lines: Sequence[str]) -> Tally | None:
    """`Tests  1 failed | 2 skipped | 651 passed (654)`, perhaps behind the name of a package."""
    return _sum(_COUNT.findall(line) for line in lines if re.search(r"(?:^|\s)Tests  +\d+ (?:passed|failed|skipped|todo)\b", line))


def _jest(lines: Sequence[str]) -> Tally | None:
    """`Tests:       1 failed, 12 passed, 13 total`."""
    return _sum(_COUNT.findall(line) for line in lines if re.search(r"(?:^|\s)Tests: +\d+ \w+", line))


def _node(lines: Sequence[str]) -> Tally | None:
    """`# pass 3`, `# fail 0`, each on a line of its own; `ℹ` in place of `#` where the output is made for people."""
    words = {"pass": "passed", "fail": "failed", "cancelled": "failed", "skipped": "skipped", "todo": "skipped"}
    found = [(count[2], words[count[1]]) for line in lines if (count := _NODE.match(line))]
    return _sum([found]) if any(word == "passed" for _, word in found) else None


def _mocha(lines: Sequence[str]) -> Tally | None:
    """`12 passing (30ms)`, then perhaps `1 failing` and `2 pending`."""
    found = [_COUNT.findall(line) for line in lines if re.match(r"\s*\d+ (?:passing|failing|pending)\b", line)]
    return _sum(found) if any(word == "passing" for counts in found for _, word in counts) else None


def _pytest(lines: Sequence[str]) -> Tally | None:
    """`1 failed, 3 passed, 1 skipped in 0.12s`, with or without `=====` around it."""
    return _sum(_COUNT.findall(line) for line in lines if re.match(r"(?:=+ )?\d+ \w+.* in [\d.]+s\b", line))


def _sum(summaries: object) -> Tally | None:
    groups = {
        "passed": ("passed", "passing", "xpassed"),
        "failed": ("failed", "failing", "error", "errors"),
        "skipped": ("skipped", "pending", "todo", "xfailed"),
    }
    counts = [count for summary in summaries for count in summary]  # type: ignore[attr-defined]
    if not counts:
        return None
    return Tally(**{group: sum(int(n) for n, word in counts if word in words) for group, words in groups.items()})
