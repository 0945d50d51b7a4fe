"""APScheduler 3: a BackgroundScheduler with cron triggers, ten threads as it comes, jobs in memory or in SQLite.

With SQLite its jobs and their next times are on disk, and each is written back when it fires; that a job ran, and how it ended, is
kept by neither. `misfire_grace_time` is raised from one second, or it would leave out what it is late with.
"""

from __future__ import annotations

import signal
import sys

from apscheduler.jobstores.memory import MemoryJobStore
from apscheduler.jobstores.sqlalchemy import SQLAlchemyJobStore
from apscheduler.schedulers.background import BackgroundScheduler

from bench.witness import saw_tick


def _nothing() -> None:
    pass


def main(mode: str, tasks: int, period_s: int, store: str) -> None:
    """mode: `ticks`, so many tasks every so many seconds; or `idle`, so many that come due another day."""
    stores = {"default": MemoryJobStore() if store == "memory" else SQLAlchemyJobStore(url="sqlite:///jobs.sqlite")}
    scheduler = BackgroundScheduler(stores, job_defaults={"misfire_grace_time": 60}, timezone="UTC")
    for n in range(tasks):
        if mode == "ticks":
            scheduler.add_job(saw_tick, "cron", [period_s], id=f"t{n}", second=f"*/{period_s}")
        else:
            scheduler.add_job(_nothing, "cron", id=f"t{n}", month=1, day=1, hour=n % 24, minute=n % 60)
    scheduler.start()
    print("ready", flush=True)
    signal.sigwait({signal.SIGTERM})


if __name__ == "__main__":
    # The class above is found by its name in jobs.sqlite, so this module must not be __main__ to itself.
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    from bench.rivals.with_apscheduler import main as imported

    imported(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4])
