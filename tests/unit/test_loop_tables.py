"""Rows that react to what people do in another table, in a whole daemon on virtual time: once, whatever dies meanwhile."""

from __future__ import annotations

import asyncio
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace

from actions.api import Outcome, Request, Result
from connectors.errors import TryLater
from engine.asked import Request as Asked
from engine.asked import Wish
from engine.events import RowEdited, WatchSeen
from engine.ledger import Ledger
from engine.model import Defect
from engine.reacting import together
from engine.rules import TableRules
from engine.watching import Source
from tests.fakes.house import House
from tests.fakes.memory_table import MemoryTable
from tests.fakes.virtual import NOON, run
from tests.unit.test_loop import row
from tests.unit.test_loop_emitted import _Death, _Dying
from tests.unit.test_loop_watches import house, its_rules, table
from watches.table import KIND, SAYS
from watches.table.settings import TableSettings
from watches.table.watch import TableWatch

SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)


def orders(**settings: object) -> Source:
    said = TableSettings.model_validate({"kind": "table", "table": "shop", **settings})
    its = Source("orders", "a", TableWatch(said), said.every, said.debounce, says=SAYS)
    return replace(its, apart=KIND.apart(said), about=KIND.about(said))


def rules(its: Source) -> list[TableRules]:
    return [its_rules(its, name="ops"), its_rules(its, name="shop")]  # type: ignore[list-item]  # it gives an object


def shop(*names: str) -> MemoryTable:
    """A table whose rows run at noon of next day, and have a Stage."""
    return table(*(row(name, "tomorrow 12:00", Stage="new") for name in names or ("one", "two", "three")))


def ops(**more: str) -> MemoryTable:
    return table(
        row("react", Watch="orders", **more),
        row("count", Type="counter", Threshold="1000", Current="0", Counts="orders"),
    )


def told(one: House, task: str = "react") -> list[tuple[object, ...]]:
    return [
        tuple(request.event[name] for name in ("change", "row", "column", "old", "new", "number"))
        for request in one.witness.seen
        if request.task == task
    ]


def counted(sheet: MemoryTable) -> float:
    return float(sheet.person("count")["Current"])


def test_what_people_do_in_the_table_runs_rows_and_counts_and_what_was_there_does_not(tmp_path: Path) -> None:
    async def story() -> None:
        its, here, there = orders(), ops(), shop()
        one = house(tmp_path, its)
        async with one.open(here, there, table_rules=rules(its)):
            await one.until(NOON + 30 * SECOND)
            assert told(one) == []
            assert here.person("react")["Health"] == "OK, waits until something changes in orders"
            there.person("two")["Stage"] = "paid"
            await one.until(NOON + 50 * SECOND)
            assert told(one) == [("edited", "two", "Stage", "new", "paid", 1)]
            (request,) = (r for r in one.witness.seen if r.task == "react")
            assert dict(request.event) == {
                "source": "orders",
                "summary": 'Stage of two changed from "new" to "paid"',
                "number": 1,
                "table": "shop",
                "row": "two",
                "id": there.person("two")["ID"],
                "change": "edited",
                "column": "Stage",
                "old": "new",
                "new": "paid",
            }
            assert request.due - next(e.at for e in one.of(RowEdited)) < SECOND, "it is stirred, and waits for no look of its own"
            there.rows.append({**there.rows[0], "ID": "", "Name": "four", "Health": "", "Next Run": ""})
            await one.until(NOON + 100 * SECOND)
            there.rows = [one for one in there.rows if one["Name"] != "one"]
            await one.until(NOON + 3 * MINUTE)
            assert told(one)[1:] == [("added", "four", "", "", "", 1), ("deleted", "one", "", "", "", 1)]
            assert counted(here) == 3

    run(story())


def test_what_rowd_writes_itself_and_where_rows_are_moved_to_is_told_by_none(tmp_path: Path) -> None:
    """Runs, Status of a one-off, a counter's Current, ids that rows are given, a sort, an inserted column, a button."""

    async def story() -> None:
        its, here = orders(), ops()
        there = table(
            row("often", "every minute", Stage="new"),
            row("once", "2026-03-02 12:01", Stage="new"),
            row("tally", Type="counter", Threshold="2", Current="0", Stage="new"),
        )
        one = house(tmp_path, its)
        async with one.open(here, there, table_rules=rules(its)):
            await one.until(NOON + 2 * MINUTE + 30 * SECOND)
            assert there.person("once")["Status"] == "completed"
            there.rows.reverse()
            await one.until(NOON + 3 * MINUTE)
            there.columns.insert(2, "Wish")
            there.rows = [{**one, "Wish": ""} for one in there.rows]
            await one.until(NOON + 4 * MINUTE)
            there.person("often")["Status"] = "paused"
            there.person("tally")["Current"] = "1"
            await one.until(NOON + 6 * MINUTE)
            assert {e.column for e in one.of(RowEdited)} >= {"Status", "Current"}
            assert (told(one), counted(here)) == ([], 0)
            there.person("tally")["Wish"] = "blue"
            await one.until(NOON + 7 * MINUTE)
            assert told(one) == [("edited", "tally", "Wish", "", "blue", 1)]

    run(story())


