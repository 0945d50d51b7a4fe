"""Users and connections: who they are, what they may, and in which form answers show them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from tests.emulators.core.exchange import Json, Refused
from tests.emulators.notion.errors import not_found
from tests.emulators.notion.world import Node, User, World

CAPABILITIES = frozenset({"read", "update", "insert", "read_users", "read_emails"})

UPLOADS = {"max_file_upload_size_in_bytes": 5242880}
"""Of a free workspace (recorded by notion-sdk-py)."""


@dataclass
class Connection:
    """What a token stands for.

    kind: internal: sees what was shared with it; personal: acts as its user, sees everything.   shared: ids of what was shared.
    """

    token: str
    name: str
    bot: User
    kind: str = "internal"
    capabilities: frozenset[str] = CAPABILITIES
    shared: set[str] = field(default_factory=set)
    expires: datetime | None = None
    revoked: bool = False

    def sees(self, world: World, node: Node) -> bool:
        """Whether the node, or something that it is in, was shared."""
        return self.kind == "personal" or any(above.id in self.shared for above in world.up(node))


class Users:
    """The users of a workspace, in the forms of answers. `connection` is the one that asks."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.connection: Connection | None = None

    def known(self, identifier: str) -> User:
        """Raises Refused."""
        if identifier not in self._world.users:
            raise self.not_found("user", identifier)
        return self._world.users[identifier]

    def any(self, identifier: str) -> User:
        return self._world.users.get(identifier) or User(identifier, "", "person")

    def not_found(self, kind: str, identifier: str) -> Refused:
        asking = self.connection
        return not_found(kind, identifier, asking.name if asking else "", asking.bot.id if asking else "")

    @staticmethod
    def partial(identifier: str) -> Json:
        return {"object": "user", "id": identifier}

    def short(self, user: User) -> Json:
        """In cells and mentions: of a bot nothing, of a person the address, or the id only, as may be read."""
        if self.connection is not None and "read_users" not in self.connection.capabilities:
            return self.partial(user.id)
        return {**self._name(user), user.kind: self._email(user) if user.kind == "person" else {}}

    def full(self, user: User) -> Json:
        """In users.me, users.retrieve and users.list: of other connections' bots nothing."""
        if user.kind == "person":
            return {**self._name(user), "person": {**self._email(user), "email_verified": True}}
        mine = self.connection is not None and user.id == self.connection.bot.id
        return {**self._name(user), "bot": self._bot(user) if mine else {}}

    def _bot(self, user: User) -> dict[str, Any]:
        owner: dict[str, Any] = {"type": "workspace", "workspace": True}
        if "owner" in user.details:
            owner = {"type": "user", "user": self.short(self._world.users[user.details["owner"]])}
        named = {"workspace_name": self._world.name, "workspace_id": self._world.id}
        return {"owner": owner, **named, "workspace_limits": UPLOADS}

    def _name(self, user: User) -> dict[str, Any]:
        return {"object": "user", "id": user.id, "name": user.name, "avatar_url": None, "type": user.kind}

    def _email(self, user: User) -> dict[str, Any]:
        may = self.connection is None or "read_emails" in self.connection.capabilities
        return {"email": user.details["email"]} if may and "email" in user.details else {}
