"""`rowd channel`, and what `rowd check` says of channels."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from pathlib import Path
from socket import socket

import pytest

from config.matters import Matter
from engine.events import ConfigDoubted, Event
from engine.ledger import ChannelMark, Notice, Problem
from engine.loop import Daemon
from rowd.alerts import channels
from rowd.cli.site import site_at
from rowd.service import serve
from tests.fakes.receiver import Receiver, receiving
from tests.unit.cli.desk import Desk

NOW = datetime.now(UTC)
MORE = """
[channel.mail]
secret = "ADDRESS"
[channel.boss]
secret = "ADDRESS"
tables = ["ops"]
about = ["deadline", "recovered"]
named_only = true
"""


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as server:
        yield server


def desk(folder: Path, address: str, more: str = MORE) -> Desk:
    (folder / ".env").write_text(f"ADDRESS={address}\n")
    (folder / ".env").chmod(0o600)
    return Desk(folder, "1,deploy,manual,,work,active,,,,", more=more)


def test_a_test_message_is_sent_and_told(tmp_path: Path, receiver: Receiver) -> None:
    one = desk(tmp_path, f"json://127.0.0.1:{receiver.server_port}/sesame")
    assert one.said("channel", "test", "mail") == "mail: the message was taken; look whether it has come"
    [body] = receiver.bodies
    assert body["title"] == "rowd: test of mail"
    receiver.status = 500
    said = one.json("channel", "test", "mail", code=1)
    assert (said["channel"], said["sent"]) == ("mail", False)
    assert "500" in said["why"]
    assert "sesame" not in said["why"]
    assert one.said("channel", "test", "mial", code=2).endswith('did you mean "mail"?')


def test_check_looks_at_addresses_and_sends_nothing(tmp_path: Path, receiver: Receiver) -> None:
    one = desk(tmp_path, f"json://127.0.0.1:{receiver.server_port}/")
    assert one.json("check")["findings"] == []
    assert receiver.bodies == []
    for address, wrong in (
        ("jsonx://joe:sesame99@x", "Apprise knows no service by what stands before :// in its address"),
        ("json://", "its address is none that Apprise understands"),
    ):
        (tmp_path / ".env").write_text(f"ADDRESS={address}\n")
        assert f"✗ channels: channel.mail: {wrong}" in one.said("doctor", code=1)
        said = one.said("check", code=1)
        assert wrong in said
        assert "sesame" not in said


def test_nobody_who_listens_is_told_with_what_to_look_at(tmp_path: Path) -> None:
    with socket() as unheard:
        unheard.bind(("127.0.0.1", 0))
        one = desk(tmp_path, f"json://joe:sesame99@127.0.0.1:{unheard.getsockname()[1]}/")
        said = one.said("channel", "test", "mail", code=1)
    assert "nothing was sent: A Connection error occurred sending JSON notification" in said
    assert "(Connection refused); look at its address, and whether the service runs" in said
    assert "sesame" not in said


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ('[channel.mail]\nsecret = "NONE"', "channel.mail.secret: NONE has no value; put NONE=… into .env"),
        (
            '[channel.mail]\nsecret = "json://sesame"',
            "channel.mail.secret: is no name of a secret; put the secret into .env as OPS_MAIL=…",
        ),
        (
            '[channel.mail]\nsecret = "ADDRESS"\ntables = ["opps"]',
            'channel.mail.tables: there is no table "opps"; did you mean "ops"?',
        ),
        ('[channel.mail]\nsecret = "ADDRESS"\nabout = ["fialed"]', "channel.mail.about"),
        ('[channel.mail]\nsecret = "ADDRESS"\nabout = []', "channel.mail.about"),
        (
            '[channel.mail]\nsecret = "ADDRESS"\nquiet_from = "22:00"',
            "has only one of quiet_from and quiet_to; write both, or neither",
        ),
        ('[channel.mail]\nsecret = "ADDRESS"\nquiet_from = "22:00"\nquiet_to = "22:00"', "never end; write another quiet_to"),
        ('[channel.mail]\nsecret = "ADDRESS"\nmax_per_hour = 0', "must be at least 1"),
        ('[channel.none]\nsecret = "ADDRESS"', "channel.none: rows write none under Notify for nobody; give it another name"),
        ('[channel.Mail]\nsecret = "ADDRESS"', "can't be a name"),
        ('[channel.mail]\nsecret = "ADDRESS"\nurl = "x"', "channel.mail.url: there is no such setting"),
    ],
)
def test_what_is_wrong_with_a_channel_is_told_without_its_address(tmp_path: Path, more: str, said: str) -> None:
    found = desk(tmp_path, "json://sesame", more).said("check", code=4)
    assert said in found
    assert "sesame" not in found


def test_a_row_may_name_only_channels_that_tell_of_its_table(tmp_path: Path) -> None:
    one = desk(tmp_path, "json://127.0.0.1:9/", MORE + '[tables.more]\nconnector = "local"\npath = "more.csv"\n')
    header = "ID,Name,Type,Action,Notify"
    for table in ("ops", "more"):
        one.table(table, "1,a,manual,work,boss", header=header)
    [wrong] = one.json("check", code=1)["findings"]
    assert (wrong["table"], wrong["column"]) == ("more", "Notify")
    assert "there are mail, or write none for nobody" in wrong["message"]


def test_how_channels_stand_is_listed_with_what_stands(tmp_path: Path) -> None:
    assert "defines no channel" in desk(tmp_path, "json://x", "").said("channel", "list")
    one = desk(tmp_path, "json://127.0.0.1:9/")
    assert one.json("channel", "list")["problems"] == []  # before any daemon
    problem = Problem("ops", "1", Matter.FAILED, "deploy", NOW, "exit 3", ("mail",))
    with one.ledger() as ledger:
        ledger.begin_problems([problem])
        ledger.put_notices([Notice(0, "mail", NOW, problem)])
        ledger.mark_channel(ChannelMark("mail", (NOW,), "nobody there", NOW))
    said = one.json("channel", "list")
    mail, boss = said["channels"]
    assert (mail["waiting"], mail["trouble"], mail["sent_within_hour"]) == (1, "nobody there", 1)
    assert (boss["about"], boss["tables"], boss["named_only"], boss["trouble"]) == (["deadline", "recovered"], ["ops"], True, "")
    assert [(p["task"], p["problem"], p["why"], p["channels"]) for p in said["problems"]] == [
        ("deploy", "failed", "exit 3", ["mail"])
    ]
    text = one.said("channel", "list")
    assert "can't be reached: nobody there; 1 notice to tell" in text
    assert "ops/deploy FAILED" in text


@pytest.mark.parametrize(("more", "there"), [(MORE, False), ("", False), (MORE, True)])
def test_the_daemon_tells_at_its_start_that_nothing_carries_messages(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, more: str, there: bool
) -> None:
    desk(tmp_path, "json://127.0.0.1:1/sesame", more)
    site, events = site_at(tmp_path / "rowd.toml"), list[Event]()
    if not there:
        monkeypatch.setattr(channels, "find_spec", lambda _: None)

    async def ends(_: Daemon) -> AsyncIterator[None]:
        for nothing in ():
            yield nothing

    asyncio.run(serve(site, events.append, lambda: site, ends))
    gc.enable()  # which is the daemon's own affair while it runs
    told = [event.message for event in events if isinstance(event, ConfigDoubted)]
    expected = [
        "nobody is told of problems: messages are carried by apprise, which isn't installed; run: pip install 'rowd[alerts]'"
    ]
    assert told == (expected if more and not there else [])
