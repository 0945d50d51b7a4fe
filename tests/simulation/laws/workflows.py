"""Rounds of workflows: each of them told once, in their order, with what its runs came to."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from itertools import groupby, pairwise

from engine.events import WorkflowEnded
from tests.simulation.book import Book
from tests.simulation.world import World

FAILED = ("failed", "timed out", "lost", "cancelled")


def each_round_is_told_once(world: World, book: Book) -> Iterator[str]:
    """A round is in the ledger before it is told, and told with what stands there; never twice."""
    told = [one.event for one in world.heard if isinstance(one.event, WorkflowEnded)]
    kept = {(one.table, one.name.casefold(), one.number): one for one in book.rounds}
    for place, number in Counter((e.table, " ".join(e.workflow.casefold().split()), e.number) for e in told).items():
        if number > 1:
            yield f"round {place} was told {number} times"
    for event in told:
        one = kept.get((event.table, " ".join(event.workflow.casefold().split()), event.number))
        if one is None or (one.outcome, one.reason) != (event.outcome, event.reason):
            yield f"round {event.number} of {event.workflow} was told as {event.outcome} ({event.reason}), and the ledger has {one}"


def each_round_has_one_outcome(world: World, book: Book) -> Iterator[str]:
    """Rounds are numbered one after the other; each goes by at least one new run, and its outcome is what its new runs came to."""
    for place, those in groupby(book.rounds, key=lambda one: (one.table, one.name.casefold())):
        rounds = list(those)
        if [one.number for one in rounds] != list(range(rounds[0].number, rounds[0].number + len(rounds))):
            yield f"{place} has the rounds {[one.number for one in rounds]}"
        for before, one in pairwise(rounds):
            old, taken = json.loads(before.taken), json.loads(one.taken)
            anew = [book.by_id[run] for key, run in taken.items() if old.get(key) != run and run in book.by_id]
            all_ = [book.by_id[run] for run in taken.values() if run in book.by_id]
            name = f"round {one.number} of {place} ({one.outcome}, {one.reason!r})"
            if not anew:
                yield f"{name} went by no new run: {taken}"
            yield from (f"{name} has {r.trigger} of {r.key}, which has not ended" for r in all_ if r.ended_at is None)
            if one.outcome == "failed" and not any(r.outcome in FAILED for r in all_):
                yield f"{name}, and nothing of it failed"
            if one.outcome != "failed" and (failed := [r for r in anew if r.outcome in FAILED]):
                yield f"{name}, and {failed[0].trigger} of {failed[0].key} {failed[0].outcome}"
            if one.outcome == "skipped" and any(r.outcome == "succeeded" for r in anew):
                yield f"{name}, and something succeeded"


LAWS = (each_round_is_told_once, each_round_has_one_outcome)
