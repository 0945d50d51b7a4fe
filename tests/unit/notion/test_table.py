"""The table on the emulator: what it reads, what it writes, what it does when Notion refuses."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from connectors.api import Effect, Patch
from connectors.errors import Bug, Expired, NeedsOwner, NoRoom, OutcomeUnknown, TryLater
from connectors.notion import NotionSettings, NotionTable
from connectors.notion.source import is_gone
from tests.emulators.core.exchange import Answer
from tests.emulators.core.faults import Fault
from tests.emulators.core.server import Server
from tests.emulators.notion.emulator import TOKEN, Notion, Unanswered
from tests.emulators.notion.errors import overloaded, unavailable
from tests.emulators.notion.people import CAPABILITIES
from tests.emulators.notion.person import Person
from tests.emulators.notion.samples import source_called
from tests.emulators.notion.tables import new_source
from tests.emulators.notion.texts import simple
from tests.emulators.notion.world import Database, Source
from tests.unit.notion.conftest import Open, Rows, keys_of, operations, place, plugged, read, shown, write

COLUMNS = {"Name", "Type", "Description", "Action", "Current", "Threshold", "Last Run", "Status", "Metadata"}
NAMES = ["guidelines_refresh", "vitest_rerun", "coverage_check"]
QUERY, RETRIEVE, UPDATE = "data_sources.query", "data_sources.retrieve", "pages.update"


def database_of(notion: Notion, source: Source) -> Database:
    found = notion.api.world.nodes[source.parent[1]]
    assert isinstance(found, Database)
    return found


def second_source(notion: Notion, source: Source, title: str) -> Source:
    """One more data source in the same database, as a person adds it."""
    database = database_of(notion, source)
    made = new_source(notion.api, database.id, notion.api.world.ids.page(), simple(title), [], source.created_by)
    notion.api.schemas.create(made, {"Name": {"title": {}}}, "columns")
    notion.api.world.nodes[made.id] = made
    database.sources.append(made.id)
    return made


# --- reading


def test_the_sample_table_is_read_as_it_stands(table: NotionTable, notion: Notion, page: Rows) -> None:
    rows = read(table)
    assert shown(rows, "Name") == NAMES
    assert [row.key for row in rows] == [page(name).id for name in NAMES]
    assert next(iter(rows[0].cells)) == "Name"  # the title stands first in every view
    assert dict(rows[0].cells) == {
        "Name": "guidelines_refresh", "Type": "counter", "Description": "Refresh AI guidelines", "Action": "read_guidelines",
        "Current": 3, "Threshold": 5, "Last Run": datetime(2024, 12, 17, 19, 45, tzinfo=UTC), "Status": "active", "Metadata": "{}",
    }  # fmt: skip
    assert operations(notion) == ["databases.retrieve", RETRIEVE, QUERY]
    assert read(table) == rows
    assert operations(notion) == [QUERY]


def test_a_row_has_a_page_of_its_own(table: NotionTable, notion: Notion, page: Rows) -> None:
    read(table)
    database = database_of(notion, source_called(notion, "Tasks"))
    assert table.link(page(NAMES[0]).id) == f"https://www.notion.so/{page(NAMES[0]).id.replace('-', '')}"
    assert table.link("") == f"https://www.notion.so/{database.id.replace('-', '')}"


@pytest.mark.parametrize("many_rows", [1_000])
def test_a_thousand_rows_come_in_ten_pages_in_the_order_in_which_they_were_made(open_table: Open, notion: Notion) -> None:
    table = open_table(database=source_called(notion, "Many tasks").parent[1])
    assert len(read(table)) == 1_000
    operations(notion)
    assert len({row.key for row in read(table)}) == 1_000
    assert operations(notion) == [QUERY] * 10


def test_a_data_source_is_named_by_its_own_id_too(open_table: Open, notion: Notion, source: Source) -> None:
    assert shown(read(open_table(database=source.id)), "Name") == NAMES
    assert operations(notion) == ["databases.retrieve", RETRIEVE, RETRIEVE, QUERY]


@pytest.mark.parametrize("switches", [{}, {"wrong_id": "validation_error"}])
def test_of_several_data_sources_the_operator_says_which(open_table: Open, notion: Notion, source: Source, person: Person) -> None:
    made = second_source(notion, source, "Old tasks")
    person.insert(made, {"Name": "old"})
    words = 'has several data sources: "Tasks", "Old tasks". Say in rowd.toml which it is, like data_source = "Tasks"'
    with pytest.raises(NeedsOwner, match=words):
        open_table().read()
    assert shown(read(open_table(data_source="Tasks")), "Name") == NAMES
    for said in ("Old tasks", "old_tasks", made.id, made.id.replace("-", "")):
        assert shown(read(open_table(data_source=said)), "Name") == ["old"]
    assert shown(read(open_table(database=made.id)), "Name") == ["old"]
    with pytest.raises(NeedsOwner, match=r'no data source "New tasks"\. It has "Tasks", "Old tasks"'):
        open_table(data_source="New tasks").read()
    second_source(notion, source, "Tasks")
    with pytest.raises(NeedsOwner, match=r'several data sources are called "Tasks"\. Write the id'):
        open_table(data_source="Tasks").read()


def test_a_data_source_that_was_renamed_since_is_still_the_one(open_table: Open, notion: Notion, source: Source) -> None:
    second_source(notion, source, "Old tasks")
    table = open_table(data_source="Tasks")
    read(table)
    source.title = simple("Jobs")
    assert shown(read(table), "Name") == NAMES


def test_a_renamed_a_new_and_a_removed_property_are_seen_in_the_rows(
    table: NotionTable, notion: Notion, person: Person, source: Source
) -> None:
    read(table)
    for change, expected in (
        (lambda: person.rename(source, "Description", "What for"), COLUMNS - {"Description"} | {"What for"}),
        (lambda: person.add_column(source, "Notes", {"rich_text": {}}), COLUMNS - {"Description"} | {"What for", "Notes"}),
        (lambda: person.delete_column(source, "What for"), COLUMNS - {"Description"} | {"Notes"}),
    ):
        change()
        operations(notion)
        with pytest.raises(Expired):
            table.read()
        assert set(read(table)[0].cells) == expected
        assert operations(notion) == [QUERY, RETRIEVE, QUERY]


def test_columns_that_change_while_pages_are_read_begin_the_read_anew(open_table: Open, person: Person, source: Source) -> None:
    table = open_table(page=2)
    read(table)
    first = table.read()
    person.rename(source, "Description", "What for")
    with pytest.raises(Expired):
        table.read(first.next)
    assert "What for" in read(table)[2].cells


def test_a_table_without_rows_tells_its_columns_all_the_same(
    table: NotionTable, notion: Notion, person: Person, source: Source, page: Rows
) -> None:
    for name in NAMES:
        person.delete(page(name))
    first = table.read()
    assert set(first.columns) == COLUMNS
    assert (first.rows, read(table)) == ((), [])
    operations(notion)
    assert read(table) == []
    assert operations(notion) == [QUERY, RETRIEVE]
    person.rename(source, "Description", "What for")
    page_ = table.read()
    with pytest.raises(Expired):
        table.read(page_.next)
    assert "What for" in table.read().columns


def test_a_row_that_was_deleted_while_pages_are_read_begins_the_read_anew(open_table: Open, person: Person, page: Rows) -> None:
    table = open_table(page=2)
    read(table)
    first = table.read()
    person.delete(page("coverage_check"))
    with pytest.raises(Expired):
        table.read(first.next)
    assert shown(read(table), "Name") == NAMES[:2]


@pytest.mark.parametrize("switches", [{"trashed_rows": "shown"}, {"trashed_rows": "hidden"}])
def test_a_row_in_the_trash_is_none_until_it_is_restored(table: NotionTable, person: Person, page: Rows) -> None:
    gone = page("vitest_rerun")
    person.delete(gone)
    assert shown(read(table), "Name") == ["guidelines_refresh", "coverage_check"]
    person.restore(gone)
    assert shown(read(table), "Name") == NAMES


@pytest.mark.parametrize("switches", [{}, {"trashed_rows": "shown"}, {"trashed_sources": "not_found"}])
def test_a_database_in_the_trash_is_told_and_not_taken_for_an_empty_one(
    table: NotionTable, open_table: Open, notion: Notion, person: Person, source: Source
) -> None:
    read(table)
    person.delete(database_of(notion, source))
    with pytest.raises(NeedsOwner) as raised:
        read(table)
    assert "Restore it there" in str(raised.value) or "was deleted for good" in str(raised.value)
    with pytest.raises(NeedsOwner, match=r"lies in Notion's trash\. Restore it there"):
        read(open_table())
    person.undo()
    assert shown(read(table), "Name") == NAMES


@pytest.mark.parametrize("switches", [{}, {"trashed_rows": "shown"}, {"trashed_sources": "not_found"}])
def test_a_data_source_in_the_trash_is_told_too(table: NotionTable, open_table: Open, person: Person, source: Source) -> None:
    read(table)
    person.delete(source)
    with pytest.raises(NeedsOwner) as raised:
        read(table)
    assert "Restore it there" in str(raised.value) or "was deleted for good" in str(raised.value)
    with pytest.raises(NeedsOwner, match=r"no data source that may be seen\. Restore it from Notion's trash"):
        read(open_table())
    person.undo()
    assert shown(read(table), "Name") == NAMES


def test_a_database_that_says_itself_that_it_is_in_the_trash_is_asked_no_further(open_table: Open) -> None:
    asked = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.path)
        return httpx.Response(200, json={"object": "database", "in_trash": True, "data_sources": [{"id": "1", "name": "Tasks"}]})

    table = open_table()
    plugged(table._client, httpx.MockTransport(answer))
    with pytest.raises(NeedsOwner, match="lies in Notion's trash"):
        table.read()
    assert len(asked) == 1


@pytest.mark.parametrize("word", ["in_trash", "archived", "is_archived"])
def test_what_is_archived_is_gone_like_what_is_in_the_trash(word: str) -> None:
    """VENDORS.md C4: each version has other words for it, and archived is something else than trashed."""
    assert is_gone({"object": "page", word: True})
    assert not is_gone({"object": "page", word: False})


def test_more_rows_than_a_query_shows_are_refused_with_advice(table: NotionTable, notion: Notion, monkeypatch: Any) -> None:
    """VENDORS.md C2, C8: the client's own iterator ignores the cut."""
    monkeypatch.setattr("tests.emulators.notion.query.MOST", 2)
    with pytest.raises(NeedsOwner, match=r"more than 10,000 rows, .* Move rows that are over into another database"):
        read(table)


