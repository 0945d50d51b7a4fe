"""Tables in the cloud, against emulators with the vendors' limits: write-back, quiet polls, edits seen, results shown, starts.

The emulators serve over sockets of 127.0.0.1 from this process; the daemon is one of its own. What a vendor's network takes comes
on top. Beside it, in the same run, a plain loop with the vendor's own client, written as its documentation shows.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from bench.measure import OURS, Comparison, Goal
from bench.rivals import seconds
from bench.site import Site
from tests.acceptance.stores import SECRETS, STORES, Store
from tests.emulators.core.exchange import Answer, Request
from tests.emulators.core.journal import Entry

WINDOW_S = 60
QUIET_S = 45
EDITS = 7
ROWS = 1_000
FAR = json.dumps({"Schedule": "on 2099-01-01 at 00:00"})
CONFIG = """\
[daemon]
log = "json"
max_parallel = 1000
stop_within = "5s"
[defaults]
time_zone = "UTC"
[actions.noop]
kind = "witness"
"""


@dataclass(frozen=True, slots=True)
class Vendor:
    """rows, schedule: of the table that is written back.   best: rows that the vendor's limits let through in a minute.

    written: rows that one request wrote.   client: the rival's module.   a_second: requests that it lets through; None: any number.
    """

    name: str
    rows: int
    schedule: str
    best: int
    written: Callable[[Entry], int]
    client: str
    a_second: int | None = None


def _records(entry: Entry) -> int:
    done = entry.request.method == "PATCH" and entry.answer.status == 200
    return len(json.loads(entry.request.body).get("records", ())) if done else 0


def _pages(entry: Entry) -> int:
    return int(entry.request.method == "PATCH" and "/pages/" in entry.request.path and entry.answer.status == 200)


def _ranges(entry: Entry) -> int:
    done = "batchUpdate" in entry.request.path and entry.answer.status == 200
    return len(json.loads(entry.request.body).get("data", ())) if done else 0


SHEETS = Vendor("sheets", 10_000, "0 * * * * *", 10_000, _ranges, "with_gspread")
AIRTABLE = Vendor("airtable", 1_500, "*/30 * * * * *", 3_000, _records, "with_pyairtable", a_second=5)
NOTION = Vendor("notion", 200, "*/30 * * * * *", 180, _pages, "with_notion_client")


class CloudSite(Site):
    """A folder whose table is in a store."""

    def __init__(self, folder: Path, store: Store, poll: str) -> None:
        super().__init__(folder, ())
        said = store.definition("ops")
        at = said.index("\n", said.index("[tables.")) + 1
        (folder / "rowd.toml").write_text(f'{CONFIG}{said[:at]}poll = "{poll}"\n{said[at:]}')
        (folder / ".env").write_text(SECRETS)
        (folder / ".env").chmod(0o600)


@contextmanager
def _served(folder: Path, vendor: Vendor, rows: list[dict[str, Any]], poll: str = "10s") -> Iterator[tuple[Store, CloudSite]]:
    folder.mkdir(parents=True)
    store = STORES[vendor.name](folder, rows)
    try:
        site = CloudSite(folder / "ours", store, poll)
        try:
            yield store, site
        finally:
            site.stop()
    finally:
        store.close()


def measure(folder: Path) -> Iterator[Comparison]:
    """Each vendor in turn."""
    for vendor in (SHEETS, AIRTABLE, NOTION):
        yield from _write_back(folder / f"{vendor.name}-back", vendor)
        yield from _at_rest(folder / f"{vendor.name}-rest", vendor)


def _write_back(folder: Path, vendor: Vendor) -> Iterator[Comparison]:
    """All rows come due together; how much of it stands in the table a minute after the first write."""
    rows = [
        {"Name": f"t{n}", "Action": "noop", "Status": "active", "Metadata": json.dumps({"Schedule": vendor.schedule})}
        for n in range(vendor.rows)
    ]
    with _served(folder, vendor, rows) as (store, site):
        site.start().wait_for("run.ended", vendor.rows)
        _settled(store, vendor)  # what a first look has to put there
        store.service.journal.clear()
        began = _first(store, vendor)
        _sleep_until(began + timedelta(seconds=WINDOW_S))
        entries = [e for e in store.service.journal if began <= e.at <= began + timedelta(seconds=WINDOW_S)]
        site.stop()
        theirs = seconds(folder / "rival", vendor.client, *_words(store), WINDOW_S) / WINDOW_S * 60
    written, requests = sum(map(vendor.written, entries)), sum(vendor.written(e) > 0 for e in entries)
    refused = sum(e.answer.status == 429 for e in entries)
    sides = {OURS: [float(written)], f"plain loop, {vendor.client}": [theirs]}
    goal = Goal(0.85 * vendor.best, 0.95 * vendor.best) if vendor is not SHEETS else Goal(vendor.best, vendor.best)
    yield Comparison(f"{vendor.name}: rows written in a minute, {refused} refused as too many", "rows", sides, goal, more=True)
    if vendor is SHEETS:
        each = requests / written * vendor.rows
        yield Comparison(f"{vendor.name}: write requests for {vendor.rows:,} rows", "requests", {OURS: [each]}, Goal(12, 11))


def _first(store: Store, vendor: Vendor) -> datetime:
    """When the next round's first row was written."""
    until = time.monotonic() + 120
    while time.monotonic() < until:
        if found := [e.at for e in store.service.journal if vendor.written(e)]:
            return found[0]
        time.sleep(0.02)
    raise TimeoutError(f"{vendor.name}: nothing was written for two minutes")


