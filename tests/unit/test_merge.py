"""Three-way merging of a row: what a person changed, whatever old copy it was changed in."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from connectors.api import Cell
from engine.asked import Wish
from engine.columns import OURS, Column
from engine.display import differing
from engine.merge import (
    OLDER_COPY,
    TAKEN_BACK,
    TORN,
    BadPress,
    Observation,
    Press,
    active,
    completed,
    delivered,
    first_sight,
    meant_by,
    observe,
    press_of,
    unchanged,
)
from engine.model import RowState
from tests.fakes.virtual import NOON

LATER = NOON + timedelta(minutes=1)


def cells(**changes: Cell) -> dict[str, Cell]:
    plain: dict[str, Cell] = {
        "ID": "1",
        "Name": "third",
        "Type": "counter",
        "Schedule": None,
        "Current": "3",
        "Threshold": "5",
        "Status": "active",
        "Do": None,
        "Health": None,
        "Runs": None,
        "Colour": "red",
    }
    return {**plain, **{k.replace("_", " "): v for k, v in changes.items()}}


def seen(**changes: Cell) -> RowState:
    return first_sight("ops", "1", cells(**changes), NOON, new_ledger=False, anchor=None).state


def shown(state: RowState, **put: Cell) -> RowState:
    """The row once rowd has written these cells into it."""
    text = {c: None if v is None else str(v) for c, v in put.items()}
    known = {c: state.stood[c] if c in state.stood else state.cells.get(c) for c in cells()}
    return delivered(state, put, {**known, **text}, NOON).state


def columns(found: Observation) -> list[str]:
    return [str(c.column) for c in found.changes]


def test_an_unchanged_row_is_the_same_state() -> None:
    state = seen()
    assert observe(state, cells(), LATER) == Observation(state)


def test_what_was_put_into_a_column_that_was_being_renamed_is_sent_again() -> None:
    state = seen()
    answer = {c: v for c, v in cells(Health="OK").items() if c != "Runs"}  # it was called otherwise when the patch came: dropped
    state = delivered(state, {"Runs": 0, "Health": "OK"}, answer, NOON).state
    back = observe(state, cells(Health="OK"), LATER).state
    assert differing({"Runs": 0, "Health": "OK"}, back) == {"Runs": 0}


values = st.sampled_from([None, "3", "active", "paused", "run now", "red"])
some = st.dictionaries(st.sampled_from([*cells(), "Stranger"]), values, max_size=4)


@given(st.lists(some, max_size=3), some, st.lists(st.sampled_from([*cells()]), max_size=1))
def test_what_is_plainly_unchanged_is_so_for_a_close_look_too(
    edits: list[dict[str, Cell]], last: dict[str, Cell], gone: list[str]
) -> None:
    state = seen()
    for edit in edits:
        state = observe(state, cells() | edit, LATER).state
    read = {c: v for c, v in (cells() | last).items() if c not in gone}
    if unchanged(state, read):
        assert observe(state, read, LATER) == Observation(state)
    again = observe(state, read, LATER).state
    if again.cells.get("Do") is None:  # a word that is no button is looked at each time
        assert unchanged(again, read)


def test_what_rowd_wrote_is_no_edit_whatever_form_the_store_gave_it() -> None:
    state = replace(seen(), count=4.0)
    after = shown(state, Current=4, Health="OK, 4 of 5", Runs=0)
    assert after.count == 4
    assert after.changed_at == state.changed_at
    assert observe(after, cells(Current="4", Health="OK, 4 of 5", Runs="0"), LATER) == Observation(after)


def test_an_edit_of_current_is_added_to_what_was_ticked_meanwhile() -> None:
    ticked = replace(seen(), count=4.0)  # one tick, not shown yet: the cell still says 3
    found = observe(ticked, cells(Current="10"), LATER)
    assert found.state.count == 11
    assert found.state.armed
    assert columns(found) == ["Current"]


def test_an_old_copy_brings_back_no_count() -> None:
    first = shown(seen(), Current=3, Health="OK, 3 of 5", Runs=0)
    reset = shown(replace(first, count=0.0), Current=0, Health="OK, 0 of 5", Runs=1)
    found = observe(reset, cells(Current="3", Health="OK, 3 of 5", Runs="0"), LATER)
    assert found.state.count == 0
    assert not found.changes
    assert "Current" not in found.state.sent  # it is to be written again


def test_an_edit_made_in_an_old_copy_counts_from_what_that_copy_showed() -> None:
    first = shown(seen(), Current=3, Health="OK, 3 of 5", Runs=0)
    reset = shown(replace(first, count=0.0), Current=0, Health="OK, 0 of 5", Runs=1)
    found = observe(reset, cells(Current="4", Health="OK, 3 of 5", Runs="0"), LATER)
    assert found.state.count == 1


def test_an_old_copy_of_a_display_over_which_a_person_typed_brings_back_no_count() -> None:
    first = shown(seen(Current="0"), Current=0, Health="OK, 0 of 5")
    typed = observe(first, cells(Current="7", Health="OK, 0 of 5"), LATER).state  # two displays look alike now
    fired = shown(replace(typed, count=2.0), Current=2, Health="OK, 2 of 5")
    for current in ("0", "7"):
        found = observe(fired, cells(Current=current, Health="OK, 0 of 5"), LATER)
        assert (found.state.count, columns(found)) == (2, [])
    assert observe(fired, cells(Current="9", Health="OK, 0 of 5"), LATER).state.count == 4  # two more than seven


@pytest.mark.parametrize(
    "written", [{"Duration": "0,001"}, {"Last Run": "27.11.2026 02:52:34"}, {"Duration": "0,001", "Last Run": "11/27/2026"}]
)
def test_an_old_copy_is_known_by_what_no_spreadsheet_writes_otherwise(written: dict[str, str]) -> None:
    first = shown(seen(), Current=3, Health="OK, 3 of 5", Duration=0.001, **{"Last Run": "2026-11-27T02:52:34Z"})
    newest = shown(replace(first, count=4.0), Current=4, Health="OK, 4 of 5")
    old = observe(newest, cells(**{**first.stood, **written}), LATER)
    assert (old.state.count, columns(old)) == (4, [])
    as_it_stands = {**newest.stood, **written}
    typed = observe(newest, cells(**{**as_it_stands, "Current": "5"}), LATER)
    assert (typed.state.count, columns(typed)) == (5, ["Current"])
    pressed = observe(newest, cells(**{**as_it_stands, "Do": "run now"}), LATER)
    assert pressed.press == Press(Wish.RUN_NOW)
    done = shown(pressed.state, Do=None, Health="OK, 0 of 5")
    assert observe(done, cells(**{**as_it_stands, "Do": "run now"}), LATER).press is None


def test_a_completed_row_that_has_no_status_to_set_takes_another_time_for_its_order() -> None:
    one_off = {"Type": "once", "Status": None}
    state = completed(observe(seen(**one_off, Schedule="now"), without("Status", **one_off, Schedule="now"), LATER).state)
    moved = observe(state, without("Status", Type="once", Schedule="2026-11-28 10:00"), LATER).state
    assert active(moved)
    away = observe(state, without("Status", Type="once", Schedule=None), LATER).state  # its header was misspelt for a moment
    assert not active(observe(away, without("Status", Type="once", Schedule="now"), LATER).state)


def test_the_note_about_an_old_button_stays_as_long_as_the_button() -> None:
    old = first_sight("ops", "1", cells(Do="run now"), NOON, new_ledger=True, anchor=None).state
    edited = observe(old, cells(Do="run now", Description="more"), LATER)
    assert edited.state.note == old.note
    assert observe(edited.state, cells(Description="more"), LATER).state.note is None


def forgotten() -> tuple[dict[str, Cell], RowState]:
    """A display from before those that are remembered; and the row as it is now."""
    first = shown(seen(Status="paused"), Current=3, Health="OK, 3 of 50", Runs=0)
    state = observe(first, cells(Status="active", Current="3", Health="OK, 3 of 50", Runs="0"), LATER).state
    for n in range(1, 20):
        state = shown(replace(state, count=3.0 + n), Current=3 + n, Health=f"OK, {3 + n} of 50", Runs=n)
    return cells(Status="paused", Current="3", Health="OK, 3 of 50", Runs="0"), state


def test_of_a_copy_that_is_too_old_to_be_remembered_nobody_typed_what_differs() -> None:
    old, state = forgotten()
    found = observe(state, {**old, "Schedule": "daily"}, LATER)
    assert (found.state.count, found.state.cells["Status"]) == (22, "active")
    assert (columns(found), found.state.note) == (["Schedule"], TAKEN_BACK)


def toggled() -> RowState:
    """Paused by somebody whose program has had the file open since before rowd said so; and told."""
    state = shown(seen(Status="active"), Health="OK, next 09:00", Runs=2)
    paused = observe(state, cells(Status="paused", Health="OK, next 09:00", Runs="2"), LATER).state
    return shown(paused, Status="paused", Health="PAUSED")


def test_a_status_set_back_in_the_same_program_stands_and_health_asks_for_it_anew() -> None:
    """The very same bytes come from somebody else who opened the file before it was paused."""
    found = observe(toggled(), cells(Status="active", Health="OK, next 09:00", Runs="2"), LATER)
    assert (found.state.cells["Status"], columns(found)) == ("paused", [])
    assert found.state.note == TORN.format("Status")
    told = shown(found.state, Status="paused", Health=f"PAUSED; {TORN}", Runs=2)
    again = observe(told, cells(Status="active", Health=f"PAUSED; {TORN}", Runs="2"), LATER)
    assert (again.state.cells["Status"], columns(again), again.state.note) == ("active", ["Status"], None)
    same = observe(toggled(), cells(Status="paused", Health="OK, next 09:00", Runs="2"), LATER)
    assert same.state.note is None  # it says what stands


def test_who_brings_the_last_edit_along_did_not_start_before_it() -> None:
    """Paused, then another time was set, both on the display of the active row: since then only one display looks so."""
    state = shown(seen(Status="active"), Health="OK, next 09:00", Runs=2)
    for typed in ({"Status": "paused"}, {"Status": "paused", "Schedule": "daily 10:00"}):
        state = observe(state, cells(Health="OK, next 09:00", Runs="2", **typed), LATER).state
    state = shown(state, Health="PAUSED")
    edit = {"Status": "active", "Health": "OK, next 09:00", "Runs": "2"}
    found = observe(state, cells(**edit, Schedule="daily 10:00"), LATER)
    assert (found.state.cells["Status"], columns(found)) == ("active", ["Status"])
    older = observe(state, cells(**edit), LATER)  # from before the other time was set
    assert older.state.cells["Status"] == "paused"


def test_who_writes_into_rowds_cells_is_no_old_copy() -> None:
    old, state = forgotten()
    reset = {**old, "Health": state.stood["Health"], "Runs": "0", "Current": "0"}  # everything back to nought, by hand
    found = observe(state, reset, LATER)
    assert (found.state.count, found.state.cells["Status"], found.state.note) == (0, "paused", None)


def test_where_the_base_is_in_doubt_the_persons_number_stands() -> None:
    state = shown(replace(seen(), count=4.0), Current=4, Health="OK, 4 of 5")
    found = observe(state, cells(Current="20", Health="somebody wrote here"), LATER)
    assert found.state.count == 20


def test_a_count_that_is_no_number_changes_nothing_and_its_correction_stands() -> None:
    broken = observe(replace(seen(), count=4.0), cells(Current="many"), LATER).state
    assert broken.count == 4
    assert observe(broken, cells(Current="2"), LATER).state.count == 2


def test_a_status_that_rowd_set_stays_and_one_that_a_person_sets_wins() -> None:
    done = shown(replace(seen(), cells=cells(Status="completed")), Status="completed", Runs=1)
    assert observe(done, cells(Status="completed", Runs="1"), LATER).state.cells["Status"] == "completed"
    again = observe(done, cells(Status="active", Runs="1"), LATER)
    assert again.state.cells["Status"] == "active"
    assert again.state.since == LATER


def test_activating_a_row_starts_it_anew_and_a_typo_mended_does_not() -> None:
    paused = seen(Status="paused")
    assert observe(paused, cells(Status="active"), LATER).state.since == LATER
    described = observe(seen(), cells(Colour="blue"), LATER)
    assert described.state.since == NOON
    assert described.state.changed_at == NOON  # a column that rowd doesn't know
    assert observe(seen(), cells(Description="what it does"), LATER).state.changed_at == LATER
    assert observe(seen(), cells(Schedule="daily"), LATER).state.since == LATER


def test_a_press_is_a_change_and_is_taken_once() -> None:
    pressed = observe(seen(), cells(Do="Run  now"), LATER)
    assert pressed.press is not None
    assert pressed.press.wish is Wish.RUN_NOW
    assert pressed.state.cells["Do"] is None
    assert observe(pressed.state, cells(Do="Run  now"), LATER).press is None


def test_a_press_with_a_span() -> None:
    found = observe(seen(), cells(Do="snooze 2h"), LATER)
    assert found.press is not None
    assert (found.press.wish, found.press.amount) == (Wish.SNOOZE, 7200)


def test_a_button_that_does_not_exist_says_which_do_and_stays() -> None:
    found = observe(seen(), cells(Do="do it"), LATER)
    assert found.press is None
    assert found.state.note == 'Do "do it" is no button: use run now, retry, skip next, cancel, approve or snooze 2h'
    assert found.state.cells["Do"] == "do it"


def test_buttons_that_were_there_before_a_new_ledger_need_a_fresh_press() -> None:
    found = first_sight("ops", "1", cells(Do="run now", Runs="7"), NOON, new_ledger=True, anchor=None)
    assert found.press is None
    assert found.state.marked
    assert "press again" in (found.state.note or "")
    assert first_sight("ops", "1", cells(Do="run now"), NOON, new_ledger=False, anchor=None).press is not None


def test_the_same_button_can_be_pressed_again_in_the_live_table() -> None:
    first = observe(shown(seen(), Runs=0), cells(Do="run now", Runs="0"), LATER)
    cleared = shown(first.state, Do=None, Runs=1)
    again = observe(cleared, cells(Do="run now", Runs="1"), LATER)
    assert again.press is not None


def test_a_press_that_waits_to_be_cleared_is_not_taken_again_where_a_person_clears_what_rowd_shows() -> None:
    told = shown(seen(Health="WAITING"), Health="OK")  # blank, WAITING and OK were its displays: as one of them it looks soon
    pressed = observe(told, cells(Do="cancel", Health="OK"), LATER)
    assert pressed.press is not None
    again = observe(pressed.state, cells(Do="cancel", Health="WAITING", Schedule="every minute"), LATER)
    assert again.press is None
    other = observe(pressed.state, cells(Do="run now", Health="WAITING", Schedule="every minute"), LATER)
    assert other.press is not None


words = st.sampled_from([None, "3", "4", "7", "x", "active", "paused", "run now", "cancel", "OK"])


@given(
    st.dictionaries(st.sampled_from([str(c) for c in Column] + ["Colour"]), words),
    st.dictionaries(st.sampled_from([str(c) for c in Column]), words),
)
def test_every_cell_of_a_person_is_taken_over_as_it_stands(first: dict[str, Cell], second: dict[str, Cell]) -> None:
    state = first_sight("ops", "1", first, NOON, new_ledger=False, anchor=None).state
    found = observe(state, second, LATER)
    for column, value in second.items():
        if column in OURS:
            assert found.state.stood[column] == value
        elif column not in (Column.DO, Column.STATUS):
            assert found.state.cells[column] == value or column in found.state.stood
    assert not OURS & {*state.cells, *found.state.cells}
    assert found.state.stood == {c: v for c, v in second.items() if c in found.state.stood}
    assert observe(found.state, second, LATER).changes == ()


def test_a_schedule_that_stands_in_metadata_starts_anew_when_it_changes() -> None:
    known = seen(Metadata='{"time_zone": "UTC", "words": "a"}')
    assert observe(known, cells(Metadata='{"time_zone": "UTC", "words": "b"}'), LATER).state.since == NOON
    assert observe(known, cells(Metadata='{"time_zone": "Europe/Berlin", "words": "a"}'), LATER).state.since == LATER


def test_a_count_that_rowd_was_about_to_write_is_no_edit_though_the_answer_never_came() -> None:
    state = shown(replace(seen(), count=3.0), Current=3, Health="OK, 3 of 5")
    ticked = replace(state, count=5.0, meant={"Current": 4})  # one more tick came while the 4 was being written
    again = observe(ticked, cells(Current="4", Health="OK, 3 of 5"), LATER)
    assert (again.state.count, again.changes) == (5.0, ())
    typed = observe(again.state, cells(Current="9", Health="OK, 3 of 5"), LATER)
    assert typed.state.count == 10.0  # from 4 to 9, on top of five


def test_a_number_that_rowd_wrote_itself_is_no_edit_where_the_store_holds_text_though_the_answer_never_came() -> None:
    state = replace(shown(seen(), Current="3", Health="OK, 3 of 5"), count=4.0, armed=False)
    died = replace(state, meant=meant_by(state, {"Current": 4, "Health": "OK, 4 of 5"}))
    again = observe(died, cells(Current="4", Health="OK, 4 of 5"), LATER)
    assert (again.state.count, again.changes, again.state.armed, again.state.meant) == (4.0, (), False, {})


def test_what_rowd_wrote_itself_is_no_old_copy_though_the_row_looks_as_it_once_did() -> None:
    broken = shown(replace(seen(), count=2.0), Current=2, Status="paused", Health="ERROR: A")
    mended = shown(replace(broken, count=1.0), Current=1, Status="active", Health="ERROR: B")
    meant = meant_by(mended, put := {"Health": "ERROR: A"})
    looks_old = cells(Current="1", Status="active", **put)
    known = observe(replace(mended, meant=meant), looks_old, LATER)
    assert (known.state.count, known.changes, known.state.meant) == (1.0, (), {})
    assert {c.column for c in observe(mended, looks_old, LATER).changes} == {"Current"}  # what it looks like without


def test_nothing_is_noted_before_a_write_that_can_not_make_the_row_look_like_an_old_copy() -> None:
    steady = shown(shown(seen(), Health="A"), Health="B")
    assert meant_by(steady, {"Health": "A"}) == {}
    meant = meant_by(steady, {"Current": 1, "Health": "A", "Description": "no matter"})
    assert meant == {"Current": 1, "Status": "active", "Do": None, "Health": "A"}


def test_a_status_that_is_set_back_is_an_edit_though_rowd_was_once_about_to_write_beside_it() -> None:
    """The write never came about, and a person says now what stood there at that time."""
    active = shown(shown(seen(), Status="paused", Health="PAUSED"), Status="active", Health="OK")
    meant = meant_by(active, {"Health": "OK, next 09:00"})
    assert meant["Status"] == "active"
    paused = observe(replace(active, meant=meant), cells(Status="paused", Health="OK"), LATER).state
    again = observe(paused, cells(Status="active", Health="OK"), LATER)
    assert [(c.column, c.new) for c in again.changes] == [("Status", "active")]
    assert again.state.cells["Status"] == "active"


def test_a_button_pressed_on_cells_whose_answer_never_came_is_a_new_press() -> None:
    """The row was pressed, rowd had cleared the button and told its run, and died before it knew that this stands."""
    first = observe(shown(seen(), Health="OK", Runs=0), cells(Do="run now", Health="OK", Runs="0"), LATER)
    assert first.press is not None
    told = {"Do": None, "Health": "OK, ran 09:00", "Runs": 1}
    died = replace(first.state, meant=meant_by(first.state, told))
    again = observe(died, cells(Do="run now", Health="OK, ran 09:00", Runs="1"), LATER)
    assert again.press is not None
    assert again.state.meant == {}
    unchanged = observe(died, cells(Do="run now", Health="OK", Runs="0"), LATER)  # the write never landed
    assert (unchanged.press, unchanged.state.meant) == (None, died.meant)


def test_a_number_typed_over_one_whose_answer_never_came_counts_from_that_one() -> None:
    state = shown(shown(replace(seen(), count=3.0), Current=2, Health="OK, 2 of 5"), Current=3, Health="OK, 3 of 5")
    ticked = replace(state, count=5.0)
    died = replace(ticked, meant=meant_by(ticked, {"Current": 4, "Health": "OK, 4 of 5"}))
    assert observe(died, cells(Current="1", Health="OK, 4 of 5"), LATER).state.count == 2.0  # from 4 to 1, and one more tick


def test_an_old_copy_in_which_one_cell_reads_as_rowd_was_about_to_write_it_is_still_an_old_copy() -> None:
    """The counter had fired, and the end of its run was about to be told, when the row came back as it stood after two ticks."""
    two = shown(replace(seen(), count=2.0), Current=2, Health="OK, 2 of 3", Runs=1, **{"Last Status": "succeeded"})
    running = shown(replace(two, count=0.0), Current=0, Health="RUNNING (0 of 3)", **{"Last Status": "running"})
    told = {"Health": "OK, 0 of 3", "Last Status": "succeeded", "Runs": 2}
    died = replace(running, meant=meant_by(running, told))
    back = cells(Current="2", Health="OK, 2 of 3", Last_Status="succeeded", Runs="1")
    found = observe(died, back, LATER)
    assert (found.state.count, found.changes, found.state.meant) == (0.0, (), died.meant)
    typed = observe(died, {**back, "Current": "3"}, LATER)
    assert typed.state.count == 1.0  # from 2 to 3, on top of none
    forgotten = replace(died, shown=died.shown[-1:])  # whoever remembers no such display knows by Runs that it is an older one
    assert observe(forgotten, {**back, "Runs": "0"}, LATER).state.count == 0.0
    landed = observe(died, cells(Current="1", Health="OK, 0 of 3", Last_Status="succeeded", Runs="2"), LATER)
    assert (landed.state.count, landed.state.meant) == (1.0, {})  # typed on what was told


def test_the_note_about_a_word_that_is_no_button_goes_with_the_word() -> None:
    wrong = observe(seen(), cells(Do="foo"), LATER).state
    assert wrong.note is not None
    assert observe(wrong, cells(), LATER).state.note is None


@pytest.mark.parametrize(
    ("current", "count"),
    [("5", 5), ("3", 5), ("9", 9)],
    ids=["rowd's cells were cleared", "an old copy from before rowd's first write", "nobody knows what it was typed over"],
)
def test_cells_that_rowd_had_not_filled_yet_are_no_witness_of_what_a_number_was_typed_over(current: str, count: float) -> None:
    """Whoever clears rowd's cells, or takes their columns away, has a row that looks as at first sight."""
    state = shown(replace(seen(), count=5), Current=5, Health="OK, 5 of 5", Runs=0)
    assert observe(state, cells(Current=current), LATER).state.count == count
    without = {c: v for c, v in cells(Current=current).items() if c not in ("Health", "Runs")}
    assert observe(state, without, LATER).state.count == count


