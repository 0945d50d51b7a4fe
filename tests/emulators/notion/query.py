"""Rows of a data source: which, in what order, page by page."""

from __future__ import annotations

import re
from datetime import UTC, timedelta
from operator import attrgetter
from typing import Any

from tests.emulators.core.exchange import Answer, Json, NotEmulated, Request
from tests.emulators.notion import conditions, dates, texts
from tests.emulators.notion.api import Api, answer, size_of, stale_cursor
from tests.emulators.notion.errors import UNDEFINED, bad, complaint, invalid, none_of
from tests.emulators.notion.ids import property_forms
from tests.emulators.notion.reading import default_status
from tests.emulators.notion.rows import Rows
from tests.emulators.notion.world import Page, Property, Source

MOST = 10_000
"""Results of one query (VENDORS.md C2)."""

DIRECTIONS = ("ascending", "descending")
CUT = {"type": "incomplete", "incomplete_reason": "query_result_limit_reached"}

Seen = tuple[Page, dict[str, Any]]


class Queries:
    """The cursor is `s:`, an id of the query's own, and the id of the row that comes next (recorded by ultimate-notion)."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._begun: dict[str, tuple[str, str, list[str] | None]] = {}

    def query(self, request: Request, source: str) -> Answer:
        api = self._api
        api.require("read")
        found = api.find(Source, source, "path.data_source_id")
        keys = ("filter", "sorts", "start_cursor", "page_size", "is_archived", "result_type", "archived", "in_trash")
        body = api.body(request, keys)
        for key in ("archived", "in_trash"):
            if key in body and api.switches["query_in_trash"] == "refused":
                raise bad(f"body.{key}", "not present", body[key])
        if body.get("is_archived") or body.get("result_type", "page") != "page":
            raise NotEmulated("listing archived rows, or anything but pages,")
        if api.shapes.gone(found) and api.switches["trashed_sources"] == "not_found":
            raise api.missing("data_source", found.id)
        only = api.columns(request, found)
        size = size_of(body.get("page_size"), "body")
        if api.switches["short_pages"] == "yes":
            size = (size + 1) // 2
        rows = self._rows(found, body.get("filter"), body.get("sorts"))
        cut, rows = len(rows) > MOST, rows[:MOST]
        session, start, rows = self._resumed(found, rows, body)
        cursor = self._cursor(found, session, rows, start + size, body)
        form = Rows(api.shapes, api.reader, found, api.version, only)
        empty = api.listed([], "page_or_data_source", cursor)
        if cut:
            empty["request_status"] = CUT
        return answer({}).but(body=form.listed(rows[start : start + size], empty).encode())

    def _rows(self, source: Source, given: Json, sorts: Json) -> list[Page]:
        """Those that a filter lets pass, sorted."""
        switches = self._api.switches
        rows = sorted(source.rows.values(), key=attrgetter("number"), reverse=switches["order"] == "newest_first")
        now, lag = self._api.clock.now(), timedelta(seconds=float(switches["index_lag_s"]))
        shown = switches["trashed_rows"] == "shown"
        past = {row.id: state for row in rows if (state := row.as_of(now - lag)) is not None} if lag else {}
        if lag:
            rows = [row for row in rows if row.id in past and (shown or not past[row.id][0])]
        else:
            rows = [row for row in rows if shown or not row.trashed]

        def values(row: Page) -> dict[str, Any]:
            return past[row.id][1] if lag else row.values

        if given is not None:
            meaning = conditions.Meaning(
                now.astimezone(UTC).date(),
                switches["text_case"] == "ignored",
                switches["unknown_option"] == "refused",
                switches["week_begins"],
            )
            passes = conditions.passing(source, given, meaning)
            rows = [row for row in rows if passes(row, values(row))]
        if switches["order"] == "any":
            self._api.random.shuffle(rows)
        return rows if sorts is None else self._sorted(source, [(row, values(row)) for row in rows], sorts)

    def _sorted(self, source: Source, rows: list[Seen], sorts: Json) -> list[Page]:
        """Sorted by all of them, the first counting most; rows that they leave equal come as they would without."""
        if not isinstance(sorts, list):
            raise bad("body.sorts", "an array", sorts)
        for at, sort in reversed(list(enumerate(sorts))):
            rows = self._sorted_once(source, rows, sort, f"body.sorts[{at}]")
        return [row for row, _ in rows]

    def _sorted_once(self, source: Source, rows: list[Seen], sort: Json, path: str) -> list[Seen]:
        if not isinstance(sort, dict) or not ("property" in sort or "timestamp" in sort):
            raise none_of([complaint(f"{path}.{key}", "defined", UNDEFINED) for key in ("property", "timestamp")])
        direction = sort.get("direction", "ascending")
        if direction not in DIRECTIONS:
            raise bad(f"{path}.direction", 'one of `"ascending"`, `"descending"`', direction)
        down = direction == "descending"
        if "timestamp" in sort:
            kind = sort["timestamp"]
            if kind not in conditions.TIMESTAMPS:
                raise bad(f"{path}.timestamp", 'one of `"created_time"`, `"last_edited_time"`', kind)
            return sorted(rows, key=lambda seen: seen[0].created if kind == "created_time" else seen[0].edited, reverse=down)
        column = next((found for form in property_forms(str(sort["property"])) if (found := source.find(form)) is not None), None)
        if column is None:
            raise invalid(f"Could not find sort property with name or id: {sort['property']}")
        keyed = [(self._key(seen, column), seen) for seen in rows]
        full = sorted((pair for pair in keyed if pair[0] is not None), key=lambda pair: pair[0], reverse=down)
        empty = [pair for pair in keyed if pair[0] is None]
        lowest = self._api.switches["empty_sorts"] == "as_lowest" and not down
        return [seen for _, seen in (empty + full if lowest else full + empty)]

    def _key(self, seen: Seen, column: Property) -> Any:
        """What a cell is sorted by; None where it is empty."""
        row, values = seen
        value = values.get(column.id)
        match column.type:
            case "title" | "rich_text":
                return natural(texts.plain(value)) if value else None
            case "url" | "email" | "phone_number":
                return natural(value) if value else None
            case "select" | "status":
                value = value or (default_status(column) if column.type == "status" else None)
                return next((at for at, option in enumerate(column.options) if option.id == value), None)
            case "multi_select":
                return [at for at, option in enumerate(column.options) if option.id in value] if value else None
            case "checkbox":
                return bool(value)
            case "date":
                return dates.key_of(dates.parse(value["start"])) if value else None
            case "created_time" | "last_edited_time":
                return row.created if column.type == "created_time" else row.edited
            case "people":
                return [natural(self._api.users.any(person).name) for person in value] if value else None
            case "number" | "unique_id":
                return value
            case _:
                raise NotEmulated(f"sorting by {column.type}")

    def _resumed(self, source: Source, rows: list[Page], body: dict[str, Any]) -> tuple[str, int, list[Page]]:
        """The query's own id, at which row this page begins, and the rows."""
        cursor = body.get("start_cursor")
        if cursor is None:
            return self._api.world.ids.any(), 0, rows
        if not isinstance(cursor, str):
            raise bad("body.start_cursor", "a string or `undefined`", cursor)
        _, session, following = [*cursor.split(":"), "", "", ""][:3]
        begun = self._begun.get(session)
        if begun is None or begun[:2] != (source.id, _asked(body)):
            raise stale_cursor(cursor)
        if begun[2] is not None:
            known = {row.id: row for row in source.rows.values()}
            rows = [known[name] for name in begun[2] if name in known]
        for at, row in enumerate(rows):
            if row.id == following:
                return session, at, rows
        raise stale_cursor(cursor)

    def _cursor(self, source: Source, session: str, rows: list[Page], end: int, body: dict[str, Any]) -> str | None:
        if end >= len(rows):
            return None
        kept = [row.id for row in rows] if self._api.switches["cursor"] == "snapshot" else None
        self._begun.setdefault(session, (source.id, _asked(body), kept))
        return f"s:{session}:{rows[end].id}"


def _asked(body: dict[str, Any]) -> str:
    return repr((body.get("filter"), body.get("sorts")))


def natural(text: str) -> list[tuple[int, int, str]]:
    """Numbers in it by what they count: `Article 4` before `Article 10` (recorded by ultimate-notion, test_db_querying)."""
    parts = re.findall(r"\d+|\D+", text.casefold())
    return [(0, int(part), "") if part.isdecimal() else (1, 0, part) for part in parts]
