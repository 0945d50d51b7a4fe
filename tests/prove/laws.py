"""The laws, held against a folder of evidence. Each answers what broke it, in words. Shares no code with rowd."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator

from tests.prove.asked import every_press_and_request_ran_once, no_commit_is_lost_or_doubled, no_tick_is_lost_or_doubled
from tests.prove.evidence import Evidence, Json, Record, by_task, clock, seconds
from tests.prove.person import ASKED_AGAIN
from tests.prove.windows import certain, covered, possible, windows

Law = Callable[[Evidence], Iterator[str]]

ASKED_FOR = frozenset({"press", "asked", "counter", "counting", "reacting", "cron-line"})
"""Kinds of rows that something else than the clock makes run."""

RAN = frozenset({"succeeded", "failed", "timed out", "cancelled", "lost"})


def each_due_instant_has_one_record(e: Evidence) -> Iterator[str]:
    """Of rows that recur: by the oracle's instants. What the oracle doesn't know was never due."""
    records = by_task(e, "schedule")
    for name, row in e.rows.items():
        if row["schedule"] is None or row["once"]:
            continue
        spans = windows(e, name)
        allowed = possible(spans)
        found, wrong = covered(records[name], spans)
        yield from wrong
        for at in sorted(certain(spans)):
            if found[at] != 1:
                yield f"{name}: due {clock(at)}, has {found[at]} records"
        for at, number in sorted(found.items()):
            if at not in allowed:
                yield f"{name}: a record for {clock(at)}, when it was not due"
            elif number > 1:
                yield f"{name}: due {clock(at)}, has {number} records"


def what_runs_once_ran_once(e: Evidence) -> Iterator[str]:
    """One record each, once it was due; what comes due after the cut may have none yet."""
    records = by_task(e, "schedule")
    for name, latest in _come_due_once(e):
        number = sum(record.count for record in records[name])
        if number > 1 or (number < 1 and latest <= e.end["cut"]):
            yield f"{name}: {number} records instead of one"
        schedule = e.rows.get(name, {}).get("schedule")
        if schedule and (wrong := [record.due for record in records[name] if record.due != schedule["at"]]):
            yield f"{name}: due {clock(schedule['at'])}, recorded for {clock(wrong[0])}"


def _come_due_once(e: Evidence) -> Iterator[tuple[str, float]]:
    """Rows that run once, and by when each had come due, at the latest; infinite where it need not have."""
    for name, row in e.rows.items():
        if not row["once"]:
            continue
        at = row["schedule"]["at"] if row["schedule"] else None
        if at is None:
            yield name, e.first_ready + row["delay"] + e.settling
        else:  # what may have been past when rowd first saw it, need not run
            yield name, at if at > e.first_ready else math.inf
    for save in e.saves:
        if name := save.get("added"):
            yield name, e.known(save, name) + e.settling


def what_must_not_run_did_not(e: Evidence) -> Iterator[str]:
    allowed = {
        n
        for n, r in e.rows.items()
        if r["schedule"] or r["once"] or {"press", "asked", "counter", "counting", "reacting", "cron-line"} & set(r["tags"])
    }
    allowed |= {save["added"] for save in e.saves if save.get("added")}
    for name in sorted({r.task for r in e.records} | {s.task for s in e.starts}):
        if name not in allowed:
            yield f"{name} ran, or came due"


def all_that_came_due_has_an_outcome(e: Evidence) -> Iterator[str]:
    for record in e.records:
        if record.outcome is None and record.due <= e.end["cut"]:
            yield f"{record.task}: {record.run}, due {clock(record.due)}, has no outcome"


def no_attempt_started_twice(e: Evidence) -> Iterator[str]:
    """By the witness; and for what runs inside the daemon, by what the daemons told."""
    for (run, attempt), number in Counter((s.run, s.attempt) for s in e.starts).items():
        if number > 1:
            yield f"attempt {attempt} of {run} started {number} times"
    told = Counter((v["run"], v["attempt"]) for v in e.events if v["event"] == "run.started")
    for (run, attempt), number in told.items():
        if number > 1:
            yield f"attempt {attempt} of {run} was told as started {number} times"


def another_attempt_only_after_a_failure(e: Evidence) -> Iterator[str]:
    """Within the number; after none that may have worked."""
    for start in e.starts:
        row = e.rows.get(start.task, {})
        if start.attempt > row.get("attempts", 1):
            yield f"{start.task}: {start.run} had attempt {start.attempt} of {row.get('attempts', 1)}"
        if start.attempt > 1:
            before = e.ends.get((start.run, start.attempt - 1))
            if before is None and not row["hangs"] and not row["repeatable"]:
                yield f"{start.task}: attempt {start.attempt} of {start.run} followed one that never said how it ended"
            if before is not None and before != [1]:
                yield f"{start.task}: attempt {start.attempt} of {start.run} followed one that ended with {before}"
    for record in e.records:
        row = e.rows.get(record.task, {})
        if record.attempt > row.get("attempts", 1):
            yield f"{record.task}: {record.run} is recorded with attempt {record.attempt} of {row.get('attempts', 1)}"


def records_say_what_the_witness_saw(e: Evidence) -> Iterator[str]:
    seen: dict[str, set[int]] = defaultdict(set)
    for start in e.starts:
        seen[start.run].add(start.attempt)
    records = Counter(record.run for record in e.records)
    yield from (f"{run} has {number} records" for run, number in records.items() if number > 1)
    for run in seen.keys() - records.keys():
        yield f"{run} started, and history knows nothing of it"
    for record in e.records:
        row = e.rows.get(record.task, {"command": True, "failures": 0, "attempts": 1, "hangs": False})
        if record.outcome is None or not row["command"]:
            continue
        attempts = set(seen.get(record.run, ()))
        if record.outcome in ("skipped", "missed") and attempts:
            yield f"{record.task}: {record.run} is {record.outcome}, but it started"
        if row["hangs"]:  # on a slow machine its time may be out before its first act
            attempts.add(record.attempt)
        if record.outcome in ("succeeded", "failed", "timed out") and attempts != set(range(1, record.attempt + 1)):
            yield f"{record.task}: {record.run} {record.outcome} at attempt {record.attempt}, the witness saw {sorted(attempts)}"
        if record.outcome in RAN and record.outcome not in (wanted := _outcomes(e, record, row)):
            yield f"{record.task}: {record.run} is {record.outcome} ({record.reason}), and should be {' or '.join(sorted(wanted))}"


def _outcomes(e: Evidence, record: Record, row: Json) -> set[str]:
    """How a run can have ended, by what the witness was told to do and did."""
    if (record.run, str(record.attempt)) in e.taken:
        code = e.ends.get((record.run, record.attempt))  # it may have ended just before it was killed
        return {"lost"} if code is None else {"lost", "failed" if code == [1] else "succeeded"}
    if row["hangs"]:
        # told to end, it ended; but the daemon died before it could note that, and the next one found "killed by SIGTERM"
        return {"timed out", "failed"} if "killed by SIG" in record.reason else {"timed out"}
    wanted = {"failed" if row["failures"] >= row["attempts"] else "succeeded"}
    if row.get("fickle") and record.started is None:
        wanted.add("cancelled")  # it waited when the row was paused, or deleted
    return wanted


def history_says_what_the_daemons_told(e: Evidence) -> Iterator[str]:
    """What a daemon told stood in the ledger before; a kill may keep it from telling, never from standing by it."""
    records = {record.run: record for record in e.records}
    left_out: dict[str, list[Record]] = defaultdict(list)
    for record in e.records:
        if record.outcome not in RAN:
            left_out[record.task].append(record)
    for told in e.events:
        what, task = told["event"], told.get("task", "")
        if what in ("run.started", "run.ended") and told["run"] not in records:
            yield f"{task}: {told['run']} was told of, and history knows nothing of it"
        elif what == "run.ended" and told["retry_at"] is None and records[told["run"]].outcome != told["outcome"]:
            yield f"{task}: {told['run']} was told as {told['outcome']}, history says {records[told['run']].outcome}"
        elif what == "occurrence.recorded":
            due = seconds(told["due"])
            if not any(r.outcome == told["outcome"] and r.due <= due <= r.last_due for r in left_out[task]):
                yield f"{task}: due {clock(due)} was told as {told['outcome']}, and history says no such thing"


def a_run_is_lost_only_where_something_died(e: Evidence) -> Iterator[str]:
    """What runs inside the daemon dies with it; a command only where it was killed itself."""
    for record in e.records:
        if record.outcome != "lost" or (record.run, str(record.attempt)) in e.taken:
            continue
        row = e.rows.get(record.task)
        if row is None or row["command"]:
            yield f"{record.task}: {record.run} is lost, and nobody killed it"
        elif not any(life.since <= (record.ended or 0) + 60 for life in e.lives[1:]):
            yield f"{record.task}: {record.run} is lost, and no daemon had died"


def no_edit_is_lost(e: Evidence) -> Iterator[str]:
    """As the person found whenever she looked, and in the end: her cells, strangers' columns, the order of the lines."""
    for lost in e.noted("lost edit"):
        for wrong in lost["wrong"][:5]:
            yield f"{clock(lost['at'])}: {wrong}"
    hers, status, order = _written(e)
    for name, cells in hers.items():
        if name not in e.table:
            yield f"{name} is gone from the table"
            continue
        wrong = {c: e.table[name][c] for c, text in cells.items() if e.table[name][c] != text}
        if wrong:
            yield f"{name}: {wrong} stands there, { ({c: cells[c] for c in wrong}) } was written"
        if name in status and e.table[name]["Status"] != status[name] and ASKED_AGAIN not in e.table[name]["Health"]:
            yield f"{name}: Status is {e.table[name]['Status']!r}, {status[name]!r} was written"
    for name in e.table.keys() - hers.keys():
        yield f"{name} was deleted, and stands there again"
    if sorted(order) == sorted(e.table) and order != list(e.table):
        yield "the lines stand in another order than she left them in"


