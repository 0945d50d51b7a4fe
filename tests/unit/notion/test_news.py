"""The probe: one request, whatever the table's size, and no edit is lost in a minute's rounding (VENDORS.md C3)."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

import httpx
import pytest

from connectors.api import Effect, Patch, Probeable, Row
from connectors.errors import Expired
from connectors.notion import NotionTable
from connectors.notion.news import ANSWER, SWEEP, News
from tests.emulators.core.clock import SetClock
from tests.emulators.core.inprocess import Transport
from tests.emulators.notion.emulator import Notion
from tests.emulators.notion.person import Person
from tests.emulators.notion.samples import source_called
from tests.emulators.notion.world import Page, Source
from tests.unit.notion.conftest import Open, keys_of, operations, plugged, read, write

QUERY = "data_sources.query"


@pytest.fixture
def many_rows() -> int:
    """So few that they are soon read, and more than one answer shows."""
    return 2 * ANSWER


@pytest.fixture
def many(notion: Notion) -> Source:
    return source_called(notion, "Many tasks")


@pytest.fixture
def table(open_table: Open, many: Source) -> NotionTable:
    """Of two pages."""
    return open_table(database=many.parent[1])


@pytest.fixture
def row(person: Person, many: Source) -> Callable[[int], Page]:
    return lambda number: person.rows(many)[number]


def test_a_small_table_is_read_rather_than_asked(open_table: Open, notion: Notion) -> None:
    table = open_table()
    assert isinstance(table, Probeable)
    first = table.probe()
    read(table)
    operations(notion)
    assert len({first, table.probe(), table.probe()}) == 3
    assert operations(notion) == []


def test_a_quiet_poll_is_one_request_until_all_is_looked_at_again(table: NotionTable, notion: Notion) -> None:
    read(table)
    operations(notion)
    quiet = {table.probe() for _ in range(SWEEP - 1)}
    assert len(quiet) == 1
    assert operations(notion) == [QUERY] * (SWEEP - 1)
    assert table.probe() not in quiet
    assert operations(notion) == []
    read(table)
    assert len({table.probe() for _ in range(SWEEP - 1)}) == 1


@pytest.mark.parametrize("switches", [{}, {"times": "milliseconds"}])
def test_an_edit_in_the_minute_of_the_last_one_is_noticed(
    table: NotionTable, person: Person, row: Callable[[int], Page], clock: SetClock
) -> None:
    person.type(row(3), "Current", 7)
    read(table)
    before = table.probe()
    clock.advance(seconds=1)
    person.type(row(3), "Current", 8)  # the same row, so with the same time
    assert (second := table.probe()) != before
    read(table)
    assert table.probe() == second
    person.type(row(4), "Current", 8)
    assert table.probe() != second


def test_an_edit_that_is_seen_late_is_noticed_though_another_one_is_younger(
    table: NotionTable, person: Person, row: Callable[[int], Page], clock: SetClock
) -> None:
    read(table)
    late = row(3)
    edited = clock.now()
    clock.advance(seconds=100)
    person.type(row(4), "Current", 8)
    read(table)
    before = table.probe()
    person.type(late, "Current", 9)
    late.edited = edited  # so it was edited before that, and only now comes to be found
    assert table.probe() != before


def test_a_new_row_is_noticed(table: NotionTable, person: Person, many: Source) -> None:
    read(table)
    before = table.probe()
    person.insert(many, {"Name": "new"})
    assert table.probe() != before


def test_columns_that_have_to_be_read_anew_are_news(table: NotionTable, person: Person, many: Source) -> None:
    read(table)
    before = table.probe()
    person.rename(many, "Description", "What for")
    with pytest.raises(Expired):
        table.read()
    assert table.probe() != before


def test_a_renamed_and_a_new_column_are_noticed_with_the_next_row_that_is_edited(
    table: NotionTable, person: Person, many: Source, row: Callable[[int], Page], clock: SetClock
) -> None:
    for number, change in enumerate(
        (lambda: person.rename(many, "Description", "What for"), lambda: person.add_column(many, "Notes", {"rich_text": {}}))
    ):
        clock.advance(minutes=5)
        with suppress(Expired):
            read(table)
        read(table)
        before = table.probe()
        change()
        assert table.probe() == before
        person.type(row(number), "Threshold", row(number).values[many.find("Threshold").id])  # type: ignore[union-attr]  # it is there
        assert table.probe() != before


def test_a_removed_row_and_a_quiet_change_of_columns_are_noticed_at_the_sweep(
    table: NotionTable, person: Person, row: Callable[[int], Page]
) -> None:
    read(table)
    before = table.probe()
    person.delete(row(50))
    assert [table.probe() == before for _ in range(SWEEP - 1)] == [True] * (SWEEP - 2) + [False]
    assert len(read(table)) == 2 * ANSWER - 1


@pytest.mark.parametrize("date", [None, "", "soon", "Wed, 04 Mar 2026 12:10:10"])
def test_without_notions_own_clock_the_table_is_read(table: NotionTable, notion: Notion, date: str | None) -> None:
    class Undated(Transport):
        def handle_request(self, request: httpx.Request) -> httpx.Response:
            answer = super().handle_request(request)
            del answer.headers["Date"]
            if date is not None:
                answer.headers["Date"] = date
            return answer

    plugged(table._client, Undated(notion))
    read(table)
    assert table.probe() != table.probe()


def test_our_own_writes_are_no_news_and_a_persons_edit_that_they_meet_is(
    table: NotionTable, person: Person, row: Callable[[int], Page], notion: Notion
) -> None:
    keys = keys_of(table)
    before = table.probe()
    for value in range(3):
        write(table, Patch(keys["task 4"], {"Current": value}))
        write(table, Patch(keys["task 5"], {"Current": value}))
        assert table.probe() == before
    person.type(row(3), "Description", "typed meanwhile")
    write(table, Patch(keys["task 4"], {"Current": 9}))
    write(table, Patch(keys["task 5"], {"Current": 9}))
    assert (second := table.probe()) != before
    assert table.probe() != second  # and again, until it was read
    read(table)
    assert table.probe() == table.probe()


def test_a_time_that_our_own_write_moves_on_is_no_news(table: NotionTable, person: Person, many: Source, clock: SetClock) -> None:
    person.add_column(many, "Edited", {"last_edited_time": {}})
    keys = keys_of(table)
    before = table.probe()
    clock.advance(minutes=1)
    write(table, Patch(keys["task 4"], {"Current": 9}))
    assert table.probe() == before


def test_more_edits_than_one_answer_shows_are_news(table: NotionTable, person: Person, many: Source) -> None:
    rows = person.rows(many)
    for edited in rows[: ANSWER + 1]:
        person.type(edited, "Current", 1)
    read(table)
    assert table.probe() != table.probe()


def test_an_edit_while_pages_are_read_is_noticed_however_long_that_takes(
    table: NotionTable, person: Person, row: Callable[[int], Page], clock: SetClock
) -> None:
    read(table)
    before = table.probe()
    first = table.read()
    person.type(row(3), "Current", 7)
    clock.advance(minutes=5)
    assert table.read(first.next).next is None
    assert table.probe() != before


def test_a_row_that_moves_while_pages_are_read_comes_once() -> None:
    news = News(100)
    for _ in range(2):
        news.begins()
        assert [news.saw(Row(key, {})) for key in "aba"] == [True, True, False]


def test_each_quiet_probe_asks_for_less_than_the_one_before(table: NotionTable, clock: SetClock) -> None:
    """So that own writes of an hour don't add up to more than one answer shows."""
    keys = list(keys_of(table).values())
    before = table.probe()
    for some in (keys[:60], keys[60:120]):
        for key in some:
            write(table, Patch(key, {"Current": 9}))
        assert table.probe() == before
        clock.advance(minutes=5)
        assert table.probe() == before


def test_a_row_that_was_just_moved_into_the_trash_by_us_is_no_news_but_its_return_is(
    table: NotionTable, person: Person, row: Callable[[int], Page]
) -> None:
    keys, gone = keys_of(table), row(3)
    before = table.probe()
    assert table.delete([keys["task 4"]]) == [Effect.APPLIED]
    assert table.probe() == before
    person.restore(gone)
    assert table.probe() != before


def test_a_row_that_the_engine_was_told_is_missing_is_news_when_it_returns(
    table: NotionTable, person: Person, row: Callable[[int], Page]
) -> None:
    keys, gone = keys_of(table), row(3)
    before = table.probe()
    person.delete(gone)
    assert write(table, Patch(keys["task 4"], {"Current": 9})).effect is Effect.MISSING
    assert table.probe() == before
    person.restore(gone)
    assert table.probe() != before
