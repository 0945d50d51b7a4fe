"""Group commit: durable before the answer, one bad step harms no other, and a death at any point loses or keeps the whole."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
import threading
from collections.abc import Awaitable, Callable
from contextlib import closing
from pathlib import Path

import pytest

from engine.committer import LARGEST_GROUP, Commits, Committer, InlineCommitter
from engine.crash import KINDS, POINTS, CrashPoints
from engine.ledger import Ledger, LedgerUnwritable
from engine.model import Occurrence
from tests.unit.ledger.making import occurrence, raw
from tests.unit.ledger.test_store import files_limited_to

NEVER = CrashPoints(None)
Make = Callable[[Ledger], Commits]
both = pytest.mark.parametrize("make", [lambda ledger: Committer(ledger, NEVER), lambda ledger: InlineCommitter(ledger, NEVER)])


def claiming(*made: Occurrence) -> Callable[[Ledger], list[bool]]:
    return lambda ledger: ledger.claim(made)


def run(make: Make, ledger: Ledger, story: Callable[[Commits], Awaitable[None]]) -> None:
    async def told() -> None:
        commits = make(ledger)
        try:
            await story(commits)
        finally:
            await commits.close()

    asyncio.run(told())


@both
def test_what_was_answered_is_durable_and_read(make: Make, ledger: Ledger, path: Path) -> None:
    async def story(commits: Commits) -> None:
        made = occurrence()
        assert await commits.do(claiming(made), point="claim") == [True]
        assert raw(path, "SELECT count(*) FROM occurrences") == [(1,)]
        assert await commits.read(lambda ledger: ledger.active()) == [made]

    run(make, ledger, story)


@both
def test_a_step_that_fails_is_undone_and_told_to_its_caller(make: Make, ledger: Ledger) -> None:
    def bad(ledger: Ledger) -> None:
        ledger.claim([occurrence("bad")])
        raise ZeroDivisionError

    async def story(commits: Commits) -> None:
        with pytest.raises(ZeroDivisionError):
            await commits.do(bad, point="claim")
        with pytest.raises(ZeroDivisionError):
            await commits.read(lambda _: 1 // 0)
        assert await commits.read(lambda ledger: ledger.active()) == []

    run(make, ledger, story)


@both
def test_an_unknown_point_is_refused(make: Make, ledger: Ledger) -> None:
    async def story(commits: Commits) -> None:
        with pytest.raises(ValueError, match="'claims' is no kind of commit; there are claim, begin"):
            await commits.do(claiming(occurrence()), point="claims")

    run(make, ledger, story)


class Gate:
    """Holds the ledger's thread, so that all who come meanwhile become one group."""

    def __init__(self) -> None:
        self.entered, self.opened = threading.Event(), threading.Event()

    def __call__(self, _ledger: Ledger) -> None:
        self.entered.set()
        assert self.opened.wait(30)


async def as_one_group(committer: Committer, *works: Callable[[Ledger], object]) -> list[object]:
    """Outcomes, exceptions included, of works that were committed together."""
    gate = Gate()
    held = asyncio.create_task(committer.read(gate))
    await asyncio.to_thread(gate.entered.wait)
    tasks = [asyncio.create_task(committer.do(work, point="claim")) for work in works]
    await asyncio.sleep(0)  # lets each of them queue its work
    gate.opened.set()
    await held
    return await asyncio.gather(*tasks, return_exceptions=True)


class Counting:
    """Counts the commits by their last crash point."""

    def __init__(self) -> None:
        self.names: list[str] = []

    def at(self, name: str) -> None:
        self.names.append(name)


def test_a_group_is_one_commit_and_a_bad_step_harms_no_other(ledger: Ledger) -> None:
    good, fine = occurrence("good"), occurrence("fine")

    def bad(ledger: Ledger) -> None:
        ledger.claim([occurrence("bad")])
        raise StopIteration

    async def story() -> None:
        counting = Counting()
        committer = Committer(ledger, counting)
        began: list[str] = []
        ledger._connection.set_trace_callback(lambda sql: began.append(sql) if sql.startswith(("BEGIN", "COMMIT")) else None)
        results = await as_one_group(committer, claiming(good), bad, claiming(fine))
        assert (results[0], results[2]) == ([True], [True])
        assert isinstance(results[1], RuntimeError)
        assert began == ["BEGIN IMMEDIATE", "COMMIT"]
        assert counting.names == ["claim.before"] * 3 + ["claim.after"] * 3
        assert await committer.read(lambda ledger: ledger.active()) == [good, fine]
        await committer.close()

    asyncio.run(story())


def test_a_failed_commit_reaches_everyone_of_the_group_and_the_next_group_succeeds(ledger: Ledger) -> None:
    small, large, later = occurrence("small"), occurrence("large", parameters={"much": "x" * 300_000}), occurrence("later")

    async def story() -> None:
        committer = Committer(ledger, NEVER)
        with files_limited_to(200_000):
            results = await as_one_group(committer, claiming(small), claiming(large), claiming(small))
        assert [type(r) for r in results] == [LedgerUnwritable] * 3
        assert await committer.do(claiming(later), point="claim") == [True]
        assert await committer.read(lambda ledger: ledger.active()) == [later]
        await committer.close()

    asyncio.run(story())


