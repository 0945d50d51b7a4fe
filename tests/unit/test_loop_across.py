"""Rows that wait for rows of other tables, in a whole daemon on virtual time."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from msgspec.structs import replace

from actions.api import Definition, Outcome, Result
from actions.parameters import Parameter
from connectors.errors import Taken, TryLater
from engine.asked import Wish
from engine.events import RowDefective, RowMended
from engine.links import Openness
from tests.fakes.house import House, open_to_all, rules, slow
from tests.fakes.memory_table import MemoryTable
from tests.fakes.virtual import NOON, run
from tests.unit.test_loop import row
from tests.unit.test_loop_chains import MINUTE, after, by_task, failing, recorded, started, table
from tests.unit.test_loop_corners import Alive, start
from tests.unit.test_loop_troubles import AwayTable

SECOND = timedelta(seconds=1)
FILED = Definition(kind="witness", parameters={"file": Parameter(default="")})
ACTIONS = {"act": FILED, "other": FILED}


def far(*rows: dict[str, str]) -> AwayTable:
    return AwayTable(rows, table().columns)


async def ask(alive: Alive, place: str, wish: Wish) -> None:
    """As the command line does."""
    name, _, key = place.partition("/")
    now = alive.house.clock.now()
    await alive.committer.do(lambda ledger: ledger.ask(name, key, wish, 0, "cli:a", now), point="requests")
    alive.daemon._turns.poke()


def test_a_row_runs_the_moment_the_last_of_those_has_ended_wherever_they_stand(tmp_path: Path) -> None:
    async def story() -> None:
        house = House(tmp_path)
        house.witness.behaviour = by_task(build=slow(7 * SECOND), docs=slow(31 * SECOND))
        ops, web = table(row("build", "daily 12:01"), after("tell", "web/deploy")), table(row("docs", "daily 12:01"))
        web.rows += table(after("deploy", "ops/Build, docs")).rows
        async with house.open(ops, web, table_rules=open_to_all("ops", "web", actions=ACTIONS)):
            await house.until(NOON + MINUTE + 20 * SECOND)
            assert web.person("deploy")["Health"] == "OK, waits for docs; 1 of 2 has ended"
            assert web.person("deploy")["Understood As"] == "after ops/Build and docs, if all of them succeed"
            await house.until(NOON + 3 * MINUTE)
            assert web.person("deploy")["Health"] == "OK, waits for ops/Build and docs"
        assert started(house, "deploy") == [NOON + MINUTE + 31 * SECOND] == started(house, "tell")

    run(story())


def test_a_failure_elsewhere_is_named_with_its_table_and_made_up_for_from_there(tmp_path: Path) -> None:
    async def story() -> None:
        house = House(tmp_path)
        house.witness.behaviour = by_task(build=failing)
        ops, web = table(row("build", "5 * * * *")), table(after("deploy", "ops/build"), after("stop", "ops/build", "block"))
        hr = table(after("tell", "web/deploy"))
        alive = await start(house, ops, web, hr, table_rules=open_to_all("ops", "web", "hr", actions=ACTIONS))
        await house.until(NOON + 6 * MINUTE)
        why = "ops/build failed Mon 2 Mar 2026 12:05 UTC"
        assert web.person("deploy")["Health"] == f"SKIPPED: {why}; to make up for it, run again what did not succeed"
        assert web.person("stop")["Health"] == f"BLOCKED: {why}; it runs once that has succeeded"
        assert recorded(house, "tell") == [("skipped", f"web/deploy was skipped ({why})")]
        house.witness.behaviour = by_task()
        await ask(alive, "ops/build", Wish.RETRY)
        await house.until(NOON + 7 * MINUTE)
        assert [len(started(house, task)) for task in ("deploy", "stop", "tell")] == [1, 1, 1]
        await alive.stop()

    run(story())


def test_what_is_run_again_is_so_with_all_behind_it_also_where_a_table_was_not_looked_at_yet(tmp_path: Path) -> None:
    async def story() -> None:
        house, ops, web = House(tmp_path), table(row("build", "daily 12:01")), far(after("deploy", "ops/build"))
        async with house.open(ops, web, table_rules=open_to_all("ops", "web", actions=ACTIONS)):
            await house.until(NOON + 2 * MINUTE)
        assert len(started(house, "deploy")) == 1
        house = House(tmp_path, house.clock)
        alive = await start(house, ops, web, table_rules=open_to_all("ops", "web", actions=ACTIONS))
        looked = alive.daemon._turns.memory.tenders["web"].looked
        await ask(alive, "web/deploy", Wish.MAKE_UP)
        await ask(alive, "ops/build", Wish.RUN_NOW)
        looked.is_set = lambda: False  # type: ignore[method-assign]  # its store keeps us waiting
        await house.until(NOON + 3 * MINUTE)
        assert (len(started(house, "build")), len(started(house, "deploy"))) == (1, 0)
        del looked.is_set
        alive.daemon._turns.memory.look_again(alive.daemon.keepers["web"])
        await house.until(NOON + 4 * MINUTE)
        await alive.stop()
        assert len(started(house, "deploy")) == 1

    run(story())


def test_a_row_that_was_killed_for_goes_by_the_same_round_once(tmp_path: Path) -> None:
    async def story() -> None:
        house = House(tmp_path)
        house.witness.behaviour = by_task(docs=slow(30 * SECOND))
        ops, web = table(row("build", "daily 12:01"), row("docs", "daily 12:01")), far(after("deploy", "ops/build, ops/docs"))
        its = open_to_all("ops", "web", actions=ACTIONS)
        alive = await start(house, ops, web, table_rules=its)
        await house.until(NOON + MINUTE + 10 * SECOND)
        await alive.kill()
        web.away = TryLater("down")  # the ledger knows of its rows, and of those of ops
        house = House(tmp_path, house.clock)
        alive = await start(house, ops, web, table_rules=its)
        await house.until(NOON + 2 * MINUTE)
        assert started(house, "deploy") == []  # docs was lost, and that is a failure
        assert [outcome for outcome, _ in recorded(house, "deploy")] == ["skipped"]
        await alive.kill()
        web.away = None
        house = House(tmp_path, house.clock)
        alive = await start(house, ops, web, table_rules=its)
        await ask(alive, "ops/docs", Wish.RETRY)
        await house.until(NOON + 3 * MINUTE)
        await alive.kill()
        house = House(tmp_path, house.clock)
        async with house.open(ops, web, table_rules=its):
            await house.until(NOON + 4 * MINUTE)
            assert web.person("deploy")["Health"] == "OK, waits for ops/build and ops/docs"
        assert web.person("deploy")["Runs"] == "1"

    run(story())


def test_nothing_is_unknown_before_the_other_table_was_read(tmp_path: Path) -> None:
    async def story() -> None:
        house = House(tmp_path)
        ops, web = far(row("build", "every minute")), table(after("deploy", "ops/build"), after("tell", "ops/bild"))
        ops.away = TryLater("down")
        async with house.open(ops, web, table_rules=open_to_all("ops", "web", actions=ACTIONS)) as daemon:
            await house.until(NOON + 2 * MINUTE)
            assert web.person("deploy")["Health"] == "WAITING for ops/build (the table ops has not been read yet)"
            assert web.person("deploy")["Health"].replace("build", "bild") == web.person("tell")["Health"]
            assert not house.of(RowDefective)
            ops.away = None
            await house.until(NOON + 4 * MINUTE + 30 * SECOND)
            assert len(started(house, "deploy")) > 0
            said = 'Depends On "ops/bild": no row of the table ops has the Name or ID "bild"; did you mean "build"?'
            assert [(e.table, e.message) for e in house.of(RowDefective)] == [("web", said)]
            assert web.person("tell")["Health"] == f"ERROR: {said}"
            await house.after(seconds=1)
            mark = await daemon._committer.read(lambda ledger: ledger.table_mark("web"))
            assert (mark.tasks, mark.defects) == (1, 1)
            number = len(started(house, "deploy"))
            ops.away = TryLater("down")  # its rows run on, and so do those behind them
            await house.until(NOON + 7 * MINUTE + 30 * SECOND)
            assert len(started(house, "deploy")) == number + 3
            ops.away = None
            ops.person("build")["Name"] = "bild"
            await house.until(NOON + 8 * MINUTE + 30 * SECOND)
            assert [(e.table, e.key) for e in house.of(RowMended)] == [("web", "tell")]
            assert web.person("tell")["Runs"] == "2"  # by the run of before, too: it ended after the row was added
            assert len(house.of(RowDefective)) == 1  # deploy has its ID
            ops.person("bild")["ID"] = "b1"
            await house.until(NOON + 10 * MINUTE)
            assert web.person("deploy")["Health"].startswith('ERROR: Depends On "ops/build": no row of the table ops has')

    run(story())


def test_what_a_row_stands_like_shows_in_the_one_of_another_table_that_waits(tmp_path: Path) -> None:
    async def story() -> None:
        house, ops, web = House(tmp_path), table(row("build", "daily 7:00")), table(after("deploy", "ops/build"))
        async with house.open(ops, web, table_rules=open_to_all("ops", "web", actions=ACTIONS)):
            await house.until(NOON + MINUTE)
            for status, said in (("paused", "WAITING for ops/build (paused)"), ("active", "OK, waits for ops/build")):
                ops.person("build")["Status"] = status
                await house.after(seconds=30)
                assert web.person("deploy")["Health"] == said
            ops.person("build")["Schedule"] = "dayly"
            await house.after(seconds=30)
            assert web.person("deploy")["Health"] == "WAITING for ops/build (not understood)"

    run(story())


def test_who_may_not_read_a_table_is_told_the_remedy_and_heard_when_it_holds(tmp_path: Path) -> None:
    async def story() -> None:
        house, ops, web = House(tmp_path), table(row("build", "every minute")), table(after("deploy", "ops/build"))
        shut = open_to_all("ops", "web", actions=ACTIONS, ops=Openness.CLOSED)
        alive = await start(house, ops, web, table_rules=shut)
        await house.until(NOON + 2 * MINUTE + 5 * SECOND)
        said = (
            'ERROR: Depends On "ops/build": rows of this table may not speak of those of the table ops; the operator can let them, '
            'by "web" in readable_by under [tables.ops] in rowd.toml'
        )
        assert web.person("deploy")["Health"] == said
        alive.daemon.reconfigure(alive.daemon.parts, {its.rules.table: its for its in open_to_all("ops", "web", actions=ACTIONS)})
        await house.until(NOON + 4 * MINUTE + 5 * SECOND)
        assert len(started(house, "deploy")) == 2 + 1  # what has ended since the row was added counts, once
        alive.daemon.reconfigure(alive.daemon.parts, {its.rules.table: its for its in shut})
        await house.until(NOON + 6 * MINUTE)
        assert web.person("deploy")["Health"] == said
        await alive.stop()

    run(story())


def test_a_table_that_is_taken_out_and_put_back_goes_on_where_it_was(tmp_path: Path) -> None:
    async def story() -> None:
        house = House(tmp_path)
        house.witness.behaviour = by_task(build=slow(30 * SECOND))
        ops, web = table(row("build", "daily 12:01")), table(after("deploy", "ops/build"))
        its = open_to_all("ops", "web", actions=ACTIONS)
        alive = await start(house, ops, web, table_rules=its)
        await house.until(NOON + MINUTE + 10 * SECOND)
        alive.daemon.reconfigure(alive.daemon.parts, {"web": rules("web", ACTIONS)})
        await house.until(NOON + 3 * MINUTE)
        assert list(alive.daemon.keepers) == ["web"]
        assert web.person("deploy")["Health"] == (
            'ERROR: Depends On "ops/build": no row of this table has the Name or ID "ops/build", and there is no table "ops"'
        )
        assert not started(house, "deploy")
        alive.daemon.reconfigure(alive.daemon.parts, {one.rules.table: one for one in its})
        await house.until(NOON + 4 * MINUTE)
        assert web.person("deploy")["Health"] == "WAITING for ops/build (the table ops has not been read yet)"
        await alive.daemon.add(await house.tender(ops, its[0], alive.daemon.governor, alive.committer))
        await house.until(NOON + 5 * MINUTE)
        assert started(house, "deploy") == [NOON + 4 * MINUTE]  # what ended meanwhile is in the ledger
        await alive.stop()

    run(story())


def test_rows_of_a_table_that_another_daemon_runs_are_refused(tmp_path: Path) -> None:
    async def story() -> None:
        house, ops, web = House(tmp_path), far(row("build", "daily 7:00")), table(after("deploy", "ops/build"))
        async with house.open(ops, web, table_rules=open_to_all("ops", "web", actions=ACTIONS)):
            await house.until(NOON + MINUTE)
            ops.away = Taken("rowd on beta runs this table")
            await house.until(NOON + 2 * MINUTE)
            assert web.person("deploy")["Health"] == (
                'ERROR: Depends On "ops/build": "ops/build" is run by another daemon; a row can only wait for rows that its own '
                "daemon runs"
            )
            ops.away = None
            await house.until(NOON + 4 * MINUTE)
            assert web.person("deploy")["Health"] == "OK, waits for ops/build"

    run(story())


def test_a_circle_through_tables_is_told_in_each_and_mended_from_any(tmp_path: Path) -> None:
    async def story() -> None:
        house = House(tmp_path)
        ops, web = table(after("a", "hr/c"), row("x", "every minute")), table(after("b", "ops/a"), after("d", "b"))
        hr = table(after("c", "web/b"))
        its = open_to_all("ops", "web", "hr", actions=ACTIONS)
        its[1] = replace(its[1], rules=replace(its[1].rules, tables={"ops": Openness.OPEN, "hr": Openness.CLOSED}))
        async with house.open(ops, web, hr, table_rules=its):
            await house.until(NOON + MINUTE)
            circle = 'Depends On "{}": a circle, {}; take one of these out of another\'s Depends On'
            assert {(e.key, e.message) for e in house.of(RowDefective)} == {
                ("a", circle.format("hr/c", "hr/c → web/b → a → hr/c")),
                ("b", circle.format("ops/a", "a row of hr → b → ops/a → a row of hr")),
                ("c", circle.format("web/b", "c → web/b → ops/a → c")),
            }
            assert web.person("d")["Health"] == "WAITING for b (in a circle: b → ops/a → a row of hr → b)"
            ops.person("a")["Depends On"] = "x"
            await house.after(seconds=30)
            assert web.person("d")["Health"] == "OK, waits for b"
            await house.until(NOON + 3 * MINUTE + 30 * SECOND)
            assert {e.key for e in house.of(RowMended)} == {"a", "b", "c"}
            assert web.person("d")["Runs"] == hr.person("c")["Runs"] != "0"

    run(story())


def test_conditions_and_values_ask_for_rows_of_other_tables(tmp_path: Path) -> None:
    async def story() -> None:
        columns = (*table().columns, "Condition", "Metadata")
        build = {"ID": "b", "Name": "build", "Action": "act", "Schedule": "12:01", "Status": "active"}
        ops = AwayTable([{**build, "Schedule": "daily 12:01"}], columns)
        web = MemoryTable(
            [
                row("if", "daily 12:02", Condition="tasks[\"ops/build\"].outcome == 'succeeded'"),
                row("not", "daily 12:02", Condition='tasks["ops/build"].outputs.n > 7'),
                row("file", "daily 12:02", Metadata='{"file": "{{ tasks[\\"ops/build\\"].outputs.n | round }}"}'),
                row("no", "daily 12:02", Condition='tasks["hr/pay"].runs > 7'),
                row("gone", "daily 12:02", Condition='tasks["ops/nix"].runs > 7'),
            ],
            columns,
        )
        house = House(tmp_path)
        house.witness.behaviour = by_task(build=lambda _: Result(Outcome.SUCCEEDED, "done", outputs={"n": 7}))
        its = open_to_all("ops", "web", "hr", actions=ACTIONS, hr=Openness.CLOSED)[:2]
        ops.away = TryLater("down")
        async with house.open(ops, web, table_rules=its):
            await house.until(NOON + 20 * SECOND)
            assert [e.key for e in house.of(RowDefective)] == ["no"]
            ops.away = None
            await house.until(NOON + 3 * MINUTE)
        assert [len(started(house, task)) for task in ("if", "not", "file")] == [1, 0, 1]
        assert [r.parameters["file"] for r in house.witness.seen if r.task == "file"] == ["7"]
        assert recorded(house, "not") == [("skipped", 'tasks["ops/build"].outputs.n = 7, needs > 7')]
        no, gone = (e.message.partition(": ")[2] for e in house.of(RowDefective))
        assert no.startswith('tasks["hr/pay"].runs: rows of this table may not speak of those of the table hr; the operator')
        assert gone == 'tasks["ops/nix"].runs: no row of the table ops has the Name or ID "nix"'

    run(story())


def test_a_value_of_a_table_that_was_not_read_yet_is_not_known(tmp_path: Path) -> None:
    async def story() -> None:
        ops = far(row("build", "daily 7:00"))
        ops.away = TryLater("down")
        web = MemoryTable([row("a", "daily 12:02", Condition='tasks["ops/build"].runs > 7')], (*table().columns, "Condition"))
        house = House(tmp_path)
        async with house.open(ops, web, table_rules=open_to_all("ops", "web", actions=ACTIONS)):
            await house.until(NOON + 3 * MINUTE)
        ((outcome, reason),) = recorded(house, "a")
        assert (outcome, "the table ops has not been read yet" in reason) == ("missed", True)

    run(story())
