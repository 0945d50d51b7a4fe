"""Runs that make rows, as with `rowd add`: the command's own code puts them down; it may be refused, or die at any step."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any, cast

from actions.api import Request
from connectors.errors import NeedsOwner, TryLater
from rowd.bound import Bound
from rowd.making import Making, TooMany, making
from tests.simulation.benches import Bench
from tests.simulation.sheets import canonical

if TYPE_CHECKING:
    from tests.simulation.world import World

MOST = 4
"""Drafts of runs that a table takes."""


@dataclass
class Draft:
    """A row that a run has made.   at: the moment.   until: when it can't be activated any more; None for never."""

    table: str
    key: str
    run: str
    at: int
    until: datetime | None
    there: bool = False


@dataclass
class Makers:
    """All of them.   made: what they were about to make, in that order.   refused: so often there was no room."""

    world: World
    chance: Random
    made: list[Draft] = field(default_factory=list)
    refused: int = 0

    def __post_init__(self) -> None:
        self.expire = self.chance.choice((None, timedelta(seconds=45), timedelta(minutes=5)))

    def make(self, attempt: Request) -> None:
        """What a run does that makes rows: a command, which takes its time, and outlives the daemon."""
        world, chance = self.world, self.chance
        bench, number = chance.choice(world.benches), chance.choice((1, 1, 2, 3))
        if world.outside.over or not world.ledger_path.exists():
            return
        grid = bench.sheet.look()
        rows = [bench.person.writer.row(world.machine.wall()) for _ in range(number)]
        keyed = grid.header("ID") is not None
        for row in rows:
            row["ID"] = f"made-{row['Name'].removeprefix('task ')}" if keyed else ""
        within = making(
            self._bound(bench), rows, columns=[canonical(h) for h in grid.columns], keyed=keyed, clock=cast("Any", _Now(world))
        )
        try:
            with _called_in(attempt):
                ready = within.__enter__()
        except (TooMany, NeedsOwner) as exc:
            self.refused += isinstance(exc, TooMany)
            world.tell(f"{attempt.task} makes no rows: {exc}")
            return
        assert ready.made is not None  # it is called in a run
        keys = [row["ID"] or row["Name"] for row in rows]
        drafts = [Draft(bench.name, key, attempt.run, world.machine.moment, ready.made.until) for key in keys]
        self.made += drafts
        self._counted(bench)
        world.tell(f"{attempt.task} is about to make {keys} in {bench.name}")
        world.machine.after(chance.choice((0, 0.01, 1, 20)) * chance.random(), partial(self._put, bench, within, ready, drafts))

    def _put(self, bench: Bench, within: Any, ready: Making, drafts: list[Draft]) -> None:
        drawn = self.chance.random()
        grid = bench.sheet.look()
        if drawn < 0.1 or self.world.outside.over or grid.header("Status") is None or grid.header("Name") is None:
            within.gen.close()  # it was killed
            return
        number = self.chance.randint(0, len(drafts)) if drawn < 0.25 else len(drafts)
        with bench.sheet.hand() as hand:
            for draft, cells in list(zip(drafts, ready.rows, strict=True))[:number]:
                row = {h: str(cells.get(canonical(h)) or "") for h in hand.columns}
                hand.rows.append(row)
                bench.person.spans.touch(draft.key)
                if draft.until is not None:
                    bench.person.spans.expiring.add(draft.key)
                ready.keys.append(draft.key)
                draft.there = True
                self.world.tell(f"makes the draft {draft.key} in {bench.name}")
        self.world.machine.after(
            self.chance.choice((0, 1, 20)) * self.chance.random(), partial(self._end, within, number < len(drafts))
        )

    def _end(self, within: Any, refused: bool) -> None:
        """refused: the store has taken no more."""
        if self.chance.random() < 0.15:
            within.gen.close()
        elif not refused:
            within.__exit__(None, None, None)
        else:
            try:
                within.gen.throw(TryLater("503"))
            except TryLater:
                return

    def _counted(self, bench: Bench) -> None:
        """More than may be are never let be made."""
        typed, now = bench.person.typed_at, self.world.machine.wall()
        header = bench.sheet.look().header("Status")
        open_ = []
        for draft in self.made:
            row = bench.sheet.row(draft.key) if draft.table == bench.name else None
            kept = any(key == draft.key and column == "Status" for key, column, _ in typed)
            if (
                row is not None
                and header is not None
                and row[header] == "draft"
                and not kept
                and (draft.until is None or now < draft.until)
            ):
                open_.append(draft)
        if len(open_) > MOST:
            self.world.broke("drafts", f"{bench.name} has {len(open_)} drafts that runs have made, and {MOST} may be: {open_}")
        if (desk := self.world.desk) is not None and (number := desk.open_drafts(bench.name)) > MOST:
            self.world.broke("drafts", f"the ledger counts {number} drafts of runs in {bench.name}, and {MOST} may be")

    def _bound(self, bench: Bench) -> Bound:
        unused = cast("Any", None)  # what is never asked by who makes rows
        return Bound(
            rules=self.world.rules(bench),
            backend=unused,
            settings=unused,
            place=unused,
            ledger=Path(self.world.ledger_path),
            lent=unused,
            drafts_expire=self.expire,
            max_made_by_runs=MOST,
        )


class _Now:
    def __init__(self, world: World) -> None:
        self._world = world

    def now(self) -> datetime:
        return self._world.machine.wall()


@contextmanager
def _called_in(attempt: Request) -> Iterator[None]:
    """The environment of this attempt."""
    its = {"ROWD_RUN_ID": attempt.run, "ROWD_TABLE": attempt.table, "ROWD_TASK": attempt.task}
    os.environ.update(its)
    try:
        yield
    finally:
        for name in its:
            del os.environ[name]
