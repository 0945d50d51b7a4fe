"""pyairtable, as it is, at its daily work on the stand-in."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
import requests
from pyairtable import Api, Table
from pyairtable.api.retrying import retry_strategy
from pyairtable.api.types import WritableFields
from pyairtable.formulas import AND, GT, LAST_MODIFIED_TIME, match
from requests.adapters import HTTPAdapter

from tests.emulators.airtable import SAMPLE_BASE, TASKS, THOUSAND, TOKEN, Airtable
from tests.emulators.airtable.conftest import NOON
from tests.emulators.core.clock import SetClock
from tests.emulators.core.exchange import Answer
from tests.emulators.core.faults import Fault
from tests.emulators.core.server import Server


def kind(error: pytest.ExceptionInfo[requests.HTTPError]) -> tuple[int, str]:
    response = error.value.response
    assert response is not None
    body = response.json()["error"]
    return response.status_code, body if isinstance(body, str) else body["type"]


def test_a_record_is_created_read_updated_replaced_and_deleted(tasks: Table) -> None:
    made = tasks.create({"Name": "backup", "Current": 0, "Status": "active"})
    assert made["createdTime"] == "2026-03-02T12:00:10.000Z"
    assert tasks.get(made["id"])["fields"] == {"Name": "backup", "ID": 4, "Current": 0, "Status": "active"}
    assert tasks.update(made["id"], {"Current": 2})["fields"]["Name"] == "backup"
    assert tasks.update(made["id"], {"Name": "bare"}, replace=True)["fields"] == {"Name": "bare", "ID": 4}
    assert tasks.delete(made["id"]) == {"id": made["id"], "deleted": True}
    with pytest.raises(requests.HTTPError) as error:
        tasks.get(made["id"])
    assert kind(error) == (404, "MODEL_ID_NOT_FOUND")


@pytest.mark.usefixtures("thousand")
def test_a_thousand_rows_come_in_ten_pages(api: Api, airtable: Airtable) -> None:
    rows = api.table(SAMPLE_BASE, THOUSAND).all()
    assert len({row["fields"]["Name"] for row in rows}) == 1_000
    assert airtable.journal.counts()["records.list"] == 10
    assert len(api.table(SAMPLE_BASE, THOUSAND).all(max_records=150, page_size=60)) == 150


@pytest.mark.usefixtures("thousand")
def test_rows_are_filtered_and_sorted(api: Api, tasks: Table) -> None:
    table = api.table(SAMPLE_BASE, THOUSAND)
    paused = table.all(formula=match({"Status": "paused", "Current": 2}), sort=["-Name"], fields=["Name"])
    assert [row["fields"]["Name"] for row in paused] == sorted((row["fields"]["Name"] for row in paused), reverse=True)
    assert len(paused) == 15
    assert all(set(row["fields"]) == {"Name"} for row in paused)
    changed = AND(GT(LAST_MODIFIED_TIME(), NOON.replace(hour=11)), match({"Name": "vitest_rerun"}))
    assert [row["fields"]["Current"] for row in tasks.all(formula=changed)] == [2]
    assert tasks.first(formula=match({"Name": "no such"})) is None


def test_batches_go_in_tens(tasks: Table, airtable: Airtable) -> None:
    made = tasks.batch_create([{"Name": f"n{at}"} for at in range(25)])
    assert airtable.journal.counts()["records.create"] == 3
    updated = tasks.batch_update([{"id": row["id"], "fields": {"Current": 1}} for row in made])
    assert [row["fields"]["Current"] for row in updated] == [1] * 25
    result = tasks.batch_upsert([{"fields": {"Name": "n3", "Current": 9}}, {"fields": {"Name": "new"}}], key_fields=["Name"])
    assert (result["updatedRecords"], len(result["createdRecords"])) == ([made[3]["id"]], 1)
    assert tasks.batch_delete([row["id"] for row in made])[24] == {"id": made[24]["id"], "deleted": True}
    assert len(tasks.all()) == 4


def test_an_error_in_a_later_batch_leaves_the_earlier_ones_written(tasks: Table) -> None:
    rows: list[WritableFields] = [{"Name": f"n{at}"} for at in range(10)]
    with pytest.raises(requests.HTTPError):
        tasks.batch_create([*rows, {"Name": "bad", "Status": "no such"}])
    assert len(tasks.all()) == 13


def test_ids_of_fields_are_used_where_they_are_asked_for(server: Server, api: Api) -> None:
    by_id = Api(TOKEN, endpoint_url=server.base, use_field_ids=True, retry_strategy=None).table(SAMPLE_BASE, TASKS)
    name = api.table(SAMPLE_BASE, TASKS).schema().field("Name").id
    made = by_id.create({name: "by id"})
    assert made["fields"][name] == "by id"
    assert by_id.get(made["id"])["fields"][name] == "by id"
    assert [row["fields"][name] for row in by_id.all(fields=["Name"], formula="{Name}='by id'")] == ["by id"]


def test_a_long_formula_goes_by_post(tasks: Table, airtable: Airtable) -> None:
    formula = "OR(" + ",".join(f"{{Name}}='{'x' * 100}{at}'" for at in range(200)) + ",{Name}='vitest_rerun')"
    assert [row["fields"]["Current"] for row in tasks.all(formula=formula)] == [2]
    assert [entry.request.method for entry in airtable.journal] == ["POST"]


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"Nope": 1}, (422, "UNKNOWN_FIELD_NAME")),
        ({"ID": 7}, (422, "INVALID_VALUE_FOR_COLUMN")),
        ({"Current": ""}, (422, "INVALID_VALUE_FOR_COLUMN")),
        ({"Last Run": "soon"}, (422, "INVALID_VALUE_FOR_COLUMN")),
        ({"Status": "no such"}, (422, "INVALID_MULTIPLE_CHOICE_OPTIONS")),
        ({"Status": ""}, (422, "INVALID_MULTIPLE_CHOICE_OPTIONS")),
    ],
)
def test_what_a_cell_cannot_take_is_refused(tasks: Table, fields: dict[str, object], expected: tuple[int, str]) -> None:
    with pytest.raises(requests.HTTPError) as error:
        tasks.create(fields)  # type: ignore[arg-type]  # wrong on purpose
    assert kind(error) == expected
    assert len(tasks.all()) == 3


def test_a_wrong_token_and_a_wrong_table_are_told_as_the_real_ones_are(server: Server, api: Api) -> None:
    with pytest.raises(requests.HTTPError) as error:
        Api("patNobody.x", endpoint_url=server.base, retry_strategy=None).table(SAMPLE_BASE, TASKS).all()
    assert kind(error) == (401, "AUTHENTICATION_REQUIRED")
    for base, table in ((SAMPLE_BASE, "No such"), ("appNoSuchBase0001", TASKS)):
        with pytest.raises(requests.HTTPError) as error:
            api.table(base, table).all()
        assert kind(error) == (403, "INVALID_PERMISSIONS_OR_MODEL_NOT_FOUND")
    with pytest.raises(requests.HTTPError) as error:
        api.table("junk", TASKS).all()
    assert kind(error) == (404, "NOT_FOUND")


def test_over_the_limit_the_client_is_told_so_and_thirty_seconds_later_goes_on(
    tasks: Table, airtable: Airtable, clock: SetClock
) -> None:
    airtable.quotas.on = True
    for _ in range(5):
        tasks.all()
    with pytest.raises(requests.HTTPError) as error:
        tasks.all()
    assert kind(error) == (429, "RATE_LIMIT_REACHED")
    clock.advance(seconds=29)
    with pytest.raises(requests.HTTPError):
        tasks.all()
    clock.advance(seconds=1)
    assert len(tasks.all()) == 3


def impatient(server: Server) -> Table:
    """pyairtable's own retries, without the waits between."""
    api = Api(TOKEN, endpoint_url=server.base, timeout=(5, 30))
    for adapter in api.session.adapters.values():
        assert isinstance(adapter, HTTPAdapter)
        assert adapter.max_retries.total == 5
        adapter.max_retries = retry_strategy(backoff_factor=0)
    return api.table(SAMPLE_BASE, TASKS)


