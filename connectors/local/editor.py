"""Whether a spreadsheet program has a file open: LibreOffice leaves a lock file beside it."""

from __future__ import annotations

from pathlib import Path

from connectors.local.content import NoFile, TooLarge, content

_LONGEST = 4096
"""Bytes of a lock file; LibreOffice writes a hundred."""


def lock_of(file: Path) -> Path:
    """Where LibreOffice leaves its lock file while it has this one open; one that crashed leaves it for good."""
    return file.parent / f".~lock.{file.name}#"


def editor_of(file: Path) -> str | None:
    """Who has the file open in LibreOffice; None for nobody.

    The lock file `.~lock.NAME#` holds names, host and time, parted by commas: the first name that isn't blank is the person's.
    """
    try:
        raw, _ = content(lock_of(file), _LONGEST)
    except (OSError, NoFile, TooLarge):  # whatever it is, LibreOffice didn't make it
        return None
    names = [part.strip() for part in raw.decode("utf-8", "replace").split(",")[:3]]
    return next((name for name in names if name), "somebody")
