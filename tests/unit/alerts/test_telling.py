"""What people are told of, in a whole daemon on virtual time: once, from its beginning to its end, whatever is killed meanwhile."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from actions.api import Outcome, Request, Result
from actions.telling import Mask
from connectors.errors import NeedsOwner, TryLater
from engine.breaker import BreakerRules
from engine.events import ChannelFailed, ChannelRecovered, ChannelTold, NoticesDropped, Trouble
from engine.ledger import Ledger, LedgerUnwritable
from rowd.alerts.alerting import Alerting
from rowd.alerts.noticing import Ear
from tests.fakes.house import rules
from tests.fakes.memory_table import MemoryTable
from tests.fakes.virtual import NOON, run
from tests.unit.alerts.office import Office, channel
from tests.unit.test_loop import COLUMNS, row

MINUTE, SECOND = timedelta(minutes=1), timedelta(seconds=1)


def table(*rows: dict[str, str]) -> MemoryTable:
    return MemoryTable(rows, (*COLUMNS, "Deadline", "Notify", "Catch Up"))


class Moody:
    """An action that fails while it is told to."""

    def __init__(self, why: str = "disk full") -> None:
        self.why = why

    def __call__(self, _: Request) -> Result:
        return Result(Outcome.FAILED, self.why) if self.why else Result(Outcome.SUCCEEDED, "done")


def ledger(office: Office) -> Ledger:
    return Ledger.open(office.path / "ledger.sqlite")


def test_a_failure_is_told_once_and_its_end_once(tmp_path: Path) -> None:
    async def story() -> None:
        office, moody = Office(tmp_path, channel()), Moody()
        office.witness.behaviour = moody
        async with office.watched(table(row("backup", "every minute"))):
            await office.until(NOON + 3 * MINUTE + 30 * SECOND)  # before its action is left alone
            assert office.titles == ["rowd: backup FAILED"]
            assert office.bodies == ["ops/backup: FAILED since Mon 2 Mar 2026 12:01 UTC\n  disk full\n  rowd show ops/backup"]
            moody.why = ""
            await office.until(NOON + 20 * MINUTE)
        assert office.titles == ["rowd: backup FAILED", "rowd: backup: it has succeeded"]
        said = "ops/backup: over at Mon 2 Mar 2026 12:04 UTC: it has succeeded\n  FAILED since Mon 2 Mar 2026 12:01 UTC"
        assert office.bodies[1] == said
        assert [e.notices for e in office.of(ChannelTold)] == [1, 1]
        with_it = ledger(office)
        assert (with_it.problems(), with_it.waiting_notices()) == ([], {})
        with_it.close()

    run(story())


def test_an_attempt_that_is_repeated_is_no_failure_yet(tmp_path: Path) -> None:
    async def story() -> None:
        office = Office(tmp_path, channel())
        results = [Result(Outcome.FAILED, "hiccup"), Result(Outcome.SUCCEEDED, "done")]
        office.witness.behaviour = lambda _: results.pop(0)
        sheet = MemoryTable([row("flaky", "daily 12:01", Attempts="2")], (*COLUMNS, "Attempts"))
        async with office.watched(sheet):
            await office.after(minutes=10)
        assert (results, office.sent) == ([], [])

    run(story())


def test_what_goes_wrong_together_is_told_together_and_what_is_too_much_is_counted(tmp_path: Path) -> None:
    async def story() -> None:
        office = Office(tmp_path, channel(), breaker=BreakerRules(100))
        office.witness.behaviour = Moody()
        async with office.watched(table(*(row(f"job{n:02}", "every hour") for n in range(25)))):
            await office.after(minutes=61)
        assert office.titles == ["rowd: 25 problems"]
        assert office.bodies[0].count("FAILED since") == 20
        assert office.bodies[0].endswith("5 more were left out: `rowd status` and `rowd list` say how all stands.")

    run(story())


def test_a_channel_tells_what_it_is_about_of_the_tables_that_it_is_for(tmp_path: Path) -> None:
    async def story() -> None:
        everything = channel("all")
        others = (
            channel("ends", about=["failed"]),
            channel("else", tables=["ops1"]),
            channel("meanings", about=["defect"]),
            channel("named", named_only=True),
        )
        office, moody = Office(tmp_path, everything, *others), Moody()
        office.witness.behaviour = moody
        async with office.watched(table(row("a", "every minute")), table(row("b", "every minute"), row("c", "dayly"))):
            await office.until(NOON + 90 * SECOND)
            moody.why = ""
            await office.after(minutes=1)
        told = {name: [m.title for to, m in office.sent if to == name] for name in office.channels}
        assert told == {
            "all": ["rowd: c ERROR", "rowd: 2 problems", "rowd: 2 over"],
            "ends": ["rowd: 2 problems"],
            "else": ["rowd: c ERROR", "rowd: b FAILED", "rowd: b: it has succeeded"],
            "meanings": ["rowd: c ERROR"],
            "named": [],
        }

    run(story())


def test_a_row_names_who_is_told_of_it(tmp_path: Path) -> None:
    async def story() -> None:
        office, moody = Office(tmp_path, channel("ops"), channel("boss", named_only=True)), Moody()
        office.witness.behaviour = moody
        its = rules()
        its = replace(its, rules=replace(its.rules, channels=frozenset(office.channels)))
        sheet = table(
            row("usual", "daily 12:01"),
            row("his", "daily 12:02", Notify="Boss"),
            row("both", "daily 12:03", Notify="ops, boss"),
            row("quiet", "daily 12:04", Notify="none"),
            row("wrong", "dayly", Notify="boss"),
            row("typo", "daily 12:06", Notify="bos"),
        )
        async with office.watched(sheet, table_rules=its):
            await office.until(NOON + 10 * MINUTE)
        told = {name: [m.title.removeprefix("rowd: ") for to, m in office.sent if to == name] for name in office.channels}
        assert told == {
            "ops": ["typo ERROR", "usual FAILED", "both FAILED"],
            "boss": ["wrong ERROR", "his FAILED", "both FAILED"],
        }
        assert 'did you mean "boss"' in sheet.person("typo")["Health"]

    run(story())


def test_what_stood_when_it_was_killed_is_told_once_by_the_next_one(tmp_path: Path) -> None:
    async def story() -> None:
        office, moody = Office(tmp_path, channel()), Moody()
        office.witness.behaviour, office.away = moody, "nobody there"
        sheet = table(row("backup", "every minute"))
        async with office.watched(sheet):
            await office.until(NOON + 70 * SECOND)
        assert (office.sent, office.tries) == ([], 1)
        office.away = ""
        async with office.watched(sheet):
            await office.after(seconds=30)
        assert office.titles == ["rowd: backup FAILED"]
        async with office.watched(sheet):
            await office.after(minutes=5)
        assert office.titles == ["rowd: backup FAILED"]
        assert len(office.of(ChannelFailed)) == len(office.of(ChannelRecovered)) == 1  # of both daemons together

    run(story())


def test_what_failed_under_another_daemon_is_told_though_it_succeeds_at_once_under_this_one(tmp_path: Path) -> None:
    async def story() -> None:
        office, moody = Office(tmp_path, channel()), Moody()
        office.witness.behaviour = moody
        sheet = table(row("backup", "every minute"))
        async with office.open(sheet):  # without anybody who tells: as if it were killed before it did
            await office.until(NOON + 61 * SECOND)
        daemon, committer = await office.daemon(sheet)
        await Alerting(daemon, committer, office.events.append, Ear(), office.channels, office.carry).begin()
        assert [problem.name for problem in await committer.read(lambda its: its.problems())] == [
            "backup"
        ]  # before anything starts
        await daemon.close()
        await committer.close()
        moody.why = ""
        await office.until(NOON + 125 * SECOND)  # what came due meanwhile starts at once
        async with office.watched(sheet):
            await office.until(NOON + 3 * MINUTE)
        assert office.titles == ["rowd: backup FAILED", "rowd: backup: it has succeeded"]

    run(story())


def test_a_channel_that_fails_is_tried_in_growing_pauses_and_said_once(tmp_path: Path) -> None:
    async def story() -> None:
        office = Office(tmp_path, channel())
        office.witness.behaviour, office.away = Moody(), "the server is away"
        async with office.watched(table(row("backup", "every day 12:01"))):
            await office.until(NOON + 2 * MINUTE)
            assert office.tries == 2  # after 5 s, and 30 s later
            await office.until(NOON + 61 * MINUTE)
            assert office.tries == 7
            [failed] = office.of(ChannelFailed)
            assert (failed.channel, failed.message) == ("ops-mail", "the server is away")
            office.away = ""
            await office.after(minutes=31)
            [recovered] = office.of(ChannelRecovered)
            assert recovered.seconds > 3600
        assert office.titles == ["rowd: backup FAILED"]

    run(story())


def test_what_can_not_be_told_for_a_day_is_given_up(tmp_path: Path) -> None:
    async def story() -> None:
        office = Office(tmp_path, channel())
        office.witness.behaviour, office.away = Moody(), "the server is away"
        seldom = replace(rules(), poll=timedelta(hours=1))
        async with office.watched(table(row("backup", "2026-03-02 12:01")), table_rules=seldom):
            await office.after(hours=23)
            assert not office.of(NoticesDropped)
            await office.after(hours=2)
            assert [e.notices for e in office.of(NoticesDropped)] == [1]
            tries = office.tries
            office.away = ""
            await office.after(hours=2)
        assert (office.sent, office.tries) == ([], tries)

    run(story())


def test_a_message_that_is_under_way_when_it_stops_is_not_sent_again(tmp_path: Path) -> None:
    async def story() -> None:
        office = Office(tmp_path, channel())
        office.witness.behaviour, office.takes = Moody(), 3
        sheet = table(row("backup", "every day 12:01"))
        async with office.watched(sheet):
            await office.until(NOON + 66 * SECOND)
        assert len(office.sent) == 1
        async with office.watched(sheet):
            await office.after(minutes=1)
        assert len(office.sent) == 1

    run(story())


def test_a_ledger_that_can_not_be_written_leads_to_no_second_message_and_loses_none(tmp_path: Path) -> None:
    async def story() -> None:
        full = asyncio.Event()

        def commits(do: Any) -> Any:
            async def commit(work: Any, *, point: str) -> Any:
                if full.is_set() and point == "marks":
                    raise LedgerUnwritable("the disk is full")
                return await do(work, point=point)

            return commit

        office = Office(tmp_path, channel())
        office.witness.behaviour, office.takes = Moody(), 3
        async with office.watched(table(row("backup", "every day 12:01"), row("other", "every day 12:02")), commits=commits):
            await office.until(NOON + 66 * SECOND)
            full.set()  # while the message is under way
            await office.until(NOON + 3 * MINUTE)
            assert office.titles == ["rowd: backup FAILED"]
            full.clear()
            await office.after(minutes=1)
        assert office.titles == ["rowd: backup FAILED", "rowd: other FAILED"]

    run(story())


def test_other_channels_are_taken_over_while_it_runs(tmp_path: Path) -> None:
    async def story() -> None:
        office = Office(tmp_path)
        office.witness.behaviour = Moody()
        async with office.watched(table(row("backup", "every day 12:01"), row("other", "every day 12:10"))):
            await office.until(NOON + 5 * MINUTE)
            assert office.alerting is not None
            office.alerting.go_by({"late": channel("late")})  # what stands by now, it is told
            await office.after(minutes=1)
            assert [(to, m.title) for to, m in office.sent] == [("late", "rowd: backup FAILED")]
            office.alerting.go_by({"new": channel("new")})
            await office.after(minutes=10)
        assert [(to, m.title) for to, m in office.sent][1:] == [("new", "rowd: other FAILED")]

    run(story())


def test_without_channels_nothing_is_put_down(tmp_path: Path) -> None:
    async def story() -> None:
        office = Office(tmp_path)
        office.witness.behaviour = Moody()
        async with office.watched(table(row("backup", "every minute"))):
            await office.after(minutes=5)
        with_it = ledger(office)
        assert with_it.problems() == []
        with_it.close()

    run(story())


def test_a_row_that_is_not_understood_is_told_until_it_is_or_is_gone(tmp_path: Path) -> None:
    async def story() -> None:
        office, sheet = Office(tmp_path, channel()), table(row("a", "dayly"), row("b", "dayly"))
        async with office.watched(sheet):
            await office.after(seconds=30)
            assert office.titles == ["rowd: 2 problems"]
            assert 'ops/a: ERROR since Mon 2 Mar 2026 12:00 UTC\n  Schedule "dayly"' in office.bodies[0]
        sheet.person("a")["Schedule"] = "daily 09:00"  # while nobody looks
        async with office.watched(sheet):
            await office.after(seconds=30)
            assert office.titles[1:] == ["rowd: a: it is understood again"]
            sheet.rows.remove(sheet.person("b"))
            await office.after(minutes=2)
        assert "over" in office.bodies[2]
        assert "its row is gone" in office.bodies[2]

    run(story())


def test_a_missed_deadline_is_told_and_that_it_was_made_good(tmp_path: Path) -> None:
    async def story() -> None:
        office, moody = Office(tmp_path, channel(about=["deadline", "recovered"])), Moody()
        office.witness.behaviour = moody
        async with office.watched(table(row("report", "every 10 minutes", Deadline="5 min"))):
            await office.until(NOON + 30 * MINUTE)
            assert office.titles == ["rowd: report OVERDUE"]
            assert "nothing had succeeded by then" in office.bodies[0]
            moody.why = ""
            await office.after(minutes=10)
        assert office.titles[1:] == ["rowd: report: nothing is overdue any more"]

    run(story())


def test_what_was_missed_while_rowd_was_down_is_told(tmp_path: Path) -> None:
    async def story() -> None:
        office, sheet = Office(tmp_path, channel()), table(row("backup", "every hour"))
        async with office.watched(sheet):
            await office.after(minutes=5)
        await office.after(hours=3, minutes=30)
        async with office.watched(sheet):
            await office.after(seconds=30)
            assert office.titles == ["rowd: backup MISSED"]
            assert "3 were missed" in office.bodies[0]
            await office.after(hours=1)
        assert office.titles[1:] == ["rowd: backup: it has run again"]
        assert "it has run again" in office.bodies[1]

    run(story())


@pytest.mark.parametrize(
    ("error", "after", "head"),
    [(TryLater("the store is away"), 5 * MINUTE, "UNREACHABLE"), (NeedsOwner("share it with rowd"), timedelta(0), "NO ACCESS")],
)
def test_a_table_that_is_away_is_told_once_it_lasts_and_at_once_where_somebody_must_act(
    tmp_path: Path, error: Exception, after: timedelta, head: str
) -> None:
    async def story() -> None:
        office, sheet = Office(tmp_path, channel()), table(row("backup", "every day 12:01"))
        async with office.watched(sheet):
            await office.after(minutes=1)
            sheet.fail = [error] * 100_000
            if after:
                await office.until(NOON + MINUTE + after - 5 * SECOND)
                assert office.sent == []
            await office.until(NOON + MINUTE + after + 3 * MINUTE)
            assert office.titles == [f"rowd: ops {head}"]
            assert str(error) in office.bodies[0]
            sheet.fail = []
            await office.after(minutes=3)
        assert office.titles[1:] == ["rowd: ops: it can be read again"]

    run(story())


def test_no_secret_stands_in_a_message_nor_in_what_is_put_down(tmp_path: Path) -> None:
    async def story() -> None:
        office, sheet = Office(tmp_path, channel(), mask=Mask(["sesame"])), table(row("backup", "every day 12:30"))
        async with office.watched(sheet):
            await office.after(seconds=30)
            sheet.fail = [NeedsOwner("sesame is no password")] * 100
            await office.after(minutes=1)
            with_it = ledger(office)
            assert all("*** is no password" in problem.why for problem in with_it.problems())
            with_it.close()
        assert office.titles == ["rowd: ops NO ACCESS"]
        assert "*** is no password" in office.bodies[0]
        assert "sesame" not in office.bodies[0]

    run(story())


def test_a_table_that_is_taken_out_has_no_problems_any_more(tmp_path: Path) -> None:
    async def story() -> None:
        office = Office(tmp_path, channel())
        office.witness.behaviour = Moody()
        async with office.watched(table(row("a", "every day 12:01")), table(row("b", "every day 12:01"))) as daemon:
            await office.until(NOON + 2 * MINUTE)
            daemon.reconfigure(daemon.parts, {"ops": daemon.keepers["ops"].rules})
            await office.after(minutes=2)
        assert office.titles == ["rowd: 2 problems", "rowd: b: its table is no longer in rowd.toml"]
        assert "its table is no longer in rowd.toml" in office.bodies[1]

    run(story())


def test_a_mistake_of_ours_is_said_and_keeps_the_daemon_from_nothing(tmp_path: Path) -> None:
    async def story() -> None:
        office, wrong = Office(tmp_path, channel()), [ZeroDivisionError("oops")] * 2

        def commits(do: Any) -> Any:
            async def commit(work: Any, *, point: str) -> Any:
                if office.witness.seen and point == "marks" and wrong:
                    raise wrong.pop()
                return await do(work, point=point)

            return commit

        office.witness.behaviour = Moody()
        sheet = table(row("a", "every day 12:01"))
        async with office.watched(sheet, commits=commits):
            await office.until(NOON + 65 * SECOND)  # once while it runs
        async with office.watched(sheet, commits=commits):  # and once more before it begins
            await office.until(NOON + 5 * MINUTE)
        assert (office.titles, wrong) == (["rowd: a FAILED"], [])
        assert [trouble.message for trouble in office.of(Trouble)] == ["ZeroDivisionError: oops"] * 2

    run(story())
