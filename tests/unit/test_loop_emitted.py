"""Rows that react to what is emitted, in a whole daemon on virtual time: taken up once, at once, also what came while none ran."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from engine.events import RunStarted, WatchChanged, WatchSeen
from engine.ledger import Ledger
from engine.loop import Daemon
from engine.model import Occurrence, Type
from engine.watching import Source, tried
from tests.fakes.house import House, slow
from tests.fakes.virtual import NOON, run
from tests.unit.test_loop import row
from tests.unit.test_loop_watches import house, its_rules, table
from watches.api import Happening, Look
from watches.events.settings import EventsSettings
from watches.events.watch import Events

SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)


def ci() -> Source:
    settings = EventsSettings(kind="events")
    return Source("ci", "a", Events("ci"), settings.every, settings.debounce)


def emitted(path: Path, *what: str, source: str = "ci", number: int = 1, at: datetime = NOON) -> None:
    """As `rowd emit` does: by a connection of its own."""
    ledger = Ledger.open(path / "ledger.sqlite")
    with ledger.transaction():
        for one in what:
            ledger.emit(source, Happening(one, {"build": one}, number), at)
    ledger.close()


def poke(daemon: Daemon) -> None:
    daemon._poke()


def builds(one: House, task: str = "deploy") -> list[object]:
    return [request.event["build"] for request in one.witness.seen if request.task == task]


def test_what_is_emitted_runs_rows_at_once_and_is_taken_up_once(tmp_path: Path) -> None:
    async def story() -> None:
        its = ci()
        one, sheet = house(tmp_path, its), table(row("deploy", Watch="CI"), row("other", "daily 13:00"))
        async with one.open(sheet, table_rules=its_rules(its)) as daemon:
            await one.until(NOON + 30 * SECOND)
            assert sheet.person("deploy")["Health"] == "OK, waits until something changes in ci"
            emitted(tmp_path, "41")
            poke(daemon)
            for _ in range(50):
                await asyncio.sleep(0)
            assert one.clock.now() == NOON + 30 * SECOND
            assert [e.at for e in one.of(RunStarted)] == [NOON + 30 * SECOND]
            (request,) = one.witness.seen
            assert dict(request.event) == {"build": "41", "source": "ci", "summary": "41", "number": 1}
            poke(daemon)
            await one.until(NOON + 10 * MINUTE)
            assert builds(one) == ["41"]
            assert [(e.watch, e.summary) for e in one.of(WatchChanged)] == [("ci", "41")]
        ledger = Ledger.open(tmp_path / "ledger.sqlite")
        assert ledger.waiting("ci") == 0
        ledger.close()

    run(story())


def test_nobody_has_to_say_that_something_was_emitted(tmp_path: Path) -> None:
    async def story() -> None:
        its = ci()
        one, sheet = house(tmp_path, its), table(row("deploy", Watch="ci"))
        async with one.open(sheet, table_rules=its_rules(its)):
            await one.until(NOON + 30 * SECOND)
            emitted(tmp_path, "41")
            await one.until(NOON + 90 * SECOND)
            assert builds(one) == ["41"]

    run(story())


def test_what_was_emitted_while_no_daemon_ran_or_before_the_first_look_is_taken_up(tmp_path: Path) -> None:
    async def story() -> None:
        emitted(tmp_path, "40")
        its, sheet = ci(), table(row("deploy", Watch="ci"), row("each", Type="counter", Threshold="2", Current="0", Counts="ci"))
        first = house(tmp_path, its)
        async with first.open(sheet, table_rules=its_rules(its)):
            await first.until(NOON + MINUTE)
            assert builds(first) == ["40"]
            assert [e.watch for e in first.of(WatchSeen)] == ["ci"]
        emitted(tmp_path, "41", "42")
        its = ci()
        second = House(tmp_path, first.clock, sources={"ci": its})
        async with second.open(sheet, table_rules=its_rules(its)):
            await second.until(NOON + 3 * MINUTE)
        assert builds(second) == ["42"]  # several are one run, with the newest
        assert [r.event["number"] for r in second.witness.seen if r.task == "deploy"] == [2]
        assert len([r for r in second.witness.seen if r.task == "each"]) == 1
        assert float(sheet.person("each")["Current"]) == 1

    run(story())


def test_what_comes_while_the_row_runs_is_one_run_more_and_counts_are_told(tmp_path: Path) -> None:
    async def story() -> None:
        its = ci()
        sheet = table(row("deploy", Watch="ci"), row("each", Type="counter", Threshold="10", Current="0", Counts="ci"))
        one = house(tmp_path, its)
        one.witness.behaviour = slow(10 * SECOND)
        async with one.open(sheet, table_rules=its_rules(its)) as daemon:
            await one.until(NOON + 30 * SECOND)
            for build in ("1", "2", "3"):
                emitted(tmp_path, build, number=2)
                poke(daemon)
                await one.until(one.clock.now() + SECOND)
            await one.until(NOON + 5 * MINUTE)
            assert builds(one) == ["1", "3"]
            assert [r.event["number"] for r in one.witness.seen] == [2, 4]
            assert float(sheet.person("each")["Current"]) == 6

    run(story())


def test_a_condition_is_asked_of_what_is_said(tmp_path: Path) -> None:
    async def story() -> None:
        its = ci()
        one, sheet = house(tmp_path, its), table(row("deploy", Watch="ci", Condition="event.build > 41"))
        async with one.open(sheet, table_rules=its_rules(its)) as daemon:
            await one.until(NOON + 30 * SECOND)
            emitted(tmp_path, "40", "42", "41")
            poke(daemon)
            await one.until(NOON + MINUTE)
            assert builds(one) == ["42"]

    run(story())


class _Death(Exception):
    pass


class _Dying:
    def __init__(self, point: str) -> None:
        self.point: str | None = point

    def at(self, name: str) -> None:
        if name == self.point:
            self.point = None
            raise _Death


@pytest.mark.parametrize("point", ["events.before", "events.after", "claim.before", "claim.after"])
def test_a_death_at_any_commit_on_its_way_neither_loses_nor_doubles_it(tmp_path: Path, point: str) -> None:
    async def story() -> None:
        its = ci()
        sheet = table(row("deploy", Watch="ci"))
        first = house(tmp_path, its)
        async with first.open(sheet, table_rules=its_rules(its)):
            await first.until(NOON + MINUTE)
        emitted(tmp_path, "41")
        dying = House(tmp_path, first.clock, sources={"ci": ci()}, crash=_Dying(point))
        daemon, committer = await dying.daemon(sheet, table_rules=its_rules(its))  # type: ignore[arg-type]  # its_rules gives an object
        with pytest.raises(_Death):
            await daemon.run(asyncio.Event())
        await daemon.close()
        await committer.close()
        its = ci()
        second = House(tmp_path, first.clock, sources={"ci": its})
        async with second.open(sheet, table_rules=its_rules(its)):
            await second.until(NOON + 5 * MINUTE)
        told = [o.event["build"] for o in _history(tmp_path)]
        assert told == ["41"]

    run(story())


def _history(path: Path) -> list[Occurrence]:
    ledger = Ledger.open(path / "ledger.sqlite")
    try:
        return list(ledger.history(limit=100))
    finally:
        ledger.close()


def test_a_look_between_two_others_takes_nothing_that_is_on_its_way_already(tmp_path: Path) -> None:
    """rowd.toml is read anew between a look and its commit: the state that was found is known, though not durable."""
    ledger = Ledger.open(tmp_path / "ledger.sqlite")
    emitted(tmp_path, "41", "42")
    watch = Events("ci")
    look = watch.look_into(ledger, None)
    assert ([one.summary for one in look.happenings], look.taken) == (["41", "42"], 2)
    again = watch.look_into(ledger, look.state)
    assert (again.happenings, again.taken, again.state) == ((), 0, look.state)
    emitted(tmp_path, "43")
    emitted(tmp_path, "x", source="other")
    assert [one.summary for one in watch.look_into(ledger, look.state).happenings] == ["43"]
    with ledger.transaction():
        ledger.forget_emitted("ci", look.taken)
    assert [one.summary for one in watch.look_into(ledger, None).happenings] == ["43"]  # another definition: nothing twice
    assert ledger.waiting("other") == 1
    ledger.close()


def test_an_idle_daemon_writes_nothing_for_it(tmp_path: Path) -> None:
    async def story() -> None:
        its = ci()
        one, sheet = house(tmp_path, its), table(row("deploy", Watch="ci"))
        async with one.open(sheet, table_rules=its_rules(its)) as daemon:
            await one.until(NOON + MINUTE)
            written: list[str] = []
            do = daemon._committer.do

            async def counting(work, *, point):  # type: ignore[no-untyped-def]  # as InlineCommitter's
                written.append(point)
                return await do(work, point=point)

            daemon._committer.do = counting
            await one.until(NOON + 10 * MINUTE)
            assert "events" not in written

    run(story())


def test_nothing_of_the_machine_is_in_the_way_of_a_look_at_rowd_itself() -> None:
    assert isinstance(tried(ci(), None), Look)
    assert ci().makes is Type.ON_CHANGE
