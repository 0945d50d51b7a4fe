"""Files of this machine."""

from __future__ import annotations

from watches.api import Kind
from watches.file.settings import FileSettings
from watches.file.watch import FileWatch, make

__all__ = ["KIND", "FileSettings", "FileWatch"]

LIMITS = frozenset({"max_files", "max_bytes"})
"""Settings that don't say which files are watched."""

SAYS = frozenset({"path", "name", "files", "added", "changed", "deleted", "paths"})
"""The names of all that an event says of files."""

KIND = Kind(settings=FileSettings, make=make, limits=LIMITS, says=SAYS)