def _written(e: Evidence) -> tuple[dict[str, dict[str, str]], dict[str, str], list[str]]:
    """Name → what the person last wrote into her columns; and into Status, where rowd has no say in it; and the order of lines."""
    hers = {name: {c: row["cells"].get(c, "") for c in e.personal} for name, row in e.rows.items()}
    status = {name: row["cells"].get("Status", "") for name, row in e.rows.items() if not row["once"]}
    order = list(e.rows)
    for save in e.saves:
        order = save.get("order", order)
        for name, column, text in save.get("cells", ()):
            if column == "Status":
                status[name] = text
            elif column != "Do":
                hers.setdefault(name, {})[column] = text
        hers.pop(save.get("deleted"), None)
        status.pop(save.get("deleted"), None)
        if added := save.get("added"):
            hers[added] = {"Name": added}
    return hers, status, order


def the_file_could_always_be_read(e: Evidence) -> Iterator[str]:
    if e.reader["looks"] < 20:
        yield f"the reader looked only {e.reader['looks']} times"
    for bad in e.reader["bad"]:
        yield f"{clock(bad['at'])}: {bad['wrong']}"


def the_table_says_what_the_ledger_says(e: Evidence) -> Iterator[str]:
    """After the end in order: rowd's own cells, by the records."""
    by_task: dict[str, list[Record]] = defaultdict(list)
    for record in e.records:
        by_task[record.task].append(record)
    for name, row in e.table.items():
        records = by_task[name]
        ran = [r for r in records if r.outcome in RAN and r.started is not None]
        missed = sum(r.count for r in records if r.outcome == "missed")
        failures = sum(r.outcome in ("failed", "timed out", "lost") for r in records)
        for column, number in (("Runs", len(ran)), ("Missed", missed), ("Failures", failures)):
            if row[column] != str(number) and (row[column] or number):
                yield f"{name}: {column} says {row[column]!r}, history has {number}"
        outcomes = {r.outcome for r in ran}
        if outcomes and row["Last Status"] not in outcomes:
            yield f"{name}: Last Status says {row['Last Status']!r}, history has {outcomes}"
        once = e.rows.get(name, {}).get("once") or name.startswith("added-")
        if once and ran and row["Status"] != "completed":
            yield f"{name}: ran, and its Status is {row['Status']!r}"
        if not row["ID"] or not row["Health"]:
            yield f"{name}: ID is {row['ID']!r}, Health is {row['Health']!r}"