@pytest.mark.parametrize("many_rows", [1_000])
def test_a_query_that_asks_for_less_is_asked_for_less(open_table: Open, notion: Notion) -> None:
    table = open_table(database=source_called(notion, "Many tasks").parent[1])
    read(table)
    notion.faults.add(Fault(QUERY, times=5, answer=unavailable()))
    operations(notion)
    for _ in range(5):
        with pytest.raises(TryLater, match="trouble of its own"):
            table.read()
    notion.faults.clear()
    assert len(table.read().rows) == 10
    assert len(read(table)) == 1_000
    operations(notion)
    assert len(read(table)) == 1_000
    assert operations(notion) == [QUERY] * 10  # and for as much as before once that went well


def test_a_page_before_the_first_is_our_mistake(table: NotionTable) -> None:
    with pytest.raises(Bug):
        table.read("s:1:2")


@pytest.mark.parametrize("switches", [{"short_pages": "yes", "order": "any"}])
def test_pages_may_be_shorter_than_asked_for(open_table: Open) -> None:
    assert shown(read(open_table(page=2)), "Name") == NAMES


def test_no_proxy_stands_between_rowd_and_this_machine(notion: Notion, source: Source, monkeypatch: pytest.MonkeyPatch) -> None:
    """VENDORS.md C8: the client's would lead there, too."""
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    with Server(notion) as server:
        table = NotionTable(NotionSettings(database=source.parent[1], endpoint=server.base), place())
        assert shown(read(table), "Name") == NAMES
        table.close()


