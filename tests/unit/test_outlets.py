"""The end of a daemon, as whoever misses it hears of it: a ledger's own words, and of anything else its kind alone."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from engine.ledger import LedgerError
from rowd.cli.site import site_at
from rowd.counting import Counts
from rowd.hooks import Hooks
from rowd.measuring import Watched
from rowd.outlets import Outlets
from rowd.vitals import Vitals
from tests.fakes.house import House
from tests.fakes.memory_table import MemoryTable
from tests.fakes.virtual import NOON, run
from tests.unit.cli.desk import Desk
from tests.unit.test_loop import COLUMNS
from tests.unit.test_loop_corners import start


@pytest.mark.parametrize(
    ("exc", "says"),
    [
        (LedgerError("The ledger is damaged (sesame-street)\n: move it"), "rowd ends: The ledger is damaged (***) : move it"),
        (RuntimeError("a cell of somebody's"), "rowd ends: RuntimeError"),
    ],
)
def test_an_end_in_trouble_is_said(tmp_path: Path, exc: Exception, says: str) -> None:
    async def story() -> None:
        house = House(tmp_path, mask=site.parts.mask)
        alive = await start(house, MemoryTable([], COLUMNS))
        vitals = Vitals(alive.daemon, lambda: False)
        hooks = Hooks(alive.daemon, tmp_path, lambda: False, house.events.append)
        outlets = Outlets(
            Watched(alive.daemon, vitals, Counts(house.events.append), Counter(), NOON), hooks, site, house.events.append
        )
        said: list[str] = []

        async def failed(sentence: str) -> None:
            said.append(sentence)

        pings: Any = outlets._pings
        pings.failed = failed
        await outlets.failed(exc)
        assert said == [says]
        await alive.stop()

    (tmp_path / ".env").write_text("HC=https://hc.example/x\nKEY=sesame-street\n")
    (tmp_path / ".env").chmod(0o600)
    site = site_at(Desk(tmp_path, more='[ping]\nsecret = "HC"\n').folder / "rowd.toml")
    run(story())
