"""What a tab needs, taken away piece by piece: each is told in its own sentence, with the remedy."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from connectors.api import Examinable, Table
from connectors.errors import NeedsOwner, TryLater
from connectors.preparing import Check
from tests.conformance.sheets_bench import SheetsBench, World
from tests.emulators.core.exchange import Answer
from tests.emulators.core.faults import Fault
from tests.emulators.google_sheets import ROBOT

Make = Callable[..., SheetsBench]

INFO = "type.googleapis.com/google.rpc.ErrorInfo"
DRIVE_LINK = "https://console.developers.google.com/apis/api/drive.googleapis.com/overview?project=1"


def checks(table: Table) -> list[Check]:
    assert isinstance(table, Examinable)
    return [*table.examine()]


def wrong(bench: SheetsBench, what: str) -> str:
    """What is said of the one thing that is wrong, which is the last where all else depends on it."""
    bad = [check for check in checks(bench.table) if check.good is False]
    assert [check.what for check in bad] == [what]
    return bad[0].says


def test_all_is_well_and_two_reads_and_a_look_into_drive_have_told_it(bench: SheetsBench) -> None:
    assert [(check.what, check.good) for check in checks(bench.table)] == [
        ("credentials", True),
        ("connection", True),
        ("tab", True),
        ("permission", True),
        ("room", True),
    ]
    assert bench.asked() == ["spreadsheets.get"]


def test_no_key(bench: SheetsBench) -> None:
    (bench.folder / "key.json").unlink()
    bench.table = bench.reopened()
    assert "key.json can't be read (No such file or directory). Put the file (JSON) of the key of a service account there" in wrong(
        bench, "credentials"
    )


def test_a_key_that_is_none(bench: SheetsBench) -> None:
    (bench.folder / "key.json").write_text(json.dumps({"type": "authorized_user"}))
    bench.table = bench.reopened()
    assert "is no key of a service account: its type is authorized_user" in wrong(bench, "credentials")


def test_a_key_that_was_revoked(bench: SheetsBench) -> None:
    bench.service.accounts.revoke(ROBOT)
    assert "Google gives no access token" in wrong(bench, "connection")


def test_not_shared(bench: SheetsBench) -> None:
    bench.person.unshare(ROBOT)
    said = wrong(bench, "connection")
    assert "is not shared with rowd" in said
    assert f"press Share, and add {ROBOT} as an Editor" in said


def test_shared_for_reading_only(bench: SheetsBench) -> None:
    bench.person.share(ROBOT, "reader")
    said = wrong(bench, "permission")
    assert "shared with rowd for reading only" in said
    assert f"press Share, and make {ROBOT} an Editor" in said


def test_the_api_is_not_switched_on(bench: SheetsBench) -> None:
    bench.service.enabled = False
    said = wrong(bench, "connection")
    assert "the API is not switched on" in said
    assert "https://console.developers.google.com/apis/api/sheets.googleapis.com/overview?project=" in said


def test_the_api_of_drive_is_not_switched_on(bench: SheetsBench) -> None:
    message = (
        f"Google Drive API has not been used in project 1 before or it is disabled. Enable it by visiting {DRIVE_LINK} then retry."
    )
    error = {"code": 403, "message": message, "errors": [{"domain": "usageLimits", "reason": "accessNotConfigured"}]}
    bench.service.faults.add(Fault("drive.get", answer=Answer.of(403, {"error": error})))
    said = wrong(bench, "permission")
    assert DRIVE_LINK in said
    assert "Or set ask_drive = false in rowd.toml" in said


def test_a_token_without_the_scope(bench: SheetsBench) -> None:
    details = [{"@type": INFO, "reason": "ACCESS_TOKEN_SCOPE_INSUFFICIENT"}]
    body = {
        "code": 403,
        "message": "Request had insufficient authentication scopes.",
        "status": "PERMISSION_DENIED",
        "details": details,
    }
    bench.service.faults.add(Fault("spreadsheets.get", answer=Answer.of(403, {"error": body})))
    assert "lacks the scope https://www.googleapis.com/auth/spreadsheets" in wrong(bench, "connection")


def test_no_network(bench: SheetsBench) -> None:
    bench.server.close()
    bad = checks(bench.reopened())[-1]
    assert bad.what == "connection"
    assert isinstance(bad.trouble, TryLater)
    assert "can't be reached at 127.0.0.1:" in bad.says


def test_no_such_spreadsheet(bench: SheetsBench) -> None:
    bench.table = bench.opened(spreadsheet="1NoSuchSpreadsheet")  # type: ignore[attr-defined]  # a bench knows only the contract
    assert "there is no spreadsheet 1NoSuchSpreadsheet" in wrong(bench, "connection")


def test_no_such_tab(bench: SheetsBench) -> None:
    bench.table = bench.opened(tab="Nope")
    assert 'the spreadsheet has no such tab; it has "' in wrong(bench, "tab")


def test_in_the_bin(bench: SheetsBench) -> None:
    bench.person.trash()
    assert "in the bin of Google Drive" in wrong(bench, "permission")


def test_a_spreadsheet_without_room(bench: SheetsBench) -> None:
    assert bench.file.book is not None
    columns = bench.file.book.sheets[0].columns
    bench.file.book.sheets[0].rows = bench.file.book.sheets[0].rows * (10_000_000 // len(columns) // 1000 + 1)
    assert "the most there can be" in wrong(bench, "room")


@pytest.mark.parametrize("unmatched", ["skipped", "refused"])
def test_without_drive_a_write_that_changes_nothing_tells(make: Make, unmatched: str) -> None:
    bench = make(World(switches={"unmatched_filter": unmatched}, settings={"ask_drive": False}))
    open_ = next(check for check in checks(bench.table) if check.what == "permission")
    assert open_.good is None
    assert bench.asked("x") == ["spreadsheets.get"]
    assert bench.file.book is not None
    before, entries = bench.person.seen(), dict(bench.file.book.entries)
    assert open_.proof is not None
    assert open_.proof().good is True
    bench.person.share(ROBOT, "reader")
    refused = open_.proof()
    assert isinstance(refused.trouble, NeedsOwner)
    assert "as an Editor; a Viewer can't write" in refused.says
    assert (bench.person.seen(), dict(bench.file.book.entries)) == (before, entries)
