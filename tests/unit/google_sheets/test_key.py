"""The key of a service account, and the tokens that it is good for."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from connectors.api import Place
from connectors.errors import NeedsOwner, TryLater
from connectors.google_sheets import BACKEND, GoogleSheetsSettings
from tests.conformance.sheets_bench import TAB, SheetsBench
from tests.emulators.core.exchange import Answer
from tests.emulators.core.faults import Fault
from tests.emulators.google_sheets import ROBOT

ROOT = Path(__file__).parents[3]


def test_one_token_serves_until_it_ends_or_is_not_accepted_any_more(bench: SheetsBench) -> None:
    for _ in range(3):
        bench.table.read()
    assert bench.service.journal.counts()["token"] == 1
    bench.service.accounts.tokens.clear()
    bench.table.read()
    assert bench.service.journal.counts()["token"] == 2
    assert bench.service.journal.counts()["spreadsheets.get"] == 5  # one of them was refused


def test_a_token_that_is_never_accepted_is_asked_for_twice_and_no_more(bench: SheetsBench) -> None:
    bench.service.faults.add(Fault("spreadsheets.get", answer=Answer.of(401, {"error": {"code": 401, "message": "no"}})))
    with pytest.raises(NeedsOwner, match="new key"):
        bench.table.read()
    assert bench.service.journal.counts() == {"token": 2, "spreadsheets.get": 2}


def test_a_clock_that_is_wrong_is_told_as_that(bench: SheetsBench) -> None:
    bench.clock.advance(days=1)
    with pytest.raises(NeedsOwner, match="clock is wrong; set it"):
        bench.table.read()


def test_a_key_that_was_deleted(bench: SheetsBench) -> None:
    bench.table.read()
    bench.service.accounts.revoke(ROBOT)
    with pytest.raises(NeedsOwner, match=f"deleted or replaced: make a new one for {ROBOT}"):
        bench.table.read()


def test_an_account_that_was_deleted(bench: SheetsBench) -> None:
    del bench.service.accounts.people[ROBOT]
    with pytest.raises(NeedsOwner, match=f"{ROBOT} was deleted"):
        bench.table.read()


@pytest.mark.parametrize(
    "answer",
    [Answer.of(500, {"error": "internal_failure"}), Answer.of(503, {}), Answer.html(502, "<html>Bad Gateway"), Answer.of(429, {})],
)
def test_a_token_service_that_fails_is_asked_once_and_waited_for(bench: SheetsBench, answer: Answer) -> None:
    bench.service.faults.add(Fault("token", answer=answer))
    with pytest.raises(TryLater, match="token service failed"):
        bench.table.read()
    assert bench.service.journal.counts() == {"token": 1}
    bench.service.faults.clear()
    assert len(bench.table.read().rows) == 3


@pytest.mark.parametrize("fault", [Fault("token", reset=True), Fault("token", cut=3)])
def test_a_token_service_that_is_out_of_reach(bench: SheetsBench, fault: Fault) -> None:
    bench.service.faults.add(fault)
    with pytest.raises(TryLater):
        bench.table.read()


def test_nothing_but_the_token_endpoint_is_asked_for_tokens(bench: SheetsBench) -> None:
    """google-auth 2.62 looks up regional access boundaries by itself, in a thread, at Google's own address."""
    bench.table.read()
    assert {entry.operation for entry in bench.service.journal} == {"token", "spreadsheets.get"}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("not json", "it is no JSON"),
        ("[]", "is no key"),
        ("{}", "it has no type"),
        ('{"type": "authorized_user"}', "its type is authorized_user"),
        ('{"type": "service_account", "client_email": "x@y"}', "no whole key"),
        (
            '{"type": "service_account", "client_email": "x@y", "token_uri": "http://127.0.0.1:1/", "private_key": "x"}',
            "no whole key",
        ),
    ],
)
def test_files_that_are_no_keys(bench: SheetsBench, text: str, says: str) -> None:
    (bench.folder / "key.json").write_text(text)
    with pytest.raises(NeedsOwner, match=says) as raised:
        bench.table.read()
    assert "Add key" in str(raised.value)


def test_a_file_that_is_not_there_or_no_text(bench: SheetsBench) -> None:
    with pytest.raises(NeedsOwner, match=r"none\.json can't be read"):
        bench.opened(credentials="none.json").read()
    (bench.folder / "key.json").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(NeedsOwner, match="not text"):
        bench.table.read()


def test_a_key_that_was_put_there_later_needs_no_restart(bench: SheetsBench) -> None:
    text = (bench.folder / "key.json").read_text()
    (bench.folder / "key.json").unlink()
    with pytest.raises(NeedsOwner):
        bench.table.read()
    (bench.folder / "key.json").write_text(text)
    assert len(bench.table.read().rows) == 3


def test_a_key_that_was_replaced_needs_no_restart(bench: SheetsBench) -> None:
    bench.table.read()
    bench.service.accounts.revoke(ROBOT)
    with pytest.raises(NeedsOwner, match="make a new one"):
        bench.table.read()
    (bench.folder / "key.json").write_text(json.dumps(bench.service.accounts.service_account(ROBOT, bench.server.base)))
    assert len(bench.table.read().rows) == 3


def test_the_key_as_a_secret(bench: SheetsBench) -> None:
    key = (bench.folder / "key.json").read_text()

    def opened(secret: Callable[[str], str]) -> Any:
        said = {"spreadsheet": bench.file.id, "tab": TAB, "credentials_secret": "SHEETS_KEY", "endpoint": bench.server.base}
        place = Place(name="Ops", base=bench.folder, id_column="ID", name_column="Name", secret=secret)
        return BACKEND.open(GoogleSheetsSettings.model_validate(said), place)

    table = opened({"SHEETS_KEY": key}.__getitem__)
    assert len(table.read().rows) == 3
    table.close()
    with pytest.raises(NeedsOwner, match=r"SHEETS_KEY=… into \.env"):
        opened({}.__getitem__).read()
    with pytest.raises(NeedsOwner) as raised:
        opened({"SHEETS_KEY": json.dumps({"private_key": "hush"})}.__getitem__).read()
    assert "hush" not in str(raised.value)


def test_the_scopes_are_no_wider_than_needed(bench: SheetsBench) -> None:
    bench.table.read()
    asked = {scope for grant in bench.service.accounts.tokens.values() for scope in grant.scopes}
    assert asked == {
        "https://www.googleapis.com/auth/spreadsheets",
        "https://www.googleapis.com/auth/drive.metadata.readonly",
    }


def test_a_token_is_fetched_again_before_it_ends(bench: SheetsBench) -> None:
    bench.table.read()
    for grant in bench.service.accounts.tokens.values():
        grant.until = bench.clock.now() - timedelta(seconds=1)
    bench.table.read()
    assert bench.service.journal.counts()["token"] == 2


def test_nothing_of_googles_is_imported_before_it_is_needed() -> None:
    code = (
        "import sys, connectors, rowd.cli, rowd.wiring; connectors.load('local'); connectors.load('google_sheets');"
        "print([m for m in sys.modules if m.split('.')[0] in ('gspread', 'google', 'requests')])"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False, timeout=60)
    assert (done.stdout.strip(), done.stderr) == ("[]", "")
