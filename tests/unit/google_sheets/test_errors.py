"""Every error body that Google documents, and whatever else may come in the way, through the real client: what it means."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any, NamedTuple

import pytest
import requests
from google.auth import exceptions as of_google

from connectors.api import Patch
from connectors.errors import Bug, Limited, NeedsOwner, NoRoom, OutcomeUnknown, TableError, TryLater
from connectors.google_sheets.edge import Edge, never_sent
from connectors.google_sheets.errors import NoTab, Outdated, Refusal, Subject, refused
from connectors.google_sheets.settings import GoogleSheetsSettings
from tests.conformance.sheets_bench import SheetsBench, place
from tests.emulators.core.exchange import Answer
from tests.emulators.core.faults import Fault
from tests.emulators.google_sheets import ROBOT

INFO = "type.googleapis.com/google.rpc.ErrorInfo"
LINK = "https://console.developers.google.com/apis/api/sheets.googleapis.com/overview?project=123"


def sheets(code: int, message: str, status: str, *reasons: str) -> dict[str, Any]:
    error: dict[str, Any] = {"code": code, "message": message, "status": status}
    if reasons:
        error["details"] = [{"@type": INFO, "reason": reason, "domain": "googleapis.com"} for reason in reasons]
    return {"error": error}


def drive(code: int, message: str, domain: str, reason: str) -> dict[str, Any]:
    return {"error": {"code": code, "message": message, "errors": [{"domain": domain, "reason": reason, "message": message}]}}


class Case(NamedTuple):
    """reading, writing: what it means there.   says: what the text holds, among others."""

    status: int
    body: dict[str, Any] | str
    reading: type[TableError]
    writing: type[TableError]
    says: tuple[str, ...] = ()
    wait: float | None = None
    headers: dict[str, str] = {}  # noqa: RUF012 (never changed)


QUOTA = "Quota exceeded for quota metric 'Read requests' and limit 'Read requests per minute per user' of 'sheets.googleapis.com'"
CASES = {
    "quota": Case(
        429,
        sheets(429, QUOTA, "RESOURCE_EXHAUSTED", "RATE_LIMIT_EXCEEDED"),
        Limited,
        Limited,
        ("quota for this minute is spent",),
        19,
        {"Date": "Mon, 02 Mar 2026 12:00:42 GMT"},
    ),
    "quota, with a word on when": Case(
        429, sheets(429, QUOTA, "RESOURCE_EXHAUSTED"), Limited, Limited, (), 7, {"Retry-After": "7"}
    ),
    "quota, as an older body has it": Case(
        429,
        {"error": {"code": 429, "message": QUOTA, "status": "RESOURCE_EXHAUSTED", "details": [{"links": []}]}},
        Limited,
        Limited,
    ),
    "quota of Drive": Case(
        403, drive(403, "User Rate Limit Exceeded", "usageLimits", "userRateLimitExceeded"), Limited, Limited, ("quota",)
    ),
    "Drive is full: the same domain, but it stays": Case(
        403,
        drive(403, "The user's Drive storage quota has been exceeded.", "usageLimits", "storageQuotaExceeded"),
        NoRoom,
        NoRoom,
        ("Make room",),
    ),
    "not shared": Case(
        403,
        sheets(403, "The caller does not have permission", "PERMISSION_DENIED"),
        NeedsOwner,
        NeedsOwner,
        ("Share", ROBOT, "Editor"),
    ),
    "API not enabled": Case(
        403,
        sheets(
            403,
            f"Google Sheets API has not been used in project 1 before or it is disabled. Enable it by visiting {LINK} then retry.",
            "PERMISSION_DENIED",
            "SERVICE_DISABLED",
        ),
        NeedsOwner,
        NeedsOwner,
        (LINK + ";",),
    ),
    "scopes": Case(
        403,
        sheets(403, "Request had insufficient authentication scopes.", "PERMISSION_DENIED", "ACCESS_TOKEN_SCOPE_INSUFFICIENT"),
        NeedsOwner,
        NeedsOwner,
        ("https://www.googleapis.com/auth/spreadsheets",),
    ),
    "wrong id": Case(
        404, sheets(404, "Requested entity was not found.", "NOT_FOUND"), NeedsOwner, NeedsOwner, ("no spreadsheet", "rowd.toml")
    ),
    "no such tab": Case(
        400, sheets(400, "Unable to parse range: 'NoSuchTab'!A1:Z100", "INVALID_ARGUMENT"), NoTab, NoTab, ("no such tab",)
    ),
    "token not accepted": Case(
        401,
        sheets(401, "Request had invalid authentication credentials. Expected OAuth 2 access token", "UNAUTHENTICATED"),
        NeedsOwner,
        NeedsOwner,
        ("new key", ROBOT),
    ),
    "internal": Case(500, sheets(500, "Internal error encountered.", "INTERNAL"), TryLater, OutcomeUnknown, ("500",)),
    "unavailable": Case(
        503,
        sheets(503, "The service is currently unavailable.", "UNAVAILABLE"),
        TryLater,
        OutcomeUnknown,
        ("503",),
        30,
        {"Retry-After": "30"},
    ),
    "too slow": Case(504, sheets(504, "Deadline expired", "DEADLINE_EXCEEDED"), TryLater, OutcomeUnknown),
    "HTML": Case(502, "<html><title>Error 502 (Server Error)!!1</title>", TryLater, OutcomeUnknown, ("502",)),
    "HTML, refused": Case(403, "<html>Forbidden by a proxy", NeedsOwner, NeedsOwner),
    "request time-out": Case(408, "<html>Request Timeout", TryLater, OutcomeUnknown),
    "too many characters": Case(
        400,
        sheets(
            400,
            "Invalid data[4]: Your input contains more than the maximum of 50000 characters in a single cell.",
            "INVALID_ARGUMENT",
        ),
        Bug,
        Bug,
        ("50000",),
    ),
    "beyond the grid": Case(
        400,
        sheets(400, "Range (Tasks!A1001:B1001) exceeds grid limits. Max rows: 1000, max columns: 26", "INVALID_ARGUMENT"),
        Outdated,
        Outdated,
    ),
    "a column is gone": Case(
        400,
        sheets(400, "Requested writing within range ['x'!A2], but tried writing to column [C]", "INVALID_ARGUMENT"),
        Outdated,
        Outdated,
    ),
    "ten million cells": Case(
        400,
        sheets(
            400,
            "This action would increase the number of cells in the workbook above the limit of 10000000 cells.",
            "INVALID_ARGUMENT",
        ),
        NoRoom,
        NoRoom,
        ("ten million",),
    ),
    "protected": Case(
        400,
        sheets(400, "You are trying to edit a protected cell or object. Please contact the spreadsheet owner", "INVALID_ARGUMENT"),
        NeedsOwner,
        NeedsOwner,
        ("Protect", ROBOT),
    ),
    "an Excel file": Case(
        400,
        sheets(400, "This operation is not supported for this document", "FAILED_PRECONDITION"),
        NeedsOwner,
        NeedsOwner,
        ("Save as Google Sheets",),
    ),
    "a rule of the sheet": Case(
        400,
        sheets(400, "The data you entered in cell C2 violates the data validation rules set on this cell.", "INVALID_ARGUMENT"),
        NeedsOwner,
        NeedsOwner,
        ("Show a warning",),
    ),
    "anything else that is wrong": Case(400, sheets(400, "Invalid value at 'x'", "INVALID_ARGUMENT"), Bug, Bug, ("Invalid value",)),
    "a body on which gspread breaks": Case(400, {"error": "invalid_grant"}, Bug, Bug, ("invalid_grant",)),
    "not emulated": Case(501, {"error": "x"}, Bug, Bug),
}


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("writing", [False, True], ids=["reading", "writing"])
def test_what_google_answers_is_said_as_what_to_do_next(bench: SheetsBench, name: str, writing: bool) -> None:
    case = CASES[name]
    page = bench.table.read()
    answer = Answer.of(case.status, case.body) if isinstance(case.body, dict) else Answer.html(case.status, case.body)
    bench.service.faults.add(Fault("values.*|spreadsheets.*", answer=answer.but(headers={**answer.headers, **case.headers})))
    with_handles(bench)
    with pytest.raises(TableError) as raised:
        _ = bench.table.write([Patch(page.rows[0].key, {"Status": "x"})]) if writing else bench.table.read()
    assert type(raised.value) is (case.writing if writing else case.reading)
    assert all(word in str(raised.value) for word in case.says), str(raised.value)
    assert 'table "Ops"' in str(raised.value)
    if case.wait is not None and isinstance(raised.value, TryLater):
        assert raised.value.wait == timedelta(seconds=case.wait)


def with_handles(bench: SheetsBench) -> None:
    """Rows that were written before: what is asked next is the write itself."""
    faults, bench.service.faults = bench.service.faults, type(bench.service.faults)()
    for row in bench.table.read().rows:
        bench.table.write([Patch(row.key, {"Last Result": "before"})])
    bench.service.faults = faults


def test_a_quota_without_a_word_on_when_is_waited_for_until_the_minute_is_over_by_googles_clock() -> None:
    subject = Subject('the tab "x"', "", "id")

    def wait(**headers: str) -> timedelta | None:
        error = refused(Refusal(429, headers, b"{}"), subject, writing=False)
        assert isinstance(error, TryLater)
        return error.wait

    assert wait() == timedelta(seconds=60)
    assert wait(date="nonsense") == timedelta(seconds=60)
    assert wait(date="Mon, 02 Mar 2026 12:00:00 GMT") == timedelta(seconds=61)
    assert wait(date="Mon, 02 Mar 2026 12:00:59 GMT") == timedelta(seconds=2)
    assert wait(retry_after="1") == timedelta(seconds=60)
    assert wait(**{"retry-after": "99999"}) == timedelta(hours=1)
    assert wait(**{"retry-after": "0"}) == timedelta(seconds=60)
    assert wait(**{"retry-after": "Mon, 02 Mar 2026 12:00:59 GMT"}) == timedelta(seconds=60)


@pytest.mark.parametrize("committed", [False, True])
def test_a_write_whose_connection_breaks_is_of_unknown_outcome(bench: SheetsBench, committed: bool) -> None:
    with_handles(bench)
    bench.service.faults.add(Fault("values.batchUpdateByDataFilter", times=1, reset=True, committed=committed))
    with pytest.raises(OutcomeUnknown):
        bench.table.write([Patch("a", {"Last Result": "after"})])
    assert bench.row("alpha")["Last Result"] == ("after" if committed else "before")
    assert bench.table.read().rows[0].cells["Last Result"] == bench.row("alpha")["Last Result"]


def test_torn_answers(bench: SheetsBench) -> None:
    with_handles(bench)
    bench.service.faults.add(Fault("spreadsheets.get", times=1, cut=40))
    with pytest.raises(TryLater, match="no whole answer"):
        bench.table.read()
    bench.service.faults.add(Fault("spreadsheets.get", times=1, reset=True))
    with pytest.raises(TryLater):
        bench.table.read()
    bench.service.faults.add(Fault("values.batchUpdateByDataFilter", times=1, cut=40))
    with pytest.raises(OutcomeUnknown, match="no whole answer"):
        bench.table.write([Patch("a", {"Last Result": "after"})])
    for answer in (Answer.html(200, "<html>Sign in to the hotel's network"), Answer.of(200, ["x"])):
        bench.service.faults.add(Fault("spreadsheets.get", times=1, answer=answer))
        with pytest.raises(TryLater):
            bench.table.read()
        bench.service.faults.add(Fault("values.batchUpdateByDataFilter", times=1, answer=answer, committed=True))
        with pytest.raises(OutcomeUnknown):
            bench.table.write([Patch("a", {"Last Result": "again"})])


def test_no_answer_in_time(bench: SheetsBench) -> None:
    hasty = bench.opened(read_timeout="1s", connect_timeout="1s")
    hasty.read()
    for row in hasty.read().rows:
        hasty.write([Patch(row.key, {"Last Result": "before"})])
    slow = bench.opened(read_timeout="1s")
    slow_page = bench.service.faults
    slow.read()
    slow_page.add(Fault("spreadsheets.get", times=1, delay=1.3))
    with pytest.raises(TryLater, match="no whole answer"):
        slow.read()
    slow.read()
    slow_page.add(Fault("values.batchUpdateByDataFilter", times=1, delay=1.3))
    with pytest.raises(OutcomeUnknown):
        slow.write([Patch("a", {"Last Result": "after"})])
    hasty.close()
    slow.close()


def test_a_server_that_is_not_there_was_never_reached(bench: SheetsBench) -> None:
    with_handles(bench)
    bench.server.close()
    with pytest.raises(TryLater, match=r"can't be reached at 127\.0\.0\.1:\d+ \("):
        bench.table.write([Patch("a", {"Last Result": "x"})])
    with pytest.raises(TryLater, match=r"can't be reached at 127\.0\.0\.1:\d+ \("):
        bench.opened(ask_drive=False).read()


def every(kind: type[Exception]) -> Iterator[type[Exception]]:
    for below in kind.__subclasses__():
        yield below
        yield from every(below)


@pytest.mark.parametrize(
    "kind", [requests.RequestException, *dict.fromkeys(every(requests.RequestException))], ids=lambda k: k.__name__
)
@pytest.mark.parametrize("writing", [False, True])
def test_no_exception_of_requests_gets_through(bench: SheetsBench, kind: type[Exception], writing: bool) -> None:
    edge = Edge(GoogleSheetsSettings.model_validate({"spreadsheet": "x", "tab": "x", "credentials": "x"}), place(bench.folder), "t")
    made = kind("m", "doc", 0) if issubclass(kind, requests.exceptions.JSONDecodeError) else kind("m")
    assert isinstance(made, requests.RequestException)
    with pytest.raises(TableError) as raised, edge._translated(writing=writing):
        raise made
    assert type(raised.value) is (OutcomeUnknown if writing and not never_sent(made) else TryLater)
    assert raised.value.__cause__ is made


@pytest.mark.parametrize(
    "kind", [of_google.GoogleAuthError, *dict.fromkeys(every(of_google.GoogleAuthError))], ids=lambda k: k.__name__
)
def test_no_exception_of_google_auth_gets_through(bench: SheetsBench, kind: type[Exception]) -> None:
    edge = Edge(GoogleSheetsSettings.model_validate({"spreadsheet": "x", "tab": "x", "credentials": "x"}), place(bench.folder), "t")
    with pytest.raises((TryLater, NeedsOwner)), edge._translated(writing=True):
        raise kind("m")


def test_bodies_of_any_shape_are_read() -> None:
    subject = Subject('the tab "x"', "robot@x", "id")
    bodies = [b"", b"null", b"[]", b'"x"', b"{}", b'{"error": null}', b'{"error": []}', b'{"error": {"details": {}}}', b"\xff\xfe"]
    bodies += [
        b'{"error": {"details": [1, null, {}], "errors": "x", "message": 5}}',
        json.dumps({"error": {"message": "\x1b[31m" * 99}}).encode(),
    ]
    for body in bodies:
        for status in (302, 400, 401, 403, 404, 409, 429, 500, 599):
            for writing in (False, True):
                text = str(refused(Refusal(status, {}, body), subject, writing=writing))
                assert "\x1b" not in text
                assert len(text) < 600


@pytest.mark.parametrize("answer", [Answer.of(503, {}), Answer.of(500, {}), Answer.html(502, "<html>"), Answer.of(429, {})])
def test_nothing_is_tried_again_behind_the_engines_back(bench: SheetsBench, answer: Answer) -> None:
    with_handles(bench)
    bench.asked()
    bench.service.faults.add(Fault("spreadsheets.*|values.*", answer=answer))
    with pytest.raises(TryLater):
        bench.table.read()
    with pytest.raises((TryLater, OutcomeUnknown)):
        bench.opened(ask_drive=False).write([Patch("a", {"Last Result": "x"})])
    assert bench.asked() == ["spreadsheets.get"] * 2
    bench.service.faults.clear()
    bench.table.read()
    bench.service.faults.add(Fault("values.*", answer=answer, committed=True))
    bench.asked()
    with pytest.raises((TryLater, OutcomeUnknown)):
        bench.table.write([Patch("a", {"Last Result": "x"})])
    assert bench.asked() == ["values.batchUpdateByDataFilter"]
