"""The journal of a table: another one of the same base, told by upsert on the ids of its lines, so that none stands there twice."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from connectors.airtable.cells import fitted
from connectors.airtable.client import Client
from connectors.airtable.errors import FIELDS_CHANGED, PERHAPS_GONE, Asking, Refused, said
from connectors.airtable.fields import COMPUTED, Fields, fields_of
from connectors.airtable.prepare import Json, created_table, lacking_fields
from connectors.api import Entry, Journaling
from connectors.errors import NeedsOwner, NotThere
from connectors.preparing import Check, Shape, Step

ENTRIES = 10
"""Records of one upsert at most; airtable.com/developers/web/api/update-multiple-records (VENDORS.md B2)."""

UNSAID = frozenset({"INVALID_REQUEST_UNKNOWN"})
"""Among much else: several records match a line (VENDORS.md B4)."""

UPSERTS = Asking(
    "data.records:write",
    writing=True,
    heeds=lambda refused: refused.kind in FIELDS_CHANGED | UNSAID | PERHAPS_GONE or refused.status in (403, 404),
)


class TableJournal:
    """One table."""

    def __init__(self, client: Client, named: str, shapes: Sequence[Shape]) -> None:
        """named: its id or its name.   shapes: of its columns, the first that of the ids."""
        self._client, self._named, self._shapes = client, named, shapes
        self._fields: Fields | None = None
        self._table: str | None = None

    @property
    def traits(self) -> Journaling:
        return Journaling(ENTRIES, together=False)

    def knows(self, answer: Mapping[str, Any]) -> None:
        """The base's tables were read for another reason: its fields are among them, if it is there."""
        try:
            self._fields = fields_of(answer, self._named, self._table, self._client.where)
            self._table = self._fields.table
        except NeedsOwner:
            self._fields = None

    def record(self, base: str, entries: Sequence[Entry], read: Callable[[], object]) -> None:
        """One request; beside it a read where the fields are not known, or not what they were, and one more of each where Airtable
        refuses it because a person has copied a line.

        read: asks for the base's tables, and lets this know.   Raises TryLater, OutcomeUnknown, NeedsOwner, Bug.
        """
        anew = self._fields is None
        if anew:
            read()
        try:
            self._upsert(base, entries, {})
        except Refused as refused:
            known: Mapping[str, str] = {}
            if refused.kind in UNSAID:
                known = self._found(base, entries)
            elif not anew:
                read()
            else:
                raise said(refused, self._client.where, UPSERTS) from refused
            try:
                self._upsert(base, entries, known)
            except Refused as again:
                self._fields = None
                raise said(again, self._client.where, UPSERTS) from again

    def _upsert(self, base: str, entries: Sequence[Entry], known: Mapping[str, str]) -> None:
        """known: line → the record that it is put into; others are found by Airtable, or made. Raises Refused, beside others."""
        fields = self._there()
        records: list[Json] = []
        for entry in entries:
            cells, _ = fitted(fields, entry.cells)  # what a field can't hold stays blank there: it is in rowd's own history
            records.append({"fields": cells} | ({"id": known[entry.id]} if entry.id in known else {}))
        merging = {"fieldsToMergeOn": [self._shapes[0].header]}
        body = {"performUpsert": merging, "records": records, "typecast": False}
        self._client.ask(UPSERTS, "patch", base, fields.table, json=body)

    def _found(self, base: str, entries: Sequence[Entry]) -> dict[str, str]:
        """Line → a record that it stands in. One request."""
        header = self._shapes[0].header
        named = ",".join(f"{{{header}}}='{entry.id}'" for entry in entries)
        options = {"formula": f"OR({named})", "page_size": 100, "use_field_ids": True}
        answer = self._client.ask(Asking("data.records:read"), "get", base, self._there().table, options=options)
        field = self._there().by_name[header]
        return {str(record["fields"].get(field.id)): record["id"] for record in answer["records"]}

    def _there(self) -> Fields:
        fields, header = self._fields, self._shapes[0].header
        if fields is None:
            raise self._missing("the base has no such table")
        if (key := fields.by_name.get(header)) is None or key.type in COMPUTED:
            self._fields = None
            raise self._missing(f'it has no field "{header}" that can be written')
        return fields

    def _missing(self, what: str) -> NotThere:
        return NotThere(
            f'{self._client.where}: its history can\'t be kept in the table "{self._named}": {what}. `rowd setup` makes it; or'
            " correct history in rowd.toml, or take it out."
        )

    # --- made ready

    def check(self, answer: Mapping[str, Any]) -> Check:
        """Whether it is there.   answer: the base's tables."""
        self.knows(answer)
        try:
            self._there()
        except NotThere as exc:
            return Check.failed("history", exc)
        return Check("history", f'the table "{self._named}" is there')

    def prepared(self, base: str) -> list[Step]:
        """What it lacks, as far as it is known: itself, or fields, one step each. No request."""
        if self._fields is None:
            return [created_table(self._client, base, self._named, self._shapes)]
        return lacking_fields(self._client, base, self._fields, self._shapes)
