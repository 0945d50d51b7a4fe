"""All rows of the list, in as many requests as it takes.

A complete read is one call, not one for each answer: which columns there are is told only by the fields of all rows.
"""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct
from msgspec.structs import replace

from connectors.errors import Expired, NeedsOwner
from connectors.rest.client import UNMODIFIED, Answer, Client
from connectors.rest.errors import Asking, Refused
from connectors.rest.paging import ByPage, Sofar
from connectors.rest.rows import Form, Record
from connectors.rest.settings import RestSettings

MOST_ROWS = 100_000
MOST_ANSWERS = 2_000
MOST_BYTES = 128 * 1024 * 1024
MOST_CELLS = 5_000_000
"""Of one complete read."""

GONE = frozenset({400, 404, 410, 422})
"""How a service answers to a cursor that it has forgotten; it documents that nowhere."""


class Listed(Struct, frozen=True):
    """records: by their id, in the order of the list.   columns: see `Form.columns`.

    etag: of the one answer that holds all of it; None where there were several, or it had none.
    """

    records: Mapping[str, Record]
    columns: tuple[str, ...]
    etag: str | None


class Listing:
    def __init__(self, settings: RestSettings, client: Client, form: Form) -> None:
        self._settings = settings
        self._client = client
        self._form = form
        self._last = Listed({}, form.columns(()), None)
        self._asking = Asking("list", f"GET {settings.list}")

    def all(self) -> Listed:
        """Raises TryLater (Expired where the list has forgotten how far it was), NeedsOwner, Bug."""
        return self._rest(self._first({}))

    def unless(self, etag: str) -> Listed | None:
        """The same; None where it is as it was when it bore this ETag: one request."""
        answer = self._first({"If-None-Match": etag})
        return None if answer.status == UNMODIFIED else self._rest(answer)

    def first(self) -> tuple[Answer, list[Record], bool]:
        """The first answer alone, its rows, and whether there are more."""
        answer = self._first({})
        records = self._form.records(answer.document, 0)
        return answer, records, self._after(answer, Sofar(1, len(records), len(records))) is not None

    def _first(self, headers: Mapping[str, str]) -> Answer:
        return self._client.ask(self._asking, "GET", self._beginning, headers=headers)

    @property
    def _beginning(self) -> str:
        paging = self._settings.paging
        return self._settings.list if paging is None else paging.begin(self._settings.list)

    def _rest(self, answer: Answer) -> Listed:
        found: dict[str, Record] = {}
        pages = rows = size = 0
        asked = {self._beginning}
        while True:
            records = self._form.records(answer.document, rows)
            new = [record for record in records if record.id not in found]  # one that moves meanwhile may come twice
            found.update((record.id, record) for record in new)
            pages, rows, size = pages + 1, rows + len(records), size + answer.size
            target = self._after(answer, Sofar(pages, rows, len(new)))
            if target is None:
                break
            if target in asked or pages >= MOST_ANSWERS or len(found) > MOST_ROWS or size > MOST_BYTES:
                why = "it goes in a circle" if target in asked else "it comes to no end"
                raise NeedsOwner(f"{self._client.where}: the list can't be read: {why}. Correct `paging` and `list` in rowd.toml.")
            asked.add(target)
            more = self._more(target)
            if more is None:
                break
            answer = more
        columns = self._columns(found)
        if len(columns) * len(found) > MOST_CELLS:
            what = f"{len(found):,} rows with {len(columns):,} fields are more than {MOST_CELLS:,} cells"
            raise NeedsOwner(f"{self._client.where}: {what}. Let `list` name fewer, by a filter of the service's.")
        self._last = Listed(found, columns, answer.etag if pages == 1 else None)
        return self._last

    def _columns(self, found: Mapping[str, Record]) -> tuple[str, ...]:
        """What rows and the operator name, and what the last read had: a column is gone once a row that had it is without it, and
        not because the rows that had it are gone. They keep their order.
        """
        named, last = dict.fromkeys(self._form.columns(found.values())), self._last
        stay = [c for c in last.columns if c in named or not any(c in r.fields and i in found for i, r in last.records.items())]
        return tuple(dict.fromkeys([*stay, *named]))

    def _after(self, answer: Answer, sofar: Sofar) -> str | None:
        paging = self._settings.paging
        address = paging.after(self._settings.list, answer, sofar) if paging is not None else None
        if address is None or paging is None or paging.by != "link":
            return address
        return self._client.within(address)

    def _more(self, target: str) -> Answer | None:
        """None where pages with numbers are at their end: some services answer 404 behind the last."""
        try:
            return self._client.ask(replace(self._asking, heeds=GONE), "GET", target)
        except Refused as refused:
            if isinstance(self._settings.paging, ByPage) and refused.status == 404:
                return None
            raise Expired(f"{self._client.where}: the service doesn't go on with the list where it was ({refused})") from refused
