-- The ledger as version 1 made it. Never edited: it stands for the files at people's sites.
CREATE TABLE attempts (
  run TEXT NOT NULL,
  n INTEGER NOT NULL,
  action TEXT NOT NULL,
  started_at INTEGER NOT NULL,
  ended_at INTEGER,
  outcome TEXT,
  summary TEXT NOT NULL,
  duration INTEGER,
  pid INTEGER,
  pid_started INTEGER,
  folder TEXT,
  PRIMARY KEY (run, n),
  FOREIGN KEY(run) REFERENCES occurrences (id) ON DELETE CASCADE
)
 STRICT;
CREATE TABLE daemon (
  one INTEGER NOT NULL CHECK (one = 1),
  pid INTEGER NOT NULL,
  started INTEGER NOT NULL,
  host TEXT NOT NULL,
  since INTEGER NOT NULL,
  version TEXT NOT NULL,
  tables TEXT NOT NULL,
  PRIMARY KEY (one)
)
 STRICT;
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
)
 STRICT;
CREATE TABLE hours (
  hour INTEGER NOT NULL,
  "table" TEXT NOT NULL,
  outcome TEXT NOT NULL,
  number INTEGER NOT NULL,
  PRIMARY KEY (hour, "table", outcome)
)
 WITHOUT ROWID,
 STRICT;
CREATE TABLE ledger (
  id TEXT NOT NULL,
  PRIMARY KEY (id)
)
 STRICT;
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
  pid INTEGER,
  pid_started INTEGER,
  outcome TEXT,
  reason TEXT NOT NULL,
  outputs TEXT NOT NULL,
  links TEXT NOT NULL,
  ended_at INTEGER,
  duration INTEGER,
  count INTEGER NOT NULL,
  last_due INTEGER,
  PRIMARY KEY (seq),
  CONSTRAINT one_outcome CHECK ((stage = 'ended') = (outcome IS NOT NULL)),
  UNIQUE (id)
)
 STRICT;
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
  text TEXT NOT NULL
)
 STRICT;
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
  PRIMARY KEY ("table", "key")
)
 STRICT;
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
  PRIMARY KEY ("table")
)
 STRICT;
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
  PRIMARY KEY ("table", "key")
)
 WITHOUT ROWID,
 STRICT;
CREATE INDEX attempts_of_action ON attempts (action, ended_at);
CREATE INDEX edits_by_time ON edits (at);
CREATE INDEX edits_of_row ON edits ("table", "key");
CREATE INDEX occurrences_active ON occurrences (seq) WHERE stage <> 'ended';
CREATE INDEX occurrences_by_end ON occurrences (ended_at);
CREATE INDEX occurrences_failed ON occurrences (seq) WHERE outcome IN ('failed', 'timed out', 'lost');
CREATE INDEX occurrences_of_row ON occurrences ("table", "key");
CREATE INDEX occurrences_of_task ON occurrences (task);
CREATE UNIQUE INDEX one_claim ON occurrences ("table", "key", "trigger");
CREATE INDEX requests_by_answer ON requests (answered_at);
CREATE INDEX requests_open ON requests (id) WHERE answered_at IS NULL;
CREATE INDEX rows_completed ON rows ("table", "key") WHERE completed = 1;
CREATE INDEX rows_deleted ON rows (deleted_at) WHERE deleted_at IS NOT NULL;
CREATE INDEX tallies_kept_idle ON tallies (kept_idle);
CREATE INDEX tallies_kept_runs ON tallies (kept_runs);
PRAGMA application_id = 1919907684;
PRAGMA user_version = 1;
