"""Watched files made ready to be looked at: a look reads what may have changed since the last one, and says what did."""

from __future__ import annotations

import json
import os
import time
from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path

from msgspec.structs import replace

from watches.api import LONGEST_STATE, Look, Unseen
from watches.file.content import Read, content
from watches.file.difference import difference, happening
from watches.file.names import quoted
from watches.file.place import Found, Place, gone, unreadable
from watches.file.settings import FileSettings
from watches.file.state import VERSION, Entry, State, entry_of, understood
from watches.file.stirring import stirs

_RACY = 2 * 10**9
"""Nanoseconds: the coarsest times that file systems keep (FAT). Two writes within this may leave a file that looks the same."""


class FileWatch:
    """`kind = "file"`.   now: nanoseconds since 1970.   read: reads from a file."""

    def __init__(self, settings: FileSettings, base: Path, now: Callable[[], int] = time.time_ns, read: Read = os.read) -> None:
        self._settings = settings
        self._place = Place(settings, base)
        self._now = now
        self._read = read
        self._of = json.dumps([settings.path, settings.root, settings.ignore], separators=(",", ":"))

    def within_root(self) -> None:
        """Raises ValueError where no file that is meant can be in the root, as both are written."""
        start, root = (Path(os.path.normpath(folder)) for folder in (self._place.start, self._place.root))
        if self._settings.root is not None and not start.is_relative_to(root):
            raise ValueError(f"its path leads to {quoted(self._place.start)}, which is not in its root {quoted(self._place.root)}")

    def look(self, before: str | None) -> Look:
        """See watches.api. Files whose size, times and inode are those of the last look are not read again."""
        last = understood(before, self._of)
        known = {} if last is None else last.files
        bounds = self._place.bounds()
        if bounds is None and known:
            raise Unseen(f"{quoted(self._place.root)} is not there, and {_files(len(known))} in it; mount it, or mend root")
        entries = {} if bounds is None else self._entries(bounds, known)
        device = self._device(bounds)
        if not entries:
            if (trouble := self._place.misnamed()) is not None:
                raise trouble
            if last is not None and known and device and device != last.device:
                raise Unseen(
                    f"{quoted(self._place.start)} is on another file system than before, and {_files(len(known))} in it;"
                    " mount the one that it was on, or put a file there"
                )
        state = State(VERSION, self._of, device, entries).text()
        if len(state) > LONGEST_STATE:
            raise Unseen(f"what is known of {len(entries):,} files is too long to be kept; make path narrower")
        told = None if last is None else happening(difference(known, entries), self._place.start)
        return Look(state, () if told is None else (told,))

    def stirs(self) -> AsyncIterator[None]:
        """See watches.api."""
        return stirs(self._place)

    def _device(self, bounds: str | None) -> int:
        """The file system that files would be on; 0 where the folder isn't there."""
        if bounds is None or self._place.begin(bounds) is None:
            return 0
        try:
            return os.stat(self._place.start).st_dev  # noqa: PTH116 (a str)
        except OSError as exc:
            if gone(exc):
                return 0
            raise unreadable(self._place.start, exc, below=False) from None

    def _entries(self, bounds: str, known: Mapping[str, Entry]) -> dict[str, Entry]:
        """What is known of the files now. Raises Unseen."""
        entries: dict[str, Entry] = {}
        for count, found in enumerate(self._place.files(), 1):
            if count > self._settings.max_files:
                raise Unseen(f"more than {self._settings.max_files:,} files are there; make path narrower, or raise max_files")
            try:
                entry = self._entry(found, bounds, known.get(found.path))
            except OSError as exc:
                if gone(exc):
                    continue
                raise unreadable(found.real, exc, below=not self._place.pattern.single) from None
            if entry is not None:
                entries[found.path] = entry
        return entries

    def _entry(self, found: Found, bounds: str, known: Entry | None) -> Entry | None:
        """What is known of one file now; None where it is none any more. Raises OSError."""
        if known is not None and not known.unsettled:
            now = entry_of(os.lstat(found.real))
            if now.stamp == known.stamp and (known.digest is not None) == (known.size <= self._settings.max_bytes):
                return known
        began = self._now()
        got = content(found.real, bounds, self._settings.max_bytes, self._read)
        if got is None:
            return None
        entry = entry_of(got.stat, got.digest)
        since = began
        if known is not None and known.unsettled and known.stamp == entry.stamp:
            since = min(known.unsettled, began)
        # Another write would leave other times by now: these are old, or it has looked like this for long enough by our own clock.
        settled = max(entry.modified, entry.changed) + _RACY < began or since + _RACY < began
        return replace(entry, unsettled=0 if got.whole and settled else since)


def make(name: str, settings: FileSettings, base: Path, lent: Mapping[str, str]) -> FileWatch:  # noqa: ARG001 (a Kind's signature)
    """The watch of a definition. Raises ValueError where its root doesn't hold its path."""
    watch = FileWatch(settings, base)
    watch.within_root()
    return watch


def _files(count: int) -> str:
    return "neither is the file that was" if count == 1 else f"neither are the {count:,} files that were"
