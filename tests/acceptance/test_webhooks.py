"""The installed daemon listens for deliveries: what it takes is durable, and runs and counts once."""

from __future__ import annotations

import csv
import hashlib
import hmac
import http.client
import io
import json
import signal
import socket
import sys
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.acceptance.site import Daemon, rowd

SECRET = "a-Secret-of-the-forge"

CONFIG = """\
[daemon]
stop_within = "5s"
[defaults]
time_zone = "UTC"
[listen]
port = PORT
[tables.ops]
connector = "local"
path = "tasks.csv"
poll = "1s"
[watch.forge]
kind = "webhook"
scheme = "github"
secret = "FORGE_SECRET"
only = ["push"]
values = { ref = "/ref", author = "/pusher/name", forced = "/forced" }
[watch.open]
kind = "webhook"
scheme = "none"
max_bytes = 1000
[actions.deploy]
kind = "command"
argv = ["PYTHON", "-S", "FOLDER/witness.py"]
"""

WITNESS = """\
import os
log = os.open("FOLDER/seen", os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
said = [os.environ.get("ROWD_EVENT_" + name, "") for name in ("DELIVERY", "REF", "AUTHOR", "FORCED")]
os.write(log, (" ".join(said) + "\\n").encode())
os.fsync(log)
"""