def test_a_transaction_that_sqlite_gave_up_keeps_nothing_of_the_group(ledger: Ledger) -> None:
    def broken(ledger: Ledger) -> None:
        ledger._drive("ROLLBACK")  # what SQLite may do by itself on a full disk
        raise OSError("disk")

    async def story() -> None:
        committer = Committer(ledger, NEVER)
        results = await as_one_group(committer, claiming(occurrence("a")), broken, claiming(occurrence("b")))
        assert [type(r) for r in results] == [LedgerUnwritable] * 3
        assert await committer.read(lambda ledger: ledger.active()) == []
        await committer.close()

    asyncio.run(story())


def test_a_caller_that_is_cancelled_disturbs_nobody(ledger: Ledger) -> None:
    async def story() -> None:
        committer = Committer(ledger, NEVER)
        gate = Gate()
        held = asyncio.create_task(committer.read(gate))
        await asyncio.to_thread(gate.entered.wait)
        gone = asyncio.create_task(committer.do(claiming(occurrence("gone")), point="claim"))
        stays = asyncio.create_task(committer.do(claiming(occurrence("stays")), point="claim"))
        await asyncio.sleep(0)
        gone.cancel()
        await asyncio.sleep(0)
        gate.opened.set()
        assert await stays == [True]
        assert gone.cancelled()
        await held
        await committer.close()

    asyncio.run(story())


def test_closing_carries_out_what_was_asked_before(ledger: Ledger, path: Path) -> None:
    number = 2 * LARGEST_GROUP + 1

    async def story() -> None:
        committer = Committer(ledger, NEVER)
        tasks = [asyncio.create_task(committer.do(claiming(occurrence(f"k{n}")), point="claim")) for n in range(number)]
        await asyncio.sleep(0)
        await committer.close()
        assert await asyncio.gather(*tasks) == [[True]] * number
        with pytest.raises(RuntimeError, match="closed"):
            await committer.do(claiming(occurrence()), point="claim")
        await committer.close()

    asyncio.run(story())
    assert raw(path, "SELECT count(*) FROM occurrences") == [(number,)]


def test_of_many_callers_that_claim_one_trigger_one_wins(ledger: Ledger) -> None:
    async def story() -> None:
        committer = Committer(ledger, NEVER)
        results = await asyncio.gather(*(committer.do(claiming(occurrence("a", "at:1")), point="claim") for _ in range(200)))
        assert sorted(results) == [[False]] * 199 + [[True]]
        await committer.close()

    asyncio.run(story())


# --- crash points

VICTIM = """
import asyncio, os, sys
from pathlib import Path
from engine.committer import Committer
from engine.crash import CrashPoints
from engine.ledger import Ledger
from tests.unit.ledger.making import occurrence

async def main():
    committer = Committer(Ledger.open(Path(sys.argv[1])), CrashPoints(os.environ.get("ROWD_DIE_AT")))
    for n in range(3):
        await committer.do(lambda ledger: ledger.claim([occurrence(f"k{n}")]), point=sys.argv[2])
        print("durable", n, flush=True)
    await committer.close()

asyncio.run(main())
"""


def die(path: Path, kind: str, at: str) -> tuple[int, int, int]:
    """How it ended, how many steps were said to be durable, and how many are."""
    done = subprocess.run(
        [sys.executable, "-c", VICTIM, path, kind], env={"ROWD_DIE_AT": at}, capture_output=True, text=True, check=False
    )
    with closing(Ledger.open(path)) as ledger:
        return done.returncode, done.stdout.count("durable"), len(ledger.active())


@pytest.mark.parametrize(
    ("kind", "at", "said", "kept"),
    [
        ("claim", "claim.before", 0, 0),
        ("claim", "claim.after", 0, 1),
        ("outcome", "outcome.before:3", 2, 2),
        ("record", "record.after:2", 1, 2),
    ],
)
def test_killed_before_the_commit_nothing_is_there_and_after_it_everything(
    path: Path, kind: str, at: str, said: int, kept: int
) -> None:
    assert die(path, kind, at) == (-signal.SIGKILL, said, kept)


def test_another_point_kills_nobody(path: Path) -> None:
    assert die(path, "claim", "rows.after") == (0, 3, 3)


def test_every_kind_of_commit_has_a_point_before_and_after() -> None:
    assert {f"{kind}.{side}" for kind in KINDS for side in ("before", "after")} < set(POINTS)
    assert {"claim", "begin", "outcome", "rows", "requests", "record"} <= set(KINDS)
    assert {"launch.before", "launch.after", "table.before-write", "table.after-write"} < set(POINTS)


@pytest.mark.parametrize("text", ["claim", "claim.befor", ":2", *(f"claim.after:{hit}" for hit in ("", "0", "x", "-1", "²"))])
def test_a_point_that_is_not_there_is_refused_at_the_start(text: str) -> None:
    with pytest.raises(ValueError, match="ROWD_DIE_AT"):
        CrashPoints(text)


def test_the_names_are_listed_where_one_is_wrong() -> None:
    with pytest.raises(ValueError, match=r"claim\.before.*table\.after-write"):
        CrashPoints("claims")


@pytest.mark.parametrize("text", [None, "", "claim.after:2"])
def test_a_misspelt_point_in_the_code_is_noticed_without_dying(text: str | None) -> None:
    points = CrashPoints(text)
    with pytest.raises(ValueError, match="no crash point"):
        points.at("claim.afterwards")
    points.at("claim.after")
    points.at("claim.before")
