"""Developer metadata: it follows its row, and data filters find it. Both answers of what nobody could settle."""

from __future__ import annotations

import pytest

from tests.emulators.core.exchange import Json
from tests.emulators.google_sheets import GoogleSheets
from tests.emulators.google_sheets.calls import Calls
from tests.emulators.google_sheets.test_batch import area

KEY = "rowd.id"


def entry(row: int, value: str, *, sheet: int = 0, number: int | None = None, visibility: str = "DOCUMENT") -> Json:
    place = {"dimensionRange": {"sheetId": sheet, "dimension": "ROWS", "startIndex": row, "endIndex": row + 1}}
    found = {"metadataKey": KEY, "metadataValue": value, "visibility": visibility, "location": place}
    return {"createDeveloperMetadata": {"developerMetadata": {**found, **({"metadataId": number} if number else {})}}}


def marked(calls: Calls, *names: str) -> Calls:
    """Rows with these names in column A, each with an entry of that value and ids from 101 on."""
    calls.put("A1", [[name, n] for n, name in enumerate(names)])
    calls.batch(*(entry(row, name, number=101 + row) for row, name in enumerate(names)))
    return calls


def rows(calls: Calls) -> dict[str, int]:
    """Entry → row, from 1."""
    body = {"dataFilters": [{"developerMetadataLookup": {"metadataKey": KEY}}]}
    found = calls.sheets("POST", "/developerMetadata:search", body).get("matchedDeveloperMetadata", [])
    entries = [one["developerMetadata"] for one in found]
    return {one["metadataValue"]: one["location"]["dimensionRange"]["startIndex"] + 1 for one in entries}


def by_value(value: str) -> Json:
    return {"developerMetadataLookup": {"metadataKey": KEY, "metadataValue": value}}


def by_id(number: int) -> Json:
    return {"developerMetadataLookup": {"metadataId": number}}


def write(calls: Calls, *data: Json, **more: Json) -> Json:
    body = {"valueInputOption": "RAW", "data": list(data), **more}
    return calls.sheets("POST", "/values:batchUpdateByDataFilter", body)


def test_an_entry_follows_its_row(calls: Calls) -> None:
    marked(calls, "a", "b", "c", "d")
    calls.batch(
        {"insertDimension": {"range": {"dimension": "ROWS", "startIndex": 0, "endIndex": 2}}},
        {"moveDimension": {"source": {"dimension": "ROWS", "startIndex": 2, "endIndex": 3}, "destinationIndex": 6}},
    )
    assert rows(calls) == {"a": 6, "b": 3, "c": 4, "d": 5}
    calls.batch({"deleteDimension": {"range": {"dimension": "ROWS", "startIndex": 0, "endIndex": 3}}})
    assert rows(calls) == {"a": 3, "c": 1, "d": 2}
    spec = [{"dimensionIndex": 0, "sortOrder": "DESCENDING"}]
    calls.batch({"sortRange": {"range": area(0, 3, 0, 26), "sortSpecs": spec}})
    assert rows(calls) == {"d": 1, "c": 2, "a": 3}
    assert calls.get("A1:A3") == [["d"], ["c"], ["a"]]
    assert calls.refused("GET", "/developerMetadata/102")[0] == 404


def test_an_entry_is_still_there_when_the_request_that_took_its_row_has_failed(calls: Calls) -> None:
    marked(calls, "a", "b")
    gone = {"deleteDimension": {"range": {"dimension": "ROWS", "startIndex": 0, "endIndex": 1}}}
    assert calls.no_batch(gone, entry(1, "new"), {"deleteSheet": {"sheetId": 5}})[0] == 400
    assert (rows(calls), calls.get("A1:A2")) == ({"a": 1, "b": 2}, [["a"], ["b"]])


def test_a_copy_of_a_tab_has_none(calls: Calls) -> None:
    marked(calls, "a")
    calls.batch({"duplicateSheet": {"sourceSheetId": 0, "newSheetId": 5}}, {"deleteSheet": {"sheetId": 0}})
    assert rows(calls) == {}


