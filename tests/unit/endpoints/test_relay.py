"""What endpoints are told, in a whole daemon on virtual time: at least once, under one id, whatever is killed meanwhile."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from actions.api import Outcome, Request, Result
from actions.telling import Mask
from engine.events import (
    ConfigReloaded,
    DispatchesDropped,
    DispatchesFailed,
    EndpointFailed,
    EndpointGone,
    EndpointRecovered,
    TableUnreachable,
    Trouble,
)
from engine.ledger import Ledger, LedgerUnwritable
from rowd.endpoints.endpoint import Endpoint
from rowd.endpoints.sending import Answer
from tests.fakes.memory_table import MemoryTable
from tests.fakes.virtual import NOON, run
from tests.unit.endpoints.post import Post, endpoint
from tests.unit.ledger.making import missed
from tests.unit.test_loop import COLUMNS, row

MINUTE, SECOND, HOUR = timedelta(minutes=1), timedelta(seconds=1), timedelta(hours=1)
AWAY = Answer("it answered 503 Service Unavailable; see what it says of that")


def table(*rows: dict[str, str]) -> MemoryTable:
    return MemoryTable(rows, (*COLUMNS, "Attempts", "Catch Up"))


def test_the_end_of_a_run_is_told_within_a_second(tmp_path: Path) -> None:
    async def story() -> None:
        post = Post(tmp_path, endpoint())
        async with post.relayed(table(row("backup", "daily 12:01"))):
            await post.until(NOON + MINUTE + SECOND)
            [(_, id_, body, _)] = post.tries
        assert id_.startswith("msg_")
        assert (body["type"], body["timestamp"]) == ("run.ended", "2026-03-02T12:01:00.000Z")
        data = body["data"]
        assert (data["table"], data["key"], data["task"], data["outcome"], data["reason"]) == (
            "ops",
            "backup",
            "backup",
            "succeeded",
            "done",
        )
        assert (data["due"], data["attempt"], data["action"]) == ("2026-03-02T12:01:00.000Z", 1, "act")
        mark, dead = post.kept()
        assert (mark.taken, mark.waiting, mark.dead, mark.dropped, mark.trouble, dead) == (1, 0, 0, 0, "", [])

    run(story())


def test_each_is_told_what_it_wants_and_nothing_of_itself(tmp_path: Path) -> None:
    async def story() -> None:
        bad = endpoint("bad", "*", outcomes=["failed"])
        post = Post(
            tmp_path, endpoint("all", "*"), bad, endpoint("other", "run.*", tables=["elsewhere"]), endpoint("rows", "row.*")
        )
        results = [Result(Outcome.FAILED, "hiccup"), Result(Outcome.SUCCEEDED, "done")]
        post.witness.behaviour = lambda _: results.pop(0)
        sheet = table(row("a", "daily 12:01"), row("b", "daily 12:02"))
        async with post.relayed(sheet):
            await post.until(NOON + 3 * MINUTE)
            sheet.person("a")["Schedule"] = "daily 12:10"
            sheet.rows.append(row("c", "daily 13:00"))
            await post.until(NOON + 4 * MINUTE)
            await post.after(minutes=1)
        ends = [(b["data"]["task"], b["data"]["outcome"]) for b in post.bodies("all") if b["type"] == "run.ended"]
        assert ends == [("a", "failed"), ("b", "succeeded")]
        assert "daemon.started" in {b["type"] for b in post.bodies("all")}
        assert {b["data"].get("outcome") for b in post.bodies("bad")} == {None, "failed"}
        assert post.bodies("other") == []
        told = [(b["type"], b["data"]["key"], b["data"].get("column")) for b in post.bodies("rows")]
        assert told == [("row.edited", "a", "Schedule"), ("row.added", "c", None)]
        assert "12:10" not in str(post.bodies("rows"))  # what stands in cells is not told

    run(story())


def test_what_an_endpoint_does_not_take_is_tried_again_under_its_id_and_holds_up_no_other(tmp_path: Path) -> None:
    async def story() -> None:
        post = Post(tmp_path, endpoint("down"), endpoint("up"))
        post.answers["down"], post.takes["down"] = AWAY, 10.0
        async with post.relayed(table(row("a", "daily 12:01"), row("b", "daily 12:02"))):
            await post.until(NOON + 3 * MINUTE)
            assert [body["data"]["task"] for body in post.bodies("up")] == ["a", "b"]
            assert [e.endpoint for e in post.of(EndpointFailed)] == ["down"]
            post.answers.clear()
            await post.until(NOON + 20 * MINUTE)
        first = [at for _, id_, _, at in post.tries if id_ == post.ids("down")[0]]
        pauses = [(after - before).total_seconds() - 10 for before, after in pairwise(first)]
        assert 4.4 < pauses[0] < 5.6
        assert 268 < pauses[1] < 332
        mark, dead = post.kept("down")
        assert (mark.taken, mark.waiting, dead) == (2, 0, [])
        assert len(set(post.ids("down"))) == 2
        assert [e.endpoint for e in post.of(EndpointRecovered)] == ["down"]
        assert len(post.of(EndpointFailed)) == 1  # once

    run(story())


def test_one_that_is_never_taken_holds_up_no_other_of_its_endpoint(tmp_path: Path) -> None:
    async def story() -> None:
        post = Post(tmp_path, endpoint())
        post.answers["ops"] = lambda body: AWAY if body["data"]["task"] == "poison" else Answer()
        async with post.relayed(table(row("poison", "daily 12:01"), row("good", "daily 12:02"))):
            await post.until(NOON + 3 * MINUTE)
        assert [body["data"]["task"] for body in post.bodies()] == ["poison", "poison", "good"]
        assert post.of(EndpointFailed) == []  # it takes the others

    run(story())


def test_what_is_not_taken_in_time_is_a_dead_letter_after_a_last_attempt_and_told_once(tmp_path: Path) -> None:
    async def story() -> None:
        post = Post(tmp_path, endpoint(give_up_after="3h"))
        post.answers["ops"] = AWAY
        async with post.relayed(table(row("a", "2026-03-02 12:01"), row("b", "2026-03-02 12:02"))):
            await post.until(NOON + 3 * HOUR)
            assert post.kept()[0].dead == 0
            await post.until(NOON + 3 * HOUR + 10 * MINUTE)
        mark, dead = post.kept()
        assert (mark.waiting, mark.dead) == (0, 2)
        assert {one.why for one in dead} == {AWAY.why}
        assert {one.about for one in dead} == {"ops/a", "ops/b"}
        assert sum(e.dispatches for e in post.of(DispatchesFailed)) == 2
        last = max(at for _, id_, _, at in post.tries)
        assert last >= NOON + 3 * HOUR + MINUTE
        assert 11 <= len(post.tries) <= 12  # at once, after 5 s, 5 min, 30 min, 2 h, and the last
        tried = len(post.tries)
        async with post.relayed(table(row("a", "2026-03-02 12:01"), row("b", "2026-03-02 12:02"))):
            await post.after(hours=4)
        assert len(post.tries) == tried  # what is dead is not sent

    run(story())


def test_what_was_down_with_the_daemon_has_another_chance_before_it_is_given_up(tmp_path: Path) -> None:
    async def story() -> None:
        post = Post(tmp_path, endpoint())
        post.answers["ops"] = AWAY
        async with post.relayed(table(row("a", "2026-03-02 12:01"))):
            await post.until(NOON + 2 * MINUTE)
        post.answers.clear()
        await post.after(days=3)  # nobody runs
        async with post.relayed(table(row("a", "2026-03-02 12:01"))):
            await post.after(minutes=1)
        assert (post.kept()[0].taken, post.kept()[1]) == (1, [])

    run(story())


def test_retry_after_is_obeyed(tmp_path: Path) -> None:
    async def story() -> None:
        post = Post(tmp_path, endpoint())
        post.answers["ops"] = Answer("it answered 429 Too Many Requests", timedelta(hours=1))
        async with post.relayed(table(row("a", "daily 12:01"), row("b", "daily 12:30"))):
            await post.until(NOON + HOUR)
            assert len(post.tries) == 1
            post.answers.clear()
            await post.until(NOON + HOUR + 2 * MINUTE)
        assert sorted(body["data"]["task"] for body in post.bodies()) == ["a", "a", "b"]

    run(story())


def test_one_that_is_gone_is_told_nothing_more_until_somebody_says_so(tmp_path: Path) -> None:
    async def story() -> None:
        post = Post(tmp_path, endpoint())
        post.answers["ops"] = Answer("it answered 410 Gone", gone=True)
        async with post.relayed(table(row("a", "every minute"))):
            await post.until(NOON + 5 * MINUTE + 30 * SECOND)
            assert len(post.tries) == 1
            assert [e.message for e in post.of(EndpointGone)] == ["it answered 410 Gone"]
            assert post.of(EndpointFailed) == []
            mark, [dead] = post.kept()
            assert (mark.gone_at, mark.waiting) == (NOON + MINUTE + timedelta(seconds=0.2), 0)
            post.answers.clear()
            with_it = Ledger.open(tmp_path / "ledger.sqlite")  # as `rowd endpoint resend` has it
            with with_it.transaction():
                assert with_it.enable_endpoint("ops", post.clock.now())
                assert with_it.revive("ops", [dead.id], post.clock.now(), post.clock.now() + HOUR) == 1
            with_it.close()
            assert post.relay is not None
            post.relay.look()
            await post.after(seconds=1)
            assert post.ids() == [dead.id, dead.id]
            await post.until(NOON + 6 * MINUTE + 30 * SECOND)
        assert len(post.tries) == 3
        assert post.kept()[0].gone_at is None

    run(story())


def test_another_url_is_another_endpoint(tmp_path: Path) -> None:
    async def story() -> None:
        post = Post(tmp_path, endpoint())
        post.answers["ops"] = Answer("it answered 410 Gone", gone=True)
        async with post.relayed(table(row("a", "every minute"))):
            await post.until(NOON + 2 * MINUTE + 30 * SECOND)
            assert len(post.tries) == 1
            post.answers.clear()
            assert post.relay is not None
            post.relay.go_by({"ops": endpoint(url="https://moved.example/")})
            await post.until(NOON + 3 * MINUTE + 30 * SECOND)
            assert post.urls == ["https://receiver.example/", "https://moved.example/"]
            post.relay.go_by({})
            await post.until(NOON + 5 * MINUTE)
        assert len(post.tries) == 2
        with_it = Ledger.open(tmp_path / "ledger.sqlite")
        assert with_it.endpoint_marks() == {}
        assert with_it.dead_letters("ops") == []
        with_it.close()

    run(story())


def test_a_daemon_killed_between_the_answer_and_the_note_sends_the_same_id_again(tmp_path: Path) -> None:
    async def story() -> None:
        post, killed = Post(tmp_path, endpoint()), asyncio.Event()

        def commits(do: Any) -> Any:
            async def deadly(work: Any, *, point: str) -> Any:
                if post.tries and point == "marks":  # the answer has come, and nothing is noted any more
                    killed.set()
                    await asyncio.Event().wait()
                return await do(work, point=point)

            return deadly

        async with post.opened(table(row("a", "daily 12:01")), commits=commits) as relay:
            assert post.made is not None
            running = [asyncio.create_task(post.made[0].run(asyncio.Event())), asyncio.create_task(relay.run())]
            await killed.wait()
            for task in running:
                task.cancel()
            await asyncio.gather(*running, return_exceptions=True)
        assert post.kept()[0].waiting == 1
        async with post.relayed(table(row("a", "daily 12:01"))):
            await post.after(minutes=1)
        one, again = post.tries
        assert (one[1], one[2]) == (again[1], again[2])
        assert post.kept()[0].taken == 1

    run(story())


def test_what_ended_before_a_kill_and_was_never_put_down_is_told_by_the_next_daemon(tmp_path: Path) -> None:
    async def story() -> None:
        post = Post(tmp_path, endpoint("ops", "run.ended", "row.added"))
        sheet = table(row("a", "daily 12:01"))
        async with post.opened(sheet):  # nothing of the relay runs: as if killed right after each commit
            assert post.made is not None
            stopping = asyncio.Event()
            running = asyncio.create_task(post.made[0].run(stopping))
            await post.until(NOON + 30 * SECOND)
            sheet.rows.append(row("b", "daily 13:00"))
            await post.until(NOON + 2 * MINUTE)
            stopping.set()
            await running
        assert post.tries == []
        async with post.relayed(sheet):
            await post.after(minutes=1)
        assert [(b["type"], b["data"]["task"]) for b in post.bodies()] == [("run.ended", "a"), ("row.added", "b")]
        async with post.relayed(sheet):
            await post.after(minutes=1)
        assert len(post.tries) == 2

    run(story())


def test_a_new_endpoint_is_told_nothing_of_what_was_before(tmp_path: Path) -> None:
    async def story() -> None:
        post = Post(tmp_path)
        async with post.relayed(table(row("a", "every minute"))):
            await post.until(NOON + 2 * MINUTE + 30 * SECOND)
            assert post.hearing.heard() == []  # nobody wants to know
            assert post.relay is not None
            post.relay.go_by({"ops": endpoint("ops", "*")})
            await post.after(seconds=1)
            assert post.tries == []
            await post.until(NOON + 3 * MINUTE + SECOND)
        assert [b["type"] for b in post.bodies()] == ["run.ended", "run.started"]

    run(story())


def test_no_more_waits_than_may_and_that_is_told_and_counted(tmp_path: Path) -> None:
    async def story() -> None:
        post = Post(tmp_path, endpoint("ops", max_waiting=3), endpoint("up"))
        post.answers["ops"] = AWAY
        rows = [row(f"r{n}", "1,11 12,18 * * *") for n in range(10)]
        async with post.relayed(table(*rows)):
            await post.until(NOON + 2 * MINUTE)
            mark, _ = post.kept()
            assert (mark.waiting, mark.dropped) == (3, 7)
            assert [(e.endpoint, e.dispatches) for e in post.of(DispatchesDropped)] == [("ops", 7)]
            await post.until(NOON + 12 * MINUTE)  # ten more, and nothing was taken
            mark, _ = post.kept()
            assert (mark.waiting, mark.dropped) == (3, 17)
            assert len(post.of(DispatchesDropped)) == 1
            post.answers.clear()
            await post.until(NOON + 7 * HOUR)  # ten at a time, twice more: there was room before each
        mark, _ = post.kept()
        assert mark.waiting == 0
        assert mark.taken + mark.dropped == len(post.bodies("up")) == 40
        assert len(post.of(DispatchesDropped)) == 3

    run(story())


def test_no_minute_has_more_than_may_be_sent(tmp_path: Path) -> None:
    async def story() -> None:
        post = Post(tmp_path, endpoint("ops", max_per_minute=4))
        async with post.relayed(table(*(row(f"r{n}", "daily 12:01") for n in range(10)))):
            await post.until(NOON + 10 * MINUTE)
        times = [at for *_, at in post.tries]
        assert len(times) == 10
        assert all(after - before >= MINUTE for before, after in zip(times, times[4:], strict=False))

    run(story())


def test_a_ledger_that_cannot_be_written_leads_to_no_second_attempt(tmp_path: Path) -> None:
    async def story() -> None:
        post, refusals = Post(tmp_path, endpoint("ops", "run.ended", "table.*")), [0]

        def commits(do: Any) -> Any:
            async def moody(work: Any, *, point: str) -> Any:
                if post.tries and point == "marks" and refusals[0] < 5:
                    refusals[0] += 1
                    raise LedgerUnwritable("disk full")
                return await do(work, point=point)

            return moody

        async with post.relayed(table(row("a", "daily 12:01")), commits=commits):
            await post.until(NOON + 2 * MINUTE)
        assert refusals == [5]
        assert len(post.tries) == 1
        assert post.kept()[0].taken == 1
        assert post.of(Trouble) == []

    run(story())


def test_what_is_heard_while_the_ledger_cannot_be_written_is_told_later(tmp_path: Path) -> None:
    async def story() -> None:
        post, refuses = Post(tmp_path, endpoint("ops", "table.unreachable")), [False]

        def commits(do: Any) -> Any:
            async def moody(work: Any, *, point: str) -> Any:
                if refuses[0]:
                    raise LedgerUnwritable("disk full")
                return await do(work, point=point)

            return moody

        async with post.relayed(table(), commits=commits):
            await post.after(seconds=10)
            refuses[0] = True
            post.hearing.hear(TableUnreachable(at=post.clock.now(), table="ops", message="away", needs_owner=False))
            await post.after(seconds=10)
            assert post.tries == []
            refuses[0] = False
            await post.after(seconds=10)
        [body] = post.bodies()
        assert body["data"] == {"table": "ops", "message": "away", "needs_owner": False}

    run(story())


def test_what_is_heard_is_told_once_however_much_is_heard_after_it(tmp_path: Path) -> None:
    async def story() -> None:
        post = Post(tmp_path, endpoint("ops", "table.unreachable"))
        async with post.relayed(table()):
            for message in ("one", "two", "three"):
                post.hearing.hear(TableUnreachable(at=post.clock.now(), table="ops", message=message, needs_owner=False))
                await post.after(seconds=10)
        assert [body["data"]["message"] for body in post.bodies()] == ["one", "two", "three"]

    run(story())


@pytest.mark.parametrize(("those", "commits"), [([], 0), ([endpoint()], 1)])
def test_where_nothing_happens_nothing_is_written(tmp_path: Path, those: list[Endpoint], commits: int) -> None:
    async def story() -> None:
        post, marks = Post(tmp_path, *those), [0]

        def counted(do: Any) -> Any:
            async def counting(work: Any, *, point: str) -> Any:
                marks[0] += point == "marks"
                return await do(work, point=point)

            return counting

        async with post.relayed(table(), commits=counted):
            await post.after(minutes=10)
        assert marks == [commits]

    run(story())


def test_over_a_restart_it_is_known_that_an_endpoint_fails(tmp_path: Path) -> None:
    async def story() -> None:
        post = Post(tmp_path, endpoint())
        post.answers["ops"] = AWAY
        async with post.relayed(table(row("a", "2026-03-02 12:01"))):
            await post.until(NOON + 10 * MINUTE)
        async with post.relayed(table(row("a", "2026-03-02 12:01"))):
            await post.until(NOON + 3 * HOUR)
            assert len(post.of(EndpointFailed)) == 1
            post.answers.clear()
            await post.until(NOON + 12 * HOUR)
        [recovered] = post.of(EndpointRecovered)
        assert recovered.seconds > 3600

    run(story())


def test_of_what_another_has_yet_to_be_told_a_new_endpoint_is_told_nothing(tmp_path: Path) -> None:
    async def story() -> None:
        post = Post(tmp_path, endpoint("old"))
        sheet = table(row("a", "2026-03-02 12:01"))
        async with post.opened(sheet):  # killed before anything was put down
            assert post.made is not None
            stopping = asyncio.Event()
            running = asyncio.create_task(post.made[0].run(stopping))
            await post.until(NOON + 2 * MINUTE)
            stopping.set()
            await running
        post.endpoints["new"] = endpoint("new")
        async with post.relayed(sheet):
            await post.after(minutes=1)
        assert (len(post.bodies("old")), post.bodies("new")) == (1, [])

    run(story())


def test_all_that_ended_while_nobody_gathered_is_told_at_once(tmp_path: Path) -> None:
    async def story() -> None:
        post = Post(tmp_path, endpoint("ops", "occurrence.recorded", max_per_minute=10_000))
        async with post.opened(table()) as relay:
            with_it = Ledger.open(tmp_path / "ledger.sqlite")
            with with_it.transaction():
                with_it.record([missed(f"r{n}") for n in range(1200)])
            with_it.close()
            await relay.once()
        assert [body["data"]["key"] for body in post.bodies()] == [f"r{n}" for n in range(1200)]
        assert len(set(post.ids())) == 1200

    run(story())


def test_an_endpoint_that_breaks_us_is_tried_again_and_harms_no_other(tmp_path: Path) -> None:
    async def story() -> None:
        def breaks(_: dict[str, Any]) -> Answer:
            raise ZeroDivisionError

        post = Post(tmp_path, endpoint("odd"), endpoint("up"))
        post.answers["odd"] = breaks
        async with post.relayed(table(row("a", "daily 12:01"))):
            await post.until(NOON + 90 * SECOND)
            assert [(e.where, e.message) for e in post.of(Trouble)] == [("endpoint odd", "ZeroDivisionError: ")]
            post.answers.clear()
            await post.until(NOON + 3 * MINUTE)
        assert post.kept("odd")[0].taken == post.kept("up")[0].taken == 1

    run(story())


def test_a_stop_waits_for_an_answer_for_a_while_and_notes_it(tmp_path: Path) -> None:
    async def story() -> None:
        post = Post(tmp_path, endpoint())
        post.takes["ops"] = 3.0
        async with post.relayed(table(row("a", "daily 12:01"))):
            await post.until(NOON + MINUTE + SECOND)
        assert post.kept()[0].taken == 1

    run(story())


def test_secrets_are_told_to_nobody_and_texts_are_cut(tmp_path: Path) -> None:
    def says(_: Request) -> Result:
        return Result(Outcome.FAILED, f"no entry with sesame99 {'x' * 5000}")

    async def story() -> None:
        post = Post(tmp_path, endpoint(), mask=Mask(["sesame99"]))
        post.witness.behaviour = says
        post.answers["ops"] = Answer("it said sesame99")
        async with post.relayed(table(row("a", "2026-03-02 12:01", Attempts="1"))):
            await post.until(NOON + 2 * MINUTE)
        [reason] = {body["data"]["reason"] for body in post.bodies()}
        assert reason.startswith("no entry with *** xxx")
        assert len(reason) == 1000
        with_it = Ledger.open(tmp_path / "ledger.sqlite")
        waits = with_it.next_dispatch("ops")
        with_it.close()
        assert waits is not None
        assert waits.why == "it said ***"

    run(story())


def test_a_pass_tells_what_it_came_to(tmp_path: Path) -> None:
    async def story() -> None:
        post = Post(tmp_path, endpoint("down"), endpoint("up", "run.ended", "config.reloaded"))
        post.answers["down"] = AWAY
        async with post.opened(table(row("a", "now"), row("b", "now"))) as relay:
            assert post.made is not None
            await post.made[0].run_once(asyncio.Event())
            post.hearing.hear(ConfigReloaded(at=post.clock.now(), tables=("ops",)))
            await relay.once()
        assert sorted(b["data"].get("task", "") for b in post.bodies("up")) == ["", "a", "b"]
        assert len(post.bodies("down")) == 1  # the others wait for the next pass
        assert post.kept("down")[0].waiting == 2

    run(story())


@pytest.mark.parametrize("shift", [-timedelta(days=30), timedelta(days=30)])
def test_a_clock_that_is_set_keeps_nothing_back(tmp_path: Path, shift: timedelta) -> None:
    async def story() -> None:
        post = Post(tmp_path, endpoint())
        post.answers["ops"] = AWAY
        async with post.relayed(table(row("a", "2026-03-02 12:01"))):
            await post.until(NOON + 2 * MINUTE)
            post.clock.set_wall(shift)
            post.answers.clear()
            await post.after(minutes=10)
        assert post.kept()[0].taken == 1

    run(story())
