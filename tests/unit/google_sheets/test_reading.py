"""How a tab is read: what people put into it, and what Google makes of that."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from msgspec.structs import replace

from connectors.api import Cell, Patch
from connectors.errors import NoHeader
from connectors.google_sheets import BACKEND, GoogleSheetsSettings
from connectors.google_sheets.cells import CELL_LIMIT, alike, cell_of, raw_of
from connectors.google_sheets.errors import NoTab
from connectors.google_sheets.serials import clock_of, day_of, instant_of, serial_of
from connectors.zones import zone_of
from tests.conformance.sheets_bench import TAB, SheetsBench, World, place
from tests.emulators.core.exchange import Answer
from tests.emulators.core.faults import Fault
from tests.emulators.google_sheets.grid import Formula
from tests.unit.google_sheets.conftest import Make

BERLIN = ZoneInfo("Europe/Berlin")


def notes(bench: SheetsBench) -> list[Cell]:
    return [row.cells["Notes"] for row in bench.table.read().rows]


def test_a_link_leads_to_the_line_of_a_row_wherever_it_was_moved(bench: SheetsBench) -> None:
    keys = {row.cells["Name"]: row.key for row in bench.table.read().rows}
    before = bench.table.link(keys["alpha"])
    assert before is not None
    address, _, at = before.partition("#gid=")
    assert address.startswith("https://docs.google.com/spreadsheets/d/")
    assert address.endswith("/edit")
    assert at.partition("&")[2] == "range=A2"
    bench.insert({"ID": "0", "Name": "first"}, 0)
    bench.table.read()
    after = bench.table.link(keys["alpha"])
    assert after is not None
    assert after.endswith("&range=A3")


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("2026-07-01", date(2026, 7, 1)),
        ("2026-07-01 09:30", datetime(2026, 7, 1, 7, 30, tzinfo=UTC)),
        ("12/24/2026", date(2026, 12, 24)),
        ("1-2", date(2026, 1, 2)),
        ("9:30", "09:30"),
        ("007", 7),
        ("1.5", 1.5),
        ("1,200", 1200),
        ("50%", 0.5),
        ("1e3", 1000),
        ("TRUE", True),
        ("false", False),
        ("'007", "007"),
        ("'=1+1", "=1+1"),
        ("=1+1", 2),
        ("=1/0", "#DIV/0!"),
        ('=""', None),
        ("   ", None),
        ("nan", "nan"),
        ("inf", "inf"),
    ],
)
def test_what_a_person_typed_is_read_as_what_it_is(make: Make, typed: str, read: Cell) -> None:
    bench = make(World(zone="Europe/Berlin"))
    bench.person.type(bench.at("alpha", "Notes"), typed)
    if typed == "1-2":
        read = date(bench.clock.now().astimezone(BERLIN).year, 1, 2)
    got = notes(bench)[0]
    assert (got, type(got)) == (read, type(read))


def test_the_spreadsheets_zone_is_looked_at_with_each_read(bench: SheetsBench) -> None:
    bench.person.type(bench.at("alpha", "Notes"), "2026-07-01 09:30")
    assert notes(bench)[0] == datetime(2026, 7, 1, 9, 30, tzinfo=UTC)
    bench.person.book.properties["timeZone"] = "Asia/Tokyo"
    assert notes(bench)[0] == datetime(2026, 7, 1, 0, 30, tzinfo=UTC)


def test_a_read_tells_the_spreadsheets_zone_as_it_is_named(make: Make) -> None:
    assert make(World(zone="America/New_York")).table.read().time_zone == "America/New_York"


@pytest.mark.parametrize(("zone", "hour"), [("GMT-07:00", 16), ("Mars/Olympus", 8)])
def test_dates_under_a_custom_zone_and_under_one_that_nobody_knows(
    bench: SheetsBench, monkeypatch: pytest.MonkeyPatch, zone: str, hour: int
) -> None:
    """Where nobody knows it, by the zone that rowd.toml says."""
    bench.table.close()
    settings = {"spreadsheet": bench.file.id, "tab": TAB, "credentials": "key.json", "endpoint": bench.server.base}
    there = replace(place(bench.folder), zone=BERLIN)
    bench.table = BACKEND.open(GoogleSheetsSettings.model_validate(settings), there)
    bench.person.type(bench.at("alpha", "Notes"), "2026-01-05 09:00")
    bench.person.book.properties["timeZone"] = zone
    page = bench.table.read()
    assert (page.rows[0].cells["Notes"], page.time_zone) == (datetime(2026, 1, 5, hour, tzinfo=UTC), zone)


@pytest.mark.parametrize("tab", [TAB, 1])
def test_other_tabs_don_t_come_along(bench: SheetsBench, tab: int | str) -> None:
    table = bench.opened(tab=tab)
    assert len(table.read().rows) == 3
    table.close()
    last = [entry for entry in bench.service.journal if entry.operation.startswith("spreadsheets")][-1]
    assert [sheet["properties"]["title"] for sheet in last.answer.json["sheets"]] == [TAB]


@pytest.mark.parametrize("tab", ["No such tab", 999])
def test_a_tab_that_is_not_there(bench: SheetsBench, tab: int | str) -> None:
    table = bench.opened(tab=tab)
    with pytest.raises(NoTab) as raised:
        table.read()
    table.close()
    assert "the spreadsheet has no such tab; it has " in str(raised.value)
    assert (f'"{TAB}"' if isinstance(tab, str) else f'"{TAB} (gid=') in str(raised.value)


def test_a_tab_that_is_not_there_is_told_though_the_others_can_not_be_asked_for(bench: SheetsBench) -> None:
    bench.service.faults.add(Fault(operations=r"spreadsheets\.get$", answer=Answer.of(403, {})))
    table = bench.opened(tab=999)
    with pytest.raises(NoTab, match=r"no such tab\. Name the tab so again"):
        table.read()
    table.close()


def test_the_first_line_that_holds_anything_has_the_headers(bench: SheetsBench) -> None:
    bench.person.insert_rows(1, 2)
    page = bench.table.read()
    assert page.columns[:2] == ("ID", "Name")
    assert [row.key for row in page.rows] == ["a", "b", "c"]


def test_headers_that_can_t_be_told(bench: SheetsBench) -> None:
    bench.rename("Notes", "name")
    with pytest.raises(NoHeader, match='"name" twice'):
        bench.table.read()
    bench.person.type("B1", "Task")
    assert [row.key for row in bench.table.read().rows] == ["a", "b", "c"]  # the Name is another column now
    bench.person.type("E1", "x")
    with pytest.raises(NoHeader, match='no column "Name"'):
        bench.table.read()
    bench.person.clear("A1:Z1000")
    with pytest.raises(NoHeader, match="is empty"):
        bench.table.read()


def test_blank_lines_boxes_and_strangers_without_a_header_are_no_rows(bench: SheetsBench) -> None:
    bench.person.insert_rows(3)
    bench.person.type("C8", "FALSE")
    bench.person.type("Z9", "a note beside the table")
    page = bench.table.read()
    assert [row.key for row in page.rows] == ["a", "b", "c"]
    assert all(tuple(row.cells) == page.columns for row in page.rows)


def test_a_second_table_below_is_left_alone(bench: SheetsBench) -> None:
    bench.person.paste("A7", [["Name", "Amount"], ["paper", "12"]])
    assert [row.key for row in bench.table.read().rows] == ["a", "b", "c"]
    assert bench.table.create([{"ID": "d", "Name": "delta"}]) == ["d"]  # type: ignore[attr-defined]  # a bench knows only the contract
    assert bench.person.shown("B5") == "delta"
    assert [bench.person.shown(cell) for cell in ("A8", "B8", "A9", "B9")] == ["Name", "Amount", "paper", "12"]


def test_a_row_below_a_gap_is_a_row(bench: SheetsBench) -> None:
    bench.person.paste("A9", [["e", "epsilon"]])
    assert [row.key for row in bench.table.read().rows] == ["a", "b", "c", "e"]


def test_hidden_rows_are_rows(bench: SheetsBench) -> None:
    bench.person.sheet.rows[1].hidden = True
    assert [row.key for row in bench.table.read().rows] == ["a", "b", "c"]


@pytest.mark.parametrize(
    "text", ["007", "1,5", "1,200", "1e3", "nan", "inf", "+351 912 345 678", "٣", "23E123123", "0x10", "1_000", "TRUE"]
)
def test_no_text_is_taken_for_a_number(bench: SheetsBench, text: str) -> None:
    """As gspread's get_all_records does."""
    bench.table.write([Patch(bench.table.read().rows[0].key, {"Notes": text})])
    assert notes(bench)[0] == text


