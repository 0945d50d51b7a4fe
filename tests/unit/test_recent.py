"""A row's last five outcomes in one cell: whatever becomes of the column, of the daemon and of the calendar."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from actions.api import NOT_STARTED, Outcome
from engine.recent import LONGEST, last_runs
from engine.tally import Recent
from tests.fakes.house import House, slow
from tests.fakes.memory_table import MemoryTable
from tests.fakes.virtual import run
from tests.unit.test_loop import COLUMNS, NOON, row
from tests.unit.test_loop_corners import start

AT = datetime(2026, 11, 23, 8, tzinfo=UTC)


def test_a_line_says_when_on_the_rows_wall_clock_how_in_how_long_and_what_came_of_it() -> None:
    recent = [
        Recent(AT, Outcome.SUCCEEDED, "48 tests passed", timedelta(seconds=3.2)),
        Recent(AT + timedelta(seconds=7), Outcome.TIMED_OUT, "", timedelta(minutes=5)),
        Recent(AT, Outcome.MISSED, "asleep", None, 3),
    ]
    assert last_runs(recent, ZoneInfo("Europe/Berlin")).splitlines() == [
        "2026-11-23 09:00 succeeded in 3.2s: 48 tests passed",
        "2026-11-23 09:00:07 timed out in 5m",
        "2026-11-23 09:00 missed 3 times: asleep",
    ]
    assert last_runs((), UTC) == ""


def test_a_line_says_no_folder_of_this_machine_but_what_a_program_said() -> None:
    why = NOT_STARTED + "there is no folder /srv/ops/out; create it"
    said = last_runs([Recent(AT, Outcome.FAILED, why), Recent(AT, Outcome.SUCCEEDED, "wrote /srv/ops/out/all.pdf")], UTC)
    assert said.splitlines() == [
        "2026-11-23 08:00 failed: it could not be started: there is no folder out; create it",
        "2026-11-23 08:00 succeeded: wrote /srv/ops/out/all.pdf",
    ]


def test_a_line_is_one_line_and_short() -> None:
    said = last_runs([Recent(AT, Outcome.FAILED, "one\n two " + "x" * 300, timedelta(days=3))] * 5, UTC)
    assert [len(line) for line in said.splitlines()] == [LONGEST] * 5
    assert said.startswith("2026-11-23 08:00 failed in 3d: one two xxx")
    assert said.endswith("x…")


def test_a_column_that_is_added_is_filled_and_one_that_is_taken_away_costs_nothing(tmp_path: Path) -> None:
    async def story() -> None:
        house, sheet = House(tmp_path), MemoryTable([row("a", "every minute"), row("b", "every hour")], COLUMNS)
        alive = await start(house, sheet)
        await house.after(minutes=2, seconds=5)
        keeper = alive.daemon.keepers["ops"]
        assert keeper.tallies["a"].recent == ()
        sheet.columns.append("Last Runs")
        for each in sheet.rows:
            each["Last Runs"] = ""
        await house.after(seconds=20)
        lines = ["2026-03-02 12:02 succeeded in 0ms: done", "2026-03-02 12:01 succeeded in 0ms: done"]
        assert sheet.person("a")["Last Runs"].splitlines() == lines
        assert sheet.person("b").get("Last Runs", "") == ""
        await house.after(minutes=1)
        assert sheet.person("a")["Last Runs"].splitlines() == ["2026-03-02 12:03 succeeded in 0ms: done", *lines]
        sheet.columns.remove("Last Runs")
        await house.after(minutes=2)
        assert keeper.tallies["a"].recent == ()
        await alive.stop()

    run(story())


def test_a_restart_writes_it_no_second_time(tmp_path: Path) -> None:
    async def story() -> None:
        sheet = MemoryTable([row("a", "daily 12:01")], (*COLUMNS, "Last Runs"))
        house = House(tmp_path)
        house.witness.behaviour = slow(timedelta(seconds=2))
        alive = await start(house, sheet)
        await house.until(NOON + timedelta(minutes=2))
        said = sheet.person("a")["Last Runs"]
        assert said == "2026-03-02 12:01 succeeded in 2s"
        await alive.stop()
        before = sheet.writes
        alive = await start(house, sheet)
        await house.after(minutes=5)
        assert (sheet.person("a")["Last Runs"], sheet.writes) == (said, before)
        assert alive.daemon.keepers["ops"].tallies["a"].recent
        await alive.stop()

    run(story())
