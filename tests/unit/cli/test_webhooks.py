"""What commands say of webhooks and of the listener; what of rowd.toml is refused."""

from __future__ import annotations

import os
import socket
from datetime import UTC, datetime
from pathlib import Path

import pytest

from actions.api import Process
from config.load import load
from config.mistakes import ConfigError
from rowd.note import Note, leave
from rowd.wiring import configure
from tests.unit.cli.desk import Desk

ROW = "1,deploy,webhook,,work,active,,,,"
LISTEN = '[listen]\nport = 8787\n[watch.forge]\nkind = "webhook"\nscheme = "none"\n'


def noted(desk: Desk, **said: str) -> None:
    """This process passes for the daemon, and has said where it listens.   said: fields of its note."""
    desk.daemon_reads()
    desk.daemon_runs()
    process = Process(os.getpid(), int(Path("/proc/self/stat").read_text().rpartition(")")[2].split()[19]))
    config = load(desk.folder / "rowd.toml", {}, desk.folder)
    leave(desk.folder / ".rowd", Note(process, config.version, datetime.now(UTC), ("ops",), **said))


def test_a_listener_that_listens_is_told_and_all_is_fine(tmp_path: Path) -> None:
    desk = Desk(tmp_path, ROW, more=LISTEN)
    noted(desk, listens="127.0.0.1:8787")
    told = desk.json("status")
    assert (told["listener"], told["fine"]) == ({"address": "127.0.0.1:8787", "trouble": None}, True)
    assert "Listener on 127.0.0.1:8787" in desk.said("status")
    assert "✓ listener: the daemon listens on 127.0.0.1:8787" in desk.said("doctor")


@pytest.mark.parametrize(("deaf", "said"), [("can't listen on 127.0.0.1:8787 (x)", "can't listen"), ("", "it doesn't listen yet")])
def test_a_listener_that_does_not_is_told_and_nothing_is_fine(tmp_path: Path, deaf: str, said: str) -> None:
    desk = Desk(tmp_path, ROW, more=LISTEN)
    noted(desk, deaf=deaf)
    told = desk.json("status", code=1)
    assert said in told["listener"]["trouble"]
    assert f"Listener {said}" in desk.said("status", code=1)
    assert f"✗ listener: {deaf or 'the daemon does'}" in desk.said("doctor", code=1)


def test_without_a_listener_nothing_is_said_of_one(tmp_path: Path) -> None:
    desk = Desk(tmp_path, "1,a,,daily 03:00,work,active,,,,")
    noted(desk)
    assert desk.json("status")["listener"] is None
    assert "Listener" not in desk.said("status")
    assert "listener:" not in desk.said("doctor")


def test_without_a_daemon_doctor_tries_the_port(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        desk = Desk(tmp_path, ROW, more=LISTEN.replace("8787", str(port)))
        assert f"✗ listener: nobody can listen on 127.0.0.1:{port} (Address already in use)" in desk.said("doctor", code=1)
    assert f"✓ listener: 127.0.0.1:{port} is free" in desk.said("doctor")


def test_a_row_of_the_type_webhook_needs_one(tmp_path: Path) -> None:
    assert "1 task" in Desk(tmp_path, ROW, more=LISTEN).said("check")
    assert "Watch is blank" in Desk(tmp_path, ROW).said("check", code=1)


@pytest.mark.parametrize(
    ("more", "says"),
    [
        (
            '[watch.a]\nkind = "webhook"\nscheme = "none"\n',
            "watch.a: waits for deliveries, and rowd listens for none; add [listen]",
        ),
        ('[listen]\naddress = "0.0.0.0"\n[watch.a]\nkind = "webhook"\nscheme = "none"\n', "watch.a.scheme: lets everybody in, and"),
        ('[listen]\naddress = "::"\n[watch.a]\nkind = "webhook"\nscheme = "none"\n', "watch.a.scheme: lets everybody in, and"),
        (
            '[listen]\n[watch.a]\nkind = "webhook"\nscheme = "github"\nsecret = "NONE"\n',
            "watch.a.secret: NONE has no value; put NONE=…",
        ),
        ('[listen]\n[watch.a]\nkind = "webhook"\nscheme = "airtable"\nsecret = "BAD"\n', "the value of BAD is no base64"),
        ('[listen]\naddress = "localhost"\n', '"localhost" is no address of a machine; write one in numbers'),
        ("[listen]\nport = 0\n", "listen.port"),
        ('[listen]\n[watch.a]\nkind = "webhook"\nscheme = "token"\nsecret = "sk-live-0123456789"\n', "is no name of a secret"),
    ],
)
def test_what_would_let_nobody_or_everybody_in_is_refused(tmp_path: Path, more: str, says: str) -> None:
    desk = Desk(tmp_path, ROW, more=more)
    with pytest.raises(ConfigError) as caught:
        configure(load(desk.folder / "rowd.toml", {"BAD": "no base64!"}, tmp_path))
    assert says in str(caught.value)
    assert "no base64!" not in str(caught.value)
    assert "0123456789" not in str(caught.value)


def test_notion_may_wait_for_its_secret_and_schemes_with_proof_may_be_reached(tmp_path: Path) -> None:
    more = '[listen]\naddress = "0.0.0.0"\n[watch.n]\nkind = "webhook"\nscheme = "notion"\nsecret = "N"\n'
    more += '[watch.g]\nkind = "webhook"\nscheme = "github"\nsecret = "G"\n'
    desk = Desk(tmp_path, "1,deploy,webhook,,work,active,,,,", more=more)
    assert set(configure(load(desk.folder / "rowd.toml", {"G": "x"}, tmp_path)).parts.sources) == {"n", "g"}


def test_what_a_source_is_changed_to_forgets_no_delivery(tmp_path: Path) -> None:
    def mark(more: str) -> str:
        desk = Desk(tmp_path, ROW, more='[listen]\n[watch.a]\nkind = "webhook"\n' + more)
        return configure(load(desk.folder / "rowd.toml", {"S": "x"}, tmp_path)).parts.sources["a"].definition

    assert mark('scheme = "none"\n') == mark('scheme = "github"\nsecret = "S"\nonly = ["push"]\nrate = "5/s"\n')
