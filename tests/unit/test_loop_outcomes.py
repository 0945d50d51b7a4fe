"""Rows that react to how other rows end, in a whole daemon on virtual time; and nothing that goes on for ever."""

from __future__ import annotations

import asyncio
import os
from datetime import timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace

from actions.api import Outcome, Request, Result
from engine.asked import Request as Asked
from engine.asked import Wish
from engine.events import OccurrenceRecorded, RunEnded, RunStarted, WatchUntold
from engine.happened import _event
from engine.ledger import Ledger
from engine.reacting import together
from engine.watching import Source
from tests.fakes.house import House
from tests.fakes.virtual import NOON, run
from tests.unit.test_loop import row
from tests.unit.test_loop_emitted import _Death, _Dying
from tests.unit.test_loop_watches import house, its_rules, table
from watches import numbered
from watches.api import Happening
from watches.outcomes import SAYS
from watches.outcomes.settings import OutcomesSettings
from watches.outcomes.watch import Outcomes

SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)


def outcomes(name: str = "failures", **settings: object) -> Source:
    said = OutcomesSettings.model_validate({"kind": "outcomes", **settings})
    return Source(name, "a", Outcomes(name, said), said.every, said.debounce, says=SAYS)


def rules(*sources: Source) -> object:
    made = its_rules(*sources)
    return replace(made, rules=replace(made.rules, says={one.name: one.says for one in sources}))  # type: ignore[type-var, attr-defined]  # its_rules gives an object


def failing(*names: str, after: timedelta = timedelta(0)) -> object:
    """Rows of these names fail, and all others succeed."""

    async def behave(request: Request) -> Result:
        if after:
            await asyncio.sleep(after.total_seconds())
        return Result(Outcome.FAILED, "exit code 3") if request.task in names else Result(Outcome.SUCCEEDED, "done")

    return behave


def ran(one: House, task: str) -> list[Request]:
    return [request for request in one.witness.seen if request.task == task]


PAGE = {"Watch": "failures"}
COUNTER = {"Type": "counter", "Threshold": "100", "Current": "0", "Counts": "failures"}


def test_a_row_runs_each_time_that_another_fails_and_a_counter_counts_them(tmp_path: Path) -> None:
    async def story() -> None:
        its = outcomes()
        one = house(tmp_path, its)
        one.witness.behaviour = failing("backup")
        sheet = table(
            row("backup", "every 10 minutes"),
            row("fine", "every 10 minutes"),
            row("page_oncall", **PAGE),
            row("failures today", **COUNTER),
        )
        async with one.open(sheet, table_rules=rules(its)):
            await one.until(NOON + 35 * MINUTE)
            pages = ran(one, "page_oncall")
            assert [page.due for page in pages] == [NOON + n * 10 * MINUTE for n in (1, 2, 3)]
            assert [e.at for e in one.of(RunStarted) if e.task == "page_oncall"] == [NOON + n * 10 * MINUTE for n in (1, 2, 3)]
            said = dict(pages[0].event)
            assert said.pop("run") in {e.run for e in one.of(RunEnded) if e.task == "backup"}
            assert said.pop("duration") == 0
            assert said == {
                "source": "failures",
                "summary": "backup failed: exit code 3",
                "number": 1,
                "through": "failures",
                "table": "ops",
                "row": "backup",
                "outcome": "failed",
                "reason": "exit code 3",
            }
            assert float(sheet.person("failures today")["Current"]) == 3

    run(story())