def test_rows_of_any_length_and_blank_ones_between_them(bench: SheetsBench) -> None:
    bench.person.clear("C2:G2")
    bench.person.clear("A3:G3")
    rows = bench.table.read().rows
    assert list(rows[0].cells.values()) == ["a", "alpha", None, None, None, None, None]
    assert [row.key for row in rows] == ["a", "c"]


def test_a_table_without_ids_is_known_by_its_names(bench: SheetsBench) -> None:
    bench.person.delete_columns("A")
    page = bench.table.read()
    assert (page.id_column, [row.key for row in page.rows]) == (None, ["alpha", "beta", "gamma"])
    answer = bench.table.write([Patch("beta", {"Last Result": "1"})])[0]
    assert answer.row is not None
    assert answer.row.key == "beta"


def test_ids_that_sheets_made_dates_of(bench: SheetsBench) -> None:
    bench.person.type("A2", "2026-07-01")
    page = bench.table.read()
    assert page.rows[0].key == "2026-07-01"
    answer = bench.table.write([Patch("2026-07-01", {"Last Result": "1"})])[0]
    assert answer.row is not None
    assert answer.row.key == "2026-07-01"


def test_formulas_stay_when_others_are_written(bench: SheetsBench) -> None:
    bench.person.type("E2", "=LEN(B2)")
    bench.table.read()
    answer = bench.table.write([Patch("a", {"Last Result": "1"})])[0]
    assert answer.row is not None
    assert answer.row.cells["Notes"] == 5
    assert bench.person.sheet.cell(1, 4).entered == Formula("=LEN(B2)")


