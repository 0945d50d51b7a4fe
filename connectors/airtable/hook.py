"""Whether anything changed, asked of a webhook's list of payloads: one request, whatever the table's size.

The hook has no address that Airtable would call: its payloads are listed by cursor, which also keeps it alive for seven more days.
airtable.com/developers/web/api/webhooks-overview and list-webhook-payloads (VENDORS.md B3).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from connectors.airtable.cells import value_of
from connectors.airtable.client import Client
from connectors.airtable.errors import Asking, Refused
from connectors.airtable.fields import Field, Fields
from connectors.api import Cell

PAGE = 50
"""Payloads of one answer at most; airtable.com/developers/web/api/list-webhook-payloads."""

SWEEP = 20
"""Every so many answers one counts as a change, and nothing is vouched for: no payload tells that a view has another filter or
order, or a field another place or option."""

_ASKING = Asking("webhook:manage", heeds=lambda refused: refused.status in (403, 404, 422))
_TYPES = ("tableData", "tableFields", "tableMetadata")
_OF_FIELDS = ("createdFieldsById", "destroyedFieldIds", "changedFieldsById", "changedMetadata")
_OF_ROWS = ("createdRecordsById", "destroyedRecordIds")


class Hook:
    """One table's. Its list is asked from where the last answer ended.

    What others did always counts as a change. Of what programs did, this one among them, only that counts which isn't what our own
    writes were answered with last: so our writes are known by their content, and nothing is filtered by who made it.
    """

    def __init__(self, client: Client, base: str, fields: Fields) -> None:
        """base: its id."""
        self._client = client
        self._base = base
        self._fields = fields
        self._id: str | None = None
        self._cursor = 1
        self._changes = 0
        self._answers = 0
        self._refused = False
        self._ours: dict[str, Mapping[str, Cell]] = {}
        self._vouches = False

    @property
    def vouches(self) -> bool:
        """Whether the fields are still those of the last `knows`. Their order, and a select's options, no hook tells of."""
        return self._vouches

    def knows(self, fields: Fields) -> None:
        """The fields were read just now."""
        self._fields = fields
        self._vouches = self._id is not None

    def answered(self, record: str, raw: Mapping[str, Any]) -> None:
        """A write of ours was answered with this record: its cells by field id, the empty ones left out."""
        self._ours[record] = {field.id: value_of(field, raw.get(field.id)) for field in self._fields.fields}

    def marker(self) -> str:
        """Another one whenever something may have changed.

        One request, which makes the hook where there is none yet; none where there can be none. Raises: TryLater, NeedsOwner, Bug.
        """
        if self._id is not None:
            self._look(self._id)
        else:
            self._changed()
            if not self._refused:
                self._make()
        return str(self._changes)

    def _changed(self) -> None:
        self._changes += 1

    def adopt(self) -> None:
        """Take up the hook that an earlier process has left, from here on. One request. Raises: TryLater, NeedsOwner, Bug."""
        if self._id is not None or self._refused:
            return
        try:
            hooks = self._client.ask(_ASKING, "get", "bases", self._base, "webhooks")["webhooks"]
        except Refused:
            self._refused = True
            return
        filters = self._filters()
        for hook in hooks:
            if hook.get("isHookEnabled") and _same(hook, filters):
                self._id, self._cursor = hook["id"], hook["cursorForNextPayload"]

    def _make(self) -> None:
        """Where the token may not, there will be none."""
        specification = {"options": {"filters": self._filters()}}
        try:
            made = self._client.ask(_ASKING, "post", "bases", self._base, "webhooks", json={"specification": specification})
        except Refused:
            self._refused = True
        else:
            self._id, self._cursor = made["id"], 1

    def _filters(self) -> dict[str, Any]:
        return {"dataTypes": list(_TYPES), "recordChangeScope": self._fields.table}

    def _look(self, hook: str) -> None:
        options = {"cursor": self._cursor, "limit": PAGE}
        try:
            answer = self._client.ask(_ASKING, "get", "bases", self._base, "webhooks", hook, "payloads", options=options)
        except Refused:  # it has expired, somebody deleted it, or the base is no longer ours: the read that follows tells
            self._lost()
            return
        self._cursor, self._answers = answer["cursor"], self._answers + 1
        if self._tells_of_more(answer["payloads"]) or answer.get("mightHaveMore"):
            self._changed()
        if self._answers % SWEEP == 0:
            self._vouches = False
            self._changed()

    def _lost(self) -> None:
        self._id, self._vouches = None, False
        self._changed()

    def _tells_of_more(self, payloads: Iterable[Mapping[str, Any]]) -> bool:
        """Whether anything happened but our own writes."""
        more = False
        last: dict[tuple[str, str], Any] = {}
        for payload in payloads:
            if payload.get("error"):
                self._id, self._vouches, more = None, False, True
            more |= "destroyedTableIds" in payload
            told = payload.get("changedTablesById", {}).get(self._fields.table, {})
            if any(told.get(what) for what in _OF_FIELDS):
                self._vouches, more = False, True
            more |= any(told.get(what) for what in _OF_ROWS)
            more |= payload.get("actionMetadata", {}).get("source") != "publicApi" and bool(told)
            for record, change in told.get("changedRecordsById", {}).items():
                for field, raw in change.get("current", {}).get("cellValuesByFieldId", {}).items():
                    last[record, field] = raw
        return more or not all(self._is_ours(*place, raw) for place, raw in last.items())

    def _is_ours(self, record: str, field: str, raw: Any) -> bool:
        known: Field | None = self._fields.by_id.get(field)
        return known is not None and field in self._ours.get(record, {}) and self._ours[record][field] == value_of(known, raw)


def _same(hook: Mapping[str, Any], filters: Mapping[str, Any]) -> bool:
    """Whether an earlier process made it: it tells of all that these filters let through, in whatever order they are written."""
    had = hook.get("specification", {}).get("options", {}).get("filters", {})
    return {**had, "dataTypes": sorted(had.get("dataTypes", ()))} == {**filters, "dataTypes": sorted(filters["dataTypes"])}
