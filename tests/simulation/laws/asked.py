"""What people asked for: by commands, by buttons, by what they typed. Taken once, answered, and nothing that nobody asked."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator

from tests.simulation import dues
from tests.simulation.book import Book
from tests.simulation.laws.covered import covered
from tests.simulation.machine import MICRO
from tests.simulation.spans import Meaning
from tests.simulation.world import World

STOPPED, RESTARTED, CANCELLED, UNAPPROVED = (
    "rowd was stopped, and it had not ended",
    "restarted by ",
    "cancelled by ",
    ("declined by", "nobody approved it"),
)
"""How the reasons begin for which something is cancelled, where the row is in service."""

EVENTS = ("react", "react apart")

WISHES = {"run now": "run now", "Run now": "run now", "snooze 1m": "snooze", "snooze 90s": "snooze"}
GONE = "the row is gone from the table"


def requests_are_answered(world: World, book: Book) -> Iterator[str]:
    """Every request has its answer, and what was taken shows: a run now or a retry has its one occurrence. What was refused has
    none, but where its row is gone, and can't say so.

    What happened waits for a row that can't be understood, until that is mended.
    """
    clear = {(b.name, s.key) for b in world.benches for s in b.spans.all if s.ended is None and s.sure and _clear(s.meaning)}
    for asked in book.asked:
        happened = asked.wish in EVENTS or asked.by.startswith("watch:")
        if asked.taken is None and (not happened or (asked.table, asked.key) in clear):
            yield f"request {asked.id} ({asked.wish} of {asked.key} by {asked.by}) was never answered"
        made = [r for r in book.by_row.get((asked.table, asked.key), ()) if r.trigger == f"request:{asked.id}"]
        run = asked.wish in ("run now", "retry")
        expected = {int(run and asked.taken == 1)}
        if run and asked.taken == 0 and asked.text == GONE:  # it is known no more, or one record is of several
            expected = {0, int(all(r.outcome == "missed" and r.reason == GONE for r in made))}
        if len(made) not in expected and asked.wish not in EVENTS:
            yield f"request {asked.id} ({asked.wish}, taken {asked.taken}) has {len(made)} occurrences"
    commands = sum(a.by == "cli:ann" for a in book.asked)
    if commands != world.asked:
        yield f"{world.asked} requests were put down by commands, {commands} stand in the ledger"


def _clear(meaning: Meaning) -> bool:
    """Whether it is surely a task; of a paused row nobody asks here whether its Schedule can be read."""
    return meaning.understood and meaning.text not in dues.GARBAGE


def presses_are_consumed_once(world: World, book: Book) -> Iterator[str]:
    """A button pressed gives at most one request; and exactly one where rowd surely saw the cell blank, then pressed."""
    for bench in world.benches:
        given = Counter((a.key, a.wish) for a in book.asked if a.table == bench.name and a.by == "the Do cell")
        presses = bench.person.presses
        used: Counter[tuple[str, str]] = Counter()
        sure: Counter[tuple[str, str]] = Counter()
        for press in presses.all:
            if press.text == "please run":
                continue
            place = (press.key, WISHES.get(press.text, press.text))
            used[place] += 1
            sure[place] += press.ready and press.seen
        returned = Counter((key, WISHES.get(text, text)) for key, text in presses.returned)
        moved = 100 if {"copy_row", "clear_id", "put_back"} & bench.person.done.keys() else 0  # a press may get another key
        nameless = Counter(WISHES.get(text, text) for text in presses.nameless)
        for place in given.keys() | used.keys():
            if given[place] > used[place] + returned[place] + nameless[place[1]] + moved:
                yield f"{bench.name}/{place[0]}: {place[1]} was pressed {used[place]} times, and taken {given[place]} times"
            if given[place] < sure[place]:
                yield f"{bench.name}/{place[0]}: {place[1]} was surely pressed {sure[place]} times, and taken {given[place]} times"


def nobody_typed_what_came_back(world: World, book: Book) -> Iterator[str]:
    """What rowd takes for an edit of Status or Current, a person has typed: no old copy brought it, nor rowd."""
    for bench in world.benches:
        said, spoiled = bench.person.said, bench.person.copies.spoiled
        shared = [e for e in book.edits if e.table == bench.name and e.by == "person" and e.column in ("Status", "Current")]
        for (key, column, text), number in Counter((e.key, e.column, e.new or "") for e in shared).items():
            typed = said[key, column, text] + said["", column, text]
            if key not in spoiled and number > typed:
                yield f"{bench.name}/{key}: {column} was changed to {text!r} {number} times, and typed {typed} times"


def what_a_person_is_said_to_have_typed_was_typed_just_then(world: World, book: Book) -> Iterator[str]:
    """An edit of Status or Current comes after a person typed it, and before a later read than the next: what is learnt of a write
    whose answer never came is no person's. Of stores only whose rows have ids of their own, so that it is surely that row.
    """
    start = world.machine.origin
    for bench in world.benches if not world.jumpy else ():
        if bench.store is None or bench.store.name == "google_sheets":
            continue
        person, lag = bench.person, int(bench.store.lag * MICRO)
        reads = sorted(set(bench.sheet.noted))  # a daemon that starts may read several times in one moment
        for edit in book.edits:
            place = (edit.key, edit.column, edit.new or "")
            if edit.by != "person" or edit.column not in ("Status", "Current") or edit.key in person.copies.spoiled:
                continue
            times = person.typed_at.get(place, [])
            if person.said[place] > len(times) or person.said["", edit.column, edit.new or ""]:  # an old copy may have brought it
                continue
            at = edit.at - start
            before = bisect_right(reads, at)
            since = reads[before - 2] - lag if before >= 2 else 0
            if not any(since <= moment <= at + MICRO for moment in times):
                yield f"{bench.name}/{edit.key}: {edit.column} was changed to {edit.new!r} at {at}, and nobody had typed that"


def nothing_is_cancelled_for_nothing(world: World, book: Book) -> Iterator[str]:
    """What was cancelled a person cancelled, or took out of service; or the next one restarted it, or rowd was stopped."""
    asked = {(a.table, a.key, a.by) for a in book.asked if a.wish == "cancel" and a.taken}
    for row in covered(world, book):
        for record in row.all:
            if record.outcome != "cancelled" or record.reason.startswith((STOPPED, RESTARTED, *UNAPPROVED)):
                continue
            if record.reason.startswith(CANCELLED):
                known = any(
                    record.reason.startswith(CANCELLED + by)
                    for table, key, by in asked
                    if (table, key) == (row.bench.name, row.key)
                )
            else:
                meaning = row.meant(record.ended_at or 0)
                known = (
                    meaning is None or meaning.kind == "none" or (bool(meaning.after) and record.reason.startswith("Depends On"))
                )
            if not known:
                yield f"{row.bench.name}/{row.key}: {record.trigger} was cancelled ({record.reason}), and nobody wanted that"


LAWS = (
    requests_are_answered,
    presses_are_consumed_once,
    nobody_typed_what_came_back,
    what_a_person_is_said_to_have_typed_was_typed_just_then,
    nothing_is_cancelled_for_nothing,
)
