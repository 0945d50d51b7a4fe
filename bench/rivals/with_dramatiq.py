"""Dramatiq on Redis, results kept in Redis.

The worker is its own command as it comes: a process for each core, eight threads in each.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import dramatiq
from dramatiq.brokers.redis import RedisBroker
from dramatiq.results import Results
from dramatiq.results.backends import RedisBackend

from bench import witness

URL = os.environ["BENCH_REDIS"]

dramatiq.set_broker(broker := RedisBroker(url=URL))
# A result is waited for in Redis itself, for longer than its client's own time-out would let us.
broker.add_middleware(Results(backend=RedisBackend(url=f"{URL}?socket_timeout=150")))


@dramatiq.actor(store_results=True)
def task(due: int) -> bool:
    """Seen, and a result worth keeping."""
    witness.saw(due)
    return True


def durable(tasks: int) -> float:
    """Seconds to put so many into the queue, and to work them off: from the first begun to the last one's result."""
    began = time.perf_counter()
    messages = [task.send(0) for _ in range(tasks)]
    spent = time.perf_counter() - began
    command = [sys.executable, "-m", "dramatiq", "bench.rivals.with_dramatiq"]
    worker = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        for message in messages:
            message.get_result(block=True, timeout=120_000)
        ended = time.time_ns()
    finally:
        worker.terminate()
        worker.wait(20)
    first = min(one.began for one in witness.read(Path(os.environ[witness.VARIABLE])))
    return spent + (ended - first) / 1e9


if __name__ == "__main__":
    from bench.rivals import with_dramatiq  # the actor's module must be the one that the worker imports

    print(with_dramatiq.durable(int(sys.argv[2])))
