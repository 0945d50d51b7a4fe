"""Conditions that ask for facts of the world outside, in a whole daemon on virtual time: when each is asked, and for whom."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace

from actions.telling import Mask
from engine.asking import AT_ONCE, Question
from engine.events import FactRecovered, FactUntold, OccurrenceRecorded, RequestTaken, RowDefective, RunStarted
from engine.ledger import Ledger
from engine.outside import Outside
from engine.rules import TableRules
from facts.api import Tree, Unhad
from tests.fakes.house import House, rules
from tests.fakes.memory_table import MemoryTable
from tests.fakes.virtual import NOON, run
from tests.unit.test_loop import COLUMNS, row

ASKING = (*COLUMNS, "Depends On", "Condition", "Understood As", "Overlap", "Stage", "Watch")
SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)


class Gauge:
    """A fact that is what a test says, and takes as long."""

    def __init__(self, value: Tree = 93, takes: timedelta = timedelta(0)) -> None:
        self.value = value
        self.takes = takes
        self.trouble: Exception | None = None
        self.stubborn = timedelta(0)
        self.asked: list[datetime] = []
        self.at_once = self.most_at_once = 0

    async def ask(self) -> Tree:
        self.asked.append(_now())
        self.at_once += 1
        self.most_at_once = max(self.at_once, self.most_at_once)
        try:
            await asyncio.sleep(self.takes.total_seconds())
        except asyncio.CancelledError:
            await asyncio.sleep(self.stubborn.total_seconds())
            raise
        finally:
            self.at_once -= 1
        if self.trouble is not None:
            raise self.trouble
        return self.value


def _now() -> datetime:
    return NOON + timedelta(seconds=round(asyncio.get_running_loop().time(), 6))


def question(name: str, fact: object, definition: str = "a", **settings: object) -> Question:
    made = Question(name, definition, fact, 5 * SECOND, MINUTE)  # type: ignore[arg-type]  # a Gauge, or what fails
    return replace(made, **settings)


def house(path: Path, *questions: Question, before: House | None = None, **parts: object) -> House:
    return House(path, before.clock if before is not None else None, facts={one.name: one for one in questions}, **parts)


def its_rules(*names: str, **variables: str) -> TableRules:
    made = rules()
    return replace(made, rules=replace(made.rules, outside=Outside(frozenset(names), variables)))


def table(*rows: dict[str, str]) -> MemoryTable:
    return MemoryTable(rows, ASKING)


def on(name: str, condition: str, schedule: str = "daily 12:01", **cells: str) -> dict[str, str]:
    return row(name, schedule, **{"Condition": condition, **cells})


def started(one: House, task: str) -> list[datetime]:
    return [e.at for e in one.of(RunStarted) if e.task == task]


def recorded(one: House, task: str) -> list[tuple[str, str]]:
    return [(e.outcome, e.reason) for e in one.of(OccurrenceRecorded) if e.task == task]


def test_a_fact_is_asked_when_a_row_that_names_it_comes_due_and_decides(tmp_path: Path) -> None:
    async def story() -> None:
        disk = Gauge("93 %")
        one, sheet = house(tmp_path, question("disk", disk)), table(on("clean", "fact.disk > 90%"), on("fill", "fact.disk < 90%"))
        async with one.open(sheet, table_rules=its_rules("disk")):
            await one.until(NOON + MINUTE - SECOND)
            assert disk.asked == []
            await one.until(NOON + 2 * MINUTE)
            assert disk.asked == [NOON + MINUTE]  # once for both
            assert started(one, "clean") == [NOON + MINUTE]
            assert recorded(one, "fill") == [("skipped", "fact.disk = 93 %, needs < 90 % (asked 12:01:00)")]
            assert sheet.person("fill")["Health"].startswith("SKIPPED: fact.disk = 93 %, needs < 90 % (asked 12:01:00), next ")
            assert sheet.person("fill")["Understood As"].endswith(". Only if fact.disk < 90%")

    run(story())


@pytest.mark.parametrize(("max_age", "asks"), [(MINUTE, [1]), (SECOND, [1, 2]), (timedelta(0), [1, 2])])
def test_an_answer_holds_until_it_is_older_than_its_max_age(tmp_path: Path, max_age: timedelta, asks: list[int]) -> None:
    async def story() -> None:
        disk = Gauge(20)
        one = house(tmp_path, question("disk", disk, max_age=max_age))
        sheet = table(on("a", "fact.disk < 90"), on("b", "fact.disk < 90", "daily 12:02"))
        async with one.open(sheet, table_rules=its_rules("disk")):
            await one.until(NOON + 3 * MINUTE)
        assert disk.asked == [NOON + n * MINUTE for n in asks]
        assert (started(one, "a"), started(one, "b")) == ([NOON + MINUTE], [NOON + 2 * MINUTE])

    run(story())


def test_a_row_waits_for_the_answer_and_no_other_row_does(tmp_path: Path) -> None:
    async def story() -> None:
        disk = Gauge(20, takes=3 * SECOND)
        one = house(tmp_path, question("disk", disk, max_age=timedelta(0)))
        sheet = table(on("asks", "fact.disk < 90"), on("plain", ""), on("joins", "fact.disk < 90", "every 62 seconds"))
        async with one.open(sheet, table_rules=its_rules("disk")):
            await one.until(NOON + MINUTE + 2 * SECOND)
            assert (started(one, "plain"), started(one, "asks")) == ([NOON + MINUTE], [])
            assert sheet.person("asks")["Health"].endswith("NOTE: it has come due, and waits for the fact disk to be told")
            assert "NOTE" not in sheet.person("plain")["Health"]
            await one.until(NOON + MINUTE + 10 * SECOND)
            assert started(one, "asks") == [NOON + MINUTE + 3 * SECOND]
            assert "NOTE" not in sheet.person("asks")["Health"]
        assert disk.most_at_once == 1

    run(story())


SLOW = "timed out after 5s; make it quicker, or raise `timeout`"


def test_one_that_hangs_times_out_and_what_it_hung_is_missed_with_the_reason(tmp_path: Path) -> None:
    async def story() -> None:
        disk = Gauge(20, takes=1000 * MINUTE)
        one, sheet = house(tmp_path, question("disk", disk)), table(on("clean", "fact.disk < 90", "every 10 minutes"))
        async with one.open(sheet, table_rules=its_rules("disk")):
            await one.until(NOON + 11 * MINUTE)
            why = f'Condition "fact.disk < 90": fact.disk is not known: the fact disk could not be asked: {SLOW}'
            assert recorded(one, "clean") == [("missed", why)]
            assert sheet.person("clean")["Health"].startswith(f"MISSED 1 since Mon 2 Mar 12:10 UTC: {why}, next ")
            assert [(e.fact, e.message) for e in one.of(FactUntold)] == [("disk", SLOW)]
            assert disk.at_once == 0  # it was told to end
            await one.until(NOON + 21 * MINUTE)
            assert len(one.of(FactUntold)) == 1  # the first failure, not every repeat
            disk.takes = timedelta(0)
            await one.until(NOON + 31 * MINUTE)
            assert started(one, "clean") == [NOON + 30 * MINUTE]
            (recovered,) = one.of(FactRecovered)
            assert recovered.seconds == 1195

    run(story())


def test_one_that_does_not_end_is_not_asked_again_beside_itself(tmp_path: Path) -> None:
    async def story() -> None:
        disk = Gauge(20, takes=1000 * MINUTE)
        disk.stubborn = 15 * MINUTE
        one, sheet = house(tmp_path, question("disk", disk)), table(on("clean", "fact.disk < 90", "every 10 minutes"))
        async with one.open(sheet, table_rules=its_rules("disk")):
            await one.until(NOON + 21 * MINUTE)
            assert (len(disk.asked), disk.most_at_once) == (1, 1)
            assert [reason.rpartition(": ")[2] for _, reason in recorded(one, "clean")] == [
                SLOW,
                "timed out after 5s, waiting for its turn; see what holds up the others, or raise `timeout`",
            ]
            disk.takes = timedelta(0)
            await one.until(NOON + 31 * MINUTE)
            assert started(one, "clean") == [NOON + 30 * MINUTE]

    run(story())


@pytest.mark.parametrize(
    ("trouble", "said"),
    [
        (Unhad("its server answered 503 Service Unavailable"), "its server answered 503 Service Unavailable"),
        (ZeroDivisionError("oh"), "rowd fails on it (ZeroDivisionError: oh); mend, or replace, its kind"),
    ],
)
def test_a_fact_that_can_not_be_had_decides_nothing_and_is_asked_for_the_next_occurrence(
    tmp_path: Path, trouble: Exception, said: str
) -> None:
    async def story() -> None:
        api = Gauge("up")
        api.trouble = trouble
        one = house(tmp_path, question("api", api, max_age=60 * MINUTE))
        sheet = table(on("send", 'fact.api == "up"', "every minute"))
        async with one.open(sheet, table_rules=its_rules("api")):
            await one.until(NOON + MINUTE + 30 * SECOND)
            ((outcome, reason),) = recorded(one, "send")
            assert (outcome, reason.partition(" asked: ")[2]) == ("missed", said)
            api.trouble = None
            await one.until(NOON + 3 * MINUTE + 30 * SECOND)
            assert started(one, "send") == [NOON + 2 * MINUTE, NOON + 3 * MINUTE]
            assert len(api.asked) == 2

    run(story())


def test_many_rows_ask_once(tmp_path: Path) -> None:
    async def story() -> None:
        disk = Gauge(93, takes=timedelta(milliseconds=10))
        one = house(tmp_path, question("disk", disk, max_age=timedelta(0)))
        sheet = table(*(on(f"row{n}", "fact.disk < 90%") for n in range(60)))
        async with one.open(sheet, table_rules=its_rules("disk")):
            await one.until(NOON + 2 * MINUTE)
        assert len(disk.asked) == 1
        assert len(one.of(OccurrenceRecorded)) == 60

    run(story())


def test_no_more_than_so_many_are_asked_at_the_same_time(tmp_path: Path) -> None:
    async def story() -> None:
        gauge = Gauge(20, takes=2 * SECOND)
        names = [f"f{n}" for n in range(2 * AT_ONCE + 1)]
        one = house(tmp_path, *(question(name, gauge) for name in names))
        sheet = table(*(on(name, f"fact.{name} < 90") for name in names))
        async with one.open(sheet, table_rules=its_rules(*names)):
            await one.until(NOON + MINUTE + 10 * SECOND)
            assert gauge.most_at_once == AT_ONCE
            assert {e.outcome for e in one.of(OccurrenceRecorded)} == {"missed"}  # the last waited for its turn beyond its time
            assert len(one.of(RunStarted)) + len(one.of(OccurrenceRecorded)) == len(names)

    run(story())


def test_what_stands_behind_what_decides_is_not_asked_for(tmp_path: Path) -> None:
    async def story() -> None:
        disk, api = Gauge(20), Gauge("down")
        one = house(tmp_path, question("disk", disk), question("api", api))
        sheet = table(
            on("a", 'row.Stage == "x" and fact.disk < 90', Stage="y"), on("b", 'fact.api == "up" and fact.disk < 90', "daily 12:02")
        )
        async with one.open(sheet, table_rules=its_rules("disk", "api")):
            await one.until(NOON + 3 * MINUTE)
        assert (len(disk.asked), len(api.asked)) == (0, 1)

    run(story())


def test_two_facts_of_one_condition_are_asked_as_it_comes_to_them_whatever_their_age_then(tmp_path: Path) -> None:
    async def story() -> None:
        disk, api = Gauge(20, takes=2 * SECOND), Gauge("up", takes=3 * SECOND)
        one = house(tmp_path, question("disk", disk, max_age=timedelta(0)), question("api", api, max_age=timedelta(0)))
        sheet = table(on("a", 'fact.disk < 90 and fact.api == "down"'))
        async with one.open(sheet, table_rules=its_rules("disk", "api")):
            await one.until(NOON + 2 * MINUTE)
            assert recorded(one, "a") == [("skipped", 'fact.api = "up", needs "down" (disk asked 12:01:00, api asked 12:01:02)')]
        assert (len(disk.asked), len(api.asked)) == (1, 1)

    run(story())


def test_parts_of_a_value_are_named_by_points(tmp_path: Path) -> None:
    async def story() -> None:
        status: Tree = {"api": {"up": True, "load": [0.5, 7]}, "text": "84.2 %", "none": None}
        conditions = {
            "a": "fact.status.api.up",
            "b": 'fact.status.api.load["1"] > 4',
            "c": "fact.status.text < 90%",
            "d": "fact.status.api == 1",
            "e": "fact.status.apo.up",
            "f": "fact.status.none > 1",
            "g": 'fact.status.api.load["2"] > 4',
            "h": "fact.status.text.x > 4",
        }
        one = house(tmp_path, question("status", Gauge(status)))
        sheet = table(*(on(name, condition) for name, condition in conditions.items()))
        async with one.open(sheet, table_rules=its_rules("status")):
            await one.until(NOON + 2 * MINUTE)
        assert {e.task for e in one.of(RunStarted)} == {"a", "b", "c"}
        assert {e.task: e.reason.partition(": ")[2] for e in one.of(OccurrenceRecorded)} == {
            "d": "fact.status.api is not known: it has several values; name one of them, like fact.status.api.up",
            "e": 'fact.status.apo.up is not known: the fact status has no apo there; did you mean "api"?',
            "f": "fact.status.none has no value; see that it gets one, or ask before for something that decides without it",
            "g": 'fact.status.api.load["2"] is not known: the fact status has no 2 there; there are 2 values, counted from 0',
            "h": "fact.status.text.x is not known: the fact status has no x there; it is a single value",
        }

    run(story())


@pytest.mark.parametrize(
    ("condition", "message"),
    [
        ("fact.dsk < 3", 'fact.dsk is not known: there is no fact of this name; did you mean "disk"?'),
        (
            "fact.entirely < 3",
            "fact.entirely is not known: there is no fact of this name; the operator declares facts in rowd.toml, as [fact.NAME]",
        ),
        ('env.REGIO == "eu"', 'env.REGIO is not known: conditions may read no such variable; did you mean "REGION"?'),
        (
            'env.HOME == "/"',
            "env.HOME is not known: conditions may read no such variable; the operator names them in rowd.toml, under "
            "conditions.env",
        ),
    ],
)
def test_what_nobody_declared_is_a_defect_with_the_near_miss(tmp_path: Path, condition: str, message: str) -> None:
    async def story() -> None:
        one, sheet = house(tmp_path, question("disk", Gauge())), table(on("a", condition))
        async with one.open(sheet, table_rules=its_rules("disk", REGION="eu")):
            await one.until(NOON + 10 * SECOND)
            (defect,) = one.of(RowDefective)
            assert defect.message == f'Condition "{condition}": {message}'

    run(story())


def test_variables_that_are_declared_are_read(tmp_path: Path) -> None:
    async def story() -> None:
        one, sheet = house(tmp_path), table(on("a", 'env.REGION == "eu"'), on("b", 'env.REGION == "us"'))
        async with one.open(sheet, table_rules=its_rules(REGION="eu")):
            await one.until(NOON + 2 * MINUTE)
        assert (len(started(one, "a")), recorded(one, "b")) == (1, [("skipped", 'env.REGION = "eu", needs "us"')])

    run(story())


def test_a_variable_without_a_value_can_not_be_told(tmp_path: Path) -> None:
    async def story() -> None:
        one, sheet = house(tmp_path), table(on("a", 'env.REGION == "eu"'))
        its = its_rules()
        its = replace(its, rules=replace(its.rules, outside=Outside(frozenset(), {"REGION": None})))
        async with one.open(sheet, table_rules=its):
            await one.until(NOON + 2 * MINUTE)
        ((outcome, reason),) = recorded(one, "a")
        assert outcome == "missed"
        assert "the variable REGION has no value where rowd runs" in reason

    run(story())


def test_a_press_asks_for_nothing(tmp_path: Path) -> None:
    async def story() -> None:
        disk = Gauge(93)
        one, sheet = house(tmp_path, question("disk", disk)), table(on("a", "fact.disk < 90%", "daily 18:00"))
        async with one.open(sheet, table_rules=its_rules("disk")):
            await one.until(NOON + 10 * SECOND)
            sheet.person("a")["Do"] = "run now"
            await one.until(NOON + MINUTE)
            assert len(started(one, "a")) == 1
        assert disk.asked == []

    run(story())


def test_what_is_asked_of_a_row_that_waits_is_answered_meanwhile(tmp_path: Path) -> None:
    async def story() -> None:
        disk = Gauge(20, takes=20 * SECOND)
        one = house(tmp_path, question("disk", disk, timeout=30 * SECOND))
        sheet = table(on("a", "fact.disk < 90%", Overlap="parallel"))
        async with one.open(sheet, table_rules=its_rules("disk")):
            await one.until(NOON + MINUTE + SECOND)
            sheet.person("a")["Do"] = "run now"
            await one.after(seconds=12)
            assert len(one.of(RequestTaken)) == 1
            assert len(started(one, "a")) == 1
            await one.until(NOON + 2 * MINUTE)
        assert len(started(one, "a")) == 2
        assert len(disk.asked) == 1

    run(story())


def test_rows_behind_others_counters_and_edits_wait_for_facts_too(tmp_path: Path) -> None:
    async def story() -> None:
        disk = Gauge(20, takes=2 * SECOND)
        one = house(tmp_path, question("disk", disk, max_age=timedelta(0)))
        sheet = table(
            row("first", "daily 12:01"),
            on("after", "fact.disk < 90%", "", **{"Depends On": "first"}),
            on("count", "fact.disk < 90%", "", Type="counter", Current="0", Threshold="2"),
            on("edited", "fact.disk < 90% and event.new == 'b'", "", Watch="Stage", Stage="a"),
        )
        async with one.open(sheet, table_rules=its_rules("disk")):
            await one.until(NOON + 30 * SECOND)
            sheet.person("count")["Current"] = "4"
            sheet.person("edited")["Stage"] = "b"
            await one.until(NOON + 2 * MINUTE)
            assert len(started(one, "after")) == 1
            assert len(started(one, "count")) == 2
            assert len(started(one, "edited")) == 1
            assert started(one, "after") == [NOON + MINUTE + 2 * SECOND]
            assert sheet.person("count")["Current"] in ("0", 0)
        assert disk.most_at_once == 1

    run(story())


def test_a_stop_ends_what_is_being_asked_and_the_next_daemon_asks_again(tmp_path: Path) -> None:
    async def story() -> None:
        disk, sheet = Gauge(20, takes=4 * SECOND), table(on("a", "fact.disk < 90%"))
        first = house(tmp_path, question("disk", disk))
        async with first.open(sheet, table_rules=its_rules("disk")):
            await first.until(NOON + MINUTE + SECOND)
        assert first.clock.now() == NOON + MINUTE + SECOND
        assert disk.at_once == 0
        assert recorded(first, "a") == []
        second = house(tmp_path, question("disk", disk), before=first)
        async with second.open(sheet, table_rules=its_rules("disk")):
            await second.until(NOON + 2 * MINUTE)
        assert len(started(second, "a")) == 1
        assert len(disk.asked) == 2

    run(story())


@pytest.mark.parametrize(("definition", "asks"), [("a", 1), ("b", 2)])
def test_an_answer_outlives_a_restart_as_long_as_it_is_asked_alike(tmp_path: Path, definition: str, asks: int) -> None:
    async def story() -> None:
        disk, sheet = Gauge(20), table(on("a", "fact.disk < 90%"), on("b", "fact.disk < 90%", "daily 12:02"))
        first = house(tmp_path, question("disk", disk, max_age=10 * MINUTE))
        async with first.open(sheet, table_rules=its_rules("disk")):
            await first.until(NOON + MINUTE + SECOND)
        second = house(tmp_path, question("disk", disk, definition, max_age=10 * MINUTE), before=first)
        async with second.open(sheet, table_rules=its_rules("disk")):
            await second.until(NOON + 3 * MINUTE)
        assert len(started(second, "b")) == 1
        assert len(disk.asked) == asks

    run(story())


def test_a_fact_that_is_declared_otherwise_while_it_is_asked_is_asked_again(tmp_path: Path) -> None:
    async def story() -> None:
        old, new, sheet = Gauge(93, takes=3 * SECOND), Gauge(20), table(on("a", "fact.disk < 90%"))
        one = house(tmp_path, question("disk", old))
        async with one.open(sheet, table_rules=its_rules("disk")) as daemon:
            await one.until(NOON + MINUTE + SECOND)
            parts = replace(one.parts(), facts={"disk": question("disk", new, "b")})
            daemon.reconfigure(parts, {"ops": its_rules("disk")})
            await one.until(NOON + 2 * MINUTE)
            assert len(started(one, "a")) == 1
        assert (len(old.asked), len(new.asked)) == (1, 1)

    run(story())


def test_a_single_pass_waits_for_what_it_asks(tmp_path: Path) -> None:
    async def story() -> None:
        disk, sheet = Gauge(20, takes=4 * SECOND), table(on("a", "fact.disk < 90%", "every minute"))
        one = house(tmp_path, question("disk", disk))
        async with one.open(sheet, table_rules=its_rules("disk")):
            await one.until(NOON + 10 * SECOND)
        await one.until(NOON + MINUTE + SECOND)
        two = house(tmp_path, question("disk", disk), before=one)
        daemon, committer = await two.daemon(sheet, table_rules=its_rules("disk"))
        await daemon.run_once(asyncio.Event())
        await daemon.close()
        await committer.close()
        assert len(started(two, "a")) == 1

    run(story())


def test_secrets_that_a_fact_tells_are_masked(tmp_path: Path) -> None:
    async def story() -> None:
        api = Gauge({"token": "hunter2hunter2", "more": ["hunter2hunter2"]})
        one = house(tmp_path, question("api", api), mask=Mask(["hunter2hunter2"]))
        sheet = table(on("a", 'fact.api.token == "x"'))
        async with one.open(sheet, table_rules=its_rules("api")):
            await one.until(NOON + 2 * MINUTE)
            assert recorded(one, "a") == [("skipped", 'fact.api.token = "***", needs "x" (asked 12:01:00)')]
        ledger = Ledger.open(tmp_path / "ledger.sqlite")
        assert ledger.facts()["api"].value == {"token": "***", "more": ["***"]}
        ledger.close()

    run(story())


def test_what_came_due_while_it_waited_says_so(tmp_path: Path) -> None:
    async def story() -> None:
        disk = Gauge(20, takes=25 * SECOND)
        one = house(tmp_path, question("disk", disk, timeout=30 * SECOND))
        sheet = table(on("a", "fact.disk < 90%", "every 10 seconds"))
        async with one.open(sheet, table_rules=its_rules("disk")):
            await one.until(NOON + 36 * SECOND)
            assert len(started(one, "a")) == 1
            assert [reason for _, reason in recorded(one, "a")] == ["it waited for a fact, and a newer one took its place"]

    run(story())


def test_a_clock_that_is_set_back_leaves_no_row_waiting(tmp_path: Path) -> None:
    async def story() -> None:
        disk = Gauge(20, takes=4 * SECOND)
        one, sheet = house(tmp_path, question("disk", disk)), table(on("a", "fact.disk < 90%", "every minute"))
        async with one.open(sheet, table_rules=its_rules("disk")):
            await one.until(NOON + MINUTE + SECOND)
            one.clock.set_wall(-20 * MINUTE)
            await one.after(minutes=3)
            assert len(started(one, "a")) >= 2

    run(story())
