"""Requests of batchUpdate: all of them or none, and what each of them does."""

from __future__ import annotations

from typing import Any

import pytest

from tests.emulators.core.exchange import Json
from tests.emulators.google_sheets import OWNER, GoogleSheets
from tests.emulators.google_sheets.calls import Calls

ROWS = {"dimension": "ROWS"}


def area(top: int, bottom: int, left: int, right: int) -> dict[str, Json]:
    return {"startRowIndex": top, "endRowIndex": bottom, "startColumnIndex": left, "endColumnIndex": right}


def texts(*rows: tuple[str, ...]) -> list[Json]:
    return [{"values": [{"userEnteredValue": {"stringValue": text}} for text in row]} for row in rows]


def test_one_bad_request_undoes_all_of_them(calls: Calls) -> None:
    calls.put("A1", [["a"], ["b"], ["c"]])
    before = calls.sheets("GET", includeGridData="true")
    refused = calls.no_batch(
        {"deleteDimension": {"range": {**ROWS, "startIndex": 0, "endIndex": 1}}},
        {
            "updateSheetProperties": {
                "properties": {"title": "New", "gridProperties": {"frozenRowCount": 1}},
                "fields": "title,gridProperties.frozenRowCount",
            }
        },
        {"updateCells": {"start": {}, "rows": texts(("x",)), "fields": "userEnteredValue"}},
        {"addSheet": {"properties": {"title": "Other"}}},
        {"deleteSheet": {"sheetId": 5}},
    )
    assert refused == (400, "Invalid requests[4].deleteSheet: No sheet with id: 5")
    assert calls.sheets("GET", includeGridData="true") == before
    renamed = {"updateSpreadsheetProperties": {"properties": {"title": "Other"}, "fields": "title"}}
    assert calls.no_batch(renamed, {"deleteSheet": {"sheetId": 5}})[0] == 400
    assert calls.drive("GET", f"/{calls.id}", fields="name").json == {"name": "Ops"}


@pytest.mark.parametrize(
    ("request_", "message"),
    [
        (
            {"addSheet": {"properties": {"title": "sheet1"}}},
            'A sheet with the name "sheet1" already exists. Please enter another name.',
        ),
        ({"deleteSheet": {"sheetId": 0}}, "You can't remove all the visible sheets in a document."),
        (
            {"deleteDimension": {"range": {**ROWS, "startIndex": 999, "endIndex": 1001}}},
            "Cannot delete a row that doesn't exist. Tried to delete row index 1000 but there are only 1000 rows.",
        ),
        (
            {"deleteDimension": {"range": {**ROWS, "startIndex": 0, "endIndex": 1000}}},
            "You can't delete all the rows on the sheet.",
        ),
        (
            {"insertDimension": {"range": {**ROWS, "startIndex": 1000, "endIndex": 1001}}},
            "range.startIndex[1000] must be less than the grid size (1000) if inheritFromBefore is false.",
        ),
        (
            {"updateCells": {"range": area(0, 1, 0, 1), "rows": texts(("a", "b")), "fields": "*"}},
            "Attempting to write column: 1, beyond the last requested column of: 0",
        ),
        (
            {"appendCells": {"rows": texts(("x",) * 27), "fields": "*"}},
            "Attempting to write column: 26, beyond the last requested column of: 25",
        ),
        (
            {
                "updateSheetProperties": {
                    "properties": {"gridProperties": {"rowCount": 10_000_000}},
                    "fields": "gridProperties.rowCount",
                }
            },
            "This action would increase the number of cells in the workbook above the limit of 10000000 cells.",
        ),
        (
            {"updateCells": {"range": area(0, 1, 0, 1), "rows": []}},
            "At least one field must be listed in 'fields'. (Use '*' to indicate all fields.)",
        ),
    ],
)
def test_refusals(calls: Calls, request_: dict[str, Json], message: str) -> None:
    assert calls.no_batch(request_) == (400, f"Invalid requests[0].{next(iter(request_))}: {message}")


