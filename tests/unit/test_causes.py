"""What broke on the way to a store, as people are told it."""

from __future__ import annotations

import socket
import ssl

import httpx
import pytest
import requests
from google.auth.exceptions import TransportError
from urllib3.exceptions import MaxRetryError, NewConnectionError, ReadTimeoutError

from connectors.causes import cause, unreachable


def raised(outer: BaseException, inner: BaseException) -> BaseException:
    outer.__cause__ = inner
    return outer


def unopened(inner: OSError) -> requests.ConnectionError:
    """As requests has it: urllib3's error as its argument, whose `reason` came of what the system said."""
    refused = raised(NewConnectionError(None, f"Failed to establish a new connection: {inner}"), inner)  # type: ignore[arg-type]  # no pool
    return requests.ConnectionError(MaxRetryError(None, "/token", refused))  # type: ignore[arg-type]  # no pool


def asked(url: str) -> requests.PreparedRequest:
    return requests.Request("POST", url).prepare()


@pytest.mark.parametrize(
    ("exc", "said"),
    [
        (unopened(ConnectionRefusedError(111, "Connection refused")), "the connection was refused"),
        (raised(TransportError("x" * 900), unopened(ConnectionRefusedError(111, "no"))), "the connection was refused"),
        (
            unopened(socket.gaierror(-3, "Temporary failure")),
            "its name can't be looked up: is this machine connected to the network?",
        ),
        (raised(httpx.ConnectError("[Errno 113] No route to host"), OSError(113, "No route to host")), "no route to host"),
        (requests.ReadTimeout(ReadTimeoutError(None, "/", "Read timed out.")), "no answer in time"),  # type: ignore[arg-type]  # no pool
        (httpx.ConnectTimeout(""), "no answer in time"),
        (raised(httpx.ReadError("x"), ConnectionResetError(104, "reset")), "connection reset by peer"),
        (ValueError("line one\n line two"), "ValueError: line one line two"),
        (ValueError(), "ValueError"),
    ],
)
def test_a_cause_is_said_in_words_that_people_can_act_on(exc: BaseException, said: str) -> None:
    assert cause(exc) == said


def test_a_certificate_is_said_with_what_is_wrong_with_it() -> None:
    inner = ssl.SSLCertVerificationError(1, "certificate verify failed")
    inner.verify_message = "self-signed certificate"
    assert cause(raised(httpx.ConnectError("…"), inner)).endswith("is not trusted: self-signed certificate")


def test_errors_that_came_of_each_other_have_an_end() -> None:
    one, other = ValueError("a"), ValueError("b")
    one.__context__, other.__context__ = other, one
    assert cause(one) == "ValueError: a"


@pytest.mark.parametrize(
    ("exc", "place"),
    [
        (
            httpx.ConnectError("x", request=httpx.Request("GET", "https://me:pw@api.notion.com/v1/pages/1234?token=t")),
            "api.notion.com:443",
        ),
        (httpx.ConnectError("x", request=httpx.Request("GET", "http://[::1]:8003/v1")), "[::1]:8003"),
        (
            raised(TransportError("x"), requests.ConnectionError(request=asked("https://oauth2.googleapis.com/token"))),
            "oauth2.googleapis.com:443",
        ),
    ],
)
def test_what_can_not_be_reached_is_told_by_host_and_port_alone(exc: BaseException, place: str) -> None:
    said = unreachable("It", exc)
    assert said.startswith(f"It can't be reached at {place} (")
    assert not any(secret in said for secret in ("pw", "1234", "token="))


@pytest.mark.parametrize("exc", [httpx.ConnectError("x"), requests.ConnectionError("x"), OSError(113, "no")])
def test_where_an_error_has_no_request_no_place_is_told(exc: BaseException) -> None:
    assert unreachable("It", exc).startswith("It can't be reached (")
