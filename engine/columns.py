"""The columns that rowd knows, and who writes them."""

from __future__ import annotations

from enum import StrEnum


class Column(StrEnum):
    """The columns that rowd knows, by their canonical headers. Any other column is a stranger."""

    ID = "ID"
    NAME = "Name"
    TYPE = "Type"
    DESCRIPTION = "Description"
    ACTION = "Action"
    SCHEDULE = "Schedule"
    CURRENT = "Current"
    THRESHOLD = "Threshold"
    STATUS = "Status"
    DO = "Do"
    METADATA = "Metadata"
    DEPENDS_ON = "Depends On"
    ON_FAILURE = "On Failure"
    CONDITION = "Condition"
    WATCH = "Watch"
    COUNTS = "Counts"
    TIME_ZONE = "Time Zone"
    CATCH_UP = "Catch Up"
    OVERLAP = "Overlap"
    TIMEOUT = "Timeout"
    ATTEMPTS = "Attempts"
    PRIORITY = "Priority"
    JITTER = "Jitter"
    ASSIGNEE = "Assignee"
    RUNS_ON = "Runs On"
    PROJECT = "Project"
    WORKFLOW = "Workflow"
    NOTIFY = "Notify"
    DEADLINE = "Deadline"
    HEALTH = "Health"
    UNDERSTOOD_AS = "Understood As"
    NEXT_RUN = "Next Run"
    LAST_RUN = "Last Run"
    LAST_SUCCESS = "Last Success"
    LAST_STATUS = "Last Status"
    LAST_RESULT = "Last Result"
    LAST_RUNS = "Last Runs"
    DURATION = "Duration"
    RUNS = "Runs"
    FAILURES = "Failures"
    MISSED = "Missed"
    RESULT_LINK = "Result Link"


OURS = frozenset(
    {
        Column.HEALTH,
        Column.UNDERSTOOD_AS,
        Column.NEXT_RUN,
        Column.LAST_RUN,
        Column.LAST_SUCCESS,
        Column.LAST_STATUS,
        Column.LAST_RESULT,
        Column.LAST_RUNS,
        Column.DURATION,
        Column.RUNS,
        Column.FAILURES,
        Column.MISSED,
        Column.RESULT_LINK,
    }
)
"""Columns that only rowd writes: a display of the ledger."""

SHARED = frozenset({Column.ID, Column.CURRENT, Column.STATUS, Column.DO})
"""Columns that a person and rowd both write. All others, strangers included, are the person's."""

HOLDS_ON = frozenset(Column) - OURS - SHARED
"""Columns that a person writes. Where one is taken away, or called otherwise, what it last said in a row holds on."""

RESTARTS = frozenset({Column.SCHEDULE, Column.TYPE, Column.TIME_ZONE, Column.THRESHOLD, Column.RUNS_ON, Column.DEPENDS_ON})
"""A change in one of these starts the task's schedule anew: nothing from before the change runs."""
