"""The webhook as a probe: one request says whether anything changed, and nothing that did is ever hidden by it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from pyairtable import Api

from connectors.airtable import AirtableTable
from connectors.airtable.hook import SWEEP
from connectors.api import Patch
from connectors.errors import NeedsOwner, TryLater
from tests.emulators.airtable import DAEMON, SAMPLE_BASE, TASKS, TOKEN, Airtable, Person
from tests.emulators.airtable.model import Token
from tests.emulators.core.clock import SetClock
from tests.emulators.core.exchange import Answer
from tests.emulators.core.faults import Fault
from tests.emulators.core.server import Server
from tests.unit.airtable.conftest import Open
from tests.unit.airtable.test_table import keys_of, operations, rows_of, scoped

ASKED = "webhooks.payloads"


def asked(table: AirtableTable, airtable: Airtable) -> tuple[str, list[str]]:
    """The marker, and what was requested for it."""
    airtable.journal.clear()
    return table.probe(), operations(airtable)


@pytest.fixture
def hooked(table: AirtableTable) -> AirtableTable:
    """One that was read, has its hook, and was read again."""
    rows_of(table)
    table.probe()
    rows_of(table)
    return table


def test_no_probe_takes_more_than_one_request(table: AirtableTable, airtable: Airtable) -> None:
    before, requests = asked(table, airtable)
    assert requests == []  # the table's id is not known yet
    airtable.journal.clear()
    rows_of(table)
    assert operations(airtable) == ["meta.tables", "webhooks.list", "records.list"]
    first, requests = asked(table, airtable)
    assert first != before
    assert requests == ["webhooks.create"]
    airtable.journal.clear()
    rows_of(table)
    assert operations(airtable) == ["meta.tables", "records.list"]
    for _ in range(3):
        assert asked(table, airtable) == (first, [ASKED])


def test_whoever_only_reads_has_no_hook(table: AirtableTable, airtable: Airtable) -> None:
    for _ in range(2):
        rows_of(table)
    assert operations(airtable) == ["meta.tables", "records.list"] * 2


def test_a_quiet_poll_of_a_table_with_a_hook_costs_one_request_and_a_changed_one_reads_no_fields(
    hooked: AirtableTable, airtable: Airtable, person: Person
) -> None:
    before = hooked.probe()
    person.type("vitest_rerun", "Description", "changed")
    assert hooked.probe() != before
    airtable.journal.clear()
    rows_of(hooked)
    assert operations(airtable) == ["records.list"]


Change = Callable[[Person], object]
CHANGES: dict[str, Change] = {
    "type": lambda person: person.type("vitest_rerun", "Description", "changed"),
    "empty": lambda person: person.type("vitest_rerun", "Description", None),
    "insert": lambda person: person.insert({"Name": "new"}),
    "insert a blank row": lambda person: person.insert(),
    "delete": lambda person: person.delete("vitest_rerun"),
    "duplicate": lambda person: person.duplicate("vitest_rerun"),
    "rename a field": lambda person: person.rename("Description", "What for"),
    "add a field": lambda person: person.add_column("Health"),
    "delete a field": lambda person: person.delete_column("Description"),
    "rename the table": lambda person: person.rename_table("Jobs"),
}


@pytest.mark.parametrize("what", CHANGES)
def test_every_change_by_a_person_is_noticed_once(hooked: AirtableTable, person: Person, what: str) -> None:
    before = hooked.probe()
    CHANGES[what](person)
    after = hooked.probe()
    assert after != before
    assert hooked.probe() == after


@pytest.mark.parametrize("what", ["rename a field", "add a field", "delete a field"])
def test_after_a_change_of_the_fields_they_are_read_again(
    hooked: AirtableTable, airtable: Airtable, person: Person, what: str
) -> None:
    CHANGES[what](person)
    hooked.probe()
    airtable.journal.clear()
    columns = tuple(rows_of(hooked)[0].cells)
    assert operations(airtable) == ["meta.tables", "records.list"]
    table = airtable.bases[SAMPLE_BASE].table(TASKS)
    assert table is not None
    assert columns == tuple(field.name for field in table.fields)
    airtable.journal.clear()
    rows_of(hooked)
    assert operations(airtable) == ["records.list"]


def test_what_no_payload_tells_of_is_seen_by_a_sweep(hooked: AirtableTable, airtable: Airtable, person: Person) -> None:
    before = hooked.probe()
    person.filter("{Current} > 0")
    person.move_column("Metadata", "ID")
    marks = [hooked.probe() for _ in range(SWEEP)]
    assert marks.count(before) == SWEEP - 2  # one of the answers that it counts came before
    airtable.journal.clear()
    rows = rows_of(hooked)
    assert operations(airtable) == ["meta.tables", "records.list"]
    assert [row.cells["Name"] for row in rows] == ["guidelines_refresh", "vitest_rerun"]
    assert list(rows[0].cells)[:2] == ["Name", "Metadata"]


def test_undo_is_noticed_and_so_is_what_leaves_a_cell_as_we_wrote_it(hooked: AirtableTable, person: Person) -> None:
    """A person's change counts whatever it says: it may be a press that was taken back."""
    key = keys_of(hooked)["vitest_rerun"]
    hooked.write([Patch(key, {"Description": "ours"})])
    before = hooked.probe()
    person.type(key, "Description", "theirs")
    person.undo()
    assert hooked.probe() != before


