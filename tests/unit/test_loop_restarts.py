"""What a killed daemon leaves to the next one, on virtual time: attempts are taken over by what they were, not are."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest

from actions.api import Context, Lost, Outcome, Past, Request, Result, Unbegun, Uptime
from engine.breaker import BreakerRules
from engine.events import RunEnded
from tests.fakes.house import House, rules, slow
from tests.fakes.memory_table import MemoryTable
from tests.fakes.virtual import NOON, run
from tests.unit.test_loop import COLUMNS, MINUTE, row, table
from tests.unit.test_loop_corners import start


class Outliving:
    """An action whose attempts outlive the daemon, as a command's do."""

    kind = "outliving"

    def __init__(self, span: float = 60) -> None:
        self.began: list[tuple[str, int]] = []
        self.adopted: list[tuple[str, Uptime | None]] = []
        self.span = span

    async def run(self, request: Request, context: Context) -> Result:
        self.began.append((request.run, request.attempt))
        await asyncio.sleep(self.span)
        return Result(Outcome.SUCCEEDED, "ran")

    async def adopt(self, request: Request, context: Context, since: Uptime | None) -> Result | Lost:
        self.adopted.append((request.run, since))
        await asyncio.sleep(self.span)
        return Result(Outcome.SUCCEEDED, "ran")


def ends(house: House) -> list[tuple[str, str]]:
    return [(e.outcome, e.reason) for e in house.of(RunEnded)]


@pytest.mark.parametrize(("hours", "span", "outcome"), [(3, 60, "succeeded"), (-3, 100_000, "timed out")], ids=["forward", "back"])
def test_the_time_out_of_an_adopted_command_does_not_depend_on_the_wall_clock(
    tmp_path: Path, hours: int, span: float, outcome: str
) -> None:
    """Set forward it would be stopped at once, after a minute of its five; set back it would run for three hours."""

    async def story() -> None:
        kind = Outliving(span)
        house, sheet = House(tmp_path, actions={"act": kind}), table(row("job", "2026-03-02 12:01"))
        alive = await start(house, sheet)
        await house.until(NOON + MINUTE + timedelta(seconds=30))
        await alive.kill()
        house.clock.set_wall(timedelta(hours=hours))
        alive = await start(house, sheet)
        await house.after(minutes=30)
        await alive.stop()
        assert len(kind.adopted) == 1
        assert [e.outcome for e in house.of(RunEnded)] == [outcome]
        assert outcome == "succeeded" or house.of(RunEnded)[0].duration_s == 300  # since the machine started, at noon

    run(story())


@pytest.mark.parametrize(
    ("told", "known"),
    [(timedelta(seconds=5), timedelta(seconds=5)), (timedelta(hours=9), timedelta(minutes=10)), (timedelta(hours=-9), timedelta())],
    ids=["while rowd was down", "by a clock that was set back since", "by a clock that was set forward since"],
)
def test_what_ended_while_rowd_was_down_ended_then(tmp_path: Path, told: timedelta, known: timedelta) -> None:
    """Never after now, and never before it began."""

    class EndedAlready(Outliving):
        async def adopt(self, request: Request, context: Context, since: Uptime | None) -> Result | Lost:
            return Result(Outcome.SUCCEEDED, "ran", past=Past(began + told, timedelta(seconds=5)))

    began = NOON + MINUTE

    async def story() -> None:
        house, sheet = House(tmp_path, actions={"act": EndedAlready()}), table(row("job", "2026-03-02 12:01"))
        alive = await start(house, sheet)
        await house.until(began + timedelta(seconds=2))
        await alive.kill()
        await house.until(began + timedelta(minutes=10))
        alive = await start(house, sheet)
        await house.after(minutes=1)
        (ended,) = house.of(RunEnded)
        assert (ended.at, ended.ended_at or ended.at, ended.duration_s) == (began + timedelta(minutes=10), began + known, 5)
        (record,) = await alive.committer.read(lambda ledger: ledger.history())
        assert record.ended_at == began + known
        await alive.stop()

    run(story())


def test_what_nobody_can_know_is_lost_and_why_is_recorded(tmp_path: Path) -> None:
    class Gone(Outliving):
        async def adopt(self, request: Request, context: Context, since: Uptime | None) -> Result | Lost:
            return Lost("its warden was killed")

    async def story() -> None:
        house, sheet = House(tmp_path, actions={"act": Gone()}), table(row("job", "2026-03-02 12:01"))
        alive = await start(house, sheet)
        await house.until(NOON + MINUTE + timedelta(seconds=30))
        await alive.kill()
        alive = await start(house, sheet)
        await house.after(minutes=1)
        await alive.stop()
        assert ends(house) == [("lost", "its warden was killed")]
        assert house.of(RunEnded)[0].duration_s is None

    run(story())


