"""Rows that react to what rowd tells of itself, in a whole daemon on virtual time."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from msgspec.structs import replace

from connectors.errors import TryLater
from engine.events import QuotaEased, QuotaLow, RunStarted, TableRecovered, TableUnreachable
from engine.watching import Source
from tests.fakes.house import House
from tests.fakes.virtual import NOON, run
from tests.unit.test_loop import row
from tests.unit.test_loop_troubles import AwayTable
from tests.unit.test_loop_watches import MINUTE, SECOND, WATCHING, house, its_rules, started, table
from watches.itself.settings import SAYS, ItselfSettings
from watches.itself.watch import ItselfWatch


def source(name: str, *only: str, **more: object) -> Source:
    settings = ItselfSettings.model_validate({"kind": "rowd", "only": only, **more})
    return Source(name, "a", ItselfWatch(settings), MINUTE, timedelta(0), says=SAYS)


def two(*sources: Source) -> list[object]:
    return [its_rules(*sources), its_rules(*sources, name="shop")]


def test_a_row_runs_when_another_table_is_away_and_a_counter_counts(tmp_path: Path) -> None:
    async def story() -> None:
        its = source("trouble", "table.unreachable", "table.recovered")
        ops = table(row("tell", Watch="trouble"), row("third", Type="counter", Counts="trouble", Threshold="2"))
        one, shop = house(tmp_path, its), AwayTable((), WATCHING)
        async with one.open(ops, shop, table_rules=two(its)):
            await one.until(NOON + 30 * SECOND)
            assert one.of(RunStarted) == []
            shop.away = TryLater("the shop is closed")
            await one.until(NOON + 5 * MINUTE)
            (away,) = one.of(TableUnreachable)
            assert started(one, "tell") == [away.at]
            (request,) = one.witness.seen
            assert request.event["event"] == "table.unreachable"
            assert request.event["table"] == "shop"
            assert "the shop is closed" in str(request.event["reason"])
            assert started(one, "third") == []
            shop.away = None
            await one.until(NOON + 15 * MINUTE)
            assert len(one.of(TableRecovered)) == 1
            assert len(started(one, "tell")) == 2
            assert len(started(one, "third")) == 1

    run(story())


def test_of_the_tables_that_are_not_named_nothing_is_told(tmp_path: Path) -> None:
    async def story() -> None:
        its = source("trouble", "table.unreachable", tables=["ops"])
        ops = table(row("tell", Watch="trouble"), row("third", Type="counter", Counts="trouble", Threshold="2"))
        one, shop = house(tmp_path, its), AwayTable((), WATCHING)
        async with one.open(ops, shop, table_rules=two(its)):
            await one.until(NOON + 30 * SECOND)
            shop.away = TryLater("closed")
            await one.until(NOON + 5 * MINUTE)
            assert len(one.of(TableUnreachable)) == 1
            assert started(one, "tell") == []

    run(story())


def test_a_row_does_not_react_to_what_is_told_of_itself(tmp_path: Path) -> None:
    async def story() -> None:
        its = source("defects", "row.defective", "row.mended")
        one, sheet = house(tmp_path, its), table(row("tell", Watch="defects"), row("other", "daily 13:00"))
        async with one.open(sheet, table_rules=its_rules(its)):
            await one.until(NOON + 30 * SECOND)
            sheet.person("tell")["Schedule"] = "evry day"
            await one.until(NOON + 2 * MINUTE)
            sheet.person("tell")["Schedule"] = ""
            await one.until(NOON + 4 * MINUTE)
            assert started(one, "tell") == []
            sheet.person("other")["Schedule"] = "evry day"
            await one.until(NOON + 6 * MINUTE)
            assert len(started(one, "tell")) == 1

    run(story())


def test_a_quota_that_runs_low_runs_a_row_that_is_told_how_low(tmp_path: Path) -> None:
    async def story() -> None:
        its = source("budget", "quota.low")
        one, sheet = house(tmp_path, its), table(row("slow_down", Watch="budget"))
        async with one.open(sheet, table_rules=its_rules(its)):
            await one.until(NOON + 30 * SECOND)
            until = NOON + timedelta(days=29)
            one.own.hear(QuotaLow(at=one.clock.now(), scope="workspace w", spent=900, left=100, until=until))
            one.own.hear(QuotaEased(at=one.clock.now(), scope="workspace w", spent=900, left=100))
            await one.until(NOON + MINUTE)
            assert started(one, "slow_down") == [NOON + 30 * SECOND]
            (request,) = one.witness.seen
            assert [request.event[n] for n in ("event", "about", "left")] == ["quota.low", "workspace w", "100"]

    run(story())


def test_what_is_told_before_anything_is_watched_waits_for_that(tmp_path: Path) -> None:
    async def story() -> None:
        its = source("starts", "daemon.started")
        sheet = table(row("tell", Watch="starts"))
        one = house(tmp_path, its)
        async with one.open(sheet, table_rules=its_rules(its)):
            await one.until(NOON + MINUTE)
            assert len(started(one, "tell")) == 1
        again = source("starts", "daemon.started")
        second = House(tmp_path, one.clock, sources={"starts": again})
        async with second.open(sheet, table_rules=its_rules(again)):
            await second.until(NOON + 5 * MINUTE)
            assert len(started(second, "tell")) == 1

    run(story())


def test_other_definitions_that_leave_it_as_it_is_go_on_hearing(tmp_path: Path) -> None:
    async def story() -> None:
        its = source("trouble", "table.unreachable")
        one, ops, shop = house(tmp_path, its), table(row("tell", Watch="trouble")), AwayTable((), WATCHING)
        async with one.open(ops, shop, table_rules=two(its)) as daemon:
            await one.until(NOON + 30 * SECOND)
            same = source("trouble", "table.unreachable")
            parts = replace(daemon.parts, sources={"trouble": same})
            daemon.reconfigure(parts, {"ops": its_rules(same), "shop": its_rules(same, name="shop")})
            shop.away = TryLater("closed")
            await one.until(NOON + 5 * MINUTE)
            assert len(started(one, "tell")) == 1

    run(story())
