"""Approvals raced with edits, other definitions, kills and restarts, in an order by lot, held against what a person would count up.

Whoever approves has looked at something: that is written down here, by other means than the daemon's. What has run is written down
by the action itself, with the definition that was in force at that very moment. Then each run has to have its own approval, of just
what it did; and what was approved, and is still what its row and rowd.toml say, has run.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar

import pytest
from msgspec.structs import replace

from actions.api import Definition, Outcome, Request, Result
from actions.parameters import Parameter
from engine.approval import ApprovalRule
from engine.asked import Wish
from engine.breaker import BreakerRules
from engine.events import ApprovalGiven
from engine.ledger import Ledger
from engine.model import Occurrence
from tests.fakes.house import House, rules, slow
from tests.fakes.memory_table import MemoryTable
from tests.fakes.virtual import VirtualClock, run
from tests.unit.test_loop import COLUMNS, row
from tests.unit.test_loop_corners import Alive, start

T = TypeVar("T")

Did = tuple[str, str]
"""What a run does: (branch, definition of its action)."""

BRANCH = Parameter(default="")
ITS_RULES = rules(actions={"act": Definition(kind="witness", parameters={"branch": BRANCH}), "other": Definition(kind="witness")})
HAPPENS = ("edit", "look", "look", "approve", "approve", "approve", "press", "press", "kill", "redefine", "decline")


class Scene:
    """One row that is to be approved, and one that keeps the only worker busy now and then.

    begun: run, attempt, what it did, and what its row said then, as far as the daemon had read it.
    asked: request → what had been looked at.   pressed: what the sheet and rowd.toml said as the button was pressed.
    """

    def __init__(self, folder: Path, seed: int) -> None:
        self.lot = random.Random(seed)  # noqa: S311 (a test draws the same each time)
        self.folder, self.clock = folder, VirtualClock()
        overlap = self.lot.choice(["skip", "queue", "parallel", "restart"])
        rows = [row("deploy", "every 20 seconds", Overlap=overlap, Attempts="2"), row("hog", "every 50 seconds", Action="other")]
        self.sheet = MemoryTable(rows, (*COLUMNS, "Metadata", "Overlap", "Attempts"))
        self.definition = "d0"
        self.alive: Alive | None = None
        self.begun: list[tuple[str, int, Did, str]] = []
        self.asked: dict[int, Did] = {}
        self.pressed: list[Did] = []
        self.houses: list[House] = []
        self.edit()

    def edit(self) -> None:
        self.sheet.person("deploy")["Metadata"] = f'{{"branch": "{self.lot.choice("abc")}"}}'

    def behave(self, request: Request) -> Any:
        if request.task == "hog":
            return slow(timedelta(seconds=self.lot.randint(1, 30)))(request)
        assert self.alive is not None
        said = self.alive.daemon._turns.memory.keepers["ops"].states["deploy"].cells["Metadata"]
        self.begun.append((request.run, request.attempt, (str(request.parameters["branch"]), self.definition), _branch(str(said))))
        return Result(self.lot.choice([Outcome.SUCCEEDED, Outcome.SUCCEEDED, Outcome.FAILED]), "so")

    def approvals(self) -> dict[str, ApprovalRule]:
        return {"act": ApprovalRule(self.definition, in_table=True)}

    async def wake(self) -> None:
        if self.alive is None:
            one = House(self.folder, self.clock, approvals=self.approvals(), max_parallel=1, breaker=BreakerRules(failures=10_000))
            one.witness.behaviour = self.behave
            self.houses.append(one)
            self.alive = await start(one, self.sheet, table_rules=ITS_RULES)

    async def kill(self) -> None:
        if self.alive is not None:
            await self.alive.kill()
            self.alive = None

    def redefine(self) -> None:
        self.definition = self.lot.choice(["d0", "d1"])
        if self.alive is not None:
            daemon = self.alive.daemon
            daemon.reconfigure(replace(daemon.parts, approvals=self.approvals()), {"ops": ITS_RULES})

    async def ledger(self, work: Callable[[Ledger], T]) -> T:
        """As a command has it, whether a daemon runs or not."""
        if self.alive is not None:
            return await self.alive.committer.do(work, point="requests")
        ledger = Ledger.open(self.folder / "ledger.sqlite")
        try:
            with ledger.transaction():
                return work(ledger)
        finally:
            ledger.close()

    async def look(self) -> list[Occurrence]:
        return [one for one in await self.ledger(lambda ledger: ledger.active()) if one.unapproved]

    async def approve(self, seen: Occurrence, wish: Wish = Wish.APPROVE) -> None:
        assert seen.approval is not None
        about, now = {"run": seen.id, "terms": seen.approval.terms}, self.clock.now()
        number = await self.ledger(lambda ledger: ledger.ask("ops", "deploy", wish, 0, "cli:a", now, about=about))
        if wish is Wish.APPROVE:
            self.asked[number] = (str(seen.parameters["branch"]), seen.approval.definition)
        if self.alive is not None:
            self.alive.daemon._turns.poke()

    def press(self) -> None:
        cells = self.sheet.person("deploy")
        if not cells["Do"]:
            cells["Do"] = "approve"
            self.pressed.append((_branch(cells["Metadata"]), self.definition))

    async def passes(self, least: int, most: int) -> None:
        await self.clock.sleep_until(self.clock.now() + timedelta(seconds=self.lot.randint(least, most)))


def _branch(metadata: str) -> str:
    return metadata.split('"')[3]


async def happens(scene: Scene, seen: list[Occurrence]) -> None:
    match scene.lot.choice(HAPPENS):
        case "edit":
            scene.edit()
        case "look":
            seen += await scene.look()
        case "approve" if seen:
            await scene.approve(scene.lot.choice(seen[-3:]))
        case "press":
            scene.press()
        case "kill":
            await scene.kill()
        case "redefine" if scene.lot.random() < 0.5:
            scene.redefine()
        case "decline" if seen and scene.lot.random() < 0.3:
            await scene.approve(seen[-1], Wish.DECLINE)


@pytest.mark.parametrize("seed", range(14))
def test_what_runs_was_approved_as_it_is_and_what_was_approved_runs_once(tmp_path: Path, seed: int) -> None:
    async def story() -> None:
        scene, seen = Scene(tmp_path, seed), list[Occurrence]()
        await scene.wake()
        await scene.passes(20, 40)
        for _ in range(100):
            await happens(scene, seen)
            if scene.lot.random() < 0.7:
                await scene.passes(0, 9)
            if scene.lot.random() < 0.7:
                await scene.wake()
        await scene.wake()
        await scene.passes(120, 120)
        answers = await scene.ledger(lambda ledger: {number: ledger.answer_to(number) for number in scene.asked})
        left, past = await scene.ledger(lambda ledger: (ledger.active(), ledger.history(limit=1000, key="deploy")))
        assert scene.alive is not None
        await scene.alive.stop()

        given = {event.run for one in scene.houses for event in one.of(ApprovalGiven)}
        firsts = {run_id: did for run_id, attempt, did, _ in scene.begun if attempt == 1}
        assert max(Counter((run_id, attempt) for run_id, attempt, *_ in scene.begun).values(), default=1) == 1
        assert [one for one in scene.begun if one[1] == 1 and one[2][0] != one[3]] == []
        taken = [scene.asked[number] for number, answer in answers.items() if answer is not None and answer[0]]
        assert not Counter(firsts.values()) - Counter([*taken, *scene.pressed]), "what ran was not approved as it was"
        assert firsts.keys() <= given
        started = {one.id for one in (*past, *left) if one.started_at is not None}
        assert firsts.keys() <= started
        stuck = [one for one in left if one.approval is not None and not one.unapproved and one.started_at is None]
        assert stuck == [], "what was approved did not run, and nothing is in its way"
        assert all(one.approval is not None for one in past if one.started_at is not None)

    run(story())