def test_our_own_writes_are_no_change_also_where_airtable_works_something_out_from_them(
    hooked: AirtableTable, person: Person
) -> None:
    person.add_column("Touched", "lastModifiedTime")
    person.add_column("Double", "formula", {"formula": "{Current} * 2"})
    hooked.probe()
    keys = list(keys_of(hooked).values())
    before = hooked.probe()
    for count in range(3):  # several between two polls: only the last of them can stand there
        hooked.write([Patch(key, {"Current": count, "Status": "paused"}) for key in keys])
    assert hooked.probe() == before
    person.type(keys[0], "Current", 7)
    assert hooked.probe() != before


def test_what_another_program_writes_with_the_same_token_is_a_change(hooked: AirtableTable, airtable: Airtable) -> None:
    keys = keys_of(hooked)
    hooked.write([Patch(keys["vitest_rerun"], {"Current": 4})])
    before = hooked.probe()
    with Server(airtable) as server:
        other = Api(TOKEN, endpoint_url=server.base, timeout=(5, 30), retry_strategy=None).table(SAMPLE_BASE, TASKS)
        other.update(keys["vitest_rerun"], {"Current": 5})
        again = hooked.probe()
        assert again != before
        other.create({"Name": "another"})
        assert hooked.probe() != again


def test_the_next_process_takes_up_the_hook_that_the_last_one_left(
    hooked: AirtableTable, open_table: Open, airtable: Airtable, person: Person
) -> None:
    hooked.close()
    person.type("vitest_rerun", "Description", "while nobody looked")
    table = open_table(view="Grid view")
    first = table.probe()
    rows_of(table)
    assert asked(table, airtable) == (first, [ASKED])  # it is asked from before the rows were read
    person.type("vitest_rerun", "Description", "again")
    assert table.probe() != first


def test_a_hook_for_something_else_is_not_taken(table: AirtableTable, airtable: Airtable) -> None:
    made = airtable.bases[SAMPLE_BASE].table(TASKS)
    assert made is not None
    with Server(airtable) as server:
        api = Api(TOKEN, endpoint_url=server.base, timeout=(5, 30), retry_strategy=None)
        everything = ["tableData", "tableFields", "tableMetadata"]
        for filters in (
            {"dataTypes": everything},
            {"dataTypes": ["tableData"], "recordChangeScope": made.id},
            {"dataTypes": everything, "recordChangeScope": made.id, "fromSources": ["client"]},
        ):
            api.post(api.base(SAMPLE_BASE).urls.webhooks, json={"specification": {"options": {"filters": filters}}})
    table.probe()
    rows_of(table)
    assert asked(table, airtable)[1] == ["webhooks.create"]


def test_a_hook_that_has_run_out_is_not_taken_up(
    hooked: AirtableTable, open_table: Open, airtable: Airtable, clock: SetClock
) -> None:
    clock.advance(days=8)
    table = open_table()
    table.probe()
    rows_of(table)
    assert asked(table, airtable)[1] == ["webhooks.create"]


