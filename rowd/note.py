"""What a daemon says of itself in the state folder: what it last read of rowd.toml, and that it is stopping.

Commands compare it with the file as it is now. One pass leaves it at its end: what it served is known then, whatever becomes of
rowd.toml.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime
from pathlib import Path

import msgspec
from msgspec import Struct

from actions.api import Process

NAME = "daemon.json"


class Note(Struct, frozen=True):
    """One daemon's.

    process: its own.   version: of the files that it works by, as `Config.version`; read_at: when it read them.
    tables: that it serves.   restart: tables that were moved or renamed, which only a restart can take over.
    refused: why a later reading doesn't count, "" where there was none; refused_at: when that was.
    stopping_at: since when it starts nothing more; None while it does.
    listens: where it listens for deliveries, "" for nowhere; deaf: why it can't where it should.
    shows: where it tells over HTTP how it is, "" for nowhere; unshown: why it can't where it should.
    pinged: who took its last ping, "" for nobody; unpinged: why that was not taken.
    """

    process: Process
    version: str
    read_at: datetime
    tables: tuple[str, ...]
    restart: tuple[str, ...] = ()
    refused: str = ""
    refused_at: datetime | None = None
    stopping_at: datetime | None = None
    listens: str = ""
    deaf: str = ""
    shows: str = ""
    unshown: str = ""
    pinged: str = ""
    unpinged: str = ""


def leave(state: Path, note: Note) -> None:
    """Put it in the place of the last one. A note that can't be written is none: nothing depends on it."""
    draft = state / f".{NAME}"
    with suppress(OSError):
        draft.touch(mode=0o600)
        draft.write_bytes(msgspec.json.encode(note))
        draft.replace(state / NAME)


def left(state: Path, process: Process) -> Note | None:
    """What this daemon has left; None where it hasn't, or where that can't be read."""
    note = last(state)
    return note if note is not None and note.process == process else None


def last(state: Path) -> Note | None:
    """What the last daemon has left, whether it still runs or not; None where none has, or where that can't be read."""
    try:
        return msgspec.json.decode((state / NAME).read_bytes(), type=Note)
    except (OSError, msgspec.DecodeError):
        return None
