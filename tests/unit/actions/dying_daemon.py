"""A daemon that makes one attempt and is killed under way: `python dying_daemon.py FOLDER MOMENT SETTINGS`.

MOMENT: `before` the release, or just `after` it. It prints the pid and the start time of the process first.
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


async def main(folder: Path, moment: str, settings: dict[str, object]) -> None:
    async def launched(process: Process) -> None:
        print(process.pid, process.started, flush=True)
        if moment == "before":
            die()
        asyncio.get_running_loop().call_soon(die)  # the action releases it first

    await action(folder.parent, "command", **settings).run(request(), Lent(folder, on_launched=launched))


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2], json.loads(sys.argv[3])))