def test_an_attempt_in_the_daemon_is_lost_though_its_action_is_a_command_now(tmp_path: Path) -> None:
    """The http request was sent, the daemon killed, the definition made a command: the same attempt must not start again."""

    async def story() -> None:
        house, sheet = House(tmp_path), table(row("job", "2026-03-02 12:01"))
        house.witness.behaviour = slow(timedelta(minutes=4))
        alive = await start(house, sheet)
        await house.until(NOON + MINUTE + timedelta(seconds=30))
        await alive.kill()
        kind = Outliving()
        house._parts["actions"] = {"act": kind}
        alive = await start(house, sheet)
        await house.after(minutes=10)
        await alive.stop()
        assert len(house.witness.seen) == 1
        assert kind.began == []
        assert ends(house) == [("lost", "rowd stopped while it ran; its effect is unknown")]
        assert house.of(RunEnded)[0].duration_s is None  # it ended unseen: the time since the restart is not its own

    run(story())


def test_an_attempt_that_may_not_have_begun_is_taken_over_with_when_it_came_to_be_known(tmp_path: Path) -> None:
    async def story() -> None:
        kind = Outliving()
        house, sheet = House(tmp_path, actions={"act": kind}), table(row("job", "2026-03-02 12:01"))
        alive = await start(house, sheet)
        await house.until(NOON + MINUTE + timedelta(seconds=30))
        await alive.kill()
        alive = await start(house, sheet)
        await house.after(minutes=10)
        await alive.stop()
        assert [attempt for _, attempt in kind.began] == [1]
        ((run_, since),) = kind.adopted
        assert (run_, since) == (kind.began[0][0], Uptime("boot", 60))
        assert ends(house) == [("succeeded", "ran")]

    run(story())


class Waiting(Outliving):
    """One that the daemon didn't come to begin."""

    async def run(self, request: Request, context: Context) -> Result:
        if not self.began:
            self.began.append((request.run, 0))
            await asyncio.sleep(10**6)
        return await super().run(request, context)

    async def adopt(self, request: Request, context: Context, since: Uptime | None) -> Result | Lost | Unbegun:
        self.adopted.append((request.run, since))
        return Unbegun()


def test_what_has_not_begun_is_begun_as_the_same_attempt_with_all_its_time(tmp_path: Path) -> None:
    async def story() -> None:
        kind = Waiting(span=299)
        house, sheet = House(tmp_path, actions={"act": kind}), table(row("job", "2026-03-02 12:01"))
        alive = await start(house, sheet)
        await house.until(NOON + MINUTE + timedelta(seconds=30))
        await alive.kill()
        await house.until(NOON + timedelta(hours=1))
        alive = await start(house, sheet)
        await house.after(minutes=10)
        await alive.stop()
        assert [attempt for _, attempt in kind.began] == [0, 1]
        assert [(e.outcome, e.duration_s) for e in house.of(RunEnded)] == [("succeeded", 299)]

    run(story())


def test_the_time_of_an_adopted_attempt_counts_from_when_it_really_began(tmp_path: Path) -> None:
    """The ledger came to know of it at 12:01; a second daemon began it at 12:30, and the third finds it."""

    class Late(Outliving):
        async def adopt(self, request: Request, context: Context, since: Uptime | None) -> Result | Lost | Unbegun:
            context.began(Uptime("boot", timedelta(minutes=30).total_seconds()))
            return await super().adopt(request, context, since)

    async def story() -> None:
        house, sheet = House(tmp_path, actions={"act": Late(span=150)}), table(row("job", "2026-03-02 12:01"))
        alive = await start(house, sheet)
        await house.until(NOON + MINUTE + timedelta(seconds=30))
        await alive.kill()
        await house.until(NOON + timedelta(minutes=31))
        alive = await start(house, sheet)
        await house.after(minutes=10)
        await alive.stop()
        assert [(e.outcome, e.duration_s) for e in house.of(RunEnded)] == [("succeeded", 60 + 150)]

    run(story())


def test_what_may_not_have_begun_does_not_begin_as_another_kind_of_action(tmp_path: Path) -> None:
    """Killed while it ran as the other kind, it would be started once more by the next daemon."""

    async def story() -> None:
        house, sheet = House(tmp_path, actions={"act": Outliving(10**6)}), table(row("job", "2026-03-02 12:01"))
        alive = await start(house, sheet)
        await house.until(NOON + MINUTE + timedelta(seconds=30))
        await alive.kill()
        del house._parts["actions"]
        alive = await start(house, sheet)
        await house.after(minutes=10)
        await alive.stop()
        assert house.witness.seen == []
        assert ends(house) == [("lost", "rowd stopped while it ran; its effect is unknown")]

    run(story())


