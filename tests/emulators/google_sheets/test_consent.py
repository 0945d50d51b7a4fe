"""People sign in at the emulator: by its page, as a browser would, and by Google's own library from a token on."""

from __future__ import annotations

from base64 import b64encode, urlsafe_b64encode
from hashlib import sha256
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from tests.emulators.core.clock import SetClock
from tests.emulators.core.exchange import Answer, Request
from tests.emulators.core.server import Server
from tests.emulators.google_sheets import OWNER, GoogleSheets
from tests.emulators.google_sheets.accounts import AUTH
from tests.emulators.google_sheets.visitor import Visitor

BACK = "http://127.0.0.1:9/"
VERIFIER = "v" * 43
CHALLENGE = urlsafe_b64encode(sha256(VERIFIER.encode()).digest()).decode().rstrip("=")
CLIENT = "1234-emulated.apps.googleusercontent.com"
SCOPE = AUTH + "spreadsheets"


def page(server: Server, **said: str) -> str:
    usual = {
        "client_id": CLIENT,
        "redirect_uri": BACK,
        "response_type": "code",
        "scope": SCOPE,
        "state": "s",
        "access_type": "offline",
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
    }
    return f"{server.base}/o/oauth2/v2/auth?{urlencode({**usual, **said})}"


def code(server: Server, **said: str) -> str:
    found = parse_qs(urlsplit(Visitor(OWNER).led_to(page(server, **said))).query)
    assert (found["state"], found["scope"]) == (["s"], [SCOPE])
    return found["code"][0]


def exchanged(service: GoogleSheets, code: str, **said: str) -> Answer:
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": BACK, "code_verifier": VERIFIER, **said}
    basic = b64encode(f"{CLIENT}:GOCSPX-emulated".encode()).decode()
    body = urlencode({name: value for name, value in form.items() if value}).encode()
    return service.answer(Request("POST", "/token", (), {"authorization": f"Basic {basic}"}, body))


@pytest.fixture(autouse=True)
def people(service: GoogleSheets) -> None:
    service.accounts.account(OWNER)


def test_a_code_is_made_into_tokens_once(service: GoogleSheets, server: Server) -> None:
    given = code(server)
    found = exchanged(service, given).json
    assert (found["scope"], found["token_type"], found["expires_in"]) == (SCOPE, "Bearer", 3599)
    grant = service.accounts.grant(found["access_token"])
    assert grant is not None
    assert grant.account.email == OWNER
    assert found["refresh_token"] in service.accounts.refresh_tokens
    assert exchanged(service, given).json["error"] == "invalid_grant"


@pytest.mark.parametrize(
    ("said", "error"),
    [
        ({"code_verifier": "w" * 43}, "invalid_grant"),
        ({"code_verifier": ""}, "invalid_grant"),
        ({"redirect_uri": "http://127.0.0.1:10/"}, "redirect_uri_mismatch"),
    ],
)
def test_what_a_code_is_refused_for(service: GoogleSheets, server: Server, said: dict[str, str], error: str) -> None:
    refused = exchanged(service, code(server), **said)
    assert (refused.status, refused.json["error"]) == (400, error)


def test_a_code_that_is_too_old(service: GoogleSheets, server: Server, clock: SetClock) -> None:
    given = code(server)
    clock.advance(minutes=10)
    assert exchanged(service, given).json["error"] == "invalid_grant"


def test_a_refresh_token_comes_with_the_first_consent_and_where_one_is_asked_for(service: GoogleSheets, server: Server) -> None:
    def comes(**said: str) -> bool:
        return "refresh_token" in exchanged(service, code(server, **said)).json

    assert [comes(), comes(), comes(prompt="consent"), comes(access_type="online", prompt="consent")] == [True, False, True, False]


@pytest.mark.parametrize(
    ("said", "status", "shows"),
    [
        ({"client_id": "other"}, 401, "invalid_client"),
        ({"redirect_uri": "https://example.com/"}, 400, "redirect_uri_mismatch"),
        ({"scope": "everything"}, 400, "invalid_scope"),
        ({"response_type": "token"}, 400, "invalid_request"),
    ],
)
def test_pages_that_are_blocked(server: Server, said: dict[str, str], status: int, shows: str) -> None:
    shown = Visitor(OWNER).visits(page(server, **said))
    assert (shown.status_code, shows in shown.text) == (status, True)


def test_who_declines_and_who_leaves_a_box_out(server: Server) -> None:
    assert parse_qs(urlsplit(Visitor(OWNER).led_to(page(server), allow=False)).query) == {
        "state": ["s"],
        "error": ["access_denied"],
    }
    both = page(server, scope=f"{SCOPE} {AUTH}drive.metadata.readonly")
    assert parse_qs(urlsplit(Visitor(OWNER).led_to(both, untick=[SCOPE])).query)["scope"] == [AUTH + "drive.metadata.readonly"]


def test_what_was_taken_back(service: GoogleSheets, server: Server) -> None:
    found = exchanged(service, code(server)).json

    def revoke(text: str) -> int:
        return service.answer(Request("POST", "/revoke", body=urlencode({"token": text}).encode())).status

    assert [revoke(found["refresh_token"]), revoke(found["refresh_token"])] == [200, 400]
    assert service.accounts.grant(found["access_token"]) is None


def test_who_asks_as_drive_has_it(service: GoogleSheets) -> None:
    token = service.accounts.token(OWNER, AUTH + "drive.metadata.readonly")

    def about(query: str) -> Any:
        return service.answer(Request.of("GET", f"/drive/v3/about{query}", token=token)).json

    assert about("?fields=user(emailAddress)") == {"user": {"emailAddress": OWNER}}
    assert about("")["error"]["message"] == "The 'fields' parameter is required for this method."
