"""Rows become tasks, or defects that say what to mend."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, time, timedelta
from time import process_time
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from actions.api import Definition
from actions.parameters import Parameter, ParameterType
from connectors.api import BEYOND, Cell
from engine.columns import RESTARTS, Column
from engine.metadata import SETTINGS, restarts
from engine.model import CatchUp, Defect, Overlap, RowState, Status, Task, Type
from engine.notify import named
from engine.parse import Rules, doubled_names, parse, parse_like, said_by

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
BERLIN = ZoneInfo("Europe/Berlin")

ACTIONS = {
    "work": Definition(kind="simulate"),
    "report": Definition(
        kind="simulate",
        parameters={
            "folder": Parameter(),
            "limit": Parameter(type=ParameterType.INTEGER, default=3),
            "timeout": Parameter(type=ParameterType.NUMBER, default=1),
        },
        timeout=timedelta(minutes=2),
        timeout_max=timedelta(minutes=10),
        attempts=2,
        attempts_max=4,
        retry_wait=timedelta(seconds=7),
        at_most_every=timedelta(hours=1),
    ),
    "free": Definition(kind="simulate", parameters={"project": Parameter(default="x")}),
}
RULES = Rules("ops", UTC, time(9), ACTIONS, {"work": True, "report": False})


def state(**cells: Cell) -> RowState:
    named = {str(Column[name.upper()]): value for name, value in cells.items()}
    return RowState("ops", "7", {"Name": "a", "Action": "work", **named}, NOON, NOON, NOON, NOON)


def task(rules: Rules = RULES, /, **cells: Cell) -> Task:
    found = parse(state(**{"type": "manual", **cells}), rules)
    assert isinstance(found, Task), found
    return found


def defect(rules: Rules = RULES, /, **cells: Cell) -> Defect:
    found = parse(state(**{"type": "manual", **cells}), rules)
    assert isinstance(found, Defect), found
    assert (found.table, found.key) == ("ops", "7")
    return found


def message(**cells: Cell) -> str:
    found = defect(**cells)
    assert not found.draft
    return found.message


def report(**cells: Cell) -> Task:
    return task(action="report", **{"metadata": '{"folder": "x"}', **cells})


# --- the ten columns


SAMPLE = [
    (
        "1",
        "guidelines_refresh",
        "counter",
        "Refresh AI guidelines",
        "read_guidelines",
        3,
        5,
        "2024-12-17T19:45:00Z",
        "active",
        "{}",
    ),
    ("2", "vitest_rerun", "counter", "Run test suite", "run_vitest", 2, 7, "2024-12-17T18:30:00Z", "active", "{}"),
    ("3", "coverage_check", "daily", "Check coverage", "check_coverage", 0, 1, "2024-12-16T09:00:00Z", "active", "{}"),
]
TEN = ("ID", "Name", "Type", "Description", "Action", "Current", "Threshold", "Last Run", "Status", "Metadata")
DEV = {name: Definition(kind="command") for name in ("read_guidelines", "run_vitest", "check_coverage")}


@pytest.mark.parametrize("as_text", [False, True])
def test_the_ten_column_table_is_understood_as_printed(as_text: bool) -> None:
    rules = Rules("Tasks", BERLIN, time(6), DEV, dict.fromkeys(DEV, False))
    found = []
    for values in SAMPLE:
        cells: dict[str, Cell] = dict(zip(TEN, map(str, values) if as_text else values, strict=True))
        anchor = datetime.fromisoformat(str(cells["Last Run"]))
        row = RowState("Tasks", values[0], cells, NOON, NOON, NOON, NOON, anchor=anchor)
        one = parse(row, rules)
        assert isinstance(one, Task), one
        found.append(one)
    counters, daily = found[:2], found[2]
    assert [(t.name, t.type, t.action, t.threshold, t.schedule) for t in counters] == [
        ("guidelines_refresh", Type.COUNTER, "read_guidelines", 5, None),
        ("vitest_rerun", Type.COUNTER, "run_vitest", 7, None),
    ]
    assert (daily.type, daily.action, daily.status, daily.parameters) == (Type.DAILY, "check_coverage", Status.ACTIVE, {})
    assert daily.schedule is not None
    assert daily.schedule.next(NOON) == datetime(2026, 11, 22, 9, tzinfo=UTC)  # 09:00Z of Last Run is 10:00 in Berlin in winter
    assert all(not t.repeatable and t.attempts == 1 for t in found)


# --- what a row must have


def test_a_row_without_type_and_schedule_is_a_draft_that_says_what_it_lacks() -> None:
    found = defect(type=None)
    assert (found.draft, found.column) == (True, "Schedule")
    assert found.message == 'Type and Schedule are blank; write a Schedule such as "daily 07:00", or a Type such as "manual"'
    found = defect(type=None, watch=None, counts="inbox")
    assert found.message.endswith('or a Type such as "counter", or under Watch what it reacts to')
    found = defect(type=None, depends_on=None)
    assert found.draft
    assert found.message.endswith(', or a Type such as "manual", or under Depends On the rows that it waits for')
    assert "fill in Name and Action, and write" in defect(type=" ", name=None, action="").message


def test_a_row_without_name_or_action_says_so() -> None:
    assert defect(name=" ").column == "Name"
    assert message(name=None) == "Name is blank; give the task a name that no other row has"
    assert message(action=None) == "Action is blank; write the name of an action: free, report, work"


def test_a_name_is_one_short_line() -> None:
    assert "longer than 200" in message(name="x" * 201)
    assert task(name="x" * 200).name == "x" * 200
    for bad in ("a\nb", "a\x00b", "a\ud800b", "a\u2028b"):
        assert "on one line" in message(name=bad)
    assert task(name=" Prüfung\u00a0✓ 👩‍💻 ").name == "Prüfung\u00a0✓ 👩‍💻"
    assert task(name=5).name == "5"


def test_an_unknown_action_is_answered_with_the_nearest_that_this_table_may_use() -> None:
    assert message(action="reprot") == 'Action "reprot": no action of this name may be used here; did you mean "report"?'
    assert message(action="zzz").endswith("write the name of an action: free, report, work")
    rules = replace(RULES, actions={})
    assert "has yet to define one" in defect(rules, action="work").message


def test_the_status_is_one_of_four_words_and_blank_is_active() -> None:
    assert [task(status=s).status for s in (None, "", "Active", "PAUSED", "completed")] == [
        "active",
        "active",
        "active",
        "paused",
        "completed",
    ]
    assert message(status="enabled").endswith('did you mean "active"?')
    assert message(status=False) == 'Status "false": not one of active, paused, draft, completed; did you mean "paused"?'
    assert message(status="inactive").endswith('did you mean "paused"?')
    assert message(status="done").endswith('did you mean "completed"?')
    assert message(status="activ").endswith('did you mean "active"?')


def test_a_draft_says_how_to_start_and_what_would_still_be_wrong() -> None:
    ready = defect(status="Draft")
    assert (ready.draft, ready.column, ready.message) == (True, "Status", "Status is draft; set it to active when the row is ready")
    wrong = defect(status="draft", action="reprot")
    assert (wrong.draft, wrong.column) == (True, "Action")
    assert wrong.message.startswith('Status is draft; before you set it to active, see to this: Action "reprot"')
    unfinished = defect(status="draft", type=None)
    assert (unfinished.draft, unfinished.message) == (True, defect(type=None).message)


# --- type, schedule, threshold


def test_the_type_is_told_from_the_schedule_where_it_is_blank() -> None:
    found = task(type=None, schedule="every 15 minutes")
    assert found.type is Type.INTERVAL
    assert found.schedule is not None
    assert found.schedule.next(NOON) == NOON + timedelta(minutes=15)


def test_a_schedule_stands_in_the_zone_of_the_row_else_of_the_table() -> None:
    in_berlin = task(type=None, schedule="daily 09:00", time_zone="europe/berlin").schedule
    in_table = task(replace(RULES, zone=ZoneInfo("Asia/Tokyo")), type=None, schedule="daily 09:00").schedule
    assert in_berlin is not None
    assert in_table is not None
    assert in_berlin.next(NOON) == datetime(2026, 11, 22, 8, tzinfo=UTC)
    assert in_table.next(NOON) == datetime(2026, 11, 22, 0, tzinfo=UTC)
    assert message(time_zone="Berlin") == 'Time Zone "Berlin": not a time zone; did you mean "Europe/Berlin"?'


def test_a_typed_date_is_a_schedule() -> None:
    typed = task(type=None, schedule=datetime(2026, 12, 24, 8, tzinfo=UTC), time_zone="Europe/Berlin")
    assert typed.type is Type.ONCE
    assert typed.schedule is not None
    assert typed.schedule.next(NOON) == datetime(2026, 12, 24, 8, tzinfo=UTC)
    whole_day = task(type=None, schedule=date(2026, 12, 24)).schedule
    assert whole_day is not None
    assert whole_day.next(NOON) == datetime(2026, 12, 24, 9, tzinfo=UTC)


def test_a_relative_schedule_counts_from_when_the_row_began_not_from_its_last_edit() -> None:
    began = NOON + timedelta(minutes=7)
    found = parse(replace(state(schedule="in 2 hours"), since=began), RULES)
    assert isinstance(found, Task)
    assert found.schedule is not None
    assert found.schedule.next(NOON) == began + timedelta(hours=2)


def test_an_unreadable_schedule_names_column_and_value() -> None:
    found = defect(type=None, schedule="evry monday")
    assert (found.column, found.draft) == ("Schedule", False)
    assert found.message.startswith('Schedule "evry monday": ')
    inner = defect(type=None, metadata='{"schedule": "evry monday"}')
    assert (inner.column, inner.message[:33]) == ("Metadata", 'Metadata, Schedule "evry monday":')


def test_a_counter_needs_a_threshold_of_one_or_more_and_a_current_that_counts() -> None:
    assert [task(type="counter", threshold=t).threshold for t in (1, "5", 2.5, "2,5")] == [1, 5, 2.5, 2.5]
    assert task(type="counter", threshold=5).schedule is None
    assert message(type="counter").startswith("Threshold is blank; a counter needs")
    assert message(type="counter", threshold=0) == 'Threshold "0": too small; a counter runs at 1 or more'
    assert message(type="counter", threshold="many").startswith('Threshold "many": not a number')
    assert message(type="counter", threshold=5, current="1,500").startswith('Current "1,500": either 1500 or 1.500')
    assert task(type="daily", current="whatever").type is Type.DAILY
    assert message(type="counter", threshold=3, current=1e9) == (
        'Current "1000000000": worth 333,333,333 runs in a row; write at most 3000, or 0'
    )
    assert task(type="counter", threshold=3, current=3000).threshold == 3


@pytest.mark.parametrize("type_", ["counter", "manual"])
def test_what_runs_without_the_clock_has_no_schedule(type_: str) -> None:
    assert f"a task of Type {type_} runs" in message(type=type_, schedule="daily 07:00", threshold=1)
    assert defect(type=type_, metadata='{"schedule": "daily 07:00"}', threshold=1).column == "Metadata"
    assert task(type=type_, threshold=1).schedule is None


def test_the_threshold_of_a_daily_task_is_every_how_many_days() -> None:
    for type_ in ("daily", None):
        found = task(type=type_, schedule="daily 07:00", threshold="3.0").schedule
        assert found is not None
        first = found.next(NOON)
        assert first is not None
        second = found.next(first)
        assert second is not None
        assert second - first == timedelta(days=3)
        for bad in (0, "1.5", -1, 1001, "x", 10**400):
            assert defect(type=type_, schedule="daily 07:00", threshold=bad).column == "Threshold"


def test_a_threshold_means_nothing_to_other_types() -> None:
    for threshold in (0, "x", 3):
        assert task(type=None, schedule="every 15 minutes", threshold=threshold).type is Type.INTERVAL
        assert task(threshold=threshold).threshold == 1


def test_a_type_that_is_none_is_told_with_all_that_there_are() -> None:
    offered = "counter, interval, daily, weekly, monthly, cron, once, on_change, on_commit, on_completion, webhook, manual"
    assert message(type="countr") == f'Type "countr": not one of {offered}; did you mean "counter"?'
    assert message(type="on_comit").endswith('did you mean "on_commit"?')
    assert "that is a Type; write it under Type" in message(type=None, schedule="webhook")


@pytest.mark.parametrize("type_", ["Manual", "counter"])
def test_a_type_in_place_of_a_schedule_is_told_where_it_belongs(type_: str) -> None:
    assert message(type=None, schedule=type_).startswith(f'Schedule "{type_}": that is a Type; write it under Type')


@pytest.mark.parametrize(
    ("schedule", "current"),
    [("mon", "thu 18:00"), ("1st and 15th", " 18:00"), ("daily 07:00", "12:00 and 18:30")],
)
def test_a_schedule_torn_apart_by_its_comma_is_not_obeyed_by_half(schedule: str, current: str) -> None:
    said = message(type=None, schedule=schedule, current=current)
    assert said.startswith(f'Current "{current.strip()}": reads like the end of Schedule; write "{schedule}, {current.strip()}"')


def test_a_row_that_goes_on_beyond_the_last_column_says_so_and_nothing_else() -> None:
    torn = state(schedule="evry day")
    said = parse(replace(torn, cells={**torn.cells, BEYOND: "b, c"}), RULES)
    assert isinstance(said, Defect)
    assert said.message.startswith(
        'the line has more cells than the table has columns: "b, c" stands behind the last one. Put each'
    )
    assert not said.draft


@pytest.mark.parametrize("current", ["whatever", "n/a", "-", "0", "5", 5, True])
def test_what_is_no_end_of_a_schedule_may_stand_in_current(current: Cell) -> None:
    assert task(type=None, schedule="mon", current=current).type is Type.WEEKLY


def test_a_wrong_type_is_answered_with_the_right_one() -> None:
    assert message(type="dayly").endswith('did you mean "daily"?')


# --- rows that say the same


def test_only_rows_that_say_the_same_are_read_alike() -> None:
    plain = state(type="daily", schedule="daily 07:00")
    for other in (
        state(type="daily", schedule="daily 07:01"),
        state(type="daily", schedule="daily 07:00", status="paused"),
        replace(plain, since=NOON + timedelta(days=1)),
        replace(plain, anchor=NOON),
        replace(plain, marked=True),
    ):
        assert said_by(other) != said_by(plain)
    assert said_by(state(type="counter", threshold=1)) is None  # 1 equals True, and 1.0
    assert said_by(replace(plain, cells={**plain.cells, "Health": "OK", "Name": "b", "theirs": "x"})) == said_by(plain)


def test_a_row_that_says_the_same_still_needs_a_name_of_its_own() -> None:
    nameless = state(name=None)
    assert parse_like(task(), nameless) == parse(replace(nameless, cells={**nameless.cells, "Type": "manual"}), RULES)


# --- settings


def test_a_plain_row_has_the_defaults() -> None:
    found = task()
    assert (found.catch_up, found.overlap, found.priority, found.jitter) == (CatchUp.SKIP, Overlap.SKIP, 0, timedelta(0))
    assert (found.attempts, found.repeatable, found.timeout, found.every) == (3, True, timedelta(minutes=5), None)
    assert (task(action="free").attempts, task(action="free").repeatable) == (1, False)


def test_a_one_off_is_caught_up_with_unless_the_row_says_otherwise() -> None:
    assert task(type="once", schedule="2026-12-24 10:00").catch_up is CatchUp.ONCE
    assert task(type="once", schedule="2026-12-24 10:00", catch_up="Skip").catch_up is CatchUp.SKIP
    assert task(type="daily", catch_up="all").catch_up is CatchUp.ALL


def test_the_definition_gives_what_the_row_leaves_open() -> None:
    found = report()
    assert (found.timeout, found.attempts, found.retry_wait, found.every) == (
        timedelta(minutes=2),
        2,
        timedelta(seconds=7),
        timedelta(hours=1),
    )


def test_a_row_may_ask_for_as_much_as_the_operator_allows() -> None:
    assert report(timeout="10 min", attempts="4").timeout == timedelta(minutes=10)
    assert task(timeout="1h").timeout == timedelta(hours=1)
    over = {"action": "report", "metadata": '{"folder": "x"}'}
    assert message(timeout="11 min", **over) == 'Timeout "11 min": the operator allows this action at most 10m; write that or less'
    assert message(attempts=5, **over) == 'Attempts "5": the operator allows this action at most 4; write that or less'
    assert "at most 1h" in message(timeout="61 min")
    slow = replace(RULES, actions={"work": Definition(kind="simulate", timeout=timedelta(hours=3))})
    assert task(slow, timeout="3h").timeout == timedelta(hours=3)
    assert defect(slow, timeout="181 min").column == "Timeout"


def test_an_operators_ceiling_holds_for_his_own_default_too() -> None:
    tight = Definition(kind="simulate", timeout_max=timedelta(minutes=1), attempts=9, attempts_max=2)
    found = task(replace(RULES, actions={"work": tight}))
    assert (found.timeout, found.attempts) == (timedelta(minutes=1), 2)


@pytest.mark.parametrize(
    ("column", "bad", "said"),
    [
        ("timeout", "5", 'a span of time needs a unit; write "5s" or "5 min"'),
        ("timeout", "0s", "no time at all"),
        ("attempts", 0, "write 1 or more"),
        ("attempts", "2.5", "not a whole number"),
        ("catch_up", "never", "not one of skip, once, all"),
        ("overlap", "paralel", 'did you mean "parallel"?'),
        ("priority", "urgent", "neither a whole number nor one of low, normal, high"),
        ("priority", 1001, "out of bounds"),
        ("jitter", "25h", "at most 1d"),
        ("time_zone", "+02:00", "not a time zone"),
    ],
)
def test_a_setting_that_cannot_be_is_refused_with_its_value_wherever_it_stands(column: str, bad: Cell, said: str) -> None:
    in_cell, in_metadata = defect(**{column: bad}), defect(metadata=json.dumps({column: bad}))
    title = Column[column.upper()]
    assert (in_cell.column, in_metadata.column) == (title, "Metadata")
    assert in_cell.message.startswith(f'{title} "{bad}": ')
    assert said in in_cell.message
    assert in_metadata.message == f"Metadata, {in_cell.message}"
    assert defect(**{column: bad}, metadata=json.dumps({column: "x"})) == in_cell


def test_a_priority_is_a_number_or_a_word() -> None:
    assert [task(priority=p).priority for p in ("Low", "normal", "HIGH", -1000, "7")] == [-1, 0, 1, -1000, 7]


CHANNELS = frozenset({"ops-mail", "boss"})


def notified(said: object = None, metadata: object = None, channels: frozenset[str] = CHANNELS) -> Task | Defect:
    cells = {"Name": "a", "Action": "work", "Type": "manual", "Notify": said, "Metadata": metadata}
    return parse(replace(state(), cells=cells), replace(RULES, channels=channels))


@pytest.mark.parametrize("said", ["ops-mail", "Ops Mail, BOSS", "boss\nops-mail", "none", "None", "", None, False])
def test_channels_that_there_are_may_be_named_and_nobody(said: object) -> None:
    assert isinstance(notified(said), Task)


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ("opsmial", '"opsmial" is no channel that tells of this table; did you mean "ops-mail"?, or write none for nobody'),
        ("x, boss", '"x" is no channel that tells of this table; there are boss and ops-mail, or write none for nobody'),
        ("boss, none", "names channels, and none for nobody; write one or the other"),
        (",", "names no channel; write channels with commas between them, or none for nobody"),
    ],
)
def test_a_channel_that_there_is_not_stops_the_row_and_the_known_ones_are_named(said: str, why: str) -> None:
    one = notified(said)
    assert isinstance(one, Defect)
    assert (one.column, one.message) == ("Notify", f'Notify "{said}": {why}')


def test_channels_may_stand_in_metadata_and_where_there_are_none_it_is_said() -> None:
    assert isinstance(notified(metadata='{"notify": ["boss", "ops-mail"]}'), Task)
    one = notified(metadata='{"notify": "x"}', channels=frozenset())
    assert isinstance(one, Defect)
    assert one.column == "Metadata"
    assert "its operator has yet to define one" in one.message


@pytest.mark.parametrize(
    ("cells", "found"),
    [
        ({}, None),
        ({"Notify": "gone"}, None),
        ({"Notify": "gone, Boss"}, ("boss",)),
        ({"Notify": "none"}, ()),
        ({"Notify": False}, None),
        ({"Metadata": '{"notify": ["ops_mail"]}'}, ("ops-mail",)),
    ],
)
def test_whom_a_row_names_is_known_also_where_it_is_not_understood(cells: dict[str, Any], found: object) -> None:
    assert named(cells, CHANNELS) == found


def test_remarks_change_nothing() -> None:
    assert task(assignee="Ann", project="x", workflow="y", description="z", metadata='{"project": "p"}') == task()


# --- metadata


def test_metadata_gives_parameters_and_settings() -> None:
    found = report(metadata='{"folder": "/srv", "limit": "5", "catch_up": "once", "Overlap": "queue", "attempts": 1}')
    assert found.parameters == {"folder": "/srv", "limit": 5, "timeout": 1}
    assert (found.catch_up, found.overlap, found.attempts) == (CatchUp.ONCE, Overlap.QUEUE, 1)
    nested = report(metadata='{"parameters": {"folder": "/srv", "timeout": 30}, "limit": 4}')
    assert nested.parameters == {"folder": "/srv", "timeout": 30, "limit": 4}
    assert nested.timeout == timedelta(minutes=2)


def test_a_column_wins_over_metadata() -> None:
    assert task(overlap="queue", metadata='{"overlap": "restart"}').overlap is Overlap.QUEUE
    assert task(overlap=" ", metadata='{"overlap": "restart"}').overlap is Overlap.RESTART
    assert task(type=None, schedule="daily 07:00", metadata='{"schedule": "nonsense"}').type is Type.DAILY


def test_a_row_without_a_schedule_column_may_have_it_in_metadata() -> None:
    assert task(type=None, metadata='{"schedule": "every 15 minutes"}').type is Type.INTERVAL
    assert defect(type=None, metadata='{"schedule": " "}').draft


def test_a_key_that_is_both_a_setting_and_a_parameter_is_refused_with_both_ways() -> None:
    said = message(action="report", metadata='{"folder": "x", "timeout": 30}')
    assert '"timeout" is both a setting and a parameter of report' in said
    assert 'write the parameter as {"parameters": {"timeout": …}}, and the setting in a column Timeout' in said


def test_a_parameter_wins_over_a_remark() -> None:
    assert task(action="free", metadata='{"project": "p"}').parameters == {"project": "p"}


@pytest.mark.parametrize(
    ("cell", "said"),
    [
        ('{"tmeout": "5s"}', '"tmeout" is neither a setting nor a parameter of work; did you mean "timeout"?'),
        ('{"threshold": 5}', '"threshold" is no parameter of work; if you mean the column Threshold, write it there'),
        ('{"zzzzzzzz": 1}', '"zzzzzzzz" is neither a setting nor a parameter of work'),
        ('{"a": 1', "not JSON at character 8"),
        ('{\n "a": 1,\n}', 'not JSON at line 3, character 1; write it like {"a": 1}'),
        ("{'a': 1}", "use double quotes"),
        ("{“a”: 1}", "use straight double quotes"),
        ("{words: hi}", 'not JSON at character 2; write it like {"words": "hi"}'),
        ('{"words": hi}', 'write it like {"words": "hi"}'),
        ("{limit: 5, all: true, at: 07:00,}", 'write it like {"limit": 5, "all": true, "at": "07:00"}'),
        ("folder=/srv", 'write it like {"folder": "/srv"}'),
        ("just words", 'write it like {"name": "value"}'),
        ("{words: hi, {}}", "not JSON at character 2: Expecting"),
        ("{a: 1, a: 2}", "not JSON at character 2: Expecting"),
        ('{"a": 007}', 'write it like {"a": "007"}'),
        ("{a: Infinity}", 'write it like {"a": "Infinity"}'),
        ("[]", "not a JSON object"),
        (5, "not a JSON object"),
        (True, "not a JSON object"),
        ('{"timeout": "1s", "timeout": "2s"}', '"timeout" stands there twice'),
        ('{"catch_up": "skip", "Catch Up": "once"}', "says the same as another key"),
        ('{"timeout": ["1s"]}', "must be text or a number"),
        ('{"parameters": 5}', '"parameters" must hold an object'),
        ('{"a": NaN}', "NaN is not JSON"),
        ('{"a": ' + "9" * 5000 + "}", "a number that is too long"),
        ("[" * 30_000, "nested deeper than 8 levels"),
        ('{"a": ' * 9 + "1" + "}" * 9, "nested deeper than 8 levels"),
        ('{"a": "' + "x" * 32_768 + '"}', "longer than 32,768 characters"),
    ],
)
def test_metadata_that_cannot_be_used_says_where_and_why(cell: Cell, said: str) -> None:
    found = defect(metadata=cell)
    assert found.column == "Metadata"
    assert found.message.startswith('Metadata "')
    assert said in found.message
    assert len(found.message) < 500


def test_a_parameter_that_cannot_be_is_told_by_its_name() -> None:
    assert 'Metadata, parameter "folder"' in message(action="report")
    assert 'Metadata, parameter "limit"' in message(action="report", metadata='{"folder": "x", "limit": "many"}')
    assert 'Metadata, parameter "foldr"' in message(action="report", metadata='{"parameters": {"foldr": "x"}}')


def test_what_restarts_a_schedule_is_seen_in_metadata_too() -> None:
    before = restarts({"Schedule": None, "Metadata": '{"schedule": "daily 07:00"}'})
    assert before == restarts({"Metadata": '{"schedule": "daily 07:00", "timeout": "5s", "folder": "y"}'})
    assert before == restarts({"Schedule": "daily 07:00", "Metadata": '{"schedule": "daily 08:00"}'})
    assert before != restarts({"Metadata": '{"schedule": "daily 08:00"}'})
    assert before != restarts({"Metadata": '{"schedule": "daily 07:00", "time_zone": "UTC"}'})
    assert restarts({"Metadata": "{nonsense"}) == restarts({}) == (None,) * len(RESTARTS)


# --- names


def bearer(key: str, name: Cell, *, minutes: int = 0, deleted: bool = False) -> RowState:
    seen = NOON + timedelta(minutes=minutes)
    return RowState("ops", key, {"Name": name}, seen, seen, seen, seen, deleted_at=NOON if deleted else None)


def test_the_row_seen_first_keeps_a_doubled_name() -> None:
    found = doubled_names(
        [bearer("1", "Build", minutes=5), bearer("2", " build "), bearer("3", "BUILD", minutes=1), bearer("4", "test")]
    )
    assert set(found) == {"1", "3"}
    assert found["1"].message == 'Name "Build": the row with the ID "2" has this name; give this row another'
    assert (found["1"].column, found["1"].name, found["1"].draft) == ("Name", "Build", False)


def test_of_rows_seen_at_once_the_upper_one_keeps_the_name() -> None:
    rows = [bearer("10", "a"), bearer("9", "a")]
    assert set(doubled_names(rows)) == {"9"}
    assert set(doubled_names(reversed(rows))) == {"10"}


@pytest.mark.parametrize("name", ["CAFÉ", "Cafe\u0301", "Ca\u200bfé", "\u200fCafé\u2069", " Café\u00a0"])
def test_names_that_look_the_same_are_the_same(name: str) -> None:
    assert set(doubled_names([bearer("1", "Café"), bearer("2", name, minutes=1)])) == {"2"}


def test_a_pile_of_accents_is_no_work() -> None:
    start = process_time()
    assert doubled_names([bearer("1", "a" + "\u0301\u0323" * 500_000), bearer("2", "b")]) == {}
    assert process_time() - start < 2


def test_a_name_that_nobody_can_see_is_none() -> None:
    assert "holds nothing that can be seen" in message(Name="\u200b\u200f")


def test_deleted_rows_and_blank_names_double_nothing() -> None:
    assert doubled_names([bearer("1", "a", deleted=True), bearer("2", "a"), bearer("3", None), bearer("4", " ")]) == {}


# --- whatever stands there


nasty = st.sampled_from(
    [
        "*/0 * * * *",
        "1-999999999 * * * *",
        "{" * 400,
        '{"timeout": 5}',
        "\ud800",
        "0x",
        "24:00",
        "every 0 minutes",
        "in 9999999999 weeks",
        "٣",
        "a" * 5000,
    ]
)
cells = st.one_of(
    st.none(),
    nasty,
    st.text(max_size=30),
    st.sampled_from(
        ["counter", "daily", "once", "manual", "active", "draft", "work", "report", "daily 07:00", "now", "*/5 * * * *", "5 min"]
    ),
    st.integers(),
    st.floats(),
    st.booleans(),
    st.dates(),
    st.datetimes(timezones=st.sampled_from([UTC, BERLIN])),
)
scalars = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=10))
metadata = st.dictionaries(
    st.one_of(st.sampled_from(["folder", "limit", "parameters", *SETTINGS]), st.text(max_size=8)),
    st.one_of(scalars, st.lists(scalars, max_size=2), st.dictionaries(st.text(max_size=5), scalars, max_size=2)),
    max_size=4,
).map(json.dumps)
PEOPLES = [c for c in Column if c not in ("Health", "Metadata")]


@settings(max_examples=400, deadline=None)
@given(st.dictionaries(st.sampled_from(PEOPLES), cells, max_size=10), st.one_of(metadata, cells), st.booleans())
@example({Column.TYPE: "daily", Column.SCHEDULE: datetime(1, 1, 1, tzinfo=UTC), Column.TIME_ZONE: "America/New_York"}, None, True)
@example(
    {Column.TYPE: "daily", Column.SCHEDULE: datetime(9999, 12, 31, 23, 59, tzinfo=UTC), Column.TIME_ZONE: "Asia/Tokyo"}, None, True
)
def test_every_row_becomes_a_task_or_a_defect_whatever_stands_in_it(found: dict[Column, Cell], meta: Cell, whole: bool) -> None:
    row = {**({"Name": "a", "Action": "work"} if whole else {}), **{str(c): v for c, v in found.items()}, "Metadata": meta}
    read = RowState("ops", "7", row, NOON, NOON, NOON, NOON, anchor=NOON)
    one = parse(read, RULES)
    if isinstance(one, Task) and said_by(read) is not None:
        like_it = replace(read, key="8", cells={**row, "Name": "b", "Description": "another"})
        assert said_by(like_it) == said_by(read)
        assert parse_like(one, like_it) == parse(like_it, RULES)
    match one:
        case Task():
            assert one.name
            assert one.attempts >= 1
            assert timedelta(0) < one.timeout
            assert one.threshold >= 1
            assert (one.schedule is None) == (one.type in (Type.COUNTER, Type.MANUAL, Type.ON_COMPLETION))
            assert bool(one.depends_on) == (one.type is Type.ON_COMPLETION)
        case Defect():
            assert one.column in list(Column)
            assert one.message.isprintable()
            assert len(one.message) < 600
