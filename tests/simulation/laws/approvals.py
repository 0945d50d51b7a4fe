"""Approvals: what needs one starts only by one of its own, for just what it does; what was said is done, and done once."""

from __future__ import annotations

import json
from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import lru_cache

from engine.runner import NOT_AS_APPROVED
from tests.simulation.approvers import Did
from tests.simulation.book import Asked, Book, Record
from tests.simulation.laws.covered import covered
from tests.simulation.machine import MICRO
from tests.simulation.operator import APPROVED, DEFINITIONS
from tests.simulation.world import World

Place = tuple[str, str]

ANYTHING: Collection[Did] = ()


@dataclass
class Word:
    """One approval that was taken.   at: when it was asked for.   of: what may have been meant; ANYTHING where nobody knows."""

    at: int
    of: Collection[Did]
    used: bool = False


def nothing_starts_unapproved(world: World, book: Book) -> Iterator[str]:
    """Each run that needs an approval, and each that goes on by another definition, has one of its own, given before, of the very
    action, values and definition that it was seen to run with; no approval lets two begin.
    """
    words = _words(world, book)
    for place, those in _begun(world, book).items():
        left = words.get(place, [])
        for at, run, did in those:
            word = next((w for w in left if not w.used and (w.at <= at or world.jumpy) and did in w.of), None)
            word = word or next((w for w in left if not w.used and (w.at <= at or world.jumpy) and w.of is ANYTHING), None)
            if word is None:
                yield f"{place}: {run} began at {at} as {did}, and nobody had approved that: {left}"
                break
            word.used = True


def _begun(world: World, book: Book) -> dict[Place, list[tuple[int, str, Did]]]:
    """Row → (when, run, what it did), in order; of a run once for each thing that it did."""
    found: defaultdict[Place, list[tuple[int, str, Did]]] = defaultdict(list)
    known: set[tuple[str, Did]] = set()
    for seen in world.witness.seen:
        request = seen.request
        did = (request.action, str(request.parameters["n"]), seen.version)
        if request.action in APPROVED and (request.run, did) not in known and request.run in book.by_id:
            known.add((request.run, did))
            record = book.by_id[request.run]
            found[record.table, record.key].append((world.machine.origin + seen.began, request.run, did))
    return found


@lru_cache(1)
def _words(world: World, book: Book) -> dict[Place, list[Word]]:
    """Row → what was taken of it, oldest first."""
    found: defaultdict[Place, list[Word]] = defaultdict(list)
    for asked in book.asked:
        if (asked.wish, asked.taken) == ("approve", 1):
            looked = world.approvers.asked.get(asked.id)
            found[asked.table, asked.key].append(Word(asked.asked_at, _pressed(world, asked) if looked is None else {looked.did}))
    return found


def _pressed(world: World, asked: Asked) -> Collection[Did]:
    """What the row said as the button was pressed; the action may have been defined anew before rowd has read that."""
    person, start = next(b for b in world.benches if b.name == asked.table).person, world.machine.origin
    presses = [p for p in person.presses.all if (p.key, p.text) == (asked.key, "approve") and start + p.moment <= asked.asked_at]
    if world.jumpy or not presses or (asked.key, "approve") in person.presses.returned or "approve" in person.presses.nameless:
        return ANYTHING
    action, number = presses[-1].of
    defined = world.approvers.defined.get(action, [])
    first = bisect_right(defined, presses[-1].moment, key=lambda one: one[0]) - 1
    return {(action, number, version) for moment, version in defined[first:] if start + moment <= asked.asked_at}


def what_begins_is_what_the_row_says(world: World, book: Book) -> Iterator[str]:
    """What was approved begins only as long as its row says the same: an edit voids the approval."""
    for row in covered(world, book):
        for record in row.all:
            first = next(iter(book.of_run[record.id]), None)
            means = row.meant(first.started_at) if first is not None else None
            if first is None or means is None or not means.understood or APPROVED.isdisjoint({means.action, record.action}):
                continue
            wanted, given = json.loads(means.values or "{}").get("n", 0), json.loads(record.parameters)["n"]
            if (means.action, wanted) != (record.action, given) and record.action in APPROVED:
                yield f"{row.bench.name}/{row.key}: {record.trigger} began as {record.action} {given}, and the row says {means}"


