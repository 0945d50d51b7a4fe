"""gspread, unchanged, at its daily work over a real socket; and Google's own client."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from typing import Any

import gspread
import pytest
from gspread.exceptions import APIError, SpreadsheetNotFound, WorksheetNotFound
from gspread.utils import InsertDataOption, ValidationConditionType, ValueInputOption, ValueRenderOption

from tests.emulators.core.clock import SetClock
from tests.emulators.core.exchange import Answer
from tests.emulators.core.faults import Fault
from tests.emulators.core.server import Server
from tests.emulators.google_sheets import OWNER, GoogleSheets
from tests.emulators.google_sheets.calls import credentials, gspread_client

httplib2: Any = import_module("httplib2")  # Google's own libraries have no types
google_auth_httplib2: Any = import_module("google_auth_httplib2")
discovery: Any = import_module("googleapiclient.discovery")
HEADER = ["ID", "Name", "Status", "Current"]


@pytest.fixture
def gc(service: GoogleSheets, server: Server) -> Iterator[gspread.Client]:
    client = gspread_client(server.base, service.accounts.token(OWNER))
    client.set_timeout((5, 5))
    yield client
    client.http_client.session.close()


def test_create_fill_and_page_a_thousand_rows(gc: gspread.Client) -> None:
    book = gc.create("Tasks of everyone")
    tab = book.sheet1
    assert (tab.title, tab.id, tab.row_count, tab.col_count) == ("Sheet1", 0, 1000, 26)
    rows: list[list[Any]] = [[n, f"task {n}", "active", n % 5] for n in range(1, 1001)]
    tab.append_rows([HEADER, *rows], insert_data_option=InsertDataOption.insert_rows, table_range="A1")
    read: list[list[Any]] = []
    for start in range(1, 1002, 250):
        read += tab.get(f"A{start}:D{start + 249}", value_render_option=ValueRenderOption.unformatted)
    assert read == [HEADER, *rows]
    assert len(tab.get_all_records()) == 1000
    assert [cell.row for cell in tab.findall("task 7")] == [8]
    assert gc.open("Tasks of everyone").id == book.id


def test_filter_and_update_in_one_batch(gc: gspread.Client) -> None:
    tab = gc.create("Ops").add_worksheet("Tasks", 20, 8)
    tab.update([HEADER, *([n, f"t{n}", "active", n] for n in range(1, 6))], "A1")
    low = [row for row, record in enumerate(tab.get_all_records(), 2) if int(record["Current"]) < 3]
    tab.batch_update([{"range": f"C{row}", "values": [["paused"]]} for row in low])
    assert tab.col_values(3) == ["Status", "paused", "paused", "active", "active", "active"]
    tab.batch_update([{"range": "A2:D2", "values": [[None, "renamed", None, ""]]}])
    assert tab.row_values(2) == ["1", "renamed", "paused"]
    tab.update([["=SUM(D3:D6)"]], "E1", value_input_option=ValueInputOption.user_entered)
    assert tab.acell("E1").value == "14"
    assert tab.acell("E1", value_render_option=ValueRenderOption.formula).value == "=SUM(D3:D6)"


def test_the_helpers(gc: gspread.Client) -> None:
    book = gc.create("Ops")
    tab = book.sheet1
    tab.update([["Status", "When"], ["active", 45643]], "A1")
    tab.freeze(rows=1)
    tab.add_validation("A2:A10", ValidationConditionType.one_of_list, ["active", "paused"], strict=True, showCustomUi=True)
    tab.format("B2:B10", {"numberFormat": {"type": "DATE", "pattern": "yyyy-mm-dd"}, "textFormat": {"bold": True}})
    tab.insert_note("A1", "one of active, paused")
    tab.set_basic_filter("A1:B10")
    tab.add_protected_range("A1:B1", warning_only=True)
    tab.define_named_range("A2:A10", "statuses")
    assert (tab.get("B2"), tab.get_note("A1"), book.values_get("statuses")["values"]) == (
        [["2024-12-17"]],
        "one of active, paused",
        [["active"]],
    )
    assert book.sheet1.frozen_row_count == 1
    tab.insert_row(["paused", ""], 2)
    tab.sort((1, "des"), range="A2:B3")
    assert tab.get_all_values() == [["Status", "When"], ["paused", ""], ["active", "2024-12-17"]]
    tab.delete_rows(2)
    tab.resize(rows=5)
    tab.update_title("Statuses")
    copy = tab.row_count, book.worksheet("Statuses").title
    assert copy == (5, "Statuses")
    tab.batch_clear(["A2"])
    assert tab.get("A2") == [[]]
    tab.clear()
    book.del_worksheet(book.add_worksheet("Other", 1, 1))
    assert [sheet.title for sheet in book.worksheets()] == ["Statuses"]
    assert [one["name"] for one in gc.list_spreadsheet_files()] == ["Ops"]
    gc.del_spreadsheet(book.id)
    with pytest.raises(SpreadsheetNotFound):
        gc.open_by_key(book.id)


def test_a_new_row_lands_in_another_column_after_a_gap(gc: gspread.Client) -> None:
    tab = gc.create("Log").sheet1
    tab.append_row(["x", "", "y"])
    assert tab.append_row(["x", "", "y"])["updates"]["updatedRange"] == "Sheet1!C2:E2"  # gspread#537, #575, #689, #735


def test_errors(gc: gspread.Client, service: GoogleSheets) -> None:
    with pytest.raises(SpreadsheetNotFound) as missing:
        gc.open_by_key("test")
    assert isinstance(missing.value.__cause__, APIError)
    stranger = service.new_spreadsheet("Private", "stranger@example.com")
    with pytest.raises(PermissionError) as closed:
        gc.open_by_key(stranger.id)
    assert isinstance(closed.value.__cause__, APIError)
    assert closed.value.__cause__.code == 403
    book = gc.create("Ops")
    with pytest.raises(WorksheetNotFound):
        book.worksheet("NoSuchTab")
    with pytest.raises(APIError, match=r"\[400\]: Unable to parse range: 'NoSuchTab'!A1:Z100"):
        book.values_get("'NoSuchTab'!A1:Z100")
    with pytest.raises(APIError, match="You can't hide all the sheets in a document"):
        book.sheet1.hide()
    service.enabled = False
    with pytest.raises(PermissionError) as off:
        gc.open_by_key(book.id)
    assert isinstance(off.value.__cause__, APIError)
    assert off.value.__cause__.error["details"][0]["reason"] == "SERVICE_DISABLED"


def test_too_many_in_a_minute(gc: gspread.Client, service: GoogleSheets, clock: SetClock) -> None:
    tab = gc.create("Ops").sheet1
    before = service.journal.counts()["spreadsheets.get"]
    for _ in range(60 - before):
        tab.get("A1")
    with pytest.raises(APIError) as full:
        tab.get("A1")
    assert (full.value.code, full.value.error["status"]) == (429, "RESOURCE_EXHAUSTED")
    assert full.value.error["details"][0]["metadata"]["quota_limit"] == "ReadRequestsPerMinutePerUser"
    assert "Retry-After" not in full.value.response.headers
    tab.update([["a"]], "A1")
    clock.advance(seconds=50)
    assert tab.get("A1") == [["a"]]


def test_what_comes_in_the_way(gc: gspread.Client, service: GoogleSheets) -> None:
    tab = gc.create("Ops").sheet1
    service.faults.add(Fault("values.get", times=1, answer=Answer.html(502, "<h1>Bad Gateway</h1>")))
    with pytest.raises(APIError) as page:
        tab.get("A1")
    assert page.value.code == -1  # VENDORS.md A8: HTML
    service.faults.add(Fault("values.append", times=1, answer=Answer.of(503, {"error": {"code": 503}}), committed=True))
    with pytest.raises(APIError):
        tab.append_row(["a"])
    assert tab.get_all_values() == [["a"]]


def test_googles_own_client(service: GoogleSheets, server: Server) -> None:
    def at(name: str, version: str, path: str) -> Any:
        http = google_auth_httplib2.AuthorizedHttp(credentials(token=service.accounts.token(OWNER)), http=httplib2.Http())
        return discovery.build(name, version, http=http, client_options={"api_endpoint": server.base + path})

    with at("sheets", "v4", "/") as sheets, at("drive", "v3", "/drive/v3/") as drive:
        made = (
            sheets.spreadsheets()
            .create(body={"properties": {"title": "Ops"}, "sheets": [{"properties": {"title": "Tasks"}}]})
            .execute()
        )
        values = sheets.spreadsheets().values()
        key = made["spreadsheetId"]
        values.append(spreadsheetId=key, range="Tasks", valueInputOption="RAW", body={"values": [["a", 1]]}).execute()
        assert values.get(spreadsheetId=key, range="Tasks!A1:B2").execute()["values"] == [["a", "1"]]
        many = values.batchGet(spreadsheetId=key, ranges=[f"Tasks!A{n}:B{n}" for n in range(1, 200)]).execute()
        assert (len(many["valueRanges"]), many["valueRanges"][0]["values"]) == (199, [["a", "1"]])
        place = {"dimensionRange": {"dimension": "ROWS", "startIndex": 0, "endIndex": 1}}
        entry = {"metadataKey": "rowd.id", "metadataValue": "r1", "visibility": "DOCUMENT", "location": place}
        sheets.spreadsheets().batchUpdate(
            spreadsheetId=key, body={"requests": [{"createDeveloperMetadata": {"developerMetadata": entry}}]}
        ).execute()
        found = (
            sheets.spreadsheets()
            .developerMetadata()
            .search(spreadsheetId=key, body={"dataFilters": [{"developerMetadataLookup": {"metadataKey": "rowd.id"}}]})
        )
        assert found.execute()["matchedDeveloperMetadata"][0]["developerMetadata"]["metadataValue"] == "r1"
        assert drive.files().get(fileId=key, fields="version").execute() == {"version": "3"}


def test_sharing_copying_and_exporting(gc: gspread.Client, service: GoogleSheets) -> None:
    book = gc.create("Ops")
    book.sheet1.update([["a", 1]], "A1")
    book.share("other@example.com", perm_type="user", role="writer", notify=False)
    assert {(one["role"], one["emailAddress"]) for one in book.list_permissions()} == {
        ("owner", OWNER),
        ("writer", "other@example.com"),
    }
    book.remove_permissions("other@example.com")
    assert len(book.list_permissions()) == 1
    copy = gc.copy(book.id, title="Ops of last week")
    assert copy.sheet1.get_all_values() == [["a", "1"]]
    assert book.export(gspread.utils.ExportFormat.CSV) == b"a,1"
    assert book.get_lastUpdateTime() == "2026-03-02T12:00:10.000Z"
    book.update_title("Operations")
    assert gc.open("Operations").id == book.id
    book.update_locale("de_DE")
    book.update_timezone("Europe/Berlin")
    assert (book.locale, book.timezone) == ("de_DE", "Europe/Berlin")


def test_tabs_rows_and_columns(gc: gspread.Client, service: GoogleSheets) -> None:
    book = gc.create("Ops")
    tab = book.sheet1
    tab.update([["a", "b"], ["c", "d"]], "A1")
    twin = tab.duplicate(new_sheet_name="Twin")
    assert (twin.index, twin.get_all_values()) == (0, [["a", "b"], ["c", "d"]])
    book.reorder_worksheets([tab, twin])
    assert [sheet.title for sheet in book.worksheets()] == ["Sheet1", "Twin"]
    tab.insert_cols([["x", "y"]], col=2)
    tab.add_rows(5)
    tab.delete_columns(1)
    assert (tab.get_all_values(), book.worksheet("Sheet1").row_count) == ([["x", "b"], ["y", "d"]], 1005)
    tab.copy_range("A1:B1", "A3")
    tab.cut_range("A2:B2", "A4")
    assert tab.get_all_values() == [["x", "b"], ["", ""], ["x", "b"], ["y", "d"]]
    tab.hide_rows(0, 2)
    tab.add_dimension_group_rows(1, 3)
    tab.merge_cells("A1:B1")
    tab.update_tab_color("#ff8000")
    assert book.worksheet("Sheet1").get_tab_color() == "#FF8000"
    tab.append_rows([["z", "=1+1"]], value_input_option=ValueInputOption.user_entered)
    assert tab.acell("B5").value == "2"
    assert [cell.address for cell in tab.findall("z")] == ["A5"]
    other = gc.create("Other")
    assert twin.copy_to(other.id)["title"] == "Copy of Twin"
    assert other.worksheet("Copy of Twin").get_all_values() == [["a", "b"], ["c", "d"]]
