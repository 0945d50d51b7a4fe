"""Why Notion refused to write a page: gone, or its columns changed. Asked one request at a time, and remembered in between.

By what stands there, never by the wording of the refusal, which is documented nowhere (VENDORS.md C4, C6).
"""

from __future__ import annotations

from connectors.notion.client import Client
from connectors.notion.errors import Asking, Refused
from connectors.notion.source import Source, is_gone

HEEDED = frozenset({"object_not_found", "validation_error"})
"""Refusals of a write that may be about the page alone."""


class Doubt:
    """Of one page at a time: nothing else is written before it is settled."""

    def __init__(self, client: Client, source: Source) -> None:
        self._client, self._source = client, source
        self._key: str | None = None
        self._lost = False  # it was not found: gone, or no longer shared
        self._there: str | None = None  # it was looked at since it was refused, and is there

    def raised(self, key: str, refused: Refused) -> bool:
        """A write of this page was refused. False where it was looked at already, so that there is nothing more to find out."""
        if self._there == key:
            self.settled()
            return False
        self._key, self._lost = key, refused.code == "object_not_found"
        return True

    def about(self, key: str) -> bool:
        return self._key == key

    def gone(self, key: str) -> bool | None:
        """One request: whether the page is no row of the table any more; None where another request has to tell.

        Raises NeedsOwner where it is the whole table that can't be seen.
        """
        self._key = None
        if self._lost:
            self._source.fields()
            return True
        asking = Asking("Read content", heeds=lambda refused: refused.code == "object_not_found")
        try:
            page = self._client.ask(asking, "GET", "pages", key)
        except Refused:
            self._key, self._lost = key, True
            return None
        if is_gone(page) or not belongs(page, self._source.id):
            return True
        self._there = key
        return False

    def settled(self) -> None:
        """A page was written, or its refusal told."""
        self._key = self._there = None


def belongs(page: dict[str, object], source: str) -> bool:
    """Whether it is a row of this data source: people drag rows into others, and they keep their ids."""
    parent = page.get("parent")
    return isinstance(parent, dict) and parent.get("data_source_id") == source
