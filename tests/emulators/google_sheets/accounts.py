"""Who is who: people and service accounts, their tokens, what these may do, and the token endpoint that hands them out."""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from random import Random

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from tests.emulators.core.clock import Clock
from tests.emulators.core.exchange import Answer, Json, NoJson, NotEmulated, Request

AUTH = "https://www.googleapis.com/auth/"
SHEETS_READ = frozenset(AUTH + name for name in ("spreadsheets", "spreadsheets.readonly", "drive", "drive.readonly", "drive.file"))
SHEETS_WRITE = frozenset(AUTH + name for name in ("spreadsheets", "drive", "drive.file"))
DRIVE_WRITE = frozenset(AUTH + name for name in ("drive", "drive.file"))
DRIVE_READ = frozenset(
    AUTH + name for name in ("drive", "drive.file", "drive.readonly", "drive.metadata", "drive.metadata.readonly")
)
LIFETIME = timedelta(hours=1)
SKEW = timedelta(minutes=5)
TESTING_LIFETIME = timedelta(days=7)
"""Of a refresh token, while the app's consent screen is in status "Testing"."""
BEARER_GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


@dataclass(eq=False)
class Account:
    """robot: whether it is a service account."""

    email: str
    robot: bool
    quota_user: str


@dataclass(eq=False)
class Grant:
    """A token that is out.   until: None for one that never ends."""

    account: Account
    scopes: frozenset[str]
    until: datetime | None


@dataclass(eq=False)
class Key:
    """The key pair of a service account. It takes a moment to make, so it is made when it is wanted."""

    account: Account
    id: str
    revoked: bool = False

    @cached_property
    def private(self) -> rsa.RSAPrivateKey:
        return rsa.generate_private_key(public_exponent=65537, key_size=2048)

    @cached_property
    def private_pem(self) -> str:
        form = serialization.PrivateFormat.PKCS8
        return self.private.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()).decode()

    def verifies(self, signed: bytes, signature: bytes) -> bool:
        try:
            self.private.public_key().verify(signature, signed, padding.PKCS1v15(), hashes.SHA256())
        except InvalidSignature:
            return False
        return True