@pytest.mark.parametrize("word", ["snooze 2h", " SNOOZE  2 h", "snooze: 120 min", "Snooze_2h"])
def test_a_snooze_in_any_way_of_writing_it(word: str) -> None:
    assert press_of(word) == Press(Wish.SNOOZE, 7200)


@pytest.mark.parametrize("word", ["snooze -2h", "snooze", "snooze soon", "snooze 2"])
def test_a_snooze_that_says_no_span_is_no_button(word: str) -> None:
    with pytest.raises(BadPress, match="say for how long"):
        press_of(word)


def test_a_snooze_that_is_too_long_is_told_the_limit() -> None:
    with pytest.raises(BadPress, match="ten years at the most; set Status to paused instead"):
        press_of("snooze 99999 days")


def without(column: str, **cells_: Cell) -> dict[str, Cell]:
    """The row in a table in which this column is called otherwise for a while."""
    return {c: v for c, v in cells(**cells_).items() if c != column}


@pytest.mark.parametrize(
    ("word", "meant"),
    [
        ("Run", "run now"),
        ("decline", "cancel"),
        ("OK", "approve"),
        ("skip", "skip next"),
        ("runn", "run now"),
        ("rnu now", "run now"),
        ("aprove", "approve"),
        ("abrt", "cancel"),
        ("snoze 1h", "snooze 2h"),
    ],
)
def test_a_word_for_a_button_that_is_called_otherwise_is_understood_but_not_pressed(word: str, meant: str) -> None:
    with pytest.raises(BadPress, match=f'is no button; did you mean "{meant}"\\?'):
        press_of(word)


