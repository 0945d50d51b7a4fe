"""One row written: to what stands there, and to nothing else; and why not, where the service refuses."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from connectors.api import Effect, Patch
from connectors.errors import Bug, NeedsOwner, OutcomeUnknown, TryLater
from connectors.rest import EditableRestTable
from connectors.rest.sending import another
from tests.unit.rest.conftest import Shop, rows, table_of, write

Opened = tuple[Shop, EditableRestTable]


@pytest.fixture
def versioned(shop: Shop) -> Opened:
    """A table over a shop that heeds If-Match, which a first write has shown."""
    shop.etags = shop.heeds = True
    table = table_of(shop)
    rows(table)
    assert not table.traits.atomic_expect
    assert write(table, "2", {"Status": "paused"}).effect is Effect.APPLIED
    assert table.traits.atomic_expect
    shop.said.clear()
    return shop, table


def test_whether_if_match_is_heeded_is_found_out_by_the_first_write_and_lands_once(shop: Shop) -> None:
    shop.etags = shop.heeds = True
    table = table_of(shop)
    rows(table)
    shop.said.clear()
    write(table, "1", {"Status": "paused"})
    assert shop.said == ["GET /tasks/1", "PATCH /tasks/1", "PATCH /tasks/1"]
    assert [request.headers.get("If-Match") for request in shop.requests[-2:]] == ['"v0"', '"v1"']
    assert shop.versions["1"] == 2
    shop.said.clear()
    write(table, "1", {"Status": "active"})  # its version is known from the last answer
    assert shop.said == ["PATCH /tasks/1"]


def test_of_a_service_that_does_not_heed_if_match_nothing_atomic_is_said(shop: Shop) -> None:
    shop.etags = True
    table = table_of(shop)
    rows(table)
    shop.said.clear()
    write(table, "1", {"Status": "paused"})
    write(table, "1", {"Status": "active"})
    assert shop.said == ["GET /tasks/1", "PATCH /tasks/1", "PATCH /tasks/1"]
    assert shop.versions["1"] == 3
    assert not table.traits.atomic_expect
    with pytest.raises(Bug, match="heeds If-Match"):
        write(table, "1", {"Status": "x"}, Status="active")


@pytest.mark.parametrize("etag", [None, 'W/"v1"'])
def test_without_a_strong_etag_a_row_is_looked_at_once_and_never_again(shop: Shop, etag: str | None) -> None:
    table = table_of(shop)
    rows(table)
    shop.said.clear()
    headers = {"ETag": etag} if etag is not None else {}
    shop.before = [lambda _: httpx.Response(200, json=shop.rows["1"], headers=headers)]
    write(table, "1", {"Status": "paused"})
    write(table, "1", {"Status": "active"})
    assert shop.said == ["GET /tasks/1", "PATCH /tasks/1", "PATCH /tasks/1"]
    assert not [request for request in shop.requests if "If-Match" in request.headers]


def test_a_service_that_refuses_the_header_gets_it_no_more(shop: Shop) -> None:
    shop.etags = True

    def refuses(request: httpx.Request) -> httpx.Response | None:
        assert "If-Match" in request.headers
        return httpx.Response(400, json={"message": "If-Match is not supported"})

    table = table_of(shop)
    rows(table)
    shop.before = [lambda _: None, refuses]
    assert write(table, "1", {"Status": "paused"}).effect is Effect.APPLIED
    write(table, "1", {"Status": "active"})
    assert "If-Match" not in shop.requests[-1].headers


def test_a_service_that_never_matches_is_no_longer_asked_to(shop: Shop) -> None:
    shop.etags = True
    table = table_of(shop)
    rows(table)

    def never(request: httpx.Request) -> httpx.Response | None:
        return httpx.Response(412) if "If-Match" in request.headers else None

    shop.before = [never] * 6
    assert write(table, "1", {"Status": "paused"}).effect is Effect.APPLIED
    assert not table.traits.atomic_expect


def test_an_expectation_is_tested_on_the_version_that_is_written_to(versioned: Opened) -> None:
    shop, table = versioned
    shop.edit("2", Notes="typed meanwhile")  # not what is expected, so it does no harm
    written = write(table, "2", {"Status": "active"}, Status="paused", Current=0)
    assert written.effect is Effect.APPLIED
    assert written.row is None  # it has a field that nobody has read yet
    assert shop.said == ["PATCH /tasks/2", "GET /tasks/2", "PATCH /tasks/2"]
    shop.edit("2", Current=9)
    before = dict(shop.rows["2"])
    written = write(table, "2", {"Status": "completed"}, Current=0)
    assert written.effect is Effect.CONFLICT
    assert shop.rows["2"] == before


def test_a_version_that_an_answer_does_not_tell_is_looked_up(versioned: Opened) -> None:
    shop, table = versioned

    def tersely(_: httpx.Request) -> httpx.Response:
        shop.edit("2", Status="active")
        return httpx.Response(200, json={"ok": True})

    shop.before = [tersely]
    write(table, "2", {"Status": "active"})
    write(table, "2", {"Status": "paused"})
    assert shop.said == ["PATCH /tasks/2", "GET /tasks/2", "PATCH /tasks/2"]


def test_an_edit_between_the_look_and_the_write_is_met(versioned: Opened) -> None:
    shop, table = versioned

    def edited(_: httpx.Request) -> None:
        shop.edit("1", Status="paused")

    shop.before = [lambda _: None, edited]  # after the row was read, before it is written
    written = write(table, "1", {"Status": "completed"}, Status="active")
    assert written.effect is Effect.CONFLICT
    assert written.row is not None
    assert written.row.cells["Status"] == "paused"
    assert shop.rows["1"]["Status"] == "paused"


def test_a_row_that_others_go_on_changing_is_left_for_later(versioned: Opened) -> None:
    shop, table = versioned

    def edited(request: httpx.Request) -> None:
        if request.method == "PATCH":
            shop.edit("1", Notes=len(shop.said))

    shop.before = [edited] * 20
    with pytest.raises(TryLater, match='others go on changing the row "1"; nothing was written'):
        write(table, "1", {"Status": "completed"})
    assert shop.rows["1"]["Status"] == "active"


def test_a_row_put_as_a_whole_keeps_what_stands_there_now(shop: Shop) -> None:
    table = table_of(shop, update="PUT /tasks/{key}")
    rows(table)
    shop.edit("1", Status="paused", Notes="typed meanwhile")
    assert write(table, "1", {"Current": 7}).effect is Effect.APPLIED
    assert shop.rows["1"] == {
        "id": 1,
        "Name": "alpha",
        "Action": "work",
        "Status": "paused",
        "Current": 7,
        "Notes": "typed meanwhile",
    }


def test_only_the_cells_that_are_named_are_sent(shop: Shop, table: EditableRestTable) -> None:
    write(table, "1", {"Status": "paused", "No Such": 1, "id": 9})
    assert json.loads(shop.requests[-1].content) == {"Status": "paused"}
    shop.said.clear()
    assert write(table, "1", {"No Such": 1}).effect is Effect.APPLIED
    assert write(table, "1", {}).effect is Effect.APPLIED
    assert table.write([]) == []
    assert [said for said in shop.said if not said.startswith("GET")] == []


def test_a_field_that_a_row_lost_since_it_was_read_is_not_made_anew(versioned: Opened) -> None:
    shop, table = versioned
    rows(table)
    shop.rows["2"]["Mine now"] = shop.rows["2"].pop("Current")
    shop.edit("2")
    assert write(table, "2", {"Current": 5, "Status": "active"}).effect is Effect.APPLIED
    assert "Current" not in shop.rows["2"]
    assert shop.rows["2"]["Status"] == "active"


# --- refusals


def refusing(*fields: str, status: int = 422) -> Callable[[httpx.Request], httpx.Response | None]:
    """Refuses every write that names one of these."""

    def answers(request: httpx.Request) -> httpx.Response | None:
        named = [f for f in fields if request.method == "PATCH" and f in json.loads(request.content)]
        return httpx.Response(status, json={"message": f"{named[0]} is too long"}) if named else None

    return answers


@pytest.mark.parametrize("status", [400, 409, 413, 422])
def test_a_cell_that_the_service_refuses_is_told_and_the_others_are_put(shop: Shop, table: EditableRestTable, status: int) -> None:
    shop.before = [refusing("Name", status=status)] * 20
    written = write(table, "1", {"Status": "paused", "Name": "x" * 500, "Current": 3})
    assert written.effect is Effect.APPLIED
    assert written.row is not None
    assert written.row.cells["Current"] == 3
    assert list(written.unfit) == ["Name"]
    assert f"refuses the value ({status}: Name is too long)" in written.unfit["Name"]
    assert (shop.rows["1"]["Status"], shop.rows["1"]["Name"]) == ("paused", "alpha")
    assert shop.said.count("GET /tasks") == 1
    assert write(table, "1", {"Name": "y"}).unfit.keys() == {"Name"}


def test_where_every_cell_is_refused_it_is_the_setting_that_is_wrong(shop: Shop, table: EditableRestTable) -> None:
    shop.before = [refusing("Status", "Current")] * 20
    with pytest.raises(NeedsOwner, match=r"PATCH /tasks/\{key\} was answered 422.* Correct `update`"):
        write(table, "1", {"Status": "paused", "Current": 3})


def test_a_refused_patch_of_a_row_that_is_gone_is_missing(shop: Shop) -> None:
    table = table_of(shop, get=...)
    rows(table)
    del shop.rows["1"]
    shop.before = [lambda _: httpx.Response(400)]
    assert write(table, "1", {"Status": "x"}).effect is Effect.MISSING


def test_a_field_that_is_no_more_is_dropped_and_the_others_are_put(shop: Shop, table: EditableRestTable) -> None:
    for row in shop.rows.values():
        row.pop("Current")
    shop.before = [lambda _: None, refusing("Current", status=400)]
    assert write(table, "1", {"Current": 1, "Status": "paused"}).unfit == {}
    assert shop.rows["1"] == {"id": 1, "Name": "alpha", "Action": "work", "Status": "paused"}


@pytest.mark.parametrize("status", [404, 410])
def test_a_row_that_is_not_there_is_missing(shop: Shop, table: EditableRestTable, status: int) -> None:
    del shop.rows["1"]
    assert write(table, "1", {"Status": "x"}).effect is Effect.MISSING
    shop.before = [lambda _: httpx.Response(status)]
    assert table.delete(["1"]) == [Effect.MISSING]
    assert write(table, "nobody", {"Status": "x"}).effect is Effect.MISSING
    assert "1" not in shop.rows


def test_a_row_that_is_listed_but_can_not_be_written_needs_the_owner_of_the_setting(shop: Shop) -> None:
    table = table_of(shop, get=..., update="PATCH /task/{key}", delete="DELETE /task/{key}")
    rows(table)
    with pytest.raises(NeedsOwner, match=r"PATCH /task/\{key\} was answered 404: .* correct `url` or `update`"):
        write(table, "1", {"Status": "x"})
    with pytest.raises(NeedsOwner, match="correct `url` or `delete`"):
        table.delete(["1"])
    other = table_of(shop, get="/task/{key}")
    rows(other)
    with pytest.raises(NeedsOwner, match="correct `url` or `get`"):
        write(other, "1", {"Status": "x"})


def test_what_may_have_landed_is_never_called_not_written(shop: Shop, table: EditableRestTable) -> None:
    def single(request: httpx.Request) -> httpx.Response | None:
        named = list(json.loads(request.content))
        return httpx.Response(423) if named == ["Current"] else None

    shop.before = [lambda _: None, refusing("Name"), lambda _: None, single, single, single]
    with pytest.raises(OutcomeUnknown):
        write(table, "1", {"Status": "paused", "Current": 3, "Name": "x"})
    assert shop.rows["1"]["Status"] == "paused"


@pytest.mark.parametrize("id_", ["..", ".", "a/../b", "a//b", "a\\..\\b"])
def test_whoever_names_a_row_leads_no_write_elsewhere(shop: Shop, id_: str) -> None:
    shop.rows = {"1": {"id": id_, "Name": "x", "Status": "active"}}
    table = table_of(shop, create="PUT /tasks/{key}")
    (key,) = rows(table)
    shop.said.clear()
    assert "would lead elsewhere" in write(table, key, {"Status": "y"}).unfit["Status"]
    with pytest.raises(NeedsOwner, match="lead elsewhere"):
        table.delete([key])
    with pytest.raises(NeedsOwner, match="lead elsewhere"):
        table.create([{"ID": id_, "Name": "new"}])
    assert shop.said == []


def test_an_answer_that_shows_another_row_is_not_taken_for_this_one(shop: Shop, table: EditableRestTable) -> None:
    shop.before = [lambda _: None, lambda _: httpx.Response(200, json={**shop.rows["2"], "Status": "x"})]
    assert write(table, "1", {"Status": "x"}).row is None
    shop.before = [lambda _: httpx.Response(200, json={"ok": True})]
    assert write(table, "1", {"Status": "x"}).row is None
    other = table_of(shop, get={"request": "/tasks/{key}", "row": "data"})
    rows(other)
    with pytest.raises(NeedsOwner, match=r'doesn\'t show the row "1" at "data"; correct get.row'):
        write(other, "1", {"Status": "x"})


def test_more_than_one_patch_is_a_mistake_of_ours(table: EditableRestTable) -> None:
    for call in (
        lambda: table.write([Patch("1", {}), Patch("2", {})]),
        lambda: table.create([{}, {}]),
        lambda: table.delete(["1", "2"]),
    ):
        with pytest.raises(Bug):
            call()


@pytest.mark.parametrize("etag", ['"1795785085424"', '"0"', '"33a64df5"', '"000"', '"-"', '""', "bare1"])
def test_another_version_looks_the_same_and_is_another(etag: str) -> None:
    found = another(etag)
    assert found.strip('"') != etag.strip('"')
    assert found.startswith('"')
    assert found.endswith('"')


def test_the_body_is_as_the_operator_says(shop: Shop) -> None:
    asked: list[Any] = []

    def answers(request: httpx.Request) -> httpx.Response:
        if request.method == "POST":
            asked.append((request.url.path, request.headers["Content-Type"], json.loads(request.content)))
            return httpx.Response(200, json={"rows": [{**shop.rows["1"], "Status": "paused"}]})
        return shop(request)

    update = {"request": "POST /tasks/{key}/-/update", "body": {"update": "{cells}", "return": True}, "row": "/rows/0",
              "type": "application/vnd.x+json"}  # fmt: skip
    table = table_of(answers, get=..., update=update, headers={"X-Org": "acme"})
    rows(table)
    written = write(table, "1", {"Status": "paused"})
    assert asked == [("/api/tasks/1/-/update", "application/vnd.x+json", {"update": {"Status": "paused"}, "return": True})]
    assert written.row is not None
    assert written.row.cells["Status"] == "paused"
    assert shop.requests[0].headers["X-Org"] == "acme"
