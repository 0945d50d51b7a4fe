"""Whether a spreadsheet program has a file open: LibreOffice leaves a lock file beside it."""

from __future__ import annotations

from pathlib import Path


def editor_of(file: Path) -> str | None:
    """Who has the file open in LibreOffice; None for nobody.

    The lock file `.~lock.NAME#` holds names, host and time, parted by commas: the first name that isn't blank is the person's.
    """
    try:
        text = (file.parent / f".~lock.{file.name}#").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    names = [part.strip() for part in text.split(",")[:3]]
    return next((name for name in names if name), "somebody")
