"""What becomes of a read that fails, in whole or for one row, and of rules that change how a table is read."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from datetime import UTC, time, timedelta
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from actions.api import Definition
from actions.parameters import Parameter
from connectors.api import Page, Patch, Row, Written
from connectors.errors import NeedsOwner, TryLater
from engine.events import (
    OccurrenceRecorded,
    RowDefective,
    RowEdited,
    TableDoubted,
    TableRecovered,
    TableUnreachable,
    TableUnwritable,
    TableWritable,
    Trouble,
)
from engine.ledger import Reach
from engine.parse import Rules
from tests.fakes.house import House, rules, slow
from tests.fakes.memory_table import MemoryTable, ProbedTable
from tests.fakes.virtual import NOON, run
from tests.unit.test_loop import COLUMNS, MINUTE, row, table
from tests.unit.test_loop_corners import start
from tests.unit.test_loop_telling import Probed
from tests.unit.test_loop_troubles import away

HUGE = 10**5000
"""A number that Python refuses to write out; a store that speaks JSON can give it."""


class Typed(MemoryTable):
    """A store of which one row holds something that isn't text."""

    odd: dict[str, Any] | None = None

    def _row(self, index: int) -> Row:
        found = super()._row(index)
        return Row(found.key, {**found.cells, **self.odd}) if self.odd and found.cells["Name"] == "b" else found


def test_a_row_that_can_not_be_taken_up_waits_and_what_was_read_beside_it_counts(tmp_path: Path) -> None:
    async def story() -> None:
        house, sheet = House(tmp_path), Typed((row("a", "every hour"), row("b", "every minute")), COLUMNS)
        async with house.open(sheet):
            await house.after(seconds=30)
            sheet.person("a")["Schedule"] = "every minute"
            sheet.odd = {"Threshold": HUGE}
            await house.after(minutes=3)
            assert house.witness.times("a") == [NOON + n * MINUTE for n in (1, 2, 3)]
            assert not house.witness.times("b")
            assert sheet.person("b")["Health"].startswith("HELD: what the row says can't be taken up (ValueError: Exceeds")
            assert [e.where for e in house.of(Trouble)] == ["table ops, row b"]
            sheet.odd = None
            await house.after(minutes=2)
        assert house.witness.times("b")

    run(story())


def test_a_row_that_was_never_seen_and_can_not_be_taken_up_leaves_the_others_alone(tmp_path: Path) -> None:
    async def story() -> None:
        house, sheet = House(tmp_path), Typed((row("a", "every minute"), row("b", "every minute")), COLUMNS)
        sheet.odd = {"Last Run": HUGE}
        async with house.open(sheet):
            await house.after(minutes=2, seconds=5)
        assert len(house.witness.times("a")) == 2
        assert len(house.of(Trouble)) == 1

    run(story())


def test_a_row_that_the_parser_fails_on_is_a_defect_and_the_others_run(tmp_path: Path) -> None:
    class Odd(dict[str, Definition]):
        def get(self, name: str, default: Any = None) -> Any:
            return {}[name] if name == "odd" else super().get(name, default)

        def __getitem__(self, name: str) -> Definition:
            return {}[name] if name == "odd" else super().__getitem__(name)

        def __contains__(self, name: object) -> bool:
            return name == "odd" or super().__contains__(name)

    async def story() -> None:
        house, sheet = House(tmp_path), table(row("a", "every minute"), {**row("b", "every minute"), "Action": "odd"})
        known = Odd(act=Definition(kind="witness"))
        its = Rules(table="ops", zone=UTC, daily_at=time(9), actions=known, repeatable=dict.fromkeys(known, False))
        async with house.open(sheet, table_rules=replace(rules(), rules=its)):
            await house.after(minutes=1, seconds=5)
            assert sheet.person("b")["Health"].startswith("ERROR: rowd fails on this row (KeyError: 'odd')")
        assert house.witness.times() == [NOON + MINUTE]

    run(story())


def test_a_table_that_fails_in_an_unforeseen_way_is_held_after_the_offline_limit(tmp_path: Path) -> None:
    async def story() -> None:
        house, sheet = House(tmp_path), away(row("tick", "every 5 minutes"))
        async with house.open(sheet, table_rules=replace(rules(), offline_limit=timedelta(hours=1))):
            await house.after(minutes=1)
            sheet.away = ZeroDivisionError("?")
            await house.after(hours=2)
            assert len(house.witness.seen) == 12
            sheet.away = None
            await house.after(minutes=10)
        assert [e.message for e in house.of(TableUnreachable)] == ["ZeroDivisionError: ?"]
        assert [round(e.seconds / 3600) for e in house.of(TableRecovered)] == [2]

    run(story())


