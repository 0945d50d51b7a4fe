"""How senders prove who they are: values that vendors have published, and each of them with something changed."""

from __future__ import annotations

import base64
import hashlib
import hmac
from datetime import UTC, datetime, timedelta

import pytest
from msgspec import Struct

from watches.api import Delivery, Reply
from watches.webhook.door import WebhookDoor
from watches.webhook.schemes import SCHEMES
from watches.webhook.settings import WebhookSettings


class Vector(Struct, frozen=True):
    """A delivery that the sender's own documentation, or client, signs so.   at: when it was sent, where that is signed."""

    scheme: str
    secret: str
    body: bytes
    headers: dict[str, str]
    at: int = 0

    def now(self, off: timedelta = timedelta(0)) -> datetime:
        return datetime.fromtimestamp(self.at, UTC) + off


# GitHub docs, "Validating webhook deliveries".
GITHUB = Vector(
    "github",
    "It's a Secret to Everybody",
    b"Hello, World!",
    {"x-hub-signature-256": "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"},
)
# Bitbucket Cloud docs, "Manage webhooks".
BITBUCKET = Vector(
    "bitbucket",
    "It's a Secret to Everybody",
    b"Hello World!",
    {"x-hub-signature": "sha256=a4771c39fbe90f317c7824e83ddef3caae9cb3d976c214ace1f2937e133263c9"},
)
# Slack docs, "Verifying requests from Slack".
SLACK = Vector(
    "slack",
    "8f742231b10e8888abcd99yyyzzz85a5",
    b"token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&channel_name=foobar"
    b"&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2Fhooks.slack.com"
    b"%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121"
    b".803a0bc887a14d10d2c447fce8b6703c",
    {
        "x-slack-request-timestamp": "1531420618",
        "x-slack-signature": "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503",
    },
    1531420618,
)
# The test vector that the reference libraries of Standard Webhooks share.
STANDARD = Vector(
    "standard",
    "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
    b'{"test": 2432232314}',
    {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    },
    1614265330,
)
# pyairtable, test_notification_from_request: Airtable publishes how, but no value.
AIRTABLE = Vector(
    "airtable",
    "c2VjcmV0LWtleQ==",
    b'{"base": {"id": "app00000000000000"}, "webhook": {"id": "ach00000000000000"}, "timestamp": "2022-02-01T21:25:05.663Z"}',
    {"x-airtable-content-mac": "hmac-sha256=e26da696a90933647bddc83995c3e1e3bb1c3d8ce1ff61cb7469767d50b2b2d4"},
)
# What the signers of both of Notion's clients make of it: Notion publishes how, but no value.
NOTION = Vector(
    "notion",
    "secret",
    b'{"verification_token":"abc"}',
    {"x-notion-signature": "sha256=54295aea5a95bcc043455c17a863f148c13feb27976d221ca3c25e1b4f0c335f"},
)
GITLAB = Vector("gitlab", "s3cret", b"{}", {"x-gitlab-token": "s3cret"})
TOKEN = Vector("token", "s3cret", b"{}", {"authorization": "Bearer s3cret"})
PUBLISHED = [GITHUB, BITBUCKET, SLACK, STANDARD, AIRTABLE, NOTION]
SIGNED_TIME = [SLACK, STANDARD]
ALL = [*PUBLISHED, GITLAB, TOKEN]
MINUTES = timedelta(minutes=1)


def name_of(vector: Vector) -> str:
    return vector.scheme


def verdict(
    vector: Vector,
    *,
    body: bytes | None = None,
    headers: dict[str, str] | None = None,
    secret: str | None = None,
    off: timedelta = 0 * MINUTES,
) -> Delivery | Reply:
    door = WebhookDoor(
        WebhookSettings.model_validate({"kind": "webhook", "scheme": vector.scheme, "secret": "S"}),
        {"S": secret or vector.secret}.__getitem__,
    )
    return door.judge(vector.headers if headers is None else headers, vector.body if body is None else body, vector.now(off))


def refused(answer: Delivery | Reply) -> bool:
    return isinstance(answer, Reply) and answer.status == 401 and bool(answer.why)


@pytest.mark.parametrize("vector", ALL, ids=name_of)
def test_what_the_sender_signed_is_let_in(vector: Vector) -> None:
    answer = verdict(vector)
    assert isinstance(answer, Delivery) or (vector is NOTION and answer == Reply(200, "known already"))