def test_what_is_no_request(calls: Calls) -> None:
    assert calls.no_batch() == (400, "Must specify at least one request.")
    assert (
        calls.no_batch({"makeCoffee": {}})[1]
        == "Invalid JSON payload received. Unknown name \"makeCoffee\" at 'requests[0]': Cannot find field."
    )
    unknown = calls.no_batch({"addSheet": {"properties": {"name": "x"}}})
    assert unknown == (
        400,
        "Invalid JSON payload received. Unknown name \"name\" at 'requests[0].add_sheet.properties': Cannot find field.",
    )
    assert calls.no_batch({"addChart": {}}) == (501, "the request addChart is not emulated")
    assert len(calls.service.unserved) == 1


def test_tabs(calls: Calls) -> None:
    calls.put("A1", [["a"]])
    reply = calls.batch(
        {
            "addSheet": {
                "properties": {
                    "title": "Second",
                    "sheetId": 7,
                    "gridProperties": {"rowCount": 3, "columnCount": 2, "frozenRowCount": 1},
                }
            }
        },
        {"duplicateSheet": {"sourceSheetId": 0, "insertSheetIndex": 1, "newSheetName": "Copy", "newSheetId": 8}},
        {"updateSheetProperties": {"properties": {"sheetId": 7, "index": 0, "hidden": True}, "fields": "index,hidden"}},
        {"updateSheetProperties": {"properties": {"sheetId": 7, "hidden": False}, "fields": "hidden"}},
    )
    assert reply[0]["addSheet"]["properties"] == {
        "sheetId": 7,
        "title": "Second",
        "index": 1,
        "sheetType": "GRID",
        "gridProperties": {"rowCount": 3, "columnCount": 2, "frozenRowCount": 1},
    }
    told = calls.sheets("GET", fields="sheets.properties(sheetId,title,index)")["sheets"]
    assert [sheet["properties"] for sheet in told] == [
        {"sheetId": 7, "title": "Second", "index": 0},
        {"sheetId": 0, "title": "Sheet1", "index": 1},
        {"sheetId": 8, "title": "Copy", "index": 2},
    ]
    assert calls.get("Copy!A1") == [["a"]]
    calls.batch({"deleteSheet": {"sheetId": 0}})
    assert calls.refused("GET", "/values/Sheet1!A1")[0] == 400


def test_rows_and_columns(calls: Calls) -> None:
    calls.put("A1", [["a", "1"], ["b", "2"], ["c", "3"], ["d", "4"]])
    calls.batch(
        {"moveDimension": {"source": {**ROWS, "startIndex": 0, "endIndex": 1}, "destinationIndex": 3}},
        {"moveDimension": {"source": {"dimension": "COLUMNS", "startIndex": 1, "endIndex": 2}, "destinationIndex": 0}},
        {"insertDimension": {"range": {**ROWS, "startIndex": 1, "endIndex": 2}, "inheritFromBefore": True}},
        {"appendDimension": {"dimension": "ROWS", "length": 5}},
        {"deleteDimension": {"range": {**ROWS, "startIndex": 4, "endIndex": 5}}},
    )
    assert calls.get("Sheet1") == [["2", "b"], [], ["3", "c"], ["1", "a"]]
    assert calls.sheets("GET", "/values/Sheet1")["range"] == "Sheet1!A1:Z1005"


def test_sorting_puts_numbers_before_texts_before_truths_and_nothing_last(calls: Calls) -> None:
    calls.put("A1", [["b"], [True], [""], [10], ["A"], [9], [False], ["10"]])
    spec: Any = {"sortRange": {"range": area(0, 8, 0, 1), "sortSpecs": [{"dimensionIndex": 0, "sortOrder": "ASCENDING"}]}}
    calls.batch(spec)
    assert calls.get("A1:A8", valueRenderOption="UNFORMATTED_VALUE") == [[9], [10], ["10"], ["A"], ["b"], [False], [True]]
    spec["sortRange"]["sortSpecs"][0]["sortOrder"] = "DESCENDING"
    calls.batch(spec)
    assert calls.get("A1:A8", valueRenderOption="UNFORMATTED_VALUE") == [[True], [False], ["b"], ["A"], ["10"], [10], [9]]


