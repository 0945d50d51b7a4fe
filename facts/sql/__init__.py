"""What a query gives: of an SQLite file, or of a PostgreSQL server."""

from __future__ import annotations

from pathlib import Path

from facts.api import Kind, Lend
from facts.sql.fact import Sql
from facts.sql.settings import SqlSettings


def make(name: str, settings: SqlSettings, base: Path, lend: Lend) -> Sql:  # noqa: ARG001 (a Kind's signature)
    """Raises ValueError for a server whose driver is missing, and KeyError for a secret without a value."""
    return Sql(settings, base, None if settings.password is None else lend(settings.password))


KIND = Kind(settings=SqlSettings, make=make)
