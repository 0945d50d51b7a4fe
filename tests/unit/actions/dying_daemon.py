"""A daemon that makes one attempt and is killed under way: `python dying_daemon.py FOLDER MOMENT`, settings on standard input.

MOMENT: `before` it begins anything; just `after` its order is sent; or `unread`: after it, with a warden that was stopped before,
so that the order is sent and not read. It prints the pid of its warden first.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from pathlib import Path

from actions.command import wards
from tests.unit.actions.attempts import Lent, action, request


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def stop(pid: int) -> None:
    """Stop it, and see it stopped: once it has begun to be what it will be."""
    while b"warden.py" not in Path(f"/proc/{pid}/cmdline").read_bytes():
        pass
    os.kill(pid, signal.SIGSTOP)
    while Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "T":
        pass


async def main(folder: Path, moment: str, settings: dict[str, object]) -> None:
    pid = wards.current().pid
    print(pid, flush=True)
    if moment == "before":
        die()
    if moment == "unread":
        stop(pid)
    made = action(folder.parent, "command", **settings)
    running = asyncio.ensure_future(made.run(request(), Lent(folder)))
    await asyncio.sleep(0)  # it sends its order
    die()
    await running


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2], json.load(sys.stdin)))
