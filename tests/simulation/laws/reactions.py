"""What happens to watched sources: asked once of each row that reacts to it, or counts it; and what becomes of that."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Iterator
from itertools import pairwise

from engine.events import WatchUntold
from tests.simulation.book import Book
from tests.simulation.laws.covered import Covered, covered, within
from tests.simulation.laws.happened import APART, TOGETHER, Asking, Told, told
from tests.simulation.machine import MICRO
from tests.simulation.operator import DEFINITIONS
from tests.simulation.outside import ALTERATIONS, OUTCOMES, SAID, Happened
from tests.simulation.spans import Meaning
from tests.simulation.stretches import Kept
from tests.simulation.world import World

NOTHING = Asking()

HEARD = 60 * MICRO
"""Within this a daemon that lives on has told of what it keeps to itself."""

AT_LAST = 60 * MICRO
"""An event that has waited so long, in a row that has nothing else to do, is forgotten."""


def nothing_is_told_that_did_not_happen(world: World, book: Book) -> Iterator[str]:
    """An event that asks a row is one that happened; ticks are as many as things happened."""
    known = told(world, book)
    yield from (f"request {a.id} of {a.key} by {a.by} is about nothing that happened: {a.event}" for a in known.strange)
    for (place, source), asking in known.asking.items():
        yield from (f"request {a.id} counts {source} by {a.amount}, which is no number of happenings" for a in asking.torn)
        yield from (
            f"{place} was asked {len(those)} times for {name}, of {source}"
            for name, those in asking.reacts.items()
            if len(those) > 1
        )
        ranges = sorted(asking.ticks, key=lambda tick: tick[:2])
        for (_, last, one), (first, _, other) in pairwise(ranges):
            if first <= last:
                yield f"{place} counts happenings {first} to {last} of {source} twice, by the requests {one.id} and {other.id}"


def what_is_known_by_an_id_counts_once(world: World, book: Book) -> Iterator[str]:
    """What is emitted, or delivered, again under an id that was used before asks nothing."""
    known = told(world, book)
    for (place, source), asking in known.asking.items():
        those = known.of_source[source]
        ids = Counter(those[known.at[source][name]].known_by for name, asked in asking.reacts.items() for _ in asked)
        ids += Counter(one.known_by for first, last, _ in asking.ticks for one in those[first : last + 1])
        react = {those[known.at[source][name]].known_by for name in asking.reacts}
        for id_, number in ids.items():
            if id_ and number > (1 if id_ not in react or not asking.ticks else 2):
                yield f"{place} was asked {number} times for what is known by {id_} at {source}"


def each_happening_asks_each_row_once(world: World, book: Book) -> Iterator[str]:
    """Whatever happens to a source asks every row that reacts to it then, and counts in every counter that counts it then: all of
    them in one commit, whenever that is, and no row that doesn't. First sight is no news, nor is what a source has brought about.
    """
    known = told(world, book)
    for row in covered(world, book):
        for source in SAID:
            asking = known.asking.get(((row.bench.name, row.key), source), NOTHING)
            counted = {n for first, last, _ in asking.ticks for n in range(first, last + 1)}
            for n, one in enumerate(known.of_source[source]):
                if (means := _when_asked(row, known, one)) is None:
                    continue
                name = f"{row.bench.name}/{row.key} {{}} for {one.name} of {source}, which happened after {one.since / MICRO} s"
                if (source in means.watches) != (one.name in asking.reacts) and _in_service(means) is not None:
                    yield name.format("was asked" if one.name in asking.reacts else "was not asked")
                if means.understood and (source in means.counts) != (n in counted):
                    yield name.format("was counted up" if n in counted else "was not counted up")


def _in_service(means: Meaning) -> bool | None:
    """Whether the row is; None where it is no task, maybe for a reason that isn't known here, or is completed by its next run."""
    return means.kind != "none" if means.understood and not (means.kind == "time" and means.one_off) else None


def _when_asked(row: Covered, known: Told, one: Happened) -> Meaning | None:
    """What the row surely meant when rows were asked for this; None where that can't be told, or where nobody had to be."""
    at = known.asked_at[one.source].get(one.name)
    if at is not None:
        return None if _kept(row, at, at + 1, (Kept.HELD,)) else row.meant(at)
    if not _news(row.world, known, one):
        return None
    since, until = known.all_along(one)
    means = row.meant(since)
    if means is None or row.meant_until(since) < until or _kept(row, since, until, (Kept.MISSING, Kept.UNCLEAR, Kept.HELD)):
        return None
    return means


def _kept(row: Covered, since: int, until: int, ways: Collection[Kept]) -> bool:
    """Whether it stood so with the row, or its table, at some time in between.

    In a table that is held, a row that bears the name of one that is missing is no task.
    """
    start = row.world.machine.origin
    held = ((why, stretch) for (why, key), over in row.bench.spans.kept.over.items() if key in ("", row.key) for stretch in over)
    return any(why in ways and start + a < until and since < start + b for why, (a, b) in held)


