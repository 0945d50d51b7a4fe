"""The installed daemon tells over HTTP how it is, from its start to its stop, whoever else connects."""

from __future__ import annotations

import http.client
import json
import signal
import socket
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import groupby

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.acceptance.site import PATIENCE, Site, eventually
from tests.acceptance.test_webhooks import free_port


def ask(port: int, path: str, method: str = "GET", host: str | None = None) -> tuple[int, str]:
    """Status and body."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request(method, path, headers={"Host": host} if host is not None else {})
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()


def numbers(port: int) -> dict[tuple[str, str], float]:
    """(name of the sample, outcome) → value."""
    families = text_string_to_metric_families(ask(port, "/metrics")[1])
    return {(one.name, one.labels.get("outcome", "")): one.value for family in families for one in family.samples}


def test_from_its_start_to_its_stop(site: Callable[..., Site]) -> None:
    place, port = (
        site("1,held,gated,now,active,,,,,,,", "2,done,work,now,active,,,,,,,", "3,wrong,work,evry day,active,,,,,,,"),
        free_port(),
    )
    config = place.folder / "rowd.toml"
    config.write_text(config.read_text() + f"[health]\nport = {port}\n")
    assert "is free" in place.rowd("doctor").stdout

    daemon = place.start(installed=True)
    assert daemon.until("listener.opened")["section"] == "health"
    eventually(lambda: _answers(port))
    assert ask(port, "/healthz") == (200, "lives\n")
    place.at_the_gate()
    daemon.until("run.ended", lambda event: event["task"] == "done")
    eventually(lambda: numbers(port)["rowd_runs_ended_total", "succeeded"] == 1)
    found = numbers(port)
    assert (found["rowd_runs_under_way", ""], found["rowd_run_lateness_seconds_count", ""]) == (1, 2)
    told = json.loads(place.rowd("status", "--json").stdout)
    assert told["health"] == {"address": f"127.0.0.1:{port}", "trouble": None}
    assert told["tables"][0]["running"] == found["rowd_runs_under_way", ""]
    assert "the daemon listens on" in place.rowd("doctor").stdout

    assert ask(port, "/metrics", "POST")[0] == 405
    assert ask(port, "/hooks/forge", "POST")[0] == 404
    assert ask(port, "/metrics", host="evil.example")[0] == 403
    assert ask(port, "/metrics", "HEAD") == (200, "")
    with ExitStack() as open_:  # half of a request each, and nothing at all
        for sent in [b"GET /metrics HT", b""] * 40:
            half = open_.enter_context(socket.create_connection(("127.0.0.1", port)))
            half.sendall(sent)
        assert ask(port, "/healthz")[0] == 200

    daemon.process.send_signal(signal.SIGTERM)
    daemon.until("daemon.stopping")
    assert ask(port, "/readyz") == (503, "rowd stops\n")
    assert ask(port, "/healthz")[0] == 200
    place.open_gate()
    assert daemon.ended() == 0
    everything = "\n".join(map(str, [*daemon.events, *daemon.other]))
    assert "Traceback" not in everything
    assert not [event for event in daemon.events if event["event"] == "trouble"]


def test_after_a_kill_it_tells_again_and_a_reload_moves_or_ends_it(site: Callable[..., Site]) -> None:
    place, first, second = site("1,later,work,daily 03:00,active,,,,,,,"), free_port(), free_port()
    config = place.folder / "rowd.toml"
    without = config.read_text()
    config.write_text(without + f"[health]\nport = {first}\n")
    daemon = place.start()
    eventually(lambda: _answers(first))
    daemon.kill()
    daemon = place.start()
    eventually(lambda: _answers(first))

    config.write_text(without + f"[health]\nport = {second}\n")
    daemon.process.send_signal(signal.SIGHUP)
    daemon.until("listener.opened", lambda event: event["port"] == second)
    eventually(lambda: _answers(second) and not _answers(first))
    config.write_text(without)
    daemon.process.send_signal(signal.SIGHUP)
    eventually(lambda: not _answers(second))
    assert json.loads(place.rowd("status", "--json").stdout)["health"] is None
    assert daemon.stop() == 0


def _answers(port: int) -> bool:
    try:
        return ask(port, "/readyz")[0] == 200
    except OSError:
        return False


SECRET = "5bf66975-d4c7-4bf5-bcc8-b8d8a82ea278"


class Missing(ThreadingHTTPServer):
    """A service that misses a daemon which pings no more; it keeps what it gets."""

    def __init__(self) -> None:
        self.got: list[tuple[str, str]] = []
        self.status = 200

        class Handler(BaseHTTPRequestHandler):
            server: Missing

            def do_POST(self) -> None:
                says = self.rfile.read(int(self.headers.get("Content-Length", "0"))).decode()
                self.server.got.append((self.path.removeprefix(f"/ping/{SECRET}"), says))
                self.send_response(self.server.status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None: ...

        super().__init__(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def signals(self) -> list[str]:
        """One after the other, each once."""
        return [signal for signal, _ in groupby(signal for signal, _ in self.got)]


@pytest.fixture
def missing() -> Iterator[Missing]:
    with Missing() as service:
        yield service
        service.shutdown()


def test_a_service_is_pinged_and_its_address_stands_nowhere(site: Callable[..., Site], missing: Missing) -> None:
    place = site("1,later,work,daily 03:00,active,,,,,,,")
    config = place.folder / "rowd.toml"
    config.write_text(config.read_text() + '[ping]\nsecret = "HC"\nevery = "1s"\n')
    refused = place.rowd("check")
    assert (refused.returncode, "HC has no value" in refused.stderr) == (4, True)
    (place.folder / ".env").write_text(f"HC=http://127.0.0.1:{missing.server_port}/ping/{SECRET}\n")
    (place.folder / ".env").chmod(0o600)

    daemon = place.start(installed=True)
    eventually(lambda: missing.got[-1:] == [("", "")])
    assert missing.signals() in (["/start", ""], [""])  # a table on this machine is looked at in no time
    eventually(lambda: json.loads(place.rowd("status", "--json").stdout)["ping"] == {"address": "127.0.0.1", "trouble": None})
    missing.status = 404
    assert "answered 404 Not Found" in daemon.until("ping.failed")["message"]
    assert place.rowd("status").returncode == 1
    missing.status = 200
    daemon.until("ping.recovered")
    before = len(missing.got)
    eventually(lambda: len(missing.got) > before + 1)
    assert daemon.stop() == 0
    assert set(missing.signals()) <= {"/start", ""}  # a stop that somebody asked for is no trouble
    told = (
        "\n".join(map(str, [*daemon.events, *daemon.other])) + place.rowd("status", "--json").stdout + place.rowd("doctor").stdout
    )
    assert SECRET not in told
    for file in (place.folder / ".rowd").rglob("*"):
        assert not file.is_file() or SECRET.encode() not in file.read_bytes(), file


def test_an_end_in_trouble_is_told_with_its_reason(site: Callable[..., Site], missing: Missing) -> None:
    place = site("1,tick,work,every 1 second,active,,,,,,,")
    config = place.folder / "rowd.toml"
    config.write_text(config.read_text() + '[ping]\nsecret = "HC"\nevery = "1s"\n')
    (place.folder / ".env").write_text(f"HC=http://127.0.0.1:{missing.server_port}/ping/{SECRET}\n")
    (place.folder / ".env").chmod(0o600)
    daemon = place.start(installed=True)
    eventually(lambda: missing.got[-1:] == [("", "")])
    with closing(sqlite3.connect(place.folder / ".rowd" / "ledger.sqlite", timeout=PATIENCE)) as ledger:
        ledger.execute("DROP TABLE attempts")  # nothing that a daemon reckons with
    assert daemon.ended() != 0
    assert missing.got[-1] == ("/fail", "rowd ends: OperationalError")
