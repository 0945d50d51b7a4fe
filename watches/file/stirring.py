"""Tells when watched files may have changed. Where that can't be told, they are looked at now and then all the same."""

from __future__ import annotations

import asyncio
import errno
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import closing, contextmanager

from asyncinotify import Event, Inotify, Mask
from msgspec import Struct, field

from watches.api import Unseen
from watches.file.pattern import Stage
from watches.file.place import Place

MOST = 2_000
"""Folders that are watched; where more can matter, none is."""

_LOOK_AGAIN = 2.0
"""Seconds until it is noticed at the latest that the folder where all begins is another now. Also between watching anew twice."""

_TRY_AGAIN = 60.0
"""Seconds until it is tried again after all folders could not be watched."""

_GATHER = 0.05
"""Seconds: changes that follow each other more quickly are told once."""

_LEFT = Mask.DELETE | Mask.MOVED_FROM
_MOVED = _LEFT | Mask.CREATE | Mask.MOVED_TO
_MASK = _MOVED | Mask.MODIFY | Mask.CLOSE_WRITE | Mask.ATTRIB | Mask.MOVE_SELF | Mask.ONLYDIR  # a folder's own end is always told


class TooMany(Exception):
    """More folders can matter than are watched."""


Rest = Callable[[float], Awaitable[object]]
"""`asyncio.sleep`, or what stands for it in a test."""


async def stirs(place: Place, most: int = MOST, rest: Rest = asyncio.sleep) -> AsyncIterator[None]:
    """Yield each time the files may have changed, until closed, and each time that they are watched anew. Raises nothing.

    Never where they can't be watched, or where more folders than `most` can matter.
    """
    loop = asyncio.get_running_loop()
    while True:
        began = loop.time()
        try:
            with closing(await asyncio.to_thread(Ground, place, most)) as ground:
                yield
                while not ground.shifted and await asyncio.to_thread(_standing, place) == ground.standing:
                    if await _told(ground):
                        yield
            await rest(began + _LOOK_AGAIN - loop.time())
        except (OSError, Unseen, TooMany):
            await rest(_TRY_AGAIN)


async def _told(ground: Ground) -> bool:
    """Wait for changes, gather those that follow at once, and say whether any is about the files. At most _LOOK_AGAIN."""
    loop = asyncio.get_running_loop()
    until = loop.time() + _LOOK_AGAIN
    told = gathering = False
    while (left := until - loop.time()) > 0 and not ground.shifted:
        try:
            async with asyncio.timeout(left):
                event = await ground.inotify.get()
        except TimeoutError:
            break
        told |= ground.concerned(event)
        if (told or ground.in_doubt) and not gathering:
            gathering, until = True, loop.time() + _GATHER
    await asyncio.to_thread(ground.look_at_links)
    return told and not ground.shifted  # told once it is watched anew


class _Spot(Struct, frozen=True):
    """What is of interest in a folder: names that the pattern takes, at these stages, and files that links lead to."""

    folder: str
    stages: set[Stage] = field(default_factory=set)
    names: set[str] = field(default_factory=set)


class Ground:
    """All folders that can matter, watched. Blocks while it is made: not on the event loop. Raises OSError, Unseen, TooMany.

    shifted: whether other folders may matter by now.
    """

    def __init__(self, place: Place, most: int = MOST) -> None:
        self.standing = _standing(place)
        self.shifted = False
        self.inotify = Inotify()
        self._pattern = place.pattern
        self._most = most
        self._spots: dict[int, _Spot] = {}
        self._fresh: set[str] = set()
        try:
            for found in place.files(self._enter):
                if found.linked:
                    folder, _, name = found.real.rpartition("/")
                    self._linked(folder or "/", name)
        except BaseException:  # whatever it is, nobody else would close it
            self.close()
            raise

    def close(self) -> None:
        self.inotify.close()

    def concerned(self, event: Event) -> bool:
        """Whether an event is about the files. Notes what makes other folders matter."""
        spot = None if event.watch is None else self._spots.get(event.watch.wd)
        if spot is None or event.name is None:  # a folder itself, or more events than the kernel could keep
            self.shifted = True
            return True
        name, folder, moved = str(event.name), bool(event.mask & Mask.ISDIR), bool(event.mask & _MOVED)
        ways = [self._pattern.way(stage, name) for stage in spot.stages]
        if folder:
            self.shifted |= any(way.folder for way in ways)
            return self.shifted
        if moved and any(way.linked for way in ways):
            self.shifted |= bool(event.mask & _LEFT)  # it may have been a link to a folder
        if moved and any(way.file or way.linked for way in ways):
            self._fresh.add(f"{spot.folder.rstrip('/')}/{name}")
        return name in spot.names or any(way.file for way in ways)

    @property
    def in_doubt(self) -> bool:
        """Whether a link may have come."""
        return bool(self._fresh)

    def look_at_links(self) -> None:
        """Other folders matter where a link has come. Blocks."""
        fresh, self._fresh = self._fresh, set()
        for path in fresh:
            self.shifted |= os.path.islink(path)  # noqa: PTH114 (a str)

    def _enter(self, folder: str, stage: Stage) -> None:
        with _unless_gone():
            self._spot(folder).stages.add(stage)

    def _linked(self, folder: str, name: str) -> None:
        with _unless_gone():
            self._spot(folder).names.add(name)

    def _spot(self, folder: str) -> _Spot:
        watch = self.inotify.add_watch(folder, _MASK)
        if watch.wd not in self._spots and len(self._spots) == self._most:
            raise TooMany
        return self._spots.setdefault(watch.wd, _Spot(folder))


def _standing(place: Place) -> tuple[str, int, int] | None:
    """Where all begins, and which folder that is. None where it is not there, or can't be told."""
    real = os.path.realpath(place.start)
    try:
        found = os.stat(real)  # noqa: PTH116 (a str)
    except OSError:
        return None
    return real, found.st_dev, found.st_ino


@contextmanager
def _unless_gone() -> Iterator[None]:
    """What went away just now is told by the folder that it was in, which is watched already."""
    try:
        yield
    except OSError as exc:
        if exc.errno not in (errno.ENOENT, errno.ENOTDIR):
            raise