def test_cells(calls: Calls) -> None:
    bold = {"userEnteredFormat": {"textFormat": {"bold": True}}}
    calls.batch(
        {"updateCells": {"range": area(0, 2, 0, 2), "rows": texts(("a", "b"), ("c",)), "fields": "userEnteredValue"}},
        {"repeatCell": {"range": area(0, 1, 0, 2), "cell": bold, "fields": "userEnteredFormat.textFormat.bold"}},
        {"appendCells": {"rows": texts(("x", "y")), "fields": "userEnteredValue"}},
        {
            "repeatCell": {
                "range": area(0, 2, 3, 4),
                "cell": {"userEnteredValue": {"formulaValue": "=A1"}},
                "fields": "userEnteredValue",
            }
        },
    )
    assert calls.get("Sheet1") == [["a", "b", "", "a"], ["c", "", "", "c"], ["x", "y"]]
    calls.batch({"updateCells": {"range": area(0, 2, 0, 2), "rows": texts(("z",)), "fields": "userEnteredValue"}})
    assert calls.get("A1:B2") == [["z"]]
    data = calls.sheets("GET", ranges="A1:B1", fields="sheets.data.rowData.values.userEnteredFormat")["sheets"][0]["data"]
    assert data == [{"rowData": [{"values": [bold, bold]}]}]


def test_formats_come_back_with_both_names_of_a_colour(calls: Calls) -> None:
    calls.put("A1", [["a"]])
    look = {"userEnteredFormat": {"backgroundColor": {"red": 1, "green": 0.5}, "textFormat": {"bold": True}}}
    calls.batch(
        {"repeatCell": {"range": area(0, 1, 0, 1), "cell": look, "fields": "userEnteredFormat(backgroundColor,textFormat.bold)"}}
    )

    def told(name: str) -> Json:
        data = calls.sheets("GET", ranges="A1", fields=f"sheets.data.rowData.values.{name}")["sheets"][0]["data"][0]
        return data["rowData"][0]["values"][0][name]

    orange = {"red": 1, "green": 0.49803922}
    mine = {"backgroundColor": orange, "backgroundColorStyle": {"rgbColor": orange}, "textFormat": {"bold": True}}
    assert told("userEnteredFormat") == mine
    assert (told("effectiveFormat")["backgroundColor"], told("effectiveFormat")["verticalAlignment"]) == (orange, "BOTTOM")
    style = {"userEnteredFormat": {"backgroundColorStyle": {"rgbColor": {"blue": 1}}}}
    calls.batch({"repeatCell": {"range": area(0, 1, 0, 1), "cell": style, "fields": "userEnteredFormat.backgroundColorStyle"}})
    assert told("userEnteredFormat")["backgroundColor"] == {"blue": 1}


def test_copy_cut_and_find(calls: Calls) -> None:
    calls.put("A1", [["one", 1], ["two", 2]])
    calls.typed("C1", "=B1*10")
    calls.batch({"copyPaste": {"source": area(0, 1, 2, 3), "destination": area(1, 2, 2, 3), "pasteType": "PASTE_NORMAL"}})
    calls.batch({"copyPaste": {"source": area(0, 2, 2, 3), "destination": area(0, 2, 3, 4), "pasteType": "PASTE_VALUES"}})
    assert calls.get("C1:D2", valueRenderOption="FORMULA") == [["=B1*10", 10], ["=B2*10", 20]]
    calls.batch(
        {"cutPaste": {"source": area(0, 2, 0, 1), "destination": {"rowIndex": 4, "columnIndex": 5}, "pasteType": "PASTE_NORMAL"}}
    )
    assert (calls.get("A1:A2"), calls.get("F5:F6")) == (None, [["one"], ["two"]])
    reply = calls.batch({"findReplace": {"find": "O", "replacement": "0", "allSheets": True}})
    assert reply == [{"findReplace": {"valuesChanged": 2, "rowsChanged": 2, "sheetsChanged": 1, "occurrencesChanged": 2}}]
    assert calls.get("F5:F6") == [["0ne"], ["tw0"]]


