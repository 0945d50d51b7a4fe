"""A list of a JSON service as the contract wants a table."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from msgspec import Struct

from connectors.api import Budget, Cell, Effect, Lease, Page, Patch, Place, Table, Traits, Window, Written, fold
from connectors.errors import Bug, NeedsOwner, OutcomeUnknown
from connectors.leases import LeaseRows
from connectors.preparing import Check
from connectors.rest.asks import Create, Delete
from connectors.rest.checks import examined
from connectors.rest.client import Client
from connectors.rest.errors import Asking, Refused
from connectors.rest.listing import Listing
from connectors.rest.news import News
from connectors.rest.rows import Form, leads_elsewhere, meant, spelled
from connectors.rest.sending import ABSENT, CHANGED, Sending
from connectors.rest.settings import RestSettings
from connectors.showing import shown

if TYPE_CHECKING:
    import httpx

SECOND, MINUTE = timedelta(milliseconds=1005), timedelta(seconds=61)
"""A little more than what the service counts."""


class RestTable:
    """Reads and writes one list. Rows are known by the service's own keys.

    probe: there once a read has found that the list bears an ETag, and fits into one answer; only then can it be asked cheaply
        whether anything changed (`Probeable`).
    """

    probe: Callable[[], str]

    def __init__(self, settings: RestSettings, place: Place, *, transport: httpx.BaseTransport | None = None) -> None:
        """transport: what takes requests instead of a network, for tests."""
        self._settings = settings
        self._place = place
        self._client = Client(settings, place, transport)
        self._form = Form(settings, self._client.where)
        self._listing = Listing(settings, self._client, self._form)
        self._news = News(self._listing, self._form)
        self._sending = Sending(settings, self._client, self._form, self._listing, self._news)
        self._leases = LeaseRows(place.name_column)

    @property
    def traits(self) -> Traits:
        """`atomic_expect` once a write has shown that If-Match is heeded. How people see the list sorted, no service tells."""
        return Traits(
            atomic_expect=self._sending.conditional is True,
            batch=1,
            windows=tuple(self._windows()),
            cell_limit=self._settings.cell_limit,
            budgets=tuple(self._budgets()),
            ordered=False,
        )

    def _windows(self) -> Iterator[Window]:
        settings = self._settings
        if settings.requests_per_second is not None:
            yield Window("any", settings.requests_per_second, SECOND, settings.scope)
        if settings.requests_per_minute is not None:
            yield Window("any", settings.requests_per_minute, MINUTE, settings.scope)

    def _budgets(self) -> Iterator[Budget]:
        if self._settings.requests_per_month is not None:
            yield Budget(self._settings.requests_per_month, self._settings.scope)

    def read(self, cursor: str | None = None) -> Page:
        """Every row, on one page: as many requests as the service has pages, for only all rows together tell the columns."""
        if cursor is not None:
            raise Bug(f"{self._client.where} is read as a whole, so there is no page at {cursor!r}")
        listed = self._sending.read()
        rows = tuple(self._form.row(record, listed.columns) for record in listed.records.values())
        self._news.read(listed, rows)
        if self._news.possible:
            self.probe = self._news.probe
        self._leases.begins()
        return self._leases.apart(Page(rows, listed.columns))

    def write(self, patches: Sequence[Patch]) -> list[Written]:
        """At most one patch. As many requests as it takes to write it to what stands there: docs/decisions/0022-any-service.md."""
        if len(patches) > 1:
            raise Bug("at most one patch")
        return [self._sending.write(patch) for patch in patches]

    def examine(self) -> Iterator[Check]:
        """The connection, the list, its columns, how polls are answered, the right to write."""
        return examined(self._settings, self._client, self._listing, self._form, self._place.name_column)

    def close(self) -> None:
        self._client.close()


class EditableRestTable(RestTable):
    """One whose service also makes or removes rows."""

    def create(self, rows: Sequence[Mapping[str, Cell]]) -> list[str]:
        """At most one. Where the operator has given rowd the choice of its key, a row that is there is never written over."""
        if len(rows) > 1:
            raise Bug("at most one row")
        return [self._create(row) for row in rows]

    def delete(self, keys: Sequence[str]) -> list[Effect]:
        """At most one."""
        if len(keys) > 1:
            raise Bug("at most one row")
        return [self._delete(key) for key in keys]

    def _create(self, row: Mapping[str, Cell]) -> str:
        create = self._settings.create
        if create is None:
            raise NeedsOwner(f"{self._client.where}: how a row is made isn't said; add `create` in rowd.toml")
        known, form = self._sending.known(), self._form
        these = {h: v for h, v in row.items() if h in known.columns and h != form.key_field}
        cells = {h: form.json_of(h, v, known.records.values()) for h, v in these.items()}
        id_ = self._chosen(row) if create.chooses else ""
        asking = Asking("create", create.request, writing=True, heeds=frozenset({CHANGED}) if create.chooses else frozenset())
        headers = {"If-None-Match": "*"} if create.method == "PUT" else {}
        try:
            answer = self._client.ask(
                asking, create.method, create.target(id_), body=create.filled(id_, cells), type=create.type, headers=headers
            )
        except Refused as refused:
            raise NeedsOwner(f"{self._client.where}: there is a row with the key {shown(id_)} already; choose another") from refused
        return self._key_of(create, answer.document, id_)

    def _chosen(self, row: Mapping[str, Cell]) -> str:
        """The key field's text, else that under ID, else one of our own."""
        wanted = {fold(self._place.id_column), fold(self._form.key_field or "")} - {""}
        named = next((str(value).strip() for header, value in row.items() if value is not None and fold(header) in wanted), "")
        if named and leads_elsewhere(named):
            raise NeedsOwner(f"{self._client.where}: {shown(named)} can't be a key, for it would lead elsewhere; choose another")
        return named or uuid4().hex

    def _key_of(self, create: Create, document: Any, id_: str) -> str:
        record = self._form.record(create.row.of(document))
        if record is None and not id_:
            raise OutcomeUnknown(
                f"{self._client.where}: the row was made, but the answer doesn't show it at {create.row}; correct create.row in"
                " rowd.toml"
            )
        return record.key if record is not None else spelled(id_)

    def _delete(self, key: str) -> Effect:
        delete: Delete | None = self._settings.delete
        if delete is None:
            raise NeedsOwner(f"{self._client.where}: how a row is removed isn't said; add `delete` in rowd.toml")
        id_ = meant(key)
        if leads_elsewhere(id_):
            raise NeedsOwner(
                f"{self._client.where}: the key {shown(id_)} would lead elsewhere; remove that row in the service itself"
            )
        asking = Asking("delete", delete.request, writing=True, heeds=ABSENT)
        try:
            self._client.ask(asking, delete.method, delete.target(id_), body={} if delete.method == "POST" else None)
        except Refused as refused:
            self._sending.gone(id_, refused)
            return Effect.MISSING
        return Effect.APPLIED


