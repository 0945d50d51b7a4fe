"""Faults of the machine, made for real: a small disk that fills up or turns read-only, and limits put on a process that runs."""

from __future__ import annotations

import os
import resource
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest


def _mounts() -> bool:
    """Whether we may mount disks here: root may, except in most containers."""
    with tempfile.TemporaryDirectory() as place, suppress(OSError, subprocess.CalledProcessError), disk(Path(place) / "disk"):
        return True
    return False


class Disk:
    """A file system of its own, of some megabytes."""

    def __init__(self, image: Path, place: Path) -> None:
        self.place = place
        self._image = image
        self._filler = place / "filler"

    def fill(self) -> None:
        """Take all the room that there is, to the last byte."""
        with self._filler.open("ab", buffering=0) as filler, suppress(OSError):
            while True:
                filler.write(bytes(4096))
        os.sync()  # blocks that were promised to other files are theirs now

    def free(self) -> None:
        self._filler.unlink()

    def fail(self) -> None:
        """What the kernel does after an I/O error: from now on it is read-only, also for files that are open."""
        _done("mount", "-o", "remount,abort", str(self.place))

    def mount(self) -> None:
        _done("mount", "-o", "loop", str(self._image), str(self.place))
        self.place.chmod(0o700)

    def repair(self) -> None:
        """As somebody does who is called at night: unmounted, checked, mounted. Nobody may have a file open there."""
        _done("umount", str(self.place))
        subprocess.run(["e2fsck", "-p", str(self._image)], check=False, capture_output=True)  # 1: it was mended
        self.mount()


@contextmanager
def disk(place: Path) -> Iterator[Disk]:
    """A small one at `place`, gone at the end with all that is on it."""
    image = place.with_name(f"{place.name}.image")
    with image.open("wb") as blank:
        blank.truncate(8 << 20)
    _done("mkfs.ext4", "-q", "-m", "0", str(image))
    place.mkdir()
    made = Disk(image, place)
    made.mount()
    try:
        yield made
    finally:
        _done("umount", "--lazy", str(place))


def _done(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True)


@contextmanager
def limited(pid: int, what: int, to: int) -> Iterator[None]:
    """A process that runs has no more of this than so much, for a while.   what: resource.RLIMIT_…"""
    before = resource.prlimit(pid, what)
    resource.prlimit(pid, what, (to, before[1]))
    try:
        yield
    finally:
        with suppress(ProcessLookupError):
            resource.prlimit(pid, what, before)


needs_disks = pytest.mark.skipif(os.geteuid() != 0 or not _mounts(), reason="only root can mount a disk")