def test_a_reset_after_the_record_was_written_makes_a_second_one_with_the_clients_own_retries(
    server: Server, airtable: Airtable
) -> None:
    airtable.faults.add(Fault("records.create", times=1, reset=True, committed=True))
    impatient(server).create({"Name": "twice"})
    assert [row["Name"] for row in names(airtable)].count("twice") == 2


def test_a_reset_before_it_was_written_makes_one(server: Server, airtable: Airtable) -> None:
    airtable.faults.add(Fault("records.create", times=1, reset=True))
    impatient(server).create({"Name": "once"})
    assert [row["Name"] for row in names(airtable)].count("once") == 1


def test_a_503_after_it_was_written_is_not_sent_again_and_sending_it_again_makes_a_second(tasks: Table, airtable: Airtable) -> None:
    """The body is VENDORS.md B9's, whose vendor says that it is safe to send the request again."""
    retriable = Answer.of(503, {"error": {"type": "RETRIABLE_ERROR", "message": "Server encountered an error while processing"}})
    airtable.faults.add(Fault("records.create", times=1, answer=retriable, committed=True))
    with pytest.raises(requests.HTTPError) as error:
        tasks.create({"Name": "twice"})
    assert kind(error) == (503, "RETRIABLE_ERROR")
    assert len(tasks.all()) == 4
    tasks.batch_upsert([{"fields": {"Name": "twice"}}], key_fields=["Name"])
    assert len(tasks.all()) == 4
    tasks.create({"Name": "twice"})
    assert len(tasks.all()) == 5


def test_six_quick_429_lose_their_body(server: Server, airtable: Airtable) -> None:
    airtable.quotas.on = True
    table = impatient(server)
    for _ in range(5):
        table.all()
    with pytest.raises(requests.exceptions.RetryError):
        table.all()
    assert [entry.answer.status for entry in airtable.journal] == [200] * 5 + [429] * 6


def names(airtable: Airtable) -> list[dict[str, str]]:
    base = airtable.bases[SAMPLE_BASE]
    table = base.table(TASKS)
    assert table is not None
    return [airtable.reader(base).fields(table, record) for record in table.records.values()]


@pytest.mark.parametrize(("switches", "told"), [({"rate_limit_body": "error"}, True), ({"rate_limit_body": "errors"}, False)])
def test_the_client_tells_an_error_only_in_the_singular(tasks: Table, airtable: Airtable, told: bool) -> None:
    """VENDORS.md B8: pyairtable puts the body's `error` into its exception, and knows nothing of `errors`."""
    airtable.quotas.on = True
    for _ in range(5):
        tasks.all()
    with pytest.raises(requests.HTTPError) as error:
        tasks.all()
    assert ("RATE_LIMIT_REACHED" in str(error.value.args[1:])) is told


def test_sixteen_threads_that_share_a_client_get_their_own_answers(tasks: Table) -> None:
    def work(number: int) -> bool:
        made = [tasks.create({"Name": f"{number}-{at}"}) for at in range(3)]
        return all(tasks.get(record["id"])["fields"] == record["fields"] for record in made)

    with ThreadPoolExecutor(16) as pool:
        assert all(pool.map(work, range(16)))
    assert sorted(row["fields"]["ID"] for row in tasks.all()) == list(range(1, 52))