def _sleep_until(instant: datetime) -> None:
    time.sleep(max(0.0, (instant - datetime.now(UTC)).total_seconds()))


def _words(store: Store) -> list[str]:
    """What a rival needs to find the table."""
    said = dict(line.split(" = ", 1) for line in store.definition("ops").splitlines() if " = " in line)
    return [json.loads(value) for key, value in said.items() if key not in ("connector", "plan", "view", "lag")]


def _at_rest(folder: Path, vendor: Vendor) -> Iterator[Comparison]:
    """A thousand rows, one counter; a person lets it fire now and then, and looks when the row says so."""
    rows = [{"Name": f"t{n}", "Action": "noop", "Status": "active", "Metadata": FAR} for n in range(ROWS - 1)]
    rows.append({"Name": "count", "Action": "noop", "Status": "active", "Type": "counter", "Current": 0, "Threshold": 3})
    with _served(folder, vendor, rows) as (store, site):
        spent = _timed(store)
        yield _started(
            vendor, site, spent, f"the first start of all to the read of {ROWS:,} rows, a word to other daemons left before"
        )
        _settled(store, vendor)
        site.stop()
        spent.clear()
        yield _started(vendor, site, spent, f"start to first read of {ROWS:,} rows", Goal(2, 1))
        _settled(store, vendor)
        store.service.journal.clear()
        time.sleep(QUIET_S)
        polls = [e.operation for e in store.service.journal]
        yield Comparison(
            f"{vendor.name}: requests in {QUIET_S} s of quiet polls, 10 s apart: {', '.join(sorted(set(polls)))}",
            "requests",
            {OURS: [float(len(polls))]},
            Goal(QUIET_S / 10 + 1, QUIET_S / 10),
        )
        seen, shown = _edits(store, site)
    yield Comparison(f"{vendor.name}: a person's edit to the start of its run, poll 10 s", "s", {OURS: seen}, Goal(8, 6))
    yield Comparison(f"{vendor.name}: the end of a run to its result in the row", "s", {OURS: shown}, Goal(2, 1))


def _started(vendor: Vendor, site: Site, spent: Sequence[float], what: str, goal: Goal | None = None) -> Comparison:
    """Without what is the vendor's: what it takes for the requests, and how long it has them wait."""
    began = time.time_ns()
    site.start()
    took = (site.wait_for("table.read", after=began)[0].at - began) / 1e9
    waited = (len(spent) - 1) // vendor.a_second if vendor.a_second is not None else 0
    return Comparison(
        f"{vendor.name}: {what}, without its {len(spent)} requests", "s", {OURS: [took - max(sum(spent), waited)]}, goal
    )


def _timed(store: Store) -> list[float]:
    """Seconds that each request from now on takes the vendor: on the way they would take longer."""
    spent: list[float] = []
    answer = store.service.answer

    def timed(request: Request) -> Answer:
        began = time.monotonic()
        try:
            return answer(request)
        finally:
            spent.append(time.monotonic() - began)

    store.service.answer = timed  # type: ignore[method-assign]  # of this one emulator
    return spent


def _settled(store: Store, vendor: Vendor) -> None:
    """Until nothing was written for a while; two minutes at most: some tables never rest."""
    until = time.monotonic() + 120
    before = -1
    while (now := sum(vendor.written(e) > 0 for e in store.service.journal)) != before and time.monotonic() < until:
        before = now
        time.sleep(8)


def _edits(store: Store, site: Site) -> tuple[list[float], list[float]]:
    seen, shown = [], []
    for n in range(EDITS):
        time.sleep(3 + 1.7 * n % 10)  # at another moment between two polls each time
        before = store.rows()["count"].get("Last Run", "")
        typed = time.time_ns()
        store.type("count", "Current", 3)
        started = site.wait_for("run.started", after=typed)[0].at
        ended = site.wait_for("run.ended", after=typed)[0].at
        until = time.monotonic() + 60
        while store.rows()["count"].get("Last Run", "") == before and time.monotonic() < until:
            time.sleep(0.01)
        seen.append((started - typed) / 1e9)
        shown.append(time.time() - ended / 1e9)
    return seen, shown
