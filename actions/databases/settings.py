"""What the operator may say of a database, wherever one is asked."""

from __future__ import annotations

import re
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Self

from pydantic import AfterValidator, BaseModel, Field, model_validator

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


class Place(BaseModel, frozen=True):
    """Where a database is, beside what else is said of the question."""

    path: Annotated[Path, AfterValidator(_file)] | None = Field(
        default=None, description="The file of an SQLite database; a relative path starts from the folder of rowd.toml."
    )
    dsn: Annotated[str, AfterValidator(valid_dsn)] | None = Field(
        default=None,
        description="Instead of path, a PostgreSQL server as libpq reads it, without a password: host=… or postgresql://…",
    )
    password: str | None = Field(
        default=None, min_length=1, description="The name of the secret that is the server's password; its value stands in .env."
    )

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        if self.path is None and self.dsn is None:
            raise ValueError("names no database; write `path` (the file of an SQLite one) or `dsn` (a PostgreSQL server)")
        if self.path is not None and self.dsn is not None:
            raise ValueError(
                "names two databases; write `path` (the file of an SQLite one) or `dsn` (a PostgreSQL server), not both"
            )
        if self.dsn is None and self.password is not None:
            raise ValueError("an SQLite file has no password; remove it, or name a server under `dsn`")
        return self


def database(file: Path, dsn: str | None, password: Callable[[], str | None], patience: float) -> Database:
    """file: of an SQLite one, where there is no dsn.   patience: seconds that a question may take.

    Raises ValueError, with a sentence, where the driver is missing; and what `password` raises.
    """
    if dsn is None:
        return SQLite(file, patience)
    if find_spec("psycopg") is None:
        raise ValueError("a PostgreSQL server is asked by psycopg, which isn't installed; run: pip install 'rowd[postgresql]'")
    return PostgreSQL(dsn, password(), patience)
