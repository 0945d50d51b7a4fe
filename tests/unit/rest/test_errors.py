"""Every way in which a service can fail, and what is to be done then; at httpx's transport seam."""

from __future__ import annotations

import gzip
import json
import ssl
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import httpx
import pytest

from connectors.errors import Bug, Limited, NeedsOwner, NoRoom, OutcomeUnknown, TableError, TryLater
from connectors.rest import client as bounds
from connectors.rest.errors import Asking, Refused, Where, retry_after, translated, words_of
from tests.unit.rest.conftest import SECRET, URL, client_of, place, table_of

READ, WRITE = Asking("list", "GET /tasks"), Asking("update", "PATCH /tasks/{key}", writing=True)
WHERE = Where("ops", URL, "TOKEN", "tasks.example.com with TOKEN")
DATE = "Mon, 02 Mar 2026 12:00:00 GMT"
AUTH: dict[str, Any] = {"auth": {"by": "bearer", "secret": "TOKEN"}, "requests_per_minute": 60}

# status, body, headers, of a read, of a write, how long to wait, what the message says
CASES: list[tuple[int, Any, dict[str, str], type[TableError], type[TableError], float | None, str]] = [
    (301, "", {"Location": f"{URL}/tasks/"}, NeedsOwner, NeedsOwner, None, "rowd follows nobody"),
    (302, "", {"Location": "https://evil.example.net/"}, NeedsOwner, NeedsOwner, None, "It sends to https://evil.example.net/"),
    (307, "", {}, NeedsOwner, NeedsOwner, None, "It sends elsewhere"),
    (400, {"message": "no such filter"}, {}, NeedsOwner, NeedsOwner, None, "answered 400: no such filter. Correct `"),
    (401, {"detail": "Invalid token."}, {}, NeedsOwner, NeedsOwner, None, "doesn't know what TOKEN holds"),
    (402, {}, {}, NeedsOwner, NeedsOwner, None, "wants to be paid"),
    (403, {"error": "Permission denied"}, {}, NeedsOwner, NeedsOwner, None, "to the owner of TOKEN"),
    (404, "<h1>Not found</h1>", {}, NeedsOwner, NeedsOwner, None, "Nothing is there: correct `url`"),
    (405, "", {}, NeedsOwner, NeedsOwner, None, "method, path and type"),
    (406, "", {}, NeedsOwner, NeedsOwner, None, "method, path and type"),
    (407, "", {}, NeedsOwner, NeedsOwner, None, "HTTPS_PROXY"),
    (408, "", {}, TryLater, OutcomeUnknown, None, "408"),
    (409, {"title": "taken"}, {}, NeedsOwner, NeedsOwner, None, "409: taken"),
    (410, "", {}, NeedsOwner, NeedsOwner, None, "restore what was deleted"),
    (412, "", {}, NeedsOwner, NeedsOwner, None, "412"),
    (413, "", {}, NeedsOwner, NeedsOwner, None, "413"),
    (415, "", {}, NeedsOwner, NeedsOwner, None, "method, path and type"),
    (418, {"message": "a teapot"}, {}, Bug, Bug, None, "a teapot. Compare `"),
    (422, {"errors": [{"detail": "too short"}, {"detail": "blank"}]}, {}, NeedsOwner, NeedsOwner, None, "too short; blank"),
    (423, "", {"Retry-After": "2"}, TryLater, TryLater, 2, "nothing was written"),
    (425, "", {}, TryLater, TryLater, None, "nothing was written"),
    (428, "", {}, NeedsOwner, NeedsOwner, None, "say by `get`"),
    (429, "slow down", {}, Limited, Limited, 60, "429: slow down; the service wants a pause"),
    (429, "", {"Retry-After": "7"}, Limited, Limited, 7, "pause"),
    (429, "", {"Retry-After": "0"}, Limited, Limited, 60, "pause"),
    (429, "", {"Retry-After": "soon"}, Limited, Limited, 60, "pause"),
    (429, "", {"Retry-After": "Mon, 02 Mar 2026 12:01:30 GMT", "Date": DATE}, Limited, Limited, 90, "pause"),
    (429, "", {"Retry-After": "Mon, 02 Mar 2026 12:01:30 GMT"}, Limited, Limited, 60, "pause"),
    (429, "", {"Retry-After": "99999999"}, Limited, Limited, 86_400, "pause"),
    (431, "", {}, NeedsOwner, NeedsOwner, None, "method, path and type"),
    (500, {"error": "oh"}, {}, TryLater, OutcomeUnknown, None, "500: oh"),
    (501, "", {}, NeedsOwner, NeedsOwner, None, "method, path and type"),
    (502, "<html>Bad gateway</html>", {}, TryLater, OutcomeUnknown, None, "502"),
    (503, "", {"Retry-After": "120"}, TryLater, OutcomeUnknown, 120, "503"),
    (504, "", {}, TryLater, OutcomeUnknown, None, "504"),
    (507, "", {}, NoRoom, NoRoom, None, "make room"),
    (511, "", {}, NeedsOwner, NeedsOwner, None, "proxy"),
]  # fmt: skip


