"""The ledger's tables as they stand in the newest version. How a file gets there: `engine.ledger.migrations`.

Instants are microseconds since 1970 UTC, spans microseconds, truth values 0 and 1, mappings JSON (`engine.ledger.codec`).

SQLite uses a partial index (one with WHERE) only for a query that repeats its condition word for word, with no value bound in it.
"""

from __future__ import annotations

_SQL = """
-- id: the ledger's own.
CREATE TABLE ledger (
    id TEXT NOT NULL,
    PRIMARY KEY (id)
) STRICT;

CREATE TABLE daemon (
    one INTEGER NOT NULL CHECK (one = 1),
    pid INTEGER NOT NULL,
    started INTEGER NOT NULL,
    host TEXT NOT NULL,
    since INTEGER NOT NULL,
    version TEXT NOT NULL,
    tables TEXT NOT NULL,
    PRIMARY KEY (one)
) STRICT;

CREATE TABLE tables (
    "table" TEXT NOT NULL,
    first_read INTEGER,
    last_read INTEGER,
    columns TEXT NOT NULL,
    state TEXT NOT NULL,
    message TEXT NOT NULL,
    since INTEGER NOT NULL,
    tasks INTEGER NOT NULL,
    defects INTEGER NOT NULL,
    drafts INTEGER NOT NULL,
    time_zone TEXT DEFAULT '' NOT NULL,
    PRIMARY KEY ("table")
) STRICT;

-- completed: the Status cell says so; kept beside the cells for the pruning of finished one-offs.
CREATE TABLE rows (
    "table" TEXT NOT NULL,
    "key" TEXT NOT NULL,
    cells TEXT NOT NULL,
    first_seen INTEGER NOT NULL,
    changed_at INTEGER NOT NULL,
    since INTEGER NOT NULL,
    settled_until INTEGER NOT NULL,
    anchor INTEGER,
    count REAL NOT NULL,
    armed INTEGER NOT NULL,
    fires INTEGER NOT NULL,
    absent_since INTEGER,
    deleted_at INTEGER,
    snoozed_until INTEGER,
    handle TEXT,
    sent TEXT NOT NULL,
    stood TEXT NOT NULL,
    shown TEXT NOT NULL,
    pressed TEXT NOT NULL,
    marked INTEGER NOT NULL,
    note TEXT,
    completed INTEGER NOT NULL,
    meant TEXT DEFAULT '{}' NOT NULL,
    skip_until INTEGER,
    skip_by TEXT DEFAULT '' NOT NULL,
    round TEXT,
    promises TEXT,
    made TEXT,
    PRIMARY KEY ("table", "key")
) STRICT;
CREATE INDEX rows_completed ON rows ("table", "key") WHERE completed = 1;
CREATE INDEX rows_deleted ON rows (deleted_at) WHERE deleted_at IS NOT NULL;
CREATE INDEX rows_made ON rows ("table") WHERE made IS NOT NULL;

CREATE TABLE edits (
    id INTEGER NOT NULL,
    "table" TEXT NOT NULL,
    "key" TEXT NOT NULL,
    task TEXT NOT NULL,
    "column" TEXT NOT NULL,
    old TEXT,
    new TEXT,
    at INTEGER NOT NULL,
    "by" TEXT NOT NULL,
    PRIMARY KEY (id)
) STRICT;
CREATE INDEX edits_of_row ON edits ("table", "key");
CREATE INDEX edits_by_time ON edits (at);

-- seq: the order of claiming and recording. The columns after it stand in the order of `Occurrence`'s fields.
CREATE TABLE occurrences (
    seq INTEGER NOT NULL,
    id TEXT NOT NULL,
    "table" TEXT NOT NULL,
    "key" TEXT NOT NULL,
    task TEXT NOT NULL,
    "trigger" TEXT NOT NULL,
    cause TEXT NOT NULL,
    due INTEGER NOT NULL,
    claimed_at INTEGER NOT NULL,
    stage TEXT NOT NULL,
    action TEXT NOT NULL,
    parameters TEXT NOT NULL,
    timeout INTEGER NOT NULL,
    attempts INTEGER NOT NULL,
    repeatable INTEGER NOT NULL,
    retry_wait INTEGER NOT NULL,
    priority INTEGER NOT NULL,
    "by" TEXT NOT NULL,
    attempt INTEGER NOT NULL,
    started_at INTEGER,
    retry_at INTEGER,
    outcome TEXT,
    reason TEXT NOT NULL,
    outputs TEXT NOT NULL,
    links TEXT NOT NULL,
    ended_at INTEGER,
    duration INTEGER,
    count INTEGER NOT NULL,
    last_due INTEGER,
    stopping TEXT DEFAULT '' NOT NULL,
    event TEXT DEFAULT '{}' NOT NULL,
    approval TEXT,
    PRIMARY KEY (seq),
    CONSTRAINT one_outcome CHECK ((stage = 'ended') = (outcome IS NOT NULL)),
    UNIQUE (id)
) STRICT;
CREATE UNIQUE INDEX one_claim ON occurrences ("table", "key", "trigger");
CREATE INDEX occurrences_active ON occurrences (seq) WHERE stage <> 'ended';
CREATE INDEX occurrences_failed ON occurrences (seq) WHERE outcome IN ('failed', 'timed out', 'lost');
CREATE INDEX occurrences_by_end ON occurrences (ended_at) WHERE ended_at IS NOT NULL;

-- action: the occurrence's, repeated here so that an action's newest attempts are found at once. kind: see `Attempt`;
-- boot, uptime: its `since`.
CREATE TABLE attempts (
    run TEXT NOT NULL,
    n INTEGER NOT NULL,
    action TEXT NOT NULL,
    started_at INTEGER NOT NULL,
    ended_at INTEGER,
    outcome TEXT,
    summary TEXT NOT NULL,
    duration INTEGER,
    folder TEXT,
    kind TEXT,
    boot TEXT,
    uptime INTEGER,
    PRIMARY KEY (run, n),
    FOREIGN KEY(run) REFERENCES occurrences (id) ON DELETE CASCADE
) STRICT;
CREATE INDEX attempts_of_action ON attempts (action, ended_at);

-- id is never used twice (AUTOINCREMENT), even after pruning: it becomes the trigger of the occurrence that was asked for.
CREATE TABLE requests (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    "table" TEXT NOT NULL,
    "key" TEXT NOT NULL,
    wish TEXT NOT NULL,
    amount REAL NOT NULL,
    "by" TEXT NOT NULL,
    asked_at INTEGER NOT NULL,
    answered_at INTEGER,
    taken INTEGER,
    text TEXT NOT NULL,
    event TEXT DEFAULT '{}' NOT NULL,
    about TEXT DEFAULT '{}' NOT NULL
) STRICT;
CREATE INDEX requests_open ON requests (id) WHERE answered_at IS NULL;
CREATE INDEX requests_by_answer ON requests (answered_at);

-- What a row's past adds up to; pruning never changes it. last, record: `seq` of those occurrences, which are kept as long as the
-- row is. missed_until: the newest `last_due` of what missed_now counts. kept_runs, kept_idle: ended occurrences that still stand
-- in full, those that were started and the others. recent: `seq` of the newest outcomes, newest first; what was pruned is not
-- there any more.
CREATE TABLE tallies (
    "table" TEXT NOT NULL,
    "key" TEXT NOT NULL,
    runs INTEGER NOT NULL,
    failures INTEGER NOT NULL,
    missed INTEGER NOT NULL,
    last INTEGER,
    last_due INTEGER,
    last_success INTEGER,
    record INTEGER,
    missed_now INTEGER NOT NULL,
    missed_since INTEGER,
    missed_until INTEGER,
    kept_runs INTEGER NOT NULL,
    kept_idle INTEGER NOT NULL,
    recent TEXT DEFAULT '[]' NOT NULL,
    PRIMARY KEY ("table", "key")
) WITHOUT ROWID, STRICT;
CREATE INDEX tallies_kept_runs ON tallies (kept_runs);
CREATE INDEX tallies_kept_idle ON tallies (kept_idle);

-- How many occurrences of a table ended how in which hour (hours since 1970 UTC): a digest must not change by pruning either.
CREATE TABLE hours (
    hour INTEGER NOT NULL,
    "table" TEXT NOT NULL,
    outcome TEXT NOT NULL,
    number INTEGER NOT NULL,
    PRIMARY KEY (hour, "table", outcome)
) WITHOUT ROWID, STRICT;

-- Which row of one table is which of another, for `rowd sync`; `one` is the table whose name sorts first. The bases: what either
-- store gave back of the row after the last sync.
CREATE TABLE pairs (
    one TEXT NOT NULL,
    other TEXT NOT NULL,
    key_one TEXT NOT NULL,
    key_other TEXT NOT NULL,
    base_one TEXT NOT NULL,
    base_other TEXT NOT NULL,
    PRIMARY KEY (one, other, key_one)
) WITHOUT ROWID, STRICT;
CREATE UNIQUE INDEX pairs_by_other ON pairs (one, other, key_other);

-- What was spent of a month's budgets: by scope and day (days since 1970 UTC), looks and tells apart.
CREATE TABLE spent (
    scope TEXT NOT NULL,
    day INTEGER NOT NULL,
    looks INTEGER NOT NULL,
    tells INTEGER NOT NULL,
    PRIMARY KEY (scope, day)
) WITHOUT ROWID, STRICT;

-- Watched sources, as they were seen last. definition: a mark of what `rowd.toml` says of one: only states under the same compare.
-- changed_at, summary: of what was last seen to have happened.   trouble: why it can't be looked at, "" where it can; since when.
CREATE TABLE watches (
    name TEXT NOT NULL,
    definition TEXT NOT NULL,
    state TEXT,
    seen_at INTEGER,
    changed_at INTEGER,
    summary TEXT NOT NULL,
    trouble TEXT NOT NULL,
    since INTEGER NOT NULL,
    PRIMARY KEY (name)
) STRICT;

-- What was emitted at sources, until it is taken up. event: its values.
CREATE TABLE emitted (
    n INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    source TEXT NOT NULL,
    summary TEXT NOT NULL,
    number INTEGER NOT NULL,
    event TEXT NOT NULL,
    at INTEGER NOT NULL
) STRICT;

-- By which ids it is known again, the newest of each source.
CREATE TABLE emitted_ids (
    n INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    source TEXT NOT NULL,
    id TEXT NOT NULL,
    UNIQUE (source, id)
) STRICT;

-- What has ended, in the order in which that became durable. run: an occurrence's id, which pruning may have taken away since.
-- number: of a record that grew, what came to it.   through: the sources of outcomes that brought it about, a line each.
CREATE TABLE ends (
    n INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    run TEXT NOT NULL,
    number INTEGER NOT NULL,
    through TEXT NOT NULL
) STRICT;

-- What was done to rows of tables, in the order in which that became durable. change, column, old, new: see `Alteration`.
CREATE TABLE alterations (
    n INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    "table" TEXT NOT NULL,
    "row" TEXT NOT NULL,
    id TEXT NOT NULL,
    "change" TEXT NOT NULL,
    "column" TEXT NOT NULL,
    old TEXT NOT NULL,
    new TEXT NOT NULL
) STRICT;

-- Facts of the world outside, as they were told last. definition: a mark of what `rowd.toml` says of one.   value: as JSON.
-- trouble: why it could not be asked, "" where it was told; since when it stands so.
CREATE TABLE facts (
    name TEXT NOT NULL,
    definition TEXT NOT NULL,
    value TEXT NOT NULL,
    trouble TEXT NOT NULL,
    asked_at INTEGER NOT NULL,
    told_at INTEGER NOT NULL,
    since INTEGER NOT NULL,
    PRIMARY KEY (name)
) STRICT;

-- Rounds of workflows that have ended. number: from 1; 0 is what was there when the workflow was first seen, at `since`.
-- outcome: NULL of number 0.   taken: key of a row → the id of its run, as JSON.
CREATE TABLE workflows (
    "table" TEXT NOT NULL,
    name TEXT NOT NULL,
    number INTEGER NOT NULL,
    since INTEGER NOT NULL,
    began_at INTEGER NOT NULL,
    ended_at INTEGER NOT NULL,
    outcome TEXT,
    reason TEXT NOT NULL,
    taken TEXT NOT NULL,
    PRIMARY KEY ("table", name, number)
) WITHOUT ROWID, STRICT;

-- Rows that runs are about to make, until the daemon has seen them. key: NULL where the table gives it and has yet to tell.
CREATE TABLE announced (
    n INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    "table" TEXT NOT NULL,
    "key" TEXT,
    name TEXT NOT NULL,
    made TEXT NOT NULL,
    at INTEGER NOT NULL
) STRICT;

-- Tables beside which a history is kept, and what that has yet to be told: an occurrence, by its `seq`, from its end on until the
-- store has it. A record that grows is to be told anew, so it comes last again: a version is never used twice.
CREATE TABLE journals (
    "table" TEXT NOT NULL,
    PRIMARY KEY ("table")
) WITHOUT ROWID, STRICT;
CREATE TABLE journal (
    version INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    "table" TEXT NOT NULL,
    occurrence INTEGER NOT NULL,
    UNIQUE (occurrence),
    FOREIGN KEY(occurrence) REFERENCES occurrences (seq) ON DELETE CASCADE
) STRICT;
CREATE INDEX journal_of_table ON journal ("table", version);

-- What is wrong, of which channels were, or are to be, told. table, key: "" of what is no table's, or no row's.
-- channels: their names, as JSON.
CREATE TABLE problems (
    "table" TEXT NOT NULL,
    "key" TEXT NOT NULL,
    matter TEXT NOT NULL,
    name TEXT NOT NULL,
    since INTEGER NOT NULL,
    why TEXT NOT NULL,
    channels TEXT NOT NULL,
    PRIMARY KEY ("table", "key", matter)
) WITHOUT ROWID, STRICT;

-- What channels have yet to be told: that a problem has begun, or that it is over. over: how; "" where it has begun.
CREATE TABLE notices (
    n INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    channel TEXT NOT NULL,
    at INTEGER NOT NULL,
    "table" TEXT NOT NULL,
    "key" TEXT NOT NULL,
    matter TEXT NOT NULL,
    name TEXT NOT NULL,
    since INTEGER NOT NULL,
    why TEXT NOT NULL,
    over TEXT NOT NULL
) STRICT;
CREATE INDEX notices_of_channel ON notices (channel, n);

-- How channels stand. sent: when messages were sent within the last hour, as JSON.
-- trouble: why nothing can be sent, "" where it can; since when it stands so. digested: up to when it was told what all came to.
CREATE TABLE channels (
    name TEXT NOT NULL,
    sent TEXT NOT NULL,
    trouble TEXT NOT NULL,
    since INTEGER NOT NULL,
    digested INTEGER,
    PRIMARY KEY (name)
) STRICT;

-- How endpoints stand. url: a mark of where it is.   ended, altered: what of `ends` and `alterations` was gone by, by number.
-- trouble: why nothing is taken there, "" where it is; since when it stands so.   gone_at: it said that it is gone for good.
-- dropped: so much was never put down for it, since too much waited.
CREATE TABLE endpoints (
    name TEXT NOT NULL,
    url TEXT NOT NULL,
    ended INTEGER NOT NULL,
    altered INTEGER NOT NULL,
    taken INTEGER NOT NULL,
    taken_at INTEGER,
    trouble TEXT NOT NULL,
    since INTEGER NOT NULL,
    gone_at INTEGER,
    dropped INTEGER NOT NULL,
    PRIMARY KEY (name)
) STRICT;

-- What endpoints have yet to be told, and what they could not be told. type, about: what it is of.   body: as it is sent.
-- due_at: when it is to be tried next.   expires_at: what fails from then on is given up.   dead_at: NULL while it waits.
CREATE TABLE dispatches (
    n INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL,
    endpoint TEXT NOT NULL,
    type TEXT NOT NULL,
    about TEXT NOT NULL,
    body TEXT NOT NULL,
    at INTEGER NOT NULL,
    attempts INTEGER NOT NULL,
    due_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    dead_at INTEGER,
    why TEXT NOT NULL,
    UNIQUE (id)
) STRICT;
CREATE INDEX dispatches_waiting ON dispatches (endpoint, due_at, n) WHERE dead_at IS NULL;
CREATE INDEX dispatches_dead ON dispatches (endpoint, n) WHERE dead_at IS NOT NULL;

-- The audit trail: see `engine.trail.Record`. How many deeds were ever put down, SQLite itself counts (AUTOINCREMENT): so it shows
-- where the newest are gone.
CREATE TABLE trail (
    n INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    at INTEGER NOT NULL,
    deeds TEXT NOT NULL,
    "before" TEXT NOT NULL,
    seal TEXT NOT NULL
) STRICT;
"""

SCHEMA = tuple(statement for statement in _SQL.split(";\n") if statement.strip())
"""One statement each: SQLite's own module would commit before it runs a script of them."""