def nothing_was_missed_while_rowd_was_up(e: Evidence) -> Iterator[str]:
    """What was missed, came due while no daemon was up, or while a person had just touched its row."""
    for record in e.records:
        if record.outcome != "missed" or record.task not in e.rows:
            continue
        for at in (record.due, record.last_due):
            if not dark(e, record.task, at):
                yield f"{record.task}: due {clock(at)}, {record.reason}, while rowd was up"


def dark(e: Evidence, task: str, at: float, before: float | None = None, after: float | None = None) -> bool:
    """Whether rowd was down at this instant, or about to be, or had just started, or had the row to let settle."""
    before, after = before or e.settling / 4, after or e.settling
    for life, following in zip(e.lives, e.lives[1:], strict=False):
        if life.ending - before <= at <= (following.ready or following.over) + after:
            return True
    if at < (e.lives[0].ready or e.lives[0].over) + after:
        return True
    for save in e.saves:
        deleted = save.get("deleted") == task
        touched = deleted or save.get("added") == task or any(name == task for name, _, _ in save.get("cells", ()))
        until = min(e.known(save, task), math.inf if deleted else save["at"] + 10)  # two lives may be too short to miss a row
        if touched and save["since"] - before <= at <= until + after:
            return True
    return False


def the_daemons_told_of_no_trouble(e: Evidence) -> Iterator[str]:
    for event in e.events:
        if event["event"] in ("table.held", "table.unreachable", "table.unwritable") and e.saved_in_place(event["seconds"]):
            continue
        if event["event"] in ("trouble", "table.held", "table.unreachable", "table.unwritable", "breaker.opened", "clock.jumped"):
            yield f"{event['at']}: {event['event']}: {event.get('where', '')} {event.get('message', '')}"
    yield from (f"no event: {line}" for line in e.other)
    for life in e.lives:
        if life.status not in (-9, 0):
            yield f"daemon {life.number} ended with {life.status}"
    if e.end["status"] != 0:
        yield f"the last daemon ended with {e.end['status']}, not in order"