def test_a_reload_that_names_a_column_otherwise_takes_effect_at_once(tmp_path: Path) -> None:
    async def story() -> None:
        house = House(tmp_path)
        sheet = Probed(({**row("a", "every hour"), "When": "every minute"},))
        sheet.columns.append("When")
        sheet.rows[0]["When"] = "every minute"
        its = replace(rules(), poll=timedelta(hours=5))
        async with house.open(sheet, table_rules=its) as daemon:
            await house.after(seconds=30)
            daemon.reconfigure(daemon.parts, {"ops": replace(its, renames={"Schedule": "When"})})
            await house.after(minutes=5)
            daemon.reconfigure(daemon.parts, {"ops": replace(its, renames={"Schedule": "When"}, poll=MINUTE)})
            sheet.person("a")["When"] = "every 2 minutes"
            await house.after(minutes=3)
        assert house.witness.seen
        with closing(sqlite3.connect(house.path / "ledger.sqlite")) as ledger:
            edits = ledger.execute('SELECT "old", "new", "by" FROM edits WHERE "column" = \'Schedule\' ORDER BY id').fetchall()
        assert edits == [("every hour", "every minute", "rowd.toml"), ("every minute", "every 2 minutes", "person")]

    run(story())


def test_that_a_table_can_not_be_written_is_marked_at_once_and_so_is_that_it_can_again(tmp_path: Path) -> None:
    async def story() -> None:
        house, sheet = House(tmp_path), away(row("tick", "every minute"))
        alive = await start(house, sheet, table_rules=replace(rules(), poll=timedelta(hours=5)))

        async def mark() -> tuple[Reach, str]:
            found = await alive.committer.read(lambda ledger: ledger.table_mark("ops"))
            return found.state, found.message

        await house.until(NOON + timedelta(seconds=50))
        assert await mark() == (Reach.OK, "")
        sheet.read_only = TryLater("the file is open elsewhere")
        await house.until(NOON + timedelta(seconds=62))
        assert await mark() == (Reach.UNWRITABLE, "the file is open elsewhere")
        sheet.read_only = TryLater("no space left")
        await house.until(NOON + timedelta(seconds=75))
        assert await mark() == (Reach.UNWRITABLE, "no space left")
        sheet.read_only = None
        await house.until(NOON + timedelta(seconds=85))
        assert await mark() == (Reach.OK, "")
        assert (len(house.of(TableUnwritable)), len(house.of(TableWritable))) == (1, 1)
        assert len(house.witness.seen) == 1
        await alive.stop()

    run(story())


def test_that_a_table_can_be_read_again_is_marked_at_once(tmp_path: Path) -> None:
    async def story() -> None:
        house, sheet = House(tmp_path), away(row("tick", "daily 03:00"))
        alive = await start(house, sheet)
        await house.after(seconds=35)  # between two polls
        sheet.away = TryLater("the network is down")
        await house.after(seconds=11)
        states = [(await alive.committer.read(lambda ledger: ledger.table_mark("ops"))).state]
        sheet.away = None
        await house.after(seconds=11)
        states.append((await alive.committer.read(lambda ledger: ledger.table_mark("ops"))).state)
        await alive.stop()
        assert states == [Reach.UNREACHABLE, Reach.OK]

    run(story())


def test_a_column_that_is_put_back_while_a_row_is_written_is_read_in_that_row_too(tmp_path: Path) -> None:
    async def story() -> None:
        house, without = House(tmp_path), [c for c in COLUMNS if c != "Schedule"]
        sheet = MemoryTable([row("tick")], without)

        def put_back() -> None:
            sheet.columns, sheet.hook = list(COLUMNS), None
            sheet.rows[0]["Schedule"] = "every minute"

        sheet.hook = put_back
        async with house.open(sheet):
            await house.until(NOON + timedelta(minutes=3, seconds=5))
        assert len(house.witness.seen) >= 2

    run(story())


