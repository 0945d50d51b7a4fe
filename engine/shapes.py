"""What each column is to be like in a store that knows types, options and colours. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from actions.api import Outcome
from connectors.preparing import Kind, Shape, Tone, Writer
from engine.columns import OURS, SHARED, Column
from engine.layout import Layout
from engine.links import OnFailure
from engine.model import CatchUp, Overlap, Status, Type
from engine.settings import PRIORITIES

USUAL = (
    Column.ID,
    Column.NAME,
    Column.DESCRIPTION,
    Column.TYPE,
    Column.ACTION,
    Column.SCHEDULE,
    Column.CURRENT,
    Column.THRESHOLD,
    Column.STATUS,
    Column.DO,
    Column.METADATA,
    Column.HEALTH,
    Column.UNDERSTOOD_AS,
    Column.NEXT_RUN,
    Column.LAST_RUN,
    Column.LAST_STATUS,
    Column.LAST_RESULT,
    Column.RUNS,
    Column.FAILURES,
)
"""What people steer by and what they look at, in the order in which a new table has them."""

PRESSES = ("run now", "retry", "skip next", "cancel", "approve", "snooze 1h", "snooze 1d")
"""Buttons to choose from. A snooze of another length is typed."""

TYPES = tuple(Type)

_KINDS: Mapping[Column, Kind] = {
    Column.TYPE: Kind.CHOICE,
    Column.DESCRIPTION: Kind.LONG_TEXT,
    Column.CURRENT: Kind.NUMBER,
    Column.THRESHOLD: Kind.NUMBER,
    Column.STATUS: Kind.CHOICE,
    Column.DO: Kind.CHOICE,
    Column.METADATA: Kind.LONG_TEXT,
    Column.CATCH_UP: Kind.CHOICE,
    Column.OVERLAP: Kind.CHOICE,
    Column.ON_FAILURE: Kind.CHOICE,
    Column.ATTEMPTS: Kind.NUMBER,
    Column.HEALTH: Kind.LONG_TEXT,
    Column.UNDERSTOOD_AS: Kind.LONG_TEXT,
    Column.NEXT_RUN: Kind.INSTANT,
    Column.LAST_RUN: Kind.INSTANT,
    Column.LAST_SUCCESS: Kind.INSTANT,
    Column.LAST_STATUS: Kind.CHOICE,
    Column.LAST_RESULT: Kind.LONG_TEXT,
    Column.LAST_RUNS: Kind.LONG_TEXT,
    Column.DURATION: Kind.NUMBER,
    Column.RUNS: Kind.NUMBER,
    Column.FAILURES: Kind.NUMBER,
    Column.MISSED: Kind.NUMBER,
}
"""All others are text."""

_OPTIONS: Mapping[Column, Sequence[str]] = {
    Column.TYPE: TYPES,
    Column.STATUS: tuple(Status),
    Column.DO: PRESSES,
    Column.CATCH_UP: tuple(CatchUp),
    Column.OVERLAP: tuple(Overlap),
    Column.ON_FAILURE: tuple(OnFailure),
    Column.PRIORITY: tuple(PRIORITIES),
    Column.LAST_STATUS: ("running", *Outcome),
}

_TONES: Mapping[Column, Mapping[str, Tone]] = {
    Column.STATUS: {
        Status.ACTIVE: Tone.GOOD,
        Status.PAUSED: Tone.BUSY,
        Status.DRAFT: Tone.QUIET,
        Status.COMPLETED: Tone.QUIET,
    },
    Column.LAST_STATUS: {
        "running": Tone.BUSY,
        Outcome.SUCCEEDED: Tone.GOOD,
        Outcome.FAILED: Tone.BAD,
        Outcome.TIMED_OUT: Tone.BAD,
        Outcome.LOST: Tone.BAD,
        Outcome.MISSED: Tone.BAD,
        Outcome.CANCELLED: Tone.QUIET,
        Outcome.SKIPPED: Tone.QUIET,
    },
    Column.HEALTH: {
        "OK": Tone.GOOD,
        "ERROR": Tone.BAD,
        "MISSED": Tone.BAD,
        "OVERDUE": Tone.BAD,
        "HELD": Tone.BAD,
        "NEVER": Tone.BAD,
        "BLOCKED": Tone.BAD,
        "RUNNING": Tone.BUSY,
        "RETRYING": Tone.BUSY,
        "WAITING": Tone.BUSY,
        "SKIPPED": Tone.QUIET,
        "PAUSED": Tone.QUIET,
        "DRAFT": Tone.QUIET,
        "EXPIRED": Tone.QUIET,
        "COMPLETED": Tone.QUIET,
        "CANCELLED": Tone.QUIET,
    },
}
"""Words of the cells as `display` begins them."""

_ABOUT: Mapping[Column, str] = {
    Column.ID: "Tells rows apart. Leave it blank: rowd fills it in.",
    Column.NAME: "What the task is called; no other row may have the name.",
    Column.TYPE: "May stay blank: it is told from Schedule, Depends On or Watch. A counter, and what runs when asked, says so.",
    Column.DESCRIPTION: "Free text.",
    Column.ACTION: "What the task does: an action that rowd.toml defines.",
    Column.SCHEDULE: 'When it runs, in words or as cron: "weekdays 9:30", "every 15 minutes", "0 6 * * 1".',
    Column.CURRENT: "Of a counter: how far it has counted.",
    Column.THRESHOLD: "Of a counter: it runs at this number. Of daily, weekly, monthly: every so many.",
    Column.STATUS: "active, paused, draft or completed. Blank is active.",
    Column.DO: "A button: choose one, and rowd clears the cell once it has taken it.",
    Column.METADATA: "Values for the action's parameters, as JSON.",
    Column.DEPENDS_ON: "The rows that this one waits for: their Names, with commas between them.",
    Column.ON_FAILURE: "What becomes of it where one of those did not succeed.",
    Column.CONDITION: 'What has to hold when it comes due, like "coverage < 80%".',
    Column.WATCH: "What makes it run when it changes: watched sources that rowd.toml defines, or columns of this table.",
    Column.NOTIFY: "The channels by which people are told of its problems, with commas between them; none for nobody.",
    Column.COUNTS: "Of a counter: the watched sources that count it up.",
    Column.TIME_ZONE: "Of the row's times, like Europe/Berlin. Blank: the table's.",
    Column.CATCH_UP: "What becomes of runs that were late.",
    Column.OVERLAP: "What becomes of a run that comes due while the last one goes on.",
    Column.TIMEOUT: 'How long a run may take, like "5 min".',
    Column.ATTEMPTS: "How often it is tried in all.",
    Column.PRIORITY: "What starts first where not all can: low, normal, high or a number.",
    Column.JITTER: "Each run starts by a random part of this span later.",
    Column.DEADLINE: 'By when what came due must have succeeded, like "18:00" or "2h"; else it is told.',
    Column.ASSIGNEE: "Free text.",
    Column.RUNS_ON: "The label of the daemon that runs it. Blank: the primary one.",
    Column.PROJECT: "Free text.",
    Column.WORKFLOW: "Free text: rows that bear the same name here belong together, and how all of them ended is told.",
    Column.HEALTH: "How the task stands, or what is wrong with the row and how to mend it. Written by rowd.",
    Column.UNDERSTOOD_AS: "How rowd reads the Schedule. Written by rowd.",
    Column.NEXT_RUN: "When it runs next. Written by rowd.",
    Column.LAST_RUN: "When it last ran. Written by rowd.",
    Column.LAST_SUCCESS: "When it last ran well. Written by rowd.",
    Column.LAST_STATUS: "How the last run ended. Written by rowd.",
    Column.LAST_RESULT: "What the last run came to. Written by rowd.",
    Column.LAST_RUNS: "How the last five came out, the newest first. Written by rowd.",
    Column.DURATION: "Seconds that the last run took. Written by rowd.",
    Column.RUNS: "How many ran. Written by rowd.",
    Column.FAILURES: "How many of them failed. Written by rowd.",
    Column.MISSED: "How many could not be started in time. Written by rowd.",
    Column.RESULT_LINK: "Where the last run's result is. Written by rowd.",
}


def shape(column: Column, header: str, actions: Iterable[str] = ()) -> Shape:
    """What this column is to be like.   header: what it is called in the table.   actions: those that its rows may name."""
    options = sorted(actions) if column is Column.ACTION else _OPTIONS.get(column, ())
    return Shape(
        header=header,
        kind=_KINDS.get(column, Kind.TEXT),
        writer=Writer.ROWD if column in OURS else Writer.BOTH if column in SHARED else Writer.PERSON,
        about=_ABOUT[column],
        options=tuple(map(str, options)),
        tones={str(word): tone for word, tone in _TONES.get(column, {}).items()},
        decimals=2 if column is Column.DURATION else 0,
        emptied=column in OURS or column is Column.DO,
    )


def shapes(layout: Layout, chosen: Sequence[Column], renames: Mapping[str, str], actions: Iterable[str]) -> list[Shape]:
    """The columns that stand in a table, in their order; then those of `chosen` that it lacks, in theirs.

    A column that the table lacks, and has a stranger that was probably meant to be it, is left out: see `Layout.hints`.
    renames: canonical header → the header that it has in this table.
    """
    known = [shape(column, header, actions) for column, header in layout.headers.items()]
    lacking = [column for column in dict.fromkeys(chosen) if column not in layout.headers and column not in layout.nearly]
    return known + [shape(column, renames.get(str(column), str(column)), actions) for column in lacking]
