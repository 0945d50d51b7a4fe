"""Whether everything is there that a table needs: the service, its list, the columns, ETags, the right to write."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from connectors.api import fold
from connectors.errors import NeedsOwner, TableError
from connectors.preparing import Check
from connectors.rest.client import Client
from connectors.rest.errors import Asking, Refused
from connectors.rest.listing import Listing
from connectors.rest.rows import Form
from connectors.rest.sending import ABSENT, UNTAKEN
from connectors.rest.settings import RestSettings
from connectors.showing import listed

NOBODY = "00000000-0000-4000-8000-000000000000"
"""A key that no row has."""


def examined(settings: RestSettings, client: Client, listing: Listing, form: Form, name_column: str) -> Iterator[Check]:
    """As `Examinable.examine` has it."""
    where = client.where
    try:
        answer, records, more = listing.first()
    except TableError as exc:
        yield Check.failed("connection", exc)
        return
    yield Check("connection", f"GET {settings.list} is answered{f', with what {where.secret} holds' if where.secret else ''}")
    yield Check(
        "table", f"it lists {_rows(len(records))}, each with a key at {settings.key}{', and more on further pages' if more else ''}"
    )
    columns = form.columns(records)
    if (trouble := _columns(client, columns, name_column, any_rows=bool(records))) is not None:
        yield Check.failed("columns", trouble)
        return
    yield Check("columns", f"its fields: {listed(columns)}")
    if answer.etag is not None and not more:
        yield Check("polls", "the list has an ETag: a poll that finds nothing new has an answer without a body")
    else:
        yield Check("polls", "each poll reads all rows: the list has no ETag, or comes in pages")
    if settings.get is not None and records:
        yield _versions(settings, client, records[0].id)
    yield _permission(settings, client)


def _rows(number: int) -> str:
    return "one row" if number == 1 else f"{number} rows"


def _columns(client: Client, columns: Sequence[str], name_column: str, *, any_rows: bool) -> TableError | None:
    if any(fold(column) == fold(name_column) for column in columns):
        return None
    remedy = f'add a field "{name_column}" to the rows in the service, or say in rowd.toml what it is called: columns.Name = "…"'
    if not any_rows:
        remedy = "add a row in the service, or list the rows' fields in `fields` in rowd.toml: an empty list shows none"
    return NeedsOwner(f'{client.where}: no field "{name_column}"; {remedy}. There are: {listed(columns) or "none"}')


def _versions(settings: RestSettings, client: Client, id_: str) -> Check:
    assert settings.get is not None  # noqa: S101 (asked only then)
    try:
        answer = client.ask(Asking("get", settings.get.request), "GET", settings.get.target(id_))
    except TableError as exc:
        return Check.failed("versions", exc)
    if answer.etag is None or answer.etag.startswith("W/"):
        return Check("versions", "rows have no ETag, so an edit in the moment between a look and a write may be written over")
    return Check("versions", "rows have ETags: a write names the version that it is about; the first shows whether that is heeded")


def _permission(settings: RestSettings, client: Client) -> Check:
    says = f"whether rows may be written ({settings.update.request}) can't be told by reading"
    if settings.update.method == "PUT":  # which might make the row
        return Check("permission", says, open=True)
    return Check("permission", says, open=True, proof=lambda: _proved(settings, client))


def _proved(settings: RestSettings, client: Client) -> Check:
    """A change of no cell of a row that isn't there."""
    update = settings.update
    asking = Asking("update", update.request, writing=True, heeds=ABSENT | UNTAKEN)
    try:
        client.ask(asking, update.method, update.target(NOBODY), body=update.filled(NOBODY, {}), type=update.type)
    except Refused as refused:  # it was looked for, so the path answers
        return Check("permission", f"rows may be written, as far as that can be told: of a row that isn't there it says {refused}")
    except TableError as exc:
        return Check.failed("permission", exc)
    return Check("permission", "rows may be written, as far as that can be told: a write of nothing is taken")
