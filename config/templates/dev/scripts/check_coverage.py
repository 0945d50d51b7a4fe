"""Run a project's tests with coverage, and say how many percent of the lines they reach.

Usage: check_coverage.py [--project FOLDER]
Taken in this order: a script "coverage" in package.json that writes coverage/coverage-summary.json (reporter json-summary);
vitest; jest; node's own test runner; coverage.py with pytest.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from result import finish
from suite import NoTests, Ran, depends_on, package, python, run, scripts, tally, tested_by_pytest

_ALL_FILES = re.compile(r"^(?:#|ℹ) all files\s*\|\s*([\d.]+)\s*\|")

Measurement = Callable[[Path, Path], "tuple[Ran, float | None]"]
"""Project, a folder for reports → the run, and the percentage; None where the run left none."""


def measurement(project: Path) -> Measurement:
    """How this project's coverage is measured. Raises NoTests."""
    described = package(project)
    if described is not None:
        if "coverage" in scripts(described):
            return _by_script
        if depends_on(described, "vitest"):
            return _by_vitest
        if depends_on(described, "jest"):
            return _by_jest
        if "node --test" in scripts(described).get("test", ""):
            return _by_node
    if tested_by_pytest(project):
        return _by_coverage_py
    raise NoTests(
        f"no way to measure coverage in {project.absolute()}: neither vitest, jest, node --test nor pytest; add a script"
        ' "coverage" to package.json that writes coverage/coverage-summary.json'
    )


def percentage(summary: Path) -> float | None:
    """Percent of lines, from a coverage-summary.json; None where the file isn't there or counted nothing."""
    try:
        found = json.loads(summary.read_text(encoding="utf-8"))["total"]["lines"]["pct"]
    except (OSError, ValueError, LookupError, TypeError):
        return None
    return float(found) if isinstance(found, (int, float)) else None  # the reporter writes "Unknown" where nothing was measured


def node_percentage(lines: Sequence[str]) -> float | None:
    """Percent of lines, from the report of node's own test runner: `# all files | 78.50 | 100.00 | 66.67 |`."""
    return next((float(found[1]) for line in lines if (found := _ALL_FILES.match(line))), None)


def _by_script(project: Path, _: Path) -> tuple[Ran, float | None]:
    summary = project / "coverage" / "coverage-summary.json"
    before = summary.stat().st_mtime_ns if summary.exists() else None
    ran = run(["npm", "run", "coverage"], project)
    fresh = summary.exists() and summary.stat().st_mtime_ns != before  # an older run's number would be a lie
    return ran, percentage(summary) if fresh else None


def _by_vitest(project: Path, reports: Path) -> tuple[Ran, float | None]:
    options = ["enabled=true", "reporter=json-summary", "reporter=text", f"reportsDirectory={reports}", "reportOnFailure=true"]
    ran = run(["npx", "vitest", "run", *(f"--coverage.{option}" for option in options)], project)
    return ran, percentage(reports / "coverage-summary.json")


def _by_jest(project: Path, reports: Path) -> tuple[Ran, float | None]:
    options = ["--coverageReporters=json-summary", "--coverageReporters=text", f"--coverageDirectory={reports}"]
    ran = run(["npx", "jest", "--ci", "--coverage", *options], project)
    return ran, percentage(reports / "coverage-summary.json")


def _by_node(project: Path, _: Path) -> tuple[Ran, float | None]:
    ran = run(["node", "--test", "--experimental-test-coverage"], project)
    return ran, node_percentage(ran.lines)


def _by_coverage_py(project: Path, reports: Path) -> tuple[Ran, float | None]:
    own, data = python(project), {"COVERAGE_FILE": str(reports / ".coverage")}  # the project's own data file stays as it is
    source = [] if _configured(project) else ["--source=."]
    ran = run([own, "-m", "coverage", "run", *source, "-m", "pytest"], project, data)
    if list(reports.glob(".coverage.*")):  # `parallel` is set: a file for each process, which before 7.14 no report puts together
        run([own, "-m", "coverage", "combine", "--append", str(reports)], project, data)
    report = reports / "coverage.json"
    run([own, "-m", "coverage", "json", "-q", "-o", str(report)], project, data)
    try:
        return ran, float(json.loads(report.read_text(encoding="utf-8"))["totals"]["percent_covered"])
    except (OSError, ValueError, LookupError, TypeError):
        return ran, None


def _configured(project: Path) -> bool:
    """The project says itself what coverage.py is to measure."""
    marks = {".coveragerc": "", "pyproject.toml": "[tool.coverage.", "setup.cfg": "[coverage:", "tox.ini": "[coverage:"}
    for name, mark in marks.items():
        file = project / name
        if file.is_file() and mark in file.read_text(encoding="utf-8", errors="replace"):
            return True
    return False


def main(arguments: Sequence[str]) -> int:
    """The tests' own exit status; 2 where nothing could be measured."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--project", type=Path, default=Path(), help="the project's folder")
    given = parser.parse_args(arguments)
    try:
        with tempfile.TemporaryDirectory() as folder:
            ran, covered = measurement(given.project)(given.project, Path(folder))
    except NoTests as exc:
        return finish(2, str(exc))
    counted = tally(ran.lines)
    tests = f" ({counted})" if counted else ""
    if covered is None:
        return finish(ran.code or 2, f"the run left no coverage{tests}; what it wrote says why")
    return finish(ran.code, f"coverage {covered:.1f} %{tests}", coverage=round(covered, 2))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