def test_a_header_that_goes_just_before_a_write_is_no_trouble_of_ours(tmp_path: Path) -> None:
    house = House(tmp_path)

    class Unsure(MemoryTable):
        """A store that can't test what it replaces, so that rowd reads before it writes cells that both sides write."""

        traits = replace(MemoryTable.traits, atomic_expect=False)

        def read(self, cursor: str | None = None) -> Page:
            if house.witness.seen and "Action" in self.columns:
                self.columns[self.columns.index("Action")] = "Deed"
            return super().read(cursor)

    async def story() -> None:
        sheet = Unsure([row("once", "now")], COLUMNS)
        async with house.open(sheet):
            await house.after(seconds=5)
            assert house.witness.seen
            assert "Deed" in sheet.columns
            assert sheet.person("once")["Status"] == "active"
        assert not house.of(Trouble)

    run(story())


def test_a_column_that_is_renamed_while_a_row_is_written_empties_no_cell(tmp_path: Path) -> None:
    """To another spelling, which rowd knows as well: nobody has edited anything."""

    async def story() -> None:
        house, sheet = House(tmp_path), MemoryTable([row("tick", "every minute")], COLUMNS)

        def renamed() -> None:
            sheet.columns[sheet.columns.index("Action")], sheet.hook = "ACTION", None
            sheet.rows[0]["ACTION"] = sheet.rows[0].pop("Action")

        async with house.open(sheet):
            await house.until(NOON + timedelta(minutes=1))
            sheet.hook = renamed
            await house.until(NOON + timedelta(minutes=3, seconds=5))
            assert sheet.hook is None
        assert not house.of(RowEdited)
        assert not house.of(RowDefective)
        assert house.witness.times() == [NOON + timedelta(minutes=n) for n in (1, 2, 3)]

    run(story())


def test_a_table_whose_id_column_is_taken_away_is_held_until_it_is_back(tmp_path: Path) -> None:
    async def story() -> None:
        house, sheet = House(tmp_path), table(row("tick", "every minute"), row("tock", "every minute"))
        async with house.open(sheet) as daemon:
            await house.until(NOON + timedelta(seconds=90))
            keeper, columns = daemon.keepers["ops"], list(sheet.columns)
            known, ids = set(keeper.states), [line.pop("ID") for line in sheet.rows]
            sheet.columns = [c for c in columns if c != "ID"]
            await house.after(minutes=30)
            assert keeper.sight.held is not None
            assert keeper.sight.held.startswith('the column "ID" is gone, by which rows are known; put it back')
            assert set(keeper.states) == known
            sheet.columns = columns
            for line, its in zip(sheet.rows, ids, strict=True):
                line["ID"] = its
            began = len(house.witness.seen)
            await house.after(minutes=2)
            assert keeper.sight.held is None
            assert len(house.witness.seen) > began
            assert set(keeper.states) == known

    run(story())


def test_a_table_that_is_held_is_read_no_more_often_than_others_once_a_second_look_has_changed_nothing(tmp_path: Path) -> None:
    async def story() -> None:
        house, sheet = House(tmp_path), table(row("tick", "every minute"), row("tock", "every minute"))
        async with house.open(sheet) as daemon:
            await house.until(NOON + timedelta(seconds=90))
            columns = list(sheet.columns)
            sheet.columns = [c for c in columns if c != "Action"]
            await house.after(seconds=30)
            assert daemon.keepers["ops"].sight.held is not None
            reads = sheet.reads
            await house.after(minutes=10)
            assert sheet.reads - reads <= 1 + timedelta(minutes=10) / rules().poll
            sheet.columns = columns
            await house.after(seconds=rules().poll.total_seconds() + 1)
            assert daemon.keepers["ops"].sight.held is None
            sheet.columns = [c for c in columns if c != "Action"]
            reads = sheet.reads
            await house.after(seconds=rules().poll.total_seconds() + 7)
            assert sheet.reads - reads >= 3, "a second look comes soon again, and a third"

    run(story())