def test_what_ended_before_the_first_look_is_no_news_and_what_ends_while_nobody_looks_is_told_once(tmp_path: Path) -> None:
    async def story() -> None:
        sheet = table(row("backup", "every 10 minutes"), row("page", **PAGE))
        before = House(tmp_path)
        before.witness.behaviour = failing("backup")
        async with before.open(sheet, table_rules=rules(outcomes())):
            await before.until(NOON + 15 * MINUTE)
        its = outcomes()
        first = House(tmp_path, before.clock, sources={"failures": its})
        async with first.open(sheet, table_rules=rules(its)):
            await first.until(NOON + 16 * MINUTE)
            assert ran(first, "page") == []
        unwatched = House(tmp_path, before.clock)
        unwatched.witness.behaviour = failing("backup")
        async with unwatched.open(sheet, table_rules=rules(its)):
            await unwatched.until(NOON + 45 * MINUTE)
        its = outcomes(rows=["back*"])  # another filter is no other source: nothing is lost by it
        last = House(tmp_path, before.clock, sources={"failures": its})
        async with last.open(sheet, table_rules=rules(its)):
            await last.until(NOON + 46 * MINUTE)
            (page,) = ran(last, "page")
            assert page.event["number"] == 3
            assert page.event["summary"] == "backup failed: exit code 3, and 2 more before"

    run(story())


def test_what_one_look_leaves_the_next_one_tells_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(numbered, "MOST", 2)

    async def story() -> None:
        its = outcomes(outcomes=["succeeded"], rows=["n*"])
        one = house(tmp_path, its)
        sheet = table(*(row(f"n{n}", "every 30 minutes") for n in range(7)), row("count", **COUNTER))
        async with one.open(sheet, table_rules=rules(its)):
            await one.until(NOON + 30 * MINUTE + 20 * SECOND)
            assert float(sheet.person("count")["Current"]) == 7

    run(story())


def test_another_filter_holds_once_rowd_toml_is_read_anew_and_nothing_is_lost_by_it(tmp_path: Path) -> None:
    async def story() -> None:
        its, other = outcomes(rows=["x"]), replace(outcomes(rows=["backup"]), made="other")
        one = house(tmp_path, its)
        one.witness.behaviour = failing("backup")
        sheet = table(row("backup", "every 10 minutes"), row("page", **PAGE))
        async with one.open(sheet, table_rules=rules(its)) as daemon:
            await one.until(NOON + 15 * MINUTE)
            assert ran(one, "page") == []
            daemon.reconfigure(replace(daemon.parts, sources={"failures": other}), {"ops": rules(other)})
            await one.until(NOON + 25 * MINUTE)
            assert [page.due for page in ran(one, "page")] == [
                NOON + 15 * MINUTE,
                NOON + 20 * MINUTE,
            ]  # also what it had passed over

    run(story())


def test_only_what_the_operator_names_is_told(tmp_path: Path) -> None:
    async def story() -> None:
        its = outcomes(outcomes=["Timed_Out", "succeeded"], rows=["night*b"], tables=["ops"])
        elsewhere = outcomes("elsewhere", tables=["other"], outcomes=["succeeded"])
        one = house(tmp_path, its, elsewhere)
        one.witness.behaviour = failing("nightly c")
        names = ("Nightly AB", "nightly c", "daily b")
        sheet = table(*(row(name, "every 10 minutes") for name in names), row("page", **PAGE), row("none", Watch="elsewhere"))
        async with one.open(sheet, table_rules=rules(its, elsewhere)):
            await one.until(NOON + 15 * MINUTE)
            assert [page.event["row"] for page in ran(one, "page")] == ["Nightly AB"]
            assert ran(one, "none") == []

    run(story())


def test_missed_and_skipped_occurrences_are_told_with_their_number(tmp_path: Path) -> None:
    async def story() -> None:
        its = outcomes(outcomes=["missed"])
        sheet = table(row("backup", "every 10 minutes"), row("count", **COUNTER))
        first = house(tmp_path, its)
        async with first.open(sheet, table_rules=rules(its)):
            await first.until(NOON + MINUTE)
        await first.until(NOON + HOUR + MINUTE)
        its = outcomes(outcomes=["missed"])
        second = House(tmp_path, first.clock, sources={"failures": its})
        async with second.open(sheet, table_rules=rules(its)):
            await second.until(first.clock.now() + 3 * MINUTE)
            missed = sum(e.count for e in second.of(OccurrenceRecorded) if e.outcome == "missed")
            assert missed >= 5
            assert float(sheet.person("count")["Current"]) == missed

    run(story())


