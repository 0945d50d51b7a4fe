"""A Redis of our own for the rivals that need one: on a free port of the loopback, in a folder of ours, ended with the block."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class NoRedis(Exception):
    """There is no redis-server on this machine."""


@contextmanager
def redis(folder: Path, fsync: str) -> Iterator[str]:
    """Its URL. fsync: `always` (an answer means it is on disk) or `everysec` (what most run: a crash costs a second).

    Raises NoRedis.
    """
    program = shutil.which("redis-server")
    if program is None:
        raise NoRedis("no redis-server here")
    port = _free_port()
    folder.mkdir(parents=True)
    settings = ["--bind", "127.0.0.1", "--port", str(port), "--dir", str(folder), "--save", "", "--appendonly", "yes"]
    server = subprocess.Popen([program, *settings, "--appendfsync", fsync], stdout=subprocess.DEVNULL)
    try:
        _answering(port)
        yield f"redis://127.0.0.1:{port}/0"
    finally:
        server.terminate()
        server.wait(10)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _answering(port: int) -> None:
    until = time.monotonic() + 10
    while True:
        try:
            with socket.create_connection(("127.0.0.1", port), 1):
                return
        except ConnectionRefusedError:
            if time.monotonic() > until:
                raise
            time.sleep(0.02)
