"""Symlinks on the way to a table: which are followed, and how a place is used so that none put there meanwhile is.

Who may write the folder of a table could otherwise have a rowd that may do more (root, say) read or write a file that they may not.
"""

from __future__ import annotations

import errno
import os
import pwd
import stat
from pathlib import Path

MOST = 40
"""Links on one way, as the kernel has it (path_resolution(7))."""


class Loop(Exception):
    """The links lead back to themselves."""


class Foreign(Exception):
    """A link that is not to be followed. link: which, and whose.   target: what it leads to, and whose."""

    def __init__(self, link: str, owner: int, target: Path, its_owner: int) -> None:
        super().__init__(link, owner, target, its_owner)
        self.link, self.owner, self.target, self.its_owner = Path(link), owner, target, its_owner


def followed(path: Path) -> Path:
    """Where the path leads, without links. What is missing there is no error, as with `Path.resolve`.

    A link is followed where it is ours, root's, or belongs to whom the file at the end belongs. Raises Foreign, Loop.
    """
    here, links = "/", []
    ahead = list(reversed(path.absolute().parts[1:]))
    while ahead:
        part = ahead.pop()
        if part == "..":
            here = os.path.dirname(here)  # noqa: PTH120 (there are no links in it)
            continue
        step = os.path.join(here, part)  # noqa: PTH118 (a Path would normalise it)
        try:
            found = os.lstat(step)
            leads = os.readlink(step) if stat.S_ISLNK(found.st_mode) else None  # noqa: PTH115 (as above)
        except OSError:  # missing, or not to be seen: whoever opens it is told
            leads = None
        if leads is None:
            here = step
            continue
        links.append((step, found.st_uid))
        if len(links) > MOST:
            raise Loop(str(path))
        parts = [part for part in leads.split("/") if part not in ("", ".")]
        ahead += reversed(parts)
        here = "/" if leads.startswith("/") else here
    target = Path(here)
    _check(links, target)
    return target


def _check(links: list[tuple[str, int]], target: Path) -> None:
    strange = [(link, owner) for link, owner in links if owner not in (0, os.geteuid())]
    if not strange:
        return
    try:
        its_owner = target.lstat().st_uid
    except OSError:  # nothing there that could be read
        return
    for link, owner in strange:
        if owner != its_owner:
            raise Foreign(link, owner, target, its_owner)


def anchored(folder: Path) -> int:
    """A descriptor (O_PATH) of a folder, reached without following any link.   folder: as `followed` answered it.

    Raises OSError; ELOOP where a link stands on the way by now.
    """
    flags = os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
    descriptor = os.open("/", flags)
    for part in folder.parts[1:]:
        above = descriptor
        try:
            descriptor = os.open(part, flags, dir_fd=above)
        except NotADirectoryError:
            if stat.S_ISLNK(os.stat(part, dir_fd=above, follow_symlinks=False).st_mode):
                raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), str(folder)) from None
            raise
        except OSError as exc:
            exc.filename = str(folder)
            raise
        finally:
            os.close(above)
    return descriptor


def through(descriptor: int, otherwise: Path) -> Path:
    """A path to the folder of this descriptor that leads there whatever becomes of its name.

    otherwise: its name, for a system without /proc.
    """
    path = Path(f"/proc/self/fd/{descriptor}")
    return path if path.exists() else otherwise


def fresh(path: Path, mode: int = 0o600) -> int:
    """A descriptor (read, write) of a new, empty file in the place of what stands there. Raises OSError."""
    path.unlink(missing_ok=True)
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, mode)


def held(path: Path) -> bytes:
    """What a regular file holds; no link is followed. Raises OSError."""
    with os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise OSError(errno.EINVAL, "no regular file", str(path))
        return file.read()


def user(uid: int) -> str:
    """As a person knows them: by number where there is no name."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"number {uid}"
