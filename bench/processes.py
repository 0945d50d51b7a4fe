"""What a process and its children have used, as the kernel counts it in /proc."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")

TICK = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Used:
    """cpu_s: of all its threads and of the children that it has waited for.   wakes: times that a thread gave the CPU up to wait.

    pss_mb: memory, shared pages counted by the share of each process that has them.
    """

    cpu_s: float
    wakes: int
    pss_mb: float


def used(pid: int) -> Used:
    """By the process and everything below it, now."""
    all_ = tree(pid)
    return Used(sum(map(_cpu, all_)), sum(map(_wakes, all_)), sum(map(_pss, all_)))


def cpu(pid: int) -> float:
    """CPU seconds of the process and everything below it so far."""
    return sum(map(_cpu, tree(pid)))


def tree(pid: int) -> list[int]:
    """The process and all its living descendants."""
    found = [pid]
    for one in found:
        for task in _or(lambda one=one: list(Path(f"/proc/{one}/task").iterdir()), []):
            found += [int(child) for child in _or(lambda task=task: (task / "children").read_text().split(), [])]
    return found


def _cpu(pid: int) -> float:
    stat = _or(lambda: Path(f"/proc/{pid}/stat").read_text(), "")
    return sum(map(int, stat.rpartition(")")[2].split()[11:15])) / TICK if stat else 0.0


def _wakes(pid: int) -> int:
    return sum(
        _field(task / "status", "voluntary_ctxt_switches") for task in _or(lambda: list(Path(f"/proc/{pid}/task").iterdir()), [])
    )


def _pss(pid: int) -> float:
    return _field(Path(f"/proc/{pid}/smaps_rollup"), "Pss") / 1024


def _field(file: Path, name: str) -> int:
    for line in _or(lambda: file.read_text(), "").splitlines():
        key, _, rest = line.partition(":")
        if key == name:
            return int(rest.split()[0])
    return 0


def _or(read: Callable[[], T], otherwise: T) -> T:
    """A process may end while it is looked at."""
    try:
        return read()
    except (FileNotFoundError, ProcessLookupError):
        return otherwise
