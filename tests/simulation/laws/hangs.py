"""What hangs on facts: it starts where these were so, is left out where they weren't, and is missed where nobody could tell."""

from __future__ import annotations

from collections.abc import Iterator

from tests.simulation.book import Book, Record
from tests.simulation.facts import CONDITIONS, MAX_AGE, TIMEOUT, Answer
from tests.simulation.laws.covered import Covered, covered
from tests.simulation.machine import MICRO
from tests.simulation.world import World

WRITTEN = 4
"""Seconds until an answer is durable, and what hangs on it is claimed, where the disk is well."""

BY_ITSELF = ("schedule", "counter", "event", "completion")


def patience(condition: str) -> int:
    """Seconds that a row of this condition waits at the most for what it asks for."""
    return len(CONDITIONS.get(condition, ())) * (TIMEOUT + WRITTEN)


def _lately(row: Covered, name: str, condition: str, at: int) -> list[Answer]:
    """The answers by which something of this condition may have been decided at that instant: they hold for `max_age` from when
    they were asked for, and for those who have waited for them.
    """
    moment = at - row.world.machine.origin
    fresh, waited = moment - (MAX_AGE[name] + 1) * MICRO, moment - patience(condition) * MICRO
    until = {True: moment + MICRO, False: moment + WRITTEN * MICRO}  # what is broken off may take its time to end
    return [
        a for a in row.world.facts.answers[name] if (a.asked >= fresh or a.told >= waited) and a.told <= until[a.value is not None]
    ]


def _unwell(row: Covered, at: int) -> bool:
    """Whether something kept rowd, about that instant, from taking note of answers at once."""
    world, moment = row.world, at - row.world.machine.origin
    since = moment - 90 * MICRO
    troubled = [*world.disk.refused, *world.disk.stalled]
    return any(since <= t <= moment for t in troubled) or any(a <= moment and since <= b for a, b in world.disturbed)


def _comes_to(row: Covered, condition: str, at: int) -> set[bool | None]:
    """All that it may have come to at that instant; None where something could not be had."""
    found: set[bool | None] = {True}
    for name, holds in CONDITIONS[condition]:
        if True in found:
            each = {None if a.value is None else holds(a.value) for a in _lately(row, name, condition, at)}
            found = found - {True} | each
    return found


def nothing_starts_against_a_fact(world: World, book: Book) -> Iterator[str]:
    """What comes due by itself starts only where its condition held by an answer that is no older than it may be; it is skipped for
    its condition only where that did not hold by one; and what could not be had is missed, and never taken for false.
    """
    for row in covered(world, book):
        for record in row.all:
            means = row.meant(record.claimed_at)
            if means is None or not means.understood or means.condition not in CONDITIONS or record.cause not in BY_ITSELF:
                continue
            if _unwell(row, record.claimed_at):
                continue
            came_to = _comes_to(row, means.condition, record.claimed_at)
            name = f"{row.bench.name}/{row.key} {record.trigger} ({record.outcome}, {record.reason!r})"
            if record.ran and True not in came_to:
                yield f"{name} was claimed, and {means.condition} did not hold by any answer of then"
            if record.outcome == "skipped" and record.reason.startswith("fact.") and False not in came_to:
                yield f"{name}: no answer of then said so"
            if (
                record.outcome == "missed"
                and "could not be asked" in record.reason
                and "its turn" not in record.reason
                and None not in came_to
            ):
                yield f"{name}: it could be asked"


def what_could_not_be_had_is_never_taken_for_false(world: World, book: Book) -> Iterator[str]:
    """Nothing is skipped for a fact that could not be asked: that is missed."""
    for record in book.records:
        if record.outcome == "skipped" and "could not be asked" in record.reason and not _passed_on(record):
            yield f"{record.table}/{record.key} {record.trigger} was skipped: {record.reason}"


def what_has_no_condition_asks_for_nothing(world: World, book: Book) -> Iterator[str]:
    """Nothing is skipped or missed for a fact that the row doesn't name."""
    for row in covered(world, book):
        for record in row.all:
            means = row.meant(record.claimed_at)
            if means is None or not means.understood or means.condition:
                continue
            if "fact." in record.reason and not _passed_on(record):
                yield f"{row.bench.name}/{row.key} {record.trigger} was {record.outcome}: {record.reason}"


def _passed_on(record: Record) -> bool:
    """Whether it says what another row says of itself."""
    return record.cause == "completion" and any(f"was {how} (" in record.reason for how in ("skipped", "missed"))


LAWS = (nothing_starts_against_a_fact, what_could_not_be_had_is_never_taken_for_false, what_has_no_condition_asks_for_nothing)
