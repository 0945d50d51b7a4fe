"""A data source of Notion as the contract wants a table.

Rows are known by their page ids. Columns are known by their property ids when they are read, and by their names when they are
written: a put on a column that a person has renamed since must go nowhere.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any, TypeVar

from connectors.api import PROVISIONAL, Cell, Effect, Lease, Page, Patch, Place, Row, Traits, Window, Written
from connectors.errors import Bug, Expired, NeedsOwner, TryLater
from connectors.leases import LeaseRows
from connectors.notion.cells import TEXT_LIMIT, Unfit, json_of, value_of
from connectors.notion.checks import examined
from connectors.notion.client import Client
from connectors.notion.doubt import HEEDED, Doubt, belongs
from connectors.notion.errors import INSERTS, SITE, UPDATES, Asking, Refused, said
from connectors.notion.fields import Fields
from connectors.notion.late import Late
from connectors.notion.news import News
from connectors.notion.prepare import prepared
from connectors.notion.settings import NotionSettings, dashed
from connectors.notion.source import READS, Source, is_gone
from connectors.preparing import Check, Preparation, Wanted

PAGE = 100
"""Rows of one answer at most; developers.notion.com/reference/query-a-data-source (VENDORS.md C2)."""
FEWEST = 10
"""A query is not made smaller than that, however often Notion asks for smaller ones."""
MOST = 10_000
"""Rows of one query at most (VENDORS.md C2)."""
SPAN = timedelta(seconds=61)
"""Notion counts requests when they come in, we when they go out: what they may take longer by is kept clear."""

FIRST, COLUMNS, LOOK = "first", "columns", "look at "
"""Cursors: of the first page of rows after the page that tells the columns; of that page after one without rows; and, before a key,
of a row that the query shows late."""

TRIES = 8
"""Requests that one write may take to find out why it is refused."""

T = TypeVar("T")


class NotionTable:
    """Reads and writes one data source. `page`: rows of one request, for tests."""

    def __init__(self, settings: NotionSettings, place: Place, *, page: int = PAGE) -> None:
        self._settings = settings
        self._client = Client(settings, place)
        self._where = self._client.where
        self._source = Source(settings, self._client)
        self._doubt = Doubt(self._client, self._source)
        self._news = News(page)
        self._late = Late()
        self._page = self._size = page
        self._id_column = place.id_column
        self._leases = LeaseRows(place.name_column)
        self._fields: Fields | None = None
        self._listed: frozenset[str] | None = None  # the columns that rows have shown since the fields were read
        self._told = False  # the read under way has asked for the columns
        self._begun = False  # it has met a row, which shows them
        self._fresh = False  # so has the write under way, since they turned out not to be what they were

    @property
    def traits(self) -> Traits:
        """One page a request: Notion has no other way to write (VENDORS.md C2), and no compare-and-set (C4)."""
        window = Window("any", self._settings.requests_per_minute, SPAN, self._where.scope)
        return Traits(atomic_expect=False, batch=1, windows=(window,), cell_limit=TEXT_LIMIT, ordered=False, lag=self._settings.lag)

    # --- reading

    def read(self, cursor: str | None = None) -> Page:
        """Pages of 100 rows, the oldest first. Each row shows all columns there are, so that a small table takes one request.

        A page without rows goes before, where the columns aren't known yet; or after, where there is no row that shows them.
        Rows that the query shows late come at the end, each by a request of its own.
        """
        if cursor is None:
            self._told, self._begun = self._fields is None, False
            self._news.begins()
            self._late.begins()
            self._leases.begins()
            if self._fields is None:
                return Page((), self._read_fields().names, next=FIRST)
        fields = self._fields
        if fields is None:
            raise Bug(f"{self._where}: there is no page at {cursor!r} before the first")
        if cursor == COLUMNS:
            self._told = True
            if self._read_fields() != fields:
                raise Expired(f"{self._where}: the columns were changed while it was read")
            return self._leases.apart(Page((), fields.names, next=self._after()))
        if cursor is not None and cursor.startswith(LOOK):
            rows = self._looked_at(fields, cursor.removeprefix(LOOK))
            return self._leases.apart(Page(rows, fields.names, next=self._after()))
        answer = self._query(fields, cursor if cursor != FIRST else None)
        rows = self._rows_of(fields, answer)
        after = answer.get("next_cursor") if answer.get("has_more") else self._after()
        return self._leases.apart(Page(rows, fields.names, next=after))

    def _after(self) -> str | None:
        """What comes after the query's last page; None where the read is complete."""
        if not (self._told or self._begun):
            return COLUMNS
        if (key := self._late.next()) is not None:
            return LOOK + key
        self._news.ends()
        self._late.ends()
        self._size = self._page
        return None

    def probe(self) -> str:
        """At most one request: none where a whole read takes no more."""
        fields = self._fields
        if fields is None:
            self._news.meets()
        elif (body := self._news.question()) is not None:
            answer = self._client.ask(READS, "POST", "data_sources", fields.source, "query", body=body)
            pages = [page for page in answer["results"] if page["object"] == "page" and not is_gone(page)]
            whole = not answer.get("has_more") and all(self._as_known(fields, page) for page in pages[:1])
            rows = {page["id"]: self._row(fields, page).cells for page in pages}
            self._news.answered(rows, self._client.told, whole=whole)
        return self._news.marker

    def examine(self) -> Iterator[Check]:
        """The token, the database, columns, rows, the right to write. An id that is a data source's own takes a request more."""
        return examined(self._client, self._source)

    def prepare(self, wanted: Wanted) -> Preparation:
        """One read, beside those that find the data source; each step two requests."""
        return prepared(self._client, self._read_fields, wanted, self._id_column)

    def link(self, key: str) -> str | None:
        """The row's own page, or the database; see `Linked.link`."""
        return f"{SITE}/{(key or self._settings.id).replace('-', '')}" if not key.startswith(PROVISIONAL) else None

    def lease(self, lease: Lease) -> None:
        """As a row; see `Leased.lease`."""
        self._leases.lease(self, lease)

    def release(self, holder: str) -> None:
        """See `Leased.release`."""
        self._leases.release(self, holder)

    def close(self) -> None:
        self._client.close()

    def _query(self, fields: Fields, cursor: str | None) -> dict[str, Any]:
        """In the order in which rows were made; without sorts it is undefined (VENDORS.md C4)."""
        body: dict[str, Any] = {"page_size": self._size, "sorts": [{"timestamp": "created_time", "direction": "ascending"}]}
        if cursor is not None:
            body["start_cursor"] = cursor
        asking = Asking(READS.capability, heeds=lambda refused: refused.status == 503 and "page_size" in refused.advice)
        try:
            answer = self._client.ask(asking, "POST", "data_sources", fields.source, "query", body=body)
        except Refused as refused:  # it wants to be asked for less at once
            self._size = max(self._size // 2, min(FEWEST, self._page))
            raise said(refused, self._where, asking) from refused
        self._news.answers(self._client.told)
        status = answer.get("request_status")
        if isinstance(status, dict) and status.get("type") == "incomplete":
            raise NeedsOwner(
                f"{self._where}: the database has more than {MOST:,} rows, and Notion shows no program the others. Move rows that"
                " are over into another database, or into the trash."
            )
        return answer

    def _rows_of(self, fields: Fields, answer: Mapping[str, Any]) -> tuple[Row, ...]:
        """Raises Expired where their columns are not those that are known."""
        pages = [page for page in answer["results"] if page["object"] == "page" and not is_gone(page)]
        if not all(self._as_known(fields, page) for page in pages[:1]):
            self._fields = None
            raise Expired(f"{self._where}: the columns were changed since they were read")
        self._begun |= bool(pages)
        rows = [(self._row(fields, page), str(page["last_edited_time"])) for page in pages]
        late = self._late.holds_back
        return tuple(row for row, edited in rows if not late(row.key, row.cells, edited) and self._news.saw(row))

    def _looked_at(self, fields: Fields, key: str) -> tuple[Row, ...]:
        """A row as its page says; none where it is gone."""
        asking = Asking(READS.capability, heeds=lambda refused: refused.code == "object_not_found")
        try:
            page = self._client.ask(asking, "GET", "pages", key)
        except Refused:  # that it isn't the whole table which can't be seen, the query has just shown
            page = {}
        if not belongs(page, fields.source) or is_gone(page):
            self._late.asked(key, None)
            return ()
        row = self._row(fields, page)
        self._late.asked(key, row.cells)
        return (row,) if self._news.saw(row) else ()

    def _as_known(self, fields: Fields, page: Mapping[str, Any]) -> bool:
        properties = page["properties"]
        listed = frozenset(told["id"] for told in properties.values())
        if self._listed is None:
            self._listed = listed
        return listed == self._listed and fields.are_those_of(properties)

    def _row(self, fields: Fields, page: Mapping[str, Any]) -> Row:
        told = {each["id"]: each for each in page["properties"].values()}
        return Row(page["id"], {field.name: value_of(told.get(field.id)) for field in fields.fields})

    def _read_fields(self) -> Fields:
        self._fields, self._listed = self._source.fields(), None
        return self._fields

    # --- writing

    def write(self, patches: Sequence[Patch]) -> list[Written]:
        """One request, or none where nothing is to be put; one more where the data source isn't known yet.

        Where Notion refuses, why is found out by requests of their own (docs/decisions/0018-a-page-a-patch.md).
        """
        if len(patches) > 1 or any(patch.expect for patch in patches):
            raise Bug("at most one patch, without `expect`")
        return [_settled(lambda patch=patch: self._write(patch)) for patch in patches]  # type: ignore[misc]  # mypy: default

    def create(self, rows: Sequence[Mapping[str, Cell]]) -> list[str]:
        """At most one. Also reads the columns, where nothing has read them yet."""
        if len(rows) > 1:
            raise Bug("at most one row")
        if not rows:
            return []
        fields = self._fields or self._read_fields()
        ready, unfit = _fitted(fields, rows[0])
        if unfit:
            self._fields = None
            raise NeedsOwner(f"{self._where}: {'; '.join(unfit.values())}")
        body = {"parent": {"type": "data_source_id", "data_source_id": fields.source}, "properties": ready}
        asking = Asking(INSERTS, writing=True, heeds=lambda refused: refused.code == "validation_error")
        try:
            answer = self._client.ask(asking, "POST", "pages", body=body)
        except Refused as refused:
            self._fields = None
            raise TryLater(f"{self._where}: the columns are not what they were ({refused})") from refused
        if "properties" in answer:  # not for a connection that may not read
            row = self._row(fields, answer)
            self._late.wrote(row.key, None, row.cells, answer["last_edited_time"])
        return [str(answer["id"])]

    def unfit(self, cells: Mapping[str, Cell]) -> Mapping[str, str]:
        """By the properties as they were read last."""
        return _fitted(self._fields, cells)[1] if self._fields is not None else {}

    def delete(self, keys: Sequence[str]) -> list[Effect]:
        """At most one, into the trash, as `write` does."""
        if len(keys) > 1:
            raise Bug("at most one row")
        return [_settled(lambda key=key: self._delete(key)) for key in keys]  # type: ignore[misc]  # mypy: default

    def _write(self, patch: Patch) -> Written | None:
        """One request; None where it told only what to ask next."""
        fields = self._fields
        if fields is None:
            self._refresh()
            return None
        if self._doubt.about(patch.key):
            gone = self._doubt.gone(patch.key)
            self._fields = None if gone is False else fields  # it is there, so its columns must be others
            return self._missing(patch.key) if gone else None
        ready, unfit = _fitted(fields, patch.put)
        if unfit and not self._fresh:
            self._refresh()  # perhaps the column was given what it lacked
            return None
        if dashed(patch.key) is None:
            return Written(Effect.MISSING)
        if not ready:
            self._fresh = False
            return Written(Effect.APPLIED, unfit=unfit)
        page = self._patch(patch.key, {"properties": ready})
        if page is None:
            return None
        self._fresh = False
        if is_gone(page) or not belongs(page, fields.source):
            return self._missing(patch.key)
        row = self._row(fields, page)
        self._late.wrote(row.key, self._news.cells(row.key), row.cells, page["last_edited_time"])
        self._news.wrote(row, patch.put.keys() | fields.computed)
        return Written(Effect.APPLIED, row, unfit)

    def _delete(self, key: str) -> Effect | None:
        """As `_write`."""
        if dashed(key) is None:
            return Effect.MISSING
        if self._doubt.about(key):
            return Effect.MISSING if self._doubt.gone(key) else None
        page = self._patch(key, {"in_trash": True})
        if page is None:
            return None
        self._late.wrote(key, self._news.cells(key), None, page["last_edited_time"])
        self._news.lost(key)
        return Effect.APPLIED if belongs(page, self._source.id) else Effect.MISSING

    def _patch(self, key: str, body: Mapping[str, Any]) -> dict[str, Any] | None:
        """The page as it stands now; None where nothing was written, and why is to be found out."""
        asking = Asking(UPDATES, writing=True, heeds=lambda refused: refused.code in HEEDED)
        try:
            page = self._client.ask(asking, "PATCH", "pages", key, body=body)
        except Refused as refused:
            if self._doubt.raised(key, refused):
                return None
            self._fresh = False
            raise said(refused, self._where, asking) from refused
        self._doubt.settled()
        return page

    def _refresh(self) -> None:
        self._read_fields()
        self._fresh = True

    def _missing(self, key: str) -> Written:
        self._fresh = False
        self._news.lost(key)
        return Written(Effect.MISSING)


def _settled(step: Callable[[], T | None]) -> T:
    """The answer, after as many requests as it takes. Raises what these raise, and Bug."""
    for _ in range(TRIES):
        if (answer := step()) is not None:
            return answer
    raise Bug(f"Notion was asked {TRIES} times why a page can't be written, and told each time of another reason")


def _fitted(fields: Fields, put: Mapping[str, Cell]) -> tuple[dict[str, Any], dict[str, str]]:
    """Name → JSON of what can be put, and header → why of what can't. A header that the table doesn't have is dropped."""
    ready, unfit = {}, {}
    for header, value in put.items():
        if (field := fields.by_name.get(header)) is None:
            continue
        try:
            ready[fields.written_as(field)] = json_of(field, value)
        except Unfit as exc:
            unfit[header] = str(exc)
    return ready, unfit