def answer(status: int, body: Any = "", headers: dict[str, str] | None = None) -> Callable[[httpx.Request], httpx.Response]:
    content = body if isinstance(body, bytes) else body.encode() if isinstance(body, str) else json.dumps(body).encode()
    return lambda _: httpx.Response(status, content=content, headers=headers)


@pytest.mark.parametrize(("status", "body", "headers", "of_a_read", "of_a_write", "wait", "says"), CASES)
def test_a_refusal_says_what_to_do_next(
    status: int,
    body: Any,
    headers: dict[str, str],
    of_a_read: type[TableError],
    of_a_write: type[TableError],
    wait: float | None,
    says: str,
) -> None:
    for asking, expected in ((READ, of_a_read), (WRITE, of_a_write)):
        with pytest.raises(TableError) as caught:
            client_of(answer(status, body, headers), **AUTH).ask(asking, "GET", "/tasks")
        assert type(caught.value) is expected
        assert 'table "ops" (https://tasks.example.com/api)' in str(caught.value)
        assert says in str(caught.value)
        assert isinstance(caught.value.__cause__, Refused)
        if isinstance(caught.value, TryLater):
            assert caught.value.wait == (timedelta(seconds=wait) if wait is not None else None)
        if isinstance(caught.value, Limited):
            assert caught.value.scope == "tasks.example.com with TOKEN"


def test_too_many_requests_where_no_window_is_known_hold_back_this_table_alone() -> None:
    """No window bears the scope that a Limited would name, so nobody would heed it."""
    with pytest.raises(TryLater) as caught:
        client_of(answer(429, "", {"Retry-After": "20"})).ask(READ, "GET", "/tasks")
    assert type(caught.value) is TryLater
    assert caught.value.wait == timedelta(seconds=20)


def test_no_cookie_is_kept() -> None:
    asked: list[httpx.Request] = []

    def answers(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(200, json=[], headers={"Set-Cookie": "session=1; Path=/"})

    client = client_of(answers)
    client.ask(READ, "GET", "/tasks")
    client.ask(READ, "GET", "/tasks")
    assert "Cookie" not in asked[1].headers


def test_without_credentials_the_remedies_name_none() -> None:
    for status, says in ((401, "add `auth`"), (403, "reading to everybody, or add `auth`")):
        with pytest.raises(NeedsOwner, match=says):
            client_of(answer(status)).ask(READ, "GET", "/tasks")


def raising(exc: Exception) -> Callable[[httpx.Request], httpx.Response]:
    def answers(_: httpx.Request) -> httpx.Response:
        raise exc

    return answers


def every(cls: type[httpx.RequestError]) -> Iterator[type[httpx.RequestError]]:
    for each in cls.__subclasses__():
        yield from (each, *every(each))


NEVER_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError)
OURS = (httpx.LocalProtocolError, httpx.UnsupportedProtocol)


