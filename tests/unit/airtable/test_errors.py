"""Every documented way in which Airtable fails, and what is to be done then (VENDORS.md B9)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import requests
import responses
import urllib3

from connectors.airtable import AirtableSettings
from connectors.airtable.client import Client
from connectors.airtable.errors import Asking, Refused, retry_after, translated
from connectors.errors import Bug, Expired, Limited, MonthSpent, NeedsOwner, NoRoom, OutcomeUnknown, TableError, TryLater
from tests.unit.airtable.conftest import WHERE, place

READ, WRITE = Asking("data.records:read"), Asking("data.records:write", writing=True)
SECOND = timedelta(seconds=1)
URL = "https://api.airtable.com/v0/appRowdSamples001/Tasks"


def error(kind: str, message: str | None = None) -> dict[str, Any]:
    return {"error": {"type": kind} if message is None else {"type": kind, "message": message}}


LIMIT = "Rate limit exceeded. Please try again later"
SPENT = "API billing plan limit exceeded. You've reached the maximum number of requests allowed for this month."
WRONG_MODEL = "Invalid permissions, or the requested model was not found."

# status, body, headers, of a read, of a write, how long to wait, what the message says
CASES: list[tuple[int, Any, dict[str, str], type[TableError], type[TableError], float | None, str]] = [
    (429, error("RATE_LIMIT_REACHED", LIMIT), {}, Limited, Limited, 30, "pause"),
    (429, {"errors": [{"error": "RATE_LIMIT_REACHED", "message": LIMIT}]}, {}, Limited, Limited, 30, "pause"),
    (429, error("RATE_LIMIT_REACHED", LIMIT), {"Retry-After": "7"}, Limited, Limited, 7, "pause"),
    (429, error("RATE_LIMIT_REACHED", LIMIT), {"Retry-After": "soon"}, Limited, Limited, 30, "pause"),
    (429, "<h1>Too many requests</h1>", {}, Limited, Limited, 30, "pause"),
    (429, error("PUBLIC_API_BILLING_LIMIT_EXCEEDED", SPENT), {}, MonthSpent, MonthSpent, None, "larger plan"),
    (429, {"errors": [{"error": "PUBLIC_API_BILLING_LIMIT_EXCEEDED", "message": SPENT}]}, {}, MonthSpent, MonthSpent, None, "poll"),
    (401, error("AUTHENTICATION_REQUIRED", "…"), {}, NeedsOwner, NeedsOwner, None, "AIRTABLE_TOKEN=…"),
    (403, error("INVALID_PERMISSIONS_OR_MODEL_NOT_FOUND", WRONG_MODEL), {}, NeedsOwner, NeedsOwner, None, "scope data.records:"),
    (403, error("INVALID_PERMISSIONS", "You are not permitted to write cell values in field Health (fldX)"), {}, NeedsOwner,
     NeedsOwner, None, "(fldX). In Airtable, open the field's menu"),
    (403, error("INVALID_PERMISSIONS", "You are not permitted to do this"), {}, NeedsOwner, NeedsOwner, None, "Editor"),
    (404, {"error": "NOT_FOUND"}, {}, NeedsOwner, NeedsOwner, None, "Correct `base` and `table`"),
    (404, error("NOT_FOUND"), {}, NeedsOwner, NeedsOwner, None, "Correct `base` and `table`"),
    (404, error("TABLE_NOT_FOUND", "Could not find table X in application appX"), {}, NeedsOwner, NeedsOwner, None, "table"),
    (404, error("MODEL_ID_NOT_FOUND", "Record not found"), {}, NeedsOwner, NeedsOwner, None, "no such"),
    (413, error("REQUEST_TOO_LARGE"), {}, Bug, Bug, None, "REQUEST_TOO_LARGE"),
    (414, "<h1>414 URI Too Long</h1>", {}, Bug, Bug, None, "414"),
    (422, error("UNKNOWN_FIELD_NAME", 'Unknown field name: "X"'), {}, Bug, Bug, None, '"X"'),
    (422, error("INVALID_VALUE_FOR_COLUMN", 'Field "X" cannot accept the provided value'), {}, NeedsOwner, NeedsOwner, None, '"X"'),
    (422, error("INVALID_MULTIPLE_CHOICE_OPTIONS", 'Insufficient permissions to create new select option "x"'), {}, NeedsOwner,
     NeedsOwner, None, "Add the option"),
    (422, error("ROW_DOES_NOT_EXIST", "Record ID rec1 does not exist in this table"), {}, Bug, Bug, None, "rec1"),
    (422, error("LIST_RECORDS_ITERATOR_NOT_AVAILABLE", "…"), {}, Expired, Expired, None, "forgotten"),
    (422, error("INVALID_OFFSET_VALUE", "The value of offset x is invalid"), {}, Expired, Expired, None, "forgotten"),
    (422, error("INVALID_FILTER_BY_FORMULA", "The formula for filtering records is invalid: …"), {}, Bug, Bug, None, "formula"),
    (422, error("VIEW_NAME_NOT_FOUND", "View x not found"), {}, NeedsOwner, NeedsOwner, None, "Correct `view`"),
    (422, error("INVALID_RECORDS", "A maximum of 10 records can be created per request"), {}, Bug, Bug, None, "maximum of 10"),
    (422, error("RECORD_LIMIT_REACHED", "This base has reached its limit of records"), {}, NoRoom, NoRoom, None, "Delete rows"),
    (422, error("INVALID_REQUEST_UNKNOWN", "Invalid request: parameter validation failed."), {}, Bug, Bug, None, "validation"),
    (400, None, {}, Bug, Bug, None, "400"),
    (500, error("SERVER_ERROR"), {}, TryLater, OutcomeUnknown, None, "SERVER_ERROR"),
    (502, "<html>Bad gateway</html>", {}, TryLater, OutcomeUnknown, None, "502"),
    (503, error("RETRIABLE_ERROR", "It is safe to retry the request"),
     {}, TryLater, OutcomeUnknown, None, "RETRIABLE_ERROR"),
    (503, error("RETRIABLE_ERROR"), {"Retry-After": "4"}, TryLater, OutcomeUnknown, 4, "RETRIABLE_ERROR"),
    (504, None, {}, TryLater, OutcomeUnknown, None, "504"),
]  # fmt: skip


@pytest.fixture
def wire() -> Iterator[responses.RequestsMock]:
    with responses.RequestsMock() as mock:
        yield mock


@pytest.fixture
def client() -> Client:
    return Client(AirtableSettings(base="appRowdSamples001", table="Tasks", plan="free"), place("patA.b"))


@pytest.mark.parametrize("asking", [READ, WRITE], ids=["read", "write"])
@pytest.mark.parametrize(("status", "body", "headers", "of_read", "of_write", "wait", "words"), CASES)
def test_every_documented_body_says_what_to_do_next(
    wire: responses.RequestsMock, client: Client, asking: Asking, status: int, body: Any, headers: dict[str, str],
    of_read: type[TableError], of_write: type[TableError], wait: float | None, words: str,
) -> None:  # fmt: skip
    text = body if isinstance(body, str) else "" if body is None else json.dumps(body)
    method = "PATCH" if asking.writing else "GET"
    wire.add(method, URL, body=text, status=status, headers=headers)
    with pytest.raises(TableError) as raised:
        client.ask(asking, method, "appRowdSamples001", "Tasks")
    found = raised.value
    assert type(found) is (of_write if asking.writing else of_read)
    assert words in str(found)
    assert str(found).startswith('table "ops" (Airtable base appRowdSamples001, table "Tasks"): ')
    if isinstance(found, TryLater):
        assert found.wait == (None if wait is None else wait * SECOND)
    assert found.__cause__ is not None
    assert len(wire.calls) == 1  # pyairtable's own retries would have made six of a 429
    assert "patA.b" not in str(found)


def test_a_request_has_its_time_outs(wire: responses.RequestsMock) -> None:
    """VENDORS.md B8: without them pyairtable waits for ever."""
    wire.get(URL, json={"records": []})
    said = {"base": "appRowdSamples001", "table": "Tasks", "plan": "free", "connect_timeout": "2s", "timeout": "1 min"}
    for settings in (said, {k: v for k, v in said.items() if "timeout" not in k}):
        Client(AirtableSettings.model_validate(settings), place("patA.b")).ask(READ, "get", "appRowdSamples001", "Tasks")
    assert [call.request.req_kwargs["timeout"] for call in wire.calls] == [(2, 60), (5, 30)]  # type: ignore[attr-defined]  # responses adds it


def test_what_the_caller_heeds_is_left_to_it(wire: responses.RequestsMock, client: Client) -> None:
    wire.get(URL, json=error("ROW_DOES_NOT_EXIST", "Record ID rec1 does not exist"), status=422)
    asking = Asking("data.records:read", heeds=lambda refused: refused.kind == "ROW_DOES_NOT_EXIST")
    with pytest.raises(Refused) as raised:
        client.ask(asking, "get", "appRowdSamples001", "Tasks")
    assert (raised.value.status, raised.value.kind, raised.value.message) == (
        422,
        "ROW_DOES_NOT_EXIST",
        "Record ID rec1 does not exist",
    )


def every(kind: type[Exception]) -> Iterator[type[Exception]]:
    for child in kind.__subclasses__():
        yield child
        yield from every(child)


@pytest.mark.parametrize("kind", sorted(set(every(requests.RequestException)), key=lambda k: k.__name__))
@pytest.mark.parametrize("asking", [READ, WRITE], ids=["read", "write"])
def test_no_error_of_the_client_escapes(kind: type[requests.RequestException], asking: Asking) -> None:
    if issubclass(kind, requests.exceptions.JSONDecodeError):
        raised: Exception = kind("no JSON", "<html>", 0)
    else:
        raised = kind("why")
    with pytest.raises(TableError) as found, translated(WHERE, asking):
        raise raised
    if isinstance(found.value, TryLater) and asking.writing:  # nothing may have gone out
        assert isinstance(raised, requests.ConnectTimeout | requests.exceptions.ProxyError)


RETRY = urllib3.exceptions.MaxRetryError
POOL = urllib3.HTTPSConnectionPool("api.airtable.com")
NEVER = urllib3.exceptions.NewConnectionError(POOL, "refused")  # type: ignore[arg-type]  # a connection in its types, any object in use


@pytest.mark.parametrize(
    ("raised", "of_write"),
    [
        (requests.ConnectionError(RETRY(POOL, "/", NEVER)), TryLater),
        (requests.ConnectionError(RETRY(POOL, "/", urllib3.exceptions.NameResolutionError("h", POOL, OSError()))), TryLater),  # type: ignore[arg-type]
        (requests.ConnectTimeout(RETRY(POOL, "/", urllib3.exceptions.ConnectTimeoutError())), TryLater),
        (requests.ConnectionError(urllib3.exceptions.ProtocolError("Connection aborted.", ConnectionResetError())), OutcomeUnknown),
        (requests.ReadTimeout("read timed out"), OutcomeUnknown),
        (requests.exceptions.ChunkedEncodingError("broken"), OutcomeUnknown),
        (requests.exceptions.SSLError("bad record"), OutcomeUnknown),
    ],
)
def test_only_what_never_went_out_is_known_not_to_have_been_written(raised: Exception, of_write: type[TableError]) -> None:
    for asking, expected in ((READ, TryLater), (WRITE, of_write)):
        with pytest.raises(TableError) as found, translated(WHERE, asking):
            raise raised
        assert type(found.value) is expected


@pytest.mark.parametrize(("body", "status"), [("<html>a login page</html>", 200), ('["no", "object"]', 200), ("", 200)])
def test_an_answer_that_is_none_leaves_open_what_was_written(
    wire: responses.RequestsMock, client: Client, body: str, status: int
) -> None:
    wire.add("PATCH", URL, body=body, status=status)
    wire.add("GET", URL, body=body, status=status)
    with pytest.raises(OutcomeUnknown):
        client.ask(WRITE, "patch", "appRowdSamples001", "Tasks")
    with pytest.raises(TryLater):
        client.ask(READ, "get", "appRowdSamples001", "Tasks")


@pytest.mark.parametrize("token", [None, "", "  ", "pat\nA.b", "patÄ…b"])
def test_a_token_that_is_none_is_told_with_the_remedy_and_shown_nowhere(token: str | None) -> None:
    settings = AirtableSettings(base="appRowdSamples001", table="Tasks", plan="free", endpoint="http://127.0.0.1:9")
    with pytest.raises(NeedsOwner, match=r"put AIRTABLE_TOKEN=… into \.env") as raised:
        Client(settings, place(token)).ask(READ, "get", "appRowdSamples001", "Tasks")
    if token and token.strip():
        assert raised.value.__cause__ is None
        assert token not in str(raised.value)


def test_the_token_is_sent_whatever_netrc_says(
    wire: responses.RequestsMock, client: Client, tmp_path: Any, monkeypatch: Any
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine api.airtable.com login me password wrong\n")
    monkeypatch.setenv("NETRC", str(netrc))
    wire.get(URL, json={"records": []})
    assert client.ask(READ, "get", "appRowdSamples001", "Tasks") == {"records": []}
    assert wire.calls[0].request.headers["Authorization"] == "Bearer patA.b"


@pytest.mark.parametrize(("text", "seconds"), [("0", 0), (" 12 ", 12), ("999999", 999_999)])
def test_retry_after_in_seconds_is_read(text: str, seconds: int) -> None:
    assert retry_after(text) == seconds * SECOND


@pytest.mark.parametrize("text", [None, "", "-1", "1.5", "Wed, 21 Oct 2026 07:28:00 GMT", "9999999", "٣"])
def test_another_retry_after_is_none(text: str | None) -> None:
    assert retry_after(text) is None
