"""Celery on Redis, results kept in Redis, the worker with two processes, beat beside it.

`acks_late` is set: what a worker dies on comes again, as a durable claim promises.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from celery import Celery
from celery.schedules import crontab

from bench import witness

URL = os.environ["BENCH_REDIS"]

app = Celery("bench", broker=URL, backend=URL)
app.conf.update(task_acks_late=True, worker_prefetch_multiplier=4, broker_connection_retry_on_startup=True)
app.conf.beat_schedule = {
    f"t{n}": {"task": "bench.task", "schedule": crontab(month_of_year=1, day_of_month=1, hour=n % 24, minute=n % 60), "args": (0,)}
    for n in range(int(os.environ.get("BENCH_BEAT", "0")))
}


@app.task(name="bench.task")  # type: ignore[untyped-decorator, unused-ignore]
def task(due: int) -> bool:
    """Seen, and a result worth keeping."""
    witness.saw(due)
    return True


def _command(*words: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "celery", "-A", "bench.rivals.with_celery", *words, "--loglevel", "ERROR"]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def _worker() -> subprocess.Popen[bytes]:
    return _command("worker", "--concurrency", "2", "--without-gossip", "--without-mingle")


def durable(tasks: int) -> float:
    """Seconds to put so many into the queue, and to work them off: from the first begun to the last one's result."""
    began = time.perf_counter()
    asked = [task.delay(0) for _ in range(tasks)]
    spent = time.perf_counter() - began
    worker = _worker()
    try:
        for one in asked:
            one.get(timeout=120)
        ended = time.time_ns()
    finally:
        worker.terminate()
        worker.wait(20)
    first = min(one.began for one in witness.read(Path(os.environ[witness.VARIABLE])))
    return spent + (ended - first) / 1e9


def idle() -> None:
    """Worker and beat, until told to end."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    both = [_worker(), _command("beat", "--schedule", "beat")]
    try:
        task.delay(0).get(timeout=60)  # the worker is up
        print("ready", flush=True)
        signal.pause()
    finally:
        for one in both:
            one.terminate()
        for one in both:
            one.wait(10)


if __name__ == "__main__":
    if sys.argv[1] == "idle":
        idle()
    else:
        print(durable(int(sys.argv[2])))
