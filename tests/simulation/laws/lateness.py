"""What is done on time, what is late, and what becomes of that."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from tests.simulation.book import Book
from tests.simulation.laws.covered import covered, grace, span_of, well_until
from tests.simulation.laws.hangs import patience
from tests.simulation.machine import MICRO
from tests.simulation.world import World

LATE = frozenset({"rowd was not running", "too late to start", "rowd could not write its ledger"})
"""What came later than the grace allows is missed for one of these."""

NEWER = ", and a newer one took its place"

CAUGHT_UP = 100
"""So many `Catch Up` all runs at the most."""

MOST_ROWS = 80


def lateness_is_forgiven_within_the_grace(world: World, book: Book) -> Iterator[str]:
    """With `Catch Up` skip: what starts is no later than its grace, and what is missed for being late is later than that."""
    if world.jumpy:
        return
    for row in covered(world, book):
        skips = all(s.meaning.catch_up in ("", "skip") for s in row.spans)
        for record in row.records if skips else ():
            span = span_of(row, record.last // MICRO)
            if span is None or span.meaning.one_off:
                continue
            forgiven = grace(span, record.last // MICRO)
            late = (
                (record.ended_at or 0) if record.started_at is None and record.outcome == "missed" else record.claimed_at
            ) - record.last
            name = f"{row.bench.name}/{row.key} {record.trigger}, {late / MICRO} s late"
            if record.outcome == "missed":
                if record.reason in LATE and late <= forgiven * MICRO:
                    yield f"{name}: missed ({record.reason}) within its grace of {forgiven} s"
            elif record.outcome != "skipped" and late > (forgiven + span.meaning.jitter + patience(span.meaning.condition)) * MICRO:
                yield f"{name}: claimed beyond its grace of {forgiven} s"


def claims_are_made_on_time(world: World, book: Book) -> Iterator[str]:
    """Nothing is claimed before it is due; and where all was well, it is dealt with at once.

    All that may take time then is the disk: where each task is decided on in a plan of its own, as many commits follow each other
    as a table has rows, and each is waited for twice. A row that was written in settles for two seconds, and that is told from its
    `touches`, and from when it first bore its key.
    """
    most = ((0.3 + world.disk.longest * MOST_ROWS, True), (12, False))  # where the disk is swift, and where it stalls
    for row in covered(world, book):
        for record in row.records:
            if record.reason.startswith("asked by"):
                continue
            late = (record.claimed_at - record.due) / MICRO
            if late < 0:
                yield f"{row.bench.name}/{row.key} {record.trigger} was claimed {-late} s before it was due"
            span = span_of(row, record.due // MICRO)
            if record.count > 1 or span is None or not span.sure or span.meaning.one_off or world.jumpy:
                continue
            jitter = min(span.meaning.jitter, grace(span, record.due // MICRO)) + patience(span.meaning.condition)
            limits = [(bad + jitter, swift) for bad, swift in most if late > bad + jitter]
            if any(well_until(row, record.due, swift=swift) >= record.due + limit * MICRO for limit, swift in limits):
                yield f"{row.bench.name}/{row.key} {record.trigger} was dealt with {late} s late"


def catch_up_runs_what_it_says(world: World, book: Book) -> Iterator[str]:
    """Of what is late beyond its grace `Catch Up` once runs the newest, and all the newest hundred: only older ones are missed."""
    for row in covered(world, book) if not world.jumpy else ():
        for record in row.records:
            reason = record.reason.removesuffix(NEWER)
            meaning = row.meant(record.ended_at or 0)
            if record.outcome != "missed" or reason not in LATE or meaning is None or meaning.catch_up not in ("once", "all"):
                continue
            name = f"{row.bench.name}/{row.key} {record.trigger} was missed ({record.reason}), and Catch Up says {meaning.catch_up}"
            # Claimed before, of what came later: by another daemon. It was one of the hundred all the same.
            newer = sum(r.count for r in row.records if r.due > record.last and r.claimed_at <= (record.ended_at or 0))
            if reason == record.reason or (meaning.catch_up == "all" and newer < CAUGHT_UP):
                yield f"{name}; {newer} newer ones were taken up"


def jitter_spreads_what_comes_due(world: World, book: Book) -> Iterator[str]:
    """What comes due with jitter starts some time within it: of many not all do at once. How late it is at the most, see above."""
    drawn: defaultdict[int, list[float]] = defaultdict(list)
    for row in covered(world, book) if not world.jumpy else ():
        for record in row.records:
            span = span_of(row, record.due // MICRO)
            if (
                span is None
                or not span.meaning.jitter
                or span.meaning.condition
                or record.count > 1
                or record.outcome == "missed"
                or span.meaning.one_off
            ):
                continue
            room = min(span.meaning.jitter, grace(span, record.due // MICRO))
            if well_until(row, record.due) >= record.due + (room + 1) * MICRO:
                drawn[span.meaning.jitter].append((record.claimed_at - record.due) / MICRO / room)
    for jitter, shares in drawn.items():
        if len(shares) >= 6 and (max(shares) < 0.1 or min(shares) > 0.9):
            yield f"of {len(shares)} with a jitter of {jitter} s all started after {min(shares)} to {max(shares)} of it"


LAWS = (
    lateness_is_forgiven_within_the_grace,
    claims_are_made_on_time,
    catch_up_runs_what_it_says,
    jitter_spreads_what_comes_due,
)
