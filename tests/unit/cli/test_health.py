"""What commands say of the listener that tells how the daemon is; what of rowd.toml is refused."""

from __future__ import annotations

import socket
from ipaddress import ip_network
from pathlib import Path

import pytest

from config.load import load
from config.mistakes import ConfigError
from config.outside import Health, Listen
from rowd.wiring import configure
from tests.unit.cli.desk import Desk
from tests.unit.cli.test_webhooks import noted

ROW = "1,a,,daily 03:00,work,active,,,,"
HEALTH = "[health]\nport = 9127\n"


def test_one_that_listens_is_told_and_all_is_fine(tmp_path: Path) -> None:
    desk = Desk(tmp_path, ROW, more=HEALTH)
    noted(desk, shows="127.0.0.1:9127")
    told = desk.json("status")
    assert (told["health"], told["listener"], told["fine"]) == ({"address": "127.0.0.1:9127", "trouble": None}, None, True)
    assert told["ledger_bytes"] == sum(file.stat().st_size for file in (tmp_path / ".rowd").glob("ledger.sqlite*")) > 10_000
    assert "Health on 127.0.0.1:9127" in desk.said("status")
    assert "✓ health: the daemon listens on 127.0.0.1:9127" in desk.said("doctor")
    assert "nothing found" in desk.said("check")


@pytest.mark.parametrize(("why", "said"), [("can't listen on 127.0.0.1:9127 (x)", "can't listen"), ("", "it doesn't listen yet")])
def test_one_that_does_not_is_told_and_nothing_is_fine(tmp_path: Path, why: str, said: str) -> None:
    desk = Desk(tmp_path, ROW, more=HEALTH)
    noted(desk, unshown=why)
    told = desk.json("status", code=1)
    assert said in told["health"]["trouble"]
    assert f"Health {said}" in desk.said("status", code=1)
    assert f"✗ health: {why or 'the daemon does'}" in desk.said("doctor", code=1)


def test_without_one_nothing_is_said_of_it(tmp_path: Path) -> None:
    desk = Desk(tmp_path, ROW)
    noted(desk)
    assert desk.json("status")["health"] is None
    assert "health:" not in desk.said("doctor")


def test_without_a_daemon_doctor_and_check_try_the_port(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        desk = Desk(tmp_path, ROW, more=HEALTH.replace("9127", str(port)))
        said = f"nobody can listen on 127.0.0.1:{port} (Address already in use); name another under [health]"
        assert f"✗ health: {said}" in desk.said("doctor", code=1)
        [finding] = desk.json("check")["findings"]
        assert (finding["level"], finding["kind"], finding["name"], finding["message"]) == ("warning", "health", "health", said)
    assert f"✓ health: 127.0.0.1:{port} is free" in desk.said("doctor")
    assert desk.json("check")["findings"] == []


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ('[health]\naddress = "0.0.0.0"\n', "health: other machines can reach 0.0.0.0, and nothing says which of them may ask"),
        ('[health]\naddress = "::"\n', "health: other machines can reach ::, and nothing says"),
        ('[health]\naddress = "10.0.0.5"\nhosts = ["rowd"]\n', "health: other machines can reach 10.0.0.5"),
        ('[health]\naddress = "localhost"\n', '"localhost" is no address of a machine; write one in numbers'),
        ("[health]\nport = 0\n", "health.port"),
        ('[health]\nallow = ["prometheus"]\n', '"prometheus" is no network; write an address, or a network, like'),
        ("[health]\nallow = [7]\n", '"7" is no network'),
        ('[health]\nhosts = ["http://rowd"]\n', '"http://rowd" is no name of a machine; write one such as'),
        ('[health]\nhosts = ["rowd:9127"]\n', '"rowd:9127" is no name of a machine'),
        ('[health]\nhosts = "rowd"\n', "health.hosts"),
        ('[health]\nlisten = "127.0.0.1:9127"\n', "health.listen"),
        ("[listen]\nport = 9127\n[health]\n", "health.port: is where deliveries of webhooks are listened for, too"),
        (
            '[listen]\naddress = "0.0.0.0"\nport = 9127\n[health]\n',
            "health.port: is where deliveries of webhooks are listened for, too",
        ),
        ('[listen]\naddress = "::1"\nport = 1\n[health]\naddress = "::"\nallow = ["::/0"]\nport = 1\n', "health.port: is where"),
    ],
)
def test_what_would_show_more_than_was_said_is_refused(tmp_path: Path, more: str, says: str) -> None:
    desk = Desk(tmp_path, ROW, more=more)
    with pytest.raises(ConfigError) as caught:
        configure(load(desk.folder / "rowd.toml", {}, tmp_path))
    assert says in str(caught.value)
    assert len(caught.value.mistakes) == 1