def test_a_header_that_is_nearly_a_column_is_told_where_somebody_looks(tmp_path: Path) -> None:
    """What its rows said before holds on: they run as they did."""
    gone = 'the column "Schedule" is gone, and what it last said holds on; put it back'
    hint = 'the column "Shedule" is none of rowd\'s; did you mean "Schedule"?'

    async def story() -> None:
        house, sheet = House(tmp_path), table(row("tick", "every minute"), row("byhand", Type="manual"))
        alive = await start(house, sheet)

        def rename(old: str, new: str) -> None:
            sheet.columns = [new if c == old else c for c in sheet.columns]
            sheet.rows = [{new if c == old else c: v for c, v in row.items()} for row in sheet.rows]

        await house.until(NOON + timedelta(seconds=70))
        rename("Schedule", "Shedule")
        await house.after(minutes=1)
        health = sheet.person("tick")["Health"]
        assert health == f"OK, next Mon 2 Mar 12:03 UTC. NOTE: {hint}; {gone}"
        assert sheet.person("byhand")["Health"] == "OK, runs when asked"  # it says nothing there
        assert [event.message for event in house.of(TableDoubted)] == [f"{hint}; {gone}"]
        mark = await alive.committer.read(lambda ledger: ledger.table_mark("ops"))
        assert (mark.state, mark.message) == (Reach.OK, f"{hint}; {gone}")
        rename("Shedule", "Schedule")
        await house.after(minutes=2)
        assert sheet.person("tick")["Health"] == "OK, next Mon 2 Mar 12:05 UTC"
        assert len(house.witness.seen) == 4
        mark = await alive.committer.read(lambda ledger: ledger.table_mark("ops"))
        assert mark.message == ""
        await alive.stop()

    run(story())


def test_what_came_due_while_a_row_was_defective_says_so(tmp_path: Path) -> None:
    async def story() -> None:
        house, sheet = House(tmp_path), table(row("tick", "every hour", Action="atc"))
        alive = await start(house, sheet)
        await house.until(NOON + timedelta(hours=2, minutes=30))
        sheet.person("tick")["Action"] = "act"
        await house.after(hours=1)
        await alive.stop()
        reasons = [(e.outcome, e.count, e.reason) for e in house.of(OccurrenceRecorded)]
        why = 'the row could not be understood: Action "atc": no action of this name may be used here'
        assert reasons == [("missed", 2, why)]
        assert house.witness.times() == [NOON + timedelta(hours=3)]

    run(story())


class Mute(MemoryTable):
    """A store that doesn't say how a row stands after a write; `kept` is a person's copy, saved over the next one."""

    kept: list[dict[str, str]] | None = None

    def write(self, patches: Sequence[Patch]) -> list[Written]:
        """As the base's, without the rows."""
        answers = [replace(answer, row=None) for answer in super().write(patches)]
        self.rows, self.kept = self.kept or self.rows, None
        return answers


def test_what_an_old_copy_took_back_before_it_was_seen_is_written_again(tmp_path: Path) -> None:
    async def story() -> None:
        house, sheet = House(tmp_path), Mute([row("tick", "2026-03-02 12:01")], COLUMNS)
        house.witness.behaviour = slow(timedelta(seconds=20))
        alive = await start(house, sheet)
        await house.until(NOON + timedelta(seconds=75))
        sheet.kept = sheet.copy()
        assert sheet.kept[0]["Last Status"] == "running"
        await house.after(minutes=1)
        assert sheet.kept is None
        assert sheet.person("tick")["Last Status"] == "succeeded"
        await alive.stop()

    run(story())


def test_a_table_is_counted_as_it_stands_once_its_rows_have_their_ids(tmp_path: Path) -> None:
    async def story() -> None:
        rows = [{"ID": "", "Name": f"r{n}", "Type": "manual", "Action": "act"} for n in range(120)]  # no column that is told
        house, sheet = House(tmp_path), ProbedTable(rows)
        alive = await start(house, sheet, table_rules=replace(rules(), poll=timedelta(hours=5)))
        await house.after(minutes=1)
        mark = await alive.committer.read(lambda ledger: ledger.table_mark("ops"))
        await alive.stop()
        assert (mark.tasks, mark.defects, mark.drafts) == (120, 0, 0)

    run(story())


def test_a_button_that_stood_there_before_rowd_is_not_pressed_in_a_row_without_an_id_either(tmp_path: Path) -> None:
    async def story() -> None:
        house = House(tmp_path)
        sheet = table(*({**row(name, Type="manual", Do="run now"), "ID": id_} for name, id_ in (("a", "1"), ("b", ""))))
        async with house.open(sheet):
            await house.after(seconds=30)
            notes = [sheet.person(name)["Health"] for name in "ab"]
            assert notes[0].startswith('NOTE: Do "run now" was there before rowd')
            assert notes[1] == notes[0]
            sheet.rows.append(row("c", Type="manual", Do="run now"))
            sheet.rows[-1]["ID"] = ""
            await house.after(seconds=30)
        assert [r.task for r in house.witness.seen] == ["c"]

    run(story())


