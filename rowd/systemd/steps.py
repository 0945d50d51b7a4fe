"""What is to be done on this machine, as values: each step says what it does, and can be done again. Files are exchanged whole."""

from __future__ import annotations

import os
import stat
import subprocess
from collections.abc import Callable
from pathlib import Path

from msgspec import Struct, field

from rowd.systemd.accounts import Account
from rowd.systemd.control import Failed
from rowd.systemd.unit import MARK


class Step(Struct, frozen=True):
    """says: a clause.   do: raises Failed, OSError."""

    says: str
    do: Callable[[], None]


class Finding(Struct, frozen=True):
    """What was looked at.   says: how it stands; where that keeps rowd from being a service (not good), with the remedy."""

    what: str
    says: str
    good: bool = True


class Plan(Struct):
    """found: looked at before anything is done; where one is not good, nothing is.

    by_hand: what a person must do, with the command.   hints: what a person may want to do.
    stays: what is left as it is, and could be taken for a part of it.
    """

    found: list[Finding] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)
    by_hand: list[str] = field(default_factory=list)
    hints: list[str] = field(default_factory=list)
    stays: list[str] = field(default_factory=list)

    @property
    def obstructed(self) -> bool:
        """Whether something keeps all of it from being done."""
        return any(not one.good for one in self.found)


def ours(file: Path) -> bool:
    """Whether we wrote it. What we may not read isn't ours: everybody may read what we write."""
    try:
        return (
            not file.is_symlink() and file.is_file() and file.read_text(encoding="utf-8", errors="replace").startswith(f"{MARK}\n")
        )
    except PermissionError:
        return False


def holds(file: Path, text: str) -> bool:
    """Whether it is ours, with this text."""
    return ours(file) and file.read_text(encoding="utf-8", errors="replace") == text


def written(file: Path, text: str) -> Step:
    """The file with this text, for everybody to read; its folder is made where it isn't there."""

    def do() -> None:
        file.parent.mkdir(parents=True, exist_ok=True)
        draft = file.with_name(f".{file.name}.part")  # no name that a service manager reads
        draft.unlink(missing_ok=True)
        with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as stream:  # noqa: PTH123 (Path.open sets no mode)
            stream.write(text.encode())
            stream.flush()
            os.fchmod(stream.fileno(), 0o644)
            os.fsync(stream.fileno())
        draft.replace(file)

    return Step(f"{'change' if file.exists() else 'write'} {file}", do)


def removed(file: Path) -> Step:
    """The file gone."""
    return Step(f"remove {file}", lambda: file.unlink(missing_ok=True))


def folder_removed(folder: Path) -> Step:
    """The folder gone, unless somebody has put something into it."""

    def do() -> None:
        if folder.is_dir() and not any(folder.iterdir()):
            folder.rmdir()

    return Step(f"remove {folder}, which is empty", do)


def ran(says: str, *argv: str) -> Step:
    """A program run. Its arguments hold no secrets."""

    def do() -> None:
        try:
            done = subprocess.run(argv, capture_output=True, text=True, errors="replace", timeout=60, check=False)
        except (OSError, subprocess.TimeoutExpired) as exc:
            raise Failed(f"{argv[0]} failed: {exc}") from exc
        if done.returncode != 0:
            raise Failed(f"{argv[0]} failed: {' '.join(done.stderr.split()) or done.returncode}")

    return Step(says, do)


def kept_private(file: Path, name: str, account: Callable[[], Account]) -> Step:
    """The file the account's own, and nobody else's to read. No link is followed, no file touched that has another name besides.

    account: asked for when it is done, since a step before may have made it.
    """

    def do() -> None:
        owner = account()
        descriptor = os.open(file, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            found = os.fstat(descriptor)
            if not stat.S_ISREG(found.st_mode) or found.st_nlink > 1:
                raise Failed(f"{file} was exchanged meanwhile; look at it, then repeat this")
            os.fchmod(descriptor, 0o600)
            os.fchown(descriptor, owner.uid, owner.gid)
        finally:
            os.close(descriptor)

    return Step(f"give {file} to {name}, for nobody else to read", do)


def folder_made(folder: Path, name: str, account: Callable[[], Account]) -> Step:
    """A folder of the account's own, where there was nothing."""

    def do() -> None:
        owner = account()
        folder.mkdir(mode=0o700)
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
        try:
            if os.fstat(descriptor).st_uid != os.geteuid():
                raise Failed(f"{folder} was exchanged meanwhile; look at it, then repeat this")
            os.fchown(descriptor, owner.uid, owner.gid)
        finally:
            os.close(descriptor)

    return Step(f"make {folder}, for {name} alone", do)
