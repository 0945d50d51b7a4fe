"""Making and removing rows, what is promised, what a poll costs, and what a look over it tells."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from msgspec.structs import replace

from connectors import load
from connectors.api import Editable, Effect, Lease, Leased, Probeable, Window
from connectors.errors import NeedsOwner, OutcomeUnknown, TryLater
from connectors.preparing import Check
from connectors.rest import EditableRestTable, RestTable
from connectors.rest.news import SWEEP
from connectors.rest.table import LeasedRestTable
from tests.unit.rest.conftest import SECRET, Shop, Wire, place, rows, settings, table_of, write

# --- rows made and removed


def test_a_row_is_made_with_the_service_s_key_or_one_of_rowd_s_choice(shop: Shop, table: EditableRestTable) -> None:
    assert table.create([{"Name": "new", "Status": "active", "No Such": 1}]) == ["3"]
    assert shop.rows["3"] == {"id": 3, "Name": "new", "Status": "active"}
    other = table_of(shop, create="PUT /tasks/{key}")
    rows(other)
    assert other.create([{"ID": "nightly", "Name": "n"}]) == ["nightly"]
    assert shop.requests[-1].headers["If-None-Match"] == "*"
    (drawn,) = other.create([{"Name": "n"}])
    assert len(drawn) == 32
    assert table.create([]) == table.delete([]) == []


def test_a_row_that_is_there_is_not_written_over_by_a_new_one(shop: Shop) -> None:
    table = table_of(shop, create="PUT /tasks/{key}")
    rows(table)
    shop.before = [lambda _: httpx.Response(412)]
    with pytest.raises(NeedsOwner, match='a row with the key "1" already'):
        table.create([{"ID": "1", "Name": "n"}])


def test_a_row_that_was_made_but_not_shown_is_in_doubt(shop: Shop, table: EditableRestTable) -> None:
    shop.before = [lambda _: httpx.Response(201)]
    with pytest.raises(OutcomeUnknown, match=r"correct create\.row"):
        table.create([{"Name": "n"}])


def test_what_the_operator_does_not_say_can_not_be_done(shop: Shop) -> None:
    assert not isinstance(load("rest").open(settings(create=..., delete=...), place()), Editable)
    table = table_of(shop, create=...)
    assert isinstance(table, Editable)
    assert table.delete(["1"]) == [Effect.APPLIED]
    with pytest.raises(NeedsOwner, match="add `create`"):
        table.create([{"Name": "n"}])
    with pytest.raises(NeedsOwner, match="add `delete`"):
        table_of(shop, delete=...).delete(["2"])


def test_a_lease_is_a_row_of_rowd_s_own_where_rows_can_be_made_and_removed(shop: Shop) -> None:
    def leased(**said: Any) -> bool:
        return isinstance(load("rest").open(settings(**said), place()), Leased)

    assert leased()
    assert not any((leased(lease=False), leased(create=...), leased(delete=...), leased(update="PUT /tasks/{key}")))
    shop.etags = shop.heeds = True
    table = LeasedRestTable(settings(), place(), transport=Wire(shop))
    table.read()
    lease = Lease("4f0c", "rowd on alpha", datetime(2026, 3, 2, 12, tzinfo=UTC))
    table.lease(lease)
    assert shop.rows["3"]["Name"] == "rowd runs this table until 2026-03-02 12:00:00 UTC: rowd on alpha [4f0c]"
    page = table.read()
    assert (page.leases, [row.key for row in page.rows]) == ((lease,), ["1", "2"])
    shop.said.clear()
    table.lease(replace(lease, who="rowd on beta"))
    assert shop.said == ["PATCH /tasks/3"]
    table.release("4f0c")
    assert list(shop.rows) == ["1", "2"]


# --- what is promised


def test_what_the_service_allows_is_as_the_operator_says() -> None:
    said = settings(requests_per_second=5, requests_per_minute=100, requests_per_month=10_000, cell_limit=1000)
    traits = RestTable(said, place()).traits
    scope = "tasks.example.com without a secret"
    assert traits.windows == (
        Window("any", 5, timedelta(milliseconds=1005), scope),
        Window("any", 100, timedelta(seconds=61), scope),
    )
    assert [(budget.size, budget.scope) for budget in traits.budgets] == [(10_000, scope)]
    assert (traits.batch, traits.ordered, traits.atomic_expect, traits.cell_limit) == (1, False, False, 1000)
    assert RestTable(settings(), place()).traits.windows == RestTable(settings(), place()).traits.budgets == ()


def test_opening_a_table_asks_nobody_and_closing_it_may_come_twice(shop: Shop) -> None:
    table = table_of(shop, auth={"by": "bearer", "secret": "NOBODY"})
    table.close()
    table.close()
    assert shop.said == []


# --- whether anything changed


@pytest.fixture
def told(shop: Shop) -> tuple[Shop, RestTable]:
    """A table that was read, of a list with an ETag."""
    shop.etags = True
    table = table_of(shop, get=...)
    table.read()
    shop.said.clear()
    return shop, table


def test_a_table_can_be_probed_once_its_list_was_seen_to_have_an_etag(shop: Shop) -> None:
    table = table_of(shop)
    table.read()
    assert not isinstance(table, Probeable)
    shop.etags = True
    table.read()
    assert isinstance(table, Probeable)
    paged = table_of(shop, paging={"by": "page"})
    paged.read()
    assert not isinstance(paged, Probeable)


def test_a_list_that_is_as_it_was_costs_an_answer_without_a_body(told: tuple[Shop, RestTable]) -> None:
    shop, table = told
    answers = {table.probe() for _ in range(SWEEP - 1)}
    assert len(answers) == 1
    assert all("If-None-Match" in request.headers for request in shop.requests[1:])
    shop.edit("1", Status="paused")
    assert table.probe() not in answers


def test_own_writes_are_known_and_one_that_a_person_took_back_is_seen(told: tuple[Shop, RestTable]) -> None:
    shop, table = told
    first = table.probe()
    assert isinstance(table, EditableRestTable)
    write(table, "1", {"Status": "paused"})
    assert table.probe() == first
    write(table, "1", {"Status": "active"})
    shop.edit("1", Status="paused")  # the list is again as it was when its ETag was read
    assert table.probe() != first


def test_a_write_whose_answer_shows_a_persons_edit_leaves_something_to_be_read(told: tuple[Shop, RestTable]) -> None:
    shop, table = told
    first = table.probe()
    shop.edit("1", Status="paused")
    assert isinstance(table, EditableRestTable)
    write(table, "1", {"Current": 3})
    shop.said.clear()
    assert table.probe() != first
    assert shop.said == []  # it is known, so nobody is asked


def test_each_request_is_asked_for_as_what_it_is(shop: Shop) -> None:
    asked: list[str] = []

    @contextmanager
    def gate(kind: str) -> Iterator[None]:
        asked.append(kind)
        yield

    table = table_of(shop, place(gate))
    table.read()
    write(table, "1", {"Status": "paused"})
    table.create([{"Name": "new"}])
    table.delete(["3"])
    assert asked == ["read", "read", "write", "write", "write"]
    assert [said.split()[0] for said in shop.said] == ["GET", "GET", "PATCH", "POST", "DELETE"]


def test_an_answer_that_shows_no_row_leaves_something_to_be_read(told: tuple[Shop, RestTable]) -> None:
    shop, table = told
    first = table.probe()
    shop.before = [lambda _: httpx.Response(200, json={"ok": True})]
    assert isinstance(table, EditableRestTable)
    write(table, "1", {"Status": "paused"})
    assert table.probe() != first


def test_rows_made_and_removed_are_to_be_read(told: tuple[Shop, RestTable]) -> None:
    _, table = told
    assert isinstance(table, EditableRestTable)
    first = table.probe()
    table.create([{"Name": "new"}])
    second = table.probe()
    table.read()
    third = table.probe()
    table.delete(["3"])
    assert len({first, second, table.probe()}) == 3
    assert third == second


def test_an_etag_that_stays_while_rows_change_is_found_out_and_no_longer_trusted(shop: Shop) -> None:
    def lying(request: httpx.Request) -> httpx.Response:
        if "If-None-Match" in request.headers:
            return httpx.Response(304)
        return httpx.Response(200, json=list(shop.rows.values()), headers={"ETag": '"always"'})

    table = table_of(lying)
    table.read()
    first = table.probe()
    shop.edit("1", Status="paused")
    answers = [table.probe() for _ in range(SWEEP + 1)]
    assert answers[0] == first
    assert answers[-1] != first
    table.read()
    assert table.probe() != table.probe()


# --- a look over it


def looked(answers: Any, **said: Any) -> list[Check]:
    return list(table_of(answers, **said).examine())


def test_a_table_that_has_all_it_needs_is_told_piece_by_piece(shop: Shop) -> None:
    shop.etags = True
    checks = looked(shop, auth={"by": "bearer", "secret": "TOKEN"})
    assert [(check.what, check.good) for check in checks] == [
        ("connection", True),
        ("table", True),
        ("columns", True),
        ("polls", True),
        ("versions", True),
        ("permission", None),
    ]
    assert shop.said == ["GET /tasks", "GET /tasks/1"]
    assert checks[1].says == 'it lists 2 rows, each with a key at "id"'
    assert "an answer without a body" in checks[3].says
    assert "rows have ETags" in checks[4].says
    before = json.dumps(shop.rows)
    assert checks[-1].proof is not None
    proved = checks[-1].proof()
    assert proved.good
    assert shop.said[-1] == "PATCH /tasks/1"
    assert (shop.requests[-1].content, shop.requests[-1].headers["If-Match"]) == (b"{}", '"v0"')
    assert json.dumps(shop.rows) == before
    assert SECRET not in "".join(check.says for check in [*checks, proved])


def test_what_is_wrong_ends_the_look_and_names_the_remedy(shop: Shop) -> None:
    assert [c.what for c in looked(lambda _: httpx.Response(401))] == ["connection"]
    assert "add `auth`" in looked(lambda _: httpx.Response(401))[0].says
    (_, _, columns) = looked(lambda _: httpx.Response(200, json=[{"id": 1, "title": "x"}]))
    assert columns.good is False
    assert 'columns.Name = "…". There are: "id", "title"' in columns.says
    (_, table, columns) = looked(lambda _: httpx.Response(200, json=[]))
    assert table.says.startswith("it lists 0 rows")
    assert "list the rows' fields in `fields`" in columns.says
    assert looked(lambda _: httpx.Response(200, json=[]), fields=["Name"])[2].good


def test_what_the_service_lacks_is_told_without_being_bad(shop: Shop) -> None:
    checks = {check.what: check for check in looked(shop)}
    assert "each poll reads all rows" in checks["polls"].says
    assert "may be written over" in checks["versions"].says
    paged = {check.what: check for check in looked(shop, paging={"by": "page"}, get=...)}
    assert paged["table"].says.endswith("and more on further pages")
    assert "versions" not in paged
    broken = {check.what: check for check in looked(shop, get="/task/{key}")}
    assert broken["versions"].good is False


def test_the_right_to_write_is_proved_by_a_write_of_no_cell(shop: Shop) -> None:
    def proof(answer: httpx.Response) -> Check:
        check = looked(lambda r: shop(r) if r.method == "GET" else answer)[-1]
        assert check.proof is not None
        return check.proof()

    assert proof(httpx.Response(412)).good
    assert proof(httpx.Response(422)).good
    assert proof(httpx.Response(200, json={})).good
    wrong = proof(httpx.Response(404))
    assert (wrong.good, "correct `url` or `update`" in wrong.says) == (False, True)
    assert proof(httpx.Response(403)).good is False
    assert proof(httpx.Response(405)).good is False
    assert looked(shop, update="PUT /tasks/{key}")[-1].proof is None
    assert looked(lambda _: httpx.Response(200, json=[]), fields=["Name"])[-1].proof is None


def test_a_gate_that_lets_nothing_out_is_heard(shop: Shop) -> None:
    @contextmanager
    def shut(_: str) -> Iterator[None]:
        if asked:
            raise TryLater("not before noon")
        yield

    asked = ["something"]
    table = table_of(shop, place(shut))
    with pytest.raises(TryLater, match="not before noon"):
        table.read()
    assert shop.said == []
