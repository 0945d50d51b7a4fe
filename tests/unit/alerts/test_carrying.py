"""Messages carried for real: to an SMTP server, and to an HTTP server, on this machine."""

from __future__ import annotations

import asyncio
import email
import socket
import sys
from collections.abc import Iterator
from datetime import timedelta
from email.message import Message as Mail
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from pydantic import SecretStr

from rowd.alerts import errand
from rowd.alerts.carrying import carry
from rowd.alerts.errand import MISSING, NO_ADDRESS, NO_SERVICE, Heard, pieces
from rowd.alerts.wording import Message
from tests.fakes.receiver import Receiver, receiving

HELLO = Message("rowd: backup FAILED", "ops/backup: FAILED\n  5 < 6 & so on")


def sent(address: str, message: Message | None = HELLO, within: timedelta = timedelta(seconds=60)) -> str:
    return asyncio.run(carry(SecretStr(address), message, within))


class Postbox:
    """Takes mails.   said: what it answers to them."""

    def __init__(self) -> None:
        self.mails: list[Mail] = []
        self.said = "250 OK"

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802 (aiosmtpd's)
        self.mails.append(email.message_from_bytes(envelope.content))
        return self.said


@pytest.fixture
def postbox() -> Iterator[tuple[Postbox, int]]:
    box = Postbox()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    controller = Controller(box, hostname="127.0.0.1", port=port)
    controller.start()
    yield box, port
    controller.stop()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as server:
        yield server


def test_a_mail_arrives_as_plain_text(postbox: tuple[Postbox, int]) -> None:
    box, port = postbox
    assert sent(f"mailto://127.0.0.1:{port}/?to=boss@example.org&from=rowd@example.org") == ""
    [mail] = box.mails
    assert mail["Subject"] == "rowd: backup FAILED"
    assert mail["To"] == "boss@example.org"
    assert mail.get_content_type() == "text/plain"
    assert mail.get_payload(decode=True).decode().split("\r\n")[:2] == HELLO.body.split("\n")


def test_a_mail_that_is_wanted_as_html_holds_no_markup_of_strangers(postbox: tuple[Postbox, int]) -> None:
    box, port = postbox
    assert sent(f"mailto://127.0.0.1:{port}/?to=a@example.org&from=b@example.org&format=html") == ""
    [mail] = box.mails
    html = next(part for part in mail.walk() if part.get_content_type() == "text/html").get_payload(decode=True).decode()
    assert "5&nbsp;&lt;&nbsp;6&nbsp;&amp;&nbsp;so" in html


def test_a_title_with_line_breaks_adds_no_header(postbox: tuple[Postbox, int]) -> None:
    box, port = postbox
    sent(f"mailto://127.0.0.1:{port}/?to=a@example.org&from=b@example.org", Message("hi\r\nBcc: x@example.org", "body"))
    assert [mail["Bcc"] for mail in box.mails] == [None] * len(box.mails)


def test_a_receiver_gets_it_as_json(receiver: Receiver) -> None:
    assert sent(f"json://127.0.0.1:{receiver.server_port}/hook") == ""
    [body] = receiver.bodies
    assert (body["title"], body["message"]) == (HELLO.title, HELLO.body)


def test_what_is_not_taken_is_told_without_anything_of_the_address(receiver: Receiver, postbox: tuple[Postbox, int]) -> None:
    receiver.status = 403
    why = sent(f"json://admin:se%21same@127.0.0.1:{receiver.server_port}/opensesame?key=grape")
    assert "403" in why
    box, port = postbox
    box.said = "550 go away"
    refused = sent(f"mailto://127.0.0.1:{port}/?to=secretboss@example.org&from=b@example.org")
    assert refused
    for part in ("se%21same", "se!same", "opensesame", "grape", "admin", "127.0.0.1", "secretboss"):
        assert part not in why + refused


def test_nobody_there_is_told(receiver: Receiver) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))  # nobody listens
        assert "onnection" in sent(f"json://127.0.0.1:{free.getsockname()[1]}/")


@pytest.mark.parametrize(
    ("address", "why"),
    [
        ("", NO_ADDRESS),
        ("nonsense", NO_ADDRESS),
        ("slack://no", NO_ADDRESS),
        ("jsonx://joe:sesame@bar", NO_SERVICE),
        ("file:///etc/passwd", NO_SERVICE),
    ],
)
def test_an_address_that_is_none_is_told_and_not_repeated(address: str, why: str) -> None:
    assert sent(address, None) == why


def test_an_address_is_looked_at_without_sending_anything(receiver: Receiver) -> None:
    assert sent(f"json://127.0.0.1:{receiver.server_port}/", None) == ""
    assert receiver.bodies == []


def test_what_hangs_is_ended() -> None:
    with socket.socket() as deaf:
        deaf.bind(("127.0.0.1", 0))
        deaf.listen()
        within = timedelta(seconds=0.5)
        assert "within 0.5s" in sent(f"json://127.0.0.1:{deaf.getsockname()[1]}/?rto=60", HELLO, within)


def test_without_apprise_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "apprise", None)
    assert errand.carry("json://x", None) == MISSING


def test_what_may_be_secret_of_an_address_are_its_values() -> None:
    found = pieces("mailtos://joe:p%40ss@mail.example.org:587/?to=boss@x.org&smtp=relay.x.org&mode=starttls&from=Joe+Doe")
    assert {"joe", "p%40ss", "p@ss", "mail.example.org", "relay.x.org", "Joe Doe", "boss"} <= found
    assert not {"to", "from", "smtp", "mode", "starttls", "587", "mailtos"} & found


def test_what_is_said_of_a_failure_is_short_and_on_one_line() -> None:
    import logging

    heard = Heard("json://sesame")
    heard.emit(logging.LogRecord("x", logging.WARNING, "", 0, "sesame\nis %s", ("x" * 1000,), None))
    assert heard.said("nothing").startswith("*** is xxx")
    assert len(heard.said("nothing")) == errand.LONGEST
    short = Heard("json://sesame")
    short.emit(logging.LogRecord("x", logging.WARNING, "", 0, "no s...e, and none at x://s...e@y/z, please...", (), None))
    assert short.said("nothing") == "no *** and none at *** please"
    assert Heard("json://x").said(NO_ADDRESS) == NO_ADDRESS