def _news(world: World, known: Told, one: Happened) -> bool:
    """Whether rows surely had to be asked for it: it came after the first sight of its source, which hasn't brought it about."""
    if one.source == "hook":
        return one.until is not None
    if one.source == "inbox":
        return known.at["inbox"][one.name] >= world.outside.folder.unseen and world.outside.folder.known
    if one.source in ALTERATIONS:
        asked = known.asked_at[one.source].values()
        return min(asked, default=1 << 62) < world.machine.origin + one.since
    if one.source not in OUTCOMES:
        return True
    asked, start = known.asked_at[one.source].values(), world.machine.origin
    led, whole = known.through(one.origin)
    return whole and one.source not in led and min(asked, default=1 << 62) < start + one.since < start + world.settled - HEARD


def what_was_asked_is_one_run(world: World, book: Book) -> Iterator[str]:
    """All that was taken stands in one run, or in one record of what was left out; deliveries each in a run of its own."""
    known = told(world, book)
    yield from (f"request {a.id} ({a.wish} of {a.key} by {a.by}) was taken, and nothing stands for it" for a in known.unanswered)
    for batch in known.batches.values():
        record = batch.record
        name = f"{record.table}/{record.key} {record.trigger} ({record.outcome}, {record.reason!r})"
        if not batch.requests:
            yield f"{name}: nothing was asked that it is for"
        if len(batch.requests) > 1 and all(a.wish == APART for a in batch.requests) and record.ran:
            yield f"{name} stands for {len(batch.requests)} deliveries"
        if record.count > 1:  # equal ones that are one record say what the first one was about
            if all(a.wish == APART for a in batch.requests) and record.count != len(batch.requests):
                yield f"{name} stands for {record.count}, and {len(batch.requests)} deliveries were left out"
            continue
        events = [json.loads(a.event) for a in batch.requests]
        said, number = json.loads(record.event), sum(event.get("number", 1) for event in events)
        if events and said.get("number") != number:
            yield f"{name} is said to be for {said.get('number')} things, and is for {number}"
        paths = [event["paths"] for event in events if "paths" in event]
        if "paths" in said and not set(paths) <= {*(lines := said["paths"].splitlines())}.union(_cut(lines, paths)):
            yield f"{name} says {said['paths']!r}, and is for {paths}"


def _cut(lines: list[str], paths: list[str]) -> list[str]:
    return paths if lines[-1:] == ["…"] else []


def what_was_refused_was_out_of_service(world: World, book: Book) -> Iterator[str]:
    """No event that was asked of a row is refused while the row is surely in service and reacts to it."""
    for row in covered(world, book):
        for asked in book.asked_of[row.bench.name, row.key]:
            if asked.wish not in (TOGETHER, APART) or asked.taken != 0 or asked.answered_at is None:
                continue
            means = row.meant(asked.answered_at)
            if means is not None and means.kind != "none" and asked.by.removeprefix("watch:") in means.watches:
                yield f"{row.bench.name}/{row.key}: request {asked.id} by {asked.by} was refused ({asked.text})"


def nothing_goes_on_for_ever(world: World, book: Book) -> Iterator[str]:
    """No source of outcomes tells of what it has brought about itself, over whatever links; and where it doesn't, that is told."""
    known = told(world, book)
    start = world.machine.origin
    untold = [(start + one.moment, one.event) for one in world.heard if isinstance(one.event, WatchUntold)]
    turns = [start + moment for moment in (*world.births, *world.deaths)]
    for source in OUTCOMES:
        for one in known.of_source[source]:
            led, _ = known.through(one.origin)
            if source not in led:
                continue
            record = book.by_id[one.origin]
            name = f"{record.table}/{record.key} {record.trigger} came about through {source}"
            if one.name in known.asked_at[source]:
                yield f"{name}, which asks rows for its end"
            at = record.ended_at or 0
            gone = any(at <= turn <= at + HEARD for turn in turns) or at + HEARD > start + world.machine.moment
            heard = any(
                at - MICRO <= when <= at + HEARD and event.watch == source and record.task in event.summary
                for when, event in untold
            )
            if not gone and not heard and not world.jumpy and not world.disk.refused:
                yield f"{name}, and nobody was told that it is left alone"


def nothing_that_happened_is_left(world: World, book: Book) -> Iterator[str]:
    """Of a row that is in service, with nothing under way or in its way, no event waits."""
    if world.jumpy:
        return
    start, now = world.machine.origin, world.machine.moment
    for row in covered(world, book):
        means, held = row.meant(start + now), world.held(row.bench.name)
        if means is None or means.kind == "none" or held is None or row.key in held or row.key in world.snoozed:
            continue
        dark = any(
            row.bench.name in b.tables and within(b, at)
            for b in world.operator.blackouts
            for at in (start + now, start + now - AT_LAST)
        )
        busy = any(r.stage != "ended" or (r.ended_at or 0) > start + now - AT_LAST for r in row.all)
        if dark or busy or row.bench.name in world.operator.brakes or DEFINITIONS[means.action].at_most_every is not None:
            continue
        for asked in book.asked_of[row.bench.name, row.key]:
            if asked.wish in (TOGETHER, APART) and asked.taken is None and asked.asked_at < start + now - AT_LAST:
                yield f"{row.bench.name}/{row.key}: request {asked.id} by {asked.by} has waited since {asked.asked_at}"


LAWS = (
    nothing_is_told_that_did_not_happen,
    what_is_known_by_an_id_counts_once,
    each_happening_asks_each_row_once,
    what_was_asked_is_one_run,
    what_was_refused_was_out_of_service,
    nothing_goes_on_for_ever,
)
IN_SERVICE = (nothing_that_happened_is_left,)