def test_a_counter_whose_column_was_away_is_not_counted_twice() -> None:
    state = shown(replace(seen(), count=4), Current=4, Health="OK, 4 of 5")
    away = replace(observe(state, without("Current", Health="OK, 4 of 5"), LATER).state, count=5)
    for n in range(20):  # displays come and go meanwhile
        away = delivered(away, {"Health": f"OK {n}"}, without("Current", Health=f"OK {n}"), LATER).state
    back = observe(away, cells(Current="4", Health="OK 19"), LATER)
    assert (back.state.count, columns(back)) == (5, [])
    assert observe(away, cells(Current="6", Health="OK 19"), LATER).state.count == 7  # two more were typed meanwhile


def test_a_button_whose_column_was_away_is_not_pressed_by_its_return() -> None:
    old = first_sight("ops", "1", cells(Do="run now"), NOON, new_ledger=True, anchor=None).state
    away = observe(old, without("Do"), LATER).state
    assert away.note == old.note
    assert observe(away, cells(Do="run now"), LATER).press is None
    pressed = observe(seen(), cells(Do="run now"), LATER)
    assert pressed.press == Press(Wish.RUN_NOW)
    away = observe(pressed.state, without("Do"), LATER).state  # renamed before rowd could clear it
    assert observe(away, cells(Do="run now"), LATER).press is None
    assert observe(away, cells(Do="cancel"), LATER).press == Press(Wish.CANCEL)