def test_a_hook_that_has_died_is_replaced_and_until_then_the_table_is_read(
    hooked: AirtableTable, airtable: Airtable, clock: SetClock, person: Person
) -> None:
    before = hooked.probe()
    clock.advance(days=15)
    lost, requests = asked(hooked, airtable)
    assert (lost != before, requests) == (True, [ASKED])
    airtable.journal.clear()
    rows_of(hooked)
    assert operations(airtable) == ["meta.tables", "records.list"]
    made, requests = asked(hooked, airtable)
    assert (made != lost, requests) == (True, ["webhooks.create"])
    person.type("vitest_rerun", "Description", "changed")
    assert hooked.probe() != made


def test_a_hook_that_ends_because_the_base_is_taken_away_says_so_by_the_read(
    hooked: AirtableTable, airtable: Airtable, person: Person
) -> None:
    before = hooked.probe()
    person.unshare()
    assert hooked.probe() != before
    with pytest.raises(NeedsOwner):
        rows_of(hooked)
    person.share()
    assert asked(hooked, airtable)[1] == ["webhooks.create"]
    rows_of(hooked)


def test_a_payload_that_says_that_the_hook_is_dead_is_heeded(hooked: AirtableTable, airtable: Airtable) -> None:
    before = hooked.probe()
    told = {"payloads": [{"error": True, "code": "INTERNAL_ERROR"}], "cursor": 2, "mightHaveMore": False}
    airtable.faults.add(Fault(ASKED, times=1, answer=Answer.of(200, told)))
    assert hooked.probe() != before
    assert asked(hooked, airtable)[1] == ["webhooks.create"]


def test_more_than_one_answer_of_changes_is_a_change_and_no_poll_asks_twice(
    hooked: AirtableTable, airtable: Airtable, person: Person
) -> None:
    before = hooked.probe()
    for at in range(120):
        person.type("vitest_rerun", "Description", f"edit {at}")
    marks = [asked(hooked, airtable) for _ in range(4)]
    assert [requests for _, requests in marks] == [[ASKED]] * 4
    assert len({before, *(mark for mark, _ in marks[:3])}) == 4
    assert marks[3][0] == marks[2][0]


def test_a_renamed_field_among_more_changes_than_one_answer_holds_is_not_vouched_for(
    hooked: AirtableTable, airtable: Airtable, person: Person
) -> None:
    person.rename("Description", "What for")
    for at in range(60):
        person.type("vitest_rerun", "Current", at)
    hooked.probe()
    airtable.journal.clear()
    assert "What for" in rows_of(hooked)[0].cells
    assert operations(airtable) == ["meta.tables", "records.list"]


def test_an_edit_behind_fifty_writes_of_ours_waits_for_no_second_poll(hooked: AirtableTable, person: Person) -> None:
    first, second, third = keys_of(hooked).values()
    before = hooked.probe()
    for count in range(50):
        hooked.write([Patch(first, {"Current": 100 + count})])
    hooked.write([Patch(second, {"Current": 100})])
    person.type(third, "Current", 100)
    assert hooked.probe() != before


@pytest.mark.parametrize("why", ["no scope", "no rights", "switched off"])
def test_without_a_hook_every_poll_reads_and_nothing_is_asked_for_it(
    open_table: Open, airtable: Airtable, person: Person, why: str
) -> None:
    token = scoped(airtable, "schema.bases:read", "data.records:read", "data.records:write") if why == "no scope" else TOKEN
    if why == "no rights":
        person.share(level="edit")
    table = open_table(token=token, webhook=why != "switched off")
    marks = set()
    for _ in range(4):
        marks.add(table.probe())
        rows_of(table)
    assert len(marks) == 4
    assert operations(airtable).count("meta.tables") == 4  # and nothing vouches for the fields
    assert operations(airtable).count("webhooks.create") == (1 if why == "no rights" else 0)
    assert operations(airtable).count("webhooks.list") == (0 if why == "switched off" else 1)


def test_what_keeps_a_hook_from_being_asked_is_told_as_of_any_request(hooked: AirtableTable, airtable: Airtable) -> None:
    airtable.faults.add(Fault(ASKED, times=1, answer=Answer.of(429, {"errors": [{"error": "RATE_LIMIT_REACHED"}]})))
    with pytest.raises(TryLater):
        hooked.probe()
    airtable.let_in(Token(TOKEN, DAEMON, expires=airtable.clock.now()))
    with pytest.raises(NeedsOwner, match="revoked"):
        hooked.probe()
