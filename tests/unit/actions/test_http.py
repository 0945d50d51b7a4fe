"""HTTP requests, against a real server on the loopback; and what is refused before anything is sent."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import json
import socket
import ssl
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from pydantic import ValidationError

import actions
from actions.api import Checkable, Outcome, Refusing, Result
from actions.http.addresses import Allowed
from actions.http.plan import Sent, redirected
from actions.http.pointer import checked, found
from actions.http.settings import HttpSettings
from tests.unit.actions.attempts import RUN, Lent, action, ran, request

LOCAL = {"allow_private": ["127.0.0.0/8"]}


@dataclass
class Seen:
    """One request as the server saw it."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Server:
    """A web server that answers what it is told. answers: path without query → (status, headers, body)."""

    url: str = ""
    seen: list[Seen] = field(default_factory=list)
    answers: dict[str, tuple[int, dict[str, str], bytes]] = field(default_factory=dict)

    def handle(self, handler: BaseHTTPRequestHandler) -> None:
        body = handler.rfile.read(int(handler.headers.get("Content-Length", 0)))
        headers = {name.lower(): value for name, value in handler.headers.items()}
        self.seen.append(Seen(handler.command, handler.path, headers, body))
        status, given, content = self.answers.get(handler.path.partition("?")[0], (200, {}, b"hello"))
        handler.send_response(status)
        for name, value in {"Content-Length": str(len(content)), **given}.items():
            handler.send_header(name, value)
        handler.end_headers()
        if handler.command != "HEAD":
            handler.wfile.write(content)


def serve() -> Iterator[Server]:
    told = Server()

    class Handler(BaseHTTPRequestHandler):
        def _answer(self) -> None:
            told.handle(self)

        do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = _answer  # noqa: N815 (http.server's names)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (http.server's name)
            pass

    running = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    told.url = f"http://127.0.0.1:{running.server_port}"
    yield told
    running.shutdown()
    running.server_close()
    thread.join()


@pytest.fixture
def server() -> Iterator[Server]:
    yield from serve()


@pytest.fixture
def another() -> Iterator[Server]:
    yield from serve()


def made_with(folder: Path, values: dict[str, Any], secrets: dict[str, str] | None = None, **settings: Any) -> Result:
    of = action(folder.parent, "http", secrets=tuple(secrets or ()), **settings)
    return asyncio.run(of.run(request(**values), Lent(folder, secrets or {})))


# --- what is sent


def test_a_request_says_who_asks_and_carries_the_run_as_its_key(folder: Path, server: Server) -> None:
    assert ran(folder, "http", url=f"{server.url}/x", **LOCAL) == Result(Outcome.SUCCEEDED, "200 OK, 5 B")
    (seen,) = server.seen
    assert (seen.method, seen.path, seen.headers["idempotency-key"]) == ("GET", "/x", RUN)
    assert seen.headers["user-agent"].startswith("rowd/")
    assert seen.headers["host"] == server.url.removeprefix("http://")
    assert (folder / "response").read_bytes() == b"hello"


def test_an_answer_that_can_not_be_kept_was_given_all_the_same(folder: Path, server: Server) -> None:
    (folder / "response").mkdir(parents=True)
    told = "200 OK, 5 B; what it answered can't be kept: Is a directory"
    assert ran(folder, "http", url=f"{server.url}/x", **LOCAL) == Result(Outcome.SUCCEEDED, told)


def test_a_value_stays_within_its_place_in_the_url(folder: Path, server: Server) -> None:
    url = f"{server.url}/items/{{x}}/end?q={{x}}&r=1"
    for value in ("a/b?c#d&e=f %2e", "ü", "a+b"):
        assert made_with(folder, {"x": value}, url=url, parameters={"x": {}}, **LOCAL).outcome is Outcome.SUCCEEDED
    assert [s.path for s in server.seen] == [
        "/items/a%2Fb%3Fc%23d%26e%3Df%20%252e/end?q=a%2Fb%3Fc%23d%26e%3Df%20%252e&r=1",
        "/items/%C3%BC/end?q=%C3%BC&r=1",
        "/items/a%2Bb/end?q=a%2Bb&r=1",
    ]
    for value in ("..", "."):
        assert "path" in made_with(folder, {"x": value}, url=url, parameters={"x": {}}, **LOCAL).summary
    assert len(server.seen) == 3


