"""What the service refuses, or takes along, where a plainer stand-in would just do as it was told."""

from __future__ import annotations

from typing import Any

import pytest

from tests.emulators.core.exchange import Json
from tests.emulators.google_sheets import GoogleSheets
from tests.emulators.google_sheets.calls import Calls

OTHER = "other@example.com"
LONG = "x" * 50_001


def rows(start: int, end: int) -> dict[str, Json]:
    return {"dimension": "ROWS", "startIndex": start, "endIndex": end}


def cells(top: int, bottom: int, left: int, right: int) -> dict[str, Json]:
    return {"startRowIndex": top, "endRowIndex": bottom, "startColumnIndex": left, "endColumnIndex": right}


def shared(service: GoogleSheets, calls: Calls) -> Calls:
    """As somebody else who may write."""
    file = service.files.get(calls.id)
    assert file is not None
    service.files.share(file, OTHER, "writer")
    return Calls(service, calls.id, service.accounts.token(OTHER))


@pytest.mark.parametrize("name", ["updateCells", "appendCells"])
@pytest.mark.parametrize("value", [{"stringValue": LONG}, {"formulaValue": f'="{LONG}"'}])
def test_no_request_puts_more_than_50000_characters_into_a_cell(calls: Calls, name: str, value: Json) -> None:
    given = {"rows": [{"values": [{"userEnteredValue": value}]}], "fields": "userEnteredValue"}
    status, message = calls.no_batch({name: {**given, **({"start": {}} if name == "updateCells" else {"sheetId": 0})}})
    assert status == 400
    assert message == f"Invalid requests[0].{name}: Your input contains more than the maximum of 50000 characters in a single cell."


def test_formulas_follow_a_tab_that_gets_another_title_and_lose_one_that_goes(calls: Calls) -> None:
    calls.batch({"addSheet": {"properties": {"sheetId": 7, "title": "Log"}}})
    calls.put("Sheet1!A6", [[5]])
    calls.typed("Log!A1", "=Sheet1!A6*2")
    calls.batch({"updateSheetProperties": {"properties": {"sheetId": 0, "title": "My Tasks"}, "fields": "title"}})
    assert calls.get("Log!A1", valueRenderOption="FORMULA") == [["='My Tasks'!A6*2"]]
    assert calls.get("Log!A1") == [["10"]]
    calls.batch({"deleteSheet": {"sheetId": 0}})
    assert calls.get("Log!A1", valueRenderOption="FORMULA") == [["=#REF!*2"]]
    assert calls.get("Log!A1") == [["#REF!"]]


@pytest.mark.parametrize(
    "request_",
    [
        {"deleteDimension": {"range": rows(1, 2)}},
        {"deleteDimension": {"range": {**rows(0, 1), "dimension": "COLUMNS"}}},
        {"insertDimension": {"range": rows(1, 2)}},
        {"moveDimension": {"source": rows(1, 2), "destinationIndex": 5}},
        {"moveDimension": {"source": rows(7, 8), "destinationIndex": 1}},
        {"sortRange": {"range": cells(0, 4, 0, 2), "sortSpecs": [{"dimensionIndex": 0}]}},
        {"setBasicFilter": {"filter": {"range": cells(0, 4, 0, 2), "sortSpecs": [{"dimensionIndex": 0}]}}},
    ],
)
def test_what_is_protected_is_neither_deleted_nor_moved_by_others(service: GoogleSheets, calls: Calls, request_: Any) -> None:
    calls.put("A1", [["a"], ["b"], ["c"]])
    calls.batch({"addProtectedRange": {"protectedRange": {"range": cells(0, 3, 0, 1)}}})
    other = shared(service, calls)
    status, message = other.no_batch(request_)
    assert status == 400
    assert "You are trying to edit a protected cell or object." in message
    calls.batch(request_)


def test_a_warning_alone_lets_rows_be_deleted(service: GoogleSheets, calls: Calls) -> None:
    calls.batch({"addProtectedRange": {"protectedRange": {"range": cells(0, 3, 0, 1), "warningOnly": True}}})
    shared(service, calls).batch({"deleteDimension": {"range": rows(1, 2)}})


@pytest.mark.parametrize(
    ("kind", "values", "use"),
    [
        ("NOT_BLANK", [], "data validation"),
        ("TEXT_STARTS_WITH", ["a"], "data validation"),
        ("NUMBER_BETWEEN", ["1"], "data validation"),
        ("BOOLEAN", ["a", "b", "c"], "data validation"),
        ("DATE_IS_VALID", ["a"], "data validation"),
        ("ONE_OF_LIST", ["a"], "conditional formatting"),
        ("TEXT_EQ", [], "conditional formatting"),
    ],
)
def test_conditions_that_do_not_fit_are_refused(calls: Calls, kind: str, values: list[str], use: str) -> None:
    condition = {"type": kind, "values": [{"userEnteredValue": value} for value in values]}
    if use == "data validation":
        given: Json = {"setDataValidation": {"range": cells(0, 3, 0, 1), "rule": {"condition": condition}}}
    else:
        rule = {"ranges": [cells(0, 3, 0, 1)], "booleanRule": {"condition": condition, "format": {}}}
        given = {"addConditionalFormatRule": {"rule": rule}}
    status, message = calls.no_batch(given)
    assert (status, f"Condition type {kind}" in message) == (400, True)


