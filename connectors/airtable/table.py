"""A table of an Airtable base as the contract wants it.

Rows are known by their record ids. Columns are known by their field ids when they are read, and by their names when they are
written: a put on a column that a person has renamed since must go nowhere.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any

from msgspec.structs import replace

from connectors.airtable.cells import TEXT_LIMIT, fitted, value_of
from connectors.airtable.checks import examined
from connectors.airtable.client import Client
from connectors.airtable.errors import FIELDS_CHANGED, PERHAPS_GONE, ROW_GONE, SITE, Asking, Refused, Where, said
from connectors.airtable.fields import Fields, fields_of
from connectors.airtable.gone import Gone, doubtful_once, is_key
from connectors.airtable.hook import Hook
from connectors.airtable.journal import ENTRIES, TableJournal
from connectors.airtable.prepare import prepared
from connectors.airtable.settings import CALLS, AirtableSettings
from connectors.api import (
    PROVISIONAL,
    Budget,
    Cell,
    Effect,
    Entry,
    Lease,
    Page,
    Patch,
    Place,
    Recorded,
    Row,
    Traits,
    Window,
    Written,
)
from connectors.errors import Bug, NeedsOwner, TableError, TryLater
from connectors.leases import LeaseRows
from connectors.preparing import Check, Preparation, Wanted
from connectors.showing import offered

BATCH = 10
"""Records of one request at most; airtable.com/developers/web/api/update-multiple-records (VENDORS.md B2)."""
PAGE = 100
"""Records of one page at most; airtable.com/developers/web/api/list-records (VENDORS.md B2)."""
PER_BASE, PER_TOKEN = 5, 50
"""Requests in a second; airtable.com/developers/web/api/rate-limits (VENDORS.md B1)."""
SECOND = timedelta(milliseconds=1005)
"""A little more than what Airtable counts."""

READS = Asking("data.records:read")
FIELDS = Asking("schema.bases:read")
WRITES = Asking("data.records:write", writing=True, heeds=lambda refused: refused.kind in ROW_GONE | FIELDS_CHANGED)


class AirtableTable:
    """Reads and writes one table. `page`: records of one request, for tests."""

    def __init__(self, settings: AirtableSettings, place: Place, *, page: int = PAGE) -> None:
        self._settings = settings
        self._client = Client(settings, place)
        self._page = page
        self._id_column = place.id_column
        self._leases = LeaseRows(place.name_column)
        self._fields: Fields | None = None
        self._table: str | None = None
        self._hook: Hook | None = None
        self._probed = False
        self._unasked = 0
        self._seen: set[str] = set()  # records of the read under way
        self._journal = TableJournal(self._client, settings.history, place.journal) if settings.history else None

    @property
    def traits(self) -> Traits:
        """Airtable has no compare-and-set at all (VENDORS.md B4)."""
        base, token = self._where.scope, f"Airtable token {self._where.secret}"
        windows = [Window("any", PER_BASE, SECOND, base), Window("any", PER_TOKEN, SECOND, token)]
        journal = self._journal.traits if self._journal is not None else None
        return Traits(False, BATCH, tuple(windows), TEXT_LIMIT, tuple(self._budgets()), journal=journal)

    def _budgets(self) -> Iterator[Budget]:
        settings = self._settings
        if (calls := CALLS[settings.plan]) is not None:
            yield Budget(calls, f"Airtable workspace {settings.workspace or f'of {settings.token}'}, {settings.plan} plan")
        if settings.calls_per_month is not None:
            yield Budget(settings.calls_per_month, f'table "{self._where.name}"')

    @property
    def _where(self) -> Where:
        return self._client.where

    # --- reading

    def read(self, cursor: str | None = None) -> Page:
        """A page of 100 records: one request. Before the first, another one for the columns, unless the webhook vouches for them.

        Of a table that is probed, the first read also looks for the webhook of an earlier process. The base's id, where only its
        name is known, is looked up once.
        """
        if cursor is None:
            self._seen = set()
            self._leases.begins()
            if self._fields is None or self._hook is None or not self._hook.vouches:
                self._look_around()
        fields = self._fields
        if fields is None:
            raise Bug(f"{self._where}: there is no page at {cursor!r} before the first")
        options: dict[str, Any] = {"page_size": self._page, "use_field_ids": True}
        if self._where.view is not None:
            options["view"] = self._where.view
        if cursor is not None:
            options["offset"] = cursor
        answer = self._client.ask(READS, "get", self._base_id(), fields.table, options=options)
        rows = tuple(self._row(fields, record) for record in answer["records"] if record["id"] not in self._seen)
        self._seen.update(row.key for row in rows)  # a row that was moved while pages are read may come twice
        return self._leases.apart(Page(rows, fields.names, next=answer.get("offset")))

    def probe(self) -> str:
        """Asked of the webhook; where there is none, each answer is another one, so that every poll reads. At most one request."""
        self._probed = self._settings.webhook
        if self._hook is None and self._fields is not None and self._probed:
            self._hook = Hook(self._client, self._base_id(), self._fields)
        if self._hook is None:
            self._unasked += 1
        return f"{self._unasked} {self._hook.marker() if self._hook is not None else 0}"

    def examine(self) -> Iterator[Check]:
        """The token, the base, the table, rows, the right to write, the webhook."""
        return examined(self._client, self._journal, webhook=self._settings.webhook)

    def prepare(self, wanted: Wanted) -> Preparation:
        """One read, beside the one that looks up the base's id; each step one request, or two."""
        base = self._base_id()
        preparation = prepared(self._client, base, self._read_fields, wanted, self._id_column)
        if self._journal is None:
            return preparation
        return replace(preparation, steps=(*preparation.steps, *self._journal.prepared(base)))

    def link(self, key: str) -> str | None:
        """The record's own page; see `Linked.link`."""
        base, table = self._where.id, self._table
        if base is None or table is None or key.startswith(PROVISIONAL):
            return None
        return f"{SITE}/{base}/{table}" + (f"/{key}" if key else "")

    def lease(self, lease: Lease) -> None:
        """As a row; see `Leased.lease`."""
        self._leases.lease(self, lease)

    def release(self, holder: str) -> None:
        """See `Leased.release`."""
        self._leases.release(self, holder)

    def close(self) -> None:
        """The webhook stays, for the next process: it ends by itself when nobody asks it for seven days."""
        self._client.close()

    def _row(self, fields: Fields, record: Mapping[str, Any]) -> Row:
        cells = record["fields"]
        return Row(record["id"], {field.name: value_of(field, cells.get(field.id)) for field in fields.fields})

    def _look_around(self) -> None:
        fields = self._read_fields()
        if self._probed and self._hook is None:
            self._hook = Hook(self._client, self._base_id(), fields)
            self._hook.adopt()

    def _read_fields(self) -> Fields:
        answer = self._client.ask(FIELDS, "get", "meta", "bases", self._base_id(), "tables")
        if self._journal is not None:
            self._journal.knows(answer)
        self._fields = fields_of(answer, self._where.table, self._table, self._where)
        self._table = self._fields.table
        if self._hook is not None:
            self._hook.knows(self._fields)
        return self._fields

    def _base_id(self) -> str:
        known = self._where.id
        if known is None:
            found: list[dict[str, Any]] = []
            offset: str | None = None
            while True:
                options = {"offset": offset} if offset is not None else {}
                answer = self._client.ask(FIELDS, "get", "meta", "bases", options=options)
                found += answer["bases"]
                if (offset := answer.get("offset")) is None:
                    break
            ids = [each["id"] for each in found if each["name"] == self._where.base]
            if len(ids) != 1:
                names = offered(self._where.base, [each["name"] for each in found])
                what = "several bases of that name; write the id (app…) of the one" if ids else f"no such base; it has {names}"
                raise NeedsOwner(f"{self._where}: the token has access to {what}. Correct `base` in rowd.toml.")
            known = str(ids[0])
            self._client.where = replace(self._where, id=known)
        return known

    # --- writing

    def write(self, patches: Sequence[Patch]) -> list[Written]:
        """One request, or none where nothing is to be put. Airtable takes a batch whole or refuses it whole: what made it refuse is
        found out by another one, and the rest is sent again (docs/decisions/0016-refused-batches.md).
        """
        if len(patches) > BATCH or any(patch.expect for patch in patches):
            raise Bug(f"at most {BATCH} patches, without `expect`")
        if not patches:
            return []
        fields, anew = self._fields, False
        if fields is None or any(fitted(fields, patch.put)[1] for patch in patches):
            fields, anew = self._read_fields(), True  # also where a field can't hold something: perhaps it has got what it lacked
        gone = Gone(self._client, self._base_id(), fields.table)
        with doubtful_once(gone):
            while True:
                ready = [fitted(fields, patch.put) for patch in patches]
                records = [
                    {"id": patch.key, "fields": cells}
                    for patch, (cells, _) in zip(patches, ready, strict=True)
                    if cells and is_key(patch.key) and patch.key not in gone.keys
                ]
                try:
                    answered = self._patch(fields, records) if records else {}
                except Refused as refused:
                    gone.refused = True
                    if refused.kind in FIELDS_CHANGED and not anew:
                        self._fields = None
                        fields, anew = self._read_fields(), True
                    elif refused.kind not in ROW_GONE or not gone.looked_for([str(record["id"]) for record in records]):
                        raise said(refused, self._where, WRITES) from refused
                    continue
                return [
                    self._written(fields, patch, unfit, answered.get(patch.key), sent=bool(cells))
                    if is_key(patch.key) and patch.key not in gone.keys
                    else Written(Effect.MISSING)
                    for patch, (cells, unfit) in zip(patches, ready, strict=True)
                ]

    def record(self, patches: Sequence[Patch], entries: Sequence[Entry]) -> Recorded:
        """Patches as `write` has them, then entries: see `TableJournal.record`."""
        written = self.write(patches)
        if self._journal is None or len(entries) > ENTRIES:
            raise Bug(f"{self._where}: a journal, of at most {ENTRIES} entries at once")
        try:
            if entries:
                self._journal.record(self._base_id(), entries, self._read_fields)
        except TableError as exc:
            return Recorded(written, exc)
        return Recorded(written)

    def create(self, rows: Sequence[Mapping[str, Cell]]) -> list[str]:
        """At most ten; they stand last in views that are not sorted. Also reads the columns, where nothing has read them yet."""
        if len(rows) > BATCH:
            raise Bug(f"at most {BATCH} rows")
        if not rows:
            return []
        fields = self._fields or self._read_fields()
        ready = [fitted(fields, row) for row in rows]
        if unfit := [why for _, sentences in ready for why in sentences.values()]:
            self._fields = None
            raise NeedsOwner(f"{self._where}: {'; '.join(unfit)}")
        body = {"records": [{"fields": cells} for cells, _ in ready], "typecast": False}
        asking = Asking("data.records:write", writing=True, heeds=lambda refused: refused.kind in FIELDS_CHANGED)
        try:
            answer = self._client.ask(asking, "post", self._base_id(), fields.table, json=body)
        except Refused as refused:
            self._fields = None
            raise TryLater(f"{self._where}: the columns are not what they were ({refused})") from refused
        return [record["id"] for record in answer["records"]]

    def unfit(self, cells: Mapping[str, Cell]) -> Mapping[str, str]:
        """By the fields as they were read last."""
        return fitted(self._fields, cells)[1] if self._fields is not None else {}

    def delete(self, keys: Sequence[str]) -> list[Effect]:
        """One request; where it is refused, what is gone already is found out by another one, and the rest is sent again."""
        if len(keys) > BATCH:
            raise Bug(f"at most {BATCH} rows")
        fields = self._fields or self._read_fields()
        gone = Gone(self._client, self._base_id(), fields.table)
        asking = Asking("data.records:write", writing=True, heeds=lambda refused: refused.kind in PERHAPS_GONE)
        with doubtful_once(gone):
            while ids := [key for key in keys if is_key(key) and key not in gone.keys]:
                try:
                    self._client.ask(asking, "delete", self._base_id(), fields.table, params={"records[]": ids})
                except Refused as refused:
                    gone.refused = True
                    if not gone.looked_for(ids):
                        raise said(refused, self._where, asking) from refused
                else:
                    break
        return [Effect.APPLIED if key in ids else Effect.MISSING for key in keys]

    def _patch(self, fields: Fields, records: Sequence[Mapping[str, Any]]) -> dict[str, Mapping[str, Any]]:
        """Record id → its cells by field id, as they stand now. Raises Refused where a row is gone, or the fields are others."""
        body = {"records": list(records), "returnFieldsByFieldId": True, "typecast": False}
        answer = self._client.ask(WRITES, "patch", self._base_id(), fields.table, json=body)
        return {record["id"]: record["fields"] for record in answer["records"]}

    def _written(
        self, fields: Fields, patch: Patch, unfit: Mapping[str, str], raw: Mapping[str, Any] | None, *, sent: bool
    ) -> Written:
        if raw is None:
            if sent:
                raise Bug(f"{self._where}: Airtable's answer leaves out {patch.key}")
            return Written(Effect.APPLIED, unfit=unfit)
        if self._hook is not None:
            self._hook.answered(patch.key, raw)
        return Written(Effect.APPLIED, self._row(fields, {"id": patch.key, "fields": raw}), unfit)