def test_a_row_that_its_own_failing_would_run_again_runs_once_and_the_log_says_why(tmp_path: Path) -> None:
    async def story() -> None:
        its = outcomes()
        one = house(tmp_path, its)
        one.witness.behaviour = failing("backup", "page")
        sheet = table(row("backup", "every 10 minutes"), row("page", **PAGE))
        async with one.open(sheet, table_rules=rules(its)):
            await one.until(NOON + 15 * MINUTE)
            assert len(ran(one, "page")) == 1
            (untold,) = one.of(WatchUntold)
            assert (untold.watch, untold.summary) == ("failures", "page failed: exit code 3; it came about through failures")

    run(story())


def test_two_sources_that_tell_of_each_other_come_to_an_end(tmp_path: Path) -> None:
    async def story() -> None:
        first, second = outcomes("a", outcomes=["succeeded"]), outcomes("b", outcomes=["succeeded"])
        one = house(tmp_path, first, second)
        sheet = table(row("start", "every 10 minutes"), row("x", Watch="a"), row("y", Watch="b"), row("z", Watch="a, b"))
        async with one.open(sheet, table_rules=rules(first, second)):
            await one.until(NOON + 10 * MINUTE + SECOND)
            runs = len(one.witness.seen)
            await one.until(NOON + 19 * MINUTE)
            assert len(one.witness.seen) == runs < 20
            assert {request.event["through"] for request in ran(one, "y")} >= {"b", "a\nb"}

    run(story())


def test_rows_that_wait_for_one_that_it_brought_about_are_not_told_of_again(tmp_path: Path) -> None:
    async def story() -> None:
        its = outcomes(outcomes=["succeeded", "failed"])
        one = house(tmp_path, its)
        sheet = table(row("start", "every 10 minutes"), row("x", **PAGE), row("after", Type="on_completion", **{"Depends On": "x"}))
        async with one.open(sheet, table_rules=rules(its)):
            await one.until(NOON + 19 * MINUTE)
            assert [len(ran(one, name)) for name in ("start", "x", "after")] == [1, 1, 1]

    run(story())


@pytest.mark.parametrize("took", [0, 7, 60])
def test_counters_at_each_one_of_each_other_come_to_an_end(tmp_path: Path, took: int) -> None:
    async def story() -> None:
        its = outcomes(outcomes=["succeeded"])
        one = house(tmp_path, its)
        one.witness.behaviour = failing(after=took * SECOND)
        each = {**COUNTER, "Threshold": "1"}
        sheet = table(
            *(row(f"start{n}", "every 30 minutes") for n in range(3)),
            row("c", **each),
            row("d", **each),
        )
        async with one.open(sheet, table_rules=rules(its)):
            await one.until(NOON + 40 * MINUTE)
            runs = len(one.witness.seen)
            await one.until(NOON + 59 * MINUTE)
            assert len(one.witness.seen) == runs
            assert [len(ran(one, name)) for name in ("c", "d")] == [3, 3]

    run(story())


def test_a_counter_that_counts_what_is_skipped_and_is_skipped_itself_comes_to_an_end(tmp_path: Path) -> None:
    async def story() -> None:
        its = outcomes(outcomes=["skipped"])
        one = house(tmp_path, its)
        never = {"Condition": "1 > 2"}
        sheet = table(row("start", "every 30 minutes", **never), row("c", **{**COUNTER, **never, "Threshold": "1"}))
        async with one.open(sheet, table_rules=rules(its)):
            await one.until(NOON + 40 * MINUTE)
            assert [e.task for e in one.of(OccurrenceRecorded)] == ["start", "c"]

    run(story())