# --- one value

_zones = st.sampled_from([UTC, BERLIN, ZoneInfo("America/New_York"), ZoneInfo("Australia/Lord_Howe"), ZoneInfo("Asia/Kathmandu")])
_instants = st.datetimes(min_value=datetime(1970, 1, 1), max_value=datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001


@given(_instants, _zones)
@example(datetime(2026, 10, 25, 1, 30, tzinfo=UTC), BERLIN)
def test_an_instant_comes_back_from_its_serial_but_for_repeated_hours(at: datetime, zone: ZoneInfo) -> None:
    at = at.replace(microsecond=at.microsecond // 1000 * 1000)
    back = instant_of(serial_of(at, zone), zone)
    repeated = at.astimezone(zone).fold
    assert back == at - (
        timedelta(0) if not repeated else at.astimezone(zone).replace(fold=0).utcoffset() - at.astimezone(zone).utcoffset()
    )  # type: ignore[operator]


@given(st.dates(min_value=date(1900, 1, 1), max_value=date(2900, 1, 1)))
def test_a_day_comes_back_from_its_serial(day: date) -> None:
    assert day_of(serial_of(day, UTC)) == day
    assert cell_of(serial_of(day, UTC), "DATE", BERLIN) == day


def test_serials_as_google_has_them() -> None:
    assert serial_of(date(1899, 12, 30), UTC) == 0
    assert serial_of(datetime(2024, 12, 17, 12, tzinfo=UTC), UTC) == 45643.5
    assert [clock_of(x) for x in (0.395833333333333, 0.5, 1.25, -0.25, 0.39600694444)] == [
        "09:30",
        "12:00",
        "30:00",
        "-06:00",
        "09:30:15",
    ]


@pytest.mark.parametrize(
    ("name", "hours"), [("GMT-07:00", -7), ("GMT+5:30", 5.5), ("UTC", 0), ("UTC+02", 2), ("Etc/GMT", 0), ("Asia/Kolkata", 5.5)]
)
def test_zones(name: str, hours: float) -> None:
    zone = zone_of(name)
    assert zone is not None
    assert datetime(2026, 1, 1, tzinfo=zone).utcoffset() == timedelta(hours=hours)


@pytest.mark.parametrize(
    "name", ["", "Mars/Olympus", "../etc/passwd", "/etc/localtime", "America", "GMT+24:00", "GMT+99", "x" * 5000]
)
def test_zones_that_are_none(name: str) -> None:
    assert zone_of(name) is None


@given(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(-(10**14), 10**14),
        st.floats(allow_nan=False, allow_infinity=False),
        st.text(max_size=30),
    )
)
def test_what_is_sent_is_read_as_what_was_put(value: Cell) -> None:
    raw = raw_of(value, "", UTC)
    back = cell_of(raw, "", UTC)
    if isinstance(value, str):
        assert back is None or isinstance(back, str)
        assert raw_of(back, "", UTC) == (raw if back is not None else "")
    else:
        assert back == value
        assert isinstance(back, bool) == isinstance(value, bool)


def test_a_text_is_cut_at_what_a_cell_holds() -> None:
    whole = raw_of("x" * CELL_LIMIT, "", UTC)
    assert whole == "x" * CELL_LIMIT
    assert raw_of("x" * (CELL_LIMIT + 1), "", UTC) == "x" * (CELL_LIMIT - 1) + "…"
    cut = raw_of("😀" * CELL_LIMIT, "", UTC)
    assert isinstance(cut, str)
    assert len(cut.encode("utf-16-le")) // 2 <= CELL_LIMIT
    assert cut.endswith("😀…")


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (1, 1.0, True),
        (True, 1, False),
        (None, "", True),
        (0, None, False),
        (0, "", False),
        ("1", 1, False),
        (0.1 + 0.2, 0.3, True),
        (False, None, False),
    ],
)
def test_what_is_the_same_in_a_cell(one: str | float | None, other: str | float | None, same: bool) -> None:
    assert alike(one, other) is same
    assert alike(other, one) is same


def test_numbers_that_no_calendar_has() -> None:
    assert cell_of(1e300, "DATE", UTC) == 1e300
    assert cell_of(-1e9, "DATE_TIME", UTC) == -1_000_000_000