def test_conditional_formats_and_named_ranges_move_with_their_rows(calls: Calls) -> None:
    rule = {
        "ranges": [area(1, 5, 0, 1)],
        "booleanRule": {"condition": {"type": "TEXT_EQ", "values": [{"userEnteredValue": "x"}]}, "format": {}},
    }
    calls.batch(
        {"addConditionalFormatRule": {"rule": rule, "index": 0}},
        {"addNamedRange": {"namedRange": {"name": "stock", "namedRangeId": "n1", "range": area(1, 5, 0, 1)}}},
        {"insertDimension": {"range": {**ROWS, "startIndex": 0, "endIndex": 2}}},
    )
    told = calls.sheets("GET", fields="namedRanges,sheets.conditionalFormats.ranges")
    assert told["namedRanges"][0]["range"] == told["sheets"][0]["conditionalFormats"][0]["ranges"][0] == area(3, 7, 0, 1)
    reply = calls.batch(
        {"updateConditionalFormatRule": {"rule": {**rule, "ranges": [area(0, 1, 0, 1)]}, "index": 0}},
        {"deleteConditionalFormatRule": {"index": 0}},
    )
    assert reply[1]["deleteConditionalFormatRule"]["rule"]["ranges"] == [area(0, 1, 0, 1)]
    calls.batch(
        {"updateNamedRange": {"namedRange": {"namedRangeId": "n1", "name": "goods"}, "fields": "name"}},
        {"deleteNamedRange": {"namedRangeId": "n1"}},
    )
    assert calls.sheets("GET", fields="namedRanges,sheets.conditionalFormats") == {"sheets": [{}]}


def test_a_protected_range_keeps_others_out_and_a_warning_does_not(calls: Calls, service: GoogleSheets) -> None:
    file = service.files.get(calls.id)
    assert file is not None
    service.files.share(file, "other@example.com", "writer")
    other = Calls(service, calls.id, service.accounts.token("other@example.com"))
    # gspread: test_add_protected_range_normal, …_warning
    reply = calls.batch(
        {"addProtectedRange": {"protectedRange": {"range": area(0, 1, 0, 2), "warningOnly": True, "editors": None}}}
    )
    assert reply[0]["addProtectedRange"]["protectedRange"]["editors"] == {}
    other.put("A1", [["fine"]])
    number = reply[0]["addProtectedRange"]["protectedRange"]["protectedRangeId"]
    calls.batch(
        {"updateProtectedRange": {"protectedRange": {"protectedRangeId": number, "warningOnly": False}, "fields": "warningOnly"}}
    )
    told = calls.sheets("GET", fields="sheets.protectedRanges")["sheets"][0]["protectedRanges"]
    assert told == [
        {"protectedRangeId": number, "range": area(0, 1, 0, 2), "requestingUserCanEdit": True, "editors": {"users": [OWNER]}}
    ]
    assert "requestingUserCanEdit" not in other.sheets("GET", fields="sheets.protectedRanges")["sheets"][0]["protectedRanges"][0]
    status, message = other.refused("PUT", "/values/A1", {"values": [["no"]]}, valueInputOption="RAW")
    assert (status, message[:50]) == (400, "You are trying to edit a protected cell or object.")
    calls.put("A1", [["mine"]])
    calls.batch({"deleteProtectedRange": {"protectedRangeId": number}})
    other.put("A1", [["again"]])