@dataclass
class Accounts:
    """Everyone, and every token."""

    clock: Clock
    random: Random
    people: dict[str, Account] = field(default_factory=dict)
    keys: dict[str, Key] = field(default_factory=dict)
    api_keys: set[str] = field(default_factory=set)
    tokens: dict[str, Grant] = field(default_factory=dict)
    refresh_tokens: dict[str, Grant] = field(default_factory=dict)
    clients: dict[str, str] = field(default_factory=lambda: {"1234-emulated.apps.googleusercontent.com": "GOCSPX-emulated"})

    def account(self, email: str, robot: bool = False) -> Account:
        """The one there is, or a new one."""
        return self.people.setdefault(email, Account(email, robot, email))

    def token(
        self, email: str, *scopes: str, lifetime: timedelta | None = None, robot: bool = False, text: str | None = None
    ) -> str:
        """A token, without asking for it.   scopes: none for `spreadsheets` and `drive`.   lifetime: None for ever."""
        until = None if lifetime is None else self.clock.now() + lifetime
        wanted = frozenset(scopes or (AUTH + "spreadsheets", AUTH + "drive"))
        text = text or "ya29." + self.letters(60)
        self.tokens[text] = Grant(self.account(email, robot), wanted, until)
        return text

    def oauth_client(self, base: str) -> Json:
        """The file that Google gives for an OAuth client of the type Desktop app.   base: where the emulator is."""
        client_id, secret = next(iter(self.clients.items()))
        said = {
            "client_id": client_id,
            "project_id": "emulated",
            "auth_uri": f"{base}/o/oauth2/v2/auth",
            "token_uri": f"{base}/token",
            "client_secret": secret,
            "redirect_uris": ["http://localhost"],
        }
        return {"installed": said}

    def refresh_token(self, email: str, *scopes: str, testing: bool = False, client: str | None = None) -> Json:
        """What `gspread.oauth` keeps in its file of an authorised user, but for `token_uri`."""
        until = self.clock.now() + TESTING_LIFETIME if testing else None
        text = "1//" + self.letters(40)
        self.refresh_tokens[text] = Grant(self.account(email), frozenset(scopes or (AUTH + "spreadsheets", AUTH + "drive")), until)
        client_id = client or next(iter(self.clients))
        secret = self.clients[client_id]
        return {"type": "authorized_user", "client_id": client_id, "client_secret": secret, "refresh_token": text}

    def service_account(self, email: str, base: str) -> dict[str, str]:
        """The file that Google gives for a service account's key.   base: where the emulator is."""
        account = self.account(email, robot=True)
        key = next((key for key in self.keys.values() if key.account is account and not key.revoked), None)
        if key is None:
            key = Key(account, f"{self.random.getrandbits(160):040x}")
            self.keys[key.id] = key
        return {
            "type": "service_account",
            "project_id": "emulated",
            "private_key_id": key.id,
            "private_key": key.private_pem,
            "client_email": email,
            "client_id": str(10**20 + self.random.randrange(10**20)),
            "token_uri": f"{base}/token",
            "universe_domain": "googleapis.com",
        }

    def revoke(self, email: str) -> None:
        """Every token and key of that account is worth nothing from now on."""
        for key in self.keys.values():
            key.revoked = key.revoked or key.account.email == email
        for kept in (self.tokens, self.refresh_tokens):
            for text in [text for text, grant in kept.items() if grant.account.email == email]:
                del kept[text]

    def api_key(self, text: str) -> Grant | None:
        """Nobody in particular, who may read what anyone may; None for a key that isn't one of `api_keys`."""
        return Grant(Account("", False, text), frozenset(SHEETS_READ | DRIVE_READ), None) if text in self.api_keys else None

    def grant(self, text: str | None) -> Grant | None:
        """What a token stands for; None for one that is unknown or has ended."""
        found = self.tokens.get(text or "")
        return found if found is not None and (found.until is None or self.clock.now() < found.until) else None

    def endpoint(self, request: Request) -> Answer:
        """POST /token, but for a code: `consent` has those."""
        form = request.form
        kind = form.get("grant_type", "")
        if kind == BEARER_GRANT:
            return self._for_key(form.get("assertion", ""))
        if kind == "refresh_token":
            return self._for_refresh_token(form)
        raise NotEmulated(f"the grant_type {kind}")

    def _for_refresh_token(self, form: Mapping[str, str]) -> Answer:
        if self.clients.get(form.get("client_id", "")) != form.get("client_secret"):
            return refused("invalid_client", "The OAuth client was not found.", 401)
        grant = self.refresh_tokens.get(form.get("refresh_token", ""))
        if grant is None or (grant.until is not None and grant.until <= self.clock.now()):
            return refused("invalid_grant", "Token has been expired or revoked.")
        return self.granted(grant.account, grant.scopes)

    def _for_key(self, assertion: str) -> Answer:
        try:
            head, claims, signature = assertion.split(".")
            header, said = json.loads(_bytes(head)), json.loads(_bytes(claims))
            key = self.keys.get(header.get("kid", ""))
            begun, ends = float(said["iat"]), float(said["exp"])
            scopes = frozenset(said.get("scope", "").split())
        except (ValueError, KeyError, NoJson):
            return refused("invalid_grant", "Invalid JWT: Failed to parse.")
        if said.get("iss") not in self.people:
            return refused("invalid_grant", "Invalid grant: account not found")
        if key is None or key.revoked or key.account.email != said["iss"]:
            return refused("invalid_grant", "Invalid JWT Signature.")
        if not key.verifies(f"{head}.{claims}".encode(), _bytes(signature)):
            return refused("invalid_grant", "Invalid JWT Signature.")
        now = self.clock.now().timestamp()
        if not (begun - SKEW.total_seconds() <= now < ends) or ends - begun > LIFETIME.total_seconds():
            return refused(
                "invalid_grant",
                "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe. "
                "Check your iat and exp values in the JWT claim.",
            )
        if not scopes:
            return refused("invalid_scope", "Invalid OAuth scope or ID token audience provided.")
        return self.granted(key.account, scopes)

    def granted(self, account: Account, scopes: frozenset[str], **more: Json) -> Answer:
        """A new access token, as the token endpoint answers with it."""
        token = self.token(account.email, *sorted(scopes), lifetime=LIFETIME, robot=account.robot)
        seconds = int(LIFETIME.total_seconds()) - 1
        return Answer.of(
            200,
            {"access_token": token, "expires_in": seconds, "scope": " ".join(sorted(scopes)), "token_type": "Bearer", **more},
        )

    def letters(self, count: int) -> str:
        """A random word, as tokens are made of."""
        return "".join(self.random.choices(LETTERS, k=count))


def refused(error: str, description: str, code: int = 400) -> Answer:
    """The token endpoint's no (RFC 6749, 5.2)."""
    return Answer.of(code, {"error": error, "error_description": description})


def _bytes(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))
