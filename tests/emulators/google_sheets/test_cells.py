"""What becomes of a text that is typed, and how a cell is shown."""

from __future__ import annotations

import pytest

from tests.emulators.core.clock import SetClock
from tests.emulators.google_sheets import GoogleSheets
from tests.emulators.google_sheets.calls import Calls

RAW = "UNFORMATTED_VALUE"


@pytest.mark.parametrize(
    ("text", "value", "shown"),
    [
        ("0042", 42, "42"),  # gspread: test_update_cell
        ("2,000,000.01", 2000000.01, "2,000,000.01"),  # gspread: test_numeric_value
        ("2020-01-01", 43831, "2020-01-01"),  # gspread: test_get_all_records_value_render_options
        ("3_1_0", "3_1_0", "3_1_0"),  # gspread: test_get_all_records_numericise_unformatted
        ("1.50", 1.5, "1.5"),
        ("-5", -5, "-5"),
        (".5", 0.5, "0.5"),
        ("1e3", 1000, "1.00E+03"),
        ("12%", 0.12, "12%"),
        ("12.5%", 0.125, "12.50%"),
        ("$1,234.50", 1234.5, "$1,234.50"),
        ("$5", 5, "$5"),
        ("true", True, "TRUE"),
        ("'007", "007", "007"),
        ("'=1+1", "=1+1", "=1+1"),
        ("1/2/2024", 45293, "1/2/2024"),
        ("1-2", 46024, "1-2"),
        ("Jan 2, 2024", 45293, "Jan 2, 2024"),
        ("2 January 2024", 45293, "2 January 2024"),
        ("10:30", 0.4375, "10:30"),
        ("2:30 PM", 0.6041666666666666, "2:30 PM"),
        ("1/2/2024 10:30", 45293.4375, "1/2/2024 10:30"),
        ("2024-01-02 06:00:00", 45293.25, "2024-01-02 06:00:00"),
        ("2024-12-17T19:45:00Z", "2024-12-17T19:45:00Z", "2024-12-17T19:45:00Z"),
        ("13/45/2024", "13/45/2024", "13/45/2024"),
        ("2024-02-30", "2024-02-30", "2024-02-30"),
        ("1,5", "1,5", "1,5"),
        ("coverage < 80%", "coverage < 80%", "coverage < 80%"),
        ("- a list", "- a list", "- a list"),
        ("0 7 * * *", "0 7 * * *", "0 7 * * *"),
        ("nan", "nan", "nan"),
        (" 5 ", 5, "5"),
    ],
)
def test_typed_texts_in_english(calls: Calls, text: str, value: object, shown: str) -> None:
    calls.typed("A1", text)
    assert calls.get("A1", valueRenderOption=RAW) == [[value]]
    assert calls.get("A1") == [[shown]]


@pytest.mark.parametrize(
    ("text", "value", "shown"),
    [
        ("1,5", 1.5, "1,5"),
        ("1.234,5", 1234.5, "1.234,50"),
        ("1.5", 46143, "1.5"),
        ("31.12.2024", 45657, "31.12.2024"),
        ("wahr", True, "WAHR"),
        ("5 €", 5, "5 €"),
    ],
)
def test_typed_texts_in_german(calls: Calls, text: str, value: object, shown: str) -> None:
    calls.batch({"updateSpreadsheetProperties": {"properties": {"locale": "de_DE"}, "fields": "locale"}})
    calls.typed("A1", text)
    assert (calls.get("A1", valueRenderOption=RAW), calls.get("A1")) == ([[value]], [[shown]])


@pytest.mark.parametrize("text", ["+351 912 345 678", "+A1", "(5)", "25:00", "10 AM", "2024-01", "Jan 2024", "1 1/2"])
def test_what_nobody_knows_the_page_to_make_of_is_not_guessed(calls: Calls, service: GoogleSheets, text: str) -> None:
    assert calls.refused("PUT", "/values/A1", {"values": [[text]]}, valueInputOption="USER_ENTERED") == (
        501,
        f"typing {text} is not emulated",
    )
    calls.put("A1", [[text]])
    assert calls.get("A1") == [[text]]


def test_raw_keeps_texts_and_other_values_are_what_they_are(calls: Calls) -> None:
    calls.put("A1", [["007", "=1+1", "1/2/2024", 3.0, 0.25, True, "TRUE"]])
    assert calls.get("A1:G1", valueRenderOption=RAW) == [["007", "=1+1", "1/2/2024", 3, 0.25, True, "TRUE"]]
    assert calls.get("A1:G1") == [["007", "=1+1", "1/2/2024", "3", "0.25", "TRUE", "TRUE"]]
    calls.put("A2", [[7, True]], "USER_ENTERED")
    assert calls.get("A2:B2", valueRenderOption=RAW) == [[7, True]]


def test_a_cell_of_plain_text_and_one_of_percents_take_what_is_typed_their_way(calls: Calls) -> None:
    for column, kind in enumerate(("TEXT", "PERCENT")):
        area = {"startRowIndex": 0, "endRowIndex": 1, "startColumnIndex": column, "endColumnIndex": column + 1}
        cell = {"userEnteredFormat": {"numberFormat": {"type": kind, "pattern": "@" if kind == "TEXT" else "0%"}}}
        calls.batch({"repeatCell": {"range": area, "cell": cell, "fields": "userEnteredFormat.numberFormat"}})
    calls.typed("A1", "=1+1", "12")
    assert calls.get("A1:B1", valueRenderOption=RAW) == [["=1+1", 0.12]]