# --- who may


def test_a_database_that_is_not_shared_is_told_with_the_connections_name(table: NotionTable, notion: Notion, page: Rows) -> None:
    keys = keys_of(table)
    notion.api.connections[TOKEN].shared.clear()
    words = 'the connection "rowd" may see. Open the database as a full page, and add the connection under ••• → Connections'
    for call in (table.read, lambda: write(table, Patch(keys["vitest_rerun"], {"Current": 9}))):
        with pytest.raises(NeedsOwner) as raised:
            call()
        assert words in str(raised.value)
    with pytest.raises(NeedsOwner) as raised:
        table.delete([keys["vitest_rerun"]])
    assert words in str(raised.value)


@pytest.mark.parametrize(
    ("missing", "named"), [("read", "Read content"), ("update", "Update content"), ("insert", "Insert content")]
)
def test_a_capability_that_the_connection_lacks_is_named(open_table: Open, notion: Notion, missing: str, named: str) -> None:
    connection = notion.connect("ntn_less", capabilities=CAPABILITIES - {missing})
    connection.shared.update(notion.api.connections[TOKEN].shared)
    table = open_table(token="ntn_less")

    def all_of_it() -> None:
        write(table, Patch(read(table)[0].key, {"Current": 9}))
        table.create([{"Name": "x"}])

    with pytest.raises(NeedsOwner, match=f'has the capability "{named}"'):
        all_of_it()