def test_a_column_that_is_only_called_otherwise_in_rowd_toml_is_no_edit(tmp_path: Path) -> None:
    async def story() -> None:
        its, here, there = orders(), ops(), shop()
        for each in there.rows:
            each["Notes"] = f"of {each['Name']}"
        there.columns.append("Notes")
        one, mine = house(tmp_path, its), rules(its)
        async with one.open(here, there, table_rules=mine) as daemon:
            await one.until(NOON + 30 * SECOND)
            daemon.reconfigure(daemon.parts, {"ops": mine[0], "shop": replace(mine[1], renames={"Description": "Notes"})})
            await one.until(NOON + 2 * MINUTE)
            assert {e.column for e in one.of(RowEdited)} >= {"Description"}
            assert (told(one), counted(here)) == ([], 0)

    run(story())


def test_a_copied_row_is_one_new_row_and_one_that_comes_back_is_added_anew(tmp_path: Path) -> None:
    async def story() -> None:
        its, here, there = orders(), ops(), shop()
        one = house(tmp_path, its)
        async with one.open(here, there, table_rules=rules(its)):
            await one.until(NOON + 30 * SECOND)
            there.rows.append(dict(there.person("one")))
            await one.until(NOON + 3 * MINUTE)
            assert [what[:2] for what in told(one)] == [("added", "one")]
            gone = there.rows.pop(1)
            await one.until(NOON + 5 * MINUTE)
            gone["Stage"] = "back"
            there.rows.append(gone)
            await one.until(NOON + 7 * MINUTE)
            assert [what[:2] for what in told(one)[1:]] == [("deleted", "two"), ("added", "two")]

    run(story())


def test_what_was_done_while_no_daemon_ran_is_told_by_the_next_one_once(tmp_path: Path) -> None:
    async def story() -> None:
        its, here, there = orders(columns=["stage"]), ops(), shop()
        first = house(tmp_path, its)
        async with first.open(here, there, table_rules=rules(its)):
            await first.until(NOON + 30 * SECOND)
        there.person("one")["Stage"] = "paid"
        there.person("two")["Description"] = "not asked for"
        unwatched = House(tmp_path, first.clock)
        async with unwatched.open(here, there, table_rules=rules(its)):
            await unwatched.until(NOON + 2 * MINUTE)
        there.person("two")["Stage"] = "paid"
        for _ in range(2):
            second = House(tmp_path, first.clock, sources={"orders": orders(columns=["Stage"])})
            async with second.open(here, there, table_rules=rules(its)):
                await second.until(first.clock.now() + 2 * MINUTE)
            if told(second):
                assert told(second) == [("edited", "two", "Stage", "new", "paid", 2)]
        assert told(second) == []
        assert counted(here) == 2

    run(story())


def test_a_table_that_is_read_for_the_first_time_tells_nothing_nor_does_one_without_ids(tmp_path: Path) -> None:
    async def story() -> None:
        its, here, there = orders(), ops(), shop()
        one = house(tmp_path, its)
        for each in there.rows:
            each["ID"] = ""
        there.fail = [TryLater("away")] * 3
        async with one.open(here, there, table_rules=rules(its)):
            await one.until(NOON + 5 * SECOND)
            assert [e.watch for e in one.of(WatchSeen)] == ["orders"], "it was looked at before the table could be read"
            await one.until(NOON + 3 * MINUTE)
            assert all(each["ID"] for each in there.rows)
            assert (told(one), counted(here)) == ([], 0)

    run(story())


@pytest.mark.parametrize(("runs", "numbers"), [("together", [2]), ("each", [1, 1])])
def test_what_one_look_finds_is_one_run_or_one_each(tmp_path: Path, runs: str, numbers: list[int]) -> None:
    async def story() -> None:
        its, here, there = orders(runs=runs), ops(), shop()
        one = house(tmp_path, its)
        async with one.open(here, there, table_rules=rules(its)):
            await one.until(NOON + 30 * SECOND)
            there.person("one")["Stage"] = there.person("two")["Stage"] = "paid"
            await one.until(NOON + MINUTE)
            assert [what[-1] for what in told(one)] == numbers
            assert told(one)[-1] == ("edited", "two", "Stage", "new", "paid", numbers[-1])
            assert counted(here) == 2

    run(story())