def test_what_a_column_said_holds_on_when_it_is_taken_away_also_for_the_next_daemon(tmp_path: Path) -> None:
    def take_away(sheet: MemoryTable, header: str) -> None:
        sheet.columns.remove(header)
        for cells in sheet.rows:
            del cells[header]

    async def story() -> None:
        zoned = {**row("a", "every minute"), "Metadata": '{"n": 1}', "Priority": "3"}
        house, sheet = House(tmp_path), MemoryTable([zoned, row("b", Type="manual")], (*COLUMNS, "Metadata", "Priority"))
        counted = rules(actions={"act": Definition(kind="witness", parameters={"n": Parameter(type="integer", default=0)})})
        async with house.open(sheet, table_rules=counted):
            await house.after(seconds=65)
            take_away(sheet, "Metadata")
            take_away(sheet, "Priority")
            await house.after(minutes=1)
        async with house.open(sheet, table_rules=counted):
            await house.after(minutes=1)
            assert [r.parameters["n"] for r in house.witness.seen] == [1, 1, 1]
            assert sheet.person("a")["Health"].endswith(
                'NOTE: the column "Metadata" is gone, and what it last said holds on; put it back; '
                'the column "Priority" is gone, and what it last said holds on; put it back'
            )
            sheet.columns.append("Metadata")
            for cells in sheet.rows:
                cells["Metadata"] = ""
            await house.after(minutes=1)
            assert house.witness.seen[-1].parameters["n"] == 0
            assert "Metadata" not in sheet.person("a")["Health"]

    run(story())


def test_a_table_is_opened_anew_between_two_calls_and_read_at_once(tmp_path: Path) -> None:
    async def story() -> None:
        house, sheet = House(tmp_path), away(row("a", "every minute"))
        sheet.away = NeedsOwner("the token is none")
        other = table(row("a", "every minute"))
        async with house.open(sheet, table_rules=replace(rules(), poll=timedelta(hours=5))) as daemon:
            await house.after(minutes=1)
            assert daemon.reopen("ops", lambda _: other)
            await house.after(minutes=2, seconds=10)
        assert sheet.closed
        assert other.writes
        assert len(house.of(TableRecovered)) == 1
        assert len(house.witness.seen) == 2

    run(story())


def test_a_table_that_can_not_be_opened_anew_goes_on_as_it_was(tmp_path: Path) -> None:
    async def story() -> None:
        house, sheet = House(tmp_path), table(row("a", "every minute"))

        def fails(_: object) -> Any:
            raise ValueError("no")

        async with house.open(sheet) as daemon:
            await house.after(seconds=30)
            assert daemon.reopen("ops", fails)
            await house.after(minutes=2)
        assert not house.of(TableUnreachable)
        assert [e.message for e in house.of(Trouble)] == ["ValueError: no"]
        assert len(house.witness.seen) == 2

    run(story())


def test_a_table_that_keeps_others_away_is_not_opened_anew(tmp_path: Path) -> None:
    class Owned(MemoryTable):
        def own(self, who: str) -> None:
            pass

    async def story() -> None:
        house = House(tmp_path)
        async with house.open(Owned([row("a")], COLUMNS)) as daemon:
            assert not daemon.reopen("ops", lambda _: table())

    run(story())


def test_a_run_that_began_by_an_old_copy_says_so_until_the_next_one_begins(tmp_path: Path) -> None:
    async def story() -> None:
        house, sheet = House(tmp_path), MemoryTable([row("a", "every hour")], COLUMNS)
        async with house.open(sheet):
            await house.until(NOON + timedelta(minutes=43, seconds=30))
            sheet.fail = [TryLater("the network is down")] * 1_000
            await house.until(NOON + timedelta(hours=1, minutes=10))
            sheet.fail = []
            await house.after(minutes=1)
            assert house.witness.times("a") == [NOON + timedelta(hours=1)]
            assert sheet.person("a")["Health"].startswith("NOTE: the last run began by what the row said 16m before. OK, next")
            await house.after(hours=1)
            assert sheet.person("a")["Health"].startswith("OK, next")

    run(story())


def test_a_copy_that_the_store_says_is_unchanged_is_no_old_one(tmp_path: Path) -> None:
    async def story() -> None:
        house, sheet = House(tmp_path), ProbedTable([row("a", "every hour")], COLUMNS)
        async with house.open(sheet):
            await house.after(hours=2, minutes=1)
            assert len(house.witness.seen) == 2
            assert sheet.person("a")["Health"].startswith("OK, next")

    run(story())
