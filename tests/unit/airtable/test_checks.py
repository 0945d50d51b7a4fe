"""What a table needs, taken away piece by piece: each is told in its own sentence, with the remedy."""

from __future__ import annotations

from connectors.airtable import AirtableTable
from connectors.errors import TryLater
from connectors.preparing import Check
from tests.emulators.airtable import DAEMON, SAMPLE_BASE, Airtable, Person
from tests.emulators.airtable.model import SCOPES, Token
from tests.unit.airtable.conftest import Open


def wrong(table: AirtableTable, what: str) -> str:
    """What is said of the one thing that is wrong."""
    bad = [check for check in table.examine() if check.good is False]
    assert [check.what for check in bad] == [what]
    return bad[0].says


def lacking(airtable: Airtable, scope: str) -> str:
    """A token with all scopes but one."""
    airtable.let_in(Token("patLacking0000001.x", DAEMON, SCOPES - {scope}))
    return "patLacking0000001.x"


def named(table: AirtableTable, what: str) -> Check:
    return next(check for check in table.examine() if check.what == what)


def test_all_is_well_and_only_reads_have_told_it(airtable: Airtable, table: AirtableTable) -> None:
    assert [(check.what, check.good) for check in table.examine()] == [
        ("credentials", True),
        ("connection", True),
        ("table", True),
        ("reading", True),
        ("permission", None),
        ("webhook", True),
    ]
    assert {entry.request.method for entry in airtable.journal} == {"GET"}
    assert len([*airtable.journal]) == 5


def test_a_token_that_nobody_knows(open_table: Open) -> None:
    assert "Airtable doesn't know the token in AIRTABLE_TOKEN" in wrong(open_table("patNobody00000001.x"), "credentials")


def test_no_token(open_table: Open) -> None:
    assert "AIRTABLE_TOKEN has no value; put AIRTABLE_TOKEN=… into .env" in wrong(open_table(None), "credentials")


def test_no_scope_for_the_schema(airtable: Airtable, open_table: Open) -> None:
    assert "has the scope schema.bases:read" in wrong(open_table(lacking(airtable, "schema.bases:read")), "connection")


def test_no_scope_for_reading_rows(airtable: Airtable, open_table: Open) -> None:
    assert "has the scope data.records:read" in wrong(open_table(lacking(airtable, "data.records:read")), "reading")


def test_no_scope_for_writing_rows_is_told_by_a_write_that_changes_nothing(airtable: Airtable, open_table: Open) -> None:
    check = named(open_table(lacking(airtable, "data.records:write")), "permission")
    assert check.proof is not None
    before = airtable.bases[SAMPLE_BASE].transaction
    told = check.proof()
    assert told.good is False
    assert "has the scope data.records:write" in told.says
    assert airtable.bases[SAMPLE_BASE].transaction == before


def test_a_token_that_may_write_shows_it_without_changing_anything(airtable: Airtable, table: AirtableTable) -> None:
    check = named(table, "permission")
    assert check.proof is not None
    before = airtable.bases[SAMPLE_BASE].transaction
    assert check.proof().good is True
    assert airtable.bases[SAMPLE_BASE].transaction == before


def test_a_user_who_may_only_look(table: AirtableTable, person: Person) -> None:
    person.share(DAEMON, "read")
    said = wrong(table, "permission")
    assert "may only look at the base (read)" in said
    assert "Share the base with that user as Editor" in said


def test_a_base_that_the_token_was_not_granted(airtable: Airtable, open_table: Open) -> None:
    airtable.let_in(Token("patElsewhere00001.x", DAEMON, SCOPES, bases=frozenset()))
    said = wrong(open_table("patElsewhere00001.x"), "connection")
    assert "no such base; it has none" in said
    assert "add the base under Access" in said


def test_no_such_table_and_no_such_view(open_table: Open) -> None:
    assert "the base has no such table" in wrong(open_table(table="Nope"), "table")
    assert 'there is no view "Nope"' in (said := wrong(open_table(view="Nope"), "table"))
    assert said.endswith('The table has "Grid view".')


def test_without_the_scope_for_webhooks_nothing_is_wrong_but_it_is_told(airtable: Airtable, open_table: Open) -> None:
    check = named(open_table(lacking(airtable, "webhook:manage")), "webhook")
    assert check.good is None
    assert "give it the scope webhook:manage" in check.says
    assert [c.what for c in open_table(webhook=False).examine()][-1] == "permission"


def test_no_network(open_table: Open) -> None:
    (bad,) = open_table(endpoint="http://127.0.0.1:1").examine()
    assert isinstance(bad.trouble, TryLater)
    assert "Airtable can't be reached at 127.0.0.1:1 (" in bad.says