def test_tables(calls: Calls) -> None:
    calls.put("A1", [["ID", "Status"], [1, "active"], ["", ""]])
    status = {
        "columnIndex": 1,
        "columnName": "Status",
        "columnType": "DROPDOWN",
        "dataValidationRule": {"condition": {"type": "ONE_OF_LIST", "values": [{"userEnteredValue": "active"}]}},
    }
    reply = calls.batch(
        {"addTable": {"table": {"name": "Tasks", "tableId": "t1", "range": area(0, 3, 0, 2), "columnProperties": [status]}}}
    )
    assert reply[0]["addTable"]["table"]["columnProperties"] == [{"columnName": "ID"}, status]
    calls.batch({"appendCells": {"tableId": "t1", "rows": texts(("2", "paused"), ("3", "active")), "fields": "userEnteredValue"}})
    assert calls.get("Sheet1") == [["ID", "Status"], ["1", "active"], ["2", "paused"], ["3", "active"]]
    assert calls.sheets("GET", fields="sheets.tables.range")["sheets"][0]["tables"] == [{"range": area(0, 4, 0, 2)}]
    calls.batch({"updateTable": {"table": {"tableId": "t1", "name": "Jobs"}, "fields": "name"}}, {"deleteTable": {"tableId": "t1"}})
    assert calls.get("Sheet1") is None


@pytest.mark.parametrize(
    ("range_", "named"),
    [
        ({"startRowIndex": 999}, ""),
        ({"startRowIndex": 1000, "startColumnIndex": 0, "endColumnIndex": 2}, "A1001:B"),
        ({"startRowIndex": 1000, "endRowIndex": 1001, "startColumnIndex": 0, "endColumnIndex": 2}, "A1001:B1001"),
        ({"startRowIndex": 0, "endRowIndex": 2, "startColumnIndex": 26, "endColumnIndex": 27}, "AA1:AA2"),
        ({"startRowIndex": 0, "endRowIndex": 2, "startColumnIndex": 26}, "AA1:2"),
        ({"startRowIndex": 999, "endRowIndex": 1003}, ""),
        ({"startRowIndex": 3, "endRowIndex": 3}, ""),
    ],
)
def test_a_range_that_begins_beyond_the_grid_is_refused_and_one_that_ends_there_is_taken(
    calls: Calls, range_: dict[str, Json], named: str
) -> None:
    # Measured by somebody in September 2026, with repeatCell
    request: Json = {"repeatCell": {"range": range_, "cell": {"note": "n"}, "fields": "note"}}
    if not named:
        calls.batch(request)
        assert calls.sheets("GET", "/values/Sheet1")["range"] == "Sheet1!A1:Z1000"
        return
    text = f"Invalid requests[0].repeatCell: Range (Sheet1!{named}) exceeds grid limits. Max rows: 1000, max columns: 26"
    assert calls.no_batch(request) == (400, text)


def test_everything_that_is_wrong_with_a_body_is_told_at_once_and_before_all_else(calls: Calls) -> None:
    # brekkylab/backlot#340
    body = {"requests": [{"sortRange": {"range": {"startRowIndex": "x"}, "sortSpecs": [{"sortOrder": 5}]}}]}
    answer = calls.ask("POST", "/v4/spreadsheets/nowhere:batchUpdate", body)
    assert answer.json["error"]["message"].split("\n") == [
        "Invalid value at 'requests[0].sort_range.range.start_row_index.value' (TYPE_INT32), \"x\"",
        "Invalid value at 'requests[0].sort_range.sort_specs[0].sort_order' (TYPE_STRING), 5",
    ]


