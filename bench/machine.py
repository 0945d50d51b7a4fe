"""What the figures were measured on, and with which versions."""

from __future__ import annotations

import os
import platform
import shutil
import sqlite3
import subprocess
import tempfile
import time
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

RIVALS = ("APScheduler", "huey", "celery", "dramatiq", "croniter", "cronsim")


def machine() -> dict[str, str]:
    """A line for each."""
    redis = shutil.which("redis-server")
    said = subprocess.run([redis, "--version"], capture_output=True, text=True, check=True).stdout.split() if redis else []
    return {
        "at": f"{datetime.now(UTC):%Y-%m-%d %H:%M}Z",
        "cores": str(len(os.sched_getaffinity(0))),
        "load": f"{os.getloadavg()[0]:.1f} in the last minute, before we began",
        "kernel": platform.release(),
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
        "one synced write": f"{synced():.2f} ms",
        "redis": next((word.removeprefix("v=") for word in said if word.startswith("v=")), "none"),
        **{name: _version(name) for name in RIVALS},
    }


def synced(times: int = 50) -> float:
    """Milliseconds that one small write and its fdatasync take on this disk: what nothing durable can be faster than, alone."""
    with tempfile.TemporaryDirectory() as folder:
        file = os.open(Path(folder) / "probe", os.O_WRONLY | os.O_CREAT)
        began = time.perf_counter()
        for _ in range(times):
            os.write(file, b"x" * 4096)
            os.fdatasync(file)
        spent = time.perf_counter() - began
        os.close(file)
    return spent / times * 1000


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "none"
