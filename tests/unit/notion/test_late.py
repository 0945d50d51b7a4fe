"""What a query shows late of what we wrote is asked of the page, and never taken for a person's edit (VENDORS.md C3)."""

from __future__ import annotations

import httpx
import pytest

from connectors.api import Effect, Patch
from connectors.notion import NotionTable
from connectors.notion.late import KEPT, Late
from tests.emulators.core.clock import SetClock
from tests.emulators.core.inprocess import Transport
from tests.emulators.notion.emulator import Notion
from tests.emulators.notion.person import Person
from tests.emulators.notion.samples import source_called
from tests.unit.notion.conftest import Rows, keys_of, operations, plugged, read, shown, write

QUERY, LOOK = "data_sources.query", "pages.retrieve"


class Lagging(Transport):
    """Answers every query, while `behind`, as the last one before that was answered."""

    behind = False
    _before: httpx.Response | None = None

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        answer = super().handle_request(request)
        if not request.url.path.endswith("/query"):
            return answer
        if self.behind and self._before is not None:
            return httpx.Response(200, content=self._before.content, request=request)
        self._before = answer
        return answer


@pytest.fixture
def wire(table: NotionTable, notion: Notion) -> Lagging:
    wire = Lagging(notion)
    plugged(table._client, wire)
    return wire


def currents(table: NotionTable) -> dict[object, object]:
    return {row.cells["Name"]: row.cells["Current"] for row in read(table)}


@pytest.mark.parametrize("later", [0, 90], ids=["in the same minute", "a minute later"])
def test_our_own_write_is_not_taken_back(table: NotionTable, wire: Lagging, notion: Notion, clock: SetClock, later: int) -> None:
    key = keys_of(table)["vitest_rerun"]
    write(table, Patch(key, {"Current": 5}))
    keys_of(table)
    wire.behind = True
    clock.advance(seconds=later)
    for value in (6, 7):
        write(table, Patch(key, {"Current": value}))
    operations(notion)
    assert currents(table)["vitest_rerun"] == 7
    assert currents(table)["vitest_rerun"] == 7
    assert operations(notion) == [QUERY, LOOK] * 2
    wire.behind = False
    assert currents(table)["vitest_rerun"] == 7
    assert operations(notion) == [QUERY]
    assert currents(table)["vitest_rerun"] == 7


def test_a_persons_edit_after_ours_is_seen_though_it_puts_back_what_was_there(
    table: NotionTable, wire: Lagging, notion: Notion, person: Person, page: Rows
) -> None:
    """In the same minute, nothing tells it from what was there before; but the page does."""
    key = keys_of(table)["vitest_rerun"]
    write(table, Patch(key, {"Current": 5}))
    person.type(page("vitest_rerun"), "Current", 2)
    operations(notion)
    assert currents(table)["vitest_rerun"] == 2
    assert operations(notion) == [QUERY, LOOK]
    assert currents(table)["vitest_rerun"] == 2
    assert operations(notion) == [QUERY]  # the query was right: that is the end of it
    assert not wire.behind


def test_a_row_of_ours_that_the_query_leaves_out_is_there_all_the_same(
    table: NotionTable, wire: Lagging, notion: Notion, person: Person, page: Rows
) -> None:
    keys_of(table)
    wire.behind = True
    (key,) = table.create([{"Name": "new", "Current": 1}])
    operations(notion)
    assert keys_of(table)["new"] == key
    assert operations(notion) == [QUERY, LOOK]
    person.delete(page("new"))
    for _ in range(2):
        assert "new" not in keys_of(table)
    assert operations(notion) == [QUERY, LOOK, QUERY]


def test_a_row_that_we_have_deleted_is_gone_though_the_query_still_shows_it(
    table: NotionTable, wire: Lagging, notion: Notion, person: Person, page: Rows
) -> None:
    keys = keys_of(table)
    wire.behind = True
    gone = page("vitest_rerun")
    assert table.delete([keys["vitest_rerun"]]) == [Effect.APPLIED]
    operations(notion)
    assert "vitest_rerun" not in keys_of(table)
    assert operations(notion) == [QUERY, LOOK]
    wire.behind = False
    assert "vitest_rerun" not in keys_of(table)
    assert operations(notion) == [QUERY]
    person.restore(gone)
    assert "vitest_rerun" in keys_of(table)
    assert operations(notion) == [QUERY]


def test_a_row_that_we_have_deleted_and_somebody_restored_is_there(
    table: NotionTable, wire: Lagging, notion: Notion, person: Person, page: Rows
) -> None:
    keys = keys_of(table)
    gone = page("vitest_rerun")
    table.delete([keys["vitest_rerun"]])
    person.restore(gone)
    operations(notion)
    for _ in range(2):
        assert "vitest_rerun" in keys_of(table)
    assert operations(notion) == [QUERY, LOOK, QUERY]
    assert not wire.behind


def test_a_row_that_somebody_removed_after_our_write_is_asked_for_no_more(
    table: NotionTable, notion: Notion, person: Person, page: Rows
) -> None:
    write(table, Patch(keys_of(table)["vitest_rerun"], {"Current": 5}))
    person.delete(page("vitest_rerun"))
    operations(notion)
    for _ in range(2):
        assert shown(read(table), "Name") == ["guidelines_refresh", "coverage_check"]
    assert operations(notion) == [QUERY] * 2


def test_a_row_that_somebody_dragged_away_after_our_write_is_gone_though_the_query_still_shows_it(
    table: NotionTable, wire: Lagging, notion: Notion, person: Person, page: Rows
) -> None:
    key = keys_of(table)["vitest_rerun"]
    wire.behind = True
    write(table, Patch(key, {"Current": 5}))
    person.move(page("vitest_rerun"), source_called(notion, "Many tasks"))
    for _ in range(2):
        assert shown(read(table), "Name") == ["guidelines_refresh", "coverage_check"]


def test_of_many_writes_as_many_states_are_known_again_as_are_kept() -> None:
    late = Late()
    for value in range(KEPT + 2):
        late.wrote("a", {"Current": value}, {"Current": value + 1}, "2026-03-04T12:00:00.000Z")
    late.begins()
    assert late.holds_back("a", {"Current": 2}, "2026-03-04T12:00:00.000Z")
    assert late.next() == "a"
    late.asked("a", {"Current": KEPT + 2})
    assert late.next() is None
    late.begins()
    assert not late.holds_back("a", {"Current": 1}, "2026-03-04T12:00:00.000Z")
    assert not late.holds_back("a", {"Current": 2}, "2026-03-04T12:00:00.000Z")  # settled with that


def test_a_state_that_was_never_seen_is_known_to_be_late_by_its_time() -> None:
    late = Late()
    late.wrote("a", None, {"Current": 2}, "2026-03-04T12:01:00.000Z")
    late.begins()
    assert late.holds_back("a", {"Current": 1}, "2026-03-04T12:00:00.000Z")
    assert not late.holds_back("a", {"Current": 1}, "2026-03-04T12:01:00.000Z")
