"""What the operator may say of a query that tells a fact."""

from __future__ import annotations

from typing import Self

from pydantic import Field, model_validator

from actions.databases.settings import Place, Query
from facts.api import Definition


class SqlSettings(Place, Definition, frozen=True):
    """`kind = "sql"`: the one row that a query gives."""

    query: Query = Field(description="A SELECT that gives one row.")

    @model_validator(mode="after")
    def _no_secrets(self) -> Self:
        if self.secrets:
            raise ValueError("a query gets no secrets; remove them, and name that of a server under `password`")
        return self