def test_a_run_that_edits_the_table_is_seen_as_a_person_is_and_braked_as_any(tmp_path: Path) -> None:
    async def story() -> None:
        its, here, there = orders(), ops(), shop()

        def edits(request: Request) -> Result:
            if request.task == "react":
                there.person("one")["Stage"] += "+"
            return Result(Outcome.SUCCEEDED, "done")

        one = house(tmp_path, its)
        one.witness.behaviour = edits
        async with one.open(here, there, table_rules=rules(its)):
            await one.until(NOON + 30 * SECOND)
            there.person("one")["Stage"] = "paid"
            await one.until(NOON + 5 * MINUTE)
            assert len(told(one)) > 5, "nothing tells the two apart: the page says so"

    run(story())


def test_another_filter_loses_nothing_and_a_source_that_rows_may_not_read_is_a_defect(tmp_path: Path) -> None:
    async def story() -> None:
        its, here, there = orders(columns=["Description"]), ops(), shop()
        one, why = house(tmp_path, its), 'rows of this table may not; the operator can let them, by "ops"'
        async with one.open(here, there, table_rules=rules(its)) as daemon:
            await one.until(NOON + 30 * SECOND)
            there.person("one")["Stage"] = "paid"
            await one.until(NOON + MINUTE)
            assert told(one) == []
            other, mine = replace(orders(), made="other"), rules(its)
            daemon.reconfigure(replace(daemon.parts, sources={"orders": other}), {"ops": mine[0], "shop": mine[1]})
            await one.until(NOON + 2 * MINUTE)
            assert [what[1:3] for what in told(one)] == [("one", "Stage")]
            shut = replace(mine[0], rules=replace(mine[0].rules, sources={}, closed={"orders": why}))
            daemon.reconfigure(daemon.parts, {"ops": shut, "shop": mine[1]})
            there.person("one")["Stage"] = "sent"
            await one.until(NOON + 4 * MINUTE)
            assert len(told(one)) == 1
            means = daemon.keepers["ops"].understood
            assert {m.column: m.message for m in means.values() if isinstance(m, Defect)} == {
                "Watch": f'Watch "orders": "orders" tells of another table, and {why}',
                "Counts": f'Counts "orders": "orders" tells of another table, and {why}',
            }

    run(story())


def test_of_edits_that_are_one_run_the_first_old_value_counts_only_where_all_is_one_cell() -> None:
    def asked(*cells: tuple[str, str]) -> dict[str, object]:
        events = [{"id": id_, "column": "Stage", "old": old, "new": f"{old}+", "number": 1, "summary": "x"} for id_, old in cells]
        return dict(together([Asked(n, "ops", "1", Wish.REACT, 0, "watch:orders", NOON, event) for n, event in enumerate(events)]))

    assert asked(("1", "a"), ("1", "b"))["old"] == "a"
    assert asked(("1", "a"), ("2", "b"))["old"] == "b"


@pytest.mark.parametrize("point", ["rows.before", "rows.after", "events.before", "events.after", "claim.before", "claim.after"])
def test_a_death_at_any_commit_neither_loses_nor_doubles_what_was_done(tmp_path: Path, point: str) -> None:
    async def story() -> None:
        its, here, there = orders(), ops(), shop()
        first = house(tmp_path, its)
        async with first.open(here, there, table_rules=rules(its)):
            await first.until(NOON + 30 * SECOND)
        there.person("one")["Stage"] = "paid"
        there.rows.append({**dict.fromkeys(there.columns, ""), "ID": "n", "Name": "four", "Action": "act", "Type": "manual"})
        dying = House(tmp_path, first.clock, sources={"orders": orders()}, crash=_Dying(point))
        daemon, committer = await dying.daemon(here, there, table_rules=rules(its))
        with pytest.raises(_Death):
            await daemon.run(asyncio.Event())
        await daemon.close()
        await committer.close()
        last = House(tmp_path, first.clock, sources={"orders": orders()})
        async with last.open(here, there, table_rules=rules(its)):
            await last.until(first.clock.now() + 3 * MINUTE)
        assert counted(here) == 2
        with closing(Ledger.open(tmp_path / "ledger.sqlite")) as ledger:
            runs = [o for o in ledger.history() if o.task == "react"]
        assert sum(int(str(o.event["number"])) for o in runs) == 2

    run(story())
