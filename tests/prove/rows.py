"""A generated table with rows of every kind, so many that they make a few starts each second, however long the table is."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from tests.prove.scene import Row

ZONES = ("", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe")
NOTES = ("", "ask Ünal first", 'says "never on Fridays"', "two\nlines", "a,b;c", " kept as it is ", "=1+1 is hers", "0012")


class Rows:
    """Makes rows, each with a name of its own."""

    def __init__(self, rng: random.Random, slower: float = 1.0) -> None:
        """slower: by how much each row's interval is longer than in a small table."""
        self._rng = rng
        self._slower = slower
        self.made: list[Row] = []

    def add(self, kind: str, cells: dict[str, Any], **expected: Any) -> Row:
        number = len(self.made) + 1
        name = f"{kind}-{number}"
        row = {"ID": str(number), "Name": name, "Action": "work", "Status": "active", "Description": f"row {number}"}
        row |= {"Ticket": f"OPS-{self._rng.randrange(9999)}", "Notes": self._rng.choice(NOTES)}
        row |= {k: json.dumps(v) if isinstance(v, dict) else str(v) for k, v in cells.items()}
        expected.setdefault("command", row["Action"] == "work")
        expected.setdefault("repeatable", row["Action"] == "inside")
        if row["Action"] == "inside":
            expected.setdefault("attempts", 3)
        self.made.append(Row(name=name, cells=row, tags=(kind,), **expected))
        return self.made[-1]

    def every(self, low: float, high: float) -> dict[str, Any]:
        return {"every": max(2, round(self._rng.uniform(low, high) * self._slower))}

    # --- kinds

    def interval(self) -> None:
        when = self.every(6, 20)
        self.add("interval", {"Schedule": f"every {when['every']} seconds"}, schedule=when)

    def inside(self) -> None:
        """In the daemon itself: lost when it dies, and then tried again."""
        when, long = self.every(4, 12), self._rng.choice([0, 0, 1, 2])
        cells = {"Schedule": f"every {when['every']} seconds", "Action": "inside", "Metadata": {"sleep": f"{long}s"}}
        self.add("inside", cells, schedule=when)

    def cron(self) -> None:
        step = self._rng.choice([5, 6, 10, 12, 15] if self._slower < 2 else [15, 20, 30])
        zone = self._rng.choice(ZONES)
        text = f"{self._rng.randrange(step)}-59/{step} * * * * *"
        self.add("cron", {"Schedule": text, "Time Zone": zone}, schedule={"cron": text, "zone": zone or "UTC"})

    def minute(self) -> None:
        zone = self._rng.choice(ZONES)
        self.add("minute", {"Schedule": "* * * * *", "Time Zone": zone}, schedule={"cron": "* * * * *", "zone": zone or "UTC"})

    def slow(self) -> None:
        """Takes longer than its interval, so that some occurrences are skipped."""
        self.add("slow", {"Schedule": "every 2 seconds", "Metadata": {"sleep": self._rng.choice([1, 2, 3])}}, schedule={"every": 2})

    def queue(self) -> None:
        when = self.every(3, 5)
        cells = {"Schedule": f"every {when['every']} seconds", "Overlap": "queue", "Metadata": {"sleep": 1}}
        self.add("queue", cells, schedule=when)

    def parallel(self) -> None:
        cells = {"Schedule": "every 3 seconds", "Overlap": "parallel", "Metadata": {"sleep": self._rng.choice([1, 3])}}
        self.add("parallel", cells, schedule={"every": 3})

    def catch_up(self) -> None:
        when = self.every(4, 9)
        cells = {"Schedule": f"every {when['every']} seconds", "Catch Up": self._rng.choice(["once", "all"])}
        self.add("catch-up", cells, schedule=when)

    def failing(self) -> None:
        when, failures = self.every(8, 15), self._rng.choice([1, 2, 3, 3])
        cells = {"Schedule": f"every {when['every']} seconds", "Attempts": 3, "Metadata": {"failures": failures}}
        self.add("failing", cells, schedule=when, attempts=3, failures=failures)

    def hanging(self) -> None:
        when = self.every(8, 12)
        cells = {"Schedule": f"every {when['every']} seconds", "Timeout": "1s", "Metadata": {"sleep": 600}}
        self.add("hanging", cells, schedule=when, hangs=True)

    def now(self) -> None:
        self.add("now", {"Schedule": "now", "Metadata": {"sleep": self._rng.choice([0, 0, 1, 3])}}, once=True)

    def soon(self) -> None:
        if self._rng.random() < 0.5:
            delay = self._rng.randrange(3, 40)
            self.add("soon", {"Schedule": f"in {delay} seconds"}, once=True, delay=delay)
        else:
            at = int(time.time()) + self._rng.randrange(8, 40)
            text = f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d %H:%M:%S}"
            self.add("dated", {"Schedule": text}, schedule={"at": at}, once=True)

    def press(self) -> None:
        self.add("press", {"Type": "manual"})

    def asked(self) -> None:
        self.add("asked", {"Type": "manual", "Metadata": {"sleep": self._rng.choice([0, 1])}})

    def counter(self) -> None:
        threshold = self._rng.choice([1, 2, 3, 5])
        self.add("counter", {"Type": "counter", "Current": 0, "Threshold": threshold, "Overlap": "parallel"}, threshold=threshold)

    def counting(self) -> None:
        """Counts commits."""
        threshold = self._rng.choice([1, 2, 3])
        cells = {"Type": "counter", "Current": 0, "Threshold": threshold, "Counts": "repo", "Overlap": "parallel"}
        self.add("counting", cells, threshold=threshold)

    def reacting(self) -> None:
        """Runs for commits."""
        self.add("reacting", {"Watch": "repo", "Metadata": {"sleep": self._rng.choice([0, 1])}})

    def fickle(self) -> None:
        when = self.every(3, 8)
        self.add("fickle", {"Schedule": f"every {when['every']} seconds"}, schedule=when, fickle=True)

    def doomed(self) -> None:
        when = self.every(4, 9)
        self.add("doomed", {"Schedule": f"every {when['every']} seconds"}, schedule=when, fickle=True)

    def still(self) -> None:
        """Nothing of these ever runs: paused, a draft, a mistake."""
        cells = self._rng.choice(
            [{"Schedule": "every 2 seconds", "Status": "paused"}, {"Status": "draft"}, {"Schedule": "evry 2 seconds"}]
        )
        self.add("still", cells)

    def idle(self) -> None:
        """Comes due only hours from now: what most rows do at most times."""
        hour = (datetime.now(UTC).hour + self._rng.randrange(3, 20)) % 24
        self.add("idle", {"Schedule": f"daily {hour:02}:{self._rng.randrange(60):02}"})


