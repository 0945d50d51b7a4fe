"""What Drive knows of a file: name, owner, who may do what, and a version that grows with every change."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from random import Random
from typing import NamedTuple

from tests.emulators.core.exchange import Json
from tests.emulators.google_sheets.accounts import LETTERS
from tests.emulators.google_sheets.book import Book

SPREADSHEET = "application/vnd.google-apps.spreadsheet"
ROLES = ("reader", "commenter", "writer", "fileOrganizer", "organizer", "owner")
"""From the one that may least."""


class Change(NamedTuple):
    at: datetime
    version: int


@dataclass(eq=False)
class File:
    """permissions: as Drive has them, by id.   book: None for a file that is no spreadsheet.   changes: oldest first."""

    id: str
    name: str
    mime: str
    owner: str
    created: datetime
    permissions: dict[str, Json] = field(default_factory=dict)
    book: Book | None = None
    trashed: bool = False
    parents: list[str] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)

    def changed(self, at: datetime) -> None:
        """One more change, whatever it was."""
        self.changes.append(Change(at, (self.changes[-1].version if self.changes else 0) + 1))

    def seen(self, now: datetime, lag: timedelta) -> Change:
        """The last change that Drive shows `lag` after it was made."""
        shown = [change for change in self.changes if change.at + lag <= now]
        return shown[-1] if shown else self.changes[0]

    def role(self, email: str | None) -> str | None:
        """The most that someone may do; None for nothing.   email: None for whoever."""
        roles = [
            permission["role"]
            for permission in self.permissions.values()
            if permission["type"] == "anyone" or (email is not None and permission.get("emailAddress") == email)
        ]
        return max(roles, key=ROLES.index, default=None)

    def may_read(self, email: str | None) -> bool:
        return self.role(email) is not None

    def may_write(self, email: str | None) -> bool:
        role = self.role(email)
        return role is not None and ROLES.index(role) >= ROLES.index("writer")


class Files:
    """Every file there is."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self._files: dict[str, File] = {}
        self._permissions = count(1)

    def __iter__(self) -> Iterator[File]:
        """Newest first, as Drive lists them (gspread's recordings of files.list)."""
        newest = list(self._files.values())[::-1]
        return iter(sorted(newest, key=lambda file: file.created, reverse=True))

    def get(self, file_id: str) -> File | None:
        return self._files.get(file_id)

    def add(self, name: str, mime: str, owner: str, at: datetime, file_id: str | None = None) -> File:
        file = File(file_id or self.new_id(), name, mime, owner, at)
        self.share(file, owner, "owner")
        file.changed(at)
        self._files[file.id] = file
        return file

    def delete(self, file: File) -> None:
        del self._files[file.id]

    def share(self, file: File, email: str | None, role: str) -> Json:
        """email: None for anyone. What was there for them is replaced. The caller says that the file has changed."""
        self.unshare(file, email)
        if email is None:
            permission: Json = {"kind": "drive#permission", "id": "anyoneWithLink", "type": "anyone", "role": role}
        else:
            number = f"{next(self._permissions):020d}"
            permission = {"kind": "drive#permission", "id": number, "type": "user", "role": role, "emailAddress": email}
            permission |= {"displayName": email, "deleted": False, "pendingOwner": False}
        file.permissions[permission["id"]] = permission
        return permission

    def unshare(self, file: File, email: str | None) -> None:
        for key, permission in list(file.permissions.items()):
            if permission.get("emailAddress") == email:
                del file.permissions[key]

    def new_id(self) -> str:
        return "1" + "".join(self._random.choices(LETTERS, k=43))
