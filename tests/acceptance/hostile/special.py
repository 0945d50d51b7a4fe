"""What else can stand where a file should: nothing, a folder, a pipe, a device, a link to any of them, a file without an end."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from pathlib import Path

from tests.acceptance.hostile.case import Refused

PATH = r"Give the path of a CSV file in rowd\.toml"


def _link(to: str) -> Callable[[Path], None]:
    return lambda path: path.symlink_to(to)


def _beside(make: Callable[[Path], None]) -> Callable[[Path], None]:
    """A link to what `make` makes."""

    def both(path: Path) -> None:
        other = path.with_suffix(".other")
        make(other)
        path.symlink_to(other.name)

    return both


def _loop(path: Path) -> None:
    other = path.with_suffix(".other")
    other.symlink_to(path.name)
    path.symlink_to(other.name)


def _socket(path: Path) -> None:
    listening = socket.socket(socket.AF_UNIX)
    here = Path.cwd()
    os.chdir(path.parent)  # the address of a socket is short
    try:
        listening.bind(path.name)
    finally:
        os.chdir(here)
        listening.close()


def _sparse(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(1_000_000_000)


SPECIAL = [
    Refused("gone", b"", r"is (gone|not there)", r"Put it (back|there)", lambda _: None),
    Refused("link-to-nothing", b"", r"is (gone|not there)", r"Put it (back|there)", _link("nothing-here")),
    Refused("folder", b"", r"is a folder", PATH, Path.mkdir),
    Refused("link-to-folder", b"", r"is a folder", PATH, _link("/proc")),
    Refused("pipe", b"", r"is a named pipe", PATH, os.mkfifo),
    Refused("link-to-pipe", b"", r"is a named pipe", PATH, _beside(os.mkfifo)),
    Refused("socket", b"", r"is a socket", PATH, _socket),
    Refused("zeros", b"", r"is a device", PATH, _link("/dev/zero")),
    Refused("random", b"", r"is a device", PATH, _link("/dev/urandom")),
    Refused("null", b"", r"is a device", PATH, _link("/dev/null")),
    Refused("link-loop", b"", r"symlink that leads back to itself", r"Mend it", _loop),
    Refused("link-to-itself", b"", r"symlink that leads back to itself", r"Mend it", lambda path: path.symlink_to(path.name)),
    Refused("sparse-1-gb", b"", r"has 1,000,000,000 bytes, more than max_bytes", r"raise max_bytes", _sparse),
]
