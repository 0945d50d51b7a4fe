"""A table of an Airtable base as the contract wants it.

Rows are known by their record ids. Columns are known by their field ids when they are read, and by their names when they are
written: a put on a column that a person has renamed since must go nowhere.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any

from connectors.airtable.cells import TEXT_LIMIT, Unfit, json_of, value_of
from connectors.airtable.checks import examined
from connectors.airtable.client import Client
from connectors.airtable.errors import FIELDS_CHANGED, PERHAPS_GONE, ROW_GONE, Asking, Refused, said
from connectors.airtable.fields import Fields, fields_of
from connectors.airtable.gone import Gone, is_key
from connectors.airtable.hook import Hook
from connectors.airtable.prepare import prepared
from connectors.airtable.settings import AirtableSettings, is_base
from connectors.api import Cell, Effect, Page, Patch, Place, Row, Traits, Window, Written
from connectors.errors import Bug, NeedsOwner, TryLater
from connectors.preparing import Check, Preparation, Wanted

BATCH = 10
"""Records of one request at most; airtable.com/developers/web/api/update-multiple-records (VENDORS.md B2)."""
PAGE = 100
"""Records of one page at most; airtable.com/developers/web/api/list-records (VENDORS.md B2)."""
PER_BASE, PER_TOKEN = 5, 50
"""Requests in a second; airtable.com/developers/web/api/rate-limits (VENDORS.md B1)."""
SECOND = timedelta(milliseconds=1050)
"""Airtable counts requests when they come in, we when they go out: what they may take longer by is kept clear."""
MONTH = timedelta(days=31)

HOOKS, FIRST = "hooks", "first"
"""Cursors after the page that tells the columns: of the page that looks for a webhook, and of the first page of records."""

READS = Asking("data.records:read")
FIELDS = Asking("schema.bases:read")


class AirtableTable:
    """Reads and writes one table. `page`: records of one request, for tests."""

    def __init__(self, settings: AirtableSettings, place: Place, *, page: int = PAGE) -> None:
        self._settings = settings
        self._client = Client(settings, place)
        self._page = page
        self._id_column = place.id_column
        self._where = self._client.where
        self._base: str | None = settings.address.base if is_base(settings.address.base) else None
        self._fields: Fields | None = None
        self._table: str | None = None
        self._gone = Gone(self._client)
        self._hook: Hook | None = None
        self._probed = False
        self._unasked = 0
        self._read_for_write = False  # the fields were read since they turned out not to be what they were
        self._seen: set[str] = set()  # records of the read under way

    @property
    def traits(self) -> Traits:
        """Airtable has no compare-and-set at all (VENDORS.md B4)."""
        base, token = f"base {self._where.base}", f"token {self._where.secret}"
        windows = [Window("any", PER_BASE, SECOND, base), Window("any", PER_TOKEN, SECOND, token)]
        if (calls := self._settings.calls) is not None:
            windows.append(Window("any", calls, MONTH, "workspace"))
        return Traits(atomic_expect=False, batch=BATCH, windows=tuple(windows), cell_limit=TEXT_LIMIT)

    # --- reading

    def read(self, cursor: str | None = None) -> Page:
        """A page without rows that tells the columns, unless the webhook vouches for them; then pages of 100 records.

        Of a table that is probed, the first read also has a page without rows that looks for the webhook of an earlier process. The
        base's id, where only its name is known, is looked up by one more request, once; it doesn't count for the base.
        """
        if cursor is None:
            self._seen = set()
            if self._fields is None or self._hook is None or not self._hook.vouches:
                return Page((), self._read_fields().names, next=HOOKS if self._probed and self._hook is None else FIRST)
        fields = self._fields
        if fields is None:
            raise Bug(f"{self._where}: there is no page at {cursor!r} before the first")
        if cursor == HOOKS:
            self._hook = Hook(self._client, self._base_id(), fields)
            self._hook.adopt()
            return Page((), fields.names, next=FIRST)
        options: dict[str, Any] = {"page_size": self._page, "use_field_ids": True}
        if self._where.view is not None:
            options["view"] = self._where.view
        if cursor not in (None, FIRST):
            options["offset"] = cursor
        answer = self._client.ask(READS, "get", self._base_id(), fields.table, options=options)
        rows = tuple(self._row(fields, record) for record in answer["records"] if record["id"] not in self._seen)
        self._seen.update(row.key for row in rows)  # a row that was moved while pages are read may come twice
        return Page(rows, fields.names, next=answer.get("offset"))

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
        return examined(self._client, webhook=self._settings.webhook)

    def prepare(self, wanted: Wanted) -> Preparation:
        """One read, beside the one that looks up the base's id; each step one request, or two."""
        return prepared(self._client, self._base_id(), self._read_fields, wanted, self._id_column)

    def close(self) -> None:
        """The webhook stays, for the next process: it ends by itself when nobody asks it for seven days."""
        self._client.close()

    def _row(self, fields: Fields, record: Mapping[str, Any]) -> Row:
        cells = record["fields"]
        return Row(record["id"], {field.name: value_of(field, cells.get(field.id)) for field in fields.fields})

    def _read_fields(self) -> Fields:
        answer = self._client.ask(FIELDS, "get", "meta", "bases", self._base_id(), "tables")
        self._fields = fields_of(answer, self._where.table, self._table, self._where)
        self._table = self._fields.table
        if self._hook is not None:
            self._hook.knows(self._fields)
        return self._fields

    def _base_id(self) -> str:
        if self._base is None:
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
                names = ", ".join(f'"{each["name"]}"' for each in found) or "none"
                what = "several bases of that name; write the id (app…) of the one" if ids else f"no such base; it has {names}"
                raise NeedsOwner(f"{self._where}: the token has access to {what}. Correct `base` in rowd.toml.")
            self._base = ids[0]
        return self._base

    # --- writing

    def write(self, patches: Sequence[Patch]) -> list[Written]:
        """Exactly one request, or none where nothing is to be put. Airtable takes a batch whole or refuses it whole: what made it
        refuse is found out by requests of their own, and until then patches are answered with AGAIN
        (docs/decisions/0016-one-request-a-call.md).
        """
        if len(patches) > BATCH or any(patch.expect for patch in patches):
            raise Bug(f"at most {BATCH} patches, without `expect`")
        again = [Written(Effect.AGAIN)] * len(patches)
        fields = self._fields
        ready = [_fitted(fields, patch.put) for patch in patches] if fields is not None else []
        if fields is None or (any(unfit for _, unfit in ready) and not self._read_for_write):
            self._read_fields()  # also where a field can't hold something: perhaps it was given what it lacked
            self._read_for_write = True
            return again
        records = [
            {"id": patch.key, "fields": cells}
            for patch, (cells, _) in zip(patches, ready, strict=True)
            if cells and is_key(patch.key)
        ]
        ids = [str(record["id"]) for record in records]
        if (there := self._gone.there(ids, self._base_id(), fields.table)) is not None:
            return [Written(Effect.MISSING if patch.key in ids and patch.key not in there else Effect.AGAIN) for patch in patches]
        answered = self._patch(fields, records) if records else {}
        if answered is None:
            return again
        self._read_for_write = False
        return [
            self._written(fields, patch, unfit, answered.get(patch.key), sent=bool(cells))
            for patch, (cells, unfit) in zip(patches, ready, strict=True)
        ]

    def create(self, rows: Sequence[Mapping[str, Cell]]) -> list[str]:
        """At most ten; they stand last in views that are not sorted. Also reads the columns, where nothing has read them yet."""
        if len(rows) > BATCH:
            raise Bug(f"at most {BATCH} rows")
        if not rows:
            return []
        fields = self._fields or self._read_fields()
        ready = [_fitted(fields, row) for row in rows]
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

    def delete(self, keys: Sequence[str]) -> list[Effect]:
        """Exactly one request; AGAIN as `write` answers it."""
        if len(keys) > BATCH:
            raise Bug(f"at most {BATCH} rows")
        fields = self._fields or self._read_fields()
        ids = [key for key in keys if is_key(key)]
        if not ids:
            return [Effect.MISSING] * len(keys)
        if (there := self._gone.there(ids, self._base_id(), fields.table)) is not None:
            return [Effect.AGAIN if key in there else Effect.MISSING for key in keys]
        asking = Asking("data.records:write", writing=True, heeds=lambda refused: refused.kind in PERHAPS_GONE)
        try:
            self._client.ask(asking, "delete", self._base_id(), fields.table, params={"records[]": ids})
        except Refused as refused:
            if self._gone.doubt(ids):
                return [Effect.AGAIN] * len(keys)
            raise said(refused, self._where, asking) from refused
        self._gone.clear()
        return [Effect.APPLIED if is_key(key) else Effect.MISSING for key in keys]

    def _patch(self, fields: Fields, records: Sequence[Mapping[str, Any]]) -> dict[str, Mapping[str, Any]] | None:
        """Record id → its cells by field id, as they stand now; None where nothing was written, and it is to be tried again."""
        body = {"records": list(records), "returnFieldsByFieldId": True, "typecast": False}
        heeded = ROW_GONE | FIELDS_CHANGED
        asking = Asking("data.records:write", writing=True, heeds=lambda refused: refused.kind in heeded)
        try:
            answer = self._client.ask(asking, "patch", self._base_id(), fields.table, json=body)
        except Refused as refused:
            if refused.kind in ROW_GONE and self._gone.doubt([record["id"] for record in records]):
                return None
            if refused.kind in FIELDS_CHANGED and not self._read_for_write:
                self._fields = None
                return None
            self._read_for_write = False
            raise said(refused, self._where, asking) from refused
        self._gone.clear()
        return {record["id"]: record["fields"] for record in answer["records"]}

    def _written(
        self, fields: Fields, patch: Patch, unfit: Mapping[str, str], raw: Mapping[str, Any] | None, *, sent: bool
    ) -> Written:
        if not is_key(patch.key):
            return Written(Effect.MISSING)
        if raw is None:
            if sent:
                raise Bug(f"{self._where}: Airtable's answer leaves out {patch.key}")
            return Written(Effect.APPLIED, unfit=unfit)
        if self._hook is not None:
            self._hook.answered(patch.key, raw)
        return Written(Effect.APPLIED, self._row(fields, {"id": patch.key, "fields": raw}), unfit)


def _fitted(fields: Fields, put: Mapping[str, Cell]) -> tuple[dict[str, Any], dict[str, str]]:
    """Header → JSON of what can be put, and header → why of what can't. A header that the table doesn't have is dropped."""
    cells, unfit = {}, {}
    for header, value in put.items():
        if (field := fields.by_name.get(header)) is None:
            continue
        try:
            cells[header] = json_of(field, value)
        except Unfit as exc:
            unfit[header] = str(exc)
    return cells, unfit
