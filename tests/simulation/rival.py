"""Another daemon on the same ledger: now and then it claims what comes due next, before ours can. Ours must leave that alone."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from random import Random

from tests.simulation import dues
from tests.simulation.benches import Bench
from tests.simulation.machine import MICRO
from tests.simulation.spans import Span
from tests.simulation.world import World

SOON = 20
"""Seconds ahead of which it claims at the most."""

REASON = "another daemon has it"

COLUMNS = (
    "id",
    "table",
    "key",
    "task",
    "trigger",
    "cause",
    "due",
    "claimed_at",
    "stage",
    "action",
    "parameters",
    "timeout",
    "attempts",
    "repeatable",
    "retry_wait",
    "priority",
    "by",
    "attempt",
    "outcome",
    "reason",
    "outputs",
    "links",
    "ended_at",
    "count",
    "last_due",
)


class Rival:
    """Claims what surely comes due; what it claims counts as skipped here, since it runs elsewhere, if at all."""

    def __init__(self, world: World, chance: Random) -> None:
        self._world, self._chance = world, chance

    def act(self) -> None:
        """Claim one occurrence of any row."""
        world = self._world
        if world.jumpy or world.desk is None:
            return
        bench = self._chance.choice(world.benches)
        now = dues.seconds(world.machine.wall())
        coming = [(span, due) for span in bench.spans.all if (due := _next(span, now)) is not None]
        if coming:
            self._claim(bench, *self._chance.choice(coming))

    def _claim(self, bench: Bench, span: Span, due: int) -> None:
        world, instant = self._world, due * MICRO
        trigger = f"at:{datetime.fromtimestamp(due, UTC).isoformat()}"
        row = (
            *(f"rival-{len(world.rivalled)}", bench.name, span.key, "task", trigger, "schedule", instant, instant, "ended"),
            *(span.meaning.action, "{}", 0, 1, 0, 0, 0, "another daemon", 0, "skipped", REASON, "{}", "[]", instant, 1, instant),
        )
        names, marks = ", ".join(f'"{name}"' for name in COLUMNS), ", ".join("?" * len(COLUMNS))
        with closing(sqlite3.connect(world.ledger_path)) as ledger, ledger:
            made = ledger.execute(f"INSERT OR IGNORE INTO occurrences ({names}) VALUES ({marks})", row)  # noqa: S608 (our own names)
        if made.rowcount:
            world.rivalled.append((bench.name, span.key))
            world.tell(f"another daemon claims {trigger} of {span.key}")


def _next(span: Span, now: int) -> int | None:
    """When this comes due next, surely and soon."""
    meaning = span.meaning
    if span.ended is not None or span.known is None or not span.sure or meaning.kind != "time" or meaning.jitter or meaning.one_off:
        return None
    assert not isinstance(meaning.dues, int)  # what counts from when it is seen is a one-off
    return next(iter(meaning.dues.within(now, now + SOON)), None)
