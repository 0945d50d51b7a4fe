"""The ledger's tables as they stand in the newest version. How a file gets there: `engine.ledger.migrations`.

Instants are microseconds since 1970 UTC, spans microseconds, truth values 0 and 1, mappings JSON (`engine.ledger.codec`).
"""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy import Integer, Text

META = sa.MetaData()

NOT_ENDED = sa.text("stage <> 'ended'")
"""Spelled out, not bound: SQLite uses a partial index only where the query repeats its condition word for word."""

ENDED = sa.text("ended_at IS NOT NULL")
FAILURES = sa.text("outcome IN ('failed', 'timed out', 'lost')")
UNANSWERED = sa.text("answered_at IS NULL")
COMPLETED = sa.text("completed = 1")
DELETED = sa.text("deleted_at IS NOT NULL")


def _text(name: str, *, primary_key: bool = False, unique: bool = False) -> sa.Column[str]:
    return sa.Column(name, Text, nullable=False, primary_key=primary_key, unique=unique)


def _number(name: str, *, primary_key: bool = False) -> sa.Column[int]:
    return sa.Column(name, Integer, nullable=False, primary_key=primary_key)


def _maybe(name: str) -> sa.Column[int | None]:
    return sa.Column(name, Integer, nullable=True)


# id: the ledger's own.
LEDGER = sa.Table("ledger", META, _text("id", primary_key=True), sqlite_strict=True)

DAEMON = sa.Table(
    "daemon",
    META,
    sa.Column("one", Integer, sa.CheckConstraint("one = 1"), primary_key=True),
    _number("pid"),
    _number("started"),
    _text("host"),
    _number("since"),
    _text("version"),
    _text("tables"),
    sqlite_strict=True,
)

TABLES = sa.Table(
    "tables",
    META,
    _text("table", primary_key=True),
    _maybe("first_read"),
    _maybe("last_read"),
    _text("columns"),
    _text("state"),
    _text("message"),
    _number("since"),
    _number("tasks"),
    _number("defects"),
    _number("drafts"),
    sa.Column("time_zone", Text, nullable=False, server_default=""),
    sqlite_strict=True,
)

# completed: the Status cell says so; kept beside the cells for the pruning of finished one-offs.
ROWS = sa.Table(
    "rows",
    META,
    _text("table", primary_key=True),
    _text("key", primary_key=True),
    _text("cells"),
    _number("first_seen"),
    _number("changed_at"),
    _number("since"),
    _number("settled_until"),
    _maybe("anchor"),
    sa.Column("count", sa.REAL, nullable=False),
    _number("armed"),
    _number("fires"),
    _maybe("absent_since"),
    _maybe("deleted_at"),
    _maybe("snoozed_until"),
    sa.Column("handle", Text),
    _text("sent"),
    _text("stood"),
    _text("shown"),
    _text("pressed"),
    _number("marked"),
    sa.Column("note", Text),
    _number("completed"),
    sa.Column("meant", Text, nullable=False, server_default="{}"),
    _maybe("skip_until"),
    sa.Column("skip_by", Text, nullable=False, server_default=""),
    sa.Index("rows_completed", "table", "key", sqlite_where=COMPLETED),
    sa.Index("rows_deleted", "deleted_at", sqlite_where=DELETED),
    sqlite_strict=True,
)

EDITS = sa.Table(
    "edits",
    META,
    _number("id", primary_key=True),
    _text("table"),
    _text("key"),
    _text("task"),
    _text("column"),
    sa.Column("old", Text),
    sa.Column("new", Text),
    _number("at"),
    _text("by"),
    sa.Index("edits_of_row", "table", "key"),
    sa.Index("edits_by_time", "at"),
    sqlite_strict=True,
)

# seq: the order of claiming and recording. The columns after it stand in the order of `Occurrence`'s fields.
OCCURRENCES = sa.Table(
    "occurrences",
    META,
    _number("seq", primary_key=True),
    _text("id", unique=True),
    _text("table"),
    _text("key"),
    _text("task"),
    _text("trigger"),
    _text("cause"),
    _number("due"),
    _number("claimed_at"),
    _text("stage"),
    _text("action"),
    _text("parameters"),
    _number("timeout"),
    _number("attempts"),
    _number("repeatable"),
    _number("retry_wait"),
    _number("priority"),
    _text("by"),
    _number("attempt"),
    _maybe("started_at"),
    _maybe("retry_at"),
    sa.Column("outcome", Text),
    _text("reason"),
    _text("outputs"),
    _text("links"),
    _maybe("ended_at"),
    _maybe("duration"),
    _number("count"),
    _maybe("last_due"),
    sa.Column("stopping", Text, nullable=False, server_default=""),
    sa.CheckConstraint("(stage = 'ended') = (outcome IS NOT NULL)", name="one_outcome"),
    sa.Index("one_claim", "table", "key", "trigger", unique=True),
    sa.Index("occurrences_active", "seq", sqlite_where=NOT_ENDED),
    sa.Index("occurrences_failed", "seq", sqlite_where=FAILURES),
    sa.Index("occurrences_by_end", "ended_at", sqlite_where=ENDED),
    sqlite_strict=True,
)

