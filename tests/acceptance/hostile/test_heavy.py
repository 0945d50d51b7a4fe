"""Files that are heavy: each is read or refused in a bounded time and within bounded memory, by a process of its own."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.acceptance.hostile.case import GOOD, HEADER
from tests.acceptance.hostile.house import build
from tests.acceptance.site import PATIENCE, ROWD, clean_environment

pytestmark = pytest.mark.timeout(300)

MOST_MEMORY = 400 * 1024  # kB
MOST_SECONDS = 20.0
"""Of the processor, so that a busy machine is no failure; a tenth is usual."""

MEASURED = """\
import resource, subprocess, sys
status = subprocess.run(sys.argv[1:]).returncode
used = resource.getrusage(resource.RUSAGE_CHILDREN)
sys.stderr.write(f"\\n{used.ru_utime + used.ru_stime} {used.ru_maxrss}")
sys.exit(status)
"""
"""Runs a command and says what it used. A process of its own, since a child's memory counts from its parent's."""

MB = 1_000_000
ROWS = b"".join(b"%d,task %d,work,daily 07:00,active,,\n" % (n, n) for n in range(100_000))
LARGE = r"bytes, more than max_bytes \(67,108,864\) allows\. Make it smaller, or raise max_bytes"
MANY = r"cells, more than max_cells \(3,000,000\) allows\. Make it smaller, or raise max_cells"
HEADS = b",".join(b"column %d" % n for n in range(100_000))


@pytest.mark.parametrize(
    ("content", "says", "rows"),
    [
        (lambda: HEADER + b"x" * 100 * MB, LARGE, None),
        (lambda: HEADER + ROWS * 12 + b"x" * 10 * MB, MANY, None),
        (lambda: HEADER + b"," * 60 * MB, MANY, None),
        (lambda: HEADER + b"\n" * 60 * MB, MANY, None),
        (lambda: HEADER + b'"\n' * 30 * MB, MANY, None),
        (lambda: HEADER + b'a,"' + b"x\n" * 2 * MB, r"line 2 or after it is never closed\. Close it", None),
        (lambda: HEADER + b'"' * 60 * MB + b"\n" + GOOD + b"\n", None, 2),
        (lambda: HEADER.rstrip() + b",Note\n" + GOOD + b"," + b"x" * 50 * MB + b"\n", None, 1),
        (lambda: b"Name,Action,Schedule," + HEADS + b"\ngood,work,daily" + b"," * 100_000 + b"\n", None, 1),
        (lambda: b"x" * MB + b",Name,Action,Schedule\n,good,work,daily\n", None, 1),
        (lambda: HEADER + GOOD + b'\n' + b',,,,,,,stray\n' * 100_000, None, 1),
    ],
    ids=["100-mb", "8-million-cells", "commas", "lines", "quoted-lines", "unclosed", "quotes", "a-line-of-50-mb", "100000-columns",
         "a-header-of-1-mb", "100000-strays"],
)  # fmt: skip
def test_a_heavy_file_costs_bounded_time_and_memory(
    tmp_path: Path, content: Callable[[], bytes], says: str | None, rows: int | None
) -> None:
    folder = build(tmp_path / "site", ["ops"])
    path = folder / "ops.csv"
    path.write_bytes(content())
    stands = path.stat()
    out = tmp_path / "out"
    with out.open("wb") as file:
        command = [sys.executable, "-S", "-c", MEASURED, str(ROWD), "list", "--json"]
        measured = subprocess.run(
            command, cwd=folder, env=clean_environment(), stdout=file, stderr=subprocess.PIPE, timeout=6 * PATIENCE
        )
    assert measured.returncode == (0 if says is None else 4), measured.stderr.decode()
    seconds, memory = map(float, measured.stderr.splitlines()[-1].split())
    (table,) = json.loads(out.read_text())["tables"]
    if says is None:
        assert table["trouble"] is None
    else:
        assert re.search(says, table["trouble"]), table["trouble"]
    assert table["rows"] == rows  # of a table that was never read nobody knows how many
    assert memory < MOST_MEMORY
    assert seconds < MOST_SECONDS
    now = path.stat()
    assert (now.st_mtime_ns, now.st_size, now.st_ino) == (stands.st_mtime_ns, stands.st_size, stands.st_ino)
    print(f"{seconds:.2f} s, {memory / 1024:.0f} MB")
