"""Whether everything is there that a table needs: the token, the base and what its user may do there, the table, rows, the webhook.

Which scopes a personal access token has, Airtable doesn't tell (VENDORS.md B6): each request shows the one that it needs.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from connectors.airtable.client import Client
from connectors.airtable.errors import ROW_GONE, TOKENS, Asking, Refused, no_view
from connectors.airtable.fields import table_of
from connectors.airtable.journal import TableJournal
from connectors.errors import NeedsOwner, TableError
from connectors.preparing import Check
from connectors.showing import offered

NOBODY = "rec00000000000000"
"""The form of a record's id, and none that there is: Airtable draws them."""

WRITERS = {"edit": "Editor", "create": "Creator", "owner": "Owner"}
"""Permission levels that may write rows; airtable.com/developers/web/api/list-bases."""

SCHEMA = Asking("schema.bases:read")


def examined(client: Client, journal: TableJournal | None, *, webhook: bool) -> Iterator[Check]:
    """As `Examinable.examine` has it.   journal: None where none is wanted.   webhook: whether one is wanted."""
    where = client.where
    try:
        client.ask(Asking("any scope"), "get", "meta", "whoami")
        yield Check("credentials", f"Airtable knows the token in {where.secret}")
    except TableError as exc:
        yield Check.failed("credentials", exc)
        return
    try:
        base = _base(client)
        yield Check("connection", f'the token may see the base "{base["name"]}" (scope schema.bases:read)')
    except TableError as exc:
        yield Check.failed("connection", exc)
        return
    try:
        answer = client.ask(SCHEMA, "get", "meta", "bases", base["id"], "tables")
        told = table_of(answer, where.table, None, where)
        _has_view(client, told)
        yield Check("table", f'the table "{told["name"]}" is there')
    except TableError as exc:
        yield Check.failed("table", exc)
        return
    if journal is not None:
        yield journal.check(answer)
    yield from _rights(client, base, told["id"])
    if webhook:
        yield _webhook(client, base["id"])


def _base(client: Client) -> Mapping[str, Any]:
    """Of those that the token may see: a thousand in one answer. Raises NeedsOwner where it isn't among them."""
    answer = client.ask(SCHEMA, "get", "meta", "bases")
    found: list[Mapping[str, Any]] = list(answer["bases"])
    while (offset := answer.get("offset")) is not None:
        answer = client.ask(SCHEMA, "get", "meta", "bases", options={"offset": offset})
        found += answer["bases"]
    named = client.where.base
    mine = [each for each in found if each["id"] == named] or [each for each in found if each["name"] == named]
    if len(mine) == 1:
        return mine[0]
    names = offered(named, [each["name"] for each in found])
    what = "several bases of that name; write the id (app…) of the one" if mine else f"no such base; it has {names}"
    raise NeedsOwner(
        f"{client.where}: the token in {client.where.secret} has access to {what}. At {TOKENS}, add the base under Access; its user"
        " must be a collaborator of it. Or correct `base` in rowd.toml."
    )


def _has_view(client: Client, told: Mapping[str, Any]) -> None:
    view = client.where.view
    if view is not None and all(view not in (each["id"], each["name"]) for each in told.get("views", ())):
        there = offered(view, [each["name"] for each in told.get("views", ())])
        raise NeedsOwner(f"{client.where}: {no_view(client.where)} The table has {there}.")


def _rights(client: Client, base: Mapping[str, Any], table: str) -> Iterator[Check]:
    where, level = client.where, str(base.get("permissionLevel", ""))
    try:
        client.ask(Asking("data.records:read"), "get", base["id"], table, options={"page_size": 1})
        yield Check("reading", "rows may be read (scope data.records:read)")
    except TableError as exc:
        yield Check.failed("reading", exc)
        return
    if level not in WRITERS:
        trouble = NeedsOwner(
            f"{where}: the user of the token in {where.secret} may only look at the base ({level or 'no role'}). Share the base"
            " with that user as Editor; as Creator, for `rowd setup` and the webhook."
        )
        yield Check.failed("permission", trouble)
        return
    says = f"the token's user is {WRITERS[level]}; whether it has the scope data.records:write can't be told by reading"
    yield Check("permission", says, open=True, proof=lambda: _proved(client, base["id"], table, WRITERS[level]))


def _proved(client: Client, base: str, table: str, role: str) -> Check:
    """A change of no cell of a record that isn't there."""
    asking = Asking("data.records:write", writing=True, heeds=lambda refused: refused.kind in ROW_GONE or refused.status == 404)
    body = {"records": [{"id": NOBODY, "fields": {}}], "typecast": False}
    try:
        client.ask(asking, "patch", base, table, json=body)
    except Refused:  # it was looked for, so the token may write
        pass
    except TableError as exc:
        return Check.failed("permission", exc)
    return Check("permission", f"rows may be written: the token's user is {role}, its scope data.records:write")


def _webhook(client: Client, base: str) -> Check:
    asking = Asking("webhook:manage", heeds=lambda refused: refused.status in (403, 404, 422))
    try:
        client.ask(asking, "get", "bases", base, "webhooks")
    except Refused:
        return Check(
            "webhook",
            "the token may make none, so each poll reads every row. To save calls, give it the scope webhook:manage, and its user"
            " the role Creator",
            open=True,
        )
    except TableError as exc:
        return Check.failed("webhook", exc)
    return Check("webhook", "changes can be asked for with one call (scope webhook:manage)")
