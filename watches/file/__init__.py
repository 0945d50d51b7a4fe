"""Files of this machine."""

from __future__ import annotations

from watches.api import Kind
from watches.file.settings import FileSettings
from watches.file.watch import FileWatch, make

__all__ = ["KIND", "FileSettings", "FileWatch"]

KIND = Kind(settings=FileSettings, make=make, limits=frozenset({"max_files", "max_bytes"}))
