"""The columns of a store that knows them by ids of its own, in three views."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Generic, Protocol, TypeVar


class Known(Protocol):
    """A column.   name: its header."""

    @property
    def id(self) -> str: ...

    @property
    def name(self) -> str: ...


F = TypeVar("F", bound=Known)


class Columns(Generic[F]):
    """Whoever extends this has them in `fields`, in their order."""

    fields: tuple[F, ...]

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The headers."""
        return tuple(field.name for field in self.fields)

    @cached_property
    def by_name(self) -> Mapping[str, F]:
        """Header → column."""
        return {field.name: field for field in self.fields}

    @cached_property
    def by_id(self) -> Mapping[str, F]:
        """Id → column."""
        return {field.id: field for field in self.fields}
