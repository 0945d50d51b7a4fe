"""What a table needs, taken away piece by piece: each is told in its own sentence, with the remedy."""

from __future__ import annotations

from copy import deepcopy

from connectors.errors import NeedsOwner, TryLater
from connectors.notion import NotionSettings, NotionTable
from connectors.preparing import Check
from tests.emulators.core.faults import Fault
from tests.emulators.notion.emulator import TOKEN, Notion
from tests.emulators.notion.errors import error
from tests.emulators.notion.people import CAPABILITIES
from tests.emulators.notion.person import Person
from tests.emulators.notion.world import Source
from tests.unit.notion.conftest import DATABASE, Open, operations, place

QUERY, RETRIEVE, UPDATE = "data_sources.query", "data_sources.retrieve", "pages.update"


def wrong(table: NotionTable, what: str) -> str:
    """What is said of the one thing that is wrong, where all ends."""
    *_, last = table.examine()
    assert (last.what, last.good) == (what, False)
    return last.says


def lacking(notion: Notion, capability: str) -> None:
    notion.api.connections[TOKEN].capabilities = CAPABILITIES - {capability}


def proved(notion: Notion, table: NotionTable) -> Check:
    """What is told of the right to write, by one request that changes nothing."""
    proof = next(check for check in table.examine() if check.what == "permission").proof
    assert proof is not None
    notion.journal.clear()
    before = deepcopy(notion.api.world.nodes)
    told = proof()
    assert operations(notion) == [UPDATE]
    assert notion.api.world.nodes == before
    return told


def test_all_is_well_and_only_reads_have_told_it(notion: Notion, table: NotionTable) -> None:
    checks = [*table.examine()]
    assert [(check.what, check.good) for check in checks] == [
        ("credentials", True),
        ("connection", True),
        ("table", True),
        ("reading", True),
        ("permission", None),
    ]
    assert checks[0].says == 'Notion knows the token in NOTION_TOKEN: it is that of "rowd"'
    assert operations(notion) == ["users.me", "databases.retrieve", RETRIEVE, QUERY]


def test_a_token_that_nobody_knows(open_table: Open) -> None:
    assert "Notion doesn't know the token in NOTION_TOKEN" in wrong(open_table("ntn_nobody"), "credentials")


def test_no_token() -> None:
    table = NotionTable(NotionSettings(database=DATABASE), place(None))
    assert "NOTION_TOKEN has no value; copy the token from" in wrong(table, "credentials")


def test_a_token_that_may_not_ask_who_it_is_is_known_all_the_same(notion: Notion, table: NotionTable) -> None:
    no = error(403, "restricted_resource", "This endpoint is not for personal access tokens.")
    notion.faults.add(Fault("users.me", times=1, answer=no))
    checks = [*table.examine()]
    assert (checks[0].says, checks[-1].what) == ("Notion knows the token in NOTION_TOKEN", "permission")


def test_a_database_that_is_not_shared(notion: Notion, table: NotionTable) -> None:
    notion.api.connections[TOKEN].shared.clear()
    assert "add the connection under ••• → Connections" in wrong(table, "connection")


def test_a_database_in_the_trash(notion: Notion, table: NotionTable, person: Person, source: Source) -> None:
    person.delete(notion.api.world.nodes[source.parent[1]])
    assert "Restore it there (Trash in the sidebar)" in wrong(table, "connection")


def test_no_such_data_source(open_table: Open) -> None:
    assert "the database has no data source" in wrong(open_table(data_source="Nope"), "connection")


def test_a_data_source_in_the_trash(table: NotionTable, person: Person, source: Source, notion: Notion) -> None:
    checks = table.examine()
    assert [next(checks).good, next(checks).good] == [True, True]
    person.delete(source)
    last = next(checks)
    assert (last.what, last.good, "Restore it" in last.says, next(checks, None)) == ("table", False, True, None)


def test_rows_that_may_not_be_queried(notion: Notion, table: NotionTable) -> None:
    no = error(403, "restricted_resource", "Insufficient permissions for this endpoint.")
    notion.faults.add(Fault(QUERY, times=1, answer=no))
    assert 'has the capability "Read content"' in wrong(table, "reading")


def test_no_capability_to_read(notion: Notion, table: NotionTable) -> None:
    lacking(notion, "read")
    assert 'has the capability "Read content"' in wrong(table, "connection")


def test_no_capability_to_write_is_told_by_a_write_that_changes_nothing(notion: Notion, table: NotionTable) -> None:
    lacking(notion, "update")
    told = proved(notion, table)
    assert isinstance(told.trouble, NeedsOwner)
    assert 'has the capability "Update content"' in told.says


def test_a_token_that_may_write_shows_it_without_changing_anything(notion: Notion, table: NotionTable) -> None:
    told = proved(notion, table)
    assert told.good is True
    assert "with a personal access token, where its user may" in told.says


def test_no_network() -> None:
    settings = NotionSettings(database=DATABASE, endpoint="http://127.0.0.1:1")
    (bad,) = NotionTable(settings, place()).examine()
    assert isinstance(bad.trouble, TryLater)
    assert "Notion can't be reached at 127.0.0.1:1 (" in bad.says