TABLE = """\
ID,Name,Type,Action,Watch,Counts,Current,Threshold,Health,Last Status,Runs
1,deploy,webhook,deploy,forge,,,,,,
2,each_seventh,counter,deploy,,forge,0,7,,,
"""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Forge:
    """Who sends, and what became of it."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.port = folder, free_port()
        self.daemons: list[Daemon] = []
        config = CONFIG.replace("PORT", str(self.port)).replace("PYTHON", sys.executable).replace("FOLDER", str(folder))
        (folder / "rowd.toml").write_text(config)
        (folder / ".env").write_text(f"FORGE_SECRET={SECRET}\n")
        (folder / ".env").chmod(0o600)
        (folder / "witness.py").write_text(WITNESS.replace("FOLDER", str(folder)))
        (folder / "tasks.csv").write_text(TABLE)

    def start(self) -> Daemon:
        """A daemon that takes deliveries."""
        daemon = Daemon(self.folder, ["run", "--log", "json"], installed=True)
        self.daemons.append(daemon)
        daemon.until("listener.opened")
        if len(self.daemons) == 1:
            for source in ("forge", "open"):
                daemon.until("watch.seen", lambda event, source=source: event["watch"] == source)
        return daemon

    def post(self, body: bytes, headers: dict[str, str], path: str = "/hooks/forge") -> tuple[int, str]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.request("POST", path, body, headers)
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        finally:
            connection.close()

    def push(self, delivery: str, *, secret: str = SECRET, event: str = "push") -> int:
        body = json.dumps({"ref": "refs/heads/main", "pusher": {"name": "Ada; rm -rf"}, "forced": True, "n": delivery}).encode()
        signature = "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
        its = {"X-Hub-Signature-256": signature, "X-GitHub-Delivery": delivery, "X-GitHub-Event": event}
        return self.post(body, its)[0]

    def push_until_taken(self, delivery: str) -> int:
        """As a sender does who is told to come again."""
        while (status := self.push(delivery)) == 503:
            pass
        return status

    def seen(self) -> Counter[str]:
        """Delivery → how often its run really started; those of the counter stand for themselves."""
        file = self.folder / "seen"
        return Counter(line.split(" ")[0] for line in file.read_text().splitlines()) if file.exists() else Counter()

    def row(self, name: str) -> dict[str, str]:
        rows = csv.DictReader(io.StringIO((self.folder / "tasks.csv").read_text(), newline=""))
        return next(row for row in rows if row["Name"] == name)


@pytest.fixture
def forge(tmp_path: Path) -> Iterator[Forge]:
    made = Forge(tmp_path)
    yield made
    for daemon in made.daemons:
        daemon.kill()


def test_a_push_is_a_run_with_its_values_and_a_wrong_one_is_nothing(forge: Forge) -> None:
    daemon = forge.start()
    assert forge.push("d-1", secret="another") == 401
    assert forge.push("d-1") == 202
    assert forge.push("d-1") == 202
    assert forge.push("d-2", event="ping") == 202
    daemon.until("run.ended", lambda event: event["task"] == "deploy")
    assert (forge.folder / "seen").read_text() == "d-1 refs/heads/main Ada; rm -rf true\n"
    refused = daemon.until("delivery.refused")
    assert (refused["watch"], refused["reason"]) == ("forge", "its signature doesn't fit")

    assert forge.post(b"{}", {}, "/hooks/nothing")[0] == 404
    assert forge.post(b"{}", {}, "/")[0] == 404
    assert forge.post(b"x" * 1001, {}, "/hooks/open")[0] == 413
    assert forge.post(b"x" * 1000, {}, "/hooks/open")[0] == 202

    told = json.loads(rowd("status", "--json", cwd=forge.folder).stdout)
    assert told["listener"] == {"address": f"127.0.0.1:{forge.port}", "trouble": None}
    assert f"listens on 127.0.0.1:{forge.port}" in rowd("doctor", cwd=forge.folder).stdout
    assert daemon.stop() == 0
    assert forge.row("deploy")["Runs"] == "1"
    assert forge.seen() == {"d-1": 1}
    everything = "\n".join(map(str, [*daemon.events, *daemon.other]))
    assert SECRET not in everything
    assert "Traceback" not in everything


def test_what_was_taken_outlives_a_kill_and_is_not_taken_twice(forge: Forge) -> None:
    daemon = forge.start()
    for number in range(5):
        assert forge.push(f"d-{number}") == 202
    daemon.process.send_signal(signal.SIGKILL)
    daemon.ended()
    again = forge.start()
    for number in range(7):
        assert forge.push_until_taken(f"d-{number}") == 202
    again.until("run.ended", lambda event: event["task"] == "each_seventh")
    again.until("run.ended", lambda _: sum(forge.seen()[f"d-{number}"] > 0 for number in range(7)) == 7)
    assert again.stop() == 0
    counted = forge.seen()
    assert [counted[f"d-{number}"] for number in range(7)] == [1] * 7
    assert float(forge.row("each_seventh")["Current"]) == 0


def test_two_hundred_deliveries_of_twenty_senders_run_and_count_once_each(forge: Forge) -> None:
    table = (
        (forge.folder / "tasks.csv")
        .read_text()
        .replace("deploy,webhook,deploy,forge", "deploy,webhook,deploy,open")
        .replace("0,7", "0,200")
    )
    (forge.folder / "tasks.csv").write_text(table)
    daemon = forge.start()
    with ThreadPoolExecutor(20) as senders:
        first = list(senders.map(forge.push_until_taken, [f"d-{number % 200}" for number in range(400)]))
        opened = list(senders.map(lambda n: forge.post(b"{}", {"Idempotency-Key": str(n % 20)}, "/hooks/open")[0], range(40)))
    assert set(first) == {202}
    assert set(opened) <= {202, 503}
    daemon.until("run.ended", lambda event: event["task"] == "each_seventh")
    daemon.until("run.ended", lambda _: sum(forge.seen()[str(number)] for number in range(20)) == 20)
    assert daemon.stop() == 0
    counted = forge.seen()
    assert [counted[str(number)] for number in range(20)] == [1] * 20
    counter = forge.row("each_seventh")
    assert (counter["Runs"], float(counter["Current"])) == ("1", 0)


def test_where_the_port_is_anothers_the_daemon_goes_on_and_says_so(forge: Forge) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", forge.port))
        other.listen()
        daemon = Daemon(forge.folder, ["run", "--log", "json"])
        forge.daemons.append(daemon)
        told = daemon.until("listener.failed")
        assert f"can't listen on 127.0.0.1:{forge.port} (Address already in use)" in told["message"]
        daemon.until("table.read")
        status = rowd("status", "--json", cwd=forge.folder)
        assert status.returncode == 1
        assert "Address already in use" in json.loads(status.stdout)["listener"]["trouble"]
    moved = free_port()
    config = forge.folder / "rowd.toml"
    config.write_text(config.read_text().replace(f"port = {forge.port}", f"port = {moved}"))
    daemon.process.send_signal(signal.SIGHUP)
    forge.port = daemon.until("listener.opened")["port"]
    assert forge.port == moved
    assert forge.push_until_taken("d-1") == 202
    assert daemon.stop() == 0


def test_another_secret_holds_from_the_reload_on_and_no_delivery_is_forgotten_by_it(forge: Forge) -> None:
    daemon = forge.start()
    assert forge.push("d-1") == 202
    (forge.folder / ".env").write_text("FORGE_SECRET=another\n")
    daemon.process.send_signal(signal.SIGHUP)
    daemon.until("config.reloaded")
    assert forge.push("d-1") == 401
    assert forge.push("d-1", secret="another") == 202
    assert forge.push("d-2", secret="another") == 202
    daemon.until("run.ended", lambda _: forge.seen()["d-2"] == 1)
    assert daemon.stop() == 0
    assert forge.seen() == {"d-1": 1, "d-2": 1}
