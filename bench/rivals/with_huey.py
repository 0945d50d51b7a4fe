"""Huey on SQLite, its consumer with four threads in one process, results kept.

As it comes, each of its commits is synced; `nosync` leaves that out. Its clock ticks once a second, which its documentation says.
"""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
import time
from datetime import UTC, datetime

from huey import SqliteHuey, crontab

from bench.witness import saw

huey = SqliteHuey(filename="huey.sqlite", utc=True, fsync=False if os.environ.get("BENCH_HUEY") == "nosync" else None)
logging.getLogger("huey").setLevel(logging.ERROR)
_done = threading.Semaphore(0)


@huey.task()  # type: ignore[untyped-decorator, unused-ignore]
def task(due: int) -> bool:
    """Seen, and a result worth keeping."""
    saw(due)
    _done.release()
    return True


def ticks(tasks: int, period_s: int) -> None:
    """So many at once, every so many seconds, each scheduled by its instant."""
    consumer = huey.create_consumer(workers=4, worker_type="thread", scheduler_interval=1)
    consumer.start()
    _end_at_once()
    due = (int(time.time()) // period_s + 1) * period_s
    print("ready", flush=True)
    while True:
        for _ in range(tasks):
            task.schedule(args=(due * 10**9,), eta=datetime.fromtimestamp(due, UTC).replace(tzinfo=None))
        for _ in range(tasks):
            _done.acquire()
        due = (int(time.time()) // period_s + 1) * period_s


def durable(tasks: int) -> None:
    """Put so many into the queue, then work them off; both take their time, one after the other."""
    began = time.perf_counter()
    for _ in range(tasks):
        task(0)
    spent = time.perf_counter() - began
    began = time.perf_counter()
    consumer = huey.create_consumer(workers=4, worker_type="thread", periodic=False)
    consumer.start()
    for _ in range(tasks):
        _done.acquire()
    spent += time.perf_counter() - began
    print(spent, flush=True)
    os._exit(0)


def idle(tasks: int) -> None:
    """So many periodic tasks, none of which comes due today."""
    for n in range(tasks):
        huey.periodic_task(crontab(month="1", day="1", hour=str(n % 24), minute=str(n % 60)), name=f"t{n}")(lambda: None)
    consumer = huey.create_consumer(workers=4, worker_type="thread")
    consumer.start()
    _end_at_once()
    print("ready", flush=True)
    signal.pause()


def _end_at_once() -> None:
    """Its own handler only asks the consumer's main loop, which we don't run."""
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))


if __name__ == "__main__":
    {"ticks": ticks, "durable": durable, "idle": idle}[sys.argv[1]](*map(int, sys.argv[2:]))