def test_a_body_is_json_by_value(folder: Path, server: Server) -> None:
    body = {"n": "{n}", "text": "<{x}>", "list": ["{b}", 1, None, {"{{k}}": "{secret.TOKEN}"}]}
    parameters = {"n": {"type": "number"}, "x": {}, "b": {"type": "boolean"}}
    values = {"n": 2.5, "x": '", "admin": "', "b": True}
    result = made_with(
        folder, values, {"TOKEN": "tok-123"}, method="POST", url=server.url, body=body, parameters=parameters, **LOCAL
    )
    assert result.outcome is Outcome.SUCCEEDED
    (seen,) = server.seen
    assert json.loads(seen.body) == {"n": 2.5, "text": '<", "admin": ">', "list": [True, 1, None, {"{k}": "tok-123"}]}
    assert seen.headers["content-type"] == "application/json"


def test_a_header_cannot_be_broken_out_of(folder: Path, server: Server) -> None:
    settings = {"url": server.url, "headers": {"X-Name": "a {x}"}, "parameters": {"x": {"allow_control": True}}, **LOCAL}
    assert made_with(folder, {"x": "fine"}, **settings).outcome is Outcome.SUCCEEDED
    assert server.seen[0].headers["x-name"] == "a fine"
    for value in ("a\r\nEvil: 1", "a\nb", "ü"):
        assert "X-Name" in made_with(folder, {"x": value}, **settings).summary
    assert len(server.seen) == 1


def test_the_definitions_headers_win_over_our_own(folder: Path, server: Server) -> None:
    ran(folder, "http", method="PUT", url=server.url, body="a", headers={"user-agent": "me", "content-type": "text/csv"}, **LOCAL)
    assert (server.seen[0].headers["user-agent"], server.seen[0].headers["content-type"]) == ("me", "text/csv")


