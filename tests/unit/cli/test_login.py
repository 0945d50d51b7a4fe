"""`rowd login`: the place that a browser is led back to, and what is said where nobody can sign in."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from connectors.errors import NeedsOwner
from rowd.returning import Awaited, Returning, returning
from tests.unit.cli.desk import Desk


def heard(asks: Callable[[str], list[httpx.Response]], awaited: Awaited[str]) -> tuple[list[httpx.Response], str]:
    """What a browser was shown, and what came of the wait."""

    async def both() -> tuple[list[httpx.Response], str]:
        async with returning(0) as back:
            wait = asyncio.create_task(back.first(awaited))
            await back.awaited
            shown = await asyncio.to_thread(asks, back.address)
            return shown, await wait

    return asyncio.run(both())


def get(address: str) -> httpx.Response:
    return httpx.get(address, trust_env=False)


OURS: Awaited[str] = Awaited(lambda query: query == "state=ours", lambda query: f"took {query}", lambda found: f"it {found}")


def test_only_what_is_waited_for_ends_the_wait_and_is_told_what_came_of_it() -> None:
    def asks(base: str) -> list[httpx.Response]:
        answers = [
            get(base),
            get(base + "other?state=ours"),
            get(base + "?state=theirs"),
            httpx.post(base + "?state=ours", trust_env=False),
        ]
        return [*answers, get(base + "?state=ours"), get(base + "?state=ours")]

    shown, found = heard(asks, OURS)
    assert [one.status_code for one in shown] == [404, 404, 404, 404, 200, 404]
    assert found == "took state=ours"
    told = shown[4]
    assert (told.text, told.headers["Content-Type"]) == ("it took state=ours\n", "text/plain; charset=utf-8")
    assert (told.headers["Cache-Control"], told.headers["Referrer-Policy"]) == ("no-store", "no-referrer")


def test_what_goes_wrong_is_told_to_the_browser_and_to_who_waits() -> None:
    shown: list[httpx.Response] = []

    def refuses(_query: str) -> str:
        raise NeedsOwner("no, because")

    def asks(base: str) -> list[httpx.Response]:
        shown.append(get(base + "?state=ours"))
        return shown

    with pytest.raises(NeedsOwner, match="no, because"):
        heard(asks, Awaited(lambda _: True, refuses, str))
    assert [(one.status_code, one.text) for one in shown] == [(400, "no, because\n")]


def test_noise_and_silence_end_no_wait() -> None:
    def asks(base: str) -> list[httpx.Response]:
        port = int(base.rsplit(":", 1)[1].strip("/"))
        for noise in (b"", b"\x16\x03\x01\x02\x00\r\n\r\n", b"GET\r\n\r\n", b"x" * 70_000):
            with socket.create_connection(("127.0.0.1", port)) as caller:
                caller.sendall(noise)
        return [get(base + "?state=ours")]

    assert heard(asks, OURS)[1] == "took state=ours"


def test_it_listens_on_this_machine_alone() -> None:
    async def address() -> Returning:
        async with returning(0) as back:
            return back

    assert asyncio.run(address()).address.startswith("http://127.0.0.1:")


def test_a_store_where_nobody_signs_in(tmp_path: Path) -> None:
    assert "ops is in a store where nobody signs in (local)" in Desk(tmp_path).said("login", "ops", code=2)


SHEET = """
[tables.sheet]
connector = "google_sheets"
spreadsheet = "abc"
tab = "Tasks"
{way}
"""


@pytest.mark.parametrize(
    ("way", "says"),
    [
        ('credentials = "key.json"', "is opened by a service account"),
        ('oauth_client = "none.json"', "none.json can't be read (No such file or directory)"),
        ('oauth_client = "key.json"', "is the key of a service account: name it with credentials"),
        ('oauth_client = "client.json"\ntoken = "none/token.json"', "a sign-in can't be kept in"),
    ],
)
def test_nobody_is_sent_to_a_page_in_vain(tmp_path: Path, way: str, says: str) -> None:
    desk = Desk(tmp_path, more=SHEET.format(way=way))
    (tmp_path / "key.json").write_text(json.dumps({"type": "service_account"}))
    said = {"client_id": "x", "client_secret": "s", "auth_uri": "https://a.example.com/", "token_uri": "https://t.example.com/"}
    (tmp_path / "client.json").write_text(json.dumps({"installed": said}))
    told = desk.said("login", "sheet", "--no-browser", code=4)
    assert says in told
    assert "Open this address" not in told


def test_a_port_that_another_program_has(tmp_path: Path) -> None:
    desk = Desk(tmp_path, more=SHEET.format(way='oauth_client = "client.json"'))
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        said = desk.said("login", "sheet", "--port", str(port), code=4)
    assert f"port {port} can't be listened on (another program has it); name another with --port" in said


@pytest.mark.parametrize("span", ["5", "0s", "2h", "soon"])
def test_waits_that_are_none(tmp_path: Path, span: str) -> None:
    assert "--within" in Desk(tmp_path).said("login", "ops", "--within", span, code=2)
