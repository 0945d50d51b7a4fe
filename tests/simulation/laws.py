"""What must hold, whatever happened: one function for each law, its docstring the law. Each answers what breaks it.

They go by the table as people changed it (`spans`), by what really ran (`witness`), and by the ledger on disk (`book`).
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from itertools import pairwise

from tests.simulation import dues
from tests.simulation.book import Book, Record
from tests.simulation.machine import MICRO
from tests.simulation.spans import SLACK, Span
from tests.simulation.witness import Seen
from tests.simulation.world import Bench, World

GRACE = 600

LATE = frozenset({"rowd was not running", "too late to start", "rowd could not write its ledger"})
"""What came later than the grace allows is missed for one of these."""

SLACK_S = int(SLACK.total_seconds())


def at(second: int) -> str:
    return datetime.fromtimestamp(second, UTC).strftime("%m-%d %H:%M:%S")


# --- what ran


def no_attempt_runs_twice_or_unknown(world: World, book: Book) -> Iterator[str]:
    """Every attempt that really ran is known to the ledger. That none runs twice, the witness checks at once."""
    known = {(one.run, one.n): one for one in book.tries}
    for seen in world.witness.seen:
        if seen.place not in known:
            yield f"{seen.place} of {seen.request.task} ran, and the ledger doesn't know of it"


def success_was_witnessed(world: World, book: Book) -> Iterator[str]:
    """What the ledger calls succeeded really ran and came to that; what came to an end by itself is called that."""
    for one in book.tries:
        seen = world.witness.by_place.get((one.run, one.n))
        came_to = seen.came_to if seen is not None else None
        if one.outcome == "succeeded" and came_to != "succeeded":
            yield f"{one.run} attempt {one.n} is called succeeded, but it came to {came_to}"
        if one.outcome == "failed" and came_to == "succeeded":
            yield f"{one.run} attempt {one.n} is called failed, but it succeeded"
        if one.outcome == "lost" and seen is not None and seen.process and came_to is not None and not world.rebooted:
            yield f"{one.run} attempt {one.n} is called lost, but it left its exit file: {came_to}"


def attempts_follow_the_rules(world: World, book: Book) -> Iterator[str]:
    """Attempts stay within the allowed number; each further one follows a recorded failure, or a loss where repeatable."""
    for run, tries in book.of_run.items():
        record = book.by_id[run]
        if [t.n for t in tries] != list(range(1, len(tries) + 1)) or len(tries) > record.attempts:
            yield f"{run} has the attempts {[t.n for t in tries]} of {record.attempts}"
        for before in tries[:-1]:
            allowed = ("failed", "timed out", "lost") if record.repeatable else ("failed", "timed out")
            if before.outcome not in allowed:
                yield f"{run} was tried again after attempt {before.n} {before.outcome}"


def everything_has_ended(world: World, book: Book) -> Iterator[str]:
    """At the end every occurrence has one outcome, and every attempt its end."""
    for record in book.records:
        if record.stage != "ended" or record.outcome is None:
            yield f"{record.id} ({record.trigger} of {record.key}) is still {record.stage}"
    for one in book.tries:
        if one.ended_at is None and book.by_id[one.run].stage == "ended":
            yield f"{one.run} attempt {one.n} has no end"
    triggers = Counter((r.table, r.key, r.trigger) for r in book.records)
    yield from (f"{place} has {number} records" for place, number in triggers.items() if number > 1)


def one_at_a_time(world: World, book: Book) -> Iterator[str]:
    """Of a row that was never `parallel`, no two attempts ran at the same time."""
    parallel = {(b.name, s.key) for b in world.benches for s in b.spans.all if s.meaning.overlap == "parallel" or not s.sure}
    by_row: defaultdict[tuple[str, str], list[Seen]] = defaultdict(list)
    for seen in world.witness.seen:
        if (record := book.by_id.get(seen.request.run)) is not None and (record.table, record.key) not in parallel:
            by_row[record.table, record.key].append(seen)
    for place, those in by_row.items():
        those.sort(key=lambda s: s.began)
        for one, other in pairwise(those):
            if one.ended is None or one.ended > other.began:
                yield f"{place}: {other.place} began while {one.place} ran"


def no_more_than_allowed(world: World, book: Book) -> Iterator[str]:
    """Never more attempts at once than `max_parallel`, nor of an action than its `parallel`, by the highest ever set."""
    steps: list[tuple[int, int, str]] = []
    for seen in world.witness.seen:
        steps.append((seen.began, 1, seen.request.action))
        if seen.ended is not None:
            steps.append((seen.ended, -1, seen.request.action))
    running: Counter[str] = Counter()
    for moment, step, action in sorted(steps):
        running[action] += step
        if step > 0 and running.total() > world.most_parallel:
            yield f"{running.total()} attempts at once at {world.machine.wall(moment)}, {world.most_parallel} allowed"
            return
        limit = world.most.get(action)
        if step > 0 and limit is not None and running[action] > limit:
            yield f"{running[action]} attempts of {action} at once, {limit} allowed"
            return


def seldom_enough(world: World, book: Book) -> Iterator[str]:
    """A row whose action allows one run in 50 seconds starts no two runs closer together."""
    if world.jumpy:
        return
    for (table, key), records in book.by_row.items():
        if any(
            s.meaning.overlap not in ("", "skip") for b in world.benches if b.name == table for s in b.spans.by_key.get(key, ())
        ):
            continue
        starts = sorted(r.started_at for r in records if r.started_at is not None and r.action == "rare")
        for one, other in pairwise(starts):
            if other - one < 50 * MICRO:
                yield f"{table}/{key} started after {(other - one) / MICRO} s"


# --- what came due


class Covered:
    """One row's records of what came due by time, held against its spans."""

    def __init__(self, world: World, bench: Bench, key: str, records: Sequence[Record]) -> None:
        self.world, self.bench, self.key = world, bench, key
        self.spans = bench.spans.by_key.get(key, [])
        self.records = [r for r in records if r.cause == "schedule"]
        self.end = dues.seconds(world.machine.highest(0)) + 1

    def sure(self, span: Span) -> Sequence[int]:
        """What came due in this span, and must have its record."""
        meaning = span.meaning
        if meaning.kind != "time" or not span.sure or span.known is None or span.settled is None:
            return ()
        if isinstance(meaning.dues, int) or (meaning.one_off and self._may_wait()):
            return ()
        high = dues.seconds(span.settled) - SLACK_S - meaning.jitter
        return meaning.dues.within(dues.seconds(span.known) + 1, high)

    def _may_wait(self) -> bool:
        """Whether a one-off may be kept waiting by a blackout, a snooze, or the operator's frequency."""
        return bool(self.world.operator.blackouts) or self.key in self.world.snoozed or self.spans[-1].meaning.action == "rare"

    def possible(self, span: Span, low: int, high: int) -> Sequence[int]:
        """What may have come due in this span, in [low, high]."""
        latent = span.meaning.latent
        begins = min(span.low, self.world.machine.lowest(span.begun))  # a clock that is set back shows earlier instants again
        first = max(low - 1, dues.seconds(begins) - 1)
        last = min(high, self.end if span.high is None else dues.seconds(span.high) + 1)
        if isinstance(latent, int):
            return range(max(low, dues.seconds(begins) - 1 + latent), min(high, last + latent) + 1)
        return latent.within(first, last) if last > first else ()


