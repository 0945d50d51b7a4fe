"""What Airtable keeps: workspaces, bases, tables, fields, views, records; and who may do what. Values only."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any, TypeVar

LEVELS = ("none", "read", "comment", "edit", "create", "owner")
"""Permission levels of a user on a base, weakest first."""

SCOPES = frozenset(
    {
        "data.records:read",
        "data.records:write",
        "data.recordComments:read",
        "data.recordComments:write",
        "schema.bases:read",
        "schema.bases:write",
        "webhook:manage",
        "user.email:read",
    }
)
COMPUTED = frozenset(
    {
        "autoNumber",
        "button",
        "count",
        "createdBy",
        "createdTime",
        "formula",
        "lastModifiedBy",
        "lastModifiedTime",
        "multipleLookupValues",
        "rollup",
        "externalSyncSource",
        "aiText",
    }
)
SELECTS = frozenset({"singleSelect", "multipleSelects"})


@dataclass(frozen=True)
class User:
    id: str
    email: str
    name: str

    @property
    def cell(self) -> dict[str, str]:
        """As a collaborator cell shows them."""
        return {"id": self.id, "email": self.email, "name": self.name}


@dataclass
class Token:
    """A way in.

    bases: the resource grant; None: every base that the user sees.   expires: None for never.
    api_key: one of the old kind, which has no scopes and is told more of what it can't find; they ended in 2024.
    """

    secret: str
    user: User
    scopes: frozenset[str] = SCOPES
    bases: frozenset[str] | None = None
    expires: datetime | None = None
    api_key: bool = False
    oauth: bool = False


@dataclass
class Field:
    """options: as the Meta API says them; None where the type has none.   locked: no editing permission for the API's users.

    hidden: more of the definition, which the Meta API doesn't tell: a rollup's formula, a button's label and url.
    """

    id: str
    name: str
    type: str
    options: dict[str, Any] | None = None
    description: str | None = None
    locked: bool = False
    hidden: dict[str, Any] = field(default_factory=dict)

    @property
    def computed(self) -> bool:
        return self.type in COMPUTED

    def option(self, name: str, otherwise: Any = None) -> Any:
        found = (self.options or {}).get(name)
        return found if found is not None else self.hidden.get(name, otherwise)

    @property
    def choices(self) -> list[dict[str, Any]]:
        """Of selects. The list itself: whoever appends adds a choice."""
        if self.options is None:
            self.options = {}
        found: list[dict[str, Any]] = self.options.setdefault("choices", [])
        return found

    def choice(self, name: str) -> dict[str, Any] | None:
        return next((choice for choice in self.choices if choice["name"] == name), None)


@dataclass
class Record:
    """cells: by field id, only those that aren't empty, as they are read.

    given: what computed fields show whose source isn't here, by field id.   modified: by field id, when and by whom last.
    """

    id: str
    created: datetime
    creator: User
    number: int
    cells: dict[str, Any] = field(default_factory=dict)
    given: dict[str, Any] = field(default_factory=dict)
    modified: dict[str, tuple[datetime, User]] = field(default_factory=dict)

    @cached_property
    def created_time(self) -> str:
        """As the API shows it. In every recording it is a whole second."""
        return f"{self.created:%Y-%m-%dT%H:%M:%S}.000Z"


@dataclass
class View:
    """order: record ids as they were laid by hand.   sorts: (field id, descending), kept at all times.   hidden: field ids."""

    id: str
    name: str
    type: str = "grid"
    order: list[str] = field(default_factory=list)
    where: str | None = None
    sorts: list[tuple[str, bool]] = field(default_factory=list)
    hidden: set[str] = field(default_factory=set)


@dataclass
class Comment:
    id: str
    author: User
    text: str
    created: datetime
    updated: datetime | None = None
    parent: str | None = None


@dataclass
class Table:
    """records: in the order of creation.   version: grows with each change of the fields."""

    id: str
    name: str
    fields: list[Field] = field(default_factory=list)
    views: list[View] = field(default_factory=list)
    records: dict[str, Record] = field(default_factory=dict)
    description: str | None = None
    comments: dict[str, list[Comment]] = field(default_factory=dict)
    primary_id: str | None = None
    next_number: int = 1
    version: int = 0

    @property
    def primary(self) -> Field:
        """The one that names a record: the first, unless it is said."""
        return next((known for known in self.fields if known.id == self.primary_id), self.fields[0])

    def field(self, name: str) -> Field | None:
        """By id or name."""
        return _named(self.fields, name)

    def view(self, name: str) -> View | None:
        """By id or name."""
        return _named(self.views, name)


@dataclass
class Workspace:
    """calls: by month, `2026-11`.   plan: see `limits.PLANS`.   grace_until: the one-off grace of the free plan, once begun."""

    id: str
    plan: str = "team"
    calls: dict[str, int] = field(default_factory=dict)
    grace_used: bool = False
    grace_until: datetime | None = None


@dataclass
class Base:
    """access: permission level by user id.   transaction: the number of the latest change."""

    id: str
    name: str
    workspace: Workspace
    tables: list[Table] = field(default_factory=list)
    access: dict[str, str] = field(default_factory=dict)
    users: dict[str, User] = field(default_factory=dict)
    transaction: int = 0

    def table(self, name: str) -> Table | None:
        """By id or name."""
        return _named(self.tables, name)

    def share(self, user: User, level: str) -> None:
        """level: one of LEVELS."""
        self.users[user.id] = user
        self.access[user.id] = level

    def level(self, user: User) -> int:
        """How much this user may do: an index into LEVELS."""
        return LEVELS.index(self.access.get(user.id, "none"))


_Named = TypeVar("_Named", Field, View, Table)


def _named(known: list[_Named], name: str) -> _Named | None:
    """The one of this id; else the one of this name."""
    for each in known:
        if each.id == name:
            return each
    return next((each for each in known if each.name == name), None)
