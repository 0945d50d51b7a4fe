"""Formulas: how they are read, and what they say of a row."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.emulators.airtable.conftest import Ask
from tests.emulators.airtable.formulas import BadFormula, FormulaError, Moment, compiled
from tests.emulators.airtable.formulas.values import iso
from tests.emulators.core.exchange import NotEmulated

NOW = datetime(2026, 3, 2, 12, 0, 10, tzinfo=UTC)
DUE = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)


class Sample:
    """A row for formulas, as `Row` wants it."""

    id = "recSample00000001"
    created = datetime(2026, 1, 1, tzinfo=UTC)
    cells: dict[str, Any] = {  # noqa: RUF012 (read only)
        "Name": "Jane Doe",
        "Count": 3,
        "Zero": 0,
        "Done": True,
        "Due": Moment(DUE),
        "Day": Moment(DUE.replace(hour=0, minute=0), date_only=True),
        "Tags": ["red", "green"],
        "a } b": "braces",
    }

    def modified(self, fields: Sequence[str]) -> datetime | None:
        return None if list(fields) == ["Blank"] else DUE

    def now(self) -> datetime:
        return NOW

    def value(self, field: str) -> Any:
        return self.cells.get(field)


def said(text: str) -> Any:
    return compiled(text, lambda name: name if name in {*Sample.cells, "Blank"} else None)(Sample())


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1+2*3", 7),
        ("(1+2)*3", 9),
        ("-2--3", 1),
        ("10/4", 2.5),
        ("'a'&1+2", "a3"),
        ("1+1=2", True),
        ("'b'>'a'", True),
        ("'A'='a'", False),
        (r"'it\'s'", "it's"),
        ('"a\\"b"', 'a"b'),
        (r"{a \} b}", "braces"),
        ("Name", "Jane Doe"),
        ("{Name}='Jane Doe'", True),
        ("{Count}=3", True),
        ("{Count}!=3", False),
        ("{Blank}=BLANK()", True),
        ("{Blank}=''", True),
        ("{Blank}=0", True),
        ("{Zero}=BLANK()", True),
        ("{Blank}!='x'", True),
        ("{Done}=TRUE()", True),
        ("{Done}=1", True),
        ("{Name}&{Count}", "Jane Doe3"),
        ("{Tags}&''", "red, green"),
        ("AND({Done},{Count}>2)", True),
        ("AND({Done},{Zero})", False),
        ("OR({Zero},{Blank},'')", False),
        ("NOT({Zero})", True),
        ("XOR(1,1,1)", True),
        ("IF({Count}>2,'many','few')", "many"),
        ("IF({Zero},1)", None),
        ("SWITCH({Name},'x',1,'Jane Doe',2,3)", 2),
        ("SWITCH({Name},'x',1,3)", 3),
        ("SWITCH({Name},'x',1)", None),
        ("FIND('Doe',{Name})", 6),
        ("FIND('doe',{Name})", 0),
        ("SEARCH('doe',{Name})", 6),
        ("SEARCH('x',{Name})", None),
        ("FIND('red',{Tags})", 1),
        ("FIND('e',{Name},5)", 8),
        ("LEN({Name})", 8),
        ("LOWER('ÄB')&UPPER('c')", "äbC"),
        ("TRIM('  a ')", "a"),
        ("CONCATENATE('a',1,{Blank},'b')", "a1b"),
        ("LEFT('abc',2)&RIGHT('abc',1)&MID('abc',2,1)", "abcb"),
        ("SUBSTITUTE('a-b-c','-','+',2)", "a-b+c"),
        ("REPLACE('database',2,5,'o')", "dose"),
        ("REPT('ab',2)", "abab"),
        ("REGEX_MATCH('task 12','[0-9]+')", True),
        ("REGEX_REPLACE('a1b2','[0-9]','#')", "a#b#"),
        ("VALUE('$1,250.5')", 1250.5),
        ("SUM(1,2,{Count})", 6),
        ("AVERAGE(1,2)", 1.5),
        ("MIN(3,1)&MAX(3,1)", "13"),
        ("COUNTA({Name},{Blank},0)", 2),
        ("ROUND(2.345,2)", 2.35),
        ("ROUND(-2.5,0)", -3),
        ("ROUNDUP(2.1,0)&ROUNDDOWN(2.9,0)", "32"),
        ("CEILING(2.1)&FLOOR(2.9)&INT(-2.5)", "32-3"),
        ("MOD(7,3)", 1),
        ("POWER(2,10)", 1024),
        ("ARRAYJOIN({Tags},'/')", "red/green"),
        ("RECORD_ID()", "recSample00000001"),
        ("IS_ERROR(ERROR())", True),
        ("ISERROR(1/0)", True),
        ("LAST_MODIFIED_TIME()>DATETIME_PARSE('2026-03-01T09:29:59Z')", True),
        ("LAST_MODIFIED_TIME({Blank})", None),
        ("IS_AFTER(CREATED_TIME(),'2025-12-31')", True),
        ("IS_BEFORE({Due},NOW())", True),
        ("IS_BEFORE({Blank},NOW())", False),
        ("OR({Blank}=BLANK(),IS_BEFORE({Blank},NOW()))", True),
        ("IS_SAME({Due},'2026-03-01','day')", True),
        ("IS_SAME({Due},'2026-03-31','month')", True),
        ("IS_SAME({Due},'2026-03-01')", False),
        ("IS_SAME(TODAY(),NOW(),'days')", True),
        ("{Day}&''", "2026-03-01"),
        ("{Due}&''", "2026-03-01T09:30:00.000Z"),
        ("DATETIME_DIFF(NOW(),{Due},'hours')", 26),
        ("DATETIME_DIFF({Due},NOW(),'days')", -1),
        ("DATETIME_DIFF('2026-03-31','2026-01-31','months')", 2),
        ("DATESTR(DATEADD({Due},1,'month'))", "2026-04-01"),
        ("DATESTR(DATEADD('2026-01-31',1,'month'))", "2026-02-28"),
        ("DATETIME_FORMAT({Due},'D/M/YY h:mm A')", "1/3/26 9:30 AM"),
        ("DATETIME_FORMAT(SET_TIMEZONE('2026-07-01T12:00:00Z','Europe/Berlin'),'HH:mm [h] Z')", "14:00 h +02:00"),
        ("DATETIME_FORMAT(DATETIME_PARSE('4 Mar 2017 23:00','D MMM YYYY HH:mm'),'YYYY-MM-DD HH')", "2017-03-04 23"),
        ("YEAR({Due})&MONTH({Due})&DAY({Due})&HOUR({Due})&MINUTE({Due})", "202631930"),
        ("IS_SAME('2026-03-01','2026-03-07T23:59:00Z','week')", True),  # weeks begin on Sunday
        ("IS_SAME('2026-03-07','2026-03-08','w')", False),
        ("IS_SAME('2026-01-31','2026-03-01','quarter')", True),
        ("IS_SAME('2026-03-01T10:00:30Z','2026-03-01T10:00:10Z','minute')", True),
        ("IS_SAME('2026-03-01T10:00:30Z','2026-03-01T11:00:30Z','hour')", False),
        ("DATESTR(DATEADD('2026-03-01',-2,'weeks'))", "2026-02-15"),
        ("TIMESTR(DATEADD('2026-03-01T10:00:00Z',90,'minutes'))", "11:30:00"),
        ("DATESTR(DATETIME_PARSE('March 7, 2026','MMMM D, YYYY'))", "2026-03-07"),
        ("TIMESTR(DATETIME_PARSE('03/07/26 9:05 pm','MM/DD/YY h:mm a'))", "21:05:00"),
        ("DATETIME_FORMAT('2026-03-07T21:05:09.120Z','dddd D MMM hh:mm:ss.SSS X')", "Saturday 7 Mar 09:05:09.120 1772917509"),
        ("DATETIME_FORMAT('2026-03-02','Do L LL')", "2nd 03/02/2026 March 2, 2026"),
        ("DATETIME_FORMAT('2026-03-02T10:00:00Z')", "2026-03-02T10:00:00+00:00"),
        ("DATETIME_DIFF('2024-02-29','2026-02-28','years')", -1),
        ("DATETIME_PARSE({Blank})", None),
        ("SUBSTITUTE('aba','','x')&SUBSTITUTE('a-b','-','+')", "abaa+b"),
        ("REGEX_EXTRACT('task 12','[0-9]+')", "12"),
        ("ABS(-2)&EVEN(3)&ODD(2)", "243"),
        ("ROUND(1/0,1)=1/0", True),
        ("SQRT(16)+EXP(0)+LOG(100)+LOG(8,2)", 10),
        ("COUNT(1,'a',{Blank},2)&COUNTALL(1,'a',{Blank})", "23"),
        ("ARRAYUNIQUE({Tags})&ARRAYCOMPACT({Tags})&ARRAYFLATTEN({Tags},1)", "red, greenred, greenred, green, 1"),
        ("ENCODE_URL_COMPONENT('a b&c')", "a%20b%26c"),
        ("T(1)&T('x')", "x"),
        ("'10'*'2'", 20),
        ("'a'+'b'", "ab"),
        ("1+{Blank}", 1),
        ("1/0&-1/0", "Infinity-Infinity"),
        ("0.1+0.2&''", "0.30000000000000004"),
        ("{Tags}='red, green'", True),
        ("TRUE()&FALSE()", "10"),
        ("WEEKDAY('2026-03-01')&WEEKDAY('2026-03-01','Monday')", "06"),
    ],
)
def test_it_says(text: str, expected: Any) -> None:
    found = said(text)
    assert found == expected or (isinstance(found, float) and math.isclose(found, expected))


@pytest.mark.parametrize("text", ["0/0", "MOD(1,0)", "SQRT(-1)", "'a'*2"])
def test_what_is_no_number_is_no_error(text: str) -> None:
    assert math.isnan(said(text))


@pytest.mark.parametrize(
    "text",
    ["ERROR()", "DATEADD('x',1,'day')", "DATEADD({Due},1,'eon')", "DATETIME_PARSE('x','YYYY')", "VALUE('x')", "AND(0,ERROR())"],
)
def test_it_errs(text: str) -> None:
    with pytest.raises(FormulaError):
        said(text)


@pytest.mark.parametrize(
    "text",
    ["", "{Name}=", "(1", "1 2", "IF(1)", "NOT(1,2)", "'open", "{Name", "1 == 1", "LAST_MODIFIED_TIME(1)", "AND(1,)x"],
)
def test_it_cannot_be_read(text: str) -> None:
    with pytest.raises(BadFormula, match="Invalid formula"):
        said(text)


def test_fields_and_functions_that_are_not_there_are_named() -> None:
    with pytest.raises(BadFormula, match="Unknown function names: nope"):
        said("NOPE(1)")
    with pytest.raises(BadFormula, match="Unknown field names: nope, nor"):
        said("AND({Nope},Nor,{Name})")


def test_a_function_that_is_airtables_but_not_ours_is_no_bad_formula() -> None:
    with pytest.raises(NotEmulated):
        said("WORKDAY(TODAY(),1)")


def test_a_list_tells_what_is_wrong_with_a_formula(ask: Ask) -> None:
    for formula, why in (("NOT()", "Invalid formula. Please check your formula text."), ("{Nope}", "Unknown field names: nope")):
        error = ask("GET", f"/Tasks?filterByFormula={formula}").json["error"]
        assert error == {"type": "INVALID_FILTER_BY_FORMULA", "message": f"The formula for filtering records is invalid: {why}"}


def test_a_row_for_which_it_errs_is_not_listed(ask: Ask) -> None:
    assert ask("GET", "/Tasks?filterByFormula=DATEADD({Name},1,'day')").json == {"records": []}


def test_a_formula_follows_a_renamed_column_by_id_only(ask: Ask, person: Any) -> None:
    tables = ask("GET", "/v0/meta/bases/appRowdSamples001/tables").json["tables"]
    status = next(field["id"] for field in tables[0]["fields"] if field["name"] == "Status")
    person.rename("Status", "State")
    assert len(ask("GET", f"/Tasks?filterByFormula={{{status}}}='active'").json["records"]) == 3
    assert ask("GET", "/Tasks?filterByFormula={Status}='active'").status == 422


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{Day}=DATESTR({Day})", False),
        ("{Day}!=DATESTR({Day})", True),
        ("{Due}='2026'", False),
        ("DATESTR({Day})=DATESTR({Due})", True),
        ("{Day}>=DATESTR({Day})", True),
        ("{Day}=DATETIME_PARSE(DATESTR({Day}))", True),
        ("{Day}=BLANK()", False),
        ("{Day}=''", False),
        ("SWITCH({Day},DATESTR({Day}),1,2)", 2),
    ],
)
def test_a_date_is_no_text(text: str, expected: object) -> None:
    """[eugenezadorin/airtable-php#2, TappNetwork/laravel-airtable#81, gtalarico/pyairtable#22]"""
    assert said(text) == expected


def test_a_date_against_the_text_of_its_moment_is_not_emulated() -> None:
    with pytest.raises(NotEmulated):
        said(f"{{Due}}='{iso(DUE)}'")