def test_two_listeners_may_have_one_port_at_two_addresses(tmp_path: Path) -> None:
    more = '[listen]\naddress = "127.0.0.2"\nport = 9127\n[health]\n'
    assert configure(load(Desk(tmp_path, ROW, more=more).folder / "rowd.toml", {}, tmp_path)).config.settings.health == Health()
    assert not Listen(address="::", port=1).meets(Listen(address="0.0.0.0", port=1))  # noqa: S104 (nothing listens)


def test_this_machine_may_always_ask_and_others_where_they_are_named() -> None:
    health = Health.model_validate({"address": "::", "allow": ["10.1.2.3/16", "192.0.2.7", "fd00::/8"]})
    assert health.allow == (ip_network("10.1.0.0/16"), ip_network("192.0.2.7/32"), ip_network("fd00::/8"))
    for address in ("127.0.0.1", "127.8.8.8", "::1", "10.1.255.1", "192.0.2.7", "fd12::1"):
        assert health.lets_in(address), address
    for address in ("10.2.0.1", "192.0.2.8", "fe80::1%eth0", "2001:db8::1", "8.8.8.8"):
        assert not health.lets_in(address), address
    assert Listen().lets_in("8.8.8.8")
    assert Health().lets_in("127.0.0.1")
    assert not Health().lets_in("10.1.0.1")


SECRET = "5bf66975-d4c7-4bf5-bcc8-b8d8a82ea278"
PING = '[ping]\nsecret = "HC"\nevery = "5min"\n'


def pinged(tmp_path: Path, more: str = PING, env: str = f"HC=https://hc.example/{SECRET}\n") -> Desk:
    (tmp_path / ".env").write_text(env)
    (tmp_path / ".env").chmod(0o600)
    return Desk(tmp_path, ROW, more=more)


def test_pings_that_are_taken_are_told_and_all_is_fine(tmp_path: Path) -> None:
    desk = pinged(tmp_path)
    noted(desk, pinged="hc.example")
    told = desk.json("status")
    assert (told["ping"], told["fine"]) == ({"address": "hc.example", "trouble": None}, True)
    assert "Ping taken by hc.example" in desk.said("status")
    assert "✓ ping: hc.example took the last one" in desk.said("doctor")
    assert desk.json("check")["findings"] == []


@pytest.mark.parametrize(("why", "said"), [("hc.example refused the connection", "hc.example refused"), ("", "taken yet")])
def test_pings_that_are_not_are_told_and_nothing_is_fine(tmp_path: Path, why: str, said: str) -> None:
    desk = pinged(tmp_path)
    noted(desk, unpinged=why)
    told = desk.json("status", code=1)
    assert said in told["ping"]["trouble"]
    assert said in desk.said("status", code=1)
    assert "✗ ping: " in desk.said("doctor", code=1)
    [finding] = desk.json("check")["findings"]
    assert (finding["kind"], finding["level"]) == ("ping", "warning")


def test_without_a_daemon_nobody_is_pinged_and_nothing_said_of_it(tmp_path: Path) -> None:
    desk = pinged(tmp_path)
    assert desk.json("status", code=1)["ping"] is None
    assert "ping:" not in desk.said("doctor")


@pytest.mark.parametrize(
    ("more", "env", "says"),
    [
        (PING, "", "ping.secret: HC has no value; put HC=… into .env beside rowd.toml, or into the environment"),
        (PING, "HC=\n", "ping.secret: HC has no value"),
        (PING, f"HC={SECRET}\n", "ping.secret: HC holds no address of a web service, like https://hc-ping.com/…; put"),
        (
            f'[ping]\nsecret = "https://hc.example/{SECRET}"\n',
            "",
            "ping.secret: is no name of a secret; put",
        ),
        ('[ping]\nsecret = "HC"\nevery = "0.5s"\n', f"HC=https://hc.example/{SECRET}\n", "ping.every"),
        ('[ping]\nurl = "HC"\n', f"PING_URL=https://hc.example/{SECRET}\n", "ping.url"),
        (f'[conditions]\nenv = ["HC"]\n{PING}', "", "conditions.env: HC is a secret"),
    ],
)
def test_pings_that_could_not_be_sent_are_refused_without_the_address(tmp_path: Path, more: str, env: str, says: str) -> None:
    desk = pinged(tmp_path, more, env)
    environment = {"HC": f"https://hc.example/{SECRET}"} if "conditions" in more else {}
    with pytest.raises(ConfigError) as caught:
        configure(load(desk.folder / "rowd.toml", environment, tmp_path))
    assert says in str(caught.value)
    assert SECRET not in str(caught.value)
    assert len(caught.value.mistakes) == 1


def test_the_address_is_hidden_in_whatever_is_told(tmp_path: Path) -> None:
    desk = pinged(tmp_path, env="")
    site = configure(load(desk.folder / "rowd.toml", {"HC": f"https://hc.example/{SECRET}"}, tmp_path))
    assert site.parts.mask.text(f"curl https://hc.example/{SECRET}") == "curl ***"
