"""Which data source of which database: people copy a database's address, and rows are in its data sources (VENDORS.md C4)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from connectors.api import fold
from connectors.errors import NeedsOwner
from connectors.notion.client import Client
from connectors.notion.errors import Asking, Refused, said
from connectors.notion.fields import Fields, fields_of
from connectors.notion.settings import NotionSettings, dashed
from connectors.showing import offered, shown

READS = Asking("Read content")

WRONG_KIND = frozenset({"object_not_found", "validation_error"})
"""What is said of an id of something else, or of nothing, or of what isn't shared (VENDORS.md C6)."""


class Source:
    """Finds the data source with its first request, and remembers it by its id, which outlives its name."""

    def __init__(self, settings: NotionSettings, client: Client) -> None:
        self._settings, self._client = settings, client
        self._id: str | None = None

    @property
    def id(self) -> str:
        """The data source's id. One request where it isn't known yet, two where the settings name a data source, no database."""
        if self._id is None:
            self._id = self._found()
        return self._id

    def fields(self) -> Fields:
        """Its columns as they are now: one request, beside that for its id. Raises NeedsOwner also where it lies in the trash."""
        answer = self._client.ask(READS, "GET", "data_sources", self.id)
        self._refuse_trash(answer)
        return fields_of(answer)

    def _found(self) -> str:
        asking = Asking("Read content", heeds=lambda refused: refused.code in WRONG_KIND)
        try:
            answer = self._client.ask(asking, "GET", "databases", self._settings.id)
        except Refused as refused:
            return self._itself(refused)
        self._refuse_trash(answer)
        return self._chosen(answer["data_sources"])

    def _itself(self, first: Refused) -> str:
        """The id in the settings, where it is a data source's own; the app has "Copy data source ID"."""
        asking = Asking("Read content", heeds=lambda refused: refused.code in WRONG_KIND)
        try:
            return str(self._client.ask(asking, "GET", "data_sources", self._settings.id)["id"])
        except Refused as refused:  # of the two, "not found" says more to a person than "is a page"
            why = next((each for each in (first, refused) if each.status == 404), first)
            raise said(why, self._client.where, asking) from refused

    def _chosen(self, sources: list[dict[str, Any]]) -> str:
        wanted = self._settings.data_source
        if wanted is None:
            found = sources
        else:
            found = [each for each in sources if each["id"] == dashed(wanted) or each["name"] == wanted] or [
                each for each in sources if fold(each["name"]) == fold(wanted)
            ]
        if len(found) == 1:
            return str(found[0]["id"])
        where, names = self._client.where, offered(wanted or "", [each["name"] for each in sources])
        if not sources:
            raise NeedsOwner(f"{where}: the database has no data source that may be seen. Restore it from Notion's trash.")
        if wanted is None:
            first = shown(sources[0]["name"])
            raise NeedsOwner(
                f"{where}: the database has several data sources: {names}. Say in rowd.toml which it is, like data_source = {first}"
            )
        what = f"several data sources are called {shown(wanted)}" if found else f"the database has no data source {shown(wanted)}"
        remedy = (
            "Write the id of the one (••• → Manage data sources → Copy data source ID)" if found else f"It has {names}. Correct it"
        )
        raise NeedsOwner(f"{where}: {what}. {remedy} in rowd.toml, under data_source.")

    def _refuse_trash(self, answer: Mapping[str, Any]) -> None:
        if is_gone(answer):
            raise NeedsOwner(f"{self._client.where}: the database lies in Notion's trash. Restore it there (Trash in the sidebar).")


def is_gone(answer: Mapping[str, Any]) -> bool:
    """Whether a page, a database or a data source is in the trash, or archived, which is something else (VENDORS.md C4)."""
    return any(answer.get(word) is True for word in ("in_trash", "archived", "is_archived"))