def test_a_personal_token_needs_no_sharing_and_is_told_when_it_has_expired(open_table: Open, notion: Notion, clock: Any) -> None:
    notion.connect("ntn_personal", kind="personal", expires=datetime(2026, 3, 5, tzinfo=UTC))
    table = open_table(token="ntn_personal")
    assert shown(read(table), "Name") == NAMES
    clock.advance(days=1)
    with pytest.raises(NeedsOwner, match="is a personal access token that has expired; copy one from"):
        table.read()


# --- writing


def test_a_write_is_one_request_and_shows_the_row_as_it_stands_now(
    table: NotionTable, notion: Notion, person: Person, page: Rows
) -> None:
    key = keys_of(table)["vitest_rerun"]
    person.type(page("vitest_rerun"), "Description", "all tests")
    operations(notion)
    written = write(table, Patch(key, {"Current": 3, "Last Run": datetime(2026, 3, 4, 12, 0, 10, tzinfo=UTC), "Nothing": "x"}))
    assert operations(notion) == [UPDATE]
    assert written.effect is Effect.APPLIED
    assert written.row is not None
    assert written.row == next(row for row in read(table) if row.key == key)
    assert (written.row.cells["Current"], written.row.cells["Description"]) == (3, "all tests")
    assert written.row.cells["Last Run"] == datetime(2026, 3, 4, 12, tzinfo=UTC)  # to the minute


def test_a_write_before_any_read_reads_the_columns_first(table: NotionTable, notion: Notion, page: Rows) -> None:
    assert write(table, Patch(page("vitest_rerun").id, {"Current": 9})).effect is Effect.APPLIED
    assert operations(notion) == ["databases.retrieve", RETRIEVE, UPDATE]


