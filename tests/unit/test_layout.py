"""Which column is which."""

from __future__ import annotations

from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.columns import Column
from engine.layout import Layout

TEN = ("ID", "Name", "Type", "Description", "Action", "Current", "Threshold", "Last Run", "Status", "Metadata")


def test_headers_are_matched_without_regard_to_case_spaces_and_underscores() -> None:
    layout = Layout.of(("name", "ACTION", "last_run", "Time  Zone", "catch-up"), {})
    assert layout.header(Column.LAST_RUN) == "last_run"
    assert layout.header(Column.TIME_ZONE) == "Time  Zone"
    assert layout.has(Column.CATCH_UP)
    assert not layout.has(Column.STATUS)
    assert layout.header(Column.STATUS) is None
    assert layout.trouble is None


def test_cells_come_under_canonical_names_and_strangers_under_their_own() -> None:
    layout = Layout.of(("NAME", "action", "Cost centre"), {})
    assert layout.canonical({"NAME": "a", "action": "b", "Cost centre": 7}) == {"Name": "a", "Action": "b", "Cost centre": 7}
    assert all(type(key) is str for key in layout.canonical({"NAME": "a"}))


def test_a_row_that_lacks_a_cell_lacks_it_in_the_engine_too() -> None:
    assert Layout.of(("Name", "Action"), {}).canonical({"Name": "a", "Newer": 1}) == {"Name": "a"}


def test_a_renamed_column_is_found_under_its_new_header_only() -> None:
    layout = Layout.of(("Task", "Name", "Action"), {"name": "task"})
    assert layout.header(Column.NAME) == "Task"
    assert Layout.of(("Name", "Action"), {"Name": "Task"}).header(Column.NAME) is None
    assert layout.canonical({"Task": "a", "Name": "Ms. Smith"}) == {"Name": "a", "Name (the table's own)": "Ms. Smith"}


def test_a_table_without_name_or_action_says_what_to_add() -> None:
    missing = Layout.of(("Name", "Schedule"), {}).missing
    assert missing == 'no column "Action"; add it, or set columns.Action in rowd.toml to the header that it has'
    both = Layout.of(("x",), {"Name": "Task"}).trouble
    assert both is not None
    assert both.startswith('no column "Task" and "Action"; add it')


def test_a_known_column_that_stands_there_twice_is_told() -> None:
    layout = Layout.of(("Name", "Action", "last run", "Last_Run"), {})
    assert layout.trouble == '"last run" and "Last_Run" are both the column Last Run; rename one of them'
    assert layout.header(Column.LAST_RUN) == "last run"


def test_a_header_that_is_nearly_a_column_gives_a_hint_and_stays_a_stranger() -> None:
    layout = Layout.of((*TEN, "Shedule", "Cost"), {})
    assert layout.hints == ('the column "Shedule" is none of rowd\'s; did you mean "Schedule"?',)
    assert not layout.has(Column.SCHEDULE)
    assert Layout.of((*TEN, "Shedule", "Schedule"), {}).hints == ()


@pytest.mark.parametrize(("header", "meant"), [("Nmae", "Name"), ("Naem", "Name"), ("Tyep", "Type"), ("Rnus", "Runs")])
def test_a_short_header_with_two_letters_in_the_wrong_order_is_nearly_a_column(header: str, meant: str) -> None:
    layout = Layout.of(("Action", header), {})
    assert layout.hints == (f'the column "{header}" is none of rowd\'s; did you mean "{meant}"?',)
    assert (f'(is it "{header}"?)' in (layout.missing or "")) == (meant == "Name")


@pytest.mark.parametrize("header", ["To", "Time", "Date", "Note", "Due", "Role", "Team", "Cost", "Who", "Idea"])
def test_a_short_header_of_another_meaning_is_a_stranger(header: str) -> None:
    assert Layout.of(("Action", header), {}).hints == ()


def test_the_ten_column_table_is_a_table() -> None:
    layout = Layout.of(TEN, {})
    assert (layout.trouble, layout.hints) == (None, ())
    assert [layout.header(Column(c)) for c in TEN] == list(TEN)


@given(st.lists(st.text(max_size=12), max_size=12), st.dictionaries(st.text(max_size=8), st.text(max_size=8), max_size=4))
def test_no_header_and_no_renaming_breaks_it_and_no_cell_is_lost(headers: list[str], renames: dict[str, str]) -> None:
    layout = Layout.of(headers, renames)
    cells = {header: number for number, header in enumerate(headers)}
    assert sorted(map(str, layout.canonical(cells).values())) == sorted(map(str, cells.values()))


def test_a_hundred_thousand_columns_are_no_work_and_the_first_strangers_are_still_told() -> None:
    start = process_time()
    layout = Layout.of(("Name", "Action", "Schedul", *(f"column {n}" for n in range(100_000))), {})
    assert process_time() - start < 2
    assert layout.hints == ('the column "Schedul" is none of rowd\'s; did you mean "Schedule"?',)