# action: the occurrence's, repeated here so that an action's newest attempts are found at once. kind: see `Attempt`;
# boot, uptime: its `since`.
ATTEMPTS = sa.Table(
    "attempts",
    META,
    sa.Column("run", Text, sa.ForeignKey("occurrences.id", ondelete="CASCADE"), primary_key=True),
    _number("n", primary_key=True),
    _text("action"),
    _number("started_at"),
    _maybe("ended_at"),
    sa.Column("outcome", Text),
    _text("summary"),
    _maybe("duration"),
    sa.Column("folder", Text),
    sa.Column("kind", Text),
    sa.Column("boot", Text),
    _maybe("uptime"),
    sa.Index("attempts_of_action", "action", "ended_at"),
    sqlite_strict=True,
)

# id is never used twice (AUTOINCREMENT), even after pruning: it becomes the trigger of the occurrence that was asked for.
REQUESTS = sa.Table(
    "requests",
    META,
    _number("id", primary_key=True),
    _text("table"),
    _text("key"),
    _text("wish"),
    sa.Column("amount", sa.REAL, nullable=False),
    _text("by"),
    _number("asked_at"),
    _maybe("answered_at"),
    _maybe("taken"),
    _text("text"),
    sa.Index("requests_open", "id", sqlite_where=UNANSWERED),
    sa.Index("requests_by_answer", "answered_at"),
    sqlite_autoincrement=True,
    sqlite_strict=True,
)

# What a row's past adds up to; pruning never changes it. last, record: `seq` of those occurrences, which are kept as long as the
# row is. missed_until: the newest `last_due` of what missed_now counts. kept_runs, kept_idle: ended occurrences that still stand
# in full, those that were started and the others. recent: `seq` of the newest
# outcomes, newest first; what was pruned is not there any more.
TALLIES = sa.Table(
    "tallies",
    META,
    _text("table", primary_key=True),
    _text("key", primary_key=True),
    _number("runs"),
    _number("failures"),
    _number("missed"),
    _maybe("last"),
    _maybe("last_due"),
    _maybe("last_success"),
    _maybe("record"),
    _number("missed_now"),
    _maybe("missed_since"),
    _maybe("missed_until"),
    _number("kept_runs"),
    _number("kept_idle"),
    sa.Column("recent", Text, nullable=False, server_default="[]"),
    sa.Index("tallies_kept_runs", "kept_runs"),
    sa.Index("tallies_kept_idle", "kept_idle"),
    sqlite_with_rowid=False,
    sqlite_strict=True,
)

# How many occurrences of a table ended how in which hour (hours since 1970 UTC): a digest must not change by pruning either.
HOURS = sa.Table(
    "hours",
    META,
    _number("hour", primary_key=True),
    _text("table", primary_key=True),
    _text("outcome", primary_key=True),
    _number("number"),
    sqlite_with_rowid=False,
    sqlite_strict=True,
)

# Which row of one table is which of another, for `rowd sync`; `one` is the table whose name sorts first. The bases: what either
# store gave back of the row after the last sync.
PAIRS = sa.Table(
    "pairs",
    META,
    _text("one", primary_key=True),
    _text("other", primary_key=True),
    _text("key_one", primary_key=True),
    _text("key_other"),
    _text("base_one"),
    _text("base_other"),
    sa.Index("pairs_by_other", "one", "other", "key_other", unique=True),
    sqlite_with_rowid=False,
    sqlite_strict=True,
)

# What was spent of a month's budgets: by scope and day (days since 1970 UTC), looks and tells apart.
SPENT = sa.Table(
    "spent",
    META,
    _text("scope", primary_key=True),
    _number("day", primary_key=True),
    _number("looks"),
    _number("tells"),
    sqlite_with_rowid=False,
    sqlite_strict=True,
)

# Tables beside which a history is kept, and what that has yet to be told: an occurrence, by its `seq`, from its end on until the
# store has it. A record that grows is to be told anew, so it comes last again: a version is never used twice.
JOURNALS = sa.Table("journals", META, _text("table", primary_key=True), sqlite_with_rowid=False, sqlite_strict=True)
JOURNAL = sa.Table(
    "journal",
    META,
    _number("version", primary_key=True),
    _text("table"),
    sa.Column("occurrence", Integer, sa.ForeignKey("occurrences.seq", ondelete="CASCADE"), nullable=False, unique=True),
    sa.Index("journal_of_table", "table", "version"),
    sqlite_autoincrement=True,
    sqlite_strict=True,
)