def test_a_header_renamed_since_the_read_is_put_nowhere_and_the_rest_is(
    table: NotionTable, notion: Notion, person: Person, source: Source
) -> None:
    key = keys_of(table)["vitest_rerun"]
    person.rename(source, "Description", "Mine now")
    operations(notion)
    written = write(table, Patch(key, {"Description": "rowd's", "Current": 3}))
    assert (written.effect, written.row is not None) == (Effect.APPLIED, True)
    row = next(row for row in read(table) if row.key == key)
    assert (row.cells["Mine now"], row.cells["Current"]) == ("Run test suite", 3)
    assert operations(notion) == [UPDATE, "pages.retrieve", RETRIEVE, UPDATE, QUERY]


def test_a_column_that_was_given_another_type_is_written_as_that(
    table: NotionTable, notion: Notion, person: Person, source: Source
) -> None:
    person.add_column(source, "Runs", {"rich_text": {}})
    key = keys_of(table)["vitest_rerun"]
    person.delete_column(source, "Runs")
    person.add_column(source, "Runs", {"number": {}})
    written = write(table, Patch(key, {"Runs": 3}))
    assert written.row is not None
    assert written.row.cells["Runs"] == 3


def test_a_column_whose_type_was_changed_is_read_anew(table: NotionTable, person: Person, source: Source) -> None:
    person.add_column(source, "Runs", {"rich_text": {}})
    read(table)
    person.add_column(source, "Runs", {"number": {}})  # the same column, with the same id
    with pytest.raises(Expired):
        table.read()


def test_a_column_that_is_called_like_anothers_id_is_not_taken_for_it(table: NotionTable, person: Person, source: Source) -> None:
    person.rename(source, "Description", "title")
    key = keys_of(table)["vitest_rerun"]
    written = write(table, Patch(key, {"title": "Dr."}))
    assert written.row is not None
    assert (written.row.cells["title"], written.row.cells["Name"]) == ("Dr.", "vitest_rerun")


@pytest.mark.parametrize("switches", [{}, {"trashed_pages": "not_found"}, {"trash_edit": "done"}])
def test_a_row_that_is_gone_is_missing_however_notion_says_so(
    table: NotionTable, notion: Notion, person: Person, page: Rows
) -> None:
    keys = keys_of(table)
    person.delete(page("vitest_rerun"))
    person.purge(page("coverage_check"))
    person.move(page("guidelines_refresh"), source_called(notion, "Many tasks"))
    for name in NAMES:
        written = write(table, Patch(keys[name], {"Current": 9}))
        assert (written.effect, written.row) == (Effect.MISSING, None)
    for name in NAMES[1:]:  # the first stands in another database now
        assert table.delete([keys[name]]) in ([Effect.MISSING], [Effect.APPLIED])
    for key in ("nobody", ""):
        assert write(table, Patch(key, {"Current": 9})).effect is Effect.MISSING
        assert table.delete([key]) == [Effect.MISSING]


def test_a_row_is_missing_only_while_the_table_is_there(table: NotionTable, notion: Notion) -> None:
    """What isn't shared is answered like what isn't there (VENDORS.md C6)."""
    patch = Patch(keys_of(table)["vitest_rerun"], {"Current": 9})
    body = {"object": "error", "status": 400, "code": "validation_error", "message": "…"}
    notion.faults.add(Fault(UPDATE, times=1, answer=Answer.of(400, body)))
    notion.api.connections[TOKEN].shared.clear()
    with pytest.raises(NeedsOwner, match="add the connection under"):
        table.write([patch])


def test_what_is_refused_for_another_reason_is_our_mistake_once_that_is_sure(table: NotionTable, notion: Notion) -> None:
    key = keys_of(table)["vitest_rerun"]
    body = {"object": "error", "status": 400, "code": "validation_error", "message": "body failed validation: …"}
    notion.faults.add(Fault(UPDATE, answer=Answer.of(400, body)))
    operations(notion)
    for _ in range(2):
        with pytest.raises(Bug, match="body failed validation"):
            write(table, Patch(key, {"Current": 9}))
        assert operations(notion) == [UPDATE, "pages.retrieve", RETRIEVE, UPDATE]
    notion.faults.clear()
    assert write(table, Patch(key, {"Current": 9})).effect is Effect.APPLIED


