"""The emulators that tests and simulations wait for: 1,000 rows read, and small requests, on one core.

Nothing is put beside them: the real services can't be reached, and are far slower. A client that parses nothing asks over a socket
of 127.0.0.1, in a thread of the same process; its work is in the figures. Quotas are off. Every read of 1,000 rows is the first of
a new emulator, so nothing can have been kept for it from another.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from http.client import HTTPConnection
from pathlib import Path

from bench.measure import OURS, ROUNDS, Comparison, Goal
from tests.emulators import airtable, google_sheets, notion
from tests.emulators.core.clock import RealClock
from tests.emulators.core.emulator import Emulator
from tests.emulators.core.exchange import Request
from tests.emulators.core.server import Server
from tests.emulators.notion.samples import source_called

ROWS = 1_000
SMALL = 300
Ask = Callable[[str, str, bytes], bytes]
"""A request of a method, a target and a body, answered 200."""


@dataclass(frozen=True, slots=True)
class Filled:
    """An emulator with a table of a thousand rows.   row: what one of them is told by in an answer.

    first: asks for as many rows as one answer may have.   following: the request for the ones after an answer; None after the last.
    small: asks for little.
    """

    emulator: Emulator
    headers: dict[str, str]
    row: bytes
    first: tuple[str, str, bytes]
    following: Callable[[bytes], tuple[str, str, bytes] | None]
    small: tuple[str, str, bytes]

    def read(self, ask: Ask) -> None:
        rows, wanted = 0, self.first
        while True:
            body = ask(*wanted)
            rows += body.count(self.row)
            if (more := self.following(body)) is None:
                break
            wanted = more
        assert rows == ROWS, f"{rows} rows were read"


def measure(_folder: Path) -> Iterator[Comparison]:
    """Each vendor in turn; the same in-process beside it."""
    with one_core():
        for title, filled in (("Google Sheets", sheets), ("Airtable", records), ("Notion", pages)):
            reads: dict[str, list[float]] = {OURS: [], "without a socket": []}
            small: dict[str, list[float]] = {OURS: [], "without a socket": []}
            for _ in range(ROUNDS):
                for side, way in ((OURS, over_http), ("without a socket", in_process)):
                    fresh = filled()
                    with way(fresh) as ask:
                        ask(*fresh.small)
                        reads[side].append(spent(lambda fresh=fresh, ask=ask: fresh.read(ask)) * 1000)
                        small[side].append(SMALL / spent(lambda fresh=fresh, ask=ask: many(fresh, ask)))
            yield Comparison(
                f"{title}: {ROWS:,} rows read, in as few requests as it allows", "ms", reads, Goal(at_least=30, aim=20)
            )
            yield Comparison(
                f"{title}: small requests, one after the other", "a second", small, Goal(at_least=200, aim=1_000), more=True
            )


def many(filled: Filled, ask: Ask) -> None:
    for _ in range(SMALL):
        ask(*filled.small)


def spent(work: Callable[[], None]) -> float:
    """Seconds."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


@contextmanager
def one_core() -> Iterator[None]:
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(before)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


@contextmanager
def over_http(filled: Filled) -> Iterator[Ask]:
    """One connection, kept open."""
    with Server(filled.emulator) as server:
        connection = HTTPConnection(server.base.removeprefix("http://"))

        def ask(method: str, target: str, body: bytes) -> bytes:
            connection.request(method, target, body=body or None, headers=filled.headers)
            answer = connection.getresponse()
            said = answer.read()
            assert answer.status == 200, said
            return said

        yield ask
        connection.close()


@contextmanager
def in_process(filled: Filled) -> Iterator[Ask]:
    headers = {name.lower(): value for name, value in filled.headers.items()}

    def ask(method: str, target: str, body: bytes) -> bytes:
        answer = filled.emulator.answer(replace(Request.of(method, target, **headers), body=body))
        assert answer.status == 200, answer.body
        return answer.body

    yield ask


def sheets() -> Filled:
    """One request reads it all; the header's row isn't counted: it begins with a text."""
    emulator = google_sheets.make(RealClock())
    emulator.quotas.on = False
    google_sheets.fill(emulator)
    values = next(f"/v4/spreadsheets/{file.id}/values" for file in emulator.files if file.name == "Many tasks")
    headers = {"Authorization": f"Bearer {emulator.accounts.token(google_sheets.OWNER)}"}
    return Filled(emulator, headers, b'"task_', ("GET", f"{values}/Tasks", b""), lambda _: None, ("GET", f"{values}/Tasks!A1", b""))


def records() -> Filled:
    """Ten requests for 100 records each: that many Airtable gives at once."""
    emulator = airtable.make(RealClock())
    emulator.quotas.on = False
    airtable.fill(emulator)
    table = f"/v0/{airtable.SAMPLE_BASE}/{airtable.THOUSAND}"
    found = emulator.bases[airtable.SAMPLE_BASE].table(airtable.THOUSAND)
    assert found is not None
    headers = {"Authorization": f"Bearer {airtable.TOKEN}"}

    def following(body: bytes) -> tuple[str, str, bytes] | None:
        offset = re.search(rb'"offset":"([^"]+)"', body[-200:])
        return None if offset is None else ("GET", f"{table}?offset={offset[1].decode()}", b"")

    small = ("GET", f"{table}/{next(iter(found.records))}", b"")
    return Filled(emulator, headers, b'"createdTime"', ("GET", table, b""), following, small)


def pages() -> Filled:
    """Ten requests for 100 pages each: that many Notion gives at once."""
    emulator = notion.make(RealClock())
    emulator.limits.budget = None
    notion.fill(emulator)
    query = f"/v1/data_sources/{source_called(emulator, 'Many tasks').id}/query"
    headers = {"Authorization": "Bearer ntn_emulated", "Notion-Version": "2025-09-03", "Content-Type": "application/json"}

    def following(body: bytes) -> tuple[str, str, bytes] | None:
        cursor = re.search(rb'"next_cursor":("[^"]+")', body[-400:])
        return None if cursor is None else ("POST", query, b'{"start_cursor":' + cursor[1] + b"}")

    return Filled(emulator, headers, b'"object":"page"', ("POST", query, b"{}"), following, ("GET", "/v1/users/me", b""))
