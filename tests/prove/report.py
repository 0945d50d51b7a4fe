"""The report: what was done, what came of it, whether the laws held. For 80 columns, in plain text."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from textwrap import wrap

from tests.prove.check import broken
from tests.prove.evidence import Evidence, Record
from tests.prove.laws import dark
from tests.prove.lots import seeded
from tests.prove.plant import FAULTS, unnoticed
from tests.prove.windows import certain, windows

WIDE = 80
ORDER = ("succeeded", "failed", "timed out", "cancelled", "lost", "skipped", "missed")
MOST_SHOWN = 10

PLANTED = 8
"""So many faults of each kind are planted in the evidence, to try the judge."""


def report(e: Evidence) -> tuple[list[str], bool]:
    """The lines, and whether every law held, and the judge was not blind."""
    found = broken(e)
    held = not any(found.values())
    lines = ["", "WHAT WAS DONE", *_done(e), "", "WHAT CAME OF IT", *_outcomes(e), "", "HOW LATE", *_lateness(e), "", "THE LAWS"]
    for law, wrong in found.items():
        lines += [f"  {'BROKEN' if wrong else 'held':8}{law}", *_shown(wrong)]
    if held:  # else any fault would pass for noticed
        missed, judge = _judge(e)
        lines += ["", "THE JUDGE, TRIED", *judge]
        held = not missed
    lines += ["", *_pairs(_sums(found, held))]
    return lines, held


def _shown(wrong: Sequence[str]) -> Iterator[str]:
    for sentence in wrong[:MOST_SHOWN]:
        yield from wrap(sentence, WIDE - 12, initial_indent=" " * 10, subsequent_indent=" " * 12)
    if len(wrong) > MOST_SHOWN:
        yield f"          … and {len(wrong) - MOST_SHOWN:,} more"


def _judge(e: Evidence) -> tuple[bool, list[str]]:
    """Whether it missed a fault that was planted; and how it did, in lines."""
    lines: list[str] = []
    blind = False
    for kind in FAULTS:
        planted, missed = unnoticed(e, kind, seeded(e.seed), PLANTED)
        blind |= bool(missed)
        lines += [f"  {planted - len(missed)} of {planted} noticed: {kind}", *_shown(missed)]
    return blind, lines


def _done(e: Evidence) -> Iterator[str]:
    kills = [life for life in e.lives if life.status == -9]
    spent = e.end["stopped"] - e.lives[0].since
    early = sum(life.ready is None for life in kills)
    imported = sum("cron-line" in row["tags"] for row in e.rows.values())
    cells = [cell for save in e.saves for cell in save.get("cells", ())]
    presses = sum(column == "Do" for _, column, _ in cells)
    others = Counter(key for save in e.saves for key in ("added", "deleted", "sorted") if key in save)
    ticks = sum(a["wish"] == "tick" for a in e.asked)
    in_place = sum(save["in_place"] for save in e.saves)
    under_way = [e.under_way(life.over) for life in kills]
    yield from _pairs(
        {
            "rows": f"{len(e.rows):,}, of these {imported} imported from crontabs",
            "kill -9": f"{len(kills)} times in {spent / 60:.1f} minutes, {early} of them before rowd was ready;"
            f" {len(e.taken)} commands were killed with it, {sum(under_way)} outlived it, and it was at work"
            f" {sum(map(bool, under_way))} times",
            "a person": f"{len(e.saves):,} saves ({in_place} in place, the others by rename): {len(cells) - presses:,} edits,"
            f" {presses} presses, {others['added']} rows added, {others['deleted']} deleted, {others['sorted']} times sorted",
            "at the shell": f"{ticks} times `rowd tick`, {len(e.asked) - ticks} times `rowd run-now`, {len(e.commits)} commits",
            "a reader": f"{e.reader['looks']:,} looks at the file",
        }
    )


def _outcomes(e: Evidence) -> Iterator[str]:
    recurring = [name for name, row in e.rows.items() if row["schedule"] and not row["once"]]
    due = sum(len(certain(windows(e, name))) for name in recurring)
    clocked = sum(record.count for record in e.records if record.cause == "schedule" and record.task in recurring)
    counts: Counter[str] = Counter()
    reasons: dict[str, Counter[str]] = {}
    for record in e.records:
        outcome = record.outcome or "under way"
        counts[outcome] += record.count
        reasons.setdefault(outcome, Counter())[_reason(record)] += record.count
    yield from _pairs(
        {
            "came due": f"{due:,} instants of rows that recur, without any doubt, by the oracle; {clocked - due:,} more are"
            " recorded, where a person was just editing, or after the cut. With one-offs, counters, presses and requests"
            f" {sum(counts.values()):,} occurrences"
        }
    )
    for outcome in sorted(counts, key=lambda o: ORDER.index(o) if o in ORDER else len(ORDER)):
        why = [f"{number:,} {reason}" for reason, number in reasons[outcome].most_common() if reason]
        why += ["came due after the cut, when the proof was being ended"] if outcome == "under way" else []
        yield from _pairs({outcome: f"{counts[outcome]:,}" + (f": {'; '.join(why)}" if why else "")})
    yield from _pairs({"attempts": f"{len(e.starts):,} started, by the witness"})


def _reason(record: Record) -> str:
    """Without what differs from one to the next."""
    if record.outcome in ("succeeded", None):
        return ""
    for end in (" since ", " after 0:", " ("):
        if end in record.reason:
            return record.reason.partition(end)[0]
    return record.reason.partition(":")[0]


def _lateness(e: Evidence) -> Iterator[str]:
    """From the instant to the command's own first act, by the witness, of what came due while rowd was up."""
    scheduled = {record.run for record in e.records if record.cause == "schedule"}
    usual = {name for name, row in e.rows.items() if row["schedule"] and not row["once"] and "queue" not in row["tags"]}
    starts = [s for s in e.starts if s.run in scheduled and s.attempt == 1 and s.task in usual]
    late = sorted(s.at - s.due for s in starts if not dark(e, s.task, s.due, before=0.2, after=2.5))
    if not late:
        yield "  too few starts to tell"
        return
    p50, p99 = (late[min(len(late) - 1, int(len(late) * part))] for part in (0.5, 0.99))
    yield from _pairs(
        {
            "while up": f"p50 {p50 * 1000:.0f} ms, p99 {p99 * 1000:.0f} ms of {len(late):,} starts, to the command's own first act,"
            " with the wait for one of the places that max_parallel allows, on a machine that also carries this proof",
            "at a restart": f"{len(starts) - len(late):,} starts: rowd was down or starting, or the row was just edited",
        }
    )


def _sums(found: dict[str, list[str]], held: bool) -> dict[str, str]:
    def broke(*words: str) -> str:
        return f"{sum(len(wrong) for law, wrong in found.items() if any(word in law for word in words)):,}"

    return {
        "doubled": broke("twice", "ran once", "another attempt"),
        "lost silently": broke("exactly one record", "has an outcome", "what the witness saw", "something died"),
        "edits lost": broke("no edit"),
        "verdict": "every law held" if held else "BROKEN" if any(found.values()) else "THE JUDGE IS BLIND to a fault",
    }


def _pairs(pairs: dict[str, str]) -> Iterator[str]:
    for name, text in pairs.items():
        yield from wrap(text, WIDE, initial_indent=f"  {name:15} ", subsequent_indent=" " * 18)
