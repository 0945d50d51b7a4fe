"""What queries find in SQLite files and on PostgreSQL servers."""

from __future__ import annotations

from watches.api import Kind
from watches.sql.settings import SqlSettings
from watches.sql.watch import SqlWatch, make

__all__ = ["KIND", "SqlSettings", "SqlWatch"]

LIMITS = frozenset({"password", "timeout", "max_rows"})
"""Settings that don't say what is watched."""

KIND = Kind(
    settings=SqlSettings,
    make=make,
    limits=LIMITS,
    secrets=lambda settings: () if settings.password is None else (settings.password,),
    apart=lambda settings: settings.new_rows is not None,
)
