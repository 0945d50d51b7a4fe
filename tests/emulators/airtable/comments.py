"""Comments on records."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from tests.emulators.airtable import errors
from tests.emulators.airtable.formulas.values import iso
from tests.emulators.airtable.ids import is_id
from tests.emulators.airtable.model import Base, Comment, Table
from tests.emulators.core.exchange import Answer, Request

if TYPE_CHECKING:
    from tests.emulators.airtable.service import Airtable

PAGE = 100
"""Comments of one page at most; airtable.com/developers/web/api/list-comments."""
MENTION = re.compile(r"@\[(usr[A-Za-z0-9]{14})\]")


class Comments:
    def __init__(self, service: Airtable) -> None:
        self._service = service

    def route(self) -> None:
        on = self._service.routes.on
        on("GET", "/v0/{base}/{table}/{record}/comments", "comments.list", self.newest)
        on("POST", "/v0/{base}/{table}/{record}/comments", "comments.create", self.create)
        on("PATCH", "/v0/{base}/{table}/{record}/comments/{comment}", "comments.update", self.update)
        on("DELETE", "/v0/{base}/{table}/{record}/comments/{comment}", "comments.delete", self.delete)

    def newest(self, request: Request, base: str, table: str, record: str) -> Answer:
        """Newest first."""
        found, _where, comments = self._find(request, base, table, record, "data.recordComments:read", "read")
        size = request.first("pageSize") or str(PAGE)
        if not size.isdigit() or not 1 <= int(size) <= PAGE:
            raise errors.bad_request()
        ordered = comments[::-1]
        offset = request.first("offset")
        begin = next((at for at, each in enumerate(ordered) if each.id == offset), None) if offset else 0
        if begin is None:
            raise errors.bad_request()
        page, rest = ordered[begin : begin + int(size)], ordered[begin + int(size) :]
        return Answer.of(200, {"comments": [self._json(found, each) for each in page], "offset": rest[0].id if rest else None})

    def create(self, request: Request, base: str, table: str, record: str) -> Answer:
        found, where, comments = self._find(request, base, table, record, "data.recordComments:write", "comment")
        body = request.json
        if not isinstance(body, dict) or not isinstance(body.get("text"), str) or not body["text"]:
            raise errors.bad_request()
        parent = body.get("parentCommentId")
        if parent is not None and not any(each.id == parent for each in comments):
            raise errors.forbidden()
        author = self._service.token(request).user
        comment = Comment(self._service.ids.new("com"), author, body["text"], self._service.clock.now(), parent=parent)
        where.comments.setdefault(record, []).append(comment)
        return Answer.of(200, self._json(found, comment))

    def update(self, request: Request, base: str, table: str, record: str, comment: str) -> Answer:
        found, _where, comments = self._find(request, base, table, record, "data.recordComments:write", "comment")
        mine = self._mine(request, comments, comment)
        body = request.json
        if not isinstance(body, dict) or not isinstance(body.get("text"), str) or not body["text"]:
            raise errors.bad_request()
        mine.text, mine.updated = body["text"], self._service.clock.now()
        return Answer.of(200, self._json(found, mine))

    def delete(self, request: Request, base: str, table: str, record: str, comment: str) -> Answer:
        _found, where, comments = self._find(request, base, table, record, "data.recordComments:write", "comment")
        where.comments[record].remove(self._mine(request, comments, comment))
        return Answer.of(200, {"id": comment, "deleted": True})

    def _mine(self, request: Request, comments: list[Comment], comment_id: str) -> Comment:
        """Only who wrote a comment may change it."""
        user = self._service.token(request).user
        for comment in comments:
            if comment.id == comment_id and comment.author == user:
                return comment
        raise errors.forbidden() if is_id(comment_id, "com") else errors.not_found()

    def _find(
        self, request: Request, base: str, table: str, record: str, scope: str, level: str
    ) -> tuple[Base, Table, list[Comment]]:
        found = self._service.enter(request, base, scope, level)
        where, row = self._service.find_record(found, self._service.find_table(request, found, table), record)
        return found, where, where.comments.get(row.id, [])

    def _json(self, base: Base, comment: Comment) -> dict[str, Any]:
        """The form of airtable.com/developers/web/api/list-comments, as in pyairtable's sample objects."""
        shown: dict[str, Any] = {
            "id": comment.id,
            "author": comment.author.cell,
            "text": comment.text,
            "createdTime": iso(comment.created),
            "lastUpdatedTime": iso(comment.updated) if comment.updated is not None else None,
        }
        named = {user: base.users[user] for user in MENTION.findall(comment.text) if user in base.users}
        if named:
            shown["mentioned"] = {
                user.id: {"type": "user", "id": user.id, "displayName": user.name, "email": user.email} for user in named.values()
            }
        if comment.parent is not None:
            shown["parentCommentId"] = comment.parent
        return shown
