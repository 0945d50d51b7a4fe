"""A person signs in: the authorization code flow for installed apps, with PKCE and state, by Google's own library.

developers.google.com/identity/protocols/oauth2/native-app, read 2026-11-27. oauthlib takes plain http nowhere, not even on this
machine; there, it is shown https, and what goes out goes as the address really says.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from hmac import compare_digest
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

from connectors.errors import NeedsOwner, TryLater
from connectors.google_sheets.client import Client
from connectors.google_sheets.credentials import DRIVE, Credentials
from connectors.google_sheets.kept import SignIn
from connectors.showing import said
from connectors.signing_in import SignedIn, SigningIn
from connectors.whole import Watch

if TYPE_CHECKING:
    import requests

_ABOUT = "/drive/v3/about"
_GOOGLE = "https://www.googleapis.com"
_MOST_SAID = 200
_MOST = 1024 * 1024
"""Bytes of an answer."""


def begun(credentials: Credentials, back: str) -> SigningIn:
    """As `Authorizable.sign_in` has it."""
    if not credentials.login:
        raise NeedsOwner(
            f"{credentials.label} is opened by a service account (credentials in rowd.toml), so nobody signs in. To use a person's"
            " account, name an OAuth client with oauth_client instead."
        )
    client = credentials.client()
    credentials.store.ready()
    watch = Watch(credentials.settings.read_timeout, "read_timeout", _MOST)
    flow = _flow(client, _wanted(credentials, client), back, watch)
    # "consent": Google gives a refresh token only to who is asked anew
    address, state = flow.authorization_url(access_type="offline", prompt="consent")
    return SigningIn(
        address=client.login + address.removeprefix(_shown(client.login)),
        ours=lambda query: compare_digest(_one(query, "state").encode(), str(state).encode()),
        finish=lambda query: _finished(credentials, client, flow, back, query, watch),
    )


def _wanted(credentials: Credentials, client: Client) -> list[str]:
    """What this table needs, and what the sign-in that is replaced was good for: other tables may use it, too."""
    try:
        before = credentials.store.read()
    except NeedsOwner:
        return credentials.scopes
    return sorted({*credentials.scopes, *(before.scopes if before.client == client.id else ())})


def _flow(client: Client, scopes: list[str], back: str, watch: Watch) -> Any:
    from google_auth_oauthlib.flow import InstalledAppFlow  # type: ignore[import-untyped]  # it has no types

    from connectors.over_requests import watched

    said = {
        "client_id": client.id,
        "client_secret": client.secret,
        "auth_uri": _shown(client.login),
        "token_uri": _shown(client.tokens),
    }
    make: Any = InstalledAppFlow.from_client_config
    flow = make({"installed": said}, scopes, redirect_uri=back, autogenerate_code_verifier=True)
    watched(flow.oauth2session, watch)
    if client.tokens != _shown(client.tokens):
        flow.oauth2session.mount(_shown(client.tokens), _on_this_machine(watch))
        flow.oauth2session.trust_env = False  # no proxy has business there
    flow.oauth2session.register_compliance_hook("access_token_response", _passing)
    return flow


def _finished(credentials: Credentials, client: Client, flow: Any, back: str, query: str, watch: Watch) -> SignedIn:
    if error := _one(query, "error"):
        raise NeedsOwner(f"{credentials.label}: {_declined(error, _one(query, 'error_description'))} Repeat `{credentials.login}`.")
    token = _token(credentials, flow, f"{_shown(back)}?{query}", watch)
    granted = frozenset(_words(token.get("scope")))
    if lacking := frozenset(credentials.scopes) - granted:
        raise NeedsOwner(
            f"{credentials.label}: the sign-in lacks {', '.join(sorted(lacking))}. Tick every box on Google's page: repeat"
            f" `{credentials.login}`."
        )
    if not (refresh := str(token.get("refresh_token") or "")):
        raise NeedsOwner(
            f"{credentials.label}: Google gave access for an hour only. Take rowd's access back at"
            f" https://myaccount.google.com/connections, then repeat `{credentials.login}`."
        )
    account = _account(credentials, flow, str(token.get("access_token")), watch) if DRIVE in granted else ""
    credentials.store.keep(SignIn(client.id, refresh, granted, account))
    return SignedIn(account, str(credentials.store.path), _lasts(token))


def _token(credentials: Credentials, flow: Any, brought: str, watch: Watch) -> Mapping[str, Any]:
    """The code made into tokens: one request. Raises TryLater, NeedsOwner."""
    import requests
    from oauthlib.oauth2 import OAuth2Error  # type: ignore[import-untyped]  # it has no types

    seconds = credentials.settings.read_timeout.total_seconds()
    try:
        with watch.within("the sign-in", writing=False):
            found: Mapping[str, Any] = flow.fetch_token(authorization_response=brought, timeout=seconds)
    except Warning as changed:  # so oauthlib says that other scopes were granted than were asked for
        found = getattr(changed, "token", {})
    except OAuth2Error as exc:
        what = said(f"{exc.error}: {exc.description or ''}".rstrip(": "), _MOST_SAID)
        raise NeedsOwner(
            f"{credentials.label}: Google refuses the sign-in ({what}). {_remedy(str(exc.error), credentials)}"
        ) from exc
    except (requests.RequestException, ValueError, TryLater) as exc:
        why = said(str(exc), _MOST_SAID) if isinstance(exc, TryLater) else type(exc).__name__  # others may hold what was sent
        raise TryLater(
            f"{credentials.label}: Google's token service can't be reached, or failed ({why}). Repeat `{credentials.login}`."
        ) from None
    return found


def _account(credentials: Credentials, flow: Any, token: str, watch: Watch) -> str:
    """Whose account it is, as Drive has it; "" where it doesn't say: then messages don't either. One request."""
    import requests

    from connectors.over_requests import watched

    base = credentials.settings.endpoint or _GOOGLE
    timeouts = (credentials.settings.connect_timeout.total_seconds(), credentials.settings.read_timeout.total_seconds())
    with requests.Session() as session:
        session.trust_env = flow.oauth2session.trust_env
        watched(session, watch)
        headers = {"Authorization": f"Bearer {token}"}
        try:
            with watch.within("the sign-in", writing=False):
                params = {"fields": "user(emailAddress)"}
                answer = session.get(f"{base}{_ABOUT}", params=params, headers=headers, timeout=timeouts)
            return said(str(answer.json()["user"]["emailAddress"])) if answer.ok else ""
        except (requests.RequestException, TryLater, ValueError, KeyError, TypeError):
            return ""


def _declined(error: str, description: str) -> str:
    match error:
        case "access_denied":
            return "access was declined on Google's page, or the account is none of the OAuth app's test users."
        case "admin_policy_enforced" | "org_internal":
            return "the account's organisation doesn't let it use this OAuth client."
        case _:
            return f"Google declined ({said(f'{error} {description}'.strip(), _MOST_SAID)})."


def _remedy(error: str, credentials: Credentials) -> str:
    if error in ("invalid_client", "deleted_client", "unauthorized_client"):
        return "The OAuth client was deleted, or has another secret now: download its JSON anew from the Google Cloud console."
    return f"Repeat `{credentials.login}`, and take no longer than some minutes."


def _lasts(token: Mapping[str, Any]) -> timedelta | None:
    """Google says it of a refresh token that ends by itself."""
    seconds = token.get("refresh_token_expires_in")
    return timedelta(seconds=seconds) if isinstance(seconds, int) and 0 < seconds < 10**9 else None


def _words(scope: object) -> list[str]:
    return scope.split() if isinstance(scope, str) else [str(one) for one in scope] if isinstance(scope, list | tuple) else []


def _one(query: str, name: str) -> str:
    return parse_qs(query, keep_blank_values=True).get(name, [""])[0]


def _shown(address: str) -> str:
    """As oauthlib is told it."""
    parts = urlsplit(address)
    return parts._replace(scheme="https").geturl() if parts.scheme == "http" else address


def _passing(answer: requests.Response) -> requests.Response:
    """oauthlib takes any answer for one of Google's own."""
    if answer.status_code == 429 or answer.status_code >= 500:
        raise TryLater(f"it answered {answer.status_code}")
    return answer


def _on_this_machine(watch: Watch) -> Any:
    """What carries a request that oauthlib believes to be https over plain http: to this machine, as the address really says."""
    from connectors.over_requests import Watched

    class Plain(Watched):
        def send(self, request: requests.PreparedRequest, *rest: Any, **more: Any) -> requests.Response:
            assert request.url is not None  # noqa: S101 (of a request that was prepared)
            request.url = request.url.replace("https:", "http:", 1)
            return super().send(request, *rest, **more)

    return Plain(watch)