def test_something_else_to_do_in_a_copy_older_than_the_status_is_told_of() -> None:
    state = shown(seen(Type="once", Schedule="in 3 seconds", Status="active"), Health="OK, next …")
    state = shown(completed(state), Status="completed", Health="COMPLETED")
    again = observe(state, cells(Type="once", Schedule="in 4 seconds", Status="active", Health="OK, next …"), LATER)
    assert columns(again) == ["Schedule"]
    assert again.state.note == OLDER_COPY
    status = observe(again.state, cells(Type="once", Schedule="in 4 seconds", Status="active", Health="COMPLETED"), LATER)
    assert (columns(status), status.state.note) == (["Status"], None)


@pytest.mark.parametrize(
    ("marks", "ran"),
    [
        ({}, False),
        ({"Runs": "0"}, False),
        ({"Runs": 0}, False),
        ({"Runs": "3"}, True),
        ({"Runs": "?"}, True),
        ({"Last Run": "2026-11-27T02:52:34Z"}, True),
        ({"Last Status": "succeeded"}, True),
    ],
)
def test_only_a_run_is_a_mark_of_a_run(marks: dict[str, Cell], ran: bool) -> None:
    assert first_sight("ops", "1", cells(**marks), NOON, new_ledger=True, anchor=None).state.marked == ran
