"""What all tests share: what the simulation came to is told at the end, whichever processes played it."""

from __future__ import annotations

import gc
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from actions.command import wards

settings.register_profile("rowd", deadline=None)  # how long an example takes says something of the machine alone
settings.load_profile("rowd")

SIMULATED = "simulated"
"""The property under which a test hands on its numbers: name → number, how many `seeds` among them. Words may follow: what with."""


WAITS = "acceptance"
"""The folder of the tests that wait for processes more than they compute."""

LONGEST = (
    *("test_kills_sheets", "test_crash_points", "test_moving", "test_kills", "test_daemon", "test_histories", "test_setup"),
    *("test_kills_notion", "test_kills_airtable", "test_leases", "hostile/test_daemon", "test_two_daemons", "test_crashes"),
    *("conformance/test_sheets", "conformance/test_rest", "conformance/test_notion", "simulation/test_seeds_1"),
    *("simulation/test_store_airtable", "simulation/test_store_google_sheets", "simulation/test_store_notion"),
    *("simulation/test_seeds_2", "simulation/test_seeds_3", "simulation/test_seeds_4", "conformance/test_preparing"),
)
"""Files that take longest, each kind from the longest on; those of the acceptance tests by their place in it."""


def longest(name: str) -> Path:
    """Where a file of LONGEST stands."""
    folder = Path(__file__).parent
    return folder / f"{name}.py" if name.startswith(("conformance/", "simulation/")) else folder / WAITS / f"{name}.py"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files that wait and files that compute are begun in turns, so that several workers keep all cores busy to the end; of each
    kind the longest first, so that no worker is left alone with one."""
    files: dict[Path, list[pytest.Item]] = {}
    for item in items:
        files.setdefault(item.path, []).append(item)
    known = {longest(name): place for place, name in enumerate(LONGEST)}
    ordered = sorted(files, key=lambda file: known.get(file, len(known)))
    groups = [[file for file in ordered if (WAITS in file.parts) is waits] for waits in (False, True)]
    places = {file: (n + 0.5) / len(group) for group in groups for n, file in enumerate(group)}
    items[:] = [item for file in sorted(files, key=places.__getitem__) for item in files[file]]


def pytest_collection_finish() -> None:
    """All that was collected stays to the end: no collection of garbage needs to walk through eleven thousand tests once more."""
    gc.collect()
    gc.freeze()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """One line for all tests that played seeds, one more for each store, under xdist as well: there what a test prints is lost."""
    totals: dict[str, Counter[str]] = {}
    for outcome in ("passed", "failed"):
        for report in terminalreporter.getreports(outcome):
            for name, numbers in report.user_properties:
                if name.startswith(SIMULATED):
                    totals.setdefault(name, Counter()).update(numbers)
    for name, total in sorted(totals.items()):
        seeds = total.pop("seeds", 0)
        numbers = ", ".join(f"{number:,} {what}" for what, number in total.items())
        terminalreporter.write_line(f"{name} {seeds} seeds: {numbers}")


@pytest.fixture(scope="session", autouse=True)
def no_warden_is_left() -> Iterator[None]:
    """What ran commands in this process is to end with it, and not by itself some time later."""
    yield
    for warden in wards._ours:
        warden.kill()
        warden._line.close()