def test_rows_are_written_wherever_they_are(calls: Calls) -> None:
    marked(calls, "a", "b", "c")
    calls.batch({"insertDimension": {"range": {"dimension": "ROWS", "startIndex": 0, "endIndex": 1}}})
    answer = write(
        calls,
        {"dataFilter": by_id(102), "values": [[None, "new"]]},
        {"dataFilter": {"a1Range": "Sheet1!D1:E1"}, "values": [["x", "y"]]},
        {"dataFilter": {"gridRange": area(0, 2, 5, 6)}, "majorDimension": "COLUMNS", "values": [[1, 2]]},
        includeValuesInResponse=True,
        responseValueRenderOption="UNFORMATTED_VALUE",
    )
    assert {name: value for name, value in answer.items() if name.startswith("total")} == {
        "totalUpdatedRows": 3,
        "totalUpdatedColumns": 4,
        "totalUpdatedCells": 5,
        "totalUpdatedSheets": 1,
    }
    assert answer["responses"][0] == {
        "updatedRange": "Sheet1!A3:B3",
        "updatedRows": 1,
        "updatedColumns": 1,
        "updatedCells": 1,
        "updatedData": {"range": "Sheet1!A3:B3", "majorDimension": "ROWS", "values": [["b", "new"]]},
        "dataFilter": by_id(102),
    }
    assert calls.get("Sheet1", valueRenderOption="UNFORMATTED_VALUE") == [
        ["", "", "", "x", "y", 1],
        ["a", 0, "", "", "", 2],
        ["b", "new"],
        ["c", 2],
    ]


def test_a_filter_that_selects_several_rows_writes_them_all(calls: Calls) -> None:
    marked(calls, "a", "b", "a")
    assert len(write(calls, {"dataFilter": by_value("a"), "values": [["x"]]})["responses"]) == 2
    assert calls.get("A1:A3") == [["x"], ["b"], ["x"]]


def test_what_does_not_fit_its_row_fails_the_whole_request(calls: Calls) -> None:
    marked(calls, "a", "b")
    data = [{"dataFilter": by_id(101), "values": [["new"]]}, {"dataFilter": by_id(102), "values": [["x"] * 27]}]
    refused = calls.refused("POST", "/values:batchUpdateByDataFilter", {"valueInputOption": "RAW", "data": data})
    assert refused == (400, "Invalid data[1]: Requested writing within range [Sheet1!A2:Z2], but tried writing to column [AA]")
    assert calls.get("A1") == [["a"]]


def test_rows_are_read_and_cleared_by_filter(calls: Calls) -> None:
    marked(calls, "a", "b")
    found = calls.sheets("POST", "/values:batchGetByDataFilter", {"dataFilters": [by_id(102), by_value("b"), by_id(101)]})
    assert found["valueRanges"] == [
        {
            "valueRange": {"range": "Sheet1!A2:Z2", "majorDimension": "ROWS", "values": [["b", "1"]]},
            "dataFilters": [by_id(102), by_value("b")],
        },
        {"valueRange": {"range": "Sheet1!A1:Z1", "majorDimension": "ROWS", "values": [["a", "0"]]}, "dataFilters": [by_id(101)]},
    ]
    some = calls.sheets(
        "POST",
        ":getByDataFilter",
        {"dataFilters": [by_id(102)], "includeGridData": True},
        fields="sheets.data(startRow,rowData.values.formattedValue)",
    )
    assert some == {
        "sheets": [{"data": [{"startRow": 1, "rowData": [{"values": [{"formattedValue": "b"}, {"formattedValue": "1"}]}]}]}]
    }
    assert calls.sheets("POST", "/values:batchClearByDataFilter", {"dataFilters": [by_id(101)]})["clearedRanges"] == [
        "Sheet1!A1:Z1"
    ]
    assert calls.get("Sheet1") == [[], ["b", "1"]]


def test_cells_and_entries_in_one_call(calls: Calls) -> None:
    marked(calls, "a", "b")
    calls.put("A4", [["no entry"]])
    mask = "data(startRow,rowData(values(formattedValue)),rowMetadata(developerMetadata(metadataId,metadataValue)))"
    data = calls.sheets("GET", ranges="Sheet1!A2:B4", fields=f"sheets(properties.title,{mask})")["sheets"][0]["data"][0]
    assert data == {
        "startRow": 1,
        "rowData": [
            {"values": [{"formattedValue": "b"}, {"formattedValue": "1"}]},
            {},
            {"values": [{"formattedValue": "no entry"}]},
        ],
        "rowMetadata": [{"developerMetadata": [{"metadataId": 102, "metadataValue": "b"}]}, {}, {}],
    }


