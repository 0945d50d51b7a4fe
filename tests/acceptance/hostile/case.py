"""What a hostile file is: its bytes, what must be said of it, and what of it may change. Says nothing of how that is tried."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

HEADER = b"ID,Name,Action,Schedule,Status,Metadata,Last Status\n"
GOOD = b"g,good,work,now,active,,"
"""A row that runs, whatever stands around it …"""

DONE = b"g,good,work,now,completed,,succeeded"
"""… and what it is afterwards: the only bytes of a file that may be others then."""

DRAFT = "Type and Schedule are blank"
"""What is said of a row that somebody began. It is no defect, so the daemon doesn't log it."""

WHOLE = HEADER + GOOD + b"\n"


@dataclass(frozen=True, slots=True)
class Refused:
    """A file that is no table.

    said: a regex for what is wrong.   remedy: one for what to do.   make: puts into the path what can't be written as bytes.
    """

    name: str
    content: bytes
    said: str
    remedy: str
    make: Callable[[Path], None] | None = None

    @property
    def held(self) -> bool:
        """Whether it is a CSV whose headers can't be told: the daemon can read it, and holds it."""
        return any(word in self.said for word in ("no column", "is empty", "no header line", "twice"))

    def put(self, path: Path) -> None:
        """Let the hostile thing stand at `path`, where nothing stands."""
        if self.make is not None:
            self.make(path)
        else:
            path.write_bytes(self.content)


@dataclass(frozen=True, slots=True)
class Odd:
    """A table of which every row that makes sense runs.

    runs: what stands there before → what must stand there in its place afterwards; every other byte is kept.
    said: a regex for what is said of the rows that make none, in any order; empty where every row makes sense.
    """

    name: str
    content: bytes
    said: tuple[str, ...] = ()
    runs: tuple[tuple[bytes, bytes], ...] = ((GOOD, DONE),)

    def after(self) -> bytes:
        """The file once everything has run."""
        content = self.content
        for before, then in self.runs:
            assert content.count(before) == 1, f"{self.name}: {before!r} must stand there once"
            content = content.replace(before, then)
        return content


def table(*rows: str | bytes, header: bytes = HEADER, end: bytes = b"\n") -> bytes:
    """A table of these rows below the header, each ended."""
    lines = [row.encode() if isinstance(row, str) else row for row in rows]
    return header + b"".join(line + end for line in lines)
