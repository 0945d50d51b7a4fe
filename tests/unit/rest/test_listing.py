"""All rows of a list, however it comes in pieces; and what is no list of rows."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from connectors.errors import Expired, NeedsOwner, TableError
from connectors.rest import listing
from connectors.rest.paging import linked, with_parameter
from connectors.rest.rows import leads_elsewhere, meant, spelled
from tests.unit.rest.conftest import URL, rows, table_of

ALL = [{"id": number, "Name": f"row {number}"} for number in range(1, 8)]
Answers = Callable[[httpx.Request], httpx.Response]


def paged(most: int, *, beyond: int = 200, total: bool = False) -> Answers:
    """Pages with numbers, or so many rows on.   most: rows of one answer.   beyond: how a page behind the last is answered."""

    def answers(request: httpx.Request) -> httpx.Response:
        query = request.url.params
        start = (int(query["page"]) - 1) * most if "page" in query else int(query["offset"])
        some = ALL[start : start + most]
        if not some and beyond != 200:
            return httpx.Response(beyond, json={"detail": "Invalid page."})
        return httpx.Response(200, json={"count": len(ALL), "results": some} if total else {"results": some})

    return answers


def counting(answers: Answers) -> tuple[Answers, list[str]]:
    asked: list[str] = []

    def counted(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.query.decode())
        return answers(request)

    return counted, asked


@pytest.mark.parametrize(
    ("answers", "paging", "queries"),
    [
        (paged(3), {"by": "page"}, ["page=1", "page=2", "page=3", "page=4"]),
        (paged(3, beyond=404), {"by": "page"}, ["page=1", "page=2", "page=3", "page=4"]),
        (paged(3, total=True), {"by": "page", "total": "count"}, ["page=1", "page=2", "page=3"]),
        (paged(3), {"by": "offset"}, ["offset=0", "offset=3", "offset=6", "offset=7"]),
        (paged(4, total=True), {"by": "offset", "total": "count"}, ["offset=0", "offset=4"]),
    ],
)
def test_pages_are_read_until_one_brings_nothing_new(answers: Answers, paging: dict[str, Any], queries: list[str]) -> None:
    counted, asked = counting(answers)
    assert list(rows(table_of(counted, rows="results", paging=paging))) == [str(row["id"]) for row in ALL]
    assert asked == queries


def test_a_service_that_heeds_no_page_is_read_once_more_and_not_for_ever() -> None:
    counted, asked = counting(lambda _: httpx.Response(200, json=ALL))
    assert len(rows(table_of(counted, paging={"by": "page"}))) == 7
    assert asked == ["page=1", "page=2"]


def test_a_row_that_moves_while_pages_are_read_comes_once() -> None:
    pages = [ALL[:3], [ALL[2], ALL[3]], []]
    assert len(rows(table_of(lambda _: httpx.Response(200, json=pages.pop(0)), paging={"by": "offset"}))) == 4


@pytest.mark.parametrize(
    ("paging", "told"),
    [
        ({"by": "cursor", "parameter": "after", "next": "/meta/next"}, lambda at: ({"meta": {"next": f"c{at}"}}, {})),
        ({"by": "cursor", "parameter": "after", "next": "n"}, lambda at: ({"n": at}, {})),
        ({"by": "link"}, lambda at: ({}, {"Link": f'<{URL}/tasks?x>; rel="prev", <{URL}/tasks?after=c{at}>; rel=next'})),
        ({"by": "link"}, lambda at: ({}, {"Link": f'</api/tasks?after=c{at}>; title="a, b"; rel="last next"'})),
        ({"by": "link", "header": "Next-Page"}, lambda at: ({}, {"Next-Page": f"{URL}/tasks?after=c{at}"})),
        ({"by": "link", "next": "/links/next"}, lambda at: ({"links": {"next": f"?after=c{at}"}}, {})),
    ],
)
def test_the_service_says_itself_where_the_list_goes_on(
    paging: dict[str, Any], told: Callable[[int], tuple[dict[str, Any], dict[str, str]]]
) -> None:
    def answers(request: httpx.Request) -> httpx.Response:
        at = int(request.url.params.get("after", "0").removeprefix("c"))
        more, headers = told(at + 3) if at + 3 < len(ALL) else ({"n": None}, {})
        return httpx.Response(200, json={"rows": ALL[at : at + 3], **more}, headers=headers)

    counted, asked = counting(answers)
    assert len(rows(table_of(counted, rows="rows", paging=paging))) == 7
    assert len(asked) == 3


@pytest.mark.parametrize(
    "address",
    [
        "https://evil.example.net/tasks",
        "//evil.example.net/x",
        "https://tasks.example.com.evil.net/api/x",
        "/other",
        "tasks",
        f"{URL}/../admin",
        "/api/%2e%2e/admin",
    ],
)
def test_credentials_go_nowhere_else_because_a_list_says_so(address: str) -> None:
    asked: list[str] = []

    def answers(request: httpx.Request) -> httpx.Response:
        asked.append(str(request.url))
        return httpx.Response(200, json=ALL, headers={"Link": f'<{address}>; rel="next"'})

    with pytest.raises(NeedsOwner, match="follows nobody there"):
        table_of(answers, paging={"by": "link"}, auth={"by": "bearer", "secret": "TOKEN"}).read()
    assert asked == [f"{URL}/tasks"]


def test_a_list_that_goes_in_a_circle_or_without_end_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    circle = {"by": "link"}
    counted, asked = counting(lambda _: httpx.Response(200, json=ALL, headers={"Link": f"<{URL}/tasks>; rel=next"}))
    with pytest.raises(NeedsOwner, match="goes in a circle"):
        table_of(counted, paging=circle).read()
    assert len(asked) == 1

    def without_end(request: httpx.Request) -> httpx.Response:
        at = int(request.url.params.get("c", "0"))
        return httpx.Response(200, json={"rows": [{"id": at}], "next": at + 1})

    monkeypatch.setattr(listing, "MOST_ANSWERS", 20)  # a bound of ours made small: two thousand requests take their time
    with pytest.raises(NeedsOwner, match="comes to no end"):
        table_of(without_end, rows="rows", paging={"by": "cursor", "parameter": "c", "next": "next"}).read()


@pytest.mark.parametrize("status", [400, 404, 410, 422])
def test_a_cursor_that_the_service_has_forgotten_begins_the_read_anew(status: int) -> None:
    def answers(request: httpx.Request) -> httpx.Response:
        return httpx.Response(status) if "c" in request.url.params else httpx.Response(200, json={"rows": ALL, "next": "x"})

    with pytest.raises(Expired):
        table_of(answers, rows="rows", paging={"by": "cursor", "parameter": "c", "next": "next"}).read()


@pytest.mark.parametrize(
    ("body", "said", "says"),
    [
        ({"data": []}, {}, 'no list at the whole answer; there is one at "data". Correct `rows`'),
        ([], {"rows": "data"}, 'no list at "data"; the answer itself is one'),
        ({"data": None}, {"rows": "data"}, "no list at"),
        ([{"ID": 1}], {}, 'row 1 of the list has no key at "id"; it has "ID". Correct `key`'),
        ([{"id": 1}, {"id": None}], {}, "row 2 of the list has no key"),
        ([{"id": True}], {}, "no key"),
        ([{"id": {}}], {}, "no key"),
        ([7], {}, "no key"),
        ([{"id": 1}, {"id": "1"}], {}, 'two rows have the key "1"'),
    ],
)
def test_what_is_no_list_of_rows_is_told_with_the_setting(body: Any, said: dict[str, Any], says: str) -> None:
    with pytest.raises(NeedsOwner) as caught:
        table_of(lambda _: httpx.Response(200, json=body), **said).read()
    assert says in str(caught.value)


def test_very_many_rows_with_one_key_are_told_at_once() -> None:
    with pytest.raises(NeedsOwner, match="two rows"):
        table_of(lambda _: httpx.Response(200, json=[{"id": 1}] * 50_000)).read()


def test_a_wrapped_row_is_a_row_and_one_without_fields_is_blank() -> None:
    body = {"data": [{"meta": {"uid": "a"}, "attributes": {"Name": "x", "made": 1}}, {"meta": {"uid": "b"}, "attributes": None}]}
    said = {"rows": "data", "key": "/meta/uid", "cells": "attributes", "automatic": ["made"], "fields": ["Health"]}
    page = table_of(lambda _: httpx.Response(200, json=body), **said).read()
    assert page.columns == ("Health", "Name")
    assert [(row.key, dict(row.cells)) for row in page.rows] == [
        ("a", {"Name": "x", "Health": None}),
        ("b", {"Name": None, "Health": None}),
    ]
    assert page.id_column is None


def test_a_column_is_gone_once_a_row_that_had_it_is_without_it() -> None:
    answers = [
        [{"id": 1, "A": 1, "B": 1}],
        [],
        [{"id": 2, "B": 2}],
        [{"id": 2, "B": 2, "C": 3}, {"id": 1, "B": 1}],
        [{"id": 2, "C": 4}],
    ]
    table = table_of(lambda _: httpx.Response(200, json=answers.pop(0)))
    seen = [table.read().columns for _ in range(5)]
    assert seen == [("id", "A", "B"), ("id", "A", "B"), ("id", "A", "B"), ("id", "A", "B", "C"), ("id", "A", "C")]


def test_more_cells_than_a_daemon_can_hold_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listing, "MOST_CELLS", 100)  # a bound of ours made small
    body = [{"id": n, f"field {n}": n} for n in range(20)]
    with pytest.raises(NeedsOwner, match="20 rows with 21 fields are more than 100 cells"):
        table_of(lambda _: httpx.Response(200, json=body)).read()


def test_a_list_is_read_as_a_whole(table: Any) -> None:
    with pytest.raises(TableError, match="read as a whole"):
        table.read("2")


def test_a_key_has_no_form_that_the_contract_gives_a_meaning() -> None:
    for id_ in ("1", "a b", "~x", "~~", "=x", "ä/ö", "..", "x" * 300, "%7E", " x"):
        assert not spelled(id_).startswith("~")
        assert meant(spelled(id_)) == id_
    assert spelled("4f0c-9.a_b") == "4f0c-9.a_b"
    for id_ in ("..", ".", "a/../b", "a\\..\\b", "/a", "a//b", "a\nb", "a/."):
        assert leads_elsewhere(id_)
    assert not leads_elsewhere("a.b/c..d")


def test_parameters_of_a_query_are_replaced_and_links_found_in_any_order() -> None:
    assert with_parameter("/t?a=1&page=2&b=%20x", "page", "3") == "/t?a=1&b=+x&page=3"
    assert linked('<https://x/y?a=1,2>; rel="first", </z>;rel=NEXT') == "/z"
    assert linked("<x>; rel=prev") is linked("") is linked("garbage; rel=next") is None
    assert json.dumps(linked("<" * 50_000)) == "null"