def test_the_environments_proxies_are_not_asked(folder: Path, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    assert ran(folder, "http", url=server.url, **LOCAL).outcome is Outcome.SUCCEEDED


# --- what comes back


def test_outputs_are_taken_from_the_answer_by_pointer(folder: Path, server: Server) -> None:
    document = {"data": [{"price": 9.5, "a/b": "x", "none": None}], "ok": True}
    server.answers["/"] = (200, {}, json.dumps(document).encode())
    outputs = {"price": "/data/0/price", "name": "/data/0/a~1b", "ok": "/ok", "none": "/data/0/none"}
    result = ran(folder, "http", url=f"{server.url}/", outputs=outputs, **LOCAL)
    assert result == Result(Outcome.SUCCEEDED, "200 OK, price = 9.5, name = x, ok = true", {"price": 9.5, "name": "x", "ok": True})


@pytest.mark.parametrize(
    ("content", "words"),
    [(b"{}", "nothing at /a"), (b'{"a": []}', "not a single value"), (b"<html>", "not JSON"), (b'{"a": NaN}', "single")],
)
def test_an_answer_without_its_outputs_is_a_failure(folder: Path, server: Server, content: bytes, words: str) -> None:
    server.answers["/"] = (200, {}, content)
    result = ran(folder, "http", url=f"{server.url}/", outputs={"a": "/a"}, **LOCAL)
    assert result.outcome is Outcome.FAILED
    assert words in result.summary


def test_an_unexpected_status_is_a_failure_with_the_beginning_of_the_answer(folder: Path, server: Server) -> None:
    server.answers["/"] = (404, {}, b"no such\nitem")
    assert ran(folder, "http", url=f"{server.url}/", **LOCAL) == Result(Outcome.FAILED, "404 Not Found: no such item")
    assert ran(folder, "http", url=f"{server.url}/", expect=["200-299", 404], **LOCAL).outcome is Outcome.SUCCEEDED
    server.answers["/"] = (500, {"Content-Type": "text/html"}, b"<p>")
    assert ran(folder, "http", url=f"{server.url}/", expect=204, **LOCAL).summary == "500 Internal Server Error"


def test_no_more_is_read_than_allowed(folder: Path, server: Server) -> None:
    server.answers["/"] = (200, {}, b"1" * 5000)
    assert ran(folder, "http", url=f"{server.url}/", max_response="1 kB", **LOCAL).summary == "200 OK, 1 kB, the rest was not read"
    assert (folder / "response").stat().st_size == 1000
    assert "raise max_response" in ran(folder, "http", url=f"{server.url}/", max_response=10, outputs={"a": ""}, **LOCAL).summary


def test_secrets_are_sent_and_nowhere_kept(folder: Path, server: Server) -> None:
    server.answers["/"] = (401, {"Set-Cookie": "session=abc", "X-Echo": "hunter2-x"}, b"bad token hunter2-x")
    settings = {"url": f"{server.url}/", "headers": {"Authorization": "Bearer {secret.TOKEN}", "X-T": "{secret.TOKEN}"}, **LOCAL}
    result = ran(folder, "http", {"TOKEN": "hunter2-x"}, **settings)
    assert server.seen[0].headers["authorization"] == "Bearer hunter2-x"
    assert result.summary == "401 Unauthorized: bad token ***"
    kept = (folder / "exchange").read_text() + (folder / "response").read_text()
    assert "hunter2" not in kept
    assert "abc" not in kept
    assert "Authorization: ***" in kept


def test_no_half_of_a_secret_is_left_where_an_answer_is_cut(folder: Path, server: Server) -> None:
    told = {"T": "hunter2-hunter2"}
    at_200, at_500, at_end = "x" * 195 + told["T"], "x" * 495 + told["T"], "x" * 990 + told["T"]
    server.answers["/"] = (500, {}, at_200.encode())
    assert "hunt" not in ran(folder, "http", told, url=server.url, **LOCAL).summary
    server.answers["/"] = (200, {}, json.dumps({"a": at_500}).encode())
    result = ran(folder, "http", told, url=server.url, outputs={"a": "/a"}, **LOCAL)
    assert str(result.outputs["a"]).endswith("x***")
    server.answers["/"] = (200, {}, at_end.encode())
    ran(folder, "http", told, url=server.url, max_response="1 kB", **LOCAL)
    assert (folder / "response").read_bytes() == b"x" * 990


def test_what_went_wrong_is_said_in_words(folder: Path, server: Server) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    for url, words in {
        f"http://127.0.0.1:{port}/": "refused the connection",
        "http://nothing.invalid/": "was not found",
        server.url.replace("http", "https"): "no encrypted connection",
    }.items():
        result = ran(folder, "http", url=url, **LOCAL)
        assert result.outcome is Outcome.FAILED
        assert words in result.summary


def test_a_server_that_breaks_off_is_a_failure(folder: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def hang_up() -> None:
            taken, _ = listening.accept()
            taken.recv(1000)
            taken.close()

        thread = threading.Thread(target=hang_up)
        thread.start()
        result = ran(folder, "http", url=f"http://127.0.0.1:{listening.getsockname()[1]}/", **LOCAL)
        thread.join()
    assert "broke off" in result.summary


# --- where it may go


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "localhost", "[::1]", "0x7f.1", "2130706433", "[::ffff:127.0.0.1]", "0", "[::]", "127.1"],
)
def test_this_machine_is_refused_without_being_asked(folder: Path, server: Server, host: str) -> None:
    result = ran(folder, "http", url=f"http://{host}:{server.url.rpartition(':')[2]}/")
    assert result.outcome is Outcome.FAILED
    assert "allow_private" in result.summary or "no address of a web service" in result.summary
    assert not server.seen
    assert not list(folder.iterdir())


