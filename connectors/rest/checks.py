"""Whether everything is there that a table needs: the service, its list, the columns, ETags, the right to write."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from connectors.api import fold
from connectors.errors import NeedsOwner, TableError
from connectors.preparing import Check
from connectors.rest.client import Client
from connectors.rest.errors import Asking, Refused
from connectors.rest.listing import Listing
from connectors.rest.rows import Form, leads_elsewhere
from connectors.rest.sending import CHANGED, UNTAKEN, another, strong
from connectors.rest.settings import RestSettings
from connectors.showing import listed


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
    etag = None
    if settings.get is not None and records:
        check, etag = _versions(settings, client, records[0].id)
        yield check
        if check.trouble is not None:
            return
    yield _permission(settings, client, records[0].id if records else None, etag)


def _rows(number: int) -> str:
    return "one row" if number == 1 else f"{number} rows"


def _columns(client: Client, columns: Sequence[str], name_column: str, *, any_rows: bool) -> TableError | None:
    if any(fold(column) == fold(name_column) for column in columns):
        return None
    remedy = f'add a field "{name_column}" to the rows in the service, or say in rowd.toml what it is called: columns.Name = "…"'
    if not any_rows:
        remedy = "add a row in the service, or list the rows' fields in `fields` in rowd.toml: an empty list shows none"
    return NeedsOwner(f'{client.where}: no field "{name_column}"; {remedy}. There are: {listed(columns) or "none"}')


def _versions(settings: RestSettings, client: Client, id_: str) -> tuple[Check, str | None]:
    """And the ETag of this row, where it has one that a write can name."""
    assert settings.get is not None  # noqa: S101 (asked only then)
    try:
        answer = client.ask(Asking("get", settings.get.request), "GET", settings.get.target(id_))
    except TableError as exc:
        return Check.failed("versions", exc), None
    if (etag := strong(answer)) is None:
        return Check("versions", "rows have no ETag, so an edit in the moment between a look and a write may be written over"), None
    says = "rows have ETags: a write names the version that it is about; the first shows whether that is heeded"
    return Check("versions", says), etag


def _permission(settings: RestSettings, client: Client, id_: str | None, etag: str | None) -> Check:
    """id_: a row's; None where there is none.   etag: its; None where it has none."""
    says = f"whether rows may be written ({settings.update.request}) can't be told by reading"
    if id_ is None or leads_elsewhere(id_) or settings.update.method == "PUT":  # which would have to send all cells
        return Check("permission", says, open=True)
    return Check("permission", says, open=True, proof=lambda: _proved(settings, client, id_, etag))


def _proved(settings: RestSettings, client: Client, id_: str, etag: str | None) -> Check:
    """A change of no cell, for a version that isn't there."""
    update = settings.update
    asking = Asking("update", update.request, writing=True, heeds=UNTAKEN | {CHANGED})
    headers = {"If-Match": another(etag)} if etag is not None else {}
    try:
        client.ask(asking, update.method, update.target(id_), body=update.filled(id_, {}), type=update.type, headers=headers)
    except Refused:  # it is the row's, and was looked at
        pass
    except TableError as exc:
        return Check.failed("permission", exc)
    return Check("permission", "rows may be written, as far as a write of no cell can show that")