def test_counters_that_count_each_other_by_two_sources_come_to_an_end(tmp_path: Path) -> None:
    async def story() -> None:
        first = outcomes("a", outcomes=["succeeded"], rows=["start", "d"])
        second = outcomes("b", outcomes=["succeeded"], rows=["c"])
        one = house(tmp_path, first, second)
        one.witness.behaviour = failing(after=SECOND)
        sheet = table(
            row("start", "every 30 minutes"),
            row("c", Type="counter", Threshold="1", Current="0", Counts="a"),
            row("d", Type="counter", Threshold="1", Current="0", Counts="b"),
        )
        async with one.open(sheet, table_rules=rules(first, second)):
            await one.until(NOON + 59 * MINUTE)
            assert [len(ran(one, name)) for name in ("start", "c", "d")] == [1, 1, 1]

    run(story())


def test_what_is_one_run_together_came_through_all_that_any_of_it_did() -> None:
    events = [{"number": 1, "through": through} for through in ("a\nb", "b\nc", "")]
    requests = [Asked(n, "ops", "1", Wish.REACT, 0, "watch:a", NOON, event) for n, event in enumerate(events)]
    assert together(requests)["through"] == "a\nb\nc"
    happened = [Happening(f"{n}", {"through": through}) for n, through in enumerate(("a\nb", "c\nb"))]
    assert _event("b", happened)["through"] == "a\nb\nc"  # what counts them all together
    assert "through" not in together([Asked(n, "ops", "1", Wish.REACT, 0, "watch:a", NOON, {"number": 1}) for n in range(2)])


def test_a_row_that_it_asks_in_vain_does_not_ask_it_again(tmp_path: Path) -> None:
    """Equal records are one; what brought each about is not."""

    async def story() -> None:
        its = outcomes(outcomes=["skipped", "failed"])
        one = house(tmp_path, its)
        one.witness.behaviour = failing("backup")
        sheet = table(row("backup", "every 10 minutes"), row("never", "every 10 minutes", Condition="1 > 2", **PAGE))
        async with one.open(sheet, table_rules=rules(its)):
            await one.until(NOON + 35 * MINUTE)
            skipped = sum(e.count for e in one.of(OccurrenceRecorded) if e.task == "never")
            assert 6 <= skipped <= 9

    run(story())


@pytest.mark.parametrize(
    "point", ["outcome.before", "outcome.after", "events.before", "events.after", "claim.before", "claim.after"]
)
def test_a_death_at_any_commit_neither_loses_nor_doubles_a_failure(tmp_path: Path, point: str) -> None:
    async def story() -> None:
        its = outcomes()
        sheet = table(row("once", "in 10 minutes"), row("page", **PAGE), row("count", **COUNTER))
        first = house(tmp_path, its)
        async with first.open(sheet, table_rules=rules(its)):
            await first.until(NOON + 5 * MINUTE)
        its = outcomes()
        dying = House(tmp_path, first.clock, sources={"failures": its}, crash=_Dying(point))
        dying.witness.behaviour = failing("once")
        daemon, committer = await dying.daemon(sheet, table_rules=rules(its))  # type: ignore[arg-type]  # rules gives an object
        with pytest.raises(_Death):
            await daemon.run(asyncio.Event())
        await daemon.close()
        await committer.close()
        its = outcomes()
        second = House(tmp_path, first.clock, sources={"failures": its}, draw=os.urandom)
        second.witness.behaviour = failing("once")
        async with second.open(sheet, table_rules=rules(its)):
            await second.until(NOON + 30 * MINUTE)
        ledger = Ledger.open(tmp_path / "ledger.sqlite")
        ended = [o.outcome for o in ledger.history(limit=100) if o.task == "once"]
        pages = [o for o in ledger.history(limit=100) if o.task == "page"]
        ledger.close()
        assert len(ended) == 1
        assert len(pages) == 1
        assert float(sheet.person("count")["Current"]) == 1

    run(story())