def test_a_warning_has_no_editors(calls: Calls) -> None:
    protection = {"range": area(0, 1, 0, 1), "warningOnly": True, "editors": {"users": ["me@example.com"]}}
    refused = calls.no_batch({"addProtectedRange": {"protectedRange": protection}})
    assert refused[1] == "Invalid requests[0].addProtectedRange: ProtectedRange is warningOnly. Editors cannot be set on it."


def test_masks(calls: Calls) -> None:
    # gspread: test_worksheet_notes, test_set_tab_color
    assert calls.sheets("GET", fields="sheets.properties.tabColorStyle") == {"sheets": [{"properties": {}}]}
    assert calls.sheets("GET", ranges="'Sheet1'!A1", fields="sheets/data/rowData/values/note") == {"sheets": [{"data": [{}]}]}
    colour = {"tabColorStyle": {"rgbColor": {"red": 1, "green": 0, "blue": 0.5}}}
    calls.batch({"updateSheetProperties": {"properties": colour, "fields": "tabColorStyle"}})
    told = calls.sheets("GET", fields="sheets.properties.tabColorStyle")["sheets"][0]["properties"]
    assert told == {"tabColorStyle": {"rgbColor": {"red": 1, "blue": 0.49803922}}}
    wrong = calls.ask("GET", f"/v4/spreadsheets/{calls.id}", fields="sheets.property")
    assert wrong.json["error"]["details"][0]["fieldViolations"][0]["description"] == (
        "Error expanding 'fields' parameter. Cannot find matching fields for path 'sheets.property'."
    )
    late = calls.ask(
        "PUT", f"/v4/spreadsheets/{calls.id}/values/A1", {"values": [["x"]]}, valueInputOption="RAW", fields="nonsense"
    )
    assert (late.status, calls.get("A1")) == (400, None)
    both = calls.sheets("GET", fields="spreadsheetId,sheets(properties(title),data/startRow)", ranges="A3:A4")
    assert both == {"spreadsheetId": calls.id, "sheets": [{"properties": {"title": "Sheet1"}, "data": [{"startRow": 2}]}]}


@pytest.mark.parametrize(
    ("request_", "path", "oneof", "second"),
    [
        ({"addSheet": {}, "deleteSheet": {"sheetId": 1}}, "requests[0]", "kind", "deleteSheet"),
        (
            {"repeatCell": {"cell": {"userEnteredValue": {"numberValue": 1, "stringValue": "1"}}, "fields": "*"}},
            "requests[0].repeat_cell.cell.user_entered_value",
            "value",
            "stringValue",
        ),
        (
            {"deleteDeveloperMetadata": {"dataFilter": {"a1Range": "A1", "developerMetadataLookup": {}}}},
            "requests[0].delete_developer_metadata.data_filter",
            "filter",
            "developerMetadataLookup",
        ),
    ],
)
def test_of_alternatives_only_one_may_be_given(calls: Calls, request_: Json, path: str, oneof: str, second: str) -> None:
    wanted = f"Invalid value at '{path}' (oneof), oneof field '{oneof}' is already set. Cannot set '{second}'"
    assert calls.no_batch(request_) == (400, wanted)


def test_a_field_mask_says_by_itself_whether_cells_come_with_the_answer(calls: Calls) -> None:
    calls.put("Sheet1!A1", [["a"]])
    body = {
        "requests": [{"updateSheetProperties": {"properties": {"title": "Tasks"}, "fields": "title"}}],
        "includeSpreadsheetInResponse": True,
        "responseRanges": ["Tasks"],
    }
    mask = "updatedSpreadsheet(sheets(properties(title),data(rowData(values(formattedValue)))))"
    told = calls.sheets("POST", ":batchUpdate", body, fields=mask)["updatedSpreadsheet"]
    assert told == {"sheets": [{"properties": {"title": "Tasks"}, "data": [{"rowData": [{"values": [{"formattedValue": "a"}]}]}]}]}
    assert "data" not in calls.sheets("POST", ":batchUpdate", body)["updatedSpreadsheet"]["sheets"][0]
