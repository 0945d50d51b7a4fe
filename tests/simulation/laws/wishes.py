"""What a button or a command that was taken comes to: a cancel, a skip next, a snooze."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator

from tests.simulation.book import Asked, Book, Record
from tests.simulation.laws.covered import Covered, at, covered, grace, micros, span_of
from tests.simulation.laws.overlaps import still_going, still_running
from tests.simulation.machine import MICRO
from tests.simulation.spans import Span
from tests.simulation.world import World

SETTLING = 5
"""Seconds that may pass from when a press is read until it is taken."""


def _taken(row: Covered, book: Book, wish: str) -> list[tuple[int, Asked]]:
    """(when it was taken, what), in order."""
    mine = [a for a in book.asked_of[row.bench.name, row.key] if (a.wish, a.taken) == (wish, 1)]
    return sorted(((a.answered_at or 0, a) for a in mine), key=lambda pair: pair[0])


def what_was_cancelled_ends(world: World, book: Book) -> Iterator[str]:
    """A cancel stops whatever is under way, soon, whatever daemon is there then, and nothing of it is tried again."""
    if world.jumpy:
        return
    for row in covered(world, book):
        for told, asked in _taken(row, book, "cancel"):
            when = f"by the cancel {asked.id}"
            for record in row.all:
                if record.ran and record.claimed_at < told and (record.ended_at is None or told < record.ended_at):
                    yield from still_going(book, record, told, when)
                    yield from still_running(row, record, told, when)


def skip_next_skips_the_next(world: World, book: Book) -> Iterator[str]:
    """A `skip next` that was taken leaves out the one occurrence that comes next, and no other."""
    for row in covered(world, book):
        skipped = [r for r in row.records if r.outcome == "skipped" and r.reason.startswith("asked by")]
        taken = _taken(row, book, "skip next")
        if (number := sum(r.count for r in skipped)) > len(taken):
            yield f"{row.bench.name}/{row.key}: {number} were skipped as asked, which was {len(taken)} times"
        for told, asked in taken if not world.jumpy else ():
            second = told // MICRO
            for span in row.spans:
                wanted = row.sure(span)
                ahead = bisect_right(wanted, second)
                if span.known is None or micros(span.known) >= told or ahead == len(wanted) or not _plain(span):
                    continue
                due, fresh = wanted[ahead], second - grace(span, wanted[max(0, ahead - 1)]) - span.meaning.jitter - SETTLING
                ran = [r for r in row.records if r.ran and r.due == due * MICRO]
                left_out = [r for r in skipped if fresh <= r.last // MICRO and r.due // MICRO <= due]
                if ran and not left_out:
                    yield f"{row.bench.name}/{row.key}: {at(due)} ran, though {asked.id} asked to skip the next"


def _plain(span: Span) -> bool:
    """It recurs, and what is late beyond its grace doesn't run: then what came due so long ago is not the next one."""
    return not span.meaning.one_off and span.meaning.catch_up in ("", "skip")


def a_snooze_keeps_its_row_back(world: World, book: Book) -> Iterator[str]:
    """While a row is snoozed what recurs is skipped, and what happens once waits; nothing is called snoozed that wasn't."""
    if world.jumpy:
        return
    heard = [e for e in book.edits if e.column not in ("Notes", "Do", "Current", "Priority")]
    for row in covered(world, book):
        taken = [(told, asked.asked_at + round(asked.amount * MICRO)) for told, asked in _taken(row, book, "snooze")]
        otherwise = [e.at for e in heard if (e.table, e.key) == (row.bench.name, row.key)]
        for record in row.all:
            name = f"{row.bench.name}/{row.key} {record.trigger}"
            if record.outcome == "skipped" and record.reason.startswith("snoozed until"):
                if not any(record.last < until and told <= (record.ended_at or 0) for told, until in taken):
                    yield f"{name} was skipped ({record.reason}), and nothing snoozed it"
                continue
            if not record.ran or record.cause not in ("schedule", "counter"):
                continue
            instant = _kept_back(row, record)
            for n, (told, until) in enumerate(taken):
                lasts = n + 1 == len(taken) or taken[n + 1][0] > instant
                changed = any(told <= at <= record.claimed_at for at in otherwise)  # typed long before it was read, maybe
                same = not changed and _unchanged(row, told, record.claimed_at)
                if told < instant < until and lasts and record.claimed_at > told and same:
                    yield f"{name} was claimed, though its row was snoozed {(until - instant) / MICRO} s longer"


def _kept_back(row: Covered, record: Record) -> int:
    """The instant by which it is told whether a snooze holds for it: when it was due where it recurs, else when it was claimed."""
    span = span_of(row, record.due // MICRO)
    return record.due if span is not None and not span.meaning.one_off else record.claimed_at


def _unchanged(row: Covered, low: int, high: int) -> bool:
    """Whether the row meant the same all the time: another schedule takes a snooze back. To press a button changes no meaning."""
    start = row.world.machine.origin
    return not any(low - MICRO * 60 <= span.begun + start <= high for span in row.spans)


LAWS = (what_was_cancelled_ends, skip_next_skips_the_next, a_snooze_keeps_its_row_back)
