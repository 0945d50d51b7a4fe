"""What a look at files has found, as the text that is kept until the next one."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping

import msgspec
from msgspec import Struct

VERSION = 1


class Entry(Struct, frozen=True, array_like=True):
    """One file. Times are nanoseconds since 1970.

    digest: None for a file that was too large to be read.
    unsettled: since when it has looked like this, where it must be read again though it looks the same; 0 where it needn't.
    """

    size: int
    modified: int
    changed: int
    inode: int
    digest: str | None = None
    unsettled: int = 0

    @property
    def stamp(self) -> tuple[int, int, int, int]:
        """What is another one, as a rule, once a file has been written."""
        return self.size, self.modified, self.changed, self.inode

    def differs(self, other: Entry) -> bool:
        """Whether the content is another, as far as is known: by its digest, else by size and time of change."""
        if self.digest is None or other.digest is None:
            return (self.size, self.modified) != (other.size, other.modified)
        return self.digest != other.digest


class State(Struct, frozen=True):
    """All that is known. of: which definition it was found by.   device: the file system of the folder; 0 without one.

    files: by their paths from the folder that the pattern starts in.
    """

    version: int
    of: str
    device: int
    files: Mapping[str, Entry]

    def text(self) -> str:
        """The state to keep: ASCII, the same text for the same state. Bytes that are no text outlive it."""
        files = {path: list(msgspec.structs.astuple(entry)) for path, entry in sorted(self.files.items())}
        raw = {"version": self.version, "of": self.of, "device": self.device, "files": files}
        return json.dumps(raw, separators=(",", ":"))


def entry_of(stat: os.stat_result, digest: str | None = None, unsettled: int = 0) -> Entry:
    """What is known of a file that was found like this."""
    return Entry(stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns, stat.st_ino, digest, unsettled)


def understood(text: str | None, of: str) -> State | None:
    """A kept state; None for one of another version or definition, or one that can't be read: then it is first sight."""
    if text is None:
        return None
    try:
        state = msgspec.convert(json.loads(text), State)
    except (ValueError, RecursionError):  # msgspec's own errors are ValueErrors
        return None
    return state if state.version == VERSION and state.of == of else None