class LeasedRestTable(EditableRestTable):
    """One that tells a second daemon of the first."""

    def lease(self, lease: Lease) -> None:
        """As a row; see `Leased.lease`."""
        self._leases.lease(_Ours(self, self._sending), lease)

    def release(self, holder: str) -> None:
        """See `Leased.release`."""
        self._leases.release(_Ours(self, self._sending), holder)


class _Ours(Struct, frozen=True):
    """Rows that nobody else edits."""

    table: EditableRestTable
    sending: Sending

    def write(self, patches: Sequence[Patch]) -> list[Written]:
        return [self.sending.plainly(patch) for patch in patches]

    def create(self, rows: Sequence[Mapping[str, Cell]]) -> list[str]:
        return self.table.create(rows)

    def delete(self, keys: Sequence[str]) -> list[Effect]:
        return self.table.delete(keys)


def opened(settings: RestSettings, place: Place) -> Table:
    """A table whose rows can be made or removed only where the operator says how.

    A lease is a row that is made, removed, and written without a look at it: put as a whole, it might come back from the dead.
    """
    if settings.create is None and settings.delete is None:
        return RestTable(settings, place)
    both = settings.create is not None and settings.delete is not None
    leased = settings.lease and both and settings.update.method != "PUT"
    return LeasedRestTable(settings, place) if leased else EditableRestTable(settings, place)
