"""The floor: a heap of due times on a bare asyncio loop; with `durable`, everything due is claimed in one synced commit first.

Nothing is read, decided, watched, retried, shown or survived. What more a scheduler takes than this is what it does besides.
"""

from __future__ import annotations

import asyncio
import heapq
import sqlite3
import sys
import time

from bench.witness import saw


async def _task(due: int) -> None:
    saw(due)


async def _ticks(tasks: int, period_s: int, durable: bool) -> None:
    base = sqlite3.connect("floor.sqlite", isolation_level=None)
    base.executescript("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; CREATE TABLE claims (due INTEGER, task INTEGER);")
    first = (int(time.time()) // period_s + 1) * period_s
    heap = [(first, n) for n in range(tasks)]
    print("ready", flush=True)
    running: set[asyncio.Task[None]] = set()
    while True:
        await asyncio.sleep(heap[0][0] - time.time())
        now, due = time.time(), []
        while heap[0][0] <= now:
            at, n = heap[0]
            due.append((at, n))
            heapq.heapreplace(heap, (at + period_s, n))
        if durable and due:
            base.execute("BEGIN")
            base.executemany("INSERT INTO claims VALUES (?, ?)", due)
            base.execute("COMMIT")
        running = {asyncio.create_task(_task(at * 10**9)) for at, _ in due} | {task for task in running if not task.done()}


if __name__ == "__main__":
    asyncio.run(_ticks(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3:] == ["durable"]))