def _covered(world: World, book: Book) -> Iterator[Covered]:
    for bench in world.benches if not world.far else ():
        places = {key for table, key in book.by_row if table == bench.name} | bench.spans.by_key.keys()
        for key in sorted(places):
            yield Covered(world, bench, key, book.by_row.get((bench.name, key), []))


def what_comes_due_has_one_record(world: World, book: Book) -> Iterator[str]:
    """Every instant at which a row surely came due lies in exactly one record of its row."""
    for row in _covered(world, book):
        for span in row.spans:
            wanted = row.sure(span)
            if not wanted:
                continue
            parts = sorted(
                (bisect_left(wanted, r.due // MICRO), bisect_right(wanted, r.last // MICRO), r.due, r.id) for r in row.records
            )
            reached = 0
            name = f"{row.bench.name}/{row.key} ({span.meaning.text})"
            for first, beyond, _, id_ in parts:
                if first == beyond:
                    continue
                if first > reached:
                    yield f"{name}: nothing is recorded of {at(wanted[reached])}" + f" to {at(wanted[first - 1])}"
                if first < reached and not world.jumpy:  # set back, the clock shows the same instants again
                    yield f"{name}: {at(wanted[first])} stands in {id_} and in another record"
                reached = max(reached, beyond)
            if reached < len(wanted):
                yield f"{name}: nothing is recorded of {at(wanted[reached])} to {at(wanted[-1])}"


def what_is_recorded_came_due(world: World, book: Book) -> Iterator[str]:
    """Nothing is claimed or recorded that didn't come due while the row meant it: nothing from before it was seen or activated,
    nothing of a paused, deleted or unreadable row; and counts are right.
    """
    for row in _covered(world, book):
        sure = [(span, row.sure(span)) for span in row.spans]
        for record in row.records:
            if record.reason.startswith("asked by") or "counted up to" in record.reason:
                continue
            first, last = record.due // MICRO, record.last // MICRO
            name = f"{row.bench.name}/{row.key} {record.trigger} ({record.outcome}, {record.reason!r})"
            counted = any(isinstance(span.meaning.latent, int) for span in row.spans)  # from when the row was seen
            if record.due % MICRO and not counted:
                yield f"{name}: comes due at a part of a second"
            most = sum(len(row.possible(span, first, last)) for span in row.spans)
            if most < record.count:
                yield f"{name}: stands for {record.count} from {at(first)} to {at(last)}, but only {most} can have come due"
            least = sum(bisect_right(w, last) - bisect_left(w, first) for _, w in sure)
            if record.count < least:
                yield f"{name}: stands for {record.count} from {at(first)} to {at(last)}, but {least} came due"


def lateness_is_forgiven_within_the_grace(world: World, book: Book) -> Iterator[str]:
    """With `Catch Up` skip: what starts is no later than its grace, and what is missed for being late is later than that."""
    if world.jumpy:
        return
    for row in _covered(world, book):
        skips = all(s.meaning.catch_up in ("", "skip") for s in row.spans)
        for record in row.records if skips else ():
            span = _span_of(row, record.last // MICRO)
            if span is None or span.meaning.one_off:
                continue
            grace = _grace(span, record.last // MICRO)
            late = (
                (record.ended_at or 0) if record.started_at is None and record.outcome == "missed" else record.claimed_at
            ) - record.last
            name = f"{row.bench.name}/{row.key} {record.trigger}, {late / MICRO} s late"
            if record.outcome == "missed":
                if record.reason in LATE and late <= grace * MICRO:
                    yield f"{name}: missed ({record.reason}) within its grace of {grace} s"
            elif record.outcome != "skipped" and late > (grace + span.meaning.jitter) * MICRO:
                yield f"{name}: claimed beyond its grace of {grace} s"


def claims_are_made_on_time(world: World, book: Book) -> Iterator[str]:
    """Nothing is claimed before it is due; and where all was well, it is dealt with within seconds."""
    bad = 12 if world.disk.stalling else 1.5
    for row in _covered(world, book):
        for record in row.records:
            if record.reason.startswith("asked by"):
                continue
            late = (record.claimed_at - record.due) / MICRO
            if late < 0:
                yield f"{row.bench.name}/{row.key} {record.trigger} was claimed {-late} s before it was due"
            span = _span_of(row, record.due // MICRO)
            if record.count > 1 or span is None or not span.sure or span.meaning.one_off or world.jumpy:
                continue
            moment = round((datetime.fromtimestamp(record.due / MICRO, UTC) - world.machine.start).total_seconds() * MICRO)
            jitter = span.meaning.jitter
            if late > bad + jitter and _quiet(world, row, moment, jitter):
                yield f"{row.bench.name}/{row.key} {record.trigger} was dealt with {late} s late"


def _quiet(world: World, row: Covered, moment: int, jitter: int) -> bool:
    """Whether all was well with this row around that moment."""
    low, high = moment - 60 * MICRO, moment + (20 + jitter) * MICRO
    if not any(looked <= low and high <= ended for looked, ended in row.bench.well):
        return False
    if any(begin <= high and low <= end for begin, end in world.disturbed):
        return False
    return not any(low <= at <= high for at in (*world.disk.refused, *row.bench.spans.touches.get(row.key, ())))


def _span_of(row: Covered, second: int) -> Span | None:
    """The one span in which this surely came due; None where it isn't sure."""
    found = [span for span in row.spans if len(row.possible(span, second, second))]
    if len(found) != 1 or found[0].meaning.kind != "time":
        return None
    span = found[0]
    if span.known is None or span.settled is None or not dues.seconds(span.known) < second <= dues.seconds(span.settled) - SLACK_S:
        return None
    return span


def _grace(span: Span, second: int) -> float:
    assert not isinstance(span.meaning.dues, int)
    ahead = span.meaning.dues.within(second, second + GRACE)
    return ahead[0] - second if ahead else GRACE


def nothing_starts_while_paused(world: World, book: Book) -> Iterator[str]:
    """No attempt of a schedule or a counter begins in a row that rowd surely knows to be paused."""
    if world.jumpy:
        return
    for row in _covered(world, book):
        for span in row.spans:
            if span.meaning.status != "paused" or not span.sure or span.known_at is None:
                continue
            low, high = span.known_at + 3 * MICRO, world.machine.moment if span.ended is None else span.ended
            for record in book.by_row.get((row.bench.name, row.key), ()):
                for one in book.of_run[record.id] if record.cause in ("schedule", "counter") else ():
                    seen = world.witness.by_place.get((one.run, one.n))
                    began = one.started_at / MICRO - world.machine.start.timestamp()
                    if seen is not None and low < seen.began < high and low < began * MICRO < high:
                        yield f"{row.bench.name}/{row.key}: {record.trigger} began at {seen.wall}, when the row was paused"


def blackouts_are_kept(world: World, book: Book) -> Iterator[str]:
    """Nothing that recurs runs for an instant within a blackout."""
    for blackout in world.operator.blackouts:
        for row in _covered(world, book):
            for record in row.records:
                span = _span_of(row, record.due // MICRO)
                if record.outcome == "skipped" or record.outcome == "missed" or span is None or span.meaning.one_off:
                    continue
                due = datetime.fromtimestamp(record.due // MICRO, UTC)
                if row.bench.name in blackout.tables and blackout.start <= due.time() < blackout.end:  # type: ignore[operator]
                    yield f"{row.bench.name}/{row.key} ran for {due}, within the blackout"


def one_offs_run_once(world: World, book: Book) -> Iterator[str]:
    """A row that comes due once after it was seen has at most one record for each time that it was written or activated anew."""
    for row in _covered(world, book):
        if row.spans and all(isinstance(s.meaning.dues, int) or s.meaning.kind != "time" for s in row.spans):
            times = sum(s.meaning.kind == "time" for s in row.spans) + row.bench.person.done.get("save_old_copy", 0)
            those = [r for r in row.records if not r.reason.startswith("asked by")]
            if len(those) > times:
                yield f"{row.bench.name}/{row.key} has {len(those)} records, but it was written {times} times"


# --- what people asked for


def requests_are_answered(world: World, book: Book) -> Iterator[str]:
    """Every request has its answer, and what was taken shows: a run now or a retry has its one occurrence."""
    for asked in book.asked:
        if asked.taken is None:
            yield f"request {asked.id} ({asked.wish} of {asked.key} by {asked.by}) was never answered"
        made = [r for r in book.by_row.get((asked.table, asked.key), ()) if r.trigger == f"request:{asked.id}"]
        expected = asked.taken == 1 and asked.wish in ("run now", "retry")
        if len(made) != expected:
            yield f"request {asked.id} ({asked.wish}, taken {asked.taken}) has {len(made)} occurrences"
    commands = sum(a.by == "cli:ann" for a in book.asked)
    if commands != world.asked:
        yield f"{world.asked} requests were put down by commands, {commands} stand in the ledger"


WISHES = {"run now": "run now", "Run now": "run now", "snooze 1m": "snooze", "snooze 90s": "snooze"}


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


def counters_add_up(world: World, book: Book) -> Iterator[str]:
    """A counter stands at what people made of it, and ticks, less what its runs took away: no tick is lost or doubled."""
    for bench in world.benches:
        for key, count in bench.person.counts.items():
            row = book.rows.get((bench.name, key))
            spans = bench.spans.by_key.get(key, [])
            if row is None or not count.sure or key in bench.guard.gap_keys or not spans or not all(s.sure for s in spans):
                continue
            ticks = sum(a.amount for a in book.asked if (a.table, a.key, a.wish, a.taken) == (bench.name, key, "tick", 1))
            fires = sum(r.cause == "counter" for r in book.by_row.get((bench.name, key), ()))
            if fires != row.fires:
                yield f"{bench.name}/{key} fired {row.fires} times, and has {fires} occurrences"
            goal = max(s.meaning.goal for s in spans)
            if row.count != count.sum + ticks - fires * goal:
                yield f"{bench.name}/{key} stands at {row.count}, and ought to at {count.sum} + {ticks} ticks - {fires} × {goal}"


def nobody_typed_what_came_back(world: World, book: Book) -> Iterator[str]:
    """What rowd takes for an edit of Status or Current, a person has typed: no old copy brought it, nor rowd."""
    for bench in world.benches:
        said, spoiled = bench.person.said, bench.person.copies.spoiled
        shared = [e for e in book.edits if e.table == bench.name and e.by == "person" and e.column in ("Status", "Current")]
        for (key, column, text), number in Counter((e.key, e.column, e.new or "") for e in shared).items():
            typed = said[key, column, text] + said["", column, text]
            if key not in spoiled and number > typed:
                yield f"{bench.name}/{key}: {column} was changed to {text!r} {number} times, and typed {typed} times"


LAWS = (
    no_attempt_runs_twice_or_unknown,
    success_was_witnessed,
    attempts_follow_the_rules,
    everything_has_ended,
    one_at_a_time,
    no_more_than_allowed,
    seldom_enough,
    what_comes_due_has_one_record,
    what_is_recorded_came_due,
    lateness_is_forgiven_within_the_grace,
    claims_are_made_on_time,
    nothing_starts_while_paused,
    blackouts_are_kept,
    one_offs_run_once,
    requests_are_answered,
    presses_are_consumed_once,
    counters_add_up,
    nobody_typed_what_came_back,
)
