"""Imports rowd once, then forks a process for each command asked for: `python -m tests.prove.forks`, one JSON object a line.

Asked {number, argv, cwd, out, err, more}, it answers {number, pid}, and later {number, status}.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import selectors
import signal
import sys
from typing import Any, NoReturn

IMPORTED = (
    "rowd.__main__",
    "rowd.cli.run",
    "rowd.cli.once",
    "rowd.cli.history",
    "rowd.cli.tick",
    "rowd.cli.run_now",
    "rowd.cli.copy",
    "rowd.cli.sync",
    "connectors.local",
    "actions.command",
    "actions.http",
    "actions.simulate",
    "asyncinotify",
    *("gspread.http_client", "google.oauth2.service_account", "pyairtable", "notion_client"),
    *("anyio._backends._asyncio", "anyio.streams.tls", "anyio.to_thread", "croniter", "dotenv.main", "pydantic.type_adapter"),
)
"""Whatever `rowd run` would import, also what others import late."""


def child(asked: dict[str, Any]) -> NoReturn:
    """What `rowd ARGV` would be by now. Never returns."""
    status = 1
    try:
        os.setsid()
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        for number, path, how in ((0, os.devnull, os.O_RDONLY), (1, asked["out"], os.O_WRONLY), (2, asked["err"], os.O_WRONLY)):
            opened = os.open(path, how | (os.O_CREAT | os.O_APPEND if number else 0), 0o600)
            os.dup2(opened, number)
            os.close(opened)
        os.closerange(3, 100)
        os.chdir(asked["cwd"])
        os.environ.update(asked["more"])
        sys.argv = ["rowd", *asked["argv"]]
        importlib.import_module("rowd.__main__").main()
        status = 0
    except SystemExit as exc:
        status = exc.code if isinstance(exc.code, int) else 0 if exc.code is None else 1
    except BaseException:
        sys.excepthook(*sys.exc_info())
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


def main() -> None:
    for name in IMPORTED:
        importlib.import_module(name)
    gc.freeze()
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    signal.set_wakeup_fd(writing)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    numbers: dict[int, int] = {}
    selector = selectors.DefaultSelector()
    selector.register(reading, selectors.EVENT_READ)
    selector.register(0, selectors.EVENT_READ)
    rest = b""
    while True:
        for key, _ in selector.select():
            if key.fd == reading:
                os.read(reading, 4096)
                reap(numbers)
                continue
            read = os.read(0, 65536)
            if not read:
                return
            *lines, rest = (rest + read).split(b"\n")
            for line in lines:
                asked = json.loads(line)
                pid = os.fork()
                if pid == 0:
                    child(asked)
                numbers[pid] = asked["number"]
                say({"number": asked["number"], "pid": pid})


def reap(numbers: dict[int, int]) -> None:
    while numbers:
        pid, status = os.waitpid(-1, os.WNOHANG)
        if pid == 0:
            return
        say({"number": numbers.pop(pid), "status": os.waitstatus_to_exitcode(status)})


def say(told: dict[str, int]) -> None:
    os.write(1, json.dumps(told).encode() + b"\n")


if __name__ == "__main__":
    main()