@pytest.mark.parametrize("now", ["gone", "another kind"])
def test_a_command_whose_action_was_taken_away_is_waited_for_by_its_kind(tmp_path: Path, now: str) -> None:
    async def story() -> None:
        kind, heir = Outliving(600), Outliving(150)
        house = House(tmp_path, actions={"act": kind}, heir={"outliving": heir}.get)
        sheet = table(row("job", "2026-03-02 12:01"))
        alive = await start(house, sheet)
        await house.until(NOON + MINUTE + timedelta(seconds=30))
        await alive.kill()
        house._parts["actions"] = {} if now == "gone" else {"act": house.witness}
        alive = await start(house, sheet)
        await house.after(seconds=100)
        assert ends(house) == []
        await house.after(seconds=100)
        await alive.stop()
        assert len(heir.adopted) == 1
        assert house.witness.seen == []
        assert ends(house) == [("succeeded", "ran")]

    run(story())


def test_what_a_table_left_under_way_that_is_served_no_more_gets_an_end(tmp_path: Path) -> None:
    async def story() -> None:
        kind = Outliving(200)
        house = House(tmp_path, max_parallel=1, actions={"act": kind})
        sheet, other = table(row("long", "2026-03-02 12:01"), row("waits", "2026-03-02 12:01")), table(row("x", Type="manual"))
        alive = await start(house, sheet)
        await house.until(NOON + MINUTE + timedelta(seconds=10))
        await alive.kill()
        alive = await start(house, other, table_rules=rules("other"))
        await house.after(minutes=1)
        (left,) = await alive.committer.read(lambda ledger: ledger.active())
        assert left.task == "long"
        await house.after(minutes=10)
        found = await alive.committer.read(lambda ledger: ledger.history(table="ops"))
        await alive.stop()
        assert {(o.task, o.outcome, o.reason) for o in found} == {
            ("long", Outcome.SUCCEEDED, "ran"),
            ("waits", Outcome.CANCELLED, "the table is no longer in rowd.toml"),
        }

    run(story())


def test_what_waits_in_a_table_that_a_reload_removed_gets_an_end_and_what_runs_goes_on(tmp_path: Path) -> None:
    async def story() -> None:
        house = House(tmp_path, max_parallel=1)
        sheet = table(row("long", "2026-03-02 12:01"), row("waits", "2026-03-02 12:01"), row("tick", "every minute"))
        house.witness.behaviour = slow(timedelta(minutes=4))
        alive = await start(house, sheet)
        await house.until(NOON + MINUTE + timedelta(seconds=10))
        alive.daemon.reconfigure(alive.daemon.parts, {})
        await house.after(minutes=10)
        found = await alive.committer.read(lambda ledger: ledger.history(table="ops"))
        left = await alive.committer.read(lambda ledger: ledger.active())
        await alive.stop()
        assert left == []
        assert {(o.task, str(o.outcome)) for o in found if o.started_at} == {("long", "succeeded")}
        assert ("waits", "cancelled", "the table is no longer in rowd.toml") in {(o.task, str(o.outcome), o.reason) for o in found}

    run(story())


def test_a_row_says_since_when_its_present_attempt_runs_also_after_a_restart(tmp_path: Path) -> None:
    """The ledger's occurrence has the start of the first attempt."""

    async def story() -> None:
        tries: list[int] = []

        class Second(Outliving):
            async def run(self, request: Request, context: Context) -> Result:
                tries.append(request.attempt)
                return Result(Outcome.FAILED, "x") if request.attempt == 1 else await super().run(request, context)

        house = House(tmp_path, actions={"act": Second(200)})
        sheet = MemoryTable([row("job", "2026-03-02 12:01", Attempts="2")], (*COLUMNS, "Attempts"))
        alive = await start(house, sheet)
        await house.until(NOON + MINUTE + timedelta(seconds=30))
        (before,) = alive.daemon.under_way
        await alive.kill()
        alive = await start(house, sheet)
        await house.after(seconds=30)
        (after,) = alive.daemon.under_way
        await alive.kill()
        assert tries == [1, 2]
        assert after.started_at == before.started_at
        assert before.started_at is not None
        assert before.started_at > NOON + MINUTE

    run(story())


def test_an_action_that_kept_failing_is_left_alone_after_a_restart_too(tmp_path: Path) -> None:
    async def story() -> None:
        house = House(tmp_path, breaker=BreakerRules(failures=2, wait=timedelta(hours=1)))
        sheet = table(row("tick", "every minute"))
        house.witness.behaviour = lambda _: Result(Outcome.FAILED, "x")
        async with house.open(sheet):
            await house.until(NOON + 2 * MINUTE + timedelta(seconds=10))
        async with house.open(sheet):
            await house.until(NOON + 30 * MINUTE)
        assert house.witness.times() == [NOON + MINUTE, NOON + 2 * MINUTE]

    run(story())
