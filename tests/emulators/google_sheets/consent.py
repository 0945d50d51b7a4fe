"""Where people sign in: the page that a browser shows, the code that it is led back with, and what becomes of both.

The authorization code flow for installed apps (developers.google.com/identity/protocols/oauth2/native-app, read 2026-11-27):
loopback redirects only, PKCE with S256, a code used once within ten minutes. A refresh token comes with the first consent, and
with every one that `prompt=consent` asked for.
"""

from __future__ import annotations

from base64 import b64decode, urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256
from html import escape
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit

from tests.emulators.core.exchange import Answer, NotEmulated, Request
from tests.emulators.google_sheets.accounts import AUTH, Accounts, refused

if TYPE_CHECKING:
    from tests.emulators.google_sheets.service import GoogleSheets

PAGE = "/o/oauth2/v2/auth"
CODE_LIFETIME = timedelta(minutes=10)
KNOWN_SCOPES = frozenset(AUTH + name for name in ("spreadsheets", "spreadsheets.readonly", "drive", "drive.metadata.readonly"))
PAGE_HTML = """<!doctype html><title>Sign in</title><h1>{app} wants access to your Google Account</h1>
<form method="post" action="{page}/consent"><input type="hidden" name="ticket" value="{ticket}">
<p>{people}</p><p>{scopes}</p>
<button name="answer" value="allow">Continue</button> <button name="answer" value="deny">Cancel</button>
</form>"""


@dataclass(frozen=True)
class Asked:
    """What a page was opened for."""

    client: str
    back: str
    scopes: tuple[str, ...]
    state: str
    challenge: str
    offline: bool
    anew: bool


@dataclass(eq=False)
class Code:
    asked: Asked
    email: str
    scopes: frozenset[str]
    until: datetime