@pytest.mark.parametrize("kind", sorted(every(httpx.RequestError), key=lambda cls: cls.__name__))
def test_whatever_breaks_on_the_way_is_translated(kind: type[httpx.RequestError]) -> None:
    for asking, doubtful in ((READ, TryLater), (WRITE, OutcomeUnknown)):
        expected = NeedsOwner if issubclass(kind, OURS) else TryLater if issubclass(kind, NEVER_SENT) else doubtful
        with pytest.raises(TableError) as caught, translated(WHERE, asking):
            raise kind("oh")
        assert type(caught.value) is expected
        assert '"ops"' in str(caught.value)


def test_a_certificate_that_is_not_trusted_needs_its_owner() -> None:
    exc = httpx.ConnectError("CERTIFICATE_VERIFY_FAILED")
    exc.__cause__ = ssl.SSLCertVerificationError(1, "self-signed")
    with pytest.raises(NeedsOwner, match="SSL_CERT_FILE"):
        client_of(raising(exc)).ask(READ, "GET", "/tasks")


@pytest.mark.parametrize(
    ("body", "of_a_read", "says"),
    [
        (b"<!doctype html><title>Sign in</title>", NeedsOwner, "a web page, not with JSON. Correct `url` and `list`"),
        (b"", NeedsOwner, "with nothing, not with JSON"),
        (b'[{"id": 1}', TryLater, "is no JSON"),
        (b"\xff\xfe", TryLater, "is no JSON"),
        (b"[" * 200_000, NeedsOwner, "lists in lists beyond all measure"),
    ],
)
def test_a_body_that_is_no_json_is_told(body: bytes, of_a_read: type[TableError], says: str) -> None:
    with pytest.raises(TableError, match=says) as caught:
        client_of(answer(200, body)).ask(READ, "GET", "/tasks")
    assert type(caught.value) is of_a_read


def test_a_write_may_be_answered_with_anything_but_a_web_page() -> None:
    for body in (b"", b"OK", b"\xff"):
        assert client_of(answer(200, body)).ask(WRITE, "PATCH", "/tasks/1", body={}).document is None
    assert client_of(answer(204)).ask(WRITE, "PATCH", "/tasks/1", body={}).document is None
    for body in (b"<html>Sign in</html>", b"[" * 200_000):
        with pytest.raises(OutcomeUnknown):
            client_of(answer(200, body)).ask(WRITE, "PATCH", "/tasks/1", body={})
    with pytest.raises(OutcomeUnknown, match="carried out later"):
        client_of(answer(202, {})).ask(WRITE, "PATCH", "/tasks/1", body={})


class Endless(httpx.SyncByteStream):
    """A body without an end, that says how much of it was taken."""

    def __init__(self) -> None:
        self.taken = 0
        self.closed = False

    def __iter__(self) -> Iterator[bytes]:
        while True:
            self.taken += 65_536
            yield b" " * 65_536

    def close(self) -> None:
        self.closed = True


@pytest.mark.parametrize(
    ("asking", "status", "expected"), [(READ, 200, NeedsOwner), (WRITE, 200, OutcomeUnknown), (READ, 500, TryLater)]
)
def test_of_an_answer_without_an_end_no_more_is_read_than_may_be(asking: Asking, status: int, expected: type[TableError]) -> None:
    body = Endless()
    with pytest.raises(expected):
        client_of(lambda _: httpx.Response(status, stream=body)).ask(asking, "GET", "/tasks")
    assert body.taken <= (bounds.MOST if status == 200 else bounds.MOST_REFUSED) + 65_536
    assert body.closed


def test_what_is_packed_is_not_unpacked() -> None:
    bomb = gzip.compress(b" " * 50_000_000)
    headers = {"Content-Encoding": "gzip"}
    with pytest.raises(NeedsOwner, match="packed"):
        client_of(lambda _: httpx.Response(200, stream=httpx.ByteStream(bomb), headers=headers)).ask(READ, "GET", "/tasks")
    asked = []
    client_of(lambda request: asked.append(request) or httpx.Response(200, json=[])).ask(READ, "GET", "/tasks")
    assert asked[0].headers["Accept-Encoding"] == "identity"


