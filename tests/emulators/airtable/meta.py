"""The Meta API: who am I, bases, tables, fields."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.emulators.airtable import errors, schema
from tests.emulators.airtable.changes import Transaction
from tests.emulators.airtable.model import LEVELS, SELECTS, Base, Field, Table
from tests.emulators.core.exchange import Answer, NotEmulated, Request

if TYPE_CHECKING:
    from tests.emulators.airtable.service import Airtable

DESCRIPTION = 20_000
"""Characters of a table's or field's description (VENDORS.md B2)."""


class Meta:
    def __init__(self, service: Airtable) -> None:
        self._service = service

    def route(self) -> None:
        on = self._service.routes.on
        on("GET", "/v0/meta/whoami", "meta.whoami", self.whoami)
        on("GET", "/v0/meta/bases", "meta.bases", self.bases)
        on("POST", "/v0/meta/bases", "meta.create_base", self.create_base)
        on("GET", "/v0/meta/bases/{base}/tables", "meta.tables", self.tables)
        on("POST", "/v0/meta/bases/{base}/tables", "meta.create_table", self.create_table)
        on("PATCH", "/v0/meta/bases/{base}/tables/{table}", "meta.update_table", self.update_table)
        on("POST", "/v0/meta/bases/{base}/tables/{table}/fields", "meta.create_field", self.create_field)
        on("PATCH", "/v0/meta/bases/{base}/tables/{table}/fields/{field}", "meta.update_field", self.update_field)

    def whoami(self, request: Request) -> Answer:
        """Scopes are told to OAuth tokens only; airtable.com/developers/web/api/get-user-id-scopes."""
        token = self._service.token(request)
        shown: dict[str, Any] = {"id": token.user.id}
        if "user.email:read" in token.scopes:
            shown["email"] = token.user.email
        if token.oauth:
            shown["scopes"] = sorted(token.scopes)
        return Answer.of(200, shown)

    def bases(self, request: Request) -> Answer:
        """What the token was granted and its user may see. An API key needs no scope for it."""
        token = self._service.token(request)
        if "schema.bases:read" not in token.scopes and not token.api_key:
            raise errors.forbidden()
        seen = [
            base
            for base in self._service.bases.values()
            if base.level(token.user) and (token.bases is None or base.id in token.bases)
        ]
        shown = [{"id": base.id, "name": base.name, "permissionLevel": LEVELS[base.level(token.user)]} for base in seen]
        return Answer.of(200, {"bases": shown})

    def tables(self, request: Request, base: str) -> Answer:
        found = self._service.enter(request, base, "schema.bases:read", "read")
        visible = "visibleFieldIds" in [value for name, value in request.query if name.partition("[")[0] == "include"]
        return Answer.of(200, {"tables": [schema.table_json(table, visible=visible) for table in found.tables]})

    def create_base(self, request: Request) -> Answer:
        token, body = self._service.token(request), _body(request)
        if "schema.bases:write" not in token.scopes or body.get("workspaceId") != self._service.workspace.id:
            raise errors.forbidden()
        if not isinstance(body.get("name"), str) or not isinstance(body.get("tables"), list) or not body["tables"]:
            raise errors.bad_request()
        base = Base(self._service.ids.new("app"), body["name"], self._service.workspace)
        for each in body["tables"]:
            base.tables.append(schema.new_table(self._service.ids, base, each, computed=self._computed))
        base.share(token.user, "owner")
        self._service.add_base(base)
        return Answer.of(200, {"id": base.id, "tables": [schema.table_json(table) for table in base.tables]})

    def create_table(self, request: Request, base: str) -> Answer:
        found = self._service.enter(request, base, "schema.bases:write", "create")
        body = _body(request)
        table = schema.new_table(self._service.ids, found, body, computed=self._computed)
        with self._change(request, found) as transaction:
            transaction.add_table(table)
            for link in table.fields:
                self._link_back(transaction, table, link)
        return Answer.of(200, schema.table_json(table))

    def update_table(self, request: Request, base: str, table: str) -> Answer:
        found = self._service.enter(request, base, "schema.bases:write", "create")
        where, body = self._service.find_table(request, found, table), _body(request)
        changes = _texts(body)
        if "name" in changes and found.table(changes["name"]) not in (None, where):
            raise errors.refusal(422, "DUPLICATE_TABLE_NAME", f'Table name "{changes["name"]}" is empty or already in use')
        if "dateDependency" in body or "dateDependencySettings" in body:
            raise NotEmulated("a table's date dependency")
        with self._change(request, found) as transaction:
            transaction.change_table(where, **changes)
        return Answer.of(200, schema.table_json(where))

    def create_field(self, request: Request, base: str, table: str) -> Answer:
        found = self._service.enter(request, base, "schema.bases:write", "create")
        where = self._service.find_table(request, found, table)
        made = schema.new_field(self._service.ids, found, where, _body(request), computed=self._computed)
        with self._change(request, found) as transaction:
            transaction.add_field(where, made)
            self._link_back(transaction, where, made)
        return Answer.of(200, schema.field_json(made))

    def update_field(self, request: Request, base: str, table: str, field: str) -> Answer:
        found = self._service.enter(request, base, "schema.bases:write", "create")
        where, body = self._service.find_table(request, found, table), _body(request)
        column = where.field(field)
        if column is None:
            raise errors.forbidden()
        changes: dict[str, Any] = _texts(body)
        if "name" in changes and where.field(changes["name"]) not in (None, column):
            raise errors.refusal(422, "DUPLICATE_OR_EMPTY_FIELD_NAME")
        if "options" in body:
            changes["options"] = self._options(request, where, column, body["options"])
        with self._change(request, found) as transaction:
            transaction.change_field(where, column, **changes)
        return Answer.of(200, schema.field_json(column))

    @property
    def _computed(self) -> bool:
        return self._service.switches["create_computed"] == "accepted"

    def _options(self, request: Request, table: Table, column: Field, given: Any) -> dict[str, Any]:
        if not isinstance(given, dict):
            raise errors.bad_request()
        if column.type == "formula":
            schema.check_formula(table, given.get("formula"))
            return {**(column.options or {}), "formula": given["formula"]}
        if column.type not in SELECTS:
            raise NotEmulated(f"PATCH of the options of a {column.type} field")
        if self._service.switches["patch_choices"] == "refused" or not isinstance(given.get("choices"), list):
            raise errors.bad_request()
        return {**(column.options or {}), "choices": schema.merged_choices(self._service.ids, column.choices, given["choices"])}

    def _link_back(self, transaction: Transaction, table: Table, made: Field) -> None:
        if made.type == "multipleRecordLinks":
            back = schema.back_link(self._service.ids, transaction.base, table, made)
            if back is not None:
                transaction.add_field(*back)

    def _change(self, request: Request, base: Base) -> Any:
        return self._service.change(base, self._service.token(request).user)


def _body(request: Request) -> dict[str, Any]:
    if not isinstance(request.json, dict):
        raise errors.bad_request()
    return request.json


def _texts(body: dict[str, Any]) -> dict[str, str]:
    """The name and the description, where they are given."""
    found: dict[str, str] = {name: body[name] for name in ("name", "description") if name in body}
    for name, value in found.items():
        if not isinstance(body[name], str) or (name == "name" and not value.strip()) or len(value) > DESCRIPTION:
            raise errors.bad_request()
    return found