def test_conditional_formats_follow_their_columns_and_show_colours_by_both_names(calls: Calls) -> None:
    condition = {"type": "CUSTOM_FORMULA", "values": [{"userEnteredValue": '=$C2="failed"'}]}
    rule = {"ranges": [cells(1, 9, 2, 3)], "booleanRule": {"condition": condition, "format": {"backgroundColor": {"red": 1}}}}
    calls.batch({"addConditionalFormatRule": {"rule": rule}})
    calls.batch({"insertDimension": {"range": {"dimension": "COLUMNS", "startIndex": 0, "endIndex": 1}}})
    (found,) = calls.sheets("GET", fields="sheets(conditionalFormats)")["sheets"][0]["conditionalFormats"]
    assert found["ranges"] == [cells(1, 9, 3, 4)]
    assert found["booleanRule"]["condition"]["values"] == [{"userEnteredValue": '=$D2="failed"'}]
    assert found["booleanRule"]["format"] == {"backgroundColor": {"red": 1}, "backgroundColorStyle": {"rgbColor": {"red": 1}}}
    assert calls.no_batch({"deleteConditionalFormatRule": {"sheetId": 0, "index": 1}})[1].endswith("sheet at index: 1")


def test_a_dropdown_from_a_range_follows_it(calls: Calls) -> None:
    rule = {"condition": {"type": "ONE_OF_RANGE", "values": [{"userEnteredValue": "=Lists!A1:A5"}]}}
    calls.batch({"addSheet": {"properties": {"sheetId": 7, "title": "Lists"}}})
    calls.batch({"setDataValidation": {"range": cells(1, 3, 0, 1), "rule": rule}})
    calls.batch({"insertDimension": {"range": {**rows(0, 1), "sheetId": 7}}})
    calls.batch({"updateSheetProperties": {"properties": {"sheetId": 7, "title": "Words"}, "fields": "title"}})
    data = calls.sheets("GET", ranges="Sheet1!A2", fields="sheets.data.rowData.values.dataValidation")["sheets"][0]["data"][0]
    assert data["rowData"][0]["values"][0]["dataValidation"]["condition"]["values"] == [{"userEnteredValue": "=Words!A2:A6"}]


def test_merged_cells_are_not_sorted_and_what_they_hide_is_not_written(service: GoogleSheets, calls: Calls) -> None:
    calls.put("A1", [["a"], ["b"], ["c"]])
    calls.batch({"mergeCells": {"range": cells(0, 2, 0, 1), "mergeType": "MERGE_ALL"}})
    sort = {"sortRange": {"range": cells(0, 3, 0, 1), "sortSpecs": [{"dimensionIndex": 0}]}}
    assert calls.ask("POST", f"/v4/spreadsheets/{calls.id}:batchUpdate", {"requests": [sort]}).status == 501
    hidden = {"values": [["x"]]}
    assert calls.ask("PUT", f"/v4/spreadsheets/{calls.id}/values/A2", hidden, valueInputOption="RAW").status == 501
    calls.put("A1", [["x"]])
    service.unserved.clear()
    calls.batch({"deleteDimension": {"range": rows(1, 2)}})
    assert calls.sheets("GET", fields="sheets(merges)") == {"sheets": [{}]}
    assert calls.get("A1:A2") == [["x"], ["c"]]


def test_rows_that_are_not_frozen_can_not_all_be_deleted(calls: Calls) -> None:
    """[jlolling/talendcomp_tGoogleSheet#19]"""
    frozen = {"properties": {"gridProperties": {"frozenRowCount": 1}}, "fields": "gridProperties.frozenRowCount"}
    calls.batch({"updateSheetProperties": frozen})
    refused = calls.no_batch({"deleteDimension": {"range": rows(1, 1000)}})
    assert refused == (400, "Invalid requests[0].deleteDimension: Sorry, it is not possible to delete all non-frozen rows.")


def test_what_a_smaller_grid_cuts_off_is_lost_to_formulas_and_ranges(service: GoogleSheets, calls: Calls) -> None:
    calls.typed("A1", "=A900")
    calls.batch({"addNamedRange": {"namedRange": {"name": "all_of_it", "range": cells(0, 1000, 0, 1)}}})
    smaller = {"properties": {"gridProperties": {"rowCount": 100}}, "fields": "gridProperties.rowCount"}
    calls.batch({"addProtectedRange": {"protectedRange": {"range": cells(500, 501, 0, 1)}}})
    assert shared(service, calls).no_batch({"updateSheetProperties": smaller})[0] == 400
    calls.batch({"updateSheetProperties": smaller})
    assert calls.get("A1") == [["#REF!"]]
    assert calls.sheets("GET", fields="namedRanges.range") == {"namedRanges": [{"range": cells(0, 100, 0, 1)}]}


@pytest.mark.parametrize("name", ["foo", "majorDimensions", "includeGridData"])
def test_a_parameter_that_the_method_has_not_is_refused(calls: Calls, name: str) -> None:
    status, message = calls.refused("GET", "/values/A1", **{name: "1"})
    assert (status, f'Unknown name "{name}": Cannot bind query parameter.' in message) == (400, True)
    assert calls.refused("POST", ":batchUpdate", {"requests": [{"addSheet": {}}]}, **{name: "1"})[0] == 400


def test_a_parameter_in_its_other_spelling_is_not_emulated(service: GoogleSheets, calls: Calls) -> None:
    assert calls.ask("GET", f"/v4/spreadsheets/{calls.id}", include_grid_data="true").status == 501
    service.unserved.clear()
