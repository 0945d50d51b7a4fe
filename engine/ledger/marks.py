"""What `rowd status` shows without asking the daemon: how each table stands, and who the daemon is."""

from __future__ import annotations

import json

from actions.api import Process
from engine.ledger.codec import instant, instant_or_none, micros, micros_or_none, packed, prose
from engine.ledger.records import DaemonMark, Reach, TableMark
from engine.ledger.statements import insert, upsert, with_columns
from engine.ledger.store import Store


class Marks(Store):
    """Marks of the tables and of the daemon."""

    def table_mark(self, table: str) -> TableMark | None:
        """How the table stood when last looked at; None before the first look."""
        rows = self._rows(_TABLE_MARK, {"table": table})
        if not rows:
            return None
        _, first_read, last_read, columns, state, message, since, tasks, defects, drafts, time_zone = rows[0]
        return TableMark(
            table=table,
            state=Reach(state),
            since=instant(since),
            message=message,
            first_read=instant_or_none(first_read),
            last_read=instant_or_none(last_read),
            columns=tuple(json.loads(columns)),
            tasks=tasks,
            defects=defects,
            drafts=drafts,
            time_zone=time_zone,
        )

    def mark_table(self, mark: TableMark) -> None:
        """Put the mark in the place of the table's last one."""
        self._write(
            _MARK_TABLE,
            {
                "table": mark.table,
                "first_read": micros_or_none(mark.first_read),
                "last_read": micros_or_none(mark.last_read),
                "columns": packed(mark.columns),
                "state": Reach(mark.state).value,
                "message": prose(mark.message),
                "since": micros(mark.since),
                "tasks": mark.tasks,
                "defects": mark.defects,
                "drafts": mark.drafts,
                "time_zone": prose(mark.time_zone),
            },
        )

    def daemon(self) -> DaemonMark | None:
        """Who owns this ledger, or did until it was killed; None after a clean end. Whether it lives, its process tells."""
        rows = self._rows(_DAEMON)
        if not rows:
            return None
        pid, started, host, since, version, tables = rows[0]
        return DaemonMark(Process(pid, started), host, instant(since), version, tuple(json.loads(tables)))

    def mark_daemon(self, mark: DaemonMark | None) -> None:
        """Say who the daemon is; None at its end."""
        self._write(_FORGET_DAEMON)
        if mark is not None:
            self._write(
                _MARK_DAEMON,
                {
                    "one": 1,
                    "pid": mark.process.pid,
                    "started": mark.process.started,
                    "host": mark.host,
                    "since": micros(mark.since),
                    "version": mark.version,
                    "tables": packed(mark.tables),
                },
            )


_TABLE_COLUMNS = (
    *("table", "first_read", "last_read", "columns", "state", "message", "since"),
    *("tasks", "defects", "drafts", "time_zone"),
)
_TABLE_MARK = with_columns('SELECT {tables} FROM tables WHERE "table" = :table', tables=_TABLE_COLUMNS)
_MARK_TABLE = upsert("tables", _TABLE_COLUMNS, ("table",))

_DAEMON_COLUMNS = ("pid", "started", "host", "since", "version", "tables")
_DAEMON = with_columns("SELECT {daemon} FROM daemon", daemon=_DAEMON_COLUMNS)
_FORGET_DAEMON = "DELETE FROM daemon"
_MARK_DAEMON = insert("daemon", ("one", *_DAEMON_COLUMNS))
