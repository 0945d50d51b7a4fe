"""What a daemon says of itself in the state folder: what it last read of rowd.toml, and that it is stopping.

Commands compare it with the file as it is now. One pass leaves it at its end: what it served is known then, whatever becomes of
rowd.toml.
"""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from actions.api import Process

NAME = "daemon.json"


@dataclass(frozen=True, slots=True)
class Note:
    """One daemon's.

    process: its own.   version: of the files that it works by, as `Config.version`; read_at: when it read them.
    tables: that it serves.   restart: tables that were moved or renamed, which only a restart can take over.
    refused: why a later reading doesn't count, "" where there was none; refused_at: when that was.
    stopping_at: since when it starts nothing more; None while it does.
    """

    process: Process
    version: str
    read_at: datetime
    tables: tuple[str, ...]
    restart: tuple[str, ...] = ()
    refused: str = ""
    refused_at: datetime | None = None
    stopping_at: datetime | None = None


def leave(state: Path, note: Note) -> None:
    """Put it in the place of the last one. A note that can't be written is none: nothing depends on it."""
    draft = state / f".{NAME}"
    with suppress(OSError):
        draft.touch(mode=0o600)
        draft.write_text(json.dumps(asdict(note), default=lambda at: at.astimezone(UTC).isoformat()), encoding="utf-8")
        draft.replace(state / NAME)


def left(state: Path, process: Process) -> Note | None:
    """What this daemon has left; None where it hasn't, or where that can't be read."""
    note = last(state)
    return note if note is not None and note.process == process else None


def last(state: Path) -> Note | None:
    """What the last daemon has left, whether it still runs or not; None where none has, or where that can't be read."""
    try:
        said = json.loads((state / NAME).read_text(encoding="utf-8"))
        return Note(
            process=Process(**said["process"]),
            version=str(said["version"]),
            read_at=datetime.fromisoformat(said["read_at"]),
            tables=tuple(said["tables"]),
            restart=tuple(said["restart"]),
            refused=str(said["refused"]),
            refused_at=_instant(said["refused_at"]),
            stopping_at=_instant(said["stopping_at"]),
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _instant(said: str | None) -> datetime | None:
    return datetime.fromisoformat(said) if said else None