@dataclass
class Consent:
    """tickets: pages that are open.   codes: not used yet.   agreed: (client, account), who has consented before."""

    service: GoogleSheets
    tickets: dict[str, Asked] = field(default_factory=dict)
    codes: dict[str, Code] = field(default_factory=dict)
    agreed: set[tuple[str, str]] = field(default_factory=set)

    def __post_init__(self) -> None:
        on = self.service.routes.on
        on("GET", PAGE, "consent.page", self.page)
        on("POST", PAGE + "/consent", "consent.answer", self.answered)
        on("POST", "/revoke", "consent.revoke", self.revoke)

    @property
    def _accounts(self) -> Accounts:
        return self.service.accounts

    def page(self, request: Request) -> Answer:
        given = {name: request.first(name) or "" for name in dict(request.query)}
        if given.get("client_id") not in self._accounts.clients:
            return _blocked(401, "invalid_client", "The OAuth client was not found.")
        back = urlsplit(given.get("redirect_uri", ""))
        if back.scheme != "http" or back.hostname not in ("127.0.0.1", "localhost", "::1"):
            return _blocked(
                400, "redirect_uri_mismatch", "The redirect URI in the request did not match a registered redirect URI."
            )
        if given.get("response_type") != "code":
            return _blocked(400, "invalid_request", "Invalid response_type")
        scopes = tuple(given.get("scope", "").split())
        if not scopes or not KNOWN_SCOPES.issuperset(scopes):
            return _blocked(400, "invalid_scope", "Some requested scopes were invalid.")
        if given.get("code_challenge_method", "S256") != "S256":
            raise NotEmulated("a code_challenge_method other than S256")
        ticket = self._accounts.letters(20)
        self.tickets[ticket] = Asked(
            given["client_id"],
            given["redirect_uri"],
            scopes,
            given.get("state", ""),
            given.get("code_challenge", ""),
            given.get("access_type") == "offline",
            "consent" in given.get("prompt", "").split(),
        )
        people = [account.email for account in self._accounts.people.values() if not account.robot]
        radios = "<br>".join(
            f'<label><input type="radio" name="account" value="{escape(who)}">{escape(who)}</label>' for who in people
        )
        boxes = "<br>".join(f'<label><input type="checkbox" name="scope" value="{s}" checked>{s}</label>' for s in scopes)
        text = PAGE_HTML.format(app=escape(given["client_id"]), page=PAGE, ticket=ticket, people=radios, scopes=boxes)
        return Answer.html(200, text)

    def answered(self, request: Request) -> Answer:
        """The browser goes back, with a code or an error."""
        form = request.form
        asked = self.tickets.pop(form.get("ticket", ""), None)
        if asked is None:
            return _blocked(400, "invalid_request", "This page has expired.")
        if form.get("answer") != "allow":
            return _led_back(asked, {"error": "access_denied"})
        email, ticked = form.get("account", ""), set(_all(request, "scope"))
        code = "4/0" + self._accounts.letters(40)
        granted = [scope for scope in asked.scopes if scope in ticked]
        self.codes[code] = Code(asked, email, frozenset(granted), self.service.clock.now() + CODE_LIFETIME)
        return _led_back(asked, {"code": code, "scope": " ".join(granted)})

    def token(self, request: Request) -> Answer:
        """POST /token for a code."""
        form = request.form
        client, secret = _client(request, form)
        if self._accounts.clients.get(client) != secret or not secret:
            return refused("invalid_client", "The provided client secret is invalid.", 401)
        code = self.codes.pop(unquote(form.get("code", "")), None)
        if code is None or code.until <= self.service.clock.now() or code.asked.client != client:
            return refused("invalid_grant", "Malformed auth code.")
        if form.get("redirect_uri") != code.asked.back:
            return refused("redirect_uri_mismatch", "Bad Request")
        if code.asked.challenge:
            if "code_verifier" not in form:
                return refused("invalid_grant", "Missing code verifier.")
            if _challenge(form["code_verifier"]) != code.asked.challenge:
                return refused("invalid_grant", "Invalid code verifier.")
        return self._tokens(code)

    def _tokens(self, code: Code) -> Answer:
        account = self._accounts.account(code.email)
        first = (code.asked.client, code.email) not in self.agreed
        self.agreed.add((code.asked.client, code.email))
        more: dict[str, object] = {}
        if code.asked.offline and (first or code.asked.anew):
            testing = self.service.switches["publishing"] != "production"
            given = self._accounts.refresh_token(code.email, *code.scopes, testing=testing, client=code.asked.client)
            more["refresh_token"] = given["refresh_token"]
            if self.service.switches["publishing"] == "testing_told":
                more["refresh_token_expires_in"] = 604_799
        return self._accounts.granted(account, code.scopes, **more)

    def revoke(self, request: Request) -> Answer:
        """Of a refresh token: everything that came of the same consent."""
        text = request.form.get("token") or request.first("token") or ""
        grant = self._accounts.refresh_tokens.get(text) or self._accounts.tokens.get(text)
        if grant is None:
            return refused("invalid_token", "Token expired or revoked")
        self._accounts.revoke(grant.account.email)
        return Answer.of(200, {})


def _led_back(asked: Asked, said: Mapping[str, str]) -> Answer:
    return Answer(302, b"", {"Location": f"{asked.back}?{urlencode({'state': asked.state, **said})}"})


def _blocked(status: int, error: str, why: str) -> Answer:
    return Answer.html(
        status, f"<!doctype html><title>Error</title><h1>Access blocked</h1><p>Error {status}: {error}</p><p>{why}</p>"
    )


def _client(request: Request, form: Mapping[str, str]) -> tuple[str, str]:
    """By Basic authentication (RFC 6749, 2.3.1), else in the form."""
    kind, _, said = request.headers.get("authorization", "").partition(" ")
    if kind.lower() == "basic":
        name, _, secret = b64decode(said).decode().partition(":")
        return unquote(name), unquote(secret)
    return form.get("client_id", ""), form.get("client_secret", "")


def _challenge(verifier: str) -> str:
    """RFC 7636, 4.2."""
    return urlsafe_b64encode(sha256(verifier.encode()).digest()).decode().rstrip("=")


def _all(request: Request, name: str) -> list[str]:
    return [value for key, value in parse_qsl(request.body.decode()) if key == name]
