"""A daemon that makes one attempt and is killed under way: `python dying_daemon.py FOLDER MOMENT`, settings on standard input.

MOMENT: `before` the release, or just `after` it; or `unread`: after it, with a warden that was stopped before, so that the order is
sent and not read. It prints what it made known as the process first.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from pathlib import Path

from actions.api import Process
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
    async def launched(process: Process) -> None:
        print(process.pid, process.started, flush=True)
        if moment == "before":
            die()
        if moment == "unread":
            stop(process.pid)
        asyncio.get_running_loop().call_soon(die)  # the action releases it first

    await action(folder.parent, "command", **settings).run(request(), Lent(folder, on_launched=launched))


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2], json.load(sys.stdin)))
