"""A table's own time zone: whose wall clock counts, and what becomes of schedules when somebody changes it, on virtual time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from msgspec.structs import replace

from connectors.api import Row
from connectors.errors import NoHeader, TryLater
from engine.events import TableDoubted, TableRezoned
from engine.findings import Reading
from engine.keeper import Keeper
from engine.marking import mark_of
from engine.rules import TableRules
from tests.fakes.house import House, rules
from tests.fakes.memory_table import MemoryTable
from tests.fakes.virtual import NOON, run
from tests.unit.test_loop import row, table
from tests.unit.test_loop_corners import start

BERLIN, NEW_YORK = "Europe/Berlin", "America/New_York"
COLUMNS = ("Time Zone", "Understood As", "Health")


def sheet_of(*rows: dict[str, str], zone: str) -> MemoryTable:
    made = table(*rows)
    for column in COLUMNS:
        if column not in made.columns:
            made.columns.append(column)
            for here, given in zip(made.rows, rows, strict=True):
                here[column] = given.get(column, "")
    made.time_zone = zone
    return made


def at(hour: int, minute: int = 0, day: int = 2) -> datetime:
    return datetime(2026, 3, day, hour, minute, tzinfo=UTC)


def polled() -> TableRules:
    """Seldom: these stories take most of a day."""
    return replace(rules(), poll=timedelta(minutes=5))


def in_zone(its: TableRules, zone: str, *, given: bool) -> TableRules:
    return replace(its, rules=replace(its.rules, zone=ZoneInfo(zone)), zone_given=given)


@pytest.mark.parametrize(
    ("row_says", "operator", "store", "due"),
    [
        (NEW_YORK, (BERLIN, True), BERLIN, at(20)),
        ("", (BERLIN, True), NEW_YORK, at(14)),
        ("", (BERLIN, False), NEW_YORK, at(20)),
        ("", (BERLIN, False), "", at(14)),
        ("", (BERLIN, False), "GMT-07:00", at(22)),
        ("", (BERLIN, False), "Mars/Olympus", at(14)),
    ],
    ids=["row", "tables.ops.time_zone", "store", "defaults", "custom", "unknown"],
)
def test_the_row_then_the_operators_word_on_the_table_then_the_store_then_the_defaults(
    tmp_path: Path, row_says: str, operator: tuple[str, bool], store: str, due: datetime
) -> None:
    async def story() -> None:
        house = House(tmp_path)
        sheet = sheet_of({**row("a", "daily 15:00"), "Time Zone": row_says}, zone=store)
        async with house.open(sheet, table_rules=in_zone(polled(), operator[0], given=operator[1])):
            await house.until(at(22, 30))
        assert house.witness.times() == [due]

    run(story())


def test_a_zone_that_is_changed_begins_the_schedules_anew_in_the_same_read(tmp_path: Path) -> None:
    async def story() -> None:
        house = House(tmp_path)
        ours = {**row("own", "daily 15:00"), "Time Zone": BERLIN}
        sheet = sheet_of(row("theirs", "daily 15:00"), ours, zone=BERLIN)
        async with house.open(sheet, table_rules=polled()):
            await house.until(at(13))
            assert "Berlin" in sheet.person("theirs")["Understood As"]
            sheet.time_zone = NEW_YORK
            await house.until(at(13, 6))
            assert "New_York" in sheet.person("theirs")["Understood As"]
            assert sheet.person("theirs")["Health"] == "OK, next Mon 2 Mar 15:00 New York"
            await house.until(at(22, 30))
        assert house.witness.times("own") == [at(14)]
        assert house.witness.times("theirs") == [at(20)]
        assert [(e.old, e.new) for e in house.of(TableRezoned)] == [(BERLIN, NEW_YORK)]

    run(story())


def test_a_zone_that_is_put_back_runs_nothing_from_before(tmp_path: Path) -> None:
    async def story() -> None:
        house, sheet = House(tmp_path), sheet_of(row("a", "daily 15:00"), zone=BERLIN)
        async with house.open(sheet, table_rules=polled()):
            await house.until(at(13, 30))
            sheet.time_zone = NEW_YORK
            await house.until(at(14, 30))  # by the old one it would have come due
            sheet.time_zone = BERLIN
            await house.until(at(22, 30))  # by the other one it would have come due, too
        assert house.witness.times() == []

    run(story())


def test_the_zone_is_known_from_the_ledger_where_the_store_is_away(tmp_path: Path) -> None:
    async def story() -> None:
        house, sheet = House(tmp_path), sheet_of(row("a", "daily 08:00"), zone=NEW_YORK)
        alive = await start(house, sheet, table_rules=polled())
        await house.after(minutes=1)
        await alive.kill()
        sheet.fail = [TryLater("away")] * 100_000
        alive = await start(house, sheet, table_rules=polled())
        await house.until(at(14))
        assert house.witness.times() == [at(13)]
        await alive.stop()
        assert house.of(TableRezoned) == []

    run(story())


def test_a_zone_that_was_changed_while_no_daemon_ran(tmp_path: Path) -> None:
    async def story() -> None:
        house, sheet = House(tmp_path), sheet_of(row("a", "daily 15:00"), zone=BERLIN)
        alive = await start(house, sheet, table_rules=polled())
        await house.after(minutes=1)
        await alive.stop()
        sheet.time_zone = NEW_YORK
        await house.until(at(14, 5))  # five minutes late by the old one, which the grace would allow
        alive = await start(house, sheet, table_rules=polled())
        await house.until(at(21))
        await alive.stop()
        assert house.witness.times() == [at(20)]

    run(story())


def test_headers_that_are_away_for_a_moment_take_no_zone_along(tmp_path: Path) -> None:
    async def story() -> None:
        house, sheet = House(tmp_path), sheet_of(row("a", "daily 08:00"), zone=NEW_YORK)
        async with house.open(sheet, table_rules=polled()):
            await house.after(minutes=1)
            sheet.fail = [NoHeader("empty")] * 8
            await house.until(at(14))
        assert house.witness.times() == [at(13)]
        assert house.of(TableRezoned) == []

    run(story())


def test_a_zone_that_nobody_knows_is_told_with_the_remedy(tmp_path: Path) -> None:
    async def story() -> None:
        house, sheet = House(tmp_path), sheet_of(row("a", "daily 15:00"), zone="Mars/Olympus")
        async with house.open(sheet, table_rules=polled()):
            await house.after(minutes=1)
            sheet.time_zone = "Etc/GMT"
            await house.after(minutes=1)
        assert [e.message for e in house.of(TableDoubted)] == [
            'its own time zone "Mars/Olympus" is unknown here, so its schedules run by UTC; choose another there, or set'
            " tables.ops.time_zone in rowd.toml"
        ]

    run(story())


def test_the_operators_word_takes_the_stores_place_at_a_reload_and_gives_it_back(tmp_path: Path) -> None:
    async def story() -> None:
        house, sheet = House(tmp_path), sheet_of(row("a", "daily 15:00"), zone=NEW_YORK)
        async with house.open(sheet, table_rules=polled()) as daemon:
            await house.until(at(13))
            daemon.reconfigure(daemon.parts, {"ops": in_zone(polled(), BERLIN, given=True)})
            await house.until(at(15))
            daemon.reconfigure(daemon.parts, {"ops": polled()})
            await house.until(at(22, 30))
        assert house.witness.times() == [at(14), at(20)]

    run(story())


def test_an_edit_in_the_very_read_that_brings_another_zone_is_no_other_matter(tmp_path: Path) -> None:
    async def story() -> None:
        house = House(tmp_path)
        sheet = sheet_of(row("edited", "daily 15:00"), row("paused", "daily 15:00"), row("gone", "daily 15:00"), zone=BERLIN)
        async with house.open(sheet, table_rules=polled()):
            await house.until(at(13, 30))
            sheet.time_zone = NEW_YORK
            sheet.person("edited")["Schedule"] = "daily 16:00"
            sheet.person("paused")["Status"] = "paused"
            sheet.rows = [one for one in sheet.rows if one["Name"] != "gone"]
            await house.until(at(22, 30))
        assert [(r.task, r.due) for r in house.witness.seen] == [("edited", at(21))]

    run(story())


# --- what is found


def reading(zone: str, **cells: str) -> Reading:
    said = {**row("a", "daily 15:00"), **cells}
    return Reading((Row("a", said),), tuple(said), "ID", time_zone=zone)


def known_in(zone: str) -> Keeper:
    made = Keeper(polled(), (), {}, None)
    made.apply(made.take(reading(zone), NOON, str).states, NOON)
    return made


LATE = at(14, 1)
"""The row had come due by the clock of Berlin."""


@pytest.mark.parametrize(
    ("cells", "why"),
    [
        ({}, "put into another time zone"),
        ({"Description": "x"}, "put into another time zone"),
        ({"Schedule": "daily 16:00"}, "changed"),
        ({"Status": "paused"}, "paused"),
    ],
    ids=["untouched", "described", "edited", "paused"],
)
def test_what_had_come_due_and_had_not_started_is_told_once(cells: dict[str, str], why: str) -> None:
    made = known_in(BERLIN)
    found = made.take(reading(NEW_YORK, **cells), LATE, str)
    assert [(r.key, r.due, r.reason) for r in found.records] == [("a", at(14), f"the row was {why} before it could start")]
    assert found.look_again
    assert found.states["a"].since == LATE
    assert found.states["a"].cells.items() >= cells.items()
    assert mark_of(made, LATE).time_zone == NEW_YORK


def test_a_paused_row_begins_anew_and_leaves_nothing_behind() -> None:
    made = Keeper(polled(), (), {}, None)
    made.apply(made.take(reading(BERLIN, Status="paused"), NOON, str).states, NOON)
    found = made.take(reading(NEW_YORK, Status="paused"), LATE, str)
    assert (found.records, found.states["a"].since) == ([], LATE)


def test_the_next_one_that_is_to_be_skipped_is_the_next_by_the_clock_of_now() -> None:
    """Else all would be left out until the instant that was the next by the clock of then."""
    made = known_in(NEW_YORK)
    asked = replace(made.states["a"], skip_until=at(19), skip_by="cli:ann")
    made.apply({"a": asked}, NOON)
    found = made.take(reading(BERLIN), LATE, str)
    assert (found.states["a"].skip_until, found.states["a"].skip_by) == (at(14) + timedelta(days=1), "cli:ann")


def test_what_was_skipped_as_it_was_left_behind_is_not_skipped_once_more() -> None:
    made = known_in(BERLIN)
    made.apply({"a": replace(made.states["a"], skip_until=at(14), skip_by="cli:ann")}, NOON)
    found = made.take(reading(NEW_YORK), LATE, str)
    assert [(r.due, r.outcome, r.reason) for r in found.records] == [(at(14), "skipped", "asked by cli:ann")]
    assert found.states["a"].skip_until is None


def test_the_same_zone_under_the_same_name_is_no_news() -> None:
    made = known_in(BERLIN)
    found = made.take(reading(BERLIN), LATE, str)
    assert (found.states, found.look_again) == ({}, False)


def test_a_row_with_a_zone_of_its_own_goes_on() -> None:
    made = Keeper(polled(), (), {}, None)
    own = {"Time Zone": BERLIN}
    made.apply(made.take(reading(BERLIN, **own), NOON, str).states, NOON)
    found = made.take(reading(NEW_YORK, **own), LATE, str)
    assert (found.states, found.records, found.look_again) == ({}, [], True)


def test_a_row_that_is_gone_by_then_is_told_of_as_that_alone() -> None:
    def of(zone: str, *names: str) -> Reading:
        said = [row(name, "daily 15:00") for name in names]
        return Reading(tuple(Row(one["ID"], one) for one in said), tuple(said[0]), "ID", time_zone=zone)

    made, rest = Keeper(polled(), (), {}, None), ("b", "c", "d", "e")
    for reading_, now in ((of(BERLIN, "a", *rest), NOON), (of(BERLIN, *rest), at(13, 58))):
        made.apply(made.take(reading_, now, str).states, now)
    found = made.take(of(NEW_YORK, *rest), LATE, str)
    assert found.gone == ["a"]
    assert [r.reason for r in found.records if r.key == "a"] == ["the row was deleted before it could start"]
    assert (found.states["a"].since, found.states["a"].deleted_at) == (made.states["a"].since, LATE)
    assert {key for key, state in found.states.items() if state.since == LATE} == set(rest)
