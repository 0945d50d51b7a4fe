"""What the operator may say of a database, wherever one is asked."""

from __future__ import annotations

import re
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator

from actions.databases.api import Database
from actions.databases.dsn import valid_dsn
from actions.databases.postgresql import PostgreSQL
from actions.databases.sqlite import SQLite

_COMMENTS = re.compile(r"\s+|--[^\n]*(?:\n|\Z)|/\*.*?\*/", re.DOTALL)
_READS = re.compile(r"(?:select|with|values)\b", re.IGNORECASE)


def _query(text: str) -> str:
    at = 0
    while (skipped := _COMMENTS.match(text, at)) is not None:
        at = skipped.end()
    if "\0" in text or not _READS.match(text, at):
        raise ValueError('is no question; write one like "SELECT count(*) FROM orders"')
    return text.rstrip().rstrip(";")


def _file(path: Path) -> Path:
    if str(path).startswith("~"):
        raise ValueError(f'"{path}": "~" means nothing to a daemon; write the path in full')
    if str(path) in ("", ".") or "\0" in str(path):
        raise ValueError('is no path; write one like "shop.sqlite"')
    return path


Query = Annotated[str, AfterValidator(_query)]
File = Annotated[Path, AfterValidator(_file)]
Dsn = Annotated[str, AfterValidator(valid_dsn)]


def one_place(path: Path | None, dsn: str | None, password: str | None) -> None:
    """Raises ValueError, with a sentence, where these don't say one database."""
    if path is None and dsn is None:
        raise ValueError("names no database; write `path` (the file of an SQLite one) or `dsn` (a PostgreSQL server)")
    if path is not None and dsn is not None:
        raise ValueError("names two databases; write `path` (the file of an SQLite one) or `dsn` (a PostgreSQL server), not both")
    if dsn is None and password is not None:
        raise ValueError("an SQLite file has no password; remove it, or name a server under `dsn`")


def database(file: Path, dsn: str | None, password: Callable[[], str | None], patience: float) -> Database:
    """file: of an SQLite one, where there is no dsn.   patience: seconds that a question may take.

    Raises ValueError, with a sentence, where the driver is missing; and what `password` raises.
    """
    if dsn is None:
        return SQLite(file, patience)
    if find_spec("psycopg") is None:
        raise ValueError("a PostgreSQL server is asked by psycopg, which isn't installed; run: pip install 'rowd[postgresql]'")
    return PostgreSQL(dsn, password(), patience)
