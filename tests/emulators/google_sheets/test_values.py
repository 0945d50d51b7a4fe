"""Reading and writing cells by ranges. Facts marked "gspread" are in that project's recordings of the real service."""

from __future__ import annotations

import pytest

from tests.emulators.core.clock import SetClock
from tests.emulators.google_sheets import GoogleSheets
from tests.emulators.google_sheets.calls import Calls


def test_an_empty_range_has_no_values_and_a_ragged_one_no_empty_ends(calls: Calls) -> None:
    assert calls.sheets("GET", "/values/'Sheet1'!D4") == {"range": "Sheet1!D4", "majorDimension": "ROWS"}  # gspread: test_a1_value
    calls.put("Sheet1!A1:D4", [["A1", "B1", "", "D1"], ["", "b2", "", ""], ["", "", "", ""], ["A4", "B4", "", "D4"]])
    # gspread: test_get_all_values
    assert calls.get("Sheet1") == [["A1", "B1", "", "D1"], ["", "b2"], [], ["A4", "B4", "", "D4"]]
    assert calls.sheets("GET", "/values/Sheet1!A1:B2", majorDimension="COLUMNS") == {
        "range": "Sheet1!A1:B2",
        "majorDimension": "COLUMNS",
        "values": [["A1"], ["B1", "b2"]],
    }


def test_null_is_passed_over_and_not_counted_and_an_empty_text_clears(calls: Calls) -> None:
    calls.put("Sheet1!A1", [["a", "b"], ["c", "d"]])
    # gspread: test_update_cells_noncontiguous
    answer = calls.put("Sheet1!A1:B2", [["x", None], [None, ""]])
    assert answer == {
        "spreadsheetId": calls.id,
        "updatedRange": "Sheet1!A1:B2",
        "updatedRows": 2,
        "updatedColumns": 2,
        "updatedCells": 2,
    }
    assert calls.get("Sheet1") == [["x", "b"], ["c"]]
    assert calls.put("Sheet1!A1", [[None]]) == {"spreadsheetId": calls.id, "updatedRange": "Sheet1!A1"}


def test_nulls_in_the_place_of_words_are_as_good_as_nothing(calls: Calls) -> None:
    body = {"values": [["a"]], "majorDimension": None, "range": None}
    assert calls.sheets("PUT", "/values/Sheet1!A1", body, valueInputOption="RAW")["updatedCells"] == 1


def test_one_cell_is_where_a_write_begins_but_a_range_is_where_it_ends(calls: Calls) -> None:
    # gspread: test_values_get writes two rows of three to one cell. nithinmurali/pygsheets#132 has the refusal's words.
    assert calls.put("Sheet1!B2", [[1, 2, 3], [4, 5, 6]])["updatedRange"] == "Sheet1!B2:D3"
    raw = {"valueInputOption": "RAW"}
    column = calls.refused("PUT", "/values/Sheet1!A1:B1", {"values": [[1, 2, 3]]}, **raw)
    assert column == (400, "Requested writing within range [Sheet1!A1:B1], but tried writing to column [C]")
    row = calls.refused("PUT", "/values/Sheet1!A1:B1", {"values": [[1], [2]]}, **raw)
    assert row == (400, "Requested writing within range [Sheet1!A1:B1], but tried writing to row [2]")


def test_beyond_the_grid_nothing_is_written_and_reading_stops_at_its_edge(calls: Calls) -> None:
    beyond = (400, "Range (Sheet1!A1001:B1001) exceeds grid limits. Max rows: 1000, max columns: 26")
    assert calls.refused("PUT", "/values/Sheet1!A1001:B1001", {"values": [[1]]}, valueInputOption="RAW") == beyond
    assert calls.refused("GET", "/values/Sheet1!A1001:B1001") == beyond
    late = calls.refused("PUT", "/values/Sheet1!Z1000", {"values": [[1], [2]]}, valueInputOption="RAW")
    assert late == (400, "Requested writing within range [Sheet1!Z1000], but tried writing to row [1001]")
    # burnash/gspread#559 and nithinmurali/pygsheets#416 have such words
    assert calls.refused("GET", "/values/tab01") == (
        400,
        "Range (Sheet1!TAB1) exceeds grid limits. Max rows: 1000, max columns: 26",
    )
    cleared = calls.refused("POST", "/values:batchClear", {"ranges": ["Sheet1!A1001:ZZ"]})
    assert cleared == (400, "Invalid range[0]: Range (Sheet1!A1001:ZZ) exceeds grid limits. Max rows: 1000, max columns: 26")
    assert calls.sheets("GET", "/values/Sheet1!A2:F10001")["range"] == "Sheet1!A2:F1000"