@pytest.mark.parametrize("host", ["169.254.169.254", "10.0.0.1", "192.168.1.1", "[fe80::1]", "[fd00::1]", "224.0.0.1"])
def test_private_networks_are_refused(folder: Path, host: str) -> None:
    assert "not asked" in ran(folder, "http", url=f"http://{host}/").summary


@pytest.mark.parametrize(
    ("address", "word"),
    [
        ("8.8.8.8", None),
        ("2606:4700:4700::1111", None),
        ("64:ff9b::808:808", None),  # 8.8.8.8 by NAT64
        ("::ffff:8.8.8.8", None),
        ("64:ff9b::7f00:1", "loopback"),
        ("64:ff9b:1::1", "private"),
        ("2002:7f00:1::", "loopback"),
        ("2001:0:4136:e378:8000:63bf:3fff:fdd2", "private"),
        ("::127.0.0.1", "loopback"),
        ("100.64.0.1", "reserved"),
        ("198.18.0.1", "private"),
        ("240.0.0.1", "private"),
        ("255.255.255.255", "private"),
        ("192.0.2.1", "private"),
        ("ff02::1", "multicast"),
        ("fec0::1", "private"),
        ("::", "no address"),
        ("::1", "loopback"),
    ],
)
def test_only_public_addresses_are_public(address: str, word: str | None) -> None:
    why = Allowed().refusal("host", address)
    told = (why or "").removesuffix(": not asked; if it is meant, name it in allow_private")
    assert (why is None) if word is None else (word in told), why


@pytest.mark.parametrize(
    ("url", "refused"),
    [
        ("http://10.0.0.1/", True),
        ("http://2130706433/", True),
        ("https://[::1]:8443/{{x}}", True),
        ("http://LocalHost/", True),
        ("http://127.0.0.2/", False),  # allowed below
        ("https://8.8.8.8/", False),
        ("https://a.example/", False),  # only looking it up tells
    ],
)
def test_an_address_that_is_refused_is_known_before_and_final(folder: Path, url: str, *, refused: bool) -> None:
    made = action(folder, "http", url=url, allow_private=["127.0.0.2"])
    assert isinstance(made, Checkable)
    said = made.lacking()
    assert (said is not None) is refused
    if refused:
        result = asyncio.run(made.run(request(), Lent(folder)))
        assert (result.outcome, result.final) == (Outcome.FAILED, True)
        assert result.summary.rpartition(" is ")[2] == (said or "").rpartition(" is ")[2]


def test_what_the_operator_names_is_allowed_and_nothing_beside(folder: Path, server: Server) -> None:
    port = server.url.rpartition(":")[2]
    for value in (True, ["localhost"], ["LocalHost"], ["127.0.0.1"], ["10.0.0.0/8", "127.0.0.0/8"]):
        assert ran(folder, "http", url=f"http://localhost:{port}/", allow_private=value).outcome is Outcome.SUCCEEDED
    for refused in (False, ["other"], ["10.0.0.0/8"], ["::1"]):
        assert ran(folder, "http", url=f"http://localhost:{port}/", allow_private=refused).outcome is Outcome.FAILED
    assert ran(folder, "http", url=f"http://127.0.0.1:{port}/", allow_private=["localhost"]).outcome is Outcome.FAILED


