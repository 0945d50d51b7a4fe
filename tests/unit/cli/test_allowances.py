"""What commands take of a month stands in the ledger, and the daemon learns of it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from connectors.api import Budget
from engine.budget import Spent
from engine.committer import InlineCommitter
from engine.crash import CrashPoints
from engine.governor import Governor
from engine.ledger import Ledger
from engine.quota import Allowance, Asked, Purpose
from rowd.allowances import said
from tests.emulators.airtable import SAMPLE_BASE, TASKS, TOKEN, Airtable, make
from tests.emulators.airtable.seeds import add_samples
from tests.emulators.core.clock import SetClock
from tests.emulators.core.server import Server
from tests.fakes.virtual import NOON, VirtualClock, run
from tests.unit.cli.desk import Desk

SCOPE = "Airtable workspace of AIRTABLE_TOKEN, free plan"
ROW = "1,backup,,every 30 minutes,work,active,,,,"


@pytest.fixture
def airtable() -> Iterator[tuple[Airtable, str]]:
    emulator = make(SetClock(datetime.now(UTC)), {}, 1)
    add_samples(emulator)
    emulator.quotas.on = False  # its clock stands still
    with Server(emulator) as server:
        yield emulator, server.base


def desk_on(folder: Path, base: str) -> Desk:
    desk = Desk(folder, ROW)
    (folder / ".env").write_text(f"AIRTABLE_TOKEN={TOKEN}\n")
    (folder / ".env").chmod(0o600)
    with (folder / "rowd.toml").open("a") as file:
        file.write(
            f'[tables.cloud]\nconnector = "airtable"\nbase = "{SAMPLE_BASE}"\ntable = "{TASKS}"\nplan = "free"\n'
            f'endpoint = "{base}"\n'
        )
    return desk


def test_what_commands_take_of_a_month_is_in_the_ledger(tmp_path: Path, airtable: tuple[Airtable, str]) -> None:
    emulator, base = airtable
    desk = desk_on(tmp_path, base)
    desk.said("list", "--table", "cloud")
    assert len(emulator.journal) == 2  # without a ledger it goes all the same
    desk.daemon_reads()
    emulator.journal.clear()
    desk.said("list", "--table", "cloud")
    with desk.ledger() as ledger:
        (looked,) = ledger.spent()[SCOPE].values()
    assert looked == Spent(looks=2)
    desk.said("edit", "vitest_rerun", "--table", "cloud", "--set", "Current=9", "--anyway")
    with desk.ledger() as ledger:
        (told,) = ledger.spent()[SCOPE].values()
    assert told.total == len(emulator.journal)
    assert told.tells == 3  # it reads before it writes


def test_the_daemon_learns_what_others_have_spent_with_its_next_request(tmp_path: Path) -> None:
    budget, day = Budget(100, "workspace"), NOON.date()
    asked = Asked("ops", "read", Purpose.TELL, (), 1.0, (budget,))

    async def story() -> list[int]:
        ledger = Ledger.open(tmp_path / "ledger.sqlite")
        governors = [Governor(VirtualClock(), InlineCommitter(ledger, CrashPoints(None))) for _ in range(2)]
        for n in (0, 1, 1, 0):
            await governors[n].admit(asked)
        ledger_knows = ledger.spent()["workspace"][day].total
        ledger.close()
        return [ledger_knows, *(governor.spent_of("workspace", day).total for governor in governors)]

    assert run(story()) == [4, 4, 3]


@pytest.mark.parametrize(
    ("one", "sentence"),
    [
        (Allowance("A", "any", None, 1_000, 990, NOON, low=True), "A: 990 of 1,000 calls spent this month, 10 left until today"),
        (Allowance("A", "any", timedelta(seconds=1.05), 5, 4), "A: 4 of 5 requests in 1.05s spent"),
        (Allowance("A", "write", timedelta(seconds=60), 60, 40), "A: 40 of 60 writes a minute spent"),
        (
            Allowance("A", "any", timedelta(seconds=1), 5, 0, crowded_at=NOON - timedelta(minutes=3), ours=1),
            "A: 0 of 5 requests in 1s spent; a request was refused 3m ago, though rowd had made only 1: others use it, too, or"
            " less is allowed than is known. A smaller `quota_share` leaves them their part",
        ),
    ],
)
def test_it_is_said_in_one_sentence(one: Allowance, sentence: str) -> None:
    assert said(one, NOON).startswith(sentence)
    assert ("too few" in said(one, NOON)) is one.low
