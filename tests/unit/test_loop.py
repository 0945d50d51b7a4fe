"""The whole daemon on virtual time, on a table in memory that a person works on."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest

from actions.api import Outcome, Result
from connectors.errors import TryLater
from engine.events import OccurrenceRecorded, RowDefective, RunEnded, RunStarted
from tests.fakes.house import House, slow
from tests.fakes.memory_table import MemoryTable
from tests.fakes.virtual import NOON, run

PEOPLES = ("ID", "Name", "Type", "Action", "Schedule", "Current", "Threshold", "Status", "Do")
COLUMNS = (*PEOPLES, "Health", "Next Run", "Last Run", "Last Status", "Last Result", "Runs")
MINUTE = timedelta(minutes=1)


def table(*rows: dict[str, str]) -> MemoryTable:
    return MemoryTable(rows, COLUMNS)


def row(name: str, schedule: str = "", **cells: str) -> dict[str, str]:
    return {"ID": name, "Name": name, "Action": "act", "Schedule": schedule, "Status": "active", **cells}


def test_a_row_runs_at_its_instants_and_says_so(tmp_path: Path) -> None:
    async def story() -> None:
        house, sheet = House(tmp_path), table(row("tick", "every minute"))
        async with house.open(sheet):
            await house.until(NOON + 3 * MINUTE + timedelta(seconds=5))
        assert house.witness.times() == [NOON + n * MINUTE for n in (1, 2, 3)]
        assert all(e.late_s < 0.001 for e in house.of(RunStarted))
        cells = sheet.person("tick")
        assert (cells["Runs"], cells["Last Status"], cells["Last Result"]) == ("3", "succeeded", "done")
        assert cells["Next Run"] == "2026-03-02T12:04:00Z"
        assert cells["Health"] == "OK, next Mon 2 Mar 12:04 UTC"

    run(story())


def test_a_row_that_can_not_be_understood_says_why_and_the_others_run(tmp_path: Path) -> None:
    async def story() -> None:
        house, sheet = House(tmp_path), table(row("bad", "evry monday"), row("good", "every minute"))
        async with house.open(sheet):
            await house.until(NOON + MINUTE + timedelta(seconds=5))
        assert house.witness.times() == [NOON + MINUTE]
        assert 'Schedule "evry monday"' in sheet.person("bad")["Health"]
        assert "every monday" in sheet.person("bad")["Health"]
        assert len(house.of(RowDefective)) == 1

    run(story())


def test_a_button_is_pressed_once_and_cleared(tmp_path: Path) -> None:
    async def story() -> None:
        house, sheet = House(tmp_path), table(row("hello", Type="manual"))
        async with house.open(sheet):
            await house.after(seconds=15)
            sheet.person("hello")["Do"] = "run now"
            await house.after(seconds=30)
            assert sheet.person("hello")["Do"] == ""
            assert len(house.witness.seen) == 1
            await house.after(minutes=5)
        assert len(house.witness.seen) == 1
        assert sheet.person("hello")["Runs"] == "1"

    run(story())


def test_an_old_copy_that_is_saved_again_presses_no_button_and_moves_no_counter(tmp_path: Path) -> None:
    async def story() -> None:
        house = House(tmp_path)
        sheet = table(row("hello", Type="manual"), row("third", Type="counter", Current="0", Threshold="3"))
        async with house.open(sheet):
            await house.after(seconds=15)
            sheet.person("hello")["Do"] = "run now"
            sheet.person("third")["Current"] = "3"
            old = sheet.copy()
            await house.after(seconds=30)
            assert sorted(r.task for r in house.witness.seen) == ["hello", "third"]
            assert sheet.person("third")["Current"] == "0"
            sheet.rows = old
            await house.after(seconds=60)
        assert len(house.witness.seen) == 2
        assert sheet.person("third")["Current"] == "0"
        assert sheet.person("hello")["Do"] == ""
        assert sheet.person("hello")["Runs"] == "1"

    run(story())


def test_a_counter_goes_on_with_the_remainder(tmp_path: Path) -> None:
    async def story() -> None:
        house, sheet = House(tmp_path), table(row("third", Type="counter", Current="1", Threshold="3"))
        async with house.open(sheet):
            await house.after(seconds=15)
            sheet.person("third")["Current"] = "7"
            await house.after(seconds=30)
        assert len(house.witness.seen) == 2
        assert sheet.person("third")["Current"] == "1"
        assert sheet.person("third")["Health"] == "OK, 1 of 3"

    run(story())


def test_an_edit_is_seen_and_the_old_schedule_never_runs_again(tmp_path: Path) -> None:
    async def story() -> None:
        house, sheet = House(tmp_path), table(row("tick", "every minute"))
        async with house.open(sheet):
            await house.until(NOON + timedelta(seconds=70))
            sheet.person("tick")["Schedule"] = "every 10 minutes"
            await house.until(NOON + timedelta(minutes=11))
        assert house.witness.times() == [NOON + MINUTE, NOON + 10 * MINUTE]

    run(story())


def test_nothing_from_before_a_row_was_unpaused_ever_runs(tmp_path: Path) -> None:
    async def story() -> None:
        house, sheet = House(tmp_path), table(row("tick", "every minute"))
        async with house.open(sheet):
            await house.until(NOON + timedelta(seconds=65))
            sheet.person("tick")["Status"] = "paused"
            await house.until(NOON + timedelta(minutes=5, seconds=55))
            assert sheet.person("tick")["Health"] == "PAUSED"
            sheet.person("tick")["Status"] = "active"
            await house.until(NOON + timedelta(minutes=7, seconds=30))
        assert house.witness.times() == [NOON + n * MINUTE for n in (1, 7)]  # read at 6:00, so 6:00 itself is before
        assert not house.of(OccurrenceRecorded)

    run(story())


def test_what_overlaps_is_skipped_and_recorded(tmp_path: Path) -> None:
    async def story() -> None:
        house, sheet = House(tmp_path), table(row("slow", "every minute"))
        house.witness.behaviour = slow(timedelta(seconds=90))
        async with house.open(sheet) as daemon:
            await house.until(NOON + timedelta(minutes=3, seconds=30))
            assert house.witness.times() == [NOON + MINUTE, NOON + 3 * MINUTE]
            assert "RUNNING since" in sheet.person("slow")["Health"]
            assert daemon.under_way.attempts == 1

    run(story())


def test_a_failure_is_tried_again_with_growing_waits_where_the_row_says_so(tmp_path: Path) -> None:
    async def story() -> None:
        house, sheet = House(tmp_path), MemoryTable([row("flaky", "every hour", Attempts="3")], (*COLUMNS, "Attempts"))
        house.witness.behaviour = lambda r: Result(Outcome.SUCCEEDED if r.attempt == 3 else Outcome.FAILED, f"attempt {r.attempt}")
        async with house.open(sheet):
            await house.until(NOON + timedelta(minutes=62))
        assert [r.attempt for r in house.witness.seen] == [1, 2, 3]
        assert len({r.run for r in house.witness.seen}) == 1
        ended = house.of(RunEnded)
        waits = [(e.retry_at - e.at).total_seconds() for e in ended if e.retry_at]
        assert 10 <= waits[0] <= 12.5
        assert 20 <= waits[1] <= 25
        assert sheet.person("flaky")["Last Result"] == "attempt 3"

    run(story())


def test_now_runs_once_and_is_completed(tmp_path: Path) -> None:
    async def story() -> None:
        house, sheet = House(tmp_path), table(row("first", "now"))
        async with house.open(sheet):
            await house.after(minutes=5)
        assert len(house.witness.seen) == 1
        assert sheet.person("first")["Status"] == "completed"
        assert sheet.person("first")["Health"].startswith("COMPLETED")

    run(story())


def test_a_one_off_that_ran_names_no_other_instant_when_its_header_was_called_otherwise_for_a_while(tmp_path: Path) -> None:
    async def story() -> None:
        house = House(tmp_path)
        sheet = MemoryTable([row("soon", "in 3 seconds")], (*COLUMNS, "Understood As"))

        def rename(old: str, new: str) -> None:
            sheet.columns = [new if c == old else c for c in sheet.columns]
            sheet.rows = [{new if c == old else c: v for c, v in row.items()} for row in sheet.rows]

        async with house.open(sheet):
            await house.after(seconds=1)
            assert sheet.person("soon")["Understood As"] == "once, 2026-03-02 12:00:03 (UTC). Next: Mon 2 Mar 2026 12:00:03"
            await house.after(seconds=39)
            rename("Schedule", "Shedule")
            await house.after(seconds=20)
            rename("Shedule", "Schedule")
            await house.after(minutes=1)
        assert house.witness.times() == [NOON + timedelta(seconds=3)]
        assert sheet.person("soon")["Understood As"] == "once, in 3 seconds, counted from when the row is activated (UTC)."

    run(story())


def test_a_date_that_a_one_off_is_given_after_it_ran_says_what_is_left_to_do_and_then_runs(tmp_path: Path) -> None:
    async def story() -> None:
        house, sheet = House(tmp_path), table(row("first", "now"))
        async with house.open(sheet):
            await house.after(minutes=1)
            over = sheet.person("first")["Health"]
            sheet.person("first")["Schedule"] = "2026-03-02 13:00"
            await house.after(minutes=1)
            assert sheet.person("first")["Status"] == "completed"
            assert sheet.person("first")["Health"] == f"{over}; to run it Mon 2 Mar 2026 13:00 UTC, set Status to active by then"
            sheet.person("first")["Status"] = "active"
            await house.until(NOON + timedelta(minutes=61))
        assert house.witness.times()[1:] == [NOON + timedelta(hours=1)]
        assert "to run it" not in sheet.person("first")["Health"]

    run(story())


def test_what_a_restart_finds_late_runs_within_the_grace_and_is_missed_beyond(tmp_path: Path) -> None:
    async def story() -> None:
        house, sheet = House(tmp_path), table(row("hourly", "every hour"), row("daily", "daily 12:30"))
        async with house.open(sheet):
            await house.until(NOON + timedelta(minutes=10))
        await house.until(NOON + timedelta(minutes=65))
        async with house.open(sheet):
            await house.after(seconds=30)
        assert house.witness.times() == [NOON + timedelta(hours=1)]
        assert sheet.person("daily")["Health"].startswith("MISSED 1 since Mon 2 Mar 12:30 UTC: rowd was not running")

    run(story())


@pytest.mark.parametrize("schedule", ["", "every minute"])
def test_a_refusal_is_told_on_the_clock_of_the_row(tmp_path: Path, schedule: str) -> None:
    async def story() -> None:
        cells = {"Time Zone": "Asia/Tokyo", "Type": "" if schedule else "manual", "Do": ""}
        house, sheet = House(tmp_path), MemoryTable([row("a", schedule, **cells)], (*COLUMNS, "Time Zone"))
        house.witness.behaviour = slow(timedelta(seconds=50))
        async with house.open(sheet):
            await house.after(seconds=15)
            sheet.person("a")["Do"] = "run now"
            await house.after(seconds=25)
            sheet.person("a")["Do"] = "run now"
            await house.after(seconds=15)
            health = sheet.person("a")["Health"]
            since, in_health = "since Mon 2 Mar 2026 21:00:22 Tokyo", "since Mon 2 Mar 21:00:22 Tokyo"
            assert health == f"NOTE: run now refused: still running {since}. RUNNING {in_health if schedule else since}"

    run(story())


def test_blank_ids_are_given_and_a_copied_row_becomes_a_draft(tmp_path: Path) -> None:
    async def story() -> None:
        house, sheet = House(tmp_path), table(row("one", "every minute", ID=""))
        async with house.open(sheet):
            await house.after(seconds=20)
            assert sheet.rows[0]["ID"] == "id1"
            sheet.rows.append({**sheet.rows[0], "Name": "two"})
            await house.after(seconds=40)
            assert sheet.person("two")["ID"] == "id2"
            assert sheet.person("two")["Status"] == "draft"
            await house.until(NOON + timedelta(seconds=130))
        assert {r.task for r in house.witness.seen} == {"one"}
        assert len(house.witness.seen) == 2

    run(story())


def test_a_copied_row_keeps_nothing_of_what_rowd_wrote_into_the_first(tmp_path: Path) -> None:
    columns = (*COLUMNS, "Understood As", "Last Success", "Last Runs", "Duration", "Failures", "Missed", "Result Link")

    async def story() -> None:
        house, sheet = House(tmp_path), MemoryTable([row("one", "every minute")], columns)
        house.witness.behaviour = slow(timedelta(seconds=2))
        async with house.open(sheet):
            await house.until(NOON + MINUTE + timedelta(seconds=5))
            before = dict(sheet.rows[0])
            assert (before["Last Success"], before["Duration"]) == ("2026-03-02T12:01:02Z", "2.0")
            assert before["Last Runs"] == "2026-03-02 12:01 succeeded in 2s"
            sheet.rows.append({**before, "Name": "two"})
            await house.after(seconds=20)
            assert sheet.rows[0] == before
            copy = sheet.person("two")
            theirs = {"ID": copy["ID"], "Name": "two", "Action": "act", "Schedule": "every minute", "Status": "draft"}
            ours = {"Health": copy["Health"], "Runs": "0", "Failures": "0", "Missed": "0"}
            assert {c: v for c, v in copy.items() if v} == {**theirs, **ours}
            assert copy["Health"].startswith("DRAFT: a copy of the row with the ID one")

    run(story())


def test_a_copy_whose_id_was_cleared_keeps_nothing_of_it_either_and_makes_good_nothing(tmp_path: Path) -> None:
    async def story() -> None:
        house, sheet = House(tmp_path), table(row("one", "every 10 minutes"), row("idle", "daily 11:00"))
        async with house.open(sheet):
            await house.until(NOON + 15 * MINUTE)
            assert sheet.rows[0]["Runs"] == "1"
            sheet.rows += [{**sheet.rows[0], "ID": ""}, {**sheet.rows[0], "ID": "", "Name": "two"}]
            await house.until(NOON + 23 * MINUTE)
            doubled, two = sheet.rows[2:]
            assert (doubled["Status"], two["Status"]) == ("draft", "active")
            assert doubled["Health"].startswith('DRAFT: a copy of another row that is called "one"')
            assert (two["Health"], two["Runs"]) == ("OK, next Mon 2 Mar 12:30 UTC", "1")
            assert [doubled[c] for c in ("Last Run", "Last Status", "Last Result", "Runs")] == ["", "", "", "0"]
            doubled |= {"Name": "three", "Status": "active"}
            await house.until(NOON + 31 * MINUTE)
        theirs = [(r.task, r.due - NOON) for r in house.witness.seen]
        assert theirs.count(("three", 30 * MINUTE)) == 1
        assert sum(task == "three" for task, _ in theirs) == 1, "what came due before it was activated isn't made good"

    run(story())


def test_rows_without_an_id_that_are_older_than_the_ledger_keep_their_last_run_though_a_first_write_failed(tmp_path: Path) -> None:
    async def story() -> None:
        marks = {"Last Run": "2026-03-01T09:00:00Z", "Last Status": "succeeded", "Runs": "5"}
        house, sheet = House(tmp_path), table(row("one", "daily 11:00", **marks), row("two", "daily 11:00", ID="", **marks))
        refused = [TryLater("not now")] * 8

        def away() -> None:
            sheet.fail += refused[:1]
            del refused[:1]

        sheet.hook = away
        async with house.open(sheet):
            await house.until(NOON + 3 * MINUTE)
            assert not refused
            assert [r["Last Run"] for r in sheet.rows] == [marks["Last Run"]] * 2
            assert all(r["ID"] for r in sheet.rows)

    run(story())


def test_one_pass_runs_what_is_due_by_then_and_ends(tmp_path: Path) -> None:
    async def story() -> None:
        house, sheet = House(tmp_path), table(row("first", "now"), row("often", "every 2 seconds"), row("daily", "daily 12:30"))
        house.witness.behaviour = slow(timedelta(seconds=30))
        daemon, committer = await house.daemon(sheet)
        await daemon.run_once(asyncio.Event())
        await daemon.close()
        await committer.close()
        assert sorted(r.task for r in house.witness.seen) == ["first", "often"]
        assert house.clock.now() < NOON + timedelta(seconds=40)
        assert sheet.person("first")["Status"] == "completed"

    run(story())