@pytest.mark.parametrize("vector", PUBLISHED, ids=name_of)
def test_one_byte_of_the_body_that_is_another_is_noticed(vector: Vector) -> None:
    for at in (0, len(vector.body) // 2, len(vector.body) - 1):
        changed = bytearray(vector.body)
        changed[at] ^= 1
        assert refused(verdict(vector, body=bytes(changed)))
    assert refused(verdict(vector, body=vector.body[:-1] + b"?"))
    assert refused(verdict(vector, body=vector.body + b" "))
    assert refused(verdict(vector, body=b""))


@pytest.mark.parametrize("vector", ALL, ids=name_of)
def test_a_proof_that_is_missing_or_cut_or_another_is_none(vector: Vector) -> None:
    for name, value in vector.headers.items():
        rest = {k: v for k, v in vector.headers.items() if k != name}
        other = value[:-2] + ("a" if value[-2] != "a" else "b") + value[-1]
        for wrong in (rest, {**rest, name: ""}, {**rest, name: value[:-1]}, {**rest, name: other}, {**rest, name: "é" + value}):
            assert refused(verdict(vector, headers=wrong)), wrong
    assert refused(verdict(vector, headers={}))


@pytest.mark.parametrize("vector", ALL, ids=name_of)
def test_another_secret_lets_nothing_in(vector: Vector) -> None:
    assert refused(verdict(vector, secret=base64.b64encode(b"another").decode()))


@pytest.mark.parametrize("vector", SIGNED_TIME, ids=name_of)
def test_what_was_signed_too_long_ago_or_ahead_of_time_is_refused(vector: Vector) -> None:
    assert isinstance(verdict(vector, off=5 * MINUTES), Delivery)
    assert isinstance(verdict(vector, off=-5 * MINUTES), Delivery)
    assert refused(verdict(vector, off=5 * MINUTES + timedelta(seconds=1)))
    assert refused(verdict(vector, off=-5 * MINUTES - timedelta(seconds=1)))


@pytest.mark.parametrize("at", ["", "soon", "-1", "1e9", "٣", "9" * 400])
def test_a_signed_time_that_is_none_is_refused(at: str) -> None:
    for kept in ("replace", "ignore"):
        sent = at.encode("latin-1", kept)
        signature = "v0=" + hmac.new(SLACK.secret.encode(), b"v0:" + sent + b":" + b"{}", hashlib.sha256).hexdigest()
        assert refused(verdict(SLACK, body=b"{}", headers={"x-slack-request-timestamp": at, "x-slack-signature": signature}))


def test_of_several_signatures_one_has_to_fit() -> None:
    signature = STANDARD.headers["webhook-signature"]
    for several in (f"v1,AAAA {signature}", f"{signature} v1a,AAAA"):
        assert isinstance(verdict(STANDARD, headers={**STANDARD.headers, "webhook-signature": several}), Delivery)
    for wrong in ("v1,AAAA v1,BBBB", signature.replace("v1,", "v2,"), f"{signature},{signature}"):
        assert refused(verdict(STANDARD, headers={**STANDARD.headers, "webhook-signature": wrong}))


def test_a_bearer_is_told_by_its_whole_token() -> None:
    assert isinstance(verdict(TOKEN, headers={"authorization": "bearer s3cret"}), Delivery)
    for wrong in ("s3cret", "Basic s3cret", "Bearer s3cret, Bearer s3cret", "Bearer S3CRET", "Bearer"):
        assert refused(verdict(TOKEN, headers={"authorization": wrong}))


@pytest.mark.parametrize("scheme", ["standard", "airtable"])
@pytest.mark.parametrize("secret", ["whsec_", "not base64!", "c2VjcmV0LWtleQ"])
def test_a_secret_that_can_not_be_right_is_refused_without_being_told(scheme: str, secret: str) -> None:
    settings = WebhookSettings.model_validate({"kind": "webhook", "scheme": scheme, "secret": "HOOK"})
    with pytest.raises(ValueError, match=r"^the value of HOOK is no base64, as the sender gives it\Z"):
        WebhookDoor(settings, lambda _: secret)


def test_every_scheme_is_held_against_a_value() -> None:
    assert {vector.scheme for vector in ALL} | {"none"} == set(SCHEMES)