def an_attempt_is_given_up_only_for_a_definition_that_came_between(world: World, book: Book) -> Iterator[str]:
    """What was let begin ends without having run only where its action was changed after that was decided: else it waits."""
    start = world.machine.origin
    for record in book.records if not world.jumpy else ():
        tries = book.of_run[record.id]
        if record.reason == NOT_AS_APPROVED.summary and tries:
            low, high = tries[-1].started_at - MICRO, record.ended_at or 0
            if not any(low <= start + moment <= high for moment, _ in world.approvers.defined[record.action]):
                yield f"{record.table}/{record.key}: {record.trigger} was let begin, though {record.action} had been changed before"


def an_approval_is_taken_once(world: World, book: Book) -> Iterator[str]:
    """No more runs bear an approval than were given, and each that does says by whom."""
    borne: Counter[tuple[str, str, str]] = Counter()
    for record in book.records:
        if (approval := _approval(record)) is not None and approval.get("by"):
            borne[record.table, record.key, approval["by"]] += 1
    taken = Counter((a.table, a.key, _who(a)) for a in book.asked if (a.wish, a.taken) == ("approve", 1))
    yield from (
        f"{place}: {number} runs bear an approval, and {taken[place]} were taken" for place, number in (borne - taken).items()
    )


def _who(asked: Asked) -> str:
    return "someone with edit access" if asked.by == "the Do cell" else asked.by


def what_ran_bears_its_approval(world: World, book: Book) -> Iterator[str]:
    """In the ledger, too: nothing of an action that needs one has begun without."""
    for record in book.records:
        approval = _approval(record)
        if (
            record.action in APPROVED
            and book.of_run[record.id]
            and (approval is None or (not approval.get("by") and not approval.get("void")))
        ):
            yield f"{record.table}/{record.key}: {record.trigger} began, and bears no approval: {approval}"


def what_was_declined_is_recorded(world: World, book: Book) -> Iterator[str]:
    """Each refusal that was taken ends one run, with who has said so, in their words: skipped, or cancelled where it had begun."""
    said: Counter[tuple[str, str, str]] = Counter()
    for record in book.records:
        if record.reason.startswith("declined by"):
            said[record.table, record.key, record.reason] += 1
            wanted = "cancelled" if book.of_run[record.id] else "skipped"
            if record.outcome != wanted:
                name = f"{record.table}/{record.key}: {record.trigger}"
                yield f"{name} was {record.outcome} ({record.reason}), and ought to be {wanted}"
    numbers = {number: n for n, number in enumerate(world.approvers.asked)}
    asked = (a for a in book.asked if (a.wish, a.taken) == ("decline", 1))
    taken = Counter((a.table, a.key, f"declined by cli:bob: said {numbers[a.id]}") for a in asked)
    for place in said.keys() | taken.keys():
        if said[place] != taken[place]:
            yield f"{place}: {taken[place]} refusals were taken, and {said[place]} are recorded"


def nothing_expires_early(world: World, book: Book) -> Iterator[str]:
    """What nobody has approved is left out once its time is over, and not before; where all is well it doesn't wait for longer."""
    for row in covered(world, book) if not world.jumpy else ():
        for record in row.all:
            within = DEFINITIONS[record.action].approval_within
            approval = _approval(record)
            if within is None or approval is None or record.ended_at is None:
                continue
            waited, most = record.ended_at - record.claimed_at, within.total_seconds() * MICRO
            if record.reason.startswith("nobody approved it") and waited < most:
                yield f"{row.bench.name}/{row.key}: {record.trigger} was given up after {waited / MICRO} s"


def _approval(record: Record) -> dict[str, str] | None:
    found: dict[str, str] | None = json.loads(record.approval) if record.approval else None
    return found


LAWS = (
    nothing_starts_unapproved,
    what_begins_is_what_the_row_says,
    an_attempt_is_given_up_only_for_a_definition_that_came_between,
    an_approval_is_taken_once,
    what_ran_bears_its_approval,
    what_was_declined_is_recorded,
    nothing_expires_early,
)
