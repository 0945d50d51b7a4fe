"""Runs that wait for an approval, in a whole daemon on virtual time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace

from actions.api import Context, Definition, Outcome, Request, Result, Unbegun, Uptime
from actions.parameters import Parameter
from engine.approval import SOMEONE, Approval, ApprovalRule
from engine.approving import CHANGED, NOTHING_WAITS
from engine.asked import Wish
from engine.events import ApprovalGiven, ApprovalWanted, OccurrenceRecorded, RequestRefused, RunEnded, RunStarted
from engine.ledger import Ledger
from engine.model import Occurrence
from engine.rules import TableRules
from engine.runner import NOT_AS_APPROVED
from tests.fakes.house import House, Witness, rules, slow
from tests.fakes.memory_table import MemoryTable
from tests.fakes.virtual import NOON, run
from tests.unit.test_loop import COLUMNS, row
from tests.unit.test_loop_corners import Alive, start

APPROVED = (*COLUMNS, "Metadata", "Overlap", "Attempts", "Depends On", "Deadline", "Description", "Catch Up")
SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)
RULE = ApprovalRule("first", in_table=True)


def its_rules() -> TableRules:
    declared = {"branch": Parameter(default=""), "day": Parameter(default="")}
    return rules(actions={"act": Definition(kind="witness", parameters=declared), "other": Definition(kind="witness")})


def table(*rows: dict[str, str]) -> MemoryTable:
    return MemoryTable(rows, APPROVED)


def house(path: Path, rule: ApprovalRule | None = RULE, **parts: object) -> House:
    return House(path, approvals={"act": rule} if rule is not None else {}, **parts)


def branch(name: str) -> str:
    return f'{{"branch": "{name}"}}'


def approvals(path: Path) -> list[tuple[Occurrence, Approval]]:
    """What the ledger says of runs and their approvals, oldest first."""
    ledger = Ledger.open(path / "ledger.sqlite")
    found = sorted(ledger.history(limit=100), key=lambda one: one.id)
    ledger.close()
    return [(one, one.approval) for one in found if one.approval is not None]


async def waiting(alive: Alive) -> list[tuple[str, Approval]]:
    active = await alive.committer.read(lambda ledger: ledger.active())
    return [(one.id, one.approval) for one in active if one.approval is not None and one.unapproved]


async def decided(alive: Alive, wish: Wish, key: str = "deploy", **about: str) -> tuple[bool, str] | None:
    """Say so of what waits, as `rowd approve` does."""
    seen = [(run, approval.terms) for run, approval in await waiting(alive)]
    (run_id, terms), *_ = seen or [("", "")]
    number = await alive.ask(key, wish, **{"run": run_id, "terms": terms, **about})
    await alive.house.after(seconds=3)
    return await alive.answer(number)


def test_what_has_come_due_waits_and_runs_once_when_it_is_approved(tmp_path: Path) -> None:
    async def story() -> None:
        one = house(tmp_path, replace(RULE, in_table=False))
        sheet = table(row("deploy", "every minute", Metadata=branch("main")), row("plain", "every minute", Action="other"))
        alive = await start(one, sheet, table_rules=its_rules())
        await one.until(NOON + 3 * MINUTE + 10 * SECOND)
        assert [request.task for request in one.witness.seen] == ["plain"] * 3
        assert sheet.person("deploy")["Health"] == "WAITING for approval since Mon 2 Mar 12:01 UTC: rowd approve deploy"
        assert sheet.person("deploy")["Next Run"] == "2026-03-02T12:04:00Z"
        assert [(e.run, e.action, e.due, e.void) for e in one.of(ApprovalWanted)] == [
            ((await waiting(alive))[0][0], "act", NOON + MINUTE, "")
        ]
        assert await decided(alive, Wish.APPROVE, remark="as agreed") == (True, "taken")
        (given,) = one.of(ApprovalGiven)
        assert (given.by, given.remark) == ("cli:a", "as agreed")
        assert [(r.task, r.due) for r in one.witness.seen if r.task == "deploy"] == [("deploy", NOON + MINUTE)]
        assert {(e.outcome, e.reason, e.due) for e in one.of(OccurrenceRecorded)} == {
            ("skipped", "the run that came due Mon 2 Mar 2026 12:01 UTC waits for approval", NOON + n * MINUTE) for n in (2, 3)
        }
        await alive.stop()
        (ran,) = [(o, a) for o, a in approvals(tmp_path) if o.outcome is Outcome.SUCCEEDED]
        assert (ran[1].by, ran[1].given_at, ran[1].remark) == ("cli:a", NOON + 3 * MINUTE + 10 * SECOND, "as agreed")

    run(story())


def test_approve_in_do_lets_it_run_and_nobody_knows_who_typed_it(tmp_path: Path) -> None:
    async def story() -> None:
        one, sheet = house(tmp_path), table(row("deploy", "every hour"))
        alive = await start(one, sheet, table_rules=its_rules())
        await one.until(NOON + 61 * MINUTE)
        assert sheet.person("deploy")["Health"].endswith("12:00 UTC: put `approve` into Do") is False
        assert sheet.person("deploy")["Health"].endswith(": put `approve` into Do")
        sheet.person("deploy")["Do"] = "approve"
        await one.after(seconds=30)
        assert [e.by for e in one.of(ApprovalGiven)] == [SOMEONE]
        assert (len(one.witness.seen), sheet.person("deploy")["Do"]) == (1, "")
        assert sheet.person("deploy")["Health"].startswith("OK, next ")
        await alive.stop()

    run(story())


@pytest.mark.parametrize(
    ("rule", "told"),
    [
        (
            replace(RULE, in_table=False),
            "the action act is not approved in the table; the operator does that: `rowd approve deploy`",
        ),
        (None, NOTHING_WAITS),
    ],
)
def test_a_button_that_does_not_approve_says_why(tmp_path: Path, rule: ApprovalRule | None, told: str) -> None:
    async def story() -> None:
        one, sheet = house(tmp_path, rule), table(row("deploy", "every hour"))
        async with one.open(sheet, table_rules=its_rules()):
            await one.until(NOON + 61 * MINUTE)
            sheet.person("deploy")["Do"] = "approve"
            await one.after(seconds=30)
            assert f"NOTE: approve refused: {told}" in sheet.person("deploy")["Health"]
            (refused,) = one.of(RequestRefused)
            assert refused.reason.startswith(told)
            assert len(one.witness.seen) == (0 if rule is not None else 1)

    run(story())


@pytest.mark.parametrize("ends", [Wish.DECLINE, Wish.CANCEL, None])
def test_why_an_approval_was_refused_is_said_no_longer_than_it_is_true(tmp_path: Path, ends: Wish | None) -> None:
    async def story() -> None:
        one, sheet = house(tmp_path, replace(RULE, in_table=False, within=30 * MINUTE)), table(row("deploy", "every hour"))
        alive = await start(one, sheet, table_rules=its_rules())
        await one.until(NOON + 50 * MINUTE)
        sheet.person("deploy")["Do"] = "approve"
        await one.after(seconds=30)
        assert sheet.person("deploy")["Health"].startswith(f"NOTE: approve refused: {NOTHING_WAITS}. ")
        await one.until(NOON + 61 * MINUTE)
        assert sheet.person("deploy")["Health"].startswith("WAITING for approval"), "now something does"
        sheet.person("deploy")["Do"] = "approve"
        await one.after(seconds=30)
        assert sheet.person("deploy")["Health"].startswith("NOTE: approve refused: the action act is not approved in the table")
        if ends is not None:
            assert await decided(alive, ends) == (True, "taken")
        await one.until(NOON + 91 * MINUTE)
        assert "NOTE" not in sheet.person("deploy")["Health"]
        await alive.stop()

    run(story())


def test_a_refusal_is_noted_until_something_else_is_taken(tmp_path: Path) -> None:
    async def story() -> None:
        one, sheet = house(tmp_path, None), table(row("deploy", "every hour"))
        alive = await start(one, sheet, table_rules=its_rules())
        await one.after(seconds=10)
        for wish, health in (
            (Wish.RETRY, "NOTE: retry refused: it has not run yet. OK, next Mon 2 Mar 13:00 UTC"),
            (Wish.CANCEL, "NOTE: cancel refused: nothing is running. OK, next Mon 2 Mar 13:00 UTC"),
            (Wish.SKIP_NEXT, "OK, next Mon 2 Mar 14:00 UTC"),
        ):
            await alive.ask("deploy", wish)
            await one.after(seconds=10)
            assert sheet.person("deploy")["Health"].startswith(health)
        await alive.stop()

    run(story())


def test_an_edit_is_for_another_approval_and_one_of_before_does_not_count(tmp_path: Path) -> None:
    async def story() -> None:
        one, sheet = house(tmp_path), table(row("deploy", "every hour", Metadata=branch("main")))
        alive = await start(one, sheet, table_rules=its_rules())
        await one.until(NOON + 61 * MINUTE)
        ((run_id, seen),) = await waiting(alive)
        sheet.person("deploy").update(Metadata=branch("wild"), Do="approve")  # in one go: who has approved what?
        await one.after(seconds=30)
        assert [e.reason for e in one.of(RequestRefused)] == [CHANGED]
        ((same, now_),) = await waiting(alive)
        assert same == run_id
        assert now_.terms != seen.terms
        assert await decided(alive, Wish.APPROVE, terms=seen.terms) == (False, CHANGED)
        assert one.witness.seen == []
        sheet.person("deploy").update(Description="nothing to do with it", Name="go live")
        await one.after(seconds=30)
        assert sheet.person("go live")["Health"].endswith(": put `approve` into Do")
        assert [approval.terms for _, approval in await waiting(alive)] == [now_.terms]
        assert await decided(alive, Wish.APPROVE, terms=now_.terms) == (True, "taken")
        assert [request.parameters["branch"] for request in one.witness.seen] == ["wild"]
        assert [e.run for e in one.of(ApprovalWanted)] == [run_id] * 2
        await alive.stop()

    run(story())


def busy(sheet_rows: list[dict[str, str]]) -> MemoryTable:
    """With a row whose run takes the only worker for a while."""
    return table(row("hog", "2026-03-02 12:59", Action="other"), *sheet_rows)


def only_the_hog_is_slow(request: Request) -> object:
    return slow(10 * MINUTE)(request) if request.task == "hog" else Result(Outcome.SUCCEEDED, "done")


def test_what_was_approved_and_could_not_start_yet_is_void_once_its_row_is_edited(tmp_path: Path) -> None:
    async def story() -> None:
        one = house(tmp_path, max_parallel=1)
        one.witness.behaviour = only_the_hog_is_slow  # type: ignore[assignment]  # either kind of behaviour
        sheet = busy([row("deploy", "every hour", Metadata='{"branch": "{{ row.Description }}"}', Description="main")])
        alive = await start(one, sheet, table_rules=its_rules())
        await one.until(NOON + 61 * MINUTE)
        ((run_id, _),) = await waiting(alive)
        assert await decided(alive, Wish.APPROVE) == (True, "taken")
        assert sheet.person("deploy")["Health"] == "WAITING to start"
        assert (await decided(alive, Wish.APPROVE, run=run_id) or ("", ""))[1] == "it is approved already, by cli:a"
        sheet.person("deploy")["Description"] = "wild"
        await one.after(seconds=30)
        told = "(the approval by cli:a is void: the row was edited): put `approve` into Do"
        assert sheet.person("deploy")["Health"].endswith(told)
        assert [e.void for e in one.of(ApprovalWanted)] == ["", "the approval by cli:a is void: the row was edited"]
        await one.after(minutes=15)
        assert [request.task for request in one.witness.seen] == ["hog"]
        assert await decided(alive, Wish.APPROVE) == (True, "taken")
        assert [request.parameters.get("branch") for request in one.witness.seen] == [None, "wild"]
        await alive.stop()

    run(story())


def test_an_approval_outlives_the_daemon_and_lets_one_run_start(tmp_path: Path) -> None:
    async def story() -> None:
        one = house(tmp_path, max_parallel=1)
        one.witness.behaviour = only_the_hog_is_slow  # type: ignore[assignment]  # either kind of behaviour
        sheet = busy([row("deploy", "every hour", Metadata=branch("main"))])
        alive = await start(one, sheet, table_rules=its_rules())
        await one.until(NOON + 61 * MINUTE)
        assert await decided(alive, Wish.APPROVE) == (True, "taken")
        await alive.kill()
        later = House(tmp_path, one.clock, approvals={"act": RULE})
        alive = await start(later, sheet, table_rules=its_rules())
        await later.after(seconds=30)
        assert [request.task for request in (*one.witness.seen, *later.witness.seen)] == ["hog", "deploy"]
        assert later.of(ApprovalGiven) == later.of(ApprovalWanted) == []
        await alive.stop()

    run(story())


def test_what_waits_waits_on_after_a_kill_and_one_that_was_asked_meanwhile_is_taken(tmp_path: Path) -> None:
    async def story() -> None:
        one, sheet = house(tmp_path), table(row("deploy", "every hour", Metadata=branch("main")))
        alive = await start(one, sheet, table_rules=its_rules())
        await one.until(NOON + 61 * MINUTE)
        ((run_id, seen),) = await waiting(alive)
        await alive.ask("deploy", Wish.APPROVE, poke=False, run=run_id, terms=seen.terms)
        await alive.kill()
        later = House(tmp_path, one.clock, approvals={"act": RULE})
        alive = await start(later, sheet, table_rules=its_rules())
        await later.after(seconds=30)
        assert [request.run for request in later.witness.seen] == [run_id]
        await alive.stop()

    run(story())


@pytest.mark.parametrize("restart", [True, False])
def test_another_definition_of_the_action_is_for_another_approval(tmp_path: Path, restart: bool) -> None:
    async def story() -> None:
        one = house(tmp_path, max_parallel=1)
        one.witness.behaviour = only_the_hog_is_slow  # type: ignore[assignment]  # either kind of behaviour
        sheet = busy([row("deploy", "every hour")])
        alive = await start(one, sheet, table_rules=its_rules())
        await one.until(NOON + 61 * MINUTE)
        assert await decided(alive, Wish.APPROVE) == (True, "taken")
        other = {"act": ApprovalRule("second")}
        if restart:
            await alive.kill()
            one = House(tmp_path, one.clock, approvals=other)
            alive = await start(one, sheet, table_rules=its_rules())
        else:
            alive.daemon.reconfigure(replace(alive.daemon.parts, approvals=other, max_parallel=2), {"ops": its_rules()})
        await one.after(seconds=30)
        assert [r.task for r in one.witness.seen if r.task == "deploy"] == []
        told = "(the approval by cli:a is void: the operator changed the action): rowd approve deploy"
        assert sheet.person("deploy")["Health"].endswith(told)
        assert await decided(alive, Wish.APPROVE) == (True, "taken")
        assert [r.task for r in one.witness.seen if r.task == "deploy"] == ["deploy"]
        await alive.stop()

    run(story())


def test_an_action_that_needs_it_from_now_on_or_no_longer_does(tmp_path: Path) -> None:
    async def story() -> None:
        one = house(tmp_path, None, max_parallel=1)
        one.witness.behaviour = only_the_hog_is_slow  # type: ignore[assignment]  # either kind of behaviour
        sheet = busy([row("deploy", "every hour")])
        alive = await start(one, sheet, table_rules=its_rules())
        await one.until(NOON + 61 * MINUTE)
        assert sheet.person("deploy")["Health"] == "WAITING to start"
        alive.daemon.reconfigure(replace(alive.daemon.parts, approvals={"act": RULE}, max_parallel=2), {"ops": its_rules()})
        await one.after(seconds=30)
        assert "WAITING for approval" in sheet.person("deploy")["Health"]
        alive.daemon.reconfigure(replace(alive.daemon.parts, approvals={}), {"ops": its_rules()})
        await one.after(seconds=30)
        assert [request.task for request in one.witness.seen] == ["hog", "deploy"]
        assert one.of(ApprovalGiven) == []
        await alive.stop()

    run(story())


def test_further_attempts_need_none_but_another_definition_does_and_so_does_a_run_by_hand(tmp_path: Path) -> None:
    async def story() -> None:
        one, sheet = house(tmp_path), table(row("deploy", Type="manual", Attempts="3", Metadata=branch("main")))
        one.witness.behaviour = lambda _: Result(Outcome.FAILED, "broken")
        alive = await start(one, sheet, table_rules=its_rules())
        await one.after(seconds=15)
        await alive.ask("deploy", Wish.RUN_NOW)
        await one.after(seconds=1)
        assert await decided(alive, Wish.APPROVE) == (True, "taken")
        sheet.person("deploy")["Metadata"] = branch("wild")  # changes what comes after
        await one.after(seconds=20)
        assert [(r.attempt, r.parameters["branch"]) for r in one.witness.seen] == [(1, "main"), (2, "main")]
        alive.daemon.reconfigure(replace(alive.daemon.parts, approvals={"act": ApprovalRule("second")}), {"ops": its_rules()})
        await one.after(minutes=5)
        assert len(one.witness.seen) == 2
        one.witness.behaviour = lambda _: Result(Outcome.SUCCEEDED, "done")
        assert await decided(alive, Wish.APPROVE) == (True, "taken")
        assert [(r.attempt, r.parameters["branch"]) for r in one.witness.seen][2:] == [(3, "main")]
        await alive.ask("deploy", Wish.RUN_NOW)
        await one.after(minutes=5)
        assert len(one.witness.seen) == 3
        assert [e.outcome for e in one.of(RunEnded)] == ["failed", "failed", "succeeded"]
        assert [(o.parameters["branch"], bool(a.given_at)) for o, a in approvals(tmp_path)] == [("main", True), ("wild", False)]
        await alive.stop()

    run(story())


def test_what_nobody_approves_in_time_is_skipped(tmp_path: Path) -> None:
    async def story() -> None:
        one = house(tmp_path, replace(RULE, within=10 * MINUTE))
        sheet = table(row("once", "2026-03-02 12:30"), row("deploy", "every hour", Metadata=branch("main")))
        async with one.open(sheet, table_rules=its_rules()):
            await one.until(NOON + 31 * MINUTE)
            health = (
                "WAITING for approval since Mon 2 Mar 2026 12:30 UTC: put `approve` into Do; else skipped Mon 2 Mar 2026 12:40 UTC"
            )
            assert sheet.person("once")["Health"] == health
            await one.until(NOON + 41 * MINUTE)
            assert sheet.person("once")["Status"] == "completed"
            assert sheet.person("once")["Health"] == "SKIPPED Mon 2 Mar 2026 12:40 UTC: nobody approved it within 10m"
            await one.until(NOON + 65 * MINUTE)
            sheet.person("deploy")["Metadata"] = branch("wild")  # it begins to wait anew
            await one.until(NOON + 74 * MINUTE)
            assert sheet.person("deploy")["Health"].startswith("WAITING for approval since Mon 2 Mar 13:05")
            await one.until(NOON + 76 * MINUTE)
            told = "SKIPPED: nobody approved it within 10m, next Mon 2 Mar 14:00 UTC"
            assert sheet.person("deploy")["Health"] == told
        assert one.witness.seen == []
        assert [(e.task, e.outcome) for e in one.of(OccurrenceRecorded)] == [("once", "skipped"), ("deploy", "skipped")]

    run(story())


def test_it_is_declined_with_a_reason_or_cancelled_by_a_button(tmp_path: Path) -> None:
    async def story() -> None:
        one, sheet = (
            house(tmp_path),
            table(row("deploy", "every hour"), row("then", Action="other", **{"Depends On": "deploy"})),
        )
        alive = await start(one, sheet, table_rules=its_rules())
        await one.until(NOON + 61 * MINUTE)
        assert await decided(alive, Wish.DECLINE, remark="not on a Friday") == (True, "taken")
        told = "SKIPPED: declined by cli:a: not on a Friday, next Mon 2 Mar 14:00 UTC"
        assert sheet.person("deploy")["Health"] == told
        assert await decided(alive, Wish.DECLINE) == (False, NOTHING_WAITS)
        await one.until(NOON + 121 * MINUTE)
        sheet.person("deploy")["Do"] = "cancel"
        await one.after(seconds=30)
        assert await waiting(alive) == []
        assert one.witness.seen == []
        assert sheet.person("then")["Health"] == "OK, waits for deploy"
        await alive.stop()
        outcomes = [(str(o.outcome), o.reason) for o, _ in approvals(tmp_path)]
        assert outcomes == [("skipped", "declined by cli:a: not on a Friday"), ("cancelled", "cancelled by the Do cell")]

    run(story())


@pytest.mark.parametrize(
    ("overlap", "dues"),
    [("skip", [1]), ("restart", [3]), ("queue", [1, 2, 3]), ("parallel", [1, 2, 3])],
)
def test_what_comes_due_meanwhile_is_what_overlap_says(tmp_path: Path, overlap: str, dues: list[int]) -> None:
    async def story() -> None:
        one, sheet = house(tmp_path), table(row("deploy", "every minute", Overlap=overlap, Metadata='{"day": "{{ due }}"}'))
        alive = await start(one, sheet, table_rules=its_rules())
        await one.until(NOON + 3 * MINUTE + 10 * SECOND)
        for _ in dues:
            assert await decided(alive, Wish.APPROVE) == (True, "taken")
        assert [request.due for request in one.witness.seen] == [NOON + n * MINUTE for n in dues]
        days = [f"2026-03-02T12:{n:02}:00+00:00" for n in dues]
        assert [request.parameters["day"] for request in one.witness.seen] == days
        await alive.stop()

    run(story())


def test_what_runs_is_restarted_by_the_next_only_once_that_is_approved(tmp_path: Path) -> None:
    async def story() -> None:
        one, sheet = house(tmp_path), table(row("deploy", "every 2 minutes", Overlap="restart"))
        one.witness.behaviour = slow(timedelta(hours=1))
        alive = await start(one, sheet, table_rules=its_rules())
        await one.until(NOON + 3 * MINUTE)
        assert await decided(alive, Wish.APPROVE) == (True, "taken")
        await one.until(NOON + 5 * MINUTE)
        assert one.of(RunEnded) == []
        health = sheet.person("deploy")["Health"]
        assert health == "RUNNING since Mon 2 Mar 12:03 UTC; 1 more waits for approval"
        assert await decided(alive, Wish.APPROVE) == (True, "taken")
        assert [(e.outcome, e.reason) for e in one.of(RunEnded)] == [("cancelled", "restarted by the next occurrence")]
        assert [request.due for request in one.witness.seen] == [NOON + 2 * MINUTE, NOON + 4 * MINUTE]
        await alive.stop()

    run(story())


def test_each_of_two_equal_runs_needs_its_own(tmp_path: Path) -> None:
    async def story() -> None:
        one, sheet = house(tmp_path), table(row("deploy", "every minute", Overlap="parallel"))
        alive = await start(one, sheet, table_rules=its_rules())
        await one.until(NOON + 2 * MINUTE + 10 * SECOND)
        (first, seen), (second, same) = await waiting(alive)
        assert seen.terms == same.terms
        assert await decided(alive, Wish.APPROVE, run=second) == (True, "taken")
        assert [request.run for request in one.witness.seen] == [second]
        assert [run_id for run_id, _ in await waiting(alive)] == [first]
        await alive.stop()

    run(story())


def test_whatever_makes_a_row_due_it_waits(tmp_path: Path) -> None:
    async def story() -> None:
        one = house(tmp_path)
        sheet = table(
            row("first", "2026-03-02 12:10", Action="other"),
            row("chained", **{"Depends On": "first"}),
            row("counted", Type="counter", Current="0", Threshold="1"),
            row("asked", Type="manual"),
            row("late", "2026-03-02 12:20", Deadline="5 min"),
        )
        alive = await start(one, sheet, table_rules=its_rules())
        await one.until(NOON + 5 * MINUTE)
        await alive.ask("counted", Wish.TICK, 1)
        await alive.ask("asked", Wish.RUN_NOW)
        await one.until(NOON + 26 * MINUTE)
        assert [request.task for request in one.witness.seen] == ["first"]
        assert {e.task for e in one.of(ApprovalWanted)} == {"chained", "counted", "asked", "late"}
        told = "OVERDUE: not succeeded by Mon 2 Mar 2026 12:25 UTC: it waited for approval, since Mon 2 Mar 2026 12:20 UTC"
        assert sheet.person("late")["Health"].startswith(told)
        assert "WAITING for approval since" in sheet.person("counted")["Health"]
        sheet.person("chained")["Status"] = "paused"
        await one.after(seconds=30)
        assert "chained" not in [e.task for e in one.of(RunStarted)]
        assert sheet.person("chained")["Health"] == "PAUSED"
        await alive.stop()

    run(story())


class _Reloads:
    """Once something has been let begin, durably, rowd.toml is read anew."""

    def __init__(self) -> None:
        self.then = list[Callable[[], None]]()

    def at(self, name: str) -> None:
        if name in ("claim.after", "begin.after", "record.after") and self.then:
            self.then.pop()()


@pytest.mark.parametrize("before", [RULE, None])
def test_what_was_let_begin_while_the_action_was_changed_runs_only_once_it_is_approved_as_it_is(
    tmp_path: Path, before: ApprovalRule | None
) -> None:
    async def story() -> None:
        reloads = _Reloads()
        one, sheet = (
            house(tmp_path, before, crash=reloads),
            table(row("deploy", "daily 12:01", Metadata=branch("main"), Attempts="2")),
        )
        alive = await start(one, sheet, table_rules=its_rules())
        daemon = alive.daemon
        changed = replace(daemon.parts, approvals={"act": replace(RULE, definition="second")})
        await one.until(NOON + (65 if before is not None else 55) * SECOND)
        reloads.then.append(lambda: daemon.reconfigure(changed, {"ops": its_rules()}))
        if before is not None:
            await decided(alive, Wish.APPROVE)
        await one.after(seconds=90)
        assert one.witness.seen == []
        assert [(e.outcome, e.reason) for e in one.of(RunEnded)] == [("failed", NOT_AS_APPROVED.summary)]
        assert sheet.person("deploy")["Health"].startswith("WAITING for approval since Mon 2 Mar 12:01")
        await decided(alive, Wish.APPROVE)
        assert [request.attempt for request in one.witness.seen] == [2]
        await alive.stop()

    run(story())


class _Unbegun(Witness):
    """The warden never came to begin it, since the daemon died."""

    kind = "process"

    async def run(self, request: Request, context: Context) -> Result:
        if not self.seen:
            self.seen.append(request)
            await asyncio.sleep(10**6)
        return await super().run(request, context)

    async def adopt(self, request: Request, context: Context, since: Uptime | None) -> Unbegun:
        return Unbegun()


def test_what_had_yet_to_begin_when_the_daemon_died_is_not_begun_as_another_definition(tmp_path: Path) -> None:
    async def story() -> None:
        kind = _Unbegun()
        one, sheet = house(tmp_path, actions={"act": kind}), table(row("deploy", "daily 12:01", Metadata=branch("main")))
        alive = await start(one, sheet, table_rules=its_rules())
        await one.until(NOON + MINUTE + 5 * SECOND)
        await decided(alive, Wish.APPROVE)
        await alive.kill()
        two = House(tmp_path, one.clock, actions={"act": kind}, approvals={"act": replace(RULE, definition="second")})
        alive = await start(two, sheet, table_rules=its_rules())
        await two.after(seconds=30)
        assert len(kind.seen) == 1
        assert [(e.outcome, e.reason) for e in two.of(RunEnded)] == [("failed", NOT_AS_APPROVED.summary)]
        await alive.stop()

    run(story())


@pytest.mark.parametrize("wish", [Wish.DECLINE, Wish.CANCEL])
def test_rows_that_wait_for_one_that_was_declined_wait_for_its_next_run(tmp_path: Path, wish: Wish) -> None:
    async def story() -> None:
        one = house(tmp_path)
        sheet = table(
            row("build", "every 10 minutes", Action="other"),
            row("deploy", "", **{"Depends On": "build"}),
            row("tell", "", Action="other", **{"Depends On": "deploy"}),
        )
        alive = await start(one, sheet, table_rules=its_rules())
        await one.until(NOON + 11 * MINUTE)
        await decided(alive, wish)
        await one.until(NOON + 15 * MINUTE)
        assert [(e.task, e.outcome) for e in one.of(OccurrenceRecorded) if e.task == "tell"] == []
        await one.until(NOON + 21 * MINUTE)
        await decided(alive, Wish.APPROVE)
        assert [request.task for request in one.witness.seen] == ["build", "build", "deploy", "tell"]
        await alive.stop()

    run(story())
