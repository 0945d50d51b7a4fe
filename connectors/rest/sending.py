"""One row written. Where the service refuses, why is found out: the row is gone, a field is, or doesn't take its value.

Where it has ETags for rows and heeds If-Match, a write names the version that it is about, so that it lands on nothing else.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from connectors.api import Cell, Effect, Patch, Row, Written
from connectors.errors import Bug, NeedsOwner, OutcomeUnknown, TryLater
from connectors.rest.asks import Ask
from connectors.rest.cells import Deep
from connectors.rest.client import Answer, Client
from connectors.rest.errors import Asking, Refused, said
from connectors.rest.listing import Listed, Listing
from connectors.rest.news import News
from connectors.rest.rows import Form, Record, leads_elsewhere, meant
from connectors.rest.settings import RestSettings
from connectors.showing import shown

TRIES = 4
"""So often a write is tried on a row that others go on changing."""

CHANGED = 412
ABSENT = frozenset({404, 410})
UNTAKEN = frozenset({400, 409, 413, 422})
"""Statuses of a refusal that may be about one cell."""


class Standing(Struct, frozen=True):
    """A row as the service showed it.   etag: of that version; None where it has none that a write can name."""

    record: Record
    etag: str | None


class Sending:
    """Writes of one table.   listed: the list as it was read last; None: not yet.

    conditional: whether the service writes only to the version that is named; None where that isn't known yet.
    """

    def __init__(self, settings: RestSettings, client: Client, form: Form, listing: Listing, news: News) -> None:
        self.listed: Listed | None = None
        self.conditional: bool | None = None if settings.get is not None else False
        self._settings = settings
        self._client = client
        self._form = form
        self._listing = listing
        self._news = news
        self._versions: dict[str, Standing] = {}
        self._asking = Asking("update", settings.update.request, writing=True)

    def read(self) -> Listed:
        """All rows. What is known of versions stays where the list shows the same."""
        self.listed = listed = self._listing.all()
        self._versions = {i: v for i, v in self._versions.items() if i in listed.records and listed.records[i] == v.record}
        return listed

    def known(self) -> Listed:
        """The list as it was read last, or now."""
        if self.listed is None:
            self._news.meets()
            return self.read()
        return self.listed

    def write(self, patch: Patch) -> Written:
        """One request, where the row's version is known or doesn't matter; else it is read before, by another one.

        A patch that is refused is sorted out: the list is read, then its cells go one by one. So it is `unfit` that tells which.
        """
        if patch.expect and not self.conditional:
            raise Bug(f"{self._client.where}: `expect` needs a service that heeds If-Match")
        listed, id_ = self.known(), meant(patch.key)
        if leads_elsewhere(id_):
            why = f"the key {shown(id_)} would lead elsewhere; give the row another"
            return Written(Effect.APPLIED, unfit=dict.fromkeys(patch.put, why))
        try:
            written = self._written(listed, id_, patch)
        except Refused as refused:
            written = self._sorted_out(id_, patch, refused)
        if written.effect is Effect.MISSING:
            self._news.lost(patch.key)
        return written

    def plainly(self, patch: Patch) -> Written:
        """The same for a row of rowd's own: one request, whatever stands there now."""
        listed, id_ = self.known(), meant(patch.key)
        body, unfit = self._fitted(listed, id_, listed.records.get(id_), patch.put)
        try:
            answer = self._update(id_, None, body, {})
        except Refused as refused:
            return self._sorted_out(id_, patch, refused)
        return Written(Effect.APPLIED, self._taken(listed, id_, answer, patch.put), unfit)

    def gone(self, id_: str, refused: Refused) -> None:
        """The service finds no such row: return where the list has none either. Raises NeedsOwner where it has."""
        self._versions.pop(id_, None)
        self._look()
        if self.known().records.get(id_) is not None:
            raise said(refused, self._client.where) from refused

    def _look(self) -> None:
        self._news.meets()
        self.read()

    def _sorted_out(self, id_: str, patch: Patch, refused: Refused) -> Written:
        """What becomes of a patch that was refused as it stood."""
        if refused.status in ABSENT:
            self.gone(id_, refused)
            return Written(Effect.MISSING)
        before = self.known()
        self._versions.pop(id_, None)
        self._look()
        listed = self.known()
        if id_ not in listed.records:
            return Written(Effect.MISSING)
        if listed.columns != before.columns:
            try:
                return self._written(listed, id_, patch)
            except Refused as again:
                refused = again
        body, unfit = self._fitted(listed, id_, listed.records[id_], patch.put)
        if len(body) < 2:
            return Written(Effect.APPLIED, unfit={**unfit, **dict.fromkeys(body, self._why(refused))})
        row: Row | None = None
        refusals: dict[str, Refused] = {}
        with _doubtful_once(taken := set[str]()):
            for header in body:
                single = replace(patch, put={header: patch.put[header]}, expect={**patch.expect, **_of(row, patch.expect, taken)})
                try:
                    answer = self._written(listed, id_, single)
                except Refused as one:
                    if one.status in ABSENT:
                        return Written(Effect.MISSING)
                    refusals[header] = one
                    continue
                if answer.effect is not Effect.APPLIED:
                    return answer
                row = answer.row
                taken.add(header)
        if not taken:
            raise said(refused, self._client.where) from refused
        return Written(Effect.APPLIED, row, {**unfit, **{h: self._why(one) for h, one in refusals.items()}})

    def _written(self, listed: Listed, id_: str, patch: Patch) -> Written:
        """Raises Refused where the service takes the patch not, or finds no such row."""
        for _ in range(TRIES):
            stands = self._standing(id_)
            record = stands.record if stands is not None else listed.records.get(id_)
            if patch.expect:
                if stands is None or stands.etag is None or not self.conditional:
                    raise TryLater(f"{self._client.where}: the service heeds If-Match no longer; nothing was written")
                row = self._form.row(stands.record, listed.columns)
                if any(row.cells.get(header) != value for header, value in patch.expect.items()):
                    return Written(Effect.CONFLICT, row)
            body, unfit = self._fitted(listed, id_, record, patch.put)
            if not body:
                return Written(Effect.APPLIED, unfit=unfit)
            if (answer := self._sent(id_, stands, body)) is not None:
                return Written(Effect.APPLIED, self._taken(listed, id_, answer, patch.put), unfit)
        raise TryLater(f"{self._client.where}: others go on changing the row {shown(id_)}; nothing was written")

    def _standing(self, id_: str) -> Standing | None:
        """The row as its service shows it now, or as it was when its version was told last; None where nobody asks for that."""
        get = self._settings.get
        if get is None or (self.conditional is False and self._settings.update.method != "PUT"):
            return None
        if (stands := self._versions.get(id_)) is not None and self.conditional:
            return stands
        answer = self._client.ask(Asking("get", get.request, heeds=ABSENT), "GET", get.target(id_))
        record = self._record(get, answer, id_)
        if record is None:
            what = f"the answer of `get` doesn't show the row {shown(id_)} at {get.row}"
            raise NeedsOwner(f"{self._client.where}: {what}; correct get.row in rowd.toml")
        etag = strong(answer)
        if etag is None:
            self.conditional = False
        self._versions[id_] = Standing(record, etag)
        return self._versions[id_]

    def _sent(self, id_: str, stands: Standing | None, body: Mapping[str, Any]) -> Answer | None:
        """The answer; None where the row has changed meanwhile, so that nothing was written. Raises Refused."""
        if stands is None or stands.etag is None or self.conditional is False:
            return self._update(id_, stands, body, {})
        if self.conditional is None and self._learnt(answer := self._unmatched(id_, stands, body)):
            return answer
        try:
            return self._update(id_, stands, body, {"If-Match": stands.etag})
        except Refused as refused:
            if refused.status != CHANGED:
                raise
        del self._versions[id_]
        again = self._standing(id_)
        if again is not None and again.etag == stands.etag:
            self.conditional = False  # it is that version, and refused all the same: nothing is ever matched
        return None

    def _unmatched(self, id_: str, stands: Standing, body: Mapping[str, Any]) -> Answer | None:
        """The very write, for a version that isn't there: only a service that doesn't heed If-Match carries it out."""
        try:
            return self._update(id_, stands, body, {"If-Match": another(stands.etag or "")})
        except Refused as refused:
            if refused.status == CHANGED:
                return None
            return self._update(id_, stands, body, {})  # perhaps it was the header that it didn't take

    def _learnt(self, answer: Answer | None) -> bool:
        """Whether that has written already."""
        self.conditional = answer is None
        return answer is not None

    def _update(self, id_: str, stands: Standing | None, body: Mapping[str, Any], headers: Mapping[str, str]) -> Answer:
        update = self._settings.update
        if update.method == "PUT" and stands is not None:
            body = {**stands.record.fields, **body}
        asking = replace(self._asking, heeds=ABSENT | UNTAKEN | {CHANGED})
        return self._client.ask(
            asking, update.method, update.target(id_), body=update.filled(id_, body), type=update.type, headers=headers
        )

    def _taken(self, listed: Listed, id_: str, answer: Answer, put: Mapping[str, Cell]) -> Row | None:
        """The row as the answer to its write shows it; None where it doesn't."""
        record = self._record(self._settings.update, answer, id_)
        self._versions.pop(id_, None)
        if record is None or not record.fields.keys() <= set(listed.columns):
            self._news.meets()
            return None
        if self.conditional and (etag := strong(answer)) is not None:
            self._versions[id_] = Standing(record, etag)
        self.listed = replace(listed, records={**listed.records, id_: record}) if id_ in listed.records else listed
        row = self._form.row(record, listed.columns)
        self._news.wrote(row, row.key, put.keys())
        return row

    def _record(self, ask: Ask, answer: Answer, id_: str) -> Record | None:
        record = self._form.record(ask.row.of(answer.document))
        return record if record is not None and record.id == id_ else None

    def _fitted(
        self, listed: Listed, id_: str, record: Record | None, put: Mapping[str, Cell]
    ) -> tuple[dict[str, Any], dict[str, str]]:
        """Name → JSON of what is to be sent, and header → why of what isn't. A header that the table doesn't have is dropped."""
        values, before = self._form.values, listed.records.get(id_)
        if (
            self._settings.update.method == "PUT"
            and record is not None
            and any(isinstance(r, Deep) for r in record.fields.values())
        ):
            return {}, dict.fromkeys(
                put, "the row holds lists in lists beyond measure, so it can't be sent back whole; mend it there"
            )
        body, unfit = {}, {}
        for header, value in put.items():
            if header not in listed.columns or header == self._form.key_field:
                continue
            if before is not None and record is not None and header in before.fields and header not in record.fields:
                continue  # the field was taken away, or renamed, since it was read
            raw = record.fields.get(header) if record is not None else None
            if values.stands(raw, value):
                continue
            if (why := values.spoilt(header, raw)) is not None:
                unfit[header] = str(why)
            else:
                body[header] = self._form.json_of(header, value, listed.records.values())
        return body, unfit

    @staticmethod
    def _why(refused: Refused) -> str:
        return f"the service refuses the value ({refused}); give the field a type that takes it"


def strong(answer: Answer) -> str | None:
    """The ETag of an answer, where a write can name it: a weak one matches nothing (RFC 9110, 13.1.1)."""
    return answer.etag if answer.etag is not None and not answer.etag.startswith("W/") else None


def another(etag: str) -> str:
    """An ETag of the same looks that is another one: a service may take only what looks like its own."""
    inside = etag.strip('"')
    if inside.isdecimal() and inside.isascii() and len(inside) < 100:
        return f'"{int(inside) - 1 if int(inside) else 1}"'
    for at in reversed(range(len(inside))):
        if inside[at].isalnum():
            return f'"{inside[:at]}{"0" if inside[at] != "0" else "1"}{inside[at + 1 :]}"'
    return '"0"'


def _of(row: Row | None, expect: Mapping[str, Cell], taken: set[str]) -> dict[str, Cell]:
    """What is to be expected of the cells that were put already."""
    return {header: row.cells.get(header) for header in taken if header in expect} if row is not None else {}


@contextmanager
def _doubtful_once(taken: set[str]) -> Iterator[None]:
    """Once a cell was put, TryLater no longer means that nothing was written."""
    try:
        yield
    except TryLater as exc:
        if taken:
            raise OutcomeUnknown(str(exc)) from exc
        raise