def few(rng: random.Random) -> list[Row]:
    """A handful of rows that between them make every kind of commit, every second."""
    rows = Rows(rng)
    each = {"cron": "* * * * * *"}
    rows.add("interval", {"Schedule": each["cron"]}, schedule=each)
    rows.add("interval", {"Schedule": "every 3 seconds"}, schedule={"every": 3})
    rows.add("inside", {"Schedule": "every 3 seconds", "Action": "inside", "Metadata": {"sleep": "1s"}}, schedule={"every": 3})
    rows.add(
        "failing",
        {"Schedule": "every 4 seconds", "Attempts": 3, "Metadata": {"failures": 1}},
        schedule={"every": 4},
        attempts=3,
        failures=1,
    )
    # skipped at a moment of its own while it hangs: a commit with nothing but a record
    cells = {"Schedule": each["cron"], "Jitter": "1s", "Timeout": "2s", "Metadata": {"sleep": 600}}
    rows.add("hanging", cells, schedule=each, hangs=True)
    for kind in ("now", "now", "soon", "press", "press", "asked", "counter", "counting", "reacting", "fickle", "doomed", "still"):
        getattr(rows, kind)()
    return rows.made


SHARES: dict[str, int] = {
    "interval": 40,
    "inside": 24,
    "cron": 14,
    "minute": 10,
    "slow": 4,
    "queue": 3,
    "parallel": 2,
    "catch_up": 8,
    "failing": 12,
    "hanging": 3,
    "now": 14,
    "soon": 14,
    "press": 5,
    "asked": 4,
    "counter": 6,
    "counting": 3,
    "reacting": 3,
    "fickle": 8,
    "doomed": 4,
    "still": 12,
    "idle": 107,
}
"""Rows of each kind in a table of 300."""

FEW = ("slow", "queue", "parallel", "hanging", "press", "asked", "counter", "counting", "reacting")
"""Kinds of which a longer table has no more."""


def generated(rng: random.Random, number: int) -> list[Row]:
    """So many rows, in an order by lot."""
    rows = Rows(rng, slower=max(1.0, number / 200))
    kinds: list[Callable[[], None]] = []
    for kind, share in SHARES.items():
        many = share if kind in FEW else max(1, round(share * number / 300))
        kinds += [getattr(rows, kind)] * many
    kinds = kinds[:number] + [rows.idle] * (number - len(kinds))
    rng.shuffle(kinds)
    for make in kinds:
        make()
    return rows.made