def test_dates_are_serials_unless_texts_are_asked_for(calls: Calls) -> None:
    calls.typed("A1", "2024-12-17", "5")
    assert calls.get("A1:B1", valueRenderOption=RAW) == [[45643, 5]]
    assert calls.get("A1:B1", valueRenderOption=RAW, dateTimeRenderOption="FORMATTED_STRING") == [["2024-12-17", 5]]


@pytest.mark.parametrize(
    ("formula", "value", "shown"),
    [
        ("= 1 / 1024", 0.0009765625, "0.0009765625"),  # gspread: test_numeric_value
        ("=4/2", 2, "2"),  # gspread: test_get_all_records_value_render_options
        ("=1/3", 1 / 3, "0.3333333333"),
        ("=SUM(C1:C3)", 6, "6"),
        ("=SUM(C:C)*2-C1", 11, "11"),
        ('=C2^2&"x"', "4x", "4x"),
        ('=IF(C1>0,"yes","no")', "yes", "yes"),
        ("=-C2^2", 4, "4"),
        ("=COUNTA(C1:D9)", 3, "3"),
        ("=AVERAGE(C1:C3)", 2, "2"),
        ("=NOT(TRUE)", False, "FALSE"),
        ("=1/0", "#DIV/0! (Function DIVIDE parameter 2 cannot be zero.)", "#DIV/0!"),
        ("=Z9999", "#REF! (Reference does not exist)", "#REF!"),
        ("=1+", "#ERROR! (Formula parse error.)", "#ERROR!"),
        ("=Other!A1+1", 8, "8"),
        ("=50%", 0.5, "50.00%"),
        ("=D9", 0, "0"),
    ],
)
def test_formulas(calls: Calls, formula: str, value: object, shown: str) -> None:
    calls.batch({"addSheet": {"properties": {"title": "Other"}}})
    calls.put("Other!A1", [[7]])
    calls.put("C1", [[1], [2], [3]])
    calls.typed("A1", formula)
    assert calls.get("A1", valueRenderOption=RAW) == [[value]]
    assert calls.get("A1") == [[shown]]
    assert calls.get("A1", valueRenderOption="FORMULA") == [[formula]]


def test_now_goes_with_the_clock_in_the_spreadsheets_zone(calls: Calls, clock: SetClock) -> None:
    calls.batch({"updateSpreadsheetProperties": {"properties": {"timeZone": "Europe/Berlin"}, "fields": "timeZone"}})
    calls.typed("A1", "=NOW()", "=TODAY()", "=TODAY()+1")
    assert calls.get("A1:C1") == [["3/2/2026 13:00:10", "3/2/2026", "3/3/2026"]]
    clock.advance(hours=11)
    assert calls.get("A1:C1") == [["3/3/2026 0:00:10", "3/3/2026", "3/4/2026"]]


def test_a_formula_that_is_not_emulated_is_not_written(calls: Calls, service: GoogleSheets) -> None:
    status, text = calls.refused("PUT", "/values/A1", {"values": [["=VLOOKUP(1,B:C,2)"]]}, valueInputOption="USER_ENTERED")
    assert (status, len(service.unserved)) == (501, 1)
    assert "VLOOKUP" in text
    assert calls.get("A1") is None


def test_formulas_follow_rows_and_columns(calls: Calls) -> None:
    calls.put("A1", [[1], [2], [3]])
    calls.typed("C1", "=SUM(A1:A3)", "=A3*10", "=$A$1")
    rows = {"dimension": "ROWS", "startIndex": 1, "endIndex": 2}
    calls.batch({"insertDimension": {"range": rows}})
    assert calls.get("C1:E1", valueRenderOption="FORMULA") == [["=SUM(A1:A4)", "=A4*10", "=$A$1"]]
    calls.batch({"deleteDimension": {"range": {"dimension": "ROWS", "startIndex": 3, "endIndex": 4}}})
    assert calls.get("C1:E1", valueRenderOption="FORMULA") == [["=SUM(A1:A3)", "=#REF!*10", "=$A$1"]]
    calls.batch({"insertDimension": {"range": {"dimension": "COLUMNS", "startIndex": 0, "endIndex": 1}}})
    assert calls.get("D1:F1", valueRenderOption="FORMULA") == [["=SUM(B1:B3)", "=#REF!*10", "=$B$1"]]
    assert calls.get("D1:F1") == [["3", "#REF!", "1"]]


@pytest.mark.parametrize(
    ("pattern", "kind", "value", "shown"),
    [
        ("0.00", "NUMBER", 1.005, "1.01"),
        ("#,##0.00;(#,##0.00)", "NUMBER", -1234.5, "(1,234.50)"),
        ("0000", "NUMBER", 42, "0042"),
        ("0.0%", "PERCENT", 0.1234, "12.3%"),
        ('"EUR "0', "CURRENCY", 5, "EUR 5"),
        ("[$€]#,##0.00", "CURRENCY", 5, "€5.00"),
        ("dddd, d mmmm yyyy", "DATE", 45643, "Tuesday, 17 December 2024"),
        ("yyyy-mm-dd hh:mm:ss", "DATE_TIME", 45643.5, "2024-12-17 12:00:00"),
        ("h:mm am/pm", "TIME", 0.5, "12:00 PM"),
        ("0.##", "NUMBER", 1.5, "1.5"),
    ],
)
def test_number_formats(calls: Calls, pattern: str, kind: str, value: float, shown: str) -> None:
    cell = {"userEnteredValue": {"numberValue": value}, "userEnteredFormat": {"numberFormat": {"type": kind, "pattern": pattern}}}
    calls.batch(
        {"updateCells": {"start": {}, "rows": [{"values": [cell]}], "fields": "userEnteredValue,userEnteredFormat.numberFormat"}}
    )
    assert calls.get("A1") == [[shown]]
