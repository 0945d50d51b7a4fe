"""Deliveries a second that are answered 202 because they are durable: signed as GitHub's, each over a connection of its own.

The senders are one process on the same cores, ninety at a time and ten. Beside it a bare receiver that appends to a file and syncs
once for all that wait: what the disk and the sockets allow.
"""

from __future__ import annotations

import socket
import statistics
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from bench.measure import OURS, ROUNDS, Comparison, Goal
from bench.rivals import ROOT, running
from bench.site import COLUMNS, Site

SECRET = "a-secret-of-the-bench"  # noqa: S105 (nobody else knows of it)
NUMBER = 2000
AT_ONCE = (90, 10)
BARE = "floor: one synced append for all that wait"
LISTENS = """\
[listen]
port = {port}
[watch.forge]
kind = "webhook"
scheme = "github"
secret = "FORGE"
rate = "10000/s"
"""


def measure(folder: Path) -> Iterator[Comparison]:
    """Rounds of ours and of the bare receiver in turn. One row counts the deliveries, so that each is asked of a row."""
    port = _free_port()
    counter = {"ID": "c", "Name": "pushes", "Action": "noop", "Status": "active", "Counts": "forge", "Threshold": "1000000"}
    site = Site(folder / "ours", [counter], columns=(*COLUMNS, "Counts", "Threshold", "Current"))
    (site.folder / ".env").write_text(f"FORGE={SECRET}\n")
    (site.folder / ".env").chmod(0o600)
    with (site.folder / "rowd.toml").open("a") as config:
        config.write(LISTENS.format(port=port))
    with site, running(folder / "bare", "bare_receiver", SECRET) as bare:
        site.wait_for("listener.opened")
        site.wait_for("watch.seen")
        ports = {OURS: port, BARE: int(bare.said)}
        for at_once in AT_ONCE:
            sides: dict[str, list[float]] = {side: [] for side in ports}
            for n in range(ROUNDS + 1):
                for side, port in ports.items():
                    rate = NUMBER / _seconds(port, at_once)
                    if n:  # the first one warms
                        sides[side].append(rate)
                site.quiet(1.0)
            least = min(1000.0, statistics.median(sides[BARE]))
            goal = Goal(at_least=least, aim=least) if at_once == max(AT_ONCE) else None
            yield Comparison(f"deliveries answered, {at_once} senders", "a second", sides, goal, more=True)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])


def _seconds(port: int, at_once: int) -> float:
    words = map(str, (port, "/hooks/forge", SECRET, NUMBER, at_once))
    done = subprocess.run(
        [sys.executable, "-m", "bench.deliveries", *words], cwd=ROOT, capture_output=True, text=True, timeout=300, check=False
    )
    if done.returncode:
        raise RuntimeError(f"not all were taken: {done.stderr[-2000:]}")
    return float(done.stdout)
