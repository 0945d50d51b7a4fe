"""Every documented way in which Notion fails, and what is to be done then (VENDORS.md C1, C8, C9); at httpx's transport seam."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import httpx
import pytest

from connectors.errors import Bug, Expired, Limited, NeedsOwner, NoRoom, OutcomeUnknown, TableError, TryLater
from connectors.notion import NotionSettings
from connectors.notion.client import VERSION, Client
from connectors.notion.errors import Asking, Refused, Where, translated
from tests.unit.notion.conftest import DATABASE, place, plugged

READ, WRITE = Asking("Read content"), Asking("Update content", writing=True)
WHERE = Where("ops", DATABASE, "NOTION_TOKEN")
SECOND = timedelta(seconds=1)
Answers = Callable[..., Client]


def error(status: int, code: str, message: str = "…", **more: Any) -> dict[str, Any]:
    body = {"object": "error", "status": status, "code": code, "message": message, "request_id": "1"}
    return {**body, "additional_data": more} if more else body


LIMIT = "You have been rate limited. Please try again in a few minutes."
NOT_SHARED = (
    "Could not find database with ID: be907abe-1. Make sure the relevant pages and databases are shared with your integration"
    ' "My Integration".'
)
SAVED = "The change was saved, but the response could not be built in time. Read the object again instead of repeating the write."
TIMED_OUT = "Public API data source query is temporarily unavailable due to backend datastore timeouts. Please retry."
LESS = ["Use exponential backoff with jitter", "Reduce page_size", "Narrow query filters/sorts"]
ONCE = ["Read the object again to confirm the saved change.", "Do not repeat the write."]
TOO_LONG = "body failed validation: body.properties.Log.rich_text[0].text.content.length should be ≤ `2000`, instead was `2088`."


def limited(reason: str, **more: Any) -> dict[str, Any]:
    return error(429, "rate_limited", LIMIT, rate_limit_reason=f"public_api_{reason}", **more)


# status, body, headers, of a read, of a write, how long to wait, what the message says
CASES: list[tuple[int, Any, dict[str, str], type[TableError], type[TableError], float | None, str]] = [
    (429, limited("request_rate_limit", retry_after="12"), {"Retry-After": "12"}, Limited, Limited, 12, "with NOTION_TOKEN, by"),
    (429, limited("request_rate_limit", retry_after="12"), {}, Limited, Limited, 12, "pause"),
    (429, limited("request_rate_limit"), {}, Limited, Limited, 60, "pause"),
    (429, limited("request_rate_limit"), {"Retry-After": "soon"}, Limited, Limited, 60, "pause"),
    (429, limited("space_request_rate_limit"), {"Retry-After": "591"}, Limited, Limited, 591, "workspace's connections together"),
    (429, limited("endpoint_rate_limit"), {"Retry-After": "4"}, Limited, Limited, 4, "pause"),
    (429, limited("request_blocked"), {"Retry-After": "4"}, NeedsOwner, NeedsOwner, None, "write to Notion's support"),
    (429, error(429, "rate_limited", LIMIT), {}, Limited, Limited, 60, "pause"),
    (429, "<h1>Too many requests</h1>", {"Retry-After": "7"}, Limited, Limited, 7, "pause"),
    (529, error(529, "service_overload"), {"Retry-After": "5"}, TryLater, TryLater, 5, "overloaded"),
    (529, error(529, "service_overload"), {}, TryLater, TryLater, 60, "overloaded"),
    (401, error(401, "unauthorized", "API token is invalid."), {}, NeedsOwner, NeedsOwner, None, "put NOTION_TOKEN=… into .env"),
    (404, error(404, "object_not_found", NOT_SHARED), {}, NeedsOwner, NeedsOwner, None,
     'the connection "My Integration" may see. Open the database as a full page, and add the connection under ••• → Connections'),
    (404, error(404, "object_not_found", "Could not find it."), {}, NeedsOwner, NeedsOwner, None, "the connection of NOTION_TOKEN"),
    (404, "<h1>Not found</h1>", {}, NeedsOwner, NeedsOwner, None, "Mend `endpoint`"),
    (403, error(403, "restricted_resource", "API token does not have access to this resource."), {}, NeedsOwner, NeedsOwner, None,
     "access to this resource). See at https://www.notion.so/profile/integrations that the connection has the capability"),
    (403, error(403, "restricted_resource", "Insufficient permissions for this endpoint."), {}, NeedsOwner, NeedsOwner, None,
     'capability "'),
    (403, error(403, "restricted_resource", "This workspace has used all of its free blocks. …", block_limit="block_creation"), {},
     NoRoom, NoRoom, None, "Take a paid plan"),
    (403, "<title>Attention Required!</title>", {}, NeedsOwner, NeedsOwner, None, "proxy on the way"),
    (400, error(400, "validation_error", TOO_LONG), {}, Bug, Bug, None, "instead was `2088`"),
    (400, error(400, "validation_error", "Could not find property with name or id: LastEditedTime"), {}, Bug, Bug, None, "EditedT"),
    (400, error(400, "validation_error", "The start_cursor provided is invalid: x"), {}, Expired, Expired, None, "forgotten"),
    (400, error(400, "missing_version"), {}, Bug, Bug, None, "missing_version"),
    (400, error(400, "invalid_json", "Error parsing JSON body."), {}, Bug, Bug, None, "invalid_json"),
    (400, error(400, "invalid_request_url", "Invalid request URL."), {}, Bug, Bug, None, "invalid_request_url"),
    (400, error(400, "invalid_request", "Unsupported request."), {}, Bug, Bug, None, "invalid_request"),
    (409, error(409, "conflict_error", "Conflict occurred while saving. Please try again."), {}, TryLater, TryLater, None, "wrote"),
    (413, error(413, "payload_too_large"), {}, Bug, Bug, None, "413"),
    (500, error(500, "internal_server_error", "Unexpected error occurred."), {}, TryLater, OutcomeUnknown, None, "Unexpected"),
    (502, error(502, "bad_gateway"), {}, TryLater, OutcomeUnknown, None, "bad_gateway"),
    (502, "<html>Bad gateway</html>", {}, TryLater, OutcomeUnknown, None, "502"),
    (503, error(503, "service_unavailable", SAVED, retry_guidance=ONCE, committed_resource_id="1"), {}, TryLater, OutcomeUnknown,
     None, "The change was saved"),
    (503, error(503, "service_unavailable", TIMED_OUT, retry_guidance=LESS), {}, TryLater, OutcomeUnknown, None, "datastore"),
    (503, error(503, "database_connection_unavailable"), {"Retry-After": "9"}, TryLater, OutcomeUnknown, 9, "database_connection"),
    (504, error(504, "gateway_timeout"), {}, TryLater, OutcomeUnknown, None, "gateway_timeout"),
    (308, "", {"Location": "https://elsewhere.example"}, NeedsOwner, NeedsOwner, None, "Mend `endpoint`"),
]  # fmt: skip


@pytest.fixture
def calls() -> list[httpx.Request]:
    """What went over the wire."""
    return []


@pytest.fixture
def answering(calls: list[httpx.Request]) -> Answers:
    """A client whose every request is answered so, or fails so."""

    def answers(
        status: int = 200, text: str = "{}", headers: dict[str, str] | None = None, fails: Any = None, **said: Any
    ) -> Client:
        def answer(request: httpx.Request) -> httpx.Response:
            calls.append(request)
            if fails is not None:
                raise fails
            return httpx.Response(status, text=text, headers=headers)

        client = Client(NotionSettings.model_validate({"database": DATABASE, **said}), place("ntn_x"))
        plugged(client, httpx.MockTransport(answer))
        return client

    return answers


@pytest.mark.parametrize("asking", [READ, WRITE], ids=["read", "write"])
@pytest.mark.parametrize(("status", "body", "headers", "of_read", "of_write", "wait", "words"), CASES)
def test_every_documented_body_says_what_to_do_next(
    answering: Answers, calls: list[httpx.Request], asking: Asking, status: int, body: Any, headers: dict[str, str],
    of_read: type[TableError], of_write: type[TableError], wait: float | None, words: str,
) -> None:  # fmt: skip
    client = answering(status, body if isinstance(body, str) else json.dumps(body), headers)
    with pytest.raises(TableError) as raised:
        client.ask(asking, "PATCH" if asking.writing else "GET", "pages", "1")
    found = raised.value
    assert type(found) is (of_write if asking.writing else of_read)
    assert words in str(found)
    assert str(found).startswith(f'table "ops" (Notion database {DATABASE}): ')
    if isinstance(found, TryLater):
        assert found.wait == (None if wait is None else wait * SECOND)
    assert found.__cause__ is not None
    assert len(calls) == 1  # notion-client's own retries would have made three of a 429, the blocked one too
    assert "ntn_x" not in str(found)


def test_the_saved_503_is_told_from_others(answering: Answers) -> None:
    said = {}
    for guidance, more in ((ONCE, {"committed_resource_id": "1"}), (ONCE, {}), (["x"], {"committed_child_ids": ["1"]}), (LESS, {})):
        body = json.dumps(error(503, "service_unavailable", "…", retry_guidance=guidance, **more))
        with pytest.raises(OutcomeUnknown) as raised:
            answering(503, body).ask(WRITE, "PATCH", "pages", "1")
        said[f"{guidance} {more}"] = "has saved the change" in str(raised.value)
    assert list(said.values()) == [True, True, True, False]


def test_what_the_caller_heeds_is_left_to_it(answering: Answers) -> None:
    asking = Asking("Read content", heeds=lambda refused: refused.code == "object_not_found")
    with pytest.raises(Refused) as raised:
        answering(404, json.dumps(error(404, "object_not_found", NOT_SHARED))).ask(asking, "GET", "pages", "1")
    assert (raised.value.status, raised.value.code, raised.value.message) == (404, "object_not_found", NOT_SHARED)


def every(kind: type[Exception]) -> Iterator[type[Exception]]:
    for child in kind.__subclasses__():
        yield child
        yield from every(child)


@pytest.mark.parametrize("kind", sorted(set(every(httpx.RequestError)), key=lambda k: k.__name__))
@pytest.mark.parametrize("asking", [READ, WRITE], ids=["read", "write"])
def test_no_error_of_httpx_escapes(answering: Answers, kind: type[httpx.RequestError], asking: Asking) -> None:
    with pytest.raises(TableError) as found:
        answering(fails=kind("why")).ask(asking, "PATCH", "pages", "1")
    if asking.writing:  # only what can't have gone out has surely written nothing
        never_sent = issubclass(kind, httpx.ConnectError | httpx.ConnectTimeout | httpx.PoolTimeout | httpx.ProxyError)
        assert isinstance(found.value, TryLater) == never_sent


@pytest.mark.parametrize(
    "raised", [httpx.InvalidURL("no"), UnicodeEncodeError("ascii", "Ä", 0, 1, "ordinal"), ValueError("no JSON")]
)
def test_nor_does_what_has_no_base_in_common_with_them(raised: Exception) -> None:
    for asking in (READ, WRITE):
        with pytest.raises(TableError), translated(WHERE, asking):
            raise raised


def test_a_path_that_the_client_refuses_is_our_mistake(answering: Answers) -> None:
    with pytest.raises(Bug):
        answering().ask(READ, "GET", "pages", "..")


@pytest.mark.parametrize("text", ["<html>a login page</html>", '["no", "object"]', ""])
def test_an_answer_that_is_none_leaves_open_what_was_written(answering: Answers, text: str) -> None:
    with pytest.raises(OutcomeUnknown):
        answering(text=text).ask(WRITE, "PATCH", "pages", "1")
    with pytest.raises(TryLater):
        answering(text=text).ask(READ, "GET", "pages", "1")


def test_a_request_has_its_time_outs_its_version_and_its_token(answering: Answers, calls: list[httpx.Request]) -> None:
    answering().ask(READ, "GET", "pages", "1")
    answering(connect_timeout="2s", timeout="1 min").ask(READ, "GET", "pages", "1")
    assert [(call.extensions["timeout"]["connect"], call.extensions["timeout"]["read"]) for call in calls] == [(5, 60), (2, 60)]
    assert {call.headers["Notion-Version"] for call in calls} == {VERSION}
    assert {call.headers["Authorization"] for call in calls} == {"Bearer ntn_x"}
    assert str(calls[0].url) == "https://api.notion.com/v1/pages/1"


def test_an_endpoint_is_asked_below_its_path_whether_or_not_it_ends_with_a_slash(
    answering: Answers, calls: list[httpx.Request]
) -> None:
    for endpoint in ("https://proxy.example.com/notion", "https://proxy.example.com/notion/"):
        answering(endpoint=endpoint).ask(READ, "GET", "pages", "1")
    assert {str(call.url) for call in calls} == {"https://proxy.example.com/notion/v1/pages/1"}


@pytest.mark.parametrize("token", [None, "", "  ", "ntn\nA", "ntn_Ä…b"])
def test_a_token_that_is_none_is_told_with_the_remedy_and_shown_nowhere(token: str | None) -> None:
    client = Client(NotionSettings(database=DATABASE, endpoint="http://127.0.0.1:9"), place(token))
    with pytest.raises(NeedsOwner, match=r"put NOTION_TOKEN=… into \.env") as raised:
        client.ask(READ, "GET", "pages", "1")
    if token and token.strip():
        assert raised.value.__cause__ is None
        assert token not in str(raised.value)


def test_a_socket_that_nobody_listens_on_is_never_reached() -> None:
    client = Client(NotionSettings(database=DATABASE, endpoint="http://127.0.0.1:9"), place("ntn_x"))
    with pytest.raises(TryLater, match="can't be reached"):
        client.ask(WRITE, "PATCH", "pages", "1")


def test_the_clients_own_log_is_nobodys_and_grows_no_handlers(answering: Answers, capfd: Any, calls: list[httpx.Request]) -> None:
    """VENDORS.md C8: each client would add a handler to one logger, and each of them write every line to stderr."""
    before = list(logging.getLogger("notion_client").handlers)
    for _ in range(3):
        with pytest.raises(Bug):
            answering(400, json.dumps(error(400, "invalid_request", "why"))).ask(READ, "GET", "pages", "1")
    assert list(logging.getLogger("notion_client").handlers) == before
    assert capfd.readouterr() == ("", "")
    assert len(calls) == 3


def test_a_closed_client_opens_anew_and_one_is_made_for_all_requests() -> None:
    client = Client(NotionSettings(database=DATABASE), place("ntn_x"))
    client.close()
    first = client._vendors
    assert client._vendors is first
    client.close()
    client.close()
    assert client._vendors is not first