def test_no_option_is_ever_made_and_one_that_was_added_is_found(
    table: NotionTable, notion: Notion, person: Person, source: Source
) -> None:
    key = keys_of(table)["vitest_rerun"]
    operations(notion)
    written = write(table, Patch(key, {"Status": "draft", "Current": 3}))
    assert written.row is not None
    assert (written.row.cells["Status"], written.row.cells["Current"]) == ("active", 3)
    assert written.unfit == {"Status": 'column "Status" has no option "draft"; add it under Edit property, or make it Text'}
    assert operations(notion) == [RETRIEVE, UPDATE]  # the options are looked at again before that is told
    assert write(table, Patch(key, {"Status": "draft"})).unfit.keys() == {"Status"}
    status = source.find("Status")
    assert status is not None
    assert [option.name for option in status.options] == ["active", "paused", "completed"]
    notion.api.values.made(status, "Draft")
    written = write(table, Patch(key, {"Status": "draft"}))
    assert written.row is not None
    assert (written.row.cells["Status"], dict(written.unfit)) == ("Draft", {})


def test_an_option_that_was_just_removed_is_not_made_anew_and_one_that_was_renamed_is_the_same(
    table: NotionTable, source: Source
) -> None:
    """VENDORS.md C5: by its name it would come back."""
    key = keys_of(table)["vitest_rerun"]
    status = source.find("Status")
    assert status is not None
    status.options[:] = [option for option in status.options if option.name != "completed"]
    written = write(table, Patch(key, {"Status": "completed"}))
    assert written.unfit.keys() == {"Status"}
    assert [option.name for option in status.options] == ["active", "paused"]
    status.options[1].name = "on hold"
    written = write(table, Patch(key, {"Status": "paused"}))
    assert written.row is not None
    assert written.row.cells["Status"] == "on hold"
    assert [option.name for option in status.options] == ["active", "on hold"]


def test_a_status_takes_its_options_and_is_never_emptied(table: NotionTable, person: Person, source: Source) -> None:
    person.add_column(source, "Stage", {"status": {}})
    key = keys_of(table)["vitest_rerun"]
    written = write(table, Patch(key, {"Stage": "in progress"}))
    assert written.row is not None
    assert written.row.cells["Stage"] == "In progress"
    for value in ("Running", None):
        written = write(table, Patch(key, {"Stage": value}))
        assert written.unfit.keys() == {"Stage"}
    assert read(table)[1].cells["Stage"] == "In progress"


def test_what_notion_works_out_is_read_and_told_when_written(table: NotionTable, person: Person, source: Source) -> None:
    for name, form in {"Number": {"unique_id": {"prefix": "TASK"}}, "Edited": {"last_edited_time": {}}}.items():
        person.add_column(source, name, form)
    row = read(table)[0]
    assert isinstance(row.cells["Edited"], datetime)
    written = write(table, Patch(row.key, {"Number": 5, "Edited": None, "Current": 4}))
    assert written.unfit.keys() == {"Number", "Edited"}
    assert read(table)[0].cells["Current"] == 4


@pytest.mark.parametrize("operation", [UPDATE, "pages.create"])
def test_a_write_that_was_saved_and_answered_503_leaves_open_whether_it_was(
    table: NotionTable, notion: Notion, operation: str
) -> None:
    key = keys_of(table)["vitest_rerun"]
    notion.faults.add(Unanswered(operation, times=1))
    call = (lambda: write(table, Patch(key, {"Current": 9}))) if operation == UPDATE else lambda: table.create([{"Name": "new"}])
    with pytest.raises(OutcomeUnknown, match="has saved the change, but didn't come to show it"):
        call()
    rows = {row.cells["Name"]: row.cells["Current"] for row in read(table)}
    assert rows["vitest_rerun"] == 9 if operation == UPDATE else "new" in rows


