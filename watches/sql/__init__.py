"""What queries find in databases of this machine."""

from __future__ import annotations

from watches.api import Kind
from watches.sql.settings import SqlSettings
from watches.sql.watch import SqlWatch, make

__all__ = ["KIND", "SqlSettings", "SqlWatch"]

LIMITS = frozenset({"timeout", "max_rows"})
"""Settings that don't say what is watched."""

KIND = Kind(settings=SqlSettings, make=make, limits=LIMITS, apart=lambda settings: settings.new_rows is not None)
