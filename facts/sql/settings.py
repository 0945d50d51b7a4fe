"""What the operator may say of a query that tells a fact."""

from __future__ import annotations

from typing import Self

from pydantic import Field, model_validator

from actions.databases.settings import Dsn, File, Query, one_place
from facts.api import Definition


class SqlSettings(Definition, frozen=True):
    """`kind = "sql"`: the one row that a query gives."""

    path: File | None = Field(
        default=None, description="The file of an SQLite database; a relative path starts from the folder of rowd.toml."
    )
    dsn: Dsn | None = Field(
        default=None,
        description="Instead of path, a PostgreSQL server as libpq reads it, without a password: host=… or postgresql://…",
    )
    password: str | None = Field(
        default=None, min_length=1, description="The name of the secret that is the server's password; its value stands in .env."
    )
    query: Query = Field(description="A SELECT that gives one row.")

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        if self.secrets:
            raise ValueError("a query gets no secrets; remove them, and name that of a server under `password`")
        one_place(self.path, self.dsn, self.password)
        return self