def test_a_redirect_is_not_followed() -> None:
    asked: list[str] = []

    def answers(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.host)
        return httpx.Response(302, headers={"Location": "https://evil.example.net/tasks"})

    with pytest.raises(NeedsOwner):
        client_of(answers, **AUTH).ask(READ, "GET", "/tasks")
    assert asked == ["tasks.example.com"]


@pytest.mark.parametrize(
    ("auth", "name", "value"),
    [
        ({"by": "bearer", "secret": "TOKEN"}, "Authorization", f"Bearer {SECRET}"),
        ({"by": "bearer", "secret": "TOKEN", "scheme": "Token"}, "Authorization", f"Token {SECRET}"),
        ({"by": "basic", "user": "rowd", "secret": "TOKEN"}, "Authorization", "Basic cm93ZDpzM2NyZXQtb2YtYS10ZXN0"),
        ({"by": "header", "name": "X-Api-Key", "secret": "TOKEN"}, "X-Api-Key", SECRET),
    ],
)
def test_credentials_go_out_as_the_operator_says_and_come_back_in_no_message(auth: dict[str, str], name: str, value: str) -> None:
    def quoting(request: httpx.Request) -> httpx.Response:
        return httpx.Response(400, json={"message": f"what is {dict(request.headers)}?"})

    asked: list[httpx.Request] = []
    client_of(lambda request: asked.append(request) or httpx.Response(200, json=[]), auth=auth).ask(READ, "GET", "/tasks")
    assert asked[0].headers[name] == value
    with pytest.raises(NeedsOwner) as caught:
        client_of(quoting, auth=auth).ask(READ, "GET", "/tasks")
    assert "***" in str(caught.value)
    assert SECRET not in str(caught.value)
    assert value not in str(caught.value)


@pytest.mark.parametrize(
    ("secrets", "says"), [({"TOKEN": ""}, "has no value"), ({"TOKEN": "two\nlines"}, "holds what no header can")]
)
def test_a_secret_that_is_none_is_told_and_nothing_is_sent(secrets: dict[str, str], says: str) -> None:
    client = client_of(raising(AssertionError("sent")), place(**secrets), **AUTH)
    with pytest.raises(NeedsOwner, match=f"TOKEN {says}; put TOKEN=… into .env") as caught:
        client.ask(READ, "GET", "/tasks")
    assert "lines" not in str(caught.value)


def test_a_secret_that_nobody_declared_is_told() -> None:
    with pytest.raises(NeedsOwner, match="OTHER has no value"):
        client_of(answer(200, []), auth={"by": "bearer", "secret": "OTHER"}).ask(READ, "GET", "/tasks")


def test_an_error_body_is_told_by_its_sentence_however_it_is_built() -> None:
    assert words_of({"ok": False, "errors": ["no such column: x"], "status": 400}) == "no such column: x"
    assert words_of({"notes": ["This field may not be null."]}) == "notes: This field may not be null."
    assert words_of({"error": {"code": 3, "message": "bad"}}) == "bad"
    assert words_of("<html>") == words_of(None) == words_of({"a": {"b": {"c": {"d": {"e": "deep"}}}}}) == ""


def test_retry_after_is_seconds_or_a_date_by_the_services_own_clock() -> None:
    assert retry_after({"Retry-After": " 5 "}) == timedelta(seconds=5)
    assert retry_after({"Retry-After": "Mon, 02 Mar 2026 11:00:00 GMT", "Date": DATE}) == timedelta(0)
    assert retry_after({}) is retry_after({"Retry-After": "-5"}) is retry_after({"Retry-After": "x", "Date": "y"}) is None


def test_the_gate_hears_how_a_request_ended() -> None:
    heard: list[Exception] = []

    class Gate:
        def __call__(self, kind: str) -> Gate:
            return self

        def __enter__(self) -> None: ...

        def __exit__(self, _: object, exc: Exception, __: object) -> None:
            heard.append(exc)

    with pytest.raises(Limited):
        table_of(answer(429), place(Gate()), requests_per_minute=60).read()  # type: ignore[arg-type]  # a class that does as a context manager
    assert [type(exc) for exc in heard] == [Limited]