def test_an_overload_has_written_nothing(table: NotionTable, notion: Notion) -> None:
    key = keys_of(table)["vitest_rerun"]
    notion.faults.add(Fault(UPDATE, times=1, answer=overloaded(7)))
    with pytest.raises(TryLater) as raised:
        write(table, Patch(key, {"Current": 9}))
    assert raised.value.wait is not None
    assert raised.value.wait.total_seconds() == 7


def test_a_workspace_without_free_blocks_makes_no_row_and_lets_others_be_edited(
    table: NotionTable, open_table: Open, notion: Notion, clock: Any
) -> None:
    """VENDORS.md C1: for ever, and not for personal tokens."""
    key = keys_of(table)["vitest_rerun"]
    notion.api.world.limit_reached = clock.now()
    clock.advance(days=3)
    with pytest.raises(NoRoom, match=r"deleting gives none back\. Take a paid plan, or put a personal access token"):
        table.create([{"Name": "new"}])
    assert write(table, Patch(key, {"Current": 9})).effect is Effect.APPLIED
    notion.connect("ntn_personal", kind="personal")
    assert len(open_table(token="ntn_personal").create([{"Name": "new"}])) == 1


def test_a_new_row_that_a_column_can_not_hold_is_not_made_until_it_can(table: NotionTable, notion: Notion, source: Source) -> None:
    read(table)
    with pytest.raises(NeedsOwner, match='no option "draft"'):
        table.create([{"Name": "new", "Status": "draft"}])
    assert "pages.create" not in operations(notion)
    assert shown(read(table), "Name") == NAMES
    notion.faults.add(Fault(QUERY, answer=unavailable()))  # and no read comes to tell of the new option
    with pytest.raises(NeedsOwner):
        table.create([{"Name": "new", "Status": "draft"}])
    status = source.find("Status")
    assert status is not None
    notion.api.values.made(status, "draft")
    assert len(table.create([{"Name": "new", "Status": "draft"}])) == 1


def test_a_new_row_whose_columns_are_not_what_they_were_is_tried_again(table: NotionTable, person: Person, source: Source) -> None:
    read(table)
    person.rename(source, "Description", "What for")
    with pytest.raises(TryLater, match="columns are not what they were"):
        table.create([{"Name": "new", "Description": "x"}])
    (key,) = table.create([{"Name": "new", "What for": "x"}])
    assert keys_of(table)["new"] == key


def test_one_patch_one_row_and_no_expectation(table: NotionTable) -> None:
    for call in (
        lambda: table.write([Patch("a", {}), Patch("b", {})]),
        lambda: table.write([Patch("a", {}, expect={"Status": "x"})]),
        lambda: table.create([{}, {}]),
        lambda: table.delete(["a", "b"]),
    ):
        with pytest.raises(Bug):
            call()


def test_the_request_has_what_we_say_and_nothing_less(table: NotionTable, notion: Notion) -> None:
    """VENDORS.md C8: the endpoints' own methods drop what they don't know."""
    key = keys_of(table)["vitest_rerun"]
    write(table, Patch(key, {"Current": 9, "Description": None}))
    sent = json.loads(list(notion.journal)[-1].request.body)
    assert sent == {"properties": {"Current": {"number": 9}, "Description": {"rich_text": []}}}


def test_the_vendors_client_is_loaded_with_the_first_request_and_not_before() -> None:
    code = "import sys, connectors; connectors.load('notion'); sys.exit('notion_client' in sys.modules or 'httpx' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_closing_takes_nothing_that_was_not_opened(open_table: Open) -> None:
    table = open_table()
    table.close()
    table.close()
    assert place().name == "ops"