def test_a_name_is_looked_up_once_and_the_checked_address_is_asked(
    folder: Path, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []
    real = socket.getaddrinfo

    def rebinding(host: Any, *rest: Any, **more: Any) -> Any:
        if host not in ("rebind.example", b"rebind.example"):
            return real(host, *rest, **more)
        asked.append(host)
        return real("127.0.0.1" if len(asked) == 1 else "127.0.0.2", *rest, **more)

    monkeypatch.setattr(socket, "getaddrinfo", rebinding)
    port = server.url.rpartition(":")[2]
    result = ran(folder, "http", url=f"http://rebind.example:{port}/", allow_private=["127.0.0.1"])
    assert result.outcome is Outcome.SUCCEEDED
    assert len(asked) == 1
    assert server.seen[0].headers["host"] == f"rebind.example:{port}"


@pytest.fixture
def encrypted(tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """The port of a server with a certificate for `localhost` alone, and the file to trust it by."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    day = timedelta(days=1)
    built = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    built = built.not_valid_before(datetime.now(UTC) - day).not_valid_after(datetime.now(UTC) + day)
    built = built.add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
    certificate, private = tmp_path / "certificate.pem", tmp_path / "key.pem"
    certificate.write_bytes(built.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM))
    private.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, private)
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve_two() -> None:
            for _ in range(2):
                taken, _ = listening.accept()
                with contextlib.suppress(OSError), context.wrap_socket(taken, server_side=True) as secure:
                    secure.recv(4096)
                    secure.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nhi")
                taken.close()

        thread = threading.Thread(target=serve_two)
        thread.start()
        yield str(listening.getsockname()[1]), certificate
        thread.join(timeout=10)


def test_a_certificate_is_checked_against_the_name_though_an_address_is_asked(folder: Path, encrypted: tuple[str, Path]) -> None:
    port, certificate = encrypted
    local = {"url": f"https://localhost:{port}/", "allow_private": True}
    assert ran(folder, "http", verify=str(certificate), **local) == Result(Outcome.SUCCEEDED, "200 OK, 2 B")
    assert "its certificate is not accepted" in ran(folder, "http", **local).summary


# --- redirects


def test_a_redirect_is_followed_only_where_allowed(folder: Path, server: Server) -> None:
    server.answers["/old"] = (301, {"Location": "/new?a=1"}, b"")
    result = ran(folder, "http", url=f"{server.url}/old", **LOCAL)
    assert result.summary == "301 Moved Permanently, to /new?a=1; set follow_redirects, or correct the url"
    assert ran(folder, "http", url=f"{server.url}/old", follow_redirects=True, **LOCAL).outcome is Outcome.SUCCEEDED
    assert [s.path for s in server.seen] == ["/old", "/old", "/new?a=1"]


def test_a_redirect_to_a_private_address_is_refused_without_asking_it(folder: Path, server: Server) -> None:
    port = server.url.rpartition(":")[2]
    for target in (f"http://127.0.0.1:{port}/x", "http://169.254.169.254/latest/", f"http://[::1]:{port}/"):
        server.answers["/"] = (302, {"Location": target}, b"")
        result = ran(folder, "http", url=f"http://localhost:{port}/", follow_redirects=True, allow_private=["localhost"])
        assert "not asked" in result.summary
    assert [s.path for s in server.seen] == ["/"] * 3


def test_another_server_does_not_see_the_first_ones_headers(folder: Path, server: Server, another: Server) -> None:
    server.answers["/"] = (302, {"Location": f"{another.url}/"}, b"")
    server.answers["/same"] = (302, {"Location": "/end"}, b"")
    headers = {"Authorization": "{secret.T}", "X-Key": "fixed", "Accept": "text/csv"}
    for path in ("/", "/same"):
        ran(folder, "http", {"T": "s3cret-x"}, url=server.url + path, headers=headers, follow_redirects=True, **LOCAL)
    there, same = another.seen[0].headers, server.seen[-1].headers
    assert ("authorization" in there, "x-key" in there, there["accept"]) == (False, False, "text/csv")
    assert (same["authorization"], same["x-key"]) == ("s3cret-x", "fixed")


def test_every_server_on_the_way_is_asked_not_to_encode_its_answer(folder: Path, server: Server, another: Server) -> None:
    server.answers["/"] = (302, {"Location": f"{another.url}/"}, b"")
    ran(folder, "http", url=server.url, follow_redirects=True, **LOCAL)
    assert [s.headers["accept-encoding"] for s in (*server.seen, *another.seen)] == ["identity"] * 2


def test_an_answer_that_is_encoded_all_the_same_is_told_with_its_encoding(folder: Path, server: Server) -> None:
    squeezed = gzip.compress(b'{"a": 1}')
    server.answers["/"] = (200, {"Content-Encoding": "gzip"}, squeezed)
    result = ran(folder, "http", url=server.url, outputs={"a": "/a"}, **LOCAL)
    assert result.outcome is Outcome.FAILED
    assert result.summary.startswith("200 OK, but the answer is encoded as gzip, which rowd asks servers not to do")
    server.answers["/"] = (500, {"Content-Encoding": "gzip"}, squeezed)
    assert ran(folder, "http", url=server.url, **LOCAL).summary == "500 Internal Server Error"
    server.answers["/"] = (200, {"Content-Encoding": "identity"}, b'{"a": 1}')
    assert ran(folder, "http", url=server.url, outputs={"a": "/a"}, **LOCAL).outputs == {"a": 1}


def test_only_what_would_be_refused_again_is_final(folder: Path, server: Server) -> None:
    url = f"{server.url}/"

    def final(status: int, location: str, **settings: Any) -> bool:
        server.answers["/"] = (status, {"Location": location}, b"")
        result = ran(folder, "http", url=url, **{**LOCAL, **settings})
        assert result.outcome is Outcome.FAILED, result
        return result.final

    assert [final(status, "/new") for status in (301, 302, 303, 307, 308)] == [True, False, False, False, True]
    for target in ("http://169.254.169.254/latest/", "ftp://a.example/"):
        assert [final(status, target, follow_redirects=True) for status in (301, 302)] == [True, False]
    assert not final(404, "")
    assert not ran(folder, "http", url="http://127.0.0.1:1/", **LOCAL).final  # refused by the other side
    assert not ran(folder, "http", url="http://no.such.invalid/").final


def test_a_value_that_can_not_stand_where_it_goes_is_known_before_and_final(folder: Path, server: Server) -> None:
    url, headers = f"{server.url}/items/{{x}}", {"X-Key": "{secret.T} {y}"}
    made = action(folder, "http", url=url, headers=headers, secrets=("T",), parameters={"x": {}, "y": {}}, **LOCAL)
    assert isinstance(made, Refusing)
    for values, word in (({"x": "..", "y": "b"}, "path"), ({"x": "a", "y": "\u20ac"}, "X-Key")):
        said = made.refusal(values)
        assert word in (said or "")
        assert asyncio.run(made.run(request(**values), Lent(folder, {"T": "hunter2"}))) == Result(
            Outcome.FAILED, said or "", final=True
        )
    assert made.refusal({"x": "a", "y": "b"}) is None
    assert server.seen == []


def test_redirects_end_after_five(folder: Path, server: Server) -> None:
    server.answers["/"] = (302, {"Location": "/"}, b"")
    assert "more than 5 times" in ran(folder, "http", url=f"{server.url}/", follow_redirects=True, **LOCAL).summary
    assert len(server.seen) == 6


@pytest.mark.parametrize(
    ("status", "method", "expected"),
    [
        (301, "POST", "GET"),
        (302, "POST", "GET"),
        (302, "PUT", "PUT"),
        (303, "PUT", "GET"),
        (303, "HEAD", "HEAD"),
        (307, "POST", "POST"),
        (308, "POST", "POST"),
    ],
)
def test_a_redirect_keeps_or_changes_the_method(status: int, method: str, expected: str) -> None:
    sent = Sent(method, "https://a.example/", {"X": "1", "Content-Type": "text/plain"}, b"body")
    following = redirected(sent, status, "https://a.example/b")
    assert (following.method, following.url) == (expected, "https://a.example/b")
    assert following.content == (None if expected == "GET" else b"body")
    assert following.headers["X"] == "1"


@pytest.mark.parametrize("to", ["http://a.example/", "ftp://a.example/", "file:///etc/passwd", "https://u:p@a.example/"])
def test_a_redirect_that_leads_down_is_not_followed(to: str) -> None:
    with pytest.raises(ValueError, match="redirected"):
        redirected(Sent("GET", "https://a.example/", {}), 302, to)


def test_a_body_with_a_secret_is_not_sent_on_to_another_server() -> None:
    sent = Sent("POST", "https://a.example/", {}, b"secret", confidential=True)
    assert redirected(sent, 307, "https://a.example/b").content == b"secret"
    assert redirected(sent, 303, "https://b.example/").content is None
    with pytest.raises(ValueError, match="secret"):
        redirected(sent, 307, "https://b.example/")
    upgraded = redirected(Sent("GET", "http://a.example/", {"Authorization": "x"}), 301, "https://a.example/")
    assert upgraded.headers == {"Authorization": "x"}


# --- the definition


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"url": "http://{x}/"}, "choose the host"),
        ({"url": "http://a.example{x}"}, "choose the host"),
        ({"url": "http://a.example:{x}/"}, "no address|choose the host"),
        ({"url": "{x}"}, "no address"),
        ({"url": "http://u@a.example/{x}"}, "user name"),
        ({"url": "http://a.example/{secret.T}"}, "secret can't stand here"),
        ({"url": "http://a.example/{y}"}, "no parameter"),
        ({"url": "ftp://a.example/{x}"}, "no address"),
        ({"url": "http://0177.0.0.1/{x}"}, "no address"),
        ({"url": "http://10.0.0.256/{x}"}, "no address"),
        ({"url": "http://a.example/"}, "nowhere"),
        ({"url": "http://a.example/", "body": "a={x}"}, "table, for JSON"),
        ({"url": "http://a.example/", "body": {"{x}": 1}}, "choose a name"),
        ({"url": "http://a.example/{x}", "headers": {"A": "{secret.U}"}}, "isn't declared"),
    ],
)
def test_a_definition_that_a_row_could_lead_elsewhere_is_refused(settings: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        action(Path(), "http", parameters={"x": {}}, secrets=["T"], **settings)


@pytest.mark.parametrize(
    "settings",
    [
        {"headers": {"Host": "b.example"}},
        {"headers": {"a b": "c"}},
        {"expect": []},
        {"expect": ["300-200"]},
        {"expect": True},
        {"outputs": {"a": "b"}},
        {"outputs": {"a": "/~2"}},
        {"outputs": {"a b": "/a"}},
        {"allow_private": ["10.0.0.0/33"]},
        {"allow_private": "localhost"},
        {"method": "TRACE"},
    ],
)
def test_a_definition_that_makes_no_sense_is_refused(settings: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        HttpSettings.model_validate({"kind": "http", "url": "http://a.example/", **settings})


def test_only_methods_that_may_be_repeated_are_repeatable() -> None:
    kind = actions.load("http")
    judged = {
        m: kind.repeatable(HttpSettings.model_validate({"kind": "http", "url": "http://a.example/", "method": m})) for m in METHODS
    }
    assert judged == {"GET": True, "HEAD": True, "PUT": True, "DELETE": True, "OPTIONS": True, "POST": False, "PATCH": False}


METHODS = ("GET", "HEAD", "PUT", "DELETE", "OPTIONS", "POST", "PATCH")


def test_pointers_are_those_of_the_standard() -> None:
    # The document and most pointers of RFC 6901, section 5.
    document = {"foo": ["bar", "baz"], "": 0, "a/b": 1, "c%d": 2, "m~n": 8, " ": 7}
    for pointer, value in {"": document, "/foo": ["bar", "baz"], "/foo/0": "bar", "/": 0, "/a~1b": 1, "/m~0n": 8, "/ ": 7}.items():
        assert found(document, checked(pointer)) == value
    for pointer in ("/foo/2", "/foo/-", "/foo/00", "/foo/0/x", "/nope"):
        with pytest.raises(LookupError):
            found(document, checked(pointer))
