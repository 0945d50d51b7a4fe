"""The floor of commands: `subprocess.run` in four threads, output captured, own session, time-out. Nothing is kept of them."""

from __future__ import annotations

import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor


def _one(_: int) -> None:
    subprocess.run(["/bin/true"], capture_output=True, start_new_session=True, timeout=300, check=True)


if __name__ == "__main__":
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(_one, range(20)))  # warm
        began = time.perf_counter()
        list(pool.map(_one, range(int(sys.argv[1]))))
        print(time.perf_counter() - began)