LAWS: tuple[tuple[str, Law], ...] = (
    ("every instant that came due has exactly one record", each_due_instant_has_one_record),
    ("what runs once ran once", what_runs_once_ran_once),
    ("what is paused, a draft or not understood never ran", what_must_not_run_did_not),
    ("every record has an outcome", all_that_came_due_has_an_outcome),
    ("no attempt started twice", no_attempt_started_twice),
    ("another attempt came only after a recorded failure", another_attempt_only_after_a_failure),
    ("the records say what the witness saw", records_say_what_the_witness_saw),
    ("history says what the daemons told", history_says_what_the_daemons_told),
    ("a run is lost only where something died under it", a_run_is_lost_only_where_something_died),
    ("every press and every run asked for ran once", every_press_and_request_ran_once),
    ("no tick was lost or counted twice", no_tick_is_lost_or_doubled),
    ("no commit was lost or taken up twice", no_commit_is_lost_or_doubled),
    ("no edit was lost, no other column touched", no_edit_is_lost),
    ("the file could be read at every moment", the_file_could_always_be_read),
    ("the table says what the ledger says", the_table_says_what_the_ledger_says),
    ("nothing was missed while rowd was up", nothing_was_missed_while_rowd_was_up),
    ("the daemons told of no trouble", the_daemons_told_of_no_trouble),
)

OF_THE_WITNESS: tuple[Law, ...] = (
    what_must_not_run_did_not,
    all_that_came_due_has_an_outcome,
    no_attempt_started_twice,
    another_attempt_only_after_a_failure,
    no_edit_is_lost,
    the_file_could_always_be_read,
    the_daemons_told_of_no_trouble,
)
"""Those that need no whole history, for where most of it was pruned."""
