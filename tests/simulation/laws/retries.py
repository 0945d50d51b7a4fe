"""How a run is tried: as often, for as long and at such distances as its row and its action say."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from tests.simulation.book import Book, Record
from tests.simulation.laws.covered import covered
from tests.simulation.machine import MICRO
from tests.simulation.operator import APPROVED, DEFINITIONS
from tests.simulation.spans import Meaning
from tests.simulation.world import World

TIMEOUTS = {"": 300, "20s": 20, "90s": 90, "5 min": 300}
PRIORITIES = {"": 0, "low": -1, "normal": 0, "high": 1, "5": 5}
"""What stands in the cell → seconds, or the priority that is meant."""

REPEATED = 3
"""Attempts of an action that may be repeated, where nobody says how many."""

LONGEST_WAIT = 3600 * MICRO

LATEST_BEGIN = 3 * MICRO
"""So much later than it was ordered a process may begin."""

STUBBORN = 5
"""Seconds that an action which is stopped goes on at the most."""


def attempts(meaning: Meaning) -> int:
    """How often a run of such a row is tried at the most."""
    definition = DEFINITIONS[meaning.action]
    return int(meaning.attempts or definition.attempts or (REPEATED if definition.repeatable else 1))


def shortest_wait(record: Record, failed: int) -> int:
    """Microseconds from the end of the n-th failed attempt to the next one at the least; a quarter more at the most."""
    wait = DEFINITIONS[record.action].retry_wait.total_seconds()
    return min(round(wait * MICRO) << (failed - 1), LONGEST_WAIT)


def what_is_claimed_is_what_the_row_says(world: World, book: Book) -> Iterator[str]:
    """An occurrence bears the action, the attempts, the time-out and the priority that its row said when it was claimed."""
    for row in covered(world, book):
        for record in row.all:
            meaning = row.meant(record.claimed_at)
            if not record.ran or meaning is None or not meaning.understood or {record.action, meaning.action} & APPROVED:
                continue  # what waits for an approval is what the row says as that is given
            wanted = (meaning.action, attempts(meaning), TIMEOUTS[meaning.timeout] * MICRO, PRIORITIES[meaning.priority])
            if (bears := (record.action, record.attempts, record.timeout, record.priority)) != wanted:
                yield f"{row.bench.name}/{row.key} {record.trigger} was claimed with {bears}, and the row said {wanted}"


def attempts_follow_the_rules(world: World, book: Book) -> Iterator[str]:
    """Attempts stay within the allowed number; each further one follows a recorded failure, or a loss where repeatable."""
    for run, tries in book.of_run.items():
        record = book.by_id[run]
        if [t.n for t in tries] != list(range(1, len(tries) + 1)) or len(tries) > record.attempts:
            yield f"{run} has the attempts {[t.n for t in tries]} of {record.attempts}"
        for before in tries[:-1]:
            if before.outcome not in _repeated(record):
                yield f"{run} was tried again after attempt {before.n} {before.outcome}"


def nothing_is_given_up_early(world: World, book: Book) -> Iterator[str]:
    """What failed was tried as often as allowed, unless somebody stopped it."""
    for run, tries in book.of_run.items():
        record = book.by_id[run]
        if record.outcome in _repeated(record) and len(tries) < record.attempts and not record.stopping:
            yield f"{run} ({record.trigger} of {record.key}) {record.outcome} after {len(tries)} of {record.attempts} attempts"


def _repeated(record: Record) -> tuple[str, ...]:
    """Outcomes after which it is tried again."""
    return ("failed", "timed out", "lost") if record.repeatable else ("failed", "timed out")


def attempts_keep_their_distance(world: World, book: Book) -> Iterator[str]:
    """The wait for the next attempt doubles with each that failed. How long it is at the most, `order` sees to."""
    for run, tries in book.of_run.items() if not world.jumpy else ():
        record = book.by_id[run]
        for before, after in pairwise(tries):
            if before.ended_at is None:
                continue
            waited = after.started_at - before.ended_at
            if waited < (least := shortest_wait(record, before.n)):
                yield f"{run} attempt {after.n} began after {waited / MICRO} s, and ought to wait for {least / MICRO} s"


def nothing_outlasts_its_time_out(world: World, book: Book) -> Iterator[str]:
    """No attempt runs for longer than it may, where one daemon was there all the time, and awake."""
    whole = [span for bench in world.benches for span in bench.well]
    for seen in world.witness.seen:
        record = book.by_id.get(seen.request.run)
        if seen.ended is None or record is None:
            continue
        most = record.timeout + (STUBBORN + 1) * MICRO
        awake = not any(begin < seen.ended and seen.began < end for begin, end in world.disturbed)
        if seen.ended - seen.began > most and awake and any(a <= seen.began and seen.ended <= b for a, b in whole):
            yield f"{seen.place} ran for {(seen.ended - seen.began) / MICRO} s, {record.timeout / MICRO} s allowed"


def what_timed_out_had_its_time(world: World, book: Book) -> Iterator[str]:
    """No attempt is called timed out before its time was over, which for a process counts from when it was ordered."""
    for one in book.tries:
        seen = world.witness.by_place.get((one.run, one.n))
        if one.outcome != "timed out" or seen is None or seen.ended is None:
            continue
        late = LATEST_BEGIN if seen.process else 0
        if seen.ended - seen.began < (least := book.by_id[one.run].timeout - MICRO - late):
            yield f"{seen.place} is called timed out after {(seen.ended - seen.began) / MICRO} s of {least / MICRO}"


LAWS = (
    what_is_claimed_is_what_the_row_says,
    attempts_follow_the_rules,
    nothing_is_given_up_early,
    attempts_keep_their_distance,
    nothing_outlasts_its_time_out,
    what_timed_out_had_its_time,
)