@pytest.mark.parametrize(
    ("text", "range_"),
    [
        ("Sheet1", "Sheet1!A1:Z1000"),
        ("sheet1!a1", "Sheet1!A1"),
        ("'Sheet1'!$B$2:C3", "Sheet1!B2:C3"),
        ("Sheet1!C3:B2", "Sheet1!B2:C3"),
        ("Sheet1!A:C", "Sheet1!A1:C1000"),
        ("Sheet1!A1:C", "Sheet1!A1:C1000"),
        ("Sheet1!A5:A", "Sheet1!A5:A1000"),
        ("Sheet1!2:3", "Sheet1!A2:Z3"),
        ("Sheet1!B2:2", "Sheet1!B2:Z2"),
        ("Sheet1!R2C3:R4C5", "Sheet1!C2:E4"),
        ("B2:C3", "Sheet1!B2:C3"),
        ("'It''s'!A1", "'It''s'!A1"),
        ("Plan 2", "'Plan 2'!A1:Z1000"),
        ("Q1", "Sheet1!Q1"),
        ("'Q1'", "'Q1'!A1:Z1000"),
        ("Stock", "Sheet1!B2:C5"),
        ("Sheet1!stock", "Sheet1!B2:C5"),
    ],
)
def test_a1_notation(calls: Calls, text: str, range_: str) -> None:
    for title in ("It's", "Plan 2", "Q1"):
        calls.batch({"addSheet": {"properties": {"title": title}}})
    named = {"startRowIndex": 1, "endRowIndex": 5, "startColumnIndex": 1, "endColumnIndex": 3}
    calls.batch({"addNamedRange": {"namedRange": {"name": "Stock", "range": named}}})
    assert calls.sheets("GET", ":batch"[:0] + "/values:batchGet", ranges=text)["valueRanges"][0]["range"] == range_


@pytest.mark.parametrize(
    "text", ["'NoSuchTab'!A1:Z100", "Nowhere", "Sheet1!A1:B2:C3", "Sheet1!A:1", "Sheet1!A0", "Sheet1!", "Sheet1!A"]
)
def test_what_is_no_range(calls: Calls, text: str) -> None:
    answer = calls.ask("GET", f"/v4/spreadsheets/{calls.id}/values:batchGet", ranges=text)
    assert (answer.status, answer.json["error"]["message"]) == (400, f"Unable to parse range: {text}")


def test_append_finds_a_table_and_may_land_in_another_column(calls: Calls) -> None:
    # gspread: test_append_row_with_empty_value, and the same with a range
    first = calls.append("Sheet1", [["x", "", "y"]])
    assert (first["updates"]["updatedRange"], "tableRange" in first) == ("Sheet1!A1:C1", False)
    second = calls.append("Sheet1", [["x", "", "y"]])
    assert (second["tableRange"], second["updates"]["updatedRange"]) == ("Sheet1!C1", "Sheet1!C2:E2")
    third = calls.append("Sheet1!A1", [["z"]])
    assert (third["tableRange"], third["updates"]["updatedRange"]) == ("Sheet1!A1", "Sheet1!A2")


@pytest.mark.parametrize(
    ("range_", "lands"),
    [
        ("Sheet1", "B7"),
        ("B4", "B7"),
        ("C5:D5", "B7"),
        ("B2:D4", "B7"),
        ("A3:G10", "B7"),
        ("A1", "A3"),
        ("E4", "E4"),
    ],
)
def test_append_as_googles_guide_has_it(calls: Calls, range_: str, lands: str) -> None:
    # developers.google.com/workspace/sheets/api/guides/values, "Append values": tables A1:C2 and B4:D6
    calls.put("A1", [["x", "y", "z"], ["x", "y", "z"]])
    calls.put("B4", [["x", "y"], ["y", "z", "w"], ["y", "z"]])
    assert calls.append(range_, [["new"]])["updates"]["updatedRange"] == f"Sheet1!{lands}"


def test_append_overwrites_what_is_below_or_makes_room_for_itself(calls: Calls) -> None:
    def below() -> None:
        calls.put("A1", [["h"], ["a"], [""], ["foot"]])

    below()
    calls.append("A1", [["b"], ["c"]])
    assert calls.get("Sheet1") == [["h"], ["a"], ["b"], ["c"]]
    calls.sheets("POST", "/values/Sheet1:clear")
    below()
    calls.append("A1", [["b"], ["c"]], insertDataOption="INSERT_ROWS")
    assert calls.get("Sheet1") == [["h"], ["a"], ["b"], ["c"], [], ["foot"]]
    grid = calls.sheets("GET", fields="sheets.properties.gridProperties")["sheets"][0]["properties"]["gridProperties"]
    assert grid == {"rowCount": 1002, "columnCount": 26}


def test_cells_that_touch_at_a_corner_are_one_table(calls: Calls) -> None:
    calls.put("B1", [["x"]])
    calls.put("C2", [["y"]])
    answer = calls.append("Sheet1", [["z"]])
    assert (answer["tableRange"], answer["updates"]["updatedRange"]) == ("Sheet1!B1:C2", "Sheet1!B3")