def test_lookups(calls: Calls) -> None:
    marked(calls, "a", "b")
    column = {"dimensionRange": {"dimension": "COLUMNS", "startIndex": 1, "endIndex": 2}}
    wanted = {"metadataKey": "k", "visibility": "DOCUMENT"}
    calls.batch(
        *(
            {"createDeveloperMetadata": {"developerMetadata": {**wanted, "metadataId": number, "location": place}}}
            for number, place in ((1, {"spreadsheet": True}), (2, {"sheetId": 0}), (3, column))
        )
    )

    def found(**lookup: Json) -> list[int]:
        body = {"dataFilters": [{"developerMetadataLookup": lookup}]}
        matched = calls.sheets("POST", "/developerMetadata:search", body).get("matchedDeveloperMetadata", [])
        return [one["developerMetadata"]["metadataId"] for one in matched]

    row = {"dimensionRange": {"dimension": "ROWS", "startIndex": 0, "endIndex": 1}}
    assert found(metadataKey="k") == [1, 2, 3]
    assert found(locationType="ROW") == [101, 102]
    assert found(metadataLocation=row) == [101, 2, 3]
    assert found(metadataLocation=row, locationMatchingStrategy="EXACT_LOCATION") == [101]
    assert calls.sheets("GET", "/developerMetadata/1")["location"] == {"locationType": "SPREADSHEET", "spreadsheet": True}


def test_entries_are_changed_and_deleted_by_filter(calls: Calls) -> None:
    marked(calls, "a", "b")
    reply = calls.batch(
        {
            "updateDeveloperMetadata": {
                "dataFilters": [by_id(101)],
                "developerMetadata": {"metadataValue": "z"},
                "fields": "metadataValue",
            }
        },
        {"deleteDeveloperMetadata": {"dataFilter": by_value("b")}},
    )
    assert reply[0]["updateDeveloperMetadata"]["developerMetadata"][0]["metadataValue"] == "z"
    assert [one["metadataId"] for one in reply[1]["deleteDeveloperMetadata"]["deletedDeveloperMetadata"]] == [102]
    assert rows(calls) == {"z": 1}


def test_entries_of_a_project_are_its_own_and_there_is_no_room_without_end(calls: Calls, service: GoogleSheets) -> None:
    calls.batch(entry(0, "mine", visibility="PROJECT"), entry(1, "all"))
    service.project = "another"
    assert rows(calls) == {"all": 2}
    service.project = "emulated"
    assert rows(calls) == {"mine": 1, "all": 2}
    status, message = calls.no_batch(entry(2, "x" * 30_000))
    assert (status, "30000" in message) == (400, True)
    assert calls.no_batch(entry(2, "x", number=7), entry(3, "y", number=7))[0] == 400
    assert (
        calls.no_batch({"createDeveloperMetadata": {"developerMetadata": {"metadataKey": "k", "visibility": "DOCUMENT"}}})[0] == 400
    )


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({"metadataId": 0}, "positive"),
        ({"metadataId": -1}, "positive"),
        ({"location": {"dimensionRange": {"startIndex": 1, "endIndex": 2}}}, "dimension"),
    ],
)
def test_metadata_that_can_not_be_made(calls: Calls, given: Json, why: str) -> None:
    made = {**entry(1, "a")["createDeveloperMetadata"]["developerMetadata"], **given}
    status, message = calls.no_batch({"createDeveloperMetadata": {"developerMetadata": made}})
    assert (status, why in message) == (400, True)


@pytest.mark.parametrize(
    "given",
    [
        {"locationMatchingStrategy": "EXACT_LOCATION"},
        {"locationMatchingStrategy": "EXACT_LOCATION", "locationType": "SHEET", "metadataLocation": {"sheetId": 0}},
        {"locationType": "SPREADSHEET", "metadataLocation": {"sheetId": 0}},
    ],
)
def test_lookups_that_contradict_themselves(calls: Calls, given: Json) -> None:
    """As DeveloperMetadataLookup is described in the discovery document."""
    assert calls.refused("POST", "/developerMetadata:search", {"dataFilters": [{"developerMetadataLookup": given}]})[0] == 400