def test_append_makes_the_grid_larger(calls: Calls) -> None:
    calls.batch(
        {
            "updateSheetProperties": {
                "properties": {"gridProperties": {"rowCount": 1, "columnCount": 1}},
                "fields": "gridProperties(rowCount,columnCount)",
            }
        }
    )
    calls.append("Sheet1", [["a"]])
    assert calls.append("Sheet1", [["b", "c"]])["updates"]["updatedRange"] == "Sheet1!A2:B2"
    assert calls.get("Sheet1") == [["a"], ["b", "c"]]


def test_clear_takes_values_only(calls: Calls) -> None:
    cell = {
        "userEnteredValue": {"numberValue": 0.5},
        "note": "n",
        "userEnteredFormat": {"numberFormat": {"type": "PERCENT", "pattern": "0%"}},
    }
    calls.batch({"updateCells": {"start": {}, "rows": [{"values": [cell]}], "fields": "*"}})
    assert calls.get("A1") == [["50%"]]
    assert calls.sheets("POST", "/values/A1:B2:clear")["clearedRange"] == "Sheet1!A1:B2"
    data = calls.sheets("GET", ranges="A1", fields="sheets.data.rowData.values(userEnteredValue,note,userEnteredFormat)")
    assert data["sheets"][0]["data"][0]["rowData"][0]["values"] == [{key: cell[key] for key in ("userEnteredFormat", "note")}]
    assert calls.sheets("POST", "/values:batchClear", {"ranges": ["A1", "B2"]})["clearedRanges"] == ["Sheet1!A1", "Sheet1!B2"]


def test_a_batch_is_written_in_whole_or_not_at_all(calls: Calls) -> None:
    data = [{"range": "A1:D1", "values": [["A1", "B1", "", "D1"]]}, {"range": "A4:D4", "values": [["A4", "B4", "", "D4"]]}]
    answer = calls.sheets("POST", "/values:batchUpdate", {"valueInputOption": "RAW", "data": data})
    totals = {name: value for name, value in answer.items() if name.startswith("total")}
    # gspread: test_batch_update
    assert totals == {"totalUpdatedRows": 2, "totalUpdatedColumns": 4, "totalUpdatedCells": 8, "totalUpdatedSheets": 1}
    version = calls.drive("GET", f"/{calls.id}", fields="version").json["version"]
    bad = {"valueInputOption": "RAW", "data": [{"range": "A1", "values": [["new"]]}, {"range": "Nowhere!A1", "values": [["x"]]}]}
    refused = calls.refused("POST", "/values:batchUpdate", bad)
    assert refused == (400, "Invalid data[1]: Unable to parse range: Nowhere!A1")
    assert calls.get("A1") == [["A1"]]
    assert calls.drive("GET", f"/{calls.id}", fields="version").json["version"] == version


def test_what_was_written_comes_with_the_answer_if_asked_for(calls: Calls) -> None:
    said = {"includeValuesInResponse": "true", "responseValueRenderOption": "UNFORMATTED_VALUE"}
    answer = calls.put("A1", [["=1+1", "50%"]], "USER_ENTERED", **said)
    assert answer["updatedData"] == {"range": "Sheet1!A1:B1", "majorDimension": "ROWS", "values": [[2, 0.5]]}


def test_bodies_are_checked_as_google_checks_them(calls: Calls) -> None:
    # gspread: test_add_validation
    refused = calls.ask("PUT", f"/v4/spreadsheets/{calls.id}/values/A1", {"values": "X"}, valueInputOption="RAW")
    text = "Invalid value at 'data.values' (type.googleapis.com/google.protobuf.ListValue), \"X\""
    assert refused.json["error"] == {
        "code": 400,
        "message": text,
        "status": "INVALID_ARGUMENT",
        "details": [
            {
                "@type": "type.googleapis.com/google.rpc.BadRequest",
                "fieldViolations": [{"field": "data.values", "description": text}],
            }
        ],
    }
    unknown = calls.refused("PUT", "/values/A1", {"value": []}, valueInputOption="RAW")
    assert unknown == (400, "Invalid JSON payload received. Unknown name \"value\" at 'data': Cannot find field.")
    assert calls.refused("PUT", "/values/A1", {"values": [[1]]}) == (400, "'valueInputOption' is required but not specified")
    assert calls.refused("PUT", "/values/A1", {"values": [[{}]]}, valueInputOption="RAW")[0] == 400
    long = calls.refused("PUT", "/values/A1", {"values": [["x" * 50_001]]}, valueInputOption="RAW")
    assert long == (400, "Your input contains more than the maximum of 50000 characters in a single cell.")


def test_thousand_rows_are_read_at_once(calls: Calls, service: GoogleSheets, clock: SetClock) -> None:
    from tests.emulators.google_sheets import fill

    fill(service)
    file = next(file for file in service.files if file.name == "Many tasks")
    mine = Calls(service, file.id, calls.token)
    rows = mine.get("Tasks", valueRenderOption="UNFORMATTED_VALUE")
    assert (len(rows), rows[0][0], rows[1000][:2]) == (1001, "ID", [1000, "task_1000"])
